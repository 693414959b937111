"""States of the minority inside the majority's continuum, at any energy: poles beside the real axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.engines.poles import (
    RHO,
    THINNEST,
    Segment,
    along_m,
    analytic_radius,
    determinant,
    wave_number,
    x_of,
)
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.numerics.zeros import zeros_near
from sotcheck.system.interface import Interface

#: Where |w sin χ| is below this part of the wave numbers, spin is conserved.
CONSERVED = 1e-12


@dataclass(frozen=True)
class EmbeddedStates:
    """Minority states among propagating majority states, one or none at each point of the request.

    Attributes
    ----------
    energy : array (...)
        Total energy, k_⊥² included; NaN where there is none.
    width : array (...)
        Full width Γ: the pole lies at energy − iΓ/2; the state leaves into F after ħ/Γ.
    minority : array (...)
        Part of |ψ(0)|² with the spin of the minority: 1 less O(h_R²).
    bound : array (...) of bool
        Whether spin is conserved (m ∥ k×ẑ, or no h_R k_⊥), so that the state is truly bound: zero width.
    """

    energy: Array
    width: Array
    minority: Array
    bound: Array

    @property
    def kind(self) -> Array:
        """In words: "bound", "resonance", or "none", shape (...)."""
        return np.where(np.isnan(self.energy), "none", np.where(self.bound, "bound", "resonance"))


def embedded_states(iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> EmbeddedStates:
    """Find the states of the minority inside the majority's continuum, at any energy, for fixed k_⊥.

    They lie between the bottom of the majority's continuum and the lower bottom of N's and the minority's.

    Parameters
    ----------
    iface : Interface
        Its own h_R and E_F are not used.
    k_perp, angle, h_R : arrays that broadcast

    Returns
    -------
    EmbeddedStates
    """
    k_perp, angle, h_R = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (k_perp, angle, h_R)))
    c, w = along_m(iface, angle).reshape(-1, 1), (h_R * k_perp).reshape(-1, 1)
    # x = k_⊥² − E now, so that k_z² = −U − x as above with E_F = 0.
    edges = {"normal": -iface.U_N, "minority": -iface.U_F - iface.J, "majority": -iface.U_F + iface.J}
    segment = (max(edges["normal"], edges["minority"]), edges["majority"])
    theta, part = np.full(c.size, np.nan, dtype=complex), np.full(c.size, np.nan)
    thinnest = THINNEST * max(map(abs, segment))
    scale = max(abs(segment[1] - segment[0]), thinnest)
    if segment[1] - segment[0] > thinnest:

        def f(theta: Complex, rows: Index) -> Complex:
            k, minority, majority = (wave_number(edge, segment, theta) for edge in edges.values())
            return determinant(iface, k, (minority, majority), w[rows] + 0j, c[rows])

        found = zeros_near(f, c.size, 0.0, np.pi / 2, analytic_radius(segment, edges.values(), RHO))
        inside = (found.real > 0) & (found.real < np.pi / 2)
        # The narrowest is the state; others are broad structures of the majority's own.
        distance = np.where(inside, np.abs(found.imag), np.inf)
        if found.shape[1]:
            nearest = np.argmin(distance, axis=1)[:, None]
            there = np.take_along_axis(np.where(inside, found, np.nan), nearest, axis=1)
            part = _minority_part(iface, edges, segment, there, w, c)[:, 0]
            # A state of the minority; elsewhere it is a shape resonance of the majority.
            theta = np.where(part > 0.5, there[:, 0], np.nan)
            part = np.where(part > 0.5, part, np.nan)
    x = x_of(segment, theta)
    bound = (np.abs(w) * np.sqrt(np.maximum(1 - c**2, 0)) <= CONSERVED * np.sqrt(scale))[:, 0]
    shape = k_perp.shape
    return EmbeddedStates(
        energy=k_perp**2 - x.real.reshape(shape),
        width=np.where(bound, np.where(np.isnan(x.real), np.nan, 0.0), 2 * np.abs(x.imag)).reshape(shape),
        minority=part.reshape(shape),
        bound=(bound & ~np.isnan(x.real)).reshape(shape),
    )


def _minority_part(
    iface: Interface, edges: dict[str, float], segment: Segment, theta: Complex, w: Array, c: Array
) -> Array:
    """Return |ψ_minority|²/|ψ|² at z = 0 of the null vector of iK̂ + ik − κ̂ at a zero."""
    k, minority, majority = (wave_number(edge, segment, theta) for edge in edges.values())
    diagonal = (
        1j * (minority + k) - iface.u_0 - iface.u_m - w * c,
        1j * (majority + k) - iface.u_0 + iface.u_m + w * c,
    )
    coupling = np.abs(w) ** 2 * (1 - c**2)
    # D_− ψ_− = w β ψ_+ and D_+ ψ_+ = w β* ψ_−, |β|² = 1 − c².
    one, other = np.abs(diagonal[1]) ** 2, np.abs(diagonal[0]) ** 2
    ratio = np.where(one >= other, one / (one + coupling), coupling / np.maximum(other + coupling, 1e-300))
    return np.asarray(ratio)
