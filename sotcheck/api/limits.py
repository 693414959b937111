"""`sc.trust_limits` and `sc.beyond`: how far first order can be trusted, and what comes after."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from sotcheck.api import draw
from sotcheck.api.result import Names, Result, SystemLike, chosen, members, names, numbers, single
from sotcheck.beyond import limits as found_by
from sotcheck.beyond.document import BeyondResult, beyond_data, conclusions
from sotcheck.beyond.warnings import at_smallest
from sotcheck.engines import exact_engines
from sotcheck.errors import EngineError, SystemFileError, in_our_words, in_range
from sotcheck.numerics.crossing import ACCURACY, SMALLEST
from sotcheck.run.progress import Progress, silent
from sotcheck.system.files import bare
from sotcheck.system.model import System
from sotcheck.system.stack import Stack

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Rows = list[found_by.TrustLimit]
#: What `largest` may be: more than where the search begins.
LARGEST_RANGE = (10 * SMALLEST, 1e3)


class TrustLimits(Result[Rows]):
    """Where first order is off by so much for the first time, by source and component.

    `h_R` is NaN where there is no such h_R, and `reason` says why. Of a stack with other spin-orbit terms
    than h_R it is called `scale`, the factor of all of them. Torques are those of scattering states.
    """

    def __init__(self, system: System, *of: Any, strength: str, told: tuple[str, ...]) -> None:
        super().__init__(system.name, *of)
        self.system, self.strength, self._told = system, strength, told

    @property
    def rows(self) -> Rows:
        """The limits one by one, system by system."""
        return [row for part in self.parts for row in part]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know before a number is believed."""
        return self._told

    def to_dict(self) -> dict[str, Any]:
        """Return all limits, ready for JSON."""
        return {"limits": [asdict(row) for row in self.rows], "warnings": list(self.warnings)}

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"

    def __str__(self) -> str:
        frame = self.to_dataframe().drop(columns=["kind"])
        frame = frame.rename(columns={f"{self.strength}_error": "+/-"})
        return "\n".join(
            [
                f"{self.name}: first order is off by `limit` from {self.strength} on",
                frame.to_string(index=False),
                *(f"Warning: {said}" for said in self.warnings),
            ]
        )

    def _in_short(self) -> str:
        found = [(row.h_R, n) for n, row in enumerate(self.rows) if row.h_R is not None]
        if not found:
            return ": none"
        first, n = min(found)
        row = self.rows[n]
        at = f"{self.strength} = {first:.3g}"
        return f": off by {100 * row.limit:g} % from {at} on ({row.source}, {row.component})"

    def _labelled(self, part: Rows) -> xr.Dataset:
        import xarray as xr

        dims = ("limit", "source", "component")
        labels = {name: list(dict.fromkeys(getattr(row, name) for row in part)) for name in dims}
        shape = tuple(map(len, labels.values()))
        found: dict[str, Any] = {
            self.strength: np.full(shape, np.nan), f"{self.strength}_error": np.full(shape, np.nan),
            "kind": np.full(shape, "", dtype=object), "reason": np.full(shape, "", dtype=object),
        }  # fmt: skip
        for row in part:
            at = tuple(values.index(getattr(row, name)) for name, values in labels.items())
            numbers = (np.nan if value is None else value for value in (row.h_R, row.error))
            for array, value in zip(found.values(), (*numbers, row.kind, row.reason), strict=True):
                array[at] = value
        return xr.Dataset({name: (dims, array) for name, array in found.items()}, labels)

    def plot(self, ax: Axes | None = None, *, source: Names = None, component: Names = None) -> Axes:
        """Draw limits against what is varied, or by source, with their errors, where there are any."""
        data, dims = self.to_xarray(), draw.dimensions(self.family)
        ax = draw.axes_for(ax)
        title = f"{self.name}: first order off by {', '.join(f'{100 * x:g} %' for x in data['limit'].values)}"
        sources, parts = draw.some(data, "source", source), draw.some(data, "component", component)
        words = draw.symbol(self.strength)
        if len(dims) == 2:
            plane = data[self.strength].isel(limit=0).sel(source=sources[-1], component=parts[0])
            title += f", {sources[-1]}, {parts[0]}"
            return draw.plane(ax, plane.transpose(*dims[::-1]), title, words, self.system)
        legend = draw.Legend()
        kinds = [f"{100 * x:g} %" for x in data["limit"].values]
        for n, kind in enumerate(kinds):
            for part in parts:
                for which in sources:
                    one = data.isel(limit=n).sel(source=which, component=part)
                    y, error = (np.atleast_1d(one[f"{self.strength}{end}"].values) for end in ("", "_error"))
                    if not np.isfinite(y).any():
                        continue
                    style: dict[str, Any] = {}
                    if dims:
                        x = draw.abscissa(data, dims[0])
                        style["ls"] = legend.dash(part, parts)
                        style["color"] = legend.color(which, draw.SOURCE_COLOR)
                    else:
                        x = [sources.index(which)]
                        style["color"] = legend.color(part, dict(zip(parts, draw.CYCLE, strict=False)))
                    draw.line(ax, x, y, error, **style, **legend.mark(kind, kinds))
        legend.put(ax)
        ax.set_ylim(0, 1.15 * float(np.nanmax(data[self.strength].values, initial=1e-9)))
        if not dims:
            ax.set_xticks(range(len(sources)), sources)
        xlabel = draw.varied(dims[0], self.system) if dims else "source"
        return draw.finish(ax, title + draw.of_source(sources), xlabel, f"{words} from which it is off")


