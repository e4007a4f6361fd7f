//! The reference manager beside a model: random histories of connections, messages, stalls, failures and shutdowns. After
//! each step every peer must have got exactly what the model says, in that order, and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ssot::manager::memory::{Event, MemorySocket, Mode};
use ssot::manager::{Broadcast, ConnectionId, Limits, Manager, Message, Overflow, UnifiedWebSocketManager};

/// How many histories are tried.
const HISTORIES: u32 = 10_000;
/// Messages that may wait for one connection.
const QUEUE: usize = 3;
/// How long a write may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// Names that a careless comparison mixes up.
const USERS: [&str; 4] = ["u1", "u10", "U1", "u\u{301}"];
const THREADS: [&str; 3] = ["t", "t ", "run"];
const RUNS: [&str; 2] = ["run", "other"];

/// Something that happens.
#[derive(Debug, Clone)]
enum Step {
    Connect(usize, Option<usize>),
    /// The socket of an earlier connection, again.
    Again(usize, usize, Option<usize>),
    Disconnect(usize, usize),
    ToUser(usize),
    ToThread(usize),
    ToConnection(usize),
    ToAllBut(usize),
    Update(usize),
    Bind(usize, usize),
    Behave(usize, Mode),
    Gone(usize),
    Wait(u64),
    Shutdown,
}

fn step() -> impl Strategy<Value = Step> {
    let user = 0..USERS.len();
    let socket = 0..12_usize;
    let thread = proptest::option::of(0..THREADS.len());
    let mode = prop_oneof![3 => Just(Mode::Ok), 3 => Just(Mode::Hang), 1 => Just(Mode::Fail), 1 => Just(Mode::Closed)];
    prop_oneof![
        6 => (user.clone(), thread.clone()).prop_map(|(user, thread)| Step::Connect(user, thread)),
        1 => (socket.clone(), user.clone(), thread).prop_map(|(socket, user, thread)| Step::Again(socket, user, thread)),
        2 => (socket.clone(), user.clone()).prop_map(|(socket, user)| Step::Disconnect(socket, user)),
        8 => user.clone().prop_map(Step::ToUser),
        6 => (0..THREADS.len()).prop_map(Step::ToThread),
        3 => socket.clone().prop_map(Step::ToConnection),
        3 => user.prop_map(Step::ToAllBut),
        2 => (0..RUNS.len()).prop_map(Step::Update),
        1 => (0..RUNS.len(), 0..THREADS.len()).prop_map(|(run, thread)| Step::Bind(run, thread)),
        4 => (socket.clone(), mode).prop_map(|(socket, mode)| Step::Behave(socket, mode)),
        1 => socket.prop_map(Step::Gone),
        2 => (1..4_u64).prop_map(Step::Wait),
        1 => Just(Step::Shutdown),
    ]
}

/// What a connection is to the model.
struct Peer {
    user: usize,
    thread: Option<usize>,
    socket: Arc<MemorySocket>,
    id: ConnectionId,
    mode: Mode,
    /// Whether it may get messages.
    is_live: bool,
    /// Whether its task goes on.
    is_writing: bool,
    /// What is being written, and when that is given up.
    in_flight: Option<(String, Duration)>,
    waiting: Vec<String>,
    /// The code with which it will close.
    ending: Option<u16>,
    events: Vec<Event>,
}

struct Model {
    overflow: Overflow,
    now: Duration,
    peers: Vec<Peer>,
    bound: BTreeMap<usize, usize>,
    queued: u64,
    lost: u64,
    dropped: u64,
}

impl Peer {
    /// Everything that its task can do now.
    fn work(&mut self, now: Duration, lost: &mut u64) {
        while self.is_writing {
            if self.in_flight.is_none() && !self.waiting.is_empty() {
                self.in_flight = Some((self.waiting.remove(0), now + DEADLINE));
            }
            match (&self.in_flight, self.mode) {
                (Some((text, _)), Mode::Ok) => {
                    self.events.push(Event::Text(text.clone()));
                    self.in_flight = None;
                }
                (Some((_, until)), Mode::Hang) if now < *until => return,
                (Some(_), Mode::Hang | Mode::Fail | Mode::Closed) => {
                    *lost += 1 + self.waiting.len() as u64;
                    self.finish(Event::Abort);
                }
                (None, _) => match self.ending {
                    Some(code) => self.finish(Event::Close(code)),
                    None => return,
                },
            }
        }
    }

    fn finish(&mut self, event: Event) {
        self.events.push(event);
        self.in_flight = None;
        self.waiting.clear();
        self.mode = Mode::Closed;
        (self.is_live, self.is_writing) = (false, false);
    }

