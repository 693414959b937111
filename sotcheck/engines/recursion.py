"""Any stack, layer by layer, from the far end: ∂_zψ/M = Ŷψ + b̂ at every place, 2×2, many problems at once.

Beyond the last interface Ŷ = iK̂/M, and b̂ = −2i√(K̂/M) of waves that come in from there. An interface takes κ̂
off; `layer` says what a layer does. The product of the determinants of all that is inverted is that of
`stack`'s equations: entire in energy and k_⊥² but for the wave numbers of the half-spaces. Then waves are
followed from z = 0 on.

A layer's det that is all but zero, where ψ all but vanishes for both spins' sake, costs digits that the
problem itself does not: `loss` says how many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from sotcheck.engines.layer import (
    Bands,
    Grid,
    Step,
    bands_of,
    column,
    field_of,
    in_plane,
    step_through,
    turned,
)
from sotcheck.engines.stack import joined, outgoing
from sotcheck.numerics.arrays import Array, Complex, Mask
from sotcheck.numerics.two_by_two import along, dot, matrix_of, product, vector_along
from sotcheck.system.spin import IDENTITY
from sotcheck.system.structure import NO_FIELD, Delta, Structure

#: Problems in which rounding is amplified by more are solved by all equations at once.
LARGEST_LOSS = 100.0


def is_scalar(delta: Delta) -> bool:
    """Whether an interface is the same for all spins: the spin current is continuous there."""
    return not delta.exchange and delta.spin_orbit == NO_FIELD


def kappa_of(delta: Delta, grid: Grid) -> Any:
    """Return κ̂ of an interface as a + v·σ (4, ...); of the grid's shape only if it has a spin-orbit term."""
    if is_scalar(delta):
        return column([delta.barrier, 0.0, 0.0, 0.0], grid)
    field = delta.exchange * column(delta.direction, grid)
    if delta.spin_orbit != NO_FIELD:
        field = field + field_of(delta, in_plane(grid))
    return np.concatenate([np.full_like(field[:1], delta.barrier), field])


class Waves(NamedTuple):
    """ψ at all interfaces, and ∂_zψ/M beyond them, (2, columns, interfaces, ...), and before each.

    Columns are waves of both spins from the left, if any, then those from the right.
    """

    psi: Complex
    after: Complex
    before: Callable[[int], Complex]
    left: bool = True

    @property
    def together(self) -> Complex:
        """ψ, and ∂_zψ/M before interfaces and beyond them, (3, 2, columns, interfaces, ...)."""
        before = np.stack([self.before(n) for n in range(self.psi.shape[2])], axis=2)
        return np.stack([self.psi, before, self.after])


@dataclass(frozen=True)
class Passed:
    """A stack passed from its far end.

    `Y` is Ŷ just beyond every interface, and `leaving` what it is before the first one of what leaves there,
    as a + v·σ (4, interfaces, ...) and (4, ...). `incident` and `arriving` say what b̂ is of what comes in
    from the left, and from the right, (2, 2, ...).
    """

    structure: Structure
    kappas: list[Array]
    bands: Bands | None
    step: Step | None
    Y: Complex
    leaving: Complex
    incident: Callable[[], Complex]
    arriving: Callable[[], Complex]

    @cached_property
    def after(self) -> Complex:
        """Ŷ just beyond every interface, (2, 2, interfaces, ...)."""
        return matrix_of(self.Y[0], self.Y[1:])

    @cached_property
    def P_and_R(self) -> tuple[Complex, Complex]:
        """How ψ goes on through layers, and b̂ from their far ends to their near ones; none without layers."""
        none = self.after[:, :, :0]
        return self.step.P_and_R if self.step else (none, none)

    @cached_property
    def matrix(self) -> tuple[Complex, Complex]:
        """M̂ as a + v·σ (4, ...), and its determinant.

        M̂ψ = 2i√(k/M) of what comes in from the left, and −b̂ of what comes from the right, at z = 0.
        """
        M = self.Y[:, 0] - self.leaving - self.kappas[0]
        return M, M[0] * M[0] - dot(M[1:], M[1:])

    @property
    def log_determinant(self) -> Complex:
        """The logarithm of the determinant of all equations."""
        log = np.log(self.matrix[1])
        if self.step:
            log = log - np.log(self.step.reciprocal).sum(axis=0) - self.step.turned.log_e.sum(axis=(0, 1))
        return np.asarray(log)

    def lossy(self, most: float = LARGEST_LOSS) -> Mask:
        """Where rounding is amplified by more than the problem itself does."""
        loss = self.step.loss.max(axis=0) if self.step else np.ones(())
        return np.asarray(loss > most)

    def arrivals(self, turn: Complex) -> Complex:
        """Return b̂ just beyond all interfaces, (2, columns, interfaces, ...), of waves of spinors `turn`."""
        arriving = self.arriving()
        last = product(arriving, turn.reshape(*turn.shape, *(1,) * (arriving.ndim - 2)))
        shape = np.broadcast_shapes(last.shape[2:], self.Y.shape[2:])
        bs = np.empty((2, turn.shape[1], self.Y.shape[1], *shape), dtype=complex)
        bs[:, :, -1] = last
        for n in range(len(self.structure.layers))[::-1]:
            product(self.P_and_R[1][:, :, n], bs[:, :, n + 1], out=bs[:, :, n])
        return bs

    def waves(self, turn: Complex = IDENTITY, start: Complex | None = None, left: bool = True) -> Waves:
        """Return the waves of unit flux from the left, of either spin, if asked for, and from the right.

        Those have the spinors `turn`, and are as many. Of another ψ to `start` from, only what follows means
        anything.
        """
        bs, (M, determinant) = self.arrivals(turn), self.matrix
        shape = np.broadcast_shapes((M if start is None else start[0]).shape[1:], self.Y.shape[2:])
        right = slice(2 if left else 0, None)
        psi = np.empty((2, 2 * left + turn.shape[1], bs.shape[2], *shape), dtype=complex)
        if start is None:
            reciprocal = 1 / determinant
            inverted = matrix_of(M[0] * reciprocal, M[1:] * -reciprocal)
            if left:
                product(inverted, self.incident(), out=psi[:, :2, 0])
            product(inverted, -bs[:, :, 0], out=psi[:, right, 0])
        else:
            psi[:, :, 0] = start
        if self.step:
            more = product(self.step.T, bs[:, :, 1:])
            for n in range(len(self.structure.layers)):
                product(self.P_and_R[0][:, :, n], psi[:, :, n], out=psi[:, :, n + 1])
                psi[:, right, n + 1] += more[:, :, n]
        after = product(self.after, psi)
        after[:, right] += bs

        def before(n: int) -> Complex:
            if n:
                kappa = self.kappas[n]
                found: Complex = after[:, :, n] - product(matrix_of(kappa[0], kappa[1:]), psi[:, :, n])
                return found
            if self.structure.left.exchange:
                found = product(matrix_of(self.leaving[0], self.leaving[1:]), psi[:, :, 0])
            else:
                found = self.leaving[0] * psi[:, :, 0]
            if left:
                found[:, :2] += self.incident()
            return found

        return Waves(psi, after, before, left)


