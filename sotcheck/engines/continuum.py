"""Exact boundary matching at z = 0, for any h_R, vectorised over k_⊥, angle and h_R."""

from __future__ import annotations

import numpy as np

from sotcheck.engines.conditioning import worst_condition
from sotcheck.model import Interface, rashba
from sotcheck.scattering import Scattering
from sotcheck.spin import IDENTITY, PAULI, Array, Complex, in_spin_bands, projectors


def outgoing(k_squared: Array) -> Complex:
    """Return the wave number of the outgoing or decaying wave e^{ik|z|}: Re k ≥ 0, Im k ≥ 0."""
    return np.sqrt(np.asarray(k_squared, dtype=complex))


def spin_flow(psi: Complex, slope: Complex) -> Array:
    """Return Σ_in Im[ψ†σ∂_zψ], shape (..., 3); ψ and ∂_zψ are (..., 2, channels)."""
    return np.einsum("...ia,kij,...ja->...k", psi.conj(), PAULI, slope).imag


def match(kz: Complex, Kz: Complex, kappa: Complex, m: Array) -> Scattering:
    """Solve the matching problem of given wave numbers and interface potential.

    ψ is continuous at z = 0 and ∂_zψ(+0) − ∂_zψ(−0) = κ̂ψ(0). Waves leave as e^{−ik_z z} into N and as
    e^{iK̂_z z} into F; each incident channel carries unit flux.

    Parameters
    ----------
    kz : array (...)
        Wave number in N.
    Kz : array (..., 2)
        Wave numbers in F of the minority and majority band.
    kappa : array (..., 2, 2)
        The whole interface potential κ̂, Rashba term included.
    m : array (3,)

    Returns
    -------
    Scattering
    """
    k = kz[..., None, None] * IDENTITY
    K = in_spin_bands(Kz, m)
    # Incident spinors of unit flux at z = 0: 1/√k_z for both spins of N, 1/√K_z for each band of F.
    open_N, open_F = kz.real > 0, Kz.real > 0
    in_N = np.where(open_N, 1 / np.sqrt(np.where(open_N, kz, 1)), 0)[..., None, None] * IDENTITY
    in_F = in_spin_bands(np.where(open_F, 1 / np.sqrt(np.where(open_F, Kz, 1)), 0), m)

    # iK̂ψ − (∂_zψ of the N side) = κ̂ψ, with the incident wave's own slope moved to the right.
    matching = 1j * (K + k) - kappa
    psi_N = np.linalg.solve(matching, 2j * k @ in_N)
    psi_F = np.linalg.solve(matching, 2j * K @ in_F)

    slope_minus_N = 1j * k @ (2 * in_N - psi_N)
    slope_plus_N = 1j * K @ psi_N
    slope_minus_F = -1j * k @ psi_F
    slope_plus_F = 1j * K @ (psi_F - 2 * in_F)

    minority, majority = projectors(m)

    def by_source(slope_N: Complex, slope_F: Complex) -> Array:
        return np.stack(
            [
                spin_flow(psi_N, slope_N),
                spin_flow(psi_F @ majority, slope_F @ majority),
                spin_flow(psi_F @ minority, slope_F @ minority),
            ],
            axis=-2,
        )

    return Scattering(
        kz=kz,
        Kz=Kz,
        m=m,
        psi_N=psi_N,
        psi_F=psi_F,
        spin_minus=by_source(slope_minus_N, slope_minus_F),
        spin_plus=by_source(slope_plus_N, slope_plus_F),
    )


class Continuum:
    """The `continuum` engine."""

    name = "continuum"
    scheme = None

    def scatter(self, iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> Scattering:
        """Solve at every broadcast combination of k_⊥, in-plane angle and h_R.

        Parameters
        ----------
        iface : Interface
            Its own h_R is not used.
        k_perp, angle, h_R : arrays that broadcast
            In-plane wave number, angle of k from the x axis, Rashba parameter.

        Returns
        -------
        Scattering
            With the broadcast shape in front.
        """
        k_perp, angle, h_R = np.broadcast_arrays(*np.atleast_1d(k_perp, angle, h_R))
        kappa = iface.kappa_0() + h_R[..., None, None] * rashba(k_perp, angle)
        kz = outgoing(iface.kz_squared(k_perp**2))
        Kz = outgoing(iface.Kz_squared(k_perp**2))
        return match(kz, Kz, kappa, iface.direction)

    def rounding(self, iface: Interface) -> float:
        """Return the relative rounding error: a few dozen operations, amplified by the matching matrix."""
        return 16 * float(np.finfo(float).eps) * worst_condition(iface)
