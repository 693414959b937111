"""Exact currents by bias to first order in h_R, and what amplitudes gain by Rashba scattering."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from sotcheck.exact.profiles import along, biases, diagonal, in_F, on_ladder, over_angles, weighted
from sotcheck.exact.solved import Exact, Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.spin import dagger, pauli_vector, projectors

Part = Callable[[Complex], Array | Complex]


def charge(matrix: Complex) -> Array:
    """Tr[ĵ]."""
    return np.trace(matrix, axis1=-2, axis2=-1).real


def spin(matrix: Complex) -> Array:
    """−Tr[σ ĵ]."""
    return -pauli_vector(matrix).real


def whole(matrix: Complex) -> Complex:
    """ĵ itself."""
    return matrix


def perpendicular(part: Part) -> Exact:
    """The unperturbed current along z at the interface, in N."""

    def exact(one: Solved) -> Estimate:
        flow = on_ladder(one, "N").at(0.0, biases(one))
        return one.unperturbed(part(-flow.normal))

    return exact


@lru_cache(maxsize=128)
def _densities(one: Solved, collinear: bool) -> tuple[Complex, Complex]:
    """ψ Δμ̂ ψ† averaged over z < 0, and the diagonal part over z > 0, by bias."""
    both = (in_F(one), in_F(one)) if collinear else biases(one)
    down, up = on_ladder(one, "F").mean_by_band(both)
    return on_ladder(one, "N").mean(both).density, down.density + up.density


def in_plane(
    part: Part, u: Array, some: slice = slice(None), *, collinear: bool = False, averaged: bool = True
) -> Exact:
    """∂/∂h_R of the current along u in N, far from the interface."""

    def exact(one: Solved) -> Estimate:
        density = _densities(one, collinear)[0][..., some, :, :]
        found = weighted(one.linear(part(-density)), along(one, u))
        return over_angles(found) if averaged else found

    return exact


def discontinuity(part: Part, u: Array, open_only: bool) -> Exact:
    """∂/∂h_R of the current in F minus the diagonal part of that in N, both far from the interface."""

    def exact(one: Solved) -> Estimate:
        in_N, in_F = _densities(one, False)
        found = one.linear(part(diagonal(one, in_N) - in_F))
        found = over_angles(weighted(found, along(one, u)))
        states = one.states
        is_open = ((states.kz.real > 0) & (states.Kz.real > 0).all(axis=-1))[:, :1, 0]
        return weighted(found, is_open.astype(float)) if open_only else found

    return exact


def along_m(one: Solved) -> Part:
    """−Tr[σ·m ĵ]."""
    return lambda matrix: spin(matrix) @ one.iface.direction


def _by_band(one: Solved, change: Estimate) -> Estimate:
    """−ik_⊥²/k_z A_ss'/σ·(k×ẑ)_ss' for s, s' = ↑, ↓ where N is open, shape (n, a, 2, 2)."""
    minority, majority = projectors(one.iface.direction)
    bands = (majority, minority)
    k_z = one.states.kz[:, :, 0].real
    factor = np.where(k_z > 0, -1j * one.k_perp[:, None] ** 2 / np.where(k_z > 0, k_z, 1), 0)
    size = sum(np.broadcast_to(size, change.value.shape) for size, _ in change.terms.values())
    values, errors = [], []
    for a in bands:
        for b in bands:
            element = np.trace(a @ change.value @ b @ dagger(one.rashba), axis1=-2, axis2=-1)
            norm = np.trace(a @ one.rashba @ b @ dagger(one.rashba), axis1=-2, axis2=-1).real
            values.append(factor * element / norm)
            errors.append(2 * np.abs(factor) * np.max(size, axis=(-1, -2)) / np.sqrt(norm))
    shape = (*k_z.shape, 2, 2)
    return Estimate(
        np.stack(values, axis=-1).reshape(shape),
        {"next order and rounding": (np.stack(errors, axis=-1).reshape(shape), "Richardson's table in h_R")},
    )


def conductance(which: int) -> Exact:
    """What r̂ (0) or t̂' (3) gains per Rashba element, times that amplitude's own conjugate, by band."""

    def exact(one: Solved) -> Estimate:
        gained = _by_band(one, one.linear(one.states.amplitudes()[which]))
        minority, majority = projectors(one.iface.direction)
        amplitude = one.states.amplitudes()[which][:, :, 0]
        by_band = [np.trace(u @ amplitude, axis1=-2, axis2=-1) for u in (majority, minority)]
        last = np.stack(by_band, axis=-1).conj()[:, :, None, None, :]
        terms = {
            name: (_eight(np.broadcast_to(size, gained.value.shape)[..., None] * np.abs(last)), why)
            for name, (size, why) in gained.terms.items()
        }
        # The amplitude itself is known to rounding, also where it is zero.
        terms["rounding"] = (
            _eight(np.abs(gained.value)[..., None] * (one.rounding + 0 * np.abs(last))),
            "double precision",
        )
        return Estimate(_eight(gained.value[..., None] * last), terms)

    return exact


def _eight(values: Array | Complex) -> Array | Complex:
    return values.reshape(*values.shape[:2], -1)


def gain(one: Solved) -> Estimate:
    """What r̂ gains per Rashba element."""
    gained = _by_band(one, one.linear(one.states.amplitudes()[0]))
    return Estimate(
        _eight(gained.value), {name: (_eight(size), why) for name, (size, why) in gained.terms.items()}
    )
