"""Functions out of a notebook of a unit: the solved one, or a learner's own."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from experiments.running import ExperimentError


def functions_from(notebook: Path, tried: Mapping[str, tuple[Any, ...]]) -> dict[str, Callable]:
    """What the code cells that carry an id of a graded function define, executed in order.

    tried: name -> arguments with which the function must answer. Raises ExperimentError where one is missing or not
    written yet.
    """
    namespace: dict = {"__name__": "functions"}
    try:
        cells = json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ExperimentError(f"{notebook} is no notebook: {error}") from error
    for cell in cells:
        meta = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "code" and meta and not meta.get("grade"):
            with contextlib.suppress(NotImplementedError):  # a number or a proof that is not written yet
                exec(compile("".join(cell["source"]), f"<{notebook}:{meta['grade_id']}>", "exec"), namespace)
    for name, arguments in tried.items():
        try:
            namespace[name](*arguments)
        except (KeyError, NotImplementedError) as error:
            raise ExperimentError(f"{notebook}: {name} is not written yet ({error})") from error
    return namespace
