"""The contour E_b(k) = E_F of bound states in the plane of k, and integrals along it.

With the stiffness of N and of both bands of F at E_F, −∂ψ = sψ outwards, the matching matrix is
A + (B m + w n)·σ as in `matching`. The leads know nothing of the in-plane angle, so that the determinant is
`level` − `along` cos θ with the angle θ from m's in-plane part to n: at each p = √(k_⊥² − k_max²) two mirror
images θ solve it, or none. Each state counts with δ(E_b − E_F)/∫|ψ|² = δ(λ) of the eigenvalue λ that
vanishes, for ∂λ/∂E is minus the norm of the state whose spinor at z = 0 is of length one; and
δ(λ) = 2|A| δ(determinant).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sotcheck.bound.states import (
    combined,
    decay_constants,
    in_plane,
    k_max,
    m_angle,
    mean_and_split,
    scale,
)  # fmt: skip
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import legendre
from sotcheck.numerics.real_roots import roots, scan
from sotcheck.system.interface import Interface

#: Arcs around k = 0 narrower than this, relative to their p, are followed by angle instead of p.
NARROW = 0.2
#: There, p is looked for up to this factor beyond the arc on both sides, if no other arc comes first.
BEYOND = 1.5
#: Arcs narrower than this are drawn as p = middle ± half · cos θ.
THINNEST = 1e-6
EPSILON = float(np.finfo(float).eps)
#: Relative rounding error of a sum over nodes.
ROUNDING = 16 * EPSILON
#: Nodes of the rules tried on each arc, doubled until two agree.
FIRST_NODES, MOST_NODES = 16, 4096
DOUBLED = "doubled nodes along the contour E_b(k) = E_F"

Range = tuple[float, float]
#: Returns integrals and their rounding errors by rules of so many nodes each, all of which are found at once.
Rule = Callable[[Sequence[int]], list[tuple[Array, Array]]]


class Arc(NamedTuple):
    """A piece of the contour: at each p in a range, two mirror images about m's plane.

    `ends`: whether k×ẑ is parallel (+1) or antiparallel (−1) to m's in-plane part at the end, or whether the
    state meets the continuum there (0).
    """

    p: Range
    ends: tuple[int, int]

    def narrow_ring(self, narrow: float) -> bool:
        """Whether the arc passes every angle and p hardly changes with it, relative to `narrow`."""
        return self.ends in ((1, -1), (-1, 1)) and self.p[1] - self.p[0] < narrow * self.p[1]


@dataclass(frozen=True)
class Contour:
    """Bound states of one interface (its own h_R is not used) at one h_R, by the matching condition.

    Subclasses have another route to the stiffness; `Integral` sums over its states.
    """

    iface: Interface
    h_R: float

    @property
    def rounding(self) -> float:
        """Relative rounding error of the stiffness."""
        return 4 * EPSILON

    def stiffness(self, p: Array) -> Array:
        """Return that of N and of F's bands ↓ and ↑, here their decay constants, shape (3, ...)."""
        return decay_constants(self.iface, p)

    def slope(self, p: Array) -> Array:
        """Return its derivative by p, ∂q/∂p = p/q."""
        return p / decay_constants(self.iface, p)

    def nothing_there(self, between: Range) -> EngineError:
        """Return the error that no state is found where one should be."""
        found = f"between sqrt(k_perp^2 - k_max^2) = {min(between):.4g} and {max(between):.4g}"
        return EngineError(f"no bound state at E_F {found}")

    def k_perp(self, p: Array) -> Array:
        """Return k_⊥."""
        return np.hypot(k_max(self.iface), p)

    def w(self, p: Array) -> Array:
        """Return h_R k_⊥."""
        return self.h_R * self.k_perp(p)

    def n(self, theta: Array) -> Array:
        """Return the unit vector along k×ẑ, shape (n, 3)."""
        angle = m_angle(self.iface) + theta
        return np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=-1)

    def k_x(self, p: Array, theta: Array) -> Array:
        """Return k_x = −k n_y, for k×ẑ is k turned by −90°."""
        return -self.k_perp(p) * self.n(theta)[:, 1]

    def determinant(self, stiffness: Array, p: Array) -> tuple[Array, Array]:
        """Return `level` and `along`."""
        (A, B), w = mean_and_split(self.iface, stiffness), self.w(p)
        return (A - B) * (A + B) - w**2, 2 * w * B * in_plane(self.iface)

    def at(self, cosine: Array | float) -> Callable[[Array], Array]:
        """Return the determinant at cos θ as a function of p."""

        def value(p: Array) -> Array:
            level, along = self.determinant(self.stiffness(p), p)
            return level - cosine * along

        return value

    def arcs(self) -> list[Arc]:
        """Return all arcs, from the inside out; at |h_R| = 2 one may reach to infinity.

        An arc is a range of p with |cos θ| ≤ 1; it ends where the determinant at cos θ = ± 1 changes sign, or
        at p = 0. Where m has no in-plane part, or nothing prefers a spin, it is a circle: p[0] = p[1].
        """
        return list(_arcs(self.iface, self.h_R))

    def points(self, arc: Arc, u: Array) -> tuple[Array, ...]:
        """Return p = middle + half · sin u, θ, |along sin θ|, its square's rounding, and the stiffness."""
        lower, upper = arc.p
        p = (lower + upper) / 2 + (upper - lower) / 2 * np.sin(u)
        stiffness = self.stiffness(p)
        level, along = self.determinant(stiffness, p)
        squared, lost = self.squared(arc, u, p, stiffness)
        root = np.sqrt(squared)
        return p, np.arctan2(root, level * np.sign(along)), root, lost, stiffness

    def squared(self, arc: Arc, u: Array, p: Array, stiffness: Array) -> tuple[Array, Array]:
        """Return (along sin θ)² = −D(0) D(π), with the determinants D(θ), and its relative rounding error."""
        (lower, upper), (level, along) = arc.p, self.determinant(stiffness, p)
        # Distances from both ends, with all their digits.
        above, below = ((upper - lower) * np.sin((np.pi / 2 + side * u) / 2) ** 2 for side in (1, -1))
        product: Array = np.full(u.shape, -1.0)
        for side in (1, -1):
            at_lower, at_upper = (end == side for end in arc.ends)
            from_lower = above < below if at_lower and at_upper else np.full(u.shape, at_lower)
            root, step = np.where(from_lower, lower, upper), np.where(from_lower, above, -below)
            known = at_lower or at_upper
            product = product * (self._from_root(root, step, side) if known else level - side * along)
        return np.maximum(product, 0.0), 0 * u

    def _from_root(self, root: Array, step: Array, side: int) -> Array:
        """Return the determinant at cos θ = side a step from its root p.

        Differences of square roots, q(p) − q(p₁) = (p − p₁)(p + p₁)/(q(p) + q(p₁)), keep their digits.
        """
        p = root + step
        q, q_0 = (decay_constants(self.iface, at) for at in (p, root))
        (A, B), (A_0, B_0) = (mean_and_split(self.iface, at) for at in (q, q_0))
        k, k_0 = self.k_perp(p), self.k_perp(root)
        change = step * (p + root)
        dA, dB = combined(change / (q + q_0))
        along = 2 * self.h_R * in_plane(self.iface) * (dB * k + B_0 * change / (k + k_0))
        level = dA * (A + A_0) - dB * (B + B_0) - self.h_R**2 * change
        return np.asarray(level - side * along)

    def line(self, arc: Arc, n: int = 129) -> Array:
        """Return points (k_x, k_y) along an arc and back along its mirror image, shape (2n, 2)."""
        if arc.narrow_ring(THINNEST):
            theta: Array = np.linspace(0, 2 * np.pi, 2 * n)
            p: Array = (sum(arc.p) - arc.ends[0] * (arc.p[1] - arc.p[0]) * np.cos(theta)) / 2
        else:
            p, theta, *_ = self.points(arc, np.linspace(-np.pi / 2, np.pi / 2, n))
            p, theta = np.concatenate([p, p[::-1]]), np.concatenate([theta, -theta[::-1]])
        across = m_angle(self.iface) + theta
        # k is k×ẑ turned by 90°.
        return self.k_perp(p)[:, None] * np.stack([-np.sin(across), np.cos(across)], axis=-1)


