"""States bound in a stack at E_F: the contours E_b(k) = E_F where both half-spaces are closed.

With N(k) states below E_F at k, found by counting, the n-th contour is the border of where N ≥ n. It is
closed, or ends where its state meets the continuum, on the circle on which the last channel closes. Points
are told by q = √(k_⊥² − k_max²), with more digits than k_⊥ has next to that circle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sotcheck.bound.states import k_max
from sotcheck.bound.stiffness import number_below
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Index
from sotcheck.system.structure import Structure

#: Angles of the grid on which contours are followed; steps in q a decade, from this part of k_max on.
ANGLES, A_DECADE, NEAREST = 96, 24, 1e-4
#: Relative size of ‖A‖ against the two half-spaces' kinetic energy from which no sea ends.
CRITICAL = 1 - 1e-9
#: Steps of bisections in q: to all digits, and to those that the span of a contour is told with.
STEPS, FEWER = 50, 30


@dataclass(frozen=True)
class FermiContour:
    """A contour E_b(k) = E_F of the `number`-th state (1 is the lowest), with its smallest and largest k_⊥.

    `closed`, or else it ends in the continuum; `around`: whether it passes every angle.
    """

    number: int
    k_perp: tuple[float, float]
    closed: bool
    around: bool


def no_end(structure: Structure, scale: float) -> str:
    """Return why the states below E_F reach to infinite k_⊥, or nothing.

    At large k_⊥ a delta between masses M and M' binds where s ‖A k̂‖ > 1/M + 1/M', with k_⊥² and more; the
    field of a layer never does.
    """
    masses = [1 / region.mass for region in structure.regions]
    for n, delta in enumerate(structure.interfaces):
        strength = abs(scale) * float(np.linalg.norm(np.array(delta.spin_orbit), ord=2))
        kinetic = masses[n] + masses[n + 1]
        if strength >= CRITICAL * kinetic:
            return (
                f"the spin-orbit term of interface {n + 1} is {strength:.3g} k_perp, and the kinetic energy "
                f"stands against it with {kinetic:.3g} k_perp only"
            )
    return ""


def empty_beyond(structure: Structure, scale: float) -> float:
    """Return a k_⊥ beyond which no state is bound at or below E_F, where the sea has an end.

    If every region is cut in two that do not know of each other, energies only fall; then an interface binds
    none if Σ κ tanh(κd/2)/M of both neighbours outweighs it, κ² = k_⊥² − M (E_F − U + J + s ‖A‖ k_⊥) ≥ 0.
    Over k_⊥ that grows with k_⊥, so that it holds beyond where it holds.
    """

    def holds(k: float) -> bool:
        halves = []
        for region in structure.regions:
            field = abs(scale) * float(np.linalg.norm(region.spin_orbit, ord=2)) * k
            # Where a band lies above E_F by itself κ is larger than this.
            lost = max(region.mass * (structure.energy - region.edges[0]), 0.0)
            if (kappa2 := k * k - lost - region.mass * field) < 0:
                return False
            kappa = math.sqrt(kappa2)
            halves.append(kappa * math.tanh(kappa * region.thickness / 2) / region.mass)
        return all(
            halves[n] + halves[n + 1]
            > abs(delta.exchange)
            - delta.barrier
            + abs(scale) * float(np.linalg.norm(delta.spin_orbit, ord=2)) * k
            for n, delta in enumerate(structure.interfaces)
        )

    k = k_max(structure) * 1.01
    while not holds(k):
        k *= 1.1
    return k


def depth_at_fermi(structure: Structure, q: Array) -> Array:
    """Return p = √(bottom − E_F)."""
    x = structure.thresholds()[-1]
    leads = structure.left, structure.right
    closed = [x - lead.mass * (structure.energy - lead.edges[0]) for lead in leads]
    # That of the last channel is nothing but rounding.
    gaps = [gap if gap > structure.same_threshold else 0.0 for gap in closed]
    p2 = [(np.square(q) + gap) / lead.mass for gap, lead in zip(gaps, leads, strict=True)]
    return np.sqrt(np.min(p2, axis=0))


def number_at_fermi(structure: Structure, q: Array, angle: Array, scale: float) -> Array:
    """Return how many states lie below E_F where both half-spaces are closed."""
    k_perp = np.hypot(k_max(structure), q)
    return number_below(
        structure, depth_at_fermi(structure, q), (k_perp, angle, np.full(k_perp.shape, scale))
    )


@dataclass(frozen=True)
class Counted:
    """How many states lie below E_F on a grid (q, angles), from q = 0 to where there are none."""

    structure: Structure
    scale: float
    q: Array
    angle: Array
    number: Array

    def at(self, q: Array, angle: Array) -> Array:
        """Return the number elsewhere."""
        return number_at_fermi(self.structure, q, angle, self.scale)

    def crossings(self, n: Index, lower: Array, upper: Array, angle: Array, steps: int = STEPS) -> Array:
        """Return q at which there are n states at one end and fewer at the other, by bisection, (m,)."""
        low, high = lower.copy(), upper.copy()
        first = self.at(low, angle) >= n
        for _ in range(steps):
            middle = (low + high) / 2
            same = (self.at(middle, angle) >= n) == first
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        found: Array = (low + high) / 2
        return found


@lru_cache(maxsize=8)
def counted(structure: Structure, scale: float) -> Counted:
    """Count the states below E_F beyond k_max; only where `no_end` says nothing."""
    edge = k_max(structure)
    end, first = math.sqrt(empty_beyond(structure, scale) ** 2 - edge**2), NEAREST * edge
    steps = 2 + int(A_DECADE * math.log10(end / first))
    q = np.concatenate([[0.0], np.geomspace(first, end, steps)])
    angle = 2 * np.pi * (np.arange(ANGLES) + 0.3) / ANGLES
    at, turned = np.meshgrid(q, angle, indexing="ij")
    number = number_at_fermi(structure, at, turned, scale)
    if number[-1].any():
        raise EngineError(
            f"states are bound at E_F beyond k_perp = {math.hypot(edge, end):g}, where none can be"
        )
    return Counted(structure, scale, q, angle, number)


@lru_cache(maxsize=8)
def fermi_contours(structure: Structure, scale: float) -> list[FermiContour]:
    """Return every contour of states bound at E_F; those that fit between the points of the grid are missed.

    Only where `no_end` says nothing.
    """
    grid = counted(structure, scale)
    borders = [_borders(grid, n) for n in range(1, int(grid.number.max()) + 1)]
    if not borders:
        return []
    level, at = (np.concatenate([one[part] for one in borders]) for part in (0, 1))
    (row, column), q = at.T, grid.q
    k = np.hypot(k_max(structure), grid.crossings(level, q[row], q[row + 1], grid.angle[column], FEWER))
    found, end = [], np.cumsum([len(one[0]) for one in borders])
    for (of_level, edges, border, open_ones), there in zip(borders, np.split(k, end[:-1]), strict=True):
        for one in np.unique(border):
            mine = border == one
            around = len(np.unique(edges[mine, 1])) == len(grid.angle)
            span = float(there[mine].min()), float(there[mine].max())
            found.append(FermiContour(int(of_level[0]), span, one not in open_ones, around))
    return sorted(found, key=lambda contour: (contour.number, contour.k_perp))


def _borders(grid: Counted, n: int) -> tuple[Index, Index, Index, Index]:
    """Return the edges along q that borders of where there are n states cross.

    That is: n, and row and column (2), of each, which border crosses it, and which borders end at q = 0.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    inside = grid.number >= n
    rows, columns = inside.shape
    outwards = np.zeros((rows, columns), dtype=bool)
    outwards[:-1] = inside[:-1] != inside[1:]
    along = inside != np.roll(inside, -1, axis=1)
    # A mesh has four edges; a border that enters by one leaves by another.
    edges = np.arange(2 * rows * columns).reshape(2, rows, columns)
    here, there = edges[0], edges[1]
    mesh = [here[:-1], np.roll(here, -1, axis=1)[:-1], there[:-1], there[1:]]
    crossed = [outwards[:-1], np.roll(outwards, -1, axis=1)[:-1], along[:-1], along[1:]]
    pairs = [
        (mesh[a][both], mesh[b][both])
        for a in range(4)
        for b in range(a)
        if (both := crossed[a] & crossed[b]).any()
    ]
    none = np.zeros(0, dtype=int)
    first, second = (np.concatenate([none, *(pair[side] for pair in pairs)]) for side in (0, 1))
    links = coo_array((np.ones(len(first)), (first, second)), shape=(edges.size, edges.size))
    label = connected_components(links, directed=False)[1].reshape(edges.shape)
    at = np.argwhere(outwards)
    return np.full(len(at), n), at, label[0][outwards], np.unique(label[1][0][along[0]])
