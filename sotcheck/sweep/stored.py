"""An array in a file that is read where it is asked for; imported late, as xarray takes its time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
from xarray.backends import BackendArray
from xarray.core import indexing


@dataclass
class Stored(BackendArray):
    """An array of HDF5, whose file is open only while it is read: nothing has to be closed."""

    path: str
    name: str
    shape: tuple[int, ...]
    dtype: Any

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        """Return a part, as xarray asks for it."""
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER_1VECTOR, self._part
        )

    def _part(self, key: Any) -> Any:
        with h5py.File(self.path) as file:
            return part(file[self.name], key)


def part(stored: h5py.Dataset, key: Any = ()) -> Any:
    """Return a part of an array of HDF5, by default all of it; texts as such."""
    return (stored.asstr() if stored.dtype == object else stored)[key]


def lazily(stored: h5py.Dataset) -> indexing.LazilyIndexedArray:
    """Return an array that is read when it is asked for."""
    one = Stored(stored.file.filename, stored.name, stored.shape, stored.dtype)
    return indexing.LazilyIndexedArray(one)
