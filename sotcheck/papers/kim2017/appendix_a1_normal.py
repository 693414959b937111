"""App. A 1, (A2) to (A6), (A8a), (A9): currents in the normal metal along any u. In words: `remarks_a1`.

Currents are summands by k_⊥ and bias at the interface's own h_R, in units of e²L/hV and of the bias, (A3) of
eħ/mₑV and the occupation. Arrays of matrices have the bias before the spin: shape (n, a, b, 2, 2).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.exact.profiles import at_position, far_from, of_both, of_F, of_N
from sotcheck.exact.quantity import Quantity
from sotcheck.exact.solved import Exact
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.papers.kim2017 import at_finite, paper
from sotcheck.papers.kim2017.finite_rashba import Extended, projected
from sotcheck.system.spin import IDENTITY, PAULI, dagger, dot_sigma
from sotcheck.theory.symbols import Symbols

#: Δμ̂^N = Δμ_0 − σ·s Δμ_s: charge, and spin along x, y, z.
BIASES_N: Complex = np.stack([IDENTITY, *(-PAULI)])
#: Directions of the current: along z, in the plane, and along neither; and what makes ū of u.
Z: Array = np.array([0.0, 0.0, 1.0])
PLANE: Array = np.array([0.6, 0.8, 0.0])
OBLIQUE: Array = np.array([2.0, 3.0, 6.0]) / 7
BAR: Array = np.array([1.0, 1.0, -1.0])
#: Where the current is taken.
Z_N = -0.7

J, J_N, J_F = (rf"\hat j{source}_{{\mathbf u}}(z<0)=" for source in ("", "^N", "^F"))
UNIT, SUM = r"-\frac{e^2L}{hV}", r"\sum_{\mathbf k_\perp}"
K_U, K_BAR = r"\mathbf k\cdot\mathbf u", r"\mathbf k\cdot\bar{\mathbf u}"
R_MU_R = r"\hat r_{\mathbf k}\Delta\hat\mu^N\hat r_{\mathbf k}^\dagger"
T_MU_T = r"\hat t'_{\mathbf k}\Delta\hat\mu^F\hat t_{\mathbf k}'^\dagger"


def biases_F(s: Symbols) -> Complex:
    """Δμ̂^F = Δμ_0 − σ·m Δμ_s: charge, and spin along m."""
    return np.stack([IDENTITY, -dot_sigma(s.m)])


def scalar(values: Any) -> Any:
    """Return a number by k_⊥ for every bias and spin, shape (..., 1, 1, 1)."""
    return values[..., None, None, None]


def wide(matrix: Complex) -> Complex:
    """Return a matrix for every bias, shape (..., 1, 2, 2)."""
    return matrix[..., None, :, :]


def amplitudes(s: Symbols) -> Extended:
    """Return r̂, t̂, r̂', t̂' at the interface's own h_R for every bias."""
    a = projected(s)
    return Extended(*map(wide, (a.r, a.t, a.r_prime, a.t_prime)))


def _along(s: Symbols, u: Array) -> Complex:
    """k·u."""
    return scalar(s.kx * u[0] + s.ky * u[1] + s.kz * u[2])


def _real(matrix: Complex) -> Complex:
    """Re[A] = (A + A†)/2."""
    return (matrix + dagger(matrix)) / 2


paper.define("A2", "Charge and spin current along u as the zeroth and the other components of a four-vector.",
    tex=r"\tilde j_{\mathbf u}=-"
    r"\frac{e}{2}Tr_\sigma[\rho\{v_u,\delta(\mathbf r_{op}-\mathbf r)\}\tilde\sigma]",
    why="defines the current operator; (A3) to (A16) are measured with it")  # fmt: skip


def current(words: str, measure: Exact, source: str | None = None) -> Quantity:
    """Return a current matrix under its words."""
    return Quantity(f"charge and spin current {words}", measure, source)


