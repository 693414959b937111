"""Exact boundary matching at z = 0, for any h_R, in closed form and vectorised over k_⊥, angle and h_R.

ψ is continuous at z = 0 and ∂_zψ(+0) − ∂_zψ(−0) = κ̂ψ(0). Waves leave as e^{−ik_z z} into N and as e^{iK̂_z z}
into F, so that M ψ(0) = 2ik_z ψ_in from N and 2iK̂_z ψ_in from F, with M = iK̂_z + ik_z − κ̂. In the frame
whose third spin axis is m, K̂_z is diagonal, and κ̂ = u_0 + v·σ gives

    M = ⎛ A              −(v_1 − i v_2) ⎞    A = i(k_z + K_+) − u_0 − v_3
        ⎝ −(v_1 + i v_2)              B ⎠    B = i(k_z + K_−) − u_0 + v_3
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sotcheck.engines.conditioning import rounding_errors, worst_condition
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import PAULI, dagger, pauli_vector
from sotcheck.system.states import Errors, Scattering

#: Problems solved together: their temporaries stay in the processor's cache.
BLOCK = 4096


def outgoing(k_squared: Array) -> Complex:
    """Return the wave number of the outgoing or decaying wave e^{ik|z|}: Re k ≥ 0, Im k ≥ 0."""
    return np.sqrt(np.asarray(k_squared, dtype=complex))


def spinors_along(m: Array) -> Complex:
    """Return the eigenspinors of σ·m as columns: minority (σ·m = +1), majority; shape (2, 2)."""
    half = np.arctan2(np.hypot(m[0], m[1]), m[2]) / 2
    phase = np.exp(1j * np.arctan2(m[1], m[0]))
    return np.array(
        [[np.cos(half), -np.sin(half) * phase.conj()], [np.sin(half) * phase, np.cos(half)]], dtype=complex
    )


def axes_of(spinors: Complex) -> Array:
    """Return the rotation, shape (3, 3), whose columns are the spin axes of these spinors; the third is m."""
    rotated = spinors @ PAULI @ dagger(spinors)
    return np.einsum("iab,cba->ic", PAULI, rotated).real / 2


@dataclass(frozen=True)
class Matched:
    """The matching problem solved in the frame of m; arrays broadcast to the problems.

    Attributes
    ----------
    k, K_down, K_up : complex
        Wave numbers; up is the majority.
    c_down, c_up, d_down, d_up : complex
        The columns c and d of M⁻¹: ψ(0) is 2i√k of them from N, 2i√K_± from F.
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

    Parameters
    ----------
    p : Matched
    into : array (3, 3 or more, 3, ...)
        Axes: source (normal, majority, minority); Im[ψ†σ∂_zψ] at z = −0, at z = +0, ψ†σψ; spin component;
        the problems.
    """
    # Closed channels have a vanishing real part, and nothing comes in through them.
    k, K_down, K_up = p.k.real, p.K_down.real, p.K_up.real
    mixed = p.K_down + p.K_up.conj()

    def column(down: Complex, up: Complex) -> tuple[list[Array], list[Array]]:
        """Return ψ†σψ and Re ψ†σK̂ψ of a column."""
        across = down * up.conj()
        carried = mixed * across
        dd, uu = down.real**2 + down.imag**2, up.real**2 + up.imag**2
        return (
            [2 * across.real, -2 * across.imag, dd - uu],
            [carried.real, -carried.imag, K_down * dd - K_up * uu],
        )

    s_c, j_c = column(p.c_down, p.c_up)
    s_d, j_d = column(p.d_down, p.d_up)
    # What comes in interferes: −2ik ψ_in or −2iK̂ ψ_in against ψ, from N Im Tr[σM⁻¹].
    trace = (
        (p.c_up + p.d_down).imag,
        (p.d_down - p.c_up).real,
        (p.c_down - p.d_up).imag,
    )
    into_down = (p.c_up.imag, -p.c_up.real, p.c_down.imag)
    into_up = (p.d_down.imag, p.d_down.real, -p.d_up.imag)
    from_N, from_up, from_down = 4 * k, 4 * K_up, 4 * K_down
    for axis in range(3):
        s_N, s_up, s_down = from_N * (s_c[axis] + s_d[axis]), from_up * s_d[axis], from_down * s_c[axis]
        into[0, 0, axis] = -(from_N * trace[axis] + k * s_N)
        into[1, 0, axis] = -k * s_up
        into[2, 0, axis] = -k * s_down
        into[0, 1, axis] = from_N * (j_c[axis] + j_d[axis])
        into[1, 1, axis] = from_up * (j_d[axis] + into_up[axis])
        into[2, 1, axis] = from_down * (j_c[axis] + into_down[axis])
        into[0, 2, axis], into[1, 2, axis], into[2, 2, axis] = s_N, s_up, s_down


def match(kz: Complex, Kz: Complex, kappa: Complex, m: Array) -> Scattering:
    """Solve the matching problem of given wave numbers and interface potential.

    Parameters
    ----------
    kz : array (...)
        Wave number in N.
    Kz : array (..., 2)
        Wave numbers in F of the minority and majority band.
    kappa : array (..., 2, 2)
        The whole interface potential κ̂, Rashba term included; Hermitian, or at a complex h_R.
    m : array (3,)

    Returns
    -------
    Scattering
    """
    spinors = spinors_along(m)
    axes = axes_of(spinors)
    v = list(np.moveaxis(pauli_vector(kappa) @ axes / 2, -1, 0))
    u_0 = np.trace(kappa, axis1=-2, axis2=-1) / 2
    K_down, K_up = np.moveaxis(Kz, -1, 0)
    p = solve(kz, K_down, K_up, u_0, v)
    inverse = np.stack([p.c_down, p.d_down, p.c_up, p.d_up], axis=-1).reshape(*p.c_down.shape, 2, 2)
    from_N = 2j * np.sqrt(kz.real)[..., None, None]
    from_F = 2j * np.sqrt(Kz.real)[..., None, :]
    found = np.empty((3, 3, 3, *p.c_down.shape))
    currents(p, found)
    minus, plus, _ = np.moveaxis(found, (1, 0, 2), (0, -2, -1)) @ axes.T
    return Scattering(
        kz=kz,
        Kz=Kz,
        m=m,
        psi_N=from_N * (spinors @ inverse @ dagger(spinors)),
        psi_F=spinors @ (from_F * inverse) @ dagger(spinors),
        spin_minus=minus,
        spin_plus=plus,
    )


def flows(iface: Interface, axes: Array, k_perp: Array, angle: Array, h_R: Array) -> Array:
    """Return the four flows of Fig. 2 in the frame of m (`axes`), shape (3, 4, 3, ...).

    What a potential v·σ δ(z) adds is v × ψ†σψ: that of the Rashba term, and minus that of u_m m.
    """
    k = outgoing(iface.kz_squared(k_perp**2))
    K_down, K_up = np.moveaxis(outgoing(iface.Kz_squared(k_perp**2)), -1, 0)
    strength = h_R * k_perp
    # k×ẑ = k_⊥ (sin, −cos, 0), projected on the axes.
    sine, cosine = np.sin(angle), np.cos(angle)
    b = [strength * (axes[0, n] * sine - axes[1, n] * cosine) for n in range(3)]
    p = solve(k, K_down, K_up, iface.u_0, [b[0], b[1], b[2] + iface.u_m])
    found = np.empty((3, 4, 3, *np.broadcast_shapes(k.shape, p.c_down.shape)))
    currents(p, found)
    for source in found:
        s = source[2].copy()
        for n in range(3):
            after, before = (n + 1) % 3, (n + 2) % 3
            source[2, n] = b[after] * s[before] - b[before] * s[after]
        source[3, 0], source[3, 1], source[3, 2] = iface.u_m * s[1], -iface.u_m * s[0], 0.0
    return found


def _blocks(shape: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """Split a grid along its first axes into blocks of at most BLOCK problems.

    Their results lie together in memory: in small pieces they would take half as long again to write.
    """
    waiting = [tuple(slice(0, n) for n in shape)]
    while waiting:
        block = waiting.pop()
        lengths = [s.stop - s.start for s in block]
        if np.prod(lengths) <= BLOCK:
            yield block
            continue
        first = next(axis for axis, length in enumerate(lengths) if length > 1)
        s = block[first]
        middle = (s.start + s.stop) // 2
        for half in (slice(middle, s.stop), slice(s.start, middle)):
            waiting.append((*block[:first], half, *block[first + 1 :]))


def _part(values: Any, block: tuple[slice, ...]) -> Any:
    """Return the part of a broadcastable array that belongs to a block, still to be broadcast."""
    return values[tuple(s if n > 1 else slice(None) for s, n in zip(block, values.shape, strict=True))]


class Continuum:
    """The `continuum` engine."""

    name = "continuum"
    accuracy = 1e-12
    scheme = None

    def flows(self, iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> Array:
        """Return the four spin flows of Fig. 2 by source, per unit incident flux.

        Parameters
        ----------
        iface : Interface
            Its own h_R is not used.
        k_perp, angle, h_R : arrays that broadcast
            In-plane wave number, angle of k from the x axis, Rashba parameter.

        Returns
        -------
        array (..., 3, 4, 3)
            Axes: the broadcast shape, source, flow (as `observables.FLOWS`), spin component.
        """
        grid = np.atleast_1d(k_perp, angle, h_R)
        shape = np.broadcast_shapes(*(values.shape for values in grid))
        padded = [values.reshape((1,) * (len(shape) - values.ndim) + values.shape) for values in grid]
        axes = axes_of(spinors_along(iface.direction))
        result = np.empty((3, 4, 3, *shape))
        for block in _blocks(shape):
            found = flows(iface, axes, *(_part(values, block) for values in padded))
            here: Any = (..., *block)
            result[here] = (axes @ found.reshape(12, 3, -1)).reshape(found.shape)
        return np.moveaxis(result, (0, 1, 2), (-3, -2, -1))

    def scatter(self, iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> Scattering:
        """Solve at every broadcast combination of k_⊥, in-plane angle and h_R.

        Returns
        -------
        Scattering
            With the broadcast shape in front.
        """
        k_perp, angle, h_R = np.broadcast_arrays(*np.atleast_1d(k_perp, angle, h_R))
        kappa = iface.kappa_0() + h_R[..., None, None] * rashba(k_perp, angle)
        kz = outgoing(iface.kz_squared(k_perp**2))
        Kz = outgoing(iface.Kz_squared(k_perp**2))
        return match(kz, Kz, kappa, iface.direction)

    def rounding(self, iface: Interface) -> float:
        """Return the relative rounding error: a few dozen operations, amplified by the matching matrix."""
        return 16 * float(np.finfo(float).eps) * worst_condition(iface)

    def errors(self, iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> Errors:
        """Return bounds on the rounding errors, problem by problem."""
        return rounding_errors(iface, k_perp, angle, h_R)
