"""Orders in h_R for a report: coefficients by every route, remainders with slopes, approximants."""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.beyond.orders import Orders, contour_orders, difference_orders, resolved_orders
from sotcheck.bound.fermi import first_states
from sotcheck.engines import Matching
from sotcheck.exact.observables import components, exact_flows, largest_torque, torque_from_flows
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.convergence import observed_order
from sotcheck.numerics.pade import NEGLIGIBLE, Pade, pade, partial_sum, reach
from sotcheck.numerics.quadrature import sample
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.theory.all_orders import TorqueOrders, torque_integrand, torque_orders
from sotcheck.theory.validity import radius_of_convergence, why_not_expandable

#: Highest order of the series, and of what is compared with contour integrals.
HIGHEST, COMPARED = 19, 11
#: Remainders are this far above their noise on the rungs that a slope is read from.
CLEAR = 1e3
#: Largest h_R of the differences, and the ladder of remainders, relative to the radius by k_⊥.
DIFFERENCES, LADDER = 0.4, 0.5 * 0.5 ** np.arange(5)
#: h_R of the curves, relative to the radius: closest where things change.
CURVE = np.array([0.2, 0.4, 0.6, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.6, 1.8, 2.0])
#: Points of the lines drawn between them, from zero on.
LINE_POINTS = 81
#: Beyond the radius resonances move with the angle: enough for curves, and for LIMIT.
CURVE_RTOL = 3e-4
#: Partial sums that are drawn and tried.
SUMS = (1, 3, 5, 11)
#: k_⊥ a segment, angles, points and radius of the contour for Kwant.
KWANT_NODES, KWANT_ANGLES, KWANT_POINTS, KWANT_RADIUS = 2, np.array([0.4, 1.9]), 24, 0.25
#: Relative errors up to which a curve is followed.
LIMIT = 0.01


def parts(t: Array, m: Array) -> dict[str, Array]:
    """Return the components of t (..., 3) by name: fieldlike and dampinglike, or x, y, z where m ∥ ŷ."""
    split = components(t, m)
    if split is None:
        return {axis: t[..., i] for i, axis in enumerate("xyz")}
    return {"fieldlike": split[0], "dampinglike": split[1]}


