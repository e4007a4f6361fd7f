//! Statements → facts: scopes, guards, bindings, imports and fields.

use std::borrow::Cow;
use std::cell::Cell;

use ruff_python_ast::token::Tokens;
use ruff_python_ast::{
    Alias, ExceptHandler, Expr, Pattern, Stmt, StmtFor, StmtIf, StmtImport, StmtImportFrom, StmtMatch,
    StmtTry, StmtWith,
};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashMap;

use super::super::Target;
use super::conditions::{self, Test};
use crate::facts::{
    ALWAYS, AliasFact, Binding, Bound, Chain, ChainId, Export, ExportList, Field, FileFacts, FunctionIdx,
    Guard, GuardId, GuardKind, Import, ImportIdx, Imported, MODULE_SCOPE, Name, Run, Scope, ScopeId,
    ScopeKind, Step, TypeIdx, Usage,
};
use crate::text::Offset;

/// Longer values are no aliases that anyone reads.
const MAX_ALIAS: usize = 1000;

/// Tables with room for more steps than this are not kept for the next file.
const MAX_SPARE: usize = 1 << 18;

thread_local! {
    /// Tables of the file before, emptied: they grow once a thread, and each file's facts are a copy
    /// of just the right size.
    static TABLES: Cell<FileFacts> = Cell::default();
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
    constants: FxHashMap<Name, Test>,
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
}

