//! Definitions of functions and their parameters.

use serde::{Deserialize, Serialize};

use super::{ChainId, GuardId, Name, Run, ScopeId, TypeIdx};
use crate::text::Offset;

/// How a method binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum BindingKind {
    /// A function outside a type.
    Free,
    /// Takes the instance first.
    Instance,
    /// `@classmethod`.
    Class,
    /// `@staticmethod`.
    Static,
    /// `@property` and `cached_property`: read without a call.
    Property,
    /// The setter or deleter of a property.
    Accessor,
}

impl BindingKind {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "function",
            Self::Instance => "instance",
            Self::Class => "class",
            Self::Static => "static",
            Self::Property => "property",
            Self::Accessor => "accessor",
        }
    }
}

/// A definition of a function or method.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct FunctionFact {
    /// Simple name; [`super::FileFacts::qualname`] gives the qualified one.
    pub name: Name,
    /// The scope that holds the definition.
    pub scope: ScopeId,
    /// Condition under which it is defined.
    pub guard: GuardId,
    /// The type whose body holds it.
    pub owner: Option<TypeIdx>,
    /// Start of the definition, without its decorators.
    pub at: Offset,
    /// Offset of the name.
    pub name_at: Offset,
    /// End of the definition.
    pub end: Offset,
    /// Into [`super::FileFacts::parameters`].
    pub parameters: Run,
    /// The return annotation's text.
    pub returns: Option<Name>,
    /// The return annotation's principal chain.
    pub returns_chain: Option<ChainId>,
    /// What it returns, as far as chains say: into [`super::FileFacts::values`].
    pub returned: Run,
    /// Into [`super::FileFacts::decorators`].
    pub decorators: Run,
    /// What it does: into [`super::FileFacts::actions`]. Functions within functions are read with the outer one.
    pub actions: Run,
    /// How it binds.
    pub binding: BindingKind,
    /// Yes/no properties.
    pub traits: FunctionTraits,
    /// Digest of the body's tokens.
    pub digest: u64,
}

/// Yes/no properties of a function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionTraits {
    /// `async def`.
    pub is_async: bool,
    /// Contains `yield`.
    pub is_generator: bool,
    /// `@abstractmethod`.
    pub is_abstract: bool,
    /// `@overload`.
    pub is_overload: bool,
    /// `@typing.override`.
    pub is_override: bool,
    /// Carries a decorator that may change its signature.
    pub is_wrapped: bool,
    /// Calls `super().<its own name>(…)`.
    pub calls_super: bool,
    /// Asks `super(Other, …)` with another class than the one around it.
    pub asks_beyond: bool,
    /// The body is a docstring, `pass`, `…` or `raise NotImplementedError`.
    pub is_stub: bool,
}

/// Parameter kinds in the order of a signature (PEP 362, PEP 570).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ParameterKind {
    /// Before `/`.
    PositionalOnly,
    /// By position or by name.
    Standard,
    /// `*args`.
    Variadic,
    /// After `*`.
    KeywordOnly,
    /// `**kwargs`.
    KeywordVariadic,
}

impl ParameterKind {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PositionalOnly => "positional-only",
            Self::Standard => "standard",
            Self::Variadic => "variadic",
            Self::KeywordOnly => "keyword-only",
            Self::KeywordVariadic => "keyword-variadic",
        }
    }
}

/// One parameter.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// Its kind.
    pub kind: ParameterKind,
    /// The annotation's text.
    pub annotation: Option<Name>,
    /// The annotation's principal chain.
    pub annotation_chain: Option<ChainId>,
    /// The default's text, shortened.
    pub default: Option<Name>,
}
