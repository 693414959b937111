"""States bound in a stack at E_F one by one: what they are at the interfaces, and what flows they carry.

K(E, k) of `stiffness` has the eigenvector ψ at the nodes where a state is bound: −ψ†(∂K/∂E)ψ is ∫|ψ|²dz,
region by region, and ψ†(∂K/∂k)ψ over it ∂E_b/∂k. Derivatives are those of complex steps, without differences.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from sotcheck.bound.stack_fermi import Counted, depth_at_fermi
from sotcheck.bound.states import k_max
from sotcheck.bound.stiffness import Grid, both_leads, cells, stiffness
from sotcheck.engines.spin_flows import layer_flows
from sotcheck.engines.stack import outgoing
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.system.spin import in_spin_bands, pauli_vector
from sotcheck.system.states import States
from sotcheck.system.structure import Region, Structure

#: The complex step: far below rounding.
STEP = 1e-30


@dataclass(frozen=True)
class BoundAtFermi:
    """One bound state at each of n points: ψ at the nodes (nodes, n, 2), the first and last are interfaces.

    `at`: which nodes are interfaces; `outside`: Q̂/M of both half-spaces, (2, 2, n).
    """

    structure: Structure
    scale: float
    q: Array
    angle: Array
    psi: Complex
    at: list[int]
    outside: list[Complex]

    @property
    def grid(self) -> Grid:
        """k_⊥, angle and scale."""
        k_perp = np.hypot(k_max(self.structure), self.q)
        return k_perp, self.angle, np.full(self.q.shape, self.scale)

    def parts(self) -> list[tuple[Region, Complex]]:
        """Return every layer with ψ at its nodes."""
        ends = itertools.pairwise(self.at)
        return [
            (layer, self.psi[first : last + 1])
            for layer, (first, last) in zip(self.structure.layers, ends, strict=True)
        ]


def _ends(region: Region, energy: float, grid: Grid, number: int) -> list[Complex]:
    """Return what ∂_zψ/M at an end of a cell is of ψ there, and of ψ at its other end, each (n, 2, 2)."""
    q2, axis = region.bands(energy, *grid)
    return [in_spin_bands(one + 0j, axis) for one in stiffness(q2, region.thickness / number, region.mass)]


def bound_at_fermi(grid: Counted, level: Index, q: Array, angle: Array, finer: bool) -> BoundAtFermi:
    """Return the states of some levels, by eigenvectors of K: all points (n,); with `finer` cells or not."""
    structure, scale = grid.structure, grid.scale
    k_perp = np.hypot(k_max(structure), q)
    there = k_perp, angle, np.full(q.shape, scale)
    outside = both_leads(structure, k_perp, np.square(depth_at_fermi(structure, q)))
    left, right = (np.moveaxis(one, (0, 1), (-2, -1)) for one in outside)
    blocks, hops, at = [left], [], [0]
    for layer in structure.layers:
        q2, _ = layer.bands(structure.energy, *there)
        number = (1 + finer) * cells(q2, layer.thickness)
        own, across = _ends(layer, structure.energy, there, number)
        for _ in range(number):
            blocks[-1] = blocks[-1] + own
            blocks.append(own)
            hops.append(across)
        at.append(len(blocks) - 1)
    blocks[-1] = blocks[-1] + right
    for node, delta in zip(at, structure.interfaces, strict=True):
        blocks[node] = blocks[node] + delta.kappa(*there)
    return BoundAtFermi(structure, scale, q, angle, level_of(joined(blocks, hops), level), at, outside)


def joined(blocks: list[Complex], hops: list[Complex]) -> Complex:
    """Return matrices (points, 2n, 2n) of n blocks, and hops by which they are joined to the next."""
    points, n = len(blocks[0]), len(blocks)
    matrix = np.zeros((points, n, 2, n, 2), dtype=complex)
    for i, block in enumerate(blocks):
        matrix[:, i, :, i] = block
    for i, hop in enumerate(hops):
        matrix[:, i, :, i + 1] = matrix[:, i + 1, :, i] = -hop
    return matrix.reshape(points, 2 * n, 2 * n)


def level_of(matrix: Complex, level: Index) -> Complex:
    """Return ψ of a level at each point, 1 the lowest, at all nodes (nodes, points, 2)."""
    # Levels that all but coincide have vectors across each other.
    vectors = np.linalg.eigh(matrix)[1]
    psi = np.take_along_axis(vectors, level[:, None, None] - 1, axis=-1)
    return np.moveaxis(psi.reshape(len(level), -1, 2), 1, 0)


def _density(a: Complex, b: Complex) -> Array:
    """Return Re a†b and Re a†σb, summed over all nodes, (n, 4)."""
    density = np.einsum("nis,nit->ist", b, a.conj())
    return np.concatenate([np.trace(density, axis1=-2, axis2=-1)[:, None], pauli_vector(density)], -1).real


def _form(region: Region, psi: Complex, energy: Complex, k_perp: Complex, state: BoundAtFermi) -> Array:
    """Return the derivative of ψ†Kψ of a layer by what takes a complex step, its energy or k_⊥, (n,)."""
    # Of real numbers only: what Im ψ†Kψ has of rounding is larger than the step.
    whole = _density(psi[:-1], psi[:-1]) + _density(psi[1:], psi[1:])
    crossed = -2 * _density(psi[:-1], psi[1:])
    q2, axis = region.bands(energy, k_perp, state.angle, state.grid[2])  # type: ignore[arg-type]
    found = np.zeros(state.q.shape)
    ends = stiffness(q2, region.thickness / (len(psi) - 1), region.mass)
    for values, density in zip(ends, (whole, crossed), strict=True):
        mean, half = (values[..., 0] + values[..., 1]) / 2, (values[..., 0] - values[..., 1]) / 2
        along = (half[..., None] * axis * density[:, 1:]).sum(axis=-1)
        found = found + (mean * density[:, 0] + along).imag / STEP
    return found


def norms_and_slope(state: BoundAtFermi) -> tuple[Array, Array]:
    """Return ∫|ψ|²dz by region (regions, n), and ψ†(∂K/∂k)ψ (n,)."""
    structure, (k_perp, angle, scale) = state.structure, state.grid
    energy = np.full(k_perp.shape, structure.energy)
    norms, slope = [], np.zeros(k_perp.shape)
    halves = (structure.left, 0), (structure.right, -1)
    for stiff, (lead, node) in zip(state.outside, halves, strict=True):
        # ∂κ/∂E = −M/2κ and ∂κ/∂k = k/κ.
        psi, inverse = state.psi[node], np.linalg.inv(np.moveaxis(stiff, (0, 1), (-2, -1))) / lead.mass
        size = np.einsum("ns,nst,nt->n", psi.conj(), inverse, psi).real
        norms.append(size / 2)
        slope = slope + k_perp * size / lead.mass
    inner = []
    for layer, psi in state.parts():
        inner.append(-_form(layer, psi, energy + 1j * STEP, k_perp + 0j, state))
        slope = slope + _form(layer, psi, energy + 0j, k_perp + 1j * STEP, state)
    for node, delta in zip(state.at, structure.interfaces, strict=True):
        field = delta.field(np.ones(k_perp.shape), angle, scale)
        psi = state.psi[node : node + 1]
        slope = slope + (field * _density(psi, psi)[:, 1:]).sum(axis=-1)
    return np.stack([norms[0], *inner, norms[1]]), slope


def flows_at(state: BoundAtFermi) -> Array:
    """Return all flows of the states, not normalised, (n, 4I + 2L, 3), as `flows_of` orders them."""
    structure, grid = state.structure, state.grid
    left, right = (np.moveaxis(one, (0, 1), (-2, -1)) for one in state.outside)
    number = len(structure.interfaces)
    psi = np.zeros((2, number, len(state.q), 2, 2), dtype=complex)
    slope = np.zeros((2, *psi.shape), dtype=complex)
    for n, node in enumerate(state.at):
        psi[0, n, :, :, 0] = state.psi[node]
    # ψ decays outwards.
    slope[0, 0, 0, :, :, 0] = (left @ psi[0, 0])[..., 0]
    slope[1, 0, -1, :, :, 0] = -(right @ psi[0, -1])[..., 0]
    for n, (layer, nodes) in enumerate(state.parts()):
        own, across = _ends(layer, structure.energy, grid, len(nodes) - 1)
        for side, here, there, sign in ((1, 0, 1, -1), (0, -1, -2, 1)):
            ends = own @ nodes[here][..., None] - across @ nodes[there][..., None]
            slope[side, 0, n + (side == 0), :, :, 0] = sign * ends[..., 0]
    waves = [outgoing(lead.bands(structure.energy, grid[0])[0]) for lead in (structure.left, structure.right)]
    states = States(structure, *grid, waves[0], waves[1], psi, slope)
    parts = [states.at(n).flows[..., 0, :, :] for n in range(number)]
    inner = [one[..., 0, :, :] for one in np.moveaxis(layer_flows(states), -4, 0)] if state.parts() else []
    return np.concatenate([*parts, *inner], axis=-2)


def inverse_mass(structure: Structure, norms: Array) -> Array:
    """Return ⟨1/M⟩ of states of norms (regions, n), (n,)."""
    masses = np.array([region.mass for region in structure.regions])
    mean: Array = (norms / masses[:, None]).sum(axis=0) / norms.sum(axis=0)
    return mean


def integrand(state: BoundAtFermi) -> Array:
    """Return −(1/4π²) k² cos φ ⟨1/M⟩ times the flows of a state over |∂E_b/∂k|, (n, 4I + 2L, 3)."""
    norms, slope = norms_and_slope(state)
    k_perp, angle, _ = state.grid
    velocity = k_perp * np.cos(angle) * inverse_mass(state.structure, norms)
    weight = -k_perp * velocity / np.abs(slope) / (4 * np.pi**2)
    found: Array = weight[:, None, None] * flows_at(state)
    return found
