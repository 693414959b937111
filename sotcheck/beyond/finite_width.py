"""A Rashba layer of width w and strength h_R/w in place of the delta of strength h_R: what the delta misses.

The layer has the material of where it lies: that of N just before z = 0, that of F (or of the first layer)
just after it, or half of each. All else stays where it is, barrier and exchange of the delta at z = 0 too.
Widths are in units of 1/k_F, k_F being the largest in-plane wave number of a state at E_F.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import product
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial
from scipy.optimize import brentq

from sotcheck import __version__
from sotcheck.beyond.limits import COMPONENTS, CURRENTS, LIMITS, exact_per_h, first_order
from sotcheck.beyond.torques import CHAIN, MATCHING
from sotcheck.beyond.warnings import warnings
from sotcheck.engines import FIRST_ORDER, Engine
from sotcheck.errors import SystemFileError
from sotcheck.exact.observables import components
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.convergence import observed_order, richardson
from sotcheck.numerics.estimate import Estimate, side_by_side
from sotcheck.run.executors import results
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.system.files import to_document
from sotcheck.system.interface import Interface
from sotcheck.system.model import System
from sotcheck.system.stack import Junction, Layer, Stack
from sotcheck.system.structure import NO_FIELD
from sotcheck.system.units import unit_of_torque

#: Where the layer lies, and which parts of it before and after z = 0.
SIDES = {"N": (1.0, 0.0), "F": (0.0, 1.0), "both": (0.5, 0.5)}
#: Widths w k_F, each √2 times the one before; those at which Kwant is asked as well; and of these the ladder
#: to w = 0, from 0.1 on, each half the one before.
WIDTHS = 0.1 * 2.0 ** (np.arange(-14, 11) / 2)
SAME, LADDER = slice(None, None, 2), slice(0, 15, 2)
#: Places in the ladder, the largest width first, of those that tell the slope: thinner ones round too much.
STEEP = slice(2, 6)
#: Relative quadrature error.
TOLERANCE = 1e-8
#: A component smaller than this part of the largest is none: first order has it only by accident, if at all.
NEGLIGIBLE = 1e-4
#: Fewest widths of the ladder that tell order and slope.
FEWEST = 6
#: Part of the first layer's thickness that a Rashba layer in it may take.
MOST_OF_A_LAYER = 0.9

#: w k_F of a limit, its error, and in words why there is none.
Width = tuple[float | None, float | None, str]


def spread(system: System, width: float, side: str) -> Stack:
    """Return a system with its Rashba delta at z = 0 spread over a layer of this width."""
    stack = Stack(**{**system.model_dump(), "h_R": 0.0})
    before, after = (part * width for part in SIDES[side])
    strength = system.h_R / width
    layers, delta = list(stack.layers), dict[str, Any]()
    if after:
        beneath = Layer(potential=stack.U_F, exchange=stack.J, magnetization=stack.m_F, mass=stack.mass_F)
        if layers:
            beneath, left = layers[0], layers[0].thickness - after
            layers[0] = beneath.model_copy(update={"thickness": left})
        field = {"thickness": after, "rashba": beneath.rashba + strength, "interface": Junction()}
        layers.insert(0, beneath.model_copy(update=field))
    if before:
        own: dict[str, Any] = {name: getattr(stack, name) for name in ("dresselhaus", "weyl", "spin_orbit")}
        moved = Junction(barrier=stack.u_0, exchange=stack.u_m, **own)
        delta = {"u_0": 0.0, "u_m": 0.0, "dresselhaus": 0.0, "weyl": 0.0, "spin_orbit": NO_FIELD}
        above: dict[str, Any] = {"potential": stack.U_N, "mass": stack.mass_N, "rashba": strength}
        layers.insert(0, Layer(thickness=before, interface=moved, **above))
    return stack.with_(layers=tuple(layers), **delta)


def wave_number(system: System) -> float:
    """Return k_F, the largest in-plane wave number of a state at E_F."""
    return float(system.thresholds()[-1] ** 0.5)


def largest_width(system: System, side: str) -> float:
    """Return the largest w k_F that is tried."""
    most = float(WIDTHS[-1])
    if isinstance(system, Stack) and system.layers and SIDES[side][1]:
        room = MOST_OF_A_LAYER * system.layers[0].thickness / SIDES[side][1]
        most = min(most, room * wave_number(system))
    return most


def torque_of(system: System, engine: Engine | None) -> Estimate:
    """Return t by component and source or total (2, 4): exact, or to first order without an engine."""
    scale = system.scale
    if engine is None:
        return first_order(system) * scale
    return exact_per_h(system, np.array([scale]), rtol=TOLERANCE, engine=engine)[0] * scale


@dataclass(frozen=True)
class Widths:
    """t of the layer over t of the delta, less one, against w k_F: (n, 2, 4) by component and source."""

    system: System
    side: str
    engine: Engine | None

    def __call__(self, x: Array) -> Estimate:
        """Return it at some w k_F (n,), zero where the delta's torque vanishes."""
        widths = (x / wave_number(self.system)).tolist()
        layers = [torque_of(spread(self.system, width, self.side), self.engine) for width in widths]
        found = side_by_side([one.each(lambda array: array[None]) for one in layers])
        off = (found - self.delta) / np.where(self.vanishes, 1.0, self.delta.value)
        return off.each(lambda array: np.where(self.vanishes, 0.0, array))

    @cached_property
    def delta(self) -> Estimate:
        """The delta's t."""
        return torque_of(self.system, self.engine)

    @cached_property
    def vanishes(self) -> Array:
        """Where the delta's t vanishes, so that nothing is relative to it."""
        size = np.abs(self.delta.value)
        return np.asarray(size <= NEGLIGIBLE * size.max())


