"""What formulas share: blocks, amplitudes at the interface's own finite h_R, a wave function at z = 0."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.spin import IDENTITY, dagger, pauli_vector
from sotcheck.theory.symbols import Symbols

#: Points on the unit circle in the complex z plane: they tell derivatives at its centre to rounding.
CIRCLE: Complex = np.exp(2j * np.pi * np.arange(24) / 24)


@dataclass(frozen=True)
class Extended:
    """Extended matrices (6), under the names that exact numerics confirm; shape (n, a, 2, 2)."""

    r: Complex
    t: Complex
    r_prime: Complex
    t_prime: Complex


def kappa(s: Symbols) -> Complex:
    """κ̂ = κ̂_0 + h_R σ·(k×ẑ), Eq. (8), shape (n, a, 2, 2)."""
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


def extended(s: Symbols) -> Extended:
    """Return the extended matrices at the interface's own h_R."""
    k, K = scalar(s.kz), s.Kz
    root_k, root_K = scalar(np.sqrt(np.abs(s.kz))), abs_root_K(s)
    inverse = np.linalg.inv(1j * K + 1j * k - kappa(s))
    return Extended(
        r=inverse @ (1j * k - 1j * K + kappa(s)),
        t=2j * k @ root_K @ np.linalg.inv(root_k) @ inverse,
        r_prime=root_K @ inverse @ (1j * K - 1j * k + kappa(s)) @ np.linalg.inv(root_K),
        t_prime=inverse @ (2j * K) @ root_k @ np.linalg.inv(root_K),
    )


def projected(s: Symbols) -> Extended:
    """Return the scattering matrices at the interface's own h_R, projected by Eq. (7)."""
    ex = extended(s)
    return Extended(ex.r @ s.one, ex.t @ s.one, ex.r_prime @ s.one_prime, ex.t_prime @ s.one_prime)


def abs_root_K(s: Symbols) -> Complex:
    """√|K̂_z|, shape (n, 1, 2, 2)."""
    return s.bands(np.sqrt(np.abs(s.kz_down)), np.sqrt(np.abs(s.kz_up)))


def observed(wave: Callable[[complex], Complex], sources: Sequence[Complex]) -> Complex:
    """Return ψ, ∂_z²ψ and, by source, the spin current Im[ψ†σ∂_zψ] at z = 0 of a wave function.

    Parameters
    ----------
    wave : callable
        ``wave(z)`` is ψ(z) @ χ for incident spinors χ, shape (n, a, 2, 2); analytic in z.
    sources : sequence of arrays (2, 2)
        Projectors on the incident spinors that make up each source.

    Returns
    -------
    array (n, a, 8 + 3 sources)
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
