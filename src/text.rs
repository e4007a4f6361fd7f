//! Bytes of a file → text, and offsets in it → lines and columns.
//!
//! Nothing here knows a programming language but for the one line of PEP 263 that
//! names a file's encoding.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};
use serde::{Deserialize, Serialize};

/// A byte offset into one file's decoded text. Files above 4 GiB are refused by discovery.
pub type Offset = u32;

/// Most bytes of one character in UTF-8.
const MAX_WIDE: u32 = 4;

/// A 1-based line and column. Columns count Unicode code points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// 1-based line.
    pub line: u32,
    /// 1-based column in code points.
    pub column: u32,
}

/// Where each line of one file starts, and which characters take more than one byte.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Lines {
    starts: Box<[Offset]>,
    /// Offset of each character wider than a byte, and its surplus bytes.
    wide: Box<[(Offset, u8)]>,
}

impl Lines {
    /// Reads the line starts of `text`. `\n`, `\r\n` and a lone `\r` end a line, as in Python.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = Vec::with_capacity(bytes.len() / 36 + 1);
        starts.push(0);
        starts.extend(memchr_iter(b'\n', bytes).map(|at| at as Offset + 1));
        if memchr(b'\r', bytes).is_some() {
            let lone = memchr_iter(b'\r', bytes)
                .filter(|&at| bytes.get(at + 1) != Some(&b'\n'))
                .map(|at| at as Offset + 1);
            starts.extend(lone);
            starts.sort_unstable();
        }
        let wide = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices()
                .filter(|(_, c)| c.len_utf8() > 1)
                .map(|(at, c)| (at as Offset, c.len_utf8() as u8 - 1))
                .collect()
        };
        Self { starts: starts.into_boxed_slice(), wide: wide.into_boxed_slice() }
    }

    /// The offset of a 1-based line and a 0-based column in code points.
    #[must_use]
    pub fn offset_of(&self, line: u32, column: u32) -> Offset {
        let last = self.starts.last().copied().unwrap_or(0);
        let start = self.starts.get((line as usize).saturating_sub(1)).copied().unwrap_or(last);
        let mut offset = start + column;
        if !self.wide.is_empty() {
            let from = self.wide.partition_point(|&(at, _)| at < start);
            for &(at, extra) in
                self.wide[from..].iter().take_while(|&&(at, _)| at < start + MAX_WIDE * (column + 1))
            {
                if at < offset {
                    offset += Offset::from(extra);
                }
            }
        }
        offset
    }

    /// The 1-based line that holds `offset`.
    #[must_use]
    pub fn line(&self, offset: Offset) -> u32 {
        self.starts.partition_point(|&start| start <= offset) as u32
    }

    /// The 1-based line and column of `offset`.
    #[must_use]
    pub fn position(&self, offset: Offset) -> Position {
        let line = self.line(offset);
        let start = self.starts.get(line as usize - 1).copied().unwrap_or(0);
        let surplus: u32 = if self.wide.is_empty() {
            0
        } else {
            let from = self.wide.partition_point(|&(at, _)| at < start);
            self.wide[from..]
                .iter()
                .take_while(|&&(at, _)| at < offset)
                .map(|&(_, extra)| u32::from(extra))
                .sum()
        };
        Position { line, column: offset - start - surplus + 1 }
    }

    /// How many lines there are; a trailing newline opens no further line.
    #[must_use]
    pub fn count(&self, text_len: usize) -> u32 {
        let all = self.starts.len() as u32;
        match self.starts.last() {
            Some(&last) if last as usize == text_len => all - 1,
            _ => all,
        }
    }
}

/// Why the bytes of a file are not text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// Bytes that the encoding does not know, with the 1-based line of the first one where known.
    Invalid {
        /// Name of the encoding that was tried.
        encoding: String,
        /// 1-based line of the first bad byte.
        line: u32,
    },
    /// A PEP 263 declaration with a name that no decoder answers to.
    UnknownEncoding(String),
    /// A null byte, which CPython refuses in source code; 1-based line.
    NullByte {
        /// 1-based line of the null byte.
        line: u32,
    },
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Invalid { encoding, line } => write!(f, "line {line} is not valid {encoding}"),
            Self::UnknownEncoding(name) => write!(f, "unknown encoding `{name}` declared (PEP 263)"),
            Self::NullByte { line } => write!(f, "null byte in source code on line {line}"),
        }
    }
}

