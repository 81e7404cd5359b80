"""What the sandbox shows, that it refuses to run where it shows too much, and that it changes no right answer."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

import pytest

from autograder.sandbox import process as module
from autograder.sandbox.process import Limits, Sandbox, SandboxError
from autograder.sandbox.protected import protected_places
from autograder.sandbox.session import Session
from autograder.sandbox.visible import Mount, interpreter, mounts, package_folders
from autograder.units.manifest import ROOT


def inside(box: Sandbox, expression: str):
    """The value of an expression (as JSON), evaluated in a fork."""
    cell = f"import glob, json, os, sys\nraise RuntimeError(json.dumps({expression}))"
    with Session(box, "", [cell], Limits()) as session:
        session.advance(1)
        return json.loads(session.cell_errors[cell].partition("RuntimeError: ")[2])


def test_only_libraries_and_packages_are_shown(sandbox):
    assert set(inside(sandbox, "os.listdir('/usr')")) <= {"lib", "lib64", "share", "local"}
    for folder in ("/usr/local/share", "/usr/src", "/usr/bin", "/usr/share/doc", "/etc/passwd", "/home", "/root/.ssh"):
        assert not inside(sandbox, f"os.path.exists({folder!r})"), folder
    assert inside(sandbox, f"os.listdir({str(interpreter().parent)!r})") == [interpreter().name]
    prefix = Path(sys.base_prefix)
    if interpreter().is_relative_to(prefix) and prefix not in (Path("/usr"), Path("/usr/local")):
        assert set(inside(sandbox, f"os.listdir({str(prefix)!r})")) <= {"bin", "lib", "lib64"}


def test_course_is_a_clean_copy(sandbox):
    names = inside(sandbox, "[os.path.join(w, f) for w, _, fs in os.walk('/sandbox') for f in fs][:3]")
    assert names
    files = set(inside(sandbox, "sorted({os.path.splitext(f)[1] for w, _, fs in os.walk('/sandbox') for f in fs})"))
    assert files == {".py", ".json"}
    assert not inside(
        sandbox, "[f for _, _, fs in os.walk('/sandbox/course') for f in fs if f[0] == '_' and f != '__init__.py']"
    )
    assert sorted(inside(sandbox, "os.listdir('/sandbox')")) == ["child", "course"]


def test_later_edits_of_the_checkout_do_not_show(monkeypatch, tmp_path):
    for name in ("course", "autograder/sandbox/child"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.setattr("autograder.sandbox.course_copy.ROOT", tmp_path)
    with Sandbox() as box:
        assert inside(box, "len(open('/sandbox/course/figures/circle.py').read())") > 100
        for path in tmp_path.rglob("*.py"):
            path.write_text("raise SystemExit")
        assert inside(box, "len(open('/sandbox/course/figures/circle.py').read())") > 100
        assert inside(box, "__import__('course.figures.circle').__name__") == "course"


def test_the_notebooks_check_can_be_called_inside(sandbox):
    """Of a function, too, whose properties are judged by what is not in there: a cell that calls it goes on."""
    for call, status in (
        ("check(lambda r: 0, 'counterexample_dream')", "partial"),
        ("check(1.0, 'limit_hot')", "fail"),
    ):
        assert inside(sandbox, f"__import__('course').{call}.verdict.status") == status


# canaries


def leaky(monkeypatch, *paths: Path):
    monkeypatch.setattr(module, "mounts", lambda hide: [*(Mount(path, "show") for path in paths), *mounts(hide)])


def refused(**options) -> str:
    with Sandbox(**options) as box, pytest.raises(SandboxError) as caught:
        box.open(Limits())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_warm_process_that_ends_at_once_is_told_at_once_with_its_last_words(monkeypatch):
    """And not after the two minutes that a slow machine may take to import torch."""
    broken = ["/bin/sh", "-c", "echo a module is missing >&2; exit 1"]
    monkeypatch.setattr(module.command, "boxed", lambda *arguments: broken)
    began = time.monotonic()
    assert refused() == "the sandbox could not start: a module is missing"
    assert time.monotonic() - began < module.START_LIMIT / 2


def test_it_refuses_when_the_checkout_is_visible(monkeypatch):
    leaky(monkeypatch, ROOT)
    assert f"would see {ROOT}" in refused()


@pytest.mark.parametrize("name", ["solutions", "autograder", "nbgrader_config.py"])
def test_it_refuses_when_a_part_of_the_checkout_is_visible(monkeypatch, name):
    leaky(monkeypatch, ROOT / name)
    assert f"would see {ROOT / name}" in refused()


def test_it_refuses_when_the_class_or_its_gradebook_is_visible(monkeypatch, tmp_path):
    course = tmp_path / "class"
    (course / "submitted" / "ada").mkdir(parents=True)
    (course / "gradebook.db").write_bytes(b"grades")
    for leak in (course, course / "submitted", course / "gradebook.db"):
        leaky(monkeypatch, leak)
        assert f"would see {leak}" in refused(hide=[course])


def test_it_refuses_when_an_exchange_is_visible(monkeypatch, tmp_path):
    (tmp_path / "exchange" / "course" / "inbound" / "ada").mkdir(parents=True)
    leaky(monkeypatch, tmp_path / "exchange")
    assert f"would see {tmp_path}/exchange" in refused(hide=[tmp_path / "exchange"])


def test_it_refuses_when_it_sees_the_folder_for_temporary_files(monkeypatch, tmp_path_factory):
    leaky(monkeypatch, tmp_path_factory.getbasetemp())
    assert "would see /tmp" in refused()


@pytest.mark.parametrize(
    "name", ["gradebook.db", "nbgrader_config.py", "solutions/08_convergence/08_convergence.ipynb"]
)
def test_it_refuses_a_second_checkout_or_class_that_nobody_named(monkeypatch, tmp_path, name):
    (tmp_path / "shown" / name).parent.mkdir(parents=True)
    (tmp_path / "shown" / name).write_bytes(b"secret")
    monkeypatch.setattr("autograder.sandbox.protected.tempfile.gettempdir", lambda: "/var/tmp")
    leaky(monkeypatch, tmp_path / "shown")
    assert name in refused()


def test_it_refuses_a_solution_under_another_name(monkeypatch, tmp_path):
    (tmp_path / "shown").mkdir()
    try:
        os.link(ROOT / "solutions" / "08_convergence" / "08_convergence.ipynb", tmp_path / "shown" / "innocent.txt")
    except OSError as error:
        pytest.skip(f"no hard link from {ROOT} to {tmp_path}: {error}")
    monkeypatch.setattr("autograder.sandbox.protected.tempfile.gettempdir", lambda: "/var/tmp")
    leaky(monkeypatch, tmp_path / "shown")
    assert "innocent.txt" in refused()


def test_a_place_that_cannot_be_covered_is_said():
    with pytest.raises(SandboxError, match="Python itself needs it"):
        mounts([package_folders()[0]])
    with pytest.raises(SandboxError, match="create it first"):
        mounts([package_folders()[0] / "exchange-that-is-not-there"])


# what is protected


def test_the_places_of_a_course(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text(
        "c = get_config()\nc.Exchange.root = '/srv' + '/exchange'\nc.CourseDirectory.db_url = 'sqlite:////srv/grades/gradebook.db'\n"
        "c.CourseDirectory.submitted_directory = '../elsewhere'\nc.ExchangeCollect.cache = '/srv/cache'\n"
    )
    places = {str(path) for path in protected_places(tmp_path)}
    assert places >= {str(ROOT), str(tmp_path), "/srv/exchange", "/srv/grades/gradebook.db", "/srv/cache"}
    assert places >= {str(tmp_path.parent / "elsewhere"), "/usr/local/share/nbgrader/exchange"}
    assert str(ROOT) in {str(path) for path in protected_places()}


def test_a_configuration_that_cannot_be_read_is_said_in_one_line(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\nraise SystemExit('no\\nway')\n")
    with pytest.raises(SandboxError, match=r"nbgrader_config.py cannot be read.*SystemExit") as caught:
        protected_places(tmp_path)
    assert "\n" not in str(caught.value)


# messages


def test_an_error_of_a_cell_is_told_in_full_also_below_the_first_check(sandbox):
    """Cells below a check run after hidden inputs were seen: their errors come from a run that sees none."""
    cells = ["def f(x):\n    return x", "\nundefined + 1", "raise ValueError('no such file')", "def g(:"]
    with Session(sandbox, "", cells, Limits()) as session:
        session.advance(1)
        session.asked = True
        session.advance(4)
        assert session.cell_errors == {
            cells[1]: "line 2 of the cell `undefined + 1`: NameError: name 'undefined' is not defined",
            cells[2]: "line 1 of the cell `raise ValueError('no such file')`: ValueError: no such file",
            cells[3]: "line 1 of the cell `def g(:`: SyntaxError: invalid syntax",
        }


@pytest.mark.parametrize("line", ["10**9", "-1", "0", "3", "True", "'2'", "2.0"])
def test_a_line_outside_of_the_cell_is_not_told(sandbox, line):
    cell = f"e = RuntimeError('x')\ne.lineno = {line}; raise e"
    with Session(sandbox, "", [cell], Limits()) as session:
        session.advance(1)
        assert session.cell_errors[cell] in (
            "the cell `e = RuntimeError('x')`: RuntimeError: x",
            "line 2 of the cell `e = RuntimeError('x')`: RuntimeError: x",  # its true line
        )


def test_the_rehearsal_costs_the_submission_no_time(sandbox):
    cells = ["1", "import time; time.sleep(1.5); undefined"]
    with Session(sandbox, "", cells, Limits(wall_seconds=60)) as session:
        session.advance(1)
        session.asked = True
        session.advance(2)
        left = session.whole()
        assert session.cell_errors
        assert session.whole() > left - 0.2
