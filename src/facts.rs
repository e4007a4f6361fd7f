//! What one source file says, in language-neutral terms.
//!
//! Facts mirror the source; nothing here is resolved: a base is the text and the chain of
//! names that stood in the brackets, not the type that it turned out to be. See [`crate::link`].
//!
//! Everything lives in flat tables, one per kind, and points into its neighbours by index.
//! The syntax tree is gone by the time that a [`FileFacts`] exists.

pub mod actions;
mod lookup;
pub mod names;
mod sketch;
pub mod stored;
pub mod type_expression;

use std::num::NonZeroU32;

use actions::Action;
pub use names::Name;
use serde::{Deserialize, Serialize};
pub use sketch::NameSketch;

use crate::text::{Lines, Offset};

/// Declares an index into one of the tables of [`FileFacts`]. It is kept one higher than it is, so that one that may be
/// missing takes no more room than one that is there.
macro_rules! table_index {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(NonZeroU32);
        impl $name {
            /// The first of its table.
            pub const FIRST: Self = Self(NonZeroU32::MIN);
            /// The one at a position of its table.
            #[must_use]
            pub fn at(position: usize) -> Self { Self(NonZeroU32::MIN.saturating_add(position as u32)) }
            /// The position in its table.
            #[must_use]
            pub fn index(self) -> usize { (self.0.get() - 1) as usize }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.index()).finish()
            }
        }
    )+};
}

table_index! {
    /// Index into [`FileFacts::scopes`].
    ScopeId;
    /// Index into [`FileFacts::guards`].
    GuardId;
    /// Index into [`FileFacts::chains`].
    ChainId;
    /// Index into [`FileFacts::roots`].
    RootId;
    /// Index into [`FileFacts::types`].
    TypeIdx;
    /// Index into [`FileFacts::functions`].
    FunctionIdx;
    /// Index into [`FileFacts::imports`].
    ImportIdx;
    /// Index into [`FileFacts::modules`].
    ModuleIdx;
}

/// The module's own scope.
pub const MODULE_SCOPE: ScopeId = ScopeId::FIRST;
/// The guard of what always runs.
pub const ALWAYS: GuardId = GuardId::FIRST;

/// A run of entries in one of the tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Index of the first entry.
    pub start: u32,
    /// How many.
    pub len: u32,
}

impl Run {
    /// As a range of positions.
    #[must_use]
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }
}

/// All facts of one file.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct FileFacts {
    /// Line starts, for turning offsets into places.
    pub lines: Lines,
    /// How many lines the file has.
    pub line_count: u32,
    /// What stands between the segments of a qualified name.
    pub separator: Separator,
    /// Lexical scopes; the first is the module.
    pub scopes: Vec<Scope>,
    /// Conditions under which things stand; the first is "always".
    pub guards: Vec<Guard>,
    /// Every name that is bound, sorted by scope, then by name address, then by place.
    pub bindings: Vec<Binding>,
    /// The star imports of each scope that has some: into `bindings`.
    pub stars: Vec<(ScopeId, Run)>,
    /// Which names each scope may bind; see [`FileFacts::bindings_of`].
    #[serde(skip)]
    pub sketch: NameSketch,
    /// Modules that the file declares: `mod x;`, `mod x { … }`.
    pub modules: Vec<ModuleFact>,
    /// Classes, structs, traits, impl blocks … in the order of the source.
    pub types: Vec<TypeFact>,
    /// Bases of all types.
    pub bases: Vec<Base>,
    /// Functions and methods in the order of the source.
    pub functions: Vec<FunctionFact>,
    /// Parameters of all functions.
    pub parameters: Vec<Parameter>,
    /// What functions do, function by function.
    pub actions: Vec<Action>,
    /// Imports, one entry per imported name.
    pub imports: Vec<Import>,
    /// Uses of names: `manager.send(x)` is a chain from the root `manager` with the steps `.send`, `()`.
    pub chains: Vec<Chain>,
    /// Names that chains start from, one entry for each scope that uses the name.
    pub roots: Vec<Root>,
    /// Steps of all chains.
    pub steps: Vec<Step>,
    /// The chains from `super`.
    pub supers: Vec<ChainId>,
    /// Chains that a value may be: lists that bindings, fields and returns point into.
    pub values: Vec<ChainId>,
    /// Fields: class-level names with values or annotations, and `self.x = …`.
    pub fields: Vec<Field>,
    /// Dotted strings of code that could name a symbol: `patch("pkg.mod.Class")`.
    pub strings: Vec<StringFact>,
    /// Decorators of all types and functions, as chains.
    pub decorators: Vec<ChainId>,
    /// What variants of enums hold, where a chain names its type.
    pub payloads: Vec<Payload>,
    /// Names bound to what may be a type expression that no chain can hold.
    pub aliases: Vec<AliasFact>,
    /// Names listed in `__all__`, in order.
    pub exports: Vec<Export>,
    /// Whether `__all__` is assigned, and whether all of it could be read.
    pub export_list: ExportList,
    /// Macros that make items, which nobody expands here, in order.
    pub item_macros: Vec<ItemMacro>,
    /// Comments that let findings pass, in order.
    pub suppressions: Vec<SuppressionFact>,
    /// Syntax errors; what stands around them is in the tables all the same.
    pub errors: Vec<SyntaxError>,
}

