"""Exact solutions around z = 0 with any layers beneath, by both engines; knows no formula of the paper."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from sotcheck.engines.continuum import outgoing
from sotcheck.engines.layered import Layer, LayeredContinuum, LayeredEngine, Solutions, Structure
from sotcheck.engines.layered_kwant import LayeredKwant
from sotcheck.exact.solved import ANGLES, Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.interface import Interface, rashba

ENGINES: dict[str, LayeredEngine] = {"continuum": LayeredContinuum(), "kwant": LayeredKwant()}
#: Thickness of what separates z = 0 from an outer layer whose only use is that all its channels are open.
SLAB = 0.5
#: Coefficients of powers are read off this many points of a circle, its radius relative to convergence's.
POINTS = 24
RADIUS = 1 / 4


@dataclass(frozen=True)
class Local:
    """Solutions around z = 0 with N above and layers beneath, at given k_⊥ and angles.

    Attributes
    ----------
    engine : str
    iface : Interface
        Its F is the first layer beneath.
    thickness : float
        Of that layer; infinite for the half-space.
    beneath : tuple of Layer
        What follows it.
    k_perp : tuple of floats
    """

    engine: str
    iface: Interface
    k_perp: tuple[float, ...]
    thickness: float = np.inf
    beneath: tuple[Layer, ...] = ()

    @property
    def normal(self) -> Layer:
        """N."""
        return Layer(self.iface.U_N)

    @property
    def first(self) -> Layer:
        """The layer just beneath z = 0."""
        return Layer(self.iface.U_F, self.iface.J, self.iface.m, self.thickness)

    @property
    def outside(self) -> Layer:
        """A half-infinite layer with all channels open."""
        edges = (self.iface.U_N, *(layer.potential - layer.exchange for layer in (self.first, *self.beneath)))
        return Layer(min(edges) - 1)

    @property
    def k(self) -> Array:
        """k_⊥, shape (n, 1)."""
        return np.array(self.k_perp)[:, None]

    @cached_property
    def ik(self) -> Complex:
        """ik_z of N, shape (n, 1, 2, 2)."""
        return self._wave_numbers(self.normal)

    @cached_property
    def iK(self) -> Complex:
        """iK̂_z of the first layer, shape (n, 1, 2, 2)."""
        return self._wave_numbers(self.first)

    def kappa(self, h_R: float) -> Complex:
        """κ̂ with the Rashba term of all ANGLES, shape (n, 6, 2, 2); without it, (1, 1, 2, 2)."""
        kappa_0 = self.iface.kappa_0()[None, None]
        return kappa_0 + h_R * rashba(*np.broadcast_arrays(self.k, ANGLES)) if h_R else kappa_0

    def from_above(self, kappa: Complex) -> Solutions:
        """Return states that come in through N, whether or not k_z is real; κ̂ is (n, a, ..., 2, 2)."""
        above = (Layer(self.iface.U_N, thickness=SLAB), self.outside)
        return self._solve(Structure(self.iface.E_F, above, (self.first, *self.beneath)), kappa, "left")

    def from_beneath(self, kappa: Complex) -> Solutions:
        """Return states that come in through the first layer."""
        slab = Layer(self.iface.U_F, self.iface.J, self.iface.m, SLAB)
        return self._solve(Structure(self.iface.E_F, (self.normal,), (slab, self.outside)), kappa, "right")

    def above(self, states: Solutions) -> tuple[Complex, Complex]:
        """Return the amplitudes at z = −0 of e^{ik_z z} and e^{−ik_z z}."""
        slope: Complex = np.linalg.inv(self.ik) @ states.slope_minus
        return (states.psi + slope) / 2, (states.psi - slope) / 2

    def below(self, states: Solutions) -> tuple[Complex, Complex]:
        """Return the amplitudes at z = +0 of e^{iK̂_z z} and e^{−iK̂_z z}."""
        slope: Complex = np.linalg.inv(self.iK) @ states.slope_plus
        return (states.psi + slope) / 2, (states.psi - slope) / 2

    def reflection(self, kappa: Complex) -> Complex:
        """Return r̂_ex: the wave e^{−ik_z z} per wave e^{ik_z z}; κ̂ is (n, a, 2, 2)."""
        right, left = self.above(self.from_above(kappa))
        return left @ np.linalg.inv(right)

    def green(self, kappa: Complex) -> Complex:
        """Return the retarded Green function at z = 0: ψ(0) per unit jump of ∂_zψ beyond κ̂ψ(0)."""
        return np.linalg.inv(self.from_above(kappa).log_plus - self.from_beneath(kappa).log_plus)

    def coefficients(self, kappa: Complex, change: Complex, orders: int) -> tuple[Complex, Array, Array]:
        """Return the coefficients of h, …, h^orders in r̂_ex at κ̂ + h `change`: a contour integral.

        Returns
        -------
        values : array (orders, n, a, 2, 2)
        error : array (orders, n, a, 1, 1)
            What higher powers alias into them, from the last Fourier coefficient.
        radius : array (n, a, 1, 1)
            Of the circle.
        """
        fastest = np.abs(np.linalg.eigvals(self.green(kappa) @ change)).max(axis=-1)
        radius = RADIUS / fastest
        circle = np.exp(2j * np.pi * np.arange(POINTS) / POINTS)
        h = (radius[..., None] * circle)[..., None, None]
        along = h * change[..., None, :, :]
        points = kappa + along.reshape(len(self.k), -1, 2, 2)
        r = self.reflection(points).reshape(along.shape)
        power = np.fft.fft(r, axis=-3) / POINTS
        steps = radius[..., None, None]
        values = np.stack([power[..., n, :, :] / steps**n for n in range(1, orders + 1)])
        last = np.abs(power[..., -1, :, :]).max(axis=(-1, -2), keepdims=True) * RADIUS
        return values, np.stack([last / steps**n for n in range(1, orders + 1)]), steps

    def _wave_numbers(self, layer: Layer) -> Complex:
        return 1j * layer.matrix(outgoing(layer.wave_numbers_squared(self.iface.E_F, self.k)))

    def _solve(self, structure: Structure, kappa: Complex, incident: str) -> Solutions:
        return ENGINES[self.engine].solve(structure, self.k, kappa, incident)


@lru_cache(maxsize=256)
def half_space(one: Solved) -> Local:
    """Return the solutions of N/F at the k_⊥ of `one`."""
    return Local(one.engine, one.iface, tuple(one.k_perp.tolist()))


def measured(one: Solved, value: Complex, *inverted: Complex) -> Estimate:
    """Return a value with its rounding error, amplified by the matrices inverted on the way."""
    worst = max([1.0, *(float(np.linalg.cond(matrix).max()) for matrix in inverted)])
    size = one.rounding * worst * max(1.0, float(np.abs(value).max()))
    return Estimate(value, {"rounding": (size, "double precision, amplified by the inversions")})
