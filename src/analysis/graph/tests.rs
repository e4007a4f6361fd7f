use super::*;
use crate::lang::{self, Target};
use crate::link::library::NEWEST;
use crate::link::references::Uses;
use crate::link::{Ground, LinkFile, NoEnvironment, link};
use crate::source::FileRole;
use crate::source::Language;

fn program(files: &[(&str, &str)]) -> Index {
    let files = files.iter().map(|(display, text)| {
        let language = if display.ends_with(".pyi") { Language::PythonStub } else { Language::Python };
        let facts = lang::facts(text, language, Target::default());
        LinkFile {
            display: (*display).to_owned(),
            language,
            role: FileRole::Production,
            has_compiled_twin: false,
            facts: facts.into(),
        }
    });
    let ground = Ground { python_minor: NEWEST, ..Ground::default() };
    link(files.collect(), &ground, &NoEnvironment, Uses::All)
}

fn name(index: &Index, graph: &ModuleGraph, module: usize) -> String {
    index.modules.get(graph.modules[module]).name.to_string()
}

/// `from -> to phase line`, in brackets if implicit.
fn shown(files: &[(&str, &str)]) -> Vec<String> {
    let index = program(files);
    let graph = module_graph(&index, GraphOptions::default());
    let line = |edge: &Edge| {
        let (from, to) = (name(&index, &graph, edge.from), name(&index, &graph, edge.to));
        let line = index.position(edge.file, edge.at).line;
        let text = format!("{from} -> {to} {} {line}", edge.phase.as_str());
        if edge.implicit { format!("({text})") } else { text }
    };
    graph.edges.iter().map(line).collect()
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(shown(files), expected);
}

#[test]
fn from_import_leads_to_the_submodule_where_there_is_one() {
    let package = [("p/__init__.py", "x = 1\n"), ("p/n.py", "")];
    let with = |text| [package[0], package[1], ("m.py", text)];
    check(&with("from p import n\n"), &["(m -> p load 1)", "m -> p.n load 1"]);
    check(&with("from p import x\n"), &["m -> p load 1"]);
    check(&with("import p.n\n"), &["(m -> p load 1)", "m -> p.n load 1"]);
    check(&with("from p.n import anything\n"), &["(m -> p load 1)", "m -> p.n load 1"]);
}

#[test]
fn an_attribute_of_the_package_comes_before_its_submodule() {
    let files = [
        ("p/__init__.py", "from .n import n\n"),
        ("p/n.py", "def n(): ...\n"),
        ("m.py", "from p import n\n"),
    ];
    check(&files, &["m -> p load 1", "p -> p.n load 1"]);
}

#[test]
fn a_package_that_imports_its_own_submodule_by_that_name_binds_nothing_else() {
    let files = [("p/__init__.py", "from . import n\n"), ("p/n.py", ""), ("m.py", "from p import n\n")];
    check(&files, &["(m -> p load 1)", "m -> p.n load 1", "p -> p.n load 1"]);
}

#[test]
fn a_name_for_type_checkers_alone_hides_no_submodule() {
    let init = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .n import n\n";
    let files = [("p/__init__.py", init), ("p/n.py", "def n(): ...\n"), ("m.py", "from p import n\n")];
    check(&files, &["(m -> p load 1)", "m -> p.n load 1", "p -> p.n typing 3"]);
}

#[test]
fn phases_follow_guards_and_scopes() {
    let text = "\
from typing import TYPE_CHECKING
import importlib, sys
if TYPE_CHECKING:
    import a
try:
    import b
except ImportError:
    b = None
class C:
    import c
    def run(self):
        import d
        if TYPE_CHECKING:
            import e
importlib.import_module('f')
if sys.version_info < (3, 0):
    import g
if __name__ == '__main__':
    import h
";
    let modules = ["a.py", "b.py", "c.py", "d.py", "e.py", "f.py", "g.py", "h.py"];
    let mut files: Vec<(&str, &str)> = modules.iter().map(|file| (*file, "")).collect();
    files.push(("m.py", text));
    check(
        &files,
        &[
            "m -> a typing 4",
            "m -> b load 6",
            "m -> c load 10",
            "m -> d local 12",
            "m -> e typing 14",
            "m -> f dynamic 15",
            "m -> h local 19",
        ],
    );
}

#[test]
fn relative_imports_skip_ancestors_that_have_run() {
    let files = [
        ("p/__init__.py", ""),
        ("p/a/__init__.py", ""),
        (
            "p/a/x.py",
            "from ..b import y\nfrom . import z\nimport importlib\nimportlib.import_module('.z', __package__)\n",
        ),
        ("p/a/z.py", "from .x import q\n"),
        ("p/b/__init__.py", ""),
        ("p/b/y.py", ""),
    ];
    check(
        &files,
        &[
            "p.a.x -> p.a.z load 2",
            "p.a.x -> p.a.z dynamic 4",
            "(p.a.x -> p.b load 1)",
            "p.a.x -> p.b.y load 1",
            "p.a.z -> p.a.x load 1",
        ],
    );
}

