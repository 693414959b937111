"""Formulas judged against exact numerics on all their interfaces by one engine; what a wrong one lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from sotcheck.errors import TheoryError
from sotcheck.exact.quantity import Quantity
from sotcheck.exact.solved import Exact, Solved, solved
from sotcheck.numerics.arrays import Array, Complex, Mask
from sotcheck.numerics.estimate import Estimate, joined
from sotcheck.system.interface import Interface
from sotcheck.trial.entries import Equation, Formula
from sotcheck.trial.grounds import FINITE, GENERAL, symbols
from sotcheck.trial.verdict import Comparison, Trial, compare

#: Relative to the largest number: what is the same. Errors of exact numerics are far below.
SAME = 1e-6
#: Ratios are only looked at where both numbers are above this fraction of the largest.
VISIBLE = 1e-3
#: Most pairs of numbers kept for a plot.
SAMPLE = 100
#: What a formula is held against, with words or without.
Measurable = Quantity | Exact


def real(values: Any) -> Array:
    """Return real and imaginary parts as a last axis."""
    values = np.asarray(values)
    return np.stack([values.real, values.imag], axis=-1)


def evaluated(formula: Formula, one: Solved, shape: tuple[int, ...]) -> Array | Complex:
    """Return what a formula says, of the shape of what is measured, or raise a TheoryError."""
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


def diagnose(expected: Array | Complex, measured: Array | Complex, *, where: Mapping[str, Mask]) -> str:
    """Say how a formula differs from exact numbers.

    Both are arrays (n, ...), fieldlike + i dampinglike for a torque; `where` has masks (n, ...) of regimes by
    words that go on with "where": "k_z is imaginary". The first that holds is said: no difference, a relation
    everywhere, one regime alone at fault, one component alone at fault, a constant term, no simple relation.
    """
    a, b = np.broadcast_arrays(np.asarray(expected, complex), np.asarray(measured, complex))
    tolerance = SAME * max(np.abs(a).max(initial=0.0), np.abs(b).max(initial=0.0))
    wrong = np.abs(b - a) > tolerance
    if not wrong.any():
        return "no difference"
    everywhere = _relation(a, b, tolerance)
    if everywhere:
        return everywhere
    words, inside = _regime(wrong, np.abs(b) > tolerance, where) or ("", ...)
    a, b = a[inside], b[inside]
    related = _relation(a, b, tolerance) if words else None
    found = related or _component(a, b, tolerance) or _unrelated(a, b)
    return f"wrong only where {words}: {found}" if words else found


def _relation(expected: Complex, measured: Complex, tolerance: float) -> str | None:
    """Return the relation that turns one into the other, or None."""
    if np.abs(expected).max() <= tolerance:
        return "a term is missing: the formula is zero there"
    if np.abs(measured).max() <= tolerance:
        return "a term too much: it should be zero there"
    swapped = 1j * expected.conj()
    for words, candidate in (
        ("", expected),
        ("fieldlike and dampinglike (real and imaginary part) swapped", swapped),
        ("conjugated", expected.conj()),
    ):
        # Least squares.
        ratio = complex(np.vdot(candidate, measured) / np.vdot(candidate, candidate))
        if np.abs(measured - ratio * candidate).max() > tolerance:
            continue
        if candidate is swapped and abs(ratio.imag) > SAME * abs(ratio):
            # With a phase between them, all that is left of it is the conjugation.
            continue
        return "; ".join(part for part in (words, _factor(ratio)) if part)
    return None


def _factor(ratio: complex) -> str:
    """Describe the constant by which a formula has to be multiplied."""
    parts = []
    size, turn = abs(ratio), ratio / abs(ratio)
    if abs(turn + 1) < SAME:
        parts.append("the sign is wrong")
    elif abs(turn - 1j) < SAME:
        parts.append("a factor i is missing")
    elif abs(turn - 1) >= SAME:
        parts.append(f"a phase of {np.degrees(np.angle(turn)):.3f} degrees")
    if abs(size - 1) >= SAME:
        change = f"a missing factor {size:.3f}" if size > 1 else f"a factor {1 / size:.3f} too much"
        parts.append(f"ratio constant {size:.3f}: {change}")
    return "; ".join(parts)


def _regime(wrong: Mask, seen: Mask, where: Mapping[str, Mask]) -> tuple[str, Mask] | None:
    """Return the smallest regime, or complement of one, with everything wrong but not everything seen."""
    found: list[tuple[int, str, Mask]] = []
    for words, mask in where.items():
        one_each = np.reshape(mask, np.shape(mask) + (1,) * (wrong.ndim - np.ndim(mask)))
        inside = np.broadcast_to(one_each, wrong.shape)
        for name, area in ((words, inside), (f"it is not true that {words}", ~inside)):
            if not (wrong & ~area).any() and ((seen & ~area).any()):
                found.append((int(area.sum()), name, area))
    return min(found, key=lambda entry: entry[0])[1:] if found else None


def _component(expected: Complex, measured: Complex, tolerance: float) -> str | None:
    """Say which component alone is wrong, or None if both are."""
    parts = {
        "the fieldlike (real) component": (expected.real, measured.real),
        "the dampinglike (imaginary) component": (expected.imag, measured.imag),
    }
    wrong = {name: pair for name, pair in parts.items() if np.abs(pair[0] - pair[1]).max() > tolerance}
    # A real quantity has one component only.
    if len(wrong) != 1 or min(np.abs(exact).max() for _, exact in parts.values()) <= tolerance:
        return None
    ((name, pair),) = wrong.items()
    a, b = (values.astype(complex) for values in pair)
    return f"only {name} is wrong: {_relation(a, b, tolerance) or _unrelated(a, b)}"


def _unrelated(expected: Complex, measured: Complex) -> str:
    """Describe what no relation describes."""
    difference = measured - expected
    spread = np.abs(difference - difference.mean()).max()
    if difference.size > 1 and spread <= SAME * np.abs(difference).max():
        mean = complex(difference.mean())
        return f"wrong by a constant term, {mean.real:.3g}{mean.imag:+.3g}i is missing"
    largest = max(np.abs(expected).max(), np.abs(measured).max())
    visible = (np.abs(expected) > VISIBLE * largest) & (np.abs(measured) > VISIBLE * largest)
    if not visible.any():
        return "no simple relation: where one is large the other is small"
    ratio = np.abs(measured[visible] / expected[visible])
    return f"wrong by a term, no simple relation (ratio from {ratio.min():.3g} to {ratio.max():.3g})"
