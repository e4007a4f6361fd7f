//! Every `[[conformance]]` row of the example tree's specification.

use ssot::analysis::protocols::{Verdict, conforms};
use ssot::cache::Cache;
use ssot::facts::Name;
use ssot::link::references::Uses;
use ssot::link::{ClassId, Index};
use ssot::source::{RoleRule, RoleTable};
use ssot::tree::{EnvironmentChoice, ReadOptions, Tree, read};

#[derive(serde::Deserialize)]
struct Specification {
    conformance: Vec<Row>,
}

#[derive(serde::Deserialize)]
struct Row {
    r#type: String,
    protocol: String,
    verdict: String,
    missing: Vec<String>,
    #[serde(default)]
    mismatched: Vec<String>,
    #[serde(default = "firm")]
    firm: bool,
}

fn firm() -> bool {
    true
}

#[derive(serde::Deserialize)]
struct Roles {
    role: Vec<RoleRule>,
}

fn chat_service() -> Tree {
    let roles: Roles = toml::from_str(include_str!("../rules/roles.toml")).expect("roles");
    let roles = RoleTable::new(&roles.role).expect("roles");
    let options = ReadOptions {
        paths: vec![concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/trees/chat_service").into()],
        respects_ignore: true,
        roles: &roles,
        environment: EnvironmentChoice::None,
        python_minor: None,
        platform: Default::default(),
        reads_prose: true,
        uses: Uses::All,
    };
    read(&options, &Cache::off()).expect("tree")
}

fn class_named(index: &Index, id: &str) -> ClassId {
    let name = Name::new(id);
    index.tree_classes().find(|class| index.class(*class).id == name).expect(id)
}

#[test]
fn the_rows_of_the_example_tree_come_out_as_specified() {
    let specification: Specification =
        toml::from_str(include_str!("../fixtures/trees/chat_service.toml")).expect("specification");
    let tree = chat_service();
    let index = &tree.index;
    let mut failures = Vec::new();
    for row in &specification.conformance {
        let found = conforms(index, class_named(index, &row.r#type), class_named(index, &row.protocol));
        let names = |keep: &dyn Fn(&ssot::analysis::protocols::MemberVerdict) -> bool| -> Vec<String> {
            found.members.iter().filter(|member| keep(member)).map(|member| member.name.to_string()).collect()
        };
        let missing = names(&|member| member.is_missing());
        let mismatched = names(&|member| member.verdict == Verdict::Violates && !member.is_missing());
        let is_right = found.verdict.as_str() == row.verdict
            && (!row.firm || (missing == row.missing && mismatched == row.mismatched));
        if !is_right {
            failures.push(format!("{} / {}: {found:#?}", row.r#type, row.protocol));
        }
        assert!(!found.only_names, "no verdict of the specification rests on names alone");
    }
    assert!(specification.conformance.len() > 20, "the specification has rows");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
