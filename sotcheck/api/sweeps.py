"""`sc.sweep`: the torque over ranges, on any executor, never lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sotcheck.api import draw
from sotcheck.api.result import Names, Result, SystemLike, chosen, extent
from sotcheck.engines import Scheme, reference
from sotcheck.errors import SystemFileError, in_our_words, one_of
from sotcheck.run.executors import DASK_PATIENCE, Backend, backend
from sotcheck.run.progress import Progress, silent
from sotcheck.sweep import dataset, runner
from sotcheck.sweep.grid import MAGNETIZATION, Axis, accepted_axis, parameter_of, parse_axis, read_table
from sotcheck.sweep.plan import make_plan
from sotcheck.sweep.summary import warned
from sotcheck.system.family import Family
from sotcheck.system.model import System
from sotcheck.trial.torque import TOLERANCE

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

COMPONENTS = ("fieldlike", "dampinglike")


class Sweep(Result["xr.Dataset"]):
    """A finished sweep: the labelled arrays of its file; `errors` tells of points that failed."""

    columns = (*COMPONENTS, "vector", "error", "warning")

    @property
    def system(self) -> System:
        """The system that was swept."""
        return dataset.plan_of(self.parts[0]).iface

    @property
    def errors(self) -> list[str]:
        """Why points failed, one text each."""
        return [text for text in self.parts[0]["error"].values.ravel().tolist() if text]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What points are warned of, each kind once; the variable `warning` has them all."""
        return warned(self.parts[0])

    @property
    def complex(self) -> xr.DataArray:
        """Fieldlike + i dampinglike."""
        return dataset.complex_torque(self.parts[0])

    def _labelled(self, part: xr.Dataset) -> xr.Dataset:
        return part

    def _in_short(self) -> str:
        data = self.parts[0]
        failed = f", {len(self.errors)} failed" if self.errors else ""
        said = ", ".join(f"{name} {extent(data[f'total_{name}'].values)}" for name in COMPONENTS)
        over = f"{', '.join(map(str, data['error'].dims))}: {data['error'].size} points{failed}"
        return f" over {over}; total {said}"

    def plot(self, ax: Axes | None = None, *, component: str = COMPONENTS[0], source: Names = None) -> Axes:
        """Draw a component of the torque: lines of one dimension by source, a map of two, of the total."""
        one_of(component, COMPONENTS, "component")
        data = self.parts[0]
        draw.refuse_undefined(data, [component])
        ax, dims = draw.axes_for(ax), list(map(str, data["error"].dims))
        words = f"{component} ({draw.power(data[component].attrs['units'])})"
        if len(dims) == 2:
            wanted = "total" if source is None else draw.some(data, "source", source)[0]
            one = data[f"total_{component}"] if wanted == "total" else data[component].sel(source=wanted)
            title = f"{self.name}: torque, {wanted}"
            return draw.plane(ax, one.transpose(*dims[::-1]), title, words, self.system)
        if len(dims) > 2:
            raise SystemFileError("a picture has two dimensions; select some: to_xarray().sel(...)")
        legend = draw.Legend()
        sources = draw.some(data, "source", source)
        for which in sources:
            color = legend.color(which, draw.SOURCE_COLOR)
            error = data["uncertainty"].sel(source=which, term="total")
            draw.line(ax, draw.abscissa(data, dims[0]), data[component].sel(source=which), error, color=color)
        legend.put(ax)
        title = f"{self.name}: torque{draw.of_source(sources)}"
        return draw.finish(ax, title, draw.varied(dims[0], self.system), words)


