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
import sys
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import environment
from reference_truth import CLASSES, Place, ask_servers, make_workspace

# Kinds of ssot's that a language server does not look for.
BEYOND_SERVERS = {"string"}
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
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
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
            zip(
                CLASSES,
                pool.map(lambda workspace: ask_servers(workspace, roots[workspace], venv, options.refresh), CLASSES),
                strict=True,
            )
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
    servers = {
        name: {(path, line) for path, line in places if not path.endswith(".pyi")} for name, places in truth.items()
    }
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
        reason = explain(symbol, place, ours.get(place, []), seen_by, text, root)
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


def explain(symbol: str, place: Place, ours: list[Any], seen_by: list[str], text: SourceFile, root: Path) -> str | None:
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
        if any(has_stub(root, module) for module, imported in text.imports if imported == name):
            # `attr/__init__.pyi` declares another `class Attribute` than the one that runs.
            return "an import from a module with a stub beside it: the servers take the stub's class"
        return None
    if len(seen_by) == 1:
        if place[1] in text.docstring_lines:
            return f"a docstring: {seen_by[0]} reads it"
        if re.search(rf"# type: .*\b{name}\b", line) and not re.search(rf"\b{name}\b", line.partition("#")[0]):
            return f"a type comment: {seen_by[0]} reads it"
        if (place[1], name) in text.assignments:
            # `Application = Any` in the `else` of `if TYPE_CHECKING`, `Factory = add_repr(Factory)`: the
            # name is bound there, the class is not used.
            return f"an assignment to the name: {seen_by[0]} takes it for one symbol"
    return None


def has_stub(root: Path, module: str) -> bool:
    path = root.joinpath(*module.split("."))
    return (path / "__init__.pyi").exists() or path.with_suffix(".pyi").exists()


@dataclass(frozen=True)
class SourceFile:
    """The lines of a file, those of docstrings, lines and names of assignments, absolute `from` imports."""

    lines: list[str]
    docstring_lines: frozenset[int]
    assignments: frozenset[tuple[int, str]]
    imports: frozenset[tuple[str, str]]

    @staticmethod
    @cache
    def read(path: Path) -> SourceFile:
        text = path.read_text()
        docstrings: set[int] = set()
        assignments: set[tuple[int, str]] = set()
        imports: set[tuple[str, str]] = set()
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Expr(value=ast.Constant(value=str())):
                    docstrings.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
                case ast.Name(id=name, ctx=ast.Store()):
                    assignments.add((node.lineno, name))
                case ast.ImportFrom(module=str(module), names=names, level=0):
                    imports.update((module, alias.name) for alias in names)
        return SourceFile(text.splitlines(), frozenset(docstrings), frozenset(assignments), frozenset(imports))


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
