"""One layer passed, from its far end to its near one: what stands for all that lies beyond, 2×2.

Behind a layer ∂_zψ/M = Ŷψ + b̂. With C = cos Q̂d, S = M sin Q̂d/Q̂ and B = Q̂ sin Q̂d/M, ψ at its far end is
P̂(ψ + S b̂) of ψ at its near end, where

    P̂ = (C − SŶ)⁻¹    and    ∂_zψ/M = (CŶ + B) P̂ ψ + (C − ŶS)⁻¹ b̂;

where waves decay within it, the matrix with which they are reflected at its far end stands for Ŷ, so that no
wave grows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from sotcheck.engines.stack import outgoing
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.two_by_two import along, determinant, inverse, product
from sotcheck.system.spin import IDENTITY
from sotcheck.system.structure import NO_FIELD, Delta, Matrix, Region

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


@cache
def _columns(spin_orbit: Matrix, ndim: int) -> tuple[Array, Array]:
    x, y = np.array(spin_orbit).T.reshape(2, 3, *(1,) * ndim)
    return x, y


def field_of(part: Delta | Region, grid: Grid) -> Array:
    """Return the spin-orbit field w of an interface or a layer, (3, ...)."""
    k_perp, angle, scale = grid
    x, y = _columns(part.spin_orbit, grid[0].ndim)
    if part.spin_orbit == NO_FIELD:
        return x
    strength = scale * k_perp
    return x * (strength * np.cos(angle)) + y * (strength * np.sin(angle))


class Bands(NamedTuple):
    """q² in a region (2, ...) of spin along its whole field Jd + w and against it; its axis and size."""

    q2: Any
    axis: Array
    size: Any


def bands_of(region: Region, energy: float, grid: Grid) -> Bands:
    """Return the bands of a region."""
    size, axis = np.asarray(region.exchange), column(region.direction, grid)
    if region.spin_orbit != NO_FIELD:
        total = field_of(region, grid)
        if region.exchange:
            total = size * axis + total
        size = np.sqrt(total[0] * total[0] + total[1] * total[1] + total[2] * total[2])
        axis = total / size if size.all() else np.where(size == 0, axis, total / np.where(size == 0, 1, size))
    kinetic, split = region.mass * (energy - region.potential) - grid[0] * grid[0], region.mass * size
    return Bands(np.stack([kinetic - split, kinetic + split]), axis, size)


@dataclass(frozen=True)
class Step:
    """A layer passed, (2, 2, ...): Ŷ at its near end and at its far end, P̂, and what goes on from there.

    ψ at the far end is P̂ψ and something more: `onward` says what, after b̂ at the near end, of b̂ at the far
    end. The determinant of the layer's equations is `pivot` e^{exponent}.
    """

    bands: Bands
    far: Complex
    Y: Complex
    P: Complex
    pivot: Complex
    exponent: Complex
    loss: Array
    onward: Callable[[Complex], tuple[Complex, Complex]]


def _turned(q2: Any, d: float) -> tuple[Any, Any]:
    """Return cos qd and sin qd/q of q² of either sign, or complex; where waves decay, up to SHALLOW."""
    if np.iscomplexobj(q2):
        x = q2 * d**2
        slow = np.abs(x) < SLOW
        i_qd = 1j * np.sqrt(np.where(slow, SLOW, x))
        wave = np.exp(i_qd)
        back = 1 / wave
        cos, sine = (wave + back) / 2, (wave - back) * (d / 2) / i_qd
        if slow.any():
            cos[slow], sine[slow] = np.polyval(COSINE, x[slow]), d * np.polyval(SINE, x[slow])
        return cos, sine
    size = np.sqrt(np.abs(q2))
    turn, decays = size * d, q2 < 0
    cos, sine = np.cos(turn), np.sin(turn)
    if decays.any():
        np.minimum(turn, 2 * SHALLOW, out=turn, where=decays)
        np.cosh(turn, out=cos, where=decays)
        np.sinh(turn, out=sine, where=decays)
    np.divide(sine, size, out=sine, where=size > 0)
    sine[size == 0] = d
    return cos, sine


def _shallow(region: Region, bands: Bands, Y: Complex) -> Step:
    cos, sine = _turned(bands.q2, region.thickness)
    values = np.array([cos, sine * region.mass, bands.q2 * (sine / region.mass)]).swapaxes(0, 1)
    every = along(values, bands.axis[:, None])
    C, S, B = every[:, :, 0], every[:, :, 1], every[:, :, 2]
    matrix = C - product(S, Y)
    pivot = determinant(matrix)
    P = inverse(matrix, 1 / pivot)

    def onward(b: Complex) -> tuple[Complex, Complex]:
        # P̂Ŝ = Ŝ(C − ŶS)⁻¹, whose determinant is the same.
        near_b = product(inverse(C - product(Y, S), 1 / pivot), b)
        return near_b, product(S, near_b)

    return Step(bands, Y, product(B + product(C, Y), P), P, pivot, np.zeros_like(pivot), _size(P), onward)


def _deep(region: Region, bands: Bands, Y: Complex) -> Step:
    q = outgoing(bands.q2)
    own, e = (along(one, bands.axis) for one in (1j * q / region.mass, np.exp(1j * q * region.thickness)))
    one = IDENTITY.reshape(2, 2, *(1,) * (Y.ndim - 2))
    inverted = inverse(own + Y)
    back = product(product(e, product(inverted, own - Y)), e)
    entered = inverse(one + back)
    near, shared = product(own, product(one - back, entered)), product(inverted, own)
    P = 2 * product(shared, product(e, entered))

    def onward(b: Complex) -> tuple[Complex, Complex]:
        beta = product(inverted, b)
        e_beta = product(e, beta)
        return 2 * product(own, product(entered, e_beta)), product(P, e_beta) - beta

    pivot = determinant(own + Y) / (4 * determinant(own) * determinant(entered))
    exponent = -1j * q.sum(axis=0) * region.thickness
    return Step(bands, Y, near, P, pivot, exponent, _size(shared) * _size(entered), onward)


def _size(matrix: Complex) -> Array:
    size: Array = np.abs(matrix).max(axis=(0, 1))
    return size


def passed(region: Region, energy: float, grid: Grid, Y: Complex) -> Step:
    """Return the way through a layer beyond which the slope is Ŷψ + b̂."""
    bands = bands_of(region, energy, grid)
    # The band of less energy left decays the faster.
    decay = -bands.q2[0] if np.isrealobj(bands.q2) else np.square(outgoing(bands.q2).imag.max(axis=0))
    deep = decay * region.thickness**2 > SHALLOW**2
    if not deep.any():
        return _shallow(region, bands, Y)
    if deep.all():
        return _deep(region, bands, Y)
    with np.errstate(all="ignore"):
        both = _deep(region, bands, Y), _shallow(region, bands, Y)

    def onward(b: Complex) -> tuple[Complex, Complex]:
        with np.errstate(all="ignore"):
            (near, more), (shallow_near, shallow_more) = (one.onward(b) for one in both)
        return np.where(deep, near, shallow_near), np.where(deep, more, shallow_more)

    names = ("Y", "P", "pivot", "exponent", "loss")
    found: dict[str, Any] = {name: np.where(deep, *(getattr(one, name) for one in both)) for name in names}
    return replace(both[0], onward=onward, **found)
