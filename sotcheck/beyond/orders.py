"""Orders in h_R for a report: coefficients by every route, remainders with slopes, sums and approximants."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from sotcheck.beyond.radius import SUMMED
from sotcheck.beyond.torques import CHAIN, MATCHING, component_axes, exact_torque, numbers, open_sources
from sotcheck.bound.fermi import first_states
from sotcheck.engines import Engine
from sotcheck.errors import EngineError
from sotcheck.exact.continued import resolved_orders
from sotcheck.exact.observables import largest_torque
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.convergence import observed_order
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sample
from sotcheck.numerics.series import NEGLIGIBLE, pade, partial_sum, reach
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.theory.all_orders import over_k, torque_integrand, torque_orders
from sotcheck.theory.validity import radius_of_convergence, why_not_expandable

#: Highest order of the series, and of what is compared with contour integrals.
HIGHEST, COMPARED = 19, 11
#: Angles of half a circle: exact for the angular harmonics of odd orders below twice as many.
ANGLES = 8
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
#: k_⊥ a segment, angles, points and radius of the contour for the chain.
TRIED_NODES, TRIED_ANGLES, TRIED_POINTS, TRIED_RADIUS = 2, np.array([0.4, 1.9]), 24, 0.25
#: Relative errors up to which a curve is followed.
LIMIT = 0.01


def contour_orders(iface: Interface, highest: int, scale: float) -> Estimate:
    """Sum the contour integrals over k_⊥, shape (orders, 3, 3): orders 1, 3, … to `highest`.

    The quadrature error wanted is relative to the largest |t_n| scale^n: scale is the radius of convergence.
    """
    count = max((highest + 3) // 2, ANGLES)
    angles = np.pi * (np.arange(count) + 0.3) / count
    weight = scale ** np.arange(1.0, highest + 1, 2)

    def average(x: Array) -> Array:
        found = resolved_orders(MATCHING.name, iface, np.sqrt(x), angles, highest).mean(axis=1)
        return np.stack([found.value, found.error], axis=1) * weight[:, None, None]

    both = over_k(average, iface, 1e-11, 64 * float(np.finfo(float).eps)) / weight[:, None, None]
    return both[0].and_("next order", both.value[1], "contour integrals")


def difference_orders(
    engine: Engine, iface: Interface, largest_h: float, *, steps: int = 9, rtol: float = 1e-12
) -> Estimate:
    """Return orders 1, 3, 5 read off the exact torque at real h_R, shape (3, 3, 3).

    The interpolating polynomial in h_R² at Chebyshev points of (0, largest_h²), well below the radius of
    convergence; errors are what the highest degree adds, plus quadrature errors carried through.
    """
    if steps < 5:
        raise EngineError(f"steps = {steps} is not accepted; expected at least 5 values of h_R")
    w = (1 + np.cos(np.pi * (np.arange(steps) + 0.5) / steps)) / 2
    t = exact_torque(iface, largest_h * np.sqrt(w), rtol=rtol, engine=engine).shared(-1)
    t = t.and_("rounding", engine.rounding(iface.structure) * np.abs(t.value).max(), "double precision")
    # Chebyshev's coefficients, and T_k, T_k′, T_k″/2 at w = 0: powers of w themselves lose digits.
    k = np.arange(steps)
    transform = chebyshev.chebvander(2 * w - 1, steps - 1).T * np.where(k, 2, 1)[:, None] / steps
    at_zero = (-1.0) ** k * np.stack([np.ones(steps), -2 * k**2, 2 * k**2 * (k**2 - 1) / 3])
    by_h = t.each(lambda array: np.moveaxis(array, 0, -1))
    found = by_h @ (at_zero @ transform).T
    last = np.abs((by_h.value @ transform[-1])[..., None] * at_zero[:, -1])
    # One component may change little by accident: all get the largest change of their vector.
    found = found.and_("next order", last.max(axis=1, keepdims=True), "the highest degree's part")
    by_order = found.each(lambda array: np.moveaxis(array, -1, 0))
    return by_order / largest_h ** np.array([0, 2, 4])[:, None, None]


def coefficient_rows(iface: Interface, series: Estimate, others: dict[str, Estimate]) -> list[dict[str, Any]]:
    """Return one row for each order, source and component, with every route's value, error, difference.

    Differences are relative to the larger component of the same source and order.
    """
    axes, rows = component_axes(iface.direction), []
    for j, s in np.ndindex(min(len(series.value), (COMPARED + 1) // 2), len(SOURCES)):
        exact = {name: float(series.value[j, s] @ axis) for name, axis in axes.items()}
        scale = max(map(abs, exact.values()))
        for name, axis in axes.items():
            row: dict[str, Any] = {"order": 2 * j + 1, "source": SOURCES[s], "component": name}
            for route, found in {"series": series, **others}.items():
                value = error = off = None
                if j < len(found.value):
                    value, error = float(found.value[j, s] @ axis), float(np.linalg.norm(found.error[j, s]))
                    off = abs(value - exact[name]) / scale if scale > 0 else None
                row |= {route: value, f"{route}_error": error, f"{route}_off": off}
            del row["series_off"]
            rows.append(row)
    return rows


def chain_orders(iface: Interface) -> dict[str, Any] | None:
    """Return how far the chain's coefficients of orders 1, 3, 5 are from the series by k_⊥; None for zeros.

    Differences are relative to the largest component of all sources at that k_⊥, angle and order.
    """
    k_perp = sample(iface.thresholds(), TRIED_NODES)
    formula = torque_integrand(iface, k_perp**2, TRIED_ANGLES, [1, 3, 5])
    circle: Any = {"points": TRIED_POINTS, "radius": TRIED_RADIUS}
    found = resolved_orders(CHAIN.name, iface, k_perp, TRIED_ANGLES, 5, **circle)
    scale = np.abs(formula).max(axis=(-1, -2), keepdims=True)
    if np.any(scale <= found.error):
        # No magnetism, no torque: nothing to be relative to.
        return None
    sizes = {"off": np.abs(found.value - formula), "error": found.error}
    relative = {name: (size / scale).max(axis=(0, 1, 3, 4)).tolist() for name, size in sizes.items()}
    return {"points": len(k_perp) * len(TRIED_ANGLES), "orders": [1, 3, 5], **relative}


def remainder_rows(iface: Interface, series: Estimate, radius: float) -> dict[str, Any]:
    """Return |t − S_N| on a ladder of h_R for N = 1, 3, 5 by source, with slopes and their errors."""
    h = radius * LADDER
    exact = exact_torque(iface, h, rtol=1e-12)
    noise = exact.error.max(axis=-1) + MATCHING.rounding(iface.structure) * largest_torque(iface) / h[:, None]
    rows = []
    for (s, source), n in product(open_sources(iface), (1, 2, 3)):
        rest = exact.value[:, s] - partial_sum(series.value[:n, s], h) / h[:, None]
        size = np.linalg.norm(rest, axis=-1)
        every = noise[:, s] + float(np.linalg.norm(series.error[:n, s].sum(axis=0)))
        # Rungs near the noise tell nothing; three are the least.
        used = max(3, int(np.count_nonzero(size > CLEAR * every)))
        slope = observed_order(size[:used], every[:used]) + 1
        row = {"remainder": (size * h).tolist(), "noise": (every * h).tolist(), "rungs": used}
        row |= numbers("slope", slope if np.isfinite(slope.total) else None)
        rows.append({"source": source, "through_order": 2 * n - 1, **row})
    return {"h_R": h.tolist(), "rows": rows, "bound_from": first_states(iface).h_R}


def curves(iface: Interface, series: Estimate, radius: float) -> dict[str, Any]:
    """Return exact torque, partial sums and Padé approximants over h_R, and how far each follows.

    Relative errors are to a component's own largest value so far.
    """
    h, axes = CURVE * radius, component_axes(iface.direction)
    line = np.linspace(0, h[-1], LINE_POINTS)
    found = exact_torque(iface, h, rtol=CURVE_RTOL) * h[:, None, None]

    def curve(coefficients: Array, exact: Array, largest: float) -> dict[str, Any]:
        so_far = np.maximum.accumulate(np.abs(exact))

        def follows(one: Array, other: Array) -> float:
            return reach(h, np.abs(one - other) / so_far, LIMIT)

        shortened = {str(n): coefficients[: (n + 1) // 2] for n in SUMS}
        sums = {n: partial_sum(some, line).tolist() for n, some in shortened.items()}
        row: dict[str, Any] = {"exact": exact.tolist(), "sums": sums}
        terms = np.abs(coefficients) * radius ** np.arange(1.0, 2 * len(coefficients), 2)
        if terms.max() < NEGLIGIBLE * largest or largest == 0:
            return row | {"vanishes": True, "reach": None, "pade": None}
        # The two approximants nearest to the diagonal: how far they differ says how far to trust them.
        n = len(coefficients)
        best, other = (pade(coefficients, radius, degree) for degree in ((n - 1) // 2, n // 2))
        poles = best.poles()
        return row | {
            "vanishes": False,
            "reach": {n: follows(partial_sum(some, h), exact) for n, some in shortened.items()},
            "pade": {
                "name": best.name,
                "other": other.name,
                "values": best(line).tolist(),
                "reach": follows(best(h), exact),
                "trusted": follows(best(h), other(h)),
                "real_poles": best.real_poles(float(h[-1])),
                "nearest_pole": float(np.abs(poles[0])) if poles.size else None,
            },
        }

    sources: dict[str, Any] = {}
    for s, source in open_sources(iface):
        parts = {name: (series.value[:, s] @ axis, found.value[:, s] @ axis) for name, axis in axes.items()}
        largest = max(float(np.abs(exact).max()) for _, exact in parts.values())
        sources[source] = {name: curve(*part, largest) for name, part in parts.items()}
    return {
        "h_R": h.tolist(),
        "line_h_R": line.tolist(),
        "error": found.error.max(axis=(-1, -2)).tolist(),
        "sources": sources,
        "bound_from": first_states(iface).h_R,
    }


def orders_data(iface: Interface) -> dict[str, Any]:
    """Return everything about orders in h_R, ready for JSON; the interface's own h_R is not used.

    With "expandable" false, only the first order, and "why": the rest does not exist then, and
    `exponent_data` says what does.
    """
    if why := why_not_expandable(iface):
        rows = coefficient_rows(iface, torque_orders(iface, 1), {})
        return {"expandable": False, "why": why, "radius": None, "coefficients": rows}
    radius = radius_of_convergence(iface)
    # First: next to an edge it refuses where the others take a minute.
    chain = chain_orders(iface)
    # The map of the radius wants more of them: summed once.
    series = torque_orders(iface, SUMMED)[: (HIGHEST + 1) // 2]
    routes = {
        "contour": contour_orders(iface, COMPARED, radius),
        "differences": difference_orders(MATCHING, iface, DIFFERENCES * radius),
    }
    return {
        "expandable": True,
        "radius": radius,
        "coefficients": coefficient_rows(iface, series, routes),
        CHAIN.name: chain,
        "remainders": remainder_rows(iface, series, radius),
        "curves": curves(iface, series, radius),
    }
