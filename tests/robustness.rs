//! Whatever a folder, a file or a call is like, the binary answers: it reads what can be read, names the
//! rest with its place, and refuses a wrong call with code 2. It never panics and never writes.

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::SystemTime;

use serde_json::{Value, json};
use support::{command, finish, folder, items, line_of, ssot, strings, text_of, trees, type_named, write};
use tempfile::TempDir;

/// The inventory of a folder.
#[track_caller]
fn scan(root: &Path) -> Value {
    ssot(root, &["scan", "--format", "json", "--no-python"]).json()
}

/// The inventory of one file named `m.py`.
#[track_caller]
fn scan_bytes(bytes: &[u8]) -> Value {
    let made = folder(&[]);
    write(made.path(), "m.py", bytes);
    scan(made.path())
}

fn ids(answer: &Value) -> Vec<&str> {
    items(&answer["types"]).iter().map(|found| text_of(found, "id")).collect()
}

fn skipped(answer: &Value) -> BTreeMap<&str, &str> {
    let skipped = items(&answer["coverage"]["skipped"]).iter();
    skipped.map(|found| (text_of(found, "path"), text_of(found, "reason"))).collect()
}

#[track_caller]
fn check_file_not_read(bytes: &[u8], reason: &str) {
    let answer = scan_bytes(bytes);
    assert_eq!(skipped(&answer), BTreeMap::from([("m.py", reason)]));
    assert_eq!(answer["coverage"]["files"], 0);
}

// Files

#[test]
fn what_stands_around_a_syntax_error_is_read() {
    let answer =
        scan_bytes(b"class A:\n    def f(self): ...\n\nx = = 1\n\nclass B(A):\n    def g(self): ...\n");
    assert_eq!(ids(&answer), ["m.A", "m.B"]);
    let errors = items(&answer["coverage"]["syntax_errors"]);
    assert_eq!(
        errors.iter().map(|error| (text_of(error, "path"), line_of(error))).collect::<Vec<_>>(),
        [("m.py", 4)]
    );
    assert_eq!(type_named(&answer, "m.B")["mro"]["entries"], json!(["m.B", "m.A", "builtins.object"]));
    assert_eq!(type_named(&answer, "m.B")["methods"][0]["name"], "g");
}

#[test]
fn an_unclosed_bracket_leaves_the_classes_before_it() {
    let answer = scan_bytes(b"class A: pass\nx = (1,\nclass B: pass\n");
    assert!(ids(&answer).contains(&"m.A"));
    assert!(items(&answer["coverage"]["syntax_errors"]).iter().all(|error| line_of(error) >= 2));
    assert!(!items(&answer["coverage"]["syntax_errors"]).is_empty());
}

#[test]
fn a_declared_encoding_is_read() {
    let answer = scan_bytes(b"# -*- coding: latin-1 -*-\nclass Caf\xe9: pass\n");
    assert_eq!(ids(&answer), ["m.Café"]);
    assert!(skipped(&answer).is_empty());
}

#[test]
fn bytes_of_no_declared_encoding_are_named_with_their_line() {
    check_file_not_read(b"class A: pass\nclass Caf\xe9: pass\n", "line 2 is not valid UTF-8");
}

#[test]
fn an_unknown_encoding_is_named() {
    check_file_not_read(
        b"# coding: klingon\nclass A: pass\n",
        "unknown encoding `klingon` declared (PEP 263)",
    );
}

#[test]
fn a_null_byte_is_named_with_its_line() {
    check_file_not_read(b"class A: pass\n\n\0\n", "null byte in source code on line 3");
}

#[test]
fn a_file_that_cannot_be_read_does_not_hide_its_neighbours() {
    let made = folder(&[("a.py", "from b import B\nclass A(B): pass\n"), ("c.py", "class C: pass\n")]);
    write(made.path(), "b.py", b"class B: pass  # \xff\n");
    let answer = scan(made.path());
    assert_eq!(ids(&answer), ["a.A", "c.C"]);
    assert_eq!(type_named(&answer, "a.A")["mro"]["complete"], false);
    assert_eq!(skipped(&answer).into_keys().collect::<Vec<_>>(), ["b.py"]);
}

