"""Any stack, layer by layer, from the far end: ∂_zψ/M = Ŷψ + b̂ at every place, 2×2, many problems at once.

Beyond the last interface Ŷ = iK̂/M, and b̂ = −2i√(K̂/M) of waves that come in from there. An interface takes κ̂
off. Through a layer, with C = cos Q̂d, S = M sin Q̂d/Q̂ and B = Q̂ sin Q̂d/M,

    (C − ŶS) ∂_zψ/M = (ŶC + B) ψ + b̂  at its near end;

where waves decay within it, the matrix with which they are reflected at its far end stands for Ŷ, so that no
wave grows. The product of the determinants of all that is inverted is that of `stack`'s equations: entire in
energy and k_⊥² but for the wave numbers of the half-spaces.

A matrix C − ŶS that is all but singular, where ψ all but vanishes for both spins' sake, costs digits that the
problem itself does not: `loss` says how many.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from sotcheck.engines.stack import joined, outgoing
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.two_by_two import along, determinant, inverse, product
from sotcheck.system.spin import IDENTITY
from sotcheck.system.structure import NO_FIELD, Delta, Region, Structure

#: Problems in which rounding is amplified by more are solved by all equations at once.
LARGEST_LOSS = 100.0
#: Decay κd up to which C and S are used: digits suffer by e^{2κd}.
SHALLOW = 1.0
#: |qd|² below which cos qd and sin qd/qd of complex q are summed by their series in (qd)², the highest first.
SLOW = 0.1
COSINE, SINE = ([(-1) ** n / math.factorial(2 * n + odd) for n in range(6, -1, -1)] for odd in (0, 1))

#: k_⊥, angle and scale, which broadcast and have as many axes.
Grid = tuple[Any, Any, Any]


def column(values: Any, grid: Grid) -> Any:
    """Return some numbers as an array with an axis for each of the grid's."""
    return np.asarray(values).reshape(-1, *(1,) * grid[0].ndim)


def field_of(part: Delta | Region, grid: Grid) -> Array:
    """Return the spin-orbit field w of an interface or a layer, (3, ...)."""
    k_perp, angle, scale = grid
    x, y = np.transpose(part.spin_orbit)
    if part.spin_orbit == NO_FIELD:
        return column([0.0, 0.0, 0.0], grid)
    strength = scale * k_perp
    return column(x, grid) * (strength * np.cos(angle)) + column(y, grid) * (strength * np.sin(angle))


def kappa_of(delta: Delta, grid: Grid) -> Complex:
    """Return κ̂ of an interface, (2, 2, ...); of the shape of the grid only if it has a spin-orbit term."""
    field = delta.exchange * column(delta.direction, grid) + field_of(delta, grid)
    return along(column([delta.barrier + 1, delta.barrier - 1], grid), field)


def split_by(region: Region, grid: Grid) -> tuple[Any, Array]:
    """Return the size and the axis (3, ...) of a region's whole field Jd + w."""
    size, axis = np.asarray(region.exchange), column(region.direction, grid)
    if region.spin_orbit != NO_FIELD:
        total = size * axis + field_of(region, grid)
        size = np.sqrt((total * total).sum(axis=0))
        axis = np.where(size == 0, axis, total / np.where(size == 0, 1, size))
    return size, axis


def bands_of(region: Region, energy: float, grid: Grid) -> tuple[Any, Array]:
    """Return q² in a region (2, ...) of spin along its axis (3, ...) and against it, and that axis."""
    size, axis = split_by(region, grid)
    kinetic = region.mass * (energy - region.potential) - grid[0] * grid[0]
    return np.stack([kinetic - region.mass * size, kinetic + region.mass * size]), axis


#: ψ at a layer's near end is told by b̂ there, which comes first; ψ and ∂_zψ/M at its far end are the matrices
#: that follow times ψ, plus what comes last.
Onward = tuple[Complex, Complex, Complex, Complex, Complex]


