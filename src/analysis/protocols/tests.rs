use super::{Conformance, Verdict, conforms};
use crate::link::testing::{class_named, link_sources};

fn compare(protocol_member: &str, class: &str) -> Conformance {
    let text = format!(
        "from typing import NamedTuple\nfrom typing import *\nfrom foreign import wrap, Far\nclass P(Protocol):\n    {protocol_member}\n{class}\n"
    );
    let index = link_sources(&[("m.py", &text)]);
    conforms(&index, class_named(&index, "m.C"), class_named(&index, "m.P"))
}

/// Verdict, then the kinds of all reasons.
#[track_caller]
fn check(protocol_member: &str, class: &str, expected: &str) {
    let found = compare(protocol_member, class);
    let mut words = vec![found.verdict.as_str()];
    words.extend(
        found.members.iter().flat_map(|member| member.reasons.iter().map(|reason| reason.kind.as_str())),
    );
    assert_eq!(words.join(" "), expected, "{protocol_member}  <-  {class}: {found:#?}");
}

#[test]
fn missing_members_are_violations_unless_something_unknown_may_have_them() {
    check("def f(self): ...", "class C: ...", "violates missing-method");
    check("x: int", "class C: ...", "violates missing-attribute");
    check("def f(self): ...", "class C(Far): ...", "cannot-tell missing-method unknown");
    check(
        "def f(self): ...",
        "class C:\n    def __getattr__(self, name): ...",
        "cannot-tell missing-method unknown",
    );
}

#[test]
fn members_are_found_along_the_order() {
    check("def f(self): ...", "class B:\n    def f(self): ...\nclass C(B): ...", "conforms");
    check("def f(self): ...", "class C:\n    def g(self): ...\n    f = g", "conforms");
    check(
        "def f(self): ...",
        "class B:\n    def f(self): ...\nclass C(B):\n    f = None",
        "violates binding-mismatch",
    );
    check("def f(self): ...", "class B:\n    def f(self): ...\nclass C(Far, B): ...", "cannot-tell unknown");
    // A descriptor gives what its `__get__` says.
    let descriptor = "class D:\n    def __get__(self, instance, owner): return print\n";
    check("def f(self): ...", &format!("{descriptor}class C:\n    f = D()"), "cannot-tell unknown");
    check("x: int", &format!("{descriptor}class C:\n    x = D()"), "cannot-tell unknown");
}

#[test]
fn what_a_body_binds_by_assignment_is_a_method_of_its_new_name() {
    let with = |assigned: &str| {
        format!(
            "class C:\n    def _f(self, a: int) -> int: ...\n    def _s(self, value): ...\n    {assigned}"
        )
    };
    check("def f(self, a: int) -> int: ...", &with("f = _f"), "conforms");
    check("def f(self, a: str) -> int: ...", &with("f = _f"), "violates parameter-type");
    let property = "@property\n    def f(self) -> int: ...";
    let getter = "class C:\n    def _f(self) -> int: ...\n    def _s(self, value): ...\n    f = property(_f";
    check(property, &format!("{getter})"), "conforms");
    check(&property.replace("int", "str"), &format!("{getter})"), "violates return-type");
    check("f: int", &format!("{getter})"), "violates read-only");
    check("f: int", &format!("{getter}, _s)"), "conforms");
    check(property, "class C:\n    f = property(lambda self: 1)", "cannot-tell unknown");
    check(property, "class C:\n    f = property(far)", "cannot-tell unknown");
    check(
        "@staticmethod\n    def f(a: int) -> int: ...",
        "class C:\n    def f(a: int) -> int: ...\n    f = staticmethod(f)",
        "conforms",
    );
    check(
        "@classmethod\n    def f(cls, a: int) -> int: ...",
        "class C:\n    def f(cls, a: str) -> int: ...\n    f = classmethod(f)",
        "violates parameter-type",
    );
    // By then the name stands for something else.
    check(
        "def f(self, a: int) -> int: ...",
        "class C:\n    def _f(self, a: int) -> int: ...\n    _f = None\n    f = _f",
        "violates binding-mismatch",
    );
}

#[test]
fn what_branches_define_differently_cannot_be_told() {
    let branches = |first: &str, second: &str| {
        format!(
            "class C:\n    if far():\n        def f(self, a{first}): ...\n    else:\n        def f(self, a{second}): ..."
        )
    };
    check("def f(self, a): ...", &branches("", ", b"), "cannot-tell unknown");
    check("def f(self, a): ...", &branches(", b", ""), "cannot-tell unknown");
    check("def f(self, a): ...", &branches("", ", b=1"), "conforms");
    check("def f(self, a): ...", &branches(", c", ", b"), "violates arity");
    // The later one stands, whatever there was.
    let later = "class C:\n    if far():\n        def f(self): ...\n    def f(self, a): ...";
    check("def f(self, a): ...", later, "conforms");
    let before = "class C:\n    def f(self, a): ...\n    if far():\n        def f(self): ...";
    check("def f(self, a): ...", before, "cannot-tell unknown");
    let known = "import sys\nclass C:\n    if sys.version_info >= (3, 8):\n        def f(self, a): ...\n    else:\n        def f(self): ...";
    check("def f(self, a): ...", known, "conforms");
}

