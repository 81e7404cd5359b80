"""Boxes around statements and proofs, and small repairs of a lecture's tree."""

from __future__ import annotations

import re

from docutils import nodes
from names import first_of, heading
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)
TAG = re.compile(r"\\tag\{([^}]*)\}")


def begins(node, *words: str) -> bool:
    """Whether a paragraph begins with one of the words in italics."""
    first = first_of(node)
    return isinstance(first, nodes.emphasis) and first.astext().rstrip(".").startswith(words)


def is_cell(node) -> bool:
    return isinstance(node, nodes.container) and "cell" in node["classes"]


def extent(siblings: list, start: int) -> int:
    """Where the statement that begins at `start` ends: before its plan or proof; where it has none, after its formulas."""
    for end in range(start + 1, len(siblings)):
        if begins(siblings[end], "Plan", "Proof"):
            return end
        if isinstance(siblings[end], nodes.section) or is_cell(siblings[end]) or heading(siblings[end]):
            break
    end = start + 1
    while end < len(siblings) and isinstance(siblings[end], nodes.math_block):
        end += 1
    return end


def frame(parent, start: int, end: int, *classes: str) -> nodes.container:
    """The children from `start` to before `end`, in a box of their own."""
    box = nodes.container(classes=list(classes))
    box.extend(parent.children[start:end])
    parent.children[start:end] = []
    parent.insert(start, box)
    return box


def closes(node) -> bool:
    return any(r"\square" in formula.astext() for formula in node.findall(nodes.math)) or any(
        r"\square" in formula.astext() for formula in node.findall(nodes.math_block)
    )


def frame_proofs(doctree, docname: str) -> None:
    for begin in [node for node in doctree.findall(nodes.paragraph) if begins(node, "Proof")]:
        siblings = begin.parent.children
        start = begin.parent.index(begin)
        for end in range(start, len(siblings)):
            if isinstance(siblings[end], nodes.section):
                break
            if closes(siblings[end]):
                frame(begin.parent, start, end + 1, "proof")
                break
        else:
            end = None
        if begin.parent.get("classes") != ["proof"]:
            logger.warning("a proof without its square", location=(docname, begin.line))


def frame_statements(doctree, docname: str, domain) -> None:
    for begin in [node for node in doctree.findall(nodes.paragraph) if heading(node)]:
        if isinstance(begin.parent, nodes.entry):
            continue  # bold in the table of results
        found = heading(begin)
        kind, label = found["kind"], found["label"] or ""
        if kind == "Figure":
            box = frame(begin.parent, i := begin.parent.index(begin), i + 1, "what-is-shown")
        else:
            start = begin.parent.index(begin)
            box = frame(begin.parent, start, extent(begin.parent.children, start), "statement", kind.lower())
        named = re.search(r"\((.+)\)\.?$", first_of(begin).astext())
        if label or kind == "Sandwich":
            domain.note(
                docname, kind, label, box, named[1] if named and "$" not in named[1] and "\\" not in named[1] else ""
            )


def note_equations(doctree, docname: str, domain) -> None:
    for formula in doctree.findall(nodes.math_block):
        for tag in TAG.findall(formula.astext()):
            domain.note(docname, "equation", tag, formula)


def hold_punctuation(doctree) -> None:
    """A full stop or comma behind a formula stays on the formula's line."""
    for formula in list(doctree.findall(nodes.math)):
        after = formula.next_node(descend=False, siblings=True)
        if isinstance(after, nodes.Text) and (mark := re.match(r"[.,;:!?)]+", str(after))):
            parent, where = formula.parent, formula.parent.index(formula)
            parent.children[where : where + 2] = []
            held = nodes.inline("", "", formula, nodes.Text(mark[0]), classes=["held"])
            parent.insert(where, [held, nodes.Text(str(after)[mark.end() :])])


def end_folds(doctree) -> None:
    """`</details>` at the end of a paragraph closes what is around the paragraph: it goes behind it."""
    for end in [node for node in doctree.findall(nodes.raw) if node.astext().strip() == "</details>"]:
        if isinstance(paragraph := end.parent, nodes.paragraph):
            paragraph.remove(end)
            paragraph.parent.insert(paragraph.parent.index(paragraph) + 1, end)


class SingleRules(SphinxTransform):
    """A cell that ends with a rule before one that begins with it: one rule is enough (docutils asks for it)."""

    default_priority = 820

    def apply(self, **_) -> None:
        for rule in list(self.document.findall(nodes.transition)):
            if isinstance(rule.next_node(descend=False, siblings=True), nodes.transition):
                rule.parent.remove(rule)
