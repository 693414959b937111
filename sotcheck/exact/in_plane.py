"""Exact quantities for Appendix A 3: the current along x of electrons incident from N, shifted by k_x.

In units of e²EτL/2πmₑV, by k_⊥, averaged over directions. Along z it oscillates with 2k_z: its mean over a
period is what remains beyond the interference.
"""

from __future__ import annotations

import numpy as np

from sotcheck.exact.currents import slopes
from sotcheck.exact.finite import measured, states
from sotcheck.exact.second_order import averaged, combined, quadratic, turned
from sotcheck.exact.solved import Exact, Solved
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.states import States

Y, Z = (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
#: A distance from the interface; theory has its own, as what measures knows no formula.
DEPTH = 0.8


def density(found: States) -> Array:
    """Density of electrons from N per unit flux, both spins, averaged over a period π/k_z of z < 0."""
    slope = slopes(found, "N")[0]
    # ψ(z) = ψ(0) cos k_z z + (∂_zψ/k_z) sin k_z z; where N is closed there is none.
    squares = np.abs(found.psi_N) ** 2 + np.abs(slope) ** 2 / np.abs(found.kz[..., None, None]) ** 2
    total: Array = squares.sum(axis=(-1, -2)) / 2
    return total


def density_at(found: States, depth: float = 0.0) -> Array:
    """The same density at z = −depth."""
    k = found.kz[..., None, None]
    psi = found.psi_N * np.cos(k * depth) - slopes(found, "N")[0] * np.sin(k * depth) / k
    total: Array = (np.abs(psi) ** 2).sum(axis=(-1, -2))
    return total


def current(one: Solved) -> Estimate:
    """Current along x at the interface's own h_R."""
    return averaged(measured(one, density(states(one))), -(one.kx**2))


def current_at_depth(one: Solved) -> Estimate:
    """The same at z = −DEPTH."""
    return averaged(measured(one, density_at(states(one), DEPTH)), -(one.kx**2))


def unperturbed(one: Solved) -> Estimate:
    """Current along x at h_R = 0."""
    return averaged(one.unperturbed(density(one.states)), -(one.kx**2))


def second_order(one: Solved) -> Estimate:
    """Coefficient of h_R² in the current along x."""
    return averaged(quadratic(one, density), -(one.kx**2))


def second_order_at_zero(one: Solved) -> Estimate:
    """The same at z = −0."""
    return averaged(quadratic(one, density_at), -(one.kx**2))


def perpendicular(one: Solved) -> Estimate:
    """Coefficient of h_R² for m = z."""
    return second_order(turned(one, Z))


def magnetoresistance(exact: Exact = second_order) -> Exact:
    """A third of the difference between m = y and m = z: the coefficient of m_x² + 3m_y²."""
    return lambda one: combined((1 / 3, exact(turned(one, Y))), (-1 / 3, exact(turned(one, Z))))


def predicted(one: Solved) -> Estimate:
    """The current of second order for the interface's m from those for m = y and m = z."""
    m_x, m_y, _ = one.iface.direction
    share = (m_x**2 + 3 * m_y**2) / 3
    return combined((1 - share, second_order(turned(one, Z))), (share, second_order(turned(one, Y))))


def all_open(one: Solved) -> Estimate:
    """The magnetoresistance where all channels are open."""
    is_open = (one.states.kz.real > 0) & (one.states.Kz.real > 0).all(axis=-1)
    return combined((is_open[:, :1, 0].astype(float), magnetoresistance()(one)))
