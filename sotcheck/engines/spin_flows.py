"""Spin flows of any stack from its waves: at every interface, and what each layer adds and takes.

Waves are ψ, and ∂_zψ/M before and after every interface, (3, 2, 4, interfaces, ...): columns of both spins
from the left, then of the majority and of the minority from the right. Flows are (3, 4I + 2L, 3, ...): source
(normal, majority, minority), flow, spin component; four for each of the I interfaces, as `States.flows`, then
two for each of the L layers: what its spin-orbit field adds to the spin current, and the torque on its
magnetism. With S = Σ_in ∫ψ†σψ dz these are w × S and J S × d, so that the current at the far end is that at
the near end, and the first, less the second. What S has across the layer's whole field v = Jd + w is told by
what it adds to the current, v × S; what it has along v, by the virial theorem: in either band

    ∫|f|² dz = [(|f'|² + q²|f|²) d − Re f*f'|₀ᵈ] / 2q²,    f'' = −q²f,

the first bracket the same everywhere, or where q is small by ∫cos², ∫cos sin/q and ∫sin²/q².
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sotcheck.engines.recursion import Grid, bands_of, column, field_of, split_by
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.states import States
from sotcheck.system.structure import NO_FIELD, Delta, Region, Structure

#: Where |q|² times the thickness squared is at most this, the integrals of cos² and so on are used.
THIN = 1.0
#: Taylor's coefficients of (1 − sin 2x/2x)/2x² in x², the highest power first.
SINE_SQUARED = [(-1) ** (n + 1) * 4**n / (2 * math.factorial(2 * n + 1)) for n in range(13, 0, -1)]

#: a†b of two waves by source: up-up, down-down, up-down and down-up, each (3, ...).
Products = tuple[Any, Any, Any, Any]
#: a†a and a†σa, or Re a†b and Re a†σb.
Pair = tuple[Array, list[Array]]


def _by_source(products: Any) -> Any:
    """Return values of the four columns (4, ...) by source (3, ...): both from the left are one."""
    products[1] += products[0]
    return products[1:]


def _products(a: Complex, b: Complex) -> Products:
    up, down = a.conj()
    both = ((up, b[0]), (down, b[1]), (up, b[1]), (down, b[0]))
    one, two, three, four = (_by_source(bra * ket) for bra, ket in both)
    return one, two, three, four


def _real(of: Products) -> Pair:
    """Return Re a†b and Re a†σb."""
    uu, dd, ud, du = of
    return (uu + dd).real, [ud.real + du.real, ud.imag - du.imag, uu.real - dd.real]


def _imaginary(of: Products) -> list[Array]:
    """Return Im a†σb."""
    uu, dd, ud, du = of
    return [ud.imag + du.imag, du.real - ud.real, uu.imag - dd.imag]


def _density(a: Complex) -> Pair:
    """Return a†a and a†σa."""
    uu, dd = map(_by_source, a.real**2 + a.imag**2)
    ud = _by_source(a[0].conj() * a[1])
    return uu + dd, [2 * ud.real, 2 * ud.imag, uu - dd]


def _cross(v: Any, s: Any, into: Array) -> None:
    """Write v × s (3, 3, ...) of a field (3, ...) and a spin's components, each (3, ...) by source."""
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        into[:, i] = v[j] * s[k] - v[k] * s[j]


def flows_of_waves(structure: Structure, grid: Grid, waves: Complex) -> Array:
    """Return all flows, (3, 4I + 2L, 3, ...)."""
    number, shape = len(structure.interfaces), np.broadcast_shapes(*(one.shape for one in grid))
    out = np.empty((3, 4 * number + 2 * len(structure.layers), 3, *shape))
    write_flows(structure, grid, waves, out)
    return out


def write_flows(structure: Structure, grid: Grid, waves: Complex, out: Array) -> None:
    """Write all flows, (3, 4I + 2L, 3, ...)."""
    number = len(structure.interfaces)
    psi, before, after = waves
    at, inside = out[:, : 4 * number], out[:, 4 * number :]
    minus, plus = _products(psi, before), _products(psi, after)
    density, spin = _density(psi)
    for i, (one, other) in enumerate(zip(_imaginary(minus), _imaginary(plus), strict=True)):
        at[:, 0::4, i], at[:, 1::4, i] = one, other
    for n, delta in enumerate(structure.interfaces):
        here = [one[:, n] for one in spin]
        lattice, taken = at[:, 4 * n + 2], at[:, 4 * n + 3]
        for acts, field, into in (
            (delta.spin_orbit != NO_FIELD, field_of(delta, grid), lattice),
            (delta.exchange, -delta.exchange * column(delta.direction, grid), taken),
        ):
            if acts:
                _cross(field, here, into)
            else:
                into[:] = 0
    for n, layer in enumerate(structure.layers):
        gained, added, torque = at[:, 4 * n + 4] - at[:, 4 * n + 1], inside[:, 2 * n], inside[:, 2 * n + 1]
        if layer.spin_orbit == NO_FIELD:
            # Nothing is added: what does not go on is the torque.
            added[:] = 0
            np.negative(gained, out=torque)
            continue
        torque[:] = 0
        if layer.exchange:
            size, axis = split_by(layer, grid)
            ends = [
                (density[:, n], [one[:, n] for one in spin]),
                *(_real(tuple(one[:, m] for one in of)) for of, m in ((plus, n), (minus, n + 1))),
                _density(after[:, :, n]),
            ]
            bands = [_by_band(*end, axis) for end in ends]
            q2 = bands_of(layer, structure.energy, grid)[0][:, None]
            one, other = _within(layer, q2, *bands)
            across = np.empty_like(gained)
            _cross(-axis / np.where(size == 0, 1, size), np.moveaxis(gained, 1, 0), across)
            whole = [(one - other) * axis[i] + across[:, i] for i in range(3)]
            _cross(-layer.exchange * column(layer.direction, grid), whole, torque)
        np.add(gained, torque, out=added)


