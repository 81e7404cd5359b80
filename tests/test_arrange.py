"""A proof is put in order by mouse, by buttons and by keyboard; what stands below is an answer that the check takes."""

from __future__ import annotations

import ast
import re

import pytest
from chromium import needed
from test_explorables import PAGE

import course
from autograder.units.manifest import load_unit, unit_names

PROOFS = [(s, n) for s in unit_names() for n in load_unit(s).checks if load_unit(s).exercise(n).proof]
NAME = "proof_lower"
RIGHT = load_unit("07_linear_probe").references()[NAME]


@pytest.mark.parametrize(("slug", "name"), PROOFS)
def test_all_lines_of_every_proof_are_there_as_the_question_shows_them(slug, name):
    shown, proof = course.arrange(name).lines, load_unit(slug).exercise(name).proof
    question = " ".join("\n".join(cell.source for cell in load_unit(slug).template).split())
    assert set(shown) == {*proof.needs, *proof.false}
    assert all(f"- **{label}** {text}" in question for label, text in shown.items())
    items = re.findall(r'<li data-label="(\w)"><b>\1</b>', course.arrange(name)._repr_html_())
    assert items == list(shown)


def test_what_is_no_proof_or_no_line_of_it_is_refused():
    for name in ("nt_xent", "limit_hot", "no_such_question", "../../solutions/x"):
        with pytest.raises(ValueError, match="is no proof to put in order"):
            course.arrange(name)
    for order in (["Z"], ["C", "C"], 7):
        with pytest.raises(ValueError, match="labels of lines are A, B, C"):
            course.arrange(NAME, order)


@pytest.fixture
def page(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(PAGE + course.arrange(NAME, "FK")._repr_html_(), "utf-8")
    page = browser.new_page(viewport={"width": 1000, "height": 1200})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    yield page
    assert errors == []
    page.close()


def answer(page) -> list[str]:
    name, _, value = page.locator(".cl-answer code").inner_text().partition(" = ")
    assert name == NAME
    return ast.literal_eval(value)


def unused(page) -> list[str]:
    return page.locator("ul li").evaluate_all("items => items.map((item) => item.dataset.label)")


@needed
def test_an_answer_so_far_is_taken_up(page):
    assert answer(page) == ["F", "K"]
    assert unused(page) == list("ABCDEGHIJM")


@needed
def test_by_buttons_and_keys_the_proof_is_put_in_order_and_passes_the_check(page):
    for label in "FK":
        page.get_by_role("button", name=f"take out line {label}").click()
    assert unused(page) == list("ABCDEFGHIJKM")  # each where it was
    for label in [*RIGHT[1:], RIGHT[0]]:
        page.get_by_role("button", name=f"use line {label}").focus()
        page.keyboard.press("Enter")
    assert answer(page) == [*RIGHT[1:], RIGHT[0]]
    for _ in RIGHT:  # the focus has stayed with the last line
        page.keyboard.press("ArrowUp")
    assert answer(page) == RIGHT
    assert course.check(answer(page), NAME).passed
    page.get_by_role("button", name=f"move line {RIGHT[0]} down").click()
    assert answer(page) == [RIGHT[1], RIGHT[0], *RIGHT[2:]]
    assert page.get_by_role("button", name=f"move line {RIGHT[1]} up").is_disabled()


@needed
def test_by_the_mouse(page):
    def drag(label, onto):
        page.locator(f'li[data-label="{label}"]').drag_to(page.locator(onto), target_position={"x": 60, "y": 3})

    drag("C", "ol")
    assert answer(page) == ["C", "F", "K"]
    drag("K", 'li[data-label="F"]')
    assert answer(page) == ["C", "K", "F"]
    drag("C", "ul")
    assert answer(page) == ["K", "F"]
    assert "C" in unused(page)


@needed
def test_it_fits_a_phone_and_says_what_each_control_does(page):
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    styles = [page.locator(kind).evaluate("list => getComputedStyle(list).borderTopStyle") for kind in ("ol", "ul")]
    assert styles == ["solid", "dashed"]  # the proof's frame and the other one
    buttons = page.locator("li button")
    assert all(buttons.nth(i).get_attribute("aria-label") for i in range(buttons.count()))
    assert page.locator("[data-lm-suppress-shortcuts]").count() == 1
