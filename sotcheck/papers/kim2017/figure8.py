"""Fig. 8 from exact numerics: the torque on a ferromagnetic insulator against J/U."""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.exact.totals import FOR_FIGURES, STEPS, Points, linear_torque, total
from sotcheck.numerics.arrays import Array
from sotcheck.papers.kim2017 import paper
from sotcheck.papers.kim2017.section5c import FRONT, fig8
from sotcheck.trial.grounds import ground

#: Barrier U, in any unit: the curve must not depend on it.
BARRIER = 1.8
#: E_F/(U − J), on which the curve does not depend.
BETA = 0.8
#: J/U of points by Kwant.
KWANT_RATIOS = (0.1, 0.25, 1 / 3, 0.5, 0.7, 0.9)
#: 2√(2mₑ) eE_xτA/15π²ħ² × [E_F/(U − J)]^{5/2} U^{3/2}: the caption's unit, corrected as (30) is.
UNIT = 2 * FRONT * BETA**2.5 * BARRIER**1.5


def curve(n: int = 100) -> dict[str, Any]:
    """Return the curve of Fig. 8 from exact boundary matching, at n points with 0 < J/U < 1.

    "formula" is the last factor of Eq. (30), "deviation" the largest relative difference, "maximum" J/U of
    the largest point.
    """
    ratio: Array = np.linspace(0, 1, n + 2)[1:-1]
    at = Points.of(E_F=BETA * BARRIER * (1 - ratio), U_F=BARRIER, J=BARRIER * ratio)
    found, formula = linear_torque(at).value[:, 0].real / UNIT, fig8(ratio)
    return {
        "J/U": ratio,
        "exact": found,
        "formula": formula,
        "deviation": float(np.abs(found / formula - 1).max()),
        "uncertainty": STEPS,
        "maximum": float(ratio[np.argmax(found)]),
    }


def points(engine: str = "kwant") -> list[dict[str, float]]:
    """Return points of the curve by another engine, with their uncertainty."""
    rows = []
    for ratio in KWANT_RATIOS:
        iface = ground("figure8", E_F=BETA * BARRIER * (1 - ratio), U_F=BARRIER, J=BARRIER * ratio)
        found = total(engine, iface, FOR_FIGURES)[0].real / UNIT
        formula = float(fig8(np.asarray(ratio)))
        rows.append(
            {"J/U": ratio, "exact": float(found.value), "formula": formula, "uncertainty": found.total}
        )
    return rows


@paper.figure("figure8", "Fig. 8: torque on a ferromagnetic insulator (25) against J/U", size=(5.4, 3.4))
def draw(figure: Any, data: dict[str, Any]) -> None:
    """Draw the torque on a ferromagnetic insulator against J/U, in the caption's corrected unit."""
    axes = figure.subplots()
    axes.plot(data["curve"]["J/U"], data["curve"]["exact"], color="#0072B2", label="boundary matching")
    by_kwant = ([point[name] for point in data["points"]] for name in ("J/U", "exact"))
    axes.plot(*by_kwant, "o", color="black", ms=4, mfc="white", label="Kwant")
    axes.axvline(1 / 3, color="#E69F00", ls=":", lw=1)
    axes.text(1 / 3, 0.01, " J = U/3", color="#9a6a00", fontsize=8, va="bottom")
    axes.set(xlabel="$J/U$", xlim=(0, 1), ylim=(0, None), ylabel="fieldlike torque, normalised")
    axes.legend(fontsize=8)


draw.part("curve")(curve)
draw.part("points")(points)
