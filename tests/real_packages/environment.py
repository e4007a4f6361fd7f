"""Where the checked packages and the truth tools are, and how ssot is run.

`setup.sh` makes all of it; see there for what each folder holds.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("REAL_PACKAGES_HOME") or HERE.parents[1] / "target" / "real-packages")
TRUTH_BIN = HOME / "truth-venv" / "bin"
PYRIGHT_SERVER = HOME / "node" / "node_modules" / "pyright" / "langserver.index.js"


def site_packages(venv: Path) -> Path:
    found = sorted((venv / "lib").glob("python3.*/site-packages"))
    if len(found) != 1:
        sys.exit(f"{venv}: not one site-packages folder but {len(found)}")
    return found[0].resolve()


def run_ssot(binary: Path, *arguments: str | Path) -> Any:
    """Run ssot and read its JSON. Anything but exit code 0 ends the check."""
    command = [str(binary), *map(str, arguments), "--format", "json"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr.decode(errors='replace')}")
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        sys.exit(f"{' '.join(command)}: no JSON on stdout: {error}")


def cached(name: str, inputs: list[Path], make: Callable[[], Any], refresh: bool = False) -> Any:
    """The answer `make` gives, kept as `truth/NAME.json` while the text of `inputs` stays the same."""
    digest = hashlib.sha256()
    for path in inputs:
        digest.update(path.read_bytes())
        digest.update(b"\0")
    key = digest.hexdigest()
    path = HOME / "truth" / f"{name}.json"
    if path.exists() and not refresh:
        kept = json.loads(path.read_text())
        if kept["key"] == key:
            return kept["answer"]
    answer = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"key": key, "answer": answer}))
    part.replace(path)
    return answer


def module_of(path: str) -> str:
    """`flask/json/__init__.py` → `flask.json`; the path is relative to site-packages."""
    parts = path.removesuffix(".py").removesuffix(".pyi").split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def table(header: list[str], rows: list[list[object]]) -> str:
    """Columns aligned: text to the left, figures to the right."""
    cells = [header, *[[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )
