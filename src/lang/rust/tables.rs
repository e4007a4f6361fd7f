//! Tables of numbers in the text: of an encoding, of Unicode, of a curve.
//!
//! To the parser each number is an expression with a token, an allocation and a place. No fact is made from them, so the
//! parser gets an empty list instead; see [`super::plain`].

use super::skipping::end_of_character;

/// Shorter lists are left to the parser, in bytes.
const LEAST: usize = 64;

/// How deep lists may lie within each other.
const DEEPEST: usize = 8;

/// Where the `]` stands that closes the `[` at `start`, if there is nothing in between but numbers, characters, and lists
/// and tuples of these: what is a list to the parser, too. Only decimal and hexadecimal numbers are taken for some.
pub(super) fn end_of_table(bytes: &[u8], start: usize) -> Option<usize> {
    let end = end_of_list(bytes, start + 1, b']', DEEPEST)?;
    (end - start > LEAST).then_some(end)
}

/// Where the list ends whose first element is at `at` or behind.
fn end_of_list(bytes: &[u8], mut at: usize, close: u8, depth: usize) -> Option<usize> {
    loop {
        at = next_token(bytes, at)?;
        if bytes[at] == close {
            return Some(at);
        }
        at = next_token(bytes, end_of_element(bytes, at, depth)?)?;
        match bytes[at] {
            b',' => at += 1,
            byte if byte == close => return Some(at),
            _ => return None,
        }
    }
}

fn end_of_element(bytes: &[u8], at: usize, depth: usize) -> Option<usize> {
    match bytes[at] {
        b'0'..=b'9' => end_of_number(bytes, at),
        b'-' => {
            let number = next_token(bytes, at + 1)?;
            end_of_number(bytes, number)
        }
        b'\'' => end_of_plain_character(bytes, at),
        b'b' if bytes.get(at + 1) == Some(&b'\'') => end_of_plain_character(bytes, at + 1),
        b'&' => {
            let list = next_token(bytes, at + 1)?;
            (bytes[list] == b'[').then(|| end_of_element(bytes, list, depth)).flatten()
        }
        b'[' if depth > 0 => Some(end_of_list(bytes, at + 1, b']', depth - 1)? + 1),
        b'(' if depth > 0 => Some(end_of_list(bytes, at + 1, b')', depth - 1)? + 1),
        _ => None,
    }
}

/// Where a character of ASCII ends: what takes its place has as many bytes and as many columns.
fn end_of_plain_character(bytes: &[u8], at: usize) -> Option<usize> {
    let end = end_of_character(bytes, at);
    (end > at + 1 && bytes[at..end].is_ascii()).then_some(end)
}

/// Where the next token starts, behind white space and plain comments.
fn next_token(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b' ' | b'\t' | b'\r' | b'\n' => at += 1,
            b'/' if bytes.get(at + 1) == Some(&b'/') && !matches!(bytes.get(at + 2), Some(b'/' | b'!')) => {
                at += memchr::memchr(b'\n', &bytes[at..])?;
            }
            _ => return Some(at),
        }
    }
}

/// Where a number ends (Rust Reference, "Number literals"); none for what may be no number.
fn end_of_number(bytes: &[u8], start: usize) -> Option<usize> {
    let run = |from: usize, is_part: fn(&u8) -> bool| {
        from + bytes[from..].iter().take_while(|byte| is_part(byte)).count()
    };
    let is_digit: fn(&u8) -> bool = |byte| byte.is_ascii_digit() || *byte == b'_';
    if !bytes.get(start)?.is_ascii_digit() {
        return None;
    }
    let mut at = run(start, is_digit);
    if bytes[start..].starts_with(b"0x") {
        let first = start + 2;
        at = run(first, |byte| byte.is_ascii_hexdigit() || *byte == b'_');
        bytes[first..at].iter().find(|byte| byte.is_ascii_hexdigit())?;
    } else {
        if bytes.get(at) == Some(&b'.') {
            let fraction = at + 1;
            if !bytes.get(fraction)?.is_ascii_digit() {
                return None;
            }
            at = run(fraction, is_digit);
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            if !bytes.get(at)?.is_ascii_digit() {
                return None;
            }
            at = run(at, is_digit);
        }
    }
    match bytes.get(at)? {
        b'i' | b'u' | b'f' => Some(run(at, |byte| byte.is_ascii_alphanumeric())),
        byte if byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"._#\"'".contains(byte) => None,
        _ => Some(at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a list of these elements, many times over, is a table; each that is one is an expression to the parser.
    #[track_caller]
    fn check(elements: &str, is_table: bool) {
        let text = format!("[{}]", elements.repeat(30));
        let whole = Some(text.len() - 1);
        assert_eq!(end_of_table(text.as_bytes(), 0) == whole, is_table, "{elements}");
        if is_table {
            assert!(syn::parse_str::<syn::Expr>(&text).is_ok(), "{elements}");
        }
    }

    #[test]
    fn lists_of_numbers_are_tables() {
        for elements in [
            "1, ",
            "0x00ff, 0xFFu8,\n  ",
            "-1_000i64, - 2.5e-3, 1e5, 2.5f32,",
            "(0, 'a'), ",
            "[1, 2], &[b'x', b'\\''], ",
            "1, // one; [\n",
            "((1, 2), ('\\u{e9}', 3)),\r\n",
        ] {
            check(elements, true);
        }
    }

    #[test]
    fn what_may_be_something_else_is_none() {
        for elements in [
            "1 ",
            "1; ",
            "a, ",
            "\"a\", ",
            "1 + 2, ",
            "-a, ",
            "1.max(2), ",
            "0x, ",
            "0b12, ",
            "1e, ",
            "1..2, ",
            "1., ",
            "'a, ",
            "1, /// one\n",
            "&1, ",
            "f(1), ",
            "1é, ",
            "'é', ",
            "1a, ",
            ", ",
            "0xg, ",
        ] {
            check(elements, false);
        }
        assert_eq!(end_of_table(b"[1, 2]", 0), None, "short");
        assert_eq!(end_of_table("[1, ".repeat(100).as_bytes(), 0), None, "deep, and not closed");
        assert_eq!(end_of_table(&[b"[".as_slice(), &b"1,".repeat(99)].concat(), 0), None, "not closed");
    }
}
