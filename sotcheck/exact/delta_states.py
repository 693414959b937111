"""States that a delta at the interface binds: decay constants, and the strengths at which states appear."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from sotcheck.exact.layers import stiffness
from sotcheck.exact.solved import Exact, Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import projectors

#: Decay constants below a continuum, from which its bottom is extrapolated; unit: √J.
LADDER = 0.4 * 0.5 ** np.arange(8)
POWERS = tuple(range(1, 8))
#: Absolute error allowed to a bound state's energy.
ROOT = 1e-15
#: Half a dozen operations on each decay constant.
ROUNDING = 64 * float(np.finfo(float).eps)


@lru_cache(maxsize=4096)
def decay(engine: str, iface: Interface, energy: float) -> tuple[Complex, Complex]:
    """Return the decay constants in N and F as matrices, at an energy less k_⊥²."""
    in_N, in_F = (stiffness(engine, (region,), energy, np.zeros(1))[0] for region in iface.structure.regions)
    return in_N, in_F


def by_band(one: Solved, energy: float) -> Array:
    """Return the decay constants (band, side) of both spins: minority and majority, N and F."""
    both = decay(one.engine, one.iface, energy)
    return np.array([[np.trace(u @ q).real for q in both] for u in projectors(one.iface.direction)])


def bottoms(iface: Interface) -> Array:
    """Return where each band's own continuum begins, less k_⊥²: minority, majority."""
    return np.minimum(iface.U_N, iface.U_F + iface.J * np.array([1.0, -1.0]))


@lru_cache(maxsize=64)
def _bound(one: Solved) -> Array:
    from scipy.optimize import brentq

    strength = one.iface.h_R * np.sqrt(one.iface.thresholds()[-1])
    found = []
    for band, bottom in enumerate(bottoms(one.iface)):

        def excess(energy: float, band: int = band) -> float:
            return float(by_band(one, energy)[band].sum() - strength)

        energy = float(brentq(excess, bottom - strength**2, bottom - 1e-9 * strength**2, xtol=ROOT))
        found.append(by_band(one, energy)[band])
    return np.array(found)


def bound(seen: Callable[[Array], Array]) -> Exact:
    """What is seen in the decay constants (band, side) of what an attractive delta h_R k_max binds."""

    def exact(one: Solved) -> Estimate:
        value = seen(_bound(one))
        size = ROUNDING * float(np.abs(value).max())
        return Estimate(value, {"rounding": (size, "double precision, and of the root found")})

    return exact


def _at_bottom(rows: Array) -> Estimate:
    """Return the limit of thresholds found for the decay constants LADDER √J below the bottom."""
    # A decay constant q is found from q², so with an error ε/q.
    noise = ROUNDING * np.abs(rows).max() / LADDER[:, None] + 0 * rows
    origin = "last elimination of Richardson's table in the decay constant"
    return richardson(rows, POWERS, noise, origin=origin)


@lru_cache(maxsize=64)
def simple_thresholds(one: Solved) -> Estimate:
    """Return the least strength of an attractive delta that binds a state, by band."""
    bands, steps = list(enumerate(bottoms(one.iface).tolist())), (LADDER**2 * one.iface.J).tolist()
    found = [[by_band(one, bottom - step)[band].sum() for band, bottom in bands] for step in steps]
    return _at_bottom(np.array(found))


def rashba_thresholds(one: Solved) -> Estimate:
    """Return the least h_R k_⊥ for which the Rashba term binds a state below the continuum, by angle.

    Among the angles are those for which k×ẑ is along and against the in-plane part of m.
    """
    m = one.iface.m
    term = rashba(np.ones(12), np.arctan2(m[1], m[0]) + np.pi / 2 + np.arange(12) * np.pi / 6)
    stiff = (below_continuum(one, step) for step in (LADDER**2 * one.iface.J).tolist())
    # The least w > 0 for which stiffness + w term is singular.
    found = [1 / np.linalg.eigvals(np.linalg.solve(-each, term)).real.max(axis=-1) for each in stiff]
    return _at_bottom(np.array(found))


def below_continuum(one: Solved, depth: float) -> Complex:
    """Return the sum of the decay constants in N and F, a matrix, at a depth below the whole continuum."""
    in_N, in_F = decay(one.engine, one.iface, float(bottoms(one.iface).min()) - depth)
    return in_N + in_F


def states_bound(one: Solved, strength: float, angle: float) -> int:
    """Return how many states the Rashba term of this h_R k_⊥ binds a little below the continuum."""
    # The negative eigenvalues of the matching problem.
    matching = below_continuum(one, LADDER[-1] ** 4 * one.iface.J)
    matching = matching + strength * rashba(np.array(1.0), np.array(angle))
    return int(np.count_nonzero(np.linalg.eigvalsh(matching) < 0))
