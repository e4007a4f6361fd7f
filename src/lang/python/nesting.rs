//! Guards the stack: finds expressions too deep to walk before they are parsed.
//!
//! `a + a + a + …` is a tree as deep as it is long, and walking or dropping it recurses. An
//! overflow of a thread's stack cannot be caught, so the depth is bounded from the text first.

use crate::facts::SyntaxError;

/// Deepest nesting that is walked. CPython's own compiler gives up far earlier.
const MAX_DEPTH: usize = 100_000;

/// Reports the statement whose expression could be deeper than [`MAX_DEPTH`].
///
/// The bound counts operators, brackets, dots and operator words: for each open bracket those of the element
/// that is being read (elements of one display stand side by side), and the most of a bracket that was closed in
/// it. No tree is deeper than that many nodes. Small files cannot reach it and are not scanned.
pub(super) fn check_depth(text: &str) -> Option<SyntaxError> {
    if text.len() <= MAX_DEPTH {
        return None;
    }
    let mut scan = Scan {
        bytes: text.as_bytes(),
        at: 0,
        open: Vec::new(),
        element: Element::default(),
        outer: 0,
        start: 0,
    };
    let deepest = scan.run()?;
    Some(SyntaxError {
        at: deepest as u32,
        message: format!("expression nested more than {MAX_DEPTH} levels deep: the file was not read"),
    })
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// What stood before each bracket that is open.
    open: Vec<Element>,
    /// What is read now.
    element: Element,
    /// Depths of the open elements, added up.
    outer: usize,
    /// Where the statement starts.
    start: usize,
}

/// One element of a display, one argument, or a statement outside of all brackets.
#[derive(Clone, Copy, Default)]
struct Element {
    /// Links of its own.
    links: usize,
    /// Depth of the deepest bracket that was closed in it.
    closed: usize,
    /// Depth of the deepest element beside it, before it.
    beside: usize,
    /// Lambdas whose parameters are being listed: their commas end no element.
    lambdas: usize,
}

impl Element {
    fn depth(self) -> usize {
        self.links + self.closed
    }
}

impl Scan<'_> {
    /// Start of the first statement that is too deep.
    fn run(&mut self) -> Option<usize> {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'#' => self.skip_comment(),
                b'"' | b'\'' => self.skip_string(byte),
                b'\\' => self.at += 2,
                b'\n' | b'\r' | b';' => {
                    self.at += 1;
                    if self.open.is_empty() {
                        self.element = Element::default();
                        self.start = self.at;
                    }
                }
                b'(' | b'[' | b'{' => {
                    self.link();
                    self.outer += self.element.depth();
                    self.open.push(std::mem::take(&mut self.element));
                }
                b')' | b']' | b'}' => {
                    self.at += 1;
                    if let Some(around) = self.open.pop() {
                        let within = self.element.beside.max(self.element.depth());
                        self.outer -= around.depth();
                        self.element = Element { closed: around.closed.max(within), ..around };
                    }
                }
                b',' if self.element.lambdas > 0 => self.at += 1,
                b',' => {
                    self.at += 1;
                    let beside = self.element.beside.max(self.element.depth());
                    self.element = Element { beside, ..Element::default() };
                }
                b':' => {
                    self.element.lambdas = self.element.lambdas.saturating_sub(1);
                    self.link();
                }
                b'+' | b'-' | b'*' | b'/' | b'%' | b'@' | b'&' | b'|' | b'^' | b'~' | b'<' | b'>' | b'='
                | b'!' | b'.' => self.link(),
                // `not not x`, `await await x`, `a if b else c if d else e`, `lambda: lambda: x`.
                b' ' | b'\t' | b'\x0c' => self.at += 1,
                b if b.is_ascii_alphabetic() || b == b'_' || b >= 0x80 => self.word(),
                _ => self.at += 1,
            }
            if self.outer + self.element.depth() > MAX_DEPTH {
                return Some(self.start);
            }
        }
        None
    }

    fn link(&mut self) {
        self.element.links += 1;
        self.at += 1;
    }

    fn word(&mut self) {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(|&b| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80) {
            self.at += 1;
        }
        let word = &self.bytes[start..self.at];
        if matches!(word, b"not" | b"await" | b"if" | b"else" | b"lambda" | b"yield" | b"elif" | b"for") {
            self.element.links += 1;
            self.element.lambdas += usize::from(word == b"lambda");
        }
    }

    fn skip_comment(&mut self) {
        let rest = &self.bytes[self.at..];
        self.at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
    }

    /// Skips a string; f-strings are skipped whole, since their depth is bounded by the lexer.
    fn skip_string(&mut self, quote: u8) {
        let rest = &self.bytes[self.at..];
        if rest.starts_with(&[quote, quote, quote]) {
            let mut at = 3;
            while let Some(found) = memchr::memchr2(b'\\', quote, &rest[at..]) {
                at += found;
                if rest[at] == b'\\' {
                    at += 2;
                } else if rest[at..].starts_with(&[quote, quote, quote]) {
                    self.at += at + 3;
                    return;
                } else {
                    at += 1;
                }
                if at >= rest.len() {
                    break;
                }
            }
            self.at = self.bytes.len();
            return;
        }
        let mut at = 1;
        while let Some(found) = memchr::memchr3(b'\\', quote, b'\n', rest.get(at..).unwrap_or(&[])) {
            at += found;
            if rest[at] == b'\\' {
                at += 2;
            } else {
                at += usize::from(rest[at] == quote);
                self.at += at;
                return;
            }
        }
        self.at = self.bytes.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_operators_that_is_too_long_is_reported_at_its_statement() {
        let text = format!("x = 1\ny = {}1\n", "1+".repeat(200_000));
        let error = check_depth(&text).expect("too deep");
        assert_eq!(error.at, 6);
    }

    #[test]
    fn long_files_of_short_statements_pass() {
        assert!(check_depth(&"x = a.b(c)[1] + 2\n".repeat(100_000)).is_none());
        assert!(check_depth(&format!("x = '''{}'''", "+".repeat(300_000))).is_none());
        assert!(check_depth(&format!("# {}", "+".repeat(300_000))).is_none());
    }

    #[test]
    fn elements_stand_side_by_side_and_brackets_add_up() {
        let table = format!("x = {{{}}}", "'key': f(1) + 2, ".repeat(200_000));
        assert!(check_depth(&table).is_none());
        assert!(check_depth(&format!("x = [{}[1, {}1]]", "1, ".repeat(9), "1+".repeat(100_001))).is_some());
        // The first operand is the deepest: what is closed first counts with what follows.
        let left = format!("x = ({}1){}", "1+".repeat(60_000), "+1".repeat(60_000));
        assert!(check_depth(&left).is_some());
        assert!(check_depth(&format!("x = {}{}", "[".repeat(60_000), "[".repeat(60_000))).is_some());
        assert!(check_depth(&format!("x = {}1", "lambda a, b: ".repeat(100_001))).is_some());
        assert!(check_depth(&format!("x = [{}]", "lambda a, b: a, ".repeat(100_001))).is_none());
    }
}
