"""Where the series in h_R stops converging, and why: by k_⊥ and angle, and for the k_⊥-summed torque."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from sotcheck.beyond.continued import poles_in_h
from sotcheck.beyond.torques import CHAIN, MATCHING, open_sources
from sotcheck.engines import Engine
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sample
from sotcheck.numerics.radial import substitution
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
    return {
        "radius": 0.0 if vanishes else rho,
        "k_perp": float(np.sqrt(x)),
        "angle": angle,
        "kind": kind,
        "vanishes": vanishes,
        "why": why,
    }


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
        open_N = iface.kz_squared(np.array(x)) > 0
        return "band edge", f"at {at} the {bands} band of F closes (K_z = 0)" + (
            ": what is left of iK_z + ik_z - kappa is smallest relative to k_perp"
            if open_N
            else ", where N carries no flux either"
        )
    return "resonance", (
        f"at {at}, inside a range, iK_z + ik_z - kappa is smallest relative to k_perp: evanescent waves "
        "and the attractive delta nearly cancel, an interface state that is almost there"
    )


def limit_of_ratios(a: Array) -> tuple[Array, Array]:
    """Return Domb–Sykes points: a_j/a_{j−1} and what their line in 1/j hits at 1/j = 0, j = 1, 2, …."""
    return _with_limits(a[1:] / a[:-1], first=1)


def limit_of_pairs(a: Array) -> tuple[Array, Array]:
    """Return Mercer and Roberts's points for a complex pair of singularities, 1/|w|, and their limit."""
    square = (a[3:] * a[1:-2] - a[2:-1] ** 2) / (a[2:-1] * a[:-3] - a[1:-2] ** 2)
    return _with_limits(np.sqrt(np.abs(square)), first=2)


def _with_limits(points: Array, first: int) -> tuple[Array, Array]:
    """Return points of index j = first, … and what the line in 1/j through neighbours hits at 1/j = 0."""
    j = np.arange(first, first + len(points))
    return points, j[1:] * points[1:] - j[:-1] * points[:-1]


def sum_radius(coefficients: Array, scale: float) -> dict[str, Any] | None:
    """Return the radius of convergence of Σ a_j h^(2j+1), read off its coefficients; None for too few.

    One real singularity in h² makes ratios of one sign that lie on a line in 1/j (Domb and Sykes); a complex
    pair makes them oscillate, and the quadratic recurrence tells its distance (Mercer and Roberts). Whichever
    has settled better is taken; its error is the spread of the last four extrapolations, twice. Where several
    singularities compete, the terms' envelope remains (Cauchy and Hadamard).
    """
    scaled = coefficients * scale ** (2.0 * np.arange(len(coefficients)))
    if len(scaled) < 10:
        return None
    found = [_envelope(scaled, scale)]
    for method, points in (("ratio", limit_of_ratios), ("pair", limit_of_pairs)):
        raw, limits = points(scaled)
        last = limits[-4:]
        if np.all(np.isfinite(last)) and np.all(last > 0):
            value = scale / np.sqrt(last)
            found.append((float(value[-1]), 2 * float(np.ptp(value)), method, raw))
    radius, error, method, raw = min(found, key=lambda one: one[1] / one[0])
    return {"radius": radius, "error": error, "method": method, "points": raw.tolist(), "terms": len(scaled)}


def _envelope(scaled: Array, scale: float) -> tuple[float, float, str, Array]:
    """Return radius, error, method and local slopes from how fast the largest of neighbouring terms fall.

    Cauchy and Hadamard's root, with a power of j beside it; from the second half of the terms, its error from
    the middle half.
    """
    n = len(scaled)
    top = np.log(np.maximum.accumulate(np.abs(scaled)[::-1])[::-1])

    def radius(some: slice) -> float:
        return scale * float(np.exp(-np.polyfit(np.arange(n)[some], top[some], 1)[0] / 2))

    late, early = radius(slice(n // 2, n)), radius(slice(n // 4, 3 * n // 4))
    return late, 2 * abs(late - early), "envelope", np.diff(top)


def sum_radii(iface: Interface, series: Estimate, scale: float) -> dict[str, Any]:
    """Return by source the k_⊥-summed torque's radius of convergence, from its largest spin component."""
    found: dict[str, Any] = {}
    weight = scale ** np.arange(1.0, 2 * len(series.value), 2)
    for s, source in open_sources(iface):
        largest = int(np.argmax(np.abs(series.value[:, s] * weight[:, None]).max(axis=0)))
        terms = series[:, s, largest]
        clear = np.abs(terms.value) >= DIGITS * terms.error
        found[source] = sum_radius(terms.value[: len(clear) if clear.all() else int(np.argmin(clear))], scale)
    return found


def radius_data(iface: Interface, *, engines: Sequence[Engine] = (MATCHING, CHAIN)) -> dict[str, Any]:
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
    for engine in engines:
        exact = np.abs(poles_in_h(engine.name, iface, k_tried, TRIED_ANGLES)).min(axis=-1)
        tried[engine.name] = float((np.abs(exact - formula) / formula).max())
    sums = None
    if expandable(iface):
        sums = sum_radii(iface, torque_orders(iface, HIGHEST), radius_of_convergence(iface))
    return {
        "smallest": classify(iface),
        "by_source": {
            source: float(rho[x < iface.k_perp2_max(source)].min())
            for source in SOURCES
            if iface.k_perp2_max(source) > x.min()
        },
        "k_perp": np.sqrt(x).tolist(),
        "angle": angles.tolist(),
        "map": rho.tolist(),
        "thresholds": {
            source: float(np.sqrt(iface.k_perp2_max(source))) for _, source in open_sources(iface)
        },
        "tried": {"points": len(k_tried) * len(TRIED_ANGLES), "worst": tried},
        "sum": sums,
    }
