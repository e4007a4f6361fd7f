//! A unit → what it does and the words that it does it under.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::features::{Feature, Features, Stage, Weighed};
use super::units::{Families, Unit, functions_of};
use crate::analysis::lexicon::{Lexicon, words_of};
use crate::facts::actions::{ActionKind, Involved, Subject};
use crate::facts::{Bound, FileFacts, Import, Imported, MODULE_SCOPE, Name, Step};
use crate::link::members::fields_of;
use crate::link::{FileId, FunctionId, Index, Origin};
use crate::text::Offset;

/// What the words of a name mean.
struct Spoken {
    words: Box<[Name]>,
    deed: Option<(Name, Box<[Name]>)>,
}

/// Reads features; keeps the meaning of names that it met.
pub(super) struct Reader<'a> {
    pub(super) index: &'a Index,
    pub(super) families: &'a Families,
    lexicon: &'a Lexicon,
    spoken: FxHashMap<Name, Spoken>,
    /// Uses of outside names, by place, of the files read last.
    uses: FxHashMap<FileId, Vec<(Offset, Feature)>>,
}

/// How many things done with one place are paired.
const MAX_STAGES: usize = 10;

/// Of how many files a reader keeps the uses.
const KEPT_FILES: usize = 16;

impl<'a> Reader<'a> {
    pub(super) fn new(index: &'a Index, families: &'a Families, lexicon: &'a Lexicon) -> Self {
        Self { index, families, lexicon, spoken: FxHashMap::default(), uses: FxHashMap::default() }
    }

    pub(super) fn features(&mut self, unit: Unit) -> Features {
        let mut counted: Vec<Feature> = Vec::with_capacity(128);
        let mut bodies = Vec::new();
        let mut custody: BTreeMap<Name, BTreeSet<Stage>> = BTreeMap::new();
        self.push_name(unit, &mut counted);
        for function in functions_of(self.index, self.families, unit) {
            let fact = self.index.function(function);
            if fact.traits.is_stub || fact.traits.is_overload {
                continue;
            }
            bodies.push(fact.digest);
            self.push_actions(function, &mut counted);
            self.note_custody(function, &mut custody);
            self.push_words(function, &mut counted);
        }
        for stages in custody.values() {
            for (position, &first) in stages.iter().take(MAX_STAGES).enumerate() {
                let later = stages.iter().take(MAX_STAGES).skip(position + 1);
                counted.extend(later.map(|&second| Feature::Custody(first, second)));
            }
        }
        self.push_fields(unit, &mut counted);
        self.push_uses(unit, &mut counted);
        let mut keyed: Vec<(u32, Feature)> =
            counted.into_iter().map(|feature| (feature.key(), feature)).collect();
        // By key: comparing names by their text would cost more than all the rest.
        keyed.sort_unstable_by_key(|(key, _)| *key);
        bodies.sort_unstable();
        let found = keyed.chunk_by(|a, b| a.0 == b.0).map(|same| {
            let frequency = 1.0 + (same.len() as f32).ln();
            let (key, feature) = same[0];
            Weighed { key, feature, weight: frequency * feature.weight() }
        });
        Features { found: found.collect(), bodies }
    }

    fn push_name(&mut self, unit: Unit, out: &mut Vec<Feature>) {
        let name = match unit {
            Unit::Class(class) => self.index.class(class).name,
            Unit::Module(_) => {
                let id = unit.id(self.index).as_str();
                Name::new(id.rsplit('.').next().unwrap_or(id))
            }
        };
        out.extend(self.words(name).iter().map(|word| Feature::Word(*word)));
    }

    fn push_actions(&self, function: FunctionId, out: &mut Vec<Feature>) {
        let facts = &self.index.file(function.file).facts;
        let actions = &facts.actions[facts.functions[function.index.index()].actions.range()];
        // What it keeps, beside what it does with things that come from there or from its caller.
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
                    out.push(Feature::Does(action.kind, action.on, action.by, None));
                    if matches!(action.on, Subject::State | Subject::Element) {
                        kept.push((action.kind, action.on));
                    }
                }
                ActionKind::Call => {
                    let by = action.by;
                    out.push(Feature::Does(action.kind, action.on, by, Some(action.name)));
                    let verb = self.lexicon.interface_verb(action.name);
                    out.push(Feature::Calls(action.on, verb));
                    if matches!(action.on, Subject::Element | Subject::Parameter | Subject::State) {
                        done.push((action.kind, action.on, Some(verb)));
                    }
                }
                ActionKind::Invoke => {
                    out.push(Feature::Does(action.kind, action.on, action.by, None));
                    done.push((action.kind, action.on, None));
                }
                ActionKind::Threshold | ActionKind::Enter | ActionKind::Increment => {
                    out.push(Feature::Does(action.kind, action.on, Involved::NOTHING, None));
                    done.push((action.kind, action.on, None));
                }
                ActionKind::Assign => {
                    if action.on != Subject::State {
                        out.push(Feature::Does(action.kind, action.on, action.by, None));
                    }
                }
                ActionKind::Repeat => out.push(Feature::Does(action.kind, action.on, action.by, None)),
                ActionKind::Return => {
                    out.push(Feature::Does(action.kind, Subject::Nothing, action.by, Some(action.name)));
                    done.push((action.kind, Subject::Nothing, Some(action.name)));
                }
                ActionKind::Raise | ActionKind::Catch => {
                    out.push(Feature::Does(action.kind, Subject::Nothing, action.by, Some(action.name)));
                }
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

