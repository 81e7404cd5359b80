"""The vocabulary: what an attack is, the notebooks that attacks start from, and how a trick gets into them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Any

from autograder.units.manifest import ROOT, load_unit

SLUG = "01_similarity_losses"
UNIT = load_unit(SLUG)
RELEASED = json.loads((ROOT / "exercises" / SLUG / f"{SLUG}.ipynb").read_text(encoding="utf-8"))
# solved in another style than the reference, whose text counts as a secret
SOLVED = {name: UNIT.exercise(name).variants[0].source for name in UNIT.checks if not UNIT.exercise(name).proof}
SOLVED |= {cell.id: cell.source for cell in UNIT.solved if cell.kind == "solution" and cell.id not in SOLVED}
FUNCTIONS = [name for name in UNIT.checks if UNIT.exercise(name).function]

ZERO = "def {}(*args, **kwargs):\n    return torch.zeros((), dtype=torch.float64, requires_grad=True)\n"
WRONG = {name: ZERO.format(name) for name in FUNCTIONS}
WRONG["contrastive_gradient"] = "def contrastive_gradient(anchor, positive, negatives):\n    return 0 * anchor\n"
WRONG |= {name: f"{name} = 0.0123\n" for name in UNIT.checks if name not in FUNCTIONS}

# right numbers, but bad input is not refused: what a trick could add are the points for that, and the limits
BARE = {
    **WRONG,
    "logistic_loss": "def logistic_loss(anchor, positive, negative):\n"
    "    return F.softplus((anchor * (negative - positive)).sum(dim=1)).mean()\n",
    "hinge_loss": "def hinge_loss(anchor, positive, negative, margin=1.0):\n"
    "    return (margin - (anchor * (positive - negative)).sum(dim=1)).clamp(min=0).mean()\n",
}
BASES: dict[str, dict[str, str]] = {"blank": {}, "wrong": WRONG, "bare": BARE, "solved": SOLVED}

Notebook = dict[str, Any]


@dataclass(frozen=True)
class Attack:
    """One hostile notebook.

    name, tries  what it is called and, in one sentence, what it tries
    rows         rows of the matrix of attacks on stock nbgrader that it belongs to
    base         the notebook without the trick: a key of BASES, with `without` on top
    first, last  sources of cells put before the first, after the last cell
    answers      solution cells with the trick: id -> source
    edit         changes the notebook (a dict) in place; raw changes the bytes of the file
    refused      the file is expected to be refused in one line instead of graded
    proves       further evidence: called with (outcome, arena)
    succeeds     how it works today; its test is then a strict xfail

    In sources $ROOT, $ARENA and $PORT stand for the repository, the folder with planted secrets, the listening port.
    """

    name: str
    tries: str
    rows: tuple[int, ...] = ()
    base: str = "wrong"
    without: dict[str, str] = field(default_factory=dict)
    first: str | tuple[str, ...] = ()
    last: str | tuple[str, ...] = ()
    answers: dict[str, str] = field(default_factory=dict)
    edit: Callable[[Notebook], None] | None = None
    raw: Callable[[bytes], bytes] | None = None
    refused: bool = False
    proves: Callable[[Any, Any], None] | None = None
    succeeds: str = ""

    def baseline(self) -> bytes:
        return written(notebook({**BASES[self.base], **self.without}))

    def submission(self, places: dict[str, str]) -> bytes:
        made = notebook({**BASES[self.base], **self.without, **self.answers})
        made["cells"] = [*code_cells(self.first), *made["cells"], *code_cells(self.last)]
        for cell in made["cells"]:
            for place, value in places.items():
                cell["source"] = "".join(cell["source"]).replace(place, value)
        if self.edit:
            self.edit(made)
        content = written(made)
        return self.raw(content) if self.raw else content


def notebook(answers: dict[str, str]) -> Notebook:
    """The released notebook with the given sources in the cells of the given ids."""
    made = json.loads(json.dumps(RELEASED))
    for cell in made["cells"]:
        source = answers.get(grade_id(cell))
        if source is not None:
            cell["source"] = source
    return made


def written(made: Notebook) -> bytes:
    return json.dumps(made).encode()


def code_cells(sources: str | tuple[str, ...]) -> list[dict[str, Any]]:
    return [code_cell(source) for source in ((sources,) if isinstance(sources, str) else sources)]


def code_cell(source: str, name: str | None = None) -> dict[str, Any]:
    metadata = {} if name is None else {"nbgrader": {"grade_id": name, "solution": True, "schema_version": 3}}
    return {"cell_type": "code", "metadata": metadata, "source": dedent(source), "outputs": [], "execution_count": None}


def grade_id(cell: dict[str, Any]) -> str:
    return cell.get("metadata", {}).get("nbgrader", {}).get("grade_id", "")


def cell_of(made: Notebook, name: str) -> dict[str, Any]:
    return next(cell for cell in made["cells"] if grade_id(cell) == name)


def checks(made: Notebook) -> list[dict[str, Any]]:
    return [cell for cell in made["cells"] if grade_id(cell).startswith("check_")]


def everywhere(body: str) -> dict[str, str]:
    """Every graded function with one body, whose arguments are `args` and `kwargs`; the numbers stay wrong."""
    lines = "\n".join(f"    {line}" for line in dedent(body).strip().splitlines())
    return {name: f"def {name}(*args, **kwargs):\n{lines}\n" for name in FUNCTIONS}
