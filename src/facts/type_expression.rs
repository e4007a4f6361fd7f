//! The text of a Python annotation → its shape, names unresolved.
//!
//! Read by hand: only front ends name a parser crate, and facts keep annotations as text. Never
//! fails: what is no type expression is [`TypeExpression::Opaque`].

use std::fmt;

/// Annotations nested deeper than this are opaque.
const MAX_DEPTH: u32 = 40;

/// An annotation. Spellings of one type are one value: `Optional[X]` is `X | None`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TypeExpression {
    /// A dotted name.
    Name(String),
    /// `base[arguments]`.
    Subscript {
        /// The dotted name before the brackets.
        base: String,
        /// What stands in them.
        arguments: Vec<TypeExpression>,
    },
    /// `X | Y`: flat, sorted, without repetition, at least two.
    Union(Vec<TypeExpression>),
    /// `None`.
    None,
    /// `...`
    Ellipsis,
    /// `[X, Y]`: the parameters of a `Callable`.
    List(Vec<TypeExpression>),
    /// `Literal[…]`: the values as written.
    Literal(Vec<String>),
    /// Anything else, as written.
    Opaque(String),
}

impl TypeExpression {
    /// Reads an annotation.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        parse_nested(text, 0)
    }

    /// Whether a qualifier (`Final`, `ClassVar`, `ReadOnly`) stands around the annotation `text`.
    #[must_use]
    pub fn has_qualifier(text: &str, qualifier: &str) -> bool {
        let text = text.trim().trim_matches(['"', '\'']);
        let head = text.split('[').next().unwrap_or_default().trim();
        if last_segment(head) == qualifier {
            return true;
        }
        let inner = text.strip_prefix(head).and_then(|rest| rest.trim().strip_prefix('['));
        let is_wrapper = matches!(last_segment(head), "Final" | "ClassVar" | "ReadOnly" | "Annotated");
        is_wrapper && inner.is_some_and(|inner| Self::has_qualifier(inner, qualifier))
    }

    /// The union of some types.
    #[must_use]
    pub fn union(members: Vec<Self>) -> Self {
        let mut flat: Vec<Self> = Vec::with_capacity(members.len());
        for member in members {
            match member {
                Self::Union(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        // `X | None` reads better than `None | X`.
        flat.sort_by(|a, b| (*a == Self::None).cmp(&(*b == Self::None)).then_with(|| a.cmp(b)));
        flat.dedup();
        match <[Self; 1]>::try_from(flat) {
            Ok([single]) => single,
            Err(flat) => Self::Union(flat),
        }
    }
}

fn parse_nested(text: &str, depth: u32) -> TypeExpression {
    let text = text.trim();
    let opaque = || TypeExpression::Opaque(text.to_owned());
    if depth > MAX_DEPTH {
        return opaque();
    }
    let Some(members) = split_top_level(text, '|') else { return opaque() };
    if members.len() > 1 {
        if members.iter().any(|member| member.trim().is_empty()) {
            return opaque();
        }
        return TypeExpression::union(members.iter().map(|member| parse_nested(member, depth + 1)).collect());
    }
    if text == "..." {
        return TypeExpression::Ellipsis;
    }
    if let Some(inner) = string_content(text) {
        return parse_nested(inner, depth + 1);
    }
    if let Some(inner) = enclosed(text, '(', ')') {
        return parse_nested(inner, depth + 1);
    }
    if let Some(inner) = enclosed(text, '[', ']') {
        return match parse_arguments(inner, depth) {
            Some(items) => TypeExpression::List(items),
            None => opaque(),
        };
    }
    match text.split_once('[') {
        None if text == "None" => TypeExpression::None,
        None => dotted_name(text).map_or_else(opaque, TypeExpression::Name),
        Some((base, rest)) => {
            let inner = rest.strip_suffix(']').filter(|inner| split_top_level(inner, ',').is_some());
            match (dotted_name(base), inner) {
                (Some(base), Some(inner)) => parse_subscript(base, inner, depth).unwrap_or_else(opaque),
                _ => opaque(),
            }
        }
    }
}

/// `base[inner]`, with the forms that only wrap or join other types taken apart.
fn parse_subscript(base: String, inner: &str, depth: u32) -> Option<TypeExpression> {
    let pieces = split_top_level(inner, ',')?;
    let first = || pieces.first().map(|piece| parse_nested(piece, depth + 1));
    match last_segment(&base) {
        "Literal" => {
            let values: Vec<String> = pieces
                .iter()
                .map(|piece| piece.trim().to_owned())
                .filter(|piece| !piece.is_empty())
                .collect();
            Some(literal(values))
        }
        // The rest is metadata: any expression.
        "Annotated" | "Final" | "ClassVar" | "Required" | "NotRequired" | "ReadOnly" => first(),
        "Optional" => Some(TypeExpression::union(vec![first()?, TypeExpression::None])),
        "Union" => Some(TypeExpression::union(parse_arguments(inner, depth)?)),
        _ => Some(TypeExpression::Subscript { base, arguments: parse_arguments(inner, depth)? }),
    }
}

fn parse_arguments(inner: &str, depth: u32) -> Option<Vec<TypeExpression>> {
    let mut pieces = split_top_level(inner, ',')?;
    // `Tuple[int,]` and `Callable[[], X]`
    if pieces.last().is_some_and(|last| last.trim().is_empty()) {
        pieces.pop();
    }
    Some(pieces.iter().map(|piece| parse_nested(piece, depth + 1)).collect())
}

/// `Literal["a", None]` is `Literal["a"] | None`.
fn literal(values: Vec<String>) -> TypeExpression {
    let (nones, mut values): (Vec<String>, Vec<String>) =
        values.into_iter().map(|value| double_quoted(&value)).partition(|value| value == "None");
    values.sort();
    values.dedup();
    match (nones.is_empty(), values.is_empty()) {
        (true, _) => TypeExpression::Literal(values),
        (false, true) => TypeExpression::None,
        (false, false) => TypeExpression::union(vec![TypeExpression::Literal(values), TypeExpression::None]),
    }
}

/// `'a'` and `"a"` are one value.
fn double_quoted(value: &str) -> String {
    match value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        Some(inner) if !inner.contains(['"', '\\', '\'']) => format!("\"{inner}\""),
        _ => value.to_owned(),
    }
}

/// Splits at a separator outside of brackets and strings; `None` where these do not close.
fn split_top_level(text: &str, separator: char) -> Option<Vec<&str>> {
    let mut pieces = Vec::new();
    let mut open: Vec<char> = Vec::new();
    let mut quote: Option<char> = None;
    let mut is_escaped = false;
    let mut start = 0;
    for (at, character) in text.char_indices() {
        if let Some(opener) = quote {
            if is_escaped {
                is_escaped = false;
            } else if character == '\\' {
                is_escaped = true;
            } else if character == opener {
                quote = None;
            }
            continue;
        }
        match character {
            '"' | '\'' => quote = Some(character),
            '[' => open.push(']'),
            '(' => open.push(')'),
            '{' => open.push('}'),
            ']' | ')' | '}' if open.pop() != Some(character) => return None,
            ']' | ')' | '}' => {}
            _ if character == separator && open.is_empty() => {
                pieces.push(&text[start..at]);
                start = at + character.len_utf8();
            }
            _ => {}
        }
    }
    if quote.is_some() || !open.is_empty() {
        return None;
    }
    pieces.push(&text[start..]);
    Some(pieces)
}

/// What stands between an opening bracket and the bracket that closes it at the very end.
fn enclosed(text: &str, open: char, close: char) -> Option<&str> {
    let inner = text.strip_prefix(open)?.strip_suffix(close)?;
    split_top_level(inner, ',').map(|_| inner)
}

/// The content of a plain string: one literal, no escapes.
fn string_content(text: &str) -> Option<&str> {
    for quote in ["\"\"\"", "'''", "\"", "'"] {
        let Some(rest) = text.strip_prefix(quote) else { continue };
        let inner = rest.strip_suffix(quote)?;
        return (!inner.contains('\\') && !inner.contains(quote) && !inner.is_empty()).then_some(inner);
    }
    None
}

fn dotted_name(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('.').map(str::trim).collect();
    let is_identifier = |part: &&str| {
        part.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_')
            && part.chars().all(|character| character.is_alphanumeric() || character == '_')
    };
    parts.iter().all(is_identifier).then(|| parts.join("."))
}

fn last_segment(dotted: &str) -> &str {
    dotted.rsplit('.').next().unwrap_or(dotted).trim()
}

/// `typing.Dict` → `dict` (PEP 585).
fn modern_name(name: &str) -> &str {
    match name.strip_prefix("typing.").unwrap_or(name) {
        "Dict" => "dict",
        "List" => "list",
        "Set" => "set",
        "FrozenSet" => "frozenset",
        "Tuple" => "tuple",
        "Type" => "type",
        other => other,
    }
}

impl fmt::Display for TypeExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(modern_name(name)),
            Self::Subscript { base, arguments } => {
                write!(f, "{}[", modern_name(base))?;
                write_joined(f, arguments, ", ")?;
                f.write_str("]")
            }
            Self::Union(members) => write_joined(f, members, " | "),
            Self::None => f.write_str("None"),
            Self::Ellipsis => f.write_str("..."),
            Self::List(items) => {
                f.write_str("[")?;
                write_joined(f, items, ", ")?;
                f.write_str("]")
            }
            Self::Literal(values) => write!(f, "Literal[{}]", values.join(", ")),
            Self::Opaque(text) => f.write_str(text),
        }
    }
}

