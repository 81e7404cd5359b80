// Shared by all explorables. A program defines draw(ui, data); mount puts it where the still picture stands.
const SVG = "http://www.w3.org/2000/svg";
const BLUE = "#0072B2", ORANGE = "#D55E00", GREEN = "#009E73", PURPLE = "#CC79A7", LINE = "currentColor";

function add(parent, tag, attributes = {}, text = "") {
  const svg = parent.namespaceURI === SVG || tag === "svg";
  const node = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text) node.textContent = text;
  return parent.appendChild(node);
}

// A panel with axes from x[0] to x[1] and y[0] to y[1], no frame where bare; its methods take values, not pixels.
function panel(parent, { x, y, title = "", xlabel = "", ylabel = "", xticks = [], yticks = [], bare = false, height = 280 }) {
  const root = add(parent, "svg", { viewBox: `0 0 360 ${height}`, "aria-hidden": "true" });
  const box = bare ? [20, 28, 340, height - 12] : [52, 28, 350, height - 42];
  const X = (value) => box[0] + ((value - x[0]) / (x[1] - x[0])) * (box[2] - box[0]);
  const Y = (value) => box[3] - ((value - y[0]) / (y[1] - y[0])) * (box[3] - box[1]);
  add(root, "text", { x: bare ? 20 : box[0], y: 16 }, title);
  if (!bare) {
    add(root, "path", { d: `M${box[0]} ${box[1]}V${box[3]}H${box[2]}`, fill: "none", stroke: LINE });
    for (const tick of xticks) {
      add(root, "path", { d: `M${X(tick)} ${box[3]}v4`, stroke: LINE });
      add(root, "text", { x: X(tick), y: box[3] + 17, "text-anchor": "middle" }, String(tick));
    }
    for (const tick of yticks) {
      add(root, "path", { d: `M${box[0]} ${Y(tick)}h-4`, stroke: LINE });
      add(root, "text", { x: box[0] - 7, y: Y(tick) + 4, "text-anchor": "end" }, String(tick));
    }
    add(root, "text", { x: (box[0] + box[2]) / 2, y: height - 6, "text-anchor": "middle" }, xlabel);
    add(root, "text", { x: 14, y: (box[1] + box[3]) / 2, "text-anchor": "middle", transform: `rotate(-90 14 ${(box[1] + box[3]) / 2})` }, ylabel);
  }
  let layer = add(root, "g");
  const inside = (px, py) => px >= box[0] - 1 && px <= box[2] + 1 && py >= box[1] - 8 && py <= box[3] + 1;
  return {
    root,
    at: (event) => {
      const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(root.getScreenCTM().inverse());
      return [x[0] + ((p.x - box[0]) / (box[2] - box[0])) * (x[1] - x[0]), y[0] + ((box[3] - p.y) / (box[3] - box[1])) * (y[1] - y[0])];
    },
    clear: () => { layer.remove(); layer = add(root, "g"); },
    line: (xs, ys, colour, dash = "", width = 2) => {
      let path = "", pen = false;
      xs.forEach((value, i) => {
        const ok = ys[i] !== null && inside(X(value), Y(ys[i]));
        if (ok) path += `${pen ? "L" : "M"}${X(value).toFixed(1)} ${Y(ys[i]).toFixed(1)}`;
        pen = ok;
      });
      add(layer, "path", { d: path, fill: "none", stroke: colour, "stroke-width": width, "stroke-dasharray": dash });
    },
    arrow: (fx, fy, tx, ty, colour) => {
      const [a, b, c, d] = [X(fx), Y(fy), X(tx), Y(ty)], size = Math.hypot(c - a, d - b), head = Math.min(7, size);
      if (size < 0.5) return;
      const [ux, uy] = [(c - a) / size, (d - b) / size], [ex, ey] = [c - head * ux, d - head * uy], side = head * 0.45;
      add(layer, "path", { d: `M${a} ${b}L${ex} ${ey}`, stroke: colour, "stroke-width": 2.2 });
      add(layer, "path", { d: `M${c} ${d}L${ex - side * uy} ${ey + side * ux}L${ex + side * uy} ${ey - side * ux}Z`, fill: colour });
    },
    dot: (px, py, colour, { size = 5, square = false, hollow = false } = {}) => {
      const look = { fill: hollow ? "none" : colour, stroke: colour, "stroke-width": 2 };
      const [a, b] = [X(px), Y(py)];
      if (square) return add(layer, "rect", { x: a - size, y: b - size, width: 2 * size, height: 2 * size, ...look });
      return add(layer, "circle", { cx: a, cy: b, r: size, ...look });
    },
    cross: (px, py, colour, size = 8) => {
      const [a, b] = [X(px), Y(py)];
      add(layer, "path", { d: `M${a - size} ${b - size}l${2 * size} ${2 * size}m0 ${-2 * size}l${-2 * size} ${2 * size}`, stroke: colour, "stroke-width": 4 });
      return add(layer, "circle", { cx: a, cy: b, r: 18, fill: "transparent", class: "cl-grab" });
    },
    bar: (fx, fy, tx, ty, colour, opacity = 1) =>
      add(layer, "rect", { x: X(Math.min(fx, tx)), y: Y(Math.max(fy, ty)), width: Math.abs(X(tx) - X(fx)), height: Math.abs(Y(ty) - Y(fy)), fill: colour, "fill-opacity": opacity }),
    text: (px, py, text, anchor = "start", shift = 0) => add(layer, "text", { x: X(px), y: Y(py) + shift, "text-anchor": anchor }, text),
  };
}

// A slider over texts.length positions; change() is called when it moves.
function slider(parent, label, texts, start, change) {
  const row = add(parent, "label", { class: "cl-slider" });
  add(row, "span", {}, label);
  const input = add(row, "input", { type: "range", min: 0, max: texts.length - 1, step: 1, value: start, "data-lm-suppress-shortcuts": "true" });
  const shown = add(row, "output", {}, texts[start]);
  const show = () => { shown.textContent = texts[input.value]; input.setAttribute("aria-valuetext", texts[input.value]); };
  input.addEventListener("input", () => { show(); change(); });
  show();
  return { get: () => Number(input.value), set: (i) => { input.value = Math.max(0, Math.min(texts.length - 1, i)); show(); } };
}

function mount(draw, data) {
  const root = document.currentScript && document.currentScript.closest(".cl-live");
  if (!root || root.querySelector(".cl-panels")) return;
  root.querySelector("img").hidden = true;
  const controls = add(root, "div"), said = add(root, "p", { class: "cl-said", "aria-live": "polite" });
  const panels = add(root, "div", { class: "cl-panels" });
  draw({
    slider: (label, texts, start, change) => slider(controls, label, texts, start, change),
    panel: (look) => panel(panels, look),
    say: (text, numbers) => { said.textContent = text; root.dataset.numbers = JSON.stringify(numbers); },
  }, data);
}
