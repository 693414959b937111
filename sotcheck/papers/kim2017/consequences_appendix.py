"""Consequences of the disagreeing equations of the appendices: see `consequences`."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from sotcheck.numerics.arrays import Complex, Mask
from sotcheck.papers.kim2017 import appendix_a1 as a1
from sotcheck.papers.kim2017 import appendix_a1_conductances as conductances
from sotcheck.papers.kim2017 import appendix_a1_plane as plane
from sotcheck.papers.kim2017 import appendix_a3 as a3
from sotcheck.papers.kim2017 import appendix_c, paper
from sotcheck.papers.kim2017.appendix_a2 import A_1, A_2
from sotcheck.system.interface import Interface
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.entries import Consequence, Sides
from sotcheck.trial.grounds import FINITE, GENERAL

WITHOUT_RASHBA = tuple(iface.with_(h_R=0.0) for iface in GENERAL)
#: (C1): no barriers.
MODEL_C = (Interface(name="c-1", E_F=1.5, J=1.0), Interface(name="c-2", E_F=0.9, J=0.4))


def _where(mask: Mask, matrices: Complex) -> Complex:
    """Return matrices by k_⊥, angle and bias where a mask by k_⊥ says so, else zero."""
    return np.where(mask[..., None, None, None], matrices, 0)


def _averaged(values: Complex) -> Complex:
    """Return the average over the angles, the second axis, kept with length one."""
    mean: Complex = values.mean(axis=1, keepdims=True)
    return mean


def _diagonal(s: Symbols, matrices: Complex) -> Complex:
    """Diag[A] = Σ_s u_s A u_s."""
    return s.u_plus @ matrices @ s.u_plus + s.u_minus @ matrices @ s.u_minus


def per_bias(s: Symbols, corrected: bool) -> Sides:
    """(A3) in the plane with Σ_k → Σ_{k_⊥} ∫dE/k_z, and (A4) as transcribed."""
    found = a1.eqA3_plane_corrected(s) if corrected else a1.eqA3_plane(s)
    inside = s.open_N
    return _where(inside, found / s.kz[..., None, None, None]), _where(inside, a1.eqA4_plane(s))


def transmitted_into_N(s: Symbols, corrected: bool) -> Sides:
    """(A5) without decaying waves, and the part of (A8a) of F's biases."""
    found = a1.eqA5_corrected(s) if corrected else a1.eqA5(s)
    return _where(s.open_N, found), a1.eqA8a(s)[:, :, len(a1.BIASES_N) :]


def transmitted_into_F(s: Symbols, corrected: bool) -> Sides:
    """(A7b) without decaying and oscillating terms, and the part of (A8b) of N's biases."""
    found = a1.eqA7b_corrected(s) if corrected else a1.eqA7b(s)
    open_bands = s.one_prime[:, :, None]
    return open_bands @ _diagonal(s, found), a1.eqA8b(s)[:, :, : len(a1.BIASES_N)]


def continuous(s: Symbols, corrected: bool) -> Sides:
    """The part along z of (A8b) at h_R = 0, averaged over angles, and Diag of (A9)."""
    found = a1.eqA8b_corrected(s) if corrected else a1.eqA8b(s)
    return _averaged(found) / a1.OBLIQUE[2], _diagonal(s, a1.eqA9(s))


def charge_by_F(s: Symbols, corrected: bool) -> Sides:
    """The trace of (A12) for F's biases, and (A13a) with s = m."""
    found = conductances.eqA12_ferromagnet_corrected(s) if corrected else conductances.eqA12_ferromagnet(s)
    return np.trace(found, axis1=-2, axis2=-1), plane.eqA13a_collinear(s)[..., 2:]


def charge_by_F_before(s: Symbols, corrected: bool) -> Sides:
    """The trace of (A11) for F's biases, averaged over angles, and (A13a) with s = m."""
    found = conductances.eqA11_ferromagnet_corrected(s) if corrected else conductances.eqA11_ferromagnet(s)
    return _averaged(np.trace(found, axis1=-2, axis2=-1)), plane.eqA13a_collinear(s)[..., 2:]


