"""Compares ssot's import graph with grimp's and ruff's, and its cycles with Tarjan's algorithm.

    target/real-packages/truth-venv/bin/python check_imports.py SSOT_BINARY VENV [--json FILE]

Per package:

- the explicit edges (`from`, `to`, in the package) against `grimp.build_graph` with and without
  imports under `TYPE_CHECKING`, and against `ruff analyze graph`, in both directions. A difference
  has to be explained by a rule below, each of which names a documented limit of the other tool;
- `path`, `line` and `phase` of each explicit edge against the import statements in CPython's `ast`;
- the implicit edges against what CPython runs on the way: the parent packages of the target;
- the strongly connected components for load, load + typing, and load + typing + local, computed
  here from grimp's edges, against `components[]`; and each list of breakers, by taking it out.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import subprocess
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grimp

import environment
from check_mro import PACKAGES

Edge = tuple[str, str]
LISTED = 20
# Which phases an import cycle is shown for.
COMPONENT_PHASES = [("load",), ("load", "typing"), ("load", "local", "typing")]


@dataclass
class Tree:
    """What the file system says of the package: an own list, so that no tool is asked about itself."""

    site: Path
    names: list[str]
    modules: dict[str, Path] = field(default_factory=dict)
    stubs: set[str] = field(default_factory=set)
    extensions: set[str] = field(default_factory=set)
    without_init: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in self.names:
            for path in sorted((self.site / name).rglob("*")):
                relative = path.relative_to(self.site).as_posix()
                if path.suffix == ".py":
                    self.modules[environment.module_of(relative)] = path
                elif path.suffix == ".pyi":
                    self.stubs.add(environment.module_of(relative))
                elif path.suffix == ".so":
                    self.extensions.add(relative.split(".", 1)[0].replace("/", "."))
                elif path.is_dir() and any(path.glob("*.py")) and not (path / "__init__.py").exists():
                    self.without_init.append(relative.replace("/", "."))

    def is_below_namespace(self, module: str) -> bool:
        return any(module == folder or module.startswith(f"{folder}.") for folder in self.without_init)


@dataclass(frozen=True)
class ImportStatement:
    first_line: int
    last_line: int
    phases: frozenset[str]


@dataclass
class Comparison:
    package: str
    edges: int = 0
    implicit: int = 0
    grimp: int = 0
    ruff: int = 0
    explained: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)
    components: dict[str, int] = field(default_factory=dict)


def main() -> int:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("binary", type=Path)
    arguments.add_argument("venv", type=Path)
    arguments.add_argument("--json", type=Path, help="write the figures to this file")
    options = arguments.parse_args()
    binary, venv = options.binary.resolve(), options.venv.absolute()
    site = environment.site_packages(venv)
    # grimp finds packages on sys.path; last, so that the tools' own dependencies stay in front.
    sys.path.append(str(site))
    os.chdir(site)

    comparisons = [compare(binary, venv, Tree(site, names)) for names in PACKAGES]
    print_comparisons(comparisons)
    if options.json:
        options.json.write_text(json.dumps(figures(comparisons), indent=2) + "\n")
    return 1 if any(result.unexplained for result in comparisons) else 0


def compare(binary: Path, venv: Path, tree: Tree) -> Comparison:
    result = Comparison("+".join(tree.names))
    answer = environment.run_ssot(binary, "graph", *[tree.site / name for name in tree.names])
    inside = {module for module in tree.modules}
    statements = {module: import_statements(path) for module, path in tree.modules.items()}

    compare_modules(result, tree, answer)
    edges = [edge for edge in answer["edges"] if edge["from"] in inside and edge["to"] in inside]
    explicit = [edge for edge in edges if not edge["implicit"] and edge["phase"] != "dynamic"]
    compare_places(result, tree, explicit, statements)
    compare_implicit(result, tree, edges)

    ours = {(edge["from"], edge["to"]) for edge in explicit}
    ours_at_run_time = {(edge["from"], edge["to"]) for edge in explicit if edge["phase"] != "typing"}
    everything, at_run_time, phases_of = ask_grimp(tree, statements)
    by_ruff = ask_ruff(venv, tree)
    result.edges, result.grimp, result.ruff = len(ours), len(everything), len(by_ruff)
    result.implicit = sum(1 for edge in edges if edge["implicit"])
    compare_edges(result, tree, "grimp", ours, everything)
    compare_edges(result, tree, "grimp without TYPE_CHECKING", ours_at_run_time, at_run_time)
    compare_edges(result, tree, "ruff", ours, by_ruff)
    compare_components(result, tree, answer, explicit, phases_of)
    return result


def compare_modules(result: Comparison, tree: Tree, answer: Any) -> None:
    ours = {module["id"] for module in answer["modules"] if not module["path"].endswith(".pyi")}
    for module in sorted(set(tree.modules) - ours):
        # `x.py` beside a package `x/` can never be imported, and a package of that name is a module.
        result.unexplained.append(f"module {module} is missing")
    for module in sorted(ours - set(tree.modules)):
        result.unexplained.append(f"module {module} has no file")


def import_statements(path: Path) -> list[ImportStatement]:
    """Every import statement of a file, with the phases that its nesting allows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(path.read_bytes())
        except SyntaxError:
            return []
    found = []

    def visit(node: ast.AST, in_function: bool, in_typing: bool) -> None:
        match node:
            case ast.Import() | ast.ImportFrom():
                # An import under TYPE_CHECKING in a function is both: neither name is wrong.
                phases = {"local"} if in_function else set[str]()
                phases |= {"typing"} if in_typing else set()
                found.append(
                    ImportStatement(node.lineno, node.end_lineno or node.lineno, frozenset(phases or {"load"}))
                )
            case ast.If(test=test, body=body, orelse=orelse) if names_type_checking(test):
                for child in body:
                    visit(child, in_function, True)
                for child in orelse:
                    visit(child, in_function, in_typing)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for child in ast.iter_child_nodes(node):
                    visit(child, True, in_typing)
            case _:
                for child in ast.iter_child_nodes(node):
                    visit(child, in_function, in_typing)

    visit(tree, False, False)
    return found


