// Every long table gets a filter, every head sorts, notes show under the pointer and the keyboard. Without scripts the
// page is whole all the same.
"use strict";

/** An element with attributes and children; texts become text, never markup. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Words of a search, lower case. */
const wordsOf = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

let noted = null;
const note = make("div", { class: "note", role: "tooltip", id: "note", hidden: "" });
document.body.append(note);
function showNote(element, text) {
  // ⟦what differs⟧ stands out.
  note.replaceChildren(...text.split(/⟦([^⟧]*)⟧/).map((part, at) => (at % 2 ? make("mark", {}, part) : part)));
  note.hidden = false;
  noted = element;
  placeNote();
}
/** Beside what it belongs to, which may move when the page is scrolled. */
function placeNote() {
  if (note.hidden) return;
  const at = noted.getBoundingClientRect();
  const top = at.bottom + note.offsetHeight + 8 > innerHeight ? at.top - note.offsetHeight - 4 : at.bottom + 4;
  note.style.top = `${Math.max(4, top)}px`;
  note.style.left = `${Math.max(4, Math.min(at.left, innerWidth - note.offsetWidth - 8))}px`;
}
const hideNote = () => { note.hidden = true; };
document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideNote(); });
document.addEventListener("scroll", placeNote, { passive: true, capture: true });
for (const element of document.querySelectorAll("[tabindex][title]")) {
  const text = element.title;
  element.removeAttribute("title");
  element.setAttribute("aria-describedby", "note");
  const show = () => showNote(element, text);
  element.addEventListener("pointerenter", show);
  element.addEventListener("focus", show);
  element.addEventListener("pointerleave", hideNote);
  element.addEventListener("blur", hideNote);
}

for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const textOf = (row, at) => row.cells[at].textContent.trim();
  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const direction = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
      const order = new Intl.Collator("en", { numeric: true }).compare;
      const sorted = [...rows].sort((a, b) => direction * order(textOf(a, at), textOf(b, at)));
      body.append(...sorted);
    });
  });
  if (rows.length <= 8) continue;
  const filter = document.createElement("div");
  filter.className = "filter";
  const input = document.createElement("input");
  input.type = "search";
  input.placeholder = "filter these rows";
  input.setAttribute("aria-label", "filter the rows of the table below");
  const count = document.createElement("output");
  const show = () => {
    const words = wordsOf(input.value);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = `${shown} of ${rows.length}`;
  };
  input.addEventListener("input", show);
  filter.append(input, count);
  table.parentElement.before(filter);
  show();
}
