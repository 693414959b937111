"""How figures look, and those of a report, each drawn from the report's JSON alone."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Sequence
from itertools import product
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("svg")
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Data = dict[str, Any]
Panels = dict[tuple[str, str], Axes]

#: Okabe and Ito's palette, told apart by colour-blind readers.
BLUE, ORANGE, GREEN, RED, PURPLE, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#666666",
)  # fmt: skip
BAR = "#d9d9d9"
#: Behind curves that leave bound states out.
BOUND_COLOR = "#fdf0d5"
SOURCE_COLOR = {"normal": BLUE, "majority": RED, "minority": GREEN, "total": GREY}
TERM_COLOR = {
    "next order": PURPLE, "lattice": GREEN, "quadrature": BLUE, "rounding": GREY,
    "first order": ORANGE, "other engine": GREEN,
}  # fmt: skip
COMPONENTS = ("fieldlike", "dampinglike")
#: Torques below this are rounding; differences below that are drawn there.
ZERO, FLOOR = 1e-12, 1e-20
LIMIT_STYLE: Any = {"1%": ":", "10%": "--"}
STYLE: Any = {
    "svg.hashsalt": "sotcheck", "svg.fonttype": "path", "font.size": 9, "lines.linewidth": 1.6,
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True, "legend.frameon": False,
    "axes.grid": True, "grid.color": "#e5e5e5", "grid.linewidth": 0.6,
    "figure.facecolor": "white", "savefig.facecolor": "white",
}  # fmt: skip


def svg(draw: Callable[[Data], Figure], data: Data) -> str:
    """Return one figure as SVG text, the same bytes for the same data."""
    with mpl.rc_context(STYLE):
        figure = draw(data)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def plain(text: str) -> str:
    """Return a user's text so that nothing in it is taken for mathematics."""
    return text.replace("$", r"\$")


def canvas(width: float, height: float, *shape: int, **options: Any) -> tuple[Figure, Any]:
    """Return a figure of that size and its axes; shape and options are those of `subplots`."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(*shape, **options)


def panels(
    sources: Collection[str], names: Collection[str], xlabel: str, ylabel: str, **options: Any
) -> tuple[Figure, Panels]:
    """Return a figure with a panel for each component of the torque (row) and each source (column)."""
    shape = len(names), len(sources)
    size = 3.1 * len(sources) + 1.0, 2.2 * len(names) + 0.6
    figure, grid = canvas(*size, *shape, squeeze=False, sharex=True, **options)
    found: Panels = dict(zip(((s, n) for n, s in product(names, sources)), grid.flat, strict=True))
    for (source, name), axes in found.items():
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


def tame(axes: Axes, values: np.ndarray) -> None:
    """Keep rounding noise around zero from filling the panel; write powers of ten once."""
    scientific(axes)
    if np.abs(values).max() < ZERO:
        axes.set(ylim=(-1, 1), yticks=[0])


def profile(data: Data) -> Figure:
    """Potential against z for both spins, with the delta and E_F."""
    system = data["system"]
    normal, ferro, delta = system["normal"], system["ferromagnet"], system["interface"]
    U_N, U_F, J, E_F = normal["potential"], ferro["potential"], ferro["exchange"], system["fermi_energy"]
    figure, axes = canvas(6.0, 3.0)
    axes.plot([-1, 0], [U_N, U_N], color=GREY, lw=2.2)
    for spin, sign, color in (("minority", 1, GREEN), ("majority", -1, RED)):
        axes.plot([0, 0, 1], [U_N, U_F + sign * J, U_F + sign * J], color=color, lw=2.2, label=spin)
        strength = delta["barrier"] + sign * delta["exchange"]
        if strength:
            at, side, arrow = 0.03 * sign, "left" if sign > 0 else "right", {"arrowstyle": "-|>", "lw": 2}
            axes.annotate("", (at, U_N + strength), (at, U_N), arrowprops={**arrow, "color": color})
            axes.text(2 * at, U_N + strength, f"{strength:g} δ(z)", color=color, ha=side, va="center")
    axes.axhline(E_F, color=BLUE, ls="--", lw=1.2)
    axes.text(-0.98, E_F, "$E_F$", color=BLUE, va="bottom")
    levels = [U_N, U_F + J, U_F - J, E_F, U_N + delta["barrier"] + abs(delta["exchange"])]
    span = max(levels) - min(levels)
    axes.set(
        xlim=(-1, 1), ylim=(min(levels) - 0.15 * span, max(levels) + 0.2 * span),
        xlabel="z (normal metal: z < 0, ferromagnet: z > 0)", ylabel="potential energy",
    )  # fmt: skip
    axes.set_xticks([0])
    axes.grid(False)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def torque(data: Data) -> Figure:
    """Torque of scattering states against h_R, or scale: exact, Kwant's points, first order, trust limits."""
    curve, chain = data["curve"], data["lattice"]["engine"]
    h = np.array(curve["h_R"])
    xlabel = "scale of all spin-orbit terms" if "geometry" in data else "$h_R$"
    unit = "nm$^{-3}$" if data["system"].get("units") and "geometry" in data else "wave vector$^3$"
    figure, grid = panels(curve["sources"], COMPONENTS, xlabel, f"torque t  ({unit})")
    for (source, name), axes in grid.items():
        part = curve["sources"][source][name]
        line = part["first_order_per_h_R"] * h
        axes.plot(h, line, color=GREY, ls="--", label="first order")
        axes.plot(h, part["exact"], color=SOURCE_COLOR[source], label="exact, scattering states")
        axes.plot(curve["kwant_h_R"], part[chain], "o", color="black", ms=4, mfc="white", label="by Kwant")
        for limit, value in part["limits"].items():
            if value is not None:
                axes.axvline(value, color=ORANGE, ls=LIMIT_STYLE[limit], lw=1)
                _note(axes, value, 0.98, limit.replace("%", " %"), ha="right", va="top", rotation=90)
        mark_bound_states(axes, curve["bound_from"], h)
        if part["first_order_vanishes"]:
            axes.text(0.05, 0.06, "no first-order part", transform=axes.transAxes, color=GREY, fontsize=8)
        tame(axes, np.concatenate([part["exact"], line]))
    return one_legend(figure, 4)


