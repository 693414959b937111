"""The torque against h_R: exact by continuum, Kwant's spot checks on it, Eq. (16), trust limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sotcheck.beyond.limits import COMPONENTS, CURRENTS, LIMITS, exact_per_h, first_order, trust_limits
from sotcheck.bound.fermi import first_states
from sotcheck.engines import Engine, KwantChain
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.crossing import LARGEST
from sotcheck.system.interface import SOURCES, Interface

#: h_R of the curve: 50 values, closer where first order holds.
CURVE_H_R = np.concatenate([np.geomspace(0.01, 0.1, 10)[:-1], np.linspace(0.1, LARGEST, 41)])
CURVE_TOLERANCE = 1e-4
#: Kwant's points on the curve.
KWANT_H_R = (0.05, 0.2, 0.4, 0.6)
#: h_R summed together: neighbours need about the same angles and nodes.
TOGETHER = 5


@dataclass(frozen=True)
class Sweep:
    """The exact torque at many h_R.

    Attributes
    ----------
    h_R : array (n,)
    torque, error : array (n, 2, 4)
        Component (fieldlike, dampinglike), and source or total; unit: wave vector³, not divided by h_R.
    """

    h_R: Array
    torque: Array
    error: Array


def h_R_sweep(
    iface: Interface, h_R: Array, *, engine: Engine | None = None, rtol: float = CURVE_TOLERANCE
) -> Sweep:
    """Return the exact torque at all h_R, by continuum unless another engine is given.

    Raises
    ------
    EngineError
        If m is parallel to y, or when an engine fails.
    """
    h_R = np.asarray(h_R, dtype=float)
    order = np.argsort(np.abs(h_R))
    torque, error = np.empty((len(h_R), 2, 4)), np.empty((len(h_R), 2, 4))
    for some in np.array_split(order, max(1, -(-len(h_R) // TOGETHER))):
        size = np.abs(h_R[some])[:, None, None]
        exact, wrong = exact_per_h(iface, h_R[some], engine=engine, rtol=rtol)
        torque[some], error[some] = exact * h_R[some][:, None, None], wrong * size
    return Sweep(h_R, torque, error)


def curve_data(iface: Interface) -> dict[str, Any]:
    """Return the torque against h_R: exact (continuum), Kwant's points, Eq. (16)'s slopes, trust limits.

    Returns
    -------
    dict
        Ready for JSON: h_R and kwant_h_R; by open source and component, and for the total: exact, kwant,
        first_order_per_h_R, first_order_vanishes, limits, why (where a limit is None or 0); the number of
        Kwant's points and their largest difference relative to the largest torque at that h_R; bound_from,
        the h_R from which bound states lie at E_F, whose torque is in none of these.

    Raises
    ------
    EngineError
        If m is parallel to y, or when an engine fails.
    """
    exact = h_R_sweep(iface, CURVE_H_R)
    at = np.array(KWANT_H_R)
    kwant, same = (h_R_sweep(iface, at, engine=engine) for engine in (KwantChain(), None))
    size = np.abs(same.torque).max(axis=(1, 2))
    slopes = first_order(iface)[0]
    found = {(row.source, row.component, row.limit): row for row in trust_limits(iface)}
    sources: dict[str, Any] = {}
    for s, source in enumerate(CURRENTS):
        if source in SOURCES and iface.k_perp2_max(source) <= 0:
            continue
        sources[source] = {}
        for c, name in enumerate(COMPONENTS):
            rows = {f"{limit:.0%}": found[source, name, limit] for limit in LIMITS}
            sources[source][name] = {
                "exact": exact.torque[:, c, s].tolist(),
                "kwant": kwant.torque[:, c, s].tolist(),
                "first_order_per_h_R": float(slopes[c, s]),
                "first_order_vanishes": all(row.kind == "vanishes" for row in rows.values()),
                "limits": {label: row.h_R for label, row in rows.items()},
                "why": {label: row.reason for label, row in rows.items() if row.reason},
            }
    return {
        "h_R": CURVE_H_R.tolist(),
        "kwant_h_R": at.tolist(),
        "kwant_points": len(at),
        "bound_from": first_states(iface).h_R,
        "kwant_difference": float((np.abs(kwant.torque - same.torque).max(axis=(1, 2)) / size).max()),
        "sources": sources,
    }
