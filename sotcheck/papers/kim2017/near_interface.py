"""In-plane charge current against distance from the interface, summed over k_⊥."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.exact.profiles import IN_N, Flow, continued
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.quadrature import sum_over_k
from sotcheck.papers.kim2017.old import Trial
from sotcheck.system.interface import rashba
from sotcheck.system.spin import dot_sigma
from sotcheck.trial.grounds import GENERAL
from sotcheck.trial.verdict import compare

IFACE = GENERAL[0].with_(h_R=0.1)
#: Positions, and thicknesses of layers beside the interface, in units of 1/k_F.
POSITIONS = (0.0, -1.0, -5.0)
LAYERS = (5.0, 15.0)
#: Points across a layer: an interference pattern of 2k_F has five periods in the thicker one.
ACROSS = 20
RTOL = 1e-4


def near_and_far(engine: str) -> Iterator[Trial]:
    """Compare the current along x per bias, far from the interface, with that at several positions."""
    k_F = float(np.sqrt(IFACE.E_F - IFACE.U_N))
    solver = EXACT[engine]
    # A spin bias drives a charge current along x: one of N along y, one of F along m.
    biases = IN_N[[2]], -dot_sigma(IFACE.direction)[None]
    node, weight = np.polynomial.legendre.leggauss(ACROSS)

    def charge(flow: Flow) -> Array:
        found: Array = np.trace(flow.density, axis1=-2, axis2=-1).real
        return found

    def integrand(x: Array, angles: Array) -> Array:
        k_perp, angle = np.broadcast_arrays(np.sqrt(x)[:, None], angles)
        found = solver.solve(IFACE.structure, k_perp, angle, np.array(IFACE.h_R))
        waves = continued(found, IFACE.kappa_0() + IFACE.h_R * rashba(k_perp, angle), "N")
        seen = [charge(waves.mean(biases)), *(charge(waves.at(z / k_F, biases)) for z in POSITIONS)]
        for depth in LAYERS:
            inside = [charge(waves.at(z, biases)) for z in depth / k_F * (node - 1) / 2]
            seen.append(np.tensordot(weight / 2, inside, axes=1))
        values = -(k_perp * np.cos(angle))[..., None, None] * np.stack(seen, axis=2)
        # Opposite k first: at each angle alone what cancels would swamp the rest.
        paired: Array = (values + np.roll(values, len(angles) // 2, axis=1)) / 2
        return paired

    found = sum_over_k(integrand, IFACE.thresholds(), RTOL, 0.0)
    total, error = found.total.value, found.total.error
    rounding = solver.rounding(IFACE.structure) * k_F**2
    for bias, name in enumerate(("N along y", "F along m")):
        far = float(total[0, bias])
        layers = " and ".join(f"{mean / far:.3g}" for mean in total[-len(LAYERS) :, bias])
        for position, z in enumerate(POSITIONS, 1):
            near = float(total[position, bias])
            terms: dict[str, tuple[Array | float, str]] = {
                "quadrature": (float(error[0, bias] + error[position, bias]), "nested rules"),
                "rounding": (rounding, "double precision"),
            }
            yield Trial(
                f"charge current along x at z = {z:g}/k_F per spin bias of {name}, summed over k_perp",
                compare(far, near, terms),
                f"On {IFACE.name}, h_R = {IFACE.h_R:g}: {near / far:.3g} times what (A8a) gives; averaged"
                f" over the {LAYERS[0]:g}/k_F and {LAYERS[1]:g}/k_F next to the interface {layers} times.",
                engine=engine,
            )