#[test]
fn a_setter_takes_what_the_protocol_lets_set() {
    let with = |value: &str| {
        format!("@property\n    def x(self) -> int: ...\n    @x.setter\n    def x(self, value: {value}): ...")
    };
    check(&with("int"), &format!("class C:\n    {}", with("int")), "conforms");
    check(&with("int"), &format!("class C:\n    {}", with("object")), "conforms");
    check(&with("int"), &format!("class C:\n    {}", with("str")), "violates parameter-type");
    let deleted =
        "class C:\n    @property\n    def x(self) -> int: ...\n    @x.deleter\n    def x(self): ...";
    check(&with("int"), deleted, "violates read-only");
}

#[test]
fn what_is_set_on_a_class_from_elsewhere_is_not_missing() {
    let text = "class C: ...\ndef late(self): ...\nC.f = late";
    check("def f(self): ...", text, "cannot-tell unknown");
    check("def g(self): ...", text, "violates missing-method");
}

#[test]
fn what_is_generated_is_not_missing() {
    let generated = "from dataclasses import dataclass\nimport collections\n";
    let as_dict = "def _asdict(self) -> dict[str, Any]: ...";
    check(as_dict, "class C(NamedTuple):\n    a: int", "cannot-tell unknown");
    check(
        as_dict,
        &format!("{generated}class C(collections.namedtuple('C', 'a')): ..."),
        "cannot-tell unknown",
    );
    let fields = "__dataclass_fields__: ClassVar[dict[str, Any]]";
    check(fields, &format!("{generated}@dataclass(order=True)\nclass C:\n    a: int"), "cannot-tell unknown");
    check(fields, "class C:\n    a: int", "violates missing-attribute");
}

#[test]
fn files_and_paths_are_what_type_checkers_take_them_for() {
    let with = |wanted: &str, given: &str, expected: &str| {
        let class = format!("import io, os, array, pathlib\nclass C:\n    def f(self) -> {given}: ...");
        check(&format!("def f(self) -> {wanted}: ..."), &class, expected);
    };
    with("os.PathLike[str]", "pathlib.Path", "conforms");
    with("TextIO", "io.StringIO", "conforms");
    with("IO[bytes]", "io.BytesIO", "conforms");
    with("io.IOBase", "io.StringIO", "conforms");
    with("MutableSequence[int]", "array.array[int]", "conforms");
    with("Iterator[tuple[int, str]]", "enumerate[str]", "conforms");
    with("Iterator[str]", "enumerate[str]", "violates return-type");
    with("TextIO", "pathlib.Path", "cannot-tell unknown");
    with("Iterator[int]", "pathlib.Path", "violates return-type");
    with("int", "pathlib.Path", "violates return-type");
}

#[test]
fn an_explicit_subclass_inherits_bodies_but_not_stubs() {
    check("def f(self): return 1", "class C(P): ...", "conforms");
    check("def f(self): ...", "class C(P): ...", "violates missing-method");
}

#[test]
fn attributes_and_properties_are_told_apart_by_what_may_be_assigned() {
    let property = "@property\n    def x(self) -> int: ...";
    check("x: int", "class C:\n    x: int = 0", "conforms");
    check("x: int", "class C:\n    def __init__(self):\n        self.x: int = 0", "conforms");
    check("x: int", "class C:\n    x: bool = True", "violates attribute-type");
    check(property, "class C:\n    x: bool = True", "conforms");
    check("x: int", &format!("class C:\n    {property}"), "violates read-only");
    check(property, "class C:\n    def x(self) -> int: ...", "violates binding-mismatch");
    check("x: int", "class C(NamedTuple):\n    x: int", "violates read-only");
}

#[test]
fn what_may_change_a_signature_cannot_be_told() {
    check("def f(self): ...", "class C:\n    @wrap\n    def f(self): ...", "cannot-tell unknown");
    let mock = "from unittest.mock import AsyncMock\nclass C:\n    def __init__(self):\n        self.f = AsyncMock()";
    check("def f(self): ...", mock, "cannot-tell unknown");
}

#[test]
fn one_fitting_overload_is_enough() {
    let class = "class C:\n    @overload\n    def f(self, a: int) -> int: ...\n    @overload\n    \
                 def f(self, a: str) -> str: ...\n    def f(self, a): return a";
    check("def f(self, a: int) -> int: ...", class, "conforms");
    check("def f(self, a: bytes) -> int: ...", class, "cannot-tell unknown");
}

