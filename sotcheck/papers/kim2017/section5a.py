"""Sec. V A of the paper, bulk magnetism; `_corrected` where exact numerics confirm another form.

Torques are summands of (1/A) Σ in units of ħeE_xτ/mₑ, per h_R.
"""

from __future__ import annotations

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.theory.symbols import Symbols


def eq18a(s: Symbols) -> Complex:
    """r↑↓ = (k_z − k_z^∓)/(k_z + k_z^∓) if k_z is real, else 0, Eq. (18a), majority and minority."""
    r_up = (s.kz - s.kz_up) / (s.kz + s.kz_up)
    r_down = (s.kz - s.kz_down) / (s.kz + s.kz_down)
    return np.stack([np.where(s.open_N, r_up, 0), np.where(s.open_N, r_down, 0)], axis=-1)


def eq18b(s: Symbols) -> Complex:
    """t'↑↓ = 2i√(k_z^∓|k_z|)/(ik_z + ik_z^∓) if k_z^∓ is real, else 0, Eq. (18b), majority and minority."""
    t_up = 2j * np.sqrt(s.kz_up * np.abs(s.kz)) / (1j * s.kz + 1j * s.kz_up)
    t_down = 2j * np.sqrt(s.kz_down * np.abs(s.kz)) / (1j * s.kz + 1j * s.kz_down)
    return np.stack([np.where(s.open_up, t_up, 0), np.where(s.open_down, t_down, 0)], axis=-1)


def eq19a(s: Symbols) -> Complex:
    """Re T^N, Eq. (19a)."""
    fraction = (s.kz_up**2 - np.abs(s.kz_down) ** 2) / ((s.kz + s.kz_up) ** 2 * np.abs(s.kz + s.kz_down) ** 2)
    return np.where(s.open_N, -s.k2 * s.kz * fraction / (2 * np.pi), 0)


def eq19b(s: Symbols) -> Complex:
    """Im T^N, Eq. (19b)."""
    fraction = 2 * s.kz_up * s.kz_down.imag / ((s.kz + s.kz_up) ** 2 * np.abs(s.kz + s.kz_down) ** 2)
    return np.where(s.open_N, -s.k2 * s.kz * fraction / (2 * np.pi), 0)


def eq20a_majority(s: Symbols) -> Complex:
    """Re T^F, Eq. (20a) as transcribed, first term: k_z before the fraction."""
    fraction = (s.kz**2 - np.abs(s.kz_down) ** 2) / ((s.kz + s.kz_up) ** 2 * np.abs(s.kz + s.kz_down) ** 2)
    return np.where(s.open_N, -s.k2 * s.kz * fraction / (2 * np.pi), 0)


def eq20a_majority_corrected(s: Symbols) -> Complex:
    """Re T^F, first term with k_z^- before the fraction."""
    fraction = (s.kz**2 - np.abs(s.kz_down) ** 2) / ((s.kz + s.kz_up) ** 2 * np.abs(s.kz + s.kz_down) ** 2)
    return np.where(s.open_N, -s.k2 * s.kz_up * fraction / (2 * np.pi), 0)


def eq20a_minority(s: Symbols) -> Complex:
    """Re T^F, Eq. (20a), second term."""
    fraction = (s.kz_up - s.kz) / ((s.kz + s.kz_down) ** 2 * (s.kz + s.kz_up))
    return np.where(s.open_down, -s.k2 * s.kz_down * fraction / (2 * np.pi), 0)


def eq20a_evanescent(s: Symbols) -> Complex:
    """Re T^F, Eq. (20a), third term; Δ² = J."""
    return np.where(s.open_N, 0, s.k2 * s.kz_up / s.iface.J / (2 * np.pi))


