//! Whether one class is a subclass of another for a type checker: by MRO, by registration with an
//! abstract base class, or by having what a one-method base class asks for.

use super::ResolvedType;
use crate::facts::Name;
use crate::link::members::{fields_of, method_of};
use crate::link::mro::MroEntry;
use crate::link::{ClassId, Index, Origin};

/// How the parameters of a generic class vary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variance {
    Invariant,
    Covariant,
    Contravariant,
    /// A class of the tree: its type variables are not read.
    Unknown,
}

pub(super) fn variance(index: &Index, class: ClassId, position: usize) -> Variance {
    let class = index.class(class);
    if class.origin != Origin::Library {
        return Variance::Unknown;
    }
    match (class.id.as_str(), position) {
        ("collections.abc.Mapping", 1)
        | (
            "builtins.frozenset"
            | "collections.abc.Sequence"
            | "collections.abc.Iterable"
            | "collections.abc.Iterator"
            | "collections.abc.Collection"
            | "collections.abc.Container"
            | "collections.abc.Reversible"
            | "collections.abc.Set"
            | "collections.abc.KeysView"
            | "collections.abc.ValuesView"
            | "collections.abc.ItemsView"
            | "collections.abc.Awaitable"
            | "collections.abc.AsyncIterable"
            | "collections.abc.AsyncIterator"
            | "contextlib.AbstractContextManager"
            | "contextlib.AbstractAsyncContextManager",
            _,
        ) => Variance::Covariant,
        ("collections.abc.Coroutine" | "collections.abc.Generator" | "collections.abc.AsyncGenerator", 1) => {
            Variance::Contravariant
        }
        ("collections.abc.Coroutine" | "collections.abc.Generator" | "collections.abc.AsyncGenerator", _) => {
            Variance::Covariant
        }
        _ => Variance::Invariant,
    }
}

/// Whether a class is a subclass of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subclass {
    Yes,
    No,
    CannotTell(String),
}

pub(super) fn subclass(index: &Index, from: ClassId, to: ClassId) -> Subclass {
    let mro = &index.class(from).mro;
    if mro.contains(to) || promotes(index, from, to) {
        return Subclass::Yes;
    }
    for ancestor in mro.classes() {
        let registered = registered_bases(index.class(ancestor).id.as_str()).iter();
        let mut registered = registered.filter_map(|base| index.library.class(base));
        if registered.any(|base| base == to || index.class(base).mro.contains(to)) {
            return Subclass::Yes;
        }
    }
    if let Some(needed) = duck_methods(index.class(to).id.as_str())
        && needed.iter().all(|name| provides(index, from, Name::new(name)))
    {
        return Subclass::Yes;
    }
    match mro.unknown.first() {
        Some(reason) => Subclass::CannotTell(format!("a base of `{}`: {reason}", index.class(from).name)),
        None if mro.error.is_some() => {
            Subclass::CannotTell(format!("`{}` has no method resolution order", index.class(from).name))
        }
        None => match mro.classes().find(|ancestor| may_be_registered(index, *ancestor, to)) {
            Some(ancestor) => {
                let [own, other] = [ancestor, to].map(|class| index.class(class).id);
                Subclass::CannotTell(format!(
                    "`{own}` may be registered as `{other}`, or be it for type checkers"
                ))
            }
            None => Subclass::No,
        },
    }
}

/// Whether something beside its bases may make a class of the standard library a subclass: what the builtins and
/// `collections.abc` are is known.
fn may_be_registered(index: &Index, class: ClassId, to: ClassId) -> bool {
    let module =
        |class: ClassId| index.class(class).id.as_str().rsplit_once('.').map_or("", |(module, _)| module);
    let is_library = [class, to].iter().all(|class| index.class(*class).origin == Origin::Library);
    is_library
        && duck_methods(index.class(to).id.as_str()).is_none()
        && !matches!(module(class), "builtins" | "collections.abc" | "typing" | "abc" | "enum")
        && (index.library.classes[to.0 as usize].is_protocol
            || matches!(
                module(to),
                "typing" | "collections.abc" | "io" | "_io" | "numbers" | "os" | "contextlib"
            ))
}

/// The numeric tower of PEP 484.
fn promotes(index: &Index, from: ClassId, to: ClassId) -> bool {
    let is_a = |id: &str| index.library.class(id).is_some_and(|class| index.class(from).mro.contains(class));
    match index.class(to).id.as_str() {
        "builtins.float" => is_a("builtins.int"),
        "builtins.complex" => is_a("builtins.int") || is_a("builtins.float"),
        _ => false,
    }
}

