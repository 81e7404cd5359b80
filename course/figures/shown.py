"""What a notebook stores of a figure: the picture with its alternative text and, where it is live, the program of its sliders.

One HTML output: JupyterLab shows the alternative text of nothing else. Scripts run where the notebook is trusted, and on
the web site; elsewhere the picture stays, with its text.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from typing import Any

import numpy as np
import PIL.Image
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

WORDS = 8  # an alternative text of fewer says too little
LINES = 8  # of a panel that a text made by `seen` tells one by one
DIGITS = 7  # significant digits of the numbers that a live figure is given
STYLE = "max-width:100%;height:auto;background:#fff"  # dark letters need a light ground, on a dark page too


class Drawing(Figure):
    """A figure that knows what it shows (`alt`), and with which program it is live (`program`, html or empty).

    A notebook stores it with 256 colours: half the bytes, and lines and letters look the same.
    """

    alt = ""
    program = ""

    def _ipython_display_(self) -> None:
        from IPython.display import display  # only a notebook needs it

        text = self.alt or seen(self)
        image = f'<img alt="{escape(text)}" src="data:image/png;base64,{_png(self)}" style="{STYLE}">'
        html = f'<div class="cl-live">{image}\n{self.program}</div>' if self.program else image
        display({"text/html": html, "text/plain": text}, raw=True)


def described(figure: Drawing, text: str) -> Drawing:
    """The figure, with what it shows in words: the alternative text of the picture in a notebook and on the web site.

    Say what one sees, with the numbers that matter; raises ValueError for fewer than eight words. A figure without it
    gets a text made of its titles, labels and lines.
    """
    if len(text.split()) < WORDS:
        raise ValueError(f"an alternative text says in {WORDS} words or more what the picture shows, got {text!r}")
    figure.alt = text
    return figure


def live(figure: Drawing, name: str, data: Mapping[str, Any]) -> Drawing:
    """The figure as the still picture of an explorable: where scripts run, course/figures/live/NAME.js takes its place.

    data: what that program draws, numbers, texts, lists, dicts and arrays; numbers are stored with seven digits. Raises
    ValueError for a name without program and for numbers that are not finite.
    """
    folder = files("course.figures").joinpath("live")
    known = sorted(path.name.removesuffix(".js") for path in folder.iterdir() if path.name.endswith(".js"))
    if name == "frame" or name not in known:
        raise ValueError(f"no program live/{name}.js; there are {[k for k in known if k != 'frame']}")
    style, frame, own = (folder.joinpath(f).read_text("utf-8") for f in ("frame.css", "frame.js", f"{name}.js"))
    numbers = json.dumps(_plain(data), allow_nan=False, separators=(",", ":")).replace("</", "<\\/")
    figure.program = (
        f"<style>{style}</style><script>(() => {{\n{frame}\n{own}\nmount(draw, {numbers});\n}})();</script>"
    )
    return figure


def seen(figure: Figure) -> str:
    """What can be read off a figure by a program: titles, axes, named lines with both ends, texts."""
    panels = [". ".join(_read(ax)) or "a drawing without words" for ax in figure.axes]
    if len(panels) == 1:
        return f"A figure. {panels[0]}."
    return " ".join(
        [f"A figure with {len(panels)} panels.", *(f"Panel {i}: {text}." for i, text in enumerate(panels, 1))]
    )


def _read(ax: Axes) -> Iterator[str]:
    title = " ".join(ax.get_title(loc=side) for side in ("left", "center", "right")).strip()
    if title:
        yield title
    if ax.get_xlabel() or ax.get_ylabel():
        yield f"{ax.get_ylabel() or 'values'} against {ax.get_xlabel() or 'position'}"
    named = [line for line in ax.lines if len(line.get_xdata()) > 2 and not line.get_label().startswith("_")]
    for line in named[:LINES]:
        y = np.asarray(line.get_ydata(), dtype=float)
        y = y[np.isfinite(y)]
        if len(y):
            yield f"{line.get_label()} goes from {y[0]:.3g} to {y[-1]:.3g}, between {y.min():.3g} and {y.max():.3g}"
    for points in (c for c in ax.collections if isinstance(c, PathCollection)):
        named = "" if points.get_label().startswith("_") else f" named {points.get_label()}"
        yield f"{len(points.get_offsets())} points{named}"
    for row in (c for c in ax.containers if isinstance(c, ErrorbarContainer)):
        names = [label.get_text() for label in ax.get_yticklabels()]
        values = np.asarray(row.lines[0].get_xdata(), dtype=float)
        yield f"{row.get_label()}: " + ", ".join(f"{n} {v:.3g}" for n, v in zip(names, values, strict=False))
    heights = [patch.get_height() for patch in ax.patches if isinstance(patch, Rectangle)]
    if heights:
        yield f"{len(heights)} bars, {min(heights):.3g} to {max(heights):.3g} high"
    if len(ax.images) > 1:
        yield f"{len(ax.images)} pictures"
    texts = [text.get_text() for text in ax.texts if text.get_text().strip()]
    if texts:
        yield "texts in it: " + "; ".join(texts[:20])


def _png(figure: Figure) -> str:
    full, small = io.BytesIO(), io.BytesIO()
    figure.savefig(full, format="png", bbox_inches="tight")
    flat = PIL.Image.open(full).convert("RGB").quantize(256, dither=PIL.Image.Dither.NONE)
    flat.save(small, "png", optimize=True)
    return base64.b64encode(small.getvalue()).decode()


def _plain(value: Any) -> Any:
    """The same in dicts, lists and numbers of seven digits."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
