//! Annotations → chains: what a value with this annotation is, and every name in it (PEP 484, PEP 604).

use ruff_python_ast::{Expr, ExprStringLiteral, StringFlags};
use ruff_python_parser::parse_string_annotation;
use ruff_text_size::{Ranged, TextRange};

use super::expressions::is_dotted;
use super::statements::{Lowering, last_segment};
use crate::facts::{ChainId, Name, Step, Usage};

impl Lowering<'_> {
    /// Lowers an annotation: every name in it is a use, strings are parsed as the expressions that
    /// they hold (PEP 484). Gives the chain of the type that a value with this annotation has:
    /// `Optional[X]`, `X | None` and `Annotated[X, …]` are `X`.
    pub(super) fn lower_annotation(&mut self, expr: &Expr) -> Option<ChainId> {
        let principal = self.lower_annotation_part(expr);
        if let Some(chain) = principal {
            self.pinned.push(chain);
        }
        principal
    }

    pub(super) fn lower_annotation_part(&mut self, expr: &Expr) -> Option<ChainId> {
        match expr {
            Expr::Name(_) | Expr::Attribute(_) => self.lower_expression(expr, Usage::Annotation),
            Expr::StringLiteral(string) => self.lower_string_annotation(string),
            Expr::NoneLiteral(_) | Expr::EllipsisLiteral(_) => None,
            Expr::BinOp(operation) => {
                let left = self.lower_annotation_part(&operation.left);
                let right = self.lower_annotation_part(&operation.right);
                match (&*operation.left, &*operation.right) {
                    (_, Expr::NoneLiteral(_)) => left,
                    (Expr::NoneLiteral(_), _) => right,
                    _ => None,
                }
            }
            Expr::Subscript(subscript) => self.lower_generic_annotation(&subscript.value, &subscript.slice),
            Expr::List(list) => {
                for element in &list.elts {
                    self.lower_annotation_part(element);
                }
                None
            }
            Expr::Tuple(tuple) => {
                for element in &tuple.elts {
                    self.lower_annotation_part(element);
                }
                None
            }
            Expr::Starred(starred) => {
                self.lower_annotation_part(&starred.value);
                None
            }
            other => {
                self.lower_expression(other, Usage::Annotation);
                None
            }
        }
    }

    pub(super) fn lower_generic_annotation(&mut self, value: &Expr, slice: &Expr) -> Option<ChainId> {
        let base = self.lower_annotation_part(value);
        match last_segment(value) {
            Some("Literal") => None,
            Some("Annotated") => {
                let Expr::Tuple(tuple) = slice else {
                    return self.lower_annotation_part(slice);
                };
                let mut elements = tuple.elts.iter();
                let inner = elements.next().and_then(|first| self.lower_annotation_part(first));
                for metadata in elements {
                    self.lower_expression(metadata, Usage::Value);
                }
                inner
            }
            Some("Optional" | "Final" | "ClassVar" | "Required" | "NotRequired" | "ReadOnly" | "InitVar") => {
                self.lower_annotation_part(slice)
            }
            Some("Union") => {
                let Expr::Tuple(tuple) = slice else {
                    return self.lower_annotation_part(slice);
                };
                let mut members = Vec::new();
                for element in &tuple.elts {
                    let chain = self.lower_annotation_part(element);
                    if !element.is_none_literal_expr() {
                        members.push(chain);
                    }
                }
                match members[..] {
                    [single] => single,
                    _ => None,
                }
            }
            // A value annotated `type[X]` is the class, not an instance of it.
            Some("Type" | "type") => {
                self.lower_annotation_part(slice);
                None
            }
            _ => {
                self.lower_annotation_part(slice);
                base
            }
        }
    }

    pub(super) fn lower_string_annotation(&mut self, string: &ExprStringLiteral) -> Option<ChainId> {
        let part = string.as_single_part_string()?;
        // The plain `"pkg.Name"` needs no parser.
        let opener = part.flags.opener_len();
        let inner = TextRange::new(part.start() + opener, part.end());
        if is_dotted(&part.value) && self.text[inner.to_std_range()].starts_with(&*part.value) {
            let start = self.facts.steps.len() as u32;
            let first = inner.start().to_u32();
            let mut segments = part.value.split('.');
            let root = segments.next().unwrap_or_default();
            let mut at = first + root.len() as u32 + 1;
            for segment in segments {
                self.facts.steps.push(Step::Attribute(Name::new(segment), at));
                at += segment.len() as u32 + 1;
            }
            return Some(self.push_chain(Name::new(root), first, start, Usage::Annotation));
        }
        match parse_string_annotation(self.text, part) {
            Ok(parsed) => self.lower_annotation_part(&parsed.syntax().body),
            // Not an expression: text in a place where a checker would complain.
            Err(_) => None,
        }
    }
}
