"""Sec. IV: currents at the interface and the torque. Its statements in words: `remarks34`.

Currents are summands by k_⊥ and source (normal, majority, minority): in units of (eL/hV) f for (12), of
e²LE_xτ/2πmₑV for (13) to (15). Torques are summands of (1/A) Σ in units of ħeE_xτ/mₑ, per h_R.
"""

from __future__ import annotations

import numpy as np

from sotcheck.exact.currents import imaginary, linear_torque, moment
from sotcheck.exact.quantities import current_change, current_jump, current_minus, polarized_current, torque
from sotcheck.exact.quantity import N_closed, N_open, Quantity
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.papers.kim2017 import TOPOLOGICAL, at_finite, linear, paper
from sotcheck.papers.kim2017.finite_rashba import Extended, projected
from sotcheck.system.spin import PAULI, dagger, pauli_vector
from sotcheck.theory.first_order import FirstOrder
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.grounds import GENERAL

#: The text first ignores magnetism at the interface: the spin current at z = +0 is then all of the torque.
NO_INTERFACE_MAGNETISM = tuple(iface.with_(u_m=0.0) for iface in GENERAL)
#: Relaxation times that no source shares with another.
UNEQUAL = tuple(iface.with_(tau_N=0.7, tau_up=1.3, tau_down=0.4) for iface in GENERAL)
#: A spin density matrix of N without symmetry, to try (12) with.
POLARIZED: Complex = np.array([[0.8, 0.1 - 0.2j], [0.1 + 0.2j, 0.3]])

J_MINUS = r"\hat j_z|_{z=-0}"
UNIT_14 = r"h_R\frac{e^2LE_x}{4\pi m_eV}"
UNIT_16 = r"h_R\frac{\hbar eE_x}{8\pi m_e}"
DELTA_J = r"\Delta\hat j_z=" + UNIT_14 + r"\,Im\sum_{\mathbf k_\perp}\frac{k_\perp^2}{|k_z|}\hat\sigma_y"
FROM_12 = (J_MINUS + r"=-\frac{eL}{hV}\sum_{\mathbf k_\perp}\int dE\,(\hat f^N_{\mathbf k}\hat 1_{\mathbf k}-"
    r"\hat r_{\mathbf k}\hat f^N_{\mathbf k}\hat r_{\mathbf k}^\dagger")  # fmt: skip
SUM = r"\sum_{\mathbf k_\perp}\frac{k_\perp^2}{k_z}"
EVANESCENT_SUM = r"\sum_{\mathbf k_\perp,k_z^2<0}\frac{k_\perp^2}{|k_z|}"
T_F = r"\mathcal T_R^F="

paper.define("11", "The charge and spin current of electrons of charge -e, as a matrix in spin space.",
    tex=r"\hat j_z(\mathbf r)=-e\,Tr_{\mathbf k}Re[\rho\,\delta(\mathbf r_{op}-\mathbf r)v_z]",
    why="defines the current operator; (12) to (15) are measured with it")  # fmt: skip


def sources(s: Symbols) -> list[tuple[Complex, Complex]]:
    """Return (f^N, f^F), or relaxation times, of one source each: normal, majority, minority."""
    none = np.zeros((2, 2), dtype=complex)
    return [(np.eye(2, dtype=complex), none), (none, s.u_minus), (none, s.u_plus)]


def _net(s: Symbols, a: Extended, f_N: Complex, f_F: Complex) -> Complex:
    """f̂^N 1̂ − r̂ f̂^N r̂† − t̂' f̂^F t̂'† 1̂."""
    return f_N @ s.one - a.r @ f_N @ dagger(a.r) - a.t_prime @ f_F @ dagger(a.t_prime) @ s.one


@at_finite("12", of=current_minus, tex=FROM_12 + r"-\hat t'_{\mathbf k}\hat f^F_{\mathbf k}"
    r"\hat t_{\mathbf k}'^\dagger\hat 1_{\mathbf k})")  # fmt: skip
def eq12(s: Symbols) -> Complex:
    """The current at z = -0 in terms of reflection and transmission, at any h_R."""
    a = projected(s)
    flow = [_net(s, a, f_N, f_F) for f_N, f_F in sources(s)]
    return -np.stack(np.broadcast_arrays(*flow), axis=2)


@at_finite("12", of=polarized_current(POLARIZED), tex=FROM_12 + ")")
def eq12_polarized(s: Symbols) -> Complex:
    """The same for spin-polarized electrons of the normal metal."""
    r = projected(s).r
    return -(POLARIZED @ s.one - r @ POLARIZED @ dagger(r))


