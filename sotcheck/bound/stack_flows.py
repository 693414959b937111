"""The flows of states bound in a stack at E_F, summed along E_b(k) = E_F: a source of its own.

Each state counts with δ(E_b − E_F) and its velocity without spin-orbit term, k_x ⟨1/M⟩.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from sotcheck.bound.contour import DOUBLED, ROUNDING
from sotcheck.bound.stack_edge import bound_at_fermi, integrand
from sotcheck.bound.stack_fermi import Counted, counted
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Index
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.structure import Structure

#: Nodes of the rules tried on a whole turn, and in a range of angles; most ranges of a contour.
TURN, NODES, MOST_PIECES = (16, 32, 64), (12, 24), 24
#: Most levels that are summed; states solved at once.
MOST_LEVELS, TOGETHER = 24, 256
#: Steps of bisections in angle.
STEPS = 60

Ends = tuple[float, float] | None


def rule(ends: Ends, n: int) -> tuple[Array, Array]:
    """Return n angles and weights: on a whole turn the trapezoidal rule, or Gauss and Legendre's in u.

    φ = middle + half · sin u, for at an end a state meets the continuum.
    """
    from scipy.special import roots_legendre

    if ends is None:
        return 2 * np.pi * (np.arange(n) + 0.3) / n, np.full(n, 2 * np.pi / n)
    x, weights = roots_legendre(n)
    half, u = (ends[1] - ends[0]) / 2, np.pi / 2 * x
    return (ends[0] + ends[1]) / 2 + half * np.sin(u), half * np.pi / 2 * weights * np.cos(u)


def halves(ends: Ends) -> list[Ends]:
    """Return both halves of a range."""
    lower, upper = ends or (0.3, 0.3 + 2 * np.pi)
    middle = (lower + upper) / 2
    return [(lower, middle), (middle, upper)]


def ranges(grid: Counted) -> list[Ends]:
    """Return the ranges of angle between which a state meets the continuum, None for a whole turn.

    Over each of them all states together are smooth in the angle. A contour that turns back in angle is an
    EngineError.
    """
    ends: list[float] = []
    if (levels := int(grid.number.max())) > MOST_LEVELS:
        raise EngineError(f"{levels} states are bound at E_F, too many to be summed (at most {MOST_LEVELS})")
    for level in range(1, int(grid.number.max()) + 1):
        inside = grid.number >= level
        crossings = np.count_nonzero(inside[1:] != inside[:-1], axis=0)
        step = np.abs(crossings - np.roll(crossings, -1))
        meets = inside[0] != np.roll(inside[0], -1)
        if not np.array_equal(step, meets):
            raise _turns_back(level)
        ends += [_end(grid, level, int(i)) for i in np.flatnonzero(meets)]
    ends = sorted(ends)
    return list(itertools.pairwise([*ends, ends[0] + 2 * np.pi])) if ends else [None]


def _turns_back(level: int) -> EngineError:
    return EngineError(f"a contour of the bound state number {level} at E_F turns back in the angle of k")


def _end(grid: Counted, level: int, i: int) -> float:
    """Return the angle between number i and the next at which the state meets the continuum."""
    low = float(grid.angle[i])
    high, zero = low + 2 * np.pi / len(grid.angle), np.zeros(1)
    first = grid.at(zero, np.array([low]))[0] >= level
    for _ in range(STEPS):
        middle = (low + high) / 2
        same = (grid.at(zero, np.array([middle]))[0] >= level) == first
        low, high = (middle, high) if same else (low, middle)
    return (low + high) / 2


def places(grid: Counted, angle: Array) -> tuple[Index, Index, Array]:
    """Return which angles, levels and q the states at E_F have, (m,) each."""
    at = np.broadcast_arrays(grid.q[:, None], angle)
    number, found = grid.at(*at), []
    for level in range(1, int(number.max()) + 1):
        inside = number >= level
        row, column = np.nonzero(inside[1:] != inside[:-1])
        if np.ptp(np.bincount(column, minlength=len(angle))):
            raise _turns_back(level)
        found.append((row, column, np.full(len(row), level)))
    if not found:
        return np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros(0)
    row, column, levels = (np.concatenate(one) for one in zip(*found, strict=True))
    return column, levels, grid.crossings(levels, grid.q[row], grid.q[row + 1], angle[column])


#: Returns what stands under the integral for states of some levels (m,) at q and angles, (m, 4I + 2L, 3):
#: from one set of equations, or from another, by which rounding is told.
Solver = Callable[[Counted, Index, Array, Array, bool], Array]


def by_matching(grid: Counted, level: Index, q: Array, angle: Array, other: bool) -> Array:
    """Solve by the eigenvectors of K, cells half as thick as the other set of equations."""
    together = np.array_split(np.arange(len(q)), -(-len(q) // TOGETHER))
    return np.concatenate(
        [integrand(bound_at_fermi(grid, level[some], q[some], angle[some], other)) for some in together]
    )


def stack_bound_flows(
    structure: Structure, scale: float, rtol: float, solver: Solver = by_matching, most: int = MOST_PIECES
) -> Estimate | None:
    """Return the flows of states bound in a stack at E_F, with the prefactor of t, per τ_b, (4I + 2L, 3).

    None if there are no such states. Where `no_end` says nothing; an EngineError says that a contour cannot
    be followed. The worst range of angles is halved until nodes are enough, or there are `most`.
    """
    grid = counted(structure, scale)
    if not grid.number.any():
        return None

    def integral(ends: Ends, n: int, other: bool = False) -> tuple[Array, float]:
        angle, weights = rule(ends, n)
        column, level, q = places(grid, angle)
        if not q.size:
            return np.zeros((6 * len(structure.interfaces) - 2, 3)), 0.0
        values = weights[column, None, None] * solver(grid, level, q, angle[column], other)
        return values.sum(axis=0), ROUNDING * float(np.abs(values).sum(axis=0).max(initial=0.0))

    def tried(ends: Ends) -> tuple[float, Array, float, Ends]:
        """Return what the last doubling of the nodes changes, the integral, and its rounding error."""
        numbers = NODES if ends else TURN
        value = integral(ends, numbers[0])[0]
        for n in numbers[1:]:
            before, (value, rounding) = value, integral(ends, n)
            change = float(np.abs(value - before).max())
            if change <= max(rtol * float(np.abs(value).max()), rounding):
                break
        return change, value, rounding, ends

    whole = ranges(grid)
    start, again = (
        np.sum([integral(ends, NODES[0], other)[0] for ends in whole], axis=0) for other in (False, True)
    )
    done = [tried(ends) for ends in whole]
    while len(done) < most:
        change, rounding = sum(one[0] for one in done), sum(one[2] for one in done)
        if change <= max(rtol * float(np.abs(start).max()), rounding):
            break
        worst = done.pop(int(np.argmax([one[0] for one in done])))
        done += [tried(half) for half in halves(worst[-1])]
    total = np.sum([one[1] for one in done], axis=0)
    change, rounding = sum(one[0] for one in done), sum(one[2] for one in done)
    other = float(np.abs(again - start).max()) + rounding
    terms = {"quadrature": (change, DOUBLED), "rounding": (other, "the same by other equations")}
    return Estimate(total, {name: (np.full(total.shape, size), of) for name, (size, of) in terms.items()})
