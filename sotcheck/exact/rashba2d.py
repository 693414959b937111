"""The two-dimensional Rashba model, exactly in k: the reference row of Table I.

H = k² + J σ·m + α σ·(k×ẑ). The current shifts each Fermi line, δf = τ k_x δ(E_F − E), and the torque is what
the exchange field exerts on the spins of the shifted electrons.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.estimate import Estimate

#: Equidistant angles of k: the integrand is periodic and analytic.
ANGLES = 2 * np.pi * (np.arange(48) + 0.3) / 48
ACROSS = np.stack([np.sin(ANGLES), -np.cos(ANGLES), 0 * ANGLES], axis=-1)
#: α in units of √J, and the powers that its odd differences leave.
RUNGS = np.array([1.0, 0.5, 0.25, 0.125]) / 24
POWERS = (2, 4, 6)


@dataclass(frozen=True)
class Rashba2D:
    """The model with both bands occupied, E_F > J > 0, and a unit vector m that is not along ŷ."""

    E_F: float
    J: float
    m: Array

    def _fermi_line(self, alpha: float, band: int) -> tuple[Array, Array]:
        """Return k (angles,) and the direction of the total field (angles, 3) at E_F; band +1 is minority."""
        k = np.full(len(ANGLES), np.sqrt(self.E_F - band * self.J))
        # k² = E_F ∓ |J m + α k n|, solved for k by iteration: the right-hand side hardly depends on k.
        for _ in range(60):
            field = self.J * self.m + alpha * k[:, None] * ACROSS
            k = np.sqrt(self.E_F - band * np.linalg.norm(field, axis=-1))
        field = self.J * self.m + alpha * k[:, None] * ACROSS
        return k, field / np.linalg.norm(field, axis=-1)[:, None]

    def torque(self, alpha: float) -> Complex:
        """Return fieldlike + i dampinglike per relaxation time of minority and majority, shape (2,)."""
        fieldlike = np.cross(self.m, [0.0, 1.0, 0.0])
        dampinglike = np.cross(self.m, -fieldlike)
        rows = []
        for band in (1, -1):
            k, direction = self._fermi_line(alpha, band)
            slope = 2 * k + band * alpha * np.einsum("ai,ai->a", ACROSS, direction)
            weight = k * np.cos(ANGLES) * k / slope
            spin = (weight[:, None] * band * direction).mean(axis=0) / (2 * np.pi)
            t = self.J * np.cross(self.m, spin)
            rows.append(t @ (fieldlike + 1j * dampinglike) / (fieldlike @ fieldlike))
        return np.array(rows)

    def linear_torque(self) -> Estimate:
        """Return the coefficient of α in `torque`, shape (2,)."""
        steps = RUNGS * np.sqrt(self.J)
        odd = np.array([(self.torque(a) - self.torque(-a)) / (2 * a) for a in steps])
        return richardson(odd, POWERS, 1e-15 * self.E_F / steps[:, None]).shared(0)

    def polarization(self, tau_up: float, tau_down: float) -> float:
        """Return (j↑ − j↓)/(j↑ + j↓) of the charge current at α = 0, from the same shifted Fermi lines."""
        down, up = (
            tau * float((k**2 * np.cos(ANGLES) ** 2).mean())
            for tau, k in ((tau_down, self._fermi_line(0.0, 1)[0]), (tau_up, self._fermi_line(0.0, -1)[0]))
        )
        return (up - down) / (up + down)
