"""The work of a sweep: a chunk of points in, numbers out. Pure, and importable by any worker."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, NonNegativeInt

from sotcheck.engines import EXACT, Matching
from sotcheck.errors import EngineError, SotcheckError
from sotcheck.exact.observables import FLOWS
from sotcheck.numerics.arrays import Array, Mask
from sotcheck.run.threads import one_blas_thread
from sotcheck.sweep.grid import Point
from sotcheck.sweep.plan import Plan, sources, versions
from sotcheck.system.interface import BOUND, SOURCES, Interface
from sotcheck.system.model import System
from sotcheck.system.units import unit_of_torque
from sotcheck.trial import plain
from sotcheck.trial.torque import torque
from sotcheck.trial.torque_table import TorqueTable

#: Whose torques are kept: the sources', and that of states bound to the interface.
ROWS = (*SOURCES, BOUND)
#: Error terms kept of each; the total is their sum.
TERMS = ("quadrature", "discretization", "rounding", "total")
#: Bare interfaces that are solved together: arrays that stay in the cache.
TOGETHER = 128
#: The numbers of each.
NUMBERS = np.dtype([
    ("fieldlike", "<f8"), ("dampinglike", "<f8"), *((name, "<f8", (3,)) for name in ("vector", *FLOWS)),
    ("uncertainty", "<f8", (len(TERMS),)),
])  # fmt: skip


@dataclass(frozen=True)
class Chunk:
    """Results of some points of a sweep, and how many seconds they took.

    `values`, shape (n, ROWS) of NUMBERS, are NaN where a point failed, a component is undefined, or no bound
    state lies at E_F. Errors and warnings are empty where there is nothing to say.
    """

    indices: list[int]
    values: Any
    errors: list[str]
    warnings: list[str]
    seconds: float = 0.0

    def to_record(self) -> dict[str, Any]:
        """Return the chunk as the journal takes it, without the time, which is no result."""
        good = self.values[[not error for error in self.errors]]
        return {
            "points": self.indices, "values": good.tobytes(), "errors": self.errors, "warnings": self.warnings
        }  # fmt: skip

    @classmethod
    def from_record(cls, record: dict[str, Any], size: int) -> Chunk:
        """Return the chunk of a record in a sweep of so many points.

        A ValueError says that the record is none of such a sweep, or has no number where it has no error.
        """
        found = _Record.model_validate(record)
        if not len(found.points) == len(set(found.points)) == len(found.errors) == len(found.warnings):
            raise ValueError("not one error and one warning for each point")
        if max(found.points, default=size) >= size:
            raise ValueError("no points, or some beyond the sweep")
        numbers = np.frombuffer(found.values, NUMBERS)
        good = numbers.reshape(found.errors.count(""), len(ROWS))
        if not is_number(good):
            raise ValueError("a number is missing")
        values = unknown(len(found.points))
        values[[not error for error in found.errors]] = good
        return cls(found.points, values, found.errors, found.warnings)


class _Record(BaseModel):
    """A chunk in the journal."""

    model_config = ConfigDict(extra="forbid", strict=True)

    points: list[NonNegativeInt]
    values: bytes
    errors: list[str]
    warnings: list[str]


def unknown(points: int) -> Any:
    """Return the values of points of which nothing is known."""
    return np.full((points, len(ROWS)), np.nan, NUMBERS)


def floats(values: Any) -> Array:
    """Return contiguous NUMBERS as plain numbers, along another axis: the same memory."""
    return values.view("<f8").reshape(*values.shape, NUMBERS.itemsize // 8)


def is_number(values: Any) -> bool:
    """Say whether all is finite but undefined components (m parallel to y) and absent bound states."""
    numbers = floats(values)
    known = np.isfinite(numbers[..., 2:])
    absent = np.isnan(numbers[..., -1, :]).all(axis=-1)
    return bool(known[..., :-1, :].all() and (known[..., -1, :].all(axis=-1) | absent).all())


def failed(indices: Iterable[int], error: str = "") -> Chunk:
    """Return the chunk of points of which nothing is known but, perhaps, an error."""
    at = list(indices)
    return Chunk(at, unknown(len(at)), [error] * len(at), [""] * len(at))


def why(error: Exception) -> str:
    """Return what an error says, and its kind where it is none of ours."""
    return str(error) if isinstance(error, SotcheckError) else f"{type(error).__name__}: {error}"


def compute(plan: Plan, points: dict[int, Point]) -> Chunk:
    """Compute the torque of every source at some points, by their indices, with one BLAS thread.

    No digit depends on how points are put together. An EngineError says that
    something else is at work here than the sweep was started with.
    """
    here, there = {**versions(), "sources": sources()}, {**plan.versions, "sources": plan.sources}
    if here != there:
        raise EngineError(
            f"a worker has {_listed(here)}, the sweep was started with {_listed(there)}; install the same "
            "on all workers"
        )
    if plan.exact:
        # What is loaded later would not be limited.
        EXACT[plan.engine].prepare()
    started, chunk = time.perf_counter(), failed(points)
    with one_blas_thread():
        known = side_by_side(plan, list(points.values()), chunk)
        for i, point in enumerate(points.values()):
            if known[i]:
                continue
            try:
                table = solved(plan, plan.interface(point), plan.engine)
                for row in table:
                    kept = row.to_dict(table.iface, unit_of_torque(table.iface))
                    kept["uncertainty"] = [kept["uncertainty"][name] for name in TERMS]
                    numbers = tuple(kept[name] for name in NUMBERS.names or ())
                    chunk.values[i, ROWS.index(row.source)] = numbers
                if not is_number(chunk.values[i]):
                    raise EngineError(f"the engine {plan.engine} gave something that is no finite number")
                chunk.warnings[i] = "; ".join(table.warnings)
            except Exception as error:
                # Whatever happened at one point, a sweep of days goes on with the others.
                chunk.values[i], chunk.errors[i] = np.nan, why(error)
    return replace(chunk, seconds=time.perf_counter() - started)


def side_by_side(plan: Plan, points: list[Point], chunk: Chunk) -> Mask:
    """Write the torques of bare interfaces of which nothing else is to be told, all at once; return which."""
    known, found = np.zeros(len(points), dtype=bool), list[tuple[int, Interface]]()
    if plan.engine != Matching.name:
        return known
    for i, point in enumerate(points):
        try:
            system = plan.interface(point)
        except SotcheckError:
            continue
        if isinstance(system, Interface):
            found.append((i, system))
    for some in (found[n : n + TOGETHER] for n in range(0, len(found), TOGETHER)):
        at, interfaces = np.array([i for i, _ in some]), [one for _, one in some]
        try:
            numbers = plain.torques(interfaces, plan.tolerance)
        except Exception:
            # One of them is at fault, in any way: which one, and why, is told one by one.
            continue
        unit = np.array([unit_of_torque(one) for one in interfaces])[:, None]
        rows = unknown(len(some))
        of_sources = rows[:, : len(SOURCES)]
        for n, name in enumerate(("fieldlike", "dampinglike")):
            of_sources[name] = unit * numbers.parts[..., n]
        of_sources["vector"] = unit[..., None] * numbers.vector
        for n, name in enumerate(FLOWS):
            of_sources[name] = unit[..., None] * numbers.flows[:, :, n]
        terms = {"quadrature": numbers.quadrature, "discretization": 0.0, "rounding": numbers.rounding}
        terms["total"] = numbers.quadrature + numbers.rounding
        for n, name in enumerate(TERMS):
            of_sources["uncertainty"][..., n] = np.abs(unit) * terms[name]
        good = numbers.known & [is_number(row) for row in rows]
        chunk.values[at[good]], known[at[good]] = rows[good], True
    return known


def solved(plan: Plan, iface: System, *engines: str, h_R: Sequence[float] | None = None) -> TorqueTable:
    """Return torques with the sweep's own settings."""
    return torque(
        iface,
        engines,
        h_R=h_R,
        scheme=plan.scheme or "exact-difference",
        spacing=plan.spacing if plan.engine in engines else None,
        tolerance=plan.tolerance,
    )


def _listed(found: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in found.items())
