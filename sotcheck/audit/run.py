"""The audit: every entry of the register judged, rows as `sotcheck check` writes them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from tabulate import tabulate

from sotcheck import __version__
from sotcheck.audit import power
from sotcheck.audit.judge import judge, sample_pairs, words_for
from sotcheck.audit.samples import ENGINES, Formula
from sotcheck.audit.sections import register_all
from sotcheck.claims.registry import DEFINITIONS, EQUATIONS, STATEMENTS, Definition, Equation, Statement
from sotcheck.crosscheck import EXIT_STATUS
from sotcheck.estimate import ErrorBudget
from sotcheck.progress import Progress, silent
from sotcheck.verdict import Finding, Verdict

def forms(equation: Equation) -> Iterator[tuple[str, Formula]]:
    """Yield (form, formula): as transcribed, and corrected where there is one."""
    yield "transcribed", equation.transcribed
    if equation.corrected is not None:
        yield "corrected", equation.corrected


def judge_equation(index: int) -> list[Finding]:
    """Try every form of one registered equation by every engine."""
    equation = EQUATIONS[index]
    rows = []
    for form, formula in forms(equation):
        for engine in ENGINES:
            iface, found = judge(equation, formula, engine)
            words = f"worst of {len(equation.interfaces)} interfaces: {iface.name}"
            if form == "transcribed" and equation.corrected is not None:
                seen = words_for(equation, formula, iface, engine)
                words = f"off by {equation.off_by}; from the numbers alone: {seen}; {words}"
            rows.append(
                Finding(
                    claim=f"eq{equation.number}",
                    title=equation.says,
                    equation=f"({equation.number})",
                    quantity=equation.quantity,
                    source=equation.source,
                    engine=engine,
                    expected=found.expected,
                    measured=found.measured,
                    budget=found.budget,
                    verdict=found.verdict,
                    form=form,
                    explanation=words,
                )
            )
    return rows


def sample_equation(index: int) -> list[dict[str, Any]]:
    """Return what a plot of one registered equation shows: formula against Kwant's numbers, by form."""
    equation = EQUATIONS[index]
    return [
        {
            "equation": f"({equation.number})",
            "quantity": equation.quantity,
            "forms": [
                {
                    "form": form,
                    "agrees": judge(equation, formula, "kwant")[1].verdict == "agrees",
                    "points": np.round(sample_pairs(equation, formula, "kwant"), 3).tolist(),
                }
                for form, formula in forms(equation)
            ],
        }
    ]


def judge_statement(index: int) -> list[Finding]:
    """Try one registered statement by every engine."""
    statement = STATEMENTS[index]
    return [
        Finding(
            claim=statement.name,
            title=statement.says,
            equation=f"({statement.equation})" if statement.equation else None,
            quantity=trial.quantity,
            source=trial.source,
            engine=trial.engine or engine,
            expected=trial.comparison.expected,
            measured=trial.comparison.measured,
            budget=trial.comparison.budget,
            verdict=trial.comparison.verdict,
            form="transcribed" if statement.equation else None,
            explanation=trial.explanation,
        )
        for engine in ENGINES
        for trial in statement.judge(engine)
    ]


def definition_row(definition: Definition) -> Finding:
    """Return the row of an equation with nothing to test."""
    return Finding(
        claim=f"eq{definition.number}",
        title=definition.says,
        equation=f"({definition.number})",
        quantity="definition",
        source=None,
        engine=None,
        expected=float("nan"),
        measured=float("nan"),
        budget=ErrorBudget(),
        verdict="agrees",
        form="definition",
        explanation=f"nothing to test: {definition.why}",
    )


def seed_equation(index: int) -> list[power.Fault]:
    """Seed faults into the confirmed form of one registered equation."""
    equation = EQUATIONS[index]
    return list(power.seed(equation, equation.corrected or equation.transcribed))


def _work(kind: str, index: int) -> list[Any]:
    """Do one piece of work; a worker process registers the entries first."""
    if not EQUATIONS:
        register_all()
    work: dict[str, Callable[[int], list[Any]]] = {
        "equation": judge_equation, "statement": judge_statement, "power": seed_equation,
        "sample": sample_equation,
    }  # fmt: skip
    return work[kind](index)


def _results(
    pieces: list[tuple[str, int]], title: str, executor: Executor | None, progress: Progress
) -> Iterator[list[Any]]:
    calls = [partial(_work, *piece) for piece in pieces]
    if executor is None:
        done: Iterator[list[Any]] = (call() for call in calls)
    else:
        futures = [executor.submit(call) for call in calls]
        done = (future.result() for future in futures)
    yield from progress(done, title, len(pieces))


