//! The example tree is analysed as its specification, `fixtures/trees/chat_service.toml`, says.
//!
//! The specification was written without the tool and is checked without it
//! (`check_chat_service.py`), one test here for each of its tables.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;
use support::{items, line_of, ssot, strings, text_of, trees};

#[derive(Deserialize)]
struct Specification {
    mro: Vec<Order>,
    impossible_mro: Vec<ImpossibleOrder>,
    reference_count: Vec<ReferenceCount>,
    reference: Vec<Reference>,
    mention: Vec<Mention>,
    not_a_use: Vec<NotAUse>,
    method_call: Vec<MethodCall>,
    protocol: Vec<Protocol>,
    duplicate_name: Vec<DuplicateName>,
    conditional_definition: Vec<ConditionalDefinition>,
    role: Vec<Role>,
    not_a_member: Vec<NotAMember>,
    conformance: Vec<Conformance>,
    conflict: Vec<Conflict>,
    agreement: Vec<Agreement>,
    r#override: Vec<Override>,
    shadowed_method: Vec<Shadowed>,
    r#abstract: Vec<Abstract>,
    super_broken: Vec<SuperBroken>,
    shim: Vec<Shim>,
    dead_file: Vec<DeadFile>,
    cycle: Vec<Cycle>,
    edge: Vec<Edge>,
}

#[derive(Deserialize)]
struct Order {
    r#type: String,
    entries: Vec<String>,
    #[serde(default = "yes")]
    complete: bool,
}

#[derive(Deserialize)]
struct ImpossibleOrder {
    r#type: String,
    path: String,
    line: u64,
    message_contains: Vec<String>,
}

#[derive(Deserialize)]
struct ReferenceCount {
    r#type: String,
    production: usize,
    test: usize,
    script: usize,
    docs_mentions: usize,
}

#[derive(Deserialize)]
struct Reference {
    r#type: String,
    path: String,
    line: u64,
    kind: String,
    via: Option<String>,
}

#[derive(Deserialize)]
struct Mention {
    r#type: String,
    path: String,
    line: u64,
    r#in: String,
}

#[derive(Deserialize)]
struct NotAUse {
    path: String,
    line: u64,
    why: String,
}

#[derive(Deserialize)]
struct MethodCall {
    r#type: String,
    method: String,
    path: String,
    line: u64,
}

#[derive(Deserialize)]
struct Protocol {
    id: String,
    methods: Vec<String>,
}

#[derive(Deserialize)]
struct DuplicateName {
    name: String,
    ids: BTreeSet<String>,
}

#[derive(Deserialize)]
struct ConditionalDefinition {
    r#type: String,
    lines: BTreeSet<u64>,
}

#[derive(Deserialize)]
struct Role {
    r#type: String,
    role: String,
    #[serde(default)]
    also_accepted: Vec<String>,
}

#[derive(Deserialize)]
struct NotAMember {
    r#type: String,
    because: String,
}

#[derive(Deserialize)]
struct Conformance {
    r#type: String,
    protocol: String,
    verdict: String,
    missing: Vec<String>,
    #[serde(default)]
    mismatched: Vec<String>,
    #[serde(default = "yes")]
    firm: bool,
}

#[derive(Deserialize)]
struct Conflict {
    method: Option<String>,
    name: Option<String>,
    kind: String,
    types: BTreeSet<String>,
    because: String,
}

