"""Layers passed, from the far end to the near one: what stands for all that lies beyond, many at once.

Behind a layer ∂_zψ/M = Ŷψ + b̂. With c = cos qd, s = M sin qd/q and b = q sin qd/M of spin along the layer's
whole field and against it, and Ŷ = y_0 + (y_n n + y_⊥)·σ, n that field's direction,

    own_± = y_0 ± y_n,    A = c − s own,    det = A_+ A_− − s_+ s_− y_⊥²,

and before it y_⊥ is y_⊥/det, and own_+ (b_+ + c_+ own_+) A_−/det + c_+ s_− y_⊥²/det, as c² + sb = 1. Where
waves decay c, s and b are those times e = e^{−κd}, and y_⊥ is e_+ e_− y_⊥/det, so that no wave grows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from sotcheck.engines.stack import outgoing
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.two_by_two import cross, dot, matrix_of
from sotcheck.system.structure import NO_FIELD, Delta, Matrix, Region

#: |qd|² below which sin qd/qd of complex q is summed by its series in (qd)², the highest power first.
SLOW = 0.1
SINE = [(-1) ** n / math.factorial(2 * n + 1) for n in range(6, -1, -1)]

#: k_⊥, angle and scale, which broadcast and have as many axes.
Grid = tuple[Any, Any, Any]


def column(values: Any, grid: Grid) -> Any:
    """Return some numbers as an array with an axis for each of the grid's."""
    return np.asarray(values).reshape(-1, *(1,) * grid[0].ndim)


@cache
def _columns(spin_orbit: Matrix, ndim: int) -> tuple[Array, Array]:
    x, y = np.array(spin_orbit).T.reshape(2, 3, *(1,) * ndim)
    return x, y


def in_plane(grid: Grid) -> tuple[Any, Any]:
    """Return the components of k, times the scale."""
    strength = grid[2] * grid[0]
    return strength * np.cos(grid[1]), strength * np.sin(grid[1])


def field_of(part: Delta | Region, k: tuple[Any, Any]) -> Array:
    """Return the spin-orbit field w of an interface or a layer, (3, ...), of `in_plane`."""
    x, y = _columns(part.spin_orbit, k[0].ndim)
    return x * k[0] + y * k[1] if part.spin_orbit != NO_FIELD else x


class Bands(NamedTuple):
    """q² of layers (2, layers, ...) along their whole field Jd + w, and against it; its axis and size."""

    q2: Any
    axis: Array
    size: Any

    def of(self, some: Any) -> Bands:
        """Return those of some of the layers."""
        return Bands(self.q2[:, some], self.axis[:, some], self.size[some])


def each(layers: Sequence[Region], what: str, grid: Grid) -> Any:
    """Return a number of each of some layers, with axes for the grid."""
    return column([getattr(layer, what) for layer in layers], grid)


def bands_of(layers: Sequence[Region], energy: float, grid: Grid) -> Bands:
    """Return the bands of layers."""
    size, mass = each(layers, "exchange", grid), each(layers, "mass", grid)
    axis = np.stack([column(layer.direction, grid) for layer in layers], axis=1)
    if any(layer.spin_orbit != NO_FIELD for layer in layers):
        k = in_plane(grid)
        total = np.empty((3, len(layers), *np.broadcast(*k).shape), dtype=k[0].dtype)
        for n, layer in enumerate(layers):
            np.add(layer.exchange * axis[:, n], field_of(layer, k), out=total[:, n])
        size = np.sqrt(dot(total, total))
        axis = total / size if size.all() else np.where(size == 0, axis, total / np.where(size == 0, 1, size))
    kinetic, split = mass * (energy - each(layers, "potential", grid)) - grid[0] * grid[0], mass * size
    return Bands(np.stack([kinetic - split, kinetic + split]), axis, size)


class Turned(NamedTuple):
    """c, s, b and e of layers, (2, layers, ...) each; the logarithm of e; what is made of both spins.

    That is c_± s_∓, s_± e_∓, and s_+ s_− and e_+ e_−.
    """

    c: Any
    s: Any
    b: Any
    e: Any
    log_e: Any
    cs: Any
    se: Any
    ss: Any
    ee: Any

    def of(self, n: int) -> Turned:
        """Return those of one layer."""
        both = (one[n] for one in self[-2:])
        return Turned(*(one[:, n] for one in self[:-2]), *both)


def turned(layers: Sequence[Region], q2: Any, grid: Grid) -> Turned:
    """Return how waves turn and decay in layers, for real q² of either sign, or complex."""
    d, mass = each(layers, "thickness", grid), each(layers, "mass", grid)
    c, sine, e, log_e = (_of_complex if np.iscomplexobj(q2) else _of_real)(q2, d)
    s = mass * sine
    other, ss, ee = s[::-1], s[0] * s[1], e[0] * e[1]
    return Turned(c, s, q2 * sine / mass, e, log_e, c * other, s * e[::-1], ss, ee)


