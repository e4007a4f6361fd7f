//! Statements of SQL that code hands to a database: what they do to which table.

use ruff_python_ast::{Expr, ExprCall};

use super::orm::built;
use crate::facts::Name;

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Insert,
    Update,
    Delete,
    Select,
}

/// A statement, as far as its first words tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) verb: Verb,
    pub(super) table: Name,
    /// Whether it says which rows.
    pub(super) has_condition: bool,
    pub(super) form: Form,
}

/// How a statement is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As text, with values as further arguments.
    Text,
    /// From expressions, with the values in them.
    Built,
}

/// The statement that a call hands to a database, as text or built from expressions.
pub(super) fn statement_of(call: &ExprCall) -> Option<Statement> {
    written(call).or_else(|| built(call))
}

/// `cursor.execute("SELECT …")`, `connection.fetchrow("SELECT …")`
fn written(call: &ExprCall) -> Option<Statement> {
    let Expr::Attribute(method) = &*call.func else { return None };
    let is_database = matches!(
        method.attr.as_str(),
        "execute"
            | "executemany"
            | "execute_many"
            | "fetch"
            | "fetchrow"
            | "fetchval"
            | "fetch_one"
            | "fetch_all"
    );
    match call.arguments.args.first().filter(|_| is_database)? {
        Expr::StringLiteral(text) => read(text.value.to_str()),
        _ => None,
    }
}

fn read(text: &str) -> Option<Statement> {
    let mut words = text.split_whitespace().map(|word| word.trim_matches(['(', ')', ';', '"', '`']));
    let verb = match words.next()?.to_ascii_uppercase().as_str() {
        "INSERT" | "REPLACE" => Verb::Insert,
        "UPDATE" => Verb::Update,
        "DELETE" => Verb::Delete,
        "SELECT" => Verb::Select,
        _ => return None,
    };
    let before = match verb {
        Verb::Insert => "INTO",
        Verb::Update => "",
        Verb::Delete | Verb::Select => "FROM",
    };
    let table = words.find(|word| before.is_empty() || word.eq_ignore_ascii_case(before));
    let table = if before.is_empty() { table } else { words.next() };
    let has_condition = words.any(|word| word.eq_ignore_ascii_case("WHERE"));
    Some(Statement { verb, table: Name::new(table.unwrap_or_default()), has_condition, form: Form::Text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<(Verb, &str, bool)>) {
        let found = read(text).map(|found| (found.verb, found.table.as_str(), found.has_condition));
        assert_eq!(found, expect);
    }

    #[test]
    fn the_first_words_of_a_statement_say_what_it_does_to_which_table() {
        check("INSERT INTO jar VALUES (?, ?)", Some((Verb::Insert, "jar", false)));
        check("INSERT OR REPLACE INTO jar (label) VALUES (?)", Some((Verb::Insert, "jar", false)));
        check("  update band SET scanned = ?\n WHERE print = ?", Some((Verb::Update, "band", true)));
        check("DELETE FROM band", Some((Verb::Delete, "band", false)));
        check("SELECT a, b FROM jar WHERE label = ?", Some((Verb::Select, "jar", true)));
        check("SELECT 1", Some((Verb::Select, "", false)));
        check("CREATE TABLE jar (label TEXT)", None);
        check("", None);
    }
}
