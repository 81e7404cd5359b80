"""How a lecture names its statements, formulas and figures, and what in a text is a mention of one."""

from __future__ import annotations

import re

from docutils import nodes
from sphinx import addnodes

KINDS = {
    "Theorem": "Theorems|Thms?",
    "Lemma": "Lemmas",
    "Proposition": "Propositions|Props?",
    "Corollary": "Corollaries|Cor",
}
KINDS |= {"Assumption": "Assumptions", "Sandwich": "Sandwich", "Figure": "Figures|Fig"}
LABEL = r"\d+\.\d+|[A-Z]\+?(?!\w)|\d+(?![\d.]*\d)|\\kappa"
HEAD = re.compile(rf"(?P<kind>{'|'.join(KINDS)})\b(?:\s+(?P<label>{LABEL}))?")
NAMES = "|".join(f"{kind}|{others}" for kind, others in KINDS.items() if kind != "Sandwich")
# "Theorem 2.3", "Propositions 8.1 and 8.2", "Theorem F+ of unit 03"
MENTION = re.compile(
    rf"\b(?P<kind>{NAMES})\.?\s+(?P<first>{LABEL})(?P<more>(?:(?:,\s|,?\sand\s|\sor\s)(?:\d+\.\d+|[A-Z]\+(?!\w)))*)"
    r"(?:\s*\([a-z]\))?(?:\s+of\s+unit\s+(?P<unit>\d\d))?"
)
NUMBERED = re.compile(r"\((?P<tag>\d+\.\d+|\d\d?|[A-Z])\)")
FOREIGN = re.compile(r"(\d{4}[a-z]?\)?,?|[Tt]heirs?|[Tt]he paper's|in print,|\bHis)\s+$")  # another author's numbers


def kind_of(word: str) -> str:
    return next(kind for kind, others in KINDS.items() if re.fullmatch(f"{kind}|{others}", word))


def unit_of(docname: str) -> str:
    """'03' for the lecture, exercise or page of unit 03; '' elsewhere."""
    found = re.search(r"/(\d\d)_", docname)
    return found[1] if found else ""


def anchor(kind: str, label: str) -> str:
    return nodes.make_id(f"{kind}-{label.replace('+', '-plus').replace('.', '-')}")


def first_of(node):
    """What a paragraph begins with (myst puts an empty text there); None for what is no paragraph."""
    return (
        next((child for child in node.children if child.astext()), None) if isinstance(node, nodes.paragraph) else None
    )


def heading(node) -> re.Match | None:
    """The match of a statement's bold head, if the paragraph begins with one."""
    first = first_of(node)
    return HEAD.match(first.astext()) if isinstance(first, nodes.strong) else None


def is_head(strong) -> bool:
    """Whether bold words are the head of a statement, and no mention of one in a table."""
    at = strong.parent
    return strong is first_of(at) and heading(at) is not None and not isinstance(at.parent, nodes.entry)


def reference(kind: str, label: str, shown: str, unit: str, certain: bool) -> addnodes.pending_xref:
    node = addnodes.pending_xref(
        shown,
        nodes.inline(shown, shown),
        refdomain="course",
        reftype=kind,
        reftarget=label,
        refexplicit=True,
        unit=unit,
    )
    node["certain"] = certain
    return node


def mentions(text: str, unit: str) -> list[tuple[int, int, addnodes.pending_xref]]:
    """(from, to, link) of everything in a text that names a statement, a figure or a formula."""
    found = []
    for match in MENTION.finditer(text):
        if FOREIGN.search(text[: match.start()]):
            continue
        of, kind, more = match["unit"] or unit, kind_of(match["kind"]), match.start("more")
        places = [(match.start(), match.end("first"), match["first"])]
        places += [(more + m.start(), more + m.end(), m[0]) for m in re.finditer(r"\d+\.\d+|[A-Z]\+", match["more"])]
        for start, end, label in places:
            certain = "." in label and kind != "Figure"
            found.append((start, end, reference(kind, label, text[start:end], of, certain)))
    for match in NUMBERED.finditer(text):
        if not FOREIGN.search(text[: match.start()]):
            found.append((match.start(), match.end(), reference("equation", match["tag"], match[0], unit, False)))
    return sorted(found, key=lambda each: each[:2])


SKIPPED = (nodes.reference, nodes.title, nodes.raw, nodes.literal, nodes.FixedTextElement, nodes.math, nodes.math_block)
SKIPPED += (addnodes.pending_xref,)


def plain(node) -> bool:
    """Whether a text stands in prose: no code, no link, no formula, no heading, no statement's own head."""
    while node.parent is not None:
        if isinstance(node, SKIPPED):
            return False
        if isinstance(node, nodes.strong) and is_head(node):
            return False
        if isinstance(node, nodes.container) and "cell_output" in node["classes"]:
            return False
        node = node.parent
    return True


def link(doctree, unit: str) -> None:
    for text in [node for node in doctree.findall(nodes.Text) if plain(node)]:
        whole, done, pieces = str(text), 0, []
        for start, end, node in mentions(whole, unit):
            if start >= done:
                pieces += [nodes.Text(whole[done:start]), node]
                done = end
        if pieces:
            text.parent.replace(text, [*pieces, nodes.Text(whole[done:])])


def link_map(doctree, unit: str, domain) -> None:
    """In the table of results ("needs ...") a bare number is a statement too."""
    kinds = {label: kind for (of, kind, label) in domain.objects if of == unit and kind not in ("equation", "Figure")}
    for table in doctree.findall(nodes.table):
        head = next(iter(table.findall(nodes.thead)), None)
        if head is None or "needs" not in head.astext():
            continue
        for text in [text for text in table.findall(nodes.Text) if plain(text)]:
            pieces = re.split(r"(?<![\w.(])(\d+\.\d+)(?![\w.])", str(text))
            if len(pieces) > 1:
                known = [reference(kinds[p], p, p, unit, True) if p in kinds else nodes.Text(p) for p in pieces]
                text.parent.replace(text, known)
