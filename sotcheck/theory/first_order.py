"""Spin currents and spin-orbit torque to first order in h_R: Eqs. (14), (15), (16).

Every function returns the integrand of (1/4π) ∫ d(k_⊥²), i.e. of (1/A) Σ_{k_⊥}, per unit h_R and relaxation
time, in the unit of the torque t, and takes the unperturbed amplitudes as an argument.
"""

from __future__ import annotations

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import Interface
from sotcheck.system.spin import IDENTITY, PAULI, dagger, pauli_vector, projectors
from sotcheck.theory.amplitudes import Amplitudes, change_of_r, change_of_t_prime

SIGMA_Y: Complex = PAULI[1]


def spin_current_minus(a: Amplitudes) -> Array:
    """Return the spin current at z = −0 by source, Eq. (14), with the sign that leads to Eq. (16).

    Im Σ (k_⊥²/k_z) (1̂ + r̂) σ_y t̂' (τ̂^F − τ^N) t̂'†, zero where k_z is imaginary.

    Returns
    -------
    array (n, 3, 3)
        Axes: k_⊥, source (normal, majority, minority), spin component.
    """
    weight = np.where(a.kz.imag == 0, a.k_perp2 / np.abs(a.kz), 0.0)[:, None]
    minority, majority = projectors(a.m)
    tau = (-IDENTITY, majority, minority)
    flow = [(a.hilbert_N + a.r) @ SIGMA_Y @ a.t_prime @ s @ dagger(a.t_prime) for s in tau]
    return np.stack([-weight * _spin_of_imaginary_part(j) / (8 * np.pi) for j in flow], axis=1)


def lattice(a: Amplitudes) -> Array:
    """Return what the Rashba term adds at z = 0 by source, Eq. (15), with the sign that leads to Eq. (16).

    Im Σ (k_⊥²/|k_z|) σ_y [(1̂ + r̂) τ^N (1̂ + r̂†) + t̂' τ̂^F t̂'†].

    Returns
    -------
    array (n, 3, 3)
        Axes: k_⊥, source (normal, majority, minority), spin component.
    """
    weight = (a.k_perp2 / np.abs(a.kz))[:, None]
    minority, majority = projectors(a.m)
    psi_N = a.hilbert_N + a.r
    density = [
        psi_N @ dagger(psi_N),
        a.t_prime @ majority @ dagger(a.t_prime),
        a.t_prime @ minority @ dagger(a.t_prime),
    ]
    flow = [_spin_of_imaginary_part(SIGMA_Y @ rho) for rho in density]
    return np.stack([weight * j / (8 * np.pi) for j in flow], axis=1)


def interface_exchange(a: Amplitudes, iface: Interface) -> Array:
    """Return what the interface magnetism u_m takes at z = 0 by source, to first order in h_R.

    Not written out in the paper: flow (4) of Fig. 2 with the wave function at z = 0 from Eqs. (10b), (10c).

    Returns
    -------
    array (n, 3, 3)
        Axes: k_⊥, source (normal, majority, minority), spin component.
    """
    if iface.u_m == 0.0:
        return np.zeros((len(a.k_perp2), 3, 3))
    # The angular average of k_x σ·(k×ẑ) is −(k_⊥²/2) σ_y.
    average = -SIGMA_Y * (a.k_perp2 / 2)[:, None, None]
    minority, majority = projectors(a.m)
    d_t = change_of_t_prime(a, average)
    half_density = [
        change_of_r(a, average) @ dagger(a.hilbert_N + a.r),
        d_t @ majority @ dagger(a.t_prime),
        d_t @ minority @ dagger(a.t_prime),
    ]
    exchange = iface.interface_exchange()
    flow = [_spin_of_imaginary_part(exchange @ (rho + dagger(rho))) for rho in half_density]
    weight = 1 / (4 * np.pi * np.abs(a.kz))[:, None]
    return np.stack([weight * j for j in flow], axis=1)


def torque_normal(a: Amplitudes) -> Complex:
    """Return fieldlike + i dampinglike of electrons incident from N, Eq. (16c), shape (n,)."""
    r_up, r_down = a.up(a.r), a.down(a.r)
    weight = np.where(a.kz.imag == 0, a.k_perp2 / np.abs(a.kz), 0.0) / (8 * np.pi)
    return weight * (1 - r_up.conj() * r_down) * (r_up - r_down.conj())


def torque_majority(a: Amplitudes) -> Complex:
    """Return the τ↑ part of Eq. (16d), the evanescent term apart, shape (n,)."""
    weight = np.where(a.kz.imag == 0, a.k_perp2 / np.abs(a.kz), 0.0) / (8 * np.pi)
    return -weight * a.down(a.r) * np.abs(a.up(a.t_prime)) ** 2


def torque_minority(a: Amplitudes) -> Complex:
    """Return the τ↓ part of Eq. (16d), the evanescent term apart, shape (n,)."""
    weight = np.where(a.kz.imag == 0, a.k_perp2 / np.abs(a.kz), 0.0) / (8 * np.pi)
    return weight * a.up(a.r).conj() * np.abs(a.down(a.t_prime)) ** 2


def torque_majority_evanescent(a: Amplitudes) -> Complex:
    """Return the τ↑ part of the evanescent (k_z² < 0) term of Eq. (16d), shape (n,)."""
    weight = np.where(a.kz.imag > 0, a.k_perp2 / np.abs(a.kz), 0.0) / (8 * np.pi)
    return weight * np.abs(a.up(a.t_prime)) ** 2 + 0j


def torque_minority_evanescent(a: Amplitudes) -> Complex:
    """Return the τ↓ part of the evanescent (k_z² < 0) term of Eq. (16d), shape (n,)."""
    weight = np.where(a.kz.imag > 0, a.k_perp2 / np.abs(a.kz), 0.0) / (8 * np.pi)
    return -weight * np.abs(a.down(a.t_prime)) ** 2 + 0j


def torque(a: Amplitudes) -> Complex:
    """Return fieldlike + i dampinglike of every source, Eqs. (16b–d), shape (n, 3)."""
    return np.stack(
        [
            torque_normal(a),
            torque_majority(a) + torque_majority_evanescent(a),
            torque_minority(a) + torque_minority_evanescent(a),
        ],
        axis=-1,
    )


def torque_vector(complex_torque: Complex, m: Array) -> Array:
    """Return Im[T] m×(ŷ×m) + Re[T] m×ŷ, Eq. (16a), shape (..., 3)."""
    y = np.array([0.0, 1.0, 0.0])
    dampinglike, fieldlike = np.cross(m, np.cross(y, m)), np.cross(m, y)
    return complex_torque.imag[..., None] * dampinglike + complex_torque.real[..., None] * fieldlike


def _spin_of_imaginary_part(matrix: Complex) -> Array:
    """Return Tr[σ Im A] with Im[A] = (A − A†)/2i, as below Eq. (14)."""
    return pauli_vector((matrix - dagger(matrix)) / 2j).real
