"""How figures look, and those of a report, each drawn from the report's JSON alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import product
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sotcheck.pages.layout import Rooms
from sotcheck.pages.svg import THEME

Data = dict[str, Any]
Panels = dict[tuple[str, str], Axes]

BLUE, ORANGE, GREEN, RED, PURPLE, GREY = (
    THEME[name][0] for name in ("blue", "orange", "green", "red", "purple", "dim")
)
BAR, NONE, NOTE = (THEME[name][0] for name in ("bar", "none", "note"))
#: Behind curves that leave bound states out.
BOUND_COLOR = THEME["shade"][0]
SOURCE_COLOR = {"normal": BLUE, "majority": RED, "minority": GREEN, "total": GREY}
TERM_COLOR = {
    "next order": PURPLE, "lattice": GREEN, "quadrature": BLUE, "rounding": GREY,
    "first order": ORANGE, "other engine": GREEN,
}  # fmt: skip
COMPONENTS = ("fieldlike", "dampinglike")
#: Torques below this are rounding; differences below that are drawn there.
ZERO, FLOOR = 1e-12, 1e-20
#: Half the height of a panel that shows nothing but zero, over the uncertainty.
FLAT = 100.0
LIMIT_STYLE: Any = {"1%": ":", "10%": "--"}
#: What stands on an axis where a parameter is not a letter with an index.
WORDS = {
    "scale": "scale of all spin-orbit terms", "theta": r"$\theta$ of m (degrees)", "E_F/J": "$E_F/J$",
    "phi": r"$\varphi$ of m (degrees)", "m": "m: number of the direction",
    **{f"tau_{name}": rf"$\tau$ of {name}" for name in ("N", "up", "down", "bound")},
}  # fmt: skip
#: All figures are as wide, in inches; the size of words that have to be small.
WIDTH, SMALL = 6.0, 8.5


def plain(text: str) -> str:
    """Return a user's text so that nothing in it is taken for mathematics."""
    return text.replace("$", r"\$")


def symbol(name: str) -> str:
    """Return a parameter as the paper prints it, or in words."""
    head, under, tail = name.partition("_")
    if name in WORDS or len(head) != 1 or (under and not tail.isalnum()):
        return WORDS.get(name, plain(name))
    return f"${head}_{{{tail}}}$" if under else f"${name}$"


def unit_of(data: Data, power: int) -> str:
    """Return the unit of a wave vector to a power."""
    base, exponent = ("nm", -power) if data["system"].get("units") else ("wave vector", power)
    return base if exponent == 1 else f"{base}$^{{{exponent}}}$"


def canvas(height: float, *shape: int, **options: Any) -> tuple[Figure, Any]:
    """Return a figure of that height and its axes; shape and options are those of `subplots`."""
    figure = Figure(figsize=(WIDTH, height), layout=Rooms())
    return figure, figure.subplots(*shape, **options)


def panels(
    sources: Collection[str], names: Collection[str], xlabel: str, ylabel: str, **options: Any
) -> tuple[Figure, Panels]:
    """Return a figure with a panel for each source (row) and each component of the torque (column)."""
    size, shape = 1.75 * len(sources) + 0.7, (len(sources), len(names))
    figure, grid = canvas(size, *shape, **{"squeeze": False, "sharex": True, **options})
    found: Panels = dict(zip(product(sources, names), grid.flat, strict=True))
    for (source, name), axes in found.items():
        axes.set_title(f"{source}: {name}")
    for axes in grid[-1]:
        axes.set_xlabel(xlabel)
    figure.supylabel(ylabel, fontsize=10)
    return figure, found


