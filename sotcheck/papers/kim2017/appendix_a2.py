"""Appendix A 2: spin memory loss. Its statements in words: `remarks_a23`.

Currents by k_⊥, averaged over directions, in units of e²/h, per h_R², with rows I↑, I↓ and columns Δμ^N↑,
Δμ^N↓, Δμ^F↑, Δμ^F↓ for m = z.
"""

from __future__ import annotations

import numpy as np

from sotcheck.exact.quantity import Quantity
from sotcheck.exact.second_order import response, sandwich, unperturbed
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.papers.kim2017 import paper
from sotcheck.system.spin import IDENTITY
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.grounds import GENERAL

#: The appendix takes m along z.
UPRIGHT = tuple(iface.with_(m=(0.0, 0.0, 1.0)) for iface in GENERAL)
UPRIGHT_FINITE = tuple(iface.with_(h_R=0.4) for iface in UPRIGHT)
#: Diagonal elements a_1 (ξ_+) and a_2 (ξ_-) of Â: any two numbers.
A_1, A_2 = 0.7 + 0.2j, -0.4 + 0.5j

G_FLIP = (r"G_{flip}=h_R^2\frac{e^2}{2h}\sum_{k_\perp^2<k_F^2}"
    r"\frac{E_\perp}{E_F-E_\perp}|1+r^\uparrow|^2|1+r^\downarrow|^2")  # fmt: skip
G_SS = r"G^{ss}=\frac{e^2}{h}\sum_{k_\perp^2<k_F^2}(1-r^s_{\mathbf k}%s_{\mathbf k})"
WEIGHT = r"h_R^2\frac{e^2}{4h}\sum_{k_\perp^2<k_F^2}\frac{k_\perp^2}{k_z^2}"
EQ_A18A = (r"\begin{pmatrix} I_\uparrow \\ I_\downarrow \end{pmatrix}=\begin{pmatrix} G^{\uparrow\uparrow}"
    r"-2h_RRe\,G_{Rr}^{\uparrow\uparrow} & G_{flip} \\ G_{flip} & G^{\downarrow\downarrow}-2h_RRe"
    r"\,G_{Rr}^{\downarrow\downarrow} \end{pmatrix}\begin{pmatrix} \Delta\mu_\uparrow \\ \Delta"
    r"\mu_\downarrow \end{pmatrix}")  # fmt: skip
BY_BIAS = "coefficient of h_R^2 in I_up, I_down at z = %s by bias (N, F; up, down), m = z"


def matrix(*rows: tuple[Array | Complex, ...]) -> Complex:
    """Return scalars by k_⊥ as a matrix, shape (n, 1, rows, columns)."""
    return np.stack([np.stack(np.broadcast_arrays(*row), axis=-1) for row in rows], axis=-2)


def up_down(s: Symbols, matrix: Complex) -> tuple[Complex, Complex]:
    """Return the majority (↑) and minority (↓) element of a matrix that conserves spin, each (n, 1)."""
    return np.trace(s.u_minus @ matrix, axis1=-2, axis2=-1), np.trace(s.u_plus @ matrix, axis1=-2, axis2=-1)


def _ratio(s: Symbols) -> Array:
    """E_⊥/(E_F − E_⊥) where N is open."""
    return np.where(s.open_N, s.k2 / np.abs(s.kz) ** 2, 0)


def _flip(s: Symbols) -> Array:
    return _ratio(s) * np.abs(1 + s.r_up) ** 2 * np.abs(1 + s.r_down) ** 2


@paper.equation("A17", of=Quantity("average of kappa_R A kappa_R, m = z, finite h_R", sandwich(A_1, A_2)),
    on=UPRIGHT_FINITE, tex=r"\hat\kappa_R\begin{pmatrix} a_1 & 0 \\ 0 & a_2 \end{pmatrix}\hat\kappa_R"
    r"\to h_R^2k_\perp^2\begin{pmatrix} a_2 & 0 \\ 0 & a_1 \end{pmatrix}")  # fmt: skip
