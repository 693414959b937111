"""Equations judged: formula against exact numerics, over every interface, by every engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.exact.solved import Formula, Measured, Solved, solved
from sotcheck.numerics.arrays import Array
from sotcheck.system.interface import Interface
from sotcheck.trial.diagnose import diagnose
from sotcheck.trial.registry import Equation
from sotcheck.trial.verdict import Comparison, compare

#: Most pairs of numbers kept for a plot.
SAMPLE = 100
SEVERITY = {"agrees": 0, "inconclusive": 1, "disagrees": 2}


def real(values: Any) -> Array:
    """Return real and imaginary parts as a last axis."""
    values = np.asarray(values)
    return np.stack([values.real, values.imag], axis=-1)


def try_formula(formula: Formula, one: Solved, measured: Measured) -> Comparison:
    """Compare a formula with the exact quantity on one interface.

    Rounding of the formula's own evaluation counts as the engine's.
    """
    expected = np.broadcast_to(formula(one.symbols), np.shape(measured.value))
    shape = np.shape(measured.value)
    terms = {
        name: (size if np.ndim(size) == 0 else np.broadcast_to(size, shape)[..., None], why)
        for name, (size, why) in measured.terms.items()
    }
    scale = float(max(np.abs(measured.value).max(), np.abs(expected[np.isfinite(expected)]).max(initial=0.0)))
    terms["rounding of the formula"] = (one.rounding * scale, "double precision of the formula's own terms")
    return compare(real(expected), real(measured.value), terms, scale=scale)


def sample_pairs(equation: Equation, formula: Formula, engine: str) -> Array:
    """Return pairs of what a formula and exact numerics give, at most SAMPLE, shape (n, 2), for a plot.

    On each interface they are relative to the largest exact number; what is far outside comes to the edge.
    """
    pairs = []
    for iface in equation.interfaces:
        one = solved(engine, iface)
        exact = np.asarray(equation.exact(one).value)
        scale = float(np.abs(exact).max()) or 1.0
        both = [
            real(values / scale).ravel()
            for values in (np.broadcast_to(formula(one.symbols), exact.shape), exact)
        ]
        pairs.append(np.stack(both, axis=-1))
    found = np.concatenate(pairs)
    # Zeros against zeros show nothing.
    found = found[np.abs(found).max(axis=-1) > 1e-9]
    return np.clip(found[:: max(1, len(found) // SAMPLE)], -1.1, 1.1)


def words_for(equation: Equation, formula: Formula, iface: Interface, engine: str) -> str:
    """Say from the numbers alone what a formula is off by on one interface."""
    one = solved(engine, iface)
    exact = np.asarray(equation.exact(one).value)
    expected = np.broadcast_to(np.asarray(formula(one.symbols)), exact.shape)
    where = {}
    if exact.shape[:1] == one.k_perp.shape:
        where = {"k_z is imaginary": iface.kz_squared(one.k_perp**2) < 0}
    return diagnose(expected, exact, where=where)


def judge(equation: Equation, formula: Formula, engine: str) -> tuple[Interface, Comparison]:
    """Try one form of an equation on all its interfaces; return the worst, and where."""
    tried = []
    for iface in equation.interfaces:
        one = solved(engine, iface)
        tried.append((iface, try_formula(formula, one, equation.exact(one))))

    def badness(entry: tuple[Interface, Comparison]) -> tuple[int, float]:
        found = entry[1]
        scale = max(abs(found.expected), abs(found.measured)) or 1.0
        return SEVERITY[found.verdict], abs(found.expected - found.measured) / scale

    return max(tried, key=badness)