#[test]
fn an_empty_file_is_a_file_without_types() {
    let answer = scan_bytes(b"");
    assert_eq!((&answer["coverage"]["files"], &answer["coverage"]["lines"]), (&json!(1), &json!(0)));
    assert!(skipped(&answer).is_empty() && ids(&answer).is_empty());
}

#[test]
fn a_byte_order_mark_is_no_text() {
    let answer = scan_bytes(b"\xef\xbb\xbfclass A: pass\n");
    assert_eq!(ids(&answer), ["m.A"]);
    assert!(items(&answer["coverage"]["syntax_errors"]).is_empty());
}

#[test]
fn line_ends_of_every_style_count() {
    let answer = scan_bytes(b"x = 1\r\nclass A: pass\rclass B: pass\nclass C: pass");
    let lines: Vec<u64> = items(&answer["types"]).iter().map(line_of).collect();
    assert_eq!(lines, [2, 3, 4]);
    assert_eq!(answer["coverage"]["lines"], 4);
}

#[test]
fn a_file_of_fifty_megabytes_is_read_to_its_end() {
    let value = "v".repeat(1000);
    let mut text: String = (0..50_000).map(|n| format!("x{n} = \"{value}\"\n")).collect();
    text.push_str("class Last: pass\n");
    assert!(text.len() > 50_000_000);
    let answer = scan_bytes(text.as_bytes());
    assert_eq!(ids(&answer), ["m.Last"]);
    assert_eq!(line_of(type_named(&answer, "m.Last")), 50_001);
    assert!(skipped(&answer).is_empty());
}

// Depth

#[test]
fn ten_thousand_nested_parentheses_are_read() {
    let nested =
        format!("class A: pass\nx = {}1{}\nclass B(A): pass\n", "(".repeat(10_000), ")".repeat(10_000));
    let answer = scan_bytes(nested.as_bytes());
    assert_eq!(ids(&answer), ["m.A", "m.B"]);
    assert!(items(&answer["coverage"]["syntax_errors"]).is_empty());
}

#[test]
fn an_expression_too_deep_to_walk_is_reported_with_its_line() {
    let sum = format!("class A: pass\nx = {}a\nclass B(A): pass\n", "a + ".repeat(200_000));
    let answer = scan_bytes(sum.as_bytes());
    let errors = items(&answer["coverage"]["syntax_errors"]);
    assert_eq!(errors.len(), 1);
    assert_eq!((text_of(&errors[0], "path"), line_of(&errors[0])), ("m.py", 2));
    assert!(text_of(&errors[0], "message").contains("the file was not read"));
}

#[test]
fn five_thousand_attributes_in_a_row_are_read() {
    let chain = format!("class A: pass\nx = a{}\nclass B(A): pass\n", ".b".repeat(5_000));
    assert_eq!(ids(&scan_bytes(chain.as_bytes())), ["m.A", "m.B"]);
}

#[test]
fn ninety_nested_functions_are_read() {
    let mut text: String = (0..90).map(|depth| format!("{}def f{depth}():\n", " ".repeat(depth))).collect();
    text.push_str(&format!("{}class Inner: pass\n", " ".repeat(90)));
    let answer = scan_bytes(text.as_bytes());
    let id: String = (0..90).map(|depth| format!("f{depth}.<locals>.")).collect();
    assert_eq!(ids(&answer), [format!("m.{id}Inner")]);
}

#[test]
fn ninety_nested_conditions_are_read() {
    let mut text: String = (0..90).map(|depth| format!("{}if f({depth}):\n", " ".repeat(depth))).collect();
    text.push_str(&format!("{}class Inner: pass\n", " ".repeat(90)));
    assert_eq!(ids(&scan_bytes(text.as_bytes())), ["m.Inner"]);
}

#[test]
fn a_long_chain_of_elif_is_read() {
    let mut text = String::from("if f(0): pass\n");
    text.extend((1..3_000).map(|n| format!("elif f({n}): pass\n")));
    text.push_str("else:\n    class Last: pass\n");
    assert_eq!(ids(&scan_bytes(text.as_bytes())), ["m.Last"]);
}

// Definitions that lead back to themselves

