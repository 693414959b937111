"""Integrals of analytic functions in ball arithmetic: every result is an interval that contains the true one.

Gauss-Legendre with n ≥ 2 nodes on [-1, 1] is exact for polynomials below degree 2n, and f analytic in the
ellipse with foci ±1 and semi-axes (ρ ± 1/ρ)/2, bounded there by M, is Σ a_k T_k with |a_k| ≤ 2M ρ^-k
(Trefethen, Approximation Theory and Approximation Practice, SIAM 2013, Theorem 8.1). Of T_k with k ≥ 4
even, integral and rule are at most 2/15 and 2 in size, of odd k both vanish: so |error| ≤ (64/15) M ρ^-2n
/ (1 - ρ^-2), all coefficients with k ≥ 2n even summed. M is what ball arithmetic says of rectangles that
cover the ellipse's upper half (f is real where u is: by reflection that is all); where f is not seen to
be analytic in one of them its value is no number, and the range is halved.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache

from flint import acb, arb, ctx

from sotcheck.errors import SotcheckError

#: What is integrated: several functions of one variable; no numbers (nan) where it may not be analytic.
#: The second argument is None, or a real point: then each root has its cut elsewhere, and at this point
#: its principal value.
Function = Callable[[acb, acb | None], list[acb]]
#: Ellipses that are tried, the narrowest first.
ELLIPSES = (1.5, 2.0, 3.0, 4.5, 8.0)
#: Nodes that a range may have before it is halved.
MOST_NODES = 60
#: Rectangles side by side that cover half an ellipse.
COVER = 6
#: [-1, 1].
BALL = arb(0, 1)
#: How often a range may be halved at most, in parts of all digits, and into how many ranges all in all.
DEEPEST, MOST_RANGES = 0.5, 2000


class UnprovedError(SotcheckError):
    """No enclosure was found, and why not."""


@dataclass
class _Limit:
    """When to stop: by the clock, which is so many seconds from the start, and after how many steps."""

    until: float
    seconds: float
    steps: float
    taken: int = 0


_LIMIT: ContextVar[_Limit] = ContextVar("limit")


@contextmanager
def within(seconds: float, steps: float = math.inf) -> Iterator[None]:
    """Stop what takes longer: `UnprovedError` from the next `look`."""
    token = _LIMIT.set(_Limit(time.monotonic() + seconds, seconds, steps))
    try:
        yield
    finally:
        _LIMIT.reset(token)


def look() -> None:
    """Take a step, and look at the clock.

    Raises
    ------
    UnprovedError
        If the time is over, or steps are more than there may be.
    """
    if (limit := _LIMIT.get(None)) is None:
        return
    limit.taken += 1
    if limit.taken > limit.steps:
        raise UnprovedError(f"not proved within {limit.steps:g} steps (torque --certify takes more)")
    if time.monotonic() > limit.until:
        raise UnprovedError(f"not proved within {limit.seconds:g} s")


def size(values: list[acb]) -> arb:
    """Return a number that no |value| exceeds: infinite where one is no number."""
    largest = arb(0)
    for value in values:
        if not value.is_finite():
            return arb("inf")
        largest = largest.max(value.abs_upper())
    return largest


def integral(
    piece: Callable[[arb, arb], list[arb] | None], place: Callable[[arb], str], deepest: int | None = None
) -> list[arb]:
    """Enclose an integral from 0 to 1, halving ranges.

    Parameters
    ----------
    piece : callable
        Encloses the integral over a range, or returns None.
    place : callable
        What some u is, in words, for errors.
    deepest : int, optional
        How often a range may be halved.

    Raises
    ------
    UnprovedError
        If some range, however small, has no enclosure.
    """
    total: list[arb] = []
    waiting = [(arb(0), arb(1), 0)]
    deepest = round(DEEPEST * ctx.prec) if deepest is None else deepest
    done = 0
    while waiting:
        one, other, depth = waiting.pop()
        look()
        found = piece(one, other)
        if found is None:
            middle = (one + other) / 2
            if depth == deepest or done + len(waiting) > MOST_RANGES:
                raise UnprovedError(
                    f"the integrand is not seen to be analytic near {place(middle)}: a pole on or too near "
                    "the path, such as a state bound among open channels"
                )
            waiting += [(middle, other, depth + 1), (one, middle, depth + 1)]
            continue
        done += 1
        total = [x + y for x, y in zip(total, found, strict=True)] if total else found
    return total


def by_nodes(f: Function, a: arb, b: arb, goal: arb) -> list[arb] | None:
    """Enclose the integral of functions that are real where u is; None where that takes too many nodes.

    A root may be taken with its cut in another direction, all over an ellipse, where its value in the
    middle of the range is the principal one: then it is that along the range, on which the principal one
    has no cut. The rule is wrong by the goal at most, in absolute terms, which is in the answer.
    """
    middle, half = (a + b) / 2, (b - a) / 2
    best: tuple[int, arb] | None = None
    at: acb | None = None
    for at in (None, acb(middle)):
        best = fewest(
            lambda wide, high: bound_in(f, at, middle, half * wide, half * high), half, goal  # noqa: B023
        )  # fmt: skip
        if best is not None:
            break
    if best is None or best[0] > MOST_NODES:
        return None
    nodes, error = best
    sums: list[arb] = []
    for x, weight in rule(nodes, ctx.prec):
        values = [(half * weight) * value.real for value in f(acb(middle + half * x), at)]
        sums = [s + v for s, v in zip(sums, values, strict=True)] if sums else values
    if not all(s.is_finite() for s in sums):
        return None
    return [s + arb(0, error) for s in sums]


def fewest(bound: Callable[[arb, arb], arb], half: arb, goal: arb) -> tuple[int, arb] | None:
    """Return the fewest nodes that reach a goal, and their error; None where no ellipse has a bound.

    `bound` is that of an ellipse with these semi-axes, of a range from -1 to 1, in fact as wide as `half`.
    """
    best: tuple[int, arb] | None = None
    for rho in map(arb, ELLIPSES):
        most = bound((rho + 1 / rho) / 2, (rho - 1 / rho) / 2)
        if not most.is_finite():
            break
        found = nodes_for(half * most, rho, goal)
        if best is not None and found[0] >= best[0]:
            break
        best = found
    return best


def bound_in(f: Function, at: acb | None, middle: arb, wide: arb, high: arb, most: int = COVER) -> arb:
    """Return a bound of |f| in an ellipse with these semi-axes; infinite where it may not be analytic.

    Rectangles in which it is not seen to be are cut in two, along their longer side.
    """
    largest, done = arb(0), 0
    waiting = [
        (middle + wide * (2 * n + 1 - COVER) / COVER, high / 2, wide / COVER, high / 2) for n in range(COVER)
    ]
    while waiting:
        x, y, width, height = waiting.pop()
        bound = size(f(acb(x + width * BALL, y + height * BALL), at))
        done += 1
        if bound.is_finite():
            largest = largest.max(bound)
        elif done + len(waiting) >= most:
            return bound
        elif width > height:
            waiting += [(x + side * width / 2, y, width / 2, height) for side in (1, -1)]
        else:
            waiting += [(x, y + side * height / 2, width, height / 2) for side in (1, -1)]
    return largest


def nodes_for(bound: arb, rho: arb, goal: arb) -> tuple[int, arb]:
    """Return how many nodes reach the goal, and what they are wrong by at most."""
    constant = 64 * bound / (15 * (1 - rho**-2))
    wanted = (constant / goal).log() / (2 * rho.log()) if constant > goal else arb(0)
    # A few numbers of nodes only, which are worth keeping.
    nodes = max(2, 4 * (int(float(wanted.upper())) // 4 + 1))
    return nodes, (constant * rho ** (-2 * nodes)).upper()


@cache
def rule(nodes: int, prec: int) -> list[tuple[arb, arb]]:
    """Return nodes and weights on [-1, 1], as balls at the precision at hand (which is part of the key)."""
    return [arb.legendre_p_root(nodes, k, weight=True) for k in range(nodes)]
