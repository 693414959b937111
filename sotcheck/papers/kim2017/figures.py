"""Figs. 6 and 8 from exact numerics: the plane of (u_0/k_F, u_m/k_F) of model (22), and J/U of model (25).

Nothing is left out of Fig. 6: near u_0 = 0 or u_m = 0 the two factors of D_k coincide, and at u_0 = ±u_m one
spin does not see the interface, so that the summand changes within k_z ~ |u_0 ± u_m| of k_z = 0; the k_⊥ rule
resolves every scale there.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from sotcheck.bound.thresholds import interface_states
from sotcheck.exact.solved import total
from sotcheck.exact.totals import FOR_FIGURES, NODES, STEPS, Points, linear_torque
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.papers.kim2017 import paper
from sotcheck.papers.kim2017.section5b import summed
from sotcheck.papers.kim2017.section5cd import FRONT, fig8
from sotcheck.trial.grounds import ground

#: Panels, component and current, with the paper's titles; both charge currents, of N and of F, have one size.
PANELS = {
    "fieldlike charge": "FLT, charge current", "fieldlike spin": "FLT, spin current",
    "dampinglike charge": "DLT, charge current", "dampinglike spin": "DLT, spin current",
}  # fmt: skip
#: Half the width of the plane: u_0/k_F and u_m/k_F from −RANGE to RANGE.
RANGE = 2.0
#: The caption's 1/24π; its k_F has to be k_F³ in the numerator, and is one here.
UNIT_6 = 1 / (24 * np.pi)
#: (u_0/k_F, u_m/k_F) of points by Kwant: repulsive, attractive, and for one spin only.
KWANT_POINTS = ((0.9, 0.4), (0.6, -1.4), (-0.8, 0.3), (-1.5, -1.1), (1.7, 1.2))


def panels(torque: Complex) -> dict[str, Array]:
    """Return what multiplies τ ± τ_F^c and τ_F^s, in the unit of Fig. 6, of torques by source (..., 3)."""
    charge, spin = torque[..., 0] / UNIT_6, (torque[..., 1] - torque[..., 2]) / UNIT_6
    return dict(zip(PANELS, (charge.real, spin.real, charge.imag, spin.imag), strict=True))


def exact(u_0: Array | float, u_m: Array | float, nodes: int = NODES) -> dict[str, Array]:
    """Return the panels from exact boundary matching, of the shape of u_0 and u_m."""
    found = linear_torque(Points.of(E_F=1.0, u_0=u_0, u_m=u_m), nodes).value
    return panels(found.reshape(*np.shape(u_0), 3))


def plane(n: int = 100) -> dict[str, Any]:
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
    states = []
    for u, w in product(axis[coarse].tolist(), repeat=2):
        states += interface_states(ground("attractive", E_F=1.0, J=0.0, u_0=u, u_m=w))

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


def points6(engine: str = "kwant") -> list[dict[str, float]]:
    """Return the four panels at `KWANT_POINTS`, absolute values, with their uncertainty and difference."""
    rows = []
    for u_0, u_m in KWANT_POINTS:
        torque = total(engine, ground("figure6", E_F=1.0, J=0.0, u_0=u_0, u_m=u_m), FOR_FIGURES)
        found, matched = panels(torque.value), exact(u_0, u_m)
        sizes = {name: float(abs(number)) for name, number in found.items()}
        difference = max(float(abs(found[name] - matched[name])) for name in PANELS)
        uncertainty = float(torque.error.sum()) / UNIT_6
        rows.append({"u_0": u_0, "u_m": u_m, **sizes, "uncertainty": uncertainty, "difference": difference})
    return rows


@paper.figure("figure6", "Fig. 6: torque of interface magnetism (22) over (u_0, u_m)", size=(6.0, 5.6))
def draw6(figure: Any, data: dict[str, Any]) -> None:
    """Draw the magnitudes over the plane of (u_0, u_m), normalised as the caption's corrected unit."""
    from sotcheck.pages.contours import label_contours

    axis = np.array(data["plane"]["u_0"])
    grid = figure.subplots(2, 2, sharex=True, sharey=True)
    for axes, (name, title) in zip(grid.ravel(), PANELS.items(), strict=True):
        values = np.array(data["plane"][name])
        # Rows are u_0, and the horizontal axis shows it.
        mesh = axes.imshow(
            values.T,
            cmap="cividis",
            origin="lower",
            interpolation="none",
            extent=(-RANGE, RANGE, -RANGE, RANGE),
        )
        levels = np.linspace(0, values.max(), 6)[1:-1]
        axes.contour(axis, axis, values.T, levels=levels, colors="#fefefe", linewidths=0.6)
        for point in data["points"]:
            axes.scatter(
                point["u_0"], point["u_m"], c=[point[name]], cmap="cividis",
                vmin=0, vmax=values.max(), edgecolors="#fefefe", s=42,
            )  # fmt: skip
        figure.colorbar(mesh, ax=axes, shrink=0.85)
        axes.set_title(title)
        axes.grid(False)
    for axes in grid[-1]:
        axes.set_xlabel("$u_0/k_F$")
    for axes in grid[:, 0]:
        axes.set_ylabel("$u_m/k_F$")
    figure.suptitle("colour: boundary matching; circles: Kwant, in the same colours", fontsize=8.5)
    label_contours(figure)


