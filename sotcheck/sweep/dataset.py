"""A sweep as labelled arrays: xarray in memory, NetCDF 4 (which is HDF5) on disk.

The file's end is the SHA-256 of all before it. HDF5 does not look beyond the end that it has noted itself, so
that any program opens the file as it is. And a file that was changed is told before HDF5 gets to see it: it
would crash on some of them, and read others.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sotcheck.errors import OutputError, SystemFileError
from sotcheck.numerics.arrays import Array
from sotcheck.run.inputs import open_regular
from sotcheck.run.output import replace
from sotcheck.sweep.grid import MAGNETIZATION, SCALARS
from sotcheck.sweep.plan import Plan
from sotcheck.sweep.worker import NUMBERS, ROWS, TERMS, Chunk, floats, unknown
from sotcheck.system.family import ANGLES
from sotcheck.system.files import to_document
from sotcheck.system.interface import SOURCES
from sotcheck.system.model import System
from sotcheck.system.units import OF_SYSTEM

if TYPE_CHECKING:
    import xarray as xr

#: How every HDF5 file begins.
HDF5 = b"\x89HDF\r\n\x1a\n"
SEAL = "\nsotcheck sha256 {}\n"
LENGTH = len(SEAL.format("0" * 64))
REMEDY = "have it from where it was written, or compute it again"
SPINS = ("x", "y", "z")
#: By the system file's unit of energy.
UNITS = {"": "wave vector^3", "eV": "nm^-3"}
#: What each of NUMBERS is.
LONG_NAMES = {
    "fieldlike": "component of t along m x y; NaN where m is parallel to y",
    "dampinglike": "component of t along m x (y x m); NaN where m is parallel to y",
    "vector": "torque t",
    "spin_current_minus": "k_perp-summed spin current at z = -0",
    "spin_current_plus": "k_perp-summed spin current at z = +0",
    "lattice": "what the Rashba term adds at z = 0",
    "interface": "what the interface exchange u_m takes at z = 0",
    "uncertainty": "error bound of each component of t",
}
#: Their dimensions besides those of the sweep.
INNER: dict[str, tuple[str, ...]] = {
    name: ("term",) if name == "uncertainty" else ("spin",) * NUMBERS[name].ndim for name in LONG_NAMES
}
#: Those of which there are totals.
SUMMED = ("fieldlike", "dampinglike", "vector")
UNITS_NOTE = (
    "hbar^2/2m_e = 1: energy = (wave vector)^2, torque = wave vector^3; of a system file in eV lengths are "
    "in nm, but those of u_0 and u_m. Torques t_s of the source s and all flows carry the prefactor of "
    "t_s = -(1/4 pi) int d^2k_perp/(2 pi)^2 k_x sum_in ..., at the given h_R and not divided by it; "
    "T = (hbar e E_x A tau_s/m_e) t_s"
)
BOUND_NOTE = ", of states bound to the interface; NaN where none is at E_F"
COMPLEX_NOTE = (
    "complex numbers are kept as pairs of real ones: of fieldlike + i dampinglike, `fieldlike` is the real "
    "part and `dampinglike` the imaginary part"
)


@dataclass
class Gathered:
    """What is known of each point of a sweep: as in a `Chunk` of all, and whether anything is there."""

    values: Any
    errors: Any
    warnings: Any
    known: Any

    @property
    def missing(self) -> list[int]:
        """The points of which nothing is known."""
        return np.flatnonzero(~self.known).tolist()


def gather(plan: Plan, chunks: Iterable[Chunk]) -> Gathered:
    """Put chunks together, in whatever order; a point that is there twice has the same numbers twice."""
    errors, warnings = (np.full(plan.size, "", dtype=object) for _ in range(2))
    found = Gathered(unknown(plan.size), errors, warnings, np.zeros(plan.size, dtype=bool))
    for chunk in chunks:
        at = chunk.indices
        found.values[at], errors[at], warnings[at] = chunk.values, chunk.errors, chunk.warnings
        found.known[at] = True
    return found


def assemble(plan: Plan, found: Gathered) -> xr.Dataset:
    """Return the labelled arrays of a whole sweep: dimensions are its axes, "source", "spin" or "term"."""
    import xarray as xr

    rows, dims = found.values.reshape(*plan.shape, len(ROWS)), plan.dims
    tau = np.stack([plan.everywhere(f"tau_{name}") for name in ("N", "up", "down", "bound")], axis=-1)
    # Without a bound state at E_F there is nothing to add.
    counted, total = floats(rows).copy(), np.zeros(plan.shape, NUMBERS)
    counted[..., -1, :] = np.nan_to_num(counted[..., -1, :])
    floats(total)[...] = np.einsum("...s,...sn->...n", tau, counted)
    variables: dict[str, Any] = {
        f"{prefix}{name}": (
            (*dims, *before, *INNER[name]),
            numbers[name],
            {"units": UNITS[plan.iface.unit], "long_name": LONG_NAMES[name] + which},
        )
        for prefix, numbers, before, which, names in (
            ("", rows[..., :-1], ("source",), "", LONG_NAMES),
            ("total_", total, (), ", weighted with relaxation times", SUMMED),
            ("bound_", rows[..., -1], (), BOUND_NOTE, LONG_NAMES),
        )
        for name in names
    }
    for name, texts, words in (
        ("error", found.errors, "why the point failed; empty if it did not"),
        ("warning", found.warnings, "why to doubt the torque here"),
    ):
        kept = np.array([_storable(text) for text in texts], dtype=object)
        variables[name] = (dims, kept.reshape(plan.shape), {"long_name": words})
    attributes = {
        "title": f"sotcheck sweep of {plan.system['name']}", "command": _storable(plan.command),
        "sotcheck": plan.versions["sotcheck"], "system": to_toml(plan.iface),
        "units": UNITS_NOTE, "complex": COMPLEX_NOTE, "plan": json.dumps(plan.to_dict()),
    }  # fmt: skip
    return xr.Dataset(variables, coords=_coordinates(plan), attrs=attributes)


def _coordinates(plan: Plan) -> dict[str, Any]:
    direction = {"long_name": "direction of the magnetization"}
    angle = {"long_name": "polar angles of the magnetization", "units": "degree"}
    keys = {name: SCALARS.get(name, name) for axis in plan.axes for name in axis.columns}
    described = {name: {"long_name": path, "key": path} for name, path in keys.items()}
    if plan.iface.unit:
        for name in {*OF_SYSTEM} & described.keys():
            described[name] = {"long_name": f"{SCALARS[name]}, in units of hbar^2/2m_e = 1 and 1 eV"}
    described |= dict.fromkeys(MAGNETIZATION, direction) | dict.fromkeys(ANGLES, angle)
    columns = ((axis.name, *column) for axis in plan.axes for column in axis.columns.items())
    found: dict[str, Any] = {name: (axis, np.array(v), described[name]) for axis, name, v in columns}
    return {**found, "source": list(SOURCES), "spin": list(SPINS), "term": list(TERMS)}


def to_toml(system: System) -> str:
    """Return a system file that gives this system again."""
    document, text = to_document(system), ""

    def lines(table: dict[str, Any]) -> str:
        # JSON's strings and lists are TOML's, and its numbers have every digit.
        return "".join(f"{key} = {json.dumps(one, ensure_ascii=False)}\n" for key, one in table.items())

    layers = document.pop("layer", [])
    for name, value in document.items():
        text += f"\n[{name}]\n{lines(value)}" if isinstance(value, dict) else lines({name: value})
    for layer in layers:
        delta = layer.pop("interface")
        text += f"\n[[layer]]\n{lines(layer)}\n[layer.interface]\n{lines(delta)}"
    return text


def _storable(text: str) -> str:
    """Return a text as HDF5 takes it: a file's name that is no UTF-8, and NUL, with backslashes."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def to_netcdf(dataset: xr.Dataset) -> bytes:
    """Return the sealed bytes of the NetCDF file, the same for the same data: none tells when or where."""
    return sealed(bytes(dataset.to_netcdf(engine="h5netcdf")))


