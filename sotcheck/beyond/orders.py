"""The torque's coefficients in h_R from exact states alone: contour integrals and differences.

t(h_R) is real-analytic: for complex h_R it is bilinear in ψ(h_R) and [ψ(h_R*)]†, both of which an engine
finds from a κ̂ that is not Hermitian. No formula of the paper is used; `sotcheck.theory.all_orders` has those.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.engines import Engine
from sotcheck.engines.poles import threshold_states
from sotcheck.errors import EngineError
from sotcheck.exact.layers import Local, Solutions
from sotcheck.exact.observables import exact_flows, torque_from_flows, transverse
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.quadrature import sum_over_k
from sotcheck.system.interface import Interface
from sotcheck.system.spin import dagger, pauli_vector, projectors

#: Points of the contour, and its radius relative to that of convergence: what aliases is RADIUS^POINTS.
POINTS, RADIUS = 48, 0.5
#: Rounding of a Fourier coefficient: a few dozen operations.
ROUNDING = 64
#: Angles of half a circle: exact for the angular harmonics of odd orders below twice as many.
ANGLES = 8
#: Values of a sum's integrand, each of which takes a contour at every angle.
MOST_VALUES = 100_000


@dataclass(frozen=True)
class Orders:
    """Coefficients of h_R^n in t: orders 1, 3, 5, …; values and errors (orders, 3 sources, 3)."""

    orders: list[int]
    values: Array
    errors: Array


def _normalised(local: Local, angle: Array, scale: Complex) -> tuple[list[Complex], list[Complex]]:
    """Return ψ(0) and ∂_zψ(+0) by source, for incident waves of unit flux; zero for closed channels."""
    iface = local.iface

    def per_flux(states: Solutions, incident: Complex, ik: Complex) -> tuple[Complex, Complex]:
        inverse = np.linalg.inv(incident)
        k, basis = np.linalg.eigh(-(ik @ ik))
        flux = np.where(k > 0, 1 / np.sqrt(np.sqrt(np.abs(k))), 0.0)
        columns = inverse @ (basis * flux[..., None, :]) @ dagger(basis)
        return states.psi @ columns, states.slope_plus @ columns

    above = local.from_above(angle, scale)
    psi_N, slope_N = per_flux(above, local.above(above)[0], local.ik)
    beneath = local.from_beneath(angle, scale)
    psi_F, slope_F = per_flux(beneath, local.below(beneath)[1], local.iK)
    minority, majority = projectors(np.array(iface.m))
    return [psi_N, psi_F @ majority, psi_F @ minority], [slope_N, slope_F @ majority, slope_F @ minority]


def resolved_orders(
    engine: str,
    iface: Interface,
    k_perp: Array,
    angles: Array,
    highest: int,
    *,
    points: int = POINTS,
    radius: float = RADIUS,
) -> tuple[Array, Array]:
    """Return the coefficients of odd orders in t's integrand at every k_⊥ and angle: contour integrals.

    Parameters
    ----------
    engine : str
        "continuum" or "kwant".
    iface : Interface
    k_perp, angles : arrays (n,) and (a,)
    highest : int
        Highest order, odd, well below `points`.
    points : int
        Of the circle in h_R, even.
    radius : float
        Of the circle, relative to the radius of convergence at each k_⊥ and angle.

    Returns
    -------
    values, errors : arrays (n, a, orders, 3, 3)
        Axes: k_⊥, angle, order, source, spin; per d(k_⊥²)/4π and h_R^n. Errors: what aliases, from the
        Fourier coefficients next to the middle of the spectrum, and the rounding of the sums.

    Raises
    ------
    EngineError
        Where band edges are too close together for double precision.
    """
    orders = np.arange(1, highest + 1, 2)
    local = Local(engine, iface, tuple(np.asarray(k_perp, dtype=float).tolist()))
    k, angle = np.broadcast_arrays(local.k, angles)
    step = radius * local.radius(angles)
    h = step[..., None] * np.exp(2j * np.pi * np.arange(points) / points)
    try:
        # Angles and points of the contour are one axis to the engine.
        psi, slope = _normalised(local, np.repeat(angles, points), h.reshape(len(h), -1))
    except np.linalg.LinAlgError as singular:
        raise EngineError(
            f"{iface.name}: incident waves cannot be told apart at k_perp near {local.k.min():.3g}: band "
            "edges, or a Fermi circle, too close together for an expansion in double precision"
        ) from singular
    exchange = iface.interface_exchange()

    def continued(psi: Complex, slope: Complex) -> Complex:
        psi, slope = psi.reshape(*h.shape, 2, 2), slope.reshape(*h.shape, 2, 2)
        # [ψ(h*)]†: the conjugate of point j is point −j.
        mirror = -np.arange(points) % points
        bra, bra_slope = dagger(psi[..., mirror, :, :]), dagger(slope[..., mirror, :, :])
        current = (pauli_vector(slope @ bra) - pauli_vector(psi @ bra_slope)) / 2j
        density = psi @ bra
        taken = (pauli_vector(exchange @ density) - pauli_vector(density @ exchange)) / 2j
        return current - taken

    flow = np.stack([continued(p, s) for p, s in zip(psi, slope, strict=True)], axis=-2)
    values = -(k * np.cos(angle))[..., None, None, None] * flow / (4 * np.pi)
    power = np.fft.fft(values, axis=-3) / points
    scale = step[..., None, None, None] ** orders[:, None, None]
    found = transverse(power[..., orders, :, :].real, iface.direction) / scale
    size = np.abs(power).max(axis=(-1, -2, -3), keepdims=True)
    middle = np.abs(power[..., points // 2 - 1 : points // 2 + 1, :, :]).max(axis=(-1, -2, -3), keepdims=True)
    # Coefficient n + points aliases into n; it is smaller than the one in the middle by radius^(points/2).
    error = (middle * radius ** (points // 2) + ROUNDING * np.finfo(float).eps * size) / scale
    return found, np.broadcast_to(error, found.shape)


def contour_orders(iface: Interface, highest: int, scale: float, *, rtol: float = 1e-11) -> Orders:
    """Sum the contour integrals of `continuum` over k_⊥.

    Parameters
    ----------
    iface : Interface
    highest : int
        Odd.
    scale : float
        Value of h_R at which orders are weighed against each other: the radius of convergence, say.
    rtol : float
        Wanted quadrature error relative to the largest |t_n| scale^n.
    """
    count = (highest + 3) // 2
    angles = np.pi * (np.arange(max(count, ANGLES)) + 0.3) / max(count, ANGLES)
    orders = list(range(1, highest + 1, 2))
    weight = (scale ** np.array(orders))[:, None, None]

    def f(x: Array, some: Array) -> Array:
        found = resolved_orders("continuum", iface, np.sqrt(x), angles, highest)
        average = np.stack([part.mean(axis=1) for part in found], axis=1) * weight
        return np.broadcast_to(average[:, None], (len(x), len(some), *average.shape[1:]))

    size = iface.thresholds()[-1] ** 1.5 / (24 * np.pi**2)
    found = sum_over_k(
        f,
        iface.thresholds(),
        rtol,
        64 * float(np.finfo(float).eps) * size,
        crowds=threshold_states(iface),
        most=MOST_VALUES,
    )
    values, contour = found.total.value / weight
    return Orders(orders, values, found.total.error[0] / weight + contour)


def difference_orders(
    engine: Engine, iface: Interface, largest_h: float, *, steps: int = 9, rtol: float = 1e-12
) -> Orders:
    """Return coefficients read off the exact torque at real h_R: the interpolating polynomial in h_R².

    Parameters
    ----------
    engine : Engine
    iface : Interface
    largest_h : float
        Well below the radius of convergence.
    steps : int
        Values of h_R, at Chebyshev points of (0, largest_h²).
    rtol : float
        Quadrature error of each.

    Returns
    -------
    Orders
        1, 3, 5; errors are what the highest degree contributes, plus quadrature errors carried through.
    """
    if steps < 5:
        raise EngineError(f"steps = {steps} is not accepted; expected at least 5 values of h_R")
    w = (1 + np.cos(np.pi * (np.arange(steps) + 0.5) / steps)) / 2
    h = largest_h * np.sqrt(w)
    found = exact_flows(engine, iface, h, rtol=rtol)
    t = torque_from_flows(found.total.value, iface.direction)
    # Chebyshev's coefficients, and T_k, T_k′, T_k″/2 at w = 0: powers of w themselves lose digits.
    k = np.arange(steps)
    chebyshev = (
        np.polynomial.chebyshev.chebvander(2 * w - 1, steps - 1).T * np.where(k, 2, 1)[:, None] / steps
    )
    at_zero = (-1.0) ** k * np.stack([np.ones(steps), -2 * k**2, 2 * k**2 * (k**2 - 1) / 3])
    weights = at_zero @ chebyshev
    full = np.einsum("nj,jsi->nsi", weights, t)
    last = np.einsum("n,j,jsi->nsi", at_zero[:, -1], chebyshev[-1], t)
    noise = found.total.error.max(axis=(-1, -2)) + engine.rounding(iface.structure) * np.abs(t).max()
    carried = np.einsum("nj,js->ns", np.abs(weights), np.broadcast_to(noise, t.shape[:-1]))
    scale = (largest_h ** np.array([0, 2, 4]))[:, None, None]
    # One component may change little by accident: all get the largest change of their vector.
    change = np.abs(last).max(axis=-1, keepdims=True) + np.zeros_like(full)
    return Orders([1, 3, 5], full / scale, (change + carried[:, :, None]) / scale)
