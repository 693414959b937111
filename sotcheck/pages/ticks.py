"""Ticks for less: numbers in letters, 2×10⁻³, not in TeX, and ticks that are copies of their axis' first one.

Matplotlib spends more on either than on all else of a figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from typing import Any

from matplotlib.axis import Axis, Tick, XAxis, YAxis
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


class _Copies(Axis):
    """An axis whose ticks differ in their place and number alone: matplotlib sets each up, then copies it."""

    def _get_tick(self, major: bool) -> Tick:
        ticks = self.majorTicks if major else self.minorTicks
        if not ticks:
            return super()._get_tick(major)  # type: ignore[misc]
        tick = copy(ticks[0])
        for part in ("tick1line", "tick2line", "gridline", "label1", "label2"):
            setattr(tick, part, copy(getattr(tick, part)))
        return tick

    def _copy_tick_props(self, src: Tick, dest: Tick) -> None:
        """There is nothing left to copy."""


class _XAxis(_Copies, XAxis):
    """One along x."""


class _YAxis(_Copies, YAxis):
    """One along y."""


#: What stands for matplotlib's own.
_CHEAPER: dict[type, Any] = {
    LogFormatterSciNotation: _Powers, ScalarFormatter: _Numbers, XAxis: _XAxis, YAxis: _YAxis,
}  # fmt: skip


def cheapen(figure: Figure) -> None:
    """Have all axes of a figure copy their ticks, and write numbers in letters where they would be in TeX."""
    for axis in _every(figure):
        for one in (axis, axis.get_major_formatter(), axis.get_minor_formatter()):
            one.__class__ = _CHEAPER.get(type(one), type(one))


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
