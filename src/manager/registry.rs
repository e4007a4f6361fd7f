//! Which connections there are: by id, by socket, by user, by thread. Plain tables, looked at under one short lock.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::connection::Connection;
use super::protocol::ConnectionId;

/// Connections in the order in which they came.
pub(super) type Group = BTreeMap<u64, Arc<Connection>>;

/// The live connections.
#[derive(Debug, Default)]
pub(super) struct Registry {
    all: Group,
    numbers: HashMap<ConnectionId, u64>,
    sockets: HashMap<usize, u64>,
    users: HashMap<Arc<str>, Group>,
    threads: HashMap<Arc<str>, Group>,
    /// The thread that each connection looks at.
    looks_at: HashMap<u64, Arc<str>>,
    /// The thread that each bound run belongs to.
    runs: HashMap<String, String>,
}

impl Registry {
    pub(super) fn add(&mut self, connection: &Arc<Connection>, thread: Option<&str>) {
        let number = connection.number;
        self.all.insert(number, connection.clone());
        self.numbers.insert(connection.id.clone(), number);
        self.sockets.insert(connection.identity(), number);
        self.users.entry(connection.user.clone()).or_default().insert(number, connection.clone());
        self.look_at(connection, thread);
    }

    /// Lets a connection look at another thread.
    pub(super) fn look_at(&mut self, connection: &Arc<Connection>, thread: Option<&str>) {
        let number = connection.number;
        if let Some(before) = self.looks_at.remove(&number) {
            take_out(&mut self.threads, &before, number);
        }
        if let Some(thread) = thread {
            let thread: Arc<str> = thread.into();
            self.threads.entry(thread.clone()).or_default().insert(number, connection.clone());
            self.looks_at.insert(number, thread);
        }
    }

    /// Takes a connection out; false where it was out already.
    pub(super) fn remove(&mut self, connection: &Connection) -> bool {
        let number = connection.number;
        if self.all.remove(&number).is_none() {
            return false;
        }
        self.numbers.remove(&connection.id);
        self.sockets.remove(&connection.identity());
        take_out(&mut self.users, &connection.user, number);
        if let Some(thread) = self.looks_at.remove(&number) {
            take_out(&mut self.threads, &thread, number);
        }
        true
    }

    pub(super) fn all(&self) -> &Group {
        &self.all
    }

    pub(super) fn by_id(&self, id: &ConnectionId) -> Option<&Arc<Connection>> {
        self.all.get(self.numbers.get(id)?)
    }

    pub(super) fn by_socket(&self, identity: usize) -> Option<&Arc<Connection>> {
        self.all.get(self.sockets.get(&identity)?)
    }

    /// A user's connections, the oldest first.
    pub(super) fn of_user(&self, user: &str) -> Option<&Group> {
        self.users.get(user)
    }

    pub(super) fn of_thread(&self, thread: &str) -> Option<&Group> {
        self.threads.get(thread)
    }

    pub(super) fn users(&self) -> usize {
        self.users.len()
    }

    pub(super) fn threads(&self) -> usize {
        self.threads.len()
    }

    pub(super) fn bind_run(&mut self, run: &str, thread: &str) {
        self.runs.insert(run.to_owned(), thread.to_owned());
    }

    pub(super) fn unbind_run(&mut self, run: &str) {
        self.runs.remove(run);
    }

    /// The connections that look at the thread of a run: by default the one of the same id.
    pub(super) fn of_run(&self, run: &str) -> Option<&Group> {
        self.of_thread(self.runs.get(run).map_or(run, String::as_str))
    }
}

/// Takes a connection out of a group, and an empty group out of its table.
fn take_out(groups: &mut HashMap<Arc<str>, Group>, key: &str, number: u64) {
    if let Some(group) = groups.get_mut(key) {
        group.remove(&number);
        if group.is_empty() {
            groups.remove(key);
        }
    }
}