def first_width(x: Array, off: Array, limit: float) -> Width:
    """Return where |off| at widths x is a limit for the first time, its error, or in words why there is none.

    Between widths a polynomial in log x through the nearest six of them, or four for the error.
    """
    above = np.abs(off) >= limit
    if not above.any():
        return None, None, f"not up to w k_F = {x[-1]:.2g}"
    if above[0]:
        return None, None, f"off by more at w k_F = {x[0]:.2g} already"
    first, u = int(np.argmax(above)), np.log2(x)

    def crossing(points: int) -> float:
        start = max(min(first - points // 2, len(x) - points), 0)
        near = slice(start, start + points)
        p = Polynomial.fit(u[near], off[near], len(u[near]) - 1)

        def beyond(v: float) -> float:
            # At the ends what is known, whatever the polynomial's rounding says.
            here = np.flatnonzero(u == v)
            return abs(off[here[0]] if here.size else p(v)) - limit

        return float(2 ** brentq(beyond, u[first - 1], u[first]))

    six, four = crossing(6), crossing(4)
    return six, abs(six - four), ""


@single_threaded
def one_side(system: System, side: str) -> dict[str, Any]:
    """Return all that is known of a layer on one side, ready for JSON: curves, orders, limits."""
    most = largest_width(system, side)
    x = WIDTHS[most >= WIDTHS]
    exact, chain, first = (Widths(system, side, engine) for engine in (MATCHING, CHAIN, None))
    off = {MATCHING.name: exact(x), CHAIN.name: chain(x[SAME]), FIRST_ORDER: first(x)}
    rows = [
        row
        for widths, name in ((exact, MATCHING.name), (chain, CHAIN.name), (first, FIRST_ORDER))
        for row in _rows(widths, name, x if name != CHAIN.name else x[SAME], off[name])
    ]
    at_limits = [row for row in rows if row["engine"] == MATCHING.name]
    difference = np.abs(off[CHAIN.name].value - off[MATCHING.name][SAME].value).max()
    return {
        "side": side,
        # Whose limits and orders are the exact ones; the chain's are those that confirm them.
        "engine": MATCHING.name,
        "chain": CHAIN.name,
        "w_k_F": x.tolist(),
        "same_w_k_F": x[SAME].tolist(),
        "off": {name: np.moveaxis(one.value, 0, -1).tolist() for name, one in off.items()},
        "difference": float(difference),
        "difference_at_limits": _difference(chain, at_limits),
        "rows": rows,
    }


def _rows(widths: Widths, name: str, x: Array, off: Estimate) -> Iterator[dict[str, Any]]:
    """Yield a row for each component and source: the delta's t, how the layer's goes there, its limits."""
    steps = np.flatnonzero(np.isin(x, WIDTHS[LADDER]))[::-1]
    ladder, h = off[steps], x[steps][:, None, None]
    slope = richardson((ladder.value / h)[STEEP], (1, 2, 3), (ladder.error / h)[STEEP])
    for at in np.ndindex(2, 4):
        if widths.vanishes[at]:
            continue
        order = observed_order(np.abs(ladder.value[:, *at]), ladder.error[:, *at], power=1)
        seen = np.isfinite(order.total)
        found = {f"{limit:.0%}": first_width(x, off.value[:, *at], limit) for limit in LIMITS}
        yield {
            "engine": name,
            "component": COMPONENTS[at[0]],
            "source": CURRENTS[at[1]],
            "at": list(at),
            "delta": float(widths.delta.value[at]) * unit_of_torque(widths.system),
            "slope": float(slope.value[at]),
            "slope_error": float(slope.error[at]),
            "order": float(order.value) if seen else None,
            "order_error": order.total if seen else None,
            # Below the smallest width there is a limit, but none is known.
            "limits": {limit: width for limit, (width, *_) in found.items()},
            "limit_errors": {limit: error for limit, (_, error, _) in found.items()},
            "why": {limit: why for limit, (*_, why) in found.items()},
        }


def _difference(chain: Widths, rows: list[dict[str, Any]]) -> float:
    """Return by how much the chain is off the limits that were found without it, at their widths."""
    found = [
        (w, float(limit.rstrip("%")) / 100, tuple(row["at"]))
        for row in rows
        for limit, w in row["limits"].items()
        if w is not None
    ]
    if not found:
        return 0.0
    off = chain(np.array([w for w, *_ in found])).value
    return max(abs(abs(one[at]) - limit) for one, (_, limit, at) in zip(off, found, strict=True))


def finite_width(
    systems: Sequence[System],
    *,
    sides: Sequence[str] = tuple(SIDES),
    executor: Executor | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Compare the Rashba delta of systems with layers of finite width, ready for JSON.

    A SystemFileError says that a system has no Rashba delta, or that its m is along y, where the components
    are undefined; an EngineError that an engine fails.
    """
    for system in systems:
        _refuse(system)
    tasks = list(product(systems, sides))
    calls = [partial(one_side, *task) for task in tasks]
    found = list(progress(results(calls, executor), "finite width", len(calls)))
    number = len(sides)
    return {
        "sotcheck": __version__,
        "systems": [
            _of_system(system) | {"sides": found[n * number : (n + 1) * number]}
            for n, system in enumerate(systems)
        ],
    }


def _of_system(system: System) -> dict[str, Any]:
    return {
        "system": to_document(system),
        "k_F": wave_number(system) * unit_of_torque(system) ** (1 / 3),
        "warnings": list(warnings(system, [system.h_R])) if isinstance(system, Interface) else [],
    }


def _refuse(system: System) -> None:
    """Refuse a system without a Rashba delta at z = 0, or without components of its torque."""
    if not system.h_R:
        raise SystemFileError(
            f"{system.name}: interface.rashba = 0: there is no delta that a layer of finite width could "
            "stand for; give another value in the file or with --h-r"
        )
    if min(largest_width(system, side) for side in SIDES) < WIDTHS[LADDER][FEWEST - 1]:
        raise SystemFileError(
            f"{system.name}: layer[1].thickness is too small for a Rashba layer within it: expected at least "
            f"{WIDTHS[LADDER][FEWEST - 1] / MOST_OF_A_LAYER:.2g}/k_F"
        )
    if components(np.zeros(3), system.direction) is None:
        raise SystemFileError(
            f"{system.name}: m is parallel to y, where fieldlike and dampinglike are undefined; choose "
            "another magnetization"
        )
