//! Any bytes and any mutilation of real sources go through the whole pipeline without a panic, and facts
//! point only at what is there.

mod support;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index as Pick, select};
use proptest::test_runner::{Config as RunnerConfig, TestRunner};
use ssot::analysis::{self, AnalysisOptions};
use ssot::config::Config;
use ssot::facts::{Bound, ChainId, FileFacts, GuardId, MadeBy, Run, ScopeId, ScopeKind, Step, TypeIdx};
use ssot::lang::python::STACK_BYTES;
use ssot::lang::{self, Target};
use ssot::link::references::Uses;
use ssot::link::{self, Ground, LinkFile, NoEnvironment};
use ssot::render::pages::report_page;
use ssot::render::terminal::{TerminalOptions, render_terminal};
use ssot::render::{json, markdown};
use ssot::report;
use ssot::source::Language;
use ssot::text::decode_python;
use ssot::tree::{Times, Tree};

/// Sources of the example trees: the path within the tree, and the text.
static SOURCES: LazyLock<Vec<(String, String)>> =
    LazyLock::new(|| [sources_of("chat_service"), sources_of("rust_hub")].concat());

fn sources_of(tree: &str) -> Vec<(String, String)> {
    let root = support::trees().join(tree);
    let entries = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter();
    let paths = entries.map(|entry| entry.expect("an entry").into_path());
    let read = paths.filter(|path| language_of(&path.to_string_lossy()).is_some());
    let sources = read.map(|path| {
        let shown = path.strip_prefix(&root).expect("below it").to_str().expect("UTF-8").to_owned();
        (shown, std::fs::read_to_string(path).expect("source"))
    });
    sources.collect()
}

fn language_of(path: &str) -> Option<Language> {
    Language::of_extension(path.rsplit('.').next()?)
}

static RULES: LazyLock<Config> = LazyLock::new(|| Config::built_in().expect("built-in rules"));

/// Pieces that Python programs are made of, the troublesome ones included.
const PIECES: [&str; 64] = [
    "class ",
    "def ",
    "async ",
    "await ",
    "lambda ",
    "if ",
    "else",
    "elif ",
    "for ",
    "in ",
    "while ",
    "try",
    "except ",
    "finally",
    "with ",
    "as ",
    "match ",
    "case ",
    "import ",
    "from ",
    "*",
    "**",
    "return ",
    "yield ",
    "del ",
    "global ",
    "nonlocal ",
    "type ",
    "pass",
    "self",
    "cls",
    "super()",
    "__all__",
    "A",
    "B",
    "Manager",
    "typing",
    "TYPE_CHECKING",
    "Protocol",
    "Generic",
    "NamedTuple",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    ":",
    ":=",
    "=",
    "->",
    "@",
    "|",
    "\\\n",
    "\n",
    "\n    ",
    "\n        ",
    "\"",
    "'''",
    "f\"{",
    "é\u{301}",
    "\t",
];

/// Pieces of Rust.
const RUST_PIECES: [&str; 52] = [
    "struct ",
    "enum ",
    "trait ",
    "impl ",
    "for ",
    "fn ",
    "mod ",
    "use ",
    "pub ",
    "crate",
    "self",
    "Self",
    "super",
    "::",
    "*",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    ",",
    ";",
    ":",
    "->",
    "=>",
    "=",
    "&",
    "&mut ",
    "'a ",
    "#",
    "!",
    "#[cfg(test)]\n",
    "macro_rules! m ",
    "m!",
    "cfg_if! ",
    "where ",
    "dyn ",
    "async ",
    "let ",
    "match ",
    "if ",
    "A ",
    "B ",
    "\"",
    "r#\"",
    "'",
    "//",
    "/*",
    "\n",
];