/// A comment that lets findings pass: `# ssot: allow[rule] reason`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct SuppressionFact {
    /// Where the comment begins.
    pub at: Offset,
    /// Start of the code that it is for, or of its line.
    pub covers: Offset,
    /// What stands in the brackets.
    pub rules: Name,
    /// What stands behind them.
    pub reason: Name,
}

/// A module that stands within another one, in a file of its own or in place.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ModuleFact {
    /// Its name.
    pub name: Name,
    /// The scope that declares it.
    pub scope: ScopeId,
    /// Its own scope, where its items stand in place.
    pub body: Option<ScopeId>,
    /// `#[path = "…"]`.
    pub path: Option<Name>,
    /// Condition under which it is there.
    pub guard: GuardId,
    /// Offset of the name.
    pub at: Offset,
}

/// A macro that stands where an item would, or `include!` wherever it stands: what it makes is not known.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ItemMacro {
    /// Its path.
    pub name: Name,
    /// It is given whole items, which are read as if they stood there: `cfg_if! { … }`.
    pub is_read: bool,
    /// The file that it puts in its place, as written: `include!("data.rs")`.
    pub includes: Option<Name>,
    /// It stands for an expression or statements, and makes no items of the module.
    pub in_body: bool,
    /// Where it stands.
    pub scope: ScopeId,
    /// Under which condition.
    pub guard: GuardId,
    /// Where.
    pub at: Offset,
}

/// What stands between the segments of a path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Separator {
    /// `a.b`
    #[default]
    Dot,
    /// `a::b`
    Colons,
}

impl Separator {
    /// Its text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dot => ".",
            Self::Colons => "::",
        }
    }
}

/// What is known of a module's `__all__`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExportList {
    /// There is none.
    #[default]
    Absent,
    /// Every entry could be read.
    Literal,
    /// It is built by code that we do not follow.
    Dynamic,
}

/// A name bound to what may be a type: `Outgoing = Union[A, B]`, `type X = A | None`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct AliasFact {
    /// Where the name is bound; the same place as the [`Binding`]'s.
    pub at: Offset,
    /// The text of the value.
    pub text: Name,
}

/// One entry of `__all__`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Export {
    /// The exported name.
    pub name: Name,
    /// Where it stands.
    pub at: Offset,
}

/// A syntax error as the parser tells it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SyntaxError {
    /// Where.
    pub at: Offset,
    /// What.
    pub message: String,
}

