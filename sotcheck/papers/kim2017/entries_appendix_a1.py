"""App. A 1 on trial up to (A9): currents along any direction from biases of either side."""

from __future__ import annotations

import numpy as np

from sotcheck.exact.profiles import at_position, far_from, weighted
from sotcheck.exact.solved import Exact, Solved
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import appendix_a1 as eq
from sotcheck.papers.kim2017 import appendix_a1_remarks, reciprocity
from sotcheck.papers.kim2017 import entries_appendix_a1_conductances as appendix_a1_conductances
from sotcheck.papers.kim2017.old import Definition, Equation, register
from sotcheck.trial.grounds import FINITE, GENERAL

UNIT = r"-\frac{e^2L}{hV}"
SUM = r"\sum_{\mathbf k_\perp}"
R_MU_R = r"\hat r_{\mathbf k}\Delta\hat\mu^N\hat r_{\mathbf k}^\dagger"
T_MU_T = r"\hat t'_{\mathbf k}\Delta\hat\mu^F\hat t_{\mathbf k}'^\dagger"
BAR = r"\mathbf k\cdot\bar{\mathbf u}"
ALONG = r"\mathbf k\cdot\mathbf u"
WAVE, BACK = r"\frac{e^{i\hat K_zz}}{\sqrt{|\hat K_z|}}", r"\frac{e^{-i\hat K_zz}}{\sqrt{|\hat K_z|}}"
RASHBA = r"\hat\sigma\cdot(\mathbf k\times\mathbf z)"


def per_wave(exact: Exact) -> Exact:
    """The current per occupation of waves of unit amplitude, not flux."""
    return lambda one: weighted(exact(one), np.broadcast_to(_kz(one), (len(one.k_perp), 6)))


def where_F_is_open(exact: Exact) -> Exact:
    """The same at those k_⊥ for which both bands of F are open."""

    def masked(one: Solved) -> Estimate:
        is_open = one.states.Kz[:, :, 0].real.min(axis=-1) > 0
        return weighted(exact(one), is_open.astype(float))

    return masked


def _kz(one: Solved) -> Array:
    kz: Array = one.states.kz[:, :1, 0].real
    return kz


def change_of(which: int) -> Exact:
    """∂/∂h_R at h_R = 0 of one of r̂, t̂, r̂', t̂'."""
    return lambda one: one.linear(one.states.amplitudes()[which])


for number, which, name, left, right in (
    ("A1a", 1, "t", r"\hat t^0_{ex}", r"(\hat 1+\hat r^0)"),
    ("A1b", 3, "t'", r"(1+\hat r^0_{ex})", r"\hat t'^0"),
    ("A1c", 0, "r", r"(1+\hat r^0_{ex})", r"(\hat 1+\hat r^0)"),
    ("A1d", 2, "r'", r"\hat t^0_{ex}", r"\hat t'^0"),
):
    register(
        Equation(
            number=number,
            says=f"First-order change of {name}, repeated from Sec. III; as there, a lost 1 is restored.",
            quantity=f"d{name}/dh_R at h_R = 0, all elements",
            exact=change_of(which),
            transcribed=getattr(eq, f"eq{number}"),
            tex=rf"\hat {name}=\hat {name}^0+\frac{{h_R}}{{2ik_z}}{left}\,{RASHBA}{right}",
            interfaces=GENERAL,
            order="h_R^2",
        )
    )

A3 = (
    r"\hat j^N_{\mathbf u}(z<0)=-\frac{e\hbar}{m_eV}\sum_{\mathbf k}("
    + ALONG
    + r"\hat f^N_{\mathbf k}+"
    + BAR
    + r"\,\hat r_{\mathbf k}\hat f^N_{\mathbf k}\hat r_{\mathbf k}^\dagger)"
)
A3_FULL = (
    r"\hat j^N_{\mathbf u}(z<0)=-\frac{e\hbar}{m_eV}\sum_{\mathbf k}"
    + ALONG
    + r"(\hat f^N_{\mathbf k}+\hat r_{\mathbf k}\hat f^N_{\mathbf k}\hat r_{\mathbf k}^\dagger"
    + r"+2Re[e^{2ik_zz}\hat f^N_{\mathbf k}\hat r_{\mathbf k}^\dagger]),\quad \mathbf u\perp\mathbf z"
)
A4 = (
    r"\hat j^N_{\mathbf u}(z<0)="
    + UNIT
    + SUM
    + r"\frac{1}{k_z}["
    + ALONG
    + r"\Delta\hat\mu^N\hat 1_{\mathbf k}+"
    + BAR
    + r"\,"
    + R_MU_R
    + "]"
)
A4_FULL = (
    r"\hat j^N_{\mathbf u}(z<0)="
    + UNIT
    + SUM
    + r"\frac{"
    + ALONG
    + r"}{k_z}[\Delta\hat\mu^N\hat 1_{\mathbf k}+"
    + R_MU_R
    + r"+2Re[e^{2ik_zz}\Delta\hat\mu^N\hat r_{\mathbf k}^\dagger]],\quad \mathbf u\perp\mathbf z"
)
INTERFERENCE = "a missing term: interference of incident and reflected waves, 2Re[e^(2ik_z z) f r^dagger]"