/// Whole items that name each other, some of them in circles.
const RUST_ITEMS: [&str; 30] = [
    "mod a;\n",
    "mod b;\n",
    "mod c { use super::*; pub struct A; }\n",
    "pub use self::a::*;\n",
    "use super::*;\n",
    "pub use crate::a::b::*;\n",
    "use crate::A;\n",
    "pub use A as B;\n",
    "use B as A;\n",
    "use a as b;\n",
    "extern crate self as own;\n",
    "#[path = \"lib.rs\"] mod own;\n",
    "pub struct A { b: Option<B> }\n",
    "pub struct B(std::sync::Arc<std::sync::Mutex<A>>);\n",
    "type A = B;\n",
    "type B = A;\n",
    "pub trait T: U { fn f(&self); }\n",
    "pub trait U: T { fn f(&self) {} }\n",
    "impl T for A { fn f(&self) {} }\n",
    "impl U for A {}\n",
    "impl<X: T> U for X {}\n",
    "impl A { fn f(&self) -> B { self.b.unwrap() } }\n",
    "impl std::ops::Deref for A { type Target = B; fn deref(&self) -> &B { todo!() } }\n",
    "impl std::ops::Deref for B { type Target = A; fn deref(&self) -> &A { todo!() } }\n",
    "#[cfg(test)] mod tests { use super::*; #[test] fn t() { A.f(); } }\n",
    "cfg_if! { if #[cfg(x)] { mod a; } }\n",
    "fn f() { let a = A::f(); for x in a.b.iter() { x.f(); } match a { Some(b) => b.f(), _ => {} } }\n",
    "enum E { A, B(A) }\nuse E::*;\n",
    "static S: A = A;\n",
    "impl !Send for A {}\n",
];

/// Runs a property on a thread with the stack that the pipeline asks for.
fn check<S: Strategy + Send>(
    cases: u32,
    strategy: S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError> + Send,
) {
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(2).stack_size(STACK_BYTES).build().expect("threads");
    pool.install(move || {
        let cases = cases * factor();
        let config = RunnerConfig {
            cases,
            failure_persistence: None,
            max_shrink_time: 60_000,
            ..RunnerConfig::default()
        };
        if let Err(failure) = TestRunner::new_with_rng(config, rng()).run(&strategy, property) {
            panic!("{failure}");
        }
    });
}

/// `SSOT_FUZZ_FACTOR=50` looks that much longer.
fn factor() -> u32 {
    std::env::var("SSOT_FUZZ_FACTOR").ok().and_then(|factor| factor.parse().ok()).unwrap_or(1)
}

/// The same cases on every run, so that a failure can be repeated.
fn rng() -> proptest::test_runner::TestRng {
    proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha)
}

/// One change to a list of tokens.
#[derive(Debug, Clone)]
enum Change {
    Delete(Pick, usize),
    Duplicate(Pick, usize, Pick),
    Swap(Pick, Pick),
    Insert(Pick, &'static str),
    CutBytes(Pick, Pick),
}

fn change() -> impl Strategy<Value = Change> {
    let pick = any::<Pick>;
    prop_oneof![
        (pick(), 1_usize..30).prop_map(|(at, len)| Change::Delete(at, len)),
        (pick(), 1_usize..200, pick()).prop_map(|(at, len, to)| Change::Duplicate(at, len, to)),
        (pick(), pick()).prop_map(|(one, other)| Change::Swap(one, other)),
        (pick(), select(&PIECES[..])).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (pick(), pick()).prop_map(|(from, to)| Change::CutBytes(from, to)),
    ]
}

/// A source of the example tree with some changes: its path and its text.
fn changed_source() -> impl Strategy<Value = (String, String)> {
    (any::<Pick>(), any::<Pick>(), vec(change(), 0..12)).prop_map(|(path, source, changes)| {
        let text = &SOURCES[source.index(SOURCES.len())].1;
        let mut pieces = tokens(text);
        for change in &changes {
            apply(change, &mut pieces);
        }
        (SOURCES[path.index(SOURCES.len())].0.clone(), pieces.concat())
    })
}

/// Words, runs of blanks, and single other characters.
fn tokens(text: &str) -> Vec<String> {
    let class = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            1
        } else if c == ' ' {
            2
        } else {
            0
        }
    };
    let mut found: Vec<String> = Vec::new();
    let mut before = 0;
    for c in text.chars() {
        let now = class(c);
        match found.last_mut() {
            Some(last) if now == before && now != 0 => last.push(c),
            _ => found.push(c.to_string()),
        }
        before = now;
    }
    found
}

fn apply(change: &Change, pieces: &mut Vec<String>) {
    let len = pieces.len();
    if len == 0 {
        return;
    }
    match change {
        Change::Delete(at, count) => {
            let at = at.index(len);
            pieces.drain(at..(at + count).min(len));
        }
        Change::Duplicate(at, count, to) => {
            let at = at.index(len);
            let copy = pieces[at..(at + count).min(len)].to_vec();
            let to = to.index(len);
            pieces.splice(to..to, copy);
        }
        Change::Swap(one, other) => pieces.swap(one.index(len), other.index(len)),
        Change::Insert(at, piece) => pieces.insert(at.index(len), (*piece).to_owned()),
        Change::CutBytes(from, to) => {
            let (from, to) = (from.index(len), to.index(len));
            // Half of a file is enough.
            pieces.drain(from.min(to)..from.max(to).min(from.min(to) + len / 2));
        }
    }
}

