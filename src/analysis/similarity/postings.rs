//! Which units have which feature: all keys in one sorted table, each with its units.

use rayon::prelude::*;

use super::UnitId;

/// Keys with the units that have them.
#[derive(Debug, Default)]
pub(super) struct Postings {
    /// Keys in ascending order, each with where its units start.
    runs: Vec<(u32, u32)>,
    /// Where the runs start whose keys have these upper bits; one more at the end.
    buckets: Vec<u32>,
    units: Vec<UnitId>,
}

/// A key, and a unit that has it.
pub(super) type Posting = (u32, UnitId);

impl Postings {
    /// Of pairs in any order, each of them once.
    pub(super) fn of(mut all: Vec<Posting>) -> Self {
        all.par_sort_unstable();
        Self::of_sorted(all.into_iter())
    }

    fn of_sorted(sorted: impl Iterator<Item = Posting>) -> Self {
        let mut postings = Self::default();
        postings.units.reserve(sorted.size_hint().0);
        for (key, unit) in sorted {
            if postings.runs.last().is_none_or(|(last, _)| *last != key) {
                postings.runs.push((key, postings.units.len() as u32));
            }
            postings.units.push(unit);
        }
        let shift = postings.shift();
        let count = 1usize << (u32::BITS - shift);
        postings.buckets = Vec::with_capacity(count + 1);
        let mut at = 0;
        for bucket in 0..count as u32 {
            while postings.runs.get(at).is_some_and(|(key, _)| key >> shift < bucket) {
                at += 1;
            }
            postings.buckets.push(at as u32);
        }
        postings.buckets.push(postings.runs.len() as u32);
        postings
    }

    /// These without the units that `moved` gives no new position, and with more of them. Positions keep their order.
    pub(super) fn changed(&self, moved: impl Fn(UnitId) -> Option<UnitId>, mut more: Vec<Posting>) -> Self {
        more.sort_unstable();
        let ends = self.runs.iter().skip(1).map(|(_, start)| *start).chain([self.units.len() as u32]);
        let kept = self.runs.iter().zip(ends).flat_map(|((key, start), end)| {
            let units = &self.units[*start as usize..end as usize];
            units.iter().filter_map(|unit| Some((*key, moved(*unit)?)))
        });
        let mut all: Vec<Posting> = Vec::with_capacity(self.units.len() + more.len());
        let mut more = more.into_iter().peekable();
        for posting in kept {
            while let Some(earlier) = more.next_if(|other| *other < posting) {
                all.push(earlier);
            }
            all.push(posting);
        }
        all.extend(more);
        Self::of_sorted(all.into_iter())
    }

    /// The units that have a key, in order.
    pub(super) fn units_with(&self, key: u32) -> &[UnitId] {
        let bucket = (key >> self.shift()) as usize;
        let range = match (self.buckets.get(bucket), self.buckets.get(bucket + 1)) {
            (Some(&start), Some(&end)) => start as usize..end as usize,
            _ => return &[],
        };
        let start = range.start;
        let Ok(at) = self.runs[range].binary_search_by_key(&key, |(key, _)| *key) else { return &[] };
        let (_, first) = self.runs[start + at];
        let end = self.runs.get(start + at + 1).map_or(self.units.len(), |(_, next)| *next as usize);
        &self.units[first as usize..end]
    }

    /// How many of a key's lower bits are left out of the table of buckets: a few runs for each bucket.
    fn shift(&self) -> u32 {
        u32::BITS - self.runs.len().max(2).ilog2().min(20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_table_equals_a_new_one() {
        let key = |unit: u32, at: u32| (unit % 5).wrapping_mul(0x9E37_79B9).wrapping_add(at * 0x0101_0101);
        let postings_of = |unit: u32, id: u32| (0..unit % 7).map(move |at| (key(unit, at), UnitId(id)));
        let old: Vec<u32> = (0..60).collect();
        let new: Vec<u32> = (0..80).filter(|unit| unit % 6 != 1).collect();
        let of = |units: &[u32]| -> Vec<Posting> {
            (0u32..).zip(units).flat_map(|(id, unit)| postings_of(*unit, id)).collect()
        };
        let position = |unit: u32| new.iter().position(|other| *other == unit).map(|at| UnitId(at as u32));
        // Every fourth unit is read anew.
        let moved =
            |id: UnitId| position(old[id.0 as usize]).filter(|_| !old[id.0 as usize].is_multiple_of(4));
        let fresh = (0u32..).zip(&new).filter(|(_, unit)| **unit >= 60 || **unit % 4 == 0);
        let fresh: Vec<Posting> = fresh.flat_map(|(id, unit)| postings_of(*unit, id)).collect();
        let changed = Postings::of(of(&old)).changed(moved, fresh);
        let whole = Postings::of(of(&new));
        for unit in 0..90 {
            for at in 0..8 {
                assert_eq!(changed.units_with(key(unit, at)), whole.units_with(key(unit, at)));
            }
        }
        assert_eq!(Postings::of(Vec::new()).units_with(7), []);
        assert!(!whole.units_with(key(6, 2)).is_empty());
    }
}
