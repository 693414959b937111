"""Eqs. (A13) and (A15): in-plane charge and spin currents by bias, and how they jump at the interface.

Summands by k_⊥, angular average taken, in units of h_R e²/h and of the bias.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sotcheck.numerics.arrays import Array, Complex, Mask
from sotcheck.papers.kim2017.appendix_a1_conductances import ALL, G_RD, SPIN, Bias, G_Rr, G_Rt, N, collinear
from sotcheck.theory.symbols import Symbols


def by_bias(
    s: Symbols, formula: Callable[[Symbols, Bias], Complex], biases: Sequence[Bias], axis: int
) -> Complex:
    """Stack what a formula says of each bias."""
    return np.stack([formula(s, b) for b in biases], axis=axis)


def _across(v: Array | tuple[float, ...], m: Array) -> Complex:
    """m×(v×m) + i v×m."""
    return np.cross(m, np.cross(v, m)) + 1j * np.cross(v, m)


def _eqA13a(s: Symbols, b: Bias) -> Complex:
    t_up = G_Rt(s, s.r_up, s.t_prime_up, s.t_prime_up)
    t_down = G_Rt(s, s.r_down, s.t_prime_down, s.t_prime_down)
    r_up = G_Rr(s, s.r_up, s.r_up, s.r_down)
    r_down = G_Rr(s, s.r_down, s.r_down, s.r_up)
    charge, spin = b.F0 - b.N0, b.Fs - s.m @ b.s * b.Ns
    along = ((t_up - t_down) * charge + (t_up + t_down) * spin) * (N @ s.m)
    half = -(along + (r_up - r_down) * b.Ns * (N @ _across(b.s, s.m))) / 2j
    return half + half.conj()


def _eqA13a_collinear(s: Symbols, b: Bias) -> Complex:
    up = G_Rt(s, s.r_up, s.t_prime_up, s.t_prime_up)
    down = G_Rt(s, s.r_down, s.t_prime_down, s.t_prime_down)
    half = -((up - down) * (b.F0 - b.N0) + (up + down) * (b.Fs - b.Ns)) * (N @ s.m) / 2j
    return half + half.conj()


def eqA13a_collinear(s: Symbols) -> Complex:
    """(V/L) Tr[ĵ_u(z < 0)], Eq. (A13a) as transcribed: its terms with s = m."""
    return by_bias(s, _eqA13a_collinear, collinear(s), axis=-1)


def eqA13a(s: Symbols) -> Complex:
    """(V/L) Tr[ĵ_u(z < 0)], Eq. (A13a) as transcribed, for every bias."""
    return by_bias(s, _eqA13a, ALL, axis=-1)


def _eqA13a_corrected(s: Symbols, b: Bias) -> Complex:
    t_up = G_Rt(s, s.r_up, s.t_prime_up, s.t_prime_up)
    t_down = G_Rt(s, s.r_down, s.t_prime_down, s.t_prime_down)
    r_up = G_Rr(s, s.r_up, s.r_down, s.r_down)
    r_down = G_Rr(s, s.r_down, s.r_up, s.r_up)
    charge, spin = b.F0 - b.N0, b.Fs - s.m @ b.s * b.Ns
    along = ((t_up - t_down) * charge + (t_up + t_down) * spin) * (N @ s.m)
    half = -(along + (r_up - r_down.conj()) * b.Ns * (N @ _across(b.s, s.m))) / 2j
    return half + half.conj()


def eqA13a_corrected(s: Symbols) -> Complex:
    """Eq. (A13a) with G_Rr^{↑↓↓} − G_Rr^{↓↑↑*} before the transverse bias."""
    return by_bias(s, _eqA13a_corrected, ALL, axis=-1)


def eqA13a_spin(s: Symbols) -> Complex:
    """The same for spin biases of N alone."""
    return by_bias(s, _eqA13a_corrected, SPIN, axis=-1)


def _eqA13b(s: Symbols, b: Bias) -> Complex:
    t_up = G_Rt(s, s.r_up, s.t_prime_up, s.t_prime_up)
    t_down = G_Rt(s, s.r_down, s.t_prime_down, s.t_prime_down)
    r_up = G_Rr(s, s.r_up, s.r_up, s.r_down)
    r_down = G_Rr(s, s.r_down, s.r_down, s.r_up)
    mixed_t_up = G_Rt(s, s.r_up, s.t_prime_down, s.t_prime_down)
    mixed_t_down = G_Rt(s, s.r_down, s.t_prime_up, s.t_prime_up)
    mixed_r_up = G_Rr(s, s.r_up, s.r_down, s.r_down)
    mixed_r_down = G_Rr(s, s.r_down, s.r_up, s.r_up)
    charge, spin, longitudinal = b.F0 - b.N0, b.Fs - s.m @ b.s * b.Ns, s.m @ b.s
    along = ((t_up + t_down) * charge + (t_up - t_down) * spin) * (N @ s.m)
    along = along - (r_up + r_down) * b.Ns * (N @ _across(b.s, s.m))
    turned = (mixed_t_up - mixed_t_down) * b.F0 - (mixed_t_up + mixed_t_down) * b.Fs
    turned = turned + (mixed_r_up - mixed_r_down) * b.N0 - longitudinal * (mixed_r_up + mixed_r_down) * b.Ns
    kept = (N @ s.m) * (mixed_r_up + mixed_r_down) * b.Ns
    half = along[..., None] * s.m
    half = half + turned[..., None] * (np.cross(s.m, np.cross(N, s.m)) - 1j * np.cross(s.m, N))
    half = -(half + kept[..., None] * _across(b.s, s.m)) / 2j
    return half + half.conj()


def eqA13b(s: Symbols) -> Complex:
    """−(V/L) Tr[σ ĵ_u(z < 0)], Eq. (A13b) as transcribed, for every bias."""
    return by_bias(s, _eqA13b, ALL, axis=-2)


def _eqA13b_collinear(s: Symbols, b: Bias) -> Complex:
    up = G_Rt(s, s.r_up, s.t_prime_up, s.t_prime_up)
    down = G_Rt(s, s.r_down, s.t_prime_down, s.t_prime_down)
    half = -((up + down) * (b.F0 - b.N0) + (up - down) * (b.Fs - b.Ns)) * (N @ s.m) / 2j
    return half + half.conj()


def eqA13b_along(s: Symbols) -> Complex:
    """Its terms along m with s = m."""
    return by_bias(s, _eqA13b_collinear, collinear(s), axis=-1)


def _eqA13b_corrected(s: Symbols, b: Bias) -> Complex:
    t_up = G_Rt(s, s.r_up, s.t_prime_up, s.t_prime_up)
    t_down = G_Rt(s, s.r_down, s.t_prime_down, s.t_prime_down)
    r_up = G_Rr(s, s.r_up, s.r_up, s.r_down)
    r_down = G_Rr(s, s.r_down, s.r_down, s.r_up).conj()
    mixed_t_up = G_Rt(s, s.r_up, s.t_prime_down, s.t_prime_down)
    mixed_t_down = G_Rt(s, s.r_down, s.t_prime_up, s.t_prime_up).conj()
    mixed_r_up = G_Rr(s, s.r_up, s.r_down, s.r_down)
    mixed_r_down = G_Rr(s, s.r_down, s.r_up, s.r_up).conj()
    charge, spin, longitudinal = b.F0 - b.N0, b.Fs - s.m @ b.s * b.Ns, s.m @ b.s
    along = ((t_up + t_down) * charge + (t_up - t_down) * spin) * (N @ s.m)
    along = along - (mixed_r_up + mixed_r_down) * b.Ns * (N @ _across(b.s, s.m))
    turned = (mixed_t_up - mixed_t_down) * b.F0 - (mixed_t_up + mixed_t_down) * b.Fs
    turned = turned + (mixed_r_up - mixed_r_down) * b.N0 - longitudinal * (mixed_r_up + mixed_r_down) * b.Ns
    kept = (N @ s.m) * (r_up + r_down) * b.Ns
    half = along[..., None] * s.m
    half = half + turned[..., None] * (np.cross(s.m, np.cross(N, s.m)) - 1j * np.cross(s.m, N))
    half = -(half + kept[..., None] * _across(b.s, s.m)) / 2j
    return half + half.conj()


def eqA13b_corrected(s: Symbols) -> Complex:
    """Eq. (A13b) with G^{↓↑↑*} for G^{↓↑↑}; in terms of s×m G_Rr^{↑↓↓} and G_Rr^{↑↑↓} change places."""
    return by_bias(s, _eqA13b_corrected, ALL, axis=-2)


def at_equilibrium(s: Symbols) -> Complex:
    """Eq. (A13b) as transcribed with Δμ_0^N = Δμ_0^F and no spin bias."""
    return _eqA13b(s, Bias(N0=1.0, F0=1.0))


def _jumps(s: Symbols) -> tuple[Complex, Complex, Complex]:
    """G_RΔ^{↑↑}, G_RΔ^{↓↓}, G_RΔ^{↑↓}."""
    return (
        G_RD(s, s.r_up, s.r_up),
        G_RD(s, s.r_down, s.r_down),
        G_RD(s, s.r_up, s.r_down),
    )


def _eqA15a(s: Symbols, b: Bias) -> Complex:
    up, down, mixing = _jumps(s)
    charge, spin = b.F0 - b.N0, b.Fs - s.m @ b.s * b.Ns
    along = ((up - down) * charge + (up + down) * spin) * (N @ s.m)
    half = (along - 2 * mixing * (N @ np.cross(s.m, np.cross(b.s, s.m))) * b.Ns) / 2j
    return half + half.conj()


def _eqA15b(s: Symbols, b: Bias) -> Complex:
    up, down, mixing = _jumps(s)
    charge, spin = b.F0 - b.N0, b.Fs - s.m @ b.s * b.Ns
    along = ((up + down) * charge + (up - down) * spin) * (N @ s.m)
    half = (along + 2j * mixing * (N @ np.cross(b.s, s.m)) * b.Ns) / 2j
    return half + half.conj()


def all_open(s: Symbols) -> Mask:
    """Where N and both bands of F are open, shape (n, 1)."""
    return s.open_N & s.open_up & s.open_down


def eqA15a_open(s: Symbols) -> Complex:
    """(V/L) Tr[Δĵ_u], Eq. (A15a), where every channel is open."""
    return by_bias(s, _eqA15a, ALL, axis=-1) * all_open(s)[..., None]


def eqA15a(s: Symbols) -> Complex:
    """(V/L) Tr[Δĵ_u], Eq. (A15a) as transcribed: everywhere."""
    return by_bias(s, _eqA15a, ALL, axis=-1)


def eqA15b_open(s: Symbols) -> Complex:
    """−(V/L) Tr[σ Δĵ_u], Eq. (A15b) as transcribed, a number for a vector, where every channel is open."""
    return (by_bias(s, _eqA15b, ALL, axis=-1) * all_open(s)[..., None])[..., None]


def eqA15b_open_corrected(s: Symbols) -> Complex:
    """The same along m."""
    return (by_bias(s, _eqA15b, ALL, axis=-1) * all_open(s)[..., None])[..., None] * s.m


def eqA15b(s: Symbols) -> Complex:
    """−(V/L) Tr[σ Δĵ_u], Eq. (A15b) as transcribed: everywhere."""
    return by_bias(s, _eqA15b, ALL, axis=-1)[..., None]


def _jumps_by_band(s: Symbols) -> tuple[Complex, Complex, Complex, Complex]:
    """G̃^{↑↑}, G̃^{↓↓}, G̃^{↑↓}, G̃^{↓↑}: G_RΔ^{ss'} where band s is open, −G_Rr^{ss's} where it is closed."""
    return (
        np.where(s.open_up, G_RD(s, s.r_up, s.r_up), 0),
        np.where(s.open_down, G_RD(s, s.r_down, s.r_down), 0),
        np.where(s.open_up, G_RD(s, s.r_up, s.r_down), -G_Rr(s, s.r_up, s.r_down, s.r_up)),
        np.where(s.open_down, G_RD(s, s.r_down, s.r_up), -G_Rr(s, s.r_down, s.r_up, s.r_down)),
    )


def _eqA15a_corrected(s: Symbols, b: Bias) -> Complex:
    up, down, up_down, down_up = _jumps_by_band(s)
    charge, spin = b.F0 - b.N0, b.Fs - s.m @ b.s * b.Ns
    along = ((up - down) * charge + (up + down) * spin) * (N @ s.m)
    across = (up_down + down_up) * (N @ np.cross(s.m, np.cross(b.s, s.m)))
    across = across + 1j * (down_up - up_down) * (N @ np.cross(b.s, s.m))
    half = (along - across * b.Ns) / 2j
    return half + half.conj()


def eqA15a_corrected(s: Symbols) -> Complex:
    """Eq. (A15a) with G̃ for G_RΔ, and i(G̃^{↓↑} − G̃^{↑↓}) s×m beside (G̃^{↑↓} + G̃^{↓↑}) m×(s×m)."""
    return by_bias(s, _eqA15a_corrected, ALL, axis=-1)


def _eqA15b_corrected(s: Symbols, b: Bias) -> Complex:
    up, down, up_down, down_up = _jumps_by_band(s)
    charge, spin = b.F0 - b.N0, b.Fs - s.m @ b.s * b.Ns
    along = ((up + down) * charge + (up - down) * spin) * (N @ s.m)
    across = (down_up - up_down) * (N @ np.cross(s.m, np.cross(b.s, s.m)))
    across = across + 1j * (down_up + up_down) * (N @ np.cross(b.s, s.m))
    half = (along + across * b.Ns) / 2j
    return (half + half.conj())[..., None] * s.m


def eqA15b_corrected(s: Symbols) -> Complex:
    """Eq. (A15b) along m, with G̃ for G_RΔ, everywhere."""
    return by_bias(s, _eqA15b_corrected, ALL, axis=-2)
