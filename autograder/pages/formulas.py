"""A formula in TeX as MathML, which browsers draw without a script: latex2mathml, then an allow-list and mends.

What comes back is built anew from the elements and attributes below, so that no macro (\\href, \\style, \\class) reaches the
page. A formula with an unknown macro, or one that cannot be read, is None: its source is shown instead.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from html import unescape
from xml.etree.ElementTree import Element, SubElement, tostring

from latex2mathml.converter import convert_to_element

MAX_TEX = 4000  # characters of one formula
DEFINES = r"\\(?:\w*command|\w*environment|\w*def|let|Declare\w*)\b"  # own macros: twenty unfold to a million letters
MAX_DEPTH = 60  # elements inside elements
LEAVES = ("mi", "mn", "mo", "mtext")
GROUPS = tuple(
    "mrow mfrac msqrt mroot msub msup msubsup munder mover munderover mtable mtr mtd mstyle mspace mphantom menclose".split()
)
SWITCH, LENGTH = r"true|false", r"-?[0-2](\.\d{1,4})?em"
ATTRIBUTES = {
    "accent": SWITCH,
    "accentunder": SWITCH,
    "columnalign": r"left|center|right",
    "columnspacing": rf"{LENGTH}( {LENGTH})*",
    "displaystyle": SWITCH,
    "fence": SWITCH,
    "form": r"prefix|infix|postfix",
    "linethickness": r"0(px|em)?",
    "mathvariant": r"normal",
    "maxsize": r"[0-3](\.\d{1,4})?em",
    "minsize": r"[0-3](\.\d{1,4})?em",
    "movablelimits": SWITCH,
    "notation": r"box",
    "rowspacing": r"[0-9]pt",
    "stretchy": SWITCH,
    "symmetric": SWITCH,
    "width": LENGTH,
}
ALIGNED = r"align|aligned|split|eqnarray|flalign|alignat|alignedat"
KNOWN = [  # what latex2mathml does not know, as what it knows
    (r"(?<!\\)((?:\\\\)*)\\\n", r"\1\\ "),  # a backslash at the end of a line is a space
    (r"(\\text\{[^{}$]*)\$([^{}$]*)\$", r"\1}\2\\text{"),  # a formula in the text in a formula
    (r"(\\text\{[^{}$]*)\$([^{}$]*)\$", r"\1}\2\\text{"),
    (rf"\\(begin|end)\{{(?:{ALIGNED})\*?\}}(?:(?<=at\}})\{{\d\}})?", r"\\\1{align*}"),
    (r"\\(begin|end)\{(?:gather|gathered|multline|subarray)\*?\}", r"\\\1{matrix}"),
    (r"\\(?:begin|end)\{equation\*?\}|\\(?:label|tag\*?)\{[^{}]*\}|\\(?:nonumber|notag|nolimits)\b", ""),
    (r"\\dcases\b|(?<=\{)dcases(?=\})", "cases"),
    (r"\\operatorname\*?\{(\w{1,20})(?:\\,|\s)?(\w{0,20})\}", r"\\operatorname{\1\2}"),
    (r"\\arg(?:\\,|\s)*\\(max|min)\b", r"\\operatorname{arg\1}"),
    (r"\\(arg|mod)\b", r"\\operatorname{\1}"),
    (r"\\qed\b", r"\\square"),
]
UNDER = {"max", "min", "lim", "sup", "inf", "limsup", "liminf", "arg max", "arg min"} | set("∑∏⋃⋂⨁⨂∐")
DELIMITERS = dict(  # latex2mathml leaves their names standing behind \big
    zip(
        r"\lVert \rVert \Vert \| \lvert \rvert \vert \langle \rangle \lfloor \rfloor \lceil \rceil \{ \} \lbrace \rbrace".split(),
        "‖‖‖‖|||⟨⟩⌊⌋⌈⌉{}{}",
        strict=True,
    )
)
# the text of an element -> what draws it rightly
BETTER = {"~": "∼", "^": "ˆ", "―": "‾", "argmax": "arg max", "argmin": "arg min", **DELIMITERS}
STYLES = {
    name: name.upper() for name in ("bold", "italic", "double-struck", "script", "fraktur", "sans-serif", "monospace")
}
STYLES["bold-italic"] = "BOLD ITALIC"


def mathml(tex: str, display: bool) -> str | None:
    """`<math>...</math>` of a formula, or None where it cannot be drawn (its source is what to show)."""
    if len(tex) > MAX_TEX or re.search(DEFINES, tex):
        return None
    for pattern, replacement in KNOWN:
        tex = re.sub(pattern, replacement, tex)
    if r"\\" in tex and r"\begin" not in tex:
        tex = rf"\begin{{align*}}{tex}\end{{align*}}"
    try:
        found = convert_to_element(tex, display="block" if display else "inline")
        root = Element("math", {"display": "block" if display else "inline"})
        _copy_children(found, root, 0)
    except Exception:  # whatever hostile or unfinished TeX does to the library, the reader gets the source
        return None
    text = tostring(root, encoding="unicode")
    return None if "\\" in text else text


def _copy_children(found: Element, parent: Element, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    for child in found:
        _copy(child, parent, depth)
    if parent.tag in ("math", "mrow", "mtd", "mstyle", "msqrt"):
        _space_functions(parent)


def _copy(found: Element, parent: Element, depth: int) -> None:
    """Add to `parent` what is allowed of `found`; elements that are not keep their children only."""
    if found.tag == "mpadded" or found.tag not in LEAVES + GROUPS:
        _copy_children(found, SubElement(parent, "mrow"), depth + 1)
        return
    attributes = {k: v for k, v in found.attrib.items() if k in ATTRIBUTES and re.fullmatch(ATTRIBUTES[k], v)}
    if found.tag not in LEAVES:
        copy = SubElement(parent, found.tag, attributes)
        _copy_children(found, copy, depth + 1)
        _place_limits(copy)
        return
    text = unescape("".join(found.itertext()))
    text = BETTER.get(text, text) if found.tag != "mtext" else text
    tag = "mo" if text == "∼" else "mi" if found.tag == "mo" and len(text) > 1 and text.isalpha() else found.tag
    SubElement(parent, tag, attributes).text = styled(text, found.get("mathvariant", ""))


def styled(text: str, variant: str) -> str:
    """Letters in bold, double-struck, ... as the characters of Unicode, since browsers no longer draw `mathvariant`."""
    return "".join(_styled(char, STYLES[variant]) for char in text) if variant in STYLES else text


def _styled(char: str, style: str) -> str:
    name = re.sub(r"^(?:LATIN|GREEK) (SMALL|CAPITAL) LETTER ", r"\1 ", unicodedata.name(char, ""))
    for form in (f"MATHEMATICAL {style} {name}", f"{style} {name}"):  # the second for letters that came earlier, as ℝ
        with contextlib.suppress(KeyError):
            return unicodedata.lookup(form)
    return char


def _place_limits(group: Element) -> None:
    """max, lim, unions carry what stands below them in displayed formulas, beside them in a line."""
    if group.tag in ("msub", "msubsup") and len(group) and group[0].text in UNDER:
        group.tag = "munder" if group.tag == "msub" else "munderover"
        group[0].tag = "mo"
        group[0].set("movablelimits", "true")


def _space_functions(row: Element) -> None:
    """A thin space between the name of a function and its argument: log x, not logx."""
    for index in range(len(row) - 1, -1, -1):
        if not _is_function(row[index]):
            continue
        after = row[index + 1] if index + 1 < len(row) else None
        if after is not None and not (after.tag == "mo" and (after.text or "")[:1] not in "|‖√∑∏∫"):
            row.insert(index + 1, Element("mspace", {"width": "0.167em"}))
        if index and row[index - 1].tag not in ("mo", "mspace", "mtext"):
            row.insert(index, Element("mspace", {"width": "0.167em"}))


def _is_function(element: Element) -> bool:
    base = (
        element[0] if element.tag in ("msub", "msup", "msubsup", "munder", "munderover") and len(element) else element
    )
    text = base.text or ""
    return base.tag in ("mi", "mo") and len(text) > 1 and text.replace(" ", "").isalpha() and text.isascii()
