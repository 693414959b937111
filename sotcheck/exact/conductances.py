"""Exact currents by bias to first order in h_R, and what amplitudes gain by Rashba scattering."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from sotcheck.exact.profiles import BiasesOf, along, diagonal, mean_over_z, of_both, on_ladder
from sotcheck.exact.quantities import change_of, r_by_spin, t_prime_by_spin
from sotcheck.exact.quantity import N_open
from sotcheck.exact.second_order import averaged
from sotcheck.exact.solved import Exact, Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.spin import pauli_vector, projectors

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
