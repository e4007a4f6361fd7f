//! Function bodies → actions: what a body does with state, with stored elements and with parameters, in the
//! order of the source, without branches. See [`crate::facts::actions`].

mod origins;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, ExprMethodCall, Pat, Stmt};

use self::origins::{Names, Origin};
use super::Lowering;
use super::places::Places;
use crate::facts::actions::{Action, ActionKind, Involved, Subject};
use crate::facts::{Name, Run};

/// Functions with more distinct actions than this are no one's copy in detail; the rest is left out.
const MAX_ACTIONS: usize = 96;

impl Lowering<'_> {
    /// Adds the actions of a function, each once, in the order of the source.
    pub(super) fn lower_actions(&mut self, signature: &syn::Signature, block: &Block) -> Run {
        let start = self.facts.actions.len();
        let table = std::mem::take(&mut self.facts.actions);
        let mut reader = Reader { names: Names::of(signature), table, start, places: self.places };
        reader.visit_block(block);
        if let Some(Stmt::Expr(value, None)) = block.stmts.last() {
            reader.note_result(value, block.brace_token.span.close());
        }
        self.facts.actions = reader.table;
        Run { start: start as u32, len: (self.facts.actions.len() - start) as u32 }
    }
}

struct Reader<'t> {
    names: Names,
    table: Vec<Action>,
    /// Where the function's own actions begin.
    start: usize,
    places: Places<'t>,
}

