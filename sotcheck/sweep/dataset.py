"""A sweep as labelled arrays: xarray in memory, NetCDF 4 (which is HDF5) on disk."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sotcheck.errors import OutputError, SystemFileError
from sotcheck.exact.observables import FLOWS
from sotcheck.numerics.arrays import Array
from sotcheck.sweep.grid import ANGLES, MAGNETIZATION, SCALARS
from sotcheck.sweep.plan import Plan, to_toml
from sotcheck.sweep.seal import refuse_changed, sealed
from sotcheck.sweep.worker import ROWS, TERMS, WIDTH, Chunk
from sotcheck.system.interface import SOURCES

if TYPE_CHECKING:
    import xarray as xr

SPINS = ("x", "y", "z")
UNIT = "wave vector^3"
#: What each flow is, as in Fig. 2.
FLOW_NAMES = {
    "spin_current_minus": "k_perp-summed spin current at z = -0",
    "spin_current_plus": "k_perp-summed spin current at z = +0",
    "lattice": "what the Rashba term adds at z = 0",
    "interface": "what the interface exchange u_m takes at z = 0",
}
UNITS_NOTE = (
    "hbar^2/2m_e = 1: energy = (wave vector)^2. Torques t_s of the source s and all flows carry the "
    "prefactor of t_s = -(1/4 pi) int d^2k_perp/(2 pi)^2 k_x sum_in ..., unit wave vector^3, at the given "
    "h_R and not divided by it; T = (hbar e E_x A tau_s/m_e) t_s"
)
COMPLEX_NOTE = (
    "complex numbers are kept as pairs of real ones: of fieldlike + i dampinglike, Eq. (16), `fieldlike` is "
    "the real part and `dampinglike` the imaginary part"
)


@dataclass
class Gathered:
    """What is known of each point of a sweep.

    Attributes
    ----------
    values : array (points, ROWS, WIDTH)
        NaN where a point failed or is not known, or a component is undefined.
    errors, warnings : arrays (points,) of str
    known : array (points,) of bool
        Whether anything is there.
    """

    values: Array
    errors: Any
    warnings: Any
    known: Any


def gather(plan: Plan, chunks: Iterable[Chunk]) -> Gathered:
    """Put chunks together, in whatever order they arrived.

    A point that is there twice has the same numbers twice.
    """
    values = np.full((plan.size, len(ROWS), WIDTH), np.nan)
    errors, warnings = (np.full(plan.size, "", dtype=object) for _ in range(2))
    known = np.zeros(plan.size, dtype=bool)
    for chunk in chunks:
        values[chunk.indices] = chunk.values
        errors[chunk.indices], warnings[chunk.indices] = chunk.errors, chunk.warnings
        known[chunk.indices] = True
    return Gathered(values, errors, warnings, known)


def assemble(plan: Plan, found: Gathered) -> xr.Dataset:
    """Return the labelled arrays of a sweep.

    Parameters
    ----------
    plan : Plan
    found : Gathered
        With every point.

    Returns
    -------
    xarray.Dataset
        Dimensions: the axes, then "source" and "spin" or "term".

    Raises
    ------
    OutputError
        If a point is missing: it would look like a number that is not defined.
    """
    import xarray as xr

    if not found.known.all():
        raise OutputError(f"points are missing: {np.flatnonzero(~found.known).tolist()}")
    dims = [axis.name for axis in plan.axes]
    numbers = found.values.reshape(*plan.shape, len(ROWS), WIDTH)
    sources, bound = numbers[..., :-1, :], numbers[..., -1, :]
    variables: dict[str, Any] = {
        name: ((*dims, "source", *inner), array, {"units": UNIT, "long_name": long_name})
        for name, inner, array, long_name in _parts(sources)
    }
    tau = _relaxation(plan)
    # Without a bound state at E_F there is nothing to add.
    weighted = np.einsum("...s,...sn->...n", tau[..., :-1], sources[..., :5])
    weighted += tau[..., -1:] * np.nan_to_num(bound[..., :5])
    for prefix, parts, which in (
        ("total_", itertools.islice(_parts(weighted), 3), "weighted with relaxation times"),
        ("bound_", _parts(bound), "of states bound to the interface; NaN where none is at E_F"),
    ):
        for name, inner, array, long_name in parts:
            described = {"units": UNIT, "long_name": f"{long_name}, {which}"}
            variables[prefix + name] = ((*dims, *inner), array, described)
    told = {"error": "why the point failed; empty if it did not", "warning": "why to doubt the torque here"}
    for name, texts in (("error", found.errors), ("warning", found.warnings)):
        kept = np.array([_storable(text) for text in texts], dtype=object)
        variables[name] = (dims, kept.reshape(plan.shape), {"long_name": told[name]})
    return xr.Dataset(variables, coords=_coordinates(plan), attrs=_attributes(plan))


def _parts(numbers: Array) -> Iterable[tuple[str, tuple[str, ...], Array, str]]:
    """Yield name, inner dimensions, array and description of each variable, in a worker's order."""
    yield "fieldlike", (), numbers[..., 0], "component of t along m x y; NaN where m is parallel to y"
    yield "dampinglike", (), numbers[..., 1], "component of t along m x (y x m); NaN where m is parallel to y"
    yield "vector", ("spin",), numbers[..., 2:5], "torque t"
    for i, name in enumerate(FLOWS):
        yield name, ("spin",), numbers[..., 5 + 3 * i : 8 + 3 * i], FLOW_NAMES[name]
    yield (
        "uncertainty",
        ("term",),
        numbers[..., -len(TERMS) :],
        "error bound of each component of t",
    )


