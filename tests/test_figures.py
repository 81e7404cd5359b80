"""Figures draw the numbers that they are given, say what does not fit, and leave nothing behind."""

from __future__ import annotations

import ast
import base64
import copy
import inspect
import io
import re
from html import unescape

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import PIL.Image
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from autograder.units.manifest import ROOT
from course import figures
from course.figures import style
from experiments.convergence import figures as paper

X = [1.0, 2.0, 4.0]
ROWS = np.array([[3.0, 1.0, 2.0], [4.0, 5.0, 3.0], [6.0, 6.0, 7.0]])
CLOUD = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.5], [0.2, -0.4]])
PATH = np.array([[0.1, 0.2, 0.0, 0.0], [0.2, 0.0, 0.1, 0.0], [0.0, 0.1, 0.1, 0.1], [0.0, 0.0, 0.1, 0.0]])
LAWS = np.array([[0.5, 0.5, 0.0, 0.0], [0.0, 0.25, 0.25, 0.5]])
PHOTOS = np.arange(24).reshape(2, 2, 2, 3)
LIMITS = {"lemma1": ROWS + 3, "lemma1_without_log": ROWS + 1, "sharp": ROWS + 0.5}
PANEL = {"loss": ROWS, "supervised": ROWS / 2, "lemma2": ROWS + 3, "sharp": ROWS + 1, "floor": 0.4, "chance": 0.9}

