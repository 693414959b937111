"""Sec. V B: magnetic bilayers with interface magnetism, Eqs. (23) and (24).

Torques are in the unit ħeE_xτA/mₑ per h_R; summands are those of (1/A) Σ_{k_⊥}, by relaxation time. Only
u_0, u_m and k_F enter.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.theory.symbols import Symbols


def eq23_r(s: Symbols) -> Complex:
    """r↑ and r↓ = (u_0 ∓ u_m) / [2ik_z − (u_0 ∓ u_m)], Eq. (23)."""
    i = s.iface
    up, down = i.u_0 - i.u_m, i.u_0 + i.u_m
    return np.stack([up / (2j * s.kz - up), down / (2j * s.kz - down)], axis=-1)


def eq23_t_prime(s: Symbols) -> Complex:
    """t'↑ and t'↓ = 1 + r↑ and 1 + r↓, Eq. (23)."""
    return np.stack([1 + s.r_up, 1 + s.r_down], axis=-1)


def _d(s: Symbols) -> Complex:
    """D_k = [4k_z² + (u_0 − u_m)²][4k_z² + (u_0 + u_m)²] / k_⊥² k_z, below Eq. (24b)."""
    i = s.iface
    return (4 * s.kz**2 + (i.u_0 - i.u_m) ** 2) * (4 * s.kz**2 + (i.u_0 + i.u_m) ** 2) / (s.k2 * s.kz)


def _charge(tau_up: float, tau_down: float) -> float:
    """τ_F of the charge current: half the sum."""
    return (tau_up + tau_down) / 2


def _spin(tau_up: float, tau_down: float) -> float:
    """τ_F of the spin current: half the difference."""
    return (tau_up - tau_down) / 2


def _a(s: Symbols, tau: float, tau_up: float, tau_down: float) -> Complex:
    """Summand of Eq. (24a) as transcribed: the charge current's τ_F in both terms."""
    i, tau_c = s.iface, _charge(tau_up, tau_down)
    return (2 * i.u_0 * i.u_m * (tau + tau_c) + (i.u_0**2 + i.u_m**2) * tau_c) / (np.pi * _d(s))


def _a_corrected(s: Symbols, tau: float, tau_up: float, tau_down: float) -> Complex:
    """Summand of Eq. (24a) with the spin current's τ_F in the last term."""
    i, tau_c, tau_s = s.iface, _charge(tau_up, tau_down), _spin(tau_up, tau_down)
    return (2 * i.u_0 * i.u_m * (tau + tau_c) + (i.u_0**2 + i.u_m**2) * tau_s) / (np.pi * _d(s))


def _b(s: Symbols, tau: float, tau_up: float, tau_down: float) -> Complex:
    """Summand of Eq. (24b)."""
    i, tau_c, tau_s = s.iface, _charge(tau_up, tau_down), _spin(tau_up, tau_down)
    return -s.kz * (2 * i.u_0 * (tau - tau_c) - 2 * i.u_m * tau_s) / (np.pi * _d(s))


def eq24a_normal(s: Symbols) -> Complex:
    """Coefficient of τ in Eq. (24a)."""
    return _a(s, 1, 0, 0)


def eq24a_majority(s: Symbols) -> Complex:
    """Coefficient of τ↑ in Eq. (24a)."""
    return _a(s, 0, 1, 0)


def eq24a_minority(s: Symbols) -> Complex:
    """Coefficient of τ↓ in Eq. (24a)."""
    return _a(s, 0, 0, 1)


def eq24a_minority_corrected(s: Symbols) -> Complex:
    """Coefficient of τ↓ in Eq. (24a), last term corrected."""
    return _a_corrected(s, 0, 0, 1)


def eq24b_normal(s: Symbols) -> Complex:
    """Coefficient of τ in Eq. (24b)."""
    return _b(s, 1, 0, 0)


def eq24b_majority(s: Symbols) -> Complex:
    """Coefficient of τ↑ in Eq. (24b)."""
    return _b(s, 0, 1, 0)


def eq24b_minority(s: Symbols) -> Complex:
    """Coefficient of τ↓ in Eq. (24b)."""
    return _b(s, 0, 0, 1)


