"""A finished sweep on trial: conservation, first order as h_R → 0, and the other exact engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sotcheck.numerics.estimate import Estimate
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.sweep.dataset import flat, plan_of
from sotcheck.sweep.grid import in_words
from sotcheck.sweep.limit import (
    Line,
    T,
    Tried,
    Untried,
    at_zero_h_R,
    attempt,
    compared,
    ladder,
    lines_in_h_R,
    scale_of,
    stored_torques,
    torques,
)
from sotcheck.sweep.plan import Plan
from sotcheck.sweep.summary import counted
from sotcheck.system.interface import SOURCES
from sotcheck.trial.check import CheckResult
from sotcheck.trial.paper import load
from sotcheck.trial.verdict import Comparison, Finding, Trial, Verdict, compare, unknown

if TYPE_CHECKING:
    import xarray as xr

#: Points at which engines are asked again.
SPOTS = 8


@single_threaded
def check_sweep(dataset: xr.Dataset, *, spots: int = SPOTS, progress: Progress = silent) -> CheckResult:
    """Try the numbers of a sweep, for each source.

    Conservation of angular momentum is tried at every point, first order against the limit h_R → 0 along
    every line of an h_R axis with at least RUNGS sizes besides zero (otherwise a ladder is computed at so
    many spots, evenly spread), and the other exact engine at the spots. A point that failed makes it
    inconclusive.
    """
    plan = plan_of(dataset)
    good = np.flatnonzero(flat(dataset, "error") == "")
    evenly = np.linspace(0, len(good) - 1, min(spots, len(good))).round().astype(int)
    chosen = [index for index in good[np.unique(evenly)].tolist() if plan.interface(plan.point(index)).h_R]

    def each(trial: Callable[[xr.Dataset, Plan, int], T], words: str) -> list[T | Untried]:
        return [
            attempt(partial(trial, dataset, plan, index), in_words(plan.point(index)))
            for index in progress(chosen, words)
        ]

    findings = [_complete(plan, len(good))]
    if len(good):
        ledger = [_conservation(dataset, plan, good)]
        words = "Angular momentum is conserved at z = 0"
        findings += _worst("sweep-ledger", words, plan.engine, ledger, places=len(good))
    lines = list(lines_in_h_R(dataset, plan)) if plan.exact else []
    findings += _limits(plan, lines or each(ladder, "first order"))
    if plan.exact:
        words, asked = "Both exact engines give the same torque", each(_asked, "other engine")
        findings += _worst("sweep-engines", words, plan.exact_engine(ahead=1), asked)
    warned = (
        f"{one['points']} point{'s' * (one['points'] > 1)}, such as: {one['text']}"
        for one in counted(flat(dataset, "warning"))
    )
    return CheckResult(plan.iface, tuple(findings), warnings=tuple(warned))


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
    scale = scale_of(expected, plan.interface(plan.point(int(good[0]))))
    comparisons = [compare(expected[:, s], found[:, s], scale=scale) for s in range(len(SOURCES))]
    return [(one, in_words(plan.point(int(good[one.index[0]])))) for one in comparisons]


def _asked(dataset: xr.Dataset, plan: Plan, index: int) -> Tried:
    """Compare a point of the sweep with what the other exact engine says."""
    point = plan.point(index)
    iface = plan.interface(point)
    stored, found = stored_torques(dataset)[index], torques(plan, iface, plan.exact_engine(ahead=1))[0]
    both = {"quadrature": (found.error + stored.error, "budgets of both engines")}
    scale = scale_of(found.value, iface, iface.h_R)
    return compared(found.value, Estimate(stored.value, both), scale, in_words(point))


def _limits(plan: Plan, lines: Sequence[Line | Untried]) -> Iterator[Finding]:
    """Yield what the limit of every line says of first order, by itself and with an embedded state."""
    number = load().first_order.number
    for formula, form in (
        ("First order", load().form_of(number)),
        ("First order + embedded state", "corrected"),
    ):
        trial = partial(at_zero_h_R, with_state="state" in formula)
        tried = [
            line if isinstance(line, Untried) else attempt(partial(trial, line), line.place) for line in lines
        ]
        title = f"{formula} is the limit h_R → 0 of the torque over h_R"
        yield from _worst(
            f"sweep-eq{number}", title, plan.exact_engine(), tried, equation=f"({number})", form=form
        )
        known = (line for line, one in zip(lines, tried, strict=True) if not isinstance(one, Untried))
        lines = [line for line in known if isinstance(line, Line) and line.expansion.kind == "embedded"]


def _worst(
    claim: str,
    title: str,
    engine: str,
    attempted: Sequence[Tried | Untried],
    *,
    equation: str | None = None,
    form: str | None = None,
    places: int | None = None,
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
    count = places or len(tried)
    for source, comparisons in zip(SOURCES, zip(*tried, strict=True), strict=False):
        comparison, place = max(
            comparisons,
            key=lambda one: (one[0].verdict.severity, abs(one[0].measured.value - one[0].expected)),
        )
        words = f"the worst of {count} place{'s' * (count > 1)}, at {place}"
        yield Trial("vector t", comparison, words, source, engine, form).finding(claim, title, equation)
