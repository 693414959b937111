"""The sum over k_⊥: split at every threshold, averaged over the angle, with nested error estimates.

∫ d²k_⊥/(2π)² f = (1/4π) ∫ dx ⟨f⟩_φ with x = k_⊥². Over each range between thresholds `radial` integrates; in
the angle φ, `angles`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import pairwise
from typing import Any

import numpy as np

from sotcheck.numerics.angles import NESTED, Spent, Sum, all_round, piecewise, surer
from sotcheck.numerics.arrays import Array, Complex, Mask
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.nested import sure
from sotcheck.numerics.path import substitution
from sotcheck.numerics.radial import Integrand, Reached, radial

PolesOf = Callable[[tuple[float, float], Array], Complex]
#: What narrow poles add to the integral, and its error, shaped as the integral at every angle; and which do.
Narrow = Callable[[tuple[float, float], Array, Complex], tuple[Array, Array, Mask]]

#: Distance from the real axis of θ below which a pole may be integrated by itself: no node need see it.
NARROW = 1e-7
#: Of a pole integrated by itself nodes see how it interferes, its distance's root; in units of the tolerance.
UNFELT = 0.03
#: A distance from the axis that is none.
TINY = 1e-300
#: A sum that is stopped is tried with so many times its tolerance, if it wants less than the second.
COARSER, COARSE = 100.0, 1e-3
#: Values of the integrand that a sum may take: beyond, nothing is refined any more.
MOST_VALUES = 10**7


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
        angles come together, in the two halves of `angles`; (n, a/2, ...) are averages of both. With `poles`,
        the axis after the angles counts lanes: integrands with poles of their own; and f is asked for x of
        shape (n, a) as well.
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
        then stays in the error, if a sum with a coarser tolerance, tried then, is no surer.
    narrow : callable, optional
        ``narrow(segment, angles, poles)``: what poles within NARROW of the axis add to ∫f dx, and its error,
        shape (a or a/2, lanes, ...) as of f; and of which poles it is. All others are NaN.
    """
    segments, spent, largest = list(pairwise(edges)), Spent(most), 0.0

    def counted(x: Array, angles: Array) -> Array:
        values = f(x, angles)
        spent.values += len(x) * len(angles) * (1 if poles is None else values.shape[2])
        return values

    def tolerance(known: float) -> float:
        return max(rtol * max(largest, known), 4 * np.pi * atol) / len(segments)

    # Where poles are unknown a needle in one segment is not to spoil what is wanted of the others.
    each = [slice(n, n + 1) for n in range(len(segments))]
    groups: list[tuple[slice, Reached]] = [(one, {}) for one in (each if poles is None else [slice(None)])]

    def seen(segment: tuple[float, float], angles: Array) -> tuple[Any, Any, Complex | None]:
        if poles is None:
            return 0.0, 0.0, None
        near = poles(segment, angles)
        inside = (near.real > 0) & (near.real < np.pi / 2) & (np.abs(near.imag) < NARROW)
        near = near.real + 1j * np.maximum(np.abs(near.imag), np.where(inside, TINY, 0.0))
        if narrow is None or not inside.any():
            return 0.0, 0.0, near
        more, off, inside = narrow(segment, angles, np.where(inside, near, np.nan))
        # All but the peak of a pole by itself, which is what the lower half-plane stands for.
        felt = ~inside | (np.sqrt(near.imag) > UNFELT * rtol)
        return more, off, np.where(felt, np.where(inside, near.conj(), near), np.nan)

    def evaluate(angles: Array) -> tuple[Array, Array, int]:
        nonlocal largest
        more, off, near = zip(*(seen(segment, angles) for segment in segments), strict=True)
        done = []
        for group, reached in groups:
            done.append(
                radial(
                    counted, segments[group], angles, tolerance, near[group],
                    crowds=[*edges, *crowds], spent=spent, reached=reached,
                )
            )  # fmt: skip
            # A coarse rule next to poles may be wrong by any factor: what is settled is a measure for all.
            largest = max([largest, *sure(*done[-1][:2])])
        values, errors = (np.concatenate(parts) for parts in list(zip(*done, strict=True))[:2])
        nodes = sum(one[2] for one in done)
        for n, (one, error) in enumerate(zip(more, off, strict=True)):
            values[n] += one
            errors[n] += error
        if values.shape[1] < len(angles):
            values, errors = (np.concatenate([one, one], axis=1) for one in (values, errors))
        return values, errors, nodes

    average = partial(piecewise, kinks=kinks) if len(kinks) else all_round
    found = average(evaluate, tolerance, spent)
    by_segment = found.by_segment / (4 * np.pi)
    if spent():
        if rtol < COARSE:
            # What is left unresolved may be anything.
            coarser = sum_over_k(f, edges, COARSER * rtol, atol, poles, kinks, crowds, most, narrow)
            by_segment = surer(coarser.by_segment, by_segment)
        limit = f"{NESTED}; stopped after {most} values"
        by_segment = Estimate(by_segment.value, {"quadrature": (by_segment.error, limit)})
    return replace(found, segments=segments, by_segment=by_segment)


#: Gauss's nodes and weights on [−1, 1], each rule found once.
legendre = cache(np.polynomial.legendre.leggauss)


def gauss(edges: list[float], nodes: int) -> tuple[Array, Array]:
    """Return nodes and weights of ∫dk_⊥² over every segment, Gauss–Legendre in θ, (segments, nodes) each."""
    u, weights = legendre(nodes)
    done = [substitution(*pair, (u + 1) * np.pi / 4) for pair in pairwise(edges)]
    return np.stack([x for x, _ in done]), np.stack([slope for _, slope in done]) * weights * np.pi / 4


def sample(edges: list[float], nodes: int) -> Array:
    """Return k_⊥ at the nodes of `gauss`, sorted, shape (segments · nodes,).

    They avoid the thresholds themselves, crowd near them, and visit every channel regime.
    """
    return np.sqrt(gauss(edges, nodes)[0].ravel())