for number, per, tex, full, what in (
    ("A3", per_wave, A3, A3_FULL, "per occupation"),
    ("A4", lambda exact: exact, A4, A4_FULL, "per bias"),
):
    register(
        Equation(
            number=number,
            says="The current in N of electrons from N, perpendicular to the interface.",
            quantity=f"charge and spin current {what} along z at z < 0, any bias, finite h_R",
            exact=per(at_position("N", eq.Z_N, "N", eq.Z)),
            transcribed=getattr(eq, f"eq{number}_perpendicular"),
            tex=tex,
            source="normal",
            interfaces=FINITE,
        ),
        Equation(
            number=number,
            says="The same in the plane, averaged over distances from the interface.",
            quantity=f"charge and spin current {what} along an oblique u, mean over z < 0, finite h_R",
            exact=per(far_from("N", "N", eq.OBLIQUE)),
            transcribed=getattr(eq, f"eq{number}_oblique"),
            tex=tex,
            source="normal",
            interfaces=FINITE,
        ),
        Equation(
            number=number,
            says="The same in the plane, near the interface.",
            quantity=f"charge and spin current {what} in the plane at a z < 0, any bias, finite h_R",
            exact=per(at_position("N", eq.Z_N, "N", eq.PLANE)),
            transcribed=getattr(eq, f"eq{number}_plane"),
            tex=tex,
            corrected=getattr(eq, f"eq{number}_plane_corrected"),
            corrected_tex=full,
            kind="content",
            off_by=INTERFERENCE,
            source="normal",
            interfaces=FINITE,
        ),
    )

A5 = (
    r"\hat j^F_{\mathbf u}(z<0)="
    + UNIT
    + r"Re"
    + SUM
    + r"\left[\frac{"
    + BAR
    + r"}{|k_z|}e^{2Im[k_z]z}\,%s\right]"
)
A7B = (
    r"\hat j^N_{\mathbf u}(z>0)="
    + UNIT
    + r"Re"
    + SUM
    + r"\left[\hat{\mathbf K}\cdot\mathbf u"
    + WAVE
    + r"%s\Delta\hat\mu^N\hat t_{\mathbf k}^\dagger\frac{e^{-i\hat K_z^*z}}{\sqrt{|\hat K_z|}}\right]"
)
A7C = (
    r"\hat j^F_{\mathbf u}(z>0)="
    + UNIT
    + r"Re"
    + SUM
    + r"\hat{\mathbf K}\cdot\left\{"
    + WAVE
    + r"\left[\bar{\mathbf u}\Delta\hat\mu^F\hat 1'_{\mathbf k}"
    r"+\mathbf u\,\hat r'_{\mathbf k}\Delta\hat\mu^F\hat r_{\mathbf k}'^\dagger e^{-2Im[\hat K_z]z}"
    r"+(\bar{\mathbf u}e^{-2i\hat K_zz}\Delta\hat\mu^F\hat r_{\mathbf k}'^\dagger %s"
    r"+\mathbf u\,\hat r'_{\mathbf k}\Delta\hat\mu^Fe^{2i\hat K_zz})\right]" + BACK + r"\right\}"
)
A8B = (
    r"\hat j_{\mathbf u}(z>0)="
    + UNIT
    + SUM
    + r"\frac{\hat 1'_{\mathbf k}}{\hat K_z}[\hat{\mathbf K}\cdot\mathbf u\,Diag["
    r"\hat r'_{\mathbf k}\Delta\hat\mu^F\hat r_{\mathbf k}'^\dagger"
    r"+\hat t_{\mathbf k}\Delta\hat\mu^N\hat t_{\mathbf k}^\dagger]%s"
)

