"""Sec. III of the paper, equation by equation; `_corrected` where exact numerics confirm another form.

Wave functions leave out the common factor e^{ik_x x + ik_y y}/√V. Amplitudes at finite h_R belong to the
interface's own h_R; those with a superscript 0 are the symbols' own.
"""

from __future__ import annotations

import numpy as np

from sotcheck.numerics.arrays import Complex
from sotcheck.papers.kim2017.finite_rashba import abs_root_K, extended, kappa, observed, projected, scalar
from sotcheck.system.spin import IDENTITY, dagger, pauli_vector
from sotcheck.theory.symbols import Symbols


def eq1a(s: Symbols) -> Complex:
    """ψ^N_kσ(z < 0) = e^{ik_z z} ξ_σ + e^{−ik_z z} Σ_σ' r^{σ'σ} ξ_σ', Eq. (1a), as Σ_σ ψ_σ ξ_σ†."""
    r, spinors = projected(s).r, (s.xi_plus, s.xi_minus)

    def wave(z: complex) -> Complex:
        incoming, outgoing = scalar(np.exp(1j * s.kz * z)), scalar(np.exp(-1j * s.kz * z))
        psi: Complex = np.sum(
            [
                (incoming @ xi + outgoing @ np.sum([xi2 @ (dagger(xi2) @ r @ xi) for xi2 in spinors], axis=0))
                @ dagger(xi)
                for xi in spinors
            ],
            axis=0,
        )
        # A wave whose k_z is imaginary is no scattering state.
        return psi @ s.one

    return observed(wave, [IDENTITY])


def eq1b(s: Symbols) -> Complex:
    """ψ^N_kσ(z > 0) = Σ_σ' √(|k_z|/|k'_z|) e^{ik'_z z} t^{σ'σ} ξ_σ', Eq. (1b), as Σ_σ ψ_σ ξ_σ†."""
    t, bands = projected(s).t, ((s.xi_plus, s.kz_down), (s.xi_minus, s.kz_up))

    def wave(z: complex) -> Complex:
        psi: Complex = np.sum(
            [
                scalar(np.sqrt(np.abs(s.kz) / np.abs(k2)) * np.exp(1j * k2 * z))
                @ (xi2 @ (dagger(xi2) @ t @ xi))
                @ dagger(xi)
                for xi2, k2 in bands
                for xi, _ in bands
            ],
            axis=0,
        )
        return psi

    return observed(wave, [IDENTITY])


def eq2a(s: Symbols) -> Complex:
    """ψ^N(z < 0) = e^{ik_z z} 1̂ + e^{−ik_z z} r̂, Eq. (2a)."""
    r = projected(s).r

    def wave(z: complex) -> Complex:
        return scalar(np.exp(1j * s.kz * z)) @ s.one + scalar(np.exp(-1j * s.kz * z)) @ r

    return observed(wave, [IDENTITY])


def eq2b(s: Symbols) -> Complex:
    """ψ^N(z > 0) = √(|k_z||K̂_z|⁻¹) e^{iK̂_z z} t̂, Eq. (2b)."""
    t = projected(s).t
    root = s.bands(np.sqrt(np.abs(s.kz) / np.abs(s.kz_down)), np.sqrt(np.abs(s.kz) / np.abs(s.kz_up)))

    def wave(z: complex) -> Complex:
        return root @ s.bands(np.exp(1j * s.kz_down * z), np.exp(1j * s.kz_up * z)) @ t

    return observed(wave, [IDENTITY])


def eq3a(s: Symbols) -> Complex:
    """ψ^F(z < 0) = √(|k_z|⁻¹) e^{−ik_z z} r̂' √|K̂_z|, Eq. (3a) as transcribed."""
    r_prime = projected(s).r_prime

    def wave(z: complex) -> Complex:
        return scalar(np.exp(-1j * s.kz * z) / np.sqrt(np.abs(s.kz))) @ r_prime @ abs_root_K(s)

    return observed(wave, [s.u_minus, s.u_plus])


def eq3a_corrected(s: Symbols) -> Complex:
    """ψ^F(z < 0) = √(|k_z|⁻¹) e^{−ik_z z} t̂' √|K̂_z|."""
    t_prime = projected(s).t_prime

    def wave(z: complex) -> Complex:
        return scalar(np.exp(-1j * s.kz * z) / np.sqrt(np.abs(s.kz))) @ t_prime @ abs_root_K(s)

    return observed(wave, [s.u_minus, s.u_plus])


