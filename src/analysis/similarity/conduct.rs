//! What a public function does for its caller, told without words and without the kind of store: its conduct.
//!
//! "Keeps what it is given under a key of its own" is one conduct, whether the store is a dictionary, a list that is
//! searched or a server far away. Where the functions of two units can be matched one to one, conduct by
//! conduct, the units do one job for their callers.

use super::facets::{Facet, Facets};
use super::features::Feature;
use crate::analysis::lexicon::Lexicon;
use crate::facts::Name;
use crate::facts::actions::{Action, ActionKind, Involved, Subject};

/// Functions that do less than this for their callers have no conduct.
const LEAST_WEIGHT: f32 = 1.0;

/// What a function does for its caller.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Conduct {
    facets: Facets,
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
        let mut reading = Reading { around, facets: Facets::default(), has_clock: false, takes: false };
        let is_drawn = reading.note_uses();
        for action in actions {
            // What is done when something fails is not what a caller comes for.
            if !action.by.has(Involved::ON_FAILURE) || action.kind == ActionKind::Raise {
                reading.note(action);
            }
        }
        reading.settle(is_drawn);
        let facets = reading.facets;
        let weight = facets.weight();
        (weight >= LEAST_WEIGHT).then_some(Self { facets, weight })
    }

    /// What a function is known by that does these things and no others.
    #[cfg(test)]
    pub(super) fn of_facets(all: &[Facet]) -> Self {
        let mut facets = Facets::default();
        all.iter().for_each(|facet| facets.add(*facet));
        Self { facets, weight: facets.weight() }
    }

    /// An order for those of one weight.
    pub(super) fn cmp_facets(self, other: Self) -> std::cmp::Ordering {
        self.facets.cmp(&other.facets)
    }

    /// What both do, in words, what says most first.
    pub(super) fn shared(self, other: Self) -> Vec<&'static str> {
        self.facets.shared(other.facets).in_words()
    }

    /// Of what either does, by weight, the share that both do.
    pub(super) fn likeness(self, other: Self) -> f32 {
        let both = self.facets.shared(other.facets).weight();
        both / (self.weight + other.weight - both)
    }
}

/// A function on its way to its conduct.
struct Reading<'a> {
    around: &'a Surroundings<'a>,
    facets: Facets,
    has_clock: bool,
    /// Whether it has what it takes out.
    takes: bool,
}

