#!/usr/bin/env bash
# Makes what the checks of this folder need, under target/real-packages:
#
#   venv/         the packages under test, installed as a user would (requirements.txt)
#   truth-venv/   grimp, ruff, pyrefly (truth-requirements.txt)
#   node/         pyright's language server (truth-package.json)
#   truth/        answers of the language servers, kept between runs
#
# Each part carries a stamp with the hash of what it was made from and is left alone while that
# is unchanged. `PYTHON` names the interpreter; it has to be CPython 3.11, because what a class
# inherits from depends on the version (conditional definitions, the standard library's own bases).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=${REAL_PACKAGES_HOME:-$(cd "$here/../.." && pwd)/target/real-packages}
mkdir -p "$home"

is_3_11() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; }

python=
for candidate in ${PYTHON:+"$PYTHON"} python3.11 python3 "$HOME"/.pyenv/versions/3.11.*/bin/python3; do
  if command -v "$candidate" >/dev/null && is_3_11 "$candidate"; then
    python=$(command -v "$candidate")
    break
  fi
done
if [[ -z $python ]]; then
  echo "setup.sh: no CPython 3.11 found; name one with PYTHON=…" >&2
  exit 2
fi
version=$("$python" -c 'import sys; print(sys.version)')

# stamp FILE... → the hash of the files' text and of the interpreter
stamp() { { echo "$version"; cat "$@"; } | sha256sum | cut -d' ' -f1; }

# is_made FOLDER STAMP
is_made() { [[ -f $1/.stamp && $(cat "$1/.stamp") == "$2" ]]; }

make_venv() {
  local folder=$1 requirements=$2 hash
  hash=$(stamp "$requirements")
  if is_made "$folder" "$hash"; then return; fi
  echo "setup.sh: making $folder" >&2
  rm -rf "$folder"
  "$python" -m venv "$folder"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" >&2
  echo "$hash" > "$folder/.stamp"
}

make_venv "$home/venv" "$here/requirements.txt"
make_venv "$home/truth-venv" "$here/truth-requirements.txt"

hash=$(stamp "$here/truth-package.json")
if ! is_made "$home/node" "$hash"; then
  echo "setup.sh: making $home/node" >&2
  rm -rf "$home/node"
  mkdir -p "$home/node"
  cp "$here/truth-package.json" "$home/node/package.json"
  npm install --prefix "$home/node" --no-audit --no-fund --loglevel=error >&2
  echo "$hash" > "$home/node/.stamp"
fi
mkdir -p "$home/truth"
