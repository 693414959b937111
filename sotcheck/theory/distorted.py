"""First order in the common scale of all spin-orbit terms of any stack, from its unperturbed states.

Without spin-orbit terms states depend on k_⊥ alone. Averaged over the angle of k, k_x σ·w with w = A k is
(k_⊥²/2) σ·a with a = A x̂, which of a Rashba term is −ŷ: to first order the spin-orbit terms act as
V = (k_⊥²/2) Σ σ·a, at every delta and in every layer. The distorted-wave Born approximation gives the change
of the whole S-matrix between open channels from the unperturbed states ψ of unit flux that come in through
them,

    S†δS = −(i/2) ∫ ψ† V ψ dz,

whatever the stack. The torque on all magnetism is what spin arrives from the left, and what the spin-orbit
terms add, V × spin, less what goes on into the right half-space: there only spin along its magnetisation
does.

States come from reflection matrices looking right and left, layer by layer, in which only decaying
exponentials occur: the opposite way to the engines' equations for all layers at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.spin import IDENTITY, PAULI, dagger, projectors
from sotcheck.system.structure import NO_FIELD, Matrix, Region, Structure

#: Gauss–Legendre nodes in a layer, besides one for each radian of phase or decay.
NODES = 16
#: No wave number is smaller: where one vanishes, the limit is that of a tiny one.
TINY = 1e-30


def mean_field(A: Matrix) -> Array:
    """Return a = A x̂, of which spin-orbit terms are left after the average over the angle, shape (3,)."""
    return np.array(A)[:, 0]


@dataclass(frozen=True)
class Medium:
    """A region at k_⊥² (n,): Q̂ of its waves e^{±iQ̂z} by spin band (n, 2), and the axis of its spin."""

    region: Region
    q: Complex

    @classmethod
    def of(cls, region: Region, energy: float, k_perp2: Array) -> Medium:
        """Return the region's waves: travelling with q > 0, or decaying with q = iκ, κ > 0."""
        split = region.exchange * np.array([1.0, -1.0])
        q2 = region.mass * (energy - region.potential - split) - np.asarray(k_perp2)[:, None]
        size = np.sqrt(np.maximum(np.abs(q2), TINY))
        return cls(region, np.where(q2 > 0, size, 1j * size))

    @cached_property
    def bands(self) -> Complex:
        """The projectors on its spin bands, (2, 2, 2)."""
        return projectors(np.array(self.region.direction))

    def matrix(self, values: Complex | Array) -> Complex:
        """Return what is given by spin band as a matrix (n, 2, 2)."""
        return np.einsum("...s,sij->...ij", values, self.bands)

    @property
    def admittance(self) -> Complex:
        """Slope over ψ of a wave that goes to the right, iQ̂/M."""
        return self.matrix(1j * self.q / self.region.mass)

    @property
    def root_velocity(self) -> Complex:
        """√(k/M) of open channels, zero of closed ones, (n, 2, 2)."""
        return self.matrix(np.sqrt(self.q.real / self.region.mass))

    def phase(self, part: float | Array) -> Complex:
        """e^{iQ̂d} through a part of the layer, (n, 2, 2), or through parts (p,), (p, n, 2, 2)."""
        far = self.region.thickness * np.asarray(part)[..., None, None]
        return self.matrix((np.exp(1j * self.q * far)).reshape(*np.shape(part), *self.q.shape))

    @cached_property
    def through(self) -> Complex:
        """e^{iQ̂d} through the whole layer."""
        return self.phase(1.0)

    def nodes(self) -> tuple[Array, Array]:
        """Return parts of the layer's thickness, and weights, of Gauss–Legendre's rule in z."""
        turned = float(np.abs(self.q).max()) * self.region.thickness
        u, weights = np.polynomial.legendre.leggauss(NODES + int(turned))
        return (u + 1) / 2, weights * self.region.thickness / 2


def _reflected(medium: Medium, admittance: Complex) -> Complex:
    """Return ρ at a layer's far end, where slope = Y ψ: the wave e^{iQ̂z} comes back as ρ."""
    own = medium.admittance
    return np.linalg.solve(own + admittance, own - admittance)


def kappas_of(structure: Structure) -> list[Complex]:
    """Return κ̂ of every junction without spin-orbit term, (2, 2) each."""
    return [delta.barrier * IDENTITY + delta.exchange_term for delta in structure.interfaces]


@dataclass(frozen=True)
class Side:
    """Waves of unit flux that come in from one side; z counts onwards from there.

    ψ (n, 2, 2) at every junction; in every layer a and b of ψ = e^{iQ̂z} a + e^{iQ̂(d−z)} b; just beyond every
    junction Ŷ of slope = Ŷψ, which is that of any wave that goes on there; of such a wave, in every layer, X̂
    and ρ̂ of a = X̂ψ and b = ρ̂ e^{iQ̂d} a.
    """

    psi: list[Complex]
    inside: list[tuple[Complex, Complex]]
    admittance: list[Complex]
    onward: list[tuple[Complex, Complex]]

    @property
    def turned(self) -> Side:
        """The same, in the order of the opposite direction."""
        return Side(self.psi[::-1], self.inside[::-1], self.admittance[::-1], self.onward[::-1])


