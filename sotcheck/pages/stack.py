"""What only the report of a stack has: its figures and sentences, from the report's JSON alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sotcheck.pages import figures
from sotcheck.pages.publish import Data, Picture
from sotcheck.system.model import BOUND, SOURCES

#: A half-space takes this part of the thickness of all layers in the drawing.
OUTSIDE = 0.35
#: What is smaller than this part of the largest is left out of the ledger's bars, and of sentences.
NOTHING = 1e-9
BANDS = (("minority", 1, figures.GREEN), ("majority", -1, figures.RED))


def is_stack(data: Data) -> bool:
    """Say whether a report is one of a stack."""
    return "geometry" in data


def profile(data: Data) -> Figure:
    """Band edges of every layer, deltas and spin-orbit terms against z, and E_F."""
    there = data["geometry"]
    regions, deltas = there["regions"], there["interfaces"]
    depth = deltas[-1]["z"]
    room = OUTSIDE * depth or 1.0
    figure, axes = figures.canvas(9.6, 4.2)
    for region in regions:
        ends = _ends(region, room, depth)
        if region["spin_orbit"]:
            axes.axvspan(*ends, color=figures.ORANGE, alpha=0.16, lw=0, zorder=0)
        for spin, sign, color in BANDS if region["exchange"] else (("both spins", 0, figures.GREY),):
            edge = region["potential"] + sign * region["exchange"]
            axes.plot(ends, [edge, edge], color=color, lw=2.4, label=spin, solid_capstyle="butt")
        _write(axes, sum(ends) / 2, 1.02, "\n".join(_about(region)), va="bottom")
    levels = [region["potential"] + sign * region["exchange"] for region in regions for sign in (-1, 1)]
    levels.append(there["energy"])
    span = max(levels) - min(levels) or 1.0
    for delta in deltas:
        axes.axvline(delta["z"], color="black", lw=0.8, ls=":")
        words = _about_delta(delta)
        if delta["spin_orbit"]:
            axes.plot(delta["z"], min(levels) - 0.09 * span, "*", color=figures.ORANGE, ms=13, mec="black")
        _write(axes, delta["z"], -0.03, "\n".join([f"{delta['z']:.4g}", *words]), va="top")
    axes.axhline(there["energy"], color=figures.BLUE, ls="--", lw=1.2)
    axes.text(-0.98 * room, there["energy"], " $E_F$", color=figures.BLUE, va="bottom")
    unit = there["unit"]
    axes.set(
        xlim=(-room, depth + room), ylim=(min(levels) - 0.18 * span, max(levels) + 0.12 * span),
        ylabel=f"band edge{f' ({unit})' if unit else ''}", xticks=[],
    )  # fmt: skip
    axes.grid(False)
    axes.set_xlabel(f"z{' (nm)' if unit else ''}, and what stands there", labelpad=10 * _most_lines(deltas))
    _explain(axes)
    return figure


def _ends(region: Data, room: float, depth: float) -> tuple[float, float]:
    return (-room if region["from"] is None else region["from"]), (
        depth + room if region["to"] is None else region["to"]
    )


def _write(axes: Axes, x: float, y: float, words: str, **style: Any) -> None:
    place = axes.get_xaxis_transform()
    axes.text(x, y, figures.plain(words), ha="center", fontsize=7.5, transform=place, **style)


def _most_lines(deltas: list[Data]) -> int:
    return 1 + max(len(_about_delta(delta)) for delta in deltas)


def _explain(axes: Axes) -> None:
    """Explain each colour once, and the marks of spin-orbit terms, beside the panel."""
    axes.plot([], [], "*", color=figures.ORANGE, ms=11, mec="black", label="spin-orbit term at a delta")
    axes.fill_between([], [], color=figures.ORANGE, alpha=0.3, label="spin-orbit term in a layer")
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    axes.legend(once.values(), once, fontsize=7.5, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _about(region: Data) -> list[str]:
    """Say what a region is: its name, mass, direction, spin-orbit term."""
    words = [region["name"]]
    if region["mass"] != 1:
        words.append(f"mass {region['mass']:.4g}")
    if region["exchange"]:
        words.append(f"along {_vector(region['direction'])}")
    return words + spin_orbit_words(region["spin_orbit"])


def _about_delta(delta: Data) -> list[str]:
    words = [f"{name} {delta[name]:.3g}" for name in ("barrier", "exchange") if delta[name]]
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


def layers_words(data: Data) -> str:
    """Return a stack in one line: its regions, with the thickness of each layer."""
    regions = data["geometry"]["regions"]
    unit = " nm" if data["geometry"]["unit"] else ""
    inner = [f"{one['name']} {one['to'] - one['from']:.4g}{unit}" for one in regions[1:-1]]
    return " | ".join(["…", *inner, "…"])


def ledger(data: Data) -> Figure:
    """Who takes what, by source: the bars that matter to any."""
    rows = data["ledger"]["rows"]
    size = {name: np.abs([row["split"][name] for row in rows]).max() for name in rows[0]["split"]}
    seen = [name for name in size if size[name] > NOTHING * max(size.values())]
    rows = [{**row, "split": {name: row["split"][name] for name in seen}} for row in rows]
    return figures.ledger({**data, "ledger": {"rows": rows}})


#: File name, title, key of the JSON without which there is none, and how it is drawn of all of the JSON.
FIGURES = (
    ("profile", "The stack: band edges, deltas, spin-orbit terms", "geometry", profile),
    ("ledger", "The ledger of angular momentum, part by part", "ledger", ledger),
    (
        "torque",
        "Torque against the scale of all spin-orbit terms: exact and first order",
        "curve",
        figures.torque,
    ),
    ("budget", "Differences found and error budgets", "verdicts", figures.budget),
)


def shown(data: Data) -> tuple[list[Picture], Data]:
    """Return the figures of what a stack's report has, and what its pages say besides."""
    pictures = [Picture(name, title, draw, data) for name, title, key, draw in FIGURES if data.get(key)]
    rows = data["ledger"]["rows"]
    return pictures, {
        "figures": {one.name: one.title for one in pictures},
        "unit": "nm⁻³" if data["geometry"]["unit"] else "wave vector³",
        "torques": sorted(data["torque"], key=lambda row: (*SOURCES, BOUND).index(row["source"])),
        "taken": [row for row in rows if row["engine"] == data["lattice"]["engine"]],
        "component_index": {name: n for n, name in enumerate(rows[0]["components"])},
        "residual": max(row["residual"] for row in rows),
    }


