"""Exact solutions around z = 0 with any layers beneath, by every engine; knows no formula of a paper."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.engines.stack import in_region, outgoing
from sotcheck.exact.solved import ANGLES, Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.interface import Interface
from sotcheck.system.spin import dot_sigma
from sotcheck.system.structure import Delta, Region, Scale, Structure

#: Thickness of what separates z = 0 from an outer layer whose only use is that all its channels are open.
SLAB = 0.5
#: Coefficients of powers are read off this many points of a circle, its radius relative to convergence's.
POINTS = 24
RADIUS = 1 / 4


@dataclass(frozen=True)
class Solutions:
    """Two states whose waves come in from one side only, up to a common invertible factor from the right.

    Attributes
    ----------
    psi, slope_minus, slope_plus : array (..., 2, 2)
        ψ(0), ∂_zψ(−0), ∂_zψ(+0); columns are states.
    beyond : array (interfaces, ..., 2, 2)
        ψ at the interfaces on the other side, outwards.
    """

    psi: Complex
    slope_minus: Complex
    slope_plus: Complex
    beyond: Complex

    @property
    def log_minus(self) -> Complex:
        """∂_zψ(−0) ψ(0)⁻¹."""
        return self.slope_minus @ np.linalg.inv(self.psi)

    @property
    def log_plus(self) -> Complex:
        """∂_zψ(+0) ψ(0)⁻¹."""
        return self.slope_plus @ np.linalg.inv(self.psi)


def solutions(
    engine: str,
    energy: float,
    sides: tuple[tuple[Region, ...], tuple[Region, ...]],
    delta: Delta,
    problems: tuple[Array, Array, Scale],
    incident: int = 0,
) -> Solutions:
    """Return the states that come in from the left (0) or right (1), where all channels are to be open.

    Parameters
    ----------
    engine : str
    energy : float
    sides : two tuples of Region
        Those on the left and on the right of z = 0, each from left to right.
    delta : Delta
        At z = 0; there is nothing at other interfaces.
    problems : k_⊥, angle and scale, which broadcast
    incident : int
    """
    left, right = sides
    deltas = [Delta()] * (len(left) - 1) + [delta] + [Delta()] * (len(right) - 1)
    found = EXACT[engine].solve(Structure(energy, (*left, *right), tuple(deltas)), *problems)
    here, psi = len(left) - 1, found.psi[incident]
    beyond = psi[:here][::-1] if incident else psi[here + 1 :]
    minus, plus = found.slope[:, incident, here]
    return Solutions(psi[here], minus, plus, beyond)


def stiffness(engine: str, regions: tuple[Region, ...], energy: float, k_perp: Array) -> Complex:
    """Return −(∂ψ outwards) ψ⁻¹ of what decays or leaves through regions on the right, (..., 2, 2)."""
    problems = k_perp, np.zeros(1), np.zeros(1)
    return -solutions(engine, energy, ((_open(energy, k_perp),), regions), Delta(), problems).log_plus


def _open(energy: float, k_perp: Array) -> Region:
    """Return a half-space with all channels open."""
    return Region(energy - float(np.max(np.square(k_perp))) - 1)


@dataclass(frozen=True)
class Local:
    """Solutions around z = 0 with N above and layers beneath, at given k_⊥.

    Requests are angles (a,) or (a, points) of k, and scales of the spin-orbit terms that broadcast with them
    after an axis of k_⊥ (n, …).

    Attributes
    ----------
    engine : str
    iface : Interface
        Its F is the first layer beneath.
    k_perp : tuple of floats
    thickness : float
        Of that layer; infinite for the half-space.
    beneath : tuple of Region
        What follows it.
    delta : Delta, optional
        At z = 0, instead of the interface's own.
    """

    engine: str
    iface: Interface
    k_perp: tuple[float, ...]
    thickness: float = np.inf
    beneath: tuple[Region, ...] = ()
    delta: Delta | None = None

    @property
    def normal(self) -> Region:
        """N."""
        return self.iface.structure.left

    @property
    def first(self) -> Region:
        """The layer just beneath z = 0."""
        return replace(self.iface.structure.right, thickness=self.thickness)

    @property
    def at_zero(self) -> Delta:
        """What lies at z = 0."""
        return self.delta or self.iface.structure.interfaces[0]

    @property
    def outside(self) -> Region:
        """A half-infinite layer with all channels open."""
        layers = self.normal, self.first, *self.beneath
        return Region(min(layer.potential - layer.exchange for layer in layers) - 1)

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

    def field(self, angle: Array) -> Complex:
        """Return the spin-orbit term σ·w at z = 0 for a scale of one, shape (n, a, 2, 2)."""
        return dot_sigma(self.at_zero.field(*self._problems(angle, 1.0)))

    def from_above(self, angle: Array, scale: Scale | float) -> Solutions:
        """Return states that come in through N, whether or not k_z is real."""
        above = self.outside, replace(self.normal, thickness=SLAB)
        return self._solve((above, (self.first, *self.beneath)), angle, scale)

    def from_beneath(self, angle: Array, scale: Scale | float) -> Solutions:
        """Return states that come in through the first layer."""
        slab = replace(self.first, thickness=SLAB)
        return self._solve(((self.normal,), (slab, self.outside)), angle, scale, 1)

    def above(self, states: Solutions) -> tuple[Complex, Complex]:
        """Return the amplitudes at z = −0 of e^{ik_z z} and e^{−ik_z z}."""
        slope: Complex = np.linalg.inv(self.ik) @ states.slope_minus
        return (states.psi + slope) / 2, (states.psi - slope) / 2

    def below(self, states: Solutions) -> tuple[Complex, Complex]:
        """Return the amplitudes at z = +0 of e^{iK̂_z z} and e^{−iK̂_z z}."""
        slope: Complex = np.linalg.inv(self.iK) @ states.slope_plus
        return (states.psi + slope) / 2, (states.psi - slope) / 2

    def reflection(self, angle: Array, scale: Scale | float) -> Complex:
        """Return r̂_ex: the wave e^{−ik_z z} per wave e^{ik_z z}."""
        right, left = self.above(self.from_above(angle, scale))
        return left @ np.linalg.inv(right)

    def green(self, angle: Array, scale: Scale | float) -> Complex:
        """Return the retarded Green function at z = 0: ψ(0) per unit jump of ∂_zψ beyond κ̂ψ(0)."""
        above, beneath = self.from_above(angle, scale), self.from_beneath(angle, scale)
        return np.linalg.inv(above.log_plus - beneath.log_plus)

    def radius(self, angle: Array) -> Array:
        """Return the smallest |scale|, of complex ones too, at which ψ(0) diverges, shape (n, a)."""
        return 1 / np.abs(np.linalg.eigvals(self.green(angle, 0.0) @ self.field(angle))).max(axis=-1)

    def coefficients(self, angle: Array, orders: int) -> tuple[Complex, Array, Array]:
        """Return the coefficients of s, …, s^orders in r̂_ex at a scale s: a contour integral.

        Returns
        -------
        values : array (orders, n, a, 2, 2)
        error : array (orders, n, a, 1, 1)
            What higher powers alias into them, from the last Fourier coefficient.
        radius : array (n, a, 1, 1)
            Of the circle.
        """
        radius = RADIUS * self.radius(angle)
        circle = np.exp(2j * np.pi * np.arange(POINTS) / POINTS)
        scale = (radius[..., None] * circle).reshape(len(radius), -1)
        r = self.reflection(np.repeat(angle, POINTS), scale).reshape(*radius.shape, POINTS, 2, 2)
        power = np.fft.fft(r, axis=-3) / POINTS
        steps = radius[..., None, None]
        values = np.stack([power[..., n, :, :] / steps**n for n in range(1, orders + 1)])
        last = np.abs(power[..., -1, :, :]).max(axis=(-1, -2), keepdims=True) * RADIUS
        return values, np.stack([last / steps**n for n in range(1, orders + 1)]), steps

    def _problems(self, angle: Array, scale: Scale | float) -> tuple[Array, Array, Scale]:
        return self.k, np.asarray(angle), np.asarray(scale)

    def _wave_numbers(self, region: Region) -> Complex:
        return 1j * in_region(region, outgoing(region.bands(self.iface.E_F, self.k)[0]))

    def _solve(
        self,
        sides: tuple[tuple[Region, ...], tuple[Region, ...]],
        angle: Array,
        scale: Scale | float,
        incident: int = 0,
    ) -> Solutions:
        problems = self._problems(angle, scale)
        return solutions(self.engine, self.iface.E_F, sides, self.at_zero, problems, incident)


def angles_for(h_R: float) -> Array:
    """Return the angles of a request at h_R: all, or one where none matters."""
    return ANGLES if h_R else ANGLES[:1]


@lru_cache(maxsize=256)
def half_space(one: Solved) -> Local:
    """Return the solutions of N/F at the k_⊥ of `one`."""
    return Local(one.engine, one.iface, tuple(one.k_perp.tolist()))


def measured(one: Solved, value: Complex, *inverted: Complex) -> Estimate:
    """Return a value with its rounding error, amplified by the matrices inverted on the way."""
    worst = max([1.0, *(float(np.linalg.cond(matrix).max()) for matrix in inverted)])
    size = one.rounding * worst * max(1.0, float(np.abs(value).max()))
    return Estimate(value, {"rounding": (size, "double precision, amplified by the inversions")})
