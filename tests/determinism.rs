//! An answer depends on the tree and the call alone: not on threads, on the run, on what earlier runs left in a cache, or on
//! where it is started.

mod support;

use std::path::Path;

use support::{command, finish, folder, trees};
use tempfile::TempDir;

/// Threads of each of the runs that are compared with a first one.
const RUNS: [&str; 5] = ["1", "2", "8", "8", "2"];

/// Files that are easily mixed up: equal names, broken code, cycles, several roots.
fn tangled() -> TempDir {
    let made = folder(&[
        ("a/src/p/__init__.py", "from . import *\nfrom .m import *\n"),
        ("a/src/p/m.py", "from .n import *\nclass K: pass\nclass Shared(K): pass\n"),
        ("a/src/p/n.py", "from .m import *\nimport p.m\nclass Other(p.m.K): pass\n"),
        ("a/pyproject.toml", ""),
        ("b/src/p/__init__.py", ""),
        ("b/src/p/m.py", "class K: pass\nclass Shared(K, Unknown): pass\nx = = 1\n"),
        ("b/pyproject.toml", ""),
        ("itself.py", "class A(A): pass\nD = E\nE = D\nclass F(D): pass\n"),
        (
            "orders.py",
            "class X: pass\nclass Y: pass\nclass P(X, Y): pass\nclass Q(Y, X): pass\nclass R(P, Q): pass\n",
        ),
        ("notes.md", "`K` and Shared and `p.m.K`.\n"),
    ]);
    support::write(made.path(), "bad.py", b"class Caf\xe9: pass\n");
    for n in 0..60 {
        let text = format!(
            "import many.m{} as after\nfrom p.m import K\n\nclass SocketManager{n}(K):\n    def send{n}(self, to, message): ...\n\nclass Same(K): pass\n",
            (n + 1) % 60
        );
        support::write(made.path(), &format!("many/m{n}.py"), text.as_bytes());
    }
    made
}

/// The answer to a call, which has to be one, without a cache.
#[track_caller]
fn answer(folder: &Path, threads: &str, arguments: &[&str]) -> Vec<u8> {
    answer_with(folder, threads, arguments, &["--no-cache"])
}

#[track_caller]
fn answer_with(folder: &Path, threads: &str, arguments: &[&str], caching: &[&str]) -> Vec<u8> {
    let run = finish(command(folder).env("RAYON_NUM_THREADS", threads).args(arguments).args(caching));
    run.expect_code(0);
    assert!(!run.stdout.is_empty(), "an answer");
    run.stdout
}

/// The first place where two answers differ.
fn first_difference(one: &[u8], other: &[u8]) -> String {
    let (one, other) = (String::from_utf8_lossy(one), String::from_utf8_lossy(other));
    let mut lines = one.lines().zip(other.lines()).enumerate();
    match lines.find(|(_, (one, other))| one != other) {
        Some((line, (one, other))) => format!("line {}:\n{one}\n{other}", line + 1),
        None => format!("{} and {} bytes", one.len(), other.len()),
    }
}

#[track_caller]
fn check_same_bytes(folder: &Path, arguments: &[&str]) {
    let first = answer(folder, "8", arguments);
    let scratch = TempDir::new().expect("a fresh folder");
    let cache = scratch.path().to_str().expect("UTF-8");
    // The first run with this folder fills it.
    for caching in [&["--no-cache"][..], &["--cache-dir", cache]] {
        for threads in RUNS {
            let other = answer_with(folder, threads, arguments, caching);
            let difference = || first_difference(&first, &other);
            assert!(first == other, "{arguments:?} {caching:?}, {threads} threads: {}", difference());
        }
    }
    assert!(std::fs::read_dir(scratch.path()).expect("folder").next().is_some(), "the cache was in use");
}

#[test]
fn the_report_of_the_example_tree_is_the_same_on_every_run() {
    for format in ["json", "markdown", "terminal"] {
        check_same_bytes(&trees(), &["report", "chat_service", "--no-python", "--format", format]);
        check_same_bytes(&trees(), &["report", "rust_hub", "--no-python", "--format", format]);
    }
}

#[test]
fn the_report_of_a_tangled_tree_is_the_same_on_every_run() {
    let made = tangled();
    for format in ["json", "markdown"] {
        check_same_bytes(made.path(), &["report", "--no-python", "--format", format]);
    }
}

