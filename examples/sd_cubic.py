"""An s-d model on a cubic lattice: s electrons in a metal and a magnet, Rashba coupling between."""

import kwant
import numpy as np

SX, SY, SZ = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])
ONE = np.eye(2)
SIGMA_M = (2 * SX - SY + 2 * SZ) / 3  # the direction m = (2, -1, 2)/3 of the d electrons' spin


def metal(site, k_x, k_y):
    """Return what is left of the band -2 (cos k_x + cos k_y + cos k_z) without hopping along z."""
    return -2 * (np.cos(k_x) + np.cos(k_y)) * ONE


def magnet(site, k_x, k_y):
    """Return the same with the exchange J = 0.8."""
    return metal(site, k_x, k_y) + 0.8 * SIGMA_M


def interface(site, k_x, k_y, h_R):
    """Return the layer z = 0: a barrier, and the Rashba term of a square lattice."""
    return metal(site, k_x, k_y) + 0.3 * ONE + h_R * (np.sin(k_y) * SX - np.sin(k_x) * SY)


def layers():
    """Return what `sotcheck check --builder sd_cubic:layers` takes."""
    chain = kwant.lattice.chain(norbs=2)  # along z; spin up and down
    builder = kwant.Builder()
    builder[chain(-1)], builder[chain(0)], builder[chain(1)] = metal, interface, magnet
    builder[chain.neighbors()] = -ONE
    for direction, onsite in ((-1, metal), (1, magnet)):  # N first, then F
        lead = kwant.Builder(kwant.TranslationalSymmetry((direction,)))
        lead[chain(0)] = onsite
        lead[chain.neighbors()] = -ONE
        builder.attach_lead(lead)
    return {"builder": builder, "zero": chain(0), "energy": -3.0}
