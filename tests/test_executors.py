"""Executors: the same numbers from all of them, and from workers that die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from sweep_cases import QUICK, SEARCHED, kill_always, kill_at, kill_once, plan_for, refuse, square

from sotcheck.beyond.trust_map import LimitAt
from sotcheck.command import main as cli
from sotcheck.errors import EngineError
from sotcheck.run import executors
from sotcheck.run.executors import Backend, Open, backend
from sotcheck.sweep import schedule
from sotcheck.sweep.journal import journal_path
from sotcheck.sweep.plan import Plan
from sotcheck.sweep.runner import sweep
from sotcheck.sweep.schedule import Queue, Work, results
from sotcheck.sweep.worker import Chunk, floats, unknown
from sotcheck.system.files import load


def plan_of(count: int = 24) -> Plan:
    return plan_for(f"u_0=0.1:1:{count}", iface=QUICK)


def collected(where: Backend, work: Work, count: int) -> dict[int, tuple[float, str]]:
    """Return each point's number and error; all numbers of a point are the same."""
    found: dict[int, tuple[float, str]] = {}
    for chunk in results(where, work, lambda indices: {i: {} for i in indices}, range(count)):
        for index, values, error in zip(chunk.indices, floats(chunk.values), chunk.errors, strict=True):
            assert index not in found
            assert len(set(values.ravel().tolist())) == 1 or np.isnan(values).all()
            found[index] = (float(values.flat[0]), error)
    return found


def expected(count: int) -> dict[int, tuple[float, str]]:
    return {i: (float(i * i), "") for i in range(count)}


# --- the queue ------------------------------------------------------------------------------------


def threads(count: int) -> Backend:
    @contextmanager
    def opened() -> Iterator[Open]:
        with ThreadPoolExecutor(count) as executor:
            yield Open(executor, lambda: count)

    return Backend(opened)


@pytest.mark.parametrize("where", [backend("processes", 1), threads(3)], ids=["here", "threads"])
@pytest.mark.parametrize("count", [0, 1, 7, 5000])
def test_every_point_once(where: Backend, count: int) -> None:
    assert collected(where, square, count) == expected(count)


def test_chunks_take_seconds() -> None:
    """One point to begin with, then as many as take SECONDS, and smaller ones for the end."""
    queue = Queue(range(100_000))
    assert len(queue.take(2)) == 1
    queue.learn(Chunk([0], unknown(1), [""], [""], 0.01))
    sizes = []
    while chunk := queue.take(2):
        sizes.append(len(chunk))
        queue.learn(Chunk(chunk, unknown(0), [], [], 0.01 * len(chunk)))
    assert sum(sizes) == 99_999
    assert set(sizes[:400]) == {round(schedule.SECONDS / 0.01)}
    assert sizes[-4:] == [1, 1, 1, 1]


@pytest.mark.parametrize("guilty", [0, 5, 11])
def test_halving_finds_the_guilty_point(guilty: int) -> None:
    queue = Queue(())
    queue.suspects.extend([list(range(6)), list(range(6, 12))])
    done: list[int] = []
    while queue:
        chunk = queue.take(2)
        # Nothing else is out beside a suspect.
        assert queue.room(2) == 1
        if guilty in chunk:
            queue.blame(chunk)
        else:
            done += chunk
            queue.learn(square({i: {} for i in chunk}))
    assert sorted(done) == [i for i in range(12) if i != guilty]
    (failed,) = queue.release()
    assert failed.indices == [guilty]


# --- processes that die ---------------------------------------------------------------------------


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    # `square` says that a point takes a millisecond.
    monkeypatch.setattr(schedule, "SECONDS", 8e-3)


def test_a_lost_workers_chunk_is_computed_again(tmp_path: Path, small_chunks: None) -> None:
    work = partial(kill_once, str(tmp_path / "mark"), 30)
    assert collected(backend("processes", 2), work, 60) == expected(60)
    assert (tmp_path / "mark").exists()


@pytest.mark.slow
def test_a_deadly_point_is_recorded_and_the_rest_goes_on(small_chunks: None) -> None:
    found = collected(backend("processes", 2), partial(kill_at, 13), 16)
    value, error = found.pop(13)
    assert np.isnan(value)
    assert "the worker process died at this point" in error
    assert found == {i: one for i, one in expected(16).items() if i != 13}


