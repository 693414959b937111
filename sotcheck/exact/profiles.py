"""Exact charge and spin currents by bias, at any distance; to first order in h_R far from the interface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sotcheck.exact.currents import imaginary, slopes
from sotcheck.exact.finite import measured, states
from sotcheck.exact.quantities import change_of, r_by_spin, t_prime_by_spin
from sotcheck.exact.quantity import N_open
from sotcheck.exact.second_order import averaged
from sotcheck.exact.solved import ANGLES, Exact, Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.spin import PAULI, dagger, dot_sigma, in_spin_bands, pauli_vector, projectors
from sotcheck.system.states import States

#: Matrices (b, 2, 2) of biases of N, and of F; in a current they follow one another.
Biases = tuple[Complex, Complex]
BiasesOf = Callable[[Solved], Biases]
#: Biases of N: charge, and spin along x, y, z with spins against the moment.
IN_N: Complex = np.stack([np.eye(2), *(-PAULI)])
NONE: Complex = np.zeros((0, 2, 2), dtype=complex)
#: Positions in a period of an interference pattern: e^{±2iqz} averages to nothing.
PERIOD = np.arange(4) / 4


def in_F(one: Solved) -> Complex:
    """Return the biases of F: charge, and spin along m with spins against the moment."""
    return np.stack([np.eye(2), -dot_sigma(one.iface.direction)])


def of_N(one: Solved) -> Biases:
    """Return the biases of N alone."""
    return IN_N, NONE


def of_F(one: Solved) -> Biases:
    """Return the biases of F alone."""
    return NONE, in_F(one)


def of_both(one: Solved) -> Biases:
    """Return the biases of N and of F."""
    return IN_N, in_F(one)


def collinear(one: Solved) -> Biases:
    """Return charge and spin along m, of N and of F."""
    return in_F(one), in_F(one)


class Flow(NamedTuple):
    """Matrices of a bias in spin space by k_⊥, …, bias: shape (..., b, 2, 2); the charge is their trace.

    The density ψ Δμ̂ ψ†, times k·u, is the flow along u in the plane, Im[∂_zψ Δμ̂ ψ†] that along the normal.
    """

    density: Complex
    normal: Complex


@dataclass(frozen=True)
class Waves:
    """Exact waves of unit flux on one side, continued through the interface from the other side.

    Wave numbers q (..., 2) of that side are by band, minority before majority; ψ and its slope at the
    interface, (2, ..., 2, 2), of waves from N and from F.
    """

    q: Complex
    m: Array
    psi: Complex
    slope: Complex

    def at(self, z: Array | float, biases: Biases) -> Flow:
        """Return the flow at a position."""
        phase = self.q * np.asarray(z)[..., None]
        cosine = in_spin_bands(np.cos(phase), self.m)
        sine, bent = (in_spin_bands(np.sin(phase) * factor, self.m) for factor in (1 / self.q, -self.q))
        psi = (cosine @ self.psi + sine @ self.slope)[..., None, :, :]
        slope = (bent @ self.psi + cosine @ self.slope)[..., None, :, :]
        back = [mu @ dagger(wave) for mu, wave in zip(biases, psi, strict=True)]
        found = [[wave @ b for wave, b in zip(waves, back, strict=True)] for waves in (psi, slope)]
        density, change = (np.concatenate(each, axis=-3) for each in found)
        return Flow(density, imaginary(change))

    def mean(self, biases: Biases) -> Flow:
        """Return the flow averaged over a period of its interference pattern, N's; nothing if it decays."""
        q = self.q[..., 0].real
        travels = (q > 0)[..., None, None, None]
        length = np.pi / np.where(q > 0, q, np.inf)
        flows = [self.at(-part * length, biases) for part in PERIOD]
        density, normal = (np.where(travels, np.mean(each, axis=0), 0) for each in zip(*flows, strict=True))
        return Flow(density, normal)

    def mean_by_band(self, biases: Biases) -> tuple[Flow, Flow]:
        """Return the same for each band of F by itself: minority, majority."""
        bands = [
            replace(self, q=self.q[..., [n, n]], psi=u @ self.psi, slope=u @ self.slope)
            for n, u in enumerate(projectors(self.m))
        ]
        return bands[0].mean(biases), bands[1].mean(biases)


def continued(found: States, kappa: Complex, side: str) -> Waves:
    """Return the waves on the side "N" or "F"; κ̂ is what the interface holds, Rashba term included."""
    psi = np.stack([found.psi_N, found.psi_F])
    if side == "N":
        q = np.stack([found.kz, found.kz], axis=-1)
        return Waves(q, found.m, psi, slopes(found, "F") - kappa @ psi)
    return Waves(found.Kz, found.m, psi, slopes(found, "N") + kappa @ psi)


@lru_cache(maxsize=128)
def at_own_h_R(one: Solved, side: str) -> Waves:
    """Return waves at the interface's own h_R, axes (k_⊥, angle)."""
    return continued(states(one), one.iface.kappa_0() + one.iface.h_R * one.rashba, side)


@lru_cache(maxsize=128)
def on_ladder(one: Solved, side: str) -> Waves:
    """Return waves at every rung of h_R, axes (k_⊥, angle, rung)."""
    kappa = one.iface.kappa_0() + one.h_R[..., None, None] * one.rashba[:, :, None]
    return continued(one.states, kappa, side)


def mean_over_z(waves: Waves, side: str, biases: Biases) -> Flow:
    """Return the flow averaged over z; in F by band, without what is off the diagonal."""
    return waves.mean(biases) if side == "N" else Flow(*np.sum(waves.mean_by_band(biases), axis=0))


