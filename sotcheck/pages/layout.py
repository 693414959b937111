"""Where the panels of a figure lie: what stands around them is measured, and gets its room."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import LayoutEngine
from matplotlib.transforms import ScaledTranslation, blended_transform_factory

from sotcheck.numerics.arrays import Array
from sotcheck.pages.ticks import cheapen, hold_numbers, settle

#: Between words of different panels, and around a figure, in points.
PAD = 4.0
#: In inches: between a panel and its colour bar, and how wide that is.
GAP, BAR = 0.08, 0.12
#: Sides of a box, in the order of its extents, and which way is out.
SIDES = ("left", "bottom", "right", "top")
OUT = np.array([-1, -1, 1, 1])
#: Letters of browsers are wider than matplotlib thinks.
WIDER = np.array([1.06, 1.0, 1.06, 1.0])


class Rooms(LayoutEngine):
    """Gives each column and row of a figure's one grid the room of what stands left, below, right and above.

    Matplotlib's `constrained` asks each axis some thirty times for its numbers, which takes longer than to
    draw them.
    """

    _adjust_compatible = True
    _colorbar_gridspec = True

    def execute(self, fig: Figure) -> None:
        """Place panels, their titles and the names of their axes."""
        cheapen(fig)
        renderer = fig._get_renderer()  # type: ignore[attr-defined]
        around = _around(fig, renderer)
        _place(fig, around, _rooms(fig, renderer))
        # How many numbers there are on an axis follows from its length.
        hold_numbers(fig, renderer)
        _place(fig, around, _rooms(fig, renderer))


def color_bar(figure: Any, axes: Any, shown: Any, **options: Any) -> Any:
    """Explain the colours of what a panel shows beside it, by axes of their own, which are returned."""
    right = figure.dpi_scale_trans + ScaledTranslation(1.0, 0.0, axes.transAxes)
    place = blended_transform_factory(right, axes.transAxes)
    beside = axes.inset_axes((GAP, 0.0, BAR, 1.0), transform=place)
    bar = figure.colorbar(shown, cax=beside, **options)
    bar.minorticks_off()
    # One picture for 256 strips, whose colours are evenly spaced along the bar.
    bar.solids.set_visible(False)
    limits, whole = beside.get_ylim(), {"extent": (0, 1, 0, 1), "transform": beside.transAxes}
    shades = np.linspace(0, 1, 64)[:, None]
    beside.imshow(shades, cmap=shown.cmap, origin="lower", aspect="auto", interpolation="none", **whole)
    beside.set(xlim=(0, 1), ylim=limits)
    beside.grid(False)
    # A power of ten stands above the bar, not above the panel.
    beside.yaxis.get_offset_text().set(x=0.0, ha="left")
    beside.yaxis.OFFSETTEXTPAD = 6
    return beside


def _around(figure: Figure, renderer: Any) -> Array:
    """Return what legends and words of the whole figure take of each of its sides."""
    taken, size = np.zeros(4), np.tile(figure.bbox.size, 2)
    for one in [*figure.legends, *figure.texts]:
        box = one.get_window_extent(renderer)
        off = np.tile(box.get_points().mean(axis=0), 2)
        side = int(np.argmin(np.where(OUT < 0, off, size - off) / size))
        depth = np.where(OUT < 0, 0, size) - OUT * np.roll(box.extents, 2)
        taken[side] = max(taken[side], depth[side])
    return taken


def _rooms(figure: Figure, renderer: Any) -> Array:
    """Return what stands beyond each cell of the grid, by row, column and side."""
    axes: list[Any] = figure.axes
    cells = [one.get_subplotspec().get_topmost_subplotspec() for one in axes]
    rooms = np.zeros((*cells[0].get_gridspec().get_geometry(), 4))
    for one, cell in zip(axes, cells, strict=True):
        room = rooms[cell.rowspan.start, cell.colspan.start]
        np.maximum(room, WIDER * _beyond(one, renderer), out=room)
    return rooms


def _place(figure: Figure, around: Array, rooms: Array) -> None:
    """Make all cells of a grid as large as there is room for."""
    pad = PAD * figure.dpi / 72
    place: dict[str, float] = {}
    # Rows count from above.
    for axis, between, cells in ((0, "wspace", rooms), (1, "hspace", rooms[::-1])):
        low, high = axis, axis + 2
        before, after = cells[..., low].max(axis=axis), cells[..., high].max(axis=axis)
        size, n = figure.bbox.size[axis], len(before)
        start, stop = around[low] + before[0] + pad, size - around[high] - after[-1] - pad
        gap = pad + float(np.max(after[:-1] + before[1:], initial=0.0))
        place |= {SIDES[low]: start / size, SIDES[high]: stop / size}
        # In cells.
        place[between] = gap * n / (stop - start - gap * (n - 1))
    figure.subplots_adjust(**place)


def _beyond(axes: Any, renderer: Any) -> Array:
    """Return how far words stand out from the sides of a panel, names of axes and the title put in place."""
    settle(axes, renderer)
    panel, room = np.array(axes.bbox.extents), np.zeros(4)
    for axis in (axes.xaxis, axes.yaxis):
        # Where it is not in the way of its numbers.
        axis.set_label_coords(0.5, 0.5)
        if (numbers := axis.get_tightbbox(renderer, for_layout_only=True)) is not None:
            out = np.maximum(0.0, OUT * (numbers.extents - panel))
            np.maximum(room, _named(axis, out, renderer) if axis.get_label_text() else out, out=room)
    for one in [*axes.texts, *filter(None, [axes.get_legend()])]:
        np.maximum(room, OUT * (one.get_window_extent(renderer).extents - panel), out=room)
    for child in axes.child_axes:
        np.maximum(room, _beyond(child, renderer) + OUT * (child.bbox.extents - panel), out=room)
    if axes.get_title():
        room[3] = max(room[3], _title(axes, renderer))
    return room


def _named(axis: Any, numbers: Array, renderer: Any) -> Array:
    """Put the name of an axis beside its numbers; return how far both stand out from the panel."""
    side, figure = SIDES.index(axis.get_label_position()), axis.axes.figure
    across = side % 2
    away = numbers[side] / figure.dpi + axis.labelpad / 72
    at, shift = np.full(2, 0.5), np.zeros(2)
    at[across], shift[across] = side > 1, OUT[side] * away
    place = axis.axes.transAxes + ScaledTranslation(shift[0], shift[1], figure.dpi_scale_trans)
    axis.set_label_coords(*at, transform=place)
    out = numbers.copy()
    out[side] = away * figure.dpi + axis.label.get_window_extent(renderer).size[across]
    return out


def _title(axes: Any, renderer: Any) -> float:
    """Lift a panel's title above the power of ten of its y axis where they would meet; return its height."""
    title, power, lift = axes.title, axes.yaxis.get_offset_text(), 0.0
    title.set_y(1.0)
    box = title.get_window_extent(renderer)
    if power.get_text() and (below := power.get_window_extent(renderer)).overlaps(box):
        lift = below.y1 - box.y0
        title.set_y(1.0 + lift / axes.bbox.height)
    return float(box.y1 + lift - axes.bbox.y1)