def eq3b(s: Symbols) -> Complex:
    """ψ^F(z > 0) = √|K̂_z|⁻¹ (e^{−iK̂_z z} 1̂' + e^{iK̂_z z} r̂') √|K̂_z|, Eq. (3b)."""
    r_prime = projected(s).r_prime
    inverse_root = np.linalg.inv(abs_root_K(s))

    def wave(z: complex) -> Complex:
        incoming = s.bands(np.exp(-1j * s.kz_down * z), np.exp(-1j * s.kz_up * z))
        outgoing = s.bands(np.exp(1j * s.kz_down * z), np.exp(1j * s.kz_up * z))
        return inverse_root @ (incoming @ s.one_prime + outgoing @ r_prime) @ abs_root_K(s)

    return observed(wave, [s.u_minus, s.u_plus])


def eq4a(s: Symbols) -> Complex:
    """1̂_k = 1 if k_z is real, 0 if it is imaginary, Eq. (4a)."""
    return np.where(s.open_N, 1, 0)[..., None, None] * IDENTITY


def eq4b(s: Symbols) -> Complex:
    """1̂'_k = 1 if both k_z^± are real, u_- if only k_z^- is, 0 if none is, Eq. (4b)."""
    bands = (s.open_up.astype(int) + s.open_down)[..., None, None]
    return np.select([bands == 2, bands == 1], [IDENTITY, s.u_minus], 0)


def eq5(s: Symbols) -> Complex:
    """κ̂ψ(0) = ∂_zψ(+0) − ∂_zψ(−0) below Eq. (5): the jump of the spin current is Im[ψ†σκ̂ψ]; by source."""
    a = projected(s)
    psi_N = s.one + a.r
    psi_F = scalar(1 / np.sqrt(np.abs(s.kz))) @ a.t_prime @ abs_root_K(s)
    sources = (psi_N @ dagger(psi_N), *(psi_F @ u @ dagger(psi_F) for u in (s.u_minus, s.u_plus)))
    return np.stack([pauli_vector(kappa(s) @ density).imag for density in sources], axis=2)


def eq6a(s: Symbols) -> Complex:
    """t̂_ex = 2ik_z √(|K̂_z||k_z|⁻¹) (iK̂_z + ik_z − κ̂)⁻¹, Eq. (6a), projected by 1̂."""
    k, K = scalar(s.kz), s.Kz
    root = s.bands(np.sqrt(np.abs(s.kz_down) / np.abs(s.kz)), np.sqrt(np.abs(s.kz_up) / np.abs(s.kz)))
    return 2j * k @ root @ np.linalg.inv(1j * K + 1j * k - kappa(s)) @ s.one


def eq6b(s: Symbols) -> Complex:
    """r̂_ex = (iK̂_z + ik_z − κ̂)⁻¹ 2iK̂_z √(|k_z||K̂_z|⁻¹), Eq. (6b) as transcribed, projected by 1̂."""
    k, K = scalar(s.kz), s.Kz
    root = s.bands(np.sqrt(np.abs(s.kz) / np.abs(s.kz_down)), np.sqrt(np.abs(s.kz) / np.abs(s.kz_up)))
    return np.linalg.inv(1j * K + 1j * k - kappa(s)) @ (2j * K) @ root @ s.one


def eq6b_corrected(s: Symbols) -> Complex:
    """r̂_ex = (iK̂_z + ik_z − κ̂)⁻¹ (ik_z − iK̂_z + κ̂), the right-hand side of (6c), projected by 1̂."""
    k, K = scalar(s.kz), s.Kz
    return np.linalg.inv(1j * K + 1j * k - kappa(s)) @ (1j * k - 1j * K + kappa(s)) @ s.one


def eq6c(s: Symbols) -> Complex:
    """r̂'_ex = (iK̂_z + ik_z − κ̂)⁻¹ (ik_z − iK̂_z + κ̂), Eq. (6c) as transcribed, projected by 1̂'."""
    k, K = scalar(s.kz), s.Kz
    return np.linalg.inv(1j * K + 1j * k - kappa(s)) @ (1j * k - 1j * K + kappa(s)) @ s.one_prime


def eq6c_corrected(s: Symbols) -> Complex:
    """r̂'_ex = √|K̂_z| (iK̂_z + ik_z − κ̂)⁻¹ (iK̂_z − ik_z + κ̂) √|K̂_z|⁻¹, that of (6d), projected by 1̂'."""
    k, K, root = scalar(s.kz), s.Kz, abs_root_K(s)
    inverse = np.linalg.inv(1j * K + 1j * k - kappa(s))
    return root @ inverse @ (1j * K - 1j * k + kappa(s)) @ np.linalg.inv(root) @ s.one_prime


