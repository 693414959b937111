"""Sec. III, (5) to (8): amplitudes at an interface's own finite h_R, and what waves tell at z = 0."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sotcheck.exact.finite import measured, states
from sotcheck.exact.quantities import at_finite_h_R
from sotcheck.exact.quantity import Quantity
from sotcheck.exact.solved import Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import at_finite, paper
from sotcheck.system.spin import IDENTITY, dagger, pauli_vector
from sotcheck.theory.symbols import Symbols

#: Points on the unit circle in the complex z plane: they tell derivatives at its centre to rounding.
CIRCLE: Complex = np.exp(2j * np.pi * np.arange(24) / 24)
RASHBA = r"\hat\sigma\cdot(\mathbf k\times\mathbf z)"
MATRIX = r"(i\hat K_z+ik_z-\hat\kappa)^{-1}"
#: The right-hand sides of (6b) to (6d), each of which belongs to another name.
OF_T_PRIME = MATRIX + r"2i\hat K_z\sqrt{|k_z||\hat K_z|^{-1}}"
OF_R = MATRIX + r"(ik_z-i\hat K_z+\hat\kappa)"
OF_R_PRIME = r"\sqrt{|\hat K_z|}" + MATRIX + r"(i\hat K_z-ik_z+\hat\kappa)\sqrt{|\hat K_z|^{-1}}"

paper.define("5", "The interface potential is a delta function with a matrix in spin space.",
    tex=r"H_I=\frac{\hbar^2}{2m_e}\hat\kappa\,\delta(z)",
    why="a model; what it does to the wave function is tried apart")  # fmt: skip
paper.define("8", "The interface potential is spin conserving but for a Rashba term.",
    tex=r"\hat\kappa=\hat\kappa_0+h_R\," + RASHBA,
    why="a model; every other entry is tried on it")  # fmt: skip


@dataclass(frozen=True)
class Extended:
    """Extended matrices of (6), under the names that exact numerics confirm; shape (n, a, 2, 2)."""

    r: Complex
    t: Complex
    r_prime: Complex
    t_prime: Complex


def kappa(s: Symbols) -> Complex:
    """κ̂ = κ̂_0 + h_R σ·(k×ẑ), (8), shape (n, a, 2, 2)."""
    return s.kappa_0 + s.iface.h_R * s.rashba


def scalar(values: Array | Complex) -> Complex:
    """Return scalars as multiples of the unit matrix, shape (..., 2, 2)."""
    return np.asarray(values)[..., None, None] * IDENTITY


def column(*rows: Complex) -> Complex:
    """Return matrices above each other."""
    return np.concatenate(np.broadcast_arrays(*rows), axis=-2)


def block(*rows: tuple[Complex, ...]) -> Complex:
    """Return a matrix of blocks."""
    return column(*(np.concatenate(np.broadcast_arrays(*row), axis=-1) for row in rows))


def abs_root_K(s: Symbols) -> Complex:
    """√|K̂_z|, shape (n, 1, 2, 2)."""
    return s.bands(np.sqrt(np.abs(s.kz_down)), np.sqrt(np.abs(s.kz_up)))


def root_k_over_K(s: Symbols) -> Complex:
    """√(|k_z||K̂_z|⁻¹), shape (n, 1, 2, 2)."""
    return s.bands(np.sqrt(np.abs(s.kz) / np.abs(s.kz_down)), np.sqrt(np.abs(s.kz) / np.abs(s.kz_up)))


def _jump_of_spin_current(one: Solved) -> Estimate:
    """Spin current at +0 minus that at −0 of waves of unit amplitude, by source."""
    found = states(one)
    flux = np.concatenate([found.kz.real[..., None], found.Kz.real[..., ::-1]], axis=-1)
    return measured(one, flux[..., None] * (found.spin_plus - found.spin_minus))


@at_finite("5", of=Quantity("jump of the spin current at z = 0, by source", _jump_of_spin_current),
    tex=r"\hat\kappa\psi_{z=0}=\partial_z\psi_{z=+0}-\partial_z\psi_{z=-0}",
    says="Below (5): the slope of the wave function jumps by kappa psi.")  # fmt: skip
def eq5(s: Symbols) -> Complex:
    """The jump of the spin current is Im[ψ†σκ̂ψ]; by source."""
    a = projected(s)
    psi_N = s.one + a.r
    psi_F = scalar(1 / np.sqrt(np.abs(s.kz))) @ a.t_prime @ abs_root_K(s)
    sources = (psi_N @ dagger(psi_N), *(psi_F @ u @ dagger(psi_F) for u in (s.u_minus, s.u_plus)))
    return np.stack([pauli_vector(kappa(s) @ density).imag for density in sources], axis=2)


def _inverse(s: Symbols) -> Complex:
    """(iK̂_z + ik_z − κ̂)⁻¹."""
    return np.linalg.inv(1j * s.Kz + 1j * scalar(s.kz) - kappa(s))


def _of_t(s: Symbols) -> Complex:
    """2ik_z √(|K̂_z||k_z|⁻¹) (iK̂_z + ik_z − κ̂)⁻¹, of (6a)."""
    return 2j * scalar(s.kz) @ np.linalg.inv(root_k_over_K(s)) @ _inverse(s)


def _of_t_prime(s: Symbols) -> Complex:
    """(iK̂_z + ik_z − κ̂)⁻¹ 2iK̂_z √(|k_z||K̂_z|⁻¹), of (6b)."""
    return _inverse(s) @ (2j * s.Kz) @ root_k_over_K(s)


def _of_r(s: Symbols) -> Complex:
    """(iK̂_z + ik_z − κ̂)⁻¹ (ik_z − iK̂_z + κ̂), of (6c)."""
    return _inverse(s) @ (1j * scalar(s.kz) - 1j * s.Kz + kappa(s))


def _of_r_prime(s: Symbols) -> Complex:
    """√|K̂_z| (iK̂_z + ik_z − κ̂)⁻¹ (iK̂_z − ik_z + κ̂) √|K̂_z|⁻¹, of (6d)."""
    root = abs_root_K(s)
    return root @ _inverse(s) @ (1j * s.Kz - 1j * scalar(s.kz) + kappa(s)) @ np.linalg.inv(root)


@at_finite("6a", of=at_finite_h_R("t"), tex=r"\hat t_{ex}=2ik_z\sqrt{|\hat K_z||k_z|^{-1}}" + MATRIX)
def eq6a(s: Symbols) -> Complex:
    """Transmission from N in terms of the interface potential."""
    return _of_t(s) @ s.one


@at_finite("6b", of=at_finite_h_R("r"), tex=r"\hat r_{ex}=" + OF_T_PRIME, slip=("the name: this right-hand"
    " side is that of t'; r is that of (6c)", "marks", r"\hat r_{ex}=" + OF_R))  # fmt: skip
def eq6b(s: Symbols, slip: bool) -> Complex:
    """Named as reflection from N in terms of the interface potential."""
    return (_of_t_prime if slip else _of_r)(s) @ s.one


@at_finite("6c", of=at_finite_h_R("r'"), tex=r"\hat r'_{ex}=" + OF_R, slip=("the name: this right-hand side"
    " is that of r; r' is that of (6d)", "marks", r"\hat r'_{ex}=" + OF_R_PRIME))  # fmt: skip
def eq6c(s: Symbols, slip: bool) -> Complex:
    """Named as reflection from F in terms of the interface potential."""
    return (_of_r if slip else _of_r_prime)(s) @ s.one_prime


@at_finite("6d", of=at_finite_h_R("t'"), tex=r"\hat t'_{ex}=" + OF_R_PRIME, slip=("the name: this right-hand"
    " side is that of r'; t' is that of (6b)", "marks", r"\hat t'_{ex}=" + OF_T_PRIME))  # fmt: skip
def eq6d(s: Symbols, slip: bool) -> Complex:
    """Named as transmission from F in terms of the interface potential."""
    return (_of_r_prime if slip else _of_t_prime)(s) @ s.one_prime


def extended(s: Symbols) -> Extended:
    """Return the extended matrices at the interface's own h_R."""
    return Extended(_of_r(s), _of_t(s), _of_r_prime(s), _of_t_prime(s))


