//! What a protocol demands, and who in a class provides it.

use crate::analysis::usage::set_elsewhere;
use crate::facts::{BindingKind, Bound, Field, Name};
use crate::link::generated::generated;
use crate::link::library::LibraryMember;
use crate::link::members::{fields_of, method_of, methods_of};
use crate::link::mro::MroEntry;
use crate::link::{ClassId, ClassKind, FileId, FunctionId, Index, Origin};
use crate::source::Language;
use crate::text::Offset;

/// A member of a protocol.
pub(super) struct Demand {
    pub(super) name: Name,
    pub(super) what: Demanded,
    pub(super) place: Option<(FileId, Offset)>,
    /// The class that demands it.
    pub(super) by: ClassId,
}

pub(super) enum Demanded {
    /// A method or property.
    Function(FunctionId),
    /// An annotated name.
    Attribute(Field),
    /// A class in the protocol's body; compared by name alone.
    NestedClass,
    /// A member of a standard protocol or abstract base class.
    Library(LibraryMember),
}

/// Names that type checkers leave out of protocols (`typing._get_protocol_attrs`).
const NOT_MEMBERS: [&str; 14] = [
    "__abstractmethods__",
    "__annotations__",
    "__class_getitem__",
    "__dict__",
    "__doc__",
    "__init__",
    "__init_subclass__",
    "__match_args__",
    "__module__",
    "__new__",
    "__slots__",
    "__subclasshook__",
    "__weakref__",
    "__orig_bases__",
];

/// All members along the order of a protocol; the first definition of a name counts.
pub(super) fn demands_of(index: &Index, protocol: ClassId) -> Vec<Demand> {
    let mut demands: Vec<Demand> = Vec::new();
    for ancestor in index.class(protocol).mro.classes() {
        let own = match index.class(ancestor).origin {
            Origin::Source { file, .. } if ancestor == protocol || is_protocol(index, ancestor) => {
                source_demands(index, ancestor, file)
            }
            Origin::Source { .. } => Vec::new(),
            Origin::Library => library_demands(index, ancestor),
        };
        for demand in own {
            let is_new = demands.iter().all(|known| known.name != demand.name);
            if is_new && !NOT_MEMBERS.contains(&demand.name.as_str()) {
                demands.push(demand);
            }
        }
    }
    demands
}

fn is_protocol(index: &Index, class: ClassId) -> bool {
    index.class(class).kind == ClassKind::Protocol
}

fn source_demands(index: &Index, class: ClassId, file: FileId) -> Vec<Demand> {
    let mut demands: Vec<Demand> = methods_of(index, class)
        .iter()
        .copied()
        .map(|id| Demand {
            name: index.function(id).name,
            what: Demanded::Function(id),
            place: Some((file, index.function(id).name_at)),
            by: class,
        })
        .collect();
    if index.file(file).language == Language::Rust {
        // What has a default need not be there; associated types and constants are for the block to choose.
        demands.retain(
            |demand| matches!(demand.what, Demanded::Function(id) if index.function(id).traits.is_abstract),
        );
        return demands;
    }
    if let Origin::Source { index: owner, .. } = index.class(class).origin {
        let facts = &index.file(file).facts;
        let mut nested: Vec<Demand> = facts
            .bindings_in(facts.types[owner.index()].body)
            .iter()
            .filter(|binding| matches!(binding.target, Bound::Type(_)))
            .map(|binding| Demand {
                name: binding.name,
                what: Demanded::NestedClass,
                place: Some((file, binding.at)),
                by: class,
            })
            .collect();
        nested.sort_by_key(|demand| demand.place);
        demands.extend(nested);
        for field in fields_of(index, file, owner).filter(|field| !field.is_instance) {
            if demands.iter().all(|known| known.name != field.name) {
                let place = Some((file, field.at));
                demands.push(Demand {
                    name: field.name,
                    what: Demanded::Attribute(*field),
                    place,
                    by: class,
                });
            }
        }
    }
    demands
}

/// The abstract members of `Sized`, `Iterable`, `SupportsInt` …
fn library_demands(index: &Index, class: ClassId) -> Vec<Demand> {
    let id = index.class(class).id.as_str();
    if matches!(id, "builtins.object" | "typing.Protocol" | "typing.Generic" | "abc.ABC") {
        return Vec::new();
    }
    let members = index.library.members(class).iter().filter(|member| member.is_abstract);
    members
        .map(|member| Demand {
            name: member.name,
            what: Demanded::Library(member.clone()),
            place: None,
            by: class,
        })
        .collect()
}

/// What a class has under the name of a demand.
pub(super) enum Provided {
    /// A method or property.
    Function(FunctionId),
    /// A field of a class; the entries of one class.
    Field(ClassId, Field),
    /// A member of a class of the standard library.
    Library(ClassId, LibraryMember),
    /// Bound in a class's body to something else, a nested class or an import; set from elsewhere; or generated.
    Other(FileId, Offset),
    /// Only the protocol itself, without a body or a value.
    OnlyDemanded,
    /// Nothing.
    Nothing,
    /// Nothing that we see, but there may be something.
    MayBe(String),
    /// Something, behind a base that is not known and goes first.
    Behind(String),
}

