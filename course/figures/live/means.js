// data: spread (2 x 2: in each class the points are the mean plus and minus it), start (2 x 2, the means), grid (texts)
function draw(ui, data) {
  const names = ["class 1", "class 2"], colours = [BLUE, ORANGE], steps = data.grid.map(Number);
  const near = (value) => steps.reduce((best, s, i) => (Math.abs(s - value) < Math.abs(steps[best] - value) ? i : best), 0);
  const ends = [steps[0] - 0.5, steps[steps.length - 1] + 0.5];
  const plane = ui.panel({ x: ends, y: ends, xticks: [-1, 0, 1], yticks: [-1, 0, 1], title: "drag a cross, or use the sliders", height: 360 });
  const bars = ui.panel({ x: [0, 1], y: [0, 2], xticks: [0, 0.5, 1], xlabel: "nats", title: "loss and bound", height: 230 });
  const sliders = data.start.map((mean, c) => mean.map((value, k) => ui.slider(`mean of ${names[c]}, ${"xy"[k]}`, data.grid, near(value), show)));
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1];
  const average = (values) => values.reduce((a, b) => a + b) / values.length;
  const softplus = (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));
  let held = null;
  plane.root.addEventListener("pointermove", (event) => {
    if (held === null) return;
    plane.at(event).forEach((value, k) => sliders[held][k].set(near(value)));
    show();
  });
  for (const end of ["pointerup", "pointercancel"]) plane.root.addEventListener(end, () => { held = null; });
  function show() {
    const means = sliders.map((pair) => pair.map((s) => steps[s.get()]));
    const points = means.map((m, c) => [1, -1].map((sign) => m.map((value, k) => value + sign * data.spread[c][k])));
    const all = points.flat(), losses = [], scores = [];
    points.forEach((own, c) => own.forEach((anchor) => {
      scores.push(softplus(dot(anchor, means[1 - c]) - dot(anchor, means[c])));
      for (const positive of own) for (const negative of all) losses.push(softplus(dot(anchor, negative) - dot(anchor, positive)));
    }));
    const loss = average(losses), classifier = average(scores), bound = (classifier + Math.LN2) / 2;
    plane.clear();
    plane.line(ends, [0, 0], "#888", "", 1);
    plane.line([0, 0], ends, "#888", "", 1);
    points.forEach((own, c) => own.forEach((p) => plane.dot(...p, colours[c], { square: c === 1 })));
    means.forEach((m, c) => {
      plane.text(m[0] + 0.12, m[1], names[c], "start", 4);
      plane.cross(...m, colours[c]).addEventListener("pointerdown", (event) => {
        held = c;
        plane.root.setPointerCapture(event.pointerId);
        event.preventDefault();
      });
    });
    bars.clear();
    [["contrastive loss", loss, BLUE], ["bound", bound, ORANGE]].forEach(([name, value, colour], i) => {
      bars.bar(0, 1.15 - i, Math.min(value, 1), 1.6 - i, colour);
      bars.text(0.02, 1.68 - i, `${name} ${value.toFixed(4)}`);
    });
    bars.line([Math.LN2, Math.LN2], [0, 2], LINE, "4 3", 1);
    bars.text(Math.LN2, 2, "ln 2", "middle", -4);
    ui.say(
      `Contrastive loss ${loss.toFixed(4)}, never below the bound ${bound.toFixed(4)}; between them ${(loss - bound).toFixed(4)}, Jensen's step. Mean classifier ${classifier.toFixed(4)}.`,
      { loss, bound, classifier },
    );
  }
  show();
}