@at_finite("7", of=at_finite_h_R("r", "t", "r'", "t'"), tex=r"\hat r=\hat r_{ex}\hat 1,\quad\hat t="
    r"\hat t_{ex}\hat 1,\quad\hat r'=\hat r'_{ex}\hat 1',\quad\hat t'=\hat t'_{ex}\hat 1'")  # fmt: skip
def eq7(s: Symbols) -> Complex:
    """Projecting the incident side of the extended matrices gives the scattering matrices."""
    ex = extended(s)
    return np.stack([ex.r @ s.one, ex.t @ s.one, ex.r_prime @ s.one_prime, ex.t_prime @ s.one_prime], axis=-3)


def projected(s: Symbols) -> Extended:
    """Return the scattering matrices at the interface's own h_R, projected by (7)."""
    return Extended(*np.moveaxis(np.asarray(eq7(s)), -3, 0))


def observed(wave: Callable[[complex], Complex], sources: Sequence[Complex]) -> Complex:
    """Return ψ, ∂_z²ψ and, by source, the spin current Im[ψ†σ∂_zψ] at z = 0 of a wave function.

    ``wave(z)`` is ψ(z) @ χ for incident spinors χ, shape (n, a, 2, 2), analytic in z; sources are projectors
    (2, 2) on the spinors that make up each. The shape is (n, a, 8 + 3 sources).
    """
    values = np.stack([wave(z) for z in CIRCLE])

    def derivative(order: int) -> Complex:
        # Cauchy's integral: the formula's own derivative, none taken by hand.
        found: Complex = np.tensordot(CIRCLE**-order, values, axes=1)
        return found * math.factorial(order) / len(CIRCLE)

    psi, slope, curvature = map(derivative, range(3))
    currents = [pauli_vector(slope @ source @ dagger(psi)).imag for source in sources]
    flat = [matrix.reshape(*matrix.shape[:-2], 4) for matrix in (psi, curvature)]
    return np.concatenate([*flat, *currents], axis=-1)
