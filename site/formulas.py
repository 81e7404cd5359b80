"""Formulas in the pages: TeX for MathJax, which is among the site's own files; MathML where it could not be fetched.

Sphinx's own extension puts every formula with a line break into `split`, where a \\tag is an error; ours leaves the TeX alone.
"""

from __future__ import annotations

import html
import re
import sys
from functools import cache
from pathlib import Path

import npm
from docutils import nodes

ROOT = Path(__file__).resolve().parent.parent
# what a page asks for, out of 70 MB: the loader, the layout in HTML, TeX's extensions, text for screen readers, the font
PARTS = {
    "mathjax": ("tex-chtml.js", "input/tex/extensions/", "a11y/assistive-mml.js", "LICENSE"),
    "@mathjax/mathjax-newcm-font": ("chtml/", "LICENSE"),
}
SETTINGS = """window.MathJax = {
  loader: {paths: {fonts: "[mathjax]/fonts"}, load: ["a11y/assistive-mml"]},
  output: {font: "mathjax-newcm", displayOverflow: "linebreak", linebreaks: {inline: true}},
  chtml: {mtextInheritFont: true},
  tex: {inlineMath: [["\\\\(", "\\\\)"]], displayMath: [["\\\\[", "\\\\]"]], processEnvironments: false, processRefs: false},
  options: {ignoreHtmlClass: "bd-.*|document", processHtmlClass: "math", menuOptions: {settings: {
    enrich: false, speech: false, braille: false, assistiveMml: true, inTabOrder: false}}},
};
"""


def provide(static: Path) -> str:
    """MathJax below `static`/mathjax with its settings. What stood in the way where it could not be had, else ""."""
    static.mkdir(parents=True, exist_ok=True)
    try:
        for name, wanted in PARTS.items():
            for path, content in npm.files(name, wanted).items():
                target = static / "mathjax" / ("fonts/mathjax-newcm-font" if "font" in name else "") / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
    except npm.Unobtainable as problem:
        return str(problem)
    (static / "formulas.js").write_text(SETTINGS, encoding="utf-8")
    return ""


@cache
def mathml(tex: str, display: bool) -> str:
    """The same converter as the feedback pages use; a formula that it cannot read is shown as its source."""
    sys.path.insert(0, str(ROOT))
    from autograder.pages.formulas import mathml as convert

    return convert(tex, display) or f"<code>{html.escape(tex)}</code>"


def drawn(self, node, display: bool) -> str:
    tex = node.astext().strip()
    if not self.builder.config.course_mathjax:
        number = "".join(f'<span class="eqno">({tag})</span>' for tag in re.findall(r"\\tag\{([^}]*)\}", tex))
        return number + mathml(tex, display)
    return ("\\[{}\\]" if display else "\\({}\\)").format(self.encode(tex))


def inline(self, node) -> None:
    """A formula in a line, held together with the punctuation behind it (statements.py puts it there)."""
    self.body.append(f'<span class="math notranslate nohighlight">{drawn(self, node, False)}</span>')
    raise nodes.SkipNode


def display(self, node) -> None:
    start = self.starttag(node, "div", CLASS="math notranslate nohighlight")
    self.body.append(f"{start}{drawn(self, node, True)}</div>\n")
    raise nodes.SkipNode


def load(app, pagename, templatename, context, doctree) -> None:
    """The megabyte of MathJax is asked for by pages with a formula only."""
    if doctree is not None and app.config.course_mathjax and any(doctree.findall(is_formula)):
        app.add_js_file("formulas.js")
        app.add_js_file("mathjax/tex-chtml.js", loading_method="defer")


def is_formula(node) -> bool:
    return isinstance(node, nodes.math | nodes.math_block)


def setup(app):
    app.connect("html-page-context", load)
    app.add_config_value("course_mathjax", True, "html")
    app.add_html_math_renderer("course", (inline, None), (display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
