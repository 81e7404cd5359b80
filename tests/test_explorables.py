"""The explorables of the lectures, moved by keyboard in a browser: what they show are Python's numbers."""

from __future__ import annotations

import json
import math
import re

import nbformat
import numpy as np
import pytest
from chromium import needed

from autograder.units.manifest import ROOT, load_unit
from course import figures
from course.figures.shown import live

PROGRAMS = {"01": "circle", "02": "means", "03": "bounds", "05": "floor", "06": "cutoff"}
UNITS = tuple(PROGRAMS)
PAGE = """<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<style>body{margin:1em;font-family:sans-serif}@media(prefers-color-scheme:dark){body{background:#121212;color:#ddd}}
</style>"""
SPREAD = np.array([[0.45, 0.2], [-0.15, 0.4]])  # of lecture 02


def stored(unit: str) -> str:
    """The HTML of a lecture's explorable."""
    (path,) = (ROOT / "lectures").glob(f"{unit}_*.ipynb")
    outputs = (o for cell in nbformat.read(path, as_version=4).cells for o in cell.get("outputs", []))
    (html,) = (o.data["text/html"] for o in outputs if 'class="cl-live"' in o.get("data", {}).get("text/html", ""))
    return html


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    """All explorables on one page, opened as a file."""
    path = tmp_path_factory.mktemp("explorables") / "page.html"
    path.write_text(PAGE + "".join(f'<section id="u{unit}">{stored(unit)}</section>' for unit in UNITS), "utf-8")
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(path.as_uri())
    yield page
    assert page.errors == []


def press(page, unit: str, key: str, times: int = 1, slider: int = 0) -> None:
    page.locator(f"#u{unit} input").nth(slider).focus()
    for _ in range(times):
        page.keyboard.press(key)


def numbers(page, unit: str) -> dict:
    return json.loads(page.locator(f"#u{unit} .cl-live").get_attribute("data-numbers"))


@needed
def test_every_explorable_is_live_and_its_still_picture_steps_aside(page):
    for unit in UNITS:
        assert page.locator(f"#u{unit} input[type=range]").count() >= 1
        assert not page.locator(f"#u{unit} img").is_visible()
        assert page.locator(f"#u{unit} svg").count() >= 2


@needed
def test_sliders_have_names_say_their_value_and_keep_jupyterlabs_shortcuts_away(page):
    for unit in UNITS:
        before = page.locator(f"#u{unit} .cl-said").inner_text()
        press(page, unit, "ArrowRight")
        assert page.locator(f"#u{unit} .cl-said").inner_text() != before
        for slider in page.locator(f"#u{unit} input").all():
            assert slider.get_attribute("data-lm-suppress-shortcuts") == "true"
            assert slider.evaluate("input => input.labels[0].querySelector('span').textContent.length") > 5
            assert slider.get_attribute("aria-valuetext") == slider.evaluate("i => i.parentNode.lastChild.textContent")
        press(page, unit, "ArrowLeft")


@needed
def test_the_rings_of_the_circle_are_where_the_gradient_vanishes(page):
    phi = np.radians([20.0, 75.0, 160.0, 250.0])
    warm = (0.05, 0.07, 0.1, 0.14, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 1, 1.4, 2, 3, 5)
    press(page, "01", "Home")
    for t in warm:
        found = numbers(page, "01")
        for rest in found["rest"]:
            force = []
            for theta in np.radians([rest - 0.1, rest + 0.2]):  # the rings stand on a grid of a tenth of a degree
                pi = np.exp(np.cos(theta - phi) / t)
                force.append((np.eye(4)[0] - pi / pi.sum()) @ np.sin(phi - theta))
            assert force[0] > 0 > force[1], (t, rest)
        weight = np.exp(np.cos(np.radians(found["rest"][0]) - phi[1:]) / t)
        np.testing.assert_allclose(found["share"], weight / weight.sum(), rtol=1e-5)
        press(page, "01", "ArrowRight")


@needed
def test_dragged_means_have_the_loss_and_the_bound_of_the_solutions(page):
    """The program's live formula, at the start, after keys and after a drag."""
    reference = load_unit("02_latent_classes").references()
    rho, halves = np.array([0.5, 0.5]), np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
    for move in ("start", "keys", "drag"):
        if move == "keys":
            press(page, "02", "ArrowRight", 6, slider=0)
            press(page, "02", "End", 1, slider=3)
        if move == "drag":
            before = [i.input_value() for i in page.locator("#u02 input").all()]
            cross = page.locator("#u02 .cl-grab").nth(1)
            cross.scroll_into_view_if_needed()
            box = cross.bounding_box()
            at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            page.mouse.move(*at)
            page.mouse.down()
            page.mouse.move(at[0] + 60, at[1] + 90, steps=3)
            page.mouse.up()
            after = [i.input_value() for i in page.locator("#u02 input").all()]
            assert before[:2] == after[:2]
            assert before[2:] != after[2:]
        means = np.array([float(o) for o in page.locator("#u02 output").all_inner_texts()]).reshape(2, 2)
        z = np.concatenate([[m + s, m - s] for m, s in zip(means, SPREAD, strict=True)])
        found = numbers(page, "02")
        assert found["loss"] == pytest.approx(reference["unsupervised_loss"](rho, halves, z), rel=1e-12)
        assert found["classifier"] == pytest.approx(reference["mean_classifier_loss"](rho, halves, z), rel=1e-12)
        assert found["bound"] == pytest.approx((found["classifier"] + math.log(2)) / 2, rel=1e-12)
        assert found["loss"] >= found["bound"]


