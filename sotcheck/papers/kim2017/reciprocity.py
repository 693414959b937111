"""App. A 1 in words: Onsager reciprocity of currents by a bias and spin currents by a field in the plane."""

from __future__ import annotations

import numpy as np

from sotcheck.exact.currents import moment
from sotcheck.exact.finite import measured, states
from sotcheck.exact.observables import INTERFACE, PLUS, transverse
from sotcheck.exact.profiles import IN_N, NONE, along, at_own_h_R, charge
from sotcheck.exact.second_order import averaged, turned
from sotcheck.exact.solved import Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import paper
from sotcheck.papers.kim2017.appendix_a1_in_plane import eqA13a
from sotcheck.papers.kim2017.appendix_a1_normal import PLANE
from sotcheck.system.interface import Interface
from sotcheck.system.spin import PAULI
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.entries import Statement
from sotcheck.trial.grounds import FINITE, GENERAL
from sotcheck.trial.judge import balance, relation

X: Array = np.array([1.0, 0.0, 0.0])
SPINS = slice(1, 4)


def _opposite(iface: Interface) -> tuple[float, float, float]:
    x, y, z = iface.m
    return -x, -y, -z


def forward(one: Solved) -> Estimate:
    """S(k, m)."""
    return measured(one, states(one).s_matrix())


def backward(one: Solved) -> Estimate:
    """σ_y Sᵀ(−k, −m) σ_y; −k is half-way round the angles."""
    found = np.roll(states(turned(one, _opposite(one.iface))).s_matrix(), 3, axis=1)
    sigma_y = np.kron(np.eye(2), PAULI[1])
    return measured(one, sigma_y @ found.swapaxes(-1, -2) @ sigma_y)


def spin_by_field(one: Solved) -> Estimate:
    """Minus the spin current at z = −0 by source, shifted by k_x, averaged over angles."""
    return -moment(one, measured(one, states(one).spin_minus))


def charge_by_spin_bias(one: Solved) -> Estimate:
    """Charge current along x at −m per spin bias of N: in N, and in each band of F, far from the interface.

    Each times its own wave number along z: a mean free path along z is that times the relaxation time.
    """
    there = turned(one, _opposite(one.iface))
    biases = IN_N[SPINS], NONE
    down, up = at_own_h_R(there, "F").mean_by_band(biases)
    found = states(there)
    wave_numbers = found.kz, found.Kz[..., 1], found.Kz[..., 0]
    flowing = at_own_h_R(there, "N").mean(biases), up, down
    by_source = [
        -k.real[..., None] * charge(there, flow.density)
        for k, flow in zip(wave_numbers, flowing, strict=True)
    ]
    return averaged(measured(there, np.stack(by_source, axis=2)), along(there, X))


def torque_by_field(one: Solved) -> Estimate:
    """Minus the torque, flows (3) + (4) of Fig. 2, by a field on electrons from N, averaged over angles."""
    found = states(one).flows[..., 0, :, :]
    torque = transverse(found[..., PLUS, :] + found[..., INTERFACE, :], one.iface.direction)
    return -moment(one, measured(one, torque))


def transverse_charge(one: Solved) -> Estimate:
    """The charge current in N of `charge_by_spin_bias`, for spins transverse to m."""
    return measured(one, transverse(charge_by_spin_bias(one).value[:, :, 0], one.iface.direction))


def linear_spin_by_field(one: Solved) -> Estimate:
    """∂/∂h_R of minus the spin current at z = −0 of electrons from N, shifted along u."""
    return -averaged(one.linear(one.states.spin_minus[..., 0, :]), along(one, PLANE))


def from_A13a(s: Symbols) -> Array | Complex:
    """k_z times corrected (A13a) at −m, per spin bias of N."""
    there = Symbols(s.iface.with_(m=_opposite(s.iface)), s.k_perp, s.angles)
    return np.where(s.open_N, s.kz, 0)[..., None] * eqA13a.confirmed(there)[..., SPINS]


paper.add(
    Statement("time-reversal", "S(k, m) = sigma_y S^T(-k, -m) sigma_y between open channels, at any h_R.",
        balance(forward, backward, "S at k and m, and its reciprocal, finite h_R",
            "Time reversal turns k, m and the spin, and exchanges incoming and outgoing waves.", FINITE)),
    Statement("onsager-spin-current",
        "App. A 1: the in-plane charge current by a spin bias is the Onsager counterpart of the spin current"
        " by an in-plane field, at any h_R: that at z = -0 by source.",
        balance(spin_by_field, charge_by_spin_bias,
            "spin current at z = -0 per field, and k_z times the charge current per spin bias at -m",
            "N's current in N, each band's in F, averaged over z, as mean free paths in a field ask.",
            FINITE)),
    Statement("onsager-first-order",
        "The same to first order: (A13a) corrected, at -m and times k_z, is the spin current (14) of"
        " electrons from N.",
        relation(linear_spin_by_field, from_A13a,
            "spin current at z = -0 of electrons from N by k_perp, per field and h_R",
            "G_Rr^{udd} - G_Rr^{duu*} is what (14) is made of.", GENERAL)),
    Statement("onsager-torque",
        "App. A 1: the in-plane charge current by a spin bias is the Onsager counterpart of the torque.",
        balance(torque_by_field, transverse_charge,
            "torque of electrons from N per field, and k_z times the charge current per spin bias at -m",
            "Not of the torque, which differs from the spin current at z = -0 by what the lattice adds; its"
            " own counterpart is the current that a moving magnetization drives.", FINITE)),
)  # fmt: skip
