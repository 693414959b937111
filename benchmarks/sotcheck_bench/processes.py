"""What whole processes do: sweeps over workers, their overhead, and memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sotcheck.errors import EngineError
from sotcheck.run.executors import Backend, Open
from sotcheck.run.processes import process_pool
from sotcheck.sweep.grid import parse_axis
from sotcheck.sweep.plan import Plan, make_plan
from sotcheck.sweep.runner import sweep
from sotcheck.system.interface import Interface
from sotcheck_bench.timing import best_of, seconds

#: Solves this many problems squared and prints its peak memory, before and after, in KiB.
MEMORY = """
import sys
from pathlib import Path
import numpy as np
from sotcheck_bench.processes import peak_memory
from sotcheck.engines import Matching
from sotcheck.system.interface import Interface
before, side = peak_memory(), int(sys.argv[1])
iface = Interface(name="memory", m=(2.0, -1.0, 2.0))
k_perp = ((np.arange(side) + 0.5) * iface.thresholds()[-1] ** 0.5 / side)[:, None]
angle = (np.arange(side) + 0.5) * 2 * np.pi / side
flows = Matching().flows(iface.structure, k_perp, angle, np.array(0.1))
assert flows.size == 36 * side**2
print(before, peak_memory())
"""
STATUS = Path("/proc/self/status")


def peak_memory() -> int:
    """Return the largest resident memory that this process ever had, KiB.

    On Linux `ru_maxrss` counts what the parent had when it started this process; VmHWM does not.

    Raises
    ------
    EngineError
        If this system does not tell.
    """
    if STATUS.is_file():
        for line in STATUS.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    try:
        import resource
    except ImportError:
        raise EngineError(
            "this system does not tell how much memory a process had; run bench on another"
        ) from None
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Bytes on macOS, KiB elsewhere.
    return largest // 1024 if sys.platform == "darwin" else largest


def memory(side: int) -> tuple[float, float]:
    """Return the peak memory in MB of a fresh process after its imports, and after side² problems.

    Raises
    ------
    EngineError
        If the process failed.
    """
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(side)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise EngineError(f"the process that measures memory failed:\n{done.stderr}")
    before, after = map(int, done.stdout.split())
    return before * 1024 / 1e6, after * 1024 / 1e6


def processor_seconds(command: Sequence[str]) -> tuple[float, float]:
    """Return what a run of Python with these arguments takes of processors, workers included, and wall time.

    Raises
    ------
    EngineError
        If the command could not do its work (1 says that something disagrees, 3 that it is in doubt).
    """
    with tempfile.TemporaryDirectory() as folder:
        given = [one.format(folder=folder) for one in command]
        before = os.times()
        done = subprocess.run([sys.executable, *given], capture_output=True, text=True, check=False)
        after = os.times()
    if done.returncode not in (0, 1, 3):
        raise EngineError(f"{' '.join(given)} failed:\n{done.stderr}")
    used = sum(getattr(after, name) - getattr(before, name) for name in ("children_user", "children_system"))
    return used, after.elapsed - before.elapsed


class InTurn(Executor):
    """Computes in this process when asked, and adds up the seconds that chunks say they took."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return a future that is done."""
        future: Future[Any] = Future()
        result = fn(*args, **kwargs)
        self.seconds += result.seconds
        future.set_result(result)
        return future


def overhead(points: int) -> tuple[float, float]:
    """Return wall seconds of a sweep over about so many points, and those of them spent in the engine."""
    plan = plan_of(points)
    executor = InTurn()
    backend = Backend(lambda: nullcontext(Open(executor, lambda: 1)))
    with tempfile.TemporaryDirectory() as folder:
        # Libraries that read and write NetCDF take seconds to import, once.
        sweep(plan_of(4), Path(folder) / "first.nc", where=backend)
        executor.seconds = 0.0
        wall = seconds(lambda: sweep(plan, Path(folder) / "points.nc", where=backend))
    return wall, executor.seconds


#: Axes of the sweep.
RANGES = (("E_F", 1.0, 1.5), ("u_0", 0.1, 1.0))


def plan_of(points: int) -> Plan:
    """Return a sweep over E_F and u_0 of about so many points: a square of them."""
    side = round(points**0.5)
    iface = Interface(name="points", E_F=1.0, J=0.3, h_R=0.1)
    axes = [parse_axis(iface, f"{name}={first}:{last}:{side}") for name, first, last in RANGES]
    return make_plan(iface, axes)


def scaling(points: int, rounds: int) -> dict[str, float]:
    """Return seconds of one sweep with one process and with two, and what it takes to start the two."""
    plan = plan_of(points)
    small = plan_of(16)
    times: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, process_pool(2) as executor:
        running = Backend(lambda: _kept_open(executor))
        count = iter(range(10**6))

        def run(what: Plan, where: Backend | None) -> Callable[[], Any]:
            return lambda: sweep(what, Path(folder) / f"{next(count)}.nc", where=where)

        # Workers import what they need at their first chunk.
        times["start"] = seconds(run(small, running))
        times |= best_of({"one": run(plan, None), "two": run(plan, running)}, rounds)
    return times


@contextmanager
def _kept_open(executor: Executor | None) -> Iterator[Open]:
    """Hand out an executor without ending it."""
    yield Open(executor, lambda: 2)
