"""Tangent vector fields on the unit sphere of directions m: harmonics, exact quadrature, projection.

Every tangent field is Σ D ∇f + F m×∇f over surface harmonics f = sin^Mθ P_l^(M)(cosθ) {cos, sin}(Mφ), with
P_l^(M) the M-th derivative of Legendre's polynomial: gradients and their quarter turns are complete and
orthogonal. Those with M = 1 are scaled to f = sinθ p_l {cos, sin}φ, p_l = 1 at the pole θ = 0; then f = y for
l = 1 and sines, so that ∇f = m×(ŷ×m) and m×∇f = m×ŷ: the dampinglike and the fieldlike torque.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.polynomial import Legendre, Polynomial

from sotcheck.numerics.arrays import Array

Azimuth = Literal["cos", "sin"]


@dataclass(frozen=True)
class Directions:
    """Directions m, angles (n,), with a weight each, which add up to 4π, and the local axes e_θ, e_φ."""

    theta: Array
    phi: Array
    weight: Array

    @property
    def m(self) -> Array:
        """Unit vectors, shape (n, 3)."""
        s, c = np.sin(self.theta), np.cos(self.theta)
        return np.stack([s * np.cos(self.phi), s * np.sin(self.phi), c], axis=-1)

    @property
    def axes(self) -> Array:
        """Unit vectors e_θ and e_φ, shape (n, 2, 3)."""
        s, c = np.sin(self.theta), np.cos(self.theta)
        cos, sin = np.cos(self.phi), np.sin(self.phi)
        return np.moveaxis(np.array([[c * cos, c * sin, -s], [-sin, cos, 0 * s]]), -1, 0)

    def tangent(self, t: Array) -> Array:
        """Return (t_θ, t_φ), shape (n, ..., 2), of vectors (n, ..., 3)."""
        return np.einsum("n...i,nai->n...a", t, self.axes)


def product_rule(polar: int, azimuthal: int) -> Directions:
    """Return Gauss's rule in cosθ times equidistant φ: exact up to degree 2·polar − 1 and M < azimuthal."""
    c, weight = np.polynomial.legendre.leggauss(polar)
    phi = 2 * np.pi * (np.arange(azimuthal) + 0.3) / azimuthal
    theta, phi = (g.ravel() for g in np.meshgrid(np.arccos(c), phi, indexing="ij"))
    return Directions(theta, phi, np.repeat(weight, azimuthal) * 2 * np.pi / azimuthal)


def harmonics(degrees: int, orders: int) -> Iterator[tuple[int, int, Azimuth]]:
    """Yield degree l, order M and azimuth of every harmonic up to a degree and an order."""
    for degree in range(1, degrees + 1):
        yield degree, 0, "cos"
        for order in range(1, min(degree, orders) + 1):
            yield degree, order, "cos"
            yield degree, order, "sin"


@cache
def _derivative(degree: int, order: int) -> Legendre:
    """Return P_l^(M), scaled to 1 at the pole."""
    found = Legendre.basis(degree).deriv(order) if order else Legendre.basis(degree)
    return found / found(1.0)


def profile(degree: int, theta: Array) -> Array:
    """Return p_l(θ) of f_l = sinθ p_l(θ) sinφ, 1 at the pole."""
    return _derivative(degree, 1)(np.cos(theta))


def gradient(degree: int, order: int, azimuth: Azimuth, at: Directions) -> Array:
    """Return (∇f)_θ and (∇f)_φ, (n, 2), of degree l ≥ 1 and M ≤ l, in mean square all as M = 1."""
    s, c = np.sin(at.theta), np.cos(at.theta)
    p = _derivative(degree, order)
    cos, sin = np.cos(order * at.phi), np.sin(order * at.phi)
    turn, dturn = (cos, -sin) if azimuth == "cos" else (sin, cos)
    # s^(M−1) of f/s, with no pole for M = 0, where ∂_φ f = 0.
    lower = order * s ** max(order - 1, 0)
    along = (lower * c * p(c) - s ** (order + 1) * p.deriv()(c)) * turn
    across = lower * p(c) * dturn
    return np.stack([along, across], axis=-1) * (_norm(degree, 1) / _norm(degree, order))


@cache
def _norm(degree: int, order: int) -> float:
    """Return the root of ∫_{−1}^{1} f² dcosθ."""
    c, weight = np.polynomial.legendre.leggauss(degree + 1)
    return float(np.sqrt(weight @ ((1 - c**2) ** order * _derivative(degree, order)(c) ** 2)))


def turned(field: Array) -> Array:
    """Return m×v of a tangent field: m×e_θ = e_φ, m×e_φ = −e_θ; shape (..., 2)."""
    return np.stack([-field[..., 1], field[..., 0]], axis=-1)


def project(t: Array, at: Directions, degree: int, order: int, azimuth: Azimuth) -> Array:
    """Return the coefficients of ∇f and m×∇f in a tangent field t (n, ..., 3), by quadrature, shape (2, ...).

    The rule has to integrate products of the fields; what t has along m is ignored.
    """
    basis = gradient(degree, order, azimuth, at)
    tangent = at.tangent(t)
    norm = float(np.einsum("n,na,na", at.weight, basis, basis))
    both = np.stack([basis, turned(basis)])
    return np.einsum("n,kna,n...a->k...", at.weight, both, tangent) / norm


@cache
def _in_sine(degree: int) -> Polynomial:
    """Return p_l, which is even in cosθ, as a polynomial in sin²θ = 1 − cos²θ."""
    even = _derivative(degree, 1).convert(kind=Polynomial).coef[::2]
    return sum((a * Polynomial([1.0, -1.0]) ** k for k, a in enumerate(even)), Polynomial([0.0]))


def powers_of_sine(coefficients: Array, degrees: Array) -> Array:
    """Return a_0, a_2, a_4, … of Σ_l c_l p_l = a_0 + a_2 sin²θ + a_4 sin⁴θ + …, c and odd l of shape (n,)."""
    pairs = zip(coefficients, degrees.tolist(), strict=True)
    total = sum((value * _in_sine(degree) for value, degree in pairs), Polynomial([0.0]))
    found = np.zeros((int(max(degrees)) + 1) // 2)
    found[: len(total.coef)] = total.coef[: len(found)]
    return found
