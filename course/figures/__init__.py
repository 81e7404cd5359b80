"""Figures by form, not by lecture: numbers in, a figure out.

    figure, (left, right) = figures.panels(2)
    figures.curves(x, {"naive": y1, "stable": y2}, left, xlabel="temperature", logx=True)
    figures.levels({"ln 2": 0.693}, left)
    figures.against_bound({"random": (bounds, losses)}, right)
    figures.described(figure, "Two panels. Left ...")               # the last line of a cell shows the figure

Every function draws what it is given, on the axes it is given (or on new ones), and returns the figure. Nothing here
computes what a lecture is about, keeps a state, or changes matplotlib's global settings.
"""

from course.figures.bars import histogram, ladder, law_bars
from course.figures.circle import directions, pairs_on_circle
from course.figures.dots import by_column, intervals, spectrum
from course.figures.graph import graph_and_pictures, graph_on_circle, sorted_by_clusters, tiles
from course.figures.lines import bands, curves, levels, marks, missing, runs
from course.figures.pictures import beside, shelves
from course.figures.scatter import against_bound, plane, points_and_means
from course.figures.shown import described, live
from course.figures.style import BLUE, DARK, FONT, GREEN, GREY, ORANGE, PALETTE, PURPLE, finish, panels, shades

__all__ = [
    "BLUE", "DARK", "FONT", "GREEN", "GREY", "ORANGE", "PALETTE", "PURPLE", "against_bound", "bands", "beside",
    "by_column", "curves", "described", "directions", "finish", "graph_and_pictures", "graph_on_circle", "histogram",
    "intervals", "ladder", "law_bars", "levels", "live", "marks", "missing", "pairs_on_circle", "panels", "plane",
    "points_and_means", "runs", "shades", "shelves", "sorted_by_clusters", "spectrum", "tiles",
]  # fmt: skip
