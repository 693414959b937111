"""Many problems in blocks that stay in the processor's cache."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from sotcheck.numerics.arrays import Array
from sotcheck.run.memory import keep_memory

#: Problems in a request from which on compiled kernels are used: to load numba takes as long as a million.
MANY_FOR_NUMBA = 32768


@cache
def _kernels() -> Any:
    try:
        return import_module("sotcheck.engines.compiled.stack")
    except ImportError:
        # No numba, or one that does not go with this NumPy.
        return None


def compiled(*grid: Array) -> Any:
    """Return the compiled kernels, or None: for few problems of k_⊥, angle and scale, or without numba.

    Only how many there are decides, so that a request has the same digits whatever came before it.
    """
    number = math.prod(np.broadcast_shapes(*(np.shape(one) for one in grid)))
    return _kernels() if number >= MANY_FOR_NUMBA else None


def in_blocks(
    write: Callable[..., None],
    shape: tuple[int, ...],
    grid: Sequence[Array],
    most: int,
    new: Callable[..., Array] = np.empty,
) -> Array:
    """Return values (*shape, ...) written for k_⊥, angle and scale, which broadcast, so many at once."""
    keep_memory()
    grid = np.atleast_1d(*grid)
    all_in_all = np.broadcast_shapes(*(values.shape for values in grid))
    padded = [values.reshape((1,) * (len(all_in_all) - values.ndim) + values.shape) for values in grid]
    found = new((*shape, *all_in_all))
    step = max(1, most // math.prod(all_in_all[1:]))
    for block in (slice(start, start + step) for start in range(0, all_in_all[0], step)):
        some = (one[block] if len(one) > 1 else one for one in padded)
        write(found[(*(slice(None),) * len(shape), block)], block, *some)
    return found
