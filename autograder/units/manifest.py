"""What a unit consists of, read from our own notebooks and never from a submission.

`solutions/NN_slug/NN_slug.ipynb` holds ids, points and references; `exercises/NN_slug/NN_slug.ipynb` is the template
that a submission is rebuilt on.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # it imports torch, which who only reads a unit's points can do without
    from autograder.author import Exercise

ROOT = Path(__file__).resolve().parents[2]
CHECK, MANUAL = "check_", "derive_"


class UnitError(ValueError):
    """There is no such unit, or its notebooks are not built."""


@dataclass(frozen=True)
class Cell:
    """One cell of a template. kind: setup, solution, check, manual, or other (text and demonstrations)."""

    id: str
    kind: str
    type: str
    source: str
    points: float = 0.0


@dataclass(frozen=True)
class Unit:
    slug: str
    solved: tuple[Cell, ...]
    template: tuple[Cell, ...]

    @property
    def checks(self) -> dict[str, float]:
        """Graded function -> points, in notebook order."""
        return {cell.id.removeprefix(CHECK): cell.points for cell in self.solved if cell.kind == "check"}

    @property
    def manual(self) -> dict[str, float]:
        return {cell.id: cell.points for cell in self.solved if cell.kind == "manual"}

    @property
    def setup(self) -> str:
        return "\n".join(cell.source for cell in self.solved if cell.kind == "setup")

    def exercise(self, name: str) -> Exercise:
        """How `name` is checked. Raises UnitError when nobody has written that."""
        module = f"autograder.units.u{self.slug}.{name}"
        path = f"{module.replace('.', '/')}.py"
        try:
            return importlib.import_module(module).exercise
        except ModuleNotFoundError as error:
            if error.name and module.startswith(error.name):
                raise UnitError(f"{path} is missing: how is the function {name} of {self.slug} checked?") from None
            raise UnitError(f"{path} cannot be read: {error}") from error
        except Exception as error:
            raise UnitError(f"{path} cannot be read: {type(error).__name__}: {error}") from error

    def references(self) -> dict[str, Any]:
        return _references(self)


def near(word: str, known: Sequence[str]) -> str:
    """How an error about an unknown name ends: the names that it may mean, else all that are known."""
    meant = [name for name in known if word and name.startswith(word)] or get_close_matches(word, known)
    return f"; did you mean {' or '.join(meant)}?" if meant else f"; known: {', '.join(known) or 'none'}"


def unit_names(root: Path = ROOT) -> list[str]:
    return sorted(path.parent.name for path in (root / "solutions").glob("*/*.ipynb") if path.stem == path.parent.name)


@lru_cache(maxsize=32)
def load_unit(slug: str, root: Path = ROOT) -> Unit:
    """The unit `slug`. Raises UnitError with the known names for an unknown one."""
    if slug not in unit_names(root):
        raise UnitError(f"unknown unit {slug!r}{near(slug, unit_names(root))}")
    template = root / "exercises" / slug / f"{slug}.ipynb"
    if not template.exists():
        raise UnitError(f"{template} is missing: run `python -m autograder build {slug}`")
    return Unit(slug, _cells(root / "solutions" / slug / f"{slug}.ipynb"), _cells(template))


def _cells(path: Path) -> tuple[Cell, ...]:
    cells = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        meta = cell["metadata"].get("nbgrader", {})
        name = meta.get("grade_id", "")
        points = float(meta.get("points", 0)) if meta.get("grade") else 0.0
        cells.append(Cell(name, _kind(name, meta), cell["cell_type"], "".join(cell["source"]), points))
    return tuple(cells)


def _kind(name: str, meta: dict) -> str:
    if meta.get("grade") and meta.get("solution"):
        return "manual"
    if meta.get("grade"):
        return "check"
    if meta.get("solution"):
        return "solution"
    return "setup" if name.startswith("setup") else "other"


@lru_cache(maxsize=32)
def _references(unit: Unit) -> dict[str, Any]:
    """The solved cells, executed in one namespace: name -> function or number."""
    namespace: dict[str, Any] = {"__name__": f"reference_{unit.slug}"}
    for cell in unit.solved:
        if cell.type == "code" and cell.kind in ("setup", "solution"):
            exec(compile(cell.source, f"<{unit.slug}:{cell.id}>", "exec"), namespace)
    undefined = [name for name in unit.checks if name not in namespace]
    if undefined:
        raise UnitError(f"the solution cells of {unit.slug} define no {' and no '.join(undefined)}")
    return {name: namespace[name] for name in unit.checks}
