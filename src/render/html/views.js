// Views of what is too much for a page: rows are shown a page at a time, drawings a package at a time.

/** Rows of a page. */
const PAGE = 50;
/** Nodes of a drawing. */
const MOST_NODES = 80;

/** A table of any length: searched, sorted, a page at a time. `texts(row)` gives the cells, `choose(row)` is called on a row. `detail` stands above the rows. */
function pagedTable(holder, columns, rows, texts, choose, label, detail) {
  let shown = rows;
  let at = 0;
  let sorted = { column: -1, direction: 1 };
  const input = make("input", { type: "search", placeholder: `search ${label}`, "aria-label": `search ${label}` });
  const count = make("output");
  const body = make("tbody");
  const heads = columns.map((column, number) =>
    make("th", { scope: "col" }, make("button", { type: "button", onclick: () => sort(number) }, column)));
  const step = (by) => { at = Math.min(Math.max(0, at + by * PAGE), Math.max(0, Math.ceil(shown.length / PAGE) - 1) * PAGE); fill(); };
  const back = make("button", { type: "button", onclick: () => step(-1) }, "‹ back");
  const on = make("button", { type: "button", onclick: () => step(1) }, "on ›");
  const lower = rows.map((row) => texts(row).join("\n").toLowerCase());
  function fill() {
    body.replaceChildren(...shown.slice(at, at + PAGE).map((number) => {
      const [first, ...others] = texts(rows[number]);
      const open = make("button", { type: "button", class: "link", onclick: () => choose(rows[number]) }, ...breakable(first));
      return make("tr", {}, make("td", {}, open), ...others.map((cell) => make("td", {}, ...breakable(cell))));
    }));
    const last = Math.min(at + PAGE, shown.length);
    count.textContent = shown.length ? `${at + 1} to ${last} of ${shown.length}` : "nothing found";
    back.disabled = at === 0;
    on.disabled = last >= shown.length;
  }
  function search() {
    const words = wordsOf(input.value);
    shown = lower.flatMap((text, number) => (words.every((word) => text.includes(word)) ? [number] : []));
    arrange();
  }
  function sort(column) {
    sorted = { column, direction: sorted.column === column ? -sorted.direction : 1 };
    heads.forEach((head, number) => {
      if (number === column) head.setAttribute("aria-sort", sorted.direction === 1 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    arrange();
  }
  function arrange() {
    at = 0;
    if (sorted.column >= 0) {
      const order = new Intl.Collator("en", { numeric: true }).compare;
      const keys = new Map(shown.map((number) => [number, texts(rows[number])[sorted.column]]));
      shown.sort((a, b) => sorted.direction * order(keys.get(a), keys.get(b)) || a - b);
    }
    fill();
  }
  input.addEventListener("input", search);
  holder.append(
    make("div", { class: "filter" }, input, count, back, on),
    detail,
    make("div", { class: "wide" }, make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body)));
  search();
}

/** A long id may go on in the next line behind its separators. */
function breakable(text) {
  return String(text).split(/(?<=[._/:])(?=\w)/).flatMap((part, at) => (at ? [make("wbr"), part] : [part]));
}

function showTypes(holder, { ids, texts, rows }) {
  const all = rows.map(([kind, role, path, line, order, trouble, methods], at) => ({
    id: ids[at], kind: texts[kind], role: texts[role], path: texts[path], line, order, trouble, methods,
  }));
  const detail = make("div", { class: "detail", "aria-live": "polite" });
  const open = (of) => {
    const order = of.order.map((entry) => {
      const target = all[entry];
      return make("li", {}, target && target !== of
        ? make("button", { type: "button", class: "link", onclick: () => open(target) }, ...breakable(ids[entry]))
        : make("span", {}, ...breakable(ids[entry])));
    });
    const methods = of.methods.map(([line, signature, overrides, path]) =>
      make("tr", {}, make("td", {}, make("code", {}, signature)), make("td", {}, overrides ? ["overrides ", overrides].join("") : ""),
        make("td", {}, ...breakable(`${path === undefined ? of.path : texts[path]}:${line}`))));
    detail.replaceChildren(
      make("h3", { tabindex: -1 }, ...breakable(of.id)),
      make("p", {}, `${of.kind}, ${of.role} code, `, ...breakable(`${of.path}:${of.line}`)),
      make("h4", {}, "Method resolution order"),
      ...(of.trouble ? [make("p", { class: "trouble" }, of.trouble)] : []),
      make("ol", { class: "order" }, ...order),
      ...(methods.length ? [make("h4", {}, "Methods of its own"), make("div", { class: "wide" }, make("table", {}, make("tbody", {}, ...methods)))] : []));
    detail.querySelector("h3").focus();
  };
  const cells = (of) => [of.id, of.kind, of.role, `${of.path}:${of.line}`, String(of.methods.length)];
  pagedTable(holder, ["type", "kind", "code", "defined at", "methods"], all, cells, open, "the types", detail);
}

function showModules(holder, { modules, phases, edges, cycles }) {
  const all = modules.map(([id, path]) => ({ id, path, parts: id.split(/::|\./) }));
  const separator = (id) => (id.includes("::") ? "::" : ".");
  const wanted = new Set(phases.filter((phase) => phase !== "implicit"));
  const state = { focus: [], cycle: -1, module: -1 };
  const outgoing = all.map(() => []);
  const incoming = all.map(() => []);
  edges.forEach(([from, to], at) => { outgoing[from].push(at); incoming[to].push(at); });
  const isWanted = (at) => wanted.has(phases[edges[at][2]]);
  const placeOf = ([from, , , line, file]) => `${file ?? all[from].path}:${line}`;

  const boxes = phases.map((phase) => {
    const box = make("input", { type: "checkbox", onchange: () => { box.checked ? wanted.add(phase) : wanted.delete(phase); show(); } });
    box.checked = wanted.has(phase);
    return make("label", {}, box, ` ${phase}`);
  });
  const choose = () => {
    Object.assign(state, { cycle: Number(choice.value), module: -1 });
    // A cycle is one by the imports of some phases: others are not part of it.
    if (state.cycle >= 0) {
      const own = cycles[state.cycle][0].split(", ");
      boxes.forEach((label, at) => {
        label.firstChild.checked = own.includes(phases[at]);
        label.firstChild.checked ? wanted.add(phases[at]) : wanted.delete(phases[at]);
      });
    }
    show();
  };
  const choice = make("select", { "aria-label": "what is drawn", onchange: choose },
    make("option", { value: -1 }, "packages"),
    ...cycles.map(([title, members], at) => make("option", { value: at }, `cycle of ${members.length} modules (${title})`)));
  const names = make("datalist", { id: "modules" });
  const input = make("input", { type: "search", list: "modules", placeholder: "go to a module", "aria-label": "go to a module" });
  input.addEventListener("input", () => {
    const text = input.value.trim().toLowerCase();
    const exact = all.findIndex((module) => module.id.toLowerCase() === text);
    const found = text.length < 2 ? [] : all.filter((module) => module.id.toLowerCase().includes(text)).slice(0, 30);
    names.replaceChildren(...found.map((module) => make("option", { value: module.id })));
    if (exact >= 0) goTo(exact);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const text = input.value.trim().toLowerCase();
    const found = text ? all.findIndex((module) => module.id.toLowerCase().includes(text)) : -1;
    if (found >= 0) goTo(found);
    else path.replaceChildren(`no module is called ${input.value}`);
  });
  const path = make("p", { class: "crumbs" });
  const stage = make("div");
  const detail = make("div", { class: "detail", "aria-live": "polite" });
  holder.append(make("div", { class: "filter" }, input, names, choice, ...boxes), path, stage,
    make("p", { class: "crumbs" }, "Lines: whole for imports on load, dashed for those in functions alone, dotted for type checkers alone. Ctrl and the wheel zoom, dragging moves."), detail);

  function goTo(module) {
    Object.assign(state, { module, cycle: -1 });
    choice.value = -1;
    show();
  }
  function enter(parts) {
    Object.assign(state, { focus: parts, cycle: -1, module: -1 });
    choice.value = -1;
    show();
    stage.querySelector("svg")?.focus();
  }

  /** Which node each module belongs to: itself, or the package below the focus that it lies in; -1 for none. */
  function grouping() {
    if (state.cycle >= 0) return bySet(new Set(cycles[state.cycle][1]));
    if (state.module >= 0) {
      const near = new Set([state.module]);
      for (const at of outgoing[state.module]) if (isWanted(at)) near.add(edges[at][1]);
      for (const at of incoming[state.module]) if (isWanted(at)) near.add(edges[at][0]);
      return bySet(near);
    }
    const { focus } = state;
    const nodes = new Map();
    const of = all.map((module, at) => {
      if (focus.some((part, depth) => module.parts[depth] !== part)) return -1;
      const child = module.parts[focus.length];
      const key = child ?? "";
      if (!nodes.has(key)) nodes.set(key, { position: nodes.size, members: [], child });
      const node = nodes.get(key);
      node.members.push(at);
      return node.position;
    });
    const groups = [...nodes.values()].map(({ members, child }) => {
      const first = all[members[0]];
      const isPackage = child !== undefined && members.some((at) => all[at].parts.length > focus.length + 1);
      const label = child === undefined ? `${first.parts.at(-1)} (itself)` : child;
      return { label: isPackage ? `${label} · ${members.length}` : label, kind: isPackage ? "package" : "", members, isItself: child === undefined,
        parts: isPackage ? [...focus, child] : null };
    });
    return { of, groups };
  }
  /** The one package that there is to see, beside the module that holds it. */
  function onlyPackage() {
    const { groups } = grouping();
    const others = groups.filter((group) => !group.isItself);
    return others.length === 1 && others[0].parts ? others[0] : null;
  }
  function bySet(set) {
    const groups = [...set].sort((a, b) => a - b).map((at) => ({ label: all[at].id, kind: at === state.module ? "focus" : "", members: [at], parts: null }));
    const of = new Array(all.length).fill(-1);
    groups.forEach((group, position) => { of[group.members[0]] = position; });
    return { of, groups };
  }

  function show() {
    // A root with one package says nothing: go on to where it divides.
    if (state.cycle < 0 && state.module < 0) {
      for (let only = onlyPackage(); only; only = onlyPackage()) state.focus = only.parts;
    }
    const { of, groups } = grouping();
    const joined = new Map();
    edges.forEach(([from, to, phase], at) => {
      if (!isWanted(at) || of[from] < 0 || of[to] < 0 || of[from] === of[to]) return;
      const key = of[from] * groups.length + of[to];
      if (!joined.has(key)) joined.set(key, { from: of[from], to: of[to], places: [], phases: new Set() });
      const edge = joined.get(key);
      edge.places.push(at);
      edge.phases.add(phases[phase]);
    });
    const degree = new Array(groups.length).fill(0);
    for (const edge of joined.values()) { degree[edge.from] += edge.places.length; degree[edge.to] += edge.places.length; }
    const order = groups.map((_, at) => at).sort((a, b) => (groups[b].kind === "focus") - (groups[a].kind === "focus") || degree[b] - degree[a] || a - b);
    const drawn = order.slice(0, MOST_NODES).sort((a, b) => a - b);
    const position = new Map(drawn.map((group, at) => [group, at]));
    const lines = [...joined.values()].filter((edge) => position.has(edge.from) && position.has(edge.to)).map((edge) => ({
      from: position.get(edge.from), to: position.get(edge.to), weight: edge.places.length,
      style: edge.phases.has("load") ? "solid" : edge.phases.has("local") ? "dashed" : "dotted",
      label: `${groups[edge.from].label} → ${groups[edge.to].label}: ${edge.places.length} imports (${[...edge.phases].join(", ")})`,
    }));
    stage.replaceChildren();
    detail.replaceChildren();
    crumbs(groups.length - drawn.length);
    if (drawn.length) {
      const drawing = drawGraph(stage, drawn.map((at) => groups[at]), lines, (at) => tell(groups[drawn[at]]));
      if (state.module >= 0) drawing.pick(position.get(of[state.module]));
    }
  }

  function crumbs(hidden) {
    const parts = [make("button", { type: "button", class: "link", onclick: () => enter([]) }, "all")];
    if (state.module >= 0) parts.push(" › imports of and by ", all[state.module].id);
    else if (state.cycle >= 0) parts.push(" › ", choice.selectedOptions[0].textContent);
    else state.focus.forEach((part, at) => parts.push(" › ", make("button", { type: "button", class: "link", onclick: () => enter(state.focus.slice(0, at + 1)) }, part)));
    if (hidden) parts.push(` — the ${MOST_NODES} with the most imports; ${hidden} more are found by the search`);
    path.replaceChildren(...parts);
  }

  /** Everything that a node imports, and everything that imports it, with places. */
  function tell(group) {
    const members = new Set(group.members);
    const leaving = group.members.flatMap((at) => outgoing[at]).filter((at) => isWanted(at) && !members.has(edges[at][1]));
    const coming = group.members.flatMap((at) => incoming[at]).filter((at) => isWanted(at) && !members.has(edges[at][0]));
    const name = group.members.length === 1 ? all[group.members[0]].id : (group.parts ?? []).join(separator(all[group.members[0]].id));
    const list = (title, found, other) => {
      const rows = found.slice(0, 200).map((at) => make("tr", {},
        make("td", {}, make("button", { type: "button", class: "link", onclick: () => goTo(edges[at][other]) }, ...breakable(all[edges[at][other]].id))),
        make("td", {}, phases[edges[at][2]]), make("td", {}, ...breakable(placeOf(edges[at])))));
      const more = found.length > rows.length ? [make("p", {}, `${found.length - rows.length} more`)] : [];
      return found.length ? [make("h4", {}, `${title} (${found.length})`), make("div", { class: "wide" }, make("table", {}, make("tbody", {}, ...rows))), ...more] : [];
    };
    const open = group.parts ? [make("button", { type: "button", onclick: () => enter(group.parts) }, `open ${name}`)]
      : [make("button", { type: "button", onclick: () => goTo(group.members[0]) }, "its neighbours")];
    const file = group.members.length === 1 ? [make("p", {}, ...breakable(all[group.members[0]].path ?? "a namespace package without a file"))]
      : [make("p", {}, `${group.members.length} modules`)];
    detail.replaceChildren(make("h3", {}, ...breakable(name)), ...file, ...open,
      ...list("Imports", leaving, 1), ...list("Imported by", coming, 0));
  }
  show();
}

const VIEWS = { types: showTypes, modules: showModules };
for (const section of document.querySelectorAll("section.view")) {
  const data = JSON.parse(section.querySelector("script").textContent);
  VIEWS[section.dataset.view](section, data);
}
