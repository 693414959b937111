"""Where the series in h_R stops converging, and why: by k_⊥ and angle, and for the k_⊥-summed torque."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from sotcheck.exact.layers import Local
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.quadrature import sample
from sotcheck.numerics.radial import substitution
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.theory.all_orders import TorqueOrders, torque_orders
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


def poles_in_h(engine: str, iface: Interface, k_perp: Array, angles: Array) -> Complex:
    """Return the two complex h_R at which ψ(0) diverges, by k_⊥ and angle, shape (n, a, 2).

    Exact states only: the determinant of the inverse Green function at z = 0 is a polynomial in h_R, of
    second degree because κ̂ is linear in h_R and 2×2. Eight points of a circle give its coefficients.
    """
    points = 8
    local = Local(engine, iface, tuple(np.asarray(k_perp, dtype=float).tolist()))
    circle = np.exp(2j * np.pi * np.arange(points) / points)
    green = local.green(np.repeat(angles, points), np.tile(circle, len(angles)))
    inverse = green.reshape(len(k_perp), len(angles), points, 2, 2)
    c = np.fft.fft(1 / np.linalg.det(inverse), axis=-1) / points
    root = np.sqrt(c[..., 1] ** 2 - 4 * c[..., 0] * c[..., 2])
    # The larger root without cancellation, the other one from their product.
    turn = np.where((np.conj(c[..., 1]) * root).real < 0, -1.0, 1.0)
    far = -(c[..., 1] + turn * root) / 2
    return np.stack([c[..., 0] / far, far / c[..., 2]], axis=-1)


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
    closing = [s for s in SOURCES if abs(iface.k_perp2_max(s) - x) < AT_THRESHOLD * x]
    at = f"k_perp = {np.sqrt(x):.4g}"
    channels = transparent_channels(iface)
    embedded = embedded_spins(iface)
    vanishes = bool(channels or embedded)
    if channels:
        kind = "transparent channel"
        why = (
            f"the {channels[0].spin} channel is transparent (matched wave vectors, u_0 = ±u_m): at grazing "
            f"incidence, {at}, nothing but h_R itself stops its waves"
        )
    elif embedded:
        kind = "interface state"
        why = f"a {embedded[0]} interface state lies at E_F at {at}, inside the other spin's continuum"
    elif "normal" in closing:
        kind = "grazing incidence"
        also = [s for s in closing if s != "normal"]
        also_words = f", together with the {' and the '.join(also)} band of F" if also else ""
        why = (
            f"at {at} waves in N graze the interface (k_z = 0){also_words}: without their flux "
            "iK_z + ik_z - kappa is smallest there, and k_perp, which multiplies h_R, is large"
        )
    elif closing:
        kind = "band edge"
        closed = f"the {' and the '.join(closing)} band of F closes (K_z = 0)"
        why = f"at {at} {closed}, where N carries no flux either"
        if iface.kz_squared(np.array(x)) > 0:
            why = f"at {at} {closed}: what is left of iK_z + ik_z - kappa is smallest relative to k_perp"
    else:
        kind = "resonance"
        why = (
            f"at {at}, inside a range, iK_z + ik_z - kappa is smallest relative to k_perp: evanescent waves "
            "and the attractive delta nearly cancel, an interface state that is almost there"
        )
    return {
        "radius": 0.0 if vanishes else rho,
        "k_perp": float(np.sqrt(x)),
        "angle": angle,
        "kind": kind,
        "vanishes": vanishes,
        "why": why,
    }


def limit_of_ratios(a: Array) -> tuple[Any, Any]:
    """Return Domb–Sykes points: a_j/a_{j−1} and what their line in 1/j hits at 1/j = 0, j = 1, 2, …."""
    ratio = a[1:] / a[:-1]
    j = np.arange(1, len(a))
    return ratio, j[1:] * ratio[1:] - j[:-1] * ratio[:-1]


def limit_of_pairs(a: Array) -> tuple[Any, Any]:
    """Return Mercer and Roberts's points for a complex pair of singularities, 1/|w|, and their limit."""
    square = (a[3:] * a[1:-2] - a[2:-1] ** 2) / (a[2:-1] * a[:-3] - a[1:-2] ** 2)
    points = np.sqrt(np.abs(square))
    j = np.arange(2, len(a) - 1)
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
    found = []
    for method, points in (("ratio", limit_of_ratios), ("pair", limit_of_pairs)):
        raw, limits = points(scaled)
        last = limits[-4:]
        if np.all(np.isfinite(last)) and np.all(last > 0):
            value = scale / np.sqrt(last)
            found.append((2 * float(np.ptp(value)), float(value[-1]), method, raw))
    found.append(_envelope(scaled, scale))
    error, value, method, raw = min(found, key=lambda row: row[0] / row[1])
    return {"radius": value, "error": error, "method": method, "points": raw.tolist(), "terms": len(scaled)}


