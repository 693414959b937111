"""Rows of a torque table of states bound at E_F, by an exact engine."""

from __future__ import annotations

import numpy as np

from sotcheck.bound.contour import DOUBLED
from sotcheck.bound.fermi import occurrence
from sotcheck.bound.flows import bound_flows
from sotcheck.bound.stack_by_kwant import flows_by_kwant
from sotcheck.bound.stack_fermi import no_end
from sotcheck.bound.stack_flows import stack_bound_flows
from sotcheck.engines import Engine
from sotcheck.errors import EngineError
from sotcheck.exact.inside import errors_of_t
from sotcheck.exact.observables import LAST_STEP
from sotcheck.numerics.convergence import richardson
from sotcheck.system.interface import BOUND, Interface
from sotcheck.system.model import System
from sotcheck.system.stack import Stack
from sotcheck.trial.exact_rows import as_rows
from sotcheck.trial.torque_table import TorqueRow


def bound_rows(iface: System, engine: Engine, h_R: float, tolerance: float) -> list[TorqueRow]:
    """Return the row at this h_R, or scale of all spin-orbit terms, none if no state is bound at E_F."""
    if isinstance(iface, Interface) and occurrence(iface, h_R).has_bound_edge:
        return _bound_row(iface, engine, h_R, tolerance)
    if isinstance(iface, Stack) and len(engine.rungs(iface.structure)) == 1:
        return _stack_bound_rows(iface, engine, h_R, tolerance)
    return []


def _bound_row(iface: Interface, engine: Engine, h_R: float, tolerance: float) -> list[TorqueRow]:
    found = [bound_flows(one, iface, h_R, tolerance) for one in engine.rungs(iface.structure)]
    powers = tuple(2 * n for n in range(1, len(found)))
    fit = richardson(np.stack([one.value for one in found]), powers)
    noise = np.array([[one.terms[name][0] for name in ("quadrature", "rounding")] for one in found])
    quadrature, rounding = richardson(0 * noise, powers, noise).size("rounding")
    terms = {
        "quadrature": (float(quadrature), DOUBLED),
        "lattice": (float(fit.size("next order").max()) if powers else 0.0, LAST_STEP),
        "rounding": (float(rounding), "double precision, carried on to the contour"),
    }
    # t is the part across m of a sum of two flows.
    errors = np.full(3, 2 * sum(size for size, _ in terms.values()))
    return as_rows(iface, engine, h_R, [BOUND], fit.value[None], [terms], errors[None])


def _stack_bound_rows(iface: Stack, engine: Engine, scale: float, tolerance: float) -> list[TorqueRow]:
    """Return the row of states bound in a stack at E_F; none where `on_stack` says why it cannot be told."""
    structure, by = iface.structure, (flows_by_kwant, 2) if engine.scheme else ()
    try:
        found = None if no_end(structure, scale) else stack_bound_flows(structure, scale, tolerance, *by)
    except EngineError:
        found = None
    if found is None:
        return []
    # t is the sum of what every interface and layer takes.
    terms = {
        name: (
            float(np.linalg.norm(errors_of_t(structure, np.broadcast_to(size, found.value.shape)))),
            origin,
        )
        for name, (size, origin) in found.terms.items()
    }
    errors = errors_of_t(structure, found.error)
    return as_rows(iface, engine, scale, [BOUND], found.value[None], [terms], errors[None])
