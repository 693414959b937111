"""Rows of a torque table by an exact engine: sources', and those of bound states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sotcheck.bound.contour import DOUBLED
from sotcheck.bound.fermi import occurrence
from sotcheck.bound.flows import bound_flows
from sotcheck.bound.stack_by_kwant import flows_by_kwant
from sotcheck.bound.stack_fermi import no_end
from sotcheck.bound.stack_flows import stack_bound_flows
from sotcheck.engines import Engine
from sotcheck.errors import EngineError
from sotcheck.exact.apart import Summed, flows_beside
from sotcheck.exact.inside import errors_of_t, total_torque
from sotcheck.exact.observables import LAST_STEP, parts_of, summed_errors
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.estimate import Estimate, Terms
from sotcheck.system.interface import BOUND, SOURCES, Interface
from sotcheck.system.model import System
from sotcheck.system.stack import Stack
from sotcheck.trial.plain import unremarkable
from sotcheck.trial.reach import most_problems, naming_layers
from sotcheck.trial.torque_table import TorqueRow


def exact_rows(
    iface: System, engine: Engine, h_R: list[float], tolerance: float, summed: Summed
) -> list[TorqueRow]:
    """Return the rows at these h_R, or scales of all spin-orbit terms; `summed` as of `rows_by`."""
    rows, plain = [], unremarkable(iface, h_R)
    roundings = summed_errors(engine, iface, np.array(h_R)).sum(axis=0)
    for h, rounding, nothing in zip(h_R, roundings, plain, strict=True):
        most = most_problems(engine, iface)
        with naming_layers(iface):
            found = flows_beside(engine, iface, h, tolerance, most, float(rounding.max()), summed)
        rows += rows_of(iface, engine, h, found.total[0] * (h or 1.0), rounding)
        if nothing:
            continue
        if isinstance(iface, Interface) and occurrence(iface, h).has_bound_edge:
            rows += _bound_row(iface, engine, h, tolerance)
        elif isinstance(iface, Stack) and len(engine.rungs(iface.structure)) == 1:
            rows += _stack_bound_rows(iface, engine, h, tolerance)
    return rows


def rows_of(iface: System, engine: Engine, h_R: float, found: Estimate, rounding: Array) -> list[TorqueRow]:
    """Return the rows of all sources' flows (3, F, 3), which states' own errors may move by so much (3,)."""
    error, (_, how) = found.error, found.terms["quadrature"]
    # t is the part across m of a sum of two flows.
    of_t, twice = errors_of_t(iface.structure, error), 2 * rounding
    # Of a bare interface errors of components are alike, each the largest of any: one stands for all.
    size = of_t.max(axis=-1) if isinstance(iface, Interface) else np.linalg.norm(of_t, axis=-1)
    lattice = found.size("lattice").max(axis=(-1, -2))
    quadrature = np.maximum(size, error.max(axis=(-1, -2))) - lattice
    terms: list[Terms] = [
        {
            "quadrature": (float(own), how),
            "lattice": (float(last), LAST_STEP),
            "rounding": (float(noise), "double precision, amplified by the lattice"),
        }
        for own, last, noise in zip(quadrature, lattice, twice, strict=True)
    ]
    return _rows(iface, engine, h_R, SOURCES, found.value, terms, of_t + twice[:, None])


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
    return _rows(iface, engine, h_R, [BOUND], fit.value[None], [terms], errors[None])


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
    return _rows(iface, engine, scale, [BOUND], found.value[None], [terms], errors[None])


def _rows(
    iface: System, engine: Engine, h_R: float, sources: Sequence[str], flows: Array, terms: list[Terms],
    errors: Array,
) -> list[TorqueRow]:  # fmt: skip
    """Return rows of some flows (n, F, 3): `terms` are those of all of t, `errors` (n, 3) along x, y, z."""
    t = total_torque(iface.structure, flows)
    parts = parts_of(Estimate(t, {"sum": (errors, "of two flows")}), iface.direction)
    return [
        TorqueRow(
            engine.name, engine.scheme, h_R, iface.m, source, Estimate(t[n], terms[n]),
            None if parts is None else parts[n], flows[n],
        )
        for n, source in enumerate(sources)
    ]  # fmt: skip
