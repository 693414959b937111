"""A user's own Kwant system at one k after another: exact spin flows at some h_R, and first order in h_R."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from sotcheck.engines.user_builder import NONE, F, N, UserSystem, orbitals
from sotcheck.engines.user_states import At, Flows
from sotcheck.errors import BuilderError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.convergence import finest
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.interface import SOURCES
from sotcheck.system.spin import dagger
from sotcheck.theory.on_lattice import continued, torque_of_amplitudes, torque_of_states

#: Each h_R is half the one before; the odd part of t over h_R is even in it.
RUNGS = 0.5 ** np.arange(5)
POWERS = (2, 4, 6)
#: How far, relative to it, a k next to another one is. Both −k and k are moved outwards.
NUDGE = 1e-4
#: Torques per incident current, and weighted for the sum over k.
PLAIN, WEIGHTED = 0, 1
#: Where the ladder leaves more than this, in units of the incident current, ladders further down are tried.
WANTED, FURTHER = 1e-9, (2.0**-4, 2.0**-8)


def grid_of(cell: Array, points: int, offset: float = 0.5) -> Array:
    """Return a grid (points², 2) over the cell of k, whose centre is k = 0: midpoints by default."""
    axes = [width * ((np.arange(points) + offset) / points - 0.5) for width in cell]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)


@dataclass(frozen=True)
class Point:
    """What is known at one k: torques per unit incident current, by channel."""

    at: At
    rungs: Array
    solved: dict[float, Flows] = field(default_factory=dict)

    @cached_property
    def sources(self) -> Array:
        """Which source each incoming channel belongs to: 1 or 0, (channels, 3)."""
        left, right = self.at.channels
        of = [0] * len(left.spin) + [SOURCES.index("minority" if s > 0 else "majority") for s in right.spin]
        return np.eye(len(SOURCES))[of]

    @cached_property
    def shift(self) -> Array:
        """−(1/4π) ½ ∂ε/∂k_x of each channel: its weight in the sum over k."""
        return -np.concatenate([channels.shift for channels in self.at.channels]) / (4 * np.pi)

    def by_source(self, torque: Array) -> Array:
        """Return channels' torques (channels, 3) by source, as they are and weighted: (2, 3, 3)."""
        weights = np.stack([self.sources, self.sources * self.shift[:, None]])
        return np.einsum("wcs,ci->wsi", weights, torque)

    def flows(self, h_R: float) -> Flows:
        """Return exact flows, kept for the next time."""
        if h_R not in self.solved:
            self.solved[h_R] = self.at.flows(h_R)
        return self.solved[h_R]

    def exact(self, h_R: float) -> Array:
        """Return the exact torque, (2, 3, 3): what arrives and is added, less what goes on along m."""
        flows = self.flows(h_R)
        passed = flows.onward[:, None] * self.at.system.m
        return self.by_source(flows.minus + flows.added - passed)

    @cached_property
    def psi(self) -> Complex:
        """Unperturbed states, (channels, orbitals)."""
        return self.at.states(0.0)

    @cached_property
    def s_matrix(self) -> Complex:
        """The unperturbed S-matrix."""
        return self.at.s_matrix(0.0)

    @cached_property
    def noise(self) -> float:
        """The rounding error of any source's flows."""
        return self.at.rounding(self.psi) * len(self.psi)

    @property
    def leaving(self) -> tuple[Complex, Complex]:
        """What outgoing waves carry away: σ into N, and σ·m into F, all channels wide."""
        (n, _), every = self.at.open, sum(self.at.open)
        to_left, onward = np.zeros((3, every, every), complex), np.zeros((every, every), complex)
        to_left[:, :n, :n] = self.at.channels[N].leaving[:3]
        onward[n:, n:] = self.at.channels[F].leaving[3]
        return to_left, onward

    @cached_property
    def first_order(self) -> Array:
        """First order from unperturbed states, per h_R, (2, 3, 3)."""
        at = self.at
        return self.by_source(torque_of_states(self.s_matrix, self.psi, at.V, *self.leaving, at.system.m))

    @property
    def reflection(self) -> tuple[Complex, Complex, float] | None:
        """r, t' and v at z = 0, where N is an open chain up to there; None elsewhere."""
        at_zero = self.at.channels[N].at_zero
        if at_zero is None or self.at.open[N] != 2:
            return None
        return continued(*at_zero, self.s_matrix)

    @cached_property
    def from_amplitudes(self) -> Array | None:
        """First order from r and t' alone, (2, 3, 3), where its premises hold."""
        (zero, *others), V = self.at.system.zero, self.at.V
        here, found = orbitals([zero]), self.reflection
        beyond = V.copy()
        beyond[np.ix_(here, here)] = 0
        if others or np.any(beyond) or not self.at.along_m or found is None:
            return None
        # In N the two channels are spin up and down; their torques are added, and their weights alike.
        return self.by_source(torque_of_amplitudes(*found, V[np.ix_(here, here)], self.at.system.m))

    @cached_property
    def linear(self) -> Estimate:
        """The linear coefficient in h_R of the exact torque, (2, 3, 3), from the ladder that tells most."""
        best = self._limit(1.0)
        for part in FURTHER:
            if best.total > WANTED * max(1.0, float(np.abs(best.value).max())):
                best = min(best, self._limit(part), key=lambda one: one.total)
        return best

    def _limit(self, part: float) -> Estimate:
        rungs = part * self.rungs
        both = [self.odd(h) / h for h in rungs.tolist()]
        noise = self.noise * np.array([1.0, np.abs(self.shift).max()])[:, None, None]
        return finest(np.array(both), POWERS, noise / np.abs(rungs)[:, None, None, None], (-1,))

    def odd(self, h_R: float) -> Array:
        """Return the part of the exact torque that is odd in h_R, (2, 3, 3)."""
        return (self.exact(h_R) - self.exact(-h_R)) / 2

    def even(self, h_R: float) -> Array:
        """Return the part that is even in h_R, without that at h_R = 0, (2, 3, 3)."""
        return (self.exact(h_R) + self.exact(-h_R)) / 2 - self.exact(0.0)

    @cached_property
    def is_odd_in_k(self) -> bool:
        """Whether −k at −h_R is k at h_R: what is even in h_R then leaves the sum over k."""
        system, h = self.at.system, float(self.rungs[0])
        here, there = (
            [system.hamiltonian(sign * self.at.k, sign * h)]
            + [block for lead in (N, F) for block in system.lead(lead, sign * self.at.k)]
            for sign in (1, -1)
        )
        return all(np.abs(a - b).max() <= NONE * np.abs(a).max() for a, b in zip(here, there, strict=True))

    def by_channels(self, S: Complex) -> tuple[Array, Array]:
        """Return spin through z = −0, (channels, 3), and into F along m from an S-matrix alone."""
        n, _ = self.at.open
        left, right = self.at.channels
        to_left, onward = self.leaving
        minus = -np.einsum("oc,sop,pc->cs", S.conj(), to_left, S).real
        minus[:n] += left.spin[:, None] * self.at.system.m
        into = np.einsum("oc,op,pc->c", S.conj(), onward, S).real
        into[n:] -= right.spin
        return minus, into

    def residuals(self) -> list[float]:
        """Return what conservation laws leave at the top h_R, the worst of all channels.

        At z = 0, and from there to the lead of F, what arrives less what is taken and goes on; S†S − 1;
        H − H†, relative; spin through z = −0, and along m into F, by currents less by S.
        """
        top = float(self.rungs[0])
        flows, S, H = self.flows(top), self.at.s_matrix(top), self.at.system.hamiltonian(self.at.k, top)
        minus, into = self.by_channels(S)
        left = (
            flows.minus + flows.lattice - flows.interface - flows.plus,
            flows.minus + flows.added - flows.taken - flows.last,
            dagger(S) @ S - np.eye(len(S)),
            (H - dagger(H)) / np.abs(H).max(),
            flows.minus - minus,
            flows.onward - into,
        )
        return [float(np.abs(one).max()) for one in left]


