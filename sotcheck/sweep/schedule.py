"""Chunks of points handed to an executor: sized to seconds, and computed again when a worker is lost."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass, field
from itertools import islice

from sotcheck.errors import EngineError, SotcheckError
from sotcheck.run.executors import Backend, Open
from sotcheck.sweep.grid import Point
from sotcheck.sweep.worker import Chunk, failed

#: Computes the points of some indices; any worker must be able to import it.
Work = Callable[[list[int], list[Point]], Chunk]
PointsOf = Callable[[list[int]], list[Point]]

#: Seconds that a chunk should take: what is lost at most, and far above any executor's cost of a task.
SECONDS = 2.0
#: Most points of a chunk, however fast they are.
MOST = 4096
#: Chunks handed out for each worker, so that none waits for the next.
AHEAD = 2
#: Times that a point by itself may take a worker down before it is recorded as failed.
DEATHS = 2
#: Points that fail so in a row, with nothing computed in between, before the executor is at fault.
MOST_DEADLY = 4
CAUSE = "perhaps for lack of memory"


@dataclass
class Queue:
    """Points still to be computed.

    Chunks that were out when a worker died are tried again, one at a time. One that kills then is halved,
    down to the guilty point.
    """

    points: Iterator[int]
    remaining: int
    suspects: deque[list[int]] = field(default_factory=deque)
    #: Whether the one chunk that is out is a suspect.
    alone: bool = False
    deaths: Counter[int] = field(default_factory=Counter)
    seconds_per_point: float | None = None
    #: Points found guilty, held back until something else is computed: it may be the executor's fault.
    convicted: list[Chunk] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.remaining or self.suspects)

    def room(self, slots: int) -> int:
        """Return how many chunks may be out."""
        return 1 if self.suspects or self.alone else AHEAD * slots

    def take(self, slots: int) -> list[int]:
        """Return the next chunk, empty if there is none."""
        if self.suspects:
            self.alone = True
            return self.suspects.popleft()
        # The last chunks get smaller, so that no worker is left alone with a large one.
        share = -(-self.remaining // (AHEAD * slots))
        wanted = 1 if self.seconds_per_point is None else int(SECONDS / max(self.seconds_per_point, 1e-9))
        chunk = list(islice(self.points, max(1, min(wanted, share, MOST))))
        self.remaining -= len(chunk)
        return chunk

    def learn(self, chunk: Chunk) -> None:
        """Note that a chunk arrived, and how long it took."""
        self.alone = False
        latest = chunk.seconds / len(chunk.indices)
        known = self.seconds_per_point
        self.seconds_per_point = latest if known is None else (known + latest) / 2

    def blame(self, chunk: list[int]) -> None:
        """Take back a chunk that killed its worker, to halve it or, if it is one point, to convict it.

        Raises
        ------
        EngineError
            If one point after the other is found guilty, and nothing can be computed at all.
        """
        self.alone = False
        if len(chunk) > 1:
            middle = len(chunk) // 2
            self.suspects.extendleft((chunk[middle:], chunk[:middle]))
            return
        (point,) = chunk
        self.deaths[point] += 1
        if self.deaths[point] < DEATHS:
            self.suspects.appendleft(chunk)
            return
        why = f"the worker process died at this point, {DEATHS} times; {CAUSE}"
        self.convicted.append(failed(chunk, [why]))
        if len(self.convicted) > MOST_DEADLY:
            raise EngineError(
                f"workers die whatever they compute, at {len(self.convicted)} points in a row; what was "
                f"computed before is kept: find what ends them ({CAUSE}), then go on with --resume"
            )

    def release(self) -> list[Chunk]:
        """Return the points found guilty so far."""
        released, self.convicted = self.convicted, []
        return released


def results(
    backend: Backend, work: Work, points_of: PointsOf, indices: Iterable[int], count: int
) -> Iterator[Chunk]:
    """Yield the results of all points, in the order in which they arrive.

    Parameters
    ----------
    backend : Backend
    work : callable
    points_of : callable
        Returns the parameters of some indices.
    indices : iterable of int
        Of `count` points.
    count : int

    Raises
    ------
    EngineError
        If the executor is lost, or nothing can be computed with it.
    """
    queue = Queue(iter(indices), count)
    while queue:
        broken: list[list[int]] = []
        try:
            with backend.open() as opened:
                yield from _rounds(opened, backend, work, points_of, queue, broken)
        except EngineError:
            # `process_pool` says so of a worker that died: a new pool goes on with what was out.
            if not broken:
                raise
        if len(broken) == 1:
            queue.blame(broken[0])
        else:
            queue.suspects.extend(broken)
    yield from queue.release()


def _rounds(
    opened: Open, backend: Backend, work: Work, points_of: PointsOf, queue: Queue, broken: list[list[int]]
) -> Iterator[Chunk]:
    """Keep the executor busy until nothing is left, or until it breaks: then `broken` gets the chunks out."""
    if opened.executor is None:
        while chunk := queue.take(1):
            result = work(chunk, points_of(chunk))
            queue.learn(result)
            yield result
        return
    out: dict[Future[Chunk], list[int]] = {}
    chunk = []
    try:
        while queue or out:
            slots = opened.slots()
            while len(out) < queue.room(slots) and (chunk := queue.take(slots)):
                out[opened.executor.submit(work, chunk, points_of(chunk))] = chunk
                chunk = []
            for future in wait(out, return_when=FIRST_COMPLETED).done:
                try:
                    result = future.result()
                except backend.killed:
                    queue.blame(out.pop(future))
                else:
                    del out[future]
                    queue.learn(result)
                    yield result
                    yield from queue.release()
    except BrokenExecutor:
        # What could not even be handed out is not to be lost.
        broken += [*out.values(), *([chunk] if chunk else [])]
        raise
    except SotcheckError:
        raise
    except backend.lost as error:
        raise EngineError(
            f"the executor was lost ({type(error).__name__}{f': {error}' if str(error) else ''}); what was "
            "computed is kept: go on with --resume"
        ) from None
    except Exception as error:
        raise EngineError(
            f"a worker failed before it computed anything ({type(error).__name__}: {error}); is the same "
            "sotcheck, with all it needs, installed where the workers run?"
        ) from error
