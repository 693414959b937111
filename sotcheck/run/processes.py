"""Worker processes, and how all of them end: on Ctrl-C, `kill`, a closed terminal, a worker that died."""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from sotcheck.errors import EngineError
from sotcheck.run.memory import collect_seldom, keep_memory
from sotcheck.run.progress import clear

if TYPE_CHECKING:
    from concurrent.futures import Executor

#: Those of them that there are: Windows has no SIGHUP.
SIGNALS = tuple(s for s in signal.Signals if s.name in ("SIGINT", "SIGTERM", "SIGHUP"))
#: Whether there are clocks that signal, and signals that can be held back; there are none on Windows.
HAS_CLOCK, CAN_BLOCK = hasattr(signal, "setitimer"), hasattr(signal, "pthread_sigmask")
#: Seconds between two ticks of the clock, which raises an interruption that nobody heard again.
AGAIN = 0.5
#: Seconds for a pool's threads to end by themselves.
GRACE = 5.0
DIED = "a worker process died, perhaps for lack of memory; try --workers 1"


class WorkerDiedError(EngineError):
    """A worker process ended by itself."""


class Interrupted(BaseException):
    """Ctrl-C, `kill`, or a terminal that was closed; its argument is the signal's number.

    Not KeyboardInterrupt: should that meet an extension module on import, Python ends by the signal, and not
    with our status.
    """


@contextmanager
def listening() -> Iterator[None]:
    """Have signals raise `Interrupted`, again and again until it is heard, and end with their status.

    Some packages, SciPy among them, swallow whatever is raised while they are imported. And a signal that
    comes just before Python waits for a lock is not seen until something wakes it: a clock's own signal does.
    One that comes while Python takes a lock, or gives it back, is lost in the error that this becomes: after
    a signal every error is an interruption.
    """
    heard: list[int] = []
    at = -math.inf

    def tick(number: int, frame: object) -> None:
        # One that had to wait together with the interruption is not yet the next.
        if heard and time.monotonic() - at > AGAIN / 2:
            raise Interrupted(heard[0])

    def interrupt(number: int, frame: object) -> None:
        nonlocal at
        heard.append(number)
        at = time.monotonic()
        # From now on: the next tick must not come while this one is being heard.
        _set_clock(AGAIN)
        raise Interrupted(number)

    if HAS_CLOCK:
        signal.signal(signal.SIGALRM, tick)
    _set_clock(AGAIN)
    for number in SIGNALS:
        # In the background, and under nohup, some are to be ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)
    try:
        yield
    except (Exception, Interrupted):
        if heard:
            _end(128 + heard[0])
        raise
    finally:
        # While Python ends it has no handlers any more, and the clock's signal would be deadly.
        _set_clock(0.0)


def _set_clock(seconds: float) -> None:
    if HAS_CLOCK:
        signal.setitimer(signal.ITIMER_REAL, seconds, seconds)


def _end(status: int) -> NoReturn:
    """Clear the bar, say that we were interrupted, and end."""
    _deafen()
    clear()
    sys.stderr.write("sotcheck: interrupted\n")
    sys.stderr.flush()
    if _threads():
        os._exit(status)
    sys.exit(status)


def _threads() -> list[threading.Thread]:
    """Return the threads that Python would wait for at exit."""
    return [t for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon]


def _deafen() -> None:
    """Let nothing disturb the end any more."""
    if CAN_BLOCK:
        signal.pthread_sigmask(signal.SIG_BLOCK, (*SIGNALS, signal.SIGALRM))
    else:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def deaf_children() -> Iterator[None]:
    """Let processes that are started meanwhile ignore Ctrl-C, from their first instruction on.

    It reaches every process of the terminal: the parent alone is to hear it, and ends them. Nor do they run
    the user's script again, which would start a sweep in each of them: what they compute is imported by name.
    """
    hears = signal.signal(signal.SIGINT, signal.SIG_IGN)
    main = vars(sys.modules["__main__"])
    of_script: dict[str, Any] = {name: main.pop(name) for name in ("__file__", "__spec__") if name in main}
    main["__spec__"] = None
    try:
        yield
    finally:
        main.update(of_script)
        signal.signal(signal.SIGINT, hears)


def begin_worker() -> None:
    """Prepare a worker: it ends with its parent, be it by `kill -9`, and leaves the terminal to it.

    A library's warning would be printed by each worker, and without saying of what; what it may mean for the
    numbers is in their error budgets.
    """
    from multiprocessing import parent_process

    warnings.simplefilter("ignore")
    collect_seldom()
    keep_memory()

    def watch(parent: Any) -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, args=(parent_process(),), daemon=True).start()


def _start_quiet_tracker() -> None:
    """Start Python's tracker of semaphores; what `kill -9` has left it removes, without a word about it."""
    if sys.platform == "win32":
        return
    from multiprocessing import resource_tracker

    before = os.environ.get("PYTHONWARNINGS", "")
    os.environ["PYTHONWARNINGS"] = f"{before},ignore:resource_tracker:UserWarning".lstrip(",")
    try:
        resource_tracker.ensure_running()
    finally:
        os.environ["PYTHONWARNINGS"] = before


@contextmanager
def process_pool(workers: int) -> Iterator[Executor | None]:
    """Provide an executor with so many processes, or None for one; a WorkerDiedError says that one died."""
    if workers == 1:
        yield None
        return
    _start_quiet_tracker()
    from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
    from multiprocessing import active_children, get_context

    executor = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=begin_worker)
    try:
        with deaf_children():
            for _ in range(workers):
                executor.submit(os.getpid)
        yield executor
    except BaseException as error:
        if isinstance(error, Interrupted):
            _deafen()
        for process in active_children():
            process.terminate()
        executor.shutdown(wait=False, cancel_futures=True)
        # Not with wait=True: a worker that ends while it is being fed can leave the pool's threads hanging.
        end_of_grace = time.monotonic() + GRACE
        while _threads() and time.monotonic() < end_of_grace:
            time.sleep(0.01)
        if isinstance(error, BrokenExecutor):
            raise WorkerDiedError(DIED) from None
        raise
    executor.shutdown()
