"""The sum over k_⊥: split at every threshold, kinks substituted away, nested error estimates.

∫ d²k_⊥/(2π)² f = (1/4π) ∫ dx ⟨f⟩_φ with x = k_⊥². Between thresholds, x = x₁ + (x₂ − x₁) sin²θ turns the
square roots √(x − x₁) and √(x₂ − x) into smooth functions of θ. In θ, Fejér's second rule with 7, 15, …, 127
nodes, each containing the one before, made exact for poles next to the real axis; in the angle φ, the
trapezoid, doubled, or the same rules between the angles at which the integral has kinks.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sotcheck.errors import EngineError
from sotcheck.nearpoles import NearPoles, fejer, near_poles
from sotcheck.spin import Array, Complex

Integrand = Callable[[Array, Array], Array]
PolesOf = Callable[[tuple[float, float], Array], Complex]

#: Nodes in θ: tried in this order, then the interval is halved.
LEVELS = (15, 31, 63, 127)
#: Smallest θ interval, as a fraction of a segment; what is unresolved there stays in the error estimate.
SMALLEST = 2.0**-20
#: Most intervals of a segment: noise has no end. What is unresolved then stays in the error estimate as well.
MOST_INTERVALS = 1000
#: Rounding of k_⊥² in units of ε, its own and that of a resonance's position.
NOISE = 4.0
#: Errors near complex poles oscillate under their geometric envelope: how much a lucky rule may hide.
SAFETY = 4.0
#: Where a wave number is zero no state has a flux; this close (relative) the Jacobian makes no difference.
CLEARANCE = 1e-13
FIRST_ANGLES, MOST_ANGLES = 8, 256
#: Kinks closer than this are one.
SAME_ANGLE = 1e-6
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

    def integrate(
        self, f: Integrand, angles: Array, tolerance: Callable[[Array], float], poles: Complex | None
    ) -> bool:
        """Raise the rule until the error is within tolerance(value); say whether it got there."""
        near = None if poles is None else self._near(poles)
        extra = None if near is None else self._extra_samples(f, angles, near)
        samples = self._sample(f, angles, fejer(LEVELS[0])[0])
        for n in LEVELS:
            if n != LEVELS[0]:
                new = self._sample(f, angles, fejer(n)[0][::2])
                merged = np.empty((n, *samples.shape[1:]))
                merged[1::2], merged[::2] = samples, new
                samples = merged
            rules = [self._apply(samples[step - 1 :: step], near, extra) for step in (8, 4, 2, 1)]
            self.value = rules[-1]
            # The rules of one component may agree by accident: the worst stands for all.
            unresolved, noise = float(nested_error(rules).max()), self._noise(n, near, extra)
            self.error = unresolved + noise
            self.nodes = n if near is None else n + near.nodes.shape[1]
            # No rule, however fine, gets below the noise.
            if unresolved <= max(tolerance(self.value) * (self.upper - self.lower), float(noise.max())):
                return True
        return self.upper - self.lower <= SMALLEST

    def halves(self) -> list[_Interval]:
        middle = (self.lower + self.upper) / 2
        return [
            _Interval(self.segment, self.lower, middle),
            _Interval(self.segment, middle, self.upper),
        ]

    def _near(self, poles: Complex) -> NearPoles | None:
        """Return the poles that matter here, seen from this interval as [0, 1], by pair of angles."""
        half = len(poles) // 2
        # Opposite angles are averaged before they are integrated: a pair has the poles of both.
        pairs = np.concatenate([poles[:half], poles[half:]], axis=-1) * 2 / np.pi
        return near_poles(np.asarray((pairs - self.lower) / (self.upper - self.lower), dtype=complex))

    def _sample(self, f: Integrand, angles: Array, nodes: Array) -> Array:
        theta = (self.lower + (self.upper - self.lower) * nodes) * np.pi / 2
        x, jacobian = substitution(*self.segment, theta)
        values = f(x, angles)
        if not np.all(np.isfinite(values)):
            raise EngineError(
                f"the integrand is not finite near k_perp^2 = {x.flat[0]:g}: "
                "a parameter is too large for double precision"
            )
        return values * jacobian.reshape(*jacobian.shape, *(1,) * (values.ndim - jacobian.ndim))

    def _extra_samples(self, f: Integrand, angles: Array, near: NearPoles) -> Array:
        """Return the integrand at the nodes next to poles, shape (extra, angles, ...); zero where none."""
        half = len(angles) // 2
        most = near.nodes.shape[1]
        some = np.flatnonzero(np.isfinite(near.nodes[:, :1]).all(axis=1)) if most else np.zeros(0, dtype=int)
        if not some.size:
            return np.zeros((0,))
        both = np.concatenate([some, some + half])
        nodes = np.where(np.isfinite(near.nodes), near.nodes, near.nodes[:, :1])[some].T
        values = self._sample(f, angles[both], np.concatenate([nodes, nodes], axis=1))
        extra = np.zeros((most, len(angles), *values.shape[2:]))
        extra[:, both] = values
        return extra

    def _apply(self, samples: Array, near: NearPoles | None, extra: Array | None) -> Array:
        scale = (self.upper - self.lower) * np.pi / 2
        if near is None or extra is None:
            return scale * np.tensordot(fejer(len(samples))[1], samples, axes=1)
        weights, more = near.weights(len(samples))
        value = np.einsum("npl,nspl...->spl...", weights, _by_pair(samples))
        if extra.size:
            value = value + np.einsum("npl,nspl...->spl...", more, _by_pair(extra))
        return scale * value.reshape(samples.shape[1:])

    def _noise(self, n: int, near: NearPoles | None, extra: Array | None) -> Array:
        """Return the error that rounding of k_⊥² causes next to a pole, where the integrand is steep.

        By component, the worst of all angles.
        """
        if near is None or extra is None or not extra.size:
            return np.zeros(self.value.shape[1:])
        lower, upper = self.segment
        width = (self.upper - self.lower) * np.pi / 2
        theta = self.lower * np.pi / 2 + width * near.nodes
        slope = (upper - lower) * np.maximum(np.sin(2 * theta), np.finfo(float).eps ** 0.5)
        moved = NOISE * np.finfo(float).eps * upper / slope / width * near.steepness
        more = np.abs(near.weights(n)[1]) * np.nan_to_num(moved).T[:, :, None]
        value = np.einsum("npl,nspl...->spl...", more, np.abs(_by_pair(extra)))
        worst: Array = width * value.max(axis=(0, 1))
        return worst


def _by_pair(samples: Array) -> Array:
    """Return samples (n, angles, lanes, ...) with the angle axis split in two: opposite ones, pairs."""
    return samples.reshape(len(samples), 2, samples.shape[1] // 2, *samples.shape[2:])


def radial(
    f: Integrand,
    segment: tuple[float, float],
    angles: Array,
    tolerance: Callable[[Array], float],
    poles: Complex | None = None,
) -> tuple[Array, Array, int]:
    """Integrate f over one segment for every angle; return values (angles, ...), error (...), nodes."""
    waiting = [_Interval(segment, 0.0, 1.0)]
    done: list[_Interval] = []
    while waiting:
        interval = waiting.pop()
        if interval.integrate(f, angles, tolerance, poles) or len(done) + len(waiting) >= MOST_INTERVALS:
            done.append(interval)
        else:
            waiting.extend(interval.halves())
    value: Array = sum((interval.value for interval in done[1:]), start=done[0].value)
    error: Array = sum((i.error for i in done[1:]), start=done[0].error)
    return value, error, sum(i.nodes for i in done)


def sum_over_k(
    f: Integrand,
    edges: list[float],
    rtol: float,
    atol: float,
    poles: PolesOf | None = None,
    kinks: Sequence[float] = (),
) -> Sum:
    """Return (1/4π) ∫ dx ⟨f(x, φ)⟩_φ, segment by segment.

    Parameters
    ----------
    f : callable
        ``f(x, angles)`` of x = k_⊥², shape (n,), and angles (a,) returns an array (n, a, ...). Opposite
        angles come together, in the two halves of `angles`. With `poles`, the axis after the angles counts
        lanes: integrands with poles of their own; and f is asked for x of shape (n, a) as well.
    edges : list of float
        Sorted thresholds in k_⊥², lower end first.
    rtol : float
        Wanted error relative to the largest component of any segment.
    atol : float
        Wanted error in absolute terms.
    poles : callable, optional
        ``poles(segment, angles)``: the poles of the integrand near a segment, in θ, shape (a, lanes, most),
        NaN where there are fewer; complex conjugates are understood. However close to the real axis, they
        cost no more than two nodes each.
    kinks : sequence of float, optional
        Angles, modulo π, at which the integral over x is not smooth.

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

    def evaluate(angles: Array) -> tuple[Array, Array, int]:
        done = [
            radial(f, segment, angles, tolerance, None if poles is None else poles(segment, angles))
            for segment in segments
        ]
        values, errors, nodes = zip(*done, strict=True)
        return np.stack(values), np.array(errors), sum(nodes)

    found = _piecewise(evaluate, tolerance, kinks) if len(kinks) else _all_round(evaluate, tolerance)
    return Sum(
        segments,
        found.mean / (4 * np.pi),
        (found.angular + found.radial) / (4 * np.pi),
        found.angles,
        found.nodes,
    )


