"""One BLAS thread: matrices here are tiny, and more threads would only fight over the cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import Lock
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

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


def single_threaded(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function with BLAS kept to one thread while it runs: for every public entry point."""

    @wraps(function)
    def limited(*args: P.args, **kwargs: P.kwargs) -> R:
        with one_blas_thread():
            return function(*args, **kwargs)

    return limited
