"""Spin flows of any stack from its waves: at every interface, and what each layer adds and takes.

Waves are ψ, and ∂_zψ/M before and after all interfaces, (2, 4, interfaces, ...) each: columns of both spins
from the left, then of the majority and of the minority from the right. Flows are (3, 4I + 2L, 3, ...): source
(normal, majority, minority), flow, spin component; four for each of the I interfaces, as `States.flows`, then
two for each of the L layers: what its spin-orbit field adds to the spin current, and the torque on its
magnetism.
With S = Σ_in ∫ψ†σψ dz these are w × S and J S × d, so that the current at the far end is that at the near
end, and the first, less the second. What S has across the layer's whole field v = |v| n is told by what it
adds to the current, g = v × S; what it has along n, by the virial theorem: in either band

    ∫|f|² dz = [(|f'|² + q²|f|²) d − Re f*f'|₀ᵈ] / 2q²,    f'' = −q²f,

the first bracket the same everywhere, or where q is small by ∫cos², ∫cos sin/q and ∫sin²/q². The torque is

    J S × d = J (n (g·d) − g (n·d)) / |v| + J (S·n) n × d.

Nothing is computed where it vanishes, nor twice: an interface that is the same for all spins lets the spin
current through, a layer without spin-orbit field takes what does not go on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from sotcheck.engines.layer import Bands, Grid, bands_of, column, each, field_of, in_plane
from sotcheck.engines.recursion import Waves, is_scalar
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.states import States
from sotcheck.system.structure import NO_FIELD, Delta, Region, Structure

#: Where |q|² times the thickness squared is at most this, the integrals of cos² and so on are used.
THIN = 0.25
#: Taylor's coefficients of (1 − sin 2x/2x)/2x² and of sin²x/x² in x², the highest power first.
SINE_SQUARED, HALF_TURN = (
    [(-1) ** n * 2 * 4**n / math.factorial(2 * n + after) for n in range(8, -1, -1)] for after in (3, 2)
)

#: a†b of two waves by source: up-up and down-down, and up-down and down-up, each (2, 3, ...).
Products = tuple[Complex, Complex]


def _by_source(products: Any, left: bool) -> Any:
    """Return values of the four columns (..., 4) by source (..., 3): both from the left, if any, are one."""
    if not left:
        return products
    products[:, 1] += products[:, 0]
    return products[:, 1:]


def _products(bra: Complex, b: Complex, left: bool = True) -> Products:
    return _by_source(bra * b, left), _by_source(bra * b[::-1], left)


def _real(of: Products, out: Array) -> None:
    """Write Re a†b and Re a†σb, (4, 3, ...)."""
    (uu, dd), (ud, du) = of
    np.add(uu.real, dd.real, out=out[0])
    np.add(ud.real, du.real, out=out[1])
    np.subtract(ud.imag, du.imag, out=out[2])
    np.subtract(uu.real, dd.real, out=out[3])


def _imaginary(of: Products, into: Array) -> None:
    """Write Im a†σb, (3, 3, ...)."""
    (uu, dd), (ud, du) = of
    np.add(ud.imag, du.imag, out=into[:, 0])
    np.subtract(du.real, ud.real, out=into[:, 1])
    np.subtract(uu.imag, dd.imag, out=into[:, 2])


def _density(a: Complex, out: Array, left: bool = True) -> Array:
    """Write a†a and a†σa, (4, 3, ...)."""
    square = a.real * a.real
    square += a.imag * a.imag
    (uu, dd), ud = _by_source(square, left), _by_source((a[0].conj() * a[1])[None], left)[0]
    np.add(uu, dd, out=out[0])
    np.multiply(2, ud.real, out=out[1])
    np.multiply(2, ud.imag, out=out[2])
    np.subtract(uu, dd, out=out[3])
    return out


def _cross(v: Any, s: Any, into: Array) -> None:
    """Write v × s (3, 3, ...) of a field (3, ...) and a spin's components, each (3, ...) by source."""
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        np.multiply(v[j], s[k], out=into[:, i])
        into[:, i] -= v[k] * s[j]


def flows_of_waves(structure: Structure, grid: Grid, waves: Complex) -> Array:
    """Return all flows, (3, 4I + 2L, 3, ...), of waves (3, 2, 4, interfaces, ...)."""
    split, shape = 4 * len(structure.interfaces), np.broadcast_shapes(*(one.shape for one in grid))
    out = np.zeros((split + 2 * len(structure.layers), 3, 3, *shape))
    bands = bands_of(structure.layers, structure.energy, grid) if structure.layers else None
    psi, before, after = waves
    write_flows(
        structure, grid, bands, Waves(psi, after, lambda n: before[:, :, n]), out[:split], out[split:]
    )
    return out.swapaxes(0, 1)


