#!/usr/bin/env bash
# The hooks of .pre-commit-hooks.yaml, run by pre-commit itself in a scratch repository: a copy is blocked, its absence is not.
# Needs Python 3, pip and git; pre-commit builds the tool from this clone.
set -euo pipefail
clone="$(cd "$(dirname "$0")/.." && pwd)"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check pre-commit==4.7.0 2>/dev/null || "$scratch/venv/bin/pip" install --quiet --disable-pip-version-check pre-commit

# pre-commit takes what is committed, so that the hook is tried as its users get it.
export PRE_COMMIT_HOME="$scratch/home" SSOT_CACHE_DIR="$scratch/cache" GIT_CONFIG_GLOBAL=/dev/null
git init --quiet "$scratch/repository"
cd "$scratch/repository"
git config user.name A
git config user.email a@example.org
mkdir app
cat > app/a.py <<'PYTHON'
class RetryPolicy:
    def __init__(self, attempts, delay):
        self.attempts = attempts
        self.delay = delay

    def next_delay(self, attempt):
        if attempt >= self.attempts:
            raise ValueError(attempt)
        return self.delay * 2 ** attempt
PYTHON
cat > .pre-commit-config.yaml <<YAML
repos:
- repo: "$clone"
  rev: "$(git -C "$clone" rev-parse HEAD)"
  hooks:
  - id: ssot-check
YAML
git add -A
"$scratch/venv/bin/pre-commit" install >/dev/null
git commit --quiet -m "one class" || { echo "pre-commit blocks a tree without a copy"; exit 1; }
cp app/a.py app/b.py
git add -A
if git commit --quiet -m "a copy" > "$scratch/output" 2>&1; then
  echo "pre-commit lets a copy pass"
  exit 1
fi
grep -q "app.b.RetryPolicy" "$scratch/output" || { cat "$scratch/output"; exit 1; }
echo "pre-commit: the hook lets a tree pass and blocks a copy"
