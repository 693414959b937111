"""App. A 1, (A7) and (A8b): currents in the ferromagnet along any u. Statements in words: `remarks_a1`.

Summands, units and shapes as in `appendix_a1_normal`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sotcheck.exact.profiles import at_position, far_from, of_both, of_F, of_N
from sotcheck.exact.quantity import F_open
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.papers.kim2017 import at_finite, paper
from sotcheck.papers.kim2017.appendix_a1_normal import (
    BAR,
    BIASES_N,
    OBLIQUE,
    SUM,
    UNIT,
    amplitudes,
    biases_F,
    current,
    scalar,
    wide,
)  # fmt: skip
from sotcheck.system.spin import IDENTITY, dagger
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.grounds import FINITE

#: Where the current is taken.
Z_F = 0.8

J, J_N, J_F = (rf"\hat j{source}_{{\mathbf u}}(z>0)=" for source in ("", "^N", "^F"))
K, WAVE = r"\hat{\mathbf K}\cdot", r"\frac{e^{i\hat K_zz}}{\sqrt{|\hat K_z|}}"
T_DAGGER, R_DAGGER = r"\hat t_{\mathbf k}^\dagger", r"\hat r_{\mathbf k}'^\dagger"
R_MU = r"\hat r'_{\mathbf k}\Delta\hat\mu^F"
FROM_F = current("along an oblique u at a z > 0, biases of F", at_position("F", Z_F, of_F, OBLIQUE))


def _of_K(s: Symbols, function: Callable[[Complex], Any]) -> Complex:
    """f(K̂_z)."""
    return wide(s.bands(function(s.kz_down), function(s.kz_up)))


def _along(s: Symbols, u: Array) -> Complex:
    """K̂·u with K̂ = (k_x, k_y, K̂_z)."""
    return wide((s.kx * u[0] + s.ky * u[1])[..., None, None] * IDENTITY + u[2] * s.Kz)


def _diag(s: Symbols, matrix: Complex) -> Complex:
    """Diag[A] = Σ_s u_s A u_s."""
    return s.u_plus @ matrix @ s.u_plus + s.u_minus @ matrix @ s.u_minus


def _real(matrix: Complex) -> Complex:
    """Re[A] = (A + A†)/2."""
    return (matrix + dagger(matrix)) / 2


paper.define("A7a", "The current in F is the sum of those of electrons from N and from F.",
    tex=J + J_N[:-1] + "+" + J_F[:-1], why="splits the density matrix into incoherent sources; the terms are"
    " tried as (A7b) and (A7c)")  # fmt: skip


def _eqA7b(s: Symbols, wave: Complex) -> Complex:
    """−Re K̂·u e^{iK̂_z z}|K̂_z|^{−1/2} wave Δμ̂^N t̂† e^{−iK̂_z* z}|K̂_z|^{−1/2}."""
    t = amplitudes(s).t
    forth = _of_K(s, lambda K: np.exp(1j * K * Z_F) / np.sqrt(np.abs(K)))
    back = _of_K(s, lambda K: np.exp(-1j * K.conj() * Z_F) / np.sqrt(np.abs(K)))
    return -_real(_along(s, OBLIQUE) @ forth @ wave @ BIASES_N @ dagger(t) @ back)


A7B = J_N + UNIT + "Re" + SUM + r"\left[" + K + r"\mathbf u" + WAVE + r"%s\Delta\hat\mu^N" + T_DAGGER
A7B += r"\frac{e^{-i\hat K_z^*z}}{\sqrt{|\hat K_z|}}\right]"


@at_finite("A7b", of=current("along an oblique u at a z > 0, biases of N, finite h_R", at_position("F", Z_F,
    of_N, OBLIQUE), "normal"), tex=A7B % r"\hat r_{\mathbf k}", slip=("a swapped symbol: waves from N are t"
    " in F, not r", "marks", A7B % r"\hat t_{\mathbf k}"))  # fmt: skip
def eqA7b(s: Symbols, slip: bool) -> Complex:
    """The current in F of electrons from N."""
    return _eqA7b(s, amplitudes(s).r if slip else amplitudes(s).t)


def _decay(s: Symbols) -> Complex:
    """e^{−2Im[K̂_z]z}."""
    return _of_K(s, lambda K: np.exp(-2 * K.imag * Z_F))


def _eqA7c(s: Symbols, decay: Complex) -> Complex:
    """−Re K̂·{e^{iK̂_z z}|K̂_z|^{−1/2}[…]e^{−iK̂_z z}|K̂_z|^{−1/2}}, a decay behind the first interference.

    […] = ū Δμ̂^F 1̂' + u r̂' Δμ̂^F r̂'† e^{−2Im[K̂_z]z} + (ū e^{−2iK̂_z z} Δμ̂^F r̂'† + u r̂' Δμ̂^F e^{2iK̂_z z}).
    """
    r, mu = amplitudes(s).r_prime, biases_F(s) @ wide(s.one_prime)
    K_u, K_bar = _along(s, OBLIQUE), _along(s, OBLIQUE * BAR)
    left = _of_K(s, lambda K: np.exp(1j * K * Z_F) / np.sqrt(np.abs(K)))
    right = _of_K(s, lambda K: np.exp(-1j * K * Z_F) / np.sqrt(np.abs(K)))
    inner = K_bar @ mu + K_u @ r @ mu @ dagger(r) @ _decay(s)
    inner = inner + K_bar @ _of_K(s, lambda K: np.exp(-2j * K * Z_F)) @ mu @ dagger(r) @ decay
    inner = inner + K_u @ r @ mu @ _of_K(s, lambda K: np.exp(2j * K * Z_F))
    return -_real(left @ inner @ right)


A7C = J_F + UNIT + "Re" + SUM + r"\hat{\mathbf K}\cdot\left\{" + WAVE
A7C += r"\left[\bar{\mathbf u}\Delta\hat\mu^F\hat 1'_{\mathbf k}+\mathbf u\," + R_MU + R_DAGGER
A7C += r" e^{-2Im[\hat K_z]z}+(\bar{\mathbf u}e^{-2i\hat K_zz}\Delta\hat\mu^F" + R_DAGGER
A7C += r" %s+\mathbf u\," + R_MU + r"e^{2i\hat K_zz})\right]\frac{e^{-i\hat K_zz}}{\sqrt{|\hat K_z|}}\right\}"


@paper.equation("A7c", of=FROM_F.where(F_open, "both bands open"), on=FINITE[:3], tex=A7C % "")
def eqA7c_open(s: Symbols) -> Complex:
    """The current in F of electrons from F where both bands of F are open."""
    return np.where(scalar(s.open_up & s.open_down), _eqA7c(s, IDENTITY), 0)


@at_finite("A7c", of=FROM_F.named(f"{FROM_F.words}, finite h_R"), tex=A7C % "", slip=("a missing factor"
    " e^(-2Im[K_z]z) in the first interference term: without it, the wave reflected into a closed band grows"
    " with z", "content", A7C % r"e^{-2Im[\hat K_z]z}"))  # fmt: skip
def eqA7c(s: Symbols, slip: bool) -> Complex:
    """The same, a band closed or not; the 1' that the transcription has as t is restored."""
    return _eqA7c(s, IDENTITY if slip else _decay(s))


