//! The parts of a similarity, in words.

use super::Profiles;
use super::conduct::Conduct;
use super::counterparts;
use super::features::{Feature, Stage, Weighed};
use super::units::Unit;
use crate::analysis::lexicon::Lexicon;
use crate::facts::actions::{ActionKind, Involved, Subject};
use crate::link::{FunctionId, Index};

/// One thing that two units share.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// In words: "call `send_json` on what they keep".
    pub statement: String,
    /// Its part of the likeness, from 0 to 1.
    pub weight: f32,
    /// How many units of the code base have it too.
    pub shared_by: u32,
}

/// Two public functions, one of each of two units, that do the same for their callers.
#[derive(Debug, Clone, PartialEq)]
pub struct Counterpart {
    /// The functions.
    pub functions: [FunctionId; 2],
    /// How alike they are, from 0 to 1.
    pub likeness: f32,
    /// What both do, in words, what says most first.
    pub shared: Vec<&'static str>,
}

impl Counterpart {
    /// "`attach` does what `connect_user` does: keeps what it is given, makes up a key".
    #[must_use]
    pub fn statement(&self, index: &Index) -> String {
        /// How much is said of what both do.
        const TOLD: usize = 3;
        let [own, theirs] = self.functions.map(|function| index.function(function).name);
        let shared = self.shared[..self.shared.len().min(TOLD)].join(", ");
        format!("`{own}` does what `{theirs}` does: {shared}")
    }
}

/// Explains likenesses within one tree.
pub struct Explainer<'a> {
    index: &'a Index,
    lexicon: &'a Lexicon,
    profiles: &'a Profiles,
}

impl<'a> Explainer<'a> {
    /// Explains what `profiles` say.
    #[must_use]
    pub fn new(index: &'a Index, lexicon: &'a Lexicon, profiles: &'a Profiles) -> Self {
        Self { index, lexicon, profiles }
    }

    /// Public functions of two units that do the same for their callers, those that are most alike first, at
    /// the most `limit`.
    #[must_use]
    pub fn counterparts(&self, pair: [Unit; 2], limit: usize) -> Vec<Counterpart> {
        /// What is less alike would not convince a reader.
        const TOLD_FROM: f32 = 0.5;
        let reader = self.profiles.reader(self.index, self.lexicon);
        let [own, theirs] = pair.map(|unit| reader.conducts(unit));
        let bare =
            |of: &[(FunctionId, Conduct)]| -> Vec<Conduct> { of.iter().map(|(_, found)| *found).collect() };
        let mut found: Vec<Counterpart> = counterparts::counterparts(&bare(&own), &bare(&theirs))
            .into_iter()
            .map(|pair| {
                let [at, other] = pair.positions;
                let ((own, does), (theirs, they_do)) = (own[at], theirs[other]);
                Counterpart {
                    functions: [own, theirs],
                    likeness: pair.likeness,
                    shared: does.shared(they_do),
                }
            })
            .collect();
        found.retain(|pair| pair.likeness >= TOLD_FROM && !pair.shared.is_empty());
        found.sort_by(|a, b| b.likeness.total_cmp(&a.likeness).then(a.functions.cmp(&b.functions)));
        found.truncate(limit);
        found
    }

    /// What two units share, the most telling first, at the most `limit` parts.
    #[must_use]
    pub fn shared_parts(&self, pair: [Unit; 2], limit: usize) -> Vec<Part> {
        let profiles = self.profiles;
        let mut reader = profiles.reader(self.index, self.lexicon);
        let [a, b] = pair.map(|unit| reader.features(unit));
        let mut parts: Vec<Part> = Vec::new();
        let mut total = 0.0;
        for Weighed { key, feature, weight } in &a {
            let Ok(at) = b.binary_search_by_key(key, |other| other.key) else { continue };
            let (shared_by, count) = profiles.spread(feature);
            let rarity = super::rarity(shared_by, count);
            let part = weight * b[at].weight * rarity * rarity;
            total += part;
            if let Some(statement) = describe(feature) {
                parts.push(Part { statement, weight: part, shared_by });
            }
        }
        parts.sort_by(|x, y| y.weight.total_cmp(&x.weight).then_with(|| x.statement.cmp(&y.statement)));
        let mut kept: Vec<Part> = Vec::new();
        for mut part in parts {
            part.weight /= f32::max(total, f32::MIN_POSITIVE);
            // One fact in two features is told once.
            if kept.len() < limit && !kept.iter().any(|known| known.statement == part.statement) {
                kept.push(part);
            }
        }
        kept
    }
}

