"""The torque per source from any engine, each number with its budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from sotcheck.engines import FIRST_ORDER, Engine, Scheme, engine_names, exact_engines
from sotcheck.errors import SystemFileError, in_range
from sotcheck.exact.apart import Summed
from sotcheck.exact.observables import components, largest_torque, parts_of
from sotcheck.exact.side_by_side import FLOOR
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.system.interface import BOUND, SOURCES, Interface
from sotcheck.system.model import LARGEST, System
from sotcheck.system.stack import Stack
from sotcheck.theory.first_order import torque_vector
from sotcheck.theory.sums import first_order_flows, first_order_torque, stack_flows, stack_torque
from sotcheck.trial.exact_rows import exact_rows
from sotcheck.trial.paper import first_order
from sotcheck.trial.plain import unremarkable
from sotcheck.trial.reach import naming_layers, refuse_beyond
from sotcheck.trial.stack_expansion import expansion_of, strength
from sotcheck.trial.torque_table import TorqueRow, TorqueTable

#: Default relative quadrature error, and the range accepted.
TOLERANCE, TOLERANCES = 1e-9, (1e-12, 0.1)


@single_threaded
def torque(
    iface: System,
    engine: str | Sequence[str] | None = None,
    *,
    h_R: float | Sequence[float] | None = None,
    scale: float | Sequence[float] | None = None,
    scheme: Scheme = "exact-difference",
    spacing: float | None = None,
    tolerance: float = TOLERANCE,
    certify: bool | str = False,
    certify_within: float = math.inf,
    progress: Progress = silent,
) -> TorqueTable:
    """Compute the torque of every source of a bare `Interface` or a `Stack`.

    Parameters and errors are those of `sotcheck.torque`; `certify` may name the file, read once more, of
    which it is to be proved.
    """
    names, values = asked(iface, engine, h_R, tolerance)
    if scale is not None:
        for factor in np.atleast_1d(scale):
            in_range("scale", float(factor), -LARGEST, LARGEST)
        values = list(dict.fromkeys(v * float(factor) for v in values for factor in np.atleast_1d(scale)))
    engines = exact_engines(names, scheme, spacing)
    for one in engines.values():
        refuse_beyond(one, iface)
    of = partial(rows_by, iface=iface, values=values, tolerance=tolerance, summed={})
    rows = [row for name in progress(names, "torque") for row in of(engines.get(name))]
    warned = _warned(iface, values, rows)
    rows = with_scales(iface, rows, asked=scale is not None)
    if certify:
        from sotcheck.trial.certified import certified

        named = certify if isinstance(certify, str) else None
        rows = certified(iface, rows, named, seconds=certify_within, progress=progress)
    return TorqueTable(iface, tuple(rows), tuple(warned))


def _warned(system: System, scales: list[float], rows: list[TorqueRow]) -> list[str]:
    some = [h for h, nothing in zip(scales, unremarkable(system, scales), strict=True) if not nothing]
    said = []
    if some:
        from sotcheck.beyond.warnings import warnings

        said = warnings(system, some, _summed(rows, SOURCES), _summed(rows, (BOUND,)))
    if isinstance(system, Interface) or not any(row.engine == FIRST_ORDER for row in rows):
        return said
    expansion, embedded = expansion_of(system)
    words = f"{expansion.words}, added here" if embedded.value.any() else expansion.words
    return [*said, f"first order: {words}"] if words else said


def asked(
    iface: System, engine: str | Sequence[str] | None, h_R: float | Sequence[float] | None, tolerance: float
) -> tuple[list[str], list[float]]:
    """Return the engines' names and the h_R to try: all, and the interface's own, by default.

    Of a stack with other spin-orbit terms than h_R: the scale of all of them, 1 by default. A SystemFileError
    or an EngineError says that an h_R is not acceptable, or the tolerance out of range.
    """
    names = [engine] if isinstance(engine, str) else list(engine or engine_names())
    if h_R is not None and not iface.only_rashba:
        raise SystemFileError(
            f"{iface.name}: h_R (--h-r) is not its only spin-orbit term; leave it out: scale "
            "(--scale of torque) multiplies all"
        )
    given = np.atleast_1d(np.asarray(iface.scale if h_R is None else h_R, dtype=float))
    # Only a number that is refused needs the words for it.
    values = [h if abs(h) <= LARGEST else iface.with_(h_R=h).h_R for h in given.tolist()]
    in_range("tolerance", tolerance, *TOLERANCES)
    return names, values


def _summed(rows: list[TorqueRow], sources: Sequence[str]) -> dict[float, Array]:
    """Return the sum of the sources' t by h_R from one exact engine, if any was asked."""
    exact = [row for row in rows if row.engine != FIRST_ORDER and row.source in sources]
    one = [row for row in exact if row.engine == exact[0].engine]
    return {h: np.sum([row.vector for row in one if row.h_R == h], axis=0) for h in {row.h_R for row in one}}


