"""Rules on [0, 1] that integrate polynomials and given poles exactly, however close the poles lie.

An integrand with the poles p and p* is f(s) = (A + B s)/|s − p|² + a smooth rest. The rule's weights are
those that are exact for 1/|s − p|², (s − Re p)/|s − p|² and as many polynomials as there are nodes left. No
node of Fejér's need see a pole: two more lie on its flanks, at s = Re p + |Im p| tan u.

Of a pole given in the lower half-plane all but π A/|Im p| is integrated, −A (1/a + 1/(1 − a)) where it is
upon the axis: that is for whoever put it there to add, and no node need be on its flanks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np

from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.numerics.zeros import parameter, side_by_side

#: Poles within ellipses of these parameters get nodes and functions of their own, and functions alone.
RHO, FAR = 1.35, 2.0
#: Nodes of the rule that integrates functions with poles beyond the first ellipse.
FINE = 255
#: Where between the ends, in u, the two nodes of a pole lie; those of the next elsewhere: it may coincide.
FLANKS = ((0.25, 0.75), (0.14, 0.62), (0.33, 0.84), (0.07, 0.55))
#: Poles closer than this part of their distance from the interval are taken for one.
SAME = 1e-7
#: Poles this much closer to the axis than to the interval are on the axis.
ON_AXIS = 1e-6
#: Poles closer than this to an end are upon it.
AT_END = 1e-12
#: Poles this close to the axis are not to have nodes of the rule itself upon them.
NARROW = 1e-3
#: Directions in which nodes and functions are as dependent as this are left alone.
DEPENDENT = 1e-13
#: Weights that are larger, all of them summed, magnify what the integrand is uncertain by: those that are
#: exact for a smaller part of the polynomials, and the smallest of these, take their place.
LARGE, PARTS = 3.0, (1.0, 0.7, 0.5)
#: The part for which those are exact that the last of these are held against.
FEWER = 0.35


@cache
def fejer(n: int) -> tuple[Array, Array]:
    """Return nodes and weights of Fejér's second rule on [0, 1], n odd: Chebyshev points without the ends."""
    angle = np.pi * np.arange(1, n + 1) / (n + 1)
    odd = np.arange(1, n + 1, 2)
    weights = 2 * np.sin(angle) / (n + 1) * (np.sin(np.outer(angle, odd)) / odd).sum(axis=1)
    return (1 - np.cos(angle)) / 2, weights


def flanks(p: complex, which: int) -> Array:
    """Return two nodes on the flanks of the pole p, equidistant in u with s = Re p + |Im p| tan u."""
    a, width = p.real, abs(p.imag)
    if width < ON_AXIS * min(abs(a), abs(1 - a)) and not 0 <= a <= 1:
        # Equidistant in 1/(s − a), the limit of u for a pole on the axis but outside.
        return np.array([a + 1 / (part / (1 - a) - (1 - part) / a) for part in FLANKS[which % len(FLANKS)]])
    nodes = []
    for part in FLANKS[which % len(FLANKS)]:
        # tan(u₀ + part (u₁ − u₀)) of u = atan((s − a)/width), for any width down to zero.
        start, end = complex(width, -a), complex(width, 1 - a)
        turn = part * np.angle(end * start.conjugate())
        rotated = start * np.exp(1j * turn)
        nodes.append(a + width * rotated.imag / rotated.real if rotated.real else a)
    return np.array(nodes)


class Rule(NamedTuple):
    """Weights; how they change if exact for fewer polynomials still; and an error of rounding.

    The change is nothing where they are exact for all polynomials that they might be. The error is relative
    to the largest value of an integrand.
    """

    weights: Array
    doubt: Array
    rounding: float


