"""Figures of the torque's angular harmonics, drawn from their JSON alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sotcheck.numerics.sphere import profile
from sotcheck.pages.figures import BLUE, GREEN, GREY, ORANGE, PURPLE, mark_bound_states

Data = dict[str, Any]

COMPONENTS = ("fieldlike", "dampinglike")
DEGREE_STYLE = {1: (BLUE, "o"), 3: (ORANGE, "s"), 5: (GREEN, "^"), 7: (PURPLE, "D")}
#: Scans in θ of the second figure.
SCAN = np.linspace(0.0, 90.0, 91)


def draw_coefficients(data: Data) -> Figure:
    """Draw the size of every harmonic against h_R on log axes, with h_R^l as thin lines."""
    h, degrees = np.array(data["h_R"]), data["degrees"]
    sources = data["sources"]
    figure = Figure(figsize=(3.1 * len(sources) + 1.0, 4.8), layout="constrained")
    grid = figure.subplots(2, len(sources), squeeze=False, sharex=True, sharey=True)
    for column, (source, part) in enumerate(sources.items()):
        noise = np.array(part["error"])
        for row, name in enumerate(COMPONENTS):
            axes, values = grid[row, column], np.abs(part[name])
            for i, degree in enumerate(degrees):
                color, marker = DEGREE_STYLE[degree]
                seen = values[:, i] > noise
                label = f"l = {degree}"
                axes.loglog(h[seen], values[seen, i], marker + "-", color=color, ms=4, label=label)
                if seen.any():
                    first = int(np.argmax(seen))
                    axes.loglog(h, values[first, i] * (h / h[first]) ** degree, color=color, lw=0.6, ls=":")
            axes.loglog(h, noise, color=GREY, lw=0.8, ls="--", label="quadrature error")
            mark_bound_states(axes, data["bound_from"], h, " for some m")
            axes.set_title(f"{source}: {name}", fontsize=9.5)
    floor = min(min(part["error"]) for part in sources.values())
    largest = max(np.abs([part[name] for name in COMPONENTS]).max() for part in sources.values())
    grid[0, 0].set_ylim(floor / 3, 3 * largest)
    for axes in grid[-1]:
        axes.set_xlabel("$h_R$")
        axes.xaxis.set_major_formatter("{x:g}")
    for axes in grid[:, 0]:
        axes.set_ylabel("coefficient  (wave vector$^3$)")
    handles = [*grid[0, 0].get_legend_handles_labels()]
    figure.legend(*handles, loc="outside lower center", fontsize=7.5, ncols=6)
    return figure


def draw_scans(data: Data) -> Figure:
    """Draw the torque against θ of m in the xz plane, per h_R: curves that first order says are constant.

    Of scattering states. There t = Σ D_l p_l ŷ − Σ F_l p_l e_θ: dampinglike along ŷ, fieldlike along −e_θ.
    """
    h, degrees = np.array(data["h_R"]), data["degrees"]
    theta = np.radians(SCAN)
    p = np.stack([profile(degree, theta) for degree in degrees])
    sources = data["sources"]
    figure = Figure(figsize=(3.1 * len(sources) + 1.0, 4.8), layout="constrained")
    grid = figure.subplots(2, len(sources), squeeze=False, sharex=True)
    chosen = [i for i, value in enumerate(h) if value in (h[0], 0.32, 0.5, 0.7, 1.0)]
    shades = [str(v) for v in np.linspace(0.75, 0.0, len(chosen))]
    dashes = [":", "-.", "--", (0, (6, 1)), "-"]
    for column, (source, part) in enumerate(sources.items()):
        for row, name in enumerate(COMPONENTS):
            axes = grid[row, column]
            for i, shade, dash in zip(chosen, shades, dashes, strict=False):
                line = np.array(part[name][i]) @ p / h[i]
                left_out = "*" if h[i] > data["bound_from"] else ""
                axes.plot(SCAN, line, color=shade, ls=dash, label=f"$h_R$ = {h[i]:g}{left_out}")
            axes.set_title(f"{source}: {name}", fontsize=9.5)
            axes.ticklabel_format(axis="y", scilimits=(-2, 2), useMathText=True)
            if np.abs(part[name]).max() < 1e-12:
                axes.set_ylim(-1, 1)
                axes.set_yticks([0])
    for axes in grid[-1]:
        axes.set_xlabel("angle of m from z, in the xz plane (degrees)")
    for axes in grid[:, 0]:
        axes.set_ylabel("torque/$h_R$")
    if h[-1] > data["bound_from"]:
        words = "* bound states at $E_F$ for some m, not in the scattering sum"
        figure.suptitle(words, fontsize=8, color=GREY)
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", fontsize=7.5, ncols=5)
    return figure
