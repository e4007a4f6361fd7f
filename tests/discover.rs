//! `ssot discover` as users run it: groups by name and by what their members do, with a brief, a proposal
//! that can be written, and stand-ins in tests.

mod support;

use std::path::Path;

use support::{folder, items, repository, ssot, text_of, write};
use tempfile::TempDir;

/// The base tree of the evaluation set, with some of its cases laid into it.
fn tree_with(cases: &[(&str, &str)]) -> TempDir {
    let made = folder(&[]);
    let concepts = repository().join("fixtures/concepts");
    let base = concepts.join("base");
    for entry in walkdir::WalkDir::new(&base) {
        let entry = entry.expect("base");
        if entry.file_type().is_file() {
            let below = entry.path().strip_prefix(&base).expect("below").to_string_lossy().into_owned();
            write(made.path(), &below, &std::fs::read(entry.path()).expect("file"));
        }
    }
    for (case, at) in cases {
        let files = walkdir::WalkDir::new(concepts.join("cases").join(case)).into_iter();
        let files = files.map(|entry| entry.expect("case")).filter(|entry| entry.file_type().is_file());
        let source = files.last().expect("the case's file");
        write(made.path(), at, &std::fs::read(source.path()).expect("file"));
    }
    made
}

fn members(group: &serde_json::Value) -> Vec<&str> {
    items(&group["members"]).iter().map(|member| text_of(member, "type")).collect()
}

#[track_caller]
fn discover(root: &Path) -> serde_json::Value {
    ssot(root, &["discover", "--format", "json", "--no-python"]).json()
}

#[test]
fn a_copy_under_other_words_is_found_without_configuration() {
    let made = tree_with(&[("ws_other_words_two", "shop/auction/floor.py")]);
    let answer = discover(made.path());
    let group = &answer["concepts"][0];
    assert_eq!(text_of(group, "kind"), "responsibility");
    assert_eq!(text_of(group, "canonical"), "shop.realtime.manager.WebSocketManager");
    assert_eq!(members(group), ["shop.realtime.manager.WebSocketManager", "shop.auction.floor.AuctionFloor"]);
    assert!(!items(&group["shared"]).is_empty() && !items(&group["differs"]).is_empty());
    let copy = &group["members"][1];
    assert_eq!((text_of(copy, "role"), &copy["place"]["line"]), ("duplicate", &9.into()));
}

#[test]
fn a_tree_without_copies_has_no_group() {
    let made =
        tree_with(&[("neg_ws_client", "shop/feeds/client.py"), ("neg_ws_limiter", "shop/feeds/limit.py")]);
    assert_eq!(discover(made.path())["concepts"], serde_json::json!([]));
}

#[test]
fn functions_over_a_dictionary_are_a_member() {
    let made = tree_with(&[("ws_functions", "shop/courier/sockets.py")]);
    let answer = discover(made.path());
    let group = &answer["concepts"][0];
    assert_eq!(members(group)[1], "shop.courier.sockets");
    assert_eq!(text_of(&group["members"][1], "form"), "module");
}

#[test]
fn every_member_of_a_group_is_like_every_other() {
    let cases = [("ws_verbatim", "shop/a.py"), ("ws_dataclass", "shop/b.py"), ("ws_partial", "shop/c.py")];
    let answer = discover(tree_with(&cases).path());
    let alike = |group: &&serde_json::Value| text_of(group, "kind") == "responsibility";
    for group in items(&answer["concepts"]).iter().filter(alike) {
        let cohesion = group["cohesion_permille"].as_u64().expect("content");
        // The least that `discovery_essential` and `discovery_words` let through: 0.37 × 0.8.
        assert!(cohesion >= 296, "{group}");
    }
    // The record beside the copied class was copied with it; it has no behaviour, but the same text.
    let first = &answer["concepts"][0];
    assert_eq!((text_of(first, "kind"), text_of(first, "title")), ("duplicate-name", "Connection"));
    assert!(members(&answer["concepts"][1]).len() >= 3);
}