# a call of every public function that draws a whole picture; and what it refuses, with the words that name it
CALLS = {
    "curves": lambda: figures.curves(X, {"a": ROWS[0], "b": ROWS[1]}),
    "bands": lambda: figures.bands(X, {"three": ROWS, "two": ROWS[:2]}),
    "runs": lambda: figures.runs(X, {"a": ROWS}),
    "against_bound": lambda: figures.against_bound({"a": (X, ROWS[0]), "b": (X, ROWS[1])}),
    "plane": lambda: figures.plane(CLOUD, [0, 1, 1, 0], names=("a", "b")),
    "points_and_means": lambda: figures.points_and_means(LAWS, CLOUD, LAWS @ CLOUD),
    "ladder": lambda: figures.ladder({"w": [3.0, [1.0, 1.5]]}, ("loss", "target")),
    "law_bars": lambda: figures.law_bars({"p": [0.3, 0.9, -0.2]}),
    "histogram": lambda: figures.histogram({"a": [-1.0, 0.5, 2.0], "b": [0.1]}, xlabel="slack", ylabel="worlds"),
    "intervals": lambda: figures.intervals(["r1", "r2"], {"a": [(1.0, 0.2), (2.0, 0.3)], "b": [(3.0, 0.1), (4.0, 0.1)]}),
    "by_column": lambda: figures.by_column({"run 1": {"q": 1.0, "r": 2.0}, "run 2": {"q": 3.0, "r": 4.0}}),
    "spectrum": lambda: figures.spectrum([0.0, 0.4, 1.1], [0.5, 0.3, 0.2], 1),
    "directions": lambda: figures.directions([0.0, 1.0], [0.2, -0.1], 0.5, [2.0, 3.0]),
    "pairs_on_circle": lambda: figures.pairs_on_circle({"a": (CLOUD, -CLOUD), "b": (CLOUD, CLOUD)}),
    "graph_on_circle": lambda: figures.graph_on_circle(PATH, [1, 1, -1, -1], order=range(4)),
    "graph_and_pictures": lambda: figures.graph_and_pictures(PATH, np.eye(4)[:, :, None], [0, 0, 1, 1]),
    "sorted_by_clusters": lambda: figures.sorted_by_clusters(PATH, [1, 0, 1, 0]),
    "tiles": lambda: figures.tiles(CLOUD[:2, :, None], columns=2, red=[True, False], title="two"),
    "shelves": lambda: figures.shelves({"a": PHOTOS, "b": PHOTOS[:1]}, marked={"a": [True, False]}),
    "beside": lambda: figures.beside(PHOTOS, ["one", "two"], columns=1),
    "one_negative": lambda: paper.one_negative(X, ROWS, ROWS / 2, LIMITS, 0.9, "note"),
    "many_negatives": lambda: paper.many_negatives(X, {15: PANEL, 25: PANEL}, "note"),
    "output_norms": lambda: paper.output_norms(X, ROWS, 2 * ROWS, "note"),
}  # fmt: skip
WRONG = {
    "tiles": (lambda: figures.tiles(np.zeros((3, 2, 2)), columns=3, red=[True]), "'red' must have shape (3), got (1,)"),
    "curves": (lambda: figures.curves(X, {"a": [1, 2]}), "'a' must have shape (3), got (2,)"),
    "curves, limits": (lambda: figures.curves(X, {"a": X}, limits={"b": 1}), "not drawn: ['b']"),
    "curves, ragged": (lambda: figures.curves(X, {"a": [[1], [1, 2]]}), "'a' must be numbers of shape (3)"),
    "bands": (lambda: figures.bands(X, {"a": ROWS[:, :2]}), "'a' must have shape (any, 3), got (3, 2)"),
    "bands, rows": (lambda: figures.bands(X, {"a": ROWS[:1]}), "got 1 rows"),
    "runs": (lambda: figures.runs(X, {"a": X}), "'a' must have shape (any, 3), got (3,)"),
    "missing": (lambda: figures.missing(X, [1.0], figures.panels()[1][0]), "'y' must have shape (3)"),
    "against_bound": (lambda: figures.against_bound({"a": (X, [1.0])}), "'a' must be numbers of shape (2, any)"),
    "plane": (lambda: figures.plane(CLOUD, [0, 1]), "'groups' must have shape (4), got (2,)"),
    "plane, names": (lambda: figures.plane(CLOUD, [0, 1, 1, 0], names="abc"), "3 names for 2 groups"),
    "plane, sizes": (lambda: figures.plane(CLOUD, [0, 1, 1, 0], sizes=[1, 2]), "'sizes' must have shape (4)"),
    "points_and_means": (lambda: figures.points_and_means(LAWS, ROWS, LAWS), "'z' must have shape (any, 2)"),
    "points_and_means, means": (lambda: figures.points_and_means(LAWS, CLOUD, CLOUD), "'means' must have shape (2, 2)"),
    "ladder": (lambda: figures.ladder({"w": [3.0]}, ("loss", "target")), "'w' has 1 lines, and there are 2 names"),
    "law_bars": (lambda: figures.law_bars({"p": [[0.3]]}), "'p' must have shape (any), got (1, 1)"),
    "histogram": (lambda: figures.histogram({"a": 1.0}), "'a' must have shape (any), got ()"),
    "intervals": (lambda: figures.intervals(["r"], {"a": [(1, 2), (3, 4)]}), "'a' must have shape (1, 2), got (2, 2)"),
    "by_column": (lambda: figures.by_column({"1": {"q": 1.0}, "2": {"r": 1.0}}), "'2' has the quantities ['r']"),
    "spectrum": (lambda: figures.spectrum(X, [1.0], 1), "'share' must have shape (3), got (1,)"),
    "directions": (lambda: figures.directions(X, [1.0], 0, [1]), "'arrows' must have shape (3), got (1,)"),
    "directions, plane": (lambda: figures.directions(X, ROWS, 0, [1]), "'arrows' must have shape (3, 2), got (3, 3)"),
    "pairs_on_circle": (lambda: figures.pairs_on_circle({"a": (CLOUD, CLOUD[:2])}), "'a' must have shape (4, 2)"),
    "graph_on_circle": (lambda: figures.graph_on_circle(PATH, [1], order=range(4)), "'y' must have shape (4)"),
    "graph_on_circle, order": (lambda: figures.graph_on_circle(PATH, [1, 1, 1, 1], order=[0, 1]), "got [0, 1]"),
    "graph_and_pictures": (lambda: figures.graph_and_pictures(PATH, PATH, [0] * 4), "'pictures' must have shape (4, any"),
    "shelves": (lambda: figures.shelves({"a": PATH}), "'a' must have shape (any, any, any, 3), got (4, 4)"),
    "shelves, marked": (lambda: figures.shelves({"a": PHOTOS}, marked={"a": [1]}), "'a' must have shape (2), got (1,)"),
    "shelves, names": (lambda: figures.shelves({"a": PHOTOS}, marked={"b": [1]}), "not drawn: ['b']"),
    "beside": (lambda: figures.beside(PHOTOS, ["one"]), "2 pictures and 1 lines"),
    "sorted_by_clusters": (lambda: figures.sorted_by_clusters(PATH, [0]), "'labels' must have shape (4), got (1,)"),
}  # fmt: skip


