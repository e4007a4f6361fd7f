//! Front ends: the text of a file → [`FileFacts`].
//!
//! Each language is one module below; only those name a parser crate. A front end is total:
//! a broken file gives the facts that could be read, and its errors as facts.

mod origins;
pub mod python;
pub mod rust;
mod suppressions;

use crate::facts::FileFacts;
use crate::source::Language;

/// What the analysed code is to run on: decides `sys.version_info` and `sys.platform` tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Target {
    /// Minor version of Python 3: 13 is Python 3.13.
    pub python_minor: u8,
    /// The value of `sys.platform`.
    pub platform: Platform,
}

impl Default for Target {
    fn default() -> Self {
        Self { python_minor: 13, platform: Platform::Linux }
    }
}

/// The platforms that code tests for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Platform {
    /// `linux`
    #[default]
    Linux,
    /// `darwin`
    Darwin,
    /// `win32`
    Windows,
}

impl Platform {
    /// The value of `sys.platform`.
    #[must_use]
    pub fn sys_platform(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::Darwin => "darwin",
            Self::Windows => "win32",
        }
    }

    /// The value of `os.name`.
    #[must_use]
    pub fn os_name(self) -> &'static str {
        match self {
            Self::Linux | Self::Darwin => "posix",
            Self::Windows => "nt",
        }
    }
}

/// Parses a file and drops the tree: the floor that the benchmark measures everything against.
#[must_use]
pub fn parse_only(text: &str, language: Language) -> usize {
    match language {
        Language::Python | Language::PythonStub => python::parse_only(text),
        Language::Rust => rust::parse_only(text),
    }
}

/// What the comments of a file say to its readers, on the lines where it stands; none in Python, whose
/// docstrings are text like any other.
#[must_use]
pub fn documentation(text: &str, language: Language) -> Option<String> {
    match language {
        Language::Python | Language::PythonStub => None,
        Language::Rust => rust::documentation(text),
    }
}

/// Reads the facts of one file. Never fails; see [`FileFacts::errors`].
#[must_use]
pub fn facts(text: &str, language: Language, target: Target) -> FileFacts {
    match language {
        Language::Python => python::facts(text, python::Dialect::Source, target),
        Language::PythonStub => python::facts(text, python::Dialect::Stub, target),
        Language::Rust => rust::facts(text),
    }
}
