"""The audit: every entry of a paper's register judged by every engine, rows as those of a check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.numerics.estimate import Estimate
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.trial import machinery, power, proved
from sotcheck.trial.entries import Definition, Equation, Figure, Statement, Table, plain
from sotcheck.trial.faults import Fault as Planted
from sotcheck.trial.judge import judge, sample_pairs, words_for
from sotcheck.trial.paper import DEFAULT, load, paper_order, spec_of
from sotcheck.trial.result import AuditResult
from sotcheck.trial.verdict import Comparison, Finding, Trial, Verdict

#: Which of the engines a statement asks.
ASKED = {"all": slice(None), "first": slice(1), "others": slice(1, None)}


def judge_equation(equation: Equation) -> list[Finding]:
    """Try every form of an equation by every engine."""
    rows = []
    for form, formula in equation.forms:
        for engine in EXACT:
            iface, found = judge(equation.of, formula, equation.on, engine)
            words = [f"worst of {len(equation.on)} interfaces: {iface.name}"]
            if form == "transcribed" and (equation.corrected or found.verdict is Verdict.DISAGREES):
                off_by = [f"off by {equation.off_by}"] if equation.off_by else []
                seen = words_for(equation, formula, iface, engine)
                words = [*off_by, f"from the numbers alone: {seen}", *words]
            trial = Trial(equation.of.words, found, "; ".join(words), equation.of.source, engine, form)
            rows.append(trial.finding(f"eq{equation.number}", equation.says, f"({equation.number})"))
    return rows


def sample_equation(equation: Equation) -> dict[str, Any]:
    """Return what a plot of an equation shows: formula against Kwant's numbers, by form."""
    engine = list(EXACT)[-1]
    return {
        "equation": f"({equation.number})",
        "quantity": equation.of.words,
        "forms": [
            {
                "form": form,
                "agrees": judge(equation.of, formula, equation.on, engine)[1].verdict is Verdict.AGREES,
                # As many as a plot can show, each once.
                "points": np.unique(np.round(sample_pairs(equation, formula, engine), 2), axis=0).tolist(),
            }
            for form, formula in equation.forms
        ],
    }


def judge_statement(statement: Statement) -> list[Finding]:
    """Try a statement by every engine, or by the first alone."""
    number = f"({statement.number})" if statement.number else None
    form = "transcribed" if number else None
    return [
        trial.finding(statement.key, statement.says, number, engine=engine, form=form)
        for engine in list(EXACT)[ASKED[statement.asks]]
        for trial in statement.judge(engine)
    ]


def judge_definition(definition: Definition) -> list[Finding]:
    """Return the row of an equation with nothing to test."""
    nothing = Comparison(np.nan, Estimate(np.nan), Verdict.AGREES)
    trial = Trial("definition", nothing, f"nothing to test: {definition.why}", form="definition")
    return [trial.finding(f"eq{definition.number}", definition.says, f"({definition.number})")]


#: What is done with an entry, by the title of a progress bar.
WORK: dict[str, Callable[..., Any]] = {
    "audit": lambda entry: JUDGES[type(entry)](entry),
    "power": lambda equation: list(power.seed(equation)),
    "sample": sample_equation,
    "proof": proved.proofs,
    "figures": lambda exhibit, part: plain(exhibit.parts[part]()),
}
JUDGES: dict[type, Callable[[Any], list[Finding]]] = {
    Equation: judge_equation,
    Statement: judge_statement,
    Definition: judge_definition,
}


@single_threaded
def work(paper: str, kind: str, key: str, *part: str) -> Any:
    """Do one piece of work, in whichever process: the entry is found by its key."""
    if kind == "machinery":
        end, step, store = part
        return machinery.tried(int(key), int(end), int(step), store)
    return WORK[kind](load(paper).entries[key], *part)


@single_threaded
def audit(
    paper: str = DEFAULT,
    *,
    with_power: bool = False,
    faults: int = 0,
    store: Path | None = None,
    with_pages: bool = False,
    certify: bool = False,
    executor: Executor | None = None,
    progress: Progress = silent,
) -> AuditResult:
    """Try every numbered equation of a paper.

    Parameters and errors are those of `sotcheck.audit`, besides: `faults`, how many of the machinery are
    tried as well, at most, evenly chosen from all; `store`, a file with a line of JSON for each of these,
    which is read and added to; `with_pages`, whether to compute what only the pages show; `executor`, where
    equations are judged, in this process by default.
    """
    paper = spec_of(paper)
    register = load(paper)

    def each(kind: str, pieces: Sequence[tuple[str, ...]]) -> list[Any]:
        calls: list[Callable[[], Any]] = [partial(work, paper, kind, *piece) for piece in pieces]
        if executor is not None:
            calls = [executor.submit(call).result for call in calls]
        return [call() for call in progress(calls, kind)]

    equations = [(entry.key,) for entry in register.of_type(Equation)]
    tried = [(one.key,) for kind in JUDGES for one in register.entries.values() if isinstance(one, kind)]
    rows = [row for found in each("audit", tried) for row in found]
    rows.sort(key=lambda row: paper_order(row.equation))
    proofs = dict(one for found in each("proof", equations) for one in found) if certify else {}
    seeded: list[power.Fault] = []
    planted: list[Planted] = []
    if with_power:
        seeded = [fault for found in each("power", equations) for fault in found]
        known = str(store.absolute()) if store else ""
        pieces = [(*map(str, one), known) for one in machinery.pieces(faults)]
        planted = [fault for found in each("machinery", pieces) for fault in found]
    if not with_pages:
        return AuditResult(register, tuple(rows), tuple(seeded), planted=tuple(planted), proofs=proofs)
    samples = each("sample", equations)
    exhibits: list[Figure | Table] = [*register.of_type(Figure), *register.of_type(Table)]
    parts = [(one.key, part) for one in exhibits for part in one.parts]
    shown: dict[str, dict[str, Any]] = {one.key: {} for one in exhibits}
    for (key, part), data in zip(parts, each("figures", parts), strict=True):
        shown[key][part] = data
    return AuditResult(register, tuple(rows), tuple(seeded), tuple(samples), shown, tuple(planted), proofs)
