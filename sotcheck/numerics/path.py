"""The way along a range of k_⊥² between thresholds: kinks substituted away.

x = x₁ + (x₂ − x₁) sin²θ turns the square roots √(x − x₁) and √(x₂ − x) into smooth functions of θ.

Where another threshold lies just beyond an end, √(x − edge) branches at θ = ±iδ. Then θ = δ sinh u makes a
cosh of it: a few nodes a decade, where halving θ would need a rule of them for each factor of two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex

#: A singularity this close to an end of a segment, in θ, is taken care of by the substitution.
CROWDED = 0.05
#: Where a wave number is zero no state has a flux; this close (relative) the Jacobian makes no difference.
CLEARANCE = 1e-13


def substitution(x_1: float | Array, x_2: float | Array, theta: Array) -> tuple[Array, Array]:
    """Return x and dx/dθ of x = x₁ + (x₂ − x₁) sin²θ, x kept CLEARANCE off the thresholds."""
    width = x_2 - x_1
    clear = np.minimum(CLEARANCE * x_2, width / 4)
    x = np.clip(x_1 + width * np.sin(theta) ** 2, x_1 + clear, x_2 - clear)
    return x, width * np.sin(2 * theta)


@dataclass(frozen=True)
class Path:
    """θ along a segment by s from 0 to 1, half by half: linear, or θ = δ sinh u at an end.

    `deltas` are δ at θ = 0 and at θ = π/2; 0 for linear.
    """

    segment: tuple[float, float]
    deltas: tuple[float, float]

    @classmethod
    def of(cls, segment: tuple[float, float], crowds: Sequence[float]) -> Path:
        """Return the path along a segment with singularities at x = `crowds`, of which those beyond count."""
        lower, upper = segment

        def delta(gaps: list[float]) -> float:
            # √(x − edge) vanishes at sin²θ, or cos²θ, = −gap/width.
            nearest = float(np.arcsinh(np.sqrt(min(gaps, default=np.inf) / (upper - lower))))
            return nearest if nearest < CROWDED else 0.0

        below, above = [lower - x for x in crowds if 0 < x < lower], [x - upper for x in crowds if x > upper]
        return cls(segment, (delta(below), delta(above)))

    def theta(self, half: int, s: Array) -> tuple[Array, Array]:
        """Return θ and dθ/ds at s in one half of the path (0 or 1)."""
        delta = self.deltas[half]
        if not delta:
            return s * np.pi / 2, np.full_like(s, np.pi / 2)
        rate = 2 * np.arcsinh(np.pi / 4 / delta)
        u = rate * (s if half == 0 else 1 - s)
        theta = delta * np.sinh(u)
        return theta if half == 0 else np.pi / 2 - theta, delta * rate * np.cosh(u)

    def s(self, half: int, theta: Complex) -> Complex:
        """Return s of complex θ, as one half continues."""
        delta = self.deltas[half]
        if not delta:
            return theta * 2 / np.pi
        u = np.arcsinh((theta if half == 0 else np.pi / 2 - theta) / delta)
        part = u / (2 * np.arcsinh(np.pi / 4 / delta))
        return part if half == 0 else 1 - part


def weighed(values: Array, x: Array, jacobian: Array) -> Array:
    """Return values of the integrand times dx/ds, all of them numbers."""
    if not np.all(np.isfinite(values)):
        raise EngineError(
            f"the integrand is not finite near k_perp^2 = {x.flat[0]:g}: "
            "a parameter is too large for double precision"
        )
    return np.asarray(values * jacobian.reshape(*jacobian.shape, *(1,) * (values.ndim - jacobian.ndim)))
