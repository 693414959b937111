# ruff: noqa: D103
"""Entries as they were written before `paper.equation`: to go when the last section is converted."""

from __future__ import annotations

from typing import Any

from sotcheck.exact.quantity import Quantity
from sotcheck.papers.kim2017 import paper
from sotcheck.trial import entries
from sotcheck.trial.grounds import GENERAL
from sotcheck.trial.verdict import Trial


def Equation(
    number: str, says: str, quantity: str, exact: Any, transcribed: Any, tex: str, source: str | None = None,
    interfaces: Any = GENERAL, order: str = "exact", invisible: Any = (), corrected: Any = None,
    corrected_tex: str = "", off_by: str = "", kind: Any = None,
) -> entries.Equation:  # fmt: skip
    key = f"{getattr(transcribed, '__name__', number)}"
    if key in paper.entries or key in _used:
        key = f"{key}/{quantity}"
    _used.add(key)
    return entries.Equation(
        key, number, says, Quantity(quantity, exact, source), transcribed, tex, tuple(interfaces), order,
        dict(invisible), corrected, corrected_tex, off_by, kind,
    )  # fmt: skip


_used: set[str] = set()


def Statement(name: str, says: str, judge: Any, equation: str | None = None) -> entries.Statement:
    return entries.Statement(name, says, judge, equation)


def Definition(number: str, says: str, tex: str, why: str) -> entries.Definition:
    return entries.Definition(f"definition-{number}", number, says, tex, why)


register = paper.add


__all__ = ["Definition", "Equation", "Statement", "Trial", "register"]
