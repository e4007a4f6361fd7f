//! Between the lines and the reference manager: what a broken one would do instead.

use crate::conformance::lines::{Call, Event, Outcome, Request};

/// What is wrong with a manager; as it stands, nothing.
pub trait Defect: Send {
    /// What is done instead of a request. Replies to requests with the id 0 go nowhere.
    fn request(&mut self, request: Request) -> Vec<Request> {
        vec![request]
    }

    /// What happens instead.
    fn event(&mut self, event: Event) -> Vec<Event> {
        vec![event]
    }

    /// What is answered instead; none where the call never ends.
    fn outcome(&mut self, call: &Call, outcome: Outcome) -> Option<Outcome> {
        let _ = call;
        Some(outcome)
    }
}

/// No defect.
pub struct Sound;

impl Defect for Sound {}