@at_finite("13", of=current_minus.then(lambda one, found: found * one.kx[..., None, None, None],
    "charge and spin current at z = -0, by source, at each angle, finite h_R"), says="The current at z = -0"
    " with shifted distributions, first line; the shift is that of the text above, whose sign is tried"
    " apart.", tex=J_MINUS + r"=-\frac{e^2L}{hV}"
    r"\sum_{\mathbf k_\perp}[\Delta\hat\mu^N\hat 1_{\mathbf k}-\hat r_{\mathbf k}\Delta\hat\mu^N"
    r"\hat r_{\mathbf k}^\dagger-\hat t'_{\mathbf k}\Delta\hat\mu^F\hat t_{\mathbf k}'^\dagger"
    r"\hat 1_{\mathbf k}]")  # fmt: skip
def eq13_first(s: Symbols) -> Complex:
    """With Δμ̂ = k_x τ̂."""
    a, kx = projected(s), s.kx[..., None, None]
    return -np.stack([_net(s, a, kx * tau_N, kx * tau_F) for tau_N, tau_F in sources(s)], axis=2)


@at_finite("13", of=current_minus.then(moment, "charge and spin current at z = -0, by source, averaged over"
    " angles, finite h_R"), tex=J_MINUS + r"=\frac{e^2LE_x}{2\pi m_eV}"
    r"\sum_{\mathbf k_\perp}[k_x\hat r_{\mathbf k}\tau^N\hat r_{\mathbf k}^\dagger+k_x\hat t'_{\mathbf k}"
    r"\hat\tau^F\hat t_{\mathbf k}'^\dagger\hat 1_{\mathbf k}]")  # fmt: skip
def eq13_second(s: Symbols) -> Complex:
    """The same with the shift put in, second line."""
    a, kx = projected(s), s.kx[..., None, None]
    r, t = kx * a.r, kx * a.t_prime
    flow = [r @ tau_N @ dagger(a.r) + t @ tau_F @ dagger(a.t_prime) @ s.one for tau_N, tau_F in sources(s)]
    return np.stack(flow, axis=2).mean(axis=1, keepdims=True)


@linear("14", of=current_change, tex=J_MINUS + "=-" + UNIT_14 + r"\,Im\sum_{\mathbf k_\perp}"
    r"\frac{k_\perp^2}{k_z}(\hat 1_{\mathbf k}+\hat r^0_{\mathbf k})\hat\sigma_y\hat t'^0_{\mathbf k}("
    r"\hat\tau^F-\tau^N)\hat t_{\mathbf k}'^{0\dagger}")  # fmt: skip
def eq14(s: Symbols) -> Complex:
    """The current at z = -0 to first order in h_R."""
    weight = (s.k2 / s.kz)[..., None, None]
    flow = [
        imaginary(weight * (s.one + s.r) @ PAULI[1] @ s.t_prime @ (tau_F - tau_N) @ dagger(s.t_prime))
        for tau_N, tau_F in sources(s)
    ]
    return -np.stack(flow, axis=2) / 2


def _added(s: Symbols, density: Complex) -> Complex:
    """½ Im (k_⊥²/|k_z|) σ_y ρ."""
    return imaginary((s.k2 / np.abs(s.kz))[..., None, None] * PAULI[1] @ density) / 2


@linear("15", of=current_jump.of("normal"), on=NO_INTERFACE_MAGNETISM, tex=DELTA_J + r"(\hat 1_{\mathbf k}+"
    r"\hat r^0_{\mathbf k})\tau^N(\hat 1_{\mathbf k}+\hat r^{0\dagger}_{\mathbf k})")  # fmt: skip
def eq15_normal(s: Symbols) -> Complex:
    """What the lattice adds to the current of electrons from N."""
    return _added(s, (s.one + s.r) @ (s.one + dagger(s.r)))


@linear("15", of=current_jump.then(lambda one, found: found[:, :, 1:], "jump of charge and spin current by"
    " k_perp, majority and minority, u_m = 0"), on=NO_INTERFACE_MAGNETISM,
    tex=DELTA_J + r"\hat r^{0\dagger}_{\mathbf k}\hat\tau^F\hat r^0_{\mathbf k}", slip=("a swapped symbol:"
    " waves from F are t' at the interface, not r", "marks", DELTA_J + r"\hat t'^0_{\mathbf k}\hat\tau^F"
    r"\hat t_{\mathbf k}'^{0\dagger}"))  # fmt: skip
def eq15_ferromagnet(s: Symbols, slip: bool) -> Complex:
    """What the lattice adds to the current of electrons from F."""
    wave = dagger(s.r) if slip else s.t_prime
    return np.stack([_added(s, wave @ tau_F @ dagger(wave)) for _, tau_F in sources(s)[1:]], axis=2)


@linear("16a", of=Quantity("torque vector by k_perp and source, with (16c) and (16d)", linear_torque),
    tex=r"\mathbf T_R=Im[\mathcal T_R]\,\mathbf m\times(\mathbf y\times\mathbf m)+Re[\mathcal T_R]\,\mathbf m"
    r"\times\mathbf y")  # fmt: skip
def eq16a(s: Symbols) -> Array:
    """The torque is dampinglike along m x (y x m) and fieldlike along m x y."""
    y = np.array([0.0, 1.0, 0.0])
    T = by_source(s)[..., None]
    return T.imag * np.cross(s.m, np.cross(y, s.m)) + T.real * np.cross(s.m, y)


