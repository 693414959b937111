"""What only the report of a stack has: its figures and sentences, from the report's JSON alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sotcheck.pages import against_z, figures
from sotcheck.pages.publish import Data, Picture
from sotcheck.system.model import BOUND, SOURCES
from sotcheck.trial.against_z import TOTAL

#: A half-space takes this part of the thickness of all layers in the drawing.
OUTSIDE = 0.35
#: Words of places closer than this part of the panel stand at different heights, of which there are so many.
NEAR, STEPS = 0.12, 4
#: Height of a line of them, in inches.
LINE = 0.12
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
    ends = [_ends(region, room, depth) for region in regions]
    middles, places = [sum(pair) / 2 for pair in ends], [delta["z"] for delta in deltas]
    above = list(_spread(middles, map(_about, regions), depth + 2 * room))
    below = list(_spread(places, map(_about_delta, deltas), depth + 2 * room))
    lines = max(map(len, above)) + max(map(len, below))
    figure, axes = figures.canvas(9.6, 3.6 + LINE * lines)
    for region, (start, end) in zip(regions, ends, strict=True):
        if region["spin_orbit"]:
            axes.axvspan(start, end, color=figures.ORANGE, alpha=0.16, lw=0, zorder=0)
        for spin, sign, color in BANDS if region["exchange"] else (("both spins", 0, figures.GREY),):
            edge = region["potential"] + sign * region["exchange"]
            axes.plot([start, end], [edge, edge], color=color, lw=2.4, label=spin, solid_capstyle="butt")
    for z, words in zip(middles, above, strict=True):
        style: Any = {"ha": "center", "va": "bottom", "fontsize": 7.5}
        # Further away from the panel is up here.
        text = "\n".join([*filter(None, words), *(word for word in words if not word)])
        axes.text(z, 1.02, figures.plain(text), transform=axes.get_xaxis_transform(), **style)
    levels = [region["potential"] + sign * region["exchange"] for region in regions for sign in (-1, 1)]
    levels.append(there["energy"])
    span = max(levels) - min(levels) or 1.0
    for delta in deltas:
        axes.axvline(delta["z"], color="black", lw=0.8, ls=":")
        if delta["spin_orbit"]:
            axes.plot(delta["z"], min(levels) - 0.09 * span, "*", color=figures.ORANGE, ms=13, mec="black")
    axes.axhline(there["energy"], color=figures.BLUE, ls="--", lw=1.2)
    place: Any = {"xytext": (2, 4), "textcoords": "offset points"}
    axes.annotate("$E_F$", (-room, there["energy"]), color=figures.BLUE, **place)
    unit = there["unit"]
    axes.set(
        xlim=(-room, depth + room), ylim=(min(levels) - 0.18 * span, max(levels) + 0.12 * span),
        ylabel=f"band edge{f' ({unit})' if unit else ''}",
        xlabel=f"z{' (nm)' if unit else ''}, and what stands there",
    )  # fmt: skip
    axes.set_xticks(places, [figures.plain("\n".join(words)) for words in below], fontsize=7.5)
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
    """Explain each colour once, and the marks of spin-orbit terms that there are, beside the panel."""
    if any(delta["spin_orbit"] for delta in there["interfaces"]):
        axes.plot([], [], "*", color=figures.ORANGE, ms=11, mec="black", label="spin-orbit term at a delta")
    if any(region["spin_orbit"] for region in there["regions"]):
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


def layers_words(data: Data) -> str:
    """Return a stack in one line: its layers with their thicknesses, between half-spaces."""
    regions = data["geometry"]["regions"]
    unit = " nm" if data["geometry"]["unit"] else ""
    inner = [f"{one['name']} {one['to'] - one['from']:.4g}{unit}" for one in regions[1:-1]]
    return " | ".join(["…", *(inner or ["no layer"]), "…"])


def ledger(data: Data) -> Figure:
    """Who takes what, by source: the bars that matter to any."""
    rows = data["ledger"]["rows"]
    size = {name: np.abs([row["split"][name] for row in rows]).max() for name in rows[0]["split"]}
    noise = max(_noise(data, row) for row in rows)
    seen = [name for name in size if size[name] > noise]
    rows = [{**row, "split": {name: row["split"][name] for name in seen}} for row in rows]
    return figures.ledger({**data, "ledger": {"rows": rows}})


def curve(data: Data) -> Figure:
    """The torque against the scale: of each source, and of all where there are several."""
    return figures.torque({**data, "curve": data["curve"] | {"sources": curves(data)}})


def curves(data: Data) -> Data:
    """Return the curves of sources; the total of one alone is no other."""
    sources = dict(data["curve"]["sources"])
    if len(sources) == 2:
        sources.pop(TOTAL)
    return sources


def spin(data: Data) -> Figure:
    """Spin density and spin current against z."""
    return against_z.draw(data["against_z"])


#: File name, title, key of the JSON without which there is none, and how it is drawn of all of the JSON.
FIGURES = (
    ("profile", "The stack: band edges, deltas, spin-orbit terms", "geometry", profile),
    ("spin", "Spin density and spin current against z, by source", "against_z", spin),
    ("ledger", "The ledger of angular momentum, part by part", "ledger", ledger),
    ("torque", "Torque against the scale of all spin-orbit terms: exact and first order", "curve", curve),
    ("budget", "Differences found and error budgets", "verdicts", figures.budget),
)


def shown(data: Data) -> tuple[list[Picture], Data]:
    """Return the figures of what a stack's report has, and what its pages say besides."""
    taken = list(_taken(data))
    there = {**data, "ledger": any(any(line["flows"]) for line in taken)}
    pictures = [Picture(name, title, draw, data) for name, title, key, draw in FIGURES if there[key]]
    order = (*SOURCES, BOUND, TOTAL)
    torques = [_certain(row) for row in data["torque"] if any(row["vector"])]
    if len({row["source"] for row in torques}) > 1:
        torques += map(_certain, data["totals"])
    return pictures, {
        "figures": {one.name: one.title for one in pictures},
        "unit": unit_of(data),
        "torques": sorted(torques, key=lambda row: order.index(row["source"])),
        "curves": curves(data) if data["curve"] else {},
        "taken": taken,
        "residual": max(row["residual"] for row in data["ledger"]["rows"]),
    }


