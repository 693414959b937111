"""Exact boundary matching, for any scale of the spin-orbit terms, vectorised over k_⊥, angle and scale.

Any stack is solved as `stack` says; one interface on a normal metal has a closed form.

ψ is continuous at z = 0 and ∂_zψ(+0) − ∂_zψ(−0) = κ̂ψ(0). Waves leave as e^{−ik_z z} into N and as e^{iK̂_z
z} into F, so that M ψ(0) = 2ik_z ψ_in from N and 2iK̂_z ψ_in from F, with M = iK̂_z + ik_z − κ̂; with
effective masses, k_z and K̂_z stand for velocities, wave numbers over masses. In the frame whose third spin
axis is m, K̂_z is diagonal, and κ̂ = u_0 + v·σ gives

    M = ⎛ A              −(v_1 − i v_2) ⎞    A = i(k_z + K_+) − u_0 − v_3
        ⎝ −(v_1 + i v_2)              B ⎠    B = i(k_z + K_−) − u_0 + v_3
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from sotcheck.engines.base import Engine
from sotcheck.engines.blocks import compiled, in_blocks
from sotcheck.engines.recursion import outside, solve_stack
from sotcheck.engines.spin_flows import spinors_along
from sotcheck.engines.stack_flows import stack_flows
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.run.memory import keep_memory
from sotcheck.system.many import Many
from sotcheck.system.spin import IDENTITY, PAULI, dagger, pauli_vector
from sotcheck.system.states import States
from sotcheck.system.structure import Scale, Structure, Vector

#: Problems solved together: their temporaries stay in the processor's cache.
BLOCK = 4096


def axes_of(spinors: Complex) -> Array:
    """Return the rotation, shape (3, 3), whose columns are the spin axes of these spinors; the third is m."""
    rotated = spinors @ PAULI @ dagger(spinors)
    return np.einsum("iab,cba->ic", PAULI, rotated).real / 2


@lru_cache(maxsize=64)
def frame_of(m: Vector) -> Array:
    """Return the axes of the frame whose third one is m, found once."""
    axes = axes_of(spinors_along(np.array(m)))
    axes.flags.writeable = False
    return axes


@dataclass(frozen=True)
class Matched:
    """The matching problem solved in the frame of m; arrays broadcast to the problems; up is the majority.

    c and d are the columns of M⁻¹: ψ(0) is 2i√k of them from N, 2i√K_± from F.
    """

    k: Complex
    K_down: Complex
    K_up: Complex
    c_down: Complex
    c_up: Complex
    d_down: Complex
    d_up: Complex


def solve(
    k: Complex, K_down: Complex, K_up: Complex, u_0: Any, v: Sequence[Array] | Sequence[Complex]
) -> Matched:
    """Invert M for κ̂ = u_0 + v·σ, with the three components of v in the frame of m."""
    A = 1j * (k + K_down) - (u_0 + v[2])
    B = 1j * (k + K_up) - (u_0 - v[2])
    v_1, iv_2 = v[0], 1j * v[1]
    inverse = 1 / (A * B - (v[0] ** 2 + v[1] ** 2))
    return Matched(k, K_down, K_up, B * inverse, (v_1 + iv_2) * inverse, (v_1 - iv_2) * inverse, A * inverse)


def currents(p: Matched, into: Array) -> None:
    """Write spin currents and spin densities at the interface by source, in the frame of m.

    `into` has axes source (normal, majority, minority); Im[ψ†σ∂_zψ] at z = −0, at z = +0, ψ†σψ; spin
    component; the problems.
    """
    # Closed channels have a vanishing real part, and nothing comes in through them.
    k, K_down, K_up = p.k.real, p.K_down.real, p.K_up.real
    mixed = p.K_down + p.K_up.conj()

    def three(x: Array, y: Array, z: Array) -> Array:
        found = np.empty((3, *into.shape[3:]))
        found[0], found[1], found[2] = x, y, z
        return found

    def column(down: Complex, up: Complex) -> tuple[Array, Array]:
        """Return ψ†σψ and Re ψ†σK̂ψ of a column."""
        across = down * up.conj()
        carried = mixed * across
        dd, uu = down.real**2 + down.imag**2, up.real**2 + up.imag**2
        across *= 2
        s = three(across.real, -across.imag, dd - uu)
        return s, three(carried.real, -carried.imag, K_down * dd - K_up * uu)

    s_c, j_c = column(p.c_down, p.c_up)
    s_d, j_d = column(p.d_down, p.d_up)
    from_N, from_up, from_down = 4 * k, 4 * K_up, 4 * K_down
    np.multiply(from_N, s_c + s_d, out=into[0, 2])
    np.multiply(from_up, s_d, out=into[1, 2])
    np.multiply(from_down, s_c, out=into[2, 2])
    np.multiply(-k, into[:, 2], out=into[:, 0])
    np.multiply(from_N, j_c + j_d, out=into[0, 1])
    # What comes in interferes: −2ik ψ_in or −2iK̂ ψ_in against ψ, from N Im Tr[σM⁻¹].
    trace = three((p.c_up + p.d_down).imag, (p.d_down - p.c_up).real, (p.c_down - p.d_up).imag)
    into[0, 0] -= from_N * trace
    j_d += three(p.d_down.imag, p.d_down.real, -p.d_up.imag)
    np.multiply(from_up, j_d, out=into[1, 1])
    j_c += three(p.c_up.imag, -p.c_up.real, p.c_down.imag)
    np.multiply(from_down, j_c, out=into[2, 1])


def match(kz: Complex, Kz: Complex, kappa: Complex, m: Array) -> tuple[Complex, Complex]:
    """Solve the matching problem of one interface on a normal metal, in closed form.

    Velocities in N (...) and in F (..., 2), of minority and majority; the whole κ̂ (..., 2, 2),
    Hermitian or at a complex scale. Returns ψ (2, ..., 2, 2) and its slopes (2, 2, ..., 2, 2) as in `States`.
    """
    spinors = spinors_along(m)
    axes = axes_of(spinors)
    v = list(np.moveaxis(pauli_vector(kappa) @ axes / 2, -1, 0))
    u_0 = np.trace(kappa, axis1=-2, axis2=-1) / 2
    p = solve(kz, Kz[..., 0], Kz[..., 1], u_0, v)
    inverse = np.stack([p.c_down, p.d_down, p.c_up, p.d_up], axis=-1).reshape(*p.c_down.shape, 2, 2)
    # ψ of an incident wave is 1/√k, and 2ik its part of the slope besides that of the wave that leaves.
    from_N, from_F = 2j * np.sqrt(kz.real)[..., None, None], 2j * np.sqrt(Kz.real)[..., None, :]
    both = np.empty((2, 2, *inverse.shape), dtype=complex)
    np.multiply(from_N, inverse, out=both[0, 0])
    np.multiply(from_F, inverse, out=both[0, 1])
    np.multiply(1j * Kz[..., None], both[0], out=both[1])
    both[1, 1] -= from_F * IDENTITY
    turn = np.kron(spinors, spinors.conj()).T
    psi, plus = (both.reshape(*both.shape[:-2], 4) @ turn).reshape(both.shape)
    minus = -1j * kz[..., None, None] * psi
    minus[0] += from_N * IDENTITY
    return psi, np.stack([minus, plus])


def flows(structure: Structure, axes: Array, k_perp: Array, angle: Array, scale: Array) -> Array:
    """Return the four flows of one interface in the frame of m (`axes`), shape (3, 4, 3, ...)."""
    (delta,) = structure.interfaces
    left, right = structure.left, structure.right
    x, J = k_perp**2, right.mass * right.exchange
    kinetic = right.mass * (structure.energy - right.potential) - x
    velocities = [
        np.sqrt(q2.astype(complex)) / mass
        for q2, mass in (
            (left.mass * (structure.energy - left.potential) - x, left.mass),
            (kinetic - J, right.mass),
            (kinetic + J, right.mass),
        )
    ]
    strength = scale * k_perp
    # A k, projected on the axes.
    sine, cosine = np.sin(angle), np.cos(angle)
    b = [strength * (x * cosine + y * sine) for x, y in axes.T @ np.array(delta.spin_orbit)]
    return _flows(velocities, delta.barrier, delta.exchange, b)


def frames_of(many: Many) -> Array:
    """Return their frames, (n, 3, 3)."""
    return np.stack([frame_of(m) for m in map(tuple, many.m.tolist())])


def flows_side_by_side(many: Many, axes: Array, k_perp: Array, angle: Array) -> Array:
    """Return the same of bare interfaces, each with one h_R and at a k_⊥, shape (n,), and angles (a, n)."""
    keep_memory()
    velocities = [np.sqrt(edge - k_perp**2 + 0j) for edge in many.edges.T[[0, 2, 1]]]
    strength = many.h_R[:, 0] * k_perp
    sine, cosine = np.sin(angle), np.cos(angle)
    fields = (axes.swapaxes(1, 2) @ np.array(many.spin_orbit)).transpose(1, 2, 0)
    b = [strength * (x * cosine + y * sine) for x, y in fields]
    return _flows(velocities, many.u_0, many.u_m, b)


def _flows(velocities: Sequence[Complex], u_0: Any, u_m: Any, b: Sequence[Array]) -> Array:
    """Return them from velocities of N, minority and majority, and the spin-orbit field b.

    What a potential v·σ δ(z) adds is v × ψ†σψ: that of the spin-orbit field, and minus that of u_m m.
    """
    k, K_down, K_up = velocities
    p = solve(k, K_down, K_up, u_0, [b[0], b[1], b[2] + u_m])
    found = np.empty((3, 4, 3, *np.broadcast_shapes(p.k.shape, p.c_down.shape)))
    currents(p, found)
    s = found[:, 2].copy()
    for n in range(3):
        after, before = (n + 1) % 3, (n + 2) % 3
        np.multiply(b[after], s[:, before], out=found[:, 2, n])
        found[:, 2, n] -= b[before] * s[:, after]
    found[:, 3, 2] = 0.0
    if np.any(u_m):
        np.multiply(u_m, s[:, 1], out=found[:, 3, 0])
        np.multiply(-u_m, s[:, 0], out=found[:, 3, 1])
    else:
        found[:, 3, :2] = 0.0
    return found


class Matching(Engine):
    """The `continuum` engine."""

    name = "continuum"
    accuracy = 1e-12

    def flows(self, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Array:
        """Return the flows of every interface; those of a single one, along m, in closed form."""
        delta, m = structure.interfaces[0], structure.right.direction
        if not has_closed_form(structure) or (delta.exchange and delta.direction != m):
            number = len(structure.interfaces)
            found = stack_flows(structure, k_perp, angle, scale)[: 4 * number]
            interfaces = found.reshape(number, 4, 3, 3, *found.shape[3:])
            return np.moveaxis(interfaces, (0, 2, 1, 3), (-4, -3, -2, -1))
        axes = frame_of(m)
        if kernels := compiled(k_perp, angle, scale):
            found = kernels.flows(structure, axes, *np.atleast_1d(k_perp, angle, scale))[None]
            return np.moveaxis(found, (0, 2, 1, 3), (-4, -3, -2, -1))

        def closed(into: Array, _: slice, *grid: Array) -> None:
            found = flows(structure, axes, *grid)
            np.matmul(axes, found.reshape(12, 3, -1), out=into.reshape(12, 3, -1, copy=False))

        along_xyz = in_blocks(closed, (3, 4, 3), (k_perp, angle, scale), BLOCK)[None]
        return along_xyz.transpose(*range(4, along_xyz.ndim), 0, 1, 2, 3)

    def all_flows(self, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Array:
        """Return the flows of every interface and every layer, (..., 3, 4I + 2L, 3)."""
        if not structure.layers:
            return super().all_flows(structure, k_perp, angle, scale)
        found = stack_flows(structure, k_perp, angle, scale)
        return np.moveaxis(found, (1, 0, 2), (-3, -2, -1))

    def solve(self, structure: Structure, k_perp: Array, angle: Array, scale: Scale) -> States:
        """Solve at every broadcast combination of k_⊥, in-plane angle and scale."""
        k_perp, angle, scale = np.broadcast_arrays(*np.atleast_1d(k_perp, angle, scale))
        left, right = (np.moveaxis(one, 0, -1) for one in outside(structure, k_perp))
        if has_closed_form(structure):
            kappa = structure.interfaces[0].kappa(k_perp, angle, scale)
            v, V = left[..., 0] / structure.left.mass, right / structure.right.mass
            psi, slope = match(v, V, kappa, np.array(structure.right.direction))
            psi, slope = psi[:, None], slope[:, :, None]
        else:
            psi, slope = solve_stack(structure, k_perp, angle, scale, (left, right))
        return States(structure, k_perp, angle, scale, left, right, psi, slope)


def has_closed_form(structure: Structure) -> bool:
    """Whether a structure is one interface on a normal metal: 2×2 in the frame of the other's m."""
    return not structure.layers and not structure.left.exchange
