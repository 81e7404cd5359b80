"""Formulas as MathML: all of the course's are drawn, nothing but drawing comes of any, the unknown stays TeX."""

from __future__ import annotations

import json
from xml.etree.ElementTree import fromstring

import pytest
from attacks.hostile_text import TEXTS

from autograder.pages.formulas import ATTRIBUTES, GROUPS, LEAVES, mathml, styled
from autograder.pages.markdown import _parser
from autograder.units.manifest import ROOT


def formulas(markdown: str) -> list[tuple[str, bool]]:
    """[(TeX, displayed)] of a text."""
    tokens = [t for token in _parser(links=True).parse(markdown) for t in (token, *(token.children or ()))]
    return [(t.content, t.type != "math_inline") for t in tokens if t.type.startswith("math") or t.type == "amsmath"]


def test_every_formula_of_the_course_is_drawn():
    """A student's derivation is written with the same macros, and the course's text stands around it."""
    found, not_drawn = 0, []
    for path in sorted([*ROOT.glob("solutions/*/*.ipynb"), *ROOT.glob("lectures/*.ipynb")]):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for tex, display in formulas("".join(cell["source"])) if cell["cell_type"] == "markdown" else ():
                found += 1
                if mathml(tex, display) is None:
                    not_drawn.append(f"{path.name}: {tex}")
    assert found > 1000
    assert not_drawn == []


@pytest.mark.parametrize(
    ("tex", "part"),
    [
        (r"\frac{a}{b}", "<mfrac>"),
        (r"a<b", "<mo>&lt;</mo>"),
        (r"\sum_{i=1}^n x_i", "<munderover>"),
        (r"\max_i x_i", '<munder><mo movablelimits="true">max</mo>'),
        (r"\operatorname*{arg\,max}_x f", "arg max"),
        (r"x\sim p", "<mo>∼</mo>"),
        (r"\mathbb{E}[x]", "𝔼"),
        (r"\mathbb{1}", "𝟙"),
        (r"\boldsymbol\theta", "𝜽"),
        (r"\log x", '<mi>log</mi><mspace width="0.167em" /><mi>x</mi>'),
        (r"\begin{aligned}a&=b\\&=c\end{aligned}", '<mtd columnalign="right"><mi>a</mi></mtd>'),
        (r"a\\b", "<mtable"),
        (r"\text{if $x$ is}", "<mi>x</mi>"),
        (r"\bigl\lVert x\bigr\rVert", ">‖</mo>"),
        (r"\begin{cases}a&b\\c&d\end{cases}", "<mtable>"),
    ],
)
def test_what_derivations_use(tex, part):
    assert part in mathml(tex, display=True)


@pytest.mark.parametrize("tex", [r"\foo{x}", r"\frac", "{", r"\left(", r"\newcommand{\a}{b}\a", "x" * 5000, "{" * 3000])
def test_what_cannot_be_drawn_is_none(tex):
    assert mathml(tex, display=False) is None


def test_no_formula_carries_more_than_its_drawing():
    hostile = [tex for text in TEXTS.values() for tex in formulas(text)]
    hostile += [(r"\href{javascript:x}{y}", True), (r"\style{position:fixed}{x}", True), (r"\color{white}{x}", True)]
    hostile += [(r"\hspace{99em}\raisebox{9em}{x}\rule{99em}{99em}", True), (r"\text{<img src=x onerror=y>}", True)]
    drawn = [html for html in (mathml(tex, display) for tex, display in hostile) if html]
    assert len(drawn) > 5
    for html in drawn:
        for element in fromstring(html).iter():
            assert element.tag in ("math", *LEAVES, *GROUPS)
            assert set(element.attrib) <= {*ATTRIBUTES, "display"}
            assert not len(element) or element.tag not in LEAVES


def test_styles_are_characters():
    assert styled("Rx1", "double-struck") == "ℝ𝕩𝟙"
    assert styled("θ", "bold-italic") == "𝜽"
    assert styled("x", "nothing") == "x"
