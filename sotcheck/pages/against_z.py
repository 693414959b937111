"""The picture of spin density and spin current against z, drawn from the JSON of `sotcheck profile` alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sotcheck.pages.figures import BLUE, GREEN, GREY, ORANGE, SMALL, canvas, one_legend, plain, scientific
from sotcheck.pages.svg import THEME

Data = dict[str, Any]

#: Panels from top to bottom, and the components in each.
PARTS = {"spin_density": "spin density", "spin_current": "spin current"}
AXES = {"x": BLUE, "y": ORANGE, "z": GREEN}
#: Lines of engines, in the order asked for.
LINES = ("-", "--", ":")
#: Layers by turns, and the right half-space; names of more regions than this would overlap.
SHADES, MOST_NAMES = (THEME["layer"][0], THEME["layer2"][0]), 7


def draw(data: Data) -> Figure:
    """Spin density and spin current, a row for each source, layers shaded."""
    rows = data["profiles"]
    # Sources that do not come in, as from an insulator, bring no spin at all.
    rows = [row for row in rows if any(np.any(row[part]) for part in PARTS)] or rows
    sources = list(dict.fromkeys(row["source"] for row in rows))
    engines = list(dict.fromkeys(row["engine"] for row in rows))
    shape = len(sources), len(PARTS)
    figure, grid = canvas(1.9 * len(sources) + 0.9, *shape, squeeze=False, sharex=True)
    for line, source in enumerate(sources):
        for column, (part, words) in enumerate(PARTS.items()):
            axes: Axes = grid[line][column]
            _regions(axes, data, named=line == 0)
            for row in (one for one in rows if one["source"] == source):
                style = LINES[engines.index(row["engine"]) % len(LINES)]
                _components(axes, data, row[part], style, row["engine"] if len(engines) > 1 else "")
            axes.axhline(0, color=GREY, lw=0.6)
            axes.set_xlim(data["z"][0], data["z"][-1])
            scientific(axes)
            axes.set_title(source, pad=24 if line == 0 else 6)
            axes.set_ylabel(f"{words} ({_raised(data['unit'][part])})")
    for axes in grid[-1]:
        axes.set_xlabel(f"z ({data['unit']['z']})")
    if "system" in data:
        figure.suptitle(plain(data["system"]["name"]), fontsize=10)
    return one_legend(figure, 3)


def _raised(unit: str) -> str:
    """Return a unit with its power as one."""
    name, power = unit.split("^")
    return f"{name}$^{{{power}}}$"


def _components(axes: Axes, data: Data, values: list[list[float]], style: str, engine: str) -> None:
    """Draw x, y, z region by region: currents jump where a junction gives or takes spin."""
    z, region = np.array(data["z"]), data["region"]
    breaks = [n for n in range(1, len(z)) if region[n] != region[n - 1]]
    for (name, color), one in zip(AXES.items(), np.array(values).T, strict=True):
        broken_z, broken = np.insert(z, breaks, np.nan), np.insert(one, breaks, np.nan)
        label = f"{name}, {engine}" if engine else name
        axes.plot(broken_z, broken, style, color=color, lw=1.3, label=label)


def _regions(axes: Axes, data: Data, named: bool) -> None:
    """Shade everything from z = 0 on, region by region, with its name above, by turns at two heights."""
    first, last = data["z"][0], data["z"][-1]
    for n, region in enumerate(data["regions"]):
        lower = first if region["from"] is None else max(region["from"], first)
        upper = last if region["to"] is None else min(region["to"], last)
        if n == 0 or lower >= upper:
            continue
        axes.axvspan(lower, upper, color=SHADES[n % 2], lw=0, zorder=0)
        axes.axvline(lower, color=GREY, ls=":", lw=0.8)
        if named and len(data["regions"]) <= MOST_NAMES:
            words = plain(region["name"].replace(" half-space", ""))
            style: Any = {"ha": "center", "fontsize": SMALL, "color": GREY}
            height = 1.02 + 0.11 * ((n + 1) % 2)
            axes.text((lower + upper) / 2, height, words, transform=axes.get_xaxis_transform(), **style)
