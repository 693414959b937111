"""The figures of a report's section on what lies beyond first order: which, of which numbers, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sotcheck.pages import bound_states_plots as plots_binding
from sotcheck.pages import harmonics_plots as plots_harmonics
from sotcheck.pages import orders_plots as plots_orders

Data = dict[str, Any]


@dataclass(frozen=True)
class Picture:
    """One figure: file name, title, the part of `beyond_data` it shows, and how."""

    name: str
    title: str
    part: str
    draw: Callable[[Data], Any]


def pictures(data: Data) -> list[Picture]:
    """Return the figures for what `beyond_data` found: some need an expansion, some need its failure."""
    found = []
    if data["orders"]["expandable"]:
        found += [
            Picture("orders", "What orders 1, 3 and 5 leave", "orders", plots_orders.remainders),
            Picture("sums", "Partial sums and Padé approximants", "orders", plots_orders.sums),
        ]
    if data["exponent"] is not None:
        found.append(Picture("exponent", "How first order fails here", "exponent", plots_orders.exponents))
    return [
        *found,
        Picture("radius", "Where the series in h_R converges", "radius", plots_orders.radius_map),
        Picture(
            "harmonics", "Angular harmonics of the torque", "harmonics", plots_harmonics.draw_coefficients
        ),
        Picture("scans", "The torque against the polar angle of m", "harmonics", plots_harmonics.draw_scans),
        Picture("bound-states", "States below the continuum", "bound_states", plots_binding.draw_map),
        Picture("dispersion", "Bound states' energy, and E_F", "bound_states", plots_binding.draw_dispersion),
    ]
