"""Interface states of Appendix C: below the whole continuum, and of one spin inside the other's.

A state e^{q_N z} (z < 0), e^{−Q̂_F z} (z > 0) at energy E needs (q_N + Q̂_F + κ̂) ψ(0) = 0. The matrix
grows with −E: it has as many negative eigenvalues at the bottom of the continuum as there are states below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from sotcheck.model import Interface, rashba
from sotcheck.spin import IDENTITY, Array, Complex, in_spin_bands


def matching_matrix(iface: Interface, energy: Array, k_perp: Array, angle: Array, h_R: float) -> Complex:
    """Return q_N + Q̂_F + κ̂ at a total energy at or below the continuum, shape (..., 2, 2), Eq. (C3)."""
    x = np.asarray(k_perp, dtype=float) ** 2
    q_N = np.sqrt((iface.U_N + x - energy).clip(min=0))
    bands = iface.U_F + iface.J * np.array([1.0, -1.0])
    Q_F = np.sqrt((bands + (x - energy)[..., None]).clip(min=0)).astype(complex)
    kappa = iface.kappa_0() + h_R * rashba(np.asarray(k_perp), np.asarray(angle))
    return q_N[..., None, None] * IDENTITY + in_spin_bands(Q_F, iface.direction) + kappa


def _at_the_bottom(iface: Interface, h_R: float, k_perp: Array) -> tuple[Array, Array, Array]:
    """Return the eigenvalues at the bottom of the continuum over k_⊥ and all angles, with both, flattened."""
    in_plane = np.arctan2(iface.m[1], iface.m[0]) + np.array([0.5, -0.5]) * np.pi
    angles = np.concatenate([np.linspace(0, 2 * np.pi, 73), in_plane])
    k_perp, angle = (g.ravel() for g in np.meshgrid(k_perp, angles, indexing="ij"))
    bottom = k_perp**2 + min(iface.U_N, iface.U_F - iface.J)
    return np.linalg.eigvalsh(matching_matrix(iface, bottom, k_perp, angle, h_R)), k_perp, angle


def lowest_eigenvalue(iface: Interface, h_R: float, k_perp_max: float) -> tuple[float, float, float]:
    """Return the smallest eigenvalue of q_N + Q̂_F + κ̂ at the bottom of the continuum.

    Negative means a bound state at some k_⊥ ≤ k_perp_max. The smallest eigenvalue is a concave function of
    k_⊥ (the matrix is affine in it), so only k_⊥ = 0 and k_perp_max can hold the minimum.

    Returns
    -------
    eigenvalue : float
        Unit: wave vector.
    k_perp, angle : float
        Where.
    """
    values, k_perp, angle = _at_the_bottom(iface, h_R, np.array([0.0, k_perp_max]))
    i = int(np.argmin(values[:, 0]))
    return float(values[i, 0]), float(k_perp[i]), float(angle[i])


def added_states(iface: Interface, h_R: float, k_perp_max: float) -> int:
    """Return how many states below the continuum h_R adds to those without it, at any k_⊥ and angle."""
    k_perp = np.linspace(0.0, k_perp_max, 33)
    with_rashba, without = (np.sum(_at_the_bottom(iface, h, k_perp)[0] < 0, axis=1) for h in (h_R, 0.0))
    return int((with_rashba - without).max())


@dataclass(frozen=True)
class InterfaceState:
    """An unperturbed state bound to the interface, of one spin, at E_F."""

    spin: str
    k_perp2: float
    inside_continuum: bool


def interface_states(iface: Interface) -> list[InterfaceState]:
    """Return the h_R = 0 interface states at E_F: q_N + q_s + u_s = 0 for spin s.

    Those inside the other spin's continuum become resonances of width ~ h_R² and carry current that
    first-order theory does not know of.
    """
    found = []
    last = iface.thresholds()[-1]
    for spin, sign in (("minority", 1.0), ("majority", -1.0)):
        strength = iface.u_0 + sign * iface.u_m
        edges = (iface.E_F - iface.U_N, iface.E_F - iface.U_F - sign * iface.J)
        lowest = max(*edges, 0.0)

        def matching(x: float, edges: tuple[float, float] = edges, u: float = strength) -> float:
            return float(sum(np.sqrt(max(x - edge, 0.0)) for edge in edges) + u)

        if matching(lowest) < 0:
            x = float(brentq(matching, lowest, lowest + strength**2, xtol=1e-15, rtol=1e-14))
            found.append(InterfaceState(spin, x, inside_continuum=x < last))
    return found


def resonances(iface: Interface) -> list[float]:
    """Return the k_⊥² near which the k_⊥ sum meets a resonance, narrow when h_R is small."""
    return [state.k_perp2 for state in interface_states(iface) if state.inside_continuum]
