"""Scattering amplitudes without h_R: in closed form, of any stack, or read off an engine's states.

Matrices are 2×2 in the laboratory spin frame with the batch axis in front. This module makes its own
choice of branches and shares none of the engines' formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import Interface
from sotcheck.system.model import System
from sotcheck.system.spin import IDENTITY, in_spin_bands, projectors
from sotcheck.system.states import States
from sotcheck.theory.distorted import Unperturbed


@dataclass(frozen=True)
class Amplitudes:
    """Unperturbed scattering amplitudes at several k_⊥, wherever they come from.

    `k_perp2`, `kz` (n,); `Kz` (n, 2): k_z^+ (minority) and k_z^- (majority). With effective masses kz and Kz
    are velocities k/M; `m` (3,); `r`, `t`, `r_prime`, `t_prime` (n, 2, 2): projected to incident waves that
    propagate; `r_ex` (n, 2, 2): the extended reflection matrix; NaN where no scattering state tells it.
    """

    k_perp2: Array
    kz: Complex
    Kz: Complex
    m: Array
    r: Complex
    t: Complex
    r_prime: Complex
    t_prime: Complex
    r_ex: Complex

    @property
    def hilbert_N(self) -> Complex:
        """1̂_k, the projector on incident waves of N, shape (n, 2, 2)."""
        return np.where(self.kz.imag == 0, 1.0, 0.0)[:, None, None] * IDENTITY

    @property
    def t_ex(self) -> Complex:
        """t̂_ex from the generalized continuity relation 1 + r̂_ex = √(|k_z||K̂_z|⁻¹) t̂_ex."""
        root = np.sqrt(np.abs(self.Kz) / np.abs(self.kz)[:, None]).astype(complex)
        return in_spin_bands(root, self.m) @ (IDENTITY + self.r_ex)

    @property
    def G(self) -> Complex:
        """Ĝ = (1 + r̂_ex)/2ik_z: ψ(0) obeys ψ = ψ⁰ + h_R Ĝ σ·(k×ẑ) ψ; shape (n, 2, 2)."""
        return (IDENTITY + self.r_ex) / (2j * self.kz)[:, None, None]

    def up(self, amplitude: Complex) -> Complex:
        """Return the majority (↑, σ = −1) element of a spin-conserving matrix, shape (n,)."""
        return np.einsum("nij,ji->n", amplitude, projectors(self.m)[1])

    def down(self, amplitude: Complex) -> Complex:
        """Return the minority (↓, σ = +1) element of a spin-conserving matrix, shape (n,)."""
        return np.einsum("nij,ji->n", amplitude, projectors(self.m)[0])


def wave_number(k_squared: Array) -> Complex:
    """Return k, or iq with q > 0 where k² < 0."""
    k_squared = np.asanyarray(k_squared)
    # At the edge itself, which rounding may hit, formulas divide by k: their limit is that of a tiny one.
    q = np.sqrt(np.maximum(np.abs(k_squared), np.finfo(float).tiny))
    return np.where(k_squared > 0, q, 1j * q)


def closed_forms(iface: Interface, k_perp2: Array) -> Amplitudes:
    """Return the unperturbed amplitudes for the delta κ̂_0 at k_⊥² (n,), thresholds themselves excluded."""
    kz = wave_number(iface.kz_squared(k_perp2))
    Kz = wave_number(iface.Kz_squared(k_perp2))
    m = iface.direction
    # κ̂_0, K̂_z and |K̂_z| commute, so every matrix is a function of the spin band: minority, majority.
    kappa = iface.u_0 + iface.u_m * np.array([1.0, -1.0])
    k = kz[:, None]
    denominator = 1j * (Kz + k) - kappa
    one, one_prime = k.imag == 0, Kz.imag == 0
    t_ex = 2j * k * np.sqrt(np.abs(Kz) / np.abs(k)) / denominator
    t_prime_ex = 2j * Kz * np.sqrt(np.abs(k) / np.abs(Kz)) / denominator
    r_ex = (1j * (k - Kz) + kappa) / denominator
    r_prime_ex = (1j * (Kz - k) + kappa) / denominator
    propagate = (one, r_ex), (one, t_ex), (one_prime, r_prime_ex), (one_prime, t_prime_ex)
    r, t, r_prime, t_prime = (in_spin_bands(np.where(wave, found, 0), m) for wave, found in propagate)
    return Amplitudes(k_perp2, kz, Kz, m, r, t, r_prime, t_prime, in_spin_bands(r_ex, m))


def of_stack(system: System, k_perp2: Array) -> Amplitudes:
    """Return the unperturbed amplitudes of all of a stack; m is the direction of its right half-space.

    r̂_ex is r̂ where N has open channels.
    """
    found = Unperturbed.of(system.structure, k_perp2)
    left, right = found.media[0], found.media[-1]
    k, K = left.q / left.region.mass, right.q / right.region.mass
    root_k, root_K = left.matrix(np.sqrt(np.abs(k))), right.matrix(np.sqrt(np.abs(K)))
    first, last = root_k @ found.at(0), root_K @ found.at(-1)
    r = first[..., :2] - found.open[..., :2, :2]
    r_prime = last[..., 2:] - found.open[..., 2:, 2:]
    r_ex = np.where((k[:, 0].imag == 0)[:, None, None], r, np.nan)
    m = np.array(right.region.direction)
    return Amplitudes(k_perp2, k[:, 0], K, m, r, last[..., :2], r_prime, first[..., 2:], r_ex)


def unperturbed(system: System, k_perp2: Array) -> Amplitudes:
    """Return the unperturbed amplitudes of any system, of a bare interface by `closed_forms`."""
    if isinstance(system, Interface):
        return closed_forms(system, k_perp2)
    return of_stack(system, k_perp2)


def from_scattering(iface: System, k_perp2: Array, states: States) -> Amplitudes:
    """Read the unperturbed amplitudes off scattering states that an engine found at h_R = 0.

    Where N has no open channel, r̂_ex follows from (1 + r̂_ex)/k_z = (1 + r̂'_ex)/K̂_z for open bands; for
    closed ones, and behind layers, no scattering state exists and r̂_ex is NaN.
    """
    r, t, r_prime, t_prime = states.amplitudes()
    k, K = (waves / mass for waves, mass in zip((states.kz, states.Kz), iface.masses, strict=True))
    found = np.where((K.real > 0) & (len(states.structure.layers) == 0), 1, np.nan)
    ratio = in_spin_bands(found * k[:, None] / K, states.m)
    r_ex = np.where((k.real > 0)[:, None, None], r, ratio @ (IDENTITY + r_prime) - IDENTITY)
    return Amplitudes(k_perp2, k, K, states.m, r, t, r_prime, t_prime, r_ex)
