"""Figs. 4, 6 and 8 as the paper draws them, from exact numerics; Kwant's results as points on top."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sotcheck.pages.figures import BLUE, RED
from sotcheck.papers.kim2017.figure4 import figure4
from sotcheck.papers.kim2017.figure6 import figure6, figure6_points
from sotcheck.papers.kim2017.figure8 import figure8, figure8_points
from sotcheck.papers.kim2017.table1 import table1
from sotcheck.run.progress import Progress

Data = dict[str, Any]

#: E_F/J of Fig. 4: the lines by boundary matching, the points by Kwant.
RATIOS = np.concatenate([np.linspace(0.1, 0.95, 18), np.linspace(1.0, 4.0, 31)])
KWANT_RATIOS = (0.4, 0.8, 1.25, 1.75, 2.5, 3.25, 4.0)
CYAN = "#56B4E9"
#: The paper's line styles: current in N red, majority blue, minority cyan; FLT dashed, DLT solid.
FIGURE4_STYLE: dict[str, tuple[str, str, str]] = {
    "normal fieldlike": (RED, "--", "FLT, current in N"),
    "normal dampinglike": (RED, "-", "DLT, current in N"),
    "majority fieldlike": (BLUE, "--", "FLT, majority, k_z real"),
    "majority dampinglike": (BLUE, "-", "DLT, majority"),
    "majority evanescent": (BLUE, "-.", "FLT, majority, k_z imaginary: third term of (20a)"),
    "minority fieldlike": (CYAN, "--", "FLT, minority"),
}


def draw_figure4(data: Data) -> Figure:
    """Draw the torque of model (17) against E_F/J, normalised as the caption says."""
    figure = Figure(figsize=(8.6, 4.0), layout="constrained")
    axes = figure.subplots()
    for name, (color, line, label) in FIGURE4_STYLE.items():
        axes.plot(data["continuum"]["ratio"], data["continuum"][name], color=color, ls=line, label=label)
        axes.plot(data["kwant"]["ratio"], data["kwant"][name], "o", color=color, ms=4, mfc="white")
    axes.plot([], [], "o", color="black", ms=4, mfc="white", label="Kwant")
    axes.axhline(0, color="black", lw=0.6)
    # The third term diverges for E_F -> 0 in this normalisation (footnote 8).
    axes.set(
        xlabel="$E_F/J$", xlim=(0, 4), ylim=(-0.006, 0.03),
        ylabel=r"$T_R\ /\ (2 h_R \hbar e E_x \tau A k_F^3/\pi m_e)$",
    )  # fmt: skip
    axes.legend(fontsize=7.5, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


#: Panels of Fig. 6 with the paper's titles; charge currents left, spin currents right.
PANEL_TITLES = {
    "fieldlike charge": "FLT, charge current",
    "fieldlike spin": "FLT, spin current",
    "dampinglike charge": "DLT, charge current",
    "dampinglike spin": "DLT, spin current",
}


def draw_figure6(data: Data) -> Figure:
    """Draw the magnitudes over the plane of (u_0, u_m), normalised as the caption's corrected unit."""
    plane = data["plane"]
    axis = np.array(plane["u_0"])
    figure = Figure(figsize=(8.4, 7.2), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True, sharey=True)
    for axes, (name, title) in zip(panels.ravel(), PANEL_TITLES.items(), strict=True):
        values = np.array(plane[name])
        # Rows are u_0, and the horizontal axis shows it.
        mesh = axes.pcolormesh(axis, axis, values.T, cmap="cividis", shading="nearest", rasterized=True)
        levels = np.linspace(0, values.max(), 6)[1:-1]
        lines = axes.contour(axis, axis, values.T, levels=levels, colors="white", linewidths=0.6)
        axes.clabel(lines, fontsize=6, fmt="%.2g")
        for point in data["points"]:
            axes.scatter(
                point["u_0"], point["u_m"], c=[point[name]], cmap="cividis",
                vmin=0, vmax=values.max(), edgecolors="white", s=42,
            )  # fmt: skip
        figure.colorbar(mesh, ax=axes, shrink=0.85)
        axes.set_title(title, fontsize=9.5)
        axes.grid(False)
    for axes in panels[-1]:
        axes.set_xlabel("$u_0/k_F$")
    for axes in panels[:, 0]:
        axes.set_ylabel("$u_m/k_F$")
    figure.suptitle("colour: boundary matching; circles: Kwant, in the same colours", fontsize=9)
    return figure


def draw_figure8(data: Data) -> Figure:
    """Draw the torque on a ferromagnetic insulator against J/U, in the caption's corrected unit."""
    curve, points = data["curve"], data["points"]
    figure = Figure(figsize=(5.4, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.plot(curve["J/U"], curve["exact"], color=BLUE, label="boundary matching")
    axes.plot(
        [p["J/U"] for p in points], [p["exact"] for p in points], "o", color="black", ms=4, mfc="white",
        label="Kwant",
    )  # fmt: skip
    axes.axvline(1 / 3, color="#E69F00", ls=":", lw=1)
    axes.text(1 / 3, 0.01, " J = U/3", color="#9a6a00", fontsize=8, va="bottom")
    axes.set(xlabel="$J/U$", xlim=(0, 1), ylim=(0, None), ylabel="fieldlike torque, normalised")
    axes.legend(fontsize=8)
    return figure


#: Name, title and function of every figure.
FIGURES: tuple[tuple[str, str, Callable[[Data], Figure]], ...] = (
    ("figure4", "Fig. 4: torque of bulk magnetism (17) against E_F/J", draw_figure4),
    ("figure6", "Fig. 6: torque of interface magnetism (22) over (u_0, u_m)", draw_figure6),
    ("figure8", "Fig. 8: torque on a ferromagnetic insulator (25) against J/U", draw_figure8),
)


def figure_data(executor: Executor | None, progress: Progress) -> Data:
    """Compute everything that the figures and Table I show, ready for JSON."""
    calls: dict[tuple[str, str], Callable[[], Any]] = {
        ("figure6", "plane"): figure6,
        ("figure4", "kwant"): partial(figure4, "kwant", KWANT_RATIOS),
        ("figure6", "points"): figure6_points,
        ("figure8", "points"): figure8_points,
        ("figure4", "continuum"): partial(figure4, "continuum", RATIOS.tolist()),
        ("figure8", "curve"): figure8,
        ("table1", "rows"): table1,
    }
    if executor is None:
        done = {key: call() for key, call in progress(calls.items(), "figures", len(calls))}
    else:
        futures = {key: executor.submit(call) for key, call in calls.items()}
        done = {key: f.result() for key, f in progress(futures.items(), "figures", len(futures))}
    data: Data = {}
    for (figure, part), value in done.items():
        data.setdefault(figure, {})[part] = _plain(value)
    data["table1"] = data["table1"]["rows"]
    return data


def _plain(value: Any) -> Any:
    """Return NumPy arrays as lists, for JSON, with digits to spare for a figure."""
    if isinstance(value, np.ndarray):
        return [_plain(v) for v in value] if value.ndim > 1 else [float(f"{v:.5g}") for v in value]
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value