/// A lexical scope.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Scope {
    /// The enclosing scope; the module's is itself.
    pub parent: ScopeId,
    /// What opens it.
    pub kind: ScopeKind,
    /// Its names: into [`FileFacts::bindings`].
    pub bindings: Run,
}

/// What opens a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScopeKind {
    /// The file.
    Module,
    /// A type's body: its names are not seen from the functions within.
    Type(TypeIdx),
    /// A function's body and parameters.
    Function(FunctionIdx),
    /// A comprehension or a lambda: like a function, it does not see the names of a type's body.
    Expression,
    /// A list of type parameters and what they hold for, which see the body around them (PEP 695).
    TypeParameters,
    /// A module in place: it sees no name of the module around it.
    Namespace(ModuleIdx),
    /// A block of statements: its names end with it.
    Block,
}

/// One condition under which statements run; conditions nest through `parent`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Guard {
    /// The guard around this one.
    pub parent: GuardId,
    /// The condition.
    pub kind: GuardKind,
    /// Which statement: the branches of one statement share it. Offset of the statement.
    pub statement: Offset,
}

/// The kinds of conditions that we tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GuardKind {
    /// No condition: the root.
    Always,
    /// A branch whose test is known for the target (`sys.version_info`, `sys.platform`, constants).
    Known(bool),
    /// Only a type checker takes this branch.
    TypeChecking,
    /// Only the interpreter takes this branch: the `else` of `if TYPE_CHECKING`.
    Runtime,
    /// A branch whose test only runs can tell; `last` is true for an `else` that makes the branches exhaustive.
    Branch {
        /// Position of the branch among its statement's.
        ordinal: u16,
        /// An `else`, or a `case _`.
        last: bool,
    },
    /// The body of a `try` that has handlers.
    TryBody {
        /// Whether a handler catches a failed import.
        catches_import: bool,
    },
    /// A handler that catches a failed import.
    ImportHandler,
    /// Another handler.
    Handler,
    /// The `else` of a `try`.
    TryElse,
    /// A loop's body, which may run never; or a function's, where that binds a name of the scope around it.
    Loop,
    /// `__name__ == "__main__"`.
    Main,
    /// Compiled only where a condition holds: `#[cfg(…)]`.
    Config {
        /// The condition as written.
        condition: Name,
        /// Whether it holds for tests alone.
        is_test: bool,
    },
}

/// A name bound in a scope.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Binding {
    /// The scope whose name it is (after `global` and `nonlocal`).
    pub scope: ScopeId,
    /// The name.
    pub name: Name,
    /// Where.
    pub at: Offset,
    /// Under which condition.
    pub guard: GuardId,
    /// Declared private to its module (and those within it). Languages that tell by the name leave it false.
    pub is_private: bool,
    /// To what.
    pub target: Bound,
}

/// What a name is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bound {
    /// An import.
    Import(ImportIdx),
    /// A definition of a type.
    Type(TypeIdx),
    /// A definition of a function.
    Function(FunctionIdx),
    /// A parameter, by its position in [`FileFacts::parameters`].
    Parameter(u32),
    /// The first parameter of a method: the instance (or the class) of this type.
    Receiver {
        /// The type whose method it is.
        of: TypeIdx,
        /// `cls` rather than `self`.
        is_class: bool,
    },
    /// An assigned value: any of these chains, with an annotation perhaps.
    Value {
        /// Into [`FileFacts::values`].
        values: Run,
        /// Principal chain of the annotation.
        annotation: Option<ChainId>,
        /// Whether the chains are all that the value may be.
        is_complete: bool,
    },
    /// `type X = …` or `X: TypeAlias = …`.
    TypeAlias(Option<ChainId>),
    /// A type parameter or `TypeVar`.
    TypeParameter,
    /// Something that we do not follow: a loop variable, an unpacked tuple, a literal.
    Opaque,
    /// `del x`.
    Deleted,
    /// `from m import *`: may bind anything.
    Star(ImportIdx),
    /// A module that the file declares.
    Module(ModuleIdx),
}

