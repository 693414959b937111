"""Real roots and minima of functions over many decades."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from sotcheck.numerics.arrays import Array

Function = Callable[[Array], Array]


def scan(start: float, unit: float, far: float = 1e6) -> Array:
    """Return start and 40 points a decade beyond it, from 1e-9 to `far` units."""
    return start + unit * _decades(far)


@lru_cache(maxsize=8)
def _decades(far: float) -> Array:
    points = int(40 * np.log10(far / 1e-9)) + 1
    return np.concatenate([[0.0], np.geomspace(1e-9, far, points)])


def minimum(f: Function, x: Array) -> tuple[float, float]:
    """Return (x, f(x)) at the lowest point of a smooth f: scanned at the points x, then refined."""
    values = f(x)
    i = int(np.argmin(values))
    at = (float(x[i]), float(values[i]))
    if i == 0:
        return at
    found = _lowest(f, float(x[i - 1]), float(x[min(i + 1, len(x) - 1)]))
    return min(found, at, key=lambda pair: pair[1])


def roots(f: Function, x: Array, values: Array) -> list[float]:
    """Return every root of a smooth f between the first and last of the points x, close pairs too.

    `values` are those of f at the points.
    """
    from scipy.optimize import brentq

    before, here, after = values[:-2], values[1:-1], values[2:]
    nearer = (np.abs(here) < np.abs(before)) & (np.abs(here) < np.abs(after))

    def turn(i: Any) -> float:
        sign = np.sign(values[i])
        return _lowest(lambda x: sign * f(x), x[i - 1], x[i + 1])[0]

    # Between a pair that no point separates |f| has a maximum of the other sign: the extremum tells.
    extrema = [turn(i) for i in np.flatnonzero(nearer & (here * before > 0) & (here * after > 0)) + 1]
    x, values = np.append(x, extrema), np.append(values, [f(np.array(e)) for e in extrema])
    order = np.argsort(x)
    x, values = x[order], values[order]
    changes = np.flatnonzero(np.signbit(values[:-1]) != np.signbit(values[1:]))
    return [float(brentq(f, x[i], x[i + 1], xtol=1e-300, rtol=1e-15)) for i in changes]


def _lowest(f: Function, lower: float, upper: float) -> tuple[float, float]:
    """Return (x, f(x)) at the lowest point between two others."""
    from scipy.optimize import minimize_scalar

    options = {"xatol": 1e-12 * upper}
    found = minimize_scalar(
        lambda x: float(f(np.array(x))), bounds=(lower, upper), method="bounded", options=options
    )
    return float(found.x), float(found.fun)
