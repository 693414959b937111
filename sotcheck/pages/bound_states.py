"""reports/bound-states/: JSON first, then Markdown and one self-contained HTML file rendered from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sotcheck.numerics.arrays import Array
from sotcheck.pages.figures import BAR, BLUE, GREEN, GREY, ORANGE, PURPLE, RED, canvas, scientific, svg
from sotcheck.pages.publish import Data, Picture, publish
from sotcheck.run.output import make_folder, write_text

#: The interface that shows how little it can take.
EXCEPTIONS = ("matched",)
#: Where no state is bound.
NONE = "#eeeeee"
COLORS = (BLUE, GREEN, ORANGE, PURPLE, RED)
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))


def conclusions(data: Data) -> list[str]:
    """Say what the whole report found, in plain sentences."""
    with_J = [row for row in data["threshold"] if row["name"] not in EXCEPTIONS]
    lowest = min(min(row["ratio_to_C5"]) for row in with_J)
    highest = max(max(row["ratio_to_C5"]) for row in with_J)
    checked = [entry["map"]["kwant"] for entry in data["interfaces"] if entry["map"]["kwant"]]
    apart = max((found["largest_energy_difference"] or 0.0 for found in checked), default=0.0)
    first = ", ".join(
        f"{entry['fermi_energy']['first_h_R']:.3g} ({entry['name']})" for entry in data["interfaces"]
    )
    share = data["plane"]["fraction"]
    curves = {curve["name"]: curve for curve in data["spin_density"]}
    attractive = curves["attractive"]["rows"][0]
    bulk = curves["bulk-magnetism"]["rows"][-1]
    return [
        "√J is the threshold for m in the plane and parallel to k × ẑ, without barriers and with "
        "equal potentials, and a lower bound for other angles then. In general it is neither: the systems "
        f"with J > 0 here need {lowest:.3g} to {highest:.3g} times as much, depending on the angle, and "
        "nothing at all where wave vectors are matched. For J → 0 the threshold vanishes as √J: any "
        "attractive delta binds.",
        f"Bound states at or below E_F appear from h_R = {first}.",
        "Beyond |h_R| = 2 no ground state exists for any interface: the energy of bound states falls without "
        "end as k_perp grows. At |h_R| = 2 itself there is none if u_0 < |u_m| × (length of m's in-plane "
        "part).",
        f"In the plane of (u_0, u_m), {share[1] + share[2]:.0%} of the interfaces (those with u_0 < |u_m|) "
        "have bound states without any h_R, and these reach E_F.",
        f"What bound states at E_F add is not small: {attractive['ratio']['torque']:.3g} times the torque of "
        f"the scattering states at h_R = {attractive['h_R']:g} for the attractive interface, at first order "
        "in h_R already. It has to be counted with a relaxation time of its own.",
        "Without a delta potential and with equal relaxation times the spin density is along ŷ, but only "
        f"with the bound states: at h_R = {bulk['h_R']:g} of bulk-magnetism, scattering states give s_z = "
        f"{bulk['total']['spin'][2]:.3g}, bound states {bulk['bound']['spin'][2]:.3g}.",
        three_ways(data["agreement"]),
        f"{sum(found['points'] for found in checked)} points of the maps were solved with Kwant as well: "
        f"{sum(found['different_counts'] for found in checked)} numbers of states differ, and energies by at "
        f"most {apart:.0e}.",
    ]


def three_ways(found: Data) -> str:
    """Say how three independent counts of bound states compare."""
    energies, weight, phase = found["self_energies"], found["weight"], found["phase"]
    wrong = energies["different_counts"] + weight["disagree"] + phase["disagree"]
    unknown = energies["near_threshold"] + weight["unresolved"] + phase["unresolved"]
    return (
        "Three routes that share no code count the same states: the matching condition and Kwant's "
        f"self-energies on {energies['points']} random problems (energies to "
        f"{energies['largest_energy_difference']:.0e} of the energy scale), the weight missing from Kwant's "
        f"continuum at z = 0 on {weight['points']} of them and Levinson's theorem on {phase['points']}: "
        f"{wrong} disagree, {unknown} could not be decided."
    )


def write_bound_states(data: Data, output: Path) -> Path:
    """Write the pages of `bound.portrait.report_data`, and return the one to open first.

    Parameters
    ----------
    data, output : dict, Path
        What that returns; the folder, e.g. reports/bound-states.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    maps = {entry["name"]: entry["map"] for entry in data["interfaces"]}
    interfaces = [{key: entry[key] for key in entry if key != "map"} for entry in data["interfaces"]]
    files = {"bound-states.json": {**data, "interfaces": interfaces}, "maps.json": maps}
    return publish(output, files, "bound_states", _shown, indent=None)