/// Facts of one text, validated.
fn sound_facts(text: &str, language: Language) -> Result<FileFacts, TestCaseError> {
    let facts = lang::facts(text, language, Target::default());
    match defect_of(&facts, text.len()) {
        None => Ok(facts),
        Some(defect) => Err(TestCaseError::fail(defect)),
    }
}

/// An index or a run that points outside its table.
fn defect_of(facts: &FileFacts, text_len: usize) -> Option<String> {
    let mut defects: Vec<String> = Vec::new();
    let mut demand = |is_sound: bool, what: String| {
        if !is_sound {
            defects.push(what);
        }
    };
    // A file that was not read has no module scope, and nothing else either.
    let is_unread = facts.scopes.is_empty();
    demand(
        !is_unread || (facts.bindings.is_empty() && facts.types.is_empty()),
        "facts without a scope".into(),
    );
    let within = |run: Run, len: usize| (run.start as usize) + (run.len as usize) <= len;
    let scope = |id: ScopeId| id.index() < facts.scopes.len();
    let guard = |id: GuardId| id.index() < facts.guards.len();
    let chain = |id: ChainId| id.index() < facts.chains.len();
    let chain_if = |id: Option<ChainId>| id.is_none_or(chain);
    let of_type = |id: TypeIdx| id.index() < facts.types.len();
    let values = |run: Run| within(run, facts.values.len());
    let at = |offset: u32| offset as usize <= text_len;

    for (position, found) in facts.scopes.iter().enumerate() {
        let is_known = match found.kind {
            ScopeKind::Module | ScopeKind::Expression | ScopeKind::TypeParameters | ScopeKind::Block => true,
            ScopeKind::Namespace(id) => id.index() < facts.modules.len(),
            ScopeKind::Type(id) => of_type(id),
            ScopeKind::Function(id) => id.index() < facts.functions.len(),
        };
        // A parent stands before its child: whoever walks outwards comes to an end.
        demand(is_known && found.parent.index() <= position, format!("scope {position}: {found:?}"));
    }
    for (position, found) in facts.guards.iter().enumerate() {
        demand(
            found.parent.index() <= position && at(found.statement),
            format!("guard {position}: {found:?}"),
        );
    }
    for found in &facts.bindings {
        let is_known = match found.target {
            Bound::Import(id) | Bound::Star(id) => id.index() < facts.imports.len(),
            Bound::Type(id) | Bound::Receiver { of: id, .. } => of_type(id),
            Bound::Module(id) => id.index() < facts.modules.len(),
            Bound::Function(id) => id.index() < facts.functions.len(),
            Bound::Parameter(position) => (position as usize) < facts.parameters.len(),
            Bound::Value { values: run, annotation, .. } => values(run) && chain_if(annotation),
            Bound::TypeAlias(id) => chain_if(id),
            Bound::TypeParameter | Bound::Opaque | Bound::Deleted => true,
        };
        demand(is_known && scope(found.scope) && guard(found.guard) && at(found.at), format!("{found:?}"));
    }
    let key = |position: usize| (facts.bindings[position].scope, facts.bindings[position].name.address());
    demand(
        (1..facts.bindings.len()).all(|next| key(next - 1) <= key(next)),
        "bindings are not sorted".into(),
    );
    for found in &facts.chains {
        let is_rooted = found.root.index() < facts.roots.len();
        let steps = within(found.steps, facts.steps.len());
        demand(is_rooted && steps && guard(found.guard) && at(found.at), format!("{found:?}"));
    }
    for found in facts.roots.iter().filter(|found| scope(found.scope)) {
        let nearest = facts.nearest(found.scope, found.name);
        demand(found.nearest == nearest, format!("{found:?} has its nearest bindings at {nearest:?}"));
    }
    demand(facts.roots.iter().all(|found| scope(found.scope)), "a root of no scope".into());
    for found in &facts.steps {
        let is_known = match *found {
            Step::Attribute(_, offset) => at(offset),
            Step::Call | Step::Await | Step::Index | Step::Held(_) | Step::Entered { .. } | Step::Part(_) => {
                true
            }
        };
        demand(is_known, format!("{found:?}"));
    }
    for found in &facts.payloads {
        demand(chain(found.chain) && found.owner.index() < facts.types.len(), format!("{found:?}"));
    }
    for found in facts.values.iter().chain(&facts.decorators) {
        demand(chain(*found), format!("value or decorator {found:?}"));
    }
    for found in &facts.types {
        let made = match found.made_by {
            MadeBy::Statement => true,
            MadeBy::NamedTuple(id) | MadeBy::Call(id) => chain(id),
        };
        let runs = within(found.bases, facts.bases.len()) && within(found.decorators, facts.decorators.len());
        let places = at(found.at) && at(found.name_at) && at(found.end) && found.at <= found.end;
        let scopes = scope(found.scope) && scope(found.body) && guard(found.guard);
        demand(made && runs && places && scopes && chain_if(found.metaclass), format!("{found:?}"));
    }
    for found in &facts.bases {
        let is_known = chain_if(found.chain) && found.made_in_place.is_none_or(of_type) && at(found.at);
        demand(is_known, format!("{found:?}"));
    }
    for found in &facts.functions {
        let runs = within(found.parameters, facts.parameters.len())
            && within(found.decorators, facts.decorators.len())
            && values(found.returned);
        let places = at(found.at) && at(found.name_at) && at(found.end) && found.at <= found.end;
        let scopes = scope(found.scope) && guard(found.guard) && found.owner.is_none_or(of_type);
        demand(runs && places && scopes && chain_if(found.returns_chain), format!("{found:?}"));
    }
    for found in &facts.parameters {
        demand(chain_if(found.annotation_chain), format!("{found:?}"));
    }
    for found in &facts.imports {
        demand(scope(found.scope) && guard(found.guard) && at(found.at), format!("{found:?}"));
    }
    for found in &facts.fields {
        let is_known =
            of_type(found.owner) && chain_if(found.annotation_chain) && values(found.values) && at(found.at);
        demand(is_known, format!("{found:?}"));
    }
    for found in &facts.strings {
        demand(scope(found.scope) && at(found.at), format!("{found:?}"));
    }
    demand(facts.aliases.iter().all(|found| at(found.at)), "alias outside the text".into());
    demand(facts.exports.iter().all(|found| at(found.at)), "export outside the text".into());
    demand(facts.errors.iter().all(|found| at(found.at)), "error outside the text".into());
    defects.into_iter().next()
}