class Integral(Contour, ABC):
    """Integrals along the arcs of δ(λ) times what a subclass says of the states there."""

    @abstractmethod
    def integrands(self, stiffness: Array, p: Array, theta: Array) -> Array:
        """Return what stands beside δ(λ) for the states at p and θ, shape (n, ..., components)."""

    def around(self, between: Range) -> Rule:
        """Return the rule over θ, ∫p dθ 2|A|/|∂det/∂p|, with p between two others."""
        from scipy.optimize.elementwise import find_root

        def rule(numbers: Sequence[int]) -> list[tuple[Array, Array]]:
            theta = np.concatenate([2 * np.pi * np.arange(n) / n for n in numbers])
            cosine, ends = np.cos(theta), tuple(np.full(len(theta), end) for end in between)
            found = find_root(lambda p, cosine: self.at(cosine)(p), ends, args=(cosine,))
            if not np.all(found.success):
                raise self.nothing_there(between)
            p, stiffness = found.x, self.stiffness(found.x)
            (A, B), w, k_perp = mean_and_split(self.iface, stiffness), self.w(p), self.k_perp(p)
            (dA, dB), dw, c = combined(self.slope(p)), self.h_R * p / k_perp, in_plane(self.iface) * cosine
            # Half of ∂/∂p of A² − B² − w² − 2Bcw.
            slope = A * dA - B * dB - w * dw - c * (dB * w + B * dw)
            measure = np.abs(A) * p / np.abs(slope) * 2 * np.pi / np.repeat(numbers, numbers)
            return summed(numbers, measure, self.integrands(stiffness, p, theta)[None], 0 * theta)

        return rule

    def across(self, arc: Arc) -> Rule:
        """Return the rule over p, ∫p dp 2|A|/|along sin θ|, where both mirror images count.

        Inverse square roots at the ends are taken away by p = middle + half · sin u; Gauss–Legendre in u.
        """

        def rule(numbers: Sequence[int]) -> list[tuple[Array, Array]]:
            x, weights = (np.concatenate(each) for each in zip(*map(legendre, numbers), strict=True))
            p, theta, root, lost, stiffness = self.points(arc, x * np.pi / 2)
            dp = (arc.p[1] - arc.p[0]) / 2 * np.cos(x * np.pi / 2) * weights * np.pi / 2
            measure = 2 * np.abs(mean_and_split(self.iface, stiffness)[0]) * p * dp / root
            both = self.integrands(np.tile(stiffness, 2), np.tile(p, 2), np.concatenate([theta, -theta]))
            return summed(numbers, measure, both.reshape(2, len(x), *both.shape[1:]), lost)

        return rule

    def integral(self, arcs: list[Arc], i: int, rtol: float) -> Estimate:
        """Integrate along one arc of several."""
        ring = arcs[i].narrow_ring(NARROW)
        return converged(self.around(room(arcs, i)) if ring else self.across(arcs[i]), rtol)


