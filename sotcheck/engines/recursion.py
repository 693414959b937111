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

from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from sotcheck.engines.stack import joined, outgoing
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.two_by_two import along, cross, determinant, inverse, product
from sotcheck.system.spin import IDENTITY
from sotcheck.system.structure import NO_FIELD, Delta, Region, Structure

#: Problems in which rounding is amplified by more are solved by all equations at once.
LARGEST_LOSS = 100.0
#: Decay κd up to which C and S are used: digits suffer by e^{2κd}.
SHALLOW = 1.0

#: k_⊥, angle and scale, which broadcast and have as many axes.
Grid = tuple[Any, Any, Any]


def _column(values: Any, grid: Grid) -> Any:
    """Return some numbers as an array with an axis for each of the grid's."""
    return np.asarray(values).reshape(-1, *(1,) * grid[0].ndim)


def field_of(delta: Delta, grid: Grid) -> Array:
    """Return an interface's spin-orbit field w, (3, ...)."""
    k_perp, angle, scale = grid
    x, y = np.transpose(delta.spin_orbit)
    if delta.spin_orbit == NO_FIELD:
        return _column([0.0, 0.0, 0.0], grid)
    strength = scale * k_perp
    return _column(x, grid) * (strength * np.cos(angle)) + _column(y, grid) * (strength * np.sin(angle))


def kappa_of(delta: Delta, grid: Grid) -> Complex:
    """Return κ̂ of an interface, (2, 2, ...); of the shape of the grid only if it has a spin-orbit term."""
    field = delta.exchange * _column(delta.direction, grid) + field_of(delta, grid)
    return along(_column([delta.barrier + 1, delta.barrier - 1], grid), field)


def bands_of(region: Region, energy: float, grid: Grid) -> tuple[Complex, Array]:
    """Return the wave numbers of both bands in a region (2, ...), and its axis of spin (3, ...)."""
    k_perp, angle, scale = grid
    if region.spin_orbit == NO_FIELD:
        q2, _ = region.bands(energy, k_perp)
        return np.moveaxis(outgoing(q2), -1, 0), _column(region.direction, grid)
    q2, axis = region.bands(energy, *np.broadcast_arrays(k_perp, angle, scale))
    return np.moveaxis(outgoing(q2), -1, 0), np.moveaxis(axis, -1, 0)


@dataclass(frozen=True)
class Step:
    """A layer passed, (2, 2, ...): Ŷ and b̂ at its near end, and what ψ there, and b̂, make at its far end.

    ψ = `psi` ψ_near + `psi_b`, its slope likewise. The determinant of its equations is `pivot` e^{exponent}.
    """

    Y: Complex
    b: Complex
    psi: Complex
    psi_b: Complex
    slope: Complex
    slope_b: Complex
    pivot: Complex
    exponent: Complex
    loss: Array


def _shallow(region: Region, q: Complex, axis: Array, Y: Complex, b: Complex) -> Step:
    d, M = region.thickness, region.mass
    sine = d * np.sinc(q * (d / np.pi))
    C, S, B = along(np.cos(q * d), axis), along(sine * M, axis), along(q * q * sine / M, axis)
    matrix = C - product(Y, S)
    inverted = inverse(matrix)
    near, b = product(inverted, product(Y, C) + B), product(inverted, b)
    psi, slope = C + product(S, near), product(C, near) - B
    pivot = determinant(matrix)
    return Step(near, b, psi, product(S, b), slope, product(C, b), pivot, 0 * pivot, _size(inverted))


def _deep(region: Region, q: Complex, axis: Array, Y: Complex, b: Complex) -> Step:
    own, e = along(1j * q / region.mass, axis), along(np.exp(1j * q * region.thickness), axis)
    one = IDENTITY.reshape(2, 2, *(1,) * (Y.ndim - 2))
    inverted = inverse(own + Y)
    rho, beta = product(inverted, own - Y), product(inverted, b)
    back = product(product(e, rho), e)
    entered = inverse(one + back)
    start, e_beta = product(e, entered), product(e, beta)
    returned = product(rho, start)
    near, near_b = (product(own, product(each, entered)) for each in (one - back, 2 * one))
    psi, slope = start + returned, product(own, start - returned)
    pivot = determinant(own + Y) / (4 * determinant(own) * determinant(entered))
    exponent = -1j * q.sum(axis=0) * region.thickness
    loss = _size(product(inverted, own)) * _size(entered)
    far, far_slope = product(psi, e_beta) - beta, product(slope, e_beta) + product(own, beta)
    return Step(near, product(near_b, e_beta), psi, far, slope, far_slope, pivot, exponent, loss)


def _size(matrix: Complex) -> Array:
    size: Array = np.abs(matrix).max(axis=(0, 1))
    return size


def passed(region: Region, energy: float, grid: Grid, Y: Complex, b: Complex) -> Step:
    """Return the way through a layer beyond which the slope is Ŷψ + b̂."""
    q, axis = bands_of(region, energy, grid)
    deep = q.imag.max(axis=0) * region.thickness > SHALLOW
    if not deep.any():
        return _shallow(region, q, axis, Y, b)
    if deep.all():
        return _deep(region, q, axis, Y, b)
    with np.errstate(all="ignore"):
        one, other = _shallow(region, q, axis, Y, b), _deep(region, q, axis, Y, b)
    return Step(*(np.where(deep, getattr(other, name), getattr(one, name)) for name in vars(one)))