#[test]
fn a_name_for_one_thing_and_a_name_for_two_are_told_apart() {
    let made = tree_with(&[("ws_verbatim", "shop/desk/live.py"), ("neg_ws_client", "shop/feeds/client.py")]);
    let text = std::fs::read_to_string(made.path().join("shop/desk/live.py")).expect("copy");
    write(made.path(), "shop/desk/live.py", text.replace("LiveConnections", "WebSocketManager").as_bytes());
    let text = std::fs::read_to_string(made.path().join("shop/feeds/client.py")).expect("client");
    write(made.path(), "shop/feeds/client.py", text.replace("FeedClient", "CacheStore").as_bytes());
    let answer = discover(made.path());
    let kinds: Vec<(&str, &str)> = items(&answer["concepts"])
        .iter()
        .map(|group| (text_of(group, "title"), text_of(group, "kind")))
        .collect();
    assert!(kinds.contains(&("WebSocketManager", "duplicate-name")), "{kinds:?}");
    assert!(kinds.contains(&("CacheStore", "homonym")), "{kinds:?}");
}

#[test]
fn backends_of_one_base_are_no_copies_of_each_other() {
    let base = "class Store:\n    def load(self, key):\n        return self.decode(self.fetch(key))\n    \
                def save(self, key, value):\n        raise NotImplementedError\n    \
                def drop(self, key):\n        raise NotImplementedError\n    \
                def decode(self, raw):\n        return raw.decode()\n";
    let backend = |save: &str| {
        format!(
            "from app.base import Store\n\n\nclass SessionStore(Store):\n    def __init__(self, at):\n        \
             self.at = at\n        self.kept = {{}}\n\n    def load(self, key):\n        \
             return self.{save}_entry(key)\n\n    def save(self, key, value):\n        \
             self.{save}[key] = value\n        self.at.flush()\n\n    def drop(self, key):\n        \
             del self.{save}[key]\n\n    def {save}_entry(self, key):\n        return self.{save}.get(key)\n"
        )
    };
    let (one, other) = (backend("rows"), backend("files"));
    let init = ("app/__init__.py", "");
    let made = folder(&[init, ("app/base.py", base), ("app/db.py", &one), ("app/disk.py", &other)]);
    assert_eq!(discover(made.path())["concepts"], serde_json::json!([]));
    // Bodies of one text are copied, whatever they override.
    let copied = other.replace("self.files[key] = value", "self.rows[key] = value");
    let made = folder(&[init, ("app/base.py", base), ("app/db.py", &one), ("app/disk.py", &copied)]);
    let found = discover(made.path());
    assert_eq!(members(&found["concepts"][0]), ["app.db.SessionStore", "app.disk.SessionStore"]);
}

#[test]
fn a_proposal_can_be_written_and_reported() {
    let made = tree_with(&[("ws_other_words", "shop/news/hub.py")]);
    let id = text_of(&discover(made.path())["concepts"][0], "id").to_owned();
    write(made.path(), "ssot.toml", b"# ours\n");
    let run = ssot(made.path(), &["discover", "--no-python", "--write", &id]);
    run.expect_code(0);
    assert!(run.stdout.is_empty() && run.stderr.contains("added"), "{}", run.stderr);
    let written = std::fs::read_to_string(made.path().join("ssot.toml")).expect("ssot.toml");
    assert!(written.starts_with("# ours\n"), "what stood there stays");
    let report = ssot(made.path(), &["report", "--format", "json", "--no-python", "--concept", &id]).json();
    let concept = &report["concepts"][0];
    assert_eq!(text_of(concept, "canonical"), "shop.realtime.manager.WebSocketManager");
    let roles: Vec<(&str, &str)> = items(&concept["members"])
        .iter()
        .map(|member| (text_of(member, "type"), text_of(member, "role")))
        .collect();
    assert!(roles.contains(&("shop.news.hub.ChannelHub", "duplicate")), "{roles:?}");
    ssot(made.path(), &["discover", "--no-python", "--write", &id]).expect_refusal(&["already"]);
    ssot(made.path(), &["discover", "--no-python", "--write", "nothing"])
        .expect_refusal(&["no concept `nothing`"]);
}

