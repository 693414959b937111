"""Rows of a torque table by an exact engine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sotcheck.engines import Engine
from sotcheck.exact.apart import Summed, flows_beside
from sotcheck.exact.inside import errors_of_t, total_torque
from sotcheck.exact.observables import LAST_STEP, parts_of, summed_errors
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate, Terms
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.system.model import System
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
        if not nothing:
            # Most interfaces have no use for all that looks for bound states.
            from sotcheck.trial.bound_rows import bound_rows

            rows += bound_rows(iface, engine, h, tolerance)
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
    return as_rows(iface, engine, h_R, SOURCES, found.value, terms, of_t + twice[:, None])


def as_rows(
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
