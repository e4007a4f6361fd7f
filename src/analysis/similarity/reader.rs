//! A unit → what it does and the words that it does it under.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::conduct::{Conduct, Surroundings};
use super::counterparts;
use super::delegation::{Delegation, Records};
use super::features::{Feature, Side, Stage, Weighed};
use super::interfaces::{Callers, Interfaces, OutsideUses};
use super::units::{Families, Unit};
use crate::analysis::lexicon::{Lexicon, words_of};
use crate::facts::actions::{Action, ActionKind, Involved, Subject};
use crate::facts::names::last_segment;
use crate::facts::{Bound, MODULE_SCOPE, Name};
use crate::link::members::{fields_of, is_internal};
use crate::link::{FunctionId, Index, Origin};

/// What the name of a method says: the verb's group, and its objects'.
type SpokenDeed = (Name, Box<[Name]>);

/// What is told of a unit beside its features.
#[derive(Debug)]
pub(super) struct Told {
    /// Digests of its bodies, sorted.
    pub(super) bodies: Vec<u64>,
    /// Essential groups of interfaces that it uses: their keys as interface and as company.
    pub(super) essence: Vec<[u32; 2]>,
    /// What its public functions do for their callers.
    pub(super) conducts: Box<[Conduct]>,
}

/// Reads features; keeps the meaning of names that it met.
pub(super) struct Reader<'a> {
    pub(super) index: &'a Index,
    pub(super) families: &'a Families,
    lexicon: &'a Lexicon,
    records: Rc<Records<'a>>,
    /// The words of names that are no methods'.
    words: FxHashMap<Name, Box<[Name]>>,
    deeds: FxHashMap<Name, Option<SpokenDeed>>,
    interfaces: Interfaces<'a>,
}

/// How many things done with one place are paired.
const MAX_STAGES: usize = 10;

impl<'a> Reader<'a> {
    pub(super) fn new(
        index: &'a Index,
        families: &'a Families,
        uses: &'a OutsideUses,
        lexicon: &'a Lexicon,
    ) -> Self {
        let interfaces = Interfaces::new(index, families, lexicon, uses);
        let (words, deeds) = (FxHashMap::default(), FxHashMap::default());
        let records = Rc::new(Records::of(index));
        Self { index, families, lexicon, records, words, deeds, interfaces }
    }

    /// Functions that use a unit.
    pub(super) fn callers(&self, unit: Unit) -> Callers {
        self.interfaces.callers(unit)
    }

    /// The features of a unit, by ascending key.
    pub(super) fn features(&mut self, unit: Unit) -> Vec<Weighed> {
        let mut found = Vec::new();
        self.read(unit, 0, |weighed| found.push(weighed));
        found
    }

    /// What each public function of a unit does for its callers.
    pub(super) fn conducts(&self, unit: Unit) -> Vec<(FunctionId, Conduct)> {
        let delegation = Delegation::of(self.index, self.families, &self.records, unit);
        let steps = delegation.steps();
        let functions = delegation.functions().iter().filter(|function| !steps.contains(function));
        let found = functions.filter_map(|&function| {
            Some((function, self.conduct(&delegation, function, &delegation.whole(function))?))
        });
        counterparts::in_order(found.collect())
    }

