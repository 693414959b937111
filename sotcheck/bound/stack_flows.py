"""The flows of states bound in a stack at E_F, summed along E_b(k) = E_F: a source of its own.

Each state counts with δ(E_b − E_F) and its velocity without spin-orbit term, k_x ⟨1/M⟩. Where two levels of
different ⟨1/M⟩ all but cross they exchange it, and the sum has a step there as narrow as their gap.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sotcheck.bound.contour import DOUBLED, ROUNDING
from sotcheck.bound.stack_edge import bound_at_fermi, integrand, inverse_mass, norms_and_slope
from sotcheck.bound.stack_fermi import Counted, counted
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Index
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.path import Path
from sotcheck.numerics.quadrature import legendre
from sotcheck.system.structure import Structure

#: Nodes of the rules tried on a whole turn, and in a range of angles; most ranges of a contour.
TURN, NODES, MOST_PIECES = (16, 32, 64), (12, 24, 48), 24
#: Most levels that are summed; states solved at once.
MOST_LEVELS, TOGETHER = 24, 256
#: Steps of bisections in angle; angles tried at once where two levels all but cross; angles for one of the
#: grid's at which states are sought that meet the continuum.
STEPS, AT_ONCE, FINER = 60, 32, 32
#: Relative difference of ⟨1/M⟩ below which levels have the same; of a crossing: its digits, relative to its
#: width, and the narrowest that is resolved.
SAME, DIGITS, NARROWEST = 1e-8, 1e-4, 1e-10


@dataclass(frozen=True)
class Piece:
    """A range of angles, or a whole turn, with the widths of crossings at its ends, 0 for none."""

    ends: tuple[float, float] = (0.3, 0.3 + 2 * np.pi)
    widths: tuple[float, float] = (0.0, 0.0)
    turn: bool = False

    def rule(self, n: int) -> tuple[Array, Array]:
        """Return n angles or more, sorted, and weights.

        On a whole turn the trapezoidal rule, or else Gauss and Legendre's along a path in θ of
        φ = φ₁ + (φ₂ − φ₁) sin²θ, for at an end a state meets the continuum, or two of them cross.
        """
        lower, upper = self.ends
        if self.turn:
            return lower + 2 * np.pi * np.arange(n) / n, np.full(n, 2 * np.pi / n)
        path = Path(self.ends, tuple(np.sqrt(width / (upper - lower)) for width in self.widths))
        x, weights = legendre(n)
        s, weights = (x + 1) / 2, weights / 2
        if not any(self.widths):
            theta, rate = path.theta(0, s)
        else:
            both = [path.theta(half, (half + s) / 2) for half in (0, 1)]
            theta, rate = (np.concatenate(one) for one in zip(*both, strict=True))
            weights = np.tile(weights, 2) / 2
        return lower + (upper - lower) * np.sin(theta) ** 2, weights * rate * (upper - lower) * np.sin(
            2 * theta
        )

    @property
    def nodes(self) -> Array:
        """Angles by which crossings are seen, on a turn the first of them again at the end."""
        if self.turn:
            return np.linspace(*self.ends, TURN[-1] + 1)
        return self.rule(NODES[1])[0]

    def cut(self, angle: float, width: float = 0.0) -> list[Piece]:
        """Return what lies on either side of an angle, at which there may be a crossing."""
        (lower, upper), (first, last) = self.ends, self.widths
        return [Piece((lower, angle), (first, width)), Piece((angle, upper), (width, last))]


def ranges(grid: Counted) -> list[Piece]:
    """Return the ranges of angle between which a state meets the continuum.

    Over each of them all states together are smooth in the angle, but for crossings. A contour that turns
    back in angle is an EngineError.
    """
    ends: list[float] = []
    step = 2 * np.pi / (FINER * len(grid.angle))
    angle = grid.angle[0] + step * np.arange(FINER * len(grid.angle))
    edge = grid.at(np.zeros(len(angle)), angle)
    if (levels := int(max(grid.number.max(), edge.max()))) > MOST_LEVELS:
        raise EngineError(f"{levels} states are bound at E_F, too many to be summed (at most {MOST_LEVELS})")
    for level in range(1, levels + 1):
        inside = grid.number >= level
        crossings = np.count_nonzero(inside[1:] != inside[:-1], axis=0)
        changes = np.abs(crossings - np.roll(crossings, -1))
        if not np.array_equal(changes, inside[0] != np.roll(inside[0], -1)):
            raise _turns_back(level)
        meets = (edge >= level) != np.roll(edge >= level, -1)
        ends += [_end(grid, level, low, low + step) for low in angle[meets].tolist()]
    ends = sorted(ends)
    around = [*ends, *(end + 2 * np.pi for end in ends[:1])]
    return [Piece(pair) for pair in itertools.pairwise(around)] or [Piece(turn=True)]


def _turns_back(level: int) -> EngineError:
    return EngineError(f"a contour of the bound state number {level} at E_F turns back in the angle of k")


def _end(grid: Counted, level: int, low: float, high: float) -> float:
    """Return the angle between two at which the state meets the continuum."""
    zero = np.zeros(1)
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


@lru_cache(maxsize=64)
def nodes_of(
    structure: Structure, scale: float, piece: Piece, n: int
) -> tuple[Array, Array, Index, Index, Array]:
    """Return a rule's angles and weights, and the `places` there: every engine's, and at every tolerance."""
    angle, weights = piece.rule(n)
    return angle, weights, *places(counted(structure, scale), angle)


def levels_at(grid: Counted, angle: Array) -> tuple[Array, Array]:
    """Return q and ⟨1/M⟩ of the states at E_F, (levels, angles) each, NaN where there is none."""
    column, level, q = places(grid, angle)
    found = np.full((2, int(level.max(initial=0)), len(angle)), np.nan)
    if len(found[0]) > 1:
        norms, _ = norms_and_slope(bound_at_fermi(grid, level, q, angle[column], False))
        found[:, level - 1, column] = q, inverse_mass(grid.structure, norms)
    return found[0], found[1]


def crossings(grid: Counted, angle: Array) -> list[tuple[float, float]]:
    """Return angles, and widths in angle, at which neighbouring levels exchange ⟨1/M⟩ between those given."""
    if np.ptp([region.mass for region in grid.structure.regions]) == 0:
        return []
    q, mean = levels_at(grid, angle)
    found = []
    for level, i in np.argwhere(_exchanged(mean)):
        gaps, start = np.abs(np.diff(q[level : level + 2, i : i + 2], axis=0))[0], angle[i : i + 2].tolist()
        (lower, upper), width = start, 0.0
        # Until what is left is nothing beside the width, or is rounding.
        while upper - lower > DIGITS * max(width, NARROWEST):
            inner = np.linspace(lower, upper, AT_ONCE)
            q_inner, mean_inner = levels_at(grid, inner)
            turns = np.flatnonzero(_exchanged(mean_inner)[level])
            if not turns.size:
                break
            there = int(turns[0])
            lower, upper = inner[there : there + 2].tolist()
            gap = float(np.abs(q_inner[level + 1, there] - q_inner[level, there]))
            # gap² = least² + slope² (φ − φ₀)², the slope by the farther end.
            away, widest = max((abs(end - lower), float(one)) for end, one in zip(start, gaps, strict=True))
            width = gap * away / np.sqrt(widest**2 - gap**2) if widest > gap else np.inf
        if width < start[1] - start[0]:
            found.append(((lower + upper) / 2, width))
    return found


def _exchanged(mean: Array) -> Array:
    """Return between which angles neighbouring levels exchange ⟨1/M⟩ (levels, angles), one less of each."""
    larger = np.diff(mean, axis=0)
    side = np.sign(larger) * (np.abs(larger) > SAME * mean[1:])
    exchanged: Array = side[:, 1:] * side[:, :-1] < 0
    return exchanged


#: Returns what stands under the integral for states of some levels (m,) at q and angles, (m, 4I + 2L, 3):
#: from one set of equations, or from another, by which rounding is told.
Solver = Callable[[Counted, Index, Array, Array, bool], Array]


def by_matching(grid: Counted, level: Index, q: Array, angle: Array, other: bool) -> Array:
    """Solve by the eigenvectors of K, cells half as thick as the other set of equations."""
    return integrand(bound_at_fermi(grid, level, q, angle, other))


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

    unresolved = 0.0

    def integral(piece: Piece, n: int, other: bool = False) -> tuple[Array, float]:
        angle, weights, column, level, q = nodes_of(structure, scale, piece, n)
        if not q.size:
            return np.zeros((6 * len(structure.interfaces) - 2, 3)), 0.0
        together = np.array_split(np.arange(len(q)), -(-len(q) // TOGETHER))
        each = [solver(grid, level[some], q[some], angle[column[some]], other) for some in together]
        values = weights[column, None, None] * np.concatenate(each)
        return values.sum(axis=0), ROUNDING * float(np.abs(values).sum(axis=0).max(initial=0.0))

    def tried(piece: Piece) -> tuple[float, Array, float, Piece]:
        """Return what the last doubling of the nodes changes, the integral, and its rounding error."""
        numbers = TURN if piece.turn else NODES
        value = integral(piece, numbers[0])[0]
        for n in numbers[1:]:
            before, (value, rounding) = value, integral(piece, n)
            change = float(np.abs(value - before).max())
            if change <= max(rtol * float(np.abs(value).max()), rounding):
                break
        return change, value, rounding, piece

    def apart(piece: Piece) -> list[Piece]:
        """Return the parts of a range between crossings."""
        nonlocal unresolved
        parts = [piece]
        for angle, width in sorted(crossings(grid, piece.nodes)):
            if width < NARROWEST:
                # All that the exchange may add, a peak of this width.
                _, level, q = places(grid, np.array([angle]))
                there = solver(grid, level, q, np.full(len(q), angle), False)
                unresolved += np.pi * width * float(np.abs(there).sum(axis=0).max())
                width = 0.0
            if angle - parts[-1].ends[0] > NARROWEST:
                parts[-1:] = parts[-1].cut(angle, width)
        return parts if len(parts) == 1 else [one for part in parts for one in apart(part)]

    whole = ranges(grid)
    start, again = (
        np.sum([integral(piece, NODES[0], other)[0] for piece in whole], axis=0) for other in (False, True)
    )
    done = [tried(part) for piece in whole for part in apart(piece)]
    while len(done) < most:
        change, rounding = sum(one[0] for one in done), sum(one[2] for one in done)
        if change <= max(rtol * float(np.abs(start).max()), rounding):
            break
        worst = done.pop(int(np.argmax([one[0] for one in done])))[-1]
        done += [tried(part) for half in worst.cut(sum(worst.ends) / 2) for part in apart(half)]
    total = np.sum([one[1] for one in done], axis=0)
    change, rounding = sum(one[0] for one in done) + unresolved, sum(one[2] for one in done)
    other = float(np.abs(again - start).max()) + rounding
    terms = {"quadrature": (change, DOUBLED), "rounding": (other, "the same by other equations")}
    return Estimate(total, {name: (np.full(total.shape, size), of) for name, (size, of) in terms.items()})
