#!/usr/bin/env bash
# `ssot serve` with clients that are not ours: Python's websockets, npm's ws, and Autobahn|Testsuite's fuzzing client; two nodes
# over a real Redis, behind TLS. Usage: tests/real_clients/run.sh SSOT_BINARY ECHO_BINARY. Needs Python 3 with venv, npm, openssl,
# redis-server, and Python 2.7 for Autobahn.
set -euo pipefail
ssot="$(realpath "$1")"
echo_server="$(realpath "$2")"
here="$(cd "$(dirname "$0")" && pwd)"
home="${REAL_CLIENTS_HOME:-$here/../../target/real-clients}"
mkdir -p "$home"
home="$(realpath "$home")"
scratch="$(mktemp -d)"
running=()
trap 'kill "${running[@]}" 2>/dev/null || true; rm -rf "$scratch"' EXIT

left_out() {
  echo "LEFT OUT: $*"
  [ -z "${CI:-}" ] || exit 1
}

[ -x "$home/venv/bin/python" ] || python3 -m venv "$home/venv"
"$home/venv/bin/python" -c 'import websockets' 2>/dev/null || "$home/venv/bin/pip" install --quiet websockets==15.0.1
[ -d "$home/node_modules/ws" ] || npm install --silent --no-fund --no-audit --prefix "$home" ws@8.18.3 >/dev/null

token="a-token-that-only-this-run-knows"
# Starts a server, and says in `server` and `base` which and where it is.
serve() {
  local log="$scratch/$1.log"
  : > "$log"
  shift
  SSOT_CONTROL_TOKEN="$token" "$ssot" serve --insecure-dev --listen 127.0.0.1:0 --drain 5 "$@" 2> "$log" &
  server=$!
  running+=("$server")
  for _ in $(seq 100); do
    base="$(sed -n 's#^listening on wss\{0,1\}://\(.*\)/ws$#\1#p' "$log")"
    [ -n "$base" ] && return
    sleep 0.05
  done
  echo "the server does not start:"
  cat "$log"
  exit 1
}

serve alone
timeout 60 "$home/venv/bin/python" "$here/client.py" "$base" "$token"
timeout 60 node "$here/client.mjs" "$base" "$token" "$home" > "$scratch/node.log" &
node=$!
for _ in $(seq 400); do
  grep -q "node ws is served" "$scratch/node.log" && break
  kill -0 "$node" 2>/dev/null || break
  sleep 0.05
done
kill -TERM "$server"
wait "$node" || { echo "node's client failed"; cat "$scratch/node.log"; exit 1; }
cat "$scratch/node.log"
wait "$server" || { echo "the server ended with $?"; cat "$scratch/alone.log"; exit 1; }

if command -v redis-server >/dev/null && command -v openssl >/dev/null; then
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext "subjectAltName=IP:127.0.0.1" \
    -keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>/dev/null
  redis_port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
  redis-server --port "$redis_port" --bind 127.0.0.1 --save "" --appendonly no --dir "$scratch" >/dev/null &
  running+=("$!")
  cat > "$scratch/node.toml" <<TOML
tls-cert = "cert.pem"
tls-key = "key.pem"
backplane = "redis://127.0.0.1:$redis_port"
resume = 30
TOML
  serve one --config "$scratch/node.toml"
  one="$base"
  serve two --config "$scratch/node.toml"
  timeout 60 "$home/venv/bin/python" "$here/nodes.py" "$one" "$base" "$token" "$scratch/cert.pem"
else
  left_out "two nodes need redis-server and openssl"
fi

# Autobahn|Testsuite: its fuzzing client against the echo endpoint. Groups 12 and 13 are compression, which is not offered.
python2=""
for candidate in python2.7 "$HOME"/.pyenv/versions/2.7*/bin/python; do
  if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (2, 7))' 2>/dev/null; then
    python2="$candidate"
    break
  fi
done
if [ -z "$python2" ]; then
  left_out "Autobahn|Testsuite needs Python 2.7"
  exit 0
fi
if [ ! -x "$home/autobahn/bin/wstest" ]; then
  "$python2" -m virtualenv --version >/dev/null 2>&1 || "$python2" -m pip install --quiet --user virtualenv 2>/dev/null
  "$python2" -m virtualenv --quiet "$home/autobahn" >/dev/null
  "$home/autobahn/bin/pip" install --quiet autobahntestsuite 2>/dev/null
fi
port=9417
"$echo_server" "127.0.0.1:$port" &
running+=("$!")
cat > "$scratch/spec.json" <<JSON
{"outdir": "$scratch/reports", "servers": [{"agent": "ssot", "url": "ws://127.0.0.1:$port/echo"}],
 "cases": ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"], "exclude-cases": [], "exclude-agent-cases": {}}
JSON
(cd "$scratch" && timeout 900 "$home/autobahn/bin/wstest" -m fuzzingclient -s spec.json > "$scratch/autobahn.log" 2>&1) || {
  echo "Autobahn|Testsuite failed:"; tail -20 "$scratch/autobahn.log"; exit 1; }
python3 - "$scratch/reports/index.json" <<'PY'
import collections, json, sys
cases = json.load(open(sys.argv[1]))["ssot"]
found = collections.Counter(case["behavior"] for case in cases.values())
print(f"Autobahn|Testsuite: {len(cases)} cases:", ", ".join(f"{count} {kind}" for kind, count in sorted(found.items())))
good = ("OK", "INFORMATIONAL")
wrong = {name: case["behavior"] for name, case in cases.items() if case["behavior"] not in good}
closes = {name: case["behaviorClose"] for name, case in cases.items() if case["behaviorClose"] not in good}
if wrong or closes or len(cases) < 240:
    sys.exit(f"not OK: {wrong}; closes not OK: {closes}")
PY
