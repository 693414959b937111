"""States bound in a stack below its continuum: how many, at which energies, and from which scale of A.

With H(s) = H₀ + s W the lowest energy at one k is concave in the scale s, and W changes sign with k: at its
best angle the lowest state falls with |s|, so that the scale from which one is bound is well defined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sotcheck.bound.states import of_cross
from sotcheck.bound.stiffness import SAME, STEPS, bottom, depths, number_below
from sotcheck.numerics.arrays import Array
from sotcheck.system.structure import Delta, Region, Structure

#: Angles at which the lowest scale is looked for, and by how much their range shrinks around the best, twice.
ANGLES, CLOSER = 72, 12


@dataclass(frozen=True)
class StackBound:
    """States below the whole continuum; axes (...) are those of the request, NaN is where a state is absent.

    `count` (...); `energy` (..., most): total, k_⊥²/M included, ascending; `p`
    (..., most): √(bottom − E), with more digits than the difference of energies.
    """

    count: Array
    energy: Array
    p: Array


def stack_bound(structure: Structure, k_perp: Any, angle: Any, scale: Any) -> StackBound:
    """Find every state below the continuum of a stack; arrays broadcast."""
    whole = [np.array(one, dtype=float) for one in np.broadcast_arrays(k_perp, angle, scale)]
    k_perp, angle, scale = (one.ravel() for one in whole)
    count = number_below(structure, np.zeros(k_perp.shape), (k_perp, angle, scale))
    p = np.full((len(count), int(count.max(initial=0))), np.nan)
    row, state = np.nonzero(np.arange(p.shape[1]) < count[:, None])
    p[row, state] = depths(
        structure, (k_perp[row], angle[row], scale[row]), state, np.full(len(row), wave_number(structure))
    )
    shape = whole[0].shape
    p = p.reshape(*shape, -1)
    return StackBound(count.reshape(shape), bottom(structure, whole[0])[..., None] - p**2, p)


def wave_number(structure: Structure) -> float:
    """Return the size of wave numbers in a stack, and of its deltas."""
    lowest = float(bottom(structure, 0.0))
    strengths = [abs(delta.barrier) + abs(delta.exchange) for delta in structure.interfaces]
    bands = [
        abs(region.mass * (edge - lowest)) ** 0.5 for region in structure.regions for edge in region.edges
    ]
    return float(max(*strengths, *bands, abs(structure.energy - lowest) ** 0.5))


def count_at_fermi(structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Array:
    """Return the number of states at or below E_F, or at the bottom of the continuum where that is lower."""
    grid = np.broadcast_arrays(k_perp, angle, scale)
    p = np.sqrt(np.maximum(bottom(structure, grid[0]) - structure.energy, 0))
    return number_below(structure, p, tuple(grid))  # type: ignore[arg-type]


def lowest_scale(structure: Structure, k_perp: float) -> tuple[float | None, float | None]:
    """Return the smallest scale ≥ 0 at which a state is below the continuum at k_⊥, and the angle of k there.

    Zero where there is one without any spin-orbit term; None where no scale binds one.
    """
    parts: list[Region | Delta] = [*structure.layers, *structure.interfaces]
    strongest = max(float(np.abs(part.spin_orbit).max()) for part in parts) * k_perp
    if _binds(structure, k_perp, np.zeros(1), 0.0).any():
        return 0.0, None
    if strongest == 0:
        return None, None
    angles, width = 2 * np.pi * np.arange(ANGLES) / ANGLES, 2 * np.pi / ANGLES
    scale, best = _lowest(structure, k_perp, angles, wave_number(structure) / strongest)
    for _ in range(2):
        angles, width = best + width * np.linspace(-1, 1, 2 * CLOSER + 1), width / CLOSER
        scale, best = _lowest(structure, k_perp, angles, scale)
    return scale, best


def _binds(structure: Structure, k_perp: float, angles: Array, scale: float) -> Any:
    grid = np.full(angles.shape, k_perp), angles, np.full(angles.shape, scale)
    return number_below(structure, np.zeros(angles.shape), grid) > 0


def _lowest(structure: Structure, k_perp: float, angles: Array, high: float) -> tuple[float, float]:
    """Return the smallest scale that binds at one of some angles, and which; `high` is where to begin.

    What is large enough binds: at some angle a state within a layer, or at an interface, has ⟨W⟩ < 0.
    """
    while not _binds(structure, k_perp, angles, high).any():
        high *= 2
    low = 0.0
    for _ in range(STEPS):
        if high - low <= SAME * high:
            break
        middle = (low + high) / 2
        if _binds(structure, k_perp, angles, middle).any():
            high = middle
        else:
            low = middle
    there = np.flatnonzero(_binds(structure, k_perp, angles, high))
    # Of several that bind alike, none is better.
    return high, float(angles[there[len(there) // 2]])


def thresholds(structure: Structure, k_perp: Array) -> list[dict[str, Any]]:
    """Return for each k_⊥ the scale of all spin-orbit terms from which on a state is bound, as JSON.

    "scale": None where none binds; "angle": of k×ẑ from the x axis, in degrees, one at which it does.
    """
    found = []
    for k in k_perp.tolist():
        scale, angle = lowest_scale(structure, k)
        degrees = None if angle is None else float(of_cross(angle))
        found.append({"k_perp": k, "scale": scale, "angle": degrees})
    return found