def _relaxation(plan: Plan) -> Array:
    """Return the relative relaxation times of sources and bound states at each point, shape (axes, ROWS)."""
    times = []
    for name in ("tau_N", "tau_up", "tau_down", "tau_bound"):
        time = np.array(getattr(plan.iface, name))
        for i, axis in enumerate(plan.axes):
            if name in axis.columns:
                time = np.array(axis.columns[name]).reshape(-1, *(1,) * (len(plan.axes) - i - 1))
        times.append(np.broadcast_to(time, plan.shape))
    return np.stack(times, axis=-1)


def _coordinates(plan: Plan) -> dict[str, Any]:
    described = {
        **{name: {"long_name": path, "key": path} for name, path in SCALARS.items()},
        **{name: {"long_name": "direction of the magnetization"} for name in MAGNETIZATION},
        **{name: {"long_name": "polar angles of the magnetization", "units": "degree"} for name in ANGLES},
    }
    found: dict[str, Any] = {
        name: (axis.name, np.array(values), described[name])
        for axis in plan.axes
        for name, values in axis.columns.items()
    }
    return {**found, "source": list(SOURCES), "spin": list(SPINS), "term": list(TERMS)}


def _attributes(plan: Plan) -> dict[str, str]:
    return {
        "title": f"sotcheck sweep of {plan.system['name']}",
        "command": _storable(plan.command),
        "sotcheck": plan.versions["sotcheck"],
        "system": to_toml(plan.iface),
        "units": UNITS_NOTE,
        "complex": COMPLEX_NOTE,
        "plan": json.dumps(plan.to_dict()),
    }


def _storable(text: str) -> str:
    """Return a text as HDF5 takes it: a file's name that is no UTF-8, and NUL, with backslashes."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def to_netcdf(dataset: xr.Dataset) -> bytes:
    """Return the bytes of the NetCDF file, the same for the same data: nothing in it tells when or where.

    They end with a seal, by which a changed file is told.
    """
    return sealed(bytes(dataset.to_netcdf(engine="h5netcdf")))


def open_sweep(path: str | Path) -> xr.Dataset:
    """Return the labelled arrays of a finished sweep, read as a whole.

    Raises
    ------
    SystemFileError
        If there is no such file, or it is no result of `sotcheck sweep`, or is not as it was written.
    """
    import xarray as xr

    try:
        refuse_changed(path)
        with xr.open_dataset(path, engine="h5netcdf") as opened:
            dataset = opened.load()
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
        raise SystemFileError(
            f"{path}: is a NetCDF file, but no result of 'sotcheck sweep' ({error})"
        ) from None
    return dataset


def _refuse_incomplete(dataset: xr.Dataset) -> None:
    """Refuse a dataset whose arrays are not those of its plan."""
    plan = plan_of(dataset)
    outer = (*(axis.name for axis in plan.axes), "source")
    wanted = {name: (*outer, *inner) for name, inner, _, _ in _parts(np.zeros((1, WIDTH)))}
    wanted |= {"error": outer[:-1], "warning": outer[:-1]}
    sizes = {"source": len(SOURCES), "spin": len(SPINS), "term": len(TERMS)}
    sizes |= {axis.name: len(axis) for axis in plan.axes}
    for name, dims in wanted.items():
        if name not in dataset or dataset[name].dims != dims:
            raise SystemFileError(f"its variable {name} is missing or has other dimensions")
    if dataset.sizes != sizes:
        raise SystemFileError("its dimensions are not those of its plan")


def plan_of(dataset: xr.Dataset) -> Plan:
    """Return the plan that a dataset was computed by.

    Raises
    ------
    SystemFileError
        If it has none; the message has no file's name.
    """
    if "plan" not in dataset.attrs:
        raise SystemFileError("it has no plan")
    return Plan.from_dict(json.loads(dataset.attrs["plan"]))


def complex_torque(dataset: xr.Dataset) -> xr.DataArray:
    """Return fieldlike + i·dampinglike, the complex number of Eq. (16), at each point and source."""
    return (dataset["fieldlike"] + 1j * dataset["dampinglike"]).rename("torque")
