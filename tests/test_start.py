"""The START page says what the notebooks and the local records say: the map, the states, where to go on, what is open."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from autograder.units.manifest import ROOT, load_unit, unit_names
from course import records
from course.start import map as start_map
from course.start import server
from course.start.state import OPEN, PARTLY, SOLVED, TRIED, WRITTEN, here, progress
from course.start.units import units

UNITS = units(ROOT)
FIRST = UNITS[0]


@pytest.fixture
def work(tmp_path):
    (tmp_path / records.MARK).write_text("{}")
    return tmp_path


def checked(**statuses):
    return [{"at": "2026-01-01", "what": "check", "name": name, "status": said} for name, said in statuses.items()]


def graded(unit, share=1.0):
    scores = {name: [share * points, points] for name, points in load_unit(unit.slug).checks.items()}
    return {"at": "2026-01-02T10:00", "what": "grade", "unit": unit.slug, "scores": scores, "by_hand": []}


def test_units_are_those_of_the_grader_with_its_points():
    assert [unit.slug for unit in UNITS] == unit_names()
    for unit in UNITS:
        known = load_unit(unit.slug)
        assert {q.name: q.points for q in unit.questions if not q.by_hand} == known.checks
        assert {q.name: q.points for q in unit.questions if q.by_hand} == known.manual
        assert all(question.minutes > 0 and 1 <= question.difficulty <= 5 for question in unit.questions)
        assert unit.about
        assert unit.core > 0


def test_needs_are_those_that_the_lectures_name():
    needs = {unit.number: unit.needs for unit in UNITS}
    assert needs["01"] == needs["06"] == ()  # unit 06 uses 01 and 04 in an optional section only
    assert needs["05"] == ("01", "02")
    assert needs["10"] == ("02", "04", "06")
    for unit in UNITS:
        assert all(need < unit.number for need in unit.needs)


def test_the_map_shows_every_need_or_a_longer_way_to_it_and_no_circle_on_another():
    at = start_map.places(UNITS)
    assert len(set(at.values())) == len(UNITS)
    picture = start_map.drawn(UNITS, {unit.slug: progress(unit, [], ROOT) for unit in UNITS}, FIRST.slug)
    hidden = start_map.implied(UNITS)
    assert hidden == {("01", "05"), ("01", "09")}
    assert picture.count('class="arrow"') == sum(len(unit.needs) for unit in UNITS) - len(hidden)
    for unit in UNITS:
        assert all(at[need][1] < at[unit.number][1] for need in unit.needs)


def test_states_are_those_of_the_last_check_or_grade(work):
    entries = checked(logistic_loss="pass", hinge_loss="partial", contrastive_loss="fail", nt_xent="pass")
    state = progress(FIRST, entries, work)
    found = {name: state.of[name] for name in ("logistic_loss", "hinge_loss", "contrastive_loss", "nt_xent_gradient")}
    assert list(found.values()) == [SOLVED, PARTLY, TRIED, OPEN]
    assert (state.said, state.points, state.unlocked) == (PARTLY, 4, False)
    assert progress(FIRST, [*entries, *checked(nt_xent="error")], work).of["nt_xent"] == TRIED
    done = progress(FIRST, [graded(FIRST)], work)
    assert (done.said, done.points, done.unlocked) == (SOLVED, FIRST.checked, True)
    assert done.graded == ("2026-01-02", FIRST.checked, FIRST.checked)
    poor = progress(FIRST, [graded(FIRST, 0.0)], work)
    assert (poor.said, poor.unlocked) == (OPEN, True)  # submitted


def test_a_derivation_counts_as_written_once_its_cell_is_no_longer_blank(work):
    copy = work / "exercises" / FIRST.slug / f"{FIRST.slug}.ipynb"
    copy.parent.mkdir(parents=True)
    shutil.copy(ROOT / "exercises" / FIRST.slug / f"{FIRST.slug}.ipynb", copy)
    assert progress(FIRST, [], work).of["derive_gradient"] == OPEN
    notebook = json.loads(copy.read_text())
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "derive_gradient":
            cell["source"] = "By Jensen ..."
    copy.write_text(json.dumps(notebook))
    assert progress(FIRST, [], work).of["derive_gradient"] == WRITTEN
    copy.write_text("{")
    assert progress(FIRST, [], work).of["derive_gradient"] == OPEN


def test_here_is_the_unit_of_the_last_check_and_the_next_one_once_it_is_solved(work):
    def at(entries):
        unit, question = here(UNITS, entries, {u.slug: progress(u, entries, work) for u in UNITS})
        return unit.number, question and question.name

    assert at([]) == ("01", "logistic_loss")
    assert at(checked(logistic_loss="pass")) == ("01", "hinge_loss")
    assert at(checked(logistic_loss="pass", laplacian="fail")) == ("07", "laplacian")
    assert at([graded(FIRST)])[0] == "02"
    assert at([*(graded(unit) for unit in UNITS)])[1] in (None, "derive_separation")


def test_the_page_links_what_is_open_and_escapes_what_is_not_ours(work):
    (work / records.FILE).write_text(
        "".join(json.dumps(entry) + "\n" for entry in [graded(FIRST), {"at": "x", "what": "solution", "name": "<b>"}])
        + json.dumps(graded(UNITS[1]) | {"at": "<script>alert()"})
    )
    html = server.start_page(ROOT, work, "/user/ada/")
    for unit in UNITS:
        assert f'href="/user/ada/lab/tree/lectures/{unit.slug}.ipynb"' in html
        assert f'href="/user/ada/lab/tree/exercises/{unit.slug}/{unit.slug}.ipynb"' in html
        assert (f'href="/user/ada/course/solution/{unit.slug}"' in html) == (unit in UNITS[:2])
    assert "<script>alert" not in html
    assert "<b>&lt;" not in html
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)


def test_a_solution_is_copied_only_when_it_is_open(tmp_path):
    for folder in ("exercises", "solutions"):
        shutil.copytree(ROOT / folder / FIRST.slug, tmp_path / folder / FIRST.slug)
    shutil.copytree(
        ROOT / "lectures", tmp_path / "lectures", ignore=lambda _, names: [n for n in names if n[:2] != "01"]
    )
    work = tmp_path / "work"
    work.mkdir()
    (work / records.MARK).write_text("{}")
    assert not server.open_solution(tmp_path, work, FIRST.slug)
    assert not server.open_solution(tmp_path, work, "../../etc")
    (work / records.FILE).write_text(json.dumps(graded(FIRST, 0.5)) + "\n")
    assert server.open_solution(tmp_path, work, FIRST.slug)
    copy = work / "solutions" / FIRST.slug / f"{FIRST.slug}.ipynb"
    copy.write_text("my notes")
    assert server.open_solution(tmp_path, work, FIRST.slug)
    assert copy.read_text() == "my notes"


def test_make_lab_starts_with_the_page_and_leaves_a_user_s_own_paths():
    lines = subprocess.run(
        ["make", "-n", "-o", ".venv/ready", "lab"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert "--LabApp.default_url=/course/" in lines
    assert "${JUPYTER_CONFIG_PATH:+:$JUPYTER_CONFIG_PATH}" in lines