pub(super) fn provider_of(index: &Index, class: ClassId, protocol: ClassId, demand: &Demand) -> Provided {
    let mut unknown: Option<Name> = None;
    let mut is_only_demanded = false;
    for entry in &index.class(class).mro.entries {
        let ancestor = match entry {
            MroEntry::Class(ancestor) => *ancestor,
            // A Rust type has the methods that its blocks define, whatever a trait outside is.
            MroEntry::Unknown(_) if index.language_of(class) == Language::Rust => continue,
            MroEntry::Unknown(name) => {
                unknown.get_or_insert(*name);
                continue;
            }
        };
        let Some(found) = own_member(index, ancestor, demand.name) else { continue };
        let is_protocols_own = ancestor == protocol || index.class(protocol).mro.contains(ancestor);
        if class != protocol && is_protocols_own && is_without_content(index, &found) {
            is_only_demanded = true;
            continue;
        }
        return match unknown {
            None => found,
            Some(base) => Provided::Behind(format!("the base `{base}` is unknown and goes before it")),
        };
    }
    let name = demand.name;
    if let Some((file, at)) = set_elsewhere(index, class, name) {
        return Provided::Other(file, at);
    }
    match (unknown, &index.class(class).mro.error) {
        (Some(base), _) => Provided::MayBe(format!("the base `{base}` is unknown and may have `{name}`")),
        (None, Some(error)) => Provided::MayBe(format!("`{}`: {error}", index.class(class).name)),
        (None, None) if has_dynamic_attributes(index, class) => {
            Provided::MayBe(format!("`__getattr__` may answer `{name}`"))
        }
        (None, None) if is_only_demanded => Provided::OnlyDemanded,
        (None, None) => Provided::Nothing,
    }
}

fn own_member(index: &Index, class: ClassId, name: Name) -> Option<Provided> {
    match index.class(class).origin {
        Origin::Library => {
            index.library.member(class, name).map(|member| Provided::Library(class, member.clone()))
        }
        Origin::Source { file, .. } if index.file(file).language == Language::Rust => {
            method_of(index, class, name).map(Provided::Function)
        }
        Origin::Source { file, index: owner } => {
            let facts = &index.file(file).facts;
            let body = facts.types[owner.index()].body;
            let fields: Vec<Field> =
                fields_of(index, file, owner).filter(|field| field.name == name).copied().collect();
            let last = facts.last_alive(body, name);
            let is_function = last.is_some_and(|binding| matches!(binding.target, Bound::Function(_)));
            if is_function && let Some(function) = method_of(index, class, name) {
                return Some(Provided::Function(function));
            }
            // The annotated entry says the most, whichever method sets it.
            let annotated = fields.iter().find(|field| field.annotation.is_some());
            if let Some(field) = annotated.or(fields.first()) {
                return Some(Provided::Field(class, *field));
            }
            let bound = last.map(|binding| (file, binding.at));
            let (file, at) = bound.or_else(|| generated(index, class, name))?;
            Some(Provided::Other(file, at))
        }
    }
}

/// A stub of the protocol itself implements nothing.
fn is_without_content(index: &Index, found: &Provided) -> bool {
    match found {
        Provided::Function(function) => index.function(*function).traits.is_stub,
        Provided::Field(_, field) => !field.has_value,
        Provided::Library(_, member) => member.is_abstract,
        Provided::Other(..)
        | Provided::OnlyDemanded
        | Provided::Nothing
        | Provided::MayBe(_)
        | Provided::Behind(_) => false,
    }
}

fn has_dynamic_attributes(index: &Index, class: ClassId) -> bool {
    index.class(class).mro.classes().any(|ancestor| match index.class(ancestor).origin {
        Origin::Library => index.library.classes[ancestor.0 as usize].has_dynamic_attributes,
        Origin::Source { .. } => ["__getattr__", "__getattribute__"]
            .iter()
            .any(|name| method_of(index, ancestor, Name::new(name)).is_some()),
    })
}

/// All definitions of a method that are overloads.
pub(super) fn overloads_of(index: &Index, id: FunctionId) -> Vec<FunctionId> {
    let fact = index.function(id);
    let facts = &index.file(id.file).facts;
    let bindings = facts.bindings_of(fact.scope, fact.name).iter();
    bindings
        .filter_map(|binding| match binding.target {
            Bound::Function(function) => Some(FunctionId { file: id.file, index: function }),
            Bound::Import(_)
            | Bound::Type(_)
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
        .filter(|function| index.function(*function).traits.is_overload)
        .collect()
}

/// What assigns to a property: an accessor that takes a value, and so no deleter.
pub(super) fn setter_of(index: &Index, id: FunctionId) -> Option<FunctionId> {
    let fact = index.function(id);
    let facts = &index.file(id.file).facts;
    facts.bindings_of(fact.scope, fact.name).iter().rev().find_map(|binding| {
        let Bound::Function(function) = binding.target else { return None };
        let found = &facts.functions[function.index()];
        let is_setter = found.binding == BindingKind::Accessor && found.parameters.len > 1;
        is_setter.then_some(FunctionId { file: id.file, index: function })
    })
}
