"""Pages of finished sweeps: sweep.json first, then figures, README.md and index.html drawn from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from sotcheck.errors import OutputError
from sotcheck.pages.figures import BLUE, COMPONENTS, GREEN, GREY, ORANGE, PURPLE, RED, panels, scientific
from sotcheck.pages.publish import Data, Picture, publish
from sotcheck.run import executors
from sotcheck.run.progress import Progress, silent
from sotcheck.sweep.dataset import open_sweep
from sotcheck.sweep.judgement import check_sweep
from sotcheck.sweep.summary import sweep_summary
from sotcheck.trial.verdict import Verdict

#: What a page's folder has, and no other report's.
JSON_NAME = "sweep.json"
COLORS = (BLUE, RED, GREEN, PURPLE, ORANGE)


def sweep_data(result: Path) -> Data:
    """Return everything a page tells of a sweep: its summary, and the findings of its check; JSON-ready."""
    dataset = open_sweep(result)
    checked = check_sweep(dataset)
    return {
        "file": result.name,
        "verdict": checked.verdict,
        "verdicts": [finding.to_dict() for finding in checked],
        **sweep_summary(dataset),
    }


def write_sweeps(
    results: Sequence[Path], output: Path, *, executor: Executor | None = None, progress: Progress = silent
) -> tuple[int, list[Path]]:
    """Check finished sweeps, and write a page for each into a folder of its file's name.

    Returned are the worst exit status of the checks, and the pages to be opened. An OutputError says that a
    page cannot be written or its folder is another report's, a SystemFileError that a file is no sweep.
    """
    for result in results:
        folder = output / result.stem
        if folder.exists() and not (folder / JSON_NAME).exists() and any(folder.iterdir()):
            raise OutputError(
                f"{folder}: is there, and no sweep's page; rename {result}, or choose another --output"
            )
    calls = [partial(sweep_data, result) for result in results]
    verdicts = []
    for data in progress(executors.results(calls, executor), "sweeps", len(calls)):
        write_sweep(data, output / Path(data["file"]).stem)
        verdicts.append(Verdict(data["verdict"]))
    status = Verdict.worst(verdicts).exit_status
    return status, [output / result.stem / "index.html" for result in results]


def write_sweep(data: Data, folder: Path) -> None:
    """Write one sweep's sweep.json, and from it figures, README.md and index.html."""

    def shown(data: Data) -> tuple[list[Picture], Data]:
        known = {"data": data, "title": title(data), "has_overview": (folder.parent / "index.html").exists()}
        return [Picture(*one, data) for one in FIGURES if data[one[0]] is not None], known

    publish(folder, {JSON_NAME: data}, "sweep", shown)


def title(data: Data) -> str:
    """Return what was swept over what."""
    return f"{data['system']['name']} over {' and '.join(axis['name'] for axis in data['axes'])}"


def listed(output: Path) -> list[tuple[str, str]]:
    """Return folder and title of every sweep's page among the reports."""
    return [(path.parent.name, _title_of(path)) for path in sorted(output.glob(f"*/{JSON_NAME}"))]


def _title_of(path: Path) -> str:
    try:
        return f"Sweep: {title(json.loads(path.read_text(encoding='utf-8')))}"
    except (OSError, ValueError, TypeError, LookupError):
        return f"{path.parent.name}: a sweep's page that cannot be read; write it again"


def draw_sweep_curves(data: Data) -> Figure:
    """Torque of each source along the longest axis; dashed: first order."""
    shown = data["curves"]
    curves, x = shown["curves"], np.array(shown["x"])
    xlabel, sources = _symbol(shown["name"]), curves[0]["exact"]
    figure, of = panels(sources, COMPONENTS, xlabel, "torque t  (wave vector$^3$)")
    figure.set_size_inches(3.1 * len(sources) + 0.6, 5.0)
    # Points in any order are joined in theirs.
    order = np.argsort(x, kind="stable")
    marker = "o" if len(x) <= 30 else ""
    for (source, name), axes in of.items():
        for curve, color in zip(curves, COLORS, strict=False):
            y = np.array(curve["exact"][source][name], dtype=float)
            label = _words(curve["at"]) + ("" if np.isfinite(y).any() else " (no numbers)")
            axes.plot(x[order], y[order], color=color, marker=marker, ms=3, label=label)
            if curve["first_order"] is not None:
                y = np.array(curve["first_order"][source][name], dtype=float)
                axes.plot(x[order], y[order], color=color, ls="--", lw=1)
        scientific(axes)
        _scale(axes, x=x)
    first = figure.axes[0]
    handles = list(first.get_legend_handles_labels()[0]) if curves[0]["at"] else []
    if curves[0]["first_order"] is not None:
        handles.append(first.plot([], [], color=GREY, ls="--", lw=1, label="first order")[0])
    if handles:
        figure.legend(handles=handles, fontsize=8, loc="outside lower center", ncols=len(handles))
    figure.suptitle(_heading(data, shown["fixed"]), fontsize=10)
    return figure


