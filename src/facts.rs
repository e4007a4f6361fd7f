//! What one source file says, in language-neutral terms.
//!
//! Facts mirror the source; nothing here is resolved: a base is the text and the chain of
//! names that stood in the brackets, not the type that it turned out to be. See [`crate::link`].
//!
//! Everything lives in flat tables, one per kind, and points into its neighbours by index.
//! The syntax tree is gone by the time that a [`FileFacts`] exists.

pub mod actions;
mod chains;
mod functions;
mod lookup;
pub mod names;
mod scopes;
mod sketch;
pub mod stored;
pub mod type_expression;
mod types;

use std::num::NonZeroU32;

use actions::Action;
pub use chains::{Chain, Holder, Root, Step, Usage};
pub use functions::{BindingKind, FunctionFact, FunctionTraits, Parameter, ParameterKind};
pub use names::Name;
pub use scopes::{Binding, Bound, Guard, GuardKind, Scope, ScopeKind};
use serde::{Deserialize, Serialize};
pub use sketch::NameSketch;
pub use types::{Base, Field, Literal, MadeBy, Payload, TypeFact, TypeForm};

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
