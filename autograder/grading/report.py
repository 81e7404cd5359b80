"""A record as text and as HTML. No hidden input, no reference, and everything from a student escaped."""

from __future__ import annotations

from autograder.grading.record import Record
from autograder.pages.markdown import directed
from course.check.verdict import GREEN, RED, TITLES, hints_html, prose


def record_table(record: Record) -> str:
    width = max(len(name) for name in record.checks) if record.checks else 8
    lines = [f"unit {record.unit}   sandbox: {record.sandbox}   seed: {record.seed}"]
    for name, check in record.checks.items():
        score = f"{check.score:g} of {check.max_score:g}"
        lines.append(f"  {name:<{width}}  {check.status:<8} {score:>9}  {check.message}".rstrip())
        if check.hint:
            lines.append(f"  {'':<{width}}  {'':<8} {'':>9}  hint: {check.hint}")
    lines += [f"  note: {note}" for note in record.notes]
    lines += [f"  {name}: graded by hand, {points:g} points" for name, points in record.manual.items()]
    lines.append(f"score {record.score:g} of {record.max_score:g}")
    return "\n".join(lines)


def check_html(name: str, check) -> str:
    """What a student sees under one check, in nbgrader's feedback and in the formgrader."""
    colour = GREEN if check.status == "pass" else RED
    parts = ", ".join(f"{TITLES.get(part, part)}: {'right' if ok else 'not right'}" for part, ok in check.parts.items())
    rows = [f"<b>{prose(name)}</b>: {check.status}, {check.score:g} of {check.max_score:g} points"]
    rows += [prose(text) for text in (check.message, parts) if text]
    hints = check.hints or ((check.hint,) if check.hint else ())
    body = directed("<br>".join(rows) + hints_html(tuple(hints)))
    return f'<div style="border-left:4px solid {colour};padding-left:.6em">{body}</div>'
