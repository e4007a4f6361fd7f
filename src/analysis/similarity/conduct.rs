//! What a public function does for its caller, told without words and without the kind of store: its conduct.
//!
//! "Keeps what it is given under a key of its own" is one conduct, whether the store is a dictionary, a list that is
//! searched or a server far away. Where the functions of two units can be matched one to one, conduct by
//! conduct, the units do one job for their callers.

use super::features::Feature;
use crate::analysis::lexicon::Lexicon;
use crate::facts::Name;
use crate::facts::actions::{Action, ActionKind, Involved, Subject};

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

/// How many facets there are; the bits above them are names.
const FACETS: u32 = 26;

/// How much each says, in their order. What a caller comes for says most; what a function does on its
/// way, such as going over all or raising, says least.
const WEIGHTS: [f32; FACETS as usize] = [
    2.5, 1.0, 1.5, 1.0, 2.0, 0.4, 2.0, 2.0, 0.4, 3.0, 2.0, 1.0, 0.4, 3.0, 2.0, 0.4, 2.0, 1.0, 0.4, 0.4, 1.5,
    1.0, 0.7, 0.7, 1.0, 0.7,
];

/// Each in words, in their order.
const IN_WORDS: [&str; FACETS as usize] = [
    "keeps what it is given",
    "updates what is kept",
    "makes up a key",
    "finds what the caller names",
    "takes out what the caller names",
    "takes out what is not wanted any more",
    "takes the next one out",
    "empties it",
    "goes over what is kept",
    "calls functions that are kept",
    "calls a function that it is given",
    "calls methods of what is kept",
    "calls methods of what it is given",
    "counts in what is kept",
    "lets what is kept stay for longer",
    "raises",
    "starts a task",
    "loops until told to stop",
    "asks for the size",
    "compares with a limit",
    "gives what is kept",
    "gives several things",
    "gives yes or no",
    "gives a number",
    "gives a record",
    "gives text",
];

/// How much the name of an interface says, or the verb of a method of what is kept or given.
const NAME_WEIGHT: f32 = 1.5;

/// Functions that do less than this for their callers have no conduct.
const LEAST_WEIGHT: f32 = 1.0;

/// What a function does for its caller.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Conduct {
    /// Facets, and hashes of names above them.
    bits: u64,
    pub(super) weight: f32,
}

/// What is told of a function beside its actions.
pub(super) struct Surroundings<'a> {
    pub(super) lexicon: &'a Lexicon,
    /// The text of its annotation.
    pub(super) returns: Option<Name>,
    /// Which outside names it uses, itself and through the unit's functions that it calls.
    pub(super) uses: &'a [Feature],
}

impl Conduct {
    /// Of what a function does itself and through the unit's other functions; none where that is next to nothing.
    pub(super) fn of(actions: &[Action], around: &Surroundings<'_>) -> Option<Self> {
        let mut reading = Reading { around, bits: 0, has_clock: false };
        let is_drawn = reading.note_uses();
        for action in actions {
            // What is done when something fails is not what a caller comes for.
            if !action.by.has(Involved::ON_FAILURE) || action.kind == ActionKind::Raise {
                reading.note(action);
            }
        }
        reading.settle(is_drawn);
        let bits = reading.bits;
        let weight = weight_of(bits);
        (weight >= LEAST_WEIGHT).then_some(Self { bits, weight })
    }

    /// What a function is known by that does these things and no others.
    #[cfg(test)]
    pub(super) fn of_facets(facets: &[Facet]) -> Self {
        let bits = facets.iter().map(|facet| 1 << *facet as u8).sum();
        Self { bits, weight: weight_of(bits) }
    }

    /// An order for those of one weight.
    pub(super) fn cmp_bits(self, other: Self) -> std::cmp::Ordering {
        self.bits.cmp(&other.bits)
    }

    /// What both do, in words, what says most first.
    pub(super) fn shared(self, other: Self) -> Vec<&'static str> {
        let both = self.bits & other.bits;
        let mut facets: Vec<usize> = (0..FACETS as usize).filter(|at| both & (1 << at) != 0).collect();
        facets.sort_by(|a, b| WEIGHTS[*b].total_cmp(&WEIGHTS[*a]).then(a.cmp(b)));
        facets.into_iter().map(|at| IN_WORDS[at]).collect()
    }

    /// Of what either does, by weight, the share that both do.
    pub(super) fn likeness(self, other: Self) -> f32 {
        let both = weight_of(self.bits & other.bits);
        both / (self.weight + other.weight - both)
    }
}

fn weight_of(bits: u64) -> f32 {
    let mut sum = (bits >> FACETS).count_ones() as f32 * NAME_WEIGHT;
    let mut left = bits & ((1 << FACETS) - 1);
    while left != 0 {
        sum += WEIGHTS[left.trailing_zeros() as usize];
        left &= left - 1;
    }
    sum
}

