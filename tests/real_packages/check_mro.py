"""Compares ssot's method resolution orders with `cls.__mro__` of the imported classes.

    python check_mro.py SSOT_BINARY VENV [--json FILE] [--refresh]

An MRO that ssot calls complete has to be the one that CPython computed, entry by entry, and nearly
all have to be complete. `class_truth.py` imports the packages and writes down what CPython says.
The class statements themselves are compared with CPython's `ast` over every file, those that
cannot be imported included: ssot may neither miss one nor invent one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import environment

# What is scanned together, because its parts import each other under two top names.
PACKAGES: list[list[str]] = [
    ["flask"],
    ["werkzeug"],
    ["jinja2"],
    ["click"],
    ["rich"],
    ["httpx"],
    ["aiohttp"],
    ["pydantic"],
    ["celery"],
    ["_pytest", "pytest"],
    ["attr", "attrs"],
    ["sqlalchemy"],
    # Installed as dependencies of the above.
    ["kombu"],
    ["anyio"],
    ["prompt_toolkit"],
    ["pygments"],
]
LEAST_COMPLETE = 0.98
LISTED = 20


@dataclass
class Comparison:
    package: str
    imported: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    made_by_call: list[str] = field(default_factory=list)
    namesakes: int = 0
    matched: int = 0
    complete: int = 0
    equal: int = 0
    different: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)
    unknowns: Counter[str] = field(default_factory=Counter)
    lacking: list[str] = field(default_factory=list)
    statements: int = 0
    missed: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    calls_described: int = 0

    def share(self) -> float:
        return self.complete / self.matched if self.matched else 0.0


def main() -> int:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("binary", type=Path)
    arguments.add_argument("venv", type=Path)
    arguments.add_argument("--json", type=Path, help="write the figures to this file")
    arguments.add_argument("--refresh", action="store_true", help="import the packages again")
    options = arguments.parse_args()

    with ThreadPoolExecutor(2) as pool:
        truths = list(pool.map(lambda names: truth_of(names, options.venv, options.refresh), PACKAGES))
    comparisons = []
    for names, truth in zip(PACKAGES, truths, strict=True):
        site = environment.site_packages(options.venv)
        answer = environment.run_ssot(
            options.binary, "scan", *[site / name for name in names], "--python", options.venv
        )
        comparisons.append(compare("+".join(names), truth, answer))

    print_comparisons(comparisons)
    if options.json:
        options.json.write_text(json.dumps(figures(comparisons), indent=2) + "\n")
    problems = judge(comparisons)
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


def truth_of(names: list[str], venv: Path, refresh: bool) -> Any:
    label = "mro-" + "+".join(names)
    script = environment.HERE / "class_truth.py"

    def ask_cpython() -> Any:
        out = environment.HOME / "truth" / f"{label}.raw"
        out.parent.mkdir(parents=True, exist_ok=True)
        command = [venv / "bin" / "python", script, ",".join(names), out]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=300, check=False)
        if done.returncode != 0:
            sys.exit(f"importing {names} failed:\n{done.stderr.decode(errors='replace')}")
        answer = json.loads(out.read_text())
        out.unlink()
        return answer

    inputs = [script, environment.HERE / "requirements.txt"]
    return environment.cached(label, inputs, ask_cpython, refresh)


def compare(package: str, truth: Any, answer: Any) -> Comparison:
    result = Comparison(package, len(truth["imported"]), truth["failed"])
    types = [described for described in answer["types"] if described["path"].endswith(".py")]
    compare_statements(result, truth, types)
    compare_classes(result, truth, types)
    return result


def compare_statements(result: Comparison, truth: Any, types: list[Any]) -> None:
    """Each class statement is a type of ssot's, and each type is a statement or a call that makes a class."""
    printed: dict[str, set[str]] = defaultdict(set)
    for cls in truth["classes"]:
        printed[cls["id"]].add(cls["printed"])
    by_name: dict[str, list[Any]] = defaultdict(list)
    for described in types:
        by_name[last_name(described["id"])].append(described)

    unclaimed = {id(described): described for described in types}
    for statement in truth["statements"]:
        result.statements += 1
        name = f"{environment.module_of(statement['path'])}.{statement['qualname']}"
        found = [
            described
            for described in by_name[last_name(name)]
            if described["id"] in {name, *printed[name]}
            and same_file(described["path"], statement["path"])
            and statement["first_line"] <= described["line"] <= statement["line"]
            and described["end_line"] == statement["end_line"]
            and id(described) in unclaimed
        ]
        if found:
            del unclaimed[id(found[0])]
        else:
            result.missed.append(f"{statement['path']}:{statement['line']} {name}")

    calls: dict[str, list[Any]] = defaultdict(list)
    for call in truth["named_calls"]:
        calls[call["name"]].append(call)
    for described in unclaimed.values():
        # `Point = namedtuple("Point", "x y")` makes a class, and so does the base of
        # `class Point(namedtuple("Point", "x y"))`.
        if any(
            same_file(described["path"], call["path"]) and call["first_line"] <= described["line"] <= call["end_line"]
            for call in calls[last_name(described["id"])]
        ):
            result.calls_described += 1
        else:
            result.invented.append(f"{described['path']}:{described['line']} {described['id']}")


