//! Statements that code builds from expressions, SQLAlchemy's and Django's: what they do to which table.

use ruff_python_ast::{Expr, ExprCall};

use super::sql::{Form, Statement, Verb};
use crate::facts::Name;

/// The statement that a call builds or runs: `db.execute(delete(Row).where(…))`, `db.query(Row).first()`,
/// `Row.objects.create(…)`, `session.add(Row(…))`.
pub(super) fn built(call: &ExprCall) -> Option<Statement> {
    let Expr::Attribute(method) = &*call.func else { return None };
    let first = call.arguments.args.first();
    match method.attr.as_str() {
        "execute" | "scalar" | "scalars" | "scalar_one" | "scalar_one_or_none" => constructed(first?),
        "add" | "merge" if is_session(&method.value) => {
            let Expr::Call(made) = first? else { return None };
            Some(statement(Verb::Insert, table_of(&made.func)?, false))
        }
        method_name => {
            let verb = verb_of(method_name)?;
            let (table, has_condition) = queried(&method.value)?;
            let has_condition = has_condition || narrows(method_name) && has_arguments(call);
            Some(statement(verb, table, has_condition))
        }
    }
}

fn statement(verb: Verb, table: Name, has_condition: bool) -> Statement {
    Statement { verb, table, has_condition, form: Form::Built }
}

/// `delete(Row).where(…)`
fn constructed(expr: &Expr) -> Option<Statement> {
    let mut has_condition = false;
    let mut at = expr;
    loop {
        let Expr::Call(call) = at else { return None };
        match &*call.func {
            Expr::Attribute(method) => {
                has_condition |= narrows(method.attr.as_str());
                at = &method.value;
            }
            Expr::Name(function) => {
                let verb = match function.id.as_str() {
                    "select" => Verb::Select,
                    "insert" => Verb::Insert,
                    "update" => Verb::Update,
                    "delete" => Verb::Delete,
                    _ => return None,
                };
                let table = table_of(call.arguments.args.first()?)?;
                return Some(statement(verb, table, has_condition));
            }
            _ => return None,
        }
    }
}

/// The table that a chain of calls asks, and whether it has said which rows: `Row.objects.filter(…)`,
/// `Row.query`, `db.query(Row)`.
fn queried(expr: &Expr) -> Option<(Name, bool)> {
    let mut has_condition = false;
    let mut at = expr;
    loop {
        match at {
            Expr::Attribute(node) if matches!(node.attr.as_str(), "objects" | "query") => {
                return Some((table_of(&node.value)?, has_condition));
            }
            Expr::Call(call) => {
                let Expr::Attribute(method) = &*call.func else { return None };
                if method.attr.as_str() == "query" {
                    return Some((table_of(call.arguments.args.first()?)?, has_condition));
                }
                has_condition |= narrows(method.attr.as_str());
                at = &method.value;
            }
            _ => return None,
        }
    }
}

/// A class of rows, or a column of one: both are written with a capital.
fn table_of(expr: &Expr) -> Option<Name> {
    match expr {
        Expr::Name(name) => {
            name.id.starts_with(|first: char| first.is_ascii_uppercase()).then(|| Name::new(&name.id))
        }
        Expr::Attribute(node) => table_of(&node.value).or_else(|| {
            let is_class = node.attr.starts_with(|first: char| first.is_ascii_uppercase());
            is_class.then(|| Name::new(&node.attr))
        }),
        _ => None,
    }
}

/// What people call a session of SQLAlchemy.
fn is_session(expr: &Expr) -> bool {
    let name = match expr {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(node) => node.attr.as_str(),
        _ => return false,
    };
    matches!(name.trim_start_matches('_'), "session" | "db" | "db_session" | "dbsession")
}

fn verb_of(method: &str) -> Option<Verb> {
    Some(match method {
        "create" | "bulk_create" | "get_or_create" | "update_or_create" => Verb::Insert,
        "update" | "bulk_update" => Verb::Update,
        "delete" => Verb::Delete,
        "get" | "first" | "last" | "one" | "one_or_none" | "all" | "exists" | "count" | "filter"
        | "filter_by" | "exclude" | "values" | "values_list" | "order_by" => Verb::Select,
        _ => return None,
    })
}

/// Whether a method of a query says which rows.
fn narrows(method: &str) -> bool {
    matches!(
        method,
        "where" | "filter" | "filter_by" | "exclude" | "get" | "get_or_create" | "update_or_create"
    )
}

fn has_arguments(call: &ExprCall) -> bool {
    !call.arguments.args.is_empty() || !call.arguments.keywords.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<(Verb, &str, bool)>) {
        let parsed = ruff_python_parser::parse_expression(text).expect(text);
        let Expr::Call(call) = parsed.expr() else { panic!("{text} is no call") };
        let found = built(call).map(|found| (found.verb, found.table.as_str(), found.has_condition));
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn what_is_built_is_read_as_what_is_written() {
        check("db.execute(delete(Row).where(Row.key == key))", Some((Verb::Delete, "Row", true)));
        check("db.execute(insert(models.Row).values(key=key))", Some((Verb::Insert, "Row", false)));
        check("db.scalar(select(Row.value).where(Row.key == key))", Some((Verb::Select, "Row", true)));
        check("db.scalars(select(Row))", Some((Verb::Select, "Row", false)));
        check(
            "db.execute(update(Row).where(Row.id == 1).values(seen=now))",
            Some((Verb::Update, "Row", true)),
        );
        check("db.query(Row).filter_by(key=key).first()", Some((Verb::Select, "Row", true)));
        check("Row.query.get(key)", Some((Verb::Select, "Row", true)));
        check("Row.objects.create(key=key)", Some((Verb::Insert, "Row", false)));
        check("Row.objects.filter(key=key).delete()", Some((Verb::Delete, "Row", true)));
        check("Row.objects.all()", Some((Verb::Select, "Row", false)));
        check("self._session.add(Row(key=key))", Some((Verb::Insert, "Row", false)));
    }

    #[test]
    fn what_only_looks_like_a_statement_is_none() {
        check("select(Row)", None);
        check("pool.execute(task)", None);
        check("pool.execute(select(first))", None);
        check("self.rows.add(Row(key))", None);
        check("request.query.get('key')", None);
        check("self.rows.get(key)", None);
    }
}
