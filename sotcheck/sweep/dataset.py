"""A finished sweep as labelled arrays of xarray."""

from __future__ import annotations

import json
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sotcheck.errors import SystemFileError
from sotcheck.numerics.arrays import Array
from sotcheck.sweep.grid import Axis
from sotcheck.sweep.layout import coordinates, inner_sizes, variables
from sotcheck.sweep.plan import Plan
from sotcheck.sweep.seal import refuse_changed

if TYPE_CHECKING:
    import xarray as xr

#: Bytes of arrays that are read at once, so that it does not matter what becomes of their file.
AT_ONCE = 2**26


def open_sweep(path: str | Path) -> xr.Dataset:
    """Return the labelled arrays of a finished sweep; large ones are read when they are asked for.

    A SystemFileError says that there is no such file, or that it is no result of `sotcheck sweep`, or is not
    as it was written.
    """
    import h5py

    try:
        refuse_changed(path)
        # Arrays that are read later are so wherever this process has gone.
        with h5py.File(Path(path).absolute()) as file:
            try:
                return _labelled(file)
            except (ValueError, TypeError, SystemFileError) as error:
                why = f"is a NetCDF file, but no result of 'sotcheck sweep' ({error})"
                raise SystemFileError(f"{path}: {why}") from None
    except SystemFileError:
        raise
    except FileNotFoundError:
        raise SystemFileError(f"{path}: no such file; expected a result of 'sotcheck sweep'") from None
    except Exception as error:
        # HDF5, and what reads it, raise whatever they like.
        why = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise SystemFileError(f"{path}: is not a NetCDF file that can be read ({why})") from None


def _labelled(file: Any) -> xr.Dataset:
    """Return the arrays of a file by its plan, by which they were laid out."""
    import xarray as xr

    from sotcheck.sweep.stored import lazily, part

    plan = plan_of(file)
    wanted, stored = variables(plan), dict(file.items())
    sizes = {**dict(zip(plan.dims, plan.shape, strict=True)), **inner_sizes()}
    for name, (dims, _) in wanted.items():
        if name not in stored or stored[name].shape != tuple(sizes[dim] for dim in dims):
            raise SystemFileError(f"its variable {name} is missing or has other dimensions")
    read = part if sum(one.nbytes for one in stored.values()) <= AT_ONCE else lazily
    arrays = {name: (dims, read(stored[name]), described) for name, (dims, described) in wanted.items()}
    return xr.Dataset(arrays, coordinates(plan), dict(file.attrs))


def plan_of(dataset: Any) -> Plan:
    """Return the plan that a dataset, or what is in its file, was computed by.

    A SystemFileError, if it has none, names no file.
    """
    if "plan" not in dataset.attrs:
        raise SystemFileError("it has no plan")
    tables = json.loads(dataset.attrs["plan"])
    try:
        axes = [
            Axis(axis["name"], {name: array("d", np.asarray(dataset[name])) for name in axis["columns"]})
            for axis in tables["axes"]
        ]
    except (KeyError, TypeError) as error:
        raise SystemFileError(
            f"its plan is none of this version's ({type(error).__name__}: {error})"
        ) from None
    if [axis.described() for axis in axes] != tables["axes"]:
        raise SystemFileError("its coordinates are not those of its plan")
    return Plan.from_dict(tables, axes)


def flat(dataset: xr.Dataset, name: str) -> Array:
    """Return a variable with all points along one axis, in the order of the plan's indices."""
    values: Array = dataset[name].values
    return values.reshape(dataset["error"].size, *values.shape[dataset["error"].ndim :])


def complex_torque(dataset: xr.Dataset) -> xr.DataArray:
    """Return fieldlike + i·dampinglike at each point and source."""
    return (dataset["fieldlike"] + 1j * dataset["dampinglike"]).rename("torque")
