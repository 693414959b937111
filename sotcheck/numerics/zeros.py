"""Zeros of analytic functions in an ellipse around an interval, many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex, Index, Mask
from sotcheck.numerics.tails import circle
from sotcheck.numerics.turns import inwards, turns_of

#: ``f(z, rows)``: the functions numbered `rows`, each at its own row of z, or all at the only one; (rows, n).
Functions = Callable[[Complex, Index], Complex]

#: Points on the ellipse to begin with, and at most, per 1/(ρ − 1) too: then a zero lies on it.
FIRST_POINTS, MOST_POINTS, ENOUGH = 96, 4096, 256
#: Points of all functions together that are held in memory.
TOGETHER = 2**20
#: By how much ρ − 1 shrinks when a zero lies on the ellipse, and how often.
SHRINKING, MOST_SHRINKINGS = 0.93, 8
#: Smaller ellipses that are tried with the same points.
MOST_INWARDS = 2
#: Degrees of the polynomials whose zeros Newton's method starts from.
DEGREES = (16, 32, 64)
NEWTON_STEPS = 24
#: Newton's derivative is a difference over this part of the interval; a step below the second has arrived (at
#: a double zero, noise of ε makes steps of √ε), and one below the third is the last.
DIFFERENCE, ARRIVED, DONE = 1e-6, 1e-7, 1e-12
#: How much larger, in ρ − 1, the ellipse is in which zeros are started from, and that in which they stay.
NEARBY, AROUND = 2.0, 3.0
#: Zeros of one function that are found together, terms of its series, and steps of Aberth's method.
MOST_INSIDE, MOST_HARMONICS, ABERTH_STEPS = 12, 64, 16
#: Rounding of a Chebyshev series; its error relative to a zero's imaginary part that is good enough, and the
#: power of ρ with which that grows: quadrature asks little of zeros far off.
ROUNDING, SURE, FORGIVING = 1e-15, 1e-9, 16
NONE = np.zeros(0, dtype=complex)
#: Zeros closer than this (relative to the interval) are one and the same.
DISTINCT = 1e-11


def ellipse(lower: float, upper: float, rho: Array, points: int) -> Complex:
    """Return points on the ellipse with foci `lower` and `upper` and sum of half axes ρ (upper − lower)/2."""
    turn = rho[:, None] * circle(points)
    return (lower + upper) / 2 + (upper - lower) / 4 * (turn + 1 / turn)


def parameter(lower: float, upper: float, z: Complex) -> Array:
    """Return ρ of the ellipse that goes through z."""
    u = (2 * np.asarray(z, dtype=complex) - lower - upper) / (upper - lower)
    root = np.sqrt(u - 1) * np.sqrt(u + 1)
    return np.maximum(np.abs(u + root), np.abs(u - root))


def _counted(
    f: Functions, rows: Index, lower: float, upper: float, rho: Array, first: int = FIRST_POINTS
) -> Iterator[tuple[Index, Index, Array, Complex]]:
    """Yield which of the rows have been counted, their zeros, the ρ of their ellipses and f on them.

    Where the phase cannot be followed, a zero lies on the ellipse, which then shrinks a little: as far as
    what is known on the first one tells what f is there, and then with more points.
    """
    used, waiting = rho.copy(), np.arange(len(rows))
    for _ in range(MOST_SHRINKINGS):
        points, left = first, []
        while waiting.size:
            able = points <= np.minimum(MOST_POINTS, ENOUGH / (used[waiting] - 1))
            left.append(waiting[~able])
            waiting, again = waiting[able], [waiting[:0]]
            for these in (
                np.array_split(waiting, -(-len(waiting) * points // TOGETHER)) if waiting.size else ()
            ):
                once = slice(1) if np.ptp(used[these]) == 0 else slice(None)
                values, at = f(ellipse(lower, upper, used[these][once], points), rows[these]), used[these]
                count, followed = turns_of(values)
                for _ in range(MOST_INWARDS):
                    if not (lost := np.flatnonzero(~followed)).size:
                        break
                    smaller = 1 + SHRINKING * (at[lost] - 1)
                    values[lost], at[lost] = inwards(values[lost], at[lost], smaller), smaller
                    count[lost], followed[lost] = turns_of(values[lost])
                yield these[followed], count[followed], at[followed], values[followed]
                again.append(these[~followed])
            waiting, points = np.concatenate(again), 2 * points
        waiting = np.concatenate(left)
        if not waiting.size:
            return
        used[waiting] = 1 + SHRINKING * (used[waiting] - 1)
    raise EngineError(
        f"the poles of {waiting.size} scattering problems could not be counted: "
        "a parameter is too large for double precision, or two band edges all but coincide"
    )


@cache
def _to_powers(count: int) -> tuple[Array, Array]:
    """Return of T_1, …, T_count the constants (count,), and the inverse of their other coefficients."""
    found: Array = np.nan_to_num(
        side_by_side([chebyshev.cheb2poly(np.eye(n + 1)[n]) for n in range(1, count + 1)])
    )
    return found[:, 0], np.linalg.inv(found[:, 1:])


def zeros_inside(count: int, rho: Array, values: Complex) -> tuple[Complex, Mask]:
    """Return as many zeros, in units in which the interval is [−1, 1], (rows, count); and which are exact.

    They are those of the Chebyshev series with the values on the ellipse of ρ, (rows, points): found from
    their power sums Σ T_k = ∮ T_k d(log f)/2πi, then all at once by the method of Aberth.
    """
    rows, points = values.shape
    k = np.arange(min(points // 2, MOST_HARMONICS))
    grown, turn = rho[:, None] ** k, 2 * np.pi * np.arange(points) / points
    values = values / np.abs(values).max(axis=1, keepdims=True)
    harmonics = np.fft.fft(values, axis=1) / points
    series = harmonics[:, : len(k)] / grown
    series[:, 0] /= 2
    # Followed round, in steps that are small.
    steps = np.angle(values[:, 1:] / values[:, :-1])
    phase = np.cumsum(np.concatenate([np.angle(values[:, :1]), steps], axis=1), axis=1) - count * turn
    log = np.fft.fft(np.log(np.abs(values)) + 1j * phase, axis=1) / points
    some = np.arange(1, count + 1)
    sums = -some / 2 * (grown[:, some] * log[:, -some] - log[:, some] / grown[:, some])
    # Power sums of the zeros themselves, and Newton's identities.
    to_powers = _to_powers(count)
    # Row by row: no digit of one is to depend on how many there are.
    powers = np.einsum("ij,rj->ir", to_powers[1], sums - count * to_powers[0])
    companion = np.zeros((rows, count, count), dtype=complex)
    companion[:, some[1:] - 1, some[1:] - 2] = 1
    elementary = [np.ones(rows, dtype=complex)]
    for n in some:
        parts = [(-1) ** (i - 1) * elementary[n - i] * powers[i - 1] for i in range(1, n + 1)]
        elementary.append(np.asarray(sum(parts)) / n)
        companion[:, 0, n - 1] = (-1) ** (n - 1) * elementary[n]
    z = np.linalg.eigvals(companion)
    weights = np.stack([series, k * series], axis=-1)
    own, moving = np.eye(count, dtype=bool), np.ones((rows, 1), dtype=bool)
    with np.errstate(all="ignore"):
        for _ in range(ABERTH_STEPS):
            root = np.sqrt(z - 1) * np.sqrt(z + 1)
            up = np.broadcast_to((z + root)[..., None], (*z.shape, len(k) - 1))
            up = np.concatenate([np.ones((*z.shape, 1)), np.multiply.accumulate(up, axis=-1)], axis=-1)
            f, slope = (
                ((up + 1 / up) @ weights[..., :1])[..., 0],
                ((up - 1 / up) @ weights[..., 1:])[..., 0] / root,
            )
            quotient = f / slope
            apart = np.where(own, np.inf, z[:, :, None] - z[:, None])
            step = quotient / (1 - quotient * (1 / apart).sum(axis=-1))
            # Each row by itself: another's steps are not to change its last digit.
            z = np.where(moving, z - step, z)
            moving &= np.abs(step).max(axis=1, keepdims=True) > DONE
            if not moving.any():
                break
        # What the series lacks, in values and so in zeros.
        lacks = np.abs(harmonics[:, len(k) - 2 : len(k) + 3]).max(axis=1) + ROUNDING
        near = np.abs(slope * z.imag) * np.abs(z + root) ** FORGIVING
        exact = (np.abs(step) < ARRIVED) & (lacks[:, None] < SURE * near)
    return np.asarray(z, dtype=complex), np.asarray(exact)


def polynomial_zeros(f: Functions, rows: Index, lower: float, upper: float, degree: int) -> Complex:
    """Return the zeros of the polynomials that interpolate f at Chebyshev points, shape (rows, degree)."""
    middle, half = (lower + upper) / 2, (upper - lower) / 2

    def at(u: Array) -> Any:
        return f(middle + half * u[None] + 0j, rows).T

    coefficients = chebyshev.chebinterpolate(at, degree)
    # A vanishing last coefficient sends a zero to infinity, where it does not matter.
    tiny = 1e-30 * np.abs(coefficients).max(axis=0)
    coefficients[-1] = np.where(np.abs(coefficients[-1]) > tiny, coefficients[-1], tiny)
    zeros = [chebyshev.chebroots(one).astype(complex) for one in coefficients.T]
    return np.asarray(middle + half * np.array(zeros), dtype=complex)


def newton(f: Functions, rows: Index, z: Complex, lower: float, upper: float, rho: Array) -> Complex:
    """Improve zeros, shape (rows, n); those that do not arrive, or leave the ellipses of ρ, become NaN."""
    scale = upper - lower
    h = DIFFERENCE * scale
    found = np.full(z.shape, np.nan, dtype=complex)
    # Each by itself: those that have arrived, or run away, need no more steps.
    waiting = np.argwhere(np.isfinite(z))
    now = z[tuple(waiting.T)]
    with np.errstate(all="ignore"):
        for _ in range(NEWTON_STEPS):
            if not len(now):
                break
            each = rows[waiting[:, 0]]
            there = now[:, None] + np.array([-h, 0.0, h])
            before, here, after = f(there, each).T
            step = here * 2 * h / (after - before)
            now = now - step
            done = np.abs(step) < DONE * scale
            arrived = np.abs(step) < ARRIVED * scale
            found[tuple(waiting[arrived].T)] = now[arrived]
            around = 1 + AROUND * (rho[each] - 1)
            on_the_way = ~done & (parameter(lower, upper, now) < around)
            waiting, now = waiting[on_the_way], now[on_the_way]
    return found


def zeros_near(
    f: Functions, number: int, lower: float, upper: float, rho: float | Array, points: int = FIRST_POINTS
) -> Complex:
    """Return every zero of functions, analytic in the ellipse of ρ around [lower, upper], (number, most).

    ρ may be each function's own; there are so many points on an ellipse to begin with.
    NaN where a function has fewer zeros; a multiple zero comes once. It is an EngineError if those found are
    not as many as the argument principle counts.
    """
    rows, rho = np.arange(number), np.broadcast_to(rho, number)
    count, used, kept = np.zeros(number, dtype=int), np.zeros(number), list[Complex]([NONE] * number)
    missed = list[int]()

    def settle(these: Index, zeros: Complex) -> None:
        """Keep zeros (these, n) where they are as many as counted."""
        with np.errstate(all="ignore"):
            # What is no zero is nowhere.
            within = parameter(lower, upper, zeros) < used[these, None]
        for i, row, mine in zip(these, zeros, within, strict=True):
            inside = row[mine]
            single = _distinct(inside, DISTINCT * (upper - lower))
            # A double zero is found twice, or once.
            if count[i] in (len(inside), len(single)):
                kept[i] = single
            else:
                missed.append(i)

    for these, found, at, values in _counted(f, rows, lower, upper, rho, points):
        count[these], used[these] = found, at
        missed += these[found > MOST_INSIDE].tolist()
        for n in set(found[(found > 0) & (found <= MOST_INSIDE)].tolist()):
            some = found == n
            z, exact = zeros_inside(n, at[some], values[some])
            z = (lower + upper) / 2 + (upper - lower) / 2 * z
            rough = np.where(exact, np.nan, z)
            if not exact.all():
                z = np.where(exact, z, newton(f, these[some], rough, lower, upper, rho))
            settle(these[some], z)
    for degree in DEGREES:
        if not missed:
            break
        waiting, missed = np.array(missed), []
        start = polynomial_zeros(f, waiting, lower, upper, degree)
        near = parameter(lower, upper, start) < 1 + NEARBY * (rho[waiting, None] - 1)
        # The nearest come first, so that few columns remain.
        most = int(near.sum(axis=1).max())
        order = np.argsort(~near, axis=1, kind="stable")[:, :most]
        start = np.take_along_axis(np.where(near, start, np.nan), order, axis=1)
        settle(waiting, newton(f, waiting, start, lower, upper, rho))
    if missed:
        raise EngineError(
            f"{len(missed)} scattering problems have other poles than the {count[missed].max()} counted: "
            "a parameter is too large for double precision, or two band edges all but coincide"
        )
    return side_by_side(kept)


def side_by_side(rows: Sequence[Array | Complex]) -> Any:
    """Return rows of different lengths as one array (rows, most), NaN where there is nothing."""
    most = max(map(len, rows), default=0)
    found = np.full((len(rows), most), np.nan, dtype=np.result_type(*rows, np.float64))
    for one, row in zip(found, rows, strict=True):
        one[: len(row)] = row
    return found


def _distinct(z: Complex, tolerance: float) -> Complex:
    kept: list[complex] = []
    for value in sorted(z.tolist(), key=lambda v: (abs(v.imag), v.real)):
        if all(abs(value - other) > tolerance for other in kept):
            kept.append(value)
    return np.array(kept, dtype=complex)