#[derive(Deserialize)]
struct Agreement {
    method: String,
    types: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Override {
    r#type: String,
    method: String,
    overrides: String,
}

#[derive(Deserialize)]
struct Shadowed {
    r#type: String,
    method: String,
    shadows: String,
}

#[derive(Deserialize)]
struct Abstract {
    r#type: String,
    missing: BTreeSet<String>,
}

#[derive(Deserialize)]
struct SuperBroken {
    r#type: String,
    r#in: String,
    skipped: Vec<String>,
}

#[derive(Deserialize)]
struct Shim {
    r#type: String,
    kind: String,
    target: String,
}

#[derive(Deserialize)]
struct DeadFile {
    path: String,
    shadowed_by: String,
}

#[derive(Deserialize)]
struct Cycle {
    phases: BTreeSet<String>,
    modules: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Edge {
    from: String,
    to: String,
    phase: String,
    path: String,
    line: u64,
}

fn yes() -> bool {
    true
}

static SPECIFICATION: LazyLock<Specification> = LazyLock::new(|| {
    let text = std::fs::read_to_string(trees().join("chat_service.toml")).expect("specification");
    toml::from_str(&text).expect("specification")
});

static REPORT: LazyLock<Value> =
    LazyLock::new(|| ssot(&trees(), &["report", "chat_service", "--format", "json", "--no-python"]).json());

/// `ssot usage` of every class whose references or method calls are specified.
static USAGE: LazyLock<BTreeMap<&'static str, Value>> = LazyLock::new(|| {
    let referred = SPECIFICATION.reference_count.iter().map(|entry| entry.r#type.as_str());
    let called = SPECIFICATION.method_call.iter().map(|entry| entry.r#type.as_str());
    let types: BTreeSet<&str> = referred.chain(called).collect();
    let usage = |id: &'static str| {
        let arguments = ["usage", id, "--root", "chat_service", "--format", "json", "--no-python"];
        (id, ssot(&trees(), &arguments).json())
    };
    types.into_iter().map(usage).collect()
});

fn managers() -> impl Iterator<Item = &'static str> {
    SPECIFICATION.reference_count.iter().map(|entry| entry.r#type.as_str())
}

/// The concept of the tree's managers.
fn concept() -> &'static Value {
    let concept = &REPORT["concepts"][0];
    assert_eq!(concept["id"], "websocket-manager");
    concept
}

