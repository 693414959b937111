"""What else the paper says of its disagreeing equations: each place follows from one of their forms alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from sotcheck.exact.observables import complex_torque
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.papers.kim2017 import (
    BULK,
    INSULATOR,
    INSULATOR_BARRIER,
    INTERFACE,
    TOPOLOGICAL,
    appendix_bc,
    paper,
    section3,
    section4,
    section5a,
    section5b,
    section5cd,
    section6,
)
from sotcheck.papers.kim2017 import appendix_a1_ferromagnet as ferromagnet
from sotcheck.papers.kim2017 import appendix_a1_in_plane as plane
from sotcheck.papers.kim2017 import appendix_a1_matrices as first_order
from sotcheck.papers.kim2017 import appendix_a1_normal as normal
from sotcheck.papers.kim2017 import appendix_a3 as a3
from sotcheck.papers.kim2017 import finite_rashba as amplitudes
from sotcheck.papers.kim2017.appendix_a2 import A_1, A_2
from sotcheck.papers.kim2017.finite_rashba import block, column, kappa, projected, scalar
from sotcheck.system.interface import Interface
from sotcheck.system.spin import IDENTITY, PAULI, dagger, pauli_vector
from sotcheck.theory.symbols import Symbols, mean_over_angles
from sotcheck.trial.entries import ROUNDING, Consequence, Equation, Sides
from sotcheck.trial.grounds import FINITE, GENERAL

Formula = Callable[[Symbols], Any]
#: What follows from a form of the equation, and what the place says.
Follows = Callable[[Symbols, Formula], Sides]


def place(
    equation: Formula,
    where: str,
    says: str,
    follows: Follows,
    on: tuple[Interface, ...] | None = None,
    tolerance: float = ROUNDING,
) -> Consequence:
    """Return a place of the paper with what follows there from either form of an equation."""
    entry = next(e for e in paper.of_type(Equation) if equation is e or equation is e.transcribed)

    def sides(s: Symbols, corrected: bool) -> Sides:
        return follows(s, entry.confirmed if corrected else entry)

    return Consequence(entry.number, where, says, sides, on or entry.on, tolerance)


def same(said: Formula) -> Follows:
    """Return the sides of a place that says the same as the equation itself."""
    return lambda s, form: (form(s), said(s))


def by_band(said: Formula) -> Follows:
    """Return the sides of a place that gives the majority and the minority element of a matrix."""
    return lambda s, form: (np.einsum("...ij,bji->...b", form(s), np.stack([s.u_minus, s.u_plus])), said(s))


def without_rashba(interfaces: tuple[Interface, ...]) -> tuple[Interface, ...]:
    """Return interfaces at h_R = 0, where amplitudes are diagonal in spin."""
    return tuple(iface.with_(h_R=0.0) for iface in interfaces)


def wave_carries_current(s: Symbols, wave: Formula) -> Sides:
    """Im[ψ†σ∂_zψ] of the wave (3a), per unit flux, and minus that of (12), which counts charge −e."""
    flow = wave(s)[..., 8:]
    flux = np.stack([np.abs(s.kz_up), np.abs(s.kz_down)], axis=-1)[..., None]
    return flow.reshape(*flow.shape[:-1], 2, 3) / flux, -pauli_vector(section4.eq12(s)[:, :, 1:])


def torque_from_lattice(s: Symbols, of_F: Formula) -> Sides:
    """The torque of (14) + (15), with the overall sign of (16), and (16d)."""
    spin = np.einsum("kij,...ji->...k", PAULI, section4.eq14(s)[:, :, 1:] + of_F(s)).real
    return complex_torque(spin, s.m) / (4 * np.pi), section4.by_source(s)[..., 1:]


def first_meets_third(s: Symbols, first: Formula) -> Sides:
    """The first and the third line of (20a) on the two sides of k_⊥ = k_F."""
    k_perp = np.sqrt(s.iface.E_F * np.array([1 - 1e-12, 1 + 1e-12]))
    inside, outside = (replace(s, k_perp=k) for k in np.split(k_perp, 2))
    return first(inside), section5a.eq20a_evanescent(outside)


def five_times(s: Symbols, evanescent: Formula) -> Sides:
    """(21) over the sum of (19b) at E_F = J, and the text's "around five times"."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    theta = (nodes + 1) * np.pi / 4
    grid = replace(s, k_perp=np.sqrt(s.iface.E_F) * np.sin(theta))
    jacobian = weights * np.pi / 4 * s.iface.E_F * np.sin(2 * theta) / (4 * np.pi)
    dampinglike = (jacobian * section5a.eq19b(grid)[:, 0].real).sum()
    return np.abs(evanescent(s) / dampinglike), np.array(5.0)


