"""Compares ssot's static conformance with the verdicts of pyright and mypy.

    python check_conformance.py SSOT_BINARY VENV [--json FILE]

Pairs of classes and protocols come from `ssot conform static` over real packages, and from a module of
generated ones (`generated_pairs.py`). For each pair a file has

    def pair_7(value: module.Class) -> None:
        target: other.Protocol = value

and a type checker that reports the assignment says "violates". Every definite verdict of ssot has to be
pyright's; a difference has to stand in `conformance_allowed.toml` with its reason. mypy is a second
opinion, whose differences are only counted: the two disagree with each other.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from check_mro import PACKAGES
from generated_pairs import write_module

# No more pairs than this with one protocol: a protocol of one common method would be most of them.
PER_PROTOCOL = 120
LEAST_PAIRS = 2_000
GENERATED = 1_500
LISTED = 40


@dataclass(frozen=True)
class Pair:
    type: str
    protocol: str
    verdict: str
    through_any: bool
    reasons: tuple[str, ...]


def site_packages(venv: Path) -> Path:
    return next((venv / "lib").glob("python3.*")) / "site-packages"


def pairs_of(binary: str, venv: Path) -> list[Pair]:
    """What ssot says, with no more than PER_PROTOCOL pairs of one protocol."""
    site = site_packages(venv)
    found: list[Pair] = []
    seen: set[tuple[str, str]] = set()
    for group in PACKAGES:
        roots = [part for name in group if (site / name).is_dir() for part in ("--root", str(site / name))]
        command = [binary, "conform", "static", *roots, "--python", str(venv), "--no-ignore", "--format", "json"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode not in (0, 1):
            sys.exit(f"{' '.join(command)}: exit code {run.returncode}\n{run.stderr}")
        per_protocol: Counter[str] = Counter()
        for pair in json.loads(run.stdout)["pairs"]:
            key = (pair["type"], pair["protocol"])
            if "<locals>" in pair["type"] + pair["protocol"] or key in seen:
                continue
            per_protocol[pair["protocol"]] += 1
            if per_protocol[pair["protocol"]] > PER_PROTOCOL:
                continue
            seen.add(key)
            reasons = [
                f"{member['name']}: {reason['kind']} expected {reason['expected']}, found {reason['found']}"
                for member in pair["members"]
                for reason in member["reasons"]
            ]
            found.append(Pair(*key, pair["verdict"], pair["through_any"], tuple(reasons)))
    return found


def generated(binary: str, folder: Path) -> list[Pair]:
    """What ssot says of the generated pairs, which stand in `folder`."""
    wanted = {(f"made.{name}", f"made.{protocol}") for name, protocol in write_module(folder / "made.py", GENERATED)}
    command = [binary, "conform", "static", "--root", str(folder), "--no-python", "--format", "json"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)}: exit code {run.returncode}\n{run.stderr}")
    found = []
    for pair in json.loads(run.stdout)["pairs"]:
        if (pair["type"], pair["protocol"]) in wanted:
            reasons = [
                f"{reason['kind']} expected {reason['expected']}, found {reason['found']}"
                for member in pair["members"]
                for reason in member["reasons"]
            ]
            found.append(Pair(pair["type"], pair["protocol"], pair["verdict"], pair["through_any"], tuple(reasons)))
    if len(found) != GENERATED:
        sys.exit(f"{len(found)} of {GENERATED} generated pairs were compared")
    return found


def module_of(dotted: str, site: Path) -> str | None:
    """The longest head of a dotted id that is a module."""
    parts = dotted.split(".")
    for length in range(len(parts) - 1, 0, -1):
        path = site.joinpath(*parts[:length])
        if path.with_suffix(".py").is_file() or (path / "__init__.py").is_file():
            return ".".join(parts[:length])
    return None


def write_questions(pairs: list[Pair], site: Path, folder: Path) -> tuple[Path, dict[int, Pair]]:
    """One file with all pairs; which line asks about which."""
    def module(dotted: str) -> str | None:
        return "made" if dotted.startswith("made.") else module_of(dotted, site)

    asked = [(pair, module(pair.type), module(pair.protocol)) for pair in pairs]
    usable = [(pair, {a, b}) for pair, a, b in asked if a and b]
    modules = sorted({module for _, both in usable for module in both})
    lines = ["# pyright: basic", *(f"import {module}" for module in modules)]
    places: dict[int, Pair] = {}
    for number, (pair, _) in enumerate(usable):
        lines.append(f"def pair_{number}(value: {pair.type}) -> None:")
        lines.append(f"    target: {pair.protocol} = value")
        places[len(lines)] = pair
        # Else a checker would say that the variable is never used.
        lines.append("    print(target)")
    path = folder / "pairs.py"
    path.write_text("\n".join(lines) + "\n")
    return path, places


def ask_pyright(home: Path, venv: Path, file: Path) -> tuple[dict[int, str], set[int]]:
    """Lines with an assignment that does not fit, with the message; lines that cannot be asked about."""
    program = home / "node" / "node_modules" / ".bin" / "pyright"
    python = venv / "bin" / "python"
    command = [str(program), "--outputjson", "--pythonpath", str(python), str(file)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=file.parent)
    answer = json.loads(run.stdout)
    wrong: dict[int, str] = {}
    unusable: set[int] = set()
    for found in answer["generalDiagnostics"]:
        line = found["range"]["start"]["line"] + 1
        if found.get("rule") == "reportAssignmentType":
            wrong[line] = found["message"]
        elif found["severity"] == "error":
            # The name of the class or the protocol is not seen; the assignment is below or here.
            unusable |= {line, line + 1}
    return wrong, unusable


def ask_mypy(home: Path, venv: Path, file: Path) -> dict[int, str] | None:
    """Lines with an assignment that does not fit; None where mypy gives up."""
    program = home / "truth-venv" / "bin" / "mypy"
    command = [
        str(program), "--python-executable", str(venv / "bin" / "python"), "--follow-imports", "silent",
        "--ignore-missing-imports", "--no-error-summary", "--show-error-codes", "--hide-error-context",
        "--cache-dir", str(home / "truth" / "mypy"), str(file),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=file.parent)
    if run.returncode not in (0, 1):
        print(run.stdout[-2000:], run.stderr[-2000:], file=sys.stderr)
        return None
    wrong: dict[int, str] = {}
    for line in run.stdout.splitlines():
        head, _, message = line.partition(": error: ")
        if message.endswith("[assignment]"):
            wrong[int(head.split(":")[1])] = message
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("venv", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    venv = arguments.venv.absolute()
    home = venv.parent
    allowed_file = Path(__file__).with_name("conformance_allowed.toml")
    allowed = {
        (entry["type"], entry["protocol"]): entry["reason"]
        for entry in tomllib.loads(allowed_file.read_text())["allowed"]
    }
    with tempfile.TemporaryDirectory() as folder:
        pairs = pairs_of(arguments.binary, venv) + generated(arguments.binary, Path(folder))
        file, places = write_questions(pairs, site_packages(venv), Path(folder))
        wrong, unusable = ask_pyright(home, venv, file)
        mypy_wrong = ask_mypy(home, venv, file)
    counts: Counter[str] = Counter()
    differing: list[str] = []
    used: set[tuple[str, str]] = set()
    for line, pair in places.items():
        if line in unusable:
            counts["unusable"] += 1
            continue
        counts["pairs"] += 1
        counts[pair.verdict.replace("-", "_")] += 1
        pyright = "violates" if line in wrong else "conforms"
        counts[f"pyright_{pyright}"] += 1
        if mypy_wrong is not None and pair.verdict != "cannot-tell":
            mypy = "violates" if line in mypy_wrong else "conforms"
            counts["mypy_agrees" if mypy == pair.verdict else "mypy_differs"] += 1
        if pair.verdict == "cannot-tell":
            continue
        if pair.verdict == pyright:
            counts["agree"] += 1
            continue
        if pair.verdict == "conforms" and pair.through_any and mypy_wrong is not None and line not in mypy_wrong:
            # What is not annotated is `Any` (typing specification), as mypy has it and as ssot says
            # beside the verdict; pyright infers it from the body or the default.
            counts["inferred_by_pyright"] += 1
            continue
        key = (pair.type, pair.protocol)
        if key in allowed:
            used.add(key)
            counts["allowed"] += 1
            continue
        counts["differ"] += 1
        told = wrong.get(line, "").replace("\n", "\n        ")
        differing.append(
            f"{pair.type} as {pair.protocol}: ssot {pair.verdict}, pyright {pyright}\n"
            f"    ssot: {'; '.join(pair.reasons[:4])}\n    pyright: {told}"
        )
    for text in differing[:LISTED]:
        print(text)
    for key in sorted(set(allowed) - used):
        print(f"conformance_allowed.toml: {key[0]} as {key[1]} no longer differs")
    print(", ".join(f"{number:,} {name}" for name, number in sorted(counts.items())))
    if arguments.json:
        arguments.json.write_text(json.dumps({"all": dict(counts)}, indent=1))
    if counts["pairs"] < LEAST_PAIRS:
        print(f"only {counts['pairs']} pairs: at least {LEAST_PAIRS} are wanted")
        return 1
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
