"""Fig. 8 from exact numerics: the torque on a ferromagnetic insulator against J/U."""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.exact.plane import STEPS, Points, linear_torque
from sotcheck.exact.totals import point
from sotcheck.numerics.arrays import Array
from sotcheck.papers.kim2017.section5cd import HBAR, MASS, UNIT, fig8
from sotcheck.system.interface import Interface

#: Barrier U, in any unit: the curve must not depend on it.
BARRIER = 1.8
#: J/U of points by Kwant.
KWANT_RATIOS = (0.1, 0.25, 1 / 3, 0.5, 0.7, 0.9)


def unit(E_F: Array, U: Array, J: Array) -> Array:
    """Return 2√(2mₑ) eE_xτA/15π²ħ² × [E_F/(U − J)]^{5/2} U^{3/2}: the caption's, corrected as (30) is."""
    prefactor = 2 * np.sqrt(2 * MASS) / (15 * np.pi**2 * HBAR**2) / UNIT
    return prefactor * (E_F / (U - J)) ** 2.5 * U**1.5


def figure8(n: int = 100, beta: float = 0.8) -> dict[str, Any]:
    """Return the curve of Fig. 8 from exact boundary matching at E_F = β (U − J).

    Parameters
    ----------
    n : int
        Points with 0 < J/U < 1.
    beta : float
        E_F/(U − J), on which the curve does not depend.

    Returns
    -------
    dict
        "J/U"; "exact"; "formula": the last factor of Eq. (30); "deviation": the largest relative difference;
        "uncertainty": relative; "maximum": J/U of the largest point.
    """
    ratio = np.linspace(0, 1, n + 2)[1:-1]
    U, J = np.full(n, BARRIER), BARRIER * ratio
    E_F = beta * (U - J)
    found = linear_torque(Points.of(E_F=E_F, U_F=U, J=J))[:, 0].real / unit(E_F, U, J)
    formula = fig8(ratio)
    return {
        "J/U": ratio,
        "exact": found,
        "formula": formula,
        "deviation": float(np.abs(found / formula - 1).max()),
        "uncertainty": STEPS,
        "maximum": float(ratio[np.argmax(found)]),
    }


def figure8_points(engine: str = "kwant", beta: float = 0.8) -> list[dict[str, float]]:
    """Return points of the curve by another engine, with their uncertainty."""
    rows = []
    for ratio in KWANT_RATIOS:
        U, J = BARRIER, BARRIER * ratio
        E_F = beta * (U - J)
        iface = Interface(name="figure8", E_F=E_F, U_F=U, J=J, m=(2.0, -1.0, 2.0))
        found = point(engine, iface)
        value, error = found.value, found.error
        size = float(unit(*map(np.asarray, (E_F, U, J))))
        rows.append(
            {
                "J/U": ratio,
                "exact": float(value[0].real) / size,
                "formula": float(fig8(np.asarray(ratio))),
                "uncertainty": float(error[0]) / size,
            }
        )
    return rows