def xy(line):
    return np.asarray(line.get_xydata(), dtype=float).tolist()


def lines(ax):
    """Label -> points, of the lines that have a name."""
    return {line.get_label(): xy(line) for line in ax.lines if not line.get_label().startswith("_")}


def points(ax):
    """The offsets of each scatter, in the order drawn."""
    return [np.asarray(collection.get_offsets()).tolist() for collection in ax.collections]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def heights(ax):
    return [patch.get_height() for patch in ax.patches]


# every function


def public_functions():
    return {name for name in figures.__all__ if inspect.isfunction(getattr(figures, name))}


def test_every_public_function_is_called_below():
    on_axes = {
        "panels",
        "finish",
        "shades",
        "levels",
        "marks",
        "missing",
        "described",
        "live",
    }  # have a test of their own
    assert public_functions() | {"one_negative", "many_negatives", "output_norms"} == set(CALLS) | on_axes
    assert {name.split(",")[0] for name in WRONG} >= set(CALLS) & public_functions()
    for name in public_functions():
        assert inspect.getdoc(getattr(figures, name)), name


@pytest.mark.parametrize("name", CALLS)
def test_a_figure_is_returned_and_nothing_is_left_behind(name):
    before, numbers = copy.deepcopy(dict(matplotlib.rcParams)), copy.deepcopy([ROWS, CLOUD, PATH, LAWS])
    figure = CALLS[name]()
    assert isinstance(figure, Figure)
    assert plt.get_fignums() == []
    figure.savefig(io.BytesIO(), format="png")
    assert dict(matplotlib.rcParams) == before
    assert all(np.array_equal(a, b) for a, b in zip(numbers, [ROWS, CLOUD, PATH, LAWS], strict=True))


@pytest.mark.parametrize("name", WRONG)
def test_shapes_that_do_not_fit_are_named(name):
    call, words = WRONG[name]
    with pytest.raises(ValueError) as error:  # noqa: PT011 (the words are compared below, without patterns)
        call()
    assert words in str(error.value)


def test_a_figure_knows_no_live_object():
    """No torch, and nothing of the course but itself: what is drawn was computed elsewhere."""
    for path in (ROOT / "course" / "figures").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom | ast.Import):
                names = [node.module] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names]
                for name in names:
                    assert name.split(".")[0] not in ("torch", "sklearn", "scipy"), path.name
                    assert not name.startswith("course") or name.startswith("course.figures"), path.name


# pictures


def test_a_shelf_shows_every_picture_in_order_and_frames_what_is_marked():
    (ax,) = figures.shelves({"a": PHOTOS, "long name": PHOTOS[::-1]}, marked={"a": [False, True]}).axes
    images = sorted(ax.images, key=lambda image: (image.get_extent()[3], image.get_extent()[0]))
    assert [np.array_equal(i.get_array(), p / 255) for i, p in zip(images, [*PHOTOS, *PHOTOS[::-1]], strict=True)] == [
        True
    ] * 4
    assert [text.get_text() for text in ax.texts] == ["a", "long name"]
    (frame,) = ax.lines
    assert min(frame.get_xdata()) == images[1].get_extent()[0]


def test_a_picture_stands_left_of_its_line():
    (ax,) = figures.beside(PHOTOS, ["one", "two"], columns=2).axes
    for image, text, photo in zip(ax.images, ax.texts, PHOTOS, strict=True):
        assert np.array_equal(image.get_array(), photo / 255)
        assert image.get_extent()[1] < text.get_position()[0] < image.get_extent()[1] + 1
    assert [text.get_text() for text in ax.texts] == ["one", "two"]


# style


def test_panels_stand_row_by_row():
    figure, axes = figures.panels(3, width=2, height=1, columns=2)
    assert figure.get_size_inches().tolist() == [4, 2]
    assert figure.axes == axes
    assert [ax.get_subplotspec().num1 for ax in axes] == [0, 1, 2]


