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
from itertools import product

from flint import acb, acb_poly, arb, ctx

from sotcheck.referee.interface import I
from sotcheck.referee.quadrature import BALL, nodes_for, rule, size

#: Outer regions that are tried, ρ of an ellipse and half width of a strip: D is interpolated from its
#: values there.
OUTER = ((4.0, 2.0), (2.5, 2.0), (1.7, 1.2))
#: Parts of both (of the logarithm of ρ), the largest first, in which D may be seen not to vanish.
PARTS = (0.6, 0.45, 0.3, 0.18)
#: Nodes of the interpolation in k_⊥, and L of 2L + 1 in the angle.
ALONG, AROUND = 24, 14
#: How often rectangles may be halved where D might vanish, and how many there are at first: in k_⊥, of
#: angles.
DEEPEST, RECTANGLES = 3, (6, 12)
#: Nodes in k_⊥ times angles that a range may have before it is halved.
MOST_POINTS = 3000


@dataclass(frozen=True)
class Fraction2:
    """Functions of u and angle, numerator/(D D'): values at real arguments; numerators and D anywhere."""

    values: Callable[[acb, acb], list[acb]]
    numerators: Callable[[acb, acb], list[acb]]
    D: Callable[[acb, acb], acb]


def by_points(f: Fraction2, a: float, b: float, goal: arb) -> list[arb] | None:
    """Enclose the integral over u of means over the angle; None where that takes too many points."""
    middle, half = (arb(a) + arb(b)) / 2, (arb(b) - arb(a)) / 2
    model = Model.of(f, middle, half)
    if model is None:
        return None
    found = _numbers(f, model, middle, half, goal)
    if found is None:
        return None
    nodes, error, number, missed = found
    sums: list[arb] = []
    for x, weight in rule(nodes, ctx.prec):
        share = half * weight / number
        for n in range(number):
            values = f.values(acb(middle + half * x), acb(2 * n * arb.pi() / number))
            if sums:
                sums = [s + share * value.real for s, value in zip(sums, values, strict=True)]
            else:
                sums = [share * value.real for value in values]
    if not all(s.is_finite() for s in sums):
        return None
    # The weights of all nodes in k_⊥ are 2 together.
    return [s + arb(0, error) + arb(0, 2 * half * missed) for s in sums]


def _numbers(
    f: Fraction2, model: Model, middle: arb, half: arb, goal: arb
) -> tuple[int, arb, int, arb] | None:
    """Return nodes and their error, angles and theirs; None without a bound, or if there are too many."""
    best: list[tuple[int, arb]] = []
    for in_angle in (False, True):
        for part in PARTS:
            rho = arb(1) if in_angle else (arb(model.rho).log() * part).exp()
            strip = arb(model.strip * part) if in_angle else arb(0)
            least = model.least(rho, strip)
            if least is None:
                continue
            bound = arb(0)
            for x, angle in product(_ellipse(rho, RECTANGLES[0]), _strip(strip, RECTANGLES[1])):
                bound = bound.max(size(f.numerators(acb(middle) + half * x, angle)))
            bound = bound / least**2
            if not bound.is_finite():
                continue
            if in_angle:
                number = max(8, math.ceil(float(((2 * bound / goal + 1).log() / strip).upper())))
                best.append((number, (2 * bound / ((strip * number).exp() - 1)).upper()))
            else:
                best.append(nodes_for(half * bound, rho, goal))
            break
    if len(best) < 2 or best[0][0] * best[1][0] > MOST_POINTS:
        return None
    return (*best[0], *best[1])