def eq6d(s: Symbols) -> Complex:
    """t̂'_ex = √|K̂_z| (iK̂_z + ik_z − κ̂)⁻¹ (iK̂_z − ik_z + κ̂) √|K̂_z|⁻¹, (6d) as transcribed, projected by 1̂'."""
    k, K, root = scalar(s.kz), s.Kz, abs_root_K(s)
    inverse = np.linalg.inv(1j * K + 1j * k - kappa(s))
    return root @ inverse @ (1j * K - 1j * k + kappa(s)) @ np.linalg.inv(root) @ s.one_prime


def eq6d_corrected(s: Symbols) -> Complex:
    """t̂'_ex = (iK̂_z + ik_z − κ̂)⁻¹ 2iK̂_z √(|k_z||K̂_z|⁻¹), that of (6b), projected by 1̂'."""
    k, K = scalar(s.kz), s.Kz
    root = s.bands(np.sqrt(np.abs(s.kz) / np.abs(s.kz_down)), np.sqrt(np.abs(s.kz) / np.abs(s.kz_up)))
    return np.linalg.inv(1j * K + 1j * k - kappa(s)) @ (2j * K) @ root @ s.one_prime


def eq7(s: Symbols) -> Complex:
    """r̂ = r̂_ex 1̂, t̂ = t̂_ex 1̂, r̂' = r̂'_ex 1̂', t̂' = t̂'_ex 1̂', Eq. (7), stacked."""
    ex = extended(s)
    return np.stack([ex.r @ s.one, ex.t @ s.one, ex.r_prime @ s.one_prime, ex.t_prime @ s.one_prime], axis=-3)


def eq9(s: Symbols) -> Complex:
    """t̂_ex = t̂⁰_ex + (h_R/2ik_z) t̂⁰_ex σ·(k×ẑ) √(|k_z||K̂_z|⁻¹) t̂_ex, Eq. (9), projected by 1̂."""
    factor = scalar(s.iface.h_R / (2j * s.kz))
    root = s.bands(np.sqrt(np.abs(s.kz) / np.abs(s.kz_down)), np.sqrt(np.abs(s.kz) / np.abs(s.kz_up)))
    return (s.t_ex + factor @ s.t_ex @ s.rashba @ root @ extended(s).t) @ s.one


def eq9_from_F(s: Symbols) -> Complex:
    """Eq. (9) as t̂' tells it: by the relations below (7), t̂'_ex = (|k_z|/k_z) √|K̂_z|⁻¹ t̂_ex K̂_z √|K̂_z|⁻¹."""
    factor, root = scalar(s.iface.h_R / (2j * s.kz)), np.linalg.inv(abs_root_K(s))
    t_ex = s.t_ex + factor @ s.t_ex @ s.rashba @ scalar(np.sqrt(np.abs(s.kz))) @ root @ extended(s).t
    return scalar(np.abs(s.kz) / s.kz) @ root @ t_ex @ s.Kz @ root @ s.one_prime


def eq10a(s: Symbols) -> Complex:
    """∂t̂/∂h_R = (1/2ik_z) t̂_ex σ·(k×ẑ) (1̂ + r̂), Eq. (10a)."""
    return 1 / (2j * s.kz)[..., None, None] * s.t_ex @ s.rashba @ (s.one + s.r)


def eq10b(s: Symbols) -> Complex:
    """∂t̂'/∂h_R = (1/2ik_z)(1 + r̂_ex) σ·(k×ẑ) t̂', Eq. (10b)."""
    return 1 / (2j * s.kz)[..., None, None] * (IDENTITY + s.r_ex) @ s.rashba @ s.t_prime


def eq10c(s: Symbols) -> Complex:
    """∂r̂/∂h_R = (1/2ik_z)(1 + r̂_ex) σ·(k×ẑ) (1̂ + r̂), Eq. (10c)."""
    return 1 / (2j * s.kz)[..., None, None] * (IDENTITY + s.r_ex) @ s.rashba @ (s.one + s.r)


def eq10d(s: Symbols) -> Complex:
    """∂r̂'/∂h_R = (1/2ik_z) t̂_ex σ·(k×ẑ) t̂', Eq. (10d)."""
    return 1 / (2j * s.kz)[..., None, None] * s.t_ex @ s.rashba @ s.t_prime


def continuity_from_N(s: Symbols) -> Complex:
    """1̂ + r̂ and √(|k_z||K̂_z|⁻¹) t̂, which the text below Eq. (4b) equates."""
    a = projected(s)
    root = s.bands(np.sqrt(np.abs(s.kz) / np.abs(s.kz_down)), np.sqrt(np.abs(s.kz) / np.abs(s.kz_up)))
    return np.stack([s.one + a.r, root @ a.t], axis=-3)


