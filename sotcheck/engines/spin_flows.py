"""Spin flows of any stack from its waves: at every interface, and what each layer adds and takes.

Waves are ψ, and ∂_zψ/M before and after an interface, (2, 4, ...) each: columns of both spins from the left,
then of the majority and of the minority from the right. Flows are (3, 4I + 2L, 3, ...): source (normal,
majority, minority), flow, spin component; four for each of the I interfaces, as `States.flows`, then two for
each of the L layers: what its spin-orbit field adds to the spin current, and the torque on its magnetism.
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
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from sotcheck.engines.layer import Bands, Grid, bands_of, column, field_of
from sotcheck.engines.recursion import Waves, is_scalar
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.states import States
from sotcheck.system.structure import NO_FIELD, Delta, Region, Structure

#: Where |q|² times the thickness squared is at most this, the integrals of cos² and so on are used.
THIN = 1.0
#: Taylor's coefficients of (1 − sin 2x/2x)/2x² and of sin²x/x² in x², the highest power first.
SINE_SQUARED, HALF_TURN = (
    [(-1) ** n * 2 * 4**n / math.factorial(2 * n + after) for n in range(10, -1, -1)] for after in (3, 2)
)

#: a†b of two waves by source: up-up and down-down, and up-down and down-up, each (2, 3, ...).
Products = tuple[Complex, Complex]


def _by_source(products: Any) -> Any:
    """Return values of the four columns (..., 4) by source (..., 3): both from the left are one."""
    products[:, 1] += products[:, 0]
    return products[:, 1:]


def _products(bra: Complex, b: Complex) -> Products:
    return _by_source(bra * b), _by_source(bra * b[::-1])


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


def _density(a: Complex, out: Array) -> Array:
    """Write a†a and a†σa, (4, 3, ...)."""
    square = a.real * a.real
    square += a.imag * a.imag
    (uu, dd), ud = _by_source(square), _by_source((a[0].conj() * a[1])[None])[0]
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
    bands = [bands_of(layer, structure.energy, grid) for layer in structure.layers]
    write_flows(structure, grid, bands, np.moveaxis(waves, 3, 0), out[:split], out[split:])
    return out.swapaxes(0, 1)


def _both(layer: Region) -> bool:
    """Whether a layer has exchange and a spin-orbit field: what either does, currents do not tell."""
    return bool(layer.exchange) and layer.spin_orbit != NO_FIELD


def write_flows(
    structure: Structure, grid: Grid, bands: Sequence[Bands], waves: Iterable[Waves], at: Array, inside: Array
) -> Complex:
    """Write all flows that do not vanish, of waves from interface to interface; return ψ at the last one.

    By flow, then by source: `at` interfaces, (4I, 3, 3, ...), and `inside` layers, (2L, 3, 3, ...).
    """
    layers, ends, shape = structure.layers, np.empty(0), at.shape[3:]
    for n, (delta, (psi, before, after)) in enumerate(zip(structure.interfaces, waves, strict=True)):
        minus, plus, lattice, taken = at[4 * n : 4 * n + 4]
        same, bra = n > 0 and is_scalar(delta), psi.conj()
        beyond = _products(bra, after)
        _imaginary(beyond, plus)
        if same:
            minus[:] = plus
        else:
            arriving = _products(bra, before)
            _imaginary(arriving, minus)
        last_ends, within = ends, n < len(layers) and _both(layers[n])
        if within or not is_scalar(delta) or (n and delta.barrier and _both(layers[n - 1])):
            ends = np.empty((4 if within else 1, 4, 3, *shape))
            _density(psi, ends[0])
        if delta.spin_orbit != NO_FIELD:
            _cross(field_of(delta, grid), ends[0, 1:], lattice)
        if delta.exchange:
            _cross(-delta.exchange * column(delta.direction, grid), ends[0, 1:], taken)
        if n:
            layer, last = layers[n - 1], at[4 * n - 3]
            added, torque = inside[2 * n - 2 : 2 * n]
            if layer.spin_orbit == NO_FIELD:
                np.subtract(last, minus, out=torque)
            else:
                np.subtract(minus, last, out=added)
            if _both(layer):
                _real(beyond if same else arriving, last_ends[3])
                if same and delta.barrier:
                    last_ends[3] -= delta.barrier * ends[0]
                _write_torque(layer, bands[n - 1], last_ends, added, torque)
                added += torque
        if within:
            _real(beyond, ends[1])
            _density(after, ends[2])
    return psi


def _write_torque(layer: Region, bands: Bands, ends: Array, gained: Array, torque: Array) -> None:
    """Write the torque on a layer of products at its ends, and of the spin current gained."""
    d, n = layer.direction, bands.axis
    per_size = layer.exchange / np.where(bands.size == 0, 1, bands.size)
    S = layer.exchange * _integral(layer, bands, ends)
    g_d = (d[0] * gained[:, 0] + d[1] * gained[:, 1] + d[2] * gained[:, 2]) * per_size
    n_d = (d[0] * n[0] + d[1] * n[1] + d[2] * n[2]) * per_size
    np.multiply(n, g_d[:, None], out=torque)
    torque -= n_d * gained
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        torque[:, i] += (n[j] * d[k] - n[k] * d[j]) * S


def _integral(layer: Region, bands: Bands, ends: Array, along: bool = True) -> Array:
    """Return ∫ψ†(σ·n)ψ dz by source (3, ...), n the axis, or ∫ψ†ψ dz, of what there is at a layer's ends.

    That is Re ψ†ψ, ψ†∂_zψ/M and |∂_zψ/M|² at the near end, ψ†∂_zψ/M at the far one, (4, ...), each without σ
    and with it, (4, 3, ...).
    """
    n, (up, down) = bands.axis, _weights(layer, bands.q2).swapaxes(0, 1)[:, :, None] / 2
    spin = n[0] * ends[:, 1]
    spin += n[1] * ends[:, 2]
    spin += n[2] * ends[:, 3]
    same, other = (spin, ends[:, 0]) if along else (ends[:, 0], spin)
    found: Array = ((up + down) * same + (up - down) * other).sum(axis=0)
    return found


def _weights(layer: Region, q2: Array) -> Array:
    """Return the weights (4, 2, ...) in ∫|f|² dz of what there is at the ends, ordered as in `_integral`."""
    d, mass = layer.thickness, layer.mass
    x2, out = q2 * d**2, np.zeros((4, *q2.shape))
    thin = np.abs(x2) <= THIN
    if not thin.all():
        out[0] = d / 2
        np.divide(mass / 2, q2, out=out[1], where=~thin)
        np.multiply(mass * d, out[1], out=out[2])
        np.negative(out[1], out=out[3])
    if thin.any():
        # ∫cos² = d − q²∫sin²/q², and ∫cos sin/q = sin²(qd)/2q².
        where: Any = True if thin.all() else thin
        x2 = x2 if where is True else np.where(thin, x2, 0.0)
        sine = _series(SINE_SQUARED, x2)
        slow = d - d * x2 * sine, mass * d**2 * _series(HALF_TURN, x2), mass**2 * d**3 * sine, 0 * sine
        for one, other in zip(out, slow, strict=True):
            np.copyto(one, other, where=where)
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
    psi, before, after = (np.moveaxis(one, 2, 0) for one in waves)
    flows = flows_of_waves(structure, grid, waves)

    def coupled(part: Delta | Region, spin: Array) -> Any:
        return sum(w * s for w, s in zip(field_of(part, grid), spin, strict=True)) / (2 * grid[0] ** 2)

    ends = np.empty((len(psi), 4, 4, *flows.shape[:1], *flows.shape[3:]))
    for n, one in enumerate(ends):
        _density(psi[n], one[0])
        _real(_products(psi[n].conj(), after[n]), one[1])
        _density(after[n], one[2])
        _real(_products(psi[n].conj(), before[n]), ends[n - 1, 3])
    found = sum(coupled(d, one[0, 1:]) for d, one in zip(structure.interfaces, ends, strict=True))
    for n, layer in enumerate(structure.layers):
        bands = bands_of(layer, structure.energy, grid)
        gained, spin = flows[:, 4 * n + 4] - flows[:, 4 * n + 1], np.empty_like(flows[:, 0])
        _cross(-bands.axis / np.where(bands.size == 0, 1, bands.size), gained.swapaxes(0, 1), spin)
        spin += _integral(layer, bands, ends[n])[:, None] * bands.axis
        whole = _integral(layer, bands, ends[n], along=False)
        found = found + whole / layer.mass + coupled(layer, spin.swapaxes(0, 1))
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
