//! The Rust front end: `syn`'s syntax tree → facts.
//!
//! Macros are not expanded: the arguments of those that look like calls are read as expressions, what makes
//! items is recorded as [`crate::facts::ItemMacro`]. A file that `syn` rejects gives its error and no facts.

mod actions;
mod attributes;
mod bodies;
mod documentation;
mod expressions;
mod items;
mod macros;
mod modules;
mod nesting;
mod patterns;
mod pieces;
mod places;
mod plain;
mod signatures;
mod skipping;
mod tables;
mod types;
mod uses;

pub use self::documentation::documentation;

use std::cell::Cell;

use proc_macro2::Span;
use rustc_hash::FxHashMap;

use self::places::Places;
use self::plain::plain;
use super::suppressions::{self, may_suppress};
use crate::facts::{
    ALWAYS, Binding, Bound, Chain, ChainId, FileFacts, Guard, GuardId, GuardKind, MODULE_SCOPE, Name, Root,
    RootId, Run, Scope, ScopeId, ScopeKind, Separator, SyntaxError, Usage,
};
use crate::text::{Lines, Offset};

/// What a chain starts with: a name, its place, and whether more segments of a path follow.
type Head = (Name, Offset, bool);

/// The roots of a file by the scope that looks them up.
type RootTable = FxHashMap<(ScopeId, Name, bool), RootId>;

/// Tables whose steps have room for more than this many are given back: one huge file is no rule.
const MAX_SPARE: usize = 1 << 20;

thread_local! {
    /// Tables of the file before, emptied: they grow once a thread, and each file's facts are a copy of just
    /// the right size.
    static TABLES: Cell<(FileFacts, RootTable)> = Cell::default();
}

/// Reads the facts of one Rust file.
#[must_use]
pub fn facts(text: &str) -> FileFacts {
    let lines = Lines::of(text);
    let line_count = lines.count(text.len());
    let layout = match nesting::layout_of(text) {
        Ok(layout) => layout,
        Err(error) => return FileFacts { lines, line_count, ..FileFacts::unread(vec![error]) },
    };
    let source = plain(text, &layout.tables);
    // What the parser says of a file, it says of the whole.
    let mut facts = lowered(text, &source, &layout.pieces, &lines)
        .or_else(|error| match layout.pieces[..] {
            [] => Err(error),
            [..] => lowered(text, &source, &[], &lines),
        })
        .unwrap_or_else(|error| FileFacts::unread(vec![error]));
    if may_suppress(text) {
        facts.suppressions = suppressions::read(text, skipping::comments(&source).into_iter());
    }
    facts.lines = lines;
    facts.line_count = line_count;
    facts
}

/// Parses and lowers a file piece by piece.
///
/// # Errors
/// What the parser says of the first piece that it rejects.
fn lowered(text: &str, source: &str, pieces: &[usize], lines: &Lines) -> Result<FileFacts, SyntaxError> {
    let mut lowering = Lowering::new(text, lines);
    let mut start = 0;
    for &end in pieces.iter().chain([&source.len()]) {
        let parsed = syn::parse_str::<syn::File>(&source[start..end]);
        // What is the same offset in both texts is the same place.
        let read = parsed.map(|file| lowering.lower(start, &file)).map_err(|error| SyntaxError {
            at: (start + error.span().byte_range().start) as Offset,
            message: told(&error),
        });
        // The table of spans belongs to the thread and would grow with each piece.
        proc_macro2::extra::invalidate_current_thread_spans();
        read?;
        start = end;
    }
    Ok(lowering.finish())
}

/// What is wrong with a text, in words.
fn told(error: &syn::Error) -> String {
    match error.to_string().as_str() {
        // The lexer does not say.
        "cannot parse string into token stream" => {
            "a bracket, string or comment that is not closed, or a character that begins no token".to_owned()
        }
        told => told.to_owned(),
    }
}

/// Parses and drops the tree: the floor that the benchmark measures everything against.
#[must_use]
pub fn parse_only(text: &str) -> usize {
    if nesting::layout_of(text).is_err() {
        return 0;
    }
    let count = syn::parse_file(text).map_or(0, |file| file.items.len());
    proc_macro2::extra::invalidate_current_thread_spans();
    count
}

/// Turns one file into facts.
struct Lowering<'t> {
    text: &'t str,
    places: Places<'t>,
    facts: FileFacts,
    scope: ScopeId,
    guard: GuardId,
    /// The roots of the file by the scope that looks them up.
    roots: RootTable,
    /// Guards by parent and condition.
    conditions: FxHashMap<(GuardId, Name), GuardId>,
}

impl<'t> Lowering<'t> {
    fn new(text: &'t str, lines: &'t Lines) -> Self {
        let (mut facts, roots) = TABLES.take();
        facts.separator = Separator::Colons;
        facts.scopes.push(Scope { parent: MODULE_SCOPE, kind: ScopeKind::Module, bindings: Run::default() });
        facts.guards.push(Guard { parent: ALWAYS, kind: GuardKind::Always, statement: 0 });
        Self {
            text,
            places: Places::new(text, lines),
            facts,
            scope: MODULE_SCOPE,
            guard: ALWAYS,
            roots,
            conditions: FxHashMap::default(),
        }
    }

