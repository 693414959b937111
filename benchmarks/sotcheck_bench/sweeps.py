"""What is measured of sweeps: workers, clusters, overhead, scale."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sotcheck_bench import many, processes
from sotcheck_bench.result import Row

if TYPE_CHECKING:
    from sotcheck_bench.run import Size


def workers(size: Size) -> Iterator[Row]:
    """Measure one and two processes."""
    found = processes.scaling(size.scaling, max(2, size.rounds // 4))
    part, points = "workers", f"{size.scaling:,} points by boundary matching"
    yield Row("workers_one", part, "one process", found["one"], "s", note=points)
    yield Row("workers_two", part, "two processes", found["two"], "s",
              note=f"running already; to start them takes {found['start']:.2g} s")  # fmt: skip
    yield Row(
        "workers_ratio",
        part,
        "faster",
        found["one"] / found["two"],
        "×",
        at_least=1.8 if size.judged else None,
    )


def dask(size: Size) -> Iterator[Row]:
    """Measure a Dask cluster of one worker and of two, where Dask is installed."""
    if find_spec("distributed") is None:
        return
    found = many.loopback(2 * size.scaling, max(1, size.rounds // 4))
    part, bar = "dask", 0.9 if size.judged else None
    yield Row("dask_one", part, "one worker", found["one"], "s", note=f"{2 * size.scaling:,} points")
    yield Row("dask_two", part, "two workers", found["two"], "s", note=f"{found['tasks']:.0f} tasks for each")
    yield Row("dask_efficiency", part, "of two workers' time", found["one"] / found["two"] / 2, at_least=bar,
              note="what one would take, over twice the time of two")  # fmt: skip


def sweep(size: Size) -> Iterator[Row]:
    """Measure what a sweep costs beyond its engine."""
    wall, engine = processes.overhead(size.sweep)
    part = "sweep"
    yield Row("sweep_wall", part, f"{size.sweep:,} points, written", wall, "s",
              note=f"{1e3 * engine / size.sweep:.2g} ms a point in the engine")  # fmt: skip
    yield Row("sweep_overhead", part, "beyond the engine", 100 * (wall - engine) / engine, "%",
              at_most=5 if size.judged else None)  # fmt: skip


def scale(size: Size) -> Iterator[Row]:
    """Measure planning, journal and assembly of many points."""
    found = many.without_engine(size.points)
    part, quantity = "scale", f"{size.points:,} points"
    yield Row("scale_memory", part, quantity, found["MB"], "MB", at_most=300 if size.judged else None,
              note=f"written into a file of {found['file']:,.0f} MB, and opened")  # fmt: skip
    yield Row("scale_point", part, "a point beyond the engine", 1e6 * found["seconds"] / size.points, "µs",
              at_most=20 if size.judged else None)  # fmt: skip