def _over_K(s: Symbols) -> Complex:
    """1̂'/K̂_z."""
    return wide(s.one_prime @ np.linalg.inv(s.Kz))


def _eqA8b(s: Symbols, over_K: Complex) -> Complex:
    """−(1̂'/K̂_z) K̂·u Diag[r̂' Δμ̂^F r̂'† + t̂ Δμ̂^N t̂†] − over_K K̂·ū Δμ̂^F."""
    t, r, mu = amplitudes(s).t, amplitudes(s).r_prime, biases_F(s)
    K_u, K_bar = _along(s, OBLIQUE), _along(s, OBLIQUE * BAR)
    from_N = _over_K(s) @ K_u @ _diag(s, t @ BIASES_N @ dagger(t))
    from_F = _over_K(s) @ K_u @ _diag(s, r @ mu @ dagger(r)) + over_K @ K_bar @ mu
    return -np.concatenate([from_N, from_F], axis=2)


A8B = J + UNIT + SUM + r"\frac{\hat 1'_{\mathbf k}}{\hat K_z}[" + K + r"\mathbf u\,Diag[" + R_MU + R_DAGGER
A8B += r"+\hat t_{\mathbf k}\Delta\hat\mu^N" + T_DAGGER + "]%s"
INCIDENT = "+" + K + r"\bar{\mathbf u}\Delta\hat\mu^F"


@at_finite("A8b", of=current("along an oblique u, mean over z > 0, all biases, finite h_R", far_from("F",
    of_both, OBLIQUE)), tex=A8B % ("]" + INCIDENT), slip=("a bracket that closes too early: the incident term"
    " carries 1'/K_z as well", "marks", A8B % (INCIDENT + "]")))  # fmt: skip
def eqA8b(s: Symbols, slip: bool) -> Complex:
    """The current in F without decaying and oscillating terms, by band."""
    # The minus and the sum belong to both terms.
    return _eqA8b(s, IDENTITY if slip else _over_K(s))
