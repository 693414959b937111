"""The torque against h_R: exact by continuum, Kwant's spot checks on it, Eq. (16), trust limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.beyond.limits import LARGEST, exact_per_h
from sotcheck.engines import Engine
from sotcheck.model import Interface
from sotcheck.spin import Array

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
