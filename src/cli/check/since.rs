//! What was there before: the tree at the commit that the current branch grew from.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::cli::output::print_note;
use crate::gate::baseline::Entry;
use crate::gate::{self, Found, Status, Terms};
use crate::git::{GitError, Repository};
use crate::rules::Wanted;
use crate::source::Overlay;
use crate::tree::Scan;

/// What the files of a tree held at the merge base of the current branch and a revision, where that differs.
pub(super) fn overlay(
    scan: &Scan<'_>,
    revision: &str,
    with_ignored: bool,
    quiet: bool,
) -> miette::Result<Overlay> {
    read(scan, revision, with_ignored, quiet)
        .map_err(|error| miette::miette!(help = error.help(), "cannot compare with `{revision}`: {error}"))
}

fn read(scan: &Scan<'_>, revision: &str, with_ignored: bool, quiet: bool) -> Result<Overlay, GitError> {
    let repository = Repository::around(scan.root());
    let base = repository.merge_base(revision)?;
    let changes = repository.changes_since(&base, with_ignored)?;
    if !quiet {
        for submodule in &changes.submodules {
            let shown = submodule.strip_prefix(scan.root()).unwrap_or(submodule).display();
            print_note(&format!("note: submodule {shown} has moved; what is in it is taken as it is now\n"));
        }
    }
    // Only what the scan would read has to be taken out of the repository.
    let is_read = |path: &std::path::Path| scan.would_read(path);
    let files: Vec<_> = changes.files.into_iter().filter(|change| is_read(&change.path)).collect();
    let blobs: Vec<&str> = files.iter().filter_map(|change| change.blob.as_deref()).collect();
    let mut contents = repository.contents(&blobs)?.into_iter();
    let mut found = BTreeMap::new();
    for change in &files {
        let content = change.blob.as_ref().and_then(|_| contents.next());
        found.insert(change.path.clone(), content);
    }
    Ok(Overlay { files: found })
}

/// The findings of an earlier state as accepted ones, and what nearly was one. What was suppressed then is new when the
/// suppression goes or expires: dates of the configuration are judged as if none had passed.
pub(super) fn entries(found: &Found, wanted: &Wanted) -> Vec<Entry> {
    let terms =
        Terms { rules: &wanted.rules, baseline: &[], before: &[], files_before: None, today: Date::MIN };
    let verdict = gate::judge(found, &terms);
    verdict.of(Status::New).map(Entry::of).chain(verdict.near.iter().cloned()).collect()
}