@pytest.mark.slow
def test_workers_that_cannot_work_convict_no_point(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is no point's fault: nothing is recorded, and the error says what to look for."""
    monkeypatch.setattr(schedule, "MOST_DEADLY", 1)
    with pytest.raises(EngineError, match="workers die whatever they compute"):
        collected(backend("processes", 2), kill_always, 8)


def test_a_worker_that_cannot_work_is_an_error() -> None:
    with pytest.raises(EngineError, match="is the same sotcheck"):
        collected(threads(2), refuse, 24)


# --- Dask on loopback -----------------------------------------------------------------------------

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a dask command, and end it and its children."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments], text=True, start_new_session=True,
        env={**os.environ, "PYTHONPATH": SEARCHED, "DASK_DISTRIBUTED__DEPLOY__LOST_WORKER_TIMEOUT": "1s"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        # It may have been killed already: that is what some tests are about.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def scheduler(folder: Path, protocol: str = "tcp") -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a scheduler on a free port of this machine."""
    told = folder / "scheduler.json"
    arguments = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told))
    with started("scheduler", "--protocol", protocol, *arguments) as process:
        waited = time.monotonic() + 30
        while not told.exists() and time.monotonic() < waited:
            time.sleep(0.05)
        time.sleep(0.1)
        yield json.loads(told.read_text(encoding="utf-8"))["address"].removeprefix(f"{protocol}://"), process


@contextmanager
def worker(address: str, protocol: str = "tcp") -> Iterator[subprocess.Popen[str]]:
    arguments = ("--nthreads", "1", "--no-dashboard", "--no-nanny", "--death-timeout", "30")
    with started("worker", f"{protocol}://{address}", *arguments) as process:
        yield process


def test_a_dask_scheduler_and_its_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real scheduler with two real workers, one of which is killed on the way: the same bytes."""
    monkeypatch.setattr(schedule, "SECONDS", 0.05)
    sweep(plan_of(60), tmp_path / "reference.nc")
    with scheduler(tmp_path) as (address, _), worker(address) as first, worker(address):
        told = kill_when_half_done(first, journal_path(tmp_path / "dask.nc"))
        sweep(plan_of(60), tmp_path / "dask.nc", where=backend(f"dask://{address}", 1), progress=told)
        assert first.poll() is not None
    assert (tmp_path / "dask.nc").read_bytes() == (tmp_path / "reference.nc").read_bytes()


def kill_when_half_done(process: subprocess.Popen[str], journal: Path) -> Callable[..., Any]:
    def progress(items: Any, title: str, total: int | None = None) -> Any:
        for count, item in enumerate(items):
            if count == (total or 0) // 3:
                assert journal.exists()
                process.kill()
            yield item

    return progress


@pytest.mark.slow
def test_a_dask_cluster_started_here(tmp_path: Path) -> None:
    """With a point that kills its workers: Dask gives it up, we halve, record it, and go on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule, "SECONDS", 4e-3)
        patch.setenv("PYTHONPATH", SEARCHED)
        with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
            found = collected(backend("dask://", 2), partial(kill_at, 3), 8)
    assert "the worker process died" in found.pop(3)[1]
    assert found == {i: one for i, one in expected(8).items() if i != 3}


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["scheduler", "worker"])
def test_a_lost_cluster_is_said_and_resumed_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], lost: str
) -> None:
    """One line each, not ninety; and lost workers are not waited for in silence, nor forever."""
    monkeypatch.setattr(schedule, "SECONDS", 0.05)
    monkeypatch.setattr(executors, "LOOK", 0.1)
    result = tmp_path / "dask.nc"
    with scheduler(tmp_path) as (address, process), worker(address) as only:
        told = kill_when_half_done({"scheduler": process, "worker": only}[lost], journal_path(result))
        with pytest.raises(EngineError, match="--resume") as refusal:
            sweep(plan_of(60), result, where=backend(f"dask://{address}", 1, patience=2), progress=told)
    assert "\n" not in str(refusal.value)
    waited = "sotcheck: the Dask cluster has no workers left; waiting 2 s for new ones\n"
    assert capfd.readouterr().err == (waited if lost == "worker" else "")
    assert ("all workers of the Dask cluster have gone" in str(refusal.value)) == (lost == "worker")
    said: list[str] = []
    sweep(plan_of(60), result, resume=True, say=said.append)
    assert "going on with" in said[0]
    sweep(plan_of(60), tmp_path / "reference.nc")
    assert result.read_bytes() == (tmp_path / "reference.nc").read_bytes()


