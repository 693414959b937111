"""Where the series in h_R stops converging, and why: by k_⊥ and angle, and for the k_⊥-summed torque."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from sotcheck.beyond.torques import CHAIN, MATCHING, open_sources
from sotcheck.exact.continued import poles_in_h
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sample
from sotcheck.numerics.radial import substitution
from sotcheck.numerics.series import radius_from_terms
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.theory.all_orders import torque_orders
from sotcheck.theory.validity import (
    embedded_spins,
    expandable,
    radius_by_k,
    radius_of_convergence,
    transparent_channels,
)

#: Values of k_⊥ a segment and of the angle in the map, and zooms on its minimum.
MAP_NODES, MAP_ANGLES, ZOOMS = 40, 37, 12
#: Where the map is tried on exact states: k_⊥ a segment, angles.
TRIED_NODES, TRIED_ANGLES = 2, np.array([0.4, 1.1, 1.9])
#: Relative distance in k_⊥² from a threshold that counts as being there.
AT_THRESHOLD = 1e-5
#: Orders that the sum's radius is read from; terms nearer to their error than this are left out.
HIGHEST, DIGITS = 41, 1e3


def smallest(iface: Interface) -> tuple[float, float, float]:
    """Return the smallest radius by k_⊥, with its k_⊥² and angle: the map's minimum, zoomed in on."""
    best = (np.inf, 0.0, 0.0)
    for segment in itertools.pairwise(iface.thresholds()):
        low, high = np.array([1e-6, 0.0]), np.array([np.pi / 2 - 1e-6, np.pi])
        bounds = low, high
        for _ in range(ZOOMS):
            theta, angles = (np.linspace(a, b, MAP_NODES) for a, b in zip(low, high, strict=True))
            x = substitution(*segment, theta)[0]
            rho = radius_by_k(iface, x, angles)
            i, j = np.unravel_index(int(np.argmin(rho)), rho.shape)
            if rho[i, j] < best[0]:
                best = float(rho[i, j]), float(x[i]), float(angles[j])
            centre, step = np.array([theta[i], angles[j]]), (high - low) / MAP_NODES
            low, high = np.maximum(bounds[0], centre - 2 * step), np.minimum(bounds[1], centre + 2 * step)
    return best


def classify(iface: Interface) -> dict[str, Any]:
    """Return where the radius by k_⊥ is smallest, of what kind that place is, and why in a sentence."""
    rho, x, angle = smallest(iface)
    vanishes = bool(transparent_channels(iface) or embedded_spins(iface))
    kind, why = _reason(iface, x)
    place = {"radius": 0.0 if vanishes else rho, "k_perp": float(np.sqrt(x)), "angle": angle}
    return {**place, "kind": kind, "vanishes": vanishes, "why": why}


def _reason(iface: Interface, x: float) -> tuple[str, str]:
    """Return what makes the radius smallest at k_⊥² = x: a kind, and a sentence."""
    at = f"k_perp = {np.sqrt(x):.4g}"
    if channels := transparent_channels(iface):
        return "transparent channel", (
            f"the {channels[0].spin} channel is transparent (matched wave vectors, u_0 = ±u_m): at grazing "
            f"incidence, {at}, nothing but h_R itself stops its waves"
        )
    if embedded := embedded_spins(iface):
        words = f"a {embedded[0]} interface state lies at E_F at {at}, inside the other spin's continuum"
        return "interface state", words
    closing = [s for s in SOURCES if abs(iface.k_perp2_max(s) - x) < AT_THRESHOLD * x]
    bands = " and the ".join(s for s in closing if s != "normal")
    if "normal" in closing:
        also = f", together with the {bands} band of F" if bands else ""
        return "grazing incidence", (
            f"at {at} waves in N graze the interface (k_z = 0){also}: without their flux "
            "iK_z + ik_z - kappa is smallest there, and k_perp, which multiplies h_R, is large"
        )
    if closing:
        left = ": what is left of iK_z + ik_z - kappa is smallest relative to k_perp"
        closed = ", where N carries no flux either"
        then = left if iface.k_perp2_max("normal") > x else closed
        return "band edge", f"at {at} the {bands} band of F closes (K_z = 0){then}"
    return "resonance", (
        f"at {at}, inside a range, iK_z + ik_z - kappa is smallest relative to k_perp: evanescent waves "
        "and the attractive delta nearly cancel, an interface state that is almost there"
    )


def sum_radii(iface: Interface, series: Estimate, scale: float) -> dict[str, Any]:
    """Return by source the k_⊥-summed torque's radius of convergence, from its largest spin component."""
    sources: dict[str, Any] = {}
    weight = scale ** np.arange(1.0, 2 * len(series.value), 2)
    for s, source in open_sources(iface):
        largest = int(np.argmax(np.abs(series.value[:, s] * weight[:, None]).max(axis=0)))
        terms = series[:, s, largest]
        clear = np.abs(terms.value) >= DIGITS * terms.error
        used = len(clear) if clear.all() else int(np.argmin(clear))
        found = radius_from_terms(terms.value[:used], scale)
        sources[source] = found and {
            "radius": found.radius.value, "error": found.radius.total, "method": found.method,
            "points": found.points.tolist(), "terms": used,
        }  # fmt: skip
    return sources


def radius_data(iface: Interface) -> dict[str, Any]:
    """Return the map of the radius of convergence, its minimum and why, and the sum's, ready for JSON.

    The sum's series may converge beyond the smallest radius by k_⊥, but the exact torque leaves it there:
    as a pole of ψ(0) crosses k_z = 0, the k_⊥ sum depends on |h_R − h_0|, which the series continues as
    h_0 − h_R.
    """
    edges = iface.thresholds()
    theta = (np.arange(MAP_NODES) + 0.5) / MAP_NODES * np.pi / 2
    x = np.concatenate([substitution(*pair, theta)[0] for pair in itertools.pairwise(edges)])
    angles = np.linspace(0, np.pi, MAP_ANGLES)
    rho = radius_by_k(iface, x, angles)
    k_tried = sample(edges, TRIED_NODES)
    formula = radius_by_k(iface, k_tried**2, TRIED_ANGLES)
    tried = {}
    for engine in (MATCHING, CHAIN):
        exact = np.abs(poles_in_h(engine.name, iface, k_tried, TRIED_ANGLES)).min(axis=-1)
        tried[engine.name] = float((np.abs(exact - formula) / formula).max())
    reaches = {source: iface.k_perp2_max(source) for source in SOURCES}
    return {
        "smallest": classify(iface),
        "by_source": {s: float(rho[x < end].min()) for s, end in reaches.items() if end > x.min()},
        "k_perp": np.sqrt(x).tolist(),
        "angle": angles.tolist(),
        "map": rho.tolist(),
        "thresholds": {s: float(np.sqrt(end)) for s, end in reaches.items() if end > 0},
        "tried": {"points": len(k_tried) * len(TRIED_ANGLES), "worst": tried},
        "sum": sum_radii(iface, torque_orders(iface, HIGHEST), radius_of_convergence(iface))
        if expandable(iface)
        else None,
    }
