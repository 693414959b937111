"""The audit: every entry of a paper's register judged by every engine, rows as those of a check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from functools import partial
from typing import Any

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.numerics.estimate import Estimate
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.trial import power
from sotcheck.trial.entries import Definition, Equation, Statement
from sotcheck.trial.judge import judge, sample_pairs, words_for
from sotcheck.trial.paper import DEFAULT, load, paper_order
from sotcheck.trial.result import AuditResult
from sotcheck.trial.verdict import Comparison, Finding, Trial, Verdict


def judge_equation(equation: Equation) -> list[Finding]:
    """Try every form of an equation by every engine."""
    rows = []
    for form, formula in equation.forms:
        for engine in EXACT:
            iface, found = judge(equation.of, formula, equation.on, engine)
            words = f"worst of {len(equation.on)} interfaces: {iface.name}"
            if form == "transcribed" and equation.corrected is not None:
                seen = words_for(equation, formula, iface, engine)
                words = f"off by {equation.off_by}; from the numbers alone: {seen}; {words}"
            trial = Trial(equation.of.words, found, words, equation.of.source, engine, form)
            rows.append(trial.finding(f"eq{equation.number}", equation.says, f"({equation.number})"))
    return rows


def sample_equation(equation: Equation) -> list[dict[str, Any]]:
    """Return what a plot of an equation shows: formula against Kwant's numbers, by form."""
    engine = list(EXACT)[-1]
    return [
        {
            "equation": f"({equation.number})",
            "quantity": equation.of.words,
            "forms": [
                {
                    "form": form,
                    "agrees": judge(equation.of, formula, equation.on, engine)[1].verdict is Verdict.AGREES,
                    "points": np.round(sample_pairs(equation, formula, engine), 3).tolist(),
                }
                for form, formula in equation.forms
            ],
        }
    ]


def judge_statement(statement: Statement) -> list[Finding]:
    """Try a statement by every engine, or by the first alone."""
    number = f"({statement.number})" if statement.number else None
    form = "transcribed" if number else None
    return [
        trial.finding(statement.key, statement.says, number, engine=engine, form=form)
        for engine in list(EXACT)[: 1 if statement.once else None]
        for trial in statement.judge(engine)
    ]


def definition_row(definition: Definition) -> Finding:
    """Return the row of an equation with nothing to test."""
    nothing = Comparison(np.nan, Estimate(np.nan), Verdict.AGREES)
    trial = Trial("definition", nothing, f"nothing to test: {definition.why}", form="definition")
    return trial.finding(f"eq{definition.number}", definition.says, f"({definition.number})")


def seed_equation(equation: Equation) -> list[power.Fault]:
    """Seed faults into the confirmed form of an equation."""
    return list(power.seed(equation))


WORK: dict[str, Callable[[Any], list[Any]]] = {
    "equation": judge_equation,
    "statement": judge_statement,
    "power": seed_equation,
    "sample": sample_equation,
}


@single_threaded
def work(paper: str, kind: str, key: str) -> list[Any]:
    """Do one piece of work, in whichever process: the entry is found by its key."""
    return WORK[kind](load(paper).entries[key])


def _results(
    paper: str, pieces: list[tuple[str, str]], title: str, executor: Executor | None, progress: Progress
) -> Iterator[list[Any]]:
    calls = [partial(work, paper, *piece) for piece in pieces]
    if executor is None:
        done: Iterator[list[Any]] = (call() for call in calls)
    else:
        futures = [executor.submit(call) for call in calls]
        done = (future.result() for future in futures)
    yield from progress(done, title, len(pieces))


@single_threaded
def audit(
    paper: str = DEFAULT,
    *,
    with_power: bool = False,
    with_samples: bool = False,
    executor: Executor | None = None,
    progress: Progress = silent,
) -> AuditResult:
    """Try every numbered equation of a paper.

    Parameters
    ----------
    paper : str
        Its name, or the path of a file that defines one.
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
    register = load(paper)
    equations = [entry.key for entry in register.of_type(Equation)]
    pieces = [("equation", key) for key in equations]
    pieces += [("statement", entry.key) for entry in register.of_type(Statement)]
    rows = [row for some in _results(paper, pieces, "audit", executor, progress) for row in some]
    rows += [definition_row(definition) for definition in register.of_type(Definition)]
    rows.sort(key=lambda row: paper_order(row.equation))
    faults: list[power.Fault] = []
    samples: list[dict[str, Any]] = []
    for wanted, kind, found in ((with_power, "power", faults), (with_samples, "sample", samples)):
        if wanted:
            each = [(kind, key) for key in equations]
            found += [item for some in _results(paper, each, kind, executor, progress) for item in some]
    return AuditResult(register, tuple(rows), tuple(faults), tuple(samples))
