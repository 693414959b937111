"""Any stack as one system of linear equations in which no wave grows, and how much it amplifies rounding.

Unknown are ψ at the first and at the last interface and, in every layer, two amplitudes of either spin: of
waves that decay from the one end and from the other, or of cos qz and sin qz/q where they hardly decay, so
that neither a thick layer nor a vanishing wave number costs digits. The equations are those at the
interfaces: ψ is continuous, and its slope ∂_zψ/M jumps by κ̂ψ. What comes in stands on their right-hand side.

A wave number q of q² = M(E_F − U) − k_⊥² is known to ε Q²/q² of itself, Q² the size of what cancels; on a
lattice to ε/(qa)² besides, which Q² = … + 1/a² includes. M = iK̂_z + ik_z − κ̂ is then known to δM =
Σ_q q ε Q²/q² + ε|κ̂|, ψ(0) = M⁻¹ (…) to |M⁻¹| δM of itself, a wave's flux to its own ε Q²/q².
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.quadrature import sample
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import IDENTITY, in_spin_bands
from sotcheck.system.structure import Region, Scale, Structure


def outgoing(k_squared: Array | Complex) -> Complex:
    """Return the wave number of the outgoing or decaying wave e^{ik|z|}: Re k ≥ 0, Im k ≥ 0 for real k²."""
    k = np.sqrt(np.asarray(k_squared, dtype=complex))
    return np.where(k.imag < 0, -k, k)


def in_region(region: Region, wave_numbers: Complex) -> Complex:
    """Return the 2×2 matrix of what a half-space has for either spin (..., 2)."""
    return in_spin_bands(wave_numbers, np.array(region.direction))


@dataclass(frozen=True)
class Ends:
    """ψ and its slope ∂_zψ/M at both ends of a region as matrices (..., 2, unknowns) on its own unknowns."""

    psi: tuple[Complex, Complex]
    slope: tuple[Complex, Complex]


def layer_ends(region: Region, energy: float, k_perp: Array, angle: Array, scale: Scale) -> Ends:
    """Return the ends of a layer: two waves for either spin along its own axis at this k."""
    q2, axis = region.bands(energy, k_perp, angle, scale)
    q, d = outgoing(q2), region.thickness
    decays = q.imag * d > 1
    wave, slow = np.exp(1j * q * d), np.where(decays, 0, q)
    cos, sine = np.cos(slow * d), d * np.sinc(slow * d / np.pi)
    one, zero = np.ones_like(q), np.zeros_like(q)

    def both(first: Complex, second: Complex) -> Complex:
        return np.concatenate([in_spin_bands(values, axis) for values in (first, second)], axis=-1)

    def either(decaying: Complex, oscillating: Array | Complex) -> Complex:
        return np.where(decays, decaying, oscillating)

    return Ends(
        psi=(both(one, either(wave, zero)), both(either(wave, cos), either(one, sine))),
        slope=(
            both(either(1j * q, zero), either(-1j * q * wave, one)) / region.mass,
            both(either(1j * q * wave, -slow * slow * sine), either(-1j * q, cos)) / region.mass,
        ),
    )


@dataclass(frozen=True)
class Joined:
    """The equations of a stack, (..., n, n).

    `columns` are the unknowns of each region; `velocities` (..., 2) those of the half-spaces.
    """

    structure: Structure
    matrix: Complex
    velocities: tuple[Complex, Complex]
    ends: list[Ends]
    columns: list[slice]

    @property
    def source(self) -> Complex:
        """What comes in, (..., n, 4): waves from the left, from the right."""
        left, right = self.velocities
        source = np.zeros((*self.matrix.shape[:-1], 4), dtype=complex)
        # ψ = 1/√v of an incident wave and 2iv its part of the slope, besides that of the wave that leaves.
        source[..., 2:4, :2] = in_region(self.structure.left, 2j * np.sqrt(left.real))
        source[..., -2:, 2:] = in_region(self.structure.right, 2j * np.sqrt(right.real))
        return source

    def states(self) -> tuple[Complex, Complex]:
        """Return ψ (2, interfaces, ..., 2, 2) and ∂_zψ (2, 2, interfaces, ..., 2, 2) as in `States`."""
        source = self.source
        unknown = np.linalg.solve(self.matrix, source)
        ends = list(zip(self.ends, self.columns, strict=True))

        def two(waves: Complex) -> Complex:
            return np.stack([waves[..., :2], waves[..., 2:]])

        # ψ at an interface is what its left region says, its slopes what either region says of itself.
        psi = np.stack([two(one.psi[1] @ unknown[..., at, :]) for one, at in ends[:-1]], axis=1)
        minus = [two(one.slope[1] @ unknown[..., at, :]) for one, at in ends[:-1]]
        plus = [two(one.slope[0] @ unknown[..., at, :]) for one, at in ends[1:]]
        minus[0][0] += source[..., 2:4, :2]
        plus[-1][1] -= source[..., -2:, 2:]
        return psi, np.stack([np.stack(minus, axis=1), np.stack(plus, axis=1)])


def joined(
    structure: Structure,
    k_perp: Array,
    angle: Array | float,
    scale: Scale | float,
    waves: tuple[Complex, Complex] | None = None,
) -> Joined:
    """Return the equations of a stack at every broadcast k_⊥, angle and scale.

    `waves` are other wave numbers (..., 2) of the half-spaces than those of the continuum.
    """
    k_perp, angle, scale = np.broadcast_arrays(*np.atleast_1d(k_perp, angle, scale))
    outside = structure.left, structure.right
    found = waves or [outgoing(lead.bands(structure.energy, k_perp)[0]) for lead in outside]
    left, right = (k / lead.mass for k, lead in zip(found, outside, strict=True))
    one = np.broadcast_to(IDENTITY, (*k_perp.shape, 2, 2))
    ik, iK = 1j * in_region(structure.left, left), 1j * in_region(structure.right, right)
    layers = [layer_ends(layer, structure.energy, k_perp, angle, scale) for layer in structure.layers]
    ends = [Ends((one, one), (-ik, -ik)), *layers, Ends((one, one), (iK, iK))]
    last = 2 + 4 * len(layers)
    starts = [0, *range(2, last + 1, 4)]
    columns = [slice(a, b) for a, b in zip(starts, [*starts[1:], last + 2], strict=True)]

    matrix = np.zeros((*k_perp.shape, last + 2, last + 2), dtype=complex)
    for n, delta in enumerate(structure.interfaces):
        before, after = ends[n], ends[n + 1]
        continuous, jump = slice(4 * n, 4 * n + 2), slice(4 * n + 2, 4 * n + 4)
        kappa = delta.kappa(k_perp, angle, scale)
        matrix[..., continuous, columns[n]] = -before.psi[1]
        matrix[..., continuous, columns[n + 1]] = after.psi[0]
        matrix[..., jump, columns[n]] = -before.slope[1] - kappa @ before.psi[1]
        matrix[..., jump, columns[n + 1]] = after.slope[0]
    return Joined(structure, matrix, (left, right), ends, columns)


def matching_of(structure: Structure, k_perp: Array, angle: Array | float, scale: Array | float) -> Complex:
    """Return the equations of a stack; those of a single interface are iK̂_z + ik_z − κ̂, (..., 2, 2)."""
    if structure.layers:
        return joined(structure, k_perp, angle, scale).matrix
    k_perp, angle, scale = np.broadcast_arrays(*np.atleast_1d(k_perp, angle, scale))
    bands = [(region, region.bands(structure.energy, k_perp)[0]) for region in structure.regions]
    waves = sum(in_region(region, outgoing(q2) / region.mass) for region, q2 in bands)
    return np.asarray(1j * waves - structure.interfaces[0].kappa(k_perp, angle, scale))


def worst_condition(structure: Structure) -> float:
    """Return the largest condition number, at least 2, without spin-orbit terms at sampled k_⊥."""
    matrix = matching_of(structure, sample(structure.thresholds(), 16), 0.0, 0.0)
    return max(2.0, float(np.linalg.cond(matrix).max()))


def reach(iface: Interface, k_perp: Array, angles: Array) -> Array:
    """Return the smallest |h_R|, of complex ones too, at which M is singular, shape (n, angles).

    Up to there states are analytic in h_R: M₀ − h_R σ·(k×ẑ) is singular at the inverse eigenvalues of
    M₀⁻¹ σ·(k×ẑ).
    """
    field = rashba(k_perp[:, None] + 0 * angles, angles + 0 * k_perp[:, None])
    found = np.linalg.solve(matching_of(iface.structure, k_perp, 0.0, 0.0)[:, None], field)
    largest = np.abs(np.linalg.eigvals(found)).max(axis=-1)
    return 1 / np.maximum(largest, np.finfo(float).tiny)