def _ends(n: int, after: Complex, density: Pair, minus: Products, plus: Products) -> list[Pair]:
    """Return ψ†ψ, ψ†∂_zψ/M and |∂_zψ/M|² at the near end of layer n, and ψ†∂_zψ/M at the far one."""
    total, spin = density
    slopes = (_real(tuple(one[:, m] for one in of)) for of, m in ((plus, n), (minus, n + 1)))
    return [(total[:, n], [one[:, n] for one in spin]), *slopes, _density(after[:, :, n])]


def _content(
    layer: Region, energy: float, grid: Grid, ends: list[Pair], gained: Array
) -> tuple[Array, list[Array]]:
    """Return ∫ψ†ψ dz and ∫ψ†σψ dz within a layer of products at its ends, and of the spin current gained."""
    size, axis = split_by(layer, grid)
    q2 = bands_of(layer, energy, grid)[0][:, None]
    one, other = _within(layer, q2, *(_by_band(*end, axis) for end in ends))
    across = np.empty_like(gained)
    _cross(-axis / np.where(size == 0, 1, size), np.moveaxis(gained, 1, 0), across)
    return one + other, [(one - other) * axis[i] + across[:, i] for i in range(3)]


def slopes_in_x(structure: Structure, grid: Grid, waves: Complex) -> Array:
    """Return ⟨∂H/∂x⟩ of x = k_⊥² by source (3, ...), from one end of a stack to the other.

    That of x/M + w·σ in layers and of w·σ at interfaces, w being linear in k_⊥.
    """
    psi, before, after = waves
    minus, plus, density = _products(psi, before), _products(psi, after), _density(psi)
    currents = [np.stack(_imaginary(one), axis=1) for one in (minus, plus)]

    def coupled(part: Delta | Region, spin: list[Array]) -> Any:
        return sum(w * s for w, s in zip(field_of(part, grid), spin, strict=True)) / (2 * grid[0] ** 2)

    found = sum(coupled(d, [one[:, n] for one in density[1]]) for n, d in enumerate(structure.interfaces))
    for n, layer in enumerate(structure.layers):
        gained = currents[0][:, :, n + 1] - currents[1][:, :, n]
        ends = _ends(n, after, density, minus, plus)
        total, spin = _content(layer, structure.energy, grid, ends, gained)
        found = found + total / layer.mass + coupled(layer, spin)
    return np.asarray(found)


def _by_band(total: Array, vector: list[Array], axis: Array) -> Array:
    """Return a†b of spin along an axis and against it, (2, 3, ...), from a†b and a†σb."""
    along = sum(n * v for n, v in zip(axis, vector, strict=True))
    return np.stack([total + along, total - along]) / 2


def _within(layer: Region, q2: Array, f2: Array, near: Array, far: Array, slope2: Array) -> Array:
    """Return Σ_in ∫|f|² dz of |f|², Re f*f'/M and |f'/M|² at the near end, and Re f*f'/M at the far one."""
    d, mass = layer.thickness, layer.mass
    x2 = q2 * d**2
    thin = np.abs(x2) <= THIN
    safe, slope2 = np.where(thin, 1.0, q2), mass**2 * slope2
    found: Array = ((slope2 + safe * f2) * d - mass * (far - near)) / (2 * safe)
    if thin.any():
        x2 = np.where(thin, x2, 0.0)
        sine = np.polyval(SINE_SQUARED, x2)
        # ∫cos² = d − q²∫sin²/q², and ∫cos sin/q = sin²(qd)/2q².
        half = np.sinc(np.sqrt(x2 + 0j) / np.pi).real ** 2 / 2
        slow = (1 - x2 * sine) * d * f2 + 2 * mass * half * d**2 * near + sine * d**3 * slope2
        found = np.where(thin, slow, found)
    return found


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
