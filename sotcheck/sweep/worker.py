"""The work of a sweep: a chunk of points in, numbers out. Pure, and importable by any worker."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, NonNegativeInt

from sotcheck.engines import EXACT, Scheme
from sotcheck.errors import EngineError, SotcheckError
from sotcheck.exact.observables import FLOWS
from sotcheck.numerics.arrays import Array
from sotcheck.run.threads import one_blas_thread
from sotcheck.sweep.grid import Point, changes
from sotcheck.sweep.plan import sources, versions
from sotcheck.system.files import from_document
from sotcheck.system.interface import BOUND, SOURCES
from sotcheck.trial.torque import torque
from sotcheck.trial.torque_table import TorqueRow

#: Error terms kept for each source; the total is their sum.
TERMS = ("quadrature", "discretization", "rounding", "total")
#: Whose torques are kept: the sources', and that of states bound to the interface.
ROWS = (*SOURCES, BOUND)
#: Numbers of one source: fieldlike, dampinglike, vector, flows, uncertainty.
WIDTH = 2 + 3 + 3 * len(FLOWS) + len(TERMS)


@dataclass(frozen=True)
class Task:
    """What all points of a sweep have in common."""

    system: dict[str, Any]
    engine: str
    scheme: Scheme | None
    spacing: float | None
    tolerance: float
    versions: dict[str, str]
    sources: str


class _Record(BaseModel):
    """A chunk as JSON."""

    model_config = ConfigDict(extra="forbid", strict=True)

    points: list[NonNegativeInt]
    values: str
    errors: list[str]
    warnings: list[str]


@dataclass(frozen=True)
class Chunk:
    """Results of some points.

    Attributes
    ----------
    indices : list of int
        Of the points in the sweep.
    values : array (n, ROWS, WIDTH)
        NaN where a point failed, a component is undefined, or no bound state lies at E_F.
    errors, warnings : list of str
        Why a point failed, and what to warn of; empty where there is nothing to say.
    seconds : float
        Time it took.
    """

    indices: list[int]
    values: Array
    errors: list[str]
    warnings: list[str]
    seconds: float = 0.0

    def to_record(self) -> dict[str, Any]:
        """Return the chunk as JSON-ready data, without the time, which is no result."""
        good = self.values[[not error for error in self.errors]]
        return {
            "points": self.indices,
            "values": base64.b64encode(good.astype("<f8").tobytes()).decode(),
            "errors": self.errors,
            "warnings": self.warnings,
        }

    @classmethod
    def from_record(cls, record: dict[str, Any], size: int) -> Chunk:
        """Return the chunk of a record in a sweep of so many points.

        Raises
        ------
        ValueError
            If the record is none of such a sweep, or has no number where it has no error.
        """
        found = _Record.model_validate(record)
        if not len(found.points) == len(set(found.points)) == len(found.errors) == len(found.warnings):
            raise ValueError("not one error and one warning for each point")
        if max(found.points, default=size) >= size:
            raise ValueError("no points, or some beyond the sweep")
        numbers = np.frombuffer(base64.b64decode(found.values, validate=True), dtype="<f8")
        good = numbers.reshape(found.errors.count(""), len(ROWS), WIDTH)
        if not is_number(good):
            raise ValueError("a number is missing")
        values = np.full((len(found.points), len(ROWS), WIDTH), np.nan)
        values[[not error for error in found.errors]] = good
        return cls(found.points, values, found.errors, found.warnings)


def is_number(values: Array) -> bool:
    """Say whether all is finite but undefined components (m parallel to y) and absent bound states."""
    known = np.isfinite(values[..., 2:])
    absent = np.isnan(values[..., -1, :]).all(axis=-1)
    return bool(known[..., :-1, :].all() and (known[..., -1, :].all(axis=-1) | absent).all())


def failed(indices: Sequence[int], errors: Sequence[str]) -> Chunk:
    """Return the chunk of points that could not be computed."""
    values = np.full((len(indices), len(ROWS), WIDTH), np.nan)
    return Chunk(list(indices), values, list(errors), [""] * len(indices))


def compute(task: Task, indices: Sequence[int], points: Sequence[Point]) -> Chunk:
    """Compute the torque of every source at some points, with one BLAS thread.

    Each point by itself, so that no digit depends on how points are put together.

    Raises
    ------
    EngineError
        If other versions are at work here than the sweep was started with.
    """
    if task.sources != sources():
        raise EngineError(
            "a worker has other source files of sotcheck than the sweep was started with; install the same "
            "on all workers"
        )
    if task.versions != versions():
        raise EngineError(
            f"a worker has {_listed(versions())}, the sweep was started with {_listed(task.versions)}; "
            "install the same on all workers"
        )
    if task.engine in EXACT:
        # Libraries loaded later would not be limited.
        EXACT[task.engine].prepare()
    started = time.perf_counter()
    with one_blas_thread():
        found = [_one(task, index, point) for index, point in zip(indices, points, strict=True)]
    return Chunk(
        list(indices),
        np.concatenate([one.values for one in found]),
        [one.errors[0] for one in found],
        [one.warnings[0] for one in found],
        time.perf_counter() - started,
    )


def _one(task: Task, index: int, point: Point) -> Chunk:
    iface = from_document(task.system, str(task.system["name"]))
    try:
        table = torque(
            iface.with_(**changes(iface, point)),
            task.engine,
            spacing=task.spacing,
            tolerance=task.tolerance,
            scheme=task.scheme or "exact-difference",
        )
    except SotcheckError as error:
        return failed([index], [str(error)])
    except Exception as error:
        # Whatever happened at one point, a sweep of days goes on with the others.
        return failed([index], [f"{type(error).__name__}: {error}"])
    values = np.full((1, len(ROWS), WIDTH), np.nan)
    for row in table.rows:
        values[0, ROWS.index(row.source)] = _numbers(row)
    if not is_number(values):
        return failed([index], [f"the engine {task.engine} gave something that is no finite number"])
    return Chunk([index], values, [""], ["; ".join(table.warnings)])


def _numbers(row: TorqueRow) -> list[float]:
    split = [np.nan if part is None else part for part in (row.fieldlike, row.dampinglike)]
    uncertainty = row.to_dict()["uncertainty"]
    return [*split, *row.vector.tolist(), *row.flows.ravel().tolist(), *(uncertainty[name] for name in TERMS)]


def _listed(found: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in found.items())
