"""Docstrings of `course` are prose with a little code in it, not reStructuredText: escape what would be read as markup."""

from __future__ import annotations

import re


def as_written(app, what, name, obj, options, lines: list[str]) -> None:
    """Code in backticks stays code, an indented block stays as it is, all other marks are letters."""
    new = []
    for line in lines:
        if re.match(r"(    |\t)", line):  # an example or a small table
            if (
                new
                and not new[-1].startswith("    ")
                and not (len(new) > 1 and new[-1] == "" and new[-2].startswith("    "))
            ):
                new += ["", ".. code-block:: text", ""]
            new.append(line)
            continue
        if new and new[-1].startswith("    ") and line:
            new.append("")
        parts = re.split(r"(`[^`]+`)", line)
        new.append("".join(f"`{p}`" if i % 2 else re.sub(r"([*|_\\`])", r"\\\1", p) for i, p in enumerate(parts)))
    lines[:] = new


def setup(app):
    app.connect("autodoc-process-docstring", as_written)
    return {"parallel_read_safe": True}
