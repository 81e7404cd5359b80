"""Pages made from what the repository says elsewhere: the start page's table, symbols, bibliography, API, lists of pages."""

from __future__ import annotations

import json
import re
from pathlib import Path

from course.start.units import units

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MODULES = "worlds graphs data views encoders training captions comparison validate figures check".split()
GUIDES = "learners instructors authoring".split()  # first, in this order
# unit 02 explains its symbols in the text, where each is first used
SYMBOLS_02 = """
| symbol | meaning |
|---|---|
| $\\rho_c$, $D_c$ | probability of class $c$; law of its points |
| $x$, $x^+$, $x^-$ | anchor, its positive (same class), a negative |
| $c^+$, $c^-$ | class of the pair; class of the negative |
| $\\tau$ | $\\sum_c\\rho_c^2$, the probability of a collision $c^-=c^+$ |
| $f$, $\\mu_c$ | embedding; mean of $f$ on class $c$ |
| $L_{un}$, $L_{sup}$, $L_{sup}^\\mu$ | contrastive loss; loss of the best classifier; of the mean classifier |
| $\\ell(v)$ | $\\ln(1+e^{-v})$ |
"""


def notebook(path: Path) -> list[str]:
    """The sources of a notebook's markdown cells."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]


def slugs() -> list[str]:
    return sorted(path.stem for path in ROOT.glob("lectures/[0-9]*.ipynb"))


def tables(text: str) -> list[list[list[str]]]:
    """The Markdown tables in a text: rows of cells. A | inside a formula is written \\vert by the authors."""
    found = re.findall(r"(?:^\|.*\|[ \t]*$\n?)+", text, re.MULTILINE)
    return [
        [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block.splitlines()]
        for block in found
    ]


def symbols_of(slug: str) -> list[tuple[str, str]]:
    """(symbol, meaning) of a lecture, from its table or tables headed "symbol" or "letter"."""
    texts = [SYMBOLS_02] if slug.startswith("02") else notebook(ROOT / "lectures" / f"{slug}.ipynb")
    found = []
    for rows in [rows for text in texts for rows in tables(text) if rows[0][0] in ("symbol", "letter")]:
        for row in rows[2:]:
            found += [(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2) if row[i]]
    return found


def letters(symbol: str, meaning: str) -> list[tuple[str, str]]:
    """Each letter of a row that explains several, with its own part of the meaning where the parts can be told."""
    found, parts = re.findall(r"\$[^$]+\$", symbol), [part.strip() for part in meaning.split(";")]
    groups = [re.findall(r"\$[^$]+\$", group) for group in symbol.split(";")]
    if len(groups) == len(parts) > 1:
        return [(letter, part) for group, part in zip(groups, parts, strict=True) for letter in group]
    return list(zip(found, parts if len(parts) == len(found) else [meaning] * len(found), strict=True))


def symbols() -> str:
    meanings: dict[str, list[tuple[str, str]]] = {}
    parts = []
    for slug in slugs():
        parts.append(f"## Unit {slug[:2]}\n\n| symbol | meaning |\n|---|---|")
        for symbol, meaning in symbols_of(slug):
            parts.append(f"| {symbol} | {meaning} |")
            for letter, its in letters(symbol, meaning):
                meanings.setdefault(letter, []).append((slug, its))
        parts[-1] += f"\n\nWhere they are introduced: [the lecture](../lectures/{slug}.ipynb).\n"
    shared = {key: found for key, found in meanings.items() if len({slug for slug, _ in found}) > 1}
    rows = [
        f"| {key} | {'; '.join(f'{meaning} (unit {slug[:2]})' for slug, meaning in found)} |"
        for key, found in sorted(shared.items(), key=lambda each: each[0].strip("$\\").lower())
    ]
    return "\n".join(
        ["# Symbols", "", "Logarithms are natural and losses are in nats, everywhere.", "", "## Letters of several units", "",
         "| symbol | meaning |", "|---|---|", *rows, "", *parts]
    )  # fmt: skip


def references() -> dict[str, dict[str, str]]:
    """Key -> fields of site/references.bib."""
    entries = re.findall(
        r"@\w+\{([\w-]+),\n(.*?)\n\}", (HERE / "references.bib").read_text(encoding="utf-8"), re.DOTALL
    )
    return {key: dict(re.findall(r"^\s*(\w+)\s*=\s*\{(.*)\},?$", body, re.MULTILINE)) for key, body in entries}


def cited_in(slug: str) -> list[str]:
    """Keys of what a lecture cites: by its address, or because the entry's field `units` says so."""
    text = "\n".join(notebook(ROOT / "lectures" / f"{slug}.ipynb"))
    return [
        key
        for key, fields in references().items()
        if fields.get("url", "none") in text or slug[:2] in fields.get("units", "").split()
    ]


