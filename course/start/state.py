"""How far a learner is: the local records and the learner's own copies, unit by unit."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course import records
from course.start.units import Question, Unit

SOLVED, PARTLY, TRIED, WRITTEN, OPEN = "solved", "partly solved", "not right yet", "written", "open"


@dataclass(frozen=True)
class Progress:
    """of: name of a question -> one of the states above. points: of what is solved; a part of partly solved ones is not counted.
    graded: (when, points, of how many) when the unit was graded last; looked: names whose solution was opened before.
    said: solved, partly solved or open, the unit as a whole, as far as checks decide; unlocked: whether its solution is open.
    """

    of: dict[str, str]
    points: float
    graded: tuple[str, float, float] | None
    looked: frozenset[str]
    said: str
    unlocked: bool


def progress(unit: Unit, entries: list[dict[str, Any]], work: Path) -> Progress:
    """From the records `entries`, oldest first, and the copies in `work`."""
    statuses = records.statuses(entries)
    said = {"pass": SOLVED, "partial": PARTLY, "fail": TRIED}
    states = {question.name: said.get(statuses.get(question.name, ""), OPEN) for question in unit.questions}
    derivations = [question for question in unit.questions if question.by_hand]
    states |= dict.fromkeys(_written(derivations, work / "exercises" / unit.slug / f"{unit.slug}.ipynb"), WRITTEN)
    checked = [question for question in unit.questions if not question.by_hand]
    grades = [entry for entry in entries if entry["what"] == "grade" and entry.get("unit") == unit.slug]
    passing = {states[question.name] for question in checked}
    unit_said = SOLVED if passing == {SOLVED} else OPEN if passing <= {OPEN} else PARTLY
    return Progress(
        states,
        sum(question.points for question in checked if states[question.name] == SOLVED),
        _graded(grades[-1]) if grades else None,
        frozenset(e.get("name") for e in entries if e["what"] == "solution") & {unit.slug, *states},
        unit_said,
        bool(grades) or unit_said == SOLVED,
    )


def _graded(entry: dict[str, Any]) -> tuple[str, float, float] | None:
    with contextlib.suppress(TypeError, ValueError, AttributeError):
        scores = [tuple(map(float, score)) for score in entry["scores"].values()]
        return entry["at"][:10], sum(points for points, _ in scores), sum(most for _, most in scores)
    return None


def _written(derivations: list[Question], copy: Path) -> list[str]:
    """The derivations whose cell in the learner's copy is no longer blank."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        blank = {question.name: question.blank.strip() for question in derivations}
        cells = json.loads(copy.read_text(encoding="utf-8"))["cells"]
        sources = [(cell["metadata"].get("nbgrader", {}).get("grade_id"), "".join(cell["source"])) for cell in cells]
        return [name for name, source in sources if name in blank and source.strip() not in ("", blank[name])]
    return []


def here(
    units: list[Unit], entries: list[dict[str, Any]], found: dict[str, Progress]
) -> tuple[Unit, Question | None] | None:
    """The unit of the last check or grade, or the next one that is open when it is solved; and its first open question."""
    if not units:
        return None
    last = 0
    for entry in entries:
        for index, unit in enumerate(units):
            if entry.get("unit") == unit.slug or entry.get("name") in found[unit.slug].of:
                last = index
    order = [*units[last:], *units[:last]]
    unit = next((unit for unit in order if found[unit.slug].said != SOLVED), units[last])
    states = found[unit.slug].of
    following = (question for question in unit.questions if states[question.name] not in (SOLVED, WRITTEN))
    return unit, next(following, None)
