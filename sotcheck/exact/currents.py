"""Exact currents and torques at the interface, k_⊥ by k_⊥, and averaged over angles."""

from __future__ import annotations

import numpy as np

from sotcheck.exact.observables import INTERFACE, PLUS, complex_torque, torque_from_flows
from sotcheck.exact.solved import Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.spin import IDENTITY, dagger, dot_sigma
from sotcheck.system.states import States, by_source


def imaginary(matrix: Complex) -> Complex:
    """Return (A − A†)/2i."""
    return (matrix - dagger(matrix)) / 2j


def slopes(found: States, side: str) -> Complex:
    """Return ∂_zψ at z = −0 ("N") or +0 ("F") of waves from N and from F, shape (2, ..., 2, 2)."""
    return found.slope["NF".index(side), :, found.here]


def charge_flow(found: States, side: str) -> Array:
    """Return Σ_in Im[ψ†∂_zψ] at z = −0 ("N") or +0 ("F") by source, shape (..., 3)."""
    flow = by_source(slopes(found, side), found.psi[:, found.here], found.m)
    return np.trace(flow, axis1=-2, axis2=-1).imag


def current(found: States, side: str, charge_from: str | None = None) -> Complex:
    """Return (j^e + σ·j^s)/2 at z = −0 ("N") or +0 ("F") by source, shape (..., 3, 2, 2).

    The spin current is the engine's own. In units of (eL/hV) f, with electrons of charge −e.
    """
    charge = charge_flow(found, charge_from or side)[..., None, None] * IDENTITY
    return -(charge + dot_sigma(found.spin_current("NF".index(side)))) / 2


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
