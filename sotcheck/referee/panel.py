"""Integrals over k_⊥ of means over the angle in closed form.

What has no poles is sampled once on a range; parts of it are as small as the poles of means ask for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Protocol

from flint import acb, acb_mat, acb_poly, acb_series, arb, ctx

from sotcheck.referee.interface import I
from sotcheck.referee.margin import ELLIPSES, Model, coefficients, covering, monomials
from sotcheck.referee.one_site import Form, square_of_root, wronskians
from sotcheck.referee.quadrature import BALL, bound_in, fewest, look, rule, size

#: Arcs of half an ellipse on which functions are bounded.
ARCS = 8
#: To what part of all digits functions without poles are known, relative to their size; by how many nodes a
#: digit at most.
KNOWN, ALONG = 0.55, 0.36
#: Rectangles that cover half an ellipse at most, and nodes of a rule, a digit.
MOST, NODES = 48, 0.32
#: How near to being bound a state is of which residues know more.
NARROW = 1e-3
#: |t| in all ellipses around a range, t from -1 to 1 along it.
REACH = 3.2
#: Terms of power series in a rectangle.
TERMS = 4
#: Parts of a range, of which the goal is that of all together.
PARTS = 1000


class Sampled(Protocol):
    """What a panel is made of."""

    def all_around(self, u: acb, angles: int) -> tuple[list[list[acb]], list[acb], list[acb]]:
        """Return numerators over c at equidistant angles, det G and its twin."""

    def common(self, u: acb) -> acb:
        """Return c; no number where anything may not be analytic."""


@dataclass(frozen=True)
class Panel:
    """Numerators, det G and its twin on a range of u, x from -1 to 1 along it, by Chebyshev's nodes.

    What is bounded by B in the ellipse of R is Σ a_k T_k, |a_k| ≤ 2B R^-k (Trefethen, Approximation Theory
    and Approximation Practice, SIAM 2013, Theorem 8.1). Of it n nodes keep T_k with k < n, and take each of
    the others, |T_k| ≤ r^k in the ellipse of r, for one of these or nothing: together they are off by no more
    than 4B qⁿ/(1 - q), q = r/R, there; on the range r is 1. What has no poles is largest where the ellipse
    ends. `numerators`: over c, a row for each node and angle; `polynomials`: of the coefficients of det G, of
    its twin and, by residues, of both r² and of o, with c what is so called where waves close, at the range's
    end (`ends`), 1 elsewhere; `bounds`: of numerators, both determinants, r² and o.
    """

    form: Form
    sampled: Sampled
    middle: arb
    half: arb
    ends: bool
    rho: float
    bounds: list[arb]
    numerators: acb_mat
    polynomials: list[list[acb_poly]]

    @classmethod
    def of(cls, form: Form, sampled: Sampled, middle: arb, half: arb, *, ends: bool) -> Panel | None:
        """Return that of a range, which `ends` where all waves close; None if too many nodes are wanted."""

        def holds(rho: float) -> bool:
            return all(sampled.common(acb(middle) + half * x).is_finite() for x in covering(arb(rho), 6))

        def values(u: acb) -> tuple[list[list[acb]], list[list[acb]]]:
            numbers, *both = sampled.all_around(u, form.angles)
            det, twin = (_harmonics(some, form.orders) for some in both)
            if not form.by_residues:
                return numbers, [det, twin, [], []]
            c = sampled.common(u) if ends else acb(1)
            squares = [square_of_root(one) for one in (det, twin)]
            return numbers, [det, twin, squares, [one / (2 * c) for one in wronskians(det, twin)]]

        def sizes(u: acb) -> list[arb]:
            # Below the axis det G is the twin's conjugate, others are their own.
            numbers, (det, twin, *others) = values(u)
            return [size([one for row in numbers for one in row]), *map(size, [det + twin, *others])]

        rho = next(filter(holds, ELLIPSES), None)
        if rho is None:
            return None
        wide, high = (arb(rho) + 1 / arb(rho)) / 2, (arb(rho) - 1 / arb(rho)) / 2
        turns = [arb.pi() * (2 * n + 1 + BALL) / (2 * ARCS) for n in range(ARCS)]
        arcs = [sizes(middle + half * acb(wide * turn.cos(), high * turn.sin())) for turn in turns]
        most = [max(column, key=lambda one: float(one.upper())) for column in zip(*arcs, strict=True)]
        if not all(one.is_finite() for one in most):
            return None
        here = sizes(acb(middle))
        worst = max(float((one / two).log()) for one, two in zip(most[:3], here, strict=False) if two > 0)
        along = math.ceil((worst + KNOWN * ctx.prec * math.log(2)) / math.log(rho))
        if along > ALONG * ctx.prec:
            return None
        rows: list[list[acb]] = []
        lines: list[list[acb]] = []
        for j in range(along):
            look()
            numbers, groups = values(acb(middle + half * ((2 * j + 1) * arb.pi() / (2 * along)).cos()))
            rows += numbers
            lines.append([one for group in groups for one in group])
        columns = map(acb_poly, (monomials(along, ctx.prec) * acb_mat(lines)).transpose().table())
        polynomials = [list(islice(columns, len(group))) for group in groups]
        return cls(form, sampled, middle, half, ends, rho, most, acb_mat(rows), polynomials)

    @property
    def along(self) -> int:
        """How many nodes there are."""
        return self.numerators.nrows() // self.form.angles

    def off(self, bound: arb, r: arb) -> arb:
        """Return how far off at most what is bounded so is in a smaller ellipse."""
        q = r / self.rho
        return (4 * bound * q**self.along / (1 - q)).upper() if q < 1 else arb("inf")

    def weights(self, middle: arb, half: arb, *, by_residues: bool) -> Callable[[acb], list[acb]] | None:
        """Return weights of numerators' coefficients, at x = middle + half t; None if they are not known."""
        bounds = [self.bounds[1], *self.bounds[1 : 4 if by_residues else 3]]
        least = [self.off(bound, arb(1)) for bound in bounds]
        local = [
            [_derivatives(_short(one(acb_poly([middle, half])), left)) for one in some]
            for some, left in zip(self.polynomials, least, strict=False)
        ]

        def numbers(t: acb) -> tuple[list[list[acb]], list[list[list[acb]]], list[acb]]:
            """Return values in a rectangle, Taylor coefficients at its centre, what they may be off by."""
            r, centre = Model.ellipse(middle + half * t), acb(t.real.mid(), t.imag.mid())
            found, there, balls = [], [], []
            for some, bound, left in zip(local, bounds, least, strict=True):
                off = self.off(bound, r) + left if abs(t) <= REACH else arb("inf")
                balls.append(acb(arb(0, off), arb(0, off)))
                there.append([[one(centre) for one in derivatives] for derivatives in some])
                pairs = zip(there[-1], some, strict=True)
                found.append([_taylor(here, all_[-1](t), t - centre) + balls[-1] for here, all_ in pairs])
            return found, there, balls

        here = numbers(acb(0))[0][:3]
        own = self.form.around(here[0], here[2])
        if own is None:
            return None
        decays = all(abs(one) > NARROW for one in own.gaps(*here))
        if by_residues and decays and not (self.ends and middle + half == 1):
            # Next to a zero that both determinants have residues know less.
            return None

        def weights(t: acb) -> list[acb]:
            (det, twin, squares, *o), there, balls = numbers(t)
            factor = self.sampled.common(self.middle + self.half * (middle + half * t))
            if by_residues:
                over = acb(1) if self.ends else factor
                return [over * one for one in own.weights(det, twin, squares, o[0], [])]
            gaps = own.gaps(det, twin, squares)
            if not all(one.abs_upper() < 2 * one.abs_lower() for one in gaps):
                # Taylor's formula again, as small differences of large numbers vary less than these. What d_m
                # are off by at a point of the rectangle is thought of as what they are off by everywhere.
                offset = t - acb(t.real.mid(), t.imag.mid())
                at_centre = own.gaps(
                    *(
                        [acb_series([one[0] + ball, *one[1:]], TERMS) for one in some]
                        for some, ball in zip(there, balls, strict=True)
                    )
                )
                everywhere = own.gaps(
                    *(
                        [
                            acb_series([one, *(f(t) for f in all_[1:])], TERMS)
                            for one, all_ in zip(values, some, strict=True)
                        ]
                        for values, some in zip((det, twin, squares), local, strict=True)
                    )
                )
                gaps = [
                    _taylor([one[n] for n in range(TERMS)], other[TERMS - 1], offset)
                    for one, other in zip(at_centre, everywhere, strict=True)
                ]
            return [factor * one for one in own.weights(det, twin, squares, [], gaps)]

        return weights

    def piece(self, a: arb, b: arb, goal: arb) -> list[arb] | None:
        """Enclose the integral over u for x from a to b; None where that takes too many nodes."""
        found = self._by_nodes(a, b, goal, by_residues=False)
        if found is None and self.form.by_residues:
            found = self._by_nodes(a, b, goal, by_residues=True)
        return found

    def _by_nodes(self, a: arb, b: arb, goal: arb, *, by_residues: bool) -> list[arb] | None:
        middle, half = (a + b) / 2, (b - a) / 2
        weights, scale = self.weights(middle, half, by_residues=by_residues), self.half * half
        if weights is None:
            return None
        # As many products of a numerator's coefficient and a weight.
        most = len(self.form.numerators) * self.bounds[0]
        found = fewest(
            lambda wide, high: most * bound_in(lambda t, _: weights(t), None, arb(0), wide, high, MOST),
            scale,
            goal / PARTS,
        )
        if found is None or found[0] > NODES * ctx.prec:
            return None
        nodes, error = found
        gauss = rule(nodes, ctx.prec)
        shares = [[scale * weight * one for one in weights(acb(x))] for x, weight in gauss]
        points = acb_mat([[(middle + half * x).chebyshev_t(k) for k in range(self.along)] for x, _ in gauss])
        few = (points * coefficients(self.along, ctx.prec)).transpose() * acb_mat(shares)
        few = few * _turns(self.form.numerators, self.form.angles, ctx.prec)
        sums = (acb_mat([few.entries()]) * self.numerators).entries()
        together = sum((one.abs_upper() for row in shares for one in row), arb(0))
        left = error + together * self.off(self.bounds[0], arb(1))
        known = left.is_finite() and all(s.is_finite() for s in sums)
        return [s.real + arb(0, left) for s in sums] if known else None