def continuity_from_F(s: Symbols) -> Complex:
    """1̂' + r̂' and √(|K̂_z||k_z|⁻¹) t̂', which the text below Eq. (4b) equates."""
    a = projected(s)
    root = s.bands(np.sqrt(np.abs(s.kz_down) / np.abs(s.kz)), np.sqrt(np.abs(s.kz_up) / np.abs(s.kz)))
    return np.stack([s.one_prime + a.r_prime, root @ a.t_prime], axis=-3)


def extended_continuity_N(s: Symbols) -> Complex:
    """1 + r̂_ex and √(|k_z||K̂_z|⁻¹) t̂_ex, equated below Eq. (7), each times K̂_z k_z⁻¹ on the open bands of F.

    By the third relation that is ψ(0) of waves from F: N may be closed.
    """
    ex, carried = extended(s), scalar(1 / s.kz) @ s.Kz @ s.one_prime
    root = s.bands(np.sqrt(np.abs(s.kz) / np.abs(s.kz_down)), np.sqrt(np.abs(s.kz) / np.abs(s.kz_up)))
    return np.stack([(IDENTITY + ex.r) @ carried, root @ ex.t @ carried], axis=-3)


def extended_continuity_F(s: Symbols) -> Complex:
    """1 + r̂'_ex and √(|K̂_z||k_z|⁻¹) t̂'_ex, equated below Eq. (7), carried to where N is open.

    By the third relation √|K̂_z|⁻¹ (...) √|K̂_z| K̂_z⁻¹ k_z is ψ(0) of waves from N: bands of F may be closed.
    """
    ex, carried = extended(s), abs_root_K(s) @ np.linalg.inv(s.Kz) @ scalar(s.kz) @ s.one
    root = s.bands(np.sqrt(np.abs(s.kz_down) / np.abs(s.kz)), np.sqrt(np.abs(s.kz_up) / np.abs(s.kz)))
    sides = np.stack([(IDENTITY + ex.r_prime) @ carried, root @ ex.t_prime @ carried], axis=-3)
    return np.linalg.inv(abs_root_K(s))[..., None, :, :] @ sides


def third_relation(s: Symbols) -> Complex:
    """(1 + r̂_ex)k_z⁻¹ and √|K̂_z|⁻¹ (1 + r̂'_ex) √(|K̂_z|K̂_z⁻¹), as transcribed, each times K̂_z 1̂'.

    So the left-hand side is ψ(0) of waves from F.
    """
    ex, carried = extended(s), s.Kz @ s.one_prime
    root_of_all = s.bands(
        np.sqrt(np.abs(s.kz_down) / s.kz_down.astype(complex)),
        np.sqrt(np.abs(s.kz_up) / s.kz_up.astype(complex)),
    )
    left = scalar(1 / s.kz) @ (IDENTITY + ex.r)
    right = np.linalg.inv(abs_root_K(s)) @ (IDENTITY + ex.r_prime) @ root_of_all
    return np.stack([left @ carried, right @ carried], axis=-3)


def third_relation_corrected(s: Symbols) -> Complex:
    """(1 + r̂_ex)k_z⁻¹ and √|K̂_z|⁻¹ (1 + r̂'_ex) √|K̂_z| K̂_z⁻¹, each times K̂_z 1̂'."""
    ex, root, carried = extended(s), abs_root_K(s), s.Kz @ s.one_prime
    left = scalar(1 / s.kz) @ (IDENTITY + ex.r)
    right = np.linalg.inv(root) @ (IDENTITY + ex.r_prime) @ root @ np.linalg.inv(s.Kz)
    return np.stack([left @ carried, right @ carried], axis=-3)


def third_relation_commuting(s: Symbols) -> Complex:
    """(1 + r̂⁰_ex)k_z⁻¹ and (1 + r̂'⁰_ex)K̂_z⁻¹ of a spin-conserving κ̂, each times K̂_z 1̂'."""
    left = scalar(1 / s.kz) @ (IDENTITY + s.r_ex)
    return np.stack([left @ s.Kz @ s.one_prime, s.one_prime + s.r_prime], axis=-3)


def before_eq9(s: Symbols) -> Complex:
    """(t̂⁰_ex)⁻¹ t̂_ex = 1 + (h_R/2ik_z) σ·(k×ẑ) (1 + r̂_ex), before Eq. (9), solved for t̂ = t̂_ex 1̂."""
    change = scalar(s.iface.h_R / (2j * s.kz)) @ s.rashba @ (IDENTITY + extended(s).r)
    return s.t_ex @ (IDENTITY + change) @ s.one
