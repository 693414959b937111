"""The figures of what lies beyond first order: which, and when, each drawn from its JSON alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from sotcheck.numerics.arrays import Array
from sotcheck.numerics.sphere import profile
from sotcheck.pages import bound_figures, figures
from sotcheck.pages.contours import label_contours
from sotcheck.pages.layout import color_bar
from sotcheck.pages.page import Data, Picture
from sotcheck.pages.svg import WHITE

#: Colour and marker by the order of a term, or the degree of a harmonic.
COLORS = (figures.BLUE, figures.ORANGE, figures.GREEN, figures.PURPLE, figures.PURPLE)
LOOK = dict(zip((1, 3, 5, 7, 11), zip(COLORS, "os^DD", strict=True), strict=True))
#: Scans in θ of the second figure: angles, h_R besides the first, dashes from the first on.
SCAN, SCANNED = np.linspace(0.0, 90.0, 46), (0.32, 0.5, 0.7, 1.0)
SCANS = (figures.GREY, figures.BLUE, figures.GREEN, figures.ORANGE, figures.RED)
#: Dots of a map of radii along k_⊥.
EVEN = 80
#: Panels of log axes: `loglog` would make all that share them anew, each time.
LOG = {"xscale": "log", "yscale": "log"}
DASHES = (":", "-.", "--", (0, (6, 1)), "-")


def remainders(data: Data) -> Figure:
    """|t − S_N| against h_R on log axes, with lines of slope 3, 5, 7."""
    found = data["remainders"]
    sources = list(dict.fromkeys(row["source"] for row in found["rows"]))
    h = np.array(found["h_R"])
    figure, column = figures.canvas(2.3 * len(sources) + 0.6, len(sources), 1, squeeze=False, sharex=True)
    grid = dict(zip(sources, column[:, 0], strict=True))
    for row in found["rows"]:
        axes, n, slope = grid[row["source"]], row["through_order"], row["slope"]
        rest, noise, (color, mark) = np.array(row["remainder"]), np.array(row["noise"]), LOOK[n]
        seen = "" if slope is None else f": slope {slope:.3f} ± {row['slope_error']:.3f}"
        axes.loglog(h, rest, mark, color=color, ms=5, label=f"N = {n}{seen}")
        axes.loglog(h, rest[0] * (h / h[0]) ** (n + 2), color=color, lw=1, ls="--")
        below = rest < 10 * noise
        axes.loglog(h[below], noise[below], "_", color=figures.GREY, ms=10)
    for source, axes in grid.items():
        figures.mark_bound_states(axes, found["bound_from"], h)
        axes.set_title(source)
        _rungs(axes, h)
        axes.legend(fontsize=figures.SMALL, loc="center left", bbox_to_anchor=(1.0, 0.5))
    column[-1, 0].set_xlabel("$h_R$")
    figure.supylabel(r"remainder $|\mathbf{t} - S_N|$", fontsize=10)
    return figure


def _rungs(axes: Axes, h: Array) -> None:
    """Write every second h_R of a ladder along a log axis, and nothing else."""
    axes.set_xticks(h[::2], [f"{value:.2g}" for value in h[::2]])
    axes.set_xticks([], minor=True)


def sums(data: Data) -> Figure:
    """Scattering states' torque against h_R: exact, partial sums, Padé approximant, radius of convergence."""
    curves, sources = data["curves"], data["curves"]["sources"]
    h, line = np.array(curves["h_R"]), np.array(curves["line_h_R"])
    xlabel = "$h_R$"
    names = next(iter(sources.values()))
    figure, grid = figures.panels(sources, names, xlabel, "torque t  (wave vector$^3$)")
    for (source, name), axes in grid.items():
        part = sources[source][name]
        exact, pade = np.array(part["exact"]), part["pade"]
        for n, values in part["sums"].items():
            axes.plot(line, values, color=LOOK[int(n)][0], ls="--", lw=1.2, label=f"through order {n}")
        if pade is not None:
            axes.plot(line, pade["values"], color=figures.RED, lw=1.6, label=f"Padé {pade['name']}")
        axes.plot(h, exact, "o", color="black", ms=3.5, label="exact, scattering states")
        axes.axvline(data["radius"], color=figures.GREY, ls=":", lw=1)
        figures.mark_bound_states(axes, curves["bound_from"], line)
        # The exact curve stays in view, whatever diverges beside it.
        low, high = min(0.0, float(exact.min())), max(0.0, float(exact.max()))
        room = 0.35 * (high - low) or figures.ZERO
        axes.set_ylim(low - room, high + room)
        if part["vanishes"]:
            axes.set_title(f"{source}: {name} (zero)")
        figures.scientific(axes)
    return figures.one_legend(figure, 3)


