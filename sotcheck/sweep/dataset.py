"""A finished sweep as labelled arrays of xarray."""

from __future__ import annotations

import json
from array import array
from pathlib import Path
from typing import TYPE_CHECKING

from sotcheck.errors import SystemFileError
from sotcheck.numerics.arrays import Array
from sotcheck.sweep.grid import Axis
from sotcheck.sweep.layout import INNER, TEXTS, inner_sizes
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
    import xarray as xr

    try:
        refuse_changed(path)
        store = xr.backends.H5NetCDFStore.open(path)
        numbers = xr.open_dataset(store, drop_variables=TEXTS)
        # As they are: xarray would read all texts at once, each into the space of the longest.
        stored = {name: one for name, one in store.ds.variables.items() if name in TEXTS}
        dataset = numbers.assign({name: store.open_store_variable(name, one) for name, one in stored.items()})
        dataset.set_close(store.close)
        if dataset.nbytes <= AT_ONCE:
            dataset.load().close()
    except SystemFileError:
        raise
    except FileNotFoundError:
        raise SystemFileError(f"{path}: no such file; expected a result of 'sotcheck sweep'") from None
    except Exception as error:
        # HDF5, and what reads it, raise whatever they like.
        why = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise SystemFileError(f"{path}: is not a NetCDF file that can be read ({why})") from None
    try:
        _refuse_incomplete(dataset)
    except (ValueError, TypeError, SystemFileError) as error:
        dataset.close()
        raise SystemFileError(
            f"{path}: is a NetCDF file, but no result of 'sotcheck sweep' ({error})"
        ) from None
    return dataset


def _refuse_incomplete(dataset: xr.Dataset) -> None:
    """Refuse a dataset whose arrays are not those of its plan."""
    plan = plan_of(dataset)
    wanted = {name: (*plan.dims, "source", *inner) for name, inner in INNER.items()}
    for name, dims in {**wanted, **dict.fromkeys(TEXTS, plan.dims)}.items():
        if name not in dataset or dataset[name].dims != dims:
            raise SystemFileError(f"its variable {name} is missing or has other dimensions")
    if dataset.sizes != {**dict(zip(plan.dims, plan.shape, strict=True)), **inner_sizes()}:
        raise SystemFileError("its dimensions are not those of its plan")


def plan_of(dataset: xr.Dataset) -> Plan:
    """Return the plan that a dataset was computed by; a SystemFileError, if it has none, names no file."""
    if "plan" not in dataset.attrs:
        raise SystemFileError("it has no plan")
    tables = json.loads(dataset.attrs["plan"])
    try:
        axes = [
            Axis(axis["name"], {name: array("d", dataset[name].values) for name in axis["columns"]})
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