#[test]
fn a_declared_concept_gains_the_members_that_nobody_named() {
    let made = tree_with(&[
        ("cache_other_words", "shop/geo/scrapbook.py"),
        ("cache_functions", "shop/geo/quotes.py"),
    ]);
    let rule = "[[concept]]\nid = \"cache\"\nmembers = [\"shop.caching.store.CacheStore\"]\n";
    write(made.path(), "ssot.toml", rule.as_bytes());
    let report =
        ssot(made.path(), &["report", "--format", "json", "--no-python", "--concept", "cache"]).json();
    let concept = &report["concepts"][0];
    assert!(members(concept).contains(&"shop.geo.scrapbook.Scrapbook"), "{}", concept["members"]);
    let module = &concept["modules"][0];
    assert_eq!((text_of(module, "module"), text_of(module, "role")), ("shop.geo.quotes", "duplicate"));
}

#[test]
fn stand_ins_in_tests_are_counted_by_what_they_stand_in_for() {
    let made = tree_with(&[("neg_ws_double", "tests/doubles.py"), ("neg_cache_double", "tests/caches.py")]);
    let answer = discover(made.path());
    let doubled: Vec<(&str, &str)> = items(&answer["doubled"])
        .iter()
        .map(|doubled| (text_of(doubled, "type"), text_of(&doubled["doubles"][0], "type")))
        .collect();
    assert!(
        doubled.contains(&("shop.realtime.manager.WebSocketManager", "tests.doubles.FakeSockets")),
        "{doubled:?}"
    );
    assert!(doubled.contains(&("shop.caching.store.CacheStore", "tests.caches.DictCache")), "{doubled:?}");
}

#[test]
fn a_share_above_one_is_refused_at_its_place() {
    let made = folder(&[("a.py", ""), ("ssot.toml", "[similarity]\nnear_score = 1.5\n")]);
    ssot(made.path(), &["discover"]).expect_refusal(&["1.5 is no share", "near_score = 1.5"]);
}

#[test]
fn modules_of_functions_have_users_and_are_declared_with_a_class_alone() {
    let functions = [("ws_functions", "shop/courier/sockets.py"), ("ws_functions", "shop/van/sockets.py")];
    let made = tree_with(&functions);
    let main = "from shop.van.sockets import connect_user\nfrom shop.van import sockets\n";
    std::fs::write(made.path().join("shop/start.py"), main).expect("write");
    let answer = discover(made.path());
    let group = &answer["concepts"][0];
    let users = |of: &str| {
        let member = items(&group["members"]).iter().find(|member| text_of(member, "type") == of);
        member.and_then(|member| member["production_references"].as_u64())
    };
    assert_eq!((users("shop.van.sockets"), users("shop.courier.sockets")), (Some(1), Some(0)));
    let id = text_of(group, "id");
    let run = ssot(made.path(), &["discover", "--no-python", "--write", id]);
    let told = std::fs::read_to_string(made.path().join("ssot.toml"));
    // What was written can be read, and names its modules.
    let report = ssot(made.path(), &["report", "--no-python", "--format", "json"]);
    assert_eq!((run.code, report.code), (Some(0), Some(0)), "{}", run.stderr);
    assert!(told.expect("written").contains("\"shop.van.sockets\""));
    let known = report.json()["concepts"][0].to_string();
    assert!(known.contains("shop.van.sockets") && known.contains("shop.courier.sockets"));
}

#[test]
fn members_of_one_name_are_told_apart() {
    let made = tempfile::tempdir().expect("folder");
    let lock = "class Lock:\n    def acquire(self): ...\n";
    let rule = "[[concept]]\nid = \"lock\"\nnames = [\"Lock\", \"Latch\"]\n";
    let files = [("p/__init__.py", ""), ("p/here.py", lock), ("p/there.py", lock), ("ssot.toml", rule)];
    std::fs::create_dir(made.path().join("p")).expect("folder");
    for (path, text) in
        files.into_iter().chain([("p/latch.py", "class Latch:\n    def acquire(self): ...\n")])
    {
        std::fs::write(made.path().join(path), text).expect("write");
    }
    let page = ssot(made.path(), &["report", "--no-python", "--format", "md"]);
    let page = String::from_utf8(page.stdout).expect("UTF-8");
    assert!(page.contains("| `here.Lock` |") && page.contains("| `there.Lock` |"), "{page}");
    assert!(page.contains("| `Latch` |"), "{page}");
}
