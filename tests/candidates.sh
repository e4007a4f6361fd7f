#!/usr/bin/env bash
# The candidates of fixtures/candidates/ and the broken managers of fixtures/mutants/ by `ssot conform run`: the figures of each
# candidate are those that are kept beside it, and the case that a mutant names catches it.
# Usage: tests/candidates.sh SSOT_BINARY [PYTHON]. Needs Python 3.9 or later, Node 20 with npm, and cargo.
# CANDIDATES names a folder with what is installed already. `UPDATE=1` writes the figures anew.
set -euo pipefail
ssot="$(realpath "$1")"
python="${2:-python3}"
cd "$(dirname "$0")/../fixtures/candidates"
export CANDIDATES="${CANDIDATES:-$PWD/../../target/candidates}"
mkdir -p "$CANDIDATES"
CANDIDATES="$(realpath "$CANDIDATES")"
./setup.sh "$CANDIDATES" "$python"
cargo build --quiet --locked --manifest-path axum_chat/Cargo.toml --target-dir "$CANDIDATES/axum"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
interpreter="$CANDIDATES/venv/bin/python"
tree=../trees/chat_service
app=chat_backend.app

# Judges a candidate: its name in the figures, then what `conform run` takes.
judge() {
  local name="$1" code=0
  shift
  timeout 600 "$ssot" conform run "$@" --quiet --format jsonl > "$scratch/$name.jsonl" || code=$?
  [ "$code" -le 1 ] || { echo "$name: conform run ended with $code"; exit 1; }
}

judge "fastapi" --python manager:ConnectionManager --map fastapi/names.toml --root fastapi --interpreter "$interpreter"
judge "fastapi-wire" --cmd "$interpreter driver.py" --root fastapi
judge "websockets-wire" --cmd "$interpreter driver.py" --root websockets
judge "python-socketio" --cmd "$interpreter driver.py" --root python_socketio
judge "ws" --node './rooms.mjs#Rooms' --root ws
judge "ws-wire" --cmd "node driver.mjs" --root ws
judge "socket.io" --cmd "node driver.mjs" --root socketio
judge "axum-chat-wire" --cmd "$CANDIDATES/axum/debug/axum-chat"
judge "tree-manager" --python "$app.websocket_core.manager:WebSocketManager" --map chat_service/manager.toml --root "$tree" --interpreter "$interpreter"
judge "tree-modern" --python "$app.websocket_core.modern_websocket_abstraction:ModernWebSocketManager" --map chat_service/modern_websocket_abstraction.toml --root "$tree" --interpreter "$interpreter"
judge "tree-heartbeat" --python "$app.websocket_core.heartbeat_manager:WebSocketHeartbeatManager" --map chat_service/heartbeat_manager.toml --root "$tree" --interpreter "$interpreter"
judge "tree-scaling" --python "$app.websocket_core.scaling_manager:WebSocketScalingManager" --map chat_service/scaling_manager.toml --root "$tree" --interpreter "$interpreter"
judge "tree-quality" --python "$app.services.quality_manager:WebSocketQualityManager" --map chat_service/quality_manager.toml --root "$tree" --interpreter "$interpreter"
judge "reference" --reference
judge "served" --serve
judge "python-manager" --cmd "$python driver.py manager:UnifiedManager" --root ../mutants

python3 - "$scratch" > "$scratch/figures.md" <<'PY'
import collections, json, pathlib, sys

order = ["reference", "served", "python-manager", "fastapi", "fastapi-wire", "websockets-wire", "python-socketio", "ws", "ws-wire",
         "socket.io", "axum-chat-wire", "tree-manager", "tree-modern", "tree-heartbeat", "tree-scaling", "tree-quality"]
calls = ["connect_user", "disconnect_user", "send_to_user", "send_to_thread", "send_agent_update", "check_connection_health", "get_stats"]
by_group, failing, missing = {}, {}, {}
groups = []
for name in order:
    counts, failed = collections.defaultdict(collections.Counter), []
    for line in pathlib.Path(sys.argv[1], f"{name}.jsonl").read_text().split("\n"):
        case = json.loads(line) if line else {"line": "nothing"}
        if case["line"] == "candidate":
            # Who serves a network is met by clients that connect and leave: these two are no calls there.
            asked = calls if case["level"] == "L1" else calls[2:]
            missing[name] = [call for call in asked if call not in case["capabilities"]]
        if case["line"] != "verdict":
            continue
        if case["group"] not in groups:
            groups.append(case["group"])
        verdict = "lacks" if case["seen"] == "it does not announce it" else case["verdict"]
        counts[case["group"]][verdict] += 1
        if verdict in ("fail", "errored", "unknown"):
            failed.append(case["id"] + ("" if verdict == "fail" else f" ({verdict})"))
    by_group[name], failing[name] = counts, failed

print("| cases | " + " | ".join(order) + " |")
print("| --- |" + " ---: |" * len(order))
for group in groups + ["all"]:
    cells = []
    for name in order:
        found = sum(by_group[name].values(), collections.Counter()) if group == "all" else by_group[name][group]
        judged = sum(found.values()) - found["skip"] - found["lacks"]
        cells.append(f"{found['pass']}/{judged}" if judged else "lacks" if found["lacks"] else "–")
    print(f"| {group} | " + " | ".join(cells) + " |")
lacks = [sum(by_group[name].values(), collections.Counter())["lacks"] for name in order]
print("| of a call that it lacks | " + " | ".join(str(count or "–") for count in lacks) + " |")
print()
for name in order:
    print(f"- **{name}** " + (f"lacks {', '.join(missing[name])}; " if missing[name] else "") + "fails " + (", ".join(failing[name]) or "nothing") + ".")
PY
if [ -n "${UPDATE:-}" ]; then
  cp "$scratch/figures.md" figures.md
fi
diff -u figures.md "$scratch/figures.md" || { echo "the candidates are judged otherwise than figures.md says"; exit 1; }

# Each broken manager by the case that it names.
"$python" ../mutants/mutants.py > "$scratch/mutants"
missed=0
while read -r mutant case; do
  code=0
  "$ssot" conform run --cmd "$python driver.py mutants:$mutant" --root ../mutants --case "$case" --quiet --format jsonl > "$scratch/mutant.jsonl" || code=$?
  if [ "$code" -ne 1 ] || ! grep -q '"verdict":"fail"' "$scratch/mutant.jsonl"; then
    echo "missed: $mutant by $case"
    missed=$((missed + 1))
  fi
done < "$scratch/mutants"
[ "$missed" -eq 0 ] || exit 1
echo "candidates: as figures.md says; $(wc -l < "$scratch/mutants") broken managers in Python are caught by the cases that they name"
