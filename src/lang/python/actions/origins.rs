//! What the names of a function stand for, and what expressions with them come from.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, ExprCall, Identifier, Operator, Parameters};
use rustc_hash::FxHashSet;

use super::sql::statement_of;
use crate::facts::Name;
pub(super) use crate::lang::origins::Origin;

/// What is known of the module around a function.
#[derive(Clone, Copy)]
pub(in crate::lang::python) struct ModuleNames<'a> {
    /// Names that it has bound to values so far.
    pub(in crate::lang::python) values: &'a FxHashSet<Name>,
    /// Its functions, wherever they stand.
    pub(in crate::lang::python) functions: &'a FxHashSet<Name>,
}

/// The names that a function sees, at one point of its text.
pub(super) struct Names<'a> {
    receiver: Option<Name>,
    module: ModuleNames<'a>,
    /// Parameters and local names; a later entry hides an earlier one.
    known: Vec<(&'a str, Option<Origin>)>,
    /// Names of the module that the function binds.
    globals: Vec<&'a str>,
}

impl<'a> Names<'a> {
    pub(super) fn new(receiver: Option<Name>, module: ModuleNames<'a>) -> Self {
        Self { receiver, module, known: Vec::new(), globals: Vec::new() }
    }

    /// The other function of the class or module that a call leads to.
    pub(super) fn own_function(&self, call: &ExprCall) -> Option<Name> {
        match &*call.func {
            Expr::Attribute(method) if self.origin(&method.value) == Some(Origin::Receiver) => {
                Some(Name::new(&method.attr))
            }
            // A class has no functions of the module.
            Expr::Name(function) if self.receiver.is_none() => {
                let id = function.id.as_str();
                let is_local = self.known.iter().any(|(known, _)| *known == id);
                Some(Name::new(id)).filter(|name| !is_local && self.module.functions.contains(name))
            }
            _ => None,
        }
    }

    /// `global name`
    pub(super) fn add_globals(&mut self, names: &'a [Identifier]) {
        self.globals.extend(names.iter().map(|name| name.as_str()));
    }

    pub(super) fn is_global(&self, name: &str) -> bool {
        self.globals.contains(&name)
    }

    /// How many names are known, for [`Names::leave`].
    pub(super) fn depth(&self) -> usize {
        self.known.len()
    }

    /// Forgets the names of an inner function, which then is a name itself.
    pub(super) fn leave(&mut self, depth: usize, function: &'a str) {
        self.known.truncate(depth);
        self.known.push((function, None));
    }

    pub(super) fn add_parameters(&mut self, parameters: &'a Parameters) {
        for parameter in parameters.iter() {
            let name = parameter.name().as_str();
            let is_receiver = self.receiver.is_some_and(|receiver| receiver.as_str() == name);
            let origin = if is_receiver { Origin::Receiver } else { Origin::Parameter };
            self.known.push((name, Some(origin)));
        }
    }

