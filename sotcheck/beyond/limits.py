"""Trust limits: the first h_R at which Eq. (16) is off by 1 %, or 10 %, by source and component.

The deviation is f(h_R) = t_exact/(h_R t_1) − 1 with t_1 from Eq. (16). All sources and components come from
the same k_⊥ sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from sotcheck.bound.unperturbed import interface_states
from sotcheck.engines import Engine, Matching
from sotcheck.errors import EngineError, did_you_mean, in_range
from sotcheck.exact.observables import INTERFACE, PLUS, components, exact_flows, torque_from_flows
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.crossing import ACCURACIES, ACCURACY, LARGEST, SMALLEST, Target, search
from sotcheck.run.threads import single_threaded
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.theory.sums import first_order_torque

#: "total": the sources weighted with their relaxation times.
CURRENTS = (*SOURCES, "total")
COMPONENTS = ("fieldlike", "dampinglike")
LIMITS = (0.01, 0.1)
#: Deviations that a limit may stand for: the exact torque is known a thousand times better, and first
#: order that is off by all of itself is none.
LIMIT_RANGE = (1e-5, 1.0)
#: A component of (16) below this part of the largest is zero: nothing to be relative to.
NEGLIGIBLE = 1e-9
#: Wanted quadrature error relative to the largest spin flow, in units of accuracy times limit.
QUADRATURE = 1.0
#: Brackets wider than accuracy times this are sought again, with a quadrature error so much smaller.
COARSEST, FINER = 5.0, 0.01


@dataclass(frozen=True)
class TrustLimit:
    """Where first order is off by `limit` for the first time.

    Attributes
    ----------
    source : str
        "normal", "majority", "minority" or "total".
    component : str
        "fieldlike" or "dampinglike".
    limit : float
        Relative deviation, 0.1 for 10 %.
    h_R : float or None
        None where there is no such h_R.
    error : float or None
        Half width of the bracket.
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

    def to_dict(self) -> dict[str, Any]:
        """Return the limit ready for JSON."""
        return dict(vars(self))


@lru_cache(maxsize=64)
def first_order(iface: Interface) -> tuple[Array, Array]:
    """Return Eq. (16) per h_R, shape (2, 4): component, source and total; and its quadrature error."""
    found = first_order_torque(iface, rtol=1e-10)
    both = np.stack([found.total.value.real, found.total.value.imag])
    return with_total(both, iface), with_total(np.full_like(both, found.total.total), iface)


def with_total(by_source: Array, iface: Interface) -> Array:
    """Append the sum weighted with relaxation times to the last axis, (..., 3) to (..., 4)."""
    total = by_source @ np.array([iface.tau_N, iface.tau_up, iface.tau_down])
    return np.concatenate([by_source, total[..., None]], axis=-1)


def exact_per_h(
    iface: Interface, h_R: Array, *, rtol: float, engine: Engine | None = None
) -> tuple[Array, Array]:
    """Return the exact torque per h_R and its quadrature error, shapes (n, 2, 4): component, source or total.

    Raises
    ------
    EngineError
        If m is parallel to y, where the components are undefined.
    """
    m = iface.direction
    summed = exact_flows(engine or Matching(), iface, np.asarray(h_R, dtype=float), rtol=rtol)
    parts = components(torque_from_flows(summed.total.value, m), m)
    if parts is None:
        raise EngineError(
            "m is parallel to y, where fieldlike and dampinglike are undefined; choose another magnetization"
        )
    # Of a component t·e/|e|² the error is at most Σ|e_i| δt_i/|e|².
    along = np.cross(m, np.array([0.0, 1.0, 0.0]))
    vectors = np.stack([along, np.cross(m, -along)]) / (along @ along)
    wrong = (summed.total.error[..., PLUS, :] + summed.total.error[..., INTERFACE, :]) @ np.abs(vectors).T
    return with_total(np.stack(parts, axis=1), iface), with_total(np.swapaxes(wrong, 1, 2), iface)


