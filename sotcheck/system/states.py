"""What every engine returns: scattering states at the interfaces, in a fixed spin basis."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.spin import dagger, in_spin_bands, pauli_vector, projectors, spin_torque
from sotcheck.system.structure import Scale, Structure

MINUS, PLUS = range(2)


def by_source(waves: Complex, psi: Complex, m: Array) -> Complex:
    """Return Σ_in φψ† by source (normal, majority, minority) for φ and ψ (2, ..., 2, 2): (..., 3, 2, 2)."""
    minority, majority = projectors(m)
    bra = dagger(psi[1])
    return np.stack(
        [waves[0] @ dagger(psi[0]), waves[1] @ majority @ bra, waves[1] @ minority @ bra], axis=-3
    )


@dataclass(frozen=True)
class States:
    """Exact scattering states of many problems; axes (...) are those of the request.

    What is said of "the interface" is said of number `here`; `at` goes to another one.

    `left`, `right` (..., 2): wave numbers in the half-spaces (on a lattice: effective ones) for spin along
    and against their directions; positive, or positive imaginary; `psi` (2, interfaces, ..., 2, 2): ψ = psi @
    χ at every interface for a spinor χ that comes in from the left and from the right with unit flux,
    e^{±ikz} √(M/k) χ; zero for closed channels; `slope` (2, 2, interfaces, ..., 2, 2): ∂_zψ/M on the left and
    on the right of every interface, in the same way.
    """

    structure: Structure
    k_perp: Array
    angle: Array
    scale: Scale
    left: Complex
    right: Complex
    psi: Complex
    slope: Complex
    here: int = 0

    def at(self, interface: int) -> States:
        """Return the same states, seen at another interface."""
        return replace(self, here=interface)

    @property
    def m(self) -> Array:
        """The direction of the right half-space, shape (3,)."""
        return np.array(self.structure.right.direction)

    @property
    def kz(self) -> Complex:
        """Wave number in a left half-space that is a normal metal, shape (...)."""
        return self.left[..., 0]

    @property
    def Kz(self) -> Complex:
        """Wave numbers in the right half-space, shape (..., 2): minority, majority."""
        return self.right

    @property
    def psi_N(self) -> Complex:
        """ψ at the interface for waves from the left, shape (..., 2, 2)."""
        return self.psi[0, self.here]

    @property
    def psi_F(self) -> Complex:
        """ψ at the interface for waves from the right, shape (..., 2, 2)."""
        return self.psi[1, self.here]

    @cached_property
    def density(self) -> Complex:
        """Σ_in ψψ† at the interface by source (normal, majority, minority), shape (..., 3, 2, 2)."""
        here = self.psi[:, self.here]
        return by_source(here, here, self.m)

    def spin_current(self, side: int) -> Array:
        """Return Σ_in Im[ψ†σ∂_zψ]/M MINUS or PLUS the interface, (..., 3, 3): source, spin x, y, z."""
        return pauli_vector(by_source(self.slope[side, :, self.here], self.psi[:, self.here], self.m)).imag

    @cached_property
    def spin_minus(self) -> Array:
        """The spin current on the left of the interface."""
        return self.spin_current(MINUS)

    @cached_property
    def spin_plus(self) -> Array:
        """The spin current on the right of the interface."""
        return self.spin_current(PLUS)

    @property
    def flows(self) -> Array:
        """The four spin flows of the interface by source, each from its own expression.

        Spin currents Im[ψ†σ∂_zψ] on its left and right, what its spin-orbit field adds, Im[ψ†σ σ·w ψ], and
        what its magnetism takes, −Im[ψ†σ u_m σ·d ψ].

        Shape (..., 3, 4, 3): the request's axes, source, flow, spin component; per unit incident flux.
        """
        delta = self.structure.interfaces[self.here]
        field = delta.field(self.k_perp, self.angle, self.scale)[..., None, :]
        added = np.cross(field, pauli_vector(self.density).real)
        taken = -spin_torque(delta.exchange_term, self.density)
        return np.stack([self.spin_minus, self.spin_plus, added, taken], axis=-2)

    @property
    def open_N(self) -> Complex:
        """The projector on open channels of the left half-space, shape (..., 2, 2)."""
        return in_spin_bands((self.left.real > 0).astype(complex), np.array(self.structure.left.direction))

    @property
    def open_F(self) -> Complex:
        """The projector on open channels of the right half-space, shape (..., 2, 2)."""
        return in_spin_bands((self.right.real > 0).astype(complex), self.m)

    def amplitudes(self) -> tuple[Complex, Complex, Complex, Complex]:
        """Return (r, t, r', t') of the whole structure, flux-normalised, each (..., 2, 2)."""
        leads = self.structure.left, self.structure.right
        v_left, v_right = (
            np.abs(k) / lead.mass for k, lead in zip((self.left, self.right), leads, strict=True)
        )
        root_k = in_spin_bands(np.sqrt(v_left) + 0j, np.array(self.structure.left.direction))
        root_K = in_spin_bands(np.sqrt(v_right) + 0j, self.m)
        r, t = root_k @ self.psi[0, 0] - self.open_N, root_K @ self.psi[0, -1]
        return r, t, root_K @ self.psi[1, -1] - self.open_F, root_k @ self.psi[1, 0]

    def s_matrix(self) -> Complex:
        """Return S between open channels, shape (..., 4, 4)."""
        r, t, r_prime, t_prime = self.amplitudes()
        one, one_prime = self.open_N, self.open_F
        return np.block([[one @ r, one @ t_prime], [one_prime @ t, one_prime @ r_prime]])

    def unitarity_defect(self) -> Array:
        """Return the largest element of |S†S − 1| and |SS† − 1| over open channels."""
        s, zero = self.s_matrix(), np.zeros_like(self.open_N)
        one = np.block([[self.open_N, zero], [zero, self.open_F]])
        return np.abs([dagger(s) @ s - one, s @ dagger(s) - one]).max(axis=(0, -1, -2))


@dataclass(frozen=True)
class Errors:
    """Bounds on the errors of an engine's states by source (normal, majority, minority), shapes (..., 3).

    Of any element of ψ at an interface, any reflection or transmission amplitude, any spin flow; per unit
    flux.
    """

    psi: Array
    amplitudes: Array
    flows: Array
