"""What t of a stack is to first order in the scale of its spin-orbit terms, besides what open channels tell.

Without spin-orbit terms a state of one spin may be bound at E_F among the open channels of the other: at
k_0², say. As at a bare interface (`sotcheck.theory.embedded`) spin-orbit terms make it a resonance as narrow
as the square of the scale, through which the electrons of the open channels fill the state: its torque is of
first order, and first order from scattering states misses it. With φ normalised and a = A x̂ at each site,

    t = −(k_0²/8πM) Q×m,    Q = Σ_n a_n (φ†σ·m φ)_n / ⟨1/M⟩,

M that of the right half-space. Were the field of every site along m, c·A k in size, spin would be conserved,
and the state's k_⊥² would move by −(k_0 c·Q) a unit of the scale at k ∥ x: so Q is found.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from sotcheck.engines.determinant import stack_poles
from sotcheck.engines.poles import Segment, x_of
from sotcheck.exact.observables import components
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sample
from sotcheck.system.interface import SOURCES
from sotcheck.system.model import System
from sotcheck.system.structure import Matrix, Structure
from sotcheck.theory.resonances import resonances
from sotcheck.theory.validity import ANGLES, radius_by_k
from sotcheck.trial.evidence import NODES
from sotcheck.trial.expansion import Expansion
from sotcheck.trial.premises import ONE_AXIS

#: A state whose pole lies this close to the real axis, in θ, is bound as far as doubles tell.
BOUND_IN = 1e-9
#: Resonances narrower than this part of k_⊥² are named.
REMARKABLE = 1e-6
#: A pole this close to a threshold, in θ, lies at it: a channel is transparent there.
AT_THRESHOLD = 1e-6
#: A state this far from a threshold, in θ, is none that spin-orbit terms carry there.
CLEAR = 1.0
#: By how much a field along m moves states, in θ, at most.
SHIFTS, TINY = 1e-3 * 0.5 ** np.arange(3), 1e-60


def strength(structure: Structure) -> float:
    """Return about how far the spin-orbit terms turn spin at scale 1, in radians."""
    deltas = [np.abs(delta.spin_orbit).max() for delta in structure.interfaces]
    layers = [one.mass * one.thickness * np.abs(one.spin_orbit).max() for one in structure.layers]
    return float(sum(deltas + layers))


def expansion_of(system: System) -> tuple[Expansion, Estimate]:
    """Return whether t has a first order, and what of it open channels do not tell, by source, (3, 3)."""
    x = sample(system.thresholds(), NODES) ** 2
    x = x[x < system.k_perp2_max("normal")]
    by_k = float(radius_by_k(system, x, ANGLES).min()) if x.size else 0.0
    (inside, at_edge), radius = _states(system.structure), _reach(system.structure)
    where = ", ".join(f"{_x(*one) ** 0.5:.4g}" for one in at_edge or inside)
    missing = Estimate(np.zeros((len(SOURCES), 3)))
    if at_edge:
        words = (
            f"without spin-orbit coupling a channel is transparent at grazing incidence (k_perp = {where}): "
            "t has no expansion in the scale there"
        )
        return Expansion("transparent", 0.0, by_k, words=words), missing
    if not inside:
        return Expansion("analytic", radius, by_k, words=_narrowest(system.structure)), missing
    words = (
        "without spin-orbit coupling a state is bound in the stack at E_F, among the open channels of the "
        f"other spin (k_perp = {where}): first order misses its torque"
    )
    if ONE_AXIS.but(system):
        return Expansion("threshold", 0.0, by_k, words=words), missing
    m = np.array(system.structure.right.direction)
    # Of the source `majority`: the closed band is that of the higher energy.
    place = np.array([[0.0], [1.0], [0.0]])
    for one in inside:
        missing += _torque_of_state(system.structure, *one) * place
    split = components(missing.value[1], m)
    parts = np.zeros(len(SOURCES), dtype=complex)
    parts[1] = complex(*split) if split else 0.0
    at = _x(*inside[0])
    return Expansion("embedded", radius, by_k, parts, at, words), missing


def _x(segment: Segment, theta: float) -> float:
    return float(x_of(segment, np.array(theta + 0j)).real)


def _poles(structure: Structure, segment: Segment, scale: float) -> Array:
    """Return the θ of states bound among open channels of one range, for k along x."""
    theta = stack_poles(structure, segment, np.zeros((1, 1)), np.full((1, 1), scale)).ravel()
    return np.asarray(theta.real[(np.abs(theta.imag) < BOUND_IN) & (theta.real >= 0)])


def _states(structure: Structure) -> tuple[list[tuple[Segment, float]], list[tuple[Segment, float]]]:
    """Return range and θ of states bound among open channels, and of those at thresholds.

    What is bound has no width at all, as theory tells: narrow resonances are in its first order already.
    """
    inside = [
        (one.segment, float(np.arcsin(np.sqrt((one.k_perp2 - lower) / (upper - lower)))))
        for one in resonances(structure)
        for lower, upper in [one.segment]
        if one.inside and one.width == 0
    ]
    at_edge = [
        (segment, theta)
        for segment in pairwise(structure.thresholds())
        for theta in _poles(structure, segment, 0.0).tolist()
        if (theta < AT_THRESHOLD and segment[0] > 0) or abs(theta - np.pi / 2) < AT_THRESHOLD
    ]
    return inside, at_edge


def _reach(structure: Structure) -> float:
    """Return which part of the spin-orbit terms' strength leaves states next to thresholds where they are."""
    found = [1.0]
    for segment in pairwise(structure.thresholds()):
        theta = stack_poles(structure, segment, np.zeros((1, 1)), np.zeros((1, 1))).ravel()
        ends = [np.pi / 2] if segment[0] == 0 else [0.0, np.pi / 2]
        found += [float(np.nanmin(np.abs(theta - end)) / CLEAR) for end in ends if theta.size]
    return min(found)


