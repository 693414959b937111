"""Spin density and current by k_⊥, and by the angle of k: exact, and to first order as a paper has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sotcheck.engines import FIRST_ORDER, Engine, exact_engines
from sotcheck.errors import EngineError, in_range
from sotcheck.exact.against_z import spin_at
from sotcheck.exact.inside import flows_of
from sotcheck.exact.observables import INTERFACE, LATTICE
from sotcheck.numerics.angles import FIRST_ANGLE
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sample
from sotcheck.run.threads import single_threaded
from sotcheck.system.interface import Interface
from sotcheck.system.model import System
from sotcheck.system.places import Places
from sotcheck.system.structure import Structure
from sotcheck.system.units import wave_vector
from sotcheck.theory import against_z as theory
from sotcheck.theory import response
from sotcheck.theory.amplitudes import unperturbed
from sotcheck.theory.first_order import interface_exchange
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.paper import first_order
from sotcheck.trial.torque import TOLERANCES

#: k_⊥ of all ranges between thresholds; angles of an average, doubled up to the most of them.
NODES, FIRST_ANGLES, MOST_ANGLES = 150, 16, 512
#: Degrees between the angles that are resolved by default.
STEP = 5.0


@dataclass(frozen=True)
class Resolved:
    """What `resolved` found, with k_⊥ and angles in degrees; shapes as in `trial.against_z` and grid axes.

    By engine: `spin` (p, 3, 2, [k, [angle,]] 3): place, source, density or current, …, x, y, z; and `at_zero`
    (3, 2, [k, [angle,]] 3): what spin-orbit terms add, and what exchange takes, at z = 0.
    """

    system: System
    places: Places
    k_perp: Array
    angle: Array | None
    spin: dict[str, Estimate]
    at_zero: dict[str, Estimate]


@single_threaded
def resolved(
    system: System,
    places: Places,
    engines: Sequence[str],
    *,
    scale: float = 1.0,
    k_perp: Array | None = None,
    angle: Array | None = None,
    by_angle: bool = False,
    tolerance: float,
) -> Resolved:
    """Return spin by k_⊥ as integrands of (1/4π) ∫ d(k_⊥²), averaged over the angle of k, or by angle too.

    By angle they are integrands of ∫ d²k_⊥/(2π)², each the mean of k and −k. The error of an average is what
    its last doubling of angles changed. An EngineError says that an engine is unknown, k_⊥ beyond what comes
    in, or the tolerance out of range.
    """
    in_range("tolerance", tolerance, *TOLERANCES)
    solvers = exact_engines(engines, "exact-difference", None)
    edges = system.thresholds()
    k = sample(edges, NODES // (len(edges) - 1)) if k_perp is None else k_perp
    for value in k.tolist():
        if not 0 < value < edges[-1] ** 0.5 or min(abs(value**2 - edge) for edge in edges) == 0:
            one_k, unit = wave_vector(system)
            raise EngineError(
                f"k_perp = {one_k * value:g}{unit} is not accepted; expected numbers between 0 and "
                f"{one_k * edges[-1] ** 0.5:g}{unit}, where the last channel closes, but for thresholds"
            )
    strength = system.scale * scale
    found: dict[str, tuple[Estimate, Estimate]] = {}
    angles = np.arange(0.0, 360.0, STEP) if angle is None else angle
    for name in engines:
        if name == FIRST_ORDER:
            exact_sum = {"rounding": (0.0, "closed forms")}
            if by_angle:
                parts = _first_order_at(places, k**2, np.radians(angles))
            else:
                parts = _first_order(system, places, k**2)
            found[name] = (Estimate(parts[0] * strength, exact_sum), Estimate(parts[1] * strength, exact_sum))
        elif by_angle:
            one = _at_angles(solvers[name], system, places, k, np.radians(angles), strength)
            rounding = solvers[name].rounding(system.structure)
            found[name] = tuple(  # type: ignore[assignment]
                Estimate(values, {"rounding": (rounding * np.abs(values).max(), "double precision")})
                for values in one
            )
        else:
            found[name] = _averaged(solvers[name], system, places, k, strength, tolerance)
    spin, at_zero = ({name: one[n] for name, one in found.items()} for n in range(2))
    return Resolved(system, places, k, angles if by_angle else None, spin, at_zero)


def _at_angles(
    engine: Engine, system: System, places: Places, k: Array, angle: Array, scale: float
) -> tuple[Array, Array]:
    """Return integrands, (p, 3, 2, k, angle, 3) and (3, 2, k, angle, 3), each the mean of k and −k."""
    structure = system.structure
    masses = np.array(system.masses)[[0, 1, 1], None, None]

    def at(turned: Array) -> tuple[Array, Array]:
        grid = np.broadcast_arrays(k[:, None], turned, np.array(scale))
        factor = -(grid[0] * np.cos(grid[1]))[..., None, None, None] / (4 * np.pi * masses)
        spin = factor[..., None, :, :, :] * spin_at(engine.solve(structure, *grid), places)
        flows = flows_of(engine, structure, *grid)[..., [LATTICE, INTERFACE], :]
        return np.moveaxis(spin, (0, 1), (3, 4)), np.moveaxis(factor * flows, (0, 1), (2, 3))

    one, other = at(angle), at(angle + np.pi)
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def _averaged(
    engine: Engine, system: System, places: Places, k: Array, scale: float, tolerance: float
) -> tuple[Estimate, Estimate]:
    """Return averages, (p, 3, 2, k, 3) and (3, 2, k, 3): angles are doubled until that is no news."""
    count, rounding = FIRST_ANGLES, engine.rounding(system.structure)

    def mean(first: float) -> list[Array]:
        angle = np.pi * (np.arange(count) + first) / count
        return [values.mean(axis=-2) for values in _at_angles(engine, system, places, k, angle, scale)]

    values = mean(FIRST_ANGLE)
    while True:
        more = mean(FIRST_ANGLE + 0.5)
        # The angles halfway between double the rule.
        better: list[Array] = [(one + other) / 2 for one, other in zip(values, more, strict=True)]
        change = [np.abs(one - other) for one, other in zip(values, better, strict=True)]
        size = max(float(np.abs(one).max()) for one in better)
        values, count = better, 2 * count
        if max(float(one.max()) for one in change) <= tolerance * size or count >= MOST_ANGLES:
            break
    terms: list[Any] = [
        {
            "angles": (off, "what the last doubling of angles changed"),
            "rounding": (rounding * size, "double precision"),
        }
        for off in change
    ]
    return Estimate(values[0], terms[0]), Estimate(values[1], terms[1])


def _first_order(system: System, places: Places, x: Array) -> tuple[Array, Array]:
    """Return linear coefficients, (p, 3, 2, k, 3) and (3, 2, k, 3); at z = ±0 those of the paper."""
    if not isinstance(system, Interface):
        return _linear(places, x)
    spin = np.moveaxis(theory.spin_at(places, x), 0, 3)
    paper, s = first_order(), Symbols.of(system, unperturbed(system, x))
    current, lattice, taken = (
        np.moveaxis(one(s)[:, 0], 0, 1) for one in (paper.current, paper.lattice, interface_exchange)
    )
    sides = {0: current, 1: current + lattice - taken}
    for n, (region, z) in enumerate(zip(places.region.tolist(), places.z.tolist(), strict=True)):
        if z == 0:
            spin[n, :, 1] = sides[region]
    return spin, np.stack([lattice, taken], axis=1)


def _linear(places: Places, x: Array) -> tuple[Array, Array]:
    """Return the same of any structure, by the response of its states."""
    flows = np.moveaxis(response.flows(places.structure, x), 0, 2)
    return np.moveaxis(theory.spin_at(places, x), 0, 3), flows[:, [LATTICE, INTERFACE]]


def _first_order_at(places: Places, x: Array, angle: Array) -> tuple[Array, Array]:
    """Return linear coefficients by angle, (p, 3, 2, k, angle, 3) and (3, 2, k, angle, 3).

    Averaged, k_x A k leaves k_⊥²/2 times the first column of A; at an angle φ it is as much times
    2 cos φ (cos φ, sin φ) of both columns.
    """
    structure, weights = places.structure, 2 * np.cos(angle) * np.stack([np.cos(angle), np.sin(angle)])
    spin, at_zero = zip(
        *(_linear(replace(places, structure=_with_column(structure, n)), x) for n in range(2)), strict=True
    )
    found = (np.einsum("na,n...c->...ac", weights, np.stack(parts)) for parts in (spin, at_zero))
    return next(found), next(found)


def _with_column(structure: Structure, n: int) -> Structure:
    """Return a structure that has one column of all spin-orbit terms in place of the first, alone."""

    def kept(part: Any) -> Any:
        return replace(part, spin_orbit=tuple((row[n], 0.0) for row in part.spin_orbit))

    return replace(
        structure,
        regions=tuple(map(kept, structure.regions)),
        interfaces=tuple(map(kept, structure.interfaces)),
    )
