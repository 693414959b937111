"""A finished sweep on trial: conservation, first order as h_R → 0, and the other exact engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate, Terms
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.sweep.dataset import plan_of
from sotcheck.sweep.grid import in_words
from sotcheck.sweep.limit import (
    Line,
    Tried,
    Untried,
    at_zero_h_R,
    attempt,
    compared,
    exact_engine,
    ladder,
    lines_in_h_R,
    scale_of,
    solved,
    stored_at,
)
from sotcheck.sweep.plan import Plan
from sotcheck.sweep.summary import counted
from sotcheck.system.interface import SOURCES
from sotcheck.theory.first_order import torque_vector
from sotcheck.trial.check import CheckResult
from sotcheck.trial.paper import load
from sotcheck.trial.verdict import Comparison, Finding, Trial, Verdict, compare, unknown

if TYPE_CHECKING:
    import xarray as xr

#: Points at which engines are asked again.
SPOTS = 8


@single_threaded
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
    chosen = [index for index in good[np.unique(evenly)].tolist() if plan.interface(index).h_R != 0]
    findings = [_complete(plan, len(good))]
    if len(good):
        findings += _worst("sweep-ledger", "Angular momentum is conserved at z = 0", None, plan.engine,
                           [_conservation(dataset, plan, good)], points=len(good))  # fmt: skip
    lines = list(lines_in_h_R(dataset, plan)) if plan.engine != "first-order" else []
    if not lines:
        lines = [
            attempt(partial(ladder, dataset, plan, index), in_words(plan.point(index)))
            for index in progress(chosen, "first order")
        ]
    findings += _limits(plan, lines)
    if plan.engine != "first-order":
        other = {"continuum": "kwant", "kwant": "continuum"}[plan.engine]
        asked = [
            attempt(partial(_asked, dataset, plan, index, other), in_words(plan.point(index)))
            for index in progress(chosen, "other engine")
        ]
        findings += _worst("sweep-engines", "Both exact engines give the same torque", None, other, asked)
    warned = counted(dataset["warning"].values)
    said = (f"{one['points']} point{'s' * (one['points'] > 1)}, such as: {one['text']}" for one in warned)
    return CheckResult(plan.iface, tuple(findings), warnings=tuple(said))


def _limits(plan: Plan, lines: Sequence[Line | Untried]) -> Iterator[Finding]:
    """Yield what the limit h_R → 0 of every line says of Eq. (16), by itself and with an embedded state."""

    def without(line: Line) -> Tried:
        return at_zero_h_R(line, line.first_order)

    def with_state(line: Line) -> Tried:
        missing = torque_vector(line.expansion.missing, line.iface.direction)
        return at_zero_h_R(line, line.first_order + missing)

    def each(of: Callable[[Line], Tried], some: Sequence[Line | Untried]) -> list[Tried | Untried]:
        return [
            line if isinstance(line, Untried) else attempt(partial(of, line), line.place) for line in some
        ]  # fmt: skip

    words, engine = "is the limit h_R → 0 of the torque over h_R", exact_engine(plan)
    tried = each(without, lines)
    yield from _worst("sweep-eq16", f"Eq. (16) {words}", "(16)", engine, tried)
    embedded = [
        line
        for line, one in zip(lines, tried, strict=True)
        if isinstance(line, Line) and not isinstance(one, Untried) and line.expansion.kind == "embedded"
    ]
    yield from _worst(
        "sweep-eq16", f"Eq. (16) + embedded state {words}", "(16)", engine, each(with_state, embedded),
        form="corrected",
    )  # fmt: skip


def _complete(plan: Plan, good: int) -> Finding:
    """Return whether anything is missing from what was asked for: no verdict covers it."""
    verdict = Verdict.AGREES if good == plan.size else Verdict.INCONCLUSIVE
    points = Comparison(float(plan.size), Estimate(float(good)), verdict)
    words = "points that failed carry their error in the variable `error`, and nothing else is known of them"
    trial = Trial("points", points, words, engine=plan.engine)
    return trial.finding("sweep-points", "Every point of the sweep was computed")


def _worst(
    claim: str,
    title: str,
    equation: str | None,
    engine: str,
    attempted: Sequence[Tried | Untried],
    points: int | None = None,
    form: str | None = None,
) -> Iterator[Finding]:
    """Yield a finding a source: of all places, the worst verdict, there the largest difference.

    And one for the places at which nothing could be tried, if there are any.
    """
    tried = [one for one in attempted if not isinstance(one, Untried)]
    untried = [one for one in attempted if isinstance(one, Untried)]
    if untried:
        some = unknown(float(len(tried)), float(len(attempted)))
        words = f"nothing could be tried at {untried[0].place}: {untried[0].why}"
        yield Trial("places", some, words, engine=engine).finding(claim, title, equation)
    places = points or len(tried)
    for s, source in enumerate(SOURCES if tried else ()):
        comparison, place = max(
            (comparisons[s] for comparisons in tried),
            key=lambda one: (one[0].verdict.severity, abs(one[0].measured.value - one[0].expected)),
        )
        words = f"the worst of {places} place{'s' * (places > 1)}, at {place}"
        trial = Trial(
            "vector t",
            comparison,
            words,
            source,
            engine,
            form or load().form_of((equation or "").strip("()")),
        )
        yield trial.finding(claim, title, equation)


def _conservation(dataset: xr.Dataset, plan: Plan, good: Any) -> Tried:
    """Compare spin current (3) with (1) − (2) − (4) of Fig. 2, at every point at once."""

    def flat(name: str) -> Array:
        values = dataset[name].values
        return values.reshape(plan.size, *values.shape[len(plan.axes) :])[good]

    expected = flat("spin_current_minus") + flat("lattice") - flat("interface")
    # Each of the three terms, and what they are to give, has an error of its own.
    sizes = 4 * flat("uncertainty")[..., -1:]
    # A closed source has no flow at all: the others say what is large.
    scale = scale_of(expected, plan.interface(int(good[0])))
    comparisons = [
        compare(
            expected[:, s],
            flat("spin_current_plus")[:, s],
            {"quadrature": (sizes[:, s], "that of each flow, from the file")},
            scale=scale,
        )
        for s in range(len(SOURCES))
    ]
    return [(one, in_words(plan.point(int(good[one.index[0]])))) for one in comparisons]


def _asked(dataset: xr.Dataset, plan: Plan, index: int, other: str) -> Tried:
    """Compare a point of the sweep with what the other exact engine says."""
    stored, iface = stored_at(dataset, plan, index), plan.interface(index)
    rows = solved(plan, iface, other, None).scattering()
    terms: Terms = {
        "quadrature": (
            np.array([row.t.total for row in rows])[:, None] + stored["uncertainty"].values[:, -1:],
            "budgets of both engines",
        )
    }
    found = np.array([row.vector for row in rows])
    scale = scale_of(found, iface, iface.h_R)
    return compared(found, stored["vector"].values, terms, scale, in_words(plan.point(index)))
