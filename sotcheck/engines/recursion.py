"""Any stack, layer by layer, from the far end: ∂_zψ/M = Ŷψ + b̂ at every place, 2×2, many problems at once.

Beyond the last interface Ŷ = iK̂/M, and b̂ = −2i√(K̂/M) of waves that come in from there. An interface takes κ̂
off; `layer` says what a layer does. The product of the determinants of all that is inverted is that of
`stack`'s equations: entire in energy and k_⊥² but for the wave numbers of the half-spaces. Then waves are
followed from z = 0 on.

A matrix C − ŶS that is all but singular, where ψ all but vanishes for both spins' sake, costs digits that the
problem itself does not: `loss` says how many.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from sotcheck.engines.layer import Grid, Step, column, field_of, passed
from sotcheck.engines.stack import joined, outgoing
from sotcheck.numerics.arrays import Array, Complex, Mask
from sotcheck.numerics.two_by_two import along, determinant, inverse, product
from sotcheck.system.spin import IDENTITY
from sotcheck.system.structure import NO_FIELD, Delta, Structure

#: Problems in which rounding is amplified by more are solved by all equations at once.
LARGEST_LOSS = 100.0


def is_scalar(delta: Delta) -> bool:
    """Whether an interface is the same for all spins: the spin current is continuous there."""
    return not delta.exchange and delta.spin_orbit == NO_FIELD


def kappa_of(delta: Delta, grid: Grid) -> Complex:
    """Return κ̂ of an interface, (2, 2, ...); of the shape of the grid only if it has a spin-orbit term."""
    if is_scalar(delta):
        return delta.barrier * IDENTITY.reshape(2, 2, *(1,) * grid[0].ndim)
    field = delta.exchange * column(delta.direction, grid) + field_of(delta, grid)
    return along(column([delta.barrier + 1, delta.barrier - 1], grid), field)


#: ψ at an interface, and ∂_zψ/M before it and after it, (2, 4, ...) each.
Waves = tuple[Complex, Complex, Complex]


@dataclass(frozen=True)
class Passed:
    """A stack passed from its far end, (2, 2, ...).

    `after` is Ŷ just beyond every interface; `first` the velocities on the left; `incident` and `arriving` b̂
    of what comes in from the left, and from the right.
    """

    structure: Structure
    kappas: list[Complex]
    steps: list[Step]
    after: list[Complex]
    first: Complex
    incident: Complex
    arriving: Complex

    @property
    def matrix(self) -> Complex:
        """M̂ψ = 2i√(k/M) of what comes in from the left, and −b̂ of what comes from the right, at z = 0."""
        matrix: Complex = self.after[0] - self.kappas[0] + 1j * self.first
        return matrix

    @property
    def log_determinant(self) -> Complex:
        """The logarithm of the determinant of all equations."""
        logs = [np.log(step.pivot) + step.exponent for step in self.steps]
        return np.asarray(sum(logs, start=np.log(determinant(self.matrix))))

    def lossy(self, most: float = LARGEST_LOSS) -> Mask:
        """Where rounding is amplified by more than the problem itself does."""
        return np.asarray(reduce(np.maximum, (step.loss for step in self.steps), np.ones(())) > most)

    def arrivals(self, turn: Complex) -> tuple[list[Complex], list[Complex]]:
        """Return b̂ just beyond every interface and what ψ is more there, of waves with spinors `turn`."""
        bs = [product(self.arriving, turn.reshape(2, 2, *(1,) * (self.arriving.ndim - 2)))]
        more: list[Complex] = []
        for step in self.steps[::-1]:
            b, psi = step.onward(bs[0])
            bs.insert(0, b)
            more.insert(0, psi)
        return bs, more

    def waves(self, turn: Complex = IDENTITY) -> Complex:
        """Return the waves at all interfaces, (3, 2, 4, interfaces, ...)."""
        each = [np.stack(np.broadcast_arrays(*one)) for one in self.one_by_one(turn)]
        return np.stack(np.broadcast_arrays(*each), axis=3)

    def one_by_one(self, turn: Complex = IDENTITY, start: Complex | None = None) -> Iterator[Waves]:
        """Yield the waves at every interface: of unit flux from the left, of either spin, and from the right.

        Those have the spinors `turn`. Of another ψ to `start` from, only what follows means anything.
        """
        bs, more = self.arrivals(turn)
        if start is None:
            inverted = inverse(self.matrix)
            start = _columns(product(inverted, self.incident), product(inverted, -bs[0]))
        psi = start
        before = product(-1j * self.first, psi)
        before[:, :2] += self.incident
        for n, (delta, Y, b) in enumerate(zip(self.structure.interfaces, self.after, bs, strict=True)):
            if n:
                psi = product(self.steps[n - 1].P, psi)
                psi[:, 2:] += more[n - 1]
            after = product(Y, psi)
            after[:, 2:] += b
            if n and is_scalar(delta):
                before = after - delta.barrier * psi if delta.barrier else after
            elif n:
                before = product(self.steps[n - 1].far, psi)
                before[:, 2:] += b
            yield psi, before, after


def _columns(left: Complex, right: Complex) -> Complex:
    """Return both pairs of columns, (2, 4, ...)."""
    found = np.empty((2, 4, *np.broadcast_shapes(left.shape[2:], right.shape[2:])), dtype=complex)
    found[:, :2], found[:, 2:] = left, right
    return found


def outside(structure: Structure, k_perp: Array) -> tuple[Complex, Complex]:
    """Return the wave numbers (2, ...) of both half-spaces."""
    leads = structure.left, structure.right
    left, right = (np.moveaxis(outgoing(one.bands(structure.energy, k_perp)[0]), -1, 0) for one in leads)
    return left, right


def passed_through(
    structure: Structure,
    grid: Grid,
    waves: tuple[Complex, Complex],
    beyond: tuple[Complex, Complex] | None = None,
) -> Passed:
    """Pass a stack; `waves` are the wave numbers of its half-spaces, (2, ...).

    What lies beyond its last interface may be anything that has Ŷ and b̂ instead of the right half-space.
    """
    leads = structure.left, structure.right
    axes = [column(lead.direction, grid) for lead in leads]
    velocities = [q / lead.mass for q, lead in zip(waves, leads, strict=True)]
    left, right = map(along, velocities, axes)
    incident, arriving = map(along, (2j * np.sqrt(np.maximum(v.real, 0)) for v in velocities), axes)
    Y, b = beyond or (1j * right, -arriving)
    kappas = [kappa_of(delta, grid) for delta in structure.interfaces]
    after, steps = [Y], list[Step]()
    for layer, kappa in zip(structure.layers[::-1], kappas[:0:-1], strict=True):
        steps.insert(0, passed(layer, structure.energy, grid, after[0] - kappa))
        after.insert(0, steps[0].Y)
    return Passed(structure, kappas, steps, after, left, incident, b)


def solve_stack(
    structure: Structure, k_perp: Array, angle: Array, scale: Any, waves: tuple[Complex, Complex]
) -> tuple[Complex, Complex]:
    """Return ψ (2, interfaces, ..., 2, 2) and ∂_zψ/M (2, 2, interfaces, ..., 2, 2) of problems of one shape.

    `waves` are the wave numbers (..., 2) of the half-spaces.
    """
    grid = k_perp, angle, scale
    left, right = (np.moveaxis(one, -1, 0) for one in waves)
    found = passed_through(structure, grid, (left, right))
    columns = found.waves()
    both = np.stack([columns[:, :, :2], columns[:, :, 2:]], axis=1)
    psi, *slopes = np.moveaxis(both, (2, 3), (-2, -1))
    slope = np.stack(slopes)
    lossy = np.broadcast_to(found.lossy(), k_perp.shape)
    if lossy.any():
        some = joined(structure, k_perp[lossy], angle[lossy], scale[lossy])
        psi[:, :, lossy], slope[:, :, :, lossy] = some.states()
    return psi, slope
