"""Fig. 6 from exact numerics: the torque of model (22) over the plane of (u_0/k_F, u_m/k_F).

Nothing is left out: near u_0 = 0 or u_m = 0 the two factors of D_k coincide, and at u_0 = ±u_m one spin does
not see the interface, so that the summand changes within k_z ~ |u_0 ± u_m| of k_z = 0; the k_⊥ rule resolves
every scale there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.bound.thresholds import interface_states
from sotcheck.exact.totals import FOR_FIGURES, NODES, STEPS, Points, linear_torque, total
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.papers.kim2017 import paper
from sotcheck.papers.kim2017.section5b import summed
from sotcheck.trial.grounds import ground

#: Panels, component and current, with the paper's titles; both charge currents, of N and of F, have one size.
PANELS = {
    "fieldlike charge": "FLT, charge current",
    "fieldlike spin": "FLT, spin current",
    "dampinglike charge": "DLT, charge current",
    "dampinglike spin": "DLT, spin current",
}
#: Half the width of the plane: u_0/k_F and u_m/k_F from −RANGE to RANGE.
RANGE = 2.0
#: The caption's 1/24π; its k_F has to be k_F³ in the numerator, and is one here.
UNIT = 1 / (24 * np.pi)
#: (u_0/k_F, u_m/k_F) of points by Kwant: repulsive, attractive, and for one spin only.
KWANT_POINTS = ((0.9, 0.4), (0.6, -1.4), (-0.8, 0.3), (-1.5, -1.1), (1.7, 1.2))


def panels(torque: Complex) -> dict[str, Array]:
    """Return what multiplies τ ± τ_F^c and τ_F^s, in the unit of Fig. 6, of torques by source (..., 3)."""
    charge, spin = torque[..., 0] / UNIT, (torque[..., 1] - torque[..., 2]) / UNIT
    return dict(zip(PANELS, (charge.real, spin.real, charge.imag, spin.imag), strict=True))


def exact(u_0: Array | float, u_m: Array | float, nodes: int = NODES) -> dict[str, Array]:
    """Return the panels from exact boundary matching, of the shape of u_0 and u_m."""
    found = linear_torque(Points.of(E_F=1.0, u_0=u_0, u_m=u_m), nodes).value
    return panels(found.reshape(*np.shape(u_0), 3))


def plane(n: int = 200) -> dict[str, Any]:
    """Return the four panels on (n + 1)² points; n is even, so that the axes are among the points.

    "u_0", "u_m": axes, in units of k_F. Each of `PANELS`: absolute values by (u_0, u_m). "deviation": the
    largest difference from Eq. (24), corrected and summed, relative to each panel's maximum. "uncertainty":
    relative, from twice the nodes on some rows and columns and from the steps in h_R. "interface states": at
    E_F, of attractive points among these; "inside continuum": how many of them.
    """
    axis = np.linspace(-RANGE, RANGE, n + 1)
    u_0, u_m = np.meshgrid(axis, axis, indexing="ij")
    found, formula = exact(u_0, u_m), panels(summed(u_0, u_m))
    # Rows and columns in pairs: the k_⊥ rule has most to do close to, but not on, u_0 = ±u_m.
    coarse = np.flatnonzero(np.arange(n + 1) % max(2, n // 20) < 2)
    part = np.ix_(coarse, coarse)
    finer = exact(u_0[part], u_m[part], 2 * NODES - 1)
    states = [
        state
        for u in axis[coarse].tolist()
        for w in axis[coarse].tolist()
        for state in interface_states(ground("attractive", E_F=1.0, J=0.0, u_0=u, u_m=w))
    ]

    def largest(name: str, difference: Array) -> float:
        return float(np.abs(difference).max() / np.abs(found[name]).max())

    return {
        "u_0": axis,
        "u_m": axis,
        **{name: np.abs(values) for name, values in found.items()},
        "deviation": {name: largest(name, found[name] - formula[name]) for name in PANELS},
        "uncertainty": {name: STEPS + largest(name, found[name][part] - finer[name]) for name in PANELS},
        "interface states": len(states),
        "inside continuum": sum(state.inside_continuum for state in states),
    }


def points(engine: str = "kwant") -> list[dict[str, float]]:
    """Return the four panels at `KWANT_POINTS`, absolute values, with their uncertainty and difference."""
    rows = []
    for u_0, u_m in KWANT_POINTS:
        torque = total(engine, ground("figure6", E_F=1.0, J=0.0, u_0=u_0, u_m=u_m), FOR_FIGURES)
        found, matched = panels(torque.value), exact(u_0, u_m)
        sizes = {name: float(abs(number)) for name, number in found.items()}
        difference = max(float(abs(found[name] - matched[name])) for name in PANELS)
        uncertainty = float(torque.error.sum()) / UNIT
        rows.append({"u_0": u_0, "u_m": u_m, **sizes, "uncertainty": uncertainty, "difference": difference})
    return rows


@paper.figure("figure6", "Fig. 6: torque of interface magnetism (22) over (u_0, u_m)", size=(8.4, 7.2))
def draw(figure: Any, data: dict[str, Any]) -> None:
    """Draw the magnitudes over the plane of (u_0, u_m), normalised as the caption's corrected unit."""
    axis = np.array(data["plane"]["u_0"])
    grid = figure.subplots(2, 2, sharex=True, sharey=True)
    for axes, (name, title) in zip(grid.ravel(), PANELS.items(), strict=True):
        values = np.array(data["plane"][name])
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
    for axes in grid[-1]:
        axes.set_xlabel("$u_0/k_F$")
    for axes in grid[:, 0]:
        axes.set_ylabel("$u_m/k_F$")
    figure.suptitle("colour: boundary matching; circles: Kwant, in the same colours", fontsize=9)


draw.part("plane")(plane)
draw.part("points")(points)
