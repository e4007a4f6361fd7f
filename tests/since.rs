//! `ssot check --since`, and baselines that branches share: on real repositories. Needs the `git` program; without it
//! these tests say so and are left out, except where `CI` is set.

mod support;

use std::path::Path;

use serde_json::Value;
use support::git::{commit, git, has_git};
use support::{Run, items, ssot, text_of, write};
use tempfile::TempDir;

const DAY: &str = "2026-01-01";

/// A class that stands for itself: `n` makes it unlike all others.
fn class(name: &str, n: usize) -> String {
    let words = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron"];
    let (a, b) = (words[n % 8], words[(n / 8 + n) % 8]);
    format!(
        "class {name}:\n    def __init__(self, {a}):\n        self.{a} = {a}\n        self.{b}_{n} = []\n\n    def {b}(self, value):\n        if value > {n}:\n            raise ValueError(value)\n        self.{b}_{n}.append(value * {n})\n        return self.{a}\n"
    )
}

fn repository(files: &[(&str, String)]) -> TempDir {
    let made = TempDir::new().expect("a fresh folder");
    git(made.path(), DAY, &["init", "-q"]);
    for (path, text) in files {
        write(made.path(), path, text.as_bytes());
    }
    commit(made.path(), DAY);
    made
}

fn base() -> TempDir {
    repository(&[
        ("app/__init__.py", String::new()),
        ("app/a.py", class("Ledger", 1)),
        ("app/b.py", class("Ledger", 1)),
        ("app/c.py", class("Gauge", 2)),
        ("README.md", "# App\n".to_owned()),
    ])
}

fn check(root: &Path, more: &[&str]) -> Run {
    let mut arguments = vec!["check", "--no-python", "--format", "json"];
    arguments.extend(more);
    ssot(root, &arguments)
}

