"""Stacks with one spin-orbit term, alike in all directions: means over the angle in closed form.

det G is a polynomial in w: det(L + M σ·w N), whose second order is -det M det N w·w, and w·w = s²k_⊥² does not
depend on the angle. So det G = C (1 - α e^{iφ})(1 - β e^{-iφ}), and its twin has α', β', C'. By Cramer's rule
amplitudes are of the first order over det G as well; then spin currents and densities are of the second
order over det G det G', w × a density of the third, and k_x times these of the fourth. With |α|, |β| < 1 the
coefficients of 1/(det G det G') are g_m/(C C'),

    g_0 = (1 - αα'ββ')/[(1 - αβ)(1 - αβ')(1 - α'β)(1 - α'β')],
    g_1 = [α + α' - αα'(β + β')]/(1 - αα'ββ') g_0,     g_m = (α + α') g_{m-1} - αα' g_{m-2},

and those of -m with β in the place of α. The mean over the angle is Σ_m n_m g_{-m}/(C C').

Where the twin is the complex conjugate, α' = β* and β' = α*: a zero on the circle is one of the denominators.
So the mean is that at all real u of a range if it is at one, and the formula is finite on all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flint import acb, arb

from sotcheck.referee.interface import I
from sotcheck.referee.reading import Problem

#: The order of numerators, and angles that tell it.
ORDER, ANGLES = 4, 9

#: Numerators, det G and its twin, at u and an angle.
Parts = Callable[[acb, acb], tuple[list[acb], acb, acb]]


def is_one_site(problem: Problem) -> bool:
    """Whether one delta, and no layer, has a spin-orbit term, and that is alike in all directions."""

    def is_nothing(A: list[list[arb]]) -> bool:
        return all(number.is_zero() for row in A for number in row)

    sites = [delta.A for delta in problem.deltas if not is_nothing(delta.A)]
    if len(sites) != 1 or not all(is_nothing(layer.A) for layer in problem.regions):
        return False
    xx, xy, yy = (sum((row[i] * row[j] for row in sites[0]), arb(0)) for i, j in ((0, 0), (0, 1), (1, 1)))
    return bool((xx - yy).is_zero() and xy.is_zero())


def harmonics(values: Sequence[acb], most: int) -> list[acb]:
    """Return the coefficients of e^{imφ}, m from -most to most, of values at ANGLES equidistant angles."""
    turns = [(2 * I * arb.pi() * n / ANGLES).exp() for n in range(ANGLES)]
    return [
        sum((value * turns[-m * n % ANGLES] for n, value in enumerate(values)), acb(0)) / ANGLES
        for m in range(-most, most + 1)
    ]


def factors(determinant: list[acb]) -> tuple[acb, acb, acb]:
    """Return α, β and C of d_-, d_0 and d_+; no numbers where the root may have its cut."""
    lower, middle, upper = determinant
    root = middle * (1 - 4 * lower * upper / (middle * middle)).sqrt(analytic=True)
    whole = middle + root
    return -2 * upper / whole, -2 * lower / whole, whole / 2


def mean(parts: Parts, u: acb) -> tuple[list[acb], tuple[acb, acb]]:
    """Return means over the angle at u, where |α| and |β| are less than 1; and these two."""
    samples = [parts(u, acb(2 * arb.pi() * n / ANGLES)) for n in range(ANGLES)]
    (a, b, C), (A, B, D) = (factors(harmonics([one[n] for one in samples], 1)) for n in (1, 2))
    both, other = a * A, b * B
    left = 1 - both * other
    g_0 = left / ((1 - a * b) * (1 - a * B) * (1 - A * b) * (1 - A * B))

    def onwards(first: acb, product: acb, opposite: acb) -> list[acb]:
        found = [g_0, (first - product * opposite) / left * g_0]
        for _ in range(ORDER - 1):
            found.append(first * found[-1] - product * found[-2])
        return found[1:]

    up, down = onwards(a + A, both, b + B), onwards(b + B, other, a + A)
    # Of e^{imφ} the coefficient of e^{-imφ} counts.
    weights = [*reversed(up), g_0, *down]
    numerators = zip(*(one[0] for one in samples), strict=True)
    means = [
        sum((n * g for n, g in zip(harmonics(own, ORDER), weights, strict=True)), acb(0)) / (C * D)
        for own in numerators
    ]
    return means, (a, b)
