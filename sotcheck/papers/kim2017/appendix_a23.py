"""Appendices A 2 and A 3 of the paper, equation by equation; `_corrected` where another form is confirmed.

Summands by k_⊥, averaged over directions. Currents of Eq. (A18) are in units of e²/h, per h_R², with rows
I↑, I↓ and columns Δμ^N↑, Δμ^N↓, Δμ^F↑, Δμ^F↓ for m = z; those of Eqs. (A19) and (A21) in e²EτL/2πmₑV.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.papers.kim2017.finite_rashba import projected, scalar
from sotcheck.system.spin import IDENTITY, PAULI, dagger
from sotcheck.theory.symbols import Symbols, mean_over_angles

#: Diagonal elements a_1 (ξ_+) and a_2 (ξ_-) of Â in Eqs. (A17) and (A20): any two numbers.
A_1, A_2 = 0.7 + 0.2j, -0.4 + 0.5j
#: A distance from the interface at which the in-plane current is looked at.
DEPTH = 0.8


def up_down(s: Symbols, matrix: Complex) -> tuple[Complex, Complex]:
    """Return the majority (↑) and minority (↓) element of a matrix that conserves spin, each (n, 1)."""
    return np.trace(s.u_minus @ matrix, axis1=-2, axis2=-1), np.trace(s.u_plus @ matrix, axis1=-2, axis2=-1)


def matrix_of(*rows: tuple[Array | Complex, ...]) -> Complex:
    """Return scalars by k_⊥ as a matrix, shape (n, 1, rows, columns)."""
    return np.stack([np.stack(np.broadcast_arrays(*row), axis=-1) for row in rows], axis=-2)


def eqA17(s: Symbols) -> Complex:
    """κ̂_R diag(a_1, a_2) κ̂_R → h_R² k_⊥² diag(a_2, a_1), Eq. (A17)."""
    h_R = s.iface.h_R
    return h_R**2 * s.k2[..., None, None] * s.bands(np.array(A_2), np.array(A_1))


def tilted(s: Symbols) -> Complex:
    """h_R² k_⊥² [(a_1 + a_2)/2 − m_z σ_z (a_1 − a_2)/2] in the laboratory's frame: Eq. (A17) for any m."""
    h_R, m_z = s.iface.h_R, s.m[2]
    return h_R**2 * s.k2[..., None, None] * ((A_1 + A_2) / 2 * IDENTITY - (A_1 - A_2) / 2 * m_z * PAULI[2])


def off_diagonal(s: Symbols) -> Complex:
    """h_R² k_⊥² m_z m_∥ (a_1 − a_2)/2, the σ_x part of `tilted` in the frame of m."""
    h_R, m_z, m_par = s.iface.h_R, s.m[2], np.hypot(s.m[0], s.m[1])
    return h_R**2 * s.k2 * m_z * m_par * (A_1 - A_2) / 2


def eqA18a(s: Symbols) -> Complex:
    """I = M Δμ^F − M Δμ^N, M = [[−2 Re G_Rr^↑↑, G_flip], [G_flip, −2 Re G_Rr^↓↓]], Eqs. (A18) per h_R².

    G_Rr^{ss} is read as G_Rr^{sss} of Eq. (A14a).
    """
    rho_up, rho_down = 1 + s.r_up, 1 + s.r_down
    ratio = np.where(s.open_N, s.k2 / np.abs(s.kz) ** 2, 0)
    G_up = -ratio / 2 * rho_up * rho_up * s.r_up.conj()
    G_down = -ratio / 2 * rho_down * rho_down * s.r_down.conj()
    flip = ratio / 2 * np.abs(rho_up) ** 2 * np.abs(rho_down) ** 2
    M = matrix_of((-2 * G_up.real, flip), (flip, -2 * G_down.real))
    return np.concatenate([-M, M], axis=-1)