/// The messages of new findings.
#[track_caller]
fn new(run: &Run) -> Vec<String> {
    let answer: Value = serde_json::from_slice(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let findings = items(&answer["findings"]).iter().filter(|finding| finding["status"] == "new");
    let messages: Vec<String> = findings.map(|finding| text_of(finding, "message").to_owned()).collect();
    assert_eq!(run.code, Some(i32::from(!messages.is_empty())), "{}", run.stderr);
    messages
}

#[test]
fn only_what_a_change_brings_is_new() {
    if !has_git() {
        return;
    }
    let made = base();
    let root = made.path();
    assert_eq!(new(&check(root, &[])).len(), 1, "one is there");
    assert_eq!(new(&check(root, &["--since", "HEAD"])), Vec::<String>::new());
    // In a file that git does not know yet, in one that it does, and after the commit.
    write(root, "app/d.py", class("Gauge", 2).as_bytes());
    let told = ["`app.d.Gauge` is defined again: `app.c.Gauge` is the same thing"];
    assert_eq!(new(&check(root, &["--since", "HEAD"])), told);
    git(root, DAY, &["add", "-A"]);
    assert_eq!(new(&check(root, &["--since", "HEAD"])), told);
    git(root, DAY, &["checkout", "-q", "-b", "feature"]);
    commit(root, DAY);
    assert_eq!(new(&check(root, &["--since", "main"])), told);
    assert_eq!(new(&check(root, &["--since", "HEAD~1"])), told);
    assert_eq!(new(&check(root, &["--since", "HEAD"])), Vec::<String>::new());
    // What came to main in the meantime is none of the branch's business.
    git(root, DAY, &["checkout", "-q", "main"]);
    write(root, "app/e.py", class("Meter", 3).as_bytes());
    write(root, "app/f.py", class("Meter", 3).as_bytes());
    commit(root, DAY);
    git(root, DAY, &["checkout", "-q", "feature"]);
    assert_eq!(new(&check(root, &["--since", "main"])), told);
    // A detached head, and a folder of the repository.
    git(root, DAY, &["checkout", "-q", "--detach"]);
    assert_eq!(new(&check(root, &["--since", "main"])), told);
    assert_eq!(new(&check(&root.join("app"), &["--since", "main"])).len(), 1);
    // The work tree and the index are as before.
    let status =
        std::process::Command::new("git").arg("-C").arg(root).args(["status", "--porcelain"]).output();
    assert!(status.expect("git").stdout.is_empty());
}

#[test]
fn renamed_and_removed_files_bring_nothing() {
    if !has_git() {
        return;
    }
    let made = base();
    let root = made.path();
    git(root, DAY, &["mv", "app/b.py", "app/moved.py"]);
    assert_eq!(new(&check(root, &["--since", "HEAD"])), Vec::<String>::new());
    git(root, DAY, &["mv", "app", "application"]);
    assert_eq!(new(&check(root, &["--since", "HEAD"])), Vec::<String>::new());
    std::fs::remove_file(root.join("application/moved.py")).expect("removed");
    assert_eq!(new(&check(root, &["--since", "HEAD"])), Vec::<String>::new());
    // A suppression that goes leaves its finding behind.
    git(root, DAY, &["reset", "-q", "--hard"]);
    write(
        root,
        "app/b.py",
        format!("# ssot: allow[duplicate-definition] kept\n{}", class("Ledger", 1)).as_bytes(),
    );
    commit(root, DAY);
    write(root, "app/b.py", class("Ledger", 1).as_bytes());
    assert_eq!(new(&check(root, &["--since", "HEAD"])).len(), 1);
}

#[test]
fn dates_pass_for_those_who_keep_no_baseline() {
    if !has_git() {
        return;
    }
    let made = base();
    let root = made.path();
    let config = "[[allow]]\nrule = \"duplicate-definition\"\ntype = \"app.b.Ledger\"\nreason = \"goes in May\"\nuntil = 2026-05-31\n\n[[shim]]\ntype = \"app.c.Gauge\"\nuntil = 2026-05-31\nreason = \"callers move\"\n";
    write(root, "ssot.toml", config.as_bytes());
    commit(root, DAY);
    assert_eq!(new(&check(root, &["--since", "HEAD", "--today", "2026-05-31"])), Vec::<String>::new());
    assert_eq!(new(&check(root, &["--since", "HEAD", "--today", "2026-06-01"])).len(), 2);
}

#[test]
fn the_new_one_of_two_is_blamed_and_a_strict_baseline_is_about_its_own_entries() {
    if !has_git() {
        return;
    }
    let made = base();
    let root = made.path();
    write(root, "aaa.py", class("Gauge", 2).as_bytes());
    assert_eq!(
        new(&check(root, &["--since", "HEAD"])),
        ["`aaa.Gauge` is defined again: `app.c.Gauge` is the same thing"]
    );
    std::fs::remove_file(root.join("aaa.py")).expect("removed");
    std::fs::remove_file(root.join("app/b.py")).expect("removed");
    assert_eq!(new(&check(root, &["--since", "HEAD", "--strict-baseline"])), Vec::<String>::new());
}

#[test]
fn what_git_cannot_tell_is_said_with_what_to_do() {
    if !has_git() {
        return;
    }
    let made = base();
    let root = made.path();
    check(root, &["--since", "nowhere"])
        .expect_refusal(&["`nowhere` is no commit", "perhaps fetch it first"]);
    check(root, &["--since=--all"]).expect_refusal(&["`--all` is no commit"]);
    let bare = TempDir::new().expect("folder");
    write(bare.path(), "a.py", b"x = 1\n");
    check(bare.path(), &["--since", "HEAD"]).expect_refusal(&["is in no git work tree", "baseline"]);
    git(bare.path(), DAY, &["init", "-q"]);
    check(bare.path(), &["--since", "HEAD"]).expect_refusal(&["has no commit yet"]);
    // Two histories that have nothing in common.
    git(root, DAY, &["checkout", "-q", "--orphan", "other"]);
    write(root, "README.md", b"# Another beginning\n");
    commit(root, DAY);
    check(root, &["--since", "main"]).expect_refusal(&["have no common ancestor"]);
    // A clone without the history.
    git(root, DAY, &["checkout", "-q", "main"]);
    for n in 0..3 {
        write(root, "app/n.py", format!("x = {n}\n").as_bytes());
        commit(root, DAY);
    }
    let clones = TempDir::new().expect("folder");
    let url = format!("file://{}", root.display());
    git(clones.path(), DAY, &["clone", "-q", "--depth", "1", &url, "shallow"]);
    let shallow = clones.path().join("shallow");
    check(&shallow, &["--since", "HEAD~2"]).expect_refusal(&["this clone is shallow", "fetch-depth: 0"]);
    git(&shallow, DAY, &["fetch", "-q", "--unshallow"]);
    assert_eq!(new(&check(&shallow, &["--since", "HEAD~2"])), Vec::<String>::new());
}

#[test]
fn submodules_are_taken_as_they_are() {
    if !has_git() {
        return;
    }
    let (made, library) = (base(), base());
    let root = made.path();
    let url = format!("file://{}", library.path().display());
    git(root, DAY, &["-c", "protocol.file.allow=always", "submodule", "add", "-q", &url, "lib"]);
    commit(root, DAY);
    assert_eq!(new(&check(root, &["--since", "HEAD"])), Vec::<String>::new());
    write(&root.join("lib"), "app/x.py", class("Fresh", 5).as_bytes());
    write(&root.join("lib"), "app/y.py", class("Fresh", 5).as_bytes());
    commit(&root.join("lib"), DAY);
    let run = check(root, &["--since", "HEAD"]);
    assert!(run.stderr.contains("submodule lib has moved"), "{}", run.stderr);
    assert_eq!(new(&run), Vec::<String>::new());
    write(root, "app/d.py", class("Gauge", 2).as_bytes());
    assert_eq!(new(&check(root, &["--since", "HEAD"])).len(), 1);
}

#[test]
fn odd_names_links_and_modes_are_read_as_they_are() {
    if !has_git() {
        return;
    }
    let made = repository(&[
        ("app/ü \"x\"\ty.py", class("Ledger", 1)),
        ("app/a.py", class("Ledger", 1)),
        ("app/gone.py", class("Gauge", 2)),
        ("app/kept.py", class("Gauge", 2)),
    ]);
    let root = made.path();
    std::fs::rename(root.join("app/ü \"x\"\ty.py"), root.join("app/é.py")).expect("moved");
    #[cfg(unix)]
    {
        std::fs::remove_file(root.join("app/gone.py")).expect("removed");
        std::os::unix::fs::symlink("kept.py", root.join("app/gone.py")).expect("linked");
    }
    assert_eq!(new(&check(root, &["--since", "HEAD"])), Vec::<String>::new());
}

#[test]
fn baselines_of_two_branches_are_merged_by_git() {
    if !has_git() {
        return;
    }
    let made = base();
    let root = made.path();
    ssot(root, &["init", "--no-python", "--concepts", "0"]).text();
    commit(root, DAY);
    let add = |branch: &str, name: &str, n: usize| {
        git(root, DAY, &["checkout", "-q", "-b", branch, "main"]);
        write(root, &format!("app/{branch}_1.py"), class(name, n).as_bytes());
        write(root, &format!("app/{branch}_2.py"), class(name, n).as_bytes());
        check(root, &["--write-baseline", "ssot.baseline", "--grow"]).expect_code(0);
        commit(root, DAY);
    };
    // Two lines that lie side by side, and one of them removed on the second branch.
    add("left", "Lantern", 3);
    add("right", "Lamp", 4);
    std::fs::remove_file(root.join("app/b.py")).expect("removed");
    check(root, &["--prune"]).expect_code(0);
    commit(root, DAY);
    git(root, DAY, &["merge", "-q", "left", "-m", "both"]);
    let text = std::fs::read_to_string(root.join("ssot.baseline")).expect("baseline");
    assert!(text.contains("Lantern") && text.contains("Lamp"), "{text}");
    assert_eq!(new(&check(root, &[])), Vec::<String>::new());
    // Beside a line that is new on the other branch, git keeps one that was removed: it is stale, and fails nothing.
    check(root, &["--prune"]).expect_code(0);
    assert!(!std::fs::read_to_string(root.join("ssot.baseline")).expect("baseline").contains("Ledger"));
    assert_eq!(new(&check(root, &["--strict-baseline"])), Vec::<String>::new());
    write(root, "app/third.py", class("Lamp", 4).as_bytes());
    assert_eq!(new(&check(root, &[])).len(), 1);
}
