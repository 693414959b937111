"""Secs. III and IV in words: relations between amplitudes, the ledger of Fig. 2, what vanishes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sotcheck.exact.currents import current, flow_number, moment
from sotcheck.exact.finite import amplitude, measured, states, twice
from sotcheck.exact.observables import INTERFACE, LATTICE, MINUS, PLUS, complex_torque
from sotcheck.exact.quantities import at_finite_h_R, torque
from sotcheck.exact.quantity import Quantity
from sotcheck.exact.solved import ANGLES, Exact, Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import paper, section4
from sotcheck.papers.kim2017.finite_rashba import abs_root_K, extended, projected, root_k_over_K, scalar
from sotcheck.system.spin import IDENTITY, dot_sigma, in_spin_bands, pauli_vector
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.entries import Statement
from sotcheck.trial.grounds import FINITE, GENERAL
from sotcheck.trial.judge import balance, relation
from sotcheck.trial.verdict import Trial, compare

#: ψ(0) per unit amplitude incident from N and from F, and from F at h_R = 0, against both sides.
FROM_N: Exact = twice(lambda one: amplitude(states(one))[0])
FROM_F: Exact = twice(lambda one: amplitude(states(one))[1])
FROM_F_UNPERTURBED: Exact = twice(lambda one: amplitude(one.states)[1][:, :, 0])
#: √|K̂_z| ψ(0) per unit flux incident from F.
FROM_F_BY_FLUX: Exact = twice(lambda one: in_spin_bands(
    np.sqrt(np.abs(states(one).Kz)).astype(complex), one.iface.direction) @ states(one).psi_F)  # fmt: skip


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


def _root_of_both(s: Symbols) -> Complex:
    """√(|K̂_z|K̂_z⁻¹)."""
    down, up = (np.sqrt(np.abs(k) / k.astype(complex)) for k in (s.kz_down, s.kz_up))
    return s.bands(down, up)


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
        relation(FROM_F, lambda s: _third(s, _root_of_both(s)),
            "both sides on the open bands of F, against psi(0) of waves from F",
            "The last root must be over |K_z| alone: see third-relation.")),
    Statement("third-relation",
        "Below (7): (1 + r_ex)/k_z = |K_z|^(-1/2) (1 + r'_ex) |K_z|^(1/2) / K_z, the root over |K_z| alone.",
        relation(FROM_F, lambda s: _third(s, abs_root_K(s) @ np.linalg.inv(s.Kz)),
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


#: A direction in the plane along no axis.
IN_PLANE = (0.6, 0.8)


def _spin_flows(one: Solved, *signed: tuple[int, int]) -> Estimate:
    """The sum of some flows of Fig. 2, with signs, at the interface's own h_R."""
    found = states(one).flows
    total: Array = np.sum([sign * found[..., flow, :] for sign, flow in signed], axis=0)
    return measured(one, total)


def _behind(one: Solved) -> Estimate:
    """−(ħV/2eL) Tr[σ_⊥ ĵ_z(+0)] of (11), with the shift of the text above (13): fieldlike + i dampinglike."""
    number = complex_torque(pauli_vector(current(one.states, "F")).real, one.iface.direction)
    # (13)'s e²LE_xτ/2πmₑV times ħV/2eL is 1/4π in the torque's unit.
    return moment(one, one.linear(number)) / (-4 * np.pi)


def _average(one: Solved) -> Estimate:
    """Average of (k·u) σ·(k×z) over angles, with u in the plane but along no axis."""
    along = one.k_perp[:, None] * (np.cos(ANGLES) * IN_PLANE[0] + np.sin(ANGLES) * IN_PLANE[1])
    return measured(one, (along[..., None, None] * one.rashba).mean(axis=1, keepdims=True))


#: Spin current at z = −0 by source at the interface's own h_R, all three components.
arriving = Quantity("spin current at z = -0", lambda one: measured(one, states(one).spin_minus))
behind = Quantity("transverse spin current at z = +0 by k_perp and source, u_m = 0", _behind)
OF_F = ("majority", "minority")


def flow_after(s: Symbols) -> Complex:
    """Fieldlike + i dampinglike of −(ħV/2eL) Tr[σ_⊥ ĵ_z(+0)], the sum of (14) and (15), by source."""
    spin = pauli_vector(section4.eq14(s) + section4.jump_by_source(s)).real
    # −(ħV/2eL) e²LE_x/2πmₑV is −1/4π in the torque's unit.
    return -complex_torque(spin, s.m) / (4 * np.pi)


def angular_average(s: Symbols) -> Complex:
    """(k·u) σ·(k×ẑ) averages to (k_⊥²/2) σ·(u×ẑ), below (14)."""
    ux, uy = IN_PLANE
    return (s.k2 / 2)[..., None, None] * dot_sigma(np.array([uy, -ux, 0.0]))


def equal_times(s: Symbols) -> Array:
    """Re T of (16c, d) with τ = τ↑ = τ↓: (1/4π)(k_⊥²/k_z) Re(r↑ − r↓), or the evanescent terms."""
    propagating = s.k2 / np.abs(s.kz) * (s.r_up - s.r_down).real / (4 * np.pi)
    return propagating + (section4.eq16d_majority_evanescent(s) + section4.eq16d_minority_evanescent(s)).real


