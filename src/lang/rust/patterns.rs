//! Patterns: which names they bind, and to what of the matched value.

use syn::{Expr, Member, Pat, Path};

use super::Lowering;
use crate::facts::{Bound, ChainId, Name, Run, Step, Usage};
use crate::text::Offset;

impl Lowering<'_> {
    /// Binds the names of a pattern that is matched against `value`; they hold from `from` on.
    pub(super) fn bind_pattern(&mut self, pattern: &Pat, value: Option<ChainId>, from: Offset) {
        match pattern {
            Pat::Ident(pattern) => {
                let (name, at) = self.named(&pattern.ident);
                // `None` and `MAX` are tested against, not bound.
                let is_constant = pattern.subpat.is_none()
                    && pattern.by_ref.is_none()
                    && pattern.mutability.is_none()
                    && name.as_str().starts_with(|first: char| first.is_uppercase());
                if is_constant {
                    let start = self.steps_start();
                    self.push_chain((name, at, false), start, Usage::InstanceTest);
                    return;
                }
                let target = match value {
                    Some(chain) => {
                        let values = self.push_values([chain]);
                        Bound::Value { values, annotation: None, is_complete: false }
                    }
                    None => Bound::Opaque,
                };
                self.bind(name, from.max(at), false, target);
                if let Some((_, inner)) = &pattern.subpat {
                    self.bind_pattern(inner, value, from);
                }
            }
            Pat::Type(typed) => {
                let annotation = self.lower_type(&typed.ty, Usage::Annotation);
                self.bind_typed(&typed.pat, annotation, value, from);
            }
            Pat::Reference(inner) => self.bind_pattern(&inner.pat, value, from),
            Pat::Paren(inner) => self.bind_pattern(&inner.pat, value, from),
            Pat::Guard(inner) => {
                self.bind_pattern(&inner.pat, value, from);
                self.lower_expression(&inner.guard);
            }
            Pat::TupleStruct(pattern) => {
                let of = self.path_chain(&pattern.path, Usage::InstanceTest);
                if opens(&pattern.path) {
                    let inner = value.and_then(|value| self.opened(value));
                    for element in &pattern.elems {
                        self.bind_pattern(element, inner, from);
                    }
                } else {
                    for (position, element) in pattern.elems.iter().enumerate() {
                        let field = self.field_of(of, Name::new(&position.to_string()), element);
                        self.bind_pattern(element, field, from);
                    }
                }
            }
            Pat::Tuple(pattern) => {
                // `for (id, connection) in &connections`: maps hold what their last argument says.
                let last = pattern.elems.len().wrapping_sub(1);
                for (position, element) in pattern.elems.iter().enumerate() {
                    let value = value.filter(|_| position == last && pattern.elems.len() == 2);
                    self.bind_pattern(element, value.filter(|value| self.is_item(*value)), from);
                }
            }
            Pat::Struct(pattern) => {
                let of = self.path_chain(&pattern.path, Usage::InstanceTest);
                for field in &pattern.fields {
                    let name = match &field.member {
                        Member::Named(ident) => self.named(ident).0,
                        Member::Unnamed(index) => Name::new(&index.index.to_string()),
                    };
                    let value = self.field_of(of, name, &field.pat);
                    self.bind_pattern(&field.pat, value, from);
                }
            }
            Pat::Slice(pattern) => {
                for element in &pattern.elems {
                    self.bind_pattern(element, None, from);
                }
            }
            Pat::Or(pattern) => {
                for case in &pattern.cases {
                    self.bind_pattern(case, value, from);
                }
            }
            Pat::Path(path) => {
                self.path_chain(&path.path, Usage::InstanceTest);
            }
            _ => {}
        }
    }

    /// Binds a pattern whose type is written.
    pub(super) fn bind_typed(
        &mut self,
        pattern: &Pat,
        annotation: Option<ChainId>,
        value: Option<ChainId>,
        from: Offset,
    ) {
        match pattern {
            Pat::Ident(pattern) if annotation.is_some() => {
                let (name, at) = self.named(&pattern.ident);
                let values = match value {
                    Some(chain) => self.push_values([chain]),
                    None => Run::default(),
                };
                let target = Bound::Value { values, annotation, is_complete: false };
                self.bind(name, from.max(at), false, target);
            }
            inner => self.bind_pattern(inner, value, from),
        }
    }

    /// Binds the names of a pattern that an expression is matched against, which may be written beside it part by
    /// part: `let (hub, feed) = (Hub::new(), feed());`
    pub(super) fn bind_matched(&mut self, pattern: &Pat, expression: &Expr, from: Offset) {
        match (pattern, expression) {
            (Pat::Tuple(parts), Expr::Tuple(values))
                if parts.elems.len() == values.elems.len()
                    && !parts.elems.iter().any(|part| matches!(part, Pat::Rest(_))) =>
            {
                for (part, value) in parts.elems.iter().zip(&values.elems) {
                    self.bind_matched(part, value, from);
                }
            }
            _ => {
                let value = self.value(expression);
                self.bind_pattern(pattern, value, from);
            }
        }
    }

    /// The field of the type or variant that a pattern names, for a part that binds something: that says what it
    /// is, whatever is matched.
    fn field_of(&mut self, of: Option<ChainId>, field: Name, part: &Pat) -> Option<ChainId> {
        if matches!(part, Pat::Wild(_) | Pat::Rest(_) | Pat::Lit(_) | Pat::Range(_)) {
            return None;
        }
        self.extended(of?, [Step::Part(field)])
    }

    /// Whether a chain ends with taking one of many.
    fn is_item(&self, chain: ChainId) -> bool {
        self.facts.steps_of(chain).last() == Some(&Step::Index)
    }

    /// The chain behind `Some(…)` and `Ok(…)`.
    fn opened(&mut self, value: ChainId) -> Option<ChainId> {
        let at = self.facts.chains[value.index()].at;
        self.extended(value, [Step::Attribute(Name::new("unwrap"), at), Step::Call])
    }

    /// A chain with more steps; it uses nothing that the first one does not.
    pub(super) fn extended(
        &mut self,
        value: ChainId,
        more: impl IntoIterator<Item = Step>,
    ) -> Option<ChainId> {
        let chain = self.facts.chains[value.index()];
        let start = self.steps_start();
        for position in chain.steps.range() {
            let step = self.facts.steps[position];
            self.facts.steps.push(step);
        }
        self.facts.steps.extend(more);
        let root = self.facts.root_of(&chain);
        Some(self.push_chain((root.name, chain.at, root.is_path), start, chain.usage))
    }
}

/// `Some(x)` and `Ok(x)` take out what is held.
fn opens(path: &Path) -> bool {
    path.segments.last().is_some_and(|last| last.ident == "Some" || last.ident == "Ok")
}
