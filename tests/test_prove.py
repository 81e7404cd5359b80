"""The command `prove`: what it says of names that it does not know, and that its processes change nothing."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from autograder.__main__ import main
from autograder.author import Case
from autograder.publish import prove
from autograder.publish.missing import wrong_constants
from autograder.publish.new import _with_question, new_function
from autograder.units.manifest import ROOT, Cell, Unit, UnitError, load_unit, unit_names
from course.check.call import Outcome
from tests import line_exercise


def test_an_unknown_function_is_said_in_one_line_with_the_known_ones(capsys):
    assert main(["prove", "01_similarity_losses", "--only", "nt_xnet"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said == "error: no check is called 'nt_xnet'; did you mean nt_xent?\n"
    assert main(["prove", "01_similarity_losses", "--only", "zzz"]) == 2
    assert capsys.readouterr().err.startswith("error: no check is called 'zzz'; known: logistic_loss, ")
    assert main(["prove", "01_similarty_losses"]) == 2
    assert capsys.readouterr().err == "error: unknown unit '01_similarty_losses'; did you mean 01_similarity_losses?\n"
    for arguments in (["build", "01"], ["new", "01", "f"], ["grade-class", "01"]):
        assert main(arguments) == 2
        assert capsys.readouterr().err == "error: unknown unit '01'; did you mean 01_similarity_losses?\n"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("block_loss", "'block_loss' is a function of 02_latent_classes already"),
        ("two words", "'two words' cannot be the name of a function"),
        ("draw", "'draw' is there already"),
    ],
)
def test_new_writes_over_nothing_and_takes_no_name_twice(name, reason, capsys, monkeypatch, tmp_path):
    module = tmp_path / "autograder" / "units" / "u01_similarity_losses" / "draw.py"
    module.parent.mkdir(parents=True)
    module.write_text("# mine")
    for room in ("solutions", "exercises"):
        for slug in ("01_similarity_losses", "02_latent_classes"):
            shutil.copytree(ROOT / room / slug, tmp_path / room / slug)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    with pytest.raises(UnitError, match=reason):
        new_function("01_similarity_losses", name, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()} == before


@pytest.mark.parametrize("slug", unit_names())
def test_a_new_question_is_the_last_one_and_the_rest_stays_as_it_is(slug):
    text = (ROOT / "solutions" / slug / f"{slug}.py").read_text(encoding="utf-8")
    changed = _with_question(text, "newest", 99)
    before, _, rest = changed.partition("# %% [markdown]\n# ## 99 · `newest`")
    question, _, closing = rest.partition("check(newest)\n")
    assert (before.rstrip() + "\n\n" + closing.lstrip()).rstrip() == text.rstrip()
    assert "check(" not in closing
    assert closing.count("# %%") == ("Done? Restart" in text)
    assert '"grade_id": "check_newest", "locked": true, "points": 1' in question


def test_a_check_that_cannot_be_read_or_tried_is_a_line_and_no_traceback(capsys, monkeypatch):
    unit = load_unit("01_similarity_losses")
    exercise = replace(unit.exercise("hinge_loss"), make_cases=lambda rng: iter([Case("no argument", ())]))
    monkeypatch.setattr(Unit, "exercise", lambda self, name: exercise)
    assert main(["prove", "01_similarity_losses", "--only", "hinge_loss", "--workers", "1"]) == 1
    said = capsys.readouterr().out
    assert "hinge_loss: no bad input: refuses=(...)" not in said  # nothing is asked with arguments yet
    assert "hinge_loss: no case for the grader only" in said
    assert "hinge_loss: RuntimeError: reference of hinge_loss, 'no argument': ('TypeError'" in said


def test_right_answers_alone_are_tried_in_turn_on_many_seeds_and_the_unlucky_ones_are_told(capsys, monkeypatch):
    unit = load_unit("01_similarity_losses")
    fair = unit.exercise("hinge_loss")
    assert (
        main(["prove", "01_similarity_losses", "--only", "hinge_loss", "--right", "--seeds", "3", "--workers", "1"])
        == 0
    )
    drawn = []

    def unlucky(f, rng):
        drawn.append(rng.integers(3) == 0)
        return "unlucky" if drawn[-1] else None

    exercise = replace(fair, properties=[("it is a lucky seed", unlucky)], misconceptions=[])
    monkeypatch.setattr(Unit, "exercise", lambda self, name: exercise)
    capsys.readouterr()
    assert (
        main(["prove", "01_similarity_losses", "--only", "hinge_loss", "--right", "--seeds", "12", "--workers", "1"])
        == 1
    )
    lines = [line for line in capsys.readouterr().out.splitlines() if "(right) got" in line]
    assert [int(line.split("seed ")[1].split(":")[0]) for line in lines] == [i for i, bad in enumerate(drawn) if bad]
    assert len(drawn) == 12
    assert 0 < len(lines) < 12
    assert len({line.split(" (right)")[0] for line in lines}) > 1  # another style at each seed
    assert all(line.endswith("unlucky") for line in lines)


def test_prove_tells_of_a_constant_that_no_case_sees():
    exercise = replace(line_exercise.line(), properties=[])

    def told(*values):
        cases = [Case(f"{value}", (value, 1)) for value in values]
        return list(wrong_constants(exercise, cases, [Outcome(value=np.array(value)) for value in values]))

    assert told(0.0) == ["1.01 times the right answer passes: no case where a wrong constant fails"]
    assert told(0.0, 2.0) == []


def test_a_missing_check_is_said_in_one_line_with_the_path_to_write(capsys, monkeypatch):
    ghost = Cell("check_ghost", "check", "code", "check(ghost)", 1.0)
    monkeypatch.setattr(prove, "load_unit", lambda slug: Unit("01_similarity_losses", (ghost,), ()))
    assert main(["prove", "01_similarity_losses"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "autograder/units/u01_similarity_losses/ghost.py is missing" in said


def test_two_processes_print_what_one_prints_in_the_order_of_the_notebook(capsys):
    arguments = ["prove", "01_similarity_losses", "--seeds", "1", "--workers"]
    assert main([*arguments, "1"]) == 0
    alone = capsys.readouterr().out
    assert main([*arguments, "2"]) == 0
    assert capsys.readouterr().out == alone
    assert [line.split()[1].rstrip(":") for line in alone.splitlines()] == list(
        load_unit("01_similarity_losses").checks
    )
