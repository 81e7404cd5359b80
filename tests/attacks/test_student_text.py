"""What a student wrote is read, never run: in our pages, in nbconvert's own, and quickly whatever it is."""

from __future__ import annotations

import functools
import re
import time
from html.parser import HTMLParser

import pytest
from nbconvert import HTMLExporter
from nbconvert.filters import markdown2html
from served import graded, submitted
from traitlets.config import Config

from attacks.hostile_text import BEACON, CODE, HONEST, PATHOLOGICAL, TEXTS
from autograder.grading.report import check_html
from autograder.pages.filters import page_config
from autograder.pages.markdown import ALLOWED, MATH_TAGS, TEXT_TAGS, rendered
from autograder.pages.student_text import MAX_EXTRA, harmless
from autograder.submission.notebook import _printable

LIMIT = 3.0  # seconds of processor time for one whole page, however hostile the submission; 1.6 measured on a quiet processor
STOCK_TAGS = TEXT_TAGS | {
    "div",
    "span",
    "del",
    "input",
    "dl",
    "dt",
    "dd",
}  # what nbconvert itself makes of plain Markdown


class Tags(HTMLParser):
    """All tags of a page with their attributes."""

    def __init__(self, html: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, {name: value or "" for name, value in attributes}))


def addresses(html: str) -> list[str]:
    """Everything that a browser would ask for or go to."""
    names = ("href", "src", "srcset", "action", "data", "poster", "xlink:href", "background", "http-equiv", "srcdoc")
    return [attributes[name] for _, attributes in Tags(html).found for name in names if name in attributes]


def with_grades(texts=(), codes=(), answers=None, message="wrong"):
    """The graded notebook of a submission with these cells, with the points that a feedback page prints."""
    notebook = graded(submitted(answers or {}, texts, codes), message)
    for cell in notebook.cells:
        cell.metadata.get("nbgrader", {}).update(score=0.0)
    return notebook


def exported(template: str, notebook) -> str:
    """The page that nbgrader makes of it."""
    config = Config(page_config())
    config.HTMLExporter.template_name = template
    names = {"notebook": "n", "score": 1, "max_score": 2, "late_penalty": 0}
    resources = {
        "nbgrader": names,
        "base_url": "",
        "index": 0,
        "total": 1,
        "student": '"><script>',
        "notebook_path": "p",
    }
    return HTMLExporter(config=config).from_notebook_node(notebook, resources)[0]


def page(template: str, texts=(), codes=(), answers=None, message="wrong") -> str:
    return exported(template, with_grades(texts, codes, answers, message))


@functools.cache
def warm(template: str) -> None:
    page(template)


def seconds(template: str, notebook) -> float:
    """Processor time of one page; the first of a process, which reads and compiles what all share, is not counted."""
    warm(template)
    started = time.process_time()
    exported(template, notebook)
    return time.process_time() - started


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_our_pages_keep_only_what_is_allowed(text):
    """Also of text that did not pass through `harmless`: the comments of an instructor, the course's own cells."""
    for source in (text, harmless(text)):
        for tag, attributes in Tags(rendered(source)).found:
            assert tag in TEXT_TAGS | MATH_TAGS
            assert set(attributes) <= ALLOWED.get(tag, set()) | ({"rel", "target"} if tag == "a" else set())
            assert re.match(r"(https?|mailto):", attributes.get("href", "http:"))
            assert "href" not in attributes or attributes["rel"] == "noopener noreferrer nofollow"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_stored_text_is_text_for_nbconvert_without_our_settings(text):
    html = markdown2html(harmless(_printable(text)))
    for tag, attributes in Tags(html).found:
        assert tag in STOCK_TAGS
        assert not [name for name in attributes if name.startswith("on") or name == "src"]
        assert re.match(r"https?://|#", attributes.get("href", "#"))
    assert not re.search(r"\\(href|style|class|cssId|require|html|data|unicode|includegraphics)\b", html)


