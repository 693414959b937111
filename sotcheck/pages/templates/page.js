"use strict";
// Tables sort, filter and search; the side bar folds; entries open; figures tell values. Without it, all is there.

// --- the side bar ------------------------------------------------------------------------
const list = document.getElementById("sections");
const fold = Object.assign(document.createElement("button"), { type: "button", textContent: "Sections" });
fold.setAttribute("aria-controls", "sections");
function folded(yes) {
  list.classList.toggle("folded", yes);
  fold.setAttribute("aria-expanded", String(!yes));
}
fold.onclick = () => folded(!list.classList.contains("folded"));
list.before(fold);
folded(true);
list.addEventListener("click", () => folded(true));
const links = new Map([...list.querySelectorAll('a[href^="#"]')].map(a => [a.getAttribute("href").slice(1), a]));
const seen = new IntersectionObserver(found => found.forEach(one => {
  links.get(one.target.id).classList.toggle("here", one.isIntersecting);
}), { rootMargin: "-20% 0px -75% 0px" });
document.querySelectorAll("section[id]").forEach(one => links.has(one.id) && seen.observe(one));

// --- an address opens the entry that it names --------------------------------------------
function open() {
  const one = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (one && one.tagName === "DETAILS") {
    one.open = true;
    one.scrollIntoView();
  }
}
addEventListener("hashchange", open);
open();

// --- tables ------------------------------------------------------------------------------
const ROWS = 8; // With fewer there is nothing to look for.
const number = text => Number(text.replace("−", "-").match(/^[<>]?\s*(-?[\d.]+(e[-+]?\d+)?)/)?.[1] ?? NaN);

function sort(table, column, head) {
  const down = head.getAttribute("aria-sort") === "ascending";
  table.querySelectorAll("th").forEach(one => one.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const numbers = table.classList.contains(`n${column + 1}`);
  const key = row => numbers ? number(row.cells[column].textContent) : row.cells[column].textContent;
  const order = (a, b) => numbers ? (isNaN(a) - isNaN(b)) || (down ? b - a : a - b)
    : (down ? -1 : 1) * a.localeCompare(b, undefined, { numeric: true });
  table.tBodies[0].append(...[...table.tBodies[0].rows].sort((a, b) => order(key(a), key(b))));
}

// A line to search with, and to ask what disagrees, above rows of a table or entries that open.
function look(rows, place) {
  const bar = document.createElement("div"), label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type: "search" });
  const told = document.createElement("span");
  bar.className = "find";
  told.setAttribute("role", "status");
  label.append("Search ", input);
  bar.append(label);
  const verdicts = ".agrees, .disagrees, .inconclusive", bad = ".disagrees, .inconclusive";
  const judged = row => row.tagName === "DETAILS" ? row.matches(bad) : row.querySelector(bad) !== null;
  const only = rows.some(row => row.querySelector(verdicts))
    && Object.assign(document.createElement("button"), { type: "button", textContent: "What disagrees" });
  function show() {
    const words = input.value.toLowerCase(), pressed = only && only.getAttribute("aria-pressed") === "true";
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(words) || (pressed && !judged(row));
    const left = rows.filter(row => !row.hidden).length;
    told.textContent = left < rows.length ? `${left} of ${rows.length}` : "";
  }
  input.oninput = show;
  if (only) {
    only.setAttribute("aria-pressed", "false");
    only.onclick = () => { only.setAttribute("aria-pressed", String(only.getAttribute("aria-pressed") !== "true")); show(); };
    bar.append(only);
  }
  bar.append(told);
  place.before(bar);
}

for (const table of document.querySelectorAll("table")) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length > 2) [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (!head.textContent) return;
    const button = Object.assign(document.createElement("button"), { type: "button" });
    button.append(...head.childNodes);
    button.onclick = () => sort(table, column, head);
    head.append(button);
  });
  if (rows.length > ROWS) look(rows, table.parentElement);
}
for (const section of document.querySelectorAll("section")) {
  const entries = [...section.querySelectorAll(":scope > details")];
  if (entries.length > ROWS) look(entries, entries[0]);
}

// --- values of figures -------------------------------------------------------------------
const tip = Object.assign(document.createElement("div"), { id: "value" });
document.body.append(tip);
const SCATTER = [{ n: 0, box: [-110, -110, 110, 110], x: [-1.1, 1.1, 0], y: [-1.1, 1.1, 0], names: ["formula", "exact"] }];
const digits = value => String(Number(value.toPrecision(3)));

