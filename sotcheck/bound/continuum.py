"""Bound states of the continuum model: (q_N + Q̂_F + κ̂) ψ(0) = 0 below all bands, Appendix C, Eq. (C3).

The matrix grows as the energy falls, so it has as many negative eigenvalues at the bottom of the continuum
as there are states below, and its n-th eigenvalue vanishes at the n-th of them. The unknown is the decay
constant of the lowest band, p = √(bottom − E): states close to the bottom keep their digits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import IDENTITY, PAULI, dot_sigma, in_spin_bands, projectors

#: Signs of ±|v| in the two eigenvalues s ± |v| of s + v·σ, in ascending order.
ORDER = np.array([-1.0, 1.0])


@dataclass(frozen=True)
class Bound:
    """States below the whole continuum; leading axes (...) are those of the request.

    Attributes
    ----------
    k_perp, angle, h_R : array (...)
        In-plane wave number, angle of k from the x axis, Rashba parameter.
    count : int array (...)
        How many, 0 … 2.
    energy : array (..., 2)
        Total energies, k_⊥² included, ascending; NaN where absent, as all that follows.
    p : array (..., 2)
        √(bottom − E), with more digits than the difference of energies; unit: wave vector.
    psi : array (..., 2, 2)
        ψ(0); last axis: state. Normalised to ∫|ψ|²dz = 1.
    spin : array (..., 2, 3)
        ∫ψ†σψ dz; axes: state, x y z.
    q_N, q_F : array (..., 2) and (..., 2, 2)
        Decay constants (1/length) of each state in N, and in the minority and majority band of F.
    at_bottom : array (..., 2)
        Eigenvalues of q_N + Q̂_F + κ̂ at the bottom of the continuum, ascending: the n-th state is there if
        the n-th is negative. Unit: wave vector.
    """

    k_perp: Array
    angle: Array
    h_R: Array
    count: Array
    energy: Array
    p: Array
    psi: Complex
    spin: Array
    q_N: Array
    q_F: Array
    at_bottom: Array

    @property
    def margin(self) -> Array:
        """How far the nearest threshold is: the smallest |eigenvalue| at the bottom, shape (...)."""
        return np.abs(self.at_bottom).min(axis=-1)


def bottom(iface: Interface, k_perp: Array | float) -> Array:
    """Return the bottom of the whole continuum, k_⊥² + min(U_N, U_F − J), shape of `k_perp`."""
    return np.asarray(k_perp, dtype=float) ** 2 + _lowest_band(iface)


def bound(iface: Interface, k_perp: Array | float, angle: Array | float, h_R: Array | float) -> Bound:
    """Find every state below the continuum.

    Parameters
    ----------
    iface : Interface
        Its own h_R is not used.
    k_perp, angle, h_R : arrays that broadcast
        In-plane wave number (≥ 0), angle of k from the x axis, Rashba parameter.

    Returns
    -------
    Bound
        With the broadcast shape in front.
    """
    k_perp, angle, h_R = (np.array(a, dtype=float) for a in np.broadcast_arrays(k_perp, angle, h_R))
    across_k = np.stack([np.sin(angle), -np.cos(angle), np.zeros_like(angle)], axis=-1)
    w = h_R * k_perp
    # κ̂ = u_0 + u·σ, u = u_m m + w k×ẑ/k, by its parts along and across m.
    along = (iface.u_m + w * (across_k @ iface.direction))[..., None]
    across = (w * np.linalg.norm(np.cross(iface.direction, across_k), axis=-1))[..., None]
    along, across, order = np.broadcast_arrays(along, across, ORDER)

    at_bottom = _eigenvalue(iface, np.zeros_like(along), along, across, order)
    there = at_bottom < 0
    # Absent states are carried along as any numbers, and struck out at the end.
    p = np.ones(along.shape)
    p[there] = _roots(iface, along[there], across[there], order[there])

    q_N, q_F = _decay_constants(iface, p)
    direction = iface.direction
    half = (q_F[..., 0] - q_F[..., 1]) / 2
    v = (iface.u_m + half)[..., None] * direction + (w[..., None] * across_k)[..., None, :]
    # With v = 0 both spins are degenerate: any pair will do.
    free = ~np.any(v != 0, axis=-1)
    axis = order[..., None] * np.where(free[..., None], direction, v)
    psi = _normalised(_spinor(axis), q_N, q_F, direction)
    spin = _spin(psi, q_N, q_F, direction)
    for array in (p, psi, spin, q_N, q_F):
        array[~there] = np.nan
    return Bound(
        k_perp=k_perp,
        angle=angle,
        h_R=h_R,
        count=np.asarray(np.count_nonzero(there, axis=-1)),
        energy=bottom(iface, k_perp)[..., None] - p**2,
        p=p,
        psi=np.swapaxes(psi, -1, -2),
        spin=spin,
        q_N=q_N,
        q_F=q_F,
        at_bottom=at_bottom,
    )


def matching_matrix(
    iface: Interface, energy: Array, k_perp: Array | float, angle: Array | float, h_R: Array | float
) -> Complex:
    """Return q_N + Q̂_F + κ̂ at a total energy at or below the continuum, shape (..., 2, 2), Eq. (C3)."""
    depth = bottom(iface, k_perp) - np.asarray(energy)
    q_N, q_F = _decay_constants(iface, np.sqrt(depth.clip(min=0)))
    k_perp, angle, h_R = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (k_perp, angle, h_R)))
    kappa = iface.kappa_0() + h_R[..., None, None] * rashba(k_perp, angle)
    return q_N[..., None, None] * IDENTITY + in_spin_bands(q_F.astype(complex), iface.direction) + kappa


def _lowest_band(iface: Interface) -> float:
    return min(iface.U_N, iface.U_F - iface.J)


def _decay_constants(iface: Interface, p: Array) -> tuple[Array, Array]:
    """Return q_N (...) and q_F (..., 2): minority, majority, at p = √(bottom − E)."""
    lowest = _lowest_band(iface)
    above_F = iface.U_F + iface.J * np.array([1.0, -1.0]) - lowest
    return np.sqrt(p**2 + (iface.U_N - lowest)), np.sqrt(p[..., None] ** 2 + above_F)


def _eigenvalue(iface: Interface, p: Array, along: Array, across: Array, order: Array) -> Array:
    """Return s ± |v| of q_N + Q̂_F + κ̂ = s + v·σ; the sign is `order`, all shapes alike."""
    q_N, q_F = _decay_constants(iface, p)
    s = q_N + q_F.mean(axis=-1) + iface.u_0
    return s + order * np.hypot((q_F[..., 0] - q_F[..., 1]) / 2 + along, across)


def _roots(iface: Interface, along: Array, across: Array, order: Array) -> Array:
    """Return p where the eigenvalue vanishes, all shapes (n,); each is negative at p = 0."""
    if along.size == 0:
        return np.empty(0)
    from scipy.optimize.elementwise import find_root

    # Every decay constant is at least p, so that no eigenvalue is below 2p + u_0 − |u|; twice that is enough.
    highest = np.hypot(along, across) - iface.u_0
    smallest = 4 * np.finfo(float).eps
    found = find_root(
        lambda p, *args: _eigenvalue(iface, p, *args),
        (np.zeros_like(highest), highest),
        args=(along, across, order),
        tolerances={"xatol": 0.0, "xrtol": smallest, "fatol": 0.0, "frtol": 0.0},
    )
    # What a bracket's ends leave open is a rounding error; where f(0) < 0 none can be missing.
    if not np.all(found.success):
        raise AssertionError("a bracketed root of the monotone matching matrix was not found")
    return found.x


def _spinor(axis: Array) -> Complex:
    """Return the unit spinor along each axis (not normalised), shape (..., 2)."""
    projector = (IDENTITY + dot_sigma(axis / np.linalg.norm(axis, axis=-1)[..., None])) / 2
    # The larger column keeps its digits.
    down = axis[..., 2] < 0
    column = np.where(down[..., None], projector[..., 1], projector[..., 0])
    return column / np.linalg.norm(column, axis=-1)[..., None]


def _normalised(spinor: Complex, q_N: Array, q_F: Array, m: Array) -> Complex:
    """Scale spinors at z = 0 to ∫|ψ|²dz = |ψ|²/2q_N + Σ_s |u_sψ|²/2q_s = 1."""
    weights = np.sum(np.abs(np.einsum("sij,...j->...si", projectors(m), spinor)) ** 2, axis=-1)
    norm = 1 / (2 * q_N) + (weights / (2 * q_F)).sum(axis=-1)
    return spinor / np.sqrt(norm)[..., None]


def _spin(psi: Complex, q_N: Array, q_F: Array, m: Array) -> Array:
    """Return ∫ψ†σψ dz: ψ†σψ/2q_N in N and Σ_ss' ψ†u_s σ u_s'ψ/(q_s + q_s') in F, shape (..., 3)."""
    bands = np.einsum("sij,...j->...si", projectors(m), psi)
    lengths = 1 / (q_F[..., :, None] + q_F[..., None, :])
    in_F = np.einsum("...si,kij,...tj,...st->...k", bands.conj(), PAULI, bands, lengths)
    in_N = np.einsum("...i,kij,...j->...k", psi.conj(), PAULI, psi) / (2 * q_N)[..., None]
    return (in_N + in_F).real
