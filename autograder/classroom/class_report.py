"""`python -m autograder report UNIT`: one page on how a class did, for the instructor or, without names, for the class."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from autograder.classroom.statistics import (
    ENOUGH,
    OUTCOMES,
    POOR,
    ClassRecords,
    Question,
    distribution,
    quartiles,
    questions,
    read_class,
)
from autograder.grading.record import Record
from autograder.grading.version import checks_version
from autograder.pages.filters import TEMPLATES
from autograder.pages.markdown import directed
from autograder.pages.plots import bars, shares
from autograder.submission.files import write_atomically
from autograder.submission.notebook import SubmissionError
from autograder.units.manifest import Unit, load_unit

FEW = 5  # of a class smaller than this a reader may guess who is who


def write_report(course: Path, slug: str, shareable: bool = False) -> Path:
    """COURSE/reports/UNIT.html, or UNIT-shareable.html without names, numbers of students or reasons; gives its path.

    Raises UnitError for an unknown unit, SubmissionError where there is no such course directory.
    """
    unit, course = load_unit(slug), course.resolve()
    if not course.is_dir():
        raise SubmissionError(f"{course} is no course directory")
    path = course / "reports" / f"{slug}{'-shareable' if shareable else ''}.html"
    write_atomically(path, report_html(unit, read_class(course, slug), shareable, checks_version(unit)))
    return path


def report_html(unit: Unit, found: ClassRecords, shareable: bool, version: str) -> str:
    """The page. In the shareable form nothing in it comes from a student, not even a file's name."""
    records = list(found.records.values())
    asked = questions(unit, records)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES / "report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["directed"] = lambda text: directed(str(text))
    return environment.get_template("index.html.j2").render(
        unit=unit.slug,
        today=date.today().isoformat(),
        shareable=shareable,
        few=shareable and 0 < len(records) < FEW,
        graded=len(records),
        problems=len([student for student in found.problems if student not in found.records]),
        newer=len([student for student in found.problems if student in found.records]),
        older=sum(record.checks_version != version for record in records),
        total=sum(unit.checks.values()),
        manual=sum(unit.manual.values()),
        scores=_scores(records),
        histogram=_histogram(records),
        outcomes=OUTCOMES,
        questions=asked,
        bar=_share_bar,
        poor=[
            q
            for q in sorted(asked, key=lambda q: q.correlation or 0)
            if q.correlation is not None and q.correlation < POOR
        ],
        uncomputed=[q for q in asked if q.correlation is None],
        enough=ENOUGH,
        limit=POOR,
        beliefs=_beliefs(unit, records),
        statuses=_statuses(asked),
        seconds=quartiles([record.seconds for record in records]) if records else None,
        students=[] if shareable else _students(found),
    )


def _scores(records: list[Record]) -> tuple[float, ...] | None:
    return quartiles([record.score for record in records]) if records else None


def _histogram(records: list[Record]) -> str:
    counts = distribution(records)
    labels = [f"{10 * i}-{10 * i + 10}" for i in range(10)]
    said = ", ".join(f"{label} %: {count}" for label, count in zip(labels, counts, strict=True) if count)
    return bars(counts, labels, "per cent of the automatic points", f"Number of students by score. {said or 'None.'}")


def _share_bar(question: Question) -> str:
    said = ", ".join(f"{count} {name}" for name, count in question.outcomes.items())
    return shares(question.outcomes, f"{question.name}: {said}")


def _beliefs(unit: Unit, records: list[Record]) -> list[tuple[int, str, str, str]]:
    """(how many, function, name, sentence), the commonest first."""
    counts: Counter[tuple[str, str]] = Counter()
    sentences: dict[tuple[str, str], str] = {}
    for record in records:
        for name, check in record.checks.items():
            if check.misconception and name in unit.checks:
                counts[name, check.misconception] += 1
                sentences.setdefault((name, check.misconception), belief_sentence(check.message))
    order = sorted(counts, key=lambda key: (-counts[key], list(unit.checks).index(key[0]), key[1]))
    return [(counts[key], *key, sentences[key]) for key in order]


def belief_sentence(message: str) -> str:
    """A verdict's message without the bracket behind it, which is about one student's answer."""
    start = "You seem to believe that "
    if not message.startswith(start):
        return ""
    said = message.removeprefix(start).partition(" (Values:")[0]
    for title in ("Gradient", "Extreme inputs", "Bad input", "Properties"):
        said = said.partition(f" ({title}:")[0]
    return said


def _statuses(asked: list[Question]) -> list[tuple[str, int, list[str]]]:
    """(status, how many answers, the functions in which it is commonest), without passes."""
    total: Counter[str] = Counter()
    where: dict[str, Counter[str]] = {}
    for question in asked:
        for status, count in question.statuses.items():
            if status != "pass":
                total[status] += count
                where.setdefault(status, Counter())[question.name] += count
    return [
        (status, count, [f"{name} ({n})" for name, n in where[status].most_common(3)])
        for status, count in total.most_common()
    ]


def _students(found: ClassRecords) -> list[dict]:
    """Everybody, by name: score, what was wrong, what is to be known of the submission."""
    rows = []
    for student in sorted({*found.records, *found.problems}):
        record, problem = found.records.get(student), found.problems.get(student, "")
        wrong = []
        if record:
            wrong = [
                f"{name}: {check.misconception or check.status}"
                for name, check in record.checks.items()
                if check.status not in ("pass", "missing")
            ]
        rows.append({"name": student, "record": record, "wrong": wrong, "problem": problem})
    return rows
