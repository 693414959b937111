"""States that the interface binds without h_R, at E_F: of one spin, below all bands or inside the other's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from sotcheck.system.interface import Interface


@dataclass(frozen=True)
class InterfaceState:
    """An unperturbed state bound to the interface, of one spin, at E_F."""

    spin: str
    k_perp2: float
    inside_continuum: bool


def interface_states(iface: Interface) -> list[InterfaceState]:
    """Return the h_R = 0 interface states at E_F: q_N + q_s + u_s = 0 for spin s.

    Those inside the other spin's continuum become resonances of width ~ h_R².
    """
    found = []
    last = iface.thresholds()[-1]
    for spin, sign in (("minority", 1.0), ("majority", -1.0)):
        strength = iface.u_0 + sign * iface.u_m
        edges = (iface.E_F - iface.U_N, iface.E_F - iface.U_F - sign * iface.J)
        lowest = max(*edges, 0.0)

        def matching(x: float, edges: tuple[float, float] = edges, u: float = strength) -> float:
            return float(sum(np.sqrt(max(x - edge, 0.0)) for edge in edges) + u)

        if matching(lowest) < 0:
            x = float(brentq(matching, lowest, lowest + strength**2, xtol=1e-300, rtol=1e-14))
            found.append(InterfaceState(spin, x, inside_continuum=x < last))
    return found
