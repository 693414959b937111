"""The paper's unperturbed symbols at many k_⊥ and in-plane angles: what every formula of the audit reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sotcheck.numerics.arrays import Array, Complex, Mask
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import IDENTITY, dagger, dot_sigma, in_spin_bands, projectors
from sotcheck.theory.amplitudes import Amplitudes, closed_forms


@dataclass(frozen=True)
class Symbols:
    """Unperturbed quantities on a grid of k_⊥ (n) and angles (a); ħ²/2mₑ = 1.

    Scalars by k_⊥ have shape (n, 1), k_x and k_y (n, a); 2×2 matrices (n, 1, 2, 2), but the Rashba term
    (n, a, 2, 2): everything broadcasts to (n, a) and (n, a, 2, 2). ↑ is majority (σ = −1), ↓ is minority
    (σ = +1). Amplitudes are projected to the Hilbert space, Eq. (7), unless they have ``_ex`` in their name.

    Attributes
    ----------
    iface : Interface
    k_perp : array (n,)
    angles : array (a,)
    """

    iface: Interface
    k_perp: Array
    angles: Array

    @cached_property
    def _a(self) -> Amplitudes:
        return closed_forms(self.iface, self.k_perp**2)

    @property
    def k2(self) -> Array:
        """k_⊥², shape (n, 1)."""
        return self.k_perp[:, None] ** 2

    @property
    def kx(self) -> Array:
        """k_x, shape (n, a)."""
        return self.k_perp[:, None] * np.cos(self.angles)

    @property
    def ky(self) -> Array:
        """k_y, shape (n, a)."""
        return self.k_perp[:, None] * np.sin(self.angles)

    @property
    def kz(self) -> Complex:
        """k_z, real or +i q_z, shape (n, 1)."""
        return self._a.kz[:, None]

    @property
    def kz_up(self) -> Complex:
        """k_z^- of the majority band, shape (n, 1)."""
        return self._a.Kz[:, 1:]

    @property
    def kz_down(self) -> Complex:
        """k_z^+ of the minority band, shape (n, 1)."""
        return self._a.Kz[:, :1]

    @property
    def open_N(self) -> Mask:
        """Whether k_z is real, shape (n, 1)."""
        return self.kz.imag == 0

    @property
    def open_up(self) -> Mask:
        """Whether k_z^- is real, shape (n, 1)."""
        return self.kz_up.imag == 0

    @property
    def open_down(self) -> Mask:
        """Whether k_z^+ is real, shape (n, 1)."""
        return self.kz_down.imag == 0

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
        return self.iface.direction

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
        return self.iface.u_0 * IDENTITY + self.iface.u_m * dot_sigma(self.m)

    @property
    def rashba(self) -> Complex:
        """σ·(k×ẑ), shape (n, a, 2, 2)."""
        k_perp, angles = np.broadcast_arrays(self.k_perp[:, None], self.angles)
        return rashba(k_perp, angles)

    @property
    def one(self) -> Complex:
        """1̂_k of Eq. (4a), shape (n, 1, 2, 2)."""
        return np.where(self.open_N, 1, 0)[..., None, None] * IDENTITY

    @property
    def one_prime(self) -> Complex:
        """1̂'_k of Eq. (4b), shape (n, 1, 2, 2)."""
        return self.bands(np.where(self.open_down, 1, 0), np.where(self.open_up, 1, 0))

    @property
    def r(self) -> Complex:
        """r̂, shape (n, 1, 2, 2)."""
        return self._a.r[:, None]

    @property
    def t(self) -> Complex:
        """t̂, shape (n, 1, 2, 2)."""
        return self._a.t[:, None]

    @property
    def r_prime(self) -> Complex:
        """r̂', shape (n, 1, 2, 2)."""
        return self._a.r_prime[:, None]

    @property
    def t_prime(self) -> Complex:
        """t̂', shape (n, 1, 2, 2)."""
        return self._a.t_prime[:, None]

    @property
    def r_ex(self) -> Complex:
        """r̂_ex, shape (n, 1, 2, 2)."""
        return self._a.r_ex[:, None]

    @property
    def t_ex(self) -> Complex:
        """t̂_ex, shape (n, 1, 2, 2)."""
        return self._a.t_ex[:, None]

    @property
    def r_up(self) -> Complex:
        """r↑, shape (n, 1)."""
        return self._a.up(self._a.r)[:, None]

    @property
    def r_down(self) -> Complex:
        """r↓, shape (n, 1)."""
        return self._a.down(self._a.r)[:, None]

    @property
    def t_prime_up(self) -> Complex:
        """t'↑, shape (n, 1)."""
        return self._a.up(self._a.t_prime)[:, None]

    @property
    def t_prime_down(self) -> Complex:
        """t'↓, shape (n, 1)."""
        return self._a.down(self._a.t_prime)[:, None]


def _spinor(projector: Complex) -> Complex:
    # The longer column, so that none is divided by zero.
    column = projector[:, [np.argmax(np.abs(np.diag(projector)))]]
    spinor: Complex = column / np.linalg.norm(column)
    return spinor


def mean_over_angles(values: Array) -> Array:
    """Return the average over the angles of a grid, the second axis, kept with length one."""
    return values.mean(axis=1, keepdims=True)


__all__ = ["Symbols", "dagger", "mean_over_angles"]