def eqA18a_at_N(s: Symbols) -> Complex:
    """I at z = −0, every bias by itself, per h_R²: what (A9) gives with (46a) and (A17)."""
    up, down = 1 + s.r_up, 1 + s.r_down
    both = np.abs(up * down) ** 2
    from_up, from_down = np.abs(s.t_prime_up) ** 2, np.abs(s.t_prime_down) ** 2
    weight = np.where(s.open_N, s.k2 / (4 * np.abs(s.kz) ** 2), 0)[..., None, None]
    return weight * matrix_of(
        (
            -2 * (up**2 * down * s.r_up.conj()).real,
            both,
            -2 * (up * down).real * from_up,
            np.abs(up) ** 2 * from_down,
        ),
        (
            both,
            -2 * (down**2 * up * s.r_down.conj()).real,
            np.abs(down) ** 2 * from_up,
            -2 * (up * down).real * from_down,
        ),
    )


def eqA18a_at_F(s: Symbols) -> Complex:
    """I at z = +0, every bias by itself, per h_R², whether or not k_z is real."""
    up, down = up_down(s, IDENTITY + s.r_ex)
    into_up, into_down = up_down(s, s.one_prime @ s.t_ex)
    r_up, r_down = up_down(s, s.r_prime)
    normal_up = np.where(s.open_N, np.abs(into_up) ** 2, 0)
    normal_down = np.where(s.open_N, np.abs(into_down) ** 2, 0)
    phase = np.abs(s.kz) ** 2 / s.kz**2
    weight = (s.k2 / (4 * np.abs(s.kz) ** 2))[..., None, None]
    return weight * matrix_of(
        (
            2 * normal_up * (up * down).real,
            -normal_up * np.abs(down) ** 2,
            2 * (phase * into_up * down * s.t_prime_up * r_up.conj()).real,
            -(np.abs(into_up) ** 2) * np.abs(s.t_prime_down) ** 2,
        ),
        (
            -normal_down * np.abs(up) ** 2,
            2 * normal_down * (up * down).real,
            -(np.abs(into_down) ** 2) * np.abs(s.t_prime_up) ** 2,
            2 * (phase * into_down * up * s.t_prime_down * r_down.conj()).real,
        ),
    )


def eqA18a_unperturbed(s: Symbols) -> Complex:
    """The diagonal G^{ss} = 1 − r^s r^s, as printed below Eq. (A10b): I_s per Δμ_s of F."""
    return matrix_of(
        (np.where(s.open_N, 1 - s.r_up * s.r_up, 0), np.where(s.open_N, 1 - s.r_down * s.r_down, 0))
    )


def eqA18a_unperturbed_corrected(s: Symbols) -> Complex:
    """G^{ss} = 1 − r^s r^s*."""
    up, down = np.abs(s.r_up) ** 2, np.abs(s.r_down) ** 2
    return matrix_of((np.where(s.open_N, 1 - up, 0), np.where(s.open_N, 1 - down, 0)))


def eqA18a_reading(spins: tuple[str, ...], sign: float) -> Callable[[Symbols], Complex]:
    """Return the formula −2 Re G_Rr^{…} of the diagonal of Eq. (A18a), per h_R², for any three spins.

    "same" is the spin of the current and "other" the opposite one; the sign is that of the bias.
    """
    first, second, third = spins

    def of_spin(s: Symbols, same: Complex, other: Complex) -> Array:
        r = {"same": same, "other": other}
        ratio = np.where(s.open_N, s.k2 / np.abs(s.kz) ** 2, 0)
        return sign * (ratio * (1 + r[first]) * (1 + r[second]) * r[third].conj()).real

    def diagonal(s: Symbols) -> Complex:
        return matrix_of((of_spin(s, s.r_up, s.r_down), of_spin(s, s.r_down, s.r_up)))

    return diagonal


