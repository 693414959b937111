"""Rows of torques with what the referee proves of them."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from itertools import zip_longest
from typing import Any

import numpy as np

from sotcheck.engines import FIRST_ORDER, Engine
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array
from sotcheck.referee.certificate import Certificate, certificates, prove
from sotcheck.referee.reading import KEYS, read
from sotcheck.referee.sums import Enclosure, weighted
from sotcheck.run.progress import Progress, silent
from sotcheck.system.files import from_document, read_text, to_document
from sotcheck.system.interface import BOUND, SOURCES
from sotcheck.system.model import System
from sotcheck.system.stack import Stack
from sotcheck.system.units import unit_of_torque
from sotcheck.trial import again
from sotcheck.trial.torque_table import TorqueRow, TorqueTable
from sotcheck.trial.verdict import Finding, Trial, compare, unknown

NO_BOUND = "scattering states alone are summed with proof"
Rows = Sequence[TorqueRow]
COMPONENTS = ("fieldlike", "dampinglike")
EPS = float(np.finfo(float).eps)
#: What a plain sum is to tell apart, relative to the largest number: it may miss more of a resonance.
ROUGHLY = 0.05
PROVED = ("proved", "The budget of a torque covers how far it is from the proved one")
EQUATIONS = ("equations", "States solve the equations that the contract's Hamiltonian gives for the file")
PLAIN = ("plain-sum", "Torques and flows are what a plain rule sums up from states")
FILED = ("file", "JSON has the system of the file, and every row once, with its m, h_R and z")


def certified(
    system: System,
    rows: list[TorqueRow],
    path: str | None = None,
    *,
    seconds: float = math.inf,
    steps: float = math.inf,
    progress: Progress = silent,
) -> list[TorqueRow]:
    """Return rows with a certificate each: of the system's tables, or of its file (a name or a path).

    `seconds`, `steps`: how long a proof may take, see `prove`.
    """
    tables = to_document(system) if path is None else tables_of(system, path)
    by_scale = not system.only_rashba

    def proved(number: float | None, first_order: bool) -> dict[str, Certificate]:
        factor = "scale" if by_scale else "h_R"
        return proofs(json.dumps(tables), factor, number, first_order, seconds, steps)

    def certificate(row: TorqueRow) -> Certificate:
        return proved(*wanted(row)).get(row.source, Certificate(None, NO_BOUND))

    def wanted(row: TorqueRow) -> tuple[float | None, bool]:
        return row.scale if by_scale else row.h_R, row.engine == FIRST_ORDER

    for each in progress(list(dict.fromkeys(map(wanted, rows))), "proof"):
        proved(*each)
    return [replace(row, certificate=certificate(row)) for row in rows]


@lru_cache(maxsize=64)
def proofs(
    tables: str, factor: str, number: float | None, first_order: bool, seconds: float, steps: float
) -> dict[str, Certificate]:
    """Return what is proved of every source: of the same tables once, for the rows of all engines."""
    asked: dict[str, Any] = {factor: number}
    found = partial(prove, json.loads(tables), first_order=first_order, seconds=seconds, steps=steps, **asked)
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


def covered(
    system: System, rows: Rows, path: str | None = None, worst: str = ""
) -> tuple[list[Finding], list[str]]:
    """Hold certified rows, and their totals, against what is proved of the system, or of its file.

    All numbers are tried that JSON has of a row. Returns findings, and where nothing is proved why. Of rows
    at several h_R that are the `worst` of something only one for each engine and source, and no totals.
    """
    findings, unproved, tables = [], [], to_document(system) if path is None else tables_of(system, path)
    tau = {"normal": 1.0, "majority": 1.0, "minority": 1.0} | tables.get("relaxation", {})
    proved: dict[tuple[str, float, float | None], list[tuple[str, Enclosure]]] = {}
    for row in rows:
        one = row.certificate or Certificate(None, "none was asked for")
        if (found := one.proved) is None:
            at = f"h_R = {row.h_R:g}" if row.scale is None else f"scale = {row.scale:g}"
            kind = "first-order torque" if row.engine == FIRST_ORDER else "exact torque"
            if row.source == BOUND:
                kind = "torque of bound states"
            unproved.append(f"no {kind} is proved at {at}: {one.reason}")
            continue
        proved.setdefault((row.engine, row.h_R, row.scale), []).append((row.source, found))
        # Of a source without a state everything is zero, and that is no news.
        if found.radius or np.any(row.flows) or system.k_perp2_max(row.source) > 0:
            findings.append(_tried(system, row, found))
    if worst:
        return list(_worst(findings, worst)), list(dict.fromkeys(unproved))
    for row in TorqueTable(system, tuple(rows)).totals():
        # Of bound states nothing is proved.
        parts = proved.get((row.engine, row.h_R, row.scale), [])
        if len(parts) == len(SOURCES) and system.tau_bound == 0:
            weights = [float(tau[source]) for source, _ in parts]
            findings.append(_tried(system, row, weighted([one for _, one in parts], weights)))
    return findings, list(dict.fromkeys(unproved))


def _worst(findings: list[Finding], of: str) -> Iterator[Finding]:
    """Yield of all findings of an engine and source the one with the worst verdict that is farthest off."""
    groups: dict[tuple[str | None, str | None], list[Finding]] = {}
    for one in findings:
        groups.setdefault((one.engine, one.source), []).append(one)
    for some in groups.values():
        found = max(some, key=lambda one: (one.verdict.severity, one.comparison.relative_difference))
        yield replace(found, explanation=f"{found.explanation}; worst of {len(some)} of the {of}")


def _tried(system: System, row: TorqueRow, found: Enclosure) -> Finding:
    """Hold all numbers of a row against what is proved of them."""
    proof = {name: np.array([float(one.mid()) for one in balls]) for name, balls in found.numbers().items()}
    words = f"h_R = {row.h_R:g}, enclosed in ball arithmetic to {found.radius:.0e}"
    return _held(system, row, proof, found.radius, words).finding(*PROVED)


def _held(
    system: System, row: TorqueRow, other: dict[str, Array], error: float, words: str, apart: float = math.inf
) -> Trial:
    """Hold numbers of a row, as JSON has them, against others by their places, in the unit of the file.

    `apart`: what is to be told apart. However wide a budget is, it may be right.
    """
    unit = unit_of_torque(system)
    said = row.to_dict(system, unit)
    # Flows may be unknown; components never, where there are any: none is NaN then.
    flows = row.knows_flows
    known = {n: one for n, one in other.items() if flows or n in COMPONENTS or _at(said, n) is not None}
    # A flow is known no worse than any component of t, a sum of two.
    sizes = [said["uncertainty"].get(name) or said["uncertainty"]["total"] for name in known]
    budget = np.concatenate(
        [np.full(len(one), size) for one, size in zip(known.values(), sizes, strict=True)]
    )
    measured = np.concatenate(
        [np.broadcast_to(np.asarray(_at(said, name), dtype=float), len(one)) for name, one in known.items()]
    )
    expected = np.concatenate(list(known.values()))
    # Of a double in the place of another number.
    rounding = error + EPS * float(np.abs(expected).max())
    terms = {
        "budget": (budget / unit, "of the row"),
        "other side": (rounding / unit, "of what it is held against"),
    }
    found = compare(expected / unit, measured / unit, terms, tell_apart=apart / unit)
    return Trial("t and flows, worst number", found, words, row.source, row.engine, torque=True)


def once_more(
    system: System,
    rows: Rows,
    engines: Mapping[str, Engine],
    path: str | None = None,
    *,
    first_order: bool = False,
    wanted: Mapping[str, Any] = {},
    numbers: list[float] | None = None,
) -> Iterator[Finding]:
    """Hold rows and states against the file; sum those of stacks once more, to first order too.

    `wanted`: engines that rows were asked of, and whether these know flows, not t alone; at `numbers` (h_R or
    scales), the file's own by default.
    """
    tables = to_document(system) if path is None else tables_of(system, path)
    by_scale = not system.only_rashba
    first = next(iter(engines.values()))
    if numbers is None:
        numbers = [1.0 if by_scale else (KEYS["interface"] | tables.get("interface", {}))["rashba"]]
    yield _filed(system, rows, tables, wanted, numbers)
    for number in dict.fromkeys((row.scale if by_scale else row.h_R) for row in rows):
        asked = {"scale" if by_scale else "h_R": float(number or 0.0)}
        for name, engine in engines.items():
            words = f"h_R or scale = {number:g}; the file as the referee reads it"
            try:
                found = again.solved(engine, system, tables, asked)
            except EngineError as error:
                found, words = unknown(0.0), f"an engine's states are not to be had: {error}"
            yield Trial("largest residual, per unit flux", found, words, None, name).finding(*EQUATIONS)
        if isinstance(system, Stack):
            problem = read(tables, **asked)[0]
            sums = {False: again.plainly(first, system, tables, asked)}
            if first_order:
                sums[True] = again.linear(first, system, tables, asked)
            for row in rows:
                plain = sums.get(row.engine == FIRST_ORDER)
                if (row.scale if by_scale else row.h_R) == number and row.source in SOURCES and plain:
                    of_source = plain[SOURCES.index(row.source)]
                    words = "summed by Gauss and Legendre's nodes in each range, and equidistant angles"
                    other = again.by_place(problem, of_source.value)
                    apart = ROUGHLY * float(np.abs(plain.value).max())
                    held = _held(system, row, other, of_source.total, words, apart)
                    yield held.finding(*PLAIN)


def _filed(
    system: System, rows: Rows, tables: dict[str, Any], wanted: Mapping[str, Any], numbers: list[float]
) -> Finding:
    """Hold what JSON says besides torques against the file: its system, and that every row is there once."""
    interface = KEYS["interface"] | tables.get("interface", {})
    h_R, m = interface["rashba"], np.array(interface["magnetization"], dtype=float)
    z = np.cumsum([0.0, *(layer.get("thickness", 1.0) for layer in tables.get("layer", ()))])
    by_scale = not system.only_rashba
    own = [*rows, *TorqueTable(system, tuple(rows)).totals()]
    in_json = [row.to_dict(system, unit_of_torque(system)) for row in own]
    there = [
        (has.get("engine"), has.get("source"))
        for row, has in zip(own, in_json, strict=True)
        if (row.scale if by_scale else row.h_R) in numbers and has.get("scheme", "") == row.scheme
    ]
    asked = [(name, source) for name in wanted for source in (*SOURCES, "total")]
    said: list[Any] = [float(there.count(one)) for one in asked]
    filed: list[Any] = [float(len({*numbers} if source == "total" else numbers)) for _, source in asked]
    for one, other in zip_longest(_flat(to_document(system)), _flat(tables), fillvalue=""):
        words = isinstance(one, str) or isinstance(other, str)
        said.append(float(one == other) if words else one)
        filed.append(1.0 if words else other)
    for row, has in zip(rows, in_json, strict=False):
        places, said_h = [one["z"] for one in has["interfaces"] or []], has.get("h_R", math.nan)
        said += ["certified" in has, bool(places), "scale" in has, said_h, *has["magnetization"], *places]
        # A check asks for proofs of all rows.
        filed += [True, bool(wanted.get(row.engine, True)), isinstance(system, Stack)]
        # At a factor of all spin-orbit terms h_R is that of the file times it; else it was asked for.
        filed += [h_R * row.scale if row.scale is not None and h_R else row.h_R, *m / np.linalg.norm(m)]
        filed += z[: len(places)].tolist()
    expected, measured = np.array(filed, dtype=float), np.array(said, dtype=float)
    held = compare(expected, measured, {"rounding": (8 * EPS * np.abs(expected), "double precision")})
    return Trial("the system, and rows with m, h_R, and z of interfaces", held, "of all rows").finding(*FILED)


def _flat(document: dict[str, Any]) -> list[Any]:
    """Return all words and numbers of a system's tables, with the defaults that the referee knows."""
    layers = document.get("layer", ())
    tables = [(document.get(name, {}) if name else document, name) for name in KEYS if "layer" not in name]
    tables += [(layer, "layer") for layer in layers]
    tables += [(layer.get("interface", {}), "layer.interface") for layer in layers]
    found: list[Any] = []
    for table, name in tables:
        for key, default in KEYS[name].items():
            value = table.get(key, default)
            if key == "magnetization":
                # None: that of [interface], which is no other number.
                value = "" if value is None else np.array(value) / np.linalg.norm(value)
            if not isinstance(value, dict) and value is not None:
                found += [value] if isinstance(value, str) else np.ravel(value).astype(float).tolist()
    return found


def _at(row: dict[str, Any], name: str) -> Any:
    """Return a number, or three, of a row: "layers 0 torque" is the torque of the first layer."""
    found: Any = row
    for part in name.split():
        if found is None:
            return None
        found = found[int(part)] if part.isdigit() else found[part]
    return found