def _envelope(scaled: Array, scale: float) -> tuple[float, float, str, Array]:
    """Return error, radius, method and local slopes from how fast the largest of neighbouring terms fall.

    Cauchy and Hadamard's root, with a power of j beside it; from the second half of the terms, its error from
    the middle half.
    """
    j = np.arange(1, len(scaled) + 1)
    top = np.log(np.maximum.accumulate(np.abs(scaled)[::-1])[::-1])

    def slope(some: slice) -> float:
        basis = np.stack([j[some], np.ones_like(j[some])], axis=1)
        return float(np.linalg.lstsq(basis, top[some], rcond=None)[0][0])

    n = len(scaled)
    late, early = (scale * np.exp(-slope(s) / 2) for s in (slice(n // 2, n), slice(n // 4, 3 * n // 4)))
    return 2 * abs(float(late - early)), float(late), "envelope", np.diff(top)


def sum_radii(iface: Interface, series: TorqueOrders, scale: float) -> dict[str, Any]:
    """Return by source the k_⊥-summed torque's radius of convergence, from its largest spin component."""
    found: dict[str, Any] = {}
    for s, source in enumerate(SOURCES):
        if iface.k_perp2_max(source) <= 0:
            continue
        weight = scale ** np.array(series.orders, dtype=float)
        largest = int(np.argmax(np.abs(series.values[:, s] * weight[:, None]).max(axis=0)))
        values, errors = series.values[:, s, largest], series.errors[:, s, largest]
        noisy = np.flatnonzero(np.abs(values) < DIGITS * errors)
        found[source] = sum_radius(values[: int(noisy[0]) if noisy.size else None], scale)
    return found


def radius_data(iface: Interface, *, engines: tuple[str, ...] = ("continuum", "kwant")) -> dict[str, Any]:
    """Return the map of the radius of convergence, its minimum and why, and the sum's, ready for JSON.

    The sum's series may converge beyond the smallest radius by k_⊥, but the exact torque leaves it there:
    as a pole of ψ(0) crosses k_z = 0, the k_⊥ sum depends on |h_R − h_0|, which the series continues as
    h_0 − h_R.
    """
    smallest_one = classify(iface)
    theta = (np.arange(MAP_NODES) + 0.5) / MAP_NODES * np.pi / 2
    x = np.concatenate([substitution(*pair, theta)[0] for pair in itertools.pairwise(iface.thresholds())])
    angles = np.linspace(0, np.pi, MAP_ANGLES)
    rho = radius_by_k(iface, x, angles)
    k_tried = sample(iface.thresholds(), TRIED_NODES)
    formula = radius_by_k(iface, k_tried**2, TRIED_ANGLES)
    tried = {}
    for engine in engines:
        exact = np.abs(poles_in_h(engine, iface, k_tried, TRIED_ANGLES)).min(axis=-1)
        tried[engine] = float((np.abs(exact - formula) / formula).max())
    sums = None
    if expandable(iface):
        radius = radius_of_convergence(iface)
        sums = sum_radii(iface, torque_orders(iface, HIGHEST), radius)
    return {
        "smallest": smallest_one,
        "by_source": {
            source: float(rho[x < iface.k_perp2_max(source)].min())
            for source in SOURCES
            if iface.k_perp2_max(source) > x.min()
        },
        "k_perp": np.sqrt(x).tolist(),
        "angle": angles.tolist(),
        "map": rho.tolist(),
        "thresholds": {s: float(np.sqrt(iface.k_perp2_max(s))) for s in SOURCES if iface.k_perp2_max(s) > 0},
        "tried": {"points": len(k_tried) * len(TRIED_ANGLES), "worst": tried},
        "sum": sums,
    }
