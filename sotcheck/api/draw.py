"""How results are drawn: lines with bands for their errors, maps, axes that say what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sotcheck.api.result import Names, names
from sotcheck.errors import SystemFileError, one_of
from sotcheck.system.family import Family
from sotcheck.system.model import System
from sotcheck.system.units import unit_of_key

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

#: Okabe and Ito's palette, told apart by colour-blind readers.
BLUE, ORANGE, GREEN, RED, PURPLE, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#555555"
CYCLE = (BLUE, RED, GREEN, ORANGE, PURPLE, GREY)
SOURCE_COLOR = {"normal": BLUE, "majority": RED, "minority": GREEN, "bound": ORANGE, "total": GREY}
SPIN_COLOR = {"x": BLUE, "y": RED, "z": GREEN}
VERDICT_COLOR = {"agrees": GREEN, "inconclusive": ORANGE, "disagrees": RED}
DASHES = ("-", "--", ":", "-.")
#: What the colours of a map of nothing but zero reach to, over the uncertainty.
FLAT = 100.0
#: Marks on one line.
MOST_MARKS = 30
#: Dimensions as axes have them.
SYMBOLS = {
    "h_R": "$h_R$", "theta": "θ of m (degrees)", "phi": "φ of m (degrees)", "E_F": "$E_F$", "J": "$J$",
    "u_0": "$u_0$", "u_m": "$u_m$", "U_N": "$U_N$", "U_F": "$U_F$", "k_perp": r"$k_\perp$",
    "scale": "scale of all spin-orbit terms",
}  # fmt: skip


def axes_for(ax: Axes | None, width: float = 6.4, height: float = 4.0) -> Axes:
    """Return the axes to draw into, those of a new figure if there are none."""
    from matplotlib.axes import Axes

    if ax is not None:
        if not isinstance(ax, Axes):
            raise SystemFileError(f"ax = {ax!r} is not accepted; expected matplotlib axes to draw into")
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def symbol(dim: str, unit: str = "") -> str:
    """Return what an axis is labelled with."""
    words = SYMBOLS.get(dim, dim)
    return f"{words} ({power(unit)})" if unit else words


def varied(dim: str, system: System) -> str:
    """Return what an axis is labelled with along which a system's key varies, with the unit of its file."""
    return symbol(dim, unit_of_key(dim, bool(system.unit)))


def wave_vectors(system: System) -> str:
    """Return what an axis of k_⊥ is labelled with, with the unit of the file."""
    return symbol("k_perp", "nm^-1" if system.unit else "wave vector")


def power(unit: str) -> str:
    """Return a unit with its power as one."""
    base, caret, exponent = unit.partition("^")
    return f"{base}$^{{{exponent}}}$" if caret else unit