def eqA17(s: Symbols) -> Complex:
    """The average of kappa_R A kappa_R over directions swaps the elements of a diagonal A."""
    return s.iface.h_R**2 * s.k2[..., None, None] * s.bands(np.array(A_2), np.array(A_1))


@paper.equation("A18a",
    of=Quantity("current of each spin per its bias in F by k_perp, m = z, h_R = 0", unperturbed), on=UPRIGHT,
    tex=G_SS % "r^s", slip=("a lost star: r^s r^s for r^s r^s*", "marks", G_SS % "r^{s*}"))  # fmt: skip
def eqA18a_unperturbed(s: Symbols, slip: bool) -> Complex:
    """Without the Rashba term a spin's current follows its own bias with G^ss, defined below (A10b)."""
    up = s.r_up * s.r_up if slip else np.abs(s.r_up) ** 2
    down = s.r_down * s.r_down if slip else np.abs(s.r_down) ** 2
    return matrix((np.where(s.open_N, 1 - up, 0), np.where(s.open_N, 1 - down, 0)))


def _by_differences(s: Symbols) -> Complex:
    """M (Δμ^F − Δμ^N) with G_Rr^{ss} read as G_Rr^{sss} of the conductances of first order."""
    up, down = 1 + s.r_up, 1 + s.r_down
    G_up = -_ratio(s) / 2 * up * up * s.r_up.conj()
    G_down = -_ratio(s) / 2 * down * down * s.r_down.conj()
    flip = _flip(s) / 2
    M = matrix((-2 * G_up.real, flip), (flip, -2 * G_down.real))
    return np.concatenate([-M, M], axis=-1)


@paper.equation("A18a", of=Quantity(BY_BIAS % "-0", response("N")), on=UPRIGHT, tex=EQ_A18A,
    slip=("the structure: not the difference of biases drives the second order but each bias by itself; the"
    " diagonal lacks a factor 1 + r of the other spin, and is twice too large for a bias of N", "content",
    r"I_s|_{-0}=G^{ss}(\Delta\mu^F_s-\Delta\mu^N_s)+" + WEIGHT + r"[|\rho^\uparrow\rho^\downarrow|^2"
    r"\Delta\mu^N_{-s}+|\rho^s|^2|t'^{-s}|^2\Delta\mu^F_{-s}-2Re(\rho^s\rho^s\rho^{-s}r^{s*})\Delta\mu^N_s"
    r"-2Re(\rho^s\rho^{-s})|t'^s|^2\Delta\mu^F_s]"))  # fmt: skip
def eqA18a_at_N(s: Symbols, slip: bool) -> Complex:
    """The spin currents at z = -0 by bias, second order, G_Rr^ss read as G_Rr^sss."""
    if slip:
        return _by_differences(s)
    up, down = 1 + s.r_up, 1 + s.r_down
    both, real = np.abs(up * down) ** 2, (up * down).real
    from_up, from_down = np.abs(s.t_prime_up) ** 2, np.abs(s.t_prime_down) ** 2
    own_up, own_down = (up**2 * down * s.r_up.conj()).real, (down**2 * up * s.r_down.conj()).real
    of_up = -2 * own_up, both, -2 * real * from_up, np.abs(up) ** 2 * from_down
    of_down = both, -2 * own_down, np.abs(down) ** 2 * from_up, -2 * real * from_down
    return _ratio(s)[..., None, None] / 4 * matrix(of_up, of_down)


