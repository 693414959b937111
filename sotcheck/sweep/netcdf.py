"""The result as NetCDF 4 (which is HDF5), written slab by slab, so that no sweep is too large for memory.

One file of chunks, and not a folder of them as Zarr's: it is renamed, sealed and copied as one thing.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np

from sotcheck.errors import OutputError
from sotcheck.run.output import replace
from sotcheck.sweep.layout import (
    TEXTS,
    TIMES,
    attributes,
    coordinates,
    inner_sizes,
    numbers,
    storable,
    variables,
)
from sotcheck.sweep.plan import Plan
from sotcheck.sweep.seal import seal
from sotcheck.sweep.worker import Chunk

T = TypeVar("T")

#: Most points of a slab: some megabytes of numbers.
MOST = 8192
#: What NetCDF calls a dimension without coordinates, with its length.
NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable.{:10}"


def slab_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of a slab: the last axes whole, one cut evenly, and one place of those before it."""
    whole = 1
    for cut in reversed(range(len(shape))):
        if whole * shape[cut] > MOST:
            pieces = math.ceil(shape[cut] / (MOST // whole))
            return (*[1] * cut, math.ceil(shape[cut] / pieces), *shape[cut + 1 :])
        whole *= shape[cut]
    return shape


def slabs(shape: tuple[int, ...]) -> Iterator[tuple[tuple[slice, ...], range]]:
    """Yield places along each axis, and the points there, which follow one another; in order."""
    steps = slab_shape(shape)
    first = 0
    for place in np.ndindex(*(math.ceil(length / step) for length, step in zip(shape, steps, strict=True))):
        corners = [(i * step, step, length) for i, step, length in zip(place, steps, shape, strict=True)]
        at = tuple(slice(start, min(start + step, length)) for start, step, length in corners)
        count = math.prod(one.stop - one.start for one in at)
        yield at, range(first, first + count)
        first += count


def write(path: Path, plan: Plan, known: Callable[[range], Chunk]) -> None:
    """Write a whole sweep, sealed: the same bytes for the same data, as none tells when or where.

    `known` returns what is known of points that follow one another. An OutputError tells of a disk that is
    full or fails.
    """
    try:
        replace(path, partial(_write, plan=plan, known=known))
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); all points are kept beside it: "
            "make room, then go on with --resume"
        ) from None


def _write(file: BinaryIO, plan: Plan, known: Callable[[range], Chunk]) -> None:
    import h5py

    never = _NeverFailing(file)
    # No cache of chunks: each is written once, and as a whole.
    with h5py.File(never, "w", track_order=True, rdcc_nbytes=0) as result:
        arrays = _describe(result, plan)
        for at, points in slabs(plan.shape):
            if never.error is None:
                _fill(arrays, plan, at, known(points))
    never.check()
    seal(file)


def _describe(result: Any, plan: Plan) -> dict[str, Any]:
    """Write everything but values at points, and return arrays for these by name.

    To HDF5, NetCDF's dimensions are scales of its arrays.
    """
    import h5py

    def create(name: str, attached: Sequence[str], described: dict[str, str], **how: Any) -> Any:
        made = result.create_dataset(name, track_order=True, **how)
        for place, dim in enumerate(attached):
            made.dims[place].attach_scale(scales[dim])
        made.attrs.update(described)
        return made

    result.attrs.update(attributes(plan))
    text, coords, scales = h5py.string_dtype(), coordinates(plan), dict[str, Any]()
    for dim, size in {**dict(zip(plan.dims, plan.shape, strict=True)), **inner_sizes()}.items():
        _, values, described = coords.pop(dim, ("", None, {}))
        if values is None:
            scales[dim] = create(dim, (), {}, shape=(size,), dtype=">f4")
        else:
            kind = text if values.dtype == object else values.dtype
            scales[dim] = create(dim, (), described, data=values, dtype=kind)
        scales[dim].make_scale(dim if values is not None else NO_VARIABLE.format(size))
    for name, (dim, values, described) in coords.items():
        create(name, (dim,), described, data=values)
    # Those that are no dimensions.
    beside = {"coordinates": " ".join(coords)} if coords else {}
    chunk, arrays = slab_shape(plan.shape), dict[str, Any]()
    for name, (dims, described) in variables(plan).items():
        sizes = tuple(scales[dim].size for dim in dims)
        how = {"dtype": text} if name in TEXTS else {"dtype": "<f8", "fillvalue": np.nan}
        chunks = (*chunk, *sizes[len(chunk) :])
        arrays[name] = create(name, dims, described | beside, shape=sizes, chunks=chunks, **how)
    return arrays


def _fill(arrays: dict[str, Any], plan: Plan, at: tuple[slice, ...], chunk: Chunk) -> None:
    """Write the values of a slab."""
    shape = tuple(one.stop - one.start for one in at)
    tau = np.stack([plan.everywhere(name)[at].ravel() for name in TIMES], axis=-1)
    for name, values in numbers(chunk.values, tau).items():
        arrays[name][at] = values.reshape(*shape, *values.shape[1:])
    for name, texts in (("error", chunk.errors), ("warning", chunk.warnings)):
        # What is not written is empty.
        if any(texts):
            arrays[name][at] = np.array([storable(one) for one in texts], dtype=object).reshape(shape)


class _NeverFailing(io.RawIOBase):
    """A file that HDF5 never sees fail, as it would crash when the process ends; `error` says what did."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.error: BaseException | None = None

    def write(self, content: Any) -> int:
        self._try(self.file.write, content)
        return len(content)

    def readinto(self, buffer: Any) -> int:
        content = self._try(self.file.read, len(buffer)) or b""
        buffer[: len(content)] = content
        return len(content)

    def seek(self, place: int, whence: int = 0) -> int:
        return self._try(self.file.seek, place, whence) or 0

    def truncate(self, size: int | None = None) -> int:
        return self._try(self.file.truncate, size) or 0

    def flush(self) -> None:
        self._try(self.file.flush)

    def check(self) -> None:
        """Raise what failed."""
        if self.error is not None:
            raise self.error

    def _try(self, work: Callable[..., T], *values: Any) -> T | None:
        try:
            return work(*values) if self.error is None else None
        except BaseException as error:
            # An interruption as well.
            self.error = error
            return None