def _of_real(q2: Any, d: Any) -> tuple[Any, Any, Any, Any]:
    size = np.sqrt(np.abs(q2))
    # Sine and cosine from one function.
    t = np.tan(size * (d / 2))
    per = 1 / (1 + t * t)
    c, sine = 2 * per - 1, 2 * t * per
    e, log_e = np.ones_like(q2), np.zeros_like(q2)
    decays = q2 < 0
    if decays.any():
        np.multiply(size, -d, out=log_e, where=decays)
        np.exp(log_e, out=e, where=decays)
        lost = np.expm1(2 * log_e)
        np.add(1, lost / 2, out=c, where=decays)
        np.multiply(lost, -0.5, out=sine, where=decays)
    still = size == 0
    if still.any():
        return c, np.where(still, d, sine / np.where(still, 1, size)), e, log_e
    return c, sine / size, e, log_e


def _of_complex(q2: Any, d: Any) -> tuple[Any, Any, Any, Any]:
    q = outgoing(q2)
    log_e = 1j * d * q
    e = np.exp(log_e)
    square = e * e
    x = q2 * d**2
    slow = np.abs(x) < SLOW
    if not slow.any():
        return (1 + square) / 2, (square - 1) / (2j * q), e, log_e
    sine = (square - 1) / (2j * np.where(slow, 1, q))
    sine[slow] = (e * d)[slow] * np.polyval(SINE, x[slow])
    return (1 + square) / 2, sine, e, log_e


class Step(NamedTuple):
    """Layers passed, (..., layers, ...): A_∓/det as `D`, y_⊥ beyond, 1/det, and how waves turned.

    ψ at the far end is P̂ψ + T̂b̂ of ψ at the near end, where b̂ is R̂b̂.
    """

    D: Complex
    across: Complex
    reciprocal: Complex
    axis: Complex
    turned: Turned

    def of(self, n: int) -> Step:
        """Return that of one layer."""
        axis, turned = self.axis[:, n], self.turned.of(n)
        return Step(self.D[:, n], self.across[:, n], self.reciprocal[n], axis, turned)

    @property
    def P_and_R(self) -> tuple[Complex, Complex]:
        """P̂ and R̂ (2, 2, layers, ...): they differ in the order in which they turn spins."""
        mean, vector = self._along(self.turned.e)
        weight = self.turned.se * self.reciprocal
        vector += 0.5 * (weight[0] + weight[1]) * self.across
        turn = (0.5j * (weight[0] - weight[1])) * cross(self.axis, self.across)
        return matrix_of(mean, vector + turn), matrix_of(mean, vector - turn)

    @property
    def T(self) -> Complex:
        """T̂ (2, 2, layers, ...)."""
        mean, vector = self._along(self.turned.s)
        vector += self.turned.ss * self.reciprocal * self.across
        return matrix_of(mean, vector)

    def _along(self, values: Any) -> tuple[Complex, Complex]:
        up, down = self.D * (values / 2)
        return up + down, (up - down) * self.axis

    @property
    def loss(self) -> Array:
        """By how much rounding is amplified in each layer, (layers, ...)."""
        off = np.abs(self.across).max(axis=0) * np.abs(self.turned.s).max(axis=0) * np.abs(self.reciprocal)
        loss: Array = np.maximum(np.abs(self.D).max(axis=0), off)
        return loss


def step_through(step: Step, Y: Complex, near: Complex) -> None:
    """Write Ŷ as a + v·σ (4, ...) before a layer, of Ŷ beyond it, and what is to be known of its step."""
    axis, across, reciprocal, turned = step.axis, step.across, step.reciprocal, step.turned
    along = dot(axis, Y[1:])
    np.multiply(along, axis, out=across)
    np.subtract(Y[1:], across, out=across)
    own = np.empty((2, *across.shape[1:]), dtype=complex)
    np.add(Y[0], along, out=own[0])
    np.subtract(Y[0], along, out=own[1])
    square = dot(across, across)
    A, B = turned.c - turned.s * own, turned.b + turned.c * own
    determinant = A[0] * A[1] - turned.ss * square
    if not determinant.all():
        # At the very pole of a resonance behind: zero is known to rounding only.
        determinant[determinant == 0] = float(np.finfo(float).eps)
    np.divide(1, determinant, out=reciprocal)
    np.multiply(A[::-1], reciprocal, out=step.D)
    B *= step.D
    up, down = B + turned.cs * (square * reciprocal)
    np.multiply(0.5, up + down, out=near[0])
    np.multiply(0.5 * (up - down), axis, out=near[1:])
    near[1:] += across * (turned.ee * reciprocal)
