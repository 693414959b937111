"""Progress on standard error: a bar for work over two seconds on a terminal, elsewhere a line at times."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from shutil import get_terminal_size
from threading import Event, Lock, RLock, Thread
from typing import Protocol, TypeVar

T = TypeVar("T")

#: How each bar on the screen is wiped off.
_wipes: list[Callable[[], None]] = []

#: Seconds before a bar appears, and between two looks at the clock.
DELAY, TICK = 2.0, 0.5
#: Seconds after which a command without a bar says what it does, again and again.
HEARTBEAT = 30.0


@dataclass(eq=False)
class Step:
    """A piece of work under way: how far it is, and what comes just now."""

    title: str
    total: int | None
    done: int = 0
    item: str = ""

    def __str__(self) -> str:
        of = "" if self.total is None else f" of {self.total}"
        return f"{self.title}: {self.done}{of} done" + (f", now {self.item}" if self.item else "")


#: What is under way, the innermost last.
_steps: list[Step] = []


class Progress(Protocol):
    """Wraps an iterable of known length and shows how far it is."""

    def __call__(self, items: Iterable[T], title: str, total: int | None = None) -> Iterable[T]:
        """Return the items, with a bar of that title."""
        ...


class _Silent:
    """Shows nothing; an object, so that `help` names it without an address."""

    def __call__(self, items: Iterable[T], title: str, total: int | None = None) -> Iterable[T]:
        return items

    def __repr__(self) -> str:
        return "silent"


silent: Progress = _Silent()


def bar(items: Iterable[T], title: str, total: int | None = None) -> Iterable[T]:
    """Show a bar on standard error after two seconds, if that is a terminal; `heartbeat` knows of it too."""
    length = len(items) if total is None and isinstance(items, Sized) else total
    noted = _noted(items, title, length)
    return _shown(noted, title, length) if sys.stderr.isatty() else noted


def _noted(items: Iterable[T], title: str, total: int | None) -> Iterator[T]:
    """Keep record of what is under way."""
    step = Step(title, total)
    _steps.append(step)
    try:
        for item in items:
            words = item if isinstance(item, tuple) else (item,)
            step.item = " ".join(word for word in words if isinstance(word, str))
            yield item
            step.done, step.item = step.done + 1, ""
    finally:
        _steps.remove(step)


@contextmanager
def heartbeat(command: str) -> Iterator[None]:
    """Say every HEARTBEAT seconds what a command does meanwhile, unless a bar does."""
    over, start = Event(), time.monotonic()

    def beat() -> None:
        while not over.wait(HEARTBEAT):
            if not _wipes:
                doing = str(_steps[-1]) if _steps else "at work"
                so_far = f"{time.monotonic() - start:.0f} s so far"
                # Whoever listens no more is no reason to stop.
                with suppress(OSError, ValueError):
                    print(f"sotcheck {command}: {doing} ({so_far})", file=sys.stderr, flush=True)

    Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _shown(items: Iterable[T], title: str, total: int | None) -> Iterator[T]:
    from tqdm import tqdm

    # Its own is shared with other processes, which would outlive an abrupt end and be warned of.
    tqdm.set_lock(RLock())
    lock, done = Lock(), Event()
    # Some terminals claim to have no rows or columns, and tqdm takes them at their word.
    columns, rows = get_terminal_size()
    words = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}]"
    shown = tqdm(
        total=total, desc=title, bar_format=words, ncols=columns, nrows=rows, leave=False,
        delay=DELAY, mininterval=0.0, miniters=0,
        # By the mean rate: of a sweep thousands of points arrive at once, and then none for seconds.
        smoothing=0.0,
    )  # fmt: skip

    def tick() -> None:
        # A bar moves when an item is done; the first one may take minutes.
        while not done.wait(TICK):
            with lock:
                shown.update(0)

    clock = Thread(target=tick, daemon=True)

    def wipe() -> None:
        # First the clock, or it would draw the bar again. An interruption may have kept its lock.
        done.set()
        clock.join(2 * TICK)
        # A second interruption may have cut its end off.
        shown.disable = False
        shown.close()

    _wipes.append(wipe)
    clock.start()
    try:
        for item in items:
            yield item
            with lock:
                shown.update()
    finally:
        wipe()
        _wipes.remove(wipe)


def clear() -> None:
    """Wipe the bars off the screen, when there is no time to let them end by themselves."""
    for wipe in _wipes:
        wipe()


def tell(words: str) -> None:
    """Say something on standard error, above the bars."""
    if _wipes:
        from tqdm import tqdm

        tqdm.write(words, file=sys.stderr)
    else:
        sys.stderr.write(f"{words}\n")
