"""Sec. III on trial."""

from __future__ import annotations

import numpy as np

from sotcheck.exact.finite import amplitude, channels, measured, states, twice
from sotcheck.exact.finite import wave_from_F as wave_F
from sotcheck.exact.finite import wave_from_N as wave_N
from sotcheck.exact.solved import Exact, Solved
from sotcheck.numerics.arrays import Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import section3 as eq
from sotcheck.papers.kim2017.old import Definition, Equation, Statement, register
from sotcheck.system.spin import in_spin_bands
from sotcheck.trial.grounds import FINITE, GENERAL
from sotcheck.trial.judge import relation

MATRIX = r"(i\hat K_z+ik_z-\hat\kappa)^{-1}"
RASHBA = r"\hat\sigma\cdot(\mathbf k\times\mathbf z)"


def jump_of_spin_current(one: Solved) -> Estimate:
    """Spin current at +0 minus that at −0 of waves of unit amplitude, by source."""
    found = states(one)
    flux = np.concatenate([found.kz.real[..., None], found.Kz.real[..., ::-1]], axis=-1)
    return measured(one, flux[..., None] * (found.spin_plus - found.spin_minus))


def amplitudes(*which: int) -> Exact:
    """Chosen ones of r̂, t̂, r̂', t̂' at the interface's own h_R."""

    def exact(one: Solved) -> Estimate:
        values = [states(one).amplitudes()[i] for i in which]
        return measured(one, values[0] if len(values) == 1 else np.stack(values, axis=-3))

    return exact


def change_of(which: int) -> Exact:
    """∂/∂h_R at h_R = 0 of one of r̂, t̂, r̂', t̂'."""
    return lambda one: one.linear(one.states.amplitudes()[which])


def from_N(one: Solved) -> Complex:
    """ψ(0) per unit amplitude incident from N."""
    return amplitude(states(one))[0]


def from_F(one: Solved) -> Complex:
    """ψ(0) per unit amplitude incident from F."""
    return amplitude(states(one))[1]


def from_F_unperturbed(one: Solved) -> Complex:
    """The same at h_R = 0."""
    return amplitude(one.states)[1][:, :, 0]


def from_F_by_flux(one: Solved) -> Complex:
    """√|K̂_z| ψ(0) per unit flux incident from F."""
    found = states(one)
    return in_spin_bands(np.sqrt(np.abs(found.Kz)).astype(complex), found.m) @ found.psi_F


