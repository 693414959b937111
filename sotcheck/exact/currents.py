"""Exact currents and torques at the interface, k_⊥ by k_⊥, and averaged over angles."""

from __future__ import annotations

import numpy as np

from sotcheck.exact.observables import INTERFACE, PLUS, torque_from_flows
from sotcheck.exact.solved import Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.spin import IDENTITY, dagger, dot_sigma, in_spin_bands, projectors
from sotcheck.system.states import States


def imaginary(matrix: Complex) -> Complex:
    """Return (A − A†)/2i."""
    return (matrix - dagger(matrix)) / 2j


def slopes(found: States, side: str) -> tuple[Complex, Complex]:
    """Return ∂_zψ at z = −0 ("N") or +0 ("F") of waves from N and from F, by the waves of that side."""
    k = found.kz[..., None, None] * IDENTITY
    K = in_spin_bands(found.Kz, found.m)
    if side == "N":
        return 1j * k @ (2 * _incident(found.kz)[..., None, None] * IDENTITY - found.psi_N), (
            -1j * k @ found.psi_F
        )
    return 1j * K @ found.psi_N, 1j * K @ (found.psi_F - 2 * in_spin_bands(_incident(found.Kz), found.m))


def _incident(k: Complex) -> Complex:
    # A wave of unit flux has the amplitude 1/√k; closed channels have none.
    return np.where(k.real > 0, 1 / np.sqrt(np.where(k.real > 0, k, 1)), 0)


def charge_flow(found: States, side: str) -> Array:
    """Return Σ_in Im[ψ†∂_zψ] at z = −0 ("N") or +0 ("F") by source, shape (..., 3)."""
    from_N, from_F = slopes(found, side)
    minority, majority = projectors(found.m)
    matrices = [
        from_N @ dagger(found.psi_N),
        from_F @ majority @ dagger(found.psi_F),
        from_F @ minority @ dagger(found.psi_F),
    ]
    return np.stack([np.trace(matrix, axis1=-2, axis2=-1).imag for matrix in matrices], axis=-1)


def current(found: States, side: str, charge_from: str | None = None) -> Complex:
    """Return (j^e + σ·j^s)/2 at z = −0 ("N") or +0 ("F") by source, shape (..., 3, 2, 2).

    The spin current is the engine's own. In units of (eL/hV) f, with electrons of charge −e.
    """
    spin = found.spin_minus if side == "N" else found.spin_plus
    charge = charge_flow(found, charge_from or side)
    return -(charge[..., None, None] * IDENTITY + dot_sigma(spin)) / 2


def moment(one: Solved, found: Estimate) -> Estimate:
    """Return the angular average of k_x times a quantity with axes (k_⊥, angle, ...); one angle is left."""
    kx = one.kx.reshape(*one.kx.shape, *(1,) * (len(found.shape) - 2))
    return (found * kx).mean(axis=1, keepdims=True)


def linear_torque(one: Solved) -> Estimate:
    """Return t per h_R by k_⊥ and source, shape (n, 1, 3, 3)."""
    t = torque_from_flows(one.flows, one.iface.direction)
    return moment(one, one.linear(t)) / (-4 * np.pi)


def flow_number(one: Solved, *which: int) -> Estimate:
    """Return fieldlike + i dampinglike per h_R of the sum of some flows by source, shape (n, 1, 3)."""
    spin = one.flows[..., which, :].sum(axis=-2)
    return moment(one, one.linear(complex_torque(spin, one.iface.direction))) / (-4 * np.pi)


def linear_torque_number(one: Solved) -> Estimate:
    """Return fieldlike + i dampinglike of `linear_torque`, shape (n, 1, 3)."""
    return flow_number(one, PLUS, INTERFACE)


def complex_torque(spin: Array, m: Array) -> Complex:
    """Return fieldlike + i dampinglike of vectors (..., 3), the part along m left out; m not along y."""
    fieldlike = np.cross(m, np.array([0.0, 1.0, 0.0]))
    dampinglike = np.cross(m, -fieldlike)
    # Both directions have the same length and are transverse to m.
    number: Complex = spin @ (fieldlike + 1j * dampinglike) / (fieldlike @ fieldlike)
    return number
