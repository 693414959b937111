"""A finished sweep on trial: conservation, first order as h_R → 0, and the other exact engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from sotcheck.engines import FIRST_ORDER
from sotcheck.exact.observables import largest_torque
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sample
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.sweep.dataset import flat, plan_of
from sotcheck.sweep.grid import in_words
from sotcheck.sweep.plan import Plan
from sotcheck.sweep.summary import warned
from sotcheck.sweep.worker import solved, why
from sotcheck.system.files import bare
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.system.model import System
from sotcheck.system.stack import Stack
from sotcheck.system.units import unit_of_torque
from sotcheck.theory.first_order import torque_vector
from sotcheck.trial.check import CheckResult
from sotcheck.trial.expansion import Expansion, expansion_of
from sotcheck.trial.paper import load
from sotcheck.trial.verdict import Comparison, Finding, Trial, Verdict, compare, unknown

if TYPE_CHECKING:
    import xarray as xr

#: Smallest |h_R| of an axis that go into the limit h_R → 0.
RUNGS = 4
#: Where there is no such axis: points at which engines are asked again, largest h_R of a ladder there, and
#: its rungs relative to that.
SPOTS, LARGEST_RUNG, LADDER = 8, 0.08, np.array([0.125, 0.25, 0.5, 1.0])
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


@single_threaded
def check_sweep(dataset: xr.Dataset, *, spots: int = SPOTS, progress: Progress = silent) -> CheckResult:
    """Try the numbers of a sweep, for each source.

    Conservation of angular momentum is tried at every point, first order against the limit h_R → 0 along
    every line of an h_R axis with at least RUNGS sizes besides zero (otherwise a ladder is computed at so
    many spots, evenly spread), and the other exact engine at the spots. First order of a stack is left to
    the check of single ones. A point that failed makes it inconclusive.
    """
    plan = plan_of(dataset)
    good = np.flatnonzero(flat(dataset, "error") == "")
    evenly = np.linspace(0, len(good) - 1, min(spots, len(good))).round().astype(int)
    chosen = [index for index in good[np.unique(evenly)].tolist() if plan.interface(plan.point(index)).scale]

    def each(trial: Callable[[xr.Dataset, Plan, int], T], words: str) -> list[T | Untried]:
        return [
            _attempt(partial(trial, dataset, plan, index), in_words(plan.point(index)))
            for index in progress(chosen, words)
        ]

    findings = [_complete(plan, len(good))]
    if len(good):
        row = partial(methodcaller, "finding", "sweep-ledger", "Angular momentum is conserved at z = 0")
        findings += _worst([_conservation(dataset, plan, good)], row(engine=plan.engine), len(good))
    if isinstance(plan.iface, Interface):
        lines = list(_lines_in_h_R(dataset, plan)) if plan.exact else []
        findings += _limits(plan, lines or each(_ladder, "first order"))
    if plan.exact:
        row = partial(methodcaller, "finding", "sweep-engines", "Both exact engines give the same torque")
        findings += _worst(each(_asked, "other engine"), row(engine=plan.exact_engine(ahead=1)))
    return CheckResult(plan.iface, tuple(findings), warnings=warned(dataset))


def _attempt(trial: Callable[[], T], place: str) -> T | Untried:
    """Return what a trial gives; whatever happens at one place, the others are tried."""
    try:
        return trial()
    except Exception as error:
        return Untried(place, why(error))


def _worst(
    attempted: Sequence[Tried | Untried], row: Callable[[Trial], Finding], places: int | None = None
) -> Iterator[Finding]:
    """Yield a finding a source: of all places, the worst verdict, there the largest difference.

    And one for the places at which nothing could be tried, if there are any.
    """
    tried = [one for one in attempted if not isinstance(one, Untried)]
    untried = [one for one in attempted if isinstance(one, Untried)]
    if untried:
        words = f"nothing could be tried at {untried[0].place}: {untried[0].why}"
        yield row(Trial("places", unknown(float(len(tried)), float(len(attempted))), words))
    count = places or len(tried)
    for source, comparisons in zip(SOURCES, zip(*tried, strict=True), strict=False):
        comparison, place = max(
            comparisons,
            key=lambda one: (one[0].verdict.severity, abs(one[0].measured.value - one[0].expected)),
        )
        words = f"the worst of {count} place{'s' * (count > 1)}, at {place}"
        yield row(Trial("vector t", comparison, words, source))


def _complete(plan: Plan, good: int) -> Finding:
    """Return whether anything is missing from what was asked for: no verdict covers it."""
    verdict = Verdict.AGREES if good == plan.size else Verdict.INCONCLUSIVE
    points = Comparison(float(plan.size), Estimate(float(good)), verdict)
    words = "points that failed carry their error in the variable `error`, and nothing else is known of them"
    trial = Trial("points", points, words, engine=plan.engine)
    return trial.finding("sweep-points", "Every point of the sweep was computed")


def _conservation(dataset: xr.Dataset, plan: Plan, good: Any) -> Tried:
    """Compare the spin current behind the interface with what flows in, at every good point at once."""
    before, after, gained, taken = (
        flat(dataset, name)[good]
        for name in ("spin_current_minus", "spin_current_plus", "lattice", "interface")
    )
    expected = before + gained - taken
    # Each of the three terms, and what they are to give, has an error of its own.
    sizes = 4 * flat(dataset, "uncertainty")[good][..., -1:]
    found = Estimate(after, {"quadrature": (sizes, "that of each flow, from the file")})
    # A closed source has no flow at all: the others say what is large.
    scale = _scale_of(expected, plan.interface(plan.point(int(good[0]))))
    comparisons = [compare(expected[:, s], found[:, s], scale=scale) for s in range(len(SOURCES))]
    return [(one, in_words(plan.point(int(good[one.index[0]])))) for one in comparisons]


def _asked(dataset: xr.Dataset, plan: Plan, index: int) -> Tried:
    """Compare a point of the sweep with what the other exact engine says."""
    point = plan.point(index)
    iface = plan.interface(point)
    stored, found = _stored(dataset)[index], _torques(plan, iface, plan.exact_engine(ahead=1))[0]
    both = {"quadrature": (found.error + stored.error, "budgets of both engines")}
    scale = _scale_of(found.value, iface, iface.scale)
    return _compared(found.value, Estimate(stored.value, both), scale, in_words(point))


def _stored(dataset: xr.Dataset) -> Estimate:
    """Return t at every point of a sweep, shape (points, sources, 3)."""
    total = flat(dataset, "uncertainty")[..., -1:]
    return Estimate(flat(dataset, "vector"), {"quadrature": (total, "from the file")})


def _torques(plan: Plan, iface: System, engine: str, h_R: list[float] | None = None) -> Estimate:
    """Return t from an engine, in the file's unit, shape (h_R, sources, 3)."""
    # Beside the sweep's own engine another one is quick.
    asked = [*dict.fromkeys([plan.engine, engine])] if isinstance(iface, Stack) else [engine]
    rows = [row for row in solved(plan, iface, *asked, h_R=h_R).scattering() if row.engine == engine]
    total = np.array([row.t.total for row in rows]).reshape(-1, len(SOURCES), 1)
    vectors = np.array([row.vector for row in rows]).reshape(-1, len(SOURCES), 3)
    return Estimate(vectors, {"quadrature": (total, "computed now")}) * unit_of_torque(iface)


