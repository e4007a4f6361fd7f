//! `ssot plan`: the example's actions, an order that breaks nothing, what became of a saved plan.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use ssot::plan::schedule::schedule;
use support::{folder, items, repository, ssot, strings, text_of, trees, write};

fn plan_of(folder: &std::path::Path, more: &[&str]) -> Value {
    let mut arguments = vec!["plan", "--no-python", "-q", "--format", "json"];
    arguments.extend(more);
    ssot(folder, &arguments).json()
}

#[test]
fn every_member_of_the_example_gets_the_action_that_its_specification_says() {
    let text = std::fs::read_to_string(trees().join("chat_service_plan.toml")).expect("specification");
    let specification: toml::Table = toml::from_str(&text).expect("TOML");
    let plan = plan_of(&trees().join("chat_service"), &[]);
    let wanted = specification["action"].as_array().expect("actions");
    assert!(wanted.len() >= 10);
    for entry in wanted {
        let id = entry["type"].as_str().expect("a type");
        let found = items(&plan["impacts"]).iter().find(|impact| impact["type"] == id);
        let found = found.unwrap_or_else(|| panic!("no impact of {id}"));
        assert_eq!(Some(text_of(found, "action")), entry["action"].as_str(), "{id}");
        if let Some(detail) = entry.get("detail") {
            assert_eq!(found["detail"].as_str(), detail.as_str(), "{id}");
        }
        assert!(!items(&found["reasons"]).is_empty(), "{id} has reasons");
    }
}

/// Steps come after what they need, phases in order; every step can be checked and undone.
#[track_caller]
fn expect_sound(plan: &Value) {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut phase = 0;
    for step in items(&plan["steps"]) {
        let id = text_of(step, "id");
        for needed in strings(&step["depends_on"]) {
            assert!(done.contains(needed), "{id} comes before {needed}");
        }
        let own = step["phase"].as_u64().expect("a phase");
        assert!(own >= phase, "{id} of phase {own} after phase {phase}");
        phase = own;
        assert!(done.insert(id), "{id} is there twice");
        assert!(!items(&step["criteria"]).is_empty() && !items(&step["verify"]).is_empty(), "{id}");
        assert!(!items(&step["files"]).is_empty(), "{id} changes something");
        // What is done takes no more time.
        let is_open = step["status"] == "open";
        assert!(step["effort_days"].as_f64().is_some_and(|days| (days > 0.0) == is_open), "{id}");
    }
}

/// Carries the steps out on a model of who refers to what, and fails where a type goes while something that no step has
/// touched still refers to it.
#[track_caller]
fn expect_nothing_dangling(plan: &Value) {
    let mut left: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    // Everything that any step of a type names refers to it at first.
    for step in items(&plan["steps"]) {
        let files = items(&step["files"]).iter().filter(|file| file["references"].as_u64() > Some(0));
        left.entry(text_of(step, "subject")).or_default().extend(files.map(|file| text_of(file, "path")));
    }
    let mut gone: BTreeSet<&str> = BTreeSet::new();
    for step in items(&plan["steps"]) {
        let (id, subject) = (text_of(step, "id"), text_of(step, "subject"));
        let touched: BTreeSet<&str> =
            items(&step["files"]).iter().map(|file| text_of(file, "path")).collect();
        if let Some(target) = step["target"].as_str() {
            assert!(!gone.contains(target), "{id} leads to {target}, which is gone");
        }
        assert!(!gone.contains(subject), "{id} is about {subject}, which is gone");
        let refer = left.get_mut(subject).expect("known");
        match text_of(step, "work") {
            "move-callers" => refer.retain(|path| !touched.contains(path)),
            "remove" | "archive" | "rename" => {
                refer.retain(|path| !touched.contains(path));
                assert!(refer.is_empty(), "{id} leaves {refer:?} with a name that is gone");
                gone.insert(subject);
            }
            _ => {}
        }
    }
}

#[test]
fn the_plan_of_the_example_is_sound_and_leaves_nothing_dangling() {
    for tree in ["chat_service", "rust_hub"] {
        let plan = plan_of(&trees().join(tree), &[]);
        expect_sound(&plan);
        expect_nothing_dangling(&plan);
    }
}

