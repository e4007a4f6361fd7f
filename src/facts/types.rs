//! Definitions of types, their bases and their fields.

use serde::{Deserialize, Serialize};

use super::{ChainId, GuardId, Name, Run, ScopeId, TypeIdx};
use crate::text::Offset;

/// A definition of a type.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct TypeFact {
    /// Simple name.
    pub name: Name,
    /// Qualified name within the module, with `<locals>` for functions (PEP 3155).
    pub qualname: Name,
    /// What it is.
    pub form: TypeForm,
    /// The scope that holds the definition.
    pub scope: ScopeId,
    /// The scope of its body.
    pub body: ScopeId,
    /// Condition under which it is defined.
    pub guard: GuardId,
    /// The keyword and the name.
    pub at: Offset,
    /// Offset of the name.
    pub name_at: Offset,
    /// End of the definition.
    pub end: Offset,
    /// Into [`super::FileFacts::bases`].
    pub bases: Run,
    /// Principal chain of `metaclass=`.
    pub metaclass: Option<ChainId>,
    /// Into [`super::FileFacts::decorators`].
    pub decorators: Run,
    /// Whether it takes type parameters of its own (PEP 695).
    pub has_type_parameters: bool,
    /// `__module__ = "…"` in the body: the module that the type claims to be of.
    pub claimed_module: Option<Name>,
    /// Whether the body holds nothing but a docstring, `pass` or `…`.
    pub is_empty: bool,
    /// Whether a decorator makes its instances read-only: `@dataclass(frozen=True)`, `@attrs.frozen`.
    pub is_frozen: bool,
    /// Whether its bases are made by a call: `namedtuple(…)`, `NamedTuple(…)`, `type(…)`.
    pub made_by: MadeBy,
}

/// Kinds of definitions of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TypeForm {
    /// A class.
    Class,
    /// A struct.
    Struct,
    /// An enum: one of several variants.
    Enum,
    /// A union.
    Union,
    /// A trait.
    Trait,
    /// A block that gives methods to a type that is defined elsewhere: `impl Type`, `impl Trait for Type`.
    /// Its bases are the trait.
    Extension {
        /// Principal chain of the type; none where it is no path (`impl Trait for [T]`).
        of: Option<ChainId>,
        /// `impl !Trait for Type`.
        is_negative: bool,
        /// For every type that fulfils its bounds: `impl<T: Display> Trait for T`.
        is_blanket: bool,
    },
}

impl TypeForm {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Struct => "struct",
            Self::Enum => "enum",
            Self::Union => "union",
            Self::Trait => "trait",
            Self::Extension { .. } => "impl",
        }
    }
}

/// How a type comes to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MadeBy {
    /// A `class` statement.
    Statement,
    /// `collections.namedtuple("X", …)` or `typing.NamedTuple("X", …)`; the chain is the callee.
    NamedTuple(ChainId),
    /// Another call that makes a class from bases: `type("X", (A,), {})`, `Enum("X", …)`.
    Call(ChainId),
}

/// A base as written.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Base {
    /// The source text.
    pub text: Name,
    /// Its names; `None` for an expression that is no chain.
    pub chain: Option<ChainId>,
    /// A subscript stood behind it: `Generic[T]`, `List[int]`.
    pub is_subscripted: bool,
    /// `*bases`.
    pub is_starred: bool,
    /// A base that is itself made in place: `class P(namedtuple("P", "x y"))`.
    pub made_in_place: Option<TypeIdx>,
    /// Where.
    pub at: Offset,
}

/// A field of a type.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Field {
    /// The type.
    pub owner: TypeIdx,
    /// Its name.
    pub name: Name,
    /// Where it is set.
    pub at: Offset,
    /// The annotation's text.
    pub annotation: Option<Name>,
    /// The annotation's principal chain.
    pub annotation_chain: Option<ChainId>,
    /// What it is set to: into [`super::FileFacts::values`].
    pub values: Run,
    /// Whether it is set on the instance (`self.x = …`), not in the body of the type.
    pub is_instance: bool,
    /// Whether a value is assigned at all.
    pub has_value: bool,
    /// What the value is, where it is written out.
    pub literal: Option<Literal>,
}

/// A part of what a variant of an enum holds: `Join(Connection)`, `Join { connection: Connection }`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Payload {
    /// The enum.
    pub owner: TypeIdx,
    /// The variant.
    pub variant: Name,
    /// Name of the part; its position where it has none.
    pub field: Name,
    /// Principal chain of its type.
    pub chain: ChainId,
}

/// Kinds of values that are written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Literal {
    /// `True`
    Bool,
    /// `b"…"`
    Bytes,
    /// `1j`
    Complex,
    /// `1.5`
    Float,
    /// `1`
    Int,
    /// `"…"`, `f"…"`
    Str,
}

impl Literal {
    /// The class of such a value in the standard library.
    #[must_use]
    pub fn class_name(self) -> &'static str {
        match self {
            Self::Bool => "builtins.bool",
            Self::Bytes => "builtins.bytes",
            Self::Complex => "builtins.complex",
            Self::Float => "builtins.float",
            Self::Int => "builtins.int",
            Self::Str => "builtins.str",
        }
    }
}
