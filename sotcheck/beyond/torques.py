"""The exact torque at given h_R, as an Estimate, and its components by name."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sotcheck.engines import Engine, KwantChain, Matching
from sotcheck.exact.inside import errors_of_t, total_torque
from sotcheck.exact.observables import components, exact_flows
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.model import SOURCES, System

#: The engine of all curves, and the one that tries points of them.
MATCHING, CHAIN = Matching(), KwantChain()


def exact_torque(
    system: System, h_R: Array, *, rtol: float, engine: Engine | None = None, most: int | None = None
) -> Estimate:
    """Return t/h_R of scattering states with its quadrature error, shape (n, 3, 3): h_R, source, component.

    The system's own h_R, or scale, is not used; rtol and most are those of `exact_flows`.
    """
    h_R, structure = np.asarray(h_R, dtype=float), system.structure
    flows = exact_flows(engine or MATCHING, system, h_R, rtol=rtol, most=most).total
    return flows.each(lambda all_: total_torque(structure, all_), lambda size: errors_of_t(structure, size))


def component_axes(m: Array) -> dict[str, Array]:
    """Return by name the vectors e of t's components t·e: fieldlike and dampinglike, x, y, z where m ∥ ŷ."""
    split = components(np.eye(3), m)
    return (
        dict(zip("xyz", np.eye(3), strict=True))
        if split is None
        else dict(zip(("fieldlike", "dampinglike"), split, strict=True))
    )


def open_sources(iface: System) -> Iterator[tuple[int, str]]:
    """Yield place and name of each source from which something comes in at E_F."""
    for s, source in enumerate(SOURCES):
        if iface.k_perp2_max(source) > 0:
            yield s, source


def numbers(name: str, found: Estimate | None) -> dict[str, float | None]:
    """Return a number and its error under its name, ready for JSON; None where there is none."""
    known = (None, None) if found is None else (float(found.value), found.total)
    return dict(zip((name, f"{name}_error"), known, strict=True))
