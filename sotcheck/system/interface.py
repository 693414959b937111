"""The physical system of the paper: a normal-metal/ferromagnet interface, bare.

This module states the Hamiltonian and nothing else: square-root branches, amplitudes and currents
belong to the theory and to the engines, which choose them independently.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.model import BOUND, SOURCES, System
from sotcheck.system.spin import dot_sigma
from sotcheck.system.structure import RASHBA, Delta, Region, Structure

__all__ = ["BOUND", "SOURCES", "Interface", "rashba"]


class Interface(System):
    """A normal metal (z < 0) and a ferromagnet (z > 0) with a spin-dependent delta at z = 0.

    H = −∂_z² + k_⊥² + U_N Θ(−z) + (U_F + J σ·m) Θ(z) + [u_0 + u_m σ·m + h_R σ·(k×ẑ)] δ(z)
    """

    @property
    def bulks_differ(self) -> bool:
        """Whether N and F have different potentials for any spin."""
        return self.J != 0.0 or self.U_N != self.U_F

    def kz_squared(self, k_perp2: Array) -> Array:
        """Return k_z² in the normal metal at E_F, shape of `k_perp2` (= k_⊥²)."""
        return self.E_F - self.U_N - k_perp2

    def Kz_squared(self, k_perp2: Array) -> Array:
        """Return ((k_z^+)², (k_z^-)²) in the ferromagnet at E_F, shape (..., 2): minority, majority."""
        shifted = self.E_F - self.U_F - np.asanyarray(k_perp2)[..., None]
        return shifted - self.J * np.array([1.0, -1.0])

    @cached_property
    def structure(self) -> Structure:
        """The stack without layers; its spin-orbit field is k×ẑ, so that its scale is h_R."""
        return Structure(
            self.E_F,
            (Region(self.U_N), Region(self.U_F, self.J, self.m)),
            (Delta(self.u_0, self.u_m, self.m, RASHBA),),
        )


def rashba(k_perp: Array, angle: Array) -> Complex:
    """Return σ·(k×ẑ) = k_y σ_x − k_x σ_y, shape (..., 2, 2), at k = k_⊥ (cos, sin)(angle)."""
    kx, ky = k_perp * np.cos(angle), k_perp * np.sin(angle)
    return dot_sigma(np.stack([ky, -kx, np.zeros_like(kx)], axis=-1))
