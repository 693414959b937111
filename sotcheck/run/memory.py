"""What is freed stays with the process, and garbage is seldom looked for."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from functools import cache

#: Options of GNU's `mallopt`: memory goes back from so many bytes at the end on, and of a piece as large.
TRIM_THRESHOLD, MMAP_THRESHOLD = (-1, 2**26), (-3, 2**25)
#: Objects made, less those gone, before garbage is looked for: a report's are not as many.
SELDOM = 1_000_000


@cache
def keep_memory() -> None:
    """Let what is freed stay with the process: to get memory anew for each block takes as long as the kernel.

    Dask has its workers keep nothing, which makes them three times as slow. Not every C library has a say.
    """
    with suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(*TRIM_THRESHOLD)
        mallopt(*MMAP_THRESHOLD)


def collect_seldom() -> None:
    """Let imports and figures, which make hardly any garbage, not be searched for it all the time."""
    gc.set_threshold(SELDOM, *gc.get_threshold()[1:])
