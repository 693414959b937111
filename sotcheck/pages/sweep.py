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
from sotcheck.pages.contours import label_contours
from sotcheck.pages.figures import (
    BLUE,
    COMPONENTS,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    SMALL,
    ZERO,
    panels,
    scientific,
    symbol,
    tame,
    unit_of,
)
from sotcheck.pages.layout import color_bar
from sotcheck.pages.page import Data, Page, Picture, Section, Table, Words
from sotcheck.pages.publish import publish
from sotcheck.pages.svg import BLACK
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
    has_overview = (folder.parent / "index.html").exists()
    publish(folder, {JSON_NAME: data}, lambda data: shown(data, "../index.html" * has_overview))


def shown(data: Data, up: str) -> Page:
    """Return a sweep's page."""
    pictures = [
        Picture(name, words, draw, data, brief=True)
        for name, words, draw in FIGURES
        if data[name] is not None
    ]
    failed = f", {data['failed']} of them failed" if data["failed"] else ""
    scheme = f" ({data['scheme']})" if data["scheme"] else ""
    keys = ("verdict", "title", "source", "engine", "expected", "measured", "uncertainty", "explanation")
    heads = ("expected|number", "measured|number", "uncertainty|short", "why")
    trial = Table(
        ("verdict|verdict", "claim", "source", "engine", *heads),
        [[row[key] for key in keys] for row in data["verdicts"]],
    )
    axes = Table(
        ("axis", "values|number", "from|cell", "to|cell"),
        [
            (name, axis["count"], min(values), max(values))
            for axis in data["axes"]
            for name, values in axis["columns"].items()
        ],
    )
    kinds = (("failed", "errors"), ("warning", "warnings"))
    bad = [(one["points"], kind, one["text"]) for kind, some in kinds for one in data[some]]
    return Page(
        f"Sweep: {title(data)}",
        f"{data['points']} points{failed}; engine {data['engine']}{scheme}, tolerance "
        f"{data['tolerance']:g}; largest uncertainty of a component {data['uncertainty']:.2g}. Torques in "
        f"{'nm⁻³' if data['system'].get('units') else 'wave vector³'}, at each h_R and not divided by it.",
        data["verdict"],
        quote(data),
        first=pictures,
        sections=[
            Section("On trial", [trial], "trial", brief=True),
            Section("Smallest and largest", [_extremes(data)], "extremes", brief=True),
            *([Section("Points that failed, and warnings",
                       [Table(("points|number", "what", "e.g."), bad)], "failed", True)] if bad else []),
            Section("Axes", [axes, Words([data["command"]], code=True)], "axes", brief=True),
        ],
        files=[JSON_NAME],
        up=up,
        colophon="Computed by " + ", ".join(f"{name} {version}" for name, version in data["versions"].items())
        + f". Every point: {data['file']}.",
    )  # fmt: skip


def quote(data: Data) -> str:
    """Say in one sentence between which values the torque of the strongest source lies."""
    known = [row for row in data["extremes"] if row["largest"] is not None]
    if not known:
        return "No point of this sweep has a torque."
    row = max(known, key=lambda row: max(abs(row["smallest"]), abs(row["largest"])))
    return (
        f"Over {' and '.join(axis['name'] for axis in data['axes'])} the {row['component']} torque of "
        f"{row['source']} electrons goes from {row['smallest']:.3g} ({_place(row['smallest_at'])}) to "
        f"{row['largest']:.3g} ({_place(row['largest_at'])})."
    )


def _extremes(data: Data) -> Table:
    return Table(
        ("source", "component", "smallest|cell", "at", "largest|cell", "at"),
        [
            (row["source"], row["component"], row["smallest"], _place(row["smallest_at"]), row["largest"],
             _place(row["largest_at"]))
            for row in data["extremes"]
        ],
    )  # fmt: skip


