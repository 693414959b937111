"""Secs. V C and V D on trial: ferromagnetic and topological insulators. Remarks in words: `remarks5cd`."""

from __future__ import annotations

import numpy as np

from sotcheck.exact.parts import beyond, by_spin, component, weighted
from sotcheck.exact.solved import Solved
from sotcheck.numerics.arrays import Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import remarks5cd
from sotcheck.papers.kim2017 import section5cd as eq
from sotcheck.papers.kim2017.models import INSULATOR, INSULATOR_BARRIER, TOPOLOGICAL
from sotcheck.papers.kim2017.old import Definition, Equation, Statement, register
from sotcheck.system.interface import Interface

#: J = U/3 and E_F = U − J, where (29) has the maximum.
AT_MAXIMUM = tuple(
    Interface(
        name=f"insulator-maximum-{U:g}".replace(".", "-"), E_F=2 * U / 3, U_F=U, J=U / 3, m=(2.0, -1.0, 2.0)
    )
    for U in (1.8, 2.7)
)
#: Relaxation times that no source shares with another; the minority band closed, and open, at E_F.
WEIGHTED = tuple(iface.with_(tau_N=0.7, tau_up=1.3, tau_down=0.4) for iface in TOPOLOGICAL[:2])

UNIT_28 = r"\sqrt{2m_e}\,eE_x\tau A}{15\pi^2\hbar^2}"
TEX_27 = r"T_R=h_R\frac{\hbar^3eE_x\tau}{2\pi m_e^2}\frac{J}{U^2-J^2}\sum_{%s<k_F^2}%s k_z"
TEX_28 = r"T_R=h_R\frac{%s" + UNIT_28 + r"\frac{JE_F^{5/2}}{U^2-J^2}"
TEX_29 = r"T_R\le h_R\frac{%s\sqrt{m_e}\,eE_x\tau A}{45\sqrt 3\pi^2\hbar^2}U^{3/2}"
TEX_30 = r"T_R=h_R\frac{%s" + UNIT_28 + r"%s\frac{\alpha(1-\alpha)^{3/2}}{1+\alpha}"
TEX_32 = (
    r"T_R=h_R\frac{\hbar eE_x\tau}{2\pi m_e}\sum_{\mathbf k_\perp}"
    r"\frac{k_\perp^2k_z(q_z^-+q_z^++2u_0)(%s)}{D_{\mathbf k}(u_0,u_m)}"
)
TEX_35 = (
    r"T_R=h_R\frac{\hbar^3eE_x}{4\pi m_e^2}\sum_{\mathbf k_\perp}k_\perp^2"
    r"\left(\frac{Re[k_z^-]}{U+J}\tau^\uparrow-\frac{Re[k_z^+]}{U-J}\tau^\downarrow\right)"
)
TEX_36 = (
    r"T_R=\frac{h_R\sqrt{2m_e}\,eE_xA}{15\pi^2\hbar^2}Re\left[\frac{(E_F+J)^{5/2}\tau^\uparrow}{U+J}"
    r"-\frac{(E_F-J)^{5/2}\tau^\downarrow}{U-J}\right]"
)
FACTOR = "a factor 4 too large, from the sum of (27): sum k_perp^2 k_z = A k_F^5/(15 pi)"


def both(values: Complex) -> Complex:
    """Fieldlike + i dampinglike as it is."""
    return values


def sums_of_squares(one: Solved) -> Estimate:
    """q_z² + (k_z^±)² of the waves in exact states: minority, majority; shape (n, 6, 2)."""
    q: Complex = (-1j * one.states.kz)[..., None]
    return one.unperturbed(q**2 + one.states.Kz**2)


