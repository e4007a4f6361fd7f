"""Compares ssot's references of a class with those of two language servers.

    python check_references.py SSOT_BINARY VENV [--json FILE] [--refresh] [--all]

For a pinned list of classes, pyright and pyrefly are asked for `textDocument/references` of the
name at its definition, in a workspace that holds a copy of the package, and `ssot usage` for its
references in the same folder. What is compared is the place: path and line.

The two servers answer a slightly different question than ssot, and each other. The rules below
name how; what no rule explains has to stand in `references_allowed.toml` with a reason found by
reading the line. A place is confirmed when ssot and at least one server have it. A reference that
*both* servers see and ssot does not is never explained by a rule.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import shutil
import sys
import time
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import environment
from language_server import LanguageServer

Place = tuple[str, int]

# Workspace → the classes asked about. Definitions, not the shorter names under which they are exported.
CLASSES: dict[str, list[str]] = {
    "flask": ["flask.app.Flask", "flask.blueprints.Blueprint", "flask.sansio.scaffold.Scaffold"],
    "werkzeug": [
        "werkzeug.wrappers.response.Response",
        "werkzeug.datastructures.headers.Headers",
        "werkzeug.exceptions.HTTPException",
    ],
    "jinja2": ["jinja2.environment.Environment", "jinja2.nodes.Node"],
    "click": ["click.core.Context", "click.core.Command", "click.types.ParamType"],
    "rich": ["rich.console.Console", "rich.text.Text", "rich.style.Style"],
    "httpx": ["httpx._client.Client", "httpx._models.Response", "httpx._urls.URL"],
    "aiohttp": ["aiohttp.client.ClientSession", "aiohttp.web_request.BaseRequest", "aiohttp.web_app.Application"],
    "pydantic": ["pydantic.main.BaseModel", "pydantic.fields.FieldInfo"],
    "celery": ["celery.app.base.Celery", "celery.app.task.Task", "celery.result.AsyncResult"],
    "_pytest+pytest": ["_pytest.nodes.Node", "_pytest.config.Config", "_pytest.fixtures.FixtureDef"],
    "attr+attrs": ["attr._make.Attribute", "attr._make.Factory"],
}
# Kinds of ssot's that a language server does not look for.
BEYOND_SERVERS = {"string"}
ROUNDS_AT_MOST = 100
SECONDS_BETWEEN_ROUNDS = 0.5
LISTED = 20


@dataclass
class Comparison:
    symbol: str
    ours: int = 0
    pyright: int = 0
    pyrefly: int = 0
    confirmed: int = 0
    explained: Counter[str] = field(default_factory=Counter)
    allowed: int = 0
    unexplained: list[str] = field(default_factory=list)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("binary", type=Path)
    arguments.add_argument("venv", type=Path)
    arguments.add_argument("--json", type=Path, help="write the figures to this file")
    arguments.add_argument("--refresh", action="store_true", help="ask the language servers again")
    arguments.add_argument("--all", action="store_true", help="print every unexplained difference")
    options = arguments.parse_args()
    binary, venv = options.binary.resolve(), options.venv.absolute()

    allowed = read_allowed()
    unused = set(allowed)
    roots = {workspace: make_workspace(workspace, venv) for workspace in CLASSES}
    # Two workspaces at a time: a server spends half of its time waiting.
    with ThreadPoolExecutor(2) as pool:
        truths = dict(
            zip(CLASSES, pool.map(lambda workspace: ask_servers(workspace, roots[workspace], venv, options.refresh), CLASSES))
        )
    comparisons = []
    for workspace, symbols in CLASSES.items():
        for symbol in symbols:
            answer = environment.run_ssot(binary, "usage", symbol, "--root", roots[workspace], "--python", venv)
            comparisons.append(compare(symbol, roots[workspace], answer, truths[workspace][symbol], allowed, unused))
    print_comparisons(comparisons, None if options.all else LISTED)
    if options.json:
        options.json.write_text(json.dumps(figures(comparisons), indent=2) + "\n")
    # An entry that no difference needs any more hides the next defect at that place.
    for entry in sorted(unused):
        print(f"FAILED: references_allowed.toml: {' '.join(map(str, entry))} is no difference any more")
    return 1 if unused or any(comparison.unexplained for comparison in comparisons) else 0


def make_workspace(workspace: str, venv: Path) -> Path:
    """A folder with a copy of the package, so that it is the user's code and not a dependency."""
    root = environment.HOME / "workspaces" / workspace
    site = environment.site_packages(venv)
    for name in workspace.split("+"):
        shutil.rmtree(root / name, ignore_errors=True)
        shutil.copytree(site / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "pyrefly.toml").write_text(
        f"python-interpreter-path = {json.dumps(str(venv / 'bin' / 'python'))}\n"
        'search-path = ["."]\n'
        'project-includes = ["**/*.py"]\n'
        # The workspace is below `target`, which git ignores.
        "use-ignore-files = false\n"
    )
    return root


