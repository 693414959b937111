"""Exact states at complex h_R: where they diverge, and the torque's coefficients as contour integrals.

t(h_R) is real-analytic: for complex h_R it is bilinear in ψ(h_R) and [ψ(h_R*)]†, both of which an engine
finds from a κ̂ that is not Hermitian. `sotcheck.theory.all_orders` has the formulas.
"""

from __future__ import annotations

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.exact.layers import Local
from sotcheck.exact.observables import transverse
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.interface import Interface
from sotcheck.system.spin import pauli_vector
from sotcheck.system.states import PLUS, by_source

#: Points of the contour, and its radius relative to that of convergence: what aliases is RADIUS^POINTS.
POINTS, RADIUS = 48, 0.5
#: Points that tell a polynomial of second degree.
FEW_POINTS = 8
#: Rounding of a Fourier coefficient: a few dozen operations.
ROUNDING = 64


def _on_circle(radius: Array, points: int) -> Complex:
    """Return h at equidistant points of circles, shape (n, a, points), with radii (n, a)."""
    return radius[..., None] * np.exp(2j * np.pi * np.arange(points) / points)


def poles_in_h(engine: str, iface: Interface, k_perp: Array, angles: Array) -> Complex:
    """Return the two complex h_R at which ψ(0) diverges, by k_⊥ and angle, shape (n, a, 2).

    The determinant of the inverse Green function at z = 0 is a polynomial of second degree in h_R, as κ̂ is
    linear in it and 2×2. A few points of a circle give its coefficients.
    """
    local = Local(engine, iface, tuple(k_perp.tolist()))
    h = _on_circle(np.ones((len(local.k), len(angles))), FEW_POINTS)
    green = local.green(np.repeat(angles, FEW_POINTS), h.reshape(len(h), -1)).reshape(*h.shape, 2, 2)
    c = np.fft.fft(1 / np.linalg.det(green), axis=-1) / FEW_POINTS
    root = np.sqrt(c[..., 1] ** 2 - 4 * c[..., 0] * c[..., 2])
    # The larger root without cancellation, the other one from their product.
    turn = np.where((np.conj(c[..., 1]) * root).real < 0, -1.0, 1.0)
    far = -(c[..., 1] + turn * root) / 2
    return np.stack([c[..., 0] / far, far / c[..., 2]], axis=-1)


def resolved_orders(
    engine: str,
    iface: Interface,
    k_perp: Array,
    angles: Array,
    highest: int,
    *,
    points: int = POINTS,
    radius: float = RADIUS,
) -> Estimate:
    """Return the coefficients of odd orders in t's integrand at every k_⊥ and angle: contour integrals.

    Orders go up to `highest`, odd, well below the even number of points of the circle in h_R, its radius
    relative to that of convergence. Shape (n, a, orders, 3, 3): k_⊥, angle, order, source, spin; per
    d(k_⊥²)/4π and h_R^n. Errors: what aliases, from next to the middle of the spectrum, and rounding of the
    sums.
    """
    orders = np.arange(1, highest + 1, 2)
    step = radius * Local(engine, iface, tuple(k_perp.tolist())).radius(angles)
    h = _on_circle(step, points)
    states = EXACT[engine].solve(iface.structure, k_perp[:, None, None], angles[:, None], h)
    psi, slope, m = states.psi[:, 0], states.slope[PLUS, :, 0], iface.direction
    # Flow (3) + flow (4), continued to complex h: [ψ(h*)]† of point j is that of point −j.
    bra, bra_slope = (waves[:, :, :, -np.arange(points) % points] for waves in (psi, slope))
    current = pauli_vector(by_source(slope, bra, m)) - pauli_vector(by_source(psi, bra_slope, m))
    density, exchange = by_source(psi, bra, m), iface.interface_exchange()
    flows = (current - pauli_vector(exchange @ density) + pauli_vector(density @ exchange)) / 2j
    values = -(k_perp[:, None] * np.cos(angles))[..., None, None, None] * flows / (4 * np.pi)
    power = np.fft.fft(values, axis=-3) / points
    scale = step[..., None, None, None] ** orders[:, None, None]
    found = transverse(power[..., orders, :, :].real, iface.direction) / scale
    size, middle = (
        np.abs(some).max(axis=(-1, -2, -3), keepdims=True)
        for some in (power, power[..., points // 2 - 1 : points // 2 + 1, :, :])
    )
    # Coefficient n + points aliases into n: smaller than that in the middle by radius^(points/2).
    aliases = middle * radius ** (points // 2) / scale, "what aliases on the contour"
    rounding = ROUNDING * np.finfo(float).eps * size / scale, "sums over the contour"
    return Estimate(found, {"next order": aliases, "rounding": rounding})
