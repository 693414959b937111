"""How much the matching problem amplifies rounding: bounds on errors, problem by problem, not a solution.

A wave number q of q² = E_F − U − k_⊥² is known to ε Q²/q² of itself, Q² the size of what cancels; on a
lattice to ε/(qa)² besides, which Q² = … + 1/a² includes. M = iK̂_z + ik_z − κ̂ is then known to
δM = Σ_q q ε Q²/q² + ε|κ̂|, ψ(0) = M⁻¹ (…) to |M⁻¹| δM of itself, and the flux of an incident wave to its own
ε Q²/q².
"""

from __future__ import annotations

import numpy as np

from sotcheck.engines.stack import joined
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.quadrature import sample
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import in_spin_bands
from sotcheck.system.states import Errors
from sotcheck.system.structure import Structure

#: Rounding errors of one problem's operations, in units of ε: a few dozen, not all of one sign.
OPERATIONS = 8
#: Next to a band edge q² has no digits left: no error is larger than the whole.
WHOLE = 1.0


def rounding_errors(
    structure: Structure, k_perp: Array, angle: Array, scale: Array, spacing: float = np.inf
) -> Errors:
    """Return bounds on an engine's rounding errors; its lattice has a spacing, unit: 1/wave vector."""
    k_perp, angle, scale = np.broadcast_arrays(*np.atleast_1d(k_perp, angle, scale))
    left, right = structure.left, structure.right
    # By source: normal, majority, minority. Of a magnetic left half-space, the spin with less energy left.
    from_left, from_right = (lead.bands(structure.energy, k_perp)[0] for lead in (left, right))
    q2 = np.stack([from_left[..., 0], from_right[..., 1], from_right[..., 0]])
    size = np.abs(np.sqrt(q2.astype(complex)))
    inverse, kappa = _inverse(structure, k_perp, angle, scale)
    tiny = np.finfo(float).tiny

    epsilon = OPERATIONS * float(np.finfo(float).eps)
    edges = np.array([left.edges[1], *right.edges])
    cancels = np.abs(structure.energy - edges).reshape(-1, *(1,) * k_perp.ndim) + k_perp**2 + spacing**-2.0
    lost = np.minimum(epsilon * cancels / np.maximum(np.abs(q2), tiny), WHOLE)
    total = size.sum(axis=0) + kappa
    relative = epsilon + np.minimum(inverse * ((size * lost).sum(axis=0) + epsilon * total), WHOLE)

    is_open = q2 > 0
    psi_size = np.where(is_open, 2 * np.sqrt(size) * inverse, 0.0)
    by_source = relative + lost / 2
    leaving = (np.sqrt(size) * (by_source[:, None] + lost / 2)).max(axis=1)
    flow_size = psi_size**2 * total + 2 * np.sqrt(size) * psi_size
    # Both spins from F come out of one matrix: what is left of one in the other is a rounding error too.
    flows = by_source * flow_size + epsilon * flow_size.max(axis=0)
    amplitudes = psi_size * leaving + np.where(is_open, epsilon, 0.0)
    return Errors(*(np.moveaxis(one, 0, -1) for one in (by_source * psi_size, amplitudes, flows)))


def _matching(structure: Structure, k_perp: Array, angle: Array | float, scale: Array | float) -> Complex:
    """Return the equations of a stack; those of a single interface are iK̂_z + ik_z − κ̂, (..., 2, 2)."""
    if structure.layers:
        return joined(structure, k_perp, angle, scale).matrix
    k_perp, angle, scale = np.broadcast_arrays(*np.atleast_1d(k_perp, angle, scale))
    waves = sum(
        in_spin_bands(np.sqrt(q2.astype(complex)), axis)
        for q2, axis in (region.bands(structure.energy, k_perp) for region in structure.regions)
    )
    return np.asarray(1j * waves - structure.interfaces[0].kappa(k_perp, angle, scale))


def _inverse(structure: Structure, k_perp: Array, angle: Array, scale: Array) -> tuple[Array, Array]:
    """Return a bound on |ψ| at the interfaces per source term there, and the size of all κ̂; both (...)."""
    tiny, matrix = np.finfo(float).tiny, _matching(structure, k_perp, angle, scale)
    if structure.layers:
        singular = np.linalg.svd(matrix, compute_uv=False)
        return 1 / np.maximum(singular[..., -1], tiny), singular[..., 0]
    (delta,) = structure.interfaces
    kappa = abs(delta.barrier) + abs(delta.exchange)
    # |M⁻¹| in the Frobenius norm, at least as large as any of its elements: that of M over its determinant.
    size = np.linalg.norm(matrix, axis=(-2, -1)) / np.maximum(np.abs(np.linalg.det(matrix)), tiny)
    return size, kappa + np.linalg.norm(delta.field(k_perp, angle, scale), axis=-1)


def worst_condition(structure: Structure) -> float:
    """Return the largest condition number of the matching problem without spin-orbit terms, at least 2.

    It is that of iK̂_z + ik_z − κ̂_0 at sampled k_⊥.
    """
    matrix = _matching(structure, sample(structure.thresholds(), 16), 0.0, 0.0)
    return max(2.0, float(np.linalg.cond(matrix).max()))


def reach(iface: Interface, k_perp: Array, angles: Array) -> Array:
    """Return the smallest |h_R|, of complex ones too, at which M is singular, shape (n, angles).

    Up to there states are analytic in h_R: M₀ − h_R σ·(k×ẑ) is singular at the inverse eigenvalues of
    M₀⁻¹ σ·(k×ẑ).
    """
    field = rashba(k_perp[:, None] + 0 * angles, angles + 0 * k_perp[:, None])
    found = np.linalg.solve(_matching(iface.structure, k_perp, 0.0, 0.0)[:, None], field)
    largest = np.abs(np.linalg.eigvals(found)).max(axis=-1)
    return 1 / np.maximum(largest, np.finfo(float).tiny)
