use super::{DifferenceKind, compare, compare_with_library, render};
use crate::facts::{BindingKind, Name};
use crate::link::members::method_of;
use crate::link::testing::{class_named, link_sources};

/// The kinds of the differences, and `?` for each unknown.
#[track_caller]
fn check(expected: &str, found: &str, kinds: &[&str]) {
    let text = format!(
        "from typing import *\nfrom foreign import WebSocket, Frame\nclass Base: ...\nclass Derived(Base): ...\n\
         class A:\n    {expected}\nclass B:\n    {found}\n"
    );
    let index = link_sources(&[("m.py", &text)]);
    let method = |class| method_of(&index, class_named(&index, class), Name::new("f")).expect("f");
    let comparison = compare(&index, method("m.A"), method("m.B"));
    let mut words: Vec<&str> = comparison.differences.iter().map(|each| each.kind.as_str()).collect();
    words.extend(comparison.unknowns.iter().map(|_| "?"));
    assert_eq!(words, kinds, "{expected}  <-  {found}: {comparison:?}");
}

#[test]
fn parameters_are_compared_call_by_call() {
    check("def f(self, a, b): ...", "def f(self, a, b): ...", &[]);
    check("def f(self, a, b): ...", "def f(self, a): ...", &["arity"]);
    check("def f(self, a): ...", "def f(self, a, b): ...", &["arity"]);
    check("def f(self, a): ...", "def f(self, a, b=1): ...", &[]);
    check("def f(self, a, b): ...", "def f(self, b, a): ...", &["parameter-order"]);
    check("def f(self, a): ...", "def f(self, x): ...", &["parameter-name"]);
    check("def f(self, a, /): ...", "def f(self, x): ...", &[]);
    check("def f(self, a): ...", "def f(self, a, /): ...", &["parameter-kind"]);
    check("def f(self, a): ...", "def f(self, *, a): ...", &["parameter-kind"]);
    check("def f(self, *, a): ...", "def f(self, a): ...", &[]);
    check("def f(self, a=1): ...", "def f(self, a): ...", &["default"]);
    check("def f(self, a, b): ...", "def f(self, *args, **kwargs): ...", &[]);
    check("def f(self, *args, **kwargs): ...", "def f(self, a, b): ...", &[]);
    check("def f(self, *args: int): ...", "def f(self): ...", &["arity"]);
    check("def f(self, a, b): ...", "def f(self, x, a, b): ...", &["arity"]);
    check("def f(self, a, b, c): ...", "def f(self, a, c): ...", &["arity"]);
}

#[test]
fn parameters_take_more_and_returns_promise_less() {
    check("def f(self, a: int): ...", "def f(self, a: float): ...", &[]);
    check("def f(self, a: float): ...", "def f(self, a: int): ...", &["parameter-type"]);
    check("def f(self) -> Base: ...", "def f(self) -> Derived: ...", &[]);
    check("def f(self) -> Derived: ...", "def f(self) -> Base: ...", &["return-type"]);
    check("def f(self) -> None: ...", "def f(self) -> bool: ...", &["return-type"]);
    check("def f(self, a: Dict[str, Any]): ...", "def f(self, a: 'dict'): ...", &[]);
    check("def f(self, a: List[int]): ...", "def f(self, a: List[float]): ...", &["parameter-type"]);
    check("def f(self, a: List[int]): ...", "def f(self, a: Sequence[float]): ...", &[]);
    check("def f(self, a: WebSocket): ...", "def f(self, a: WebSocket): ...", &[]);
    check("def f(self, a: WebSocket): ...", "def f(self, a: Frame): ...", &["?"]);
    check("def f(self, a: Literal['x']): ...", "def f(self, a: str): ...", &[]);
}

#[test]
fn an_async_function_gives_an_awaitable() {
    check("async def f(self) -> int: ...", "def f(self) -> int: ...", &["async-mismatch"]);
    check("def f(self) -> int: ...", "async def f(self) -> int: ...", &["async-mismatch"]);
    check("def f(self) -> Awaitable[int]: ...", "async def f(self) -> int: ...", &[]);
    check("async def f(self) -> int: ...", "def f(self) -> Coroutine[Any, Any, int]: ...", &[]);
    check(
        "def f(self) -> AsyncIterator[int]: ...",
        "async def f(self) -> AsyncIterator[int]:\n        yield 1",
        &[],
    );
}

#[test]
fn binding_decides_before_parameters_do() {
    check("@property\n    def f(self) -> int: ...", "def f(self) -> int: ...", &["binding-mismatch"]);
    check("@classmethod\n    def f(cls): ...", "def f(self): ...", &["binding-mismatch"]);
    check("def f(self, a): ...", "@staticmethod\n    def f(a): ...", &[]);
}

#[test]
fn an_alias_of_a_union_is_followed_across_modules() {
    let index = link_sources(&[
        ("shapes.py", "from typing import Dict, Union\nOutgoing = Union[str, Dict[str, int]]\n"),
        (
            "m.py",
            "from shapes import Outgoing\nclass A:\n    def f(self, a: str): ...\n\
             class B:\n    def f(self, a: Outgoing): ...\n",
        ),
    ]);
    let method = |class| method_of(&index, class_named(&index, class), Name::new("f")).expect("f");
    assert!(compare(&index, method("m.A"), method("m.B")).is_fit());
    let back = compare(&index, method("m.B"), method("m.A"));
    assert_eq!(back.differences.len(), 1);
    assert_eq!(back.differences[0].kind, DifferenceKind::ParameterType);
}

#[test]
fn library_methods_are_compared_by_names_and_defaults() {
    let index = link_sources(&[("m.py", "class A:\n    def default(self, obj, extra): ...\n")]);
    let found = method_of(&index, class_named(&index, "m.A"), Name::new("default")).expect("default");
    let comparison = compare_with_library(&index, "(self, o)", BindingKind::Instance, false, found);
    let kinds: Vec<DifferenceKind> = comparison.differences.iter().map(|each| each.kind).collect();
    assert_eq!(kinds, [DifferenceKind::ParameterName, DifferenceKind::Arity]);
}

#[test]
fn a_signature_is_shown_as_its_caller_sees_it() {
    let source = "class A:\n    async def f(self, a: str, /, b=1, *, c: int = 2, **d) -> bool: ...\n";
    let index = link_sources(&[("m.py", source)]);
    let found = method_of(&index, class_named(&index, "m.A"), Name::new("f")).expect("f");
    assert_eq!(render(&index, found), "async f(a: str, /, b=1, *, c: int = 2, **d) -> bool");
}
