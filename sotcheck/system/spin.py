"""Spin-1/2 algebra in the laboratory frame: Pauli matrices, projectors, spin densities."""

from __future__ import annotations

import numpy as np

from sotcheck.numerics.arrays import Array, Complex

IDENTITY: Complex = np.eye(2, dtype=complex)
PAULI: Complex = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=complex)


def dot_sigma(v: Array) -> Complex:
    """Return v·σ, shape (..., 2, 2), of vectors of shape (..., 3)."""
    return (v @ PAULI.reshape(3, 4)).reshape(*np.shape(v)[:-1], 2, 2)


def projectors(m: Array) -> Complex:
    """Return (u_+, u_-), shape (..., 2, 2, 2): the minority (σ·m = +1) and majority projectors."""
    half = dot_sigma(m) / 2
    found = np.empty((*half.shape[:-2], 2, 2, 2), dtype=half.dtype)
    np.add(IDENTITY / 2, half, out=found[..., 0, :, :])
    np.subtract(IDENTITY / 2, half, out=found[..., 1, :, :])
    return found


def in_spin_bands(values: Complex, m: Array) -> Complex:
    """Return v_+ u_+ + v_- u_- (..., 2, 2) of values (..., 2) of minority and majority along m (..., 3)."""
    return np.einsum("...s,...sij->...ij", values, projectors(m))


def dagger(matrix: Complex) -> Complex:
    """Return the Hermitian conjugate of the last two axes."""
    return np.conj(np.swapaxes(matrix, -1, -2))


def pauli_vector(matrix: Complex) -> Complex:
    """Return Tr[σ A], shape (..., 3)."""
    return matrix.reshape(*matrix.shape[:-2], 4) @ PAULI.swapaxes(1, 2).reshape(3, 4).T


def spin_torque(potential: Complex, density: Complex) -> Array:
    """Return Σ Im[ψ†σ B ψ] = Im Tr[σ B ψψ†] (..., 3), what B δ(z) adds to the spin flow.

    B is Hermitian, unit: wave vector; that of the density Σ ψψ† of states of unit flux: its inverse.
    """
    return pauli_vector(potential @ density).imag
