"""Odd series t = Σ_j a_j h^(2j+1): partial sums, Padé approximants, and where they stop to converge."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate

#: A series all of whose terms are below this part of the largest at stake is zero.
NEGLIGIBLE = 1e-11
#: Terms without which no radius is read off them.
FEWEST = 10
#: A pole this close to its zero, relative to its size, is an accident of rounding.
DOUBLET = 1e-3


def partial_sum(coefficients: Array, h: Array) -> Array:
    """Return Σ_j a_j h^(2j+1), shape (h, ...), of coefficients (n, ...)."""
    powers = np.asarray(h)[:, None] ** np.arange(1, 2 * len(coefficients), 2)
    return np.tensordot(powers, coefficients, axes=1)


@dataclass(frozen=True)
class Pade:
    """h P(w)/Q(w) with w = (h/scale)² and degrees L, M: agrees with the series to order 2(L + M) + 1.

    P and Q by their coefficients, highest power first.
    """

    numerator: Array
    denominator: Array
    scale: float

    @property
    def name(self) -> str:
        """[L/M]."""
        return f"[{len(self.numerator) - 1}/{len(self.denominator) - 1}]"

    def __call__(self, h: Array) -> Array:
        """Return the approximant at h_R (n,)."""
        h = np.asarray(h, dtype=float)
        w = (h / self.scale) ** 2
        return h * np.polyval(self.numerator, w) / np.polyval(self.denominator, w)

    def poles(self) -> Complex:
        """Return the poles in the right half of the plane of h_R, by distance; doublets left out."""
        zeros, w = (np.roots(one).astype(complex) for one in (self.numerator, self.denominator))
        doublet = np.any(np.abs(zeros - w[:, None]) <= DOUBLET * np.abs(w)[:, None], axis=1)
        h = self.scale * np.sqrt(w[~doublet])
        return h[np.argsort(np.abs(h))]

    def real_poles(self, largest: float) -> list[float]:
        """Return poles on the real axis, 0 < h_R < largest."""
        return [float(p.real) for p in self.poles() if abs(p.imag) < 1e-9 * abs(p) and 0 < p.real < largest]


def pade(coefficients: Array, scale: float, denominator: int) -> Pade:
    """Return the approximant [L/M] in h² with all L + M + 1 coefficients (n,) of h, h³, … used up.

    With `scale` near the radius of convergence a_j scale^(2j) neither grows nor falls by much. It is an
    EngineError if M is out of range, or a lower M is exact already (the linear system is singular).
    """
    from scipy import interpolate
    from scipy.linalg import LinAlgWarning

    n = len(coefficients)
    if not 0 < denominator < n:
        raise EngineError(f"denominator degree {denominator} is not accepted; expected 1 to {n - 1}")
    scaled = np.asarray(coefficients) * scale ** (2.0 * np.arange(n))
    largest = float(np.abs(scaled).max())
    try:
        with warnings.catch_warnings():
            # What rounding leaves of an ill-conditioned system another degree tells.
            warnings.simplefilter("ignore", LinAlgWarning)
            p, q = interpolate.pade(scaled / largest, denominator)
    except np.linalg.LinAlgError as error:
        raise EngineError(
            f"the series of {n} coefficients determines no approximant with {denominator} poles ({error}); "
            "use a smaller denominator degree"
        ) from error
    return Pade(p.coeffs * largest, q.coeffs, scale)


def reach(h: Array, off: Array, limit: float) -> float:
    """Return the last h of an ascending ladder up to which all relative errors `off` stay below `limit`."""
    beyond = np.flatnonzero(~(off <= limit))
    last = len(h) if beyond.size == 0 else int(beyond[0])
    return float(h[last - 1]) if last else 0.0


@dataclass(frozen=True)
class Radius:
    """A radius of convergence, the method that found it, and the points that it read off the terms."""

    radius: Estimate
    method: str
    points: Array


def radius_from_terms(coefficients: Array, scale: float) -> Radius | None:
    """Return the radius of convergence of Σ a_j h^(2j+1), read off its coefficients; None for too few.

    One real singularity in h² makes ratios of one sign that lie on a line in 1/j (Domb and Sykes); a complex
    pair makes them oscillate, and the quadratic recurrence tells its distance (Mercer and Roberts). Whichever
    has settled better is taken; its error is the spread of the last four extrapolations, twice. Where several
    singularities compete, the terms' envelope remains (Cauchy and Hadamard).
    """
    scaled = coefficients * scale ** (2.0 * np.arange(len(coefficients)))
    if len(scaled) < FEWEST:
        return None
    a, found = scaled, [_envelope(scaled, scale)]
    square = (a[3:] * a[1:-2] - a[2:-1] ** 2) / (a[2:-1] * a[:-3] - a[1:-2] ** 2)
    for method, first, points in (("ratio", 1, a[1:] / a[:-1]), ("pair", 2, np.sqrt(np.abs(square)))):
        j = np.arange(first, first + len(points))
        # What the line in 1/j through neighbours hits at 1/j = 0: 1/|w|.
        last = np.diff(j * points)[-4:]
        if np.all(np.isfinite(last)) and np.all(last > 0):
            value = scale / np.sqrt(last)
            found.append(_radius(value[-1], 2 * np.ptp(value), method, points))
    return min(found, key=lambda one: one.radius.total / one.radius.value)


def _envelope(scaled: Array, scale: float) -> Radius:
    """Return how fast the largest of neighbouring terms fall: Cauchy and Hadamard's root, and a power of j.

    From the second half of the terms, its error from the middle half.
    """
    n = len(scaled)
    top = np.log(np.maximum.accumulate(np.abs(scaled)[::-1])[::-1])

    def radius(some: slice) -> float:
        return scale * float(np.exp(-np.polyfit(np.arange(n)[some], top[some], 1)[0] / 2))

    late, early = radius(slice(n // 2, n)), radius(slice(n // 4, 3 * n // 4))
    return _radius(late, 2 * abs(late - early), "envelope", np.diff(top))


def _radius(value: float, error: float, method: str, points: Array) -> Radius:
    return Radius(Estimate(float(value), {"next order": (float(error), "earlier terms")}), method, points)
