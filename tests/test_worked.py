"""The worked solution: right code for every question, open when it is earned, on request with a note, never in `course`."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys

import pytest

from autograder.publish.worked import worked
from autograder.units.manifest import ROOT, UnitError, load_unit, unit_names
from course import check, records, solution
from course.work import main

worked_at = sys.modules["course.solution"]  # `course.solution` is the function
UNIT = load_unit("01_similarity_losses")
NT_XENT = UNIT.references()["nt_xent"]


@pytest.mark.parametrize("slug", unit_names())
def test_every_question_has_its_reference_its_other_ways_and_its_beliefs(slug):
    unit = load_unit(slug)
    for name in unit.checks:
        text, exercise = worked(name), unit.exercise(name)
        blocks = re.findall(r"```python\n(.*?)\n```", text, re.DOTALL)
        for block in blocks:
            ast.parse(block)
        assert "SOLUTION" not in text
        assert "NotImplementedError" not in blocks[0]
        assert name in blocks[0]
        for wrong in exercise.misconceptions:
            assert wrong.belief in text
        if exercise.proof:
            order = re.findall(r"^\d+\. \*\*([A-Z])\*\* \S", text, re.MULTILINE)
            assert order == list(unit.references()[name])
            assert all(f"- **{label}** " in text for label in exercise.proof.false)
        else:
            written = [v for v in exercise.variants if not v.knobs and v.name != "the formula"]
            assert len(blocks) == 1 + len(written)
    for name in unit.manual:
        model, scheme = worked(name).split("#### How the ")
        assert "MARK SCHEME" not in model + scheme
        assert len(model) > 300
        assert scheme.count("\n- ") >= 3


def test_an_unknown_name_is_an_error():
    with pytest.raises(UnitError, match="no unit asks for 'nt_xnet'"):
        worked("nt_xnet")


@pytest.fixture
def work(tmp_path, monkeypatch):
    (tmp_path / records.MARK).write_text("{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(worked_at, "worked", lambda name: f"worked {name}")
    return tmp_path


def opened(work):
    return [entry["name"] for entry in records.read(work) if entry["what"] == "solution"]


def test_a_passed_verdict_says_how_to_open_it_and_it_opens(work):
    report = check(NT_XENT)
    assert report.compare == 'from course import solution; solution("nt_xent")'
    assert report.compare in repr(report)
    assert report.compare in report._repr_html_()
    assert solution("nt_xent").data == solution(NT_XENT).data == "worked nt_xent"
    assert opened(work) == []


def test_before_it_is_earned_it_opens_on_request_only_and_that_is_noted(work):
    assert "compare" not in repr(check(lambda *a, **k: 1.0, "nt_xent"))
    assert "first pass its check" in solution("nt_xent").data
    assert "first have the unit graded" in solution("derive_gradient").data
    assert opened(work) == []
    assert solution("nt_xent", anyway=True).data == "worked nt_xent"
    assert opened(work) == ["nt_xent"]
    records.note("grade", unit=UNIT.slug, scores={}, by_hand=["derive_gradient"])
    assert solution("derive_gradient").data == "worked derive_gradient"


def test_where_there_is_only_course_there_is_no_solution_and_no_promise_of_one(work, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(worked_at, "ROOT", work)
    assert not check(NT_XENT).compare
    with pytest.raises(ValueError, match="not part of this copy"):
        worked_at.worked("nt_xent")


def test_the_command_line_prints_one_solution_and_notes_it(tmp_path, monkeypatch, capsys):
    for folder in ("exercises", "solutions"):
        shutil.copytree(ROOT / folder / UNIT.slug, tmp_path / folder / UNIT.slug)
    work_module = sys.modules["course.work"]
    monkeypatch.setattr(work_module, "ROOT", tmp_path)
    assert main(["--solution", UNIT.slug, "limit_cold"]) == 0
    assert "limit_cold = math.log(2)" in capsys.readouterr().out
    assert not (tmp_path / "work" / "solutions").exists()
    assert opened(tmp_path / "work") == ["limit_cold"]
    assert main(["--solution", UNIT.slug]) == 0
    assert (tmp_path / "work" / "solutions" / UNIT.slug / f"{UNIT.slug}.ipynb").is_file()
    assert opened(tmp_path / "work") == ["limit_cold", UNIT.slug]
    with pytest.raises(SystemExit):
        main(["--solution", UNIT.slug, "limit_warm"])
    assert "no unit asks for 'limit_warm'" in capsys.readouterr().err


def test_course_itself_asks_a_command_and_holds_nothing():
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "solution", "nobody"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "error: no unit asks for 'nobody'\n"
