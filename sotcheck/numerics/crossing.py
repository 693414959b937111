"""First crossings: where a family of functions of h_R exceeds a limit for the first time. Knows no physics.

f is sampled at Chebyshev points of panels that grow from SMALLEST on. Where the polynomial p through them is
known to ±E (its last coefficients plus the error of f), the first crossing of |f| = L lies between those of
|p| + E = L and of |p| − E = L: a bracket, where no earlier crossing shows. Where f is not smooth polynomials
converge slowly: a bracket that is narrow already is then closed by root finding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import Chebyshev

from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate

Deviation = Callable[[Array], Estimate]

#: h_R tried: from here, where first order has to be right, to there.
SMALLEST, LARGEST = 1e-4, 2.0
#: Half width of a limit's bracket, relative: where refinement stops; and the range accepted.
ACCURACY, ACCURACIES = 5e-4, (1e-6, 0.05)
#: h_R whose deviation predicts, as it grows like h_R², where the first panel should end; how far beyond.
PROBE, AHEAD = 0.02, 1.25
#: The first panel ends between these; each later one is so much longer than the one before.
FIRST_END, GROWTH = (1e-3, 0.3), 2.0
#: Points of a panel, nested; then it is halved, down to this part of its end.
LEVELS, NARROWEST = (5, 9), 1e-3
#: Relative width of a bracket from which root finding takes over.
NARROW = 0.1
#: The last two Chebyshev coefficients times this bound what follows them.
SAFETY = 2.0
#: Roots with a smaller imaginary part, on [−1, 1], are real.
REAL = 1e-8


@dataclass
class Target:
    """One limit that is looked for: its place among the components, and the bracket found so far."""

    at: tuple[int, int]
    limit: float
    lower: float | None = None
    upper: float | None = None

    def known_to(self, accuracy: float) -> bool:
        """Say whether it is known so well, relative, that there is a crossing, or none."""
        if self.upper is None:
            return self.lower is None
        return self.lower is not None and self.upper - self.lower <= 2 * accuracy * self.upper


#: Where |f| may, and must, exceed a limit for the first time in a panel, None if nowhere; whether the errors
#: of f itself outweigh the polynomial's, so that smaller panels tell no more.
_Crossing = tuple[float | None, float | None, bool]


def _first_above(p: Chebyshev, level: float) -> float | None:
    """Return the first point of its domain at which a polynomial has |p| ≥ level."""
    start, end = (float(x) for x in p.domain)
    if level <= 0 or abs(p(start)) >= level:
        return start
    # Roots with a small imaginary part are real; their unit is half the domain.
    roots = np.concatenate([(p + side * level).roots() for side in (-1, 1)])
    real = roots.real[np.abs(roots.imag) < REAL * (end - start) / 2]
    inside = real[(start <= real) & (real <= end)]
    return float(inside.min()) if inside.size else None


def _crossing(limit: float, h_R: Array, f: Estimate) -> _Crossing:
    """Bracket the first crossing on Chebyshev points, the last h_R first."""
    p = Chebyshev.fit(h_R, f.value, len(h_R) - 1, domain=[h_R[-1], h_R[0]])
    interpolation, noise = SAFETY * float(np.abs(p.coef[-2:]).sum()), 2 * f.total
    lower, upper = (_first_above(p, limit + sign * (interpolation + noise)) for sign in (-1, 1))
    return lower, upper, interpolation < noise


def _decided(target: Target, crossing: _Crossing, narrow: float) -> bool:
    """Say whether a panel has no crossing, a narrow bracket, leaves an old doubt, or is at its best."""
    lower, upper, noisy = crossing
    if lower is None or noisy:
        return True
    return target.lower is not None if upper is None else upper - lower <= narrow * upper


def search(
    deviation: Deviation, targets: list[Target], largest: float, accuracy: float, *, again: bool = False
) -> None:
    """Fill in the brackets of all targets, panel by panel, up to `largest`; no `upper` where nothing crosses.

    ``deviation(h_R)`` of h_R (n,) is an Estimate (n, components, sources); a bracket's half width, relative,
    is to be as small as `accuracy`. A crossing in doubt is left with a `lower` alone; `again`, with a smaller
    error, starts from there, and goes on to the next crossing where doubt remains.
    """
    start = min(t.lower or SMALLEST for t in targets) if again else SMALLEST
    for target in targets:
        target.lower = target.upper = None
    probe = np.array([SMALLEST, PROBE])
    curvature = np.abs(np.diff(deviation(probe).value, axis=0))[0] / PROBE**2
    predicted = min(float((t.limit / max(curvature[t.at], 1e-12)) ** 0.5) for t in targets)
    end = min(largest, max(AHEAD * start, float(np.clip(AHEAD * predicted, *FIRST_END))))
    while start < largest and (waiting := [t for t in targets if t.upper is None and (again or not t.lower)]):
        for n in LEVELS:
            u = np.cos(np.pi * np.arange(n) / (n - 1))
            # Exactly the ends at the ends: they are shared with the neighbours.
            h_R = np.where(u == -1, start, np.where(u == 1, end, start + (u + 1) / 2 * (end - start)))
            found = deviation(h_R)
            crossings = [_crossing(t.limit, h_R, found[:, *t.at]) for t in waiting]
            width = 2 * accuracy if n < LEVELS[-1] else NARROW
            decided = all(_decided(t, c, width) for t, c in zip(waiting, crossings, strict=True))
            if decided:
                break
        if not decided and end - start > NARROWEST * end:
            end = (start + end) / 2
            continue
        for target, crossing in zip(waiting, crossings, strict=True):
            target.lower = crossing[0] if target.lower is None else target.lower
            target.upper = crossing[1]
            # In a wider bracket, of an old doubt say, the root found need not be the first.
            if target.known_to(NARROW / 2) and not target.known_to(accuracy):
                _close(deviation, target, accuracy)
        start, end = end, min(largest, GROWTH * end)


def _close(deviation: Deviation, target: Target, accuracy: float) -> None:
    """Narrow a bracket by root finding, to the accuracy wanted plus what the quadrature error allows."""
    from scipy.optimize import brentq

    lower, upper = target.lower, target.upper
    if lower is None or upper is None or upper <= SMALLEST:
        return

    def at(h: float) -> Estimate:
        return deviation(np.array([h]))[0, *target.at]

    def excess(h: float) -> float:
        return float(abs(at(h).value)) - target.limit

    first, last = excess(lower), excess(upper)
    # The error estimate says so; if it was wrong, the bracket stays as wide as it is.
    if first < 0 < last:
        root = float(brentq(excess, lower, upper, rtol=accuracy / 2, xtol=accuracy * upper / 4))
        half = accuracy * root / 2 + at(root).total * (upper - lower) / (last - first)
        target.lower, target.upper = max(lower, root - half), min(upper, root + half)
