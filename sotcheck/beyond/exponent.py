"""Interfaces without an expansion: the exponent of |t − (16)|, measured on the exact torque."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from sotcheck.bound.fermi import first_states
from sotcheck.engines import Matching
from sotcheck.errors import EngineError
from sotcheck.exact.observables import torque_from_flows
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.convergence import slope as slope_of
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.theory.all_orders import torque_integrand
from sotcheck.theory.validity import transparent_channels, transparent_term

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
    if grazing:
        breaks = np.append(1 - GRADING ** -np.arange(0.0, RADIAL_PANELS), 1.0)
    else:
        breaks = np.linspace(0, 1, 4)
    # From the upper end, x = upper − width sin²δ keeps the digits of k_z that sin²θ would lose.
    delta, weights = _panels((1 - breaks[::-1]) * np.pi / 2, nodes)
    x, jacobian = upper - (upper - lower) * np.sin(delta) ** 2, (upper - lower) * np.sin(2 * delta)
    # A rounded k_z² = 0 carries no flux.
    return np.minimum(x, upper * (1 - 4 * np.finfo(float).eps))[::-1], (weights * jacobian)[::-1]


def _remainder(iface: Interface, h: float, nodes: int) -> tuple[Array, Array]:
    """Return t − (16) by source, and how much of it the panel next to grazing incidence contributes."""
    grazing = transparent_channels(iface)[0].k_perp2
    edges = [x for x in iface.thresholds() if x <= grazing + iface.same_threshold]
    angle, angular = _angles(iface, nodes)
    total, last = np.zeros((len(SOURCES), 3)), np.zeros((len(SOURCES), 3))
    for segment in itertools.pairwise(edges):
        x, radial = _radial(segment, segment[1] == edges[-1], nodes)
        k, phi, strength = np.broadcast_arrays(np.sqrt(x)[:, None, None], angle[:, None], np.array([h, -h]))
        states = Matching().solve(iface.structure, k, phi, strength)
        found = torque_from_flows(states.flows, iface.direction)
        # The opposite k is −h_R with k_x turned over.
        odd = (found[:, :, 0] - found[:, :, 1]) / 2
        exact = -(np.sqrt(x)[:, None] * np.cos(angle))[..., None, None] * odd / (4 * np.pi)
        rest = exact - h * torque_integrand(iface, x, angle, [1])[:, :, 0]
        by_node = np.einsum("x,a,xasi->xsi", radial, angular, rest) / (4 * np.pi)
        total += by_node.sum(axis=0)
        last = by_node[-nodes:].sum(axis=0)
    return total, np.abs(last)


def remainders(iface: Interface, h_R: Array) -> tuple[Array, Array]:
    """Return t − (16) by source, and its error from fewer nodes and the last panel, shapes (n, 3, 3).

    k_⊥ up to grazing incidence in N: the whole circle of waves from N and of those with the transparent spin.

    Raises
    ------
    EngineError
        Without exactly one transparent channel.
    """
    if not transparent_channels(iface):
        raise EngineError(
            f"{iface.name} has no transparent spin channel (u_0 = ±u_m with U_N = U_F ∓ J); "
            "its remainders are those of orders_data"
        )
    fine, coarse = ([_remainder(iface, float(h), n) for h in h_R] for n in (NODES, FEWER))
    values, last = (np.stack(part) for part in zip(*fine, strict=True))
    # There rounding of k_z² makes itself felt.
    return values, np.abs(values - np.stack([value for value, _ in coarse])) + last


def power_law(values: Array, errors: Array, *, logarithm: bool = False) -> Estimate:
    """Return the exponent p of vectors (n, 3) ~ h^p (1 + b h + …) on a halving ladder, and its error.

    With `logarithm`, of h^p (log h + b + …), read off the differences of neighbours over h³. Local slopes are
    extrapolated once; the error is what that changed, and its change a step before, plus the noise.
    """
    size, noise = np.linalg.norm(values, axis=-1), np.linalg.norm(errors, axis=-1)
    shift = 0.0
    if logarithm:
        weight = 8.0 ** np.arange(len(values))
        size = np.linalg.norm(np.diff(values * weight[:, None], axis=0), axis=-1)
        noise = (noise * weight)[1:] + (noise * weight)[:-1]
        shift = 3.0
    if np.any(size <= noise):
        return slope_of(np.nan, np.inf)
    local = np.log2(size[:-1] / size[1:])
    carried = 3 * float((noise[-3:] / size[-3:]).sum()) / np.log(2)
    limit = 2 * local[-1] - local[-2]
    change = max(abs(limit - local[-1]), abs(2 * local[-2] - local[-3] - local[-2]) / 2)
    return slope_of(float(shift + limit), float(change + carried))


def limit_at_zero(h_R: Array, values: Array, noise: Array) -> tuple[float, float]:
    """Return the limit of values = c + h (b + d log h) + … from the last three, and its error.

    The error is the change from the three before, plus the values' noise carried through.
    """

    def weights(chosen: slice) -> Array:
        h = h_R[chosen]
        basis = np.stack([np.ones(3), h, h * np.log(h)], axis=1)
        return np.linalg.inv(basis)[0]

    last, before = slice(-3, None), slice(-4, -1)
    limit = float(weights(last) @ values[last])
    change = abs(limit - float(weights(before) @ values[before]))
    return limit, change + float(np.abs(weights(last)) @ noise[last])


def has_logarithm(iface: Interface) -> bool:
    """Whether the remainder is h_R³ log|h_R|: m ∥ z, and the other spin open at grazing incidence.

    Then iK_s + ik_z − h_R² k_⊥²/d_o is the small element and the third order falls off as 1/k_z², with a
    coefficient proportional to Im d_o = K_o.
    """
    channel = transparent_channels(iface)[0]
    other = "majority" if channel.spin == "minority" else "minority"
    beyond = iface.k_perp2_max(other) > channel.k_perp2 + iface.same_threshold
    return bool(np.hypot(*iface.m[:2]) < IN_PLANE) and beyond


def _reach_of_the_other(iface: Interface) -> float:
    """Return |iK_o − u_o|/k_⊥ at grazing incidence: the h_R up to which the other spin o may be expanded."""
    (channel,) = transparent_channels(iface)
    other = "minority" if channel.spin == "majority" else "majority"
    K = np.sqrt(complex(iface.k_perp2_max(other) - channel.k_perp2))
    return float(abs(1j * K - (iface.u_0 - channel.sign * iface.u_m)) / np.sqrt(channel.k_perp2))


def exponent_data(iface: Interface) -> dict[str, Any] | None:
    """Return the measured exponents of an interface with a transparent channel, ready for JSON; else None.

    By source: exponent with error; where theory has a term in h_R|h_R|, its coefficient's norm and the ratio
    of measured to expected, extrapolated to h_R → 0.
    """
    channels = transparent_channels(iface)
    if not channels:
        return None
    h_R = LADDER if np.hypot(*iface.m[:2]) > IN_PLANE else LADDER_OUT_OF_PLANE
    reach = _reach_of_the_other(iface)
    if reach < REACH * h_R[0]:
        why = f"the other channel is all but transparent as well, and has its own scale of h_R, {reach:.1g}"
        return {
            "spin": channels[0].spin,
            "k_perp": float(np.sqrt(channels[0].k_perp2)),
            "h_R": h_R.tolist(),
            "sources": {s: {"measured": False, "why": why} for s in SOURCES if iface.k_perp2_max(s) > 0},
        }
    values, errors = remainders(iface, h_R)
    term = transparent_term(iface)
    grazing = channels[0].k_perp2
    sources: dict[str, Any] = {}
    for s, source in enumerate(SOURCES):
        x_max = iface.k_perp2_max(source)
        if x_max <= 0:
            continue
        if x_max > grazing + iface.same_threshold:
            sources[source] = {"measured": False, "why": "its circle reaches beyond grazing incidence in N"}
            continue
        expected = float(np.linalg.norm(term[s]))
        logarithm = has_logarithm(iface)
        slope = power_law(values[:, s], errors[:, s], logarithm=logarithm)
        known = np.isfinite(slope.total)
        row: dict[str, Any] = {
            "measured": True,
            "remainder": np.linalg.norm(values[:, s], axis=-1).tolist(),
            "error": np.linalg.norm(errors[:, s], axis=-1).tolist(),
            "exponent": slope.value if known else None,
            "exponent_error": slope.total if known else None,
            "expected_exponent": 2 if expected > 0 else 3,
            "logarithm": logarithm,
            "coefficient": expected,
            "ratio": None,
            "ratio_error": None,
        }
        if expected > 0:
            ratio = values[:, s] @ term[s] / (h_R * expected) ** 2
            noise = np.linalg.norm(errors[:, s], axis=-1) / (h_R**2 * expected)
            row["ratio"], row["ratio_error"] = limit_at_zero(h_R, ratio, noise)
        sources[source] = row
    return {
        "spin": channels[0].spin,
        "k_perp": float(np.sqrt(grazing)),
        "h_R": h_R.tolist(),
        "sources": sources,
        "bound_from": first_states(iface).h_R,
    }
