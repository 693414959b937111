"""App. A 1 from Eq. (A10) on, equation by equation; `_corrected` where exact numerics confirm another form.

Everything is a summand by k_⊥ in units of e²/h and of the bias; (A11) to (A16) also of h_R. Energies count
from the bottom of N's band, as ħ²k_z²/2mₑ = E_F − E_⊥ asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.papers.kim2017.appendix_a1 import BIASES_N, PLANE, Z, biases_F
from sotcheck.system.spin import IDENTITY, dagger, dot_sigma
from sotcheck.theory.symbols import Symbols

#: u×z for a u in the plane along no axis.
N: Array = np.cross(PLANE, Z)


@dataclass(frozen=True)
class Bias:
    """Δμ̂^N = N0 − σ·s Ns and Δμ̂^F = F0 − σ·m Fs."""

    N0: float = 0.0
    Ns: float = 0.0
    s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    F0: float = 0.0
    Fs: float = 0.0


X_Y_Z = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
#: Spin biases of N in every direction.
SPIN = tuple(Bias(Ns=1.0, s=s) for s in X_Y_Z)
#: Every bias there is.
ALL = (Bias(N0=1.0), *SPIN, Bias(F0=1.0), Bias(Fs=1.0))


def collinear(s: Symbols) -> tuple[Bias, ...]:
    """Biases with s = m."""
    return Bias(N0=1.0), Bias(Ns=1.0, s=s.iface.m), Bias(F0=1.0), Bias(Fs=1.0)


def _imaginary(matrix: Complex) -> Complex:
    """Im[A] = (A − A†)/2i."""
    return (matrix - dagger(matrix)) / 2j


def _inside(s: Symbols, values: Array | Complex) -> Complex:
    """A summand of Σ over k_⊥² < k_F²."""
    return np.where(s.open_N, values, 0)


def _ratio(s: Symbols) -> Array:
    """E_⊥/(E_F − E_⊥)."""
    return s.k2 / (s.iface.E_F - s.iface.U_N - s.k2)


def _G(s: Symbols, r: Complex, r2: Complex) -> Complex:
    """G^{ss'} = Σ (1 − r^s r^s'), below Eq. (A10), as transcribed."""
    return _inside(s, 1 - r * r2)


def _G_corrected(s: Symbols, r: Complex, r2: Complex) -> Complex:
    """G^{ss'} = Σ (1 − r^s r^s'*)."""
    return _inside(s, 1 - r * r2.conj())


def _G_Rr(s: Symbols, r: Complex, r2: Complex, r3: Complex) -> Complex:
    """G_Rr^{ss's''} = −½ Σ E_⊥/(E_F − E_⊥) (1 + r^s)(1 + r^s') r^s''*, Eq. (A14a)."""
    return -_inside(s, _ratio(s) * (1 + r) * (1 + r2) * r3.conj()) / 2


def _G_Rt(s: Symbols, r: Complex, t2: Complex, t3: Complex) -> Complex:
    """G_Rt^{ss's''} = −½ Σ E_⊥/(E_F − E_⊥) (1 + r^s) t'^s' t'^s''*, Eq. (A14b)."""
    return -_inside(s, _ratio(s) * (1 + r) * t2 * t3.conj()) / 2


def _G_RD(s: Symbols, r: Complex, r2: Complex) -> Complex:
    """G_RΔ^{ss'} = −½ Σ E_⊥/(E_F − E_⊥) (1 + r^s)(1 + r^s'), Eq. (A16)."""
    return -_inside(s, _ratio(s) * (1 + r) * (1 + r2)) / 2


# Public names for formulas of other modules that are built on them.
G_Rr, G_Rt, G_RD = _G_Rr, _G_Rt, _G_RD


def eqA10a(s: Symbols) -> Complex:
    """(V/L) Tr[ĵ_z], Eq. (A10a), with G^{ss'} as transcribed; by bias."""
    up, down = _G(s, s.r_up, s.r_up), _G(s, s.r_down, s.r_down)
    return np.stack(
        [(up + down) * (b.F0 - b.N0) + (up - down) * (b.Fs - s.m @ b.s * b.Ns) for b in ALL], axis=-1
    )


def eqA10a_corrected(s: Symbols) -> Complex:
    """(G↑↑ + G↓↓)(Δμ_0^F − Δμ_0^N) + (G↑↑ − G↓↓)(Δμ_s^F − m·s Δμ_s^N), G^{ss'} = Σ (1 − r^s r^s'*)."""
    up, down = _G_corrected(s, s.r_up, s.r_up), _G_corrected(s, s.r_down, s.r_down)
    return np.stack(
        [(up + down) * (b.F0 - b.N0) + (up - down) * (b.Fs - s.m @ b.s * b.Ns) for b in ALL], axis=-1
    )


def eqA10b(s: Symbols) -> Complex:
    """−(V/L) Tr[σ ĵ_z], Eq. (A10b), with G^{ss'} as transcribed; by bias."""
    up, down, mixing = _G(s, s.r_up, s.r_up), _G(s, s.r_down, s.r_down), _G(s, s.r_up, s.r_down)
    flow = []
    for b in ALL:
        along = (up - down) * (b.F0 - b.N0) + (up + down) * (b.Fs - s.m @ b.s * b.Ns)
        across = np.cross(s.m, np.cross(b.s, s.m)) + 1j * np.cross(b.s, s.m)
        flow.append(along[..., None] * s.m - 2 * (mixing[..., None] * across).real * b.Ns)
    return np.stack(flow, axis=-2)


def eqA10b_corrected(s: Symbols) -> Complex:
    """The same with G^{ss'} = Σ (1 − r^s r^s'*)."""
    up, down = _G_corrected(s, s.r_up, s.r_up), _G_corrected(s, s.r_down, s.r_down)
    mixing = _G_corrected(s, s.r_up, s.r_down)
    flow = []
    for b in ALL:
        along = (up - down) * (b.F0 - b.N0) + (up + down) * (b.Fs - s.m @ b.s * b.Ns)
        across = np.cross(s.m, np.cross(b.s, s.m)) + 1j * np.cross(b.s, s.m)
        flow.append(along[..., None] * s.m - 2 * (mixing[..., None] * across).real * b.Ns)
    return np.stack(flow, axis=-2)


def eqA11_normal(s: Symbols) -> Complex:
    """−Im (k·u/k_z²)(1 + r̂) σ·(k×ẑ)(1 + r̂) Δμ̂^N r̂†, Eq. (A11), first term."""
    factor = ((s.kx * PLANE[0] + s.ky * PLANE[1]) / s.kz**2)[..., None, None]
    changed = factor * (IDENTITY + s.r) @ s.rashba @ (IDENTITY + s.r)
    return -_imaginary(np.stack([changed @ mu @ dagger(s.r) for mu in BIASES_N], axis=2))


def eqA11_ferromagnet(s: Symbols) -> Complex:
    """−Im (k·u/k_z²)(1 + r̂) σ·(k×ẑ) r̂ Δμ̂^F t̂'†, Eq. (A11) as transcribed, second term."""
    factor = ((s.kx * PLANE[0] + s.ky * PLANE[1]) / s.kz**2)[..., None, None]
    changed = np.where(s.open_N[..., None, None], factor, 0) * (IDENTITY + s.r) @ s.rashba @ s.r
    return -_imaginary(np.stack([changed @ mu @ dagger(s.t_prime) for mu in biases_F(s)], axis=2))


def eqA11_ferromagnet_corrected(s: Symbols) -> Complex:
    """−Im (k·u/k_z²)(1 + r̂) σ·(k×ẑ) t̂' Δμ̂^F t̂'†."""
    factor = ((s.kx * PLANE[0] + s.ky * PLANE[1]) / s.kz**2)[..., None, None]
    changed = np.where(s.open_N[..., None, None], factor, 0) * (IDENTITY + s.r) @ s.rashba @ s.t_prime
    return -_imaginary(np.stack([changed @ mu @ dagger(s.t_prime) for mu in biases_F(s)], axis=2))


def eqA12_normal(s: Symbols) -> Complex:
    """−½ Im E_⊥/(E_F − E_⊥)(1 + r̂) σ·(u×ẑ)(1 + r̂) Δμ̂^N r̂†, Eq. (A12), first term."""
    changed = _ratio(s)[..., None, None] * (IDENTITY + s.r) @ dot_sigma(N) @ (IDENTITY + s.r)
    return -_imaginary(np.stack([changed @ mu @ dagger(s.r) for mu in BIASES_N], axis=2)) / 2


def eqA12_ferromagnet(s: Symbols) -> Complex:
    """−½ Im E_⊥/(E_F − E_⊥)(1 + r̂) σ·(u×ẑ) r̂ Δμ̂^F t̂'†, Eq. (A12) as transcribed, second term."""
    changed = _inside(s, _ratio(s))[..., None, None] * (IDENTITY + s.r) @ dot_sigma(N) @ s.r
    return -_imaginary(np.stack([changed @ mu @ dagger(s.t_prime) for mu in biases_F(s)], axis=2)) / 2


def eqA12_ferromagnet_corrected(s: Symbols) -> Complex:
    """−½ Im E_⊥/(E_F − E_⊥)(1 + r̂) σ·(u×ẑ) t̂' Δμ̂^F t̂'†."""
    changed = _inside(s, _ratio(s))[..., None, None] * (IDENTITY + s.r) @ dot_sigma(N) @ s.t_prime
    return -_imaginary(np.stack([changed @ mu @ dagger(s.t_prime) for mu in biases_F(s)], axis=2)) / 2


def eqA14a(s: Symbols) -> Complex:
    """G_Rr^{ss's''}, Eq. (A14a), for all s, s', s'' in the order ↑, ↓."""
    r = (s.r_up, s.r_down)
    found = []
    for a, b, c in product(r, r, r):
        found.append(_G_Rr(s, a, b, c))
    return np.stack(found, axis=-1)


def eqA14b(s: Symbols) -> Complex:
    """G_Rt^{ss's''}, Eq. (A14b), for all s, s', s'' in the order ↑, ↓."""
    r, t = (s.r_up, s.r_down), (s.t_prime_up, s.t_prime_down)
    found = []
    for a, b, c in product(r, t, t):
        found.append(_G_Rt(s, a, b, c))
    return np.stack(found, axis=-1)


def eqA16(s: Symbols) -> Complex:
    """G_RΔ^{ss'}, Eq. (A16), for all s, s' in the order ↑, ↓."""
    r = (s.r_up, s.r_down)
    found = []
    for a, b in product(r, r):
        found.append(_G_RD(s, a, b))
    return np.stack(found, axis=-1)


def sum_of_conductances(s: Symbols) -> Complex:
    """G_Rr^{sss} + G_Rt^{sss} = −½ Σ E_⊥/(E_F − E_⊥)|1 + r^s|², below Eq. (A14), for ↑, ↓."""
    return np.stack([-_inside(s, _ratio(s) * np.abs(1 + r) ** 2) / 2 for r in (s.r_up, s.r_down)], axis=-1)
