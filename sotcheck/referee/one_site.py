"""Stacks whose means over the angle are closed forms: one spin-orbit term, or what is linear in those of deltas.

One term, alike in all directions: det G is a polynomial in w, det(L + M σ·w N), whose second order is
-det M det N w·w, and w·w = s²k_⊥² does not depend on the angle. So det G = d_- ζ⁻¹ + d_0 + d_+ ζ, ζ = e^{iφ},
that is C (1 - αζ)(1 - β/ζ) with C = (d_0 + r)/2, r² = d_0² - 4d_+d_-, α = -d_+/C, β = -d_-/C; its twin has α',
β', C', r'. By Cramer's rule amplitudes are of the first order over det G as well; then spin currents and
densities are of the second order over det G det G', w × a density of the third, k_x times these of the fourth.
With |α|, |β| < 1 the coefficients of 1/(det G det G') are, by partial fractions, with r = C (1 - αβ),

    g_0 = (1 - αα'ββ') g,    g_1 = [α + α' - αα'(β + β')] g,    g_m = (α + α') g_{m-1} - αα' g_{m-2},
    1/g = r r' (1 - αβ')(1 - α'β),

and those of -m with β in the place of α. The mean over the angle is Σ_m n_m g_{-m}.

On the real axis the twin is the complex conjugate, d'_± = d_∓*: CC' (1 - αβ') = |C|² - |d_+|², and so with β.
Where |α| and |β| are less than 1 at one real point, and g is finite on a real range around it, both are so on
all of it: neither difference, positive at the point, can vanish. r is the root that is continuous from there.

Terms of deltas only, to first order in their scale s: at φ = 0 numerators and det G = a + bs + … are
polynomials in s, of which n_1/aa' - n_0 (b/a + b'/a')/aa' is what is linear in s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flint import acb, arb

from sotcheck.referee.reading import Problem

#: Weights of numerators' coefficients, of those of det G and its twin.
Weights = Callable[[list[acb], list[acb]], list[acb]]


@dataclass(frozen=True)
class Form:
    """A closed form: which coefficients of e^{imφ} it takes of det G, and of numerators; of how many angles.

    `around`: weights that are right around a real point, of det G's coefficients there; None if there are none.
    """

    orders: Sequence[int]
    numerators: Sequence[int]
    angles: int
    around: Callable[[list[acb]], Weights | None]


def closed_form(problem: Problem, *, first_order: bool) -> Form | None:
    """Return the closed form of a problem's means, if there is one."""
    if not all(_is_nothing(layer.A) for layer in problem.regions):
        return None
    sites = [delta.A for delta in problem.deltas if not _is_nothing(delta.A)]
    if first_order:
        # Over 2s: n_0 is the coefficient of 1/s. Amplitudes times det G are of order 2 a site at most.
        return Form((0, 1), (-1, 0), 4 * len(sites) + 3, lambda _: linear)
    if len(sites) != 1:
        return None
    xx, xy, yy = (sum((row[i] * row[j] for row in sites[0]), arb(0)) for i, j in ((0, 0), (0, 1), (1, 1)))
    return Form((-1, 0, 1), range(-4, 5), 9, around) if (xx - yy).is_zero() and xy.is_zero() else None


def _is_nothing(A: list[list[arb]]) -> bool:
    return all(number.is_zero() for row in A for number in row)


def linear(det: list[acb], twin: list[acb]) -> list[acb]:
    """Return the weights of n_0 and n_1."""
    (a, b), (A, B) = det, twin
    return [-(b / a + B / A) / (a * A), 1 / (a * A)]


def around(centre: list[acb]) -> Weights | None:
    """Return the weights of n_m, m from -4 to 4; None if |α| and |β| are not seen to be less than 1."""
    square = _square(centre)
    root = square.sqrt()
    if abs(centre[1] + root).mid() < abs(centre[1] - root).mid():
        root = -root
    if not all(2 * abs(one) < abs(centre[1] + root) for one in (centre[0], centre[2])):
        return None

    def weights(det: list[acb], twin: list[acb]) -> list[acb]:
        # Continuous from the centre, and no number where it might not be.
        r = root * (_square(det) / square).sqrt(analytic=True)
        R = root.conjugate() * (_square(twin) / square.conjugate()).sqrt(analytic=True)
        C, D = (det[1] + r) / 2, (twin[1] + R) / 2
        both = C * D
        # One by one: a product of wide balls that are not zero may contain it.
        g = (1 / r) * (1 / R) / (1 - det[2] * twin[0] / both) / (1 - det[0] * twin[2] / both)
        (b, a), (B, A) = ((-one[0] / c, -one[2] / c) for one, c in ((det, C), (twin, D)))
        g_0 = (1 - a * A * b * B) * g

        def onwards(first: acb, product: acb, opposite: acb) -> list[acb]:
            found = [g_0, (first - product * opposite) * g]
            for _ in range(3):
                found.append(first * found[-1] - product * found[-2])
            return found[1:]

        # Of e^{imφ} the coefficient of e^{-imφ} counts.
        up, down = onwards(a + A, a * A, b + B), onwards(b + B, b * B, a + A)
        return [*reversed(up), g_0, *down]

    return weights


def _square(det: list[acb]) -> acb:
    return det[1] * det[1] - 4 * det[0] * det[2]