#[test]
fn names_of_parameters_alone_are_marked() {
    let found = compare("def f(self, a): ...", "class C:\n    def f(self, b): ...");
    assert!(found.only_names);
    let found = compare("def f(self, a): ...", "class C:\n    async def f(self, b): ...");
    assert!(!found.only_names);
}

#[test]
fn a_function_of_the_module_is_bound_where_a_class_body_names_it() {
    let class = "def out(self, x: int) -> str: ...\nclass C:\n    send = out";
    check("def send(self, x: int, /) -> str: ...", class, "conforms");
    check("def send(self, x: int, y: int, /) -> str: ...", class, "violates arity");
}

#[test]
fn fields_of_a_frozen_class_are_read_only() {
    let frozen = "import attr\nfrom dataclasses import dataclass\n@dataclass(frozen=True, slots=True)\nclass C:\n    name: str";
    check("name: str", frozen, "violates read-only");
    check("@property\n    def name(self) -> str: ...", frozen, "conforms");
    check("name: str", &frozen.replace("frozen=True", "frozen=False"), "conforms");
    check(
        "name: str",
        &frozen.replace("@dataclass(frozen=True, slots=True)", "@attr.frozen"),
        "violates read-only",
    );
}

#[test]
fn a_value_that_is_written_out_has_its_type() {
    check("name: str", "class C:\n    name = 1", "violates attribute-type");
    check("name: str", "class C:\n    name = 'x'", "conforms");
    check(
        "name: str",
        "class C:\n    def __init__(self):\n        self.name = 1.5",
        "violates attribute-type",
    );
    check("name: str", "class C:\n    name = 1\n    def f(self): self.name = g()", "conforms");
}

#[test]
fn a_recursive_protocol_ends() {
    check("def f(self) -> 'P': ...", "class C:\n    def f(self) -> 'C': ...", "conforms");
    check("def f(self) -> Self: ...", "class C:\n    def f(self) -> Self: ...", "conforms");
}

#[test]
fn standard_protocols_demand_their_abstract_members() {
    let source = "from typing import *\nclass P(Sized, Protocol):\n    def f(self): ...\nclass C:\n    def f(self): ...\n";
    let index = link_sources(&[("m.py", source)]);
    let found = conforms(&index, class_named(&index, "m.C"), class_named(&index, "m.P"));
    let missing: Vec<&str> = found
        .members
        .iter()
        .filter(|member| member.is_missing())
        .map(|member| member.name.as_str())
        .collect();
    assert_eq!(missing, ["__len__"]);
}

#[test]
fn a_class_in_a_protocol_is_demanded_by_name() {
    check("class Error(Exception): ...", "class C: ...", "violates missing-attribute");
    check("class Error(Exception): ...", "class C:\n    class Error(Exception): ...", "cannot-tell unknown");
}

#[test]
fn a_field_set_to_a_parameter_is_what_the_parameter_is_declared_to_be() {
    let class = "class C:\n    def __init__(self, size: Optional[int]): self.size = size";
    check("size: Optional[int]", class, "conforms");
    check("size: int", class, "violates attribute-type");
}

#[test]
fn a_demand_behind_an_unknown_decorator_cannot_be_told() {
    let decorated = "@wrap\n    def f(self) -> int: ...";
    check(decorated, "class C:\n    @property\n    def f(self) -> int: ...", "cannot-tell unknown");
}

#[test]
fn a_dictionary_is_no_typed_dict() {
    let class = "class T(TypedDict):\n    a: int\nclass C:\n    def f(self, x: T): ...";
    check("def f(self, x: Dict[str, Any]): ...", class, "violates parameter-type");
}

#[test]
fn types_that_a_standard_protocol_demands_are_not_compared_and_that_is_said() {
    let verdict = |base: &str, class: &str| {
        let source = format!("from typing import *\nclass P({base}, Protocol): ...\n{class}\n");
        let index = link_sources(&[("m.py", &source)]);
        conforms(&index, class_named(&index, "m.C"), class_named(&index, "m.P")).verdict
    };
    let iterable = "class C:\n    def __iter__(self) -> Iterator[str]: ...";
    assert_eq!(verdict("Iterable[int]", iterable), Verdict::CannotTell);
    assert_eq!(verdict("Sized", "class C:\n    def __len__(self) -> int: ..."), Verdict::Conforms);
    assert_eq!(verdict("Hashable", "class C(list[int]): ..."), Verdict::Violates);
    assert_eq!(verdict("Hashable", "class C(tuple[int]): ..."), Verdict::Conforms);
}
