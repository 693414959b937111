"""Exact states at an interface's own finite h_R, and what they tell: for equations that hold at any h_R."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.exact.solved import ANGLES, Exact, Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.interface import Interface
from sotcheck.system.spin import in_spin_bands
from sotcheck.system.states import States


@lru_cache(maxsize=64)
def _states(engine: str, iface: Interface, k_perp: tuple[float, ...]) -> States:
    return EXACT[engine].solve(iface.structure, np.array(k_perp)[:, None], ANGLES, np.array(iface.h_R))


def states(one: Solved) -> States:
    """Return exact states at the interface's own h_R, axes (k_⊥, angle)."""
    return _states(one.engine, one.iface, tuple(one.k_perp.tolist()))


def measured(one: Solved, values: Array | Complex) -> Estimate:
    """Return a quantity that is exact but for rounding."""
    size = one.rounding * max(1.0, float(np.abs(values).max()))
    return Estimate(values, {"rounding": (size, "double precision")})


def amplitude(found: States) -> tuple[Complex, Complex]:
    """Return ψ(0) for waves of unit amplitude, not flux, incident from N and from F; zero if closed."""
    root_k = np.sqrt(found.kz.real)[..., None, None]
    root_K = in_spin_bands(np.sqrt(found.Kz.real).astype(complex), found.m)
    return root_k * found.psi_N, found.psi_F @ root_K


def wave_from_N(side: str) -> Exact:
    """ψ(0), ∂²ψ(0) of waves from N, by the Schrödinger equation of one side, and the spin current there."""

    def exact(one: Solved) -> Estimate:
        found = states(one)
        psi, _ = amplitude(found)
        flux = found.kz.real[..., None, None]
        return measured(one, _seen(one, side, psi, flux * _spin(one, side)[..., :1, :]))

    return exact


def wave_from_F(side: str) -> Exact:
    """The same of waves from F, the spin current by band of incidence."""

    def exact(one: Solved) -> Estimate:
        found = states(one)
        _, psi = amplitude(found)
        # Sources are majority, minority; wave numbers minority, majority.
        flux = found.Kz.real[..., ::-1, None]
        return measured(one, _seen(one, side, psi, flux * _spin(one, side)[..., 1:, :]))

    return exact


def _spin(one: Solved, side: str) -> Array:
    return states(one).spin_minus if side == "N" else states(one).spin_plus


def _seen(one: Solved, side: str, psi: Complex, currents: Array) -> Complex:
    k_perp2 = one.k_perp[:, None] ** 2 + np.zeros(psi.shape[1])
    if side == "N":
        curvature = -one.iface.kz_squared(k_perp2)[..., None, None] * psi
    else:
        curvature = -in_spin_bands(one.iface.Kz_squared(k_perp2).astype(complex), one.iface.direction) @ psi
    flat = [values.reshape(*psi.shape[:-2], -1) for values in (psi, curvature, currents)]
    return np.concatenate(flat, axis=-1)


def channels(which: str) -> Exact:
    """Projector on the incident spinors for which the engine finds a state."""

    def exact(one: Solved) -> Estimate:
        found = states(one)
        psi = found.psi_N if which == "N" else found.psi_F
        return measured(one, np.linalg.pinv(psi) @ psi)

    return exact


def twice(values: Callable[[Solved], Complex]) -> Exact:
    """One exact quantity against both sides of a relation."""
    return lambda one: measured(one, np.stack([values(one)] * 2, axis=-3))
