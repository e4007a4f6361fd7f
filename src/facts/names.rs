//! Interned names: one copy of each identifier and dotted path in the process.
//!
//! A [`Name`] is eight bytes, compares by address and reads without a lock. Names are
//! never freed: a run reads a tree once and ends. Order is the order of the text, so
//! that nothing that is sorted depends on which thread met a name first.

use std::cell::RefCell;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{LazyLock, Mutex, PoisonError};

use compact_str::CompactString;
use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// An interned string.
#[derive(Clone, Copy)]
pub struct Name(&'static Entry);

/// A text and its hash. Most names are short enough to lie in the entry itself, so that a look-up
/// touches one line of the cache.
struct Entry {
    hash: u64,
    text: CompactString,
}

const SHARDS: usize = 64;

static TABLE: LazyLock<Vec<Mutex<HashTable<Name>>>> =
    LazyLock::new(|| (0..SHARDS).map(|_| Mutex::new(HashTable::new())).collect());

/// Names that a thread met last, by a few bits of their hash: small enough to stay in the cache. The hash lies
/// beside the name, so that the wrong one is told without a look at it.
const RECENT: usize = 1 << 14;

thread_local! {
    static LAST: RefCell<Vec<(u64, Option<Name>)>> = RefCell::new(vec![(0, None); RECENT]);
}

impl Name {
    /// The one name with this text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let hash = FxBuildHasher.hash_one(text);
        LAST.with_borrow_mut(|last| {
            let slot = &mut last[(hash >> 20) as usize % RECENT];
            match *slot {
                (known, Some(name)) if known == hash && name.0.text == text => name,
                _ => {
                    let name = Self::shared(hash, text);
                    *slot = (hash, Some(name));
                    name
                }
            }
        })
    }

    fn shared(hash: u64, text: &str) -> Self {
        // The table picks its bucket by other bits of the hash than the shard is picked by.
        let shard = (hash >> 40) as usize % SHARDS;
        let mut table = TABLE[shard].lock().unwrap_or_else(PoisonError::into_inner);
        let entry = table.entry(hash, |name| name.is(hash, text), |name| name.0.hash);
        let make = || Self(Box::leak(Box::new(Entry { hash, text: CompactString::new(text) })));
        *entry.or_insert_with(make).get()
    }

    fn is(self, hash: u64, text: &str) -> bool {
        self.0.hash == hash && self.0.text == text
    }

    /// Its text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0.text.as_str()
    }

    /// `self.tail`, or `tail` alone where `self` is empty.
    #[must_use]
    pub fn join(self, tail: &str) -> Self {
        if self.as_str().is_empty() {
            return Self::new(tail);
        }
        Self::new(&[self.as_str(), tail].join("."))
    }

    /// `self::tail`.
    #[must_use]
    pub fn join_path(self, tail: &str) -> Self {
        Self::new(&[self.as_str(), tail].join("::"))
    }

    /// A hash of the text: the same in every run.
    #[must_use]
    pub fn digest(self) -> u64 {
        self.0.hash
    }

    /// The address of the name: an arbitrary but fast order within one run, for look-up
    /// tables only. It must never decide what is printed first.
    #[must_use]
    pub fn address(self) -> usize {
        std::ptr::from_ref(self.0).addr()
    }

    /// The address with its bits mixed, for filters within one run: names that were met together have addresses at regular
    /// distances (the finalizer of MurmurHash3, Appleby 2011).
    #[must_use]
    pub fn mixed(self) -> u64 {
        let mut bits = self.address() as u64;
        bits = (bits ^ (bits >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
        bits = (bits ^ (bits >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
        bits ^ (bits >> 33)
    }
}

/// The last segment of an id: `Manager` of `app.ws.Manager` and of `hub::ws::Manager`.
#[must_use]
pub fn last_segment(id: &str) -> &str {
    id.rsplit(['.', ':']).next().unwrap_or(id)
}

/// Whether `id` ends with `tail`, which starts a segment.
#[must_use]
pub fn is_tail(id: &str, tail: &str) -> bool {
    id == tail || id.strip_suffix(tail).is_some_and(|rest| rest.ends_with(['.', ':']))
}

/// `WebSocketManager` → `web-socket-manager`; empty where nothing of it is a letter or a digit.
#[must_use]
pub fn kebab(name: &str) -> String {
    let mut id = String::with_capacity(name.len() + 4);
    let mut before = '-';
    for c in name.chars() {
        let starts_word = c.is_uppercase() && before.is_lowercase();
        if (starts_word || !c.is_alphanumeric()) && !id.ends_with('-') && !id.is_empty() {
            id.push('-');
        }
        if c.is_alphanumeric() {
            id.extend(c.to_lowercase());
        }
        before = c;
    }
    id.truncate(id.trim_end_matches('-').len());
    id
}

/// What stands before the last segment of an id.
#[must_use]
pub fn without_last(id: &str) -> Option<&str> {
    let at = id.rfind(['.', ':'])?;
    Some(id[..at].trim_end_matches(':'))
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.address());
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self.as_str(), f)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_is_one_name_in_every_thread() {
        let here = Name::new("send_to_user");
        let there = std::thread::spawn(|| Name::new("send_to_user")).join().expect("thread");
        assert_eq!(here, there);
        assert_ne!(here, Name::new("send_to_thread"));
        assert!(Name::new("a") < Name::new("b"));
        assert_eq!(Name::new("").join("a").join("b").as_str(), "a.b");
    }
}