def draw_sweep_map(data: Data) -> Figure:
    """Torque of each source over two axes; crosses mark points that failed."""
    shown = data["map"]
    sources, labels = shown["values"], (_symbol(shown["x_name"]), _symbol(shown["y_name"]))
    figure, of = panels(sources, COMPONENTS, *labels, sharey=True)
    figure.set_size_inches(3.3 * len(sources) + 0.4, 5.6)
    # Contours need both axes in order.
    across, up = np.argsort(shown["x"]), np.argsort(shown["y"])
    x, y = np.array(shown["x"])[across], np.array(shown["y"])[up]
    for (source, name), axes in of.items():
        values = np.array(sources[source][name], dtype=float)[across][:, up].T
        _one_map(figure, axes, x, y, values)
        axes.grid(False)
        _scale(axes, x=x, y=y)
    figure.suptitle(_heading(data, shown["fixed"]), fontsize=10)
    return figure


def _one_map(figure: Figure, axes: Any, x: Any, y: Any, values: Any) -> None:
    """Colours about zero, labelled contours, crosses where there is no number."""
    known = np.isfinite(values)
    largest = float(np.abs(values[known]).max()) if known.any() else 0.0
    # Below this a number is the rounding of zero.
    if largest > 1e-12:
        # As pixels: a vector drawing of each cell would be megabytes, with seams between them.
        mesh = axes.pcolormesh(
            x, y, values, cmap="RdBu_r", vmin=-largest, vmax=largest, shading="nearest", rasterized=True
        )
        bar = figure.colorbar(mesh, ax=axes, shrink=0.9)
        scientific(bar.ax)
        bar.ax.tick_params(labelsize=7)
        # Not at zero, where contours follow the rounding.
        levels = largest * np.array([-0.75, -0.5, -0.25, 0.25, 0.5, 0.75])
        lines = axes.contour(x, y, np.ma.masked_invalid(values), levels, colors="black", linewidths=0.6)
        axes.clabel(lines, fontsize=6.5, fmt="%.2g")
    else:
        axes.text(0.5, 0.5, "zero" if known.any() else "undefined", transform=axes.transAxes, ha="center")
    failed_y, failed_x = np.nonzero(~known)
    axes.plot(x[failed_x], y[failed_y], "x", color=GREY, ms=3, mew=0.8)
    axes.set(xlim=_span(x), ylim=_span(y))


def _scale(axes: Any, **places: Any) -> None:
    """Make axes logarithmic where places are; label 1, 2 and 5 of each decade if few, else powers of ten."""
    for name, values in places.items():
        if _logarithmic(values):
            axes.set(**{f"{name}scale": "log"})
            axis = getattr(axes, f"{name}axis")
            axis.set_minor_formatter(NullFormatter())
            if values.max() < 100 * values.min():
                axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
                axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _span(values: Any) -> tuple[float, float]:
    """Return the range with half a step on either side."""
    if _logarithmic(values):
        ratio = float(np.sqrt(values[1] / values[0]))
        return float(values[0]) / ratio, float(values[-1]) * ratio
    return float(values[0] - (values[1] - values[0]) / 2), float(values[-1] + (values[-1] - values[-2]) / 2)


def _logarithmic(x: Any) -> bool:
    """Say whether places are spread evenly on a logarithmic axis, over more than a factor of ten."""
    ordered = np.sort(x)
    if len(ordered) < 3 or ordered[0] <= 0 or ordered[-1] < 10 * ordered[0]:
        return False
    return bool(np.ptp(np.diff(np.log(ordered))) < 1e-6)


def _symbol(name: str) -> str:
    """Return a parameter as it is printed in the paper."""
    known = {"theta": r"$\theta$ (degrees)", "phi": r"$\phi$ (degrees)", "point": "point"}
    if name in known:
        return known[name]
    head, _, tail = name.partition("_")
    return f"${head}_{{{tail}}}$" if tail and " " not in name else name if " " in name else f"${name}$"


def _words(at: Data) -> str:
    return ", ".join(f"{_symbol(name)} = {value:.4g}" for name, value in at.items()) or "exact"


def _heading(data: Data, fixed: Data) -> str:
    also = f" at {_words(fixed)}" if fixed else ""
    failed = f"; {data['failed']} of {data['points']} points failed" if data["failed"] else ""
    return f"{data['system']['name']}, engine {data['engine']}{also}{failed}"


#: Part of the data and name of the file, title and function of each figure.
FIGURES = (
    ("curves", "The torque along the longest axis", draw_sweep_curves),
    ("map", "The torque over two axes", draw_sweep_map),
)
