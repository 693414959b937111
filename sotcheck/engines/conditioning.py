"""How much the matching problem amplifies rounding: bounds on errors, problem by problem, not a solution.

A wave number q of q² = E_F − U − k_⊥² is known to ε Q²/q² of itself, Q² the size of what cancels; on a
lattice to ε/(qa)² besides, which Q² = … + 1/a² includes. M = iK̂_z + ik_z − κ̂ is then known to
δM = Σ_q q ε Q²/q² + ε|κ̂|, ψ(0) = M⁻¹ (…) to |M⁻¹| δM of itself, and the flux of an incident wave to its own
ε Q²/q².
"""

from __future__ import annotations

import numpy as np

from sotcheck.numerics.arrays import Array
from sotcheck.numerics.quadrature import sample
from sotcheck.system.interface import SOURCES, Interface, rashba
from sotcheck.system.spin import IDENTITY, in_spin_bands
from sotcheck.system.states import Errors

#: Rounding errors of one problem's operations, in units of ε: a few dozen, not all of one sign.
OPERATIONS = 8
#: Next to a band edge q² has no digits left: no error is larger than the whole.
WHOLE = 1.0


def rounding_errors(
    iface: Interface, k_perp: Array, angle: Array, h_R: Array, spacing: float = np.inf
) -> Errors:
    """Return bounds on the rounding errors of an engine.

    Parameters
    ----------
    iface : Interface
        Its own h_R is not used.
    k_perp, angle, h_R : arrays that broadcast
    spacing : float
        Of the lattice; infinite without one. Unit: 1/wave vector.

    Returns
    -------
    Errors
    """
    k_perp, angle, h_R = np.broadcast_arrays(*np.atleast_1d(k_perp, angle, h_R))
    q2 = np.stack([np.broadcast_to(iface.k_perp2_max(s) - k_perp**2, k_perp.shape) for s in SOURCES])
    q = np.sqrt(q2.astype(complex))
    normal, majority, minority = q
    c = iface.m[0] * np.sin(angle) - iface.m[1] * np.cos(angle)
    w = h_R * k_perp
    # In the basis of σ·m; what couples the spins is the part of k×ẑ across m.
    down = 1j * (minority + normal) - iface.u_0 - iface.u_m - w * c
    up = 1j * (majority + normal) - iface.u_0 + iface.u_m + w * c
    across2 = w**2 * np.clip(1 - c**2, 0.0, None)
    squared = np.abs(down) ** 2 + np.abs(up) ** 2 + 2 * across2
    determinant = np.abs(down * up - across2)
    tiny = np.finfo(float).tiny
    # |M⁻¹| in the Frobenius norm, at least as large as any of its elements.
    inverse = np.sqrt(squared) / np.maximum(determinant, tiny)

    epsilon = OPERATIONS * float(np.finfo(float).eps)
    edges = np.array([iface.U_N, iface.U_F - iface.J, iface.U_F + iface.J])
    cancels = np.abs(iface.E_F - edges).reshape(-1, *(1,) * k_perp.ndim) + k_perp**2 + spacing**-2.0
    lost = np.minimum(epsilon * cancels / np.maximum(np.abs(q2), tiny), WHOLE)
    size = np.abs(q)
    kappa = abs(iface.u_0) + abs(iface.u_m) + np.abs(w)
    total = size.sum(axis=0) + kappa
    relative = epsilon + np.minimum(inverse * ((size * lost).sum(axis=0) + epsilon * total), WHOLE)

    is_open = q2 > 0
    psi_size = np.where(is_open, 2 * np.sqrt(size) * inverse, 0.0)
    by_source = relative + lost / 2
    leaving = (np.sqrt(size) * (by_source[:, None] + lost / 2)).max(axis=1)
    flow_size = psi_size**2 * total + 2 * np.sqrt(size) * psi_size
    # Both spins from F come out of one matrix: what is left of one in the other is a rounding error too.
    flows = by_source * flow_size + epsilon * flow_size.max(axis=0)
    return Errors(
        psi=np.moveaxis(by_source * psi_size, 0, -1),
        amplitudes=np.moveaxis(psi_size * leaving + np.where(is_open, epsilon, 0.0), 0, -1),
        flows=np.moveaxis(flows, 0, -1),
    )


def worst_condition(iface: Interface) -> float:
    """Return the largest condition number of iK̂_z + ik_z − κ̂_0 at sampled k_⊥, at least 2."""
    x = sample(iface.thresholds(), 16) ** 2
    k = np.sqrt(iface.kz_squared(x).astype(complex))[:, None, None] * IDENTITY
    K = in_spin_bands(np.sqrt(iface.Kz_squared(x).astype(complex)), iface.direction)
    return max(2.0, float(np.linalg.cond(1j * (K + k) - iface.kappa_0()).max()))


def reach(iface: Interface, k_perp: Array, angles: Array) -> Array:
    """Return the smallest |h_R|, of complex ones too, at which M is singular, shape (n, angles).

    Up to there states are analytic in h_R: M₀ − h_R σ·(k×ẑ) is singular at the inverse eigenvalues of
    M₀⁻¹ σ·(k×ẑ).
    """
    k = np.sqrt(iface.kz_squared(k_perp**2).astype(complex))[:, None, None] * IDENTITY
    K = in_spin_bands(np.sqrt(iface.Kz_squared(k_perp**2).astype(complex)), iface.direction)
    field = rashba(k_perp[:, None] + 0 * angles, angles + 0 * k_perp[:, None])
    found = np.linalg.solve((1j * (K + k) - iface.kappa_0())[:, None], field)
    largest = np.abs(np.linalg.eigvals(found)).max(axis=-1)
    return 1 / np.maximum(largest, np.finfo(float).tiny)