register(
    Equation(
        number="1a",
        says="Electrons incident from N, on the side of N: an incoming and a reflected plane wave.",
        quantity="psi and its second derivative at z = -0, spin current at z = -0",
        exact=wave_N("N"),
        transcribed=eq.eq1a,
        tex=r"\psi^N_{\mathbf k\sigma}(z<0)=\frac{1}{\sqrt V}e^{i\mathbf k\cdot\mathbf r}\xi_\sigma"
        r"+\frac{1}{\sqrt V}e^{i\bar{\mathbf k}\cdot\mathbf r}"
        r"\sum_{\sigma'}r^{\sigma'\sigma}_{\mathbf k}\xi_{\sigma'}",
        source="normal",
        interfaces=FINITE,
    ),
    Equation(
        number="1b",
        says="Electrons incident from N, on the side of F: a transmitted wave in each band.",
        quantity="psi and its second derivative at z = +0, spin current at z = +0",
        exact=wave_N("F"),
        transcribed=eq.eq1b,
        tex=r"\psi^N_{\mathbf k\sigma}(z>0)=\frac{1}{\sqrt V}\sum_{\sigma'}\sqrt{\frac{|k_z|}{|k_z'|}}"
        r"e^{i\mathbf k'\cdot\mathbf r}t^{\sigma'\sigma}_{\mathbf k}\xi_{\sigma'}",
        source="normal",
        interfaces=FINITE,
    ),
    Equation(
        number="2a",
        says="The wave (1a) in matrix form, nothing where k_z is imaginary.",
        quantity="psi and its second derivative at z = -0, spin current at z = -0",
        exact=wave_N("N"),
        transcribed=eq.eq2a,
        tex=r"\psi^N_{\mathbf k\sigma}(z<0)=\frac{e^{ik_xx+ik_yy}}{\sqrt V}"
        r"(e^{ik_zz}\hat 1_{\mathbf k}+e^{-ik_zz}\hat r_{\mathbf k})\xi_\sigma",
        source="normal",
        interfaces=FINITE,
    ),
    Equation(
        number="2b",
        says="The wave (1b) in matrix form.",
        quantity="psi and its second derivative at z = +0, spin current at z = +0",
        exact=wave_N("F"),
        transcribed=eq.eq2b,
        tex=r"\psi^N_{\mathbf k\sigma}(z>0)=\frac{e^{ik_xx+ik_yy}}{\sqrt V}"
        r"\sqrt{|k_z||\hat K_z|^{-1}}e^{i\hat K_zz}\hat t_{\mathbf k}\xi_\sigma",
        source="normal",
        interfaces=FINITE,
    ),
    Equation(
        number="3a",
        says="Electrons incident from F, on the side of N: a transmitted wave.",
        quantity="psi and its second derivative at z = -0, spin current at z = -0 by band of incidence",
        exact=wave_F("N"),
        transcribed=eq.eq3a,
        tex=r"\psi^F_{\mathbf k\sigma}(z<0)=\frac{e^{ik_xx+ik_yy}}{\sqrt V}"
        r"\sqrt{|k_z|^{-1}}e^{-ik_zz}\hat r'_{\mathbf k}\sqrt{|\hat K_z|}\xi_\sigma",
        corrected=eq.eq3a_corrected,
        corrected_tex=r"\psi^F_{\mathbf k\sigma}(z<0)=\frac{e^{ik_xx+ik_yy}}{\sqrt V}"
        r"\sqrt{|k_z|^{-1}}e^{-ik_zz}\hat t'_{\mathbf k}\sqrt{|\hat K_z|}\xi_\sigma",
        kind="marks",
        off_by="a swapped symbol: the wave behind the interface carries t', not r'",
        interfaces=FINITE,
    ),
    Equation(
        number="3b",
        says="Electrons incident from F, on the side of F: an incoming and a reflected wave in each band.",
        quantity="psi and its second derivative at z = +0, spin current at z = +0 by band of incidence",
        exact=wave_F("F"),
        transcribed=eq.eq3b,
        tex=r"\psi^F_{\mathbf k\sigma}(z>0)=\frac{e^{ik_xx+ik_yy}}{\sqrt V}\sqrt{|\hat K_z|^{-1}}"
        r"(e^{-i\hat K_zz}\hat 1'_{\mathbf k}+e^{i\hat K_zz}\hat r'_{\mathbf k})\sqrt{|\hat K_z|}\xi_\sigma",
        interfaces=FINITE,
    ),
    Equation(
        number="4a",
        says="The projector on incident channels of N: all or none.",
        quantity="projector on the spinors that arrive from N in an exact state",
        exact=channels("N"),
        transcribed=eq.eq4a,
        tex=r"\hat 1_{\mathbf k}=1\ (k_z\ real),\quad 0\ (k_z\ imaginary)",
        interfaces=FINITE,
    ),
    Equation(
        number="4b",
        says="The projector on incident channels of F: both bands, the majority, or none.",
        quantity="projector on the spinors that arrive from F in an exact state",
        exact=channels("F"),
        transcribed=eq.eq4b,
        tex=r"\hat 1'_{\mathbf k}=1\ (k_z^\pm\ real),\quad u_-\ (only\ k_z^-\ real),"
        r"\quad 0\ (both\ imaginary)",
        interfaces=FINITE,
    ),
    Definition(
        number="5",
        says="The interface potential is a delta function with a matrix in spin space.",
        tex=r"H_I=\frac{\hbar^2}{2m_e}\hat\kappa\,\delta(z)",
        why="a model; what it does to the wave function is tried apart",
    ),
    Equation(
        number="5",
        says="Below (5): the slope of the wave function jumps by kappa psi.",
        quantity="jump of the spin current at z = 0, by source",
        exact=jump_of_spin_current,
        transcribed=eq.eq5,
        tex=r"\hat\kappa\psi_{z=0}=\partial_z\psi_{z=+0}-\partial_z\psi_{z=-0}",
        interfaces=FINITE,
    ),
    Equation(
        number="6a",
        says="Transmission from N in terms of the interface potential.",
        quantity="t at finite h_R, all elements",
        exact=amplitudes(1),
        transcribed=eq.eq6a,
        tex=r"\hat t_{ex}=2ik_z\sqrt{|\hat K_z||k_z|^{-1}}" + MATRIX,
        interfaces=FINITE,
    ),
    Equation(
        number="6b",
        says="Named as reflection from N in terms of the interface potential.",
        quantity="r at finite h_R, all elements",
        exact=amplitudes(0),
        transcribed=eq.eq6b,
        tex=r"\hat r_{ex}=" + MATRIX + r"2i\hat K_z\sqrt{|k_z||\hat K_z|^{-1}}",
        corrected=eq.eq6b_corrected,
        corrected_tex=r"\hat r_{ex}=" + MATRIX + r"(ik_z-i\hat K_z+\hat\kappa)",
        kind="marks",
        off_by="the name: this right-hand side is that of t'; r is that of (6c)",
        interfaces=FINITE,
    ),
    Equation(
        number="6c",
        says="Named as reflection from F in terms of the interface potential.",
        quantity="r' at finite h_R, all elements",
        exact=amplitudes(2),
        transcribed=eq.eq6c,
        tex=r"\hat r'_{ex}=" + MATRIX + r"(ik_z-i\hat K_z+\hat\kappa)",
        corrected=eq.eq6c_corrected,
        corrected_tex=r"\hat r'_{ex}=\sqrt{|\hat K_z|}"
        + MATRIX
        + r"(i\hat K_z-ik_z+\hat\kappa)\sqrt{|\hat K_z|^{-1}}",
        kind="marks",
        off_by="the name: this right-hand side is that of r; r' is that of (6d)",
        interfaces=FINITE,
    ),
    Equation(
        number="6d",
        says="Named as transmission from F in terms of the interface potential.",
        quantity="t' at finite h_R, all elements",
        exact=amplitudes(3),
        transcribed=eq.eq6d,
        tex=r"\hat t'_{ex}=\sqrt{|\hat K_z|}" + MATRIX + r"(i\hat K_z-ik_z+\hat\kappa)\sqrt{|\hat K_z|^{-1}}",
        corrected=eq.eq6d_corrected,
        corrected_tex=r"\hat t'_{ex}=" + MATRIX + r"2i\hat K_z\sqrt{|k_z||\hat K_z|^{-1}}",
        kind="marks",
        off_by="the name: this right-hand side is that of r'; t' is that of (6b)",
        interfaces=FINITE,
    ),
    Equation(
        number="7",
        says="Projecting the incident side of the extended matrices gives the scattering matrices.",
        quantity="r, t, r', t' at finite h_R, all elements",
        exact=amplitudes(0, 1, 2, 3),
        transcribed=eq.eq7,
        tex=r"\hat r=\hat r_{ex}\hat 1,\quad\hat t=\hat t_{ex}\hat 1,\quad"
        r"\hat r'=\hat r'_{ex}\hat 1',\quad\hat t'=\hat t'_{ex}\hat 1'",
        interfaces=FINITE,
    ),
    Definition(
        number="8",
        says="The interface potential is spin conserving but for a Rashba term.",
        tex=r"\hat\kappa=\hat\kappa_0+h_R\," + RASHBA,
        why="a model; every other entry is tried on it",
    ),
    Equation(
        number="9",
        says="Dyson equation of the transmission matrix, at any h_R.",
        quantity="t at finite h_R, all elements (N open)",
        exact=amplitudes(1),
        transcribed=eq.eq9,
        tex=r"\hat t_{ex}=\hat t^0_{ex}+\frac{h_R}{2ik_z}\hat t^0_{ex}\,"
        + RASHBA
        + r"\sqrt{|k_z||\hat K_z|^{-1}}\,\hat t_{ex}",
        interfaces=FINITE,
    ),
    Equation(
        number="9",
        says="The same by what it implies for electrons incident from F, N open or closed.",
        quantity="t' at finite h_R, all elements (t_ex carried over by the relations below (7))",
        exact=amplitudes(3),
        transcribed=eq.eq9_from_F,
        tex=r"\hat t'_{ex}=\frac{|k_z|}{k_z}|\hat K_z|^{-1/2}\left[\hat t^0_{ex}+\frac{h_R}{2ik_z}"
        r"\hat t^0_{ex}\,"
        + RASHBA
        + r"\sqrt{|k_z||\hat K_z|^{-1}}\,\hat t_{ex}\right]\hat K_z|\hat K_z|^{-1/2}",
        interfaces=FINITE,
    ),
)

