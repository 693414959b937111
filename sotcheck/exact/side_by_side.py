"""Flows of many bare interfaces by boundary matching, summed over k_⊥ together.

Each is summed as if alone: no digit depends on the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sotcheck.engines.matching import BLOCK, flows_side_by_side, frames_of
from sotcheck.exact.over_k import Averaged, averaged
from sotcheck.numerics import circle
from sotcheck.numerics.arrays import Array, Index
from sotcheck.system.interface import Interface
from sotcheck.system.many import Many

#: What rounding leaves of any sum, in units of the largest torque there can be.
FLOOR = 8 * float(np.finfo(float).eps)


def matched_flows(some: Sequence[Interface], h_R: Array, rtol: float, most: int) -> Averaged:
    """Return the flows divided by h_R (n,), as of `exact_flows`, (ranges, 3, 4, 3)."""
    many = Many.of(some, h_R[:, None])
    axes, divisor = frames_of(many), np.where(h_R == 0, 1.0, h_R)
    factor = -1 / (4 * np.pi * divisor)

    def flows(whose: Index, k_perp: Array, weights: Array, beyond: Array) -> tuple[Array, Array]:
        found, off = np.empty((len(whose), 1, 3, 4, 3)), np.empty((len(whose), 1, 3, 1, 1))
        step = BLOCK // circle.ANGLES
        for block in (slice(start, start + step) for start in range(0, len(whose), step)):
            at = whose[block]
            angle = many.axis[at] + circle.PSI[:, None]
            turned = flows_side_by_side(many[at], axes[at], k_perp[block], angle)
            other = (turned * beyond[:, block, 0]).sum(axis=-2) * factor[at]
            off[block, 0, :, 0, 0] = np.abs(other).max(axis=(1, 2)).T
            turned *= weights[:, block, 0] * factor[at]
            along_xyz = np.einsum("jin,scin->scjn", np.moveaxis(axes[at], 0, -1).copy(), turned.sum(axis=-2))
            found[block, 0] = np.moveaxis(along_xyz, -1, 0)
        return found, off

    return averaged(many, flows, 0.0, rtol, FLOOR * many.largest_torque / np.abs(divisor), most)