register(
    Definition(
        number="25",
        says="A ferromagnet that a spin-independent barrier U makes insulating.",
        tex=r"H=-\frac{\hbar^2}{2m_e}\nabla^2+(U+J\hat\sigma\cdot\mathbf m)\Theta(z)",
        why="a model; (26) to (32) are tried on it",
    ),
    Equation(
        number="26",
        says="Reflection amplitudes of a ferromagnetic insulator.",
        quantity="r, majority and minority",
        exact=by_spin(0),
        transcribed=eq.eq26,
        tex=r"r_{\mathbf k}^{\uparrow\downarrow}=\frac{ik_z+q_z^\mp}{ik_z-q_z^\mp}",
        interfaces=INSULATOR,
    ),
    Equation(
        number="27",
        says="Torque on a ferromagnetic insulator: the summand.",
        quantity="fieldlike and dampinglike torque at each k_perp < k_F",
        exact=component("normal", both),
        transcribed=eq.eq27,
        tex=TEX_27 % ("k_z^2", "k_z^2"),
        corrected=eq.eq27_corrected,
        corrected_tex=TEX_27 % (r"k_\perp^2", r"k_\perp^2"),
        kind="marks",
        off_by="a swapped symbol: k_perp^2 k_z for k_z^2 k_z",
        source="normal",
        interfaces=INSULATOR,
        order="h_R^3",
    ),
    Equation(
        number="27",
        says="Torque on a ferromagnetic insulator: the range of the sum.",
        quantity="torque at k_perp on both sides of k_F",
        exact=beyond(both),
        transcribed=eq.eq27_range,
        tex=TEX_27 % ("k_z^2", r"k_\perp^2"),
        corrected=eq.eq27_range_corrected,
        corrected_tex=TEX_27 % (r"k_\perp^2", r"k_\perp^2"),
        kind="marks",
        off_by="a swapped symbol: the range is k_perp^2 < k_F^2; k_z^2 < k_F^2 holds at every k_perp",
        source="normal",
        interfaces=INSULATOR,
        order="h_R^3",
    ),
    Equation(
        number="28",
        says="Torque on a ferromagnetic insulator, summed.",
        quantity="fieldlike torque, all k_perp",
        exact=weighted(np.real),
        transcribed=eq.eq28,
        tex=TEX_28 % "8",
        corrected=eq.eq28_corrected,
        corrected_tex=TEX_28 % "2",
        kind="content",
        off_by=FACTOR,
        source="normal",
        interfaces=INSULATOR,
        order="h_R^3",
    ),
    Equation(
        number="29",
        says="The largest torque that a ferromagnetic insulator can have, at E_F = U - J and J = U/3.",
        quantity="fieldlike torque, all k_perp, at E_F = U - J and J = U/3",
        exact=weighted(np.real),
        transcribed=eq.eq29,
        tex=TEX_29 % "8",
        corrected=eq.eq29_corrected,
        corrected_tex=TEX_29 % "2",
        kind="content",
        off_by="a factor 4, inherited from (28): as an inequality it holds, but is never reached",
        source="normal",
        interfaces=AT_MAXIMUM,
        order="h_R^3",
    ),
    Equation(
        number="30",
        says="Torque on a ferromagnetic insulator by J/U and E_F/(U - J).",
        quantity="fieldlike torque, all k_perp",
        exact=weighted(np.real),
        transcribed=eq.eq30,
        tex=TEX_30 % ("8", r"\times\frac{\beta^{5/2}}{U^{3/2}}\times"),
        corrected=eq.eq30_corrected,
        corrected_tex=TEX_30 % ("2", r"\times\beta^{5/2}U^{3/2}\times"),
        kind="content",
        off_by="a factor 4, inherited from (28), and U^(3/2), which belongs in the numerator: 4/U^3 in all",
        source="normal",
        interfaces=INSULATOR,
        order="h_R^3",
    ),
    Equation(
        number="31",
        says="Reflection amplitudes of a ferromagnetic insulator with an interface potential.",
        quantity="r, majority and minority",
        exact=by_spin(0),
        transcribed=eq.eq31,
        tex=r"r_{\mathbf k}^{\uparrow\downarrow}="
        r"\frac{ik_z+(q_z^\mp+u_0\mp u_m)}{ik_z-(q_z^\mp+u_0\mp u_m)}",
        interfaces=INSULATOR_BARRIER,
    ),
    Equation(
        number="32",
        says="Torque on a ferromagnetic insulator with an interface potential: the summand.",
        quantity="fieldlike and dampinglike torque at each k_perp",
        exact=component("normal", both),
        transcribed=eq.eq32,
        tex=TEX_32 % "q_z^--q_z^+-2u_m",
        corrected=eq.eq32_corrected,
        corrected_tex=TEX_32 % "q_z^+-q_z^-+2u_m",
        kind="content",
        off_by="a sign: so printed it is minus (27) at u_0 = u_m = 0",
        source="normal",
        interfaces=INSULATOR_BARRIER,
        order="h_R^3",
    ),
    Definition(
        number="33",
        says="A normal metal that a barrier U makes insulating, on a ferromagnet.",
        tex=r"H=-\frac{\hbar^2}{2m_e}\nabla^2+U\Theta(-z)+J\hat\sigma\cdot\mathbf m\Theta(z)",
        why="a model; (34) to (36) are tried on it",
    ),
    Equation(
        number="33",
        says="Below (33): wave numbers on both sides.",
        quantity="q_z^2 + (k_z^+-)^2, minority and majority",
        exact=sums_of_squares,
        transcribed=eq.below33,
        tex=r"q_z^2+(k_z^\pm)^2=2m_e(U\mp J)/\hbar^2",
        interfaces=TOPOLOGICAL,
    ),
    Equation(
        number="34",
        says="Transmission amplitudes into an insulating normal metal.",
        quantity="t', majority and minority",
        exact=by_spin(3),
        transcribed=eq.eq34,
        tex=r"t_{\mathbf k}'^{\uparrow\downarrow}=\frac{2i\sqrt{Re[k_z^\mp]q_z}}{ik_z^\mp-q_z}",
        interfaces=TOPOLOGICAL,
    ),
    Equation(
        number="35",
        says="Torque at a topological insulator: coefficient of tau^up.",
        quantity="fieldlike and dampinglike torque at each k_perp per tau^up",
        exact=component("majority", both),
        transcribed=eq.eq35_majority,
        tex=TEX_35,
        source="majority",
        interfaces=TOPOLOGICAL,
        order="h_R^3",
    ),
    Equation(
        number="35",
        says="Torque at a topological insulator: coefficient of tau^down.",
        quantity="fieldlike and dampinglike torque at each k_perp per tau^down",
        exact=component("minority", both),
        transcribed=eq.eq35_minority,
        tex=TEX_35,
        source="minority",
        interfaces=TOPOLOGICAL[1:],
        order="h_R^3",
    ),
    Equation(
        number="36",
        says="Torque at a topological insulator, summed.",
        quantity="fieldlike torque, all k_perp, relaxation times 0.7, 1.3, 0.4",
        exact=weighted(np.real),
        transcribed=eq.eq36,
        tex=TEX_36,
        interfaces=WEIGHTED,
        order="h_R^3",
    ),
)

