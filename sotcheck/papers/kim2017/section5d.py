"""Sec. V D: topological insulators, model (33). Its statements in words: `remarks5cd`.

Torques are in the unit ħeE_xτA/mₑ per h_R; summands are those of (1/A) Σ_{k_⊥}.
"""

from __future__ import annotations

import numpy as np

from sotcheck.exact.quantities import t_prime_by_spin, torque, whole_torque
from sotcheck.exact.quantity import Quantity
from sotcheck.exact.solved import Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import paper
from sotcheck.papers.kim2017.models import TOPOLOGICAL, WEIGHTS, linear
from sotcheck.papers.kim2017.section5b import TIMES
from sotcheck.papers.kim2017.section5c import BOTH, FRONT, HBAR, MASS, UNIT
from sotcheck.theory.symbols import Symbols

#: The minority band closed, and open, at E_F.
WEIGHTED = tuple(iface.with_(**WEIGHTS) for iface in TOPOLOGICAL[:2])

TEX_35 = (
    r"T_R=h_R\frac{\hbar^3eE_x}{4\pi m_e^2}\sum_{\mathbf k_\perp}k_\perp^2"
    r"\left(\frac{Re[k_z^-]}{U+J}\tau^\uparrow-\frac{Re[k_z^+]}{U-J}\tau^\downarrow\right)"
)


def _sums_of_squares(one: Solved) -> Estimate:
    """q_z² + (k_z^±)² of the waves in exact states: minority, majority; shape (n, 6, 2)."""
    q: Complex = (-1j * one.states.kz)[..., None]
    return one.unperturbed(q**2 + one.states.Kz**2)


paper.define("33", "A normal metal that a barrier U makes insulating, on a ferromagnet.",
    tex=r"H=-\frac{\hbar^2}{2m_e}\nabla^2+U\Theta(-z)+J\hat\sigma\cdot\mathbf m\Theta(z)",
    why="a model; (34) to (36) are tried on it")  # fmt: skip


@paper.equation("33", of=Quantity("q_z^2 + (k_z^+-)^2, minority and majority", _sums_of_squares),
    on=TOPOLOGICAL, tex=r"q_z^2+(k_z^\pm)^2=2m_e(U\mp J)/\hbar^2")  # fmt: skip
def below33(s: Symbols) -> Array:
    """Below (33): wave numbers on both sides."""
    U, J = s.iface.U_N, s.iface.J
    return 2 * MASS / HBAR**2 * np.array([U - J, U + J])


@paper.equation("34", of=t_prime_by_spin.named("t', majority and minority"), on=TOPOLOGICAL,
    tex=r"t_{\mathbf k}'^{\uparrow\downarrow}=\frac{2i\sqrt{Re[k_z^\mp]q_z}}{ik_z^\mp-q_z}")  # fmt: skip
def eq34(s: Symbols) -> Complex:
    """Transmission amplitudes into an insulating normal metal."""
    q = -1j * s.kz
    up = 2j * np.sqrt(s.kz_up.real * q) / (1j * s.kz_up - q)
    down = 2j * np.sqrt(s.kz_down.real * q) / (1j * s.kz_down - q)
    return np.stack([up, down], axis=-1)


@linear("35", of=torque.of("majority").named(f"{BOTH} per tau^up"), on=TOPOLOGICAL, tex=TEX_35)
def eq35_majority(s: Symbols) -> Array:
    """Torque at a topological insulator: coefficient of tau^up."""
    U, J = s.iface.U_N, s.iface.J
    return HBAR**3 / (4 * np.pi * MASS**2) * s.k2 * s.kz_up.real / (U + J) / UNIT


@linear("35", of=torque.of("minority").named(f"{BOTH} per tau^down"), on=TOPOLOGICAL[1:], tex=TEX_35)
def eq35_minority(s: Symbols) -> Array:
    """Torque at a topological insulator: coefficient of tau^down."""
    U, J = s.iface.U_N, s.iface.J
    return -(HBAR**3) / (4 * np.pi * MASS**2) * s.k2 * s.kz_down.real / (U - J) / UNIT


@linear(
    "36",
    of=whole_torque.fieldlike.named(f"fieldlike torque, all k_perp, {TIMES}"),
    on=WEIGHTED,
    tex=r"T_R=\frac{h_R\sqrt{2m_e}\,eE_xA}{15\pi^2\hbar^2}Re\left[\frac{(E_F+J)^{5/2}\tau^\uparrow}{U+J}"
    r"-\frac{(E_F-J)^{5/2}\tau^\downarrow}{U-J}\right]",
)
def eq36(s: Symbols) -> Array:
    """Torque at a topological insulator, summed."""
    i = s.iface
    up = np.divide(complex(i.E_F + i.J) ** 2.5 * i.tau_up, i.U_N + i.J)
    down = np.divide(complex(i.E_F - i.J) ** 2.5 * i.tau_down, i.U_N - i.J)
    return FRONT * (up - down).real
