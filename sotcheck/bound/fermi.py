"""Bound states at or below E_F: from which h_R there are any, where, and when no ground state exists.

A, B, w, c as in `states`. A state below the continuum at k_⊥ has E < k_⊥² + (lowest band): for k_⊥ up to
k_max, where the last channel closes at E_F, each of them is below E_F. Beyond, where p² = k_⊥² − k_max² at
E_F, each negative eigenvalue of the matching matrix there is a state below E_F.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from sotcheck.bound.states import (
    aligned_angles,
    at_depth,
    bottom,
    bound,
    eigenvalue,
    field,
    in_plane,
    k_max,
    number_below,
    of_cross,
    scale,
)
from sotcheck.bound.thresholds import bound_without_rashba, lowest_strength
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.real_roots import minimum, scan
from sotcheck.system.interface import Interface

#: |h_R| from which the kinetic energy no longer outweighs the Rashba term at large k_⊥.
CRITICAL = 2.0
#: k_⊥ at which states are counted, up to the largest of an occupied state; angles besides the extreme ones.
NODES, ANGLES = 33, 73


def count_at_fermi(iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> Array:
    """Return the number of bound states at or below E_F, shape of the broadcast arguments.

    At E_F, or at the bottom of the continuum where that is lower.
    """
    p = np.sqrt(np.clip(np.square(k_perp) - k_max(iface) ** 2, 0.0, None))
    return number_below(iface, p, h_R * np.asarray(k_perp), angle)


class FirstStates(NamedTuple):
    """The smallest |h_R| with a bound state at or below E_F, and the k_⊥ where; None if only for k_⊥ → ∞.

    An infimum: there are states beyond it. Zero if there are without any h_R.
    """

    h_R: float
    k_perp: float | None


@lru_cache(maxsize=64)
def first_states(iface: Interface) -> FirstStates:
    """Return from which |h_R| there are bound states at or below E_F, over all k_⊥ and angles.

    At k_⊥ = √(k_max² + p²) this takes w(p)/k_⊥, at most w(0)/k_max for smaller k_⊥, and 2 for k_⊥ → ∞.
    """
    edge, (A, B) = k_max(iface), at_depth(iface, 0.0)
    if np.abs(B) > A:
        return FirstStates(0.0, edge)
    p, value = minimum(lambda p: lowest_strength(iface, p) / np.hypot(edge, p), scan(0.0, scale(iface)))
    # Approached from below, 2 is undercut well before this: what is left is rounding.
    beyond = value > CRITICAL - 1e-12
    return FirstStates(CRITICAL, None) if beyond else FirstStates(value, float(np.hypot(edge, p)))


class GroundState(NamedTuple):
    """The lowest total energy of all one-electron states, over k_⊥ and angle.

    `exists`: whether the energies are bounded below; `energy`: the infimum; `k_perp`: where, None if only for
    k_⊥ → ∞; `angle`: of k from the x axis, None where any will do; `bound`: whether that state is bound, or
    the bottom of the continuum; `why`: in words.
    """

    exists: bool
    energy: float | None = None
    k_perp: float | None = None
    angle: float | None = None
    bound: bool = False
    why: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as JSON; the angle is that of k×ẑ in degrees."""
        return self._asdict() | {"angle": None if self.angle is None else float(of_cross(self.angle))}


def why_unbounded(iface: Interface, h_R: float) -> str:
    """Return why there is no lowest energy at h_R, or nothing.

    For k_⊥ → ∞ with w = |h_R| k_⊥ and s the length of m's in-plane part, 2p + u_0 + (U_N + U_F)/2p =
    w + |u_m|s + … at the most attractive angle, so that
    E_b = k_⊥²(1 − h_R²/4) + |h_R| k_⊥ (u_0 − |u_m|s)/2 + O(1): unbounded below for |h_R| > 2, and for
    |h_R| = 2 if u_0 < |u_m|s. If these are equal, E_b tends to (U_N + U_F ∓ Js)/2 − u_m²(1 − s²)/4, the sign
    that of −u_m (the lower one for u_m = 0).
    """
    h, slope = abs(h_R), rise_at_critical(iface)
    if h < CRITICAL or (h == CRITICAL and slope >= 0):
        return ""
    found = "k_perp^2 (1 - h_R^2/4)" if h > CRITICAL else f"{slope:.3g} k_perp"
    return f"the energy of bound states falls as {found}"


def rise_at_critical(iface: Interface) -> float:
    """Return u_0 − |u_m|s, as which energies at |h_R| = 2 rise or fall with k_⊥."""
    return float(iface.u_0 - abs(iface.u_m) * in_plane(iface))


