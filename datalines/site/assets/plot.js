// Draws an experiment's models as an SVG scatter plot: accuracy on the reference set against accuracy under a shift.
// Reads the JSON of #plot-data, needs nothing else; without scripts the figure that stands in its place stays.
"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const LEFT = 62, RIGHT = 16, TOP = 14, BOTTOM = 54, NARROWEST = 320, WIDEST = 760;
  const TICKS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999];
  const DASHES = ["", "7 3", "2 3", "9 3 2 3", "5 2", "12 4"];
  const data = JSON.parse(document.getElementById("plot-data").textContent);
  const place = document.getElementById("plot");
  const shown = new Set(data.families.map((_, number) => number));
  let shift = data.shifts[0].name, axis = data.axis, drawn = [], current = -1;
  let WIDTH = WIDEST, HEIGHT = 560;

  function make(name, attributes, parent, text) {
    const element = name === name.toUpperCase() ? document.createElement(name.toLowerCase()) : document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    if (parent) parent.append(element);
    return element;
  }

  // Acklam's rational approximation of the inverse normal distribution; its error is below 1.2e-9.
  function probit(p) {
    const a = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239];
    const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572];
    const c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783];
    const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
    const poly = (coefficients, x) => coefficients.reduce((sum, value) => sum * x + value, 0);
    if (p <= 0 || p >= 1) return p <= 0 ? -Infinity : Infinity;
    if (p > 0.97575) return -probit(1 - p);
    if (p < 0.02425) {
      const q = Math.sqrt(-2 * Math.log(p));
      return poly(c, q) / poly([...d, 1], q);
    }
    const q = p - 0.5, r = q * q;
    return (poly(a, r) * q) / poly([...b, 1], r);
  }

  const forward = { probit, logit: (p) => Math.log(p / (1 - p)), linear: (p) => p };
  const percent = (p) => `${(100 * p).toFixed(1)} %`;
  const bare = (p) => `${+(100 * p).toPrecision(3)}`;

  function mark(kind, x, y, r, attributes, parent) {
    const ring = (turn, corners, inner) => [...Array(corners).keys()].map((k) => {
      const angle = turn + (2 * Math.PI * k) / corners, size = inner && k % 2 ? r * inner : r;
      return `${(x + size * Math.sin(angle)).toFixed(2)},${(y - size * Math.cos(angle)).toFixed(2)}`;
    }).join(" ");
    if (kind === "o") return make("circle", { cx: x.toFixed(2), cy: y.toFixed(2), r: r * 0.9, ...attributes }, parent);
    const shapes = {
      s: [Math.PI / 4, 4], D: [0, 4], "^": [0, 3], v: [Math.PI, 3], "<": [-Math.PI / 2, 3], ">": [Math.PI / 2, 3],
      h: [0, 6], p: [0, 5], P: [0, 8, 0.42], X: [Math.PI / 4, 8, 0.42],
    };
    const [turn, corners, inner] = shapes[kind] || [0, 6];
    return make("polygon", { points: ring(turn, corners, inner), ...attributes }, parent);
  }

  function words(point) {
    const family = data.families[point.family], x = point.on[data.reference.name], y = point.on[shift];
    const run = [family.title, point.size && `size ${point.size}`, point.seed !== null && `seed ${point.seed}`,
      point.epoch !== null && `epoch ${point.epoch}`, point.kind === "ensemble" && point.weight !== null && `weight ${point.weight}`];
    const value = (title, [top1, low, high, n]) => `${title}: ${percent(top1)}` +
      (low === null ? "" : ` [${percent(low)} to ${percent(high)}]`) + (n === null ? "" : `, ${n} images`);
    const title = data.shifts.find((entry) => entry.name === shift).title;
    return [run.filter(Boolean).join(", "), value(data.reference.title, x), value(title, y)];
  }

  function visible() {
    const at = forward[axis], found = [];
    let beyond = 0;
    for (const point of data.points) {
      const x = point.on[data.reference.name], y = point.on[shift];
      if (!shown.has(point.family) || !x || !y) continue;
      const spot = { point, x: at(x[0]), y: at(y[0]) };
      if (Number.isFinite(spot.x) && Number.isFinite(spot.y)) found.push(spot);
      else beyond += 1;
    }
    return { found: found.sort((a, b) => a.x - b.x || a.y - b.y), beyond };
  }

  function range(values) {
    const low = Math.min(...values), high = Math.max(...values), pad = 0.06 * (high - low || 1);
    return [low - pad, high + pad];
  }

  function ticks([low, high]) {
    const wanted = axis === "linear" ? [...Array(21).keys()].map((k) => k / 20) : TICKS;
    const inside = wanted.map((p) => [p, forward[axis](p)]).filter(([, value]) => value >= low && value <= high);
    const step = Math.ceil(inside.length / (WIDTH < 500 ? 5 : 9));
    return inside.filter((_, number) => number % step === 0);
  }

  function grid(svg, scaleX, scaleY, xs, ys) {
    for (const [p, value] of ticks(xs)) {
      make("line", { x1: scaleX(value), x2: scaleX(value), y1: TOP, y2: HEIGHT - BOTTOM, class: "grid" }, svg);
      make("text", { x: scaleX(value), y: HEIGHT - BOTTOM + 16, class: "tick", "text-anchor": "middle" }, svg, bare(p));
    }
    for (const [p, value] of ticks(ys)) {
      make("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: scaleY(value), y2: scaleY(value), class: "grid" }, svg);
      make("text", { x: LEFT - 7, y: scaleY(value) + 4, class: "tick", "text-anchor": "end" }, svg, bare(p));
    }
    const middle = (TOP + HEIGHT - BOTTOM) / 2, title = data.shifts.find((entry) => entry.name === shift).title;
    make("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 10, class: "label", "text-anchor": "middle" }, svg, `${data.reference.title}, top-1 (%, ${axis})`);
    make("text", { x: 16, y: middle, class: "label", "text-anchor": "middle", transform: `rotate(-90 16 ${middle})` }, svg, `${title}, top-1 (%, ${axis})`);
  }

  function lines(svg, spots, scaleX, scaleY) {
    const all = spots.map((spot) => spot.x);
    const equal = range(all);
    make("line", { x1: scaleX(equal[0]), x2: scaleX(equal[1]), y1: scaleY(equal[0]), y2: scaleY(equal[1]), class: "equality" }, svg);
    for (const [family, on, fitted, slope, intercept] of data.fits) {
      if (on !== shift || fitted !== axis || !shown.has(family)) continue;
      const own = spots.filter((spot) => spot.point.family === family).map((spot) => spot.x);
      const [low, high] = own.length > 1 ? [Math.min(...own), Math.max(...own)] : range(all);
      const look = data.families[family];
      make("line", { x1: scaleX(low), x2: scaleX(high), y1: scaleY(intercept + slope * low), y2: scaleY(intercept + slope * high),
        stroke: look.colour, class: "fit", "stroke-dasharray": DASHES[family % DASHES.length], "data-family": look.name }, svg);
    }
  }

  function draw() {
    const { found, beyond } = visible();
    drawn = found;
    current = -1;
    hide();
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    note.textContent = `${found.length} models are shown.` + (beyond ? ` ${beyond} at 0 or 100 % have no place on ${axis} axes.` : "");
    if (!found.length) {
      make("text", { x: WIDTH / 2, y: HEIGHT / 2, class: "label", "text-anchor": "middle" }, svg, "No family is shown.");
      return;
    }
    const xs = range(found.map((spot) => spot.x)), ys = range(found.map((spot) => spot.y));
    const scaleX = (value) => LEFT + ((value - xs[0]) / (xs[1] - xs[0])) * (WIDTH - LEFT - RIGHT);
    const scaleY = (value) => HEIGHT - BOTTOM - ((value - ys[0]) / (ys[1] - ys[0])) * (HEIGHT - TOP - BOTTOM);
    const clip = make("clipPath", { id: "inside" }, make("defs", {}, svg));
    make("rect", { x: LEFT, y: TOP, width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM }, clip);
    grid(svg, scaleX, scaleY, xs, ys);
    lines(make("g", { "clip-path": "url(#inside)" }, svg), found, scaleX, scaleY);
    found.forEach((spot, number) => {
      const look = data.families[spot.point.family], hollow = spot.point.on[data.reference.name][0] < data.floor;
      const paint = { fill: hollow ? "#fff" : look.colour, stroke: hollow ? look.colour : "#fff" };
      spot.element = mark(look.marker, scaleX(spot.x), scaleY(spot.y), 6.5, { ...paint, class: "point", "data-family": look.name }, svg);
      spot.element.addEventListener("pointerenter", () => show(number));
      spot.element.addEventListener("pointerleave", hide);
      spot.element.addEventListener("click", () => follow(spot.point));
    });
  }

  function show(number) {
    hide();
    current = number;
    const { point, element } = drawn[number], text = words(point);
    element.classList.add("on");
    tip.replaceChildren(...text.map((line) => make("P", {}, null, line)));
    tip.hidden = false;
    const box = element.getBoundingClientRect(), around = frame.getBoundingClientRect();
    const left = box.left - around.left + 16, top = box.top - around.top + 14;
    tip.style.left = `${Math.max(0, Math.min(left, around.width - tip.offsetWidth))}px`;
    tip.style.top = `${top}px`;
    said.textContent = text.join(". ");
  }

  function hide() {
    tip.hidden = true;
    svg.querySelectorAll(".on").forEach((element) => element.classList.remove("on"));
  }

  function follow(point) {
    if (point.page) window.location.href = point.page;
  }

  function step(event) {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (by && drawn.length) show((Math.max(current, by < 0 ? 0 : -1) + by + drawn.length) % drawn.length);
    else if (event.key === "Enter" && current >= 0) follow(drawn[current].point);
    else if (event.key === "Escape") hide();
    else return;
    event.preventDefault();
  }

  function choice(label, options, value, change) {
    const select = make("SELECT", {}, make("LABEL", {}, controls, `${label} `));
    for (const [name, title] of options) make("OPTION", name === value ? { value: name, selected: "" } : { value: name }, select, title);
    select.addEventListener("change", () => { change(select.value); draw(); });
  }

  function legend() {
    data.families.forEach((look, number) => {
      if (!data.points.some((point) => point.family === number) && !data.fits.some((fit) => fit[0] === number)) return;
      const button = make("BUTTON", { type: "button", "aria-pressed": "true", "data-family": look.name }, keys);
      const sign = make("svg", { viewBox: "0 0 44 16", width: 44, height: 16, "aria-hidden": "true" }, button);
      make("line", { x1: 1, x2: 43, y1: 8, y2: 8, stroke: look.colour, class: "fit", "stroke-dasharray": DASHES[number % DASHES.length] }, sign);
      mark(look.marker, 22, 8, 6, { fill: look.colour, stroke: "#fff" }, sign);
      make("SPAN", {}, button, look.title + (look.baseline ? " (baseline)" : ""));
      button.addEventListener("click", () => {
        const on = !shown.has(number);
        if (on) shown.add(number); else shown.delete(number);
        button.setAttribute("aria-pressed", String(on));
        draw();
      });
    });
  }

  const wanted = decodeURIComponent(window.location.hash.replace(/^#shift-/, ""));
  if (data.shifts.some((entry) => entry.name === wanted)) shift = wanted;
  place.replaceChildren();
  const controls = make("DIV", { class: "controls" }, place);
  const frame = make("DIV", { class: "frame" }, place);
  const svg = make("svg", { tabindex: 0, role: "img", "aria-describedby": "plot-help",
    "aria-label": `${data.title}: accuracy on ${data.reference.title} against accuracy under a shift` }, frame);
  const tip = make("DIV", { class: "tip", hidden: "" }, frame);
  const said = make("P", { class: "unseen", "aria-live": "polite" }, place);
  const note = make("P", { class: "note" }, place);
  const keys = make("DIV", { class: "keys", role: "group", "aria-label": "Families; press one to hide or show it" }, place);
  choice("Shift", data.shifts.map((entry) => [entry.name, entry.title]), shift, (value) => { shift = value; });
  choice("Axes", ["probit", "logit", "linear"].map((name) => [name, name]), axis, (value) => { axis = value; });
  svg.addEventListener("keydown", step);
  svg.addEventListener("blur", hide);
  legend();
  // As wide as the page allows, so that texts keep their size on a phone.
  function fit() {
    const width = Math.round(Math.min(WIDEST, Math.max(NARROWEST, place.clientWidth)));
    if (width === WIDTH && drawn.length) return;
    [WIDTH, HEIGHT] = [width, Math.round(Math.max(0.74 * width, 330))];
    draw();
  }
  window.addEventListener("resize", fit);
  fit();
})();
