"""Equations judged: formula against exact numerics, over every interface, by every engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.audit.registry import Equation
from sotcheck.audit.samples import Formula, Measured, Solved, solved
from sotcheck.model import Interface
from sotcheck.spin import Array
from sotcheck.verdict import Comparison, compare

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
