"""A learner at the keyboard: JupyterLab in a headless Chromium, a wrong answer, then the right one."""

from __future__ import annotations

import contextlib
import json
import re

import pytest
from chromium import CHROMIUM, QUIET, needed
from fresh import TOKEN, changes, fresh_clone, serving

from autograder.units.manifest import ROOT, load_unit

SLUG = "01_similarity_losses"
pytestmark = [
    pytest.mark.browser,
    needed,
]
PICTURES = ROOT / "build" / "browser"
ACCEPT = "dialog.jp-Dialog button.jp-mod-accept"  # what JupyterLab asks: which kernel, which of two versions
PATIENCE = 240_000  # milliseconds, for a machine that does much else at the same time
WRONG = """def logistic_loss(anchor, positive, negative):
    return F.softplus((anchor * (positive - negative)).sum(dim=1)).mean()"""
RIGHT = next(cell.source for cell in load_unit(SLUG).solved if cell.id == "logistic_loss")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """`make lab` in a fresh clone, saving by itself every three seconds rather than every two minutes."""
    clone = fresh_clone(tmp_path_factory.mktemp("browser") / "clone")
    with serving(clone, "make lab", {"@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 3}}) as server:
        yield clone, server.url


@pytest.fixture
def open_notebook(lab):
    """open_notebook(path) gives the page on which that notebook of work/ is open, its kernel idle."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=QUIET)

        def at(path):
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            # a workspace of its own: JupyterLab opens again what was open in it; it takes no name with a dot
            workspace = re.sub(r"\W+", "-", path)
            page.goto(f"{lab[1]}/lab/workspaces/{workspace}/tree/{path}?token={TOKEN}", timeout=PATIENCE)
            page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell", timeout=PATIENCE)
            page.wait_for_function(
                "document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'", timeout=PATIENCE
            )
            return page

        yield at
        browser.close()


def replace_function_cell(page, source: str) -> None:
    """Type `source` over the cell of logistic_loss, as a keyboard would, and run it and the check below it."""
    cell = page.locator(".jp-CodeCell", has_text="def logistic_loss").first
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(source)
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")


def run_until_numbered(page, cell, tries: int = 8) -> None:
    """Run a cell as a user does. On a busy machine a key press can come before the kernel is there: JupyterLab asks which
    kernel to take, or forgets the press; then answer, and press again."""
    from playwright.sync_api import TimeoutError as TimedOut

    numbered = cell.locator(".jp-InputPrompt", has_text=re.compile(r"\[\d+\]:"))
    select = page.locator(ACCEPT)
    for _ in range(tries):
        if select.count():
            select.first.click()
        else:
            cell.locator(".cm-content").click()
            page.keyboard.press("Shift+Enter")
        try:
            numbered.or_(select).first.wait_for(timeout=PATIENCE / tries)
        except TimedOut:
            page.screenshot(path=PICTURES / "waiting.png")
        if numbered.count():
            return
    pytest.fail("the first cell does not run: see build/browser/waiting.png")


def test_a_wrong_then_a_right_answer_in_jupyterlab(lab, open_notebook):
    clone, _ = lab
    PICTURES.mkdir(parents=True, exist_ok=True)
    page = open_notebook(f"exercises/{SLUG}/{SLUG}.ipynb")
    setup = page.locator(".jp-CodeCell", has_text="from course import check, validate").first
    run_until_numbered(page, setup)  # torch has been imported

    replace_function_cell(page, WRONG)
    verdict = page.locator(".cl-check[data-check='logistic_loss']").first
    verdict.wait_for(timeout=PATIENCE)
    assert verdict.get_attribute("data-status") == "fail"
    assert (
        "You seem to believe that the loss is small when the negative is the more similar one." in verdict.inner_text()
    )
    assert "Take an anchor equal to its positive" not in verdict.inner_text()  # hints wait until they are asked for
    verdict.locator("summary", has_text="Hint 1").click()
    assert "Take an anchor equal to its positive" in verdict.inner_text()
    verdict.scroll_into_view_if_needed()
    page.screenshot(path=PICTURES / "wrong.png")

    replace_function_cell(page, RIGHT)
    right = page.locator(".cl-check[data-check='logistic_loss'][data-status='pass']").first
    right.wait_for(timeout=PATIENCE)
    assert "Everything here holds." in right.inner_text()
    right.scroll_into_view_if_needed()
    page.screenshot(path=PICTURES / "right.png")
    saved_as(page, clone / "work" / "exercises" / SLUG / f"{SLUG}.ipynb", lambda cells: "softplus" in cells)
    assert changes(clone) == ""


def whole(page, path) -> bytes:
    """The bytes of a notebook on disk: JupyterLab empties the file, then writes, and a reader can come in between."""
    for _ in range(PATIENCE // 100):
        content = path.read_bytes()
        try:
            json.loads(content)
            return content
        except ValueError:
            page.wait_for_timeout(100)
    pytest.fail(f"{path} is no notebook: {content[-200:]!r}")


def saved_as(page, path, holds) -> None:
    """Save, and wait until the sources in the file are as they should be. JupyterLab may ask something first, or be too busy
    for the key: then answer, and press again."""
    asked = page.locator(ACCEPT)
    for half_second in range(PATIENCE // 500):
        if half_second % 20 == 0:
            if asked.count():
                asked.last.click()
            page.keyboard.press("Control+S")
        page.wait_for_timeout(500)
        cells = json.loads(whole(page, path))["cells"]
        if holds("".join("".join(cell["source"]) for cell in cells)):
            return
    page.screenshot(path=PICTURES / "unsaved.png")
    pytest.fail(f"{path} was not saved: see build/browser/unsaved.png")


def test_a_lecture_is_run_and_noted_in_without_changing_a_tracked_file(lab, open_notebook):
    from playwright.sync_api import TimeoutError as TimedOut

    clone, _ = lab
    page = open_notebook(f"lectures/{SLUG}.ipynb")
    cell = page.locator(".jp-CodeCell").first
    run_until_numbered(page, cell)
    noted = page.locator(".jp-CodeCell", has_text="# my note").first
    for _ in range(5):  # keys pressed while the page is busy may be lost
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+End")
        page.keyboard.type("  # my note")
        with contextlib.suppress(TimedOut):
            noted.wait_for(timeout=PATIENCE / 8)
            break
    saved_as(page, clone / "work" / "lectures" / f"{SLUG}.ipynb", lambda cells: "# my note" in cells)
    assert changes(clone) == ""


def test_a_lecture_that_was_only_opened_is_saved_as_it_was(lab, open_notebook):
    """JupyterLab saves it by itself, with the kernel's description added, had nobody taken that out."""
    clone, _ = lab
    copy, lecture = (folder / "lectures" / "02_latent_classes.ipynb" for folder in (clone / "work", clone))
    before = copy.stat().st_mtime_ns
    page = open_notebook("lectures/02_latent_classes.ipynb")
    for _ in range(PATIENCE // 500):
        page.wait_for_timeout(500)
        if copy.stat().st_mtime_ns != before:
            break
    else:
        pytest.fail("JupyterLab no longer saves a notebook that it opened: this test can go")
    assert whole(page, copy) == lecture.read_bytes()
    assert changes(clone) == ""


def test_formgrader_is_where_readme_and_demo_say(open_notebook):
    page = open_notebook(f"exercises/{SLUG}/{SLUG}.ipynb")
    page.locator(".lm-MenuBar-item", has_text="Nbgrader").click()
    page.locator("[data-command='nbgrader:open-formgrader']").wait_for(timeout=PATIENCE)
