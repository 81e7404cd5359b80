// data: texts (the N), start, phi (grid), S, chance; rows: {psi (on the grid), loss, lines: {name: [intercept, slope]}, bounds}
function draw(ui, data) {
  const looks = { "Lemma 2": [PURPLE, "2 4"], "D+": [ORANGE, "7 4"], "F+": [GREEN, "7 4"] }, right = data.phi[data.phi.length - 1];
  const many = ui.slider("negatives N", data.texts, data.start, show);
  const plane = ui.panel({ x: [0, right], y: [0, 7], xticks: [0, 1, 2, 3, 4], yticks: [0, 2, 4, 6], xlabel: "φ", ylabel: "nats", title: "from the loss to a bound", height: 320 });
  const scale = ui.panel({ x: [0, 4], y: [0, 4], xticks: [0, 1, 2, 3, 4], xlabel: "bound on S (nats)", title: "what each line certifies", height: 260 });
  const number = (value) => (value === null ? "infinite" : value.toFixed(3));
  function show() {
    const row = data.rows[many.get()];
    plane.clear();
    plane.line(data.phi, row.psi, BLUE, "", 3);
    plane.line([0, right], [row.loss, row.loss], LINE, "4 3", 1);
    plane.text(right, row.loss, "loss", "end", -5);
    scale.clear();
    for (const [value, name] of [[data.S, "S"], [data.chance, "ln 10"]]) {
      scale.line([value, value], [0, 3.7], LINE, "4 3", 1);
      scale.text(value, 3.7, name, "middle", -4);
    }
    Object.entries(row.bounds).forEach(([name, bound], i) => {
      const [from, slope] = row.lines[name], [colour, dash] = looks[name];
      plane.line(data.phi, data.phi.map((v) => from + slope * v), colour, dash);
      if (bound !== null && bound <= right) plane.dot(bound, row.loss, colour, { square: name === "D+", hollow: name === "Lemma 2" });
      const place = bound === null ? 4 : Math.min(bound, 4);
      scale.bar(0, 2.55 - 1.2 * i, place, 2.95 - 1.2 * i, colour);
      scale.text(0.05, 3.05 - 1.2 * i, `${name}: ${number(bound)}`);
    });
    const empty = Object.keys(row.bounds).filter((name) => row.bounds[name] === null || row.bounds[name] >= data.chance);
    ui.say(
      `N = ${data.texts[many.get()]}: loss ${row.loss.toFixed(3)}, S = ${data.S.toFixed(3)}. Bounds: ${Object.entries(row.bounds).map(([name, b]) => `${name} ${number(b)}`).join(", ")}. ` +
        (empty.length ? `No better than guessing: ${empty.join(", ")}.` : "All are below ln 10."),
      { loss: row.loss, ...row.bounds },
    );
  }
  show();
}
