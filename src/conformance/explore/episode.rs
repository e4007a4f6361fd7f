//! Operations, done to a candidate and to the model at once.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Operation;
use super::model::{Model, Returns};
use crate::conformance::candidate::Candidate;
use crate::conformance::lines::{Call, Level, Limits, Mode, Outcome};
use crate::conformance::session::{Session, Ticket};
use crate::conformance::verdict::{Failure, HistoryLine, Stop};
use crate::conformance::world::{Judged, Peer, World, ensure};

/// A candidate that is explored. A driver that breaks is started anew.
pub(super) struct Bench<'c> {
    candidate: &'c Candidate,
    patience: f64,
    session: Option<Session>,
    history: Vec<HistoryLine>,
}

impl<'c> Bench<'c> {
    pub(super) fn new(candidate: &'c Candidate, patience: f64) -> Result<Self, String> {
        let mut bench = Self { candidate, patience, session: None, history: Vec::new() };
        let session = bench.open()?;
        if session.hello.level != Level::L1 {
            return Err("only virtual sockets (L1) can be explored".to_owned());
        }
        let lacks: Vec<&str> = ["connect_user", "disconnect_user", "send_to_user", "send_to_thread"]
            .into_iter()
            .filter(|call| !session.has(call))
            .collect();
        if !lacks.is_empty() {
            return Err(format!("the candidate does not announce {}", lacks.join(", ")));
        }
        bench.session = Some(session);
        Ok(bench)
    }

    fn open(&mut self) -> Result<Session, String> {
        if let Some(session) = self.session.take() {
            return Ok(session);
        }
        let channel = self.candidate.start()?;
        Session::open(channel, self.patience).map_err(|stop| match stop {
            Stop::Errored(why) | Stop::Skipped(why) | Stop::Unknown(why) => why,
            Stop::Failed(failure) => failure.seen,
        })
    }

    /// Does these operations to a fresh manager: how candidate and model differ.
    pub(super) fn run(&mut self, operations: &[Operation]) -> Result<Option<Failure>, String> {
        let mut session = self.open()?;
        session.start_case();
        let outcome = World::new(&mut session).and_then(|world| run(world, operations));
        self.history = std::mem::take(&mut session.history);
        let is_usable = !session.has_open_calls();
        match outcome {
            Ok(()) => {
                self.session = is_usable.then_some(session);
                Ok(None)
            }
            Err(Stop::Failed(failure)) => {
                self.session = is_usable.then_some(session);
                Ok(Some(failure))
            }
            Err(Stop::Errored(seen) | Stop::Skipped(seen) | Stop::Unknown(seen)) => {
                Ok(Some(Failure { expected: "the driver does its part".to_owned(), seen }))
            }
        }
    }

    /// What went to and fro in the last run.
    pub(super) fn history(&mut self) -> Vec<HistoryLine> {
        std::mem::take(&mut self.history)
    }
}

/// Calls that were begun and may still go on, and what they may return.
type Open = Vec<(Ticket, String, Returns)>;

fn run(mut world: World<'_>, operations: &[Operation]) -> Judged {
    world.plain(Call::Reset { limits: Limits::NONE, nodes: 1 })?;
    let mut model = Model::default();
    let mut peers: BTreeMap<usize, Peer> = BTreeMap::new();
    let mut open: Open = Vec::new();
    for operation in operations {
        if !model.takes(operation) {
            continue;
        }
        match operation {
            Operation::Overlap { calls } => overlap(&mut world, &mut model, &mut peers, calls)?,
            Operation::SetMode { socket, mode } => {
                if let Some(peer) = peers.get(socket) {
                    world.set_mode(peer, *mode)?;
                }
                world.settle()?;
                model.apply(operation);
                model.settle();
            }
            Operation::Connect { .. }
            | Operation::LookAt { .. }
            | Operation::Disconnect { .. }
            | Operation::Send { .. }
            | Operation::SendToThread { .. } => {
                let ticket = begin(&mut world, &mut peers, operation)?;
                world.settle()?;
                let returns = model.apply(operation);
                model.settle();
                open.push((ticket, operation.to_string(), returns));
            }
        }
        check_returns(&world, &model, &mut open)?;
        check_received(&world, &model, &peers)?;
    }
    Ok(())
}

/// Begins a call; sockets are made first.
fn begin(world: &mut World<'_>, peers: &mut BTreeMap<usize, Peer>, operation: &Operation) -> Judged<Ticket> {
    let mut connect = |world: &mut World<'_>, socket: usize, user: &str| -> Judged<String> {
        if let Some(peer) = peers.get(&socket) {
            return Ok(peer.socket.clone());
        }
        let peer = Peer { socket: format!("s{socket}"), user: user.to_owned(), id: Value::Null };
        world.plain(Call::SocketNew { socket: peer.socket.clone(), mode: Mode::Ok })?;
        let name = peer.socket.clone();
        peers.insert(socket, peer);
        Ok(name)
    };
    let call = match operation {
        Operation::Connect { socket, user, thread } => {
            let name = connect(world, *socket, user)?;
            Call::ConnectUser { user_id: user.clone(), socket: name, thread_id: thread.clone(), node: 0 }
        }
        Operation::LookAt { socket, thread } => {
            let user = peers.get(socket).map(|peer| peer.user.clone()).unwrap_or_default();
            Call::ConnectUser {
                user_id: user,
                socket: format!("s{socket}"),
                thread_id: thread.clone(),
                node: 0,
            }
        }
        Operation::Disconnect { socket } => {
            let user = peers.get(socket).map(|peer| peer.user.clone()).unwrap_or_default();
            Call::DisconnectUser { user_id: user, socket: format!("s{socket}"), node: 0 }
        }
        Operation::Send { user, message } => world.sending(user, &json!({ "n": message })),
        Operation::SendToThread { thread, message } => {
            world.sending_to_thread(thread, &json!({ "n": message }))
        }
        Operation::SetMode { .. } | Operation::Overlap { .. } => Call::Settle {},
    };
    world.begin(call)
}

