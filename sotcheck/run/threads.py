"""One BLAS thread: matrices here are tiny, and more threads would only fight over the cores."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import Any

#: Held by the one call that has set the limit: nested ones, and those of other threads, have it for nothing.
_holder = Lock()


@lru_cache(maxsize=1)
def _libraries(modules: int) -> Any:
    """Return the control of all BLAS libraries: to look for them takes milliseconds, and none comes alone."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread meanwhile; who has set the limit lifts it.

    The number belongs to the process, and OpenBLAS does not let every thread change it: so no one lifts the
    limit for another. Libraries that are loaded meanwhile are not limited.
    """
    if not _holder.acquire(blocking=False):
        yield
        return
    try:
        with _libraries(len(sys.modules)).limit(limits=1, user_api="blas"):
            yield
    finally:
        _holder.release()


#: Decorator of every public entry point: BLAS is kept to one thread while it runs.
single_threaded = one_blas_thread()
