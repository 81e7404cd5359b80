"""A first visit: `make lab` opens START, its links open notebooks, a passed check shows on START, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from chromium import CHROMIUM, QUIET, needed
from fresh import TOKEN, changes, fresh_clone, serving
from test_browser import PATIENCE, PICTURES, RIGHT, SLUG, replace_function_cell, run_until_numbered

pytestmark = [
    pytest.mark.browser,
    needed,
]


def opened(page, name):
    """Wait until the notebook is shown, its kernel idle."""
    page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell", timeout=PATIENCE)
    page.wait_for_function(
        "document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'", timeout=PATIENCE
    )
    assert page.locator(".lm-TabBar-tab.jp-mod-current .lm-TabBar-tabLabel", has_text=name).count()


def state(page, question):
    return page.locator(f"[data-question='{question}']").get_attribute("data-state")


def test_from_start_to_a_passed_check_and_back(tmp_path):
    playwright = pytest.importorskip("playwright.sync_api")
    PICTURES.mkdir(parents=True, exist_ok=True)
    clone = fresh_clone(tmp_path / "clone")
    with serving(clone, "make lab") as server, playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        page = context.new_page()

        page.goto(f"{server.url}/course/", timeout=PATIENCE)
        assert page.locator("h1", has_text="contrastive").count() == 0  # not without the token
        page.goto(f"{server.url}/?token={TOKEN}", timeout=PATIENCE)  # what `make lab` opens
        assert "Start here: 01 Similarity losses." in page.locator(".here").inner_text()
        assert page.locator(".unit").count() == page.locator(".map a").count() == 10
        assert page.locator("a", has_text="Solution").count() == 0
        page.screenshot(path=PICTURES / "start.png")
        page.keyboard.press("Tab")  # the first thing that the keyboard reaches is the way on
        assert page.evaluate("document.activeElement.innerText") == "Open exercise 01"
        page.keyboard.press("Enter")
        opened(page, f"{SLUG}.ipynb")
        page.locator("h1", has_text="Exercise 01").first.wait_for(timeout=PATIENCE)

        setup = page.locator(".jp-CodeCell", has_text="from course import check, validate").first
        run_until_numbered(page, setup)
        replace_function_cell(page, RIGHT)
        verdict = page.locator(".cl-check[data-check='logistic_loss'][data-status='pass']").first
        verdict.wait_for(timeout=PATIENCE)
        assert 'solution("logistic_loss")' in verdict.inner_text()
        verdict.scroll_into_view_if_needed()
        page.screenshot(path=PICTURES / "start-passed.png")

        page.locator(".lm-MenuBar-item", has_text="Help").click()
        with context.expect_page(timeout=PATIENCE) as new:
            page.locator(".lm-Menu-item", has_text="START").click()
        start = new.value
        start.wait_for_selector(".here", timeout=PATIENCE)
        assert state(start, "logistic_loss") == "solved"
        assert "You are here: 01 Similarity losses. Next: question 2" in start.locator(".here").inner_text()
        with start.expect_event("close", timeout=PATIENCE):
            start.locator("a", has_text="Lecture 02").click()
        page.locator(".lm-TabBar-tabLabel", has_text="02_latent_classes.ipynb").wait_for(timeout=PATIENCE)

        phone = context.new_page()
        for scheme in ("light", "dark"):
            phone.set_viewport_size({"width": 390, "height": 844})
            phone.emulate_media(color_scheme=scheme)
            phone.goto(f"{server.url}/course/", timeout=PATIENCE)
            assert phone.evaluate("document.documentElement.scrollWidth") <= 390
            phone.screenshot(path=PICTURES / f"start-phone-{scheme}.png")
        replace_function_cell(page_again(page), RIGHT.replace(".mean()", ".sum()"))
        page.locator(".cl-check[data-check='logistic_loss'][data-status='fail']").first.wait_for(timeout=PATIENCE)
        phone.bring_to_front()
        phone.evaluate("dispatchEvent(new Event('focus'))")  # looked at again: it asks for itself again
        phone.locator("[data-question='logistic_loss'][data-state='not right yet']").wait_for(timeout=PATIENCE)
        browser.close()
    assert changes(clone) == ""


def page_again(page):
    """The exercise's tab in front again."""
    page.bring_to_front()
    page.locator(".lm-TabBar-tabLabel", has_text=f"{SLUG}.ipynb").click()
    return page