impl Reader<'_> {
    fn note(&mut self, kind: ActionKind, on: Subject, name: Name, by: Involved, at: Span) {
        let is_known = |found: &Action| (found.kind, found.on, found.name, found.by) == (kind, on, name, by);
        let own = &self.table[self.start..];
        if own.len() < MAX_ACTIONS && !own.iter().any(is_known) {
            let at = self.places.start_of(at);
            self.table.push(Action { name, at, kind, on, by });
        }
    }

    fn note_method(&mut self, call: &ExprMethodCall) {
        let Some(origin) = self.names.origin(&call.receiver) else { return };
        let method = call.method.to_string();
        let at = call.method.span();
        if origin == Origin::Receiver {
            let passes_kept =
                call.args.iter().any(|given| matches!(self.names.origin(given), Some(Origin::Element(_))));
            let is_by_parameter = call.args.iter().any(|given| self.names.involves_parameter(given));
            let by = Involved::NOTHING
                .and(Involved::PASSES_KEPT, passes_kept)
                .and(Involved::BY_PARAMETER, is_by_parameter);
            self.note(ActionKind::Delegate, Subject::Nothing, Name::new(&method), by, at);
            return;
        }
        let is_by_parameter = call.args.iter().any(|given| self.names.involves_parameter(given));
        let by = Involved::NOTHING.and(Involved::BY_PARAMETER, is_by_parameter);
        let keeps =
            |position: usize| call.args.get(position).is_some_and(|value| self.names.keeps_parameter(value));
        let Some(state) = origin.state() else {
            if !origins::is_transparent(&method) {
                self.note(ActionKind::Call, origin.subject(), Name::new(&method), by, at);
            }
            return;
        };
        let Some(kind) = container_action(&method, call.args.len()) else {
            if !origins::is_transparent(&method) {
                self.note(ActionKind::Call, origin.subject(), Name::new(&method), by, at);
            }
            return;
        };
        let by = match kind {
            ActionKind::Insert if call.args.len() >= 2 => {
                let key = call.args.first().is_some_and(|key| self.names.involves_parameter(key));
                Involved::KEYED.and(Involved::BY_PARAMETER, key).and(Involved::STORES_PARAMETER, keeps(1))
            }
            ActionKind::Insert if method == "entry" => by.and(Involved::KEYED, true),
            ActionKind::Insert => Involved::NOTHING.and(Involved::STORES_PARAMETER, keeps(0)),
            ActionKind::Enter | ActionKind::Iterate | ActionKind::Measure | ActionKind::Clear => {
                Involved::NOTHING
            }
            _ => by.and(Involved::KEYED, !call.args.is_empty()),
        };
        self.note(kind, origin.subject(), state, by, at);
    }

    fn note_store(&mut self, target: &Expr, value: &Expr) {
        let keeps = self.names.keeps_parameter(value);
        match target {
            Expr::Field(field) => {
                let Some(origin) = self.names.origin(&field.base) else { return };
                let syn::Member::Named(name) = &field.member else { return };
                let by = Involved::NOTHING.and(Involved::STORES_PARAMETER, keeps);
                let on = if origin == Origin::Receiver { Subject::State } else { origin.subject() };
                self.note(ActionKind::Assign, on, super::name_of(name), by, name.span());
            }
            Expr::Index(index) => {
                if let Some(origin) = self.names.origin(&index.expr)
                    && let Some(state) = origin.state()
                {
                    let key = self.names.involves_parameter(&index.index);
                    let by = Involved::KEYED
                        .and(Involved::BY_PARAMETER, key)
                        .and(Involved::STORES_PARAMETER, keeps);
                    self.note(
                        ActionKind::Insert,
                        origin.subject(),
                        state,
                        by,
                        index.bracket_token.span.open(),
                    );
                }
            }
            _ => {}
        }
    }

    fn note_binary(&mut self, node: &syn::ExprBinary) {
        let at = node.op.span();
        match node.op {
            BinOp::AddAssign(_) | BinOp::SubAssign(_) => {
                if let Some(origin) = self.names.origin(&node.left)
                    && let Some(state) = origin.state()
                {
                    let is_keyed = matches!(&*node.left, Expr::Index(_));
                    let by = Involved::NOTHING.and(Involved::KEYED, is_keyed);
                    self.note(ActionKind::Increment, origin.subject(), state, by, at);
                }
            }
            BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_) => {
                let sides = [&*node.left, &*node.right];
                if let Some(state) = sides.into_iter().find_map(|side| self.measured(side)) {
                    self.note(ActionKind::Threshold, Subject::State, state, Involved::NOTHING, at);
                }
            }
            BinOp::Eq(_) | BinOp::Ne(_) => {
                for (element, key) in [(&node.left, &node.right), (&node.right, &node.left)] {
                    if let Some(Origin::Element(state)) = self.names.origin(element)
                        && self.names.involves_parameter(key)
                    {
                        let by = Involved::KEYED.and(Involved::BY_PARAMETER, true);
                        self.note(ActionKind::Lookup, Subject::State, state, by, at);
                    }
                }
            }
            _ => {}
        }
    }

    /// The state behind a number: `self.count`, `self.x.len()`, `now - entry.seen`.
    fn measured(&self, side: &Expr) -> Option<Name> {
        match side {
            Expr::Binary(node) => self.measured(&node.left).or_else(|| self.measured(&node.right)),
            Expr::MethodCall(call) => self.names.origin(&call.receiver)?.state(),
            other => self.names.origin(other)?.state(),
        }
    }

    /// The shape of what a function gives.
    fn note_result(&mut self, value: &Expr, at: Span) {
        let shape = match value {
            Expr::Lit(syn::ExprLit { lit: syn::Lit::Bool(_), .. }) => "truth",
            Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(_), .. }) => "number",
            Expr::Binary(node)
                if matches!(
                    node.op,
                    BinOp::Eq(_)
                        | BinOp::Ne(_)
                        | BinOp::Lt(_)
                        | BinOp::Le(_)
                        | BinOp::Gt(_)
                        | BinOp::Ge(_)
                        | BinOp::And(_)
                        | BinOp::Or(_)
                ) =>
            {
                "truth"
            }
            Expr::Unary(node) if matches!(node.op, syn::UnOp::Not(_)) => "truth",
            Expr::MethodCall(call) => match call.method.to_string().as_str() {
                "is_some" | "is_none" | "is_ok" | "is_err" | "is_empty" | "contains" | "contains_key"
                | "any" | "all" => "truth",
                "len" | "count" | "sum" => "number",
                "collect" | "to_vec" => "many",
                _ => match self.names.origin(value) {
                    Some(Origin::Element(_)) => "element",
                    _ => return,
                },
            },
            Expr::Call(call) => match &*call.func {
                // `Ok(x)` gives x.
                Expr::Path(path) if path.path.is_ident("Ok") || path.path.is_ident("Some") => {
                    if let Some(inner) = call.args.first() {
                        self.note_result(inner, at);
                    }
                    return;
                }
                _ => return,
            },
            Expr::Await(inner) => return self.note_result(&inner.base, at),
            Expr::Paren(inner) => return self.note_result(&inner.expr, at),
            Expr::Reference(inner) => return self.note_result(&inner.expr, at),
            Expr::If(node) => {
                if let Some(Stmt::Expr(value, None)) = node.then_branch.stmts.last() {
                    self.note_result(value, at);
                }
                return;
            }
            Expr::Match(node) => {
                for arm in &node.arms {
                    self.note_result(&arm.body, at);
                }
                return;
            }
            other => match self.names.origin(other) {
                Some(Origin::Element(_)) => "element",
                Some(Origin::State(_)) => "state",
                _ => return,
            },
        };
        self.note(ActionKind::Return, Subject::Nothing, Name::new(shape), Involved::NOTHING, at);
    }

    /// `Err(Full)`, `Err(Error::Full(…))`: what a caller must expect.
    fn note_error(&mut self, call: &syn::ExprCall) {
        let Expr::Path(callee) = &*call.func else { return };
        if !callee.path.is_ident("Err") {
            return;
        }
        let raised = match call.args.first() {
            Some(Expr::Path(path)) => path.path.segments.last(),
            Some(Expr::Call(inner)) => match &*inner.func {
                Expr::Path(path) => path.path.segments.last(),
                _ => None,
            },
            Some(Expr::Struct(literal)) => literal.path.segments.last(),
            _ => None,
        };
        if let Some(raised) = raised {
            let name = super::name_of(&raised.ident);
            self.note(ActionKind::Raise, Subject::Nothing, name, Involved::NOTHING, raised.ident.span());
        }
    }

    /// The names of a pattern stand for what the value does.
    fn bind(&mut self, pattern: &Pat, value: Option<&Expr>) {
        let origin = value.and_then(|value| self.names.origin(value));
        let made = value.and_then(|value| match () {
            () if self.names.keeps_parameter(value) => Some(Origin::Holder),
            () if self.names.involves_parameter(value) => Some(Origin::Derived),
            () => None,
        });
        self.names.bind(pattern, origin.or(made));
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        self.visit_expr(&call.receiver);
        self.note_method(call);
        // Closures get what the container holds: `.retain(|entry| …)`.
        let item = self.names.origin(&call.receiver).and_then(Origin::part);
        for argument in &call.args {
            if let Expr::Closure(closure) = argument {
                for input in &closure.inputs {
                    self.names.bind(input, item);
                }
                self.visit_expr(&closure.body);
            } else {
                self.visit_expr(argument);
            }
        }
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        visit::visit_expr_call(self, call);
        self.note_error(call);
        match &*call.func {
            Expr::Path(path) if path.path.segments.len() == 2 && path.path.segments[0].ident == "Self" => {
                let name = super::name_of(&path.path.segments[1].ident);
                let is_by_parameter = call.args.iter().any(|given| self.names.involves_parameter(given));
                let by = Involved::NOTHING.and(Involved::BY_PARAMETER, is_by_parameter);
                self.note(ActionKind::Delegate, Subject::Nothing, name, by, call.paren_token.span.open());
            }
            // `(self.handler)(event)`: a stored function is called.
            Expr::Paren(callee) => {
                if let Some(origin) = self.names.origin(&callee.expr) {
                    let name = origin.state().unwrap_or_else(|| Name::new(""));
                    self.note(
                        ActionKind::Invoke,
                        origin.subject(),
                        name,
                        Involved::NOTHING,
                        call.paren_token.span.open(),
                    );
                }
            }
            _ => {}
        }
    }

    fn visit_expr_index(&mut self, node: &'ast syn::ExprIndex) {
        visit::visit_expr_index(self, node);
        if let Some(Origin::State(state)) = self.names.origin(&node.expr) {
            let key = self.names.involves_parameter(&node.index);
            let by = Involved::KEYED.and(Involved::BY_PARAMETER, key);
            self.note(ActionKind::Lookup, Subject::State, state, by, node.bracket_token.span.open());
        }
    }

    fn visit_expr_assign(&mut self, node: &'ast syn::ExprAssign) {
        self.visit_expr(&node.right);
        self.note_store(&node.left, &node.right);
    }

    fn visit_expr_binary(&mut self, node: &'ast syn::ExprBinary) {
        visit::visit_expr_binary(self, node);
        self.note_binary(node);
    }

    fn visit_expr_for_loop(&mut self, node: &'ast syn::ExprForLoop) {
        self.visit_expr(&node.expr);
        let origin = self.names.origin(&node.expr);
        if let Some(origin) = origin
            && let Some(state) = origin.state()
        {
            self.note(ActionKind::Iterate, origin.subject(), state, Involved::NOTHING, node.for_token.span);
        }
        let item = origin.and_then(Origin::part);
        let derived = self.names.involves_parameter(&node.expr).then_some(Origin::Derived);
        self.names.bind(&node.pat, item.or(derived));
        self.visit_block(&node.body);
    }

    fn visit_expr_loop(&mut self, node: &'ast syn::ExprLoop) {
        self.note(
            ActionKind::Repeat,
            Subject::Nothing,
            Name::new(""),
            Involved::NOTHING,
            node.loop_token.span,
        );
        visit::visit_expr_loop(self, node);
    }

    fn visit_expr_let(&mut self, node: &'ast syn::ExprLet) {
        self.visit_expr(&node.expr);
        self.bind(&node.pat, Some(&node.expr));
    }

    fn visit_expr_match(&mut self, node: &'ast syn::ExprMatch) {
        self.visit_expr(&node.expr);
        for arm in &node.arms {
            self.bind(&arm.pat, Some(&node.expr));
            self.visit_expr(&arm.body);
        }
    }

    fn visit_expr_return(&mut self, node: &'ast syn::ExprReturn) {
        visit::visit_expr_return(self, node);
        if let Some(value) = &node.expr {
            self.note_result(value, node.return_token.span);
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if let Some(init) = &local.init {
            self.visit_expr(&init.expr);
            if let Some((_, otherwise)) = &init.diverge {
                self.visit_expr(otherwise);
            }
        }
        self.bind(&local.pat, local.init.as_ref().map(|init| &*init.expr));
    }

    // Functions within are functions of their own, and types do nothing.
    fn visit_item(&mut self, _: &'ast syn::Item) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_path(&mut self, _: &'ast syn::Path) {}
}

/// What a method of this name does to a container.
fn container_action(method: &str, arguments: usize) -> Option<ActionKind> {
    Some(match method {
        "insert" | "push" | "push_back" | "push_front" | "extend" | "append" | "entry" => ActionKind::Insert,
        "remove" | "pop" | "pop_front" | "pop_back" | "swap_remove" | "remove_entry" | "retain"
        | "retain_mut" | "truncate" => ActionKind::Remove,
        "take" if arguments == 0 => ActionKind::Remove,
        "get" | "get_mut" | "first" | "last" | "find" | "position" | "get_key_value" => ActionKind::Lookup,
        "contains" | "contains_key" => ActionKind::Contains,
        "iter" | "iter_mut" | "values" | "values_mut" | "keys" | "into_iter" | "drain" | "into_values" => {
            ActionKind::Iterate
        }
        "clear" => ActionKind::Clear,
        "len" | "is_empty" => ActionKind::Measure,
        "lock" | "read" | "write" | "borrow_mut" | "borrow" if arguments == 0 => ActionKind::Enter,
        "fetch_add" | "fetch_sub" => ActionKind::Increment,
        _ => return None,
    })
}