def eq20b(s: Symbols) -> Complex:
    """Im T^F, Eq. (20b) as transcribed: k_z^- twice; of majority electrons, none of minority ones."""
    fraction = 2 * s.kz_up * s.kz_down.imag / ((s.kz + s.kz_up) ** 2 * np.abs(s.kz + s.kz_down) ** 2)
    majority = np.where(s.open_N, s.k2 * s.kz_up * fraction / (2 * np.pi), 0)
    return np.stack([majority, np.zeros_like(majority)], axis=-1)


def eq20b_corrected(s: Symbols) -> Complex:
    """Im T^F with k_z before the fraction."""
    fraction = 2 * s.kz_up * s.kz_down.imag / ((s.kz + s.kz_up) ** 2 * np.abs(s.kz + s.kz_down) ** 2)
    majority = np.where(s.open_N, s.k2 * s.kz * fraction / (2 * np.pi), 0)
    return np.stack([majority, np.zeros_like(majority)], axis=-1)


def eq21_sum(s: Symbols) -> Array:
    """T ≈ (1/2π) Σ k_⊥² k_z^-/Δ² over k_F² < k_⊥² < k_F² + Δ², Eq. (21), first line, as (1/4π)∫d(k_⊥²)."""
    E_F, J = s.iface.E_F, s.iface.J
    nodes, weights = np.polynomial.legendre.leggauss(8)
    # By y = k_z^-, which makes the integrand a polynomial: d(k_⊥²) = −2y dy, y from 0 to Δ.
    y = np.sqrt(J) * (nodes + 1) / 2
    k_perp2 = E_F + J - y**2
    return np.sum(np.sqrt(J) * weights / 2 * 2 * y * k_perp2 * y / J) / (2 * np.pi) / (4 * np.pi)


def eq21_closed(s: Symbols) -> Array:
    """T ≈ (eE_xτ↑AΔ/15πħ)(5E_F + 2J), Eq. (21) as transcribed; e/ħ is ½ħe/mₑ where ħ²/2mₑ = 1."""
    E_F, J = s.iface.E_F, s.iface.J
    return np.asarray(np.sqrt(J) / (15 * np.pi) * (5 * E_F + 2 * J) / 2)


def eq21_closed_corrected(s: Symbols) -> Array:
    """T ≈ (eE_xτ↑AΔ/30π²ħ)(5E_F + 2J)."""
    E_F, J = s.iface.E_F, s.iface.J
    return np.asarray(np.sqrt(J) / (30 * np.pi**2) * (5 * E_F + 2 * J) / 2)


def regimes(s: Symbols) -> Array:
    """Whether k_z, k_z^-, k_z^+ are real, as the text below Eq. (20) has it, k_⊥² resolved.

    For E_F ≤ J k_z^+ is imaginary all over; for E_F > J it is imaginary in 0 < k_⊥² < k_F² − Δ² and real in
    k_F² − Δ² < k_⊥² < k_F²; k_z^- is real; k_z is imaginary for k_F² < k_⊥² < k_F² + Δ².
    """
    E_F, J = s.iface.E_F, s.iface.J
    minority = (E_F > J) & (s.k2 > E_F - J) & (s.k2 < E_F)
    return np.stack([s.k2 < E_F, s.k2 < E_F + J, minority], axis=-1).astype(float)


def regimes_corrected(s: Symbols) -> Array:
    """The same with k_z^+ real in 0 < k_⊥² < k_F² − Δ² and imaginary beyond."""
    E_F, J = s.iface.E_F, s.iface.J
    return np.stack([s.k2 < E_F, s.k2 < E_F + J, s.k2 < E_F - J], axis=-1).astype(float)


def wave_numbers(s: Symbols) -> Array:
    """k_z², (k_z^-)², (k_z^+)² from k_⊥² + k_z² = k_F² and k_⊥² + (k_z^±)² ± Δ² = k_F², below Eq. (18)."""
    E_F, J = s.iface.E_F, s.iface.J
    return np.stack([E_F - s.k2, E_F - s.k2 + J, E_F - s.k2 - J], axis=-1)