    /// Gives each feature of a unit once, by ascending key; none for a unit that does and uses fewer
    /// distinct things than `least`.
    pub(super) fn read(&mut self, unit: Unit, least: usize, mut give: impl FnMut(Weighed)) -> Option<Told> {
        let mut counted: Vec<Feature> = Vec::with_capacity(256);
        let mut custody: Vec<(Name, Vec<Stage>)> = Vec::new();
        let delegation = Delegation::of(self.index, self.families, &self.records, unit);
        let steps = delegation.steps();
        let is_step = |function: &FunctionId| steps.binary_search(function).is_ok();
        let mut wholes: Vec<Vec<Action>> = Vec::new();
        let mut conducts = Vec::new();
        for &function in delegation.functions() {
            self.push_actions(delegation.own(function), &mut counted);
            if !is_step(&function) {
                let whole = delegation.whole(function);
                self.push_combinations(&whole, &mut counted);
                self.note_custody(&whole, &mut custody);
                let conduct = self.conduct(&delegation, function, &whole);
                conducts.extend(conduct.map(|conduct| (function, conduct)));
                wholes.push(whole);
            }
        }
        for (_, stages) in &mut custody {
            stages.sort_unstable();
            stages.dedup();
            stages.truncate(MAX_STAGES);
            for (position, &first) in stages.iter().enumerate() {
                let later = &stages[position + 1..];
                counted.extend(later.iter().map(|&second| Feature::Custody(first, second)));
            }
        }
        self.interfaces.push_uses(unit, &mut counted);
        self.interfaces.push_subjects(unit, &mut counted);
        self.push_spoken(&wholes, &mut counted);
        if counted.len() < least || distinct(&counted) < least {
            return None;
        }
        let mut bodies = Vec::new();
        for &function in delegation.functions() {
            bodies.push(self.index.function(function).digest);
            self.push_words(function, &mut counted);
        }
        for whole in &wholes {
            self.push_handling(whole, &mut counted);
        }
        self.push_name(unit, &mut counted);
        self.push_fields(unit, &mut counted);
        self.interfaces.push_company(unit, &mut counted);
        bodies.sort_unstable();
        let mut essence = Vec::new();
        // By key: comparing names by their text would cost more than all the rest.
        let keyed = counted.iter().enumerate().map(|(at, feature)| (feature.key(), at as u32));
        let mut keyed: Vec<(u32, u32)> = keyed.collect();
        keyed.sort_unstable();
        for same in keyed.chunk_by(|a, b| a.0 == b.0) {
            let (key, at) = same[0];
            let feature = counted[at as usize];
            let frequency = 1.0 + (same.len() as f32).ln();
            if let Feature::Uses(group, Some(name)) = feature
                && group == name
                && self.lexicon.is_essential(group)
            {
                essence.push([key, Feature::Company(group, Some(group)).key()]);
            }
            let weight = frequency * feature.weight() * self.interfaces.telling(&feature);
            give(Weighed { key, feature, weight });
        }
        let conducts = counterparts::in_order(conducts).into_iter().map(|(_, conduct)| conduct).collect();
        Some(Told { bodies, essence, conducts })
    }

    /// What a function does for its callers, where it has any from outside.
    fn conduct(
        &self,
        delegation: &Delegation<'_>,
        function: FunctionId,
        whole: &[Action],
    ) -> Option<Conduct> {
        let fact = self.index.function(function);
        let is_wiring = matches!(fact.name.as_str(), "__init__" | "__repr__" | "__str__");
        let is_called = fact.name.as_str().starts_with("__") || !is_internal(self.index, function);
        if is_wiring || !is_called {
            return None;
        }
        let mut uses: Vec<Feature> = Vec::new();
        for reached in delegation.reach(function) {
            let fact = self.index.function(reached);
            uses.extend(self.interfaces.within(reached.file, fact.at..fact.end));
        }
        let around = Surroundings { lexicon: self.lexicon, returns: fact.returns, uses: &uses };
        Conduct::of(whole, &around)
    }

    /// Groups of interfaces that what it is given and what it keeps belongs to, by the methods that it calls there.
    fn push_spoken(&self, wholes: &[Vec<Action>], out: &mut Vec<Feature>) {
        let mut groups: Vec<Name> = Vec::new();
        for action in wholes.iter().flatten() {
            if action.kind == ActionKind::Call
                && matches!(action.on, Subject::Element | Subject::Parameter)
                && let Some(group) = self.lexicon.spoken(action.name)
                && !groups.contains(&group)
            {
                groups.push(group);
            }
        }
        for group in groups {
            let used = Feature::Uses(group, Some(group));
            if !out.contains(&used) {
                out.push(used);
            }
        }
    }

    fn push_name(&mut self, unit: Unit, out: &mut Vec<Feature>) {
        let name = match unit {
            Unit::Class(class) => self.index.class(class).name,
            Unit::Module(_) => {
                let id = unit.id(self.index).as_str();
                Name::new(last_segment(id))
            }
        };
        out.extend(self.words(name).iter().map(|word| Feature::Word(*word)));
    }

    fn push_actions(&self, actions: &[Action], out: &mut Vec<Feature>) {
        for action in actions {
            let action = &Action { by: action.by.without(Involved::MANNER), ..*action };
            match action.kind {
                ActionKind::Insert
                | ActionKind::Remove
                | ActionKind::Lookup
                | ActionKind::Contains
                | ActionKind::Iterate
                | ActionKind::Clear
                | ActionKind::Measure
                | ActionKind::Repeat
                | ActionKind::Invoke => out.push(Feature::Does(action.kind, action.on, action.by, None)),
                ActionKind::Call => {
                    out.push(Feature::Does(action.kind, action.on, action.by, Some(action.name)));
                    out.push(Feature::Calls(action.on, self.lexicon.interface_verb(action.name)));
                }
                ActionKind::Threshold | ActionKind::Enter | ActionKind::Increment => {
                    out.push(Feature::Does(action.kind, action.on, Involved::NOTHING, None));
                }
                ActionKind::Assign => {
                    if action.on != Subject::State {
                        out.push(Feature::Does(action.kind, action.on, action.by, None));
                    }
                }
                ActionKind::Return | ActionKind::Raise | ActionKind::Catch => {
                    out.push(Feature::Does(action.kind, Subject::Nothing, action.by, Some(action.name)));
                }
                ActionKind::Delegate => {}
            }
        }
    }