def displayed(figure, monkeypatch):
    """The formats that a notebook stores of a figure."""
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    figure._ipython_display_()
    (data,) = shown
    return data


def test_a_notebook_stores_a_picture_of_256_colours(monkeypatch):
    html = displayed(figures.panels()[0], monkeypatch)["text/html"]
    picture = base64.b64decode(re.search(r'src="data:image/png;base64,([^"]*)"', html).group(1))
    assert PIL.Image.open(io.BytesIO(picture)).mode == "P"


def test_a_picture_is_stored_with_its_text_escaped(monkeypatch):
    text = 'A "curve" that rises, from 1 < 2 up to 4 & stays there'
    figure = figures.described(CALLS["curves"](), text)
    data = displayed(figure, monkeypatch)
    assert data["text/plain"] == text
    assert unescape(re.search(r'<img alt="([^"]*)"', data["text/html"]).group(1)) == text
    assert "<script" not in data["text/html"]


def test_a_text_that_says_nothing_is_refused():
    with pytest.raises(ValueError, match="got 'Figure 3'"):
        figures.described(CALLS["curves"](), "Figure 3")


def test_a_live_figure_carries_its_numbers_and_keeps_its_picture(monkeypatch):
    figure = figures.live(CALLS["curves"](), "cutoff", {"values": ROWS[0] / 3, "name": "</script>"})
    html = displayed(figure, monkeypatch)["text/html"]
    assert html.count("</script>") == 1
    assert '"values":[1.0,0.3333333,0.6666667]' in html
    assert html.index("<img") < html.index("<script")
    with pytest.raises(ValueError, match="not JSON compliant"):
        figures.live(CALLS["curves"](), "cutoff", {"values": np.array([np.nan])})


def test_finish_labels_and_leaves_what_is_not_given():
    _, (ax,) = figures.panels()
    ax.plot([1, 10], [1, 10], label="line")
    ax.scatter([1, 2], [1, 2], s=[400, 9], label="points")
    figures.finish(ax, xlabel="x", ylabel="y", title="t", logx=True, logy=True, ticks=[1, 2.5, 10], legend="outside")
    figures.finish(ax, legend=None)
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title(loc="left")) == ("x", "y", "t")
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "2.5", "10"]
    assert len(ax.get_xticks(minor=True)) == 0
    assert legend(ax) == ["line", "points"]
    assert ax.get_legend().legend_handles[1].get_sizes().tolist() == [30]
    box = ax.get_legend().get_bbox_to_anchor().transformed(ax.transAxes.inverted())
    assert box.x0 == pytest.approx(1.0)


def test_no_legend_without_names():
    assert figures.curves(X, {"": X}).axes[0].get_legend() is None
    assert figures.curves(X, {"a": X}, legend=None).axes[0].get_legend() is None


def test_shades_go_from_dark_to_light():
    light = [sum(colour[:3]) for colour in figures.shades(5)]
    assert len(light) == 5
    assert light == sorted(light)


def test_ten_digits_have_ten_colours_and_markers():
    assert len(set(style.PALETTE)) == len(set(style.MARKERS)) == 10


# lines


def test_curves_draw_each_name_in_its_look():
    (ax,) = figures.curves(
        X, {"a": X, "b": torch.tensor([1.0, np.inf, np.nan])}, colours=["red"], styles=["-", "o:"], limits={"b": 7.0}
    ).axes
    assert lines(ax)["a"] == [[1, 1], [2, 2], [4, 4]]
    drawn = {line.get_label(): line for line in ax.lines}
    assert np.isnan(drawn["b"].get_ydata()).tolist() == [False, True, True]
    assert (drawn["b"].get_color(), drawn["b"].get_linestyle(), drawn["b"].get_marker()) == ("red", ":", "o")
    assert (drawn["a"].get_linestyle(), drawn["a"].get_marker()) == ("-", "None")
    (limit,) = [line for line in ax.lines if line.get_label().startswith("_")]
    assert set(limit.get_ydata()) == {7.0}
    assert (limit.get_color(), limit.get_linestyle()) == ("red", "--")
    assert legend(ax) == ["a", "b"]


