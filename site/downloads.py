"""Below the title of a lecture or exercise: the notebook to take along, its counterpart, and where it runs in the cloud."""

from __future__ import annotations

import os
import re

from docutils import nodes
from sphinx import addnodes

REPOSITORY = os.environ.get("GITHUB_REPOSITORY", "")  # owner/name, set by GitHub where it publishes


def piece(target: str, text: str, kind: str) -> nodes.Node:
    if kind == "download":
        return addnodes.download_reference("", "", nodes.Text(text), reftarget=target, refdoc="", reftype="download")
    if kind == "page":
        return addnodes.pending_xref(
            "", nodes.inline("", text), refdomain="std", reftype="doc", reftarget=target, refexplicit=True, refwarn=True
        )
    return nodes.reference("", text, refuri=target)


def links(docname: str) -> list[nodes.Node]:
    folder, _, name = docname.partition("/")
    slug = name.rpartition("/")[2]
    other = f"/exercises/{slug}/{slug}" if folder == "lectures" else f"/lectures/{slug}"
    found = [
        piece(f"/{docname}.ipynb", "Download this notebook", "download"),
        piece(other, "Its exercise" if folder == "lectures" else "Its lecture", "page"),
    ]
    if REPOSITORY:
        path = f"{docname}.ipynb"
        found.append(
            piece(f"https://colab.research.google.com/github/{REPOSITORY}/blob/main/{path}", "Open in Colab", "out")
        )
        found.append(
            piece(f"https://mybinder.org/v2/gh/{REPOSITORY}/main?urlpath=lab/tree/{path}", "Open in Binder", "out")
        )
    return found


def add(app, doctree) -> None:
    docname = app.env.docname
    title = next(iter(doctree.findall(nodes.title)), None)
    if not re.match(r"(lectures|exercises)/\d\d_", docname) or title is None:
        return
    line = nodes.paragraph(classes=["take-along"])
    for i, each in enumerate(links(docname)):
        line += [nodes.Text(" · ")] * bool(i)
        if not isinstance(each, nodes.reference):
            each["refdoc"] = docname
        line += each
    title.parent.insert(title.parent.index(title) + 1, line)


def setup(app):
    app.connect("doctree-read", add, priority=400)  # before Sphinx collects what is to be downloaded
    return {"parallel_read_safe": True, "parallel_write_safe": True}
