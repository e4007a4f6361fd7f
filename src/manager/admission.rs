//! How a socket becomes a connection: whether there is room, and which session it goes on with.

use std::sync::Arc;
use std::time::Duration;

use tungstenite::Utf8Bytes;

use super::connection::{Connection, REPLACED, RESUMED};
use super::core::{Core, Phase};
use super::limits::WhenFull;
use super::message::Message;
use super::outbox::Outbox;
use super::protocol::{ConnectionId, Refused};
use super::registry::{Group, Registry};
use super::session::{Lost, Resumption, Session};
use super::socket::{Socket, identity};
use super::stats::add;

/// Takes a socket as a connection of a user.
pub(super) fn connect(
    core: &Arc<Core>,
    user_id: &str,
    websocket: Arc<dyn Socket>,
    thread_id: Option<&str>,
    resumption: Option<Resumption<'_>>,
) -> Result<ConnectionId, Refused> {
    let mut registry = core.registry_mut();
    if let Some(Resumption::Of { token, .. }) = resumption {
        take_over(core, &mut registry, user_id, token);
    }
    if let Some(known) = make_room(core, &mut registry, user_id, &websocket)? {
        registry.look_at(&known, thread_id);
        return Ok(known.id.clone());
    }
    let (number, id) = core.next_id();
    let user: Arc<str> = user_id.into();
    let Opening { session, ahead, thread } = match resumption {
        Some(resumption) => open_session(core, &mut registry, &user, resumption),
        None => Opening::default(),
    };
    let thread = thread_id.map(Arc::from).or(thread);
    let outbox = Outbox::new(session, ahead);
    let connection = Arc::new(Connection::new(number, id.clone(), user, websocket, outbox));
    registry.add(&connection, thread);
    drop(registry);
    add(&core.counters.connections_opened, 1);
    core.start(connection);
    Ok(id)
}

/// Sees to it that a user may have one more connection; the one that the socket already is, if it is one.
fn make_room(
    core: &Core,
    registry: &mut Registry,
    user_id: &str,
    websocket: &Arc<dyn Socket>,
) -> Result<Option<Arc<Connection>>, Refused> {
    let refuse = |why: Refused| {
        add(&core.counters.connections_refused, 1);
        Err(why)
    };
    if *core.phase.borrow() != Phase::Open {
        return refuse(Refused::ShuttingDown);
    }
    if let Some(known) = registry.by_socket(identity(websocket)).cloned() {
        if &*known.user != user_id {
            return refuse(Refused::SocketInUse);
        }
        return Ok(Some(known));
    }
    let limit = core.limits.connections_per_user;
    let held = registry.live().of_user(user_id);
    if held.map_or(0, Group::len) < limit {
        return Ok(None);
    }
    let oldest = held.and_then(Group::first_key_value).map(|(_, oldest)| oldest.clone());
    match (core.limits.when_full, oldest) {
        (WhenFull::ReplaceOldest, Some(oldest)) => {
            registry.remove(&oldest);
            core.closed(&oldest);
            add(&core.counters.connections_replaced, 1);
            core.drop_rest(&oldest, REPLACED);
            Ok(None)
        }
        (WhenFull::ReplaceOldest, None) | (WhenFull::Refuse, _) => {
            refuse(Refused::TooManyConnections { limit })
        }
    }
}

/// What a connection begins with.
#[derive(Default)]
struct Opening {
    session: Option<Arc<Session>>,
    /// What is written before anything else.
    ahead: Vec<Utf8Bytes>,
    /// The thread that the session looked at.
    thread: Option<Arc<str>>,
}

/// Finds the session that goes on, or begins one, and says which.
fn open_session(
    core: &Core,
    registry: &mut Registry,
    user: &Arc<str>,
    resumption: Resumption<'_>,
) -> Opening {
    let refusal = |reason: &str| {
        Greeting { token: None, is_resumed: false, reason: Some(reason), sequence: 0, window: None }.encode()
    };
    let Some(limits) = &core.limits.resume else {
        return Opening { ahead: refusal("sessions are not kept here"), ..Opening::default() };
    };
    let window = Some(limits.window);
    let lost = match resumption {
        Resumption::New => None,
        Resumption::Of { token, sequence } => match go_on(registry, user, token, sequence) {
            Ok((session, missed, thread)) => {
                add(&core.counters.sessions_resumed, 1);
                let token = Some(&*session.token);
                let greeting = Greeting { token, is_resumed: true, reason: None, sequence, window };
                let mut ahead = greeting.encode();
                ahead.extend(missed);
                return Opening { session: Some(session), ahead, thread };
            }
            Err(lost) => {
                add(&core.counters.sessions_refused, 1);
                Some(lost.to_string())
            }
        },
    };
    match Session::new(user, limits) {
        Ok(session) => {
            let (token, reason) = (Some(&*session.token), lost.as_deref());
            let ahead = Greeting { token, is_resumed: false, reason, sequence: 0, window }.encode();
            Opening { session: Some(Arc::new(session)), ahead, thread: None }
        }
        Err(error) => Opening { ahead: refusal(&error.to_string()), ..Opening::default() },
    }
}

/// A session of this user, what was missed of it, and the thread that it looked at.
type GoingOn = (Arc<Session>, Vec<Utf8Bytes>, Option<Arc<str>>);

/// Ends the connection that a session still has: its client is back before anybody noticed that it was gone. What waits is kept.
fn take_over(core: &Arc<Core>, registry: &mut Registry, user: &str, token: &str) {
    let number = registry.number_of(token);
    let live = number.and_then(|number| registry.by_number(number)).cloned();
    if let Some(connection) = live.filter(|connection| &*connection.user == user) {
        core.drop_rest(&connection, RESUMED);
        registry.remove(&connection);
        core.closed(&connection);
        // It may not go on after all.
        core.forget_later(connection.number);
    }
}

/// Takes a session out that waits for its client. What cannot go on is not taken out: its user may have another guess.
fn go_on(registry: &mut Registry, user: &str, token: &str, sequence: u64) -> Result<GoingOn, Lost> {
    let number = registry.number_of(token).ok_or(Lost::Unknown)?;
    let session = registry.away().all().get(&number).filter(|session| &*session.user == user);
    let missed = session.ok_or(Lost::Unknown)?.since(sequence)?;
    let (session, thread) = registry.take_away(number).ok_or(Lost::Unknown)?;
    Ok((session, missed, thread))
}

/// What a client is told of its session.
struct Greeting<'a> {
    /// How it is known later; none where none is kept.
    token: Option<&'a str>,
    is_resumed: bool,
    /// Why the one that was asked for does not go on.
    reason: Option<&'a str>,
    /// The number of the last message that the client has.
    sequence: u64,
    window: Option<Duration>,
}

impl Greeting<'_> {
    fn encode(&self) -> Vec<Utf8Bytes> {
        let text = |text: Option<&str>| text.map_or(Message::Null, Message::text);
        let window = self.window.map_or(Message::Null, |window| Message::Float(window.as_secs_f64()));
        let greeting = Message::map([
            ("type", Message::text("session")),
            ("resumed", Message::Bool(self.is_resumed)),
            ("token", text(self.token)),
            ("sequence", Message::Unsigned(self.sequence)),
            ("window_seconds", window),
            ("reason", text(self.reason)),
        ]);
        // Short texts and numbers: it can be sent.
        greeting.encode(usize::MAX).into_iter().collect()
    }
}