@paper.statement("drude")
def drude(engine: str) -> Iterator[Trial]:
    """Below (16d): the shift of the text above (13) makes a current n e^2 E_x tau / m_e."""
    iface = GENERAL[0]
    k_F = np.sqrt(iface.E_F - iface.U_N)
    kz, weight = np.polynomial.legendre.leggauss(24)
    k_perp2, dkz = k_F**2 * (1 - kz**2), k_F * weight / (2 * np.pi) ** 3
    # Both spins; ∫d²k_⊥ of the occupation, and of 2k_x² δ(k² − k_F²), the product of v_x and the shift.
    density = float(2 * np.sum(dkz * np.pi * k_perp2))
    flow = float(2 * np.sum(dkz * np.pi * 2 * k_perp2 / 2))
    found = compare(density, -flow, {"rounding": (1e-14 * density, "double precision")})
    why = (
        "With the charge -e of (11) and the shift +e E_x tau v_x of (13) the current runs against the field."
    )
    yield Trial("current along x over e^2 E_x tau / m_e", found, why, "normal")


paper.add(
    Statement("ledger",
        "Fig. 2: what arrives is what lattice, bulk and interface magnetism take, (1) = (2) + (3) + (4).",
        balance(lambda one: _spin_flows(one, (1, MINUS)),
            lambda one: _spin_flows(one, (1, PLUS), (1, INTERFACE), (-1, LATTICE)), "flow (1), finite h_R",
            "Each flow has its own expression.", FINITE)),
    Statement("drains", "Eq. (16) is (3) + (4) of Fig. 2, whatever the interface magnetism u_m.",
        relation(lambda one: flow_number(one, PLUS, INTERFACE), section4.by_source,
            "torque on bulk and interface magnetism by k_perp and source", "First order in h_R.", GENERAL),
        "16b"),
    Statement("supplies", "Eq. (16) is (1) - (2) of Fig. 2, whatever the interface magnetism u_m.",
        relation(lambda one: flow_number(one, MINUS, LATTICE), section4.by_source,
            "what arrives less what the lattice takes by k_perp and source", "First order in h_R.", GENERAL),
        "16b"),
    Statement("no-rashba-no-torque",
        "Below (13): without spin-orbit coupling no current arrives, since r and t' are even in k_perp.",
        balance(lambda one: one.unperturbed(current(one.states, "N")),
            lambda one: one.unperturbed(np.roll(current(one.states, "N"), 3, axis=1)),
            "charge and spin current at z = -0 at k_perp and at -k_perp, h_R = 0",
            "k_x times it averages to zero.")),
    Statement("angular-average", "Below (14): (k.u) sigma.(k x z) averages to (k_perp^2 / 2) sigma.(u x z).",
        relation(_average, angular_average, "average over directions of k_perp",
            "For u = x it is -k_perp^2 sigma_y / 2.", GENERAL)),
    Statement("sum-of-14-and-15",
        "Below (15): the current at z = +0 is the sum of (14) and (15), the latter corrected.",
        relation(behind, flow_after, "transverse spin current at z = +0 by k_perp and source, u_m = 0",
            "Both with the shift of the text above (13).", section4.NO_INTERFACE_MAGNETISM)),
    Statement("sign-of-16", "Below (15): minus (hbar V / 2eL) times the sum of (14) and (15) is Eq. (16).",
        relation(behind, section4.by_source, "torque by k_perp and source, u_m = 0",
            "The overall sign is the opposite: (16) has the shift of electrons in the field, -e E_x tau v_x.",
            section4.NO_INTERFACE_MAGNETISM)),
    Statement("sign-of-16-corrected",
        "The same with the shift -(E_x / m_e) hbar k_x tau, that of charge -e, is Eq. (16).",
        relation(-behind, section4.by_source, "torque by k_perp and source, u_m = 0",
            "The sign is lost in the shift above (13).", section4.NO_INTERFACE_MAGNETISM)),
    Statement("equal-times-current",
        "With equal relaxation times no spin current arrives at z = -0, at each k_perp and at any h_R.",
        balance(arriving.of("normal"), -arriving.of(*OF_F),
            "spin current at z = -0 of N against minus that of F, all components, finite h_R",
            "By unitarity; in (14) it goes with the difference of relaxation times.", FINITE)),
    Statement("equal-times-dampinglike",
        "With equal relaxation times the dampinglike torque vanishes at each k_perp, to first order only.",
        balance(torque.of("normal").dampinglike, -torque.of(*OF_F).dampinglike,
            "dampinglike torque of N against minus that of F, by k_perp",
            "All torque is then from the lattice, and that is fieldlike.")),
    Statement("equal-times-fieldlike",
        "With equal relaxation times the fieldlike torque is (k_perp^2 / 4 pi k_z) Re(r_up - r_down) where N"
        " is open, and the evanescent terms of (16d) elsewhere: it does not vanish.",
        relation(torque.of("normal", *OF_F).fieldlike, equal_times,
            "fieldlike torque of all sources by k_perp", "By unitarity of the scattering matrix.", GENERAL)),
)  # fmt: skip