def rule(n: int, extra: Array, poles: Complex) -> Rule:
    """Return the weights (n + e,) of Fejér's n nodes and e extra ones, exact for polynomials and poles (P,).

    The nearest pole comes first: with few nodes only some can be treated.
    """
    from scipy.linalg import lstsq

    nodes, plain = fejer(n)
    # A node that happens to lie on a narrow pole would carry its weight to where f is known to ε/|Im p| only.
    width = np.abs(poles.imag)
    hit = np.abs(nodes[:, None] - poles) ** 2 < plain[:, None] * width
    used = np.concatenate([~(hit & (width < NARROW)).any(axis=1), np.ones(len(extra), dtype=bool)])
    s = np.concatenate([nodes, extra])[used]
    poles = poles[: (len(s) - 1) // 2]
    if not len(poles):
        none = np.zeros(len(extra))
        return Rule(np.concatenate([plain, none]), np.zeros(len(used)), 0.0)
    polynomials = np.arange(len(s) - 2 * len(poles))
    a, width = poles.real, np.abs(poles.imag)
    inside = (poles.imag <= 0) & (a >= 0) & (a <= 1)
    distance = np.where(inside, 1.0, np.abs(poles - np.clip(a, 0, 1)))
    scaled = (s[:, None] - a) / distance
    lorentzian = 1 / (scaled**2 + (width / distance) ** 2)
    start, end = -a / distance, (1 - a) / distance
    ratio, sign = width / distance, np.where(inside, -1.0, 1.0)
    # Less π where that is left out.
    spread = np.arctan2(sign * ratio * (end - start), sign * (ratio**2 + start * end))
    # atan(end/ratio) − atan(start/ratio) over ratio, and its limit for a pole on the axis but outside.
    area = np.where(
        ratio > 1e-9, spread / np.maximum(ratio, 1e-9), (end - start) / np.where(start * end, start * end, 1)
    )
    even = np.where(polynomials % 2 == 0, 1 / (1.0 - polynomials**2 + (polynomials == 1)), 0.0)
    moments = np.concatenate([even, area, np.log((end**2 + ratio**2) / (start**2 + ratio**2)) / 2])
    chebyshev = np.cos(polynomials * np.arccos(np.clip(2 * s - 1, -1, 1))[:, None])
    matrix = np.hstack([chebyshev, lorentzian / distance, scaled * lorentzian / distance])
    # The integrand is as large as 1/|s − p|: weights are wanted to rounding relative to |s − p|.
    small = np.minimum(1.0, np.abs(s[:, None] - poles).min(axis=1))

    def exact_for(part: float) -> tuple[Array, float]:
        kept = np.ones(len(moments), dtype=bool)
        kept[int(np.ceil(part * len(polynomials))) : len(polynomials)] = False
        # By QR with pivoting, four times faster than by singular values.
        found = lstsq(
            matrix.T[kept] * small, moments[kept], cond=DEPENDENT, lapack_driver="gelsy", check_finite=False
        )
        weights = np.zeros(len(used))
        weights[used] = small * found[0]
        return weights, float(np.abs(matrix.T[kept] @ weights[used] - moments[kept]).max())

    for part in PARTS:
        weights, off = exact_for(part)
        if np.abs(weights).sum() <= LARGE:
            break
    complete = part == PARTS[0]
    fewer = weights if complete else exact_for((*PARTS[1:], FEWER)[PARTS.index(part)])[0]
    return Rule(weights, weights - fewer, off)


@cache
def _finer(n: int) -> Array:
    """Return the polynomials that are 1 at one of Fejér's n nodes, at FINE ones, with their weights."""
    at, finer = (np.polynomial.chebyshev.chebvander(2 * fejer(m)[0] - 1, n - 1) for m in (n, FINE))
    weighed: Array = np.linalg.solve(at.T, (fejer(FINE)[1][:, None] * finer).T)
    return weighed


def _product(s: Array, poles: Complex) -> Array:
    """Return Π|s − p|², shape (n, ...), of poles (..., P), NaN for none."""
    found, s = np.ones((len(s), *poles.shape[:-1])), s.reshape(-1, *(1,) * (poles.ndim - 1))
    for n in range(poles.shape[-1]):
        p = poles[..., n]
        away = s - p.real
        found *= np.where(np.isnan(p.real), 1.0, away * away + p.imag * p.imag)
    return found


def _mean(poles: Complex) -> Array:
    """Return the geometric mean of Π|s − p|² on [0, 1], poles being (..., P), NaN for none."""
    found: Array = np.nanprod((parameter(0.0, 1.0, poles) / 4) ** 2, axis=-1)
    return found


@dataclass
class NearPoles:
    """Poles near [0, 1] by pair and lane, the nearest first, their ρ, and the nodes (pairs, extra) of all.

    Nodes next to poles of any lane, NaN where there are fewer, 1/|s − p| there, and each pair's nodes' lanes.
    """

    poles: list[list[Complex]]
    rho: list[list[Array]]
    nodes: Array
    steepness: Array
    owner: Sequence[Index]
    _rules: dict[int, tuple[Array, Array, Array, Array, Array]] = field(default_factory=dict)
    _away: dict[tuple[int, int], Array] = field(default_factory=dict)

    @cached_property
    def padded(self) -> Complex:
        """The poles, shape (pairs, lanes, most), NaN where there are fewer."""
        rows = side_by_side([one for pair in self.poles for one in pair])
        return np.asarray(rows.reshape(len(self.poles), -1, rows.shape[1]), dtype=complex)

    def away(self, n: int, most: int) -> Array:
        """Return Π|s − p|² of as many poles at n Fejér nodes, (n, pairs, lanes)."""
        which = n, min(most, self.padded.shape[2])
        if which not in self._away:
            self._away[which] = _product(fejer(n)[0], self.padded[..., :most])
        return self._away[which]

    def factors(self, n: int) -> Array:
        """Return Π|s − p|² over its geometric mean at n Fejér nodes, by which poles are multiplied away."""
        return self.away(n, (n - 1) // 2) / _mean(self.padded[..., : (n - 1) // 2])

    def far_rule(self, n: int) -> Array:
        """Return the weights (n, pairs, lanes) of Fejér's nodes as `rule` does, if no pole is near.

        f Π|s − p|² is interpolated.
        """
        here, finer = (self.away(m, (n - 1) // 2) for m in (n, FINE))
        found: Array = here * (_finer(n) @ (1 / finer).reshape(FINE, -1)).reshape(here.shape)
        return found

    @cached_property
    def amplified(self) -> Array:
        """What dividing by these factors again makes of an error: ∫ds over them, but for poles with nodes.

        NaN next to a pole whose peak is left out, where that is no number.
        """
        near, (nodes, weights) = parameter(0.0, 1.0, self.padded) < RHO, fejer(FINE)
        far = np.where(near, np.nan, self.padded)
        found: Array = np.tensordot(weights, _mean(far) / _product(nodes, far), 1)
        return np.where((near & (self.padded.imag <= 0)).any(axis=-1), np.nan, found)

    def weights(self, n: int) -> tuple[Array, Array]:
        """Return the weights of n Fejér nodes and of the extra ones, shapes (n | extra, pairs, lanes)."""
        return self._found(n)[:2]

    def doubt(self, n: int) -> tuple[Array, Array]:
        """Return how both change if they are exact for fewer polynomials, nothing where for all."""
        return self._found(n)[2:4]

    def rounding(self, n: int) -> Array:
        """Return the error of rounding of weights, relative to the integrand, (pairs, lanes)."""
        return self._found(n)[4]

    def _found(self, n: int) -> tuple[Array, Array, Array, Array, Array]:
        if n not in self._rules:
            plain = self.far_rule(n)
            more = np.zeros((self.nodes.shape[1], *self.padded.shape[:2]))
            doubts, rounding = (np.zeros_like(plain), np.zeros_like(more)), np.zeros(plain.shape[1:])
            for i, pair in enumerate(self.poles):
                for j, some in enumerate(pair):
                    if not len(some) or self.rho[i][j][0] >= RHO:
                        continue
                    own = np.flatnonzero(self.owner[i] == j)
                    found, doubt, rounding[i, j] = rule(n, self.nodes[i, own], some)
                    for one, (here, beside) in ((found, (plain, more)), (doubt, doubts)):
                        here[:, i, j], beside[own, i, j] = one[:n], one[n:]
            self._rules[n] = plain, more, *doubts, rounding
        return self._rules[n]


def near_poles(poles: Complex) -> NearPoles | None:
    """Return the poles of (pairs, lanes, most; NaN for none) that matter to ∫ over [0, 1], None if none."""
    # A pole upon an end is none: there the Jacobian, or the flux, vanishes with the wave number.
    poles = np.where(np.minimum(np.abs(poles), np.abs(poles - 1)) < AT_END, np.nan, poles)
    rho = parameter(0.0, 1.0, poles)
    if not np.any(rho < FAR):
        return None
    chosen = [[_kept(*lane) for lane in zip(*pair, strict=True)] for pair in zip(poles, rho, strict=True)]
    kept = [[some for some, _ in pair] for pair in chosen]
    rhos = [[near for _, near in pair] for pair in chosen]
    nodes, steepness, owner = [], [], []
    for pair in chosen:
        seen = [
            (lane, which, p)
            for lane, (some, near) in enumerate(pair)
            for which, p in enumerate(some)
            # Near, but not one whose peak, here, is left out.
            if near[which] < RHO and not (p.imag <= 0 and 0 <= p.real <= 1)
        ]
        nodes.append(np.concatenate([np.zeros(0), *(flanks(p, which) for _, which, p in seen)]))
        steepness.append(1 / np.abs(nodes[-1] - np.repeat([p for _, _, p in seen], 2)))
        owner.append(np.repeat(np.array([lane for lane, _, _ in seen], dtype=int), 2))
    return NearPoles(kept, rhos, side_by_side(nodes), side_by_side(steepness), owner)


def _kept(poles: Complex, rho: Array) -> tuple[Complex, Array]:
    """Return the poles that matter, each once, the nearest first; and their ρ."""
    kept, rhos = list[complex](), list[float]()
    for i in np.argsort(rho):
        # No pole is NaN, and comes last.
        if not rho[i] < FAR:
            break
        p = complex(poles[i])
        size = abs(p - min(max(p.real, 0.0), 1.0))
        if all(abs(p - other) > SAME * size for other in kept):
            kept.append(p)
            rhos.append(float(rho[i]))
    return np.array(kept, dtype=complex), np.array(rhos)