def _both(layer: Region) -> bool:
    """Whether a layer has exchange and a spin-orbit field: what either does, currents do not tell."""
    return bool(layer.exchange) and layer.spin_orbit != NO_FIELD


def write_flows(
    structure: Structure, grid: Grid, bands: Bands | None, waves: Waves, at: Array, inside: Array
) -> None:
    """Write all flows that do not vanish, of waves at all interfaces and the bands of all layers.

    By flow, then by source: `at` interfaces, (4I, 3, 3, ...), and `inside` layers, (2L, 3, 3, ...): as many
    sources as waves come from, of the left half-space or not.
    """
    layers, deltas, (psi, after, before, left) = structure.layers, structure.interfaces, waves
    # By source, then by interface.
    minus, plus = (np.moveaxis(at[which::4], 0, 2) for which in (0, 1))
    both = [n for n, layer in enumerate(layers) if _both(layer)]
    bra, ends = psi.conj(), np.empty((4, len(both), 4, *at.shape[1:2], *at.shape[3:]))
    leaving = _products(bra, after, left)
    _imaginary(leaving, plus)
    for n, delta in enumerate(deltas):
        same = n > 0 and is_scalar(delta)
        arriving = leaving[0][:, :, n], leaving[1][:, :, n]
        if same:
            minus[:, :, n] = plus[:, :, n]
        else:
            arriving = _products(bra[:, :, n], before(n), left)
            _imaginary(arriving, minus[:, :, n])
        mine, last = n in both, n - 1 in both
        if mine or not is_scalar(delta) or (last and delta.barrier):
            density = ends[0, both.index(n)] if mine else np.empty(ends.shape[2:])
            _density(psi[:, :, n], density, left)
        if delta.spin_orbit != NO_FIELD:
            _cross(field_of(delta, in_plane(grid)), density[1:], at[4 * n + 2])
        if delta.exchange:
            _cross(-delta.exchange * column(delta.direction, grid), density[1:], at[4 * n + 3])
        if last:
            far = ends[3, both.index(n - 1)]
            _real(arriving, far)
            if same and delta.barrier:
                far -= delta.barrier * density
        if mine:
            _real((leaving[0][:, :, n], leaving[1][:, :, n]), ends[1, both.index(n)])
            _density(after[:, :, n], ends[2, both.index(n)], left)
    for n, layer in enumerate(layers):
        added, torque = inside[2 * n : 2 * n + 2]
        if layer.spin_orbit == NO_FIELD:
            np.subtract(at[4 * n + 1], at[4 * n + 4], out=torque)
        else:
            np.subtract(at[4 * n + 4], at[4 * n + 1], out=added)
    if both and bands:
        ends = np.moveaxis(ends, 1, 3)
        _write_torques([layers[n] for n in both], bands.of(both), ends, inside, both, grid)


def _write_torques(
    layers: Sequence[Region], bands: Bands, ends: Array, inside: Array, both: list[int], grid: Grid
) -> None:
    """Write the torques on layers of products at their ends, and of the spin current gained."""
    n, exchange = bands.axis, each(layers, "exchange", grid)
    per_size = exchange / np.where(bands.size == 0, 1, bands.size)
    for at, (layer, which) in enumerate(zip(layers, both, strict=True)):
        d, (gained, torque), axis = layer.direction, inside[2 * which : 2 * which + 2], n[:, at]
        # One layer after the other: what is at the ends of all does not stay in the cache.
        own = slice(at, at + 1)
        S = layer.exchange * _integral([layer], bands.of(own), ends[:, :, :, own], grid)[:, 0]
        g_d = (d[0] * gained[:, 0] + d[1] * gained[:, 1] + d[2] * gained[:, 2]) * per_size[at]
        n_d = (d[0] * axis[0] + d[1] * axis[1] + d[2] * axis[2]) * per_size[at]
        np.multiply(axis, g_d[:, None], out=torque)
        torque -= n_d * gained
        for i in range(3):
            j, k = (i + 1) % 3, (i + 2) % 3
            torque[:, i] += (axis[j] * d[k] - axis[k] * d[j]) * S
        gained += torque


def _integral(layers: Sequence[Region], bands: Bands, ends: Array, grid: Grid, along: bool = True) -> Array:
    """Return ∫ψ†(σ·n)ψ dz by source (3, layers, ...), n the axis, or ∫ψ†ψ dz, of what is at layers' ends.

    That is Re ψ†ψ, ψ†∂_zψ/M and |∂_zψ/M|² at the near end, ψ†∂_zψ/M at the far one, (4, ...), each without σ
    and with it, (4, 3, layers, ...).
    """
    n, (up, down) = bands.axis, _weights(layers, bands.q2, grid).swapaxes(0, 1)[:, :, None] / 2
    spin = n[0] * ends[:, 1]
    spin += n[1] * ends[:, 2]
    spin += n[2] * ends[:, 3]
    same, other = (spin, ends[:, 0]) if along else (ends[:, 0], spin)
    found: Array = ((up + down) * same + (up - down) * other).sum(axis=0)
    return found


