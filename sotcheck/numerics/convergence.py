"""Observed orders and Richardson extrapolation of sequences; knows arrays, no physics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.numerics.arrays import Array

#: Local slopes that differ by more than this belong to no order yet.
SETTLED = 0.5
#: How far off their order local slopes may be, and still be those of a series in that order.
EXPECTED = 0.25


@dataclass(frozen=True)
class Extrapolation:
    """The limit of a sequence whose error is a power series in the step.

    Attributes
    ----------
    limit : array (...)
    error : array (...)
        What the last elimination changed: a bound on what the next one would; infinite without any.
    rounding : array (...)
        The values' rounding errors, amplified by the eliminations.
    """

    limit: Array
    error: Array
    rounding: Array


def richardson(values: Array, powers: tuple[int, ...], noise: Array | float = 0.0) -> Extrapolation:
    """Extrapolate values at steps s, s/2, s/4, … to step 0.

    Parameters
    ----------
    values : array (n, ...)
        From the coarsest to the finest step.
    powers : tuple of n − 1 ints
        Powers of the step in the error series, one eliminated at each level.
    noise : array (n, ...) or float
        Rounding error of the values, carried through the table.

    Returns
    -------
    Extrapolation
    """
    column = np.asarray(values, dtype=float)
    rounding = np.broadcast_to(np.asarray(noise, dtype=float), column.shape)
    previous = np.full_like(column[-1], np.inf)
    for power in powers:
        factor = 2.0**power
        previous = column[-1]
        column = (factor * column[1:] - column[:-1]) / (factor - 1)
        rounding = (factor * rounding[1:] + rounding[:-1]) / (factor - 1)
    return Extrapolation(column[-1], np.abs(column[-1] - previous), rounding[-1])


def finest(values: Array, powers: tuple[int, ...], noise: Array, axes: tuple[int, ...]) -> Extrapolation:
    """Extrapolate from those neighbouring steps of a ladder that leave the smallest error.

    Finer steps converge better until rounding outweighs what they gain: each entry has steps of its own.

    Parameters
    ----------
    values : array (n, ...)
        From the coarsest to the finest step; n > len(powers) + 1 leaves a choice.
    powers : tuple of int
        As for `richardson`.
    noise : array (n, ...)
        Rounding errors, broadcastable to `values`.
    axes : tuple of int
        Axes of one vector, counted from the end: one component may escape an elimination by accident, so that
        all get the largest error.

    Returns
    -------
    Extrapolation
        Its error is infinite where the steps before the last show another order than powers[0].
    """
    length = len(powers) + 1
    noise = np.broadcast_to(noise, values.shape)
    best: Extrapolation | None = None
    for start in range(len(values) - length + 1):
        some, its_noise = values[start : start + length], noise[start : start + length]
        fit = richardson(some, powers, its_noise)
        rounding = fit.rounding.max(axis=axes, keepdims=True)
        steps, shaken = (
            one.max(axis=axes, keepdims=True) for one in (np.abs(np.diff(some, axis=0)), its_noise[1:])
        )
        fast, slow = (2.0 ** -(powers[0] + sign * EXPECTED) * steps[:-1] for sign in (1, -1))
        in_order = (fast <= steps[1:]) & (steps[1:] <= slow)
        settled = np.all(in_order | (steps[1:] <= 2 * shaken[1:]), axis=0)
        error = np.where(settled, fit.error.max(axis=axes, keepdims=True), np.inf)
        found = Extrapolation(fit.limit, error + 0 * fit.error, rounding + 0 * fit.error)
        if best is None:
            best = found
        else:
            better = found.error + found.rounding < best.error + best.rounding
            best = Extrapolation(
                *(
                    np.where(better, getattr(found, n), getattr(best, n))
                    for n in ("limit", "error", "rounding")
                )
            )
    if best is None:
        raise ValueError(f"{len(values)} steps are too few to eliminate {len(powers)} powers")
    return best


@dataclass(frozen=True)
class Slope:
    """An order of convergence with its uncertainty."""

    value: float
    error: float


def observed_order(errors: Array, noise: Array, power: int = 2, settled: float = SETTLED) -> Slope:
    """Return the order p of errors ~ s^p (1 + O(s^power)) at steps s, s/2, s/4, ….

    The local slopes log2(e_i / e_{i+1}) are themselves extrapolated to s → 0.

    Parameters
    ----------
    errors : array (n,), n ≥ 3
        Positive, from the coarsest to the finest step.
    noise : array (n,)
        Rounding error of each.
    power : int
        Next power in the series.
    settled : float
        Local slopes that differ by more belong to no order yet.

    Returns
    -------
    Slope
        From the three neighbouring steps that tell it best. Its error is what the last extrapolation changed,
        plus the rounding carried through the logarithm; infinite when rounding swamps the errors, or when
        the local slopes have not settled: then no order is seen yet.
    """
    errors, noise = np.asarray(errors, dtype=float), np.asarray(noise, dtype=float)
    found = [_slope(errors[n : n + 3], noise[n : n + 3], power, settled) for n in range(len(errors) - 2)]
    best = Slope(float("nan"), float("inf"))
    for n, slope in enumerate(found):
        # Terms of a series may hide one another in one place: not in the next as well.
        neighbours = [other for other in found[max(n - 1, 0) : n + 2] if other is not slope]
        doubt = min(
            (abs(slope.value - other.value) for other in neighbours if np.isfinite(other.value)), default=0.0
        )
        # The finer of two that are as good.
        if slope.error + doubt <= best.error:
            best = Slope(slope.value, slope.error + doubt)
    return best


def _slope(errors: Array, noise: Array, power: int, settled: float) -> Slope:
    """Return the order that three neighbouring errors show."""
    if not np.all(errors > noise):
        return Slope(float("nan"), float("inf"))
    local = np.log2(errors[:-1] / errors[1:])
    local_noise = (noise[:-1] / errors[:-1] + noise[1:] / errors[1:]) / np.log(2)
    fit = richardson(local, (power,), local_noise)
    seen = abs(local[1] - local[0]) <= settled
    return Slope(float(fit.limit), float(fit.error + fit.rounding) if seen else float("inf"))
