"""Fig. 4 from exact numerics: the torque of model (17) against E_F/J."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from sotcheck.exact.totals import FOR_FIGURES, by_segment
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import paper
from sotcheck.system.interface import Interface
from sotcheck.trial.grounds import ground

#: E_F/J: the lines by boundary matching, the points by Kwant.
RATIOS = (*np.linspace(0.1, 0.95, 18), *np.linspace(1.0, 4.0, 31))
KWANT_RATIOS = (0.4, 0.8, 1.25, 1.75, 2.5, 3.25, 4.0)
#: Where `torque` has that of each source, k_z being real, and the third term of (20a), k_z being imaginary.
N, MAJORITY, MINORITY, THIRD_TERM = (0, 0), (0, 1), (0, 2), (1, 1)
RED, BLUE, CYAN = "#D55E00", "#0072B2", "#56B4E9"
#: The six curves in the paper's style, with the place of their numbers: N red, majority blue, minority
#: cyan; FLT dashed, DLT solid.
CURVES: dict[str, tuple[str, str, str, tuple[int, int], str]] = {
    "normal fieldlike": (RED, "--", "FLT, current in N", N, "real"),
    "normal dampinglike": (RED, "-", "DLT, current in N", N, "imag"),
    "majority fieldlike": (BLUE, "--", "FLT, majority, k_z real", MAJORITY, "real"),
    "majority dampinglike": (BLUE, "-", "DLT, majority", MAJORITY, "imag"),
    "majority evanescent": (
        BLUE, "-.", "FLT, majority, k_z imaginary: third term of (20a)", THIRD_TERM, "real"
    ),
    "minority fieldlike": (CYAN, "--", "FLT, minority", MINORITY, "real"),
}  # fmt: skip


def interface(ratio: float) -> Interface:
    """Return model (17) at one E_F/J, with J = 1."""
    return ground("bulk", E_F=ratio, J=1.0)


@lru_cache(maxsize=256)
def torque(engine: str, iface: Interface) -> Estimate:
    """Return fieldlike + i dampinglike per h_R where k_z is real, and where it is not, by source, (2, 3)."""
    closed = np.array(iface.thresholds()[:-1]) >= iface.E_F - iface.U_N
    found = by_segment(engine, iface, FOR_FIGURES)
    return found.each(lambda values: np.stack([values[~closed].sum(axis=0), values[closed].sum(axis=0)]))


def curves(engine: str, ratios: Sequence[float]) -> dict[str, list[float]]:
    """Return the six curves against E_F/J > 0, and their uncertainty, as the caption normalises them.

    Torques are divided by 2h_R ħeE_xτ A k_F³/πmₑ, with the relaxation time of each source. Under "ratio",
    "uncertainty" and each of `CURVES` are lists of one length.
    """
    found = [torque(engine, interface(float(ratio))) / (2 * ratio**1.5 / np.pi) for ratio in ratios]
    return {
        "ratio": list(map(float, ratios)),
        **{
            name: [float(getattr(at.value[place], part)) for at in found]
            for name, (_, _, _, place, part) in CURVES.items()
        },
        "uncertainty": [at.total for at in found],
    }


@paper.figure("figure4", "Fig. 4: torque of bulk magnetism (17) against E_F/J", size=(8.6, 4.0))
def draw(figure: Any, data: dict[str, Any]) -> None:
    """Draw the torque of model (17) against E_F/J, normalised as the caption says."""
    axes = figure.subplots()
    for name, (color, line, label, _, _) in CURVES.items():
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


@draw.part("continuum")
def lines() -> dict[str, list[float]]:
    """Return the curves by boundary matching."""
    return curves("continuum", RATIOS)


@draw.part("kwant")
def points() -> dict[str, list[float]]:
    """Return points of the curves by Kwant."""
    return curves("kwant", KWANT_RATIOS)
