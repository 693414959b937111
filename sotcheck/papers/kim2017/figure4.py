"""Fig. 4 from exact numerics: the torque of model (17) against E_F/J."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.engines.conditioning import reach
from sotcheck.exact.currents import complex_torque
from sotcheck.exact.observables import exact_flows, torque_from_flows
from sotcheck.exact.solved import ANGLES
from sotcheck.numerics.arrays import Complex
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.quadrature import sample
from sotcheck.system.interface import Interface

#: h_R relative to the radius of convergence of the expansion: even powers are eliminated.
RUNGS = np.array([1.0, 0.5, 0.25]) / 32
POWERS = (2, 4)
RTOL = 1e-8
#: The names of the six curves: source, component, and where k_z is real or not.
CURVES = (
    "normal fieldlike",
    "normal dampinglike",
    "majority fieldlike",
    "majority dampinglike",
    "majority evanescent",
    "minority fieldlike",
)


@dataclass(frozen=True)
class Point:
    """Torques t per h_R at one E_F/J with J = 1, by source, and their error.

    Attributes
    ----------
    propagating, evanescent : array (3,)
        Fieldlike + i dampinglike where k_z is real, and where it is not.
    error : float
    """

    propagating: Complex
    evanescent: Complex
    error: float


def interface(ratio: float) -> Interface:
    """Return model (17) at one E_F/J, with J = 1."""
    return Interface(name="bulk", E_F=ratio, J=1.0, m=(2.0, -1.0, 2.0))


@lru_cache(maxsize=256)
def point(engine: str, ratio: float) -> Point:
    """Return the linear coefficient in h_R of the exact torques of model (17)."""
    iface = interface(ratio)
    edges = iface.thresholds()
    radius = float(reach(iface, sample(edges, 16), ANGLES).min())
    found = exact_flows(EXACT[engine], iface, min(1.0, radius) * RUNGS, rtol=RTOL)
    fit = richardson(np.moveaxis(found.by_segment.value, 1, 0), POWERS)
    numbers = complex_torque(torque_from_flows(fit.value, iface.direction), iface.direction)
    closed = np.array(edges[:-1]) >= ratio - iface.U_N
    return Point(
        numbers[~closed].sum(axis=0),
        numbers[closed].sum(axis=0),
        float((fit.error + found.by_segment.error.max(axis=1)).max()),
    )


def figure4(engine: str, ratios: Sequence[float]) -> dict[str, list[float]]:
    """Return the six curves of Fig. 4 against E_F/J, and their uncertainty, as its caption normalises them.

    Torques are divided by 2h_R ħeE_xτ A k_F³/πmₑ, with the relaxation time of each source.

    Parameters
    ----------
    engine : str
    ratios : sequence of float
        E_F/J, positive.

    Returns
    -------
    dict
        "ratio", "uncertainty" and each of `CURVES`: lists of one length.
    """
    data: dict[str, list[float]] = {name: [] for name in ("ratio", *CURVES, "uncertainty")}
    for ratio in ratios:
        at, unit = point(engine, float(ratio)), 2 * float(ratio) ** 1.5 / np.pi
        normal, majority, minority = at.propagating
        values = (
            normal.real,
            normal.imag,
            majority.real,
            majority.imag,
            at.evanescent[1].real,
            minority.real,
        )
        data["ratio"].append(float(ratio))
        data["uncertainty"].append(at.error / unit)
        for name, value in zip(CURVES, values, strict=True):
            data[name].append(float(value) / unit)
    return data
