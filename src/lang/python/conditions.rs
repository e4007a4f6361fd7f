//! Tests that the target decides: `sys.version_info`, `sys.platform`, `os.name`, `TYPE_CHECKING`.
//!
//! Follows what type checkers evaluate (typing documentation, "Version and platform checking").

use std::cmp::Ordering;

use ruff_python_ast::{BoolOp, CmpOp, Expr, Number, UnaryOp};

use super::super::Target;

/// What is known of a test before the code runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    /// Always true or always false on the target.
    Known(bool),
    /// True for type checkers only.
    TypeChecking,
    /// True for the interpreter only.
    Runtime,
    /// `__name__ == "__main__"`.
    Main,
    /// Only a run can tell.
    Open,
}

impl Test {
    fn not(self) -> Self {
        match self {
            Self::Known(value) => Self::Known(!value),
            Self::TypeChecking => Self::Runtime,
            Self::Runtime => Self::TypeChecking,
            Self::Main | Self::Open => Self::Open,
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Known(false), _) | (_, Self::Known(false)) => Self::Known(false),
            (Self::Known(true), x) | (x, Self::Known(true)) => x,
            (Self::TypeChecking, Self::Runtime) | (Self::Runtime, Self::TypeChecking) => Self::Known(false),
            // `TYPE_CHECKING and x` is never taken at run time, whatever x is.
            (Self::TypeChecking, _) | (_, Self::TypeChecking) => Self::TypeChecking,
            (a, b) if a == b => a,
            _ => Self::Open,
        }
    }

    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }
}

/// Evaluates `test` for `target`.
pub(super) fn evaluate(test: &Expr, target: Target) -> Test {
    match test {
        Expr::Name(name) => match name.id.as_str() {
            "TYPE_CHECKING" | "MYPY" => Test::TypeChecking,
            _ => Test::Open,
        },
        Expr::Attribute(attribute) if attribute.attr.as_str() == "TYPE_CHECKING" => Test::TypeChecking,
        Expr::BooleanLiteral(literal) => Test::Known(literal.value),
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(value) => match value.as_u64() {
                Some(value) => Test::Known(value != 0),
                None => Test::Open,
            },
            Number::Float(_) | Number::Complex { .. } => Test::Open,
        },
        Expr::UnaryOp(unary) if unary.op == UnaryOp::Not => evaluate(&unary.operand, target).not(),
        Expr::BoolOp(operation) => {
            let tests = operation.values.iter().map(|value| evaluate(value, target));
            match operation.op {
                BoolOp::And => tests.reduce(Test::and),
                BoolOp::Or => tests.reduce(Test::or),
            }
            .unwrap_or(Test::Open)
        }
        Expr::Compare(compare) => {
            let ([op], [right]) = (&compare.ops[..], &compare.comparators[..]) else {
                return Test::Open;
            };
            evaluate_comparison(&compare.left, *op, right, target)
        }
        Expr::Call(call) => evaluate_platform_prefix(call, target),
        _ => Test::Open,
    }
}

fn evaluate_comparison(left: &Expr, op: CmpOp, right: &Expr, target: Target) -> Test {
    let order = match subject_of(left) {
        Some(Subject::Version(part)) => compare_version(part, right, target),
        Some(Subject::Platform) => return compare_text(target.platform.sys_platform(), op, right),
        Some(Subject::OsName) => return compare_text(target.platform.os_name(), op, right),
        Some(Subject::ModuleName) => {
            let is_main = text_of(right) == Some("__main__");
            return if is_main && op == CmpOp::Eq { Test::Main } else { Test::Open };
        }
        None => None,
    };
    let Some(order) = order else { return Test::Open };
    match op {
        CmpOp::Lt => Test::Known(order.is_lt()),
        CmpOp::LtE => Test::Known(order.is_le()),
        CmpOp::Gt => Test::Known(order.is_gt()),
        CmpOp::GtE => Test::Known(order.is_ge()),
        CmpOp::Eq => Test::Known(order.is_eq()),
        CmpOp::NotEq => Test::Known(order.is_ne()),
        CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn => Test::Open,
    }
}

enum Subject {
    Version(VersionPart),
    Platform,
    OsName,
    ModuleName,
}

/// The part of `sys.version_info` that is compared.
enum VersionPart {
    /// All five fields.
    Whole,
    /// `sys.version_info[:n]`.
    First(u64),
    /// `sys.version_info[0]`, `.major`.
    Major,
    /// `sys.version_info[1]`, `.minor`.
    Minor,
}

fn subject_of(expr: &Expr) -> Option<Subject> {
    match expr {
        Expr::Name(name) => match name.id.as_str() {
            "__name__" => Some(Subject::ModuleName),
            "version_info" => Some(Subject::Version(VersionPart::Whole)),
            _ => None,
        },
        Expr::Attribute(attribute) => match (&*attribute.value, attribute.attr.as_str()) {
            (Expr::Name(module), "version_info") if module.id.ends_with("sys") => {
                Some(Subject::Version(VersionPart::Whole))
            }
            (Expr::Name(module), "platform") if module.id.ends_with("sys") => Some(Subject::Platform),
            (Expr::Name(module), "name") if module.id.as_str() == "os" => Some(Subject::OsName),
            (inner, part @ ("major" | "minor")) => match subject_of(inner)? {
                Subject::Version(VersionPart::Whole) => Some(Subject::Version(match part {
                    "major" => VersionPart::Major,
                    _ => VersionPart::Minor,
                })),
                _ => None,
            },
            _ => None,
        },
        Expr::Subscript(subscript) => {
            let Subject::Version(VersionPart::Whole) = subject_of(&subscript.value)? else {
                return None;
            };
            let part = match &*subscript.slice {
                Expr::Slice(slice) if slice.lower.is_none() && slice.step.is_none() => {
                    VersionPart::First(integer_of(slice.upper.as_deref()?)?)
                }
                index => match integer_of(index)? {
                    0 => VersionPart::Major,
                    1 => VersionPart::Minor,
                    _ => return None,
                },
            };
            Some(Subject::Version(part))
        }
        _ => None,
    }
}

