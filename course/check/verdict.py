"""How a verdict looks: a small table in JupyterLab, plain text elsewhere. Everything shown is escaped."""

from __future__ import annotations

import re
from html import escape

from course.check.beside import beside_html
from course.check.judge import Verdict
from course.check.parts import PartResult, tolerance
from course.check.paste import pasted
from course.check.words import spoken

TITLES = {
    "values": "Values",
    "gradient": "Gradient",
    "stability": "Extreme inputs",
    "bad input": "Bad input",
    "properties": "Properties",
}
MEANING = {
    "values": "right numbers and shapes",
    "gradient": "right derivative",
    "stability": "finite and right at the extremes",
    "bad input": "raises ValueError",
    "properties": "inputs left unchanged; what must hold, holds",
}
HEADLINES = {
    "pass": "Everything here holds.",
    "partial": "The values are right; something else is not.",
    "missing": "Not implemented yet.",
    "fail": "Not right yet.",
    "error": "Your code raised an error.",
    "memory": "Your code ran out of memory.",
}
# behind white letters: no colour of letters has contrast 4.5 on a light page and on a dark one
GREEN, RED, GREY = "#1a7f37", "#c8372d", "#6b6b6b"
SHORT = 700  # characters of a call that is printed with the rest
WAITING = "looked at when the values are right"


class Report:
    """A verdict that displays itself: HTML in JupyterLab, text in a terminal. `hints` has all hints as text, `call` the call
    that failed as code to paste, its inputs exact (empty where they are too many to read).

    worked  whether worked solutions are at hand: a passed verdict then says how to open this one
    """

    def __init__(self, verdict: Verdict, worked: bool = False):
        self.verdict = verdict
        self.worked = worked

    @property
    def passed(self) -> bool:
        return self.verdict.status == "pass"

    @property
    def hints(self) -> str:
        return "\n".join(f"hint {i}: {hint}" for i, hint in enumerate(self.verdict.hints, 1)) or "no hints"

    @property
    def call(self) -> str:
        failing = self._failing()
        return pasted(self.verdict.name, failing.case) if failing and failing.case else ""

    @property
    def compare(self) -> str:
        """The line that opens the worked solution; empty before the check has passed."""
        return f'from course import solution; solution("{self.verdict.name}")' if self.passed and self.worked else ""

    def _failing(self) -> PartResult | None:
        """The first row that does not hold."""
        return next((row for row in self.verdict.parts if not row.ok), None)

    def _beside(self) -> str:
        failing = self._failing()
        if failing is None or not failing.values or failing.case.compare not in ("close", "ladder"):
            return ""
        return beside_html(*failing.values, tolerance(failing.case), RED)

    def __repr__(self) -> str:
        v = self.verdict
        lines = [f"{v.name}: {HEADLINES[v.status]}"]
        for row in v.parts:
            mark = "ok  " if row.ok else "    " if waits(row, v) else "FAIL"
            lines.append(f"  {mark} {TITLES[row.part]}: {said(row, v)}")
        if v.belief:
            lines.append(f"  {spoken(v.belief)}  ({v.misconception})")
        if v.hints:
            lines.append(f"  hint 1 of {len(v.hints)}: {v.hints[0]}")
        if self.compare:
            lines.append(f"  to compare with a worked solution: {self.compare}")
        call = self.call
        if call and len(call) <= SHORT:
            lines += ["  the call that failed:", *(f"    {line}" for line in call.splitlines())]
        elif call:
            lines += [f"  the call that failed, to paste: print(check({v.name}).call)"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        v = self.verdict
        colour = GREEN if self.passed else RED
        rows = "".join(_row_html(row, v) for row in v.parts)
        return (
            f'<div class="cl-check" data-check="{escape(v.name)}" data-status="{v.status}" style="max-width:48em">'
            f'<p style="margin:0 0 .3em;border-left:4px solid {colour};padding-left:.6em">'
            f"<code>{escape(v.name)}</code> &nbsp;<b>{HEADLINES[v.status]}</b></p>"
            f'<table style="margin:0;text-align:left">{rows}</table>{self._beside()}{call_html(self.call)}{belief_html(v)}'
            f"{hints_html(v.hints)}{compare_html(self.compare)}</div>"
        )


def waits(row: PartResult, v: Verdict) -> bool:
    """Whether a failing part only follows from wrong values, and would be noise beside them."""
    return not row.ok and row.part != "values" and any(r.part == "values" and not r.ok for r in v.parts)


def said(row: PartResult, v: Verdict) -> str:
    return WAITING if waits(row, v) else row.public or MEANING[row.part]


def _row_html(row: PartResult, v: Verdict) -> str:
    colour, mark = (GREEN, "&#10003;") if row.ok else (GREY, "&#8211;") if waits(row, v) else (RED, "&#10007;")
    return (
        f'<tr><td style="background-color:{colour};color:#ffffff;font-weight:bold">{mark}</td>'
        f'<td style="text-align:left;white-space:nowrap"><b>{TITLES[row.part]}</b></td>'
        f'<td style="text-align:left{";opacity:.8" if waits(row, v) else ""}">{prose(said(row, v))}</td></tr>'
    )


def belief_html(v: Verdict) -> str:
    if not v.belief:
        return ""
    return (
        f'<p class="cl-belief" style="margin:.6em 0 .2em">{prose(spoken(v.belief))}'
        f' <span style="opacity:.8">({prose(v.misconception)})</span></p>'
    )


def call_html(call: str) -> str:
    """The call that failed, folded, as text to copy into a cell."""
    if not call:
        return ""
    return (
        '<details class="cl-call" style="margin:.4em 0 .2em .6em"><summary>The call that failed, to copy</summary>'
        f'<pre style="margin:.2em 0 0;white-space:pre-wrap">{escape(call)}</pre></details>'
    )


def compare_html(line: str) -> str:
    if not line:
        return ""
    return (
        '<p class="cl-compare" style="margin:.4em 0 .2em">Compare it with a worked solution and other ways that count. '
        f"In a new cell: <code>{escape(line, quote=False)}</code></p>"
    )


def hints_html(hints: tuple[str, ...]) -> str:
    """Hints that unfold one inside the other, so that the next is offered only after the one before."""
    html = ""
    for i in range(len(hints), 0, -1):
        html = f'<details style="margin:.2em 0 .2em .6em"><summary>Hint {i} of {len(hints)}</summary>\
<div style="margin-left:.8em">{prose(hints[i - 1])}{html}</div></details>'
    return html


def prose(text: str) -> str:
    """Escaped text in which `code` becomes <code>."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
