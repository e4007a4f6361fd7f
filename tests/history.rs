//! `ssot history` on real repositories: each commit's figures are those that `ssot report` gives of its files, and each event
//! is told of the commit that did it. Needs the `git` program; without it these tests say so and are left out, except where
//! `CI` is set.

mod support;

use std::path::Path;

use serde_json::Value;
use support::git::{commit, git, has_git};
use support::{Run, items, ssot, text_of, trees, write};
use tempfile::TempDir;

const DAYS: [&str; 8] = [
    "2026-01-01",
    "2026-01-01",
    "2026-01-02",
    "2026-01-05",
    "2026-01-09",
    "2026-02-01",
    "2026-02-02",
    "2026-02-03",
];

const MODERN: &str = "chat_backend/app/websocket_core/modern_websocket_abstraction.py";

/// The example tree and the example workspace, as they grew: a duplicate comes, moves and goes.
fn grown() -> TempDir {
    let made = TempDir::new().expect("a fresh folder");
    let root = made.path();
    git(root, DAYS[0], &["init", "-q"]);
    copy(&trees().join("chat_service"), root);
    let modern = std::fs::read_to_string(root.join(MODERN)).expect("the duplicate");
    std::fs::remove_file(root.join(MODERN)).expect("removed");
    commit(root, DAYS[0]);
    write(root, "README.md", b"# Chat\n");
    commit(root, DAYS[1]);
    write(root, MODERN, modern.as_bytes());
    commit(root, DAYS[2]);
    copy(&trees().join("rust_hub"), &root.join("hub"));
    commit(root, DAYS[3]);
    write(root, "chat_backend/app/late.py", b"import chat_backend.app.main\n\n\nclass Late:\n    pass\n");
    commit(root, DAYS[4]);
    std::fs::remove_file(root.join(MODERN)).expect("removed");
    write(root, "chat_backend/app/moved.py", modern.as_bytes());
    commit(root, DAYS[5]);
    std::fs::remove_file(root.join("hub/Cargo.toml")).expect("removed");
    commit(root, DAYS[6]);
    std::fs::remove_file(root.join("chat_backend/app/moved.py")).expect("removed");
    commit(root, DAYS[7]);
    made
}

fn copy(from: &Path, to: &Path) {
    for path in support::files_with(from, &["py", "pyi", "rs", "toml", "md"]) {
        let relative = path.strip_prefix(from).expect("below");
        if relative.components().any(|part| part.as_os_str() == "target") {
            continue;
        }
        write(to, relative.to_str().expect("UTF-8"), &std::fs::read(&path).expect("file"));
    }
}

fn history(root: &Path, options: &[&str]) -> Run {
    let mut arguments = vec!["history", "--no-python", "--no-cache", "--format", "json"];
    arguments.extend_from_slice(options);
    ssot(root, &arguments)
}

/// `change type` of every event that is told of a commit's day.
fn told(answer: &Value, day: &str) -> Vec<String> {
    let events = items(&answer["events"]).iter().filter(|event| event["day"] == day);
    let told = events.map(|event| {
        let last = text_of(event, "type").rsplit('.').next().expect("a name").to_owned();
        format!("{} {last}", text_of(event, "change"))
    });
    told.collect()
}

