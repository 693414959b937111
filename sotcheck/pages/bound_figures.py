"""The figures of bound states, drawn from the JSON of `bound.portrait` alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from sotcheck.numerics.arrays import Array
from sotcheck.pages import figures
from sotcheck.pages.contours import label_contours
from sotcheck.pages.figures import (
    BAR,
    BLUE,
    GREEN,
    GREY,
    NONE,
    ORANGE,
    PURPLE,
    RED,
    SMALL,
    canvas,
    one_legend,
    scientific,
)
from sotcheck.pages.layout import color_bar
from sotcheck.pages.page import Data
from sotcheck.pages.svg import BLACK, WHITE
from sotcheck.system.units import length_nm

COLORS = (BLUE, GREEN, ORANGE, PURPLE, RED)
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))


def _per_k(data: Data) -> str:
    """Return what wave vectors are in, of a system in eV: that of 1 eV."""
    return f" ({1 / length_nm():.4g} nm$^{{-1}}$)" if data["system"].get("units") else ""


def draw_map(data: Data) -> Figure:
    """Draw the binding energy of the lowest state over (k_⊥, h_R) and over (angle, h_R) of one interface."""
    found = data["map"]
    h_R, k_perp = np.array(found["h_R"]), np.array(found["k_perp"])
    figure, (radial, angular) = canvas(3.9, 1, 2, sharey=True)
    both = (found["radial"], found["angular"])
    largest = max(float(np.nanmax(_binding(panel), initial=0.0)) for panel in both)
    for axes, x, panel in zip((radial, angular), (k_perp, np.array(found["angle"])), both, strict=True):
        mesh = _panel(axes, x, h_R, panel, largest)
        axes.axhline(2.0, color=BLACK, lw=1)
        axes.grid(False)
    color_bar(figure, angular, mesh, label="binding energy")
    radial.axvline(found["k_perp_max"], color=PURPLE, ls=":", lw=1.6)
    sqrt_J = data["threshold"]["C5"]
    if sqrt_J > 0:
        radial.plot(k_perp, sqrt_J / k_perp, color=RED, ls="--", lw=1.4)
    radial.set(
        xlabel=rf"$k_\perp${_per_k(data)}", ylabel="$h_R$", xlim=(k_perp[0], k_perp[-1]), ylim=(0, h_R[-1])
    )
    radial.set_title("most attractive angle")
    angular.set(xlabel=r"angle of $\mathbf{k}\times\hat z$ (degrees)", xticks=[0, 90, 180, 270, 360])
    angular.set_title(r"last open channel's $k_\perp$")
    handles: list[Any] = [
        Patch(facecolor=NONE, label="no bound state"),
        Line2D([], [], color=PURPLE, ls=":", lw=1.6, label="last open channel at $E_F$"),
        Line2D([], [], color=ORANGE, lw=1.6, label="border of states at or below $E_F$"),
        Line2D([], [], color=BLACK, lw=1, label="$h_R$ = 2: beyond, no ground state"),
    ]
    if any(panel["two"] for panel in both):
        handles.append(Patch(facecolor="white", edgecolor=GREY, hatch="///", label="two states"))
    if sqrt_J > 0:
        handles.append(Line2D([], [], color=RED, ls="--", lw=1.4, label=r"$h_R k_\perp$ = √J"))
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=SMALL)
    label_contours(figure)
    return figure


def _binding(panel: Data) -> Array:
    return np.array(panel["binding"], dtype=float)


def _panel(axes: Axes, x: Array, y: Array, panel: Data, largest: float) -> Any:
    """Draw one map: colour with labelled contours where something is bound, E_F's border, two states."""
    axes.set_facecolor(NONE)
    top = largest or 1.0
    filled = np.nan_to_num(_binding(panel), nan=0.0)
    mesh = figures.picture(axes, x, y, filled, cmap="cividis", norm=PowerNorm(0.4, 0, top))
    inside = _patch(axes, panel["bound"], "none")
    mesh.set_clip_path(inside)
    inside.set_visible(False)
    levels = [level for level in top * np.array([0.02, 0.1, 0.25, 0.5, 0.75]) if level < filled.max()]
    if levels:
        axes.contour(x, y, filled, levels=levels, colors=WHITE, linewidths=0.7)
    _patch(axes, panel["at_fermi"], ORANGE, lw=1.6)
    _patch(axes, panel["two"], "none", hatch="///")
    return mesh


def _patch(axes: Axes, regions: list[Any], edge: str, **style: Any) -> PathPatch:
    """Draw the outlines of regions."""
    rings = [Path(np.array(ring), closed=True) for region in regions for ring in region]
    outline = Path.make_compound_path(*rings) if rings else Path(np.empty((0, 2)))
    patch = PathPatch(outline, facecolor="none", edgecolor=edge, **style)
    axes.add_patch(patch)
    return patch