#[test]
fn a_class_that_is_its_own_base_has_no_complete_order() {
    let answer = scan_bytes(
        b"class A(A): pass\nclass B(B.Inner):\n    class Inner: pass\nclass C(D): pass\nclass D(C): pass\n",
    );
    let complete: Vec<&str> = items(&answer["types"])
        .iter()
        .filter(|found| found["mro"]["complete"] == true)
        .map(|found| text_of(found, "id"))
        .collect();
    assert_eq!(complete, ["m.B.Inner"], "none of the others can be created");
}

#[test]
fn names_defined_in_terms_of_each_other_are_said_to_be() {
    let answer = scan_bytes(b"D = E\nE = D\nclass F(D): pass\n");
    let order = &type_named(&answer, "m.F")["mro"];
    assert_eq!(order["complete"], false);
    assert!(text_of(order, "unknown").contains("defined in terms of itself"), "{order}");
}

#[test]
fn star_imports_in_a_circle_end() {
    let made = folder(&[
        ("p/__init__.py", "from . import *\nfrom .a import *\n"),
        ("p/a.py", "from .b import *\nclass X: pass\n"),
        ("p/b.py", "from .a import *\nclass Y: pass\n"),
        ("use.py", "from p import *\nclass Z(Y, X): pass\n"),
    ]);
    let answer = scan(made.path());
    assert_eq!(
        type_named(&answer, "use.Z")["mro"]["entries"],
        json!(["use.Z", "p.b.Y", "p.a.X", "builtins.object"])
    );
}

#[test]
fn export_lists_made_of_each_other_end() {
    let made = folder(&[
        ("p/__init__.py", "from .a import *\nfrom .b import *\n"),
        ("p/a.py", "from p import b\n__all__ = b.__all__ + [\"X\"]\nclass X: pass\n"),
        ("p/b.py", "from p import a\n__all__ = a.__all__ + [\"Y\"]\nclass Y: pass\n"),
        ("use.py", "from p import X, Y, Missing\nclass Z(X, Y, Missing): pass\n"),
    ]);
    let answer = scan(made.path());
    assert_eq!(ids(&answer), ["p.a.X", "p.b.Y", "use.Z"]);
    assert_eq!(type_named(&answer, "use.Z")["mro"]["complete"], false);
}

#[test]
fn imports_in_a_circle_that_bind_nothing_end() {
    let made = folder(&[
        ("a.py", "from b import X\nclass A(X): pass\n"),
        ("b.py", "from c import X\n"),
        ("c.py", "from a import X\n"),
    ]);
    assert_eq!(type_named(&scan(made.path()), "a.A")["mro"]["complete"], false);
}

#[test]
fn a_base_bound_on_two_branches_is_unknown_and_both_lines_are_named() {
    let answer = scan_bytes(
        b"import config\nclass L: pass\nclass R: pass\nif config.x:\n    Base = L\nelse:\n    Base = R\nclass Sub(Base): pass\n",
    );
    let order = &type_named(&answer, "m.Sub")["mro"];
    assert_eq!(order["complete"], false);
    assert!(text_of(order, "unknown").contains("(lines 5, 7)"), "{order}");
}

// Folders

#[cfg(unix)]
#[test]
fn a_symbolic_link_to_a_folder_above_is_not_followed() {
    let made = folder(&[("p/a.py", "class A: pass\n")]);
    std::os::unix::fs::symlink("..", made.path().join("p/again")).expect("link");
    for extra in [&[][..], &["--no-ignore"]] {
        let arguments = [&["scan", "--format", "json", "--no-python"], extra].concat();
        let answer = ssot(made.path(), &arguments).json();
        assert_eq!(ids(&answer), ["p.a.A"]);
        assert_eq!(skipped(&answer).into_keys().collect::<Vec<_>>(), ["p/again"]);
    }
}

