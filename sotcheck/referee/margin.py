"""How far functions of k_⊥ and an angle are from a zero, in regions of the complex plane.

What has no poles is bounded on arcs by ball arithmetic, and interpolated; `Model` knows where it does not
vanish.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product

from flint import acb, acb_mat, acb_poly, arb, ctx

from sotcheck.referee.interface import I
from sotcheck.referee.quadrature import BALL, look, size

#: Outer regions that are tried, ρ of an ellipse (the largest first) and half width of a strip: from bounds
#: there it follows how many points D takes, and numerators.
ELLIPSES, STRIPS = (6.0, 4.0, 2.5, 1.7), (1.2, 2.0, 3.5, 5.0)
#: Parts of both (of the logarithm of ρ), the largest first, in which D may be seen not to vanish.
PARTS = (0.6, 0.45, 0.3, 0.18)
#: How much larger a bound is than values, about.
ROUGHLY = 1000
#: Arcs around an ellipse, and parts of all angles, in which functions are bounded.
ARCS = 20, 16
#: Parts of D in which it is known where `PARTS[1]` holds, and most nodes for that: in k_⊥, and L of 2L + 1
#: in the angle.
KNOWN, ALONG, AROUND = 1e-3, 64, 40
#: How often rectangles may be halved where D might vanish, and how many there are at first: in k_⊥, of
#: angles.
DEEPEST, RECTANGLES = 4, (6, 12)
#: Ranges of k_⊥ in which a region between path and real axis is searched for zeros, and rectangles in each.
STRIPES, COLUMNS = 4, 8


Function = Callable[[acb, acb], acb]


def no_zeros(D: Function, depth: float) -> bool:
    """Return whether D is seen not to vanish at any u = t + is depth t(1-t), t and s from 0 to 1."""
    for n in range(STRIPES):
        a, b = arb(n) / STRIPES, arb(n + 1) / STRIPES
        middle, half = (a + b) / 2, (b - a) / 2
        model = Model.of(D, middle, half)
        if model is None:
            return False
        cover = []
        for part in range(COLUMNS):
            # On [-1, 1], and in u.
            x = arb((2 * part + 1 - COLUMNS) / COLUMNS, 1 / COLUMNS)
            t = middle + half * x
            deep = abs(depth) * (t * (1 - t)).abs_upper() / half
            cover.append(acb(x, math.copysign(1.0, depth) * deep * (BALL + 1) / 2))
        rho = max((model.ellipse(corner) for corner in cover), key=lambda one: float(one.mid()))
        if model.least(rho, arb(0), cover) is None:
            return False
    return True


def largest(
    f: Callable[[acb, acb], list[acb]], middle: arb, half: arb, rho: arb, strip: arb, *, mirrored: bool
) -> arb:
    """Return a bound of |f|, which has no poles, in an ellipse and a strip: where both end, it is largest.

    `mirrored`: at both arguments' conjugates (or minus that of the angle) it is as large.
    """
    (along, around), bound = ARCS, arb(0)
    turn = [arb.pi() * ((2 * n + 1) + BALL) / along for n in range(along // 2 if mirrored else along)]
    wide, high = (rho + 1 / rho) / 2, (rho - 1 / rho) / 2
    arcs = [acb(wide * one.cos(), high * one.sin()) for one in turn]
    angles = [arb.pi() * ((2 * n + 1) + BALL) / around for n in range(around)]
    for x in arcs:
        for angle, side in product(angles, (1, -1)):
            bound = bound.max(size(f(acb(middle) + half * x, acb(angle, side * strip))))
        if not bound.is_finite():
            break
    return bound


def covering(rho: arb, number: int) -> list[acb]:
    """Return rectangles that cover the ellipse around [-1, 1]."""
    wide, high = (rho + 1 / rho) / 2, (rho - 1 / rho) / 2
    return _rectangles(wide, high, number)


def _strip(width: arb, number: int) -> list[acb]:
    """Return rectangles that cover all real angles, and as much above and below."""
    return _rectangles(arb.pi(), width, number)


def _rectangles(wide: arb, high: arb, number: int) -> list[acb]:
    levels = (arb(0),) if high.is_zero() else (high * (BALL - 1) / 2, high * (BALL + 1) / 2)
    return [acb(wide * ((2 * n + 1 - number) + BALL) / number, y) for n in range(number) for y in levels]


@dataclass(frozen=True)
class Model:
    """D of a range as a polynomial in x, -1 to 1 along it, and in ζ = exp iφ: Σ_m P_m(x) ζ^m, -L ≤ m ≤ L.

    With x = cos θ it has period 2π in both. Interpolated at 2L + 1 equidistant angles, what is analytic
    and bounded by B in |Im φ| ≤ A has coefficients within 2B Σ_j exp(-A|m + j(2L+1)|) of its own, which
    are at most B exp(-A|m|): in |Im φ| ≤ s it is off by 8B q^(L+1)/(1-q) at most, q = exp(s-A), if q^L <
    1/3. The same in θ, with q = ρ/R and n nodes θ = π(j + 1/2)/n: by 8B qⁿ/(1-q).
    """

    rho: float
    strip: float
    bound: arb
    polynomials: list[acb_poly]

    @classmethod
    def of(cls, D: Function, middle: arb, half: arb) -> Model | None:
        """Return that of a range; None if D is not seen to be analytic in any region around it."""

        def analytic(rho: float) -> bool:
            return all(D(acb(middle) + half * x, I).is_finite() for x in covering(arb(rho), 6))

        rho = next(filter(analytic, ELLIPSES), None)
        if rho is None:
            return None
        typical = min(abs(D(acb(middle), acb(n))).mid() for n in range(6))

        def points(strip: float, bound: arb) -> tuple[int, int]:
            digits = float((16 * bound / (KNOWN * typical)).log()) / (1 - PARTS[1])
            return math.ceil(digits / math.log(rho)), math.ceil(digits / strip)

        def few(strip: float) -> int:
            # About: some values, and how much too large bounds are.
            top = acb(middle) + half * I * (rho - 1 / rho) / 2
            some = [abs(D(top, acb(n, side * strip))).mid() for n in range(6) for side in (1, -1)]
            along, around = points(strip, ROUGHLY * max(some))
            return along * around

        strip = min(STRIPS, key=few)
        bound = largest(lambda t, angle: [D(t, angle)], middle, half, arb(rho), arb(strip), mirrored=False)
        if not bound.is_finite():
            return None
        along, around = points(strip, bound)
        if along > ALONG or around > AROUND:
            return None
        return cls(rho, strip, bound, _interpolated(D, middle, half, along, around))

    @property
    def around(self) -> int:
        """L."""
        return len(self.polynomials) // 2

    def error(self, rho: arb, strip: arb) -> arb:
        """Return how far from D it may be in an ellipse and a strip."""
        q, p = (strip - self.strip).exp(), rho / self.rho
        around, along = self.around, len(self.polynomials[0])
        if not (q**around < arb(1) / 3 and p**along < arb(1) / 3):
            return arb("inf")
        first = 8 * self.bound * q ** (around + 1) / (1 - q)
        return first + 8 * (self.bound + first) * p**along / (1 - p)

    @staticmethod
    def ellipse(x: acb) -> arb:
        """Return ρ of an ellipse that contains a rectangle: by |x-1| + |x+1|."""
        wide = (abs(x - 1).upper() + abs(x + 1).upper()) / 2
        return (wide + (wide * wide - 1).abs_upper().sqrt()).upper()

    def least(self, rho: arb, strip: arb, cover: list[acb] | None = None) -> arb | None:
        """Return what |D| exceeds in an ellipse (or rectangles in it) and a strip; None if not seen to."""
        error = self.error(rho, strip)
        if not error.is_finite():
            return None
        found = arb("inf")
        waiting = [(x, 0) for x in cover or covering(rho, RECTANGLES[0])]
        angles = _strip(strip, RECTANGLES[1])
        while waiting:
            x, depth = waiting.pop()
            look()
            one = self._along(x, angles, error)
            if one is not None:
                found = found.min(one)
            elif depth == DEEPEST:
                return None
            else:
                waiting += [(part, depth + 1) for part in _halves(x)]
        return found

    def _along(self, x: acb, angles: list[acb], error: arb) -> arb | None:
        """Return what |D| exceeds at all these angles and x; None if it is not seen to."""
        centre = acb(x.real.mid(), x.imag.mid())
        around, here = self.around, [recentred(one, centre, x - centre) for one in self.polynomials]
        # Powers of ζ, and of 1/ζ.
        powers, inverse = acb_poly(here[around:]), acb_poly([acb(0), *here[:around][::-1]])
        least, waiting = arb("inf"), [(angle, 0) for angle in angles]
        while waiting:
            angle, depth = waiting.pop()
            centre = acb(angle.real.mid(), angle.imag.mid())
            zeta, turn = (I * centre).exp(), I * (angle - centre)
            one = recentred(powers, zeta, zeta * (turn.exp() - 1))
            other = recentred(inverse, 1 / zeta, ((-turn).exp() - 1) / zeta)
            value = (one + other).abs_lower() - error
            if value > 0:
                least = least.min(value.lower())
            elif depth == DEEPEST:
                return None
            else:
                waiting += [(part, depth + 1) for part in _halves(angle)]
        return least


def recentred(polynomial: acb_poly, centre: acb, offset: acb) -> acb:
    """Return a polynomial's values around a centre, from its expansion there."""
    value: acb = polynomial(acb_poly([centre, 1]))(offset)
    return value