@lru_cache(maxsize=64)
def ground_state(iface: Interface, h_R: float) -> GroundState:
    """Return the lowest energy at h_R, or that there is none."""
    if why := why_unbounded(iface, h_R):
        return GroundState(False, why=why)
    h = abs(h_R)
    lowest = float(bottom(iface, 0.0))
    # √(bottom − E) of the lowest state without h_R.
    start = float(np.nan_to_num(bound(iface, 0.0, 0.0, 0.0).p[0]))

    def energy(p: Array) -> Array:
        # A product may become infinite, where a power is an error.
        k_perp = lowest_strength(iface, p) / h
        return np.asarray(k_perp * k_perp - (p - start) * (p + start))

    # The lowest point is at p ~ |u_0 − |u_m|s|/(2 − |h_R|); far beyond, rounding of p² hides what matters.
    far = 1e5 if h == CRITICAL else 1e2 / max(CRITICAL - h, 1e-9)
    # With h_R = 0 the state is at k_⊥ = 0.
    p, value = (start, 0.0) if h == 0 else minimum(energy, scan(start, scale(iface), far))
    flat = h == CRITICAL and rise_at_critical(iface) == 0
    if flat and limit_of_energy(iface) - lowest + start**2 < min(value, 0.0):
        why = "approached as k_perp grows without end"
        return GroundState(True, limit_of_energy(iface), bound=True, why=why)
    if value >= 0.0 and start == 0.0:
        return GroundState(True, lowest, 0.0, why="the bottom of the continuum")
    k_perp = float(lowest_strength(iface, p)) / h if h else 0.0
    # That at which n is along m's in-plane part, for the sign of B h_R.
    side = h_R * at_depth(iface, p)[1]
    any_angle = in_plane(iface) == 0 or side == 0
    angle = None if any_angle else float(aligned_angles(iface)[int(side < 0)] % (2 * np.pi))
    return GroundState(True, value + lowest - start**2, k_perp, angle, True, "a bound state")


def limit_of_energy(iface: Interface) -> float:
    """Return E_b for k_⊥ → ∞ at |h_R| = 2 and u_0 = |u_m|s."""
    s = in_plane(iface)
    split = iface.J * s if iface.u_m >= 0 else -iface.J * s
    return (iface.U_N + iface.U_F - split) / 2 - iface.u_m**2 * (1 - s**2) / 4


def fermi_energy(iface: Interface) -> dict[str, Any]:
    """Return from which h_R there are bound states at E_F, as JSON."""
    first = first_states(iface)
    return {
        "first_h_R": first.h_R,
        "first_k_perp": first.k_perp,
        "critical_h_R": CRITICAL,
        "ground_state_at_critical_h_R": ground_state(iface, CRITICAL).exists,
    }


@dataclass(frozen=True)
class Occurrence:
    """Bound states at one h_R.

    `lowest`: smallest eigenvalue of the matching matrix at the bottom of the continuum, for `k_perp` up to
    the largest of an occupied state, negative if anything is bound there (unit: wave vector); `alone`: how
    many states below the continuum the interface binds by itself, without h_R, at every k_⊥; `added`: how
    many h_R adds to these, at any of these k_⊥; `first_h_R`: the |h_R| from which states are at or below E_F,
    at any k_⊥; `why`: why the Fermi sea has no end and no state can be filled up to E_F, empty if it has.
    """

    h_R: float
    lowest: float
    k_perp: float
    angle: float
    alone: int
    added: int
    first_h_R: float
    why: str

    @property
    def at_fermi_energy(self) -> bool:
        """Whether h_R itself brings states to E_F or below, where without it there are none."""
        return not self.alone and self.first_h_R < abs(self.h_R)

    @property
    def bound(self) -> bool:
        """Whether bound states lie at or below E_F."""
        return self.alone > 0 or self.at_fermi_energy

    @property
    def has_bound_edge(self) -> bool:
        """Whether bound states lie at E_F itself and carry a torque."""
        return self.bound and not self.why


@lru_cache(maxsize=64)
def occurrence(iface: Interface, h_R: float) -> Occurrence:
    """Find whether h_R binds states, and what they do to the Fermi sea; the interface's own is not used.

    The matching matrix at the bottom of the continuum is affine in k_⊥, so that its smallest eigenvalue is
    concave: only k_⊥ = 0 and the largest one can hold the minimum.
    """
    k_perp: Array = np.linspace(0.0, k_max(iface), NODES)[:, None]
    angles = np.concatenate([np.linspace(0, 2 * np.pi, ANGLES), aligned_angles(iface)])
    w = h_R * k_perp
    values = eigenvalue(iface, np.zeros(1), *field(iface, w[[0, -1]], angles), -1.0)
    end, at = np.unravel_index(np.argmin(values), values.shape)
    where = float(values[end, at]), float(k_perp[-end, 0]), float(angles[at])
    alone = bound_without_rashba(iface)
    added = max(int(number_below(iface, 0.0, w, angles).max()) - alone, 0)
    found = Occurrence(h_R, *where, alone, added, first_states(iface).h_R, "")
    return replace(found, why=_no_end(iface, h_R)) if found.bound else found


def _no_end(iface: Interface, h_R: float) -> str:
    """Return why no energy limits the states at or below E_F, or nothing."""
    limit = limit_of_energy(iface)
    if abs(h_R) == CRITICAL and rise_at_critical(iface) == 0 and limit < iface.E_F:
        return f"bound states stay below E_F however large k_perp, at E = {limit:.4g}"
    return why_unbounded(iface, h_R)
