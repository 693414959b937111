"""The torque of each source: rows, labelled arrays, tables and pictures of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from sotcheck.api import draw
from sotcheck.api.result import SPINS, Names, Result, along, documents, extent, names
from sotcheck.errors import SystemFileError, one_of
from sotcheck.run.tables import flat
from sotcheck.system.model import BOUND, SOURCES, System
from sotcheck.system.units import unit_of_torque
from sotcheck.trial.si import Measured
from sotcheck.trial.torque_table import TorqueRow, TorqueTable

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

COMPONENTS = ("fieldlike", "dampinglike")
FLOWS = ("spin_current_minus", "spin_current_plus", "lattice", "interface")
#: What rows may have besides, of both components.
BESIDE = ("si", "efficiency", "effective_field")


class Torque(Result["TorqueTable | Measured"], Sequence[TorqueRow]):
    """The torque of each source: rows in order, as a table, as labelled arrays, as a picture.

    Numbers of arrays and tables are in the unit of the system file: wave vector³, or nm⁻³ of one in eV. Rows
    themselves (`TorqueRow`) are in wave vectors³ of ħ²/2mₑ = 1.
    """

    brief = (
        "engine", "source", "h_R", "scale", *COMPONENTS, *(f"uncertainty_{name}" for name in COMPONENTS),
        *(f"{name}_{component}" for name in BESIDE for component in COMPONENTS),
    )  # fmt: skip

    def __init__(self, *of: Any, over: str | None = None) -> None:
        super().__init__(*of)
        self.over = over

    @property
    def tables(self) -> list[TorqueTable]:
        """The table of each system."""
        return [part.table if isinstance(part, Measured) else part for part in self.parts]

    @property
    def rows(self) -> tuple[TorqueRow, ...]:
        """All rows, system by system."""
        return tuple(row for table in self.tables for row in table.rows)

    @property
    def iface(self) -> System:
        """The system, the first one of a family."""
        return self.tables[0].iface

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know before a number is believed, each sentence once."""
        return tuple(dict.fromkeys(said for table in self.tables for said in table.warnings))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, str):
            raise SystemFileError(
                f"{index!r} is no number of a row; to_dataframe()[{index!r}] is a column, "
                f"to_xarray()[{index!r}] an array"
            )
        return self.rows[index]

    def totals(self) -> list[TorqueRow]:
        """Return one row a system, engine, h_R and scale: sources weighted with their relaxation times."""
        return [row for table in self.tables for row in table.totals()]

    def scattering(self) -> list[TorqueRow]:
        """Return the rows of scattering states."""
        return [row for table in self.tables for row in table.scattering()]

    @property
    def complex(self) -> xr.DataArray:
        """Fieldlike + i dampinglike."""
        data = self.to_xarray()
        found: xr.DataArray = (data["fieldlike"] + 1j * data["dampinglike"]).rename("torque")
        return found.assign_attrs(data["fieldlike"].attrs)

    @property
    def bound_share(self) -> xr.DataArray:
        """|t| of states bound at E_F over that of scattering states, for equal relaxation times."""
        t = self.to_xarray()["vector"].sel(spin=list(SPINS))
        size = (t.sel(source=list(SOURCES)).sum("source") ** 2).sum("spin") ** 0.5
        bound = t.sel(source=[name for name in t["source"].values if name == BOUND]).sum("source")
        share: xr.DataArray = (bound**2).sum("spin") ** 0.5 / size
        return share.rename("bound_share").assign_attrs(units="1")

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of `sotcheck torque`; of a family one for each system."""
        return documents(self.parts)

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.parts))

    def _in_short(self) -> str:
        engines = list(dict.fromkeys(row.engine for row in self.rows))
        unit = unit_of_torque(self.iface)
        totals = [row.parts * unit for row in self.totals() if row.engine == engines[-1] and row.parts]
        # What is zero within its uncertainty is zero.
        found = [np.where(np.abs(one.value) > one.error, one.value, 0.0) for one in totals]
        parts = zip(COMPONENTS, zip(*found, strict=True), strict=False)
        said = ", ".join(f"{name} {extent(values)}" for name, values in parts) or "undefined"
        return f" by {', '.join(engines)}: {len(self)} rows; {said}{' nm^-3' if self.iface.unit else ''}"

    def to_dataframe(self) -> pd.DataFrame:
        """Return the table of `--csv`, and a row for the total of each engine; axes of a family first."""
        import pandas as pd

        return pd.DataFrame(
            [
                at | flat(row)
                for at, part in zip(along(self.family), self.parts, strict=True)
                for row in _rows(part)
            ]
        )

    def _labelled(self, part: TorqueTable | Measured) -> xr.Dataset:
        import xarray as xr

        table = part.table if isinstance(part, Measured) else part
        rows = _rows(part)
        engines = list(dict.fromkeys(row["engine"] for row in rows))
        sources = list(dict.fromkeys(row["source"] for row in rows))
        points = list(dict.fromkeys(_point(row) for row in rows))
        shape, found = (len(points), len(engines), len(sources)), dict[str, Any]()
        for row in rows:
            at = points.index(_point(row)), engines.index(row["engine"]), sources.index(row["source"])
            for name, value in _numbers(row):
                array = found.setdefault(name, np.full((*shape, *np.shape(value)), np.nan))
                array[at] = value
        dims = ("point", "engine", "source")
        said = {"units": "nm^-3" if table.iface.unit else "wave vector^3"}
        ratios = {name: dict[str, str]() for name in found if name.startswith(BESIDE)}
        data = xr.Dataset(
            {name: ((*dims, *_inner(name)), array, ratios.get(name, said)) for name, array in found.items()},
            {"engine": engines, "source": sources, "spin": list(SPINS), "layer": table.iface.names},
        )
        if self.over is None:
            return data.isel(point=0)
        values = [point[self.over != "h_R"] for point in points]
        return data.rename(point=self.over).assign_coords({self.over: values})

    def plot(
        self,
        ax: Axes | None = None,
        *,
        component: Names = COMPONENTS,
        source: Names = None,
        engine: Names = None,
    ) -> Axes:
        """Draw components of the torque against what is varied, by source, or for each source if nothing is.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure by default.
        component, source, engine : str or sequence of str, optional
            Which; both components of t, all sources that come in and all engines by default. Components are
            also "efficiency_fieldlike" and the like, where asked for. Of two dimensions a map is drawn of the
            first component, of `source`, the total by default, by the last engine.
        """
        data, more = self.to_xarray(), () if self.over is None else (self.over,)
        dims = draw.dimensions(self.family, more)
        parts, engines = names(component) or list(COMPONENTS), draw.some(data, "engine", engine)
        for name in parts:
            one_of(name, [one for one in map(str, data) if one.endswith(COMPONENTS)], "component")
        draw.refuse_undefined(data, parts)
        sources = draw.some(data, "source", source or _shown(data))
        ax, unit = draw.axes_for(ax), draw.power(data[parts[0]].attrs.get("units", ""))
        words = f"torque t ({unit})" if unit else parts[0].replace("_", ", ")
        title = f"{self.name}: torque"
        if len(dims) == 2:
            which = draw.some(data, "source", source or "total")[0]
            values, error = (
                data[name].sel(source=which, engine=engines[-1]).transpose(*dims[::-1])
                for name in (parts[0], f"{parts[0]}_error")
            )
            title += f", {which}, {engines[-1]}"
            return draw.plane(ax, values, title, f"{parts[0]}: {words}", self.iface, error)
        legend = draw.Legend()
        for which, part, name in product(sources, parts, engines):
            one = data.sel(source=which, engine=name)
            style: dict[str, Any] = {}
            if dims:
                x = draw.abscissa(data, dims[0])
                style["ls"], style["color"] = legend.dash(part, parts), legend.color(which, draw.SOURCE_COLOR)
            else:
                x = [sources.index(which) + 0.15 * engines.index(name)]
                style["color"] = legend.color(part, dict(zip(parts, draw.CYCLE, strict=False)))
            style |= legend.mark(name, engines)
            draw.line(ax, x, *(np.atleast_1d(one[n].values) for n in (part, f"{part}_error")), **style)
        if not dims:
            ax.set_xticks(range(len(sources)), sources)
        legend.put(ax)
        xlabel = draw.varied(dims[0], self.iface) if dims else "source"
        return draw.finish(ax, title + draw.of_source(sources), xlabel, words)


def _rows(part: TorqueTable | Measured) -> list[dict[str, Any]]:
    """Return the rows of the JSON, and the totals."""
    table = part.table if isinstance(part, Measured) else part
    totals = (row.to_dict(table.iface, unit_of_torque(table.iface)) for row in table.totals())
    return [*part.to_dict()["torque"], *totals]


def _shown(data: xr.Dataset) -> list[str]:
    """Return the sources whose torque is not nothing."""
    size = abs(data["vector"].fillna(0)).max(sorted({*map(str, data["vector"].dims)} - {"source"}))
    every = size > 1e-12 * size.max()
    return [str(name) for name in data["source"].values[every.values] if name != "total"] or ["total"]


def _point(row: dict[str, Any]) -> tuple[float, float | None]:
    return row["h_R"], row.get("scale")


def _inner(name: str) -> tuple[str, ...]:
    """Return the dimensions that a variable has of its own."""
    if name == "layer_torque":
        return ("layer", "spin")
    return ("spin",) if name in ("vector", *FLOWS) else ()


def _numbers(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the numbers of a row of JSON by the names that they have in arrays."""
    for name, found in {"": row, **{f"{one}_": row[one] for one in BESIDE if row.get(one)}}.items():
        for component in COMPONENTS:
            for suffix, value in (("", found[component]), ("_error", found["uncertainty"][component])):
                yield f"{name}{component}{suffix}", np.nan if value is None else value
    yield "vector", row["vector"]
    yield "vector_error", row["uncertainty"]["total"]
    for name in FLOWS:
        if row[name] is not None:
            yield name, row[name]
    if row["layers"] is not None:
        yield "layer_torque", [one["torque"] for one in row["layers"]]
