"""Numbers on axes in letters, 2×10⁻³: TeX takes matplotlib longer than all else of a figure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator, LogFormatterSciNotation, LogLocator, ScalarFormatter

_RAISED = str.maketrans("-−0123456789", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _letters(text: str) -> str:
    """Return a number without TeX."""
    text = re.sub(r"\^\{(.*?)\}", lambda power: power[1].translate(_RAISED), text)
    return re.sub(r"\\mathdefault|[${}]", "", text.replace(r"\times", "×"))


class _Powers(LogFormatterSciNotation):
    """Powers of ten."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return _letters(super().__call__(x, pos))


class _Numbers(ScalarFormatter):
    """Numbers, their power of ten once."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return _letters(super().__call__(x, pos))

    def get_offset(self) -> str:
        return _letters(super().get_offset())


#: What stands for matplotlib's own on axes.
_IN_LETTERS: dict[type, Any] = {LogFormatterSciNotation: _Powers, ScalarFormatter: _Numbers}


def in_letters(figure: Figure) -> None:
    """Write the numbers on all axes of a figure in letters, where they would be in TeX."""
    for axis in _every(figure):
        for numbers in (axis.get_major_formatter(), axis.get_minor_formatter()):
            numbers.__class__ = _IN_LETTERS.get(type(numbers), type(numbers))


def hold_numbers(figure: Figure, renderer: Any) -> None:
    """Let all axes have as many numbers as they have room for now, however their lengths change."""
    for axis in _every(figure):
        settle(axis.axes, renderer)
        locator, room = axis.get_major_locator(), axis.get_tick_space()
        if isinstance(locator, AutoLocator):
            locator.set_params(nbins=min(max(room, 1), 9))
        elif isinstance(locator, LogLocator):
            locator.set_params(numticks=min(max(room, 2), 9))


def settle(axes: Any, renderer: Any) -> None:
    """Put axes where they will be drawn: of equal scales, or beside others."""
    locator = axes.get_axes_locator()
    axes.apply_aspect(locator and locator(axes, renderer))


def _every(figure: Figure) -> Iterator[Any]:
    """Yield each axis of panels and of colour bars beside them."""
    for panel in figure.axes:
        for axes in (panel, *panel.child_axes):
            yield from (axes.xaxis, axes.yaxis)