/// A function on its way to its conduct.
struct Reading<'a> {
    around: &'a Surroundings<'a>,
    bits: u64,
    has_clock: bool,
}

impl Reading<'_> {
    fn add(&mut self, facet: Facet) {
        self.bits |= 1 << facet as u8;
    }

    fn has(&self, facet: Facet) -> bool {
        self.bits & (1 << facet as u8) != 0
    }

    fn add_name(&mut self, name: Name) {
        let places = u64::from(u64::BITS - FACETS);
        self.bits |= 1 << (u64::from(FACETS) + name.digest() % places);
    }

    /// Notes the outside interfaces; whether random tokens are among them.
    fn note_uses(&mut self) -> bool {
        let mut is_drawn = false;
        for used in self.around.uses {
            let Feature::Uses(group, Some(name)) = *used else { continue };
            if group != name {
                continue;
            }
            match group.as_str() {
                "clock" => self.has_clock = true,
                "random-token" => is_drawn = true,
                "start-task" => self.add(Facet::StartsTask),
                _ if self.around.lexicon.is_means(group) => {}
                _ => self.add_name(group),
            }
        }
        is_drawn
    }

    fn note(&mut self, action: &Action) {
        let lexicon = self.around.lexicon;
        let is_given = action.by.has(Involved::STORES_PARAMETER);
        let is_named = is_given || action.by.has(Involved::BY_PARAMETER);
        let is_kept = matches!(action.on, Subject::State | Subject::Element);
        let stored = lexicon.storage(action.name).filter(|_| is_kept && action.kind == ActionKind::Call);
        match stored.unwrap_or(action.kind) {
            ActionKind::Insert if is_kept => {
                let is_given = is_given || stored.is_some() && is_named;
                self.add(if is_given { Facet::PutsGiven } else { Facet::Updates });
            }
            ActionKind::Remove if is_kept => {
                self.add(match is_named {
                    true => Facet::Removes,
                    false if action.by.has(Involved::TAKES) => Facet::Consumes,
                    false => Facet::RemovesOther,
                });
            }
            ActionKind::Lookup | ActionKind::Contains if is_kept && is_named => self.add(Facet::Finds),
            ActionKind::Clear if is_kept => self.add(Facet::Clears),
            ActionKind::Iterate if is_kept => self.add(Facet::GoesOver),
            ActionKind::Measure if is_kept => self.add(Facet::Measures),
            ActionKind::Assign if stored.is_some() => self.add(Facet::Renews),
            ActionKind::Assign if action.on == Subject::Element => {
                self.add(Facet::Updates);
                if self.has_clock {
                    self.add(Facet::Renews);
                }
            }
            ActionKind::Increment if action.on == Subject::Element => self.add(Facet::Counts),
            ActionKind::Threshold => self.add(Facet::Judges),
            ActionKind::Repeat => self.add(Facet::Loops),
            ActionKind::Raise => self.add(Facet::Raises),
            ActionKind::Invoke => self.note_invoked(action),
            ActionKind::Call => self.note_called(action),
            ActionKind::Return => self.note_given(action.name),
            ActionKind::Insert
            | ActionKind::Remove
            | ActionKind::Lookup
            | ActionKind::Contains
            | ActionKind::Clear
            | ActionKind::Iterate
            | ActionKind::Measure
            | ActionKind::Assign
            | ActionKind::Increment
            | ActionKind::Enter
            | ActionKind::Catch
            | ActionKind::Delegate => {}
        }
    }

    fn note_invoked(&mut self, action: &Action) {
        match action.on {
            Subject::Element => self.add(Facet::InvokesKept),
            Subject::Parameter => self.add(Facet::InvokesGiven),
            // A clock that was handed in.
            Subject::State => {
                let name = action.name.as_str().trim_start_matches('_');
                self.has_clock |= matches!(name, "clock" | "now" | "time" | "timer");
            }
            Subject::Own | Subject::Nothing => {}
        }
    }

    fn note_called(&mut self, action: &Action) {
        if is_of_values(action.name) {
            return;
        }
        let facet = match action.on {
            Subject::Element => Facet::CallsKept,
            Subject::Parameter => Facet::CallsGiven,
            Subject::State | Subject::Own | Subject::Nothing => return,
        };
        self.add(facet);
        self.add_name(self.around.lexicon.interface_verb(action.name));
    }

    fn note_given(&mut self, shape: Name) {
        let facet = match shape.as_str() {
            "element" => Facet::GivesElement,
            "many" => Facet::GivesMany,
            "truth" => Facet::GivesTruth,
            "number" => Facet::GivesNumber,
            "record" => Facet::GivesRecord,
            "text" => Facet::GivesText,
            _ => return,
        };
        self.add(facet);
    }

    /// What follows from several facets, and what annotations say.
    fn settle(&mut self, is_drawn: bool) {
        if is_drawn && (self.has(Facet::PutsGiven) || self.has(Facet::Updates)) {
            self.add(Facet::Mints);
        }
        if self.has(Facet::PutsGiven) {
            self.bits &= !(1 << Facet::Updates as u8);
        } else if self.has_clock && self.has(Facet::Updates) && self.has(Facet::Finds) {
            self.add(Facet::Renews);
        }
        match self.around.returns.map_or(Annotation::Open, |returns| annotation_of(returns.as_str())) {
            Annotation::Nothing => self.bits &= !GIVES,
            Annotation::Plain(facet) => {
                self.bits &= !GIVES;
                self.add(facet);
            }
            Annotation::Held(facet) if self.bits & GIVES == 0 => self.add(facet),
            Annotation::Held(_) | Annotation::Open => {}
        }
        if self.has(Facet::Consumes) {
            // Room is made for something else, and what goes is lost.
            if self.has(Facet::PutsGiven) {
                self.bits &= !(1 << Facet::Consumes as u8);
                self.add(Facet::RemovesOther);
            }
        } else if self.has(Facet::RemovesOther) && self.has(Facet::Finds) && !self.has(Facet::GivesElement) {
            // A search for what the caller names, in a list.
            self.add(Facet::Removes);
        }
    }
}