def mark_bound_states(axes: Any, start: float | None, h_R: np.ndarray, condition: str = "") -> None:
    """Shade the h_R drawn at which bound states lie at E_F, whose torque is not among what is drawn."""
    if start is not None and start < h_R.max():
        words = f"bound states at $E_F${condition},\nnot in the scattering sum"
        axes.axvspan(max(start, h_R.min()), h_R.max(), color=BOUND_COLOR, lw=0, zorder=0, label=words)


def integrand(data: Data) -> Figure:
    """The k_⊥-resolved torque per h_R: Kwant's points on the formula's line, thresholds marked."""
    resolved, chain = data["integrand"], data["lattice"]["engine"]
    closing: dict[float, list[str]] = {}
    for source, k in resolved["thresholds"].items():
        closing.setdefault(k, []).append(source)
    figure, grid = panels(resolved["sources"], COMPONENTS, r"$k_\perp$", r"d(t/$h_R$)/d$k_\perp$")
    for (source, name), axes in grid.items():
        part = resolved["sources"][source][name]
        axes.plot(resolved["line_k_perp"], part["formula"], color=SOURCE_COLOR[source], label="first order")
        style: Any = {"color": "black", "ms": 3.5, "mfc": "white"}
        axes.plot(resolved["point_k_perp"], part[chain], "o", label="Kwant", **style)
        axes.set_title(axes.get_title(), fontsize=9.5, pad=13)
        for k, sources in closing.items():
            axes.axvline(k, color=ORANGE, ls=":", lw=1)
            if name == COMPONENTS[0]:
                words = " + ".join(sources) if len(sources) < 3 else "all sources"
                _note(axes, k, 1.01, words, ha="center", va="bottom")
        formula = np.array(part["formula"])
        if np.abs(formula).max() < ZERO:
            axes.text(0.05, 0.06, "zero", transform=axes.transAxes, color=GREY, fontsize=8)
        tame(axes, formula)
    figure.axes[0].legend(fontsize=7.5, loc="best")
    return figure


def lattice(data: Data) -> Figure:
    """Error of the lattice against spacing on log axes, with slopes, and the one-sided control."""
    errors = data["lattice"]
    levels = zip(errors["richardson"], (GREEN, ORANGE, PURPLE), "^vD", strict=False)
    series = [
        ("one-sided (control)", errors["one-sided"], RED, "s"),
        ("finite differences", errors["finite-difference"], BLUE, "o"),
        *((f"Richardson, level {n}", values, *look) for n, (values, *look) in enumerate(levels, 1)),
    ]
    figure, axes = canvas(7.0, 3.8)
    for label, values, color, marker in series:
        if values is not None:
            a = errors["spacing"][-len(values) :]
            slope = f", slope {_slope(a, values):.2f}" if len(values) > 1 else ""
            axes.loglog(a, values, f"{marker}-", color=color, ms=5, label=label + slope)
    exact = errors["exact-difference"]
    axes.loglog(exact["spacing"], exact["error"], "*", color="black", ms=9, label="exact differences")
    axes.set(xlabel="lattice spacing a", ylabel="largest error of the spin flows")
    _beside(axes)
    return figure


