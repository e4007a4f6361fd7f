//! What the classes of one family are to its canonical implementation.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use support::{command, finish, folder};

fn concept(text: &str) -> Value {
    let configuration =
        "[[concept]]\nid = \"store\"\ntitle = \"Store\"\nnames = [\"*Store\"]\ncanonical = \"MainStore\"\n";
    let made = folder(&[("m.py", text), ("ssot.toml", configuration)]);
    let run = finish(command(made.path()).args(["report", "--no-python", "--no-cache", "--format", "json"]));
    run.json()["concepts"][0].clone()
}

fn roles(concept: &Value) -> BTreeMap<String, String> {
    let members = concept["members"].as_array().expect("members").iter();
    let word = |value: &Value| value.as_str().expect("word").trim_start_matches("m.").to_owned();
    members.map(|member| (word(&member["type"]), word(&member["role"]))).collect()
}

#[track_caller]
fn check(text: &str, expected: &[(&str, &str)]) {
    let found = roles(&concept(text));
    let expected = expected.iter().map(|(name, role)| ((*name).to_owned(), (*role).to_owned()));
    assert_eq!(found, expected.collect(), "{text}");
}

#[test]
fn what_is_declared_canonical_is_so_whatever_it_inherits_from() {
    let implementations = "class MainStore(BaseStore):\n    def get(self, key): return key\nclass OtherStore(BaseStore):\n    def get(self, key): return key\n";
    let abstract_base = "from abc import ABC, abstractmethod\nclass BaseStore(ABC):\n    @abstractmethod\n    def get(self, key): ...\n";
    check(
        &format!("{abstract_base}{implementations}"),
        &[("BaseStore", "protocol"), ("MainStore", "canonical"), ("OtherStore", "duplicate")],
    );
    // What it has of a base is its own.
    let base = "class BaseStore:\n    def get(self, key): raise NotImplementedError\n    def close(self): self.open = False\n";
    check(&format!("{base}{implementations}"), &[("MainStore", "canonical"), ("OtherStore", "duplicate")]);
}

#[test]
fn a_subclass_is_a_shim_only_where_nothing_changes() {
    let text = r#"
def fetch(self, key): return key

class MainStore:
    def get(self, key): return self.items[key]
    def put(self, key, value): self.items[key] = value
    def drop(self, key): del self.items[key]
    def _path(self): return "main"

class Reader:
    def get(self, key): return None
    def put(self, key, value): return None

class Opener:
    def open(self): return None

class ThinStore(MainStore):
    """Another name."""
    __slots__ = ()

class AssignedStore(MainStore):
    get = fetch
    put = drop = None

class MixedStore(Reader, MainStore): pass

class BehindStore(MainStore, Reader): pass

class OpenStore(MainStore, Opener): pass

class PatchedStore(MainStore):
    drop = staticmethod(lambda key: None)

class SlowStore(MainStore):
    timeout = 30

class HookedStore(MainStore):
    def _path(self): return "other"

class LargerStore(MainStore):
    def clear(self): self.items.clear()
"#;
    check(
        text,
        &[
            ("MainStore", "canonical"),
            ("ThinStore", "shim"),
            ("AssignedStore", "duplicate"),
            ("MixedStore", "duplicate"),
            // Everything that the other base has is hidden by the canonical one's.
            ("BehindStore", "shim"),
            ("OpenStore", "application-service"),
            ("PatchedStore", "application-service"),
            ("SlowStore", "application-service"),
            ("HookedStore", "application-service"),
            ("LargerStore", "complementary"),
        ],
    );
}

#[test]
fn what_two_copies_disagree_on_does_not_depend_on_their_names() {
    let text = |first: &str, second: &str| {
        format!(
            r#"
class MainStore:
    def get(self, key): ...
    def put(self, key, value): ...
    def drop(self, key): ...

class {first}Store:
    @classmethod
    def load(cls, path: str) -> object: ...
    def save(self, path): ...
    def get(self, key): ...
    def put(self, key, value): ...
    def drop(self, key): ...

class {second}Store:
    def load(self, path: object) -> str: ...
    def save(self, path, mode="w"): ...
    def get(self, key): ...
    def put(self, key, value): ...
    def drop(self, key): ...
"#
        )
    };
    let told = |text: &str| -> BTreeSet<(String, String)> {
        let concept = concept(text);
        let conflicts = concept["conflicts"].as_array().expect("conflicts").iter();
        let word = |value: &Value| value.as_str().expect("word").to_owned();
        conflicts.map(|conflict| (word(&conflict["kind"]), word(&conflict["subject"]))).collect()
    };
    let found = told(&text("A", "Z"));
    assert_eq!(found, told(&text("Z", "A")));
    for (kind, subject) in [
        ("binding-mismatch", "load"),
        ("return-type", "load"),
        ("signature-mismatch", "load"),
        ("signature-mismatch", "save"),
    ] {
        assert!(found.contains(&(kind.to_owned(), subject.to_owned())), "{kind} {subject}: {found:?}");
    }
}
