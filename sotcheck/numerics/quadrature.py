"""The sum over k_⊥: split at every threshold, averaged over the angle, with nested error estimates.

∫ d²k_⊥/(2π)² f = (1/4π) ∫ dx ⟨f⟩_φ with x = k_⊥². Over each range between thresholds `radial` integrates; in
the angle φ, the trapezoid, doubled, or Fejér's rules between the angles at which the integral has kinks;
where those converge slowly, in s of φ = φ₁ + (φ₂ − φ₁) sin²(πs/2).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import pairwise
from operator import add
from typing import Any

import numpy as np

from sotcheck.numerics.arrays import Array, Complex, Mask
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.nearpoles import fejer
from sotcheck.numerics.radial import (
    LEVELS,
    Integrand,
    Reached,
    interleaved,
    nested_error,
    radial,
    substitution,
)

PolesOf = Callable[[tuple[float, float], Array], Complex]
#: What narrow poles add to the integral, and its error, shaped as the integral at every angle; and which do.
Narrow = Callable[[tuple[float, float], Array, Complex], tuple[Array, Array, Mask]]

#: Distance from the real axis of θ below which a pole may be integrated by itself: no node need see it.
NARROW = 1e-7
FIRST_ANGLES, MOST_ANGLES = 8, 256
#: A distance from the axis that is none.
TINY = 1e-300
#: Values of the integrand that a sum may take: beyond, nothing is refined any more.
MOST_VALUES = 10**7
#: How quadrature errors are found.
NESTED = "nested rules in k_perp and angle"
#: Kinks closer than this are one.
SAME_ANGLE = 1e-6
#: Rules between kinks that gain less on the one before, and are this far from what is wanted, are slow.
SLOW, FAR = 0.1, 1e3
#: The nodes at either end, and those next to them.
ENDS = (0, 1), (-1, -2)
#: First angle in units of their spacing: a generic one, so that no harmonic vanishes on all of a nested rule.
FIRST_ANGLE = 0.3


@dataclass(frozen=True)
class Sum:
    """A k_⊥ sum by segment between thresholds, ranges of k_⊥², with the angles and k_⊥ of its final rule.

    `by_segment` is (1/4π) ∫ dx ⟨f⟩_φ of each, shape (segments, ...); its error is radial plus angular.
    """

    segments: list[tuple[float, float]]
    by_segment: Estimate
    angles: int = 0
    nodes: int = 0

    @property
    def total(self) -> Estimate:
        """The sum over all segments."""
        return self.by_segment.sum(axis=0)


def sum_over_k(
    f: Integrand,
    edges: list[float],
    rtol: float,
    atol: float,
    poles: PolesOf | None = None,
    kinks: Sequence[float] = (),
    crowds: Sequence[float] = (),
    most: int = MOST_VALUES,
    narrow: Narrow | None = None,
) -> Sum:
    """Return (1/4π) ∫ dx ⟨f(x, φ)⟩_φ, segment by segment.

    Errors reached may be larger than wanted, never silently; an integrand that is not finite is an
    EngineError.

    Parameters
    ----------
    f : callable
        ``f(x, angles)`` of x = k_⊥², shape (n,), and angles (a,) returns an array (n, a, ...). Opposite
        angles come together, in the two halves of `angles`. With `poles`, the axis after the angles counts
        lanes: integrands with poles of their own; and f is asked for x of shape (n, a) as well.
    edges : list of float
        Sorted thresholds in k_⊥², lower end first.
    rtol, atol : float
        Wanted error relative to the largest component of any segment, and in absolute terms.
    poles : callable, optional
        ``poles(segment, angles)``: the poles of the integrand near a segment, in θ, shape (a, lanes, most),
        NaN where there are fewer; complex conjugates are understood. However close to the real axis, they
        cost no more than two nodes each.
    kinks, crowds : sequences of float
        Angles, modulo π, at which the integral over x is not smooth; where, besides `edges`, the integrand
        would be singular if a segment went on beyond its end.
    most : int
        Values of the integrand, lanes counted, after which nothing is refined any more: what is unresolved
        then stays in the error.
    narrow : callable, optional
        ``narrow(segment, angles, poles)``: what poles within NARROW of the axis add to ∫f dx, and its error,
        shape (a, lanes, ...); and of which poles it is. All others are NaN.
    """
    segments = list(pairwise(edges))
    largest, asked = 0.0, 0

    def counted(x: Array, angles: Array) -> Array:
        nonlocal asked
        values = f(x, angles)
        asked += math.prod(values.shape[: 2 if poles is None else 3])
        return values

    def spent() -> bool:
        return asked >= most

    def tolerance(value: Array) -> float:
        nonlocal largest
        largest = max(largest, float(np.abs(value.mean(axis=0)).max()))
        return max(rtol * largest, 4 * np.pi * atol) / len(segments)

    # Where poles are unknown a needle in one segment is not to spoil what is wanted of the others.
    each = [slice(n, n + 1) for n in range(len(segments))]
    groups: list[tuple[slice, Reached]] = [(one, {}) for one in (each if poles is None else [slice(None)])]

    def seen(segment: tuple[float, float], angles: Array) -> tuple[Any, Any, Complex | None]:
        near = None if poles is None else poles(segment, angles)
        more: Any = 0.0
        off: Any = 0.0
        if near is not None:
            inside = (near.real > 0) & (near.real < np.pi / 2) & (np.abs(near.imag) < NARROW)
            if narrow is not None and inside.any():
                more, off, inside = narrow(segment, angles, np.where(inside, near, np.nan))
            # A pole upon the axis is none that nodes see; another one is next to it, however close.
            distance = 0.0 if narrow else np.maximum(np.abs(near.imag), TINY)
            near = np.where(inside, near.real + 1j * distance, near)
        return more, np.max(off, axis=0), near

    def evaluate(angles: Array) -> tuple[Array, Array, int]:
        more, off, near = zip(*(seen(segment, angles) for segment in segments), strict=True)
        done = []
        for group, reached in groups:
            done.append(
                radial(
                    counted, segments[group], angles, tolerance, near[group],
                    crowds=[*edges, *crowds], spent=spent, reached=reached,
                )
            )  # fmt: skip
        values, errors = (np.concatenate(parts) for parts in list(zip(*done, strict=True))[:2])
        nodes = sum(one[2] for one in done)
        for n, (one, error) in enumerate(zip(more, off, strict=True)):
            values[n] += one
            errors[n] += error
        return values, errors, nodes

    average = partial(_piecewise, kinks=kinks) if len(kinks) else _all_round
    found = average(evaluate, tolerance, spent)
    by_segment = found.by_segment / (4 * np.pi)
    if spent():
        limit = f"{NESTED}; stopped after {most} values"
        by_segment = Estimate(by_segment.value, {"quadrature": (by_segment.error, limit)})
    return replace(found, segments=segments, by_segment=by_segment)


#: Integrals over x at given angles, shape (segments, angles, ...); their errors (segments, ...); nodes.
ByAngle = Callable[[Array], tuple[Array, Array, int]]
Tolerance = Callable[[Array], float]


def _mean(value: Array, angular: Array, radial_errors: Array, angles: int, nodes: int) -> Sum:
    """Return an average over the angle, with its own error and that of the integrals averaged."""
    error = {"quadrature": (angular + radial_errors, NESTED)}
    return Sum([], Estimate(value, error), angles, nodes)


def _all_round(evaluate: ByAngle, tolerance: Tolerance, spent: Callable[[], bool]) -> Sum:
    """Average over equidistant angles, doubled until their error is below that of the integrals."""
    angles = 2 * np.pi * (np.arange(FIRST_ANGLES) + FIRST_ANGLE) / FIRST_ANGLES
    by_angle, radial_errors, nodes = evaluate(angles)
    while True:
        rules = [by_angle[:, ::step].mean(axis=1) for step in (8, 4, 2, 1)]
        angular = nested_error(rules)
        # More angles than the radial errors are worth would be wasted.
        wanted = max(tolerance(by_angle[0]), float(radial_errors.max()))
        if angular.max() <= wanted or len(angles) >= MOST_ANGLES or spent():
            return _mean(rules[-1], angular, radial_errors, len(angles), nodes)
        # The angles halfway between double the rule; those already done are kept.
        more, more_errors, nodes = evaluate(angles + np.pi / len(angles))
        by_angle = np.stack([by_angle, more], axis=2).reshape(len(by_angle), -1, *by_angle.shape[2:])
        angles = np.stack([angles, angles + np.pi / len(angles)], axis=1).ravel()
        radial_errors = np.maximum(radial_errors, more_errors)


def _piecewise(
    evaluate: ByAngle, tolerance: Tolerance, spent: Callable[[], bool], kinks: Sequence[float]
) -> Sum:
    """Average over half a turn and the opposite angles, piece by piece between kinks, smooth on each side."""
    inside = np.unique(np.mod(kinks, np.pi))
    ends = np.append(inside[np.diff(inside, prepend=-np.inf) > SAME_ANGLE], inside[0] + np.pi)

    def average(start: float, end: float) -> Sum:
        share, radial_errors, nodes = (end - start) / np.pi, np.zeros(1), 0
        rules, n = list[Array](), 0
        angular: Array = np.zeros(0)

        def at(s: Array) -> Array:
            nonlocal radial_errors, nodes
            half = start + (end - start) * s
            values, errors, nodes = evaluate(np.concatenate([half, half + np.pi]))
            radial_errors = np.maximum(radial_errors, errors)
            return np.moveaxis(values[:, : len(s)] + values[:, len(s) :], 1, 0) / 2

        def crowded(s: Array) -> Array:
            values = at(np.sin(np.pi / 2 * s) ** 2)
            weighted: Array = values * _rate(s).reshape(-1, *(1,) * (values.ndim - 1))
            return weighted

        def settled(sampled: Callable[[Array], Array]) -> bool:
            nonlocal rules, angular, n
            before = np.inf
            for samples in refined(sampled):
                n = len(samples)
                rules = [
                    np.tensordot(fejer(n // step)[1], samples[step - 1 :: step], 1) for step in (8, 4, 2, 1)
                ]
                angular = nested_error(rules)
                if sampled is crowded:
                    angular = np.abs(rules[-1] - rules[-2]) + _unseen(samples)
                worst = float(angular.max())
                wanted = max(tolerance(samples[:, 0]), float(radial_errors.max()))
                if spent() or worst <= wanted:
                    return True
                if sampled is at and worst > max(SLOW * before, FAR * wanted):
                    return False
                before = worst
            return True

        # A kink is a level's passing of a threshold; where two meet there, a branch point lies just beyond.
        # Where Fejér's rules converge slowly, nodes crowd at both ends instead.
        if not settled(at):
            settled(crowded)
        return _mean(rules[-1] * share, angular * share, radial_errors * share, 2 * n, nodes)

    done = [average(*piece) for piece in pairwise(ends.tolist())]
    total = reduce(add, (one.by_segment for one in done))
    return Sum([], total, sum(one.angles for one in done), max(one.nodes for one in done))


def refined(sample: Callable[[Array], Array]) -> Iterator[Array]:
    """Yield samples (nodes, ...) of Fejér's rules of LEVELS nodes; each sample once."""
    samples = sample(fejer(LEVELS[0])[0])
    yield samples
    for n in LEVELS[1:]:
        samples = interleaved(sample(fejer(n)[0][::2]), samples)
        yield samples


