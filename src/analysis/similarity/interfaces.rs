//! Which names from outside the tree a unit uses, and which those use that call it.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::features::Feature;
use super::units::{Families, Unit};
use crate::analysis::lexicon::Lexicon;
use crate::facts::{
    Bound, ChainId, FileFacts, FunctionIdx, Import, ImportIdx, Imported, Name, Root, ScopeKind,
};
use crate::link::resolve::{Entity, Resolver};
use crate::link::{ClassId, FileId, Index};
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

/// Uses of names from outside the tree by place, for each of its files that was asked for.
#[derive(Debug, Default)]
pub(super) struct OutsideUses(Vec<OnceLock<PlacedUses>>);

/// Uses in one file, in the order of the source.
type PlacedUses = Arc<[(Offset, Feature)]>;

impl OutsideUses {
    /// Those of files that are as they were `before` are known.
    pub(super) fn of(index: &Index, before: Option<&Self>) -> Self {
        let known = |at: usize| {
            let origin = index.changes.as_ref()?.unchanged(FileId(at as u32))?;
            before?.0.get(origin.0 as usize).cloned()
        };
        Self((0..index.tree_files).map(|at| known(at).unwrap_or_default()).collect())
    }
}

/// Functions that use a unit.
pub(super) type Callers = Vec<(FileId, FunctionIdx)>;

/// Reads what units and their callers use.
pub(super) struct Interfaces<'a> {
    index: &'a Index,
    families: &'a Families,
    lexicon: &'a Lexicon,
    uses: &'a OutsideUses,
}

impl<'a> Interfaces<'a> {
    pub(super) fn new(
        index: &'a Index,
        families: &'a Families,
        lexicon: &'a Lexicon,
        uses: &'a OutsideUses,
    ) -> Self {
        Self { index, families, lexicon, uses }
    }

