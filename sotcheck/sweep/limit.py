"""The limit h_R → 0 of a sweep's torques, and what Eq. (16) says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sotcheck.errors import SotcheckError
from sotcheck.exact.observables import largest_torque
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Terms
from sotcheck.numerics.quadrature import sample
from sotcheck.sweep.grid import in_words
from sotcheck.sweep.plan import Plan
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.trial.expansion import Expansion, expansion_of
from sotcheck.trial.torque import torque
from sotcheck.trial.torque_table import TorqueTable
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
class Line:
    """The torque along h_R, everything else fixed.

    Attributes
    ----------
    iface : Interface
    first_order : array (sources, 3)
        Eq. (16) over h_R.
    h : array (n,)
        |h_R|, ascending.
    per_h_R : array (n, sources, 3)
        t/h_R.
    error : array (n, sources)
        Of it.
    place : str
        Where in the sweep that is.
    """

    iface: Interface
    first_order: Array
    h: Array
    per_h_R: Array
    error: Array
    place: str

    @cached_property
    def expansion(self) -> Expansion:
        """How the torque depends on small h_R here."""
        return _expansion(self.iface)


def _expansion(iface: Interface) -> Expansion:
    # Between thresholds: at one of them there would be no Green's function.
    return expansion_of(iface, sample(iface.thresholds(), 1) ** 2)


@dataclass(frozen=True)
class Untried:
    """Where in the sweep nothing could be tried, and why."""

    place: str
    why: str


def attempt(trial: Callable[[], T], place: str) -> T | Untried:
    """Return what a trial gives; whatever happens at one place, the others are tried."""
    try:
        return trial()
    except SotcheckError as error:
        return Untried(place, str(error))
    except Exception as error:
        return Untried(place, f"{type(error).__name__}: {error}")


def lines_in_h_R(dataset: xr.Dataset, plan: Plan) -> Iterator[Line | Untried]:
    """Yield the lines along an h_R axis; nothing if there is no such axis, or it has too few values."""
    axis = next((axis for axis in plan.axes if axis.name == "h_R"), None)
    if axis is None:
        return
    h = np.array(axis.columns["h_R"])
    sizes, places = np.unique(np.abs(h), return_index=True)
    places = places[sizes > 0][:RUNGS]
    if len(places) < RUNGS:
        return
    at = dataset["vector"].get_axis_num("h_R")
    vector = np.moveaxis(dataset["vector"].values, at, 0)[places].reshape(RUNGS, -1, len(SOURCES), 3)
    total = np.moveaxis(dataset["uncertainty"].values[..., -1], at, 0)[places]
    total = total.reshape(RUNGS, -1, len(SOURCES))
    indices = np.moveaxis(np.arange(plan.size).reshape(plan.shape), at, 0)[places].reshape(RUNGS, -1)
    over = h[places][:, None]
    for line, index in enumerate(indices[0].tolist()):
        # A line with a failed point has no limit here; that it is missing is said by `sweep-points`.
        if np.isfinite(vector[:, line]).all():
            iface = plan.interface(index)
            place = in_words({k: v for k, v in plan.point(index).items() if k != "h_R"})
            first_order = attempt(partial(_first_order, plan, iface), place)
            yield first_order if isinstance(first_order, Untried) else Line(
                iface, first_order, np.abs(over[:, 0]), vector[:, line] / over[..., None],
                total[:, line] / np.abs(over), place,
            )  # fmt: skip


def ladder(dataset: xr.Dataset, plan: Plan, index: int) -> Line:
    """Solve one point of the sweep again at a ladder of smaller h_R."""
    iface = plan.interface(index)
    h = min(abs(iface.h_R), LARGEST_RUNG, _expansion(iface).radius / 4 or np.inf) * LADDER
    table = solved(plan, iface, exact_engine(plan), h.tolist())
    rows = table.scattering()
    vector = np.array([row.vector for row in rows]).reshape(len(h), len(SOURCES), 3)
    error = np.array([row.t.total for row in rows]).reshape(len(h), len(SOURCES))
    stored = stored_at(dataset, plan, index)["vector"].values / iface.h_R
    first_order = stored if plan.engine == "first-order" else _first_order(plan, iface)
    place = in_words(plan.point(index))
    return Line(iface, first_order, h, vector / h[:, None, None], error / h[:, None], place)


def _first_order(plan: Plan, iface: Interface) -> Array:
    """Return Eq. (16) over h_R, shape (sources, 3)."""
    table = torque(iface, "first-order", h_R=1.0, tolerance=plan.tolerance)
    return np.array([row.vector for row in table])


def at_zero_h_R(line: Line, expected: Array) -> Tried:
    """Compare a formula with the limit of t/h_R, which is even in h_R: a polynomial in h_R² at h_R = 0.

    Only where such an expansion exists, and at all h_R within its radius, is the last step an error bound;
    that of the worst component stands for all, as steps may be small by accident.
    """
    found, coarser = _at_zero(line.h**2), np.append(_at_zero(line.h[:-1] ** 2), 0.0)
    limit, step = (np.tensordot(weights, line.per_h_R, 1) for weights in (found, found - coarser))
    last, words = float(np.abs(step).max()), "without the largest h_R"
    if not line.expansion.exists:
        last, words = np.inf, line.expansion.words
    elif line.h[-1] > line.expansion.radius:
        last = np.inf
        words = f"h_R = {line.h[-1]:.3g} is beyond the radius of convergence, {line.expansion.radius:.3g}"
    terms: Terms = {
        "next order": (np.full(limit.shape, last), words),
        "quadrature": ((np.abs(found) @ line.error)[:, None], "of each torque, amplified by the limit"),
    }
    state = f"; {line.expansion.words}" if line.expansion.kind == "embedded" else ""
    return compared(expected, limit, terms, scale_of(expected, line.iface), line.place + state)


def _at_zero(x: Array) -> Array:
    """Return the weights with which values at x give the interpolating polynomial at 0."""
    ratios = x / (x - x[:, None] + np.eye(len(x)) * x)
    np.fill_diagonal(ratios, 1.0)
    weights: Array = ratios.prod(axis=1)
    return weights


def scale_of(values: Array, iface: Interface, h_R: float = 1.0) -> float:
    """Return the largest of all sources; where symmetry leaves nothing, what would be large anywhere."""
    largest, natural = float(np.abs(values).max()), abs(h_R) * largest_torque(iface)
    return largest if largest > VANISHING * natural else natural


def compared(expected: Array, measured: Array, terms: Terms, scale: float, place: str) -> Tried:
    """Compare source by source, on one scale."""

    def of(s: int) -> Terms:
        return {name: (np.broadcast_to(v, expected.shape)[s], o) for name, (v, o) in terms.items()}

    return [(compare(expected[s], measured[s], of(s), scale=scale), place) for s in range(len(expected))]


def stored_at(dataset: xr.Dataset, plan: Plan, index: int) -> xr.Dataset:
    """Return what the sweep has at a point."""
    places = np.unravel_index(index, plan.shape)
    return dataset.isel({axis.name: int(i) for axis, i in zip(plan.axes, places, strict=True)})


def exact_engine(plan: Plan) -> str:
    """Return the exact engine whose limit h_R → 0 is looked at."""
    return "continuum" if plan.engine == "first-order" else plan.engine


def solved(plan: Plan, iface: Interface, engine: str, h_R: list[float] | None) -> TorqueTable:
    """Return torques with the sweep's own settings."""
    return torque(
        iface,
        engine,
        h_R=h_R,
        scheme=plan.scheme or "exact-difference",
        spacing=plan.spacing,
        tolerance=plan.tolerance,
    )
