//! The binary as users run it, and folders to run it on.
#![allow(dead_code, reason = "each test binary uses its own part of this module")]

pub(crate) mod git;

use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// Longer than any run takes in a debug build; a hang fails instead of blocking.
const PATIENCE: Duration = Duration::from_secs(300);

/// What one run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    /// Exit code; none when a signal ended it.
    pub(crate) code: Option<i32>,
    /// Bytes on stdout.
    pub(crate) stdout: Vec<u8>,
    /// Text on stderr.
    pub(crate) stderr: String,
}

impl Run {
    /// The answer, of a run that has to have worked.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        self.expect_code(0);
        String::from_utf8(self.stdout.clone()).expect("stdout is UTF-8")
    }

    /// The answer as JSON, of a run that has to have worked.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        self.expect_code(0);
        serde_json::from_slice(&self.stdout).expect("stdout is JSON")
    }

    /// Fails unless the process ended with this code and without a panic.
    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) {
        assert_eq!(self.code, Some(code), "exit code; stderr:\n{}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "a panic:\n{}", self.stderr);
    }

    /// Fails unless the run was refused with these words on stderr and nothing on stdout.
    #[track_caller]
    pub(crate) fn expect_refusal(&self, words: &[&str]) {
        self.expect_code(2);
        assert!(self.stdout.is_empty(), "a refused call prints no data");
        for word in words {
            assert!(unwrapped(&self.stderr).contains(word), "{word:?} is not in:\n{}", self.stderr);
        }
    }
}

/// Text of an error without the line breaks and margins that fit it into a terminal.
fn unwrapped(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| !matches!(*word, "│" | "×" | "╰─▶"));
    words.collect::<Vec<_>>().join(" ")
}

/// The binary, in a given folder, without what the surrounding shell may say.
pub(crate) fn command(folder: &Path) -> Command {
    // Checks on large trees name a binary that is built for speed.
    let binary = std::env::var_os("SSOT_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_ssot").into());
    let mut command = Command::new(binary);
    command.current_dir(folder).timeout(PATIENCE);
    for name in ["VIRTUAL_ENV", "NO_COLOR", "COLUMNS", "RAYON_NUM_THREADS", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    // Tests leave nothing in the cache of whoever runs them.
    command.env("SSOT_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
    command
}

/// Runs a prepared command.
pub(crate) fn finish(command: &mut Command) -> Run {
    let output = command.output().expect("the binary runs");
    Run {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs the binary with these arguments in a folder.
pub(crate) fn ssot(folder: &Path, arguments: &[&str]) -> Run {
    finish(command(folder).args(arguments))
}

/// The repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of example trees.
pub(crate) fn trees() -> PathBuf {
    repository().join("fixtures/trees")
}

/// A fresh folder with the given files.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let made = TempDir::new().expect("a fresh folder");
    for (path, text) in files {
        write(made.path(), path, text.as_bytes());
    }
    made
}

/// Writes a file and the folders above it.
pub(crate) fn write(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
    std::fs::write(path, bytes).expect("file");
}

/// The files below a folder with one of these extensions, in order; what git keeps for itself is left out.
pub(crate) fn files_with(root: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(root).sort_by_file_name().into_iter();
    let entries = entries.filter_entry(|entry| entry.file_name() != ".git");
    let paths = entries.map(|entry| entry.expect("entry").into_path());
    let is_wanted = |path: &PathBuf| {
        path.extension().and_then(|extension| extension.to_str()).is_some_and(|e| extensions.contains(&e))
    };
    paths.filter(is_wanted).collect()
}

/// Lays the Python files of a folder over another one, and tells where they are now.
pub(crate) fn lay_over(from: &Path, to: &Path) -> Vec<PathBuf> {
    let laid = files_with(from, &["py", "pyi"]).into_iter().map(|path| {
        let target = to.join(path.strip_prefix(from).expect("below"));
        std::fs::create_dir_all(target.parent().expect("a parent")).expect("folder");
        std::fs::copy(&path, &target).expect("file");
        target
    });
    laid.collect()
}

/// The folders that lie in a folder, in order.
pub(crate) fn folders_in(root: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(root).min_depth(1).max_depth(1).sort_by_file_name().into_iter();
    let paths = entries.map(|entry| entry.expect("entry").into_path());
    paths.filter(|path| path.is_dir()).collect()
}

/// Elements of an array.
#[track_caller]
pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no array: {value}"))
}

/// A string of an object.
#[track_caller]
pub(crate) fn text_of<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("no text `{key}` in {value}"))
}

/// A line number of an object.
#[track_caller]
pub(crate) fn line_of(value: &Value) -> u64 {
    value["line"].as_u64().unwrap_or_else(|| panic!("no line in {value}"))
}

/// Strings of an array.
#[track_caller]
pub(crate) fn strings(value: &Value) -> Vec<&str> {
    items(value).iter().map(|item| item.as_str().unwrap_or_else(|| panic!("no text: {item}"))).collect()
}

/// The one type with this id.
#[track_caller]
pub(crate) fn type_named<'v>(answer: &'v Value, id: &str) -> &'v Value {
    let mut found = items(&answer["types"]).iter().filter(|entry| entry["id"] == id);
    let first = found.next().unwrap_or_else(|| panic!("no type {id}"));
    assert!(found.next().is_none(), "several types {id}");
    first
}
