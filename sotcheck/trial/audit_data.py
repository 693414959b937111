"""All that the pages of an audit show besides figures, ready for JSON."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from sotcheck.trial.entries import Consequence, Definition, Equation, Statement
from sotcheck.trial.fault_store import recorded
from sotcheck.trial.paper import DEFAULT, Paper, paper_order
from sotcheck.trial.result import AuditResult

Data = dict[str, Any]

PACKAGE = Path(__file__).parent.parent
#: What only some entries have.
BLANK: Data = {
    "quantity": "", "tex": "", "corrected_tex": "", "off_by": "", "kind": None, "definition": None,
    "code": None,
}  # fmt: skip


def audit_data(result: AuditResult) -> Data:
    """Return everything that the pages show besides the figures, ready for JSON."""
    paper = result.paper
    return {
        **result.to_dict(),
        "paper": {name: getattr(paper, name) for name in ("title", "reference", "machine_read")},
        # The count first on a page, last on a terminal.
        # Tables of the terminal are tables of the page.
        "summary": [
            result.light(),
            *result.proved()[-1:],
            *result.sources(),
            *result.power(),
            *(line for line in result.machinery() if line.startswith("machinery: ")),
        ],
        "entries": sorted(_entries(paper), key=lambda entry: paper_order(entry["equation"])),
        "consequences": [
            {"equation": f"({one.of})", "place": one.place, "says": one.says, "form": one.form}
            for one in paper.of_type(Consequence)
        ],
        "samples": result.samples,
        **({"whole_machinery": recorded()} if result.faults and paper.name == DEFAULT else {}),
    }  # fmt: skip


def _entries(paper: Paper) -> Iterator[Data]:
    """Yield what the register says of each number, with the quantities tried under it."""
    for entry in paper.of_type(Equation):
        same = ("says", "tex", "corrected_tex", "off_by", "kind", "order")
        yield BLANK | {
            "equation": f"({entry.number})", "quantity": entry.of.words, "source": entry.of.source,
            **{name: getattr(entry, name) for name in same}, "interfaces": [iface.name for iface in entry.on],
            "code": _code(entry.transcribed),
        }  # fmt: skip
    for definition in paper.of_type(Definition):
        words = {"says": definition.says, "tex": definition.tex, "definition": definition.why}
        yield BLANK | {"equation": f"({definition.number})"} | words
    for statement in paper.of_type(Statement):
        number = f"({statement.number})" if statement.number else None
        yield BLANK | {"equation": number, "statement": statement.key, "says": statement.says}


def _code(formula: Any) -> Data | None:
    """Return file, from the project's folder, and line of a formula; None of a file of someone's own."""
    while isinstance(formula, partial):
        formula = formula.func
    formula = inspect.unwrap(formula)
    file = Path(formula.__code__.co_filename)
    if PACKAGE not in file.parents:
        return None
    # The line of its name: a decorator's comes first.
    return {"file": file.relative_to(PACKAGE.parent).as_posix(), "line": formula.__code__.co_firstlineno}
