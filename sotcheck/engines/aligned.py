"""Determinants of many bare interfaces, as functions of c = m·(k×ẑ)/k_⊥, in which they are linear.

D = (ab − w²) + wc (a − b), a and b being those of either spin at c = 0. All angles of k lie between the
largest c and the smallest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sotcheck.engines.poles import CLEAR_OF_BRANCH_POINTS, RHO, THINNEST, WHOLE
from sotcheck.numerics import circle
from sotcheck.numerics.arrays import Array, Complex, Index, Mask
from sotcheck.numerics.zeros import ellipse, parameter, zeros_near
from sotcheck.system.many import Many

#: Points on an ellipse to begin with; angles between determinants that are all but opposite, of large steps.
ROUND, OPPOSITE, STEP = 48, 1.8, 1.2
#: The ellipse through a pole that is near.
THIN = 1.15


@dataclass(frozen=True, eq=False)
class Aligned:
    """Determinants of bare interfaces, in a continuum or on a lattice, as sums over k_⊥ need them."""

    many: Many
    spacing: float = 0.0

    def __len__(self) -> int:
        return len(self.many)

    @property
    def axis(self) -> Array:
        """The angle from which those of `circle` are counted."""
        return self.many.axis

    @property
    def edges(self) -> Array:
        """k_⊥² at which channels close, (n, channels)."""
        return self.many.edges

    def ranges(self) -> tuple[Index, Array, Array]:
        """Return whose each range between thresholds is, and its ends."""
        return self.many.ranges()

    def singular(self, owner: Index, x_1: Array, x_2: Array) -> Complex:
        """Return the θ near ranges, (ranges, most), where averages over the angle branch, but for edges."""
        return poles_aligned(self.many[owner], x_1, x_2, self.spacing)

    def weights(self, whose: Index, x: Array) -> tuple[Array, Array]:
        """Return those of angles that average over 1/|D|² at k_⊥² (rows, n), and of what is no polynomial."""
        return circle.weights(turning(self.many[whose], x, self.spacing))


def turning(many: Many, k_perp2: Array, spacing: float = 0.0) -> Complex:
    """Return t of the determinant D₀ (1 + t cos ψ) at real k_⊥² (n, x), ψ the angle from `Many.axis`.

    It is linear in c: (ab − w²) + wc (a − b), with a and b those of c = 0. Shape (n, x, lanes).
    """
    squared = many.edges.T[:, :, None] - k_perp2 + 0j
    k, majority, minority = np.sqrt(squared) * (np.sqrt(1 - squared * spacing**2 / 4) if spacing else 1.0)
    u_0, u_m = many.u_0[:, None], many.u_m[:, None]
    a, b = (1j * (K + k) - u_0 - sign * u_m for K, sign in ((minority, 1), (majority, -1)))
    w = many.h_R[:, None] * np.sqrt(k_perp2)[..., None]
    middle = (a * b)[..., None] - w**2
    tiny = float(np.finfo(float).tiny) ** 0.5
    turned = w * (many.in_plane[:, None] * (a - b))[..., None]
    return np.asarray(turned / np.where(middle == 0, tiny, middle))


def poles_aligned(many: Many, x_1: Array, x_2: Array, spacing: float = 0.0) -> Complex:
    """Return the poles in θ at the angles of k at which c is largest and smallest, near a range of each.

    Shape (n, most), NaN where there are fewer.
    """
    # Where they are the same, once.
    sign = np.stack([np.ones(len(many)), np.where(many.in_plane > 0, -1.0, np.nan)], axis=1)
    sign[x_2 - x_1 <= THINNEST * x_2] = np.nan
    lanes = many.h_R.shape[1]
    row, side, lane = np.nonzero(np.isfinite(np.broadcast_to(sign[..., None], (len(many), 2, lanes))))
    parts_of = _determinants(many[row], x_1[row], x_2[row], many.h_R[row, lane], spacing)
    signs = sign[row, side][:, None]

    def f(theta: Complex, rows: Index) -> Complex:
        middle, slope = parts_of(theta, rows)
        return middle + signs[rows] * slope

    found = zeros_near(f, len(row), *WHOLE, _radii(many, x_1, x_2)[row], points=ROUND)
    together = np.full((len(many), 2 * lanes, found.shape[1]), np.nan, dtype=complex)
    together[row, side * lanes + lane] = found
    return together.reshape(len(many), -1)


def never_near(many: Many, x_1: Array, x_2: Array) -> Mask:
    """Return whether no pole is as near a range as `poles` looks for them, at any angle.

    The determinant is linear in c: where it vanishes for no c on an ellipse, it has as many zeros inside for
    all c. It does not where those of the largest and smallest c do not lie on opposite sides of 0.
    """
    around = ellipse(*WHOLE, _radii(many, x_1, x_2), ROUND)
    middle, slope = _determinants(many, x_1, x_2, many.h_R[:, 0], 0.0)(around, np.arange(len(many)))
    one, other = middle + slope, middle - slope
    apart = np.abs(np.angle(other / one)).max(axis=1)
    steps = np.angle(np.concatenate([one[:, 1:], one[:, :1]], axis=1) / one)
    return (apart < OPPOSITE) & (np.abs(steps).max(axis=1) < STEP) & (np.abs(steps.sum(axis=1)) < 1)


def _determinants(
    many: Many, x_1: Array, x_2: Array, h_R: Array, spacing: float
) -> Callable[[Complex, Index], tuple[Complex, Complex]]:
    """Return a function of θ and rows: determinants along ranges at c = 0, and what the largest c adds."""
    lower, upper, close, edges = x_1[:, None], x_2[:, None], many.same_threshold, many.edges.T
    edges = np.where(np.abs(edges - x_1) <= close, x_1, edges)
    edges = np.where(np.abs(edges - x_2) <= close, x_2, edges)[..., None]
    u_0, u_m, h, c = (one[:, None] for one in (many.u_0, many.u_m, h_R, many.in_plane))

    def parts_of(theta: Complex, rows: Index) -> tuple[Complex, Complex]:
        x1, x2, at = lower[rows], upper[rows], edges[:, rows]
        root, sine, cosine = np.sqrt(x2 - x1), np.sin(theta), np.cos(theta)
        x = x1 + (x2 - x1) * sine**2
        # Each analytic in θ: outgoing or decaying for real θ.
        closes = at > x2
        waves = np.where(closes, 1, 1j) * np.sqrt(np.where(closes, at - x, x - at))
        k = np.where(at == x2, root * cosine, np.where(at == x1, 1j * root * sine, waves))
        if spacing:
            k = k * np.sqrt(1 - (k * spacing) ** 2 / 4)
        w = h[rows] * np.where(x1 == 0, np.sqrt(x2) * sine, np.sqrt(np.where(x1 == 0, 1, x)))
        minority = 1j * (k[2] + k[0]) - (u_0[rows] + u_m[rows])
        majority = 1j * (k[1] + k[0]) - (u_0[rows] - u_m[rows])
        return minority * majority - w * w, w * c[rows] * (minority - majority)

    return parts_of


def _radii(many: Many, x_1: Array, x_2: Array) -> Array:
    """Return ρ of the largest ellipses around ranges clear of branch points, at most RHO."""
    branches = np.concatenate([many.edges, np.zeros((len(many), 1))], axis=1)
    lower, upper, close = x_1[:, None], x_2[:, None], many.same_threshold[:, None]
    theta = np.arcsin(np.sqrt((branches - lower) / (upper - lower) + 0j))
    ends = (np.abs(branches - lower) <= close) | (np.abs(branches - upper) <= close) | (branches == lower)
    rho = np.where(ends, np.inf, parameter(*WHOLE, theta))
    return np.minimum(RHO, 1 + CLEAR_OF_BRANCH_POINTS * (rho.min(axis=1) - 1))
