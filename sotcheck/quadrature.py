"""The sum over k_⊥: split at every threshold, kinks substituted away, nested error estimates.

∫ d²k_⊥/(2π)² f = (1/4π) ∫ dx ⟨f⟩_φ with x = k_⊥². Between thresholds, x = x₁ + (x₂ − x₁) sin²θ turns the
square roots √(x − x₁) and √(x₂ − x) into smooth functions of θ. In θ, Fejér's second rule with 7, 15, 31, 63
nodes, each containing the one before; in the angle φ, the trapezoid, doubled.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from sotcheck.errors import EngineError
from sotcheck.spin import Array

Integrand = Callable[[Array, Array], Array]

#: Nodes in θ: tried in this order, then the interval is halved.
LEVELS = (15, 31, 63)
#: Smallest θ interval, as a fraction of a segment; what is unresolved there stays in the error estimate.
SMALLEST = 2.0**-20
#: Most intervals of a segment: noise has no end. What is unresolved then stays in the error estimate as well.
MOST_INTERVALS = 1000
#: Intervals shrink towards a split by this factor, down to GRADED, so that no resonance there is missed.
GRADING, GRADED = 8.0, 2.0**-33
#: Errors near complex poles oscillate under their geometric envelope: how much a lucky rule may hide.
SAFETY = 4.0
#: Where a wave number is zero no state has a flux; this close (relative) the Jacobian makes no difference.
CLEARANCE = 1e-13
FIRST_ANGLES, MOST_ANGLES = 8, 256
#: First angle in units of their spacing: a generic one, so that no harmonic vanishes on all of a nested rule.
FIRST_ANGLE = 0.3


@dataclass(frozen=True)
class Sum:
    """A k_⊥ sum by segment between thresholds.

    Attributes
    ----------
    segments : list of (float, float)
        Ranges of k_⊥².
    values, errors : array (segments, ...)
        (1/4π) ∫ dx ⟨f⟩_φ of each segment, and its quadrature error: radial plus angular.
    angles, nodes : int
        Angles, and values of k_⊥, of the final rule.
    """

    segments: list[tuple[float, float]]
    values: Array
    errors: Array
    angles: int
    nodes: int

    @property
    def total(self) -> Array:
        """The sum over all segments."""
        total: Array = self.values.sum(axis=0)
        return total

    @property
    def total_error(self) -> Array:
        """The sum of the segments' errors."""
        total: Array = self.errors.sum(axis=0)
        return total


@cache
def fejer(n: int) -> tuple[Array, Array]:
    """Return nodes and weights of Fejér's second rule on [0, 1], n odd: Chebyshev points without the ends."""
    angle = np.pi * np.arange(1, n + 1) / (n + 1)
    odd = np.arange(1, n + 1, 2)
    weights = 2 * np.sin(angle) / (n + 1) * (np.sin(np.outer(angle, odd)) / odd).sum(axis=1)
    return (1 - np.cos(angle)) / 2, weights


def substitution(x_1: float, x_2: float, theta: Array) -> tuple[Array, Array]:
    """Return x and dx/dθ of x = x₁ + (x₂ − x₁) sin²θ, x kept CLEARANCE off the thresholds."""
    width = x_2 - x_1
    clear = min(CLEARANCE * x_2, width / 4)
    x = np.clip(x_1 + width * np.sin(theta) ** 2, x_1 + clear, x_2 - clear)
    return x, width * np.sin(2 * theta)


def nested_error(rules: list[Array]) -> Array:
    """Return an error bound of the last of four rules, each with twice the nodes of the one before.

    The difference of the last two bounds the error of the last but one. That of the last is smaller by at
    least the factor by which differences have been shrinking: the worse of the last two factors, and no gain
    at all where they have not, as near a resonance that the rules do not resolve.
    """
    d_1, d_2, d_3 = (np.abs(fine - coarse) for coarse, fine in itertools.pairwise(rules))

    def ratio(fine: Array, coarse: Array) -> Array:
        return np.divide(fine, coarse, out=np.ones_like(fine), where=coarse > fine)

    shrinking = ratio(d_2, d_1)
    gain = np.minimum(SAFETY * np.maximum(ratio(d_3, d_2), shrinking), 1.0)
    return d_3 * gain


