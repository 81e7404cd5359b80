"""Dependencies point one way: each room imports what docs/architecture.py allows it, and no check another check."""

from __future__ import annotations

import importlib.util
import re
import sys

import pytest

from autograder.units.manifest import ROOT, load_unit, unit_names

spec = importlib.util.spec_from_file_location("architecture", ROOT / "docs" / "architecture.py")
architecture = importlib.util.module_from_spec(spec)
sys.modules["architecture"] = architecture
spec.loader.exec_module(architecture)


def test_each_room_imports_only_what_it_may():
    wrong = {
        f"{a} -> {b}": modules for (a, b), modules in architecture.edges().items() if b not in architecture.ALLOWED[a]
    }
    assert not wrong


def test_course_imports_no_other_top_level_folder():
    for module, path in architecture.sources():
        if module.startswith("course."):
            for name in architecture.imports(path):
                assert name.split(".")[0] not in ("autograder", "experiments", "solutions", "lectures"), module


@pytest.mark.parametrize("slug", unit_names())
def test_no_check_imports_from_another_check(slug):
    checks = {f"autograder.units.u{s}.{name}" for s in unit_names() for name in load_unit(s).checks}
    for path in (ROOT / "autograder" / "units" / f"u{slug}").glob("*.py"):
        for name in architecture.imports(path):
            assert name.rpartition(".")[0] not in checks, f"{path.name} takes {name}"


def test_the_picture_shows_the_imports_of_today():
    stored = (ROOT / "docs" / "architecture.svg").read_text(encoding="utf-8")
    fresh = architecture.draw()

    def labels(text):
        return re.findall(r">([\w. ']+)</tspan>|>([\w. ']+)</text>", text), text.count("<path")

    assert labels(stored) == labels(fresh), "stale: python docs/architecture.py"
    assert len(labels(stored)[0]) > len(architecture.PLACES)


def test_a_forbidden_import_would_be_seen(tmp_path):
    path = tmp_path / "x.py"
    path.write_text("def f():\n    from autograder.grading import grade\n    import experiments.running\n")
    assert list(architecture.imports(path)) == ["autograder.grading.grade", "experiments.running"]
    assert architecture.room("autograder.grading.grade") == "autograder.grading"