def eqA18b(s: Symbols) -> Complex:
    """G_flip = (1/2)(E_⊥/(E_F − E_⊥)) |1 + r↑|² |1 + r↓|², Eq. (A18b): I_↓ per Δμ^F↑, I_↑ per Δμ^F↓."""
    ratio = np.where(s.open_N, s.k2 / np.abs(s.kz) ** 2, 0)
    flip = ratio / 2 * np.abs(1 + s.r_up) ** 2 * np.abs(1 + s.r_down) ** 2
    return matrix_of((flip, flip))


def eqA18b_from_F(s: Symbols) -> Complex:
    """(1/4)(k_⊥²/k_z²) |1 + r^s|² |t'^s'|² of a bias of spin s' in F, at z = −0."""
    weight = np.where(s.open_N, s.k2 / (4 * np.abs(s.kz) ** 2), 0)
    return matrix_of(
        (
            weight * np.abs(1 + s.r_down) ** 2 * np.abs(s.t_prime_up) ** 2,
            weight * np.abs(1 + s.r_up) ** 2 * np.abs(s.t_prime_down) ** 2,
        )
    )


def eqA18b_against_N(s: Symbols) -> Complex:
    """−G_flip of Eq. (A18b), the response to Δμ^N in Eq. (A18a): I_↓ per Δμ^N↑, I_↑ per Δμ^N↓."""
    ratio = np.where(s.open_N, s.k2 / np.abs(s.kz) ** 2, 0)
    flip = ratio / 2 * np.abs(1 + s.r_up) ** 2 * np.abs(1 + s.r_down) ** 2
    return matrix_of((-flip, -flip))


def eqA18b_from_N(s: Symbols) -> Complex:
    """(1/4)(k_⊥²/k_z²) |1 + r↑|² |1 + r↓|² of a bias of either spin in N, at z = −0."""
    weight = np.where(s.open_N, s.k2 / (4 * np.abs(s.kz) ** 2), 0)
    flip = weight * np.abs(1 + s.r_up) ** 2 * np.abs(1 + s.r_down) ** 2
    return matrix_of((flip, flip))


def eqA19(s: Symbols) -> Array:
    """Tr ĵ_x^N = −(k_⊥²/k_z) Tr(1 + r̂ r̂†), Eq. (A19) as transcribed, at the interface's own h_R."""
    r = projected(s).r
    weight = np.where(s.open_N, s.k2 / np.abs(s.kz), 0)
    return -mean_over_angles(weight * np.trace(IDENTITY + r @ dagger(r), axis1=-2, axis2=-1).real)


def eqA19_corrected(s: Symbols) -> Array:
    """Tr ĵ_x^N = −(k_x²/k_z) Tr(1 + r̂ r̂†)."""
    r = projected(s).r
    weight = np.where(s.open_N, s.kx**2 / np.abs(s.kz), 0)
    return -mean_over_angles(weight * np.trace(IDENTITY + r @ dagger(r), axis1=-2, axis2=-1).real)


def at_depth(s: Symbols) -> Array:
    """−(k_x²/k_z) Tr[ψψ†] with ψ = e^{ik_z z} + e^{−ik_z z} r̂: with the interference, at z = −DEPTH."""
    psi = scalar(np.exp(-1j * s.kz * DEPTH)) @ s.one + scalar(np.exp(1j * s.kz * DEPTH)) @ projected(s).r
    weight = np.where(s.open_N, s.kx**2 / np.abs(s.kz), 0)
    return -mean_over_angles(weight * np.trace(psi @ dagger(psi), axis1=-2, axis2=-1).real)


def eqA20_unit(s: Symbols) -> Complex:
    """The part of ⟨k_x² κ̂_R Â κ̂_R⟩ along the unit matrix, h_R² k_⊥⁴ (a_1 + a_2)/4, Eq. (A20)."""
    return s.iface.h_R**2 * s.k2**2 / 2 * (A_2 + A_1) / 2