def rows_by(
    engine: Engine | None, iface: System, values: list[float], tolerance: float, summed: Summed
) -> list[TorqueRow]:
    """Return the rows of an engine, or to first order, at these h_R, or scales of all spin-orbit terms.

    `summed` keeps a stack's sums for the engines asked after the first.
    """
    if engine is not None:
        return exact_rows(iface, engine, values, tolerance, summed)
    of = _first_order_rows if isinstance(iface, Interface) else _stack_rows
    return of(iface, values, tolerance)


def with_scales(iface: System, rows: list[TorqueRow], *, asked: bool = False) -> list[TorqueRow]:
    """Return rows with their scale, of a stack or where it was asked for, and with the h_R that it makes."""
    if asked or isinstance(iface, Stack):
        rows = [replace(row, scale=row.h_R / iface.scale if iface.scale else 0.0) for row in rows]
    if not iface.only_rashba:
        rows = [replace(row, h_R=row.h_R * iface.h_R) for row in rows]
    return rows


def _first_order_rows(iface: System, h_R: list[float], tolerance: float) -> list[TorqueRow]:
    theory, m = first_order(), iface.direction
    currents = first_order_flows(iface, theory, rtol=tolerance)
    rounding = _rounding(iface, currents, 1.0)
    sums = first_order_torque(iface, theory.torque, rtol=tolerance).total.and_("rounding", *rounding)
    by_source = (sums.size("quadrature") + currents.error.max(axis=(1, 2)))[:, None]
    error = {"quadrature": (by_source, "nested rules in k_perp"), "rounding": rounding}
    vectors = Estimate(torque_vector(sums.value, m), error)
    # The components are the formula's own, but for m along y, where they belong to no vector.
    defined = components(np.zeros(3), m) is not None
    return [
        TorqueRow(
            FIRST_ORDER, None, h, iface.m, source, vectors[s] * h, sums[s].parts * h if defined else None,
            h * currents.value[s],
        )
        for h in h_R
        for s, source in enumerate(SOURCES)
    ]  # fmt: skip


def _rounding(system: System, flows: Estimate, strength: float) -> tuple[float, str]:
    """Return what rounding leaves of sums of flows like these, those of both spins apart, and why."""
    largest = max(float(np.abs(flows.value).max()), largest_torque(system) * strength)
    return FLOOR * largest, "double precision"


def _stack_rows(iface: System, scales: list[float], tolerance: float) -> list[TorqueRow]:
    with naming_layers(iface):
        found, embedded = stack_torque(iface, rtol=tolerance), expansion_of(iface)[1]
        flows = stack_flows(iface, rtol=tolerance) if not embedded.value.any() else None
    rounding = _rounding(iface, flows or found, strength(iface.structure))
    found = found.and_("rounding", *rounding) + embedded
    # Of a state bound among open channels only the whole torque is known.
    number = 4 * len(iface.structure.interfaces) + 2 * len(iface.structure.layers)
    values = flows.value if flows else np.full((len(SOURCES), number, 3), np.nan)
    told = found.total - rounding[0] + (flows.total if flows else 0.0)
    error = {"quadrature": (told, "nested rules in k_perp"), "rounding": rounding}
    rows = []
    for scale in scales:
        for s, source in enumerate(SOURCES):
            t = Estimate(found.value[s], error) * scale
            parts = parts_of(found[s] * scale, iface.direction)
            rows.append(TorqueRow(FIRST_ORDER, None, scale, iface.m, source, t, parts, scale * values[s]))
    return rows
