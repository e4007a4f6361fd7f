//! Annotations → types with identity: names looked up, aliases followed, spellings made one.
//!
//! What a name outside the tree stands for is not guessed: it is [`ResolvedType::Foreign`], equal to
//! itself and comparable to nothing else. Comparison is in [`assignability`].

pub mod assignability;
mod subtyping;

pub use assignability::{Assignability, Verdict3, assignable};

use crate::facts::type_expression::TypeExpression;
use crate::facts::{
    ALWAYS, Bound, ChainId, GuardId, Imported, MODULE_SCOPE, Name, ScopeId, ScopeKind, Usage,
};
use crate::link::library::LibraryEntry;
use crate::link::resolve::{Entity, Place, Resolver, Target};
use crate::link::{ClassId, FileId, FunctionId, Index};
use crate::text::Offset;

/// Aliases followed before a type is called recursive.
const MAX_DEPTH: u32 = 24;

/// A type, as far as the program says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResolvedType {
    /// `Any`, or no annotation.
    Any,
    /// `Never`, `NoReturn`.
    Never,
    /// `None`.
    None,
    /// An instance of a class; no arguments where none were written.
    Class {
        /// The class.
        class: ClassId,
        /// Its type arguments.
        arguments: Vec<ResolvedType>,
    },
    /// `tuple[X, Y]`, or `tuple[X, ...]` where it is homogeneous.
    Tuple {
        /// Items, or the one type of all items.
        items: Vec<ResolvedType>,
        /// Whether the length is open.
        is_homogeneous: bool,
    },
    /// One of several; flat, sorted.
    Union(Vec<ResolvedType>),
    /// One of these values.
    Literal(Vec<String>),
    /// `type[X]`.
    ClassObject(Box<ResolvedType>),
    /// A callable; `None` for `Callable[..., X]`.
    Callable {
        /// Types of the positional parameters.
        parameters: Option<Vec<ResolvedType>>,
        /// What it returns.
        returns: Box<ResolvedType>,
    },
    /// A type variable, by its name.
    TypeVariable(Name),
    /// A known name of which nothing more is known.
    Foreign {
        /// Dotted name: two types of one name are one type.
        name: Name,
        /// Its type arguments.
        arguments: Vec<ResolvedType>,
        /// Why no more is known.
        reason: String,
    },
    /// Not known, and why.
    Unknown(String),
}

impl ResolvedType {
    /// A class without arguments.
    #[must_use]
    pub fn class(class: ClassId) -> Self {
        Self::Class { class, arguments: Vec::new() }
    }

    /// A class of the standard library by its printed id.
    #[must_use]
    pub fn library(index: &Index, id: &str) -> Self {
        match index.library.class(id) {
            Some(class) => Self::class(class),
            None => Self::Unknown(format!("`{id}` is not in this version of the standard library")),
        }
    }

