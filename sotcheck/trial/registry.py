"""The register of all claims: one entry and one function each.

`Claim`s are tried on the evidence of one system, by `sotcheck check` and the reports; equations,
definitions and statements of the paper by `sotcheck audit`. Which form of an equation stands for it is said
by its entries as an `Equation` alone: claims ask there (`form_of`), so that no two commands contradict.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from sotcheck.exact.solved import GENERAL, Exact, Formula
from sotcheck.numerics.estimate import ErrorBudget
from sotcheck.system.interface import Interface
from sotcheck.trial.evidence import Evidence
from sotcheck.trial.verdict import Comparison, Finding


@dataclass(frozen=True)
class Trial:
    """What a claim's function yields: one comparison and the words that go with it.

    `form` is "corrected" where another form than the claim's is tried.
    """

    quantity: str
    comparison: Comparison
    explanation: str
    source: str | None = None
    engine: str | None = None
    form: str | None = None


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
    judge : callable
        Yields trials from the evidence; none where the claim says nothing about a system.
    control : bool
        Whether it is wrong on purpose: then no form of an equation is on trial.
    """

    name: str
    title: str
    equation: str | None
    judge: Callable[[Evidence], Iterable[Trial]]
    control: bool = False

    @property
    def form(self) -> str | None:
        """The form that is tried: the register's for the equation, None for a claim in words."""
        return None if self.control else form_of(self.equation)

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
                form=trial.form or self.form,
                explanation="; ".join(filter(None, (trial.explanation, trial.comparison.reason))),
            )


CLAIMS: list[Claim] = []


def claim(
    name: str, title: str, equation: str | None = None
) -> Callable[[Callable[[Evidence], Iterable[Trial]]], Callable[[Evidence], Iterable[Trial]]]:
    """Register the decorated function as the judge of a claim."""

    def register(
        judge: Callable[[Evidence], Iterable[Trial]],
    ) -> Callable[[Evidence], Iterable[Trial]]:
        CLAIMS.append(Claim(name, title, equation, judge))
        return judge

    return register


def judge_all(evidence: Evidence) -> list[Finding]:
    """Try every registered claim; what an engine refused to solve is a finding of its own."""
    register_all()
    return [*(finding for entry in CLAIMS for finding in entry.findings(evidence)), *_refusals(evidence)]


#: What engines are asked for, in words.
ASKED = {
    "ladder": "flows on the ladder of h_R, k_perp summed",
    "at_h_R": "flows at the h_R asked for, k_perp summed",
    "resolved": "states resolved in k_perp, m of the system",
    "resolved_tilted": "states resolved in k_perp, m tilted",
    "lattice": "states on a ladder of lattice spacings",
    "theory": "amplitudes at h_R = 0 for Eq. (16)",
}


def _refusals(evidence: Evidence) -> Iterator[Finding]:
    for (asked, name), reason in evidence.refused.items():
        yield Finding(
            claim="solvable",
            title="An engine solves what the claims need",
            equation=None,
            quantity=ASKED[asked],
            source=None,
            engine="kwant" if asked == "lattice" else name,
            expected=math.nan,
            measured=math.nan,
            budget=ErrorBudget(),
            verdict="inconclusive",
            form=None,
            explanation=f"not to be had, and claims that need it are not tried with this engine: {reason}",
        )


#: What sets the transcribed form of an equation apart from the one that numbers confirm, as far as the text
#: alone tells. "marks": names, primes, daggers, stars, indices, signs of a superscript or brackets, each of
#: which a machine that reads print loses or swaps. "content": a factor, a sign, a term, a structure.
Kind = Literal["marks", "content"]


