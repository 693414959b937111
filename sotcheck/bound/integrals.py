"""Integrals along the contour E_b(k) = E_F, for any route to the stiffness of the two leads at E_F.

With the stiffness −∂ψ = s ψ outwards of N and of F, the matching matrix is M = A + (V + w n)·σ. The leads
know nothing of the in-plane angle, so that the determinant A² − V² − w² − 2w V·n is `level` − `along` cos θ
with the angle θ from m's in-plane part to n. Each state counts with δ(E_b − E_F)/∫|ψ|² = δ(λ) of the
eigenvalue λ that vanishes, for ∂λ/∂E is minus the norm of the state whose spinor at z = 0 is of length one;
and δ(λ) = 2|A| δ(det M).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import roots_legendre

from sotcheck.bound.contour import Arc
from sotcheck.bound.matching import k_max, m_angle
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.interface import Interface

#: Arcs around k = 0 narrower than this, relative to their p, are followed by angle instead of p.
NARROW = 0.2
#: There, p is looked for up to this factor beyond the arc on both sides, if no other arc comes first.
BEYOND = 1.5
#: Relative rounding error of a sum over nodes.
ROUNDING = 16 * float(np.finfo(float).eps)
#: Nodes of the rules tried on each arc, doubled until two agree.
FIRST_NODES, MOST_NODES = 16, 4096
DOUBLED = "doubled nodes along the contour E_b(k) = E_F"

#: Returns, for n nodes, integrals and their rounding errors.
Rule = Callable[[int], tuple[Array, Array]]


@dataclass(frozen=True)
class Contour:
    """Bound states of one interface (its own h_R is not used) at one h_R; routes are subclasses."""

    iface: Interface
    h_R: float

    def stiffness(self, p: Array) -> Array:
        """Return that of N and of F in components 1, x, y, z, at p = √(k_⊥² − k_max²), shape (n, 2, 4)."""
        raise NotImplementedError

    def slope(self, p: Array) -> Array:
        """Return its derivative by p."""
        raise NotImplementedError

    def integrands(self, stiffness: Array, p: Array, theta: Array) -> Array:
        """Return what stands beside δ(λ) for the states at p and θ, shape (n, ..., components)."""
        raise NotImplementedError

    def points(self, arc: Arc, u: Array) -> tuple[Array, ...]:
        """Return p, dp/du, θ, |along sin θ|, the relative rounding error of its square, and the stiffness."""
        raise NotImplementedError

    def w(self, p: Array) -> Array:
        """Return h_R k_⊥."""
        return self.h_R * np.hypot(k_max(self.iface), p)

    def n(self, theta: Array) -> Array:
        """Return the unit vector along k×ẑ, shape (n, 3)."""
        angle = m_angle(self.iface) + theta
        return np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=-1)

    def k_x(self, p: Array, theta: Array) -> Array:
        """Return k_x = −k n_y, for k×ẑ is k turned by −90°."""
        return -np.hypot(k_max(self.iface), p) * self.n(theta)[:, 1]

    def matrix(self, stiffness: Array) -> tuple[Array, Array]:
        """Return A, shape (n,), and V, shape (n, 3)."""
        total = stiffness.sum(axis=-2)
        return total[:, 0] + self.iface.u_0, total[:, 1:] + self.iface.u_m * self.iface.direction

    def determinant(self, stiffness: Array, p: Array) -> tuple[Array, Array]:
        """Return `level` and `along`."""
        A, V = self.matrix(stiffness)
        w, length = self.w(p), np.linalg.norm(V, axis=-1)
        return (A - length) * (A + length) - w**2, 2 * w * (V @ self.n(np.zeros(1))[0])

    def around(self, between: tuple[float, float]) -> Rule:
        """Return the rule over θ, ∫p dθ 2|A|/|∂det/∂p|, with p between two others."""
        from scipy.optimize.elementwise import find_root

        def determinant(p: Array, cosine: Array) -> Array:
            level, along = self.determinant(self.stiffness(p), p)
            return np.asarray(level - along * cosine)

        def rule(n: int) -> tuple[Array, Array]:
            theta = 2 * np.pi * np.arange(n) / n
            found = find_root(determinant, tuple(np.full(n, end) for end in between), args=(np.cos(theta),))
            if not np.all(found.success):
                raise self.nothing_there(between)
            p, stiffness = found.x, self.stiffness(found.x)
            (A, V), change = self.matrix(stiffness), self.slope(p).sum(axis=-2)
            # ∂/∂p of A² − |V + w n|².
            turned = V + self.w(p)[:, None] * self.n(theta)
            d_w = self.h_R * p / np.hypot(k_max(self.iface), p)
            d_V = change[:, 1:] + d_w[:, None] * self.n(theta)
            slope = 2 * A * change[:, 0] - 2 * np.sum(turned * d_V, axis=-1)
            measure = 2 * np.abs(A) * p / np.abs(slope) * 2 * np.pi / n
            return summed(measure, self.integrands(stiffness, p, theta))

        return rule

    def across(self, arc: Arc) -> Rule:
        """Return the rule over p, ∫p dp 2|A|/|2w V·e sin θ|, where both mirror images count.

        Inverse square roots at the ends are taken away by p = middle + half · sin u; Gauss–Legendre in u.
        """

        def rule(n: int) -> tuple[Array, Array]:
            x, weights = roots_legendre(n)
            p, slope, theta, root, lost, stiffness = self.points(arc, x * np.pi / 2)
            measure = np.pi / 2 * weights * slope * 2 * np.abs(self.matrix(stiffness)[0]) * p / root
            both = [self.integrands(stiffness, p, side * theta) for side in (1, -1)]
            largest = np.abs(both).reshape(2, n, -1).max(axis=(0, 2))
            value, rounding = summed(np.tile(measure, 2), np.concatenate(both))
            return value, rounding + float(np.sum(measure * lost * largest))

        return rule

    def integral(self, arcs: list[Arc], i: int, rtol: float) -> Estimate:
        """Integrate along one arc of several."""
        ring = arcs[i].narrow_ring(NARROW)
        return converged(self.around(room(arcs, i)) if ring else self.across(arcs[i]), rtol)

    def nothing_there(self, between: tuple[float, float]) -> EngineError:
        """Return the error that a state which the matching condition has is not there."""
        return EngineError(f"no bound state at E_F {where(between)}")


def where(between: tuple[float, float]) -> str:
    """Return a range of p in words."""
    return f"between sqrt(k_perp^2 - k_max^2) = {min(between):.4g} and {max(between):.4g}"


def room(arcs: list[Arc], i: int) -> tuple[float, float]:
    """Return the range of p around one of several arcs in which there is no other."""
    (lower, upper), before, after = arcs[i].p, arcs[i - 1].p[1] if i else 0.0, np.inf
    if i + 1 < len(arcs):
        after = arcs[i + 1].p[0]
    return max((before + lower) / 2, lower / BEYOND), min((upper + after) / 2, upper * BEYOND)


def summed(measure: Array, values: Array) -> tuple[Array, Array]:
    """Return Σ measure · values over nodes, and its rounding error: how much cancels."""
    size = np.tensordot(measure, np.abs(values), axes=1)
    return np.tensordot(measure, values, axes=1), ROUNDING * size.max(axis=-1, keepdims=True)


def converged(rule: Rule, rtol: float, most_nodes: int = MOST_NODES) -> Estimate:
    """Double the nodes of a rule until it changes by less than `rtol`, or there are too many.

    `rtol` is relative to the largest component of each row; the error is what the last doubling changed, and
    rounding.
    """
    n, value = FIRST_NODES, rule(FIRST_NODES)[0]
    while True:
        n, before, (value, rounding) = 2 * n, value, rule(2 * n)
        change = np.abs(value - before)
        enough = np.maximum(rtol * np.abs(value).max(axis=-1, keepdims=True) - rounding, rounding)
        if np.all(change <= enough) or n >= most_nodes:
            return Estimate(value, {"quadrature": (change + rounding, DOUBLED)})