def radius_map(data: Data) -> Figure:
    """The radius of convergence over k_⊥ and angle: labelled contours, thresholds, its minimum."""
    k, angle, rho = np.array(data["k_perp"]), np.degrees(data["angle"]), np.array(data["map"])
    figure, (left, right) = figures.canvas(6.2, 2, 1, height_ratios=[1.35, 1], sharex=True)
    least = data["smallest"]
    levels = _levels(rho)
    # Evenly spaced, for a picture; large radii all look alike.
    even = np.linspace(k[0], k[-1], EVEN)
    shown = np.stack([np.interp(even, k, line) for line in rho.T])
    norm = LogNorm(levels[0], 10 * levels[0], clip=True)
    shades = figures.picture(left, even, angle, shown, cmap="cividis", norm=norm)
    left.contour(k, angle, rho.T, levels=levels, colors=WHITE, linewidths=0.8)
    left.plot(
        least["k_perp"], np.degrees(least["angle"]), "*", color=figures.RED, ms=13, mec=WHITE, clip_on=False
    )
    left.set(ylabel="angle of k from x (degrees)", yticks=[0, 45, 90, 135, 180])
    left.set_title(f"radius by k; star: {least['radius']:.3g}, {least['kind']}")
    left.grid(False)
    color_bar(figure, left, shades, label="radius of convergence at k", ticks=levels, format="%.2g")
    right.semilogy(k, rho.min(axis=1), color=figures.BLUE)
    for source, at in data["thresholds"].items():
        right.axvline(at, color=figures.SOURCE_COLOR[source], ls=":", lw=1.3, label=f"{source} closes")
    right.set_xlabel(r"$k_\perp$")
    right.set_title("smallest over all angles")
    right.legend(fontsize=figures.SMALL)
    label_contours(figure)
    return figure


def _levels(rho: Array) -> list[float]:
    """Return contour levels from the smallest radius on, closer where it is small."""
    low, high = float(rho.min()), float(np.quantile(rho, 0.85))
    levels = np.geomspace(1.05 * low, max(high, 1.5 * low), 7).round(4)
    return [float(f"{level:.2g}") for level in np.unique(levels)]


def exponents(data: Data) -> Figure:
    """Remainder of first order with a transparent channel on log axes, with its true slopes."""
    h = np.array(data["h_R"])
    figure, axes = figures.canvas(4.2)
    for source, row in data["sources"].items():
        if not row["measured"]:
            continue
        p, color = row["expected_exponent"], figures.SOURCE_COLOR[source]
        rest = np.array(row["remainder"])
        log = ", times log" if row["logarithm"] else ""
        ring = source == "normal"
        mark: Any = {"ms": 9 if ring else 5, "mfc": "none" if ring else color}
        axes.loglog(h, rest, "o", color=color, **mark, label=f"{source}: slope {row['exponent']:.3f}{log}")
        line = rest[-1] * (h / h[-1]) ** p
        axes.loglog(h, line * np.log(h) / np.log(h[-1]) if log else line, color=color, lw=1, ls="--")
    axes.set(xlabel="$h_R$", ylabel=r"$|\mathbf{t} - h_R\,\mathbf{t}_1|$")
    _rungs(axes, h)
    figures.mark_bound_states(axes, data["bound_from"], h)
    axes.set_title(f"transparent {data['spin']} channel; dashed: expected")
    axes.legend(fontsize=figures.SMALL)
    return figure