#: Integrals over x at given angles, shape (segments, angles, ...); their errors (segments, ...); nodes.
ByAngle = Callable[[Array], tuple[Array, Array, int]]


@dataclass(frozen=True)
class _Mean:
    """An average over the angle, with its own error and that of the integrals averaged."""

    mean: Array
    angular: Array
    radial: Array
    angles: int
    nodes: int


def _all_round(evaluate: ByAngle, tolerance: Callable[[Array], float]) -> _Mean:
    """Average over equidistant angles, doubled until their error is below that of the integrals."""
    angles = 2 * np.pi * (np.arange(FIRST_ANGLES) + FIRST_ANGLE) / FIRST_ANGLES
    by_angle, radial_errors, nodes = evaluate(angles)
    while True:
        rules = [by_angle[:, ::step].mean(axis=1) for step in (8, 4, 2, 1)]
        angular = nested_error(rules)
        # More angles than the radial errors are worth would be wasted.
        wanted = max(tolerance(by_angle[0]), float(radial_errors.max()))
        if angular.max() <= wanted or len(angles) >= MOST_ANGLES:
            return _Mean(rules[-1], angular, radial_errors, len(angles), nodes)
        # The angles halfway between double the rule; those already done are kept.
        more, more_errors, nodes = evaluate(angles + np.pi / len(angles))
        by_angle = np.stack([by_angle, more], axis=2).reshape(len(by_angle), -1, *by_angle.shape[2:])
        angles = np.stack([angles, angles + np.pi / len(angles)], axis=1).ravel()
        radial_errors = np.maximum(radial_errors, more_errors)


