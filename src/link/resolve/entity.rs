//! What names stand for, and from where they are looked at.

use super::Layers;
use crate::facts::{ALWAYS, GuardId, Name, ScopeId};
use crate::link::library::LibraryModuleId;
use crate::link::modules::ModuleId;
use crate::link::{ClassId, FileId, FunctionId, Unresolved};
use crate::text::Offset;

/// What a name or expression stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entity {
    /// A module of the tree or the environment.
    Module(ModuleId),
    /// A module of the standard library.
    LibraryModule(LibraryModuleId),
    /// A class.
    Class(ClassId),
    /// `typing.List` and its kin: stands for a class when it is a base.
    GenericAlias(ClassId),
    /// `typing.NamedTuple`, `typing.TypedDict`: functions that act as bases.
    SpecialBase(SpecialBase),
    /// A function or an unbound method.
    Function(FunctionId),
    /// An instance of a class.
    Instance(ClassId),
    /// What a coroutine function gives before it is awaited.
    Awaitable(ClassId),
    /// A container of instances: `Option<T>`, `Mutex<T>`, `HashMap<K, T>`, an iterator of them.
    Held(ClassId, Layers),
    /// A variant of an enum, which makes an instance of it.
    Variant(ClassId, Name),
    /// `super()` within a class.
    Super(ClassId),
    /// A module, class or function outside of what could be read.
    External(Name),
    /// A value that is no type and no instance that we follow.
    Value,
    /// `None`.
    Nothing,
    /// Not known, and why.
    Open(Unresolved),
}

impl Entity {
    /// The class whose methods are called on it, where it is a class or has one.
    #[must_use]
    pub fn receiver(&self) -> Option<ClassId> {
        match self {
            Self::Class(class) | Self::Instance(class) | Self::Super(class) => Some(*class),
            _ => None,
        }
    }
}

/// Functions of `typing` that stand for a base class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecialBase {
    /// Gives `tuple`.
    NamedTuple,
    /// Gives `dict`.
    TypedDict,
}

/// From where a name is looked at: decides which bindings have run already.
#[derive(Debug, Clone, Copy)]
pub struct Site {
    /// Only bindings before this offset count; none for code that runs later.
    pub before: Option<Offset>,
    /// Where the name stands in the flow of the scope that binds it.
    pub at: Option<Offset>,
    /// The guard around the place: branches around it are known to be taken.
    pub guard: GuardId,
}

impl Site {
    /// From another file, when the module has run to its end.
    pub const END: Self = Self { before: None, at: None, guard: ALWAYS };
}

/// Where a name stands.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The innermost scope.
    pub scope: ScopeId,
    /// Offset.
    pub at: Offset,
    /// Condition under which it is evaluated.
    pub guard: GuardId,
}
