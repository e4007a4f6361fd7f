//! What git knows counts where it is at hand. Needs the `git` program: without it these tests say so and are
//! left out, except where `CI` is set.

mod support;

use support::git::{commit, git, has_git};
use support::{folder, items, ssot, text_of, write};

const HUB: &str = "class SocketHub:\n    def __init__(self):\n        self.sockets = {}\n\n    def add(self, key, socket):\n        self.sockets[key] = socket\n\n    def drop(self, key):\n        self.sockets.pop(key, None)\n";

const RULE: &str = "[[concept]]\nid = \"hub\"\ntitle = \"Hub\"\nnames = [\"*SocketHub\"]\n";

#[test]
fn of_two_that_are_even_the_older_file_is_canonical() {
    if !has_git() {
        return;
    }
    let made = folder(&[("pkg/__init__.py", ""), ("ssot.toml", RULE)]);
    let root = made.path();
    git(root, "2024-01-01", &["init", "-q"]);
    write(root, "pkg/older.py", HUB.replace("SocketHub", "ZebraSocketHub").as_bytes());
    commit(root, "2024-03-01");
    write(root, "pkg/newer.py", HUB.replace("SocketHub", "AppleSocketHub").as_bytes());
    commit(root, "2025-01-07");
    // Moving a file makes it no younger.
    git(root, "2025-06-01", &["mv", "pkg/older.py", "pkg/other.py"]);
    commit(root, "2025-06-01");

    let report = ssot(root, &["report", "--format", "json", "--no-python"]).json();
    let concept = &items(&report["concepts"])[0];
    assert_eq!(text_of(concept, "canonical"), "pkg.other.ZebraSocketHub");
    let page = ssot(root, &["report", "--format", "markdown", "--no-python"]).text();
    assert!(
        page.contains("the one whose file was committed first wins: `ZebraSocketHub` 2024-03-01, `AppleSocketHub` 2025-01-07"),
        "{page}"
    );

    // A declaration overrides it, and a shallow clone knows nothing of age.
    write(root, "ssot.toml", format!("{RULE}canonical = \"AppleSocketHub\"\n").as_bytes());
    let report = ssot(root, &["report", "--format", "json", "--no-python"]).json();
    assert_eq!(text_of(&items(&report["concepts"])[0], "canonical"), "pkg.newer.AppleSocketHub");
    let shallow = folder(&[]);
    let source = format!("file://{}", root.display());
    git(shallow.path(), "2025-06-02", &["clone", "-q", "--depth", "1", &source, "copy"]);
    let report = ssot(&shallow.path().join("copy"), &["report", "--format", "json", "--no-python"]).json();
    assert_eq!(text_of(&items(&report["concepts"])[0], "canonical"), "pkg.newer.AppleSocketHub");
    assert!(!report.to_string().contains("first_committed"), "nothing is known of age");
}