def outside(structure: Structure, k_perp: Array) -> tuple[Complex, Complex]:
    """Return the wave numbers (2, ...) of both half-spaces."""
    leads = structure.left, structure.right
    left, right = (np.moveaxis(outgoing(one.bands(structure.energy, k_perp)[0]), -1, 0) for one in leads)
    return left, right


def passed_through(
    structure: Structure,
    grid: Grid,
    waves: tuple[Complex, Complex],
    beyond: tuple[Complex, Callable[[], Complex]] | None = None,
) -> Passed:
    """Pass a stack; `waves` are the wave numbers of its half-spaces, (2, ...).

    What lies beyond its last interface may be anything that has Ŷ and b̂ instead of the right half-space.
    """
    leads, layers = (structure.left, structure.right), structure.layers
    axes = [column(lead.direction, grid) for lead in leads]
    velocities = [q / lead.mass for q, lead in zip(waves, leads, strict=True)]

    def coming(lead: int, sign: complex) -> Complex:
        return along(sign * np.sqrt(np.maximum(velocities[lead].real, 0)), axes[lead])

    leaving = vector_along(-1j * velocities[0], axes[0])
    incident = cache(partial(coming, 0, 2j))
    Y, arriving = beyond or (vector_along(1j * velocities[1], axes[1]), partial(coming, 1, -2j))
    kappas = [kappa_of(delta, grid) for delta in structure.interfaces]
    if not layers:
        return Passed(structure, kappas, None, None, Y[:, None], leaving, incident, arriving)
    bands = bands_of(layers, structure.energy, grid)
    how = turned(layers, bands.q2, grid)
    shape = np.broadcast_shapes(bands.size.shape[1:], Y.shape[1:], *(kappa.shape[1:] for kappa in kappas[1:]))
    number = len(layers)
    after = np.empty((4, number + 1, *shape), dtype=complex)
    D, across = (np.empty((size, number, *shape), dtype=complex) for size in (2, 3))
    reciprocal = np.empty((number, *shape), dtype=complex)
    after[:, number] = Y
    # Complex once and for all, as what it is multiplied by.
    step = Step(D, across, reciprocal, bands.axis.astype(complex), how)
    for n in range(number)[::-1]:
        before = np.subtract(after[:, n + 1], kappas[n + 1], dtype=complex)
        step_through(step.of(n), before, after[:, n])
    return Passed(structure, kappas, bands, step, after, leaving, incident, arriving)


def solve_stack(
    structure: Structure, k_perp: Array, angle: Array, scale: Any, waves: tuple[Complex, Complex]
) -> tuple[Complex, Complex]:
    """Return ψ (2, interfaces, ..., 2, 2) and ∂_zψ/M (2, 2, interfaces, ..., 2, 2) of problems of one shape.

    `waves` are the wave numbers (..., 2) of the half-spaces.
    """
    grid = k_perp, angle, scale
    left, right = (np.moveaxis(one, -1, 0) for one in waves)
    found = passed_through(structure, grid, (left, right))
    columns = found.waves().together
    both = np.stack([columns[:, :, :2], columns[:, :, 2:]], axis=1)
    psi, *slopes = np.moveaxis(both, (2, 3), (-2, -1))
    slope = np.stack(slopes)
    lossy = np.broadcast_to(found.lossy(), k_perp.shape)
    if lossy.any():
        some = joined(structure, k_perp[lossy], angle[lossy], scale[lossy])
        psi[:, :, lossy], slope[:, :, :, lossy] = some.states()
    return psi, slope