def _weights(layers: Sequence[Region], q2: Array, grid: Grid) -> Array:
    """Return weights (4, 2, layers, ...) in ∫|f|² dz of what is at the ends, ordered as in `_integral`."""
    d, mass = each(layers, "thickness", grid), each(layers, "mass", grid)
    x2, out = q2 * d**2, np.zeros((4, *q2.shape))
    thin = np.abs(x2) <= THIN
    if not thin.all():
        out[0] = d / 2
        np.divide(mass / 2, q2, out=out[1], where=~thin)
        np.multiply(mass * d, out[1], out=out[2])
        np.negative(out[1], out=out[3])
    if thin.any():
        # ∫cos² = d − q²∫sin²/q², and ∫cos sin/q = sin²(qd)/2q².
        x2, d, mass = (np.broadcast_to(one, q2.shape)[thin] for one in (x2, d, mass))
        sine = _series(SINE_SQUARED, x2)
        slow = d - d * x2 * sine, mass * d**2 * _series(HALF_TURN, x2), mass**2 * d**3 * sine, 0.0
        for one, other in zip(out, slow, strict=True):
            one[thin] = other
    return out


def _series(coefficients: list[float], x: Array) -> Array:
    """Return a polynomial, the highest power first."""
    found = np.full_like(x, coefficients[0])
    for one in coefficients[1:]:
        found *= x
        found += one
    return found


def slopes_in_x(structure: Structure, grid: Grid, waves: Complex) -> Array:
    """Return ⟨∂H/∂x⟩ of x = k_⊥² by source (3, ...), from one end of a stack to the other.

    That of x/M + w·σ in layers and of w·σ at interfaces, w being linear in k_⊥.
    """
    psi, before, after = waves
    flows, layers, k = flows_of_waves(structure, grid, waves), structure.layers, in_plane(grid)

    def coupled(part: Delta | Region, spin: Array) -> Any:
        return sum(w * s for w, s in zip(field_of(part, k), spin, strict=True)) / (2 * grid[0] ** 2)

    ends = np.empty((4, 4, 3, *psi.shape[2:]))
    _density(psi, ends[0])
    _real(_products(psi.conj(), after), ends[1])
    _density(after, ends[2])
    _real(_products(psi.conj(), before), ends[3])
    found = sum(coupled(one, ends[0, 1:, :, n]) for n, one in enumerate(structure.interfaces))
    if not layers:
        return np.asarray(found)
    bands = bands_of(layers, structure.energy, grid)
    # What is at the near ends of layers, and at their far ones.
    ends = np.concatenate([ends[:3, :, :, :-1], ends[3:, :, :, 1:]])
    spins = _integral(layers, bands, ends, grid) * bands.axis[:, None]
    whole = _integral(layers, bands, ends, grid, along=False)
    for n, layer in enumerate(layers):
        gained, spin = flows[:, 4 * n + 4] - flows[:, 4 * n + 1], np.empty_like(flows[:, 0])
        axis, size = bands.axis[:, n], bands.size[n]
        _cross(-axis / np.where(size == 0, 1, size), gained.swapaxes(0, 1), spin)
        found = found + whole[:, n] / layer.mass + coupled(layer, spin.swapaxes(0, 1) + spins[:, :, n])
    return np.asarray(found)


def waves_of(psi: Complex, slope: Complex, turn: Complex) -> Complex:
    """Return waves from ψ and its slopes as `States` has them; `turn` are the spinors from the right."""
    both = np.concatenate([psi[None], slope])
    columns = np.concatenate([both[:, 0], both[:, 1] @ turn], axis=-1)
    return np.moveaxis(columns, (-2, -1), (1, 2))


def spinors_along(m: Array) -> Complex:
    """Return the eigenspinors of σ·m as columns: minority (σ·m = +1), majority; shape (2, 2)."""
    half = np.arctan2(np.hypot(m[0], m[1]), m[2]) / 2
    phase = np.exp(1j * np.arctan2(m[1], m[0]))
    return np.array(
        [[np.cos(half), -np.sin(half) * phase.conj()], [np.sin(half) * phase, np.cos(half)]], dtype=complex
    )


def layer_flows(states: States) -> Array:
    """Return what every layer adds, and the torque on it, (..., layers, 3, 2, 3), of any engine's states."""
    structure, grid = states.structure, (states.k_perp, states.angle, np.asarray(states.scale))
    waves = waves_of(states.psi, states.slope, spinors_along(states.m)[:, ::-1])
    found = flows_of_waves(structure, grid, waves)[:, 4 * len(structure.interfaces) :]
    layers = found.reshape(3, len(structure.layers), 2, 3, *found.shape[3:])
    return np.moveaxis(layers, (1, 0, 2, 3), (-4, -3, -2, -1))
