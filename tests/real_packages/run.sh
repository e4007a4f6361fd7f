#!/usr/bin/env bash
# Truth from outside: ssot's answers about real packages beside those of CPython, grimp, ruff,
# pyright and pyrefly.
#
#   run.sh [SSOT_BINARY]        default: target/release/ssot
#
# Exits non-zero when a check fails. The figures are left in target/real-packages/figures/.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
binary=${1:-$root/target/release/ssot}
home=${REAL_PACKAGES_HOME:-$root/target/real-packages}

if [[ ! -x $binary ]]; then
  echo "run.sh: no binary at $binary; cargo build --release makes it" >&2
  exit 2
fi
"$here/setup.sh" || exit 2
mkdir -p "$home/figures"
export PYTHONDONTWRITEBYTECODE=1

# figures FILE NAME...: the sum of each figure over the packages or classes of a check.
figures() {
  "$home/truth-venv/bin/python" - "$@" <<'PYTHON'
import json, sys

def size(figure):
    return figure if isinstance(figure, int) else sum(figure.values()) if isinstance(figure, dict) else len(figure)

path, *names = sys.argv[1:]
with open(path) as file:
    rows = json.load(file).values()
print(", ".join(f"{sum(size(row.get(name, 0)) for row in rows):,} {name.replace('_', ' ')}" for name in names))
PYTHON
}

summary=()
passed=0
failed=0
# check NAME SCRIPT FIGURE...
check() {
  local name=$1 script=$2 started=$SECONDS code file
  shift 2
  file=$home/figures/${script%.py}.json
  rm -f "$file"
  echo
  echo "== $name"
  "$home/truth-venv/bin/python" "$here/$script" "$binary" "$home/venv" --json "$file"
  code=$?
  if [[ $code -eq 0 ]]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  summary+=("$(printf '%-40s %-8s %4d s' "$name" "$([[ $code -eq 0 ]] && echo passed || echo "FAILED")" $((SECONDS - started)))")
  [[ -f $file ]] && summary+=("    $(figures "$file" "$@")")
}

check "MRO and class statements: CPython" check_mro.py \
  matched complete equal different lacking statements_missed statements_invented
check "import graph: grimp, ruff" check_imports.py \
  edges grimp ruff explained unexplained
check "references: pyright, pyrefly" check_references.py \
  ssot pyright pyrefly confirmed explained allowed unexplained

check "static conformance: pyright, mypy" check_conformance.py \
  pairs agree differ allowed inferred_by_pyright cannot_tell mypy_agrees mypy_differs

echo
printf '%s\n' "${summary[@]}"
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
