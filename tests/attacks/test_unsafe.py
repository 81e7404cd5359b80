"""Attack 11 of the audit: grading once without a sandbox, and what of it reaches later gradings."""

from __future__ import annotations

import hashlib

import pytest

from attacks.arena import QUICK
from attacks.attack import BASES, SLUG, UNIT, code_cell, notebook, written
from autograder.grading.grade import grade
from autograder.sandbox.process import Sandbox
from autograder.submission.notebook import parse_submission
from autograder.units.manifest import ROOT

# by the names under which the modules are known, and by paths relative to where the grader was started
REWRITE = """
import glob, os, sys
TEXT = '''
def compare(rule, actual, expected, rtol):
    return None
close = row_constant = gram = partition = anything = compare
attack_was_here = True
'''
places = [m.__file__ for n, m in list(sys.modules.items()) if n.startswith(('course', 'child')) and getattr(m, '__file__', None)]
places += ['course/check/compare.py', '../course/check/compare.py', 'course/validate.py', 'autograder/grading/grade.py', 'solutions/x.py']
for place in places:
    for path in (place, os.path.realpath(place)):
        try:
            open(path, 'a').write(TEXT)
        except OSError:
            pass
"""
LOOK = """
import course.check.compare as c, glob, os
text = open(c.__file__).read() + str([open(p).read() for p in glob.glob('*.py')])
if 'attack_was_here' in text or os.path.exists('left-behind'):
    raise RuntimeError('CANARY-LEFT')
open('left-behind', 'w').write('x')
"""


def state() -> dict[str, str]:
    """Hashes of all files of the project that grading uses."""
    paths = [p for top in ("course", "autograder", "solutions", "exercises") for p in (ROOT / top).rglob("*")]
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths if p.is_file() and p.suffix != ".pyc"}


def submission(base: str, *first: str):
    made = notebook(BASES[base])
    made["cells"] = [*(code_cell(source) for source in first), *made["cells"]]
    return parse_submission(written(made), "test", SLUG)


@pytest.fixture
def unsafe():
    with Sandbox(unsafe=True) as sandbox:
        yield sandbox


def test_a_rewritten_course_reaches_no_later_grading(unsafe, sandbox, monkeypatch):
    before, contents = state(), {p: p.read_bytes() for p in (ROOT / "course").rglob("*.py")}
    monkeypatch.chdir(ROOT)
    try:
        grade(submission("wrong", REWRITE), unsafe, limits=QUICK)
        assert state() == before
        for box in (unsafe, sandbox):
            assert grade(submission("wrong", LOOK), box, limits=QUICK).score == 0
            record = grade(submission("solved", LOOK), box, limits=QUICK)
            assert record.score == sum(UNIT.checks.values())
            assert "CANARY-LEFT" not in str(record.notes)
    finally:
        for path, content in contents.items():
            path.write_bytes(content)


def test_the_copy_is_gone_afterwards(unsafe):
    grade(submission("wrong"), unsafe, limits=QUICK)
    folder = unsafe._folder("root")
    assert (folder / "course" / "validate.py").exists()
    assert not (folder / "course" / "validate.py").is_symlink()
    unsafe.close()
    assert not folder.exists()


def test_the_record_says_that_there_was_no_sandbox(unsafe):
    record = grade(submission("solved"), unsafe, limits=QUICK)
    assert record.sandbox == "none (forced)"
    assert any("no sandbox" in note and "grader's own rights" in note for note in record.notes)
