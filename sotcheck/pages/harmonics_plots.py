"""Figures of the torque's angular harmonics, drawn from their JSON alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sotcheck.numerics.sphere import profile
from sotcheck.pages.figures import BLUE, GREEN, GREY, ORANGE, PURPLE, mark_bound_states
from sotcheck.pages.panels import one_legend, panels, scientific

Data = dict[str, Any]

COMPONENTS = ("fieldlike", "dampinglike")
DEGREE_STYLE = {1: (BLUE, "o"), 3: (ORANGE, "s"), 5: (GREEN, "^"), 7: (PURPLE, "D")}
#: Scans in θ of the second figure: angles, h_R besides the first, dashes from the first on.
SCAN, SCANNED = np.linspace(0.0, 90.0, 91), (0.32, 0.5, 0.7, 1.0)
DASHES = (":", "-.", "--", (0, (6, 1)), "-")
#: What is below this is rounding around zero.
ZERO = 1e-12


def draw_coefficients(data: Data) -> Figure:
    """Draw the size of every harmonic against h_R on log axes, with h_R^l as thin lines."""
    h, sources = np.array(data["h_R"]), data["sources"]
    figure, grid = panels(sources, COMPONENTS, "$h_R$", "coefficient  (wave vector$^3$)", sharey=True)
    for (source, name), axes in grid.items():
        noise, values = np.array(sources[source]["error"]), np.abs(sources[source][name])
        for degree, size in zip(data["degrees"], values.T, strict=True):
            color, marker = DEGREE_STYLE[degree]
            seen = size > noise
            axes.loglog(h[seen], size[seen], marker + "-", color=color, ms=4, label=f"l = {degree}")
            if seen.any():
                first = int(np.argmax(seen))
                axes.loglog(h, size[first] * (h / h[first]) ** degree, color=color, lw=0.6, ls=":")
        axes.loglog(h, noise, color=GREY, lw=0.8, ls="--", label="quadrature error")
        mark_bound_states(axes, data["bound_from"], h, " for some m")
        axes.xaxis.set_major_formatter("{x:g}")
    floor = min(min(part["error"]) for part in sources.values())
    largest = max(np.abs([part[name] for name in COMPONENTS]).max() for part in sources.values())
    figure.axes[0].set_ylim(floor / 3, 3 * largest)
    return one_legend(figure, 6)


def draw_scans(data: Data) -> Figure:
    """Draw the torque against θ of m in the xz plane, per h_R: curves that first order says are constant.

    Of scattering states. There t = Σ D_l p_l ŷ − Σ F_l p_l e_θ: dampinglike along ŷ, fieldlike along −e_θ.
    """
    h, sources, start = np.array(data["h_R"]), data["sources"], data["bound_from"]
    p = np.stack([profile(degree, np.radians(SCAN)) for degree in data["degrees"]])
    xlabel = "angle of m from z, in the xz plane (degrees)"
    figure, grid = panels(sources, COMPONENTS, xlabel, "torque/$h_R$")
    chosen = [i for i, value in enumerate(h) if value in (h[0], *SCANNED)]
    for (source, name), axes in grid.items():
        values = np.array(sources[source][name])
        for i, shade, dash in zip(chosen, np.linspace(0.75, 0.0, len(chosen)), DASHES, strict=False):
            label = f"$h_R$ = {h[i]:g}" + ("*" if h[i] > start else "")
            axes.plot(SCAN, values[i] @ p / h[i], color=str(shade), ls=dash, label=label)
        scientific(axes)
        if np.abs(values).max() < ZERO:
            axes.set(ylim=(-1, 1), yticks=[0])
    if h[-1] > start:
        words = "* bound states at $E_F$ for some m, not in the scattering sum"
        figure.suptitle(words, fontsize=8, color=GREY)
    return one_legend(figure, 5)