def sealed(content: bytes) -> bytes:
    """Return a file's content with its seal."""
    return content + SEAL.format(hashlib.sha256(content).hexdigest()).encode()


def write_whole(path: Path, content: bytes) -> None:
    """Write the result as a whole, look at what is there then, and refuse a disk that is full or fails."""
    try:
        replace(path, content)
        good = path.read_bytes() == content
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); all points are kept beside it: "
            "make room, then go on with --resume"
        ) from None
    if not good:
        raise OutputError(
            f"{path}: reads otherwise than it was written; all points are kept beside it: choose another disk"
        )


def open_sweep(path: str | Path) -> xr.Dataset:
    """Return the labelled arrays of a finished sweep, read as a whole.

    A SystemFileError says that there is no such file, or that it is no result of `sotcheck sweep`, or is not
    as it was written.
    """
    import xarray as xr

    try:
        _refuse_changed(path)
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


def _refuse_changed(path: str | Path) -> None:
    """Refuse a file that does not end with the seal of what is before it."""
    with os.fdopen(open_regular(path), "rb") as file:
        is_hdf5 = file.read(len(HDF5)) == HDF5
        left = max(os.fstat(file.fileno()).st_size - LENGTH, 0)
        file.seek(0)
        digest = hashlib.sha256()
        while left > 0 and (block := file.read(min(left, 1 << 20))):
            digest.update(block)
            left -= len(block)
        end = file.read(LENGTH + 1)
    if end == SEAL.format(digest.hexdigest()).encode():
        return
    if re.fullmatch(SEAL.format("[0-9a-f]{64}").encode(), end):
        raise SystemFileError(f"{path}: was changed after 'sotcheck sweep' wrote it; {REMEDY}")
    if is_hdf5:
        raise SystemFileError(
            f"{path}: is a NetCDF file, but no result of 'sotcheck sweep', or cut short or changed since: "
            f"it does not end with a checksum; {REMEDY}"
        )
    raise SystemFileError(f"{path}: is not a NetCDF file that can be read; expected one of 'sotcheck sweep'")


