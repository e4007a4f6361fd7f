//! What git knows of a tree: its past, and how it differs from it.
//!
//! Asks the `git` program, since what a repository may contain (worktrees, alternates, partial clones, replaced
//! objects, submodules) is its to know. The work tree and the index are not touched.

mod commits;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub use self::commits::{Commit, Listed};

/// Why git gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no `git`.
    #[error("cannot run git: {0}")]
    Missing(std::io::Error),
    /// The folder is in no work tree that git would look at.
    #[error("{} is in no git work tree: {message}", folder.display())]
    NoRepository {
        /// The folder.
        folder: PathBuf,
        /// What git says.
        message: String,
    },
    /// No commit yet.
    #[error("the repository has no commit yet")]
    NoCommit,
    /// A name that stands for no commit here.
    #[error("`{name}` is no commit of this repository")]
    UnknownRevision {
        /// As typed.
        name: String,
        /// Whether the clone is shallow, so that it may only not have been fetched.
        is_shallow: bool,
    },
    /// Two commits without a common ancestor that is here.
    #[error("`{name}` and HEAD have no common ancestor in this repository")]
    NoMergeBase {
        /// As typed.
        name: String,
        /// Whether the clone is shallow.
        is_shallow: bool,
    },
    /// git failed at something that it should be able to do.
    #[error("git {command} failed: {message}")]
    Failed {
        /// The subcommand.
        command: String,
        /// What it says.
        message: String,
    },
}

impl GitError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        const SHALLOW: &str = "this clone is shallow: fetch more of the history (`git fetch --unshallow`; in GitHub's \
                               checkout action `fetch-depth: 0`, in GitLab CI `GIT_DEPTH: 0`)";
        match self {
            Self::Missing(_) => "install git, or compare with a baseline instead",
            Self::NoRepository { .. } => {
                "scan a folder of a repository that git trusts (see `git config safe.directory`), or compare with a baseline"
            }
            Self::NoCommit => "commit something first",
            Self::UnknownRevision { is_shallow: true, .. } | Self::NoMergeBase { is_shallow: true, .. } => {
                SHALLOW
            }
            Self::UnknownRevision { .. } => {
                "give a branch, a tag or a commit, such as origin/main; perhaps fetch it first"
            }
            Self::NoMergeBase { .. } => "give a revision that the current branch has grown from",
            Self::Failed { .. } => "see what git says when it is called by hand",
        }
    }
}

/// The repository around a folder.
#[derive(Debug, Clone)]
pub struct Repository {
    folder: PathBuf,
}

/// A file that differs between a commit and the work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its real path.
    pub path: PathBuf,
    /// The blob that the commit has there; none where it has no file.
    pub blob: Option<String>,
}

/// What changed since a commit.
#[derive(Debug, Default)]
pub struct Changes {
    /// Files, sorted by path.
    pub files: Vec<Change>,
    /// Submodules that stand at another commit, by real path; what is in them is not compared.
    pub submodules: Vec<PathBuf>,
}

/// Modes of files in a tree (gitformat-index): what is a plain file, and what a submodule.
const PLAIN: [&str; 2] = ["100644", "100755"];
const SUBMODULE: &str = "160000";