def _piecewise(evaluate: ByAngle, tolerance: Callable[[Array], float], kinks: Sequence[float]) -> _Mean:
    """Average over half a turn and the opposite angles, piece by piece between kinks, smooth on each side."""
    inside = np.unique(np.mod(kinks, np.pi))
    ends = np.append(inside[np.diff(inside, prepend=-np.inf) > SAME_ANGLE], inside[0] + np.pi)

    def at(piece: tuple[float, float], s: Array) -> tuple[Array, Array, int]:
        half = piece[0] + (piece[1] - piece[0]) * s
        values, errors, nodes = evaluate(np.concatenate([half, half + np.pi]))
        return (values[:, : len(s)] + values[:, len(s) :]) / 2, errors, nodes

    done = []
    for piece in _pairs([float(end) for end in ends]):
        share = (piece[1] - piece[0]) / np.pi
        samples, radial_errors, nodes = at(piece, fejer(LEVELS[0])[0])
        for n in LEVELS:
            if n != LEVELS[0]:
                more, more_errors, nodes = at(piece, fejer(n)[0][::2])
                joined = np.empty((len(samples), n, *samples.shape[2:]))
                joined[:, 1::2], joined[:, ::2] = samples, more
                samples, radial_errors = joined, np.maximum(radial_errors, more_errors)
            rules = [
                np.tensordot(fejer(n // step)[1], samples[:, step - 1 :: step], axes=(0, 1))
                for step in (8, 4, 2, 1)
            ]
            angular = nested_error(rules)
            if angular.max() <= max(tolerance(samples[0]), float(radial_errors.max())):
                break
        done.append(_Mean(rules[-1] * share, angular * share, radial_errors * share, 2 * n, nodes))
    return _Mean(
        sum((one.mean for one in done[1:]), start=done[0].mean),
        sum((one.angular for one in done[1:]), start=done[0].angular),
        sum((one.radial for one in done[1:]), start=done[0].radial),
        sum(one.angles for one in done),
        max(one.nodes for one in done),
    )


def joined(sums: list[Sum]) -> Sum:
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
