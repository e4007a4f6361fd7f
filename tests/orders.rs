//! Orders, findings and uses of small trees that are easy to get wrong; what CPython does stands beside each.

mod support;

use support::{folder, items, ssot, strings, text_of, type_named};

/// The order of one type after itself, or `?` where it is not complete.
#[track_caller]
fn check_order(files: &[(&str, &str)], of: &str, expected: &str) {
    let answer = ssot(folder(files).path(), &["scan", "--format", "json", "--no-python"]).json();
    let mro = &type_named(&answer, of)["mro"];
    let found =
        if mro["complete"] == true { strings(&mro["entries"])[1..].join(" ") } else { "?".to_owned() };
    assert_eq!(found, expected, "{mro}");
}

/// The kinds of the findings in one file.
fn findings(text: &str) -> Vec<String> {
    let answer =
        ssot(folder(&[("m.py", text)]).path(), &["report", "--format", "json", "--no-python"]).json();
    items(&answer["mro_findings"]).iter().map(|found| text_of(found, "rule").to_owned()).collect()
}

/// Lines with a use of a type.
fn uses(files: &[(&str, &str)], of: &str) -> Vec<u64> {
    let answer = ssot(folder(files).path(), &["usage", of, "--format", "json", "--no-python"]).json();
    items(&answer["references"]).iter().filter_map(|found| found["line"].as_u64()).collect()
}

#[test]
fn a_star_import_binds_again_what_was_bound_before() {
    let lib = ("lib.py", "class B: ...\n");
    let user = "class B(Exception): ...\nfrom lib import *\nclass U(B): ...\n";
    check_order(&[lib, ("u.py", user)], "u.U", "lib.B builtins.object");
    let user = "from lib import *\nclass B(Exception): ...\nclass U(B): ...\n";
    check_order(
        &[lib, ("u.py", user)],
        "u.U",
        "u.B builtins.Exception builtins.BaseException builtins.object",
    );
    let through = ("v.py", "from u import B\nclass V(B): ...\n");
    check_order(
        &[lib, ("u.py", "B = Exception\nfrom lib import *\n"), through],
        "v.V",
        "lib.B builtins.object",
    );
}

#[test]
fn the_else_of_a_loop_that_may_be_left_decides_nothing() {
    let loops = "class A: ...\nclass M: ...\nfor n in range(3):\n    if n: E = A; break\nelse: E = M\nclass U(E): ...\n";
    check_order(&[("m.py", loops)], "m.U", "?");
    let always = "class M: ...\nfor n in range(3):\n    print(n)\nelse: E = M\nclass U(E): ...\n";
    check_order(&[("m.py", always)], "m.U", "m.M builtins.object");
}

#[test]
fn a_subclass_of_a_generic_typed_dict_is_generic() {
    let text = "from typing import Generic, TypedDict, TypeVar\nT = TypeVar('T')\n\
                class P(TypedDict, Generic[T]):\n    a: T\nclass Q(P[int]):\n    c: int\nclass R(Q): ...\n";
    check_order(&[("m.py", text)], "m.Q", "typing.Generic builtins.dict builtins.object");
    check_order(&[("m.py", text)], "m.R", "typing.Generic builtins.dict builtins.object");
}

#[test]
fn a_name_in_a_class_body_is_the_outer_one_until_it_is_bound() {
    let files = [
        ("core.py", "class Worker: ...\n"),
        ("pool.py", "from core import Worker\nclass Pool:\n    Worker = Worker\n    made = Worker()\n"),
    ];
    assert_eq!(uses(&files, "core.Worker"), [1, 3, 4]);
}

#[test]
fn a_base_that_is_a_local_name_is_not_the_outer_one_of_that_name() {
    let parameter = "class B: ...\ndef make(B):\n    class U(B): ...\n    return U\n";
    check_order(&[("m.py", parameter)], "m.make.<locals>.U", "?");
    let counted = "class B: ...\ndef make():\n    for B in range(3):\n        class U(B): ...\n";
    check_order(&[("m.py", counted)], "m.make.<locals>.U", "?");
}

#[test]
fn several_arguments_are_no_instance() {
    let files = [(
        "m.py",
        "class A:\n    def send(self): ...\ndef f(*all: A, **named: A):\n    all.send()\n    named.send()\n",
    )];
    let answer = ssot(folder(&files).path(), &["usage", "m.A", "--format", "json", "--no-python"]).json();
    assert!(
        items(&answer["methods"]).iter().all(|method| items(&method["references"]).is_empty()),
        "{answer}"
    );
}