def eqA20_x(s: Symbols) -> Complex:
    """The part along σ_x, (a_2 − a_1)(h_R² k_⊥⁴ m_z/8m_∥)(m_x² + 3m_y²), Eq. (A20) as transcribed."""
    m_x, m_y, m_z = s.m
    m_par = np.hypot(m_x, m_y)
    return (A_2 - A_1) * s.iface.h_R**2 * s.k2**2 * m_z / (8 * m_par) * (m_x**2 + 3 * m_y**2)


def eqA20_x_corrected(s: Symbols) -> Complex:
    """The same with a_1 − a_2."""
    m_x, m_y, m_z = s.m
    m_par = np.hypot(m_x, m_y)
    return (A_1 - A_2) * s.iface.h_R**2 * s.k2**2 * m_z / (8 * m_par) * (m_x**2 + 3 * m_y**2)


def eqA20_y(s: Symbols) -> Complex:
    """The part along σ_y, (a_2 − a_1)(h_R² k_⊥⁴/4m_∥) m_x m_y, Eq. (A20) as transcribed."""
    m_x, m_y = s.m[0], s.m[1]
    return (A_2 - A_1) * s.iface.h_R**2 * s.k2**2 / (4 * np.hypot(m_x, m_y)) * m_x * m_y


def eqA20_y_corrected(s: Symbols) -> Complex:
    """The same with a_1 − a_2."""
    m_x, m_y = s.m[0], s.m[1]
    return (A_1 - A_2) * s.iface.h_R**2 * s.k2**2 / (4 * np.hypot(m_x, m_y)) * m_x * m_y


def eqA20_z(s: Symbols) -> Complex:
    """The part along σ_z, h_R² k_⊥⁴ (a_2 − a_1)[1/4 + (m_x² + 3m_y²)/8], Eq. (A20) as transcribed."""
    m_x, m_y = s.m[0], s.m[1]
    first = s.iface.h_R**2 * s.k2**2 / 2 * (A_2 - A_1) / 2
    return first + (A_2 - A_1) * s.iface.h_R**2 * s.k2**2 / 8 * (m_x**2 + 3 * m_y**2)


def eqA20_z_corrected(s: Symbols) -> Complex:
    """The same with the second term's sign reversed."""
    m_x, m_y = s.m[0], s.m[1]
    first = s.iface.h_R**2 * s.k2**2 / 2 * (A_2 - A_1) / 2
    return first + (A_1 - A_2) * s.iface.h_R**2 * s.k2**2 / 8 * (m_x**2 + 3 * m_y**2)


def eqA21a(s: Symbols) -> Array:
    """j_nonMR + j_MR (m_x² + 3m_y²) per h_R², Eq. (A21a) with (A21c) and (A21d) corrected."""
    m_x, m_y = s.m[0], s.m[1]
    return eqA21c_corrected(s) + eqA21d_corrected(s) * (m_x**2 + 3 * m_y**2)


def eqA21b(s: Symbols) -> Array:
    """j_conv = −(1/2) Σ_s (k_⊥²/k_z)(1 + |r^s|²), Eq. (A21b)."""
    weight = np.where(s.open_N, s.k2 / np.abs(s.kz), 0)
    return -1 / 2 * weight * (1 + np.abs(s.r_up) ** 2 + 1 + np.abs(s.r_down) ** 2)


def eqA21c(s: Symbols) -> Array:
    """j_nonMR = −(1/4)(k_⊥⁴/k_z³) Re ρ↑ρ↓ (ρ↑*ρ↓* + ρ↓*ρ↑* + ρ↑ρ↓*), Eq. (A21c) as transcribed."""
    up, down = 1 + s.r_up, 1 + s.r_down
    weight = np.where(s.open_N, s.k2**2 / np.abs(s.kz) ** 3, 0)
    bracket = up.conj() * down.conj() + down.conj() * up.conj() + up * down.conj()
    return -1 / 4 * weight * (up * down * bracket).real


