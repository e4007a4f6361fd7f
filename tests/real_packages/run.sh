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

summary=()
passed=0
failed=0
# check NAME SCRIPT
check() {
  local name=$1 script=$2 started=$SECONDS code
  echo
  echo "== $name"
  "$home/truth-venv/bin/python" "$here/$script" "$binary" "$home/venv" --json "$home/figures/${script%.py}.json"
  code=$?
  if [[ $code -eq 0 ]]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  summary+=("$(printf '%-40s %-8s %4d s' "$name" "$([[ $code -eq 0 ]] && echo passed || echo "FAILED")" $((SECONDS - started)))")
}

check "MRO and class statements: CPython" check_mro.py
check "import graph: grimp, ruff" check_imports.py
check "references: pyright, pyrefly" check_references.py

echo
printf '%s\n' "${summary[@]}"
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
