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
    the nodes resolve, it is not.
    """
    inside = (nodes > lower) & (nodes < upper)
    values, nodes, ends = values[inside], nodes[inside], (lower, upper)
    known = np.pad(values, [(1, 1), *[(0, 0)] * (values.ndim - 1)])
    at, every = np.array([lower, *nodes, upper]), np.arange(len(nodes) + 2)
    kept = every, np.setdiff1d(every, every[1:-1:2]), np.setdiff1d(every, every[2:-1:2]), every[1:-1]
    tried: list[tuple[Array, Array]] = []
    for degree in (one for one in DEGREES if one < len(nodes) // 2 + 2):
        whole, *rest = (np.tensordot(weights(at[some], *ends, degree), known[some], 1) for some in kept)
        changes = np.abs(np.array(rest) - whole) * np.array([1, 1, UNSEEN]).reshape(-1, *(1,) * whole.ndim)
        tried.append((whole, changes.max(axis=0)))
    (value, error), (_, second), *_ = sorted(tried, key=lambda one: float(one[1].max()))
    # The best may be so by accident.
    return Estimate(value, {"quadrature": (np.maximum(error, second), LEFT_OUT)})
