"""Verdicts: an expected number, an estimate, one of three words."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from sotcheck.numerics.arrays import Array, Index
from sotcheck.numerics.estimate import Estimate, Terms, added

#: Relative size of the smallest fault worth seeing. A budget above it cannot tell right from wrong.
TELL_APART = 1e-6
#: Relative differences in size below this are rounding: of such numbers the first is shown.
TIE = 1e-10


class Verdict(StrEnum):
    """The words of a trial, from the best to the worst."""

    AGREES = "agrees"
    INCONCLUSIVE = "inconclusive"
    DISAGREES = "disagrees"

    @property
    def severity(self) -> int:
        """0, 1, 2 in the order above."""
        return list(type(self)).index(self)

    @property
    def exit_status(self) -> int:
        """0 all agree, 1 something disagrees, 3 nothing disagrees but something is inconclusive."""
        return (0, 3, 1)[self.severity]

    @classmethod
    def worst(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """Return the worst: a single disagreement or doubt is not outvoted."""
        return max(verdicts, key=lambda verdict: verdict.severity, default=cls.AGREES)


#: By severity.
VERDICTS = tuple(Verdict)


def decide(expected: ArrayLike, measured: ArrayLike, budget: ArrayLike, tell_apart: float) -> Index:
    """Return the severity of the verdict on each number.

    "disagrees" when the difference exceeds its numerical uncertainty, the budget; "inconclusive" when it does
    not but the budget exceeds the smallest difference that matters, or when anything is not finite.
    """
    expected, measured, budget = map(np.asarray, (expected, measured, budget))
    finite = np.isfinite(expected) & np.isfinite(measured) & np.isfinite(budget)
    with np.errstate(invalid="ignore", over="ignore"):
        off = np.abs(expected - measured) > budget
    unsure = np.where(budget > tell_apart, Verdict.INCONCLUSIVE.severity, Verdict.AGREES.severity)
    found = np.where(off, Verdict.DISAGREES.severity, unsure)
    return np.where(finite, found, Verdict.INCONCLUSIVE.severity)


@dataclass(frozen=True)
class Comparison:
    """The outcome of comparing arrays: of those with the worst verdict, the first of those farthest off.

    `expected`; `measured`: of that component; its error is that of their difference; `verdict`: the worst of
    all components' verdicts; `index`: where that component is; `tell_apart`: the smallest difference that
    would have mattered; `left_out`: how many components were not judged, as their own budgets hide more than
    that.
    """

    expected: float
    measured: Estimate
    verdict: Verdict
    index: tuple[int, ...] = ()
    tell_apart: float = math.inf
    left_out: int = 0

    @property
    def relative_difference(self) -> float:
        """|measured − expected| relative to the larger of the two; 0 when both are zero."""
        scale = max(abs(self.expected), abs(self.measured.value))
        return abs(self.measured.value - self.expected) / scale if scale > 0 else 0.0

    def times(self, factor: float) -> Comparison:
        """Return the comparison of numbers that are all larger by a factor: of those in another unit."""
        scaled = {name: getattr(self, name) * factor for name in ("expected", "measured", "tell_apart")}
        return replace(self, **scaled)

    @property
    def reason(self) -> str:
        """Say why nothing could be told; empty where something could."""
        if self.verdict is not Verdict.INCONCLUSIVE or not self.measured.terms:
            return ""
        if not (math.isfinite(self.expected) and math.isfinite(self.measured.value)):
            return "inconclusive: there is no number to compare"
        name, (size, origin) = max(self.measured.terms.items(), key=lambda term: term[1][0])
        return (
            f"inconclusive: {name} ({origin}), {size:.1e}, hides differences of "
            f"{self.tell_apart:.1e}, the smallest that matter"
        )


@dataclass(frozen=True)
class Trial:
    """One comparison and the words that go with it.

    `quantity`: what was compared; `comparison`; `explanation`: one sentence; `source`, `engine`: for which
    source, measured by which exact engine; `form`: "transcribed", "corrected", "definition", or None for a
    claim that is no equation; `torque`: whether it is a torque or a spin current summed over k_⊥ (unit: wave
    vector³), and no pure number.
    """

    quantity: str
    comparison: Comparison
    explanation: str
    source: str | None = None
    engine: str | None = None
    form: str | None = None
    torque: bool = False

    def in_unit(self, unit: float) -> Self:
        """Return it with a torque in another unit, in which a wave vector³ is so much."""
        if not self.torque:
            return self
        other = self.comparison.times(unit)
        words = self.explanation.replace(self.comparison.reason, other.reason)
        return replace(self, comparison=other, explanation=words)

    def finding(
        self,
        claim: str,
        title: str,
        equation: str | None = None,
        *,
        engine: str | None = None,
        form: str | None = None,
    ) -> Finding:
        """Return the row of a claim; engine and form stand where the trial has none."""
        why = "; ".join(filter(None, (self.explanation, self.comparison.reason)))
        own = vars(self) | {"explanation": why, "engine": self.engine or engine, "form": self.form or form}
        return Finding(**own, claim=claim, title=title, equation=equation)


@dataclass(frozen=True, kw_only=True)
class Finding(Trial):
    """One row of a check or an audit: a trial of what.

    `claim`, `title`, `equation`: the claim's identifier, what it says, and the paper's equation number in
    parentheses.
    """

    claim: str
    title: str
    equation: str | None

    @property
    def verdict(self) -> Verdict:
        """That of the comparison."""
        return self.comparison.verdict

    @property
    def expected(self) -> float:
        """What the claim says."""
        return self.comparison.expected

    @property
    def measured(self) -> Estimate:
        """What the exact numerics give; its error is that of the comparison."""
        return self.comparison.measured

    def to_dict(self) -> dict[str, Any]:
        """Return the row as the JSON contract has it, with the error terms added."""

        def number(value: float) -> float | None:
            return float(value) if math.isfinite(value) else None

        words = ("claim", "title", "equation", "quantity", "source", "engine")
        return {name: getattr(self, name) for name in words} | {
            "verdict": str(self.verdict),
            "expected": number(self.expected),
            "measured": number(self.measured.value),
            "uncertainty": number(self.measured.total),
            "relative_difference": number(self.comparison.relative_difference),
            "form": self.form,
            "explanation": self.explanation,
            "budget": [
                {"name": name, "value": number(size), "origin": origin}
                for name, (size, origin) in self.measured.terms.items()
            ],
        }


def compare(
    expected: Array | float,
    measured: Estimate | Array | float,
    terms: Terms | None = None,
    *,
    scale: float | None = None,
    tell_apart: float | None = None,
    sample: bool = False,
) -> Comparison:
    """Compare two real arrays component by component.

    Parameters
    ----------
    expected : array
    measured : Estimate or array
        The error of the expected numbers included.
    terms : mapping, optional
        Further error terms by name: (size, scalar or of that shape; origin).
    scale : float, optional
        What differences are relative to; by default the largest |expected| or |measured|.
    tell_apart : float, optional
        The smallest absolute difference that matters; by default TELL_APART · scale.
    sample : bool
        Whether the components are a sample, of which those that are too uncertain to tell may be left out, as
        long as they are less than half. What differs by more than its budget never is.
    """
    estimate = measured if isinstance(measured, Estimate) else Estimate(measured)
    terms, measured = added(estimate.terms, terms or {}), estimate.value
    expected, measured = np.broadcast_arrays(
        np.atleast_1d(np.asarray(expected, dtype=float)), np.atleast_1d(np.asarray(measured, dtype=float))
    )
    if scale is None:
        scale = float(max(np.abs(expected).max(), np.abs(measured).max()))
    threshold = TELL_APART * scale if tell_apart is None else tell_apart
    sizes = {name: np.broadcast_to(size, expected.shape) for name, (size, _) in terms.items()}
    budget = sum(sizes.values(), np.zeros(expected.shape))
    severity = decide(expected, measured, budget, threshold).ravel()
    unsure = severity == Verdict.INCONCLUSIVE.severity
    doubtful = int(np.count_nonzero(unsure))
    left_out = doubtful if sample and 2 * doubtful < len(severity) else 0
    judged = np.where(unsure, -1, severity) if left_out else severity
    worst = np.flatnonzero(judged == judged.max())
    # Where nothing differs, the largest number says most; of numbers as large, the first.
    for values in (np.nan_to_num(np.abs(expected - measured), nan=np.inf), np.nan_to_num(np.abs(expected))):
        among = values.ravel()[worst]
        worst = worst[among >= among.max() - (TIE * scale if math.isfinite(scale) else 0.0)]
    index = tuple(int(i) for i in np.unravel_index(worst[0], expected.shape))
    found = {name: (float(size[index]), terms[name][1]) for name, size in sizes.items()}
    estimate = Estimate(float(measured[index]), found)
    return Comparison(
        float(expected[index]), estimate, VERDICTS[severity[worst[0]]], index, threshold, left_out
    )


def unknown(reached: float = math.nan, wanted: float = math.nan) -> Comparison:
    """Return the comparison of what could not be had, or not all of it: inconclusive."""
    return Comparison(wanted, Estimate(reached), Verdict.INCONCLUSIVE)