#[cfg(unix)]
#[test]
fn a_linked_file_is_read_once() {
    let made = folder(&[("tree/a.py", "class A: pass\n"), ("elsewhere/b.py", "class B: pass\n")]);
    let tree = made.path().join("tree");
    std::os::unix::fs::symlink("a.py", tree.join("twin.py")).expect("link");
    std::os::unix::fs::symlink("../elsewhere/b.py", tree.join("b.py")).expect("link");
    std::os::unix::fs::symlink("nowhere.py", tree.join("broken.py")).expect("link");
    let answer = scan(&tree);
    assert_eq!(ids(&answer), ["a.A", "b.B"]);
    assert_eq!(skipped(&answer).into_keys().collect::<Vec<_>>(), ["broken.py", "twin.py"]);
}

#[cfg(unix)]
#[test]
fn an_unreadable_folder_or_file_is_reported_and_the_rest_is_read() {
    use std::os::unix::fs::PermissionsExt;

    let made = folder(&[("a.py", "class A: pass\n"), ("shut/b.py", ""), ("c.py", "class C: pass\n")]);
    let set_mode = |path: &str, mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(made.path().join(path), permissions).expect("permissions");
    };
    set_mode("shut", 0o000);
    set_mode("c.py", 0o000);
    if std::fs::read_dir(made.path().join("shut")).is_ok() {
        skip_loudly("an unreadable folder or file: this user reads everything");
    } else {
        let answer = scan(made.path());
        assert_eq!(ids(&answer), ["a.A"]);
        assert_eq!(skipped(&answer).into_keys().collect::<Vec<_>>(), ["c.py", "shut"]);
    }
    set_mode("shut", 0o755);
}

#[expect(clippy::print_stderr, reason = "a test that did not happen must say so")]
fn skip_loudly(what: &str) {
    eprintln!("SKIPPED: {what}");
}

#[test]
fn one_package_under_two_roots_is_two_definitions() {
    let made = folder(&[
        ("a/src/p/__init__.py", ""),
        ("a/src/p/m.py", "class K: pass\nclass OnlyA(K): pass\n"),
        ("a/pyproject.toml", ""),
        ("b/src/p/__init__.py", ""),
        ("b/src/p/m.py", "class K: pass\nclass OnlyB(K): pass\n"),
        ("b/pyproject.toml", ""),
    ]);
    for paths in [&["a", "b"][..], &["b", "a"], &["."], &["a/src", "b/src"]] {
        let arguments = [&["scan", "--format", "json", "--no-python"], paths].concat();
        let answer = ssot(made.path(), &arguments).json();
        assert_eq!(ids(&answer), ["p.m.K", "p.m.K", "p.m.OnlyA", "p.m.OnlyB"], "{paths:?}");
        let places: Vec<&str> = items(&answer["types"]).iter().map(|found| text_of(found, "path")).collect();
        assert!(places[0].starts_with('a') && places[1].starts_with('b'), "{places:?}");
    }
}

#[test]
fn a_path_within_another_one_is_read_once() {
    let made = folder(&[("p/a.py", "class A: pass\n")]);
    let answer = ssot(made.path(), &["scan", ".", "p", "./p/a.py", "--format", "json"]).json();
    assert_eq!(answer["coverage"]["files"], 1);
}

// Calls

#[test]
fn a_path_that_is_not_there_is_refused_by_name() {
    let made = folder(&[("a.py", "")]);
    ssot(made.path(), &["scan", "nowhere"]).expect_refusal(&["no such file or folder: nowhere"]);
    ssot(made.path(), &["report", ".", "nowhere"]).expect_refusal(&["no such file or folder: nowhere"]);
    ssot(made.path(), &["mro", "A", "--root", "nowhere"])
        .expect_refusal(&["no such file or folder: nowhere"]);
}

#[test]
fn a_source_file_can_be_scanned_alone_and_other_files_cannot() {
    let made = folder(&[("a.py", "class A: pass\n"), ("b.py", "class B: pass\n"), ("x.txt", "text")]);
    let answer = ssot(made.path(), &["scan", "a.py", "--format", "json", "--no-python"]).json();
    assert_eq!(ids(&answer), ["a.A"]);
    ssot(made.path(), &["scan", "x.txt"]).expect_refusal(&["x.txt is not a source file"]);
}

#[test]
fn a_folder_without_sources_gives_an_empty_answer() {
    let made = folder(&[("notes.md", "nothing")]);
    for command in ["scan", "report", "graph"] {
        ssot(made.path(), &[command]).expect_code(0);
        ssot(made.path(), &[command, "--format", "json"]).json();
    }
}

