//! Where the value of an expression comes from: the state, what is kept there, a parameter.

use rustc_hash::FxHashMap;
use syn::visit::{self, Visit};
use syn::{Expr, FnArg, Pat, Signature};

use crate::facts::Name;
pub(super) use crate::lang::origins::Origin;
use crate::lang::rust::name_of;

/// The names of a body.
pub(super) struct Names {
    bound: FxHashMap<Name, Option<Origin>>,
}

impl Names {
    pub(super) fn of(signature: &Signature) -> Self {
        let mut names = Self { bound: FxHashMap::default() };
        for input in &signature.inputs {
            match input {
                FnArg::Receiver(_) => {
                    names.bound.insert(Name::new("self"), Some(Origin::Receiver));
                }
                FnArg::Typed(typed) => names.bind(&typed.pat, Some(Origin::Parameter)),
            }
        }
        names
    }

    /// The last name of a tuple stands for the value: `for (key, value) in …`.
    pub(super) fn bind(&mut self, pattern: &Pat, origin: Option<Origin>) {
        match pattern {
            Pat::Ident(pattern) => {
                self.bound.insert(name_of(&pattern.ident), origin);
            }
            Pat::Type(typed) => self.bind(&typed.pat, origin),
            Pat::Reference(inner) => self.bind(&inner.pat, origin),
            Pat::Paren(inner) => self.bind(&inner.pat, origin),
            Pat::TupleStruct(pattern) => {
                for element in &pattern.elems {
                    self.bind(element, origin);
                }
            }
            Pat::Tuple(pattern) => {
                let last = pattern.elems.len().saturating_sub(1);
                for (position, element) in pattern.elems.iter().enumerate() {
                    let is_value = position == last || origin == Some(Origin::Parameter);
                    self.bind(element, origin.filter(|_| is_value));
                }
            }
            Pat::Struct(pattern) => {
                for field in &pattern.fields {
                    self.bind(&field.pat, origin);
                }
            }
            Pat::Slice(pattern) => {
                for element in &pattern.elems {
                    self.bind(element, origin.and_then(Origin::part));
                }
            }
            Pat::Or(pattern) => {
                for case in &pattern.cases {
                    self.bind(case, origin);
                }
            }
            _ => {}
        }
    }

    /// Where an expression's value comes from, where that is one of the things that are followed.
    pub(super) fn origin(&self, expression: &Expr) -> Option<Origin> {
        match expression {
            Expr::Path(path) => {
                let name = name_of(path.path.get_ident()?);
                match self.bound.get(&name) {
                    Some(origin) => *origin,
                    // `static SESSIONS: …`
                    None => is_constant(name.as_str()).then_some(Origin::State(name)),
                }
            }
            Expr::Field(field) => match self.origin(&field.base)? {
                Origin::Receiver => match &field.member {
                    syn::Member::Named(name) => Some(Origin::State(name_of(name))),
                    syn::Member::Unnamed(index) => Some(Origin::State(Name::new(&index.index.to_string()))),
                },
                Origin::State(name) | Origin::Element(name) => Some(Origin::Element(name)),
                other => Some(other),
            },
            Expr::MethodCall(call) => {
                let origin = self.origin(&call.receiver)?;
                let method = call.method.to_string();
                match origin {
                    Origin::Receiver => None,
                    _ if is_transparent(&method) => Some(origin),
                    Origin::State(name) | Origin::Element(name) => match method.as_str() {
                        "lock" | "read" | "write" | "borrow" | "borrow_mut" | "iter" | "iter_mut"
                        | "values" | "values_mut" | "drain" | "filter" | "rev" | "into_values" => {
                            Some(origin)
                        }
                        "get" | "get_mut" | "remove" | "first" | "last" | "first_mut" | "last_mut"
                        | "pop" | "pop_front" | "pop_back" | "entry" | "or_default" | "or_insert"
                        | "or_insert_with" | "find" | "next" | "flatten" | "swap_remove" | "take" => {
                            Some(Origin::Element(name))
                        }
                        _ => None,
                    },
                    Origin::Parameter | Origin::Derived => Some(Origin::Derived),
                    Origin::Holder | Origin::Own { .. } => None,
                }
            }
            Expr::Index(index) => self.origin(&index.expr)?.part(),
            Expr::Reference(inner) => self.origin(&inner.expr),
            Expr::Paren(inner) => self.origin(&inner.expr),
            Expr::Group(inner) => self.origin(&inner.expr),
            Expr::Try(inner) => self.origin(&inner.expr),
            Expr::Await(inner) => self.origin(&inner.base),
            Expr::Cast(inner) => self.origin(&inner.expr),
            Expr::Unary(inner) => self.origin(&inner.expr),
            _ => None,
        }
    }

    /// Whether a parameter goes into the value of an expression.
    pub(super) fn involves_parameter(&self, expression: &Expr) -> bool {
        let mut search = Search { names: self, is_found: false };
        search.visit_expr(expression);
        search.is_found
    }

    /// Whether a value is a parameter, or something new that holds one.
    pub(super) fn keeps_parameter(&self, value: &Expr) -> bool {
        if matches!(self.origin(value), Some(Origin::Parameter | Origin::Holder)) {
            return true;
        }
        match value {
            Expr::Struct(literal) => literal.fields.iter().any(|field| self.keeps_parameter(&field.expr)),
            Expr::Tuple(tuple) => tuple.elems.iter().any(|element| self.keeps_parameter(element)),
            Expr::Array(array) => array.elems.iter().any(|element| self.keeps_parameter(element)),
            Expr::Reference(inner) => self.keeps_parameter(&inner.expr),
            // `Entry::new(socket)`, `Arc::new(socket)`, `Some(socket)`
            Expr::Call(call) => match &*call.func {
                Expr::Path(path) => {
                    let is_made = path.path.segments.iter().any(|segment| {
                        segment.ident.to_string().starts_with(|first: char| first.is_uppercase())
                    });
                    is_made && call.args.iter().any(|given| self.keeps_parameter(given))
                }
                _ => false,
            },
            _ => false,
        }
    }
}

struct Search<'n> {
    names: &'n Names,
    is_found: bool,
}

impl<'ast> Visit<'ast> for Search<'_> {
    fn visit_expr(&mut self, expression: &'ast Expr) {
        if self.is_found {
            return;
        }
        if let Expr::Path(path) = expression {
            let origin = path.path.get_ident().and_then(|name| *self.names.bound.get(&name_of(name))?);
            self.is_found = matches!(origin, Some(Origin::Parameter | Origin::Holder | Origin::Derived));
            return;
        }
        visit::visit_expr(self, expression);
    }

    fn visit_item(&mut self, _: &'ast syn::Item) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
}

/// Methods whose value is what they are called on, for our purposes.
pub(super) fn is_transparent(method: &str) -> bool {
    matches!(
        method,
        "as_bytes"
            | "as_deref"
            | "as_deref_mut"
            | "as_mut"
            | "as_ref"
            | "as_slice"
            | "as_str"
            | "by_ref"
            | "clone"
            | "cloned"
            | "copied"
            | "deref"
            | "expect"
            | "into"
            | "into_inner"
            | "into_iter"
            | "ok"
            | "ok_or"
            | "ok_or_else"
            | "to_owned"
            | "to_string"
            | "to_vec"
            | "unwrap"
            | "unwrap_or_default"
            | "unwrap_or_else"
    )
}

fn is_constant(name: &str) -> bool {
    name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}
