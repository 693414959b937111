"""The flows of states bound in a stack at E_F: a source of its own.

Each counts with δ(E_b − E_F) and its velocity without spin-orbit term, k_x ⟨1/M⟩. K(E, k) of `stiffness` has
the eigenvector ψ at the nodes where a state is bound: −ψ†(∂K/∂E)ψ is ∫|ψ|²dz, region by region, and
ψ†(∂K/∂k)ψ over it ∂E_b/∂k. Derivatives are those of complex steps, without differences.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import roots_legendre

from sotcheck.bound.contour import DOUBLED, ROUNDING
from sotcheck.bound.stack_fermi import Counted, counted, depth_at_fermi, k_max
from sotcheck.bound.stiffness import Grid, both_leads, cells, stiffness
from sotcheck.engines.stack import outgoing
from sotcheck.errors import EngineError
from sotcheck.exact.inside import layer_flows
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.spin import in_spin_bands, pauli_vector
from sotcheck.system.states import States
from sotcheck.system.structure import Region, Structure

#: The complex step: far below rounding.
STEP = 1e-30
#: Nodes of the rules tried on each piece, doubled until two agree.
FIRST_NODES, MOST_NODES = 16, 1024
#: Steps of bisections in angle.
STEPS = 60


@dataclass(frozen=True)
class Piece:
    """A range of angles of k in which there are as many states below E_F, `level`, at `crossings` places.

    All angles where the ends are None.
    """

    level: int
    crossings: int
    ends: tuple[float, float] | None

    def rule(self, n: int) -> tuple[Array, Array]:
        """Return angles and weights: on a ring the trapezoidal rule, or Gauss and Legendre's in u.

        φ = middle + half · sin u, for at an end the state meets the continuum.
        """
        if self.ends is None:
            return 2 * np.pi * (np.arange(n) + 0.3) / n, np.full(n, 2 * np.pi / n)
        x, weights = roots_legendre(n)
        half = (self.ends[1] - self.ends[0]) / 2
        u = np.pi / 2 * x
        return sum(self.ends) / 2 + half * np.sin(u), half * np.pi / 2 * weights * np.cos(u)


def pieces(grid: Counted) -> list[Piece]:
    """Return all contours by pieces; one that turns back in angle is an EngineError."""
    found = []
    for level in range(1, int(grid.number.max()) + 1):
        inside = grid.number >= level
        crossings = np.count_nonzero(inside[1:] != inside[:-1], axis=0)
        changes = np.flatnonzero(inside[0] != np.roll(inside[0], -1))
        turns = np.flatnonzero(crossings != np.roll(crossings, -1))
        steps = np.abs(crossings - np.roll(crossings, -1))[turns]
        if not np.array_equal(changes, turns) or np.any(steps != 1):
            raise EngineError(
                f"a contour of the bound state number {level} at E_F turns back in the angle of k, between "
                "the points of the grid or upon it"
            )
        if not len(turns):
            found += [Piece(level, int(crossings[0]), None)] if crossings[0] else []
            continue
        ends = [_end(grid, level, int(i)) for i in turns]
        for j, i in enumerate(turns):
            number = int(crossings[(i + 1) % len(crossings)])
            after = ends[j + 1] if j + 1 < len(ends) else ends[0] + 2 * np.pi
            found += [Piece(level, number, (ends[j], after))] if number else []
    return found


def _end(grid: Counted, level: int, i: int) -> float:
    """Return the angle between number i and the next at which the state meets the continuum."""
    low = float(grid.angle[i])
    high, zero = low + 2 * np.pi / len(grid.angle), np.zeros(1)
    first = grid.at(zero, np.array([low]))[0] >= level
    for _ in range(STEPS):
        middle = (low + high) / 2
        same = (grid.at(zero, np.array([middle]))[0] >= level) == first
        low, high = (middle, high) if same else (low, middle)
    return (low + high) / 2


def places(grid: Counted, piece: Piece, angle: Array) -> Array:
    """Return q of every crossing at some angles, (crossings, n)."""
    at = np.broadcast_arrays(grid.q[:, None], angle)
    inside = grid.at(*at) >= piece.level
    row, column = np.nonzero((inside[1:] != inside[:-1]).T)[::-1]
    if len(row) != piece.crossings * len(angle):
        raise EngineError(
            f"a contour of the bound state number {piece.level} at E_F turns back in the angle of k"
        )
    q = grid.crossings(piece.level, grid.q[row], grid.q[row + 1], angle[column])
    return q.reshape(len(angle), -1).T


@dataclass(frozen=True)
class BoundAtFermi:
    """One bound state at each of n points: ψ at the nodes (nodes, n, 2), the first and last are interfaces.

    `at`: which nodes are interfaces.
    """

    structure: Structure
    scale: float
    q: Array
    angle: Array
    psi: Complex
    at: list[int]

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


def bound_at_fermi(
    structure: Structure, scale: float, level: int, q: Array, angle: Array, finer: int = 1
) -> BoundAtFermi:
    """Return the state of some level, by the eigenvector of K: all points (n,); `finer` cells for a check."""
    k_perp = np.hypot(k_max(structure), q)
    grid = k_perp, angle, np.full(q.shape, scale)
    left, right = (np.moveaxis(one, (0, 1), (-2, -1)) for one in leads(structure, q))
    blocks, hops, at = [left], [], [0]
    for layer in structure.layers:
        q2, _ = layer.bands(structure.energy, *grid)
        number = finer * cells(q2, layer.thickness)
        own, across = _ends(layer, structure.energy, grid, number)
        for _ in range(number):
            blocks[-1] = blocks[-1] + own
            blocks.append(own)
            hops.append(across)
        at.append(len(blocks) - 1)
    blocks[-1] = blocks[-1] + right
    for node, delta in zip(at, structure.interfaces, strict=True):
        blocks[node] = blocks[node] + delta.kappa(*grid)
    n = len(blocks)
    matrix = np.zeros((len(q), n, 2, n, 2), dtype=complex)
    for i, block in enumerate(blocks):
        matrix[:, i, :, i] = block
    for i, hop in enumerate(hops):
        matrix[:, i, :, i + 1] = matrix[:, i + 1, :, i] = -hop
    vectors = np.linalg.eigh(matrix.reshape(len(q), 2 * n, 2 * n))[1][..., level - 1]
    psi = np.moveaxis(vectors.reshape(len(q), n, 2), 1, 0)
    return BoundAtFermi(structure, scale, q, angle, psi, at)


def leads(structure: Structure, q: Array) -> list[Complex]:
    """Return Q̂/M of both half-spaces at E_F, (2, 2, n)."""
    k_perp = np.hypot(k_max(structure), q)
    return both_leads(structure, k_perp, np.square(depth_at_fermi(structure, q)))


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
    for stiff, (lead, node) in zip(leads(structure, state.q), halves, strict=True):
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
    left, right = (np.moveaxis(one, (0, 1), (-2, -1)) for one in leads(structure, state.q))
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


def integrand(state: BoundAtFermi) -> Array:
    """Return −(1/4π²) k² cos φ ⟨1/M⟩ times the flows of a state over |∂E_b/∂k|, (n, 4I + 2L, 3)."""
    norms, slope = norms_and_slope(state)
    k_perp, angle, _ = state.grid
    masses = np.array([region.mass for region in state.structure.regions])
    inverse_mass = (norms / masses[:, None]).sum(axis=0) / norms.sum(axis=0)
    weight = -np.square(k_perp) * np.cos(angle) * inverse_mass / np.abs(slope) / (4 * np.pi**2)
    found: Array = weight[:, None, None] * flows_at(state)
    return found


def stack_bound_flows(structure: Structure, scale: float, rtol: float) -> Estimate | None:
    """Return the flows of states bound in a stack at E_F, with the prefactor of t, per τ_b, (4I + 2L, 3).

    None if there are no such states. Where `no_end` says nothing; an EngineError says that a contour cannot
    be followed.
    """
    grid = counted(structure, scale)
    found = [_integrated(grid, piece, rtol) for piece in pieces(grid)]
    return sum(found[1:], start=found[0]) if found else None


def _integrated(grid: Counted, piece: Piece, rtol: float) -> Estimate:
    """Double the nodes on a piece until its integral changes by less than `rtol` of the largest flow."""

    def rule(n: int, finer: int = 1) -> tuple[Array, float]:
        angle, weights = piece.rule(n)
        total, size = np.zeros(1), 0.0
        for q in places(grid, piece, angle):
            state = bound_at_fermi(grid.structure, grid.scale, piece.level, q, angle, finer)
            values = weights[:, None, None] * integrand(state)
            total, size = total + values.sum(axis=0), size + float(np.abs(values).sum(axis=0).max())
        return total, ROUNDING * size

    return _doubled(rule, rtol)


def _doubled(rule: Callable[..., tuple[Array, float]], rtol: float) -> Estimate:
    n, value = FIRST_NODES, rule(FIRST_NODES)[0]
    while True:
        n, before, (value, rounding) = 2 * n, value, rule(2 * n)
        change = float(np.abs(value - before).max())
        if change <= max(rtol * float(np.abs(value).max()), rounding) or n >= MOST_NODES:
            break
    # Cells half as thick are other equations for the same states.
    digits = float(np.abs(rule(FIRST_NODES, 2)[0] - rule(FIRST_NODES)[0]).max()) + rounding
    return Estimate(
        value,
        {
            "quadrature": (np.full(value.shape, change), DOUBLED),
            "rounding": (np.full(value.shape, digits), "cells half as thick"),
        },
    )
