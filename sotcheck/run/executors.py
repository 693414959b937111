"""Where work is done: processes here, a Dask cluster, or MPI, each as a `concurrent.futures.Executor`."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from threading import Event, Thread
from typing import Any, TypeVar

from sotcheck.errors import EngineError
from sotcheck.run.processes import deaf_children, process_pool
from sotcheck.run.progress import tell

T = TypeVar("T")

#: Seconds to wait for a Dask scheduler, for its first worker, and for new workers once all have gone.
DASK_PATIENCE = 60.0
#: Between two looks at whether a cluster still has workers.
LOOK = 1.0
ACCEPTED = (
    "processes, dask:// (a cluster started here), dask://HOST:PORT (a scheduler), tls://HOST:PORT (one that "
    "knows its clients), or mpi"
)


@dataclass(frozen=True)
class Open:
    """An executor at work; None computes in this process."""

    executor: Executor | None
    #: Returns how many chunks can be computed at a time just now.
    slots: Callable[[], int]


@dataclass(frozen=True)
class Backend:
    """A way to get executors."""

    #: May be called again after the executor broke.
    open: Callable[[], AbstractContextManager[Open]]
    #: What a chunk's future raises when this chunk killed its workers, all others being fine.
    killed: tuple[type[BaseException], ...] = ()
    #: What any future raises when the executor is gone for good.
    lost: tuple[type[BaseException], ...] = ()


def backend(name: str, workers: int, patience: float = DASK_PATIENCE) -> Backend:
    """Return the backend of an `--executor` option, with so many processes where they are started here.

    An EngineError says that it is unknown, or its package not installed, or MPI not started as it must be.
    """
    if name == "processes":
        return Backend(partial(_processes, workers))
    if name.startswith(("dask://", "tls://")):
        try:
            import distributed
        except ImportError:
            words = "--executor dask:// needs Dask; install it with: pip install distributed"
            raise EngineError(words) from None
        address = name.replace("dask://", "tcp://", 1).removesuffix("tcp://")
        killed: Any = distributed.KilledWorker
        # What a Dask future raises whose scheduler has gone.
        cancelled = (CancelledError, import_module("asyncio").CancelledError)
        opened = partial(_dask, address, workers, patience, (EngineError, killed, *cancelled))
        return Backend(opened, (killed,), (*cancelled, OSError))
    if name == "mpi":
        _require_mpi()
        return Backend(_mpi)
    raise EngineError(f"unknown executor {name!r}; choose from {ACCEPTED}")


def results(calls: Iterable[Callable[[], T]], executor: Executor | None) -> Iterator[T]:
    """Yield what calls return, in their order: an executor has them all at once, else each is made here."""
    waiting = calls if executor is None else [executor.submit(call).result for call in calls]
    return (call() for call in waiting)


@contextmanager
def _processes(workers: int) -> Iterator[Open]:
    with process_pool(workers) as executor:
        yield Open(executor, lambda: workers)


@contextmanager
def _dask(
    address: str, workers: int, patience: float, ends: tuple[type[BaseException], ...]
) -> Iterator[Open]:
    """Provide a cluster; what becomes of it is told once, by us, and not by each of its parts."""
    before = logging.root.manager.disable
    logging.disable()
    gone = Event()
    try:
        with _client(address, workers, patience) as client, _watched(client, patience, gone):
            # Not pure in Dask's sense: it would keep results of chunks by their arguments.
            executor = client.get_executor(pure=False)
            yield Open(executor, lambda: max(1, sum(client.nthreads().values())))
    except ends as error:
        if gone.is_set():
            raise EngineError(
                f"all workers of the Dask cluster have gone, and none has come in {patience:g} s; start some "
                "and run the command again (a sweep keeps what was computed: go on with --resume)"
            ) from None
        if isinstance(error, EngineError):
            raise
        raise EngineError(
            "the Dask cluster lost its scheduler, or a task killed its workers "
            f"({type(error).__name__}: {error})"
        ) from None
    # Not after an error or an interruption: torn down in its work, Dask would tell of each callback it lost.
    logging.disable(before)


@contextmanager
def _watched(client: Any, patience: float, gone: Event) -> Iterator[None]:
    """Have a thread look for workers: with none left, futures would be waited for in silence, and forever."""
    done = Event()

    def watch() -> None:
        last, told = time.monotonic(), False
        while not done.wait(LOOK):
            # With a scheduler that does not answer, there may be some.
            has_workers = True
            with suppress(Exception):
                has_workers = bool(client.nthreads())
            if has_workers:
                last, told = time.monotonic(), False
            elif time.monotonic() - last > patience:
                gone.set()
                client.close(timeout=LOOK)
                return
            elif not told:
                tell(f"sotcheck: the Dask cluster has no workers left; waiting {patience:g} s for new ones")
                told = True

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join(LOOK)


@contextmanager
def _client(address: str, workers: int, patience: float) -> Iterator[Any]:
    """Provide a client: of a cluster that is started here, or of a scheduler that has workers."""
    distributed: Any = import_module("distributed")
    if not address:
        with deaf_children():
            # One thread each: Kwant's solver and NumPy here gain nothing from more.
            started = distributed.LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs="CRITICAL",
                # Else it would take Dask's own port, and warn of another cluster there.
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            )  # fmt: skip
        with started as cluster, distributed.Client(cluster, set_as_default=False) as client:
            yield client
        return
    if address.startswith("tls://"):
        _refuse_without_certificates(distributed.Security())
    try:
        client = distributed.Client(address, timeout=patience, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
        raise EngineError(
            f"no Dask scheduler answers at {address!r} ({error}); start one with 'dask scheduler', and give "
            "the host and port that it prints"
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=patience)
        except TimeoutError:
            raise EngineError(
                f"the Dask scheduler at {address!r} has no workers after {patience:g} s; start some with "
                f"'dask worker {address} --nthreads 1'"
            ) from None
        yield client


def _refuse_without_certificates(security: Any) -> None:
    """Say at once what Dask would say after minutes, with a traceback."""
    why = "none are configured"
    try:
        if security.get_connection_args("client").get("ssl_context") is not None:
            return
    except (OSError, ValueError) as error:
        why = f"those configured cannot be used: {error}"
    raise EngineError(
        f"tls:// needs certificates ({why}); set distributed.comm.tls.ca-file, client.cert and client.key in "
        "Dask's configuration, or DASK_DISTRIBUTED__COMM__TLS__CA_FILE, ...__CLIENT__CERT and "
        "...__CLIENT__KEY in the environment"
    )


def _require_mpi() -> None:
    """Refuse what would hang, or start the whole sweep once on each rank."""
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise EngineError(
            f"--executor mpi needs an MPI library and mpi4py ({error}); install them, e.g. with: "
            "pip install mpi4py mpich"
        ) from None
    if "mpi4py.futures" not in sys.orig_argv or MPI.COMM_WORLD.Get_size() < 2:
        raise EngineError(
            "--executor mpi needs at least two ranks, the first of which hands out the work; start it as: "
            "mpirun -n 3 python -m mpi4py.futures -m sotcheck sweep ..."
        )


@contextmanager
def _mpi() -> Iterator[Open]:
    from mpi4py.futures import MPIPoolExecutor

    with MPIPoolExecutor() as executor:
        yield Open(executor, lambda: max(1, int(executor.num_workers)))
