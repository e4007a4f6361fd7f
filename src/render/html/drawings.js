// Nodes and edges as a picture: laid out by forces, from what is used (below) to what uses it (above).

const SVG = "http://www.w3.org/2000/svg";
function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** How far each node is from one that nothing leads to; what stands in a cycle is as far as it was first met. */
function ranksOf(count, edges) {
  const incoming = new Array(count).fill(0);
  const next = Array.from({ length: count }, () => []);
  for (const [from, to] of edges) {
    if (from === to) continue;
    incoming[to] += 1;
    next[from].push(to);
  }
  const ranks = new Array(count).fill(0);
  const isDone = new Array(count).fill(false);
  let ready = incoming.flatMap((number, at) => (number ? [] : [at]));
  for (let done = 0; done < count; ) {
    if (!ready.length) {
      // Only cycles are left: the node with the fewest uses goes first.
      let best = -1;
      for (let at = 0; at < count; at += 1) {
        if (!isDone[at] && (best < 0 || incoming[at] < incoming[best])) best = at;
      }
      ready = [best];
    }
    const later = [];
    for (const at of ready) {
      if (isDone[at]) continue;
      isDone[at] = true;
      done += 1;
      for (const to of next[at]) {
        incoming[to] -= 1;
        if (!isDone[to]) {
          ranks[to] = Math.max(ranks[to], ranks[at] + 1);
          if (incoming[to] === 0) later.push(to);
        }
      }
    }
    ready = later;
  }
  return ranks;
}

/** Where each node begins: rank below rank, no row wider than a page; nodes without an edge come last. */
function rowsOf(ranks, edges, widths) {
  const isJoined = new Array(ranks.length).fill(false);
  for (const [from, to] of edges) if (from !== to) { isJoined[from] = true; isJoined[to] = true; }
  const order = ranks.map((_, at) => at).sort((a, b) => isJoined[b] - isJoined[a] || ranks[a] - ranks[b] || a - b);
  const rows = [];
  let [row, used, y] = [[], 0, 0];
  const close = () => {
    let x = -used / 2;
    for (const at of row) { rows[at] = { x: x + widths[at] / 2, y }; x += widths[at] + 30; }
    [row, used] = [[], 0];
  };
  order.forEach((at, number) => {
    const before = order[number - 1];
    const isNewRank = number > 0 && (isJoined[before] !== isJoined[at] || (isJoined[at] && ranks[before] !== ranks[at]));
    if (number > 0 && (isNewRank || used + widths[at] > 1050)) { close(); y += isNewRank ? 95 : 55; }
    row.push(at);
    used += widths[at] + 30;
  });
  close();
  return rows;
}

/**
 * Draws into `holder`. `nodes`: [{label, kind?}], `edges`: [{from, to, style, label?, weight?}] by position.
 * `choose(position)` is called when a node is chosen.
 */