# --- the limit h_R → 0, along the sweep's axis of h_R or a ladder computed for it ---------------------


@dataclass(frozen=True)
class Line:
    """The torque along h_R at one place of a sweep, everything else fixed."""

    place: str
    iface: System
    #: How the torque depends on small h_R here.
    expansion: Expansion
    #: The formulas' torque over h_R, shape (sources, 3).
    first_order: Array
    #: |h_R|, ascending, shape (n,), and t/h_R there, shape (n, sources, 3).
    h: Array
    per_h_R: Estimate


def _limits(plan: Plan, lines: Sequence[Line | Untried]) -> Iterator[Finding]:
    """Yield what the limit of every line says of first order, by itself and with an embedded state."""
    number = load().first_order.number
    for formula, form in (
        ("First order", load().form_of(number)),
        ("First order + embedded state", "corrected"),
    ):
        trial = partial(_at_zero_h_R, with_state="state" in formula)
        tried = [
            one if isinstance(one, Untried) else _attempt(partial(trial, one), one.place) for one in lines
        ]
        words = (f"sweep-eq{number}", f"{formula} is the limit h_R → 0 of the torque over h_R", f"({number})")
        yield from _worst(tried, methodcaller("finding", *words, engine=plan.exact_engine(), form=form))
        known = (line for line, one in zip(lines, tried, strict=True) if not isinstance(one, Untried))
        lines = [line for line in known if isinstance(line, Line) and line.expansion.kind == "embedded"]


