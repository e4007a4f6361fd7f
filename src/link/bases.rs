//! Bases as written → the bases that the interpreter would give the class.
//!
//! Covers `__mro_entries__` of `typing`'s aliases (PEP 560), `Generic` added by type parameters
//! (PEP 695), `NamedTuple`, `TypedDict`, and classes made by calls.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::mro::MroEntry;
use super::resolve::{Entity, Resolver, SpecialBase};
use super::{BaseLink, ClassId, ClassKind, FileId, Index, Origin, Outside, Resolution, Unresolved};
use crate::facts::{Base, MadeBy, Name, TypeFact, TypeIdx};
use crate::source::AT_A_TIME;

/// Links the bases of every class, reading modules of the environment as they turn out to be needed.
pub(super) fn link_bases(index: &mut Index, outside: &dyn Outside) {
    loop {
        for (class, found) in resolve_open(index) {
            let class = &mut index.classes[class.0 as usize];
            class.bases = found.bases;
            class.kind = found.kind;
        }
        // What is stuck on a module that is there by now is tried again, with the new files' classes.
        if !index.load_wanted(outside) {
            break;
        }
    }
    spread_kinds(index);
    add_generic_entries(index);
}

struct Linked {
    bases: Vec<BaseLink>,
    kind: ClassKind,
}

fn resolve_open(index: &Index) -> Vec<(ClassId, Linked)> {
    (index.library.classes.len()..index.classes.len())
        .into_par_iter()
        .with_max_len(AT_A_TIME)
        .filter(|&at| is_open(index, ClassId(at as u32)))
        .filter_map(|at| {
            let id = ClassId(at as u32);
            let Origin::Source { file, index: position } = index.class(id).origin else { return None };
            if !index.file(file).language.is_python() {
                return None;
            }
            Some((id, link_class(&Resolver::new(index), file, position)))
        })
        .collect()
}

/// Whether a class has still to be linked: never tried, or stuck on something outside.
fn is_open(index: &Index, class: ClassId) -> bool {
    let bases = &index.class(class).bases;
    bases.is_empty() || bases.iter().any(|base| !matches!(base.resolution, Resolution::Resolved(_)))
}

fn link_class(resolver: &Resolver<'_>, file: FileId, position: TypeIdx) -> Linked {
    let index = resolver.index;
    let facts = &index.file(file).facts;
    let fact = &facts.types[position.index()];
    let mut linked = Linked { bases: Vec::new(), kind: ClassKind::Plain };
    match fact.made_by {
        MadeBy::NamedTuple(_) => {
            linked.kind = ClassKind::NamedTuple;
            linked.push_library(index, "builtins.tuple", fact.name);
        }
        MadeBy::Statement | MadeBy::Call(_) => {
            for base in facts.bases_of(fact) {
                linked.push_base(resolver, file, fact, base);
            }
        }
    }
    if linked.bases.is_empty() {
        linked.push_library(index, "builtins.object", Name::new("object"));
    }
    linked
}

impl Linked {
    fn push_library(&mut self, index: &Index, id: &str, text: Name) {
        if let Some(class) = index.library.class(id) {
            self.bases.push(BaseLink { text, resolution: Resolution::Resolved(class) });
        }
    }

