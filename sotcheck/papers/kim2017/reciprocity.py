"""Onsager reciprocity: currents in the plane by a bias against spin currents by a field in the plane."""

from __future__ import annotations

import numpy as np

from sotcheck.exact.currents import moment
from sotcheck.exact.finite import measured, states
from sotcheck.exact.observables import INTERFACE, PLUS, transverse
from sotcheck.exact.profiles import IN_N, NONE, along, at_own_h_R, over_angles, weighted
from sotcheck.exact.solved import Solved, solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import appendix_a1_plane as plane
from sotcheck.papers.kim2017.appendix_a1 import PLANE
from sotcheck.papers.kim2017.old import Statement
from sotcheck.system.spin import PAULI
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.grounds import FINITE, GENERAL
from sotcheck.trial.judge import balance, relation

X: Array = np.array([1.0, 0.0, 0.0])
SPINS = slice(1, 4)


def reversed_m(one: Solved) -> Solved:
    """Return the same interface with the opposite magnetization."""
    x, y, z = one.iface.m
    return solved(one.engine, one.iface.with_(m=(-x, -y, -z)), one.nodes)


def forward(one: Solved) -> Estimate:
    """S(k, m)."""
    return measured(one, states(one).s_matrix())


def backward(one: Solved) -> Estimate:
    """σ_y Sᵀ(−k, −m) σ_y; −k is half-way round the angles."""
    found = np.roll(states(reversed_m(one)).s_matrix(), 3, axis=1)
    sigma_y = np.kron(np.eye(2), PAULI[1])
    return measured(one, sigma_y @ found.swapaxes(-1, -2) @ sigma_y)


def spin_by_field(one: Solved) -> Estimate:
    """Minus the spin current at z = −0 by source, shifted by k_x, averaged over angles."""
    return -moment(one, measured(one, states(one).spin_minus))


def charge_by_spin_bias(one: Solved) -> Estimate:
    """Charge current along x at −m per spin bias of N: in N, and in each band of F, far from the interface.

    Each times its own wave number along z: a mean free path along z is that times the relaxation time.
    """
    there = reversed_m(one)
    biases = IN_N[SPINS], NONE
    down, up = at_own_h_R(there, "F").mean_by_band(biases)
    found = states(there)
    by_source = (
        (at_own_h_R(there, "N").mean(biases), found.kz),
        (up, found.Kz[..., 1]),
        (down, found.Kz[..., 0]),
    )
    charge = [-k.real[..., None] * np.trace(flow.density, axis1=-2, axis2=-1).real for flow, k in by_source]
    return over_angles(weighted(measured(there, np.stack(charge, axis=2)), along(there, X)))


def torque_by_field(one: Solved) -> Estimate:
    """Minus the torque, flows (3) + (4) of Fig. 2, by a field on electrons from N, averaged over angles."""
    found = states(one).flows[..., 0, :, :]
    torque = transverse(found[..., PLUS, :] + found[..., INTERFACE, :], one.iface.direction)
    return -moment(one, measured(one, torque))


def transverse_charge(one: Solved) -> Estimate:
    """The charge current in N of `charge_by_spin_bias`, for spins transverse to m."""
    found = charge_by_spin_bias(one)
    return measured(one, transverse(found.value[:, :, 0], one.iface.direction))


def linear_spin_by_field(one: Solved) -> Estimate:
    """∂/∂h_R of minus the spin current at z = −0 of electrons from N, shifted along u."""
    found = one.linear(one.states.spin_minus[..., 0, :])
    return -over_angles(weighted(found, along(one, PLANE)))


def from_A13a(s: Symbols) -> Complex:
    """k_z times corrected (A13a) at −m, per spin bias of N."""
    x, y, z = s.iface.m
    there = Symbols(s.iface.with_(m=(-x, -y, -z)), s.k_perp, s.angles)
    return np.where(s.open_N, s.kz, 0)[..., None] * plane.eqA13a_spin(there)


STATEMENTS = (
    Statement(
        "time-reversal",
        "S(k, m) = sigma_y S^T(-k, -m) sigma_y between open channels, at any h_R.",
        balance(
            forward,
            backward,
            "S at k and m, and its reciprocal, finite h_R",
            "Time reversal turns k, m and the spin, and exchanges incoming and outgoing waves.",
            FINITE,
        ),
    ),
    Statement(
        "onsager-spin-current",
        "App. A 1: the in-plane charge current by a spin bias is the Onsager counterpart of the spin current"
        " by an in-plane field, at any h_R: that at z = -0 by source.",
        balance(
            spin_by_field,
            charge_by_spin_bias,
            "spin current at z = -0 per field, and k_z times the charge current per spin bias at -m",
            "N's current in N, each band's in F, averaged over z, as mean free paths in a field ask.",
            FINITE,
        ),
    ),
    Statement(
        "onsager-first-order",
        "The same to first order: (A13a) corrected, at -m and times k_z, is the spin current (14) of"
        " electrons from N.",
        relation(
            linear_spin_by_field,
            from_A13a,
            "spin current at z = -0 of electrons from N by k_perp, per field and h_R",
            "G_Rr^{udd} - G_Rr^{duu*} is what (14) is made of.",
            GENERAL,
        ),
    ),
    Statement(
        "onsager-torque",
        "App. A 1: the in-plane charge current by a spin bias is the Onsager counterpart of the torque.",
        balance(
            torque_by_field,
            transverse_charge,
            "torque of electrons from N per field, and k_z times the charge current per spin bias at -m",
            "Not of the torque, which differs from the spin current at z = -0 by what the lattice adds; its"
            " own counterpart is the current that a moving magnetization drives.",
            FINITE,
        ),
    ),
)
