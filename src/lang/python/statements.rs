//! Statements → facts: scopes, guards, bindings, imports and fields.

use std::borrow::Cow;
use std::cell::Cell;

use ruff_python_ast::token::Tokens;
use ruff_python_ast::{ExceptHandler, Expr, Pattern, Stmt, StmtIf, StmtMatch, StmtTry, StmtWith};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::{FxHashMap, FxHashSet};

use super::super::Target;
use super::chains::RootTable;
use super::conditions::{self, Test};
use super::pruning::{drop_local_bindings, drop_local_chains, find_roots};
use crate::facts::{
    ALWAYS, Binding, Bound, ChainId, Export, ExportList, Field, FileFacts, FunctionIdx, Guard, GuardId,
    GuardKind, MODULE_SCOPE, Name, Run, Scope, ScopeId, ScopeKind, TypeIdx, Usage,
};
use crate::text::Offset;

/// Tables with room for more steps than this are not kept for the next file.
const MAX_SPARE: usize = 1 << 18;

thread_local! {
    /// Tables of the file before, emptied: they grow once a thread, and each file's facts are a copy
    /// of just the right size.
    static TABLES: Cell<(FileFacts, RootTable)> = Cell::default();
}

/// The state of the walk through one file.
pub(super) struct Lowering<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: &'a Tokens,
    pub(super) target: Target,
    pub(super) facts: FileFacts,
    pub(super) scope: ScopeId,
    pub(super) guard: GuardId,
    /// The function being lowered, innermost last.
    pub(super) functions: Vec<FunctionFrame>,
    /// `global` and `nonlocal` declarations seen so far: (scope, name) → scope that owns the name.
    redirects: Vec<(ScopeId, Name, ScopeId)>,
    /// Module constants with a test that the target decides: `PY310 = sys.version_info >= (3, 10)`.
    pub(super) constants: FxHashMap<Name, Test>,
    /// Names of the module that are bound to values so far.
    pub(super) module_values: FxHashSet<Name>,
    /// The functions that stand in the body of the module.
    pub(super) module_functions: FxHashSet<Name>,
    /// What chains start from so far.
    pub(super) roots: RootTable,
    /// Chains that stay whatever their root is bound to.
    pub(super) pinned: Vec<ChainId>,
}

/// What is collected while a function's body is lowered.
pub(super) struct FunctionFrame {
    pub(super) index: FunctionIdx,
    pub(super) name: Name,
    /// Name of the first parameter of a method, and what it stands for.
    pub(super) receiver: Option<(Name, TypeIdx, bool)>,
    pub(super) returned: Vec<ChainId>,
    pub(super) is_generator: bool,
    pub(super) calls_super: bool,
    pub(super) asks_beyond: bool,
}

impl<'a> Lowering<'a> {
    pub(super) fn new(text: &'a str, tokens: &'a Tokens, target: Target) -> Self {
        let (mut facts, roots) = TABLES.take();
        facts.scopes.push(Scope { parent: MODULE_SCOPE, kind: ScopeKind::Module, bindings: Run::default() });
        facts.guards.push(Guard { parent: ALWAYS, kind: GuardKind::Always, statement: 0 });
        Self {
            text,
            tokens,
            target,
            facts,
            scope: MODULE_SCOPE,
            guard: ALWAYS,
            functions: Vec::new(),
            redirects: Vec::new(),
            constants: FxHashMap::default(),
            module_values: FxHashSet::default(),
            module_functions: FxHashSet::default(),
            roots,
            pinned: Vec::new(),
        }
    }

    pub(super) fn lower(mut self, body: &[Stmt]) -> FileFacts {
        let functions = body.iter().filter_map(Stmt::as_function_def_stmt);
        self.module_functions.extend(functions.map(|node| Name::new(&node.name)));
        self.lower_body(body);
        let by_place = |b: &Binding| (b.scope, b.name.address(), b.at);
        self.facts.bindings.sort_unstable_by_key(by_place);
        self.facts.index_bindings();
        self.facts.fields.sort_by_key(|field| field.at);
        find_roots(&mut self.facts);
        drop_local_chains(&mut self.facts, &self.pinned);
        drop_local_bindings(&mut self.facts);
        let kept = self.facts.clone();
        if self.facts.steps.capacity() <= MAX_SPARE {
            self.facts.clear();
            self.roots.clear();
            TABLES.set((self.facts, self.roots));
        }
        kept
    }

    pub(super) fn lower_body(&mut self, body: &[Stmt]) {
        for statement in body {
            self.lower_statement(statement);
        }
    }

