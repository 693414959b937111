"""Exact solutions around z = 0 with any layers beneath, by every engine; knows no formula of a paper."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.engines.stack import in_region, outgoing
from sotcheck.exact.solved import ANGLES
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
Sides = tuple[tuple[Region, ...], tuple[Region, ...]]


@dataclass(frozen=True)
class Solutions:
    """Two states whose waves come in from one side only, up to a common invertible factor from the right.

    ψ(0), ∂_zψ(−0) and ∂_zψ(+0), shape (..., 2, 2), columns are states; and ψ at the interfaces on the other
    side, outwards, (interfaces, ..., 2, 2).
    """

    psi: Complex
    slope_minus: Complex
    slope_plus: Complex
    beyond: Complex

    @property
    def jump(self) -> Complex:
        """(∂_zψ(+0) − ∂_zψ(−0)) ψ(0)⁻¹."""
        return (self.slope_plus - self.slope_minus) @ np.linalg.inv(self.psi)

    @property
    def log_plus(self) -> Complex:
        """∂_zψ(+0) ψ(0)⁻¹."""
        return self.slope_plus @ np.linalg.inv(self.psi)


def solutions(
    engine: str,
    energy: float,
    sides: Sides,
    delta: Delta,
    problems: tuple[Array, Array, Scale],
    incident: int = 0,
) -> Solutions:
    """Return the states that come in from the left (0) or right (1), where all channels are to be open.

    Sides are the regions left and right of z = 0, each from left to right, with nothing at other interfaces.
    Problems are k_⊥, angle and scale, which broadcast.
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
    # A half-space with all channels open.
    left = Region(energy - float(np.max(np.square(k_perp))) - 1)
    return -solutions(
        engine, energy, ((left,), regions), Delta(), (k_perp, np.zeros(1), np.zeros(1))
    ).log_plus


@dataclass(frozen=True)
class Local:
    """Solutions around z = 0 with N above and layers beneath, at given k_⊥.

    Requests are angles (a,) or (a, points) of k, and scales of the spin-orbit terms that broadcast with them
    after an axis of k_⊥ (n, …). The interface's F is the first layer beneath, of a thickness that is infinite
    for the half-space; other regions follow it. A delta stands at z = 0 instead of the interface's own.
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

    @property
    def rounding(self) -> float:
        """The engine's relative rounding error."""
        return EXACT[self.engine].rounding(self.iface.structure)

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
        return _amplitudes(states.psi, states.slope_minus, self.ik)

    def below(self, states: Solutions) -> tuple[Complex, Complex]:
        """Return the amplitudes at z = +0 of e^{iK̂_z z} and e^{−iK̂_z z}."""
        return _amplitudes(states.psi, states.slope_plus, self.iK)

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
        term = dot_sigma(self.at_zero.field(self.k, angle, np.array(1.0)))
        return 1 / np.abs(np.linalg.eigvals(self.green(angle, 0.0) @ term)).max(axis=-1)

    def coefficients(self, angle: Array, orders: int) -> Estimate:
        """Return the coefficients of s, …, s^orders in r̂_ex at a scale s, (orders, n, a, 2, 2)."""
        radius = RADIUS * self.radius(angle)
        circle = np.exp(2j * np.pi * np.arange(POINTS) / POINTS)
        scale = (radius[..., None] * circle).reshape(len(radius), -1)
        r = self.reflection(np.repeat(angle, POINTS), scale).reshape(*radius.shape, POINTS, 2, 2)
        found = np.moveaxis(np.fft.fft(r, axis=-3) / POINTS, -3, 0)
        per = radius[..., None, None] ** -np.arange(1.0, orders + 1).reshape(-1, 1, 1, 1, 1)
        # What higher powers alias into these.
        last = np.abs(found[-1]).max(axis=(-1, -2), keepdims=True) * RADIUS
        noise = self.rounding * max(1.0, float(np.abs(r).max()))
        aliases = last * per, "last Fourier coefficient on a circle of complex scales"
        rounding = noise * per, "double precision over the circle's radius^n"
        return Estimate(found[1 : orders + 1] * per, {"next order": aliases, "rounding": rounding})

    def _wave_numbers(self, region: Region) -> Complex:
        return 1j * in_region(region, outgoing(region.bands(self.iface.E_F, self.k)[0]))

    def _solve(self, sides: Sides, angle: Array, scale: Scale | float, incident: int = 0) -> Solutions:
        problems = self.k, np.asarray(angle), np.asarray(scale)
        return solutions(self.engine, self.iface.E_F, sides, self.at_zero, problems, incident)


def _amplitudes(psi: Complex, slope: Complex, iq: Complex) -> tuple[Complex, Complex]:
    per_q = np.linalg.inv(iq) @ slope
    return (psi + per_q) / 2, (psi - per_q) / 2


def angles_for(h_R: float) -> Array:
    """Return the angles of a request at h_R: all, or one where none matters."""
    return ANGLES if h_R else ANGLES[:1]