/// Holds the history of a folder to what a report of each commit's files says.
#[track_caller]
fn check(repository: &Path, below: &str) {
    let answer = history(&repository.join(below), &["--every", "1"]).json();
    let commits = items(&answer["commits"]);
    let mut compared = 0;
    for (at, entry) in commits.iter().enumerate() {
        let there = TempDir::new().expect("a fresh folder");
        // A folder of the same name: where the root is a package, its name is part of every id.
        let folder = there.path().join(repository.file_name().expect("a name"));
        let id = text_of(entry, "id");
        git(repository, DAYS[0], &["worktree", "add", "-q", "--detach", folder.to_str().expect("UTF-8"), id]);
        let folder = folder.join(below);
        if !folder.is_dir() {
            assert_eq!(entry["files"].as_u64(), Some(0), "commit {at} of {below}");
            continue;
        }
        compared += 1;
        let report = ssot(&folder, &["report", "--no-python", "--format", "json"]).json();
        let load = items(&report["graph"]["components"]).iter();
        let load = load.filter(|component| items(&component["phases"]).len() == 1).count();
        assert_eq!(
            ["files", "lines", "types", "duplicate_names", "load_cycles"].map(|key| entry[key].as_u64()),
            [
                report["coverage"]["files"].as_u64(),
                report["coverage"]["lines"].as_u64(),
                report["coverage"]["types"].as_u64(),
                Some(items(&report["duplicates"]).len() as u64),
                Some(load as u64),
            ],
            "commit {at} of {below}"
        );
        let concepts = items(&report["concepts"]);
        assert_eq!(items(&entry["concepts"]).len(), concepts.len(), "commit {at} of {below}");
        for (counts, concept) in items(&entry["concepts"]).iter().zip(concepts) {
            let of_roles = |roles: &[&str]| {
                let members = items(&concept["members"]).iter().chain(items(&concept["modules"]));
                members.filter(|member| roles.contains(&text_of(member, "role"))).count() as u64
            };
            assert_eq!(
                ["implementations", "duplicates", "protocols", "shims", "conflicts"]
                    .map(|key| counts[key].as_u64()),
                [
                    Some(of_roles(&["canonical", "duplicate", "complementary"])),
                    Some(of_roles(&["duplicate"])),
                    Some(of_roles(&["protocol"])),
                    Some(of_roles(&["shim"])),
                    Some(items(&concept["conflicts"]).len() as u64),
                ],
                "commit {at} of {below}"
            );
            assert_eq!(counts["canonical"], concept["canonical"], "commit {at} of {below}");
        }
    }
    assert!(compared > 0, "{below}");
}

#[test]
fn every_commit_has_the_figures_that_a_report_of_its_files_has() {
    if !has_git() {
        return;
    }
    let made = grown();
    for below in [
        "",
        "chat_backend",
        "chat_backend/app/websocket_core",
        "hub",
        "hub/crates",
        "hub/crates/hub-legacy",
        "hub/crates/hub-legacy/src",
    ] {
        check(made.path(), below);
    }
}

#[test]
fn a_commit_decides_by_itself_which_files_count_and_what_they_are_called() {
    if !has_git() {
        return;
    }
    let made = TempDir::new().expect("a fresh folder");
    let root = made.path().join("work");
    let hub = |name: &str| {
        format!(
            "class {name}:\n    def __init__(self):\n        self.users = {{}}\n\n    def add(self, user, socket):\n        self.users[user] = socket\n\n    def send(self, user, text):\n        self.users[user].send(text)\n"
        )
    };
    write(
        &root,
        "ssot.toml",
        b"[[concept]]\nid = \"hub\"\ntitle = \"Hub\"\nsummary = \"\"\nnames = [\"*Hub\"]\n",
    );
    git(&root, DAYS[0], &["init", "-q"]);
    write(&root, "pkg/inner/z.py", hub("OldHub").as_bytes());
    commit(&root, DAYS[0]);
    // A copy beside it: neither is used, so the older one is the canonical one.
    write(&root, "pkg/inner/a.py", hub("NewHub").as_bytes());
    commit(&root, DAYS[1]);
    for (day, path) in
        [(DAYS[2], "pkg/inner/__init__.py"), (DAYS[3], "pkg/__init__.py"), (DAYS[4], "__init__.py")]
    {
        write(&root, path, b"");
        commit(&root, day);
    }
    write(&root, "pkg/inner/env/pyvenv.cfg", b"");
    write(&root, "pkg/inner/env/lib.py", hub("InstalledHub").as_bytes());
    write(&root, "pkg/inner/null.py", b"class A:\n    x = '\x00'\n");
    write(&root, "pkg/inner/latin.py", b"# -*- coding: nonsense -*-\nclass B: ...\n");
    write(&root, "pkg/inner/broken.py", b"class C(:\n    def f(self): ...\n");
    write(&root, "pkg/inner/.hidden/d.py", b"class D: ...\n");
    commit(&root, DAYS[5]);
    std::fs::remove_file(root.join("pkg/__init__.py")).expect("removed");
    commit(&root, DAYS[6]);
    for below in ["", "pkg", "pkg/inner"] {
        check(&root, below);
    }
}

