"""Sec. VI of the paper, equation by equation; `_corrected` where exact numerics confirm another form.

`below` is M_{0→L}⁻¹ (1, 0)ᵀ, amplitudes e^{±iK̂_z z} at z = +0 per transmitted one, shape (..., 4, 2): by
default that of a film of F on N, since a half-infinite F hides half of every matrix. κ̂ has the interface's
own h_R. Matrices keep the laboratory's spin frame: 2×2 blocks of κ̂_R in the frame of ξ_± differ by a
rotation that cancels from every product.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sotcheck.numerics.arrays import Complex
from sotcheck.system.spin import IDENTITY
from sotcheck.theory.symbols import Symbols

#: Distance over which the waves of Eq. (37) are followed.
STEP = 0.45
#: Thickness L of the film.
FILM = 0.8


def column(*rows: Complex) -> Complex:
    """Return matrices above each other."""
    return np.concatenate(np.broadcast_arrays(*rows), axis=-2)


def block(*rows: tuple[Complex, Complex]) -> Complex:
    """Return a matrix of 2×2 blocks."""
    return column(*(np.concatenate(np.broadcast_arrays(*row), axis=-1) for row in rows))


def halves(matrix: Complex) -> tuple[Complex, Complex]:
    """Return the upper and the lower two rows."""
    return matrix[..., :2, :], matrix[..., 2:, :]


def spin(scalar: Complex) -> Complex:
    """Return a scalar by k_⊥ as a multiple of the 2×2 identity."""
    return scalar[..., None, None] * IDENTITY


def film(s: Symbols) -> Complex:
    """M_{0→L} of a film of F on N, with amplitudes e^{±ik_z(z − L)} in N, shape (n, 1, 4, 4)."""
    forth = s.bands(np.exp(1j * s.kz_down * FILM), np.exp(1j * s.kz_up * FILM))
    back = s.bands(np.exp(-1j * s.kz_down * FILM), np.exp(-1j * s.kz_up * FILM))
    ratio = s.Kz / s.kz[..., None, None]
    return block(
        ((IDENTITY + ratio) / 2 @ forth, (IDENTITY - ratio) / 2 @ back),
        ((IDENTITY - ratio) / 2 @ forth, (IDENTITY + ratio) / 2 @ back),
    )


def below_film(s: Symbols) -> Complex:
    """M_{0→L}⁻¹ (1, 0)ᵀ of the film, shape (n, 1, 4, 2)."""
    return np.linalg.inv(film(s))[..., :2]


def eq37a(s: Symbols) -> Complex:
    """[ψ(z + d) + ψ(z − d)] ψ(z)⁻¹ of any e^{ik_z z} a^R + e^{−ik_z z} a^L in N, Eq. (37a)."""
    return spin(np.exp(1j * s.kz * STEP) + np.exp(-1j * s.kz * STEP))


def eq37b(s: Symbols) -> Complex:
    """The same of e^{ik_z z} b^R + e^{−ik_z z} b^L in F, with k_z as printed, Eq. (37b)."""
    return spin(np.exp(1j * s.kz * STEP) + np.exp(-1j * s.kz * STEP))


def eq37b_corrected(s: Symbols) -> Complex:
    """The same with k_z^σ of each band."""
    up = np.exp(1j * s.kz_up * STEP) + np.exp(-1j * s.kz_up * STEP)
    down = np.exp(1j * s.kz_down * STEP) + np.exp(-1j * s.kz_down * STEP)
    return s.bands(down, up)


def eq38b(s: Symbols) -> Complex:
    """M_0⁻¹, Eq. (38b), shape (n, a, 4, 4)."""
    k, K, kappa = spin(1j * s.kz), 1j * s.Kz, s.kappa_0 + s.iface.h_R * s.rashba
    return (
        block((k + K - kappa, k - K - kappa), (k - K + kappa, k + K + kappa)) / (2j * s.kz)[..., None, None]
    )


def eq40(s: Symbols) -> Complex:
    """(r̂_ex, ψ_t) for ψ_i = 1 as they solve (ψ_t, 0) = M_{0→L} M_0 (ψ_i, ψ_r), Eq. (40)."""
    k, K, kappa = spin(1j * s.kz), 1j * s.Kz, s.kappa_0 + s.iface.h_R * s.rashba
    M_0 = np.linalg.inv(
        block((k + K - kappa, k - K - kappa), (k - K + kappa, k + K + kappa)) / (2 * k[..., :1, :1])
    )
    transmitted, returned = halves(film(s) @ M_0)
    r = -np.linalg.solve(returned[..., 2:], returned[..., :2])
    return column(r, transmitted @ column(IDENTITY, r))


def eq41(s: Symbols, below: Complex | None = None) -> Complex:
    """r̂_ex = −m̂_r m̂_i⁻¹ and ψ_t/ψ_i = 2ik_z m̂_i⁻¹ with m̂_i, m̂_r of Eq. (41)."""
    below = below_film(s) if below is None else below
    k, K, kappa = spin(1j * s.kz), 1j * s.Kz, s.kappa_0 + s.iface.h_R * s.rashba
    M = block((k + K - kappa, k - K - kappa), (k - K + kappa, k + K + kappa))
    m_i, minus_m_r = halves(M @ below)
    return column(minus_m_r @ np.linalg.inv(m_i), spin(2j * s.kz) @ np.linalg.inv(m_i))


def eq42(s: Symbols) -> Complex:
    """ξ_σ (κ̂_R)_{σσ'} ξ_σ'†, Eq. (42), rows and columns σ = +, −, shape (n, a, 4, 4)."""
    kappa_R = s.iface.h_R * s.rashba
    plus, minus = s.u_plus, s.u_minus
    return block(
        (plus @ kappa_R @ plus, plus @ kappa_R @ minus),
        (minus @ kappa_R @ plus, minus @ kappa_R @ minus),
    )


def eq43a(s: Symbols, below: Complex | None = None) -> Complex:
    """(m̂_i^(0), m̂_r^(0)), Eq. (43a), shape (n, a, 4, 2)."""
    below = below_film(s) if below is None else below
    k, K, kappa = spin(1j * s.kz), 1j * s.Kz, s.kappa_0
    return block((k + K - kappa, k - K - kappa), (-k + K - kappa, -k - K - kappa)) @ below


def eq43b(s: Symbols, below: Complex | None = None) -> Complex:
    """(m̂_i^(1), m̂_r^(1)), Eq. (43b), shape (n, a, 4, 2)."""
    below = below_film(s) if below is None else below
    kappa_R = s.iface.h_R * s.rashba
    return -block((kappa_R, kappa_R), (kappa_R, kappa_R)) @ below


def eq44_difference(s: Symbols, below: Complex | None = None) -> Complex:
    """m̂_i^(0) − m̂_r^(0), the first row of Eq. (44)."""
    below = below_film(s) if below is None else below
    return spin(2j * s.kz) @ block((IDENTITY, IDENTITY)) @ below


def eq44_sum(s: Symbols, below: Complex | None = None) -> Complex:
    """m̂_i^(0) + m̂_r^(0), the second row of Eq. (44)."""
    below = below_film(s) if below is None else below
    return spin(2j * s.kz) @ block((IDENTITY, IDENTITY)) @ below


def eq44_sum_corrected(s: Symbols, below: Complex | None = None) -> Complex:
    """m̂_i^(0) + m̂_r^(0) = 2 (iK̂_z − κ̂_0, −iK̂_z − κ̂_0) M_{0→L}⁻¹ (1, 0)ᵀ, from Eq. (43a)."""
    below = below_film(s) if below is None else below
    return 2 * block((1j * s.Kz - s.kappa_0, -1j * s.Kz - s.kappa_0)) @ below


def eq45(s: Symbols, below: Complex | None = None) -> Complex:
    """m̂_i^(1) = m̂_r^(1) = −(1/2ik_z) κ̂_R (m̂_i^(0) − m̂_r^(0)), Eq. (45), both above each other."""
    below = below_film(s) if below is None else below
    k, K, kappa = spin(1j * s.kz), 1j * s.Kz, s.kappa_0
    m_i = block((k + K - kappa, k - K - kappa)) @ below
    m_r = block((-k + K - kappa, -k - K - kappa)) @ below
    change = -1 / (2j * s.kz)[..., None, None] * (s.iface.h_R * s.rashba) @ (m_i - m_r)
    return column(change, change)


def eq46b(s: Symbols) -> Complex:
    """Ĝ = (1 + r̂_ex^(0))/2ik_z, Eq. (46b)."""
    return 1 / (2j * s.kz)[..., None, None] * (IDENTITY + s.r_ex)


def eq46a_1(s: Symbols) -> Complex:
    """r̂_ex^(1) = 2ik_z Ĝ κ̂_R Ĝ per h_R, Eq. (46a)."""
    G = eq46b(s)
    return (2j * s.kz)[..., None, None] * G @ s.rashba @ G


def eq46a_2(s: Symbols) -> Complex:
    """r̂_ex^(2) = 2ik_z Ĝ (κ̂_R Ĝ)² per h_R², Eq. (46a)."""
    G = eq46b(s)
    return (2j * s.kz)[..., None, None] * G @ np.linalg.matrix_power(s.rashba @ G, 2)


def eq46a_3(s: Symbols) -> Complex:
    """r̂_ex^(3) = 2ik_z Ĝ (κ̂_R Ĝ)³ per h_R³, Eq. (46a)."""
    G = eq46b(s)
    return (2j * s.kz)[..., None, None] * G @ np.linalg.matrix_power(s.rashba @ G, 3)


def eq46a_4(s: Symbols) -> Complex:
    """r̂_ex^(4) = 2ik_z Ĝ (κ̂_R Ĝ)⁴ per h_R⁴, Eq. (46a)."""
    G = eq46b(s)
    return (2j * s.kz)[..., None, None] * G @ np.linalg.matrix_power(s.rashba @ G, 4)


def eq46a_5(s: Symbols) -> Complex:
    """r̂_ex^(5) = 2ik_z Ĝ (κ̂_R Ĝ)⁵ per h_R⁵, Eq. (46a)."""
    G = eq46b(s)
    return (2j * s.kz)[..., None, None] * G @ np.linalg.matrix_power(s.rashba @ G, 5)


def eq46a_projected(s: Symbols) -> Complex:
    """r̂_ex^(1) 1̂ per h_R, Eq. (46a) projected, which is Eq. (10c)."""
    G = eq46b(s)
    return (2j * s.kz)[..., None, None] * G @ s.rashba @ G @ s.one


def eq47(s: Symbols) -> Complex:
    """r̂_ex with u_m from r̂_ex without, as printed in Eq. (47)."""
    r = replace(s, iface=s.iface.with_(u_m=0.0)).r_ex
    sigma_z = s.u_plus - s.u_minus
    growth = spin(2j * s.kz) / s.iface.u_m @ sigma_z @ np.linalg.inv(IDENTITY + r)
    return r - (IDENTITY + r) @ np.linalg.inv(growth + IDENTITY)


def eq47_corrected(s: Symbols) -> Complex:
    """The same with −1 instead of +1 in the denominator, and the second term added."""
    r = replace(s, iface=s.iface.with_(u_m=0.0)).r_ex
    sigma_z = s.u_plus - s.u_minus
    growth = spin(2j * s.kz) / s.iface.u_m @ sigma_z @ np.linalg.inv(IDENTITY + r)
    return r + (IDENTITY + r) @ np.linalg.inv(growth - IDENTITY)


def eq47_orders(s: Symbols) -> Complex:
    """r̂_ex^(n) = −2ik_z Ĝ (σ̂_z Ĝ)^n with Ĝ = −(1 + r̂_ex)/2ik_z per u_m^n, above Eq. (47); n = 1, 2."""
    r = replace(s, iface=s.iface.with_(u_m=0.0)).r_ex
    G = -1 / (2j * s.kz)[..., None, None] * (IDENTITY + r)
    step = (s.u_plus - s.u_minus) @ G
    return -(2j * s.kz)[..., None, None] * block((G @ step, G @ step @ step))


def eq47_orders_corrected(s: Symbols) -> Complex:
    """r̂_ex^(n) = 2ik_z Ĝ (σ̂_z Ĝ)^n with Ĝ = (1 + r̂_ex)/2ik_z, as Eqs. (46) have it; n = 1, 2."""
    r = replace(s, iface=s.iface.with_(u_m=0.0)).r_ex
    G = 1 / (2j * s.kz)[..., None, None] * (IDENTITY + r)
    step = (s.u_plus - s.u_minus) @ G
    return (2j * s.kz)[..., None, None] * block((G @ step, G @ step @ step))