@lru_cache(maxsize=64)
def _arcs(iface: Interface, h_R: float) -> tuple[Arc, ...]:
    """Return the arcs of the matching condition; torque, error and warning ask for the same."""
    contour, points = Contour(iface, h_R), scan(0.0, scale(iface))
    level, along = contour.determinant(contour.stiffness(points), points)
    at = {side: level - side * along for side in (1, -1)}
    borders = sorted((p, side) for side in at for p in roots(contour.at(side), points, at[side]))
    if at[1][0] * at[-1][0] < 0:
        borders.insert(0, (0.0, 0))
    borders += [(np.inf, 0)] * (len(borders) % 2)
    pairs = zip(borders[::2], borders[1::2], strict=True)
    return tuple(Arc((start[0], end[0]), (start[1], end[1])) for start, end in pairs)


def room(arcs: list[Arc], i: int) -> Range:
    """Return the range of p around one of several arcs in which there is no other."""
    (lower, upper), before, after = arcs[i].p, arcs[i - 1].p[1] if i else 0.0, np.inf
    if i + 1 < len(arcs):
        after = arcs[i + 1].p[0]
    return max((before + lower) / 2, lower / BEYOND), min((upper + after) / 2, upper * BEYOND)


def summed(numbers: Sequence[int], measure: Array, values: Array, lost: Array) -> list[tuple[Array, Array]]:
    """Return Σ measure · values (images, nodes, ...) of every rule, and its rounding error.

    That is how much cancels, and what each node has `lost` of itself.
    """
    found, cuts = [], np.cumsum(numbers)[:-1]
    for weight, here, part in zip(
        np.split(measure, cuts), np.split(values, cuts, axis=1), np.split(lost, cuts), strict=True
    ):
        size = np.abs(here)
        cancels = ROUNDING * np.tensordot(weight, size.sum(axis=0), axes=1).max(axis=-1, keepdims=True)
        largest = size.max(axis=(0, *range(2, size.ndim)))
        value = np.tensordot(weight, here.sum(axis=0), axes=1)
        found.append((value, cancels + float(np.sum(weight * part * largest))))
    return found


def converged(rule: Rule, rtol: float, most_nodes: int = MOST_NODES) -> Estimate:
    """Double the nodes of a rule until it changes by less than `rtol`, or there are too many.

    `rtol` is relative to the largest component of each row; the error is what the last doubling changed, and
    rounding.
    """
    n = 2 * FIRST_NODES
    (before, _), (value, rounding) = rule((FIRST_NODES, n))
    while True:
        change = np.abs(value - before)
        enough = np.maximum(rtol * np.abs(value).max(axis=-1, keepdims=True) - rounding, rounding)
        if np.all(change <= enough) or n >= most_nodes:
            return Estimate(value, {"quadrature": (change + rounding, DOUBLED)})
        n, before, ((value, rounding),) = 2 * n, value, rule((2 * n,))
