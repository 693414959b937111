"""Exact states of one interface on a grid of k_⊥, angle and h_R: what quantities are measured on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.engines.stack import reach
from sotcheck.exact.observables import complex_torque, exact_flows, largest_torque, torque_from_flows
from sotcheck.numerics.angles import NESTED
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sample
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.states import States

#: k_⊥ nodes in each range between thresholds.
NODES = 3
#: So much cancellation of energies in k_z² an engine's own rounding error, of some dozen operations, covers.
COVERED = 16.0
#: Six equidistant angles: averages of harmonics up to the fifth are exact, and opposite k are a pair.
ANGLES = 0.3 + np.arange(6) * np.pi / 3
#: h_R in units of the radius of convergence at each k_⊥: 0, and a ladder whose even powers are eliminated.
LADDER = np.array([0.0, 1.0, 0.5, 0.25, 0.125]) / 12
POWERS = (2, 4, 6)
#: Degree in h_R² of the interpolation, and its range of |h_R| in radii of convergence: 18^-11 is 2e-14.
DEGREE = 11
REACH = 0.5
#: Chebyshev points of h_R² on [0, 1], from 0, and the first row of their differentiation matrix.
POINTS: Array = np.sin(np.pi * np.arange(DEGREE + 1) / (2 * DEGREE)) ** 2
_SIGNS = (-1.0) ** np.arange(DEGREE + 1) * np.where(np.arange(DEGREE + 1) % DEGREE == 0, 0.5, 1.0)
SLOPE: Array = _SIGNS[1:] / _SIGNS[0] / -POINTS[1:]


def coefficient(
    by_rung: Array | Complex, powers: tuple[int, ...], noise: Array | float, axes: tuple[int, ...]
) -> Estimate:
    """Return the coefficient of a power of h_R, the limit of quotients (n, ...) on a ladder of h_R.

    Along `axes` of the result every component gets the largest error of any, as one may escape by accident.
    """
    fit = richardson(by_rung, powers, noise, origin="last elimination of Richardson's table in h_R")
    over = (fit.size("rounding"), "double precision over h_R, carried through the table")
    return Estimate(fit.value, {"next order": fit.shared(axes).terms["next order"], "rounding": over})


@dataclass(frozen=True)
class Solved:
    """Exact states of one engine for one interface on the grid (k_⊥, ANGLES, LADDER).

    `nodes` k_⊥ lie in each range between thresholds, times `stretch`: some beyond the last for more than 1.
    """

    engine: str
    iface: Interface
    nodes: int = NODES
    stretch: float = 1.0

    @cached_property
    def k_perp(self) -> Array:
        """The in-plane wave numbers, shape (n,)."""
        return self.stretch * sample(self.iface.thresholds(), self.nodes)

    @cached_property
    def reach(self) -> Array:
        """The radius of convergence by k_⊥, at most 1, so that h_R k_⊥ is below a wave number; shape (n,)."""
        return np.minimum(reach(self.iface, self.k_perp, ANGLES).min(axis=1), 1.0)

    @property
    def h_R(self) -> Array:
        """h_R by k_⊥ and rung, shape (n, 1, 5); the first is zero."""
        return self.reach[:, None, None] * LADDER

    @property
    def grid(self) -> tuple[Array, Array, Array]:
        """(k_⊥, angle, h_R) broadcast to (n, 6, 5)."""
        k_perp, angle, h_R = np.broadcast_arrays(self.k_perp[:, None, None], ANGLES[:, None], self.h_R)
        return k_perp, angle, h_R

    @cached_property
    def states(self) -> States:
        """Exact states with axes (k_⊥, angle, rung)."""
        return EXACT[self.engine].solve(self.iface.structure, *self.grid)

    def at(self, h_R: float) -> States:
        """Return exact states at one h_R, axes (k_⊥, angle)."""
        return EXACT[self.engine].solve(self.iface.structure, self.k_perp[:, None], ANGLES, np.array(h_R))

    @cached_property
    def flows(self) -> Array:
        """Spin flows per unit incident flux, shape (n, 6, 5, source, flow, spin)."""
        return self.states.flows

    @cached_property
    def rashba(self) -> Complex:
        """σ·(k×ẑ), shape (n, 6, 2, 2)."""
        return rashba(*(g[..., 0] for g in self.grid[:2]))

    @property
    def kx(self) -> Array:
        """k_x, shape (n, 6)."""
        return self.k_perp[:, None] * np.cos(ANGLES)

    @cached_property
    def rounding(self) -> float:
        """Relative rounding error of amplitudes and flows.

        Where a channel is all but closed, k_z² is what is left of energies that cancel, and known no better.
        """
        engine, structure = EXACT[self.engine], self.iface.structure
        edges = (edge for region in structure.regions for edge in region.edges)
        # E_F − U and the sizes of both.
        bands = [(structure.energy - edge, abs(structure.energy) + abs(edge)) for edge in edges]
        lost = max(size / width for width, size in bands if width > 0)
        return engine.rounding(structure) * max(1.0, lost / COVERED)

    def unperturbed(self, values: Array | Complex) -> Estimate:
        """Return values (n, 6, 5, ...) at h_R = 0, shape (n, 6, ...)."""
        return Estimate(values[:, :, 0], {"rounding": (self._noise(values), "double precision")})

    def linear(self, values: Array | Complex) -> Estimate:
        """Return ∂/∂h_R at h_R = 0 of values (n, 6, 5, ...); −h_R is the opposite angle, half-way round."""
        odd, h = (values - np.roll(values, 3, axis=1)) / 2, self.h_R[:, :, 1:]
        over = 1 / h.reshape(-1, 1, 4, *(1,) * (values.ndim - 3))
        differences = odd[:, :, 1:] - odd[:, :, :1]
        noise: Array = np.broadcast_to(2 * self._noise(values) * over, differences.shape)
        quotients, steps = np.moveaxis(differences * over, 2, 0), np.moveaxis(noise, 2, 0)
        # All of a k_⊥ share the largest.
        return coefficient(quotients, POWERS, steps, tuple(range(1, quotients.ndim - 1)))

    def quadratic(self, seen: Callable[[States], Array | Complex]) -> Estimate:
        """Return the coefficient of h_R² of what is seen, shape (n, 6, ...): a polynomial's slope."""
        values = np.moveaxis(seen(_beyond(self)), 2, 0)
        # −h_R is the opposite angle, half-way round.
        even = (values + np.roll(values, 3, axis=2)) / 2
        scale = ((REACH * self.reach) ** 2).reshape(-1, *(1,) * (even.ndim - 2))
        # The last Chebyshev coefficient, and what it has for a slope at the end of the range.
        last = np.abs(np.tensordot(_SIGNS, even, axes=1)) / DEGREE
        inner = tuple(range(1, last.ndim))
        error = 2 * DEGREE**2 * last.max(axis=inner, keepdims=True) / scale
        # Currents are differences of fluxes of order one.
        size = np.maximum(1.0, np.abs(values).max(axis=(0, *(i + 1 for i in inner)), keepdims=True)[0])
        noise = 2 * self.rounding * np.abs(SLOPE).sum() * size / scale
        slope = Estimate(np.tensordot(SLOPE, even[1:] - even[0], axes=1) / scale)
        slope = slope.and_("next order", error, "last Chebyshev coefficient in h_R^2")
        return slope.and_("rounding", noise, "double precision over h_R^2")

    @cached_property
    def total(self) -> Estimate:
        """Fieldlike + i dampinglike per h_R of the sum over k_⊥, by source, shape (3,)."""
        return total(self.engine, self.iface)

    def _noise(self, values: Array | Complex) -> float:
        return self.rounding * max(1.0, float(np.abs(values).max()))


