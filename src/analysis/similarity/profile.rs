//! The profile of one unit as weighted bags, and how near two of them are, part by part.

use super::units::Unit;

/// A weighted bag: keys ascending, and its length.
#[derive(Debug, Default)]
pub(super) struct Bag {
    entries: Box<[(u32, f32)]>,
    norm: f32,
}

impl Bag {
    pub(super) fn new(entries: Vec<(u32, f32)>) -> Self {
        let norm = entries.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
        Self { entries: entries.into_boxed_slice(), norm }
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (u32, f32)> {
        self.entries.iter().copied()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = u32> {
        self.entries.iter().map(|(key, _)| *key)
    }

    fn has(&self, key: u32) -> bool {
        self.entries.binary_search_by_key(&key, |(known, _)| *known).is_ok()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn length(&self) -> f32 {
        self.norm
    }

    /// What two bags have in common.
    fn meet(&self, other: &Self) -> Meeting {
        let mut found = Meeting::default();
        let (mut a, mut b) = (0, 0);
        while let (Some(&(key, weight)), Some(&(other_key, other_weight))) =
            (self.entries.get(a), other.entries.get(b))
        {
            match key.cmp(&other_key) {
                std::cmp::Ordering::Less => a += 1,
                std::cmp::Ordering::Greater => b += 1,
                std::cmp::Ordering::Equal => {
                    found.dot += weight * other_weight;
                    found.own += weight * weight;
                    found.theirs += other_weight * other_weight;
                    a += 1;
                    b += 1;
                }
            }
        }
        found
    }
}

/// What two bags have in common: the product, and the squared weights of the shared keys on each side.
#[derive(Debug, Clone, Copy, Default)]
struct Meeting {
    dot: f32,
    own: f32,
    theirs: f32,
}

/// How much each part counts in the score; the score is their mean with these weights.
#[derive(Debug, Clone, Copy)]
pub struct Weights {
    /// Likeness of what public functions do with what is kept.
    pub handling: f32,
    /// Likeness of what is done one by one.
    pub actions: f32,
    /// Likeness of the outside interfaces that are used.
    pub interfaces: f32,
    /// Likeness of the outside interfaces that callers use.
    pub company: f32,
    /// Likeness of words.
    pub vocabulary: f32,
    /// The smaller one of [`Score::covered`].
    pub less_covered: f32,
    /// The larger one.
    pub more_covered: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            handling: 0.22,
            actions: 0.16,
            interfaces: 0.13,
            company: 0.16,
            vocabulary: 0.0,
            less_covered: 0.22,
            more_covered: 0.11,
        }
    }
}

/// How near two units are, each part from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Score {
    /// All of it.
    pub total: f32,
    /// Cosine of all that is done and used, as one bag.
    pub behaviour: f32,
    /// Cosine of what is done, without the interfaces that are used.
    pub structure: f32,
    /// Cosine of what public functions do with what is kept.
    pub handling: f32,
    /// Cosine of what is done one by one.
    pub actions: f32,
    /// Cosine of the outside interfaces that are used.
    pub interfaces: f32,
    /// Cosine of the outside interfaces that callers use.
    pub company: f32,
    /// Cosine of vocabularies.
    pub vocabulary: f32,
    /// Share of the smaller one's bodies that the other has word for word.
    pub copied: f32,
    /// Of what each of the two does, by weight, the share that the other does too: first one's, then the
    /// other's.
    pub covered: [f32; 2],
    /// Whether one is about an outside interface that neither the other nor its callers use.
    pub is_about_other_things: bool,
    /// Whether both are about one outside interface.
    pub is_about_one_thing: bool,
}

/// What one unit does and uses, who calls it, and in which words.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) unit: Unit,
    pub(super) handling: Bag,
    pub(super) actions: Bag,
    pub(super) interfaces: Bag,
    pub(super) company: Bag,
    pub(super) vocabulary: Bag,
    pub(super) bodies: Box<[u64]>,
    /// Keys of what it is about, as interface and as company.
    pub(super) essence: Box<[[u32; 2]]>,
}

