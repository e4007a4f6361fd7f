//! A tree that is linked and counted after another one says what it says by itself, whatever is different between the two.
//!
//! Programs are generated from statements that name each other a lot: imports of every kind, star imports, aliases, bases,
//! factories, singletons, strings, stubs, packages beside modules of their name, two folders of one package name, packages
//! of an environment, and crates.
//! Each commit adds, removes, rewrites, moves or renames some of it. `SSOT_REPLAY` sets how many commits; by default 240.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use globset::Glob;
use ssot::analysis::AnalysisOptions;
use ssot::analysis::concepts::groundwork::Groundwork;
use ssot::analysis::concepts::{self, ConceptRule};
use ssot::analysis::graph::{self, GraphOptions, PhaseSet};
use ssot::analysis::similarity::Profiles;
use ssot::config::Config;
use ssot::facts::{FileFacts, Name};
use ssot::history::figures::{Counted, figures};
use ssot::lang::{self, Target};
use ssot::link::references::Uses;
use ssot::link::{Ground, Index, LinkFile, NoEnvironment, Outside, OutsideModule, link, link_after};
use ssot::source::{CrateKind, CrateTarget, FileRole, Language};

/// How many commits follow each other before a new program begins.
const LENGTH: usize = 40;

/// A sequence that looks random and is the same on every run (Knuth's MMIX constants).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

const PYTHON: [&str; 20] = [
    "app/__init__.py",
    "app/a.py",
    "app/a.pyi",
    "app/a/__init__.py",
    "app/b.py",
    "app/many.py",
    "app/sub/__init__.py",
    "app/sub/c.py",
    "app/sub/d.py",
    "lib/__init__.py",
    "lib/x.py",
    "lib/x/__init__.py",
    "lib/x/y.py",
    "other/app/__init__.py",
    "other/app/a.py",
    "other/main.py",
    "scripts/helper.py",
    "scripts/run.py",
    "tests/test_app.py",
    "top.py",
];
const RUST: [&str; 6] = [
    "rust/src/bus.rs",
    "rust/src/hub.rs",
    "rust/src/hub/inner.rs",
    "rust/src/lib.rs",
    "rust/tests/it.rs",
    "tool/src/main.rs",
];
const CLASSES: [&str; 6] = ["Hub", "Bus", "Store", "HubManager", "Base", "Client"];
const FUNCTIONS: [&str; 6] = ["make", "get_hub", "connect", "send", "drop", "bus"];
const VALUES: [&str; 3] = ["hub", "store", "Alias"];
const MODULES: [&str; 14] = [
    "app",
    "app.a",
    "app.b",
    "app.many",
    "app.sub",
    "app.sub.c",
    "app.sub.d",
    "lib",
    "lib.x",
    "lib.x.y",
    "helper",
    "top",
    "main",
    "redis",
];
const SEGMENTS: [&str; 8] = ["a", "b", "c", "d", "sub", "x", "y", "many"];

