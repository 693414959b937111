"""The limit h_R → 0 of a sweep's torques, along its axis of h_R or a ladder computed for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from scipy.interpolate import BarycentricInterpolator

from sotcheck.exact.observables import largest_torque
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sample
from sotcheck.sweep.dataset import flat
from sotcheck.sweep.grid import in_words
from sotcheck.sweep.plan import Plan
from sotcheck.sweep.worker import solved, why
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.theory.first_order import torque_vector
from sotcheck.trial.expansion import Expansion, expansion_of
from sotcheck.trial.verdict import Comparison, compare

if TYPE_CHECKING:
    import xarray as xr

#: Smallest |h_R| of an axis that go into the limit h_R → 0.
RUNGS = 4
#: Where there is no such axis: largest h_R of a ladder, and its rungs relative to that.
LARGEST_RUNG, LADDER = 0.08, np.array([0.125, 0.25, 0.5, 1.0])
#: Torques smaller than this part of what every incident spin could give are zero but for rounding.
VANISHING = 1e-9

T = TypeVar("T")

#: For each source, a comparison and where it was made.
Tried = list[tuple[Comparison, str]]


@dataclass(frozen=True)
class Untried:
    """Where in the sweep nothing could be tried, and why."""

    place: str
    why: str


def attempt(trial: Callable[[], T], place: str) -> T | Untried:
    """Return what a trial gives; whatever happens at one place, the others are tried."""
    try:
        return trial()
    except Exception as error:
        return Untried(place, why(error))


@dataclass(frozen=True)
class Line:
    """The torque along h_R, everything else fixed.

    Attributes
    ----------
    iface : Interface
    first_order : array (sources, 3)
        The formulas' torque over h_R.
    h : array (n,)
        |h_R|, ascending.
    per_h_R : Estimate (n, sources, 3)
        t/h_R.
    place : str
        Where in the sweep that is.
    """

    iface: Interface
    first_order: Array
    h: Array
    per_h_R: Estimate
    place: str

    @cached_property
    def expansion(self) -> Expansion:
        """How the torque depends on small h_R here."""
        return _expansion(self.iface)


def _expansion(iface: Interface) -> Expansion:
    # Between thresholds: at one of them there would be no Green's function.
    return expansion_of(iface, sample(iface.thresholds(), 1) ** 2)


def stored_torques(dataset: xr.Dataset) -> Estimate:
    """Return t at every point of a sweep, shape (points, sources, 3)."""
    total = flat(dataset, "uncertainty")[..., -1:]
    return Estimate(flat(dataset, "vector"), {"quadrature": (total, "from the file")})


def torques(plan: Plan, iface: Interface, engine: str, h_R: list[float] | None = None) -> Estimate:
    """Return t from an engine, shape (h_R, sources, 3)."""
    rows = solved(plan, iface, engine, h_R).scattering()
    total = np.array([row.t.total for row in rows]).reshape(-1, len(SOURCES), 1)
    vectors = np.array([row.vector for row in rows]).reshape(-1, len(SOURCES), 3)
    return Estimate(vectors, {"quadrature": (total, "computed now")})


def first_order(plan: Plan, iface: Interface) -> Array:
    """Return the formulas' torque over h_R, shape (sources, 3)."""
    value: Array = torques(plan, iface, "first-order", [1.0]).value[0]
    return value


def lines_in_h_R(dataset: xr.Dataset, plan: Plan) -> Iterator[Line | Untried]:
    """Yield the lines along an h_R axis; nothing if there is no such axis, or it has too few values."""
    if "h_R" not in plan.dims:
        return
    at = plan.dims.index("h_R")
    h = np.array(plan.axes[at].columns["h_R"])
    sizes, places = np.unique(np.abs(h), return_index=True)
    places = places[sizes > 0][:RUNGS]
    if len(places) < RUNGS:
        return
    h, stored = h[places], stored_torques(dataset)
    points = np.moveaxis(np.arange(plan.size).reshape(plan.shape), at, 0)[places].reshape(RUNGS, -1)
    for indices in points.T:
        t, point = stored[indices], plan.point(int(indices[0]))
        # A line with a failed point has no limit here; that it is missing is said by `sweep-points`.
        if np.isfinite(t.value).all():
            place, iface = in_words({k: v for k, v in point.items() if k != "h_R"}), plan.interface(point)
            formula = attempt(partial(first_order, plan, iface), place)
            yield (
                formula
                if isinstance(formula, Untried)
                else Line(iface, formula, np.abs(h), t / h[:, None, None], place)
            )


def ladder(dataset: xr.Dataset, plan: Plan, index: int) -> Line:
    """Solve one point of the sweep again at a ladder of smaller h_R."""
    point = plan.point(index)
    iface = plan.interface(point)
    h = min(abs(iface.h_R), LARGEST_RUNG, _expansion(iface).radius / 4 or np.inf) * LADDER
    t = torques(plan, iface, plan.exact_engine(), h.tolist())
    formula = first_order(plan, iface) if plan.exact else flat(dataset, "vector")[index] / iface.h_R
    return Line(iface, formula, h, t / h[:, None, None], in_words(point))


def at_zero_h_R(line: Line, with_state: bool = False) -> Tried:
    """Compare first order with the limit of t/h_R, which is even in h_R: a polynomial in h_R² at h_R = 0.

    `with_state` adds the torque of an embedded state. Only where such an expansion exists, and at all h_R
    within its radius, is the last step an error bound; that of the worst component stands for all, as steps
    may be small by accident.
    """
    missing = torque_vector(line.expansion.missing, line.iface.direction)
    expected = line.first_order + missing if with_state else line.first_order
    limit, coarser = _at_zero(line.h, line.per_h_R), _at_zero(line.h[:-1], line.per_h_R[:-1])
    last, words = float(np.abs(limit.value - coarser.value).max()), "without the largest h_R"
    if not line.expansion.exists:
        last, words = np.inf, line.expansion.words
    elif line.h[-1] > line.expansion.radius:
        last = np.inf
        words = f"h_R = {line.h[-1]:.3g} is beyond the radius of convergence, {line.expansion.radius:.3g}"
    amplified = (limit.error, "of each torque, amplified by the limit")
    found = Estimate(limit.value, {"next order": (last, words), "quadrature": amplified})
    state = f"; {line.expansion.words}" if line.expansion.kind == "embedded" else ""
    return compared(expected, found, scale_of(expected, line.iface), line.place + state)


def _at_zero(h: Array, values: Estimate) -> Estimate:
    """Return the polynomial in h² through values, shape (n, ...), at h = 0."""
    weights = BarycentricInterpolator(h**2, np.eye(len(h)))(0.0)
    return values.each(lambda array: np.moveaxis(array, 0, -1)) @ weights


def scale_of(values: Array, iface: Interface, h_R: float = 1.0) -> float:
    """Return the largest of all sources; where symmetry leaves nothing, what would be large anywhere."""
    largest, natural = float(np.abs(values).max()), abs(h_R) * largest_torque(iface)
    return largest if largest > VANISHING * natural else natural


def compared(expected: Array, measured: Estimate, scale: float, place: str) -> Tried:
    """Compare source by source, on one scale."""
    return [(compare(expected[s], measured[s], scale=scale), place) for s in range(len(expected))]
