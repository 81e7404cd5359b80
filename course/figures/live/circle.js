// data: texts (of the temperatures), start, theta, positive, negatives (degrees); rows: {push, rest, share} a temperature
function draw(ui, data) {
  const point = (degrees, r = 1) => [r * Math.cos((degrees * Math.PI) / 180), r * Math.sin((degrees * Math.PI) / 180)];
  const ring = Array.from({ length: 121 }, (_, i) => point(3 * i));
  const circle = ui.panel({ x: [-1.3, 1.3], y: [-1.3, 1.3], bare: true, height: 340, title: "where an anchor moves" });
  const bars = ui.panel({ x: [0, 100], y: [0, 3], xlabel: "share of the repulsion at the first ring (%)", xticks: [0, 50, 100], title: "who pushes", height: 240 });
  const warm = ui.slider("temperature t", data.texts, data.start, show);
  function show() {
    const { push, rest, share } = data.rows[warm.get()];
    circle.clear();
    circle.line(ring.map((p) => p[0]), ring.map((p) => p[1]), "#888", "", 1);
    data.theta.forEach((angle, i) => {
      const [a, b] = point(angle), [c, d] = point(angle + 90, push[i] / 2);
      circle.arrow(a, b, a + c, b + d, LINE);
    });
    circle.dot(...point(data.positive), BLUE);
    circle.text(...point(data.positive, 0.9), "positive", "end", 4);
    data.negatives.forEach((angle, j) => {
      const [a, b] = point(angle, 0.86);
      circle.dot(...point(angle), ORANGE, { square: true });
      circle.text(a, b, `negative ${j + 1}`, a < -0.5 ? "start" : "middle", 4);
    });
    rest.forEach((angle) => circle.dot(...point(angle), GREEN, { size: 11, hollow: true }));
    bars.clear();
    share[0].forEach((part, j) => {
      bars.bar(0, 2.25 - j, 100 * part, 2.75 - j, ORANGE);
      bars.text(100 * part, 2.5 - j, ` negative ${j + 1}: ${(100 * part).toFixed(0)} %`, part > 0.6 ? "end" : "start", -22);
    });
    const places = rest.map((angle) => angle.toFixed(1)).join(" and ");
    const most = share[0].indexOf(Math.max(...share[0]));
    ui.say(
      `At t = ${data.texts[warm.get()]} an anchor comes to rest at ${places} degrees (rings). At the first of these places negative ${most + 1} does ${(100 * share[0][most]).toFixed(0)} % of the pushing.`,
      { rest, share: share[0] },
    );
  }
  show();
}
