"""What t of a stack is to first order in the scale of its spin-orbit terms, besides what open channels tell.

Without spin-orbit terms a state of one spin may be bound at E_F among the open channels of the other: at
k_0², say. As at a bare interface (`sotcheck.theory.embedded`) spin-orbit terms make it a resonance as narrow
as the square of the scale, through which the electrons of the open channels fill the state: its torque is of
first order, and first order from scattering states misses it (`sotcheck.theory.narrow.bound_torque`). Where
the exact engine's poles lie says only which scales are small.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sotcheck.engines.determinant import stack_poles
from sotcheck.engines.poles import Segment, x_of
from sotcheck.exact.observables import components
from sotcheck.numerics.arrays import Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sample
from sotcheck.system.interface import SOURCES
from sotcheck.system.model import System
from sotcheck.system.structure import Structure
from sotcheck.system.units import wave_vector
from sotcheck.theory.narrow import bound_torque, together
from sotcheck.theory.resonances import Resonance, resonances
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
    one_k, unit = wave_vector(system)
    at = at_edge or [one.k_perp2 for one in inside]
    where = ", ".join(f"{one_k * x**0.5:.4g}" for x in at) + unit
    missing = Estimate(np.zeros((len(SOURCES), 3)))
    if at_edge:
        words = (
            f"without spin-orbit coupling a channel is transparent at grazing incidence (k_perp = {where}): "
            "t has no expansion in the scale there"
        )
        return Expansion("transparent", 0.0, by_k, words=words), missing
    if not inside:
        return Expansion("analytic", radius, by_k, words=_narrowest(system)), missing
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
        missing += bound_torque(system.structure, one) * place
    split = components(missing.value[1], m)
    parts = np.zeros(len(SOURCES), dtype=complex)
    parts[1] = complex(*split) if split else 0.0
    return Expansion("embedded", radius, by_k, parts, inside[0].k_perp2, words), missing


def _states(structure: Structure) -> tuple[list[Resonance], list[float]]:
    """Return the states bound among open channels, and the k_⊥² of those at thresholds.

    What is bound has no width at all, as theory tells: narrow resonances are in its first order already.
    """
    inside = [one for one in resonances(structure) if one.inside and one.width == 0]
    at_edge = [
        float(x_of(segment, theta).real)
        for segment in pairwise(structure.thresholds())
        for theta in _poles(structure, segment)
        if abs(theta.imag) < BOUND_IN
        if (0 <= theta.real < AT_THRESHOLD and segment[0] > 0) or abs(theta.real - np.pi / 2) < AT_THRESHOLD
    ]
    return inside, at_edge


def _poles(structure: Structure, segment: Segment) -> Complex:
    """Return the θ of the states of one range without spin-orbit terms, as the exact engine finds them."""
    return stack_poles(structure, segment, np.zeros((1, 1)), np.zeros((1, 1))).ravel()


def _reach(structure: Structure) -> float:
    """Return which part of the spin-orbit terms' strength leaves states next to thresholds where they are."""
    found = [1.0]
    for segment in pairwise(structure.thresholds()):
        theta = _poles(structure, segment)
        ends = [np.pi / 2] if segment[0] == 0 else [0.0, np.pi / 2]
        found += [float(np.nanmin(np.abs(theta - end)) / CLEAR) for end in ends if theta.size]
    return min(found)


def _narrowest(system: System) -> str:
    """Return what is to be said of resonances so narrow that first order changes with the scale's size."""
    found = [
        one for one in resonances(system.structure) if one.inside and 0 < one.width < REMARKABLE * one.k_perp2
    ]
    if not found:
        return ""
    least, (one_k, unit) = min(found, key=lambda one: one.width), wave_vector(system)
    at, width = one_k * least.k_perp2**0.5, one_k * least.width / (2 * least.k_perp2**0.5)
    reach = (least.width / least.k_perp2) ** 0.5
    unseen = (
        "their torque is that of scales beyond the root of the width"
        if least.unseen
        else "it holds for spin-orbit terms weaker than about the root of that"
    )
    close = "; of two too close to one another to tell who fills which it is in the error"
    return (
        f"{len(found)} of the stack's resonances without spin-orbit coupling are narrow (the narrowest at "
        f"k_perp = {at:.6g}, half-width {width:.2g}{unit}): {unseen} ({reach:.1g}) where another channel "
        f"is open{close if any(map(together, found)) else ''}"
    )