def one_legend(figure: Figure, columns: int) -> Figure:
    """Explain the lines of the first panel, which are those of all, below the figure, each name once."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    figure.legend(once.values(), once, loc="outside lower center", fontsize=SMALL, ncols=columns)
    return figure


def scientific(axes: Axes) -> None:
    """Write the power of ten of the torque once, above the axis."""
    axes.ticklabel_format(axis="y", scilimits=(-2, 2), useMathText=True)


def tame(axes: Axes, values: Any, uncertainty: float = 0.0) -> bool:
    """Write powers of ten once; draw as zero what is zero within its uncertainty, and say so if it is."""
    scientific(axes)
    noise = max(uncertainty, ZERO)
    zero = bool(np.nanmax(np.abs(values), initial=0.0) <= noise)
    if zero:
        axes.set(ylim=(-FLAT * noise, FLAT * noise), yticks=[0.0], yticklabels=["0"])
        _remark(axes, "zero" if noise == ZERO else f"zero ± {noise:.0e}")
    return zero


def _remark(axes: Axes, words: str, y: float = 0.06, va: str = "bottom") -> None:
    axes.text(0.05, y, words, va=va, transform=axes.transAxes, color=GREY, fontsize=SMALL)


def picture(axes: Axes, x: np.ndarray, y: np.ndarray, values: np.ndarray, **style: Any) -> Any:
    """Draw values by (y, x), both evenly spaced, as a picture of as many dots, which a browser smooths."""
    step_x, step_y = (one[1] - one[0] for one in (x, y))
    extent = (x[0] - step_x / 2, x[-1] + step_x / 2, y[0] - step_y / 2, y[-1] + step_y / 2)
    shown = axes.imshow(values, origin="lower", aspect="auto", interpolation="none", extent=extent, **style)
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    return shown


def torque(data: Data) -> Figure:
    """Torque of scattering states against h_R, or scale: exact, Kwant's points, first order, trust limits."""
    curve, chain = data["curve"], data["lattice"]["engine"]
    h = np.array(curve["h_R"])
    xlabel = "scale of all spin-orbit terms" if "totals" in data else "$h_R$"
    figure, grid = panels(curve["sources"], COMPONENTS, xlabel, f"torque t  ({unit_of(data, 3)})")
    for (source, name), axes in grid.items():
        part = curve["sources"][source][name]
        line = part["first_order_per_h_R"] * h
        axes.plot(h, line, color=GREY, ls="--", label="first order")
        axes.plot(h, part["exact"], color=SOURCE_COLOR[source], label="exact, scattering states")
        axes.plot(curve["kwant_h_R"], part[chain], "o", color="black", ms=4, mfc="white", label="by Kwant")
        for limit, value in part["limits"].items():
            if value is not None:
                axes.axvline(value, color=ORANGE, ls=LIMIT_STYLE[limit], lw=1)
                # Where the curve is not.
                high = 2 * np.interp(value, h, part["exact"]) > max(0, *line) + min(0, *line)
                end: Any = {"y": 0.02, "va": "bottom"} if high else {"y": 0.98, "va": "top"}
                _note(axes, value, words=limit.replace("%", " %"), ha="right", rotation=90, **end)
        mark_bound_states(axes, curve["bound_from"], h)
        zero = tame(axes, [*part["exact"], *line], part["error"])
        if part["first_order_vanishes"] and not zero:
            # Where the curve does not come.
            exact = part["exact"]
            low = min(exact[: len(h) // 2]) < 0.75 * min(exact) + 0.25 * max(exact) - ZERO
            _remark(axes, "no first-order part", *((0.94, "top") if low else ()))
    return one_legend(figure, 2)


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
    x, y = (rf"{words}$k_\perp$  ({unit_of(data, n)})" for n, words in ((1, ""), (2, "d(t/$h_R$)/d")))
    figure, grid = panels(resolved["sources"], COMPONENTS, x, y)
    for (source, name), axes in grid.items():
        part = resolved["sources"][source][name]
        axes.plot(resolved["line_k_perp"], part["formula"], color=SOURCE_COLOR[source], label="first order")
        style: Any = {"color": "black", "ms": 3.5, "mfc": "white"}
        axes.plot(resolved["point_k_perp"], part[chain], "o", label="Kwant", **style)
        axes.set_title(axes.get_title(), pad=15)
        for k, sources in closing.items():
            axes.axvline(k, color=ORANGE, ls=":", lw=1)
            words = "+".join(source[:3] for source in sources) if len(sources) < 3 else "all"
            _note(axes, k, 1.01, words, ha="center", va="bottom")
        tame(axes, part["formula"])
    return one_legend(figure, 2)


def lattice(data: Data) -> Figure:
    """Error of the lattice against spacing on log axes, with slopes, and the one-sided control."""
    errors = data["lattice"]
    levels = zip(errors["richardson"], (GREEN, ORANGE, PURPLE), "^vD", strict=False)
    series = [
        ("one-sided (control)", errors["one-sided"], RED, "s"),
        ("finite differences", errors["finite-difference"], BLUE, "o"),
        *((f"Richardson, level {n}", values, *look) for n, (values, *look) in enumerate(levels, 1)),
    ]
    figure, axes = canvas(4.6)
    for label, values, color, marker in series:
        if values is not None:
            a = errors["spacing"][-len(values) :]
            slope = f", slope {_slope(a, values):.2f}" if len(values) > 1 else ""
            axes.loglog(a, values, f"{marker}-", color=color, ms=5, label=label + slope)
    exact = errors["exact-difference"]
    axes.loglog(exact["spacing"], exact["error"], "*", color="black", ms=9, label="exact differences")
    axes.set(xlabel=f"lattice spacing a  ({unit_of(data, -1)})", ylabel="largest error of the spin flows")
    return one_legend(figure, 2)


def remainder(data: Data) -> Figure:
    """What first order leaves of the exact torque, against h_R on log axes, and with a flipped sign."""
    ladder = data["remainder"]
    h = ladder["h_R"]
    figure, axes = canvas(4.6)
    for kind, style, words in (
        ("right", {"ls": "-", "marker": "o", "ms": 5}, ""),
        ("flipped sign", {"ls": ":", "marker": "s", "ms": 4, "mfc": "white"}, ", flipped (control)"),
    ):
        for source, values in ladder[kind].items():
            label = f"{source}{words}: {_slope(h, values):.2f}"
            axes.loglog(h, values, color=SOURCE_COLOR[source], label=label, **style)
    axes.set(
        xlabel="$h_R$", ylabel=f"|exact torque − first order|  ({unit_of(data, 3)})", title="slopes by source"
    )
    axes.set_xticks(h, [f"{v:.3g}" for v in h])
    axes.minorticks_off()
    return one_legend(figure, 2)


def ledger(data: Data) -> Figure:
    """The four flows of angular momentum by source, fieldlike and dampinglike parts."""
    rows = [row for row in data["ledger"]["rows"] if row["engine"] == data["lattice"]["engine"]]
    most = max(len(row["split"]) for row in rows)
    figure, grid = canvas(0.4 * most * len(rows) + 1.0, len(rows), 1, squeeze=False)
    for axes, row in zip(grid[:, 0], rows, strict=True):
        y = np.arange(len(row["split"]))
        parts = zip(*row["split"].values(), strict=True)
        names = row.get("components", COMPONENTS)
        for label, at, color, values in zip(names, (-0.18, 0.18), (BLUE, ORANGE), parts, strict=True):
            axes.barh(y + at, values, 0.34, color=color, label=label)
        axes.set_yticks(y, map(plain, row["split"]))
        axes.invert_yaxis()
        axes.axvline(0, color="black", lw=0.8)
        axes.set_title(row["source"])
        axes.ticklabel_format(axis="x", scilimits=(-2, 2), useMathText=True)
        axes.grid(axis="y", visible=False)
    return one_legend(figure, 2)


def budget(data: Data) -> Figure:
    """Every finding's error budget as a bar by term, the difference found as a dot."""
    rows = [row for row in data["verdicts"] if row["budget"]]
    # Of each claim and engine the finding that comes closest to its budget.
    worst: dict[str, Data] = {}
    for row in sorted(rows, key=_part_of_budget):
        worst[" ".join(filter(None, (row["claim"], row["engine"])))] = row
    labels = [label for row in rows for label, one in worst.items() if one is row]
    rows = [worst[label] for label in labels]
    figure, axes = canvas(0.2 * len(rows) + 1.3)
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
    axes.set_xscale("log")
    axes.set(xlabel="absolute size, in the unit of each quantity", ylim=(len(rows) - 0.3, -0.7))
    axes.set_yticks(range(len(rows)), labels, fontsize=SMALL)
    axes.grid(axis="y", visible=False)
    found = {term["name"] for row in rows for term in row["budget"]}
    for name in sorted(found, key=[*TERM_COLOR, *sorted(found)].index):
        axes.plot([], [], "|", color=TERM_COLOR.get(name, RED), ms=9, mew=2.4, label=name)
    axes.plot([], [], color=BAR, lw=5, label="whole budget")
    axes.plot([], [], "o", color="black", ms=3.2, label="difference found")
    figure.legend(fontsize=SMALL, loc="outside upper center", ncols=3)
    return figure


def _part_of_budget(row: Data) -> float:
    """Return which part of its budget a finding's difference takes, at most one if it agrees."""
    if row["measured"] is None or row["expected"] is None or not row["uncertainty"]:
        return 0.0
    return float(abs(row["measured"] - row["expected"]) / row["uncertainty"])


#: File name, title and function of figures of a bare interface, by name.
FIGURES: dict[str, tuple[str, str, Callable[[Data], Figure]]] = {
    "integrand": ("integrand", "The torque resolved in k_perp", integrand),
    "remainder": ("remainder", "What first order leaves of the exact torque", remainder),
    "lattice": ("lattice", "Error against lattice spacing", lattice),
    "ledger": ("ledger", "The ledger of angular momentum", ledger),
}


def _slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the slope between the last two points on log axes."""
    return float(np.log(y[-2] / y[-1]) / np.log(x[-2] / x[-1]))


def _note(axes: Axes, x: float, y: float, words: str, **style: Any) -> None:
    """Write at x, at a height relative to the panel."""
    place = axes.get_xaxis_transform()
    axes.text(x, y, words, color=NOTE, fontsize=SMALL, transform=place, **style)
