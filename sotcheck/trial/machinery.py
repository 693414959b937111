"""The machinery on trial: faults put into the code itself, each of which `check` has to flag.

A fault is a small change of one function's source, as in `power`: of the model, its fields, the engines, the
lattice, flows, quadrature, totals, units or budgets. A process forked for it has the function's code
replaced, wherever it was imported, reads the SYSTEMS, and checks one after the other, until a row does not
agree. Of what no row tells, the numbers of `torque` say whether it had any effect.
"""

from __future__ import annotations

import inspect
import json
import math
import os
import pickle
import shutil
import sys
from atexit import register
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from tempfile import mkdtemp
from types import FrameType
from typing import Any
from zlib import crc32

import numpy as np

from sotcheck.engines import Scheme
from sotcheck.errors import EngineError
from sotcheck.run.progress import Progress, silent
from sotcheck.system.files import load
from sotcheck.system.model import System
from sotcheck.system.units import unit_of_torque
from sotcheck.trial import certified
from sotcheck.trial.fault_store import stored
from sotcheck.trial.faults import EFFECT, ROOMS, Fault, Seed, seeds, source_of
from sotcheck.trial.named_faults import ASKED, EXACT_DIFFERENCE, KWANT, NAMED, SYSTEMS, Asked

#: Seconds of processor time, and bytes, that one fault may cost.
PATIENCE, MEMORY = 80, 8 * 2**30
#: Seconds for what is done once, without a fault, and traced line by line.
LONG = 600


@cache
def paths() -> dict[str, str]:
    """Write the systems' files, and return where they are."""
    folder = Path(mkdtemp(prefix="sotcheck-"))
    register(shutil.rmtree, folder, ignore_errors=True)
    for name, text in SYSTEMS.items():
        (folder / f"{name}.toml").write_text(f'name = "{name}"\n{inspect.cleandoc(text)}\n', encoding="utf-8")
    return {name: str(folder / f"{name}.toml") for name in SYSTEMS}


def systems() -> dict[str, System]:
    """Return the systems as their files are read."""
    return {name: load(path) for name, path in paths().items()}


Outcome = tuple[str, str]
#: Numbers by system, engine, source and name: those said, and their uncertainties.
Numbers = tuple[dict[Any, Any], dict[Any, Any]]


def flagged(system: Any, engines: Sequence[str] | None, scheme: Scheme = "exact-difference") -> str:
    """Return the first row of a check that does not agree, or the error raised; "" if there is none."""
    from sotcheck.trial.check import check

    for finding in check(system, engine=engines, scheme=scheme, path=paths()[system.name]).findings:
        if finding.verdict != "agrees":
            return f"{finding.claim}: {finding.verdict}"
    return ""


def all_numbers(read: dict[str, Any], asked: Sequence[Asked]) -> list[Numbers]:
    """Return the numbers of `torque` and its totals: those said, and those of their uncertainty."""
    from sotcheck.trial.torque import torque

    numbers = []
    for name, engines, scheme in asked:
        said: dict[Any, Any] = {}
        unsure: dict[Any, Any] = {}
        table, unit = torque(read[name], engines, scheme=scheme), unit_of_torque(read[name])
        for source, row in [(row.source, row) for row in table] + [("total", row) for row in table.totals()]:
            key, found = (name, row.engine, source), row.to_dict(read[name], unit)
            unsure[key] = list(found.pop("uncertainty").values())
            parts = {
                f"{part} {n}": one
                for part in ("layers", "interfaces")
                for n, one in enumerate(found.pop(part) or [])
            }
            found |= {f"{part} {name}": value for part, one in parts.items() for name, value in one.items()}
            said |= {(*key, name): value for name, value in found.items()}
        numbers.append((said, unsure))
    return numbers


def apart(one: dict[Any, Any], other: dict[Any, Any]) -> tuple[float, str]:
    """Return by how much a number is another, relative to the largest of its kind, and which one most is."""
    if one.keys() != other.keys():
        return math.inf, "rows"
    sizes: dict[Any, float] = {}
    both = {key: (_array(value), _array(other[key])) for key, value in one.items()}
    for (system, engine, _, *kind), (a, _) in both.items():
        key = system, engine, *kind
        sizes[key] = max(sizes.get(key, 0.0), float(np.max(np.abs(a), initial=0.0)))
    worst = 0.0, ""
    for (system, engine, source, *kind), (a, b) in both.items():
        off = float(np.max(np.abs(a - b), initial=0.0)) if a.shape == b.shape else math.inf
        relative = math.inf if math.isnan(off) else off / (sizes[system, engine, *kind] or 1.0)
        worst = max(worst, (relative, ", ".join((system, engine, source, *kind))))
    return worst


def _array(value: Any) -> Any:
    """Return the numbers among what JSON holds; words as something that they alone are."""
    if isinstance(value, str):
        value = sum(map(ord, value))
    parts = value if isinstance(value, list) else [value]
    return np.array([0.0 if one is None else one for one in parts], dtype=float)


