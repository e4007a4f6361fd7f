//! A bus over Redis, or what speaks its protocol: publish/subscribe for what is said, a registry that expires for who is where.
//!
//! | key or channel | holds |
//! | --- | --- |
//! | `P:all`, `P:to-node:N`, `P:to-user:U`, `P:to-thread:T` | channels; a node listens to those that somebody here is reached by |
//! | `P:epoch` | a random word; another one says that the data were lost |
//! | `P:nodes`, `P:node:N` | the nodes, and the figures of each, for as long as it says that it lives |
//! | `P:user:U` | a hash of the user's connections and their nodes; those of nodes that do not live do not count |
//! | `P:runs` | a hash of runs and their threads, for a day after the last change |
//!
//! `P` is the prefix. Whoever may write there can speak to every user: give it a password and a network of its own.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::{MultiplexedConnection, PubSubSink};
use redis::{AsyncConnectionConfig, Client, Cmd, Pipeline, RedisError};

use super::{Bus, BusError, Connected, Envelope, Epoch, Line, Topic, Whereabouts};
use crate::manager::socket::Pending;

/// How long bindings of runs are kept after the last change.
const RUNS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// How many lifetimes of a node its users' entries outlive it, if nobody clears them up.
const USERS_KEPT: u32 = 20;

/// The bus.
#[derive(Clone)]
pub struct RedisBus {
    client: Client,
    prefix: Arc<str>,
    node_lives: Duration,
    deadline: Duration,
}

impl std::fmt::Debug for RedisBus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address holds a password.
        f.debug_struct("RedisBus").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl RedisBus {
    /// Over the Redis at `redis://[user:password@]host[:port][/database]`. A node that says nothing for `node_lives` is dead;
    /// what is not answered within `deadline` is lost.
    ///
    /// # Errors
    /// When the address is none.
    pub fn new(
        address: &str,
        prefix: &str,
        node_lives: Duration,
        deadline: Duration,
    ) -> Result<Self, BusError> {
        let client = Client::open(address).map_err(|error| BusError::Refused(error.to_string()))?;
        Ok(Self { client, prefix: prefix.into(), node_lives, deadline })
    }

    fn key(&self, rest: &str) -> String {
        format!("{}:{rest}", self.prefix)
    }

    fn channel(&self, topic: &Topic) -> String {
        match topic {
            Topic::All => self.key("all"),
            Topic::Node(node) => self.key(&format!("to-node:{node}")),
            Topic::User(user) => self.key(&format!("to-user:{user}")),
            Topic::Thread(thread) => self.key(&format!("to-thread:{thread}")),
        }
    }

    /// The topic of a channel; none for one that is not ours.
    fn topic(&self, channel: &str) -> Option<Topic> {
        let rest = channel.strip_prefix(&*self.prefix)?.strip_prefix(':')?;
        match rest.split_once(':') {
            None => (rest == "all").then_some(Topic::All),
            Some(("to-node", node)) => Some(Topic::Node(node.into())),
            Some(("to-user", user)) => Some(Topic::User(user.into())),
            Some(("to-thread", thread)) => Some(Topic::Thread(thread.into())),
            Some(_) => None,
        }
    }

    async fn open(self, node: String) -> Result<Connected, BusError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.deadline))
            .set_response_timeout(Some(self.deadline));
        let commands =
            self.client.get_multiplexed_async_connection_with_config(&config).await.map_err(judge)?;
        let (listener, heard) = self.client.get_async_pubsub().await.map_err(judge)?.split();
        let bus = self.clone();
        let incoming = heard.filter_map(move |message| {
            let topic = bus.topic(message.get_channel_name());
            let read = topic.map(|topic| Envelope::decode(topic, message.get_payload_bytes()));
            std::future::ready(read)
        });
        let line = RedisLine { bus: self, node, commands, listener };
        Ok((Box::new(line), Box::pin(incoming)))
    }
}

impl Bus for RedisBus {
    fn connect<'a>(&'a self, node: &'a str) -> Pending<'a, Result<Connected, BusError>> {
        Box::pin(self.clone().open(node.to_owned()))
    }
}

/// Whether the line is gone, or the answer was no.
fn judge(error: RedisError) -> BusError {
    match error.kind() {
        redis::ErrorKind::Server(_) | redis::ErrorKind::Extension => BusError::Refused(error.to_string()),
        _ => BusError::Lost(error.to_string()),
    }
}

