"""Rows of torques with what the referee proves of them."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from functools import cache
from typing import Any

from sotcheck.engines import FIRST_ORDER
from sotcheck.referee.certificate import Certificate, certificates, prove
from sotcheck.system.files import from_document, read_text, to_document
from sotcheck.system.interface import SOURCES
from sotcheck.system.model import System
from sotcheck.system.stack import Stack
from sotcheck.trial.torque_table import TorqueRow

NO_BOUND = "torques of bound states are not proved"


def certified(system: System, rows: list[TorqueRow], path: str | None = None) -> list[TorqueRow]:
    """Return rows with a certificate each: of the system's tables, or of its file (a name or a path)."""
    tables = to_document(system) if path is None else tables_of(system, path)
    by_scale = isinstance(system, Stack) and not system.only_rashba

    @cache
    def proved(number: float | None, first_order: bool) -> dict[str, Certificate]:
        asked = {"scale" if by_scale else "h_R": number}
        return certificates(lambda: prove(tables, first_order=first_order, **asked), list(SOURCES))

    def certificate(row: TorqueRow) -> Certificate:
        found = proved(row.scale if by_scale else row.h_R, row.engine == FIRST_ORDER)
        return found.get(row.source, Certificate(None, NO_BOUND))

    return [replace(row, certificate=certificate(row)) for row in rows]


def tables_of(system: System, path: str) -> dict[str, Any]:
    """Return a file as `tomllib` reads it, so that its reading is on trial too, with what options changed."""
    document = tomllib.loads(read_text(path)[1])
    before, after = to_document(from_document(document, path)), to_document(system)
    for name, value in after.items():
        if not isinstance(value, dict):
            document |= {name: value} if value != before.get(name) else {}
            continue
        was = before.get(name, {})
        changed = {key: inner for key, inner in value.items() if inner != was.get(key)}
        if changed:
            document[name] = document.get(name, {}) | changed
    return document
