"""How functions of many problems are compiled by numba, if it is there, and shared among threads.

A block of problems lies in rows of one buffer, a problem a column of it: loops over columns become vector
instructions, as long as what they call is compiled into them and no array is handed on.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np

#: Typed in some versions, in others not.
NJIT: Any = numba.njit
F = TypeVar("F", bound=Callable[..., Any])
#: Of what a compiler might reorder only a product and a sum may become one instruction.
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}


def part(function: F) -> F:
    """Compile a function into all that call it."""
    found: F = NJIT(function, forceinline=True, **OPTIONS)
    return found


def inlined(function: F) -> F:
    """Compile a function of an array into all that call it."""
    found: F = NJIT(function, inline="always", **OPTIONS)
    return found


def kept(function: F) -> F:
    """Compile a function once for all processes, where there is a place to keep it, until a part changes."""
    try:
        found: Any = NJIT(function, cache=True, **OPTIONS)
        # By itself numba looks at the function's own file alone.
        stats = [one.stat() for one in sorted(Path(__file__).parent.glob("*.py"))]
        found._cache._cache_file._source_stamp = [(one.st_mtime, one.st_size) for one in stats]
    except (RuntimeError, AttributeError, OSError):
        found = NJIT(function, **OPTIONS)
    compiled: F = found
    return compiled


def threads() -> int:
    """Return how many threads share a request: as many as NUMBA_NUM_THREADS says, or one."""
    return max(1, int(os.environ.get("NUMBA_NUM_THREADS") or 1))


def shared(work: Callable[[int, int], None], number: int) -> None:
    """Let threads do the work from one problem on up to another one, all together."""
    ends = np.linspace(0, number, threads() + 1).astype(int).tolist()
    if len(ends) == 2:
        work(*ends)
        return
    with ThreadPoolExecutor(len(ends) - 1) as pool:
        list(pool.map(work, ends[:-1], ends[1:]))