def ask_servers(workspace: str, root: Path, venv: Path, refresh: bool) -> dict[str, Any]:
    """Symbol → server → places."""
    symbols = CLASSES[workspace]
    python = str(venv / "bin" / "python")
    analysis = {"diagnosticMode": "openFilesOnly", "autoSearchPaths": False, "useLibraryCodeForTypes": True}
    settings = {"python": {"pythonPath": python, "analysis": analysis}}
    servers: dict[str, list[str | Path]] = {
        "pyright": ["node", environment.PYRIGHT_SERVER, "--stdio"],
        "pyrefly": [environment.TRUTH_BIN / "pyrefly", "lsp", "--indexing-mode", "lazy-blocking"],
    }

    def ask() -> dict[str, Any]:
        truth: dict[str, Any] = {symbol: {} for symbol in symbols}
        for name, command in servers.items():
            with LanguageServer(command, root, settings) as server:
                for symbol, places in settled_references(server, root, symbols).items():
                    truth[symbol][name] = sorted(places)
        return truth

    inputs = [
        environment.HERE / name
        for name in (
            "requirements.txt", "truth-requirements.txt", "truth-package.json",
            "check_references.py", "language_server.py",
        )
    ]  # fmt: skip
    answer: dict[str, Any] = environment.cached(f"references-{workspace}", inputs, ask, refresh)
    return answer


def settled_references(server: LanguageServer, root: Path, symbols: list[str]) -> dict[str, set[Place]]:
    """Ask about all symbols until the server is idle and answers as it did before it was.

    Both servers answer while they still read the workspace, with what they know by then.
    """
    definitions = {symbol: definition(root, symbol) for symbol in symbols}
    for path, _, _ in definitions.values():
        server.open(path)
    before: dict[str, set[Place]] = {}
    for _ in range(ROUNDS_AT_MOST):
        answers = {symbol: server.references(*place) for symbol, place in definitions.items()}
        if answers == before and all(answers.values()) and server.is_idle():
            again = {symbol: server.references(*place) for symbol, place in definitions.items()}
            if again == answers:
                return answers
        before = answers
        time.sleep(SECONDS_BETWEEN_ROUNDS)
    sys.exit(f"{root.name}: the answers of {server.process.args!r} do not settle")


