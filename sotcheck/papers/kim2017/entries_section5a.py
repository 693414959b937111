"""Sec. V A on trial: bulk magnetism, model (17). Its statements in words: `bilayer`."""

from __future__ import annotations

import numpy as np

from sotcheck.exact.currents import chosen, linear_torque_number
from sotcheck.exact.solved import Exact, Solved
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import bilayer
from sotcheck.papers.kim2017 import section5a as eq
from sotcheck.papers.kim2017.figure4 import interface, point
from sotcheck.papers.kim2017.models import BULK
from sotcheck.papers.kim2017.old import Definition, Equation, register
from sotcheck.system.spin import projectors

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


def amplitudes(which: int) -> Exact:
    """Majority and minority elements of r (0) or t' (3) at h_R = 0."""

    def exact(one: Solved) -> Estimate:
        minority, majority = projectors(one.iface.direction)
        matrix = one.states.amplitudes()[which]
        bands = [np.einsum("...ij,ji->...", matrix, band) for band in (majority, minority)]
        return one.unperturbed(np.stack(bands, axis=-1))

    return exact


def torque(part: str, *sources: int, N_open: bool = True) -> Exact:
    """A component of some sources' torque by k_⊥, where k_z is real or where it is not."""

    def exact(one: Solved) -> Estimate:
        where = (one.states.kz[:, 0, 0].real > 0) == N_open
        columns = sources[0] if len(sources) == 1 else slice(sources[0], sources[-1] + 1)
        found = chosen(linear_torque_number(one), (slice(None), slice(None), columns), where)
        return Estimate(getattr(found.value, part), found.terms)

    return exact


def dampinglike_of_F(one: Solved) -> Estimate:
    """Dampinglike torque of majority and minority at every k_⊥."""
    found = chosen(linear_torque_number(one), (slice(None), slice(None), slice(1, 3)))
    return Estimate(found.value.imag, found.terms)


def evanescent_sum(one: Solved) -> Estimate:
    """The fieldlike torque of majority electrons summed over the k_⊥ at which k_z is imaginary."""
    found = point(one.engine, one.iface.E_F)
    return Estimate(
        np.asarray(found.evanescent[1].real), {"sum": (found.error, "quadrature and Richardson's table")}
    )


