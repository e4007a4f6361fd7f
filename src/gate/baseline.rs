//! The file of accepted findings: text, one finding a line, sorted, without line numbers.
//!
//! ```text
//! # ssot baseline 1: …
//! duplicate-concept⇥ChannelHub⇥app/hub.py⇥WebSocketManager⇥app/manager.py
//! ```
//! A line is the rule, then pairs of a name within its module and the file that it was last seen in. Lines that two
//! branches add are both kept by git's `merge=union`; the order of lines and repeated lines mean nothing. A line that begins with
//! `~` is no finding: a pair that nearly is one, with digests of what the two hold.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::ops::Range;

use crate::finding::{Atom, Finding, Rule};

/// What every baseline begins with; the version of the format is the last word of it.
const HEADER: &str = "# ssot baseline 1";

const ABOUT: &str = ": findings that are accepted, one a line. Written by `ssot check --write-baseline`; \
                     when branches meet, keep the lines of both.\n";

/// What a line begins with that is no finding.
const NEAR: &str = "~";

/// An accepted finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The rule.
    pub rule: Rule,
    /// What it is about.
    pub atoms: Vec<Atom>,
    /// No finding, and one that may become one without a change of what it is about; names carry a digest of the content.
    pub is_near: bool,
}

impl Entry {
    /// The entry of a finding.
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        let contents = finding.contents().filter(|_| finding.is_near());
        let atoms = contents.map_or_else(|| finding.atoms.clone(), Vec::from);
        Self { rule: finding.rule, atoms, is_near: finding.is_near() }
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<String> =
            self.atoms.iter().map(|atom| format!("`{}` ({})", atom.name, atom.path)).collect();
        write!(f, "{} {}", self.rule, names.join(", "))
    }
}

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BaselineError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Where in the text, in bytes.
    pub span: Range<usize>,
}

/// Reads a baseline.
///
/// # Errors
/// At the first line that is not one of a baseline.
pub fn parse(text: &str) -> Result<Vec<Entry>, BaselineError> {
    let mut entries: BTreeSet<Entry> = BTreeSet::new();
    let mut start = 0;
    let text = text.strip_prefix('\u{feff}').inspect(|_| start = 3).unwrap_or(text);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let span = start..start + line.trim_end().len();
        start += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        let wrong = |message: String, help: &str| BaselineError {
            message: format!("line {}: {message}", number + 1),
            help: help.to_owned(),
            span: span.clone(),
        };
        if number == 0 && line.strip_prefix(HEADER).is_none_or(|rest| rest.starts_with(char::is_numeric)) {
            let message = format!("this is no baseline that this version reads: expected `{HEADER}`");
            return Err(wrong(message, "write a new one with `ssot check --write-baseline FILE`"));
        }
        if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|mark| line.starts_with(mark)) {
            return Err(wrong(
                "two branches met here and the conflict is open".to_owned(),
                "remove the marks and keep the lines of both; `*.baseline merge=union` in .gitattributes lets git do it",
            ));
        }
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        entries.insert(parse_line(line).map_err(|message| {
            wrong(message, "expected a rule, then names and files in turns, with tabs between them")
        })?);
    }
    Ok(entries.into_iter().collect())
}

fn parse_line(line: &str) -> Result<Entry, String> {
    let mut cells = line.split('\t');
    let id = cells.next().unwrap_or("");
    let (id, is_near) = id.strip_prefix(NEAR).map_or((id, false), |id| (id, true));
    let rule = Rule::from_id(id).ok_or_else(|| format!("`{id}` is no rule of this version"))?;
    let cells: Vec<String> = cells.map(unescape).collect();
    let atoms: Vec<Atom> = cells
        .chunks(2)
        .filter_map(|pair| match pair {
            [name, path] => Some(Atom { name: name.clone(), path: path.clone() }),
            _ => None,
        })
        .collect();
    if atoms.is_empty() || cells.len() % 2 == 1 {
        return Err(format!("{} cells after the rule", cells.len()));
    }
    Ok(Entry { rule, atoms, is_near })
}

/// Writes a baseline: sorted, one entry a line.
#[must_use]
pub fn render(entries: &[Entry]) -> String {
    let mut lines: BTreeSet<String> = BTreeSet::new();
    for entry in entries {
        let mut line = format!("{}{}", if entry.is_near { NEAR } else { "" }, entry.rule.id());
        for atom in &entry.atoms {
            let _ = write!(line, "\t{}\t{}", escape(&atom.name), escape(&atom.path));
        }
        lines.insert(line);
    }
    let mut text = format!("{HEADER}{ABOUT}");
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// The 1-based line of an entry in the text of a baseline.
#[must_use]
pub fn line_of(text: &str, entry: &Entry) -> u32 {
    let at = text.lines().position(|line| parse_line(line).as_ref() == Ok(entry));
    at.map_or(1, |at| at as u32 + 1)
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, character == '\\') {
            (_, true) => match characters.next() {
                Some('t') => plain.push('\t'),
                Some('n') => plain.push('\n'),
                Some('r') => plain.push('\r'),
                Some(other) => plain.push(other),
                None => {}
            },
            (plain_one, false) => plain.push(plain_one),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(rule: Rule, atoms: &[(&str, &str)]) -> Entry {
        let atoms = atoms.iter().map(|(name, path)| Atom { name: (*name).into(), path: (*path).into() });
        Entry { rule, atoms: atoms.collect(), is_near: rule == Rule::DuplicateProtocol }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let entries = [
            entry(Rule::DuplicateConcept, &[("Hub", "a b/h\tu\\b.py"), ("Manager", "m\n.py")]),
            entry(Rule::DuplicateProtocol, &[("A#01", "a.py"), ("B#02", "b.py")]),
            entry(Rule::ImportCycle, &[("module a", "a.py")]),
        ];
        let text = render(&entries);
        assert_eq!(text.lines().count(), 4);
        assert!(text.contains("~duplicate-protocol"));
        assert_eq!(parse(&text), Ok(entries.to_vec()));
        assert_eq!(parse(&text.replace('\n', "\r\n")), Ok(entries.to_vec()));
    }

    #[track_caller]
    fn check_refused(text: &str, word: &str) {
        let error = parse(text).expect_err("refused");
        assert!(error.message.contains(word), "{error}");
    }

    #[test]
    fn what_is_no_baseline_is_refused_with_its_line() {
        check_refused("{}", "line 1");
        check_refused("# ssot baseline 12: x\n", "line 1");
        check_refused("# ssot baseline 1\nno-rule\ta\tb\n", "line 2: `no-rule` is no rule");
        check_refused("# ssot baseline 1\nimport-cycle\ta\n", "line 2: 1 cells");
        check_refused("# ssot baseline 1\n<<<<<<< HEAD\n", "line 2: two branches met");
    }
}
