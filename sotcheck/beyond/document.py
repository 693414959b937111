"""How far perturbation theory holds for one system, why, and what comes after: numbers and sentences."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from sotcheck import __version__
from sotcheck.beyond.harmonics import harmonics_data
from sotcheck.beyond.limits import LIMITS, strength_of, trust_limits
from sotcheck.beyond.orders import orders_data
from sotcheck.beyond.radius import exponent_data, radius_data
from sotcheck.beyond.warnings import at_smallest, warnings
from sotcheck.bound.portrait import one_interface
from sotcheck.numerics.crossing import LARGEST
from sotcheck.run.progress import Progress, silent
from sotcheck.run.tables import tabled
from sotcheck.run.threads import single_threaded
from sotcheck.system.files import to_document
from sotcheck.system.interface import Interface
from sotcheck.system.model import System

Data = dict[str, Any]

#: Points of the bound-state map that Kwant solves as well.
CHECKS = 10
#: Forbidden harmonics larger than this come from the sampling of m.
MIXED_UP = 1e-6


@single_threaded
def beyond_data(system: System, *, limits: Sequence[float] = LIMITS, progress: Progress = silent) -> Data:
    """Return all numbers beyond first order about one system, ready for JSON; of a stack the limits alone."""
    parts: dict[str, Callable[[], Any]] = {
        "limits": lambda: [asdict(row) for row in trust_limits(system, limits=limits)]
    }
    if isinstance(system, Interface):
        parts = {
            "orders": partial(orders_data, system),
            "radius": partial(radius_data, system),
            "exponent": partial(exponent_data, system),
            **parts,
            "harmonics": partial(harmonics_data, system),
            "bound_states": partial(one_interface, system, CHECKS),
        }
    return {name: parts[name]() for name in progress(parts, f"{system.name}: beyond")}


@dataclass(frozen=True)
class BeyondResult:
    """What `beyond_data` found; prints as a table with conclusions, converts to JSON."""

    iface: System
    data: Data

    @property
    def warnings(self) -> list[str]:
        """What keeps first order from being trusted at the system's own h_R; of a stack at its limits."""
        if isinstance(self.iface, Interface):
            return warnings(self.iface, [self.iface.scale])
        return at_smallest(self.iface, (row["h_R"] for row in self.data["limits"]))

    def to_json(self) -> str:
        """Return everything as JSON text."""
        document = {
            "sotcheck": __version__,
            "system": to_document(self.iface),
            "warnings": self.warnings,
            "conclusions": conclusions(self.data, strength_of(self.iface)),
            "beyond": self.data,
        }
        return json.dumps(document, indent=1, allow_nan=False) + "\n"

    def __str__(self) -> str:
        rows = [
            (source, part, percent(limit), "-" if h_R is None else f"{h_R:.5g}", reason)
            for source, part, limit, h_R, _, _, reason in map(dict.values, self.data["limits"])
        ]
        strength = strength_of(self.iface)
        table = tabled(rows, ["source", "component", "off by", f"at {strength}", ""])
        sentences = [f"- {sentence}" for sentence in conclusions(self.data, strength)]
        return "\n".join([str(self.iface), "", table, "", *sentences])


def percent(part: float) -> str:
    """Return a part of one in per cent."""
    return f"{100 * part:.3g}%"


def conclusions(data: Data, strength: str = "h_R") -> list[str]:
    """Say in plain sentences what `beyond_data` found."""
    if "orders" not in data:
        return list(_on_limits(data["limits"], strength))
    return [
        *_on_limits(data["limits"], strength),
        # For m ∥ y there are no components, and without them nothing to compare.
        *(_on_orders(data["orders"]) if data["limits"][0]["kind"] != "undefined" else ()),
        *_on_convergence(data["radius"]["smallest"], data["exponent"]),
        *_on_harmonics(data["harmonics"]),
        *data["bound_states"]["conclusions"],
    ]


def _on_limits(rows: list[Data], strength: str) -> Iterator[str]:
    total = [row for row in rows if row["source"] != "total"]
    for limit in sorted({row["limit"] for row in rows}):
        found = [row for row in total if row["limit"] == limit and row["h_R"] is not None]
        if found:
            worst = min(found, key=lambda row: row["h_R"])
            yield (
                f"First order is off by {percent(limit)} from {strength} = {worst['h_R']:.3g} on "
                f"({worst['component']} torque of {worst['source']} electrons)."
            )
    for reason in dict.fromkeys(row["reason"] for row in total if row["kind"] in ("embedded", "immediate")):
        yield f"Its limit is zero: {reason}."


def _on_orders(orders: Data) -> Iterator[str]:
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


def _on_convergence(smallest: Data, exponent: Data | None) -> Iterator[str]:
    """Say where the series stops to converge and why, and how fast the torque departs without one."""
    if smallest["vanishes"]:
        yield f"The series converges nowhere for all k_perp together: {smallest['why']}."
    else:
        yield (
            f"At every k_perp the series converges up to h_R = {smallest['radius']:.4g} at least; "
            f"what limits it: {smallest['why']} ({smallest['kind']})."
        )
    if exponent is not None:
        measured = ", ".join(
            f"{row['exponent']:.3f} ± {row['exponent_error']:.3f} ({source})"
            for source, row in exponent["sources"].items()
            if row["measured"] and row["exponent"] is not None
        )
        yield (
            f"The {exponent['spin']} channel is transparent: the torque departs from first order as h_R to "
            f"the power {measured}."
        )


def _on_harmonics(harmonics: Data) -> Iterator[str]:
    """Say what torques besides m×y and m×(y×m) appear."""
    for source, part in harmonics["sources"].items():
        last = [max(abs(part[name][-1][i]) for name in ("fieldlike", "dampinglike")) for i in (0, 1)]
        if last[0] > 0:
            yield (
                f"At h_R = {harmonics['h_R'][-1]:g} harmonics of degree {harmonics['degrees'][1]} of the "
                f"torque of {source} electrons have {last[1] / last[0]:.1%} of the size of the first."
            )
    forbidden = harmonics["forbidden"]
    worst = max(forbidden[kind] for kind in ("rotations around z", "mirrors", "spin rotations"))
    mixed = ": the torque is not analytic in m here, and so few directions mix up its harmonics"
    yield (
        f"Harmonics that symmetry forbids are below {worst:.0e} of the allowed ones on a sphere of "
        f"{forbidden['directions']} directions{mixed if worst > MIXED_UP else ''}."
    )


def bound_at_limit(point: Data) -> bool:
    """Whether bound states lie at E_F below a point's limit; where it has none, whether at any h_R."""
    start, limit = point["bound_from"], LARGEST if point["kind"] == "beyond" else point["h_R"]
    return start is not None and (start == 0.0 or (limit is not None and start < limit))


def on_bound_states(points: Sequence[Data]) -> Iterator[str]:
    """Say at how many points of a map bound states lie at E_F, whose torque the map leaves out."""
    if at_limit := sum(map(bound_at_limit, points)):
        always = sum(point["bound_from"] == 0.0 for point in points)
        yield (
            f"Warning: at {at_limit} of {len(points)} points bound states lie at E_F below the limit (at "
            f"{always} of them at any h_R): the map is of scattering states and leaves their torque out"
        )
