//! When files came into the tree, as git tells.
//!
//! Asks the `git` program, since what a repository may contain (worktrees, alternates, partial
//! clones, replaced objects) is its to know. No repository, no `git`, a shallow clone or an untracked file
//! is no error: then nothing is known. The work tree is not touched.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::analysis::concepts::election::History;

/// The repository around a folder, if there is one.
#[derive(Debug)]
pub struct Repository {
    root: PathBuf,
    is_complete: OnceLock<bool>,
}

impl Repository {
    /// Of the folder that shown paths are relative to.
    #[must_use]
    pub fn around(root: &Path) -> Self {
        Self { root: root.to_path_buf(), is_complete: OnceLock::new() }
    }

    fn git(&self, arguments: &[&str]) -> Option<String> {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.root).args([
            "--no-optional-locks",
            "--literal-pathspecs",
            "-c",
            "log.showSignature=false",
        ]);
        let output = command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// A shallow clone would call the oldest commit that it has the first.
    fn is_complete(&self) -> bool {
        *self.is_complete.get_or_init(|| {
            let answer = self.git(&["rev-parse", "--is-shallow-repository"]);
            answer.is_some_and(|answer| answer.trim() == "false")
        })
    }
}

impl History for Repository {
    fn first_committed(&self, display: &str) -> Option<String> {
        if !self.is_complete() {
            return None;
        }
        let log = self.git(&[
            "log",
            "--follow",
            "--name-status",
            "--date=format:%Y-%m-%d",
            "--format=on %ad",
            "--",
            display,
        ])?;
        oldest(&log).map(str::to_owned)
    }
}

/// The day of the commit that a file came with, newest commits first: `on 2024-03-01`, then `A path` or
/// `R100 old new`. A file that was moved is as old as before; a copy (`C097 from to`) is new.
fn oldest(log: &str) -> Option<&str> {
    let mut day = None;
    for line in log.lines() {
        if let Some(found) = line.strip_prefix("on ") {
            day = Some(found);
        } else if line.starts_with(['A', 'C']) {
            break;
        }
    }
    day
}
