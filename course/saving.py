"""Opening is not editing: what JupyterLab adds by itself to a generated notebook is not saved.

It writes the kernel's description and a second name for folded outputs into each notebook that it opens, and saves that
two minutes later. `make lab` and `make author` call `as_generated` before each save.
"""

from __future__ import annotations

from typing import Any


def as_generated(model: dict[str, Any], **_: Any) -> None:
    """A pre-save hook of Jupyter's contents manager: changes the notebook `model`, in place, where it was generated."""
    if model["type"] != "notebook" or "generated_sha256" not in model["content"]["metadata"]:
        return
    model["content"]["metadata"]["language_info"] = {"name": "python"}
    for cell in model["content"]["cells"]:
        if "outputs_hidden" in cell["metadata"].get("jupyter", {}):
            cell["metadata"].pop("collapsed", None)
