// The ledger's filters, and boxes that scroll get into the order of the Tab key. Nothing here is needed to read a page.
"use strict";

function of(row, kind) {
  return [...row.classList].find((name) => name.startsWith(`${kind}-`)).slice(kind.length + 1);
}

function filters(tables) {
  const rows = tables.flatMap((table) => [...table.querySelectorAll("tr.claim")]);
  const bar = document.createElement("div");
  bar.className = "ledger-filters";
  const said = document.createElement("p");
  said.setAttribute("role", "status");
  const names = { source: "Source", verdict: "Verdict", unit: "Unit" };
  const chosen = Object.entries(names).map(([kind, name]) => {
    const label = document.createElement("label");
    const select = document.createElement("select");
    const values = [...new Set(rows.map((row) => of(row, kind)))].sort();
    select.append(new Option("all", ""), ...values.map((value) => new Option(value.replaceAll("-", " "), value)));
    select.name = kind;
    select.addEventListener("change", show);
    label.append(name, select);
    bar.append(label);
    return [kind, select];
  });
  function show() {
    const asked = new URLSearchParams(chosen.filter(([, select]) => select.value).map(([kind, select]) => [kind, select.value]));
    for (const row of rows) row.hidden = chosen.some(([kind, select]) => select.value && of(row, kind) !== select.value);
    for (const row of document.querySelectorAll("tr.without")) row.hidden = asked.size > 0;
    for (const table of tables) table.closest("section").hidden = ![...table.querySelectorAll("tbody tr")].some((row) => !row.hidden);
    said.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} statements`;
    history.replaceState(null, "", `${location.pathname}${asked.size ? `?${asked}` : ""}${location.hash}`);
  }
  const asked = new URLSearchParams(location.search);
  for (const [kind, select] of chosen) select.value = asked.get(kind) ?? "";
  for (const [, select] of chosen) if (select.selectedIndex < 0) select.value = "";
  document.querySelector(".ledger-summary").after(bar, said);
  show();
}

function scrollable() {
  for (const box of document.querySelectorAll("div.math, pre, .pst-scrollable-table-container, math[display=block]")) {
    if (box.scrollWidth > box.clientWidth + 1 && !box.hasAttribute("tabindex")) box.tabIndex = 0;
  }
}

const ledgers = [...document.querySelectorAll("table.ledger")];
if (ledgers.length) filters(ledgers);
// myst-nb labels a folded cell's switch otherwise than it reads ("Show code cell source")
for (const fold of document.querySelectorAll("details.hide > summary[aria-label]")) fold.removeAttribute("aria-label");
scrollable();
addEventListener("resize", scrollable);
globalThis.MathJax?.startup?.promise?.then(scrollable);
addEventListener("load", () => globalThis.MathJax?.startup?.promise?.then(scrollable));
