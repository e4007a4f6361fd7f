//! Which connections there are: by id, by socket, by user, by thread; and which sessions wait for their client to come back.
//! Plain tables, looked at under one short lock.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::backplane::{Topic, Watcher};
use super::connection::Connection;
use super::protocol::ConnectionId;
use super::session::Session;

/// Connections or sessions in the order in which they came.
pub(super) type Group<T> = BTreeMap<u64, Arc<T>>;

/// The live connections, and the sessions without one.
#[derive(Debug, Default)]
pub(super) struct Registry {
    live: Directory<Connection>,
    /// Sessions whose connection has ended, under its number.
    away: Directory<Session>,
    numbers: HashMap<ConnectionId, u64>,
    sockets: HashMap<usize, u64>,
    /// The connection, live or ended, that a session is known by.
    tokens: HashMap<Arc<str>, u64>,
    /// The thread that each bound run belongs to.
    runs: HashMap<String, String>,
    /// Hears of it when somebody is to be reached from other nodes, or not any more.
    watcher: Option<Watcher>,
}

/// Some of one kind, by user and by thread.
#[derive(Debug)]
pub(super) struct Directory<T> {
    all: Group<T>,
    users: HashMap<Arc<str>, Group<T>>,
    threads: HashMap<Arc<str>, Group<T>>,
    /// The thread that each looks at.
    looks_at: HashMap<u64, Arc<str>>,
}

impl<T> Default for Directory<T> {
    fn default() -> Self {
        Self { all: Group::new(), users: HashMap::new(), threads: HashMap::new(), looks_at: HashMap::new() }
    }
}

impl<T> Directory<T> {
    fn add(&mut self, number: u64, user: &Arc<str>, thread: Option<Arc<str>>, one: &Arc<T>) {
        self.all.insert(number, one.clone());
        self.users.entry(user.clone()).or_default().insert(number, one.clone());
        self.look_at(number, thread, one);
    }

    /// Lets one look at another thread; the one it looked at before.
    fn look_at(&mut self, number: u64, thread: Option<Arc<str>>, one: &Arc<T>) -> Option<Arc<str>> {
        let before = self.looks_at.remove(&number);
        if let Some(before) = &before {
            take_out(&mut self.threads, before, number);
        }
        if let Some(thread) = thread {
            self.threads.entry(thread.clone()).or_default().insert(number, one.clone());
            self.looks_at.insert(number, thread);
        }
        before
    }

    /// Takes one out; none where it was out already.
    fn remove(&mut self, number: u64, user: &str) -> Option<(Arc<T>, Option<Arc<str>>)> {
        let one = self.all.remove(&number)?;
        take_out(&mut self.users, user, number);
        let thread = self.looks_at.remove(&number);
        if let Some(thread) = &thread {
            take_out(&mut self.threads, thread, number);
        }
        Some((one, thread))
    }

    /// All of them, the oldest first.
    pub(super) fn all(&self) -> &Group<T> {
        &self.all
    }

    pub(super) fn of_user(&self, user: &str) -> Option<&Group<T>> {
        self.users.get(user)
    }

    pub(super) fn of_thread(&self, thread: &str) -> Option<&Group<T>> {
        self.threads.get(thread)
    }

    pub(super) fn users(&self) -> usize {
        self.users.len()
    }

    pub(super) fn threads(&self) -> usize {
        self.threads.len()
    }

    /// The thread that one looks at.
    pub(super) fn thread_of(&self, number: u64) -> Option<&Arc<str>> {
        self.looks_at.get(&number)
    }
}

impl Registry {
    /// A registry whose changes are watched.
    pub(super) fn watched_by(watcher: Watcher) -> Self {
        Self { watcher: Some(watcher), ..Self::default() }
    }

    pub(super) fn live(&self) -> &Directory<Connection> {
        &self.live
    }

    pub(super) fn away(&self) -> &Directory<Session> {
        &self.away
    }

    pub(super) fn add(&mut self, connection: &Arc<Connection>, thread: Option<Arc<str>>) {
        let number = connection.number;
        self.numbers.insert(connection.id.clone(), number);
        self.sockets.insert(connection.identity(), number);
        if let Some(session) = connection.outbox.session() {
            self.tokens.insert(session.token.clone(), number);
        }
        self.live.add(number, &connection.user, thread.clone(), connection);
        self.tell(&connection.user, thread);
        if let Some(watcher) = &self.watcher {
            watcher.came(connection);
        }
    }

