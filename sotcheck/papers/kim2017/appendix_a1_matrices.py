"""App. A 1, (A1), (A10) to (A12), (A14), (A16): first order, and conductances. In words: `remarks_a1`.

Conductances and currents are summands by k_⊥ in units of e²/h and of the bias; (A11), (A12), (A14) and (A16)
also of h_R. Energies count from the bottom of N's band, as ħ²k_z²/2mₑ = E_F − E_⊥ asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from typing import NamedTuple

import numpy as np

from sotcheck.exact.profiles import (
    at_each_angle,
    charge,
    conductance,
    gain,
    in_plane,
    of_F,
    of_N,
    perpendicular,
    spin,
    whole,
)
from sotcheck.exact.quantity import Quantity
from sotcheck.exact.solved import Exact
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.papers.kim2017 import linear, paper
from sotcheck.papers.kim2017.appendix_a1_normal import BIASES_N, PLANE, Z, biases_F
from sotcheck.papers.kim2017.section3 import eq10a, eq10b, eq10c, eq10d
from sotcheck.system.spin import IDENTITY, dagger, dot_sigma
from sotcheck.theory.symbols import Symbols

#: u×z for a u in the plane along no axis.
N: Array = np.cross(PLANE, Z)


#: (A1) is (10), repeated.
for letter, name, original in zip("abcd", ("t", "t'", "r", "r'"), (eq10a, eq10b, eq10c, eq10d), strict=True):
    says = f"First-order change of {name}, repeated from Sec. III; as there, a lost 1 is restored."
    paper.add(replace(original, key=f"eqA1{letter}", number=f"A1{letter}", says=says))


R, T = r"\hat r^0_{\mathbf k}", r"\hat t'^0_{\mathbf k}"
RHO, RASHBA = "(1+" + R + ")", r"\hat\sigma\cdot(\mathbf %s\times\mathbf z)"
BRACKET = "[" + RHO + r"\Delta\hat\mu^N\hat r_{\mathbf k}^{0\dagger}+%s\Delta\hat\mu^F"
BRACKET += r"\hat t_{\mathbf k}'^{0\dagger}]"
FIRST = r"\hat j_{\mathbf u}(z<0)=-h_R\frac{e^2L}{%shV}Im\sum_{k_\perp^2<k_F^2}"
A11 = FIRST % "" + r"\frac{\mathbf k\cdot\mathbf u}{k_z^2}" + RHO + RASHBA % "k" + BRACKET
A12 = FIRST % "2" + r"\frac{E_\perp}{E_F-E_\perp}" + RHO + RASHBA % "u" + BRACKET
SWAPPED = "a swapped symbol: t' Delta-mu^F t'^dagger from (A8a), not r Delta-mu^F t'^dagger"


def _at_angle(s: Symbols) -> Complex:
    """(k·u/k_z²) σ·(k×ẑ)."""
    return ((s.kx * PLANE[0] + s.ky * PLANE[1]) / s.kz**2)[..., None, None] * s.rashba


def _averaged(s: Symbols) -> Complex:
    """½ E_⊥/(E_F − E_⊥) σ·(u×ẑ)."""
    return (s.k2 / (s.iface.E_F - s.iface.U_N - s.k2))[..., None, None] * dot_sigma(N) / 2


def _from(s: Symbols, biases: Complex, scattering: Complex, wave: Complex, last: Complex) -> Complex:
    """−Im (1 + r̂) scattering wave Δμ̂ last† where k_⊥² < k_F²."""
    changed = (IDENTITY + s.r) @ np.where(s.open_N[..., None, None], scattering, 0) @ wave
    flow = changed[:, :, None] @ biases @ dagger(last)[:, :, None]
    return -(flow - dagger(flow)) / 2j


def _seen(which: str, measure: Exact) -> Quantity:
    return Quantity(f"charge and spin current in the plane, mean over z < 0, {which}", measure)


@linear("A11", of=_seen("at each angle, biases of N", at_each_angle(PLANE, of_N)), tex=A11 % R)
def eqA11_normal(s: Symbols) -> Complex:
    """The in-plane current in N to first order, before the average over angles: biases of N."""
    return _from(s, BIASES_N, _at_angle(s), IDENTITY + s.r, s.r)


@linear("A11", of=_seen("at each angle, biases of F", at_each_angle(PLANE, of_F)), tex=A11 % R,
    slip=(SWAPPED, "marks", A11 % T))  # fmt: skip
def eqA11_ferromagnet(s: Symbols, slip: bool) -> Complex:
    """The same for biases of F."""
    return _from(s, biases_F(s), _at_angle(s), s.r if slip else s.t_prime, s.t_prime)


@linear("A12", of=_seen("by k_perp, biases of N", in_plane(whole, PLANE, of_N)), tex=A12 % R)
def eqA12_normal(s: Symbols) -> Complex:
    """The in-plane current in N to first order, averaged over angles: biases of N."""
    return _from(s, BIASES_N, _averaged(s), IDENTITY + s.r, s.r)


@linear("A12", of=_seen("by k_perp, biases of F", in_plane(whole, PLANE, of_F)), tex=A12 % R,
    slip=(SWAPPED, "marks", A12 % T))  # fmt: skip
def eqA12_ferromagnet(s: Symbols, slip: bool) -> Complex:
    """The same for biases of F."""
    return _from(s, biases_F(s), _averaged(s), s.r if slip else s.t_prime, s.t_prime)


INSIDE, ENERGIES = r"\sum_{k_\perp^2<k_F^2}", r"\frac{E_\perp}{E_F-E_\perp}"
CHARGE_BIAS = r"(\Delta\mu_0^F-\Delta\mu_0^N)"
SPIN_BIAS = r"(\Delta\mu_s^F-\mathbf m\cdot\mathbf s\,\Delta\mu_s^N)"
TRACE, SPIN_TRACE = r"\frac{V}{L}Tr_\sigma[%s]=", r"-\frac{V}{L}Tr_\sigma[\hat\sigma %s]="
ACROSS = r"[\mathbf m\times(\mathbf s\times\mathbf m)+i\mathbf s\times\mathbf m]"


def arrows(tex: str) -> str:
    """Return LaTeX with arrows for u and d in superscripts such as ^{udd*}."""
    names = {"u": r"\uparrow", "d": r"\downarrow"}
    return re.sub(r"(?<=\^\{)[ud]+", lambda m: "".join(names[spin] for spin in m[0]), tex)


class Biases(NamedTuple):
    """Δμ̂^N = N0 − σ·Ns and Δμ̂^F = F0 − σ·m Fs, one after another: arrays (b,), Ns (b, 3)."""

    N0: Array
    Ns: Array
    F0: Array
    Fs: Array


#: Charge and spin along x, y, z of N, charge and spin along m of F.
EVERY = Biases(np.eye(6)[0], np.eye(6)[:, 1:4], np.eye(6)[4], np.eye(6)[5])


def _G(s: Symbols, r: Complex, r2: Complex) -> Complex:
    """G^{ss'} = Σ (1 − r^s r^s')."""
    return np.where(s.open_N, 1 - r * r2, 0)[..., None]


G = r",\quad G^{ss'}=\frac{e^2}{h}" + INSIDE + r"(1-r^s_{\mathbf k}r^{s'%s}_{\mathbf k})"
PLUS, MINUS = (arrows(f"(G^{{uu}}{sign}G^{{dd}})") for sign in "+-")
A10A = TRACE % r"\hat j_{\mathbf z}" + PLUS + CHARGE_BIAS + "+" + MINUS + SPIN_BIAS + G
A10B = SPIN_TRACE % r"\hat j_{\mathbf z}" + MINUS + CHARGE_BIAS + r"\mathbf m+" + PLUS + SPIN_BIAS
A10B += r"\mathbf m-2Re[G^{\uparrow\downarrow}" + ACROSS + r"]\Delta\mu_s^N" + G
STAR = "a star in the conductance below it: 1 - r^s r^s'*"


@paper.equation("A10a", of=Quantity("charge current along z at h_R = 0, every bias", perpendicular(charge)),
    order="h_R^2", tex=A10A % "", slip=(STAR, "marks", A10A % "*"))  # fmt: skip
def eqA10a(s: Symbols, slip: bool) -> Complex:
    """The charge current along z, by charge and spin biases."""
    # (G↑↑ + G↓↓)(Δμ_0^F − Δμ_0^N) + (G↑↑ − G↓↓)(Δμ_s^F − m·s Δμ_s^N).
    b, up = EVERY, _G(s, s.r_up, s.r_up if slip else s.r_up.conj())
    down = _G(s, s.r_down, s.r_down if slip else s.r_down.conj())
    return (up + down) * (b.F0 - b.N0) + (up - down) * (b.Fs - b.Ns @ s.m)


@paper.equation("A10b", of=Quantity("spin current along z at h_R = 0, every bias", perpendicular(spin)),
    order="h_R^2", tex=A10B % "", slip=(STAR, "marks", A10B % "*"))  # fmt: skip
def eqA10b(s: Symbols, slip: bool) -> Complex:
    """The spin current along z; its transverse part defines the spin-mixing conductance."""
    # The same with spins exchanged along m, less 2Re[G↑↓(m×(s×m) + is×m)] Δμ_s^N.
    r_up, r_down = (s.r_up, s.r_down) if slip else (s.r_up.conj(), s.r_down.conj())
    b, up, down = EVERY, _G(s, s.r_up, r_up), _G(s, s.r_down, r_down)
    along = (up - down) * (b.F0 - b.N0) + (up + down) * (b.Fs - b.Ns @ s.m)
    across = np.cross(s.m, np.cross(b.Ns, s.m)) + 1j * np.cross(b.Ns, s.m)
    return along[..., None] * s.m - 2 * (_G(s, s.r_up, r_down)[..., None] * across).real


def _summed(s: Symbols, summands: Iterable[Array | Complex]) -> Complex:
    """−½ Σ E_⊥/(E_F − E_⊥) of each summand."""
    ratio = s.k2 / (s.iface.E_F - s.iface.U_N - s.k2)
    return -np.where(s.open_N, ratio, 0)[..., None] * np.stack(list(summands), axis=-1) / 2


def by_spins(values: Array | Complex) -> dict[str, Complex]:
    """Return conductances by their indices, as in "udd" of ↑ and ↓, each (n, 1, 1)."""
    indices = product("ud", repeat=values.shape[-1].bit_length() - 1)
    return {"".join(index): (values + 0j)[..., [i]] for i, index in enumerate(indices)}


UNIT = r"=-h_R\frac{e^2}{2h}"


@paper.equation("A14a", of=Quantity("G_Rr by k_perp, all eight", conductance("r")), order="h_R^2",
    tex=r"G_{Rr}^{ss's''}" + UNIT + r"\sum_{\mathbf k_\perp}" + ENERGIES + r"(1+r^s_{\mathbf k})(1+r^{s'}_{"
    r"\mathbf k})r^{s''*}_{\mathbf k}")  # fmt: skip
def eqA14a(s: Symbols) -> Complex:
    """Conductances of reflection, Rashba scattering s' to s: what r gains, times its own conjugate."""
    r = (s.r_up, s.r_down)
    return _summed(s, ((1 + a) * (1 + b) * c.conj() for a, b, c in product(r, r, r)))


