// Two lists: the lines that are not used (ul) and the proof (ol). A line moves by dragging, by its buttons, or, where a
// button has the focus, by the arrow keys; below stands the answer as Python.
function arrange(name, order) {
  const root = document.currentScript && document.currentScript.closest(".cl-lines");
  if (!root || root.querySelector("ol")) return;
  const make = (tag, parent, attributes = {}, text = "") => {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text) node.textContent = text;
    return parent.appendChild(node);
  };
  root.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab leaves the keys to it
  const rest = root.querySelector("ul"), said = document.createElement("p");
  const proof = document.createElement("ol");
  proof.setAttribute("aria-label", "your proof, from top to bottom");
  rest.before(proof);
  said.className = "cl-answer";
  rest.after(said);
  const answer = make("code", said, { "aria-live": "polite" });
  const copy = make("button", said, { type: "button" }, "copy");
  const lines = [...rest.children], first = new Map(lines.map((line, i) => [line, i]));
  let moving = null;

  function show(focused = null) {
    answer.textContent = `${name} = ${JSON.stringify([...proof.children].map((line) => line.dataset.label)).replaceAll(",", ", ")}`;
    for (const line of lines) {
      const used = line.parentNode === proof, [use, up, down] = line.querySelectorAll("button");
      use.textContent = used ? "take out" : "use";
      use.setAttribute("aria-label", `${used ? "take out" : "use"} line ${line.dataset.label}`);
      up.disabled = !used || !line.previousElementSibling;
      down.disabled = !used || !line.nextElementSibling;
      up.hidden = down.hidden = !used;
    }
    if (focused) (focused.disabled ? focused.parentNode.querySelector("button") : focused).focus();
  }
  function back(line) { // among the lines that are not used each has the place that it had
    rest.insertBefore(line, [...rest.children].find((other) => first.get(other) > first.get(line)) || null);
  }
  function step(line, by, focused) {
    if (line.parentNode !== proof) return;
    const other = by < 0 ? line.previousElementSibling : line.nextElementSibling;
    if (other) by < 0 ? other.before(line) : other.after(line);
    show(focused);
  }

  for (const line of lines) {
    line.draggable = true;
    const buttons = make("span", line, { class: "cl-buttons" });
    const use = make("button", buttons, { type: "button" });
    const up = make("button", buttons, { type: "button", "aria-label": `move line ${line.dataset.label} up` }, "↑");
    const down = make("button", buttons, { type: "button", "aria-label": `move line ${line.dataset.label} down` }, "↓");
    use.addEventListener("click", () => { line.parentNode === proof ? back(line) : proof.append(line); show(use); });
    up.addEventListener("click", () => step(line, -1, up));
    down.addEventListener("click", () => step(line, 1, down));
    line.addEventListener("keydown", (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      event.stopPropagation();
      step(line, by, event.target);
    });
    line.addEventListener("dragstart", (event) => {
      moving = line;
      line.classList.add("cl-moving");
      event.dataTransfer.setData("text/plain", line.dataset.label);
    });
    line.addEventListener("dragend", () => { line.classList.remove("cl-moving"); moving = null; show(); });
  }
  proof.addEventListener("dragover", (event) => {
    if (!moving) return;
    event.preventDefault();
    const below = [...proof.children].find((line) => {
      const box = line.getBoundingClientRect();
      return line !== moving && event.clientY < box.top + box.height / 2;
    });
    if (below !== moving.nextElementSibling || moving.parentNode !== proof) proof.insertBefore(moving, below || null);
  });
  rest.addEventListener("dragover", (event) => {
    if (!moving) return;
    event.preventDefault();
    if (moving.parentNode !== rest) back(moving);
  });
  for (const list of [proof, rest]) list.addEventListener("drop", (event) => event.preventDefault());
  copy.addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(answer.textContent); copy.textContent = "copied"; }
    catch { getSelection().selectAllChildren(answer); copy.textContent = "selected: press Ctrl+C"; }
  });
  for (const label of order) proof.append(lines.find((line) => line.dataset.label === label));
  show();
}
