"""Zeros of analytic functions in an ellipse around an interval, many functions at once; knows no physics."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex, Index

#: ``f(z, rows)``: the functions numbered `rows`, each at its own row of z; shape of z.
Functions = Callable[[Complex, Index], Complex]

#: Points on the ellipse to begin with, and at most; the largest relative step that counts as resolved.
FIRST_POINTS, MOST_POINTS, LARGEST_STEP = 64, 4096, 0.6
#: Points of all functions together that are held in memory.
TOGETHER = 2**20
#: By how much ρ − 1 shrinks when a zero lies on the ellipse, and how often.
SHRINKING, MOST_SHRINKINGS = 0.93, 8
#: Degrees of the polynomials whose zeros Newton's method starts from.
DEGREES = (16, 32, 64)
NEWTON_STEPS = 24
#: Newton's derivative is a difference over this part of the interval; a step below the other has arrived (at
#: a double zero, noise of ε makes steps of √ε).
DIFFERENCE, ARRIVED = 1e-6, 1e-7
#: A start this far off (relative to the interval) belongs to no zero.
FAR = 1.0
#: Zeros closer than this (relative to the interval) are one and the same.
DISTINCT = 1e-11


def ellipse(lower: float, upper: float, rho: Array, points: int) -> Complex:
    """Return points on the ellipse with foci `lower` and `upper` and sum of half axes ρ (upper − lower)/2."""
    turn = rho[:, None] * np.exp(2j * np.pi * np.arange(points) / points)
    return (lower + upper) / 2 + (upper - lower) / 4 * (turn + 1 / turn)


def parameter(lower: float, upper: float, z: Complex) -> Array:
    """Return ρ of the ellipse that goes through z."""
    u = (2 * np.asarray(z, dtype=complex) - lower - upper) / (upper - lower)
    root = np.sqrt(u - 1) * np.sqrt(u + 1)
    return np.maximum(np.abs(u + root), np.abs(u - root))


def count_zeros(f: Functions, rows: Index, lower: float, upper: float, rho: float) -> tuple[Index, Array]:
    """Count zeros by the argument principle, the phase's turns along ellipses; return their ρ too.

    Where the phase cannot be followed, a zero lies on the ellipse, which then shrinks a little.
    """
    count, used = np.zeros(len(rows), dtype=int), np.full(len(rows), rho)
    waiting = np.arange(len(rows))
    for _ in range(MOST_SHRINKINGS):
        points = FIRST_POINTS
        while waiting.size and points <= MOST_POINTS:
            followed = np.zeros(len(waiting), dtype=bool)
            for some in np.array_split(np.arange(len(waiting)), -(-len(waiting) * points // TOGETHER)):
                these = waiting[some]
                values = f(ellipse(lower, upper, used[these], points), rows[these])
                count[these], followed[some] = _turns(values)
            waiting, points = waiting[~followed], 4 * points
        if not waiting.size:
            return count, used
        used[waiting] = 1 + SHRINKING * (used[waiting] - 1)
    raise EngineError(
        f"the poles of {waiting.size} scattering problems could not be counted: "
        "a parameter is too large for double precision, or two band edges all but coincide"
    )


def _turns(values: Complex) -> tuple[Index, Array]:
    """Return how often the phase of each row turns, going round, and whether it can be followed."""
    following = np.roll(values, -1, axis=1)
    # Products with the conjugate turn as quotients do, and zero divides nothing.
    steps = np.angle(following * values.conj())
    # A step past a double zero hides a whole turn, but not the change in size beside it.
    change = np.abs(following - values) - LARGEST_STEP * np.maximum(np.abs(following), np.abs(values))
    return np.rint(steps.sum(axis=1) / (2 * np.pi)).astype(int), change.max(axis=1) < 0


def polynomial_zeros(f: Functions, rows: Index, lower: float, upper: float, degree: int) -> Complex:
    """Return the zeros of the polynomials that interpolate f at Chebyshev points, shape (rows, degree)."""
    angle = np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1)
    nodes = (lower + upper) / 2 + (upper - lower) / 2 * np.cos(angle)
    values = f(np.broadcast_to(nodes.astype(complex), (len(rows), degree + 1)), rows)
    coefficients = 2 / (degree + 1) * values @ np.cos(np.outer(angle, np.arange(degree + 1)))
    coefficients[:, 0] /= 2
    # A vanishing last coefficient sends a zero to infinity, where it does not matter.
    tiny = 1e-30 * np.abs(coefficients).max(axis=1)
    last = np.where(np.abs(coefficients[:, -1]) > tiny, coefficients[:, -1], tiny)
    # The colleague matrix: u T_n = (T_{n+1} + T_{n−1})/2, closed by the polynomial itself.
    matrix = np.zeros((len(rows), degree, degree), dtype=complex)
    above, below = np.arange(degree - 1), np.arange(1, degree)
    matrix[:, above, below] = matrix[:, below, above] = 0.5
    matrix[:, 0, 1] = 1.0
    matrix[:, -1] -= coefficients[:, :-1] / (2 * last[:, None])
    eigenvalues: Complex = np.linalg.eigvals(matrix).astype(complex)
    return (lower + upper) / 2 + (upper - lower) / 2 * eigenvalues


def newton(f: Functions, rows: Index, z: Complex, scale: float) -> Complex:
    """Improve zeros, shape (rows, n); those that do not arrive become NaN."""
    h = DIFFERENCE * scale
    found = np.full(z.shape, np.nan, dtype=complex)
    # Each by itself: those that have arrived, or run away, need no more steps.
    waiting = np.argwhere(np.isfinite(z))
    now = z[tuple(waiting.T)]
    home = now.copy()
    with np.errstate(all="ignore"):
        for _ in range(NEWTON_STEPS):
            if not len(now):
                break
            each = rows[waiting[:, 0]]
            there = now[:, None] + np.array([-h, 0.0, h])
            before, here, after = f(there, each).T
            step = here * 2 * h / (after - before)
            now = now - step
            arrived = np.abs(step) < ARRIVED * scale
            found[tuple(waiting[arrived].T)] = now[arrived]
            on_the_way = ~arrived & (np.abs(now - home) < FAR * scale)
            waiting, now, home = waiting[on_the_way], now[on_the_way], home[on_the_way]
    return found


def zeros_near(f: Functions, number: int, lower: float, upper: float, rho: float) -> Complex:
    """Return every zero of functions in the ellipse of parameter ρ around [lower, upper], (number, most).

    They are analytic there. NaN where a function has fewer zeros; a multiple zero comes once.

    Raises
    ------
    EngineError
        If the zeros found are not as many as the argument principle counts.
    """
    count, used = count_zeros(f, np.arange(number), lower, upper, rho)
    found = np.full((number, int(count.max(initial=0))), np.nan, dtype=complex)
    waiting = np.flatnonzero(count)
    for degree in DEGREES:
        if not waiting.size:
            break
        start = polynomial_zeros(f, waiting, lower, upper, degree)
        near = parameter(lower, upper, start) < 1 + 2 * (rho - 1)
        # The nearest come first, so that few columns remain.
        most = int(near.sum(axis=1).max())
        order = np.argsort(~near, axis=1, kind="stable")[:, :most]
        start = np.take_along_axis(np.where(near, start, np.nan), order, axis=1)
        zeros = newton(f, waiting, start, upper - lower)
        missed = []
        for i, row in zip(waiting, zeros, strict=True):
            inside = row[np.isfinite(row)]
            inside = inside[parameter(lower, upper, inside) < used[i]]
            single = _distinct(inside, DISTINCT * (upper - lower))
            # A double zero is found twice, or once.
            if count[i] in (len(inside), len(single)):
                found[i, : len(single)] = single
            else:
                missed.append(i)
        waiting = np.array(missed, dtype=int)
    if waiting.size:
        raise EngineError(
            f"{waiting.size} scattering problems have other poles than the {count[waiting].max()} counted: "
            "a parameter is too large for double precision, or two band edges all but coincide"
        )
    return found


def _distinct(z: Complex, tolerance: float) -> Complex:
    kept: list[complex] = []
    for value in sorted(z.tolist(), key=lambda v: (abs(v.imag), v.real)):
        if all(abs(value - other) > tolerance for other in kept):
            kept.append(value)
    return np.array(kept, dtype=complex)