register(
    Definition(
        number="A2",
        says="Charge and spin current along u as the zeroth and the other components of a four-vector.",
        tex=r"\tilde j_{\mathbf u}=-\frac{e}{2}Tr_\sigma[\rho\{v_u,\delta(\mathbf r_{op}-\mathbf r)\}"
        r"\tilde\sigma]",
        why="defines the current operator; (A3) to (A16) are measured with it",
    ),
    Equation(
        number="A5",
        says="The current in N of electrons from F, decaying waves included.",
        quantity="charge and spin current along an oblique u at z < 0, biases of F, finite h_R",
        exact=at_position("N", eq.Z_N, "F", eq.OBLIQUE),
        transcribed=eq.eqA5,
        tex=A5 % r"\hat r_{\mathbf k}\Delta\hat\mu^F\hat r_{\mathbf k}^\dagger",
        corrected=eq.eqA5_corrected,
        corrected_tex=A5 % T_MU_T,
        kind="marks",
        off_by="a swapped symbol: waves from F are t' in N, not r",
        interfaces=FINITE,
    ),
    Definition(
        number="A6",
        says="The current in N is the sum of those of electrons from N and from F.",
        tex=r"\hat j_{\mathbf u}(z<0)=\hat j^N_{\mathbf u}(z<0)+\hat j^F_{\mathbf u}(z<0)",
        why="splits the density matrix into incoherent sources; the terms are tried as (A4) and (A5)",
    ),
    Definition(
        number="A7a",
        says="The current in F is the sum of those of electrons from N and from F.",
        tex=r"\hat j_{\mathbf u}(z>0)=\hat j^N_{\mathbf u}(z>0)+\hat j^F_{\mathbf u}(z>0)",
        why="splits the density matrix into incoherent sources; the terms are tried as (A7b) and (A7c)",
    ),
    Equation(
        number="A7b",
        says="The current in F of electrons from N.",
        quantity="charge and spin current along an oblique u at a z > 0, biases of N, finite h_R",
        exact=at_position("F", eq.Z_F, "N", eq.OBLIQUE),
        transcribed=eq.eqA7b,
        tex=A7B % r"\hat r_{\mathbf k}",
        corrected=eq.eqA7b_corrected,
        corrected_tex=A7B % r"\hat t_{\mathbf k}",
        kind="marks",
        off_by="a swapped symbol: waves from N are t in F, not r",
        source="normal",
        interfaces=FINITE,
    ),
    Equation(
        number="A7c",
        says="The current in F of electrons from F where both bands of F are open.",
        quantity="charge and spin current along an oblique u at a z > 0, biases of F, both bands open",
        exact=where_F_is_open(at_position("F", eq.Z_F, "F", eq.OBLIQUE)),
        transcribed=eq.eqA7c_open,
        tex=A7C % "",
        interfaces=FINITE[:3],
    ),
    Equation(
        number="A7c",
        says="The same, a band closed or not; the 1' that the transcription has as t is restored.",
        quantity="charge and spin current along an oblique u at a z > 0, biases of F, finite h_R",
        exact=at_position("F", eq.Z_F, "F", eq.OBLIQUE),
        transcribed=eq.eqA7c,
        tex=A7C % "",
        corrected=eq.eqA7c_corrected,
        corrected_tex=A7C % r"e^{-2Im[\hat K_z]z}",
        kind="content",
        off_by="a missing factor e^(-2Im[K_z]z) in the first interference term: without it, the wave"
        " reflected into a closed band grows with z",
        interfaces=FINITE,
    ),
    Equation(
        number="A8a",
        says="The current in N without decaying and oscillating terms.",
        quantity="charge and spin current along an oblique u, mean over z < 0, all biases, finite h_R",
        exact=far_from("N", "NF", eq.OBLIQUE),
        transcribed=eq.eqA8a,
        tex=r"\hat j_{\mathbf u}(z<0)="
        + UNIT
        + SUM
        + r"\frac{\hat 1_{\mathbf k}}{k_z}["
        + BAR
        + "("
        + R_MU_R
        + "+"
        + T_MU_T
        + ")+"
        + ALONG
        + r"\Delta\hat\mu^N]",
        interfaces=FINITE,
    ),
    Equation(
        number="A8b",
        says="The current in F without decaying and oscillating terms, by band.",
        quantity="charge and spin current along an oblique u, mean over z > 0, all biases, finite h_R",
        exact=far_from("F", "NF", eq.OBLIQUE),
        transcribed=eq.eqA8b,
        tex=A8B % r"]+\hat{\mathbf K}\cdot\bar{\mathbf u}\Delta\hat\mu^F",
        corrected=eq.eqA8b_corrected,
        corrected_tex=A8B % r"+\hat{\mathbf K}\cdot\bar{\mathbf u}\Delta\hat\mu^F]",
        kind="marks",
        off_by="a bracket that closes too early: the incident term carries 1'/K_z as well",
        interfaces=FINITE,
    ),
    Equation(
        number="A9",
        says="The perpendicular current in N, that of magnetoelectric circuit theory.",
        quantity="charge and spin current along z at z < 0, all biases, finite h_R",
        exact=at_position("N", eq.Z_N, "NF", eq.Z),
        transcribed=eq.eqA9,
        tex=r"\hat j_{\mathbf z}(z<0)="
        + UNIT
        + r"\sum_{k_\perp^2<k_F^2}[\Delta\hat\mu^N-("
        + R_MU_R
        + "+"
        + T_MU_T
        + ")]",
        interfaces=FINITE,
    ),
    *appendix_a1_conductances.ENTRIES,
    *appendix_a1_remarks.STATEMENTS,
    *reciprocity.STATEMENTS,
)