/// A broken configuration is refused with the file, the line and the reason.
#[track_caller]
fn check_configuration(text: &str, line: u32, reason: &str) {
    let made = folder(&[("a.py", "class A: pass\n"), ("ssot.toml", text)]);
    let place = format!("ssot.toml:{line}:");
    ssot(made.path(), &["scan"]).expect_refusal(&[&place, reason]);
    let elsewhere = folder(&[("a.py", "class A: pass\n"), ("other.toml", text)]);
    let place = format!("other.toml:{line}:");
    ssot(elsewhere.path(), &["scan", "--config", "other.toml"]).expect_refusal(&[&place, reason]);
}

#[test]
fn a_syntax_error_in_the_configuration_is_shown_at_its_place() {
    check_configuration("\n[[concept]\n", 2, "unclosed array table");
}

#[test]
fn an_unknown_key_in_the_configuration_is_shown_at_its_place() {
    check_configuration("[[concept]]\nid = \"x\"\nname = [\"*X\"]\n", 3, "unknown field `name`");
    check_configuration("[limits]\nfiles = 3\n", 1, "unknown field `limits`");
}

#[test]
fn a_value_of_the_wrong_type_in_the_configuration_is_shown_at_its_place() {
    check_configuration("[[concept]]\nid = 3\n", 2, "invalid type: integer `3`, expected a string");
}

#[test]
fn a_broken_glob_of_a_concept_is_shown_at_its_place() {
    check_configuration("\n[[concept]]\nid = \"x\"\nnames = [\"a{\"]\n", 2, "`a{` is not a glob");
}

#[test]
fn a_broken_glob_of_a_role_is_shown_at_its_place() {
    check_configuration("\n[[role]]\nname = \"test\"\nglobs = [\"a{\"]\n", 2, "`a{` is not a glob");
}

#[test]
fn an_unknown_role_is_shown_at_its_place() {
    check_configuration("\n[[role]]\nname = \"prod\"\nglobs = [\"a\"]\n", 2, "unknown file role `prod`");
}

#[test]
fn a_configuration_that_is_not_there_is_refused_by_name() {
    let made = folder(&[("a.py", "")]);
    ssot(made.path(), &["scan", "--config", "nowhere.toml"]).expect_refusal(&["cannot read nowhere.toml"]);
}

#[test]
fn an_environment_that_is_not_there_is_refused_by_name() {
    let made = folder(&[("a.py", "class A: pass\n")]);
    ssot(made.path(), &["scan", "--python", "nowhere"]).expect_refusal(&["nowhere is no Python environment"]);
    ssot(made.path(), &["scan", "--python", "x", "--no-python"]).expect_refusal(&["cannot be used with"]);
}

#[test]
fn an_ambiguous_type_lists_the_candidates() {
    let made = folder(&[("a.py", "class Manager: pass\n"), ("b.py", "\nclass Manager: pass\n")]);
    for command in ["mro", "usage"] {
        ssot(made.path(), &[command, "Manager"]).expect_refusal(&[
            "ambiguous",
            "a.Manager (a.py:1)",
            "b.Manager (b.py:2)",
        ]);
        ssot(made.path(), &[command, "b.Manager"]).expect_code(0);
    }
}

#[test]
fn an_exact_id_is_not_ambiguous_with_a_longer_one() {
    let made = folder(&[("m.py", "class A: pass\n"), ("p/m.py", "class A: pass\n"), ("p/__init__.py", "")]);
    let answer = ssot(made.path(), &["mro", "m.A", "--format", "json", "--no-python"]).json();
    assert_eq!(answer["type"]["path"], "m.py");
}

#[test]
fn an_unknown_type_suggests_names() {
    let made = folder(&[("a.py", "class ConnectionManager: pass\n")]);
    ssot(made.path(), &["mro", "connectionmanager"])
        .expect_refusal(&["no type `connectionmanager`", "did you mean a.ConnectionManager?"]);
    ssot(made.path(), &["mro", "ConectionManger"]).expect_refusal(&["did you mean a.ConnectionManager?"]);
    ssot(made.path(), &["usage", "Zebra"]).expect_refusal(&["no type `Zebra`", "ssot scan"]);
}