for name, says, judge in (
    (
        "insulator-from-N-only",
        "Sec. V C: with both bands of F evanescent, only electrons from N have a torque.",
        remarks5cd.insulator_no_source,
    ),
    (
        "insulator-no-dampinglike",
        "Sec. V C: to first order, no dampinglike torque on a ferromagnetic insulator, whatever u_0 and u_m.",
        remarks5cd.insulator_no_dampinglike,
    ),
    (
        "insulator-no-dampinglike-plane",
        "Sec. V C: the same, all k_perp, for interface potentials of either sign.",
        remarks5cd.dampinglike_plane,
    ),
    (
        "insulator-odd-in-m",
        "Beyond (27): at any h_R the torque on a ferromagnetic insulator is odd in m,"
        " but not along m x y alone.",
        remarks5cd.insulator_odd,
    ),
    (
        "dampinglike-evanescent-in-N",
        "Sec. V C, of Sec. V A: waves evanescent in the normal metal are what gives a dampinglike torque.",
        remarks5cd.evanescent_in_N,
    ),
    (
        "dampinglike-evanescent-in-F",
        "Corrected: waves that propagate in N and are evanescent in the minority band of F do.",
        remarks5cd.evanescent_in_F,
    ),
    (
        "insulator-maximum",
        "Below (28): at E_F = U - J the torque has its maximum at J = U/3.",
        remarks5cd.maximum_in_J,
    ),
    (
        "insulator-grows",
        "Below (28): the torque vanishes with E_F and grows with it up to E_F = U - J.",
        remarks5cd.grows_with_E_F,
    ),
    (
        "insulator-bound",
        "(29) as an inequality: no torque is larger.",
        remarks5cd.bound,
    ),
    (
        "fig8-unit",
        "Caption of Fig. 8: in a unit with 8 and 1/U^(3/2) the torque is the last factor of (30).",
        remarks5cd.fig8_unit(corrected=False),
    ),
    (
        "fig8-unit-corrected",
        "In a unit with 2 and U^(3/2), and the charge e that the caption lacks, it is.",
        remarks5cd.fig8_unit(corrected=True),
    ),
    (
        "topological-no-reflection",
        "Below (34): r vanishes where N is insulating.",
        remarks5cd.no_reflection,
    ),
    (
        "topological-minority-closed",
        "Below (36): minority electrons do not contribute where E_F < J.",
        remarks5cd.minority_closed,
    ),
    (
        "topological-no-dampinglike",
        "Below (36): to first order, no dampinglike torque where N is insulating, whatever the interface.",
        remarks5cd.topological_no_dampinglike,
    ),
    (
        "topological-equal-times",
        "Below (36): there is a torque even if tau^up = tau^down.",
        remarks5cd.equal_times,
    ),
    (
        "topological-odd-in-m",
        "Beyond (36): with tau^up = tau^down the torque is odd in m at any h_R, but not along m x y alone.",
        remarks5cd.topological_odd,
    ),
):
    register(Statement(name, says, judge))