    /// Ends at once: what waits is lost.
    fn cut(&mut self, code: u16, lost: &mut u64) {
        *lost += self.waiting.len() as u64 + u64::from(self.in_flight.is_some());
        self.is_live = false;
        self.finish(Event::Close(self.ending.unwrap_or(code)));
    }
}

impl Model {
    /// What a message for some peers does; how many it was queued for, and how many not.
    fn send(&mut self, text: &str, meant: impl Fn(&Peer) -> bool) -> Broadcast {
        let mut outcome = Broadcast::default();
        for peer in self.peers.iter_mut().filter(|peer| peer.is_live && meant(peer)) {
            let mut is_queued = true;
            if peer.waiting.len() >= QUEUE {
                match self.overflow {
                    Overflow::Close => {
                        peer.cut(1013, &mut self.lost);
                        is_queued = false;
                    }
                    Overflow::DropNewest => is_queued = false,
                    Overflow::DropOldest => {
                        peer.waiting.remove(0);
                        self.dropped += 1;
                    }
                }
            }
            if is_queued {
                peer.waiting.push(text.to_owned());
                self.queued += 1;
                outcome.queued += 1;
            } else {
                outcome.failed += 1;
            }
        }
        outcome
    }

    fn work(&mut self) {
        for peer in &mut self.peers {
            peer.work(self.now, &mut self.lost);
        }
    }
}

/// Lets every task do what it can do now.
async fn settle() {
    for _ in 0..30 {
        tokio::task::yield_now().await;
    }
}

async fn run(steps: Vec<Step>, overflow: Overflow) -> Result<(), TestCaseError> {
    let limits = Limits {
        queue_messages: QUEUE,
        overflow,
        write_deadline: DEADLINE,
        ping_interval: Duration::ZERO,
        ..Limits::default()
    };
    let manager = Manager::new(limits);
    let mut model = Model {
        overflow,
        now: Duration::ZERO,
        peers: Vec::new(),
        bound: BTreeMap::new(),
        queued: 0,
        lost: 0,
        dropped: 0,
    };
    for (number, step) in steps.into_iter().enumerate() {
        let text = number.to_string();
        let message = Message::Int(number as i64);
        let told = format!("step {number}: {step:?}");
        match step {
            Step::Connect(user, thread) => {
                let socket = MemorySocket::new(Mode::Ok);
                let taken =
                    manager.connect_user(USERS[user], socket.clone(), thread.map(|at| THREADS[at])).await;
                let id = taken.map_err(|error| TestCaseError::fail(format!("{error} at {told}")))?;
                model.peers.push(Peer {
                    user,
                    thread,
                    socket,
                    id,
                    mode: Mode::Ok,
                    is_live: true,
                    is_writing: true,
                    in_flight: None,
                    waiting: Vec::new(),
                    ending: None,
                    events: Vec::new(),
                });
            }
            Step::Again(at, user, thread) => {
                // A socket whose connection has ended would be another connection: that is `Connect`.
                let Some(peer) = model.peers.get_mut(at).filter(|peer| peer.is_live) else { continue };
                let taken = manager
                    .connect_user(USERS[user], peer.socket.clone(), thread.map(|at| THREADS[at]))
                    .await;
                let is_own = user == peer.user;
                prop_assert_eq!(taken.ok(), is_own.then(|| peer.id.clone()), "{}", told);
                if is_own {
                    peer.thread = thread;
                }
            }
            Step::Disconnect(at, user) => {
                let Some(peer) = model.peers.get_mut(at) else { continue };
                manager.disconnect_user(USERS[user], peer.socket.clone()).await;
                if user == peer.user && peer.is_live {
                    peer.is_live = false;
                    peer.ending.get_or_insert(1000);
                }
            }
            Step::ToUser(user) => {
                let seen = manager.send_to_user(USERS[user], &message).await;
                let wanted = model.send(&text, |peer| peer.user == user);
                prop_assert_eq!(seen, wanted.queued > 0, "{}", told);
            }
            Step::ToThread(thread) => {
                let seen = manager.send_to_thread(THREADS[thread], &message).await;
                let wanted = model.send(&text, |peer| peer.thread == Some(thread));
                prop_assert_eq!(seen, wanted.queued > 0, "{}", told);
            }
            Step::ToConnection(at) => {
                let Some(id) = model.peers.get(at).map(|peer| peer.id.clone()) else { continue };
                let seen = manager.send_to_connection(&id, &message).await;
                prop_assert_eq!(seen, model.send(&text, |peer| peer.id == id).queued > 0, "{}", told);
            }
            Step::ToAllBut(user) => {
                let seen = manager.broadcast(&message, &[USERS[user]]);
                prop_assert_eq!(seen, model.send(&text, |peer| peer.user != user), "{}", told);
            }
            Step::Update(run) => {
                manager.send_agent_update(RUNS[run], "a", &message).await;
                let update = format!(
                    r#"{{"type":"agent_update","run_id":"{}","agent_name":"a","payload":{text}}}"#,
                    RUNS[run]
                );
                let own = THREADS.iter().position(|thread| *thread == RUNS[run]);
                let thread = model.bound.get(&run).copied().or(own);
                model.send(&update, |peer| thread.is_some() && peer.thread == thread);
            }
            Step::Bind(run, thread) => {
                manager.bind_run(RUNS[run], THREADS[thread]);
                model.bound.insert(run, thread);
            }
            Step::Behave(at, mode) => {
                let Some(peer) = model.peers.get_mut(at).filter(|peer| peer.is_writing) else { continue };
                peer.socket.set_mode(mode);
                peer.mode = mode;
            }
            Step::Gone(at) => {
                let Some(peer) = model.peers.get_mut(at) else { continue };
                manager.record_gone(&peer.id);
                if peer.is_live {
                    peer.cut(1000, &mut model.lost);
                }
            }
            Step::Wait(seconds) => {
                tokio::time::advance(Duration::from_secs(seconds)).await;
                model.now += Duration::from_secs(seconds);
            }
            Step::Shutdown => {
                manager.shutdown(Duration::ZERO).await;
                // The history ends here. Whoever can take everything at once may still have got it.
                for peer in model.peers.iter_mut().filter(|peer| peer.is_writing) {
                    peer.is_live = false;
                    peer.ending.get_or_insert(1001);
                    peer.work(model.now, &mut model.lost);
                }
                settle().await;
                return check_after_shutdown(&manager, &model, &told).await;
            }
        }
        settle().await;
        model.work();
        check(&manager, &model, &told)?;
    }
    Ok(())
}