/// Compares the target's version with a literal, as CPython compares the tuples.
fn compare_version(part: VersionPart, right: &Expr, target: Target) -> Option<Ordering> {
    let version = [3, u64::from(target.python_minor)];
    match part {
        VersionPart::Major => Some(version[0].cmp(&integer_of(right)?)),
        VersionPart::Minor => Some(version[1].cmp(&integer_of(right)?)),
        VersionPart::Whole | VersionPart::First(_) => {
            let Expr::Tuple(tuple) = right else { return None };
            let wanted: Vec<u64> = tuple.iter().map(integer_of).collect::<Option<_>>()?;
            let known = match part {
                VersionPart::First(n) => version.get(..usize::try_from(n).ok()?).unwrap_or(&version),
                _ => &version,
            };
            let shared = known.len().min(wanted.len());
            match known[..shared].cmp(&wanted[..shared]) {
                // `(3, 11)` is less than the five fields of any 3.11; a micro version is not known.
                Ordering::Equal if wanted.len() > 2 => None,
                Ordering::Equal => match part {
                    VersionPart::First(n) => Some(n.cmp(&(wanted.len() as u64))),
                    _ => Some(Ordering::Greater),
                },
                order => Some(order),
            }
        }
    }
}

fn compare_text(known: &str, op: CmpOp, right: &Expr) -> Test {
    match op {
        CmpOp::Eq => text_of(right).map_or(Test::Open, |text| Test::Known(known == text)),
        CmpOp::NotEq => text_of(right).map_or(Test::Open, |text| Test::Known(known != text)),
        CmpOp::In | CmpOp::NotIn => {
            let items = match right {
                Expr::Tuple(tuple) => tuple.elts.iter(),
                Expr::List(list) => list.elts.iter(),
                Expr::Set(set) => set.elts.iter(),
                _ => return Test::Open,
            };
            let Some(items) = items.map(text_of).collect::<Option<Vec<_>>>() else {
                return Test::Open;
            };
            Test::Known(items.contains(&known) == (op == CmpOp::In))
        }
        CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE | CmpOp::Is | CmpOp::IsNot => Test::Open,
    }
}

/// `sys.platform.startswith("win")`.
fn evaluate_platform_prefix(call: &ruff_python_ast::ExprCall, target: Target) -> Test {
    let Expr::Attribute(function) = &*call.func else { return Test::Open };
    if function.attr.as_str() != "startswith"
        || !matches!(subject_of(&function.value), Some(Subject::Platform))
    {
        return Test::Open;
    }
    let prefixes: Option<Vec<&str>> = match &*call.arguments.args {
        [Expr::Tuple(tuple)] => tuple.elts.iter().map(text_of).collect(),
        [single] => text_of(single).map(|text| vec![text]),
        _ => None,
    };
    prefixes.map_or(Test::Open, |prefixes| {
        let platform = target.platform.sys_platform();
        Test::Known(prefixes.iter().any(|prefix| platform.starts_with(prefix)))
    })
}

fn integer_of(expr: &Expr) -> Option<u64> {
    match expr {
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(value) => value.as_u64(),
            Number::Float(_) | Number::Complex { .. } => None,
        },
        _ => None,
    }
}

fn text_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::StringLiteral(literal) => Some(literal.value.to_str()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Platform;

    #[track_caller]
    fn check(test: &str, expected: Test) {
        let parsed = ruff_python_parser::parse_expression(test).expect("expression");
        let target = Target { python_minor: 11, platform: Platform::Linux };
        assert_eq!(evaluate(&parsed.syntax().body, target), expected, "{test}");
    }

    #[test]
    fn version_tests_compare_as_tuples_do() {
        check("sys.version_info >= (3, 11)", Test::Known(true));
        check("sys.version_info > (3, 11)", Test::Known(true));
        check("sys.version_info <= (3, 11)", Test::Known(false));
        check("sys.version_info < (3, 12)", Test::Known(true));
        check("sys.version_info[:2] == (3, 11)", Test::Known(true));
        check("sys.version_info[:2] > (3, 11)", Test::Known(false));
        check("sys.version_info[0] == 2", Test::Known(false));
        check("sys.version_info.minor < 9", Test::Known(false));
        check("sys.version_info >= (3, 11, 4)", Test::Open);
        check("sys.version_info >= (3,)", Test::Known(true));
    }

    #[test]
    fn platform_and_typing_tests_are_known() {
        check("sys.platform == 'win32'", Test::Known(false));
        check("sys.platform.startswith(('linux', 'darwin'))", Test::Known(true));
        check("os.name != 'nt'", Test::Known(true));
        check("not TYPE_CHECKING", Test::Runtime);
        check("typing.TYPE_CHECKING or x", Test::Open);
        check("TYPE_CHECKING and x", Test::TypeChecking);
        check("__name__ == '__main__'", Test::Main);
        check("x", Test::Open);
    }
}