/// The facets that say what is given.
const GIVES: u64 = (1 << (Facet::GivesText as u8 + 1)) - (1 << Facet::GivesElement as u8);

/// What an annotation says of what a function gives.
enum Annotation {
    /// Nothing.
    Nothing,
    /// This, whatever the body seems to say.
    Plain(Facet),
    /// This, where the body does not say where it comes from.
    Held(Facet),
    /// Something else.
    Open,
}

fn annotation_of(text: &str) -> Annotation {
    let text = text.trim_matches(['"', '\'', ' ', '&']);
    let head = text.split(['[', '<', '|']).next().unwrap_or(text).trim();
    match head.rsplit(['.', ':']).next().unwrap_or(head) {
        "None" | "()" => Annotation::Nothing,
        "bool" => Annotation::Plain(Facet::GivesTruth),
        "int" | "float" | "usize" | "u32" | "u64" | "i64" | "f64" => Annotation::Plain(Facet::GivesNumber),
        "List" | "list" | "Set" | "set" | "Iterator" | "Iterable" | "Tuple" | "tuple" | "Sequence"
        | "FrozenSet" | "frozenset" | "Vec" | "HashSet" | "BTreeSet" => Annotation::Held(Facet::GivesMany),
        "Dict" | "dict" | "Mapping" | "HashMap" | "BTreeMap" => Annotation::Held(Facet::GivesRecord),
        "Option" | "Result" | "Optional" => match text.get(head.len() + 1..text.len().saturating_sub(1)) {
            Some(inner) => annotation_of(inner.split(',').next().unwrap_or(inner)),
            None => Annotation::Open,
        },
        _ => Annotation::Open,
    }
}

/// Methods of plain values say nothing of a job.
fn is_of_values(method: Name) -> bool {
    matches!(
        method.as_str(),
        "sort"
            | "reverse"
            | "copy"
            | "clone"
            | "index"
            | "count"
            | "split"
            | "join"
            | "strip"
            | "removeprefix"
            | "startswith"
            | "endswith"
            | "encode"
            | "decode"
            | "hex"
            | "format"
            | "lower"
            | "upper"
            | "title"
            | "replace"
            | "to_string"
            | "isoformat"
            | "timestamp"
            | "total_seconds"
            | "date"
            | "union"
            | "difference"
            | "intersection"
            | "move_to_end"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_says_what_is_given() {
        let given = |text: &str| match annotation_of(text) {
            Annotation::Nothing => "nothing".to_owned(),
            Annotation::Plain(facet) => format!("{facet:?}"),
            Annotation::Held(facet) => format!("perhaps {facet:?}"),
            Annotation::Open => "open".to_owned(),
        };
        let told =
            ["None", "bool", "typing.List[int]", "Optional[int]", "Result<bool, Error>", "Session", "'int'"]
                .map(given);
        let expect = [
            "nothing",
            "GivesTruth",
            "perhaps GivesMany",
            "GivesNumber",
            "GivesTruth",
            "open",
            "GivesNumber",
        ];
        assert_eq!(told, expect);
    }

    #[test]
    fn every_facet_has_its_weight_and_its_words() {
        assert_eq!(Facet::GivesText as u32 + 1, FACETS);
        assert!(WEIGHTS.iter().all(|weight| *weight > 0.0));
        assert!(IN_WORDS.iter().all(|words| !words.is_empty()));
    }
}
