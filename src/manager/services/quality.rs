//! Quality updates and alerts to those who subscribed to them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::manager::message::Message;
use crate::manager::protocol::UnifiedWebSocketManager;

/// Gives the score of a run.
pub type Scorer = Box<dyn Fn(&str) -> Message + Send + Sync>;

/// Who wants to hear of quality, and telling them.
pub struct QualityUpdates<M> {
    manager: Arc<M>,
    score_of: Scorer,
    subscribers: Mutex<BTreeSet<String>>,
}

impl<M: UnifiedWebSocketManager> QualityUpdates<M> {
    /// Without subscribers.
    #[must_use]
    pub fn new(manager: Arc<M>, score_of: Scorer) -> Self {
        Self { manager, score_of, subscribers: Mutex::default() }
    }

    /// Does what a client asks for by the `type` of its message: `quality_subscribe`, `quality_unsubscribe`, or
    /// `quality_score` with the run in its `payload`. Anything else is answered by an error.
    pub async fn handle_message(&self, user_id: &str, message: &Message) {
        match message.get("type").and_then(Message::as_text) {
            Some("quality_subscribe") => {
                self.with_subscribers(|subscribers| subscribers.insert(user_id.to_owned()));
            }
            Some("quality_unsubscribe") => {
                self.with_subscribers(|subscribers| subscribers.remove(user_id));
            }
            Some("quality_score") => {
                let run = message.get("payload").and_then(|payload| payload.get("run_id"));
                let run = run.and_then(Message::as_text).unwrap_or_default();
                let score = (self.score_of)(run);
                let update = Message::map([("run_id", Message::text(run)), ("score", score)]);
                self.broadcast_quality_update(&update).await;
            }
            Some(_) | None => {
                let payload = Message::map([("error", Message::text("unknown quality request"))]);
                self.manager.send_to_user(user_id, &told("error", payload)).await;
            }
        }
    }

    /// Tells every subscriber of new scores.
    pub async fn broadcast_quality_update(&self, update: &Message) {
        self.tell("quality_update", update).await;
    }

    /// Tells every subscriber that quality dropped.
    pub async fn broadcast_quality_alert(&self, alert: &Message) {
        self.tell("quality_alert", alert).await;
    }

    async fn tell(&self, kind: &str, payload: &Message) {
        let message = told(kind, payload.clone());
        let subscribers = self.with_subscribers(|subscribers| subscribers.clone());
        for user in subscribers {
            self.manager.send_to_user(&user, &message).await;
        }
    }

    fn with_subscribers<T>(&self, act: impl FnOnce(&mut BTreeSet<String>) -> T) -> T {
        act(&mut self.subscribers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn told(kind: &str, payload: Message) -> Message {
    Message::map([("type", Message::text(kind)), ("payload", payload)])
}
