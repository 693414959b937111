"""What the numbers beyond first order mean, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sotcheck.numerics.crossing import LARGEST

Data = dict[str, Any]

#: Forbidden harmonics larger than this come from the sampling of m.
MIXED_UP = 1e-6


def conclusions(data: Data) -> list[str]:
    """Say in plain sentences what `document.beyond_data` found."""
    return [
        *on_limits(data["limits"]),
        # For m ∥ y there are no components, and without them nothing to compare.
        *(on_orders(data["orders"]) if data["limits"][0]["kind"] != "undefined" else ()),
        *on_radius(data["radius"]),
        *on_exponent(data["exponent"]),
        *on_harmonics(data["harmonics"]),
        *data["bound_states"]["conclusions"],
    ]


def on_limits(rows: list[Data]) -> Iterator[str]:
    """Say from which h_R first order is off."""
    total = [row for row in rows if row["source"] != "total"]
    for limit in sorted({row["limit"] for row in rows}):
        found = [row for row in total if row["limit"] == limit and row["h_R"] is not None]
        if found:
            worst = min(found, key=lambda row: row["h_R"])
            yield (
                f"First order is off by {limit:.0%} from h_R = {worst['h_R']:.3g} on "
                f"({worst['component']} torque of {worst['source']} electrons)."
            )
    for reason in dict.fromkeys(row["reason"] for row in total if row["kind"] in ("embedded", "immediate")):
        yield f"Its limit is zero: {reason}."


def on_orders(orders: Data) -> Iterator[str]:
    """Say how well the series' coefficients are confirmed, and how far sums of it reach."""
    if not orders["expandable"]:
        yield f"There is no expansion of the torque in h_R: {orders['why']}."
        return
    off: dict[int, float] = {}
    for row in orders["coefficients"]:
        if row["order"] <= 5 and row["contour_off"] is not None:
            off[row["order"]] = max(off.get(row["order"], 0.0), row["contour_off"])
    numbers = ", ".join(f"{value:.0e} (order {order})" for order, value in off.items())
    yield f"The series in h_R gives the exact torque's own coefficients, to {numbers}."
    slopes = [row for row in orders["remainders"]["rows"] if row["slope"] is not None]
    if slopes:
        worst = max(slopes, key=lambda row: abs(row["slope"] - row["through_order"] - 2))
        yield (
            "What is left after orders 1, 3, 5 falls as h_R^3, h_R^5, h_R^7: of "
            f"{len(slopes)} slopes the one farthest off is {worst['slope']:.4f} ± {worst['slope_error']:.4f}."
        )


def on_radius(radius: Data) -> Iterator[str]:
    """Say where the series stops to converge, and why."""
    smallest = radius["smallest"]
    if smallest["vanishes"]:
        yield f"The series converges nowhere for all k_perp together: {smallest['why']}."
    else:
        yield (
            f"At every k_perp the series converges up to h_R = {smallest['radius']:.4g} at least; "
            f"what limits it: {smallest['why']} ({smallest['kind']})."
        )


def on_exponent(exponent: Data | None) -> Iterator[str]:
    """Say how the torque departs from first order where a channel is transparent."""
    if exponent is None:
        return
    measured = ", ".join(
        f"{row['exponent']:.3f} ± {row['exponent_error']:.3f} ({source})"
        for source, row in exponent["sources"].items()
        if row["measured"] and row["exponent"] is not None
    )
    yield (
        f"The {exponent['spin']} channel is transparent: the torque departs from first order as h_R to the "
        f"power {measured}."
    )


def on_harmonics(harmonics: Data) -> Iterator[str]:
    """Say what torques besides m×y and m×(y×m) appear."""
    h_R, degrees = harmonics["h_R"], harmonics["degrees"]
    for source, part in harmonics["sources"].items():
        last = [max(abs(part[name][-1][i]) for name in ("fieldlike", "dampinglike")) for i in (0, 1)]
        if last[0] > 0:
            yield (
                f"At h_R = {h_R[-1]:g} harmonics of degree {degrees[1]} of the torque of {source} electrons "
                f"have {last[1] / last[0]:.1%} of the size of the first."
            )
    forbidden = harmonics["forbidden"]
    kinds = ("rotations around z", "mirrors", "spin rotations")
    worst = max(forbidden[kind] for kind in kinds)
    yield (
        f"Harmonics that symmetry forbids are below {worst:.0e} of the allowed ones on a sphere of "
        f"{forbidden['directions']} directions"
        + (
            ": the torque is not analytic in m here, and so few directions mix up its harmonics."
            if worst > MIXED_UP
            else "."
        )
    )


def bound_at_limit(point: Data) -> bool:
    """Whether bound states lie at E_F below a point's limit; where it has none, whether at any h_R."""
    start, limit = point["bound_from"], LARGEST if point["kind"] == "beyond" else point["h_R"]
    return start is not None and (start == 0.0 or (limit is not None and start < limit))


def on_bound_states(points: Sequence[Data]) -> Iterator[str]:
    """Say at how many points of a map bound states lie at E_F, whose torque the map leaves out."""
    at_limit = sum(map(bound_at_limit, points))
    if at_limit:
        always = sum(point["bound_from"] == 0.0 for point in points)
        yield (
            f"Warning: at {at_limit} of {len(points)} points bound states lie at E_F below the limit (at "
            f"{always} of them at any h_R): the map is of scattering states and leaves their torque out"
        )