@paper.equation("A18a", of=Quantity(BY_BIAS % "+0", response("F")), on=UPRIGHT, tex=EQ_A18A,
    slip=("the structure, as at z = -0; besides, the spin current jumps at the interface: here flips have the"
    " opposite sign, and k_perp where N is closed contribute", "content",
    r"I_s|_{+0}=G^{ss}(\Delta\mu^F_s-\Delta\mu^N_s)+h_R^2\frac{e^2}{4h}\sum_{\mathbf k_\perp}"
    r"\frac{k_\perp^2}{|k_z|^2}[-|t^s|^2|\rho^{-s}|^2\Delta\mu^N_{-s}-|t_{ex}^s|^2|t'^{-s}|^2\Delta\mu^F_{-s}"
    r"+2|t^s|^2Re(\rho^s\rho^{-s})\Delta\mu^N_s+2Re(\frac{|k_z|^2}{k_z^2}t_{ex}^s\rho^{-s}t'^sr'^{s*})\Delta"
    r"\mu^F_s]"))  # fmt: skip
def eqA18a_at_F(s: Symbols, slip: bool) -> Complex:
    """The same at z = +0."""
    if slip:
        return _by_differences(s)
    up, down = up_down(s, IDENTITY + s.r_ex)
    into_up, into_down = up_down(s, s.one_prime @ s.t_ex)
    r_up, r_down = up_down(s, s.r_prime)
    normal_up = np.where(s.open_N, np.abs(into_up) ** 2, 0)
    normal_down = np.where(s.open_N, np.abs(into_down) ** 2, 0)
    phase, real = np.abs(s.kz) ** 2 / s.kz**2, (up * down).real
    own_up = (phase * into_up * down * s.t_prime_up * r_up.conj()).real
    own_down = (phase * into_down * up * s.t_prime_down * r_down.conj()).real
    flip_up = -(np.abs(into_up) ** 2) * np.abs(s.t_prime_down) ** 2
    flip_down = -(np.abs(into_down) ** 2) * np.abs(s.t_prime_up) ** 2
    of_up = 2 * normal_up * real, -normal_up * np.abs(down) ** 2, 2 * own_up, flip_up
    of_down = -normal_down * np.abs(up) ** 2, 2 * normal_down * real, flip_down, 2 * own_down
    return (s.k2 / (4 * np.abs(s.kz) ** 2))[..., None, None] * matrix(of_up, of_down)


@paper.equation("A18b", of=Quantity("coefficient of h_R^2 in I_down per mu_up of F and I_up per mu_down of F"
    " by k_perp, m = z", response("N", (1, 2), (0, 3))), on=UPRIGHT, tex=G_FLIP, slip=("a factor 2 k_z/k_z^s'"
    " and zero where that band is closed: |t'|^2 for 2 |1 + r|^2 of the biased spin s'; so the two spins' are"
    " not equal", "content", r"G_{flip}^{s,F}=" + WEIGHT + r"|1+r^s|^2|t'^{-s}|^2"))  # fmt: skip
def eqA18b_from_F(s: Symbols, slip: bool) -> Complex:
    """The current of the other spin at z = -0 per bias in F."""
    if slip:
        return matrix((_flip(s) / 2, _flip(s) / 2))
    weight = _ratio(s) / 4
    of_up = weight * np.abs(1 + s.r_down) ** 2 * np.abs(s.t_prime_up) ** 2
    of_down = weight * np.abs(1 + s.r_up) ** 2 * np.abs(s.t_prime_down) ** 2
    return matrix((of_up, of_down))


@paper.equation("A18b", of=Quantity("coefficient of h_R^2 in I_down per mu_up of N and I_up per mu_down of N"
    " by k_perp, m = z", response("N", (1, 0), (0, 1))), on=UPRIGHT, tex="-" + G_FLIP, slip=("a factor -2:"
    " the average of k_R^2 is k_perp^2, and what is reflected with its spin flipped flows along with a"
    " current from F", "content", r"G_{flip}^{N}=" + WEIGHT
    + r"|1+r^\uparrow|^2|1+r^\downarrow|^2"))  # fmt: skip
def eqA18b_from_N(s: Symbols, slip: bool) -> Complex:
    """The current of the other spin at z = -0 per bias in N, -G_flip by (A18a)."""
    return -matrix((_flip(s) / 2, _flip(s) / 2)) if slip else matrix((_flip(s) / 4, _flip(s) / 4))
