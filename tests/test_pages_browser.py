"""The pages in Chromium: a hostile submission runs nothing and loads nothing, an honest one can be read and graded.

Feedback is served from loopback, formgrader and JupyterLab by their own server, as an instructor uses them.
"""

from __future__ import annotations

import re
from itertools import pairwise

import axe
import pytest
from attacks.hostile_text import CODE, HONEST, TEXTS
from chromium import needed
from served import add, files, graded, jupyter, nbgrader, new_course, submission_id, submitted
from test_browser import PATIENCE

from autograder.classroom.demo import UNIT
from autograder.grading.record import note_problem
from autograder.units.manifest import ROOT

pytestmark = [
    pytest.mark.browser,
    needed,
]
PICTURES = ROOT / "build" / "browser"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Two graded submissions, `ada` honest and `eve` with every hostile text, and their feedback."""
    path = new_course(tmp_path_factory.mktemp("pages"))
    add(path, "ada", graded(submitted({"derive_gradient": HONEST}, ["A remark: $\\tau > 0$."], ["print(1)"])))
    texts = list(TEXTS.values())
    half = "\n\n".join(texts[: len(texts) // 2])
    message = "<script>window.pwned=1</script>"
    add(path, "eve", graded(submitted({"derive_gradient": half}, texts, CODE.values()), message))
    note_problem(path, UNIT, "ada", "the <b>newer</b> one is no notebook")
    nbgrader(path, "generate_feedback", UNIT)
    return path


@pytest.fixture(scope="module")
def server(course):
    with jupyter(course) as address:
        yield address


@pytest.fixture
def page(browser):
    """A page that notes what it asks for (`asked`) and every sign of a script (`signs`)."""
    context = browser.new_context(viewport={"width": 1100, "height": 1000})
    page = context.new_page()
    page.asked, page.signs = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("dialog", lambda dialog: (page.signs.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: page.signs.append(str(error)))
    page.on("console", lambda said: page.signs.append(said.text) if said.type == "error" else None)
    context.on("page", lambda other: page.signs.append(f"a window: {other.url}") if other is not page else None)
    yield page
    context.close()


def form(page, server: str, course, student: str) -> None:
    """Formgrader's page of a student, opened with a session as a browser keeps it."""
    page.goto(f"{server}/formgrader/gradebook?token=t", wait_until="networkidle")
    page.asked.clear()
    page.goto(f"{server}/formgrader/submissions/{submission_id(course, student)}/", wait_until="networkidle")


def untouched(page) -> bool:
    """Whether no script of the student's ran, in the page or in a frame of it."""
    return all(frame.evaluate("window.pwned === undefined") for frame in page.frames)


def unfolded(page) -> None:
    """Open every <details>, from the outside in, as a reader does."""
    while page.locator("details:not([open]) > summary:visible").count():
        page.locator("details:not([open]) > summary:visible").first.click()


def test_a_hostile_feedback_page_asks_for_nothing_and_runs_nothing(course, page):
    with files(course / "feedback") as (address, served):
        page.goto(f"{address}/eve/{UNIT}/{UNIT}.html", wait_until="networkidle")
        here = page.url
        unfolded(page)
        links = page.locator("a")
        targets = [links.nth(i).get_attribute("href") for i in range(links.count())]
        assert targets
        assert all(target.startswith("#") for target in targets)
        for i in range(links.count()):
            links.nth(i).click()
        for word in page.locator(".rendered_html *", has_text="press").all()[:80]:
            word.dispatch_event("click")
        assert page.url.partition("#")[0] == here
        assert page.asked == [here]
        assert set(served) <= {f"/eve/{UNIT}/{UNIT}.html", "/favicon.ico"}  # the browser asks for the second by itself
        assert page.signs == []
        assert untouched(page)
        assert page.locator("img, script, iframe, form, input, svg, object, embed, link, base").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_policy_of_feedback_stops_a_script_that_got_through(course, page, tmp_path):
    """The second wall, tried with a hole in the first: the same page with a script, a picture and a handler in it."""
    path = tmp_path / "page.html"
    hole = '<script>window.pwned=1</script><img src="/x.png" onerror="window.pwned=1"><style>@import "/y.css";</style>'
    text = (course / "feedback" / "eve" / UNIT / f"{UNIT}.html").read_text(encoding="utf-8")
    path.write_text(text.replace("</main>", f"{hole}</main>"), encoding="utf-8")
    with files(tmp_path) as (address, served):
        page.goto(f"{address}/page.html", wait_until="networkidle")
        assert untouched(page)
        assert set(served) <= {"/page.html", "/favicon.ico"}  # what the policy stops, the page may still want


