"""How far rounding may move what engines find: bounds, problem by problem."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sotcheck.engines.stack import joined, matching_of
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.many import Many
from sotcheck.system.states import Errors
from sotcheck.system.structure import Structure

#: Rounding errors of one problem's operations, in units of ε: a few dozen, not all of one sign. Bounds are
#: three times, or more, what flows of either engine scatter where k_⊥ changes in its last digits.
OPERATIONS = 1
#: The same of an element of a stack's equations, whose errors all add up.
STACK_OPERATIONS = 2
#: Next to a band edge q² has no digits left: no error is larger than the whole.
WHOLE = 1.0


def rounding_errors(
    structure: Structure, k_perp: Array, angle: Array, scale: Array, spacing: float = np.inf
) -> Errors:
    """Return bounds on an engine's rounding errors; its lattice has a spacing, unit: 1/wave vector."""
    k_perp, angle, scale = np.broadcast_arrays(*np.atleast_1d(k_perp, angle, scale))
    if structure.layers:
        return _stack_errors(structure, k_perp, angle, scale, spacing)
    left, right = structure.left, structure.right
    # By source: normal, majority, minority. Of a magnetic left half-space, the spin with less energy left.
    from_left, from_right = (lead.bands(structure.energy, k_perp)[0] for lead in (left, right))
    q2 = np.stack([from_left[..., 0], from_right[..., 1], from_right[..., 0]])
    masses = np.array([left.mass, right.mass, right.mass]).reshape(-1, *(1,) * k_perp.ndim)
    edges = np.array([left.edges[1], *right.edges])
    widths = masses * np.abs(structure.energy - edges).reshape(masses.shape)
    inverse, kappa = _inverse(structure, k_perp, angle, scale)
    found = _bounds(q2, masses, widths + k_perp**2 + spacing**-2.0, inverse, kappa)
    return Errors(*(np.moveaxis(each, 0, -1) for each in (found.psi, found.amplitudes, found.flows)))


def rounding_of_flows(many: Many, k_perp: Array, c: Array, spacing: float = np.inf) -> Array:
    """Return the bounds of flows of bare interfaces at k_⊥ (n, x) and c = m·(k×ẑ)/k_⊥ (n, angles).

    Shape (n, x, angles, lanes, 3); in the frame of m, M has A and B on its diagonal, as `matching` says.
    """
    q2 = (many.edges.T[..., None] - k_perp**2)[..., None, None]
    k, K_up, K_down = np.sqrt(q2.astype(complex))
    w = (many.h_R[:, None] * k_perp[..., None])[:, :, None]
    u_0, u_m, c = many.u_0[:, None, None, None], many.u_m[:, None, None, None], c[:, None, :, None]
    A, B = (1j * (k + K) - u_0 - sign * (u_m + w * c) for K, sign in ((K_down, 1), (K_up, -1)))
    across2 = w**2 * (1 - c**2)
    norm = np.sqrt(np.abs(A) ** 2 + np.abs(B) ** 2 + 2 * across2)
    inverse = norm / np.maximum(np.abs(A * B - across2), np.finfo(float).tiny)
    cancels = np.abs(many.edges.T[..., None, None, None]) + (k_perp**2)[..., None, None] + spacing**-2.0
    kappa = np.abs(u_0) + np.abs(u_m) + np.abs(w)
    return np.moveaxis(_bounds(q2, np.ones(()), cancels, inverse, kappa).flows, 0, -1)


class _Bounds(NamedTuple):
    """By source, first axis: sizes of velocities, what they and ψ have lost of themselves, and ψ's size."""

    size: Array
    lost: Array
    relative: Array
    psi_size: Array
    kappa: Array
    epsilon: float

    @property
    def psi(self) -> Array:
        """Of ψ at the interface."""
        return self.relative * self.psi_size

    @property
    def amplitudes(self) -> Array:
        """Of the amplitudes of what leaves."""
        leaving = (np.sqrt(self.size) * (self.relative[:, None] + self.lost / 2)).max(axis=1)
        return self.psi_size * leaving + np.where(self.psi_size > 0, self.epsilon, 0.0)

    @property
    def flows(self) -> Array:
        """Of ψ†κ̂ψ, and of ψ† times a slope: that of what leaves, or of that and of what comes in."""
        size = self.psi_size * np.maximum(self.size.max(axis=0), self.kappa) + 2 * np.sqrt(self.size)
        size = size * self.psi_size
        # Both spins from F come out of one matrix: what is left of one in the other is a rounding error too.
        return self.relative * size + self.epsilon * size.max(axis=0)


def _bounds(q2: Array, masses: Array, cancels: Array, inverse: Array, kappa: Array) -> _Bounds:
    """Return the bounds of one interface's matrix."""
    epsilon, size2 = OPERATIONS * float(np.finfo(float).eps), np.abs(q2)
    size = np.sqrt(size2) / masses
    lost = np.minimum(epsilon * cancels / np.maximum(size2, np.finfo(float).tiny), WHOLE)
    total = size.sum(axis=0) + kappa
    relative = epsilon + np.minimum(inverse * ((size * lost).sum(axis=0) + epsilon * total), WHOLE)
    psi_size = np.where(q2 > 0, 2 * np.sqrt(size) * inverse, 0.0)
    return _Bounds(size, lost, relative + lost / 2, psi_size, kappa, epsilon)