def _rate(s: Array) -> Array:
    """Return the derivative of sin²(πs/2), which crowds nodes."""
    rate: Array = np.pi / 2 * np.sin(np.pi * s)
    return rate


def _unseen(samples: Array) -> Array:
    """Return what a branch point may hide that is closer to an end than the crowded nodes are.

    Its share of the integral is that of the last node, as far as the function changes there.
    """
    nodes, weights = fejer(len(samples))
    one, other = (np.abs(samples[i] / _rate(nodes[i]) - samples[j] / _rate(nodes[j])) for i, j in ENDS)
    unseen: Array = weights[0] * _rate(nodes[0]) * (one + other)
    return unseen


def gauss(edges: list[float], nodes: int) -> tuple[Array, Array]:
    """Return nodes and weights of ∫dk_⊥² over every segment, Gauss–Legendre in θ, (segments, nodes) each."""
    u, weights = np.polynomial.legendre.leggauss(nodes)
    done = [substitution(*pair, (u + 1) * np.pi / 4) for pair in pairwise(edges)]
    return np.stack([x for x, _ in done]), np.stack([slope for _, slope in done]) * weights * np.pi / 4


def sample(edges: list[float], nodes: int) -> Array:
    """Return k_⊥ at the nodes of `gauss`, sorted, shape (segments · nodes,).

    They avoid the thresholds themselves, crowd near them, and visit every channel regime.
    """
    return np.sqrt(gauss(edges, nodes)[0].ravel())