    fn push_base(&mut self, resolver: &Resolver<'_>, file: FileId, fact: &TypeFact, base: &Base) {
        let index = resolver.index;
        let text = base.text;
        let unresolved = |reason| BaseLink { text, resolution: Resolution::Unresolved(reason) };
        if base.is_starred {
            self.bases.push(unresolved(Unresolved::Dynamic(text)));
            return;
        }
        if let Some(made) = base.made_in_place {
            let class = index.class_of(file, made);
            self.bases.push(BaseLink { text, resolution: Resolution::Resolved(class) });
            return;
        }
        let Some(chain) = base.chain else {
            self.bases.push(unresolved(Unresolved::Dynamic(text)));
            return;
        };
        match resolver.chain(file, chain) {
            // `class A(B)` before `class B` is a NameError, and so is `class A(A.Inner)`.
            Entity::Class(class) if is_defined_later(index, class, file, fact) => {
                self.bases.push(unresolved(Unresolved::NotDefined(text)));
            }
            Entity::Class(class) => {
                if index.class(class).id.as_str() == "typing.Protocol"
                    || index.class(class).id.as_str() == "typing_extensions.Protocol"
                {
                    self.kind = ClassKind::Protocol;
                }
                self.bases.push(match stub_only(index, class) {
                    Some(reason) => unresolved(reason),
                    None => BaseLink { text, resolution: Resolution::Resolved(class) },
                });
            }
            Entity::GenericAlias(class) => {
                self.bases.push(BaseLink { text, resolution: Resolution::Resolved(class) });
            }
            Entity::SpecialBase(SpecialBase::NamedTuple) => {
                self.kind = ClassKind::NamedTuple;
                self.push_library(index, "builtins.tuple", text);
            }
            Entity::SpecialBase(SpecialBase::TypedDict) => {
                self.kind = ClassKind::TypedDict;
                self.push_library(index, "builtins.dict", text);
            }
            Entity::External(name) => {
                self.bases.push(BaseLink { text, resolution: Resolution::External(name) });
            }
            Entity::Open(reason) => self.bases.push(unresolved(reason)),
            Entity::Module(_)
            | Entity::LibraryModule(_)
            | Entity::Function(_)
            | Entity::Instance(_)
            | Entity::Variant(..)
            | Entity::Awaitable(_)
            | Entity::Held(..)
            | Entity::Super(_)
            | Entity::Value
            | Entity::Nothing => self.bases.push(unresolved(Unresolved::Dynamic(text))),
        }
    }
}

/// Whether a class comes to be after `fact` does, in the same flow.
fn is_defined_later(index: &Index, class: ClassId, file: FileId, fact: &TypeFact) -> bool {
    let facts = &index.file(file).facts;
    index.file(file).language == crate::source::Language::Python
        && facts.runs_at_load(fact.scope)
        && index.source_of(class).is_some_and(|(other, base)| {
            other == file && base.at >= fact.at && facts.runs_at_load(base.scope) && !is_made_in(base, fact)
        })
}

/// A class made in place among the bases stands within the definition, and comes to be before it.
fn is_made_in(base: &TypeFact, fact: &TypeFact) -> bool {
    base.made_by != MadeBy::Statement && base.at < fact.end
}

/// A class of the environment that only a stub describes: its bases at run time may differ.
fn stub_only(index: &Index, class: ClassId) -> Option<Unresolved> {
    let (file, _) = index.source_of(class)?;
    let file = index.file(file);
    let is_stub = file.language == crate::source::Language::PythonStub && !file.is_in_tree;
    is_stub.then(|| Unresolved::StubOnly(index.class(class).id))
}

/// A subclass of a `TypedDict` is one too, and at run time inherits from `dict` alone; a subclass of
/// an enum is an enum.
fn spread_kinds(index: &mut Index) {
    let dict = index.library.class("builtins.dict");
    loop {
        let mut changes: Vec<(usize, ClassKind)> = Vec::new();
        for (at, class) in index.classes.iter().enumerate() {
            if class.kind != ClassKind::Plain {
                continue;
            }
            let inherited = class.bases.iter().find_map(|base| match base.resolution {
                Resolution::Resolved(base) => match index.class(base).kind {
                    kind @ (ClassKind::TypedDict | ClassKind::Enum) => Some(kind),
                    ClassKind::Plain | ClassKind::Protocol | ClassKind::NamedTuple => None,
                },
                Resolution::External(_) | Resolution::Unresolved(_) => None,
            });
            changes.extend(inherited.map(|kind| (at, kind)));
        }
        if changes.is_empty() {
            break;
        }
        for (at, kind) in changes {
            index.classes[at].kind = kind;
        }
    }
    let generic = index.library.class("typing.Generic");
    let typed_dicts: Vec<usize> = (0..index.classes.len())
        .filter(|&at| {
            index.classes[at].kind == ClassKind::TypedDict && index.classes[at].origin != Origin::Library
        })
        .collect();
    // What has `Generic` hands it on to its own subclasses, which stand in any order.
    let generic_dicts = generic_typed_dicts(index, &typed_dicts, generic);
    for at in typed_dicts {
        let class = &index.classes[at];
        let is_known = |base: &BaseLink| matches!(base.resolution, Resolution::Resolved(_));
        if !class.bases.iter().all(is_known) {
            continue;
        }
        let mut bases: Vec<BaseLink> = Vec::new();
        if generic_dicts.contains(&ClassId(at as u32))
            && let Some(generic) = generic
        {
            bases.push(BaseLink { text: Name::new("Generic"), resolution: Resolution::Resolved(generic) });
        }
        if let Some(dict) = dict {
            bases.push(BaseLink { text: Name::new("dict"), resolution: Resolution::Resolved(dict) });
        }
        index.classes[at].bases = bases;
    }
}

