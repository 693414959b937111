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
from sotcheck.numerics.radial import Integrand, Tolerance, nested_error, radial, refined, substitution

PolesOf = Callable[[tuple[float, float], Array], Complex]
#: What narrow poles add to the integral, and its error, shaped as the integral at every angle; and which do.
Narrow = Callable[[tuple[float, float], Array, Complex], tuple[Array, Array, Mask]]

#: Distance from the real axis of θ below which a pole may be integrated by itself: no node need see it.
NARROW = 1e-7
FIRST_ANGLES, MOST_ANGLES = 8, 256
#: Of a pole integrated by itself nodes see how it interferes, its distance's root; in units of the tolerance.
UNFELT = 0.03
#: A distance from the axis that is none.
TINY = 1e-300
#: Values of the integrand that a sum may take: beyond, nothing is refined any more.
MOST_VALUES = 10**7
#: How quadrature errors are found.
NESTED = "nested rules in k_perp and angle"
#: The two parts of the error of an average over the angle: its own, and that of what it averages.
ANGULAR, RADIAL = "angular", "radial"
#: Ranges of angles beyond which none is halved any more.
MOST_PIECES = 64
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
    segments, spent, largest = list(pairwise(edges)), _Spent(most), 0.0

    def counted(x: Array, angles: Array) -> Array:
        values = f(x, angles)
        spent.values += math.prod(values.shape[: 2 if poles is None else 3])
        return values

    def tolerance(value: Array, error: Array) -> float:
        nonlocal largest
        # A coarse rule next to poles may be wrong by any factor: only what is sure counts.
        sure = np.abs(value.mean(axis=0)) - error
        largest = max(largest, float(sure.max()))
        return max(rtol * largest, 4 * np.pi * atol) / len(segments)

    def along(segment: tuple[float, float], angles: Array) -> tuple[Array, Array, int]:
        near = None if poles is None else poles(segment, angles)
        more: Any = 0.0
        off: Any = 0.0
        if near is not None:
            inside = (near.real > 0) & (near.real < np.pi / 2) & (np.abs(near.imag) < NARROW)
            if narrow is not None and inside.any():
                more, off, inside = narrow(segment, angles, np.where(inside, near, np.nan))
            # A pole upon the axis is none that nodes see; another one is next to it, however close.
            distance = 0.0 if narrow else np.maximum(np.abs(near.imag), TINY)
            felt = ~inside | (narrow is None) | (np.sqrt(np.abs(near.imag)) > UNFELT * rtol)
            near = np.where(felt, np.where(inside, near.real + 1j * distance, near), np.nan)
        values, errors, nodes = radial(
            counted, segment, angles, tolerance, near, crowds=[*edges, *crowds], spent=spent
        )
        return values + more, errors + np.max(off, axis=0), nodes

    def evaluate(angles: Array) -> tuple[Array, Array, int]:
        values, errors, nodes = zip(*(along(segment, angles) for segment in segments), strict=True)
        return np.stack(values), np.array(errors), sum(nodes)

    average = partial(_piecewise, kinks=kinks) if len(kinks) else _all_round
    found = average(evaluate, tolerance, spent)
    by_segment = found.by_segment / (4 * np.pi)
    if spent():
        limit = f"{NESTED}; stopped after {most} values"
        by_segment = Estimate(by_segment.value, {"quadrature": (by_segment.error, limit)})
    return replace(found, segments=segments, by_segment=by_segment)


@dataclass
class _Spent:
    """How many values of the integrand there were; whether all that may be are spent, or a part of them."""

    most: int
    values: int = 0
    part: float = 1.0

    def __call__(self) -> bool:
        return self.values >= self.part * self.most


#: Integrals over x at given angles, shape (segments, angles, ...); their errors (segments, ...); nodes.
ByAngle = Callable[[Array], tuple[Array, Array, int]]


def _all_round(evaluate: ByAngle, tolerance: Tolerance, spent: _Spent) -> Sum:
    """Average over equidistant angles, doubled until their error is below that of the integrals."""
    angles = 2 * np.pi * (np.arange(FIRST_ANGLES) + FIRST_ANGLE) / FIRST_ANGLES
    by_angle, radial_errors, nodes = evaluate(angles)
    while True:
        rules = [by_angle[:, ::step].mean(axis=1) for step in (8, 4, 2, 1)]
        angular = nested_error(rules)
        # More angles than the radial errors are worth would be wasted.
        wanted = max(tolerance(rules[-1][None], angular + radial_errors), float(radial_errors.max()))
        if angular.max() <= wanted or len(angles) >= MOST_ANGLES or spent():
            error = {"quadrature": (angular + radial_errors, NESTED)}
            return Sum([], Estimate(rules[-1], error), len(angles), nodes)
        # The angles halfway between double the rule; those already done are kept.
        more, more_errors, nodes = evaluate(angles + np.pi / len(angles))
        by_angle = np.stack([by_angle, more], axis=2).reshape(len(by_angle), -1, *by_angle.shape[2:])
        angles = np.stack([angles, angles + np.pi / len(angles)], axis=1).ravel()
        radial_errors = np.maximum(radial_errors, more_errors)


