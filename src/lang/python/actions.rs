//! Function bodies → actions: a look at each body that follows names from where they are bound, in
//! the order of the source, without branches. See [`crate::facts::actions`].

use ruff_python_ast::visitor::{Visitor, walk_comprehension, walk_expr, walk_stmt};
use ruff_python_ast::{
    CmpOp, Comprehension, ExceptHandler, Expr, ExprCompare, ExprTuple, Operator, Stmt, StmtFunctionDef,
};
use ruff_text_size::Ranged;

mod calls;
mod origins;
mod orm;
mod sql;

pub(super) use self::origins::ModuleNames;
use self::origins::{Names, Origin};
use super::statements::last_segment;
use crate::facts::actions::{Action, ActionKind, Involved, Subject};
use crate::facts::{Name, Run};

/// Functions with more distinct actions than this are no one's copy in detail; the rest is left out.
const MAX_ACTIONS: usize = 96;

/// Adds the actions of a function to `table`, each once, in the order of the source.
///
/// `receiver` is the name of `self` where the function is a method.
pub(super) fn lower_actions(
    table: &mut Vec<Action>,
    node: &StmtFunctionDef,
    receiver: Option<Name>,
    module: ModuleNames<'_>,
) -> Run {
    let start = table.len();
    let mut reader = Reader { names: Names::new(receiver, module), table, start, has_failed: false };
    reader.names.add_parameters(&node.parameters);
    reader.visit_body(&node.body);
    Run { start: start as u32, len: (table.len() - start) as u32 }
}

struct Reader<'a> {
    names: Names<'a>,
    table: &'a mut Vec<Action>,
    /// Where the function's own actions begin.
    start: usize,
    /// Whether this is what is done when something has failed.
    has_failed: bool,
}

impl<'a> Reader<'a> {
    fn note(&mut self, kind: ActionKind, on: Subject, name: Name, by: Involved, at: &impl Ranged) {
        let by = by.and(Involved::ON_FAILURE, self.has_failed);
        let is_known = |found: &Action| (found.kind, found.on, found.name, found.by) == (kind, on, name, by);
        let own = &self.table[self.start..];
        if own.len() < MAX_ACTIONS && !own.iter().any(is_known) {
            self.table.push(Action { name, at: at.start().to_u32(), kind, on, by });
        }
    }

    fn note_store(&mut self, target: &'a Expr, value: Option<&'a Expr>) {
        let keeps = |this: &Self| value.is_some_and(|value| this.names.keeps_parameter(value));
        match target {
            Expr::Name(node) if self.names.is_global(&node.id) => {
                let by = Involved::NOTHING.and(Involved::STORES_PARAMETER, keeps(self));
                self.note(ActionKind::Assign, Subject::State, Name::new(&node.id), by, target);
            }
            Expr::Name(_) => {
                let origin = value.and_then(|value| self.names.origin(value));
                let made = value.and_then(|value| match () {
                    () if self.names.keeps_parameter(value) => Some(Origin::Holder),
                    () if self.names.involves_parameter(value) => Some(Origin::Derived),
                    () => None,
                });
                self.names.bind(target, origin.or(made));
            }
            // `old, self.x = self.x, None`
            Expr::Tuple(targets) if let Some(values) = side_by_side(targets, value) => {
                let bound: Vec<Option<Origin>> =
                    values.elts.iter().map(|value| self.names.origin(value)).collect();
                for ((target, value), origin) in targets.elts.iter().zip(&values.elts).zip(bound) {
                    match target {
                        // All values are there before the first name is bound.
                        Expr::Name(_) => self.names.bind(target, origin),
                        _ => self.note_store(target, Some(value)),
                    }
                }
            }
            Expr::Tuple(_) | Expr::List(_) | Expr::Starred(_) => {
                let origin = value.and_then(|value| self.names.origin(value)).and_then(Origin::part);
                self.names.bind(target, origin);
            }
            Expr::Subscript(node) => match self.names.origin(&node.value) {
                Some(origin @ (Origin::State(state) | Origin::Element(state))) => {
                    if let Some(by) = value.and_then(|value| self.sifted(value, state)) {
                        self.note(ActionKind::Remove, origin.subject(), state, by, target);
                        return;
                    }
                    let by = Involved::KEYED
                        .and(Involved::BY_PARAMETER, self.names.involves_parameter(&node.slice))
                        .and(Involved::STORES_PARAMETER, keeps(self));
                    self.note(ActionKind::Insert, origin.subject(), state, by, target);
                }
                // A part of what another function of the class gave.
                Some(Origin::Own { .. }) => {
                    let by = Involved::NOTHING.and(Involved::STORES_PARAMETER, keeps(self));
                    self.note(ActionKind::Assign, Subject::Own, Name::new(""), by, target);
                }
                Some(Origin::Receiver | Origin::Parameter | Origin::Holder | Origin::Derived) | None => {}
            },
            Expr::Attribute(node) => {
                let by = Involved::NOTHING.and(Involved::STORES_PARAMETER, keeps(self));
                match self.names.origin(&node.value) {
                    Some(Origin::Receiver) => {
                        let name = Name::new(&node.attr);
                        match value.and_then(|value| self.sifted(value, name)) {
                            Some(by) => self.note(ActionKind::Remove, Subject::State, name, by, target),
                            None => self.note(ActionKind::Assign, Subject::State, name, by, target),
                        }
                    }
                    Some(origin) => {
                        let name = Name::new(&node.attr);
                        self.note(ActionKind::Assign, origin.subject(), name, by, target);
                    }
                    None => {}
                }
            }
            _ => {}
        }
    }

