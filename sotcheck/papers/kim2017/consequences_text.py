"""Consequences of the disagreeing equations of Secs. III to VI: see `consequences`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.papers.kim2017 import (
    finite_rashba,
    paper,
    section3,
    section4,
    section5a,
    section5b,
    section5cd,
    section6,
)
from sotcheck.papers.kim2017.finite_rashba import projected
from sotcheck.papers.kim2017.models import BULK, INSULATOR, INSULATOR_BARRIER, INTERFACE, TOPOLOGICAL
from sotcheck.system.interface import Interface
from sotcheck.system.spin import IDENTITY, PAULI, dagger, pauli_vector
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.entries import Consequence, Sides
from sotcheck.trial.grounds import FINITE, GENERAL

Formula = Callable[[Symbols], Array | Complex]


def without_rashba(interfaces: tuple[Interface, ...]) -> tuple[Interface, ...]:
    """Return interfaces at h_R = 0, where amplitudes are diagonal in spin."""
    return tuple(iface.with_(h_R=0.0) for iface in interfaces)


def by_band(s: Symbols, matrix: Array | Complex) -> Complex:
    """Return the majority and minority element of a matrix that conserves spin, shape (n, 1, 2)."""
    return np.stack([np.einsum("...ij,ji->...", matrix, u) for u in (s.u_minus, s.u_plus)], axis=-1)


def _pick(transcribed: Formula, right: Formula, said: Formula) -> Callable[[Symbols, bool], Sides]:
    """Return sides of a place that says the same as the equation itself."""
    return lambda s, corrected: ((right if corrected else transcribed)(s), said(s))


def _amplitude(transcribed: Formula, right: Formula, said: Formula) -> Callable[[Symbols, bool], Sides]:
    """Return sides of a place that gives both elements of an amplitude."""
    return _pick(lambda s: by_band(s, transcribed(s)), lambda s: by_band(s, right(s)), said)


def wave_carries_current(s: Symbols, corrected: bool) -> Sides:
    """Im[ψ†σ∂_zψ] of the wave (3a), per unit flux, and minus that of (12), which counts charge −e."""
    wave = section3.eq3a_corrected(s) if corrected else section3.eq3a(s)
    flow = wave[..., 8:].reshape(*wave.shape[:-1], 2, 3)
    flux = np.stack([np.abs(s.kz_up), np.abs(s.kz_down)], axis=-1)[..., None]
    return flow / flux, -pauli_vector(section4.eq12(s)[:, :, 1:])


def unitarity_of_r_prime(s: Symbols, corrected: bool) -> Sides:
    """r̂'†1̂'r̂' + t̂'†1̂t̂' with the r̂' of (6c), and 1̂'."""
    r_prime = finite_rashba.eq6c_corrected(s) if corrected else finite_rashba.eq6c(s)
    t_prime = projected(s).t_prime
    left = dagger(r_prime) @ s.one_prime @ r_prime + dagger(t_prime) @ s.one @ t_prime
    return left, s.one_prime


def torque_from_lattice(s: Symbols, corrected: bool) -> Sides:
    """The torque of (14) + (15), with the overall sign of (16), and (16d)."""
    of_F = section4.eq15_ferromagnet_corrected(s) if corrected else section4.eq15_ferromagnet(s)
    spin = np.einsum("kij,...ji->...k", PAULI, section4.eq14(s)[:, :, 1:] + of_F).real
    y = np.array([0.0, 1.0, 0.0])
    fieldlike, dampinglike = np.cross(s.m, y), np.cross(s.m, np.cross(y, s.m))
    torque = (spin @ fieldlike + 1j * spin @ dampinglike) / (fieldlike @ fieldlike) / (4 * np.pi)
    return torque, section4.by_source(s)[..., 1:]


def first_meets_third(s: Symbols, corrected: bool) -> Sides:
    """The first and the third line of (20a) on the two sides of k_⊥ = k_F."""
    inside, outside = (
        replace(s, k_perp=np.sqrt(s.iface.E_F * np.array([x]))) for x in (1 - 1e-12, 1 + 1e-12)
    )
    first = section5a.eq20a_majority_corrected if corrected else section5a.eq20a_majority
    return first(inside), section5a.eq20a_evanescent(outside)


def dampinglike_of_both(s: Symbols, corrected: bool) -> Sides:
    """(20b) per τ↑ and minus (19b) per τ."""
    form = section5a.eq20b_corrected if corrected else section5a.eq20b
    return form(s)[..., 0], -section5a.eq19b(s)


