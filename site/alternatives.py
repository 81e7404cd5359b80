"""What a picture says to who cannot see it: the text stored with the output, else the caption beside it.

`IPython.display.Image(alt=...)` stores its text in the output's metadata; myst-nb leaves it there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from docutils import nodes
from sphinx.util import logging

logger = logging.getLogger(__name__)


def stored(path) -> Iterator[str]:
    """For each PNG among a notebook's outputs, in their order, the text stored with it ('' where there is none)."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", ()):
            if "image/png" in output.get("data", {}):
                told = output.get("metadata", {})
                yield told.get("image/png", {}).get("alt") or told.get("alt") or ""


def beside(image) -> str:
    """The caption just above the cell, else the heading of the section."""
    cell = image
    while cell.parent is not None and not (isinstance(cell, nodes.container) and "cell" in cell["classes"]):
        cell = cell.parent
    if cell.parent is None:
        return ""
    before = cell.parent.children[: cell.parent.index(cell)][::-1]
    for node in before[:3]:
        if isinstance(node, nodes.container) and "what-is-shown" in node["classes"]:
            return " ".join(node.astext().split())
    section = next(iter(cell.parent.findall(nodes.title)), None)
    return f"Figure of the section: {section.astext()}. The text around it says what is to be seen." if section else ""


def give(app, doctree) -> None:
    docname = app.env.docname
    path = app.env.doc2path(docname)
    if path.suffix != ".ipynb":
        return
    images = [
        image
        for output in doctree.findall(nodes.container)
        if "cell_output" in output["classes"]
        for image in output.findall(nodes.image)
    ]
    texts = list(stored(path))
    if len(texts) != len(images):
        logger.warning("%d pictures stored, %d drawn", len(texts), len(images), location=docname)
    for image, text in zip(images, texts, strict=False):
        image["alt"] = text or beside(image)


def setup(app):
    app.connect("doctree-read", give, priority=600)  # after the captions are framed
    return {"parallel_read_safe": True, "parallel_write_safe": True}