#[test]
fn a_chain_that_is_passed_on_in_any_way_is_not_broken() {
    let with = |body: &str| {
        format!("class A:\n    def __init__(self): self.a = 1\nclass B:\n{body}\nclass C(B, A): ...\n")
    };
    for body in [
        "    def __init__(self): A.__init__(self)",
        "    def __init__(self):\n        up = super()\n        up.__init__()",
        "    def __init__(self): self.setup()\n    def setup(self): super().__init__()",
    ] {
        assert!(findings(&with(body)).is_empty(), "{body}");
    }
    assert_eq!(findings(&with("    def __init__(self): self.b = 2")), ["super-chain-broken"]);
}

#[test]
fn a_property_that_asks_super_shadows_nothing() {
    let text = "class A:\n    def v(self): return 1\nclass B:\n    @property\n    def v(self): return super().v() + 1\n\
                class C(B, A): ...\n";
    assert!(!findings(text).contains(&"shadowed-method".to_owned()));
}

#[test]
fn what_a_decorator_may_change_is_no_incompatible_override() {
    let text = "from far import inject\nclass A:\n    def f(self, x): ...\n    def __eq__(self, other): ...\n\
                class B(A):\n    @inject\n    def f(self, one, x): ...\n    def __eq__(self, o): ...\n";
    assert_eq!(findings(text), Vec::<String>::new());
}

#[test]
fn an_attribute_hides_the_method_behind_it() {
    let text = "class A:\n    def old(self): ...\n    def gone(self): ...\nclass B(A):\n    old = None\n\
                class C(B):\n    def old(self, more): ...\n";
    let made = folder(&[("m.py", text)]);
    let answer = ssot(made.path(), &["mro", "m.B", "--format", "json", "--no-python"]).json();
    assert!(!answer["provides"].to_string().contains("old"), "{answer}");
    assert_eq!(findings(text), Vec::<String>::new());
    let text =
        "class A:\n    def f(self): ...\nclass B(A):\n    def f(self, x): ...\n    del f\nclass C(B): ...\n";
    assert_eq!(findings(text), Vec::<String>::new());
}

#[test]
fn what_a_body_binds_by_assignment_runs() {
    let text = "class Base:\n    def run(self): ...\n\
                class M1(Base):\n    def run(self):\n        super().run()\n\
                class M2(Base):\n    def run(self):\n        Base.run(self)\n\
                class Alias(M2, M1):\n    run = M1.run\n";
    assert_eq!(findings(text), Vec::<String>::new());
    let text = "class A:\n    def close(self): ...\nclass B:\n    def close(self): ...\n\
                class Both(A, B):\n    close = B.close\n";
    assert_eq!(findings(text), Vec::<String>::new());
    assert_eq!(findings(&text.replace("    close = B.close\n", "    pass\n")), ["shadowed-method"]);
}

#[test]
fn super_of_another_class_is_followed_by_nobody() {
    let text = "class Conn:\n    def close(self): ...\n\
                class Guard(Conn):\n    def close(self): ...\n\
                class Logged(Conn):\n    def close(self):\n        super().close()\n\
                class Skipping(Guard, Logged):\n    def close(self):\n        super(Skipping, self).close()\n";
    assert_eq!(findings(text), ["super-chain-broken"]);
    let beyond = text.replace("super(Skipping,", "super(Guard,");
    assert_eq!(findings(&beyond), Vec::<String>::new());
    let files = [("m.py", beyond.as_str())];
    let answer = ssot(folder(&files).path(), &["usage", "m.Guard", "--format", "json", "--no-python"]).json();
    assert!(items(&answer["methods"]).iter().all(|method| items(&method["references"]).is_empty()));
}

#[test]
fn slots_are_attributes() {
    let text = "from abc import ABC, abstractmethod\n\
                class Shape(ABC):\n    @property\n    @abstractmethod\n    def size(self): ...\n\
                class Square(Shape):\n    __slots__ = ('size',)\nSquare()\n";
    assert_eq!(findings(text), Vec::<String>::new());
    assert_eq!(findings(&text.replace("'size',", "")), ["abstract-not-implemented"]);
}

#[test]
fn what_stays_abstract_is_what_cpython_refuses_to_make() {
    let base = "from abc import ABC, abstractmethod\nfrom typing import Protocol\n\
                class Base(ABC):\n    @abstractmethod\n    def run(self): ...\n    @abstractmethod\n    def stop(self): ...\n";
    let with = |body: &str| findings(&format!("{base}class C(Base):\n    def stop(self): ...\n    {body}\n"));
    for open in ["run = Base.run", "if False:\n        def run(self): ...", "def run(self): ...\n    del run"]
    {
        assert_eq!(with(open), ["abstract-not-implemented"], "{open}");
    }
    for closed in ["run = stop", "run = print", "run = None", "def run(self): ..."] {
        assert!(with(closed).is_empty(), "{closed}: {:?}", with(closed));
    }
    let protocol = base.replace("Base(ABC)", "Base(Protocol)");
    let half = findings(&format!("{protocol}class C(Base):\n    def stop(self): ...\n"));
    assert_eq!(half, ["abstract-not-implemented"], "protocols are abstract base classes");
}