def names_type_checking(test: ast.expr) -> bool:
    match test:
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return True
        case ast.BoolOp(op=ast.And(), values=values):
            return any(names_type_checking(value) for value in values)
    return False


def statement_at(statements: list[ImportStatement], line: int) -> ImportStatement | None:
    return next((found for found in statements if found.first_line <= line <= found.last_line), None)


def compare_places(
    result: Comparison, tree: Tree, explicit: list[Any], statements: dict[str, list[ImportStatement]]
) -> None:
    for edge in explicit:
        place = f"{edge['path']}:{edge['line']} {edge['from']} → {edge['to']}"
        path = tree.modules[edge["from"]].relative_to(tree.site).as_posix()
        if path != edge["path"] and not path.endswith(f"/{edge['path']}"):
            result.unexplained.append(f"{place}: the file of {edge['from']} is {path}")
            continue
        found = statement_at(statements[edge["from"]], edge["line"])
        if found is None:
            result.unexplained.append(f"{place}: no import statement stands there")
        elif edge["phase"] not in found.phases:
            result.unexplained.append(f"{place}: phase {edge['phase']}, by its nesting {sorted(found.phases)}")


def compare_implicit(result: Comparison, tree: Tree, edges: list[Any]) -> None:
    """CPython imports `a` and `a.b` before `a.b.c`, where they have an `__init__`."""
    explicit = {(edge["from"], edge["to"]) for edge in edges if not edge["implicit"]}
    implicit = {(edge["from"], edge["to"]) for edge in edges if edge["implicit"]}
    expected = set()
    for source, target in explicit:
        parts = target.split(".")
        for length in range(1, len(parts)):
            parent = ".".join(parts[:length])
            # Parents of the importing module have run before it; whether they count is not asked.
            if parent in tree.modules and source != parent and not source.startswith(f"{parent}."):
                expected.add((source, parent))
    for source, parent in sorted(expected - implicit - explicit):
        result.unexplained.append(f"implicit edge {source} → {parent} is missing")
    for source, parent in sorted(implicit):
        if not any(origin == source and target.startswith(f"{parent}.") for origin, target in explicit):
            result.unexplained.append(f"implicit edge {source} → {parent} has no cause")


