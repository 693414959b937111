"""The contour E_b(k) = E_F of bound states in the plane of k.

A, B, w, c as in `matching`, at E_F and p² = k_⊥² − k_max². On the contour the determinant D of the matching
matrix vanishes: it is linear in c, so that each p has its c. Along an arc from p₁ to p₂,
p = middle + half · sin u, which takes away the inverse square roots at its ends.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from sotcheck.bound.matching import decay_constants, in_plane, k_max, m_angle, mean_and_split, scale
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.scan import roots, scan
from sotcheck.system.interface import Interface

#: Arcs narrower than this, relative to their p, are drawn as p = middle ± half · cos θ.
THINNEST = 1e-6


class Arc(NamedTuple):
    """A piece of the contour E_b(k) = E_F: at each p between its ends, two mirror images about m's plane.

    `p`: range of √(k_⊥² − k_max²); `ends`: whether k×ẑ is parallel (+1) or antiparallel (−1) to m's in-plane
    part at the end, or whether the state meets the continuum there (0).
    """

    p: tuple[float, float]
    ends: tuple[int, int]

    def narrow_ring(self, narrow: float) -> bool:
        """Whether the arc passes every angle and p hardly changes with it, relative to `narrow`."""
        return self.ends in ((1, -1), (-1, 1)) and self.p[1] - self.p[0] < narrow * self.p[1]


def fermi_contour(iface: Interface, h_R: float) -> list[Arc]:
    """Return all arcs of E_b(k) = E_F, from the inside out; at |h_R| = 2 one may reach to infinity.

    An arc is a range of p with |c(p)| ≤ in_plane; it ends where the determinant at c = ± in_plane changes
    sign, or at p = 0. Where m has no in-plane part, or nothing prefers a spin, it is a circle: p[0] = p[1].
    """
    at_side = {side: partial(contour_determinant, iface, h_R, c=side * in_plane(iface)) for side in (1, -1)}
    points = scan(0.0, scale(iface))
    borders = sorted((p, side) for side, f in at_side.items() for p in roots(f, points))
    if at_side[1](0.0) * at_side[-1](0.0) < 0:
        borders.insert(0, (0.0, 0))
    if len(borders) % 2:
        borders.append((np.inf, 0))
    pairs = zip(borders[::2], borders[1::2], strict=True)
    return [Arc((start[0], end[0]), (start[1], end[1])) for start, end in pairs]


def contour_determinant(iface: Interface, h_R: float, p: Array | float, c: Array | float) -> Array:
    """Return the determinant A² − B² − w² − 2Bcw of the matching matrix at E_F, at p = √(k_⊥² − k_max²)."""
    A, B = mean_and_split(iface, p)
    w = h_R * np.hypot(k_max(iface), p)
    return (A - B) * (A + B) - w * (w + 2 * B * c)


def contour_points(iface: Interface, h_R: float, arc: Arc, n: int = 129) -> Array:
    """Return points (k_x, k_y) along an arc and back along its mirror image, shape (2n, 2)."""
    if arc.narrow_ring(THINNEST):
        theta: Array = np.linspace(0, 2 * np.pi, 2 * n)
        p: Array = (arc.p[0] + arc.p[1] - arc.ends[0] * (arc.p[1] - arc.p[0]) * np.cos(theta)) / 2
    else:
        p, theta, _ = along(iface, h_R, arc, np.linspace(-np.pi / 2, np.pi / 2, n))
        p, theta = np.concatenate([p, p[::-1]]), np.concatenate([theta, -theta[::-1]])
    k, across = np.hypot(k_max(iface), p), m_angle(iface) + theta
    # k is k×ẑ turned by 90°.
    return np.stack([-k * np.sin(across), k * np.cos(across)], axis=-1)


def along(iface: Interface, h_R: float, arc: Arc, u: Array) -> tuple[Array, Array, Array]:
    """Return p, the angle θ from m's in-plane part to k×ẑ, and |2Bw s sin θ| at u from −π/2 to π/2."""
    lower, upper = arc.p
    # Distances from both ends, with all their digits.
    above, below = ((upper - lower) * np.sin((np.pi / 2 + side * u) / 2) ** 2 for side in (1, -1))
    p = np.where(u < 0, lower + above, upper - below)
    parallel, antiparallel = (_determinant(iface, h_R, arc, above, below, side) for side in (1, -1))
    # D is linear in c and vanishes at s cos θ: s² − c² = −D(s) D(−s)/(2Bw)².
    root = np.sqrt(np.clip(-parallel * antiparallel, 0.0, None))
    upwards = np.sign(antiparallel - parallel)
    return p, np.arctan2(root, upwards * (parallel + antiparallel) / 2), root


def _determinant(iface: Interface, h_R: float, arc: Arc, above: Array, below: Array, side: int) -> Array:
    """Return D at c = side · s along an arc, from its root at the nearer end where it has one.

    Differences of square roots, q(p) − q(p₁) = (p − p₁)(p + p₁)/(q(p) + q(p₁)), keep their digits.
    """
    (lower, upper), c = arc.p, side * in_plane(iface)
    near_lower = above < below
    at_lower, at_upper = (end == side for end in arc.ends)
    if not at_lower and not at_upper:
        return contour_determinant(iface, h_R, np.where(near_lower, lower + above, upper - below), c)
    from_lower = near_lower if at_lower and at_upper else np.full(above.shape, at_lower)
    root, step = np.where(from_lower, lower, upper), np.where(from_lower, above, -below)
    p = root + step
    change = step * (p + root)
    dq_N, dq_down, dq_up = change / (decay_constants(iface, p) + decay_constants(iface, root))
    dA, dB = dq_N + (dq_down + dq_up) / 2, (dq_down - dq_up) / 2
    (A, B), (A_0, B_0) = mean_and_split(iface, p), mean_and_split(iface, root)
    k, k_0 = np.hypot(k_max(iface), p), np.hypot(k_max(iface), root)
    d_Bw = h_R * (dB * k + B_0 * change / (k + k_0))
    return np.asarray(dA * (A + A_0) - dB * (B + B_0) - h_R**2 * change - 2 * c * d_Bw)
