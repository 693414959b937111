"""Torques of many bare interfaces at once, by boundary matching, where nothing else is to be told of them.

The numbers are those of `torque`, which tries one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sotcheck.engines import Matching
from sotcheck.engines.aligned import never_near
from sotcheck.exact.observables import INTERFACE, PLUS, parts_of
from sotcheck.exact.side_by_side import matched_errors, matched_flows
from sotcheck.numerics.arrays import Array, Mask
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.interface import Interface
from sotcheck.system.many import Many
from sotcheck.system.model import System

#: Depths below the continuum, in the largest k_⊥, up to where bound states are ruled out one by one.
DEPTHS = np.concatenate([[0.0], np.geomspace(1e-4, 1e4, 160)])
#: Channels with less of a step or of a delta than this, of energies or wave vectors, may be transparent.
MATCHED = 1e-9


class Numbers(NamedTuple):
    """Torques (n, 3) by source: vectors, components (NaN if undefined), flows, and two terms of their errors.

    `known` tells where `torque` has nothing to add.
    """

    vector: Array
    parts: Array
    flows: Array
    quadrature: Array
    rounding: Array
    known: Mask


def is_plain(many: Many) -> Mask:
    """Return of which interfaces it is certain that no state is bound at E_F, nor enters a continuum there.

    A state at depth p below the continuum takes |h_R| k_⊥ > q_N + q_s + u_0 ± u_m of some spin s, where
    k_⊥² = k_max² + p²: both grow with p. One that enters a continuum is a pole near a range where nothing but
    the majority propagates. And a channel may not be transparent either.
    """
    h_R, k_max2 = np.abs(many.h_R[:, 0]), many.edges.max(axis=1)
    p = np.sqrt(k_max2)[:, None] * DEPTHS
    q_N, q_up, q_down = np.sqrt((k_max2[:, None] - many.edges).T[..., None] + p**2)
    down, up = (many.u_0 + many.u_m)[:, None], (many.u_0 - many.u_m)[:, None]
    binding = q_N + np.minimum(q_down + down, q_up + up)
    # At the next depth k_⊥ is larger, and beyond the last one both are 2p or p but for a part of it.
    k_perp = np.hypot(np.sqrt(k_max2)[:, None], np.append(p[:, 1:], 1.5 * p[:, -1:], axis=1))
    bound = (h_R[:, None] * k_perp >= binding).any(axis=1)

    owner, x_1, x_2 = many.ranges()
    alone = x_2 > np.maximum(many.edges[:, [0, 2]].max(axis=1), 0.0)[owner]
    entered = many.u_0 + many.u_m < 0
    # One reason is enough, and this one is dear.
    if (alone := alone & ~(bound | entered)[owner]).any():
        entered[owner[alone][~never_near(many[owner[alone]], x_1[alone], x_2[alone])]] = True

    close = MATCHED * np.abs(many.edges).max(axis=1)
    steps = np.abs(many.edges[:, 1:] - many.edges[:, :1]) <= close[:, None]
    deltas = np.abs(np.stack([many.u_0 - many.u_m, many.u_0 + many.u_m], axis=1)) <= np.sqrt(close)[:, None]
    return ~(bound | entered | (steps & deltas).any(axis=1))


def unremarkable(system: System, h_R: Sequence[float]) -> tuple[bool, ...]:
    """Return at which h_R it is certain that nothing but its torque is to be told of a bare interface."""
    return _unremarkable(system, tuple(h_R)) if isinstance(system, Interface) else (False,) * len(h_R)


@lru_cache(maxsize=64)
def _unremarkable(iface: Interface, h_R: tuple[float, ...]) -> tuple[bool, ...]:
    return tuple(is_plain(Many.of([iface] * len(h_R), np.array(h_R)[:, None])).tolist())


def torques(some: Sequence[Interface], tolerance: float) -> Numbers:
    """Return the torques of interfaces, each at its own h_R.

    Raises
    ------
    EngineError
        If poles of any of them cannot be counted.
    """
    h_R = np.array([one.h_R for one in some])
    many = Many.of(some, h_R[:, None])
    found = matched_flows(many, tolerance, Matching.most_problems * len(some))

    def whole(by_range: Array) -> Array:
        total = np.zeros((len(some), *by_range.shape[2:]))
        np.add.at(total, found.owner, by_range[:, 0])
        return total

    times = np.where(h_R == 0, 1.0, h_R)[:, None, None, None]
    flows, error = times * whole(found.value), np.abs(times) * whole(found.error)
    rounding = 2 * whole(matched_errors(many))
    # t is the part across m of a sum of two flows.
    of_t = (error[..., INTERFACE, :] + error[..., PLUS, :]).max(axis=-1)
    quadrature = np.maximum(of_t, error.max(axis=(-1, -2)))
    m = many.m[:, None]
    arriving = flows[..., PLUS, :]
    vector = flows[..., INTERFACE, :] + (arriving - (arriving * m).sum(axis=-1, keepdims=True) * m)
    parts = [parts_of(Estimate(one), along) for one, along in zip(vector, many.m, strict=True)]
    values = [np.full((3, 2), np.nan) if one is None else one.value for one in parts]
    return Numbers(vector, np.array(values), flows, quadrature, rounding, is_plain(many) & found.exact)