def averaged(s: Symbols, corrected: bool) -> Sides:
    """(A11) for F's biases, averaged over angles, and (A12) as transcribed."""
    found = conductances.eqA11_ferromagnet_corrected(s) if corrected else conductances.eqA11_ferromagnet(s)
    return _averaged(found), conductances.eqA12_ferromagnet(s)


def conventional(s: Symbols, corrected: bool) -> Sides:
    """(A19) at h_R = 0 and (A21b)."""
    return (a3.eqA19_corrected(s) if corrected else a3.eqA19(s)), a3.eqA21b(s)


def magnetoresistance(s: Symbols, corrected: bool) -> Sides:
    """The bracket of (A21d) from (A4), (46a) and the σ_z of (A20), and as it is printed.

    With κ̂_R Â κ̂_R → c (a_1 − a_2) σ_z, c = ±1, and a_1, a_2 of ξ_+ (↓) and ξ_- (↑), Tr[r̂⁽¹⁾r̂⁽¹⁾†] gives
    c (|ρ↓|² − |ρ↑|²)² and Tr[r̂⁽²⁾r̂† + h.c.] the rest.
    """
    m_x, m_y = s.m[:2]
    form = a3.eqA20_z_corrected(s) if corrected else a3.eqA20_z(s)
    unit = s.iface.h_R**2 * s.k2**2 / 8 * (m_x**2 + 3 * m_y**2)
    first = s.iface.h_R**2 * s.k2**2 / 4 * (A_2 - A_1)
    c = (form - first) / unit / (A_1 - A_2)
    up, down = 1 + s.r_up, 1 + s.r_down
    reflected = (np.abs(down) ** 2 - np.abs(up) ** 2) ** 2
    twice = 2 * ((down - up) * (down**2 * s.r_down.conj() - up**2 * s.r_up.conj())).real
    return np.where(s.open_N, c * (reflected - twice), 0), -16 * a3.eqA21d(s)


def threshold(s: Symbols, corrected: bool) -> Sides:
    """The strength h_R k_max at which the smaller q of (C4) is zero, and (C5)."""
    form = appendix_c.eqC4_corrected if corrected else appendix_c.eqC4
    k_max = float(np.sqrt(s.iface.thresholds()[-1]))

    def smaller(strength: float) -> float:
        iface = s.iface.with_(h_R=strength / k_max)
        return float(form(Symbols(iface, s.k_perp, s.angles))[0])

    return np.array(brentq(smaller, 1e-3, 1e3, xtol=1e-14)), appendix_c.eqC5(s)


paper.add(
    Consequence("A3", "(A4)", "per bias instead of per occupation, no interference", per_bias, FINITE),
    Consequence("A5", "(A8a)", "its part of F's biases, decaying waves left out", transmitted_into_N, FINITE),
    Consequence(
        "A7b", "(A8b)", "its part of N's biases, decaying waves left out", transmitted_into_F, FINITE
    ),
    Consequence(
        "A8b", "the text below (A9)", "along z it is Diag of (A9), at h_R = 0", continuous, WITHOUT_RASHBA
    ),
    Consequence("A11", "(A12)", "its average over angles", averaged, GENERAL),
    Consequence("A11", "(A13a)", "its trace averaged over angles, s = m", charge_by_F_before, GENERAL),
    Consequence("A12", "(A13a)", "its trace, s = m", charge_by_F, GENERAL),
    Consequence("A19", "(A21b)", "its value at h_R = 0", conventional, WITHOUT_RASHBA),
    Consequence("A20", "(A21d)", "the sign of the magnetoresistance", magnetoresistance, FINITE),
    Consequence("C4", "(C5)", "where the smaller q is zero", threshold, MODEL_C),
)