impl<'a> Lowering<'a> {
    pub(super) fn new(text: &'a str, tokens: &'a Tokens, target: Target) -> Self {
        let mut facts = TABLES.take();
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
            pinned: Vec::new(),
        }
    }

    pub(super) fn lower(mut self, body: &[Stmt]) -> FileFacts {
        self.lower_body(body);
        let by_place = |b: &Binding| (b.scope, b.name.address(), b.at);
        self.facts.bindings.sort_unstable_by_key(by_place);
        self.facts.index_bindings();
        self.facts.fields.sort_by_key(|field| field.at);
        drop_local_chains(&mut self.facts, &self.pinned);
        drop_local_bindings(&mut self.facts);
        self.facts.index_bindings();
        let kept = self.facts.clone();
        if self.facts.steps.capacity() <= MAX_SPARE {
            self.facts.clear();
            TABLES.set(self.facts);
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
            Stmt::While(node) => {
                self.lower_expression(&node.test, Usage::Value);
                self.guarded(GuardKind::Loop, node.start().to_u32(), |this| {
                    this.lower_body(&node.body);
                });
                self.lower_body(&node.orelse);
            }
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

    fn lower_assignment(&mut self, targets: &[Expr], value: &Expr) {
        if targets.iter().any(|target| self.is_export_list(target)) {
            self.lower_export_list(value, true);
            self.bind_targets(targets, Bound::Opaque);
            return;
        }
        if let [Expr::Name(target)] = targets {
            if self.scope == MODULE_SCOPE {
                let test = conditions::evaluate(value, self.target);
                if test != Test::Open && !value.is_boolean_literal_expr() && !value.is_number_literal_expr() {
                    self.constants.insert(Name::new(&target.id), test);
                } else {
                    // Bound again to something that only a run can tell.
                    self.constants.remove(&Name::new(&target.id));
                }
            }
            if self.decorates_class(&target.id, value) {
                self.lower_expression(value, Usage::Value);
                return;
            }
            if let Some(made) = self.lower_made_class(Some(target.id.as_str()), value) {
                self.bind(Name::new(&target.id), target.start().to_u32(), Bound::Type(made));
                return;
            }
            if is_type_variable(value) {
                self.lower_expression(value, Usage::Value);
                self.bind(Name::new(&target.id), target.start().to_u32(), Bound::TypeParameter);
                return;
            }
            if self.scope != MODULE_SCOPE
                && let ScopeKind::Type(owner) = self.facts.scopes[self.scope.index()].kind
                && target.id.as_str() == "__module__"
                && let Expr::StringLiteral(claimed) = value
            {
                self.facts.types[owner.index()].claimed_module = Some(Name::new(claimed.value.to_str()));
            }
        }
        // `(a, b) = (x, y)` pairs up where both sides are displays of one length.
        if let [Expr::Tuple(names)] = targets
            && let Expr::Tuple(values) = value
            && names.len() == values.len()
            && !names.iter().chain(values.iter()).any(Expr::is_starred_expr)
        {
            for (name, value) in names.iter().zip(values.iter()) {
                self.lower_assignment(std::slice::from_ref(name), value);
            }
            return;
        }
        // `Outgoing = Union[A, B]`, `Handler = A | B`
        if let [target] = targets
            && matches!(value, Expr::Subscript(_) | Expr::BinOp(_))
            && self.facts.runs_at_load(self.scope)
        {
            self.note_alias(target, value);
        }
        let (chains, is_complete) = self.lower_value(value);
        let values = self.push_values(&chains);
        self.bind_targets(targets, Bound::Value { values, annotation: None, is_complete });
    }

    /// `Attribute = add_repr(Attribute)`: a decorator in other words. The name stays the class's, as
    /// it does with `@add_repr`.
    fn decorates_class(&self, target: &str, value: &Expr) -> bool {
        let mut at = value;
        let mut is_call = false;
        while let Expr::Call(call) = at
            && let [first, ..] = &*call.arguments.args
        {
            is_call = true;
            at = first;
        }
        let is_own = is_call && matches!(at, Expr::Name(name) if name.id.as_str() == target);
        if !is_own {
            return false;
        }
        let name = Name::new(target);
        let scope = self.owner_of(name);
        let last = self.facts.bindings.iter().rev().find(|b| b.scope == scope && b.name == name);
        last.is_some_and(|binding| matches!(binding.target, Bound::Type(_)))
    }

    /// Keeps the text of what may be a type alias.
    fn note_alias(&mut self, target: &Expr, value: &Expr) {
        if let Expr::Name(name) = target
            && value.range().len().to_usize() <= MAX_ALIAS
        {
            let text = self.source_name(value.range());
            self.facts.aliases.push(AliasFact { at: name.start().to_u32(), text });
        }
    }

    fn bind_targets(&mut self, targets: &[Expr], bound: Bound) {
        for target in targets {
            self.lower_target(target, bound);
        }
    }

    fn lower_annotated_assignment(&mut self, node: &ruff_python_ast::StmtAnnAssign) {
        let annotation = self.lower_annotation(&node.annotation);
        let text = self.source_name(node.annotation.range());
        if let Some(value) = &node.value
            && last_segment(&node.annotation) == Some("TypeAlias")
        {
            let alias = self.lower_annotation(value);
            self.note_alias(&node.target, value);
            self.lower_target(&node.target, Bound::TypeAlias(alias));
            return;
        }
        let (chains, is_complete) = match &node.value {
            Some(value) => {
                if self.is_export_list(&node.target) {
                    self.lower_export_list(value, true);
                }
                self.lower_value(value)
            }
            None => (Vec::new(), false),
        };
        let values = self.push_values(&chains);
        let bound = Bound::Value { values, annotation, is_complete };
        match &*node.target {
            Expr::Name(name) => {
                let (id, at) = (Name::new(&name.id), name.start().to_u32());
                if let ScopeKind::Type(owner) = self.facts.scopes[self.scope.index()].kind {
                    self.facts.fields.push(Field {
                        owner,
                        name: id,
                        at,
                        annotation: Some(text),
                        annotation_chain: annotation,
                        values,
                        is_instance: false,
                        has_value: node.value.is_some(),
                    });
                    if node.value.is_none() {
                        // `x: int` in a class body declares, and binds nothing.
                        return;
                    }
                }
                self.push_binding(id, at, bound);
            }
            Expr::Attribute(_) => {
                self.lower_field_store(&node.target, Some(text), annotation, values);
            }
            target => self.lower_target(target, bound),
        }
    }

    /// Binds what `target` names to `bound`.
    pub(super) fn lower_target(&mut self, target: &Expr, bound: Bound) {
        match target {
            Expr::Name(name) => self.bind(Name::new(&name.id), name.start().to_u32(), bound),
            Expr::Tuple(tuple) => self.lower_unpacking(&tuple.elts),
            Expr::List(list) => self.lower_unpacking(&list.elts),
            Expr::Starred(starred) => self.lower_target(&starred.value, Bound::Opaque),
            Expr::Attribute(_) => {
                let values = match bound {
                    Bound::Value { values, .. } => values,
                    _ => Run::default(),
                };
                self.lower_field_store(target, None, None, values);
            }
            other => {
                self.lower_expression(other, Usage::Store);
            }
        }
    }

    fn lower_unpacking(&mut self, elements: &[Expr]) {
        for element in elements {
            self.lower_target(element, Bound::Opaque);
        }
    }

    /// `self.x = value` in a method sets a field; any other attribute is a store on a chain.
    fn lower_field_store(
        &mut self,
        target: &Expr,
        annotation: Option<Name>,
        annotation_chain: Option<ChainId>,
        values: Run,
    ) {
        if let Expr::Attribute(attribute) = target
            && let Expr::Name(root) = &*attribute.value
            && let Some(frame) = self.functions.last()
            && let Some((receiver, owner, is_class)) = frame.receiver
            && receiver.as_str() == root.id.as_str()
        {
            self.facts.fields.push(Field {
                owner,
                name: Name::new(&attribute.attr),
                at: attribute.attr.start().to_u32(),
                annotation,
                annotation_chain,
                values,
                is_instance: !is_class,
                has_value: true,
            });
        }
        self.lower_expression(target, Usage::Store);
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
            });
        }
        self.push_binding(name, at, target);
    }

    fn push_binding(&mut self, name: Name, at: Offset, target: Bound) {
        let scope = self.owner_of(name);
        self.facts.bindings.push(Binding { scope, name, at, guard: self.guard, target });
    }

    fn owner_of(&self, name: Name) -> ScopeId {
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
        let id = ScopeId(self.facts.scopes.len() as u32);
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

    fn guarded(&mut self, kind: GuardKind, statement: Offset, lower: impl FnOnce(&mut Self)) {
        let outer = self.guard;
        self.guard = GuardId(self.facts.guards.len() as u32);
        self.facts.guards.push(Guard { parent: outer, kind, statement });
        lower(self);
        self.guard = outer;
    }

    fn lower_for(&mut self, node: &StmtFor) {
        self.lower_expression(&node.iter, Usage::Value);
        self.guarded(GuardKind::Loop, node.start().to_u32(), |this| {
            this.lower_target(&node.target, Bound::Opaque);
            this.lower_body(&node.body);
        });
        self.lower_body(&node.orelse);
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
                let values = self.push_values(&chains);
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

    fn lower_import(&mut self, node: &StmtImport) {
        for alias in &node.names {
            let module = Name::new(&alias.name);
            let what = if alias.asname.is_some() { Imported::ModuleAs } else { Imported::Module };
            let import = self.push_import(module, 0, what, alias.start().to_u32());
            let bound = match &alias.asname {
                Some(name) => Name::new(name),
                None => Name::new(module.as_str().split('.').next().unwrap_or_default()),
            };
            self.bind(bound, import_binding_at(alias), Bound::Import(import));
        }
    }

    fn lower_import_from(&mut self, node: &StmtImportFrom) {
        let module = Name::new(node.module.as_ref().map_or("", |module| module.as_str()));
        for alias in &node.names {
            let at = alias.start().to_u32();
            if alias.name.as_str() == "*" {
                let import = self.push_import(module, node.level, Imported::Star, at);
                self.bind(Name::new("*"), at, Bound::Star(import));
                continue;
            }
            let name = Name::new(&alias.name);
            let import = self.push_import(module, node.level, Imported::Name(name), at);
            let bound = alias.asname.as_ref().map_or(name, |asname| Name::new(asname));
            self.bind(bound, import_binding_at(alias), Bound::Import(import));
        }
    }

    pub(super) fn push_import(&mut self, module: Name, level: u32, what: Imported, at: Offset) -> ImportIdx {
        let index = ImportIdx(self.facts.imports.len() as u32);
        let (scope, guard) = (self.scope, self.guard);
        self.facts.imports.push(Import { module, level, what, at, scope, guard });
        index
    }

    fn is_export_list(&self, expr: &Expr) -> bool {
        self.scope == MODULE_SCOPE && matches!(expr, Expr::Name(name) if name.id.as_str() == "__all__")
    }

    fn lower_export_list(&mut self, value: &Expr, starts_over: bool) {
        if starts_over {
            self.facts.exports.clear();
            self.facts.export_list = ExportList::Literal;
        }
        let elements = match value {
            Expr::List(list) => &list.elts,
            Expr::Tuple(tuple) => &tuple.elts,
            Expr::BinOp(operation) => {
                self.lower_export_list(&operation.left, false);
                self.lower_export_list(&operation.right, false);
                return;
            }
            _ => {
                self.facts.export_list = ExportList::Dynamic;
                return;
            }
        };
        for element in elements {
            match element {
                Expr::StringLiteral(item) => self
                    .facts
                    .exports
                    .push(Export { name: Name::new(item.value.to_str()), at: item.start().to_u32() }),
                _ => self.facts.export_list = ExportList::Dynamic,
            }
        }
    }
}

/// Where the bound name of an import stands: the alias where there is one.
fn import_binding_at(alias: &Alias) -> Offset {
    alias.asname.as_ref().map_or(alias.start(), Ranged::start).to_u32()
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

/// `T = TypeVar("T")` and its kin.
fn is_type_variable(value: &Expr) -> bool {
    matches!(value, Expr::Call(call) if matches!(
        last_segment(&call.func),
        Some("TypeVar" | "ParamSpec" | "TypeVarTuple")
    ))
}

/// The last name of a dotted expression.
pub(super) fn last_segment(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
}

/// Drops the chains that can lead nowhere: rooted in a local that holds nothing we follow, or in a
/// name that is bound nowhere in the file (a builtin). They are most of all chains.
fn drop_local_chains(facts: &mut FileFacts, pinned: &[ChainId]) {
    let has_star = facts.imports.iter().any(|import| import.what == Imported::Star);
    let mut is_kept = vec![false; facts.chains.len()];
    for chain in pinned {
        is_kept[chain.index()] = true;
    }
    let mut verdicts: FxHashMap<(ScopeId, usize), bool> = FxHashMap::default();
    for (index, chain) in facts.chains.iter().enumerate() {
        if is_kept[index] {
            continue;
        }
        let Some((root, _)) = chain.root(facts) else { continue };
        is_kept[index] = *verdicts
            .entry((chain.scope, root.address()))
            .or_insert_with(|| root_leads_somewhere(facts, chain.scope, root, has_star));
    }
    // Steps lie in the order of their chains, so both tables close their gaps in place.
    let mut moved_to: Vec<u32> = Vec::with_capacity(facts.chains.len());
    let (mut kept_chains, mut kept_steps) = (0, 0);
    for (index, is_kept) in is_kept.iter().enumerate() {
        moved_to.push(kept_chains as u32);
        if *is_kept {
            let chain = facts.chains[index];
            let steps = Run { start: kept_steps as u32, len: chain.steps.len };
            facts.steps.copy_within(chain.steps.range(), kept_steps);
            facts.chains[kept_chains] = Chain { steps, ..chain };
            kept_chains += 1;
            kept_steps += chain.steps.len as usize;
        }
    }
    facts.chains.truncate(kept_chains);
    facts.steps.truncate(kept_steps);
    let relocate = |chain: ChainId| is_kept[chain.index()].then(|| ChainId(moved_to[chain.index()]));
    relocate_chains(facts, relocate);
}

fn root_leads_somewhere(facts: &FileFacts, scope: ScopeId, root: Name, has_star: bool) -> bool {
    match facts.bindings_seen(scope, root).next() {
        Some((_, bindings)) => bindings.iter().any(|binding| leads_somewhere(facts, binding)),
        None => has_star || root.as_str() == "super",
    }
}

fn leads_somewhere(facts: &FileFacts, binding: &Binding) -> bool {
    match binding.target {
        Bound::Import(_) | Bound::Type(_) | Bound::Function(_) | Bound::Star(_) | Bound::Receiver { .. } => {
            true
        }
        Bound::TypeAlias(target) => target.is_some(),
        Bound::Parameter(index) => facts.parameters[index as usize].annotation_chain.is_some(),
        Bound::Value { values, annotation, .. } => values.len > 0 || annotation.is_some(),
        Bound::TypeParameter | Bound::Opaque | Bound::Deleted => false,
    }
}

/// Drops local names that lead nowhere: no chain that is left starts at one of them.
fn drop_local_bindings(facts: &mut FileFacts) {
    let mut bindings = std::mem::take(&mut facts.bindings);
    let is_local = |scope: ScopeId| {
        matches!(
            facts.scopes[scope.index()].kind,
            ScopeKind::Function(_) | ScopeKind::Expression | ScopeKind::TypeParameters
        )
    };
    let (mut kept, mut start) = (0, 0);
    while let Some(&first) = bindings.get(start) {
        let same_name =
            bindings[start..].iter().take_while(|b| b.scope == first.scope && b.name == first.name);
        let group = start..start + same_name.count();
        start = group.end;
        if !is_local(first.scope) || bindings[group.clone()].iter().any(|b| leads_somewhere(facts, b)) {
            let len = group.len();
            bindings.copy_within(group, kept);
            kept += len;
        }
    }
    bindings.truncate(kept);
    facts.bindings = bindings;
}

/// Rewrites every index into the chain table.
fn relocate_chains(facts: &mut FileFacts, relocate: impl Fn(ChainId) -> Option<ChainId>) {
    // Value lists shrink; the runs into them are rewritten by position.
    let mut values = Vec::with_capacity(facts.values.len());
    let mut kept_before: Vec<u32> = Vec::with_capacity(facts.values.len() + 1);
    for &chain in &facts.values {
        kept_before.push(values.len() as u32);
        values.extend(relocate(chain));
    }
    kept_before.push(values.len() as u32);
    facts.values = values;
    let rerun = |run: Run| {
        let (start, end) = (kept_before[run.start as usize], kept_before[(run.start + run.len) as usize]);
        Run { start, len: end - start }
    };
    let moved = |chain: Option<ChainId>| chain.and_then(&relocate);
    for binding in &mut facts.bindings {
        match &mut binding.target {
            Bound::Value { values, annotation, is_complete } => {
                let before = values.len;
                *values = rerun(*values);
                *is_complete &= values.len == before;
                *annotation = moved(*annotation);
            }
            Bound::TypeAlias(target) => *target = moved(*target),
            Bound::Import(_)
            | Bound::Type(_)
            | Bound::Function(_)
            | Bound::Parameter(_)
            | Bound::Receiver { .. }
            | Bound::TypeParameter
            | Bound::Opaque
            | Bound::Deleted
            | Bound::Star(_) => {}
        }
    }
    for field in &mut facts.fields {
        field.values = rerun(field.values);
        field.annotation_chain = moved(field.annotation_chain);
    }
    for function in &mut facts.functions {
        function.returned = rerun(function.returned);
        function.returns_chain = moved(function.returns_chain);
    }
    for parameter in &mut facts.parameters {
        parameter.annotation_chain = moved(parameter.annotation_chain);
    }
    for base in &mut facts.bases {
        base.chain = moved(base.chain);
    }
    for fact in &mut facts.types {
        fact.metaclass = moved(fact.metaclass);
        fact.made_by = match fact.made_by {
            crate::facts::MadeBy::Statement => crate::facts::MadeBy::Statement,
            crate::facts::MadeBy::NamedTuple(chain) => {
                relocate(chain).map_or(fact.made_by, crate::facts::MadeBy::NamedTuple)
            }
            crate::facts::MadeBy::Call(chain) => {
                relocate(chain).map_or(fact.made_by, crate::facts::MadeBy::Call)
            }
        };
    }
    for decorator in &mut facts.decorators {
        if let Some(chain) = relocate(*decorator) {
            *decorator = chain;
        }
    }
}

impl Lowering<'_> {
    /// Records a chain; its steps are the ones pushed since `start`.
    pub(super) fn push_chain(&mut self, start: u32, usage: Usage) -> ChainId {
        let len = self.facts.steps.len() as u32 - start;
        let id = ChainId(self.facts.chains.len() as u32);
        let steps = Run { start, len };
        let (scope, guard) = (self.scope, self.guard);
        self.facts.chains.push(Chain { steps, scope, guard, usage });
        id
    }

    /// Records a chain of one name.
    pub(super) fn push_name(&mut self, name: &str, at: Offset, usage: Usage) -> ChainId {
        let start = self.facts.steps.len() as u32;
        self.facts.steps.push(Step::Root(Name::new(name), at));
        self.push_chain(start, usage)
    }
}