/// The whole pipeline on sources in memory.
fn run_all(sources: Vec<(String, String)>) -> Result<(), TestCaseError> {
    let mut files = Vec::with_capacity(sources.len());
    let mut taken = BTreeSet::new();
    let mut documents = Vec::new();
    for (display, text) in sources {
        if taken.insert(display.clone()) {
            let language = language_of(&display).unwrap_or(Language::Python);
            let facts = sound_facts(&text, language)?;
            let role = RULES.roles.role_of(display.as_ref());
            documents.push((format!("{display}.md"), text));
            files.push(LinkFile { display, language, role, has_compiled_twin: false, facts: facts.into() });
        }
    }
    files.sort_by(|a, b| a.display.cmp(&b.display));
    let target = Target::default();
    let ground = Ground { python_minor: target.python_minor, ..Ground::default() };
    let same =
        |file: &LinkFile| LinkFile { display: file.display.clone(), facts: file.facts.clone(), ..*file };
    let copies = files.iter().map(same).collect();
    let index = link::link(files, &ground, &NoEnvironment, Uses::All);
    let alone = link::link(copies, &ground, &NoEnvironment, Uses::MethodsWhere(&|_| false));
    for class in index.tree_classes() {
        let (all, alone) = (index.references.of_class(class), alone.references.of_class(class));
        prop_assert_eq!(format!("{all:?}"), format!("{alone:?}"));
    }
    check_orders(&index)?;
    let options = AnalysisOptions {
        concepts: RULES.concepts.clone(),
        lexicon: RULES.lexicon.clone(),
        ..AnalysisOptions::default()
    };
    let found = analysis::run(&index, &documents, &options);
    let (root, times) = (PathBuf::from("/tree"), Times::default());
    let tree = Tree {
        index,
        root,
        prose_files: documents.len(),
        documents,
        skipped: Vec::new(),
        environment: None,
        target,
        bytes: 0,
        witness: Default::default(),
        times,
    };
    let report = report::build(&tree, &found, &options.lexicon);
    let page = report_page(&report);
    let _ = render_terminal(&page, TerminalOptions { width: 80, has_color: true });
    let _ = markdown::render_markdown(&page);
    let mut bytes = Vec::new();
    json::write_report(&report, &mut bytes).map_err(|error| TestCaseError::fail(error.to_string()))?;
    let read: serde_json::Result<serde_json::Value> = serde_json::from_slice(&bytes);
    prop_assert!(read.is_ok(), "the report is no JSON");
    Ok(())
}

