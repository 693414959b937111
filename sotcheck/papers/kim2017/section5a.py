"""Sec. V A: bulk magnetism, model (17), and Fig. 4 from exact numerics. In words: `remarks5a`.

Torques are summands of (1/A) Σ in units of ħeE_xτ/mₑ, per h_R.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from sotcheck.exact.quantities import r_by_spin, t_prime_by_spin, torque
from sotcheck.exact.quantity import N_closed, N_open, Quantity
from sotcheck.exact.solved import by_segment
from sotcheck.exact.totals import FOR_FIGURES
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import BULK, linear, paper
from sotcheck.system.interface import Interface
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.grounds import ground

#: E_F/J: the lines by boundary matching, the points by Kwant.
RATIOS = (*np.linspace(0.1, 0.95, 18), *np.linspace(1.0, 4.0, 31))
KWANT_RATIOS = (0.4, 0.8, 1.25, 1.75, 2.5, 3.25, 4.0)
#: Where `summed` has that of each source, k_z being real, and the third term of (20a), k_z being imaginary.
N, MAJORITY, MINORITY, THIRD_TERM = (0, 0), (0, 1), (0, 2), (1, 1)
RED, BLUE, CYAN = "#D55E00", "#0072B2", "#56B4E9"
#: The six curves in the paper's style, with the place of their numbers: N red, majority blue, minority
#: cyan; FLT dashed, DLT solid.
CURVES: dict[str, tuple[str, str, str, tuple[int, int], str]] = {
    "normal fieldlike": (RED, "--", "FLT, current in N", N, "real"),
    "normal dampinglike": (RED, "-", "DLT, current in N", N, "imag"),
    "majority fieldlike": (BLUE, "--", "FLT, majority, $k_z$ real", MAJORITY, "real"),
    "majority dampinglike": (BLUE, "-", "DLT, majority", MAJORITY, "imag"),
    "majority evanescent": (
        BLUE, "-.", "FLT, majority, $k_z$ imaginary: (20a), third term", THIRD_TERM, "real"
    ),
    "minority fieldlike": (CYAN, "--", "FLT, minority", MINORITY, "real"),
}  # fmt: skip


def interface(ratio: float) -> Interface:
    """Return model (17) at one E_F/J, with J = 1."""
    return ground("bulk", E_F=ratio, J=1.0)


@lru_cache(maxsize=256)
def summed(engine: str, iface: Interface) -> Estimate:
    """Return fieldlike + i dampinglike per h_R where k_z is real, and where it is not, by source, (2, 3)."""
    closed = np.array(iface.thresholds()[:-1]) >= iface.E_F - iface.U_N
    found = by_segment(engine, iface, FOR_FIGURES)
    return found.each(lambda values: np.stack([values[~closed].sum(axis=0), values[closed].sum(axis=0)]))


def curves(engine: str, ratios: Sequence[float]) -> dict[str, list[float]]:
    """Return the six curves against E_F/J > 0, and their uncertainty, as the caption normalises them.

    Torques are divided by 2h_R ħeE_xτ A k_F³/πmₑ, with the relaxation time of each source. Under "ratio",
    "uncertainty" and each of `CURVES` are lists of one length.
    """
    found = [summed(engine, interface(float(ratio))) / (2 * ratio**1.5 / np.pi) for ratio in ratios]
    numbers = {"ratio": list(map(float, ratios))}
    for name, (_, _, _, place, part) in CURVES.items():
        numbers[name] = [float(getattr(at.value[place], part)) for at in found]
    return numbers | {"uncertainty": [at.total for at in found]}


@paper.figure("figure4", "Fig. 4: torque of bulk magnetism (17) against E_F/J", size=(6.0, 4.8))
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
    figure.legend(fontsize=8.5, loc="outside lower center", ncols=2)


@draw.part("continuum")
def lines() -> dict[str, list[float]]:
    """Return the curves by boundary matching."""
    return curves("continuum", RATIOS)


@draw.part("kwant")
def points() -> dict[str, list[float]]:
    """Return points of the curves by Kwant."""
    return curves("kwant", KWANT_RATIOS)


#: Where minority electrons propagate.
BOTH_BANDS = tuple(iface for iface in BULK if iface.E_F > iface.J)
#: Where a sum over k_⊥ is taken.
SUMMED = (interface(1.0), interface(3.0))

UNIT = r"h_R\frac{\hbar eE_x%s}{2\pi m_e}"
N_SUM = r"\sum_{k_\perp^2<k_F^2}k_\perp^2"
FRACTION = r"\frac{%s}{(k_z+k_z^-)^2|k_z+k_z^+|^2}"
UP = r"\tau^\uparrow"
THIRD = UNIT % UP + r"\sum_{k_F^2<k_\perp^2<k_F^2+\Delta^2}\frac{k_\perp^2k_z^-}{\Delta^2}"
RE_F, IM_F = r"Re[\mathcal T_R^F]", r"Im[\mathcal T_R^F]"

of_majority = torque.of("majority").fieldlike
BOTH = "dampinglike torque by k_perp, majority and minority"
of_both = torque.dampinglike.then(lambda one, found: found[:, :, 1:], BOTH)
evanescent = Quantity("fieldlike torque of majority electrons, sum where N is closed",
    lambda one: summed(one.engine, one.iface)[THIRD_TERM].real, "majority")  # fmt: skip

paper.define("17", "The magnetism is an exchange field in the bulk of the ferromagnet.",
    tex=r"H=-\frac{\hbar^2}{2m_e}\nabla^2+J\hat\sigma\cdot\mathbf m\,\Theta(z)",
    why="a model; (18) to (21) are tried on it")  # fmt: skip


@paper.equation("18a", of=r_by_spin, on=BULK, tex=r"r^{\uparrow/\downarrow}_{\mathbf k}="
    r"\frac{k_z-k_z^\mp}{k_z+k_z^\mp}\ (k_z\ real),\quad 0\ (k_z\ imaginary)")  # fmt: skip
def eq18a(s: Symbols) -> Complex:
    """Reflection of electrons from N."""
    r_up = (s.kz - s.kz_up) / (s.kz + s.kz_up)
    r_down = (s.kz - s.kz_down) / (s.kz + s.kz_down)
    return np.stack([np.where(s.open_N, r_up, 0), np.where(s.open_N, r_down, 0)], axis=-1)


@paper.equation("18b", of=t_prime_by_spin, on=BULK, tex=r"t'^{\uparrow/\downarrow}_{\mathbf k}="
    r"\frac{2i\sqrt{k_z^\mp|k_z|}}{ik_z+ik_z^\mp}\ (k_z^\mp\ real),\quad 0\ (k_z^\mp"
    r"\ imaginary)")  # fmt: skip
def eq18b(s: Symbols) -> Complex:
    """Transmission of electrons from F."""
    t_up = 2j * np.sqrt(s.kz_up * np.abs(s.kz)) / (1j * s.kz + 1j * s.kz_up)
    t_down = 2j * np.sqrt(s.kz_down * np.abs(s.kz)) / (1j * s.kz + 1j * s.kz_down)
    return np.stack([np.where(s.open_up, t_up, 0), np.where(s.open_down, t_down, 0)], axis=-1)


def _summand(s: Symbols, before: Complex, numerator: Array | Complex) -> Complex:
    """k_⊥² before · numerator/((k_z + k_z^-)² |k_z + k_z^+|²)/2π where k_z is real."""
    fraction = numerator / ((s.kz + s.kz_up) ** 2 * np.abs(s.kz + s.kz_down) ** 2)
    return np.where(s.open_N, s.k2 * before * fraction / (2 * np.pi), 0)


@linear("19a", of=torque.of("normal").fieldlike, on=BULK, tex=r"Re[\mathcal T_R^N]=-" + UNIT % r"\tau" + N_SUM
    + "k_z" + FRACTION % "(k_z^-)^2-|k_z^+|^2")  # fmt: skip
def eq19a(s: Symbols) -> Complex:
    """The fieldlike torque of a current in the normal metal."""
    return -_summand(s, s.kz, s.kz_up**2 - np.abs(s.kz_down) ** 2)


@linear("19b", of=torque.of("normal").dampinglike, on=BULK,
    tex=r"Im[\mathcal T_R^N]=-" + UNIT % r"\tau" + N_SUM + "k_z" + FRACTION % "2k_z^-Im[k_z^+]")  # fmt: skip
def eq19b(s: Symbols) -> Complex:
    """The dampinglike torque of a current in the normal metal."""
    return -_summand(s, s.kz, 2 * s.kz_up * s.kz_down.imag)


@linear("20a", of=of_majority.where(N_open, "N open"), on=BULK,
    tex=RE_F + "=-" + UNIT % UP + N_SUM + "k_z" + FRACTION % "k_z^2-|k_z^+|^2", slip=("a swapped symbol, a"
    " factor k_z / k_z^-: |t'|^2 of (18b) has k_z k_z^-, and k_z cancels", "marks", RE_F + "=-" + UNIT % UP
    + N_SUM + "k_z^-" + FRACTION % "k_z^2-|k_z^+|^2"))  # fmt: skip
def eq20a_majority(s: Symbols, slip: bool) -> Complex:
    """The fieldlike torque of majority electrons that propagate in N, first term."""
    return -_summand(s, s.kz if slip else s.kz_up, s.kz**2 - np.abs(s.kz_down) ** 2)


@linear("20a", of=torque.of("minority").fieldlike.where(N_open, "N open"), on=BOTH_BANDS, tex=RE_F + "=-"
    + UNIT % r"\tau^\downarrow" + r"\sum_{k_\perp^2+\Delta^2<k_F^2}k_\perp^2k_z^+"
    r"\frac{k_z^--k_z}{(k_z+k_z^+)^2(k_z+k_z^-)}")  # fmt: skip
def eq20a_minority(s: Symbols) -> Complex:
    """The fieldlike torque of minority electrons, second term."""
    fraction = (s.kz_up - s.kz) / ((s.kz + s.kz_down) ** 2 * (s.kz + s.kz_up))
    return np.where(s.open_down, -s.k2 * s.kz_down * fraction / (2 * np.pi), 0)


@linear("20a", of=of_majority.where(N_closed, "N closed"), on=BULK, tex=RE_F + "=" + THIRD)
def eq20a_evanescent(s: Symbols) -> Complex:
    """The fieldlike torque of majority electrons that are evanescent in N, third term."""
    # Δ² = J.
    return np.where(s.open_N, 0, s.k2 * s.kz_up / s.iface.J / (2 * np.pi))


@linear("20b", of=of_both, on=BULK,
    tex=IM_F + "=" + UNIT % UP + N_SUM + "k_z^-" + FRACTION % "2k_z^-Im[k_z^+]", slip=("a swapped symbol, a"
    " factor k_z^- / k_z: of the two k_z^- one is k_z; then it is minus (19b)", "marks", IM_F + "=" + UNIT
    % UP + N_SUM + "k_z" + FRACTION % "2k_z^-Im[k_z^+]"))  # fmt: skip
def eq20b(s: Symbols, slip: bool) -> Complex:
    """The dampinglike torque of a current in the ferromagnet: of majority electrons only."""
    majority = _summand(s, s.kz_up if slip else s.kz, 2 * s.kz_up * s.kz_down.imag)
    return np.stack([majority, np.zeros_like(majority)], axis=-1)


@linear("21", of=evanescent, on=SUMMED, tex=r"\mathcal T_R\approx " + THIRD)
def eq21_sum(s: Symbols) -> Array:
    """The evanescent term as a sum, first line."""
    E_F, J = s.iface.E_F, s.iface.J
    nodes, weights = np.polynomial.legendre.leggauss(8)
    # As (1/4π)∫d(k_⊥²), by y = k_z^-, which makes it a polynomial: d(k_⊥²) = −2y dy, y from 0 to Δ.
    y = np.sqrt(J) * (nodes + 1) / 2
    k_perp2 = E_F + J - y**2
    return np.sum(np.sqrt(J) * weights / 2 * 2 * y * k_perp2 * y / J) / (2 * np.pi) / (4 * np.pi)


CLOSED = r"\mathcal T_R\approx h_R\frac{eE_x\tau^\uparrow A\Delta}{%s\hbar}(5E_F+2J)"


@linear("21", of=evanescent, on=SUMMED, tex=CLOSED % r"15\pi",
    slip=("a factor 2 pi, too large: the first line summed as (A/4 pi) times the integral over k_perp^2, as"
    " the text says, has 30 pi^2 for 15 pi", "content", CLOSED % r"30\pi^2"))  # fmt: skip
def eq21_closed(s: Symbols, slip: bool) -> Array:
    """The same in closed form, second line."""
    # e/ħ is ½ħe/mₑ where ħ²/2mₑ = 1.
    number = 15 * np.pi if slip else 30 * np.pi**2
    return np.asarray(np.sqrt(s.iface.J) / number * (5 * s.iface.E_F + 2 * s.iface.J) / 2)
