//! The driver of the reference manager: on a thread of its own, with a clock that only goes on when it is told to.
//!
//! While it waits for a line its thread is blocked, so that no time passes for the manager.

mod bench;
mod socket;
mod values;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::AbortHandle;

use self::bench::{Bench, invalid};
use self::socket::Desk;
use super::defect::Defect;
use crate::conformance::channel::LineSink;
use crate::conformance::lines::{
    CALLS, Call, Hello, Level, Outcome, PROTOCOL, Request, Trouble, TroubleKind, read_request,
};

/// What is announced beside the calls.
const CAPABILITIES: [&str; 6] = ["limits", "clock", "cancel", "heartbeat", "nodes", "backplane"];

/// Drives until there are no more lines.
pub(in crate::conformance) fn drive(requests: Receiver<String>, sink: LineSink, defect: Box<dyn Defect>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    // A thread without a runtime says nothing; that is found out as for any driver.
    if let Ok(runtime) = runtime {
        let desk = Arc::new(Desk::new(sink, defect));
        runtime.block_on(Drive { requests, backlog: VecDeque::new(), desk, running: Vec::new() }.run());
    }
}

struct Drive {
    requests: Receiver<String>,
    backlog: VecDeque<String>,
    desk: Arc<Desk>,
    /// Calls that were begun, by the id of the request.
    running: Vec<(u64, AbortHandle)>,
}

impl Drive {
    async fn run(mut self) {
        let mut bench = Arc::new(Bench::new(self.desk.clone(), None, 1));
        while let Some(line) = self.next_line().await {
            let request = match read_request(&line) {
                Ok(request) => request,
                Err(why) => {
                    let id = id_of(&line);
                    self.desk.answer(id, &Call::Stop {}, Err(invalid(&why)));
                    continue;
                }
            };
            for request in self.desk.instead_of(request) {
                if matches!(request.call, Call::Stop {}) {
                    self.desk.answer(request.id, &request.call, Ok(Value::Null));
                    return;
                }
                if self.perform(&mut bench, request).await.is_none() {
                    return;
                }
            }
        }
    }

    /// The next line. What is under way goes on before it is waited for, since time stands still meanwhile.
    async fn next_line(&mut self) -> Option<String> {
        if let Some(line) = self.backlog.pop_front() {
            return Some(line);
        }
        match self.requests.try_recv() {
            Ok(line) => Some(line),
            Err(TryRecvError::Disconnected) => None,
            Err(TryRecvError::Empty) => {
                settle(&self.desk).await;
                self.requests.recv().ok()
            }
        }
    }

    /// Does what is asked for; none where there will be no more lines.
    async fn perform(&mut self, bench: &mut Arc<Bench>, request: Request) -> Option<()> {
        let Request { id, call, wait } = request;
        let outcome = match &call {
            Call::Hello { .. } => Ok(json!(hello())),
            Call::Reset { limits, nodes } => {
                for (_, handle) in self.running.drain(..) {
                    handle.abort();
                }
                bench.forget();
                *bench = Arc::new(Bench::new(self.desk.clone(), Some(limits), *nodes));
                settle(&self.desk).await;
                Ok(Value::Null)
            }
            Call::Settle {} => {
                settle(&self.desk).await;
                Ok(Value::Null)
            }
            Call::Advance { ms } => {
                settle(&self.desk).await;
                // The runtime goes from timer to timer, and lets everything else be done between two of them.
                tokio::time::sleep(Duration::from_millis(*ms)).await;
                settle(&self.desk).await;
                Ok(Value::Null)
            }
            Call::Cancel { request } => {
                self.cancel(*request).await;
                Ok(Value::Null)
            }
            Call::Backplane { state } => {
                bench.set_backplane(*state);
                Ok(Value::Null)
            }
            Call::Endpoint { .. } => Err(Trouble {
                kind: TroubleKind::Unsupported,
                message: format!("{} was not announced", call.op()),
            }),
            Call::SocketNew { socket, mode } => {
                bench.add_socket(socket, *mode);
                Ok(Value::Null)
            }
            Call::SocketMode { socket, mode } => bench.set_mode(socket, *mode).map(|()| Value::Null),
            Call::SocketPong { socket } => bench.pong(socket).map(|()| Value::Null),
            Call::MessageNew { name, value } => bench.keep(name, value).map(|()| Value::Null),
            Call::MessageSet { name, key, value } => bench.change(name, key, value).map(|()| Value::Null),
            Call::Stop {} => Ok(Value::Null),
            Call::ConnectUser { .. }
            | Call::DisconnectUser { .. }
            | Call::SendToUser { .. }
            | Call::SendToThread { .. }
            | Call::SendAgentUpdate { .. }
            | Call::CheckConnectionHealth { .. }
            | Call::GetStats { .. }
            | Call::SendToConnection { .. }
            | Call::Broadcast { .. }
            | Call::FindUserConnections { .. }
            | Call::BindRun { .. }
            | Call::Shutdown { .. } => return self.begin(bench, id, call, wait).await,
        };
        self.desk.answer(id, &call, outcome);
        Some(())
    }

    async fn begin(&mut self, bench: &Arc<Bench>, id: u64, call: Call, wait: bool) -> Option<()> {
        let (bench, desk) = (bench.clone(), self.desk.clone());
        let running = tokio::spawn(async move {
            let outcome: Outcome = bench.call(&call).await;
            desk.answer(id, &call, outcome);
        });
        tokio::task::yield_now().await;
        if !wait {
            self.running.retain(|(_, handle)| !handle.is_finished());
            self.running.push((id, running.abort_handle()));
            return Some(());
        }
        while !running.is_finished() {
            settle(&self.desk).await;
            if !running.is_finished() {
                // Nothing but time would end it, and time is not ours.
                self.backlog.push_back(self.requests.recv().ok()?);
            }
        }
        Some(())
    }

    async fn cancel(&mut self, request: u64) {
        let found = self.running.iter().position(|(id, _)| *id == request);
        let Some((id, handle)) = found.map(|at| self.running.remove(at)) else { return };
        if !handle.is_finished() {
            handle.abort();
            let given_up = Trouble { kind: TroubleKind::Cancelled, message: "given up".to_owned() };
            self.desk.answer(id, &Call::Cancel { request }, Err(given_up));
            settle(&self.desk).await;
        }
    }
}

fn hello() -> Hello {
    Hello {
        protocol: PROTOCOL.to_owned(),
        name: concat!("ssot reference ", env!("CARGO_PKG_VERSION")).to_owned(),
        level: Level::L1,
        capabilities: CALLS.into_iter().chain(CAPABILITIES).map(str::to_owned).collect(),
    }
}

/// The id of a line that is no request; 0 where it has none.
fn id_of(line: &str) -> u64 {
    let value: Option<Value> = serde_json::from_str(line).ok();
    value.and_then(|value| value.get("id")?.as_u64()).unwrap_or_default()
}

/// Lets every task go on until none does anything any more. No time passes.
async fn settle(desk: &Desk) {
    /// Hops from task to task that leave no trace at the desk.
    const SILENT_HOPS: usize = 6;
    /// Tasks that the runtime polls between two looks at this one.
    const TASKS_AT_ONCE: usize = 61;
    let mut quiet = 0;
    let mut seen = desk.activity();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    while quiet < SILENT_HOPS * (1 + tasks() / TASKS_AT_ONCE) {
        tokio::task::yield_now().await;
        let now = desk.activity();
        quiet = if now == seen { quiet + 1 } else { 0 };
        seen = now;
    }
}
