//! Facts as bytes and back, for a cache: names by their number in a table of the file, everything else as postcard
//! writes it.

use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{FileFacts, Name};

/// What a front end read from one file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Stored {
    /// Its facts.
    pub facts: Arc<FileFacts>,
    /// What its doc comments say; see [`crate::lang::documentation`].
    pub comments: Option<String>,
}

/// The names of one file, in the order in which they were met.
#[derive(Default)]
struct NameTable {
    names: Vec<Name>,
    numbers: FxHashMap<usize, u32>,
}

thread_local! {
    /// The table of the file that this thread writes or reads.
    static TABLE: RefCell<Option<NameTable>> = const { RefCell::new(None) };
}

impl Stored {
    /// The bytes; none for facts that postcard refuses, which it never does.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        TABLE.set(Some(NameTable::default()));
        let body = postcard::to_stdvec(self);
        let table = TABLE.take()?;
        let lengths: Vec<u32> = table.names.iter().map(|name| name.as_str().len() as u32).collect();
        let texts: String = table.names.iter().map(|name| name.as_str()).collect();
        let head = postcard::to_stdvec(&(lengths, texts)).ok()?;
        let mut bytes = Vec::with_capacity(head.len() + 8);
        bytes.extend((head.len() as u64).to_le_bytes());
        bytes.extend(head);
        bytes.extend(body.ok()?);
        Some(bytes)
    }

    /// Reads the bytes again; none where they are not what [`Stored::to_bytes`] wrote.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<8>()?;
        let (head, body) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        let (lengths, mut texts): (Vec<u32>, &str) = postcard::from_bytes(head).ok()?;
        let names = lengths.into_iter().map(|length| {
            let (text, rest) = texts.split_at_checked(length as usize)?;
            texts = rest;
            Some(Name::new(text))
        });
        let names = names.collect::<Option<_>>()?;
        TABLE.set(Some(NameTable { names, numbers: FxHashMap::default() }));
        let stored = postcard::from_bytes(body).ok();
        TABLE.set(None);
        let mut stored: Self = stored?;
        Arc::get_mut(&mut stored.facts)?.sort_by_address();
        Some(stored)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = TABLE.with_borrow_mut(|table| {
            let table = table.as_mut()?;
            let next = table.names.len() as u32;
            let number = *table.numbers.entry(self.address()).or_insert(next);
            if number == next {
                table.names.push(*self);
            }
            Some(number)
        });
        let number = number.ok_or_else(|| S::Error::custom("a name is written within its file alone"))?;
        serializer.serialize_u32(number)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(deserializer)?;
        let name = TABLE.with_borrow(|table| table.as_ref()?.names.get(number as usize).copied());
        name.ok_or_else(|| D::Error::custom("no such name in the table"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::{self, Target};
    use crate::source::Language;

    #[test]
    fn what_is_written_is_read_again_and_what_is_broken_is_refused() {
        let text = "import a\nclass B(a.C):\n    é = 1\n    def f(self, x: int = 2) -> 'B':\n        self.d[x] = a.g()\n";
        let facts = lang::facts(text, Language::Python, Target::default());
        let stored = Stored { facts: facts.into(), comments: Some("said".to_owned()) };
        let bytes = stored.to_bytes().expect("bytes");
        let again = Stored::from_bytes(&bytes).expect("the same");
        assert_eq!(format!("{again:?}"), format!("{stored:?}"));
        for end in 0..bytes.len() {
            assert!(Stored::from_bytes(&bytes[..end]).is_none(), "cut at {end}");
        }
    }
}