def _narrowest(structure: Structure) -> str:
    """Return what is to be said of resonances so narrow that first order changes with the scale's size."""
    found = [one for one in resonances(structure) if one.inside and 0 < one.width < REMARKABLE * one.k_perp2]
    if not found:
        return ""
    least, root = min(found, key=lambda one: one.width), [one.k_perp2**0.5 for one in found]
    at, width = least.k_perp2**0.5, least.width / (2 * least.k_perp2**0.5)
    reach = (least.width / least.k_perp2) ** 0.5
    unseen = (
        "their torque is that of scales beyond the root of the width"
        if least.unseen
        else "it holds for spin-orbit terms weaker than about the root of that"
    )
    return (
        f"{len(root)} of the stack's resonances without spin-orbit coupling are narrow (the narrowest at "
        f"k_perp = {at:.6g}, half-width {width:.2g}): {unseen} ({reach:.1g}) where another channel is open"
    )


def _along_m(structure: Structure, direction: int) -> Structure:
    """Return the stack whose spin-orbit fields are those along x, y or z, but turned along m."""
    m = np.array(structure.right.direction)

    def turned(A: Matrix) -> Matrix:
        x, y, z = (tuple(row) for row in np.outer(m, A[direction]).tolist())
        return x, y, z

    left, *layers, right = structure.regions
    inner = [replace(one, spin_orbit=turned(one.spin_orbit)) for one in layers]
    deltas = tuple(replace(one, spin_orbit=turned(one.spin_orbit)) for one in structure.interfaces)
    return replace(structure, regions=(left, *inner, right), interfaces=deltas)


def _torque_of_state(structure: Structure, segment: Segment, theta: float) -> Estimate:
    """Return −(k_0²/8πM) Q×m of a state at θ."""
    k_perp2, steps = _x(segment, theta), SHIFTS / max(strength(structure), TINY)

    def at(there: Structure, scale: float) -> float:
        found = _poles(there, segment, scale)
        return _x(segment, found[np.abs(found - theta).argmin()]) if found.size else np.nan

    along = [_along_m(structure, c) for c in range(3)]
    slopes = [[(at(there, h) - at(there, -h)) / (2 * h) for there in along] for h in steps.tolist()]
    shift = richardson(np.array(slopes), (2, 4))
    factor = float(np.sqrt(k_perp2)) / (8 * np.pi * structure.right.mass)
    error = factor * float(shift.error.max()), "how the state moves in a field along m"
    return Estimate(factor * np.cross(shift.value, structure.right.direction), {"bound state": error})
