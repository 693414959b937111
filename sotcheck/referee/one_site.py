"""Stacks whose means over the angle are closed forms: one spin-orbit term, or first order in those of deltas.

One term σ·w, alike in all directions: w·w = s²k_⊥² does not depend on the angle, w is of the first order in
ζ = e^{iφ} and 1/ζ. With 2×2 matrices K, A, B, C that do not depend on w, det G is a number times det(1 +
Kσ·w) = 1 + Tr Kσ·w - w·w det K, and amplitudes are A + B σ·w (1 + Kσ·w)⁻¹ C, where the inverse is the
adjugate, linear in its matrix, over the determinant, and σ·w adj(σ·w) = -w·w: so det G and amplitudes times
det G are of the first order. Then spin currents and densities times det G det G' (that of the twin) are of
the second, w × a density of the third, k_x times these of the fourth.

det G = d_-/ζ + d_0 + d_+ζ = C (1 - αζ)(1 - β/ζ) with C = (d_0 + r)/2, r² = d_0² - 4d_+d_-, α = -d_+/C, β =
-d_-/C, r = C (1 - αβ); its twin has α', β', C', r'. With |α|, |β| < 1 the coefficients of 1/(det G det G')
are, by partial fractions,

    g_0 = (1 - αα'ββ') g,    g_1 = [α + α' - αα'(β + β')] g,    g_m = (α + α') g_{m-1} - αα' g_{m-2},
    1/g = r r' (1 - αβ')(1 - α'β),

and those of -m with β in the place of α. The mean over the angle is Σ_m n_m g_{-m}.

On the real axis the twin is the complex conjugate, d'_± = d_∓*: so 1 - αβ' = 1 - |α|², and so with β. Where
|α| and |β| are less than 1 at one real point, and C and g are finite and not 0 on a real range around it,
both are so on all of it: neither difference, positive at the point, can vanish. r is the root that is
continuous from there.

Where a state is all but bound, |α| or |β| is all but 1, on a whole range of k_⊥, being so at some angle. With
2c o_n = d'_p d_n - d_p d'_n, p any of -, 0, + and c any number, det G' at the zero β of det G is -2c Σ o_n
βⁿ/d_p, and det G at β' is 2c Σ o_n β'ⁿ/d'_p: so that, by residues in |ζ| < 1, c times the mean of ζ^m/(det G
det G'), m ≥ 0, is

    ½ [β'^{m+1} d'_p/(r' O(β')) - β^{m+1} d_p/(r O(β))],    O(ζ) = o_- + o_0 ζ + o_+ ζ²,

and that of -m with α, and o_+ for o_-. O is as small as all that the state may decay into makes it, but
smooth. If |β| came to 1 at a real point, 1/β* = β would be a zero of det G' too, and O(β) = 0.

Where all open waves close, at c = 0, c being what they are proportional to, states decay into nothing. With
waves that decay, and so with c on the imaginary axis, det G is real at real angles: of rows (N R, N) that (ψ,
v) is to be orthogonal to, N' = -N R M in layers with R hermitian, and N stays in jumps of v: det N is real
while R is finite, and for all thicknesses, being analytic in them; det G is det N det(R + q). So d' is d at
-c, and o_n is finite there.

Terms of deltas only, to first order in their scale s: at φ = 0 numerators and det G = a + bs + … are
polynomials in s, of which n_1/aa' - n_0 (b/a + b'/a')/aa' is what is linear in s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from flint import acb, acb_series, arb

from sotcheck.referee.reading import Problem

#: Highest order of numerators.
ORDER = 4


@dataclass(frozen=True)
class Form:
    """A closed form: which coefficients of e^{imφ} it takes of det G, and of numerators; of how many angles.

    `around`: what is right around a real point, of det G's coefficients and r²; None if there is nothing.
    `by_residues`: whether it has one of o too, which is then c times it.
    """

    orders: Sequence[int]
    numerators: Sequence[int]
    angles: int
    around: Callable[[list[acb], list[acb]], Around | None]
    by_residues: bool


def closed_form(problem: Problem, *, first_order: bool) -> Form | None:
    """Return the closed form of a problem's means, if there is one."""
    if not all(_is_nothing(layer.A) for layer in problem.regions):
        return None
    sites = [delta.A for delta in problem.deltas if not _is_nothing(delta.A)]
    if first_order:
        # Over 2s: n_0 is the coefficient of 1/s. Amplitudes times det G are of order 3 a site at most, a
        # product of two and w of order 6 a site, and 1: so many angles tell n_0 and n_1 from all others.
        return Form((0, 1), (-1, 0), 6 * len(sites) + 3, lambda *_: Linear(), by_residues=False)
    if len(sites) != 1:
        return None
    xx, xy, yy = (sum((row[i] * row[j] for row in sites[0]), arb(0)) for i, j in ((0, 0), (0, 1), (1, 1)))
    if not ((xx - yy).is_zero() and xy.is_zero()):
        return None
    return Form((-1, 0, 1), range(-ORDER, ORDER + 1), 2 * ORDER + 1, Branch.of, by_residues=True)


def _is_nothing(A: list[list[arb]]) -> bool:
    return all(number.is_zero() for row in A for number in row)