def _shown(data: Data, maps: Data) -> tuple[list[Picture], Data]:
    """Return the figures, and what the page says, from the JSON."""
    for entry in data["interfaces"]:
        entry["map"] = maps[entry["name"]]
    pictures = [Picture(name, title, draw, data) for name, title, draw in FIGURES]
    of_each = [
        Picture(f"{name}-{entry['name']}", title, draw, entry)
        for entry in data["interfaces"]
        for name, title, draw in OF_EACH
    ]
    titles = [{name: title for name, title, _ in some} for some in (FIGURES, OF_EACH)]
    context = {"conclusions": conclusions(data), **dict(zip(("figures", "of_each"), titles, strict=True))}
    return pictures + of_each, {"data": data, **context}


def write_system(entry: Data, output: Path) -> None:
    """Write one system's `bound.portrait` as bound-states.json, and its map and dispersion as figures."""
    make_folder(output)
    write_text(output / "bound-states.json", json.dumps(entry, allow_nan=False) + "\n")
    for name, _, draw in OF_EACH:
        write_text(output / f"{name}.svg", svg(draw, entry))


def draw_map(data: Data) -> Figure:
    """Draw the binding energy of the lowest state over (k_⊥, h_R) and over (angle, h_R) of one interface."""
    found = data["map"]
    h_R = np.array(found["h_R"])
    figure, (radial, angular) = canvas(9.0, 4.0, 1, 2, sharey=True)
    k_perp, both = np.array(found["k_perp"]), (found["radial"], found["angular"])
    largest = max(float(np.nanmax(_binding(panel), initial=0.0)) for panel in both)
    for axes, x, panel in zip((radial, angular), (k_perp, np.array(found["angle"])), both, strict=True):
        mesh = _panel(axes, x, h_R, panel, largest)
        axes.axhline(2.0, color="black", lw=1)
        axes.grid(False)
    figure.colorbar(mesh, ax=angular, shrink=0.9, label="binding energy below the continuum")
    radial.axvline(found["k_perp_max"], color=PURPLE, ls=":", lw=1.6)
    sqrt_J = data["threshold"]["C5"]
    if sqrt_J > 0:
        radial.plot(k_perp, sqrt_J / k_perp, color=RED, ls="--", lw=1.4)
    radial.set(xlabel=r"$k_\perp$", ylabel="$h_R$", ylim=(0, h_R[-1]))
    radial.set_title("most attractive angle", fontsize=9.5)
    angular.set(xlabel=r"angle of $\mathbf{k}\times\hat z$ (degrees)", xticks=[0, 90, 180, 270, 360])
    angular.set_title(r"at the last open channel's $k_\perp$", fontsize=9.5)
    handles: list[Any] = [
        Patch(facecolor=NONE, label="no bound state"),
        Line2D([], [], color=PURPLE, ls=":", lw=1.6, label="last open channel at $E_F$"),
        Line2D([], [], color=ORANGE, lw=1.6, label="border of states at or below $E_F$"),
        Line2D([], [], color="black", lw=1, label="$h_R$ = 2: beyond, no ground state"),
    ]
    if any(map(_two, both)):
        handles.append(Patch(facecolor="white", edgecolor=GREY, hatch="...", label="two states"))
    if sqrt_J > 0:
        handles.append(Line2D([], [], color=RED, ls="--", lw=1.4, label=r"$h_R k_\perp=\sqrt{J}$"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=8)
    return figure


def _binding(panel: Data) -> Array:
    return np.array(panel["binding"], dtype=float)


def _two(panel: Data) -> bool:
    return bool(np.max(panel["count"]) > 1)


def _panel(axes: Axes, x: Array, y: Array, panel: Data, largest: float) -> Any:
    """Draw one map: colour with labelled contours, grey where nothing is bound, E_F's border, two states."""
    values = _binding(panel)
    axes.set_facecolor(NONE)
    top = largest or 1.0
    look: Any = {"cmap": "cividis", "norm": PowerNorm(0.4, 0, top), "shading": "nearest"}
    mesh = axes.pcolormesh(x, y, np.ma.masked_invalid(values), rasterized=True, **look)
    filled = np.nan_to_num(values, nan=0.0)
    levels = [level for level in top * np.array([0.02, 0.1, 0.25, 0.5, 0.75]) if level < filled.max()]
    if levels:
        lines = axes.contour(x, y, filled, levels=levels, colors="white", linewidths=0.7)
        axes.clabel(lines, fontsize=7, fmt="%.2g")
    at_fermi = np.array(panel["at_fermi"])
    if 0 < np.count_nonzero(at_fermi) < at_fermi.size:
        axes.contour(x, y, at_fermi > 0, levels=[0.5], colors=ORANGE, linewidths=1.6)
    if _two(panel):
        axes.contourf(x, y, np.array(panel["count"]), levels=[1.5, 2.5], colors="none", hatches=["..."])
    return mesh


def draw_threshold(data: Data) -> Figure:
    """Draw the threshold against the angle between k×ẑ and m's in-plane part, in units of √J."""
    figure, (axes, small) = canvas(8.4, 3.6, 1, 2, width_ratios=(1.6, 1))
    for row, color, style in zip(data["threshold"], COLORS, STYLES, strict=False):
        axes.plot(row["angle"], row["ratio_to_C5"], color=color, ls=style, label=row["name"])
    axes.axhline(1.0, color="black", lw=1)
    axes.text(180, 0.98, r"$\sqrt{J}$", va="top", ha="center", fontsize=8)
    axes.set(
        xlabel=r"angle between $\mathbf{k}\times\hat z$ and the in-plane part of m (degrees)",
        ylabel=r"smallest $h_R k_\perp$ that binds, over $\sqrt{J}$", ylim=(0, None),
        xticks=[0, 90, 180, 270, 360], xlim=(0, 360),
    )  # fmt: skip
    axes.legend(fontsize=7.5, loc="lower right")
    J = [row["J"] for row in data["small_J"]]
    small.loglog(J, [row["strength"] for row in data["small_J"]], "o-", color=BLUE, ms=4, label="exact")
    small.loglog(J, np.sqrt(J), color="black", lw=1, ls="--", label=r"$\sqrt{J}$")
    small.set(xlabel="$J$, nothing else at the interface", ylabel=r"smallest $|h_R| k_\perp$ that binds")
    small.legend(fontsize=7.5)
    return figure


def draw_plane(data: Data) -> Figure:
    """Draw the plane of (u_0, u_m): what is bound without h_R, and which h_R k_⊥ binds elsewhere."""
    plane = data["plane"]
    u_0, u_m = np.array(plane["u_0"]), np.array(plane["u_m"])
    count, strength = np.array(plane["count"]).T, np.array(plane["strength"]).T
    figure, axes = canvas(5.8, 4.6)
    shades = (NONE, "#9ecae1", "#3a7fb5")
    axes.contourf(u_0, u_m, count, levels=[-0.5, 0.5, 1.5, 2.5], colors=shades)
    lines = axes.contour(u_0, u_m, strength, levels=[0.1, 0.5, 1.0, 1.5], colors="black", linewidths=0.9)
    axes.clabel(lines, fontsize=7.5, fmt="%.2g")
    fraction = plane["fraction"]
    handles: list[Any] = [
        Patch(facecolor=color, label=f"{number} at $h_R$ = 0: {part:.0%} of the plane")
        for number, color, part in zip(("no state", "one state", "two states"), shades, fraction, strict=True)
    ]
    handles.append(Line2D([], [], color="black", lw=0.9, label=r"smallest $|h_R| k_\perp$ that binds"))
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=8)
    axes.set(xlabel="$u_0$", ylabel="$u_m$", aspect="equal")
    axes.grid(False)
    return figure