def _halves(z: acb) -> list[acb]:
    """Return both halves of a rectangle, cut across its longer side."""
    x, y = z.real, z.imag
    if x.rad() >= y.rad():
        return [acb(x.mid() + x.rad() * (BALL + sign) / 2, y) for sign in (1, -1)]
    return [acb(x, y.mid() + y.rad() * (BALL + sign) / 2) for sign in (1, -1)]


def _interpolated(D: Function, middle: arb, half: arb, along: int, around: int) -> list[acb_poly]:
    """Return P_m, m = -L … L."""
    number = 2 * around + 1
    angles = [acb(2 * n * arb.pi() / number) for n in range(number)]
    rows = []
    for j in range(along):
        t = acb(middle + half * ((2 * j + 1) * arb.pi() / (2 * along)).cos())
        some = acb.dft([D(t, angle) for angle in angles])
        rows.append([one / number for one in some[-around:] + some[: around + 1]])
    columns = (monomials(along, ctx.prec) * acb_mat(rows)).transpose().table()
    return [acb_poly(column) for column in columns]


@cache
def coefficients(along: int, _: int) -> acb_mat:
    """Return what makes coefficients of T_k of values at Chebyshev's nodes, at the precision at hand."""
    thetas = [(2 * j + 1) * arb.pi() / (2 * along) for j in range(along)]
    return acb_mat([[(k * theta).cos() * (2 - (k == 0)) / along for theta in thetas] for k in range(along)])


@cache
def monomials(along: int, prec: int) -> acb_mat:
    """Return what makes coefficients of powers of x of them."""
    chebyshev = [acb_poly([1]), acb_poly([0, 1])]
    while len(chebyshev) < along:
        chebyshev.append(acb_poly([0, 2]) * chebyshev[-1] - chebyshev[-2])
    return acb_mat([[one[n] for one in chebyshev] for n in range(along)]) * coefficients(along, prec)
