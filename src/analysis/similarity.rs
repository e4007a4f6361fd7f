//! How near two units are in what they are responsible for, whatever their authors called things.
//!
//! Profiles: handling (what public methods do with what is kept), actions (what methods do one by one, with state,
//! with what they took from it and with parameters), interfaces (outside names used), company (those that
//! callers use), vocabulary (words, reduced by the lexicon) and bodies (digests). Features weigh by log
//! frequency and by rarity in this code base (Salton and Buckley, 1988); profiles are compared by cosine, part by
//! part. A score alone decides nothing: how many other units are nearer matters as much. See [`Rules`] for
//! the thresholds and [`explain`] for the parts of a judgement.

mod conduct;
mod counterparts;
mod delegation;
pub mod explain;
mod facets;
pub mod features;
mod interfaces;
mod postings;
mod profile;
mod reader;
mod reading;
pub mod units;

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use self::features::{Feature, Side};
use self::interfaces::OutsideUses;
use self::postings::{Posting, Postings};
use self::profile::{Bag, Profile};
pub use self::profile::{Score, Weights};
use self::reader::Reader;
use self::reading::{Raw, Readings};
use self::units::{Families, Unit};
use super::lexicon::Lexicon;
use crate::link::{ClassId, Index};

/// What is as near to another as this share of [`Rules::near_score`] is of its kind.
const SAME_KIND: f32 = 0.7;

/// A pair that has this share of what is needed may have all of it after a change elsewhere.
const SLACK: f32 = 0.85;

/// Below this likeness of words, two units have next to no word in common.
const WORDLESS: f32 = 0.1;

/// Thresholds and weights; they stand in `rules/similarity.toml`.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// How much each part counts in the score.
    pub weights: Weights,
    /// From this score on, and within [`Rules::near_rank`], two units have one responsibility.
    pub near_score: f32,
    /// How many others may be nearer, seen from the closer side.
    pub near_rank: u32,
    /// How much words count where nobody declared a concept.
    pub discovery_words: f32,
    /// From this score with words on a concept is proposed that nobody declared.
    pub discovery_score: f32,
    /// The same without words, for two that are about one outside interface.
    pub discovery_essential: f32,
    /// The same where words are next to nothing alike. What is about other things needs as much.
    pub discovery_wordless: f32,
    /// And from this likeness on of what they do alone: one library in common is no job in common.
    pub discovery_structure: f32,
    /// From this likeness of words on, types of one name are one concept whatever they do.
    pub name_words: f32,
    /// Units that do fewer distinct things than this are not proposed.
    pub discovery_content: u32,
    /// From this score on they have, whatever else is near.
    pub sure_score: f32,
    /// Below this behaviour alone, no score convinces.
    pub least_behaviour: f32,
    /// Below this behaviour, words of the same job are contradicted.
    pub contradicted_below: f32,
    /// From this share of bodies on that are the same, word for word, one is a copy of the other.
    pub copied_share: f32,
    /// Units with fewer features of behaviour than this are not judged.
    pub least_content: u32,
    /// Features that more units than this have say too little to find candidates by.
    pub common: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            weights: Weights::default(),
            near_score: 0.33,
            near_rank: 3,
            discovery_words: 0.2,
            discovery_score: 0.4,
            name_words: 0.6,
            discovery_essential: 0.43,
            discovery_structure: 0.35,
            discovery_wordless: 0.56,
            discovery_content: 14,
            sure_score: 0.45,
            least_behaviour: 0.15,
            contradicted_below: 0.3,
            copied_share: 0.6,
            least_content: 8,
            common: 160,
        }
    }
}

/// Position of a unit in [`Profiles`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitId(u32);

/// The profiles of all units of a tree.
#[derive(Debug)]
pub struct Profiles {
    rules: Rules,
    families: Families,
    uses: OutsideUses,
    readings: Readings,
    units: Vec<Unit>,
    /// What was read of each of them.
    read: Vec<Arc<Raw>>,
    /// The same with rarity in it, for each that was asked for.
    weighed: Vec<OnceLock<Profile>>,
    positions: FxHashMap<Unit, UnitId>,
    postings: Postings,
}

impl Profiles {
    /// Reads the profiles of every class and every module with state.
    #[must_use]
    pub fn of(index: &Index, lexicon: &Lexicon, rules: Rules) -> Self {
        Self::after(None, index, lexicon, rules)
    }

