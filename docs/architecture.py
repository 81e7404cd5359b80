"""Draw docs/architecture.svg: the rooms of the house and who imports whom, read from the sources.

    python docs/architecture.py

`edges` is also what tests/test_architecture.py holds against ALLOWED.
"""

from __future__ import annotations

import ast
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parent.parent

# room -> (column, row) in the picture; an arrow goes from who imports to who is imported
PLACES = {
    "lectures": (0, 0), "solutions": (1, 0), "experiments": (2, 0), "course": (1, 2.9), "course.check": (1, 4.7),
    "course.figures": (2, 4.3),
    "autograder.classroom": (4, 0), "autograder.publish": (5.6, 0), "autograder.grading": (4.6, 1.3),
    "autograder.pages": (3.6, 1.8), "autograder.sandbox": (4.6, 2.6), "autograder.submission": (5.6, 2.6),
    "autograder.units": (5.6, 3.7), "autograder.author": (5.6, 4.7),
}  # fmt: skip

# what each room may import; nothing else, and so no circle and no arrow from the learner's side to the trusted one
ALLOWED = {
    "lectures": {"course", "course.figures"},
    "solutions": {"course", "course.check", "course.figures"},
    "experiments": {"course", "course.check", "course.figures"},
    "course": {"course.check"},
    "course.figures": set(),  # numbers in, a figure out
    "course.check": {"course"},
    "autograder.author": {"course", "course.check"},
    "autograder.units": {"course", "course.check", "autograder.author"},
    "autograder.submission": {"autograder.units"},
    "autograder.pages": set(),
    "autograder.sandbox": {"course", "course.check"},
    "autograder.grading": {
        "course", "course.check", "autograder.author", "autograder.units", "autograder.submission", "autograder.sandbox",
        "autograder.pages",
    },
    "autograder.publish": {
        "course", "course.check", "autograder.author", "autograder.units", "autograder.submission", "autograder.grading",
    },
    "autograder.classroom": {
        "autograder.author", "autograder.units", "autograder.submission", "autograder.sandbox", "autograder.grading",
        "autograder.pages",
    },
}  # fmt: skip


def room(module: str) -> str | None:
    """The room of a dotted name; None for what is not ours, and for the commands, which may call everybody."""
    parts = module.split(".")
    if parts[0] == "course":
        return ".".join(parts[:2]) if parts[1:2] in (["check"], ["figures"]) else "course"
    if parts[0] == "autograder":
        return ".".join(parts[:2]) if len(parts) > 1 and ".".join(parts[:2]) in PLACES else None
    return parts[0] if parts[0] in PLACES else None


def sources() -> Iterator[tuple[str, Path]]:
    for top in ("course", "experiments", "autograder", "lectures", "solutions"):
        for path in sorted((ROOT / top).rglob("*.py")):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts), path


def imports(path: Path) -> Iterator[str]:
    """Dotted names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def edges() -> dict[tuple[str, str], list[str]]:
    """(room, imported room) -> the modules that import."""
    found: dict[tuple[str, str], list[str]] = {}
    for module, path in sources():
        for name in imports(path):
            pair = room(module), room(name)
            if None not in pair and pair[0] != pair[1]:
                found.setdefault(pair, []).append(module)
    return found


def shown() -> list[tuple[str, str]]:
    """The arrows of the picture: imports, without those that longer ways imply. `course` stands for its check."""
    back = [pair for pair in edges() if set(pair) == {"course", "course.check"}]
    pairs = {tuple("course" if name == "course.check" else name for name in pair) for pair in edges()}
    pairs = {(a, b) for a, b in pairs if a != b}

    def reaches(one: str, other: str) -> bool:
        return any(b == other or reaches(b, other) for a, b in pairs if a == one)

    return back + sorted((a, b) for a, b in pairs if not any(x == a and y != b and reaches(y, b) for x, y in pairs))


def draw() -> str:
    """The picture as SVG."""
    matplotlib.use("Agg")
    look = {"svg.fonttype": "none", "svg.hashsalt": "architecture", "font.family": "sans-serif"}
    with matplotlib.rc_context(look):
        figure = Figure(figsize=(9.5, 4.6), layout="constrained")
        ax = figure.add_subplot()
        ax.axvspan(-0.6, 2.6, color="#eef4fa", zorder=0)
        ax.axvspan(2.9, 6.3, color="#fbf1e9", zorder=0)
        ax.text(-0.5, -0.75, "the learner's side", fontsize=10, color="#0072B2")
        ax.text(3.0, -0.75, "the trusted side: autograder", fontsize=10, color="#D55E00")
        counts = Counter(room(module) for module, _ in sources())
        for name, (x, y) in PLACES.items():
            label = f"{name.removeprefix('autograder.')}\n{counts[name]} files"
            box = {"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": "#444444"}
            ax.text(x, y, label, ha="center", va="center", fontsize=9, zorder=3, bbox=box)
        for one, other in shown():
            arrow = {"arrowstyle": "-|>", "color": "#777777", "shrinkA": 20, "shrinkB": 20, "linewidth": 1}
            ax.annotate("", PLACES[other], PLACES[one], arrowprops=arrow, zorder=1)
        ax.set(xlim=(-0.6, 6.3), ylim=(5.4, -1.1))
        ax.axis("off")
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


if __name__ == "__main__":
    (ROOT / "docs" / "architecture.svg").write_text(draw(), encoding="utf-8")