#: The current in N of electrons from N: along z, and in the plane far from and near the interface.
PER_BIAS = "per bias %s, finite h_R"
ALONG_Z = current(PER_BIAS % "along z at z < 0, any bias", at_position("N", Z_N, of_N, Z), "normal")
FAR = current(PER_BIAS % "along an oblique u, mean over z < 0", far_from("N", of_N, OBLIQUE), "normal")
NEAR = current(PER_BIAS % "in the plane at a z < 0, any bias", at_position("N", Z_N, of_N, PLANE), "normal")


def per_occupation(per_bias: Quantity) -> Quantity:
    """The current per occupation of waves of unit amplitude, not flux."""
    words = per_bias.words.replace("per bias", "per occupation")
    return per_bias.then(lambda one, found: found * one.states.kz[:, :1, :1, None, None].real, words)


def _from_N(s: Symbols, u: Array) -> Complex:
    """−(k·u f̂ + k·ū r̂ f̂ r̂†)."""
    r = amplitudes(s).r
    return -(_along(s, u) * BIASES_N @ wide(s.one) + _along(s, u * BAR) * r @ BIASES_N @ dagger(r))


def _with_interference(s: Symbols) -> Complex:
    """−k·u (f̂ + r̂ f̂ r̂† + 2Re[e^{2ik_z z} f̂ r̂†]), u in the plane."""
    r, wave = amplitudes(s).r, scalar(np.exp(2j * s.kz * Z_N))
    flow = BIASES_N @ wide(s.one) + r @ BIASES_N @ dagger(r) + 2 * wave * BIASES_N @ dagger(r)
    return -_real(_along(s, PLANE) * flow)


INTERFERENCE = "a missing term: interference of incident and reflected waves, 2Re[e^(2ik_z z) f r^dagger]"
IN_PLANE = r",\quad \mathbf u\perp\mathbf z"
F_R = r"\hat f^N_{\mathbf k}\hat r_{\mathbf k}^\dagger"
A3 = J_N + r"-\frac{e\hbar}{m_eV}\sum_{\mathbf k}"
A3_FAR = A3 + "(" + K_U + r"\hat f^N_{\mathbf k}+" + K_BAR + r"\,\hat r_{\mathbf k}" + F_R + ")"
A3_NEAR = A3 + K_U + r"(\hat f^N_{\mathbf k}+\hat r_{\mathbf k}" + F_R + "+2Re[e^{2ik_zz}" + F_R + "])"
INCIDENT = r"\Delta\hat\mu^N\hat 1_{\mathbf k}+"
MU_R = r"+2Re[e^{2ik_zz}\Delta\hat\mu^N\hat r_{\mathbf k}^\dagger]]"
A4 = J_N + UNIT + SUM
A4_FAR = A4 + r"\frac{1}{k_z}[" + K_U + INCIDENT + K_BAR + r"\," + R_MU_R + "]"
A4_NEAR = A4 + r"\frac{" + K_U + "}{k_z}[" + INCIDENT + R_MU_R + MU_R


@at_finite("A3", of=per_occupation(ALONG_Z), tex=A3_FAR)
def eqA3_perpendicular(s: Symbols) -> Complex:
    """The current in N of electrons from N, perpendicular to the interface."""
    return _from_N(s, Z)


@at_finite("A3", of=per_occupation(FAR), tex=A3_FAR)
def eqA3_oblique(s: Symbols) -> Complex:
    """The same in the plane, averaged over distances from the interface."""
    return _from_N(s, OBLIQUE)


@at_finite("A3", of=per_occupation(NEAR), tex=A3_FAR, slip=(INTERFERENCE, "content", A3_NEAR + IN_PLANE))
def eqA3_plane(s: Symbols, slip: bool) -> Complex:
    """The same in the plane, near the interface."""
    return _from_N(s, PLANE) if slip else _with_interference(s)


@at_finite("A4", of=ALONG_Z, tex=A4_FAR)
def eqA4_perpendicular(s: Symbols) -> Complex:
    """The current in N of electrons from N, perpendicular to the interface."""
    return _from_N(s, Z) / scalar(s.kz)


