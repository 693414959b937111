"""Observed orders and Richardson extrapolation of sequences; knows arrays, no physics."""

from __future__ import annotations

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate, side_by_side

#: How far off their order local slopes may be, and still be those of a series in that order.
EXPECTED = 0.25


def richardson(
    values: Array | Complex,
    powers: tuple[int, ...],
    noise: Array | float = 0.0,
    name: str = "next order",
    origin: str = "last elimination of Richardson's table",
) -> Estimate:
    """Extrapolate values (n, ...) at steps s, s/2, s/4, … to step 0.

    One of the n − 1 powers of the step in the error series is eliminated at each level. The error term `name`
    is what the last elimination changed, infinite without any; "rounding" the values' noise amplified.
    """
    column = np.asarray(values)
    rounding = np.broadcast_to(np.asarray(noise, dtype=float), column.shape)
    previous = np.full(column.shape[1:], np.inf)
    for power in powers:
        factor = 2.0**power
        previous = column[-1]
        column = (factor * column[1:] - column[:-1]) / (factor - 1)
        rounding = (factor * rounding[1:] + rounding[:-1]) / (factor - 1)
    change = column[-1] - previous
    error = np.maximum(np.abs(change.real), np.abs(change.imag))
    carried = (rounding[-1], "double precision, carried through the table")
    return Estimate(column[-1], {name: (error, origin), "rounding": carried})


def finest(
    values: Array,
    powers: tuple[int, ...],
    noise: Array,
    axes: tuple[int, ...],
    name: str = "next order",
    origin: str = "last elimination of Richardson's table",
) -> Estimate:
    """Extrapolate as `richardson` from those neighbouring steps of a ladder that leave the smallest error.

    Finer steps converge better until rounding outweighs what they gain: each entry has steps of its own. The
    term `name` is infinite where the steps before the last show another order than powers[0]. Along `axes`,
    from the end, lies one vector: as one component may escape by accident, all get the largest error.
    """
    length = len(powers) + 1
    if len(values) < length:
        raise ValueError(f"{len(values)} steps are too few to eliminate {len(powers)} powers")
    noise = np.broadcast_to(noise, values.shape)

    def fit(some: slice) -> Estimate:
        found = richardson(values[some], powers, noise[some], name, origin).shared(axes)
        steps, shaken = (
            one.max(axis=axes, keepdims=True)
            for one in (np.abs(np.diff(values[some], axis=0)), noise[some][1:])
        )
        fast, slow = (2.0 ** -(powers[0] + sign * EXPECTED) * steps[:-1] for sign in (1, -1))
        in_order = (fast <= steps[1:]) & (steps[1:] <= slow)
        settled = np.all(in_order | (steps[1:] <= 2 * shaken[1:]), axis=0)
        return found.and_(name, np.where(settled, 0.0, np.inf), origin)

    fits = side_by_side([fit(slice(i, i + length))[None] for i in range(len(values) - length + 1)])
    best = np.argmin(fits.error, axis=0)[None]
    return fits.each(lambda arrays: np.take_along_axis(arrays, best, axis=0)[0])


def slope(value: float, error: float) -> Estimate:
    """Return an order of convergence with its uncertainty."""
    return Estimate(value, {"next order": (error, "change of the local slope at the last rung, and noise")})


def observed_order(errors: Array, noise: Array, power: int = 2, settled: float = 0.5) -> Estimate:
    """Return the order p of errors ~ s^p (1 + O(s^power)), n ≥ 3 of them at steps s, s/2, s/4, ….

    The local slopes log2(e_i / e_{i+1}) are extrapolated to s → 0, from the three neighbouring steps that
    tell best. The error is what the last extrapolation changed, plus the rounding `noise`; infinite when
    rounding swamps the errors, or when the local slopes differ by more than `settled`: then no order is seen
    yet.
    """
    errors, noise = np.asarray(errors, dtype=float), np.asarray(noise, dtype=float)
    found = [_slope(errors[n : n + 3], noise[n : n + 3], power, settled) for n in range(len(errors) - 2)]
    best = slope(np.nan, np.inf)
    for n, one in enumerate(found):
        # Terms of a series may hide one another in one place: not in the next as well.
        others = [other.value for other in found[max(n - 1, 0) : n + 2] if other is not one]
        doubt = min((abs(one.value - other) for other in others if np.isfinite(other)), default=0.0)
        # The finer of two that are as good.
        if one.total + doubt <= best.total:
            best = slope(one.value, one.total + doubt)
    return best


def _slope(errors: Array, noise: Array, power: int, settled: float) -> Estimate:
    """Return the order that three neighbouring errors show."""
    if not np.all(errors > noise):
        return slope(np.nan, np.inf)
    local = np.log2(errors[:-1] / errors[1:])
    local_noise = (noise[:-1] / errors[:-1] + noise[1:] / errors[1:]) / np.log(2)
    fit = richardson(local, (power,), local_noise)
    seen = abs(local[1] - local[0]) <= settled
    return slope(float(fit.value), fit.total if seen else np.inf)


def power_law(values: Estimate, *, logarithm: bool = False) -> Estimate:
    """Return the exponent p of vectors (n, 3) ~ h^p (1 + b h + …) on a halving ladder.

    With `logarithm`, of h^p (log h + b + …), read off the differences of neighbours over h³. Local slopes are
    extrapolated once; the error is what that changed, and its change a step before, plus the noise.
    """
    if logarithm:
        over_cube = values * 8.0 ** np.arange(len(values.value))[:, None]
        values = over_cube[1:] - over_cube[:-1]
    size, noise = norm(values).value, norm(values).error
    if np.any(size <= noise):
        return slope(np.nan, np.inf)
    local = np.log2(size[:-1] / size[1:])
    before, limit = 2 * local[-2] - local[-3], 2 * local[-1] - local[-2]
    change = max(abs(limit - local[-1]), abs(before - local[-2]) / 2)
    carried = 3 * float((noise[-3:] / size[-3:]).sum()) / np.log(2)
    return slope(float(limit) + (3.0 if logarithm else 0.0), float(change + carried))


def norm(vectors: Estimate) -> Estimate:
    """Return the norms of vectors along the last axis."""
    return vectors.each(lambda array: np.linalg.norm(array, axis=-1))


def limit_at_zero(steps: Array, values: Estimate) -> Estimate:
    """Return c of values = c + h (b + d log h) + … (n,) at a ladder of h, from the last three.

    The error is the change from the three before, plus the values' own carried through.
    """

    def limit(chosen: slice) -> Estimate:
        h = steps[chosen]
        basis = np.stack([np.ones(3), h, h * np.log(h)], axis=1)
        return values[chosen] @ np.linalg.inv(basis)[0]

    last, before = limit(slice(-3, None)), limit(slice(-4, -1))
    return last.and_("next order", abs(last.value - before.value), "change from the steps before")
