"""Compares ssot's import graph with grimp's and ruff's, and its cycles with Tarjan's algorithm.

    target/real-packages/truth-venv/bin/python check_imports.py SSOT_BINARY VENV [--json FILE]

Per package:

- the explicit edges (`from`, `to`, in the package) against `grimp.build_graph` with and without
  imports under `TYPE_CHECKING`, and against `ruff analyze graph`, in both directions. A difference
  has to be explained by a rule below, each of which names a documented limit of the other tool;
- `path`, `line` and `phase` of each explicit edge against the import statements in CPython's `ast`,
  which also says what never runs here, and what a package binds under the name of its submodule;
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
from collections.abc import Callable, Iterable
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


# What code may ask about the target, in terms that CPython can answer here.
TARGET_QUESTIONS = {"sys.platform", "sys.version_info", "os.name", "sys.platform.startswith"}


@dataclass(frozen=True)
class ImportStatement:
    first_line: int
    last_line: int
    phases: frozenset[str]
    # False in a branch that this interpreter and platform never take.
    runs: bool
    # Modules that the statement names: `import p.n`, and what stands between `from` and `import`.
    modules: frozenset[str]
    # `from p import n` as `p`, `n`: the name may be an attribute of `p` or its submodule.
    names: frozenset[tuple[str, str]]

    @property
    def may_load(self) -> frozenset[str]:
        return self.modules | {f"{package}.{name}" for package, name in self.names}


@dataclass
class Tree:
    """What the file system says of the package: an own list, so that no tool is asked about itself."""

    site: Path
    names: list[str]
    modules: dict[str, Path] = field(default_factory=dict)
    stubs: set[str] = field(default_factory=set)
    extensions: set[str] = field(default_factory=set)
    without_init: list[str] = field(default_factory=list)
    statements: dict[str, list[ImportStatement]] = field(default_factory=dict)
    bound: dict[str, set[str]] = field(default_factory=dict)

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
        for module, path in self.modules.items():
            parsed = parse(path)
            package = module if path.name == "__init__.py" else module.rpartition(".")[0]
            self.statements[module] = import_statements(parsed, package)
            if path.name == "__init__.py":
                self.bound[module] = names_bound(parsed, package)

    def is_below_namespace(self, module: str) -> bool:
        return any(module == folder or module.startswith(f"{folder}.") for folder in self.without_init)

    def never_runs(self, edge: Edge) -> bool:
        """Whether every import that could make this edge stands where this target never gets.

        `if sys.platform == "win32": from ._winconsole import …`. Ssot answers for a target, and
        leaves out what the target decides against; grimp and ruff keep every statement.
        """
        causes = [statement for statement in self.statements[edge[0]] if edge[1] in statement.may_load]
        return bool(causes) and not any(statement.runs for statement in causes)

    def attribute_imports(self, source: str) -> list[tuple[str, str, ImportStatement]]:
        """`from p import n` where `p` itself binds `n`, as `p`, `p.n` and the statement.

        CPython takes the attribute of the package, and looks for a submodule only where there is
        none (`_handle_fromlist`): such an import is one of `p`. Grimp and ruff look at files alone
        and say `p.n`. (Within `p` itself only what is bound above the import would count.)
        """
        return [
            (package, f"{package}.{name}", statement)
            for statement in self.statements[source]
            for package, name in statement.names
            if package != source and name in self.bound.get(package, ()) and f"{package}.{name}" in self.modules
        ]

    def takes_attribute(self, edge: Edge) -> bool:
        """Whether an edge to a submodule comes from imports of the package's attribute alone."""
        attributes = {id(statement) for _, child, statement in self.attribute_imports(edge[0]) if child == edge[1]}
        causes = [
            statement for statement in self.statements[edge[0]] if statement.runs and edge[1] in statement.may_load
        ]
        return bool(attributes) and all(
            id(statement) in attributes and edge[1] not in statement.modules for statement in causes
        )


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
    inside = set(tree.modules)

    compare_modules(result, tree, answer)
    edges = [edge for edge in answer["edges"] if edge["from"] in inside and edge["to"] in inside]
    explicit = [edge for edge in edges if not edge["implicit"] and edge["phase"] != "dynamic"]
    compare_places(result, tree, explicit)
    compare_implicit(result, tree, edges)

    ours = {(edge["from"], edge["to"]) for edge in explicit}
    ours_at_run_time = {(edge["from"], edge["to"]) for edge in explicit if edge["phase"] != "typing"}
    everything, at_run_time, phases_of = ask_grimp(tree)
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


def parse(path: Path) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(path.read_bytes())
        except SyntaxError:
            return ast.Module(body=[], type_ignores=[])


