//! What the gate blocks and what it lets pass, on a tree with accepted duplicates: every case of the evaluation set is
//! inserted, and what people do to code without making a second implementation is done to it.
//!
//! With `SSOT_REAL_PACKAGES`, a list of folders, these packages stand in the tree too.

#![expect(clippy::print_stdout, reason = "the figures are what this test is read for")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use ruff_python_ast::Stmt;
use ruff_python_parser::parse_module;
use ruff_text_size::Ranged;
use serde::Deserialize;
use serde_json::Value;
use support::{Run, files_with, folders_in, items, lay_over, repository, ssot, text_of};
use tempfile::TempDir;

/// Copies that the gate does not see: too little of them is alike.
const MISSED: [&str; 3] = ["pos-feed-adapters", "pos-render-cache", "pos-wishlist-bus"];

/// The same where it stands among the packages: what is rare depends on the tree.
const MISSED_AMONG_PACKAGES: [&str; 1] = ["pos-erp-toolbox"];

/// Other things that the gate takes for copies.
const FALSE_ALARMS: [&str; 3] = ["neg-gift-voucher-store", "neg-label-printer", "neg-recently-viewed"];

/// The same where they stand among the packages.
const FALSE_ALARMS_AMONG_PACKAGES: [&str; 2] = ["neg-api-keys", "neg-login-brake"];

/// Copies that stand in the tree and are accepted before it is changed.
const ACCEPTED: [&str; 8] = [
    "ws_verbatim",
    "ws_other_words",
    "cache_reordered",
    "cache_other_words",
    "session_renamed",
    "dispatcher_renamed",
    "dispatcher_nested",
    "ws_functions",
];

