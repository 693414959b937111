"""App. A 1, (A1), (A11), (A12): amplitudes and in-plane currents to first order. In words: `remarks_a1`.

Currents are summands by k_⊥ in units of h_R e²/h and of the bias.
"""

from __future__ import annotations

import numpy as np

from sotcheck.exact.profiles import at_each_angle, in_plane, of_F, of_N, whole
from sotcheck.exact.quantity import Quantity
from sotcheck.exact.solved import Exact
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.papers.kim2017 import paper
from sotcheck.papers.kim2017.appendix_a1_normal import BIASES_N, PLANE, Z, biases_F
from sotcheck.papers.kim2017.models import linear
from sotcheck.papers.kim2017.section3 import eq10a, eq10b, eq10c, eq10d
from sotcheck.system.spin import IDENTITY, dagger, dot_sigma
from sotcheck.theory.symbols import Symbols

#: u×z for a u in the plane along no axis.
N: Array = np.cross(PLANE, Z)


def _scattered(s: Symbols, left: Complex, right: Complex) -> Complex:
    """(1/2ik_z) left σ·(k×ẑ) right."""
    return 1 / (2j * s.kz)[..., None, None] * left @ s.rashba @ right


#: (A1) is (10), repeated.
for letter, name, original in zip("abcd", ("t", "t'", "r", "r'"), (eq10a, eq10b, eq10c, eq10d), strict=True):
    paper.equation(
        f"A1{letter}",
        of=original.of,
        order=original.order,
        tex=original.tex,
        says=f"First-order change of {name}, repeated from Sec. III; as there, a lost 1 is restored.",
        key=f"eqA1{letter}",
    )(original.transcribed)


def eqA1a_letter(s: Symbols) -> Complex:
    """(A1a) with the letter t̂ that the transcription has for 1̂."""
    return _scattered(s, s.t_ex, s.t + s.r)


def eqA1c_letter(s: Symbols) -> Complex:
    """(A1c) with the letter t̂ that the transcription has for 1̂."""
    return _scattered(s, IDENTITY + s.r_ex, s.t + s.r)


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


@linear("A11", of=_seen("at each angle, biases of F", at_each_angle(PLANE, of_F)), tex=A11 % R)
def eqA11_ferromagnet(s: Symbols) -> Complex:
    """The same for biases of F."""
    return _from(s, biases_F(s), _at_angle(s), s.r, s.t_prime)


@eqA11_ferromagnet.correction(SWAPPED, kind="marks", tex=A11 % T)
def _(s: Symbols) -> Complex:
    return _from(s, biases_F(s), _at_angle(s), s.t_prime, s.t_prime)


@linear("A12", of=_seen("by k_perp, biases of N", in_plane(whole, PLANE, of_N)), tex=A12 % R)
def eqA12_normal(s: Symbols) -> Complex:
    """The in-plane current in N to first order, averaged over angles: biases of N."""
    return _from(s, BIASES_N, _averaged(s), IDENTITY + s.r, s.r)


@linear("A12", of=_seen("by k_perp, biases of F", in_plane(whole, PLANE, of_F)), tex=A12 % R)
def eqA12_ferromagnet(s: Symbols) -> Complex:
    """The same for biases of F."""
    return _from(s, biases_F(s), _averaged(s), s.r, s.t_prime)


@eqA12_ferromagnet.correction(SWAPPED, kind="marks", tex=A12 % T)
def _(s: Symbols) -> Complex:
    return _from(s, biases_F(s), _averaged(s), s.t_prime, s.t_prime)