def fieldlike_of_charge(s: Symbols, minority: Formula) -> Sides:
    """(24a) at u_0 = 0 and τ = τ↑ = τ↓, next to its size at τ↑ alone, and none."""
    majority = section5b.eq24a["majority"](s)
    charge = section5b.eq24a["normal"](s) + majority + minority(s)
    return charge / np.abs(majority).max() + 1, np.ones_like(charge)


def fieldlike_of_spin(s: Symbols, minority: Formula) -> Sides:
    """Whether (24a) tells τ↑ from τ↓ (1: it does), as the panel of spin currents in Fig. 6 does."""
    majority = section5b.eq24a["majority"](s)
    return np.array(float(np.abs(majority - minority(s)).max() > 1e-9 * np.abs(majority).max())), np.ones(())


def ends_at_k_F(s: Symbols, summand: Formula) -> Sides:
    """Whether the summand ends at all (1: it does), as a finite sum asks."""
    far = replace(s, k_perp=8 * np.sqrt(s.iface.E_F) * np.ones(1))
    return np.array(float(np.all(summand(far) == 0))), np.ones(())


def caption_of_figure_8(s: Symbols) -> Array:
    """The caption's unit times the curve."""
    U, J, E_F = s.iface.U_F, s.iface.J, s.iface.E_F
    return 8 * section5cd.FRONT * (E_F / (U - J)) ** 2.5 / U**1.5 * section5cd.fig8(np.array(J / U))


def matched_waves(s: Symbols, corrected: bool) -> Sides:
    """M_0⁻¹ by matching the waves (37a) and (37b) at z = 0, and (38b)."""
    k, x = scalar(1j * s.kz), kappa(s)
    beneath = 1j * s.Kz if corrected else k
    matched = block((k + beneath - x, k - beneath - x), (k - beneath + x, k + beneath + x))
    return matched / (2j * s.kz)[..., None, None], section6.eq38b(s)


def reflected(s: Symbols, sum_of_m: Formula) -> Sides:
    """Ĝ with r̂_ex = −m̂_r m̂_i⁻¹ of the two rows of (44), a half-infinite F beneath, and (46b)."""
    half_infinite = section6.Over(s.iface, s.k_perp, s.angles, column(IDENTITY, 0 * s.Kz))
    difference, total = section6.eq44_difference(half_infinite), sum_of_m(half_infinite)
    r = -(total - difference) @ np.linalg.inv(total + difference)
    return (IDENTITY + r) / (2j * s.kz)[..., None, None], section6.eq46b(s)


def charge_by_F(s: Symbols, current: Formula) -> Sides:
    """The trace of (A11) or (A12) for F's biases, averaged over angles, and (A13a) with s = m."""
    traced = np.trace(current(s), axis1=-2, axis2=-1)
    return mean_over_angles(traced), plane.eqA13a_collinear(s)[..., 2:]


def flux(amplitude: Complex, outgoing: Complex) -> Complex:
    """a†1̂a: what leaves in open channels."""
    return dagger(amplitude) @ outgoing @ amplitude


def of_N(s: Symbols, current: Complex) -> Complex:
    """1̂ ĵ: without decaying waves."""
    return s.one[:, :, None] @ current


def diagonal(s: Symbols, matrices: Complex) -> Complex:
    """Diag[A] = Σ_s u_s A u_s."""
    return s.u_plus @ matrices @ s.u_plus + s.u_minus @ matrices @ s.u_minus