def paper_order(number: str | None) -> tuple[int, int, str]:
    """Return a key that sorts "(6a)", "(16c)", "(A13b)", "(B1)", None in the paper's order."""
    if number is None:
        return (9, 0, "")
    text = number.strip("()")
    part = "ABC".find(text[0]) + 1
    digits = "".join(c for c in text[bool(part) :] if c.isdigit())
    return (part, int(digits), text)


@dataclass(frozen=True)
class AuditResult(Sequence[Finding]):
    """All rows of the audit; prints as a table, converts to the contract's JSON."""

    findings: tuple[Finding, ...]
    faults: tuple[power.Fault, ...] = ()
    samples: tuple[dict[str, Any], ...] = ()

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __getitem__(self, index: Any) -> Any:
        return self.findings[index]

    @property
    def exit_status(self) -> int:
        """0 all agree, 1 something disagrees, 3 nothing disagrees but something is inconclusive."""
        verdicts = {finding.verdict for finding in self.findings}
        order: tuple[Verdict, ...] = ("disagrees", "inconclusive", "agrees")
        return EXIT_STATUS[next(v for v in order if v in verdicts)]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of `sotcheck audit`."""
        document = {
            "sotcheck": __version__,
            "system": None,
            "verdicts": [finding.to_dict() for finding in self.findings],
        }
        if self.faults:
            document["power"] = [vars(fault) for fault in self.faults]
        return document

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"

    def __str__(self) -> str:
        table = [
            [
                finding.verdict.upper() if finding.verdict != "agrees" else "agrees",
                finding.equation or "",
                finding.form or "",
                finding.quantity,
                finding.engine or "",
                *(f"{v:.9g}" if np.isfinite(v) else "" for v in (finding.expected, finding.measured)),
                f"{finding.budget.total:.1e}" if finding.budget.terms else "",
            ]
            for finding in self.findings
        ]
        head = ["verdict", "equation", "form", "quantity", "engine", "expected", "measured", "uncertainty"]
        return tabulate(table, head, disable_numparse=True) + "\n" + self.summary()

    def summary(self) -> str:
        """Say how many equations agree, and which as transcribed do not."""
        numbered: dict[str, set[str]] = {}
        for finding in self.findings:
            if finding.equation and finding.form != "corrected":
                numbered.setdefault(finding.equation, set()).add(finding.verdict)
        off = sorted((n for n, v in numbered.items() if "disagrees" in v), key=paper_order)
        corrected = {
            f.equation
            for f in self.findings
            if f.form == "corrected" and f.verdict == "agrees" and f.equation
        }
        lines = [
            f"{len(numbered)} numbered equations; {len(off)} disagree as transcribed: {', '.join(off)}.",
            f"{len(corrected)} of these have a corrected form that exact numerics confirm.",
        ]
        if self.faults:
            lines.append(self.power_summary())
        return "\n".join(lines)

    def power_summary(self) -> str:
        """Say how many seeded faults were flagged, and list those that were not."""
        count = Counter(fault.outcome for fault in self.faults)
        visible = count["flagged"] + count["missed"]
        lines = [
            f"power: {count['flagged']} of {visible} seeded faults flagged; "
            f"{count['no effect']} more change nothing on any parameter set."
        ]
        lines += [
            f"  missed: ({f.number}) {f.quantity}: {f.change}" for f in self.faults if f.outcome == "missed"
        ]
        return "\n".join(lines)


def audit(
    *,
    with_power: bool = False,
    with_samples: bool = False,
    executor: Executor | None = None,
    progress: Progress = silent,
) -> AuditResult:
    """Try every numbered equation of the paper.

    Parameters
    ----------
    with_power : bool
        Also seed faults into every confirmed formula, and count those that are flagged.
    with_samples : bool
        Also keep numbers for the plots of the pages.
    executor : Executor, optional
        Where equations are judged; in this process by default.
    progress : callable

    Returns
    -------
    AuditResult
    """
    register_all()
    pieces = [("equation", i) for i in range(len(EQUATIONS))]
    pieces += [("statement", i) for i in range(len(STATEMENTS))]
    rows = [row for some in _results(pieces, "audit", executor, progress) for row in some]
    rows += [definition_row(definition) for definition in DEFINITIONS]
    rows.sort(key=lambda row: paper_order(row.equation))
    faults: list[power.Fault] = []
    samples: list[dict[str, Any]] = []
    for wanted, kind, found in ((with_power, "power", faults), (with_samples, "sample", samples)):
        if wanted:
            each = [(kind, i) for i in range(len(EQUATIONS))]
            found += [item for some in _results(each, kind, executor, progress) for item in some]
    return AuditResult(tuple(rows), tuple(faults), tuple(samples))


__all__ = ["AuditResult", "Statement", "audit", "paper_order", "register_all"]