def draw_coefficients(data: Data) -> Figure:
    """Draw the size of every harmonic against h_R on log axes, with h_R^l as thin lines."""
    h, sources = np.array(data["h_R"]), data["sources"]
    figure, grid = figures.panels(
        sources, figures.COMPONENTS, "$h_R$", "coefficient  (wave vector$^3$)", sharey=True, subplot_kw=LOG
    )
    for (source, name), axes in grid.items():
        noise, values = np.array(sources[source]["error"]), np.abs(sources[source][name])
        for degree, size in zip(data["degrees"], values.T, strict=True):
            color, marker = LOOK[degree]
            seen = size > noise
            axes.plot(h[seen], size[seen], marker + "-", color=color, ms=4, label=f"l = {degree}")
            if seen.any():
                first = int(np.argmax(seen))
                axes.plot(h, size[first] * (h / h[first]) ** degree, color=color, lw=0.6, ls=":")
        axes.plot(h, noise, color=figures.GREY, lw=0.8, ls="--", label="quadrature error")
        figures.mark_bound_states(axes, data["bound_from"], h, " for some m")
        axes.xaxis.set_major_formatter("{x:g}")
    floor = min(min(part["error"]) for part in sources.values())
    largest = max(np.abs([part[name] for name in figures.COMPONENTS]).max() for part in sources.values())
    figure.axes[0].set_ylim(floor / 3, 3 * largest)
    return figures.one_legend(figure, 3)


def draw_scans(data: Data) -> Figure:
    """Draw the torque against θ of m in the xz plane, per h_R: curves that first order says are constant.

    Of scattering states. There t = Σ D_l p_l ŷ − Σ F_l p_l e_θ: dampinglike along ŷ, fieldlike along −e_θ.
    """
    h, sources, start = np.array(data["h_R"]), data["sources"], data["bound_from"]
    p = np.stack([profile(degree, np.radians(SCAN)) for degree in data["degrees"]])
    xlabel = "angle of m from z (degrees)"
    figure, grid = figures.panels(sources, figures.COMPONENTS, xlabel, "torque/$h_R$")
    chosen = [i for i, value in enumerate(h) if value in (h[0], *SCANNED)]
    for (source, name), axes in grid.items():
        values = np.array(sources[source][name]) / h[:, None]
        for i, color, dash in zip(chosen, SCANS, DASHES, strict=False):
            label = f"$h_R$ = {h[i]:g}" + ("*" if h[i] > start else "")
            axes.plot(SCAN, values[i] @ p, color=color, ls=dash, label=label)
        figures.tame(axes, values, float(np.max(sources[source]["error"] / h)))
    return figures.one_legend(figure, 3)


#: File name, title, note, part of the data, and how it is drawn.
FIGURES = (
    ("orders", "What orders 1, 3 and 5 leave", "Dashed: slopes N + 2; grey dashes: noise, where it matters.",
     "orders", remainders),
    ("sums", "Partial sums and Padé approximants",
     "Dotted: radius of convergence by k_perp.", "orders", sums),
    ("exponent", "How first order fails here", "", "exponent", exponents),
    ("radius", "Where the series in h_R converges", "", "radius", radius_map),
    ("harmonics", "Angular harmonics of the torque", "", "harmonics", draw_coefficients),
    ("scans", "The torque against the polar angle of m, in the xz plane",
     "To first order these are straight lines. *: bound states at E_F for some m, not in the scattering sum.",
     "harmonics", draw_scans),
    ("bound-states", "States below the continuum", "", "bound_states", bound_figures.draw_map),
    ("dispersion", "Bound states' energy, and E_F", "", "bound_states", bound_figures.draw_dispersion),
)  # fmt: skip


def pictures(data: Data) -> list[Picture]:
    """Return the figures of what was found: some need an expansion, some need its failure."""
    there = {**data, "orders": data["orders"]["expandable"] and data["orders"]}
    return [
        Picture(f"beyond-{name}", title, draw, data[part], note)
        for name, title, note, part, draw in FIGURES
        if there[part]
    ]
