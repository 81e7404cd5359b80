"""The ledger of claims (docs/claims/*.toml) as one long table, with filters where scripts run, and its errata.

Each row carries its source, verdict and unit as classes; static/course.js reads them. Without a script all rows are shown.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from names import mentions
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

CLAIMS = Path(__file__).resolve().parent.parent / "docs" / "claims"
HEADS = ("What the source says", "What it means", "What became of it")
WIDTHS = (28, 36, 36)
WRONG = ("false, counterexample", "measured and refuted", "proved with a correction")


def ledger():
    """docs/claims/ledger.py."""
    spec = importlib.util.spec_from_file_location("claims_ledger", CLAIMS / "ledger.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def words(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


class Rows(SphinxDirective):
    """`{ledger}`: everything; `{ledger} errata`: what did not hold as it stands, with the statement that does."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        module = ledger()
        if self.arguments:
            return [node for source in module.sources() for node in self.errata(source)]
        return [self.summary(module), *[node for source in module.sources() for node in self.table(source)]]

    def summary(self, module) -> nodes.Node:
        """How many there are of each verdict; the script puts its filters below."""
        sources = module.sources()
        count = sum(len(source.get("claim", ())) for source in sources)
        lines = [f"{count} statements of {len(sources)} sources.", ""]
        for verdict in module.VERDICTS:
            of = sum(claim["verdict"] == verdict for source in sources for claim in source.get("claim", ()))
            lines.append(f"- *{verdict}*: {of}")
        return nodes.container("", *self.markdown("\n".join(lines)), classes=["ledger-summary"])

    def markdown(self, text: str) -> list[nodes.Node]:
        box = nodes.container()
        self.state.nested_parse(StringList(text.splitlines(), self.env.docname), 0, box)
        return box.children

    def heading(self, source: dict) -> nodes.section:
        section = nodes.section(ids=[f"{'errata' if self.arguments else 'source'}-{source['source']}"])
        section += nodes.title("", f"{source['source']} · {source['title']}")
        about = ", ".join(str(source[key]) for key in ("authors", "year") if source.get(key))
        link = f"[{source['link']}]({source['link']})" if source.get("link") else ""
        section += self.markdown(". ".join(part for part in (about, link) if part) or source["title"])
        return section

    def table(self, source: dict) -> list[nodes.Node]:
        section = self.heading(source)
        group = nodes.tgroup(cols=len(HEADS))
        group += [nodes.colspec(colwidth=width) for width in WIDTHS]
        head = nodes.row("", *[nodes.entry("", nodes.paragraph("", text)) for text in HEADS])
        body = nodes.tbody()
        for part in source["section"]:
            of_part = [claim for claim in source.get("claim", ()) if claim["section"] == part["heading"]]
            body += [self.row(source["source"], claim) for claim in of_part]
            if not of_part and part.get("without"):
                told = self.markdown(f"**{escaped(part['heading'])}**: {part['without']}")
                cell = nodes.entry("", *told, morecols=len(HEADS) - 1)
                body += nodes.row("", cell, classes=["without", f"source-{source['source']}"])
        group += [nodes.thead("", head), body]
        section += nodes.table("", group, classes=["ledger"])
        return [section]

    def row(self, source: str, claim: dict) -> nodes.row:
        unit = claim.get("unit", "")[:2]
        place = f", {claim['place']}" if claim.get("place") else ""
        said = [f"*{escaped(claim['section'] + place)}*", f"“{claim['quote'].strip()}”"]
        result = [f"**{claim['verdict']}**", claim.get("note", "")]
        if claim.get("corrected"):
            result.append(f"*What holds:* {claim['corrected']}")
        cells = [self.markdown("\n\n".join(said)), self.markdown(claim["means"]), self.markdown("\n\n".join(result))]
        cells[2] += self.where(claim)
        row = nodes.row("", *[nodes.entry("", *cell) for cell in cells], ids=[claim["id"]])
        row["classes"] += ["claim", f"source-{source}", f"verdict-{words(claim['verdict'])}", f"unit-{unit or 'none'}"]
        return row

    def where(self, claim: dict) -> list[nodes.Node]:
        """The lecture and its statement, and the programs that show it."""
        line = nodes.paragraph(classes=["where"])
        if claim.get("unit"):
            page = addnodes.pending_xref(
                "", nodes.inline("", f"Unit {claim['unit'][:2]}"), refdomain="std", reftype="doc", refexplicit=True,
                reftarget=f"/lectures/{claim['unit']}", refdoc=self.env.docname, refwarn=True,
            )  # fmt: skip
            line += (
                [page, nodes.Text(", "), *linked(claim["theorem"], claim["unit"][:2])]
                if claim.get("theorem")
                else [page]
            )
            line += nodes.Text(". ")
        for i, program in enumerate(claim.get("shown_by", ())):
            line += [nodes.Text(", " if i else "Shown by "), nodes.literal("", program)]
        return [line] if line.children else []

    def errata(self, source: dict) -> list[nodes.Node]:
        wrong = [claim for claim in source.get("claim", ()) if claim["verdict"] in WRONG]
        if not wrong:
            return []
        section = self.heading(source)
        for claim in wrong:
            place = f", {claim['place']}" if claim.get("place") else ""
            title = nodes.reference("", f"{claim['section']}{place}", refid=claim["id"], internal=True)
            parts = [f"“{claim['quote'].strip()}”"]
            parts += [claim.get("note", ""), f"*What holds:* {claim['corrected']}" if claim.get("corrected") else ""]
            said = self.markdown("\n\n".join(parts))
            section += nodes.container("", nodes.paragraph("", "", title), *said, classes=["erratum"])
        return [section]


def linked(text: str, unit: str) -> list[nodes.Node]:
    """A statement's name as a link; a name that the lecture does not have is a warning."""
    done, pieces = 0, []
    for start, end, node in mentions(text, unit):
        pieces += [nodes.Text(text[done:start]), node]
        done = end
    return [*pieces, nodes.Text(text[done:])]


def escaped(text: str) -> str:
    return re.sub(r"([*_`\[\]$])", r"\\\1", text)


def setup(app):
    app.connect("env-get-outdated", lambda *_: ["pages/claims"])  # its data are no files of Sphinx's
    app.add_directive("ledger", Rows)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
