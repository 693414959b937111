"""Rows of torques with what the referee proves of them."""

from __future__ import annotations

import json
import math
import tomllib
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from sotcheck.engines import FIRST_ORDER
from sotcheck.referee import bound
from sotcheck.referee.certificate import Certificate, certificates, prove
from sotcheck.system.files import from_document, read_text, to_document
from sotcheck.system.interface import SOURCES
from sotcheck.system.model import System
from sotcheck.system.stack import Stack
from sotcheck.system.units import unit_of_torque
from sotcheck.trial.torque_table import TorqueRow
from sotcheck.trial.verdict import Finding, Trial, compare

NO_BOUND = "torques of bound states are not proved"
EPS = float(np.finfo(float).eps)
PROVED = ("proved", "The budget of a torque covers how far it is from the proved one")


def certified(system: System, rows: list[TorqueRow], path: str | None = None) -> list[TorqueRow]:
    """Return rows with a certificate each: of the system's tables, or of its file (a name or a path)."""
    tables = to_document(system) if path is None else tables_of(system, path)
    by_scale = isinstance(system, Stack) and not system.only_rashba

    def proved(number: float | None, first_order: bool) -> dict[str, Certificate]:
        return _proved(json.dumps(tables), "scale" if by_scale else "h_R", number, first_order)

    def certificate(row: TorqueRow) -> Certificate:
        found = proved(row.scale if by_scale else row.h_R, row.engine == FIRST_ORDER)
        return found.get(row.source, Certificate(None, NO_BOUND))

    return [replace(row, certificate=certificate(row)) for row in rows]


@lru_cache(maxsize=64)
def _proved(tables: str, factor: str, number: float | None, first_order: bool) -> dict[str, Certificate]:
    """Return what is proved of every source: of the same tables once, as an engine's rows follow another's."""
    asked: dict[str, Any] = {factor: number}
    found = partial(prove, json.loads(tables), first_order=first_order, **asked)
    return certificates(found, list(SOURCES))


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


def covered(system: System, rows: list[TorqueRow]) -> tuple[list[Finding], list[str]]:
    """Hold rows of exact engines against what is proved; return findings, and where nothing is proved why."""
    findings, unproved, unit = [], [], unit_of_torque(system)
    for row in certified(system, rows):
        found = row.certificate.proved if row.certificate is not None else None
        if found is None:
            unproved.append(
                f"no torque is proved at h_R = {row.h_R:g}: {row.certificate and row.certificate.reason}"
            )
        elif system.k_perp2_max(row.source) > 0:
            middle = np.array([float(one.mid()) for one in found.vector]) / unit
            # Of a ball, and of a double in its place.
            proof = found.radius / unit + EPS * float(np.abs(middle).max())
            # However wide a budget is, it may be right.
            said = compare(middle, row.t.and_("proof", proof, "ball arithmetic"), tell_apart=math.inf)
            words = f"h_R = {row.h_R:g}, enclosed in ball arithmetic to {found.radius:.0e}"
            trial = Trial("t, worst component", said, words, row.source, row.engine, torque=True)
            findings.append(trial.finding(*PROVED))
    return findings, list(dict.fromkeys(unproved))


def with_bound_states(system: System, path: str, text: str, json_text: str) -> tuple[str, str]:
    """Return table and JSON of `sotcheck bound-states` with what is proved of every row, and of all k_⊥."""
    document = json.loads(json_text)
    proved = bound.certified(tables_of(system, path), document["bound_states"])
    rows = [row | more for row, more in zip(document["bound_states"], proved["rows"], strict=True)]
    document |= {"bound_states": rows, "certified": proved["below"]}
    said = []
    for one in proved["below"]:
        if one["count"] is None:
            said.append(f"h_R = {one['h_R']:g}: not proved: {one['not_certified']}")
        else:
            until = f"k_perp < {one['k_perp'][0]!r}" if one["k_perp"] else "any k_perp"
            said.append(f"h_R = {one['h_R']:g}: {one['count']} at {until} and any angle")
    some = sum(row["certified"] is not None for row in rows)
    said.append(f"count and energies of {some} of {len(rows)} k: --json FILE")
    lines = ["", "proved in ball arithmetic, states below the continuum:", *said]
    return text + "\n".join(lines), json.dumps(document, indent=2, allow_nan=False) + "\n"
