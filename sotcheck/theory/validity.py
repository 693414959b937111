"""Where the expansion in h_R converges: the series (46) with Ĝ = (1 + r̂_ex)/2ik_z."""

from __future__ import annotations

import itertools

import numpy as np

from sotcheck.model import Interface, rashba
from sotcheck.quadrature import substitution
from sotcheck.spin import IDENTITY, Array
from sotcheck.theory.amplitudes import closed_forms


def radius_by_k(iface: Interface, k_perp2: Array, angles: Array) -> Array:
    """Return 1/ρ(Ĝ σ·(k×ẑ)) with the spectral radius ρ, Eq. (46), shape (n, angles)."""
    a = closed_forms(iface, k_perp2)
    G = (IDENTITY + a.r_ex) / (2j * a.kz)[:, None, None]
    R = rashba(np.sqrt(k_perp2)[:, None] + 0 * angles, angles + 0 * k_perp2[:, None])
    spectral = np.abs(np.linalg.eigvals(G[:, None] @ R)).max(axis=-1)
    return 1 / np.maximum(spectral, np.finfo(float).tiny)


def radius_of_convergence(iface: Interface) -> float:
    """Return the smallest radius over all k_⊥ that carry current, closely sampled towards thresholds."""
    edges = iface.thresholds()
    # sin² sampling down to 1e-12 of a range: where a radius vanishes, it does so at a threshold.
    theta = np.concatenate([[1e-6], np.linspace(0, np.pi / 2, 62)[1:-1], [np.pi / 2 - 1e-6]])
    x = np.concatenate([substitution(*pair, theta)[0] for pair in itertools.pairwise(edges)])
    return float(radius_by_k(iface, x, np.linspace(0, np.pi, 25)).min())