@dataclass
class _Interval:
    """A piece of a segment in θ with the integrand's values on its finest rule so far."""

    segment: tuple[float, float]
    lower: float
    upper: float

    def integrate(self, f: Integrand, angles: Array, tolerance: Callable[[Array], float]) -> bool:
        """Raise the rule until the error is within tolerance(value); say whether it got there."""
        samples = self._sample(f, angles, fejer(LEVELS[0])[0])
        for n in LEVELS:
            if n != LEVELS[0]:
                new = self._sample(f, angles, fejer(n)[0][::2])
                merged = np.empty((n, *samples.shape[1:]))
                merged[1::2], merged[::2] = samples, new
                samples = merged
            rules = [self._apply(samples[step - 1 :: step]) for step in (8, 4, 2, 1)]
            self.value = rules[-1]
            self.error = float(nested_error(rules).max())
            self.nodes = n
            if self.error <= tolerance(self.value) * (self.upper - self.lower):
                return True
        return self.upper - self.lower <= SMALLEST

    def halves(self) -> list[_Interval]:
        middle = (self.lower + self.upper) / 2
        return [
            _Interval(self.segment, self.lower, middle),
            _Interval(self.segment, middle, self.upper),
        ]

    def _sample(self, f: Integrand, angles: Array, nodes: Array) -> Array:
        theta = (self.lower + (self.upper - self.lower) * nodes) * np.pi / 2
        x, jacobian = substitution(*self.segment, theta)
        values = f(x, angles)
        if not np.all(np.isfinite(values)):
            raise EngineError(
                f"the integrand is not finite near k_perp^2 = {x[0]:g}: "
                "a parameter is too large for double precision"
            )
        return values * jacobian.reshape(-1, *(1,) * (values.ndim - 1))

    def _apply(self, samples: Array) -> Array:
        weights = fejer(len(samples))[1] * (self.upper - self.lower) * np.pi / 2
        return np.tensordot(weights, samples, axes=1)


def radial(
    f: Integrand,
    segment: tuple[float, float],
    angles: Array,
    tolerance: Callable[[Array], float],
    splits: list[float],
) -> tuple[Array, float, int]:
    """Integrate f over one segment for every angle; return values (angles, ...), error, nodes."""
    x_1, x_2 = segment
    inside = sorted(np.arcsin(np.sqrt((x - x_1) / (x_2 - x_1))) * 2 / np.pi for x in splits)
    waiting = [_Interval(segment, *ends) for ends in _pairs(graded(inside))]
    done: list[_Interval] = []
    while waiting:
        interval = waiting.pop()
        if interval.integrate(f, angles, tolerance) or len(done) + len(waiting) >= MOST_INTERVALS:
            done.append(interval)
        else:
            waiting.extend(interval.halves())
    value: Array = sum((interval.value for interval in done[1:]), start=done[0].value)
    return value, sum(i.error for i in done), sum(i.nodes for i in done)


def graded(splits: list[float]) -> list[float]:
    """Return break points on [0, 1] that crowd geometrically on both sides of every split."""
    steps = GRADING ** -np.arange(1, np.log(1 / GRADED) / np.log(GRADING) + 1)
    near = {split + side * step for split in splits for side in (-1, 1) for step in steps}
    return sorted({0.0, 1.0, *splits, *(float(point) for point in near if 0 < point < 1)})