register(
    Definition(
        number="17",
        says="The magnetism is an exchange field in the bulk of the ferromagnet.",
        tex=r"H=-\frac{\hbar^2}{2m_e}\nabla^2+J\hat\sigma\cdot\mathbf m\,\Theta(z)",
        why="a model; (18) to (21) are tried on it",
    ),
    Equation(
        number="18a",
        says="Reflection of electrons from N.",
        quantity="r, majority and minority, h_R = 0",
        exact=amplitudes(0),
        transcribed=eq.eq18a,
        tex=r"r^{\uparrow/\downarrow}_{\mathbf k}=\frac{k_z-k_z^\mp}{k_z+k_z^\mp}\ (k_z\ real),"
        r"\quad 0\ (k_z\ imaginary)",
        interfaces=BULK,
    ),
    Equation(
        number="18b",
        says="Transmission of electrons from F.",
        quantity="t', majority and minority, h_R = 0",
        exact=amplitudes(3),
        transcribed=eq.eq18b,
        tex=r"t'^{\uparrow/\downarrow}_{\mathbf k}=\frac{2i\sqrt{k_z^\mp|k_z|}}{ik_z+ik_z^\mp}"
        r"\ (k_z^\mp\ real),\quad 0\ (k_z^\mp\ imaginary)",
        interfaces=BULK,
    ),
    Equation(
        number="19a",
        says="The fieldlike torque of a current in the normal metal.",
        quantity="fieldlike torque by k_perp",
        exact=torque("real", 0),
        transcribed=eq.eq19a,
        tex=r"Re[\mathcal T_R^N]=-" + UNIT % r"\tau" + N_SUM + "k_z" + FRACTION % "(k_z^-)^2-|k_z^+|^2",
        source="normal",
        interfaces=BULK,
        order="h_R^3",
    ),
    Equation(
        number="19b",
        says="The dampinglike torque of a current in the normal metal.",
        quantity="dampinglike torque by k_perp",
        exact=torque("imag", 0),
        transcribed=eq.eq19b,
        tex=r"Im[\mathcal T_R^N]=-" + UNIT % r"\tau" + N_SUM + "k_z" + FRACTION % "2k_z^-Im[k_z^+]",
        source="normal",
        interfaces=BULK,
        order="h_R^3",
    ),
    Equation(
        number="20a",
        says="The fieldlike torque of majority electrons that propagate in N, first term.",
        quantity="fieldlike torque by k_perp, N open",
        exact=torque("real", 1),
        transcribed=eq.eq20a_majority,
        tex=RE_F + "=-" + UNIT % UP + N_SUM + "k_z" + FRACTION % "k_z^2-|k_z^+|^2",
        corrected=eq.eq20a_majority_corrected,
        corrected_tex=RE_F + "=-" + UNIT % UP + N_SUM + "k_z^-" + FRACTION % "k_z^2-|k_z^+|^2",
        kind="marks",
        off_by="a swapped symbol, a factor k_z / k_z^-: |t'|^2 of (18b) has k_z k_z^-, and k_z cancels",
        source="majority",
        interfaces=BULK,
        order="h_R^3",
    ),
    Equation(
        number="20a",
        says="The fieldlike torque of minority electrons, second term.",
        quantity="fieldlike torque by k_perp, N open",
        exact=torque("real", 2),
        transcribed=eq.eq20a_minority,
        tex=RE_F
        + "=-"
        + UNIT % r"\tau^\downarrow"
        + r"\sum_{k_\perp^2+\Delta^2<k_F^2}k_\perp^2k_z^+\frac{k_z^--k_z}{(k_z+k_z^+)^2(k_z+k_z^-)}",
        source="minority",
        interfaces=BOTH_BANDS,
        order="h_R^3",
    ),
    Equation(
        number="20a",
        says="The fieldlike torque of majority electrons that are evanescent in N, third term.",
        quantity="fieldlike torque by k_perp, N closed",
        exact=torque("real", 1, N_open=False),
        transcribed=eq.eq20a_evanescent,
        tex=RE_F + "=" + THIRD,
        source="majority",
        interfaces=BULK,
        order="h_R^3",
    ),
    Equation(
        number="20b",
        says="The dampinglike torque of a current in the ferromagnet: of majority electrons only.",
        quantity="dampinglike torque by k_perp, majority and minority",
        exact=dampinglike_of_F,
        transcribed=eq.eq20b,
        tex=IM_F + "=" + UNIT % UP + N_SUM + "k_z^-" + FRACTION % "2k_z^-Im[k_z^+]",
        corrected=eq.eq20b_corrected,
        corrected_tex=IM_F + "=" + UNIT % UP + N_SUM + "k_z" + FRACTION % "2k_z^-Im[k_z^+]",
        kind="marks",
        off_by="a swapped symbol, a factor k_z^- / k_z: of the two k_z^- one is k_z; then it is minus (19b)",
        interfaces=BULK,
        order="h_R^3",
    ),
    Equation(
        number="21",
        says="The evanescent term as a sum, first line.",
        quantity="fieldlike torque of majority electrons, sum where N is closed",
        exact=evanescent_sum,
        transcribed=eq.eq21_sum,
        tex=r"\mathcal T_R\approx " + THIRD,
        source="majority",
        interfaces=SUMMED,
        order="h_R^3",
    ),
    Equation(
        number="21",
        says="The same in closed form, second line.",
        quantity="fieldlike torque of majority electrons, sum where N is closed",
        exact=evanescent_sum,
        transcribed=eq.eq21_closed,
        tex=r"\mathcal T_R\approx h_R\frac{eE_x\tau^\uparrow A\Delta}{15\pi\hbar}(5E_F+2J)",
        corrected=eq.eq21_closed_corrected,
        corrected_tex=r"\mathcal T_R\approx h_R\frac{eE_x\tau^\uparrow A\Delta}{30\pi^2\hbar}(5E_F+2J)",
        kind="content",
        off_by="a factor 2 pi, too large: the first line summed as (A/4 pi) times the integral over k_perp^2,"
        " as the text says, has 30 pi^2 for 15 pi",
        source="majority",
        interfaces=SUMMED,
        order="h_R^3",
    ),
    *bilayer.STATEMENTS,
)
