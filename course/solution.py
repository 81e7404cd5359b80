"""`solution(nt_xent)` in a notebook: the worked solution, once the check passes; earlier only if that is asked for.

No solution is in `course`. Where the repository is there too, its command `python -m autograder solution` is asked.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from course import records

ROOT = Path(__file__).resolve().parent.parent


def solution(answer: Any, anyway: bool = False) -> Any:
    """The worked solution of a function, or of the number, proof or derivation with this name, to be displayed.

    answer  your function, or a name such as "limit_cold" or "derive_gradient"
    anyway  also before your check has passed, or before you have had the unit graded (a derivation); your local record notes it

    Raises ValueError for a name without a solution, and where no solutions are at hand.
    """
    from IPython.display import Markdown

    from course.check import check

    name = answer if isinstance(answer, str) else answer.__name__
    earned = check(answer).passed if callable(answer) else passed(name, Path.cwd())
    if not earned and not anyway:
        first = "have the unit graded" if name.startswith("derive_") else "pass its check"
        return Markdown(
            f"`{name}`: first {first}, then compare. To read it all the same: "
            f"`solution({name!r}, anyway=True)`. Your record, which stays on this machine, will say so."
        )
    text = worked(name)
    if not earned:
        records.note("solution", name=name)
    return Markdown(text)


def passed(name: str, where: Path) -> bool:
    """Whether the local records say so: of a derivation, that the unit was graded since."""
    home = records.folder(where)
    return home is not None and name in records.earned(records.read(home))


def worked(name: str) -> str:
    """The worked solution as Markdown. Raises ValueError where there is none."""
    if not available():
        raise ValueError("the solutions are not part of this copy of the course")
    command = [sys.executable, "-m", "autograder", "solution", name]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr.strip().removeprefix("error: ") or f"no solution of {name!r}")
    return done.stdout


def available() -> bool:
    """Whether the repository's solutions and their reader lie beside `course`."""
    return (ROOT / "solutions").is_dir() and (ROOT / "autograder" / "publish" / "worked.py").is_file()