/// Decodes Python source: UTF-8 with or without a byte order mark, or what PEP 263 declares.
///
/// # Errors
/// [`DecodeError`] where CPython would refuse the file too.
pub fn decode_python(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    let (bytes, has_mark) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (rest, true),
        None => (bytes, false),
    };
    if let Some(at) = memchr(0, bytes) {
        return Err(DecodeError::NullByte { line: line_of(bytes, at) });
    }
    let declared = if has_mark { None } else { declared_encoding(bytes) };
    match declared {
        Some(label) if !is_utf8_label(&label) => {
            let decoder = encoding_rs::Encoding::for_label(label.replace('_', "-").as_bytes())
                .or_else(|| is_latin1_label(&label).then_some(encoding_rs::WINDOWS_1252))
                .ok_or_else(|| DecodeError::UnknownEncoding(label.clone()))?;
            if is_latin1_label(&label) {
                // WHATWG's latin1 is windows-1252; Python's maps every byte to its code point.
                return Ok(encoding_rs::mem::decode_latin1(bytes));
            }
            decoder
                .decode_without_bom_handling_and_without_replacement(bytes)
                .ok_or(DecodeError::Invalid { encoding: label, line: 1 })
        }
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(error) => Err(DecodeError::Invalid {
                encoding: "UTF-8".to_owned(),
                line: line_of(bytes, error.valid_up_to()),
            }),
        },
    }
}

/// Decodes source: of Python as PEP 263 says, else UTF-8.
///
/// # Errors
/// [`DecodeError`] where the language's own tools would refuse the file too.
pub fn decode(bytes: &[u8], is_python: bool) -> Result<Cow<'_, str>, DecodeError> {
    if is_python { decode_python(bytes) } else { decode_utf8(bytes) }
}

/// Decodes source that must be UTF-8, with or without a byte order mark.
///
/// # Errors
/// [`DecodeError`] names the first line that is not.
fn decode_utf8(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Some(at) = memchr(0, bytes) {
        return Err(DecodeError::NullByte { line: line_of(bytes, at) });
    }
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| DecodeError::Invalid {
        encoding: "UTF-8".to_owned(),
        line: line_of(bytes, error.valid_up_to()),
    })
}

fn line_of(bytes: &[u8], at: usize) -> u32 {
    memchr_iter(b'\n', &bytes[..at]).count() as u32 + 1
}

fn is_utf8_label(label: &str) -> bool {
    matches!(label, "utf-8" | "utf8" | "utf_8" | "u8" | "utf-8-sig" | "utf_8_sig")
        || label.starts_with("utf-8-")
}

fn is_latin1_label(label: &str) -> bool {
    matches!(label, "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "iso_8859_1" | "l1" | "8859")
        || label.starts_with("latin-1-")
        || label.starts_with("iso-8859-1-")
}

/// The encoding named in a comment on one of the first two lines (PEP 263).
fn declared_encoding(bytes: &[u8]) -> Option<String> {
    for line in bytes.split(|&b| b == b'\n').take(2) {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        // Anything but a comment on line one ends the search, also for line two.
        let comment = line.strip_prefix(b"#")?;
        if let Some(found) = encoding_in(comment) {
            return Some(found);
        }
    }
    None
}

/// The `coding[=:]\s*([-\w.]+)` of PEP 263.
fn encoding_in(comment: &[u8]) -> Option<String> {
    let at = memchr::memmem::find(comment, b"coding")?;
    let rest = &comment[at + b"coding".len()..];
    let rest = rest.strip_prefix(b"=").or_else(|| rest.strip_prefix(b":"))?.trim_ascii_start();
    let end = rest
        .iter()
        .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')))
        .unwrap_or(rest.len());
    (end > 0).then(|| String::from_utf8_lossy(&rest[..end]).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_code_points_and_every_newline_style_ends_a_line() {
        let text = "a\r\nß = x\rdone\n";
        let lines = Lines::of(text);
        let x = text.find('x').expect("x") as u32;
        assert_eq!(lines.position(x), Position { line: 2, column: 5 });
        let done = text.find('d').expect("d") as u32;
        assert_eq!(lines.position(done), Position { line: 3, column: 1 });
        assert_eq!(lines.count(text.len()), 3);
    }

    #[test]
    fn a_declared_encoding_is_honoured() {
        let text = decode_python(b"# -*- coding: latin-1 -*-\nx = '\xe9'\n").expect("latin-1");
        assert!(text.contains('é'));
        assert!(matches!(
            decode_python(b"# coding: klingon\n"),
            Err(DecodeError::UnknownEncoding(name)) if name == "klingon"
        ));
    }

    #[test]
    fn bad_bytes_and_null_bytes_are_named_with_their_line() {
        assert_eq!(
            decode_python(b"x = 1\ny = '\xff'\n"),
            Err(DecodeError::Invalid { encoding: "UTF-8".into(), line: 2 })
        );
        assert_eq!(decode_python(b"x\0"), Err(DecodeError::NullByte { line: 1 }));
        assert_eq!(decode_python(b"\xef\xbb\xbfx = 1").expect("bom"), "x = 1");
    }
}
