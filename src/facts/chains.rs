//! Uses of names: chains of look-ups and calls from a name on.

use serde::{Deserialize, Serialize};

use super::{GuardId, Name, RootId, Run, ScopeId};
use crate::text::Offset;

/// A use of a name, with the attribute look-ups and calls that follow it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Chain {
    /// The name that starts it.
    pub root: RootId,
    /// Where that name stands.
    pub at: Offset,
    /// Into [`super::FileFacts::steps`].
    pub steps: Run,
    /// Condition under which it is evaluated.
    pub guard: GuardId,
    /// What is done with the whole.
    pub usage: Usage,
}

/// A name as the code of one scope sees it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Root {
    /// The name.
    pub name: Name,
    /// Scope in which it is looked up.
    pub scope: ScopeId,
    /// Its bindings in the nearest scope that binds it; empty where none of the file does.
    pub nearest: Run,
    /// More segments of a path follow (`name::…`): no local is meant.
    pub is_path: bool,
}

/// One step of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// `.name`, at the name.
    Attribute(Name, Offset),
    /// `(…)`.
    Call,
    /// `await …`.
    Await,
    /// `[…]`.
    Index,
    /// A container of such things: `Option<T>`, in annotations.
    Held(Holder),
    /// What `with` gives for it: `__enter__()`, or of `async with` `await __aenter__()`.
    Entered {
        /// Of `async with`.
        is_async: bool,
    },
    /// What a pattern takes out of the type or variant that it names: `Join(connection)`.
    Part(Name),
}

impl Step {
    /// The name that is looked up, where that is what is done.
    #[must_use]
    pub fn attribute(self) -> Option<Name> {
        match self {
            Self::Attribute(name, _) => Some(name),
            Self::Call | Self::Await | Self::Index | Self::Held(_) | Self::Entered { .. } | Self::Part(_) => {
                None
            }
        }
    }
}

/// Kinds of generic types that hold values of another type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Holder {
    /// One or none of them: `Option<T>`, `Result<T, E>`, a future.
    Optional,
    /// One behind a lock, or what must be borrowed first: `Mutex<T>`, `RefCell<T>`.
    Locked,
    /// Any number of them: `Vec<T>`, `HashMap<K, T>`, an iterator.
    Many,
    /// One behind a pointer that can be cloned without it: `Arc<T>`, `Box<T>`.
    Pointer,
}

/// What the surroundings do with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Usage {
    /// Any other load.
    Value,
    /// Stands in an annotation.
    Annotation,
    /// Is a base of a type.
    Base,
    /// Is tested against: `isinstance`, `issubclass`, `except`, a class pattern.
    InstanceTest,
    /// Decorates.
    Decorator,
    /// Bounds a type parameter.
    Bound,
    /// Is assigned to or deleted (the last step; the ones before are loads).
    Store,
}