impl Repository {
    /// The repository around a folder, whether there is one or not.
    #[must_use]
    pub fn around(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.folder).args([
            "--no-optional-locks",
            "--literal-pathspecs",
            "-c",
            "log.showSignature=false",
            "-c",
            "core.quotePath=false",
        ]);
        // Whoever calls us from a hook means the repository around the folder, which git finds by itself.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_PREFIX"] {
            command.env_remove(name);
        }
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The answer of a git command.
    ///
    /// # Errors
    /// When there is no git, or it fails.
    pub fn bytes(&self, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        let output = self.command(arguments).output().map_err(GitError::Missing)?;
        if output.status.success() { Ok(output.stdout) } else { Err(failed(arguments, &output.stderr)) }
    }

    /// The same as text.
    ///
    /// # Errors
    /// As [`Repository::bytes`].
    pub fn text(&self, arguments: &[&str]) -> Result<String, GitError> {
        Ok(String::from_utf8_lossy(&self.bytes(arguments)?).trim_end().to_owned())
    }

    /// Whether older commits are not here.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.text(&["rev-parse", "--is-shallow-repository"]).is_ok_and(|answer| answer == "true")
    }

    /// The commit that the current branch and a revision have in common, the newest of them.
    ///
    /// # Errors
    /// When there is no repository, no such revision, or no common ancestor here.
    pub fn merge_base(&self, name: &str) -> Result<String, GitError> {
        self.check_work_tree()?;
        let theirs = self.commit(name)?;
        self.text(&["merge-base", "HEAD", &theirs])
            .map_err(|_| GitError::NoMergeBase { name: name.to_owned(), is_shallow: self.is_shallow() })
    }

    /// Fails where there are no files of a repository.
    fn check_work_tree(&self) -> Result<(), GitError> {
        match self.text(&["rev-parse", "--is-inside-work-tree"]) {
            Ok(answer) if answer == "true" => Ok(()),
            Err(error @ GitError::Missing(_)) => Err(error),
            Ok(_) => {
                let message = "there are no files of it here".to_owned();
                Err(GitError::NoRepository { folder: self.folder.clone(), message })
            }
            Err(error) => {
                let message = match error {
                    GitError::Failed { message, .. } => message,
                    other => other.to_string(),
                };
                Err(GitError::NoRepository { folder: self.folder.clone(), message })
            }
        }
    }

    /// The id of the commit that a name stands for.
    fn commit(&self, name: &str) -> Result<String, GitError> {
        if self.text(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).is_err() {
            return Err(GitError::NoCommit);
        }
        let commit = format!("{name}^{{commit}}");
        self.text(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])
            .map_err(|_| GitError::UnknownRevision { name: name.to_owned(), is_shallow: self.is_shallow() })
    }

    /// The files below the folder that differ between a commit and the work tree, untracked ones included; those that git
    /// ignores too, where they are asked for.
    ///
    /// # Errors
    /// When git fails.
    pub fn changes_since(&self, commit: &str, with_ignored: bool) -> Result<Changes, GitError> {
        let top = self.bytes(&["rev-parse", "--show-toplevel"])?;
        let top = path_of(top.strip_suffix(b"\n").unwrap_or(&top));
        let top = top.canonicalize().unwrap_or(top);
        let raw = self.bytes(&[
            "diff",
            "--raw",
            "-z",
            "--no-renames",
            "--no-abbrev",
            "--no-ext-diff",
            "--no-textconv",
            "--ignore-submodules=dirty",
            commit,
            "--",
            ".",
        ])?;
        let mut files: BTreeMap<PathBuf, Option<String>> = BTreeMap::new();
        let mut submodules = Vec::new();
        let mut fields = raw.split(|byte| *byte == 0);
        // `:old-mode new-mode old-blob new-blob status` and then the path.
        while let (Some(about), Some(path)) = (fields.next(), fields.next()) {
            let about = String::from_utf8_lossy(about).into_owned();
            let mut words = about.trim_start_matches(':').split(' ');
            let (old, new, blob) = (words.next(), words.next(), words.nth(0));
            let path = top.join(path_of(path));
            if old == Some(SUBMODULE) || new == Some(SUBMODULE) {
                submodules.push(path);
                continue;
            }
            let blob = blob.filter(|_| old.is_some_and(|mode| PLAIN.contains(&mode)));
            files.insert(path, blob.map(str::to_owned));
        }
        let mut listing = vec!["ls-files", "--others", "-z", "--full-name"];
        listing.extend((!with_ignored).then_some("--exclude-standard"));
        listing.extend(["--", "."]);
        let untracked = self.bytes(&listing)?;
        for path in untracked.split(|byte| *byte == 0).filter(|path| !path.is_empty()) {
            files.entry(top.join(path_of(path))).or_insert(None);
        }
        let files = files.into_iter().map(|(path, blob)| Change { path, blob });
        Ok(Changes { files: files.collect(), submodules })
    }

    /// The contents of blobs, in the order in which they are asked for.
    ///
    /// # Errors
    /// When git fails, or a blob is not here.
    pub fn contents(&self, blobs: &[&str]) -> Result<Vec<Vec<u8>>, GitError> {
        if blobs.is_empty() {
            return Ok(Vec::new());
        }
        let arguments = ["cat-file", "--batch"];
        let wanted: String = blobs.iter().map(|blob| format!("{blob}\n")).collect();
        let answer = self.answer(&arguments, wanted)?;
        let mut rest = answer.as_slice();
        let mut found = Vec::with_capacity(blobs.len());
        for blob in blobs {
            found.push(next_blob(&mut rest).ok_or_else(|| GitError::Failed {
                command: arguments.join(" "),
                message: format!("blob {blob} is not in this repository"),
            })?);
        }
        Ok(found)
    }
}

/// Takes `oid blob size\n`, the content and a line end.
fn next_blob(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&rest[..end]).ok()?;
    let size: usize = head.split(' ').nth(2)?.parse().ok()?;
    let content = rest.get(end + 1..end + 1 + size)?.to_vec();
    *rest = rest.get(end + 2 + size..)?;
    Some(content)
}

fn failed(arguments: &[&str], stderr: &[u8]) -> GitError {
    let command = arguments.first().copied().unwrap_or_default().to_owned();
    let message = String::from_utf8_lossy(stderr).lines().next().unwrap_or("it says nothing").to_owned();
    GitError::Failed { command, message }
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}