def _ellipse(rho: arb, number: int) -> list[acb]:
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
    def of(cls, f: Fraction2, middle: arb, half: arb) -> Model | None:
        """Return that of a range; None if D is not seen to be analytic in any region around it."""
        for rho, strip in OUTER:
            bound = arb(0)
            for x, angle in product(_ellipse(arb(rho), 4), _strip(arb(strip), 6)):
                bound = bound.max(size([f.D(acb(middle) + half * x, angle)]))
                if not bound.is_finite():
                    break
            if bound.is_finite():
                return cls(rho, strip, bound, _interpolated(f, middle, half))
        return None

    def error(self, rho: arb, strip: arb) -> arb:
        """Return how far from D it may be in an ellipse and a strip."""
        q, p = (strip - self.strip).exp(), rho / self.rho
        if not (q**AROUND < arb(1) / 3 and p**ALONG < arb(1) / 3):
            return arb("inf")
        first = 8 * self.bound * q ** (AROUND + 1) / (1 - q)
        return first + 8 * (self.bound + first) * p**ALONG / (1 - p)

    def least(self, rho: arb, strip: arb) -> arb | None:
        """Return what |D| exceeds in an ellipse and a strip; None if it is not seen to."""
        error = self.error(rho, strip)
        found = arb("inf")
        waiting = [(x, 0) for x in _ellipse(rho, RECTANGLES[0])]
        angles = _strip(strip, RECTANGLES[1])
        while waiting:
            x, depth = waiting.pop()
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
        here = [_at(one, centre, x - centre) for one in self.polynomials]
        # Powers of ζ, and of 1/ζ.
        powers, inverse = acb_poly(here[AROUND:]), acb_poly([acb(0), *here[:AROUND][::-1]])
        least, waiting = arb("inf"), [(angle, 0) for angle in angles]
        while waiting:
            angle, depth = waiting.pop()
            centre = acb(angle.real.mid(), angle.imag.mid())
            zeta, turn = (I * centre).exp(), I * (angle - centre)
            one = _at(powers, zeta, zeta * (turn.exp() - 1))
            other = _at(inverse, 1 / zeta, ((-turn).exp() - 1) / zeta)
            value = (one + other).abs_lower() - error
            if value > 0:
                least = least.min(value.lower())
            elif depth == DEEPEST:
                return None
            else:
                waiting += [(part, depth + 1) for part in _halves(angle)]
        return least


def _at(polynomial: acb_poly, centre: acb, offset: acb) -> acb:
    """Return a polynomial's values around a centre, from its expansion there."""
    value: acb = polynomial(acb_poly([centre, 1]))(offset)
    return value


def _halves(z: acb) -> list[acb]:
    """Return both halves of a rectangle, cut across its longer side."""
    x, y = z.real, z.imag
    if x.rad() >= y.rad():
        return [acb(x.mid() + x.rad() * (BALL + sign) / 2, y) for sign in (1, -1)]
    return [acb(x, y.mid() + y.rad() * (BALL + sign) / 2) for sign in (1, -1)]


def _interpolated(f: Fraction2, middle: arb, half: arb) -> list[acb_poly]:
    """Return P_m, m = -L … L."""
    number = 2 * AROUND + 1
    angles = [2 * n * arb.pi() / number for n in range(number)]
    thetas = [(2 * j + 1) * arb.pi() / (2 * ALONG) for j in range(ALONG)]
    rows = [[f.D(acb(middle + half * theta.cos()), acb(angle)) for angle in angles] for theta in thetas]
    coefficients = []
    for row in rows:
        some = [one / number for one in acb.dft(row)]
        coefficients.append(some[-AROUND:] + some[: AROUND + 1])
    chebyshev = [acb_poly([1]), acb_poly([0, 1])]
    while len(chebyshev) < ALONG:
        chebyshev.append(acb_poly([0, 2]) * chebyshev[-1] - chebyshev[-2])
    found = []
    for column in zip(*coefficients, strict=True):
        whole = acb_poly([0])
        for k, polynomial in enumerate(chebyshev):
            part = sum((c * (k * theta).cos() for c, theta in zip(column, thetas, strict=True)), acb(0))
            whole += polynomial * (part * (2 - (k == 0)) / ALONG)
        found.append(whole)
    return found
