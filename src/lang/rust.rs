//! The Rust front end: `syn`'s syntax tree → facts.
//!
//! Macros are not expanded: the arguments of those that look like calls are read as expressions, what makes
//! items is recorded as [`crate::facts::ItemMacro`]. A file that `syn` rejects gives its error and no facts.

mod actions;
mod attributes;
mod bodies;
mod expressions;
mod items;
mod nesting;
mod patterns;
mod signatures;
mod types;
mod uses;

use proc_macro2::Span;
use rustc_hash::FxHashMap;

use crate::facts::{
    ALWAYS, Binding, Bound, Chain, ChainId, FileFacts, Guard, GuardId, GuardKind, MODULE_SCOPE, Name, Root,
    RootId, Run, Scope, ScopeId, ScopeKind, Separator, SyntaxError, Usage,
};
use crate::text::{Lines, Offset};

/// Reads the facts of one Rust file.
#[must_use]
pub fn facts(text: &str) -> FileFacts {
    let lines = Lines::of(text);
    let line_count = lines.count(text.len());
    if let Some(error) = nesting::check_depth(text) {
        return FileFacts { lines, line_count, errors: vec![error], ..FileFacts::default() };
    }
    let (base, source) = without_first_line(text);
    let mut facts = match syn::parse_str::<syn::File>(source) {
        Ok(file) => Lowering::new(source, base).lower(&file),
        Err(error) => {
            let at = base + error.span().byte_range().start as Offset;
            let message = error.to_string();
            FileFacts { errors: vec![SyntaxError { at, message }], ..FileFacts::default() }
        }
    };
    // The table of spans belongs to the thread and would grow with each file.
    proc_macro2::extra::invalidate_current_thread_spans();
    facts.lines = lines;
    facts.line_count = line_count;
    facts
}

/// Parses and drops the tree: the floor that the benchmark measures everything against.
#[must_use]
pub fn parse_only(text: &str) -> usize {
    if nesting::check_depth(text).is_some() {
        return 0;
    }
    let count = syn::parse_str::<syn::File>(without_first_line(text).1).map_or(0, |file| file.items.len());
    proc_macro2::extra::invalidate_current_thread_spans();
    count
}

/// Leaves out a byte order mark and `#!/usr/bin/env …`, which are no tokens; `#![…]` is.
fn without_first_line(text: &str) -> (Offset, &str) {
    let mut start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let rest = &text[start..];
    if rest.starts_with("#!") && !rest[2..].trim_start().starts_with('[') {
        start += rest.find('\n').unwrap_or(rest.len());
    }
    (start as Offset, &text[start..])
}

/// Turns one file into facts.
struct Lowering<'t> {
    text: &'t str,
    /// Offset of `text` in the file.
    base: Offset,
    facts: FileFacts,
    scope: ScopeId,
    guard: GuardId,
    /// The roots of the file by the scope that looks them up.
    roots: FxHashMap<(ScopeId, Name), RootId>,
    /// Guards by parent and condition.
    conditions: FxHashMap<(GuardId, Name), GuardId>,
}

impl<'t> Lowering<'t> {
    fn new(text: &'t str, base: Offset) -> Self {
        let mut facts = FileFacts { separator: Separator::Colons, ..FileFacts::default() };
        facts.scopes.push(Scope { parent: MODULE_SCOPE, kind: ScopeKind::Module, bindings: Run::default() });
        facts.guards.push(Guard { parent: ALWAYS, kind: GuardKind::Always, statement: 0 });
        Self {
            text,
            base,
            facts,
            scope: MODULE_SCOPE,
            guard: ALWAYS,
            roots: FxHashMap::default(),
            conditions: FxHashMap::default(),
        }
    }

    fn lower(mut self, file: &syn::File) -> FileFacts {
        // `#![cfg(test)]` at the head of a file.
        self.under(&file.attrs, |this| this.lower_items(&file.items));
        let facts = &mut self.facts;
        facts.bindings.sort_by_key(|binding| (binding.scope, binding.name.address(), binding.at));
        facts.index_bindings();
        for position in 0..facts.roots.len() {
            let root = facts.roots[position];
            facts.roots[position].nearest = facts.nearest(root.scope, root.name);
        }
        self.facts
    }

    fn start_of(&self, span: Span) -> Offset {
        self.base + span.byte_range().start as Offset
    }

    fn end_of(&self, span: Span) -> Offset {
        self.base + span.byte_range().end as Offset
    }

    fn slice(&self, from: Offset, to: Offset) -> &'t str {
        self.text.get((from - self.base) as usize..(to - self.base) as usize).unwrap_or_default()
    }

    fn bind(&mut self, name: Name, at: Offset, is_private: bool, target: Bound) {
        let (scope, guard) = (self.scope, self.guard);
        self.facts.bindings.push(Binding { scope, name, at, guard, is_private, target });
    }

    fn push_scope(&mut self, kind: ScopeKind) -> ScopeId {
        let id = ScopeId(self.facts.scopes.len() as u32);
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

    /// Records a chain from a name; its steps are the ones pushed since `start`.
    fn push_chain(&mut self, name: Name, at: Offset, start: u32, usage: Usage) -> ChainId {
        let next = RootId(self.facts.roots.len() as u32);
        let root = *self.roots.entry((self.scope, name)).or_insert(next);
        if root == next {
            self.facts.roots.push(Root { name, scope: self.scope, nearest: Run::default() });
        }
        let steps = Run { start, len: self.facts.steps.len() as u32 - start };
        let id = ChainId(self.facts.chains.len() as u32);
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
    let text = ident.to_string();
    Name::new(text.strip_prefix("r#").unwrap_or(&text))
}
