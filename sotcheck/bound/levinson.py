"""Bound states counted by the phase of det S: Levinson's theorem in one dimension, four channels.

With M = κ̂ − iK̂ − ik, det S = (−1)ⁿ det M*/det M between n open channels. M is analytic outside the cut of
the bands, and det M vanishes at bound states only; around a large circle det M ≈ −4E turns once, so that
their number is 1 − Δ/2π, where Δ is the change of arg det S within the segments between thresholds. The
factors −1 at the four openings, not part of Δ, are the half-bound states' −1/2 of each channel; the 1 is the
1/2 of an even wave for each of two spins. An eigenvalue of M that vanishes at the very bottom of the
continuum, a half-bound state, counts 1/2.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sotcheck.bound.kwant_states import Problems
from sotcheck.bound.missing_weight import Resonance, Segment, graded, resonance, segments
from sotcheck.engines import Engine
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.interface import Interface
from sotcheck.system.spin import IDENTITY
from sotcheck.system.states import States

#: Energies end where k is this many times the interface's largest wave number.
HIGHEST = 32.0
#: Beyond the last threshold, segments of energy grow by this factor.
GROWTH = 16.0
#: Nodes of a segment to start from, and how close to its ends the first and last of them are (in θ of a
#: segment as wide as the interface's wave number squared).
FIRST_NODES, END = 9, 1e-5
#: Phase steps are halved until they are below this, or the θ between them is below the other.
LARGEST_STEP, SMALLEST_INTERVAL = np.pi / 4, 1e-13
#: A resonance narrower than this in θ must turn the phase by 2π within WINDOW widths.
NARROW, WINDOW = 0.1, 100.0
#: How close to an integer the phase must come, and how much of it may be taken on trust at segments' ends.
INTEGER = 0.25
#: By how much |det S| may differ from 1.
NOT_UNITARY = 1e-6


@dataclass(frozen=True)
class Winding:
    """The number of bound states from the phase of det S, 1 − Δ/2π.

    `number`: an integer but for what lies beyond the highest energy, and half-bound states; its error is what
    extrapolation to the segments' ends contributes, in absolute values. `energies`: how many were solved;
    `lost`: how many resonances are too narrow for their turn of the phase to be seen.
    """

    number: Estimate
    energies: int
    resonances: list[Resonance]
    lost: int

    @property
    def count(self) -> int:
        """The nearest integer."""
        return round(self.number.value)

    @property
    def resolved(self) -> bool:
        """Whether the nearest integer can be trusted."""
        return max(abs(self.number.value - self.count), self.number.total) < INTEGER and not self.lost


def levinson(engine: Engine, iface: Interface, k_perp: float, angle: float, h_R: float) -> Winding:
    """Count the states below the continuum by the phase of det S from an engine, at all energies.

    The energy is varied through k_⊥² at a fixed Fermi energy, with h_R k_⊥ kept: only E − k_⊥² and h_R k_⊥
    enter. It ends at HIGHEST times the interface's largest wave number, where the phase still lacks ~ u_0/k.
    """
    one = Problems.of([iface], k_perp, angle, h_R)
    bands, wave_number = one.bands[0], float(one.wave_number[0])
    edge, length = float(bands.max()), (HIGHEST * wave_number) ** 2
    solver = iface.with_(E_F=edge + length)
    # Beyond the last edge all channels are open.
    decades = GROWTH ** -np.arange(np.ceil(np.log(HIGHEST**2) / np.log(GROWTH)) - 1, -1.0, -1.0)
    beyond = itertools.pairwise([edge, *(edge + length * decades).tolist()])

    turned, ends, solved, peaks, lost = 0.0, 0.0, 0, [], 0
    for segment in segments(bands, np.inf) + [Segment(a, b - a, (True, True, True)) for a, b in beyond]:

        def states(theta: Array, segment: Segment = segment) -> States:
            k = np.sqrt(solver.E_F - segment.lower - segment.width * np.sin(theta) ** 2)
            return engine.solve(solver.structure, k, np.full(len(theta), angle), h_R * k_perp / k)

        peak = resonance(segment, one.m[0], lambda theta: states(theta).density.sum(axis=-3) / (2 * np.pi))
        peaks += [peak] if peak else []
        end = float(np.clip(END * wave_number / np.sqrt(segment.width), END, 0.1))
        theta, steps = _phase_steps(states, end, graded(peak, np.inf))
        if peak and peak.width_theta < NARROW:
            near = np.abs((theta[1:] + theta[:-1]) / 2 - peak.theta) < WINDOW * peak.width_theta
            lost += int(abs(steps[near].sum()) < np.pi)
        # The phase is linear in θ at the ends, and its first and last steps are as long as what lies beyond.
        turned += float(steps.sum() + steps[0] + steps[-1])
        ends += float(abs(steps[0]) + abs(steps[-1]))
        solved += len(theta)
    extrapolated = {"extrapolation": (ends / (2 * np.pi), "first and last steps of every segment")}
    return Winding(Estimate(1 - turned / (2 * np.pi), extrapolated), solved, peaks, lost)


def _phase_steps(states: Callable[[Array], States], end: float, splits: list[float]) -> tuple[Array, Array]:
    """Return θ of a segment's energies, and the changes of arg det S between them.

    Steps are halved until all are small, and all once more: the total must stay as it is.
    """
    regular = np.linspace(0, np.pi / 2, FIRST_NODES)[1:-1]
    inside = [split for split in splits if 2 * end < split < np.pi / 2 - 2 * end]
    theta = np.unique([end, 2 * end, *regular, *inside, np.pi / 2 - 2 * end, np.pi / 2 - end])
    phase, total = _phase(states(theta)), np.inf
    while True:
        steps = np.angle(np.exp(1j * np.diff(phase)))
        # The two ends stay as they are: their lengths are given.
        inner = np.arange(1, len(steps) - 1)
        halved = inner[(np.abs(steps[inner]) > LARGEST_STEP) & (np.diff(theta)[inner] > SMALLEST_INTERVAL)]
        if not halved.size:
            if abs(steps.sum() - total) < LARGEST_STEP:
                return theta, steps
            total, halved = steps.sum(), inner
        between = (theta[halved] + theta[halved + 1]) / 2
        theta = np.insert(theta, halved + 1, between)
        phase = np.insert(phase, halved + 1, _phase(states(between)))


def _phase(states: States) -> Array:
    """Return arg det S between open channels, (n,)."""
    closed = np.zeros((*states.kz.shape, 4, 4), dtype=complex)
    closed[..., :2, :2] = IDENTITY - states.open_N
    closed[..., 2:, 2:] = IDENTITY - states.open_F
    determinant = np.linalg.det(states.s_matrix() + closed)
    if (off := np.abs(np.abs(determinant) - 1).max()) > NOT_UNITARY:
        raise EngineError(
            f"|det S| differs from 1 by {off:.1e}: an energy is too close to a threshold for this engine"
        )
    return np.angle(determinant)
