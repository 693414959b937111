"""What else the paper says of an equation that disagrees: places that follow from one of its forms.

A place that follows from the corrected form alone speaks for a mark lost in print or in reading. One that
follows from the transcribed form alone speaks for the paper's having it so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal

import numpy as np

from sotcheck.exact.solved import Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import Interface
from sotcheck.theory.symbols import Symbols

#: Both sides are formulas: their difference is rounding.
ROUNDING = 1e-9
#: What follows from a form of an equation, and what the other place of the paper says.
Sides = tuple[Array | Complex, Array | Complex]


@dataclass(frozen=True)
class Consequence:
    """A place of the paper that says what can be had from an equation which disagrees as transcribed.

    Attributes
    ----------
    of : str
        The number of the equation that disagrees, without parentheses.
    place : str
        Where the other thing is said: "(A21b)", "Fig. 8", "the text below (24b)".
    says : str
        How the two hang together.
    sides : callable
        ``sides(symbols, corrected)``: what follows from the equation in that form, and what the place says.
    interfaces : tuple of Interface
        Where both are evaluated.
    tolerance : float
        Largest relative difference of two sides that are the same.
    """

    of: str
    place: str
    says: str
    sides: Callable[[Symbols, bool], Sides]
    interfaces: tuple[Interface, ...]
    tolerance: float = ROUNDING

    def holds(self, corrected: bool) -> bool:
        """Return whether the place follows from the corrected, or the transcribed, form everywhere."""
        return all(self._same(Solved("continuum", iface).symbols, corrected) for iface in self.interfaces)

    def _same(self, symbols: Symbols, corrected: bool) -> bool:
        followed, said = np.broadcast_arrays(*self.sides(symbols, corrected))
        size = max(float(np.abs(followed).max()), float(np.abs(said).max()))
        return bool(np.abs(followed - said).max() <= self.tolerance * size)

    @cached_property
    def form(self) -> Literal["transcribed", "corrected"] | None:
        """The form that the place follows from; None if it follows from both or neither."""
        corrected, transcribed = self.holds(True), self.holds(False)
        if corrected == transcribed:
            return None
        return "corrected" if corrected else "transcribed"


@cache
def consequences() -> tuple[Consequence, ...]:
    """Return all of them, in the paper's order."""
    from sotcheck.papers.kim2017 import consequences_appendix, consequences_text

    return (*consequences_text.ENTRIES, *consequences_appendix.ENTRIES)


def needed_for(number: str | None) -> list[Consequence]:
    """Return the places that follow from the corrected form of "(20b)", and not as transcribed."""
    return [one for one in consequences() if f"({one.of})" == number and one.form == "corrected"]


def kept_in(number: str | None) -> list[Consequence]:
    """Return the places that follow from "(28)" as transcribed, and not from its corrected form."""
    return [one for one in consequences() if f"({one.of})" == number and one.form == "transcribed"]
