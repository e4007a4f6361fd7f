//! The things that a function may do for its caller: how much each says, and in which words it is told.

/// One thing that a function does for its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Facet {
    /// Keeps what it is given.
    PutsGiven,
    /// Keeps or changes something of its own making.
    Updates,
    /// Makes up the key that something is kept under.
    Mints,
    /// Looks up what the caller names.
    Finds,
    /// Takes out what the caller names.
    Removes,
    /// Takes out something else.
    RemovesOther,
    /// Takes the next one out.
    Consumes,
    /// Takes out all.
    Clears,
    /// Goes over what is kept.
    GoesOver,
    /// Calls functions that are kept.
    InvokesKept,
    /// Calls a function that it is given.
    InvokesGiven,
    /// Calls methods of what is kept.
    CallsKept,
    /// Calls methods of what it is given.
    CallsGiven,
    /// Counts up or down in what is kept.
    Counts,
    /// Lets what is kept stay for longer.
    Renews,
    /// Raises.
    Raises,
    /// Starts a task.
    StartsTask,
    /// Loops until told to stop.
    Loops,
    /// Asks for the size of what is kept.
    Measures,
    /// Compares what is kept with a limit.
    Judges,
    /// Gives something that is kept.
    GivesElement,
    /// Gives several things.
    GivesMany,
    /// Gives yes or no.
    GivesTruth,
    /// Gives a number.
    GivesNumber,
    /// Gives a record.
    GivesRecord,
    /// Gives text.
    GivesText,
}

/// How many facets there are.
pub(super) const FACETS: u32 = 26;

/// How much each says, and it in words, in the order of their values. What a caller comes for says most; what a
/// function does on its way, such as going over all or raising, says least.
const TABLE: [(Facet, f32, &str); FACETS as usize] = [
    (Facet::PutsGiven, 2.5, "keeps what it is given"),
    (Facet::Updates, 1.0, "updates what is kept"),
    (Facet::Mints, 1.5, "makes up a key"),
    (Facet::Finds, 1.0, "finds what the caller names"),
    (Facet::Removes, 2.0, "takes out what the caller names"),
    (Facet::RemovesOther, 0.4, "takes out what is not wanted any more"),
    (Facet::Consumes, 2.0, "takes the next one out"),
    (Facet::Clears, 2.0, "empties it"),
    (Facet::GoesOver, 0.4, "goes over what is kept"),
    (Facet::InvokesKept, 3.0, "calls functions that are kept"),
    (Facet::InvokesGiven, 2.0, "calls a function that it is given"),
    (Facet::CallsKept, 1.0, "calls methods of what is kept"),
    (Facet::CallsGiven, 0.4, "calls methods of what it is given"),
    (Facet::Counts, 3.0, "counts in what is kept"),
    (Facet::Renews, 2.0, "lets what is kept stay for longer"),
    (Facet::Raises, 0.4, "raises"),
    (Facet::StartsTask, 2.0, "starts a task"),
    (Facet::Loops, 1.0, "loops until told to stop"),
    (Facet::Measures, 0.4, "asks for the size"),
    (Facet::Judges, 0.4, "compares with a limit"),
    (Facet::GivesElement, 1.5, "gives what is kept"),
    (Facet::GivesMany, 1.0, "gives several things"),
    (Facet::GivesTruth, 0.7, "gives yes or no"),
    (Facet::GivesNumber, 0.7, "gives a number"),
    (Facet::GivesRecord, 1.0, "gives a record"),
    (Facet::GivesText, 0.7, "gives text"),
];

/// How much the name of an interface says, or the verb of a method of what is kept or given.
const NAME_WEIGHT: f32 = 1.5;

/// Some facets, and hashes of names in the bits above them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Facets(u64);

impl Facets {
    /// Those that say what is given.
    pub(super) const GIVES: Self =
        Self((1 << (Facet::GivesText as u8 + 1)) - (1 << Facet::GivesElement as u8));

    pub(super) fn add(&mut self, facet: Facet) {
        self.0 |= 1 << facet as u8;
    }

    pub(super) fn drop(&mut self, facet: Facet) {
        self.0 &= !(1 << facet as u8);
    }

    pub(super) fn drop_all(&mut self, facets: Self) {
        self.0 &= !facets.0;
    }

    pub(super) fn has(self, facet: Facet) -> bool {
        self.0 & (1 << facet as u8) != 0
    }

    pub(super) fn has_any(self, facets: Self) -> bool {
        self.0 & facets.0 != 0
    }

    /// Adds a name, by its digest.
    pub(super) fn add_name(&mut self, digest: u64) {
        let places = u64::from(u64::BITS - FACETS);
        self.0 |= 1 << (u64::from(FACETS) + digest % places);
    }

    pub(super) fn shared(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// How much they say together.
    pub(super) fn weight(self) -> f32 {
        let mut sum = (self.0 >> FACETS).count_ones() as f32 * NAME_WEIGHT;
        let mut left = self.0 & ((1 << FACETS) - 1);
        while left != 0 {
            sum += TABLE[left.trailing_zeros() as usize].1;
            left &= left - 1;
        }
        sum
    }

    /// Each in words, what says most first; names are left out.
    pub(super) fn in_words(self) -> Vec<&'static str> {
        let mut found: Vec<&(Facet, f32, &str)> =
            TABLE.iter().filter(|(facet, ..)| self.has(*facet)).collect();
        found.sort_by(|(_, a, _), (_, b, _)| b.total_cmp(a));
        found.into_iter().map(|(_, _, words)| *words).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_in_the_order_of_the_facets() {
        assert!(TABLE.iter().enumerate().all(|(at, (facet, ..))| *facet as usize == at));
        assert!(TABLE.iter().all(|(_, weight, words)| *weight > 0.0 && !words.is_empty()));
    }

    #[test]
    fn what_says_most_is_told_first() {
        let mut facets = Facets::default();
        facets.add(Facet::Raises);
        facets.add(Facet::PutsGiven);
        facets.add_name(7);
        assert_eq!(facets.in_words(), ["keeps what it is given", "raises"]);
        assert!((facets.weight() - 4.4).abs() < 1e-6);
    }
}
