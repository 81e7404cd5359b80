"""The units as a map: each row needs only what stands above it, arrows lead from what is needed to what needs it."""

from __future__ import annotations

from html import escape

from course.start.state import OPEN, PARTLY, SOLVED, Progress
from course.start.units import Unit

WIDE, HIGH, RADIUS = 186, 116, 27  # of a place in the grid, of a unit's circle; in the picture's own units
SIGN = {SOLVED: "✓", PARTLY: "◐", OPEN: "○"}


def rows(units: list[Unit]) -> list[list[Unit]]:
    """The units by the length of the longest chain of needs below them."""
    depth: dict[str, int] = {}
    for unit in units:  # a unit needs earlier ones only
        depth[unit.number] = 1 + max((depth.get(need, -1) for need in unit.needs), default=-1)
    return [[unit for unit in units if depth[unit.number] == row] for row in range(max(depth.values(), default=-1) + 1)]


def places(units: list[Unit]) -> dict[str, tuple[float, float]]:
    """Number -> centre of its circle; a row is centred, and stands in the order in which its needs stand."""
    grid, found = rows(units), {}
    width = max(map(len, grid), default=0)
    for row, members in enumerate(grid):
        across = {u.number: sum(found[n][0] for n in u.needs) / len(u.needs) if u.needs else 0 for u in members}
        for column, unit in enumerate(sorted(members, key=lambda unit: across[unit.number])):
            found[unit.number] = ((width - len(members)) / 2 * WIDE + (column + 0.5) * WIDE, row * HIGH + 40)
    return found


def drawn(units: list[Unit], found: dict[str, Progress], current: str) -> str:
    """The map as SVG; each unit is a link to its card. What it shows stands in words on the cards."""
    at = places(units)
    width, height = max((x for x, _ in at.values()), default=0) + WIDE / 2, len(rows(units)) * HIGH
    known = implied(units)
    pairs = [(need, u.number) for u in units for need in u.needs if need in at and (need, u.number) not in known]
    arrows = "".join(_arrow(at[need], at[number], width / 2) for need, number in pairs)
    nodes = "".join(_node(unit, at[unit.number], found[unit.slug].said, unit.slug == current) for unit in units)
    return (
        f'<nav class="map" aria-label="Map of the units"><svg viewBox="0 0 {width:g} {height:g}" role="group"'
        ' aria-label="Units and what they need">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0L8 4L0 8z"/></marker></defs>{arrows}{nodes}</svg></nav>'
    )


def implied(units: list[Unit]) -> set[tuple[str, str]]:
    """The pairs (needed, needing) that a longer way says already."""
    needs = {unit.number: set(unit.needs) for unit in units}

    def reaches(number: str, needed: str) -> bool:
        return needed in needs[number] or any(reaches(other, needed) for other in needs[number] & set(needs))

    return {
        (needed, unit.number)
        for unit in units
        for needed in unit.needs
        if any(reaches(other, needed) for other in needs[unit.number] & set(needs) - {needed})
    }


def _arrow(start: tuple[float, float], end: tuple[float, float], middle: float) -> str:
    """From rim to rim; an arrow that passes a row bows outwards, away from `middle`, so that it hides behind no unit."""
    (x, y), (u, v) = start, end
    bow = WIDE * 0.45 if v - y > 1.5 * HIGH else 0
    across, down = (x + u) / 2 + (bow if (x + u) / 2 >= middle else -bow), (y + v) / 2
    (a, b), (c, d) = _towards((x, y), (across, down)), _towards((u, v), (across, down))
    return f'<path class="arrow" d="M{a:.0f} {b:.0f}Q{across:.0f} {down:.0f} {c:.0f} {d:.0f}" marker-end="url(#tip)"/>'


def _towards(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    """The point beside the rim of the circle around `start`, on the way to `end`."""
    (x, y), (u, v) = start, end
    share = (RADIUS + 4) / ((u - x) ** 2 + (v - y) ** 2) ** 0.5
    return x + share * (u - x), y + share * (v - y)


def _node(unit: Unit, at: tuple[float, float], said: str, current: bool) -> str:
    x, y = at
    name = f"{unit.number} {unit.title}, {said}{', you are here' if current else ''}"
    ring = f'<circle class="ring" cx="{x:g}" cy="{y:g}" r="{RADIUS + 6}"/>' if current else ""
    return (
        f'<a href="#unit-{unit.number}" aria-label="{escape(name)}" class="{said.split()[0]}">{ring}'
        f'<circle class="unit-dot" cx="{x:g}" cy="{y:g}" r="{RADIUS}"/>'
        f'<text class="in" x="{x:g}" y="{y + 1:g}">{unit.number}</text>'
        f'<text class="sign-in" x="{x:g}" y="{y + 19:g}">{SIGN[said]}</text>'
        f'<text class="under" x="{x:g}" y="{y + RADIUS + 20:g}">{escape(unit.title)}</text></a>'
    )