def import_statements(tree: ast.Module, package: str) -> list[ImportStatement]:
    """Every import statement of a file of `package`, with the phases that its nesting allows.

    What stands under `if __name__ == "__main__"` does not run when the module is imported: it is
    `local`, like the body of a function.
    """
    found = []
    constants = target_constants(tree)

    def visit(node: ast.AST, is_late: bool, in_typing: bool, runs: bool) -> None:
        match node:
            case ast.Import() | ast.ImportFrom():
                # An import under TYPE_CHECKING in a function is both: neither name is wrong.
                phases = {"local"} if is_late else set[str]()
                phases |= {"typing"} if in_typing else set()
                last = node.end_lineno or node.lineno
                modules, names = what_is_imported(node, package)
                found.append(ImportStatement(node.lineno, last, frozenset(phases or {"load"}), runs, modules, names))
            case ast.If(test=test, body=body, orelse=orelse):
                decided = decided_by_target(test, constants)
                for child in body:
                    visit(
                        child,
                        is_late or asks(test, is_main_test),
                        in_typing or asks(test, is_type_checking),
                        runs and decided is not False,
                    )
                for child in orelse:
                    visit(child, is_late, in_typing, runs and decided is not True)
            case ast.expr():
                # No statement stands in an expression.
                pass
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for child in ast.iter_child_nodes(node):
                    visit(child, True, in_typing, runs)
            case _:
                for child in ast.iter_child_nodes(node):
                    visit(child, is_late, in_typing, runs)

    visit(tree, False, False, True)
    return found


def what_is_imported(
    node: ast.Import | ast.ImportFrom, package: str
) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    if isinstance(node, ast.Import):
        return frozenset(alias.name for alias in node.names), frozenset()
    module = imported_from(node, package)
    return frozenset({module}), frozenset((module, alias.name) for alias in node.names)


def imported_from(node: ast.ImportFrom, package: str) -> str:
    """What stands between `from` and `import`, absolute."""
    if node.level == 0:
        return node.module or ""
    parts = package.split(".")
    return ".".join(parts[: len(parts) - node.level + 1] + ([node.module] if node.module else []))


def names_bound(tree: ast.Module, package: str) -> set[str]:
    """Names that the code of a package binds to something that is not its submodule of that name."""
    bound = set()
    constants = target_constants(tree)

    def visit(body: Iterable[ast.stmt]) -> None:
        for node in body:
            match node:
                case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    bound.add(name)
                case ast.Import(names=names):
                    bound.update(alias.asname or alias.name.split(".")[0] for alias in names)
                case ast.ImportFrom(names=names):
                    module = imported_from(node, package)
                    bound.update(
                        alias.asname or alias.name
                        for alias in names
                        if (module, alias.name) != (package, alias.asname or alias.name)
                    )
                case ast.Assign() | ast.AnnAssign(value=ast.expr()):
                    bound.update(
                        name.id
                        for name in ast.walk(node)
                        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
                    )
                case ast.If(test=test, body=inner, orelse=orelse):
                    decided = decided_by_target(test, constants)
                    if decided is not False and not asks(test, is_type_checking):
                        visit(inner)
                    if decided is not True:
                        visit(orelse)
                case ast.Try(body=inner, handlers=handlers, orelse=orelse, finalbody=finalbody):
                    visit([*inner, *orelse, *finalbody])
                    for handler in handlers:
                        visit(handler.body)
                case ast.With(body=inner):
                    visit(inner)

    visit(tree.body)
    return bound


def asks(test: ast.expr, question: Callable[[ast.expr], bool]) -> bool:
    """Whether a branch is taken only if the answer to `question` is yes."""
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            return any(asks(value, question) for value in values)
    return question(test)


def is_type_checking(test: ast.expr) -> bool:
    return isinstance(test, ast.Name | ast.Attribute) and ast.unparse(test).split(".")[-1] == "TYPE_CHECKING"


def is_main_test(test: ast.expr) -> bool:
    return ast.unparse(test) in {"__name__ == '__main__'", "'__main__' == __name__"}


def target_constants(tree: ast.Module) -> dict[str, bool]:
    """`WINDOWS = sys.platform == "win32"`: names that a module binds once, to such a test."""
    constants = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if not isinstance(value, ast.Constant):
                answer = decided_by_target(value, {})
                if answer is not None:
                    constants[name] = answer
    if not constants:
        return constants
    bound: Counter[str] = Counter()
    for found in ast.walk(tree):
        match found:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                bound[name] += 1
            case ast.alias(name=name, asname=asname):
                bound[asname or name.split(".")[0]] += 1
    return {name: answer for name, answer in constants.items() if bound[name] == 1}