/// A tree of managers, some used by some files, from a seed.
fn random_tree(seed: u64) -> tempfile::TempDir {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut below = |limit: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % limit
    };
    let verbs = ["connect", "send", "drop", "ping", "count"];
    let made = folder(&[("app/__init__.py", "")]);
    let count = 2 + below(4);
    for number in 0..count {
        let mut text =
            format!("class HubManager{number}:\n    def __init__(self):\n        self.kept = {{}}\n");
        for verb in verbs {
            if below(3) == 0 {
                continue;
            }
            let extra = if below(3) == 0 { ", extra" } else { "" };
            text.push_str(&format!(
                "\n    def {verb}_user(self, key{extra}):\n        self.kept.setdefault(key, []).append({number})\n        return self.kept[key]\n"
            ));
        }
        write(made.path(), &format!("app/hub{number}.py"), text.as_bytes());
    }
    if below(2) == 0 {
        let text = "from typing import Protocol\n\n\nclass HubManagerProtocol(Protocol):\n    def connect_user(self, key): ...\n    def ping_user(self, key): ...\n";
        write(made.path(), "app/protocols.py", text.as_bytes());
    }
    for number in 0..below(8) {
        let of = below(count);
        let verb = verbs[below(verbs.len() as u64) as usize];
        let folder = if below(3) == 0 { "tests/test_" } else { "app/user_" };
        let text = format!(
            "from app.hub{of} import HubManager{of}\n\n\ndef run(hub: HubManager{of}):\n    hub.{verb}_user('a')\n    return HubManager{of}()\n"
        );
        write(made.path(), &format!("{folder}{number}.py"), text.as_bytes());
    }
    write(made.path(), "ssot.toml", b"[[concept]]\nid = \"hub\"\nnames = [\"HubManager*\"]\n");
    made
}

#[test]
fn plans_of_random_trees_break_no_dependency() {
    let mut steps = 0;
    for seed in 1..=40 {
        let made = random_tree(seed);
        let plan = plan_of(made.path(), &["--concept", "hub"]);
        expect_sound(&plan);
        expect_nothing_dangling(&plan);
        steps += items(&plan["steps"]).len();
    }
    assert!(steps >= 100, "the trees give plans: {steps} steps");
}

#[test]
fn more_people_are_never_slower_than_the_longest_chain() {
    let one = plan_of(&trees().join("chat_service"), &[]);
    let many = plan_of(&trees().join("chat_service"), &["--capacity", "50", "--weeks", "1"]);
    let number = |plan: &Value, key: &str| plan["schedule"][key].as_f64().expect("a number");
    assert!((number(&one, "days") - number(&one, "effort_days")).abs() < 1e-9, "one person does it all");
    assert!((number(&many, "days") - number(&many, "shortest_days")).abs() < 1e-9);
    assert!(schedule(&[], 3).days.is_empty());
}

#[test]
fn what_became_of_a_saved_plan_is_told_step_by_step() {
    let made = folder(&[
        ("app/__init__.py", ""),
        ("app/a.py", "class HubManager:\n    def send_user(self, key):\n        return key\n"),
        ("app/b.py", "class OldHubManager:\n    def send_user(self, key):\n        return key\n"),
        ("app/main.py", "from app.a import HubManager\n\nhub = HubManager()\nhub.send_user(1)\n"),
        (
            "ssot.toml",
            "[[concept]]\nid = \"hub\"\nnames = [\"*HubManager\"]\ncanonical = \"app.a.HubManager\"\n",
        ),
    ]);
    let root = made.path();
    let saved = plan_of(root, &["--concept", "hub", "--save", "plan.json"]);
    assert_eq!(strings(&saved["schedule"]["critical_path"]), ["remove-old-hub-manager"]);
    let status =
        |root: &std::path::Path| plan_of(root, &["--concept", "hub", "--status", "--saved", "plan.json"]);
    assert_eq!(status(root)["steps"][0]["status"], "open");
    std::fs::remove_file(root.join("app/b.py")).expect("removed");
    let done = status(root);
    assert_eq!(done["steps"][0]["status"], "done", "{done:#}");
    let one = items(&done["success"]).iter().find(|one| one["name"] == "one implementation").expect("it");
    assert_eq!((one["before"].as_u64(), one["now"]["open"].as_u64()), (Some(1), Some(0)));
    // What comes back is new again, and the gate's entry of the step tells of it.
    let gate = text_of(&saved["steps"][0], "gate");
    write(root, "app/b.py", b"class OldHubManager:\n    def send_user(self, key):\n        return key\n");
    let config = std::fs::read_to_string(root.join("ssot.toml")).expect("configuration");
    write(root, "ssot.toml", format!("{config}\n{gate}").as_bytes());
    let run = ssot(root, &["check", "--no-python", "--select", "shim-overdue"]);
    run.expect_code(1);
    write(root, "plan.json", b"{\"schema\": \"other\", \"steps\": []}");
    ssot(root, &["plan", "--no-python", "--status", "--saved", "plan.json"]).expect_refusal(&["has schema"]);
    write(root, "plan.json", b"{");
    ssot(root, &["plan", "--no-python", "--status", "--saved", "plan.json"])
        .expect_refusal(&["is no saved plan", "--save"]);
}

