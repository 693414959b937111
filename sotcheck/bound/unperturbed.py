"""States that the interface binds without h_R, at E_F: of one spin, below all bands or inside the other's."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sotcheck.system.interface import Interface


class InterfaceState(NamedTuple):
    """An unperturbed state bound to the interface, of one spin, at E_F."""

    spin: str
    k_perp2: float
    inside_continuum: bool


def interface_states(iface: Interface) -> list[InterfaceState]:
    """Return the h_R = 0 interface states at E_F: q_N + q_s + u_s = 0 for spin s.

    With q_N² − q_s² = U_N − U_s both are known. States inside the other spin's continuum become resonances of
    width ~ h_R².
    """
    found = []
    for spin, sign in (("minority", 1.0), ("majority", -1.0)):
        attraction = -(iface.u_0 + sign * iface.u_m)
        if attraction <= 0:
            continue
        difference = (iface.U_N - iface.U_F - sign * iface.J) / attraction
        q_N, q_s = (attraction + difference) / 2, (attraction - difference) / 2
        x = float(iface.E_F - iface.U_N + np.square(q_N))
        if min(q_N, q_s) > 0 and x > 0:
            found.append(InterfaceState(spin, x, inside_continuum=x < iface.thresholds()[-1]))
    return found