fn check(manager: &Manager, model: &Model, told: &str) -> Result<(), TestCaseError> {
    for (at, peer) in model.peers.iter().enumerate() {
        prop_assert_eq!(peer.socket.events(), &peer.events[..], "peer {} after {}", at, told);
    }
    for (at, user) in USERS.iter().enumerate() {
        let live = model.peers.iter().filter(|peer| peer.is_live && peer.user == at);
        let live: Vec<ConnectionId> = live.map(|peer| peer.id.clone()).collect();
        prop_assert_eq!(manager.find_user_connections(user), live, "{}", told);
    }
    let stats = manager.stats();
    let live = model.peers.iter().filter(|peer| peer.is_live);
    let threads: std::collections::BTreeSet<usize> = live.clone().filter_map(|peer| peer.thread).collect();
    let waiting: usize = live.clone().map(|peer| peer.waiting.len()).sum();
    prop_assert_eq!(
        (stats.active_connections, stats.active_threads, stats.queued_messages),
        (live.count(), threads.len(), waiting),
        "{}",
        told
    );
    prop_assert_eq!(
        (stats.messages_queued, stats.messages_lost, stats.messages_dropped_oldest),
        (model.queued, model.lost, model.dropped),
        "{}",
        told
    );
    Ok(())
}

/// Nobody got anything but what was meant for it, in order; what a peer could not take is cut off at the end.
async fn check_after_shutdown(manager: &Manager, model: &Model, told: &str) -> Result<(), TestCaseError> {
    for (at, peer) in model.peers.iter().enumerate() {
        let texts: Vec<String> = peer
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Text(text) => Some(text.clone()),
                Event::Ping(_) | Event::Close(_) | Event::Abort => None,
            })
            .collect();
        prop_assert!(texts.starts_with(&peer.socket.texts()), "peer {at} after {told}");
    }
    let refused = manager.connect_user(USERS[0], MemorySocket::new(Mode::Ok), None).await;
    prop_assert!(refused.is_err(), "{told}");
    let stats = manager.stats();
    prop_assert_eq!(
        (stats.active_connections, stats.active_users, stats.state),
        (0, 0, "closed"),
        "{}",
        told
    );
    prop_assert!(stats.messages_queued >= stats.messages_sent + stats.messages_dropped_oldest, "{told}");
    Ok(())
}

#[test]
fn ten_thousand_random_histories_go_as_the_model_says() {
    let config = Config { cases: HISTORIES, failure_persistence: None, ..Config::default() };
    let overflow = prop_oneof![Just(Overflow::Close), Just(Overflow::DropOldest), Just(Overflow::DropNewest)];
    let histories = (proptest::collection::vec(step(), 1..40), overflow);
    let outcome = TestRunner::new(config).run(&histories, |(steps, overflow)| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(run(steps, overflow))
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
