"""docs/authoring.md, "A new function, step by step": the steps, run as they stand there in a copy, print what stands there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from autograder.publish.new import _with_question
from autograder.units.manifest import ROOT

UNIT = "02_latent_classes"
TEXT = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8")
SECTION = TEXT.partition("## A new function, step by step\n")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", SECTION, re.DOTALL)
SHELL, SHOWN, CODE = ([text for kind, text in BLOCKS if kind == wanted] for wanted in ("sh", "text", "python"))


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """What `new`, `build` and `prove` of one unit need. The unit has its first function only: the others take seconds."""
    folder = tmp_path_factory.mktemp("author")
    leave = shutil.ignore_patterns("__pycache__", "data")
    for room in ("autograder", "course"):
        shutil.copytree(ROOT / room, folder / room, ignore=leave)
    for room in ("solutions", "exercises"):
        shutil.copytree(ROOT / room / UNIT, folder / room / UNIT)
    (folder / "course" / "check" / "data").mkdir()
    source = folder / "solutions" / UNIT / f"{UNIT}.py"
    text = source.read_text(encoding="utf-8")
    source.write_text(text[: text.index("# %%", text.index("\ncheck("))], encoding="utf-8")
    return folder


def run(folder, lines: str) -> tuple[int, str]:
    """The exit status of the last line, and what all of them print."""
    output, status = "", 0
    for line in lines.splitlines():
        python, *arguments = line.split()
        assert python == "python"
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        output, status = output + done.stdout, done.returncode
    return status, output


def test_the_documented_steps_give_a_proved_function(copy):
    begin, ask, finish = SHELL
    source, module = (
        copy / "solutions" / UNIT / f"{UNIT}.py",
        copy / "autograder" / "units" / f"u{UNIT}" / "mean_wait.py",
    )
    assert run(copy, begin)[0] == 0
    assert module.exists()
    written = source.read_text(encoding="utf-8")
    assert written.index("check(similar_pairs)") < written.index("def mean_wait(x)")  # behind the unit's last one
    assert run(copy, ask) == (1, SHOWN[0])
    assert run(copy, f"python -m autograder build {UNIT}")[0] == 2  # the others are built, this one is not
    assert not (copy / "course" / "check" / "data" / "mean_wait.json").exists()
    assert (copy / "course" / "check" / "data" / "similar_pairs.json").exists()

    text = source.read_text(encoding="utf-8")
    stub = re.search(r"def mean_wait\(x\):\n.*?### END SOLUTION\n", text, re.DOTALL)[0]
    source.write_text(text.replace(stub, CODE[0]), encoding="utf-8")
    module.write_text(CODE[1], encoding="utf-8")
    status, said = run(copy, finish)
    assert (status, said.splitlines()[-1]) == (0, SHOWN[1].strip())
    public = json.loads((copy / "course" / "check" / "data" / "mean_wait.json").read_text(encoding="utf-8"))
    assert len(public["misconceptions"]) == 4
    exercise = (copy / "exercises" / UNIT / f"{UNIT}.ipynb").read_text(encoding="utf-8")
    assert "check(mean_wait)" in exercise
    assert "np.min(rho)" not in exercise


def test_a_new_question_stands_before_the_cell_that_closes_the_notebook():
    closing = "# %% [markdown]\n# Done? Hand it in.\n"
    text = _with_question(f"# %%\ncheck(last)\n\n{closing}", "mean_wait", 7)
    assert text.index("check(last)") < text.index("## 7 · `mean_wait`") < text.index("check(mean_wait)")
    assert text.endswith(f"check(mean_wait)\n\n{closing}")
