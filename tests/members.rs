//! What counts as a member of a type, whatever statement binds it.

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{command, finish, folder};

const STORES: &str = r#"
def flush(self) -> None: ...

class MainStore:
    def _get(self, key): ...
    def _put(self, key, value): ...
    def _size(self): ...
    def _drop(self): ...
    get = _get
    size = property(_size)
    flush = flush

    def __init__(self, drop):
        self.drop = drop

class OtherStore:
    def get(self, name): ...
    def put(self, key, value): ...
    def flush(self, when): ...
    def drop(self): ...
    def purge(self): ...
    @property
    def size(self): ...

class ThirdStore:
    def get(self, name): ...
    def put(self, key, value): ...
    def drop(self): ...
    def purge(self): ...
    def flush(self, how, when): ...

def use(store: OtherStore):
    store.flush(1)
    store.drop()
    store.purge()
    store.get("a")
    store.put("a", 1)
"#;

fn concept() -> Value {
    let configuration =
        "[[concept]]\nid = \"store\"\ntitle = \"Store\"\nnames = [\"*Store\"]\ncanonical = \"MainStore\"\n";
    let made = folder(&[("stores.py", STORES), ("ssot.toml", configuration)]);
    let run = finish(command(made.path()).args(["report", "--no-python", "--no-cache", "--format", "json"]));
    run.json()["concepts"][0].clone()
}

#[test]
fn a_name_that_a_body_binds_by_assignment_is_neither_missing_nor_private() {
    let concept = concept();
    let conflicts = concept["conflicts"].as_array().expect("conflicts");
    let told: BTreeSet<(&str, &str)> = conflicts
        .iter()
        .map(|conflict| {
            (conflict["kind"].as_str().expect("kind"), conflict["subject"].as_str().expect("subject"))
        })
        .filter(|(kind, _)| ["visibility-mismatch", "missing-method", "signature-mismatch"].contains(kind))
        .collect();
    let expected = [
        // `get(name)` beside `get = _get`, whose parameter is `key`.
        ("signature-mismatch", "get"),
        ("signature-mismatch", "flush"),
        // The one name that is private here and public there.
        ("visibility-mismatch", "put"),
        // The one that is called and not there.
        ("missing-method", "purge"),
    ];
    assert_eq!(told, BTreeSet::from(expected), "{conflicts:#?}");
}

#[test]
fn the_table_tells_what_is_defined_from_what_is_set() {
    let concept = concept();
    let cell = |method: &str| {
        let rows = concept["conflict_table"].as_array().expect("rows");
        let row = rows.iter().find(|row| row["method"] == method).expect("a row");
        let cell = &row["cells"][0];
        (cell["has"].as_str().expect("word").to_owned(), cell["place"]["line"].as_u64())
    };
    assert_eq!(cell("get"), ("yes".to_owned(), Some(9)));
    assert_eq!(cell("flush"), ("attribute".to_owned(), Some(11)));
    assert_eq!(cell("put"), ("private".to_owned(), Some(6)));
}