// From a place in the drawing to a number on its axis: [least, largest, whether logarithmic].
function onAxis([low, high, log], part) {
  return log ? low * (high / low) ** part : low + (high - low) * part;
}

// Points of a curve, in the drawing: of a line, whose steps go on from place to place, and of marks.
function points(curve) {
  if (!curve.points) {
    curve.points = [...curve.querySelectorAll("use")].map(one => [+one.getAttribute("x"), +one.getAttribute("y")]);
    for (const path of curve.querySelectorAll("path:not([id])")) {
      let x = 0, y = 0;
      for (const [, letter, a, b] of path.getAttribute("d").matchAll(/([MLlh])(-?[\d.]+) ?(-?[\d.]+)?/g)) {
        if (letter === "h") continue;
        [x, y] = letter === "l" ? [x + +a, y + +b] : [+a, +b];
        curve.points.push([x, y]);
      }
    }
  }
  return curve.points;
}

// The number that a colour of a map stands for: the nearest place on its scale.
function colour(axes, [r, g, b]) {
  const stops = axes.colors.match(/../g).map(hex => parseInt(hex, 16));
  let best = [Infinity, 0];
  const last = stops.length / 3 - 1;
  for (let i = 0; i < last; i++) for (let s = 0; s < 1; s += 1 / 16) {
    const off = [r, g, b].reduce((sum, c, j) => sum + (stops[3 * i + j] * (1 - s) + stops[3 * i + 3 + j] * s - c) ** 2, 0);
    if (off < best[0]) best = [off, (i + s) / last];
  }
  const [low, high, power] = axes.map;
  return power ? low + (high - low) * best[1] ** (1 / power) : low * (high / low) ** best[1];
}

function pixel(svg, event) {
  for (const image of svg.querySelectorAll("image")) {
    const box = image.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width, y = (event.clientY - box.top) / box.height;
    if (x < 0 || x >= 1 || y < 0 || y >= 1) continue;
    if (!image.pixels) {
      const from = new Image();
      from.src = image.getAttribute("href");
      from.onload = () => {
        const canvas = Object.assign(document.createElement("canvas"), { width: from.width, height: from.height });
        const drawn = canvas.getContext("2d");
        drawn.drawImage(from, 0, 0);
        image.pixels = drawn.getImageData(0, 0, from.width, from.height);
      };
      return null;
    }
    const { width, height, data } = image.pixels;
    // Matplotlib's pictures stand on their head if their drawing turns them over.
    const row = Math.floor((image.getCTM().d < 0 ? 1 - y : y) * height);
    const at = 4 * (row * width + Math.floor(x * width));
    return data[at + 3] ? [...data.slice(at, at + 3)] : null;
  }
  return null;
}

function read(svg, event) {
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  svg.axes ??= svg.dataset.axes ? JSON.parse(svg.dataset.axes.replaceAll("'", '"')) : SCATTER;
  const axes = svg.axes.find(({ box: [l, t, r, b] }) => at.x >= l && at.x <= r && at.y >= t && at.y <= b);
  if (!axes) return "";
  const [left, top, right, bottom] = axes.box;
  let best = { off: 20, x: at.x, y: at.y, name: "" };
  for (const curve of svg.querySelectorAll(`[data-at="${axes.n}"]`)) for (const [x, y] of points(curve)) {
    const off = Math.hypot(x - at.x, y - at.y);
    if (off < best.off) best = { off, x, y, name: curve.dataset.name + "\n" };
  }
  const x = onAxis(axes.x, (best.x - left) / (right - left)), y = onAxis(axes.y, (bottom - best.y) / (bottom - top));
  const rgb = axes.map && pixel(svg, event);
  const value = rgb ? `\nvalue ${digits(colour(axes, rgb))}` : "";
  return `${best.name}${axes.names[0] || "x"}: ${digits(x)}\n${axes.names[1] || "y"}: ${digits(y)}${value}`;
}

for (const svg of document.querySelectorAll("svg[data-axes], .scatter svg")) {
  svg.addEventListener("pointermove", event => {
    tip.textContent = read(svg, event);
    tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${Math.max(event.clientY - tip.offsetHeight - 10, 4)}px`;
  });
  svg.addEventListener("pointerleave", () => { tip.textContent = ""; });
}
