"""Where in the plane of k the torque comes from: its density in k_x and k_y, and in k_⊥."""

from __future__ import annotations

import numpy as np

from sotcheck.engines import Engine
from sotcheck.exact.inside import flows_of, total_torque
from sotcheck.numerics.arrays import Array
from sotcheck.system.model import System


def torque_density(engine: Engine, system: System, scale: float, k_perp: Array, angle: Array) -> Array:
    """Return t per d²k, −(k_x/mass)/(4π)/(2π)² Σ_in {…}, at k_⊥ (n,) and angles (a,): (n, a, 3, 3).

    Axes: k_⊥, angle, source, component x, y, z. It is the mean of k and −k: what is odd cancels in the sum.
    `scale` is that of all spin-orbit terms (h_R of a bare interface), nothing is divided by it.
    """
    grid = np.broadcast_arrays(k_perp[:, None], angle, scale)

    def half(turn: float) -> Array:
        at = grid[0], grid[1] + turn, grid[2]
        flows = flows_of(engine, system.structure, *at)
        kx = (at[0] * np.cos(at[1]))[..., None, None] / np.array(system.masses)[[0, 1, 1], None]
        return -kx * total_torque(system.structure, flows) / (16 * np.pi**3)

    return (half(0.0) + half(np.pi)) / 2


def torque_by_k_perp(engine: Engine, system: System, scale: float, k_perp: Array, angles: int = 32) -> Array:
    """Return t per dk_⊥, k_⊥ ∫dφ of the density, at k_⊥ (n,): (n, 3, 3), source and component x, y, z."""
    angle = 2 * np.pi * (np.arange(angles) + 0.5) / angles
    mean: Array = torque_density(engine, system, scale, k_perp, angle).mean(axis=1)
    return 2 * np.pi * k_perp[:, None, None] * mean
