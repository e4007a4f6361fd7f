//! One tree with both languages: copies are found across them, and each is linked by its own rules.

mod support;

use std::collections::BTreeMap;

use support::{folder, items, ssot, text_of};

const PYTHON: &str = "\
from fastapi import WebSocket

class ConnectionManager:
    def __init__(self):
        self.connections: dict[str, list[WebSocket]] = {}

    async def connect_user(self, user_id: str, socket: WebSocket) -> None:
        self.connections.setdefault(user_id, []).append(socket)

    async def disconnect_user(self, user_id: str) -> None:
        self.connections.pop(user_id, None)

    async def send_to_user(self, user_id: str, message: dict) -> bool:
        for socket in self.connections.get(user_id, []):
            await socket.send_json(message)
        return True

    def connection_count(self) -> int:
        return len(self.connections)
";

const RUST: &str = "\
use std::collections::HashMap;

pub struct ConnectionManager {
    connections: HashMap<String, Vec<Socket>>,
}

impl ConnectionManager {
    pub fn connect_user(&mut self, user_id: String, socket: Socket) {
        self.connections.entry(user_id).or_default().push(socket);
    }

    pub fn disconnect_user(&mut self, user_id: &str) {
        self.connections.remove(user_id);
    }

    pub fn send_to_user(&self, user_id: &str, message: &str, retries: u32) -> bool {
        for socket in self.connections.get(user_id).into_iter().flatten() {
            socket.send(message);
        }
        true
    }

    pub fn connection_count(&self) -> usize {
        self.connections.len()
    }
}

pub struct Socket;

impl Socket {
    pub fn send(&self, _message: &str) {}
}
";

const CONCEPT: &str = "[[concept]]\nid = \"manager\"\ntitle = \"Manager\"\nnames = [\"ConnectionManager\"]\n\
                       canonical = \"service.manager.ConnectionManager\"\n";

#[test]
fn one_concept_in_two_languages_is_reported_together() {
    let tree = folder(&[
        ("service/__init__.py", ""),
        ("service/manager.py", PYTHON),
        ("gateway/Cargo.toml", "[package]\nname = \"gateway\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"),
        ("gateway/src/lib.rs", RUST),
        ("ssot.toml", CONCEPT),
    ]);
    let report = ssot(tree.path(), &["report", ".", "--no-python", "--format", "json"]).json();
    let [concept] = items(&report["concepts"]) else { panic!("one concept") };
    let roles: BTreeMap<&str, &str> = items(&concept["members"])
        .iter()
        .map(|member| (text_of(member, "type"), text_of(member, "role")))
        .collect();
    let expected =
        [("gateway::ConnectionManager", "duplicate"), ("service.manager.ConnectionManager", "canonical")];
    assert_eq!(roles, BTreeMap::from(expected));
    let mut told: Vec<(&str, &str)> = items(&concept["conflicts"])
        .iter()
        .map(|found| (text_of(found, "kind"), text_of(found, "subject")))
        .collect();
    told.sort_unstable();
    // Types are not compared between languages; numbers of parameters and `async` are.
    assert!(told.contains(&("signature-mismatch", "send_to_user")), "{told:?}");
    assert!(told.contains(&("async-mismatch", "connect_user")), "{told:?}");
    assert!(!told.iter().any(|(kind, _)| *kind == "return-type"), "{told:?}");
    let groups = ssot(tree.path(), &["discover", ".", "--no-python", "--format", "json"]).json();
    let [group] = items(&groups["concepts"]) else { panic!("one group: {groups}") };
    assert_eq!(items(&group["members"]).len(), 2);
}

#[test]
fn a_crate_and_a_package_of_one_name_do_not_meet() {
    let tree = folder(&[
        ("hub/__init__.py", "class Hub: ...\n"),
        ("app.py", "from hub import Hub\nhub = Hub()\n"),
        ("rust/Cargo.toml", "[package]\nname = \"hub\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"),
        ("rust/src/lib.rs", "pub struct Hub;\n"),
        ("rust/src/main.rs", "use hub::Hub;\nfn main() { let _ = Hub; }\n"),
    ]);
    let usage = |id: &str| {
        let found =
            ssot(tree.path(), &["usage", id, "--root", ".", "--no-python", "--format", "json"]).json();
        let paths = items(&found["references"]).iter().map(|reference| text_of(reference, "path").to_owned());
        paths.collect::<Vec<_>>()
    };
    assert_eq!(usage("hub.Hub"), ["app.py", "app.py"]);
    assert_eq!(usage("hub::Hub"), ["rust/src/main.rs", "rust/src/main.rs"]);
}
