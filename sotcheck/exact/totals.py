"""The exact torque by source: of all k_⊥ to first order, as complex numbers; of all directions at any h_R."""

from __future__ import annotations

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.exact.currents import complex_torque
from sotcheck.exact.finite import measured
from sotcheck.exact.observables import torque_from_flows
from sotcheck.exact.solved import Solved, linear_flows
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.interface import Interface

#: Relative quadrature error of points in figures.
FOR_FIGURES = 1e-8
#: Directions of k, each with the opposite one, that average harmonics up to the 23rd away.
DIRECTIONS = 0.3 + np.arange(24) * np.pi / 12


def by_segment(engine: str, iface: Interface, rtol: float | None = None) -> Estimate:
    """Return fieldlike + i dampinglike per h_R by range between thresholds and source, (segments, 3).

    Relaxation times are not used; the relative quadrature error is what the engine can do unless it is given.
    """
    m = iface.direction
    # Relaxation times are weights of what is summed once.
    flows = linear_flows(engine, iface.with_(tau_N=1.0, tau_up=1.0, tau_down=1.0), rtol)
    # Two flows of three components each, over the length of m × ŷ.
    length = float(np.linalg.norm(np.cross(m, [0.0, 1.0, 0.0])))
    return flows.each(
        lambda value: complex_torque(torque_from_flows(value, m), m),
        lambda size: size.max(axis=(-1, -2)) * 2 * np.sqrt(3) / length,
    )


def total(engine: str, iface: Interface, rtol: float | None = None) -> Estimate:
    """Return the same of all k_⊥, (3,)."""
    return by_segment(engine, iface, rtol).sum(axis=0)


def averaged(one: Solved) -> Estimate:
    """Return k_x t at the interface's own h_R, averaged over directions of k, (n, source, 3)."""
    iface = one.iface
    k_perp, angle, h_R = np.broadcast_arrays(one.k_perp[:, None], DIRECTIONS, iface.h_R)
    found = EXACT[one.engine].solve(iface.structure, k_perp, angle, h_R).flows
    weighted = (k_perp * np.cos(angle))[..., None, None, None] * found
    return measured(one, torque_from_flows(weighted.mean(axis=1), iface.direction))
