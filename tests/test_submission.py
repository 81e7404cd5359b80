"""A submitted notebook is data: what editors do to it is repaired, what is no notebook is refused in one line."""

from __future__ import annotations

import json
import os
import random

import pytest

from autograder.submission.notebook import SubmissionError, parse_submission, plain_python, read_submission
from autograder.units.manifest import ROOT, UnitError, load_unit

SLUG = "01_similarity_losses"
UNIT = load_unit(SLUG)
SOLVED = json.loads((ROOT / "solutions" / SLUG / f"{SLUG}.ipynb").read_text(encoding="utf-8"))


def parsed(notebook, slug=SLUG):
    return parse_submission(json.dumps(notebook).encode(), "test.ipynb", slug)


def copy():
    return json.loads(json.dumps(SOLVED))


def cell(notebook, name):
    return next(c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name)


def solutions(submission):
    return {k: v.strip() for k, v in submission.answers.items() if k != "derive_gradient"}


ORIGINAL = solutions(parsed(SOLVED))


def test_every_solution_cell_is_found_by_its_id():
    assert set(ORIGINAL) == set(UNIT.checks)
    assert parsed(SOLVED).notes == []


def test_all_metadata_stripped_is_repaired_by_content():
    notebook = copy()
    for c in notebook["cells"]:
        c["metadata"] = {}
    submission = parsed(notebook)
    assert solutions(submission) == ORIGINAL
    assert any("lost its id" in note for note in submission.notes)
    assert "derive_gradient" in submission.answers


def test_reordered_cells_are_put_back_where_they_belong():
    notebook = copy()
    random.Random(3).shuffle(notebook["cells"])
    submission = parsed(notebook)
    assert solutions(submission) == ORIGINAL
    assert [c.id for c in submission.rebuilt if c.kind != "extra"] == [c.id for c in UNIT.template]


def test_of_duplicated_cells_the_last_that_defines_the_function_counts():
    notebook = copy()
    twin = json.loads(json.dumps(cell(notebook, "nt_xent")))
    twin["source"] = ["def nt_xent(view1, view2, temperature=0.5):\n", "    return 0"]
    notebook["cells"].insert(notebook["cells"].index(cell(notebook, "nt_xent")), twin)
    submission = parsed(notebook)
    assert solutions(submission)["nt_xent"] == ORIGINAL["nt_xent"]
    assert any("claim to be nt_xent" in note for note in submission.notes)


def test_a_split_cell_keeps_both_halves_in_order():
    notebook = copy()
    target = cell(notebook, "nt_xent")
    helper = {"cell_type": "code", "metadata": dict(target["metadata"]), "source": "def helper(z):\n    return z"}
    notebook["cells"].insert(notebook["cells"].index(target), helper)
    submission = parsed(notebook)
    assert solutions(submission)["nt_xent"] == ORIGINAL["nt_xent"]
    assert submission.cells.index("def helper(z):\n    return z") < submission.cells.index(ORIGINAL["nt_xent"])


def test_points_flags_tags_and_edited_checks_are_not_looked_at():
    notebook = copy()
    for c in notebook["cells"]:
        if "nbgrader" in c["metadata"]:
            c["metadata"]["nbgrader"].update(points=1000, grade=False, solution=True, locked=False, schema_version=99)
        c["metadata"]["tags"] = ["skip-execution"]
    cell(notebook, "check_nt_xent")["source"] = "print('20 of 20')"
    submission = parsed(notebook)
    assert solutions(submission) == ORIGINAL
    assert {c.id: (c.points, c.kind) for c in submission.rebuilt if c.kind == "check"} == {
        c.id: (c.points, c.kind) for c in UNIT.template if c.kind == "check"
    }
    assert not any("20 of 20" in source for source in submission.cells)


def test_an_edited_setup_cell_runs_after_ours():
    notebook = copy()
    cell(notebook, "setup")["source"] = "import itertools\nimport torch"
    assert "import itertools\nimport torch" in parsed(notebook).cells


def test_windows_line_ends_and_notebooks_of_version_3_are_read():
    notebook = copy()
    target = cell(notebook, "nt_xent")
    target["source"] = "".join(target["source"]).replace("\n", "\r\n")
    assert solutions(parsed(notebook))["nt_xent"] == ORIGINAL["nt_xent"]
    old = copy()
    for c in old["cells"]:
        if c["cell_type"] == "code":
            c["input"] = c.pop("source")
    assert solutions(parsed({"worksheets": [{"cells": old["cells"]}]})) == ORIGINAL


def test_magics_are_comments_and_other_languages_are_left_out():
    assert plain_python("%matplotlib inline\nx = 1\n!ls\n") == "pass  # %matplotlib inline\nx = 1\npass  # !ls\n"
    assert plain_python("%%bash\nrm -rf /") == ""
    assert plain_python("x = (7\n  % 4)") == "x = (7\n  % 4)"
    assert plain_python("%%time\nx = 1").endswith("x = 1")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not a notebook"),
        (b"\xff\xfe\x00", "is not a notebook"),
        (b"[" * 100_000, "is not a notebook"),
        (b"[]", "the JSON holds a list"),
        (b'{"cells": 3}', "no list of cells"),
        (json.dumps({"cells": [{}] * 3000}).encode(), "over the limit of 2000"),
        (json.dumps({"cells": [{"cell_type": "code", "source": "x = 1"}]}).encode(), "no exercise of any unit"),
    ],
)
def test_what_is_no_notebook_is_refused_in_one_line(content, reason):
    with pytest.raises(SubmissionError, match=reason) as caught:
        parse_submission(content, "broken.ipynb", SLUG)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("junk", [None, 3, "x", [], {}, {"nbgrader": []}, {"nbgrader": {"grade_id": ["x"]}}])
def test_odd_metadata_and_sources_do_no_harm(junk):
    notebook = copy()
    notebook["cells"] += [{"cell_type": "code", "metadata": junk, "source": junk}, junk]
    assert solutions(parsed(notebook)) == ORIGINAL


def test_missing_large_linked_and_special_files_are_refused(tmp_path):
    with pytest.raises(SubmissionError, match="No such file"):
        read_submission(tmp_path / "none.ipynb")
    large = tmp_path / "large.ipynb"
    with open(large, "wb") as file:
        file.truncate(50 * 2**20)
    with pytest.raises(SubmissionError, match="has 50 MB, over the limit of 20 MB"):
        read_submission(large)
    link = tmp_path / "link.ipynb"
    link.symlink_to(ROOT / "solutions" / SLUG / f"{SLUG}.ipynb")
    with pytest.raises(SubmissionError, match="is a link"):
        read_submission(link)
    os.mkfifo(tmp_path / "pipe.ipynb")
    with pytest.raises(SubmissionError, match="not a regular file"):
        read_submission(tmp_path / "pipe.ipynb")
    with pytest.raises(SubmissionError, match="not a regular file"):
        read_submission(tmp_path)


def test_an_unknown_unit_is_refused_with_the_known_ones():
    with pytest.raises(UnitError, match=SLUG):
        parsed(SOLVED, "99_nothing")


def test_a_notebook_of_another_unit_is_refused_by_name():
    others = [path for path in (ROOT / "exercises").glob("*/*.ipynb") if path.stem != SLUG]
    for path in others:
        with pytest.raises(SubmissionError, match=f"of unit {path.stem}, not of {SLUG}"):
            read_submission(path, SLUG)
