"""The worked solution of one question as Markdown: the code or the model answer, other ways that count, known beliefs.

What a learner reads after the check has passed, or on request. Everything comes from where it is used: the solved
notebook, and the exercise's accepted styles and misconceptions.
"""

from __future__ import annotations

import contextlib
import io
import re

from autograder.author import Exercise, Proof
from autograder.author.source import PREAMBLE
from autograder.publish.question import shown_lines
from autograder.units.derivation import scheme_and_answer
from autograder.units.manifest import Unit, UnitError, load_unit, unit_names

MARKS = re.compile(r"^[ \t]*### (BEGIN|END) SOLUTION[ \t]*\n?", re.MULTILINE)


def worked(name: str) -> str:
    """The worked solution of the graded function, number, proof or derivation `name`. Raises UnitError for others."""
    for slug in unit_names():
        unit = load_unit(slug)
        if name in unit.checks or name in unit.manual:
            break
    else:
        raise UnitError(f"no unit asks for {name!r}")
    source = next(cell.source for cell in unit.solved if cell.id == name)
    if name in unit.manual:
        return _derivation(name, source, unit.manual[name])
    answer = re.sub(rf"\A{name} = None.*\n", "", MARKS.sub("", source)).strip("\n")
    exercise = unit.exercise(name)
    return "\n\n".join([f"### `{name}`: a worked solution", *_body(unit, exercise, answer)]) + "\n"


def _derivation(name: str, source: str, points: float) -> str:
    scheme, answer = scheme_and_answer(source)
    head = f"#### How the {points:g} points are given"
    return "\n\n".join([f"### `{name}`: a model answer", answer, head, scheme]) + "\n"


def _body(unit: Unit, exercise: Exercise, answer: str) -> list[str]:
    parts = [_code(answer)]
    if exercise.proof:
        with contextlib.redirect_stdout(io.StringIO()):  # a unit may print where it trains
            order = list(unit.references()[exercise.name])
        return parts + _proof(exercise.proof, order, shown_lines(unit, exercise.name))
    if exercise.properties:
        parts += ["**What must hold besides, and is asked when it is graded:**"]
        parts += [_list(said for said, _ in exercise.properties)]
    # the formula with its knobs, and a knob turned, are written for the author's eyes
    others = [variant for variant in exercise.variants if not variant.knobs and variant.name != "the formula"]
    if others:
        parts += ["#### Other ways that count fully"]
        parts += [f"*{variant.name}*\n\n{_code(_without_imports(variant.source))}" for variant in others]
    if exercise.misconceptions:
        parts += ["#### Beliefs that lead elsewhere, and what to ask oneself"]
        parts += [_list(f"*{wrong.belief}* {' '.join(wrong.hints[:1])}" for wrong in exercise.misconceptions)]
    return parts


def _without_imports(source: str) -> str:
    """Without what the notebook's setup cell imports."""
    return source.replace(PREAMBLE.rstrip(), "")


def _proof(proof: Proof, order: list[str], texts: dict[str, str]) -> list[str]:
    """One right order with the texts of its lines and what each uses, then why the others are false."""
    used = {label: f" *(uses {', '.join(proof.needs[label])})*" if proof.needs[label] else "" for label in order}
    lines = [f"{number}. **{label}** {texts[label]}{used[label]}" for number, label in enumerate(order, 1)]
    parts = ["One of the orders that count: each line uses only what stands above it.", "\n".join(lines)]
    false = [f"**{label}** {texts[label]} *{belief}*" for label, (belief, _) in sorted(proof.false.items())]
    return parts + (["#### Lines that are false, and the belief behind each", _list(false)] if false else [])


def _code(source: str) -> str:
    return f"```python\n{source.strip()}\n```"


def _list(items) -> str:
    return "\n".join(f"- {item}" for item in items)
