"""How much the matching problem amplifies rounding: an error estimate, not a solution."""

from __future__ import annotations

import numpy as np

from sotcheck.model import Interface
from sotcheck.quadrature import sample
from sotcheck.spin import IDENTITY, in_spin_bands


def worst_condition(iface: Interface) -> float:
    """Return the largest condition number of iK̂_z + ik_z − κ̂_0 at sampled k_⊥, at least 2."""
    x = sample(iface.thresholds(), 16) ** 2
    k = np.sqrt(iface.kz_squared(x).astype(complex))[:, None, None] * IDENTITY
    K = in_spin_bands(np.sqrt(iface.Kz_squared(x).astype(complex)), iface.direction)
    return max(2.0, float(np.linalg.cond(1j * (K + k) - iface.kappa_0()).max()))
