//! Who uses a class: references counted by kind and by file role, and mentions in prose.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::facts::{Name, Step, Usage};
use crate::link::references::{MethodReference, Reference, ReferenceKind};
use crate::link::{ClassId, FileId, FunctionId, Index};
use crate::source::FileRole;
use crate::text::Offset;

/// References to one class, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageCounts {
    /// References by file role, in the order of [`FileRole::ALL`].
    pub by_role: [u32; 6],
    /// Files with a reference, by file role.
    pub files_by_role: [u32; 6],
    /// References by kind.
    pub by_kind: BTreeMap<ReferenceKind, u32>,
}

impl UsageCounts {
    /// All references.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.by_role.iter().sum()
    }

    /// References in files of one role.
    #[must_use]
    pub fn in_role(&self, role: FileRole) -> u32 {
        self.by_role[role as usize]
    }
}

/// Counts the references to a class; those within the class itself are left out.
#[must_use]
pub fn counts(index: &Index, class: ClassId) -> UsageCounts {
    let mut counts = UsageCounts::default();
    let mut last_file = None;
    for reference in outside_references(index, class) {
        let role = index.role_at(reference.file, reference.scope) as usize;
        counts.by_role[role] += 1;
        *counts.by_kind.entry(reference.kind).or_default() += 1;
        if last_file != Some(reference.file) {
            counts.files_by_role[role] += 1;
            last_file = Some(reference.file);
        }
    }
    counts
}

/// Where code elsewhere sets `name` on a class or on one that it inherits from: `Store.put = put`.
#[must_use]
pub fn set_elsewhere(index: &Index, class: ClassId, name: Name) -> Option<(FileId, Offset)> {
    let line = index.class(class).mro.classes().filter(|ancestor| index.source_of(*ancestor).is_some());
    let mut by_file =
        line.flat_map(|ancestor| index.references.of_class(ancestor).chunk_by(|a, b| a.file == b.file));
    by_file.find_map(|references| set_on(index, references, name))
}

/// Where one of some references to a class, of one file, sets `name` on it.
fn set_on(index: &Index, references: &[Reference], name: Name) -> Option<(FileId, Offset)> {
    let file = references.first()?.file;
    let facts = &index.file(file).facts;
    let mut stores = facts.chains.iter().filter(|chain| chain.usage == Usage::Store);
    stores.find_map(|chain| {
        let (last, before) = facts.steps[chain.steps.range()].split_last()?;
        let at = match *last {
            Step::Attribute(set, at) if set == name => at,
            _ => return None,
        };
        let owner = match before.last() {
            None => chain.at,
            Some(Step::Attribute(_, at)) => *at,
            Some(_) => return None,
        };
        references.iter().any(|reference| reference.at == owner).then_some((file, at))
    })
}

/// The references to a class from outside its own body and the blocks that extend it.
pub fn outside_references(index: &Index, class: ClassId) -> impl Iterator<Item = &Reference> {
    let own: Vec<(FileId, Offset, Offset)> =
        index.parts_of(class).map(|(file, part)| (file, part.at, part.end)).collect();
    index.references.of_class(class).iter().filter(move |reference| {
        !own.iter()
            .any(|(file, start, end)| reference.file == *file && (*start..*end).contains(&reference.at))
    })
}

/// The uses of each method on receivers of a class, by method name.
#[must_use]
pub fn method_references(index: &Index, class: ClassId) -> BTreeMap<Name, Vec<&MethodReference>> {
    let mut found: BTreeMap<Name, Vec<&MethodReference>> = BTreeMap::new();
    for reference in index.references.on_receiver(class) {
        found.entry(index.function(reference.function).name).or_default().push(reference);
    }
    found
}

/// How often each method is used from outside the classes that define it.
#[must_use]
pub fn call_counts(index: &Index, class: ClassId) -> FxHashMap<FunctionId, u32> {
    let mut found = FxHashMap::default();
    for reference in index.references.on_receiver(class).iter().filter(|reference| !reference.is_own) {
        *found.entry(reference.function).or_default() += 1;
    }
    found
}

