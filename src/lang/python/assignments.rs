//! Assignments → bindings, fields, aliases, and classes that are made by a call.

use ruff_python_ast::{Expr, Number};
use ruff_text_size::Ranged;

use super::conditions::{self, Test};
use super::methods::binding_of;
use super::statements::{Lowering, last_segment};
use crate::facts::{AliasFact, Bound, ChainId, Field, Literal, MODULE_SCOPE, Name, Run, ScopeKind, Usage};

/// Longer values are no aliases that anyone reads.
const MAX_ALIAS: usize = 1000;

impl Lowering<'_> {
    /// `__slots__ = ("size",)` in the body of a class makes a descriptor of each name.
    fn bind_slots(&mut self, value: &Expr) {
        let names = match value {
            Expr::Tuple(tuple) => &*tuple.elts,
            Expr::List(list) => &*list.elts,
            Expr::Set(set) => &*set.elts,
            single => std::slice::from_ref(single),
        };
        let in_class = matches!(self.facts.scopes[self.scope.index()].kind, ScopeKind::Type(_));
        for name in names.iter().filter_map(Expr::as_string_literal_expr).filter(|_| in_class) {
            self.push_binding(Name::new(name.value.to_str()), name.start().to_u32(), Bound::Opaque);
        }
    }

    pub(super) fn lower_assignment(&mut self, targets: &[Expr], value: &Expr) {
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
            if self.lower_method_by_value(target, value) {
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
            if target.id.as_str() == "__slots__" {
                self.bind_slots(value);
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
        self.pin_alias(value, &chains);
        let values = self.push_values(&chains);
        let before = self.facts.fields.len();
        self.bind_targets(targets, Bound::Value { values, annotation: None, is_complete });
        if let Some(literal) = literal_of(value) {
            for field in &mut self.facts.fields[before..] {
                field.literal = Some(literal);
            }
        }
    }

    /// `Base = object`: a name that the file does not bind may be a builtin, and what is bound to it a base. So may what
    /// makes a descriptor: `size = property(lambda self: 1)`.
    fn pin_alias(&mut self, value: &Expr, chains: &[ChainId]) {
        let makes_descriptor = value.as_call_expr().is_some_and(|call| binding_of(call).is_some());
        if (value.is_name_expr() || makes_descriptor) && self.facts.runs_at_load(self.scope) {
            self.pinned.extend(chains);
        }
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
    pub(super) fn note_alias(&mut self, target: &Expr, value: &Expr) {
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

    pub(super) fn lower_annotated_assignment(&mut self, node: &ruff_python_ast::StmtAnnAssign) {
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
                let (chains, is_complete) = self.lower_value(value);
                self.pin_alias(value, &chains);
                (chains, is_complete)
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
                        literal: None,
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
                literal: None,
            });
        }
        self.lower_expression(target, Usage::Store);
    }
}

/// `T = TypeVar("T")` and its kin.
fn is_type_variable(value: &Expr) -> bool {
    matches!(value, Expr::Call(call) if matches!(
        last_segment(&call.func),
        Some("TypeVar" | "ParamSpec" | "TypeVarTuple")
    ))
}

/// What a value is that is written out.
fn literal_of(value: &Expr) -> Option<Literal> {
    Some(match value {
        Expr::BooleanLiteral(_) => Literal::Bool,
        Expr::BytesLiteral(_) => Literal::Bytes,
        Expr::StringLiteral(_) | Expr::FString(_) => Literal::Str,
        Expr::NumberLiteral(node) => match node.value {
            Number::Int(_) => Literal::Int,
            Number::Float(_) => Literal::Float,
            Number::Complex { .. } => Literal::Complex,
        },
        _ => return None,
    })
}
