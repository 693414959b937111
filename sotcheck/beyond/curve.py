"""The torque against h_R: exact by continuum, Kwant's spot checks on it, first order, trust limits."""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.beyond.limits import COMPONENTS, CURRENTS, LIMITS, exact_per_h, first_order, trust_limits
from sotcheck.beyond.torques import CHAIN, open_sources
from sotcheck.bound.fermi import first_states
from sotcheck.engines import Engine
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.crossing import LARGEST
from sotcheck.numerics.estimate import Estimate, side_by_side
from sotcheck.system.interface import Interface

#: h_R of the curve: 50 values, closer where first order holds.
CURVE_H_R = np.concatenate([np.geomspace(0.01, 0.1, 10)[:-1], np.linspace(0.1, LARGEST, 41)])
CURVE_TOLERANCE = 1e-4
#: Kwant's points on the curve.
KWANT_H_R = np.array([0.05, 0.2, 0.4, 0.6])
#: h_R summed together: neighbours need about the same angles and nodes.
TOGETHER = 5


def torque_curve(
    iface: Interface, h_R: Array, *, engine: Engine | None = None, rtol: float = CURVE_TOLERANCE
) -> Estimate:
    """Return the exact torque at all h_R (n,), not divided by h_R, as `exact_per_h` has it: (n, 2, 4)."""
    groups = np.array_split(h_R, max(1, -(-len(h_R) // TOGETHER)))
    sums = [exact_per_h(iface, some, engine=engine, rtol=rtol) * some[:, None, None] for some in groups]
    return side_by_side(sums)


def curve_data(iface: Interface) -> dict[str, Any]:
    """Return the torque against h_R: exact, the chain's points, first order's slopes, trust limits.

    Ready for JSON. A limit that is None or 0 has a reason in "why"; "kwant_difference" is the largest at
    Kwant's points, relative to the largest torque at that h_R; from "bound_from" on bound states lie at E_F,
    whose torque is in none of these.

    Raises
    ------
    EngineError
        If m is parallel to y, or when an engine fails.
    """
    exact, same = (torque_curve(iface, h_R).value for h_R in (CURVE_H_R, KWANT_H_R))
    kwant = torque_curve(iface, KWANT_H_R, engine=CHAIN).value
    off, size = (np.abs(torque).max(axis=(1, 2)) for torque in (kwant - same, same))
    slopes = first_order(iface).value
    found = {(row.source, row.component, row.limit): row for row in trust_limits(iface)}
    sources: dict[str, Any] = {}
    for s, source in [*open_sources(iface), (len(CURRENTS) - 1, CURRENTS[-1])]:
        sources[source] = {}
        for c, name in enumerate(COMPONENTS):
            rows = {f"{limit:.0%}": found[source, name, limit] for limit in LIMITS}
            sources[source][name] = {
                "exact": exact[:, c, s].tolist(),
                CHAIN.name: kwant[:, c, s].tolist(),
                "first_order_per_h_R": float(slopes[c, s]),
                "first_order_vanishes": all(row.kind == "vanishes" for row in rows.values()),
                "limits": {label: row.h_R for label, row in rows.items()},
                "why": {label: row.reason for label, row in rows.items() if row.reason},
            }
    return {
        "h_R": CURVE_H_R.tolist(),
        "kwant_h_R": KWANT_H_R.tolist(),
        "kwant_points": len(KWANT_H_R),
        "bound_from": first_states(iface).h_R,
        "kwant_difference": float((off / size).max()),
        "sources": sources,
    }