@at_finite("A4", of=FAR, tex=A4_FAR)
def eqA4_oblique(s: Symbols) -> Complex:
    """The same in the plane, averaged over distances from the interface."""
    return _from_N(s, OBLIQUE) / scalar(s.kz)


@at_finite("A4", of=NEAR, tex=A4_FAR, slip=(INTERFERENCE, "content", A4_NEAR + IN_PLANE))
def eqA4_plane(s: Symbols, slip: bool) -> Complex:
    """The same in the plane, near the interface."""
    return (_from_N(s, PLANE) if slip else _with_interference(s)) / scalar(s.kz)


A5 = J_F + UNIT + "Re" + SUM + r"\left[\frac{" + K_BAR + r"}{|k_z|}e^{2Im[k_z]z}\,%s\right]"


def _eqA5(s: Symbols, wave: Complex) -> Complex:
    """−Re (k·ū/|k_z|) e^{2Im[k_z]z} wave Δμ̂^F wave†."""
    decay = scalar(np.exp(2 * s.kz.imag * Z_N) / np.abs(s.kz))
    return -_real(_along(s, OBLIQUE * BAR) * decay * wave @ biases_F(s) @ dagger(wave))


@at_finite("A5",
    of=current("along an oblique u at z < 0, biases of F, finite h_R", at_position("N", Z_N, of_F, OBLIQUE)),
    tex=A5 % r"\hat r_{\mathbf k}\Delta\hat\mu^F\hat r_{\mathbf k}^\dagger",
    slip=("a swapped symbol: waves from F are t' in N, not r", "marks", A5 % T_MU_T))  # fmt: skip
def eqA5(s: Symbols, slip: bool) -> Complex:
    """The current in N of electrons from F, decaying waves included."""
    return _eqA5(s, amplitudes(s).r if slip else amplitudes(s).t_prime)


paper.define("A6", "The current in N is the sum of those of electrons from N and from F.",
    tex=J + J_N[:-1] + "+" + J_F[:-1], why="splits the density matrix into incoherent sources; the terms are"
    " tried as (A4) and (A5)")  # fmt: skip


@at_finite("A8a", of=current("along an oblique u, mean over z < 0, all biases, finite h_R", far_from("N",
    of_both, OBLIQUE)), tex=J + UNIT + SUM + r"\frac{\hat 1_{\mathbf k}}{k_z}[" + K_BAR + "(" + R_MU_R + "+"
    + T_MU_T + ")+" + K_U + r"\Delta\hat\mu^N]")  # fmt: skip
def eqA8a(s: Symbols) -> Complex:
    """The current in N without decaying and oscillating terms."""
    a, k_u, k_bar = amplitudes(s), _along(s, OBLIQUE), _along(s, OBLIQUE * BAR)
    from_N = k_bar * a.r @ BIASES_N @ dagger(a.r) + k_u * BIASES_N
    from_F = k_bar * a.t_prime @ biases_F(s) @ dagger(a.t_prime)
    return -wide(s.one) / scalar(s.kz) @ np.concatenate([from_N, from_F], axis=2)


@at_finite("A9", of=current("along z at z < 0, all biases, finite h_R", at_position("N", Z_N, of_both, Z)),
    tex=r"\hat j_{\mathbf z}(z<0)=" + UNIT + r"\sum_{k_\perp^2<k_F^2}[\Delta\hat\mu^N-(" + R_MU_R + "+"
    + T_MU_T + ")]")  # fmt: skip
def eqA9(s: Symbols) -> Complex:
    """The perpendicular current in N, that of magnetoelectric circuit theory."""
    a = amplitudes(s)
    from_N = BIASES_N - a.r @ BIASES_N @ dagger(a.r)
    from_F = -a.t_prime @ biases_F(s) @ dagger(a.t_prime)
    return -np.where(scalar(s.open_N), np.concatenate([from_N, from_F], axis=2), 0)