def decided_by_target(test: ast.expr, constants: dict[str, bool]) -> bool | None:
    """What a test gives on this interpreter and platform, where nothing else decides it.

    CPython itself answers: a test that asks about nothing but the target is run. A test that calls
    a helper (`is_windows()`) or reads a flag of another module is no such test.
    """
    match test:
        case ast.BoolOp(op=operation, values=values):
            answers = [decided_by_target(value, constants) for value in values]
            settling = isinstance(operation, ast.Or)
            if settling in answers:
                return settling
            return None if None in answers else not settling
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            answer = decided_by_target(operand, constants)
            return None if answer is None else not answer
        case ast.Constant(value=value):
            return bool(value)
        case ast.Name(id=name):
            return constants.get(name)
    for node in ast.walk(test):
        is_question = isinstance(node, ast.Attribute) and ast.unparse(node) in TARGET_QUESTIONS
        is_module = isinstance(node, ast.Name) and node.id in {"sys", "os"}
        if isinstance(node, ast.Attribute | ast.Name) and not is_question and not is_module:
            return None
    if not any(isinstance(node, ast.Attribute) for node in ast.walk(test)):
        return None
    return bool(eval(compile(ast.Expression(test), "test", "eval"), {"sys": sys, "os": os}))


def statement_at(statements: list[ImportStatement], line: int) -> ImportStatement | None:
    return next((found for found in statements if found.first_line <= line <= found.last_line), None)


def compare_places(result: Comparison, tree: Tree, explicit: list[Any]) -> None:
    for edge in explicit:
        place = f"{edge['path']}:{edge['line']} {edge['from']} → {edge['to']}"
        path = tree.modules[edge["from"]].relative_to(tree.site).as_posix()
        if path != edge["path"] and not path.endswith(f"/{edge['path']}"):
            result.unexplained.append(f"{place}: the file of {edge['from']} is {path}")
            continue
        found = statement_at(tree.statements[edge["from"]], edge["line"])
        if found is None:
            result.unexplained.append(f"{place}: no import statement stands there")
        elif edge["to"] not in found.may_load:
            result.unexplained.append(f"{place}: the statement does not name it")
        elif not found.runs:
            result.unexplained.append(f"{place}: stands in a branch that the target never takes")
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


def ask_grimp(tree: Tree) -> tuple[set[Edge], set[Edge], dict[Edge, set[frozenset[str]]]]:
    """All edges, those without TYPE_CHECKING, and the phases of each edge by the lines it stands on."""
    graph = grimp.build_graph(*tree.names, cache_dir=None)
    everything = edges_of(graph)
    at_run_time = edges_of(grimp.build_graph(*tree.names, cache_dir=None, exclude_type_checking_imports=True))
    phases_of: dict[Edge, set[frozenset[str]]] = defaultdict(set)
    for source, target in everything:
        for details in graph.get_import_details(importer=source, imported=target):
            found = statement_at(tree.statements[source], details["line_number"])
            if found is not None and found.runs:
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
        reason = why_only_theirs(tool, tree, edge, ours)
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
    if any(package == target for package, _, _ in tree.attribute_imports(source)):
        return "takes an attribute of a package for its submodule of that name"
    return None


def why_only_theirs(tool: str, tree: Tree, edge: Edge, ours: set[Edge]) -> str | None:
    source, target = edge
    if source == target:
        # `if __name__ == "__main__": from rich.box import …` in `rich/box.py`.
        return "counts a module's import of itself"
    if source.endswith(":stub"):
        # What runs is the source; ssot reads a stub only where there is none.
        beside = source.removesuffix(":stub") in tree.modules
        return "reads stub files beside the modules" if beside else None
    if target.endswith(":stub"):
        found = (source, target.removesuffix(":stub")) in ours
        return "resolves to the stub beside the module" if found else None
    if tree.never_runs(edge):
        return "keeps imports of branches that the target never takes"
    if tree.takes_attribute(edge) and (source, target.rpartition(".")[0]) in ours:
        return "takes an attribute of a package for its submodule of that name"
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
    ours = {(edge["from"], edge["to"]) for edge in explicit}
    for phases in COMPONENT_PHASES:
        label = "+".join(phases)
        truth = {
            edge
            for edge, nestings in phases_of.items()
            if edge[0] != edge[1] and any(nesting & set(phases) for nesting in nestings)
        }
        truth -= {edge for edge in truth - ours if why_only_theirs("grimp", tree, edge, ours)}
        truth |= {
            (source, package)
            for source in tree.modules
            for package, _, statement in tree.attribute_imports(source)
            if statement.runs and statement.phases & set(phases)
        }
        truth |= {
            (edge["from"], edge["to"])
            for edge in explicit
            if edge["phase"] in phases
            and (tree.is_below_namespace(edge["from"]) or tree.is_below_namespace(edge["to"]))
        }
        expected = {frozenset(component) for component in strongly_connected(truth) if len(component) > 1}
        listed = [found for found in answer["components"] if sorted(found["phases"]) == list(phases)]
        found_components = {frozenset(found["modules"]) for found in listed if len(found["modules"]) > 1}
        result.components[label] = len(found_components)
        for component in sorted(map(sorted, expected - found_components)):
            result.unexplained.append(f"component ({label}) of {len(component)} not found: {component[:6]}")
        for component in sorted(map(sorted, found_components - expected)):
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
