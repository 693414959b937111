"""A theory to first order in h_R as the tool takes it, and what goes with any: vectors, and flow (4).

Integrands are those of (1/4π) ∫ d(k_⊥²), i.e. of (1/A) Σ_{k_⊥}, per unit h_R and relaxation time, in the unit
of the torque t.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.spin import PAULI, dagger, projectors, spin_torque
from sotcheck.theory.symbols import Symbols

#: Of what isotropic amplitudes leave of k_x k×ẑ.
Y = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True)
class FirstOrder:
    """What a paper says to first order in h_R: integrands as functions of unperturbed symbols, by source.

    `number`: the paper's for the torque, without parentheses; `torque`: fieldlike + i dampinglike, shape (n,
    1, 3); `current`: spin current at z = −0, shape (n, 1, 3, 3): source, spin component; `lattice`: what the
    Rashba term adds at z = 0, of the same shape.
    """

    number: str
    torque: Callable[[Symbols], Complex]
    current: Callable[[Symbols], Array]
    lattice: Callable[[Symbols], Array]


def interface_exchange(s: Symbols) -> Array:
    """Return what the interface magnetism u_m takes at z = 0, shape (n, 1, 3, 3), as the other integrands.

    By the change h_R Ĝ σ·(k×ẑ) ψ of the wave function at z = 0, whatever a paper says of it.
    """
    a = s.amplitudes
    if s.iface.u_m == 0.0:
        return np.zeros((len(a.k_perp2), 1, 3, 3))
    # The angular average of k_x σ·(k×ẑ) is −(k_⊥²/2) σ_y.
    change = a.G @ (-PAULI[1] * (a.k_perp2 / 2)[:, None, None])
    minority, majority = projectors(a.m)
    psi = a.hilbert_N + a.r, a.t_prime @ majority, a.t_prime @ minority
    half_density = np.stack([change @ one @ dagger(one) for one in psi], axis=1)
    taken = spin_torque(s.iface.interface_exchange(), half_density + dagger(half_density))
    return (taken / (4 * np.pi * np.abs(a.kz))[:, None, None])[:, None]


def torque_vector(complex_torque: Complex, m: Array, axis: Array = Y) -> Array:
    """Return the vector t of fieldlike + i dampinglike, along m×ŷ and m×(ŷ×m), shape (..., 3).

    With another axis in the place of ŷ: where k_x k×ẑ has another average over the angle.
    """
    fieldlike = np.cross(m, axis)
    dampinglike = np.cross(m, -fieldlike)
    return complex_torque.imag[..., None] * dampinglike + complex_torque.real[..., None] * fieldlike