    /// The same for a tree that was linked after another one: `before` has its profiles, read with the same lexicon and rules.
    #[must_use]
    pub fn after(before: Option<&Self>, index: &Index, lexicon: &Lexicon, rules: Rules) -> Self {
        let families = Families::of(index);
        let uses = OutsideUses::of(index, before.map(|before| &before.uses));
        let all = units::units_of(index);
        let readings_before = before.map(|before| (&before.readings, &before.families));
        let reader = || Reader::new(index, &families, &uses, lexicon);
        let least = rules.least_content as usize;
        let (readings, found) = Readings::of(readings_before, index, &families, &all, least, reader);
        let count = before.map_or(0, |before| before.units.len());
        let mut moved: Vec<Option<UnitId>> = vec![None; count];
        let mut fresh: Vec<Posting> = Vec::new();
        for (at, read) in (0u32..).zip(&found) {
            match read.before {
                Some(before) => moved[before.0 as usize] = Some(UnitId(at)),
                None => fresh.extend(read.raw.keys().map(|key| (key, UnitId(at)))),
            }
        }
        let postings = match before {
            Some(before) => before.postings.changed(|unit| moved[unit.0 as usize], fresh),
            None => Postings::of(fresh),
        };
        let units: Vec<Unit> = found.iter().map(|read| read.unit).collect();
        Self {
            rules,
            families,
            uses,
            readings,
            read: found.into_iter().map(|read| read.raw).collect(),
            weighed: units.iter().map(|_| OnceLock::new()).collect(),
            positions: (0u32..).zip(&units).map(|(at, unit)| (*unit, UnitId(at))).collect(),
            units,
            postings,
        }
    }

    fn profile(&self, id: UnitId) -> &Profile {
        let at = id.0 as usize;
        self.weighed[at].get_or_init(|| {
            let raw = &self.read[at];
            let weigh = |bag: &Vec<(u32, f32)>| {
                Bag::new(bag.iter().map(|&(key, weight)| (key, weight * self.rarity(key))).collect())
            };
            let [handling, actions, interfaces, company, vocabulary] = raw.sides.each_ref().map(weigh);
            Profile { handling, actions, interfaces, company, vocabulary, told: raw.told.clone() }
        })
    }

    fn rarity(&self, key: u32) -> f32 {
        rarity(self.postings.units_with(key).len() as u32, self.units.len() as u32)
    }