    fn lower_statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::FunctionDef(node) => self.lower_function(node),
            Stmt::ClassDef(node) => self.lower_class(node),
            Stmt::Return(node) => {
                if let Some(value) = &node.value {
                    let (chains, _) = self.lower_value(value);
                    if let Some(frame) = self.functions.last_mut() {
                        frame.returned.extend(chains);
                    }
                }
            }
            Stmt::Delete(node) => {
                for target in &node.targets {
                    self.lower_target(target, Bound::Deleted);
                }
            }
            Stmt::TypeAlias(node) => {
                let scope = self.scope;
                if node.type_params.is_some() {
                    self.scope = self.push_scope(ScopeKind::TypeParameters);
                    self.lower_type_parameters(node.type_params.as_deref());
                }
                let alias = self.lower_annotation(&node.value);
                self.scope = scope;
                self.note_alias(&node.name, &node.value);
                self.lower_target(&node.name, Bound::TypeAlias(alias));
            }
            Stmt::Assign(node) => self.lower_assignment(&node.targets, &node.value),
            Stmt::AugAssign(node) => {
                if self.is_export_list(&node.target) {
                    self.lower_export_list(&node.value, false);
                }
                self.lower_expression(&node.value, Usage::Value);
                self.lower_target(&node.target, Bound::Opaque);
            }
            Stmt::AnnAssign(node) => self.lower_annotated_assignment(node),
            Stmt::For(node) => self.lower_for(node),
            Stmt::While(node) => self.lower_while(node),
            Stmt::If(node) => self.lower_if(node),
            Stmt::With(node) => self.lower_with(node),
            Stmt::Match(node) => self.lower_match(node),
            Stmt::Raise(node) => {
                self.lower_optional(node.exc.as_deref());
                self.lower_optional(node.cause.as_deref());
            }
            Stmt::Try(node) => self.lower_try(node),
            Stmt::Assert(node) => {
                self.lower_expression(&node.test, Usage::Value);
                self.lower_optional(node.msg.as_deref());
            }
            Stmt::Import(node) => self.lower_import(node),
            Stmt::ImportFrom(node) => self.lower_import_from(node),
            Stmt::Global(node) => {
                for name in &node.names {
                    self.redirects.push((self.scope, Name::new(&name.id), MODULE_SCOPE));
                }
            }
            Stmt::Nonlocal(node) => {
                for name in &node.names {
                    let name = Name::new(&name.id);
                    let owner = self.enclosing_owner(name);
                    self.redirects.push((self.scope, name, owner));
                }
            }
            Stmt::Expr(node) => {
                // A string that stands alone is a docstring or a comment, not code.
                if !node.value.is_string_literal_expr() {
                    self.lower_expression_statement(&node.value);
                }
            }
            Stmt::Pass(_) | Stmt::Break(_) | Stmt::Continue(_) | Stmt::IpyEscapeCommand(_) => {}
        }
    }

    pub(super) fn lower_optional(&mut self, expr: Option<&Expr>) {
        if let Some(expr) = expr {
            self.lower_expression(expr, Usage::Value);
        }
    }

    fn lower_expression_statement(&mut self, value: &Expr) {
        if let Expr::Call(call) = value
            && let Expr::Attribute(function) = &*call.func
            && self.is_export_list(&function.value)
        {
            // `__all__.extend([...])`, `__all__.append("x")`, `__all__.remove("x")`
            match (function.attr.as_str(), &*call.arguments.args) {
                ("extend", [list]) => self.lower_export_list(list, false),
                ("append", [Expr::StringLiteral(item)]) => {
                    let (name, at) = (Name::new(item.value.to_str()), item.start().to_u32());
                    self.facts.exports.push(Export { name, at });
                }
                _ => self.facts.export_list = ExportList::Dynamic,
            }
        }
        self.lower_expression(value, Usage::Value);
    }

    /// Binds a name, and records the field where a type's body binds it.
    pub(super) fn bind(&mut self, name: Name, at: Offset, target: Bound) {
        if let ScopeKind::Type(owner) = self.facts.scopes[self.scope.index()].kind
            && let Bound::Value { values, .. } = target
        {
            self.facts.fields.push(Field {
                owner,
                name,
                at,
                annotation: None,
                annotation_chain: None,
                values,
                is_instance: false,
                has_value: true,
                literal: None,
            });
        }
        self.push_binding(name, at, target);
    }

    pub(super) fn push_binding(&mut self, name: Name, at: Offset, target: Bound) {
        let scope = self.owner_of(name);
        if scope == MODULE_SCOPE && matches!(target, Bound::Value { .. }) {
            self.module_values.insert(name);
        }
        let push = |this: &mut Self| {
            let guard = this.guard;
            this.facts.bindings.push(Binding { scope, name, at, guard, is_private: false, target });
        };
        if scope == self.scope {
            push(self);
        } else {
            // `global name` in a function that may run never, or later.
            self.guarded(GuardKind::Loop, at, push);
        }
    }

    pub(super) fn owner_of(&self, name: Name) -> ScopeId {
        let declared = self.redirects.iter().rev().find(|r| r.0 == self.scope && r.1 == name);
        declared.map_or(self.scope, |&(_, _, owner)| owner)
    }

    /// The nearest enclosing function scope that binds `name` already, for `nonlocal`.
    fn enclosing_owner(&self, name: Name) -> ScopeId {
        let mut at = self.facts.scopes[self.scope.index()].parent;
        while at != MODULE_SCOPE {
            if self.facts.bindings.iter().any(|b| b.scope == at && b.name == name) {
                return at;
            }
            at = self.facts.scopes[at.index()].parent;
        }
        self.facts.scopes[self.scope.index()].parent
    }

    pub(super) fn push_scope(&mut self, kind: ScopeKind) -> ScopeId {
        let id = ScopeId::at(self.facts.scopes.len());
        self.facts.scopes.push(Scope { parent: self.scope, kind, bindings: Run::default() });
        id
    }

    pub(super) fn push_values(&mut self, chains: &[ChainId]) -> Run {
        let start = self.facts.values.len() as u32;
        self.facts.values.extend_from_slice(chains);
        Run { start, len: chains.len() as u32 }
    }

    pub(super) fn source_name(&self, range: TextRange) -> Name {
        Name::new(&self.source_text(range))
    }

    /// The source on one line.
    pub(super) fn source_text(&self, range: TextRange) -> Cow<'_, str> {
        let text = &self.text[range.to_std_range()];
        if text.contains(['\n', '\r']) {
            return text.split_whitespace().collect::<Vec<_>>().join(" ").into();
        }
        text.into()
    }

    pub(super) fn guarded(&mut self, kind: GuardKind, statement: Offset, lower: impl FnOnce(&mut Self)) {
        let outer = self.guard;
        self.guard = GuardId::at(self.facts.guards.len());
        self.facts.guards.push(Guard { parent: outer, kind, statement });
        lower(self);
        self.guard = outer;
    }

    fn lower_if(&mut self, node: &StmtIf) {
        let statement = node.start().to_u32();
        // What holds for the branches below, given that the ones above were not taken.
        let mut remaining = Test::Known(true);
        let first = std::iter::once((Some(&*node.test), &node.body));
        let rest = node.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &clause.body));
        for (ordinal, (test, body)) in first.chain(rest).enumerate() {
            let own = match test {
                Some(test) => {
                    self.lower_expression(test, Usage::Value);
                    self.evaluate(test)
                }
                None => Test::Known(true),
            };
            let branch = GuardKind::Branch { ordinal: ordinal as u16, last: test.is_none() };
            let kind = match (remaining, own) {
                (Test::Known(false), _) | (_, Test::Known(false)) => GuardKind::Known(false),
                (Test::Known(true), Test::Known(true)) => GuardKind::Known(true),
                (Test::Known(true), Test::TypeChecking) => GuardKind::TypeChecking,
                (Test::Known(true), Test::Runtime) => GuardKind::Runtime,
                (Test::Known(true), Test::Main) => GuardKind::Main,
                (Test::Runtime, Test::Known(true)) => GuardKind::Runtime,
                (Test::TypeChecking, Test::Known(true)) => GuardKind::TypeChecking,
                (Test::Known(true), Test::Open)
                | (Test::TypeChecking | Test::Runtime | Test::Main | Test::Open, _) => branch,
            };
            remaining = match (remaining, own) {
                (Test::Known(false), _) | (_, Test::Known(true)) => Test::Known(false),
                (kept, Test::Known(false)) => kept,
                (Test::Known(true), Test::TypeChecking) => Test::Runtime,
                (Test::Known(true), Test::Runtime) => Test::TypeChecking,
                (Test::Known(true), Test::Main | Test::Open)
                | (Test::TypeChecking | Test::Runtime | Test::Main | Test::Open, _) => Test::Open,
            };
            self.guarded(kind, statement, |this| this.lower_body(body));
        }
    }

    fn evaluate(&self, test: &Expr) -> Test {
        let known = match test {
            Expr::Name(name) => self.constants.get(&Name::new(&name.id)).copied(),
            Expr::UnaryOp(unary) if unary.op == ruff_python_ast::UnaryOp::Not => {
                match self.evaluate(&unary.operand) {
                    Test::Known(value) => Some(Test::Known(!value)),
                    Test::TypeChecking | Test::Runtime | Test::Main | Test::Open => None,
                }
            }
            _ => None,
        };
        known.unwrap_or_else(|| conditions::evaluate(test, self.target))
    }

    fn lower_with(&mut self, node: &StmtWith) {
        let mut suppresses_import = false;
        for item in &node.items {
            let (chains, is_complete) = self.lower_value(&item.context_expr);
            suppresses_import |= is_import_suppression(&item.context_expr);
            if let Some(target) = &item.optional_vars {
                let entered: Vec<ChainId> =
                    chains.iter().map(|chain| self.push_entered(*chain, node.is_async)).collect();
                let values = self.push_values(&entered);
                self.lower_target(target, Bound::Value { values, annotation: None, is_complete });
            }
        }
        if suppresses_import {
            let kind = GuardKind::TryBody { catches_import: true };
            self.guarded(kind, node.start().to_u32(), |this| this.lower_body(&node.body));
        } else {
            self.lower_body(&node.body);
        }
    }

    fn lower_match(&mut self, node: &StmtMatch) {
        self.lower_expression(&node.subject, Usage::Value);
        for (ordinal, case) in node.cases.iter().enumerate() {
            let last = case.guard.is_none() && is_irrefutable(&case.pattern);
            let kind = GuardKind::Branch { ordinal: ordinal as u16, last };
            self.guarded(kind, node.start().to_u32(), |this| {
                this.lower_pattern(&case.pattern);
                this.lower_optional(case.guard.as_deref());
                this.lower_body(&case.body);
            });
        }
    }

    fn lower_pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::MatchValue(node) => {
                self.lower_expression(&node.value, Usage::Value);
            }
            Pattern::MatchSingleton(_) => {}
            Pattern::MatchSequence(node) => self.lower_patterns(&node.patterns),
            Pattern::MatchMapping(node) => {
                for key in &node.keys {
                    self.lower_expression(key, Usage::Value);
                }
                self.lower_patterns(&node.patterns);
                self.bind_pattern_name(node.rest.as_ref());
            }
            Pattern::MatchClass(node) => {
                self.lower_expression(&node.cls, Usage::InstanceTest);
                self.lower_patterns(&node.arguments.patterns);
                for keyword in &node.arguments.keywords {
                    self.lower_pattern(&keyword.pattern);
                }
            }
            Pattern::MatchStar(node) => self.bind_pattern_name(node.name.as_ref()),
            Pattern::MatchAs(node) => {
                if let Some(inner) = &node.pattern {
                    self.lower_pattern(inner);
                }
                self.bind_pattern_name(node.name.as_ref());
            }
            Pattern::MatchOr(node) => self.lower_patterns(&node.patterns),
        }
    }

    fn lower_patterns(&mut self, patterns: &[Pattern]) {
        for pattern in patterns {
            self.lower_pattern(pattern);
        }
    }

    fn bind_pattern_name(&mut self, name: Option<&ruff_python_ast::Identifier>) {
        if let Some(name) = name {
            self.bind(Name::new(name), name.start().to_u32(), Bound::Opaque);
        }
    }

    fn lower_try(&mut self, node: &StmtTry) {
        let statement = node.start().to_u32();
        let catches_import = node.handlers.iter().any(handles_import);
        if node.handlers.is_empty() {
            self.lower_body(&node.body);
        } else {
            let kind = GuardKind::TryBody { catches_import };
            self.guarded(kind, statement, |this| this.lower_body(&node.body));
        }
        for handler in &node.handlers {
            let kind = if handles_import(handler) { GuardKind::ImportHandler } else { GuardKind::Handler };
            let ExceptHandler::ExceptHandler(handler) = handler;
            self.guarded(kind, statement, |this| {
                if let Some(caught) = &handler.type_ {
                    this.lower_expression(caught, Usage::InstanceTest);
                }
                if let Some(name) = &handler.name {
                    this.bind(Name::new(name), name.start().to_u32(), Bound::Opaque);
                }
                this.lower_body(&handler.body);
            });
        }
        if !node.orelse.is_empty() {
            self.guarded(GuardKind::TryElse, statement, |this| this.lower_body(&node.orelse));
        }
        self.lower_body(&node.finalbody);
    }
}

fn handles_import(handler: &ExceptHandler) -> bool {
    let ExceptHandler::ExceptHandler(handler) = handler;
    match handler.type_.as_deref() {
        None => true,
        Some(Expr::Tuple(tuple)) => tuple.elts.iter().any(names_import_error),
        Some(single) => names_import_error(single),
    }
}

fn names_import_error(expr: &Expr) -> bool {
    matches!(last_segment(expr), Some("ImportError" | "ModuleNotFoundError" | "Exception" | "BaseException"))
}

/// `contextlib.suppress(ImportError)`.
fn is_import_suppression(expr: &Expr) -> bool {
    matches!(expr, Expr::Call(call)
        if last_segment(&call.func) == Some("suppress")
            && call.arguments.args.iter().any(names_import_error))
}

fn is_irrefutable(pattern: &Pattern) -> bool {
    matches!(pattern, Pattern::MatchAs(node) if node.pattern.is_none())
}

/// The last name of a dotted expression.
pub(super) fn last_segment(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
}
