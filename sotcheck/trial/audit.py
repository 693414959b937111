"""The audit: every entry of the register judged, rows as `sotcheck check` writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from functools import partial
from typing import Any

import numpy as np

from sotcheck.exact.solved import ENGINES, Formula
from sotcheck.numerics.estimate import ErrorBudget
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.trial import power
from sotcheck.trial.judge import judge, sample_pairs, words_for
from sotcheck.trial.registry import (
    DEFINITIONS,
    EQUATIONS,
    STATEMENTS,
    Definition,
    Equation,
    Statement,
    register_all,
)
from sotcheck.trial.result import AuditResult, paper_order
from sotcheck.trial.verdict import Finding


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


@single_threaded
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


@single_threaded
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
