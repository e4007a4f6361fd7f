//! A tree on disk → a linked [`Index`], with what could not be seen.
//!
//! The seam between the file system and the analysis: it reads what discovery found, in
//! parallel, and answers the linker's questions about the environment.

mod outside;
pub mod revisions;
mod scan;
mod stamp;

use std::path::PathBuf;
use std::time::Duration;

pub use self::outside::Witness;
pub use self::scan::{Scan, scan};
use crate::cache::Cache;
use crate::discover::environment::{Environment, EnvironmentError};
use crate::discover::{DiscoverError, Skipped};
use crate::lang::{Platform, Target};
use crate::link::Index;
use crate::link::references::Uses;
use crate::source::RoleTable;

/// What to read and for which target.
pub struct ReadOptions<'a> {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// Whether ignore files count.
    pub respects_ignore: bool,
    /// Roles by path.
    pub roles: &'a RoleTable,
    /// The environment: given, looked for, or none.
    pub environment: EnvironmentChoice,
    /// Minor version of Python 3; by default the environment's, else the newest known.
    pub python_minor: Option<u8>,
    /// Platform that the code runs on.
    pub platform: Platform,
    /// Whether prose is read for what it mentions.
    pub reads_prose: bool,
    /// Whose uses are followed when the tree is linked.
    pub uses: Uses<'a>,
}

/// Where to look for third-party packages.
#[derive(Debug, Clone)]
pub enum EnvironmentChoice {
    /// `--python PATH`.
    At(PathBuf),
    /// `VIRTUAL_ENV` if it is set, else `.venv` or `venv` in or above the tree.
    Detect(Option<PathBuf>),
    /// `--no-python`.
    None,
}

/// A tree, read and linked.
pub struct Tree {
    /// The program.
    pub index: Index,
    /// Folder that shown paths are relative to.
    pub root: PathBuf,
    /// Prose files with their text, and the doc comments of sources.
    pub documents: Vec<(String, String)>,
    /// How many of [`Tree::documents`] are files of prose; they come first.
    pub prose_files: usize,
    /// What was met and not read.
    pub skipped: Vec<Skipped>,
    /// The environment in use.
    pub environment: Option<Environment>,
    /// What conditions were evaluated for.
    pub target: Target,
    /// Bytes of source read.
    pub bytes: u64,
    /// What was found of the environment, by module.
    pub witness: Witness,
    /// How long each part took.
    pub times: Times,
}

/// Wall time of the parts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    /// Walking folders.
    pub discovery: Duration,
    /// Reading, parsing and lowering files.
    pub facts: Duration,
    /// Linking.
    pub linking: Duration,
}

/// A tree that cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A PATH is wrong.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// The environment is wrong.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
}

/// Reads and links a tree.
///
/// # Errors
/// When a PATH or the environment that was asked for is not there. Anything else that cannot be
/// read is listed in [`Tree::skipped`].
pub fn read(options: &ReadOptions<'_>, cache: &Cache) -> Result<Tree, TreeError> {
    Ok(scan(options, cache)?.link())
}
