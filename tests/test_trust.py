"""A lecture's sliders work in JupyterLab at once, and only what the course brought is trusted."""

from __future__ import annotations

import nbformat
from nbformat.sign import NotebookNotary

from course.trust import trust_lectures


def write(path, source):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, id="a")]), path)
    return nbformat.read(path, as_version=4)


def test_an_untouched_copy_is_trusted_and_a_changed_one_is_not(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    same = write(tmp_path / "lectures" / "01_a.ipynb", "same")
    write(tmp_path / "work" / "lectures" / "01_a.ipynb", "same")
    write(tmp_path / "lectures" / "02_b.ipynb", "released")
    changed = write(tmp_path / "work" / "lectures" / "02_b.ipynb", "changed")
    write(tmp_path / "lectures" / "03_c.ipynb", "no copy")
    assert not NotebookNotary().check_signature(same)
    assert trust_lectures(tmp_path) == ["01_a.ipynb"]
    assert NotebookNotary().check_signature(same)
    assert not NotebookNotary().check_signature(changed)
    assert trust_lectures(tmp_path) == ["01_a.ipynb"]