    /// `self.x = [entry for entry in self.x if …]` takes out of `self.x` what the condition leaves.
    fn sifted(&self, value: &Expr, state: Name) -> Option<Involved> {
        let generators = match value {
            Expr::ListComp(node) => &node.generators,
            Expr::SetComp(node) => &node.generators,
            Expr::DictComp(node) => &node.generators,
            _ => return None,
        };
        let [generator] = &**generators else { return None };
        if generator.ifs.is_empty() || self.names.origin(&generator.iter)?.state() != Some(state) {
            return None;
        }
        let key = generator.ifs.iter().any(|test| self.names.involves_parameter(test));
        Some(Involved::KEYED.and(Involved::BY_PARAMETER, key))
    }

    /// `for target in iter`, also in a comprehension.
    fn note_loop(&mut self, target: &'a Expr, iter: &'a Expr) {
        let Some(origin) = self.names.origin(iter) else {
            let origin = self.names.involves_parameter(iter).then_some(Origin::Derived);
            self.names.bind(target, origin);
            return;
        };
        if let Some(state) = origin.state() {
            self.note(ActionKind::Iterate, origin.subject(), state, Involved::NOTHING, iter);
        }
        let part = origin.part();
        // `for key, value in x.items()`, `for index, value in enumerate(x)`
        if let Expr::Tuple(pair) = target
            && let [first, second] = &*pair.elts
            && matches!(iter, Expr::Call(_))
        {
            self.names.bind(first, None);
            self.names.bind(second, part);
        } else {
            self.names.bind(target, part);
        }
    }

    fn note_comparison(&mut self, node: &'a ExprCompare) {
        let sides = std::iter::once(&*node.left).chain(&node.comparators);
        let pairs = sides.clone().zip(node.comparators.iter()).zip(&node.ops);
        for ((left, right), operator) in pairs {
            match operator {
                CmpOp::In | CmpOp::NotIn => {
                    if let Some(origin) = self.names.origin(right)
                        && let Some(state) = origin.state()
                    {
                        let key = self.names.involves_parameter(left);
                        let by = Involved::KEYED.and(Involved::BY_PARAMETER, key);
                        self.note(ActionKind::Contains, origin.subject(), state, by, node);
                    }
                }
                CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE => {
                    if let Some(state) = [left, right].iter().find_map(|side| self.measured(side)) {
                        self.note(ActionKind::Threshold, Subject::State, state, Involved::NOTHING, node);
                    }
                }
                // `entry.key == key`: a search through what is kept.
                CmpOp::Eq | CmpOp::Is | CmpOp::NotEq | CmpOp::IsNot => {
                    for (element, key) in [(left, right), (right, left)] {
                        if let Some(Origin::Element(state)) = self.names.origin(element)
                            && self.names.involves_parameter(key)
                        {
                            let by = Involved::KEYED
                                .and(Involved::BY_PARAMETER, true)
                                .and(Involved::BY_SEARCH, true);
                            self.note(ActionKind::Lookup, Subject::State, state, by, node);
                        }
                    }
                }
            }
        }
    }

    /// The state behind a number: `self.count`, `len(self.x)`, `now - entry.seen`.
    fn measured(&self, expr: &Expr) -> Option<Name> {
        match expr {
            Expr::Call(call) if matches!(&*call.func, Expr::Name(name) if name.id.as_str() == "len") => {
                self.names.origin(call.arguments.args.first()?)?.state()
            }
            Expr::BinOp(node) => self.measured(&node.left).or_else(|| self.measured(&node.right)),
            other => self.names.origin(other)?.state(),
        }
    }