/// Findings of one rule.
fn findings(rule: &'static str) -> impl Iterator<Item = &'static Value> {
    items(&REPORT["mro_findings"]).iter().filter(move |finding| finding["rule"] == rule)
}

/// Fails with what only one side has.
#[track_caller]
fn check_same<T: Ord + Debug>(stated: impl IntoIterator<Item = T>, found: impl IntoIterator<Item = T>) {
    let mut balance: BTreeMap<T, i64> = BTreeMap::new();
    for entry in stated {
        *balance.entry(entry).or_default() += 1;
    }
    for entry in found {
        *balance.entry(entry).or_default() -= 1;
    }
    let differences: Vec<String> = balance
        .iter()
        .filter(|(_, surplus)| **surplus != 0)
        .map(|(entry, surplus)| {
            let side = if *surplus > 0 { "stated, not found" } else { "found, not stated" };
            format!("{side}: {entry:?}")
        })
        .collect();
    check_none(differences);
}

/// Fails with every difference at once.
#[track_caller]
fn check_none(differences: Vec<String>) {
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn every_order_is_the_interpreters() {
    let mut differences = Vec::new();
    for stated in &SPECIFICATION.mro {
        let found: Vec<&Value> =
            items(&REPORT["types"]).iter().filter(|found| found["id"] == stated.r#type.as_str()).collect();
        if found.is_empty() {
            differences.push(format!("{} is not there", stated.r#type));
        }
        for found in found {
            let (entries, complete) = (strings(&found["mro"]["entries"]), &found["mro"]["complete"]);
            if entries != stated.entries || *complete != stated.complete {
                differences.push(format!("{}: {entries:?}, complete: {complete}", stated.r#type));
            }
        }
    }
    check_none(differences);
}

#[test]
fn impossible_orders_are_diagnosed_as_cpython_does() {
    let found = findings("inconsistent-mro")
        .map(|found| (text_of(found, "symbol"), text_of(found, "path"), line_of(found)));
    let stated = SPECIFICATION.impossible_mro.iter();
    check_same(stated.map(|stated| (stated.r#type.as_str(), stated.path.as_str(), stated.line)), found);
    for stated in &SPECIFICATION.impossible_mro {
        let finding = findings("inconsistent-mro").find(|found| found["symbol"] == stated.r#type.as_str());
        let finding = finding.expect("compared above");
        let order = &support::type_named(&REPORT, &stated.r#type)["mro"];
        assert_eq!(order["complete"], false);
        for part in &stated.message_contains {
            assert!(text_of(finding, "message").contains(part), "{part:?} is not in {finding}");
            assert!(text_of(order, "error").contains(part), "{part:?} is not in {order}");
        }
    }
}

#[test]
fn the_references_to_the_managers_are_exactly_the_stated_ones() {
    let stated = SPECIFICATION.reference.iter().map(|reference| {
        (reference.r#type.as_str(), reference.path.as_str(), reference.line, reference.kind.as_str())
    });
    let found = managers().flat_map(|id| {
        let references = items(&USAGE[id]["references"]).iter();
        references.map(move |found| (id, text_of(found, "path"), line_of(found), text_of(found, "kind")))
    });
    check_same(stated, found);
}

#[test]
fn references_by_another_name_say_so() {
    let mut differences = Vec::new();
    for stated in SPECIFICATION.reference.iter().filter(|stated| stated.via.is_some()) {
        let mut here = items(&USAGE[stated.r#type.as_str()]["references"]).iter().filter(|found| {
            found["path"] == stated.path.as_str()
                && found["line"] == stated.line
                && found["kind"] == stated.kind.as_str()
        });
        if !here.any(|found| found["via"].is_string()) {
            let Reference { path, line, kind, .. } = stated;
            differences.push(format!("{path}:{line} {kind} of {} via {:?}", stated.r#type, stated.via));
        }
    }
    check_none(differences);
}

#[test]
fn references_are_counted_by_file_role() {
    let count = |id: &str, role: &str| {
        items(&USAGE[id]["references"]).iter().filter(|found| found["file_role"] == role).count()
    };
    let stated = SPECIFICATION.reference_count.iter();
    check_same(
        stated.map(|stated| {
            (stated.r#type.as_str(), stated.production, stated.test, stated.script, stated.docs_mentions)
        }),
        managers().map(|id| {
            let mentions = items(&USAGE[id]["mentions"]).len();
            (id, count(id, "production"), count(id, "test"), count(id, "script"), mentions)
        }),
    );
}

#[test]
fn comments_docstrings_and_plain_strings_are_no_references() {
    let mut differences = Vec::new();
    for silent in &SPECIFICATION.not_a_use {
        for id in managers() {
            let references = items(&USAGE[id]["references"]).iter();
            let mut here = references
                .filter(|found| found["path"] == silent.path.as_str() && found["line"] == silent.line);
            if let Some(found) = here.next() {
                differences.push(format!("{}, but {found}", silent.why));
            }
        }
    }
    check_none(differences);
}

#[test]
fn documents_mention_the_managers_where_stated() {
    let stated = SPECIFICATION.mention.iter().map(|mention| {
        let place = if mention.r#in == "prose" { "prose" } else { "code" };
        (mention.r#type.as_str(), mention.path.as_str(), mention.line, place)
    });
    let found = managers().flat_map(|id| {
        let mentions = items(&USAGE[id]["mentions"]).iter();
        mentions.map(move |found| (id, text_of(found, "path"), line_of(found), text_of(found, "in")))
    });
    check_same(stated, found);
}

#[test]
fn method_calls_on_receivers_of_known_type_are_found() {
    let mut differences = Vec::new();
    for stated in &SPECIFICATION.method_call {
        let methods = items(&USAGE[stated.r#type.as_str()]["methods"]).iter();
        let mut calls = methods
            .filter(|method| method["name"] == stated.method.as_str())
            .flat_map(|method| items(&method["references"]));
        if !calls.any(|call| {
            call["path"] == stated.path.as_str() && call["line"] == stated.line && call["kind"] == "call"
        }) {
            let MethodCall { r#type, method, path, line } = stated;
            differences.push(format!("{path}:{line} {type}.{method}"));
        }
    }
    check_none(differences);
}

#[test]
fn protocols_and_their_members_are_the_stated_ones() {
    let stated = SPECIFICATION.protocol.iter();
    let found = items(&REPORT["types"]).iter().filter(|found| found["kind"] == "protocol");
    check_same(
        stated.map(|stated| {
            (stated.id.as_str(), stated.methods.iter().map(String::as_str).collect::<Vec<_>>())
        }),
        found.map(|found| {
            let mut methods: Vec<(u64, &str)> = items(&found["methods"])
                .iter()
                .map(|method| (line_of(method), text_of(method, "name")))
                .collect();
            methods.sort_unstable();
            (text_of(found, "id"), methods.into_iter().map(|(_, name)| name).collect())
        }),
    );
}

#[test]
fn class_names_with_several_definitions_are_the_stated_ones() {
    let stated = SPECIFICATION.duplicate_name.iter();
    let found = items(&REPORT["duplicates"]).iter();
    check_same(
        stated.map(|stated| {
            (stated.name.as_str(), stated.ids.iter().map(String::as_str).collect::<BTreeSet<_>>())
        }),
        found.map(|found| {
            let ids = items(&found["definitions"]).iter().map(|definition| text_of(definition, "id"));
            (text_of(found, "name"), ids.collect())
        }),
    );
}

#[test]
fn both_branches_of_a_conditional_definition_are_kept() {
    for stated in &SPECIFICATION.conditional_definition {
        let found = items(&REPORT["types"]).iter().filter(|found| found["id"] == stated.r#type.as_str());
        assert_eq!(found.map(line_of).collect::<BTreeSet<_>>(), stated.lines, "{}", stated.r#type);
    }
}

#[test]
fn the_members_of_the_concept_have_the_stated_roles() {
    let mut found: BTreeMap<&str, &str> = items(&concept()["members"])
        .iter()
        .map(|member| (text_of(member, "type"), text_of(member, "role")))
        .collect();
    found.extend(production_aliases().into_keys().map(|name| (name, "alias")));
    let mut differences = Vec::new();
    for stated in &SPECIFICATION.role {
        let role = found.remove(stated.r#type.as_str());
        let is_accepted = role
            .is_some_and(|role| role == stated.role || stated.also_accepted.iter().any(|also| also == role));
        if !is_accepted {
            differences.push(format!("{} is {}, not {role:?}", stated.r#type, stated.role));
        }
    }
    differences.extend(found.iter().map(|(id, role)| format!("{id} is no stated member: {role}")));
    check_none(differences);
}

/// Dotted names of the aliases that production code defines, with what they stand for.
fn production_aliases() -> BTreeMap<&'static str, &'static str> {
    let stated = SPECIFICATION.shim.iter().filter(|shim| shim.kind == "alias");
    let found = stated.filter_map(|shim| {
        let (module, name) = shim.r#type.rsplit_once('.').expect("a dotted name");
        let path = format!("{}.py", module.replace('.', "/"));
        let mut aliases = items(&concept()["aliases"]).iter();
        let alias = aliases.find(|alias| alias["name"] == name && alias["place"]["path"] == path.as_str())?;
        Some((shim.r#type.as_str(), text_of(alias, "target")))
    });
    found.collect()
}

#[test]
fn names_that_only_lead_elsewhere_lead_to_the_stated_class() {
    let aliases = production_aliases();
    let mut differences = Vec::new();
    for shim in &SPECIFICATION.shim {
        let leads = match shim.kind.as_str() {
            "alias" => aliases.get(shim.r#type.as_str()) == Some(&shim.target.as_str()),
            "subclass" => {
                let order = strings(&support::type_named(&REPORT, &shim.r#type)["mro"]["entries"]);
                order.get(1) == Some(&shim.target.as_str())
            }
            // Whoever uses the class through one of these modules imports it from there.
            "module" | "re-export" | "star-import" => items(&REPORT["graph"]["edges"])
                .iter()
                .any(|edge| edge["from"] == shim.r#type.as_str() && edge["phase"] == "load"),
            other => panic!("unknown kind of shim: {other}"),
        };
        if !leads {
            differences.push(format!("{} ({}) does not lead to {}", shim.r#type, shim.kind, shim.target));
        }
    }
    check_none(differences);
}

#[test]
fn types_near_the_concept_stay_outside_it() {
    let members: BTreeSet<&str> =
        items(&concept()["members"]).iter().map(|member| text_of(member, "type")).collect();
    let inside = SPECIFICATION.not_a_member.iter().filter(|near| members.contains(near.r#type.as_str()));
    check_none(inside.map(|near| format!("{} is a member, but {}", near.r#type, near.because)).collect());
}

/// The pairs that the report shows; `conformance_fixture.rs` checks every row of the table.
#[test]
fn the_managers_conform_to_the_protocols_as_stated() {
    let mut differences = Vec::new();
    let pairs = items(&concept()["conformance"]);
    for stated in &SPECIFICATION.conformance {
        let mut of_type = pairs.iter().filter(|pair| {
            pair["type"] == stated.r#type.as_str() && pair["protocol"] == stated.protocol.as_str()
        });
        let Some(pair) = of_type.next() else {
            if managers().any(|id| id == stated.r#type) {
                differences.push(format!("no pair {} / {}", stated.r#type, stated.protocol));
            }
            continue;
        };
        let is_missing = |member: &&Value| {
            items(&member["reasons"]).iter().any(|reason| reason["kind"] == "missing-method")
        };
        let violated: Vec<&Value> =
            items(&pair["members"]).iter().filter(|member| member["verdict"] == "violates").collect();
        let (missing, mismatched): (Vec<&Value>, Vec<&Value>) =
            violated.iter().partition(|member| is_missing(member));
        let names = |members: &[&'static Value]| -> BTreeSet<&str> {
            members.iter().map(|member| text_of(member, "name")).collect()
        };
        let has_stated_members = names(&missing) == stated.missing.iter().map(String::as_str).collect()
            && names(&mismatched) == stated.mismatched.iter().map(String::as_str).collect();
        let is_right = pair["verdict"] == stated.verdict.as_str() && (has_stated_members || !stated.firm);
        if !is_right {
            differences.push(format!("{} / {}: {pair}", stated.r#type, stated.protocol));
        }
    }
    check_none(differences);
}

/// Types on the sides of a conflict.
fn sides(conflict: &Value) -> BTreeSet<String> {
    items(&conflict["sides"]).iter().map(|side| text_of(side, "type").to_owned()).collect()
}

#[test]
fn every_stated_conflict_is_found() {
    let found = items(&concept()["conflicts"]);
    let mut differences = Vec::new();
    for stated in &SPECIFICATION.conflict {
        let subject = stated.method.as_deref().or(stated.name.as_deref()).expect("a method or a name");
        let is_found = found.iter().any(|conflict| {
            conflict["kind"] == stated.kind.as_str()
                && conflict["subject"] == subject
                && sides(conflict).is_superset(&stated.types)
        });
        if !is_found {
            differences.push(format!("{} {subject}: {} ({:?})", stated.kind, stated.because, stated.types));
        }
    }
    check_none(differences);
}

#[test]
fn methods_that_agree_are_no_conflict() {
    for stated in &SPECIFICATION.agreement {
        let mut between = items(&concept()["conflicts"]).iter().filter(|conflict| {
            conflict["subject"] == stated.method.as_str() && sides(conflict).is_superset(&stated.types)
        });
        assert_eq!(between.next(), None, "{}", stated.method);
    }
}

#[test]
fn incompatible_overrides_are_exactly_the_stated_ones() {
    let found = findings("incompatible-override").map(|found| {
        (text_of(found, "symbol").to_owned(), text_of(&found["related"][0], "symbol").to_owned())
    });
    let stated = SPECIFICATION.r#override.iter();
    check_same(
        stated.map(|stated| (stated.r#type.clone(), format!("{}.{}", stated.overrides, stated.method))),
        found,
    );
}

/// A class's own method over that of a base is an override, told with the method.
#[test]
fn a_method_names_the_class_whose_method_it_hides() {
    for stated in &SPECIFICATION.shadowed_method {
        let of = items(&REPORT["types"]).iter().find(|found| found["id"] == stated.r#type.as_str());
        let methods = items(&of.expect("the type")["methods"]);
        let method =
            methods.iter().find(|method| method["name"] == stated.method.as_str()).expect("the method");
        assert_eq!(method["overrides"], stated.shadows.as_str());
    }
}

#[test]
fn abstract_methods_left_open_are_exactly_the_stated_ones() {
    let stated = SPECIFICATION.r#abstract.iter();
    let found = findings("abstract-not-implemented").map(|found| {
        let symbols = items(&found["related"]).iter().map(|related| text_of(related, "symbol"));
        let names = symbols.map(|symbol| symbol.rsplit('.').next().unwrap_or(symbol));
        (text_of(found, "symbol"), names.collect::<BTreeSet<_>>())
    });
    check_same(
        stated.map(|stated| (stated.r#type.as_str(), stated.missing.iter().map(String::as_str).collect())),
        found,
    );
}

#[test]
fn broken_super_chains_are_exactly_the_stated_ones() {
    let stated = SPECIFICATION.super_broken.iter().map(|stated| {
        let mut symbols = vec![format!("{}.__init__", stated.r#type)];
        symbols.extend(stated.skipped.iter().map(|skipped| format!("{skipped}.__init__")));
        (stated.r#in.clone(), symbols)
    });
    let found = findings("super-chain-broken").map(|found| {
        let symbols = items(&found["related"]).iter().map(|related| text_of(related, "symbol").to_owned());
        (text_of(found, "symbol").to_owned(), symbols.collect())
    });
    check_same(stated, found);
}

#[test]
fn a_file_beside_a_package_of_its_name_is_dead() {
    let dead = strings(&REPORT["coverage"]["dead_files"]);
    check_same(SPECIFICATION.dead_file.iter().map(|stated| stated.path.as_str()), dead);
    let modules: BTreeSet<&str> =
        items(&REPORT["graph"]["modules"]).iter().filter_map(|module| module["path"].as_str()).collect();
    for stated in &SPECIFICATION.dead_file {
        assert!(modules.contains(stated.shadowed_by.as_str()) && !modules.contains(stated.path.as_str()));
    }
}

#[test]
fn the_cycles_are_exactly_the_stated_ones_for_each_set_of_phases() {
    let owned =
        |value: &Value| -> BTreeSet<String> { strings(value).into_iter().map(str::to_owned).collect() };
    let found = items(&REPORT["graph"]["components"]).iter();
    check_same(
        SPECIFICATION.cycle.iter().map(|stated| (stated.phases.clone(), stated.modules.clone())),
        found.map(|found| (owned(&found["phases"]), owned(&found["modules"]))),
    );
}

#[test]
fn the_stated_imports_are_edges_of_their_phase() {
    let found: BTreeSet<(&str, &str, &str, &str, u64)> = items(&REPORT["graph"]["edges"])
        .iter()
        .filter(|edge| edge["implicit"] == false)
        .map(|edge| {
            let text = |key| text_of(edge, key);
            (text("from"), text("to"), text("phase"), text("path"), line_of(edge))
        })
        .collect();
    let missing = SPECIFICATION
        .edge
        .iter()
        .filter(|edge| !found.contains(&(&edge.from, &edge.to, &edge.phase, &edge.path, edge.line)));
    check_none(
        missing.map(|edge| format!("{}:{} {} to {}", edge.path, edge.line, edge.phase, edge.to)).collect(),
    );
}
