"""The exact torque of all k_⊥ as one complex number by source, to first order in h_R."""

from __future__ import annotations

import numpy as np

from sotcheck.exact.currents import complex_torque
from sotcheck.exact.observables import exact_flows, torque_from_flows
from sotcheck.exact.solved import ANGLES, ENGINES, linear_torque_flows
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.quadrature import sample
from sotcheck.system.interface import Interface
from sotcheck.theory.validity import radius_by_k

#: h_R of points in figures, relative to the radius of convergence of the expansion.
RUNGS = np.array([1.0, 0.5, 0.25]) / 32


def total(engine: str, iface: Interface) -> tuple[Complex, Array]:
    """Return fieldlike + i dampinglike per h_R by source, (3,), and error bounds."""
    # Relaxation times are weights of what is summed once.
    values, errors = linear_torque_flows(engine, iface.with_(tau_N=1.0, tau_up=1.0, tau_down=1.0))
    return _number(values.sum(axis=0), iface), _bound(errors.sum(axis=0), iface)


def point(engine: str, iface: Interface, rtol: float = 1e-7) -> tuple[Complex, Array]:
    """Return the same less accurately, for a point in a figure."""
    radius = float(radius_by_k(iface, sample(iface.thresholds(), 16) ** 2, ANGLES).min())
    found = exact_flows(ENGINES[engine], iface, min(1.0, radius) * RUNGS, rtol=rtol)
    fit = richardson(found.total, (2, 4))
    return _number(fit.limit, iface), _bound(fit.error + found.total_error.max(axis=0), iface)


def _number(flows: Array, iface: Interface) -> Complex:
    return complex_torque(torque_from_flows(flows, iface.direction), iface.direction)


def _bound(errors: Array, iface: Interface) -> Array:
    # Two flows of three components each, over the length of m × ŷ.
    length = float(np.linalg.norm(np.cross(iface.direction, [0.0, 1.0, 0.0])))
    bound: Array = errors.max(axis=(-1, -2)) * 2 * np.sqrt(3) / length
    return bound
