//! Where comments, strings and characters end, for whoever reads the text without the parser.

/// The comments of a text, in order.
pub(super) fn comments(text: &str) -> Vec<std::ops::Range<usize>> {
    let bytes = text.as_bytes();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let start = at;
        at = match &bytes[at..bytes.len().min(at + 2)] {
            b"//" => memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end),
            b"/*" => end_of_comment(bytes, at),
            [b'"', ..] => end_of_string(bytes, at),
            [b'\'', ..] => end_of_character(bytes, at),
            _ => at + 1,
        };
        if bytes[start..].starts_with(b"//") || bytes[start..].starts_with(b"/*") {
            found.push(start..at.min(bytes.len()));
        }
    }
    found
}

/// Comments nest (Rust Reference, "Comments").
pub(super) fn end_of_comment(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start + 2, 1);
    while depth > 0 && at < bytes.len() {
        match &bytes[at..bytes.len().min(at + 2)] {
            b"*/" => (depth, at) = (depth - 1, at + 2),
            b"/*" => (depth, at) = (depth + 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

/// The end of a string that opens at `start`; raw strings are told by the `#` and `r` before it.
pub(super) fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let hashes = bytes[..start].iter().rev().take_while(|byte| **byte == b'#').count();
    let before = start.checked_sub(hashes + 1).map(|at| bytes[at]);
    let is_raw = before == Some(b'r');
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if !is_raw => at += 2,
            b'"' if !is_raw => return at + 1,
            b'"' if bytes[at + 1..].iter().take_while(|byte| **byte == b'#').count() >= hashes => {
                return at + 1 + hashes;
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The end of `'x'` or `'\n'`; a lifetime is one byte on.
pub(super) fn end_of_character(bytes: &[u8], start: usize) -> usize {
    if bytes.get(start + 1) == Some(&b'\\') {
        let end = memchr::memchr(b'\'', bytes.get(start + 3..).unwrap_or_default());
        return end.map_or(bytes.len(), |end| start + 4 + end);
    }
    // One character of up to four bytes, then the quote.
    let quote = (start + 2..=start + 5).find(|&at| bytes.get(at) == Some(&b'\''));
    match quote {
        Some(quote)
            if std::str::from_utf8(&bytes[start + 1..quote]).is_ok_and(|text| text.chars().count() == 1) =>
        {
            quote + 1
        }
        _ => start + 1,
    }
}