def at_position(where: str, z: float, biases: BiasesOf, u: Array) -> Exact:
    """The current along u at a position in "N" or "F" due to biases, at finite h_R."""
    return lambda one: _current(one, at_own_h_R(one, where).at(z, biases(one)), u)


def far_from(where: str, biases: BiasesOf, u: Array) -> Exact:
    """The same averaged over z, as by `mean_over_z`."""
    return lambda one: _current(one, mean_over_z(at_own_h_R(one, where), where, biases(one)), u)


def _current(one: Solved, flow: Flow, u: Array) -> Estimate:
    # Electrons have the charge −e.
    return measured(one, -(along(one, u)[..., None, None, None] * flow.density + u[2] * flow.normal))


def diagonal(one: Solved, matrix: Complex) -> Complex:
    """Return the part that commutes with σ·m."""
    kept: Complex = np.sum([u @ matrix @ u for u in projectors(one.iface.direction)], axis=0)
    return kept


def along(one: Solved, u: Array) -> Array:
    """Return the part of k·u in the plane, shape (k_⊥, angle)."""
    projected: Array = one.k_perp[:, None] * (u[0] * np.cos(ANGLES) + u[1] * np.sin(ANGLES))
    return projected


#: What is looked at of a current matrix.
Part = Callable[[Solved, Complex], Array | Complex]


def charge(one: Solved, matrix: Complex) -> Array:
    """Tr[ĵ]."""
    return np.trace(matrix, axis1=-2, axis2=-1).real


def spin(one: Solved, matrix: Complex) -> Array:
    """−Tr[σ ĵ]."""
    return -pauli_vector(matrix).real


def along_m(one: Solved, matrix: Complex) -> Array:
    """−Tr[σ·m ĵ]."""
    return spin(one, matrix) @ one.iface.direction


def whole(one: Solved, matrix: Complex) -> Complex:
    """ĵ itself."""
    return matrix


def perpendicular(part: Part) -> Exact:
    """The unperturbed current along z at the interface, in N."""
    return lambda one: one.unperturbed(part(one, -on_ladder(one, "N").at(0.0, of_both(one)).normal))


@lru_cache(maxsize=128)
def _density(one: Solved, side: str, biases: BiasesOf) -> Complex:
    """ψ Δμ̂ ψ† by bias, averaged over z < 0, or the diagonal part over z > 0."""
    return mean_over_z(on_ladder(one, side), side, biases(one)).density


def _changed(one: Solved, part: Part, biases: BiasesOf) -> Estimate:
    return one.linear(part(one, -_density(one, "N", biases)))


def at_each_angle(u: Array, biases: BiasesOf) -> Exact:
    """∂/∂h_R of the current matrix along u in N, far from the interface."""
    return lambda one: _changed(one, whole, biases) * along(one, u)[..., None, None, None]


def in_plane(part: Part, u: Array, biases: BiasesOf = of_both) -> Exact:
    """The same of a part of it, averaged over angles."""
    return lambda one: averaged(_changed(one, part, biases), along(one, u))


def discontinuity(part: Part, u: Array) -> Exact:
    """∂/∂h_R of the current in F minus the diagonal part of that in N, far from it, averaged over angles."""

    def exact(one: Solved) -> Estimate:
        jump = diagonal(one, _density(one, "N", of_both)) - _density(one, "F", of_both)
        return averaged(one.linear(part(one, jump)), along(one, u))

    return exact


def _by_band(one: Solved, name: str) -> Estimate:
    """−ik_⊥²/k_z A_ss'/σ·(k×ẑ)_ss' for s, s' = ↑, ↓ where N is open, A = ∂r̂/∂h_R or ∂t̂'/∂h_R."""
    change = change_of(name).measure(one)
    bands = projectors(one.iface.direction)[::-1]

    def elements(matrix: Complex) -> Complex:
        # Tr[u_s A u_s' (σ·(k×ẑ))†]
        found: Complex = np.einsum("sij,...jk,tkl,...il->...st", bands, matrix, bands, one.rashba.conj())
        return found

    k_z = np.where(N_open(one), one.states.kz[:, 0, 0].real, np.inf)
    factor = (one.k_perp**2 / k_z)[:, None, None, None]
    norm = elements(one.rashba).real
    size = 2 * factor * change.error.max(axis=(-1, -2), keepdims=True) / np.sqrt(norm)
    value = -1j * factor * elements(change.value) / norm
    return Estimate(value, {"next order and rounding": (size, "Richardson's table in h_R")})


def _flat(values: Array) -> Array:
    return values.reshape(*values.shape[:2], -1)


def conductance(name: str) -> Exact:
    """What r or t' gains per Rashba element, times that amplitude's own conjugate, by band: ↑↑↑ to ↓↓↓."""
    amplitude = {"r": r_by_spin, "t'": t_prime_by_spin}[name]

    def exact(one: Solved) -> Estimate:
        gained = _by_band(one, name)
        last = amplitude.measure(one).value.conj()[:, :, None, None, :]
        found = gained.each(
            lambda value: value[..., None] * last, lambda size: size[..., None] * np.abs(last)
        )
        # The amplitude itself is known to rounding, also where it is zero.
        own = np.abs(gained.value)[..., None] * one.rounding
        return found.and_("rounding", own, "double precision").each(_flat)

    return exact


def gain(one: Solved) -> Estimate:
    """What r̂ gains per Rashba element."""
    return _by_band(one, "r").each(_flat)
