"""Appendix A 3 on trial: what the current in the plane has to do with the magnetization."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sotcheck.exact import in_plane
from sotcheck.exact import memory_loss as ml
from sotcheck.exact.solved import solved
from sotcheck.papers.kim2017 import appendix_a23 as eq
from sotcheck.papers.kim2017.models import BULK, INSULATOR, INSULATOR_BARRIER, INTERFACE
from sotcheck.papers.kim2017.old import Equation, Statement, Trial
from sotcheck.trial import entries
from sotcheck.trial.grounds import FINITE, GENERAL
from sotcheck.trial.judge import balance, relation
from sotcheck.trial.verdict import compare

#: On f-closes-first both spins reflect so much alike that j_MR is hardly above kwant's rounding.
MAGNETORESISTIVE = (*GENERAL[:2], GENERAL[3], *INTERFACE[:2])
INSULATORS = (*INSULATOR, *INSULATOR_BARRIER)
NO_MAGNETISM = tuple(iface.with_(J=0.0, u_m=0.0) for iface in GENERAL[:2])


def both_signs(engine: str) -> Iterator[Trial]:
    """The sign of the largest and the smallest summand of j_MR with magnetism at the interface alone."""
    found = in_plane.magnetoresistance()(solved(engine, INTERFACE[0]))
    extremes = [np.argmax(found.value), np.argmin(found.value)]
    value = found.value.ravel()[extremes]
    size = sum(np.ravel(size)[extremes] for size, _ in found.terms.values())
    # A sign is certain or unknown.
    doubt = np.where(np.abs(value) > size, 0.0, np.inf)
    yield Trial(
        "signs of the largest and smallest j_MR by k_perp",
        compare(np.array([1.0, -1.0]), np.sign(value), {"sign": (doubt, "error of j_MR against its size")}),
        f"With complex r on {INTERFACE[0].name} j_MR takes both signs.",
        engine=engine,
    )


SUM = r"\sum_{k_\perp^2<k_F^2}"
UNIT = r"h_R^2\frac{e^2E\tau L}{%s\pi m_eV}"
A20 = r"k_x^2\hat\kappa_R\begin{pmatrix} a_1 & 0 \\ 0 & a_2 \end{pmatrix}\hat\kappa_R\to "
SQUARES = r"(|\rho^\uparrow|^2-|\rho^\downarrow|^2)^2-2"
PRODUCT = (
    r"(\rho^\uparrow-\rho^\downarrow)"
    r"(\rho^{\uparrow 2}r^{\uparrow *}-\rho^{\downarrow 2}r^{\downarrow *})"
)
TURNED = (
    "the sign: a_1 - a_2, not a_2 - a_1, with x' along the polar angle of m; with x' and y' reversed the"
    " terms of sigma_x and sigma_y would hold as they stand, that of sigma_z never"
)
MATRIX = ml.sandwich((eq.A_1, eq.A_2), 2)


def _part_of_a20(which: int, name: str, term: str) -> entries.Equation:
    letter = "xyz"[which - 1]
    return Equation(
        number="A20",
        says=f"The average of k_x^2 kappa_R A kappa_R over directions, {name}.",
        quantity=f"average of k_x^2 kappa_R A kappa_R, {name}, finite h_R",
        exact=ml.component(MATRIX, which),
        transcribed=getattr(eq, f"eqA20_{letter}"),
        tex=A20 + term % "(a_2-a_1)",
        corrected=getattr(eq, f"eqA20_{letter}_corrected"),
        corrected_tex=A20 + term % "(a_1-a_2)",
        kind="content",
        off_by=TURNED,
        interfaces=FINITE,
    )


FIRST = r"h_R^2\frac{k_\perp^4}{2}\begin{pmatrix} a_2 & 0 \\ 0 & a_1 \end{pmatrix}"
LEFT_A22 = SQUARES + f"Re[{PRODUCT}]"
EQ_A22 = r"(r^\uparrow-r^\downarrow)^2(2-r^{\uparrow 2}-r^{\downarrow 2})"
EQ_A22_CORRECTED = r"|r^\uparrow-r^\downarrow|^2(2-|r^\uparrow|^2-|r^\downarrow|^2)"
J_NON = r"j_{nonMR}=-" + UNIT % "8" + r"\,Re" + SUM + r"\frac{k_\perp^4}{k_z^3}\rho^\uparrow\rho^\downarrow"

ENTRIES = (
    Equation(
        number="A19",
        says="The current along x of shifted electrons of the normal metal, their interference left out.",
        quantity="current along x by k_perp, averaged over a period along z, finite h_R",
        exact=in_plane.current,
        transcribed=eq.eqA19,
        tex=r"Tr_\sigma[\hat j_x^N]=-\frac{e^2E\tau L}{2\pi m_eV}Tr_\sigma"
        + SUM
        + r"\frac{k_\perp^2}{k_z}(1+\hat r_{\mathbf k}\hat r_{\mathbf k}^\dagger)",
        corrected=eq.eqA19_corrected,
        corrected_tex=r"Tr_\sigma[\hat j_x^N]=-\frac{e^2E\tau L}{2\pi m_eV}Tr_\sigma"
        + SUM
        + r"\frac{k_x^2}{k_z}(1+\hat r_{\mathbf k}\hat r_{\mathbf k}^\dagger)",
        kind="marks",
        off_by="a swapped symbol: k_perp for k_x, from (A4) with u = x; a factor 2 at h_R = 0, at second"
        " order another dependence on m, on m_z alone",
        source="normal",
        interfaces=FINITE,
    ),
    Equation(
        number="A20",
        says="The average of k_x^2 kappa_R A kappa_R over directions, part of the unit matrix.",
        quantity="average of k_x^2 kappa_R A kappa_R, part of the unit matrix, finite h_R",
        exact=ml.component(MATRIX, 0),
        transcribed=eq.eqA20_unit,
        tex=A20 + FIRST,
        interfaces=FINITE,
    ),
    _part_of_a20(1, "part of sigma_x", r"%s\frac{h_R^2k_\perp^4m_z}{8m_\parallel}(m_x^2+3m_y^2)\hat\sigma_x"),
    _part_of_a20(2, "part of sigma_y", r"%s\frac{h_R^2k_\perp^4}{4m_\parallel}m_xm_y\hat\sigma_y"),
    _part_of_a20(3, "part of sigma_z", FIRST + r"+%s\frac{h_R^2k_\perp^4}{8}(m_x^2+3m_y^2)\hat\sigma_z"),
    Equation(
        number="A21a",
        says="The second order depends on m as m_x^2 + 3 m_y^2, with (A21c) and (A21d) corrected.",
        quantity="coefficient of h_R^2 in the current along x by k_perp",
        exact=in_plane.second_order,
        transcribed=eq.eqA21a,
        tex=r"Tr_\sigma[\hat j_x^N]=j_{conv}+j_{nonMR}+j_{MR}(m_x^2+3m_y^2)",
        source="normal",
        order="h_R^4",
    ),
    Equation(
        number="A21b",
        says="The current along x without the Rashba term.",
        quantity="current along x by k_perp, h_R = 0",
        exact=in_plane.unperturbed,
        transcribed=eq.eqA21b,
        tex=r"j_{conv}=-\frac{e^2E\tau L}{4\pi m_eV}\sum_{k_\perp^2<k_F^2,s}"
        r"\frac{k_\perp^2}{k_z}(1+|r^s_{\mathbf k}|^2)",
        source="normal",
    ),
    Equation(
        number="A21c",
        says="The correction of second order that does not depend on m.",
        quantity="coefficient of h_R^2 in the current along x by k_perp, m = z",
        exact=in_plane.perpendicular,
        transcribed=eq.eqA21c,
        tex=J_NON + r"(\rho^{\uparrow *}\rho^{\downarrow *}+\rho^{\downarrow *}\rho^{\uparrow *}"
        r"+\rho^\uparrow\rho^{\downarrow *})",
        corrected=eq.eqA21c_corrected,
        corrected_tex=J_NON + r"(\rho^{\uparrow *}\rho^{\downarrow *}-\rho^\uparrow r^{\uparrow *}"
        r"-\rho^\downarrow r^{\downarrow *})",
        kind="content",
        off_by="two terms in the parentheses: -rho_down r_down* and -rho_up r_up*, the second order of r"
        " times r*, for +rho_down* rho_up* and +rho_up rho_down*; the prefactor is right",
        source="normal",
        order="h_R^4",
    ),
    Equation(
        number="A21d",
        says="The magnetoresistance: the coefficient of m_x^2 + 3 m_y^2.",
        quantity="difference of the coefficients of h_R^2 for m = y and m = z, over 3, by k_perp",
        exact=in_plane.magnetoresistance(),
        transcribed=eq.eqA21d,
        tex=r"j_{MR}=-" + UNIT % "32" + r"\,Re" + SUM + f"[{SQUARES}{PRODUCT}]",
        corrected=eq.eqA21d_corrected,
        corrected_tex=r"j_{MR}=-"
        + UNIT % "64"
        + r"\,Re"
        + SUM
        + r"\frac{k_\perp^4}{k_z^3}"
        + f"[{SQUARES}{PRODUCT}]",
        kind="content",
        off_by="a missing factor k_perp^4/k_z^3, as (A21c) has it, and a factor 1/2: 64 pi, not 32 pi; the"
        " sign is right, though (A20) as printed would give the opposite one",
        source="normal",
        interfaces=MAGNETORESISTIVE,
        order="h_R^4",
    ),
    Equation(
        number="A22",
        says="The summand of j_MR for real r, where all channels are open, bulk magnetism alone.",
        quantity="j_MR by k_perp with (A21d) corrected, all channels open",
        exact=in_plane.all_open,
        transcribed=eq.eqA22_open,
        tex=LEFT_A22 + "=" + EQ_A22 + r"\geq 0",
        source="normal",
        interfaces=BULK[1:],
        order="h_R^4",
    ),
    Equation(
        number="A22",
        says="The same in the whole sum over k_perp, bulk magnetism alone.",
        quantity="j_MR by k_perp with (A21d) corrected, every k_perp of the sum",
        exact=in_plane.magnetoresistance(),
        transcribed=eq.eqA22,
        tex=LEFT_A22 + "=" + EQ_A22 + r"\geq 0",
        corrected=eq.eqA22_corrected,
        corrected_tex=LEFT_A22 + "=" + EQ_A22_CORRECTED + r"\geq 0",
        kind="content",
        off_by="absolute values: its premise, real r, fails where the minority band is closed and |r_down|"
        " = 1; with them it holds and is not negative for bulk magnetism alone",
        source="normal",
        interfaces=BULK,
        order="h_R^4",
    ),
    Statement(
        "magnetoresistance-form",
        "Below (A20): the current of second order goes with m_x^2 + 3 m_y^2.",
        balance(
            in_plane.second_order,
            in_plane.predicted,
            "coefficient of h_R^2 for a tilted m against that from m = y and m = z, by k_perp",
            "No formula for the coefficients enters.",
        ),
    ),
    Statement(
        "magnetoresistance-needs-spin",
        "Below (A20): without a spin-dependent r there is no magnetoresistance.",
        balance(
            in_plane.second_order,
            in_plane.perpendicular,
            "coefficient of h_R^2 for a tilted m against m = z, J = u_m = 0",
            "For r_up = r_down (A21d) is zero.",
            NO_MAGNETISM,
        ),
    ),
    Statement(
        "magnetoresistance-negative",
        "By (A22) the current grows with m_x^2 if bulk magnetism is all there is, at each k_perp.",
        balance(
            ml.size_of(in_plane.magnetoresistance(), -1.0),
            in_plane.magnetoresistance(),
            "j_MR against minus its absolute value, by k_perp",
            "Both j_conv and j_MR are negative in this unit.",
            BULK,
        ),
        equation="A22",
    ),
    Statement(
        "magnetoresistance-sign",
        "Below (A22): for complex r the sign of j_MR is not fixed.",
        both_signs,
    ),
    Statement(
        "insulator-magnetoresistance",
        "Below (A22): for ferromagnetic insulators the current counts modes, whatever m and h_R.",
        relation(
            in_plane.current,
            eq.modes,
            "current along x by k_perp, finite h_R",
            "r is unitary at any h_R.",
            tuple(iface.with_(h_R=0.4) for iface in INSULATORS),
        ),
    ),
    Statement(
        "interference",
        "(A4) and (A19) leave out the interference of incident and reflected waves: at a distance d from the"
        " interface the current has e^{2ik_z d} r + h.c. besides 1 + r r^dagger.",
        relation(
            in_plane.current_at_depth,
            eq.at_depth,
            "current along x by k_perp at a depth, finite h_R",
            "With k_x^2 for k_perp^2.",
        ),
    ),
    Statement(
        "interference-magnetoresistance",
        "At z = -0 the interference turns r* in (A21d), corrected, into 1 + r*; it is left in insulators.",
        relation(
            in_plane.magnetoresistance(in_plane.second_order_at_zero),
            eq.magnetoresistance_at_zero,
            "magnetoresistance by k_perp at z = -0",
            "What is neglected is of the size of what is kept.",
            (*MAGNETORESISTIVE, *INSULATORS),
        ),
    ),
    Statement(
        "interference-neglected",
        "The magnetoresistance of the current at z = -0 is that without the interference.",
        balance(
            in_plane.magnetoresistance(),
            in_plane.magnetoresistance(in_plane.second_order_at_zero),
            "magnetoresistance by k_perp beyond the interference against z = -0",
            "It is not: (A21d) is for distances beyond many wavelengths.",
            MAGNETORESISTIVE,
        ),
    ),
)