    fn note_return(&mut self, value: &'a Expr) {
        let shape = match value {
            Expr::BooleanLiteral(_) | Expr::Compare(_) => "truth",
            Expr::UnaryOp(node) if node.op == ruff_python_ast::UnaryOp::Not => "truth",
            Expr::Call(call) => match &*call.func {
                Expr::Name(name) if matches!(&*name.id, "bool" | "any" | "all") => "truth",
                Expr::Name(name) if name.id.as_str() == "len" => "number",
                Expr::Name(name) if matches!(name.id.as_str(), "list" | "sorted" | "tuple" | "set") => "many",
                _ => match self.names.origin(value) {
                    Some(Origin::Element(_)) => "element",
                    Some(Origin::Own { .. }) => "own",
                    _ => return,
                },
            },
            Expr::NumberLiteral(_) => "number",
            Expr::Dict(node) => {
                let mut values = node.items.iter().map(|item| &item.value);
                let is_kept = values.any(|value| self.names.part_of_element(value).is_some());
                if is_kept { "element" } else { "record" }
            }
            Expr::DictComp(_) => "record",
            Expr::List(_) | Expr::ListComp(_) | Expr::Set(_) | Expr::SetComp(_) => "many",
            Expr::FString(_) | Expr::StringLiteral(_) => "text",
            Expr::Attribute(node) if node.attr.as_str() == "rowcount" => "number",
            other => match self.names.origin(other) {
                Some(Origin::Element(_)) => "element",
                Some(Origin::State(_)) => "state",
                Some(Origin::Own { .. }) => "own",
                Some(Origin::Receiver | Origin::Parameter | Origin::Holder | Origin::Derived) | None => {
                    return;
                }
            },
        };
        self.note(ActionKind::Return, Subject::Nothing, Name::new(shape), Involved::NOTHING, value);
    }
}

/// The values of an assignment that gives each of several targets its own.
fn side_by_side<'e>(targets: &ExprTuple, value: Option<&'e Expr>) -> Option<&'e ExprTuple> {
    let Some(Expr::Tuple(values)) = value else { return None };
    let is_plain = |expr: &Expr| !expr.is_starred_expr();
    let is_even = values.elts.len() == targets.elts.len();
    (is_even && values.elts.iter().chain(&targets.elts).all(is_plain)).then_some(values)
}

