"""Beyond the last spin-orbit term nothing depends on the angle of k: a matrix for each k_⊥ gives all flows.

Let x be ψ at the interface just before, of waves from the right with 1 as a third component. Farther on
ψ = X̂x and ∂_zψ/M = Ẑx, so that spin currents and, with iX̂ for Ẑ, spin densities are

    Im ψ†σẐx = Im Σ_pq x_p* A_pq x_q,    A = X̂†σẐ,

linear in the real numbers |x_p|² and x_p* x_q, which all interfaces share: one product of matrices for many
angles.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sotcheck.engines.blocks import compiled, in_blocks
from sotcheck.engines.recursion import Passed, is_scalar, outside, passed_through
from sotcheck.engines.spin_flows import flows_of_waves, spinors_along, waves_of, write_flows
from sotcheck.engines.stack import joined
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.two_by_two import cross
from sotcheck.system.spin import IDENTITY, PAULI
from sotcheck.system.structure import NO_FIELD, Structure

#: Problems solved together: their temporaries stay in the processor's cache; times a stack's interfaces.
BLOCK, STACK_BLOCK = 4096, 12288
#: Angles times scales, and problems in all, from which on matrices pay.
MANY = (16, 3000)


def stack_flows(structure: Structure, *grid: Array) -> Array:
    """Return all flows of a stack, by flow, then by source, (4I + 2L, 3, 3, ...), of k_⊥, angle and scale."""
    k_perp, angle, scale = np.atleast_1d(*grid)
    shape = np.broadcast_shapes(k_perp.shape, angle.shape, scale.shape)
    number, turn = len(structure.interfaces), spinors_along(np.array(structure.right.direction))[:, ::-1]
    head, tail = parts_of(structure)
    by_k = k_perp.ndim == len(shape) and k_perp.size == shape[0]
    mapped = None
    if tail.layers and by_k and math.prod(shape[1:]) >= MANY[0] and math.prod(shape) >= MANY[1]:
        mapped, turn_of_head = Mapped.of(tail, k_perp, turn), IDENTITY
    elif kernels := compiled(*grid):
        found: Array = kernels.all_flows(structure, k_perp, angle, scale)
        return found
    else:
        head, turn_of_head = structure, turn

    def write(into: Array, block: slice, *some: Array) -> None:
        grid, at, inside = (some[0], some[1], some[2]), into[: 4 * number], into[4 * number :]
        half_spaces = outside(head, grid[0])
        passed = passed_through(head, grid, half_spaces, mapped.beyond(block) if mapped else None)
        lossy, n = passed.lossy(), len(head.layers)
        # Of the closed channels, the minority's before the majority's, everything vanishes.
        left, *right = (
            mapped is not None or bool(q.real.any()) for q in (half_spaces[0], *half_spaces[1][::-1])
        )
        sources, waves = (
            slice(0 if left else 1, 1 + sum(right)),
            passed.waves(turn_of_head[:, : sum(right)], left=left),
        )
        write_flows(head, grid, passed.bands, waves, at[: 4 * n + 4, sources], inside[:, sources])
        if mapped:
            mapped.write(block, waves.psi[:, :, n], at[4 * n :], inside[2 * n :])
            lossy = lossy | mapped.passed.lossy()[block]
        lossy = np.broadcast_to(lossy, into.shape[3:])
        if lossy.any():
            k_perp, angle, scale = (np.broadcast_to(one, lossy.shape)[lossy] for one in grid)
            again = waves_of(*joined(structure, k_perp, angle, scale).states(), turn)
            into[..., lossy] = flows_of_waves(structure, (k_perp, angle, scale), again).swapaxes(0, 1)

    rows, most = 4 * number + 2 * len(structure.layers), BLOCK if mapped else STACK_BLOCK // number
    return in_blocks(write, (rows, 3, 3), (k_perp, angle, scale), most, np.zeros)


def parts_of(structure: Structure) -> tuple[Structure, Structure]:
    """Return a stack up to the last interface whose waves depend on the angle, and from there on."""
    fields = [part.spin_orbit != NO_FIELD for part in structure.layers]
    sites = zip(structure.interfaces, [False, *fields], strict=True)
    last = max(
        (n for n, (delta, field) in enumerate(sites) if field or delta.spin_orbit != NO_FIELD), default=0
    )
    regions, deltas = structure.regions, structure.interfaces
    return (
        Structure(structure.energy, (*regions[: last + 1], structure.right), deltas[: last + 1]),
        Structure(structure.energy, (structure.left, *regions[last + 1 :]), deltas[last:]),
    )


@dataclass(frozen=True)
class Mapped:
    """The second part of a stack, passed at k_⊥ alone (n, ...): its flows from ψ at its first interface.

    `matrices` are (n, rows, 4) or (n, rows, 9), by source; three rows for each of the `flows`.
    """

    passed: Passed
    incident: Complex
    matrices: list[Array]
    flows: list[int]

    @classmethod
    def of(cls, structure: Structure, k_perp: Array, turn: Complex) -> Mapped:
        """Find the matrices of waves from the right with spinors `turn`."""
        grid = k_perp, np.zeros_like(k_perp), np.zeros_like(k_perp)
        passed = passed_through(structure, grid, outside(structure, k_perp))
        one = np.broadcast_to(IDENTITY.reshape(2, 2, *(1,) * k_perp.ndim), (2, 2, *k_perp.shape))
        start = np.concatenate([one, np.zeros_like(one)], axis=1)
        waves = passed.waves(turn, start)
        forms: list[list[Array]] = [[], [], []]
        flows = list[int]()
        for n, delta in enumerate(structure.interfaces[1:], 1):
            these = waves.psi[:, :, n], waves.before(n), waves.after[:, :, n]
            psi, before, after = (wave.reshape(2, 4, -1) for wave in these)
            kinds = [(1, after)] if is_scalar(delta) else [(1, after), (0, before), (3, 1j * psi)]
            flows += [4 * n + kind for kind, _ in kinds]
            taken = -delta.exchange * np.array(delta.direction)[:, None, None]
            for source, columns in zip(forms, ([0, 1], [0, 1, 2], [0, 1, 3]), strict=True):
                for kind, slope in kinds:
                    found = _form(psi[:, columns], slope[:, columns])
                    source.append(cross(taken, found) if kind == 3 else found)
        matrices = [np.moveaxis(np.concatenate(one), -1, 0) for one in forms]
        return cls(passed, passed.arrivals(turn)[:, :, 0], matrices, flows)

    def beyond(self, block: slice) -> tuple[Complex, Callable[[], Complex]]:
        """Return Ŷ and b̂ just beyond the first interface, of a block of k_⊥."""
        return self.passed.Y[:, 0, block], lambda: self.incident[:, :, block]

    def write(self, block: slice, psi: Complex, at: Array, inside: Array) -> None:
        """Write the flows at interfaces but the first, and in layers, of a block of k_⊥ and ψ (2, 4, ...)."""
        shape = at.shape[3:]
        x = np.broadcast_to(psi, (2, 4, *shape)).reshape(2, 4, shape[0], -1)
        both = _numbers(x[:, 0]) + _numbers(x[:, 1])
        for source, numbers in enumerate((both, _numbers((*x[:, 2], 1)), _numbers((*x[:, 3], 1)))):
            found = (self.matrices[source][block] @ numbers).reshape(shape[0], len(self.flows), 3, *shape[1:])
            for row, flow in enumerate(self.flows):
                at[flow, source] = np.moveaxis(found[:, row], 1, 0)
        for n, delta in enumerate(self.passed.structure.interfaces[1:]):
            if is_scalar(delta):
                at[4 * n + 4] = at[4 * n + 5]
            np.subtract(at[4 * n + 1], at[4 * n + 4], out=inside[2 * n + 1])


def _form(psi: Complex, slope: Complex) -> Array:
    """Return Im X̂†σẐ as coefficients (3, p², n) of `_numbers`, of X̂ and Ẑ (2, p, n)."""
    A = np.einsum("apn,iab,bqn->ipqn", psi.conj(), PAULI, slope)
    parts = [A[:, p, p].imag for p in range(A.shape[1])]
    for p, q in itertools.combinations(range(A.shape[1]), 2):
        parts += [(A[:, p, q] + A[:, q, p]).imag, (A[:, p, q] - A[:, q, p]).real]
    return np.stack(parts, axis=1)


def _numbers(x: Any) -> Array:
    """Return |x_p|², and the real and imaginary parts of x_p* x_q, (n, p², ...), of x (p, n, ...)."""
    out = np.empty((x[0].shape[0], len(x) ** 2, *x[0].shape[1:]))
    for p, one in enumerate(x):
        out[:, p] = one.real * one.real + one.imag * one.imag
    for n, (a, b) in enumerate(itertools.combinations(x, 2)):
        product = a.conj() * b
        out[:, len(x) + 2 * n], out[:, len(x) + 2 * n + 1] = product.real, product.imag
    return out