def _refuse_incomplete(dataset: xr.Dataset) -> None:
    """Refuse a dataset whose arrays are not those of its plan."""
    plan = plan_of(dataset)
    wanted = {name: (*plan.dims, "source", *inner) for name, inner in INNER.items()}
    for name, dims in {**wanted, "error": plan.dims, "warning": plan.dims}.items():
        if name not in dataset or dataset[name].dims != dims:
            raise SystemFileError(f"its variable {name} is missing or has other dimensions")
    inner = {"source": len(SOURCES), "spin": len(SPINS), "term": len(TERMS)}
    if dataset.sizes != {**dict(zip(plan.dims, plan.shape, strict=True)), **inner}:
        raise SystemFileError("its dimensions are not those of its plan")


def plan_of(dataset: xr.Dataset) -> Plan:
    """Return the plan that a dataset was computed by; a SystemFileError, if it has none, names no file."""
    if "plan" not in dataset.attrs:
        raise SystemFileError("it has no plan")
    return Plan.from_dict(json.loads(dataset.attrs["plan"]))


def flat(dataset: xr.Dataset, name: str) -> Array:
    """Return a variable with all points along one axis, in the order of the plan's indices."""
    values: Array = dataset[name].values
    return values.reshape(dataset["error"].size, *values.shape[dataset["error"].ndim :])


def complex_torque(dataset: xr.Dataset) -> xr.DataArray:
    """Return fieldlike + i·dampinglike at each point and source."""
    return (dataset["fieldlike"] + 1j * dataset["dampinglike"]).rename("torque")
