"""Integrals of what is known at given points only, with an error from leaving every second one out.

Between neighbouring points the integrand is the polynomial through the nearest ones; of several degrees the
one whose integral changes least counts.
"""

from __future__ import annotations

import numpy as np

from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate

#: Degrees of the polynomials that are tried.
DEGREES = (1, 2, 3, 5, 7, 9, 11)
#: Pieces at a time.
BLOCK = 4096
#: What lies between the outermost node and the end may be so many times what the zero there makes of it.
UNSEEN = 4.0
#: How much more slowly a rule may gain by the last doubling of its nodes than by the one before; and what a
#: half may miss, relative, for that to be believed.
SAFETY, SMOOTH = 4.0, 5e-3
#: How the error is found.
LEFT_OUT = "every second row left out"


def weights(nodes: Array, lower: float, upper: float, degree: int) -> Array:
    """Return the weights (n,) of an integral from lower to upper by sorted nodes (n,) within.

    Beyond the outermost nodes their polynomials go on.
    """
    window = min(degree + 1, len(nodes))
    ends = np.unique([lower, *nodes, upper])
    first = np.searchsorted(nodes, (ends[1:] + ends[:-1]) / 2) - window // 2
    chosen = np.clip(first, 0, len(nodes) - window)[:, None] + np.arange(window)
    found = np.zeros(len(nodes))
    for some in np.array_split(np.arange(len(chosen)), len(chosen) // BLOCK + 1):
        np.add.at(found, chosen[some], _shares(nodes[chosen[some]], ends[some], ends[some + 1]))
    return found


def _shares(near: Array, start: Array, end: Array) -> Array:
    """Return the integrals (pieces, window) of Lagrange's polynomials of nodes (pieces, window)."""
    one = np.eye(near.shape[1], dtype=bool)
    u, v = np.polynomial.legendre.leggauss(len(one) // 2 + 1)
    at = (start + end)[:, None] / 2 + (end - start)[:, None] / 2 * u
    apart = near[:, :, None] - near[:, None, :] + one
    reached = (at[:, :, None] - near[:, None, :])[:, :, None, :] / apart[:, None]
    basis = np.where(one, 1.0, reached).prod(axis=-1)
    return np.asarray(np.einsum("pgw,g,p->pw", basis, v, (end - start) / 2))


def integral(values: Array, nodes: Array, lower: float, upper: float) -> Estimate:
    """Return ∫f from values (n, ...) at sorted nodes (n,) of an f that vanishes at both ends.

    Each half of the nodes says how sure it is, and all of them without the zeros: where these lie beyond what
    the nodes resolve, it is not. Where halves are all but right, what quarters miss says how much less all
    nodes do.
    """
    inside = (nodes > lower) & (nodes < upper)
    values, nodes, ends = values[inside], nodes[inside], (lower, upper)
    known = np.pad(values, [(1, 1), *[(0, 0)] * (values.ndim - 1)])
    at, last = np.array([lower, *nodes, upper]), len(nodes) + 1
    halves, quarters = ([np.arange(start, last, step) for start in range(1, step + 1)] for step in (2, 4))
    whole, inner = np.arange(last + 1), np.arange(1, last)
    kept = [whole, *(np.array([0, *some, last]) for some in (*halves, *quarters)), inner, *halves]
    tried: list[tuple[Array, Array, Array]] = []
    for degree in (one for one in DEGREES if one < len(nodes) // 2 + 2):
        found = np.array([np.tensordot(weights(at[some], *ends, degree), known[some], 1) for some in kept])
        changes = np.abs(found - found[0])
        of_half, of_ends = changes[1:3].max(axis=0), UNSEEN * changes[7]
        less = of_half * _gain(of_half, changes[3:7]) + of_ends * _gain(changes[7], changes[8:])
        tried.append((found[0], np.maximum(of_half, of_ends), less))
    (value, error, _), (_, second, _), *_ = sorted(tried, key=lambda one: float(one[1].max()))
    # The best may be so by accident.
    error = np.maximum(error, second)
    if error.max() <= SMOOTH * np.abs(value).max():
        (value, _, error), (other, *_), *_ = sorted(tried, key=lambda one: float(one[2].max()))
        error = error + np.abs(value - other)
    return Estimate(value, {"quadrature": (error, LEFT_OUT)})


def _gain(half: Array, quarters: Array) -> float:
    """Return how much less a rule leaves than one of half its nodes, at most: as that against quarters."""
    # One component may gain by accident.
    return min(1.0, SAFETY * float(half.max() / max(quarters.max(), np.finfo(float).tiny)))
