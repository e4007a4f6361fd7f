//! Methods that the body of a class binds by assignment: `__str__ = __repr__`, `size = property(_size)`.

use ruff_python_ast::{Expr, ExprCall, ExprName};
use ruff_text_size::Ranged;

use super::statements::Lowering;
use crate::facts::{BindingKind, Bound, FunctionFact, FunctionIdx, Name, Run, ScopeKind, Usage};

/// What is assigned.
struct Given<'a> {
    function: &'a ExprName,
    /// The other functions of a property.
    accessor: Option<&'a ExprName>,
    /// How it binds; none where it stays as it is.
    binding: Option<BindingKind>,
}

impl Lowering<'_> {
    /// A function of this body under another name is a method of that name too, whose signature stands where the
    /// function is defined. Answers whether the value is one.
    pub(super) fn lower_method_by_value(&mut self, target: &ExprName, value: &Expr) -> bool {
        let ScopeKind::Type(owner) = self.facts.scopes[self.scope.index()].kind else { return false };
        let Some(given) = given(value) else { return false };
        let Some(found) = self.function_of_body(given.function) else { return false };
        let fact = &self.facts.functions[found.index()];
        // A setter or an overload alone is not what the name stands for, and a property of a property is none.
        let is_plain = fact.binding != BindingKind::Accessor && !fact.traits.is_overload;
        if !is_plain || given.binding.is_some() && fact.binding != BindingKind::Instance {
            return false;
        }
        let accessor = match given.accessor.map(|name| self.function_of_body(name)) {
            Some(None) => return false,
            Some(found) => found,
            None => None,
        };
        let binding = given.binding.unwrap_or(fact.binding);
        self.lower_expression(value, Usage::Value);
        let mut bind = |function: FunctionIdx, binding: BindingKind| {
            let fact = &self.facts.functions[function.index()];
            let mut traits = fact.traits;
            // What it does with `super()` it does under its first name.
            traits.calls_super = false;
            traits.is_override = false;
            let renamed = FunctionFact {
                name: Name::new(&target.id),
                guard: self.guard,
                owner: Some(owner),
                at: target.start().to_u32(),
                name_at: target.start().to_u32(),
                end: value.end().to_u32(),
                // Read once, where it is defined.
                actions: Run::default(),
                binding,
                traits,
                ..*fact
            };
            let index = FunctionIdx::at(self.facts.functions.len());
            self.facts.functions.push(renamed);
            self.bind(Name::new(&target.id), target.start().to_u32(), Bound::Function(index));
        };
        bind(found, binding);
        if let Some(accessor) = accessor {
            bind(accessor, BindingKind::Accessor);
        }
        true
    }

    /// The function that a name of this body stands for at this point.
    fn function_of_body(&self, name: &ExprName) -> Option<FunctionIdx> {
        let id = Name::new(&name.id);
        let ScopeKind::Type(owner) = self.facts.scopes[self.scope.index()].kind else { return None };
        let start = self.facts.types[owner.index()].at;
        let own = self.facts.functions.iter().rev().take_while(|fact| fact.at >= start);
        own.clone().find(|fact| fact.scope == self.scope && fact.name == id)?;
        let bound = self.facts.bindings.iter().rev().take_while(|binding| binding.at >= start);
        let mut bound = bound.filter(|binding| binding.scope == self.scope && binding.name == id);
        let Bound::Function(index) = bound.next()?.target else { return None };
        // Type parameters of its own are seen from its own scope alone.
        let body = self.facts.scopes.iter().rev().find(|scope| scope.kind == ScopeKind::Function(index));
        body.is_none_or(|body| body.parent == self.scope).then_some(index)
    }
}

/// `f`, `staticmethod(f)`, `classmethod(f)`, `property(f)`, `property(f, g)`.
fn given(value: &Expr) -> Option<Given<'_>> {
    if let Expr::Name(function) = value {
        return Some(Given { function, accessor: None, binding: None });
    }
    let Expr::Call(call) = value else { return None };
    let binding = binding_of(call)?;
    let (Expr::Name(function), rest) = call.arguments.args.split_first()? else { return None };
    let accessor = match (binding, rest) {
        (_, []) | (BindingKind::Property, [Expr::NoneLiteral(_), ..]) => None,
        (BindingKind::Property, [Expr::Name(accessor), ..]) => Some(accessor),
        _ => return None,
    };
    Some(Given { function, accessor, binding: Some(binding) })
}

/// How what a call of a builtin makes of a function binds.
pub(super) fn binding_of(call: &ExprCall) -> Option<BindingKind> {
    let Expr::Name(callee) = &*call.func else { return None };
    let binding = match callee.id.as_str() {
        "staticmethod" => BindingKind::Static,
        "classmethod" => BindingKind::Class,
        "property" => BindingKind::Property,
        _ => return None,
    };
    call.arguments.keywords.is_empty().then_some(binding)
}