impl<'a> Visitor<'a> for Reader<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            // Its methods are functions of their own.
            Stmt::ClassDef(_) => return,
            Stmt::FunctionDef(inner) => {
                let outer = self.names.depth();
                self.names.add_parameters(&inner.parameters);
                for statement in &inner.body {
                    self.visit_stmt(statement);
                }
                self.names.leave(outer, inner.name.as_str());
                return;
            }
            Stmt::Assign(node) => {
                self.visit_expr(&node.value);
                for target in &node.targets {
                    self.note_store(target, Some(&node.value));
                }
                return;
            }
            Stmt::AnnAssign(node) => {
                if let Some(value) = &node.value {
                    self.visit_expr(value);
                    self.note_store(&node.target, Some(value));
                }
                return;
            }
            Stmt::AugAssign(node) => {
                self.visit_expr(&node.value);
                if let Some(origin) = self.names.origin(&node.target)
                    && matches!(node.op, Operator::Add | Operator::Sub)
                {
                    let is_own = matches!(origin, Origin::Own { .. });
                    let state = origin.state().or(is_own.then(|| Name::new("")));
                    let is_keyed = node.target.is_subscript_expr();
                    let by = Involved::NOTHING.and(Involved::KEYED, is_keyed);
                    // `self.counts["sent"] += 1` counts in a field of another form.
                    let is_field = match &*node.target {
                        Expr::Subscript(counter) => {
                            counter.slice.is_string_literal_expr()
                                && matches!(self.names.origin(&counter.value), Some(Origin::State(_)))
                        }
                        _ => false,
                    };
                    let on = if is_field { Subject::State } else { origin.subject() };
                    if let Some(state) = state {
                        self.note(ActionKind::Increment, on, state, by, node);
                    }
                }
                return;
            }
            Stmt::Delete(node) => {
                for target in &node.targets {
                    if let Expr::Subscript(subscript) = target
                        && let Some(origin) = self.names.origin(&subscript.value)
                        && let Some(state) = origin.state()
                    {
                        let key = self.names.involves_parameter(&subscript.slice);
                        let by = Involved::KEYED.and(Involved::BY_PARAMETER, key);
                        self.note(ActionKind::Remove, origin.subject(), state, by, target);
                    }
                }
                return;
            }
            Stmt::For(node) => {
                self.visit_expr(&node.iter);
                self.note_loop(&node.target, &node.iter);
                self.visit_body(&node.body);
                self.visit_body(&node.orelse);
                return;
            }
            Stmt::While(node) => {
                let is_endless = match &*node.test {
                    Expr::BooleanLiteral(literal) => literal.value,
                    Expr::UnaryOp(inner) => {
                        self.names.origin(&inner.operand).and_then(Origin::state).is_some()
                    }
                    test => matches!(test, Expr::Attribute(_)) && self.names.origin(test).is_some(),
                };
                if is_endless {
                    self.note(ActionKind::Repeat, Subject::Nothing, Name::new(""), Involved::NOTHING, node);
                }
            }
            Stmt::With(node) => {
                for item in &node.items {
                    let origin = self.names.origin(&item.context_expr);
                    if let Some(state) = origin.and_then(Origin::state) {
                        self.note(ActionKind::Enter, Subject::State, state, Involved::NOTHING, item);
                    }
                    self.visit_expr(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        self.names.bind(target, origin);
                    }
                }
                self.visit_body(&node.body);
                return;
            }
            Stmt::Raise(node) => {
                let raised = match node.exc.as_deref() {
                    Some(Expr::Call(call)) => last_segment(&call.func),
                    Some(other) => last_segment(other),
                    None => None,
                };
                if let Some(name) = raised {
                    self.note(ActionKind::Raise, Subject::Nothing, Name::new(name), Involved::NOTHING, node);
                }
                // What is asked for the message.
                let was_failed = std::mem::replace(&mut self.has_failed, true);
                walk_stmt(self, statement);
                self.has_failed = was_failed;
                return;
            }
            Stmt::Global(node) => {
                self.names.add_globals(&node.names);
                return;
            }
            Stmt::Return(node) => {
                if let Some(value) = &node.value {
                    // The names of a comprehension are known once it was walked through.
                    self.visit_expr(value);
                    let awaited = match &**value {
                        Expr::Await(inner) => &inner.value,
                        other => other,
                    };
                    self.note_return(awaited);
                }
                return;
            }
            // What stands in the others is reached by the walk.
            Stmt::Try(_)
            | Stmt::If(_)
            | Stmt::Match(_)
            | Stmt::Expr(_)
            | Stmt::Assert(_)
            | Stmt::TypeAlias(_)
            | Stmt::Import(_)
            | Stmt::ImportFrom(_)
            | Stmt::Nonlocal(_)
            | Stmt::Pass(_)
            | Stmt::Break(_)
            | Stmt::Continue(_)
            | Stmt::IpyEscapeCommand(_) => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call(call) => {
                walk_expr(self, expr);
                self.note_call(call);
                return;
            }
            Expr::Subscript(node) => {
                if let Some(Origin::State(state)) = self.names.origin(&node.value) {
                    let key = self.names.involves_parameter(&node.slice);
                    let by = Involved::KEYED.and(Involved::BY_PARAMETER, key);
                    self.note(ActionKind::Lookup, Subject::State, state, by, node);
                }
            }
            Expr::Compare(node) => self.note_comparison(node),
            Expr::Named(node) => {
                self.visit_expr(&node.value);
                self.note_store(&node.target, Some(&node.value));
                return;
            }
            // What stands in the others is reached by the walk.
            Expr::Name(_)
            | Expr::Attribute(_)
            | Expr::Await(_)
            | Expr::Starred(_)
            | Expr::If(_)
            | Expr::BoolOp(_)
            | Expr::UnaryOp(_)
            | Expr::BinOp(_)
            | Expr::Lambda(_)
            | Expr::Dict(_)
            | Expr::Set(_)
            | Expr::ListComp(_)
            | Expr::SetComp(_)
            | Expr::DictComp(_)
            | Expr::Generator(_)
            | Expr::Yield(_)
            | Expr::YieldFrom(_)
            | Expr::FString(_)
            | Expr::TString(_)
            | Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::List(_)
            | Expr::Tuple(_)
            | Expr::Slice(_)
            | Expr::IpyEscapeCommand(_) => {}
        }
        walk_expr(self, expr);
    }

    fn visit_comprehension(&mut self, comprehension: &'a Comprehension) {
        self.note_loop(&comprehension.target, &comprehension.iter);
        walk_comprehension(self, comprehension);
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(node) = handler;
        let caught = match node.type_.as_deref() {
            Some(Expr::Tuple(tuple)) => tuple.elts.iter().filter_map(last_segment).collect(),
            Some(other) => last_segment(other).into_iter().collect(),
            None => Vec::new(),
        };
        for name in caught {
            self.note(ActionKind::Catch, Subject::Nothing, Name::new(name), Involved::NOTHING, node);
        }
        let was_failed = std::mem::replace(&mut self.has_failed, true);
        self.visit_body(&node.body);
        self.has_failed = was_failed;
    }

    fn visit_annotation(&mut self, _annotation: &'a Expr) {}
}