def line(ax: Axes, x: Any, y: Any, error: Any = None, **style: Any) -> None:
    """Draw a line, and how far it may be off as a band; single points get a marker."""
    x, y = np.asarray(x), np.asarray(y, dtype=float)
    if len(x) < 3 or not np.isfinite(y[1:] + y[:-1]).any():
        style["marker"] = "o"
    (drawn,) = ax.plot(x, y, **{"lw": 1.6, "ms": 4, "markevery": max(1, len(x) // MOST_MARKS), **style})
    if error is not None:
        low, high = y - np.asarray(error), y + np.asarray(error)
        ax.fill_between(x, low, high, color=drawn.get_color(), alpha=0.2, lw=0)


class Legend:
    """What colours, dashes and marks stand for, each told once, beside the axes."""

    def __init__(self) -> None:
        self.told: dict[str, dict[str, Any]] = {}

    def color(self, name: str, colors: Mapping[str, str] | None = None) -> str:
        """Return the colour of a name, of those given or the next one."""
        used = [one for one in self.told.values() if "color" in one]
        found = CYCLE[len(used) % len(CYCLE)] if colors is None else colors[name]
        return str(self.told.setdefault(name, {"color": found, "lw": 2.5})["color"])

    def dash(self, name: str, among: Sequence[str]) -> str:
        """Return the dashes of one of several names."""
        found = DASHES[among.index(name) % len(DASHES)]
        if len(among) > 1:
            self.told.setdefault(name, {}).setdefault("ls", found)
        return found

    def mark(self, name: str, among: Sequence[str]) -> dict[str, Any]:
        """Return the style of one of several names: all but the last have open marks on thin lines."""
        number = among.index(name)
        marked = {"marker": "osD^"[number % 4], "mfc": "white", "lw": 0.7}
        found: dict[str, Any] = marked if number < len(among) - 1 else {"lw": 1.6}
        if len(among) > 1:
            self.told.setdefault(name, found)
        return found

    def put(self, ax: Axes) -> None:
        """Tell them at the right of the axes."""
        from matplotlib.lines import Line2D

        # Colours first, then dashes, then marks.
        order = sorted(self.told.items(), key=lambda one: ("color" not in one[1], "ls" not in one[1]))
        handles = [Line2D([], [], **{"color": GREY, "ms": 4, **how}, label=name) for name, how in order]
        ax.legend(handles=handles, fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))


def finish(ax: Axes, title: str, xlabel: str, ylabel: str) -> Axes:
    """Say what is drawn; a user's text is no mathematics."""
    ax.set_title(title.replace("$", r"\$"), fontsize=10)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    from matplotlib.ticker import ScalarFormatter

    if type(ax.yaxis.get_major_formatter()) is ScalarFormatter and ax.lines:
        ax.axhline(0, color="#bbbbbb", lw=0.8, zorder=0)
        ax.ticklabel_format(axis="y", scilimits=(-2, 3), useMathText=True)
    ax.grid(True, color="#e5e5e5", lw=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def some(data: xr.Dataset, dim: str, given: Names) -> list[str]:
    """Return which labels of a dimension are wanted, all by default; unknown ones are refused."""
    known = list(map(str, data[dim].values))
    wanted = names(given) or known
    for name in wanted:
        one_of(name, known, dim)
    return wanted


def refuse_undefined(data: xr.Dataset, parts: Sequence[str]) -> None:
    """Refuse, by a SystemFileError, components that t has none of."""
    if np.isfinite(data["vector"]).any() and not any(np.isfinite(data[part]).any() for part in parts):
        raise SystemFileError(
            "m is parallel to y, where fieldlike and dampinglike are undefined: nothing to draw; "
            "to_xarray()['vector'] is t itself"
        )


def of_source(sources: Sequence[str]) -> str:
    """Return what a title says of a source that is the only one."""
    return f", source {sources[0]}" if len(sources) == 1 else ""


def abscissa(data: xr.Dataset, dim: str) -> Any:
    """Return the numbers along a dimension: its own, or counted from 0 on."""
    values = data[dim].values
    return values if np.issubdtype(values.dtype, np.number) else np.arange(len(values))


def plane(
    ax: Axes, values: xr.DataArray, title: str, words: str, system: System, error: xr.DataArray | None = None
) -> Axes:
    """Draw a map of two dimensions, the first one upwards; what is zero within its error is all white."""
    data, (up, right) = values.to_dataset(name="value"), map(str, values.dims)
    size, noise = (
        0.0 if one is None else float(np.nanmax(np.abs(one.values), initial=0.0)) for one in (values, error)
    )
    if size <= noise:
        title, size = f"{title}: zero ± {noise:.0e}", FLAT * noise
    size = size or 1.0
    mesh = ax.pcolormesh(
        abscissa(data, right), abscissa(data, up), values.values, cmap="RdBu_r", vmin=-size, vmax=size,
        shading="nearest",
    )  # fmt: skip
    ax.figure.colorbar(mesh, ax=ax, label=words)
    return finish(ax, title, varied(right, system), varied(up, system))


def dimensions(family: Family | None, more: tuple[str, ...] = ()) -> list[str]:
    """Return what a picture goes over: one or two dimensions, or none.

    Raises
    ------
    SystemFileError
        If there are more.
    """
    dims = [*(family.axes if family else ()), *more]
    if len(dims) > 2:
        raise SystemFileError(
            f"a picture has two dimensions, and here are {len(dims)} ({', '.join(dims)}); "
            "select some: to_xarray().sel(...).plot()"
        )
    return dims