def five_times(s: Symbols, corrected: bool) -> Sides:
    """(21) over the sum of (19b) at E_F = J, and the text's "around five times"."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    theta = (nodes + 1) * np.pi / 4
    grid = replace(s, k_perp=np.sqrt(s.iface.E_F) * np.sin(theta))
    jacobian = weights * np.pi / 4 * s.iface.E_F * np.sin(2 * theta) / (4 * np.pi)
    dampinglike = (jacobian * section5a.eq19b(grid)[:, 0].real).sum()
    form = section5a.eq21_closed_corrected if corrected else section5a.eq21_closed
    return np.abs(form(s) / dampinglike), np.array(5.0)


def fieldlike_of_charge(s: Symbols, corrected: bool) -> Sides:
    """(24a) at u_0 = 0 and τ = τ↑ = τ↓, next to its size at τ↑ alone, and none."""
    minority = section5b.eq24a_minority_corrected if corrected else section5b.eq24a_minority
    majority = section5b.eq24a_majority(s)
    charge = section5b.eq24a_normal(s) + majority + minority(s)
    return charge / np.abs(majority).max() + 1, np.ones_like(charge)


def fieldlike_of_spin(s: Symbols, corrected: bool) -> Sides:
    """Whether (24a) tells τ↑ from τ↓ (1: it does), as the panel of spin currents in Fig. 6 does."""
    minority = section5b.eq24a_minority_corrected if corrected else section5b.eq24a_minority
    majority = section5b.eq24a_majority(s)
    return np.array(float(np.abs(majority - minority(s)).max() > 1e-9 * np.abs(majority).max())), np.ones(())


def ends_at_k_F(transcribed: Formula, right: Formula) -> Callable[[Symbols, bool], Sides]:
    """Return sides: whether the summand ends at all (1: it does), as a finite sum asks."""

    def sides(s: Symbols, corrected: bool) -> Sides:
        far = replace(s, k_perp=8 * np.sqrt(s.iface.E_F) * np.ones(1))
        return np.array(float(np.all((right if corrected else transcribed)(far) == 0))), np.ones(())

    return sides


def shape_without_barrier(s: Symbols, corrected: bool) -> Sides:
    """(27) and (32) at u_0 = u_m = 0 against k_⊥, each over its first number: (32) has a wrong sign."""
    summand = section5cd.eq27_corrected(s) if corrected else section5cd.eq27(s)
    with_barrier = section5cd.eq32(s)
    return summand / summand[0], with_barrier / with_barrier[0]


def caption_of_figure_8(s: Symbols) -> Array:
    """The caption's unit times the curve."""
    U, J, E_F = s.iface.U_F, s.iface.J, s.iface.E_F
    unit = 8 * np.sqrt(2 * section5cd.MASS) / (15 * np.pi**2 * section5cd.HBAR**2) / section5cd.UNIT
    return unit * (E_F / (U - J)) ** 2.5 / U**1.5 * section5cd.fig8(np.array(J / U))


def matched_waves(s: Symbols, corrected: bool) -> Sides:
    """M_0⁻¹ by matching the waves (37a) and (37b) at z = 0, and (38b)."""
    k, kappa = section6.spin(1j * s.kz), s.kappa_0 + s.iface.h_R * s.rashba
    beneath = 1j * s.Kz if corrected else k
    rows = (k + beneath - kappa, k - beneath - kappa), (k - beneath + kappa, k + beneath + kappa)
    return section6.block(*rows) / (2j * s.kz)[..., None, None], section6.eq38b(s)


def reflected(s: Symbols, corrected: bool) -> Sides:
    """Ĝ with r̂_ex = −m̂_r m̂_i⁻¹ of the two rows of (44), a half-infinite F beneath, and (46b)."""
    below = section6.column(IDENTITY, 0 * s.Kz)
    difference = section6.eq44_difference(s, below)
    total = section6.eq44_sum_corrected(s, below) if corrected else section6.eq44_sum(s, below)
    m_i, m_r = (total + difference) / 2, (total - difference) / 2
    r = -m_r @ np.linalg.inv(m_i)
    return (IDENTITY + r) / (2j * s.kz)[..., None, None], section6.eq46b(s)


FREE = tuple(iface.with_(u_0=0.0, u_m=0.0) for iface in INSULATOR_BARRIER)
NO_BARRIER = tuple(iface.with_(u_0=0.0) for iface in INTERFACE)
AT_MAXIMUM = tuple(Interface(name="maximum", E_F=2 * U / 3, U_F=U, J=U / 3) for U in (0.9, 2.0))
UNIT_U = (
    Interface(name="unit-u", E_F=0.4, U_F=1.0, J=0.3),
    Interface(name="unit-u", E_F=0.1, U_F=1.0, J=0.7),
)
R = (finite_rashba.eq6b, finite_rashba.eq6b_corrected)
T_PRIME = (finite_rashba.eq6d, finite_rashba.eq6d_corrected)

