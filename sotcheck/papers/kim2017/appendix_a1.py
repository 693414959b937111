"""App. A 1 up to Eq. (A9), equation by equation; `_corrected` where exact numerics confirm another form.

Currents are summands by k_⊥ and bias at the interface's own finite h_R, in units of e²L/hV and of the bias,
(A3) of eħ/mₑV and the occupation. Biases are charge and spin along x, y, z in N, charge and spin in F.
"""

from __future__ import annotations

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.papers.kim2017.finite_rashba import projected
from sotcheck.system.spin import IDENTITY, PAULI, dagger, dot_sigma
from sotcheck.theory.symbols import Symbols

#: Δμ̂^N = Δμ_0 − σ·s Δμ_s, one term each.
BIASES_N: Complex = np.stack([IDENTITY, *(-PAULI)])
#: Directions of the current: along z, in the plane, and along neither.
Z: Array = np.array([0.0, 0.0, 1.0])
PLANE: Array = np.array([0.6, 0.8, 0.0])
OBLIQUE: Array = np.array([2.0, 3.0, 6.0]) / 7
#: Where the current is taken, in N and in F.
Z_N, Z_F = -0.7, 0.8


def biases_F(s: Symbols) -> Complex:
    """Δμ̂^F = Δμ_0 − σ·m Δμ_s, one term each."""
    return np.stack([IDENTITY, -dot_sigma(s.m)])


def eqA1a(s: Symbols) -> Complex:
    """∂t̂/∂h_R = (1/2ik_z) t̂_ex σ·(k×ẑ)(1̂ + r̂), Eq. (A1a)."""
    return 1 / (2j * s.kz)[..., None, None] * s.t_ex @ s.rashba @ (s.one + s.r)


def eqA1a_letter(s: Symbols) -> Complex:
    """The same with the letter t̂ that the transcription has for 1̂."""
    return 1 / (2j * s.kz)[..., None, None] * s.t_ex @ s.rashba @ (s.t + s.r)


def eqA1b(s: Symbols) -> Complex:
    """∂t̂'/∂h_R = (1/2ik_z)(1 + r̂_ex) σ·(k×ẑ) t̂', Eq. (A1b)."""
    return 1 / (2j * s.kz)[..., None, None] * (IDENTITY + s.r_ex) @ s.rashba @ s.t_prime


def eqA1c(s: Symbols) -> Complex:
    """∂r̂/∂h_R = (1/2ik_z)(1 + r̂_ex) σ·(k×ẑ)(1̂ + r̂), Eq. (A1c)."""
    return 1 / (2j * s.kz)[..., None, None] * (IDENTITY + s.r_ex) @ s.rashba @ (s.one + s.r)


def eqA1c_letter(s: Symbols) -> Complex:
    """The same with the letter t̂ that the transcription has for 1̂."""
    return 1 / (2j * s.kz)[..., None, None] * (IDENTITY + s.r_ex) @ s.rashba @ (s.t + s.r)


def eqA1d(s: Symbols) -> Complex:
    """∂r̂'/∂h_R = (1/2ik_z) t̂_ex σ·(k×ẑ) t̂', Eq. (A1d)."""
    return 1 / (2j * s.kz)[..., None, None] * s.t_ex @ s.rashba @ s.t_prime


def _along(s: Symbols, u: Array) -> Complex:
    """k·u, shape (n, a, 1, 1)."""
    return (s.kx * u[0] + s.ky * u[1] + s.kz * u[2])[..., None, None]


def _bar(u: Array) -> Array:
    """ū = (u_x, u_y, −u_z)."""
    return np.stack([u[0], u[1], -u[2]])


def _band_along(s: Symbols, u: Array) -> Complex:
    """K̂·u with K̂ = (k_x, k_y, K̂_z), shape (n, a, 2, 2)."""
    return (s.kx * u[0] + s.ky * u[1])[..., None, None] * IDENTITY + u[2] * s.Kz


def _real(matrix: Complex) -> Complex:
    """Re[A] = (A + A†)/2."""
    return (matrix + dagger(matrix)) / 2


def _diag(s: Symbols, matrix: Complex) -> Complex:
    """Diag[A] = Σ_s u_s A u_s."""
    return s.u_plus @ matrix @ s.u_plus + s.u_minus @ matrix @ s.u_minus