const STATEMENTS: [&str; 38] = [
    "from {M} import {N}",
    "from {M} import {N}",
    "from {M} import {C}",
    "from {M} import {C} as {C}",
    "from {M} import {N} as {v}",
    "from {M} import *",
    "from redis import Redis\nclass {C}(Redis):\n    def {f}(self): self.send({v})",
    "import redis\nclass {C}(redis.asyncio.Redis): ...\n{v} = redis.Redis()\n{v}.send()",
    "from fastapi import WebSocket\nclass {C}(WebSocket): ...",
    "from pydantic import *\nclass {C}(BaseModel): ...",
    "from . import {s}",
    "from .{s} import {N}",
    "from .{s} import *",
    "from ..{s} import {N}",
    "import {M}",
    "import {M} as {v}",
    "try:\n    from {M} import {C}\nexcept ImportError:\n    {C} = None",
    "try:\n    import {M}\nexcept ImportError:\n    class {C}: ...",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from {M} import {C}\nelse:\n    {C} = object",
    "{v} = {s}.{C}()",
    "def {f}(one: {s}.{C}):\n    one.{f}()",
    "import redis\ndef {f}(one: {C}):\n    redis.Redis().publish(one.{f}())\n    {C}()",
    "try:\n    import fastapi\nexcept ImportError:\n    class {C}: ...",
    "{v} = {N}",
    "{v} = {C}()",
    "{v} = {f}()",
    "{v}: {C} = {f}()",
    "{v} = {M}.{C}()",
    "{C} = {N}",
    "__all__ = ['{C}', '{f}', '{s}']",
    "def {f}() -> {C}:\n    return {C}()",
    "def {f}():\n    return {v}",
    "def {f}(one: {C}, two: '{M}.{C}'):\n    one.{f}()\n    {M}.{C}.{f}(two)\n    {v}.{f}()\n    isinstance(one, {N})",
    "async def {f}(key):\n    {v}.{f}(key)\n    return {M}.{v}",
    "patch('{M}.{C}.{f}')\npatch('{M}.{N}')",
    "def __getattr__(name): ...",
    "import redis.asyncio as redis\nfrom fastapi import WebSocket\nclient = redis.Redis()",
    "from typing import Protocol\nclass {C}(Protocol):\n    def {f}(self) -> {C}: ...",
];

const CLASS: &str = "class {C}({B}):\n    def __init__(self, one: {C}):\n        self.items = {}\n        self.one = one\n        self.two = {C}()";
const METHODS: [&str; 8] = [
    "    def {f}(self, key, value: WebSocket):\n        self.items[key] = value\n        self.two.{f}(value)",
    "    def {f}(self) -> {C}:\n        return self.one.{f}()",
    "    @property\n    def {f}(self) -> '{C}':\n        return self.two",
    "    async def {f}(self, message):\n        for item in self.items.values():\n            await item.send_json(message)",
    "    def {f}(self, key):\n        super().{f}(key)\n        self.items.pop(key)\n        self.{f}().{f}()",
    "    class {C}({B}): ...",
    "    {v} = {N}",
    "    def {f}(self, key):\n        redis.Redis().publish(key, len(self.items))\n        return self.items.get(key)",
];

const ITEMS: [&str; 18] = [
    "pub mod hub;",
    "mod bus;",
    "pub mod inner;",
    "mod place {\n    use super::*;\n    pub struct {C} { pub one: {C} }\n}",
    "use crate::hub::{C};",
    "use crate::bus::{C} as {C};",
    "pub use crate::hub::inner::*;",
    "use super::*;",
    "pub use hub_core::{C};",
    "pub struct {C} { pub one: Option<{C}>, pub two: std::sync::Arc<{C}> }",
    "pub trait {C} { fn {f}(&self) -> {C}; }",
    "impl {C} {\n    pub fn {f}(&self) -> {C} { self.one.as_ref().unwrap().{f}() }\n}",
    "impl {C} {\n    pub fn make() -> Self { todo!() }\n    pub fn {f}(&mut self) { self.two.{f}(); }\n}",
    "impl {C} for {C} {\n    fn {f}(&self) -> {C} { {C}::make() }\n}",
    "impl std::ops::Deref for {C} { type Target = {C}; fn deref(&self) -> &{C} { todo!() } }",
    "pub fn {f}(one: &{C}) { one.{f}(); place::{C}::make().{f}(); crate::hub::{C}::make(); }",
    "pub type {C} = crate::bus::{C};",
    "#[cfg(test)]\nmod tests {\n    use super::*;\n    fn {f}() { {C}::make(); }\n}",
];

