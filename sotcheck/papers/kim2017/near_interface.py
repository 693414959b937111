"""App. A 1 in words: in-plane charge current against distance from the interface, summed over k_⊥."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.exact.profiles import IN_N, continued
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sum_over_k
from sotcheck.system.interface import rashba
from sotcheck.system.spin import dot_sigma
from sotcheck.trial.grounds import GENERAL
from sotcheck.trial.verdict import Trial, compare

IFACE = GENERAL[0].with_(h_R=0.1)
#: Positions, and thicknesses of layers beside the interface, in units of 1/k_F.
POSITIONS = (0.0, -1.0, -5.0)
LAYERS = (5.0, 15.0)
#: Points across a layer: an interference pattern of 2k_F has five periods in the thicker one.
ACROSS = 20
RTOL = 1e-4


def profile(engine: str, k_F: float) -> Estimate:
    """Current along x far away, at POSITIONS and over LAYERS, by bias: of N along y, and of F along m."""
    biases = IN_N[[2]], -dot_sigma(IFACE.direction)[None]
    node, weight = np.polynomial.legendre.leggauss(ACROSS)

    def integrand(x: Array, angles: Array) -> Array:
        k_perp, angle = np.broadcast_arrays(np.sqrt(x)[:, None], angles)
        found = EXACT[engine].solve(IFACE.structure, k_perp, angle, np.array(IFACE.h_R))
        waves = continued(found, IFACE.kappa_0() + IFACE.h_R * rashba(k_perp, angle), "N")
        density = [waves.mean(biases).density, *(waves.at(z / k_F, biases).density for z in POSITIONS)]
        for depth in LAYERS:
            inside = [waves.at(z, biases).density for z in depth / k_F * (node - 1) / 2]
            density.append(np.tensordot(weight / 2, inside, axes=1))
        charge = np.trace(np.stack(density, axis=2), axis1=-2, axis2=-1).real
        values = -(k_perp * np.cos(angle))[..., None, None] * charge
        # Opposite k first: at each angle alone what cancels would swamp the rest.
        paired: Array = (values + np.roll(values, len(angles) // 2, axis=1)) / 2
        return paired

    return sum_over_k(integrand, IFACE.thresholds(), RTOL, 0.0).total


def near_and_far(engine: str) -> Iterator[Trial]:
    """Compare the current along x per bias, far from the interface, with that at several positions."""
    k_F = float(np.sqrt(IFACE.E_F - IFACE.U_N))
    found = profile(engine, k_F)
    rounding = EXACT[engine].rounding(IFACE.structure) * k_F**2
    for bias, name in enumerate(("N along y", "F along m")):
        ratio = found.value[:, bias] / found.value[0, bias]
        layers = " and ".join(f"{mean:.3g}" for mean in ratio[-len(LAYERS) :])
        for position, z in enumerate(POSITIONS, 1):
            far, near = found[0, bias], found[position, bias]
            sides = Estimate(near.value, (near - far).terms).and_("rounding", rounding, "double precision")
            yield Trial(
                f"charge current along x at z = {z:g}/k_F per spin bias of {name}, summed over k_perp",
                compare(float(far.value), sides),
                f"On {IFACE.name}, h_R = {IFACE.h_R:g}: {ratio[position]:.3g} times what (A8a) gives;"
                f" averaged over the {LAYERS[0]:g}/k_F and {LAYERS[1]:g}/k_F next to the interface {layers}"
                " times.",
            )
