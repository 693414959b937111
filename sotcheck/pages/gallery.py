"""The figures of a report's section on what lies beyond first order: which, of which numbers, and when."""

from __future__ import annotations

from sotcheck.pages import bound_states_plots as bound
from sotcheck.pages import harmonics_plots as harmonics
from sotcheck.pages import orders_plots as orders
from sotcheck.pages.publish import Data, Picture

#: File name, title, part of the data, and how it is drawn.
EXPANDABLE = (
    ("orders", "What orders 1, 3 and 5 leave", "orders", orders.remainders),
    ("sums", "Partial sums and Padé approximants", "orders", orders.sums),
)
NOT_EXPANDABLE = (("exponent", "How first order fails here", "exponent", orders.exponents),)
ALWAYS = (
    ("radius", "Where the series in h_R converges", "radius", orders.radius_map),
    ("harmonics", "Angular harmonics of the torque", "harmonics", harmonics.draw_coefficients),
    ("scans", "The torque against the polar angle of m", "harmonics", harmonics.draw_scans),
    ("bound-states", "States below the continuum", "bound_states", bound.draw_map),
    ("dispersion", "Bound states' energy, and E_F", "bound_states", bound.draw_dispersion),
)


def pictures(data: Data) -> list[Picture]:
    """Return the figures of what was found: some need an expansion, some need its failure."""
    some = (EXPANDABLE if data["orders"]["expandable"] else ()) + (NOT_EXPANDABLE if data["exponent"] else ())
    return [Picture(f"beyond-{name}", title, draw, data[part]) for name, title, part, draw in some + ALWAYS]