def draw_threshold(data: Data) -> Figure:
    """Draw the threshold against the angle between k×ẑ and m's in-plane part, in units of √J."""
    figure, (axes, small) = canvas(6.4, 2, 1, height_ratios=(1.3, 1))
    for row, color, style in zip(data["threshold"], COLORS, STYLES, strict=False):
        axes.plot(row["angle"], row["ratio_to_C5"], color=color, ls=style, label=row["name"])
    axes.axhline(1.0, color="black", lw=1)
    axes.text(180, 0.98, "√J", va="top", ha="center", fontsize=SMALL)
    axes.set(
        xlabel=r"angle between $\mathbf{k}\times\hat z$ and the in-plane part of m (degrees)",
        ylabel=r"smallest $h_R k_\perp$ that binds, over √J", ylim=(0, None),
        xticks=[0, 90, 180, 270, 360], xlim=(0, 360),
    )  # fmt: skip
    axes.legend(fontsize=SMALL, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    J = [row["J"] for row in data["small_J"]]
    small.loglog(J, [row["strength"] for row in data["small_J"]], "o-", color=BLUE, ms=4, label="exact")
    small.loglog(J, np.sqrt(J), color="black", lw=1, ls="--", label="√J")
    small.set(xlabel="$J$, nothing else at the interface", ylabel=r"smallest $|h_R| k_\perp$ that binds")
    small.legend(fontsize=SMALL)
    return figure


def draw_plane(data: Data) -> Figure:
    """Draw the plane of (u_0, u_m): what is bound without h_R, and which h_R k_⊥ binds elsewhere."""
    plane = data["plane"]
    u_0, u_m = np.array(plane["u_0"]), np.array(plane["u_m"])
    strength, (A, B) = np.array(plane["strength"]).T, plane["own"]
    figure, axes = canvas(5.4)
    shades = (NONE, "#9ecae1", "#3a7fb5")
    axes.set_facecolor(NONE)
    # States are where A + u_0 ± (B + u_m) < 0: borders are straight.
    for sign, color in ((-1, shades[1]), (1, shades[1]), (0, shades[2])):
        fine = np.linspace(u_0[0], u_0[-1], 121)
        one = A + fine + sign * (B + fine[:, None]) if sign else A + fine + np.abs(B + fine[:, None])
        axes.contourf(fine, fine, one, levels=[-np.inf, 0.0], colors=[color])
    levels = [0.1, 0.5, 1.0, 1.5]
    axes.contour(u_0, u_m, strength, levels=levels, colors="black", linewidths=0.9)
    fraction = plane["fraction"]
    handles: list[Any] = [
        Patch(facecolor=color, label=f"{number} at $h_R$ = 0: {part:.0%} of the plane")
        for number, color, part in zip(("no state", "one state", "two states"), shades, fraction, strict=True)
    ]
    words = rf"smallest $|h_R| k_\perp$ that binds: {', '.join(f'{level:g}' for level in levels)}"
    handles.append(Line2D([], [], color="black", lw=0.9, label=words))
    figure.legend(handles=handles, loc="outside lower center", ncols=1, fontsize=SMALL)
    axes.set(xlabel="$u_0$", ylabel="$u_m$", aspect="equal")
    axes.grid(False)
    label_contours(figure)
    return figure


def draw_dispersion(data: Data) -> Figure:
    """Draw E_b against k_⊥ with the continuum shaded, and the contours E_b(k) = E_F, of one interface."""
    curve = data["dispersion"]
    k_perp, continuum = np.array(curve["k_perp"]), np.array(curve["continuum"])
    figure, (axes, plane) = canvas(7.4, 2, 1, height_ratios=(1, 1.15))
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
        xlabel=rf"$k_\perp$ along the most attractive angle{_per_k(data)}", ylabel="total energy",
        ylim=(max(low, -2 * abs(high)) - 0.1 * abs(high), high), xlim=(0, k_perp[-1]),
    )  # fmt: skip
    axes.legend(fontsize=SMALL, loc="center left", bbox_to_anchor=(1.0, 0.5))
    for contour in data["contours"][:1]:
        phi, edge = np.linspace(0, 2 * np.pi, 91), contour["k_perp_max"]
        plane.fill(edge * np.cos(phi), edge * np.sin(phi), color=BAR, lw=0)
    for contour in data["contours"]:
        for line in contour["lines"]:
            color, dashes = style[contour["h_R"]]
            plane.plot(*np.array(line).T, color=color, ls=dashes)
    plane.set(xlabel=f"$k_x${_per_k(data)}", ylabel=f"$k_y${_per_k(data)}", aspect="equal")
    plane.set_title("$E_b(\\mathbf{k}) = E_F$; grey: scattering states")
    return figure


def draw_spin_density(data: Data) -> Figure:
    """Draw the spin density and both parts of the torque, with and without the bound states."""
    curves = data["spin_density"]
    titles = ("spin density $s_y$", "$s_z$", "fieldlike torque", "dampinglike torque")
    figure, grid = canvas(3.0 * len(curves) + 0.8, 2 * len(curves), 2, squeeze=False, sharex=True)
    for panels, curve in zip(grid.reshape(len(curves), 4), curves, strict=True):
        found, split = curve["rows"], curve["components"]
        h_R = [row["h_R"] for row in found]
        spins = [[[row[of]["spin"][i] for row in found] for of in ("bound", "total")] for i in (1, 2)]
        flows = [[[part[of][i] for part in split] for of in ("bound", "scattering")] for i in (0, 1)]
        for axes, title, (bound, scattering) in zip(panels, titles, spins + flows, strict=True):
            axes.plot(h_R, scattering, "o-", color=BLUE, ms=4, label="scattering states")
            axes.plot(h_R, bound, "s--", color=ORANGE, ms=4, label="bound states")
            axes.plot(h_R, np.add(scattering, bound), "^:", color="black", ms=4, label="both")
            axes.axhline(0, color=GREY, lw=0.7)
            # Where no power of ten is.
            axes.set_title(f"{curve['name']}: {title}", fontsize=SMALL, y=1.0, pad=13)
            scientific(axes)
            if max(map(abs, [*bound, *scattering])) < 1e-15:
                # No magnetism, no torque: nothing but rounding.
                axes.set(ylim=(-1, 1), yticks=[0])
    for axes in grid[-1]:
        axes.set_xlabel("$h_R$")
    return one_legend(figure, 3)
