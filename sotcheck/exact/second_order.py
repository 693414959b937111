"""Coefficients of h_R², opposite k_⊥ paired, and averages over directions."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.engines.conditioning import reach
from sotcheck.exact.solved import ANGLES, Solved, solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.states import States

#: Degree in h_R² of the interpolation, and its range of |h_R| in radii of convergence: 18^-11 is 2e-14.
DEGREE = 11
REACH = 0.5
#: Chebyshev points of h_R² on [0, 1], from 0, and the first row of their differentiation matrix.
POINTS: Array = np.sin(np.pi * np.arange(DEGREE + 1) / (2 * DEGREE)) ** 2
_SIGNS = (-1.0) ** np.arange(DEGREE + 1) * np.where(np.arange(DEGREE + 1) % DEGREE == 0, 0.5, 1.0)
SLOPE: Array = _SIGNS[1:] / _SIGNS[0] / -POINTS[1:]


@lru_cache(maxsize=256)
def _states(one: Solved) -> tuple[States, Array]:
    """Return exact states with axes (k_⊥, angle, point), and the range of h_R² by k_⊥."""
    radius = reach(one.iface, one.k_perp, ANGLES).min(axis=1)
    # Where nothing limits the expansion, h_R k_⊥ is kept below a wave number.
    largest = REACH * np.minimum(radius, 1.0)
    grid = one.k_perp[:, None, None], ANGLES[:, None], largest[:, None, None] * np.sqrt(POINTS)
    return EXACT[one.engine].solve(one.iface.structure, *np.broadcast_arrays(*grid)), largest**2


def quadratic(one: Solved, seen: Callable[[States], Array | Complex]) -> Estimate:
    """Return the coefficient of h_R² of what is seen, shape (n, 6, points, ...): a polynomial's slope."""
    states, reach = _states(one)
    values = np.moveaxis(seen(states), 2, 0)
    # −h_R is the opposite angle, half-way round the ANGLES.
    even = (values + np.roll(values, 3, axis=2)) / 2
    scale = reach.reshape(-1, *(1,) * (even.ndim - 2))
    # The last Chebyshev coefficient, and what it has for a slope at the end of the range.
    last = np.abs(np.tensordot(_SIGNS, even, axes=1)) / DEGREE
    inner = tuple(range(1, last.ndim))
    error = 2 * DEGREE**2 * last.max(axis=inner, keepdims=True) / scale
    # Currents are differences of fluxes of order one.
    size = np.maximum(1.0, np.abs(values).max(axis=(0, *(i + 1 for i in inner)), keepdims=True)[0])
    noise = 2 * one.rounding * np.abs(SLOPE).sum() * size / scale
    return Estimate(
        np.tensordot(SLOPE, even[1:] - even[0], axes=1) / scale,
        {
            "next order": (error, "last Chebyshev coefficient in h_R^2"),
            "rounding": (noise, "double precision over h_R^2"),
        },
    )


def averaged(found: Estimate, weight: Array | float = 1.0) -> Estimate:
    """Return the average over angles of a quantity with axes (k_⊥, angle, ...); one angle is left."""
    shaped = np.reshape(weight, (*np.shape(weight), *(1,) * (len(found.shape) - np.ndim(weight))))
    return (found * shaped).mean(axis=1, keepdims=True)


def turned(one: Solved, m: tuple[float, float, float]) -> Solved:
    """Return the same interface with another magnetization."""
    return solved(one.engine, one.iface.with_(m=m), one.nodes)