def magnetoresistance(s: Symbols, of_sigma_z: Formula) -> Sides:
    """The bracket of (A21d) from (A4), (46a) and the σ_z of (A20), and as it is printed.

    With κ̂_R Â κ̂_R → c (a_1 − a_2) σ_z, c = ±1, and a_1, a_2 of ξ_+ (↓) and ξ_- (↑), Tr[r̂⁽¹⁾r̂⁽¹⁾†] gives
    c (|ρ↓|² − |ρ↑|²)² and Tr[r̂⁽²⁾r̂† + h.c.] the rest.
    """
    m_x, m_y = s.m[:2]
    unit = s.iface.h_R**2 * s.k2**2 / 8 * (m_x**2 + 3 * m_y**2)
    first = s.iface.h_R**2 * s.k2**2 / 4 * (A_2 - A_1)
    c = (of_sigma_z(s) - first) / unit / (A_1 - A_2)
    up, down = 1 + s.r_up, 1 + s.r_down
    of_first = (np.abs(down) ** 2 - np.abs(up) ** 2) ** 2
    of_second = 2 * ((down - up) * (down**2 * s.r_down.conj() - up**2 * s.r_up.conj())).real
    return np.where(s.open_N, c * (of_first - of_second), 0), -16 * a3.eqA21d(s)


def threshold(s: Symbols, decay: Formula) -> Sides:
    """The strength h_R k_max at which the smaller q of (C4) is zero, and (C5)."""
    k_max = float(np.sqrt(s.iface.thresholds()[-1]))

    def smaller(strength: float) -> float:
        return float(decay(replace(s, iface=s.iface.with_(h_R=strength / k_max)))[0])

    # Half a second to load, for this alone.
    from scipy.optimize import brentq

    return np.array(brentq(smaller, 1e-3, 1e3, xtol=1e-14)), appendix_bc.eqC5(s)


NO_BARRIERS = tuple(iface.with_(u_0=0.0, u_m=0.0) for iface in INSULATOR_BARRIER)
AT_MAXIMUM = tuple(Interface(name="maximum", E_F=2 * U / 3, U_F=U, J=U / 3) for U in (0.9, 2.0))
UNIT_U = tuple(Interface(name="unit-u", E_F=E_F, U_F=1.0, J=J) for E_F, J in ((0.4, 0.3), (0.1, 0.7)))
#: (C1): no barriers.
MODEL_C = (Interface(name="c-1", E_F=1.5, J=1.0), Interface(name="c-2", E_F=0.9, J=0.4))

