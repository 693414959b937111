"""A sweep of a million points without its engine, and one over a Dask cluster on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sotcheck.errors import EngineError
from sotcheck.run.executors import Backend, Open, backend
from sotcheck.run.processes import deaf_children
from sotcheck.sweep.plan import Plan
from sotcheck.sweep.runner import sweep
from sotcheck.sweep.worker import failed, floats
from sotcheck_bench.processes import peak_memory, plan_of
from sotcheck_bench.timing import best_of, seconds


class StandIn(Executor):
    """Returns constant numbers at once, whatever is to be computed, and adds up the seconds that it took."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return a future that is done."""
        future: Future[Any] = Future()
        chunk = failed(args[0])
        took = seconds(lambda: floats(chunk.values).fill(1.0))
        self.seconds += took
        future.set_result(replace(chunk, seconds=took))
        return future


@dataclass
class Counted(Executor):
    """Hands everything on to another one, and notes the points of every task."""

    executor: Any
    tasks: list[int]

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return the other one's future."""
        self.tasks.append(len(args[0]))
        future: Future[Any] = self.executor.submit(fn, *args, **kwargs)
        return future


def without_engine(points: int) -> dict[str, float]:
    """Return peak memory (MB) and seconds beyond its engine of a sweep of so many points in a fresh process.

    Raises
    ------
    EngineError
        If the process failed.
    """
    command = [sys.executable, "-m", __name__, str(points)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EngineError(f"the process that sweeps without an engine failed:\n{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _here(points: int) -> dict[str, float]:
    """Plan, journal, assemble and open a sweep in this process."""
    executor = StandIn()
    where = Backend(lambda: nullcontext(Open(executor, lambda: 1)))
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "points.nc"
        wall = seconds(lambda: sweep(plan_of(points), result, where=where).close())
        size = result.stat().st_size
    return {"MB": peak_memory() * 1024 / 1e6, "seconds": wall - executor.seconds, "file": size / 1e6}


def loopback(points: int, rounds: int) -> dict[str, float]:
    """Return seconds of a sweep over a Dask cluster here, of one worker and of two, and tasks of each of two.

    Clusters are running already, as on nodes of their own: what they take to start is no matter of tasks.
    """
    plan, small = plan_of(points), plan_of(16)
    tasks: dict[int, list[int]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        wheres = {
            n: _counted(backend(stack.enter_context(_cluster(n)), n), noted) for n, noted in tasks.items()
        }
        count = iter(range(10**6))

        def run(workers: int, what: Plan) -> Callable[[], Any]:
            return lambda: sweep(what, Path(folder) / f"{next(count)}.nc", where=wheres[workers]).close()

        for workers, noted in tasks.items():
            # Workers import what they need at their first task.
            run(workers, small)()
            noted.clear()
        times = best_of({"one": run(1, plan), "two": run(2, plan)}, rounds)
    return times | {"tasks": len(tasks[2]) / rounds / 2}


@contextmanager
def _cluster(workers: int) -> Iterator[str]:
    """Provide the address of a cluster of processes on the loopback device."""
    import distributed

    with (
        deaf_children(),
        distributed.LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=None,
            silence_logs="CRITICAL", scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        ) as cluster,
    ):  # fmt: skip
        yield cluster.scheduler_address.replace("tcp://", "dask://")


def _counted(where: Backend, tasks: list[int]) -> Backend:
    """Return the same way to get executors, noting the points of every task."""

    @contextmanager
    def opened() -> Iterator[Open]:
        with where.open() as found:
            yield replace(found, executor=Counted(found.executor, tasks))

    return replace(where, open=opened)


if __name__ == "__main__":
    print(json.dumps(_here(int(sys.argv[1]))))