def coefficient_rows(
    iface: Interface, series: TorqueOrders, others: dict[str, Orders]
) -> list[dict[str, Any]]:
    """Return one row for each order, source and component, with every route's value, error, difference.

    Differences are relative to the larger component of the same source and order.
    """
    m, rows = iface.direction, []
    for j, order in enumerate(series.orders[: (COMPARED + 1) // 2]):
        for s, source in enumerate(SOURCES):
            values = parts(series.values[j, s], m)
            scale = max(abs(float(v)) for v in values.values())
            for name, value in values.items():
                row: dict[str, Any] = {
                    "order": order,
                    "source": source,
                    "component": name,
                    "series": float(value),
                    "series_error": float(np.linalg.norm(series.errors[j, s])),
                }
                for route, found in others.items():
                    known = j < len(found.orders)
                    measured = float(parts(found.values[j, s], m)[name]) if known else None
                    row[route] = measured
                    row[f"{route}_error"] = float(np.linalg.norm(found.errors[j, s])) if known else None
                    row[f"{route}_off"] = (
                        abs(measured - float(value)) / scale if measured is not None and scale > 0 else None
                    )
                rows.append(row)
    return rows


def kwant_orders(iface: Interface) -> dict[str, Any] | None:
    """Return how far Kwant's coefficients of orders 1, 3, 5 are from the series, k_⊥ by k_⊥; None for zeros.

    Differences are relative to the largest component of all sources at that k_⊥, angle and order.
    """
    k_perp = sample(iface.thresholds(), KWANT_NODES)
    formula = torque_integrand(iface, k_perp**2, KWANT_ANGLES, [1, 3, 5])
    values, errors = resolved_orders(
        "kwant", iface, k_perp, KWANT_ANGLES, 5, points=KWANT_POINTS, radius=KWANT_RADIUS
    )
    scale = np.abs(formula).max(axis=(-1, -2), keepdims=True)
    if np.any(scale <= errors):
        # No magnetism, no torque: nothing to be relative to.
        return None
    off, error = ((np.abs(v) / scale).max(axis=(0, 1, 3, 4)) for v in (values - formula, errors))
    return {
        "points": len(k_perp) * len(KWANT_ANGLES),
        "orders": [1, 3, 5],
        "off": off.tolist(),
        "error": error.tolist(),
    }


def remainder_rows(iface: Interface, series: TorqueOrders, radius: float) -> dict[str, Any]:
    """Return |t − S_N| on a ladder of h_R for N = 1, 3, 5 by source, with slopes and their errors."""
    h = radius * LADDER
    engine = Matching()
    found = exact_flows(engine, iface, h, rtol=1e-12)
    exact = torque_from_flows(found.total.value, iface.direction)
    noise = found.total.error.max(axis=(-1, -2)) + (
        engine.rounding(iface.structure) * largest_torque(iface) / h[:, None]
    )
    rows = []
    for s, source in enumerate(SOURCES):
        if iface.k_perp2_max(source) <= 0:
            continue
        for n in (1, 2, 3):
            rest = np.linalg.norm(exact[:, s] - partial_sum(series.values[:n, s], h) / h[:, None], axis=-1)
            formula = float(np.linalg.norm(series.errors[:n, s].sum(axis=0)))
            every = noise[:, s] + formula
            # Rungs near the noise tell nothing; three are the least.
            used = max(3, int(np.count_nonzero(rest > CLEAR * every)))
            slope = observed_order(rest[:used], every[:used])
            known = np.isfinite(slope.total)
            rows.append(
                {
                    "source": source,
                    "through_order": 2 * n - 1,
                    "remainder": (rest * h).tolist(),
                    "noise": (every * h).tolist(),
                    "rungs": used,
                    "slope": 1 + slope.value if known else None,
                    "slope_error": slope.total if known else None,
                }
            )
    return {"h_R": h.tolist(), "rows": rows, "bound_from": first_states(iface).h_R}


def approximants(coefficients: Array, scale: float) -> list[Pade]:
    """Return the two approximants nearest to the diagonal: how far they differ says how far to trust them."""
    n = len(coefficients)
    return [pade(coefficients, scale, degree) for degree in ((n - 1) // 2, n // 2)]


def curves(iface: Interface, series: TorqueOrders, radius: float) -> dict[str, Any]:
    """Return exact torque, partial sums and Padé approximants over h_R, and how far each follows."""
    h = CURVE * radius
    found = exact_flows(Matching(), iface, h, rtol=CURVE_RTOL)
    m = iface.direction
    exact = parts(torque_from_flows(found.total.value, m) * h[:, None, None], m)
    by_name = parts(series.values, m)
    sources: dict[str, Any] = {}
    for s, source in enumerate(SOURCES):
        if iface.k_perp2_max(source) <= 0:
            continue
        largest = max(float(np.abs(v[:, s]).max()) for v in exact.values())
        sources[source] = {
            name: _curve(by_name[name][:, s], exact[name][:, s], h, radius, largest) for name in exact
        }
    error = (found.total.error.max(axis=(-1, -2, -3)) * h).tolist()
    line = np.linspace(0, h[-1], LINE_POINTS)
    return {
        "h_R": h.tolist(),
        "line_h_R": line.tolist(),
        "error": error,
        "sources": sources,
        "bound_from": first_states(iface).h_R,
    }


def _curve(coefficients: Array, exact: Array, h: Array, radius: float, largest: float) -> dict[str, Any]:
    """Return one component's curves; relative errors are to the component's own largest value so far."""
    so_far = np.maximum.accumulate(np.abs(exact))
    sums = {str(n): partial_sum(coefficients[: (n + 1) // 2], h) for n in SUMS}
    terms = np.abs(coefficients) * radius ** (2.0 * np.arange(len(coefficients)) + 1)
    line = np.linspace(0, h[-1], LINE_POINTS)
    lines = {str(n): partial_sum(coefficients[: (n + 1) // 2], line).tolist() for n in SUMS}
    row: dict[str, Any] = {"exact": exact.tolist(), "sums": lines}
    if terms.max() < NEGLIGIBLE * largest or largest == 0:
        return row | {"vanishes": True, "reach": None, "pade": None}
    both = approximants(coefficients, radius)
    values = [each(h) for each in both]
    reaches = {n: reach(h, np.abs(v - exact) / so_far, LIMIT) for n, v in sums.items()}
    return row | {
        "vanishes": False,
        "reach": reaches,
        "pade": {
            "name": both[0].name,
            "other": both[1].name,
            "values": both[0](line).tolist(),
            "reach": reach(h, np.abs(values[0] - exact) / so_far, LIMIT),
            "trusted": reach(h, np.abs(values[0] - values[1]) / so_far, LIMIT),
            "real_poles": both[0].real_poles(float(h[-1])),
            "nearest_pole": abs(complex(both[0].poles()[0])) if both[0].poles().size else None,
        },
    }


def orders_data(iface: Interface, *, kwant: bool = True) -> dict[str, Any]:
    """Return everything about orders in h_R, ready for JSON.

    Parameters
    ----------
    iface : Interface
        Its own h_R is not used.
    kwant : bool
        Also let Kwant solve some k_⊥ at complex h_R.

    Returns
    -------
    dict
        With "expandable" false, only the first order, and "why": then the rest does not exist, and
        `exponent_data` says what does.
    """
    if why := why_not_expandable(iface):
        series = torque_orders(iface, 1)
        return {
            "expandable": False,
            "why": why,
            "radius": None,
            "coefficients": coefficient_rows(iface, series, {}),
        }
    radius = radius_of_convergence(iface)
    series = torque_orders(iface, HIGHEST)
    routes = {
        "contour": contour_orders(iface, COMPARED, radius),
        "differences": difference_orders(Matching(), iface, DIFFERENCES * radius),
    }
    return {
        "expandable": True,
        "radius": radius,
        "coefficients": coefficient_rows(iface, series, routes),
        "kwant": kwant_orders(iface) if kwant else None,
        "remainders": remainder_rows(iface, series, radius),
        "curves": curves(iface, series, radius),
    }
