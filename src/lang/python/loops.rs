//! Loops, and the `else` that runs where nothing broke out of them.

use ruff_python_ast::{ExceptHandler, Stmt, StmtFor, StmtWhile};
use ruff_text_size::Ranged;

use super::statements::Lowering;
use crate::facts::{Bound, GuardKind, Usage};
use crate::text::Offset;

impl Lowering<'_> {
    pub(super) fn lower_for(&mut self, node: &StmtFor) {
        self.lower_expression(&node.iter, Usage::Value);
        self.guarded(GuardKind::Loop, node.start().to_u32(), |this| {
            this.lower_target(&node.target, Bound::Opaque);
            this.lower_body(&node.body);
        });
        self.lower_loop_else(&node.body, &node.orelse, node.start().to_u32());
    }

    pub(super) fn lower_while(&mut self, node: &StmtWhile) {
        self.lower_expression(&node.test, Usage::Value);
        self.guarded(GuardKind::Loop, node.start().to_u32(), |this| this.lower_body(&node.body));
        self.lower_loop_else(&node.body, &node.orelse, node.start().to_u32());
    }

    /// The `else` of a loop runs unless the body breaks out.
    fn lower_loop_else(&mut self, body: &[Stmt], orelse: &[Stmt], statement: Offset) {
        if breaks_out(body) {
            self.guarded(GuardKind::Loop, statement, |this| this.lower_body(orelse));
        } else {
            self.lower_body(orelse);
        }
    }
}

/// Whether a `break` in these statements ends the loop around them.
fn breaks_out(body: &[Stmt]) -> bool {
    body.iter().any(|statement| match statement {
        Stmt::Break(_) => true,
        // A `break` in there is of that loop, one in its `else` is of ours.
        Stmt::For(node) => breaks_out(&node.orelse),
        Stmt::While(node) => breaks_out(&node.orelse),
        Stmt::If(node) => {
            breaks_out(&node.body) || node.elif_else_clauses.iter().any(|clause| breaks_out(&clause.body))
        }
        Stmt::With(node) => breaks_out(&node.body),
        Stmt::Match(node) => node.cases.iter().any(|case| breaks_out(&case.body)),
        Stmt::Try(node) => {
            let handlers = node.handlers.iter().any(|handler| {
                let ExceptHandler::ExceptHandler(handler) = handler;
                breaks_out(&handler.body)
            });
            handlers || [&node.body, &node.orelse, &node.finalbody].into_iter().any(|body| breaks_out(body))
        }
        Stmt::FunctionDef(_)
        | Stmt::ClassDef(_)
        | Stmt::Return(_)
        | Stmt::Delete(_)
        | Stmt::TypeAlias(_)
        | Stmt::Assign(_)
        | Stmt::AugAssign(_)
        | Stmt::AnnAssign(_)
        | Stmt::Raise(_)
        | Stmt::Assert(_)
        | Stmt::Import(_)
        | Stmt::ImportFrom(_)
        | Stmt::Global(_)
        | Stmt::Nonlocal(_)
        | Stmt::Expr(_)
        | Stmt::Pass(_)
        | Stmt::Continue(_)
        | Stmt::IpyEscapeCommand(_) => false,
    })
}
