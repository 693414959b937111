"""The drawing of what stands where along z: band edges, deltas, spin-orbit terms, from JSON alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sotcheck.pages import figures
from sotcheck.pages.page import Data

#: A half-space takes this part of the thickness of all layers in the drawing.
OUTSIDE = 0.45
#: Words of places closer than this part of the panel stand at different heights, of which there are so many.
NEAR, STEPS = 0.17, 4
#: Height of a line of them, in inches.
LINE = 0.15
BANDS = (("minority", 1, figures.GREEN), ("majority", -1, figures.RED))


def profile(data: Data) -> Figure:
    """Band edges of every layer, deltas and spin-orbit terms against z, and E_F."""
    there = data["geometry"]
    regions, deltas = there["regions"], there["interfaces"]
    depth = deltas[-1]["z"]
    room = OUTSIDE * depth or 1.0
    ends = [_ends(region, room, depth) for region in regions]
    middles, places = [sum(pair) / 2 for pair in ends], [delta["z"] for delta in deltas]
    above = list(_spread(middles, map(_about, regions), depth + 2 * room))
    below = list(_spread(places, map(_about_delta, deltas), depth + 2 * room))
    lines = max(map(len, above)) + max(map(len, below))
    levels = [region["potential"] + sign * region["exchange"] for region in regions for sign in (-1, 1)]
    levels.append(there["energy"])
    span = max(levels) - min(levels) or 1.0
    top = max(levels) + 0.25 * span
    figure, axes = figures.canvas(2.5 + LINE * lines)
    for region, (start, end) in zip(regions, ends, strict=True):
        if region["spin_orbit"]:
            axes.axvspan(start, end, color=figures.ORANGE, alpha=0.16, lw=0, zorder=0)
        for spin, sign, color in BANDS if region["exchange"] else (("both spins", 0, figures.GREY),):
            edge = region["potential"] + sign * region["exchange"]
            # States fill the space above their band's edge.
            axes.fill_between([start, end], edge, top, color=color, alpha=0.13, lw=0)
            axes.plot([start, end], [edge, edge], color=color, lw=2.4, label=spin, solid_capstyle="butt")
    for z, words in zip(middles, above, strict=True):
        style: Any = {"ha": "center", "va": "bottom", "fontsize": figures.SMALL}
        # Further away from the panel is up here.
        text = "\n".join([*filter(None, words), *(word for word in words if not word)])
        axes.text(z, 1.02, figures.plain(text), transform=axes.get_xaxis_transform(), **style)
    for delta in deltas:
        axes.axvline(delta["z"], color="black", lw=0.8, ls=":")
        if delta["spin_orbit"]:
            axes.plot(delta["z"], min(levels) - 0.09 * span, "*", color=figures.ORANGE, ms=13, mec="black")
    axes.axhline(there["energy"], color=figures.BLUE, ls="--", lw=1.2)
    place: Any = {"xytext": (2, 4), "textcoords": "offset points"}
    axes.annotate("$E_F$", (-room, there["energy"]), color=figures.BLUE, **place)
    unit = there["unit"]
    axes.set(
        xlim=(-room, depth + room), ylim=(min(levels) - 0.18 * span, top),
        ylabel=f"band edge{f' ({unit})' if unit else ''}",
        xlabel=f"z{' (nm)' if unit else ''}, and what stands there",
    )  # fmt: skip
    axes.set_xticks(places, [figures.plain("\n".join(words)) for words in below], fontsize=figures.SMALL)
    axes.grid(False)
    _explain(axes, there)
    return figure


def _ends(region: Data, room: float, depth: float) -> tuple[float, float]:
    return (-room if region["from"] is None else region["from"]), (
        depth + room if region["to"] is None else region["to"]
    )


def _spread(places: list[float], words: Iterable[list[str]], width: float) -> Iterator[list[str]]:
    """Yield the lines of words, with empty ones before where they would run into those of the last place."""
    lines = list(words)
    most, step = max(map(len, lines)), 0
    for z, before, said in zip(places, [-np.inf, *places], lines, strict=False):
        step = (step + 1) % STEPS if z - before < NEAR * width else 0
        yield [""] * (most * step) + said


def _explain(axes: Axes, there: Data) -> None:
    """Explain each colour once, and the marks of spin-orbit terms that there are, below the panel."""
    if any(delta["spin_orbit"] for delta in there["interfaces"]):
        axes.plot([], [], "*", color=figures.ORANGE, ms=11, mec="black", label="spin-orbit term at a delta")
    if any(region["spin_orbit"] for region in there["regions"]):
        axes.fill_between([], [], color=figures.ORANGE, alpha=0.3, label="spin-orbit term in a layer")
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    style: Any = {"loc": "outside lower center", "ncols": 2, "fontsize": figures.SMALL}
    axes.figure.legend(once.values(), once, **style)


def _about(region: Data) -> list[str]:
    """Say what a region is: its name, mass, direction, spin-orbit term."""
    words = [region["name"]]
    if region["mass"] != 1:
        words.append(f"mass {region['mass']:.4g}")
    if region["exchange"]:
        words.append(f"along {_vector(region['direction'])}")
    return words + spin_orbit_words(region["spin_orbit"])


def _about_delta(delta: Data) -> list[str]:
    words = [f"{delta['z']:.4g}"]
    words += [f"{name} {delta[name]:.3g}" for name in ("barrier", "exchange") if delta[name]]
    return words + spin_orbit_words(delta["spin_orbit"])


def _vector(v: list[float]) -> str:
    return f"({', '.join(f'{c + 0.0:.2g}' for c in v)})"


def spin_orbit_words(A: list[list[float]] | None) -> list[str]:
    """Name a spin-orbit term: Rashba h (k_y, −k_x), Dresselhaus d (k_x, −k_y), Weyl w (k_x, k_y), others."""
    if A is None:
        return []
    (xx, xy), (yx, yy), last = A
    rashba, dresselhaus, weyl = (xy - yx) / 2, (xx - yy) / 2, (xx + yy) / 2
    words = [f"Rashba {rashba:.3g}"] if rashba else []
    words += [f"Dresselhaus {dresselhaus:.3g}"] if dresselhaus else []
    words += [f"Weyl {weyl:.3g}"] if weyl else []
    return words + ["other linear terms"] * any((xy + yx, *last))