@in_our_words
def trust_limits(
    system: SystemLike,
    limit: float | ArrayLike = found_by.LIMITS,
    *,
    source: Names = None,
    component: Names = None,
    engine: str = "continuum",
    largest: float | None = None,
    accuracy: float = ACCURACY,
    magnetization: ArrayLike | None = None,
    fermi_energy: ArrayLike | None = None,
    progress: Progress = silent,
) -> TrustLimits:
    """Find the first h_R at which first order is off by `limit`; of other stacks the scale of all terms.

    Parameters
    ----------
    system : System, Family, str, Path or mapping
    limit : float or sequence
        0.05 for 5 %; 1 % and 10 % by default.
    source, component : str or sequence of str, optional
        "normal", "majority", "minority", "total"; "fieldlike", "dampinglike".
    engine : str
        The exact one.
    largest : float, optional
        Where the search ends: h_R = 2, and for a stack a scale of its spin-orbit terms of 20, by default.
    accuracy : float
        Relative, wanted of a limit.

    Raises
    ------
    SystemFileError, EngineError
        For what is not accepted, or if an engine fails.
    """
    family, systems = members(chosen(system, m=magnetization, E_F=fermi_energy))
    if family and {"h_R", "interface.rashba"} & family.axes.keys():
        raise SystemFileError(f"{family!r}: h_R is what is sought; leave it out of the family")
    solver = exact_engines([engine], "exact-difference", None).get(engine)
    if solver is None:
        raise EngineError(f"engine {engine!r} is what is tried; choose an exact one")
    ask: dict[str, Any] = {"limits": _limits(limit)}
    if largest is not None:
        in_range("largest", largest, *LARGEST_RANGE)
    ask |= {"accuracy": accuracy, "engine": solver, "largest": largest}
    ask |= {"sources": names(source) or found_by.CURRENTS, "parts": names(component) or found_by.COMPONENTS}
    strengths = list(map(found_by.strength_of, systems))
    if len(set(strengths)) > 1:
        raise SystemFileError(
            f"{family!r}: some of it have other spin-orbit terms than h_R, some not; ask apart"
        )
    parts = [found_by.trust_limits(one, **ask) for one in progress(systems, "trust limits")]
    limits = [[row.h_R for row in part] for part in parts]
    told = dict.fromkeys(
        said for one, some in zip(systems, limits, strict=True) for said in at_smallest(one, some)
    )
    return TrustLimits(systems[0], family, parts, strength=strengths[0], told=tuple(told))


