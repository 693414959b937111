"""Exact charge and spin currents along any direction, at any distance from the interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sotcheck.exact.currents import imaginary, slopes
from sotcheck.exact.finite import measured, states
from sotcheck.exact.solved import ANGLES, Exact, Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.spin import PAULI, dagger, dot_sigma, in_spin_bands, projectors
from sotcheck.system.states import States

#: Biases of N: charge, and spin along x, y, z with spins against the moment.
IN_N: Complex = np.stack([np.eye(2), *(-PAULI)])
NONE: Complex = np.zeros((0, 2, 2), dtype=complex)
#: Positions in a period of an interference pattern: e^{±2iqz} averages to nothing.
PERIOD = np.arange(4) / 4


@dataclass(frozen=True)
class Flow:
    """Matrices of a bias in spin space by k_⊥, …, bias: shape (..., b, 2, 2); the charge is their trace.

    Attributes
    ----------
    density : array
        ψ Δμ̂ ψ†: times k·u, the flow along u in the plane.
    normal : array
        Im[∂_zψ Δμ̂ ψ†]: the flow along z.
    """

    density: Complex
    normal: Complex


@dataclass(frozen=True)
class Waves:
    """Exact waves of unit flux on one side, continued through the interface from the other side.

    Attributes
    ----------
    q : array (..., 2)
        Wave numbers of that side by band: minority, majority.
    m : array (3,)
    psi, slope : (array (..., 2, 2), array (..., 2, 2))
        At the interface, of waves from N and from F.
    """

    q: Complex
    m: Array
    psi: tuple[Complex, Complex]
    slope: tuple[Complex, Complex]

    def at(self, z: Array | float, biases: tuple[Complex, Complex]) -> Flow:
        """Return the flow at a position; biases of N and F are (b, 2, 2) each, and follow one another."""
        phase = self.q * np.asarray(z)[..., None]
        cosine = in_spin_bands(np.cos(phase), self.m)
        sine, bent = (in_spin_bands(np.sin(phase) * factor, self.m) for factor in (1 / self.q, -self.q))
        moved = [
            (cosine @ psi + sine @ slope, bent @ psi + cosine @ slope)
            for psi, slope in zip(self.psi, self.slope, strict=True)
        ]
        return _flow(moved, biases)

    def mean(self, biases: tuple[Complex, Complex]) -> Flow:
        """Return the flow averaged over a period of its interference pattern, N's; nothing if it decays."""
        q = self.q[..., 0]
        length = np.pi / np.where(q.real > 0, q.real, np.inf)
        return _average([self.at(-part * length, biases) for part in PERIOD], q)

    def mean_by_band(self, biases: tuple[Complex, Complex]) -> tuple[Flow, Flow]:
        """Return the same for each band of F by itself: minority, majority."""
        found = []
        for band, projector in enumerate(projectors(self.m)):
            q = self.q[..., [band, band]]
            psi, slope = (tuple(projector @ w for w in waves) for waves in (self.psi, self.slope))
            found.append(Waves(q, self.m, (psi[0], psi[1]), (slope[0], slope[1])).mean(biases))
        return found[0], found[1]


def _flow(waves: Sequence[tuple[Complex, Complex]], biases: tuple[Complex, Complex]) -> Flow:
    density, normal = [], []
    for (psi, slope), mu in zip(waves, biases, strict=True):
        back = mu @ dagger(psi)[..., None, :, :]
        density.append(psi[..., None, :, :] @ back)
        normal.append(imaginary(slope[..., None, :, :] @ back))
    return Flow(np.concatenate(density, axis=-3), np.concatenate(normal, axis=-3))


def _average(flows: list[Flow], q: Complex) -> Flow:
    travels = (q.real > 0)[..., None, None, None]
    return Flow(
        np.where(travels, np.mean([flow.density for flow in flows], axis=0), 0),
        np.where(travels, np.mean([flow.normal for flow in flows], axis=0), 0),
    )