struct RedisLine {
    bus: RedisBus,
    node: String,
    commands: MultiplexedConnection,
    listener: PubSubSink,
}

impl RedisLine {
    /// Runs commands one after the other in one go.
    fn run<T: redis::FromRedisValue + Send>(
        &mut self,
        pipeline: Pipeline,
    ) -> Pending<'_, Result<T, BusError>> {
        Box::pin(async move { pipeline.query_async(&mut self.commands).await.map_err(judge) })
    }

    fn user_key(&self, user: &str) -> String {
        self.bus.key(&format!("user:{user}"))
    }

    fn node_key(&self, node: &str) -> String {
        self.bus.key(&format!("node:{node}"))
    }

    /// The figures of nodes, in the same order; none of those that do not live, which are taken out.
    async fn figures_of(&mut self, nodes: &[String]) -> Result<Vec<Option<String>>, BusError> {
        if nodes.is_empty() {
            return Ok(Vec::new());
        }
        let mut asked = Cmd::new();
        asked.arg("MGET");
        for node in nodes {
            asked.arg(self.node_key(node));
        }
        let figures: Vec<Option<String>> = asked.query_async(&mut self.commands).await.map_err(judge)?;
        let dead = nodes.iter().zip(&figures).filter(|(_, figures)| figures.is_none());
        let mut forgotten = Cmd::new();
        forgotten.arg("SREM").arg(self.bus.key("nodes"));
        let mut is_any = false;
        for (node, _) in dead {
            forgotten.arg(node);
            is_any = true;
        }
        if is_any {
            forgotten.query_async::<()>(&mut self.commands).await.map_err(judge)?;
        }
        Ok(figures)
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Line for RedisLine {
    fn publish(&mut self, envelopes: Vec<Envelope>) -> Pending<'_, Result<Vec<usize>, BusError>> {
        let mut pipeline = Pipeline::with_capacity(envelopes.len());
        for envelope in envelopes {
            pipeline.cmd("PUBLISH").arg(self.bus.channel(&envelope.topic)).arg(envelope.encode());
        }
        let run = self.run(pipeline);
        // A node that may not publish is as good as cut off.
        Box::pin(async move {
            run.await.map_err(|error| match error {
                BusError::Refused(why) | BusError::Lost(why) => BusError::Lost(why),
            })
        })
    }

    fn listen(&mut self, topics: Vec<Topic>, is_wanted: bool) -> Pending<'_, Result<(), BusError>> {
        let channels: Vec<String> = topics.iter().map(|topic| self.bus.channel(topic)).collect();
        Box::pin(async move {
            let done = match is_wanted {
                true => self.listener.subscribe(&channels).await,
                false => self.listener.unsubscribe(&channels).await,
            };
            done.map_err(|error| BusError::Lost(error.to_string()))
        })
    }

    fn register(&mut self, changes: Vec<Whereabouts>) -> Pending<'_, Result<(), BusError>> {
        let kept = milliseconds(self.bus.node_lives * USERS_KEPT);
        let mut pipeline = Pipeline::with_capacity(changes.len() * 2);
        for Whereabouts { connection, user, is_here } in changes {
            let key = self.user_key(&user);
            if is_here {
                pipeline.cmd("HSET").arg(&key).arg(connection).arg(&self.node).ignore();
                pipeline.cmd("PEXPIRE").arg(key).arg(kept).ignore();
            } else {
                pipeline.cmd("HDEL").arg(key).arg(connection).ignore();
            }
        }
        self.run(pipeline)
    }

    fn beat(&mut self, figures: String) -> Pending<'_, Result<Epoch, BusError>> {
        Box::pin(async move {
            // The line that only hears may be dead without anybody noticing.
            self.listener.ping::<()>().await.map_err(|error| BusError::Lost(error.to_string()))?;
            let word = format!("{:016x}", getrandom::u64().unwrap_or_default());
            let epoch = self.bus.key("epoch");
            let mut pipeline = Pipeline::with_capacity(4);
            pipeline.cmd("SET").arg(&epoch).arg(word).arg("NX").ignore();
            let lives = milliseconds(self.bus.node_lives);
            pipeline.cmd("SET").arg(self.node_key(&self.node)).arg(figures).arg("PX").arg(lives).ignore();
            pipeline.cmd("SADD").arg(self.bus.key("nodes")).arg(&self.node).ignore();
            pipeline.cmd("GET").arg(&epoch);
            let (epoch,): (Option<String>,) = self.run(pipeline).await?;
            Ok(epoch.unwrap_or_default())
        })
    }

    fn find(&mut self, user: Arc<str>) -> Pending<'_, Result<Vec<String>, BusError>> {
        Box::pin(async move {
            let key = self.user_key(&user);
            let mut asked = Cmd::new();
            asked.arg("HGETALL").arg(&key);
            let found: Vec<(String, String)> = asked.query_async(&mut self.commands).await.map_err(judge)?;
            let mut nodes: Vec<String> = found.iter().map(|(_, node)| node.clone()).collect();
            nodes.sort_unstable();
            nodes.dedup();
            let figures = self.figures_of(&nodes).await?;
            let is_dead = |node: &String| {
                let at = nodes.binary_search(node);
                at.is_ok_and(|at| figures.get(at).is_some_and(Option::is_none))
            };
            let (dead, alive): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, node)| is_dead(node));
            if !dead.is_empty() {
                let mut forgotten = Cmd::new();
                forgotten.arg("HDEL").arg(key);
                for (connection, _) in dead {
                    forgotten.arg(connection);
                }
                forgotten.query_async::<()>(&mut self.commands).await.map_err(judge)?;
            }
            let mut connections: Vec<String> = alive.into_iter().map(|(connection, _)| connection).collect();
            connections.sort_unstable();
            Ok(connections)
        })
    }

    fn nodes(&mut self) -> Pending<'_, Result<Vec<(String, String)>, BusError>> {
        Box::pin(async move {
            let mut asked = Cmd::new();
            asked.arg("SMEMBERS").arg(self.bus.key("nodes"));
            let mut nodes: Vec<String> = asked.query_async(&mut self.commands).await.map_err(judge)?;
            nodes.sort_unstable();
            let figures = self.figures_of(&nodes).await?;
            let alive = nodes.into_iter().zip(figures).filter_map(|(node, figures)| Some((node, figures?)));
            Ok(alive.collect())
        })
    }

    fn bindings(&mut self) -> Pending<'_, Result<Vec<(String, String)>, BusError>> {
        let mut pipeline = Pipeline::with_capacity(1);
        pipeline.cmd("HGETALL").arg(self.bus.key("runs"));
        Box::pin(async move {
            let (bound,): (Vec<(String, String)>,) = self.run(pipeline).await?;
            Ok(bound)
        })
    }

    fn bind(&mut self, runs: Vec<(String, Option<String>)>) -> Pending<'_, Result<(), BusError>> {
        let key = self.bus.key("runs");
        let mut pipeline = Pipeline::with_capacity(runs.len() + 1);
        for (run, thread) in runs {
            match thread {
                Some(thread) => pipeline.cmd("HSET").arg(&key).arg(run).arg(thread).ignore(),
                None => pipeline.cmd("HDEL").arg(&key).arg(run).ignore(),
            };
        }
        pipeline.cmd("PEXPIRE").arg(key).arg(milliseconds(RUNS_KEPT)).ignore();
        self.run(pipeline)
    }

    fn leave(&mut self) -> Pending<'_, Result<(), BusError>> {
        let mut pipeline = Pipeline::with_capacity(2);
        pipeline.cmd("DEL").arg(self.node_key(&self.node)).ignore();
        pipeline.cmd("SREM").arg(self.bus.key("nodes")).arg(&self.node).ignore();
        self.run(pipeline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_says_whom_it_is_for() {
        let bus =
            RedisBus::new("redis://h", "p:q", Duration::from_secs(1), Duration::from_secs(1)).expect("a bus");
        for topic in [
            Topic::All,
            Topic::Node("n".into()),
            Topic::User("a:b *\n".into()),
            Topic::User("".into()),
            Topic::Thread("to-user:x".into()),
        ] {
            assert_eq!(bus.topic(&bus.channel(&topic)), Some(topic));
        }
        for other in ["p:all", "p:q:else", "p:q:to-all:x", "q"] {
            assert_eq!(bus.topic(other), None);
        }
        assert!(RedisBus::new("http://h", "p", Duration::ZERO, Duration::ZERO).is_err());
    }
}
