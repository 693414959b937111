"""What every engine returns: scattering states at the interface, in a fixed spin basis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import IDENTITY, dagger, in_spin_bands, projectors, spin_torque


@dataclass(frozen=True)
class Scattering:
    """Exact scattering states of many problems; leading axes are those of the request.

    Attributes
    ----------
    kz : array (...)
        Wave number in N (on a lattice: the effective one); positive, or positive imaginary.
    Kz : array (..., 2)
        Wave numbers in F: minority, majority.
    m : array (3,)
    psi_N, psi_F : array (..., 2, 2)
        ψ(0) = psi @ χ for an incident spinor χ of unit flux, e^{±ikz}/√k χ; zero for closed channels.
    spin_minus, spin_plus : array (..., 3, 3)
        Σ_in Im[ψ†σ∂_zψ] at z = −0 and z = +0; axes: source (normal, majority, minority), spin x, y, z.
    """

    kz: Complex
    Kz: Complex
    m: Array
    psi_N: Complex
    psi_F: Complex
    spin_minus: Array
    spin_plus: Array

    @property
    def density(self) -> Complex:
        """Σ_in ψψ† at z = 0 by source, shape (..., 3, 2, 2)."""
        minority, majority = projectors(self.m)
        return np.stack(
            [
                self.psi_N @ dagger(self.psi_N),
                self.psi_F @ majority @ dagger(self.psi_F),
                self.psi_F @ minority @ dagger(self.psi_F),
            ],
            axis=-3,
        )

    @property
    def open_N(self) -> Complex:
        """The projector 1̂_k of Eq. (4a), shape (..., 2, 2)."""
        return (self.kz.real > 0)[..., None, None] * IDENTITY

    @property
    def open_F(self) -> Complex:
        """The projector 1̂'_k of Eq. (4b), shape (..., 2, 2)."""
        return in_spin_bands((self.Kz.real > 0).astype(complex), self.m)

    def amplitudes(self) -> tuple[Complex, Complex, Complex, Complex]:
        """Return (r, t, r', t') with the flux normalisation of Eqs. (2) and (3), each (..., 2, 2)."""
        root_k = np.sqrt(np.abs(self.kz))[..., None, None]
        root_K = in_spin_bands(np.sqrt(np.abs(self.Kz)).astype(complex), self.m)
        return (
            root_k * self.psi_N - self.open_N,
            root_K @ self.psi_N,
            root_K @ self.psi_F - self.open_F,
            root_k * self.psi_F,
        )

    def s_matrix(self) -> Complex:
        """Return S between open channels, Eqs. (B1) and (B7), shape (..., 4, 4)."""
        r, t, r_prime, t_prime = self.amplitudes()
        one, one_prime = self.open_N, self.open_F
        return np.concatenate(
            [
                np.concatenate([one @ r, one @ t_prime], axis=-1),
                np.concatenate([one_prime @ t, one_prime @ r_prime], axis=-1),
            ],
            axis=-2,
        )

    def unitarity_defect(self) -> Array:
        """Return the largest element of |S†S − 1| and |SS† − 1| over open channels, Eq. (B8)."""
        s = self.s_matrix()
        zero = np.zeros_like(self.open_N)
        one = np.block([[self.open_N, zero], [zero, self.open_F]])
        left, right = dagger(s) @ s - one, s @ dagger(s) - one
        return np.maximum(np.abs(left).max(axis=(-1, -2)), np.abs(right).max(axis=(-1, -2)))


def flows(states: Scattering, iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> Array:
    """Return the four spin flows of Fig. 2 by source, each from its own expression.

    Spin currents Im[ψ†σ∂_zψ] at z = ∓0 are the engine's; what the lattice adds, Im[ψ†σ h_R σ·(k×ẑ) ψ], and
    what the interface magnetism takes, −Im[ψ†σ u_m σ·m ψ], follow from ψ(0).

    Returns
    -------
    array (..., 3, 4, 3)
        Axes: the request's, source, flow (as `FLOWS`), spin component; per unit incident flux.
    """
    rashba_term = (h_R[..., None, None] * rashba(k_perp, angle))[..., None, :, :]
    added = spin_torque(rashba_term, states.density)
    taken = -spin_torque(iface.interface_exchange(), states.density)
    return np.stack([states.spin_minus, states.spin_plus, added, taken], axis=-2)


@dataclass(frozen=True)
class Errors:
    """Bounds on the errors of an engine's states; leading axes (...) are those of the request.

    Attributes
    ----------
    psi : array (..., 3)
        Of any element of ψ(0) by source (normal, majority, minority), per unit incident flux.
    amplitudes : array (..., 3)
        Of any reflection or transmission amplitude by source of the incident wave.
    flows : array (..., 3)
        Of any spin flow of Fig. 2 by source, per unit incident flux.
    """

    psi: Array
    amplitudes: Array
    flows: Array


class Engine(Protocol):
    """Anything that solves the scattering problem exactly, for all h_R."""

    @property
    def name(self) -> str:
        """The name on the command line."""
        ...

    @property
    def accuracy(self) -> float:
        """Relative error to which sums of its states are worth taking."""
        ...

    @property
    def scheme(self) -> str | None:
        """The discretisation, None for an engine without a lattice."""
        ...

    def scatter(self, iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> Scattering:
        """Solve at every broadcast combination of k_⊥, in-plane angle and h_R."""
        ...

    def flows(self, iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> Array:
        """Return `flows` of these states, in the engine's fastest way."""
        ...

    def rounding(self, iface: Interface) -> float:
        """Return the relative rounding error to expect of amplitudes and currents away from band edges."""
        ...

    def errors(self, iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> Errors:
        """Return bounds on the errors of these states, problem by problem."""
        ...
