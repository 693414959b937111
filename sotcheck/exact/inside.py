"""States inside the layers of a stack, continued from both ends: spin densities, and who takes what spin."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sotcheck.engines import Engine
from sotcheck.engines.stack import outgoing
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.spin import dot_sigma, in_spin_bands, pauli_vector
from sotcheck.system.states import MINUS, PLUS, States, by_source
from sotcheck.system.structure import NO_FIELD, Structure

#: Where |q| times the thickness is at most this, cos qz and sin qz/q continue a state from one end.
THIN = 1.0
#: Nodes in a layer, besides one for each radian of phase or decay.
NODES = 16
#: Taylor's coefficients of (1 − sin 2x/2x)/2x² in x², the highest power first.
SINE_SQUARED = [(-1) ** (n + 1) * 4**n / (2 * math.factorial(2 * n + 1)) for n in range(14, 0, -1)]


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


def _spin_along(states: States, layer: int) -> tuple[Array, Array]:
    """Return Σ_in ∫ψ†σ·n ψ dz by source (..., 3), and the layer's axis of spin n, (3,) or (..., 3).

    Of f = αe^{iqz} + βe^{iq(d−z)}: (|α|² + |β|²) d + 2 Re αβ* sin(qd)/q where it travels, and
    (|α|² + |β|²)(1 − e^{−2κd})/2κ + 2 Re αβ* d e^{−κd} where it decays.
    """
    q, axis = _bands(states, layer)
    d = states.structure.layers[layer].thickness
    x = q * d
    slow, travels = np.abs(x) <= THIN, q.real > 0
    k = np.where(slow, 1.0, np.abs(q))
    alone = np.where(travels, d, -np.expm1(-2 * k * d) / (2 * k))
    crossed = np.where(travels, np.sin(k * d) / k, d * np.exp(-k * d))
    # ∫cos², cos·sin/q and sin²/q².
    x2 = np.where(slow, (x * x).real, 0.0)
    root = np.sqrt(x2 + 0j) / np.pi
    grams = (1 + np.sinc(2 * root).real) / 2, np.sinc(root).real ** 2 / 2, np.polyval(SINE_SQUARED, x2)
    over = 1 / np.where(travels, 1j * k, -k)
    # Columns of waves from the right: majority, then minority.
    turn = np.linalg.eigh(dot_sigma(states.m))[1]
    ends = [np.stack([end[0], end[1] @ turn]) for end in _ends(states, layer)]
    spin = np.zeros((*q.shape[:-1], 3))
    for band, sign in enumerate((1.0, -1.0)):
        here = np.where(np.arange(2) == band, 1.0 + 0j, 0.0)
        projector = in_spin_bands(np.broadcast_to(here, q.shape), axis)
        f, slope, g, slope_far = (projector @ end for end in ends)

        def dot(a: Complex, b: Complex) -> Array:
            left, right = np.einsum("s...ij,s...ij->s...j", a, b.conj()).real
            return np.concatenate([left.sum(axis=-1, keepdims=True), right], axis=-1)

        def of(values: Array) -> Array:
            return values[..., band, None]  # noqa: B023

        factor = over[..., band, None, None]
        alpha, beta = (f + factor * slope) / 2, (g - factor * slope_far) / 2
        fast = of(alone) * (dot(alpha, alpha) + dot(beta, beta)) + 2 * of(crossed) * dot(alpha, beta)
        cosine, mixed, sine = (of(gram) * d**n for n, gram in enumerate(grams, 1))
        thin = cosine * dot(f, f) + 2 * mixed * dot(f, slope) + sine * dot(slope, slope)
        spin += sign * np.where(of(slow), thin, fast)
    return spin, axis


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


def layer_flows(states: States) -> Array:
    """Return what every layer's spin-orbit field adds to the spin current, and the torque on its magnetism.

    With S = Σ_in ∫ψ†σψ dz these are w × S and J S × d, so that the current at the far end is that at the near
    end, and the first, less the second. What S has across the layer's whole field v = Jd + w is told by what
    it adds to the current, v × S.

    Shape (..., layers, 3, 2, 3): source, (added, torque), spin component.
    """
    minus, plus = (
        [states.at(n).spin_current(side) for n in range(len(states.structure.interfaces))]
        for side in (MINUS, PLUS)
    )
    found = []
    for n, layer in enumerate(states.structure.layers):
        gained = minus[n + 1] - plus[n]
        if layer.spin_orbit == NO_FIELD:
            found.append(np.stack([np.zeros_like(gained), -gained], axis=-2))
            continue
        along, axis = _spin_along(states, n)
        d = np.array(layer.direction)
        field = layer.field(states.k_perp, states.angle, states.scale)
        size2 = ((layer.exchange * d + field) ** 2).sum(axis=-1)[..., None, None]
        v = (layer.exchange * d + field)[..., None, :]
        across = np.cross(gained, v) / np.where(size2 == 0, 1, size2)
        torque = layer.exchange * np.cross(along[..., None] * axis[..., None, :] + across, d)
        found.append(np.stack([gained + torque, torque], axis=-2))
    return np.stack(found, axis=-4)


def flows_of(engine: Engine, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Array:
    """Return all spin flows of a stack by source, (..., 3, 4I + 2L, 3), per unit incident flux.

    Four for each of the I interfaces, as `States.flows`, then two for each of the L layers, as `layer_flows`.
    """
    if all(layer.spin_orbit == NO_FIELD for layer in structure.layers):
        # Nothing is added in any layer: its torque is what does not go on.
        deltas = np.moveaxis(engine.flows(structure, k_perp, angle, scale), -4, 0)
        taken = deltas[:-1, ..., PLUS, :] - deltas[1:, ..., MINUS, :]
        layers = np.stack([np.zeros_like(taken), taken], axis=-2)
        return np.concatenate([*deltas, *layers], axis=-2)
    states = engine.solve(structure, k_perp, angle, scale)
    parts = [states.at(n).flows for n in range(len(structure.interfaces))]
    return np.concatenate([*parts, *np.moveaxis(layer_flows(states), -4, 0)], axis=-2)


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
    arriving, m = flows[..., 4 * number - 3, :], np.array(structure.right.direction)
    taken = (arriving - (arriving @ m)[..., None] * m) * structure.right.magnetic
    last = np.stack([np.zeros_like(taken), taken], axis=-2)
    return np.concatenate([layers, last[..., None, :, :]], axis=-3)


def total_torque(structure: Structure, flows: Array) -> Array:
    """Return t, on all magnetism of layers and interfaces, of flows (..., 4I + 2L, 3): (..., 3)."""
    of_interfaces = at_interfaces(structure, flows)[..., 3, :].sum(axis=-2)
    total: Array = of_interfaces + in_layers(structure, flows)[..., 1, :].sum(axis=-2)
    return total


def errors_of_t(structure: Structure, errors: Array) -> Array:
    """Return errors of t along x, y, z, (..., 3), from those of all flows (..., 4I + 2L, 3)."""
    deltas = at_interfaces(structure, errors)
    taken = errors[..., 4 * len(structure.interfaces) + 1 :: 2, :]
    total: Array = deltas[..., 3, :].sum(axis=-2) + deltas[..., -1, 1, :] + taken.sum(axis=-2)
    return total