impl Profile {
    pub(super) fn bags(&self) -> [&Bag; 5] {
        [&self.handling, &self.actions, &self.interfaces, &self.company, &self.vocabulary]
    }

    /// Whether `other` is about something that this one and its callers have nothing to do with.
    fn lacks_essence_of(&self, other: &Self) -> bool {
        let has = |[used, company]: &[u32; 2]| self.interfaces.has(*used) || self.company.has(*company);
        !other.essence.is_empty() && !other.essence.iter().any(has)
    }

    pub(super) fn score(&self, other: &Self, weights: &Weights) -> Score {
        let meetings: [Meeting; 5] = std::array::from_fn(|at| self.bags()[at].meet(other.bags()[at]));
        // Cosine of several bags as one.
        let cosine = |range: std::ops::Range<usize>| {
            let norm = |profile: &Self| {
                let bags = profile.bags();
                bags[range.clone()].iter().map(|bag| bag.norm * bag.norm).sum::<f32>().sqrt()
            };
            let dot: f32 = meetings[range.clone()].iter().map(|met| met.dot).sum();
            let length = norm(self) * norm(other);
            if length > 0.0 { dot / length } else { 0.0 }
        };
        let share = |profile: &Self, part: fn(&Meeting) -> f32| {
            let whole: f32 = profile.bags()[..3].iter().map(|bag| bag.norm * bag.norm).sum();
            let shared: f32 = meetings[..3].iter().map(part).sum();
            if whole > 0.0 { shared / whole } else { 0.0 }
        };
        let mut score = Score {
            total: 0.0,
            behaviour: cosine(0..3),
            structure: cosine(0..2),
            handling: cosine(0..1),
            actions: cosine(1..2),
            interfaces: cosine(2..3),
            company: cosine(3..4),
            vocabulary: cosine(4..5),
            copied: copied_share(&self.bodies, &other.bodies),
            covered: [share(self, |met| met.own), share(other, |met| met.theirs)],
            is_about_other_things: self.lacks_essence_of(other) || other.lacks_essence_of(self),
            is_about_one_thing: self.essence.iter().any(|key| other.essence.contains(key)),
        };
        score.total = score.mean(weights).max(score.copied * (0.5 + score.behaviour / 2.0));
        score
    }
}

impl Score {
    /// The score and the likeness of words, where nobody said that the two are one concept.
    #[must_use]
    pub fn with_words(&self, weight: f32) -> f32 {
        (1.0 - weight) * self.total + weight * self.vocabulary
    }

    fn mean(&self, weights: &Weights) -> f32 {
        let [own, theirs] = self.covered;
        let parts = [
            (weights.handling, self.handling),
            (weights.actions, self.actions),
            (weights.interfaces, self.interfaces),
            (weights.company, self.company),
            (weights.vocabulary, self.vocabulary),
            (weights.less_covered, own.min(theirs)),
            (weights.more_covered, own.max(theirs)),
        ];
        let whole: f32 = parts.iter().map(|(weight, _)| weight).sum();
        let sum: f32 = parts.iter().map(|(weight, part)| weight * part).sum();
        if whole > 0.0 { sum / whole } else { 0.0 }
    }
}

/// Of the fewer bodies, the share that the other has too. Both sorted.
fn copied_share(a: &[u64], b: &[u64]) -> f32 {
    let fewer = a.len().min(b.len());
    if fewer == 0 {
        return 0.0;
    }
    let (mut at, mut other, mut same) = (0, 0, 0usize);
    while let (Some(x), Some(y)) = (a.get(at), b.get(other)) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => at += 1,
            std::cmp::Ordering::Greater => other += 1,
            std::cmp::Ordering::Equal => {
                same += 1;
                at += 1;
                other += 1;
            }
        }
    }
    same as f32 / fewer as f32
}
