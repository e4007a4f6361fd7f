//! The report on the example workspace of Rust says what its specification says.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;
use support::{items, line_of, ssot, strings, text_of};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Specification {
    r#type: Vec<TypeRow>,
    usage: Vec<UsageRow>,
    graph: GraphRow,
    concept: ConceptRow,
    findings: Findings,
    coverage: Coverage,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeRow {
    id: String,
    kind: String,
    place: String,
    order: Vec<String>,
    methods: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UsageRow {
    id: String,
    references: Vec<String>,
    methods: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GraphRow {
    edges: Vec<String>,
    cycles: Vec<Vec<String>>,
    crates: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConceptRow {
    id: String,
    roles: BTreeMap<String, String>,
    conflicts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Findings {
    rules: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Coverage {
    dead_files: Vec<String>,
    item_macros: Vec<String>,
    skipped: usize,
    syntax_errors: usize,
}

static SPECIFICATION: LazyLock<Specification> = LazyLock::new(|| {
    let text = std::fs::read_to_string(support::trees().join("rust_hub.toml")).expect("specification");
    toml::from_str(&text).expect("a specification")
});

static REPORT: LazyLock<Value> = LazyLock::new(|| answer(&["report", "rust_hub", "--format", "json"]));

fn answer(arguments: &[&str]) -> Value {
    ssot(&support::trees(), arguments).json()
}

fn place(of: &Value) -> String {
    format!("{}:{}", text_of(of, "path"), line_of(of))
}

#[test]
fn types_orders_and_methods() {
    for row in &SPECIFICATION.r#type {
        let types = items(&REPORT["types"]);
        let found = types.iter().find(|found| text_of(found, "id") == row.id).expect(&row.id);
        assert_eq!(
            (text_of(found, "kind"), place(found)),
            (row.kind.as_str(), row.place.clone()),
            "{}",
            row.id
        );
        assert_eq!(strings(&found["mro"]["entries"]), row.order, "{}", row.id);
        assert_eq!(found["mro"]["complete"], true, "{}", row.id);
        let methods = items(&found["methods"]).iter().map(|method| match method["through"].as_str() {
            Some(of_trait) => format!("{of_trait}.{}", text_of(method, "name")),
            None => text_of(method, "name").to_owned(),
        });
        assert_eq!(methods.collect::<Vec<_>>(), row.methods, "{}", row.id);
    }
}

#[test]
fn usage_is_resolved_through_paths() {
    for row in &SPECIFICATION.usage {
        let found = answer(&["usage", &row.id, "--root", "rust_hub", "--format", "json"]);
        let own: BTreeSet<String> = own_places(&row.id);
        let references = items(&found["references"]).iter().filter_map(|reference| {
            let place = place(reference);
            let via = match reference["via"].as_str() {
                Some(via) if !via.is_empty() => format!(" {via}"),
                _ => String::new(),
            };
            let shown = format!("{place} {}{via}", text_of(reference, "kind"));
            (!own.contains(&place)).then_some(shown)
        });
        assert_eq!(references.collect::<Vec<_>>(), row.references, "{}", row.id);
        let methods = items(&found["methods"]).iter().flat_map(|method| {
            let own = &own;
            items(&method["references"]).iter().filter_map(move |reference| {
                let place = place(reference);
                (!own.contains(&place)).then(|| format!("{} {place}", text_of(method, "name")))
            })
        });
        assert_eq!(methods.collect::<Vec<_>>(), row.methods, "{}", row.id);
    }
}

/// The lines of a type's own file that its definition and its methods take.
fn own_places(id: &str) -> BTreeSet<String> {
    let types = items(&REPORT["types"]);
    let found = types.iter().find(|found| text_of(found, "id") == id).expect(id);
    let path = text_of(found, "path");
    let text = std::fs::read_to_string(support::trees().join("rust_hub").join(path)).expect("source");
    let name = text_of(found, "name");
    let mut own = BTreeSet::new();
    let mut is_within = false;
    for (number, line) in text.lines().enumerate() {
        let heads = ["struct", "trait", "enum"].map(|keyword| format!("pub {keyword} {name}"));
        let is_head = heads.iter().any(|head| line.starts_with(head.as_str()))
            || line.starts_with(&format!("impl {name} "))
            || (line.starts_with("impl ") && line.contains(&format!(" for {name} ")));
        is_within = is_head || (is_within && !line.starts_with('}'));
        if is_within {
            own.insert(format!("{path}:{}", number + 1));
        }
    }
    own
}

#[test]
fn modules_and_crates_depend_as_specified() {
    let graph = answer(&["graph", "rust_hub", "--format", "json"]);
    let edges: BTreeSet<String> = items(&graph["edges"])
        .iter()
        .map(|edge| {
            let [from, to, phase] = ["from", "to", "phase"].map(|key| text_of(edge, key));
            let condition = edge["condition"].as_str().map_or(String::new(), |text| format!(" {text}"));
            format!("{from} {to} {phase}{condition}")
        })
        .collect();
    for edge in &SPECIFICATION.graph.edges {
        assert!(edges.contains(edge), "{edge} is not among\n{edges:#?}");
    }
    let components = items(&graph["components"]).iter().filter(|found| items(&found["phases"]).len() == 1);
    let cycles: Vec<Vec<&str>> = components.map(|found| strings(&found["modules"])).collect();
    assert_eq!(cycles, SPECIFICATION.graph.cycles);
    let crates = items(&graph["crates"]).iter().filter(|edge| edge["places"].as_u64() > Some(0));
    let libraries = crates.filter(|edge| text_of(edge, "from").starts_with("hub_"));
    let shown = libraries.map(|edge| format!("{} {}", text_of(edge, "from"), text_of(edge, "to")));
    assert_eq!(shown.collect::<Vec<_>>(), SPECIFICATION.graph.crates);
}

#[test]
fn members_of_the_concept_have_their_roles_and_conflicts() {
    let row = &SPECIFICATION.concept;
    let concepts = items(&REPORT["concepts"]);
    let concept = concepts.iter().find(|found| text_of(found, "id") == row.id).expect("the concept");
    let roles: BTreeMap<String, String> = items(&concept["members"])
        .iter()
        .map(|member| (text_of(member, "type").to_owned(), text_of(member, "role").to_owned()))
        .filter(|(id, _)| row.roles.contains_key(id))
        .collect();
    assert_eq!(roles, row.roles);
    let conflicts: BTreeSet<String> = items(&concept["conflicts"])
        .iter()
        .map(|found| format!("{} {}", text_of(found, "kind"), text_of(found, "subject")))
        .collect();
    for conflict in &row.conflicts {
        assert!(conflicts.contains(conflict), "{conflict} is not among\n{conflicts:#?}");
    }
}

#[test]
fn findings_and_coverage() {
    let findings = items(&REPORT["mro_findings"])
        .iter()
        .map(|found| format!("{} {}", text_of(found, "rule"), text_of(found, "symbol")));
    assert_eq!(findings.collect::<Vec<_>>(), SPECIFICATION.findings.rules);
    let (coverage, row) = (&REPORT["coverage"], &SPECIFICATION.coverage);
    assert_eq!(strings(&coverage["dead_files"]), row.dead_files);
    let macros = items(&coverage["item_macros"]).iter();
    let macros = macros.map(|found| format!("{} {}", text_of(found, "name"), found["uses"]));
    assert_eq!(macros.collect::<Vec<_>>(), row.item_macros);
    assert_eq!(items(&coverage["skipped"]).len(), row.skipped);
    assert_eq!(items(&coverage["syntax_errors"]).len(), row.syntax_errors);
}
