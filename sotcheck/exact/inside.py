"""States inside the layers of a stack, continued from both ends: spin densities, and who takes what spin."""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.engines import Engine
from sotcheck.engines.stack import outgoing
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.spin import in_spin_bands, pauli_vector
from sotcheck.system.states import MINUS, PLUS, States, by_source
from sotcheck.system.structure import Structure

#: Where |q| times the thickness is at most this, cos qz and sin qz/q continue a state from one end.
THIN = 1.0
#: Nodes in a layer, besides one for each radian of phase or decay.
NODES = 16


def _bands(states: States, layer: int) -> tuple[Complex, Array]:
    """Return the wave numbers (..., 2) in a layer, real or positive imaginary, and their spin axis."""
    region = states.structure.layers[layer]
    q2, axis = region.bands(states.structure.energy, states.k_perp, states.angle, states.scale)
    return outgoing(q2), axis


def _ends(states: States, layer: int) -> tuple[Complex, Complex, Complex, Complex]:
    """Return ψ and ∂_zψ at the near end and at the far end of a layer, (2, ..., 2, 2)."""
    mass = states.structure.layers[layer].mass
    slope = states.slope * mass
    return states.psi[:, layer], slope[PLUS, :, layer], states.psi[:, layer + 1], slope[MINUS, :, layer + 1]


def psi_inside(states: States, layer: int, part: Array) -> tuple[Complex, Complex]:
    """Return ψ and its slope ∂_zψ/M in a layer, at parts of its thickness (p,); (2, ..., p, 2, 2) each.

    Each wave is continued from the end at which it is largest.
    """
    region = states.structure.layers[layer]
    bands = _bands(states, layer)
    q, axis = bands[0][..., None, :], bands[1][..., None, :]
    d = region.thickness
    z = d * np.asarray(part)[:, None]
    slow = np.abs(q) * d <= THIN
    safe = np.where(slow, 1.0, q)
    near, far = np.exp(1j * safe * z), np.exp(1j * safe * (d - z))
    cos, sine = np.cos(q * z), z * np.sinc(q * z / np.pi)

    def combined(*slow_fast: tuple[Any, Any]) -> Complex:
        made = (in_spin_bands(np.where(slow, one, other) + 0j, axis) for one, other in slow_fast)
        ends = (one[..., None, :, :] for one in _ends(states, layer))
        return np.asarray(sum(matrix @ end for matrix, end in zip(made, ends, strict=True)))

    iq = 1j * safe
    psi = combined((cos, near / 2), (sine, near / (2 * iq)), (0.0, far / 2), (0.0, -far / (2 * iq)))
    slope = combined((-q * q * sine, iq * near / 2), (cos, near / 2), (0.0, -iq * far / 2), (0.0, far / 2))
    return psi, slope / region.mass


def spin_turned(states: States, layer: int) -> Array:
    """Return v × S, what a layer's whole field v = Jd + w adds to the spin current, by source (..., 3, 3).

    S = Σ_in ∫ψ†σψ dz by Gauss–Legendre's rule in z: another route than the closed forms of `layer_flows`.
    """
    region = states.structure.layers[layer]
    size = float(np.abs(_bands(states, layer)[0]).max()) * region.thickness
    nodes, weights = np.polynomial.legendre.leggauss(NODES + int(size))
    psi = np.moveaxis(psi_inside(states, layer, (nodes + 1) / 2)[0], -3, 0)
    density = np.stack([by_source(one, one, states.m) for one in psi])
    spin = np.tensordot(weights * region.thickness / 2, pauli_vector(density).real, axes=1)
    field = region.exchange * np.array(region.direction) + region.field(
        states.k_perp, states.angle, states.scale
    )
    turned: Array = np.cross(field[..., None, :], spin)
    return turned


def flows_of(engine: Engine, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Array:
    """Return all spin flows of a stack by source, (..., 3, 4I + 2L, 3), per unit incident flux.

    Four for each of the I interfaces, as `States.flows`, then two for each of the L layers, as `layer_flows`.
    """
    return engine.all_flows(structure, k_perp, angle, scale)


def at_interfaces(structure: Structure, flows: Array) -> Array:
    """Return the flows (..., I, 4, 3) at the interfaces, of all of them (..., 4I + 2L, 3)."""
    number = len(structure.interfaces)
    return flows[..., : 4 * number, :].reshape(*flows.shape[:-2], number, 4, 3)


def in_layers(structure: Structure, flows: Array) -> Array:
    """Return what spin-orbit fields add, and torques, (..., L + 1, 2, 3), of all flows (..., 4I + 2L, 3).

    The last one is the right half-space, to which the part of the spin current across its magnetisation goes;
    none if it is not magnetic.
    """
    number = len(structure.interfaces)
    layers = flows[..., 4 * number :, :].reshape(*flows.shape[:-2], number - 1, 2, 3)
    taken = _beyond(structure, flows)
    last = np.stack([np.zeros_like(taken), taken], axis=-2)
    return np.concatenate([layers, last[..., None, :, :]], axis=-3)


def _beyond(structure: Structure, flows: Array) -> Array:
    """Return what the right half-space's magnetism takes of what arrives there, (..., 3)."""
    arriving, m = flows[..., 4 * len(structure.interfaces) - 3, :], np.array(structure.right.direction)
    taken: Array = (arriving - (arriving * m).sum(axis=-1, keepdims=True) * m) * structure.right.magnetic
    return taken


def total_torque(structure: Structure, flows: Array) -> Array:
    """Return t, on all magnetism of layers and interfaces, of flows (..., 4I + 2L, 3): (..., 3)."""
    last = 4 * len(structure.interfaces)
    of_interfaces, of_layers = flows[..., 3:last:4, :], flows[..., last + 1 :: 2, :]
    total: Array = of_interfaces.sum(axis=-2) + (of_layers.sum(axis=-2) + _beyond(structure, flows))
    return total


def errors_of_t(structure: Structure, errors: Array) -> Array:
    """Return errors of t along x, y, z, (..., 3), from those of all flows (..., 4I + 2L, 3)."""
    last = 4 * len(structure.interfaces)
    of_interfaces, of_layers = errors[..., 3:last:4, :], errors[..., last + 1 :: 2, :]
    total: Array = of_interfaces.sum(axis=-2) + errors[..., last - 3, :] + of_layers.sum(axis=-2)
    return total