def test_an_honest_feedback_page_is_legible_offline(course, page):
    with files(course / "feedback") as (address, served):
        page.goto(f"{address}/ada/{UNIT}/{UNIT}.html", wait_until="networkidle")
        answer = page.locator("section.answer", has=page.locator("#cell-derive_gradient"))
        assert answer.locator("math").count() == 16
        assert "not graded yet (4 points)" in answer.inner_text()
        said = page.locator("main").inner_text()
        assert "A newer attempt of yours could not be graded" in said
        assert "the <b>newer</b> one is no notebook" in said
        fraction = answer.locator("mfrac").first.bounding_box()
        assert (
            fraction["height"] > 1.5 * answer.locator("mi").first.bounding_box()["height"]
        )  # drawn, not a line of letters
        assert "Hint 2 of 3" not in page.locator("main").inner_text()
        unfolded(page)
        assert "Write <b>both</b> down." in page.locator("main").inner_text()
        names = page.locator(".contents a").all_inner_texts()
        assert len(names) == len(set(names)) > 1
        boxes = [section.bounding_box() for section in page.locator("section").all()]
        assert all(a["y"] + a["height"] <= b["y"] + 1 for a, b in pairwise(boxes))  # nothing overlaps
        page.screenshot(path=PICTURES / "feedback.png", full_page=True)
        page.set_viewport_size({"width": 360, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert set(served) <= {f"/ada/{UNIT}/{UNIT}.html", "/favicon.ico"}


def test_axe_finds_nothing_serious_in_feedback(course, page):
    with files(course / "feedback") as (address, _):
        page.goto(f"{address}/ada/{UNIT}/{UNIT}.html", wait_until="networkidle")
        unfolded(page)
        assert axe.serious_in_both_themes(page) == []


def test_formgrader_shows_a_hostile_submission_without_running_it(course, server, page):
    form(page, server, course, "eve")
    assert untouched(page)
    assert page.signs == []
    assert [url for url in page.asked if not url.startswith(f"{server}/formgrader/")] == []
    answers = page.locator(".rendered_html")
    assert answers.locator("img, script, iframe, form, input, svg, a[href]:not([href^='http'])").count() == 0
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=/files/lab.log onerror=\"window.pwned=1\">')"
    )
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.pwned=1'}))"
    )
    page.wait_for_timeout(300)
    assert untouched(page)  # the policy holds also where the cleaner would fail


def test_formgrader_grades_an_honest_derivation_offline(course, server, page):
    from nbgrader.api import Gradebook

    form(page, server, course, "ada")
    assert [url for url in page.asked if not url.startswith(f"{server}/formgrader/")] == []
    field = page.locator("#derive_gradient")
    answer = page.locator(".nbgrader_cell", has=field)
    assert answer.locator(".answer math").count() == 16
    theirs, scheme = answer.locator(".answer").bounding_box(), answer.locator(".scheme").bounding_box()
    assert theirs["x"] + theirs["width"] <= scheme["x"]  # beside it
    assert scheme["y"] == theirs["y"]
    assert "Jensen in the right direction" in answer.locator(".scheme").inner_text()
    with page.expect_response(re.compile("/api/grade/")):
        field.fill("4")
        field.blur()
    page.locator("span.glyphicon-eye-open").click()
    assert "ada" in page.locator("li.live-notebook").inner_text()
    page.wait_for_timeout(1000)  # formgrader rolls to the field that was left
    field.scroll_into_view_if_needed()
    page.screenshot(path=PICTURES / "formgrader.png")
    page.locator(".help").click()
    page.locator(".modal-title").wait_for()  # the keyboard manager waits for MathJax in nbgrader's own page
    page.keyboard.press("Escape")
    assert page.signs == []
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        assert book.find_grade("derive_gradient", UNIT, UNIT, "ada").manual_score == 4.0


def test_jupyterlab_shows_a_hostile_graded_notebook_without_running_it(course, server, page):
    """The notebook behind formgrader's link "open live notebook", drawn by JupyterLab's own renderer."""
    page.goto(f"{server}/lab/tree/autograded/eve/{UNIT}/{UNIT}.ipynb?token=t", timeout=PATIENCE)
    page.wait_for_selector(".jp-NotebookPanel .jp-MarkdownCell .jp-RenderedMarkdown", timeout=PATIENCE)
    panel = page.locator(".jp-WindowedPanel-outer").first
    hostile = page.locator(".jp-RenderedMarkdown", has_text="scr")
    for step in range(240):  # cells are drawn as they come into view
        if step >= 60 and hostile.count():
            break
        panel.hover(force=True)
        page.mouse.wheel(0, 700)
        page.wait_for_timeout(60)
    assert hostile.count() > 0
    for word in page.locator(".jp-RenderedMarkdown a").all():
        assert re.match("https?://|#", word.get_attribute("href") or "#")
    assert (
        page.locator(".jp-RenderedMarkdown img, .jp-RenderedMarkdown script, .jp-RenderedMarkdown iframe").count() == 0
    )
    assert not [url for url in page.asked if not url.startswith((server, "data:", "blob:"))]
    assert untouched(page)
