//! The commits of a branch, and which files each has. Paths are relative to the top of the work tree, with `/`.

use std::io::Write;
use std::process::Stdio;

use super::{GitError, PLAIN, Repository, SUBMODULE, failed};

/// A path as it is shown everywhere: a part that is no UTF-8 with `\xNN`.
fn shown(path: &[u8]) -> String {
    let parts = path.split(|byte| *byte == b'/').map(|part| match std::str::from_utf8(part) {
        Ok(text) => text.to_owned(),
        Err(_) => part.escape_ascii().to_string(),
    });
    parts.collect::<Vec<_>>().join("/")
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id, whole.
    pub id: String,
    /// The id of its tree.
    pub tree: String,
    /// The day on which it was committed, `2024-03-01`, in the committer's time zone.
    pub day: String,
    /// The first line of its message.
    pub subject: String,
}

/// A file that a commit has, or has no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Where.
    pub path: String,
    /// Its blob; none where it is gone, or no plain file.
    pub blob: Option<String>,
}

impl Repository {
    /// The commits of a revision by their first parents, oldest first: what the branch was, not what was merged into it.
    ///
    /// # Errors
    /// When there is no repository or no such revision.
    pub fn first_parents(&self, revision: &str, since: Option<&str>) -> Result<Vec<Commit>, GitError> {
        self.check_work_tree()?;
        let tip = self.commit(revision)?;
        let mut arguments =
            vec!["log", "--first-parent", "--reverse", "--no-show-signature", "-z", "--format=%H %T %cs %s"];
        let since = since.map(|since| format!("--since={since}"));
        arguments.extend(since.as_deref());
        arguments.extend([tip.as_str(), "--"]);
        let log = self.text(&arguments)?;
        let commits = log.split('\0').filter_map(|line| {
            let mut words = line.trim_start_matches('\n').splitn(4, ' ');
            let (id, tree, day) = (words.next()?, words.next()?, words.next()?);
            Some(Commit {
                id: id.to_owned(),
                tree: tree.to_owned(),
                day: day.to_owned(),
                subject: words.next().unwrap_or_default().to_owned(),
            })
        });
        Ok(commits.collect())
    }

    /// The folder, from the top of the work tree: empty, or with a `/` at its end.
    ///
    /// # Errors
    /// When git fails.
    pub fn prefix(&self) -> Result<String, GitError> {
        let prefix = self.bytes(&["rev-parse", "--show-prefix"])?;
        Ok(shown(prefix.strip_suffix(b"\n").unwrap_or(&prefix)))
    }

    /// Whether a commit has submodules below the folder.
    ///
    /// # Errors
    /// When git fails.
    pub fn has_submodules(&self, commit: &str) -> Result<bool, GitError> {
        let raw = self.bytes(&["ls-tree", "-r", "--format=%(objectmode)", commit])?;
        Ok(raw.split(|byte| *byte == b'\n').any(|mode| mode == SUBMODULE.as_bytes()))
    }

    /// The plain files of a commit or tree.
    ///
    /// # Errors
    /// When git fails.
    pub fn listing(&self, tree: &str) -> Result<Vec<Listed>, GitError> {
        let raw = self.bytes(&["ls-tree", "-r", "-z", "--full-tree", tree])?;
        let files = raw.split(|byte| *byte == 0).filter_map(|entry| {
            let tab = entry.iter().position(|byte| *byte == b'\t')?;
            let (about, path) = (String::from_utf8_lossy(&entry[..tab]), &entry[tab + 1..]);
            let mut words = about.split(' ');
            let mode = words.next()?;
            let blob = words.nth(1)?;
            PLAIN.contains(&mode).then(|| Listed { path: shown(path), blob: Some(blob.to_owned()) })
        });
        Ok(files.collect())
    }

    /// What changes from one tree to another, for many pairs at once.
    ///
    /// # Errors
    /// When git fails.
    pub fn changes_between(&self, pairs: &[(&str, &str)]) -> Result<Vec<Vec<Listed>>, GitError> {
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let arguments = ["diff-tree", "--stdin", "-r", "-z", "--raw", "--no-renames", "--no-abbrev"];
        let asked: String = pairs.iter().map(|(before, after)| format!("{before} {after}\n")).collect();
        let raw = self.answer(&arguments, asked)?;
        let mut found: Vec<Vec<Listed>> = vec![Vec::new(); pairs.len()];
        // git says `before after\n` ahead of the changes of a pair, and nothing of a pair without any.
        let mut pair = 0;
        let mut next = 0;
        let mut fields = raw.split(|byte| *byte == 0);
        while let Some(field) = fields.next() {
            let field = String::from_utf8_lossy(field);
            for line in field.lines() {
                let Some(about) = line.strip_prefix(':') else {
                    let is_named = |(before, after): &(&str, &str)| line == format!("{before} {after}");
                    if let Some(at) = pairs.iter().skip(next).position(is_named) {
                        pair = next + at;
                        next = pair + 1;
                    }
                    continue;
                };
                // `old-mode new-mode old-blob new-blob status`, and then the path.
                let words: Vec<&str> = about.split(' ').collect();
                let (Some(path), [_, mode, _, blob, ..]) = (fields.next(), words.as_slice()) else {
                    continue;
                };
                found[pair].push(Listed {
                    path: shown(path),
                    blob: PLAIN.contains(mode).then(|| (*blob).to_owned()),
                });
            }
        }
        Ok(found)
    }

    /// The answer of a git command that is asked on its stdin.
    pub(super) fn answer(&self, arguments: &[&str], asked: String) -> Result<Vec<u8>, GitError> {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().map_err(GitError::Missing)?;
        let stdin = child.stdin.take();
        // git answers while it is still being asked: both ends have to move.
        let asking = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(asked.as_bytes())));
        let output = child.wait_with_output().map_err(GitError::Missing)?;
        let _ = asking.join();
        if output.status.success() { Ok(output.stdout) } else { Err(failed(arguments, &output.stderr)) }
    }
}
