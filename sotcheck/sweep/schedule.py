"""Chunks of points handed to an executor: sized to seconds, and computed again when a worker is lost."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass, field

from sotcheck.errors import EngineError, SotcheckError
from sotcheck.numerics.arrays import Index
from sotcheck.run.executors import Backend, Open
from sotcheck.run.processes import WorkerDiedError
from sotcheck.sweep.grid import Point
from sotcheck.sweep.worker import Chunk, failed

#: Computes some points; any worker must be able to import it.
Work = Callable[[dict[int, Point]], Chunk]
PointsOf = Callable[[list[int]], dict[int, Point]]

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

    points: Sequence[int] | Index
    taken: int = 0
    #: Chunks that were taken, and have not come back.
    out: list[list[int]] = field(default_factory=list)
    suspects: deque[list[int]] = field(default_factory=deque)
    #: Whether the one chunk that is out is a suspect.
    alone: bool = False
    deaths: Counter[int] = field(default_factory=Counter)
    seconds_per_point: float | None = None
    #: Points found guilty, held back until something else is computed: it may be the executor's fault.
    convicted: list[Chunk] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.taken < len(self.points) or self.suspects)

    def room(self, slots: int) -> int:
        """Return how many chunks may be out."""
        return 1 if self.suspects or self.alone else AHEAD * slots

    def take(self, slots: int) -> list[int]:
        """Return the next chunk, empty if there is none."""
        if self.suspects:
            self.alone = True
            chunk = self.suspects.popleft()
        else:
            # The last chunks get smaller, so that no worker is left alone with a large one.
            share = -((self.taken - len(self.points)) // (AHEAD * slots))
            wanted = 1 if self.seconds_per_point is None else int(SECONDS / max(self.seconds_per_point, 1e-9))
            end = self.taken + max(1, min(wanted, share, MOST))
            # Of NumPy's integers, whose millions take eight bytes each, Python's.
            chunk = [int(point) for point in self.points[self.taken : end]]
            self.taken += len(chunk)
        self.out += [chunk] if chunk else []
        return chunk

    def learn(self, chunk: Chunk) -> Chunk:
        """Note that a chunk arrived, and how long it took; return it."""
        self.alone = False
        self.out.remove(chunk.indices)
        latest = chunk.seconds / len(chunk.indices)
        self.seconds_per_point = (latest + (self.seconds_per_point or latest)) / 2
        return chunk

    def blame(self, chunk: list[int]) -> None:
        """Take back a chunk that killed its worker, to halve it or, if it is one point, to convict it.

        An EngineError says that one after the other is found guilty, and nothing can be computed at all.
        """
        self.alone = False
        self.out.remove(chunk)
        if len(chunk) > 1:
            middle = len(chunk) // 2
            self.suspects.extendleft((chunk[middle:], chunk[:middle]))
            return
        (point,) = chunk
        self.deaths[point] += 1
        if self.deaths[point] < DEATHS:
            self.suspects.appendleft(chunk)
            return
        words = f"the worker process died at this point, {DEATHS} times; {CAUSE}"
        self.convicted.append(failed(chunk, words))
        if len(self.convicted) > MOST_DEADLY:
            raise EngineError(
                f"workers die whatever they compute, at {len(self.convicted)} points in a row; what was "
                f"computed before is kept: find what ends them ({CAUSE}), then go on with --resume"
            )

    def recover(self) -> None:
        """Take back what was out when the executor broke."""
        if len(self.out) == 1:
            self.blame(self.out[0])
        self.suspects.extend(self.out)
        self.out.clear()

    def release(self) -> list[Chunk]:
        """Return the points found guilty so far."""
        released, self.convicted = self.convicted, []
        return released


def results(
    backend: Backend, work: Work, points_of: PointsOf, indices: Sequence[int] | Index
) -> Generator[Chunk, None, None]:
    """Yield the results of all points, in the order in which they arrive.

    `points_of` returns the parameters of some of the indices. An EngineError says that the executor is lost,
    or that nothing can be computed with it.
    """
    queue = Queue(indices)
    while queue:
        try:
            with backend.open() as opened:
                yield from _rounds(opened, backend, work, points_of, queue)
        except WorkerDiedError:
            # A new pool goes on with what was out.
            queue.recover()
    yield from queue.release()


def _rounds(opened: Open, backend: Backend, work: Work, points_of: PointsOf, queue: Queue) -> Iterator[Chunk]:
    """Keep the executor busy until nothing is left."""
    if opened.executor is None:
        while chunk := queue.take(1):
            yield queue.learn(work(points_of(chunk)))
        return
    futures: dict[Future[Chunk], list[int]] = {}
    try:
        while queue or futures:
            slots = opened.slots()
            while len(futures) < queue.room(slots) and (chunk := queue.take(slots)):
                futures[opened.executor.submit(work, points_of(chunk))] = chunk
            for future in wait(futures, return_when=FIRST_COMPLETED).done:
                chunk = futures.pop(future)
                try:
                    result = future.result()
                except backend.killed:
                    queue.blame(chunk)
                else:
                    yield queue.learn(result)
                    yield from queue.release()
    except (BrokenExecutor, SotcheckError):
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
