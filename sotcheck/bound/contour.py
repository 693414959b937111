"""The contour E_b(k) = E_F of bound states in the plane of k.

A, B, w, c as in `thresholds`, at E_F and p² = k_⊥² − k_max². On the contour the determinant of the matching
matrix, D = A² − B² − w² − 2Bcw, vanishes: it is linear in c, so that each p has its c. Along an arc from p₁
to p₂, p = middle + half · sin u, which takes away the inverse square roots at its ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from sotcheck.bound.continuum import bottom
from sotcheck.bound.thresholds import decay_constants, in_plane, mean_and_split
from sotcheck.numerics.arrays import Array
from sotcheck.system.interface import Interface

#: Arcs narrower than this, relative to their p, are followed by angle instead of p.
NARROW = 1e-3


def k_max(iface: Interface) -> float:
    """Return the k_⊥ at which the last channel closes at E_F."""
    return float(np.sqrt(iface.thresholds()[-1]))


def scale(iface: Interface) -> float:
    """Return the largest wave number in the problem."""
    lowest = float(bottom(iface, 0.0))
    bands = max(iface.E_F, iface.U_N, iface.U_F + iface.J) - lowest
    return float(max(np.sqrt(bands), abs(iface.u_0), abs(iface.u_m)))


def scan(start: float, unit: float, far: float = 1e6) -> Array:
    """Return start and 40 points a decade beyond it, from 1e-9 to `far` units."""
    points = int(40 * np.log10(far / 1e-9)) + 1
    return start + np.concatenate([[0.0], unit * np.geomspace(1e-9, far, points)])


@dataclass(frozen=True)
class Arc:
    """A piece of the contour E_b(k) = E_F: at each p between its ends, two mirror images about m's plane.

    Attributes
    ----------
    p : (float, float)
        Range of √(k_⊥² − k_max²).
    ends : (int, int)
        Whether k×ẑ is parallel (+1) or antiparallel (−1) to m's in-plane part at the end, or whether the
        state meets the continuum there (0).
    """

    p: tuple[float, float]
    ends: tuple[int, int]

    @property
    def encircles(self) -> bool:
        """Whether the arc passes every angle."""
        return self.ends in ((1, -1), (-1, 1))

    @property
    def nearly_circular(self) -> bool:
        """Whether p hardly changes with the angle, so that the angle is what to integrate over."""
        return self.encircles and self.p[1] - self.p[0] < NARROW * self.p[1]


def fermi_contour(iface: Interface, h_R: float) -> list[Arc]:
    """Return all arcs of E_b(k) = E_F, from the inside out; at |h_R| = 2 one may reach to infinity.

    An arc is a range of p with |c(p)| ≤ in_plane; it ends where the determinant at c = ± in_plane changes
    sign, or at p = 0. Where m has no in-plane part, or nothing prefers a spin, it is a circle: p[0] = p[1].
    """
    s = in_plane(iface)
    borders = sorted(
        (p, side)
        for side in (1, -1)
        for p in _sign_changes(partial(contour_determinant, iface, h_R, c=side * s), scale(iface))
    )
    inside = bool(contour_determinant(iface, h_R, 0.0, s) * contour_determinant(iface, h_R, 0.0, -s) < 0)
    start = (0.0, 0) if inside else None
    arcs = []
    for border in borders:
        if start is None:
            start = border
        else:
            arcs.append(Arc((start[0], border[0]), (start[1], border[1])))
            start = None
    if start is not None:
        arcs.append(Arc((start[0], np.inf), (start[1], 0)))
    return arcs


def contour_determinant(iface: Interface, h_R: float, p: Array | float, c: Array | float) -> Array:
    """Return the determinant A² − B² − w² − 2Bcw of the matching matrix at E_F, at p = √(k_⊥² − k_max²)."""
    A, B = mean_and_split(iface, p)
    w = h_R * np.hypot(k_max(iface), p)
    return (A - B) * (A + B) - w * (w + 2 * B * c)


def contour_points(iface: Interface, h_R: float, arc: Arc, n: int = 129) -> Array:
    """Return points (k_x, k_y) along an arc and back along its mirror image, shape (2n, 2)."""
    if arc.nearly_circular:
        theta: Array = np.linspace(0, 2 * np.pi, 2 * n)
        p = at_angle(iface, h_R, arc, theta)
    else:
        p, theta, _ = along(iface, h_R, arc, np.linspace(-np.pi / 2, np.pi / 2, n))
        p, theta = np.concatenate([p, p[::-1]]), np.concatenate([theta, -theta[::-1]])
    k = np.hypot(k_max(iface), p)
    across = np.arctan2(iface.m[1], iface.m[0]) + theta
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


def at_angle(iface: Interface, h_R: float, arc: Arc, theta: Array) -> Array:
    """Return p at the angle θ on a nearly circular arc, by Newton's method."""
    (lower, upper), (first, _) = arc.p, arc.ends
    c = in_plane(iface) * np.cos(theta)
    p = (lower + upper) / 2 - first * (upper - lower) / 2 * np.cos(theta)
    for _ in range(4):
        # The arc is narrow: each step squares an error of at most 1e-3.
        p = p - contour_determinant(iface, h_R, p, c) / slope(iface, h_R, p, c)
    return p


def slope(iface: Interface, h_R: float, p: Array, c: Array) -> Array:
    """Return ∂D/∂p of the determinant D = A² − B² − w² − 2Bcw, which is 2A ∂λ/∂p where D = 0."""
    A, B = mean_and_split(iface, p)
    q_N, q_down, q_up = decay_constants(iface, p)
    dA, dB = p / q_N + (p / q_down + p / q_up) / 2, (p / q_down - p / q_up) / 2
    k = np.hypot(k_max(iface), p)
    w, dw = h_R * k, h_R * p / k
    return 2 * (A * dA - B * dB - w * dw - c * (B * dw + dB * w))


def _sign_changes(f: Callable[[Array | float], Array], unit: float) -> list[float]:
    """Return every root of a smooth f on [0, ∞): those of close pairs too, by refining extrema."""
    p = scan(0.0, unit)
    values = np.asarray(f(p))
    towards_zero = np.flatnonzero(
        (np.abs(values[1:-1]) < np.abs(values[:-2]))
        & (np.abs(values[1:-1]) < np.abs(values[2:]))
        & (values[1:-1] * values[:-2] > 0)
        & (values[1:-1] * values[2:] > 0)
    )
    extrema = [_extremum(f, p[i - 1], p[i + 1], float(np.sign(values[i]))) for i in towards_zero + 1]
    p, values = np.append(p, extrema), np.append(values, [f(x) for x in extrema])
    order = np.argsort(p)
    p, values = p[order], values[order]
    changes = np.flatnonzero(np.signbit(values[:-1]) != np.signbit(values[1:]))
    return [float(brentq(f, p[i], p[i + 1], xtol=1e-300, rtol=1e-15)) for i in changes]


def _extremum(f: Callable[[Array | float], Array], lower: float, upper: float, sign: float) -> float:
    """Return where sign · f is lowest between two points."""
    found = minimize_scalar(
        lambda x: sign * float(f(x)),
        bounds=(lower, upper),
        method="bounded",
        options={"xatol": 1e-12 * upper},
    )
    return float(found.x)
