"""START and the class report have no serious finding of axe, in light and dark. (Feedback: test_pages_browser, the web
site: test_site.)"""

from __future__ import annotations

import json

import axe
import pytest
from chromium import needed
from test_class_report import a_class, report_html
from test_start import FIRST, UNITS, checked, graded

from autograder.units.manifest import ROOT, load_unit
from course import records
from course.start import server

pytestmark = [
    pytest.mark.browser,
    needed,
]


@pytest.fixture(scope="module")
def page(browser):
    return browser.new_page(viewport={"width": 1280, "height": 900})


@pytest.fixture
def start(tmp_path):
    """START of somebody who has solved unit 02 and a part of unit 01."""
    entries = [graded(UNITS[1]), *checked(logistic_loss="pass", hinge_loss="fail")]
    (tmp_path / records.MARK).write_text("{}")
    (tmp_path / records.FILE).write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return server.start_page(ROOT, tmp_path)


def test_start(page, start):
    page.set_content(start)
    assert axe.serious_in_both_themes(page) == []


def test_the_report_with_names_and_without(page):
    unit = load_unit(FIRST.slug)
    for shareable in (False, True):
        page.set_content(report_html(unit, a_class(12), shareable, "today"))
        assert axe.serious_in_both_themes(page) == []


def test_axe_sees_a_picture_without_text_and_grey_on_grey(page, start):
    page.set_content(
        start.replace("</main>", '<img src="x.png"><p style="color: #777; background: #666">grey</p></main>')
    )
    assert {rule for rule, _ in axe.serious_in_both_themes(page)} == {"image-alt", "color-contrast"}