class _Deviation:
    """f(h_R) = exact/first order − 1, with its error, shapes (n, 2, 4); every h_R is summed once."""

    def __init__(self, iface: Interface, engine: Engine | None, rtol: float) -> None:
        self.iface, self.engine, self.rtol = iface, engine, rtol
        slopes, self.slope_error = first_order(iface)
        size = float(np.abs(slopes).max())
        self.vanishes = np.abs(slopes) <= np.maximum(NEGLIGIBLE * size, 2 * self.slope_error)
        self.slopes = np.where(self.vanishes, 1.0, slopes)
        self._done: dict[float, tuple[Array, Array]] = {}

    def __call__(self, h_R: Array) -> tuple[Array, Array]:
        """Sum those h_R together that are new."""
        new = [h for h in h_R.tolist() if h not in self._done]
        if new:
            exact, wrong = exact_per_h(self.iface, np.array(new), rtol=self.rtol, engine=self.engine)
            self._done.update(zip(new, zip(exact, wrong, strict=True), strict=True))
        exact, wrong = (np.array(rows) for rows in zip(*(self._done[h] for h in h_R.tolist()), strict=True))
        return exact / self.slopes - 1, (wrong + self.slope_error) / np.abs(self.slopes)


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
    limits : sequence of float
        Relative deviations, in LIMIT_RANGE.
    sources, parts : sequences of str
        Out of CURRENTS and COMPONENTS.
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
    known(sources, CURRENTS, "source")
    known(parts, COMPONENTS, "component")
    in_range("accuracy", accuracy, *ACCURACIES)
    for limit in limits:
        in_range("limit", limit, *LIMIT_RANGE)
    wanted = [(s, c, limit) for s in sources for c in parts for limit in limits]
    if components(np.zeros(3), iface.direction) is None:
        words = "m is parallel to y: fieldlike and dampinglike are undefined"
        return [TrustLimit(*one, None, None, "undefined", words) for one in wanted]
    rtol = QUADRATURE * accuracy * min(limits)
    deviation = _Deviation(iface, engine, rtol)
    targets = {
        one: Target((COMPONENTS.index(one[1]), CURRENTS.index(one[0])), one[2])
        for one in wanted
        if not deviation.vanishes[COMPONENTS.index(one[1]), CURRENTS.index(one[0])]
    }
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
    if target is None:
        if one[0] != "total" and iface.k_perp2_max(one[0]) <= 0:
            return TrustLimit(*one, None, None, "closed", f"no {one[0]} state comes in at E_F")
        return TrustLimit(*one, None, None, "vanishes", "first order vanishes: nothing to be relative to")
    if target.upper is None:
        reason = f"not up to h_R = {largest:g}"
        if target.lower is not None:
            reason += f", though perhaps at h_R = {target.lower:.3g}"
        return TrustLimit(*one, None, None, "beyond", reason)
    if target.upper <= SMALLEST:
        if any(state.inside_continuum for state in interface_states(iface)):
            words = (
                "an interface state of one spin at E_F, inside the other's continuum: (16) misses its torque"
            )
            return TrustLimit(*one, 0.0, 0.0, "embedded", words)
        return TrustLimit(*one, 0.0, SMALLEST, "immediate", f"off by more at h_R = {SMALLEST:g} already")
    lower = SMALLEST if target.lower is None else target.lower
    h_R, error = (lower + target.upper) / 2, (target.upper - lower) / 2
    return TrustLimit(*one, h_R, error, "found", "")


def known(names: Sequence[str], accepted: Sequence[str], what: str) -> None:
    """Refuse a name that is not among those accepted.

    Raises
    ------
    EngineError
    """
    for name in names:
        if name not in accepted:
            raise EngineError(
                f"unknown {what} {name!r}{did_you_mean(name, accepted)}; choose from {', '.join(accepted)}"
            )