#[test]
fn what_a_body_sets_in_the_place_of_a_method_is_listed() {
    let text = "def fetch(self, key): ...\nclass A:\n    def get(self, key): ...\n    def put(self): ...\n    def stay(self): ...\n\
                class B(A):\n    get = fetch\n    put = None\n    size = 3\n    run = fetch\n";
    let root = folder(&[("m.py", text)]);
    let path = root.path().to_str().expect("UTF-8");
    let answer = ssot(root.path(), &["mro", "m.B", "--root", path, "--format", "json", "--no-python"]).json();
    let rows = items(&answer["methods"]).iter().map(|method| {
        let hides = strings(&method["hides"]).join(" ");
        [text_of(method, "provider"), text_of(method, "signature"), hides.as_str()].join(" | ")
    });
    assert_eq!(
        rows.collect::<Vec<_>>(),
        [
            "m.B | get = fetch(self, key) | m.A",
            "m.B | put = … | m.A",
            "m.B | run = fetch(self, key) | ",
            "m.A | stay() | ",
        ]
    );
}

#[test]
fn what_a_dataclass_generates_is_not_the_base_s() {
    let text = "from dataclasses import dataclass\nclass A:\n    def __init__(self): ...\n    def __eq__(self, other): ...\n    def stay(self): ...\n\
                @dataclass\nclass B(A):\n    x: int\nclass C(A):\n    x: int\n";
    let root = folder(&[("m.py", text)]);
    let provided = |of: &str| -> Vec<String> {
        let answer = ssot(root.path(), &["mro", of, "--format", "json", "--no-python"]).json();
        let by_a = items(&answer["methods"]).iter().filter(|method| text_of(method, "provider") == "m.A");
        by_a.map(|method| text_of(method, "name").to_owned()).collect()
    };
    assert_eq!(provided("m.B"), ["stay"]);
    assert_eq!(provided("m.C"), ["__eq__", "__init__", "stay"]);
}

#[test]
fn a_patched_path_may_be_written_in_two_strings() {
    let user = "from unittest.mock import patch\n@patch('lib.' 'Svc')\ndef test(m): ...\n";
    assert_eq!(uses(&[("lib.py", "class Svc: ...\n"), ("test_lib.py", user)], "lib.Svc"), [2]);
}

#[test]
fn a_branch_that_fits_is_no_incompatible_override() {
    let with = |first: &str, second: &str| {
        findings(&format!(
            "class A:\n    def f(self, a): ...\nclass B(A):\n    try:\n        import x\n        def f(self{first}): ...\n    except ImportError:\n        def f(self{second}): ...\n"
        ))
    };
    assert!(with(", a", "").is_empty() && with("", ", a").is_empty());
    assert_eq!(with("", ", a, b"), ["incompatible-override"]);
}

#[test]
fn what_is_skipped_is_told_at_its_definition() {
    let text = "class A:\n    def __init__(self): ...\nclass B:\n    x = 1\n    def __init__(self): ...\n\
                class C(A, B): ...\n";
    let answer =
        ssot(folder(&[("m.py", text)]).path(), &["report", "--format", "json", "--no-python"]).json();
    let related = items(&items(&answer["mro_findings"])[0]["related"]);
    let lines: Vec<_> = related.iter().filter_map(|one| one["place"]["line"].as_u64()).collect();
    assert_eq!(lines, [2, 5]);
}

#[test]
fn an_empty_tree_has_no_type() {
    let answer = ssot(folder(&[]).path(), &["scan", "--format", "json", "--no-python"]).json();
    assert_eq!((&answer["coverage"]["types"], &answer["types"]), (&0.into(), &serde_json::json!([])));
}

#[test]
fn an_exception_is_no_manager() {
    let text = "class WebSocketManagerError(Exception): ...\nclass WebSocketManager:\n    def connect_user(self): ...\n";
    let users =
        "from ws import WebSocketManagerError\ntry: ...\nexcept WebSocketManagerError: ...\n".repeat(5);
    let made = folder(&[("ws.py", text), ("use.py", &users)]);
    let answer = ssot(made.path(), &["report", "--format", "json", "--no-python"]).json();
    assert_eq!(answer["concepts"][0]["canonical"], "ws.WebSocketManager");
    assert_eq!(items(&answer["concepts"][0]["members"]).len(), 1);
}

