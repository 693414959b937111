"""Exact states of a bare interface in NumPy's arrays of balls: what formulas of papers are proved on.

Numbers are power series in h_R whose coefficients are balls: first order needs no differences then. ψ(0) is
D⁻¹ 2ik ψ_in of waves from N and D⁻¹ 2iK̂ ψ_in from F, D = i(K̂ + k) - κ̂.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from sotcheck.exact.solved import ANGLES, Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sample
from sotcheck.referee.ball import Ball, series, turns, variable
from sotcheck.referee.certificate import prove
from sotcheck.system.files import to_document
from sotcheck.system.interface import SOURCES, rashba
from sotcheck.system.spin import IDENTITY, in_spin_bands
from sotcheck.system.states import States

#: Binary digits, and terms of series in h_R.
DIGITS, TERMS = 192, 2


class Balls(np.ndarray):
    """An array of `Ball`s that stays one, and knows real and imaginary parts."""

    @staticmethod
    def of(values: Any) -> Any:
        """Return an array of balls; of what is no array of objects, itself."""
        if isinstance(values, tuple | list):
            return type(values)(map(Balls.of, values))
        if isinstance(values, np.ndarray) and values.dtype == object:
            return np.asarray(np.frompyfunc(_ball, 1, 1)(np.asarray(values)), dtype=object).view(Balls)
        return np.asarray(values) if isinstance(values, np.ndarray) else values

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func in (np.linalg.inv, np.linalg.solve):
            return inverse(*args) if func is np.linalg.inv else inverse(args[0]) @ args[1]
        if func in (np.real, np.imag):
            return Balls._part(args[0], func.__name__)
        return Balls.of(super().__array_function__(func, types, args, kwargs))

    def __array_finalize__(self, _: Any) -> None: ...

    def _part(self, name: str) -> Any:
        return np.asarray(np.frompyfunc(lambda one: getattr(one, name), 1, 1)(np.asarray(self))).view(Balls)

    @property  # type: ignore[misc]
    def real(self) -> Any:
        """Real parts."""
        return self._part("real")

    @property  # type: ignore[misc]
    def imag(self) -> Any:
        """Imaginary parts."""
        return self._part("imag")

    def astype(self, *args: Any, **kwargs: Any) -> Any:
        """Return the same: balls are complex."""
        return self


def _ball(value: Any) -> Any:
    # None: what NumPy has not yet filled.
    return value if value is None or isinstance(value, Ball) else Ball(value)


def balls(values: Any) -> Any:
    """Return numbers (floats, arbs, acbs) as an array of balls."""
    return Balls.of(np.array(values, dtype=object))


def inverse(matrix: Any) -> Any:
    """Return the inverses of 2×2 matrices."""
    a, b, c, d = (matrix[..., n // 2, n % 2] for n in range(4))
    rows = [np.stack(row, axis=-1) for row in ((d, -b), (-c, a))]
    return np.stack(rows, axis=-2) / (a * d - b * c)[..., None, None]


def _root(squares: Any) -> Any:
    """Return the wave numbers: i times a positive one where the channel is closed, so that waves decay."""
    size = np.sqrt(np.abs(squares))
    return np.where(squares > 0, size, size * 1j)


class BallSolved(Solved):
    """States of the referee at the same k_⊥, which are doubles, and exactly equidistant angles."""

    @cached_property
    def k_perp(self) -> Array:
        """The in-plane wave numbers, shape (n,)."""
        return balls(self.stretch * sample(self.iface.thresholds(), self.nodes))

    @cached_property
    def angles(self) -> Array:
        """0.3 + nπ/3, shape (6,)."""
        return balls(turns(float(ANGLES[0]), len(ANGLES)))

    @property
    def kx(self) -> Array:
        """k_x, shape (n, 6)."""
        return self.k_perp[:, None] * np.cos(self.angles)

    @cached_property
    def rashba(self) -> Complex:
        """σ·(k×ẑ), shape (n, 6, 2, 2)."""
        return rashba(self.k_perp[:, None], self.angles)

    @property
    def rounding(self) -> float:
        """Nothing is rounded that balls do not know of."""
        return 0.0

    @property
    def h_R(self) -> Array:
        """The variable of the series, at every k_⊥, shape (n, 1, 1)."""
        return balls([[[variable()]]] * len(self.k_perp))

    @property
    def grid(self) -> tuple[Array, Array, Array]:
        """(k_⊥, angle, h_R) broadcast to (n, 6, 1)."""
        found = np.broadcast_arrays(self.k_perp[:, None, None], self.angles[:, None], self.h_R)
        return Balls.of(tuple(found))

    @cached_property
    def states(self) -> States:
        """States with axes (k_⊥, angle, 1), to all orders in h_R that are kept."""
        return self._solved(*self.grid)

    def at(self, h_R: float) -> States:
        """Return states at one h_R, axes (k_⊥, angle)."""
        of_one = balls([[h_R]])
        found = np.broadcast_arrays(self.k_perp[:, None], self.angles, of_one)
        return self._solved(*Balls.of(tuple(found)))

    def _solved(self, k_perp: Any, angle: Any, h_R: Any) -> States:
        iface, m = self.iface, self.iface.direction
        k2 = k_perp * k_perp
        k, K = _root(iface.kz_squared(k2)), _root(iface.Kz_squared(k2))
        kappa = iface.kappa_0() + rashba(k_perp, angle) * h_R[..., None, None]
        k_, K_ = k[..., None, None] * IDENTITY, in_spin_bands(K, m)
        Dinv = inverse((K_ + k_) * 1j - kappa)
        open_k, open_K = (np.where(one.imag == 0, one, 0 * one) for one in (k, K))
        root_k, root_K = np.sqrt(open_k)[..., None, None] * IDENTITY, in_spin_bands(np.sqrt(open_K), m)
        psi_N, psi_F = Dinv @ root_k * 2j, Dinv @ root_K * 2j
        minus = np.stack([2j * root_k - 1j * k_ @ psi_N, -1j * k_ @ psi_F])
        plus = np.stack([1j * K_ @ psi_N, 1j * K_ @ psi_F - 2j * root_K])
        psi, slope = np.stack([psi_N, psi_F]), np.stack([minus, plus])
        left = np.stack([k, k], axis=-1)
        return States(iface.structure, k_perp, angle, h_R, left, K, psi[:, None], slope[:, :, None])

    def unperturbed(self, values: Any) -> Estimate:
        """Return values (n, 6, 1, ...) at h_R = 0."""
        return Estimate(coefficient_of(values[:, :, 0], 0))

    def linear(self, values: Any) -> Estimate:
        """Return their derivative at h_R = 0."""
        return Estimate(coefficient_of(values[:, :, 0], 1))

    def quadratic(self, seen: Callable[[States], Any]) -> Estimate:
        """Return the coefficient of h_R² of what is seen: at the opposite k it is the same."""
        with series(DIGITS, TERMS + 1):
            return Estimate(coefficient_of(seen(self._solved(*self.grid))[:, :, 0], 2))

    @cached_property
    def total(self) -> Estimate:
        """Fieldlike + i dampinglike per h_R of the sum over k_⊥, by source."""
        proved = prove(to_document(self.iface.with_(h_R=1.0)), first_order=True)
        parts = [proved[source].parts or (0, 0) for source in SOURCES]
        return Estimate(balls([Ball(one) + Ball(other) * 1j for one, other in parts]))


def coefficient_of(values: Any, power: int) -> Any:
    """Return one coefficient of every series."""
    return Balls.of(np.asarray(np.frompyfunc(lambda one: _ball(one).coefficient(power), 1, 1)(values)))