def bibliography() -> str:
    parts = ["# Bibliography", "", "What each lecture cites, then all works, with links.", "", "## By unit", ""]
    for slug in slugs():
        cites = ", ".join(f"{{cite:t}}`{key}`" for key in cited_in(slug))
        parts.append(f"- [Unit {slug[:2]}](../lectures/{slug}.ipynb): {cites}")
    return "\n".join([*parts, "", "## All works", "", "```{bibliography}", ":all:", "```", ""])


def units_table() -> str:
    """The README's table of units, with links and the time that each lecture states."""
    told = dict(
        re.findall(r"^\| `(\d\d_\w+)` \| (.+?) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    rows = []
    for unit in units(ROOT):
        slug = unit.slug
        title = re.match(r"# (\d\d · [^:\n]+)", notebook(ROOT / "lectures" / f"{slug}.ipynb")[0])[1]
        rows.append(
            f"| [{title}](lectures/{slug}.ipynb) | {told.get(slug, '')} | core {unit.core} min "
            f"| [exercise](exercises/{slug}/{slug}.ipynb) |"
        )
    return "\n".join(["| lecture | what it is about | reading | |", "|---|---|---|---|", *rows])


def contents(title: str, pages: list[str], text: str = "", depth: int = 1) -> str:
    entries = "\n".join(pages)
    return f"# {title}\n\n{text}\n\n```{{toctree}}\n:maxdepth: {depth}\n\n{entries}\n```\n"


def api(module: str) -> str:
    options = ["   :members:", *(["   :imported-members:"] if module in ("figures", "check") else [])]
    lines = ["```{eval-rst}", f".. automodule:: course.{module}", *options, "```"]
    return "\n".join([f"# course.{module}", "", *lines, ""])


def generated() -> dict[str, str]:
    """Path below the source folder -> text."""
    start = (HERE / "start.md").read_text(encoding="utf-8")
    others = sorted(path.stem for path in ROOT.glob("docs/*.md"))
    guides = [*GUIDES, *(name for name in others if name not in GUIDES)]
    more = ["theorems", "symbols", "glossary", "bibliography", "further", "claims"]
    files = {
        "index.md": start.replace("{{units}}", units_table()),
        "lectures/index.md": contents(
            "Lectures", slugs(), "Stored executed: numbers and figures are those of the code."
        ),
        "exercises/index.md": contents(
            "Exercises",
            [f"{slug}/{slug}" for slug in slugs()],
            "To read here, to do in JupyterLab: `make lab` opens your own copies, whose `check(...)` cells answer at once. "
            "A downloaded notebook needs the folder `course/` of the repository beside it.",
        ),
        "docs/index.md": contents("Guides", guides),
        "pages/index.md": contents("Reference", more),
        "api/index.md": contents("API", MODULES, "What a notebook imports from `course`."),
        "pages/symbols.md": symbols(),
        "pages/bibliography.md": bibliography(),
    }
    return files | {f"api/{module}.md": api(module) for module in MODULES}
