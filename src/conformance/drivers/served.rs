//! The driver of `ssot serve`: the reference on a network of this machine, with tokens, called over its control interface.

mod control;
mod flaw;
mod server;
mod values;

use std::collections::BTreeMap;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use serde_json::{Value, json};

use self::control::{control_call, figures};
pub use self::flaw::Flaw;
use self::server::Served;
use self::values::plain_of;
use crate::conformance::channel::{Incoming, LineSink};
use crate::conformance::lines::{
    CALLS, Call, FromDriver, Hello, Level, Outcome, PROTOCOL, Reply, Request, Trouble, TroubleKind,
    read_request,
};

/// Calls that it has no way to make: clients connect and disconnect by themselves, and nobody ends a server from outside.
const BEYOND_REACH: [&str; 2] = ["disconnect_user", "shutdown"];

/// Drives until there are no more lines.
pub(in crate::conformance) fn drive(requests: Receiver<String>, sink: LineSink, flaw: Flaw) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let Ok(runtime) = runtime else { return };
    let mut drive = Drive { served: None, kept: BTreeMap::new(), sink, flaw };
    for line in &requests {
        let request = match read_request(&line) {
            Ok(request) => request,
            Err(why) => {
                drive.answer(0, Err(trouble(TroubleKind::Invalid, &why)));
                continue;
            }
        };
        let is_stop = matches!(request.call, Call::Stop {});
        drive.perform(&runtime, request);
        if is_stop {
            break;
        }
    }
    // Tasks that still write to somebody end here.
    runtime.shutdown_timeout(Duration::from_millis(100));
}

struct Drive {
    served: Option<Served>,
    kept: BTreeMap<String, Value>,
    sink: LineSink,
    flaw: Flaw,
}

impl Drive {
    fn answer(&self, id: u64, outcome: Outcome) {
        if let Ok(line) = serde_json::to_string(&FromDriver::Reply(Reply::new(id, outcome))) {
            // Who does not listen any more needs no lines.
            let _ = self.sink.send(Incoming::Line(line));
        }
    }

    fn perform(&mut self, runtime: &tokio::runtime::Runtime, request: Request) {
        let Request { id, call, .. } = request;
        let outcome = match &call {
            Call::Hello { .. } => Ok(json!(hello())),
            Call::Reset { limits, nodes: 1 } => {
                let (earlier, flaw) = (self.served.take(), self.flaw);
                self.kept.clear();
                let started = runtime.block_on(async {
                    drop(earlier);
                    Served::start(limits, flaw).await
                });
                started.map_err(|why| trouble(TroubleKind::Raised, &why)).map(|served| {
                    self.served = Some(served);
                    Value::Null
                })
            }
            Call::MessageNew { name, value } => plain_of(value, &self.kept).map(|value| {
                self.kept.insert(name.clone(), value);
                Value::Null
            }),
            Call::MessageSet { name, key, value } => plain_of(value, &self.kept).map(|value| {
                if let Some(Value::Object(entries)) = self.kept.get_mut(name) {
                    entries.insert(key.clone(), value);
                }
                Value::Null
            }),
            Call::Settle {} => {
                if let Some(served) = &self.served {
                    runtime.block_on(settle(served));
                }
                Ok(Value::Null)
            }
            Call::Endpoint { user_id, thread_id, claims, .. } => match &self.served {
                Some(served) => served
                    .endpoint(user_id, thread_id.as_deref(), claims.as_deref())
                    .map(|endpoint| json!(endpoint))
                    .map_err(|why| trouble(TroubleKind::Raised, &why)),
                None => Err(trouble(TroubleKind::Invalid, "there is no server before a reset")),
            },
            Call::Stop {} => {
                self.served = None;
                Ok(Value::Null)
            }
            Call::Reset { .. }
            | Call::SocketNew { .. }
            | Call::SocketMode { .. }
            | Call::SocketPong { .. }
            | Call::ConnectUser { .. }
            | Call::DisconnectUser { .. }
            | Call::Shutdown { .. }
            | Call::Advance { .. }
            | Call::Cancel { .. }
            | Call::Backplane { .. } => {
                Err(trouble(TroubleKind::Unsupported, &format!("{} was not announced", call.op())))
            }
            Call::SendToUser { .. }
            | Call::SendToThread { .. }
            | Call::SendAgentUpdate { .. }
            | Call::CheckConnectionHealth { .. }
            | Call::GetStats { .. }
            | Call::SendToConnection { .. }
            | Call::Broadcast { .. }
            | Call::FindUserConnections { .. }
            | Call::BindRun { .. } => return self.call(runtime, id, &call),
        };
        self.answer(id, outcome);
    }

    fn call(&self, runtime: &tokio::runtime::Runtime, id: u64, call: &Call) {
        let Some(served) = &self.served else {
            self.answer(id, Err(trouble(TroubleKind::Invalid, "there is no server before a reset")));
            return;
        };
        // One caller, whose calls reach the server in the order in which it makes them: none overlaps another one.
        let outcome = runtime.block_on(control_call(served, call, &self.kept));
        self.answer(id, outcome);
    }
}

fn hello() -> Hello {
    Hello {
        protocol: PROTOCOL.to_owned(),
        name: concat!("ssot serve ", env!("CARGO_PKG_VERSION")).to_owned(),
        level: Level::L2,
        capabilities: CALLS
            .into_iter()
            .filter(|call| !BEYOND_REACH.contains(call))
            .chain(["limits"])
            .map(str::to_owned)
            .collect(),
    }
}

/// Waits until everything that waits was handed to the network, or nothing moves any more.
async fn settle(served: &Served) {
    const STILL: u32 = 20;
    let mut before = Value::Null;
    let mut still = 0;
    while still < STILL {
        let Ok(now) = figures(served).await else { return };
        let moving = json!([now["queued_messages"], now["messages_sent"], now["active_connections"]]);
        let is_empty = now["queued_messages"] == 0;
        let is_same = moving == before;
        if is_empty && is_same {
            return;
        }
        still = if is_same { still + 1 } else { 0 };
        before = moving;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn trouble(kind: TroubleKind, message: &str) -> Trouble {
    Trouble { kind, message: message.to_owned() }
}
