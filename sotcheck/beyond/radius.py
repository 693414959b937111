"""Where the series in h_R stops converging, and why: by k_⊥ and angle, and for the k_⊥-summed torque.

Where there is no expansion: the exponent of what first order leaves, measured on the exact torque.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from sotcheck.beyond.torques import CHAIN, MATCHING, numbers, open_sources
from sotcheck.bound.fermi import first_states
from sotcheck.errors import EngineError
from sotcheck.exact.continued import poles_in_h
from sotcheck.exact.observables import torque_from_flows
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.convergence import limit_at_zero, norm, power_law
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.path import substitution
from sotcheck.numerics.quadrature import sample
from sotcheck.numerics.series import radius_from_terms
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.system.units import wave_vector
from sotcheck.theory.all_orders import torque_integrand, torque_orders
from sotcheck.theory.embedded import embedded_state
from sotcheck.theory.validity import (
    radius_by_k,
    radius_of_convergence,
    transparent_channels,
    transparent_term,
    why_not_expandable,
)

#: Values of k_⊥ a segment and of the angle in the map, and zooms on its minimum.
MAP_NODES, MAP_ANGLES, ZOOMS = 40, 37, 12
#: Where the map is tried on exact states: k_⊥ a segment, angles.
TRIED_NODES, TRIED_ANGLES = 2, np.array([0.4, 1.1, 1.9])
#: Relative distance in k_⊥² from a threshold that counts as being there.
AT_THRESHOLD = 1e-5
#: Orders that the sum's radius is read from; terms nearer to their error than this are left out.
SUMMED, DIGITS = 41, 1e3
#: Panels shrink by this factor towards grazing incidence, where k_z ~ h_R or h_R² decides, and towards the
#: angles at which m·(k×ẑ) changes sign.
GRADING, RADIAL_PANELS, ANGULAR_PANELS = 4.0, 11, 8
#: Gauss nodes a panel: the result, and what its error is read from.
NODES, FEWER = 10, 7
#: Ladders of h_R, with and without an in-plane m: where k_z ~ h_R decides, and where k_z ~ h_R² does, which
#: has to stay above the rounding of k_z, 1e-8.
LADDER, LADDER_OUT_OF_PLANE = 0.04 * 0.5 ** np.arange(6), 0.16 * 0.5 ** np.arange(5)
#: The other channel's scale of h_R is at least so many times the ladders' largest, or nothing simple is seen.
REACH = 3.0
#: An in-plane part of m below this counts as none.
IN_PLANE = 1e-9


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
    (rho, x, angle), (one_k, unit) = smallest(iface), wave_vector(iface)
    at = f"k_perp = {one_k * np.sqrt(x):.4g}{unit}"
    closing = [s for s in SOURCES if abs(iface.k_perp2_max(s) - x) < AT_THRESHOLD * x]
    bands = " and the ".join(s for s in closing if s != "normal")
    channels, embedded = transparent_channels(iface), embedded_state(iface)
    vanishes = bool(channels or embedded)
    if channels:
        kind = "transparent channel"
        why = (
            f"the {channels[0].spin} channel is transparent (matched wave vectors, u_0 = ±u_m): at grazing "
            f"incidence, {at}, nothing but h_R itself stops its waves"
        )
    elif embedded:
        kind = "interface state"
        why = f"a minority interface state lies at E_F at {at}, inside the other spin's continuum"
    elif "normal" in closing:
        kind = "grazing incidence"
        also = f", together with the {bands} band of F" if bands else ""
        why = (
            f"at {at} waves in N graze the interface (k_z = 0){also}: without their flux "
            "iK_z + ik_z - kappa is smallest there, and k_perp, which multiplies h_R, is large"
        )
    elif closing:
        kind = "band edge"
        left = ": what is left of iK_z + ik_z - kappa is smallest relative to k_perp"
        then = left if iface.k_perp2_max("normal") > x else ", where N carries no flux either"
        why = f"at {at} the {bands} band of F closes (K_z = 0){then}"
    else:
        kind = "resonance"
        why = (
            f"at {at}, inside a range, iK_z + ik_z - kappa is smallest relative to k_perp: evanescent waves "
            "and the attractive delta nearly cancel, an interface state that is almost there"
        )
    place = {"radius": 0.0 if vanishes else rho, "k_perp": float(np.sqrt(x)), "angle": angle}
    return {**place, "kind": kind, "vanishes": vanishes, "why": why}


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
        "sum": None
        if why_not_expandable(iface)
        else sum_radii(iface, torque_orders(iface, SUMMED), radius_of_convergence(iface)),
    }


def _panels(breaks: Array, nodes: int) -> tuple[Array, Array]:
    """Return nodes and weights of Gauss's rule on every panel."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    lower, width = breaks[:-1, None], np.diff(breaks)[:, None]
    return (lower + width * (x + 1) / 2).ravel(), (width * w / 2).ravel()