@dataclass(frozen=True)
class Step:
    """A layer passed, (2, 2, ...): Ŷ at its near end, and what goes on from there, of b̂ at its far end.

    The determinant of its equations is `pivot` e^{exponent}.
    """

    Y: Complex
    pivot: Complex
    exponent: Complex
    loss: Array
    onward: Callable[[Complex], Onward]


def _turned(q2: Any, d: float) -> tuple[Any, Any]:
    """Return cos qd and sin qd/q of q² of either sign, or complex; where waves decay, up to SHALLOW."""
    if np.iscomplexobj(q2):
        iqd = np.where(np.abs(q2) * d**2 < SLOW, SLOW**0.5, 1j * d * np.sqrt(q2))
        wave = np.exp(iqd)
        cos, sine = (wave + 1 / wave) / 2, (wave - 1 / wave) * (d / 2) / iqd
        slow = np.abs(q2) * d**2 < SLOW
        if slow.any():
            x = np.where(slow, q2 * d**2, 0)
            cos = np.where(slow, np.polyval(COSINE, x), cos)
            sine = np.where(slow, d * np.polyval(SINE, x), sine)
        return cos, sine
    size = np.sqrt(np.abs(q2))
    turn = size * d
    decays, safe = q2 < 0, np.where(size == 0, 1, size)
    cos, sine = np.cos(turn), np.where(size == 0, d, np.sin(turn) / safe)
    if decays.any():
        turn = np.minimum(turn, 2 * SHALLOW)
        cos, sine = np.where(decays, np.cosh(turn), cos), np.where(decays, np.sinh(turn) / safe, sine)
    return cos, sine


def _shallow(region: Region, q2: Any, axis: Array, Y: Complex) -> Step:
    cos, sine = _turned(q2, region.thickness)
    C, S, B = (along(one, axis) for one in (cos, sine * region.mass, q2 * sine / region.mass))
    matrix = C - product(Y, S)
    inverted = inverse(matrix)
    near = product(inverted, product(Y, C) + B)

    def onward(b: Complex) -> Onward:
        b = product(inverted, b)
        return b, C + product(S, near), product(S, b), product(C, near) - B, product(C, b)

    pivot = determinant(matrix)
    return Step(near, pivot, np.zeros_like(pivot), _size(inverted), onward)


def _deep(region: Region, q2: Any, axis: Array, Y: Complex) -> Step:
    q = outgoing(q2)
    own, e = along(1j * q / region.mass, axis), along(np.exp(1j * q * region.thickness), axis)
    one = IDENTITY.reshape(2, 2, *(1,) * (Y.ndim - 2))
    inverted = inverse(own + Y)
    rho = product(inverted, own - Y)
    back = product(product(e, rho), e)
    entered = inverse(one + back)
    near = product(own, product(one - back, entered))

    def onward(b: Complex) -> Onward:
        beta, start = product(inverted, b), product(e, entered)
        e_beta, returned = product(e, beta), product(rho, start)
        psi, slope = start + returned, product(own, start - returned)
        near_b = 2 * product(own, product(entered, e_beta))
        return near_b, psi, product(psi, e_beta) - beta, slope, product(slope, e_beta) + product(own, beta)

    pivot = determinant(own + Y) / (4 * determinant(own) * determinant(entered))
    exponent = -1j * q.sum(axis=0) * region.thickness
    return Step(near, pivot, exponent, _size(product(inverted, own)) * _size(entered), onward)


def _size(matrix: Complex) -> Array:
    size: Array = np.abs(matrix).max(axis=(0, 1))
    return size