def eqA21c_corrected(s: Symbols) -> Array:
    """j_nonMR = −(1/4)(k_⊥⁴/k_z³) Re ρ↑ρ↓ (ρ↑*ρ↓* − ρ↑r↑* − ρ↓r↓*)."""
    up, down = 1 + s.r_up, 1 + s.r_down
    weight = np.where(s.open_N, s.k2**2 / np.abs(s.kz) ** 3, 0)
    bracket = up.conj() * down.conj() - up * s.r_up.conj() - down * s.r_down.conj()
    return -1 / 4 * weight * (up * down * bracket).real


def eqA21d(s: Symbols) -> Array:
    """j_MR = −(1/16) Re[(|ρ↑|² − |ρ↓|²)² − 2(ρ↑ − ρ↓)(ρ↑²r↑* − ρ↓²r↓*)], Eq. (A21d) as transcribed."""
    up, down = 1 + s.r_up, 1 + s.r_down
    squares = (np.abs(up) ** 2 - np.abs(down) ** 2) ** 2
    bracket = squares - 2 * (up - down) * (up**2 * s.r_up.conj() - down**2 * s.r_down.conj())
    return np.where(s.open_N, -1 / 16 * bracket.real, 0)


def eqA21d_corrected(s: Symbols) -> Array:
    """j_MR = −(1/32)(k_⊥⁴/k_z³) Re[(|ρ↑|² − |ρ↓|²)² − 2(ρ↑ − ρ↓)(ρ↑²r↑* − ρ↓²r↓*)]."""
    up, down = 1 + s.r_up, 1 + s.r_down
    weight = np.where(s.open_N, s.k2**2 / np.abs(s.kz) ** 3, 0)
    squares = (np.abs(up) ** 2 - np.abs(down) ** 2) ** 2
    bracket = squares - 2 * (up - down) * (up**2 * s.r_up.conj() - down**2 * s.r_down.conj())
    return -1 / 32 * weight * bracket.real


def eqA22_open(s: Symbols) -> Complex:
    """j_MR = −(1/32)(k_⊥⁴/k_z³)(r↑ − r↓)² (2 − r↑² − r↓²), by Eq. (A22), where all channels are open."""
    weight = np.where(s.open_N & s.open_up & s.open_down, s.k2**2 / np.abs(s.kz) ** 3, 0)
    return -1 / 32 * weight * (s.r_up - s.r_down) ** 2 * (2 - s.r_up**2 - s.r_down**2)


def eqA22(s: Symbols) -> Complex:
    """The same at all k_⊥ of the sum, with Eq. (A22) as transcribed."""
    weight = np.where(s.open_N, s.k2**2 / np.abs(s.kz) ** 3, 0)
    return -1 / 32 * weight * (s.r_up - s.r_down) ** 2 * (2 - s.r_up**2 - s.r_down**2)


def eqA22_corrected(s: Symbols) -> Array:
    """The same with |r↑ − r↓|² (2 − |r↑|² − |r↓|²)."""
    weight = np.where(s.open_N, s.k2**2 / np.abs(s.kz) ** 3, 0)
    difference = np.abs(s.r_up - s.r_down) ** 2
    return -1 / 32 * weight * difference * (2 - np.abs(s.r_up) ** 2 - np.abs(s.r_down) ** 2)


def magnetoresistance_at_zero(s: Symbols) -> Array:
    """j_MR at z = −0, interference included: (A21d), corrected, with 1 + r* in place of r*."""
    up, down = 1 + s.r_up, 1 + s.r_down
    weight = np.where(s.open_N, s.k2**2 / np.abs(s.kz) ** 3, 0)
    squares = (np.abs(up) ** 2 - np.abs(down) ** 2) ** 2
    bracket = squares - 2 * (up - down) * (up**2 * up.conj() - down**2 * down.conj())
    return -1 / 32 * weight * bracket.real


def modes(s: Symbols) -> Array:
    """−2k_⊥²/k_z: the current if every mode is reflected, two spins, averaged over directions."""
    return np.where(s.open_N, -2 * s.k2 / np.abs(s.kz), 0)
