"""How the exact torque departs from first order: as h_R³, or as the kind of interface has it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sotcheck.beyond.exponent import exponent_data
from sotcheck.exact.observables import summed_errors, torque_from_flows
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.convergence import observed_order
from sotcheck.numerics.estimate import Terms
from sotcheck.papers.kim2017 import paper
from sotcheck.papers.kim2017.check_first_order import explained, natural_scale
from sotcheck.theory.first_order import torque_vector
from sotcheck.theory.validity import transparent_channels
from sotcheck.trial.evidence import Evidence
from sotcheck.trial.verdict import Comparison, Trial, compare

#: A wrong linear coefficient leaves a slope of 1, a missing second order one of 2.
SLOPE_TELL_APART = 0.05


def remainders(evidence: Evidence, engine: str, expected: Complex) -> tuple[Array, Array]:
    """Return |t/h_R − (16)| on the rungs and its noise, shapes (4, 3): rung, source.

    `expected` is the formula's fieldlike + i dampinglike, shape (3,).
    """
    m = evidence.iface.direction
    found = evidence.ladder[engine]
    exact = torque_from_flows(found.total.value, m)
    rest = np.linalg.norm(exact - torque_vector(expected, m), axis=-1)
    rounding = 2 * summed_errors(evidence.engines[engine], evidence.iface, evidence.rungs).sum(axis=0)
    quadrature = found.total.error.max(axis=(-1, -2)) + evidence.theory["closed forms"].total.total
    return rest, quadrature + rounding / evidence.rungs[:, None]


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
    data = exponent_data(evidence.iface)
    if data is None:
        return
    words = evidence.expansion.words
    origin = "extrapolation of the local slopes, and quadrature"
    for source, row in data["sources"].items():
        if not row["measured"]:
            unknown = compare(3.0, np.nan, {"next order": (np.inf, row["why"])})
            yield Trial("slope of |t - (16)| in h_R", unknown, f"{words}; {row['why']}", source, "continuum")
            continue
        power, error = row["exponent"], row["exponent_error"]
        found = compare(
            float(row["expected_exponent"]),
            np.nan if power is None else power,
            {"next order": (np.inf if error is None else error, origin)},
            tell_apart=SLOPE_TELL_APART,
        )
        log = ", apart from its logarithm" if row["logarithm"] else ""
        yield Trial(f"slope of |t - (16)| in h_R{log}", found, words, source, "continuum")
        if row["ratio"] is not None:
            found = compare(
                1.0,
                row["ratio"],
                {"next order": (row["ratio_error"], "extrapolation to h_R = 0, and quadrature")},
                tell_apart=SLOPE_TELL_APART,
            )
            yield Trial("coefficient of h_R|h_R|, relative to theory's", found, words, source, "continuum")


def slope_trials(evidence: Evidence, expected: Complex) -> Iterator[Trial]:
    """Fit the slope of the remainder that a formula (3,) leaves, for every source and engine."""
    limit = "(16) - embedded state" if evidence.expansion.kind == "embedded" else "(16)"
    for engine in evidence.ladder:
        rest, noise = remainders(evidence, engine, expected)
        scale = natural_scale(evidence, expected)
        for s, source in evidence.open_sources:
            slope = observed_order(rest[:, s], noise[:, s])
            if not slope.total <= SLOPE_TELL_APART:
                found = _no_departure(evidence, expected[s], rest[:, s], noise[:, s], scale)
                if found.verdict == "agrees":
                    yield Trial(
                        f"|t - {limit}| per h_R: no departure to fit a slope to",
                        found,
                        "what departs is next to nothing, within the noise and (h_R/radius)^2 of first order",
                        source,
                        engine,
                    )
                    continue
            terms: Terms = {
                "next order": (slope.total, "change of the local slope at the last rung, and noise")
            }
            words = f"h_R from {evidence.rungs[0]:.3g} to {evidence.rungs[-1]:.3g}"
            if not evidence.analytic:
                terms["next order"] = (np.inf, evidence.why_not_analytic)
                words = evidence.why_not_analytic
            exponent = evidence.expansion.exponent
            found = compare(exponent, 1 + slope.value, terms, tell_apart=SLOPE_TELL_APART)
            yield Trial(
                f"slope of |t - {limit}| in h_R", found, explained(evidence, words, s), source, engine
            )


def _no_departure(
    evidence: Evidence, expected: complex, rest: Array, noise: Array, scale: float
) -> Comparison:
    """Compare the departure with what the next order can amount to."""
    size = float(np.linalg.norm(torque_vector(np.array([expected]), evidence.iface.direction)))
    next_order = size * (evidence.rungs[0] / evidence.radius) ** 2 if size else 0.0
    return compare(
        0.0,
        float(rest.max()),
        {
            "quadrature": (float(noise.max()), "nested rules, and rounding over h_R"),
            "next order": (next_order, "first order times (h_R/radius of convergence)^2"),
        },
        scale=scale,
    )
