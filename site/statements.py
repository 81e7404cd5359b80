"""Theorems, equations and figures of the lectures as things that can be linked to.

The lectures are notebooks that JupyterLab and GitHub show too, so they say `**Theorem 1.11 (the minimum).**`, `*Proof.*` and
`\\tag{1.8}`, and no directive. This module, with names.py and frames.py, reads that convention off a lecture's tree: statements
and proofs get a frame, statements, numbered formulas and figures an address, and every mention of one becomes a link.
"""

from __future__ import annotations

import re

from docutils import nodes
from docutils.parsers.rst import Directive
from frames import SingleRules, end_folds, frame_proofs, frame_statements, hold_punctuation, note_equations
from names import KINDS, anchor, link, link_map, reference, unit_of
from sphinx import addnodes
from sphinx.domains import Domain, ObjType
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

logger = logging.getLogger(__name__)
OURS = re.compile(r"lectures/(\d\d)_")


class Statements(Domain):
    """(unit, kind, label) -> where it is and what it says; kind is a word of KINDS or 'equation'."""

    name = "course"
    label = "course"
    object_types = {kind.lower(): ObjType(kind.lower()) for kind in [*KINDS, "equation"]}  # noqa: RUF012 (Sphinx reads it)
    initial_data = {"objects": {}}  # noqa: RUF012
    data_version = 1

    @property
    def objects(self) -> dict:
        return self.data["objects"]

    def note(self, docname: str, kind: str, label: str, node, name: str = "") -> None:
        """Give `node` an address and remember it; the first of a label keeps it ("1.10, continued" is no second one)."""
        identity = anchor(kind, label)
        if (key := (unit_of(docname), kind, label)) not in self.objects:
            node["ids"].append(identity)
            self.objects[key] = {"doc": docname, "id": identity, "name": name, "node": node}

    def keep(self, docname: str) -> None:
        """Copies of a lecture's statements, links and all, for the page that lists them."""
        for found in [found for found in self.objects.values() if found["doc"] == docname]:
            found["node"] = found["node"].deepcopy()

    def find(self, kind: str, label: str, unit: str) -> dict | None:
        """Of the unit that speaks, else of the one that the number says."""
        ours = self.objects.get((unit, kind, label))
        if ours is None and (number := re.fullmatch(r"(\d+)\.\d+", label)):
            ours = self.objects.get((f"{int(number[1]):02}", kind, label))
        return ours

    def clear_doc(self, docname: str) -> None:
        for key in [key for key, found in self.objects.items() if found["doc"] == docname]:
            del self.objects[key]

    def merge_domaindata(self, docnames, otherdata) -> None:
        self.objects.update({key: found for key, found in otherdata["objects"].items() if found["doc"] in docnames})

    def resolve_xref(self, env, fromdocname, builder, typ, target, node, contnode):
        found = self.find(typ, target, node["unit"])
        if found:
            return make_refnode(
                builder, fromdocname, found["doc"], found["id"], contnode, f"unit {unit_of(found['doc'])}"
            )
        if node["certain"]:
            logger.warning("no %s %s in unit %s", typ, target, node["unit"] or "?", location=node)
        return None

    def resolve_any_xref(self, env, fromdocname, builder, target, node, contnode):
        return []

    def get_objects(self):
        for (unit, kind, label), found in self.objects.items():
            shown = f"{kind if kind != 'equation' else ''} {f'({label})' if kind == 'equation' else label}".strip()
            named = f"{shown}, {found['name']}" if found["name"] else shown
            yield f"{unit}.{kind}.{label}", f"{named} (unit {unit})", kind.lower(), found["doc"], found["id"], 0


def read(app, doctree) -> None:
    docname = app.env.docname
    domain = app.env.get_domain("course")
    end_folds(doctree)
    if OURS.match(docname):
        frame_proofs(doctree, docname)
        frame_statements(doctree, docname, domain)
        note_equations(doctree, docname, domain)
        link_map(doctree, unit_of(docname), domain)
    if re.match(r"(lectures|exercises)/\d\d|pages/(further|glossary|symbols)", docname):
        link(doctree, unit_of(docname))
    hold_punctuation(doctree)
    domain.keep(docname)


class Index(SphinxPostTransform):
    """`{statements}`: all of them, as they stand in the lectures. Before the links are resolved, so that theirs are too."""

    default_priority = 5

    def run(self, **_) -> None:
        for place in list(self.document.findall(placeholder)):
            place.replace_self(listing(self.env.get_domain("course"), self.env))


class placeholder(nodes.General, nodes.Element):
    """Where the list of all statements goes."""


class Here(Directive):
    def run(self) -> list[nodes.Node]:
        return [placeholder()]


def listing(domain: Statements, env) -> list:
    sections = []
    for unit in sorted({unit for unit, _, _ in domain.objects}):
        of_unit = [(key[1], key[2], found) for key, found in domain.objects.items() if key[0] == unit]
        docname = of_unit[0][2]["doc"]
        title = env.titles[docname].astext()
        section = nodes.section("", nodes.title("", title), ids=[f"unit-{unit}"])
        for _, _, found in [each for each in of_unit if each[0] not in ("equation", "Figure")]:
            box = found["node"].deepcopy()
            box["ids"] = []
            strong = next(iter(box.findall(nodes.strong)))
            goal = addnodes.pending_xref(
                "", strong.deepcopy(), refdomain="course", reftype="", refexplicit=True, unit=unit
            )
            goal["reftype"], goal["reftarget"], goal["certain"] = key_of(domain, found)
            strong.replace_self(goal)
            for inner in box.findall(nodes.Element):
                inner["ids"] = []
            section += box
        for title, kind in (("Numbered formulas: ", "equation"), ("Figures: ", "Figure")):
            line = nodes.paragraph("", "", nodes.strong("", title.strip()), nodes.Text(" "))
            of_kind = [label for each, label, _ in of_unit if each == kind]
            for label in of_kind:
                line += reference(kind, label, f"({label})" if kind == "equation" else label, unit, True)
                line += nodes.Text(" ")
            section += [line] if of_kind else []
        sections.append(section)
    return sections


def key_of(domain: Statements, found: dict) -> tuple[str, str, bool]:
    return next((kind, label, True) for (_, kind, label), each in domain.objects.items() if each is found)


def setup(app):
    app.add_transform(SingleRules)
    app.add_domain(Statements)
    app.add_directive("statements", Here)
    app.add_node(placeholder)
    app.add_post_transform(Index)
    app.connect("doctree-read", read)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
