"""The START page as HTML: the map, where the learner is, and every unit with its links. No script is needed to read it."""

from __future__ import annotations

from html import escape
from pathlib import Path

from course.start.map import drawn
from course.start.state import OPEN, PARTLY, SOLVED, TRIED, WRITTEN, Progress, here
from course.start.units import Question, Unit

SIGNS = {SOLVED: "✓", PARTLY: "◐", TRIED: "✗", WRITTEN: "✎", OPEN: "○"}
STYLE = Path(__file__).parent / "page.css"
# the page asks for itself again when it is looked at again: a check may have passed in the meantime
REFRESH = """
async function again() {
  if (document.visibilityState !== "visible") return;
  const answer = await fetch(location.href, {cache: "no-store"}).catch(() => null);
  if (!answer || !answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  const main = document.querySelector("main");
  if (!fresh || fresh.innerHTML === main.dataset.as) return;
  const open = [...main.querySelectorAll("details[open]")].map(d => d.id), on = document.activeElement?.id;
  main.innerHTML = main.dataset.as = fresh.innerHTML;
  open.forEach(id => document.getElementById(id)?.setAttribute("open", ""));
  if (on) document.getElementById(on)?.focus();
}
// opened from JupyterLab's menu: what is chosen opens there, beside what is open already
document.addEventListener("click", async event => {
  const link = event.target.closest("a[data-path]"), lab = window.opener;
  if (!link || !lab || lab.closed || event.ctrlKey || event.metaKey || event.shiftKey || !lab.jupyterapp) return;
  event.preventDefault();
  if (link.href.includes("/course/solution/")) await fetch(link.href);
  await lab.jupyterapp.commands.execute("docmanager:open", {path: link.dataset.path});
  window.close();
});
const main = document.querySelector("main");
main.dataset.as = main.innerHTML;
addEventListener("focus", again);
addEventListener("pageshow", event => event.persisted && again());
document.addEventListener("visibilitychange", again);
"""


def page(units: list[Unit], found: dict[str, Progress], entries: list[dict], solutions: bool, base: str = "/") -> str:
    """The page.

    found      slug -> progress
    solutions  whether solved notebooks are at hand
    base       the server's base URL, with its closing slash
    """
    where = here(units, entries, found)
    current = where[0].slug if where else ""
    cards = "".join(_unit(unit, found[unit.slug], unit.slug == current, solutions, base) for unit in units)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>START · Why contrastive learning works</title><style>{STYLE.read_text(encoding="utf-8")}</style></head>
<body><main>
<h1>Why contrastive learning works</h1>
{_here(where, found, entries, base)}
<h2 id="map">Map</h2>
<p class="quiet">An arrow leads from a unit to one that needs it. ✓ solved, ◐ partly solved, ○ open. In the questions: ✗ not
right yet, ✎ written, to be marked by hand.</p>
{drawn(units, found, current)}
<h2 id="units">Units</h2>
<ol class="units">{cards}</ol>
<footer><p>What is solved is read from <code>work/.progress.jsonl</code>, which your checks and
<code>python -m autograder grade</code> write. It stays on this machine. Delete it and the page forgets:
<code>rm work/.progress.jsonl</code> in a terminal. <a href="{base}lab">Open JupyterLab as you left it</a>.</p></footer>
</main><script>{REFRESH}</script></body></html>
"""


def _here(
    where: tuple[Unit, Question | None] | None, found: dict[str, Progress], entries: list[dict], base: str
) -> str:
    if where is None:
        return "<p>No exercises were found beside this folder.</p>"
    unit, question = where
    title = f"{unit.number} {escape(unit.title)}"
    if not entries:
        said = f"<b>Start here: {title}.</b> Read the lecture up to its first figure, then try the first function."
    elif question is None and found[unit.slug].said == SOLVED:
        said = "<b>Every check of the course passes.</b>"
    else:
        said = f"<b>You are here: {title}.</b>"
    following = ""
    if question is not None:
        what = f"{_points(question)}{', marked by hand' * question.by_hand}"
        following = (
            f" Next: question {escape(question.place)}, <code>{escape(question.name)}</code>"
            f" ({what}, about {question.minutes} minutes)."
        )
    links = (
        f'<a class="button" id="go-exercise" {_link(unit, "exercise", base)}>Open exercise {unit.number}</a> '
        f'<a class="button plain" id="go-lecture" {_link(unit, "lecture", base)}>Open lecture {unit.number}</a>'
    )
    return f'<section class="here" aria-label="Where you are"><p>{said}{following}</p><p>{links}</p></section>'


def _link(unit: Unit, kind: str, base: str) -> str:
    """The attributes of a link to a unit's lecture, exercise or solution; data-path is its place among the copies."""
    path = f"lectures/{unit.slug}.ipynb" if kind == "lecture" else f"{kind}s/{unit.slug}/{unit.slug}.ipynb"
    address = f"course/solution/{unit.slug}" if kind == "solution" else f"lab/tree/{path}"
    return f'href="{base}{address}" data-path="{path}"'


