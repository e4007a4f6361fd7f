//! Repositories to test on. Without the `git` program such tests say so and are left out, except where `CI` is set.

use std::path::Path;
use std::process::Command;

/// Whether there is a `git` to test with.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
pub(crate) fn has_git() -> bool {
    let found = Command::new("git").arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(found || std::env::var_os("CI").is_none(), "git is not installed");
    if !found {
        eprintln!("LEFT OUT: git is not installed, so nothing is tested of what it knows");
    }
    found
}

#[track_caller]
pub(crate) fn git(root: &Path, day: &str, arguments: &[&str]) {
    let date = format!("{day}T12:00:00Z");
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_DATE", &date)
        .output()
        .expect("git");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

pub(crate) fn commit(root: &Path, day: &str) {
    git(root, day, &["add", "-A"]);
    git(root, day, &["commit", "-q", "-m", day]);
}
