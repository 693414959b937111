"""The expansion in h_R to every order: that of all four amplitudes, and the torque's.

With Ĝ = (1 + r̂_ex)/2ik_z at h_R = 0 and R = σ·(k×ẑ), the wave function at z = 0 obeys ψ = ψ⁰ + h_R Ĝ R ψ, so

    ψ(0) = (1 − h_R Ĝ R)⁻¹ ψ⁰(0) = Σ_n h_R^n (Ĝ R)^n ψ⁰(0).

Each amplitude is ψ(0) times the square roots of the fluxes, and each part of the torque is bilinear in ψ(0):
its coefficients are Cauchy products. Nothing here knows an engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from sotcheck.errors import TheoryError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.model import System
from sotcheck.system.spin import IDENTITY, PAULI, in_spin_bands, projectors
from sotcheck.theory.amplitudes import Amplitudes, unperturbed
from sotcheck.theory.sums import sum_of_averages
from sotcheck.theory.symbols import Symbols
from sotcheck.theory.validity import radius_of_convergence, threshold_states, why_not_expandable


@dataclass(frozen=True)
class Series:
    """Coefficients of h_R^n, n = 0 … N, in the four scattering amplitudes; each (N + 1, points, 2, 2).

    r̂_ex^(n) = 2ik_z Ĝ(RĜ)^n; from ψ(0) = 1 + r̂_ex, and the same for waves from F,

        t̂_ex^(n)  = |K̂_z|^½ |k_z|^−½ 2ik_z Ĝ(RĜ)^n,
        t̂'_ex^(n) = |k_z|^½ Ĝ(RĜ)^n 2iK̂_z |K̂_z|^−½,
        r̂'_ex^(n) = |K̂_z|^½ Ĝ(RĜ)^n 2iK̂_z |K̂_z|^−½   (less 1 for n = 0),

    where |K̂_z|^½ acts on the left: it does not commute with R = σ·(k×ẑ).

    `a`: without h_R, at the points; `powers` (N + 1, points, 2, 2): Ĝ(RĜ)^n; `from_N`, `from_F` (..., 2, 2):
    of the incident waves those that count.
    """

    a: Amplitudes
    powers: Complex
    from_N: Complex
    from_F: Complex

    def projected(self, a: Amplitudes) -> Series:
        """Return the series for incident waves that propagate; those of `amplitude_orders` are extended."""
        open_F = in_spin_bands(np.where(a.Kz.imag == 0, 1.0 + 0j, 0.0), a.m)
        return replace(self, from_N=a.hilbert_N, from_F=open_F)

    @property
    def r(self) -> Complex:
        """From N back to N."""
        return (2j * self.k * self.powers - self.incident) @ self.from_N

    @property
    def t(self) -> Complex:
        """From N to F."""
        return self.root_K @ self.powers * (2j * self.k / np.sqrt(np.abs(self.k))) @ self.from_N

    @property
    def r_prime(self) -> Complex:
        """From F back to F."""
        return (self.root_K @ self.powers @ self.source_F - self.incident) @ self.from_F

    @property
    def t_prime(self) -> Complex:
        """From F to N."""
        return np.sqrt(np.abs(self.k)) * self.powers @ (self.source_F @ self.from_F)

    @property
    def k(self) -> Complex:
        """k_z, shape (points, 1, 1)."""
        return self.a.kz[:, None, None]

    @property
    def root_K(self) -> Complex:
        """|K̂_z|^½."""
        return in_spin_bands(np.sqrt(np.abs(self.a.Kz)).astype(complex), self.a.m)

    @property
    def source_F(self) -> Complex:
        """2iK̂_z |K̂_z|^−½."""
        return in_spin_bands(2j * self.a.Kz / np.sqrt(np.abs(self.a.Kz)), self.a.m)

    @property
    def incident(self) -> Array:
        """1 of order 0."""
        return (np.arange(len(self.powers)) == 0)[:, None, None, None] * IDENTITY


def amplitude_orders(a: Amplitudes, rashba_term: Complex, orders: int) -> Series:
    """Return the series of all amplitudes, extended to incident waves that decay or grow.

    `rashba_term` is R at the points of `a`.
    """
    powers = [a.G]
    for _ in range(orders):
        powers.append(powers[-1] @ rashba_term @ a.G)
    return Series(a, np.stack(powers), IDENTITY, IDENTITY)


def _cauchy(left: Complex, right: Complex, n: int) -> Complex:
    """Return the coefficient of h^n in A(h) B(h)†, h real; operands (orders, 2, 2, points)."""
    return np.einsum("jabp,jcbp->acp", left[: n + 1], right[n::-1].conj())


def _spin(matrix: Complex) -> Complex:
    """Return Tr[σ A], shape (3, points), of (2, 2, points)."""
    return np.einsum("iba,abp->ip", PAULI, matrix)


def torque_integrand(iface: System, k_perp2: Array, angles: Array, wanted: list[int]) -> Array:
    """Return the coefficients of h_R^n in t's integrand: −(k_x/4π) [flow (1) + flow (2) of Fig. 2]_⊥m.

    Flow (1), the spin current at z = −0, is −Tr σ r̂ r̂† and −Tr σ t̂' u_s t̂'†, where k_z is real (its
    incident part is unpolarised). Flow (2), from the lattice, is h_R Im Tr σ R ρ with |k_z| ρ =
    (1̂ + r̂)(1̂ + r̂)† and t̂' u_s t̂'†. No current at z = +0 and no interface magnetism is needed.

    The orders `wanted` are ascending and at least 1. Axes of the result: k_⊥, angle, order, source (normal,
    majority, minority), spin; per d(k_⊥²)/4π and unit h_R^n.
    """
    x, angle = (grid.ravel() for grid in np.broadcast_arrays(k_perp2[:, None], angles))
    a = unperturbed(iface, x)
    R = rashba(np.sqrt(x), angle)
    series = amplitude_orders(a, R, wanted[-1]).projected(a)
    # Points last, where they lie side by side.
    r, t_prime, R_last, hilbert_N = (
        np.ascontiguousarray(np.moveaxis(one, -3, -1)) for one in (series.r, series.t_prime, R, a.hilbert_N)
    )
    psi_N = r.copy()
    psi_N[0] += hilbert_N
    minority, majority = projectors(a.m)
    from_F = [np.einsum("jabp,bc->jacp", t_prime, band) for band in (majority, minority)]
    propagating, inverse_k = np.where(a.kz.imag == 0, 1.0, 0.0), 1 / np.abs(a.kz)

    def flow(n: int, outgoing: Complex, at_zero: Complex) -> Array:
        current = -_spin(_cauchy(outgoing, outgoing, n)).real * propagating
        density = _cauchy(at_zero, at_zero, n - 1)
        return current + _spin(np.einsum("abp,bcp->acp", R_last, density)).imag * inverse_k

    sources = [(r, psi_N), *((one, one) for one in from_F)]
    flows = np.moveaxis(np.array([[flow(n, *source) for source in sources] for n in wanted]), -1, 0)
    transverse = flows - (flows @ a.m)[..., None] * a.m
    values = -(np.sqrt(x) * np.cos(angle))[:, None, None, None] * transverse / (4 * np.pi)
    return values.reshape(len(k_perp2), len(angles), len(wanted), 3, 3)


def half_circle(highest: int) -> Array:
    """Return angles whose mean is the exact angular average of odd orders up to `highest`.

    Order n has harmonics up to n + 1, for odd n only even ones: n + 3 over 2 points of a half circle do.
    """
    count = (highest + 3) // 2
    return np.pi * (np.arange(count) + 0.3) / count


def first_order(s: Symbols) -> Complex:
    """Return the coefficient of h_R by source, fieldlike + i dampinglike, shape (n, 1, 3), by the series.

    It does not depend on the direction of m: that along z has both components.
    """
    along_z = s.iface.with_(m=(0.0, 0.0, 1.0))
    t = torque_integrand(along_z, s.amplitudes.k_perp2, half_circle(1), [1])[:, :, 0].mean(axis=1)
    return (-t[..., 0] + 1j * t[..., 1])[:, None]


def over_k(average: Callable[[Array], Array], iface: Interface, rtol: float, rounding: float) -> Estimate:
    """Sum orders, which rise next to a threshold where a state is almost there without h_R, over k_⊥."""
    crowds = threshold_states(iface)
    # Each value of the integrand takes all orders at every angle.
    return sum_of_averages(average, iface, rtol, rounding, crowds=crowds, most=100_000).total


@lru_cache(maxsize=16)
def torque_orders(iface: Interface, highest: int, *, rtol: float = 1e-12) -> Estimate:
    """Sum the coefficients t_n of odd orders up to `highest` in t = Σ_n t_n h_R^n over k_⊥.

    By order (1, 3, 5, …: opposite k cancel even ones), source and spin component, shape (orders, 3, 3), in
    the unit of t. Quadrature errors are relative to the largest |t_n| ρ^n, with the radius of convergence ρ
    by k_⊥: in this measure all orders are of similar size. A TheoryError says that Ĝ diverges at some k_⊥, or
    nearly so: the sums of higher coefficients do not exist then.
    """
    if highest < 1 or highest % 2 == 0:
        raise TheoryError(f"the torque has odd orders only: found {highest}; expected 1, 3, 5, …")
    if highest > 1 and (why := why_not_expandable(iface)):
        raise TheoryError(
            f"{iface.name}: orders beyond the first do not exist, as {why}; ask for order 1, or for another "
            "interface"
        )
    orders = list(range(1, highest + 1, 2))
    scale = (min(radius_of_convergence(iface), 1.0) ** np.array(orders))[:, None, None]
    chosen = half_circle(highest)

    def average(x: Array) -> Array:
        return torque_integrand(iface, x, chosen, orders).mean(axis=1) * scale

    return over_k(average, iface, rtol, float(np.finfo(float).eps)) / scale