def _angles(iface: Interface, nodes: int) -> tuple[Array, Array]:
    """Return angles of the half circle where m·(k×ẑ) has one sign, and weights of the mean over it."""
    fine = GRADING ** -np.arange(ANGULAR_PANELS, -1.0, -1.0) / 2
    breaks = np.pi * np.concatenate([[0.0], fine, 1 - fine[-2::-1], [1.0]])
    angles, weights = _panels(breaks, nodes)
    return angles + np.arctan2(iface.m[1], iface.m[0]), weights / np.pi


def _radial(segment: tuple[float, float], grazing: bool, nodes: int) -> tuple[Array, Array]:
    """Return k_⊥² and weights on a segment, panels graded towards its end if that is grazing incidence.

    The last `nodes` belong to the panel next to it.
    """
    lower, upper = segment
    to_grazing = np.append(1 - GRADING ** -np.arange(0.0, RADIAL_PANELS), 1.0)
    breaks = to_grazing if grazing else np.linspace(0, 1, 4)
    # From the upper end, x = upper − width sin²δ keeps the digits of k_z that sin²θ would lose.
    delta, weights = _panels((1 - breaks[::-1]) * np.pi / 2, nodes)
    x, jacobian = upper - (upper - lower) * np.sin(delta) ** 2, (upper - lower) * np.sin(2 * delta)
    # A rounded k_z² = 0 carries no flux.
    return np.minimum(x, upper * (1 - 4 * np.finfo(float).eps))[::-1], (weights * jacobian)[::-1]


def _remainder(iface: Interface, h: float, nodes: int) -> tuple[Array, Array]:
    """Return what first order leaves by source, and what the panel next to grazing incidence adds."""
    grazing = transparent_channels(iface)[0].k_perp2
    edges = [x for x in iface.thresholds() if x <= grazing + iface.same_threshold]
    angle, angular = _angles(iface, nodes)
    total, last = np.zeros((len(SOURCES), 3)), np.zeros((len(SOURCES), 3))
    for segment in itertools.pairwise(edges):
        x, radial = _radial(segment, segment[1] == edges[-1], nodes)
        k, phi, strength = np.broadcast_arrays(np.sqrt(x)[:, None, None], angle[:, None], np.array([h, -h]))
        found = torque_from_flows(
            MATCHING.flows(iface.structure, k, phi, strength)[..., 0, :, :, :], iface.direction
        )
        # The opposite k is −h_R with k_x turned over.
        odd = (found[:, :, 0] - found[:, :, 1]) / 2
        exact = -(np.sqrt(x)[:, None] * np.cos(angle))[..., None, None] * odd / (4 * np.pi)
        rest = exact - h * torque_integrand(iface, x, angle, [1])[:, :, 0]
        by_node = np.einsum("x,a,xasi->xsi", radial, angular, rest) / (4 * np.pi)
        total += by_node.sum(axis=0)
        last = by_node[-nodes:].sum(axis=0)
    return total, np.abs(last)


