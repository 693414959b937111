"""Pictures of `sotcheck plot`: torque against a key or against k_⊥; files of any format."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import product
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sotcheck.errors import OutputError
from sotcheck.pages import svg
from sotcheck.pages.figures import (
    COMPONENTS,
    GREY,
    ORANGE,
    SOURCE_COLOR,
    one_legend,
    plain,
    symbol,
    tame,
    unit_of,
)
from sotcheck.pages.layout import Rooms
from sotcheck.system.units import unit_of_key

Data = dict[str, Any]
Panels = dict[tuple[str, str], Axes]

#: Letters as paths: whoever reads the file need not have their font.
STYLE: Any = svg.STYLE | {"svg.fonttype": "path", "font.size": 9}
#: Lines of engines, in the order asked for, and marks of further ones.
LINES, MARKS = ("--", "-"), "osv"
#: Formats of a file, by the end of its name.
FORMATS = ("svg", "png", "pdf")
DPI = 160
#: What opens windows, by the first that can.
WINDOWS = ("QtAgg", "TkAgg", "GTK4Agg", "GTK3Agg", "WxAgg", "MacOSX")


def torque_curve(data: Data) -> Figure:
    """Both components of the torque against a key, a column for each source, a line for each engine."""
    name, rows = data["axis"], data["torque"]
    unit = unit_of_key(name, bool(data["system"].get("units")))
    label = f"{symbol(name)}  ({unit})" if unit else symbol(name)
    figure, grid = _panels(rows, label, f"torque t  ({unit_of(data, 3)})")
    for (source, part), axes in grid.items():
        _lines(axes, rows, name, part, source)
    return _finished(figure, data)


def integrand(data: Data) -> Figure:
    """Both components of dt/dk_⊥, thresholds marked."""
    rows = data["integrand"]
    unit = unit_of(data, 2)
    figure, grid = _panels(rows, rf"$k_\perp$  ({unit_of(data, 1)})", rf"d$t$/d$k_\perp$  ({unit})")
    for (source, part), axes in grid.items():
        _lines(axes, rows, "k_perp", part, source)
        for of, k in data["thresholds"].items():
            axes.axvline(k, color=SOURCE_COLOR[of], ls=":", lw=1, label=f"{of} closes")
    return _finished(figure, data)


def _panels(rows: list[Data], xlabel: str, ylabel: str) -> tuple[Figure, Panels]:
    """Return a figure with a panel for each component (row) and source (column)."""
    # Sources that do not come in, as from an insulator, have no torque at all.
    there = [row for row in rows if row["fieldlike"] or row["dampinglike"]] or rows
    sources = list(dict.fromkeys(row["source"] for row in there))
    size = 3.2 * len(sources) + 0.9, 2.2 * len(COMPONENTS) + 0.6
    figure = Figure(figsize=size, layout=Rooms())
    grid = figure.subplots(len(COMPONENTS), len(sources), squeeze=False, sharex=True)
    found: Panels = dict(zip(((s, n) for n, s in product(COMPONENTS, sources)), grid.flat, strict=True))
    for (source, part), axes in found.items():
        axes.set_title(f"{source}: {part}", fontsize=9.5)
    for axes in grid[-1]:
        axes.set_xlabel(xlabel)
    for axes in grid[:, 0]:
        axes.set_ylabel(ylabel)
    return figure, found


def _lines(axes: Axes, rows: list[Data], name: str, part: str, source: str) -> None:
    drawn, errors = [0.0], [0.0]
    for n, engine in enumerate(dict.fromkeys(row["engine"] for row in rows)):
        own = [row for row in rows if (row["engine"], row["source"]) == (engine, source)]
        x, y = ([np.nan if row[key] is None else row[key] for row in own] for key in (name, part))
        color = GREY if n == 0 and engine.startswith("first") else SOURCE_COLOR.get(source, ORANGE)
        if n < len(LINES):
            axes.plot(x, y, LINES[n], color=color, label=engine, marker="." if len(x) < 4 else "")
        else:
            # Engines that agree would hide each other's lines.
            axes.plot(
                x, y, MARKS[(n - len(LINES)) % len(MARKS)], color="black", ms=4, mfc="none", label=engine
            )
        drawn += y
        errors += [row["uncertainty"][part] or 0.0 for row in own if "uncertainty" in row]
    tame(axes, drawn, max(errors))


def _finished(figure: Figure, data: Data) -> Figure:
    figure.suptitle(plain(data["system"]["name"]), fontsize=10)
    return one_legend(figure, 4)


def picture(draw: Callable[[Data], Figure], data: Data, kind: str) -> bytes:
    """Return a figure in one of FORMATS."""
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):
        metadata = {"Date": None, "Creator": None} if kind == "svg" else None
        draw(data).savefig(buffer, format=kind, metadata=metadata, dpi=DPI, bbox_inches="tight")
    return buffer.getvalue()


def in_a_window(draw: Callable[[Data], Figure], data: Data) -> None:
    """Show a figure in a window until it is closed, or raise an OutputError where there is none to be had."""
    from matplotlib import pyplot as plt

    for backend in WINDOWS:
        try:
            plt.switch_backend(backend)
        except ImportError:
            # Not installed, or no display.
            continue
        with mpl.rc_context(STYLE):
            figure, manager = draw(data), plt.figure().canvas.manager
        if manager is not None:
            # What was drawn takes the place of pyplot's empty figure.
            manager.canvas.figure = figure
            figure.set_canvas(manager.canvas)
            plt.show()
            return
    raise OutputError("no window can be opened here; give --output FILE.svg, FILE.png or FILE.pdf")
