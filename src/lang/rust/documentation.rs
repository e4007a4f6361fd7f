//! Doc comments → prose on the lines where it stands, for whoever looks for mentions.

/// The lines of doc comments that may name a type, each on its own line; others are empty. None where there
/// is no such line.
#[must_use]
pub fn documentation(text: &str) -> Option<String> {
    let mut prose = Prose { text, said: String::new(), counted: 0 };
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'/', &text.as_bytes()[at..]) {
        let slash = at + found;
        let start = memchr::memrchr(b'\n', &text.as_bytes()[..slash]).map_or(0, |end| end + 1);
        let line = &text[slash..end_of_line(text, slash)];
        at = slash + line.len();
        if !text[start..slash].trim_start().is_empty() {
            continue;
        }
        let outer = line.strip_prefix("///").filter(|rest| !rest.starts_with('/'));
        if let Some(said) = outer.or_else(|| line.strip_prefix("//!")) {
            prose.say(start, said);
        } else if let Some(said) = line.strip_prefix("/*!").or_else(|| line.strip_prefix("/**")) {
            prose.say(start, said);
            let mut is_open = !line.contains("*/");
            while is_open && at < text.len() {
                let start = at + 1;
                at = end_of_line(text, start);
                prose.say(start, text[start..at].trim_start());
                is_open = !text[start..at].contains("*/");
            }
        }
    }
    prose.said.shrink_to_fit();
    (!prose.said.is_empty()).then_some(prose.said)
}

/// Doc comments on their lines, as far as they were read.
struct Prose<'t> {
    text: &'t str,
    said: String,
    /// Where the line begins that `said` ends with.
    counted: usize,
}

impl Prose<'_> {
    /// Adds the line that begins at `start`, where it may name something.
    fn say(&mut self, start: usize, said: &str) {
        if may_name(said) {
            let between = &self.text.as_bytes()[self.counted..start];
            let lines = memchr::memchr_iter(b'\n', between).count();
            self.said.extend(std::iter::repeat_n('\n', lines));
            self.said.push_str(said.strip_suffix('\r').unwrap_or(said));
            self.counted = start;
        }
    }
}

fn end_of_line(text: &str, from: usize) -> usize {
    memchr::memchr(b'\n', &text.as_bytes()[from..]).map_or(text.len(), |end| from + end)
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