def come_in(media: list[Medium], kappas: Sequence[Complex]) -> Side:
    """Return ψ at the junctions, and in layers, of waves of unit flux out of the first medium."""
    admittance = media[-1].admittance
    found = [admittance]
    back: list[tuple[Complex, Complex]] = []
    for medium, kappa in zip(media[-2:0:-1], kappas[:0:-1], strict=True):
        rho, through = _reflected(medium, admittance - kappa), medium.through
        entered = np.linalg.inv(IDENTITY + through @ rho @ through)
        back.insert(0, (entered, rho))
        admittance = medium.admittance @ (IDENTITY - through @ rho @ through) @ entered
        found.insert(0, admittance)
    first = media[0]
    psi = [np.linalg.solve(first.admittance + admittance - kappas[0], 2j * first.root_velocity)]
    inside: list[tuple[Complex, Complex]] = []
    for medium, (entered, rho) in zip(media[1:-1], back, strict=True):
        a = entered @ psi[-1]
        inside.append((a, rho @ medium.through @ a))
        psi.append(medium.through @ a + inside[-1][1])
    return Side(psi, inside, found, back)


@dataclass(frozen=True)
class Unperturbed:
    """Unperturbed states of a stack at k_⊥² (n,), of unit flux.

    ψ at the junctions (junctions, n, 2, 4): the columns come in from the left, then from the right.
    """

    structure: Structure
    k_perp2: Array
    media: list[Medium]
    from_left: Side
    from_right: Side

    @classmethod
    def of(cls, structure: Structure, k_perp2: Array) -> Unperturbed:
        """Solve by reflection matrices, from either side."""
        media = [Medium.of(region, structure.energy, k_perp2) for region in structure.regions]
        kappas = kappas_of(structure)
        back = come_in(media[::-1], kappas[::-1])
        return cls(structure, k_perp2, media, come_in(media, kappas), back.turned)

    def at(self, junction: int) -> Complex:
        """Return ψ at a junction, (n, 2, 4)."""
        return np.concatenate([self.from_left.psi[junction], self.from_right.psi[junction]], axis=-1)

    def inside(self, layer: int, part: float | Array) -> Complex:
        """Return ψ at a part of a layer's thickness, (n, 2, 4), or at parts (p,), (p, n, 2, 4)."""
        medium = self.media[layer + 1]
        near, far = medium.phase(part), medium.phase(1 - part)
        (a, b), (c, d) = self.from_left.inside[layer], self.from_right.inside[layer]
        return np.concatenate([near @ a + far @ b, far @ c + near @ d], axis=-1)

    @property
    def s_matrix(self) -> Complex:
        """S between open channels, (n, 4, 4), zero for closed ones."""
        left, right = (medium.root_velocity for medium in (self.media[0], self.media[-1]))
        out = np.concatenate([left @ self.at(0), right @ self.at(-1)], axis=-2)
        return out - self.open

    @property
    def open(self) -> Complex:
        """The projector on open channels, (n, 4, 4)."""
        left, right = (m.matrix((m.q.real > 0) + 0.0) for m in (self.media[0], self.media[-1]))
        zero = np.zeros_like(left)
        return np.block([[left, zero], [zero, right]])

    def sites(self) -> list[tuple[Array, float, Complex]]:
        """Return a, a weight and ψ wherever there is a spin-orbit term: deltas, nodes in layers."""
        found = [
            (mean_field(delta.spin_orbit), 1.0, self.at(n))
            for n, delta in enumerate(self.structure.interfaces)
            if delta.spin_orbit != NO_FIELD
        ]
        for n, layer in enumerate(self.structure.layers):
            if layer.spin_orbit == NO_FIELD:
                continue
            parts, weights = self.media[n + 1].nodes()
            a = mean_field(layer.spin_orbit)
            found += [
                (a, weight, psi) for weight, psi in zip(weights.tolist(), self.inside(n, parts), strict=True)
            ]
        return found


def by_source(structure: Structure) -> Complex:
    """Return the projectors (3, 4, 4) on the channels of normal, majority and minority."""
    minority, majority = projectors(np.array(structure.right.direction))
    zero = np.zeros((2, 2), dtype=complex)
    return np.array(
        [
            np.block([[IDENTITY, zero], [zero, zero]]),
            np.block([[zero, zero], [zero, majority]]),
            np.block([[zero, zero], [zero, minority]]),
        ]
    )


def torque(structure: Structure, k_perp2: Array) -> Array:
    """Return the integrand of t to first order in the scale, (n, 3, 3): source, x, y, z.

    It is that of (1/4π) ∫ d(k_⊥²), the mass of the source included.
    """
    found = Unperturbed.of(structure, k_perp2)
    S, sources = found.s_matrix, by_source(structure)
    born, added = np.zeros_like(S), np.zeros((len(k_perp2), 3, 3))
    for a, weight, psi in found.sites():
        born += weight * dagger(psi) @ np.tensordot(a, PAULI, 1) @ psi
        spin = np.einsum("nia,sab,njb,kji->nsk", psi, sources, psi.conj(), PAULI).real
        added += weight * np.cross(a, spin)
    change = -0.5j * S @ born
    # Spin that leaves through open channels, to either side: Tr σ δ(S P S†).
    leaving = 2 * np.einsum("nia,sab,njb->nsij", change, sources, S.conj())
    to_left = np.einsum("nsij,kji->nsk", leaving[..., :2, :2], PAULI).real
    to_right = np.einsum("nsij,kji->nsk", leaving[..., 2:, 2:], PAULI).real
    if structure.right.magnetic:
        m = np.array(structure.right.direction)
        to_right = (to_right @ m)[..., None] * m
    masses = np.array([structure.left.mass, structure.right.mass, structure.right.mass])
    total = added - to_left - to_right
    return -total * (np.asarray(k_perp2) / 2)[:, None, None] / (4 * np.pi * masses[:, None])
