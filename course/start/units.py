"""What the units consist of, read from the exercises and lectures as they are handed out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

CARD = re.compile(r"^## (.*)\n\n\*Difficulty\* ([●○]+) · \*time\* (.*)$", re.MULTILINE)
NEEDS = re.compile(r"\bunits? (\d\d)((?:(?:,| and) \d\d)*)|of unit (\d\d)")


@dataclass(frozen=True)
class Question:
    """One thing that is graded. place: where it stands in the exercise ("7"); minutes: of its whole card."""

    name: str
    place: str
    points: float
    by_hand: bool
    difficulty: int
    minutes: int
    blank: str


@dataclass(frozen=True)
class Unit:
    """needs: numbers of units; minutes: of the lecture (core, optional) and of the exercise; difficulty: 1 to 5."""

    slug: str
    title: str
    about: str
    needs: tuple[str, ...]
    core: int
    optional: int
    minutes: int
    difficulty: int
    questions: tuple[Question, ...]

    @property
    def number(self) -> str:
        return self.slug[:2]

    @property
    def checked(self) -> float:
        """Points that checks decide."""
        return sum(question.points for question in self.questions if not question.by_hand)

    @property
    def by_hand(self) -> float:
        return sum(question.points for question in self.questions if question.by_hand)


def units(root: Path) -> list[Unit]:
    """The units of a checkout, in order; empty where there are no exercises."""
    found = []
    for path in sorted(root.glob("exercises/*/*.ipynb")):
        lecture = root / "lectures" / path.name
        if path.stem == path.parent.name and lecture.is_file():
            found.append(_unit(path, path.stat().st_mtime_ns, lecture, lecture.stat().st_mtime_ns))
    return found


@lru_cache(maxsize=64)
def _unit(exercise: Path, _: int, lecture: Path, __: int) -> Unit:
    cells, first = _cells(exercise), _cells(lecture)[0][1]
    title = re.search(r"\d\d · (.*)$", cells[0][1], re.MULTILINE)
    about = re.search(r"^\*([^*]+)\*", cells[0][1], re.MULTILINE)
    times = re.search(r"\*Time\* core (\d+) min, optional (\d+) min", first)
    questions = tuple(_questions(cells))
    cards = {question.place: question for question in questions}.values()
    return Unit(
        exercise.stem,
        title.group(1) if title else exercise.stem,
        " ".join(about.group(1).split()) if about else "",
        _needs(first),
        int(times.group(1)) if times else 0,
        int(times.group(2)) if times else 0,
        sum(card.minutes for card in cards),
        round(sum(card.difficulty for card in cards) / max(1, len(cards))),
        questions,
    )


def _cells(path: Path) -> list[tuple[dict, str]]:
    """[(nbgrader's settings of the cell, its source)]"""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [(cell["metadata"].get("nbgrader", {}), "".join(cell["source"])) for cell in cells]


def _questions(cells: list[tuple[dict, str]]):
    place, difficulty, minutes = "", 0, 0
    for meta, source in cells:
        if card := CARD.search(source):
            place = card.group(1).split(" · ")[0]
            difficulty = card.group(2).count("●")
            minutes = sum(map(int, re.findall(r"(\d+) min", card.group(3))))
        if meta.get("grade"):
            by_hand = bool(meta.get("solution"))
            name, blank = meta["grade_id"].removeprefix("check_"), source if by_hand else ""
            yield Question(name, place, float(meta["points"]), by_hand, difficulty, minutes, blank)


def _needs(first: str) -> tuple[str, ...]:
    """The units that a lecture's "you need" names, without those for an optional section."""
    text = re.search(r"\*you need\*(.*?)(?:\n\n|\Z)", first, re.DOTALL)
    parts = " ".join(text.group(1).split()).split(";") if text else []
    found = [match.groups("") for part in parts if "optional" not in part for match in NEEDS.finditer(part)]
    return tuple(sorted({number for groups in found for number in re.findall(r"\d\d", " ".join(groups))}))
