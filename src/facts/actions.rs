//! What functions do, told without their author's words where that is possible: into what they put
//! things, what they take from where, what they call on it.
//!
//! Two implementations of one job share these whatever their methods are called. Which external
//! interfaces a function uses is not here: the chains say it. See [`crate::analysis::similarity`].

use serde::{Deserialize, Serialize};

use super::Name;
use crate::text::Offset;

/// One thing that a function does; kept once, however often it does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// The state's name for what is done to a container; the method's name for a call; the exception's for a raise.
    pub name: Name,
    /// Where it was met first.
    pub at: Offset,
    /// What is done.
    pub kind: ActionKind,
    /// To what.
    pub on: Subject,
    /// How the parameters come in.
    pub by: Involved,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ActionKind {
    /// Puts something into a container: `x[k] = v`, `x.append(v)`.
    Insert,
    /// Takes something out: `del x[k]`, `x.pop(k)`, `x.discard(v)`.
    Remove,
    /// Looks something up: `x[k]`, `x.get(k)`.
    Lookup,
    /// Asks whether something is in it.
    Contains,
    /// Goes over all of it.
    Iterate,
    /// Empties it.
    Clear,
    /// Asks for its size.
    Measure,
    /// Calls a method on it; the name is the method's.
    Call,
    /// Calls the thing itself: a stored function, a parameter.
    Invoke,
    /// Sets an attribute.
    Assign,
    /// Adds to a number.
    Increment,
    /// Compares a number or a time for less or more.
    Threshold,
    /// Enters it as a context: a lock.
    Enter,
    /// Loops until told to stop.
    Repeat,
    /// Raises; the name is the exception's.
    Raise,
    /// Catches; the name is the exception's.
    Catch,
    /// Returns; the name is the shape of what it returns.
    Return,
    /// Calls another function of its class or module; the name is that function's.
    Delegate,
}

/// To what something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// What outlives the call: a field of the instance, a name of the module.
    State,
    /// Something taken from the state.
    Element,
    /// A parameter, or a part of one.
    Parameter,
    /// What another function of the class or module gave.
    Own,
    /// Nothing in particular.
    Nothing,
}

/// How parameters come into an action, in one byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Involved(u8);

impl Involved {
    /// Nothing of it.
    pub const NOTHING: Self = Self(0);
    /// There is a key.
    pub const KEYED: Self = Self(1);
    /// The key, or an argument of a call, comes from a parameter.
    pub const BY_PARAMETER: Self = Self(2);
    /// What is put in comes from a parameter.
    pub const STORES_PARAMETER: Self = Self(4);
    /// The function that is called is given things that are kept.
    pub const PASSES_KEPT: Self = Self(8);
    /// What is taken out is had from then on: `x.pop()`, not `del x[key]`.
    pub const TAKES: Self = Self(32);
    /// What is looked up is found by going over what is there and comparing.
    pub const BY_SEARCH: Self = Self(64);
    /// It is done when something has failed.
    pub const ON_FAILURE: Self = Self(16);

    /// How it is done, not what: two that differ in these alone do the same.
    pub const MANNER: Self = Self(Self::TAKES.0 | Self::BY_SEARCH.0 | Self::ON_FAILURE.0);

    /// This, and `other` where `holds`.
    #[must_use]
    pub fn and(self, other: Self, holds: bool) -> Self {
        if holds { Self(self.0 | other.0) } else { self }
    }

    /// This without `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of `other` is in it.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}