    /// What a function does with what lies in which place.
    fn note_custody(&self, function: FunctionId, custody: &mut BTreeMap<Name, BTreeSet<Stage>>) {
        let facts = &self.index.file(function.file).facts;
        let actions = &facts.actions[facts.functions[function.index.index()].actions.range()];
        let mut places: BTreeSet<Name> = BTreeSet::new();
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
                    places.insert(action.name);
                    let stores = action.by.has(Involved::STORES_PARAMETER);
                    custody.entry(action.name).or_default().insert((action.kind, stores, None));
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
                | ActionKind::Catch => {}
            }
        }
        for place in places {
            custody.entry(place).or_default().extend(&with_elements);
        }
    }

    /// The words of a function's name, where it is public, and of its parameters.
    fn push_words(&mut self, function: FunctionId, out: &mut Vec<Feature>) {
        let index = self.index;
        let facts = &index.file(function.file).facts;
        let fact = index.function(function);
        if !fact.name.as_str().starts_with('_') {
            self.understand(fact.name);
            if let Some((verb, objects)) = self.spoken.get(&fact.name).and_then(|s| s.deed.as_ref()) {
                out.push(Feature::Deed(*verb, None));
                out.extend(objects.iter().map(|object| Feature::Deed(*verb, Some(*object))));
            }
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

    /// Names from outside the tree that its text leads to, each once.
    fn push_uses(&mut self, unit: Unit, out: &mut Vec<Feature>) {
        let index = self.index;
        let spans: Vec<(FileId, std::ops::Range<Offset>)> = match unit {
            Unit::Class(class) => {
                let line = self.families.own_line(index, class);
                line.filter_map(|ancestor| Unit::Class(ancestor).span(index)).collect()
            }
            Unit::Module(_) => unit.span(index).into_iter().collect(),
        };
        let mut used: Vec<Feature> = Vec::new();
        for (file, span) in spans {
            let uses = self.uses_in(file);
            let start = uses.partition_point(|(at, _)| *at < span.start);
            let within = uses[start..].iter().take_while(|(at, _)| *at < span.end);
            used.extend(within.map(|(_, feature)| *feature));
        }
        used.sort_unstable();
        used.dedup();
        out.extend(used);
    }

    fn uses_in(&mut self, file: FileId) -> &[(Offset, Feature)] {
        if self.uses.len() >= KEPT_FILES && !self.uses.contains_key(&file) {
            self.uses.clear();
        }
        let (index, families, lexicon) = (self.index, self.families, self.lexicon);
        self.uses.entry(file).or_insert_with(|| {
            let facts = &index.file(file).facts;
            let mut found = Vec::new();
            for chain in &facts.chains {
                let root = facts.root_of(chain).name;
                let steps = &facts.steps[chain.steps.range()];
                let uses = uses_of(families, lexicon, facts, root, steps);
                found.extend(uses.map(|feature| (chain.at, feature)));
            }
            found.sort_unstable();
            found
        })
    }

    fn words(&mut self, name: Name) -> Box<[Name]> {
        self.understand(name);
        self.spoken.get(&name).map(|spoken| spoken.words.clone()).unwrap_or_default()
    }

    fn understand(&mut self, name: Name) {
        let lexicon = self.lexicon;
        self.spoken.entry(name).or_insert_with(|| {
            let words = words_of(name.as_str());
            let groups =
                words.iter().filter(|word| word.len() > 1).map(|word| Name::new(&lexicon.object(word)));
            let deed = lexicon.deed(name.as_str()).map(|deed| {
                (Name::new(&deed.verb), deed.objects.iter().map(|object| Name::new(object)).collect())
            });
            Spoken { words: groups.collect(), deed }
        });
    }
}

/// What a chain uses that comes from outside the tree: the package, and the name in it.
fn uses_of(
    families: &Families,
    lexicon: &Lexicon,
    facts: &FileFacts,
    root: Name,
    steps: &[Step],
) -> impl Iterator<Item = Feature> {
    let import = imported_from(facts, root).filter(|import| {
        let top = Name::new(top_of(import.module));
        // What says nothing of the job.
        let is_idle = matches!(
            top.as_str(),
            "typing" | "typing_extensions" | "__future__" | "abc" | "logging" | "dataclasses"
        );
        !is_idle && !families.is_own_package(top)
    });
    let features = import.map(|import| {
        let attribute = steps.iter().find_map(|step| match step {
            Step::Attribute(name, _) => Some(*name),
            Step::Call | Step::Await | Step::Index => None,
        });
        let name = match import.what {
            Imported::Module | Imported::ModuleAs => attribute,
            Imported::Name(name) => Some(name),
            Imported::Star | Imported::Dynamic => None,
        };
        match lexicon.interface(import.module, name) {
            // Other libraries for the same thing.
            Some(group) => [Some(Feature::Uses(group, Some(group))), None],
            None => {
                let package = Feature::Uses(Name::new(top_of(import.module)), None);
                [Some(package), name.map(|name| Feature::Uses(import.module, Some(name)))]
            }
        }
    });
    features.into_iter().flatten().flatten()
}

fn top_of(module: Name) -> &'static str {
    module.as_str().split('.').next().unwrap_or_default()
}

/// The absolute import that binds a name of the module.
fn imported_from(facts: &FileFacts, root: Name) -> Option<&Import> {
    let mut bound = facts.bindings_of(MODULE_SCOPE, root).iter().rev();
    bound.find_map(|binding| match binding.target {
        Bound::Import(import) => Some(&facts.imports[import.index()]).filter(|import| import.level == 0),
        Bound::Type(_)
        | Bound::Function(_)
        | Bound::Parameter(_)
        | Bound::Receiver { .. }
        | Bound::Value { .. }
        | Bound::TypeAlias(_)
        | Bound::TypeParameter
        | Bound::Opaque
        | Bound::Deleted
        | Bound::Star(_) => None,
    })
}
