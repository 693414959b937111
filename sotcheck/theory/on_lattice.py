"""First order in h_R of any lattice, from what it is without h_R: the torque of each incoming channel.

H = H⁰ + h_R V. States are of unit particle current 2 Im[ψ†tψ'] = 1, which on a lattice of any bands is that
of the group velocity. The distorted-wave Born approximation then is

    S†δS = −i ψ†Vψ

whatever H⁰ is. Spin that arrives from N, and what V adds, i[V, σ], less what goes on into the lead of F,
where only spin along m does, is the torque on all that is magnetic. At one k, not averaged over its
direction, the remainder is of second order. Where H⁰ is even in k and V odd, h_R and −h_R are k and −k: the
sum over both, weighted with ∂ε/∂k_x, which is odd, leaves the third order.

Where V lies on the one site z = 0, and N is a uniform chain up to there, ψ is (1 + r)/√v or t'/√v at that
site by continuity, and G = (1 + r)/iv: reflection amplitudes and the chain's velocity v are all that first
order takes. On a parabola, averaged over the direction of k, this is what holds in the continuum.
"""

from __future__ import annotations

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.spin import IDENTITY, PAULI


def torque_of_states(
    S: Complex, psi: Complex, V: Complex, to_left: Complex, onward: Complex, m: Array
) -> Array:
    """Return the torque per h_R of every incoming channel, (channels, 3).

    Parameters
    ----------
    S : array (outgoing, channels)
    psi : array (channels, orbitals)
        Unperturbed states, spin being the last factor of the orbitals.
    V : array (orbitals, orbitals)
    to_left, onward : array (3, outgoing, outgoing), (outgoing, outgoing)
        What outgoing waves carry away: the spin into N, and spin along m into F.
    m : array (3,)
    """
    change = -1j * S @ (psi.conj() @ V @ psi.T)
    spins = np.kron(np.eye(len(V) // 2), PAULI)
    turned = 1j * (V @ spins - spins @ V)
    added = np.einsum("na,sab,nb->ns", psi.conj(), turned, psi).real
    reflected = 2 * np.einsum("oc,sop,pc->cs", S.conj(), to_left, change).real
    passed = 2 * np.einsum("oc,op,pc->c", S.conj(), onward, change).real
    return added - reflected - passed[:, None] * m


def torque_of_amplitudes(r: Complex, t_prime: Complex, velocity: float, V: Complex, m: Array) -> Array:
    """Return the same from r (2, 2) and t' (2, channels of F), referred to z = 0 and to unit current.

    The first two rows belong to electrons from N, of spin up and down, the others to the channels of F.
    """
    incoming = np.concatenate([IDENTITY, np.zeros_like(t_prime)], axis=1)
    outgoing = np.concatenate([r, t_prime], axis=1)
    psi = incoming + outgoing
    change = -1j * (IDENTITY + r) @ V @ psi / velocity
    turned = 1j * (V @ PAULI - PAULI @ V) / velocity
    added = np.einsum("ac,sab,bc->cs", psi.conj(), turned, psi).real
    reflected = 2 * np.einsum("ac,sab,bc->cs", outgoing.conj(), PAULI, change).real
    total = added - reflected
    return total - (total @ m)[:, None] * m


def continued(waves_in: Complex, waves_out: Complex, S: Complex) -> tuple[Complex, Complex, float]:
    """Return r, t' at z = 0 and v from the S-matrix and N's waves of unit current there, (2, 2) each.

    S has the outgoing waves of N in its first two rows, and its incoming ones in its first two columns.
    """
    velocity = 1 / float(np.linalg.norm(waves_in, 2) ** 2)
    r = waves_out @ S[:2, :2] @ np.linalg.inv(waves_in)
    return r, np.sqrt(velocity) * waves_out @ S[:2, 2:], velocity
