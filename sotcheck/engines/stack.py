"""Any stack as one system of linear equations in which no wave grows.

Unknown are ψ at the first and at the last interface and, in every layer, two amplitudes of either spin: of
waves that decay from the one end and from the other, or of cos qz and sin qz/q where they hardly decay, so
that neither a thick layer nor a vanishing wave number costs digits. The equations are those at the
interfaces: ψ is continuous, and its slope ∂_zψ/M jumps by κ̂ψ. What comes in stands on their right-hand side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
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
    waves = waves or tuple(outgoing(lead.bands(structure.energy, k_perp)[0]) for lead in outside)
    left, right = (k / lead.mass for k, lead in zip(waves, outside, strict=True))
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
