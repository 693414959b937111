"""Spin density and spin current against z, in half-spaces and layers, summed over k_⊥.

−(1/4π) ∫ d²k_⊥/(2π)² k_x Σ_in of ψ†σψ, unit: wave vector², and of Im ψ†σ∂_zψ/M, unit: wave vector³, over the
mass of the source: t's own prefactor, states, sign and shift. In layers d(current)/dz = v × density at every
k, with the layer's whole field v = Jd + w.

States are those of an engine at the junctions, continued from there: in layers each wave from the end at
which it is largest, in half-spaces outwards, so that nothing grows. A lattice's own sites would not do: they
are few on purpose (exact differences, coarse spacing), while ψ and its slope at junctions are those of the
continuum, and what lies between follows from them.
"""

from __future__ import annotations

import numpy as np

from sotcheck.engines import Engine
from sotcheck.exact.inside import psi_inside
from sotcheck.exact.observables import largest_torque
from sotcheck.exact.over_k import sum_over_k_and_angle
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate, side_by_side
from sotcheck.system.model import System
from sotcheck.system.places import Places
from sotcheck.system.spin import dot_sigma, in_spin_bands
from sotcheck.system.states import States

#: Places summed at once, and how many times problems, after which nothing is refined: half a minute.
AT_ONCE, MOST_VALUES = 48, 5_000_000


def psi_outside(states: States, right: int, depth: Array) -> tuple[Complex, Complex]:
    """Return ψ and its slope ∂_zψ/M at depths (p,) ≥ 0 into a half-space; (2, ..., p, 2, 2) each."""
    region = states.structure.right if right else states.structure.left
    k, axis = (states.right if right else states.left), np.array(region.direction)
    root = np.where(k.real > 0, np.sqrt(region.mass / np.abs(k)), 0) + 0j
    arriving = np.zeros_like(states.psi[:, 0])
    arriving[right] = in_spin_bands(root, axis)
    leaving = states.psi[:, -1 if right else 0] - arriving
    turned = 1j * k[..., None, :] * depth[:, None]
    out = in_spin_bands(np.exp(turned), axis) @ leaving[..., None, :, :]
    # Nothing arrives in closed channels.
    back = in_spin_bands(np.exp(-1j * turned.imag), axis) @ arriving[..., None, :, :]
    velocity = in_spin_bands(1j * k / region.mass, axis)[..., None, :, :]
    return out + back, (1 if right else -1) * velocity @ (out - back)


def _spins(bra: Complex, ket: Complex) -> Complex:
    """Return bra†σ ket of both columns of matrices, (..., 2, 3)."""
    up, down = bra.conj()[..., 0, :], bra.conj()[..., 1, :]
    one, other = up * ket[..., 1, :], down * ket[..., 0, :]
    return np.stack([one + other, 1j * (other - one), up * ket[..., 0, :] - down * ket[..., 1, :]], axis=-1)


def spin_at(states: States, places: Places) -> Array:
    """Return Σ_in ψ†σψ and Σ_in Im ψ†σ∂_zψ/M by source, (..., p, 3, 2, 3), per unit incident flux."""
    structure, found = states.structure, []
    # Columns of waves from the right: majority, then minority.
    turn = np.linalg.eigh(dot_sigma(states.m))[1]

    def turned(waves: Complex) -> Complex:
        return np.asarray((waves[1].reshape(-1, 2) @ turn).reshape(waves[1].shape))

    def by_source(psi: Complex, other: Complex) -> Complex:
        left, right = _spins(psi[0], other[0]), _spins(turned(psi), turned(other))
        return np.concatenate([left.sum(axis=-2, keepdims=True), right], axis=-2)

    last = len(structure.regions) - 1
    for region, some in places.by_region():
        z = places.z[some]
        if region in (0, last):
            beyond = z - structure.positions[-1] if region else -z
            psi, slope = psi_outside(states, int(region > 0), np.maximum(beyond, 0.0))
        else:
            part = (z - structure.positions[region - 1]) / structure.regions[region].thickness
            psi, slope = psi_inside(states, region - 1, np.clip(part, 0.0, 1.0))
        found.append(np.stack([by_source(psi, psi).real, by_source(psi, slope).imag], axis=-2))
    return np.concatenate(found, axis=-4)


def against_z(engine: Engine, system: System, scale: float, places: Places, *, rtol: float) -> Estimate:
    """Return the k_⊥-summed spin density and current at places, (p, 3, 2, 3): place, source, which, x, y, z.

    `scale` multiplies the spin-orbit terms of the system's structure, as in `exact_flows`; nothing is divided
    by it. Far from the junctions e^{2ik_z z} asks for many k_⊥: errors are those of nested rules there.
    """
    structure = system.structure
    scales, spacing = np.array([scale]), engine.effective_spacing(structure)
    masses = np.array(system.masses)[[0, 1, 1], None, None]
    k_most = structure.thresholds()[-1] ** 0.5
    # Densities weigh as much as currents.
    units = np.array([k_most, 1.0])[:, None]
    factor = -1 / (4 * np.pi * masses)
    floor = 8 * float(np.finfo(float).eps) * largest_torque(system)

    def summed(some: Places) -> Estimate:
        def values(k_perp: Array, angles: Array) -> Array:
            states = engine.solve(structure, *np.broadcast_arrays(k_perp, angles, scales))
            return units * spin_at(states, some)

        most = min(engine.most_problems, MOST_VALUES // len(some))
        found = sum_over_k_and_angle(
            system, scales, values, factor, spacing=spacing, rtol=rtol, floor=floor, most=most
        )
        return found.total[0].each(lambda values: values / units)

    return side_by_side([summed(some) for _, some in places.chunks(AT_ONCE)])
