"""Stacks with one spin-orbit term: determinants of the first order in e^{iφ} and e^{−iφ}."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from sotcheck.engines.determinant import turning_points
from sotcheck.engines.stack import outgoing
from sotcheck.engines.stack_determinant import THIRDS, first_harmonics, log_determinant
from sotcheck.numerics import circle
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.system.structure import Structure


@dataclass(frozen=True, eq=False)
class OneSite:
    """The determinant of such a stack, for every scale (lanes,), as sums over k_⊥ need it.

    The spacing is that of finite differences in its half-spaces.
    """

    structure: Structure
    scale: Array
    spacing: float = 0.0

    def __len__(self) -> int:
        return 1

    @property
    def axis(self) -> Array:
        """The angle from which those of `circle` are counted."""
        return np.zeros(1)

    @property
    def edges(self) -> Array:
        """k_⊥² at which channels close, (1, channels)."""
        leads = self.structure.left, self.structure.right
        return np.concatenate([lead.bands(self.structure.energy, np.zeros(()))[0] for lead in leads])[None]

    def ranges(self) -> tuple[Index, Array, Array]:
        """Return whose each range between thresholds is, and its ends."""
        ends = np.array(list(itertools.pairwise(self.structure.thresholds())))
        return np.zeros(len(ends), dtype=int), ends[:, 0], ends[:, 1]

    def singular(self, owner: Index, x_1: Array, x_2: Array) -> Complex:
        """Return the θ near ranges, (ranges, most), where averages over the angle branch, but for edges."""
        segments = list(zip(x_1.tolist(), x_2.tolist(), strict=True))
        return turning_points(self.structure, segments, self.scale, self.spacing)

    def weights(self, whose: Index, x: Array) -> tuple[Array, Array]:
        """Return those of angles that average over 1/|D|² at k_⊥² (rows, n), and of what is no polynomial."""
        k_perp, leads = np.sqrt(x), (self.structure.left, self.structure.right)
        waves = [outgoing(lead.bands(self.structure.energy, k_perp)[0])[None, :, :, None] for lead in leads]
        if self.spacing:
            waves = [q * np.sqrt(1 - (q * self.spacing) ** 2 / 4) for q in waves]
        angle = THIRDS[:, None, None, None]
        logs = log_determinant(self.structure, k_perp[None, :, :, None], angle, self.scale, waves)
        middle, upper, lower = first_harmonics(logs)[1]
        return circle.weights_of(lower, middle, upper)
