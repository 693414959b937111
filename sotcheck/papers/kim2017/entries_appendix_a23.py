"""Appendices A 2 and A 3 on trial: spin memory loss here, magnetoresistance in `magnetoresistance`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from sotcheck.exact import memory_loss as ml
from sotcheck.papers.kim2017 import appendix_a23 as eq
from sotcheck.papers.kim2017 import magnetoresistance
from sotcheck.papers.kim2017.old import Equation, Statement, Trial, register
from sotcheck.trial.grounds import GENERAL
from sotcheck.trial.judge import balance, judge, relation

#: Appendix A 2 takes m along z.
UPRIGHT = tuple(iface.with_(m=(0.0, 0.0, 1.0)) for iface in GENERAL)
UPRIGHT_FINITE = tuple(iface.with_(h_R=0.4) for iface in UPRIGHT)
A = (eq.A_1, eq.A_2)
#: Spins of G_Rr in (A14a): that of the current, or the other.
READINGS = tuple(product(("same", "other"), repeat=3))
#: Another m to compare a tilted one with.
OTHER = (-3.0, 1.0, 2.0)

EQ_A17 = (
    r"\hat\kappa_R\begin{pmatrix} a_1 & 0 \\ 0 & a_2 \end{pmatrix}\hat\kappa_R\to "
    r"h_R^2k_\perp^2\begin{pmatrix} a_2 & 0 \\ 0 & a_1 \end{pmatrix}"
)
EQ_A18A = (
    r"\begin{pmatrix} I_\uparrow \\ I_\downarrow \end{pmatrix}=\begin{pmatrix}"
    r" G^{\uparrow\uparrow}-2h_RRe\,G_{Rr}^{\uparrow\uparrow} & G_{flip} \\"
    r" G_{flip} & G^{\downarrow\downarrow}-2h_RRe\,G_{Rr}^{\downarrow\downarrow} \end{pmatrix}"
    r"\begin{pmatrix} \Delta\mu_\uparrow \\ \Delta\mu_\downarrow \end{pmatrix}"
)
G_FLIP = (
    r"G_{flip}=h_R^2\frac{e^2}{2h}\sum_{k_\perp^2<k_F^2}\frac{E_\perp}{E_F-E_\perp}"
    r"|1+r^\uparrow|^2|1+r^\downarrow|^2"
)
WEIGHT = r"h_R^2\frac{e^2}{4h}\sum_{k_\perp^2<k_F^2}\frac{k_\perp^2}{k_z^2}"
AT_N = (
    r"I_s|_{-0}=G^{ss}(\Delta\mu^F_s-\Delta\mu^N_s)+"
    + WEIGHT
    + r"[|\rho^\uparrow\rho^\downarrow|^2\Delta\mu^N_{-s}+|\rho^s|^2|t'^{-s}|^2\Delta\mu^F_{-s}"
    r"-2Re(\rho^s\rho^s\rho^{-s}r^{s*})\Delta\mu^N_s-2Re(\rho^s\rho^{-s})|t'^s|^2\Delta\mu^F_s]"
)
AT_F = (
    r"I_s|_{+0}=G^{ss}(\Delta\mu^F_s-\Delta\mu^N_s)+h_R^2\frac{e^2}{4h}\sum_{\mathbf k_\perp}"
    r"\frac{k_\perp^2}{|k_z|^2}[-|t^s|^2|\rho^{-s}|^2\Delta\mu^N_{-s}-|t_{ex}^s|^2|t'^{-s}|^2\Delta\mu^F_{-s}"
    r"+2|t^s|^2Re(\rho^s\rho^{-s})\Delta\mu^N_s"
    r"+2Re(\frac{|k_z|^2}{k_z^2}t_{ex}^s\rho^{-s}t'^sr'^{s*})\Delta\mu^F_s]"
)


def any_reading(engine: str) -> Iterator[Trial]:
    """The diagonal of (A18a) against the exact response to either bias, with every G_Rr of three spins."""
    tried = []
    for lead, columns, sign in (("N", ((0, 0), (1, 1)), -1.0), ("F", ((0, 2), (1, 3)), 1.0)):
        exact = ml.elements(ml.response("N"), *columns)
        for spins in READINGS:
            formula = eq.eqA18a_reading(spins, sign)
            iface, found = judge(exact, formula, UPRIGHT, engine)
            tried.append((abs(found.expected - found.measured.value), found, lead, spins, iface))
    _, found, lead, spins, iface = min(tried, key=lambda t: t[0])
    yield Trial(
        "diagonal of (A18a), second order at z = -0, the best of all readings of G_Rr",
        found,
        f"Even the best, spins {', '.join(spins)} with a bias of {lead}, fails on {iface.name}.",
        engine=engine,
    )


register(
    Equation(
        number="A17",
        says="The average of kappa_R A kappa_R over directions swaps the elements of a diagonal A.",
        quantity="average of kappa_R A kappa_R, m = z, finite h_R",
        exact=ml.sandwich(A),
        transcribed=eq.eqA17,
        tex=EQ_A17,
        interfaces=UPRIGHT_FINITE,
    ),
    Equation(
        number="A18a",
        says="Without the Rashba term a spin's current follows its own bias with G^ss, defined below (A10b).",
        quantity="current of each spin per its bias in F by k_perp, m = z, h_R = 0",
        exact=ml.conductances,
        transcribed=eq.eqA18a_unperturbed,
        tex=r"G^{ss}=\frac{e^2}{h}\sum_{k_\perp^2<k_F^2}(1-r^s_{\mathbf k}r^s_{\mathbf k})",
        corrected=eq.eqA18a_unperturbed_corrected,
        corrected_tex=r"G^{ss}=\frac{e^2}{h}\sum_{k_\perp^2<k_F^2}(1-r^s_{\mathbf k}r^{s*}_{\mathbf k})",
        kind="marks",
        off_by="a lost star: r^s r^s for r^s r^s*",
        interfaces=UPRIGHT,
    ),
    Equation(
        number="A18a",
        says="The spin currents at z = -0 by bias, second order, G_Rr^ss read as G_Rr^sss.",
        quantity="coefficient of h_R^2 in I_up, I_down at z = -0 by bias (N, F; up, down), m = z",
        exact=ml.response("N"),
        transcribed=eq.eqA18a,
        tex=EQ_A18A,
        corrected=eq.eqA18a_at_N,
        corrected_tex=AT_N,
        kind="content",
        off_by="the structure: not the difference of biases drives the second order but each bias by itself;"
        " the diagonal lacks a factor 1 + r of the other spin, and is twice too large for a bias of N",
        interfaces=UPRIGHT,
    ),
    Equation(
        number="A18a",
        says="The same at z = +0.",
        quantity="coefficient of h_R^2 in I_up, I_down at z = +0 by bias (N, F; up, down), m = z",
        exact=ml.response("F"),
        transcribed=eq.eqA18a,
        tex=EQ_A18A,
        corrected=eq.eqA18a_at_F,
        corrected_tex=AT_F,
        kind="content",
        off_by="the structure, as at z = -0; besides, the spin current jumps at the interface: here flips"
        " have the opposite sign, and k_perp where N is closed contribute",
        interfaces=UPRIGHT,
    ),
    Equation(
        number="A18b",
        says="The current of the other spin at z = -0 per bias in F.",
        quantity="coefficient of h_R^2 in I_down per mu_up of F and I_up per mu_down of F by k_perp, m = z",
        exact=ml.elements(ml.response("N"), (1, 2), (0, 3)),
        transcribed=eq.eqA18b,
        tex=G_FLIP,
        corrected=eq.eqA18b_from_F,
        corrected_tex=r"G_{flip}^{s,F}=" + WEIGHT + r"|1+r^s|^2|t'^{-s}|^2",
        kind="content",
        off_by="a factor 2 k_z/k_z^s' and zero where that band is closed: |t'|^2 for 2 |1 + r|^2 of the"
        " biased spin s'; so the two spins' are not equal",
        interfaces=UPRIGHT,
    ),
    Equation(
        number="A18b",
        says="The current of the other spin at z = -0 per bias in N, -G_flip by (A18a).",
        quantity="coefficient of h_R^2 in I_down per mu_up of N and I_up per mu_down of N by k_perp, m = z",
        exact=ml.elements(ml.response("N"), (1, 0), (0, 1)),
        transcribed=eq.eqA18b_against_N,
        tex="-" + G_FLIP,
        corrected=eq.eqA18b_from_N,
        corrected_tex=r"G_{flip}^{N}=" + WEIGHT + r"|1+r^\uparrow|^2|1+r^\downarrow|^2",
        kind="content",
        off_by="a factor -2: the average of k_R^2 is k_perp^2, and what is reflected with its spin flipped"
        " flows along with a current from F",
        interfaces=UPRIGHT,
    ),
    Statement(
        "A17-tilted",
        "Below (A18b): for m other than z (A17) fails; its place is taken by h_R^2 k_perp^2 [(a_1 + a_2)/2"
        " - (a_1 - a_2)/2 m_z sigma_z], with sigma_z of the laboratory.",
        relation(
            ml.sandwich(A),
            eq.tilted,
            "average of kappa_R A kappa_R for tilted m, finite h_R",
            "For m = z it is (A17).",
        ),
    ),
    Statement(
        "A17-off-diagonal",
        "Below (A18b): the average is not even diagonal between spins along m; it goes with m_z m_parallel.",
        relation(
            ml.component(ml.sandwich(A), 1),
            eq.off_diagonal,
            "part of sigma_x of the average in the frame of m, finite h_R",
            "It vanishes for m in the plane as well.",
        ),
    ),
    Statement(
        "A18-any-reading",
        "G_Rr^ss of (A18a) is one of the G_Rr of (A14a) with three spins.",
        any_reading,
        equation="A18a",
    ),
    Statement(
        "A18-difference",
        "(A18a) depends on the differences of biases only.",
        balance(
            lambda one: -ml.part_of_response(0)(one),
            ml.part_of_response(1),
            "response at z = -0 to biases of N, with a minus, and of F, second order, m = z",
            "A bias of the other spin in N and one in F both drive a current into N.",
            UPRIGHT,
        ),
        equation="A18a",
    ),
    Statement(
        "A18-equilibrium",
        "Equal biases of both spins on both sides drive no current of either spin, at any h_R.",
        balance(
            ml.at_finite("N", 0, 1),
            lambda one: -ml.at_finite("N", 2, 3)(one),
            "currents of both spins at z = -0 from N and minus those from F, finite h_R, m = z",
            "By unitarity: it is all that remains of the differences in (A18a).",
            UPRIGHT_FINITE,
        ),
    ),
    Statement(
        "A18-charge",
        "The charge current of each bias is the same on both sides of the interface, at any h_R.",
        balance(
            ml.charge("N"),
            ml.charge("F"),
            "charge current by bias at z = -0 and at z = +0, finite h_R, m = z",
            "Charge is conserved.",
            UPRIGHT_FINITE,
        ),
    ),
    Statement(
        "A18-sides",
        "Above (A10): the current at z = +0 is that at z = -0, spin by spin along m.",
        balance(
            ml.at_finite("N"),
            ml.at_finite("F"),
            "current of each spin by bias at z = -0 and at z = +0, finite h_R, m = z",
            "Only the charge is: the Rashba term turns spins at the interface.",
            UPRIGHT_FINITE,
        ),
    ),
    Statement(
        "A18-flips-at-N",
        "Spin memory loss: every bias drives a current of the other spin, away from the interface at z = -0.",
        balance(
            ml.size_of(ml.flips("N")),
            ml.flips("N"),
            "size and value of the flipped currents at z = -0, second order, m = z",
            "Charge -e that leaves into N is a positive current.",
            UPRIGHT,
        ),
    ),
    Statement(
        "A18-flips-at-F",
        "The same at z = +0, with the opposite sign.",
        balance(
            ml.size_of(ml.flips("F"), -1.0),
            ml.flips("F"),
            "minus the size and value of the flipped currents at z = +0, second order, m = z",
            "So (A18a) has the same sign on both sides by mistake.",
            UPRIGHT,
        ),
    ),
    Statement(
        "collinear-torque",
        "Below (A18b): collinear injection makes a torque of second order for tilted m; it goes with m_z"
        " m_parallel, and is zero for m along z and in the plane.",
        balance(
            ml.per_unit(ml.second_order_torque),
            ml.per_unit(ml.second_order_torque, OTHER),
            "torque per m_z m_parallel for two magnetizations, by source and k_perp",
            "In the frame of m the number is the same for every m.",
        ),
    ),
    Statement(
        "perpendicular-magnetoresistance",
        "Above (A17): the current along z depends on m at second order; it goes with m_z^2.",
        balance(
            ml.second_order_charge,
            ml.predicted_charge,
            "coefficient of h_R^2 in the charge current for tilted m, from m = x and m = z, by source",
            "No formula for the coefficients enters.",
            # Of half-metal hardly any charge current depends on h_R.
            GENERAL[:3],
        ),
    ),
    *magnetoresistance.ENTRIES,
)
