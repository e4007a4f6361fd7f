//! Which method a call means, compared with what `rustc` says (error E0034) and what the program does.
//!
//! Each case is a type with a method of one name of its own, two traits that may have it too, and one call. The
//! cases that compile are run, and tell which function was called.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use ssot::analysis::trait_methods::{self, Meaning};
use ssot::facts::Name;
use ssot::lang::{self, Target};
use ssot::link::references::Uses;
use ssot::link::{ClassId, Ground, Index, LinkFile, NoEnvironment, link};
use ssot::report::orders::order;
use ssot::source::{FileRole, Language};

/// How a method takes its value; the last one takes none.
const RECEIVERS: [&str; 4] = ["self", "&self", "&mut self", ""];

/// One type and its traits.
struct Case {
    /// Whether the type has a method of its own, and how that takes its value.
    own: Option<usize>,
    /// The same for two traits.
    traits: [Option<usize>; 2],
    form: Form,
}

/// How the traits' methods come to the type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Defaults of the traits.
    Default,
    /// Defined in the `impl` blocks.
    Implemented,
    /// The second trait is a supertrait of the first one.
    Super,
}

impl Case {
    fn is_called_by_path(&self) -> bool {
        let has_value = |receiver: Option<usize>| receiver.is_some_and(|receiver| receiver < 3);
        !has_value(self.own) && !self.traits.iter().any(|receiver| has_value(*receiver))
    }

    fn text(&self, number: usize) -> String {
        let mut text = format!("pub mod case_{number} {{\n    pub struct T;\n");
        let function = |receiver: usize, name: &str| {
            format!("fn name({}) -> &'static str {{ {name:?} }}", RECEIVERS[receiver])
        };
        if let Some(receiver) = self.own {
            let _ = writeln!(text, "    impl T {{ pub {} }}", function(receiver, "T"));
        }
        for (position, receiver) in self.traits.iter().enumerate() {
            let Some(receiver) = *receiver else { continue };
            let name = ["A", "B"][position];
            let above = match (self.form, position, self.traits[1]) {
                (Form::Super, 0, Some(_)) => ": B",
                _ => ": Sized",
            };
            let above = if self.form == Form::Super && position == 1 { ": Sized" } else { above };
            let defined = function(receiver, name);
            let declared = format!("fn name({}) -> &'static str;", RECEIVERS[receiver]);
            let (in_trait, in_block) = match self.form {
                Form::Implemented => (declared.as_str(), defined.as_str()),
                Form::Default | Form::Super => (defined.as_str(), ""),
            };
            // A default that takes `self` by value needs a sized type; `B` brings it along.
            let _ = writeln!(text, "    pub trait {name}{above} {{ {in_trait} }}");
            let _ = writeln!(text, "    impl {name} for T {{ {in_block} }}");
        }
        let call = if self.is_called_by_path() {
            "T::name()"
        } else {
            "{ #[allow(unused_mut)] let mut value = T; value.name() }"
        };
        let _ = writeln!(text, "    pub fn call() -> &'static str {{ {call} }}\n}}");
        text
    }
}

fn cases() -> Vec<Case> {
    let choices: Vec<Option<usize>> = std::iter::once(None).chain((0..RECEIVERS.len()).map(Some)).collect();
    let mut cases = Vec::new();
    for form in [Form::Default, Form::Implemented, Form::Super] {
        for &own in &choices {
            for &first in &choices {
                for &second in &choices {
                    let is_empty = own.is_none() && first.is_none() && second.is_none();
                    let is_told_already = form == Form::Super && (first.is_none() || second.is_none());
                    if !is_empty && !is_told_already {
                        cases.push(Case { own, traits: [first, second], form });
                    }
                }
            }
        }
    }
    cases
}

fn program(cases: &[Case], wanted: impl Fn(usize) -> bool) -> String {
    let mut text = String::from("#![allow(dead_code, unconditional_recursion)]\n");
    let mut main = String::from("fn main() {\n");
    for (number, case) in cases.iter().enumerate().filter(|(number, _)| wanted(*number)) {
        text.push_str(&case.text(number));
        let _ = writeln!(main, "    println!(\"{number} {{}}\", case_{number}::call());");
    }
    text + &main + "}\n"
}