paper.add(
    Consequence("3a", "(12)", "the spin current of the wave at z = -0", wave_carries_current, FINITE),
    Consequence("6b", "(18a)", "r at u_0 = u_m = 0", _amplitude(*R, section5a.eq18a), without_rashba(BULK)),
    Consequence(
        "6b", "(23)", "r of interface magnetism", _amplitude(*R, section5b.eq23_r), without_rashba(INTERFACE)
    ),
    Consequence(
        "6b", "(26)", "r on an insulator", _amplitude(*R, section5cd.eq26), without_rashba(INSULATOR)
    ),
    Consequence(
        "6b", "(31)", "the same with an interface potential", _amplitude(*R, section5cd.eq31),
        without_rashba(INSULATOR_BARRIER),
    ),
    Consequence("6c", "(B9b)", "electrons from F are neither lost nor made", unitarity_of_r_prime, FINITE),
    Consequence(
        "6d", "(18b)", "t' at u_0 = u_m = 0", _amplitude(*T_PRIME, section5a.eq18b), without_rashba(BULK)
    ),
    Consequence(
        "6d", "(34)", "t' where N is insulating", _amplitude(*T_PRIME, section5cd.eq34),
        without_rashba(TOPOLOGICAL),
    ),
    Consequence(
        "15", "(16d)", "(14) + (15) is the torque, but for an overall sign", torque_from_lattice,
        tuple(iface.with_(u_m=0.0) for iface in GENERAL),
    ),
    Consequence(
        "20a", "third line of (20a)", "the first line meets it at k_perp = k_F", first_meets_third, BULK, 1e-4
    ),
    Consequence(
        "20b", "the text below (20b)", "Im T^F has the form of Im T^N, (19b)", dampinglike_of_both, BULK
    ),
    Consequence(
        "21", "the text above (21)", "around five times the dampinglike torque at E_F = J: 5.9, not 37",
        five_times, (Interface(name="equal", E_F=1.0, J=1.0),), 0.2,
    ),
    Consequence(
        "24a", "the text below (24b)", "charge currents give none at u_0 = 0", fieldlike_of_charge, NO_BARRIER
    ),
    Consequence(
        "24a", "Fig. 6", "its panel of a fieldlike torque by spin currents", fieldlike_of_spin, INTERFACE
    ),
    Consequence(
        "24b", "Fig. 6", "a finite sum: it ends somewhere",
        ends_at_k_F(section5b.eq24b_range, section5b.eq24b_range_corrected), INTERFACE,
    ),
    Consequence(
        "27", "(32)", "the same k_perp^2 k_z at u_0 = u_m = 0, up to a constant", shape_without_barrier, FREE
    ),
    Consequence(
        "27", "(28)", "a finite sum: it ends somewhere",
        ends_at_k_F(section5cd.eq27_range, section5cd.eq27_range_corrected), INSULATOR,
    ),
    Consequence(
        "28", "(29)", "its value at E_F = U - J, J = U/3",
        _pick(section5cd.eq28, section5cd.eq28_corrected, section5cd.eq29), AT_MAXIMUM,
    ),
    Consequence(
        "28", "(30)", "the same in terms of alpha and beta, at U = 1",
        _pick(section5cd.eq28, section5cd.eq28_corrected, section5cd.eq30), UNIT_U,
    ),
    Consequence(
        "30", "caption of Fig. 8", "the unit that makes the torque the last factor",
        _pick(section5cd.eq30, section5cd.eq30_corrected, caption_of_figure_8), INSULATOR,
    ),
    Consequence(
        "32", "(27)", "its limit u_0 = u_m = 0",
        _pick(section5cd.eq32, section5cd.eq32_corrected, section5cd.eq27_corrected), FREE,
    ),
    Consequence("37b", "(38b)", "matching the waves at z = 0", matched_waves, FINITE),
    Consequence(
        "44", "(46b)", "r_ex = -m_r/m_i by both rows: none as transcribed", reflected, without_rashba(GENERAL)
    ),
    Consequence(
        "47", "(23)", "consistent, as the text says", _amplitude(section6.eq47, section6.eq47_corrected,
        section5b.eq23_r), INTERFACE,
    ),
    Consequence(
        "47", "(31)", "consistent, as the text says", _amplitude(section6.eq47, section6.eq47_corrected,
        section5cd.eq31), INSULATOR_BARRIER,
    ),
)  # fmt: skip
