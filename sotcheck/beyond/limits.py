"""Trust limits: the first h_R at which first order is off by 1 %, or 10 %, by source and component.

The deviation is f(h_R) = t_exact/(h_R t_1) − 1 with t_1 from first order. All sources and components come
from the same k_⊥ sums. The torque against h_R: exact by continuum, Kwant's spot checks, first order, limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product
from typing import Any

import numpy as np

from sotcheck.beyond.torques import CHAIN, exact_torque, open_sources
from sotcheck.bound.fermi import first_states
from sotcheck.engines import Engine
from sotcheck.errors import EngineError, in_range, one_of
from sotcheck.exact.observables import components, parts_of
from sotcheck.numerics.angles import NESTED
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.crossing import ACCURACIES, ACCURACY, LARGEST, SMALLEST, Target, search
from sotcheck.numerics.estimate import Estimate, side_by_side
from sotcheck.run.threads import single_threaded
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.system.model import System
from sotcheck.system.stack import Stack
from sotcheck.theory.all_orders import first_order as series
from sotcheck.theory.embedded import embedded_state
from sotcheck.theory.sums import first_order_torque, stack_torque

#: "total": the sources weighted with their relaxation times.
CURRENTS = (*SOURCES, "total")
COMPONENTS = ("fieldlike", "dampinglike")
LIMITS = (0.01, 0.1)
#: Deviations that a limit may stand for: the exact torque is known a thousand times better, and first
#: order that is off by all of itself is none.
LIMIT_RANGE = (1e-5, 1.0)
#: Of a stack whose spin-orbit terms are more than h_R: where the search ends.
MOST_SCALE = 20.0
#: A component of first order below this part of the largest is zero: nothing to be relative to.
NEGLIGIBLE = 1e-9
#: Brackets wider than accuracy times this are sought again, with a quadrature error so much smaller.
COARSEST, FINER = 5.0, 0.01
#: h_R of the curve: 50 values, closer where first order holds.
CURVE_H_R = np.concatenate([np.geomspace(0.01, 0.1, 10)[:-1], np.linspace(0.1, LARGEST, 41)])
#: Kwant's points on the curve.
KWANT_H_R = np.array([0.05, 0.2, 0.4, 0.6])
#: h_R summed together: neighbours need about the same angles and nodes.
TOGETHER = 5


@dataclass(frozen=True)
class TrustLimit:
    """Where first order is off by `limit`, 0.1 for 10 %, for the first time.

    h_R and its error are the middle of the bracket and half its width; None where there is no such h_R. The
    kind is "found"; "beyond" (not up to the largest h_R tried); "embedded" and "immediate" (h_R = 0: off
    however small h_R is, with or without an interface state to blame); "vanishes" (first order does);
    "closed" (nothing comes in from this source); "undefined" (m ∥ y). The reason says so in words, but for
    "found".
    """

    source: str
    component: str
    limit: float
    h_R: float | None
    error: float | None
    kind: str
    reason: str


def strength_of(system: System) -> str:
    """Return what limits are of: h_R, or the factor of all spin-orbit terms of a stack that has others."""
    return "scale" if isinstance(system, Stack) and not system.only_rashba else "h_R"


def farthest(system: System) -> float:
    """Return where a search for limits ends: a scale of all spin-orbit terms, or an h_R."""
    return MOST_SCALE if strength_of(system) == "scale" else LARGEST


@lru_cache(maxsize=64)
def first_order(iface: System) -> Estimate:
    """Return first order per h_R, or per scale of a stack, shape (2, 4): component, source and total."""
    if isinstance(iface, Interface):
        return _with_total(first_order_torque(iface, series, rtol=1e-10).total.parts, iface)
    return _with_total(_split(stack_torque(iface, rtol=1e-10), iface), iface)


def exact_per_h(iface: System, h_R: Array, *, rtol: float, engine: Engine | None = None) -> Estimate:
    """Return the exact torque per h_R, shape (n, 2, 4): component, source or total; not for m ∥ ŷ."""
    return _with_total(_split(exact_torque(iface, h_R, rtol=rtol, engine=engine), iface), iface)


def _split(t: Estimate, iface: System) -> Estimate:
    """Return components (..., 2) of t (..., 3), or say that there are none."""
    parts = parts_of(t, iface.direction)
    if parts is None:
        raise EngineError(
            "m is parallel to y, where fieldlike and dampinglike are undefined; choose another magnetization"
        )
    return parts


def _with_total(by_source: Estimate, iface: System) -> Estimate:
    """Return (..., 2, 4) of components by source (..., 3, 2): with the sum weighted by relaxation times."""
    weights = np.column_stack([np.eye(3), [iface.tau_N, iface.tau_up, iface.tau_down]])
    return by_source.each(lambda array: np.swapaxes(array, -1, -2)) @ weights


class _Deviation:
    """f(h_R) = exact/first order − 1, shape (n, 2, 4); every h_R is summed once."""

    def __init__(self, iface: System, engine: Engine | None, rtol: float) -> None:
        self.exact = partial(exact_per_h, iface, rtol=rtol, engine=engine)
        self.slopes = first_order(iface)
        size = np.abs(self.slopes.value)
        self.vanishes = size <= np.maximum(NEGLIGIBLE * size.max(), 2 * self.slopes.error)
        self._done: dict[float, Estimate] = {}

    def __call__(self, h_R: Array) -> Estimate:
        """Sum those h_R together that are new."""
        new = [h for h in h_R.tolist() if h not in self._done]
        if new:
            exact = self.exact(np.array(new))
            self._done.update((h, exact[i : i + 1]) for i, h in enumerate(new))
        exact = side_by_side([self._done[h] for h in h_R.tolist()])
        exact = exact.and_("quadrature", self.slopes.error, NESTED)
        return exact / np.where(self.vanishes, 1.0, self.slopes.value) - 1


@single_threaded
def trust_limits(
    iface: System,
    *,
    limits: Sequence[float] = LIMITS,
    sources: Sequence[str] = CURRENTS,
    parts: Sequence[str] = COMPONENTS,
    largest: float | None = None,
    accuracy: float = ACCURACY,
    engine: Engine | None = None,
) -> list[TrustLimit]:
    """Find the first h_R at which first order is off by each limit, for every source and component.

    Of a stack it is the first scale of all spin-orbit terms.

    Limits lie in LIMIT_RANGE; the search ends at the `largest`, `farthest` by default; the quadrature is as
    fine as the relative accuracy needs, of the continuum by default. Each combination has a result, None with
    the reason included. What is unknown or out of range, or an engine that fails, is an EngineError.
    """
    largest = farthest(iface) if largest is None else largest
    in_range("accuracy", accuracy, *ACCURACIES)
    wanted = list(product(sources, parts, limits))
    for source, part, limit in wanted:
        one_of(source, CURRENTS, "source")
        one_of(part, COMPONENTS, "component")
        in_range("limit", limit, *LIMIT_RANGE, ": 0.05 for 5 %")
    if components(np.zeros(3), iface.direction) is None:
        words = "m is parallel to y: fieldlike and dampinglike are undefined"
        return [TrustLimit(*one, None, None, "undefined", words) for one in wanted]
    # Of the largest spin flow.
    rtol = accuracy * min(limits)
    deviation = _Deviation(iface, engine, rtol)
    every = {one: Target((COMPONENTS.index(one[1]), CURRENTS.index(one[0])), one[2]) for one in wanted}
    targets = {one: target for one, target in every.items() if not deviation.vanishes[target.at]}
    waiting = list(targets.values())
    if waiting:
        search(deviation, waiting, largest, accuracy)
    if hidden := [target for target in waiting if not target.known_to(COARSEST * accuracy)]:
        # The quadrature error hides the crossing: once more from there on, with a finer one.
        search(_Deviation(iface, engine, FINER * rtol), hidden, largest, accuracy, again=True)
    return [_result(iface, one, targets.get(one), largest) for one in wanted]


def _result(iface: System, one: tuple[str, str, float], target: Target | None, top: float) -> TrustLimit:
    def result(kind: str, reason: str, h_R: float | None = None, error: float | None = None) -> TrustLimit:
        return TrustLimit(*one, h_R, error, kind, reason)

    strength = strength_of(iface)
    if target is None and one[0] in SOURCES and iface.k_perp2_max(one[0]) <= 0:
        return result("closed", f"no {one[0]} state comes in at E_F")
    if target is None:
        return result("vanishes", "first order vanishes: nothing to be relative to")
    if target.upper is None:
        perhaps = "" if target.lower is None else f", though perhaps at {strength} = {target.lower:.3g}"
        return result("beyond", f"not up to {strength} = {top:g}{perhaps}")
    if target.upper <= SMALLEST:
        if isinstance(iface, Interface) and embedded_state(iface):
            words = "an interface state of one spin at E_F, inside the other's continuum"
            return result("embedded", f"{words}: first order misses its torque", 0.0, 0.0)
        return result("immediate", f"off by more at {strength} = {SMALLEST:g} already", 0.0, SMALLEST)
    lower = SMALLEST if target.lower is None else target.lower
    return result("found", "", (lower + target.upper) / 2, (target.upper - lower) / 2)


def torque_curve(iface: System, h_R: Array, *, engine: Engine | None = None, rtol: float = 1e-4) -> Estimate:
    """Return the exact torque at all h_R (n,), not divided by h_R, as `exact_per_h` has it: (n, 2, 4)."""
    groups = np.array_split(h_R, max(1, -(-len(h_R) // TOGETHER)))
    per_h = side_by_side([exact_per_h(iface, some, engine=engine, rtol=rtol) for some in groups])
    return per_h * h_R[:, None, None]


def curve_data(
    iface: System,
    h_R: Array = CURVE_H_R,
    same_h_R: Array = KWANT_H_R,
    *,
    per: float = 1.0,
    unit: float = 1.0,
    **search_by: float,
) -> dict[str, Any]:
    """Return the torque against h_R: exact, the chain's points, first order's slopes, trust limits.

    Ready for JSON. A curve's "error" is the largest of its points'; a limit that is None or 0 has a reason in
    "why"; "kwant_difference" is the largest at Kwant's points, relative to the largest torque at that h_R;
    from "bound_from" on bound states lie at E_F, whose torque is in none of these, None where they are not
    looked for. All h_R are in multiples of `per`, torques in those of `unit`. For m ∥ y, or when an engine
    fails, an EngineError.
    """
    exact, same = (unit * torque_curve(iface, per * some) for some in (h_R, same_h_R))
    kwant = unit * torque_curve(iface, per * same_h_R, engine=CHAIN).value
    off, size = (np.abs(torque).max(axis=(1, 2)) for torque in (kwant - same.value, same.value))
    slopes = unit * per * first_order(iface).value
    limits = trust_limits(iface, **search_by)  # type: ignore[arg-type]
    found = {(row.source, row.component, row.limit): row for row in limits}

    def component(s: int, c: int) -> dict[str, Any]:
        rows = {f"{limit:.0%}": found[CURRENTS[s], COMPONENTS[c], limit] for limit in LIMITS}
        return {
            "exact": exact.value[:, c, s].tolist(),
            "error": float(exact.error[:, c, s].max()),
            CHAIN.name: kwant[:, c, s].tolist(),
            "first_order_per_h_R": float(slopes[c, s]),
            "first_order_vanishes": all(row.kind == "vanishes" for row in rows.values()),
            "limits": {label: row.h_R and row.h_R / per for label, row in rows.items()},
            "why": {label: row.reason for label, row in rows.items() if row.reason},
        }

    shown = [s for s, _ in open_sources(iface)] + [CURRENTS.index("total")]
    return {
        "h_R": h_R.tolist(),
        "kwant_h_R": same_h_R.tolist(),
        "kwant_points": len(same_h_R),
        "bound_from": first_states(iface).h_R if isinstance(iface, Interface) else None,
        "kwant_difference": float((off / size).max()),
        "sources": {CURRENTS[s]: {name: component(s, c) for c, name in enumerate(COMPONENTS)} for s in shown},
    }
