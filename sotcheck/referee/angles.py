"""Integrals over k_⊥ and an angle: the trapezoidal rule with its strip bound.

N equidistant nodes give the mean of a function of period 2π, analytic and bounded by M in |Im φ| < a, to
within 2M/(exp(aN) - 1): Theorem 3.2 of Trefethen and Weideman, SIAM Review 56, 385 (2014), over 2π (of
Fourier coefficients |c_n| ≤ M exp(-a|n|) the rule keeps those of n a multiple of N). The mean over real
angles is then a function of k_⊥ alone, to be integrated as in `quadrature`. Numbers have the form
numerator/(D D'), D' being the conjugate of D at conjugate arguments: M follows from a rough bound of
numerators, which have no poles, and from how small D may be, which `Model` knows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from flint import acb, acb_mat, arb, ctx

from sotcheck.referee.interface import I
from sotcheck.referee.margin import PARTS, Model, coefficients, largest
from sotcheck.referee.quadrature import look, nodes_for, rule

#: More of the strip, in which a resonance may be narrow.
NARROW = (0.1, 0.05, 0.025)
#: Nodes in k_⊥ times angles that a range may have before it is halved, and for how many of both a stack may
#: be solved.
MOST_POINTS, MOST_SOLVED = 200000, 12000


@dataclass(frozen=True)
class Fraction2:
    """Functions of u and angle, numerator/(D D'), or over D (`power` 1), of which real parts are integrated.

    `parts`: numerators, D and D' (1 where there is none); `D` alone takes less time.
    """

    parts: Callable[[acb, acb], tuple[list[acb], acb, acb]]
    D: Callable[[acb, acb], acb]
    power: int


def by_points(f: Fraction2, a: arb, b: arb, goal: arb) -> list[arb] | None:
    """Enclose the integral over u of means over the angle; None where that takes too many points.

    Nodes and angles are as many as 1/(D D') asks for. Numerators and D have no poles: they are interpolated
    from fewer points, by matrices E and F. With W the weights of nodes over D D', numerators at those few
    points have the weights E† W F†.
    """
    middle, half = (a + b) / 2, (b - a) / 2
    model = Model.of(f.D, middle, half)
    if model is None:
        return None
    outer = arb(model.rho), arb(model.strip)
    bound = largest(lambda u, angle: f.parts(u, angle)[0], middle, half, *outer, mirrored=f.power == 2)
    found = _numbers(model, bound, f.power, half, goal)
    if found is None:
        return None
    nodes, error, number, missed, least = found
    digits = float((128 * half * bound.max(model.bound) / (goal * least**f.power)).log())
    along, around = math.ceil(digits / math.log(model.rho)), math.ceil(digits / model.strip)
    if along * (2 * around + 1) > MOST_SOLVED:
        return None
    gauss = rule(nodes, ctx.prec)
    chebyshev = [((2 * j + 1) * arb.pi() / (2 * along)).cos() for j in range(along)]
    turns = [2 * n * arb.pi() / (2 * around + 1) for n in range(2 * around + 1)]
    solved = []
    for x in chebyshev:
        look()
        solved.append([f.parts(acb(middle + half * x), acb(turn)) for turn in turns])
    E = _in_k(along, nodes, ctx.prec)
    F = _in_angle(around, number, ctx.prec)
    off = interpolated(model.bound, *outer, along, around)
    D, other = (
        E * acb_mat(values) * F
        for values in ([[d for _, d, _ in row] for row in solved], [[d for _, _, d in row] for row in solved])
    )
    shares, size = [], arb(0)
    for (_, weight), line, twin in zip(gauss, D.table(), other.table(), strict=True):
        look()
        share = half * weight / number
        ball = acb(arb(0, off), arb(0, off))
        own = [
            share / ((d + ball) * (e + ball if f.power == 2 else 1)) for d, e in zip(line, twin, strict=True)
        ]
        size += sum((one.abs_upper() for one in own), arb(0))
        shares.append(own)
    few = (E.transpose() * acb_mat(shares) * F.transpose()).entries()
    sums = [
        s.real
        for s in (acb_mat([few]) * acb_mat([numbers for row in solved for numbers, _, _ in row])).entries()
    ]
    # The weights of all nodes in k_⊥ are 2 together.
    left = error + 2 * half * missed + size * interpolated(bound, *outer, along, around)
    return [s + arb(0, left) for s in sums] if left.is_finite() and all(s.is_finite() for s in sums) else None


def interpolated(bound: arb, rho: arb, strip: arb, along: int, around: int) -> arb:
    """Return by how much what is bounded in an ellipse and a strip is off if interpolated, at real arguments.

    Its coefficients of exp(ikθ + imφ) are at most `bound` ρ^-|k| exp(-a|m|); those left out are missing, and
    found in the place of others: at most twice their sum.
    """
    rest = rho ** (-along), (-strip * (around + 1)).exp()
    all_, most = ((1 + q) / (1 - q) for q in (1 / rho, (-strip).exp()))
    return (4 * bound * (rest[0] / (1 - 1 / rho) * most + rest[1] / (1 - (-strip).exp()) * all_)).upper()


@cache
def _in_k(along: int, nodes: int, prec: int) -> acb_mat:
    """Return what interpolates from Chebyshev's nodes to those of a rule, at the precision at hand."""
    there = [[x.chebyshev_t(k) for k in range(along)] for x, _ in rule(nodes, prec)]
    return acb_mat(there) * coefficients(along, prec)


@cache
def _in_angle(around: int, number: int, _: int) -> acb_mat:
    """Return what interpolates from 2L + 1 equidistant angles to others, at the precision at hand."""
    few = 2 * around + 1
    orders = range(-around, around + 1)
    here, there = ([(2 * I * n * arb.pi() / all_).exp() for n in range(all_)] for all_ in (few, number))
    one = acb_mat([[here[-m * n % few] / few for m in orders] for n in range(few)])
    return one * acb_mat([[there[m * n % number] for n in range(number)] for m in orders])


def _numbers(
    model: Model, bound: arb, power: int, half: arb, goal: arb
) -> tuple[int, arb, int, arb, arb] | None:
    """Return nodes and their error, angles and theirs, and what |D| exceeds; numerators are below `bound`.

    None without a bound, or if there are too many.
    """
    best: list[tuple[int, arb]] = []
    smallest = arb(0)
    if not bound.is_finite():
        return None
    for in_angle in (False, True):
        for part in PARTS + (NARROW if in_angle else ()):
            rho = arb(1) if in_angle else (arb(model.rho).log() * part).exp()
            strip = arb(model.strip * part) if in_angle else arb(0)
            least = model.least(rho, strip)
            if least is None:
                continue
            smallest = smallest.max(least)
            most = bound / least**power
            if in_angle:
                number = _round(float(((2 * most / goal + 1).log() / strip).upper()))
                best.append((number, (2 * most / ((strip * number).exp() - 1)).upper()))
            else:
                best.append(nodes_for(half * most, rho, goal))
            break
    if len(best) < 2 or best[0][0] * best[1][0] > MOST_POINTS:
        return None
    return (*best[0], *best[1], smallest)


def _round(number: float) -> int:
    """Return one of a few numbers that is no less."""
    power = 2 ** max(3, math.floor(math.log2(number)) - 2)
    return power * math.ceil(number / power)