impl Reading<'_> {
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
                "start-task" => self.facets.add(Facet::StartsTask),
                _ if self.around.lexicon.is_means(group) => {}
                _ => self.facets.add_name(group.digest()),
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
                self.facets.add(if is_given { Facet::PutsGiven } else { Facet::Updates });
            }
            ActionKind::Remove if is_kept => {
                self.takes |= action.by.has(Involved::TAKES);
                self.facets.add(match is_named {
                    true => Facet::Removes,
                    false if action.by.has(Involved::TAKES) => Facet::Consumes,
                    false => Facet::RemovesOther,
                });
            }
            ActionKind::Lookup | ActionKind::Contains if is_kept && is_named => self.facets.add(Facet::Finds),
            ActionKind::Clear if is_kept => self.facets.add(Facet::Clears),
            ActionKind::Iterate if is_kept => self.facets.add(Facet::GoesOver),
            ActionKind::Measure if is_kept => self.facets.add(Facet::Measures),
            ActionKind::Assign if stored.is_some() => self.facets.add(Facet::Renews),
            ActionKind::Assign if action.on == Subject::Element => {
                self.facets.add(Facet::Updates);
                if self.has_clock {
                    self.facets.add(Facet::Renews);
                }
            }
            ActionKind::Increment if action.on == Subject::Element => self.facets.add(Facet::Counts),
            ActionKind::Threshold => self.facets.add(Facet::Judges),
            ActionKind::Repeat => self.facets.add(Facet::Loops),
            ActionKind::Raise => self.facets.add(Facet::Raises),
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
            Subject::Element => self.facets.add(Facet::InvokesKept),
            Subject::Parameter => self.facets.add(Facet::InvokesGiven),
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
        self.facets.add(facet);
        self.facets.add_name(self.around.lexicon.interface_verb(action.name).digest());
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
        self.facets.add(facet);
    }

    /// What follows from several facets, and what annotations say.
    fn settle(&mut self, is_drawn: bool) {
        if is_drawn && (self.facets.has(Facet::PutsGiven) || self.facets.has(Facet::Updates)) {
            self.facets.add(Facet::Mints);
        }
        if self.facets.has(Facet::PutsGiven) {
            self.facets.drop(Facet::Updates);
        } else if self.has_clock && self.facets.has(Facet::Updates) && self.facets.has(Facet::Finds) {
            self.facets.add(Facet::Renews);
        }
        match self.around.returns.map_or(Annotation::Open, |returns| annotation_of(returns.as_str())) {
            Annotation::Nothing => self.facets.drop_all(Facets::GIVES),
            Annotation::Plain(facet) => {
                self.facets.drop_all(Facets::GIVES);
                self.facets.add(facet);
            }
            Annotation::Held(facet) if !self.facets.has_any(Facets::GIVES) => self.facets.add(facet),
            Annotation::Held(_) | Annotation::Open => {}
        }
        if self.facets.has(Facet::Renews) {
            self.facets.drop(Facet::Updates);
        }
        // A record that is found is what is kept, in another form.
        if self.facets.has(Facet::Finds)
            && self.facets.has(Facet::GivesRecord)
            && !self.facets.has(Facet::GoesOver)
        {
            self.facets.drop(Facet::GivesRecord);
            self.facets.add(Facet::GivesElement);
        }
        // Who looks something up uses it; that it stays for longer then is no deed of its own.
        if self.facets.has(Facet::Finds) && self.facets.has(Facet::GivesElement) {
            self.facets.drop(Facet::Renews);
        }
        self.settle_removal();
    }

    /// What is taken out for the caller, and what goes on the way.
    fn settle_removal(&mut self) {
        let is_looked_up = self.facets.has(Facet::Finds) && self.facets.has(Facet::GivesElement);
        let is_on_the_way = |facet: Facet| match facet {
            // Room is made for something else, or what was there is replaced; what goes is lost.
            Facet::Consumes | Facet::Removes if self.facets.has(Facet::PutsGiven) => true,
            // What has run out is dropped when somebody asks for it.
            Facet::Removes => {
                is_looked_up && (self.facets.has(Facet::Judges) || self.has_clock && !self.takes)
            }
            _ => false,
        };
        let gone: Vec<Facet> = [Facet::Consumes, Facet::Removes]
            .into_iter()
            .filter(|facet| self.facets.has(*facet) && is_on_the_way(*facet))
            .collect();
        for facet in &gone {
            self.facets.drop(*facet);
            self.facets.add(Facet::RemovesOther);
        }
        // A search for what the caller names, in a list.
        let is_search = self.facets.has(Facet::RemovesOther) && self.facets.has(Facet::Finds);
        if is_search
            && gone.is_empty()
            && !self.facets.has(Facet::Consumes)
            && !self.facets.has(Facet::GivesElement)
            && !self.facets.has(Facet::InvokesKept)
        {
            self.facets.add(Facet::Removes);
        }
    }
}

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
        // A record without names.
        "Tuple" | "tuple" if text.contains(',') && !text.contains("...") => {
            Annotation::Held(Facet::GivesRecord)
        }
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

/// Methods of plain values and of a database's answers say nothing of a job.
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
            | "commit"
            | "rollback"
            | "cursor"
            | "fetchone"
            | "fetchmany"
            | "fetchall"
            | "mappings"
            | "scalar"
            | "scalars"
            | "scalar_one"
            | "scalar_one_or_none"
            | "one"
            | "one_or_none"
            | "first"
            | "all"
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
}