def square_of_root(det: list[acb]) -> acb:
    """Return r²."""
    return det[1] * det[1] - 4 * det[0] * det[2]


def wronskians(det: list[acb], twin: list[acb]) -> list[acb]:
    """Return 2c o_n: of - and +, p being 0; of -, p being +. All others are these, or minus these."""
    return [twin[p] * det[n] - det[p] * twin[n] for p, n in ((1, 0), (1, 2), (2, 0))]


class Around(Protocol):
    """Weights of numerators' coefficients, of coefficients of det G and its twin, and r² of both."""

    def gaps(self, det: list[Any], twin: list[Any], squares: list[Any]) -> list[Any]:
        """Return what is not to vanish, of numbers or power series; no numbers where it is not analytic."""

    def weights(
        self, det: list[acb], twin: list[acb], squares: list[acb], apart: list[acb], gaps: list[acb]
    ) -> list[acb]:
        """Return them, of all this; by what determinants are `apart`, c times them, whatever the gaps."""


class Linear:
    """What is linear in the scale."""

    def gaps(self, det: list[Any], twin: list[Any], squares: list[Any]) -> list[Any]:
        """Return both determinants at scale 0."""
        return [det[0], twin[0]]

    def weights(
        self, det: list[acb], twin: list[acb], squares: list[acb], apart: list[acb], gaps: list[acb]
    ) -> list[acb]:
        """Return those of n_0 and n_1."""
        a, A = gaps
        return [-(det[1] / a + twin[1] / A) / a / A, 1 / a / A]


@dataclass(frozen=True)
class Branch:
    """The mean over all angles, r and its square being known at some point."""

    root: acb
    square: acb
    pivot: int

    @classmethod
    def of(cls, det: list[acb], squares: list[acb]) -> Branch | None:
        """Return that around a point; None if |α| and |β| are not seen to be less than 1 there."""
        square = squares[0]
        root = square.sqrt()
        if abs(det[1] + root).mid() < abs(det[1] - root).mid():
            root = -root
        known = all(2 * abs(one) < abs(det[1] + root) for one in (det[0], det[2]))
        largest = max(range(3), key=lambda n: float(abs(det[n]).mid()))
        return cls(root, square, largest) if known else None

    def roots(self, squares: list[Any]) -> tuple[Any, Any]:
        """Return r and r', continuous from the point; no numbers where they might not be."""
        there = (self.root, self.square), (self.root.conjugate(), self.square.conjugate())
        found = []
        for one, (root, square) in zip(squares, there, strict=True):
            ratio = one * (1 / square)
            known = _first(ratio).sqrt(analytic=True).is_finite()
            found.append((ratio.sqrt() if known else ratio * acb("nan")) * root)
        return found[0], found[1]

    def gaps(self, det: list[Any], twin: list[Any], squares: list[Any]) -> list[Any]:
        """Return 1 - αβ' and 1 - α'β."""
        r, R = self.roots(squares)
        C, D = det[1] + r, twin[1] + R
        if any(_first(one).contains(0) for one in (C, D)):
            return [C * acb("nan")] * 2
        return [1 - det[n] / C * (twin[2 - n] / D) * acb(4) for n in (2, 0)]

    def weights(
        self, det: list[acb], twin: list[acb], squares: list[acb], apart: list[acb], gaps: list[acb]
    ) -> list[acb]:
        """Return those of n_m, m from -ORDER to ORDER."""
        r, R = self.roots(squares)
        C, D = (det[1] + r) / 2, (twin[1] + R) / 2
        (b, a), (B, A) = ((-one[0] / c, -one[2] / c) for one, c in ((det, C), (twin, D)))
        if apart:
            p, (zero_minus, zero_plus, plus_minus) = self.pivot, apart
            o = [
                [acb(0), -zero_minus, -plus_minus], [zero_minus, acb(0), zero_plus],
                [plus_minus, -zero_plus, acb(0)],
            ][p]  # fmt: skip
            own, other = det[p] / r, twin[p] / R
            up, down = _residues((a, own), (A, other), o[::-1]), _residues((b, own), (B, other), o)
        else:
            # One by one: a product of wide balls that are not zero may contain it.
            g = 1 / r / R / gaps[0] / gaps[1]
            up, down = (
                [(1 - a * A * b * B) * g, (e - f * h) * g]
                for e, f, h in ((a + A, a * A, b + B), (b + B, b * B, a + A))
            )
            for found, e, f in ((up, a + A, a * A), (down, b + B, b * B)):
                for _ in range(ORDER - 1):
                    found.append(e * found[-1] - f * found[-2])
        # Of e^{imφ} the coefficient of e^{-imφ} counts.
        return [*up[:0:-1], *down]


def _residues(own: tuple[acb, acb], other: tuple[acb, acb], o: list[acb]) -> list[acb]:
    """Return c times the means of ζ^m/(det G det G') from a zero of each and its d_p/r, m from 0 on."""
    (one, two), found = (z * over / (o[0] + z * (o[1] + z * o[2])) for z, over in (own, other)), []
    for _ in range(ORDER + 1):
        found.append((two - one) / 2)
        one, two = one * own[0], two * other[0]
    return found


def _first(one: Any) -> acb:
    """Return a number, or the first term of a power series."""
    found: acb = one[0] if isinstance(one, acb_series) else one
    return found
