"""Values on an ellipse around an interval: how often their phase turns, and those on a smaller one."""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.numerics.arrays import Array, Complex, Index, Mask
from sotcheck.numerics.tails import last_harmonics

#: The largest relative step that counts as resolved.
LARGEST_STEP = 0.6
#: How many times as many points a phase is followed through; harmonics at either end tell what they lack.
FINER, TAIL = 4, 3


def inwards(values: Complex, rho: Array, smaller: Array) -> Complex:
    """Return functions on smaller ellipses, of their values on some, from their Chebyshev series."""
    points = values.shape[1]
    k = np.arange(1, points // 2)
    series = np.fft.fft(values, axis=1)
    rho, smaller = rho[:, None], smaller[:, None]
    terms = series[:, k]
    series[:, k], series[:, -k] = terms * (smaller / rho) ** k, terms / (smaller * rho) ** k
    series[:, points // 2] = 0
    return np.fft.ifft(series, axis=1)


def turns_of(values: Complex) -> tuple[Index, Mask]:
    """Return how often the phase of each row turns, going round, and whether it can be followed.

    It is followed between the points too, by their own harmonics, where what these lack hides no zero.
    """
    points = values.shape[1]
    # Where a function has no value, no phase can be followed.
    valued: Mask = np.asarray(np.isfinite(values).all(axis=1))
    lacks = np.abs(np.where(valued[:, None], values, 0) @ last_harmonics(points, TAIL)).sum(axis=1)
    turns, followed = _steps(values, lacks)
    # Where points suffice none between them is asked.
    if (left := np.flatnonzero(valued & ~followed)).size:
        finer, half = np.zeros((len(left), FINER * points), dtype=complex), points // 2
        harmonics = np.fft.fft(values[left], axis=1) * FINER
        finer[:, :half], finer[:, -half:] = harmonics[:, :half], harmonics[:, half:]
        turns[left], followed[left] = _steps(np.fft.ifft(finer, axis=1), lacks[left])
    return turns, valued & followed


def _steps(values: Complex, lacks: Array) -> tuple[Index, Mask]:
    """Return the turns of rows of points, and where steps are small and what harmonics lack hides no zero."""
    following, size = _next(values), np.abs(values)
    # A step past a double zero hides a whole turn, but not the change in size beside it.
    change = np.abs(following - values) - LARGEST_STEP * np.maximum(size, _next(size))
    followed: Mask = (change.max(axis=1) < 0) & (lacks < size.min(axis=1) / FINER)
    # Steps as small as that pass the negative real axis once a turn: downwards, or backwards, upwards.
    passed = np.subtract(following.imag < 0, values.imag < 0, dtype=int)
    return np.where(values.real < 0, passed, 0).sum(axis=1), followed


def _next(values: Any) -> Any:
    """Return the following point's value at each point of rows."""
    return np.concatenate([values[:, 1:], values[:, :1]], axis=1)
