// data: values (eigenvalues), target (matrix), start, rows: {best (matrix), error} for k = 1, 2, ...
function draw(ui, data) {
  const n = data.values.length, texts = data.rows.map((_, i) => String(i + 1));
  const columns = ui.slider("columns k", texts, data.start, show);
  const stems = ui.panel({ x: [0.4, n + 0.6], y: [-0.8, 1.1], xticks: data.values.map((_, i) => i + 1), yticks: [-0.5, 0, 0.5, 1], xlabel: "number i", ylabel: "eigenvalue", title: "kept: filled discs", height: 270 });
  const errors = ui.panel({ x: [0.4, texts.length + 0.6], y: [0, 0.85], xticks: texts.map(Number), yticks: [0, 0.2, 0.4, 0.6, 0.8], xlabel: "columns k", ylabel: "squared error", title: "what no embedding can avoid", height: 270 });
  const look = { x: [0, n], y: [0, n], bare: true, height: 340 };
  const grids = [["the graph", look], ["the best f fᵀ", look]].map(([title, rest]) => ui.panel({ ...rest, title }));
  const paint = (grid, matrix) => {
    grid.clear();
    matrix.forEach((row, i) => row.forEach((value, j) => {
      grid.bar(j, n - i, j + 0.94, n - i - 0.94, value < 0 ? ORANGE : BLUE, Math.min(1, 1.6 * Math.abs(value)));
      if (value < -0.03) grid.text(j + 0.47, n - i - 0.47, "−", "middle", 4);
    }));
  };
  paint(grids[0], data.target);
  function show() {
    const k = columns.get() + 1, { best, error } = data.rows[k - 1];
    const kept = data.values.map((value, i) => i < k && value > 0), positive = data.values.filter((v) => v > 0).length;
    stems.clear();
    stems.line([0.4, n + 0.6], [0, 0], "#888", "3 4", 1);
    stems.line([k + 0.5, k + 0.5], [-0.8, 1.1], LINE, "2 4", 1);
    data.values.forEach((value, i) => {
      stems.line([i + 1, i + 1], [0, value], kept[i] ? BLUE : ORANGE);
      stems.dot(i + 1, value, kept[i] ? BLUE : ORANGE, { hollow: !kept[i] });
    });
    paint(grids[1], best);
    errors.clear();
    errors.line(texts.map(Number), data.rows.map((row) => row.error), BLUE);
    errors.dot(k, error, ORANGE);
    const many = kept.filter(Boolean).length;
    ui.say(
      `${k} column${k > 1 ? "s" : ""}: ${many} eigenvalue${many > 1 ? "s" : ""} kept, squared error ${error.toFixed(4)}. ` +
        (k < positive ? "Another column would lower it." : `No further column lowers it: ${positive} eigenvalues are positive.`),
      { kept: many, error },
    );
  }
  show();
}