def draw_dispersion(data: Data) -> Figure:
    """Draw E_b against k_⊥ with the continuum shaded, and the contours E_b(k) = E_F, of one interface."""
    curve = data["dispersion"]
    k_perp, continuum = np.array(curve["k_perp"]), np.array(curve["continuum"])
    figure, (axes, plane) = canvas(9.0, 3.8, 1, 2, width_ratios=(1.35, 1))
    energies = [e for line in curve["lines"] for e in line["energy"] if e is not None]
    low = min([curve["continuum"][0], *energies])
    high = 1.6 * curve["E_F"] - 0.6 * min(curve["continuum"][0], 0.0)
    axes.fill_between(k_perp, continuum, np.maximum(continuum, high), color=BAR, lw=0, label="continuum")
    style = {}
    for line, color, dashes in zip(curve["lines"], COLORS, STYLES, strict=True):
        style[line["h_R"]] = color, dashes
        energy = np.array(line["energy"], dtype=float)
        axes.plot(k_perp, energy, color=color, ls=dashes, label=f"bound, $h_R$ = {line['h_R']:g}")
    axes.axhline(curve["E_F"], color="black", lw=1)
    axes.text(0.02 * k_perp[-1], curve["E_F"], "$E_F$", va="bottom")
    axes.set(
        xlabel=r"$k_\perp$ along the most attractive angle", ylabel="total energy",
        ylim=(max(low, -2 * abs(high)) - 0.1 * abs(high), high), xlim=(0, k_perp[-1]),
    )  # fmt: skip
    axes.legend(fontsize=7.5, loc="center left", bbox_to_anchor=(1.0, 0.5))
    for contour in data["contours"][:1]:
        phi, edge = np.linspace(0, 2 * np.pi, 181), contour["k_perp_max"]
        plane.fill(edge * np.cos(phi), edge * np.sin(phi), color=BAR, lw=0)
    for contour in data["contours"]:
        for line in contour["lines"]:
            color, dashes = style[contour["h_R"]]
            plane.plot(*np.array(line).T, color=color, ls=dashes)
    plane.set(xlabel="$k_x$", ylabel="$k_y$", aspect="equal")
    plane.set_title("$E_b(\\mathbf{k}) = E_F$; grey: scattering states", fontsize=9.5)
    return figure


