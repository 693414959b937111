"""Columns of numbers and a header in CSV, NetCDF or parquet: read, and written."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sotcheck.errors import TableError
from sotcheck.system.model import shown

#: What rows belong to, and what they tell.
AXES = ("k_perp", "kx", "ky")
VALUES = ("r_up", "r_down", "t_up", "t_down")
COLUMNS = tuple(f"{name}_{part}" for name in VALUES for part in ("re", "im"))
#: Where the header is in a NetCDF file's attributes, and in a parquet file's metadata.
ATTRIBUTE = "sotcheck"

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
    header = "\n".join(line.lstrip()[1:].strip() for line in lines if line.lstrip().startswith("#"))
    kept = [
        (n, line) for n, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")
    ]
    (_, *numbers), (names, *cells) = (
        [n for n, _ in kept] or [0],
        list(csv.reader((line for _, line in kept), quoting=csv.QUOTE_NONE)) or [[]],
    )
    names = [name.strip() for name in names]
    values = np.empty((len(cells), len(names)))
    for i, (line, row) in enumerate(zip(numbers, cells, strict=True)):
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
    return header, dict(zip(names, values.T, strict=True)), [f"line {line}" for line in numbers]


def _read_netcdf(where: str, content: bytes) -> Read:
    import xarray as xr

    try:
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
        if set(one.dims) - across or one.dtype.kind not in "fiuc":
            raise TableError(
                f"{where}: {name}: a variable of {one.dtype} with dimensions {one.dims}; expected numbers "
                f"along those of {' and '.join(axes) or 'k_perp'}"
            )
    arrays = xr.broadcast(*wanted.values())
    columns: Columns = {
        name: np.asarray(one.values).ravel() for name, one in zip(wanted, arrays, strict=True)
    }
    return str(data.attrs.get(ATTRIBUTE, "")), columns, _rows(columns)


def _read_parquet(where: str, content: bytes) -> Read:
    parquet = _pyarrow(where)
    try:
        table = parquet.read_table(io.BytesIO(content))
    except Exception as error:
        why = str(error).partition("\n")[0]
        raise TableError(f"{where}: is not a parquet file that can be read ({why})") from None
    columns: Columns = {}
    for name in table.column_names:
        if name in {*AXES, *COLUMNS}:
            try:
                columns[name] = np.array(table.column(name).to_pylist(), dtype=float)
            except (ValueError, TypeError):
                raise TableError(
                    f"{where}: {name}: a column of {table.schema.field(name).type}; expected numbers"
                ) from None
    noted = table.schema.metadata or {}
    # pandas keeps `DataFrame.attrs` in a place of its own.
    frame = json.loads(noted.get(b"PANDAS_ATTRS", b"{}"))
    return (
        noted.get(ATTRIBUTE.encode(), str(frame.get(ATTRIBUTE, "")).encode()).decode(),
        columns,
        _rows(columns),
    )


def _pyarrow(where: str) -> Any:
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
    parquet = _pyarrow("a table *.parquet")
    import pyarrow

    table = pyarrow.table(columns, metadata={ATTRIBUTE: header})
    file = io.BytesIO()
    parquet.write_table(table, file)
    return file.getvalue()


FORMATS: dict[str, tuple[Callable[[str, bytes], Read], Callable[[str, Columns], bytes]]] = {
    ".csv": (_read_csv, _csv),
    ".nc": (_read_netcdf, _netcdf),
    ".parquet": (_read_parquet, _parquet),
}