@needed
def test_the_three_bounds_are_those_of_the_solutions(page):
    reference = load_unit("03_many_negatives").references()
    uniform = np.full(10, 0.1)
    press(page, "03", "Home")
    for n in (1, 2, 3, 5, 8, 10, 12, 15, 20):
        found = numbers(page, "03")
        p = reference["coupon_probability"](uniform, n)
        assert found["Lemma 2"] == (pytest.approx(found["loss"] / p, rel=1e-4) if n >= 10 else None)
        assert found["D+"] == pytest.approx(reference["lemma2_best"](found["loss"], uniform, n), rel=1e-4)
        assert found["F+"] == pytest.approx(reference["floor_bound"](found["loss"], 10, n), rel=1e-4)
        press(page, "03", "ArrowRight")


@needed
def test_the_floor_takes_the_anchors_that_the_solution_puts_there(page):
    """Nine anchors with a positive of cosine 0.9; negatives all alike, so that the biased loss is what is asked for."""
    share, mass = (
        load_unit("05_debiasing").references()[name] for name in ("floor_fraction", "debiased_negative_mass")
    )
    torch = pytest.importorskip("torch")
    N, t, biased = 254, 0.5, np.linspace(2.4, 5.6, 9)
    alike = 0.9 + t * np.log((np.exp(biased) - 1) / N)
    positive = torch.full((9,), 0.9, dtype=torch.float64)
    negatives = torch.tensor(np.repeat(alike[:, None], N, axis=1))
    press(page, "05", "Home")
    for tau in np.linspace(0, 0.3, 16).round(2):
        found = numbers(page, "05")
        assert found["count"] == round(9 * share(positive, negatives, float(tau), t)), tau
        after = np.log1p(np.asarray(mass(positive, negatives, float(tau), t)) / math.exp(0.9 / t))
        np.testing.assert_allclose(found["after"], after, rtol=1e-5)
        press(page, "05", "ArrowRight")


@needed
def test_the_error_of_the_cut_is_what_the_solutions_embedding_leaves(page):
    from course import graphs

    embedding = load_unit("06_spectral_loss").references()["spectral_embedding"]
    joint = graphs.random_joint_symmetric(np.random.default_rng(8), 8)
    root = np.sqrt(joint.sum(axis=1))
    press(page, "06", "Home")
    for k in range(1, 8):
        f = np.asarray(embedding(joint, k)) * root[:, None]
        error = np.sum((joint / np.outer(root, root) - f @ f.T) ** 2)
        assert numbers(page, "06")["error"] == pytest.approx(error, rel=1e-6), k
        press(page, "06", "ArrowRight")


@needed
def test_nothing_is_wider_than_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1000, "height": 900})


@needed
def test_without_scripts_the_picture_stays_with_its_text(browser, page):
    context = browser.new_context(java_script_enabled=False)
    still = context.new_page()
    still.goto(page.url)
    for unit in UNITS:
        picture = still.locator(f"#u{unit} img")
        assert picture.is_visible()
        assert len(picture.get_attribute("alt").split()) > 12
        assert still.locator(f"#u{unit} input").count() == 0
    context.close()


def test_the_stored_programs_are_those_of_the_sources():
    folder = ROOT / "course" / "figures" / "live"
    for unit, name in PROGRAMS.items():
        for file in ("frame.css", "frame.js", f"{name}.js"):
            text = (folder / file).read_text(encoding="utf-8")
            assert text in stored(unit), f"{file} has changed: python -m autograder build --lectures"
    assert {path.stem for path in folder.glob("*.js")} == {"frame", *PROGRAMS.values()}


def test_an_explorable_asks_nothing_of_any_address():
    for unit in UNITS:
        program = re.sub(r'src="data:[^"]*"', "", stored(unit)).replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|fetch\(|import\(|src=", program)


def test_a_program_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"no program live/circel.js; there are \['bounds'"):
        live(figures.curves([1, 2], {"a": [1, 2]}), "circel", {})