/// The feature in words; none for what would not help a reader.
fn describe(feature: &Feature) -> Option<String> {
    Some(match *feature {
        Feature::Does(kind, on, by, name) => {
            let thing = thing(on);
            let key = if by.has(Involved::BY_PARAMETER) && by.has(Involved::KEYED) {
                " by a key that the caller gives"
            } else {
                ""
            };
            match kind {
                ActionKind::Insert if by.has(Involved::STORES_PARAMETER) => {
                    format!("put what the caller gives into {thing}{key}")
                }
                ActionKind::Insert => format!("put something into {thing}{key}"),
                ActionKind::Remove => format!("take something out of {thing}{key}"),
                ActionKind::Lookup => format!("look something up in {thing}{key}"),
                ActionKind::Contains => format!("ask whether something is in {thing}{key}"),
                ActionKind::Iterate => format!("go over all of {thing}"),
                ActionKind::Clear => format!("empty {thing}"),
                ActionKind::Measure => format!("count {thing}"),
                ActionKind::Call => format!("call `{}` on {thing}", name?),
                ActionKind::Invoke => format!("call {thing} as a function"),
                ActionKind::Assign => format!("mark {thing}"),
                ActionKind::Increment => format!("add up numbers in {thing}"),
                ActionKind::Threshold => "compare what they keep with a limit".to_owned(),
                ActionKind::Enter => "hold a lock or another context of theirs".to_owned(),
                ActionKind::Repeat => "loop until told to stop".to_owned(),
                ActionKind::Raise => format!("raise `{}`", name?),
                ActionKind::Catch => format!("catch `{}`", name?),
                ActionKind::Return => format!("return {}", name?),
                ActionKind::Delegate => return None,
            }
        }
        Feature::Handles(kind, by) => handled(kind, by).to_owned(),
        Feature::Gives((kind, by), Some(shape)) => format!("{} and return {shape}", handled(kind, by)),
        Feature::Calls(on, verb) => format!("{verb} something through {}", thing(on)),
        Feature::Together((first, on), (second, other, name)) => {
            let second = match name {
                Some(name) => format!("call `{name}` or the like on {}", thing(other)),
                None => format!("{} {}", word(second), thing(other)),
            };
            format!("{} {} and {second} in one method", word(first), thing(on))
        }
        Feature::Custody(first, second) => {
            format!("{} and {} what they keep in one place", stage(first), stage(second))
        }
        // Its two halves are told as parts of their own.
        Feature::HandlesBoth(..) | Feature::Gives(_, None) => return None,
        Feature::Uses(module, name) => match name {
            Some(name) if name != module => format!("use `{module}.{name}`"),
            Some(_) | None => format!("use `{module}`"),
        },
        Feature::Company(module, name) => match name {
            Some(name) if name != module => format!("are called where `{module}.{name}` is used"),
            Some(_) | None => format!("are called where `{module}` is used"),
        },
        Feature::Word(word) => format!("have `{word}` in their names"),
        Feature::Deed(verb, Some(object)) => format!("{verb} a {object}, by the names of their methods"),
        Feature::Deed(_, None) => return None,
        Feature::Parameter(word) => format!("take a `{word}`"),
        Feature::Field(word) => format!("keep `{word}`"),
    })
}

/// What a public function does with what is kept; whether the caller says with which.
fn handled(kind: ActionKind, by_caller: bool) -> &'static str {
    match (kind, by_caller) {
        (ActionKind::Insert, true) => "keep what the caller gives",
        (ActionKind::Insert, false) => "keep things of their own",
        (ActionKind::Remove, true) => "take out what the caller names",
        (ActionKind::Remove, false) => "take things out by themselves",
        (ActionKind::Lookup | ActionKind::Contains, true) => "find what they keep by what the caller gives",
        (ActionKind::Lookup | ActionKind::Contains, false) => "find what they keep by keys of their own",
        (ActionKind::Iterate, _) => "go over what they keep",
        (ActionKind::Clear, _) => "empty what they keep",
        (ActionKind::Measure, _) => "count what they keep",
        (ActionKind::Call, true) => "hand what the caller gives to the things that they keep",
        (ActionKind::Call, false) => "call methods of the things that they keep",
        (ActionKind::Invoke, _) => "call the things that they keep as functions",
        (ActionKind::Assign, _) => "mark the things that they keep",
        (ActionKind::Increment, _) => "add up numbers in what they keep",
        (ActionKind::Threshold, _) => "compare what they keep with a limit",
        (
            ActionKind::Enter
            | ActionKind::Repeat
            | ActionKind::Raise
            | ActionKind::Catch
            | ActionKind::Return
            | ActionKind::Delegate,
            _,
        ) => "work with what they keep",
    }
}

fn stage((kind, stores, name): Stage) -> String {
    match (kind, stores, name) {
        (ActionKind::Insert, true, _) => "add the caller's things to".to_owned(),
        (ActionKind::Call, _, Some(name)) => format!("call `{name}` or the like on"),
        (ActionKind::Return, _, _) => "give back parts of".to_owned(),
        (kind, _, _) => word(kind).to_owned(),
    }
}

fn thing(on: Subject) -> &'static str {
    match on {
        Subject::State => "what they keep",
        Subject::Element => "the things that they keep",
        Subject::Parameter => "what the caller gives",
        Subject::Own | Subject::Nothing => "something",
    }
}

fn word(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Insert => "put into",
        ActionKind::Remove => "take out of",
        ActionKind::Lookup => "look up in",
        ActionKind::Contains => "ask for in",
        ActionKind::Iterate => "go over",
        ActionKind::Clear => "empty",
        ActionKind::Measure => "count",
        ActionKind::Call | ActionKind::Invoke | ActionKind::Delegate => "call",
        ActionKind::Assign => "mark",
        ActionKind::Increment => "add up in",
        ActionKind::Threshold => "compare with a limit",
        ActionKind::Enter => "hold a lock of",
        ActionKind::Repeat => "loop over",
        ActionKind::Raise => "raise for",
        ActionKind::Catch => "catch from",
        ActionKind::Return => "return",
    }
}