def open_points(
    system: UserSystem, ks: Array, rungs: Array, *, exactly: bool = False
) -> Iterator[tuple[int, Point]]:
    """Yield the points among k (n, 2) at which some channel is open, and which they are.

    At a band edge Kwant finds no modes: unless k is to be taken exactly, one next to it stands for it.
    """
    for n, k in enumerate(ks):
        try:
            at = At(system, k)
        except BuilderError:
            if exactly:
                raise
            at = At(system, np.where(k == 0, NUDGE * system.cell, (1 + NUDGE) * k))
        if sum(at.open):
            yield n, Point(at, rungs)


def area_of(system: UserSystem, ks: Array) -> float:
    """Return what one k of a grid stands for in ∫d²k/(2π)²."""
    return float(np.prod(system.cell)) / (len(ks) * (2 * np.pi) ** 2)


def first_order_sum(system: UserSystem, ks: Array) -> Array:
    """Return first order per h_R summed over a grid of the cell of k, by source, (3, 3)."""
    points = (point for _, point in open_points(system, ks, RUNGS))
    summed = sum((point.first_order[WEIGHTED] for point in points), np.zeros((3, 3)))
    return summed * area_of(system, ks)


def grid_error(system: UserSystem, total: Array, grid: int) -> Array:
    """Return by how much grids of twice the spacing, with k = 0 and without, differ from a sum, (3,)."""
    coarse = (grid_of(system.cell, grid // 2, offset) for offset in (0.0, 0.5))
    return np.max([np.abs(first_order_sum(system, ks) - total).max(axis=1) for ks in coarse], axis=0)
