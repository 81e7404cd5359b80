"""The command line: what it grades it prints and writes, what it cannot grade it says in one line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from autograder.__main__ import main
from autograder.classroom.demo import write_submission
from autograder.units.manifest import ROOT, load_unit, unit_names

SLUG = "01_similarity_losses"
SOLVED = ROOT / "solutions" / SLUG / f"{SLUG}.ipynb"


@pytest.mark.parametrize("slug", [unit_names()[0], unit_names()[-1]])  # tests/test_units_graded.py has all
def test_the_solution_scores_full_and_the_release_zero(slug, tmp_path, sandbox):
    total = sum(load_unit(slug).checks.values())
    for folder, score in (("solutions", total), ("exercises", 0.0)):
        out = tmp_path / f"{folder}.json"
        assert main(["grade", str(ROOT / folder / slug / f"{slug}.ipynb"), "--json", str(out)]) == 0
        record = json.loads(out.read_text(encoding="utf-8"))
        assert (record["unit"], record["score"], record["max_score"]) == (slug, score, total), record["checks"]


def test_the_record_has_the_promised_form(tmp_path, sandbox):
    out = tmp_path / "record.json"
    assert main(["grade", str(SOLVED), "--unit", SLUG, "--json", str(out)]) == 0
    record = json.loads(out.read_text(encoding="utf-8"))
    assert "bubblewrap" in record["sandbox"]
    assert set(record["checks"]) == set(load_unit(SLUG).checks)
    for check in record["checks"].values():
        assert {"status", "score", "max_score", "message", "hint"} <= set(check)
        assert check["status"] == "pass"


def test_a_recorded_seed_repeats_the_grading(tmp_path, sandbox):
    wrong = load_unit(SLUG).exercise("nt_xent").misconceptions[0]
    path = write_submission(tmp_path, "student", {"nt_xent": wrong.source})
    records = []
    for _ in range(2):
        out = tmp_path / "record.json"
        arguments = ["grade", str(path), "--json", str(out)]
        if records:
            arguments += ["--seed", str(records[0]["seed"])]
        assert main(arguments) == 0
        records.append(json.loads(out.read_text(encoding="utf-8")))
    assert records[0]["checks"] == records[1]["checks"]
    assert records[0]["checks"]["nt_xent"]["misconception"] == wrong.name


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["no/such/file.ipynb"], "No such file"),
        ([str(ROOT / "README.md")], "is not a notebook"),
        ([str(ROOT / "lectures" / "01_similarity_losses.ipynb")], "no exercise of any unit"),
        ([str(SOLVED), "--unit", "01_nothing"], "unknown unit '01_nothing'"),
        ([str(ROOT)], "not a regular file"),
    ],
)
def test_what_cannot_be_graded_is_one_line_and_a_non_zero_exit(arguments, reason):
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "grade", *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_notebook_of_50_mb_is_refused(tmp_path):
    path = tmp_path / "large.ipynb"
    with open(path, "wb") as file:
        file.truncate(50 * 2**20)
    assert main(["grade", str(path)]) == 2


def test_without_a_sandbox_it_refuses_and_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr("autograder.sandbox.process.shutil.which", lambda name: None)
    monkeypatch.setattr("autograder.sandbox.process.importlib.metadata.files", lambda name: [])
    assert main(["grade", str(SOLVED)]) == 2
    assert "apt install bubblewrap" in capsys.readouterr().err
    monkeypatch.setattr("autograder.sandbox.process.sys.platform", "darwin")
    assert main(["grade", str(SOLVED)]) == 2
    assert "no sandbox on darwin" in capsys.readouterr().err


def test_forced_grading_without_a_sandbox_is_written_in_the_record(tmp_path):
    out = tmp_path / "record.json"
    assert main(["grade", str(SOLVED), "--unsafe-no-sandbox", "--json", str(out)]) == 0
    record = json.loads(out.read_text(encoding="utf-8"))
    assert record["sandbox"] == "none (forced)"
    assert record["score"] == record["max_score"]
