"""A sweep as labelled arrays: xarray in memory, NetCDF 4 (which is HDF5) on disk."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sotcheck.errors import SystemFileError
from sotcheck.model import SOURCES
from sotcheck.observables import FLOWS
from sotcheck.spin import Array
from sotcheck.sweep.grid import ANGLES, MAGNETIZATION, SCALARS
from sotcheck.sweep.plan import Plan, to_toml
from sotcheck.sweep.worker import ROWS, TERMS, WIDTH, Chunk

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


def assemble(plan: Plan, chunks: Iterable[Chunk]) -> xr.Dataset:
    """Return the labelled arrays of a sweep from its chunks, in whatever order they arrived.

    Parameters
    ----------
    plan : Plan
    chunks : iterable of Chunk
        Together, all points; a point that is there twice has the same numbers twice.

    Returns
    -------
    xarray.Dataset
        Dimensions: the axes, then "source" and "spin" or "term".
    """
    import xarray as xr

    values = np.full((plan.size, len(ROWS), WIDTH), np.nan)
    errors, warnings = (np.full(plan.size, "", dtype=object) for _ in range(2))
    for chunk in chunks:
        values[chunk.indices] = chunk.values
        errors[chunk.indices], warnings[chunk.indices] = chunk.errors, chunk.warnings
    dims = [axis.name for axis in plan.axes]
    numbers = values.reshape(*plan.shape, len(ROWS), WIDTH)
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
    words = {"error": "why the point failed; empty if it did not", "warning": "why to doubt the torque here"}
    for name, texts in (("error", errors), ("warning", warnings)):
        variables[name] = (dims, texts.reshape(plan.shape), {"long_name": words[name]})
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
        "command": plan.command,
        "sotcheck": plan.versions["sotcheck"],
        "system": to_toml(plan.iface),
        "units": UNITS_NOTE,
        "complex": COMPLEX_NOTE,
        "plan": json.dumps(plan.to_dict()),
    }


def to_netcdf(dataset: xr.Dataset) -> bytes:
    """Return the bytes of the NetCDF file, the same for the same data: nothing in it tells when or where."""
    return bytes(dataset.to_netcdf(engine="h5netcdf"))


def open_sweep(path: str | Path) -> xr.Dataset:
    """Return the labelled arrays of a finished sweep, read as a whole.

    Raises
    ------
    SystemFileError
        If there is no such file, or it is no result of `sotcheck sweep`.
    """
    import xarray as xr

    try:
        with xr.open_dataset(path, engine="h5netcdf") as opened:
            dataset = opened.load()
    except FileNotFoundError:
        raise SystemFileError(f"{path}: no such file; expected a result of 'sotcheck sweep'") from None
    except (OSError, ValueError, KeyError) as error:
        raise SystemFileError(f"{path}: is not a NetCDF file that can be read ({error})") from None
    if not {"plan", "sotcheck"} <= set(dataset.attrs) or "vector" not in dataset:
        raise SystemFileError(f"{path}: is a NetCDF file, but no result of 'sotcheck sweep'")
    return dataset


def plan_of(dataset: xr.Dataset) -> Plan:
    """Return the plan that a dataset was computed by."""
    return Plan.from_dict(json.loads(dataset.attrs["plan"]))


def complex_torque(dataset: xr.Dataset) -> xr.DataArray:
    """Return fieldlike + i·dampinglike, the complex number of Eq. (16), at each point and source."""
    return (dataset["fieldlike"] + 1j * dataset["dampinglike"]).rename("torque")