def remainders(iface: Interface, h_R: Array) -> Estimate:
    """Return what first order leaves of t, shape (n, 3, 3): h_R, source, component.

    k_⊥ up to grazing incidence in N: the whole circle of waves from N and of those with the transparent spin.
    An EngineError without a transparent channel.
    """
    if not transparent_channels(iface):
        raise EngineError(
            f"{iface.name} has no transparent spin channel (u_0 = ±u_m with U_N = U_F ∓ J); "
            "its remainders are those of orders_data"
        )
    (values, last), (coarse, _) = (
        np.stack([_remainder(iface, float(h), n) for h in h_R], axis=1) for n in (NODES, FEWER)
    )
    # In the last panel rounding of k_z² makes itself felt.
    error = np.abs(values - coarse) + last
    return Estimate(values, {"quadrature": (error, "fewer nodes, and the panel next to grazing incidence")})


def exponent_data(iface: Interface) -> dict[str, Any] | None:
    """Return the measured exponents of an interface with a transparent channel, ready for JSON; else None.

    By source: exponent with error; where theory has a term in h_R|h_R|, its coefficient's norm and the ratio
    of measured to expected, extrapolated to h_R → 0.
    """
    if not (channels := transparent_channels(iface)):
        return None
    (channel,), in_plane = channels, np.hypot(*iface.m[:2]) > IN_PLANE
    h_R = LADDER if in_plane else LADDER_OUT_OF_PLANE
    data = {"spin": channel.spin, "k_perp": float(np.sqrt(channel.k_perp2)), "h_R": h_R.tolist()}
    # K_o² of the other spin o, at grazing incidence; up to |iK_o − u_o|/k_⊥ it may be expanded.
    K2 = iface.k_perp2_max("majority" if channel.spin == "minority" else "minority") - channel.k_perp2
    own = 1j * np.sqrt(complex(K2)) - (iface.u_0 - channel.sign * iface.u_m)
    reach = float(abs(own) / np.sqrt(channel.k_perp2))
    # For m ∥ z iK_s + ik_z − h_R² k_⊥²/d_o is the small element: the third order falls off as 1/k_z², with a
    # coefficient proportional to Im d_o = K_o, and the remainder is h_R³ log|h_R|.
    logarithm = bool(not in_plane and iface.same_threshold < K2)
    if reach < REACH * h_R[0]:
        why = f"the other channel is all but transparent as well, and has its own scale of h_R, {reach:.1g}"
        return data | {"sources": {name: {"measured": False, "why": why} for _, name in open_sources(iface)}}
    found, term = remainders(iface, h_R), transparent_term(iface)
    highest = channel.k_perp2 + iface.same_threshold
    sources = {
        name: _measured(h_R, found[:, s], term[s], logarithm)
        if iface.k_perp2_max(name) <= highest
        else {"measured": False, "why": "its circle reaches beyond grazing incidence in N"}
        for s, name in open_sources(iface)
    }
    return data | {"sources": sources, "bound_from": first_states(iface).h_R}


def _measured(h_R: Array, found: Estimate, term: Array, logarithm: bool) -> dict[str, Any]:
    """Return the exponent of one source's remainders (n, 3), against the term in h_R|h_R| expected."""
    expected = float(np.linalg.norm(term))
    size, slope = norm(found), power_law(found, logarithm=logarithm)
    over = limit_at_zero(h_R, found @ (term / expected) / (h_R**2 * expected)) if expected > 0 else None
    return {
        "measured": True,
        "remainder": size.value.tolist(),
        "error": size.error.tolist(),
        **numbers("exponent", slope if np.isfinite(slope.total) else None),
        "expected_exponent": 2 if expected > 0 else 3,
        "logarithm": logarithm,
        "coefficient": expected,
        **numbers("ratio", over),
    }
