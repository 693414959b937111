"""How figures are laid out: each word has its room, whatever stands around a panel."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.text import Text

from sotcheck.pages.figures import canvas, one_legend, picture, scientific
from sotcheck.pages.layout import color_bar
from sotcheck.pages.svg import STYLE, svg

X = np.linspace(0, 1, 12)


def curves(size: float) -> Figure:
    """Panels with a title, a power of ten, names of axes, a remark above and a legend below."""
    figure, grid = canvas(4.0, 2, 2, squeeze=False, sharex=True)
    for axes in grid.flat:
        axes.plot(X, size * X, label="a line")
        axes.set(title="majority: dampinglike", xlabel="x", ylabel="$t_1$ (unit)")
        scientific(axes)
    grid[0, 0].text(1.0, 0.5, " beside", transform=grid[0, 0].transAxes)
    figure.supylabel("all of them")
    figure.suptitle("a system")
    return one_legend(figure, 2)


def maps(size: float) -> Figure:
    """Panels of equal scales with colour bars, whose power of ten is not upon a title."""
    figure, grid = canvas(4.0, 1, 2, squeeze=False)
    for axes in grid.flat:
        scientific(color_bar(figure, axes, picture(axes, X, X, size * X * X[:, None], cmap="cividis")))
        axes.set(title="minority: dampinglike", xlabel="$k_x$", ylabel="$k_y$", aspect="equal")
    return figure


@pytest.mark.parametrize("size", [1e-7, -0.3, 123.0, 5e5])
@pytest.mark.parametrize("draw", [curves, maps])
def test_words_have_room(draw: Callable[[float], Figure], size: float) -> None:
    """Those of all panels lie in the figure, and none upon another."""
    with rc_context(STYLE):
        figure = draw(size)
        figure.draw_without_rendering()
        inside = [one for axes in figure.axes for child in (axes, *axes.child_axes) for one in _words(child)]
        boxes: list[Any] = [
            one.get_window_extent().padded(-0.5) for one in [*inside, *figure.texts, *figure.legends]
        ]
    assert len(boxes) > 20
    for box in boxes:
        assert np.all(box.min >= 0)
        assert np.all(box.max <= figure.bbox.size)
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]


def _words(axes: Any) -> list[Text]:
    words = [axes.title, *axes.texts]
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        ticks = [one for one in axis.get_major_ticks() if low <= one.get_loc() <= high]
        words += [
            axis.label,
            axis.get_offset_text(),
            *(one for tick in ticks for one in (tick.label1, tick.label2)),
        ]
    return [one for one in words if one.get_text() and one.get_visible()]


def test_what_is_to_be_pixels_is_one_picture() -> None:
    """A map of cells as lines would be large, with seams between them."""

    def draw(size: int) -> Figure:
        figure, axes = canvas(3.0)
        shown = axes.pcolormesh(np.random.default_rng(1).random((size, size)), rasterized=True)
        color_bar(figure, axes, shown)
        return figure

    few, many = (svg(draw, size) for size in (4, 40))
    # The map, and its colour bar.
    assert few.count("<image") == many.count("<image") == 2
    assert few.count("<path") == many.count("<path")