    /// The union of some types.
    #[must_use]
    pub fn union(members: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(members.len());
        for member in members {
            match member {
                Self::Union(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        flat.sort();
        flat.dedup();
        match <[Self; 1]>::try_from(flat) {
            Ok([single]) => single,
            Err(flat) => Self::Union(flat),
        }
    }

    /// How it is shown.
    #[must_use]
    pub fn describe(&self, index: &Index) -> String {
        let list = |types: &[Self], separator: &str| {
            types.iter().map(|each| each.describe(index)).collect::<Vec<_>>().join(separator)
        };
        let applied = |name: &str, arguments: &[Self]| match arguments {
            [] => name.to_owned(),
            _ => format!("{name}[{}]", list(arguments, ", ")),
        };
        match self {
            Self::Any => "Any".to_owned(),
            Self::Never => "Never".to_owned(),
            Self::None => "None".to_owned(),
            Self::Class { class, arguments } => applied(index.class(*class).name.as_str(), arguments),
            Self::Tuple { items, is_homogeneous: true } => format!("tuple[{}, ...]", list(items, ", ")),
            Self::Tuple { items, is_homogeneous: false } => applied("tuple", items),
            Self::Union(members) => list(members, " | "),
            Self::Literal(values) => format!("Literal[{}]", values.join(", ")),
            Self::ClassObject(inner) => format!("type[{}]", inner.describe(index)),
            Self::Callable { parameters, returns } => {
                let parameters =
                    parameters.as_ref().map_or("...".to_owned(), |all| format!("[{}]", list(all, ", ")));
                format!("Callable[{parameters}, {}]", returns.describe(index))
            }
            Self::TypeVariable(name) => name.to_string(),
            Self::Foreign { name, arguments, .. } => applied(name.as_str(), arguments),
            Self::Unknown(_) => "an unknown type".to_owned(),
        }
    }
}

/// From where the names of an annotation are looked up.
#[derive(Debug, Clone, Copy)]
pub struct Viewpoint {
    /// The file.
    pub file: FileId,
    /// The scope.
    pub scope: ScopeId,
    /// Names bound later in the same flow count only where no earlier one is.
    pub at: Offset,
    /// The condition around the place.
    pub guard: GuardId,
    /// What `Self` stands for.
    pub self_class: Option<ClassId>,
}

impl Viewpoint {
    /// The signature of a function.
    #[must_use]
    pub fn of_function(index: &Index, id: FunctionId, self_class: Option<ClassId>) -> Self {
        let facts = &index.file(id.file).facts;
        let fact = index.function(id);
        // `def f[T](x: T)`: the type parameters have a scope of their own, around the function's.
        let own = facts.scopes.iter().find(|scope| scope.kind == ScopeKind::Function(id.index));
        let scope = own.map_or(fact.scope, |own| own.parent);
        Self { file: id.file, scope, at: fact.at, guard: fact.guard, self_class }
    }

    /// The body of a type, at a place in it.
    #[must_use]
    pub fn of_body(index: &Index, class: ClassId, at: Offset, self_class: Option<ClassId>) -> Option<Self> {
        let (file, fact) = index.source_of(class)?;
        Some(Self { file, scope: fact.body, at, guard: fact.guard, self_class })
    }
}

/// The type that an annotation's text means. No annotation is `Any`.
#[must_use]
pub fn resolve_annotation(index: &Index, view: Viewpoint, annotation: Option<Name>) -> ResolvedType {
    match annotation {
        None => ResolvedType::Any,
        Some(text) => resolve_type(index, view, &TypeExpression::parse(text.as_str())),
    }
}

/// The type that an annotation means.
#[must_use]
pub fn resolve_type(index: &Index, view: Viewpoint, expression: &TypeExpression) -> ResolvedType {
    resolve_within(index, view, expression, 0)
}

fn resolve_within(index: &Index, view: Viewpoint, expression: &TypeExpression, depth: u32) -> ResolvedType {
    if depth > MAX_DEPTH {
        return ResolvedType::Unknown(format!("`{expression}` is defined in terms of itself"));
    }
    let resolve = |part: &TypeExpression| resolve_within(index, view, part, depth + 1);
    match expression {
        TypeExpression::None => ResolvedType::None,
        TypeExpression::Union(members) => ResolvedType::union(members.iter().map(resolve).collect()),
        TypeExpression::Literal(values) => ResolvedType::Literal(values.clone()),
        TypeExpression::Name(name) => resolve_name(index, view, name, &[], depth),
        TypeExpression::Subscript { base, arguments } => resolve_name(index, view, base, arguments, depth),
        TypeExpression::Ellipsis | TypeExpression::List(_) | TypeExpression::Opaque(_) => {
            ResolvedType::Unknown(format!("`{expression}` is no type that we read"))
        }
    }
}

fn resolve_name(
    index: &Index,
    view: Viewpoint,
    dotted: &str,
    arguments: &[TypeExpression],
    depth: u32,
) -> ResolvedType {
    let resolve = |part: &TypeExpression| resolve_within(index, view, part, depth + 1);
    let found = definition_of(index, view, dotted, 0);
    match found {
        Definition::Typing(name) => return resolve_special(index, view, name, arguments, depth),
        Definition::TypeVariable => return ResolvedType::TypeVariable(Name::new(dotted)),
        Definition::Alias(inner, text) if arguments.is_empty() => {
            let view = Viewpoint { self_class: view.self_class, ..inner };
            return resolve_within(index, view, &TypeExpression::parse(text.as_str()), depth + 1);
        }
        Definition::Alias(..) => {
            return ResolvedType::Unknown(format!("`{dotted}` is a generic alias that we do not follow"));
        }
        Definition::Entity => {}
    }
    let all = || arguments.iter().map(resolve).collect::<Vec<_>>();
    match entity_of(index, view, dotted) {
        Entity::Class(class) | Entity::GenericAlias(class) => match index.class(class).id.as_str() {
            "builtins.tuple" | "collections.abc.Callable" | "builtins.type" | "typing.Any" => {
                let name = index.class(class).name.as_str();
                resolve_special(index, view, name, arguments, depth)
            }
            _ => ResolvedType::Class { class, arguments: all() },
        },
        Entity::External(name) => {
            let reason = format!("`{name}` is outside the tree");
            ResolvedType::Foreign { name, arguments: all(), reason }
        }
        Entity::Open(reason) => {
            // Two uses of one name in one module mean one thing, known or not.
            let name = index.modules.of_file(view.file).map(|module| index.modules.get(module).name);
            let name = name.unwrap_or(Name::new("")).join(dotted);
            ResolvedType::Foreign { name, arguments: all(), reason: reason.to_string() }
        }
        Entity::Nothing => ResolvedType::None,
        Entity::Module(_)
        | Entity::LibraryModule(_)
        | Entity::SpecialBase(_)
        | Entity::Function(_)
        | Entity::Instance(_)
        | Entity::Variant(..)
        | Entity::Awaitable(_)
        | Entity::Held(..)
        | Entity::Super(_)
        | Entity::Value => ResolvedType::Unknown(format!("`{dotted}` is no type that we follow")),
    }
}

/// The forms of `typing` that are no plain class.
fn resolve_special(
    index: &Index,
    view: Viewpoint,
    name: &str,
    arguments: &[TypeExpression],
    depth: u32,
) -> ResolvedType {
    let resolve = |part: &TypeExpression| resolve_within(index, view, part, depth + 1);
    match name {
        "Any" | "Incomplete" => ResolvedType::Any,
        "Never" | "NoReturn" => ResolvedType::Never,
        "Self" => match view.self_class {
            Some(class) => ResolvedType::class(class),
            None => ResolvedType::TypeVariable(Name::new("Self")),
        },
        "AnyStr" => ResolvedType::TypeVariable(Name::new("AnyStr")),
        "LiteralString" | "Text" => ResolvedType::library(index, "builtins.str"),
        "TypeGuard" | "TypeIs" => ResolvedType::library(index, "builtins.bool"),
        "Final" | "ClassVar" | "Annotated" => ResolvedType::Any,
        "Tuple" | "tuple" => match arguments {
            [] => ResolvedType::Tuple { items: vec![ResolvedType::Any], is_homogeneous: true },
            [item, TypeExpression::Ellipsis] => {
                ResolvedType::Tuple { items: vec![resolve(item)], is_homogeneous: true }
            }
            items => {
                ResolvedType::Tuple { items: items.iter().map(resolve).collect(), is_homogeneous: false }
            }
        },
        "Type" | "type" => {
            ResolvedType::ClassObject(Box::new(arguments.first().map_or(ResolvedType::Any, resolve)))
        }
        "Callable" => match arguments {
            [] => ResolvedType::Callable { parameters: None, returns: Box::new(ResolvedType::Any) },
            [TypeExpression::Ellipsis, returns] => {
                ResolvedType::Callable { parameters: None, returns: Box::new(resolve(returns)) }
            }
            [TypeExpression::List(parameters), returns] => ResolvedType::Callable {
                parameters: Some(parameters.iter().map(resolve).collect()),
                returns: Box::new(resolve(returns)),
            },
            _ => ResolvedType::Unknown("a `Callable` with a parameter specification".to_owned()),
        },
        _ => {
            let typing = index.library.module(Name::new("typing"));
            let entry = typing.and_then(|typing| index.library.entry(typing, Name::new(name)));
            match entry {
                Some(LibraryEntry::Class(class) | LibraryEntry::GenericAlias(class)) => {
                    ResolvedType::Class { class, arguments: arguments.iter().map(resolve).collect() }
                }
                Some(LibraryEntry::Module(_) | LibraryEntry::Function | LibraryEntry::Value(_)) | None => {
                    ResolvedType::Unknown(format!("`typing.{name}` is no type that we follow"))
                }
            }
        }
    }
}

/// Where a name of an annotation leads, where an [`Entity`] does not say enough.
enum Definition {
    /// A name of `typing` or `typing_extensions`.
    Typing(&'static str),
    /// A type variable.
    TypeVariable,
    /// An alias, with the place of its text.
    Alias(Viewpoint, Name),
    /// Ask the resolver.
    Entity,
}

fn definition_of(index: &Index, view: Viewpoint, dotted: &str, hops: u32) -> Definition {
    let resolver = Resolver::new(index);
    if hops > MAX_DEPTH {
        return Definition::Entity;
    }
    if let Some((prefix, last)) = dotted.rsplit_once('.') {
        return match entity_of(index, view, prefix) {
            Entity::LibraryModule(module) if is_typing(index.library.module_name(module)) => {
                Definition::Typing(Name::new(last).as_str())
            }
            Entity::External(module) if is_typing(module) => Definition::Typing(Name::new(last).as_str()),
            Entity::Module(module) => match index.modules.get(module).file {
                Some(_) if is_typing(index.modules.get(module).name) => {
                    Definition::Typing(Name::new(last).as_str())
                }
                Some(file) => definition_of(index, end_of(file), last, hops + 1),
                None => Definition::Entity,
            },
            _ => Definition::Entity,
        };
    }
    let facts = &index.file(view.file).facts;
    let name = Name::new(dotted);
    let seen = facts.bindings_seen(view.scope, name).next();
    let Some(binding) = seen.and_then(|(_, bindings)| bindings.last()) else {
        return through_typing_star(index, view.file, name);
    };
    match binding.target {
        Bound::TypeParameter => Definition::TypeVariable,
        Bound::Value { .. } | Bound::TypeAlias(_) => {
            match facts.aliases.iter().find(|alias| alias.at == binding.at) {
                Some(alias) => {
                    let place =
                        Viewpoint { scope: binding.scope, at: binding.at, guard: binding.guard, ..view };
                    Definition::Alias(place, alias.text)
                }
                None => Definition::Entity,
            }
        }
        Bound::Import(import) => {
            let import = &facts.imports[import.index()];
            let Imported::Name(name) = import.what else { return Definition::Entity };
            if import.level == 0 && is_typing(import.module) {
                return Definition::Typing(name.as_str());
            }
            match resolver.import_module(view.file, import) {
                Target::Found(module) => match index.modules.get(module).file {
                    Some(file) => definition_of(index, end_of(file), name.as_str(), hops + 1),
                    None => Definition::Entity,
                },
                Target::Library(_) | Target::Missing(_) | Target::Compiled(_) | Target::External(_) => {
                    Definition::Entity
                }
            }
        }
        Bound::Type(_)
        | Bound::Function(_)
        | Bound::Parameter(_)
        | Bound::Receiver { .. }
        | Bound::Opaque
        | Bound::Deleted
        | Bound::Star(_)
        | Bound::Module(_) => Definition::Entity,
    }
}

/// `from typing import *` brings its forms, which are no classes.
fn through_typing_star(index: &Index, file: FileId, name: Name) -> Definition {
    let facts = &index.file(file).facts;
    let has_star = facts.star_bindings().iter().any(|binding| match binding.target {
        Bound::Star(import) => is_typing(facts.imports[import.index()].module),
        Bound::Import(_)
        | Bound::Type(_)
        | Bound::Function(_)
        | Bound::Parameter(_)
        | Bound::Receiver { .. }
        | Bound::Value { .. }
        | Bound::TypeAlias(_)
        | Bound::TypeParameter
        | Bound::Opaque
        | Bound::Deleted
        | Bound::Module(_) => false,
    });
    let typing = index.library.module(Name::new("typing"));
    match typing.and_then(|typing| index.library.entry(typing, name)) {
        Some(_) if has_star => Definition::Typing(name.as_str()),
        Some(_) | None => Definition::Entity,
    }
}

fn is_typing(module: Name) -> bool {
    matches!(module.as_str(), "typing" | "typing_extensions")
}

/// A module that has run to its end.
fn end_of(file: FileId) -> Viewpoint {
    Viewpoint { file, scope: MODULE_SCOPE, at: Offset::MAX, guard: ALWAYS, self_class: None }
}

fn entity_of(index: &Index, view: Viewpoint, dotted: &str) -> Entity {
    let resolver = Resolver::new(index);
    let mut segments = dotted.split('.').map(Name::new);
    let Some(first) = segments.next() else { return Entity::Value };
    let Viewpoint { file, scope, at, guard, .. } = view;
    let place = Place { file, scope, at, guard };
    // Expressions of types are read as checkers read them.
    let mut entity = resolver.seen_as(Usage::Annotation, || resolver.name_at(first, place, 0));
    for segment in segments {
        entity = resolver.attribute(&entity, segment, 0);
    }
    entity
}

/// What a value is inferred to be: the instance or class that its chains lead to.
#[must_use]
pub fn inferred(index: &Index, file: FileId, values: &[ChainId]) -> Option<ResolvedType> {
    let [chain] = values else { return None };
    if let Some((function, annotation)) = parameter_of(index, file, *chain) {
        // `self.size = size`: what the parameter is declared to be, not only its principal class.
        let view = Viewpoint::of_function(index, function, None);
        return Some(resolve_annotation(index, view, Some(annotation)));
    }
    match Resolver::new(index).chain(file, *chain) {
        Entity::Instance(class) => Some(ResolvedType::class(class)),
        Entity::Class(class) => Some(ResolvedType::ClassObject(Box::new(ResolvedType::class(class)))),
        Entity::Module(_)
        | Entity::LibraryModule(_)
        | Entity::GenericAlias(_)
        | Entity::SpecialBase(_)
        | Entity::Function(_)
        | Entity::Variant(..)
        | Entity::Awaitable(_)
        | Entity::Held(..)
        | Entity::Super(_)
        | Entity::External(_)
        | Entity::Value
        | Entity::Nothing
        | Entity::Open(_) => None,
    }
}

/// The annotated parameter that a chain is, where it is nothing else, and the function whose it is.
fn parameter_of(index: &Index, file: FileId, chain: ChainId) -> Option<(FunctionId, Name)> {
    let facts = &index.file(file).facts;
    let fact = &facts.chains[chain.index()];
    if fact.steps.len > 0 {
        return None;
    }
    let (scope, [binding]) = facts.bindings_of_root(facts.root_of(fact)).next()? else { return None };
    let Bound::Parameter(parameter) = binding.target else { return None };
    let ScopeKind::Function(function) = facts.scopes[scope.index()].kind else { return None };
    let annotation = facts.parameters[parameter as usize].annotation?;
    Some((FunctionId { file, index: function }, annotation))
}
