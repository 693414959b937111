"""Secs. V C and V D: ferromagnetic and topological insulators, Eqs. (26) to (36).

Torques are in the unit ħeE_xτA/mₑ per h_R, as written out in UNIT; summands are those of (1/A) Σ_{k_⊥}.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.theory.symbols import Symbols

#: ħ²/2mₑ = 1 with ħ = 1; e, E_x, A and relaxation times are one.
HBAR, MASS = 1.0, 0.5
UNIT = HBAR / MASS


def _q(k_z: Complex) -> Complex:
    """q_z = −ik_z."""
    return -1j * k_z


def eq26(s: Symbols) -> Complex:
    """r↑ and r↓ = (ik_z + q_z^∓)/(ik_z − q_z^∓), Eq. (26)."""
    q_up, q_down = _q(s.kz_up), _q(s.kz_down)
    return np.stack(
        [(1j * s.kz + q_up) / (1j * s.kz - q_up), (1j * s.kz + q_down) / (1j * s.kz - q_down)], -1
    )


def eq27(s: Symbols) -> Complex:
    """Summand of Eq. (27) as transcribed: k_z² k_z."""
    U, J = s.iface.U_F, s.iface.J
    return HBAR**3 / (2 * np.pi * MASS**2) * s.kz**2 * s.kz * J / (U**2 - J**2) / UNIT


def eq27_corrected(s: Symbols) -> Complex:
    """Summand of Eq. (27) with k_⊥² k_z."""
    U, J = s.iface.U_F, s.iface.J
    return HBAR**3 / (2 * np.pi * MASS**2) * s.k2 * s.kz * J / (U**2 - J**2) / UNIT


def eq27_range(s: Symbols) -> Complex:
    """Eq. (27) with k_⊥² k_z at k_⊥ on both sides of k_F: Σ over k_z² < k_F² as transcribed."""
    wide = widened(s)
    return np.where((wide.kz**2).real < s.iface.E_F, eq27_corrected(wide), 0)


def eq27_range_corrected(s: Symbols) -> Complex:
    """Eq. (27) with k_⊥² k_z at k_⊥ on both sides of k_F: Σ over k_⊥² < k_F²."""
    wide = widened(s)
    return np.where(wide.k2 < s.iface.E_F, eq27_corrected(wide), 0)


def widened(s: Symbols) -> Symbols:
    """Return the symbols at k_⊥ larger by a quarter, some of them beyond k_F."""
    return replace(s, k_perp=1.25 * s.k_perp)


def eq28(s: Symbols) -> Array:
    """Eq. (28)."""
    U, J = s.iface.U_F, s.iface.J
    return 8 * np.sqrt(2 * MASS) / (15 * np.pi**2 * HBAR**2) * J * s.iface.E_F**2.5 / (U**2 - J**2) / UNIT


def eq28_corrected(s: Symbols) -> Array:
    """Eq. (28) with 2√(2mₑ) for 8√(2mₑ)."""
    U, J = s.iface.U_F, s.iface.J
    return 2 * np.sqrt(2 * MASS) / (15 * np.pi**2 * HBAR**2) * J * s.iface.E_F**2.5 / (U**2 - J**2) / UNIT


def eq29(s: Symbols) -> Array:
    """The largest value, right-hand side of Eq. (29)."""
    return 8 * np.sqrt(MASS) / (45 * np.sqrt(3) * np.pi**2 * HBAR**2) * s.iface.U_F**1.5 / UNIT


def eq29_corrected(s: Symbols) -> Array:
    """The same with 2√mₑ for 8√mₑ."""
    return 2 * np.sqrt(MASS) / (45 * np.sqrt(3) * np.pi**2 * HBAR**2) * s.iface.U_F**1.5 / UNIT


def _alpha(s: Symbols) -> Array:
    """α = J/U."""
    return np.divide(s.iface.J, s.iface.U_F)


def _beta(s: Symbols) -> Array:
    """β = E_F/(U − J)."""
    return np.divide(s.iface.E_F, s.iface.U_F - s.iface.J)


def _last_factor(alpha: Array) -> Array:
    """α (1 − α)^{3/2}/(1 + α), the last factor of Eq. (30)."""
    return alpha * (1 - alpha) ** 1.5 / (1 + alpha)


def eq30(s: Symbols) -> Array:
    """Eq. (30) as transcribed: β^{5/2}/U^{3/2}."""
    first = 8 * np.sqrt(2 * MASS) / (15 * np.pi**2 * HBAR**2)
    return first * _beta(s) ** 2.5 / s.iface.U_F**1.5 * _last_factor(_alpha(s)) / UNIT


def eq30_corrected(s: Symbols) -> Array:
    """Eq. (30) with β^{5/2} U^{3/2} and 2√(2mₑ) for 8√(2mₑ)."""
    first = 2 * np.sqrt(2 * MASS) / (15 * np.pi**2 * HBAR**2)
    return first * _beta(s) ** 2.5 * s.iface.U_F**1.5 * _last_factor(_alpha(s)) / UNIT


def fig8(J_over_U: Array) -> Array:
    """The curve of Fig. 8: the last factor of Eq. (30)."""
    return _last_factor(J_over_U)


def _up(s: Symbols) -> Complex:
    """q_z^- + u_0 − u_m, of the majority band."""
    return _q(s.kz_up) + s.iface.u_0 - s.iface.u_m


def _down(s: Symbols) -> Complex:
    """q_z^+ + u_0 + u_m, of the minority band."""
    return _q(s.kz_down) + s.iface.u_0 + s.iface.u_m


def eq31(s: Symbols) -> Complex:
    """r↑ and r↓ = [ik_z + (q_z^∓ + u_0 ∓ u_m)]/[ik_z − (q_z^∓ + u_0 ∓ u_m)], Eq. (31)."""
    up, down = _up(s), _down(s)
    return np.stack([(1j * s.kz + up) / (1j * s.kz - up), (1j * s.kz + down) / (1j * s.kz - down)], -1)


def _d(s: Symbols) -> Complex:
    """D_k = [k_z² + (q_z^- + u_0 − u_m)²][k_z² + (q_z^+ + u_0 + u_m)²], below Eq. (32)."""
    return (s.kz**2 + _up(s) ** 2) * (s.kz**2 + _down(s) ** 2)


def eq32(s: Symbols) -> Complex:
    """Summand of Eq. (32)."""
    q_up, q_down, u_0, u_m = _q(s.kz_up), _q(s.kz_down), s.iface.u_0, s.iface.u_m
    first, second = q_up + q_down + 2 * u_0, q_up - q_down - 2 * u_m
    return HBAR / (2 * np.pi * MASS) * s.k2 * s.kz * first * second / _d(s) / UNIT


def eq32_corrected(s: Symbols) -> Complex:
    """Summand of Eq. (32) with the opposite sign."""
    q_up, q_down, u_0, u_m = _q(s.kz_up), _q(s.kz_down), s.iface.u_0, s.iface.u_m
    first, second = q_up + q_down + 2 * u_0, q_down - q_up + 2 * u_m
    return HBAR / (2 * np.pi * MASS) * s.k2 * s.kz * first * second / _d(s) / UNIT


def below33(s: Symbols) -> Array:
    """q_z² + (k_z^±)² = 2mₑ(U ∓ J)/ħ², below Eq. (33): minority, majority."""
    U, J = s.iface.U_N, s.iface.J
    return 2 * MASS / HBAR**2 * np.array([U - J, U + J])


def eq34(s: Symbols) -> Complex:
    """t'↑ and t'↓ = 2i√(Re[k_z^∓] q_z)/(ik_z^∓ − q_z), Eq. (34)."""
    q = _q(s.kz)
    return np.stack(
        [
            2j * np.sqrt(s.kz_up.real * q) / (1j * s.kz_up - q),
            2j * np.sqrt(s.kz_down.real * q) / (1j * s.kz_down - q),
        ],
        axis=-1,
    )


def eq35_majority(s: Symbols) -> Array:
    """Coefficient of τ↑ in the summand of Eq. (35)."""
    U, J = s.iface.U_N, s.iface.J
    return HBAR**3 / (4 * np.pi * MASS**2) * s.k2 * s.kz_up.real / (U + J) / UNIT


def eq35_minority(s: Symbols) -> Array:
    """Coefficient of τ↓ in the summand of Eq. (35)."""
    U, J = s.iface.U_N, s.iface.J
    return -(HBAR**3) / (4 * np.pi * MASS**2) * s.k2 * s.kz_down.real / (U - J) / UNIT


def eq36(s: Symbols) -> Array:
    """Eq. (36)."""
    i = s.iface
    up = np.divide(complex(i.E_F + i.J) ** 2.5 * i.tau_up, i.U_N + i.J)
    down = np.divide(complex(i.E_F - i.J) ** 2.5 * i.tau_down, i.U_N - i.J)
    return np.sqrt(2 * MASS) / (15 * np.pi**2 * HBAR**2) * (up - down).real / UNIT
