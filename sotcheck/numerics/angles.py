"""Averages over the angle of k: the trapezoid, doubled, or Fejér's rules between its kinks.

Where Fejér's rules converge slowly nodes crowd at both ends, in s of φ = φ₁ + (φ₂ − φ₁) sin²(πs/2), or else a
range is halved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.nearpoles import fejer
from sotcheck.numerics.nested import LEVELS, alike, interleaved, nested, nested_error
from sotcheck.numerics.radial import Tolerance
from sotcheck.numerics.tails import period_tail
from sotcheck.numerics.zeros import parameter

#: Angles all round to begin with, and at most.
FIRST_ANGLES, MOST_ANGLES = 8, 256
#: How quadrature errors are found.
NESTED = "nested rules in k_perp and angle"
#: The two parts of the error of an average over the angle: its own, and that of what it averages.
ANGULAR, RADIAL = "angular", "radial"
#: Ranges of angles beyond which none is halved any more.
MOST_PIECES = 64
#: Kinks closer than this are one.
SAME_ANGLE = 1e-6
#: Rules between kinks that gain less on the one before, and are this far from what is wanted, are slow. Where
#: the last rule is this close it may be noise that is left, and no halves are tried.
SLOW, FAR, CLOSE = 0.1, 1e3, 100.0
#: The nodes at either end, and those next to them.
ENDS = (0, 1), (-1, -2)
#: Imaginary part of an angle, and ellipse around a piece, up to which a kink is felt.
ALL_ROUND, SMOOTH = 0.1, 1.4
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


@dataclass
class Spent:
    """How many values of the integrand there were, of the most that there may be, or a part of these."""

    most: int
    values: int = 0
    part: float = 1.0

    def __call__(self) -> bool:
        """Whether nothing is to be refined any more."""
        return self.values >= self.part * self.most


#: Integrals over x at given angles, shape (segments, angles, ...); their errors; nodes.
ByAngle = Callable[[Array], tuple[Array, Array, int]]


def all_round(evaluate: ByAngle, tolerance: Tolerance, spent: Spent) -> Sum:
    """Average over equidistant angles, doubled until their error is below that of the integrals."""
    angles = 2 * np.pi * (np.arange(FIRST_ANGLES) + FIRST_ANGLE) / FIRST_ANGLES
    by_angle, errors_by_angle, nodes = evaluate(angles)
    while True:
        rules = [by_angle[:, ::step].mean(axis=1) for step in (8, 4, 2, 1)]
        angular = alike(np.minimum(nested_error(rules), period_tail(np.moveaxis(by_angle, 1, 0))))
        radial_errors = errors_by_angle.mean(axis=1)
        # More angles than the radial errors are worth would be wasted.
        known = float((np.abs(rules[-1]) - (angular + radial_errors)).max())
        wanted = max(tolerance(known), float(radial_errors.max()))
        if angular.max() <= wanted or len(angles) >= MOST_ANGLES or spent():
            error = {"quadrature": (angular + radial_errors, NESTED)}
            return Sum([], Estimate(rules[-1], error), len(angles), nodes)
        # The angles halfway between double the rule; those already done are kept.
        more, more_errors, nodes = evaluate(angles + np.pi / len(angles))
        by_angle = np.stack([by_angle, more], axis=2).reshape(len(by_angle), -1, *by_angle.shape[2:])
        angles = np.stack([angles, angles + np.pi / len(angles)], axis=1).ravel()
        errors_by_angle = np.concatenate([errors_by_angle, more_errors], axis=1)


def piecewise(evaluate: ByAngle, tolerance: Tolerance, spent: Spent, kinks: Sequence[float]) -> Sum:
    """Average over half a turn and the opposite angles, piece by piece between kinks, smooth on each side.

    The piece with the largest error gets more angles, until all of them together are good enough.
    """
    inside = np.unique(np.mod(kinks, np.pi))
    ends = np.append(inside[np.diff(inside, prepend=-np.inf) > SAME_ANGLE], inside[0] + np.pi)
    first, short = list[_Piece](), list[_Piece]()
    for ends_of_one in pairwise(ends.tolist()):
        # Each has its share of what may be spent, before one of them gets it all.
        spent.part = (len(first) + 1) / (len(ends) - 1)
        first.append(_Piece.of(evaluate, *ends_of_one))
        short += first[-1:] * spent()
    pieces, spent.part = first, 1.0
    while True:
        total = reduce(add, (one.best for one in first))
        angular, of_integrals = (float(total.size(name).max()) for name in (ANGULAR, RADIAL))
        wanted = max(tolerance(float((np.abs(total.value) - total.error).max())), of_integrals)
        if spent() or (angular <= wanted and not short) or len(pieces) >= MOST_PIECES:
            break
        if short:
            # What others have left is for those that it would have helped.
            worst = short.pop()
            worst.parts.append(_Piece.of(evaluate, *worst.ends))
        else:
            worst = max(pieces, key=lambda one: one.to_gain)
            worst.parts.extend(worst.better(evaluate, wanted) if worst.to_gain else [])
        if not worst.parts:
            break
        pieces = [one for one in pieces if one is not worst] + worst.parts
    angles, nodes = sum(one.rule.angles for one in pieces), max(one.rule.nodes for one in pieces)
    return Sum([], Estimate(total.value, {"quadrature": (total.error, NESTED)}), angles, nodes)


@dataclass(frozen=True, eq=False)
class _Piece:
    """A range of angles, its part of the average by a rule, and the rules that follow.

    Nodes may be `crowded` at both ends. `parts` are what is tried in its place: a finer rule, or halves.
    """

    ends: tuple[float, float]
    crowded: bool
    rule: Sum
    finer: Iterator[Sum]
    parts: list[_Piece] = field(default_factory=list)

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
    def to_gain(self) -> float:
        """The same, unless what is averaged is no better known: noise has no end."""
        known = float(self.rule.by_segment.size(RADIAL).max())
        return self.angular if self.angular > known else 0.0

    @property
    def best(self) -> Estimate:
        """Its part of the average: by its `parts`, unless they are less sure and do not disprove it."""
        own = self.rule.by_segment
        return surer(own, reduce(add, (one.best for one in self.parts))) if self.parts else own

    def better(self, evaluate: ByAngle, wanted: float) -> list[_Piece]:
        """Return what takes its place: the next rule; where they are slow other nodes, or halves.

        A kink is a level's passing of a threshold; where two meet there, a branch point lies just beyond:
        nodes crowd at both ends. Where two levels all but meet in between that is of no help.
        """
        finer = next(self.finer, None)
        if finer is not None:
            found = replace(self, rule=finer, parts=[])
            if found.angular <= max(SLOW * self.angular, FAR * wanted):
                return [found]
            if not self.crowded:
                return [_Piece.of(evaluate, *self.ends, crowded=True)]
        elif self.to_gain <= CLOSE * wanted:
            return []
        (start, end), middle = self.ends, sum(self.ends) / 2
        return [_Piece.of(evaluate, start, middle), _Piece.of(evaluate, middle, end)]


def surer(coarse: Estimate, fine: Estimate) -> Estimate:
    """Return the fine one of two, or the coarse one if it is surer and the fine one does not disprove it."""
    agree = np.all(np.abs(coarse.value - fine.value) <= coarse.error + fine.error)
    return coarse if agree and coarse.total < fine.total else fine


def _rules(evaluate: ByAngle, ends: tuple[float, float], crowded: bool) -> Iterator[Sum]:
    """Yield what a range of angles adds to the average, by one rule after the other."""
    (start, end), nodes = ends, 0

    def at(s: Array) -> Array:
        nonlocal nodes
        half = start + (end - start) * (np.sin(np.pi / 2 * s) ** 2 if crowded else s)
        values, errors, nodes = evaluate(np.concatenate([half, half + np.pi]))
        both = np.stack([values, errors])
        both = np.moveaxis(both[:, :, : len(s)] + both[:, :, len(s) :], 2, 0) / 2
        return both * _rate(s).reshape(-1, *(1,) * (both.ndim - 1)) if crowded else both

    for both in _refined(at):
        samples, errors = both[:, 0], both[:, 1]
        n, share = len(samples), (end - start) / np.pi
        rules = list(np.tensordot(nested(n), samples, 1))
        angular = np.abs(rules[-1] - rules[-2]) + _unseen(samples) if crowded else nested_error(rules)
        radial_errors = np.tensordot(fejer(n)[1], errors, 1)
        terms = {ANGULAR: (alike(angular) * share, NESTED), RADIAL: (radial_errors * share, NESTED)}
        yield Sum([], Estimate(rules[-1] * share, terms), 2 * n, nodes)


def _refined(sample: Callable[[Array], Array]) -> Iterator[Array]:
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


def separating(kinks: Complex) -> Array:
    """Return the fewest angles, modulo π, between which functions with kinks at complex angles are smooth.

    All round the trapezoid sees no kink that is further than ALL_ROUND from the real axis; between two angles
    Fejér's rules none outside the ellipse of SMOOTH.
    """
    ends: list[float] = []
    for at in kinks[np.argsort(kinks.imag)]:
        if not ends:
            felt = at.imag < ALL_ROUND
        else:
            around = [ends[-1] - np.pi, *ends, ends[0] + np.pi]
            images = [at - np.pi, at, at + np.pi]
            felt = any(
                float(parameter(*piece, np.array(images)).min()) < SMOOTH for piece in pairwise(around)
            )
        if felt:
            ends = sorted({*ends, at.real})
    return np.array(ends)
