"""Numbers on contour lines, where none meets another one or another line, or leaves its panel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.path import Path

from sotcheck.numerics.arrays import Array
from sotcheck.pages.figures import SMALL

#: Width of a digit and height of a line, in font sizes, in the widest font of a browser.
DIGIT, LINE = 0.8, 1.4
#: Places tried along a line; bends, in font sizes, that count as none.
PLACES, STRAIGHT = 60, 0.15


def label_contours(figure: Figure, form: Callable[[float], str] = "{:.2g}".format) -> None:
    """Write on each piece of each contour line its number, or nothing where there is no room for it.

    To be called last: where there is room, only the finished figure knows, whose panels stay where they are.
    """
    if (layout := figure.get_layout_engine()) is not None:
        layout.execute(figure)
        figure.set_layout_engine("none")
    for axes in figure.axes:
        every = [one for one in axes.collections if isinstance(one, ContourSet)]
        drawn = [one.get_transform().transform_path(one.get_path()) for one in axes.lines if _is_line(one)]
        drawn += [Path(piece) for lines in every for level in _pieces(axes, lines) for piece in level]
        taken = list(_marks(axes))
        for lines in every:
            if lines.filled:
                continue
            places = list(_places(axes, lines, form, taken, drawn))
            lines.clabel(fontsize=SMALL, fmt=form, manual=places, inline_spacing=2)


def _is_line(one: Line2D) -> bool:
    return one.get_linestyle() != "None"


def _pieces(axes: Any, lines: ContourSet) -> list[list[Array]]:
    """Return the pieces of each level's line, in dots of the figure."""
    across = axes.transData.transform
    return [[across(piece) for piece in path.to_polygons(closed_only=False)] for path in lines.get_paths()]


def _marks(axes: Any) -> Iterator[Path]:
    """Yield the boxes of marks that stand in a panel."""
    for marks in axes.collections:
        if isinstance(marks, PathCollection):
            sides = np.sqrt(marks.get_sizes())
            for middle, side in zip(axes.transData.transform(marks.get_offsets()), sides, strict=True):
                yield _box(middle, np.array([1.0, 0.0]), _dots(axes, side), _dots(axes, side))


def _places(
    axes: Any, lines: ContourSet, form: Callable[[float], str], taken: list[Path], drawn: list[Path]
) -> Iterator[tuple[float, float]]:
    """Yield where numbers go, and add their boxes to those that are taken."""
    for level, pieces in zip(lines.levels, _pieces(axes, lines), strict=True):
        width, height = _dots(axes, DIGIT * SMALL * len(form(level))), _dots(axes, LINE * SMALL)
        for piece in pieces:
            others = [path for path in drawn if not np.array_equal(path.vertices, piece)]
            for middle, along in _straightest(piece, width, height):
                box = _box(middle, along, width, height)
                if (
                    all(axes.bbox.contains(*corner) for corner in np.asarray(box.vertices))
                    and not any(map(box.intersects_path, taken))
                    and not any(box.intersects_path(path, filled=False) for path in others)
                ):
                    taken.append(box)
                    x, y = axes.transData.inverted().transform(middle)
                    yield float(x), float(y)
                    break


def _straightest(line: Array, width: float, height: float) -> Iterator[tuple[Array, Array]]:
    """Yield middles and directions of stretches of a line of this width, the straightest first."""
    length = np.append(0.0, np.cumsum(np.hypot(*np.diff(line, axis=0).T)))
    if length[-1] < 1.5 * width:
        return

    def at(s: Array) -> Array:
        return np.stack([np.interp(s, length, one) for one in line.T], axis=-1)

    middles = np.linspace(width / 2, length[-1] - width / 2, PLACES)
    stretches = at(middles[:, None] + width * np.linspace(-0.5, 0.5, 9))
    along = stretches[:, -1] - stretches[:, 0]
    along /= np.hypot(*along.T)[:, None] + 1e-9
    off = stretches - stretches[:, :1]
    bend = np.abs(off[..., 0] * along[:, None, 1] - off[..., 1] * along[:, None, 0]).max(axis=1)
    # Among straight ones, those in the middle.
    order = np.lexsort((np.abs(middles - length[-1] / 2), np.floor(bend / (STRAIGHT * height))))
    yield from zip(at(middles[order]), along[order], strict=True)


def _box(middle: Array, along: Array, width: float, height: float) -> Path:
    across = np.array([-along[1], along[0]])
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]
    return Path([middle + a * along * width / 2 + b * across * height / 2 for a, b in corners], closed=True)


def _dots(axes: Any, points: float) -> float:
    """Return a length in points in dots of the figure."""
    return points * axes.figure.dpi / 72