def _eqA3(s: Symbols, u: Array) -> Complex:
    r, k_u, k_bar = projected(s).r, _along(s, u), _along(s, _bar(u))
    flow = [k_u * (s.one @ f @ s.one) + k_bar * r @ f @ dagger(r) for f in BIASES_N]
    return -np.stack(flow, axis=2)


def eqA3_perpendicular(s: Symbols) -> Complex:
    """ĵ^N_u(z < 0) = −(k·u f̂ + k·ū r̂ f̂ r̂†), Eq. (A3), u = z."""
    return _eqA3(s, Z)


def eqA3_plane(s: Symbols) -> Complex:
    """Eq. (A3), u in the plane."""
    return _eqA3(s, PLANE)


def eqA3_oblique(s: Symbols) -> Complex:
    """Eq. (A3), u along neither."""
    return _eqA3(s, OBLIQUE)


def eqA3_plane_corrected(s: Symbols) -> Complex:
    """ĵ^N_u(z < 0) = −k·u (f̂ + r̂ f̂ r̂† + 2Re[e^{2ik_z z} f̂ r̂†]), u in the plane."""
    r, k_u, wave = projected(s).r, _along(s, PLANE), np.exp(2j * s.kz * Z_N)[..., None, None]
    flow = [k_u * (s.one @ f @ s.one + r @ f @ dagger(r) + 2 * wave * f @ dagger(r)) for f in BIASES_N]
    return -_real(np.stack(flow, axis=2))


def _eqA4(s: Symbols, u: Array) -> Complex:
    r, k_u, k_bar = projected(s).r, _along(s, u), _along(s, _bar(u))
    over_k = (1 / s.kz)[..., None, None]
    flow = [over_k * (k_u * mu @ s.one + k_bar * r @ mu @ dagger(r)) for mu in BIASES_N]
    return -np.stack(flow, axis=2)


def eqA4_perpendicular(s: Symbols) -> Complex:
    """ĵ^N_u(z < 0) = −(1/k_z)[k·u Δμ̂^N 1̂ + k·ū r̂ Δμ̂^N r̂†], Eq. (A4), u = z."""
    return _eqA4(s, Z)


def eqA4_plane(s: Symbols) -> Complex:
    """Eq. (A4), u in the plane."""
    return _eqA4(s, PLANE)


def eqA4_oblique(s: Symbols) -> Complex:
    """Eq. (A4), u along neither."""
    return _eqA4(s, OBLIQUE)


def eqA4_plane_corrected(s: Symbols) -> Complex:
    """ĵ^N_u(z < 0) = −(k·u/k_z)[Δμ̂^N 1̂ + r̂ Δμ̂^N r̂† + 2Re[e^{2ik_z z} Δμ̂^N r̂†]], u in the plane."""
    r, wave = projected(s).r, np.exp(2j * s.kz * Z_N)[..., None, None]
    factor = _along(s, PLANE) / s.kz[..., None, None]
    flow = [factor * (mu @ s.one + r @ mu @ dagger(r) + 2 * wave * mu @ dagger(r)) for mu in BIASES_N]
    return -_real(np.stack(flow, axis=2))


def eqA5(s: Symbols) -> Complex:
    """ĵ^F_u(z < 0) = −Re (k·ū/|k_z|) e^{2Im[k_z]z} r̂ Δμ̂^F r̂†, Eq. (A5) as transcribed."""
    r, decay = projected(s).r, np.exp(2 * s.kz.imag * Z_N)[..., None, None]
    factor = _along(s, _bar(OBLIQUE)) / np.abs(s.kz)[..., None, None] * decay
    return -_real(np.stack([factor * r @ mu @ dagger(r) for mu in biases_F(s)], axis=2))


def eqA5_corrected(s: Symbols) -> Complex:
    """ĵ^F_u(z < 0) = −Re (k·ū/|k_z|) e^{2Im[k_z]z} t̂' Δμ̂^F t̂'†."""
    t_prime, decay = projected(s).t_prime, np.exp(2 * s.kz.imag * Z_N)[..., None, None]
    factor = _along(s, _bar(OBLIQUE)) / np.abs(s.kz)[..., None, None] * decay
    return -_real(np.stack([factor * t_prime @ mu @ dagger(t_prime) for mu in biases_F(s)], axis=2))