/// Compiles a program; the cases whose call is ambiguous, by error E0034 in them.
fn compile(folder: &Path, text: &str) -> BTreeSet<usize> {
    let source = folder.join("cases.rs");
    std::fs::write(&source, text).expect("source");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let output = Command::new(rustc)
        .args(["--edition=2024", "--error-format=json", "-o"])
        .arg(folder.join("cases"))
        .arg(&source)
        .output()
        .expect("rustc runs");
    let lines: Vec<&str> = text.lines().collect();
    let mut ambiguous = BTreeSet::new();
    for message in String::from_utf8_lossy(&output.stderr).lines() {
        let message: serde_json::Value = serde_json::from_str(message).expect("a message");
        if message["level"] != "error" || message["spans"].as_array().is_some_and(Vec::is_empty) {
            continue;
        }
        assert_eq!(message["code"]["code"], "E0034", "{}", message["rendered"]);
        let line = message["spans"][0]["line_start"].as_u64().expect("a line") as usize;
        let module = lines[..line].iter().rev().find_map(|line| line.strip_prefix("pub mod case_"));
        let number = module.and_then(|rest| rest.split(' ').next()).expect("a case");
        ambiguous.insert(number.parse().expect("a number"));
    }
    ambiguous
}

fn index_of(text: &str) -> Index {
    let file = LinkFile {
        display: "cases.rs".into(),
        language: Language::Rust,
        role: FileRole::Production,
        has_compiled_twin: false,
        facts: lang::facts(text, Language::Rust, Target::default()).into(),
    };
    link(vec![file], &Ground { python_minor: 13, ..Ground::default() }, &NoEnvironment, Uses::All)
}

#[test]
fn calls_mean_what_the_compiler_says() {
    let cases = cases();
    assert!(cases.len() >= 200, "{} cases", cases.len());
    let folder = tempfile::tempdir().expect("a folder");
    let all = program(&cases, |_| true);
    let ambiguous = compile(folder.path(), &all);
    assert!(ambiguous.len() >= 20, "{} ambiguous calls", ambiguous.len());
    let rest = program(&cases, |number| !ambiguous.contains(&number));
    assert_eq!(compile(folder.path(), &rest), BTreeSet::new());
    let printed = Command::new(folder.path().join("cases")).output().expect("the program runs");
    let printed = String::from_utf8(printed.stdout).expect("UTF-8");
    let called: BTreeMap<usize, &str> = printed
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(number, name)| (number.parse().expect("a number"), name))
        .collect();

    let index = index_of(&all);
    let by_id: BTreeMap<&str, ClassId> =
        index.tree_classes().map(|class| (index.class(class).id.as_str(), class)).collect();
    let mut wrong = Vec::new();
    for number in 0..cases.len() {
        let class = by_id[format!("cases::case_{number}::T").as_str()];
        let candidates = trait_methods::candidates(&index, class);
        let meaning = trait_methods::meaning(&candidates[&Name::new("name")]);
        let ours = match meaning {
            Some(Meaning::Ambiguous(_)) => "ambiguous",
            Some(Meaning::One(found, _)) => match found.of_trait {
                Some(of_trait) => index.class(of_trait).name.as_str(),
                None => "T",
            },
            None => "nothing",
        };
        let theirs = called.get(&number).copied().unwrap_or("ambiguous");
        if ours != theirs {
            wrong.push(format!("case {number}: {ours}, but {theirs}\n{}", cases[number].text(number)));
        }
        // What `ssot mro` says of it.
        let order = order(&index, class).expect("an order");
        let told = order.methods.iter().find(|method| method.name == "name").expect("the method");
        let told = match told.through {
            _ if !told.ambiguous.is_empty() => "ambiguous",
            Some(of_trait) => of_trait,
            None => told.provider.rsplit("::").next().unwrap_or_default(),
        };
        if told != theirs {
            wrong.push(format!("case {number}: told {told}, but {theirs}\n{}", cases[number].text(number)));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