/// The files that use a class, with their counts, in order.
#[must_use]
pub fn files_using(index: &Index, class: ClassId) -> BTreeMap<FileId, u32> {
    let mut found = BTreeMap::new();
    for reference in outside_references(index, class) {
        *found.entry(reference.file).or_default() += 1;
    }
    found
}

/// A place in prose that names a class. It is no use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    /// Document, as shown.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// Whether it stands in a code block or in backquotes.
    pub is_code: bool,
}

/// Mentions by simple class name.
#[derive(Debug, Clone, Default)]
pub struct Mentions {
    by_name: FxHashMap<Name, Vec<Mention>>,
}

impl Mentions {
    /// Where the documents name a class.
    #[must_use]
    pub fn of(&self, name: Name) -> &[Mention] {
        self.by_name.get(&name).map_or(&[], Vec::as_slice)
    }
}

/// Finds the class names that Markdown and reStructuredText documents mention.
///
/// A name counts as an identifier of its own, one mention a line; single lower-case or plain capitalised
/// words such as `Session` count only in code, since prose uses them as words.
#[must_use]
pub fn find_mentions(index: &Index, documents: &[(String, String)]) -> Mentions {
    if documents.is_empty() {
        return Mentions::default();
    }
    let names: FxHashSet<Name> = index.tree_classes().map(|class| index.class(class).name).collect();
    let by_text: FxHashMap<&str, Name> = {
        let mut sorted: Vec<Name> = names.into_iter().collect();
        sorted.sort();
        sorted.into_iter().map(|name| (name.as_str(), name)).collect()
    };
    let per_document: Vec<Vec<(Name, Mention)>> =
        documents.par_iter().map(|(path, text)| mentions_in(path, text, &by_text)).collect();
    let mut mentions = Mentions::default();
    for (name, mention) in per_document.into_iter().flatten() {
        mentions.by_name.entry(name).or_default().push(mention);
    }
    mentions
}

fn mentions_in(path: &str, text: &str, names: &FxHashMap<&str, Name>) -> Vec<(Name, Mention)> {
    let mut found = Vec::new();
    let mut is_fenced = false;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            is_fenced = !is_fenced;
            continue;
        }
        let is_block = is_fenced || (path.ends_with(".rst") && line.starts_with("   "));
        let mut on_line: BTreeSet<Name> = BTreeSet::new();
        for (at, word) in identifiers(line) {
            let Some(&name) = names.get(word) else { continue };
            let is_code = is_block || line[..at].matches('`').count() % 2 == 1;
            if (is_code || is_unmistakable(word)) && on_line.insert(name) {
                found.push((name, Mention { path: path.to_owned(), line: number as u32 + 1, is_code }));
            }
        }
    }
    found
}

/// `WebSocketManager` and `chat_hub` are names in any text; `Session` is a word.
fn is_unmistakable(word: &str) -> bool {
    let inner_capital = word.chars().skip(1).any(char::is_uppercase);
    let has_lower = word.chars().any(char::is_lowercase);
    inner_capital && has_lower || word.contains('_')
}

fn identifiers(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + line[at..].find(is_part)?;
        let len = line[start..].find(|c| !is_part(c)).unwrap_or(line.len() - start);
        at = start + len;
        Some((start, &line[start..at]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_prose_are_no_mentions_and_code_is() {
        let names: FxHashMap<&str, Name> =
            [("Session", Name::new("Session")), ("ChatHub", Name::new("ChatHub"))].into_iter().collect();
        let text = "Session is open.\nThe `Session` of a ChatHub.\n```\nSession()\n```\n";
        let found = mentions_in("a.md", text, &names);
        let lines: Vec<(&str, u32)> = found.iter().map(|(name, m)| (name.as_str(), m.line)).collect();
        assert_eq!(lines, [("Session", 2), ("ChatHub", 2), ("Session", 4)]);
    }
}
