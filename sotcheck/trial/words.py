"""Trials of what is said in words: a yes or no, a zero, a sign, a range; on one interface or on each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps

import numpy as np

from sotcheck.exact.solved import Exact, Solved, solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate, added
from sotcheck.system.interface import Interface
from sotcheck.trial.verdict import Trial, compare

Judge = Callable[[str], Iterable[Trial]]


def on_each(*interfaces: Interface) -> Callable[[Callable[[Solved], Iterable[Trial]]], Judge]:
    """Return a decorator that makes trials on one interface's exact states the judge of a statement."""

    def register(trials: Callable[[Solved], Iterable[Trial]]) -> Judge:
        @wraps(trials)
        def judge(engine: str) -> Iterator[Trial]:
            for iface in interfaces:
                yield from trials(solved(engine, iface))

        return judge

    return register


def whether(quantity: str, holds: object, why: str) -> Trial:
    """Return the trial of a yes or no: one is expected, and one or zero found."""
    return Trial(quantity, compare(1.0, float(bool(holds))), why)


def vanishes(quantity: str, found: Estimate, why: str, *, scale: float) -> Trial:
    """Return the trial of numbers that are said to be zero, next to others of some scale."""
    return Trial(quantity, compare(0 * found.value, found, scale=scale), why)


def equal(quantity: str, said: Estimate, found: Estimate, why: str, *, scale: float | None = None) -> Trial:
    """Return the trial of numbers that are said to be the same; their errors add up."""
    both = Estimate(found.value, added(said.terms, found.terms))
    return Trial(quantity, compare(said.value, both, scale=scale), why)


def same(on: tuple[Interface, ...], said: Exact, found: Exact, quantity: str, why: str) -> Judge:
    """Return the judge of two exact quantities that are said to be the same on each interface."""
    return on_each(*on)(lambda one: [equal(f"{quantity}, {one.iface.name}", said(one), found(one), why)])


def within(quantity: str, found: Estimate, low: float, high: float, why: str) -> Trial:
    """Return the trial of a number in a range, whose nearest number is what is expected."""
    return Trial(quantity, compare(float(np.clip(found.value, low, high)), found), why)


def positive(
    quantity: str, margin: Estimate, why: str, source: str | None = None, *, scale: float | None = None
) -> Trial:
    """Return the trial of an inequality by its margin, whose sign has to be seen; a scale lets zero pass."""
    size = float(margin.value)
    apart = abs(size) if scale is None else None
    return Trial(quantity, compare(max(size, 0.0), margin, scale=scale, tell_apart=apart), why, source)


def span(values: Array | Complex) -> str:
    """Return "between 0.1 and 0.2", of sizes."""
    sizes = np.abs(values)
    return f"between {sizes.min():.3g} and {sizes.max():.3g}"
