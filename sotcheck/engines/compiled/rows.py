"""The buffer of compiled kernels: rows of numbers, two for a complex one, whose columns are problems."""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.engines.compiled.jit import inlined, part
from sotcheck.numerics.arrays import Array, Index

#: Problems that are columns of one buffer.
LANES = 64
#: First rows of an interface: R̂ and β behind it and before it, and what multiplies a and adds to it there;
AFTER, BETA, BEFORE, ARRIVING, THROUGH, MORE = range(0, 48, 8)
#: of the layer behind it: the same on its way through, axis and size of its field, weights of ∫ψ†σψ dz.
ONWARD, EXTRA, AXIS, SIZE, WEIGHTS, KEPT = 48, 56, 64, 67, 68, 72
#: Sines and so on; a of all columns; flows; what a layer adds and takes; what a problem is given.
TRIG, COLUMNS, FLOWS, INSIDE, K_PERP, K_X, K_Y, ROWS = 72, 78, 94, 130, 148, 149, 150, 151
#: Spin currents behind the last interface, and what the interface adds and takes.
CURRENT, ADDED, TAKEN = FLOWS + 9, FLOWS + 18, FLOWS + 27


@inlined
def get(w: Array, row: int, lane: int) -> Any:
    """Return four complex numbers from a row on."""
    return (
        complex(w[row, lane], w[row + 1, lane]),
        complex(w[row + 2, lane], w[row + 3, lane]),
        complex(w[row + 4, lane], w[row + 5, lane]),
        complex(w[row + 6, lane], w[row + 7, lane]),
    )


@inlined
def put(w: Array, row: int, lane: int, z: Any) -> None:
    """Write four complex numbers from a row on."""
    w[row, lane], w[row + 1, lane] = z[0].real, z[0].imag
    w[row + 2, lane], w[row + 3, lane] = z[1].real, z[1].imag
    w[row + 4, lane], w[row + 5, lane] = z[2].real, z[2].imag
    w[row + 6, lane], w[row + 7, lane] = z[3].real, z[3].imag


@inlined
def get_vectors(w: Array, row: int, lane: int) -> Any:
    """Return three vectors, those of each source, from a row on."""
    return (
        (w[row, lane], w[row + 1, lane], w[row + 2, lane]),
        (w[row + 3, lane], w[row + 4, lane], w[row + 5, lane]),
        (w[row + 6, lane], w[row + 7, lane], w[row + 8, lane]),
    )


@inlined
def put_vectors(w: Array, row: int, lane: int, v: Any) -> None:
    """Write three vectors from a row on."""
    w[row, lane], w[row + 1, lane], w[row + 2, lane] = v[0]
    w[row + 3, lane], w[row + 4, lane], w[row + 5, lane] = v[1]
    w[row + 6, lane], w[row + 7, lane], w[row + 8, lane] = v[2]


@part
def copy(into: Array, rows: Array, first: int, last: int) -> None:
    """Copy some rows."""
    for row in range(first, last):
        for lane in range(LANES):
            into[row, lane] = rows[row, lane]


@part
def emit(out: Array, to: int, first: int, w: Array, row: int, rows: int, many: int) -> None:
    """Copy rows of results to where they belong."""
    for i in range(rows):
        for lane in range(many):
            out[to + i, first + lane] = w[row + i, lane]


@part
def gather(w: Array, first: int, many: int, given: Any) -> None:
    """Write k_⊥ and the scale times k_x and k_y of some problems."""
    values, shape, places = given
    i, j, k = first // (shape[1] * shape[2]), first // shape[2] % shape[1], first % shape[2]
    for lane in range(many):
        k_perp, cosine = values[at(places, 0, i, j, k)], values[at(places, 1, i, j, k)]
        strength = values[at(places, 3, i, j, k)] * k_perp
        w[K_PERP, lane], w[K_X, lane] = k_perp, strength * cosine
        w[K_Y, lane] = strength * values[at(places, 2, i, j, k)]
        k += 1
        if k == shape[2]:
            j, k = j + 1, 0
            if j == shape[1]:
                i, j = i + 1, 0


@inlined
def at(places: Index, which: int, i: int, j: int, k: int) -> int:
    """Return where the value of a problem lies."""
    return places[which, 0] + i * places[which, 1] + j * places[which, 2] + k * places[which, 3]


def gathered(*arrays: Array) -> tuple[Array, Index, Index]:
    """Return values of arrays that broadcast, one after another, three axes, and where to begin and to step.

    One type for all requests: nothing is compiled twice.
    """
    shape = np.broadcast_shapes(*(one.shape for one in arrays))
    if len(shape) > 3:
        whole = (np.broadcast_to(one, shape) for one in arrays)
        return gathered(*(one.reshape(shape[0], shape[1], -1) for one in whole))
    places, start = np.zeros((len(arrays), 4), dtype=np.int64), 0
    for place, one in zip(places, arrays, strict=True):
        axes = (1,) * (3 - one.ndim) + one.shape
        steps = np.cumprod((1, *axes[:0:-1]))[::-1]
        place[:] = start, *np.where(np.array(axes) > 1, steps, 0)
        start += one.size
    axes = (1,) * (3 - len(shape)) + shape
    return np.concatenate([one.ravel() for one in arrays]), np.array(axes, dtype=np.int64), places
