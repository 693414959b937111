"""Partial sums and Padé approximants of an odd series t = Σ_j a_j h^(2j+1); they know arrays, no physics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import toeplitz

from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex

#: A series all of whose terms are below this part of the largest at stake is zero.
NEGLIGIBLE = 1e-11
#: A pole this close to its zero, relative to its size, is an accident of rounding.
DOUBLET = 1e-3


def partial_sum(coefficients: Array, h: Array) -> Array:
    """Return Σ_j a_j h^(2j+1), shape (h, ...), of coefficients (n, ...)."""
    powers = np.asarray(h)[:, None] ** np.arange(1, 2 * len(coefficients), 2)
    return np.tensordot(powers, coefficients, axes=1)


@dataclass(frozen=True)
class Pade:
    """h P(w)/Q(w) with w = (h/scale)² and degrees L, M: agrees with the series to order 2(L + M) + 1.

    Attributes
    ----------
    numerator, denominator : arrays
        Coefficients of P and Q, highest power first.
    scale : float
        Value of h_R in whose units the degrees are balanced.
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
        zeros = np.roots(self.numerator)
        w = np.array(
            [p for p in np.roots(self.denominator) if np.all(np.abs(zeros - p) > DOUBLET * abs(p))],
            dtype=complex,
        )
        h = self.scale * np.sqrt(w)
        return h[np.argsort(np.abs(h))]

    def real_poles(self, largest: float) -> list[float]:
        """Return poles on the real axis, 0 < h_R < largest."""
        return [float(p.real) for p in self.poles() if abs(p.imag) < 1e-9 * abs(p) and 0 < p.real < largest]


def pade(coefficients: Array, scale: float, denominator: int) -> Pade:
    """Return the approximant [L/M] in h² with L + M + 1 coefficients used up.

    Parameters
    ----------
    coefficients : array (n,)
        a_0, a_1, … of h, h³, ….
    scale : float
        Near the radius of convergence: a_j scale^(2j) should neither grow nor fall by much.
    denominator : int
        M < n.

    Raises
    ------
    EngineError
        If M is out of range, or a lower M is exact already (the linear system is singular).
    """
    n = len(coefficients)
    if not 0 < denominator < n:
        raise EngineError(f"denominator degree {denominator} is not accepted; expected 1 to {n - 1}")
    scaled = np.asarray(coefficients) * scale ** (2.0 * np.arange(n))
    largest = float(np.abs(scaled).max())
    # a_{k−j} in row k, column j, zero above the diagonal: the first L + 1 rows give P, the others Q.
    table = toeplitz(scaled / largest, np.zeros(denominator + 1))
    numerator = n - denominator
    try:
        q = np.append(1.0, np.linalg.solve(table[numerator:, 1:], -table[numerator:, 0]))
    except np.linalg.LinAlgError as error:
        raise EngineError(
            f"the series of {n} coefficients determines no approximant with {denominator} poles ({error}); "
            "use a smaller denominator degree"
        ) from error
    p = table[:numerator] @ q
    return Pade(p[::-1] * largest, q[::-1], scale)


def reach(h: Array, off: Array, limit: float) -> float:
    """Return the last h of an ascending ladder up to which all relative errors `off` stay below `limit`."""
    beyond = np.flatnonzero(~(off <= limit))
    last = len(h) if beyond.size == 0 else int(beyond[0])
    return float(h[last - 1]) if last else 0.0