def _unit(unit: Unit, state: Progress, current: bool, solutions: bool, base: str) -> str:
    number, title = unit.number, escape(unit.title)
    needs = ", ".join(f'<a href="#unit-{other}">{other}</a>' for other in unit.needs) or "no other unit"
    links = [
        f"<a {_link(unit, 'lecture', base)}>Lecture {number}</a>",
        f"<a {_link(unit, 'exercise', base)}>Exercise {number}</a>",
    ]
    if solutions and state.unlocked:
        links.append(f"<a {_link(unit, 'solution', base)}>Solution {number}</a>")
    elif solutions:
        links.append('<span class="quiet">Solution: once all checks pass or the exercise was graded</span>')
    graded = ""
    if state.graded:
        day, points, most = state.graded
        graded = f"<p>Graded on hidden inputs on {escape(day)}: {points:g} of {most:g} points.</p>"
    rows = "".join(_question(question, state) for question in unit.questions)
    mark = ' <span class="mark">you are here</span>' if current else ""
    return f"""<li id="unit-{number}" class="unit {state.said.split()[0]}" data-unit="{unit.slug}" data-state="{state.said}">
<h3><span class="number">{number}</span> {title}{mark}</h3>
<p>{escape(unit.about)}</p>
<p class="quiet">needs {needs} · lecture {_time(unit.core)}, optional parts {_time(unit.optional)}
· exercise {_time(unit.minutes)}
· difficulty {_dots(unit.difficulty)} · {unit.checked:g} points, {unit.by_hand:g} more by hand</p>
<p class="bar"><progress value="{state.points:g}" max="{unit.checked:g}" aria-label="points of unit {number}"></progress>
<span><b>{state.said}</b>: {state.points:g} of {unit.checked:g} points</span></p>
<p class="links">{" ".join(links)}</p>{graded}
<details id="questions-{number}"{" open" * current}><summary>The {len(unit.questions)} questions of exercise {number}</summary>
<ul class="questions">{rows}</ul></details></li>"""


def _question(question: Question, state: Progress) -> str:
    said = state.of[question.name]
    points = f"{_points(question)}{' by hand' * question.by_hand}"
    looked = ", its solution was opened before" if question.name in state.looked else ""
    return (
        f'<li data-question="{escape(question.name)}" data-state="{said}"><span class="sign" aria-hidden="true">{SIGNS[said]}'
        f"</span> {escape(question.place)} <code>{escape(question.name)}</code> <span>{said}{looked}</span>"
        f' <span class="quiet">{_dots(question.difficulty)} {points}</span></li>'
    )


def _points(question: Question) -> str:
    return f"{question.points:g} point{'s' * (question.points != 1)}"


def _dots(difficulty: int) -> str:
    shown = "●" * difficulty + "○" * (5 - difficulty)
    return f'<span role="img" aria-label="{difficulty} of 5">{shown}</span>'


def _time(minutes: int) -> str:
    """130 -> 2 h 10 min, 45 -> 45 min; long ones to ten minutes."""
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(10 * round(minutes / 10), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