def compare_classes(result: Comparison, truth: Any, types: list[Any]) -> None:
    renamed: dict[str, str] = truth["renamed"]
    by_id: dict[str, list[Any]] = defaultdict(list)
    for described in types:
        by_id[described["id"]].append(described)
    bound = {cls["id"] for cls in truth["classes"] if cls["bound"]}
    judged: set[str] = set()
    for cls in truth["classes"]:
        result.seen += 1
        if cls["made_by"] != "statement":
            result.made_by_call.append(f"{cls['id']} ({cls['made_by']})")
            continue
        # A class without functions of its own, that its name does not mean, while it means another
        # one: `namedtuple("P", …)` below `class P`. No statement stands for it.
        if not cls["bound"] and cls["lines"] is None and cls["id"] in bound:
            result.namesakes += 1
            continue
        # `@dataclass(slots=True)` makes the class twice from one statement.
        twin = json.dumps([cls["id"], cls["lines"], cls["mro"]])
        if cls["lines"] is not None and twin in judged:
            result.namesakes += 1
            continue
        judged.add(twin)

        found = [
            described
            for name in sorted({cls["id"], cls["printed"]})
            for described in by_id[name]
            if same_file(described["path"], cls["path"])
        ]
        if cls["lines"] is not None:
            first, last = cls["lines"]
            found = [described for described in found if first <= described["line"] <= last]
        if not found:
            result.lacking.append(f"{cls['id']} ({cls['path']})")
            continue
        result.matched += 1
        judge_mro(result, cls, found, renamed)


def last_name(dotted: str) -> str:
    return dotted.rpartition(".")[2]


def judge_mro(result: Comparison, cls: Any, found: list[Any], renamed: dict[str, str]) -> None:
    """`found` has several members where one name is defined twice and CPython cannot tell which."""
    complete = [described for described in found if described["mro"]["complete"]]
    if len(complete) < len(found):
        described = next(described for described in found if not described["mro"]["complete"])
        unknown = described["mro"].get("unknown") or described["mro"].get("error")
        if unknown:
            result.unknowns[str(unknown)] += 1
            result.incomplete.append(f"{cls['id']}: {unknown}")
        else:
            result.unnamed.append(cls["id"])
        return
    result.complete += 1
    orders = [[renamed.get(entry, entry) for entry in described["mro"]["entries"]] for described in complete]
    if cls["mro"] in orders:
        result.equal += 1
    else:
        place = f"{complete[0]['path']}:{complete[0]['line']}"
        result.different.append(f"{place} {cls['id']}\n      cpython {cls['mro']}\n      ssot    {orders[0]}")


def same_file(path: str, site_path: str) -> bool:
    """ssot's paths are relative to what was scanned, the truth's to site-packages."""
    return site_path == path or site_path.endswith(f"/{path}")


