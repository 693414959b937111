"""The matching matrix below the continuum, and angles in the plane of k: what all of this room starts from.

A state below all bands solves (q_N + Q̂_F + κ̂) ψ(0) = 0. With n the unit vector along k×ẑ, w = h_R k_⊥ and
c = m·n,

    q_N + Q̂_F + κ̂ = A + (B m + w n)·σ,   A = q_N + (q_↓ + q_↑)/2 + u_0,   B = (q_↓ − q_↑)/2 + u_m,

with the eigenvalues A ± |B m + w n| and the determinant A² − B² − w² − 2Bcw. Its derivative by the energy is
negative: at any energy it has as many negative eigenvalues as there are states below. Energies are told by
p = √(bottom − E), the decay constant of the lowest band: states close to the bottom keep their digits.
"""

from __future__ import annotations

import numpy as np

from sotcheck.engines.poles import along_m
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import IDENTITY, in_spin_bands


def bottom(iface: Interface, k_perp: Array | float) -> Array:
    """Return the bottom of the whole continuum, k_⊥² + min(U_N, U_F − J), shape of `k_perp`."""
    return np.square(np.asarray(k_perp, dtype=float)) + min(iface.U_N, iface.U_F - iface.J)


def k_max(iface: Interface) -> float:
    """Return the k_⊥ at which the last channel closes at E_F."""
    return float(np.sqrt(iface.thresholds()[-1]))


def scale(iface: Interface) -> float:
    """Return the largest wave number in the problem."""
    bands = max(iface.E_F, iface.U_N, iface.U_F + iface.J) - float(bottom(iface, 0.0))
    return float(max(np.sqrt(bands), abs(iface.u_0), abs(iface.u_m)))


def in_plane(iface: Interface) -> float:
    """Return the length of m's part in the plane of the interface, the largest c = m·(k×ẑ)/k_⊥."""
    return float(np.hypot(*iface.m[:2]))


def m_angle(iface: Interface) -> float:
    """Return the angle of m's in-plane part from the x axis."""
    return float(np.arctan2(iface.m[1], iface.m[0]))


def aligned_angles(iface: Interface) -> Array:
    """Return the angles of k at which k×ẑ is parallel and antiparallel to m's in-plane part, shape (2,).

    One of them is the most attractive one for h_R > 0, the other for h_R < 0.
    """
    return m_angle(iface) + np.array([0.5, -0.5]) * np.pi


def of_k(degrees: Array | float) -> Array:
    """Return the angle of k in radians from that of k×ẑ in degrees: k×ẑ is k turned by −90°."""
    return np.radians(np.asarray(degrees, dtype=float)) + np.pi / 2


def of_cross(angle: Array | float) -> Array:
    """Return the angle of k×ẑ in degrees, from 0 to 360, from that of k in radians."""
    return np.degrees(np.asarray(angle, dtype=float) - np.pi / 2) % 360.0


def depths(iface: Interface, p: Array | float) -> Array:
    """Return V + k_⊥² − E of the bands N, ↓ and ↑ at p = √(bottom − E), shape (3, ...)."""
    bands = np.array([iface.U_N, iface.U_F + iface.J, iface.U_F - iface.J])
    return np.square(p) + np.expand_dims(bands - bands.min(), tuple(range(1, np.ndim(p) + 1)))


def decay_constants(iface: Interface, p: Array | float) -> Array:
    """Return q_N, q_↓ and q_↑ at p = √(bottom − E), shape (3, ...)."""
    return np.sqrt(depths(iface, p))


def combined(q: Array) -> tuple[Array, Array]:
    """Return q_N + (q_↓ + q_↑)/2 and (q_↓ − q_↑)/2 of q (3, ...): what stands beside 1 and σ·m."""
    q_N, q_down, q_up = q
    return q_N + (q_down + q_up) / 2, (q_down - q_up) / 2


def mean_and_split(iface: Interface, p: Array | float) -> tuple[Array, Array]:
    """Return A and B of the matching matrix at p = √(bottom − E); unit: wave vector, shapes of `p`."""
    mean, split = combined(decay_constants(iface, p))
    return mean + iface.u_0, split + iface.u_m


def field(iface: Interface, w: Array, angle: Array | float) -> tuple[Array, Array]:
    """Return the parts of w n along and across m, where k has these angles from the x axis."""
    across = np.hypot(iface.m[2], iface.m[0] * np.cos(angle) + iface.m[1] * np.sin(angle))
    return w * along_m(iface, np.asarray(angle)), w * across


def eigenvalue(iface: Interface, p: Array, along: Array, across: Array, sign: Array | float) -> Array:
    """Return A + sign |B m + w n| at p = √(bottom − E), from the parts of w n; all shapes broadcast."""
    A, B = mean_and_split(iface, p)
    return np.asarray(A + sign * np.hypot(B + along, across))


def number_below(iface: Interface, p: Array | float, w: Array | float, angle: Array | float) -> Array:
    """Return how many states lie below bottom − p² at w = h_R k_⊥ and the angle of k, shape (...)."""
    parts = field(iface, np.asarray(w), angle)
    return np.sum([eigenvalue(iface, np.asarray(p), *parts, sign) < 0 for sign in (-1, 1)], axis=0)


def matching_matrix(
    iface: Interface, energy: Array, k_perp: Array | float, angle: Array | float, h_R: Array | float
) -> Complex:
    """Return q_N + Q̂_F + κ̂ at a total energy at or below the continuum, shape (..., 2, 2)."""
    q_N, *q_F = decay_constants(iface, np.sqrt((bottom(iface, k_perp) - energy).clip(min=0)))
    k_perp, angle, h_R = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (k_perp, angle, h_R)))
    kappa = iface.kappa_0() + h_R[..., None, None] * rashba(k_perp, angle)
    in_F = in_spin_bands(np.stack(q_F, axis=-1).astype(complex), iface.direction)
    return q_N[..., None, None] * IDENTITY + in_F + kappa


def norm(q: Array, along: Array) -> Array:
    """Return ∫|ψ|²dz of the state whose unit spinor at z = 0 has the spin `along` m; q is (3, ...)."""
    q_N, q_down, q_up = q
    return (1 / q_N + (1 + along) / 2 / q_down + (1 - along) / 2 / q_up) / 2
