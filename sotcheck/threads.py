"""One BLAS thread: matrices here are tiny, and more threads would only fight over the cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import Lock
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_lock = Lock()
#: How many calls want the limit just now, in all threads of this process, and the limit itself.
_wanting = 0
_limit: Any = None


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread meanwhile; the last to leave restores what the first one found.

    The number belongs to the process. Libraries that are loaded meanwhile are not limited.
    """
    global _wanting, _limit
    from threadpoolctl import threadpool_limits

    with _lock:
        if not _wanting:
            _limit = threadpool_limits(limits=1, user_api="blas")
        _wanting += 1
    try:
        yield
    finally:
        with _lock:
            _wanting -= 1
            if not _wanting:
                _limit.restore_original_limits()


def single_threaded(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function with BLAS kept to one thread while it runs: for every public entry point."""

    @wraps(function)
    def limited(*args: P.args, **kwargs: P.kwargs) -> R:
        with one_blas_thread():
            return function(*args, **kwargs)

    return limited
