"""A new graded function: its question, stub and check in the unit's text source, and the module that says how it is checked.

What is written here is unfinished on purpose: `build` and `prove` run, and say what is missing.
"""

from __future__ import annotations

import keyword
from pathlib import Path

from autograder.submission.files import write_atomically
from autograder.units.manifest import ROOT, UnitError, load_unit, unit_names

HEAD = (
    '# %% nbgrader={{"grade": {grade}, "grade_id": "{id}", "locked": {grade}, {points}"schema_version": 3, '
    '"solution": {solution}, "task": false}}'
)
QUESTION = '''\
# %% [markdown]
# ## {number} · `{name}`
#
# *Difficulty* ●●○○○ · *time* 10 min · 1 point
#
# (What to compute: the equation, the conventions, what raises `ValueError`.)


{stub}
def {name}(x):
    """(One line. The equation, shapes, units, errors, source.)"""
    ### BEGIN SOLUTION
    raise NotImplementedError
    ### END SOLUTION


{check}
check({name})

'''
MODULE = '''\
"""{name}: what its check looks at."""

from autograder.author import Case, Exercise
from autograder.author.draw import odd_sizes

exercise = Exercise(
    "{name}",
    refuses=(),  # what the arguments must be: law("rho"), count("n", "N"), ... (docs/authoring.md)
    hints={{}},  # "values": ("a nudge", "nearly the answer")
)


@exercise.cases
def cases(rng):
    yield from ()
    # yield Case("C = 3", (arguments,))
    # yield Case("more classes", (arguments of odd_sizes(rng, 1)[0] classes,), public=False)
    # yield from exercise.bad_inputs(a good call)


# @exercise.formula                                   the right formula, what may go wrong in it as knobs
# def {name}(x, *, knob=right):

# exercise.slip("what is wrong", knob=wrong).says("The belief, as a sentence.", "A nudge.", "Nearly the answer.")
# exercise.style("as right, computed otherwise", knob=other)

# @exercise.accepted("a style of its own", guarded=False)
# def {name}(x):
'''


def new_function(slug: str, name: str, root: Path = ROOT) -> list[Path]:
    """Write both; the paths written. Raises UnitError for an unknown unit, a name that is none, or one that is taken."""
    load_unit(slug, root)
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        raise UnitError(f"{name!r} cannot be the name of a function")
    for other in unit_names(root):
        if name in load_unit(other, root).checks:
            raise UnitError(f"{name!r} is a function of {other} already")
    source = root / "solutions" / slug / f"{slug}.py"
    module = root / "autograder" / "units" / f"u{slug}" / f"{name}.py"
    text = source.read_text(encoding="utf-8")
    if module.exists() or f'"grade_id": "{name}"' in text:
        raise UnitError(f"{name!r} is there already: {module if module.exists() else source}")
    number = sum(line.startswith("# ## ") for line in text.splitlines()) + 1
    write_atomically(source, _with_question(text, name, number))
    write_atomically(module, MODULE.format(name=name))
    return [source, module]


def _with_question(text: str, name: str, number: int) -> str:
    """The text source with the question's cells before its closing cell, which says how to hand in, or at the end."""
    last = text.rindex("\n# %%") + 1
    end = last if "Done?" in text[last:] else len(text)
    stub = HEAD.format(grade="false", id=name, points="", solution="true")
    check = HEAD.format(grade="true", id=f"check_{name}", points='"points": 1, ', solution="false")
    before = text[:end] if text[:end].endswith("\n\n") else f"{text[:end].rstrip()}\n\n"
    return before + QUESTION.format(name=name, number=number, stub=stub, check=check) + text[end:]