def _place(at: Data | None) -> str:
    return ", ".join(f"{name} = {value:.3g}" for name, value in (at or {}).items())


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
    xlabel, sources = symbol(shown["name"]), curves[0]["exact"]
    figure, of = panels(sources, COMPONENTS, xlabel, f"torque t  ({unit_of(data, 3)})")
    # Points in any order are joined in theirs.
    order = np.argsort(x, kind="stable")
    marker = "o" if len(x) <= 30 else ""
    for (source, name), axes in of.items():
        drawn = [0.0]
        for curve, color in zip(curves, COLORS, strict=False):
            y = np.array(curve["exact"][source][name], dtype=float)
            label = _words(curve["at"]) + ("" if np.isfinite(y).any() else " (no numbers)")
            axes.plot(x[order], y[order], color=color, marker=marker, ms=3, label=label)
            drawn += y.tolist()
            if curve["first_order"] is not None:
                y = np.array(curve["first_order"][source][name], dtype=float)
                axes.plot(x[order], y[order], color=color, ls="--", lw=1)
        tame(axes, drawn, max(curve["uncertainty"][source] for curve in curves))
        _scale(axes, x=x)
    first = figure.axes[0]
    handles = list(first.get_legend_handles_labels()[0]) if curves[0]["at"] else []
    if curves[0]["first_order"] is not None:
        handles.append(first.plot([], [], color=GREY, ls="--", lw=1, label="first order")[0])
    if handles:
        figure.legend(handles=handles, fontsize=SMALL, loc="outside lower center", ncols=min(3, len(handles)))
    figure.suptitle(_heading(data, shown["fixed"]), fontsize=10)
    return figure


def draw_sweep_map(data: Data) -> Figure:
    """Torque of each source over two axes; crosses mark points that failed."""
    shown = data["map"]
    sources, labels = shown["values"], (symbol(shown["x_name"]), symbol(shown["y_name"]))
    figure, of = panels(sources, COMPONENTS, *labels, sharey=True)
    # Contours need both axes in order.
    across, up = np.argsort(shown["x"]), np.argsort(shown["y"])
    x, y = np.array(shown["x"])[across], np.array(shown["y"])[up]
    for (source, name), axes in of.items():
        values = np.array(sources[source][name], dtype=float)[across][:, up].T
        _one_map(figure, axes, x, y, values, shown["uncertainty"][source])
        axes.grid(False)
        _scale(axes, x=x, y=y)
    figure.suptitle(_heading(data, shown["fixed"]), fontsize=10)
    label_contours(figure)
    return figure


def _one_map(figure: Figure, axes: Any, x: Any, y: Any, values: Any, uncertainty: float) -> None:
    """Colours about zero where it is not zero, labelled contours, crosses where there is no number."""
    known = np.isfinite(values)
    largest = float(np.abs(values[known]).max()) if known.any() else 0.0
    if largest > max(uncertainty, ZERO):
        # As pixels: a vector drawing of each cell would be megabytes, with seams between them.
        mesh = axes.pcolormesh(
            x, y, values, cmap="RdBu_r", vmin=-largest, vmax=largest, shading="nearest", rasterized=True
        )
        scientific(color_bar(figure, axes, mesh))
        # Not at zero, where contours follow the rounding.
        levels = largest * np.array([-0.75, -0.5, -0.25, 0.25, 0.5, 0.75])
        axes.contour(x, y, np.ma.masked_invalid(values), levels, colors=BLACK, linewidths=0.6)
    else:
        zero = f"zero ± {uncertainty:.0e}" if uncertainty > ZERO else "zero"
        axes.text(0.5, 0.5, zero if known.any() else "undefined", transform=axes.transAxes, ha="center")
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


def _words(at: Data) -> str:
    return ", ".join(f"{symbol(name)} = {value:.4g}" for name, value in at.items()) or "exact"


def _heading(data: Data, fixed: Data) -> str:
    also = f" at {_words(fixed)}" if fixed else ""
    failed = f"; {data['failed']} of {data['points']} points failed" if data["failed"] else ""
    return f"{data['system']['name']}, engine {data['engine']}{also}{failed}"


#: Part of the data and name of the file, title and function of each figure.
FIGURES = (
    ("curves", "The torque along the longest axis", draw_sweep_curves),
    ("map", "The torque over two axes", draw_sweep_map),
)