def first_limits(data: Data) -> dict[str, float | None]:
    """Return the smallest scale at which any component is off by 1 % and by 10 %, None if none is."""
    if data["curve"] is None:
        return dict.fromkeys(("1%", "10%"))
    sources = data["curve"]["sources"]
    rows = [part["limits"] for name, parts in sources.items() if name != "total" for part in parts.values()]
    return {
        limit: min((row[limit] for row in rows if row[limit] is not None), default=None) for limit in rows[0]
    }


def conclusion(data: Data) -> Iterator[str]:
    """Say what was found of a stack besides the verdicts."""
    if (curve := data["curve"]) is not None:
        first = first_limits(data)
        if all(first.values()):
            yield (
                f"Every component is good to 1 % up to {first['1%']:.2g} times the file's spin-orbit terms, "
                f"and to 10 % up to {first['10%']:.2g} times."
            )
        yield (
            f"The torque was computed at {len(curve['h_R'])} scales of all spin-orbit terms, up to "
            f"{curve['h_R'][-1]:g} times those of the file, with Kwant at {curve['kwant_points']}: the "
            f"largest relative difference is {curve['kwant_difference']:.0e}."
        )
    for row in data["ledger"]["rows"]:
        if row["engine"] == data["lattice"]["engine"]:
            yield _who(row)


def _who(row: Data) -> str:
    """Say which part takes most of one source's spin, of either component."""
    *some, whole = row["parts"]
    words = []
    largest = np.abs([part["split"]["taken"] for part in row["parts"]]).max()
    for n, name in enumerate(row["components"]):
        total = whole["split"]["taken"][n]
        most = max(some, key=lambda part: abs(part["split"]["taken"][n]))
        own = most["split"]["taken"][n]
        if abs(own) > NOTHING * largest:
            words.append(f"{name} torque {total:.3g}, of any part the most ({own:.3g}) on {most['part']}")
    return f"Source {row['source']}: {'; '.join(words) or 'no torque'}."
