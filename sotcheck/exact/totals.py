"""The exact torque of all k_⊥ as one complex number by source, to first order in h_R."""

from __future__ import annotations

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.engines.conditioning import reach
from sotcheck.exact.currents import complex_torque
from sotcheck.exact.observables import exact_flows, torque_from_flows
from sotcheck.exact.solved import ANGLES, linear_flows
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import NESTED, sample
from sotcheck.system.interface import Interface

#: h_R of points in figures, relative to the radius of convergence of the expansion.
RUNGS = np.array([1.0, 0.5, 0.25]) / 32


def total(engine: str, iface: Interface) -> Estimate:
    """Return fieldlike + i dampinglike per h_R by source, (3,)."""
    # Relaxation times are weights of what is summed once.
    found = linear_flows(engine, iface.with_(tau_N=1.0, tau_up=1.0, tau_down=1.0)).sum(axis=0)
    return _number(found, iface)


def point(engine: str, iface: Interface, rtol: float = 1e-7) -> Estimate:
    """Return the same less accurately, for a point in a figure."""
    radius = float(reach(iface, sample(iface.thresholds(), 16), ANGLES).min())
    found = exact_flows(EXACT[engine], iface, min(1.0, radius) * RUNGS, rtol=rtol)
    fit = richardson(found.total.value, (2, 4))
    return _number(fit.and_("quadrature", found.total.error.max(axis=0), NESTED), iface)


def _number(flows: Estimate, iface: Interface) -> Estimate:
    # Two flows of three components each, over the length of m × ŷ.
    length = float(np.linalg.norm(np.cross(iface.direction, [0.0, 1.0, 0.0])))
    return flows.each(
        lambda value: complex_torque(torque_from_flows(value, iface.direction), iface.direction),
        lambda size: size.max(axis=(-1, -2)) * 2 * np.sqrt(3) / length,
    )