def ask_grimp(
    tree: Tree, statements: dict[str, list[ImportStatement]]
) -> tuple[set[Edge], set[Edge], dict[Edge, set[frozenset[str]]]]:
    """All edges, those without TYPE_CHECKING, and the phases of each edge by the lines it stands on."""
    graph = grimp.build_graph(*tree.names, cache_dir=None)
    everything = edges_of(graph)
    at_run_time = edges_of(grimp.build_graph(*tree.names, cache_dir=None, exclude_type_checking_imports=True))
    phases_of: dict[Edge, set[frozenset[str]]] = defaultdict(set)
    for source, target in everything:
        for details in graph.get_import_details(importer=source, imported=target):
            found = statement_at(statements[source], details["line_number"])
            if found is not None:
                phases_of[source, target].add(found.phases)
    return everything, at_run_time, phases_of


def edges_of(graph: Any) -> set[Edge]:
    return {(module, target) for module in graph.modules for target in graph.find_modules_directly_imported_by(module)}


def ask_ruff(venv: Path, tree: Tree) -> set[Edge]:
    """Ruff's map of files. Edges of stub files are kept apart by their `.pyi` names."""
    command = [
        environment.TRUTH_BIN / "ruff", "analyze", "graph", "--isolated", "--quiet",
        "--direction", "dependencies", "--python", venv / "bin" / "python", *tree.names,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tree.site, capture_output=True, check=True)
    return {
        (ruff_module(source), ruff_module(target))
        for source, targets in json.loads(done.stdout).items()
        for target in targets
        if target.split("/")[0] in tree.names
    }


def ruff_module(path: str) -> str:
    return environment.module_of(path) + (":stub" if path.endswith(".pyi") else "")


def compare_edges(result: Comparison, tree: Tree, tool: str, ours: set[Edge], theirs: set[Edge]) -> None:
    for edge in sorted(ours - theirs):
        reason = why_only_ours(tool, tree, edge, theirs)
        if reason:
            result.explained[f"{tool}: {reason}"] += 1
        else:
            result.unexplained.append(f"{edge[0]} → {edge[1]}: ssot has it, {tool} does not")
    for edge in sorted(theirs - ours):
        reason = why_only_theirs(tool, tree, edge)
        if reason:
            result.explained[f"{tool}: {reason}"] += 1
        else:
            result.unexplained.append(f"{edge[0]} → {edge[1]}: {tool} has it, ssot does not")


def why_only_ours(tool: str, tree: Tree, edge: Edge, theirs: set[Edge]) -> str | None:
    source, target = edge
    if tree.is_below_namespace(source) or tree.is_below_namespace(target):
        # `flask/sansio` has no `__init__.py`; CPython imports `flask.sansio.app` all the same.
        return "does not enter a folder without __init__.py"
    if tool == "ruff" and (source, f"{target}:stub") in theirs:
        return "resolves to the stub beside the module"
    return None


def why_only_theirs(tool: str, tree: Tree, edge: Edge) -> str | None:
    source, target = edge
    if source == target:
        # `if __name__ == "__main__": from rich.box import …` in `rich/box.py`.
        return "counts a module's import of itself"
    if tool == "ruff" and (source.endswith(":stub") or target.endswith(":stub")):
        return "reads stub files beside the modules"
    if tool.startswith("grimp") and any(extension.rpartition(".")[0] == target for extension in tree.extensions):
        # `import aiohttp._http_writer`: the compiled module is not in the graph, its parent is.
        return "takes the import of an extension module for one of its parent"
    return None


