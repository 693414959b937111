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
    middles, halves = (ends[1:] + ends[:-1]) / 2, np.diff(ends) / 2
    first = np.searchsorted(nodes, middles) - window // 2
    chosen = np.clip(first, 0, len(nodes) - window)[:, None] + np.arange(window)
    near = nodes[chosen]
    u, v = np.polynomial.legendre.leggauss(window // 2 + 1)
    at = middles[:, None] + halves[:, None] * u
    # Lagrange's polynomials at the Gauss nodes of each piece: (pieces, nodes, window).
    apart = near[:, :, None] - near[:, None, :] + np.eye(window)
    reached = np.broadcast_to((at[:, :, None] - near[:, None, :])[..., None, :], (*at.shape, window, window))
    basis = np.where(np.eye(window, dtype=bool), 1.0, reached / apart[:, None]).prod(axis=-1)
    found = np.zeros(len(nodes))
    np.add.at(found, chosen, np.einsum("pgw,g,p->pw", basis, v, halves))
    return found


def integral(values: Array, nodes: Array, lower: float, upper: float) -> Estimate:
    """Return ∫f from values (n, ...) at sorted nodes (n,) of an f that vanishes at both ends.

    Each half of the nodes says how sure it is, and all of them without the zeros: where these lie beyond what
    the nodes resolve, it is not.
    """
    ends = lower, upper
    known = np.pad(values, [(1, 1), *[(0, 0)] * (values.ndim - 1)])
    at, every = np.array([lower, *nodes, upper]), np.arange(len(nodes) + 2)
    kept = every, np.setdiff1d(every, every[1:-1:2]), np.setdiff1d(every, every[2:-1:2]), every[1:-1]
    tried = []
    for degree in (one for one in DEGREES if one < len(nodes) // 2 + 2):
        whole, *rest = (np.tensordot(weights(at[some], *ends, degree), known[some], 1) for some in kept)
        changes = np.abs(np.array(rest) - whole) * np.array([1, 1, UNSEEN]).reshape(-1, *(1,) * whole.ndim)
        tried.append((whole, changes.max(axis=0)))
    (value, error), (_, second), *_ = sorted(tried, key=lambda one: float(one[1].max()))
    # The best may be so by accident.
    return Estimate(value, {"quadrature": (np.maximum(error, second), LEFT_OUT)})
