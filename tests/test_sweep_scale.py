"""A million points: planned by index, journalled as they come, written slab by slab, and opened lazily."""

from __future__ import annotations

import gc
import json
import math
import pickle
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sweep_cases import QUICK, assembled, interrupted, plan_for

from sotcheck.sweep import dataset, netcdf, runner, schedule
from sotcheck.sweep.dataset import flat, open_sweep
from sotcheck.sweep.grid import Point, read_table
from sotcheck.sweep.netcdf import slab_shape, slabs
from sotcheck.sweep.plan import Plan
from sotcheck.sweep.runner import sweep
from sotcheck.sweep.worker import Chunk, failed, floats

# --- slabs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1,), (7,), (30, 4), (4, 30), (2, 3, 5), (9, 1, 2), (1, 17), (5, 8)])
@pytest.mark.parametrize("most", [1, 5, 8, 1000])
def test_slabs_are_all_points_in_order(
    shape: tuple[int, ...], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once, as the plan counts them, and none has too many."""
    monkeypatch.setattr(netcdf, "MOST", most)
    indices = np.arange(math.prod(shape)).reshape(shape)
    together: list[int] = []
    for at, points in slabs(shape):
        assert indices[at].ravel().tolist() == list(points)
        assert 0 < len(points) <= most
        together += points
    assert together == indices.ravel().tolist()


def test_slabs_are_even() -> None:
    """No file is twice as large because a last slab is nearly empty."""
    assert slab_shape((1000, 1000)) == (8, 1000)
    assert slab_shape((2, netcdf.MOST + 1)) == (1, netcdf.MOST // 2 + 1)
    assert slab_shape((3, 2, 2)) == (3, 2, 2)


# --- numbers --------------------------------------------------------------------------------------


def told(points: dict[int, Point]) -> Chunk:
    """Return numbers that tell of their points; one in a hundred fails, and one in a thousand warns."""
    chunk = failed(points)
    floats(chunk.values)[...] = np.array(list(points))[:, None, None]
    chunk.errors[:] = [f"point {i}" if i % 100 == 3 else "" for i in points]
    chunk.warnings[:] = [f"beware {i}" if i % 1000 == 5 else "" for i in points]
    chunk.values[[bool(error) for error in chunk.errors]] = np.nan
    return replace(chunk, seconds=1e-4 * len(points))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no physics: what is tried here is all around it."""
    monkeypatch.setattr(runner, "compute", lambda plan, points: told(points))


def test_every_number_is_in_its_place(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    """Over many slabs and records that share none of their borders; interrupted, and in any order."""
    monkeypatch.setattr(netcdf, "MOST", 64)
    plan = plan_for("E_F=1:2:30", "u_0=0.1:1:40", iface=QUICK)
    interrupted(plan, tmp_path / "r.nc", after=500)
    data = sweep(plan, tmp_path / "r.nc", resume=True)
    index = np.arange(plan.size)
    bad = index % 100 == 3
    for name in ("fieldlike", "uncertainty", "bound_vector"):
        found = flat(data, name)
        assert np.isnan(found[bad]).all()
        assert (index[~bad] == found[~bad].T).all()
    assert flat(data, "error").tolist() == [f"point {i}" if i % 100 == 3 else "" for i in index]
    assert flat(data, "warning").tolist() == [f"beware {i}" if i % 1000 == 5 else "" for i in index]
    for i in (0, 39, 40, 1199):
        assert data["E_F"].values[i // 40] == plan.point(i)["E_F"]
    shuffled = [told(plan.points(part.tolist())) for part in np.split(rng.permutation(1200), 60)]
    assert assembled(plan, shuffled, tmp_path / "other.nc").identical(data)
    assert (tmp_path / "other.nc").read_bytes() == (tmp_path / "r.nc").read_bytes()


def test_a_large_result_is_read_when_it_is_asked_for(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By xarray itself, in the file's own chunks; and texts too, which it would read at once."""
    import xarray as xr

    plan = plan_for("E_F=1:2:300", "u_0=0.1:1:100", iface=QUICK)
    sweep(plan, tmp_path / "r.nc").close()
    with xr.open_dataset(tmp_path / "r.nc") as data:
        assert not data["vector"].variable._in_memory
        assert data["vector"].encoding["chunksizes"] == (*slab_shape(plan.shape), 3, 3)
    whole = open_sweep(tmp_path / "r.nc")
    assert all(whole[name].variable._in_memory for name in ("vector", "error", "warning"))
    monkeypatch.setattr(dataset, "AT_ONCE", whole.nbytes - 1)
    data = open_sweep(tmp_path / "r.nc")
    assert not any(data[name].variable._in_memory for name in ("vector", "error", "warning"))
    assert data["error"][0, 3] == "point 3"
    # Any part of it, and in another process too.
    part = {"E_F": [7, 3, 3], "u_0": slice(None, None, -2)}
    assert pickle.loads(pickle.dumps(data)).isel(part).identical(whole.isel(part))


# --- memory ---------------------------------------------------------------------------------------


def peak(work: Callable[[], Any]) -> int:
    """Return how many bytes more than before are in use at the most."""
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each point takes tens of bytes, where there were once two thousand."""

    def constant(plan: Plan, points: dict[int, Point]) -> Chunk:
        chunk = failed(points)
        floats(chunk.values)[...] = 1.5
        return replace(chunk, seconds=1e-4 * len(points))

    monkeypatch.setattr(runner, "compute", constant)
    # So that few points are enough for the largest slab and record.
    monkeypatch.setattr(netcdf, "MOST", 512)
    monkeypatch.setattr(schedule, "MOST", 256)
    monkeypatch.setattr(dataset, "AT_ONCE", 0)
    used = {}
    # The first time everything is imported.
    for side in (2, 50, 200):
        plan, path = plan_for(f"E_F=1:1.5:{side}", f"u_0=0.1:1:{side}", iface=QUICK), tmp_path / f"{side}.nc"
        used[side] = peak(lambda plan=plan, path=path: sweep(plan, path).close())  # type: ignore[misc]
    assert (used[200] - used[50]) / (200**2 - 50**2) < 40


def test_a_table_takes_eight_bytes_a_number(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("\n".join(["E_F,u_0", *(f"{1 + i / 1000},{i}" for i in range(1000))]), encoding="utf-8")
    axis = read_table(QUICK, table)
    assert [memoryview(column).nbytes for column in axis.columns.values()] == [8000, 8000]
    # What a journal and a result say of it is as short as of any other.
    assert len(json.dumps(axis.described())) < 500
