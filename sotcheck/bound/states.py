"""Bound states of the continuum by the matching condition: the first of three routes, and where all start.

A state below all bands solves (q_N + Q̂_F + κ̂) ψ(0) = 0. With n the unit vector along k×ẑ, w = h_R k_⊥ and
c = m·n,

    q_N + Q̂_F + κ̂ = A + (B m + w n)·σ,   A = q_N + (q_↓ + q_↑)/2 + u_0,   B = (q_↓ − q_↑)/2 + u_m,

with the eigenvalues A ± |B m + w n| and the determinant A² − B² − w² − 2Bcw. Its derivative by the energy is
negative: at any energy it has as many negative eigenvalues as there are states below, and the n-th state is
where the n-th eigenvalue vanishes. Energies are told by p = √(bottom − E), the decay constant of the lowest
band: states close to the bottom keep their digits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.engines.poles import along_m
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import Interface
from sotcheck.system.spin import PAULI, dot_sigma
from sotcheck.system.structure import Structure

#: Signs of ±|v| in the two eigenvalues s ± |v| of s + v·σ, in ascending order.
ORDER = np.array([-1.0, 1.0])


def bottom(iface: Interface, k_perp: Array | float) -> Array:
    """Return the bottom of the whole continuum, k_⊥² + min(U_N, U_F − J), shape of `k_perp`."""
    return np.square(np.asarray(k_perp, dtype=float)) + min(iface.U_N, iface.U_F - iface.J)


def k_max(of: Interface | Structure) -> float:
    """Return the k_⊥ at which the last channel closes at E_F."""
    return float(np.sqrt(of.thresholds()[-1]))


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
    """Return V + k_⊥² − E of the bands N, ↓ and ↑, shape (3, ...)."""
    bands = np.array([iface.U_N, iface.U_F + iface.J, iface.U_F - iface.J])
    return np.square(p) + (bands - bands.min()).reshape(-1, *(1,) * np.ndim(p))


def decay_constants(iface: Interface, p: Array | float) -> Array:
    """Return q_N, q_↓ and q_↑, shape (3, ...)."""
    return np.sqrt(depths(iface, p))


def combined(q: Array) -> tuple[Array, Array]:
    """Return q_N + (q_↓ + q_↑)/2 and (q_↓ − q_↑)/2 of q (3, ...): what stands beside 1 and σ·m."""
    q_N, q_down, q_up = q
    return q_N + (q_down + q_up) / 2, (q_down - q_up) / 2


def mean_and_split(iface: Interface, q: Array) -> tuple[Array, Array]:
    """Return A and B of the matching matrix for decay constants, or another stiffness, q (3, ...)."""
    mean, split = combined(q)
    return mean + iface.u_0, split + iface.u_m


def at_depth(iface: Interface, p: Array | float) -> tuple[Array, Array]:
    """Return A and B at p, shapes of `p`; unit: wave vector."""
    return mean_and_split(iface, decay_constants(iface, p))


def field(iface: Interface, w: Array, angle: Array | float) -> tuple[Array, Array]:
    """Return the parts of w n along and across m, where k has these angles from the x axis."""
    across = np.hypot(iface.m[2], iface.m[0] * np.cos(angle) + iface.m[1] * np.sin(angle))
    return w * along_m(iface, np.asarray(angle)), w * across


def eigenvalue(iface: Interface, p: Array, along: Array, across: Array, sign: Array | float) -> Array:
    """Return A + sign |B m + w n| at p, from the parts of w n; all shapes broadcast."""
    A, B = at_depth(iface, p)
    return np.asarray(A + sign * np.hypot(B + along, across))


def number_below(iface: Interface, p: Array | float, w: Array | float, angle: Array | float) -> Array:
    """Return how many states lie below bottom − p² at w = h_R k_⊥ and the angle of k, shape (...)."""
    parts = field(iface, np.asarray(w), angle)
    return np.sum([eigenvalue(iface, np.asarray(p), *parts, sign) < 0 for sign in ORDER], axis=0)


def norm(q: Array, along: Array) -> Array:
    """Return ∫|ψ|²dz of the state whose unit spinor at z = 0 has the spin `along` m; q is (3, ...)."""
    q_N, q_down, q_up = q
    return (1 / q_N + (1 + along) / 2 / q_down + (1 - along) / 2 / q_up) / 2


@dataclass(frozen=True)
class Bound:
    """States below the whole continuum; axes (...) are those of the request, NaN is where a state is absent.

    `angle` (...): of k from the x axis; `count` (...): how many, 0 … 2; `energy` (..., 2): total, k_⊥²
    included, ascending; `p` (..., 2): √(bottom − E), with more digits than the difference of energies; `psi`
    (..., 2, 2): ψ(0), last axis the state, normalised to ∫|ψ|²dz = 1; `spin` (..., 2, 3): ∫ψ†σψ dz; `q_N`
    (..., 2) and `q_F` (..., 2, 2): decay constants (1/length) of each state in N, and in the minority and
    majority band of F; `at_bottom` (..., 2): eigenvalues of the matching matrix at the bottom of the
    continuum, ascending.
    """

    k_perp: Array
    angle: Array
    h_R: Array
    count: Array
    energy: Array
    p: Array
    psi: Complex
    spin: Array
    q_N: Array
    q_F: Array
    at_bottom: Array


def bound(iface: Interface, k_perp: Array | float, angle: Array | float, h_R: Array | float) -> Bound:
    """Find every state below the continuum; arrays broadcast, the interface's own h_R is not used."""
    k_perp, angle, h_R = (np.array(a, dtype=float) for a in np.broadcast_arrays(k_perp, angle, h_R))
    parts = (part[..., None] for part in field(iface, h_R * k_perp, angle))
    along, across, order = np.broadcast_arrays(*parts, ORDER)
    at_bottom = eigenvalue(iface, np.zeros(along.shape), along, across, order)
    there, p = at_bottom < 0, np.full(along.shape, np.nan)
    p[there] = _roots(iface, along[there], across[there], order[there])

    m, q = iface.direction, decay_constants(iface, p)
    n = np.stack([np.sin(angle), -np.cos(angle), 0 * angle], axis=-1)
    B = mean_and_split(iface, np.nan_to_num(q))[1]
    v = B[..., None] * m + ((h_R * k_perp)[..., None] * n)[..., None, :]
    # The first state belongs to the lower eigenvalue, the second to the upper one.
    psi = np.einsum("...siS,sS->...si", np.linalg.eigh(dot_sigma(v))[1], np.eye(2))
    at_0 = np.einsum("...i,kij,...j->...k", psi.conj(), PAULI, psi).real
    size = norm(q, at_0 @ m)[..., None]
    energy, count = bottom(iface, k_perp)[..., None] - p**2, np.asarray(np.count_nonzero(there, axis=-1))
    psi, spin = np.swapaxes(psi * (1 / np.sqrt(size)), -1, -2), _spin(at_0, q, m) / size
    return Bound(k_perp, angle, h_R, count, energy, p, psi, spin, q[0], np.moveaxis(q[1:], 0, -1), at_bottom)


