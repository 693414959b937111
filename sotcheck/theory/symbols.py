"""Unperturbed symbols at many k_⊥ and in-plane angles: what every formula of a paper reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import rashba
from sotcheck.system.model import System
from sotcheck.system.spin import in_spin_bands, projectors
from sotcheck.theory.amplitudes import Amplitudes, unperturbed


class _Read:
    """A symbol that is read off the amplitudes, with an axis for the angle."""

    def __init__(self, read: Callable[[Amplitudes], Any]) -> None:
        self.read = read

    def __get__(self, symbols: Symbols, owner: type) -> Any:
        return self.read(symbols.amplitudes)[:, None]


@dataclass(frozen=True)
class Symbols:
    """Unperturbed quantities on a grid of k_⊥ (n) and angles (a); ħ²/2mₑ = 1.

    Scalars by k_⊥ have shape (n, 1), k_x and k_y (n, a); 2×2 matrices (n, 1, 2, 2), but the Rashba term
    (n, a, 2, 2): everything broadcasts to (n, a) and (n, a, 2, 2). ↑ is majority (σ = −1), ↓ is minority
    (σ = +1). Amplitudes are projected to incident waves that propagate, unless ``_ex`` is in their name.

    `given` amplitudes come from an engine, say; those of `unperturbed` by default.
    """

    iface: System
    k_perp: Array
    angles: Array
    given: Amplitudes | None = field(default=None, kw_only=True)

    #: k_⊥²; whether k_z, k_z^- and k_z^+ are real: shape (n, 1).
    k2 = _Read(lambda a: a.k_perp2)
    open_N = _Read(lambda a: a.kz.imag == 0)
    open_up = _Read(lambda a: a.Kz[:, 1].imag == 0)
    open_down = _Read(lambda a: a.Kz[:, 0].imag == 0)
    #: k_z, real or +i q_z; k_z^- of the majority band, k_z^+ of the minority band: shape (n, 1).
    kz = _Read(lambda a: a.kz)
    kz_up = _Read(lambda a: a.Kz[:, 1])
    kz_down = _Read(lambda a: a.Kz[:, 0])
    #: 1̂_k, r̂, t̂, r̂', t̂', r̂_ex, t̂_ex: shape (n, 1, 2, 2).
    one = _Read(lambda a: a.hilbert_N)
    r = _Read(lambda a: a.r)
    t = _Read(lambda a: a.t)
    r_prime = _Read(lambda a: a.r_prime)
    t_prime = _Read(lambda a: a.t_prime)
    r_ex = _Read(lambda a: a.r_ex)
    t_ex = _Read(lambda a: a.t_ex)
    #: r↑, r↓, t'↑, t'↓: shape (n, 1).
    r_up = _Read(lambda a: a.up(a.r))
    r_down = _Read(lambda a: a.down(a.r))
    t_prime_up = _Read(lambda a: a.up(a.t_prime))
    t_prime_down = _Read(lambda a: a.down(a.t_prime))

    @classmethod
    def of(cls, iface: System, amplitudes: Amplitudes) -> Symbols:
        """Return the symbols that belong to amplitudes from anywhere, at one in-plane angle."""
        return cls(iface, np.sqrt(amplitudes.k_perp2), np.zeros(1), given=amplitudes)

    @cached_property
    def amplitudes(self) -> Amplitudes:
        """The amplitudes that all symbols are read from."""
        return self.given or unperturbed(self.iface, self.k_perp**2)

    @property
    def kx(self) -> Array:
        """k_x, shape (n, a)."""
        return self.k_perp[:, None] * np.cos(self.angles)

    @property
    def ky(self) -> Array:
        """k_y, shape (n, a)."""
        return self.k_perp[:, None] * np.sin(self.angles)

    @property
    def Kz(self) -> Complex:
        """K̂_z = k_z^+ u_+ + k_z^- u_-, shape (n, 1, 2, 2)."""
        return self.bands(self.kz_down, self.kz_up)

    def bands(self, down: Complex, up: Complex) -> Complex:
        """Return down u_+ + up u_-, shape (..., 2, 2)."""
        return in_spin_bands(np.stack(np.broadcast_arrays(down, up), axis=-1), self.m)

    @property
    def m(self) -> Array:
        """Direction of the magnetization, shape (3,)."""
        return self.amplitudes.m

    @property
    def u_plus(self) -> Complex:
        """u_+, the projector on the minority band, shape (2, 2)."""
        return projectors(self.m)[0]

    @property
    def u_minus(self) -> Complex:
        """u_-, the projector on the majority band, shape (2, 2)."""
        return projectors(self.m)[1]

    @property
    def xi_plus(self) -> Complex:
        """ξ_+, the spinor of the minority band, shape (2, 1); its phase is arbitrary."""
        return _spinor(self.u_plus)

    @property
    def xi_minus(self) -> Complex:
        """ξ_-, the spinor of the majority band, shape (2, 1); its phase is arbitrary."""
        return _spinor(self.u_minus)

    @property
    def kappa_0(self) -> Complex:
        """κ̂_0, shape (2, 2)."""
        return self.iface.kappa_0()

    @property
    def rashba(self) -> Complex:
        """σ·(k×ẑ), shape (n, a, 2, 2)."""
        k_perp, angles = np.broadcast_arrays(self.k_perp[:, None], self.angles)
        return rashba(k_perp, angles)

    @property
    def one_prime(self) -> Complex:
        """1̂'_k, shape (n, 1, 2, 2)."""
        return self.bands(np.where(self.open_down, 1, 0), np.where(self.open_up, 1, 0))


def _spinor(projector: Complex) -> Complex:
    # The longer column, so that none is divided by zero.
    column = projector[:, [np.argmax(np.abs(np.diag(projector)))]]
    spinor: Complex = column / np.linalg.norm(column)
    return spinor


def mean_over_angles(values: Array) -> Array:
    """Return the average over the angles of a grid, the second axis, kept with length one."""
    return values.mean(axis=1, keepdims=True)