@linear("16b", of=torque.then(lambda one, found: found @ np.array([one.iface.tau_N, one.iface.tau_up,
    one.iface.tau_down]), "torque by k_perp of all sources, unequal relaxation times"), on=UNEQUAL,
    tex=r"\mathcal T_R=\mathcal T_R^N+\mathcal T_R^F")  # fmt: skip
def eq16b(s: Symbols) -> Complex:
    """The torque is the sum of that from currents in N and in F."""
    normal, majority, minority = np.moveaxis(by_source(s), -1, 0)
    of_N = s.iface.tau_N * normal
    of_F = s.iface.tau_up * majority + s.iface.tau_down * minority
    return of_N + of_F


@linear("16c", of=torque.of("normal"), tex=r"\mathcal T_R^N=h_R\frac{\hbar eE_x\tau}{8\pi m_e}" + SUM
    + r"(1-r^{\uparrow *}_{\mathbf k}r^\downarrow_{\mathbf k})(r^\uparrow_{\mathbf k}-r^{\downarrow *}_{"
    r"\mathbf k})")  # fmt: skip
def eq16c(s: Symbols) -> Complex:
    """The torque of a current in the normal metal."""
    return s.k2 / s.kz * (1 - s.r_up.conj() * s.r_down) * (s.r_up - s.r_down.conj()) / (8 * np.pi)


@linear("16d", of=torque.of("majority").where(N_open, "N open"), tex=T_F + "-" + UNIT_16 + SUM
    + r"r^\downarrow_{\mathbf k}|t'^\uparrow_{\mathbf k}|^2\tau^\uparrow")  # fmt: skip
def eq16d_majority(s: Symbols) -> Complex:
    """The torque of majority electrons that are propagating in the normal metal."""
    return -s.k2 / s.kz * s.r_down * np.abs(s.t_prime_up) ** 2 / (8 * np.pi)


@linear("16d", of=torque.of("minority").where(N_open, "N open"), on=GENERAL[:3], tex=T_F + UNIT_16 + SUM
    + r"r^{\uparrow *}_{\mathbf k}|t'^\downarrow_{\mathbf k}|^2\tau^\downarrow")  # fmt: skip
def eq16d_minority(s: Symbols) -> Complex:
    """The torque of minority electrons that are propagating in the normal metal."""
    return s.k2 / s.kz * s.r_up.conj() * np.abs(s.t_prime_down) ** 2 / (8 * np.pi)


@linear("16d", of=torque.of("majority").where(N_closed, "N closed"),
    on=(*GENERAL[:2], GENERAL[3], *TOPOLOGICAL),
    tex=T_F + UNIT_16 + EVANESCENT_SUM + r"|t'^\uparrow_{\mathbf k}|^2\tau^\uparrow")  # fmt: skip
def eq16d_majority_evanescent(s: Symbols) -> Complex:
    """The torque of majority electrons that are evanescent in the normal metal."""
    term = s.k2 / np.abs(s.kz) * np.abs(s.t_prime_up) ** 2 / (8 * np.pi)
    return np.where(s.open_N, 0, term)


@linear("16d", of=torque.of("minority").where(N_closed, "N closed"), on=(GENERAL[1], *TOPOLOGICAL[1:]),
    tex=T_F + "-" + UNIT_16 + EVANESCENT_SUM + r"|t'^\downarrow_{\mathbf k}|^2\tau^\downarrow")  # fmt: skip
def eq16d_minority_evanescent(s: Symbols) -> Complex:
    """The torque of minority electrons that are evanescent in the normal metal."""
    term = -s.k2 / np.abs(s.kz) * np.abs(s.t_prime_down) ** 2 / (8 * np.pi)
    return np.where(s.open_N, 0, term)


def by_source(s: Symbols) -> Complex:
    """Return (16c) and (16d) by source, shape (n, 1, 3)."""
    majority = eq16d_majority(s) + eq16d_majority_evanescent(s)
    minority = eq16d_minority(s) + eq16d_minority_evanescent(s)
    return np.stack([eq16c(s), majority, minority], axis=-1)


def jump_by_source(s: Symbols) -> Complex:
    """Return (15), the part of F as corrected, by source, shape (n, 1, 3, 2, 2)."""
    return np.concatenate([eq15_normal(s)[:, :, None], eq15_ferromagnet.confirmed(s)], axis=2)


def _spin(matrices: Complex) -> Array:
    """Return (ħV/2eL) Tr[σ ĵ_z], with which (14) and (15) have the overall sign of (16), shape (..., 3)."""
    # (13)'s e²LE_x/2πmₑV times ħV/2eL is 1/4π in the torque's unit.
    return np.asarray(pauli_vector(matrices).real / (4 * np.pi))


paper.first_order = FirstOrder("16", by_source, lambda s: _spin(eq14(s)), lambda s: _spin(jump_by_source(s)))
