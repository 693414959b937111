"""Trust limits: the first h_R at which first order is off by 1 %, or 10 %, by source and component.

The deviation is f(h_R) = t_exact/(h_R t_1) − 1 with t_1 from first order. All sources and components come
from the same k_⊥ sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from sotcheck.beyond.torques import component_axes, exact_torque
from sotcheck.bound.thresholds import interface_states
from sotcheck.engines import Engine
from sotcheck.errors import EngineError, in_range, one_of
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.crossing import ACCURACIES, ACCURACY, LARGEST, SMALLEST, Target, search
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import NESTED
from sotcheck.run.threads import single_threaded
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.theory.all_orders import first_order as series
from sotcheck.theory.sums import first_order_torque

#: "total": the sources weighted with their relaxation times.
CURRENTS = (*SOURCES, "total")
COMPONENTS = ("fieldlike", "dampinglike")
LIMITS = (0.01, 0.1)
#: Deviations that a limit may stand for: the exact torque is known a thousand times better, and first
#: order that is off by all of itself is none.
LIMIT_RANGE = (1e-5, 1.0)
#: A component of first order below this part of the largest is zero: nothing to be relative to.
NEGLIGIBLE = 1e-9
#: Brackets wider than accuracy times this are sought again, with a quadrature error so much smaller.
COARSEST, FINER = 5.0, 0.01


@dataclass(frozen=True)
class TrustLimit:
    """Where first order is off by `limit` for the first time.

    Attributes
    ----------
    source, component : str
        Of CURRENTS and COMPONENTS.
    limit : float
        Relative deviation, 0.1 for 10 %.
    h_R, error : float or None
        The middle of the bracket and half its width; None where there is no such h_R.
    kind : str
        "found"; "beyond" (not up to the largest h_R tried); "embedded" and "immediate" (h_R = 0: off however
        small h_R is, with or without an interface state to blame); "vanishes" (first order does); "closed"
        (nothing comes in from this source); "undefined" (m ∥ y).
    reason : str
        In words; empty for "found".
    """

    source: str
    component: str
    limit: float
    h_R: float | None
    error: float | None
    kind: str
    reason: str


@lru_cache(maxsize=64)
def first_order(iface: Interface) -> Estimate:
    """Return first order per h_R, shape (2, 4): component, source and total."""
    return _with_total(first_order_torque(iface, series, rtol=1e-10).total.parts, iface)


def exact_per_h(iface: Interface, h_R: Array, *, rtol: float, engine: Engine | None = None) -> Estimate:
    """Return the exact torque per h_R, shape (n, 2, 4): component, source or total.

    Raises
    ------
    EngineError
        If m is parallel to y, where the components are undefined.
    """
    axes = component_axes(iface.direction)
    if tuple(axes) != COMPONENTS:
        raise EngineError(
            "m is parallel to y, where fieldlike and dampinglike are undefined; choose another magnetization"
        )
    found = exact_torque(iface, h_R, rtol=rtol, engine=engine)
    return _with_total(found @ np.stack([axes[name] for name in COMPONENTS], axis=-1), iface)


def _with_total(by_source: Estimate, iface: Interface) -> Estimate:
    """Return (..., 2, 4) of components by source (..., 3, 2): with the sum weighted by relaxation times."""
    weights = np.column_stack([np.eye(3), [iface.tau_N, iface.tau_up, iface.tau_down]])
    return by_source.each(lambda array: np.swapaxes(array, -1, -2)) @ weights


class _Deviation:
    """f(h_R) = exact/first order − 1, shape (n, 2, 4); every h_R is summed once."""

    def __init__(self, iface: Interface, engine: Engine | None, rtol: float) -> None:
        self.iface, self.engine, self.rtol = iface, engine, rtol
        self.slopes = first_order(iface)
        size = np.abs(self.slopes.value)
        self.vanishes = size <= np.maximum(NEGLIGIBLE * size.max(), 2 * self.slopes.error)
        self._done: dict[float, tuple[Array, Array]] = {}

    def __call__(self, h_R: Array) -> Estimate:
        """Sum those h_R together that are new."""
        new = [h for h in h_R.tolist() if h not in self._done]
        if new:
            exact = exact_per_h(self.iface, np.array(new), rtol=self.rtol, engine=self.engine)
            self._done.update(zip(new, zip(exact.value, exact.error, strict=True), strict=True))
        value, error = (np.array(rows) for rows in zip(*map(self._done.get, h_R.tolist()), strict=True))
        exact = Estimate(value, {"quadrature": (error + self.slopes.error, NESTED)})
        return exact / np.where(self.vanishes, 1.0, self.slopes.value) - 1


@single_threaded
def trust_limits(
    iface: Interface,
    *,
    limits: Sequence[float] = LIMITS,
    sources: Sequence[str] = CURRENTS,
    parts: Sequence[str] = COMPONENTS,
    largest: float = LARGEST,
    accuracy: float = ACCURACY,
    engine: Engine | None = None,
) -> list[TrustLimit]:
    """Find the first h_R at which first order is off by each limit, for every source and component.

    Parameters
    ----------
    iface : Interface
        Its own h_R is not used.
    limits, sources, parts : sequences
        Relative deviations, in LIMIT_RANGE; out of CURRENTS; out of COMPONENTS.
    largest : float
        Where the search ends.
    accuracy : float
        Relative; the quadrature is as fine as that needs.
    engine : Engine, optional
        The continuum by default.

    Returns
    -------
    list of TrustLimit
        One for each combination, None with the reason included.

    Raises
    ------
    EngineError
        For an unknown source or component, an accuracy or limit out of range, or when an engine fails.
    """
    in_range("accuracy", accuracy, *ACCURACIES)
    for source, part, limit in (wanted := list(product(sources, parts, limits))):
        one_of(source, CURRENTS, "source")
        one_of(part, COMPONENTS, "component")
        in_range("limit", limit, *LIMIT_RANGE)
    if tuple(component_axes(iface.direction)) != COMPONENTS:
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
        # The quadrature error hides the crossing: once more from the beginning, with a finer one.
        for target in hidden:
            target.lower = target.upper = None
        search(_Deviation(iface, engine, FINER * rtol), hidden, largest, accuracy)
    return [_result(iface, one, targets.get(one), largest) for one in wanted]


def _result(
    iface: Interface, one: tuple[str, str, float], target: Target | None, largest: float
) -> TrustLimit:
    def result(kind: str, reason: str, h_R: float | None = None, error: float | None = None) -> TrustLimit:
        return TrustLimit(*one, h_R, error, kind, reason)

    if target is None:
        if one[0] in SOURCES and iface.k_perp2_max(one[0]) <= 0:
            return result("closed", f"no {one[0]} state comes in at E_F")
        return result("vanishes", "first order vanishes: nothing to be relative to")
    if target.upper is None:
        perhaps = "" if target.lower is None else f", though perhaps at h_R = {target.lower:.3g}"
        return result("beyond", f"not up to h_R = {largest:g}{perhaps}")
    if target.upper <= SMALLEST:
        if any(state.inside_continuum for state in interface_states(iface)):
            words = "an interface state of one spin at E_F, inside the other's continuum"
            return result("embedded", f"{words}: first order misses its torque", 0.0, 0.0)
        return result("immediate", f"off by more at h_R = {SMALLEST:g} already", 0.0, SMALLEST)
    lower = SMALLEST if target.lower is None else target.lower
    return result("found", "", (lower + target.upper) / 2, (target.upper - lower) / 2)
