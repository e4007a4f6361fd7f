//! Expressions → chains: `self.hub.lock().await.send(message)` is one, its arguments are others.

use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprPath, Item, Local, Macro, Token, Type};

use super::Lowering;
use super::skipping::end_of_string;
use crate::facts::{ChainId, Name, ScopeKind, Step, Usage};

/// What follows the head of an expression, from the outside in.
enum Link<'e> {
    Step(Step),
    /// A call and its arguments.
    Call(&'e Punctuated<Expr, Token![,]>),
    /// An index expression.
    Index(&'e Expr),
}

impl Lowering<'_> {
    /// Records the names in an expression.
    pub(super) fn lower_expression(&mut self, expression: &Expr) {
        self.visit_expr(expression);
    }

    /// A block in a scope of its own.
    pub(super) fn lower_block(&mut self, block: &Block) {
        let scope = self.push_scope(ScopeKind::Block);
        self.within(scope, |this| {
            for statement in &block.stmts {
                this.visit_stmt(statement);
            }
        });
    }

    /// Records the names in an expression; gives its chain, where it is one.
    pub(super) fn value(&mut self, expression: &Expr) -> Option<ChainId> {
        self.value_used(expression, Usage::Value)
    }

    /// `Arc::clone(&hub)` is a hub.
    fn cloned(&mut self, expression: &Expr) -> Option<ChainId> {
        let Expr::Call(call) = expression else { return None };
        let Expr::Path(path) = &*call.func else { return None };
        let is_clone = path.qself.is_none()
            && path.path.segments.len() == 2
            && path.path.segments[1].ident == "clone"
            && call.args.len() == 1;
        if !is_clone {
            return None;
        }
        self.path_chain(&path.path, Usage::Value);
        self.value(&call.args[0])
    }

    fn value_used(&mut self, expression: &Expr, usage: Usage) -> Option<ChainId> {
        if let Some(cloned) = self.cloned(expression) {
            return Some(cloned);
        }
        let mut links: Vec<Link<'_>> = Vec::new();
        let mut head = expression;
        loop {
            head = match head {
                Expr::MethodCall(call) => {
                    links.push(Link::Call(&call.args));
                    let (name, at) = self.named(&call.method);
                    links.push(Link::Step(Step::Attribute(name, at)));
                    for argument in call.turbofish.iter().flat_map(|generics| &generics.args) {
                        self.visit_generic_argument(argument);
                    }
                    &call.receiver
                }
                Expr::Field(field) => {
                    let (name, at) = match &field.member {
                        syn::Member::Named(ident) => self.named(ident),
                        syn::Member::Unnamed(index) => {
                            (Name::new(&index.index.to_string()), self.start_of(index.span))
                        }
                    };
                    links.push(Link::Step(Step::Attribute(name, at)));
                    &field.base
                }
                Expr::Call(call) => {
                    links.push(Link::Call(&call.args));
                    &call.func
                }
                Expr::Await(inner) => {
                    links.push(Link::Step(Step::Await));
                    &inner.base
                }
                Expr::Try(inner) => {
                    let at = self.start_of(inner.question_token.span);
                    links.push(Link::Step(Step::Attribute(Name::new("?"), at)));
                    &inner.expr
                }
                Expr::Index(index) => {
                    links.push(Link::Index(&index.index));
                    &index.expr
                }
                Expr::Paren(inner) => &inner.expr,
                Expr::Group(inner) => &inner.expr,
                Expr::Reference(inner) => &inner.expr,
                Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) => &unary.expr,
                _ => break,
            };
        }
        match head {
            Expr::Path(path) => self.path_value(path, &links, usage),
            Expr::Struct(literal) => {
                for field in &literal.fields {
                    self.lower_expression(&field.expr);
                }
                if let Some(rest) = &literal.rest {
                    self.lower_expression(rest);
                }
                let head = self.lower_path_head(&literal.path)?;
                self.lower_links(&links);
                let start = self.steps_start();
                self.push_path_steps(&literal.path);
                // A literal makes an instance, as a call does.
                self.facts.steps.push(Step::Call);
                self.push_links(&links);
                Some(self.push_chain(head, start, usage))
            }
            other => {
                self.lower_links(&links);
                self.lower_plain(other);
                None
            }
        }
    }

    fn path_value(&mut self, path: &ExprPath, links: &[Link<'_>], usage: Usage) -> Option<ChainId> {
        if let Some(qualified) = &path.qself {
            // `<T as Trait>::method(x)` names the trait's method.
            self.lower_type(&qualified.ty, Usage::Annotation);
            self.lower_links(links);
            if qualified.position == 0 {
                return None;
            }
        } else {
            self.lower_links(links);
        }
        let head = self.lower_path_head(&path.path)?;
        let start = self.steps_start();
        self.push_path_steps(&path.path);
        self.push_links(links);
        Some(self.push_chain(head, start, usage))
    }

    /// The first segment; the generic arguments of all are lowered.
    fn lower_path_head(&mut self, path: &syn::Path) -> Option<super::Head> {
        for segment in &path.segments {
            visit::visit_path_arguments(self, &segment.arguments);
        }
        self.path_start(path)
    }

    /// Lowers the arguments of calls and what stands in brackets, in the order of the source.
    fn lower_links(&mut self, links: &[Link<'_>]) {
        for link in links.iter().rev() {
            match link {
                Link::Step(_) => {}
                Link::Call(arguments) => {
                    for argument in *arguments {
                        self.lower_expression(argument);
                    }
                }
                Link::Index(index) => self.lower_expression(index),
            }
        }
    }

    fn push_links(&mut self, links: &[Link<'_>]) {
        for link in links.iter().rev() {
            self.facts.steps.push(match link {
                Link::Step(step) => *step,
                Link::Call(_) => Step::Call,
                Link::Index(_) => Step::Index,
            });
        }
    }

    /// An expression that is no chain itself.
    fn lower_plain(&mut self, expression: &Expr) {
        match expression {
            Expr::Assign(assign) => {
                self.lower_expression(&assign.right);
                self.value_used(&assign.left, Usage::Store);
            }
            Expr::Closure(closure) => {
                let scope = self.push_scope(ScopeKind::Expression);
                self.within(scope, |this| {
                    for input in &closure.inputs {
                        this.bind_pattern(input, None, 0);
                    }
                    this.lower_return(&closure.output);
                    this.lower_expression(&closure.body);
                });
            }
            Expr::Let(condition) => {
                let value = self.value(&condition.expr);
                self.bind_pattern(&condition.pat, value, 0);
            }
            Expr::If(branch) => {
                // Names of `if let` hold in the first block.
                let scope = self.push_scope(ScopeKind::Block);
                self.within(scope, |this| {
                    this.lower_expression(&branch.cond);
                    this.lower_block(&branch.then_branch);
                });
                if let Some((_, other)) = &branch.else_branch {
                    self.lower_expression(other);
                }
            }
            Expr::While(branch) => {
                let scope = self.push_scope(ScopeKind::Block);
                self.within(scope, |this| {
                    this.lower_expression(&branch.cond);
                    this.lower_block(&branch.body);
                });
            }
            Expr::ForLoop(branch) => {
                let value = self.value(&branch.expr);
                let item = value.and_then(|value| self.extended(value, [Step::Index]));
                let scope = self.push_scope(ScopeKind::Block);
                self.within(scope, |this| {
                    this.bind_pattern(&branch.pat, item, 0);
                    this.lower_block(&branch.body);
                });
            }
            Expr::Match(branches) => {
                let value = self.value(&branches.expr);
                for arm in &branches.arms {
                    let scope = self.push_scope(ScopeKind::Block);
                    self.within(scope, |this| {
                        this.under(&arm.attrs, |this| {
                            this.bind_pattern(&arm.pat, value, 0);
                            this.lower_expression(&arm.body);
                        });
                    });
                }
            }
            Expr::Block(block) => self.lower_block(&block.block),
            Expr::Macro(call) => self.visit_macro(&call.mac),
            other => visit::visit_expr(self, other),
        }
    }

    /// Whether a macro is given nothing, or one string and nothing else: `panic!("no hub")`.
    fn is_one_string(&self, call: &Macro) -> bool {
        let span = call.delimiter.span();
        let given = self.slice(self.end_of(span.open()), self.start_of(span.close())).trim().as_bytes();
        given.is_empty() || given[0] == b'"' && end_of_string(given, 0) == given.len()
    }

    /// The arguments of a macro that is called like a function; other input is not guessed at.
    fn macro_arguments(&mut self, call: &Macro) {
        self.lower_inclusion(call);
        if self.is_one_string(call) {
            return;
        }
        let parser = Punctuated::<Expr, Token![,]>::parse_terminated;
        if let Ok(arguments) = call.parse_body_with(parser) {
            for argument in &arguments {
                // `name = value` of `format!`
                match argument {
                    Expr::Assign(named) => self.lower_expression(&named.right),
                    other => self.lower_expression(other),
                }
            }
        }
    }
}

impl<'ast> Visit<'ast> for Lowering<'_> {
    fn visit_expr(&mut self, expression: &'ast Expr) {
        self.value(expression);
    }

    fn visit_block(&mut self, block: &'ast Block) {
        self.lower_block(block);
    }

    fn visit_local(&mut self, local: &'ast Local) {
        self.under(&local.attrs, |this| {
            if let Some((_, otherwise)) = local.init.as_ref().and_then(|init| init.diverge.as_ref()) {
                this.lower_expression(otherwise);
            }
            // The new names hold behind the statement: `let hub = hub.clone()`.
            let from = this.end_of(local.semi_token.span);
            match &local.init {
                Some(init) => this.bind_matched(&local.pat, &init.expr, from),
                None => this.bind_pattern(&local.pat, None, from),
            }
        });
    }

    fn visit_item(&mut self, item: &'ast Item) {
        self.lower_item(item);
    }

    fn visit_type(&mut self, ty: &'ast Type) {
        self.lower_type(ty, Usage::Annotation);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.macro_arguments(call);
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}