def test_curves_take_colours_from_the_palette_or_in_order():
    names = {name: X for name in "abc"}
    assert [line.get_color() for line in figures.curves(X, names).axes[0].lines] == list(figures.PALETTE[:3])
    ordered = figures.curves(X, names, ordered=True).axes[0].lines
    assert [line.get_color() for line in ordered] == figures.shades(3)


def test_curves_draw_on_the_axes_they_are_given():
    figure, (left, right) = figures.panels(2)
    assert figures.curves(X, {"a": X}, right) is figure
    assert (len(left.lines), len(right.lines)) == (0, 1)


def band(collection):
    """The lowest and the highest point of a shaded band at each x."""
    corners = collection.get_paths()[0].vertices
    return [[float(f(corners[corners[:, 0] == x, 1])) for x in X] for f in (np.min, np.max)]


def test_bands_draw_ends_and_middle():
    (ax,) = CALLS["bands"]().axes
    three, two = ax.collections
    assert band(three) == [ROWS[0].tolist(), ROWS[2].tolist()]
    assert band(two) == ROWS[:2].tolist()
    middle, low, high = ax.lines
    assert [line.get_ydata().tolist() for line in (middle, low, high)] == [ROWS[i].tolist() for i in (1, 0, 1)]
    assert sorted(legend(ax)) == ["three", "two"]
    assert ax.get_xticks().tolist() == X
    assert figures.bands(X, {"a": ROWS}, ticks=[1, 3]).axes[0].get_xticks().tolist() == [1, 3]


@pytest.mark.parametrize("logy", [False, True])
def test_runs_are_thin_their_mean_thick_and_one_deviation_shaded(logy):
    (ax,) = figures.runs(X, {"a": ROWS}, logy=logy).axes
    *thin, thick = ax.lines
    assert [line.get_ydata().tolist() for line in thin] == ROWS.tolist()
    assert thick.get_ydata() == pytest.approx(ROWS.mean(axis=0))
    assert thick.get_linewidth() > thin[0].get_linewidth()
    low, high = ROWS.mean(axis=0) - ROWS.std(axis=0), ROWS.mean(axis=0) + ROWS.std(axis=0)
    found = band(ax.collections[0])
    assert found[0] == pytest.approx(np.maximum(low, ROWS.min(axis=0)) if logy else low)
    assert found[1] == pytest.approx(high)
    assert (ax.get_xscale(), ax.get_xlim()[0], ax.get_xlabel()) == ("symlog", 0, "iteration")


def test_levels_and_marks_stand_at_their_values_with_their_names():
    _, (ax,) = figures.panels()
    figures.levels({"ln 2": 0.69, "beside": 0.8}, ax, at=1.01)
    figures.levels({"below": 0.5}, ax, at=0.02, above=False)
    figures.marks({"C ln C": 23.0}, ax, at=0.3)
    assert [line.get_ydata()[0] for line in ax.lines[:3]] == [0.69, 0.8, 0.5]
    assert list(ax.lines[3].get_xdata()) == [23.0, 23.0]
    found = [(t.get_text(), t.xy, t.get_ha(), t.get_va()) for t in ax.texts]
    assert found == [
        ("ln 2", (1.01, 0.69), "left", "center"),
        ("beside", (1.01, 0.8), "left", "center"),
        ("below", (0.02, 0.5), "left", "top"),
        ("C ln C", (23.0, 0.3), "right", "bottom"),
    ]
    assert ax.texts[3].get_rotation() == 90


def test_missing_marks_what_is_not_finite():
    _, (ax,) = figures.panels()
    figures.missing(X, [np.inf, 1.0, np.nan], ax, colour="red", row=0.1)
    (crosses,) = ax.lines
    assert xy(crosses) == [[1, 0.1], [4, 0.1]]
    assert (crosses.get_marker(), crosses.get_color()) == ("x", "red")


# scatter


