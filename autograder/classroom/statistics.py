"""A class in numbers, from the records that grade-class keeps: scores, questions, beliefs, failures, time."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from autograder.grading.record import Record, read_problem
from autograder.units.manifest import Unit

ENOUGH = 10  # graded submissions below which a question's power to tell apart is not computed
POOR = 0.2  # a correlation below it: the question tells little about the rest of the work
OUTCOMES = ("pass", "partial", "fail", "missing")


@dataclass(frozen=True)
class ClassRecords:
    """student -> record, and student -> why there is none (or, beside a record, why a newer attempt has none)."""

    records: dict[str, Record]
    problems: dict[str, str]


@dataclass(frozen=True)
class Question:
    """outcomes: how many of each of OUTCOMES. beliefs: name -> count. correlation: with the score of everything else, None
    where it is not computed, `why` then says the reason."""

    name: str
    points: float
    outcomes: dict[str, int]
    statuses: Counter[str]
    beliefs: Counter[str]
    mean: float
    correlation: float | None
    why: str


def read_class(course: Path, unit: str) -> ClassRecords:
    """Everybody who submitted or has a record. A record that cannot be read is a problem of that student's."""
    folder = course / "records" / unit
    students = {path.stem for path in folder.glob("*.json")}
    records, problems = {}, {}
    for student in sorted(students):
        try:
            data = json.loads((folder / f"{student}.json").read_text(encoding="utf-8"))
            records[student] = Record.from_json(data)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            problems[student] = f"its record cannot be read: {type(error).__name__}"
    for student in sorted({path.parent.name for path in (course / "submitted").glob(f"*/{unit}")} | students):
        said = read_problem(course, unit, student)
        if said or (student not in records and student not in problems):
            problems[student] = said or "not graded yet"
    return ClassRecords(records, problems)


def questions(unit: Unit, records: list[Record]) -> list[Question]:
    """One entry for each graded function, in notebook order; a record of older checks may lack some."""
    return [_question(name, points, [r for r in records if name in r.checks]) for name, points in unit.checks.items()]


def _question(name: str, points: float, records: list[Record]) -> Question:
    checks = [record.checks[name] for record in records]
    fractions = [check.score / check.max_score if check.max_score else 0.0 for check in checks]
    rest = [record.score - check.score for record, check in zip(records, checks, strict=True)]
    outcomes = Counter(outcome(check) for check in checks)
    value, why = correlation(fractions, rest)
    return Question(
        name,
        points,
        {key: outcomes[key] for key in OUTCOMES},
        Counter(check.status for check in checks),
        Counter(check.misconception for check in checks if check.misconception),
        sum(fractions) / len(fractions) if fractions else 0.0,
        value,
        why,
    )


def outcome(check) -> str:
    """pass, partial (some of the points), missing (nothing written), fail (everything else)."""
    if check.status in ("pass", "missing"):
        return check.status
    return "partial" if check.score > 0 else "fail"


def correlation(one: list[float], other: list[float]) -> tuple[float | None, str]:
    """Pearson's, or None and the reason: too few, or no spread to correlate."""
    if len(one) < ENOUGH:
        return None, f"fewer than {ENOUGH} graded"
    means = sum(one) / len(one), sum(other) / len(other)
    a, b = ([x - mean for x in values] for values, mean in zip((one, other), means, strict=True))
    spread = sum(x * x for x in a) * sum(x * x for x in b)
    if spread <= 1e-18:
        return None, "everybody has the same"
    return sum(x * y for x, y in zip(a, b, strict=True)) / spread**0.5, ""


def distribution(records: list[Record], bins: int = 10) -> list[int]:
    """How many scores lie in each tenth of the points; full marks belong to the last."""
    counts = [0] * bins
    for record in records:
        share = record.score / record.max_score if record.max_score else 0.0
        counts[min(int(share * bins + 1e-9), bins - 1)] += 1
    return counts


def quartiles(values: list[float]) -> tuple[float, float, float, float, float]:
    """Least, lower quartile, median, upper quartile, greatest. Raises ValueError for no values."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    half = (len(ordered) + 1) // 2
    return ordered[0], median(ordered[:half]), median(ordered), median(ordered[-half:]), ordered[-1]