#[test]
fn a_star_import_loads_the_submodules_that_all_lists() {
    let files = [
        ("p/__init__.py", "__all__ = ['n', 'x']\nx = 1\n"),
        ("p/n.py", ""),
        ("p/other.py", ""),
        ("m.py", "from p import *\n"),
    ];
    check(&files, &["m -> p load 1", "(m -> p.n load 1)"]);
}

#[test]
fn stubs_are_for_type_checkers_unless_their_source_is_there_and_shadowed_files_are_no_modules() {
    let files = [
        ("a.py", "import b\n"),
        ("b.py", ""),
        ("b.pyi", "import a\n"),
        ("c.pyi", "import a\n"),
        ("x.py", "import a\n"),
        ("x/__init__.py", "import b\n"),
    ];
    check(&files, &["a -> b load 1", "c -> a typing 1", "x -> b load 1"]);
}

#[test]
fn namespace_packages_are_nodes_where_they_are_imported() {
    let files = [("ns/p/__init__.py", ""), ("m.py", "import ns\nfrom ns.p import x\n")];
    let index = program(&files);
    let graph = module_graph(&index, GraphOptions::default());
    let names: Vec<String> = (0..graph.modules.len()).map(|module| name(&index, &graph, module)).collect();
    assert_eq!(names, ["m", "ns", "ns.p"]);
    assert_eq!(graph.position(&index, graph.modules[1]), Some(1));
}

#[test]
fn fans_count_each_module_once() {
    let files =
        [("a.py", "import b\nimport c\ndef f():\n    import b\n"), ("b.py", "import c\n"), ("c.py", "")];
    let index = program(&files);
    let fans = module_graph(&index, GraphOptions::default()).fans();
    let pairs: Vec<(usize, usize)> = fans.iter().map(|fan| (fan.fan_in, fan.fan_out)).collect();
    assert_eq!(pairs, [(0, 2), (1, 1), (2, 0)]);
}

/// `phases: modules; from -> to lines…`
fn cycles(files: &[(&str, &str)], options: GraphOptions) -> Vec<String> {
    let index = program(files);
    let graph = module_graph(&index, options);
    let names = |modules: &[usize]| {
        let names: Vec<String> = modules.iter().map(|&module| name(&index, &graph, module)).collect();
        names.join(" ")
    };
    let shown = graph.components.iter().map(|component| {
        assert!(component.is_minimum);
        let mut text = format!("{}: {}", component.phases.as_str(), names(&component.modules));
        for breaker in &component.breakers {
            let lines: Vec<String> = breaker
                .places
                .iter()
                .map(|place| index.position(place.file, place.at).line.to_string())
                .collect();
            let (from, to) = (name(&index, &graph, breaker.from), name(&index, &graph, breaker.to));
            text.push_str(&format!("; {from} -> {to} {}", lines.join(" ")));
        }
        text
    });
    shown.collect()
}

#[test]
fn cycles_are_shown_for_each_phase_set_with_the_pair_of_fewest_places() {
    let files = [
        ("a.py", "import b\ndef f():\n    import b\n"),
        ("b.py", "import a\ndef f():\n    import c\n"),
        ("c.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\n"),
    ];
    assert_eq!(
        cycles(&files, GraphOptions::default()),
        [
            // Both pairs have one place each; the first by name goes.
            "load: a b; a -> b 1",
            "load+typing: a b; a -> b 1",
            // Without `a -> b` nothing leads round, but that is two places; `b -> a` is no help for c.
            "load+typing+local: a b c; a -> b 1 3",
        ]
    );
}

#[test]
fn of_equal_pairs_the_one_that_does_not_run_at_load_goes() {
    let files = [("a.py", "import b\n"), ("b.py", "def f():\n    import a\n")];
    assert_eq!(cycles(&files, GraphOptions::default()), ["load+typing+local: a b; b -> a 2"]);
}

#[test]
fn implicit_imports_close_cycles_only_when_asked_for() {
    let files = [("m.py", "import p.n\n"), ("p/__init__.py", "import m\n"), ("p/n.py", "")];
    assert_eq!(cycles(&files, GraphOptions::default()), Vec::<String>::new());
    let asked = cycles(&files, GraphOptions { implicit_in_cycles: true });
    assert_eq!(asked[0], "load: m p; m -> p 1");
}
