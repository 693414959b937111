"""Tables of amplitudes on disk: CSV, NetCDF or parquet, with a header in the keys of system files."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from sotcheck.errors import TableError, did_you_mean
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.run import output
from sotcheck.run.inputs import read_bytes
from sotcheck.system.files import KEYS, from_document, to_document
from sotcheck.system.interface import Interface
from sotcheck.system.model import System
from sotcheck.system.units import length_nm
from sotcheck.system.validated import shown
from sotcheck.theory.amplitudes import wave_number
from sotcheck.theory.table_checks import FEWEST, check
from sotcheck.theory.table_formats import ATTRIBUTE, COLUMNS, FORMATS, VALUES, Columns, format_of
from sotcheck.theory.tables import Table

#: Keys of system files that a header may have; what the interface does, the amplitudes say.
OF_SYSTEM = tuple(
    key for key in KEYS if key not in ("interface.barrier", "interface.exchange", "relaxation.bound")
)
#: The largest number that any column may have.
LARGEST = 1e30
#: Rows this close, relative to the largest k_⊥, are one.
SAME = 1e-15
#: Keys of its own, and what they accept.
OWN = {
    "normalization": '"flux" (|r|^2 + |t|^2 = 1) or "wave" (t in units of the incident wave)',
    "edges": "a list of numbers >= 0: each k_perp at which a channel of F opens or closes",
    "source": "a text: where the amplitudes are from",
}
ACCEPTED = (*OF_SYSTEM, *(f"amplitudes.{name}" for name in OWN))


def read_table(path: str | Path) -> Table:
    """Read and check a table of amplitudes; a TableError names file, row and column, and what to do."""
    reader = FORMATS[format_of(path)][0]
    try:
        content = read_bytes(Path(path))
    except OSError as error:
        raise TableError(f"{path}: cannot be read ({error.strerror or error})") from None
    where = str(path)
    header, columns, rows = reader(where, content)
    return _table(where, _parsed(where, header), columns, rows)


def _parsed(where: str, text: str) -> dict[str, Any]:
    """Return the header's keys, nested as a system file's."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise TableError(
            f"{where}: its header is not TOML ({error}); expected lines such as fermi_energy = 1.5"
        ) from None
    flat = {
        f"{key}.{inner}" if isinstance(value, dict) else key: found
        for key, value in document.items()
        for inner, found in (value.items() if isinstance(value, dict) else [("", value)])
    }
    for key in flat:
        if key not in ACCEPTED:
            raise TableError(
                f"{where}: unknown key {key!r} in its header{did_you_mean(key, ACCEPTED)}; accepted: "
                f"{', '.join(ACCEPTED)}"
            )
    if "fermi_energy" not in flat:
        raise TableError(
            f"{where}: its header has no fermi_energy, from which k_z of N follows; in CSV give a line in "
            "front such as '# fermi_energy = 1.5', in NetCDF or parquet a text attribute "
            f"{ATTRIBUTE!r} with such lines"
        )
    if not any(key.startswith("ferromagnet.") or key == "amplitudes.edges" for key in flat):
        raise TableError(
            f"{where}: its header does not say where bands of F close; give ferromagnet.potential and "
            "ferromagnet.exchange, or amplitudes.edges = [k_perp, ...] (empty where none closes but N's)"
        )
    return document


def _interface(
    where: str, document: dict[str, Any], own: dict[str, Any], unit: float
) -> tuple[Interface, list[float]]:
    """Return E_F and the half-spaces, and the edges in k_⊥²."""
    stem = re.sub("[^A-Za-z0-9]+", "-", Path(where).stem).strip("-") or "table"
    rest = {"name": stem, **{key: value for key, value in document.items() if key != "amplitudes"}}
    given = own.get("edges")
    if given is not None and not (
        isinstance(given, list) and all(type(k) in (int, float) and 0 <= k <= LARGEST for k in given)
    ):
        raise TableError(
            f"{where}: amplitudes.edges = {shown(given)} is not accepted; expected {OWN['edges']}"
        )
    if "ferromagnet" not in rest:
        # No more is known of F's bands than where the last one closes.
        E_F, last = rest["fermi_energy"], (max(given or [0.0]) * unit) ** 2
        known = isinstance(E_F, int | float) and abs(E_F) <= LARGEST
        rest["ferromagnet"] = {"potential": E_F - last if known else 0.0, "exchange": 0.0}
    found = from_document(rest, where)
    assert isinstance(found, Interface)
    edges = sorted({*found.thresholds(), *((k * unit) ** 2 for k in given or [])})
    return found, [0.0, *(b for a, b in pairwise(edges) if b - a > found.same_threshold)]