paper.add(
    place(section3.eq3a, "(12)", "the spin current of the wave at z = -0", wave_carries_current),
    place(amplitudes.eq6b, "(18a)", "r at u_0 = u_m = 0", by_band(section5a.eq18a), without_rashba(BULK)),
    place(amplitudes.eq6b, "(23)", "r of interface magnetism", by_band(section5b.eq23_r),
        without_rashba(INTERFACE)),
    place(amplitudes.eq6b, "(26)", "r on an insulator", by_band(section5cd.eq26), without_rashba(INSULATOR)),
    place(amplitudes.eq6b, "(31)", "the same with an interface potential", by_band(section5cd.eq31),
        without_rashba(INSULATOR_BARRIER)),
    place(amplitudes.eq6c, "(B9b)", "electrons from F are neither lost nor made", lambda s, r: (
        flux(r(s), s.one_prime) + flux(projected(s).t_prime, s.one), s.one_prime)),
    place(amplitudes.eq6d, "(18b)", "t' at u_0 = u_m = 0", by_band(section5a.eq18b), without_rashba(BULK)),
    place(amplitudes.eq6d, "(34)", "t' where N is insulating", by_band(section5cd.eq34),
        without_rashba(TOPOLOGICAL)),
    place(section4.eq15_ferromagnet, "(16d)", "(14) + (15) is the torque, but for an overall sign",
        torque_from_lattice, tuple(iface.with_(u_m=0.0) for iface in GENERAL)),
    place(section5a.eq20a_majority, "third line of (20a)", "the first line meets it at k_perp = k_F",
        first_meets_third, tolerance=1e-4),
    place(section5a.eq20b, "the text below (20b)", "Im T^F has the form of Im T^N, (19b)",
        lambda s, of_F: (of_F(s)[..., 0], -section5a.eq19b(s))),
    place(section5a.eq21_closed, "the text above (21)",
        "around five times the dampinglike torque at E_F = J: 5.9, not 37", five_times,
        (Interface(name="equal", E_F=1.0, J=1.0),), 0.2),
    place(section5b.eq24a["minority"], "the text below (24b)", "charge currents give none at u_0 = 0",
        fieldlike_of_charge, tuple(iface.with_(u_0=0.0) for iface in INTERFACE)),
    place(section5b.eq24a["minority"], "Fig. 6", "its panel of a fieldlike torque by spin currents",
        fieldlike_of_spin),
    place(section5b.eq24b_range, "Fig. 6", "a finite sum: it ends somewhere", ends_at_k_F),
    place(section5cd.eq27, "(32)", "the same k_perp^2 k_z at u_0 = u_m = 0, up to a constant",
        # Each over its first number: (32) has a wrong sign.
        lambda s, form: tuple(given(s) / given(s)[0] for given in (form, section5cd.eq32)), NO_BARRIERS),
    place(section5cd.eq27_range, "(28)", "a finite sum: it ends somewhere", ends_at_k_F),
    place(section5cd.eq28, "(29)", "its value at E_F = U - J, J = U/3", same(section5cd.eq29), AT_MAXIMUM),
    place(section5cd.eq28, "(30)", "the same in terms of alpha and beta, at U = 1", same(section5cd.eq30),
        UNIT_U),
    place(section5cd.eq30, "caption of Fig. 8", "the unit that makes the torque the last factor",
        same(caption_of_figure_8)),
    place(section5cd.eq32, "(27)", "its limit u_0 = u_m = 0", same(section5cd.eq27.confirmed), NO_BARRIERS),
    Consequence("37b", "(38b)", "matching the waves at z = 0", matched_waves, FINITE),
    place(section6.eq44_sum, "(46b)", "r_ex = -m_r/m_i by both rows: none as transcribed", reflected,
        without_rashba(GENERAL)),
    place(section6.eq47, "(23)", "consistent, as the text says", by_band(section5b.eq23_r), INTERFACE),
    place(section6.eq47, "(31)", "consistent, as the text says", by_band(section5cd.eq31), INSULATOR_BARRIER),
    # Σ_k is Σ_{k_⊥} ∫dE/k_z.
    place(normal.eqA3_plane, "(A4)", "per bias instead of per occupation, no interference",
        lambda s, current: (of_N(s, current(s)) / normal.scalar(s.kz), of_N(s, normal.eqA4_plane(s)))),
    place(normal.eqA5, "(A8a)", "its part of F's biases, decaying waves left out", lambda s, current: (
        of_N(s, current(s)), normal.eqA8a(s)[:, :, len(normal.BIASES_N) :])),
    place(ferromagnet.eqA7b, "(A8b)", "its part of N's biases, decaying waves left out", lambda s, current: (
        s.one_prime[:, :, None] @ diagonal(s, current(s)),
        ferromagnet.eqA8b(s)[:, :, : len(normal.BIASES_N)])),
    place(ferromagnet.eqA8b, "the text below (A9)", "along z it is Diag of (A9), at h_R = 0",
        lambda s, current: (mean_over_angles(current(s)) / normal.OBLIQUE[2], diagonal(s, normal.eqA9(s))),
        without_rashba(GENERAL)),
    place(first_order.eqA11_ferromagnet, "(A12)", "its average over angles", lambda s, current: (
        mean_over_angles(current(s)), first_order.eqA12_ferromagnet(s))),
    place(first_order.eqA11_ferromagnet, "(A13a)", "its trace averaged over angles, s = m", charge_by_F),
    place(first_order.eqA12_ferromagnet, "(A13a)", "its trace, s = m", charge_by_F),
    place(a3.eqA19, "(A21b)", "its value at h_R = 0", same(a3.eqA21b), without_rashba(GENERAL)),
    place(a3.of_sigma_z, "(A21d)", "the sign of the magnetoresistance", magnetoresistance),
    place(appendix_bc.eqC4, "(C5)", "where the smaller q is zero", threshold, MODEL_C),
)  # fmt: skip