def compare_components(
    result: Comparison,
    tree: Tree,
    answer: Any,
    explicit: list[Any],
    phases_of: dict[Edge, set[frozenset[str]]],
) -> None:
    """Tarjan over grimp's edges, each in the phases of the statements that it stands on.

    Modules that grimp does not see (folders without `__init__`) are taken from ssot's edges, which
    the comparison with `ast` has judged already.
    """
    for phases in COMPONENT_PHASES:
        label = "+".join(phases)
        truth = {
            edge
            for edge, nestings in phases_of.items()
            if edge[0] != edge[1] and any(nesting & set(phases) for nesting in nestings)
        }
        truth -= {edge for edge in truth if why_only_theirs("grimp", tree, edge)} - {
            (edge["from"], edge["to"]) for edge in explicit
        }
        truth |= {
            (edge["from"], edge["to"])
            for edge in explicit
            if edge["phase"] in phases
            and (tree.is_below_namespace(edge["from"]) or tree.is_below_namespace(edge["to"]))
        }
        expected = {frozenset(component) for component in strongly_connected(truth) if len(component) > 1}
        listed = [found for found in answer["components"] if sorted(found["phases"]) == list(phases)]
        ours = {frozenset(found["modules"]) for found in listed if len(found["modules"]) > 1}
        result.components[label] = len(ours)
        for component in sorted(map(sorted, expected - ours)):
            result.unexplained.append(f"component ({label}) of {len(component)} not found: {component[:6]}")
        for component in sorted(map(sorted, ours - expected)):
            result.unexplained.append(f"component ({label}) of {len(component)} is none: {component[:6]}")
        for found in listed:
            modules, broken = set(found["modules"]), {(edge["from"], edge["to"]) for edge in found["breakers"]}
            inner = {edge for edge in truth if edge[0] in modules and edge[1] in modules}
            if not broken or not broken <= inner:
                result.unexplained.append(
                    f"breakers ({label}) are no edges of the component: {sorted(broken - inner)[:6]}"
                )
            if any(len(component) > 1 for component in strongly_connected(inner - broken)):
                result.unexplained.append(f"breakers ({label}) leave a cycle in {sorted(modules)[:6]}")


def strongly_connected(edges: Iterable[Edge]) -> list[list[str]]:
    """Tarjan (1972), with a stack of its own instead of recursion."""
    following: dict[str, list[str]] = defaultdict(list)
    for source, target in sorted(edges):
        following[source].append(target)
        following[target] = following[target]
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    components: list[list[str]] = []
    for start in sorted(following):
        if start in order:
            continue
        order[start] = low[start] = len(order)
        stack.append(start)
        on_stack.add(start)
        path = [(start, iter(following[start]))]
        while path:
            node, targets = path[-1]
            for target in targets:
                if target not in order:
                    order[target] = low[target] = len(order)
                    stack.append(target)
                    on_stack.add(target)
                    path.append((target, iter(following[target])))
                    break
                if target in on_stack:
                    low[node] = min(low[node], order[target])
            else:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[node])
                if low[node] == order[node]:
                    component = []
                    while not component or component[-1] != node:
                        component.append(stack.pop())
                        on_stack.discard(component[-1])
                    components.append(component)
    return components


def figures(comparisons: list[Comparison]) -> dict[str, Any]:
    return {
        result.package: {
            "edges": result.edges,
            "implicit": result.implicit,
            "grimp": result.grimp,
            "ruff": result.ruff,
            "explained": dict(sorted(result.explained.items())),
            "unexplained": result.unexplained,
            "components": result.components,
        }
        for result in comparisons
    }


def print_comparisons(comparisons: list[Comparison]) -> None:
    header = [
        "package",
        "edges",
        "grimp",
        "ruff",
        "implicit",
        "cycles: load",
        "+ typing",
        "+ local",
        "explained",
        "unexplained",
    ]
    rows: list[list[Any]] = [
        [
            result.package, result.edges, result.grimp, result.ruff, result.implicit,
            *[result.components.get("+".join(phases), 0) for phases in COMPONENT_PHASES],
            result.explained.total(), len(result.unexplained),
        ]
        for result in comparisons
    ]  # fmt: skip
    total = ["total", *[sum(row[column] for row in rows) for column in range(1, len(header))]]
    print(environment.table(header, [*rows, total]))
    explained = sum((result.explained for result in comparisons), Counter[str]())
    if explained:
        print("\ndifferences that a rule explains:")
        for reason, count in sorted(explained.items()):
            print(f"  {count:5} {reason}")
    for result in comparisons:
        if result.unexplained:
            print(f"\nFAILED: {result.package}: {len(result.unexplained)} unexplained differences")
            for line in result.unexplained[:LISTED]:
                print(f"  {line}")


if __name__ == "__main__":
    sys.exit(main())
