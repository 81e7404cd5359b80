// data: texts (the priors), start, ell (grid of biased losses), anchors (biased losses); rows: {curve, after, begins, weight}
function draw(ui, data) {
  const [low, high] = [data.ell[0], data.ell[data.ell.length - 1]];
  const prior = ui.slider("prior τ⁺", data.texts, data.start, show);
  const map = ui.panel({ x: [low, high], y: [low - 0.5, high], xticks: [2, 3, 4, 5, 6], yticks: [2, 3, 4, 5, 6], xlabel: "biased loss of an anchor", ylabel: "debiased loss", title: "nine anchors, and their floor", height: 320 });
  const pull = ui.panel({ x: [low, high], y: [0, 11], xticks: [2, 3, 4, 5, 6], yticks: [0, 2, 4, 6, 8, 10], xlabel: "biased loss of an anchor", ylabel: "weight κ", title: "gradient, times", height: 320 });
  function show() {
    const row = data.rows[prior.get()], stuck = data.anchors.map((x) => x <= row.begins);
    map.clear();
    map.line([low, high], [low, high], "#888", "3 4", 1);
    map.line(data.ell, row.curve, BLUE);
    data.anchors.forEach((x, i) => map.dot(x, row.after[i], stuck[i] ? ORANGE : BLUE, { square: stuck[i], hollow: stuck[i] }));
    pull.clear();
    pull.line([low, high], [1, 1], "#888", "3 4", 1);
    pull.line(data.ell, row.weight, BLUE);
    data.anchors.forEach((x, i) => { if (!stuck[i]) pull.dot(x, row.pulls[i], BLUE); });
    if (row.begins > low) {
      map.line([row.begins, row.begins], [low - 0.5, high], LINE, "2 4", 1);
      map.text(row.begins, low - 0.5, "floor ends ", "end", -6);
    }
    const count = stuck.filter(Boolean).length;
    ui.say(
      `τ⁺ = ${data.texts[prior.get()]}: ${count} of the nine anchors ${count === 1 ? "sits" : "sit"} on the floor (hollow squares): their negatives have no force. ` +
        (count < 9 ? `The best anchor off the floor weighs ${Math.max(...row.pulls.filter((_, i) => !stuck[i])).toFixed(2)} times as much as before.` : ""),
      { begins: row.begins, count, after: row.after },
    );
  }
  show();
}
