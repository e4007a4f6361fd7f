//! When files came into the tree, as git tells.
//!
//! No repository, no `git`, a shallow clone or an untracked file is no error: then nothing is known.

use std::path::Path;
use std::sync::OnceLock;

use crate::analysis::concepts::election::History;
use crate::git::Repository;

/// The past of the repository around a folder, if there is one.
#[derive(Debug)]
pub struct Past {
    repository: Repository,
    /// The commit that is looked back from.
    revision: String,
    is_complete: OnceLock<bool>,
}

impl Past {
    /// Of the folder that shown paths are relative to.
    #[must_use]
    pub fn of(root: &Path) -> Self {
        let repository = Repository::around(root);
        Self { repository, revision: "HEAD".to_owned(), is_complete: OnceLock::new() }
    }

    /// The same, looked back from a commit.
    #[must_use]
    pub fn at(&self, revision: &str) -> Self {
        let is_complete = OnceLock::from(self.is_complete());
        Self { repository: self.repository.clone(), revision: revision.to_owned(), is_complete }
    }

    /// Whether the whole past is here. A shallow clone would call the oldest commit that it has the first.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        *self.is_complete.get_or_init(|| !self.repository.is_shallow())
    }
}

impl History for Past {
    fn first_committed(&self, display: &str) -> Option<String> {
        if !self.is_complete() {
            return None;
        }
        let revision = self.revision.as_str();
        let format = ["--date=format:%Y-%m-%d", "--format=on %ad"];
        let arguments = ["log", "--follow", "--name-status", format[0], format[1], revision, "--", display];
        let log = self.repository.text(&arguments).ok()?;
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