    pub(super) fn origin(&self, expr: &Expr) -> Option<Origin> {
        match expr {
            Expr::Name(name) => {
                let id = name.id.as_str();
                match self.known.iter().rev().find(|(known, _)| *known == id) {
                    Some((_, origin)) => *origin,
                    None if self.receiver.is_some_and(|receiver| receiver.as_str() == id) => {
                        Some(Origin::Receiver)
                    }
                    None => {
                        let name = Name::new(id);
                        self.module.values.contains(&name).then_some(Origin::State(name))
                    }
                }
            }
            // How many rows a statement changed.
            Expr::Attribute(node) if node.attr.as_str() == "rowcount" => None,
            Expr::Attribute(node) => match self.origin(&node.value)? {
                Origin::Receiver => Some(Origin::State(Name::new(&node.attr))),
                other => Some(other),
            },
            Expr::Subscript(node) => self.origin(&node.value)?.part(),
            Expr::Await(node) => self.origin(&node.value),
            Expr::Starred(node) => self.origin(&node.value),
            Expr::Named(node) => self.origin(&node.value),
            Expr::If(node) => self.origin(&node.body).or_else(|| self.origin(&node.orelse)),
            Expr::BoolOp(node) => node.values.iter().find_map(|value| self.origin(value)),
            Expr::Call(call) => self.origin_of_call(call),
            // `[entry for entry in self.x if …]` is walked as `self.x` is: its names are bound by now.
            Expr::ListComp(node) => self.element_of(&node.elt),
            Expr::SetComp(node) => self.element_of(&node.elt),
            Expr::Generator(node) => self.element_of(&node.elt),
            // `self.folder / name` is kept in the folder.
            Expr::BinOp(node) if node.op == Operator::Div => match self.origin(&node.left)? {
                origin @ (Origin::State(_) | Origin::Element(_)) => origin.part(),
                _ => None,
            },
            // `{"user": row.user}` is what is kept, in another form.
            Expr::Dict(node) => node.items.iter().find_map(|item| self.part_of_element(&item.value)),
            // Literals, operations and displays make something new.
            Expr::UnaryOp(_)
            | Expr::BinOp(_)
            | Expr::Lambda(_)
            | Expr::Set(_)
            | Expr::DictComp(_)
            | Expr::Yield(_)
            | Expr::YieldFrom(_)
            | Expr::Compare(_)
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
            | Expr::IpyEscapeCommand(_) => None,
        }
    }

    /// What a value of a display comes from, where that is part of an element itself.
    pub(super) fn part_of_element(&self, value: &Expr) -> Option<Origin> {
        match value {
            Expr::Name(_) | Expr::Attribute(_) | Expr::Subscript(_) => {
                self.origin(value).filter(|origin| matches!(origin, Origin::Element(_)))
            }
            _ => None,
        }
    }

    /// What a comprehension gives, where that comes from the state or from another function.
    fn element_of(&self, expr: &Expr) -> Option<Origin> {
        self.origin(expr).filter(|origin| matches!(origin, Origin::Element(_) | Origin::Own { .. }))
    }

    fn origin_of_call(&self, call: &ExprCall) -> Option<Origin> {
        if let Some(statement) = statement_of(call) {
            return Some(Origin::Element(statement.table));
        }
        if self.own_function(call).is_some() {
            let keywords = call.arguments.keywords.iter().map(|keyword| &keyword.value);
            let mut told = call.arguments.args.iter().chain(keywords);
            return Some(Origin::Own { told_parameter: told.any(|value| self.involves_parameter(value)) });
        }
        match &*call.func {
            Expr::Name(function) => {
                let first = call.arguments.args.first();
                match function.id.as_str() {
                    // `list(self.x)` is walked as `self.x` is.
                    "list" | "tuple" | "set" | "frozenset" | "sorted" | "reversed" | "iter" | "enumerate"
                    | "dict" | "filter" | "getattr" => {
                        let at =
                            if function.id.as_str() == "filter" { call.arguments.args.get(1) } else { first };
                        self.origin(at?)
                    }
                    "next" | "max" | "min" => self.origin(first?)?.part(),
                    function if is_other_form(function) => self.origin(first?),
                    _ => None,
                }
            }
            Expr::Attribute(method)
                if is_other_form(&method.attr) && self.origin(&method.value).is_none() =>
            {
                self.origin(call.arguments.args.first()?)
            }
            Expr::Attribute(method) => match self.origin(&method.value)? {
                Origin::Receiver => None,
                state @ Origin::State(_)
                    if matches!(method.attr.as_str(), "values" | "items" | "keys" | "copy") =>
                {
                    Some(state)
                }
                other => other.part(),
            },
            // `self.classes[name]()` gives what is made there.
            Expr::Subscript(_) => self.origin(&call.func)?.part(),
            _ => None,
        }
    }