fn filled(dice: &mut Dice, template: &str) -> String {
    let mut text = template.to_owned();
    for hole in ["{C}", "{f}", "{v}", "{M}", "{s}", "{N}", "{B}"] {
        while text.contains(hole) {
            let word = match hole {
                "{C}" => dice.of(&CLASSES),
                "{f}" => dice.of(&FUNCTIONS),
                "{v}" => dice.of(&VALUES),
                "{M}" => dice.of(&MODULES),
                "{s}" => dice.of(&SEGMENTS),
                "{B}" => match dice.below(8) {
                    0 => "",
                    1 => "app.a.Hub",
                    2 => "Generic[T], Base",
                    3 => "Enum",
                    _ => dice.of(&CLASSES),
                },
                _ => match dice.below(6) {
                    0..3 => dice.of(&CLASSES),
                    3 => dice.of(&FUNCTIONS),
                    4 => dice.of(&VALUES),
                    _ => dice.of(&SEGMENTS),
                },
            };
            text = text.replacen(hole, word, 1);
        }
    }
    text
}

fn statement(dice: &mut Dice, path: &str) -> String {
    if path.ends_with(".rs") {
        let item = ITEMS[dice.below(ITEMS.len())];
        return filled(dice, item);
    }
    if path == "app/many.py" {
        // From some number of subclasses on, a base is a framework.
        let base = filled(dice, "{C}");
        let count = 5 + dice.below(5);
        let all: Vec<String> = (0..count).map(|at| format!("class S{at}({base}): ...")).collect();
        return format!("{}\n{}", filled(dice, &format!("from {{M}} import {base}")), all.join("\n"));
    }
    if path.starts_with("scripts/") && dice.below(2) == 0 {
        // Neighbours that are no package find each other.
        let neighbour = dice.of(&["helper", "run"]);
        return filled(dice, &format!("from {neighbour} import {{C}}\n{{v}} = {{C}}()"));
    }
    if dice.below(3) > 0 {
        let at = dice.below(STATEMENTS.len());
        return filled(dice, STATEMENTS[at]);
    }
    let mut class = filled(dice, CLASS);
    for _ in 0..dice.below(5) {
        let method = METHODS[dice.below(METHODS.len())];
        class = format!("{class}\n{}", filled(dice, method));
    }
    class
}

/// Files as lists of statements.
type Tree = BTreeMap<&'static str, Vec<String>>;

fn new_file(dice: &mut Dice, path: &str) -> Vec<String> {
    (0..1 + dice.below(6)).map(|_| statement(dice, path)).collect()
}

fn any_path(dice: &mut Dice) -> &'static str {
    if dice.below(4) == 0 { dice.of(&RUST) } else { dice.of(&PYTHON) }
}

fn first(dice: &mut Dice) -> Tree {
    let paths = PYTHON.iter().chain(&RUST).copied();
    let mut tree = Tree::new();
    for path in paths {
        if dice.below(4) > 0 {
            tree.insert(path, new_file(dice, path));
        }
    }
    tree
}

/// Changes the tree as a commit may.
fn step(dice: &mut Dice, tree: &mut Tree) {
    let path = any_path(dice);
    match dice.below(12) {
        0..4 => {
            let text = statement(dice, path);
            let file = tree.entry(path).or_default();
            let at = dice.below(file.len() + 1);
            file.insert(at, text);
        }
        4..6 => {
            if let Some(file) = tree.get_mut(path).filter(|file| !file.is_empty()) {
                let at = dice.below(file.len());
                file.remove(at);
            }
        }
        6 => {
            let file = new_file(dice, path);
            tree.insert(path, file);
        }
        7 => {
            tree.remove(path);
        }
        8..10 => {
            let to = any_path(dice);
            if to.ends_with(".rs") == path.ends_with(".rs")
                && let Some(file) = tree.remove(path)
            {
                tree.insert(to, file);
            }
        }
        10 => {
            let (from, to) = (dice.of(&CLASSES), dice.of(&CLASSES));
            for statement in tree.get_mut(path).into_iter().flatten() {
                *statement = statement.replace(from, to);
            }
        }
        _ => {
            let (from, to) = (dice.of(&FUNCTIONS), dice.of(&FUNCTIONS));
            for statement in tree.values_mut().flatten() {
                *statement = statement.replace(from, to);
            }
        }
    }
}