/// A use of a name, with the attribute look-ups and calls that follow it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Chain {
    /// The name that starts it.
    pub root: RootId,
    /// Where that name stands.
    pub at: Offset,
    /// Into [`FileFacts::steps`].
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
    /// Into [`FileFacts::bases`].
    pub bases: Run,
    /// Principal chain of `metaclass=`.
    pub metaclass: Option<ChainId>,
    /// Into [`FileFacts::decorators`].
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
    /// Simple name; [`FileFacts::qualname`] gives the qualified one.
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
    /// Into [`FileFacts::parameters`].
    pub parameters: Run,
    /// The return annotation's text.
    pub returns: Option<Name>,
    /// The return annotation's principal chain.
    pub returns_chain: Option<ChainId>,
    /// What it returns, as far as chains say: into [`FileFacts::values`].
    pub returned: Run,
    /// Into [`FileFacts::decorators`].
    pub decorators: Run,
    /// What it does: into [`FileFacts::actions`]. Functions within functions are read with the outer one.
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

/// An imported name. `import a.b` has no `name`; `from a import b` has.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Import {
    /// The dotted module, without leading dots.
    pub module: Name,
    /// Leading dots: 0 is absolute.
    pub level: u32,
    /// What is imported.
    pub what: Imported,
    /// Where the imported name (or module) stands.
    pub at: Offset,
    /// Scope of the statement.
    pub scope: ScopeId,
    /// Condition under which it runs.
    pub guard: GuardId,
}

/// What an import brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Imported {
    /// `import a.b.c`: binds `a`.
    Module,
    /// `import a.b.c as x`: binds `a.b.c`.
    ModuleAs,
    /// `from a import b`.
    Name(Name),
    /// `from a import *`.
    Star,
    /// `importlib.import_module("a.b")` with a literal: binds nothing by itself.
    Dynamic,
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
    /// What it is set to: into [`FileFacts::values`].
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

/// A string of code that could name a symbol.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct StringFact {
    /// Its text.
    pub text: Name,
    /// Where.
    pub at: Offset,
    /// Innermost scope.
    pub scope: ScopeId,
}

impl FileFacts {
    /// The facts of a file that could not be read: a module without a name in it.
    #[must_use]
    pub fn unread(errors: Vec<SyntaxError>) -> Self {
        let module = Scope { parent: MODULE_SCOPE, kind: ScopeKind::Module, bindings: Run::default() };
        let always = Guard { parent: ALWAYS, kind: GuardKind::Always, statement: 0 };
        Self { scopes: vec![module], guards: vec![always], errors, ..Self::default() }
    }

    /// Empties every table and keeps its room.
    pub fn clear(&mut self) {
        let Self {
            lines,
            line_count,
            separator: _,
            scopes,
            guards,
            bindings,
            stars,
            sketch,
            modules,
            types,
            bases,
            functions,
            parameters,
            actions,
            imports,
            chains,
            roots,
            steps,
            supers,
            values,
            fields,
            strings,
            decorators,
            payloads,
            aliases,
            exports,
            export_list,
            item_macros,
            suppressions,
            errors,
        } = self;
        *lines = Lines::default();
        *line_count = 0;
        *export_list = ExportList::Absent;
        scopes.clear();
        guards.clear();
        bindings.clear();
        stars.clear();
        sketch.clear();
        modules.clear();
        types.clear();
        bases.clear();
        functions.clear();
        parameters.clear();
        actions.clear();
        imports.clear();
        chains.clear();
        roots.clear();
        steps.clear();
        supers.clear();
        values.clear();
        fields.clear();
        strings.clear();
        decorators.clear();
        payloads.clear();
        aliases.clear();
        exports.clear();
        item_macros.clear();
        suppressions.clear();
        errors.clear();
    }
}
