#!/usr/bin/env bash
# The HTML pages in a real browser: no error on the console, tables filter and sort, drawings zoom and filter, notes show,
# every type is found with its order, names do no harm, nothing is loaded. Usage: tests/browser.sh SSOT_BINARY. Needs chromium.
set -euo pipefail
ssot="$1"
clone="$(cd "$(dirname "$0")/.." && pwd)"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

mkdir -p "$scratch/tree/app"
# A file may be called anything that has no slash.
cp "$clone"/fixtures/trees/chat_service/chat_backend/app/compat.py "$scratch/tree/app/plain.py"
printf 'class A: ...\nclass B(A): ...\nclass C(A, B): ...\n' > "$scratch/tree/app/<img src=x onerror=document.title=1>.py"
"$ssot" report "$scratch/tree" --no-python --quiet -o "$scratch/evil.html"
"$ssot" report "$clone/fixtures/trees/chat_service" --no-python --quiet -o "$scratch/report.html"
"$ssot" plan "$clone/fixtures/trees/chat_service" --no-python --quiet -o "$scratch/plan.html"

browse() {
  chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --user-data-dir="$scratch/profile" --enable-logging=stderr --v=0 \
    --virtual-time-budget=4000 --dump-dom "file://$1" > "$1.dom" 2> "$1.log"
  if grep -q "CONSOLE" "$1.log"; then
    echo "$1 says on the console:"; grep "CONSOLE" "$1.log"; exit 1
  fi
}

# What a reader does, done by a script behind the page's own: it leaves its answers in an attribute.
cat > "$scratch/reader.html" <<'HTML'
<script>
const answers = [];
const input = document.querySelector(".filter input");
const rows = [...input.closest(".filter").nextElementSibling.querySelectorAll("tbody tr")];
const type = (field, text) => { field.value = text; field.dispatchEvent(new Event("input")); };
type(input, "heartbeat");
answers.push(`${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`);
type(input, "");
const head = document.querySelector("th button");
head.click();
const cells = [...head.closest("table").querySelectorAll("tbody tr")].map((row) => row.cells[0].textContent);
answers.push([...cells].sort(new Intl.Collator("en", { numeric: true }).compare).join() === cells.join() ? "sorted" : "not sorted");
answers.push(`${document.querySelectorAll(".timeline li").length} bars`);
answers.push(`${document.querySelectorAll("figure.graph").length} drawings with ${document.querySelectorAll("figure.graph g.node").length} nodes`);

