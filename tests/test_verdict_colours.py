"""What a verdict shows can be read on JupyterLab's light page and on its dark one, and never by colour alone."""

from __future__ import annotations

import re

import numpy as np

from course import check
from course.check.beside import beside_html
from course.check.verdict import RED

LIGHT, DARK = "#ffffff", "#111111"  # --jp-layout-color0 of JupyterLab's two themes
LETTERS = {LIGHT: (0, 0, 0, 0.87), DARK: (255, 255, 255, 1.0)}  # --jp-content-font-color1


def luminance(rgb) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def rgb(colour: str):
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def contrast(a, b) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def verdicts() -> str:
    def logistic_loss(anchor, positive, negative):
        return np.array(1.0)

    wrong = check(logistic_loss)._repr_html_()
    tables = beside_html(np.array([1.0, 2.0]), np.array([1.0, 3.0]), 1e-9, RED)
    return wrong + tables


def test_letters_have_a_contrast_of_4_5_on_both_pages():
    html = verdicts()
    styles = re.findall(r'style="([^"]*)"', html)
    assert any("background-color" in style for style in styles)
    for style in styles:
        look = dict(part.split(":", 1) for part in style.split(";") if ":" in part)
        for page in (LIGHT, DARK):
            ground = rgb(look.get("background-color", page))
            *letters, alpha = (*rgb(look["color"]), 1.0) if "color" in look else LETTERS[page]
            alpha *= float(look.get("opacity", 1))
            seen = [alpha * c + (1 - alpha) * g for c, g in zip(letters, ground, strict=True)]
            assert contrast(seen, ground) >= 4.5, (style, page)


def test_marks_at_the_border_have_a_contrast_of_3_on_both_pages():
    borders = re.findall(r"border-left:4px solid (#\w{6})", verdicts())
    assert borders
    for colour in borders:
        assert min(contrast(rgb(colour), rgb(page)) for page in (LIGHT, DARK)) >= 3, colour


def test_right_and_wrong_differ_in_their_mark_not_in_colour_alone():
    html = verdicts()
    assert "&#10007;" in html
    assert "Not right yet." in html
