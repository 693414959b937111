"""Eqs. (A13) and (A15): in-plane charge and spin currents by bias, and how they jump at the interface.

Summands by k_⊥, angular average taken, in units of h_R e²/h and of the bias.
"""

from __future__ import annotations

import numpy as np

from sotcheck.spin import Array, Complex, Mask
from sotcheck.theory.appendix_a1_conductances import ALL, SPIN, Bias, N, collinear
from sotcheck.theory.symbols import Symbols


def _inside(s: Symbols, values: Complex) -> Complex:
    """A summand of Σ over k_⊥² < k_F²."""
    return np.where(s.open_N, values, 0) * s.k2 / (s.iface.E_F - s.iface.U_N - s.k2)


def _G_Rr(s: Symbols, r: Complex, r2: Complex, r3: Complex) -> Complex:
    return -_inside(s, (1 + r) * (1 + r2) * r3.conj()) / 2


def _G_Rt(s: Symbols, r: Complex, t2: Complex, t3: Complex) -> Complex:
    return -_inside(s, (1 + r) * t2 * t3.conj()) / 2


def _G_RD(s: Symbols, r: Complex, r2: Complex) -> Complex:
    return -_inside(s, (1 + r) * (1 + r2)) / 2


def _across(v: Array | tuple[float, ...], m: Array) -> Complex:
    """m×(v×m) + i v×m."""
    return np.cross(m, np.cross(v, m)) + 1j * np.cross(v, m)


def _eqA13a(s: Symbols, b: Bias) -> Complex:
    t_up = _G_Rt(s, s.r_up, s.t_prime_up, s.t_prime_up)
    t_down = _G_Rt(s, s.r_down, s.t_prime_down, s.t_prime_down)
    r_up = _G_Rr(s, s.r_up, s.r_up, s.r_down)
    r_down = _G_Rr(s, s.r_down, s.r_down, s.r_up)
    charge, spin = b.F0 - b.N0, b.Fs - s.m @ b.s * b.Ns
    along = ((t_up - t_down) * charge + (t_up + t_down) * spin) * (N @ s.m)
    half = -(along + (r_up - r_down) * b.Ns * (N @ _across(b.s, s.m))) / 2j
    return half + half.conj()


def eqA13a_collinear(s: Symbols) -> Complex:
    """(V/L) Tr[ĵ_u(z < 0)], Eq. (A13a) as transcribed, with s = m."""
    return np.stack([_eqA13a(s, b) for b in collinear(s)], axis=-1)


def eqA13a(s: Symbols) -> Complex:
    """(V/L) Tr[ĵ_u(z < 0)], Eq. (A13a) as transcribed, for every bias."""
    return np.stack([_eqA13a(s, b) for b in ALL], axis=-1)


def _eqA13a_corrected(s: Symbols, b: Bias) -> Complex:
    t_up = _G_Rt(s, s.r_up, s.t_prime_up, s.t_prime_up)
    t_down = _G_Rt(s, s.r_down, s.t_prime_down, s.t_prime_down)
    r_up = _G_Rr(s, s.r_up, s.r_down, s.r_down)
    r_down = _G_Rr(s, s.r_down, s.r_up, s.r_up)
    charge, spin = b.F0 - b.N0, b.Fs - s.m @ b.s * b.Ns
    along = ((t_up - t_down) * charge + (t_up + t_down) * spin) * (N @ s.m)
    half = -(along + (r_up - r_down.conj()) * b.Ns * (N @ _across(b.s, s.m))) / 2j
    return half + half.conj()


def eqA13a_corrected(s: Symbols) -> Complex:
    """Eq. (A13a) with G_Rr^{↑↓↓} − G_Rr^{↓↑↑*} before the transverse bias."""
    return np.stack([_eqA13a_corrected(s, b) for b in ALL], axis=-1)


def eqA13a_spin(s: Symbols) -> Complex:
    """The same for spin biases of N alone."""
    return np.stack([_eqA13a_corrected(s, b) for b in SPIN], axis=-1)


