"""Sweeps that tests share, and work that any worker can import."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sotcheck.sweep import netcdf, runner
from sotcheck.sweep.dataset import open_sweep
from sotcheck.sweep.found import Found
from sotcheck.sweep.grid import Point, parse_axis
from sotcheck.sweep.journal import Journal
from sotcheck.sweep.plan import Plan, make_plan
from sotcheck.sweep.seal import seal
from sotcheck.sweep.worker import Chunk, compute, failed, floats
from sotcheck.system.interface import Interface
from sotcheck.system.model import System

if TYPE_CHECKING:
    import xarray as xr

Points = dict[int, Point]
TESTS = Path(__file__).parent
#: What finds this file, and the package as it is tested here, in another process.
SEARCHED = os.pathsep.join([str(TESTS), str(TESTS.parent)])
#: With every parameter in use.
TILTED = Interface(name="tilted", E_F=1.3, U_N=0.2, U_F=-0.3, J=0.7, u_0=0.4, u_m=-0.3, m=(2.0, -1.0, 2.0))
# Simple enough for a few milliseconds a point, and no zero anywhere.
QUICK = Interface(name="quick", E_F=1.0, J=0.3, h_R=0.1)


def plan_for(*over: str, iface: System = TILTED, **settings: Any) -> Plan:
    return make_plan(iface, [parse_axis(iface, text) for text in over], **settings)


def assembled(plan: Plan, chunks: Iterable[Chunk], path: Path) -> xr.Dataset:
    """Return the labelled arrays of some chunks, in whatever order, of a whole sweep; by way of a file."""
    whole = failed(range(plan.size))
    for chunk in chunks:
        whole.values[chunk.indices] = chunk.values
        for index, error, warning in zip(chunk.indices, chunk.errors, chunk.warnings, strict=True):
            whole.errors[index], whole.warnings[index] = error, warning

    def known(points: range) -> Chunk:
        some = slice(points.start, points.stop)
        return Chunk(list(points), whole.values[some], whole.errors[some], whole.warnings[some])

    netcdf.write(path, plan, known)
    return open_sweep(path)


def write_sealed(path: Path, content: bytes) -> None:
    """Write a file with the seal of a result at its end."""
    with path.open("w+b") as file:
        file.write(content)
        seal(file)


def quick_plan(count: int = 12, iface: Interface = QUICK) -> Plan:
    """Return a plan of 2·count points; the first half are no systems."""
    return plan_for("E_F=-5,1.1", f"u_0=0.1:1:{count}", iface=iface)


# --- interruptions --------------------------------------------------------------------------------


class EnoughError(Exception):
    """An interruption after some chunks."""


def enough(journal: Journal) -> None:
    raise EnoughError


def acting(monkeypatch: pytest.MonkeyPatch, acts: dict[int, Callable[[Journal], None]]) -> None:
    """Do something to a sweep's journal once so many of its points are safe."""
    kept = runner._kept

    def some(chunks: Any, found: Found) -> Iterator[int]:
        for count, point in enumerate(kept(chunks, found)):
            if count in acts:
                acts[count](found.journal)
            yield point

    monkeypatch.setattr(runner, "_kept", some)


def interrupted(plan: Plan, path: Path, after: int, **settings: Any) -> None:
    """Begin a sweep, or go on with one, and interrupt it once so many of its points are safe."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(EnoughError):
        acting(patch, {after: enough})
        runner.sweep(plan, path, **settings)


def noted(log: str, plan: Plan, points: Points) -> Chunk:
    """Compute a chunk, having noted that it was begun."""
    with open(log, "a", encoding="utf-8") as file:
        file.write(f"{min(points)}\n")
    return compute(plan, points)


# --- work without physics -------------------------------------------------------------------------


def square(points: Points) -> Chunk:
    """Return numbers that tell of their points."""
    chunk = failed(points)
    floats(chunk.values)[...] = np.square(chunk.indices)[:, None, None]
    return replace(chunk, seconds=1e-3 * len(points))


def kill_at(guilty: int, points: Points) -> Chunk:
    """End the worker process as the kernel does when memory is short, at one point, each time."""
    return square(points) if guilty not in points else kill_always(points)


def kill_once(mark: str, victim: int, points: Points) -> Chunk:
    """End the worker process at one point, the first time only."""
    if victim in points and not os.path.exists(mark):
        Path(mark).touch()
        kill_always(points)
    return square(points)


def kill_always(points: Points) -> Chunk:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def refuse(points: Points) -> Chunk:
    raise ImportError("no module named sotcheck")