def figures(comparisons: list[Comparison]) -> dict[str, Any]:
    return {
        result.package: {
            "modules_imported": result.imported,
            "modules_failed": result.failed,
            "classes_seen_by_cpython": result.seen,
            "made_without_a_statement": len(result.made_by_call),
            "second_objects_of_a_name": result.namesakes,
            "matched": result.matched,
            "complete": result.complete,
            "equal": result.equal,
            "different": result.different,
            "incomplete": result.incomplete,
            "incomplete_without_the_unknown": result.unnamed,
            "lacking": result.lacking,
            "class_statements": result.statements,
            "statements_missed": result.missed,
            "statements_invented": result.invented,
            "types_made_by_a_call": result.calls_described,
        }
        for result in comparisons
    }


def print_comparisons(comparisons: list[Comparison]) -> None:
    header = [
        "package", "imported", "failed", "classes", "by call", "second", "matched",
        "complete", "equal", "different", "incompl.", "lacking", "share", "statements", "missed", "invented",
    ]  # fmt: skip
    rows: list[list[object]] = [
        [
            result.package, result.imported, len(result.failed), result.seen, len(result.made_by_call),
            result.namesakes, result.matched, result.complete, result.equal, len(result.different),
            len(result.incomplete) + len(result.unnamed), len(result.lacking), f"{result.share():.1%}",
            result.statements, len(result.missed), len(result.invented),
        ]
        for result in comparisons
    ]  # fmt: skip
    total: list[object] = ["total", *[sum(row[column] for row in rows) for column in range(1, 12)]]  # type: ignore[misc]
    total += [f"{overall(comparisons):.1%}", *[sum(row[column] for row in rows) for column in range(13, 16)]]  # type: ignore[misc]
    print(table_text := environment.table(header, [*rows, total]))
    print("-" * max(map(len, table_text.splitlines())))
    for title, listed in [
        ("complete and different", [line for result in comparisons for line in result.different]),
        ("incomplete without naming the unknown", [line for result in comparisons for line in result.unnamed]),
        ("a class with a statement that ssot lacks", [line for result in comparisons for line in result.lacking]),
        ("class statements missed", [line for result in comparisons for line in result.missed]),
        ("class statements invented", [line for result in comparisons for line in result.invented]),
        ("incomplete", [line for result in comparisons for line in result.incomplete]),
        ("made by a call or an extension module", [line for result in comparisons for line in result.made_by_call]),
    ]:
        if listed:
            print(f"\n{title}: {len(listed):,}")
            for line in listed[:LISTED]:
                print(f"  {line}")
    unknowns = sum((result.unknowns for result in comparisons), Counter[str]())
    if unknowns:
        print("\nmost frequent unknowns:")
        for unknown, count in sorted(unknowns.items(), key=lambda item: (-item[1], item[0]))[:LISTED]:
            print(f"  {count:5} {unknown}")


def overall(comparisons: list[Comparison]) -> float:
    matched = sum(result.matched for result in comparisons)
    return sum(result.complete for result in comparisons) / matched if matched else 0.0


def judge(comparisons: list[Comparison]) -> list[str]:
    problems = []
    for result in comparisons:
        for count, what in [
            (len(result.different), "MROs marked complete differ from CPython's"),
            (len(result.unnamed), "incomplete MROs do not name the unknown"),
            (len(result.lacking), "classes with a statement are not in the answer"),
            (len(result.missed), "class statements are missed"),
            (len(result.invented), "class statements are invented"),
        ]:
            if count:
                problems.append(f"{result.package}: {count} {what}")
        if result.matched == 0:
            problems.append(f"{result.package}: no class of CPython's was found by its id")
    if overall(comparisons) < LEAST_COMPLETE:
        problems.append(
            f"{overall(comparisons):.1%} of the matched classes are complete, less than {LEAST_COMPLETE:.0%}"
        )
    return problems


if __name__ == "__main__":
    sys.exit(main())