fn write_joined(f: &mut fmt::Formatter<'_>, items: &[TypeExpression], separator: &str) -> fmt::Result {
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(TypeExpression::parse(text).to_string(), expected, "{text}");
    }

    #[test]
    fn spellings_of_one_type_read_the_same() {
        check("Optional[str]", "str | None");
        check("None | str", "str | None");
        check("typing.Union[str, None, Optional[int]]", "int | str | None");
        check("Dict[str, List[int]]", "dict[str, list[int]]");
        check("\"Dict[str, 'Conn']\"", "dict[str, Conn]");
        check("Annotated[int, Field(gt=0, le=[1, 2])]", "int");
        check("ClassVar[Final[int]]", "int");
        check("Literal['b', \"a\", None]", "Literal[\"a\", \"b\"] | None");
        check("Callable[[int, str], Awaitable[None]]", "Callable[[int, str], Awaitable[None]]");
        check("Callable[..., None]", "Callable[..., None]");
        check("( a . b | None )", "a.b | None");
        check("tuple[int, ...]", "tuple[int, ...]");
    }

    #[test]
    fn what_is_no_type_expression_is_opaque_and_nothing_panics() {
        for text in [
            "",
            "f(x)",
            "a |",
            "List[",
            "]",
            "'",
            "a[b",
            "lambda: 0",
            "x[1][2]",
            "\"a\\n\"",
            "é.1",
            "[",
            "*Ts",
        ] {
            assert_eq!(TypeExpression::parse(text), TypeExpression::Opaque(text.to_owned()), "{text}");
        }
        let deep = "List[".repeat(5000) + &"]".repeat(5000);
        let _ = TypeExpression::parse(&deep);
    }

    #[test]
    fn qualifiers_are_seen_through_one_another() {
        assert!(TypeExpression::has_qualifier("ClassVar[Final[int]]", "Final"));
        assert!(TypeExpression::has_qualifier("typing.Final", "Final"));
        assert!(!TypeExpression::has_qualifier("List[Final]", "Final"));
    }
}
