"""What a formula is about: words, and how to measure it on exact states. Quantities know no formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sotcheck.exact.solved import Exact, Solved
from sotcheck.numerics.arrays import Mask
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.interface import SOURCES


@dataclass(frozen=True)
class Quantity:
    """Something that exact states tell, e.g. "r, all elements", the `quantity` of rows.

    ``measure(solved)`` returns an `Estimate`; its axes begin with (k_⊥, angle) unless it is a sum. The source
    is "normal", "majority" or "minority", where it belongs to one.
    """

    words: str
    measure: Exact
    source: str | None = None

    def then(self, change: Callable[[Solved, Estimate], Estimate], words: str = "", **other: str) -> Quantity:
        """Return the quantity with something done to what is measured."""
        return replace(
            self, words=words or self.words, measure=lambda one: change(one, self.measure(one)), **other
        )

    def named(self, words: str, source: str | None = None) -> Quantity:
        """Return the same quantity under other words."""
        return replace(self, words=words, source=source or self.source)

    def of(self, source: str, *more: str) -> Quantity:
        """Return that of one source, or the sum of several, for a quantity whose third axis is the source."""
        columns = [SOURCES.index(name) for name in (source, *more)]
        if more:
            return self.then(lambda one, found: found[:, :, columns].sum(axis=2))
        return self.then(lambda one, found: found[:, :, columns[0]], source=source)

    def __neg__(self) -> Quantity:
        """Return the same with the opposite sign."""
        return self.then(lambda one, found: -found)

    def where(self, regime: Callable[[Solved], Mask], words: str) -> Quantity:
        """Return the quantity at the k_⊥ of a regime (a mask by k_⊥), and an exact zero elsewhere."""
        return self.then(lambda one, found: found.where(regime(one)), f"{self.words}, {words}")

    @property
    def fieldlike(self) -> Quantity:
        """The real part of fieldlike + i dampinglike."""
        return self.then(lambda one, found: found.real, f"fieldlike {self.words}")

    @property
    def dampinglike(self) -> Quantity:
        """The imaginary part of fieldlike + i dampinglike."""
        return self.then(lambda one, found: found.imag, f"dampinglike {self.words}")


def N_open(one: Solved) -> Mask:
    """Return at which k_⊥ waves propagate in the normal metal."""
    return one.iface.kz_squared(one.k_perp**2) > 0


def N_closed(one: Solved) -> Mask:
    """Return at which k_⊥ waves are evanescent in the normal metal."""
    return ~N_open(one)


def F_open(one: Solved) -> Mask:
    """Return at which k_⊥ waves propagate in both bands of the ferromagnet."""
    return np.asarray((one.iface.Kz_squared(one.k_perp**2) > 0).all(axis=-1))


def all_open(one: Solved) -> Mask:
    """Return at which k_⊥ waves propagate in the normal metal and in both bands of the ferromagnet."""
    return N_open(one) & F_open(one)
