//! Calls → actions: methods of what is kept, of what was given, of the class itself.

use ruff_python_ast::{Expr, ExprCall};

use super::Reader;
use super::origins::Origin;
use super::sql::{Form, Statement, Verb, statement_of};
use crate::facts::Name;
use crate::facts::actions::{ActionKind, Involved, Subject};

impl<'a> Reader<'a> {
    pub(super) fn note_call(&mut self, call: &'a ExprCall) {
        if let Some(statement) = statement_of(call) {
            self.note_statement(call, &statement);
            return;
        }
        let first = call.arguments.args.first();
        match &*call.func {
            Expr::Name(function) if function.id.as_str() == "len" => {
                if let Some(origin) = first.and_then(|first| self.names.origin(first))
                    && let Some(state) = origin.state()
                {
                    self.note(ActionKind::Measure, origin.subject(), state, Involved::NOTHING, call);
                }
            }
            Expr::Attribute(method) => match self.names.origin(&method.value) {
                Some(Origin::Receiver) => self.note_delegate(call, &method.attr),
                Some(origin) => self.note_method(call, method.attr.as_str(), origin),
                None => self.note_ordered(call, method.attr.as_str()),
            },
            Expr::Name(function) if self.names.own_function(call).is_some() => {
                self.note_delegate(call, &function.id);
            }
            Expr::Name(function) if matches!(&*function.id, "insort" | "heappush" | "heappop") => {
                self.note_ordered(call, &function.id);
            }
            callee => {
                if let Some(origin) = self.names.origin(callee)
                    && origin.subject() != Subject::Nothing
                {
                    let name = origin.state().unwrap_or_else(|| Name::new(""));
                    let by = self.involved_arguments(call);
                    self.note(ActionKind::Invoke, origin.subject(), name, by, call);
                }
            }
        }
    }

    /// `db.execute("DELETE FROM band WHERE print = ?", (print,))` takes out of the table what a container's method
    /// would take out of a container.
    fn note_statement(&mut self, call: &'a ExprCall, statement: &Statement) {
        let (text, before) = match statement.form {
            Form::Text => (1, None),
            // What stands before the last method says which rows.
            Form::Built => (0, Some(&*call.func)),
        };
        let keywords = call.arguments.keywords.iter().map(|keyword| &keyword.value);
        let given: Vec<&Expr> = call.arguments.args.iter().chain(keywords).skip(text).collect();
        let is_by_parameter =
            given.iter().copied().chain(before).any(|part| self.names.involves_parameter(part));
        let stores = given.iter().any(|argument| self.names.keeps_parameter(argument));
        let by = Involved::NOTHING
            .and(Involved::KEYED, statement.has_condition)
            .and(Involved::BY_PARAMETER, is_by_parameter);
        let stores = Involved::NOTHING.and(Involved::STORES_PARAMETER, stores);
        let (kind, on, by) = match statement.verb {
            Verb::Insert => (ActionKind::Insert, Subject::State, by.and(stores, true)),
            Verb::Update => (ActionKind::Assign, Subject::Element, by),
            Verb::Delete if statement.has_condition => (ActionKind::Remove, Subject::State, by),
            Verb::Delete => (ActionKind::Clear, Subject::State, Involved::NOTHING),
            Verb::Select if statement.has_condition => (ActionKind::Lookup, Subject::State, by),
            Verb::Select => (ActionKind::Iterate, Subject::State, Involved::NOTHING),
        };
        self.note(kind, on, statement.table, by, call);
    }

    fn note_delegate(&mut self, call: &'a ExprCall, function: &str) {
        let keywords = call.arguments.keywords.iter().map(|keyword| &keyword.value);
        let mut arguments = call.arguments.args.iter().chain(keywords);
        let passes_kept = arguments.any(|argument| {
            matches!(self.names.origin(argument), Some(Origin::Element(_) | Origin::Own { .. }))
        });
        let by = self.involved_arguments(call).and(Involved::PASSES_KEPT, passes_kept);
        self.note(ActionKind::Delegate, Subject::Nothing, Name::new(function), by, call);
    }

    /// `bisect.insort(self.x, value)`, `heapq.heappop(self.x)`: functions that put into a list what they get.
    fn note_ordered(&mut self, call: &'a ExprCall, function: &str) {
        let kind = match function {
            "insort" | "insort_left" | "insort_right" | "heappush" => ActionKind::Insert,
            "heappop" => ActionKind::Remove,
            _ => return,
        };
        let mut arguments = call.arguments.args.iter();
        let Some(origin) = arguments.next().and_then(|list| self.names.origin(list)) else { return };
        if let Some(state) = origin.state() {
            let keeps = arguments.any(|value| self.names.keeps_parameter(value));
            let by = Involved::NOTHING
                .and(Involved::STORES_PARAMETER, keeps)
                .and(Involved::TAKES, kind == ActionKind::Remove);
            self.note(kind, origin.subject(), state, by, call);
        }
    }

    fn note_method(&mut self, call: &'a ExprCall, method: &str, origin: Origin) {
        let by = self.involved_arguments(call);
        let keeps = |this: &Self, at: usize| {
            call.arguments.args.get(at).is_some_and(|value| this.names.keeps_parameter(value))
        };
        let container = origin.state().zip(container_action(method));
        if let Some((state, kind)) = container {
            let has_key = !call.arguments.args.is_empty();
            let by = match kind {
                // `x.append(value)` has no key.
                ActionKind::Insert if method != "setdefault" => {
                    Involved::NOTHING.and(Involved::STORES_PARAMETER, keeps(self, 0) || keeps(self, 1))
                }
                ActionKind::Insert => {
                    by.and(Involved::KEYED, true).and(Involved::STORES_PARAMETER, keeps(self, 1))
                }
                _ => by
                    .and(Involved::KEYED, has_key)
                    .and(Involved::TAKES, matches!(method, "pop" | "popleft" | "popitem" | "get_nowait")),
            };
            self.note(kind, origin.subject(), state, by, call);
            // `queue.put`, `client.get`: also the words of an interface.
            if !matches!(method, "put" | "put_nowait" | "get_nowait") {
                return;
            }
        }
        self.note(ActionKind::Call, origin.subject(), Name::new(method), by, call);
    }

    fn involved_arguments(&self, call: &ExprCall) -> Involved {
        let positional = call.arguments.args.iter();
        let mut all = positional.chain(call.arguments.keywords.iter().map(|keyword| &keyword.value));
        let is_by_parameter = all.any(|argument| self.names.involves_parameter(argument));
        Involved::NOTHING.and(Involved::BY_PARAMETER, is_by_parameter)
    }
}

/// What a method of this name does to a container.
fn container_action(method: &str) -> Option<ActionKind> {
    Some(match method {
        "append" | "add" | "appendleft" | "insert" | "setdefault" | "update" | "extend" | "put"
        | "put_nowait" => ActionKind::Insert,
        "pop" | "popleft" | "popitem" | "remove" | "discard" => ActionKind::Remove,
        "get" | "get_nowait" => ActionKind::Lookup,
        "clear" => ActionKind::Clear,
        "values" | "items" | "keys" => ActionKind::Iterate,
        _ => return None,
    })
}
