"""Columns of numbers and a header in CSV, NetCDF or parquet: read, and written."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sotcheck.errors import TableError
from sotcheck.system.validated import shown

#: What rows belong to, and what they tell.
AXES = ("k_perp", "kx", "ky")
VALUES = ("r_up", "r_down", "t_up", "t_down")
COLUMNS = tuple(f"{name}_{part}" for name in VALUES for part in ("re", "im"))
#: Where the header is in a NetCDF file's attributes, and in a parquet file's metadata.
ATTRIBUTE = "sotcheck"

#: Rows that a table may have.
MOST_ROWS = 10_000_000

Columns = dict[str, NDArray[Any]]
#: What is read: the header, columns, and how each row is called.
Read = tuple[str, Columns, list[str]]


def format_of(path: str | Path) -> str:
    """Return the ending of a table's name, and refuse any other than those accepted."""
    ending = Path(path).suffix.lower()
    if ending not in FORMATS:
        raise TableError(f"{path}: a table of amplitudes ends in {', '.join(FORMATS)}; name it so")
    return ending


def _rows(columns: Columns, word: str = "row") -> list[str]:
    return [f"{word} {n + 1}" for n in range(max((value.size for value in columns.values()), default=0))]


def _read_csv(where: str, content: bytes) -> Read:
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise TableError(f"{where}: not UTF-8 text (byte {error.start})") from None
    # Spreadsheets fill lines up with empty cells, and put names in quotes.
    lines = [line.strip().rstrip(", \t") for line in lines]
    header = "\n".join(line[1:].strip() for line in lines if line.startswith("#"))
    kept = [(n, line.split(",")) for n, line in enumerate(lines, 1) if line and not line.startswith("#")]
    (_, names), *rows = kept or [(0, [])]
    names = [name.strip('" ') for name in names]
    if len(names) == 1 and len(apart := re.split("[;\\s]+", names[0])) > 1:
        raise TableError(
            f"{where}: its columns, {shown(', '.join(apart))}, are not separated by commas; save the table "
            "with commas between columns, and points in numbers"
        )
    values = np.empty((len(rows), len(names)))
    for i, (line, row) in enumerate(rows):
        if len(row) != len(names):
            raise TableError(f"{where}: line {line}: {len(row)} values for {len(names)} columns")
        for j, (name, cell) in enumerate(zip(names, row, strict=True)):
            try:
                values[i, j] = float(cell)
            except ValueError:
                raise TableError(f"{where}: line {line}, {name}: {shown(cell)} is not a number") from None
    for name in names:
        if names.count(name) > 1:
            raise TableError(f"{where}: two columns are called {name}; give one another name")
    return header, dict(zip(names, values.T, strict=True)), [f"line {line}" for line, _ in rows]


def _read_netcdf(where: str, content: bytes) -> Read:
    import h5py
    import xarray as xr

    try:
        with h5py.File(io.BytesIO(content)) as file:
            # What h5netcdf, if it fails there, complains of once more when it is collected.
            file.attrs.get("_nc3_strict")
        with xr.open_dataset(io.BytesIO(content), engine="h5netcdf") as opened:
            data = opened.load()
    except Exception as error:
        # HDF5, and what reads it, raise whatever they like.
        why = str(error).partition("\n")[0]
        raise TableError(f"{where}: is not a NetCDF 4 file that can be read ({why})") from None
    wanted = {str(n): data[n] for n in data.variables if n in {*AXES, *VALUES, *COLUMNS}}
    axes = [name for name in AXES if name in wanted]
    across = {dim for name in axes for dim in wanted[name].dims}
    for name, one in wanted.items():
        if set(one.dims) - across or one.dtype.kind not in ("fiuc" if name in VALUES else "fiu"):
            raise TableError(
                f"{where}: {name}: a variable of {one.dtype} with dimensions {one.dims}; expected numbers "
                f"along those of {' and '.join(axes) or 'k_perp'}"
            )
    rows = math.prod(data.sizes[dim] for dim in across)
    if rows > MOST_ROWS:
        raise TableError(f"{where}: {rows:,} rows; expected at most {MOST_ROWS:,}")
    arrays = xr.broadcast(*wanted.values())
    columns: Columns = {
        name: np.asarray(one.values).ravel() for name, one in zip(wanted, arrays, strict=True)
    }
    return str(data.attrs.get(ATTRIBUTE, "")), columns, _rows(columns)


def _read_parquet(where: str, content: bytes) -> Read:
    parquet = parquet_of(where)
    try:
        table = parquet.read_table(io.BytesIO(content), page_checksum_verification=True)
    except Exception as error:
        why = str(error).partition("\n")[0]
        raise TableError(f"{where}: is not a parquet file that can be read ({why})") from None
    columns: Columns = {}
    for name in table.column_names:
        if name in {*AXES, *COLUMNS}:
            try:
                columns[name] = np.array(table.column(name).to_pylist(), dtype=float)
            except (ValueError, TypeError):
                columns[name] = np.empty((0, 0))
            if columns[name].ndim != 1:
                raise TableError(
                    f"{where}: {name}: a column of {table.schema.field(name).type}; expected numbers"
                )
    noted = table.schema.metadata or {}
    try:
        # pandas keeps `DataFrame.attrs` in a place of its own.
        frame = json.loads(noted.get(b"PANDAS_ATTRS", b"{}"))
        header = noted.get(ATTRIBUTE.encode(), str(frame.get(ATTRIBUTE, "")).encode()).decode()
    except (ValueError, AttributeError) as error:
        raise TableError(f"{where}: its metadata are not text that can be read ({error})") from None
    return header, columns, _rows(columns)


def parquet_of(where: str) -> Any:
    """Return pyarrow.parquet, or say in a TableError that it is not installed."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise TableError(
            f"{where}: parquet needs pyarrow, which is not installed; install sotcheck with the extra "
            "'parquet' (pip install '.[parquet]'), or give the table as CSV or NetCDF"
        ) from None
    return pyarrow.parquet


def _csv(header: str, columns: Columns) -> bytes:
    lines = [f"# {line}" for line in header.splitlines()]
    lines += [
        ",".join(columns),
        *(",".join(map(repr, row)) for row in np.stack(list(columns.values()), -1).tolist()),
    ]
    return ("\n".join(lines) + "\n").encode()


def _netcdf(header: str, columns: Columns) -> bytes:
    import xarray as xr

    axes = [name for name in columns if name.startswith("k")]
    # Sorted, as a grid's rows are.
    coordinates = {name: np.unique(columns[name]) for name in axes}
    shape = tuple(len(values) for values in coordinates.values())
    data = {n: (axes, value.reshape(shape)) for n, value in columns.items() if n not in axes}
    dataset = xr.Dataset(data, coords=coordinates, attrs={ATTRIBUTE: header})
    return bytes(dataset.to_netcdf(engine="h5netcdf"))


def _parquet(header: str, columns: Columns) -> bytes:
    parquet = parquet_of("a table *.parquet")
    import pyarrow

    table = pyarrow.table(columns, metadata={ATTRIBUTE: header})
    file = io.BytesIO()
    parquet.write_table(table, file, write_page_checksum=True)
    return file.getvalue()


FORMATS: dict[str, tuple[Callable[[str, bytes], Read], Callable[[str, Columns], bytes]]] = {
    ".csv": (_read_csv, _csv),
    ".nc": (_read_netcdf, _netcdf),
    ".parquet": (_read_parquet, _parquet),
}
