"""What every result can do: labelled arrays, a table, a picture, a line of text, a piece of a notebook."""

from __future__ import annotations

import base64
import html
import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from sotcheck.errors import SystemFileError, in_our_words
from sotcheck.numerics.arrays import Array
from sotcheck.system.family import Family
from sotcheck.system.files import load
from sotcheck.system.model import System

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

#: Wherever a system is accepted: itself, a family of them, a built-in name, a file, or what one would say.
SystemLike = System | Family | str | Path | Mapping[str, Any]
Names = str | Sequence[str] | None
Part = TypeVar("Part")
#: Rows of a table in a notebook.
MOST_ROWS = 12
SPINS = ("x", "y", "z")


def chosen(system: SystemLike, **changes: Any) -> System | Family:
    """Return the system or family that is meant, with those changes that are not None.

    Raises
    ------
    SystemFileError
    """
    if not isinstance(system, System | Family | str | Path | Mapping):
        raise SystemFileError(
            f"{system!r} is no system; expected one, a family, a built-in name, a file, or what one would say"
        )
    found = system if isinstance(system, System | Family) else load(system)
    wanted = {name: value for name, value in changes.items() if value is not None}
    return found.with_(wanted) if wanted else found


def members(found: System | Family) -> tuple[Family | None, list[System]]:
    """Return a system's family, if it is one, and all systems."""
    return (found, list(found)) if isinstance(found, Family) else (None, [found])


def single(found: System | Family, what: str) -> System:
    """Return a single system, and refuse a family for `what`.

    Raises
    ------
    SystemFileError
    """
    if isinstance(found, Family):
        raise SystemFileError(
            f"{found!r}: {what} takes one system; call it for each: [... for one in family]"
        )
    return found


def names(given: Names) -> list[str] | None:
    """Return names as a list, each once: of a sequence, or of a text that separates them by commas."""
    if given is None:
        return None
    parts = given.split(",") if isinstance(given, str) else list(given)
    for part in parts:
        if not isinstance(part, str):
            raise SystemFileError(f"{part!r} in {parts!r} is not accepted; expected names")
    return list(dict.fromkeys(part.strip() for part in parts))


def numbers(name: str, given: ArrayLike | None) -> Array | None:
    """Return a number or several as an array (n,).

    Raises
    ------
    SystemFileError
        If there is anything else among them, or nothing.
    """
    if given is None:
        return None
    try:
        found = np.atleast_1d(np.asarray(given, dtype=float))
    except (ValueError, TypeError):
        found = np.empty(0)
    if found.size and found.ndim == 1:
        return found
    raise SystemFileError(f"{name} = {given!r} is not accepted; expected a number or a sequence of numbers")


def refuse_twice(found: System | Family, **given: Any) -> None:
    """Refuse options that are axes of the family already.

    Raises
    ------
    SystemFileError
    """
    for name, value in given.items():
        if isinstance(found, Family) and value is not None and name in found.axes:
            raise SystemFileError(f"{name} is given twice: it is an axis of the family already")


