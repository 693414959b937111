"""Flows of many bare interfaces by boundary matching, summed over k_⊥ together.

Each is summed as if alone: no digit depends on the others.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from sotcheck.engines.aligned import Aligned
from sotcheck.engines.matching import BLOCK, flows_side_by_side, frames_of
from sotcheck.engines.rounding import rounding_of_flows
from sotcheck.exact.over_k import Averaged, averaged
from sotcheck.numerics import circle
from sotcheck.numerics.arrays import Array, Index
from sotcheck.numerics.path import substitution
from sotcheck.numerics.quadrature import legendre
from sotcheck.system.many import Many

#: What rounding leaves of any sum, in units of the largest torque there can be.
FLOOR = 8 * float(np.finfo(float).eps)
#: Nodes in a range, and angles, of the sum of states' errors: a digit of it will do. What is upon a needle by
#: accident at some nodes is not at others; sums have as many nodes as the last.
ERROR_NODES, ERROR_ANGLES = (16, 31), np.array([0.3, 1.1, 1.9, 2.7])


def matched_flows(many: Many, rtol: float, most: int) -> Averaged:
    """Return the flows divided by h_R, one of each, as of `exact_flows`, (ranges, 1, 3, 4, 3)."""
    axes, divisor = frames_of(many), np.where(many.h_R == 0, 1.0, many.h_R)[:, 0]
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
            mean, turn = turned.sum(axis=-2), axes[at].transpose(1, 2, 0).copy()
            along_xyz = sum(turn[:, i] * mean[:, :, i, None] for i in range(3))
            found[block, 0] = np.moveaxis(along_xyz, -1, 0)
        return found, off

    return averaged(Aligned(many), flows, rtol, FLOOR * many.largest_torque / np.abs(divisor), most)


def matched_errors(many: Many, spacing: float = np.inf, independent: bool = True) -> Array:
    """Return how far states' own errors may move sums over each range, (ranges, lanes, 3); not over h_R."""
    owner, x_1, x_2 = many.ranges()
    its = many[owner]
    c = its.m[:, :1] * np.sin(ERROR_ANGLES) - its.m[:, 1:2] * np.cos(ERROR_ANGLES)

    nodes, weights = _error_rules()
    x, slope = substitution(x_1[:, None], x_2[:, None], (nodes + 1) * np.pi / 4)
    k_perp = np.sqrt(x)
    errors = rounding_of_flows(its, k_perp, c, spacing).mean(axis=2)
    every = (slope * weights * np.pi / 4 * k_perp)[..., None, None] * errors

    def summed(by_k: Array) -> Array:
        # Errors at different angles may have that of one k_z in common; those of n nodes add up to √n of one.
        share = (by_k.shape[1] / ERROR_NODES[-1]) ** 0.5
        return np.asarray(np.linalg.norm(by_k, axis=1) * share if independent else by_k.sum(axis=1))

    coarse, fine = every[:, : ERROR_NODES[0]], every[:, ERROR_NODES[0] :]
    return np.minimum(summed(coarse), summed(fine)) / (16 * np.pi**2)


@cache
def _error_rules() -> tuple[Array, Array]:
    """Return nodes and weights of both rules, one after the other."""
    nodes, weights = (np.concatenate(both) for both in zip(*map(legendre, ERROR_NODES), strict=True))
    return nodes, weights
