//! `ssot protocol`: the target protocol is valid source in both languages, the canonical implementation fits
//! what it decided, and every member says where it comes from.

mod support;

use support::{folder, items, ssot, strings, text_of, trees, write};

const EXAMPLE: [&str; 3] = ["protocol", "chat_service", "--no-python"];

fn answer() -> serde_json::Value {
    ssot(&trees(), &[&EXAMPLE[..], &["--format", "json"]].concat()).json()
}

#[test]
fn every_member_has_a_source_and_the_demanded_ones_are_there() {
    let answer = answer();
    let members = items(&answer["members"]);
    for member in members {
        let is_wanted = !items(&member["declared_by"]).is_empty()
            || member["production_calls"].as_u64() > Some(0)
            || strings(&member["implemented_by"]).contains(&text_of(&answer, "canonical"));
        assert!(is_wanted, "nobody wants {member}");
    }
    let names: Vec<&str> = members.iter().map(|member| text_of(member, "name")).collect();
    for name in ["send_to_user", "send_to_thread", "send_agent_update", "connect_user", "shutdown"] {
        assert!(names.contains(&name), "{name} is missing from {names:?}");
    }
    // The canonical one is not far from what was decided by it.
    let own = items(&answer["implementations"]).iter().find(|found| found["type"] == answer["canonical"]);
    assert!(items(&own.expect("canonical")["fits"]).len() >= 10);
}

#[test]
fn the_python_text_is_a_protocol_that_the_canonical_one_can_be_held_to() {
    let source = "from typing import Dict, Optional, Union\n\
                  class Key: ...\n\
                  class Store:\n    \
                      def put(self, key: Key, value: Union[str, bytes], ttl: Optional[float] = None) -> bool: ...\n    \
                      async def drain(self, *, limit: int) -> Dict[str, int]: ...\n    \
                      @property\n    def size(self) -> int: ...\n";
    let user = "from app.store import Store, Key\ndef run(store: Store):\n    store.put(Key(), 'x')\n";
    let made = folder(&[("app/__init__.py", ""), ("app/store.py", source), ("app/use.py", user)]);
    let rule = "[[concept]]\nid = \"store\"\nmembers = [\"app.store.Store\"]\n";
    write(made.path(), "ssot.toml", rule.as_bytes());
    let arguments = ["protocol", ".", "--concept", "store", "--no-python", "-o", "app/target.py"];
    ssot(made.path(), &arguments).expect_code(0);
    let text = std::fs::read_to_string(made.path().join("app/target.py")).expect("target.py");
    assert!(text.contains("ttl: Optional[float] = ...") && text.contains("*, limit: int"), "{text}");
    assert!(
        text.contains("from app.store import Key") && text.contains("from typing import Union"),
        "{text}"
    );
    let held = [
        "conform",
        "static",
        "app.store.Store",
        "--protocol",
        "StoreProtocol",
        "--no-python",
        "--format",
        "json",
    ];
    let answer = ssot(made.path(), &held).json();
    assert_eq!(answer["pairs"][0]["verdict"], "conforms", "{answer}");
    assert_eq!(items(&answer["pairs"][0]["members"]).len(), 3);
}

#[test]
fn the_rust_text_is_a_trait_with_every_member() {
    let text = ssot(&trees(), &[&EXAMPLE[..], &["--language", "rust"]].concat()).text();
    let file = syn::parse_file(&text).expect("Rust");
    let syn::Item::Trait(found) = &file.items[0] else { panic!("no trait in {text}") };
    let functions = found.items.iter().filter(|item| matches!(item, syn::TraitItem::Fn(_))).count();
    assert_eq!(functions, items(&answer()["members"]).len());
}

#[test]
fn a_tree_without_a_concept_is_refused_with_what_to_do() {
    let made = folder(&[("a.py", "class A: ...\n")]);
    ssot(made.path(), &["protocol", "."]).expect_refusal(&["no declared concept has members", "ssot.toml"]);
}