#[test]
fn a_repository_that_the_surroundings_name_is_not_mistaken_for_the_one_around_the_folder() {
    if !has_git() {
        return;
    }
    let made = grown();
    let other = TempDir::new().expect("a fresh folder");
    git(other.path(), DAYS[0], &["init", "-q"]);
    write(other.path(), "a.py", b"class A: ...\n");
    commit(other.path(), DAYS[0]);
    let mut asked = support::command(made.path());
    asked
        .args(["history", "--no-python", "--no-cache", "--format", "json"])
        .env("GIT_DIR", other.path().join(".git"));
    assert_eq!(items(&support::finish(&mut asked).json()["commits"]).len(), DAYS.len());
}

#[test]
fn each_event_is_told_of_the_commit_that_did_it_however_few_commits_are_looked_at() {
    if !has_git() {
        return;
    }
    let made = grown();
    for options in [&["--every", "1"][..], &["--every", "4"], &["--per", "month"], &[]] {
        let answer = history(made.path(), options).json();
        assert_eq!(told(&answer, DAYS[2]), ["introduced ModernWebSocketManager"], "{options:?}");
        assert_eq!(told(&answer, DAYS[5]), ["moved ModernWebSocketManager"], "{options:?}");
        assert_eq!(told(&answer, DAYS[7]), ["removed ModernWebSocketManager"], "{options:?}");
        assert!(told(&answer, DAYS[4]).is_empty(), "{options:?}");
    }
    let months = history(made.path(), &["--per", "month"]).json();
    assert_eq!(items(&months["commits"]).len(), 3);
    let since = history(made.path(), &["--since", "2026-01-15"]).json();
    assert_eq!((since["all_commits"].as_u64(), items(&since["events"]).len()), (Some(3), 1));
}

#[test]
fn a_page_shows_the_figures_over_time_and_a_report_takes_them_in() {
    if !has_git() {
        return;
    }
    let made = grown();
    let root = made.path();
    let page = ssot(root, &["history", "--no-cache", "--format", "html"]).text();
    assert!(page.contains("<svg viewBox") && page.contains("Burndown: websocket-manager"), "{page}");
    let text = ssot(root, &["history", "--no-cache"]).text();
    assert!(text.contains("duplicates            0 ▁▁█████▁ 0"), "{text}");
    history(root, &["-o", "past.json"]).expect_code(0);
    let report =
        ssot(root, &["report", "--no-python", "--history", "past.json", "--format", "markdown"]).text();
    assert!(report.contains("## History") && report.contains("xychart-beta"));
    // The same bytes on every run, with a cache and without.
    let once = history(root, &["--every", "1"]);
    let cached = ssot(root, &["history", "--no-python", "--format", "json", "--every", "1"]);
    let again = ssot(root, &["history", "--no-python", "--format", "json", "--every", "1"]);
    assert!(once.stdout == cached.stdout && cached.stdout == again.stdout);
}

#[test]
fn a_part_of_a_repository_has_its_own_history() {
    if !has_git() {
        return;
    }
    let made = grown();
    let all = history(made.path(), &["--every", "1"]).json();
    let hub = history(&made.path().join("hub"), &["--every", "1"]).json();
    let files = |answer: &Value, at: usize| answer["commits"][at]["files"].as_u64();
    assert_eq!(files(&hub, 0), Some(0));
    assert_eq!(files(&hub, 4).map(|hub| files(&all, 2).map(|before| before + hub)), files(&all, 3).map(Some));
}

#[test]
fn what_is_no_history_is_refused_with_a_way_out() {
    if !has_git() {
        return;
    }
    let plain = support::folder(&[("a.py", "class A: ...\n"), ("no.json", "{\"schema\": 3}")]);
    history(plain.path(), &[]).expect_refusal(&["is in no git work tree", "help:"]);
    let made = TempDir::new().expect("a fresh folder");
    git(made.path(), DAYS[0], &["init", "-q"]);
    history(made.path(), &[]).expect_refusal(&["no commit yet"]);
    write(made.path(), "a.py", b"class A: ...\n");
    commit(made.path(), DAYS[0]);
    history(made.path(), &["--revision", "nowhere"]).expect_refusal(&["`nowhere` is no commit"]);
    history(made.path(), &["--since", "nonsense"]).expect_refusal(&["--since", "nonsense"]);
    let run = ssot(plain.path(), &["report", "--history", "no.json", "--format", "json"]);
    run.expect_refusal(&["has no place in the JSON report"]);
    let run = ssot(plain.path(), &["report", "--history", "no.json"]);
    run.expect_refusal(&["no.json:1:12 is no history", "ssot history"]);
}
