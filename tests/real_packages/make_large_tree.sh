#!/usr/bin/env bash
# Builds a large tree of real, hand-written Python for benchmarks:
#
#   make_large_tree.sh DEST
#
# DEST holds the packages side by side, as site-packages does, with only the *.py, *.pyi, *.md and
# *.rst of each wheel kept. Nothing is compiled or imported, so the interpreter that runs pip does
# not matter. Prints files, lines, MB and class statements; fails when the tree is smaller than a
# benchmark needs. A second run with the same package list does nothing but print.
set -euo pipefail

# Pinned, so that two measurements are of the same text. None of them is generated code.
PACKAGES=(
  homeassistant==2025.4.4      # a thousand integrations with one shape: many classes of like names
  twisted==26.10.0             # deep hierarchies, zope interfaces, a test tree inside the package
  django==6.1.3                # metaclasses, lazy imports, string references
  sqlalchemy==2.1.9            # generics, overloads, TYPE_CHECKING imports in cycles
  apache-airflow-core==3.3.2   # FastAPI routes, pydantic models, conditional imports
)
LEAST_LINES=1600000
LEAST_CLASSES=13000

if [[ $# -ne 1 || $1 == -* ]]; then
  echo "usage: make_large_tree.sh DEST" >&2
  exit 2
fi
dest=$1
stamp="$dest/.large-tree"
wanted=$(printf '%s\n' "${PACKAGES[@]}")

if [[ ! -f $stamp || $(cat "$stamp") != "$wanted" ]]; then
  if [[ -e $dest && ! -f $stamp && -n $(ls -A "$dest") ]]; then
    echo "make_large_tree.sh: $dest exists and was not made by this script" >&2
    exit 2
  fi
  parts=$(mktemp -d "${TMPDIR:-/tmp}/large-tree.XXXXXX")
  trap 'rm -rf "$parts"' EXIT
  # The platforms let wheels with compiled parts be chosen too: their Python text is what we want.
  python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$parts" \
    --python-version 3.13 --implementation cp \
    --platform any --platform manylinux2014_x86_64 \
    --platform manylinux_2_17_x86_64 --platform manylinux_2_28_x86_64 \
    "${PACKAGES[@]}"
  rm -rf "$dest"
  mkdir -p "$dest"
  python3 - "$dest" "$parts"/*.whl <<'PYTHON'
import sys
import zipfile
from pathlib import PurePosixPath

dest, *wheels = sys.argv[1:]
for wheel in wheels:
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            path = PurePosixPath(member.filename)
            top = path.parts[0]
            if path.suffix in {".py", ".pyi", ".md", ".rst"} and not top.endswith((".dist-info", ".data")):
                archive.extract(member, dest)
PYTHON
  printf '%s\n' "$wanted" > "$stamp"
fi

python3 - "$dest" "$LEAST_LINES" "$LEAST_CLASSES" <<'PYTHON'
import re
import sys
from pathlib import Path

dest, least_lines, least_classes = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
CLASS = re.compile(rb"^[ \t]*class[ \t]+\w+[ \t]*[(:\[]", re.MULTILINE)


def row(name: str, figures: list[int]) -> str:
    files, lines, size, classes, documents = figures
    return f"{name:20} {files:7,} {lines:11,} {size / 1e6:8.1f} {classes:8,} {documents:10,}"


print(f"{'package':20} {'files':>7} {'lines':>11} {'MB':>8} {'classes':>8} {'documents':>10}")
total = [0, 0, 0, 0, 0]
for package in sorted(path for path in dest.iterdir() if path.is_dir()):
    figures = [0, 0, 0, 0, 0]
    for path in package.rglob("*"):
        if path.suffix in {".py", ".pyi"}:
            text = path.read_bytes()
            figures[0] += 1
            figures[1] += text.count(b"\n")
            figures[2] += len(text)
            figures[3] += len(CLASS.findall(text))
        elif path.suffix in {".md", ".rst"}:
            figures[4] += 1
    print(row(package.name, figures))
    total = [left + right for left, right in zip(total, figures)]
print(row("total", total))
if total[1] < least_lines or total[3] < least_classes:
    sys.exit(f"too small: at least {least_lines:,} lines and {least_classes:,} classes are needed")
PYTHON