/// A canonical one and another one that is used, from text.
fn pair(old: &str, user: &str) -> tempfile::TempDir {
    folder(&[
        ("app/__init__.py", ""),
        (
            "app/core.py",
            "class Mgr:\n    def __init__(self):\n        self.kept = {}\n\n    def send_user(self, key):\n        return self.kept[key]\n",
        ),
        ("app/old.py", old),
        ("app/use.py", user),
        (
            "ssot.toml",
            "[[concept]]\nid = \"mgr\"\nmembers = [\"Mgr\", \"OldMgr\"]\ncanonical = \"app.core.Mgr\"\n",
        ),
    ])
}

#[track_caller]
fn action_of(made: &tempfile::TempDir, id: &str) -> String {
    let plan = plan_of(made.path(), &["--concept", "mgr"]);
    let found = items(&plan["impacts"]).iter().find(|impact| impact["type"] == id);
    text_of(found.expect("the member"), "action").to_owned()
}

const OLD: &str = "class OldMgr:\n    def __init__(self):\n        self.kept = {}\n\n    def send_user(self, key):\n        return self.kept[key]\n";
const USE: &str = "from app.old import OldMgr\n\nmgr = OldMgr()\nmgr.send_user(1)\n";

#[test]
fn only_what_can_stand_in_becomes_an_alias() {
    assert_eq!(action_of(&pair(OLD, USE), "app.old.OldMgr"), "replace by alias");
    let takes_more = OLD.replace("__init__(self)", "__init__(self, limit)");
    assert_eq!(action_of(&pair(&takes_more, USE), "app.old.OldMgr"), "merge into canonical");
    let inherits = format!("import asyncio\n\n\n{}", OLD.replace("OldMgr:", "OldMgr(asyncio.Protocol):"));
    assert_eq!(action_of(&pair(&inherits, USE), "app.old.OldMgr"), "merge into canonical");
    let does_more = format!("{OLD}\n    def close_all(self):\n        self.kept.clear()\n");
    let plan = plan_of(pair(&does_more, USE).path(), &["--concept", "mgr"]);
    assert!(plan["steps"].to_string().contains("no call of `close_all` was resolved"), "{plan:#}");
}

#[test]
fn an_alias_is_no_end_and_callers_in_its_own_file_count() {
    let made = pair(&format!("{OLD}\n\nmgr = OldMgr()\nmgr.send_user(1)\n"), "x = 1\n");
    let root = made.path();
    plan_of(root, &["--concept", "mgr", "--save", "plan.json"]);
    let status = |root: &std::path::Path| -> Vec<(String, String)> {
        let told = plan_of(root, &["--concept", "mgr", "--status", "--saved", "plan.json"]);
        let of = |step: &Value| {
            let work = text_of(step, "id").split("-old").next().expect("a word").to_owned();
            (work, text_of(step, "status").to_owned())
        };
        items(&told["steps"]).iter().map(of).collect()
    };
    let told = |words: [(&str, &str); 3]| words.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec();
    assert_eq!(status(root), told([("alias", "open"), ("move-callers", "open"), ("remove", "open")]));
    write(root, "app/old.py", b"from app.core import Mgr\n\nOldMgr = Mgr\n");
    write(root, "app/use.py", USE.as_bytes());
    let after = status(root);
    assert_eq!(after[0].1, "done");
    assert_ne!(after[1].1, "done", "callers are still there: {after:?}");
    assert_ne!(after[2].1, "done", "the name is still there: {after:?}");
    write(root, "app/use.py", b"from app.core import Mgr\n\nmgr = Mgr()\nmgr.send_user(1)\n");
    std::fs::remove_file(root.join("app/old.py")).expect("removed");
    assert!(status(root).iter().all(|(_, status)| status == "done"));
    // A plan of another tree would call everything done that is not there.
    write(root, "ssot.toml", b"[[concept]]\nid = \"other\"\nmembers = [\"Mgr\"]\n");
    ssot(root, &["plan", "--no-python", "--status", "--saved", "plan.json"])
        .expect_refusal(&["concept `mgr`, which is not declared here"]);
}

