"""Formulas judged against exact numerics, over every interface that they are tried on, by one engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from sotcheck.errors import TheoryError
from sotcheck.exact.quantity import Quantity
from sotcheck.exact.solved import Exact, Solved, solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate, joined
from sotcheck.system.interface import Interface
from sotcheck.trial.diagnose import diagnose
from sotcheck.trial.entries import Equation, Formula
from sotcheck.trial.grounds import FINITE, GENERAL, symbols
from sotcheck.trial.verdict import Comparison, Trial, compare

#: Most pairs of numbers kept for a plot.
SAMPLE = 100
#: What a formula is held against, with words or without.
Measurable = Quantity | Exact


def real(values: Any) -> Array:
    """Return real and imaginary parts as a last axis."""
    values = np.asarray(values)
    return np.stack([values.real, values.imag], axis=-1)


def evaluated(formula: Formula, one: Solved, shape: tuple[int, ...]) -> Array | Complex:
    """Return what a formula says, of the shape of what is measured.

    Raises
    ------
    TheoryError
        If it cannot be evaluated, or what it returns has another shape.
    """
    name = getattr(formula, "__name__", "a formula")
    try:
        # What is no number cannot be added to one.
        found = np.asarray(formula(symbols(one))) + 0
    except Exception as error:
        raise TheoryError(f"{name} fails on {one.iface.name}: {type(error).__name__}: {error}") from error
    try:
        return np.broadcast_to(found, shape)
    except ValueError:
        raise TheoryError(
            f"{name} returns the shape {found.shape}, but its quantity has {shape} on {one.iface.name}"
        ) from None


def try_formula(formula: Formula, one: Solved, measured: Estimate) -> Comparison:
    """Compare a formula with the exact quantity on one interface.

    Rounding of the formula's own evaluation counts as the engine's.
    """
    expected = evaluated(formula, one, measured.shape)
    scale = float(max(np.abs(measured.value).max(), np.abs(expected[np.isfinite(expected)]).max(initial=0.0)))
    own = measured.and_(
        "rounding of the formula", one.rounding * scale, "double precision of the formula's own terms"
    )
    return compare(real(expected), own.parts, scale=scale)


def sample_pairs(equation: Equation, formula: Formula, engine: str) -> Array:
    """Return pairs of what a formula and exact numerics give, at most SAMPLE, shape (n, 2), for a plot.

    On each interface they are relative to the largest exact number; what is far outside comes to the edge.
    """
    pairs = []
    for iface in equation.on:
        both = _both(equation, formula, solved(engine, iface))
        scale = float(np.abs(both[1]).max()) or 1.0
        pairs.append(np.stack([real(values / scale).ravel() for values in both], axis=-1))
    found = np.concatenate(pairs)
    # Zeros against zeros show nothing.
    found = found[np.abs(found).max(axis=-1) > 1e-9]
    return np.clip(found[:: max(1, len(found) // SAMPLE)], -1.1, 1.1)


def words_for(equation: Equation, formula: Formula, iface: Interface, engine: str) -> str:
    """Say from the numbers alone what a formula is off by on one interface."""
    one = solved(engine, iface)
    expected, exact = _both(equation, formula, one)
    by_k = exact.shape[:1] == one.k_perp.shape
    where = {"k_z is imaginary": iface.kz_squared(one.k_perp**2) < 0} if by_k else {}
    return diagnose(expected, exact, where=where)


def _both(equation: Equation, formula: Formula, one: Solved) -> tuple[Array | Complex, Array | Complex]:
    """Return what a formula says and what exact numerics give."""
    exact = np.asarray(equation.of.measure(one).value)
    return evaluated(formula, one, exact.shape), exact


def worst(
    on: tuple[Interface, ...], tried: Callable[[Interface], Comparison], relative: bool = True
) -> tuple[Interface, Comparison]:
    """Return the worst of all interfaces, and where: the worst verdict, there the largest difference."""

    def badness(entry: tuple[Interface, Comparison]) -> tuple[int, float]:
        found = entry[1]
        off = abs(found.expected - found.measured.value)
        return found.verdict.severity, found.relative_difference if relative else off

    return max(((iface, tried(iface)) for iface in on), key=badness)


def judge(
    of: Measurable, formula: Formula, on: tuple[Interface, ...], engine: str
) -> tuple[Interface, Comparison]:
    """Try a formula for a quantity on interfaces; return the worst, and where."""

    def tried(iface: Interface) -> Comparison:
        one = solved(engine, iface)
        return try_formula(formula, one, measure_of(of)(one))

    return worst(on, tried)


def measure_of(of: Measurable) -> Exact:
    """Return how something is measured."""
    return of.measure if isinstance(of, Quantity) else of


def relation(
    exact: Measurable, formula: Formula, quantity: str, why: str, on: tuple[Interface, ...] = FINITE
) -> Callable[[str], Iterator[Trial]]:
    """Return the judge of a statement that says a formula, without a number of its own."""

    def tried(engine: str) -> Iterator[Trial]:
        iface, comparison = judge(exact, formula, on, engine)
        yield Trial(quantity, comparison, f"{why} Worst on {iface.name}.", engine=engine)

    return tried


def balance(
    left: Measurable, right: Measurable, quantity: str, why: str, on: tuple[Interface, ...] = GENERAL
) -> Callable[[str], Iterator[Trial]]:
    """Return the judge of a statement that two exact quantities are equal."""

    def tried(engine: str) -> Iterator[Trial]:
        def both(iface: Interface) -> Comparison:
            a, b = (measure_of(side)(solved(engine, iface)) for side in (left, right))
            # Both come from the same states: their errors add up.
            origins = joined(why for m in (a, b) for _, why in m.terms.values())
            sides = Estimate(b.value, {"both sides": (a.error + b.error, origins)})
            return compare(real(a.value), sides.parts)

        iface, found = worst(on, both, relative=False)
        yield Trial(quantity, found, f"{why} Worst on {iface.name}.", engine=engine)

    return tried
