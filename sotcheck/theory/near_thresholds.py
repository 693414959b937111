"""Where states without h_R lie close to a threshold, bound or virtual, and sums over k_⊥ have to look closely."""

from __future__ import annotations

import numpy as np

from sotcheck.system.interface import SOURCES, Interface


def threshold_states(iface: Interface) -> list[float]:
    """Return how far in x = k_⊥² states without h_R lie from each threshold, on either side of it.

    At a threshold the determinant of spin s is c = u_s − i(k_z + K_s) without h_R. A small c means a state,
    bound or virtual, at wave number c: 1/c is as large as sums next to it become, |c|² as close as they have
    to look.
    """
    found: list[float] = []
    for x in iface.thresholds()[1:]:
        normal, majority, minority = np.sqrt(
            np.array([iface.k_perp2_max(source) for source in SOURCES]) - x + 0j
        )
        for sign, band in ((1, minority), (-1, majority)):
            distance = abs(iface.u_0 + sign * iface.u_m - 1j * (normal + band)) ** 2
            found += [x - distance, x + distance]
    return found
