"""App. A 1, (A13), (A15): in-plane currents by conductances, and how they jump. In words: `remarks_a1`.

Summands by k_⊥, averaged over angles, in units of h_R e²/h and of the bias.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.exact import profiles as flows
from sotcheck.exact.quantity import Quantity, all_open
from sotcheck.numerics.arrays import Array, Complex, Mask
from sotcheck.papers.kim2017 import linear
from sotcheck.papers.kim2017.appendix_a1_matrices import (
    ACROSS,
    CHARGE_BIAS,
    EVERY,
    SPIN_BIAS,
    SPIN_TRACE,
    TRACE,
    Biases,
    N,
    arrows,
    by_spins,
    eqA14a,
    eqA14b,
    eqA16,
)  # fmt: skip
from sotcheck.papers.kim2017.appendix_a1_normal import PLANE
from sotcheck.theory.symbols import Symbols


def mean(what: str, part: flows.Part, which: str, biases: flows.BiasesOf = flows.of_both) -> Quantity:
    """A current in N, averaged over angles."""
    return Quantity(f"{what} in the plane, mean over z < 0, {which}", flows.in_plane(part, PLANE, biases))


def _twice_real(half: Complex) -> Complex:
    """Half and its complex conjugate."""
    return half + half.conj()


def _driven(s: Symbols, b: Biases, by_charge: Complex, by_spin: Complex) -> Complex:
    """(u×z)·m/2i [G (Δμ_0^F − Δμ_0^N) + G' (Δμ_s^F − m·s Δμ_s^N)] + c.c."""
    half = by_charge * (b.F0 - b.N0) + by_spin * (b.Fs - b.Ns @ s.m)
    driven: Any = half * (N @ s.m) / 2j
    return _twice_real(driven)


def _turned(v: Array, m: Array) -> Array:
    """m×(v×m)."""
    return np.cross(m, np.cross(v, m))


def _across(s: Symbols) -> Complex:
    """[m×(s×m) + i s×m] Δμ_s^N by bias, shape (6, 3)."""
    return _turned(EVERY.Ns, s.m) + 1j * np.cross(EVERY.Ns, s.m)


def _collinear(s: Symbols) -> Biases:
    """Charge and spin along m, of N and of F."""
    return Biases(np.eye(4)[0], np.eye(4)[:, [1]] * s.m, np.eye(4)[2], np.eye(4)[3])


J_U, HALF = r"\hat j_{\mathbf u}(z<0)", r"\frac{\mathbf u\times\mathbf z}{2i}\cdot["


def _terms(G: str, sign: str, up: str) -> str:
    down, other = up.replace("u", "d"), "-" if sign == "+" else "+"
    by_charge, by_spin = (f"({G}^{{{up}}}{each}{G}^{{{down}}})" for each in (sign, other))
    return arrows(by_charge) + CHARGE_BIAS + r"\mathbf m+" + arrows(by_spin) + SPIN_BIAS + r"\mathbf m"


A13A = TRACE % J_U + "-" + HALF + _terms("G_{Rt}", "-", "uuu") + r"+(G_{Rr}^{%s}-G_{Rr}^{%s})\Delta\mu_s^N"
A13A += ACROSS + "]+c.c."


@linear("A13a", of=mean("charge current", flows.charge, "s = m", flows.collinear),
    tex=arrows(A13A % ("uud", "ddu")))  # fmt: skip
def eqA13a_collinear(s: Symbols) -> Complex:
    """In-plane charge current in N of charge and collinear spin biases."""
    t = by_spins(eqA14b(s))
    return -_driven(s, _collinear(s), t["uuu"] - t["ddd"], t["uuu"] + t["ddd"])


@linear("A13a", of=mean("charge current", flows.charge, "every bias"), tex=arrows(A13A % ("uud", "ddu")),
    slip=("indices and a star before the transverse bias: G^udd - G^duu* (u up, d down), not G^uud - G^ddu",
    "marks", arrows(A13A % ("udd", "duu*"))))  # fmt: skip
def eqA13a(s: Symbols, slip: bool) -> Complex:
    """In-plane charge current in N of all biases, spins in any direction."""
    r, t = by_spins(eqA14a(s)), by_spins(eqA14b(s))
    along = _driven(s, EVERY, t["uuu"] - t["ddd"], t["uuu"] + t["ddd"])
    transverse = r["uud"] - r["ddu"] if slip else r["udd"] - r["duu"].conj()
    return -along - _twice_real(transverse * (_across(s) @ N) / 2j)


A13B = SPIN_TRACE % J_U + r"-\mathbf m" + HALF + _terms("G_{Rt}", "+", "uuu")
A13B += r"-(G_{Rr}^{%s}+G_{Rr}^{%s})\Delta\mu_s^N" + ACROSS
A13B += r"]-\frac{1}{2i}[(G_{Rt}^{udd}-G_{Rt}^{duu?})\Delta\mu_0^F-(G_{Rt}^{udd}+G_{Rt}^{duu?})\Delta\mu_s^F"
A13B += r"+(G_{Rr}^{udd}-G_{Rr}^{duu?})\Delta\mu_0^N-\mathbf m\cdot\mathbf s(G_{Rr}^{udd}+G_{Rr}^{duu?})"
A13B += r"\Delta\mu_s^N]\{\mathbf m\times[(\mathbf u\times\mathbf z)\times\mathbf m]"
A13B += r"-i\mathbf m\times(\mathbf u\times\mathbf z)\}-\frac{(\mathbf u\times\mathbf z)\cdot\mathbf m}{2i}"
A13B += r"(G_{Rr}^{%s}+G_{Rr}^{%s})\Delta\mu_s^N" + ACROSS + "+c.c."
A13B_TRANSCRIBED = arrows(A13B % ("uud", "ddu", "udd", "duu")).replace("?", "")
A13B_CORRECTED = arrows(A13B % ("udd", "duu*", "uud", "ddu*")).replace("?", "*")


@linear("A13b", of=mean("spin current along m", flows.along_m, "s = m", flows.collinear),
    tex=A13B_TRANSCRIBED)  # fmt: skip
def eqA13b_along(s: Symbols) -> Complex:
    """In-plane spin current in N along m, of charge and collinear spin biases."""
    t = by_spins(eqA14b(s))
    return -_driven(s, _collinear(s), t["uuu"] + t["ddd"], t["uuu"] - t["ddd"])


@linear("A13b", of=mean("spin current", flows.spin, "every bias"), tex=A13B_TRANSCRIBED, slip=("stars: every"
    " second conductance off the diagonal is conjugated, G^duu*; and swapped indices: udd, duu before [...]"
    " along m, and uud, ddu in the last term (u up, d down)", "marks", A13B_CORRECTED))  # fmt: skip
def eqA13b(s: Symbols, slip: bool) -> Complex:
    """In-plane spin current in N of all biases, spins in any direction."""
    r, t, b = by_spins(eqA14a(s)), by_spins(eqA14b(s)), EVERY
    t_duu, r_duu = (t["duu"], r["duu"]) if slip else (t["duu"].conj(), r["duu"].conj())
    # Before m×(s×m) + is×m, along m and alone: in terms of s×m G_Rr^{↑↓↓} and G_Rr^{↑↑↓} change places.
    transverse = r["uud"] + r["ddu"] if slip else r["udd"] + r_duu
    kept = r["udd"] + r["duu"] if slip else r["uud"] + r["ddu"].conj()
    along = _driven(s, b, t["uuu"] + t["ddd"], t["uuu"] - t["ddd"])
    along = along - _twice_real(transverse * (_across(s) @ N) / 2j)
    turned = (t["udd"] - t_duu) * b.F0 - (t["udd"] + t_duu) * b.Fs
    turned = turned + (r["udd"] - r_duu) * b.N0 - (r["udd"] + r_duu) * (b.Ns @ s.m)
    half = turned[..., None] * (_turned(N, s.m) - 1j * np.cross(s.m, N))
    half = half + (N @ s.m) * kept[..., None] * _across(s)
    return -along[..., None] * s.m - _twice_real(half / 2j)


A15A, A15B = (trace % r"\Delta\hat j_{\mathbf u}" + "%s" + HALF for trace in (TRACE, SPIN_TRACE))
TURNED = r"\mathbf m\times(\mathbf s\times\mathbf m)\Delta\mu_s^N"
CROSSED = r"\mathbf s\times\mathbf m\Delta\mu_s^N"
D, BAND = r"G_{R\Delta}", r"\tilde G"
UP_DOWN, DOWN_UP = arrows(r"\tilde G^{ud}"), arrows(r"\tilde G^{du}")
END = r"]+c.c."
TILDE = END + r",\quad\tilde G^{ss'}=G_{R\Delta}^{ss'}\ (band\ s\ open),\quad"
TILDE += r"-G_{Rr}^{ss's}\ (closed;\ 0\ if\ s=s')"
A15A_TEX = A15A % "" + _terms(D, "-", "uu") + arrows(f"-2{D}^{{ud}}") + TURNED + END
A15B_TEX = A15B % "" + _terms(D, "+", "uu") + arrows(f"+2i{D}^{{ud}}") + CROSSED + END
A15A_BANDS = A15A % "" + _terms(BAND, "-", "uu") + f"-({UP_DOWN}+{DOWN_UP})" + TURNED
A15A_BANDS += f"-i({DOWN_UP}-{UP_DOWN})" + CROSSED + TILDE
A15B_BANDS = A15B % r"\mathbf m\," + _terms(BAND, "+", "uu") + f"+({DOWN_UP}-{UP_DOWN})" + TURNED
A15B_BANDS += f"+i({UP_DOWN}+{DOWN_UP})" + CROSSED + TILDE
OPEN_ONLY = "a missing projection: of a closed band of F the current is all in N, and F's bias drives none"
NO_DIRECTION = "a missing direction: the right-hand side is the component along m, as in (A13b)"
JUMP = "jump of the %s current in the plane from N to F, means over z, every bias"
CHARGE_JUMP = Quantity(JUMP % "charge", flows.discontinuity(flows.charge, PLANE))
SPIN_JUMP = Quantity(JUMP % "spin", flows.discontinuity(flows.spin, PLANE))


def channels_open(s: Symbols) -> Mask:
    """Where N and both bands of F are open, for every bias."""
    return (s.open_N & s.open_up & s.open_down)[..., None]


def _eqA15a(s: Symbols) -> Complex:
    """(u×z)·[… − 2G_RΔ^{↑↓} m×(s×m) Δμ_s^N]/2i + c.c."""
    G = by_spins(eqA16(s))
    along = _driven(s, EVERY, G["uu"] - G["dd"], G["uu"] + G["dd"])
    return along - _twice_real(2 * G["ud"] * (_turned(EVERY.Ns, s.m) @ N) / 2j)


def _eqA15b(s: Symbols) -> Complex:
    """(u×z)·[… + 2iG_RΔ^{↑↓} s×m Δμ_s^N]/2i + c.c."""
    G = by_spins(eqA16(s))
    along = _driven(s, EVERY, G["uu"] + G["dd"], G["uu"] - G["dd"])
    return along + _twice_real(2j * G["ud"] * (np.cross(EVERY.Ns, s.m) @ N) / 2j)


def _by_band(s: Symbols) -> dict[str, Complex]:
    """G̃^{ss'}: G_RΔ^{ss'} where band s is open, −G_Rr^{ss's} where it is closed, zero for s = s'."""
    G, r, up, down = by_spins(eqA16(s)), by_spins(eqA14a(s)), s.open_up[..., None], s.open_down[..., None]
    return {
        "uu": np.where(up, G["uu"], 0),
        "dd": np.where(down, G["dd"], 0),
        "ud": np.where(up, G["ud"], -r["udu"]),
        "du": np.where(down, G["du"], -r["dud"]),
    }


@linear("A15a", of=CHARGE_JUMP.where(all_open, "all channels open"), tex=A15A_TEX)
def eqA15a_open(s: Symbols) -> Complex:
    """The jump of the in-plane charge current, every channel open; a stray Delta before G is left out."""
    return channels_open(s) * _eqA15a(s)


@linear("A15a", of=CHARGE_JUMP, tex=A15A_TEX, slip=(OPEN_ONLY, "content", A15A_BANDS))
def eqA15a(s: Symbols, slip: bool) -> Complex:
    """The same over the whole range k_perp < k_F, bands of F closed or not."""
    if slip:
        return _eqA15a(s)
    G = _by_band(s)
    across = (G["ud"] + G["du"]) * (_turned(EVERY.Ns, s.m) @ N)
    across = across + 1j * (G["du"] - G["ud"]) * (np.cross(EVERY.Ns, s.m) @ N)
    return _driven(s, EVERY, G["uu"] - G["dd"], G["uu"] + G["dd"]) - _twice_real(across / 2j)


@linear("A15b", of=SPIN_JUMP.where(all_open, "all channels open"), tex=A15B_TEX,
    slip=(NO_DIRECTION, "content", A15B_BANDS))  # fmt: skip
def eqA15b_open(s: Symbols, slip: bool) -> Complex:
    """The jump of the in-plane spin current at the interface, every channel open."""
    jump = (channels_open(s) * _eqA15b(s))[..., None]
    return jump if slip else jump * s.m


@linear("A15b", of=SPIN_JUMP, tex=A15B_TEX, slip=(f"{NO_DIRECTION}; and {OPEN_ONLY}", "content", A15B_BANDS))
def eqA15b(s: Symbols, slip: bool) -> Complex:
    """The same over the whole range k_perp < k_F, bands of F closed or not."""
    if slip:
        return _eqA15b(s)[..., None]
    G = _by_band(s)
    across = (G["du"] - G["ud"]) * (_turned(EVERY.Ns, s.m) @ N)
    across = across + 1j * (G["du"] + G["ud"]) * (np.cross(EVERY.Ns, s.m) @ N)
    along = _driven(s, EVERY, G["uu"] + G["dd"], G["uu"] - G["dd"])
    return (along + _twice_real(across / 2j))[..., None] * s.m
