"""Maps of the torque by (k_x, k_y), with thresholds, from the JSON of a report or of `sotcheck plot`."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from sotcheck.numerics.arrays import Array
from sotcheck.pages.figures import (
    GREY,
    NONE,
    SMALL,
    SOURCE_COLOR,
    ZERO,
    canvas,
    picture,
    plain,
    scientific,
    unit_of,
)
from sotcheck.pages.layout import color_bar
from sotcheck.pages.page import Data

#: Dots of a picture along each axis.
DOTS = 81
NOTE = (
    "What a wave vector in the plane and its opposite give together, exact, at the file's own spin-orbit "
    "terms; the sum over all is the torque. Circles: where channels of a source close."
)


def draw(data: Data) -> Figure:
    """Draw a panel for each source (row) and component (column)."""
    sources = data["sources"]
    names = list(next(iter(sources.values())))
    figure, grid = canvas(
        2.5 * len(sources) + 0.3, len(sources), len(names), squeeze=False, sharex=True, sharey=True
    )
    k, angle = np.array(data["k_perp"]), np.array(data["angle"])
    edge = float(max(data["thresholds"].values()))
    axis = 1.04 * edge * np.linspace(-1, 1, DOTS)
    for line, (source, parts) in zip(grid, sources.items(), strict=True):
        for axes, (name, values) in zip(line, parts.items(), strict=True):
            shown = _on_plane(k, angle, np.array(values), axis, data["thresholds"][source])
            largest = float(np.nanmax(np.abs(shown)))
            axes.set_facecolor(NONE)
            axes.set_title(f"{source}: {name}")
            if largest > ZERO:
                image = picture(axes, axis, axis, shown, cmap="RdBu_r", vmin=-largest, vmax=largest)
                scientific(color_bar(figure, axes, image))
            else:
                axes.text(0.5, 0.5, "zero", transform=axes.transAxes, color=GREY, ha="center")
            for of, radius in data["thresholds"].items():
                axes.add_patch(Circle((0, 0), radius, fill=False, ec=SOURCE_COLOR[of], lw=1, ls="--"))
            axes.set(aspect="equal", xlim=(axis[0], axis[-1]), ylim=(axis[0], axis[-1]))
            axes.grid(False)
    for axes in grid[-1]:
        axes.set_xlabel(f"$k_x$  ({unit_of(data, 1)})")
    for axes in grid[:, 0]:
        axes.set_ylabel(f"$k_y$  ({unit_of(data, 1)})")
    handles = [
        Line2D([], [], color=SOURCE_COLOR[of], lw=1, ls="--", label=f"{of} closes")
        for of in data["thresholds"]
    ]
    if "engine" in data:
        name = plain(data["system"]["name"])
        figure.suptitle(f"{name}: torque per d$^2k$, {data['engine']}", fontsize=10)
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=SMALL)
    return figure


def _on_plane(k: Array, angle: Array, values: Array, axis: Array, edge: float) -> Array:
    """Return values, by (k_⊥, angle in half a turn), on a square of (k_y, k_x), where a channel is open."""
    from scipy.interpolate import RegularGridInterpolator

    # k and its opposite have one value: the angles go on.
    angle, values = np.append(angle, angle[0] + np.pi), np.concatenate([values, values[:, :1]], axis=1)
    found = RegularGridInterpolator((k, angle), values, bounds_error=False, fill_value=None)
    x, y = np.meshgrid(axis, axis)
    radius = np.hypot(x, y)
    shown: Array = found((radius, (np.arctan2(y, x) - angle[0]) % np.pi + angle[0]))
    return np.where(radius <= edge, shown, np.nan)