#[test]
fn a_type_may_be_named_by_its_place_or_by_the_path_that_others_import() {
    let made = folder(&[
        ("p/__init__.py", "from p.core import Manager as Boss\n"),
        ("p/core.py", "class Manager: ...\nif 1:\n    class Manager: ...\n"),
    ]);
    let of = |name: &str| {
        let answer = ssot(made.path(), &["mro", name, "--format", "json", "--no-python"]).json();
        answer["type"]["line"].clone()
    };
    assert_eq!((of("p/core.py:1"), of("core.py:3")), (1.into(), 3.into()));
    assert_eq!(of("p.Boss"), 3);
}

#[test]
fn the_graph_of_cycles_has_nothing_else() {
    let made = folder(&[("a.py", "import b\nimport c\n"), ("b.py", "import a\n"), ("c.py", "")]);
    let answer = ssot(made.path(), &["graph", "--cycles", "--format", "json", "--no-python"]).json();
    let modules: Vec<&str> = items(&answer["modules"]).iter().map(|module| text_of(module, "id")).collect();
    assert_eq!((modules, items(&answer["edges"]).len()), (vec!["a", "b"], 2));
}

#[test]
fn branches_that_the_target_never_takes_define_no_method() {
    let text = "import sys\nclass Base:\n    def v(self): ...\nclass I(Base):\n    if sys.version_info >= (3, 9):\n        \
                def v(self): ...\n    else:\n        def v(self, extra): ...\n    if sys.version_info < (3, 0):\n        \
                def old(self): ...\n";
    assert!(findings(text).is_empty());
    let answer = ssot(folder(&[("m.py", text)]).path(), &["scan", "--format", "json", "--no-python"]).json();
    let names: Vec<String> = items(&type_named(&answer, "m.I")["methods"])
        .iter()
        .map(|method| format!("{}:{}", text_of(method, "name"), method["line"]))
        .collect();
    assert_eq!(names, ["v:6"]);
}

#[test]
fn a_class_may_build_on_what_its_name_meant_before() {
    let again = "class A: ...\nclass Foo(A): ...\nclass Foo(Foo): ...\n";
    let answer = ssot(folder(&[("m.py", again)]).path(), &["scan", "--format", "json", "--no-python"]).json();
    let orders: Vec<usize> =
        items(&answer["types"]).iter().map(|t| items(&t["mro"]["entries"]).len()).collect();
    assert_eq!(orders, [2, 3, 4]);
    let parameter = "def register(cls):\n    class cls(cls): ...\n    return cls\n";
    check_order(&[("m.py", parameter)], "m.register.<locals>.cls", "?");
    let builtin = "class ImportError(ImportError): ...\n";
    check_order(
        &[("m.py", builtin)],
        "m.ImportError",
        "builtins.ImportError builtins.Exception builtins.BaseException builtins.object",
    );
    let made = "class T: ...\nclass X: ...\nX = type('X2', (T, X), {})\n";
    check_order(&[("m.py", made)], "m.X2", "m.T m.X builtins.object");
}

#[test]
fn builtins_have_aliases_too() {
    let text = "B = object\nD: type = dict\nclass U(B): ...\nclass V(D): ...\n";
    check_order(&[("m.py", text)], "m.U", "builtins.object");
    check_order(&[("m.py", text)], "m.V", "builtins.dict builtins.object");
}

#[test]
fn a_module_may_import_from_itself() {
    let text = "class Base: ...\nfrom p.a import Base\nclass D(Base): ...\n";
    check_order(&[("p/__init__.py", ""), ("p/a.py", text)], "p.a.D", "p.a.Base builtins.object");
}

#[test]
fn an_import_above_the_outermost_package_leads_nowhere() {
    let files = [
        ("q/__init__.py", "class Z: ...\n"),
        ("r/__init__.py", ""),
        ("r/a.py", "from ..q import Z\nclass Y(Z): ...\n"),
    ];
    check_order(&files, "r.a.Y", "?");
}

#[test]
fn a_place_names_the_type_whose_path_it_ends_and_the_one_around_a_line() {
    let text = "class Manager:\n    def send(self): ...\n";
    let made = folder(&[("app/manager.py", text), ("app/old_manager.py", text)]);
    let type_at = |of: &str| ssot(made.path(), &["mro", of, "--format", "json", "--no-python"]).json();
    for of in ["manager.py:1", "./app/manager.py:1", "app/manager.py:2"] {
        assert!(type_at(of).to_string().contains("app.manager.Manager"), "{of}");
    }
    assert_eq!(ssot(made.path(), &["mro", "ager.py:1", "--no-python"]).code, Some(2));
}