draw6.part("plane")(plane)
draw6.part("points")(points6)


#: Barrier U, in any unit: the curve must not depend on it.
BARRIER = 1.8
#: E_F/(U − J), on which the curve does not depend.
BETA = 0.8
#: J/U of points by Kwant.
KWANT_RATIOS = (0.1, 0.25, 1 / 3, 0.5, 0.7, 0.9)
#: 2√(2mₑ) eE_xτA/15π²ħ² × [E_F/(U − J)]^{5/2} U^{3/2}: the caption's unit, corrected as (30) is.
UNIT_8 = 2 * FRONT * BETA**2.5 * BARRIER**1.5


def curve(n: int = 100) -> dict[str, Any]:
    """Return the curve of Fig. 8 from exact boundary matching, at n points with 0 < J/U < 1.

    "formula" is the last factor of Eq. (30), "deviation" the largest relative difference, "maximum" J/U of
    the largest point.
    """
    ratio: Array = np.linspace(0, 1, n + 2)[1:-1]
    at = Points.of(E_F=BETA * BARRIER * (1 - ratio), U_F=BARRIER, J=BARRIER * ratio)
    found, formula = linear_torque(at).value[:, 0].real / UNIT_8, fig8(ratio)
    return {
        "J/U": ratio,
        "exact": found,
        "formula": formula,
        "deviation": float(np.abs(found / formula - 1).max()),
        "uncertainty": STEPS,
        "maximum": float(ratio[np.argmax(found)]),
    }


def points8(engine: str = "kwant") -> list[dict[str, float]]:
    """Return points of the curve by another engine, with their uncertainty."""
    rows = []
    for ratio in KWANT_RATIOS:
        iface = ground("figure8", E_F=BETA * BARRIER * (1 - ratio), U_F=BARRIER, J=BARRIER * ratio)
        found = total(engine, iface, FOR_FIGURES)[0].real / UNIT_8
        formula = float(fig8(np.asarray(ratio)))
        row = {"exact": float(found.value), "formula": formula, "uncertainty": found.total}
        rows.append({"J/U": ratio} | row)
    return rows


@paper.figure("figure8", "Fig. 8: torque on a ferromagnetic insulator (25) against J/U", size=(6.0, 3.6))
def draw8(figure: Any, data: dict[str, Any]) -> None:
    """Draw the torque on a ferromagnetic insulator against J/U, in the caption's corrected unit."""
    axes = figure.subplots()
    axes.plot(data["curve"]["J/U"], data["curve"]["exact"], color="#0072B2", label="boundary matching")
    by_kwant = ([point[name] for point in data["points"]] for name in ("J/U", "exact"))
    axes.plot(*by_kwant, "o", color="black", ms=4, mfc="white", label="Kwant")
    axes.axvline(1 / 3, color="#E69F00", ls=":", lw=1)
    axes.text(1 / 3, 0.01, " J = U/3", color="#8a5f00", fontsize=8, va="bottom")
    axes.set(xlabel="$J$ / $U$", xlim=(0, 1), ylim=(0, None), ylabel="fieldlike torque, normalised")
    axes.legend(fontsize=8)


draw8.part("curve")(curve)
draw8.part("points")(points8)