def _short(one: acb_poly, left: arb) -> acb_poly:
    """Return a polynomial without the highest powers that together are below a number where |t| ≤ REACH."""
    few, rest = one.coeffs(), arb(0)
    while few:
        rest += few[-1].abs_upper() * arb(REACH) ** (len(few) - 1)
        if not rest < left:
            break
        few.pop()
    return acb_poly(few)


def _derivatives(one: acb_poly) -> list[acb_poly]:
    """Return a polynomial and its derivatives, each over its order's factorial, as many as TERMS."""
    found = [one]
    for n in range(1, TERMS):
        found.append(found[-1].derivative() * (arb(1) / n))
    return found


def _taylor(here: list[acb], last: acb, offset: acb) -> acb:
    """Return a function near a point from its Taylor coefficients there; the last takes all values around."""
    value = here[0] if offset.is_zero() else last
    for one in [] if offset.is_zero() else here[-2::-1]:
        value = value * offset + one
    return value


def _harmonics(values: list[acb], orders: Sequence[int]) -> list[acb]:
    """Return coefficients of e^{imφ} of values at equidistant angles."""
    few = acb.dft(values)
    return [few[m] / len(values) for m in orders]


@cache
def _turns(orders: Sequence[int], angles: int, _: int) -> acb_mat:
    """Return what makes these coefficients of values at angles, at the precision at hand."""
    turns = [(2 * I * arb.pi() * n / angles).exp() / angles for n in range(angles)]
    return acb_mat([[turns[-m * n % angles] for n in range(angles)] for m in orders])
