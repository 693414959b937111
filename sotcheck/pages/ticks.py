"""Numbers on axes in letters, 2×10⁻³: TeX takes matplotlib longer than all else of a figure."""

from __future__ import annotations

import re
from typing import Any

from matplotlib.ticker import LogFormatterSciNotation, ScalarFormatter

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
IN_LETTERS: dict[type, Any] = {LogFormatterSciNotation: _Powers, ScalarFormatter: _Numbers}