def eqA7b(s: Symbols) -> Complex:
    """Eq. (A7b) as transcribed, −Re K̂·u e^{iK̂_z z}|K̂_z|^{−1/2} r̂ Δμ̂^N t̂† e^{−iK̂_z* z}|K̂_z|^{−1/2}."""
    a = projected(s)
    root = s.bands(np.sqrt(1 / np.abs(s.kz_down)), np.sqrt(1 / np.abs(s.kz_up)))
    left = s.bands(np.exp(1j * s.kz_down * Z_F), np.exp(1j * s.kz_up * Z_F)) @ root
    right = s.bands(np.exp(-1j * s.kz_down.conj() * Z_F), np.exp(-1j * s.kz_up.conj() * Z_F)) @ root
    left = _band_along(s, OBLIQUE) @ left
    return -_real(np.stack([left @ a.r @ mu @ dagger(a.t) @ right for mu in BIASES_N], axis=2))


def eqA7b_corrected(s: Symbols) -> Complex:
    """ĵ^N_u(z > 0) = −Re K̂·u e^{iK̂_z z}|K̂_z|^{−1/2} t̂ Δμ̂^N t̂† e^{−iK̂_z* z}|K̂_z|^{−1/2}."""
    t = projected(s).t
    root = s.bands(np.sqrt(1 / np.abs(s.kz_down)), np.sqrt(1 / np.abs(s.kz_up)))
    left = s.bands(np.exp(1j * s.kz_down * Z_F), np.exp(1j * s.kz_up * Z_F)) @ root
    right = s.bands(np.exp(-1j * s.kz_down.conj() * Z_F), np.exp(-1j * s.kz_up.conj() * Z_F)) @ root
    left = _band_along(s, OBLIQUE) @ left
    return -_real(np.stack([left @ t @ mu @ dagger(t) @ right for mu in BIASES_N], axis=2))


def _eqA7c(s: Symbols) -> Complex:
    r_prime = projected(s).r_prime
    root = s.bands(np.sqrt(1 / np.abs(s.kz_down)), np.sqrt(1 / np.abs(s.kz_up)))
    left = s.bands(np.exp(1j * s.kz_down * Z_F), np.exp(1j * s.kz_up * Z_F)) @ root
    right = s.bands(np.exp(-1j * s.kz_down * Z_F), np.exp(-1j * s.kz_up * Z_F)) @ root
    decay = s.bands(np.exp(-2 * s.kz_down.imag * Z_F), np.exp(-2 * s.kz_up.imag * Z_F))
    back = s.bands(np.exp(-2j * s.kz_down * Z_F), np.exp(-2j * s.kz_up * Z_F))
    forth = s.bands(np.exp(2j * s.kz_down * Z_F), np.exp(2j * s.kz_up * Z_F))
    K_u, K_bar = _band_along(s, OBLIQUE), _band_along(s, _bar(OBLIQUE))
    flow = []
    for bias in biases_F(s):
        mu = bias @ s.one_prime
        inner = K_bar @ mu + K_u @ r_prime @ mu @ dagger(r_prime) @ decay
        inner = inner + K_bar @ back @ mu @ dagger(r_prime) + K_u @ r_prime @ mu @ forth
        flow.append(left @ inner @ right)
    return -_real(np.stack(flow, axis=2))


def eqA7c(s: Symbols) -> Complex:
    """Eq. (A7c) as transcribed: ĵ^F_u(z > 0) = −Re K̂·{e^{iK̂_z z}|K̂_z|^{−1/2}[…]e^{−iK̂_z z}|K̂_z|^{−1/2}}.

    […] = ū Δμ̂^F 1̂' + u r̂' Δμ̂^F r̂'† e^{−2Im[K̂_z]z} + (ū e^{−2iK̂_z z} Δμ̂^F r̂'† + u r̂' Δμ̂^F e^{2iK̂_z z}).
    """
    return _eqA7c(s)


def eqA7c_open(s: Symbols) -> Complex:
    """The same where both bands of F are open."""
    return np.where((s.open_up & s.open_down)[..., None, None, None], _eqA7c(s), 0)