def passed(region: Region, energy: float, grid: Grid, Y: Complex) -> Step:
    """Return the way through a layer beyond which the slope is Ŷψ + b̂."""
    q2, axis = bands_of(region, energy, grid)
    decay = -q2.min(axis=0) if np.isrealobj(q2) else np.square(outgoing(q2).imag.max(axis=0))
    deep = decay * region.thickness**2 > SHALLOW**2
    if not deep.any():
        return _shallow(region, q2, axis, Y)
    if deep.all():
        return _deep(region, q2, axis, Y)
    with np.errstate(all="ignore"):
        both = _deep(region, q2, axis, Y), _shallow(region, q2, axis, Y)

    def onward(b: Complex) -> Onward:
        with np.errstate(all="ignore"):
            parts = zip(*(one.onward(b) for one in both), strict=True)
        first, *others = (np.where(deep, one, other) for one, other in parts)
        return (first, *others)

    names = ("Y", "pivot", "exponent", "loss")
    Y, *others = (np.where(deep, *(getattr(one, name) for one in both)) for name in names)
    pivot, exponent, loss = others
    return Step(Y, pivot, exponent, loss, onward)


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

    def lossy(self, most: float = LARGEST_LOSS) -> Array:
        """Where rounding is amplified by more than the problem itself does."""
        return np.asarray(reduce(np.maximum, (step.loss for step in self.steps), np.ones(())) > most)

    def arrivals(self, turn: Complex) -> tuple[list[Complex], list[Onward]]:
        """Return b̂ just beyond every interface, of waves from the right with spinors `turn`, and the ways."""
        bs = [product(self.arriving, turn.reshape(2, 2, *(1,) * (self.arriving.ndim - 2)))]
        onward: list[Onward] = []
        for step in self.steps[::-1]:
            onward.insert(0, step.onward(bs[0]))
            bs.insert(0, onward[0][0])
        return bs, onward

    def waves(self, turn: Complex = IDENTITY) -> Complex:
        """Return ψ at every interface, ∂_zψ/M before it and after it, (3, 2, 4, interfaces, ...).

        Of waves of unit flux from the left, of either spin, and from the right with the spinors `turn`.
        """
        bs, onward = self.arrivals(turn)
        inverted = inverse(self.matrix)
        first, second = product(inverted, self.incident), product(inverted, -bs[0])
        shape = np.broadcast_shapes(first.shape[2:], second.shape[2:])
        found = np.empty((3, 2, 4, len(self.after), *shape), dtype=complex)
        psi, before, after = found
        psi[:, :2, 0], psi[:, 2:, 0] = first, second
        before[:, :, 0] = product(-1j * self.first, psi[:, :, 0])
        before[:, :2, 0] += self.incident
        for n, (_, matrix, more, sloping, more_slope) in enumerate(onward):
            for wave, part, extra in ((psi, matrix, more), (before, sloping, more_slope)):
                wave[:, :, n + 1] = product(part, psi[:, :, n])
                wave[:, 2:, n + 1] += extra
        for n, (Y, b) in enumerate(zip(self.after, bs, strict=True)):
            after[:, :, n] = product(Y, psi[:, :, n])
            after[:, 2:, n] += b
        return found


def passed_through(structure: Structure, grid: Grid, waves: tuple[Complex, Complex]) -> Passed:
    """Pass a stack; `waves` are the wave numbers of its half-spaces, (2, ...)."""
    leads = structure.left, structure.right
    axes = [column(lead.direction, grid) for lead in leads]
    velocities = [q / lead.mass for q, lead in zip(waves, leads, strict=True)]
    left, right = map(along, velocities, axes)
    incident, arriving = map(along, (2j * np.sqrt(np.maximum(v.real, 0)) for v in velocities), axes)
    kappas = [kappa_of(delta, grid) for delta in structure.interfaces]
    after, steps = [1j * right], list[Step]()
    for layer, kappa in zip(structure.layers[::-1], kappas[:0:-1], strict=True):
        steps.insert(0, passed(layer, structure.energy, grid, after[0] - kappa))
        after.insert(0, steps[0].Y)
    return Passed(structure, kappas, steps, after, left, incident, -arriving)


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
        some = (one[lossy] for one in grid)
        psi[:, :, lossy], slope[:, :, :, lossy] = joined(structure, *some).states()
    return psi, slope