    /// What a function keeps, beside what it does with things that come from there or from its caller.
    fn push_combinations(&self, actions: &[Action], out: &mut Vec<Feature>) {
        let mut kept: Vec<(ActionKind, Subject)> = Vec::new();
        let mut done: Vec<(ActionKind, Subject, Option<Name>)> = Vec::new();
        for action in actions {
            match action.kind {
                ActionKind::Insert
                | ActionKind::Remove
                | ActionKind::Lookup
                | ActionKind::Contains
                | ActionKind::Iterate
                | ActionKind::Clear
                | ActionKind::Measure => {
                    if matches!(action.on, Subject::State | Subject::Element) {
                        kept.push((action.kind, action.on));
                    }
                }
                ActionKind::Call => {
                    if matches!(action.on, Subject::Element | Subject::Parameter | Subject::State) {
                        let verb = self.lexicon.interface_verb(action.name);
                        done.push((action.kind, action.on, Some(verb)));
                    }
                }
                ActionKind::Invoke | ActionKind::Threshold | ActionKind::Enter | ActionKind::Increment => {
                    done.push((action.kind, action.on, None));
                }
                ActionKind::Return => done.push((action.kind, Subject::Nothing, Some(action.name))),
                ActionKind::Assign
                | ActionKind::Repeat
                | ActionKind::Raise
                | ActionKind::Catch
                | ActionKind::Delegate => {}
            }
        }
        kept.sort_unstable();
        kept.dedup();
        done.sort_unstable();
        done.dedup();
        for &first in kept.iter().take(6) {
            for &second in done.iter().take(8) {
                out.push(Feature::Together(first, second));
            }
            for &other in kept.iter().filter(|other| **other > first).take(6) {
                out.push(Feature::Together(first, (other.0, other.1, None)));
            }
        }
    }

    /// What a function does with what is kept, wherever that lies.
    fn push_handling(&self, actions: &[Action], out: &mut Vec<Feature>) {
        let mut handled: Vec<(ActionKind, bool)> = Vec::new();
        let mut shapes: Vec<Name> = Vec::new();
        // A list that is searched is gone over as a means.
        let is_searched = |place: Name| {
            actions.iter().any(|action| action.name == place && action.by.has(Involved::BY_SEARCH))
        };
        for action in actions {
            if action.kind == ActionKind::Return {
                shapes.push(action.name);
                continue;
            }
            if action.kind == ActionKind::Iterate && is_searched(action.name) {
                continue;
            }
            let by_caller =
                action.by.has(Involved::BY_PARAMETER) || action.by.has(Involved::STORES_PARAMETER);
            let is_kept = matches!(action.on, Subject::State | Subject::Element);
            let kind = match action.kind {
                ActionKind::Contains => Some(ActionKind::Lookup),
                kind @ (ActionKind::Insert
                | ActionKind::Remove
                | ActionKind::Lookup
                | ActionKind::Iterate
                | ActionKind::Clear
                | ActionKind::Measure
                | ActionKind::Threshold
                | ActionKind::Increment) => Some(kind),
                ActionKind::Invoke => Some(ActionKind::Invoke),
                ActionKind::Call => {
                    let stored = self.lexicon.storage(action.name);
                    stored.or((action.on == Subject::Element).then_some(ActionKind::Call))
                }
                ActionKind::Assign => (action.on == Subject::Element).then_some(ActionKind::Assign),
                ActionKind::Enter
                | ActionKind::Repeat
                | ActionKind::Raise
                | ActionKind::Catch
                | ActionKind::Return
                | ActionKind::Delegate => None,
            };
            handled.extend(kind.filter(|_| is_kept).map(|kind| (kind, by_caller)));
        }
        handled.sort_unstable();
        handled.dedup();
        for (position, &first) in handled.iter().enumerate() {
            out.push(Feature::Handles(first.0, first.1));
            out.extend(handled[position + 1..].iter().map(|&second| Feature::HandlesBoth(first, second)));
            out.extend(shapes.iter().map(|shape| Feature::Gives(first, Some(*shape))));
            if shapes.is_empty() {
                out.push(Feature::Gives(first, None));
            }
        }
    }