def _table(where: str, document: dict[str, Any], columns: Columns, rows: list[str]) -> Table:
    own = document.get("amplitudes", {})
    unit = length_nm() if document.get("units", {}).get("energy") else 1.0
    iface, edges = _interface(where, document, own, unit)
    names = ("kx", "ky") if "kx" in columns and "ky" in columns else ("k_perp",)
    k = np.stack([np.real(_column(where, columns, name)) for name in names], axis=-1) * unit
    values = np.stack([_complex(where, columns, name) for name in VALUES], axis=-1)
    _refuse_not_finite(where, names, k / unit, values, rows)
    order = np.lexsort(k.T[::-1])
    has_h_R = "rashba" in document.get("interface", {})
    r, t = values[order, :2], values[order, 2:]
    labels = [rows[n] for n in order]
    table = Table(where, iface, edges, "ferromagnet" in document, has_h_R, k[order], r, t, labels)
    _refuse_duplicates(table)
    normalization = own.get("normalization", "flux")
    if normalization == "wave":
        table = _in_flux(table)
    elif normalization != "flux":
        raise TableError(
            f"{where}: amplitudes.normalization = {shown(normalization)} is not accepted; expected "
            f"{OWN['normalization']}"
        )
    check(table)
    return table


def _column(where: str, columns: Columns, name: str) -> Array | Complex:
    if name not in columns:
        near = did_you_mean(name, columns)
        raise TableError(
            f"{where}: no column {name}{near}; expected k_perp, or kx and ky, and {', '.join(COLUMNS)}; "
            f"found {', '.join(columns) or 'none'}"
        )
    return columns[name]


def _complex(where: str, columns: Columns, name: str) -> Complex:
    if name in columns:
        if halves := [part for part in (f"{name}_re", f"{name}_im") if part in columns]:
            raise TableError(
                f"{where}: columns {name} and {halves[0]}; give {name}_re and {name}_im, or {name} alone"
            )
        return np.asarray(columns[name], dtype=complex)
    real, imaginary = (np.real(_column(where, columns, f"{name}_{part}")) for part in ("re", "im"))
    # Side by side: a sum would make NaN of infinities.
    return np.ascontiguousarray(np.stack([real, imaginary], axis=-1), dtype=float).view(complex)[:, 0]


def _refuse_not_finite(
    where: str, names: tuple[str, ...], k: Array, values: Complex, rows: list[str]
) -> None:
    if len(k) < FEWEST:
        raise TableError(
            f"{where}: {len(k)} rows, too few; give at least {FEWEST} for each range of k_perp, better 30"
        )
    for name, column in zip((*names, *VALUES), [*k.T, *values.T], strict=True):
        # Squares of what is larger are no doubles.
        bad = np.flatnonzero(~(np.abs(column) <= LARGEST))
        if bad.size:
            raise TableError(
                f"{where}: {rows[bad[0]]}, {name}: {column[bad[0]]} in {bad.size} row{'s' * (bad.size > 1)}; "
                f"expected a finite number, at most {LARGEST:g}: leave the row out, or compute it again"
            )
    if "k_perp" in names and k.min() < 0:
        row = int(np.argmin(k))
        raise TableError(f"{where}: {rows[row]}, k_perp: {k[row, 0]:.9g}; expected a number >= 0")


def _refuse_duplicates(table: Table) -> None:
    same = np.flatnonzero(np.abs(np.diff(table.k, axis=0)).max(axis=1) <= SAME * table.k_max)
    if same.size:
        first, second = table.rows[same[0]], table.rows[same[0] + 1]
        raise table.refused(
            int(same[0]), "k_perp" if not table.on_grid else "kx, ky",
            f"the same as in {second}, a duplicate of {first}; leave one of them out",
        )  # fmt: skip


def _in_flux(table: Table) -> Table:
    """Return the table with t' from wave amplitudes: times √(|k_z|/K_z) of both sides."""
    if not table.known_F:
        raise TableError(
            f'{table.where}: amplitudes.normalization = "wave" needs ferromagnet.potential and '
            'ferromagnet.exchange, from which K_z of F follows; or give "flux"'
        )
    kz = np.abs(wave_number(table.iface.kz_squared(table.k_perp2)))
    Kz = np.abs(wave_number(table.iface.Kz_squared(table.k_perp2)))[:, ::-1]
    return replace(table, t=table.t * np.sqrt(kz[:, None] / Kz))


def write_table(path: Path, system: System, columns: Columns, source: str) -> None:
    """Write amplitudes with a header, in the units of the system's file; complex ones as pairs."""
    document = to_document(system)
    text = ""
    for key in OF_SYSTEM:
        table, _, inner = key.rpartition(".")
        value = document.get(table, {}).get(inner) if table else document.get(key)
        if value not in (None, ""):
            text += f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
    text += f'amplitudes.normalization = "flux"\namplitudes.source = {json.dumps(source)}\n'
    output.replace(path, FORMATS[format_of(path)][1](text, columns))