def eq24a_sum(s: Symbols) -> Array:
    """Eq. (24a) as transcribed, summed over k_⊥² < k_F², with all relaxation times."""
    i, (grid, weights) = s.iface, _grid(s)
    return (weights * _a(grid, i.tau_N, i.tau_up, i.tau_down)[:, 0].real).sum()


def eq24a_sum_corrected(s: Symbols) -> Array:
    """Eq. (24a) with its last term corrected, summed over k_⊥² < k_F², with all relaxation times."""
    i, (grid, weights) = s.iface, _grid(s)
    return (weights * _a_corrected(grid, i.tau_N, i.tau_up, i.tau_down)[:, 0].real).sum()


def eq24b_sum(s: Symbols) -> Array:
    """Eq. (24b), summed over k_⊥² < k_F², with all relaxation times."""
    i, (grid, weights) = s.iface, _grid(s)
    return (weights * _b(grid, i.tau_N, i.tau_up, i.tau_down)[:, 0].real).sum()


def eq24a_range(s: Symbols) -> Complex:
    """Coefficient of τ in Eq. (24a) at k_⊥ on both sides of k_F: Σ over k_⊥² < k_F²."""
    wide = widened(s)
    return np.where(wide.k2 < s.iface.E_F, _a(wide, 1, 0, 0), 0)


def eq24b_range(s: Symbols) -> Complex:
    """Coefficient of τ in Eq. (24b) at k_⊥ on both sides of k_F: Σ over k_z² < k_F² as transcribed."""
    wide = widened(s)
    return np.where((wide.kz**2).real < s.iface.E_F, _b(wide, 1, 0, 0), 0)


def eq24b_range_corrected(s: Symbols) -> Complex:
    """Coefficient of τ in Eq. (24b) at k_⊥ on both sides of k_F: Σ over k_⊥² < k_F²."""
    wide = widened(s)
    return np.where(wide.k2 < s.iface.E_F, _b(wide, 1, 0, 0), 0)


def widened(s: Symbols) -> Symbols:
    """Return the symbols at k_⊥ larger by a quarter, some of them beyond k_F."""
    return replace(s, k_perp=1.25 * s.k_perp)


def _grid(s: Symbols) -> tuple[Symbols, Array]:
    """Return the symbols at Gauss nodes k_⊥ = k_F sin θ, and weights with which summands give the torque."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    theta = (nodes + 1) * np.pi / 4
    k_F = np.sqrt(s.iface.E_F)
    jacobian = weights * np.pi / 4 * k_F**2 * np.sin(2 * theta) / (4 * np.pi)
    return replace(s, k_perp=k_F * np.sin(theta)), jacobian


def summed24(u_0: Array, u_m: Array) -> Array:
    """Eq. (24) corrected, summed, for k_F = 1: what multiplies τ, τ_F^c and τ_F^s; shape (..., 3, 2).

    The last axis is Re, Im. Gauss panels shrink towards k_z = 0, where a factor of D_k changes at k_z ~ u.
    """
    nodes, weights = np.polynomial.legendre.leggauss(16)
    ends = np.concatenate([[0.0], 4.0 ** np.arange(-12, 1)])
    k_z = (ends[:-1, None] + np.diff(ends)[:, None] * (nodes + 1) / 2).ravel()
    # d(k_⊥²) = 2 k_z dk_z with k_⊥² = 1 − k_z², and (1/π)(1/4π) in front.
    weight = (np.diff(ends)[:, None] * weights / 2).ravel() * 2 * k_z / (4 * np.pi**2)
    a, b = (u_0 - u_m)[..., None] ** 2, (u_0 + u_m)[..., None] ** 2
    over_d = weight * (1 - k_z**2) * k_z / ((4 * k_z**2 + a) * (4 * k_z**2 + b))
    flat, steep = over_d.sum(axis=-1), (k_z * over_d).sum(axis=-1)
    real = np.stack([2 * u_0 * u_m, 2 * u_0 * u_m, u_0**2 + u_m**2], axis=-1) * flat[..., None]
    imag = np.stack([-2 * u_0, 2 * u_0, 2 * u_m], axis=-1) * steep[..., None]
    return np.stack([real, imag], axis=-1)
