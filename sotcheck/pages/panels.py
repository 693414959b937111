"""A figure with a panel for each component of the torque (row) and each source (column)."""

from __future__ import annotations

from collections.abc import Collection
from itertools import product
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

Panels = dict[tuple[str, str], Axes]


def panels(
    sources: Collection[str], names: Collection[str], xlabel: str, ylabel: str, **options: Any
) -> tuple[Figure, Panels]:
    """Return the figure, and its panels by source and component, titled; options are those of `subplots`."""
    size = 3.1 * len(sources) + 1.0, 2.2 * len(names) + 0.6
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(names), len(sources), squeeze=False, sharex=True, **options)
    found: Panels = {}
    for (row, name), (column, source) in product(enumerate(names), enumerate(sources)):
        found[source, name] = axes = grid[row, column]
        axes.set_title(f"{source}: {name}", fontsize=9.5)
    for axes in grid[-1]:
        axes.set_xlabel(xlabel)
    for axes in grid[:, 0]:
        axes.set_ylabel(ylabel)
    return figure, found


def one_legend(figure: Figure, columns: int) -> Figure:
    """Explain the lines of the first panel, which are those of all, below the figure."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", fontsize=7.5, ncols=columns)
    return figure


def scientific(axes: Axes) -> None:
    """Write the power of ten of the torque once, above the axis."""
    axes.ticklabel_format(axis="y", scilimits=(-2, 2), useMathText=True)
