"""One entry and one function a claim."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sotcheck.claims.evidence import Evidence
from sotcheck.verdict import Comparison, Finding


@dataclass(frozen=True)
class Trial:
    """What a claim's function yields: one comparison and the words that go with it."""

    quantity: str
    comparison: Comparison
    explanation: str
    source: str | None = None
    engine: str | None = None


@dataclass(frozen=True)
class Claim:
    """A statement of the theory that exact numerics can confirm or refute.

    Attributes
    ----------
    name : str
        Identifier, the `claim` of JSON rows.
    title : str
        What it says.
    equation : str or None
        The paper's number in parentheses.
    form : str or None
        "transcribed" or "corrected" for an equation, None for a claim in words.
    judge : callable
        Yields trials from the evidence; none where the claim says nothing about a system.
    """

    name: str
    title: str
    equation: str | None
    form: str | None
    judge: Callable[[Evidence], Iterable[Trial]]

    def findings(self, evidence: Evidence) -> Iterator[Finding]:
        """Try the claim on the evidence."""
        for trial in self.judge(evidence):
            yield Finding(
                claim=self.name,
                title=self.title,
                equation=self.equation,
                quantity=trial.quantity,
                source=trial.source,
                engine=trial.engine,
                expected=trial.comparison.expected,
                measured=trial.comparison.measured,
                budget=trial.comparison.budget,
                verdict=trial.comparison.verdict,
                form=self.form,
                explanation=trial.explanation,
            )


CLAIMS: list[Claim] = []


def claim(
    name: str, title: str, equation: str | None = None, form: str | None = None
) -> Callable[[Callable[[Evidence], Iterable[Trial]]], Callable[[Evidence], Iterable[Trial]]]:
    """Register the decorated function as the judge of a claim."""

    def register(
        judge: Callable[[Evidence], Iterable[Trial]],
    ) -> Callable[[Evidence], Iterable[Trial]]:
        CLAIMS.append(Claim(name, title, equation, form, judge))
        return judge

    return register


def judge_all(evidence: Evidence) -> list[Finding]:
    """Try every registered claim."""
    return [finding for entry in CLAIMS for finding in entry.findings(evidence)]