    /// The uses within a span of a file, in the order of the source.
    pub(super) fn within(
        &self,
        file: FileId,
        span: Range<Offset>,
    ) -> impl Iterator<Item = Feature> + use<'a> {
        let facts = &self.index.file(file).facts;
        let uses =
            self.uses.0.get(file.0 as usize).map_or(&[][..], |uses| uses.get_or_init(|| self.uses_in(facts)));
        let start = uses.partition_point(|(at, _)| *at < span.start);
        uses[start..].iter().take_while(move |(at, _)| *at < span.end).map(|(_, feature)| *feature)
    }

    /// How telling the source of an outside name is: another package says most, what the standard library
    /// has for every job says next to nothing.
    pub(super) fn telling(&self, feature: &Feature) -> f32 {
        let (Feature::Uses(module, name) | Feature::Company(module, name)) = *feature else { return 1.0 };
        let is_group = name == Some(module);
        let top = top_of(module);
        if is_group && !self.lexicon.is_means(module) {
            1.0
        } else if PLUMBING.contains(&top) || top == "std" {
            0.1
        } else if is_group || self.index.library.module(Name::new(top)).is_some() {
            0.3
        } else {
            1.0
        }
    }

    /// Names from outside the tree that its text leads to, each once.
    pub(super) fn push_uses(&self, unit: Unit, out: &mut Vec<Feature>) {
        let index = self.index;
        let spans: Vec<(FileId, Range<Offset>)> = match unit {
            Unit::Class(class) => {
                let line = self.families.own_line(index, class);
                line.flat_map(|ancestor| Unit::Class(ancestor).spans(index)).collect()
            }
            Unit::Module(_) => unit.spans(index),
        };
        let used = spans.into_iter().flat_map(|(file, span)| self.within(file, span));
        push_each_once(used, out);
    }

    /// Types of the tree that its fields hold and its methods take and give: what it is about, each once.
    pub(super) fn push_subjects(&self, unit: Unit, out: &mut Vec<Feature>) {
        let index = self.index;
        let Unit::Class(class) = unit else { return };
        let resolver = Resolver::new(index);
        let mut found: Vec<ClassId> = Vec::new();
        let mut note = |file: FileId, chain: Option<ChainId>| {
            if let Some(chain) = chain
                && let Entity::Class(subject) | Entity::Held(subject, _) = resolver.chain(file, chain)
                && index.is_in_tree(subject)
                && !index.class(class).mro.contains(subject)
            {
                found.push(subject);
            }
        };
        for (file, part) in index.parts_of(class) {
            let facts = &index.file(file).facts;
            let is_within = |at: Offset| (part.at..part.end).contains(&at);
            let first = facts.functions.partition_point(|function| function.at < part.at);
            for function in facts.functions[first..].iter().take_while(|function| is_within(function.at)) {
                for parameter in facts.parameters_of(function) {
                    note(file, parameter.annotation_chain);
                }
                note(file, function.returns_chain);
            }
            let first = facts.fields.partition_point(|field| field.at < part.at);
            for field in facts.fields[first..].iter().take_while(|field| is_within(field.at)) {
                note(file, field.annotation_chain);
            }
        }
        push_each_once(found.into_iter().map(|subject| Feature::Uses(index.class(subject).id, None)), out);
    }

    /// Functions outside of a unit that use it, sorted.
    pub(super) fn callers(&self, unit: Unit) -> Callers {
        let index = self.index;
        let Unit::Class(class) = unit else { return Vec::new() };
        let own = unit.spans(index);
        let references = &index.references;
        let direct = references.of_class(class).iter().map(|found| (found.file, found.scope, found.at));
        let called = references.on_receiver(class).iter().map(|found| (found.file, found.scope, found.at));
        let mut callers: Callers = Vec::new();
        for (file, scope, at) in direct.chain(called).take(MAX_CALLERS) {
            let is_own = own.iter().any(|(of, span)| *of == file && span.contains(&at));
            if !is_own && let ScopeKind::Function(function) = index.file(file).facts.enclosing(scope) {
                callers.push((file, function));
            }
        }
        callers.sort_unstable();
        callers.dedup();
        callers
    }

    /// Names from outside the tree that functions use which call the unit, each once.
    pub(super) fn push_company(&self, unit: Unit, out: &mut Vec<Feature>) {
        let index = self.index;
        let used = self.callers(unit).into_iter().flat_map(|(file, function)| {
            let fact = &index.file(file).facts.functions[function.index()];
            self.within(file, fact.at..fact.end)
        });
        let company = used.filter_map(|feature| match feature {
            Feature::Uses(module, name) => Some(Feature::Company(module, name)),
            _ => None,
        });
        push_each_once(company, out);
    }

    /// What the chains of one file use that comes from outside the tree, by place.
    fn uses_in(&self, facts: &FileFacts) -> PlacedUses {
        let is_telling: Vec<bool> =
            facts.imports.iter().map(|import| is_telling(self.families, import)).collect();
        let told = |root: &Root| imported_from(facts, root).filter(|import| is_telling[import.index()]);
        let imports: Vec<Option<ImportIdx>> = facts.roots.iter().map(told).collect();
        let mut found: Vec<(Offset, Feature)> = Vec::new();
        for chain in &facts.chains {
            let Some(import) = imports[chain.root.index()] else { continue };
            let import = &facts.imports[import.index()];
            let attribute = facts.steps[chain.steps.range()].iter().find_map(|step| step.attribute());
            let (module, name) = match import.what {
                Imported::Module | Imported::ModuleAs => (import.module, attribute),
                Imported::Name(name) => self.origin_of(import.module, name, attribute),
                Imported::Star | Imported::Dynamic => (import.module, None),
            };
            match self.lexicon.interface(module, name) {
                // Other libraries for the same thing.
                Some(group) => found.push((chain.at, Feature::Uses(group, Some(group)))),
                None => {
                    found.push((chain.at, Feature::Uses(Name::new(top_of(module)), None)));
                    found.extend(name.map(|name| (chain.at, Feature::Uses(module, Some(name)))));
                }
            }
        }
        found.sort_by_key(|(at, _)| *at);
        found.into()
    }

    /// The module and the name that `attribute` of what `from module import name` binds comes from: `name` may be a
    /// module itself.
    fn origin_of(&self, module: Name, name: Name, attribute: Option<Name>) -> (Name, Option<Name>) {
        if attribute.is_some() {
            let inner = module.join(name.as_str());
            if self.index.library.module(inner).is_some()
                || self.lexicon.interface(inner, attribute).is_some()
            {
                return (inner, attribute);
            }
        }
        (module, Some(name))
    }
}

fn push_each_once(features: impl Iterator<Item = Feature>, out: &mut Vec<Feature>) {
    let mut found: Vec<(u32, Feature)> = features.map(|feature| (feature.key(), feature)).collect();
    found.sort_unstable_by_key(|(key, _)| *key);
    found.dedup_by_key(|(key, _)| *key);
    out.extend(found.into_iter().map(|(_, feature)| feature));
}

/// Whether an import is from outside the tree and says something of the job.
fn is_telling(families: &Families, import: &Import) -> bool {
    let top = top_of(import.module);
    let is_idle =
        matches!(top, "typing" | "typing_extensions" | "__future__" | "abc" | "logging" | "dataclasses");
    !is_idle && !families.is_own_package(Name::new(top))
}

fn top_of(module: Name) -> &'static str {
    module.as_str().split('.').next().unwrap_or_default()
}

/// The absolute import that a root leads to; of several the last one.
fn imported_from(facts: &FileFacts, root: &Root) -> Option<ImportIdx> {
    let mut bound = facts.bindings[root.nearest.range()].iter().rev();
    bound.find_map(|binding| match binding.target {
        Bound::Import(import) => Some(import).filter(|import| facts.imports[import.index()].level == 0),
        Bound::Type(_)
        | Bound::Function(_)
        | Bound::Parameter(_)
        | Bound::Receiver { .. }
        | Bound::Value { .. }
        | Bound::TypeAlias(_)
        | Bound::TypeParameter
        | Bound::Opaque
        | Bound::Deleted
        | Bound::Star(_)
        | Bound::Module(_) => None,
    })
}
