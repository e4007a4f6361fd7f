// Every long table gets a filter, every head sorts. Without scripts the page is whole all the same.
"use strict";
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
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
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
