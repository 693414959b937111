"""Stacks whose means over the angle are closed forms: one spin-orbit term, or what is linear in those of deltas.

One term σ·w, alike in all directions: w·w = s²k_⊥² does not depend on the angle, w is of the first order in
ζ = e^{iφ} and 1/ζ. With 2×2 matrices K, A, B, C that do not depend on w, det G is one of them's determinant
times det(1 + Kσ·w) = 1 + Tr Kσ·w - w·w det K, and amplitudes are A + B σ·w (1 + Kσ·w)⁻¹ C, where the inverse
is the adjugate, linear in its matrix, over the determinant, and σ·w adj(σ·w) = -w·w: so det G and amplitudes
times det G are of the first order. Then spin currents and densities times det G det G' (that of the twin) are
of the second, w × a density of the third, k_x times these of the fourth.

det G = d_-/ζ + d_0 + d_+ζ = C (1 - αζ)(1 - β/ζ) with C = (d_0 + r)/2, r² = d_0² - 4d_+d_-, α = -d_+/C, β =
-d_-/C, r = C (1 - αβ); its twin has α', β', C', r'. With |α|, |β| < 1 the coefficients of 1/(det G det G')
are, by partial fractions,

    g_0 = (1 - αα'ββ') g,    g_1 = [α + α' - αα'(β + β')] g,    g_m = (α + α') g_{m-1} - αα' g_{m-2},
    1/g = r r' (1 - αβ')(1 - α'β),

and those of -m with β in the place of α. The mean over the angle is Σ_m n_m g_{-m}.

On the real axis the twin is the complex conjugate, d'_± = d_∓*: CC' (1 - αβ') = |C|² - |d_+|², and so with β.
Where |α| and |β| are less than 1 at one real point, and g is finite on a real range around it, both are so on
all of it: neither difference, positive at the point, can vanish. r is the root that is continuous from there.

Where all open waves close, at c = 0, c being what they are proportional to, states may be bound at some
angles: |α| = 1. With waves that decay, and so with c on the imaginary axis, det G is real at real angles: of
rows (N R, N) that (ψ, v) is to be orthogonal to, N' = -N R M in layers with R hermitian, and N stays in jumps
of v: det N is real while R is finite, and for all thicknesses, being analytic in them; det G is det N det(R +
q). So d' is d at -c, and d_m - d'_m = 2c o_m. As det G' = -2c (o_-/ζ + o_0 + o_+ζ) at the zero β of det G, the
mean of ζ^m/(det G det G'), m ≥ 0, is by its residues in |ζ| < 1

    [β'^{m+1}/(r' O(β')) - β^{m+1}/(r O(β))]/2c,    O(ζ) = o_- + o_0 ζ + o_+ ζ²,

and that of -m with α, and o_+ for o_-. If |α| came to 1 at a real c ≠ 0, 1/α = β' would be a zero of both det
G and det G': where these are finite none does.

Terms of deltas only, to first order in their scale s: at φ = 0 numerators and det G = a + bs + … are
polynomials in s, of which n_1/aa' - n_0 (b/a + b'/a')/aa' is what is linear in s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flint import acb, arb

from sotcheck.referee.reading import Problem

#: Weights of numerators' coefficients, of those of det G and its twin, and of o, or none.
Weights = Callable[[list[acb], list[acb], list[acb]], list[acb]]
#: Highest order of numerators.
ORDER = 4


@dataclass(frozen=True)
class Form:
    """A closed form: which coefficients of e^{imφ} it takes of det G, and of numerators; of how many angles.

    `around`: weights that are right around a real point, of det G's coefficients there; None if there are none.
    `ends`: whether it has one where all waves close, then times c, and is to be given o.
    """

    orders: Sequence[int]
    numerators: Sequence[int]
    angles: int
    around: Callable[[list[acb]], Weights | None]
    ends: bool


def closed_form(problem: Problem, *, first_order: bool) -> Form | None:
    """Return the closed form of a problem's means, if there is one."""
    if not all(_is_nothing(layer.A) for layer in problem.regions):
        return None
    sites = [delta.A for delta in problem.deltas if not _is_nothing(delta.A)]
    if first_order:
        # Over 2s: n_0 is the coefficient of 1/s. Amplitudes times det G are of order 3 a site at most, a
        # product of two and w of order 6 a site, and 1: so many angles tell n_0 and n_1 from all others.
        return Form((0, 1), (-1, 0), 6 * len(sites) + 3, lambda _: linear, ends=False)
    if len(sites) != 1:
        return None
    xx, xy, yy = (sum((row[i] * row[j] for row in sites[0]), arb(0)) for i, j in ((0, 0), (0, 1), (1, 1)))
    if not ((xx - yy).is_zero() and xy.is_zero()):
        return None
    return Form((-1, 0, 1), range(-ORDER, ORDER + 1), 2 * ORDER + 1, around, ends=True)


def _is_nothing(A: list[list[arb]]) -> bool:
    return all(number.is_zero() for row in A for number in row)


def linear(det: list[acb], twin: list[acb], _: list[acb]) -> list[acb]:
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

    def weights(det: list[acb], twin: list[acb], odd: list[acb]) -> list[acb]:
        # Continuous from the centre, and no number where it might not be.
        r = root * (_square(det) / square).sqrt(analytic=True)
        R = root.conjugate() * (_square(twin) / square.conjugate()).sqrt(analytic=True)
        C, D = (det[1] + r) / 2, (twin[1] + R) / 2
        (b, a), (B, A) = ((-one[0] / c, -one[2] / c) for one, c in ((det, C), (twin, D)))
        if odd:
            up, down = _residues((a, r), (A, R), odd[::-1]), _residues((b, r), (B, R), odd)
        else:
            # One by one: a product of wide balls that are not zero may contain it.
            both = C * D
            g = (1 / r) * (1 / R) / (1 - det[2] * twin[0] / both) / (1 - det[0] * twin[2] / both)
            g_0 = (1 - a * A * b * B) * g
            up, down = ([g_0, (e - f * (x + y)) * g] for e, f, x, y in ((a + A, a * A, b, B), (b + B, b * B, a, A)))
            for found, e, f in ((up, a + A, a * A), (down, b + B, b * B)):
                for _ in range(ORDER - 1):
                    found.append(e * found[-1] - f * found[-2])
        # Of e^{imφ} the coefficient of e^{-imφ} counts.
        return [*up[:0:-1], *down]

    return weights


def _residues(own: tuple[acb, acb], other: tuple[acb, acb], odd: list[acb]) -> list[acb]:
    """Return c times the means of ζ^m/(det G det G') from a zero of each and its r, m from 0 on."""
    (one, two), found = (z / (r * (odd[0] + z * (odd[1] + z * odd[2]))) for z, r in (own, other)), []
    for _ in range(ORDER + 1):
        found.append((two - one) / 2)
        one, two = one * own[0], two * other[0]
    return found


def _square(det: list[acb]) -> acb:
    return det[1] * det[1] - 4 * det[0] * det[2]