@paper.equation("A14b", of=Quantity("G_Rt by k_perp, all eight", conductance("t'")), order="h_R^2",
    tex=r"G_{Rt}^{ss's''}" + UNIT + r"\sum_{\mathbf k_\perp}" + ENERGIES + r"(1+r^s_{\mathbf k})t'^{s'}_{"
    r"\mathbf k}t'^{s''*}_{\mathbf k}")  # fmt: skip
def eqA14b(s: Symbols) -> Complex:
    """Conductances of transmission from F, lost primes restored, over the range of (A12)."""
    r, t = (s.r_up, s.r_down), (s.t_prime_up, s.t_prime_down)
    return _summed(s, ((1 + a) * b * c.conj() for a, b, c in product(r, t, t)))


def sum_of_conductances(s: Symbols) -> Complex:
    """G_Rr^{sss} + G_Rt^{sss} = −½ Σ E_⊥/(E_F − E_⊥)|1 + r^s|², below (A14), for ↑, ↓."""
    return _summed(s, (np.abs(1 + r) ** 2 for r in (s.r_up, s.r_down)))


@paper.equation("A16", of=Quantity("G_RDelta by k_perp, all four", gain), order="h_R^2",
    tex=r"G_{R\Delta}^{ss'}" + UNIT + INSIDE + ENERGIES + r"(1+r^s_{\mathbf k})(1+r^{s'}_{"
    r"\mathbf k})")  # fmt: skip
def eqA16(s: Symbols) -> Complex:
    """Conductances of the jump: what r gains by Rashba scattering s' to s."""
    r = (s.r_up, s.r_down)
    return _summed(s, ((1 + a) * (1 + b) for a, b in product(r, r)))
