#!/usr/bin/env bash
# The HTML pages in a real browser: no error on the console, the filter filters, a head sorts, names do no harm, nothing is
# loaded. Usage: tests/browser.sh SSOT_BINARY. Needs chromium.
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

# What a reader does, done by a script behind the page's own: it leaves its answer in an attribute.
cat > "$scratch/reader.html" <<'HTML'
<script>
const input = document.querySelector(".filter input");
const rows = [...input.closest(".filter").nextElementSibling.querySelectorAll("tbody tr")];
input.value = "heartbeat";
input.dispatchEvent(new Event("input"));
const shown = rows.filter((row) => !row.hidden).length;
input.value = "";
input.dispatchEvent(new Event("input"));
const head = document.querySelector("th button");
head.click();
const cells = [...head.closest("table").querySelectorAll("tbody tr")].map((row) => row.cells[0].textContent);
const sorted = [...cells].sort(new Intl.Collator("en", { numeric: true }).compare).join() === cells.join();
const loaded = performance.getEntriesByType("resource").length;
document.body.dataset.answer = `shown ${shown} of ${rows.length}, sorted ${sorted}, loaded ${loaded}`;
</script>
HTML
for page in report plan; do
  cat "$scratch/$page.html" "$scratch/reader.html" > "$scratch/$page-read.html"
  browse "$scratch/$page-read.html"
  answer="$(grep -o 'data-answer="[^"]*"' "$scratch/$page-read.html.dom" || true)"
  case "$answer" in
    'data-answer="shown 1 of 14, sorted true, loaded 0"') echo "$page.html: $answer" ;;
    *) echo "$page.html: ${answer:-no answer}"; exit 1 ;;
  esac
done
browse "$scratch/evil.html"
if grep -q "<img" "$scratch/evil.html.dom" || ! grep -q "<title>Analysis of tree</title>" "$scratch/evil.html.dom"; then
  echo "a name in the page did harm"; exit 1
fi
grep -q "onerror=document" "$scratch/evil.html.dom" || { echo "the odd name is not shown at all"; exit 1; }
echo "evil.html: shown as text"