    /// Reads features as the profiles were read.
    fn reader<'a>(&'a self, index: &'a Index, lexicon: &'a Lexicon) -> Reader<'a> {
        Reader::new(index, &self.families, &self.uses, lexicon)
    }

    /// The unit, where it has enough content to be judged.
    #[must_use]
    pub fn find(&self, unit: Unit) -> Option<UnitId> {
        self.positions.get(&unit).copied()
    }

    /// The unit of a class.
    #[must_use]
    pub fn of_class(&self, class: ClassId) -> Option<UnitId> {
        self.find(Unit::Class(class))
    }

    /// What stands at a position.
    #[must_use]
    pub fn unit(&self, id: UnitId) -> Unit {
        self.units[id.0 as usize]
    }

    /// All positions, in the order of the files.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = UnitId> + use<> {
        (0..self.units.len() as u32).map(UnitId)
    }

    /// How near two units are.
    #[must_use]
    pub fn score(&self, a: UnitId, b: UnitId) -> Score {
        self.profile(a).score(self.profile(b), &self.rules.weights)
    }

    /// The units nearest to `of`, nearest first, at the most `limit`; equal ones in the order of the files.
    #[must_use]
    pub fn nearest(&self, of: UnitId, limit: usize) -> Vec<(UnitId, Score)> {
        let mut scored: Vec<(UnitId, Score)> =
            self.candidates(of).into_iter().map(|other| (other, self.score(of, other))).collect();
        scored.sort_by(|a, b| b.1.total.total_cmp(&a.1.total).then(a.0.cmp(&b.0)));
        scored.truncate(limit);
        scored
    }

    /// Units that share rare features with `of`, those that share most of it.
    fn candidates(&self, of: UnitId) -> Vec<UnitId> {
        /// How many are scored in full.
        const MOST: usize = 96;
        let profile = self.profile(of);
        let common = self.rules.common.max(2) as usize;
        let mut sums = vec![0.0_f32; self.units.len()];
        let mut met: Vec<UnitId> = Vec::new();
        for bag in profile.bags() {
            for (key, weight) in bag.entries() {
                let units = self.postings.units_with(key);
                if !(2..=common).contains(&units.len()) {
                    continue;
                }
                let part = weight * weight / bag.length().powi(2).max(f32::MIN_POSITIVE);
                for other in units {
                    let sum = &mut sums[other.0 as usize];
                    if *sum == 0.0 {
                        met.push(*other);
                    }
                    *sum += part;
                }
            }
        }
        met.retain(|other| *other != of);
        let sum_of = |unit: &UnitId| sums[unit.0 as usize];
        let by_sum = |a: &UnitId, b: &UnitId| sum_of(b).total_cmp(&sum_of(a)).then(a.cmp(b));
        if met.len() > MOST {
            met.select_nth_unstable_by(MOST, by_sum);
            met.truncate(MOST);
        }
        met.sort_unstable_by(by_sum);
        met
    }

    /// How many units have a feature, and how many units there are.
    #[must_use]
    pub fn spread(&self, feature: &Feature) -> (u32, u32) {
        (self.postings.units_with(feature.key()).len() as u32, self.units.len() as u32)
    }

    /// Whether few enough units are nearer to one of the two than the other is, seen from either side. Units that
    /// are near to both are of the same kind and do not count.
    #[must_use]
    pub fn is_among_nearest(&self, a: UnitId, b: UnitId) -> bool {
        let score = self.score(a, b).total;
        let are_few_nearer = |of: UnitId, to: UnitId| {
            let others = self.nearest(of, 4 * self.rules.near_rank as usize + 8).into_iter();
            let nearer = others.take_while(|(_, found)| found.total > score);
            let is_other = |other: UnitId| self.score(other, to).total < SAME_KIND * self.rules.near_score;
            nearer.filter(|(other, _)| is_other(*other)).count() < self.rules.near_rank as usize
        };
        are_few_nearer(a, b) || are_few_nearer(b, a)
    }

    /// Whether a unit does enough for a concept to be proposed from it.
    #[must_use]
    pub fn is_substantial(&self, id: UnitId) -> bool {
        let raw = &self.read[id.0 as usize];
        raw.side(Side::Actions).len() >= self.rules.discovery_content as usize && raw.told.bodies.len() >= 3
    }

    /// Whether a score alone is enough to propose a concept that nobody declared.
    #[must_use]
    pub fn is_discovery(&self, score: Score) -> bool {
        self.is_discovery_within(score, 1.0)
            && self.is_same_responsibility(score, || self.rules.near_rank > 0)
    }

    /// Whether a score is enough, or so near to it that a change elsewhere in the tree may make it enough: what is rare, and
    /// what else is near, depends on the whole tree.
    #[must_use]
    pub fn is_nearly_discovery(&self, score: Score) -> bool {
        self.is_discovery_within(score, SLACK) && score.doing() >= SLACK * self.rules.least_behaviour
    }

    /// The same for a concept that is declared, whatever else is near.
    #[must_use]
    pub fn is_nearly_same(&self, score: Score) -> bool {
        score.copied >= SLACK * self.rules.copied_share || score.total >= SLACK * self.rules.near_score
    }

    fn is_discovery_within(&self, score: Score, slack: f32) -> bool {
        let rules = &self.rules;
        let is_near = if score.is_about_one_thing {
            score.total >= slack * rules.discovery_essential
        } else if score.vocabulary < WORDLESS {
            score.total >= slack * rules.discovery_wordless
        } else {
            score.with_words(rules.discovery_words) >= slack * rules.discovery_score
        };
        is_near && score.structure >= slack * rules.discovery_structure
    }

    /// How near two units are, words included.
    #[must_use]
    pub fn likeness(&self, a: UnitId, b: UnitId) -> f32 {
        self.score(a, b).with_words(self.rules.discovery_words)
    }

    /// Whether two units of one name are alike enough for the name to mean one thing: in what they do, or
    /// in the words of their interfaces.
    #[must_use]
    pub fn is_name_confirmed(&self, a: UnitId, b: UnitId) -> bool {
        let score = self.score(a, b);
        score.vocabulary >= self.rules.name_words
            || score.with_words(self.rules.discovery_words) >= self.rules.near_score
    }

    /// Whether behaviour lets words of the same job stand.
    #[must_use]
    pub fn is_thinkable(&self, score: Score) -> bool {
        score.doing() >= self.rules.contradicted_below
    }

    /// Whether a score is enough whatever else is near.
    #[must_use]
    pub fn is_sure(&self, score: Score) -> bool {
        score.total >= self.rules.sure_score
    }

    /// Whether a score makes two units have one responsibility; most say it alone, and the rest by whether few others
    /// are nearer.
    #[must_use]
    pub fn is_same_responsibility(&self, score: Score, is_among_nearest: impl FnOnce() -> bool) -> bool {
        let rules = &self.rules;
        if score.copied >= rules.copied_share {
            return true;
        }
        let is_convincing = !score.is_about_other_things || score.total >= rules.discovery_wordless;
        is_convincing
            && score.doing() >= rules.least_behaviour
            && (self.is_sure(score) || score.total >= rules.near_score && is_among_nearest())
    }
}

/// How much it says that something is done by `spread` of `count` units. In a small tree, where copies may be
/// most of what there is, what they share must not count as common: some units of another code base
/// that do each thing once are thought beside it.
fn rarity(spread: u32, count: u32) -> f32 {
    /// How many others are thought beside the tree.
    const OTHERS: f32 = 50.0;
    (1.0 + (count as f32 + OTHERS) / (spread.max(1) as f32 + 1.0)).ln()
}