class Beyond(Result[BeyondResult]):
    """How far the expansion in h_R holds, why it stops, and what the torque does beyond.

    `data` has all numbers, `conclusions` says what they mean.
    """

    brief = ("order", "source", "component", "series", "series_error", "contour", "contour_error")

    @property
    def data(self) -> dict[str, Any]:
        """All numbers of the system, the first one of a family."""
        return self.parts[0].data

    @property
    def conclusions(self) -> list[str]:
        """Plain sentences."""
        return conclusions(self.data)

    def to_json(self) -> str:
        """Return the JSON text of `sotcheck beyond`."""
        return self.parts[0].to_json()

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.parts))

    def _in_short(self) -> str:
        radius = self.data["orders"]["radius"]
        return ": no expansion" if radius is None else f": the series in h_R converges up to {radius:.4g}"

    def _labelled(self, part: BeyondResult) -> xr.Dataset:
        """Return coefficients by order, source and component, by route, and the radius of convergence."""
        import pandas as pd

        orders = part.data["orders"]
        frame = pd.DataFrame(orders["coefficients"]).set_index(["order", "source", "component"])
        data = frame.astype(float).to_xarray()
        # In the order of the sources, not of the alphabet.
        data = data.sel(source=list(dict.fromkeys(row["source"] for row in orders["coefficients"])))
        return data.assign(radius=np.nan if orders["radius"] is None else orders["radius"])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw |coefficients| of the torque's series by order, and what the radius of convergence means."""
        if self.family:
            raise SystemFileError("of a family no picture is drawn: there is one for each system")
        data, ax = self.to_xarray(), draw.axes_for(ax)
        legend = draw.Legend()
        parts = data["component"].values.tolist()
        for which in data["source"].values.tolist():
            for part in parts:
                size = abs(data["series"].sel(source=which, component=part))
                if not (size > 0).any():
                    continue
                style = {"color": legend.color(which, draw.SOURCE_COLOR), "ls": legend.dash(part, parts)}
                shown = size.where(size > 1e-12 * float(abs(data["series"]).max()))
                draw.line(ax, data["order"].values, shown.values, marker="o", **style)
        ax.set_yscale("log")
        radius = float(data["radius"])
        if np.isfinite(radius):
            order, first = (data["order"].values, float(abs(data["series"]).max(["component", "source"])[0]))
            ax.plot(order, first * radius ** (1.0 - order), color="#999999", lw=1, ls=":")
            words = r"dotted: $(1/h)^{n}$ of the radius h = " + f"{radius:.3g}"
            ax.text(0.02, 0.03, words, transform=ax.transAxes, fontsize=8, color="#666666")
        legend.put(ax)
        ax.set_xticks(data["order"].values)
        return draw.finish(
            ax, f"{self.name}: the torque's series in h_R", "order n", "|coefficient| (wave vector$^3$)"
        )


@in_our_words
def beyond(
    system: SystemLike,
    limit: float | ArrayLike = found_by.LIMITS,
    *,
    magnetization: ArrayLike | None = None,
    fermi_energy: ArrayLike | None = None,
    progress: Progress = silent,
) -> Beyond:
    """Say how far first order holds, why it stops, and what comes beyond, as `sotcheck beyond` does.

    A bare interface takes some seconds. Of a stack, `trust_limits` tells how far first order holds. `limit`:
    deviations whose h_R is sought, 0.05 for 5 %; 1 % and 10 % by default.

    Raises
    ------
    SystemFileError, EngineError
        For a stack, or what is not accepted.
    """
    wanted = _limits(limit)
    found = single(chosen(system, m=magnetization, E_F=fermi_energy), "beyond")
    if isinstance(found, Stack):
        raise SystemFileError(
            f"{found.name}: the series is that of a bare interface; of a stack, "
            "trust_limits(system, 0.05) tells where first order is off by 5 %"
        )
    iface = bare(found, "beyond")
    data = beyond_data(iface, limits=wanted, progress=progress)
    return Beyond(iface.name, None, [BeyondResult(iface, data)])


def _limits(limit: float | ArrayLike | None) -> list[float]:
    wanted = numbers("limit", limit)
    return list(found_by.LIMITS if wanted is None else dict.fromkeys(wanted.tolist()))
