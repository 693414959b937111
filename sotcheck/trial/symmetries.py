"""Copies of a system that are rotated, mirrored or reversed in time: what their torques have to be.

With m, all directions and all spin-orbit terms of a system turned together by g, the torque tensor χ, in
t = χ·ê for a field along ê, becomes g_s χ g_kᵀ: g_k turns k, and g_s spins, which a mirror turns as axial
vectors. All fields are along x: copies turned by R(α) and by M_y R(−α) give 2 cos α χ·x̂ together. Reversal of
time, m → −m and k → −k, takes all incoming states at E_F to all outgoing ones: with equal relaxation times
(and weights k_x, which a source has over its mass) sums over all sources change sign.

No formula is used, nor what a file or its reader says: a term that breaks a symmetry shows even if it is in
all that solves, sums and proves. It holds for torques of bound states too, and at any strength.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from sotcheck.engines import Engine
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.model import BOUND, SOURCES, System
from sotcheck.system.stack import SpinOrbitTerms, Stack, spin_orbit
from sotcheck.trial.torque import rows_by
from sotcheck.trial.torque_table import TorqueRow
from sotcheck.trial.verdict import Finding, Trial, compare, unknown

#: How far copies are turned: by no angle that a grid, or a crystal, has.
ALPHA = 0.7
#: Relative quadrature error of copies, which are for what breaks a symmetry, not for digits.
ROUGH = 1e-4
#: What reversal of time does to k and spins.
REVERSAL = -np.eye(2), -np.eye(3)
TURNED = ("rotation", "A system turned about z, and its mirror image, have the torques turned with them")
REVERSED = ("sum-rule", "Torques of all sources together, for equal relaxation times, are odd in m")


def rotation(alpha: float) -> tuple[Array, Array]:
    """Return how a rotation about z turns k, (2, 2), and spins, (3, 3)."""
    c, s = math.cos(alpha), math.sin(alpha)
    return np.array([[c, -s], [s, c]]), np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def mirrored(alpha: float) -> tuple[Array, Array]:
    """Return the same of that rotation, and a mirror y → −y after it, for which spins are axial."""
    k, s = rotation(alpha)
    return np.diag([1, -1]) @ k, np.diag([-1, 1, -1]) @ s


def turned(system: System, k: Array, s: Array) -> System:
    """Return a system with all directions and spin-orbit terms turned; Rashba terms stay what they are."""

    def along(d: Any) -> Any:
        return None if d is None else tuple((s @ np.array(d)).tolist())

    def terms(one: Stack | SpinOrbitTerms) -> dict[str, Any]:
        others = np.array(spin_orbit(0.0, one.dresselhaus, one.weyl, one.spin_orbit))
        A = tuple(map(tuple, (s @ others @ k.T).tolist()))
        return {"dresselhaus": 0.0, "weyl": 0.0, "spin_orbit": A}

    def magnetic(one: Any) -> dict[str, Any]:
        return terms(one) | {"magnetization": along(one.magnetization)}

    if not isinstance(system, Stack):
        return system.with_(m=along(system.m))
    layers = tuple(
        one.model_copy(
            update=magnetic(one) | {"interface": one.interface.model_copy(update=magnetic(one.interface))}
        )
        for one in system.layers
    )
    return system.with_(m=along(system.m), m_F=along(system.m_F), layers=layers, **terms(system))


def symmetric(system: System, rows: Sequence[TorqueRow], engines: Mapping[str, Engine]) -> Iterator[Finding]:
    """Hold rows at the first h_R or scale against copies, by the first engine without a lattice."""
    engine = next((one for one in engines.values() if one.scheme is None), None)
    some = [row for row in rows if engine is not None and row.engine == engine.name]
    if engine is None or not some:
        return
    h_R, scale = some[0].h_R, some[0].scale
    own = {row.source: _numbers(row) for row in some if (row.h_R, row.scale) == (h_R, scale)}
    ways = rotation(ALPHA), mirrored(-ALPHA), REVERSAL
    try:
        one, other, reverse = (
            {
                row.source: _numbers(row) @ s
                for row in rows_by(
                    engine, turned(system, k, s), [h_R if scale is None else scale * system.scale], ROUGH, {}
                )
            }
            for k, s in ways
        )
    except EngineError as error:
        words = f"torques of a copy are not to be had: {error}"
        yield Trial("t and flows of copies", unknown(), words, None, engine.name).finding(*TURNED)
        return
    words = f"copies turned by {ALPHA:g} and -{ALPHA:g} about z, one of them mirrored"
    for source, numbers in own.items():
        if np.any(numbers.value) and source in one and source in other:
            expected, found = numbers * (2 * math.cos(ALPHA)), one[source] + other[source]
            yield _held(expected, found, words, source, engine.name).finding(*TURNED)
    masses = dict(zip(SOURCES, np.array(system.masses)[[0, 1, 1]], strict=True))
    for sources in (SOURCES, (BOUND,)):
        if all(source in own and source in reverse for source in sources):
            # States that come in from nowhere are a sum of their own.
            kept, found = (
                sum((some[source] * masses.get(source, 1.0) for source in sources), Estimate(0.0))
                for some in (own, reverse)
            )
            words = "times their masses, and the sum at -m, which the reversal of time exchanges"
            name = "total" if len(sources) > 1 else BOUND
            yield _held(kept, found, words, name, engine.name).finding(*REVERSED)


def _numbers(row: TorqueRow) -> Estimate:
    """Return t and all flows that are known, (n, 3): no flow is known worse than t."""
    numbers = np.vstack([row.vector, row.flows]) if row.knows_flows else row.vector[None]
    return Estimate(numbers, {"budget": (row.t.total, "of the rows")})


def _held(expected: Estimate, found: Estimate, words: str, source: str, engine: str) -> Trial:
    # However wide a budget is, it may be right.
    budget = found.and_("budget", expected.error, "of the rows")
    held = compare(expected.value, budget, tell_apart=math.inf)
    return Trial("t and flows, worst number", held, words, source, engine, torque=True)