def _lines_in_h_R(dataset: xr.Dataset, plan: Plan) -> Iterator[Line | Untried]:
    """Yield the lines along an h_R axis; nothing if there is no such axis, or it has too few values."""
    if "h_R" not in plan.dims:
        return
    at = plan.dims.index("h_R")
    h = np.array(plan.axes[at].columns["h_R"])
    sizes, places = np.unique(np.abs(h), return_index=True)
    places = places[sizes > 0][:RUNGS]
    if len(places) < RUNGS:
        return
    h, stored = h[places], _stored(dataset)
    points = np.moveaxis(np.arange(plan.size).reshape(plan.shape), at, 0)[places].reshape(RUNGS, -1)
    for indices in points.T:
        t, point = stored[indices], plan.point(int(indices[0]))
        # A line with a failed point has no limit here; that it is missing is said by `sweep-points`.
        if np.isfinite(t.value).all():
            place = in_words({name: value for name, value in point.items() if name != "h_R"})
            yield _attempt(partial(_line, plan, place, plan.interface(point), h, t), place)


def _ladder(dataset: xr.Dataset, plan: Plan, index: int) -> Line:
    """Solve one point of the sweep again at a ladder of smaller h_R."""
    point = plan.point(index)
    iface = plan.interface(point)
    h = min(abs(iface.h_R), LARGEST_RUNG, _expansion(iface).radius / 4 or np.inf) * LADDER
    t = _torques(plan, iface, plan.exact_engine(), h.tolist())
    formula = None if plan.exact else flat(dataset, "vector")[index] / iface.h_R
    return _line(plan, in_words(point), iface, h, t, formula)


def _line(
    plan: Plan, place: str, iface: System, h: Array, t: Estimate, first_order: Array | None = None
) -> Line:
    """Return the line of torques at some h_R; without first order given, the formulas are asked."""
    if first_order is None:
        first_order = _torques(plan, iface, FIRST_ORDER, [1.0]).value[0]
    return Line(place, iface, _expansion(iface), first_order, np.abs(h), t / h[:, None, None])


def _expansion(iface: System) -> Expansion:
    # Between thresholds: at one of them there would be no Green's function.
    return expansion_of(bare(iface, "the limit h_R → 0"), sample(iface.thresholds(), 1) ** 2)


def _at_zero_h_R(line: Line, with_state: bool = False) -> Tried:
    """Compare first order with the limit of t/h_R, which is even in h_R: a polynomial in h_R² at h_R = 0.

    `with_state` adds the torque of an embedded state. Only where such an expansion exists, and at all h_R
    within its radius, is the last step an error bound; that of the worst component stands for all, as steps
    may be small by accident.
    """
    expansion, h, expected = line.expansion, line.h, line.first_order
    if with_state:
        missing = torque_vector(expansion.missing, line.iface.direction)
        expected = expected + missing * unit_of_torque(line.iface)
    limit, coarser = _at_zero(h, line.per_h_R), _at_zero(h[:-1], line.per_h_R[:-1])
    last, words = float(np.abs(limit.value - coarser.value).max()), "without the largest h_R"
    if not expansion.exists:
        last, words = np.inf, expansion.words
    elif h[-1] > expansion.radius:
        last = np.inf
        words = f"h_R = {h[-1]:.3g} is beyond the radius of convergence, {expansion.radius:.3g}"
    amplified = (limit.error, "of each torque, amplified by the limit")
    found = Estimate(limit.value, {"next order": (last, words), "quadrature": amplified})
    state = f"; {expansion.words}" if expansion.kind == "embedded" else ""
    return _compared(expected, found, _scale_of(expected, line.iface), line.place + state)


def _at_zero(h: Array, values: Estimate) -> Estimate:
    """Return the polynomial in h² through values, shape (n, ...), at h = 0."""
    from scipy.interpolate import BarycentricInterpolator

    weights = BarycentricInterpolator(h**2, np.eye(len(h)))(0.0)
    return values.each(lambda array: np.moveaxis(array, 0, -1)) @ weights


def _scale_of(values: Array, iface: System, h_R: float = 1.0) -> float:
    """Return the largest of all sources; where symmetry leaves nothing, what would be large anywhere."""
    largest, natural = float(np.abs(values).max()), abs(h_R) * largest_torque(iface) * unit_of_torque(iface)
    return largest if largest > VANISHING * natural else natural


def _compared(expected: Array, measured: Estimate, scale: float, place: str) -> Tried:
    """Compare source by source, on one scale."""
    return [(compare(expected[s], measured[s], scale=scale), place) for s in range(len(expected))]
