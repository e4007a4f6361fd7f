//! Which names the scopes of a file may bind: a Bloom filter (Bloom, CACM 1970) with a byte for each binding and one hash.
//!
//! Names are looked up in scope after scope, class after class, module after module, and most of these do not bind the name.
//! One byte tells so in seven cases of eight, where a search in the table of bindings touches many lines of the cache.

use super::{Name, Run};

/// A filter over the names of all scopes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameSketch {
    /// The byte of each binding: those of a scope are the filter of its names.
    bytes: Vec<u8>,
}

impl NameSketch {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Adds the names of the bindings in a run.
    pub(super) fn add(&mut self, run: Run, names: impl Iterator<Item = Name>) {
        let end = (run.start + run.len) as usize;
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        for name in names {
            let (byte, bit) = place(run, name);
            self.bytes[byte] |= bit;
        }
    }

    /// Whether one of the bindings in a run may be of this name; never no where one is.
    pub(super) fn may_hold(&self, run: Run, name: Name) -> bool {
        let (byte, bit) = place(run, name);
        run.len > 0 && self.bytes[byte] & bit != 0
    }
}

/// The byte and the bit of a name among the bindings of a run.
fn place(run: Run, name: Name) -> (usize, u8) {
    // The upper half is spread evenly over the bits of the run.
    let bit = ((name.mixed() >> 32) * u64::from(run.len) * 8) >> 32;
    (run.start as usize + (bit / 8) as usize, 1 << (bit % 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_held_and_most_of_the_rest_is_not() {
        let names: Vec<Name> = (0..2_000).map(|number| Name::new(&format!("name{number}"))).collect();
        let mut sketch = NameSketch::default();
        let runs = [Run { start: 0, len: 1 }, Run { start: 1, len: 0 }, Run { start: 1, len: 999 }];
        for run in runs {
            sketch.add(run, names[run.range()].iter().copied());
        }
        for run in runs {
            assert!(names[run.range()].iter().all(|name| sketch.may_hold(run, *name)));
            let wrong = names[1_000..].iter().filter(|name| sketch.may_hold(run, **name)).count();
            assert!(wrong < 200, "{wrong} of 1000 in {run:?}");
        }
    }
}
