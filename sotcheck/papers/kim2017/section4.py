"""Sec. IV of the paper, equation by equation; `_corrected` where exact numerics confirm another form.

Currents are summands by k_⊥ and source (normal, majority, minority): in units of (eL/hV) f for Eq. (12), of
e²LE_xτ/2πmₑV for Eqs. (13) to (15). Torques are summands of (1/A) Σ in units of ħeE_xτ/mₑ, per h_R.
"""

from __future__ import annotations

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.papers.kim2017.finite_rashba import projected
from sotcheck.system.spin import PAULI, dagger, dot_sigma
from sotcheck.theory.symbols import Symbols

SIGMA_Y: Complex = PAULI[1]
#: A spin density matrix of N without symmetry, to try Eq. (12) with.
POLARIZED: Complex = np.array([[0.8, 0.1 - 0.2j], [0.1 + 0.2j, 0.3]])
#: A direction in the plane along no axis.
IN_PLANE = (0.6, 0.8)


def sources(s: Symbols) -> list[tuple[Complex, Complex]]:
    """Return (f^N, f^F), or relaxation times, of one source each: normal, majority, minority."""
    none = np.zeros((2, 2), dtype=complex)
    return [(np.eye(2, dtype=complex), none), (none, s.u_minus), (none, s.u_plus)]


def imaginary(matrix: Complex) -> Complex:
    """Im[A] = (A − A†)/2i, below Eq. (14)."""
    return (matrix - dagger(matrix)) / 2j


def eq12(s: Symbols) -> Complex:
    """ĵ_z(−0) = −(f̂^N 1̂ − r̂ f̂^N r̂† − t̂' f̂^F t̂'† 1̂), Eq. (12), at any h_R."""
    a = projected(s)
    flow = [
        f_N @ s.one - a.r @ f_N @ dagger(a.r) - a.t_prime @ f_F @ dagger(a.t_prime) @ s.one
        for f_N, f_F in sources(s)
    ]
    return -np.stack(np.broadcast_arrays(*flow), axis=2)


def eq12_polarized(s: Symbols) -> Complex:
    """ĵ_z(−0) = −(f̂^N 1̂ − r̂ f̂^N r̂†), Eq. (12) with a spin-polarized f̂^N and no f̂^F."""
    r = projected(s).r
    return -(POLARIZED @ s.one - r @ POLARIZED @ dagger(r))


def eq13_first(s: Symbols) -> Complex:
    """ĵ_z(−0) = −[Δμ̂^N 1̂ − r̂ Δμ̂^N r̂† − t̂' Δμ̂^F t̂'† 1̂] with Δμ̂ = k_x τ̂, Eq. (13), first line."""
    a, kx = projected(s), s.kx[..., None, None]
    flow = [
        kx * tau_N @ s.one
        - a.r @ (kx * tau_N) @ dagger(a.r)
        - a.t_prime @ (kx * tau_F) @ dagger(a.t_prime) @ s.one
        for tau_N, tau_F in sources(s)
    ]
    return -np.stack(flow, axis=2)


def eq13_second(s: Symbols) -> Complex:
    """ĵ_z(−0) = k_x r̂ τ^N r̂† + k_x t̂' τ̂^F t̂'† 1̂ averaged over directions of k_⊥, Eq. (13), second line."""
    a, kx = projected(s), s.kx[..., None, None]
    flow = [
        kx * a.r @ tau_N @ dagger(a.r) + kx * a.t_prime @ tau_F @ dagger(a.t_prime) @ s.one
        for tau_N, tau_F in sources(s)
    ]
    return np.stack(flow, axis=2).mean(axis=1, keepdims=True)


def eq14(s: Symbols) -> Complex:
    """ĵ_z(−0) = −½ Im (k_⊥²/k_z)(1̂ + r̂) σ_y t̂' (τ̂^F − τ^N) t̂'†, Eq. (14)."""
    weight = (s.k2 / s.kz)[..., None, None]
    flow = [
        imaginary(weight * (s.one + s.r) @ SIGMA_Y @ s.t_prime @ (tau_F - tau_N) @ dagger(s.t_prime))
        for tau_N, tau_F in sources(s)
    ]
    return -np.stack(flow, axis=2) / 2


def eq15_normal(s: Symbols) -> Complex:
    """Δĵ_z = ½ Im (k_⊥²/|k_z|) σ_y (1̂ + r̂) τ^N (1̂ + r̂†), Eq. (15), its first term."""
    weight = (s.k2 / np.abs(s.kz))[..., None, None]
    return imaginary(weight * SIGMA_Y @ (s.one + s.r) @ (s.one + dagger(s.r))) / 2


def eq15_ferromagnet(s: Symbols) -> Complex:
    """Δĵ_z = ½ Im (k_⊥²/|k_z|) σ_y r̂† τ̂^F r̂, Eq. (15) as transcribed, its second term by band."""
    weight = (s.k2 / np.abs(s.kz))[..., None, None]
    flow = [imaginary(weight * SIGMA_Y @ dagger(s.r) @ tau_F @ s.r) for _, tau_F in sources(s)[1:]]
    return np.stack(flow, axis=2) / 2