/// Calls whose end is due have ended, as they may.
fn check_returns(world: &World<'_>, model: &Model, open: &mut Open) -> Judged {
    let mut going = Vec::new();
    for (ticket, what, returns) in open.drain(..) {
        match world.ended(ticket)? {
            Some(outcome) => check_outcome(&what, returns, &outcome)?,
            None if model.is_any_hung() => going.push((ticket, what, returns)),
            None => return Err(Stop::failed(format!("`{what}` ends"), "it goes on, and no peer hangs")),
        }
    }
    *open = going;
    Ok(())
}

fn check_outcome(what: &str, returns: Returns, outcome: &Outcome) -> Judged {
    match outcome {
        Err(trouble) => {
            Err(Stop::failed(format!("`{what}` returns"), format!("it raised: {}", trouble.message)))
        }
        Ok(value) => ensure(
            is_allowed(returns, value),
            format!("`{what}` returns {}", shown(returns)),
            format!("it returned {value}"),
        ),
    }
}

fn is_allowed(returns: Returns, value: &Value) -> bool {
    match returns {
        Returns::True => *value == true,
        Returns::False => *value == false,
        Returns::Either => value.is_boolean(),
        Returns::Nothing => true,
    }
}

fn shown(returns: Returns) -> &'static str {
    match returns {
        Returns::True => "true",
        Returns::False => "false",
        Returns::Either => "true or false",
        Returns::Nothing => "anything",
    }
}

fn received(world: &World<'_>, peer: &Peer) -> Judged<Vec<usize>> {
    let messages = world.received(peer)?;
    let numbers = messages.iter().map(|message| message["n"].as_u64().and_then(|n| usize::try_from(n).ok()));
    numbers
        .map(|number| {
            number.ok_or_else(|| Stop::failed("messages arrive as they were sent", "one is another"))
        })
        .collect()
}

fn check_received(world: &World<'_>, model: &Model, peers: &BTreeMap<usize, Peer>) -> Judged {
    for (number, socket) in &model.sockets {
        let Some(peer) = peers.get(number) else { continue };
        let seen = received(world, peer)?;
        let more = if socket.may_get.is_empty() {
            String::new()
        } else {
            format!(", then any first part of {:?}", socket.may_get)
        };
        ensure(
            socket.allows(&seen),
            format!("s{number} of {} got {:?}{more}", socket.user, socket.got),
            format!("it got {seen:?}"),
        )?;
    }
    Ok(())
}

/// Begins calls one right after the other: some order of them has to explain what they returned and what peers got.
fn overlap(
    world: &mut World<'_>,
    model: &mut Model,
    peers: &mut BTreeMap<usize, Peer>,
    calls: &[Operation],
) -> Judged {
    // A socket that is disconnected is over: connecting it again at the same time would be the caller's fault.
    let is_ending = |operation: &Operation| match operation {
        Operation::LookAt { socket, .. } => calls.contains(&Operation::Disconnect { socket: *socket }),
        Operation::Connect { .. }
        | Operation::Disconnect { .. }
        | Operation::Send { .. }
        | Operation::SendToThread { .. }
        | Operation::SetMode { .. }
        | Operation::Overlap { .. } => false,
    };
    let calls: Vec<&Operation> = calls.iter().filter(|call| model.takes(call) && !is_ending(call)).collect();
    let mut begun = Vec::new();
    for call in &calls {
        begun.push(begin(world, peers, call)?);
    }
    world.settle()?;
    let mut outcomes = Vec::new();
    for (ticket, call) in begun.iter().zip(&calls) {
        let outcome = world.ended(*ticket)?;
        if outcome.is_none() && !model.is_any_hung() {
            return Err(Stop::failed(format!("`{call}` ends"), "it goes on, and no peer hangs"));
        }
        outcomes.push(outcome);
    }
    let mut first_problem = None;
    for order in orders(calls.len()) {
        let mut attempt = model.clone();
        let problem = explain(&mut attempt, &order, &calls, &outcomes)
            .and_then(|()| {
                attempt.settle();
                check_received(world, &attempt, peers)
            })
            .err();
        match problem {
            None => {
                *model = attempt;
                return Ok(());
            }
            Some(problem) => first_problem = first_problem.or(Some(problem)),
        }
    }
    let listed: Vec<String> = calls.iter().map(|call| format!("`{call}`")).collect();
    let what = format!("some order explains what came of {} at the same time", listed.join(", "));
    Err(match first_problem {
        Some(Stop::Failed(Failure { expected, seen })) => Stop::failed(
            what,
            format!("none does; in the order of the calls, expected: {expected}; seen: {seen}"),
        ),
        Some(other) => other,
        None => Stop::failed(what, "none does"),
    })
}

fn explain(model: &mut Model, order: &[usize], calls: &[&Operation], outcomes: &[Option<Outcome>]) -> Judged {
    for at in order {
        let returns = model.apply(calls[*at]);
        if let Some(outcome) = &outcomes[*at] {
            check_outcome(&calls[*at].to_string(), returns, outcome)?;
        }
    }
    Ok(())
}

/// All orders of so many things, that of the calls first.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in 0..count {
        let longer = all.iter().flat_map(|order: &Vec<usize>| {
            (0..count)
                .filter(|next| !order.contains(next))
                .map(move |next| [order.as_slice(), &[next]].concat())
        });
        all = longer.collect();
    }
    all
}
