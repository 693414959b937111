"""A finished sweep on trial: conservation, first order as h_R → 0, and the other exact engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sotcheck.claims.expansion import Expansion, expansion_of
from sotcheck.crosscheck import CheckResult
from sotcheck.estimate import ErrorBudget
from sotcheck.model import SOURCES, Interface
from sotcheck.progress import Progress, silent
from sotcheck.spin import Array
from sotcheck.sweep.dataset import plan_of
from sotcheck.sweep.grid import Point, changes
from sotcheck.sweep.plan import Plan
from sotcheck.torques import TorqueTable, torque
from sotcheck.verdict import Comparison, Finding, Terms, compare

if TYPE_CHECKING:
    import xarray as xr

#: Points at which engines are asked again.
SPOTS = 8
#: Smallest |h_R| of an axis that go into the limit h_R → 0.
RUNGS = 4
#: Where there is no such axis: largest h_R of a ladder, and its rungs relative to that.
LARGEST_RUNG, LADDER = 0.08, np.array([0.125, 0.25, 0.5, 1.0])
SEVERITY = {"agrees": 0, "inconclusive": 1, "disagrees": 2}

#: For each source, a comparison and where it was made.
Tried = list[tuple[Comparison, str]]


def check_sweep(dataset: xr.Dataset, *, spots: int = SPOTS, progress: Progress = silent) -> CheckResult:
    """Try the numbers of a sweep.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of `open_sweep`.
    spots : int
        Points, evenly spread, at which engines are asked again.
    progress : callable

    Returns
    -------
    CheckResult
        For each source: conservation of angular momentum (at every point), Eq. (16) against the limit
        h_R → 0 (along every line of an h_R axis with at least RUNGS sizes besides zero; otherwise a ladder is
        computed at the spots), and the other exact engine (at the spots). A point that failed makes it
        inconclusive.
    """
    plan = plan_of(dataset)
    good = np.flatnonzero((dataset["error"].values == "").ravel())
    evenly = np.linspace(0, len(good) - 1, min(spots, len(good))).round().astype(int)
    chosen = [index for index in good[np.unique(evenly)].tolist() if _iface(plan, index).h_R != 0]
    findings = [_complete(plan, len(good))]
    if len(good):
        findings += _worst("sweep-ledger", "Angular momentum is conserved at z = 0", None, plan.engine,
                           [_conservation(dataset, plan, good)], points=len(good))  # fmt: skip
    lines = list(_lines_in_h_R(dataset, plan)) if plan.engine != "first-order" else []
    limits = (
        [_along_h_R(*line) for line in progress(lines, "first order")]
        if lines
        else [_by_ladder(dataset, plan, index) for index in progress(chosen, "first order")]
    )
    findings += _worst("sweep-eq16", "Eq. (16) is the limit h_R → 0 of the torque over h_R", "(16)",
                       _exact(plan), limits)  # fmt: skip
    if plan.engine != "first-order":
        other = {"continuum": "kwant", "kwant": "continuum"}[plan.engine]
        asked = [_asked(dataset, plan, index, other) for index in progress(chosen, "other engine")]
        findings += _worst("sweep-engines", "Both exact engines give the same torque", None, other, asked)
    return CheckResult(plan.iface, tuple(findings))


def _complete(plan: Plan, good: int) -> Finding:
    """Return whether anything is missing from what was asked for: no verdict covers it."""
    return Finding(
        "sweep-points", "Every point of the sweep was computed", None, "points", None, plan.engine,
        float(plan.size), float(good), ErrorBudget(), "agrees" if good == plan.size else "inconclusive", None,
        "points that failed carry their error in the variable `error`, and nothing else is known of them",
    )  # fmt: skip


def _worst(
    claim: str,
    title: str,
    equation: str | None,
    engine: str,
    tried: Sequence[Tried],
    points: int | None = None,
) -> Iterator[Finding]:
    """Yield a finding a source: of all places, the worst verdict, there the largest difference."""
    places = points or len(tried)
    for s, source in enumerate(SOURCES if tried else ()):
        comparison, place = max(
            (comparisons[s] for comparisons in tried),
            key=lambda one: (SEVERITY[one[0].verdict], abs(one[0].measured - one[0].expected)),
        )
        yield Finding(
            claim, title, equation, "vector t", source, engine, comparison.expected, comparison.measured,
            comparison.budget, comparison.verdict, None if equation is None else "transcribed",
            f"the worst of {places} place{'s' * (places > 1)}, at {place}",
        )  # fmt: skip


def _conservation(dataset: xr.Dataset, plan: Plan, good: Any) -> Tried:
    """Compare spin current (3) with (1) − (2) − (4) of Fig. 2, at every point at once."""

    def flat(name: str) -> Array:
        values = dataset[name].values
        return values.reshape(plan.size, *values.shape[len(plan.axes) :])[good]

    expected = flat("spin_current_minus") + flat("lattice") - flat("interface")
    # Each of the three terms, and what they are to give, has an error of its own.
    sizes = 4 * flat("uncertainty")[..., -1:]
    comparisons = [
        compare(
            expected[:, s],
            flat("spin_current_plus")[:, s],
            {"quadrature": (sizes[:, s], "that of each flow, from the file")},
        )
        for s in range(len(SOURCES))
    ]
    return [(one, _where(plan.point(int(good[one.index[0]])))) for one in comparisons]


def _lines_in_h_R(
    dataset: xr.Dataset, plan: Plan
) -> Iterator[tuple[Interface, Array, Array, Array, Array, str]]:
    """Yield for each line of an h_R axis: interface, Eq. (16), |h_R|, t/h_R, its errors, and the place.

    Nothing if there is no such axis, or it has too few values.
    """
    axis = next((axis for axis in plan.axes if axis.name == "h_R"), None)
    if axis is None:
        return
    h = np.array(axis.columns["h_R"])
    sizes, places = np.unique(np.abs(h), return_index=True)
    places = places[sizes > 0][:RUNGS]
    if len(places) < RUNGS:
        return
    at = dataset["vector"].get_axis_num("h_R")
    others = tuple(n for i, n in enumerate(plan.shape) if i != at)
    vector = np.moveaxis(dataset["vector"].values, at, 0)[places].reshape(RUNGS, -1, len(SOURCES), 3)
    total = dataset["uncertainty"].values[..., -1]
    total = np.moveaxis(total, at, 0)[places].reshape(RUNGS, -1, len(SOURCES))
    indices = np.moveaxis(np.arange(plan.size).reshape(plan.shape), at, 0)[places].reshape(RUNGS, -1)
    for line in range(int(np.prod(others, dtype=int))):
        # A line with a failed point has no limit here; that it is missing is said by `sweep-points`.
        if np.isfinite(vector[:, line]).all():
            point = plan.point(int(indices[0, line]))
            iface = plan.iface.with_(**changes(plan.iface, point))
            over = h[places][:, None]
            yield (
                iface,
                _first_order(plan, iface), np.abs(over[:, 0]), vector[:, line] / over[..., None],
                total[:, line] / np.abs(over), _where({k: v for k, v in point.items() if k != "h_R"}),
            )  # fmt: skip


def _by_ladder(dataset: xr.Dataset, plan: Plan, index: int) -> Tried:
    """Compare at one point by solving it again at a ladder of smaller h_R."""
    iface = _iface(plan, index)
    h = min(abs(iface.h_R), LARGEST_RUNG, _expansion(iface).radius / 4 or np.inf) * LADDER
    table = _solved(plan, iface, _exact(plan), h.tolist())
    vector = np.array([row.vector for row in table]).reshape(len(h), len(SOURCES), 3)
    error = np.array([row.budget.total for row in table]).reshape(len(h), len(SOURCES))
    stored = _stored(dataset, plan, index)["vector"].values / iface.h_R
    expected = stored if plan.engine == "first-order" else _first_order(plan, iface)
    return _along_h_R(
        iface, expected, h, vector / h[:, None, None], error / h[:, None], _where(plan.point(index))
    )


def _first_order(plan: Plan, iface: Interface) -> Array:
    """Return Eq. (16) over h_R, shape (sources, 3)."""
    table = torque(iface, "first-order", h_R=1.0, tolerance=plan.tolerance)
    return np.array([row.vector for row in table])


def _along_h_R(
    iface: Interface, expected: Array, h: Array, per_h_R: Array, error: Array, place: str
) -> Tried:
    """Compare Eq. (16) with the limit of t/h_R, which is even in h_R: a polynomial in h_R² at h_R = 0.

    Only where such an expansion exists, and at all h_R within its radius, is the last step an error bound.
    """
    found, coarser = _at_zero(h**2), np.append(_at_zero(h[:-1] ** 2), 0.0)
    limit = np.tensordot(found, per_h_R, 1)
    terms: Terms = {
        "next order": (np.abs(limit - np.tensordot(coarser, per_h_R, 1)), "without the largest h_R"),
        "quadrature": ((np.abs(found) @ error)[:, None], "of each torque, amplified by the limit"),
    }
    expansion = _expansion(iface)
    if not expansion.exists:
        terms["next order"] = (np.full(limit.shape, np.inf), expansion.words)
    elif h[-1] > expansion.radius:
        words = f"h_R = {h[-1]:.3g} is beyond the radius of convergence, {expansion.radius:.3g}"
        terms["next order"] = (np.full(limit.shape, np.inf), words)
    return _compared(expected, limit, terms, place)


def _expansion(iface: Interface) -> Expansion:
    return expansion_of(iface, np.array(iface.thresholds()[-1:]) / 2)


def _at_zero(x: Array) -> Array:
    """Return the weights with which values at x give the interpolating polynomial at 0."""
    ratios = x / (x - x[:, None] + np.eye(len(x)) * x)
    np.fill_diagonal(ratios, 1.0)
    weights: Array = ratios.prod(axis=1)
    return weights


def _asked(dataset: xr.Dataset, plan: Plan, index: int, other: str) -> Tried:
    """Compare a point of the sweep with what the other exact engine says."""
    stored = _stored(dataset, plan, index)
    table = _solved(plan, _iface(plan, index), other, None)
    terms: Terms = {
        "quadrature": (
            np.array([row.budget.total for row in table])[:, None] + stored["uncertainty"].values[:, -1:],
            "budgets of both engines",
        )
    }
    found = np.array([row.vector for row in table])
    return _compared(found, stored["vector"].values, terms, _where(plan.point(index)))


def _compared(expected: Array, measured: Array, terms: Terms, place: str) -> Tried:
    """Compare for each source, relative to the largest of all: some vanish by symmetry."""
    scale = float(max(np.abs(expected).max(), np.abs(measured).max()))

    def of(s: int) -> Terms:
        return {name: (np.broadcast_to(v, expected.shape)[s], o) for name, (v, o) in terms.items()}

    return [(compare(expected[s], measured[s], of(s), scale=scale), place) for s in range(len(expected))]


def _stored(dataset: xr.Dataset, plan: Plan, index: int) -> xr.Dataset:
    """Return what the sweep has at a point."""
    places = np.unravel_index(index, plan.shape)
    return dataset.isel({axis.name: int(i) for axis, i in zip(plan.axes, places, strict=True)})


def _exact(plan: Plan) -> str:
    return "continuum" if plan.engine == "first-order" else plan.engine


def _solved(plan: Plan, iface: Interface, engine: str, h_R: list[float] | None) -> TorqueTable:
    return torque(
        iface,
        engine,
        h_R=h_R,
        scheme=plan.scheme or "exact-difference",
        spacing=plan.spacing,
        tolerance=plan.tolerance,
    )


def _iface(plan: Plan, index: int) -> Interface:
    return plan.iface.with_(**changes(plan.iface, plan.point(index)))


def _where(point: Point) -> str:
    return ", ".join(f"{name} = {value:.4g}" for name, value in point.items()) or "the system's own values"
