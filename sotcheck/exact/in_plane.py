"""The current along x of electrons incident from N, shifted by k_x, and how it depends on m.

In units of e²EτL/2πmₑV, by k_⊥, averaged over directions and, beyond the interference with 2k_z, over z.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sotcheck.exact.currents import slopes
from sotcheck.exact.finite import measured, states
from sotcheck.exact.second_order import averaged, turned
from sotcheck.exact.solved import Exact, Solved
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.states import States

Y, Z = (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
Density = Callable[[States], Array]


def mean_density(found: States) -> Array:
    """Density of electrons from N per unit flux, both spins, averaged over a period π/k_z of z < 0."""
    slope = slopes(found, "N")[0]
    # ψ(z) = ψ(0) cos k_z z + (∂_zψ/k_z) sin k_z z; where N is closed there is none.
    squares = np.abs(found.psi_N) ** 2 + np.abs(slope) ** 2 / np.abs(found.kz[..., None, None]) ** 2
    total: Array = squares.sum(axis=(-1, -2)) / 2
    return total


def density_at(depth: float) -> Density:
    """The same density at z = −depth."""

    def density(found: States) -> Array:
        k = found.kz[..., None, None]
        psi = found.psi_N * np.cos(k * depth) - slopes(found, "N")[0] * np.sin(k * depth) / k
        total: Array = (np.abs(psi) ** 2).sum(axis=(-1, -2))
        return total

    return density


def at_finite(density: Density = mean_density) -> Exact:
    """Current along x at the interface's own h_R."""
    return lambda one: averaged(measured(one, density(states(one))), -(one.kx**2))


def unperturbed(one: Solved) -> Estimate:
    """Current along x at h_R = 0."""
    return averaged(one.unperturbed(mean_density(one.states)), -(one.kx**2))


def second_order(one: Solved, density: Density = mean_density) -> Estimate:
    """Coefficient of h_R² in the current along x."""
    return averaged(one.quadratic(density), -(one.kx**2))


def perpendicular(one: Solved) -> Estimate:
    """Coefficient of h_R² for m = z."""
    return second_order(turned(one, Z))


def magnetoresistance(one: Solved, density: Density = mean_density) -> Estimate:
    """A third of the difference between m = y and m = z: the coefficient of m_x² + 3m_y²."""
    return (second_order(turned(one, Y), density) - second_order(turned(one, Z), density)) / 3


def predicted(one: Solved) -> Estimate:
    """The current of second order for the interface's m from those for m = y and m = z."""
    m_x, m_y, _ = one.iface.direction
    share = (m_x**2 + 3 * m_y**2) / 3
    return perpendicular(one) * (1 - share) + second_order(turned(one, Y)) * share
