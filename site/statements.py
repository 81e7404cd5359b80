"""Theorems, equations and figures of the lectures as things that can be linked to.

The lectures are notebooks that JupyterLab and GitHub show too, so they say `**Theorem 1.11 (the minimum).**`, `*Proof.*` and
`\\tag{1.8}`, and no directive. This module reads that convention off a lecture's tree: statements and proofs get a frame,
statements, numbered formulas and figures an address, and every mention of one becomes a link.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.domains import Domain, ObjType
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

logger = logging.getLogger(__name__)

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
TAG = re.compile(r"\\tag\{([^}]*)\}")
OURS = re.compile(r"lectures/(\d\d)_")


def kind_of(word: str) -> str:
    return next(kind for kind, others in KINDS.items() if re.fullmatch(f"{kind}|{others}", word))


def unit_of(docname: str) -> str:
    """'03' for the lecture, exercise or page of unit 03; '' elsewhere."""
    found = re.search(r"/(\d\d)_", docname)
    return found[1] if found else ""


def anchor(kind: str, label: str) -> str:
    return nodes.make_id(f"{kind}-{label.replace('+', '-plus').replace('.', '-')}")


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


def first_of(node):
    """What a paragraph begins with (myst puts an empty text there); None for what is no paragraph."""
    return (
        next((child for child in node.children if child.astext()), None) if isinstance(node, nodes.paragraph) else None
    )


def begins(node, *words: str) -> bool:
    """Whether a paragraph begins with one of the words in italics."""
    first = first_of(node)
    return isinstance(first, nodes.emphasis) and first.astext().rstrip(".").startswith(words)


def heading(node) -> re.Match | None:
    """The match of a statement's bold head, if the paragraph begins with one."""
    first = first_of(node)
    return HEAD.match(first.astext()) if isinstance(first, nodes.strong) else None


def is_head(strong) -> bool:
    """Whether bold words are the head of a statement, and no mention of one in a table."""
    at = strong.parent
    return strong is first_of(at) and heading(at) is not None and not isinstance(at.parent, nodes.entry)


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


def frame_statements(doctree, docname: str, domain: Statements) -> None:
    for begin in [node for node in doctree.findall(nodes.paragraph) if heading(node)]:
        if isinstance(begin.parent, nodes.entry):
            continue  # bold in the table of results
        found = heading(begin)
        kind, label = found["kind"], found["label"] or ""
        if kind == "Figure":
            box = frame(begin.parent, i := begin.parent.index(begin), i + 1, "figure-caption")
        else:
            start = begin.parent.index(begin)
            box = frame(begin.parent, start, extent(begin.parent.children, start), "statement", kind.lower())
        named = re.search(r"\((.+)\)\.?$", first_of(begin).astext())
        if label or kind == "Sandwich":
            domain.note(
                docname, kind, label, box, named[1] if named and "$" not in named[1] and "\\" not in named[1] else ""
            )


def note_equations(doctree, docname: str, domain: Statements) -> None:
    for formula in doctree.findall(nodes.math_block):
        for tag in TAG.findall(formula.astext()):
            domain.note(docname, "equation", tag, formula)


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


def link_map(doctree, unit: str, domain: Statements) -> None:
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
    from docutils.parsers.rst import Directive

    class Here(Directive):
        def run(self):
            return [placeholder()]

    app.add_domain(Statements)
    app.add_directive("statements", Here)
    app.add_node(placeholder)
    app.add_post_transform(Index)
    app.connect("doctree-read", read)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