@lru_cache(maxsize=256)
def _beyond(one: Solved) -> States:
    """Return exact states with axes (k_⊥, angle, point), at h_R² up to (REACH · reach)²; once for equals."""
    h_R = REACH * one.reach[:, None, None] * np.sqrt(POINTS)
    grid = np.broadcast_arrays(one.k_perp[:, None, None], ANGLES[:, None], h_R)
    return EXACT[one.engine].solve(one.iface.structure, *grid)


@lru_cache(maxsize=256)
def solved(engine: str, iface: Interface, nodes: int = NODES) -> Solved:
    """Return the exact states of one engine for one interface, solved once a process."""
    return Solved(engine, iface, nodes)


@lru_cache(maxsize=256)
def linear_flows(engine: str, iface: Interface, rtol: float | None = None) -> Estimate:
    """Return the linear coefficient in h_R of the k_⊥-summed flows, (segments, 3, 4, 3)."""
    radius = float(reach(iface, sample(iface.thresholds(), 16), ANGLES).min())
    rungs = min(0.05, radius / 12) * 0.5 ** np.arange(4)
    tolerance = rtol or EXACT[engine].accuracy
    found = exact_flows(EXACT[engine], iface, rungs, rtol=tolerance).by_segment
    noise = EXACT[engine].rounding(iface.structure) * largest_torque(iface) / rungs
    fit = richardson(np.moveaxis(found.value, 1, 0), POWERS, noise[:, None, None, None, None])
    return fit.and_("quadrature", found.error.max(axis=1), NESTED)


def by_segment(engine: str, iface: Interface, rtol: float | None = None) -> Estimate:
    """Return fieldlike + i dampinglike per h_R by range between thresholds and source, (segments, 3).

    Relaxation times are not used; the relative quadrature error is the engine's best unless it is given.
    """
    m = iface.direction
    # Relaxation times are weights of what is summed once.
    flows = linear_flows(engine, iface.with_(tau_N=1.0, tau_up=1.0, tau_down=1.0), rtol)
    # Two flows of three components each, over the length of m × ŷ.
    length = float(np.linalg.norm(np.cross(m, [0.0, 1.0, 0.0])))
    return flows.each(
        lambda value: complex_torque(torque_from_flows(value, m), m),
        lambda size: size.max(axis=(-1, -2)) * 2 * np.sqrt(3) / length,
    )


def total(engine: str, iface: Interface, rtol: float | None = None) -> Estimate:
    """Return the same of all k_⊥, (3,)."""
    return by_segment(engine, iface, rtol).sum(axis=0)


Exact = Callable[[Solved], Estimate]