def draw_spin_density(data: Data) -> Figure:
    """Draw the spin density and both parts of the torque, with and without the bound states."""
    curves = data["spin_density"]
    figure, grid = canvas(11.0, 2.8 * len(curves), len(curves), 4, squeeze=False)
    titles = ("spin density $s_y$", "$s_z$", "fieldlike torque", "dampinglike torque")
    for panels, curve in zip(grid, curves, strict=True):
        found, split = curve["rows"], curve["components"]
        h_R = [row["h_R"] for row in found]
        spins = [[[row[of]["spin"][i] for row in found] for of in ("bound", "total")] for i in (1, 2)]
        flows = [[[part[of][i] for part in split] for of in ("bound", "scattering")] for i in (0, 1)]
        for axes, title, (bound, scattering) in zip(panels, titles, spins + flows, strict=True):
            axes.plot(h_R, scattering, "o-", color=BLUE, ms=4, label="scattering states")
            axes.plot(h_R, bound, "s--", color=ORANGE, ms=4, label="bound states")
            axes.plot(h_R, np.add(scattering, bound), "^:", color="black", ms=4, label="both")
            axes.axhline(0, color=GREY, lw=0.7)
            axes.set_title(f"{curve['name']}: {title}", fontsize=9)
            scientific(axes)
            if max(map(abs, [*bound, *scattering])) < 1e-15:
                # No magnetism, no torque: nothing but rounding.
                axes.set(ylim=(-1, 1), yticks=[0])
    for axes in grid[-1]:
        axes.set_xlabel("$h_R$")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8)
    return figure


#: File name, title and function of the figures of the whole report; those of each interface below.
FIGURES: tuple[tuple[str, str, Callable[[Data], Figure]], ...] = (
    ("threshold", "The threshold against the angle, and for small J", draw_threshold),
    ("plane", "What binds without any Rashba term, in the plane of (u_0, u_m)", draw_plane),
    ("spin-density", "What bound states add to the spin density and the torque", draw_spin_density),
)
OF_EACH: tuple[tuple[str, str, Callable[[Data], Figure]], ...] = (
    ("map", "States below the continuum", draw_map),
    ("dispersion", "Energy against k_perp, and the contours at E_F", draw_dispersion),
)
