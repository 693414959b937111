"""Sums over k_⊥ and its angle of what is quadratic in scattering amplitudes, of any system.

Of bare interfaces, and of stacks with one spin-orbit term, the average over the angle is exact. Amplitudes
are those of adj M/D: numerators and determinant of the first degree in cos φ, sin φ. What is quadratic in
them, times k_x, is a polynomial of the third degree over |D|², which `circle` averages by eight angles. Of
other stacks angles are sampled, between kinks, with the poles at each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from sotcheck.engines.aligned import THIN, Aligned
from sotcheck.engines.determinant import kinks_of, poles_near
from sotcheck.engines.one_site import OneSite
from sotcheck.engines.poles import WHOLE
from sotcheck.engines.stack_determinant import is_first_order
from sotcheck.numerics import circle
from sotcheck.numerics.angles import FIRST_ANGLES, NESTED, Spent, Sum
from sotcheck.numerics.arrays import Array, Complex, Index, Mask
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.nested import LEVELS
from sotcheck.numerics.quadrature import Narrow, sum_over_k
from sotcheck.numerics.ranges import Parts, integrate
from sotcheck.numerics.zeros import parameter
from sotcheck.system.interface import Interface
from sotcheck.system.many import Many
from sotcheck.system.model import System

#: ``f(k_perp, angles)`` at k_⊥ (n, 1 or angles, 1) and angles (angles, 1): shape (n, angles, lanes, ...).
ByAngle = Callable[[Array, Array], Array]
#: ``f(whose, k_perp, weights, beyond)`` of interfaces numbered so at k_⊥, (n,) each: sums over angles with
#: weights (angles, n, lanes), shape (n, lanes, ...); and the size of those with others, as it broadcasts.
Weighed = Callable[[Index, Array, Array, Array], tuple[Array, Array]]


class Determinants(Protocol):
    """Determinants of systems (n,), of the first order in e^{iφ} and e^{−iφ}: `Aligned` and `OneSite`."""

    @property
    def axis(self) -> Array:
        """The angle from which those of `circle` are counted."""

    @property
    def edges(self) -> Array:
        """k_⊥² at which channels close."""

    def __len__(self) -> int: ...

    def ranges(self) -> tuple[Index, Array, Array]:
        """Return whose each range between thresholds is, and its ends."""

    def singular(self, owner: Index, x_1: Array, x_2: Array) -> Complex:
        """Return the θ near ranges where averages over the angle branch, but for edges."""

    def weights(self, whose: Index, x: Array) -> tuple[Array, Array]:
        """Return those of angles that average over 1/|D|², and of what is no polynomial."""


#: A pole as near to the axis of θ is left to rules that are exact for poles, angle by angle.
NEEDLE = 1e-6
#: An error this many times what is wanted is none that sampled angles would better.
ENOUGH = 4.0
#: Tolerances that the coarsest rule hardly ever meets: it is not tried.
TIGHT = 1e-5
#: What rounding leaves of averages over a needle is more than this part of the largest; what is no such
#: polynomial leaves more than the second, and more than rounding does elsewhere, by far.
LOST, FOREIGN, ROUNDING = 1e-7, 1e-5, 1e3


def sum_over_k_and_angle(
    system: System,
    scale: Array,
    f: ByAngle,
    factor: Array,
    *,
    spacing: float,
    rtol: float,
    floor: float,
    most: int,
    narrow: Narrow | None = None,
) -> Sum:
    """Return factor/4π ∫dk_⊥² ⟨k_x f⟩ by segment between thresholds, (segments, lanes, ...), lanes as scale.

    The error wanted is relative to the largest component, but not below `floor`; after `most` values nothing
    is refined any more. The spacing is that of `poles`; `narrow` is as of `sum_over_k`, for stacks.
    """

    def paired(x: Array, angles: Array) -> Array:
        k_perp, angles = np.sqrt(x if x.ndim == 2 else x[:, None])[..., None], angles[:, None]
        values = f(k_perp, angles)
        kx = (k_perp * np.cos(angles)).reshape(*values.shape[:2], *(1,) * (values.ndim - 2))
        # The opposite k first: at each angle alone what there is without spin-orbit terms would swamp it.
        first, second = np.split(kx * factor * values, 2, axis=1)
        both: Array = (first + second) / 2
        return both

    averages = None
    determinants = determinants_of(system, scale, spacing)
    if determinants:
        angles = (determinants.axis + circle.PSI)[:, None]

        def weighed(_: Index, k_perp: Array, *weights: Array) -> tuple[Array, Array]:
            values = f(k_perp[:, None, None], angles)
            value, beyond = (factor * np.einsum("anl,nal...->nl...", one, values) for one in weights)
            return value, np.abs(beyond)

        found = averaged(determinants, weighed, rtol, np.array([floor]), most)
        if found.exact[0]:
            return found.sum_of(0)
        if found.foreign[0] and isinstance(system, Interface):
            # Poles and kinks are those of another determinant too.
            return sum_over_k(paired, system.thresholds(), rtol, floor, most=most)
        averages = found.sum_of(0) if found.usable[0] else None
    turns = kinks_of(system.structure, scale).tolist()
    known: dict[tuple[tuple[float, float], bytes], Complex] = {}

    def near(segment: tuple[float, float], angles: Array) -> Complex:
        if len(angles) == FIRST_ANGLES and not turns and (segment, angles.tobytes()) not in known:
            # The angles halfway between come next, and cost little beside these.
            both = np.stack([angles, angles + np.pi / len(angles)])
            found = poles_near(system, segment, both[..., None], scale, spacing)
            known.update({(segment, at.tobytes()): some for at, some in zip(both, found, strict=True)})
        at = known.get((segment, angles.tobytes()))
        return poles_near(system, segment, angles[:, None], scale, spacing) if at is None else at

    alone = None if isinstance(system, Interface) else narrow
    sampled = sum_over_k(paired, system.thresholds(), rtol, floor, near, turns, most=most, narrow=alone)
    return min(sampled, averages or sampled, key=lambda one: one.total.total)


def determinants_of(system: System, scale: Array, spacing: float) -> Determinants | None:
    """Return a system's determinants if they are of the first order in e^{iφ} and e^{−iφ}."""
    if isinstance(system, Interface):
        return Aligned(Many.of([system], scale[None]), spacing)
    return OneSite(system.structure, scale, spacing) if is_first_order(system.structure) else None