def sum_over_k(
    f: Integrand, edges: list[float], rtol: float, atol: float, splits: list[float] | None = None
) -> Sum:
    """Return (1/4π) ∫ dx ⟨f(x, φ)⟩_φ, segment by segment.

    Parameters
    ----------
    f : callable
        ``f(x, angles)`` of x = k_⊥² (n,) and angles (a,) returns an array (n, a, ...). Opposite angles
        come together, in the two halves of `angles`.
    edges : list of float
        Sorted thresholds in k_⊥², lower end first.
    rtol : float
        Wanted error relative to the largest component of any segment.
    atol : float
        Wanted error in absolute terms.
    splits : list of float, optional
        k_⊥² of resonances too narrow to be found by chance: the rules start from there.

    Returns
    -------
    Sum
        With the errors reached, which may be larger than wanted; never silently.

    Raises
    ------
    EngineError
        If the integrand is not finite.
    """
    segments = list(_pairs(edges))
    largest = 0.0

    def tolerance(value: Array) -> float:
        nonlocal largest
        largest = max(largest, float(np.abs(value.mean(axis=0)).max()))
        return max(rtol * largest, 4 * np.pi * atol) / len(segments)

    def one_segment(segment: tuple[float, float], angles: Array) -> tuple[Array, float, int]:
        inside = [x for x in splits or [] if segment[0] < x < segment[1]]
        if not inside:
            return radial(f, segment, angles, tolerance, inside)
        # A resonance moves with the angle: refine for each pair of opposite angles by itself.
        half = len(angles) // 2
        pairs = [radial(f, segment, angles[i::half], tolerance, inside) for i in range(half)]
        value = np.concatenate([np.stack([pair[0][side] for pair in pairs]) for side in (0, 1)])
        return value, max(pair[1] for pair in pairs), max(pair[2] for pair in pairs)

    def evaluate(angles: Array) -> tuple[Array, Array, int]:
        done = [one_segment(segment, angles) for segment in segments]
        values, errors, nodes = zip(*done, strict=True)
        return np.stack(values), np.array(errors), sum(nodes)

    angles = 2 * np.pi * (np.arange(FIRST_ANGLES) + FIRST_ANGLE) / FIRST_ANGLES
    by_angle, radial_errors, nodes = evaluate(angles)
    while True:
        rules = [by_angle[:, ::step].mean(axis=1) for step in (8, 4, 2, 1)]
        full, angular = rules[-1], nested_error(rules)
        if angular.max() <= tolerance(by_angle[0]) or len(angles) >= MOST_ANGLES:
            break
        # The angles halfway between double the rule; those already done are kept.
        more, more_errors, nodes = evaluate(angles + np.pi / len(angles))
        by_angle = np.stack([by_angle, more], axis=2).reshape(len(segments), -1, *full.shape[1:])
        angles = np.stack([angles, angles + np.pi / len(angles)], axis=1).ravel()
        radial_errors = np.maximum(radial_errors, more_errors)
    errors = angular + radial_errors.reshape(-1, *(1,) * (full.ndim - 1))
    return Sum(segments, full / (4 * np.pi), errors / (4 * np.pi), len(angles), nodes)


def merged(sums: list[Sum]) -> Sum:
    """Join sums over the same segments along the axis after the segments."""
    return Sum(
        sums[0].segments,
        np.concatenate([one.values for one in sums], axis=1),
        np.concatenate([one.errors for one in sums], axis=1),
        max(one.angles for one in sums),
        max(one.nodes for one in sums),
    )


def sample(edges: list[float], nodes: int) -> Array:
    """Return k_⊥ at `nodes` Gauss–Legendre nodes in θ of every segment, sorted, shape (segments · nodes,).

    They avoid the thresholds themselves, crowd near them, and visit every channel regime.
    """
    theta = (np.polynomial.legendre.leggauss(nodes)[0] + 1) * np.pi / 4
    return np.sqrt(np.concatenate([substitution(*pair, theta)[0] for pair in _pairs(edges)]))


def _pairs(edges: list[float]) -> Iterator[tuple[float, float]]:
    return itertools.pairwise(edges)