def try_one(seed: Seed | None, base: list[Numbers]) -> Outcome:
    """Plant a fault in this process, which is for nothing else, and return (outcome, by)."""
    if seed is not None:
        seed.plant()
    # What takes long is tried of what has most to do with it.
    asked = [one for one in ASKED if one[2] == EXACT_DIFFERENCE or (seed and seed.fault.room == "lattice")]
    right = [one for one, of in zip(base, ASKED, strict=True) if of in asked]
    try:
        read = systems()
        for name, engines, scheme in asked:
            if engines != KWANT and (told := flagged(read[name], engines, scheme)):
                return "flagged", f"{name}, {told}"
        found = all_numbers(read, asked)
        if found == right:
            return "no effect", "every number of torque is the same to the last bit"
        for name, engines, scheme in asked:
            if engines == KWANT and (told := flagged(read[name], None, scheme)):
                return "flagged", f"{name} by Kwant, {told}"
        (off, what), (unsure, which) = (
            max(apart(one[n], other[n]) for one, other in zip(right, found, strict=True)) for n in (0, 1)
        )
    except Exception as error:
        words = str(error).replace(str(Path(paths()["stack"]).parent), "")
        return "raised", f"{type(error).__name__}: {words[:80]}"
    if off > EFFECT:
        return "missed", f"{what}: {off:.0e} of the largest"
    if unsure > EFFECT:
        return "budget", f"uncertainties alone, {unsure:.0e} at most ({which}), and they cover"
    return "no effect", f"numbers change by {off:.0e} at most"


def in_a_fork(work: Callable[[], Any], patience: int = PATIENCE) -> Any:
    """Return what `work` returns in a process of its own; ("raised", why) if it dies."""
    # Not every system has it, nor forks: there faults cannot be tried, and nothing else needs them.
    import resource

    read, write = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.close(read)
            resource.setrlimit(resource.RLIMIT_CPU, (patience, patience))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            with os.fdopen(write, "wb") as pipe:
                pickle.dump(work(), pipe)
            code = 0
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if status:
        signal = os.WTERMSIG(status)
        return "raised", f"no end after {patience} s" if signal else "died"
    return pickle.loads(answer)


def lines_run() -> set[tuple[str, int]]:
    """Return the lines (file, number) of what is on trial that checks of the systems run."""
    files = {source_of(f"sotcheck.{one}")[0] for modules in ROOMS.values() for one in modules}
    seen: set[tuple[str, int]] = set()

    def local(frame: FrameType, event: str, _: Any) -> Any:
        seen.add((frame.f_code.co_filename, frame.f_lineno))
        return local

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        return local(frame, event, None) if frame.f_code.co_filename in files else None

    sys.settrace(trace)
    try:
        for name, engines, scheme in ASKED:
            flagged(systems()[name], None if engines == KWANT else engines, scheme)
        all_numbers(systems(), ASKED)
    finally:
        sys.settrace(None)
    return seen


@cache
def base() -> list[Numbers]:
    """Return the numbers of every system without a fault; none of them may be flagged."""
    # Files are this process's own, and go with it.
    paths()
    # The referee, which no fault reaches, proves before there are forks: once for all of them.
    for one in dict.fromkeys(in_a_fork(_proofs_asked, LONG)):
        certified.proofs(*one)
    found: list[Numbers] = in_a_fork(lambda: all_numbers(systems(), ASKED), LONG)
    return found


def _proofs_asked() -> list[tuple[Any, ...]]:
    """Return what checks of the systems want proved."""
    asked, prove = [], certified.proofs

    def noted(*what: Any) -> Any:
        asked.append(what)
        return prove(*what)

    certified.proofs = noted  # type: ignore[assignment]
    for name, engines, scheme in ASKED:
        if engines != KWANT:
            flagged(systems()[name], engines, scheme)
    return asked


#: Faults tried by one piece of work.
PIECE = 8


@cache
def all_seeds() -> tuple[Seed, ...]:
    """Return every fault, those by hand first, the others in an order that any part of is a sample."""
    paths()
    lines = in_a_fork(lines_run, LONG)
    if not isinstance(lines, set):
        raise EngineError(f"faults in the machinery: checks without one came to no end: {lines[1]}")
    found = sorted(seeds(lines), key=lambda one: crc32(repr(replace(one.fault, source="")).encode()))
    return (*(one() for one in NAMED), *found)


def pieces(most: int) -> Iterator[tuple[int, int, int]]:
    """Yield (first, end, step) of faults that are tried together, of so many at most, evenly chosen."""
    if most:
        number = len(all_seeds())
        step = -(-number // most)
        yield from ((n, min(n + PIECE * step, number), step) for n in range(0, number, PIECE * step))


def tried(
    first: int, end: int | None, step: int, store: str = "", progress: Progress = silent
) -> list[Fault]:
    """Try some of the faults, each in a process of its own, but for those in a store: a line of JSON each."""
    known = {one.planted: one for one in stored([store] if store and Path(store).exists() else [])}
    found = []
    for seed in progress(all_seeds()[first:end:step], "faults"):
        if seed.fault not in known:
            outcome, by = in_a_fork(partial(try_one, seed, base()))
            known[seed.fault] = replace(seed.fault, outcome=outcome, by=by)
            if store:
                with open(store, "a", encoding="utf-8") as file:
                    file.write(json.dumps(vars(known[seed.fault])) + "\n")
        found.append(known[seed.fault])
    return found
