"""Local records: what is written where, that a check never suffers for it, and what is read from them."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograder.__main__ import main
from autograder.units.manifest import ROOT, load_unit
from course import check, records

UNIT = "01_similarity_losses"
RIGHT = load_unit(UNIT).references()["logistic_loss"]


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A folder of working copies, the current directory being that of an exercise in it, as in a kernel."""
    folder = tmp_path / "work"
    (folder / "exercises" / UNIT).mkdir(parents=True)
    (folder / records.MARK).write_text("{}")
    monkeypatch.chdir(folder / "exercises" / UNIT)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    return folder


def written(work):
    return [{key: value for key, value in entry.items() if key != "at"} for entry in records.read(work)]


def test_a_check_is_recorded_and_one_of_a_blank_function_is_not(work, capsys):
    def logistic_loss(anchor, positive, negative):
        raise NotImplementedError()

    assert check(RIGHT).passed
    check(logistic_loss)
    check(lambda *args: 1.0, "logistic_loss")
    assert written(work) == [
        {"what": "check", "name": "logistic_loss", "status": "pass"},
        {"what": "check", "name": "logistic_loss", "status": "fail"},
    ]
    assert capsys.readouterr() == ("", "")


def test_elsewhere_nothing_is_recorded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(ROOT.glob("work/.progress*"))
    check(RIGHT)
    assert list(tmp_path.rglob("*")) == []
    assert sorted(ROOT.glob("work/.progress*")) == before


def test_nbgrader_s_execution_is_not_recorded(work, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "1")
    check(RIGHT)
    assert written(work) == []


def full(*_):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("trouble", ["a folder", "a pipe", "disk full", "no current directory", "too large"])
def test_a_check_answers_as_always_where_nothing_can_be_recorded(work, trouble, monkeypatch, capsys):
    path = work / records.FILE
    if trouble == "a folder":
        path.mkdir()
    elif trouble == "a pipe":
        os.mkfifo(path)  # opening it for writing would wait for a reader
    elif trouble == "disk full":
        monkeypatch.setattr(records.os, "write", full)
    elif trouble == "no current directory":
        os.rmdir(work / "exercises" / UNIT)
    else:
        monkeypatch.setattr(records, "MOST", 0)
    assert check(RIGHT).passed
    assert capsys.readouterr() == ("", "")


def test_several_kernels_write_whole_lines(work):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: records.note("check", work, name="n" * (number % 300), status="pass"), range(800)))
    lines = (work / records.FILE).read_text().splitlines()
    assert sorted(len(json.loads(line)["name"]) for line in lines) == sorted(number % 300 for number in range(800))


def test_broken_lines_are_left_out(work):
    (work / records.FILE).write_bytes(
        b'{"half\n[]\n\xff\n{"what": 1, "at": ""}\n{"what": "check", "at": "now"}\n{"what": "grade"'
    )
    assert records.read(work) == [{"what": "check", "at": "now"}]
    assert records.statuses(records.read(work)) == {}


def test_what_was_passed_once_is_earned_and_the_last_word_is_the_state():
    entries = [
        {"what": "check", "name": "a", "status": "pass"},
        {"what": "check", "name": "a", "status": "error"},
        {"what": "check", "name": "b", "status": "partial"},
        {
            "what": "grade",
            "unit": "u",
            "scores": {"c": [2, 2], "d": [1, 2], "e": [0, 2], "b": [0, 1], "f": "?"},
            "by_hand": ["g"],
        },
    ]
    assert records.statuses(entries) == {"a": "fail", "b": "fail", "c": "pass", "d": "partial"}
    assert records.earned(entries) == {"a", "c", "g"}


def test_a_grade_is_recorded_beside_the_notebook_and_nothing_of_what_ran_in_the_sandbox(work, sandbox, capsys):
    notebook = json.loads((ROOT / "exercises" / UNIT / f"{UNIT}.ipynb").read_text(encoding="utf-8"))
    solved = next(cell.source for cell in load_unit(UNIT).solved if cell.id == "logistic_loss")
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "logistic_loss":
            cell["source"] = f"{solved}\n\ncheck(logistic_loss)\ncheck(logistic_loss)"
    path = work / "exercises" / UNIT / f"{UNIT}.ipynb"
    path.write_text(json.dumps(notebook))
    os.chdir(ROOT)
    assert main(["grade", str(path)]) == 0
    (entry,) = written(work)
    assert entry["what"] == "grade"
    assert entry["unit"] == UNIT
    assert entry["scores"]["logistic_loss"] == [1, 1]
    assert entry["scores"]["nt_xent"] == [0, 3]
    assert entry["by_hand"] == ["derive_gradient"]
