//! A file of the tree: where it is, in which language, in what role.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde::Deserialize;

/// How many files or types a thread takes at a time, where some cost a hundred times what others do: so few that
/// none is left with many of them when the other threads have nothing to do.
pub const AT_A_TIME: usize = 16;

/// Languages that a front end reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// `.py`
    Python,
    /// `.pyi`
    PythonStub,
    /// `.rs`
    Rust,
}

impl Language {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Python | Self::PythonStub => "python",
            Self::Rust => "rust",
        }
    }

    /// The language of a file with this extension.
    #[must_use]
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension {
            "py" => Some(Self::Python),
            "pyi" => Some(Self::PythonStub),
            "rs" => Some(Self::Rust),
            _ => None,
        }
    }

    /// Whether it is Python, source or stub.
    #[must_use]
    pub fn is_python(self) -> bool {
        matches!(self, Self::Python | Self::PythonStub)
    }
}

/// What a file is for. Order is the order of columns in every table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileRole {
    /// Code that ships.
    Production,
    /// Tests and what serves them.
    Test,
    /// Scripts and build tooling.
    Script,
    /// Documentation and examples.
    Docs,
    /// Written by a program.
    Generated,
    /// Somebody else's code, kept in the tree.
    Vendored,
}

impl FileRole {
    /// All roles, in order.
    pub const ALL: [Self; 6] =
        [Self::Production, Self::Test, Self::Script, Self::Docs, Self::Generated, Self::Vendored];

    /// The word used in rules and in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Test => "test",
            Self::Script => "script",
            Self::Docs => "docs",
            Self::Generated => "generated",
            Self::Vendored => "vendored",
        }
    }

    /// The role with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// A source file.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where to read it.
    pub path: PathBuf,
    /// Relative to the root of the scan, with `/`.
    pub display: String,
    /// Its language.
    pub language: Language,
    /// Its role.
    pub role: FileRole,
    /// A compiled module of the same name lies beside it, which is what runs.
    pub has_compiled_twin: bool,
}

/// A prose file that may mention symbols.
#[derive(Debug, Clone)]
pub struct Document {
    /// Where to read it.
    pub path: PathBuf,
    /// Relative to the root of the scan, with `/`.
    pub display: String,
}

/// Other contents for some files of a tree: what an earlier state of it held.
#[derive(Debug, Clone, Default)]
pub struct Overlay {
    /// By real path: the content, or none where there was no such file.
    pub files: BTreeMap<PathBuf, Option<Vec<u8>>>,
}

impl Overlay {
    /// The content that stands in for a file's own.
    #[must_use]
    pub fn content(&self, path: &Path) -> Option<&[u8]> {
        self.files.get(path)?.as_deref()
    }

    /// Whether there was no such file.
    #[must_use]
    pub fn is_absent(&self, path: &Path) -> bool {
        self.files.get(path).is_some_and(Option::is_none)
    }
}

/// What a package compiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrateTarget {
    /// The name that code knows it by: `hub_core` for the package `hub-core`.
    pub name: String,
    /// What it is.
    pub kind: CrateKind,
    /// Its first file, relative to the root of the scan with `/`.
    pub root: String,
    /// Names that its package gives to dependencies, and what these call themselves.
    pub renamed: Vec<(String, String)>,
    /// Folder of the package, relative to the root of the scan with `/`.
    pub package: String,
    /// Of the 2015 edition, in which paths with `::` before them start at the root of the crate.
    pub is_2015: bool,
}

/// Kinds of targets (Cargo Book, "Cargo Targets").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CrateKind {
    /// `src/lib.rs`: the one that others may name.
    Library,
    /// `src/main.rs`, `src/bin/`.
    Binary,
    /// `tests/`.
    Test,
    /// `examples/`.
    Example,
    /// `benches/`.
    Bench,
    /// `build.rs`.
    BuildScript,
}

/// Globs that give files their roles, first match wins.
#[derive(Debug, Clone)]
pub struct RoleTable {
    rules: Vec<(FileRole, GlobSet)>,
}

/// `[[role]]` of `rules/roles.toml` and `[[role]]` of a user's `ssot.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleRule {
    /// Name of the role.
    pub name: String,
    /// Globs relative to the root of the scan.
    pub globs: Vec<String>,
}

/// A rule of [`RoleTable`] that makes no sense.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RoleError {
    /// No such role.
    #[error("unknown file role `{0}`: expected production, test, script, docs, generated or vendored")]
    UnknownRole(String),
    /// A glob that cannot be read.
    #[error("`{glob}` is not a glob: {reason}")]
    BadGlob {
        /// The text.
        glob: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl RoleTable {
    /// Builds the table; `rules` come in order of precedence.
    ///
    /// # Errors
    /// [`RoleError`] names the first rule that cannot be used.
    pub fn new<'r>(rules: impl IntoIterator<Item = &'r RoleRule>) -> Result<Self, RoleError> {
        let mut compiled = Vec::new();
        for rule in rules {
            let role =
                FileRole::from_name(&rule.name).ok_or_else(|| RoleError::UnknownRole(rule.name.clone()))?;
            let mut set = GlobSetBuilder::new();
            for glob in &rule.globs {
                let bad = |reason: String| RoleError::BadGlob { glob: glob.clone(), reason };
                set.add(Glob::new(glob).map_err(|error| bad(error.kind().to_string()))?);
            }
            let set = set.build().map_err(|error| RoleError::BadGlob {
                glob: rule.globs.join(", "),
                reason: error.to_string(),
            })?;
            compiled.push((role, set));
        }
        Ok(Self { rules: compiled })
    }

    /// The role of the file at this relative path.
    #[must_use]
    pub fn role_of(&self, relative: &Path) -> FileRole {
        let matched = self.rules.iter().find(|(_, globs)| globs.is_match(relative));
        matched.map_or(FileRole::Production, |(role, _)| *role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_matching_rule_decides() {
        let rule = |name: &str, glob: &str| RoleRule { name: name.into(), globs: vec![glob.into()] };
        let table =
            RoleTable::new(&[rule("vendored", "**/vendor/**"), rule("test", "**/test_*.py")]).expect("table");
        let role = |path: &str| table.role_of(Path::new(path));
        assert_eq!(role("vendor/test_x.py"), FileRole::Vendored);
        assert_eq!(role("pkg/test_x.py"), FileRole::Test);
        assert_eq!(role("pkg/x.py"), FileRole::Production);
        assert!(matches!(RoleTable::new(&[rule("prod", "*")]), Err(RoleError::UnknownRole(_))));
        assert!(matches!(RoleTable::new(&[rule("test", "a{")]), Err(RoleError::BadGlob { .. })));
    }
}
