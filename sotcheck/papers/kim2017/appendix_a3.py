"""Appendix A 3: what the current in the plane has to do with the magnetization. In words: `remarks_a23`.

Currents by k_⊥, averaged over directions, in units of e²EτL/2πmₑV, of second order per h_R².
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sotcheck.exact import in_plane
from sotcheck.exact.quantity import Quantity, all_open
from sotcheck.exact.second_order import component, sandwich
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.papers.kim2017 import BULK, INTERFACE, at_finite, paper
from sotcheck.papers.kim2017.appendix_a2 import A_1, A_2
from sotcheck.papers.kim2017.finite_rashba import projected
from sotcheck.system.spin import IDENTITY, dagger
from sotcheck.theory.symbols import Symbols, mean_over_angles
from sotcheck.trial.entries import Equation
from sotcheck.trial.grounds import GENERAL

#: On f-closes-first both spins reflect so much alike that j_MR is hardly above kwant's rounding.
MAGNETORESISTIVE = (*GENERAL[:2], GENERAL[3], *INTERFACE[:2])
#: What second order leaves out.
NEXT = "h_R^4"
SECOND_ORDER = "coefficient of h_R^2 in the current along x by k_perp"

SUM = r"\sum_{k_\perp^2<k_F^2}"
UNIT = r"h_R^2\frac{e^2E\tau L}{%s\pi m_eV}"
EQ_A19 = (r"Tr_\sigma[\hat j_x^N]=-\frac{e^2E\tau L}{2\pi m_eV}Tr_\sigma" + SUM + r"\frac{%s^2}{k_z}(1+"
    r"\hat r_{\mathbf k}\hat r_{\mathbf k}^\dagger)")  # fmt: skip
EQ_A20 = r"k_x^2\hat\kappa_R\begin{pmatrix} a_1 & 0 \\ 0 & a_2 \end{pmatrix}\hat\kappa_R\to "
FIRST = r"h_R^2\frac{k_\perp^4}{2}\begin{pmatrix} a_2 & 0 \\ 0 & a_1 \end{pmatrix}"
EQ_A21C = (r"j_{nonMR}=-" + UNIT % "8" + r"\,Re" + SUM + r"\frac{k_\perp^4}{k_z^3}\rho^\uparrow"
    r"\rho^\downarrow(\rho^{\uparrow *}\rho^{\downarrow *}%s)")  # fmt: skip
SQUARES = r"(|\rho^\uparrow|^2-|\rho^\downarrow|^2)^2-2"
PRODUCT = (r"(\rho^\uparrow-\rho^\downarrow)(\rho^{\uparrow 2}r^{\uparrow *}-"
    r"\rho^{\downarrow 2}r^{\downarrow *})")  # fmt: skip
EQ_A22 = SQUARES + f"Re[{PRODUCT}]=%s" + r"\geq 0"
OF_REAL = EQ_A22 % r"(r^\uparrow-r^\downarrow)^2(2-r^{\uparrow 2}-r^{\downarrow 2})"


def _part(which: int, name: str) -> Quantity:
    words = f"average of k_x^2 kappa_R A kappa_R, {name}, finite h_R"
    return Quantity(words, component(sandwich(A_1, A_2, 2), which))


magnetoresistance = Quantity("j_MR by k_perp", in_plane.magnetoresistance, "normal")


def _along_x(s: Symbols, square: Array) -> Array:
    r = projected(s).r
    weight = np.where(s.open_N, square / np.abs(s.kz), 0)
    return -mean_over_angles(weight * np.trace(IDENTITY + r @ dagger(r), axis1=-2, axis2=-1).real)


@at_finite("A19", of=Quantity("current along x by k_perp, averaged over a period along z, finite h_R",
    in_plane.at_finite(), "normal"), tex=EQ_A19 % r"k_\perp", slip=("a swapped symbol: k_perp for k_x, from"
    " (A4) with u = x; a factor 2 at h_R = 0, at second order another dependence on m, on m_z alone", "marks",
    EQ_A19 % "k_x"))  # fmt: skip
def eqA19(s: Symbols, slip: bool) -> Array:
    """The current along x of shifted electrons of the normal metal, their interference left out."""
    return _along_x(s, s.k2 if slip else s.kx**2)


@at_finite("A20", of=_part(0, "part of the unit matrix"), tex=EQ_A20 + FIRST)
def eqA20_unit(s: Symbols) -> Complex:
    """The average of k_x^2 kappa_R A kappa_R over directions, part of the unit matrix."""
    return s.iface.h_R**2 * s.k2**2 / 2 * (A_2 + A_1) / 2


def _along(s: Symbols, slip: bool) -> Complex:
    return (A_2 - A_1 if slip else A_1 - A_2) * s.iface.h_R**2 * s.k2**2 / 8 * (s.m[0] ** 2 + 3 * s.m[1] ** 2)


def _of_sigma_x(s: Symbols, slip: bool) -> Complex:
    return _along(s, slip) * s.m[2] / np.hypot(s.m[0], s.m[1])


def _of_sigma_y(s: Symbols, slip: bool) -> Complex:
    first = (A_2 - A_1 if slip else A_1 - A_2) * s.iface.h_R**2 * s.k2**2 / 4
    return first / np.hypot(s.m[0], s.m[1]) * s.m[0] * s.m[1]


def _of_sigma_z(s: Symbols, slip: bool) -> Complex:
    return s.iface.h_R**2 * s.k2**2 / 2 * (A_2 - A_1) / 2 + _along(s, slip)


def _of_sigma(letter: str, formula: Callable[..., Complex], term: str) -> Equation:
    """Return the part of one spin direction: with a_2 − a_1 as it is printed, corrected with a_1 − a_2."""
    part = f"part of sigma_{letter}"
    return at_finite("A20", of=_part("1xyz".index(letter), part), tex=EQ_A20 + term % "(a_2-a_1)",
        key=f"eqA20_{letter}", says=f"The average of k_x^2 kappa_R A kappa_R over directions, {part}.",
        slip=("the sign: a_1 - a_2, not a_2 - a_1, with x' along the polar angle of m; with x' and y'"
        " reversed the terms of sigma_x and sigma_y would hold as they stand, that of sigma_z never",
        "content", EQ_A20 + term % "(a_1-a_2)"))(formula)  # fmt: skip


TERM_X = r"%s\frac{h_R^2k_\perp^4m_z}{8m_\parallel}(m_x^2+3m_y^2)\hat\sigma_x"
of_sigma_x = _of_sigma("x", _of_sigma_x, TERM_X)
of_sigma_y = _of_sigma("y", _of_sigma_y, r"%s\frac{h_R^2k_\perp^4}{4m_\parallel}m_xm_y\hat\sigma_y")
of_sigma_z = _of_sigma("z", _of_sigma_z, FIRST + r"+%s\frac{h_R^2k_\perp^4}{8}(m_x^2+3m_y^2)\hat\sigma_z")


@paper.equation("A21b", of=Quantity("current along x by k_perp, h_R = 0", in_plane.unperturbed, "normal"),
    tex=r"j_{conv}=-\frac{e^2E\tau L}{4\pi m_eV}\sum_{k_\perp^2<k_F^2,s}"
    r"\frac{k_\perp^2}{k_z}(1+|r^s_{\mathbf k}|^2)")  # fmt: skip
def eqA21b(s: Symbols) -> Array:
    """The current along x without the Rashba term."""
    weight = np.where(s.open_N, s.k2 / np.abs(s.kz), 0)
    return -1 / 2 * weight * (1 + np.abs(s.r_up) ** 2 + 1 + np.abs(s.r_down) ** 2)


def _weight(s: Symbols) -> Array:
    """k_⊥⁴/k_z³."""
    return np.where(s.open_N, s.k2**2 / np.abs(s.kz) ** 3, 0)


@paper.equation("A21c", of=Quantity(f"{SECOND_ORDER}, m = z", in_plane.perpendicular, "normal"), order=NEXT,
    tex=EQ_A21C % r"+\rho^{\downarrow *}\rho^{\uparrow *}+\rho^\uparrow\rho^{\downarrow *}",
    slip=("two terms in the parentheses: -rho_down r_down* and -rho_up r_up*, the second order of r times r*,"
    " for +rho_down* rho_up* and +rho_up rho_down*; the prefactor is right", "content",
    EQ_A21C % r"-\rho^\uparrow r^{\uparrow *}-\rho^\downarrow r^{\downarrow *}"))  # fmt: skip
def eqA21c(s: Symbols, slip: bool) -> Array:
    """The correction of second order that does not depend on m."""
    up, down = 1 + s.r_up, 1 + s.r_down
    printed = down.conj() * up.conj() + up * down.conj()
    added = printed if slip else -up * s.r_up.conj() - down * s.r_down.conj()
    return -1 / 4 * _weight(s) * (up * down * (up.conj() * down.conj() + added)).real


def _bracket(s: Symbols, of_up: Complex, of_down: Complex) -> Array:
    up, down = 1 + s.r_up, 1 + s.r_down
    squares = (np.abs(up) ** 2 - np.abs(down) ** 2) ** 2
    return (squares - 2 * (up - down) * (up**2 * of_up.conj() - down**2 * of_down.conj())).real


@paper.equation("A21d", of=magnetoresistance.named("difference of the coefficients of h_R^2 for m = y and m ="
    " z, over 3, by k_perp"), on=MAGNETORESISTIVE, order=NEXT,
    tex=r"j_{MR}=-" + UNIT % "32" + r"\,Re" + SUM + f"[{SQUARES}{PRODUCT}]", slip=("a missing factor"
    " k_perp^4/k_z^3, as (A21c) has it, and a factor 1/2: 64 pi, not 32 pi; the sign is right, though (A20)"
    " as printed would give the opposite one", "content", r"j_{MR}=-" + UNIT % "64" + r"\,Re" + SUM
    + r"\frac{k_\perp^4}{k_z^3}" + f"[{SQUARES}{PRODUCT}]"))  # fmt: skip
def eqA21d(s: Symbols, slip: bool) -> Array:
    """The magnetoresistance: the coefficient of m_x^2 + 3 m_y^2."""
    if slip:
        return np.where(s.open_N, -1 / 16 * _bracket(s, s.r_up, s.r_down), 0)
    return -1 / 32 * _weight(s) * _bracket(s, s.r_up, s.r_down)


def with_interference(s: Symbols) -> Array:
    """j_MR at z = −0, interference included: (A21d), corrected, with 1 + r* in place of r*."""
    return -1 / 32 * _weight(s) * _bracket(s, 1 + s.r_up, 1 + s.r_down)


@paper.equation("A21a", of=Quantity(SECOND_ORDER, in_plane.second_order, "normal"), order=NEXT,
    tex=r"Tr_\sigma[\hat j_x^N]=j_{conv}+j_{nonMR}+j_{MR}(m_x^2+3m_y^2)")  # fmt: skip
def eqA21a(s: Symbols) -> Array:
    """The second order depends on m as m_x^2 + 3 m_y^2, with (A21c) and (A21d) corrected."""
    m_x, m_y = s.m[0], s.m[1]
    return eqA21c.confirmed(s) + eqA21d.confirmed(s) * (m_x**2 + 3 * m_y**2)


@paper.equation("A22", of=magnetoresistance.then(lambda one, found: found.where(all_open(one)),
    "j_MR by k_perp with (A21d) corrected, all channels open"), on=BULK[1:], order=NEXT,
    tex=OF_REAL)  # fmt: skip
def eqA22_open(s: Symbols) -> Complex:
    """The summand of j_MR for real r, where all channels are open, bulk magnetism alone."""
    weight = np.where(s.open_N & s.open_up & s.open_down, s.k2**2 / np.abs(s.kz) ** 3, 0)
    return -1 / 32 * weight * (s.r_up - s.r_down) ** 2 * (2 - s.r_up**2 - s.r_down**2)


@paper.equation("A22",
    of=magnetoresistance.named("j_MR by k_perp with (A21d) corrected, every k_perp of the sum"), on=BULK,
    order=NEXT, tex=OF_REAL, slip=("absolute values: its premise, real r, fails where the minority band is"
    " closed and |r_down| = 1; with them it holds and is not negative for bulk magnetism alone", "content",
    EQ_A22 % r"|r^\uparrow-r^\downarrow|^2(2-|r^\uparrow|^2-|r^\downarrow|^2)"))  # fmt: skip
def eqA22(s: Symbols, slip: bool) -> Complex | Array:
    """The same in the whole sum over k_perp, bulk magnetism alone."""
    if slip:
        return -1 / 32 * _weight(s) * (s.r_up - s.r_down) ** 2 * (2 - s.r_up**2 - s.r_down**2)
    difference = np.abs(s.r_up - s.r_down) ** 2
    return -1 / 32 * _weight(s) * difference * (2 - np.abs(s.r_up) ** 2 - np.abs(s.r_down) ** 2)
