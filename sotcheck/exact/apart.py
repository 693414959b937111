"""How far summed flows of two engines are apart: the sum of what differs, which is cheap where nothing does.

What both have alike, resonances and kinks included, no node need resolve twice.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sotcheck.engines import Engine
from sotcheck.exact.inside import flows_of
from sotcheck.exact.observables import exact_flows, largest_torque
from sotcheck.exact.side_by_side import FLOOR
from sotcheck.numerics.angles import Sum
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sum_over_k
from sotcheck.system.interface import Interface
from sotcheck.system.model import System

#: By scale: the engine that was asked first, and its sum.
Summed = dict[float, tuple[Engine, Sum]]
#: Relative accuracy of a difference that is more than rounding.
RTOL = 1e-4


def apart(
    engine: Engine, other: Engine, system: System, scales: Array, noise: float, most: int | None
) -> Estimate:
    """Return summed flows of an engine less those of another, over the scale, by segment as `exact_flows`.

    Neither engine is the limit of others. `noise` is what rounding leaves of a sum, not over the scale: below
    it nothing is refined, nor after `most` problems.
    """
    structure = system.structure
    factor = -1 / (4 * np.pi * np.array(system.masses)[[0, 1, 1], None, None])

    def integrand(x: Array, angles: Array) -> Array:
        k_perp, angle = np.sqrt(x)[:, None, None], angles[:, None]
        one, two = (flows_of(each, structure, k_perp, angle, scales) for each in (engine, other))
        k_x = (k_perp * np.cos(angle))[..., None, None, None]
        return k_x * factor * (one - two)

    found = sum_over_k(
        integrand, system.thresholds(), RTOL, noise, most=(most or engine.most_problems) // len(scales)
    )
    return found.by_segment / scales[:, None, None, None]


def flows_beside(
    engine: Engine, system: System, scale: float, rtol: float, most: int | None, noise: float, summed: Summed
) -> Sum:
    """Return `exact_flows` at a scale: of a stack, those of the engine asked first and what differs.

    Resonances of stacks may be narrow, and a slow engine need not find again what both have alike.
    """
    alone = isinstance(system, Interface) or len(engine.rungs(system.structure)) > 1 or not scale
    if alone or scale not in summed:
        found = exact_flows(engine, system, np.array([scale]), rtol=rtol, most=most)
        if not alone:
            summed[scale] = engine, found
        return found
    first, found = summed[scale]
    noise += FLOOR * largest_torque(system)
    more = apart(engine, first, system, np.array([scale]), noise, most)
    return replace(found, by_segment=found.by_segment + more)