def eq15_ferromagnet_corrected(s: Symbols) -> Complex:
    """Δĵ_z = ½ Im (k_⊥²/|k_z|) σ_y t̂' τ̂^F t̂'†, by band."""
    weight = (s.k2 / np.abs(s.kz))[..., None, None]
    flow = [
        imaginary(weight * SIGMA_Y @ s.t_prime @ tau_F @ dagger(s.t_prime)) for _, tau_F in sources(s)[1:]
    ]
    return np.stack(flow, axis=2) / 2


def eq16a(s: Symbols) -> Array:
    """T_R = Im[T] m×(y×m) + Re[T] m×y, Eq. (16a), by source with T of Eqs. (16c), (16d)."""
    y = np.array([0.0, 1.0, 0.0])
    torque = by_source(s)[..., None]
    return torque.imag * np.cross(s.m, np.cross(y, s.m)) + torque.real * np.cross(s.m, y)


def eq16b(s: Symbols) -> Complex:
    """T = T^N + T^F, Eq. (16b), with the interface's relaxation times."""
    normal, majority, minority = np.moveaxis(by_source(s), -1, 0)
    of_N = s.iface.tau_N * normal
    of_F = s.iface.tau_up * majority + s.iface.tau_down * minority
    return of_N + of_F


def eq16c(s: Symbols) -> Complex:
    """T^N = (1/8π)(k_⊥²/k_z)(1 − r↑* r↓)(r↑ − r↓*), Eq. (16c)."""
    return s.k2 / s.kz * (1 - s.r_up.conj() * s.r_down) * (s.r_up - s.r_down.conj()) / (8 * np.pi)


def eq16d_majority(s: Symbols) -> Complex:
    """T^F = −(1/8π)(k_⊥²/k_z) r↓ |t'↑|² τ↑, Eq. (16d), first sum."""
    return -s.k2 / s.kz * s.r_down * np.abs(s.t_prime_up) ** 2 / (8 * np.pi)


def eq16d_minority(s: Symbols) -> Complex:
    """T^F = (1/8π)(k_⊥²/k_z) r↑* |t'↓|² τ↓, Eq. (16d), first sum."""
    return s.k2 / s.kz * s.r_up.conj() * np.abs(s.t_prime_down) ** 2 / (8 * np.pi)


def eq16d_majority_evanescent(s: Symbols) -> Complex:
    """T^F = (1/8π)(k_⊥²/|k_z|) |t'↑|² τ↑ where k_z² < 0, Eq. (16d), second sum."""
    term = s.k2 / np.abs(s.kz) * np.abs(s.t_prime_up) ** 2 / (8 * np.pi)
    return np.where(s.open_N, 0, term)


def eq16d_minority_evanescent(s: Symbols) -> Complex:
    """T^F = −(1/8π)(k_⊥²/|k_z|) |t'↓|² τ↓ where k_z² < 0, Eq. (16d), second sum."""
    term = -s.k2 / np.abs(s.kz) * np.abs(s.t_prime_down) ** 2 / (8 * np.pi)
    return np.where(s.open_N, 0, term)


def by_source(s: Symbols) -> Complex:
    """Return Eqs. (16c) and (16d) by source, shape (n, 1, 3)."""
    majority = eq16d_majority(s) + eq16d_majority_evanescent(s)
    minority = eq16d_minority(s) + eq16d_minority_evanescent(s)
    return np.stack([eq16c(s), majority, minority], axis=-1)


def flow_after(s: Symbols) -> Complex:
    """Fieldlike + i dampinglike of −(ħV/2eL) Tr[σ_⊥ ĵ_z(+0)], the sum of Eqs. (14) and (15), by source."""
    total = eq14(s)
    total = total + np.concatenate([eq15_normal(s)[:, :, None], eq15_ferromagnet_corrected(s)], axis=2)
    y = np.array([0.0, 1.0, 0.0])
    fieldlike, dampinglike = np.cross(s.m, y), np.cross(s.m, np.cross(y, s.m))
    spin = np.einsum("kij,...ji->...k", PAULI, total).real
    # −(ħV/2eL) e²LE_x/2πmₑV is −1/4π in the torque's unit.
    return -(spin @ fieldlike + 1j * spin @ dampinglike) / (fieldlike @ fieldlike) / (4 * np.pi)


def angular_average(s: Symbols) -> Complex:
    """(k·u) σ·(k×ẑ) averages to (k_⊥²/2) σ·(u×ẑ), below Eq. (14)."""
    ux, uy = IN_PLANE
    return (s.k2 / 2)[..., None, None] * dot_sigma(np.array([uy, -ux, 0.0]))


def equal_times(s: Symbols) -> Array:
    """Re T of Eqs. (16c), (16d) with τ = τ↑ = τ↓: (1/4π)(k_⊥²/k_z) Re(r↑ − r↓), or the evanescent terms."""
    propagating = s.k2 / np.abs(s.kz) * (s.r_up - s.r_down).real / (4 * np.pi)
    return propagating + (eq16d_majority_evanescent(s) + eq16d_minority_evanescent(s)).real
