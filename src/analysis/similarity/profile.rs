//! The profile of one unit as weighted bags, and how near two of them are, part by part.

use std::sync::Arc;

use super::counterparts;
use super::reader::Told;

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

    fn has(&self, key: u32) -> bool {
        self.entries.binary_search_by_key(&key, |(known, _)| *known).is_ok()
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
            if key == other_key {
                found.dot += weight * other_weight;
                found.own += weight * weight;
                found.theirs += other_weight * other_weight;
            }
            // Which one is behind is a toss, so that a branch would be mistaken about it half of the time.
            a += usize::from(key <= other_key);
            b += usize::from(other_key <= key);
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

impl Meeting {
    /// The cosine, where each side is thought to have something else besides: what little two units use says
    /// little of them, however alike it is.
    fn smoothed(&self, own: &Bag, theirs: &Bag) -> f32 {
        /// How much, as much as one outside name of a package that few use weighs.
        const BESIDES: f32 = 3.0;
        let length = |bag: &Bag| bag.norm.mul_add(bag.norm, BESIDES * BESIDES).sqrt();
        self.dot / (length(own) * length(theirs))
    }
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
    /// The smaller one of [`Score::conduct`].
    pub less_conduct: f32,
    /// The larger one.
    pub more_conduct: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            handling: 0.16,
            actions: 0.02,
            interfaces: 0.18,
            company: 0.13,
            vocabulary: 0.0,
            less_covered: 0.07,
            more_covered: 0.0,
            less_conduct: 0.21,
            more_conduct: 0.23,
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
    /// Of what each of the two does for its callers, by weight, the share that has a counterpart with the other.
    pub conduct: [f32; 2],
    /// Whether one is about an outside interface that neither the other nor its callers use.
    pub is_about_other_things: bool,
    /// Whether both are about one outside interface.
    pub is_about_one_thing: bool,
}

/// What one unit does and uses, who calls it, and in which words.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) handling: Bag,
    pub(super) actions: Bag,
    pub(super) interfaces: Bag,
    pub(super) company: Bag,
    pub(super) vocabulary: Bag,
    pub(super) told: Arc<Told>,
}

impl Profile {
    pub(super) fn bags(&self) -> [&Bag; 5] {
        [&self.handling, &self.actions, &self.interfaces, &self.company, &self.vocabulary]
    }

    /// Whether `other` is about something that this one and its callers have nothing to do with.
    fn lacks_essence_of(&self, other: &Self) -> bool {
        let has = |[used, company]: &[u32; 2]| self.interfaces.has(*used) || self.company.has(*company);
        let essence = &other.told.essence;
        !essence.is_empty() && !essence.iter().any(has)
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
            interfaces: meetings[2].smoothed(&self.interfaces, &other.interfaces),
            company: meetings[3].smoothed(&self.company, &other.company),
            vocabulary: cosine(4..5),
            copied: copied_share(&self.told.bodies, &other.told.bodies),
            covered: [share(self, |met| met.own), share(other, |met| met.theirs)],
            conduct: counterparts::shares(&self.told.conducts, &other.told.conducts),
            is_about_other_things: self.lacks_essence_of(other) || other.lacks_essence_of(self),
            is_about_one_thing: self.told.essence.iter().any(|key| other.told.essence.contains(key)),
        };
        score.total = score.mean(weights).max(score.copied * (0.5 + score.behaviour / 2.0));
        score
    }
}

impl Score {
    /// The smaller share of what the two do for their callers that has a counterpart.
    #[must_use]
    pub fn functions(&self) -> f32 {
        let [own, theirs] = self.conduct;
        own.min(theirs)
    }

    /// "likeness 0.41 (functions 0.55, behaviour 0.38, words 0.04)"
    #[must_use]
    pub fn in_words(&self) -> String {
        let copied = match (self.copied * 100.0).round() {
            0.0 => String::new(),
            percent => format!(", {percent} % of the bodies word for word"),
        };
        format!(
            "likeness {:.2} (functions {:.2}, behaviour {:.2}, words {:.2}{copied})",
            self.total,
            self.functions(),
            self.behaviour,
            self.vocabulary
        )
    }

    /// How far the two do the same, in whichever way that shows better: in what is done, or in what it does for callers.
    #[must_use]
    pub fn doing(&self) -> f32 {
        self.behaviour.max(self.functions())
    }

    /// The score and the likeness of words, where nobody said that the two are one concept.
    #[must_use]
    pub fn with_words(&self, weight: f32) -> f32 {
        (1.0 - weight) * self.total + weight * self.vocabulary
    }

    fn mean(&self, weights: &Weights) -> f32 {
        let [own, theirs] = self.covered;
        let [does, they_do] = self.conduct;
        let parts = [
            (weights.handling, self.handling),
            (weights.actions, self.actions),
            (weights.interfaces, self.interfaces),
            (weights.company, self.company),
            (weights.vocabulary, self.vocabulary),
            (weights.less_covered, own.min(theirs)),
            (weights.more_covered, own.max(theirs)),
            (weights.less_conduct, does.min(they_do)),
            (weights.more_conduct, does.max(they_do)),
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