@dataclass(frozen=True)
class Passed:
    """A stack passed from its far end, (2, 2, ...).

    `after` are Ŷ and b̂ just beyond every interface; `matrix` M̂ and `arriving` b̂ those at z = 0 once waves
    that leave to the left are taken in: M̂ψ = 2i√(k/M) of what comes in from there, and −b̂.
    """

    structure: Structure
    kappas: list[Complex]
    steps: list[Step]
    after: list[tuple[Complex, Complex]]
    first: Complex
    incident: Complex

    @property
    def matrix(self) -> Complex:
        """M̂."""
        matrix: Complex = self.after[0][0] - self.kappas[0] + 1j * self.first
        return matrix

    @property
    def log_determinant(self) -> Complex:
        """The logarithm of the determinant of all equations."""
        logs = [np.log(step.pivot) + step.exponent for step in self.steps]
        return np.asarray(sum(logs, start=np.log(determinant(self.matrix))))

    @property
    def lossy(self) -> Array:
        """Where rounding is amplified more than the problem itself does."""
        return np.asarray(reduce(np.maximum, (step.loss for step in self.steps), np.ones(())) > LARGEST_LOSS)

    def states(self, side: int) -> tuple[list[Complex], list[Complex], list[Complex]]:
        """Return ψ at every interface and its slopes before and after it, each (2, 2, ...).

        Of waves of unit flux from the left, or from the right (1).
        """
        inverted = inverse(self.matrix)
        psi = [product(inverted, -self.after[0][1] if side else self.incident)]
        before = [-1j * product(self.first, psi[0]) + (0 if side else self.incident)]
        for step in self.steps:
            before.append(product(step.slope, psi[-1]) + (step.slope_b if side else 0))
            psi.append(product(step.psi, psi[-1]) + (step.psi_b if side else 0))
        after = [product(Y, wave) + (b if side else 0) for (Y, b), wave in zip(self.after, psi, strict=True)]
        return psi, before, after


def passed_through(structure: Structure, grid: Grid, waves: tuple[Complex, Complex]) -> Passed:
    """Pass a stack; `waves` are the wave numbers of its half-spaces, (2, ...)."""
    leads = structure.left, structure.right
    axes = [_column(lead.direction, grid) for lead in leads]
    velocities = [q / lead.mass for q, lead in zip(waves, leads, strict=True)]
    left, right = map(along, velocities, axes)
    incident, arriving = map(along, (2j * np.sqrt(np.maximum(v.real, 0)) for v in velocities), axes)
    kappas = [kappa_of(delta, grid) for delta in structure.interfaces]
    after: list[tuple[Complex, Complex]] = [(1j * right, -arriving)]
    steps: list[Step] = []
    for layer, kappa in zip(structure.layers[::-1], kappas[:0:-1], strict=True):
        Y, b = after[0]
        steps.insert(0, passed(layer, structure.energy, grid, Y - kappa, b))
        after.insert(0, (steps[0].Y, steps[0].b))
    return Passed(structure, kappas, steps, after, left, incident)


def solve_stack(
    structure: Structure, k_perp: Array, angle: Array, scale: Any, waves: tuple[Complex, Complex]
) -> tuple[Complex, Complex]:
    """Return ψ (2, interfaces, ..., 2, 2) and ∂_zψ/M (2, 2, interfaces, ..., 2, 2) of problems of one shape.

    `waves` are the wave numbers (..., 2) of the half-spaces.
    """
    grid = k_perp, angle, scale
    left, right = (np.moveaxis(one, -1, 0) for one in waves)
    found = passed_through(structure, grid, (left, right))
    psi = np.empty((2, len(structure.interfaces), *k_perp.shape, 2, 2), dtype=complex)
    slope = np.empty((2, *psi.shape), dtype=complex)
    for side in range(2):
        for n, (here, *slopes) in enumerate(zip(*found.states(side), strict=True)):
            psi[side, n] = np.moveaxis(here, (0, 1), (-2, -1))
            for part, one in enumerate(slopes):
                slope[part, side, n] = np.moveaxis(one, (0, 1), (-2, -1))
    lossy = np.broadcast_to(found.lossy, k_perp.shape)
    if lossy.any():
        some = (one[lossy] for one in grid)
        psi[:, :, lossy], slope[:, :, :, lossy] = joined(structure, *some).states()
    return psi, slope


def _dot(a: Complex, b: Complex) -> Complex:
    """Return a†σb of both columns, (3, 2, ...)."""
    up, down = a.conj()
    found = np.empty((3, *np.broadcast_shapes(a.shape[1:], b.shape[1:])), dtype=complex)
    one, other = up * b[1], down * b[0]
    np.add(one, other, out=found[0])
    np.multiply(other - one, 1j, out=found[1])
    np.subtract(up * b[0], down * b[1], out=found[2])
    return found


def stack_flows(found: Passed, grid: Grid, spinors: Complex) -> Array:
    """Return the four flows at every interface by source, (interfaces, 3, 4, 3, ...).

    `spinors` are the columns along and against the axis of the right half-space.
    """
    structure = found.structure
    out = np.empty((len(structure.interfaces), 3, 4, 3, *np.broadcast_shapes(*(one.shape for one in grid))))
    turn = spinors.reshape(2, 2, *(1,) * grid[0].ndim)
    for side in range(2):
        for n, (delta, *waves) in enumerate(zip(structure.interfaces, *found.states(side), strict=True)):
            psi, minus, plus = (product(one, turn) for one in waves) if side else waves
            spin = _dot(psi, psi).real
            w, u = (one[:, None] for one in (field_of(delta, grid), _column(delta.direction, grid)))
            parts = (
                _dot(psi, minus).imag,
                _dot(psi, plus).imag,
                cross(w, spin),
                cross(spin, delta.exchange * u),
            )
            for flow, values in enumerate(parts):
                if side:
                    # The first column is the minority's.
                    out[n, 2, flow], out[n, 1, flow] = values[:, 0], values[:, 1]
                else:
                    np.add(values[:, 0], values[:, 1], out=out[n, 0, flow])
    return out