def remainder(data: Data) -> Figure:
    """What first order leaves of the exact torque, against h_R on log axes, and with a flipped sign."""
    ladder = data["remainder"]
    h = ladder["h_R"]
    figure, axes = canvas(7.0, 3.6)
    for kind, style, words in (
        ("right", {"ls": "-", "marker": "o", "ms": 5}, ""),
        ("flipped sign", {"ls": ":", "marker": "s", "ms": 4, "mfc": "white"}, ", sign flipped (control)"),
    ):
        for source, values in ladder[kind].items():
            label = f"{source}{words}, slope {_slope(h, values):.2f}"
            axes.loglog(h, values, color=SOURCE_COLOR[source], label=label, **style)
    axes.set(xlabel="$h_R$", ylabel="|exact torque − first order|")
    axes.set_xticks(h, [f"{v:.3g}" for v in h])
    axes.minorticks_off()
    _beside(axes)
    return figure


def ledger(data: Data) -> Figure:
    """The four flows of angular momentum by source, fieldlike and dampinglike parts."""
    rows = [row for row in data["ledger"]["rows"] if row["engine"] == data["lattice"]["engine"]]
    most = max(len(row["split"]) for row in rows)
    figure, grid = canvas(3.3 * len(rows) + 0.5, max(3.0, 0.32 * most + 0.8), 1, len(rows), squeeze=False)
    for axes, row in zip(grid[0], rows, strict=True):
        y = np.arange(len(row["split"]))
        parts = zip(*row["split"].values(), strict=True)
        names = row.get("components", COMPONENTS)
        for label, at, color, values in zip(names, (-0.18, 0.18), (BLUE, ORANGE), parts, strict=True):
            axes.barh(y + at, values, 0.34, color=color, label=label)
        axes.set_yticks(y, map(plain, row["split"]) if row is rows[0] else [""] * len(y))
        axes.invert_yaxis()
        axes.axvline(0, color="black", lw=0.8)
        axes.set_title(row["source"], fontsize=9.5)
        axes.ticklabel_format(axis="x", scilimits=(-2, 2), useMathText=True)
        axes.grid(axis="y", visible=False)
    figure.axes[-1].legend(fontsize=7.5, loc="best")
    return figure


def budget(data: Data) -> Figure:
    """Every finding's error budget as a bar by term, the difference found as a dot."""
    rows = [row for row in data["verdicts"] if row["budget"]]
    figure, axes = canvas(8.2, 0.17 * len(rows) + 1.1)
    for y, row in enumerate(rows):
        for term in row["budget"]:
            if term["value"]:
                color = TERM_COLOR.get(term["name"], RED)
                axes.plot(max(term["value"], FLOOR), y, "|", color=color, ms=9, mew=2.4)
        if row["uncertainty"]:
            axes.plot([FLOOR, row["uncertainty"]], [y, y], color=BAR, lw=5, solid_capstyle="butt", zorder=0)
        if row["measured"] is not None and row["expected"] is not None:
            difference = max(abs(row["measured"] - row["expected"]), FLOOR)
            axes.plot(difference, y, "o", color="black" if row["verdict"] == "agrees" else RED, ms=3.2)
    labels = [" ".join(filter(None, (row["claim"], row["source"], row["engine"]))) for row in rows]
    axes.set_xscale("log")
    axes.set(xlabel="absolute size, in the unit of each quantity", ylim=(len(rows) - 0.3, -0.7))
    axes.set_yticks(range(len(rows)), labels, fontsize=6)
    axes.grid(axis="y", visible=False)
    found = {term["name"] for row in rows for term in row["budget"]}
    for name in sorted(found, key=[*TERM_COLOR, *sorted(found)].index):
        axes.plot([], [], "|", color=TERM_COLOR.get(name, RED), ms=9, mew=2.4, label=name)
    axes.plot([], [], color=BAR, lw=5, label="whole budget")
    axes.plot([], [], "o", color="black", ms=3.2, label="difference found")
    figure.legend(fontsize=7.5, loc="outside upper center", ncols=6)
    return figure


#: File name, title and function of every figure, in the order of the report.
FIGURES: tuple[tuple[str, str, Callable[[Data], Figure]], ...] = (
    ("profile", "Potential profile and Fermi energy", profile),
    ("torque", "Torque against h_R: exact and first order", torque),
    ("integrand", "Where the torque comes from: the k_perp-resolved integrand", integrand),
    ("remainder", "What first order leaves", remainder),
    ("lattice", "Error against lattice spacing", lattice),
    ("ledger", "The ledger of angular momentum", ledger),
    ("budget", "Differences found and error budgets", budget),
)


def _slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the slope between the last two points on log axes."""
    return float(np.log(y[-2] / y[-1]) / np.log(x[-2] / x[-1]))


def _beside(axes: Axes) -> None:
    """Put the legend at the right of the panel."""
    axes.legend(fontsize=7.5, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _note(axes: Axes, x: float, y: float, words: str, **style: Any) -> None:
    """Write at x, at a height relative to the panel."""
    place = axes.get_xaxis_transform()
    axes.text(x, y, words, color="#9a6a00", fontsize=7.5, transform=place, **style)
