"""Sec. V B on trial: magnetic bilayers with interface magnetism. Its remarks in words: `remarks5b`."""

from __future__ import annotations

import numpy as np

from sotcheck.exact.parts import beyond, by_spin, component, weighted
from sotcheck.papers.kim2017 import remarks5b
from sotcheck.papers.kim2017 import section5b as eq
from sotcheck.papers.kim2017.models import INTERFACE
from sotcheck.papers.kim2017.old import Definition, Equation, Statement, register

TEX_A = (
    r"Re[T_R]=h_R\frac{\hbar eE_x}{\pi m_e}\sum_{k_\perp^2<k_F^2}"
    r"\frac{2u_0u_m(\tau+\tau_F^{c})+(u_0^2+u_m^2)\tau_F^{%s}}{D_{\mathbf k}(u_0,u_m)}"
)
TEX_B = (
    r"Im[T_R]=-h_R\frac{\hbar eE_x}{\pi m_e}\sum_{%s<k_F^2}"
    r"k_z\frac{2u_0(\tau-\tau_F^{c})-2u_m\tau_F^{s}}{D_{\mathbf k}(u_0,u_m)}"
)
OFF_A = "an index: the last term belongs to the spin current, tau_F^s, not to the charge current again"
OFF_RANGE = (
    "a swapped symbol: the range of the sum is k_perp^2 < k_F^2; k_z^2 < k_F^2 holds at every k_perp,"
    " closed channels included, where the sum diverges"
)


register(
    Definition(
        number="22",
        says="A delta function with a spin-independent and a spin-dependent strength.",
        tex=r"H=-\frac{\hbar^2}{2m_e}\nabla^2+\frac{\hbar^2}{2m_e}(u_0+u_m\hat\sigma\cdot\mathbf m)\delta(z)",
        why="a model; (23) and (24) are tried on it",
    ),
    Equation(
        number="23",
        says="Reflection amplitudes of a spin-dependent delta function.",
        quantity="r, majority and minority",
        exact=by_spin(0),
        transcribed=eq.eq23_r,
        tex=r"r_{\mathbf k}^{\uparrow\downarrow}=\frac{u_0\mp u_m}{2ik_z-(u_0\mp u_m)}",
        interfaces=INTERFACE,
    ),
    Equation(
        number="23",
        says="Transmission amplitudes of a spin-dependent delta function.",
        quantity="t', majority and minority",
        exact=by_spin(3),
        transcribed=eq.eq23_t_prime,
        tex=r"t_{\mathbf k}'^{\uparrow\downarrow}=1+r_{\mathbf k}^{\uparrow\downarrow}",
        interfaces=INTERFACE,
    ),
)

for source, time in (("normal", "tau"), ("majority", "tau^up"), ("minority", "tau^down")):
    wrong = source == "minority"
    register(
        Equation(
            number="24a",
            says=f"Fieldlike torque with interface magnetism: coefficient of {time}.",
            quantity=f"fieldlike torque at each k_perp per {time}",
            exact=component(source, np.real),
            transcribed=getattr(eq, f"eq24a_{source}"),
            tex=TEX_A % "c",
            corrected=eq.eq24a_minority_corrected if wrong else None,
            corrected_tex=TEX_A % "s" if wrong else "",
            kind="marks" if wrong else None,
            off_by=OFF_A if wrong else "",
            source=source,
            interfaces=INTERFACE,
            order="h_R^3",
        ),
        Equation(
            number="24b",
            says=f"Dampinglike torque with interface magnetism: coefficient of {time}.",
            quantity=f"dampinglike torque at each k_perp < k_F per {time}",
            exact=component(source, np.imag),
            transcribed=getattr(eq, f"eq24b_{source}"),
            tex=TEX_B % "k_z^2",
            source=source,
            interfaces=INTERFACE,
            order="h_R^3",
        ),
    )

register(
    Equation(
        number="24a",
        says="The sum of the fieldlike torque runs over open channels.",
        quantity="fieldlike torque per tau at k_perp on both sides of k_F",
        exact=beyond(np.real),
        transcribed=eq.eq24a_range,
        tex=TEX_A % "c",
        source="normal",
        interfaces=INTERFACE,
        order="h_R^3",
    ),
    Equation(
        number="24b",
        says="The sum of the dampinglike torque runs over open channels.",
        quantity="dampinglike torque per tau at k_perp on both sides of k_F",
        exact=beyond(np.imag),
        transcribed=eq.eq24b_range,
        tex=TEX_B % "k_z^2",
        corrected=eq.eq24b_range_corrected,
        corrected_tex=TEX_B % r"k_\perp^2",
        kind="marks",
        off_by=OFF_RANGE,
        source="normal",
        interfaces=INTERFACE,
        order="h_R^3",
    ),
    Equation(
        number="24a",
        says="Fieldlike torque with interface magnetism, summed.",
        quantity="fieldlike torque, all k_perp, relaxation times 0.7, 1.3, 0.4",
        exact=weighted(np.real),
        transcribed=eq.eq24a_sum,
        tex=TEX_A % "c",
        corrected=eq.eq24a_sum_corrected,
        corrected_tex=TEX_A % "s",
        kind="marks",
        off_by=OFF_A,
        interfaces=remarks5b.SUMMED,
        order="h_R^3",
    ),
    Equation(
        number="24b",
        says="Dampinglike torque with interface magnetism, summed over open channels (the range: see there).",
        quantity="dampinglike torque, all k_perp < k_F, relaxation times 0.7, 1.3, 0.4",
        exact=weighted(np.imag),
        transcribed=eq.eq24b_sum,
        tex=TEX_B % r"k_\perp^2",
        interfaces=remarks5b.SUMMED,
        order="h_R^3",
    ),
    Statement(
        "interface-fieldlike-adds",
        "Charge currents on both sides have the same fieldlike torque: it goes with tau + tau_F^c.",
        remarks5b.fieldlike_adds,
    ),
    Statement(
        "interface-dampinglike-subtracts",
        "Charge currents on both sides have opposite dampinglike torques: it goes with tau - tau_F^c.",
        remarks5b.dampinglike_subtracts,
    ),
    Statement(
        "interface-no-barrier",
        "Charge currents have no torque where u_0 = 0.",
        remarks5b.no_barrier,
    ),
    Statement(
        "interface-no-magnetism",
        "There is a torque even where u_m = 0.",
        remarks5b.no_magnetism,
    ),
    Statement(
        "interface-share-charge",
        "Charge currents: terms with u_m in the numerators of (24) are the torque on the interface.",
        remarks5b.charge_shares,
    ),
    Statement(
        "interface-share-spin",
        "Spin current: terms with u_m in the numerators of (24) are the torque on the interface.",
        remarks5b.spin_share,
    ),
    Statement(
        "interface-share-spin-corrected",
        "Spin current: the interface gets twice the terms with u_m in (24), the bulk the rest.",
        remarks5b.spin_share_corrected,
    ),
    Statement(
        "interface-no-evanescent",
        "All wave vectors are the same: no state at the Fermi energy has an evanescent part.",
        remarks5b.no_evanescent,
    ),
    Statement(
        "interface-fig6-unit",
        "The unit of Fig. 6, proportional to 1/k_F, makes its panels functions of u_0/k_F and u_m/k_F alone.",
        remarks5b.fig6_unit,
    ),
    Statement(
        "interface-fig6-unit-corrected",
        "A unit proportional to k_F^3 does.",
        remarks5b.fig6_unit_corrected,
    ),
)
