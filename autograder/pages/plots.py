"""Two small plots as SVG that stands in the page: bars, and one bar in shares. Colours come from the page's style sheet.

Each carries an alternative text; the numbers stand in the page's tables as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 220, 34, 42, 18  # pixels


def bars(counts: Sequence[int], labels: Sequence[str], axis: str, alternative: str) -> str:
    """A histogram: one bar a count, the count above it, its label below, `axis` below them all."""
    highest = max([*counts, 1])
    step = (WIDTH - LEFT) / max(len(counts), 1)
    floor = HEIGHT - BOTTOM
    parts = [f'<line class="axis" x1="{LEFT}" y1="{floor}" x2="{WIDTH}" y2="{floor}"/>']
    for index, (count, label) in enumerate(zip(counts, labels, strict=True)):
        x, height = LEFT + index * step, (floor - TOP) * count / highest
        middle = x + step / 2
        if count:
            parts.append(
                f'<rect class="bar" x="{x + 2:.1f}" y="{floor - height:.1f}" width="{step - 4:.1f}" height="{height:.1f}"/>'
            )
            parts.append(f'<text x="{middle:.1f}" y="{floor - height - 5:.1f}" text-anchor="middle">{count}</text>')
        parts.append(f'<text x="{middle:.1f}" y="{floor + 15}" text-anchor="middle">{escape(label)}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(axis)}</text>')
    return _svg(WIDTH, HEIGHT, parts, alternative)


def shares(counts: dict[str, int], alternative: str, width: int = 180, height: int = 14) -> str:
    """One bar divided by the counts; the name of each part is its class in the style sheet. Empty where there are none."""
    total, x, parts = sum(counts.values()), 0.0, []
    for name, count in counts.items():
        if count:
            wide = width * count / total
            parts.append(f'<rect class="{escape(name)}" x="{x:.1f}" y="0" width="{wide:.1f}" height="{height}"/>')
            x += wide
    return _svg(width, height, parts, alternative) if total else ""


def _svg(width: int, height: int, parts: list[str], alternative: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(alternative)}">{"".join(parts)}</svg>'
    )
