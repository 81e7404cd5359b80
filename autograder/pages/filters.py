"""What nbconvert's templates call: Markdown and code as HTML, for feedback and formgrader alike (see `page_config`)."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from pathlib import Path

from jinja2 import pass_context
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from traitlets.config import Config

from autograder.pages.markdown import directed, rendered

TEMPLATES = Path(__file__).parent / "templates"
MAX_COLOURED = 50_000, 15_000  # characters of code, coloured pieces of it on one page: each piece is an element


def page_config() -> Config:
    """nbgrader's pages with our filters and templates; both make them through nbconvert's HTMLExporter."""
    import nbgrader.server_extensions.formgrader as formgrader

    config = Config()
    config.HTMLExporter.filters = {
        "markdown2html": "autograder.pages.filters.markdown2html",
        "highlight_code": "autograder.pages.filters.highlight_code",
        "strip_files_prefix": "autograder.pages.filters.unchanged",
        "mark_scheme": "autograder.classroom.scheme.mark_scheme",  # formgrader's: beside a derivation
    }
    theirs = Path(formgrader.__file__).parent / "templates"
    config.HTMLExporter.extra_template_basedirs = [str(TEMPLATES), str(theirs)]
    config.GenerateFeedback.preprocessors = [
        "autograder.pages.waiting.GradesAndWaiting",
        "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
    ]
    return config


def markdown2html(source: str) -> str:
    return rendered(source or "")


def unchanged(html: str) -> str:
    """In place of nbconvert's search for links to files/: none is left, and it takes quadratic time."""
    return html


@pass_context
def highlight_code(context, source: str, language: str | None = None, metadata: dict | None = None) -> str:
    """Python in colours, as long as the page has room for them; plain, and escaped, after that."""
    coloured = context["resources"].setdefault("coloured", [0, 0])
    coloured[0] += len(source)
    if coloured[0] <= MAX_COLOURED[0]:
        html = highlight(directed(source), *_python())
        coloured[1] += html.count("<span")
        if coloured[1] <= MAX_COLOURED[1]:
            return html
    return f'<div class="highlight"><pre>{escape(directed(source))}</pre></div>'


@lru_cache(maxsize=1)
def _python() -> tuple[PythonLexer, HtmlFormatter]:
    """Made once: each knows some hundred styles and patterns."""
    return PythonLexer(), HtmlFormatter()