def _eqA13b(s: Symbols, b: Bias) -> Complex:
    t_up = _G_Rt(s, s.r_up, s.t_prime_up, s.t_prime_up)
    t_down = _G_Rt(s, s.r_down, s.t_prime_down, s.t_prime_down)
    r_up = _G_Rr(s, s.r_up, s.r_up, s.r_down)
    r_down = _G_Rr(s, s.r_down, s.r_down, s.r_up)
    mixed_t_up = _G_Rt(s, s.r_up, s.t_prime_down, s.t_prime_down)
    mixed_t_down = _G_Rt(s, s.r_down, s.t_prime_up, s.t_prime_up)
    mixed_r_up = _G_Rr(s, s.r_up, s.r_down, s.r_down)
    mixed_r_down = _G_Rr(s, s.r_down, s.r_up, s.r_up)
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
    return np.stack([_eqA13b(s, b) for b in ALL], axis=-2)


def eqA13b_along(s: Symbols) -> Complex:
    """Its component along m with s = m."""
    return np.stack([_eqA13b(s, b) @ s.m for b in collinear(s)], axis=-1)


def _eqA13b_corrected(s: Symbols, b: Bias) -> Complex:
    t_up = _G_Rt(s, s.r_up, s.t_prime_up, s.t_prime_up)
    t_down = _G_Rt(s, s.r_down, s.t_prime_down, s.t_prime_down)
    r_up = _G_Rr(s, s.r_up, s.r_up, s.r_down)
    r_down = _G_Rr(s, s.r_down, s.r_down, s.r_up).conj()
    mixed_t_up = _G_Rt(s, s.r_up, s.t_prime_down, s.t_prime_down)
    mixed_t_down = _G_Rt(s, s.r_down, s.t_prime_up, s.t_prime_up).conj()
    mixed_r_up = _G_Rr(s, s.r_up, s.r_down, s.r_down)
    mixed_r_down = _G_Rr(s, s.r_down, s.r_up, s.r_up).conj()
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
    return np.stack([_eqA13b_corrected(s, b) for b in ALL], axis=-2)


def at_equilibrium(s: Symbols) -> Complex:
    """Eq. (A13b) as transcribed with Δμ_0^N = Δμ_0^F and no spin bias."""
    return _eqA13b(s, Bias(N0=1.0, F0=1.0))


def _jumps(s: Symbols) -> tuple[Complex, Complex, Complex]:
    """G_RΔ^{↑↑}, G_RΔ^{↓↓}, G_RΔ^{↑↓}."""
    return (
        _G_RD(s, s.r_up, s.r_up),
        _G_RD(s, s.r_down, s.r_down),
        _G_RD(s, s.r_up, s.r_down),
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
    return np.stack([np.where(all_open(s), _eqA15a(s, b), 0) for b in ALL], axis=-1)


def eqA15a(s: Symbols) -> Complex:
    """(V/L) Tr[Δĵ_u], Eq. (A15a) as transcribed: everywhere."""
    return np.stack([_eqA15a(s, b) for b in ALL], axis=-1)


def eqA15b_open(s: Symbols) -> Complex:
    """−(V/L) Tr[σ Δĵ_u], Eq. (A15b), where every channel is open, with the direction m that it lacks."""
    return np.stack([np.where(all_open(s), _eqA15b(s, b), 0)[..., None] * s.m for b in ALL], axis=-2)


def eqA15b(s: Symbols) -> Complex:
    """−(V/L) Tr[σ Δĵ_u], Eq. (A15b) as transcribed: a number for a vector."""
    return np.stack([np.where(all_open(s), _eqA15b(s, b), 0)[..., None] for b in ALL], axis=-2)


def _jumps_by_band(s: Symbols) -> tuple[Complex, Complex, Complex, Complex]:
    """G̃^{↑↑}, G̃^{↓↓}, G̃^{↑↓}, G̃^{↓↑}: G_RΔ^{ss'} where band s is open, −G_Rr^{ss's} where it is closed."""
    return (
        np.where(s.open_up, _G_RD(s, s.r_up, s.r_up), 0),
        np.where(s.open_down, _G_RD(s, s.r_down, s.r_down), 0),
        np.where(s.open_up, _G_RD(s, s.r_up, s.r_down), -_G_Rr(s, s.r_up, s.r_down, s.r_up)),
        np.where(s.open_down, _G_RD(s, s.r_down, s.r_up), -_G_Rr(s, s.r_down, s.r_up, s.r_down)),
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
    return np.stack([_eqA15a_corrected(s, b) for b in ALL], axis=-1)


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
    return np.stack([_eqA15b_corrected(s, b) for b in ALL], axis=-2)
