//! What the rules find in a tree: remembered, or worked out and remembered.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::cache::{Cache, Key};
use crate::cli::analysis_options;
use crate::config::Config;
use crate::finding::{Finding, Suppression};
use crate::gate::Found;
use crate::rules::{self, Wanted, suppressions};
use crate::tree::{Scan, Witness};

/// Finds by one configuration.
pub(super) struct Finder<'a> {
    pub(super) config: &'a Config,
    pub(super) wanted: &'a Wanted,
    /// The root of the scan.
    pub(super) root: &'a Path,
    pub(super) cache: &'a Cache,
}

/// An answer as it is remembered. It holds for a tree as long as the environment answers the same.
#[derive(Serialize, Deserialize)]
struct Remembered {
    witness: Witness,
    findings: Vec<Finding>,
    suppressions: Vec<Suppression>,
    /// Files that were not read, or not whole.
    unread: Vec<String>,
}

impl Finder<'_> {
    /// Everything that the rules find.
    pub(super) fn find(&self, scan: Scan<'_>) -> Found {
        let files = scan.paths().map(str::to_owned).collect();
        let key = scan.digest().map(|tree| {
            let wanted = format!("{:?}", self.wanted);
            Key::of("found", [&tree.0[..], self.config.text.as_bytes(), wanted.as_bytes()])
        });
        let remembered = key
            .and_then(|key| self.cache.get(key, |bytes| serde_json::from_slice::<Remembered>(bytes).ok()))
            .filter(|remembered| scan.holds(&remembered.witness));
        let Remembered { findings, mut suppressions, unread, .. } = remembered.unwrap_or_else(|| {
            let worked_out = self.work_out(scan);
            if let Some(key) = key
                && let Ok(bytes) = serde_json::to_vec(&worked_out)
            {
                self.cache.put(key, &bytes);
            }
            worked_out
        });
        suppressions.extend(self.configured());
        Found { findings, suppressions, files, unread }
    }

    fn work_out(&self, scan: Scan<'_>) -> Remembered {
        let tree = scan.link();
        // When a file was first committed is no property of the tree, and a shallow clone does not know: no history.
        let options = analysis_options(self.config);
        let findings = rules::check(&tree.index, &options, self.wanted);
        let suppressions = suppressions::of_comments(&tree.index);
        let witness = tree.witness.clone();
        let mut unread: Vec<String> =
            tree.skipped.iter().map(|skipped| format!("{}: {}", skipped.path, skipped.reason)).collect();
        unread.extend(tree.index.broken_files().map(|(file, error)| {
            let file = tree.index.file(file);
            format!("{}:{}: {}", file.display, file.facts.lines.line(error.at), error.message)
        }));
        // Taking a large tree apart piece by piece would only cost time.
        std::mem::forget(tree);
        Remembered { witness, findings, suppressions, unread }
    }

    /// What the configuration lets pass, with the path of its file as others are shown.
    fn configured(&self) -> impl Iterator<Item = Suppression> {
        let shown = shown_config(self.config, self.root);
        self.config.gate.suppressions.clone().into_iter().map(move |mut one| {
            one.origin.path.clone_from(&shown);
            one
        })
    }
}

/// The path of the configuration's file from the root of the scan, where it lies there.
pub(super) fn shown_config(config: &Config, root: &Path) -> String {
    let path = config.path.as_deref().unwrap_or(Path::new(""));
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    real.strip_prefix(root).unwrap_or(&real).display().to_string()
}