class Result(ABC, Generic[Part]):
    """A result of one system, or of each of a family.

    Attributes
    ----------
    family : Family or None
    parts : list
        What was computed of each system.
    name : str
        The system's.
    """

    #: Variables that are columns of the table; all by default.
    columns: tuple[str, ...] | None = None
    #: Columns that a notebook shows, after those of a family's axes; all by default.
    brief: tuple[str, ...] = ()

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.plot = in_our_words(cls.plot)  # type: ignore[method-assign]

    def __init__(self, name: str, family: Family | None, parts: list[Part]) -> None:
        self.name, self.family, self.parts = name, family, parts

    @abstractmethod
    def _labelled(self, part: Part) -> xr.Dataset:
        """Return one system's result as labelled arrays."""

    @abstractmethod
    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the result, into given axes or a new figure, and return the axes."""

    def to_xarray(self) -> xr.Dataset:
        """Return labelled arrays; dimensions of a family first, errors as variables of their own."""
        return joined([self._labelled(part) for part in self.parts], self.family)

    def to_dataframe(self) -> pd.DataFrame:
        """Return a table of one row for each point; parts x, y, z of vectors are columns."""
        import xarray as xr

        data, flat = self.to_xarray(), dict[str, Any]()
        for name in self.columns or map(str, data):
            if name in data and "spin" in data[name].dims:
                flat |= {f"{name}_{axis}": data[name].sel(spin=axis, drop=True) for axis in SPINS}
            elif name in data:
                flat[name] = data[name]
        dims = list(map(str, max(flat.values(), key=lambda one: one.ndim).dims))
        frame = xr.Dataset(flat).to_dataframe(dims)
        return frame.dropna(how="all", subset=list(flat)).reset_index()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know before a number is believed, each sentence once."""
        return tuple(dict.fromkeys(said for part in self.parts for said in getattr(part, "warnings", ())))

    def __repr__(self) -> str:
        over = (
            "" if self.family is None else f" over {', '.join(self.family.axes)}: {len(self.family)} systems"
        )
        return f"<{type(self).__name__} of {self.name}{over}{self._in_short()}>"

    def _in_short(self) -> str:
        """Return what else a line says."""
        return ""

    def _repr_html_(self) -> str:
        parts = [
            f"<p><b>{html.escape(repr(self).strip('<>'))}</b></p>",
            picture(self.plot),
            self._table_html(),
        ]
        parts += [f"<p>Warning: {html.escape(said)}</p>" for said in self.warnings]
        return "\n".join(parts)

    def _short(self) -> pd.DataFrame:
        """Return the table as a notebook shows it."""
        frame, axes = self.to_dataframe(), along(self.family)[0]
        return frame[[name for name in frame if not self.brief or name in (*axes, *self.brief)]]

    def _table_html(self) -> str:
        frame = self._short()
        more = f"<p>{len(frame)} rows: <code>to_dataframe()</code></p>" if len(frame) > MOST_ROWS else ""
        return str(frame.head(MOST_ROWS).to_html(index=False, float_format="{:.6g}".format)) + more


def extent(values: ArrayLike) -> str:
    """Return in short from where to where numbers go, or the one that all are."""
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    if not known.size:
        return "undefined"
    ends = dict.fromkeys(f"{end:.3g}" for end in (known.min(), known.max()))
    return "…".join(ends)


def documents(parts: Sequence[Any]) -> dict[str, Any]:
    """Return a JSON document, or of a family one for each system."""
    return parts[0].to_dict() if len(parts) == 1 else {"systems": [part.to_dict() for part in parts]}


def along(family: Family | None) -> list[dict[str, Any]]:
    """Return where each member of a family is on its axes, as columns: none without a family."""
    if family is None:
        return [{}]
    found = []
    for values in product(*family.axes.values()):
        place: dict[str, Any] = {}
        for name, value in zip(family.axes, values, strict=True):
            parts = zip(SPINS, value, strict=True) if np.ndim(value) == 1 else ()
            place |= {f"{name}_{axis}": one for axis, one in parts} or {name: value}
        found.append(place)
    return found


def joined(datasets: list[xr.Dataset], family: Family | None) -> xr.Dataset:
    """Return one dataset of those of a family, along its dimensions."""
    import xarray as xr

    if family is None:
        return datasets[0]
    # What varies in the family is one number of each.
    clashing = {dim: 0 for dim in family.axes if dim in datasets[0].dims}
    datasets = [one.isel(clashing, drop=True) for one in datasets]
    # What only some have is missing in the others.
    aligned: Any = xr.align(*datasets, join="outer", copy=False)
    variables: dict[str, Any] = {}
    for name in dict.fromkeys(name for one in aligned for name in one):
        first = next(one[name] for one in aligned if name in one)
        missing = np.full(first.shape, np.nan)
        values = np.stack([one[name].values if name in one else missing for one in aligned])
        dims = (*family.axes, *first.dims)
        variables[name] = (dims, values.reshape(*family.shape, *first.shape), first.attrs)
    coordinates: dict[str, Any] = {}
    for dim, given in family.axes.items():
        array = np.array(given)
        if array.ndim == 1:
            coordinates[dim] = (dim, array)
        elif array.ndim == 2:
            columns = zip(SPINS, array.T, strict=True)
            coordinates |= {f"{dim}_{axis}": (dim, column) for axis, column in columns}
    return xr.Dataset(variables, {**aligned[0].coords, **coordinates})


def picture(draw: Callable[[Axes], Any]) -> str:
    """Return a small picture as an element of a page; nothing where there is nothing to draw."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 3.0), layout="constrained")
    try:
        draw(figure.subplots())
    except SystemFileError:
        return ""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80)
    code = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="the same as a picture: plot()" src="data:image/png;base64,{code}">'