/// What the standard library's classes are registered as, or are in typeshed; at run time they do not inherit.
fn registered_bases(id: &str) -> &'static [&'static str] {
    match id {
        "builtins.list" | "builtins.bytearray" | "collections.deque" | "array.array" => {
            &["collections.abc.MutableSequence"]
        }
        "builtins.tuple" | "builtins.str" | "builtins.bytes" | "builtins.range" | "builtins.memoryview" => {
            &["collections.abc.Sequence"]
        }
        "builtins.dict" => &["collections.abc.MutableMapping"],
        "builtins.mappingproxy" => &["collections.abc.Mapping"],
        "builtins.set" => &["collections.abc.MutableSet"],
        "builtins.frozenset" => &["collections.abc.Set"],
        "builtins.generator" => &["collections.abc.Generator"],
        "builtins.coroutine" => &["collections.abc.Coroutine"],
        "_io.StringIO" | "_io.TextIOWrapper" => &["io.TextIOBase", "typing.TextIO"],
        "_io.BytesIO" | "_io.BufferedReader" | "_io.BufferedWriter" | "_io.BufferedRandom" => {
            &["io.BufferedIOBase", "typing.BinaryIO"]
        }
        "_io.FileIO" => &["io.RawIOBase", "typing.BinaryIO"],
        _ => &[],
    }
}

/// What classes must have to count as these, without inheriting (`__subclasshook__`).
fn duck_methods(id: &str) -> Option<&'static [&'static str]> {
    Some(match id {
        "collections.abc.Iterable" => &["__iter__"],
        "collections.abc.Iterator" => &["__iter__", "__next__"],
        "collections.abc.AsyncIterable" => &["__aiter__"],
        "collections.abc.AsyncIterator" => &["__aiter__", "__anext__"],
        "collections.abc.Awaitable" => &["__await__"],
        "collections.abc.Sized" => &["__len__"],
        "collections.abc.Container" => &["__contains__"],
        "collections.abc.Collection" => &["__len__", "__iter__", "__contains__"],
        "collections.abc.Reversible" => &["__iter__", "__reversed__"],
        "collections.abc.Hashable" => &["__hash__"],
        "collections.abc.Buffer" => &["__buffer__"],
        "os.PathLike" => &["__fspath__"],
        "contextlib.AbstractContextManager" => &["__enter__", "__exit__"],
        "contextlib.AbstractAsyncContextManager" => &["__aenter__", "__aexit__"],
        _ => return None,
    })
}

/// Whether a class or one of its known bases defines a name.
pub(super) fn provides(index: &Index, class: ClassId, name: Name) -> bool {
    index.class(class).mro.entries.iter().any(|entry| match entry {
        MroEntry::Unknown(_) => false,
        MroEntry::Class(id) => match index.class(*id).origin {
            Origin::Library => index.library.has_member(*id, name),
            Origin::Source { file, index: at } => {
                method_of(index, *id, name).is_some()
                    || fields_of(index, file, at).any(|field| field.name == name)
            }
        },
    })
}

/// The arguments of `from` seen as its base `to`: `dict[K, V]` is an `Iterable[K]`. None where the
/// mapping is not known.
pub(super) fn arguments_as(
    index: &Index,
    from: ClassId,
    arguments: &[ResolvedType],
    to: ClassId,
) -> Option<Vec<ResolvedType>> {
    let to_id = index.class(to).id.as_str();
    let from_id = index.class(from).id.as_str();
    if from == to {
        return Some(arguments.to_vec());
    }
    if index.class(from).origin != Origin::Library {
        return None;
    }
    let is_single = matches!(
        to_id,
        "collections.abc.Iterable"
            | "collections.abc.Iterator"
            | "collections.abc.Collection"
            | "collections.abc.Container"
            | "collections.abc.Reversible"
            | "collections.abc.Sequence"
            | "collections.abc.Set"
            | "collections.abc.MutableSet"
            | "collections.abc.MutableSequence"
            | "collections.abc.AsyncIterable"
            | "collections.abc.AsyncIterator"
    );
    match from_id {
        "builtins.str" if is_single => Some(vec![ResolvedType::class(from)]),
        "builtins.bytes" | "builtins.bytearray" | "builtins.range" | "builtins.memoryview" if is_single => {
            Some(vec![ResolvedType::library(index, "builtins.int")])
        }
        "collections.abc.Coroutine" if to_id == "collections.abc.Awaitable" => {
            Some(arguments.get(2).cloned().into_iter().collect())
        }
        "builtins.enumerate" if is_single && arguments.len() == 1 => {
            let items = vec![ResolvedType::library(index, "builtins.int"), arguments[0].clone()];
            Some(vec![ResolvedType::Tuple { items, is_homogeneous: false }])
        }
        "collections.abc.ItemsView" | "builtins.enumerate" | "builtins.zip" | "builtins.map" => None,
        _ if arguments.is_empty() => Some(Vec::new()),
        _ if is_single => Some(vec![arguments[0].clone()]),
        _ if to_id.ends_with("Mapping") || to_id == "builtins.dict" => Some(arguments.to_vec()),
        _ => None,
    }
}