#[test]
fn what_is_compiled_for_tests_alone_is_a_use_in_tests() {
    let text = "pub struct Hub;\npub fn run(_: &Hub) {}\n#[cfg(test)]\nmod tests {\n    use super::Hub;\n    fn t(_: Hub) {}\n}\n";
    let made = folder(&[("lib.rs", text)]);
    let answer = ssot(made.path(), &["usage", "Hub", "--format", "json"]).json();
    let roles =
        items(&answer["references"]).iter().map(|found| (found["line"].clone(), text_of(found, "file_role")));
    let expected = [(json!(2), "production"), (json!(5), "test"), (json!(6), "test")];
    assert_eq!(roles.collect::<Vec<_>>(), expected);
}

#[test]
fn a_rust_file_that_cannot_be_parsed_is_told_wherever_it_may_matter() {
    let made =
        folder(&[("lib.rs", "pub mod big;\npub struct Small;\n"), ("big.rs", "pub struct Lost;\nfn f( {\n")]);
    let root = made.path();
    ssot(root, &["usage", "Lost"]).expect_refusal(&[
        "no type `Lost`",
        "files with syntax errors",
        "big.rs:2",
    ]);
    let report = ssot(root, &["report", "--format", "markdown"]).text();
    assert!(report.contains("1 syntax error (and nothing is known of 1 Rust file)"), "{report}");
    assert!(report.contains("a bracket, string or comment that is not closed"), "{report}");
}

#[test]
fn an_unknown_concept_lists_the_known_ones() {
    let made = folder(&[("a.py", "")]);
    ssot(made.path(), &["report", "--concept", "zebra"])
        .expect_refusal(&["no concept `zebra`", "websocket-manager"]);
}

#[test]
fn a_wrong_option_is_refused_and_help_is_not() {
    let made = folder(&[]);
    ssot(made.path(), &["scan", "--zebra"]).expect_refusal(&["--zebra"]);
    ssot(made.path(), &[]).expect_refusal(&["Usage"]);
    ssot(made.path(), &["scan", "--python-version", "2.7"]).expect_refusal(&["2.7"]);
    assert!(ssot(made.path(), &["--help"]).text().contains("Exit codes"));
    assert!(ssot(made.path(), &["--version"]).text().starts_with("ssot "));
}

// Output

const ESCAPE: char = '\u{1b}';

#[test]
fn colour_is_written_only_when_it_is_asked_for() {
    let made = folder(&[("a.py", "class A: pass\n")]);
    for (choice, no_color, is_colored) in [
        ("always", None, true),
        ("always", Some("1"), true),
        ("never", None, false),
        ("auto", None, false),
        ("auto", Some("1"), false),
    ] {
        let mut prepared = command(made.path());
        prepared.args(["scan", "--color", choice]);
        if let Some(value) = no_color {
            prepared.env("NO_COLOR", value);
        }
        assert_eq!(
            finish(&mut prepared).text().contains(ESCAPE),
            is_colored,
            "--color {choice}, {no_color:?}"
        );
        prepared.arg("nowhere");
        let refused = finish(&mut prepared);
        refused.expect_code(2);
        assert_eq!(refused.stderr.contains(ESCAPE), is_colored, "--color {choice}, {no_color:?}");
    }
}

#[test]
fn data_goes_to_stdout_and_a_quick_answer_leaves_stderr_empty() {
    let run = ssot(&trees(), &["mro", "TriageAgent", "--root", "chat_service", "--no-python"]);
    assert!(run.text().contains("TriageAgent"));
    assert_eq!(run.stderr, "");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_ssot"))
        .args(["report", "chat_service", "--format", "json", "--no-python"])
        .current_dir(trees())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut first = String::new();
    let mut reader = BufReader::with_capacity(64, child.stdout.take().expect("a pipe"));
    reader.read_line(&mut first).expect("a line");
    drop(reader);
    let mut stderr = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("stderr");
    assert_eq!(child.wait().expect("an end").code(), Some(0), "{stderr}");
    assert_eq!(stderr, "");
    assert!(first.starts_with('{'));
}