@dataclass(frozen=True)
class Averaged:
    """Sums of many interfaces by range between thresholds: whose each is, its ends, values, errors, nodes.

    `exact` (n,) tells of which interfaces they are as good as wanted; `usable`, of which they are any good:
    not where a resonance is so narrow that no rule resolves it, or rounding is all that is left, nor of a
    `foreign` engine, which solves another determinant.
    """

    owner: Index
    x_1: Array
    x_2: Array
    value: Array
    error: Array
    nodes: Index
    exact: Mask
    usable: Mask
    foreign: Mask
    how: str

    def sum_of(self, number: int) -> Sum:
        """Return one interface's."""
        its = self.owner == number
        segments = list(zip(self.x_1[its].tolist(), self.x_2[its].tolist(), strict=True))
        by_segment = Estimate(self.value[its], {"quadrature": (self.error[its], self.how)})
        return Sum(segments, by_segment, circle.ANGLES, int(self.nodes[its].sum()))


def averaged(many: Determinants, f: Weighed, rtol: float, floor: Array, most: int) -> Averaged:
    """Return 1/4π ∫dk_⊥² ⟨k_x f⟩ with exact averages over the angle, each system for itself."""
    owner, x_1, x_2 = many.ranges()
    theta = many.singular(owner, x_1, x_2)
    singular = x_1[:, None] + (x_2 - x_1)[:, None] * np.sin(theta) ** 2
    part, lower, upper = _divided(x_1, x_2, theta, singular)
    whose = owner[part]
    # Where channels close, and at poles of the angles at which c is largest and smallest, averages branch.
    closing = np.concatenate([many.edges, np.zeros((len(many), 1))], axis=1)[whose]
    parts = Parts.of(lower, upper, np.concatenate([closing, singular[part], singular[part].conj()], axis=1))
    spent = Spent(most)

    def average(x: Array, ranges: Index) -> tuple[Array, Array]:
        at = np.repeat(whose[ranges], x.shape[1])
        weights = many.weights(whose[ranges], x)
        k_perp = np.sqrt(x).ravel()
        kx = (k_perp * np.cos(many.axis[at] + circle.PSI[:, None]))[..., None]
        value, beyond = f(at, k_perp, *(kx * one.reshape(*kx.shape[:2], -1) for one in weights))
        spent.values += weights[0].size
        return value.reshape(*x.shape, *value.shape[1:]), beyond.reshape(*x.shape, *beyond.shape[1:])

    number = np.bincount(whose, minlength=len(many))
    near = (np.abs(theta.imag) < NEEDLE) & (theta.real > 0) & (theta.real < WHOLE[1])
    needles = np.zeros(len(many), dtype=bool)
    needles[owner[near.any(axis=1)]] = True

    def tolerance(least: Array) -> Array:
        largest = np.zeros(len(many))
        np.maximum.at(largest, whose, least)
        wanted = np.maximum(rtol * largest, 4 * np.pi * floor) / number
        return np.where(needles, np.inf, wanted)[whose]

    value, error, beyond, nodes, resolved = integrate(average, parts, tolerance, spent, LEVELS[rtol < TIGHT])
    size, off = np.zeros(len(many)), np.zeros(len(many))
    np.maximum.at(size, whose, np.abs(value).reshape(len(value), -1).max(axis=1))
    np.maximum.at(off, whose, beyond)
    usable, foreign = (off <= np.maximum(share * size, ROUNDING * floor) for share in (LOST, FOREIGN))
    usable[whose[~resolved]] = False
    usable &= ~needles
    left = np.zeros(len(many))
    np.add.at(left, whose, error.reshape(len(error), -1).max(axis=1))
    exact = usable & (left <= ENOUGH * np.maximum(rtol * size, 4 * np.pi * floor))
    first = np.searchsorted(part, np.arange(len(owner)))
    value, error, nodes = (np.add.reduceat(one, first, axis=0) for one in (value, error, nodes))
    how, unit = f"{NESTED}; stopped after {most} values" if spent() else NESTED, 4 * np.pi
    return Averaged(owner, x_1, x_2, value / unit, error / unit, nodes, exact, usable, ~foreign, how)


def _divided(x_1: Array, x_2: Array, theta: Complex, x: Complex) -> tuple[Index, Array, Array]:
    """Return ranges that end at poles which are near their inside: of which each is a part, and its ends."""
    near = (parameter(*WHOLE, theta) < THIN) & (x.real > x_1[:, None]) & (x.real < x_2[:, None])
    of, lower, upper = [], [], []
    for n in range(len(x_1)):
        for a, b in pairwise([x_1[n], *sorted(set(x[n].real[near[n]].tolist())), x_2[n]]):
            of.append(n)
            lower.append(a)
            upper.append(b)
    return np.array(of), np.array(lower), np.array(upper)
