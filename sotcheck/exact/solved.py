"""Where equations are tried: interfaces by model, with exact states on a grid of k_⊥, angle and h_R."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from sotcheck.engines import Continuum, Engine, KwantChain
from sotcheck.exact.observables import exact_flows, largest_torque
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.quadrature import sample
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.states import Scattering, flows
from sotcheck.theory.symbols import Symbols
from sotcheck.theory.validity import radius_by_k

ENGINES: dict[str, Engine] = {"continuum": Continuum(), "kwant": KwantChain()}
#: k_⊥ nodes in each range between thresholds.
NODES = 3
#: Six equidistant angles: averages of harmonics up to the fifth are exact, and opposite k are a pair.
ANGLES = 0.3 + np.arange(6) * np.pi / 3
#: h_R in units of the radius of convergence at each k_⊥: 0, and a ladder whose even powers are eliminated.
LADDER = np.array([0.0, 1.0, 0.5, 0.25, 0.125]) / 12
POWERS = (2, 4, 6)


def _interface(name: str, **values: object) -> Interface:
    # A name has no points: bulk-1.5 becomes bulk-1-5.
    return Interface(name=name.replace(".", "-"), **({"m": (2.0, -1.0, 2.0)} | values))  # type: ignore[arg-type]


#: Interfaces without further assumptions: every channel regime, barriers of either sign, m without symmetry.
GENERAL = (
    _interface("generic", E_F=1.3, U_N=0.2, U_F=-0.3, J=0.7, u_0=0.4, u_m=-0.3),
    _interface("n-closes-first", E_F=1.4, U_N=0.9, U_F=0.1, J=0.5, u_0=0.3, u_m=0.2, m=(-3.0, 6.0, 2.0)),
    _interface("f-closes-first", E_F=1.0, U_N=-0.6, U_F=0.4, J=0.3, u_0=0.6, u_m=-0.5, m=(1.0, 2.0, -2.0)),
    _interface("half-metal", E_F=0.8, U_F=0.1, J=1.1, u_0=-0.2, u_m=0.1, m=(6.0, 2.0, 3.0)),
)
#: Model (17), with E_F below, near and above J.
BULK = tuple(_interface(f"bulk-{E_F:g}", E_F=E_F, J=1.0) for E_F in (0.6, 1.1, 1.5, 3.0))
#: Model (22), repulsive for both spins.
INTERFACE = tuple(
    _interface(f"interface-{u_0:g}-{u_m:g}", E_F=1.0, J=0.0, u_0=u_0, u_m=u_m)
    for u_0, u_m in ((0.9, 0.4), (1.3, -0.8), (0.5, 0.45))
)
#: Model (25), and with an interface potential (31).
INSULATOR = tuple(
    _interface(f"insulator-{U_F:g}-{J:g}", E_F=E_F, U_F=U_F, J=J)
    for E_F, U_F, J in ((0.6, 2.0, 0.5), (1.3, 2.0, 0.66), (0.2, 1.5, 1.2))
)
INSULATOR_BARRIER = tuple(
    _interface(f"insulator-barrier-{u_0:g}-{u_m:g}", E_F=0.9, U_F=2.0, J=0.8, u_0=u_0, u_m=u_m)
    for u_0, u_m in ((0.5, 0.3), (0.7, -0.4))
)
#: Model (33), with the minority band open and closed at E_F.
TOPOLOGICAL = tuple(_interface(f"topological-{E_F:g}", E_F=E_F, U_N=2.2, J=0.7) for E_F in (0.4, 1.1, 1.9))


@dataclass(frozen=True)
class Measured:
    """An exact quantity and its error terms, by name: size (scalar or of its shape) and origin."""

    value: Any
    terms: dict[str, tuple[Any, str]]


@dataclass(frozen=True)
class Solved:
    """Exact states of one engine for one interface on the grid (k_⊥, ANGLES, LADDER).

    Attributes
    ----------
    engine : str
    iface : Interface
    nodes : int
        k_⊥ nodes in each range between thresholds.
    """

    engine: str
    iface: Interface
    nodes: int = NODES

    @cached_property
    def k_perp(self) -> Array:
        """The in-plane wave numbers, shape (n,)."""
        return sample(self.iface.thresholds(), self.nodes)

    @cached_property
    def h_R(self) -> Array:
        """h_R by k_⊥ and rung, shape (n, 1, 5); the first is zero."""
        radius = radius_by_k(self.iface, self.k_perp**2, ANGLES).min(axis=1)
        # Where nothing limits the expansion, h_R k_⊥ is kept below a wave number.
        size = np.minimum(radius, 1.0)
        return size[:, None, None] * LADDER

    @property
    def grid(self) -> tuple[Array, Array, Array]:
        """(k_⊥, angle, h_R) broadcast to (n, 6, 5)."""
        k_perp, angle, h_R = np.broadcast_arrays(self.k_perp[:, None, None], ANGLES[:, None], self.h_R)
        return k_perp, angle, h_R

    @cached_property
    def states(self) -> Scattering:
        """Exact states with axes (k_⊥, angle, rung)."""
        return ENGINES[self.engine].scatter(self.iface, *self.grid)

    @cached_property
    def flows(self) -> Array:
        """Spin flows of Fig. 2 per unit incident flux, shape (n, 6, 5, source, flow, spin)."""
        return flows(self.states, self.iface, *self.grid)

    @cached_property
    def rashba(self) -> Complex:
        """σ·(k×ẑ), shape (n, 6, 2, 2)."""
        return rashba(*(g[..., 0] for g in self.grid[:2]))

    @cached_property
    def symbols(self) -> Symbols:
        """What formulas read."""
        return Symbols(self.iface, self.k_perp, ANGLES)

    @cached_property
    def rounding(self) -> float:
        """Relative rounding error of amplitudes and flows."""
        return ENGINES[self.engine].rounding(self.iface)

    def unperturbed(self, values: Array | Complex) -> Measured:
        """Return values (n, 6, 5, ...) at h_R = 0, shape (n, 6, ...)."""
        return Measured(values[:, :, 0], {"rounding": (self._noise(values), "double precision")})

    def linear(self, values: Array | Complex) -> Measured:
        """Return ∂/∂h_R at h_R = 0 of values (n, 6, 5, ...): odd differences, even powers eliminated.

        −h_R is the opposite angle, half-way round the ANGLES.
        """
        odd = (values - np.roll(values, 3, axis=1)) / 2
        return self._limit(odd, 1, self._noise(values))

    def quadratic(self, values: Array | Complex) -> Measured:
        """Return the coefficient of h_R² of values (n, 6, 5, ...)."""
        even = (values + np.roll(values, 3, axis=1)) / 2
        return self._limit(even - even[:, :, :1], 2, self._noise(values))

    def _limit(self, differences: Array | Complex, power: int, noise: float) -> Measured:
        h = self.h_R[:, :, 1:].reshape(-1, 1, 4, *(1,) * (differences.ndim - 3))
        quotients = np.moveaxis(differences[:, :, 1:] / h**power, 2, 0)
        steps = np.moveaxis(np.broadcast_to(2 * noise / h**power, differences[:, :, 1:].shape), 2, 0)
        real = richardson(quotients.real, POWERS, steps)
        imag = richardson(quotients.imag, POWERS, steps)
        inner = tuple(range(2, real.error.ndim))
        # One component may escape the last elimination by accident: all of a k_⊥ and angle share the largest.
        error = np.maximum(real.error, imag.error).max(axis=(1, *inner), keepdims=True) + 0 * real.error
        value = real.limit + 1j * imag.limit if np.iscomplexobj(differences) else real.limit
        return Measured(
            value,
            {
                "next order": (error, "last elimination of Richardson's table in h_R"),
                "rounding": (real.rounding, "double precision over h_R, carried through the table"),
            },
        )

    def _noise(self, values: Array | Complex) -> float:
        return self.rounding * max(1.0, float(np.abs(values).max()))


@lru_cache(maxsize=256)
def solved(engine: str, iface: Interface, nodes: int = NODES) -> Solved:
    """Return the exact states of one engine for one interface, solved once a process."""
    return Solved(engine, iface, nodes)


@lru_cache(maxsize=256)
def linear_torque_flows(engine: str, iface: Interface) -> tuple[Array, Array]:
    """Return the linear coefficient in h_R of the k_⊥-summed flows, (segments, 3, 4, 3), and its error."""
    radius = float(radius_by_k(iface, sample(iface.thresholds(), 16) ** 2, ANGLES).min())
    rungs = min(0.05, radius / 12) * 0.5 ** np.arange(4)
    rtol = 1e-12 if engine == "continuum" else 1e-9
    found = exact_flows(ENGINES[engine], iface, rungs, rtol=rtol)
    values = np.moveaxis(found.values, 1, 0)
    noise = ENGINES[engine].rounding(iface) * largest_torque(iface) / rungs
    fit = richardson(values, POWERS, noise[:, None, None, None, None])
    return fit.limit, fit.error + fit.rounding + found.errors.max(axis=1)


Exact = Callable[[Solved], Measured]
Formula = Callable[[Symbols], Array | Complex]