#[test]
fn an_edit_is_seen_through_the_cache_and_so_is_a_damaged_one() {
    let made = tangled();
    let cache = made.path().join("cache");
    let caching = ["--cache-dir", cache.to_str().expect("UTF-8")];
    let call = ["report", "--no-python", "--format", "json"];
    let before = answer(made.path(), "2", &call);
    assert!(before == answer_with(made.path(), "2", &call, &caching));
    support::write(made.path(), "many/m3.py", b"class Fresh: pass\n");
    let after = answer_with(made.path(), "2", &call, &caching);
    assert!(after != before && after == answer(made.path(), "2", &call), "the edit is seen");
    let mut damaged = 0;
    for entry in
        walkdir::WalkDir::new(&cache).into_iter().flatten().filter(|entry| entry.file_type().is_file())
    {
        let mut bytes = std::fs::read(entry.path()).expect("file");
        // The first entries, not the index at the end: they are found, and are not what was written.
        for byte in bytes.iter_mut().skip(8).step_by(16).take(200) {
            *byte ^= 0x55;
            damaged += 1;
        }
        std::fs::write(entry.path(), bytes).expect("file");
    }
    assert!(damaged > 0, "there was something to damage");
    assert!(after == answer_with(made.path(), "2", &call, &caching), "damage costs time alone");
}

#[test]
fn an_edit_that_leaves_size_and_time_is_seen_in_a_tree_that_the_cache_knows() {
    let made = folder(&[("a.py", "class Old: pass\n"), ("b.py", "import a\n")]);
    let path = made.path().join("a.py");
    let cache = made.path().join("cache");
    let caching = ["--cache-dir", cache.to_str().expect("UTF-8")];
    let call = ["scan", "--no-python", "--format", "json"];
    // From this age on a file is known by its looks.
    std::thread::sleep(std::time::Duration::from_secs(5));
    let before = answer(made.path(), "2", &call);
    for _ in 0..2 {
        assert!(before == answer_with(made.path(), "2", &call, &caching), "as without a cache");
    }
    let modified = std::fs::metadata(&path).and_then(|found| found.modified()).expect("time");
    support::write(made.path(), "a.py", b"class New: pass\n");
    let file = std::fs::File::options().write(true).open(&path).expect("file");
    file.set_modified(modified).expect("set back");
    let after = answer_with(made.path(), "2", &call, &caching);
    assert!(after != before && after == answer(made.path(), "2", &call), "the edit is seen");
}

#[test]
fn the_graph_of_a_tangled_tree_is_the_same_on_every_run() {
    let made = tangled();
    for arguments in [
        &["graph", "--no-python", "--format", "dot"][..],
        &["graph", "--no-python", "--format", "mermaid", "--cycles"],
        &["graph", "--no-python", "--format", "json", "--implicit"],
    ] {
        check_same_bytes(made.path(), arguments);
    }
}

#[test]
fn answers_about_one_type_are_the_same_on_every_run() {
    for command in ["mro", "usage"] {
        let arguments = [
            command,
            "manager.WebSocketManager",
            "--root",
            "chat_service",
            "--no-python",
            "--format",
            "json",
        ];
        check_same_bytes(&trees(), &arguments);
    }
}

#[test]
fn where_it_is_started_makes_no_difference() {
    let tree = trees().join("chat_service");
    let absolute = tree.to_str().expect("UTF-8");
    let elsewhere = folder(&[]);
    for format in ["json", "markdown"] {
        let call = |path| ["report", path, "--no-python", "--format", format];
        let first = answer(&trees(), "2", &call("chat_service"));
        for (place, path) in [
            (trees().as_path(), absolute),
            (elsewhere.path(), absolute),
            (tree.as_path(), "."),
            (tree.join("tests").as_path(), ".."),
            (trees().as_path(), "./chat_service/../chat_service/"),
        ] {
            let other = answer(place, "2", &call(path));
            assert!(first == other, "{path} in {}: {}", place.display(), first_difference(&first, &other));
        }
        let other = answer(&tree, "2", &["report", "--no-python", "--format", format]);
        assert!(first == other, "no PATH: {}", first_difference(&first, &other));
    }
}

#[test]
fn the_order_of_the_paths_makes_no_difference() {
    let made = tangled();
    let call = |paths: [&'static str; 3]| [&["scan", "--no-python", "--format", "json"][..], &paths].concat();
    let first = answer(made.path(), "8", &call(["a", "b", "many"]));
    for paths in [["b", "a", "many"], ["many", "b", "a"], ["a/../many", "b", "./a"]] {
        let other = answer(made.path(), "8", &call(paths));
        assert!(first == other, "{paths:?}: {}", first_difference(&first, &other));
    }
}