    /// Lets a connection look at another thread.
    pub(super) fn look_at(&mut self, connection: &Arc<Connection>, thread: Option<&str>) {
        let thread: Option<Arc<str>> = thread.map(Arc::from);
        let before = self.live.look_at(connection.number, thread.clone(), connection);
        self.tell(&connection.user, before);
        self.tell(&connection.user, thread);
    }

    /// Takes a connection out; false where it was out already. A session that can go on waits for its client.
    pub(super) fn remove(&mut self, connection: &Connection) -> bool {
        let number = connection.number;
        let Some((_, thread)) = self.live.remove(number, &connection.user) else { return false };
        self.numbers.remove(&connection.id);
        self.sockets.remove(&connection.identity());
        if let Some(session) = connection.outbox.session() {
            if connection.outbox.can_resume() {
                self.away.add(number, &connection.user, thread.clone(), session);
            } else {
                self.tokens.remove(&session.token);
            }
        }
        self.tell(&connection.user, thread);
        if let Some(watcher) = &self.watcher {
            watcher.went(connection);
        }
        true
    }

    /// Takes a session out that waits for its client, with the thread that it looks at.
    pub(super) fn take_away(&mut self, number: u64) -> Option<(Arc<Session>, Option<Arc<str>>)> {
        let user = self.away.all.get(&number)?.user.clone();
        let (session, thread) = self.away.remove(number, &user)?;
        self.tokens.remove(&session.token);
        self.tell(&user, thread.clone());
        Some((session, thread))
    }

    /// The connection, live or ended, that a session is known by.
    pub(super) fn number_of(&self, token: &str) -> Option<u64> {
        self.tokens.get(token).copied()
    }

    pub(super) fn by_number(&self, number: u64) -> Option<&Arc<Connection>> {
        self.live.all.get(&number)
    }

    pub(super) fn by_id(&self, id: &ConnectionId) -> Option<&Arc<Connection>> {
        self.by_number(*self.numbers.get(id)?)
    }

    pub(super) fn by_socket(&self, identity: usize) -> Option<&Arc<Connection>> {
        self.by_number(*self.sockets.get(&identity)?)
    }

    pub(super) fn bind_run(&mut self, run: &str, thread: Option<&str>) {
        match thread {
            Some(thread) => self.runs.insert(run.to_owned(), thread.to_owned()),
            None => self.runs.remove(run),
        };
    }

    /// The thread of a run: by default the one of the same id.
    pub(super) fn thread_of_run<'a>(&'a self, run: &'a str) -> &'a str {
        self.runs.get(run).map_or(run, String::as_str)
    }

    /// The runs that are bound, in order.
    pub(super) fn runs(&self) -> BTreeMap<String, String> {
        self.runs.iter().map(|(run, thread)| (run.clone(), thread.clone())).collect()
    }

    /// Other runs are bound from now on.
    pub(super) fn replace_runs(&mut self, runs: BTreeMap<String, String>) {
        self.runs = runs.into_iter().collect();
    }

    /// Whether anything that is sent to a topic by another node has somebody here.
    pub(super) fn is_wanted(&self, topic: &Topic) -> bool {
        match topic {
            Topic::All | Topic::Node(_) => true,
            Topic::User(user) => self.live.of_user(user).is_some() || self.away.of_user(user).is_some(),
            Topic::Thread(thread) => {
                self.live.of_thread(thread).is_some() || self.away.of_thread(thread).is_some()
            }
        }
    }

    /// All users and threads that have somebody here.
    pub(super) fn topics(&self) -> Vec<Topic> {
        let users =
            self.live.users.keys().chain(self.away.users.keys()).map(|user| Topic::User(user.clone()));
        let threads = self.live.threads.keys().chain(self.away.threads.keys());
        let mut topics: Vec<Topic> =
            users.chain(threads.map(|thread| Topic::Thread(thread.clone()))).collect();
        topics.sort_unstable();
        topics.dedup();
        topics
    }

    /// Something may have changed for a user and a thread.
    fn tell(&self, user: &Arc<str>, thread: Option<Arc<str>>) {
        if let Some(watcher) = &self.watcher {
            watcher.touch(Topic::User(user.clone()));
            if let Some(thread) = thread {
                watcher.touch(Topic::Thread(thread));
            }
        }
    }
}

/// Takes one out of a group, and an empty group out of its table.
fn take_out<T>(groups: &mut HashMap<Arc<str>, Group<T>>, key: &str, number: u64) {
    if let Some(group) = groups.get_mut(key) {
        group.remove(&number);
        if group.is_empty() {
            groups.remove(key);
        }
    }
}
