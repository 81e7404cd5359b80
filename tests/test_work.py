"""A learner's copies in work/: made once, never overwritten, newer releases beside them, links that hold."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from autograder.units.manifest import ROOT, unit_names
from course.work import refresh


@pytest.fixture
def course(tmp_path):
    for name, content in {
        "exercises/01_a/01_a.ipynb": "exercise, first release",
        "lectures/01_a.ipynb": "lecture, first release",
        "solutions/01_a/01_a.ipynb": "solved",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(content)
    refresh(tmp_path)
    return tmp_path


def files(course):
    found = (course / "work").rglob("*.ipynb")
    return {path.relative_to(course / "work").as_posix(): path.read_text() for path in found}


def test_copies_of_exercises_and_lectures_are_made_once(course):
    given = {"exercises/01_a/01_a.ipynb": "exercise, first release", "lectures/01_a.ipynb": "lecture, first release"}
    assert files(course) == given
    assert refresh(course) == []
    assert files(course) == given


def test_a_newer_exercise_lies_beside_the_copy_and_is_offered_once(course):
    copy = course / "work" / "exercises" / "01_a" / "01_a.ipynb"
    copy.write_text("my work")
    for number, name in ((2, "01_a.new.ipynb"), (3, "01_a.new2.ipynb")):
        (course / "exercises" / "01_a" / "01_a.ipynb").write_text(f"exercise, release {number}")
        (line,) = refresh(course)
        assert line.startswith(f"work/exercises/01_a/{name}: a newer version.")
        assert (copy.parent / name).read_text() == f"exercise, release {number}"
        assert copy.read_text() == "my work"
        (copy.parent / name).write_text("my work in the newer one")
        assert refresh(course) == []
    copy.with_name("01_a.new.ipynb").unlink()  # it was looked at and thrown away
    assert refresh(course) == []
    assert copy.read_text() == "my work"
    assert copy.with_name("01_a.new2.ipynb").read_text() == "my work in the newer one"


def test_an_exercise_that_nobody_has_opened_is_not_replaced_either(course):
    (course / "exercises" / "01_a" / "01_a.ipynb").write_text("exercise, release 2")
    assert len(refresh(course)) == 1
    assert files(course)["exercises/01_a/01_a.ipynb"] == "exercise, first release"
    assert files(course)["exercises/01_a/01_a.new.ipynb"] == "exercise, release 2"


def test_a_lecture_follows_until_something_is_written_in_it(course):
    (course / "lectures" / "01_a.ipynb").write_text("lecture, release 2")
    assert refresh(course) == []
    assert files(course)["lectures/01_a.ipynb"] == "lecture, release 2"
    (course / "work" / "lectures" / "01_a.ipynb").write_text("my notes")
    (course / "lectures" / "01_a.ipynb").write_text("lecture, release 3")
    assert len(refresh(course)) == 1
    assert files(course)["lectures/01_a.ipynb"] == "my notes"
    assert files(course)["lectures/01_a.new.ipynb"] == "lecture, release 3"


def test_a_forgotten_memory_loses_nothing(course):
    copy = course / "work" / "exercises" / "01_a" / "01_a.ipynb"
    copy.write_text("my work")
    (course / "work" / ".releases.json").write_text("{ half")
    assert len(refresh(course)) == 1
    assert copy.read_text() == "my work"


def test_a_thrown_away_copy_is_made_again(course):
    (course / "work" / "exercises" / "01_a" / "01_a.ipynb").unlink()
    (course / "exercises" / "01_a" / "01_a.ipynb").write_text("exercise, release 2")
    assert refresh(course) == ["work/: 1 notebooks copied, for you to work in"]
    assert files(course)["exercises/01_a/01_a.ipynb"] == "exercise, release 2"


def test_a_solution_is_copied_when_it_is_asked_for(course):
    refresh(course, ("01_a",))
    assert files(course)["solutions/01_a/01_a.ipynb"] == "solved"
    done = subprocess.run(
        [sys.executable, "-m", "course.work", "--solution", "99_none"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no solution of a unit '99_none'" in done.stderr


@pytest.mark.parametrize("where", [".", "work"])
def test_links_between_notebooks_hold_in_the_repository_and_in_the_copies(where, tmp_path):
    for folder in ("exercises", "lectures"):
        for source in (ROOT / folder).rglob("*.ipynb"):
            target = tmp_path / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    refresh(tmp_path)
    links = 0
    for path in (*(tmp_path / where).glob("exercises/*/*.ipynb"), *(tmp_path / where).glob("lectures/*.ipynb")):
        text = "\n".join(
            "".join(c["source"])
            for c in json.loads(path.read_text(encoding="utf-8"))["cells"]
            if c["cell_type"] == "markdown"
        )
        for link in re.findall(r"\]\(([^)#\s]+\.ipynb)[^)]*\)", text):
            links += 1
            assert (path.parent / link).is_file(), f"{path.relative_to(tmp_path)} links to {link}"
    assert links


@pytest.mark.parametrize("slug", unit_names())
def test_an_exercise_names_the_copy_that_its_learner_has(slug):
    text = (ROOT / "exercises" / slug / f"{slug}.ipynb").read_text(encoding="utf-8")
    named = set(re.findall(r"[\w/]*exercises/[\w/]+\.ipynb", text))
    assert named == {f"work/exercises/{slug}/{slug}.ipynb"}