/// Facts by ending and text: a file that did not change is the same one, as it is where blobs are read.
#[derive(Default)]
struct Shelf(BTreeMap<(&'static str, String), Arc<FileFacts>>);

impl Shelf {
    fn files(&mut self, tree: &Tree) -> Vec<LinkFile> {
        let mut files = Vec::new();
        for (path, statements) in tree {
            let (ending, language) = match path.rsplit('.').next() {
                Some("rs") => ("rs", Language::Rust),
                Some("pyi") => ("pyi", Language::PythonStub),
                _ => ("py", Language::Python),
            };
            let text = statements.join("\n") + "\n";
            let facts = self
                .0
                .entry((ending, text))
                .or_insert_with_key(|(_, text)| lang::facts(text, language, Target::default()).into());
            let role = match path.split('/').next() {
                Some("tests") => FileRole::Test,
                Some("scripts") => FileRole::Script,
                _ => FileRole::Production,
            };
            files.push(LinkFile {
                display: (*path).to_owned(),
                language,
                role,
                has_compiled_twin: false,
                facts: facts.clone(),
            });
        }
        files
    }
}

/// An environment with one package; of another one nothing is known, and a third is missing.
struct Packages([Arc<FileFacts>; 2]);

impl Packages {
    fn new() -> Self {
        let texts = [
            "from .asyncio import Redis as Other\nclass Redis:\n    def send(self): ...\n",
            "class Redis: ...\n",
        ];
        Self(texts.map(|text| lang::facts(text, Language::Python, Target::default()).into()))
    }
}

impl Outside for Packages {
    fn load(&self, name: Name) -> Option<OutsideModule> {
        let (display, is_package, facts) = match name.as_str() {
            "redis" => ("env/redis/__init__.py", true, &self.0[0]),
            "redis.asyncio" => ("env/redis/asyncio.py", false, &self.0[1]),
            "pydantic" => return None,
            _ => return Some(OutsideModule::Missing),
        };
        let (display, facts) = (display.to_owned(), facts.clone());
        Some(OutsideModule::File { display, language: Language::Python, is_package, facts })
    }
}

fn ground(tree: &Tree) -> Ground {
    let crate_of = |name: &str, kind: CrateKind, root: &str, package: &str| CrateTarget {
        name: name.to_owned(),
        kind,
        root: root.to_owned(),
        renamed: Vec::new(),
        package: package.to_owned(),
        is_2015: false,
    };
    let mut crates = vec![
        crate_of("hub_core", CrateKind::Library, "rust/src/lib.rs", "rust"),
        crate_of("it", CrateKind::Test, "rust/tests/it.rs", "rust"),
        crate_of("tool", CrateKind::Binary, "tool/src/main.rs", "tool"),
    ];
    crates.retain(|target| tree.contains_key(target.root.as_str()));
    Ground {
        projects: vec![PathBuf::from("other")],
        above: Vec::new(),
        python_minor: Target::default().python_minor,
        crates,
    }
}

fn options() -> AnalysisOptions {
    let config = Config::built_in().expect("built-in rules");
    let rule = |id: &str, names: &[&str], members: &[&str]| ConceptRule {
        id: id.to_owned(),
        title: id.to_owned(),
        summary: String::new(),
        names: names.iter().map(|name| Glob::new(name).expect("pattern").compile_matcher()).collect(),
        members: members.iter().map(|member| (*member).to_owned()).collect(),
        exclude: Vec::new(),
        canonical: None,
        protocol: None,
        line: 1,
    };
    let mut similarity = config.similarity;
    similarity.least_content = 2;
    AnalysisOptions {
        concepts: vec![rule("hub", &["*Hub*"], &["app.b"]), rule("bus", &["Bus", "S?"], &[])],
        lexicon: config.lexicon,
        similarity,
        graph: GraphOptions::default(),
        history: None,
    }
}

/// All that is told of a tree, in the ids of the index.
fn told(index: &Index, options: &AnalysisOptions, earlier: Option<(&Groundwork, &Profiles)>) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for class in index.tree_classes() {
        let id = index.class(class).id;
        for reference in index.references.of_class(class) {
            told.push(format!("{id} {reference:?}"));
        }
        for reference in index.references.on_receiver(class) {
            told.push(format!("{id} {reference:?}"));
        }
    }
    let groundwork = Groundwork::default();
    let before = earlier.map(|(groundwork, _)| groundwork);
    for concept in concepts::find_with(index, options, &groundwork, before) {
        told.push(format!("{concept:?}"));
    }
    let before = earlier.map(|(_, profiles)| profiles);
    let profiles = Profiles::after(before, index, &options.lexicon, options.similarity);
    for id in profiles.ids() {
        let near = profiles.nearest(id, 20);
        let near: Vec<String> = near.iter().map(|(id, score)| format!("{id:?} {score:?}")).collect();
        told.push(format!("{:?} near {near:?}", profiles.unit(id)));
    }
    told
}

#[test]
fn a_tree_after_another_says_what_it_says_by_itself() {
    let commits = std::env::var("SSOT_REPLAY").ok().and_then(|count| count.parse().ok()).unwrap_or(240);
    let options = options();
    let mut seed = 1;
    let mut done = 0;
    while done < commits {
        let mut dice = Dice(seed);
        let mut tree = first(&mut dice);
        let mut shelf = Shelf::default();
        let packages = Packages::new();
        let outside: &dyn Outside = if seed % 2 == 0 { &packages } else { &NoEnvironment };
        let mut earlier: Vec<(Counted, Groundwork, Profiles)> = Vec::new();
        for at in 0..LENGTH {
            let ground = ground(&tree);
            let alone = link(shelf.files(&tree), &ground, outside, Uses::All);
            // Lanes begin after trees that lie further back.
            let back = if dice.below(5) == 0 { dice.below(6) } else { 0 };
            let before = earlier.len().checked_sub(back + 1).map(|at| &earlier[at]);
            let index_before = before.map(|(counted, ..)| counted.index());
            let after = link_after(index_before, shelf.files(&tree), &ground, outside);
            let place = format!("seed {seed}, commit {at}: {tree:#?}");
            let both = [told(&alone, &options, None), told(&after, &options, before.map(|(_, g, p)| (g, p)))];
            let [expected, found] = &both;
            for (expected, found) in expected.iter().zip(found) {
                assert_eq!(expected, found, "{place}");
            }
            assert_eq!(expected.len(), found.len(), "{place}");
            let groundwork = Groundwork::default();
            let _ = concepts::find_with(&after, &options, &groundwork, before.map(|(_, g, _)| g));
            let profiles_before = before.map(|(.., profiles)| profiles);
            let profiles = Profiles::after(profiles_before, &after, &options.lexicon, options.similarity);
            let (alone, _) = figures(alone, None, &options);
            let (figures, counted) = figures(after, before.map(|(counted, ..)| counted), &options);
            assert_eq!(alone, figures, "{place}");
            // What answers were read from is the same, too, as if all had been asked anew.
            let anew = link_after(None, shelf.files(&tree), &ground, outside);
            let graph = GraphOptions::default();
            let (_, imports) = graph::count_cycles(&anew, None, PhaseSet::Load, graph);
            assert_eq!(format!("{imports:?}"), format!("{:?}", counted.imports()), "{place}");
            earlier.push((counted, groundwork, profiles));
            for _ in 0..1 + dice.below(3) {
                step(&mut dice, &mut tree);
            }
            done += 1;
        }
        seed += 1;
    }
}
