"""How far perturbation theory holds for one system, why it stops, and what the torque does beyond."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from tabulate import tabulate

from sotcheck import __version__
from sotcheck.beyond.exponent import exponent_data
from sotcheck.beyond.harmonics import harmonics_data
from sotcheck.beyond.limits import trust_limits
from sotcheck.beyond.orders import orders_data
from sotcheck.beyond.radius import radius_data
from sotcheck.beyond.warnings import warnings
from sotcheck.beyond.words import conclusions
from sotcheck.bound.portrait import one_interface
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.system.files import to_document
from sotcheck.system.interface import Interface

#: Points of the bound-state map that Kwant solves as well.
CHECKS = 10


@single_threaded
def beyond_data(iface: Interface, *, progress: Progress = silent) -> dict[str, Any]:
    """Return all numbers beyond first order about one system, ready for JSON."""
    parts: dict[str, Callable[[], Any]] = {
        "orders": partial(orders_data, iface),
        "radius": partial(radius_data, iface),
        "exponent": partial(exponent_data, iface),
        "limits": lambda: [asdict(row) for row in trust_limits(iface)],
        "harmonics": partial(harmonics_data, iface),
        "bound_states": partial(one_interface, iface, CHECKS),
    }
    return {name: parts[name]() for name in progress(parts, f"{iface.name}: beyond")}


@dataclass(frozen=True)
class BeyondResult:
    """What lies beyond first order; prints as a table with conclusions, converts to JSON."""

    iface: Interface
    data: dict[str, Any]

    def to_json(self) -> str:
        """Return everything as JSON text."""
        document = {
            "sotcheck": __version__,
            "system": to_document(self.iface),
            "warnings": warnings(self.iface, [self.iface.h_R]),
            "conclusions": conclusions(self.data),
            "beyond": self.data,
        }
        return json.dumps(document, indent=1, allow_nan=False) + "\n"

    def __str__(self) -> str:
        rows = [
            (source, part, f"{limit:.0%}", "-" if h_R is None else f"{h_R:.5g}", reason)
            for source, part, limit, h_R, _, _, reason in map(dict.values, self.data["limits"])
        ]
        table = tabulate(rows, ["source", "component", "off by", "at h_R", ""], disable_numparse=True)
        sentences = [f"- {sentence}" for sentence in conclusions(self.data)]
        return "\n".join([str(self.iface), "", table, "", *sentences])


def beyond(iface: Interface, *, progress: Progress = silent) -> BeyondResult:
    """Compute how far first order holds, why it stops, and what lies beyond."""
    return BeyondResult(iface, beyond_data(iface, progress=progress))