#[test]
fn the_extension_of_the_output_file_chooses_its_format() {
    let made = folder(&[("tree/a.py", "class A: pass\n")]);
    for (file, start) in [("x.json", "{"), ("x.md", "# "), ("x.txt", "Analysis")] {
        let run = ssot(made.path(), &["report", "tree", "--no-python", "-o", file]);
        assert_eq!(run.text(), "", "the answer is in the file alone");
        let written = std::fs::read_to_string(made.path().join(file)).expect(file);
        assert!(written.starts_with(start), "{file}: {written}");
        assert!(!written.contains(ESCAPE), "{file}");
    }
    for (file, start) in [("x.dot", "digraph"), ("x.mmd", "graph ")] {
        ssot(made.path(), &["graph", "tree", "--no-python", "-o", file]).expect_code(0);
        let written = std::fs::read_to_string(made.path().join(file)).expect(file);
        assert!(written.starts_with(start), "{file}: {written}");
    }
}

#[test]
fn an_output_file_of_unknown_format_is_refused_and_not_written() {
    let made = folder(&[("a.py", "class A: pass\n")]);
    ssot(made.path(), &["report", "-o", "x.xyz"]).expect_refusal(&["cannot tell the format of x.xyz", ".md"]);
    ssot(made.path(), &["report", "-o", "x.dot"]).expect_refusal(&["no such format"]);
    ssot(made.path(), &["report", "-o", "nowhere/x.md"]).expect_refusal(&["cannot write nowhere/x.md"]);
    assert_eq!(contents(made.path()).len(), 1);
}

/// Every file below a folder, with its bytes and the time that it was written.
fn contents(root: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let files = walkdir::WalkDir::new(root).into_iter().map(|entry| entry.expect("an entry"));
    let files = files.filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| {
            let written = entry.metadata().expect("metadata").modified().expect("a time");
            (entry.path().to_owned(), (std::fs::read(entry.path()).expect("bytes"), written))
        })
        .collect()
}

/// A copy of the example tree.
fn example() -> TempDir {
    let made = folder(&[]);
    let original = trees().join("chat_service");
    for (path, (bytes, _)) in contents(&original) {
        let relative = path.strip_prefix(&original).expect("below it");
        write(made.path(), relative.to_str().expect("UTF-8"), &bytes);
    }
    made
}

#[test]
fn the_scanned_tree_is_left_as_it_was() {
    let tree = example();
    let before = contents(tree.path());
    let here = folder(&[]);
    let root = tree.path().to_str().expect("UTF-8");
    for arguments in [
        &["report", root][..],
        &["scan", root],
        &["graph", root, "--cycles"],
        &["graph", root, "--implicit", "--format", "dot"],
        &["mro", "SummaryAgent", "--root", root],
        &["usage", "manager.WebSocketManager", "--root", root],
    ] {
        ssot(here.path(), arguments).expect_code(0);
    }
    assert_eq!(contents(tree.path()), before);
    assert!(contents(here.path()).is_empty(), "nor is anything written where it runs");
}

#[test]
fn lists_of_the_inventory_are_sorted() {
    let tree = example();
    let answer = scan(tree.path());
    let found = ids(&answer);
    assert!(found.is_sorted());
    assert!(strings(&answer["types"][0]["mro"]["entries"]).contains(&"builtins.object"));
}

#[test]
fn a_rule_that_names_what_is_not_there_is_told() {
    let rule = "[[concept]]\nid = \"x\"\nmembers = [\"a.Hub\", \"a.Gone\"]\nexclude = [\"a.Never\"]\n\
                [[concept]]\nid = \"y\"\nnames = [\"Nothing*\"]\n";
    let made = folder(&[("a.py", "class Hub: ...\n"), ("ssot.toml", rule)]);
    let answer = ssot(made.path(), &["report", "--format", "json", "--no-python", "--concept", "x"]).json();
    assert_eq!(answer["concepts"][0]["unknown_names"], json!(["a.Gone", "a.Never"]));
    let run = ssot(made.path(), &["report", "--format", "json", "--no-python", "--concept", "y"]);
    run.expect_code(0);
    assert!(run.stderr.contains("concept `y` has no member"), "{}", run.stderr);
}