#[test]
fn members_of_one_name_have_steps_of_their_own() {
    let more = |text: &str| format!("{text}\n    def close_all(self):\n        self.kept.clear()\n");
    let made = pair(&more(OLD), &format!("{USE}mgr.close_all()\n"));
    write(made.path(), "app/older.py", more(OLD).as_bytes());
    write(
        made.path(),
        "app/user.py",
        format!("{}mgr.close_all()\n", USE.replace("app.old", "app.older")).as_bytes(),
    );
    let plan = plan_of(made.path(), &["--concept", "mgr"]);
    expect_sound(&plan);
    expect_nothing_dangling(&plan);
    for step in items(&plan["steps"]) {
        for needed in strings(&step["depends_on"]) {
            let needed = items(&plan["steps"]).iter().find(|other| other["id"] == needed).expect("a step");
            assert_eq!(needed["subject"], step["subject"], "{}", text_of(step, "id"));
        }
    }
}

#[test]
fn what_a_package_offers_is_no_safe_removal() {
    let made = pair(OLD, "x = 1\n");
    write(made.path(), "app/__init__.py", b"from app.old import OldMgr\n\n__all__ = [\"OldMgr\"]\n");
    let plan = plan_of(made.path(), &["--concept", "mgr"]);
    assert_eq!(plan["steps"][0]["phase"], 5, "{plan:#}");
    assert!(plan["impacts"].to_string().contains("code outside of this tree may use it"));
}

#[test]
fn steps_are_written_as_a_table_and_as_issues() {
    let example = trees().join("chat_service");
    let csv = ssot(&example, &["plan", "--no-python", "--table", "csv"]).text();
    let steps = items(&plan_of(&example, &[])["steps"]).len();
    assert_eq!(csv.lines().count(), steps + 1);
    let columns = csv.lines().next().expect("a head").split(',').count();
    assert!(csv.lines().skip(1).all(|line| line.split(',').count() >= columns));
    let made = folder(&[]);
    let issues = made.path().join("issues");
    let target = issues.to_str().expect("text");
    ssot(&example, &["plan", "--no-python", "--issues", target]).text();
    let names: BTreeSet<String> = std::fs::read_dir(&issues)
        .expect("issues")
        .map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names.len(), steps);
    let first = std::fs::read_to_string(issues.join(names.first().expect("one"))).expect("issue");
    for part in ["Risk", "To go back", "```sh", "ssot check"] {
        assert!(first.contains(part), "{part:?} is not in:\n{first}");
    }
}

#[test]
fn files_are_reviewed_by_their_owners() {
    let callers = (0..10).map(|number| {
        let text = format!("from app.b import OldHubManager\n\n\ndef run{number}(hub: OldHubManager):\n    hub.send_user({number})\n    hub.close_all()\n");
        (format!("team{}/user{number}.py", number % 2), text)
    });
    let mut files: Vec<(String, String)> = callers.collect();
    files.extend([
        ("app/__init__.py".into(), String::new()),
        ("app/a.py".into(), "class HubManager:\n    def send_user(self, key):\n        return key\n".into()),
        ("app/b.py".into(), "class OldHubManager:\n    def send_user(self, key):\n        return key\n\n    def close_all(self):\n        self.kept = []\n".into()),
        ("CODEOWNERS".into(), "* @everyone\n/team0/ @red @blue # both\nteam1/ @green\n".into()),
        (".git/HEAD".into(), "ref: refs/heads/main\n".into()),
        ("ssot.toml".into(), "[[concept]]\nid = \"hub\"\nnames = [\"*HubManager\"]\ncanonical = \"app.a.HubManager\"\n".into()),
    ]);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let made = folder(&files);
    let plan = plan_of(made.path(), &["--concept", "hub"]);
    let moving = items(&plan["steps"]).iter().find(|step| step["work"] == "move-callers").expect("a step");
    let owners: Vec<&str> = items(&moving["shards"]).iter().map(|shard| text_of(shard, "owner")).collect();
    assert_eq!(owners, ["@everyone", "@green", "@red @blue"]);
    assert_eq!(items(&plan["owners"]).len(), 3);
}

#[test]
fn a_tree_without_a_concept_is_refused_with_what_to_do() {
    let made = folder(&[("a.py", "x = 1\n")]);
    ssot(made.path(), &["plan", "--no-python"]).expect_refusal(&["no declared concept", "discover --write"]);
    assert!(repository().join("README.md").is_file());
}