def test_against_bound_draws_bounds_to_the_right_and_the_diagonal_where_both_are():
    groups = {"a": ([2.0, 5.0], [1.0, 3.0]), "b": ([4.0], [4.0])}
    (ax,) = figures.against_bound(groups, logx=True, logy=True, xlabel="bound").axes
    assert points(ax) == [[[2, 1], [5, 3]], [[4, 4]]]
    assert lines(ax) == {"value = bound": [[1, 1], [5, 5]]}
    assert sorted(legend(ax)) == ["a", "b", "value = bound"]
    assert (ax.get_xscale(), ax.get_xlabel()) == ("log", "bound")
    assert figures.against_bound({"": groups["a"]}).axes[0].get_legend() is None


def test_plane_draws_each_group_in_its_size_and_colour():
    (ax,) = figures.plane(CLOUD, [3, 1, 1, 3], names=("one", "three"), sizes=[1, 2, 3, 4]).axes
    assert points(ax) == [CLOUD[[1, 2]].tolist(), CLOUD[[0, 3]].tolist()]
    assert [c.get_sizes().tolist() for c in ax.collections] == [[2, 3], [1, 4]]
    assert [to_hex(c.get_facecolor()[0]).upper() for c in ax.collections] == list(figures.PALETTE[:2])
    assert legend(ax) == ["one", "three"]
    assert [xy(line) for line in ax.lines] == [[[0, 0]]]


def test_plane_without_coordinates_or_names():
    (ax,) = figures.plane(CLOUD, [0, 1, 1, 0], coordinates=False).axes
    assert (len(ax.lines), ax.get_xticks().tolist(), ax.get_legend()) == (0, [], None)


def test_points_and_means_draw_a_shared_point_for_each_class():
    (ax,) = CALLS["points_and_means"]().axes
    assert points(ax) == [CLOUD[:2].tolist(), CLOUD[1:].tolist()]
    assert ax.collections[1].get_sizes().tolist() == (30 + 220 * LAWS[1, 1:]).tolist()
    assert np.concatenate(list(lines(ax).values())).tolist() == (LAWS @ CLOUD).tolist()
    assert legend(ax) == ["class 1", "its mean $\\mu_1$", "class 2", "its mean $\\mu_2$"]


# bars


@pytest.mark.parametrize("rising", [False, True])
def test_a_ladder_has_a_bar_a_line_a_cut_a_term_and_red_where_it_breaks(rising):
    proofs = {"w": [3.0, [2.0, 1.5], 3.1], "v": [1.0, 1.0, [0.5, 0.2, 0.3]]}
    first, second = figures.ladder(proofs, ("loss", "step", "target"), rising=rising, ylabel="unit").axes
    assert heights(first) == [3.0, 3.5, 3.1]
    assert [to_hex(bar.get_facecolor()).upper() == style.RED for bar in first.patches] == [False, not rising, rising]
    assert not any(to_hex(bar.get_facecolor()).upper() == style.RED for bar in second.patches)
    assert [text.get_text() for text in first.texts] == ["3.0000", "3.5000", "3.1000"]
    cuts = [[segment[0][1] for segment in c.get_segments()] for c in second.collections]
    assert cuts == [[], [], pytest.approx([0.5, 0.7])]
    assert [tick.get_text() for tick in first.get_xticklabels()] == ["1. loss", "2. step", "3. target"]
    assert (first.get_ylabel(), second.get_title(loc="left")) == ("unit", "v")


