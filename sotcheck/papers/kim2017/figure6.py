"""Fig. 6 from exact numerics: the torque of model (22) over the plane of (u_0/k_F, u_m/k_F).

Nothing is left out: near u_0 = 0 or u_m = 0 the two factors of D_k coincide, and at u_0 = ±u_m one spin does
not see the interface, so that the summand changes within k_z ~ |u_0 ± u_m| of k_z = 0; the k_⊥ rule resolves
every scale there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.bound.unperturbed import interface_states
from sotcheck.exact.plane import NODES, STEPS, Points, linear_torque
from sotcheck.exact.totals import point
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.papers.kim2017.section5b import summed24
from sotcheck.system.interface import Interface

#: Panels: component and current; both charge currents, of N and of F, have the same size.
PANELS = ("fieldlike charge", "fieldlike spin", "dampinglike charge", "dampinglike spin")
#: Half the width of the plane: u_0/k_F and u_m/k_F from −RANGE to RANGE.
RANGE = 2.0
#: The caption's 1/24π; its k_F has to be k_F³ in the numerator, and is one here.
UNIT = 1 / (24 * np.pi)
#: (u_0/k_F, u_m/k_F) of points by Kwant: repulsive, attractive, and for one spin only.
KWANT_POINTS = ((0.9, 0.4), (0.6, -1.4), (-0.8, 0.3), (-1.5, -1.1), (1.7, 1.2))


def panels(torque: Complex) -> dict[str, Array]:
    """Return what multiplies τ ± τ_F^c and τ_F^s, in the unit of Fig. 6, of torques by source (..., 3)."""
    charge, spin = torque[..., 0] / UNIT, (torque[..., 1] - torque[..., 2]) / UNIT
    return dict(zip(PANELS, (charge.real, spin.real, charge.imag, spin.imag), strict=True))


def figure6(n: int = 200) -> dict[str, Any]:
    """Return the four panels of Fig. 6 from exact boundary matching on (n + 1)² points.

    Parameters
    ----------
    n : int
        Steps on each axis; even, so that the axes themselves are among the points.

    Returns
    -------
    dict
        "u_0", "u_m": axes, in units of k_F. Each of `PANELS`: absolute values by (u_0, u_m). "deviation": the
        largest difference from Eq. (24), corrected and summed, relative to each panel's maximum.
        "uncertainty": relative, from twice the nodes on some rows and columns and from the steps in h_R.
        "interface states": at E_F, of attractive points among these; "inside continuum": how many of them.
    """
    axis = np.linspace(-RANGE, RANGE, n + 1)
    u_0, u_m = np.meshgrid(axis, axis, indexing="ij")
    found = panels(linear_torque(Points.of(E_F=1.0, u_0=u_0, u_m=u_m)).reshape(n + 1, n + 1, 3))
    # Rows and columns in pairs: the k_⊥ rule has most to do close to, but not on, u_0 = ±u_m.
    every = max(2, n // 20)
    coarse = np.flatnonzero(np.arange(n + 1) % every < 2)
    part = np.ix_(coarse, coarse)
    size = u_0[part].shape
    finer = panels(
        linear_torque(Points.of(E_F=1.0, u_0=u_0[part], u_m=u_m[part]), 2 * NODES - 1).reshape(*size, 3)
    )
    formula = summed24(u_0, u_m)
    by_current: Complex = formula[..., 0] + 1j * formula[..., 1]
    # What multiplies τ_F^s as if by majority electrons alone: panels read a difference.
    as_sources: Complex = np.where([True, True, False], by_current[..., [0, 2, 2]], 0j)
    closed = panels(as_sources)
    largest = {name: float(np.abs(values).max()) for name, values in found.items()}
    states = [
        state
        for u in axis[coarse]
        for w in axis[coarse]
        for state in interface_states(
            Interface(name="attractive", E_F=1.0, J=0.0, u_0=float(u), u_m=float(w))
        )
    ]
    return {
        "u_0": axis,
        "u_m": axis,
        **{name: np.abs(values) for name, values in found.items()},
        "deviation": {
            name: float(np.abs(found[name] - closed[name]).max()) / largest[name] for name in PANELS
        },
        "uncertainty": {
            name: STEPS + float(np.abs(found[name][part] - finer[name]).max()) / largest[name]
            for name in PANELS
        },
        "interface states": len(states),
        "inside continuum": sum(state.inside_continuum for state in states),
    }


def figure6_points(engine: str = "kwant") -> list[dict[str, float]]:
    """Return the four panels at `KWANT_POINTS`, absolute values, with their uncertainty and Eq. (24)'s."""
    rows = []
    for u_0, u_m in KWANT_POINTS:
        iface = Interface(name="figure6", E_F=1.0, J=0.0, u_0=u_0, u_m=u_m, m=(2.0, -1.0, 2.0))
        torque = point(engine, iface)
        found = panels(torque.value)
        exact = panels(linear_torque(Points.of(E_F=1.0, u_0=u_0, u_m=u_m))[0])
        rows.append(
            {
                "u_0": u_0,
                "u_m": u_m,
                **{name: float(abs(number)) for name, number in found.items()},
                "uncertainty": float(torque.error.sum()) / UNIT,
                "difference": max(float(abs(found[name] - exact[name])) for name in PANELS),
            }
        )
    return rows