const cell = [...document.querySelectorAll(".matrix tr")].find((row) => row.textContent.startsWith("send_to_connection"))?.querySelectorAll("td[tabindex]")[1];
if (cell) {
  cell.focus();
  const note = document.getElementById("note");
  answers.push(note.hidden ? "no note" : `note of ${note.textContent.split("\n").length} signatures, ${note.querySelectorAll("mark").length ? "marked" : "not marked"}`);
  cell.blur();
  answers.push(note.hidden ? "note gone" : "note stays");
}
const types = document.querySelector("[data-view=types]");
if (types) {
  const search = types.querySelector("input");
  type(search, "websocketmanager strict");
  answers.push(`found ${[...types.querySelectorAll("tbody tr")].map((row) => row.cells[0].textContent.split(".").pop()).join()}`);
  type(search, "chatsocketmanager");
  types.querySelector("tbody button").click();
  const order = () => [...types.querySelectorAll(".order li")].map((entry) => entry.textContent.split(".").pop()).join(" ");
  answers.push(order());
  types.querySelectorAll(".order button")[0].click();
  answers.push(order());
}
const modules = document.querySelector("[data-view=modules]");
if (modules) {
  const edges = () => modules.querySelectorAll("path.edge").length;
  const open = (name) => {
    [...modules.querySelectorAll("g.node")].find((node) => node.getAttribute("aria-label").startsWith(name)).dispatchEvent(new Event("click"));
    return modules.querySelector(".detail");
  };
  answers.push(`scripts: ${open("scripts").querySelectorAll("tbody tr").length} imports`);
  open("chat_backend").querySelector("button").click();
  const before = edges();
  for (const box of modules.querySelectorAll("input[type=checkbox]")) if (box.parentElement.textContent.trim() !== "typing" && box.checked) box.click();
  answers.push(edges() < before ? "phases filter" : `phases do not filter: ${before}, ${edges()}`);
  const svg = modules.querySelector("svg");
  const seen = svg.getAttribute("viewBox");
  svg.dispatchEvent(new KeyboardEvent("keydown", { key: "+" }));
  answers.push(svg.getAttribute("viewBox") === seen ? "no zoom" : "zoom");
}
answers.push(`${performance.getEntriesByType("resource").length} loaded`);
document.body.dataset.answer = answers.join("; ");
</script>
HTML
read_page() {
  cat "$scratch/$1.html" "$scratch/reader.html" > "$scratch/$1-read.html"
  browse "$scratch/$1-read.html"
  answer="$(grep -o 'data-answer="[^"]*"' "$scratch/$1-read.html.dom" || true)"
  [ "$answer" = "data-answer=\"$2\"" ] || { echo "$1.html: ${answer:-no answer}"; exit 1; }
  echo "$1.html: $answer"
}
read_page report "1 of 14 rows; sorted; 16 bars; 2 drawings with 50 nodes; note of 2 signatures, marked; note gone; found StrictWebSocketManager; ChatSocketManager WebSocketManager object; WebSocketManager object; scripts: 4 imports; phases filter; zoom; 0 loaded"
read_page plan "1 of 14 rows; sorted; 16 bars; 1 drawings with 16 nodes; 0 loaded"

# 13,000 classes: shown a page at a time, all of them found.
mkdir -p "$scratch/many/app"
awk -v folder="$scratch/many/app" 'BEGIN {
  for (file = 0; file < 260; file++) {
    path = folder "/module" file ".py"
    if (file) print "from app.module" int(file / 2) " import C0" > path
    for (class = 0; class < 50; class++) {
      print "class C" class (class ? "(C" class - 1 ")" : "") ":" > path
      for (method = 0; method < 7; method++)
        print "    def method_" method "(self, first: str, second: dict[str, int], *, third: bool = False) -> list[str]: ..." > path
    }
    close(path)
  }
}'
"$ssot" report "$scratch/many" --no-python --quiet -o "$scratch/many.html"
size="$(wc -c < "$scratch/many.html")"
[ "$size" -le 15000000 ] || { echo "13,000 classes make a page of $size bytes"; exit 1; }
cat > "$scratch/last.html" <<'HTML'
<script>
const view = document.querySelector("[data-view=types]");
view.querySelector("input").value = "module259.c49";
view.querySelector("input").dispatchEvent(new Event("input"));
view.querySelector("tbody button").click();
document.body.dataset.answer = `${view.querySelector("output").textContent}, order of ${view.querySelectorAll(".order li").length}, ${Math.round(performance.now()) < 10000 ? "open" : "slow"}`;
</script>
HTML
cat "$scratch/many.html" "$scratch/last.html" > "$scratch/many-read.html"
browse "$scratch/many-read.html"
grep -q 'data-answer="1 to 1 of 1, order of 51, open"' "$scratch/many-read.html.dom" || {
  echo "many.html: $(grep -o 'data-answer="[^"]*"' "$scratch/many-read.html.dom" || echo "no answer")"; exit 1; }
echo "many.html: 13,000 classes in $size bytes"

browse "$scratch/evil.html"
if grep -q "<img" "$scratch/evil.html.dom" || ! grep -q "<title>Analysis of tree</title>" "$scratch/evil.html.dom"; then
  echo "a name in the page did harm"; exit 1
fi
grep -q "onerror=document" "$scratch/evil.html.dom" || { echo "the odd name is not shown at all"; exit 1; }
echo "evil.html: shown as text"