for number, which, name, says, left, right in (
    ("10a", 1, "t", "transmission matrix from N", r"\hat t^0_{ex}", r"(\hat 1+\hat r^0)"),
    ("10b", 3, "t'", "transmission matrix from F", r"(1+\hat r^0_{ex})", r"\hat t'^0"),
    ("10c", 0, "r", "reflection matrix from N", r"(1+\hat r^0_{ex})", r"(\hat 1+\hat r^0)"),
    ("10d", 2, "r'", "reflection matrix from F", r"\hat t^0_{ex}", r"\hat t'^0"),
):
    symbol = rf"\hat {name}"
    register(
        Equation(
            number=number,
            says=f"First-order change of the {says}.",
            quantity=f"d{name}/dh_R at h_R = 0, all elements",
            exact=change_of(which),
            transcribed=getattr(eq, f"eq{number}"),
            tex=rf"{symbol}={symbol}^0+\frac{{h_R}}{{2ik_z}}{left}\,{RASHBA}{right}",
            interfaces=GENERAL,
            order="h_R^2",
        )
    )

register(
    Statement(
        "continuity-from-N",
        "Below (4b): 1 + r = sqrt(|k_z|/|K_z|) t with the projector for 1, N open or not.",
        relation(twice(from_N), eq.continuity_from_N, "both sides against psi(0)", "Continuity at z = 0."),
    ),
    Statement(
        "continuity-from-F",
        "Below (4b): 1' + r' = sqrt(|K_z|/|k_z|) t' with the projector for 1', whichever bands are open.",
        relation(
            twice(from_F_by_flux), eq.continuity_from_F, "both sides against psi(0)", "Continuity at z = 0."
        ),
    ),
    Statement(
        "extended-continuity-N",
        "Below (7): 1 + r_ex = sqrt(|k_z|/|K_z|) t_ex without projection, N closed included.",
        relation(
            twice(from_F),
            eq.extended_continuity_N,
            "both sides on the open bands of F, against psi(0) of waves from F",
            "Where N is closed, waves from F tell the extended matrices on the open bands of F.",
        ),
    ),
    Statement(
        "extended-continuity-F",
        "Below (7): 1 + r'_ex = sqrt(|K_z|/|k_z|) t'_ex without projection, closed bands included.",
        relation(
            twice(from_N),
            eq.extended_continuity_F,
            "both sides where N is open, against psi(0) of waves from N",
            "Where a band is closed, waves from N tell the extended matrices.",
        ),
    ),
    Statement(
        "third-relation-transcribed",
        "Below (7): (1 + r_ex)/k_z = |K_z|^(-1/2) (1 + r'_ex) sqrt(|K_z|/K_z), the last root as transcribed.",
        relation(
            twice(from_F),
            eq.third_relation,
            "both sides on the open bands of F, against psi(0) of waves from F",
            "The last root must be over |K_z| alone: see third-relation.",
        ),
    ),
    Statement(
        "third-relation",
        "Below (7): (1 + r_ex)/k_z = |K_z|^(-1/2) (1 + r'_ex) |K_z|^(1/2) / K_z, the root over |K_z| alone.",
        relation(
            twice(from_F),
            eq.third_relation_corrected,
            "both sides on the open bands of F, against psi(0) of waves from F",
            "Both sides are 2i (iK_z + ik_z - kappa)^(-1).",
        ),
    ),
    Statement(
        "third-relation-commuting",
        "Below (7): (1 + r_ex)/k_z = (1 + r'_ex)/K_z where the interface potential conserves spin.",
        relation(
            twice(from_F_unperturbed),
            eq.third_relation_commuting,
            "both sides on the open bands of F at h_R = 0, against psi(0) of waves from F",
            "Without the Rashba term everything commutes.",
            GENERAL,
        ),
    ),
    Statement(
        "before-eq9",
        "Before (9): t_ex = t0_ex (1 + (h_R/2ik_z) sigma.(k x z) (1 + r_ex)), at any h_R.",
        relation(amplitudes(1), eq.before_eq9, "t at finite h_R, all elements", "Exact, not an expansion."),
    ),
)