@in_our_words
def sweep(
    system: SystemLike,
    output: str | Path,
    *,
    over: Mapping[str, Any] | str | Sequence[str] = (),
    table: str | Path | None = None,
    engine: str | None = None,
    scheme: Scheme = "exact-difference",
    spacing: float | None = None,
    tolerance: float = TOLERANCE,
    executor: Any = "processes",
    workers: int = 1,
    resume: bool = False,
    progress: Progress = silent,
    say: Callable[[str], None] | None = None,
    command: str = "sc.sweep",
) -> Sweep:
    """Compute the torque over ranges, and keep it in a NetCDF file as it arrives, as `sotcheck sweep` does.

    Parameters
    ----------
    system : System, Family, str, Path or mapping
        The axes of a family are swept.
    output : str or Path
        The NetCDF file to write.
    over : mapping, str or sequence of str
        Further axes: ``{"h_R": np.linspace(0, 1, 21)}``, or as on the command line, "h_R=0:1:21".
    table : str or Path, optional
        A CSV file of points.
    engine, scheme, spacing, tolerance
        As of `torque`; the first exact engine by default.
    executor, workers : optional
        This process by default; "processes" or "dask://" (a cluster started here) with so many `workers`,
        "dask://HOST:PORT", "tls://HOST:PORT", "mpi"; or a client of Dask.
    resume : bool
        Go on with what an interrupted run has left, if anything.
    say : callable, optional
        Is told what happens to workers.
    command : str
        What gives these data again: the file keeps it.

    Raises
    ------
    SystemFileError, OutputError, EngineError
        For what is not accepted, a file in the way, or if nothing can be computed.
    """
    if Path(output).suffix != ".nc":
        raise SystemFileError(f"output = {str(output)!r}: the name must end in .nc, for NetCDF")
    found = chosen(system)
    base = found.system if isinstance(found, Family) else found
    axes = [
        _axis(base, name, values)
        for name, values in (found.axes if isinstance(found, Family) else {}).items()
    ]
    if isinstance(over, Mapping):
        axes += [_axis(base, name, values) for name, values in over.items()]
    else:
        axes += [parse_axis(base, text) for text in ([over] if isinstance(over, str) else over)]
    if table is not None:
        axes.insert(0, read_table(base, Path(table)))
    how: dict[str, Any] = {"scheme": scheme, "spacing": spacing, "tolerance": tolerance}
    plan = make_plan(base, axes, engine=engine or reference(), **how, command=command)
    data = runner.sweep(
        plan,
        Path(output),
        where=where_of(executor, workers),
        resume=resume,
        progress=progress,
        say=say or (lambda _: None),
    )
    return Sweep(base.name, None, [data])


@in_our_words
def open_sweep(path: str | Path) -> Sweep:
    """Open a finished sweep.

    Raises
    ------
    SystemFileError
        If there is no such file, or it is no result of a sweep, or is not as it was written.
    """
    data = dataset.open_sweep(path)
    return Sweep(str(dataset.plan_of(data).system["name"]), None, [data])


def where_of(executor: Any, workers: int, patience: float = DASK_PATIENCE) -> Backend:
    """Return where to compute: here, by the name of an executor, or at a Dask client's scheduler."""
    if workers < 1:
        raise SystemFileError(f"workers = {workers!r} is not accepted; expected 1 or more")
    if isinstance(executor, str):
        return backend(executor, workers)
    address = getattr(getattr(executor, "scheduler", None), "address", None)
    if not isinstance(address, str):
        raise SystemFileError(
            f"executor = {executor!r} is not accepted; expected a name, or a client of Dask"
        )
    return backend(address.replace("tcp://", "dask://", 1), workers, patience)


def _axis(iface: System, name: str, values: Any) -> Axis:
    """Return an axis of plain numbers, or of directions."""
    where = f"over {name!r}"
    parameter = parameter_of(iface, name, where)
    try:
        array = np.asarray(values, dtype=float)
        if array.ndim != 1 + (parameter == "m") or not array.size:
            raise ValueError
    except (ValueError, TypeError):
        raise SystemFileError(f"{where}: {values!r} is no list of numbers (of directions, for m)") from None
    columns = dict(zip(MAGNETIZATION, array.T, strict=True)) if parameter == "m" else {parameter: array}
    return accepted_axis(iface, parameter, columns, where)
