//! Scopes, the conditions under which code runs, and what names are bound to.

use serde::{Deserialize, Serialize};

use super::{ChainId, FunctionIdx, GuardId, ImportIdx, ModuleIdx, Name, Run, ScopeId, TypeIdx};
use crate::text::Offset;

/// A lexical scope.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Scope {
    /// The enclosing scope; the module's is itself.
    pub parent: ScopeId,
    /// What opens it.
    pub kind: ScopeKind,
    /// Its names: into [`super::FileFacts::bindings`].
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
    /// A parameter, by its position in [`super::FileFacts::parameters`].
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
        /// Into [`super::FileFacts::values`].
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
