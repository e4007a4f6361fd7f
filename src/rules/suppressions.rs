//! The suppressions that stand in the comments of a tree.

use super::evidence::Places;
use crate::finding::{Covered, Suppression};
use crate::link::{FileId, Index};

/// Collects the suppressions of every file, in order.
#[must_use]
pub fn of_comments(index: &Index) -> Vec<Suppression> {
    let places = Places { index };
    let files = (0..index.tree_files as u32).map(FileId);
    let found = files.flat_map(|file| {
        let facts = &index.file(file).facts;
        facts.suppressions.iter().map(move |fact| (file, fact))
    });
    found
        .map(|(file, fact)| {
            let rules = fact.rules.as_str().split(',').map(|rule| rule.trim().to_owned());
            Suppression {
                rules: rules.filter(|rule| !rule.is_empty()).collect(),
                reason: fact.reason.as_str().to_owned(),
                origin: places.at(file, fact.at, 1, "this comment".to_owned()),
                covers: Covered::Line(index.file(file).facts.lines.line(fact.covers)),
                until: None,
            }
        })
        .collect()
}