def _roots(iface: Interface, along: Array, across: Array, order: Array) -> Array:
    """Return p where the eigenvalue vanishes, all shapes (n,); each is negative at p = 0."""
    if along.size == 0:
        return np.empty(0)
    from scipy.optimize.elementwise import find_root

    # Every decay constant is at least p, so that no eigenvalue is below 2p + u_0 − |u|; twice that is enough.
    highest = np.hypot(iface.u_m + along, across) - iface.u_0
    found = find_root(
        lambda p, *args: eigenvalue(iface, p, *args),
        (np.zeros_like(highest), highest),
        args=(along, across, order),
        tolerances={"xatol": 0.0, "xrtol": 4 * np.finfo(float).eps, "fatol": 0.0, "frtol": 0.0},
    )
    # What a bracket's ends leave open is a rounding error; where f(0) < 0 none can be missing.
    if not np.all(found.success):
        raise AssertionError("a bracketed root of the monotone matching matrix was not found")
    return found.x


def _spin(at_0: Array, q: Array, m: Array) -> Array:
    """Return ∫ψ†σψ dz of unit spinors with the spin (..., 3) at z = 0, where q is (3, ...).

    In N all of it decays with 2q_N; in F the part across m, between the bands, with q_↓ + q_↑.
    """
    q_N, q_down, q_up = q[..., None]
    along = (at_0 @ m)[..., None]
    in_bands = (1 + along) / (4 * q_down) - (1 - along) / (4 * q_up)
    return at_0 / (2 * q_N) + in_bands * m + (at_0 - along * m) / (q_down + q_up)