function drawGraph(holder, nodes, edges, choose) {
  const ends = edges.map((edge) => [edge.from, edge.to]);
  const widths = nodes.map((node) => Math.min(46, node.label.length) * 6.6 + 16);
  const rows = rowsOf(ranksOf(nodes.length, ends), ends, widths);
  const points = nodes.map((_, at) => ({ x: rows[at].x, y: rows[at].y, width: widths[at] }));
  const links = edges.filter((edge) => edge.from !== edge.to).map((edge) => ({ source: edge.from, target: edge.to }));
  const forces = d3
    .forceSimulation(points)
    .randomSource(() => 0.5)
    .force("links", d3.forceLink(links).distance(120).strength(0.08))
    .force("apart", d3.forceManyBody().strength(-420).distanceMax(600))
    .force("rows", d3.forceY((_, at) => rows[at].y).strength(0.95))
    .force("middle", d3.forceX(0).strength(0.03))
    .force("collide", () => keepApart(points))
    .stop();
  const rounds = nodes.length > 60 ? 120 : 300;
  for (let round = 0; round < rounds; round += 1) forces.tick();
  for (let round = 0; round < 60; round += 1) keepApart(points);

  const id = `arrow${(drawGraph.drawn = (drawGraph.drawn ?? 0) + 1)}`;
  const arrow = (name, fill) =>
    draw("marker", { id: `${id}${name}`, viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 9, markerHeight: 9,
      markerUnits: "userSpaceOnUse", orient: "auto-start-reverse" }, draw("path", { d: "M0 0 L10 5 L0 10 z", fill, stroke: "currentColor" }));
  const svg = draw("svg", { tabindex: 0, role: "group", "aria-label": "a drawing: plus and minus zoom, arrows move, 0 shows all" },
    draw("defs", {}, arrow("full", "currentColor"), arrow("open", "Canvas")));
  const lines = edges.map((edge) => {
    const [a, b] = [points[edge.from], points[edge.to]];
    const style = edge.style ?? "solid";
    const line = draw("path", { class: `edge ${style}`, d: pathBetween(a, b),
      "marker-end": `url(#${id}${style === "inherits" ? "open" : "full"})` });
    if (edge.weight > 1) line.style.strokeWidth = Math.min(5, 1 + Math.log2(edge.weight) / 2);
    if (edge.label) line.append(draw("title", {}, document.createTextNode(edge.label)));
    svg.append(line);
    return line;
  });
  const groups = nodes.map((node, at) => {
    const { x, y, width } = points[at];
    const label = node.label.length > 46 ? `…${node.label.slice(-45)}` : node.label;
    const group = draw("g", { class: `node ${node.kind ?? ""}`, tabindex: 0, role: "button", "aria-label": node.label,
      transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` },
      draw("rect", { x: -width / 2, y: -13, width, height: 26, rx: 6 }),
      draw("text", { "text-anchor": "middle", dy: "0.35em" }, document.createTextNode(label)),
      draw("title", {}, document.createTextNode(node.label)));
    const pick = () => {
      groups.forEach((other) => other.classList.remove("chosen"));
      group.classList.add("chosen");
      lines.forEach((line, number) => line.classList.toggle("near", edges[number].from === at || edges[number].to === at));
      choose?.(at);
    };
    group.addEventListener("click", pick);
    group.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(); }
    });
    svg.append(group);
    return group;
  });
  const frame = make("div", { class: "drawing" }, svg);
  holder.prepend(frame);
  addZoom(frame, svg, points);
  return { pick: (at) => groups[at]?.dispatchEvent(new Event("click")) };
}

/** Boxes that overlap push each other aside, sideways where they can. */
function keepApart(points) {
  const order = points.map((_, at) => at).sort((a, b) => points[a].y - points[b].y || points[a].x - points[b].x || a - b);
  for (let i = 0; i < order.length; i += 1) {
    for (let j = i + 1; j < order.length; j += 1) {
      const [a, b] = [points[order[i]], points[order[j]]];
      if (b.y - a.y > 34) break;
      const overlap = (a.width + b.width) / 2 + 24 - Math.abs(b.x - a.x);
      if (overlap <= 0) continue;
      const side = b.x > a.x || (b.x === a.x && order[j] > order[i]) ? 1 : -1;
      a.x -= (side * overlap) / 2;
      b.x += (side * overlap) / 2;
    }
  }
}

/** From the edge of one box to the edge of the other; a node that leads to itself gets a loop. */
function pathBetween(a, b) {
  if (a === b) return `M${a.x + a.width / 2} ${a.y - 6} c28 -16 28 28 0 12`;
  const cut = (from, to) => {
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const scale = Math.min(Math.abs(dx) > 0.01 ? (from.width / 2 + 2) / Math.abs(dx) : Infinity,
      Math.abs(dy) > 0.01 ? 15 / Math.abs(dy) : Infinity, 0.5);
    return [from.x + dx * scale, from.y + dy * scale];
  };
  const [[x1, y1], [x2, y2]] = [cut(a, b), cut(b, a)];
  // Two ways between the same boxes stay apart.
  const bend = 0.06;
  const [mx, my] = [(x1 + x2) / 2 - (y2 - y1) * bend, (y1 + y2) / 2 + (x2 - x1) * bend];
  return `M${x1.toFixed(1)} ${y1.toFixed(1)} Q${mx.toFixed(1)} ${my.toFixed(1)} ${x2.toFixed(1)} ${y2.toFixed(1)}`;
}

/** Buttons, keys, wheel with Ctrl and dragging move what is seen of a drawing. */
function addZoom(frame, svg, points) {
  const left = Math.min(...points.map((p) => p.x - p.width / 2)) - 20;
  const right = Math.max(...points.map((p) => p.x + p.width / 2)) + 40;
  const top = Math.min(...points.map((p) => p.y)) - 40;
  const bottom = Math.max(...points.map((p) => p.y)) + 40;
  const whole = { x: left, y: top, w: Math.max(right - left, 300), h: Math.max(bottom - top, 120) };
  // As high as it needs at full size, within reason.
  svg.style.height = `${Math.min(620, Math.max(160, whole.h))}px`;
  let view = { ...whole };
  const show = () => svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`);
  const zoom = (factor, fx = 0.5, fy = 0.5) => {
    const limited = Math.min(whole.w * 2, Math.max(60, view.w * factor)) / view.w;
    view = { x: view.x + view.w * fx * (1 - limited), y: view.y + view.h * fy * (1 - limited), w: view.w * limited, h: view.h * limited };
    show();
  };
  const move = (dx, dy) => { view.x += dx * view.w; view.y += dy * view.h; show(); };
  const all = () => { view = { ...whole }; show(); };
  const keys = {
    "+": () => zoom(0.8), "=": () => zoom(0.8), "-": () => zoom(1.25), "0": all,
    ArrowLeft: () => move(-0.1, 0), ArrowRight: () => move(0.1, 0), ArrowUp: () => move(0, -0.1), ArrowDown: () => move(0, 0.1),
  };
  svg.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (act && !event.ctrlKey && !event.metaKey) { event.preventDefault(); act(); }
  });
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const at = svg.getBoundingClientRect();
    zoom(event.deltaY < 0 ? 0.85 : 1.18, (event.clientX - at.left) / at.width, (event.clientY - at.top) / at.height);
  }, { passive: false });
  let grip = null;
  svg.addEventListener("pointerdown", (event) => { if (event.target === svg) { grip = event; svg.setPointerCapture(event.pointerId); } });
  svg.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const scale = Math.max(view.w / svg.clientWidth, view.h / svg.clientHeight);
    view.x -= (event.clientX - grip.clientX) * scale;
    view.y -= (event.clientY - grip.clientY) * scale;
    grip = event;
    show();
  });
  svg.addEventListener("pointerup", () => { grip = null; });
  const button = (text, label, act) => make("button", { type: "button", "aria-label": label, title: label, onclick: act }, text);
  frame.append(make("div", { class: "zoom" }, button("+", "closer", () => zoom(0.8)), button("−", "farther", () => zoom(1.25)), button("⤢", "show all", all)));
  show();
}

for (const figure of document.querySelectorAll("figure.graph")) {
  const { nodes, edges } = JSON.parse(figure.querySelector("script").textContent);
  const positions = new Map(nodes.map((node, at) => [node.id, at]));
  const place = (id) => {
    if (!positions.has(id)) { positions.set(id, nodes.length); nodes.push({ id, label: id }); }
    return positions.get(id);
  };
  const placed = edges.map((edge) => ({ ...edge, from: place(edge.from), to: place(edge.to) }));
  drawGraph(figure, nodes, placed);
}