def test_law_bars_mark_a_negative_probability():
    (ax,) = CALLS["law_bars"]().axes
    assert heights(ax) == [0.3, 0.9, -0.2]
    assert [bar.get_hatch() for bar in ax.patches] == ["", "", "///"]
    assert [to_hex(bar.get_facecolor()).upper() for bar in ax.patches] == [figures.BLUE] * 2 + [style.RED]
    assert [text.get_text() for text in ax.texts] == ["0.30", "0.90", "-0.20"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["u1", "u2", "u3"]


def test_histogram_counts_with_an_edge_at_zero():
    (ax,) = CALLS["histogram"]().axes
    bars = ax.containers[0].patches
    edges = [bar.get_x() for bar in bars] + [bars[-1].get_x() + bars[-1].get_width()]
    counts = {label: [bar.get_height() for bar in c.patches] for label, c in zip("ab", ax.containers, strict=True)}
    assert np.abs(edges).min() == pytest.approx(0, abs=1e-12)
    assert counts["a"] == np.histogram([-1.0, 0.5, 2.0], edges)[0].tolist()
    assert (sum(counts["a"]), sum(counts["b"])) == (3, 1)
    assert (ax.get_xlabel(), ax.get_ylabel(), legend(ax)) == ("slack", "worlds", ["a", "b"])


# dots


def test_intervals_stand_in_rows_from_the_top():
    (ax,) = CALLS["intervals"]().axes
    (a, _, (bars,)), (b, _, _) = ax.containers
    assert (a.get_xdata().tolist(), b.get_xdata().tolist()) == ([1, 2], [3, 4])
    assert [[end[0] for end in segment] for segment in bars.get_segments()] == [
        pytest.approx([0.8, 1.2]),
        pytest.approx([1.7, 2.3]),
    ]
    assert np.round(a.get_ydata()).tolist() == np.round(b.get_ydata()).tolist() == [1, 0]
    assert dict(zip(ax.get_yticks(), [t.get_text() for t in ax.get_yticklabels()], strict=True)) == {1: "r1", 0: "r2"}
    assert legend(ax) == ["a", "b"]


def test_by_column_writes_each_value():
    (ax,) = CALLS["by_column"]().axes
    assert lines(ax) == {"q": [[0, 1], [1, 3]], "r": [[0, 2], [1, 4]]}
    assert [text.get_text() for text in ax.texts] == ["1.00", "3.00", "2.00", "4.00"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["run 1", "run 2"]


def test_spectrum_colours_what_the_embedding_loses():
    (ax,) = figures.spectrum([0.0, 0.4, 0.7, 1.1], [0.4, 0.3, 0.2, 0.1], 2, title="t").axes
    kept, lost = ax.collections[1], ax.collections[3]
    assert points(ax)[1] == [[1, 0], [2, 0.4]]
    assert points(ax)[3] == [[3, 0.7], [4, 1.1]]
    assert kept.get_sizes() == pytest.approx([12 + 240 * 0.4, 12 + 240 * 0.3])
    assert to_hex(lost.get_facecolor()[0]).upper() == figures.ORANGE
    assert ax.lines[1].get_xdata()[0] == 2.5
    all_above = figures.spectrum([0.0, 1.0], [0.5, 0.5], 2).axes[0].collections
    assert len(all_above[3].get_offsets()) == 1


# circle and graph


def test_directions_are_tangents_or_vectors_true_to_scale():
    (ax,) = figures.directions([0.0, np.pi / 2], [0.5, -0.25], np.pi, [0.0], rest=[np.pi / 2], title="t").axes
    arrows = ax.collections[0]
    assert np.column_stack([arrows.U, arrows.V]) == pytest.approx(np.array([[0, 0.5], [0.25, 0]]), abs=1e-12)
    assert np.asarray(arrows.XY) == pytest.approx(np.array([[1, 0], [0, 1]]), abs=1e-12)
    assert arrows.scale == 1
    _, positive, negative, rest = ax.lines
    for line, place in ((positive, [-1, 0]), (negative, [1, 0]), (rest, [0, 1])):
        assert xy(line) == [pytest.approx(place, abs=1e-12)]
    assert [text.get_text() for text in ax.texts] == ["positive", "negative"]
    vector = figures.directions([0.0], torch.tensor([[0.3, -0.4]]), 1.0, [2.0]).axes[0]
    assert (vector.collections[0].U[0], vector.collections[0].V[0]) == pytest.approx((0.3, -0.4))
    assert [text.get_text() for text in vector.texts] == ["positive", "negative", "anchor"]


def test_pairs_on_circle_join_the_two_points_of_a_pair():
    first, second = CALLS["pairs_on_circle"]().axes
    assert points(first) == [CLOUD.tolist(), (-1.12 * CLOUD).tolist()]
    joined = [xy(line) for line in first.lines[1:]]
    assert joined == [[x, y] for x, y in zip(CLOUD.tolist(), (-1.12 * CLOUD).tolist(), strict=True)]
    assert (first.get_title(loc="left"), second.get_title(loc="left")) == ("a", "b")


def test_graph_on_circle_draws_an_edge_once_wider_with_its_mass_and_red_across():
    (ax,) = figures.graph_on_circle(PATH, [1, 1, -1, -1], order=[0, 2, 1, 3]).axes
    *edges, plus, minus = ax.lines
    assert len(edges) == 3
    assert [edge.get_color() == style.RED for edge in edges] == [False, True, False]
    assert [edge.get_linewidth() for edge in edges] == pytest.approx([3.0, 1.65, 1.65])
    at = {node: point for node, point in zip((0, 1, 2, 3), [*xy(plus), *xy(minus)], strict=True)}
    assert [sorted(xy(edge)) for edge in edges] == [sorted([at[i], at[j]]) for i, j in ((0, 1), (1, 2), (2, 3))]
    turn = {node: np.arctan2(*point[::-1]) % (2 * np.pi) for node, point in at.items()}
    start = np.pi / 2
    assert sorted(turn, key=lambda node: (turn[node] - start) % (2 * np.pi)) == [0, 2, 1, 3]


def test_graph_and_pictures_show_the_law_its_cuts_and_its_nodes():
    pictures = np.arange(12.0).reshape(4, 3, 1) / 11
    left, right = figures.graph_and_pictures(PATH, pictures, [0, 0, 1, 1]).axes
    assert np.array_equal(left.images[0].get_array(), PATH)
    assert [line.get_ydata()[0] for line in left.lines[::2]] == [1.5]
    assert np.array([image.get_array() for image in right.images]) == pytest.approx(1 - pictures)
    assert right.get_title(loc="left") == "4 of its 4 nodes"


def test_sorted_by_clusters_moves_nodes_and_normalises():
    left, right = CALLS["sorted_by_clusters"]().axes
    mass = PATH.sum(axis=1)
    shown = PATH / np.sqrt(np.outer(mass, mass))
    order = [1, 3, 0, 2]
    assert np.asarray(left.images[0].get_array()) == pytest.approx(shown)
    assert np.asarray(right.images[0].get_array()) == pytest.approx(shown[np.ix_(order, order)])
    assert len(left.lines) == 0
    assert [line.get_ydata()[0] for line in right.lines[::2]] == [1.5]


# the figures of the convergence experiment


def named_curves(ax, name):
    (line,) = [line for line in ax.lines if line.get_label() == name]
    return line.get_ydata()


def test_one_negative_shows_losses_bounds_and_chance():
    left, right = CALLS["one_negative"]().axes
    assert named_curves(left, "$L_{un}$, one negative") == pytest.approx(ROWS.mean(axis=0))
    assert named_curves(right, r"$L_{sup}^\mu$") == pytest.approx(ROWS.mean(axis=0) / 2)
    labels = [r"$L_{un}/p_{min}+\ln N_C$, Lemma 1", r"$L_{un}/p_{min}$, no $\ln N_C$"]
    sharp = r"sharp: $(L_{un}-\|\rho\|^2\ln 2)/p_{min}$"
    for name, extra in zip([*labels, sharp], (3, 1, 0.5), strict=True):
        assert named_curves(right, name) == pytest.approx(ROWS.mean(axis=0) + extra)
    assert (right.texts[0].get_text(), right.texts[0].xy[1]) == (r"$\ln N_C$", 0.9)
    assert right.get_yscale() == "log"


def test_many_negatives_have_a_panel_each_with_floor_and_chance():
    figure = CALLS["many_negatives"]()
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["N = 15", "N = 25"]
    assert figure.get_supxlabel() == "note"
    for ax, n in zip(figure.axes, (15, 25), strict=True):
        assert named_curves(ax, f"$L_{{un}}^{{{n}}}/p_{{cc}}$, Lemma 2") == pytest.approx(ROWS.mean(axis=0) + 3)
        assert named_curves(ax, "sharp bound") == pytest.approx(ROWS.mean(axis=0) + 1)
        assert {text.get_text(): text.xy[1] for text in ax.texts} == {r"$\ln N_C$": 0.9, "floor": 0.4}


def test_output_norms_mark_the_smallest_of_all():
    (ax,) = CALLS["output_norms"]().axes
    assert named_curves(ax, "largest norm") == pytest.approx(2 * ROWS.mean(axis=0))
    assert [(text.get_text(), text.xy[1]) for text in ax.texts] == [("smallest of all: 1.000", 1.0)]