#[derive(Debug, Deserialize)]
struct Table {
    case: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Case {
    id: String,
    kind: String,
    subject: String,
    canonical: String,
}

fn fixtures() -> PathBuf {
    repository().join("fixtures/concepts")
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(fixtures().join("cases.toml")).expect("cases.toml");
    toml::from_str::<Table>(&text).expect("cases.toml").case
}

/// The real packages that stand in the tree too.
fn packages() -> Vec<PathBuf> {
    let named = std::env::var("SSOT_REAL_PACKAGES").unwrap_or_default();
    named.split(':').filter(|path| !path.is_empty()).map(PathBuf::from).collect()
}

/// The tree that everything happens to: concepts declared by their canonical implementations, everything that
/// is there accepted.
fn tree(with: &[&str], severity: &str) -> TempDir {
    let made = TempDir::new().expect("a fresh folder");
    let root = made.path();
    lay_over(&fixtures().join("base"), root);
    for id in with {
        lay_over(&fixtures().join("cases").join(id), root);
    }
    for package in packages() {
        lay_over(&package, &root.join(package.file_name().expect("a name")));
    }
    let canonical: BTreeSet<String> = cases().into_iter().map(|case| case.canonical).collect();
    let mut config = format!("[check]\nbaseline = \"ssot.baseline\"\nseverity = {severity:?}\n");
    for canonical in canonical {
        let name = canonical.rsplit('.').next().expect("a name").to_owned();
        let _ = write!(
            config,
            "[[concept]]\nid = \"{}\"\nmembers = [\"{name}\"]\ncanonical = \"{name}\"\n",
            name.to_lowercase()
        );
    }
    std::fs::write(root.join("ssot.toml"), config).expect("configuration");
    accept(root);
    made
}

fn accept(root: &Path) {
    ssot(root, &["check", "--no-python", "-q", "--write-baseline", "ssot.baseline"]).expect_code(0);
}

fn check(root: &Path) -> (Run, Vec<Value>) {
    let run = ssot(root, &["check", "--no-python", "-q", "--format", "json"]);
    let answer: Value = serde_json::from_slice(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let new = items(&answer["findings"]).iter().filter(|finding| finding["status"] == "new");
    let new = new.cloned().collect();
    (run, new)
}

#[test]
fn every_case_is_judged() {
    let made = tree(&[], "error");
    let cases = cases();
    let outcomes: Vec<(&Case, bool, Vec<String>)> = cases
        .par_iter()
        .map(|case| {
            let here = TempDir::new().expect("a fresh folder");
            lay_over(made.path(), here.path());
            for file in ["ssot.toml", "ssot.baseline"] {
                std::fs::copy(made.path().join(file), here.path().join(file)).expect("file");
            }
            lay_over(&fixtures().join("cases").join(&case.id), here.path());
            let (run, new) = check(here.path());
            assert!(matches!(run.code, Some(0 | 1)), "{}: {}", case.id, run.stderr);
            let messages: Vec<String> =
                new.iter().map(|finding| text_of(finding, "message").to_owned()).collect();
            (case, run.code == Some(1), messages)
        })
        .collect();
    let mut wrong: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut unnamed = Vec::new();
    for (case, is_blocked, messages) in &outcomes {
        let is_copy = case.kind == "positive";
        if *is_blocked != is_copy {
            println!("{}: {}", case.id, messages.join("; "));
            wrong.entry(&case.kind).or_default().insert(&case.id);
        }
        let name = format!("`{}`", case.subject);
        if is_copy && *is_blocked && !messages.iter().any(|message| message.contains(&name)) {
            unnamed.push(format!("{}: {messages:?}", case.id));
        }
    }
    let of = |kind: &str| wrong.get(kind).cloned().unwrap_or_default();
    println!(
        "{} cases: {} copies pass, {} others are blocked",
        outcomes.len(),
        of("positive").len(),
        of("negative").len()
    );
    let (mut missed, mut alarms) = (BTreeSet::from(MISSED), BTreeSet::from(FALSE_ALARMS));
    if !packages().is_empty() {
        missed.extend(MISSED_AMONG_PACKAGES);
        alarms.extend(FALSE_ALARMS_AMONG_PACKAGES);
    }
    assert_eq!(of("positive"), missed, "copies that pass");
    assert_eq!(of("negative"), alarms, "others that are blocked");
    assert!(unnamed.is_empty(), "blocked without naming the new type: {unnamed:#?}");
}

fn rewrite(root: &Path, change: impl Fn(&str) -> String) {
    for path in files_with(root, &["py"]) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let changed = change(&text);
        if changed != text {
            std::fs::write(&path, changed).expect("file");
        }
    }
}

/// Fails where a changed tree has anything new.
#[track_caller]
fn expect_quiet(root: &Path, what: &str) {
    let (run, new) = check(root);
    let told: Vec<&str> = new.iter().map(|finding| text_of(finding, "message")).collect();
    assert!(run.code == Some(0), "{what}: {told:#?}\n{}", run.stderr);
}

/// Replaces a dotted name where it stands whole.
fn renamed(text: &str, old: &str, new: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(old) {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let before = out.chars().chain(rest[..at].chars()).next_back();
        let after = rest[at + old.len()..].chars().next();
        out.push_str(&rest[..at]);
        let is_whole = !before.is_some_and(|c| is_part(c) || c == '.') && !after.is_some_and(is_part);
        out.push_str(if is_whole { new } else { old });
        rest = &rest[at + old.len()..];
    }
    out.push_str(rest);
    out
}

/// `shop.caching.store` → the file.
fn file_of(root: &Path, module: &str) -> PathBuf {
    root.join(module.replace('.', "/")).with_extension("py")
}

/// The modules that a type or a module id lies in.
fn module_of(root: &Path, id: &str) -> String {
    let mut module = id;
    while !file_of(root, module).is_file() {
        module = module.rsplit_once('.').expect("a module").0;
    }
    module.to_owned()
}

#[test]
fn moved_files_and_renamed_folders_pass() {
    let made = tree(&ACCEPTED, "note");
    let root = made.path();
    let cases = cases();
    let concerned = cases.iter().filter(|case| ACCEPTED.contains(&case.id.as_str()));
    let modules: BTreeSet<String> = concerned
        .flat_map(|case| [module_of(root, &case.subject), module_of(root, &case.canonical)])
        .collect();
    let mut count = 0;
    for module in &modules {
        let name = module.rsplit('.').next().expect("a name");
        let new = format!("shop.moved.{name}");
        std::fs::create_dir_all(root.join("shop/moved")).expect("folder");
        std::fs::write(root.join("shop/moved/__init__.py"), "").expect("file");
        std::fs::rename(file_of(root, module), file_of(root, &new)).expect("moved");
        let (package, _) = module.rsplit_once('.').expect("a package");
        let from = (format!("from {package} import {name}"), format!("from shop.moved import {name}"));
        rewrite(root, |text| renamed(&text.replace(&from.0, &from.1), module, &new));
        expect_quiet(root, &format!("{module} moved to {new}"));
        count += 1;
    }
    for folder in folders_in(&root.join("shop")) {
        let name = folder.file_name().expect("a name").to_str().expect("text").to_owned();
        let (old, new) = (format!("shop.{name}"), format!("shop.{name}_renamed"));
        std::fs::rename(&folder, root.join("shop").join(format!("{name}_renamed"))).expect("renamed");
        let from = (format!("from shop import {name}"), format!("from shop import {name}_renamed as {name}"));
        rewrite(root, |text| renamed(&text.replace(&from.0, &from.1), &old, &new));
        expect_quiet(root, &format!("{old} renamed to {new}"));
        count += 1;
    }
    println!("{count} moves and renamed folders");
    assert!(count >= 20, "{count}");
}

/// Reverses the order of the methods of every class whose body is nothing else behind its head.
fn with_methods_reversed(text: &str) -> String {
    let Ok(parsed) = parse_module(text) else { return text.to_owned() };
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    for statement in &parsed.syntax().body {
        let Stmt::ClassDef(class) = statement else { continue };
        let methods: Vec<_> =
            class.body.iter().filter(|inner| matches!(inner, Stmt::FunctionDef(_))).collect();
        let first = class.body.iter().position(|inner| matches!(inner, Stmt::FunctionDef(_)));
        let are_last = first.is_some_and(|at| class.body.len() - at == methods.len());
        // Accessors of one property, and overloads, have an order of their own.
        let is_decorated =
            methods.iter().any(|m| matches!(m, Stmt::FunctionDef(f) if !f.decorator_list.is_empty()));
        if !are_last || is_decorated || methods.len() < 2 {
            continue;
        }
        let of = |method: &Stmt| text[method.range().to_std_range()].to_owned();
        let (start, end) = (methods[0].range().start(), methods[methods.len() - 1].range().end());
        let reversed: Vec<String> = methods.iter().rev().map(|method| of(method)).collect();
        let line = text[..start.to_usize()].rfind('\n').map_or(0, |at| at + 1);
        let between = format!("\n\n{}", &text[line..start.to_usize()]);
        edits.push((start.to_usize(), end.to_usize(), reversed.join(&between)));
    }
    let mut changed = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        changed.replace_range(start..end, &new);
    }
    changed
}

#[test]
fn layout_order_and_prose_pass() {
    let made = tree(&ACCEPTED, "note");
    let root = made.path();
    rewrite(root, |text| {
        let lines = text.lines().map(|line| {
            let bare = line.trim_start_matches(' ');
            let indent = line.len() - bare.len();
            format!("{}{bare}\n", " ".repeat(indent * 2))
        });
        lines.collect()
    });
    expect_quiet(root, "every line indented twice as far");
    rewrite(root, |text| text.replace("\n\n", "\n\n\n").replace('\n', "\r\n"));
    expect_quiet(root, "more empty lines, and the line ends of Windows");
    rewrite(root, |text| text.replace("\r\n", "\n"));
    let before: usize = files_with(root, &["py"]).len();
    rewrite(root, with_methods_reversed);
    expect_quiet(root, "methods in reverse order");
    assert_eq!(files_with(root, &["py"]).len(), before);
    rewrite(root, |text| text.replace("\"\"\"", "\"\"\"Said otherwise. ") + "\n# The end.\n");
    expect_quiet(root, "every docstring edited");
    std::fs::write(root.join("README.md"), "# Shop\n`ChannelHub` and `WebSocketManager`.\n").expect("file");
    expect_quiet(root, "a page of prose");
}
