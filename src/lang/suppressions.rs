//! Comments that let findings pass: `# ssot: allow[duplicate-concept] the old one goes in May`.

use std::ops::Range;

use crate::facts::{Name, SuppressionFact};
use crate::text::Offset;

/// What every such comment holds; a file without it has none.
const MARK: &[u8] = b"ssot:";

/// Whether a text may hold such a comment.
pub(super) fn may_suppress(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), MARK).is_some()
}

/// Reads the suppressions among the comments of a text.
pub(super) fn read(text: &str, comments: impl Iterator<Item = Range<usize>>) -> Vec<SuppressionFact> {
    comments
        .filter_map(|range| {
            // It may stand behind another one: `# noqa: E501  # ssot: allow[…] …`.
            let comment = &text[range.clone()];
            let at = comment.find("ssot:").filter(|at| !comment[..*at].ends_with(is_part_of_word))?;
            let said = comment[at + "ssot:".len()..].trim_start();
            let verb = said.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
            let is_meant =
                ["allow", "ignore", "disable", "suppress"].iter().any(|word| verb.eq_ignore_ascii_case(word));
            let allowed = said.strip_prefix("allow").or_else(|| is_meant.then_some(""))?;
            let (rules, reason) = match allowed.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                Some((rules, reason)) => (rules, reason.trim_end_matches("*/").trim()),
                // Without brackets it suppresses nothing, which the one who wrote it should hear.
                None => ("", ""),
            };
            Some(SuppressionFact {
                at: range.start as Offset,
                covers: covered(text, range) as Offset,
                rules: Name::new(rules.trim()),
                reason: Name::new(reason),
            })
        })
        .collect()
}

fn is_part_of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The line of the comment where code stands before it, else the next line of code; decorators and attributes belong
/// to what follows them.
fn covered(text: &str, comment: Range<usize>) -> usize {
    let line_start = text[..comment.start].rfind('\n').map_or(0, |at| at + 1);
    if !text[line_start..comment.start].trim().is_empty() {
        return line_start;
    }
    let mut at = comment.end;
    while let Some(end) = text[at..].find('\n') {
        let start = at + end + 1;
        let line = text[start..].lines().next().unwrap_or("").trim();
        let is_comment = line.starts_with("//") || line.starts_with('#') && !line.starts_with("#[");
        if !line.is_empty() && !is_comment && !line.starts_with("#[") {
            return start;
        }
        at = start;
    }
    comment.start
}

#[cfg(test)]
mod tests {
    use crate::lang::{self, Target};
    use crate::source::Language;

    #[track_caller]
    fn check(language: Language, text: &str, expected: &[(&str, &str, u32)]) {
        let facts = lang::facts(text, language, Target::default());
        let found: Vec<(&str, &str, u32)> = facts
            .suppressions
            .iter()
            .map(|fact| (fact.rules.as_str(), fact.reason.as_str(), facts.lines.line(fact.covers)))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_comment_above_covers_the_next_code_and_one_behind_covers_its_line() {
        check(
            Language::Python,
            "# ssot: allow[a] goes in May\n# more\n\n@decorated\nclass A:\n    x = 1  # ssot: allow[b, c] why\n",
            &[("a", "goes in May", 4), ("b, c", "why", 6)],
        );
        check(
            Language::Rust,
            "// ssot: allow[a] why\n#[derive(Debug)]\nstruct A;\nfn f() {} /* ssot: allow[b] here */\n",
            &[("a", "why", 3), ("b", "here", 4)],
        );
    }

    #[test]
    fn strings_are_no_comments_and_a_comment_without_brackets_allows_nothing() {
        check(Language::Python, "x = '# ssot: allow[a] b'\n", &[]);
        check(Language::Rust, "const X: &str = \"// ssot: allow[a] b\";\n", &[]);
        check(Language::Python, "x = 1  # ssot: allow a\n", &[("", "", 1)]);
        check(Language::Python, "x = 1  # about ssot: it allows\n", &[]);
        check(
            Language::Python,
            "x = 1  # noqa  # ssot: allow[a] b\ny = 1  # ssot: ignore[a] b\n",
            &[("a", "b", 1), ("", "", 2)],
        );
    }
}