/// The typed dictionaries that are generic: by a base, by type parameters, or by a generic one among
/// their bases (`_TypedDictMeta.__new__` in `Lib/typing.py`).
fn generic_typed_dicts(index: &Index, typed_dicts: &[usize], generic: Option<ClassId>) -> FxHashSet<ClassId> {
    let mut found: FxHashSet<ClassId> = FxHashSet::default();
    loop {
        let before = found.len();
        for &at in typed_dicts {
            let id = ClassId(at as u32);
            let has_parameters = index.source_of(id).is_some_and(|(_, fact)| fact.has_type_parameters);
            let inherits = index.classes[at].bases.iter().any(|base| match base.resolution {
                Resolution::Resolved(base) => Some(base) == generic || found.contains(&base),
                Resolution::External(_) | Resolution::Unresolved(_) => false,
            });
            if has_parameters || inherits {
                found.insert(id);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// What `__mro_entries__` of `typing`'s generic aliases adds or takes away.
///
/// Mirrors `_BaseGenericAlias.__mro_entries__` and `_GenericAlias.__mro_entries__` of
/// `Lib/typing.py`: `List[int]` brings `list` and, unless a later base is generic, `Generic`;
/// `Generic[T]` vanishes where `Protocol` or a later subscripted base stands.
fn add_generic_entries(index: &mut Index) {
    let Some(generic) = index.library.class("typing.Generic") else { return };
    let first = index.library.classes.len();
    let changed: Vec<(usize, Vec<BaseLink>)> = (first..index.classes.len())
        .into_par_iter()
        .with_max_len(AT_A_TIME)
        .filter_map(|at| {
            let id = ClassId(at as u32);
            let class = index.class(id);
            let (file, fact) = index.source_of(id)?;
            if !index.file(file).language.is_python() {
                return None;
            }
            if class.kind == ClassKind::TypedDict || !matches!(fact.made_by, MadeBy::Statement) {
                return None;
            }
            let entries = generic_entries(index, file, fact, class.bases.as_slice(), generic);
            entries.map(|entries| (at, entries))
        })
        .collect();
    for (at, bases) in changed {
        index.classes[at].bases = bases;
    }
}

fn generic_entries(
    index: &Index,
    file: FileId,
    fact: &TypeFact,
    bases: &[BaseLink],
    generic: ClassId,
) -> Option<Vec<BaseLink>> {
    let facts = &index.file(file).facts;
    let written = facts.bases_of(fact);
    let generic_link = || BaseLink { text: Name::new("Generic"), resolution: Resolution::Resolved(generic) };
    if written.is_empty() {
        // `class X[T]:`
        return fact.has_type_parameters.then(|| vec![generic_link()]);
    }
    if bases.len() != written.len() {
        return None;
    }
    let resolver = Resolver::new(index);
    let kinds: Vec<AliasKind> = written
        .iter()
        .zip(bases)
        .map(|(base, link)| alias_kind(&resolver, file, base, link, generic))
        .collect();
    if kinds.iter().all(|kind| *kind == AliasKind::Plain) && !fact.has_type_parameters {
        return None;
    }
    let protocol = index.library.class("typing.Protocol");
    let is_plain_protocol = |link: &BaseLink| match &link.resolution {
        Resolution::Resolved(class) => {
            Some(*class) == protocol || index.class(*class).id.as_str() == "typing_extensions.Protocol"
        }
        Resolution::External(_) | Resolution::Unresolved(_) => false,
    };
    let mut entries: Vec<BaseLink> = Vec::new();
    let is_generic = |at: usize| {
        kinds[at] == AliasKind::Typing
            || kinds[at] == AliasKind::Generic
            || kinds[at] == AliasKind::Special
            || inherits(index, &bases[at].resolution, generic)
    };
    for (at, link) in bases.iter().enumerate() {
        let later = at + 1..bases.len();
        match kinds[at] {
            AliasKind::Plain | AliasKind::Typing => entries.push(link.clone()),
            AliasKind::Generic => {
                let is_dropped = written
                    .iter()
                    .zip(bases)
                    .any(|(written, link)| !written.is_subscripted && is_plain_protocol(link))
                    || later.clone().any(|other| {
                        matches!(kinds[other], AliasKind::Typing | AliasKind::Special | AliasKind::Generic)
                    });
                if !is_dropped {
                    entries.push(link.clone());
                }
            }
            AliasKind::Special => {
                if !bases.iter().zip(written).any(|(other, written)| {
                    !written.is_subscripted && other.resolution == link.resolution && other.text != link.text
                }) {
                    entries.push(link.clone());
                }
                if !later.clone().any(is_generic) && !fact.has_type_parameters {
                    entries.push(generic_link());
                }
            }
        }
    }
    if fact.has_type_parameters {
        // The compiler appends `Generic[T]`; beside `Protocol` it vanishes.
        let has_protocol = bases.iter().any(is_plain_protocol);
        if !has_protocol {
            entries.push(generic_link());
        }
    }
    Some(entries)
}

/// What stands in for a base, as far as `__mro_entries__` goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AliasKind {
    /// A class, or a subscript of one that is not generic in `typing`'s sense: `dict[str, int]`.
    Plain,
    /// `Generic[T]`.
    Generic,
    /// A subscript of a class that inherits from `Generic`: `Base[int]`.
    Typing,
    /// `typing.List`, with or without a subscript.
    Special,
}

fn alias_kind(
    resolver: &Resolver<'_>,
    file: FileId,
    base: &Base,
    link: &BaseLink,
    generic: ClassId,
) -> AliasKind {
    if let Some(chain) = base.chain
        && let Entity::GenericAlias(_) = resolver.chain(file, chain)
    {
        return AliasKind::Special;
    }
    if !base.is_subscripted {
        return AliasKind::Plain;
    }
    match link.resolution {
        Resolution::Resolved(class) if class == generic => AliasKind::Generic,
        _ if inherits(resolver.index, &link.resolution, generic) => AliasKind::Typing,
        _ => AliasKind::Plain,
    }
}

/// Whether a base inherits from `wanted`, before orders are computed.
fn inherits(index: &Index, base: &Resolution, wanted: ClassId) -> bool {
    let Resolution::Resolved(start) = base else { return false };
    let mut pending = vec![*start];
    let mut seen: Vec<ClassId> = Vec::new();
    while let Some(class) = pending.pop() {
        if class == wanted {
            return true;
        }
        if seen.contains(&class) {
            continue;
        }
        seen.push(class);
        if index.source_of(class).is_some_and(|(_, fact)| fact.has_type_parameters) {
            return true;
        }
        pending.extend(index.class(class).bases.iter().filter_map(|base| match base.resolution {
            Resolution::Resolved(base) => Some(base),
            Resolution::External(_) | Resolution::Unresolved(_) => None,
        }));
    }
    false
}

impl Index {
    /// Text of one entry of an order: `module.Qualname`, or the name of what is unknown.
    #[must_use]
    pub fn entry_name(&self, entry: MroEntry) -> Name {
        match entry {
            MroEntry::Class(id) => self.class(id).id,
            MroEntry::Unknown(name) => name,
        }
    }
}
