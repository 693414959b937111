"""Verdicts: an expected and a measured number, an error budget, one of three words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import ErrorBudget, ErrorTerm

Verdict = Literal["agrees", "disagrees", "inconclusive"]
#: Error terms by name: size, scalar or of the shape of what is compared, and origin.
Terms = dict[str, tuple[Any, str]]
#: Relative size of the smallest fault worth seeing. A budget above it cannot tell right from wrong.
TELL_APART = 1e-6


def decide(expected: float, measured: float, budget: float, tell_apart: float) -> Verdict:
    """Return the verdict on one number.

    Parameters
    ----------
    expected, measured : float
    budget : float
        Numerical uncertainty of their difference.
    tell_apart : float
        The smallest difference that would matter.

    Returns
    -------
    str
        "disagrees" when the difference exceeds the budget; "inconclusive" when it does not but the budget
        exceeds `tell_apart`, or when anything is not finite; "agrees" otherwise.
    """
    if not all(map(math.isfinite, (expected, measured, budget))):
        return "inconclusive"
    if abs(expected - measured) > budget:
        return "disagrees"
    return "inconclusive" if budget > tell_apart else "agrees"


@dataclass(frozen=True)
class Finding:
    """One row of a check: a claim tried on one quantity.

    Attributes
    ----------
    claim, title, equation : str
        The claim's identifier, what it says, and the paper's equation number in parentheses.
    quantity, source, engine : str
        What was compared, for which source (or None), measured by which exact engine.
    expected, measured : float
        What the claim says, and what the exact numerics give.
    budget : ErrorBudget
    verdict : str
    form : str or None
        "transcribed", "corrected", "definition", or None for a claim that is no equation.
    explanation : str
        One sentence.
    """

    claim: str
    title: str
    equation: str | None
    quantity: str
    source: str | None
    engine: str | None
    expected: float
    measured: float
    budget: ErrorBudget
    verdict: Verdict
    form: str | None
    explanation: str

    @property
    def relative_difference(self) -> float:
        """|measured − expected| relative to the larger of the two; 0 when both are zero."""
        scale = max(abs(self.expected), abs(self.measured))
        return abs(self.measured - self.expected) / scale if scale > 0 else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the row as the JSON contract has it, with the budget's terms added."""

        def number(value: float) -> float | None:
            return float(value) if math.isfinite(value) else None

        return {
            "claim": self.claim,
            "title": self.title,
            "equation": self.equation,
            "quantity": self.quantity,
            "source": self.source,
            "engine": self.engine,
            "verdict": self.verdict,
            "expected": number(self.expected),
            "measured": number(self.measured),
            "uncertainty": number(self.budget.total),
            "relative_difference": number(self.relative_difference),
            "form": self.form,
            "explanation": self.explanation,
            "budget": [
                {"name": t.name, "value": number(t.value), "origin": t.origin} for t in self.budget.terms
            ],
        }


@dataclass(frozen=True)
class Comparison:
    """The outcome of comparing arrays: of those with the worst verdict, the component farthest off.

    Attributes
    ----------
    expected, measured : float
        Of that component.
    budget : ErrorBudget
    verdict : str
        The worst of all components' verdicts.
    index : tuple of int
        Where that component is.
    tell_apart : float
        The smallest difference that would have mattered.
    left_out : int
        How many components were not judged, as their own budgets hide more than that.
    """

    expected: float
    measured: float
    budget: ErrorBudget
    verdict: Verdict
    index: tuple[int, ...]
    tell_apart: float
    left_out: int = 0

    @property
    def reason(self) -> str:
        """Say why nothing could be told; empty where something could."""
        if self.verdict != "inconclusive":
            return ""
        if not (math.isfinite(self.expected) and math.isfinite(self.measured)):
            return "inconclusive: there is no number to compare"
        largest = max(self.budget.terms, key=lambda term: term.value)
        return (
            f"inconclusive: {largest.name} ({largest.origin}), {largest.value:.1e}, hides differences of "
            f"{self.tell_apart:.1e}, the smallest that matter"
        )


def compare(
    expected: Array | float,
    measured: Array | float,
    terms: Terms,
    *,
    scale: float | None = None,
    tell_apart: float | None = None,
    sample: bool = False,
) -> Comparison:
    """Compare two real arrays component by component.

    Parameters
    ----------
    expected, measured : arrays of one shape
    terms : dict
        Error terms by name: (size, scalar or of that shape; origin).
    scale : float, optional
        What differences are relative to; by default the largest |expected| or |measured|.
    tell_apart : float, optional
        The smallest absolute difference that matters; by default TELL_APART · scale.
    sample : bool
        Whether the components are a sample, of which those that are too uncertain to tell may be left out, as
        long as they are less than half. What differs by more than its budget never is.

    Returns
    -------
    Comparison
    """
    expected, measured = np.broadcast_arrays(
        np.atleast_1d(np.asarray(expected, dtype=float)),
        np.atleast_1d(np.asarray(measured, dtype=float)),
    )
    if scale is None:
        scale = float(max(np.abs(expected).max(), np.abs(measured).max()))
    threshold = TELL_APART * scale if tell_apart is None else tell_apart
    sizes = {name: np.broadcast_to(size, expected.shape) for name, (size, _) in terms.items()}
    budget = sum(sizes.values(), np.zeros(expected.shape))
    severity = {"agrees": 0, "inconclusive": 1, "disagrees": 2}
    verdicts = [
        decide(float(e), float(m), float(b), threshold)
        for e, m, b in zip(expected.ravel(), measured.ravel(), budget.ravel(), strict=True)
    ]
    doubtful = verdicts.count("inconclusive")
    left_out = doubtful if sample and 2 * doubtful < len(verdicts) else 0
    if left_out:
        severity["inconclusive"] = -1
    difference = np.nan_to_num(np.abs(expected - measured).ravel(), nan=np.inf)
    # Where nothing differs, the largest number says most.
    size = np.nan_to_num(np.abs(expected).ravel())
    worst = max(range(len(verdicts)), key=lambda i: (severity[verdicts[i]], difference[i], size[i]))
    index = tuple(int(i) for i in np.unravel_index(worst, expected.shape))
    return Comparison(
        expected=float(expected[index]),
        measured=float(measured[index]),
        budget=ErrorBudget(
            tuple(ErrorTerm(name, float(size[index]), terms[name][1]) for name, size in sizes.items())
        ),
        verdict=verdicts[worst],
        index=index,
        tell_apart=threshold,
        left_out=left_out,
    )
