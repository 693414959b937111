"""One BLAS thread: matrices here are tiny, and more threads would only fight over the cores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

#: Held by the one call that has set the limit: nested ones, and those of other threads, have it for nothing.
_holder = Lock()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread meanwhile; who has set the limit lifts it.

    The number belongs to the process, and OpenBLAS does not let every thread change it: so no one lifts the
    limit for another. Libraries that are loaded meanwhile are not limited.
    """
    from threadpoolctl import threadpool_limits

    if not _holder.acquire(blocking=False):
        yield
        return
    try:
        with threadpool_limits(limits=1, user_api="blas"):
            yield
    finally:
        _holder.release()


#: Decorator of every public entry point: BLAS is kept to one thread while it runs.
single_threaded = one_blas_thread()