def _stack_errors(structure: Structure, k_perp: Array, angle: Array, scale: Array, spacing: float) -> Errors:
    """Return the bounds of a stack: |A⁻¹| (δA |x| + δb) of its equations A x = b, element by element.

    Elements are known to some ε, those of a layer to as many more as it has radians; the velocities of the
    half-spaces as said above.
    """
    found = joined(structure, k_perp, angle, scale)
    epsilon, tiny = STACK_OPERATIONS * float(np.finfo(float).eps), np.finfo(float).tiny
    try:
        size, unknown = np.abs(found.matrix), np.abs(np.linalg.solve(found.matrix, found.source))
    except np.linalg.LinAlgError:
        raise EngineError("a stack's equations are singular: a number is beyond double precision") from None
    unsure = epsilon * size
    for layer, at in zip(structure.layers, found.columns[1:-1], strict=True):
        q2 = np.abs(layer.bands(structure.energy, k_perp, angle, scale)[0]).max(axis=-1)
        unsure[..., at] *= 1 + np.sqrt(q2)[..., None, None] * layer.thickness
    given, losses = epsilon * np.abs(found.source), []
    leads = (structure.left, slice(2, 4), slice(0, 2)), (structure.right, slice(-2, None), slice(2, 4))
    for (lead, rows, waves), at, v in zip(
        leads, (found.columns[0], found.columns[-1]), found.velocities, strict=True
    ):
        q2 = np.abs(lead.bands(structure.energy, k_perp)[0])
        cancels = lead.mass * np.abs(structure.energy - np.array(lead.edges)) + k_perp[..., None] ** 2
        lost = np.minimum(epsilon * (cancels + spacing**-2.0) / np.maximum(q2, tiny), WHOLE).max(axis=-1)
        losses.append(lost)
        lost = lost[..., None, None]
        unsure[..., rows, at] += np.abs(v).max(axis=-1)[..., None, None] * lost
        given[..., rows, waves] *= 1 + lost / epsilon
    off = np.abs(np.linalg.inv(found.matrix)) @ (unsure @ unknown + given)

    def told(parts: list[Complex], regions: slice) -> tuple[Array, Array]:
        """Return the size and the error of what is made of unknowns, (interfaces, ..., 2, 4)."""
        columns = found.columns[regions]
        made = [np.abs(part) for part in parts]
        sizes = [part @ unknown[..., at, :] for part, at in zip(made, columns, strict=True)]
        errors = [part @ off[..., at, :] for part, at in zip(made, columns, strict=True)]
        return np.stack(sizes), np.stack(errors) + epsilon * np.stack(sizes)

    before, after = found.ends[:-1], found.ends[1:]
    psi, psi_off = told([one.psi[1] for one in before], slice(None, -1))
    slopes = [told([one.slope[1] for one in before], slice(None, -1))]
    slopes.append(told([one.slope[0] for one in after], slice(1, None)))
    kappas = np.stack(
        [np.abs(delta.kappa(k_perp, angle, scale)).sum(axis=(-2, -1)) for delta in structure.interfaces]
    )
    incident = np.abs(found.source).max(axis=-2, keepdims=True)
    flows = kappas[..., None, None] * psi * psi_off
    for size, error in slopes:
        flows = np.maximum(flows, psi * error + (size + incident) * psi_off)

    def by_source(values: Array) -> Array:
        """Return the largest of (..., 4) of both waves from the left, then of both from the right, twice."""
        from_left, from_right = values[..., :2].max(axis=-1), values[..., 2:].max(axis=-1)
        return np.stack([from_left, from_right, from_right], axis=-1)

    worst = psi_off.max(axis=(0, -2))
    speed = np.sqrt(np.max([np.abs(v).max(axis=-1) for v in found.velocities], axis=0))[..., None]
    leaving = speed * (worst + psi.max(axis=(0, -2)) * np.max(losses, axis=0)[..., None]) + epsilon
    return Errors(by_source(worst), by_source(leaving), by_source(4 * flows.max(axis=(0, -2))))


def _inverse(structure: Structure, k_perp: Array, angle: Array, scale: Array) -> tuple[Array, Array]:
    """Return a bound on |ψ| at the interfaces per source term there, and the size of all κ̂; both (...)."""
    tiny, matrix = np.finfo(float).tiny, matching_of(structure, k_perp, angle, scale)
    (delta,) = structure.interfaces
    kappa = abs(delta.barrier) + abs(delta.exchange)
    # |M⁻¹| in the Frobenius norm, at least as large as any of its elements: that of M over its determinant.
    size = np.linalg.norm(matrix, axis=(-2, -1)) / np.maximum(np.abs(np.linalg.det(matrix)), tiny)
    return size, kappa + np.linalg.norm(delta.field(k_perp, angle, scale), axis=-1)
