//! Which names from outside the tree a unit uses, and which those use that call it.

use rustc_hash::FxHashMap;

use super::features::Feature;
use super::units::{Families, Unit};
use crate::analysis::lexicon::Lexicon;
use crate::facts::{Bound, FileFacts, FunctionIdx, Import, Imported, MODULE_SCOPE, Name, ScopeKind, Step};
use crate::link::{FileId, Index};
use crate::text::Offset;

/// How many references to a unit are looked at for its company.
const MAX_CALLERS: usize = 64;

/// Modules of the standard library that code of every kind uses.
const PLUMBING: [&str; 18] = [
    "collections",
    "contextlib",
    "copy",
    "enum",
    "functools",
    "inspect",
    "itertools",
    "operator",
    "os",
    "re",
    "string",
    "sys",
    "textwrap",
    "traceback",
    "types",
    "typing",
    "warnings",
    "weakref",
];

/// Of how many files a reader keeps the uses.
const KEPT_FILES: usize = 16;

/// Reads uses of outside names; keeps those of the files that it met last.
pub(super) struct Interfaces<'a> {
    index: &'a Index,
    families: &'a Families,
    lexicon: &'a Lexicon,
    /// By place.
    uses: FxHashMap<FileId, Vec<(Offset, Feature)>>,
}

impl<'a> Interfaces<'a> {
    pub(super) fn new(index: &'a Index, families: &'a Families, lexicon: &'a Lexicon) -> Self {
        Self { index, families, lexicon, uses: FxHashMap::default() }
    }

    /// How telling the source of an outside name is: another package says most, what the standard library
    /// has for every job says next to nothing.
    pub(super) fn telling(&self, feature: &Feature) -> f32 {
        let (Feature::Uses(module, name) | Feature::Company(module, name)) = *feature else { return 1.0 };
        let is_group = name == Some(module);
        let top = top_of(module);
        if is_group {
            1.0
        } else if PLUMBING.contains(&top) {
            0.1
        } else if self.index.library.module(Name::new(top)).is_some() {
            0.3
        } else {
            1.0
        }
    }

    /// Names from outside the tree that its text leads to, each once.
    pub(super) fn push_uses(&mut self, unit: Unit, out: &mut Vec<Feature>) {
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

    /// Names from outside the tree that functions use which call the unit, each once.
    pub(super) fn push_company(&mut self, unit: Unit, out: &mut Vec<Feature>) {
        let index = self.index;
        let Unit::Class(class) = unit else { return };
        let own = unit.span(index);
        let references = &index.references;
        let direct = references.of_class(class).iter().map(|found| (found.file, found.scope, found.at));
        let called = references.on_receiver(class).iter().map(|found| (found.file, found.scope, found.at));
        let mut callers: Vec<(FileId, FunctionIdx)> = Vec::new();
        for (file, scope, at) in direct.chain(called).take(MAX_CALLERS) {
            let is_own = own.as_ref().is_some_and(|(of, span)| *of == file && span.contains(&at));
            if !is_own && let ScopeKind::Function(function) = index.file(file).facts.enclosing(scope) {
                callers.push((file, function));
            }
        }
        callers.sort_unstable();
        callers.dedup();
        let mut used: Vec<Feature> = Vec::new();
        for (file, function) in callers {
            let fact = &index.file(file).facts.functions[function.index()];
            let uses = self.uses_in(file);
            let start = uses.partition_point(|(at, _)| *at < fact.at);
            let within = uses[start..].iter().take_while(|(at, _)| *at < fact.end);
            used.extend(within.filter_map(|(_, feature)| match *feature {
                Feature::Uses(module, name) => Some(Feature::Company(module, name)),
                _ => None,
            }));
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