def continued(found: States, kappa: Complex, side: str) -> Waves:
    """Return the waves on the side "N" or "F"; κ̂ is what the interface holds, Rashba term included."""
    jumps = kappa @ found.psi_N, kappa @ found.psi_F
    there = slopes(found, "F" if side == "N" else "N")
    sign = -1 if side == "N" else 1
    slope = there[0] + sign * jumps[0], there[1] + sign * jumps[1]
    q = np.stack([found.kz, found.kz], axis=-1) if side == "N" else found.Kz
    return Waves(q, found.m, (found.psi_N, found.psi_F), slope)


@lru_cache(maxsize=128)
def at_own_h_R(one: Solved, side: str) -> Waves:
    """Return waves at the interface's own h_R, axes (k_⊥, angle)."""
    return continued(states(one), one.iface.kappa_0() + one.iface.h_R * one.rashba, side)


@lru_cache(maxsize=128)
def on_ladder(one: Solved, side: str) -> Waves:
    """Return waves at every rung of h_R, axes (k_⊥, angle, rung)."""
    kappa = one.iface.kappa_0() + one.h_R[..., None, None] * one.rashba[:, :, None]
    return continued(one.states, kappa, side)


def in_F(one: Solved) -> Complex:
    """Return the biases of F: charge, and spin along m with spins against the moment."""
    return np.stack([np.eye(2), -dot_sigma(one.iface.direction)])


def biases(one: Solved, sides: str = "NF") -> tuple[Complex, Complex]:
    """Return the biases of N and of F; those of a side that is not asked for are left out."""
    return IN_N if "N" in sides else NONE, in_F(one) if "F" in sides else NONE


def at_position(where: str, z: float, sides: str, u: Array) -> Exact:
    """The current along u at a position in "N" or "F" due to biases of N, F or both, at finite h_R."""
    return lambda one: current(one, at_own_h_R(one, where).at(z, biases(one, sides)), u)


def far_from(where: str, sides: str, u: Array) -> Exact:
    """The same averaged over z; in F by band, without what is off the diagonal."""

    def exact(one: Solved) -> Estimate:
        waves = at_own_h_R(one, where)
        if where == "N":
            return current(one, waves.mean(biases(one, sides)), u)
        down, up = waves.mean_by_band(biases(one, sides))
        return current(one, Flow(down.density + up.density, down.normal + up.normal), u)

    return exact


def diagonal(one: Solved, matrix: Complex) -> Complex:
    """Return the part that commutes with σ·m."""
    kept: Complex = np.sum([u @ matrix @ u for u in projectors(one.iface.direction)], axis=0)
    return kept


def along(one: Solved, u: Array) -> Array:
    """Return the part of k·u in the plane, shape (k_⊥, angle)."""
    projected: Array = one.k_perp[:, None] * (u[0] * np.cos(ANGLES) + u[1] * np.sin(ANGLES))
    return projected


def current(one: Solved, flow: Flow, u: Array) -> Estimate:
    """Return the electric current along u of electrons of charge −e at the interface's own h_R."""
    plane = along(one, u)[..., None, None, None]
    return measured(one, -(plane * flow.density + u[2] * flow.normal))


def weighted(found: Estimate, factor: Array | Complex) -> Estimate:
    """Return a quantity times a factor of its leading axes."""
    wide = factor.reshape(*factor.shape, *(1,) * (np.ndim(found.value) - factor.ndim))
    return Estimate(
        found.value * wide,
        {
            name: (np.broadcast_to(size, found.value.shape) * np.abs(wide), why)
            for name, (size, why) in found.terms.items()
        },
    )


def over_angles(found: Estimate) -> Estimate:
    """Return the average over angles, which stay as an axis of length one."""
    return Estimate(
        found.value.mean(axis=1, keepdims=True),
        {
            name: (np.broadcast_to(size, found.value.shape).mean(axis=1, keepdims=True), why)
            for name, (size, why) in found.terms.items()
        },
    )