@dataclass(frozen=True)
class Equation:
    """A formula of the paper on trial.

    Attributes
    ----------
    number : str
        The paper's, without parentheses: "16c", "A13b".
    says : str
        What it says, in one sentence.
    quantity : str
        What is compared, e.g. "r, all elements".
    exact : callable
        ``exact(solved)``: the quantity from exact numerics, as `Measured`; it knows no formula of the paper.
    transcribed : callable
        ``transcribed(symbols)``: the formula as the transcription has it, of the shape of `exact`'s value or
        broadcasting to it.
    tex : str
        The formula in LaTeX, as transcribed.
    corrected : callable or None
        The form that exact numerics confirm, where that is another one.
    corrected_tex : str
    off_by : str
        What the transcribed form is off by: a factor, a sign, a swapped symbol, a missing term; and why.
    kind : "marks", "content" or None
        Which kind of difference that is; given whenever there is a corrected form.
    source : str or None
        "normal", "majority" or "minority".
    interfaces : tuple of Interface
        Where it is tried.
    order : str
        "exact", or the order in h_R of what the formula leaves out: "h_R^2", "h_R^3".
    invisible : dict
        Seeded faults that no parameter set can see, by the name that the power test gives them: the reason.
    """

    number: str
    says: str
    quantity: str
    exact: Exact
    transcribed: Formula
    tex: str
    corrected: Formula | None = None
    corrected_tex: str = ""
    off_by: str = ""
    kind: Kind | None = None
    source: str | None = None
    interfaces: tuple[Interface, ...] = GENERAL
    order: str = "exact"
    invisible: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Definition:
    """A numbered equation with nothing to test: a definition, a model, a notation."""

    number: str
    says: str
    tex: str
    why: str


@dataclass(frozen=True)
class Statement:
    """A claim in words, or about sums, that numbers can test.

    Attributes
    ----------
    name : str
        Identifier.
    says : str
        The statement.
    judge : callable
        ``judge(engine)`` yields trials.
    equation : str or None
        The paper's number, if it belongs to one.
    """

    name: str
    says: str
    judge: Callable[[str], Iterator[Trial]]
    equation: str | None = None


Entry = Equation | Definition | Statement
EQUATIONS: list[Equation] = []
DEFINITIONS: list[Definition] = []
STATEMENTS: list[Statement] = []


def register(*entries: Entry) -> None:
    """Add entries to the register."""
    for entry in entries:
        if isinstance(entry, Equation):
            EQUATIONS.append(entry)
        elif isinstance(entry, Definition):
            DEFINITIONS.append(entry)
        else:
            STATEMENTS.append(entry)


#: Modules of the paper that register what is tried, in the paper's order; claims of `check` first.
SECTIONS = (
    "check_first_order", "check_linearity", "check_exact",
    "entries_section3", "entries_section4", "entries_section5a", "entries_section5b", "entries_section5cd",
    "table1", "entries_section6", "entries_appendix_a1", "entries_appendix_a23", "entries_appendix_b",
    "entries_appendix_c",
)  # fmt: skip


def register_all() -> None:
    """Import every module that registers entries."""
    for name in SECTIONS:
        importlib.import_module(f"sotcheck.papers.kim2017.{name}")


def parts_of(number: str) -> list[Equation]:
    """Return the entries of an equation; "16" stands for all of (16a) to (16d)."""
    register_all()
    return [e for e in EQUATIONS if number in (e.number, e.number.rstrip("abcd"))]


@cache
def form_of(equation: str | None) -> str | None:
    """Return which form stands for an equation, by its number in parentheses.

    Returns
    -------
    str or None
        "corrected" where the register has such a form of any part of it, else "transcribed"; None for what
        is no entry, such as "(Fig. 2)".
    """
    parts = parts_of(equation.strip("()")) if equation else []
    if not parts:
        return None
    return "transcribed" if all(part.corrected is None for part in parts) else "corrected"


def kind_of(number: str) -> Kind | None:
    """Return the kind of the disagreement of "(A18a)": content if any of its entries has that."""
    kinds = {part.kind for part in parts_of(number.strip("()"))}
    return "content" if "content" in kinds else "marks" if "marks" in kinds else None