    /// What a function does with what lies in which place.
    fn note_custody(&self, actions: &[Action], custody: &mut Vec<(Name, Vec<Stage>)>) {
        let mut places: Vec<Name> = Vec::new();
        let mut with_elements: Vec<Stage> = Vec::new();
        for action in actions {
            match action.kind {
                ActionKind::Insert
                | ActionKind::Remove
                | ActionKind::Lookup
                | ActionKind::Contains
                | ActionKind::Iterate
                | ActionKind::Clear
                | ActionKind::Measure => {
                    if !places.contains(&action.name) {
                        places.push(action.name);
                    }
                    let stores = action.by.has(Involved::STORES_PARAMETER);
                    stages_of(custody, action.name).push((action.kind, stores, None));
                }
                ActionKind::Call if action.on == Subject::Element => {
                    let verb = self.lexicon.interface_verb(action.name);
                    with_elements.push((action.kind, false, Some(verb)));
                }
                ActionKind::Invoke if action.on == Subject::Element => {
                    with_elements.push((action.kind, false, None));
                }
                ActionKind::Return if action.name.as_str() == "element" => {
                    with_elements.push((action.kind, false, Some(action.name)));
                }
                ActionKind::Call
                | ActionKind::Invoke
                | ActionKind::Return
                | ActionKind::Assign
                | ActionKind::Increment
                | ActionKind::Threshold
                | ActionKind::Enter
                | ActionKind::Repeat
                | ActionKind::Raise
                | ActionKind::Catch
                | ActionKind::Delegate => {}
            }
        }
        for place in places {
            stages_of(custody, place).extend(&with_elements);
        }
    }

    /// The words of a function's name, where it is public, and of its parameters.
    fn push_words(&mut self, function: FunctionId, out: &mut Vec<Feature>) {
        let index = self.index;
        let facts = &index.file(function.file).facts;
        let fact = index.function(function);
        if !is_internal(index, function)
            && let Some((verb, objects)) = self.deed(fact.name)
        {
            out.push(Feature::Deed(*verb, None));
            out.extend(objects.iter().map(|object| Feature::Deed(*verb, Some(*object))));
        }
        for parameter in facts.parameters_of(fact) {
            let is_receiver = matches!(parameter.name.as_str(), "self" | "cls" | "args" | "kwargs");
            if !is_receiver {
                out.extend(self.words(parameter.name).iter().map(|word| Feature::Parameter(*word)));
            }
        }
    }

    fn push_fields(&mut self, unit: Unit, out: &mut Vec<Feature>) {
        let index = self.index;
        match unit {
            Unit::Class(class) => {
                for ancestor in self.families.own_line(index, class) {
                    let Origin::Source { file, index: at } = index.class(ancestor).origin else { continue };
                    let mut names: Vec<Name> = fields_of(index, file, at).map(|field| field.name).collect();
                    names.sort_unstable();
                    names.dedup();
                    for name in names {
                        out.extend(self.words(name).iter().map(|word| Feature::Field(*word)));
                    }
                }
            }
            Unit::Module(file) => {
                let facts = &index.file(file).facts;
                let values = facts.bindings_in(MODULE_SCOPE).iter();
                let values = values.filter(|binding| matches!(binding.target, Bound::Value { .. }));
                let mut names: Vec<Name> = values.map(|binding| binding.name).collect();
                names.sort_unstable();
                names.dedup();
                for name in names {
                    out.extend(self.words(name).iter().map(|word| Feature::Field(*word)));
                }
            }
        }
    }

    fn words(&mut self, name: Name) -> &[Name] {
        let lexicon = self.lexicon;
        self.words.entry(name).or_insert_with(|| {
            let words = words_of(name.as_str());
            words.iter().filter(|word| word.len() > 1).map(|word| Name::new(lexicon.object(word))).collect()
        })
    }

    fn deed(&mut self, name: Name) -> Option<&SpokenDeed> {
        let lexicon = self.lexicon;
        let deed = self.deeds.entry(name).or_insert_with(|| {
            let deed = lexicon.deed(name.as_str())?;
            Some((Name::new(&deed.verb), deed.objects.iter().map(|object| Name::new(object)).collect()))
        });
        deed.as_ref()
    }
}

/// What is done with one place.
fn stages_of(custody: &mut Vec<(Name, Vec<Stage>)>, place: Name) -> &mut Vec<Stage> {
    let at = custody.iter().position(|(known, _)| *known == place).unwrap_or_else(|| {
        custody.push((place, Vec::new()));
        custody.len() - 1
    });
    &mut custody[at].1
}

/// How many distinct things a unit does and uses; what it returns is counted with what it keeps.
fn distinct(features: &[Feature]) -> usize {
    let telling = features.iter().filter(|feature| feature.side() != Side::Handling);
    let mut keys: Vec<u32> = telling.map(Feature::key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.len()
}