    /// Lowers the piece of the file that begins at `start`.
    fn lower(&mut self, start: usize, file: &syn::File) {
        self.places.begin(start as Offset);
        // `#![cfg(test)]` at the head of the first holds for all.
        self.guard = self.guard_of(&file.attrs);
        self.lower_items(&file.items);
    }

    fn finish(mut self) -> FileFacts {
        let facts = &mut self.facts;
        facts.bindings.sort_by_key(|binding| (binding.scope, binding.name.address(), binding.at));
        facts.index_bindings();
        self.merge_roots();
        let facts = &mut self.facts;
        for position in 0..facts.roots.len() {
            let root = facts.roots[position];
            facts.roots[position].nearest = facts.nearest(root.scope, root.name);
        }
        let kept = self.facts.clone();
        if self.facts.steps.capacity() <= MAX_SPARE {
            self.facts.clear();
            self.roots.clear();
            TABLES.set((self.facts, self.roots));
        }
        kept
    }

    /// A name that no block between binds is looked up by the function around them: one root, one look-up.
    fn merge_roots(&mut self) {
        let facts = &mut self.facts;
        let kept = &mut self.roots;
        kept.clear();
        let mut merged: Vec<Root> = Vec::new();
        let mut moved: Vec<RootId> = Vec::with_capacity(facts.roots.len());
        for root in &facts.roots {
            let mut scope = root.scope;
            loop {
                let here = facts.scopes[scope.index()];
                let is_inner = matches!(here.kind, ScopeKind::Block | ScopeKind::Expression);
                let binds_all = || !facts.stars_of(scope).is_empty();
                if !is_inner || !facts.bindings_of(scope, root.name).is_empty() || binds_all() {
                    break;
                }
                scope = here.parent;
            }
            let next = RootId::at(merged.len());
            let id = *kept.entry((scope, root.name, root.is_path)).or_insert(next);
            if id == next {
                merged.push(Root { scope, ..*root });
            }
            moved.push(id);
        }
        facts.roots = merged;
        for chain in &mut facts.chains {
            chain.root = moved[chain.root.index()];
        }
    }

    /// The name of an identifier, without `r#`, and where it stands.
    fn named(&self, ident: &proc_macro2::Ident) -> (Name, Offset) {
        let at = self.start_of(ident.span());
        let rest = self.text.get(at as usize..).unwrap_or_default();
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let len = rest.bytes().take_while(is_part).count();
        // What is not plain ASCII is spelled by the identifier itself.
        let is_plain = len > 0 && !matches!(rest.as_bytes().get(len), Some(b'#' | 0x80..));
        (if is_plain { Name::new(&rest[..len]) } else { name_of(ident) }, at)
    }

    /// The name of an identifier, without `r#`.
    fn name_of(&self, ident: &proc_macro2::Ident) -> Name {
        self.named(ident).0
    }

    fn start_of(&self, span: Span) -> Offset {
        self.places.start_of(span)
    }

    fn end_of(&self, span: Span) -> Offset {
        self.places.end_of(span)
    }

    fn slice(&self, from: Offset, to: Offset) -> &'t str {
        self.text.get(from as usize..to as usize).unwrap_or_default()
    }

    fn bind(&mut self, name: Name, at: Offset, is_private: bool, target: Bound) {
        let (scope, guard) = (self.scope, self.guard);
        self.facts.bindings.push(Binding { scope, name, at, guard, is_private, target });
    }

    fn push_scope(&mut self, kind: ScopeKind) -> ScopeId {
        let id = ScopeId::at(self.facts.scopes.len());
        self.facts.scopes.push(Scope { parent: self.scope, kind, bindings: Run::default() });
        id
    }

    /// Lowers something in a scope of its own.
    fn within<T>(&mut self, scope: ScopeId, inner: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.scope, scope);
        let result = inner(self);
        self.scope = outer;
        result
    }

    /// Records a chain from a name; its steps are the ones pushed since `start`. `is_path` where the name is the
    /// first of several segments.
    fn push_chain(&mut self, (name, at, is_path): Head, start: u32, usage: Usage) -> ChainId {
        let next = RootId::at(self.facts.roots.len());
        let root = *self.roots.entry((self.scope, name, is_path)).or_insert(next);
        if root == next {
            self.facts.roots.push(Root { name, scope: self.scope, nearest: Run::default(), is_path });
        }
        let steps = Run { start, len: self.facts.steps.len() as u32 - start };
        let id = ChainId::at(self.facts.chains.len());
        self.facts.chains.push(Chain { root, at, steps, guard: self.guard, usage });
        id
    }

    fn steps_start(&self) -> u32 {
        self.facts.steps.len() as u32
    }

    fn push_values(&mut self, chains: impl IntoIterator<Item = ChainId>) -> Run {
        let start = self.facts.values.len() as u32;
        self.facts.values.extend(chains);
        Run { start, len: self.facts.values.len() as u32 - start }
    }
}

/// The name of an identifier, without `r#`.
fn name_of(ident: &proc_macro2::Ident) -> Name {
    // Most fit into the string itself, without an allocation.
    let text = compact_str::format_compact!("{ident}");
    Name::new(text.strip_prefix("r#").unwrap_or(&text))
}