/// An order that is marked complete starts with its class, ends with `object` and names nothing twice.
fn check_orders(index: &link::Index) -> Result<(), TestCaseError> {
    for class in index.tree_classes() {
        let found = index.class(class);
        if found.mro.is_complete() {
            let entries: Vec<&str> =
                found.mro.entries.iter().map(|entry| index.entry_name(*entry).as_str()).collect();
            prop_assert_eq!(entries.first(), Some(&found.id.as_str()));
            if index.language_of(class).is_python() {
                prop_assert_eq!(entries.last(), Some(&"builtins.object"));
            }
            prop_assert!(found.mro.error.is_none() && found.mro.unknown.is_empty());
            let distinct: BTreeSet<_> = found.mro.classes().collect();
            let unknown = entries.len() - distinct.len();
            let is_rust = !index.language_of(class).is_python();
            prop_assert!(unknown == 0 || is_rust, "{} names a class twice", found.id);
        }
    }
    Ok(())
}

#[test]
fn any_bytes_are_text_or_a_reason() {
    check(400, vec(any::<u8>(), 0..400), |bytes| {
        if let Ok(text) = decode_python(&bytes) {
            sound_facts(&text, Language::Python)?;
            sound_facts(&text, Language::PythonStub)?;
            sound_facts(&text, Language::Rust)?;
        }
        Ok(())
    });
}

#[test]
fn bytes_after_an_encoding_declaration_are_text_or_a_reason() {
    let label =
        select(&["latin-1", "utf-8", "cp1252", "shift_jis", "utf-16", "utf-7", "gb18030", "-", "euc_kr"][..]);
    check(300, (label, vec(any::<u8>(), 0..200)), |(label, bytes)| {
        let source = [format!("# coding: {label}\n").as_bytes(), &bytes].concat();
        if let Ok(text) = decode_python(&source) {
            sound_facts(&text, Language::Python)?;
        }
        Ok(())
    });
}

#[test]
fn any_text_has_sound_facts() {
    check(400, "\\PC{0,200}", |text| sound_facts(&text, Language::Python).map(drop));
}

#[test]
fn any_sequence_of_pieces_of_python_has_sound_facts() {
    check(1_500, vec(select(&PIECES[..]), 0..120), |pieces| {
        sound_facts(&pieces.concat(), Language::Python).map(drop)
    });
}

#[test]
fn any_sequence_of_pieces_of_python_goes_through_the_pipeline() {
    let file = vec(select(&PIECES[..]), 0..80).prop_map(|pieces| pieces.concat());
    check(60, (file.clone(), file.clone(), file), |(one, other, third)| {
        let paths = ["p/__init__.py", "p/a.py", "a.py"].map(str::to_owned);
        run_all(paths.into_iter().zip([one, other, third]).collect())
    });
}

#[test]
fn any_sequence_of_pieces_of_rust_has_sound_facts() {
    check(1_500, vec(select(&RUST_PIECES[..]), 0..120), |pieces| {
        sound_facts(&pieces.concat(), Language::Rust).map(drop)
    });
}

#[test]
fn any_sequence_of_rust_items_goes_through_the_pipeline() {
    let file = vec(select(&RUST_ITEMS[..]), 0..24).prop_map(|items| items.concat());
    check(150, (file.clone(), file.clone(), file), |(one, other, third)| {
        let paths = ["src/lib.rs", "src/a.rs", "src/a/b.rs"].map(str::to_owned);
        run_all(paths.into_iter().zip([one, other, third]).collect())
    });
}

#[test]
fn changed_sources_have_sound_facts() {
    check(200, changed_source(), |(_, text)| {
        sound_facts(&text, Language::Python)?;
        sound_facts(&text, Language::Rust)?;
        sound_facts(&text, Language::PythonStub).map(drop)
    });
}

#[test]
fn changed_trees_go_through_the_pipeline() {
    check(40, vec(changed_source(), 1..12), run_all);
}

#[test]
fn the_unchanged_tree_goes_through_the_pipeline() {
    check(1, Just(()), |()| run_all(SOURCES.clone()));
}