    /// Whether a parameter comes into the value of `expr`.
    pub(super) fn involves_parameter(&self, expr: &Expr) -> bool {
        let mut search = Search { names: self, has_parameter: false };
        search.visit_expr(expr);
        search.has_parameter
    }

    /// Whether a parameter itself is in the value of `expr`, not only something computed with it.
    pub(super) fn keeps_parameter(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Name(_) => {
                matches!(self.origin(expr), Some(Origin::Parameter | Origin::Holder))
            }
            Expr::Tuple(node) => node.elts.iter().any(|element| self.keeps_parameter(element)),
            Expr::List(node) => node.elts.iter().any(|element| self.keeps_parameter(element)),
            Expr::Set(node) => node.elts.iter().any(|element| self.keeps_parameter(element)),
            Expr::Dict(node) => node.items.iter().any(|item| self.keeps_parameter(&item.value)),
            // `Entry(user, socket)`, `json.dumps(record)`; a method of the parameter gives something else.
            Expr::Call(call) => {
                let keywords = call.arguments.keywords.iter().map(|keyword| &keyword.value);
                call.arguments.args.iter().chain(keywords).any(|value| self.keeps_parameter(value))
            }
            Expr::BoolOp(node) => node.values.iter().any(|value| self.keeps_parameter(value)),
            Expr::If(node) => self.keeps_parameter(&node.body) || self.keeps_parameter(&node.orelse),
            Expr::Starred(node) => self.keeps_parameter(&node.value),
            Expr::Await(node) => self.keeps_parameter(&node.value),
            Expr::Named(node) => self.keeps_parameter(&node.value),
            // `[(key, value) for key, value in given]`: the names were bound when it was walked through.
            Expr::ListComp(node) => self.keeps_parameter(&node.elt),
            Expr::SetComp(node) => self.keeps_parameter(&node.elt),
            Expr::DictComp(node) => self.keeps_parameter(&node.value),
            Expr::Generator(node) => self.keeps_parameter(&node.elt),
            Expr::Attribute(_)
            | Expr::Subscript(_)
            | Expr::UnaryOp(_)
            | Expr::BinOp(_)
            | Expr::Lambda(_)
            | Expr::Yield(_)
            | Expr::YieldFrom(_)
            | Expr::Compare(_)
            | Expr::FString(_)
            | Expr::TString(_)
            | Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::Slice(_)
            | Expr::IpyEscapeCommand(_) => false,
        }
    }

    pub(super) fn bind(&mut self, target: &'a Expr, origin: Option<Origin>) {
        match target {
            Expr::Name(name) => self.known.push((name.id.as_str(), origin)),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|element| self.bind(element, origin)),
            Expr::List(list) => list.elts.iter().for_each(|element| self.bind(element, origin)),
            Expr::Starred(starred) => self.bind(&starred.value, origin),
            // Fields and elements are no names of the function.
            _ => {}
        }
    }
}

/// Whether a function of this name gives what it is given in another form: `json.loads(raw)`.
fn is_other_form(function: &str) -> bool {
    matches!(
        function,
        "loads" | "deepcopy" | "replace" | "fromjson" | "from_json" | "from_dict" | "model_validate"
    )
}

/// Looks for a parameter in an expression.
struct Search<'r, 'a> {
    names: &'r Names<'a>,
    has_parameter: bool,
}

impl<'e> Visitor<'e> for Search<'_, '_> {
    fn visit_expr(&mut self, expr: &'e Expr) {
        if self.has_parameter {
            return;
        }
        if let Expr::Name(name) = expr {
            let known = self.names.known.iter().rev().find(|(known, _)| *known == name.id.as_str());
            self.has_parameter = known.is_some_and(|(_, origin)| match origin {
                Some(Origin::Parameter | Origin::Holder | Origin::Derived) => true,
                Some(Origin::Own { told_parameter }) => *told_parameter,
                Some(Origin::Receiver | Origin::State(_) | Origin::Element(_)) | None => false,
            });
            return;
        }
        walk_expr(self, expr);
    }
}