def test_a_whole_hostile_notebook_holds_no_address_and_no_script_of_its_own():
    texts, codes, message = list(TEXTS.values()), list(CODE.values()), f'<script src="{BEACON}"></script> `<img src=x>`'
    html = page("feedback", texts, codes, {"derive_gradient": "\n\n".join(texts)}, message)
    tags = Tags(html).found
    assert not {"script", "img", "iframe", "form", "input", "link", "base", "svg", "object"} & {tag for tag, _ in tags}
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    assert all(address.startswith("#") for address in addresses(html) if address != "Content-Security-Policy")
    assert "default-src 'none'" in html
    html = page("formgrade", texts, codes, {"derive_gradient": "\n\n".join(texts)}, message)
    scripts = [attributes for tag, attributes in Tags(html).found if tag == "script"]
    (nonce,) = {attributes["nonce"] for attributes in scripts}
    assert f"script-src 'nonce-{nonce}';" in html
    assert nonce not in page("formgrade")
    local = [a for a in addresses(html) if a != "Content-Security-Policy"]
    assert all(address.startswith("/formgrader/") for address in local)
    assert not [name for _, attributes in Tags(html).found for name in attributes if name.startswith("on")]


def test_names_that_the_page_uses_cannot_be_taken():
    """A heading gets an id from nbconvert; `derive_gradient` is the id of formgrader's field for the points."""
    html = page("formgrade", ["# derive_gradient\n\n## submission_id", TEXTS["link to itself"]])
    ids = [attributes["id"] for _, attributes in Tags(html).found if "id" in attributes]
    assert ids.count("derive_gradient") == 1
    assert "submission_id" not in ids


@pytest.mark.parametrize("text", PATHOLOGICAL.values(), ids=PATHOLOGICAL)
@pytest.mark.parametrize("template", ["feedback", "formgrade"])
def test_no_text_makes_a_page_slow(template, text):
    assert seconds(template, with_grades([text] * 20, answers={"derive_gradient": text})) < LIMIT


@pytest.mark.parametrize(
    "codes",
    [["x+1\n" * 4900] * 9, ["a." * 9900] * 9, ["f'{x}'" * 3000] * 10, ["1"] * 1900],
    ids=["dense", "dotted", "formatted", "many cells"],
)
def test_no_code_makes_a_page_slow(codes):
    assert seconds("feedback", with_grades(codes=codes)) < LIMIT


def test_an_honest_derivation_is_stored_as_written_and_drawn():
    assert harmless(HONEST) == HONEST.replace("$x<y$", "$x< y$")
    html = rendered(HONEST)
    tags = [tag for tag, _ in Tags(html).found]
    assert {"ol", "li", "table", "blockquote", "em", "strong", "pre", "mfrac", "munderover", "mtable"} <= set(tags)
    assert tags.count("math") == HONEST.replace("$$", "$").count("$") // 2 - 1  # all but the macro that nobody knows
    assert r"<code>$\foo{x}$</code>" in html
    assert "a &lt; b" in html


def test_comparisons_and_indices_keep_their_meaning():
    assert harmless("$p(x|y)<M$") == "$p(x|y)< M$"
    assert rendered("$a<M$") == rendered("$a< M$")
    assert rendered("$f[x](y)$") == rendered("$f[x] (y)$")
    assert "(javascript:1)" in rendered(harmless("[x](javascript:1)"))  # what was tried can be read


def test_what_is_nested_too_deeply_is_shown_as_it_is():
    text = "> " * 120 + "the end"
    assert "the end" in rendered(text)


def test_text_beyond_the_limit_is_left_out_and_said():
    notebook = graded(submitted({}, ["word " * 1900] * 5))
    texts = [cell.source for cell in notebook.cells if cell.id.startswith("extra-") and cell.cell_type == "markdown"]
    assert sum(map(len, texts)) <= MAX_EXTRA + 100
    assert texts[-1] == "(9500 characters of text left out by the grader)"


def test_turned_text_cannot_swap_points():
    for html in (
        rendered("\u202e0/5"),
        check_html("f", graded_check("\u202e0/5")),
        page("feedback", codes=["# \u202e0/5"]),
    ):
        assert "\u202e" not in html
        assert "U+202E" in html


def graded_check(message: str):
    from served import record

    return list(record(message).checks.values())[-1]
