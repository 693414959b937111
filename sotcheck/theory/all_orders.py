"""The expansion in h_R to every order: Eq. (46), its counterparts for t̂, r̂', t̂', and the torque's.

With Ĝ = (1 + r̂_ex)/2ik_z at h_R = 0 and R = σ·(k×ẑ), the wave function at z = 0 obeys ψ = ψ⁰ + h_R Ĝ R ψ, so

    ψ(0) = (1 − h_R Ĝ R)⁻¹ ψ⁰(0) = Σ_n h_R^n (Ĝ R)^n ψ⁰(0).

Each amplitude is ψ(0) times the square roots of the fluxes, and each part of the torque is bilinear in ψ(0):
its coefficients are Cauchy products. Nothing here knows an engine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.engines.poles import threshold_states
from sotcheck.errors import TheoryError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.quadrature import sum_over_k
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import IDENTITY, PAULI, in_spin_bands, projectors
from sotcheck.theory.amplitudes import Amplitudes, closed_forms
from sotcheck.theory.symbols import Symbols
from sotcheck.theory.validity import radius_of_convergence, why_not_expandable

#: Values of a sum's integrand, each of which takes all orders at every angle.
MOST_VALUES = 100_000


@dataclass(frozen=True)
class AmplitudeOrders:
    """Coefficients of h_R^n, n = 0 … N, in every scattering amplitude; each (N + 1, points, 2, 2).

    Attributes
    ----------
    r_ex, t_ex, r_prime_ex, t_prime_ex : arrays
        Extended amplitudes: for incident waves that decay or grow as well.
    r, t, r_prime, t_prime : arrays
        Projected to incident waves that propagate, as Eq. (7) does.
    """

    r_ex: Complex
    t_ex: Complex
    r_prime_ex: Complex
    t_prime_ex: Complex
    r: Complex
    t: Complex
    r_prime: Complex
    t_prime: Complex


def amplitude_orders(a: Amplitudes, rashba_term: Complex, orders: int) -> AmplitudeOrders:
    """Return the series (46) of r̂ and its counterparts.

    r̂_ex^(n) = 2ik_z Ĝ(RĜ)^n, Eq. (46a); from ψ(0) = 1 + r̂_ex, below Eq. (7), and the same for waves from F,

        t̂_ex^(n)  = |K̂_z|^½ |k_z|^−½ 2ik_z Ĝ(RĜ)^n,
        t̂'_ex^(n) = |k_z|^½ Ĝ(RĜ)^n 2iK̂_z |K̂_z|^−½,
        r̂'_ex^(n) = |K̂_z|^½ Ĝ(RĜ)^n 2iK̂_z |K̂_z|^−½   (less 1 for n = 0),

    where |K̂_z|^½ acts on the left: it does not commute with R.

    Parameters
    ----------
    a : Amplitudes
        Unperturbed, at n points.
    rashba_term : array (n, 2, 2)
        R = σ·(k×ẑ) at those points.
    orders : int
        N.
    """
    k, G = a.kz[:, None, None], a.G
    powers = [G]
    for _ in range(orders):
        powers.append(powers[-1] @ rashba_term @ G)
    X = np.stack(powers)
    root_k = np.sqrt(np.abs(k))
    root_K = in_spin_bands(np.sqrt(np.abs(a.Kz)).astype(complex), a.m)
    from_F = in_spin_bands(2j * a.Kz / np.sqrt(np.abs(a.Kz)), a.m)
    open_F = in_spin_bands(np.where(a.Kz.imag == 0, 1.0 + 0j, 0.0), a.m)

    r_ex, t_ex = 2j * k * X, root_K @ X * (2j * k / root_k)
    t_prime_ex, r_prime_ex = root_k * X @ from_F, root_K @ X @ from_F
    r_ex[0] -= IDENTITY
    r_prime_ex[0] -= IDENTITY
    return AmplitudeOrders(
        r_ex, t_ex, r_prime_ex, t_prime_ex,
        r_ex @ a.hilbert_N, t_ex @ a.hilbert_N, r_prime_ex @ open_F, t_prime_ex @ open_F,
    )  # fmt: skip


def _cauchy(left: Complex, right: Complex, n: int) -> Complex:
    """Return the coefficient of h^n in A(h) B(h)†, h real; operands (orders, 2, 2, points)."""
    return np.einsum("jabp,jcbp->acp", left[: n + 1], right[n::-1].conj())


def _spin(matrix: Complex) -> Complex:
    """Return Tr[σ A], shape (3, points), of (2, 2, points)."""
    return np.einsum("iba,abp->ip", PAULI, matrix)


def _points_last(matrices: Complex) -> Complex:
    return np.ascontiguousarray(np.moveaxis(matrices, 1, -1))


def torque_integrand(iface: Interface, k_perp2: Array, angles: Array, wanted: list[int]) -> Array:
    """Return the coefficients of h_R^n in t's integrand: −(k_x/4π) [flow (1) + flow (2) of Fig. 2]_⊥m.

    Flow (1), the spin current at z = −0, is −Tr σ r̂ r̂† and −Tr σ t̂' u_s t̂'†, where k_z is real (its
    incident part is unpolarised). Flow (2), from the lattice, is h_R Im Tr σ R ρ with |k_z| ρ =
    (1̂ + r̂)(1̂ + r̂)† and t̂' u_s t̂'†. No current at z = +0 and no interface magnetism is needed.

    Parameters
    ----------
    iface : Interface
    k_perp2 : array (n,)
    angles : array (a,)
    wanted : list of int
        The orders, ascending, at least 1.

    Returns
    -------
    array (n, a, orders, 3, 3)
        Axes: k_⊥, angle, order, source (normal, majority, minority), spin; per d(k_⊥²)/4π and unit h_R^n.
    """
    x, angle = (grid.ravel() for grid in np.broadcast_arrays(k_perp2[:, None], angles))
    a = closed_forms(iface, x)
    R = rashba(np.sqrt(x), angle)
    found = amplitude_orders(a, R, wanted[-1])
    r, t_prime, R_last = _points_last(found.r), _points_last(found.t_prime), np.moveaxis(R, 0, -1)
    psi_N = r.copy()
    psi_N[0] += np.moveaxis(a.hilbert_N, 0, -1)
    propagating, inverse_k = np.where(a.kz.imag == 0, 1.0, 0.0), 1 / np.abs(a.kz)

    minority, majority = projectors(a.m)
    from_F = [np.einsum("jabp,bc->jacp", t_prime, band) for band in (majority, minority)]
    outgoing = [r, *from_F]
    at_zero = [psi_N, *from_F]

    def torque(n: int, s: int) -> Array:
        current = -_spin(_cauchy(outgoing[s], outgoing[s], n)).real * propagating
        density = _cauchy(at_zero[s], at_zero[s], n - 1)
        lattice = _spin(np.einsum("abp,bcp->acp", R_last, density)).imag * inverse_k
        return current + lattice

    flow = np.array([[torque(n, s) for s in range(3)] for n in wanted])
    m = a.m[:, None]
    transverse = flow - np.einsum("nsip,i->nsp", flow, a.m)[:, :, None] * m
    k_x = np.sqrt(x) * np.cos(angle)
    values = -k_x * transverse / (4 * np.pi)
    return np.moveaxis(values, -1, 0).reshape(len(k_perp2), len(angles), len(wanted), 3, 3)


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


@dataclass(frozen=True)
class TorqueOrders:
    """Coefficients of t = Σ_n t_n h_R^n.

    Attributes
    ----------
    orders : list of int
        n = 1, 3, 5, …: opposite k cancel even ones.
    values, errors : arrays (orders, 3, 3)
        t_n by source and spin component in the unit of t, and the quadrature error.
    """

    orders: list[int]
    values: Array
    errors: Array


def torque_orders(iface: Interface, highest: int, *, rtol: float = 1e-12) -> TorqueOrders:
    """Sum the coefficients of odd orders up to `highest` over k_⊥.

    Parameters
    ----------
    iface : Interface
        Its own h_R is not used.
    highest : int
        Odd.
    rtol : float
        Wanted quadrature error relative to the largest |t_n| ρ^n, with the radius of convergence ρ by k_⊥:
        in this measure all orders are of similar size.

    Raises
    ------
    TheoryError
        If Ĝ diverges at some k_⊥, or nearly so: the sums of higher coefficients do not exist then.
    """
    if highest < 1 or highest % 2 == 0:
        raise TheoryError(f"the torque has odd orders only: found {highest}; expected 1, 3, 5, …")
    radius = radius_of_convergence(iface)
    if highest > 1 and (why := why_not_expandable(iface)):
        raise TheoryError(
            f"{iface.name}: orders beyond the first do not exist, as {why}; ask for order 1, or for another "
            "interface"
        )
    orders = list(range(1, highest + 1, 2))
    scale = min(radius, 1.0) ** np.array(orders)
    chosen = half_circle(highest)

    def f(x: Array, angles: Array) -> Array:
        values = torque_integrand(iface, x, chosen, orders).mean(axis=1) * scale[:, None, None]
        return np.broadcast_to(values[:, None], (len(x), len(angles), *values.shape[1:]))

    size = iface.thresholds()[-1] ** 1.5 / (24 * np.pi**2)
    found = sum_over_k(
        f,
        iface.thresholds(),
        rtol,
        float(np.finfo(float).eps) * size,
        crowds=threshold_states(iface),
        most=MOST_VALUES,
    )
    return TorqueOrders(
        orders, found.total.value / scale[:, None, None], found.total.error / scale[:, None, None]
    )