def eqA7c_corrected(s: Symbols) -> Complex:
    """Eq. (A7c) with e^{−2Im[K̂_z]z} behind every r̂'†."""
    r_prime = projected(s).r_prime
    root = s.bands(np.sqrt(1 / np.abs(s.kz_down)), np.sqrt(1 / np.abs(s.kz_up)))
    left = s.bands(np.exp(1j * s.kz_down * Z_F), np.exp(1j * s.kz_up * Z_F)) @ root
    right = s.bands(np.exp(-1j * s.kz_down * Z_F), np.exp(-1j * s.kz_up * Z_F)) @ root
    decay = s.bands(np.exp(-2 * s.kz_down.imag * Z_F), np.exp(-2 * s.kz_up.imag * Z_F))
    back = s.bands(np.exp(-2j * s.kz_down * Z_F), np.exp(-2j * s.kz_up * Z_F))
    forth = s.bands(np.exp(2j * s.kz_down * Z_F), np.exp(2j * s.kz_up * Z_F))
    K_u, K_bar = _band_along(s, OBLIQUE), _band_along(s, _bar(OBLIQUE))
    flow = []
    for bias in biases_F(s):
        mu = bias @ s.one_prime
        inner = K_bar @ mu + K_u @ r_prime @ mu @ dagger(r_prime) @ decay
        inner = inner + K_bar @ back @ mu @ dagger(r_prime) @ decay + K_u @ r_prime @ mu @ forth
        flow.append(left @ inner @ right)
    return -_real(np.stack(flow, axis=2))


def eqA8a(s: Symbols) -> Complex:
    """ĵ_u(z < 0) = −(1̂/k_z)[k·ū (r̂ Δμ̂^N r̂† + t̂' Δμ̂^F t̂'†) + k·u Δμ̂^N], Eq. (A8a)."""
    a, over_k = projected(s), s.one / s.kz[..., None, None]
    k_u, k_bar = _along(s, OBLIQUE), _along(s, _bar(OBLIQUE))
    of_N = [over_k @ (k_bar * a.r @ mu @ dagger(a.r) + k_u * mu) for mu in BIASES_N]
    of_F = [over_k @ (k_bar * a.t_prime @ mu @ dagger(a.t_prime)) for mu in biases_F(s)]
    return -np.stack([*of_N, *of_F], axis=2)


def eqA8b(s: Symbols) -> Complex:
    """ĵ_u(z > 0) = −(1̂'/K̂_z)[K̂·u Diag[r̂' Δμ̂^F r̂'† + t̂ Δμ̂^N t̂†]] + K̂·ū Δμ̂^F, (A8b) as transcribed.

    The minus and the sum belong to both terms.
    """
    a, over_K = projected(s), s.one_prime @ np.linalg.inv(s.Kz)
    K_u, K_bar = _band_along(s, OBLIQUE), _band_along(s, _bar(OBLIQUE))
    flow = []
    for mu in BIASES_N:
        flow.append(over_K @ K_u @ _diag(s, a.t @ mu @ dagger(a.t)))
    for mu in biases_F(s):
        flow.append(over_K @ K_u @ _diag(s, a.r_prime @ mu @ dagger(a.r_prime)) + K_bar @ mu)
    return -np.stack(flow, axis=2)


def eqA8b_corrected(s: Symbols) -> Complex:
    """ĵ_u(z > 0) = −(1̂'/K̂_z)[K̂·u Diag[r̂' Δμ̂^F r̂'† + t̂ Δμ̂^N t̂†] + K̂·ū Δμ̂^F]."""
    a, over_K = projected(s), s.one_prime @ np.linalg.inv(s.Kz)
    K_u, K_bar = _band_along(s, OBLIQUE), _band_along(s, _bar(OBLIQUE))
    flow = []
    for mu in BIASES_N:
        flow.append(over_K @ K_u @ _diag(s, a.t @ mu @ dagger(a.t)))
    for mu in biases_F(s):
        flow.append(over_K @ (K_u @ _diag(s, a.r_prime @ mu @ dagger(a.r_prime)) + K_bar @ mu))
    return -np.stack(flow, axis=2)


def eqA9(s: Symbols) -> Complex:
    """ĵ_z(z < 0) = −[Δμ̂^N − (r̂ Δμ̂^N r̂† + t̂' Δμ̂^F t̂'†)] where k_⊥² < k_F², Eq. (A9)."""
    a, inside = projected(s), s.open_N[..., None, None]
    of_N = [mu - a.r @ mu @ dagger(a.r) for mu in BIASES_N]
    of_F = [-a.t_prime @ mu @ dagger(a.t_prime) for mu in biases_F(s)]
    return -np.stack(np.broadcast_arrays(*(np.where(inside, flow, 0) for flow in [*of_N, *of_F])), axis=2)