def definition(root: Path, symbol: str) -> tuple[Path, int, int]:
    """File, line and column of the name in the class statement."""
    module, _, name = symbol.rpartition(".")
    path = root / Path(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if match := re.match(rf"\s*class\s+({name})\b", line):
            return path, number, match.start(1) + 1
    sys.exit(f"{path}: no class {name}")


def read_allowed() -> dict[tuple[str, str, int], str]:
    """Symbol, path and line of each difference that was read and judged, with the reason."""
    text = (environment.HERE / "references_allowed.toml").read_text()
    allowed = {}
    for entry in tomllib.loads(text).get("allowed", []):
        assert entry["reason"].strip(), entry
        for line in entry["lines"]:
            allowed[entry["symbol"], entry["path"], line] = entry["reason"]
    return allowed


def compare(
    symbol: str,
    root: Path,
    answer: Any,
    truth: dict[str, list[list[Any]]],
    allowed: dict[tuple[str, str, int], str],
    unused: set[tuple[str, str, int]],
) -> Comparison:
    servers = {name: {(path, line) for path, line in places if not path.endswith(".pyi")} for name, places in truth.items()}
    ours: dict[Place, list[Any]] = {}
    for reference in answer["references"]:
        if not reference["path"].endswith(".pyi"):
            ours.setdefault((reference["path"], reference["line"]), []).append(reference)
    result = Comparison(symbol, len(ours), len(servers["pyright"]), len(servers["pyrefly"]))

    for place in sorted(set(ours) | servers["pyright"] | servers["pyrefly"]):
        seen_by = [name for name, places in servers.items() if place in places]
        if place in ours and seen_by:
            # Where one server is silent (quoted annotations, code for other platforms), the other
            # has spoken without having asked ssot.
            result.confirmed += 1
            continue
        text = SourceFile.read(root / place[0])
        reason = explain(symbol, place, ours.get(place, []), seen_by, text)
        if reason:
            result.explained[reason] += 1
        elif (symbol, *place) in allowed:
            result.allowed += 1
            unused.discard((symbol, *place))
        else:
            who = " ".join([*(["ssot"] if place in ours else []), *seen_by])
            described = "; ".join(f"{found['kind']} via {found['via']}" for found in ours.get(place, []))
            result.unexplained.append(
                f"{symbol} {place[0]}:{place[1]} [{who}] {described}\n      {text.lines[place[1] - 1].strip()}"
            )
    return result


def explain(symbol: str, place: Place, ours: list[Any], seen_by: list[str], text: SourceFile) -> str | None:
    """Why ssot and the servers differ about a place, or None.

    ssot has it and no server does, or the other way round. What both servers see is a reference.
    """
    name = symbol.rpartition(".")[2]
    line = text.lines[place[1] - 1]
    if ours:
        if all(found["kind"] in BEYOND_SERVERS for found in ours):
            return "a string that names the class: no server looks there"
        if all(found["via"] for found in ours) and not re.search(rf"\b{name}\b", line):
            return "an alias: no server follows another name"
        return None
    if len(seen_by) == 1:
        if place[1] in text.docstring_lines:
            return f"a docstring: {seen_by[0]} reads it"
        if re.search(rf"# type: .*\b{name}\b", line) and not re.search(rf"\b{name}\b", line.partition("#")[0]):
            return f"a type comment: {seen_by[0]} reads it"
        if (place[1], name) in text.assignments:
            # `Application = Any` in the other branch of `if TYPE_CHECKING`.
            return f"an assignment to a name that an import binds too: {seen_by[0]} takes it for one symbol"
    return None


@dataclass(frozen=True)
class SourceFile:
    """The lines of a file, those of docstrings, and the lines and names of assignments."""

    lines: list[str]
    docstring_lines: frozenset[int]
    assignments: frozenset[tuple[int, str]]

    @staticmethod
    @cache
    def read(path: Path) -> SourceFile:
        text = path.read_text()
        docstrings: set[int] = set()
        assignments: set[tuple[int, str]] = set()
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Expr(value=ast.Constant(value=str())):
                    docstrings.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
                case ast.Name(id=name, ctx=ast.Store()):
                    assignments.add((node.lineno, name))
        return SourceFile(text.splitlines(), frozenset(docstrings), frozenset(assignments))


def figures(comparisons: list[Comparison]) -> dict[str, Any]:
    return {
        result.symbol: {
            "ssot": result.ours,
            "pyright": result.pyright,
            "pyrefly": result.pyrefly,
            "confirmed": result.confirmed,
            "explained": dict(sorted(result.explained.items())),
            "allowed": result.allowed,
            "unexplained": result.unexplained,
        }
        for result in comparisons
    }


def print_comparisons(comparisons: list[Comparison], at_most: int | None) -> None:
    header = ["class", "ssot", "pyright", "pyrefly", "confirmed", "explained", "allowed", "unexplained"]
    rows: list[list[Any]] = [
        [
            result.symbol, result.ours, result.pyright, result.pyrefly, result.confirmed,
            result.explained.total(), result.allowed, len(result.unexplained),
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
            print(f"\nFAILED: {result.symbol}: {len(result.unexplained)} unexplained differences")
            for line in result.unexplained[:at_most]:
                print(f"  {line}")


if __name__ == "__main__":
    sys.exit(main())
