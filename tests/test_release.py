"""Releasing overwrites nobody's work: neither `build` nor nbgrader's own command, whatever was written where."""

from __future__ import annotations

import jupytext
import nbformat
import pytest
from fresh import bash, changes, fresh_clone

from autograder.publish.build import solved_notebook
from autograder.publish.release import keep_folder, keep_work, release_notebook
from autograder.units.manifest import ROOT

SLUG = "01_similarity_losses"
SOURCE = ROOT / "solutions" / SLUG / f"{SLUG}.py"
SOLVED = solved_notebook(SOURCE)
RELEASED = release_notebook(SOLVED)
ANSWER = "MY OWN ANSWER"


def cell_of(notebook, name):
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


def solve(notebook):
    cell_of(notebook, "nt_xent").source = f"def nt_xent(view1, view2, temperature=0.5):\n    return '{ANSWER}'"


def derive(notebook):
    cell_of(notebook, "derive_gradient").source = ANSWER


def add(notebook):
    notebook.cells.insert(3, nbformat.v4.new_code_cell(f"print('{ANSWER}')"))


def note(notebook):
    notebook.cells[0].source += f"\n\n{ANSWER}"


def strip(notebook):
    """As an editor saves it that keeps neither ids nor metadata."""
    solve(notebook)
    notebook.metadata, notebook.nbformat_minor = nbformat.NotebookNode(), 4
    for cell in notebook.cells:
        cell.metadata = nbformat.NotebookNode()
        cell.pop("id", None)


def copy(notebook):
    return nbformat.reads(nbformat.writes(notebook), as_version=4)


@pytest.mark.parametrize("work", [solve, derive, add, note, strip])
@pytest.mark.parametrize("kind", ["exercises", "solutions"])
def test_what_somebody_wrote_is_kept(work, kind, tmp_path):
    fresh = {"exercises": RELEASED, "solutions": SOLVED}[kind]
    path, notebook = tmp_path / kind / SLUG / f"{SLUG}.ipynb", copy(fresh)
    path.parent.mkdir(parents=True)
    work(notebook)
    nbformat.write(notebook, path)
    with pytest.raises(FileExistsError, match="holds work that would be lost"):
        keep_work(path, fresh)


def test_what_is_no_notebook_is_kept(tmp_path):
    (tmp_path / "x.ipynb").write_text("my notes")
    with pytest.raises(FileExistsError):
        keep_work(tmp_path / "x.ipynb", RELEASED)


def test_a_stale_release_that_nobody_touched_is_in_nobodys_way(tmp_path):
    path, older = tmp_path / f"{SLUG}.ipynb", copy(SOLVED)
    cell_of(older, "nt_xent").source = '"""An older text."""\n' + cell_of(older, "nt_xent").source
    ran = release_notebook(older)
    ran.cells[1].execution_count = 3  # run, not written in
    nbformat.write(ran, path)
    keep_work(path, RELEASED)


def test_an_edit_that_is_in_the_source_too_is_in_nobodys_way(tmp_path):
    """`make author`: JupyterLab has saved both files."""
    path, edited = tmp_path / f"{SLUG}.ipynb", copy(SOLVED)
    note(edited)
    nbformat.write(edited, path)
    text = jupytext.writes(edited, fmt="py:percent")
    keep_work(path, jupytext.reads(text, fmt="py:percent"))


def test_other_files_beside_a_release_are_kept(tmp_path):
    nbformat.write(RELEASED, tmp_path / f"{SLUG}.ipynb")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "x.ipynb").write_text("")
    keep_folder(tmp_path, {f"{SLUG}.ipynb": RELEASED})
    (tmp_path / "scratch.ipynb").write_text("{}")
    with pytest.raises(FileExistsError, match="scratch"):
        keep_folder(tmp_path, {f"{SLUG}.ipynb": RELEASED})


def test_build_and_generate_assignment_leave_a_solved_exercise_alone(tmp_path):
    """An author or an instructor, in a clone in which somebody has solved exercises/ itself."""
    clone = fresh_clone(tmp_path / "clone")
    path, notebook = clone / "exercises" / SLUG / f"{SLUG}.ipynb", copy(RELEASED)
    solve(notebook)
    nbformat.write(notebook, path)
    mine, solution = path.read_bytes(), clone / "solutions" / SLUG / f"{SLUG}.ipynb"
    written = solution.stat().st_mtime_ns
    prelude = "source .venv/bin/activate"
    for line, status in (
        (f"python -m autograder build {SLUG}", 2),
        (f"nbgrader generate_assignment {SLUG} --force", 1),
        (f"nbgrader generate_assignment {SLUG} --create", 1),
    ):
        returned, output = bash(clone, line, prelude)
        assert returned == status, output
        assert f"exercises/{SLUG}/{SLUG}.ipynb holds work that would be lost: move it to work/exercises/" in output
        assert path.read_bytes() == mine
    assert solution.stat().st_mtime_ns == written  # nothing was written for the unit
    path.rename(clone / "exercises" / "moved.ipynb")  # the way out
    returned, output = bash(clone, f"nbgrader generate_assignment {SLUG} --create", prelude)
    assert returned == 0, output
    (clone / "exercises" / "moved.ipynb").unlink()
    assert changes(clone) == ""


def test_no_committed_notebook_is_paired():
    """Pairing in the metadata would let JupyterLab rewrite a source when somebody opens the notebook to read it."""
    for path in (*ROOT.glob("lectures/*.ipynb"), *ROOT.glob("solutions/*/*.ipynb"), *ROOT.glob("exercises/*/*.ipynb")):
        assert "jupytext" not in nbformat.read(path, as_version=4).metadata, path
    names = {"jupytext", "jupytext.toml", "jupytext.yml", "jupytext.yaml", "jupytext.json"}
    for folder in (ROOT, ROOT / "lectures", ROOT / "solutions", ROOT / "exercises"):
        assert not names & {path.name.lstrip(".") for path in folder.iterdir()}
