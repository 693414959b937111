"""How the exact torque departs from first order: as h_R³, or as the kind of interface has it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sotcheck.beyond.radius import exponent_data
from sotcheck.engines import reference
from sotcheck.numerics.arrays import Complex
from sotcheck.numerics.convergence import observed_order
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import paper
from sotcheck.theory.first_order import torque_vector
from sotcheck.theory.validity import transparent_channels
from sotcheck.trial.coefficients import explained, natural_scale, remainders
from sotcheck.trial.evidence import Evidence
from sotcheck.trial.verdict import Comparison, Trial, Verdict, compare

#: The exact torque is odd in h_R, so it departs from its linear term as h_R³.
REMAINDER_ORDER = 3.0
#: A wrong linear coefficient leaves a slope of 1, a missing second order one of 2.
SLOPE_TELL_APART = 0.05


@paper.claim("linearity", "The exact torque departs from first order as h_R^3")
def linearity(evidence: Evidence) -> Iterator[Trial]:
    """Slope of |t − (16)| in h_R over the ladder, extrapolated to h_R → 0.

    Where (16) is not the limit of t/h_R, the slope is that of the departure from the limit. Where a spin
    channel is transparent, the departure is of second order, with a coefficient that theory knows.
    """
    if transparent_channels(evidence.iface):
        yield from transparent_trials(evidence)
    else:
        yield from slope_trials(evidence, evidence.corrected_torque.sum(axis=0))


def transparent_trials(evidence: Evidence) -> Iterator[Trial]:
    """Try the true exponents of a transparent channel, and the coefficient of h_R|h_R|, by source."""
    data, words = exponent_data(evidence.iface), evidence.expansion.words
    for source, row in data["sources"].items() if data else ():
        slope = "slope of |t - (16)| in h_R"
        if not row["measured"]:
            unknown = Estimate(np.nan, {"next order": (np.inf, row["why"])})
            yield Trial(slope, compare(3.0, unknown), f"{words}; {row['why']}", source, reference())
            continue
        log = ", apart from its logarithm" if row["logarithm"] else ""
        rows = [(f"{slope}{log}", row["expected_exponent"], "exponent", "of the local slopes")]
        if row["ratio"] is not None:
            rows += [("coefficient of h_R|h_R|, relative to theory's", 1.0, "ratio", "to h_R = 0")]
        for quantity, expected, name, what in rows:
            value, error, origin = row[name], row[f"{name}_error"], f"extrapolation {what}, and quadrature"
            # What could not be measured comes as None.
            size = np.inf if error is None else error
            found = Estimate(np.nan if value is None else value, {"next order": (size, origin)})
            comparison = compare(float(expected), found, tell_apart=SLOPE_TELL_APART)
            yield Trial(quantity, comparison, words, source, reference())


def slope_trials(evidence: Evidence, expected: Complex) -> Iterator[Trial]:
    """Fit the slope of the remainder that a formula (3,) leaves, for every source and engine."""
    limit = "(16) - embedded state" if evidence.expansion.kind == "embedded" else "(16)"
    scale = natural_scale(evidence, expected)
    for engine in evidence.ladder:
        rest = remainders(evidence, engine, expected)
        for s, source in evidence.open_sources:
            slope = observed_order(rest.value[:, s], rest.error[:, s])
            if not slope.total <= SLOPE_TELL_APART:
                found = _no_departure(evidence, expected[s], rest[:, s], scale)
                if found.verdict is Verdict.AGREES:
                    quantity = f"|t - {limit}| per h_R: no departure to fit a slope to"
                    why = (
                        "what departs is next to nothing, within the noise and (h_R/radius)^2 of first order"
                    )
                    yield Trial(quantity, found, why, source, engine)
                    continue
            words = f"h_R from {evidence.rungs[0]:.3g} to {evidence.rungs[-1]:.3g}"
            if not evidence.expansion.exists:
                words = evidence.expansion.why_not
                slope = Estimate(slope.value, {"next order": (np.inf, words)})
            found = compare(REMAINDER_ORDER, slope + 1, tell_apart=SLOPE_TELL_APART)
            words = explained(evidence, words, s)
            yield Trial(f"slope of |t - {limit}| in h_R", found, words, source, engine)


def _no_departure(evidence: Evidence, expected: complex, rest: Estimate, scale: float) -> Comparison:
    """Compare the departure with what the next order can amount to."""
    size = float(np.linalg.norm(torque_vector(np.array([expected]), evidence.iface.direction)))
    part = evidence.rungs[0] / evidence.expansion.radius if evidence.expansion.radius else np.inf
    next_order = size * part**2 if size else 0.0
    largest = rest.each(lambda array: float(array.max()))
    origin = "first order times (h_R/radius of convergence)^2"
    return compare(0.0, largest.and_("next order", next_order, origin), scale=scale)
