"""Sec. III in words: relations between amplitudes, those of the text below (4b), below (7) and before (9)."""

from __future__ import annotations

import numpy as np

from sotcheck.exact.finite import amplitude, states, twice
from sotcheck.exact.quantities import at_finite_h_R
from sotcheck.exact.solved import Exact
from sotcheck.numerics.arrays import Complex
from sotcheck.papers.kim2017 import paper
from sotcheck.papers.kim2017.finite_rashba import abs_root_K, extended, projected, root_k_over_K, scalar
from sotcheck.system.spin import IDENTITY, in_spin_bands
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.entries import Statement
from sotcheck.trial.grounds import GENERAL
from sotcheck.trial.judge import relation

#: ψ(0) per unit amplitude incident from N and from F, and from F at h_R = 0, against both sides.
FROM_N: Exact = twice(lambda one: amplitude(states(one))[0])
FROM_F: Exact = twice(lambda one: amplitude(states(one))[1])
FROM_F_UNPERTURBED: Exact = twice(lambda one: amplitude(one.states)[1][:, :, 0])
#: √|K̂_z| ψ(0) per unit flux incident from F.
FROM_F_BY_FLUX: Exact = twice(
    lambda one: (
        in_spin_bands(np.sqrt(np.abs(states(one).Kz)).astype(complex), one.iface.direction)
        @ states(one).psi_F
    )
)


def _continuity_from_N(s: Symbols) -> Complex:
    """1̂ + r̂ and √(|k_z||K̂_z|⁻¹) t̂, which the text below (4b) equates."""
    a = projected(s)
    return np.stack([s.one + a.r, root_k_over_K(s) @ a.t], axis=-3)


def _continuity_from_F(s: Symbols) -> Complex:
    """1̂' + r̂' and √(|K̂_z||k_z|⁻¹) t̂', which the text below (4b) equates."""
    a = projected(s)
    root = np.linalg.inv(root_k_over_K(s))
    return np.stack([s.one_prime + a.r_prime, root @ a.t_prime], axis=-3)


def _extended_continuity_N(s: Symbols) -> Complex:
    """1 + r̂_ex and √(|k_z||K̂_z|⁻¹) t̂_ex, equated below (7), each times K̂_z k_z⁻¹ on the open bands of F.

    By the third relation that is ψ(0) of waves from F: N may be closed.
    """
    ex, carried = extended(s), scalar(1 / s.kz) @ s.Kz @ s.one_prime
    root = root_k_over_K(s)
    return np.stack([(IDENTITY + ex.r) @ carried, root @ ex.t @ carried], axis=-3)


def _extended_continuity_F(s: Symbols) -> Complex:
    """1 + r̂'_ex and √(|K̂_z||k_z|⁻¹) t̂'_ex, equated below (7), carried to where N is open.

    By the third relation √|K̂_z|⁻¹ (...) √|K̂_z| K̂_z⁻¹ k_z is ψ(0) of waves from N: bands of F may be closed.
    """
    ex, carried = extended(s), abs_root_K(s) @ np.linalg.inv(s.Kz) @ scalar(s.kz) @ s.one
    root = np.linalg.inv(root_k_over_K(s))
    sides = np.stack([(IDENTITY + ex.r_prime) @ carried, root @ ex.t_prime @ carried], axis=-3)
    return np.linalg.inv(abs_root_K(s))[..., None, :, :] @ sides


def _third(s: Symbols, last: Complex) -> Complex:
    """(1 + r̂_ex)k_z⁻¹ and √|K̂_z|⁻¹ (1 + r̂'_ex) times a last factor, each times K̂_z 1̂'.

    So the left-hand side is ψ(0) of waves from F.
    """
    ex = extended(s)
    left = scalar(1 / s.kz) @ (IDENTITY + ex.r)
    right = np.linalg.inv(abs_root_K(s)) @ (IDENTITY + ex.r_prime) @ last
    return np.stack([left, right], axis=-3) @ (s.Kz @ s.one_prime)[..., None, :, :]


