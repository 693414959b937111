// What a page has to have, as functions that return what is wrong: run in a browser by test_pages.py.
const CHECKS = {
  // Wider than the window.
  scroll: () => document.documentElement.scrollWidth > innerWidth ? [`${document.documentElement.scrollWidth} px wide`] : [],

  // Text whose contrast with what is behind it is below 4.5.
  contrast: () => {
    const parse = text => (text.match(/[\d.]+/g) || []).map(Number);
    const light = rgb => {
      const [r, g, b] = rgb.slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = one => {
      for (; one; one = one.parentElement) {
        const rgba = parse(getComputedStyle(one).backgroundColor);
        if (rgba.length === 3 || rgba[3] > 0.99) return rgba;
      }
      return [255, 255, 255];
    };
    const wrong = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const one = walker.currentNode.parentElement, style = getComputedStyle(one);
      if (!walker.currentNode.data.trim() || one.closest("script, style, .skip, #value") || !one.getClientRects().length) continue;
      const svg = one.closest("svg");
      const front = parse(svg ? style.fill : style.color);
      // On maps, whose colours are those of numbers.
      if (svg && ["254,254,254", "1,1,1"].includes(front.join())) continue;
      const [high, low] = [light(front), light(behind(one))].sort((a, b) => b - a);
      const ratio = (high + 0.05) / (low + 0.05);
      if (ratio < 4.5) wrong.add(`${ratio.toFixed(2)}: ${one.tagName} ${walker.currentNode.data.trim().slice(0, 30)}`);
    }
    return [...wrong];
  },

  // What has the focus, without a line around it that stands out from what is behind.
  focus: () => {
    const one = document.activeElement, style = getComputedStyle(one);
    const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    return one === document.body || seen ? [] : [one.tagName];
  },

  // Pictures and tables that tell nothing to who does not see them; headings that leave out a level.
  names: () => {
    const wrong = [];
    for (const one of document.querySelectorAll("svg, img")) {
      if (!(one.getAttribute("aria-label") || one.getAttribute("alt") || one.getAttribute("aria-hidden"))) wrong.push(one.tagName);
    }
    for (const one of document.querySelectorAll("th")) if (!one.scope || !one.textContent.trim()) wrong.push(`th ${one.textContent}`);
    for (const one of document.querySelectorAll("input:not(label input), button:empty")) wrong.push(one.tagName);
    let level = 0;
    for (const one of document.querySelectorAll("h1, h2, h3, h4")) {
      const now = Number(one.tagName[1]);
      if (now > level + 1) wrong.push(`${one.tagName} ${one.textContent}`);
      level = now;
    }
    if (document.querySelectorAll("h1").length !== 1) wrong.push("h1");
    for (const landmark of ["main", "nav[aria-label]"]) if (document.querySelectorAll(landmark).length !== 1) wrong.push(landmark);
    const first = document.querySelector("a, button");
    if (!first || !first.getAttribute("href")?.startsWith("#")) wrong.push("skip link");
    const ids = [...document.querySelectorAll("[id]")].map(one => one.id);
    wrong.push(...ids.filter((id, i) => ids.indexOf(id) < i));
    for (const one of document.querySelectorAll('a[href^="#"]')) {
      if (!document.getElementById(one.getAttribute("href").slice(1))) wrong.push(`nothing at ${one.getAttribute("href")}`);
    }
    return wrong;
  },

  // Symbols in sentences that are left as they were typed: indices, powers, roots, Greek letters, signs.
  symbols: () => {
    const plain = /(?<![\w.])[A-Za-z]['\d]*_[\w{]+|\S*\^\S*|\bsqrt\b|\b(?:alpha|beta|kappa|mu|rho|sigma|tau|psi|hbar)\b|[<>][=~]|->/g;
    const wrong = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      if (walker.currentNode.parentElement.closest("code, script, style, math, svg")) continue;
      for (const [one] of walker.currentNode.data.matchAll(plain)) wrong.add(one);
    }
    return [...wrong];
  },

  // Words of drawings that lie upon each other, beyond the drawing, or where it is cut.
  words: () => {
    const wrong = new Set();
    const moved = (x, y, at) => new DOMPoint(x, y).matrixTransform(at);
    const corners = ({ x, y, width, height }, at) =>
      [[x, y], [x + width, y], [x + width, y + height], [x, y + height]].map(one => moved(...one, at));
    // Shapes without dents are apart if a side of one, half a pixel further out, is between them.
    const apart = (one, other) => one.some((p, i) => {
      const q = one[(i + 1) % 4];
      return other.every(r => (r.x - p.x) * (q.y - p.y) - (r.y - p.y) * (q.x - p.x) >= -0.5 * Math.hypot(q.x - p.x, q.y - p.y));
    });
    for (const svg of document.querySelectorAll("main svg[aria-label]")) {
      if (!svg.getClientRects().length) continue;
      const at = svg.getScreenCTM(), { x, y, width, height } = svg.viewBox.baseVal;
      const words = [...svg.querySelectorAll("text")].map(one => {
        const box = one.getBBox(), none = box.height / 10; // Above and below all letters.
        const cut = one.closest("[clip-path]")?.getAttribute("clip-path").slice(5, -1);
        return {
          name: one.textContent,
          box: corners({ x: box.x, y: box.y + none, width: box.width, height: box.height - 2 * none }, one.getScreenCTM()),
          room: corners(cut ? document.getElementById(cut).firstElementChild.getBBox() : { x, y, width, height }, at),
        };
      });
      words.forEach(({ name, box, room: [{ x: left, y: top }, , { x: right, y: bottom }] }, i) => {
        const of = svg.getAttribute("aria-label");
        if (box.some(p => p.x < left - 1 || p.x > right + 1 || p.y < top - 1 || p.y > bottom + 1)) wrong.add(`${name} cut: ${of}`);
        for (const other of words.slice(0, i)) {
          if (!apart(box, other.box) && !apart(other.box, box)) wrong.add(`${name} upon ${other.name}: ${of}`);
        }
      });
    }
    return [...wrong];
  },

  // Words of drawings in letters below 9 pixels, and indices below 7.
  small: () => {
    const wrong = new Set();
    for (const text of document.querySelectorAll("main svg text")) {
      if (!text.getClientRects().length) continue;
      const parts = text.children.length ? [...text.children] : [text], { a, b } = text.getScreenCTM();
      const sizes = parts.map(one => parseFloat(getComputedStyle(one).fontSize) * Math.hypot(a, b));
      const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
      if (most < 9 || least < 7) wrong.add(`${least.toFixed(1)} px: ${text.textContent}`);
    }
    return [...wrong];
  },
};