def unit_of(data: Data) -> str:
    """Return the unit of torques."""
    return "nm⁻³" if data["geometry"]["unit"] else "wave vector³"


def _certain(row: Data) -> Data:
    """Return a row of torques without the digits of what may as well be nothing."""

    def cut(value: float | None, error: float) -> float | None:
        return 0.0 if value is not None and abs(value) <= error else value

    errors = row["uncertainty"]
    parts = {name: cut(row[name], errors["total"]) for name in figures.COMPONENTS}
    ratio = row.get("efficiency") or {}
    xi = {name: cut(ratio.get(name), (ratio.get("uncertainty") or {}).get(name) or 0.0) for name in parts}
    return {**row, **parts, "vector": [cut(t, errors["total"]) for t in row["vector"]], "efficiency": xi}


def _taken(data: Data) -> Iterator[Data]:
    """Yield the flows of each source, of parts that give or take any, and component, without noise."""
    for row in data["ledger"]["rows"]:
        if row["engine"] != data["lattice"]["engine"]:
            continue
        for part in row["parts"]:
            flows = np.array(list(part["split"].values()))
            flows[np.abs(flows) <= _noise(data, row)] = 0.0
            if flows[1:3].any() or part is row["parts"][-1]:
                for name, values in zip(row["components"], flows.T.tolist(), strict=True):
                    yield {"source": row["source"], "part": part["part"], "component": name, "flows": values}


def _noise(data: Data, row: Data) -> float:
    """Return how large a flow of a source's ledger may be and yet be nothing."""
    size = max(np.abs(list(part["split"].values())).max() for part in row["parts"])
    same = (one for one in data["torque"] if all(one[key] == row[key] for key in ("engine", "source")))
    return max([NOTHING * size, *(one["uncertainty"]["total"] for one in same)])


def first_limits(data: Data) -> dict[str, float | None]:
    """Return the smallest scale at which any component is off by 1 % and by 10 %, None if none is."""
    if data["curve"] is None:
        return dict.fromkeys(("1%", "10%"))
    sources = data["curve"]["sources"]
    rows = [part["limits"] for name, parts in sources.items() if name != TOTAL for part in parts.values()]
    return {
        limit: min((row[limit] for row in rows if row[limit] is not None), default=None) for limit in rows[0]
    }


def conclusion(data: Data) -> Iterator[str]:
    """Say what was found of a stack besides the verdicts."""
    for row in data["ledger"]["rows"]:
        if row["engine"] == data["lattice"]["engine"]:
            yield _who(row, unit_of(data), _noise(data, row))
    yield from _bound(data)
    if (curve := data["curve"]) is not None and any(any(_certain(row)["vector"]) for row in data["torque"]):
        far = [
            f"to {limit.replace('%', ' %')} up to {scale:.2g} times the file's spin-orbit terms"
            if scale
            else f"to {limit.replace('%', ' %')} up to the largest scale tried, {curve['h_R'][-1]:g}"
            for limit, scale in first_limits(data).items()
        ]
        yield f"First order is good for every component {', and '.join(far)}."
        yield (
            f"The torque was computed at {len(curve['h_R'])} scales of all spin-orbit terms, up to "
            f"{curve['h_R'][-1]:g} times those of the file, with Kwant at {curve['kwant_points']}: the "
            f"largest relative difference is {curve['kwant_difference']:.0e}."
        )


def _bound(data: Data) -> Iterator[str]:
    """Say what states bound in the stack add, which is in no curve."""
    engine = data["lattice"]["engine"]
    for row in data["torque"]:
        if row["source"] == BOUND and row["engine"] == engine and row["fieldlike"] is not None:
            total = next(one for one in data["totals"] if one["engine"] == engine)
            named = " and ".join(f"{name} {_certain(row)[name]:.3g}" for name in figures.COMPONENTS)
            whole = " and ".join(f"{name} {_certain(total)[name]:.3g}" for name in figures.COMPONENTS)
            yield (
                f"States bound in the stack at E_F add a torque of their own, {named} {unit_of(data)}, which "
                f"figures, limits and the ledger leave out. With it the torque of all sources is {whole}."
            )


def _who(row: Data, unit: str, noise: float) -> str:
    """Say which part takes most of one source's spin, of either component."""
    *some, whole = row["parts"]
    words = []
    for n, name in enumerate(row["components"]):
        total = whole["split"]["taken"][n]
        most = max(some, key=lambda part: abs(part["split"]["taken"][n]))
        own = most["split"]["taken"][n]
        if abs(own) > noise:
            all_of_it = abs(own - total) <= noise
            share = "all of it" if all_of_it else f"of any part the most ({own:.3g})"
            words.append(f"{name} torque {total:.3g} {unit}, {share} on {most['part']}")
    return f"Source {row['source']}: {'; '.join(words) or 'no torque'}."