def _third_relation(s: Symbols) -> Complex:
    """With √(|K̂_z|K̂_z⁻¹), as transcribed."""
    down, up = (np.sqrt(np.abs(k) / k.astype(complex)) for k in (s.kz_down, s.kz_up))
    return _third(s, s.bands(down, up))


def _third_relation_corrected(s: Symbols) -> Complex:
    """With √|K̂_z| K̂_z⁻¹."""
    return _third(s, abs_root_K(s) @ np.linalg.inv(s.Kz))


def _third_relation_commuting(s: Symbols) -> Complex:
    """(1 + r̂⁰_ex)k_z⁻¹ and (1 + r̂'⁰_ex)K̂_z⁻¹ of a spin-conserving κ̂, each times K̂_z 1̂'."""
    left = scalar(1 / s.kz) @ (IDENTITY + s.r_ex)
    return np.stack([left @ s.Kz @ s.one_prime, s.one_prime + s.r_prime], axis=-3)


def _before_eq9(s: Symbols) -> Complex:
    """(t̂⁰_ex)⁻¹ t̂_ex = 1 + (h_R/2ik_z) σ·(k×ẑ) (1 + r̂_ex), before (9), solved for t̂ = t̂_ex 1̂."""
    change = scalar(s.iface.h_R / (2j * s.kz)) @ s.rashba @ (IDENTITY + extended(s).r)
    return s.t_ex @ (IDENTITY + change) @ s.one


paper.add(
    Statement("continuity-from-N",
        "Below (4b): 1 + r = sqrt(|k_z|/|K_z|) t with the projector for 1, N open or not.",
        relation(FROM_N, _continuity_from_N, "both sides against psi(0)", "Continuity at z = 0.")),
    Statement("continuity-from-F",
        "Below (4b): 1' + r' = sqrt(|K_z|/|k_z|) t' with the projector for 1', whichever bands are open.",
        relation(FROM_F_BY_FLUX, _continuity_from_F, "both sides against psi(0)", "Continuity at z = 0.")),
    Statement("extended-continuity-N",
        "Below (7): 1 + r_ex = sqrt(|k_z|/|K_z|) t_ex without projection, N closed included.",
        relation(FROM_F, _extended_continuity_N,
            "both sides on the open bands of F, against psi(0) of waves from F",
            "Where N is closed, waves from F tell the extended matrices on the open bands of F.")),
    Statement("extended-continuity-F",
        "Below (7): 1 + r'_ex = sqrt(|K_z|/|k_z|) t'_ex without projection, closed bands included.",
        relation(FROM_N, _extended_continuity_F, "both sides where N is open, against psi(0) of waves from N",
            "Where a band is closed, waves from N tell the extended matrices.")),
    Statement("third-relation-transcribed",
        "Below (7): (1 + r_ex)/k_z = |K_z|^(-1/2) (1 + r'_ex) sqrt(|K_z|/K_z), the last root as transcribed.",
        relation(FROM_F, _third_relation, "both sides on the open bands of F, against psi(0) of waves from F",
            "The last root must be over |K_z| alone: see third-relation.")),
    Statement("third-relation",
        "Below (7): (1 + r_ex)/k_z = |K_z|^(-1/2) (1 + r'_ex) |K_z|^(1/2) / K_z, the root over |K_z| alone.",
        relation(FROM_F, _third_relation_corrected,
            "both sides on the open bands of F, against psi(0) of waves from F",
            "Both sides are 2i (iK_z + ik_z - kappa)^(-1).")),
    Statement("third-relation-commuting",
        "Below (7): (1 + r_ex)/k_z = (1 + r'_ex)/K_z where the interface potential conserves spin.",
        relation(FROM_F_UNPERTURBED, _third_relation_commuting,
            "both sides on the open bands of F at h_R = 0, against psi(0) of waves from F",
            "Without the Rashba term everything commutes.", GENERAL)),
    Statement("before-eq9",
        "Before (9): t_ex = t0_ex (1 + (h_R/2ik_z) sigma.(k x z) (1 + r_ex)), at any h_R.",
        relation(at_finite_h_R("t"), _before_eq9, "t at finite h_R, all elements",
            "Exact, not an expansion.")),
)  # fmt: skip