def test_tls_asks_for_certificates_and_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without them a message at once; with those that Dask is told of, a cluster that knows its clients."""
    where = partial(backend, workers=1, patience=30)
    with pytest.raises(EngineError, match="needs certificates"), where("tls://127.0.0.1:1").open():
        pass
    made = distributed.Security.temporary()
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_text(made.tls_ca_file, encoding="utf-8")
    key.write_text(made.tls_client_key, encoding="utf-8")
    settings = {"ca-file": str(certificate)}
    for role in ("scheduler", "worker", "client"):
        settings |= {f"{role}.cert": str(certificate), f"{role}.key": str(key)}
    for name, value in settings.items():
        name = name.replace("-", "_").replace(".", "__").upper()
        monkeypatch.setenv(f"DASK_DISTRIBUTED__COMM__TLS__{name}", value)
    with (
        dask.config.set({f"distributed.comm.tls.{name}": value for name, value in settings.items()}),
        scheduler(tmp_path, "tls") as (address, _),
        worker(address, "tls"),
    ):
        assert collected(where(f"tls://{address}"), square, 7) == expected(7)


def test_a_scheduler_that_cannot_work_is_named(tmp_path: Path) -> None:
    """One that does not answer, and one without workers."""
    with scheduler(tmp_path) as (address, _):
        for place, words in (("127.0.0.1:1", r"127\.0\.0\.1:1'"), (address, "has no workers")):
            where = backend(f"dask://{place}", 1, patience=0.5)
            with pytest.raises(EngineError, match=words), where.open():
                pass


@pytest.mark.parametrize(
    ("name", "words"), [("dask://", "pip install"), ("mpi", "pip install"), ("slurm", "choose from")]
)
def test_what_is_missing_is_named(name: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("distributed", "mpi4py"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(EngineError, match=words):
        backend(name, 2)


# --- MPI ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_mpi_gives_the_same_bytes(tmp_path: Path) -> None:
    sweep(plan_of(), tmp_path / "reference.nc")
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\nfrom test_executors import plan_of\n"
        "from sotcheck.run.executors import backend\nfrom sotcheck.sweep.runner import sweep\n"
        "if __name__ == '__main__':\n"
        "    sweep(plan_of(), Path(sys.argv[1]), where=backend('mpi', 1))\n",
        encoding="utf-8",
    )
    # MPICH's launcher, installed beside Python with the tests' other needs.
    launcher = Path(sys.executable).with_name("mpiexec")
    python = [sys.executable, "-m", "mpi4py.futures", str(script), str(tmp_path / "mpi.nc")]
    done = subprocess.run(
        [launcher, "-n", "3", *python], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": SEARCHED},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mpi.nc").read_bytes() == (tmp_path / "reference.nc").read_bytes()


def test_mpi_without_its_launcher_is_refused() -> None:
    with pytest.raises(EngineError, match=r"mpirun -n 3 python -m mpi4py\.futures"):
        backend("mpi", 2)


def test_an_executor_is_an_executor() -> None:
    """No engine of our own: what computes is from the standard library or from Dask."""
    with backend("processes", 2).open() as opened:
        assert isinstance(opened.executor, Executor)
    with backend("dask://", 1).open() as opened:
        assert isinstance(opened.executor, Executor)
        assert opened.slots() == 1


@pytest.mark.parametrize("command", ["report", "audit", "sweep", "trust-map"])
def test_every_command_with_workers_takes_an_executor(command: str, tmp_path: Path) -> None:
    arguments = {
        "report": ["bulk-magnetism", "--output", str(tmp_path / "r")],
        "audit": [],
        "sweep": ["bulk-magnetism", "--over", "h_R=1,2", "-o", str(tmp_path / "r.nc")],
        "trust-map": ["bulk-magnetism", "--over", "E_F=1:2", "--over", "U_N=-1:0"],
    }
    done = CliRunner().invoke(cli.cli, [command, *arguments[command], "--executor", "slurm"])
    assert isinstance(done.exception, EngineError)
    assert "unknown executor 'slurm'; choose from processes, dask://" in str(done.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_trust_map_by_dask() -> None:
    """A command other than `sweep`: each point's limit is that of the point by itself."""
    arguments = ["trust-map", "bulk-magnetism", "--over", "E_F=1:2", "--over", "U_N=-1:0", "--points", "5"]
    done = CliRunner().invoke(cli.cli, [*arguments, "--executor", "dask://", "--workers", "1", "--json", "-"])
    assert done.exit_code == 0
    points = json.loads(done.stdout)["points"]
    assert len(points) >= 5
    limit = LimitAt(load("bulk-magnetism"), ("E_F", "U_N"), 0.1, "total", "fieldlike")
    for point in points:
        assert limit((point["x"], point["y"]))["h_R"] == point["h_R"]