def _piecewise(evaluate: ByAngle, tolerance: Tolerance, spent: _Spent, kinks: Sequence[float]) -> Sum:
    """Average over half a turn and the opposite angles, piece by piece between kinks, smooth on each side.

    The piece with the largest error gets more angles, until all of them together are good enough.
    """
    inside = np.unique(np.mod(kinks, np.pi))
    ends = np.append(inside[np.diff(inside, prepend=-np.inf) > SAME_ANGLE], inside[0] + np.pi)
    pieces = list[_Piece]()
    for ends_of_one in pairwise(ends.tolist()):
        # Each has its share of what may be spent, before one of them gets it all.
        spent.part = (len(pieces) + 1) / (len(ends) - 1)
        pieces.append(_Piece.of(evaluate, *ends_of_one))
    spent.part = 1.0
    while True:
        total = reduce(add, (one.rule.by_segment for one in pieces))
        angular, of_integrals = (float(total.size(name).max()) for name in (ANGULAR, RADIAL))
        wanted = max(tolerance(total.value[None], total.error), of_integrals)
        if angular <= wanted or spent() or len(pieces) >= MOST_PIECES:
            break
        worst = max(pieces, key=lambda one: one.angular)
        better = worst.better(evaluate, wanted)
        if spent() and sum(one.error for one in better) >= worst.error:
            # The last that was begun is worth less than what it would replace.
            break
        pieces = [one for one in pieces if one is not worst] + better
    angles, nodes = sum(one.rule.angles for one in pieces), max(one.rule.nodes for one in pieces)
    return Sum([], Estimate(total.value, {"quadrature": (total.error, NESTED)}), angles, nodes)


@dataclass(frozen=True, eq=False)
class _Piece:
    """A range of angles, its part of the average by the finest rule so far, and the rules that follow.

    Nodes may be `crowded` at both ends.
    """

    ends: tuple[float, float]
    crowded: bool
    rule: Sum
    finer: Iterator[Sum]

    @classmethod
    def of(cls, evaluate: ByAngle, start: float, end: float, crowded: bool = False) -> _Piece:
        """Evaluate the first rule."""
        rules = _rules(evaluate, (start, end), crowded)
        return cls((start, end), crowded, next(rules), rules)

    @property
    def angular(self) -> float:
        """The largest error of the average."""
        return float(self.rule.by_segment.size(ANGULAR).max())

    @property
    def error(self) -> float:
        """The largest error, that of integrals over x included."""
        return float(self.rule.by_segment.error.max())

    def better(self, evaluate: ByAngle, wanted: float) -> list[_Piece]:
        """Return what is to take its place: the next rule; where these converge slowly other nodes, or halves.

        A kink is a level's passing of a threshold; where two meet there, a branch point lies just beyond: nodes
        crowd at both ends. Where two levels all but meet in between that is of no help.
        """
        finer = next(self.finer, None)
        if finer is not None:
            found = replace(self, rule=finer)
            if found.angular <= max(SLOW * self.angular, FAR * wanted):
                return [found]
            if not self.crowded:
                return [_Piece.of(evaluate, *self.ends, crowded=True)]
        (start, end), middle = self.ends, sum(self.ends) / 2
        return [_Piece.of(evaluate, start, middle), _Piece.of(evaluate, middle, end)]


def _rules(evaluate: ByAngle, ends: tuple[float, float], crowded: bool) -> Iterator[Sum]:
    """Yield what a range of angles adds to the average, by one rule after the other."""
    (start, end), seen = ends, list[tuple[Array, int]]()

    def at(s: Array) -> Array:
        half = start + (end - start) * (np.sin(np.pi / 2 * s) ** 2 if crowded else s)
        values, *rest = evaluate(np.concatenate([half, half + np.pi]))
        seen.append((rest[0], rest[1]))
        both: Array = np.moveaxis(values[:, : len(s)] + values[:, len(s) :], 1, 0) / 2
        return both * _rate(s).reshape(-1, *(1,) * (both.ndim - 1)) if crowded else both

    for samples in refined(at):
        n, share = len(samples), (end - start) / np.pi
        rules = [np.tensordot(fejer(n // step)[1], samples[step - 1 :: step], 1) for step in (8, 4, 2, 1)]
        angular = np.abs(rules[-1] - rules[-2]) + _unseen(samples) if crowded else nested_error(rules)
        radial_errors = reduce(np.maximum, (errors for errors, _ in seen))
        terms = {ANGULAR: (angular * share, NESTED), RADIAL: (radial_errors * share, NESTED)}
        yield Sum([], Estimate(rules[-1] * share, terms), 2 * n, seen[-1][1])


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
