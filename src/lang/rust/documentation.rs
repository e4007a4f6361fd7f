//! Doc comments → prose on the lines where it stands, for whoever looks for mentions.

/// The lines of doc comments that may name a type, each on its own line; others are empty. None where there
/// is no such line.
#[must_use]
pub fn documentation(text: &str) -> Option<String> {
    if !text.contains("//") && !text.contains("/**") && !text.contains("/*!") {
        return None;
    }
    let mut prose = String::new();
    let mut pending = 0;
    let mut is_found = false;
    let mut in_block = false;
    for line in text.lines() {
        // Most lines are code.
        let first = line.bytes().find(|byte| !byte.is_ascii_whitespace());
        if !in_block && first.is_none_or(|byte| byte.is_ascii() && byte != b'/') {
            pending += 1;
            continue;
        }
        let trimmed = line.trim_start();
        let outer = trimmed.strip_prefix("///").filter(|rest| !rest.starts_with('/'));
        let said = match outer.or_else(|| trimmed.strip_prefix("//!")) {
            Some(said) => Some(said),
            None if in_block => Some(trimmed),
            None => trimmed
                .strip_prefix("/*!")
                .or_else(|| trimmed.strip_prefix("/**"))
                .inspect(|_| in_block = true),
        };
        if in_block && trimmed.contains("*/") {
            in_block = false;
        }
        if let Some(said) = said.filter(|said| may_name(said)) {
            // Lines without a mention cost nothing until one follows.
            prose.extend(std::iter::repeat_n('\n', std::mem::take(&mut pending)));
            prose.push_str(said);
            is_found = true;
        }
        pending += 1;
    }
    is_found.then_some(prose)
}

/// Code, a link, or a word with a capital inside.
fn may_name(line: &str) -> bool {
    let bytes = line.as_bytes();
    memchr::memchr2(b'`', b'[', bytes).is_some()
        || bytes.windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doc_comments_keep_their_lines() {
        let text = "//! See [`Hub`].\n// `Hub` in a comment\nfn f() {} // x\n/// Plain words.\n/// A WsHub.\n//// not one\n\
                    /** `Hub`\n * and `Old`.\n */\nfn g() { \"`Hub`\" }\n";
        let prose = documentation(text).expect("prose");
        let lines: Vec<&str> = prose.lines().collect();
        assert_eq!(lines, [" See [`Hub`].", "", "", "", " A WsHub.", "", " `Hub`", "* and `Old`."]);
        assert_eq!(documentation("fn f() {}\n"), None);
    }
}
