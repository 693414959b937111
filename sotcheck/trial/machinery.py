"""The machinery on trial: faults put into the code itself, each of which `check` has to flag.

A fault is a small change of one function's source, as in `power`: of the model, its fields, the engines, the
lattice, flows, quadrature, totals, units or budgets. A process forked for it has the function's code
replaced, wherever it was imported, reads the SYSTEMS, and checks one after the other, until a row does not
agree. Of what no row tells, the numbers of `torque` say whether it had any effect.
"""

from __future__ import annotations

import inspect
import json
import os
import pickle
import resource
import shutil
import sys
import tomllib
from atexit import register
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from tempfile import mkdtemp
from types import FrameType
from typing import Any

import numpy as np
from tabulate import tabulate

from sotcheck.system.files import load
from sotcheck.system.model import System
from sotcheck.system.units import unit_of_torque
from sotcheck.trial.certified import proofs
from sotcheck.trial.faults import EFFECT, ROOMS, Fault, Seed, seeds, source_of
from sotcheck.trial.named_faults import BY_KWANT, NAMED, SYSTEMS

#: Seconds of processor time, and bytes, that one fault may cost.
PATIENCE, MEMORY = 60, 8 * 2**30


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
OUTCOMES = ("flagged", "missed", "budget", "no effect")


def flagged(system: Any, engine: str | None) -> str:
    """Return the first row of a check that does not agree, or the error raised; "" if there is none."""
    from sotcheck.trial.check import check

    names = None if engine is None else ["first-order", engine]
    for finding in check(system, engine=names, path=paths()[system.name]).findings:
        if finding.verdict != "agrees":
            return f"{finding.claim}: {finding.verdict}"
    return ""


def all_numbers(read: dict[str, Any]) -> dict[str, dict[Any, Any]]:
    """Return the numbers of `torque` and its totals: those said, and those of their uncertainty."""
    from sotcheck.trial.torque import torque

    said: dict[Any, Any] = {}
    unsure: dict[Any, Any] = {}
    for system in read.values():
        table = torque(system, engine=None if system.name in BY_KWANT else ["first-order", "continuum"])
        unit = unit_of_torque(system)
        for source, row in [(row.source, row) for row in table] + [("total", row) for row in table.totals()]:
            key, found = (system.name, row.engine, source), row.to_dict(system, unit)
            unsure[key] = list(found.pop("uncertainty").values())
            parts = {
                f"{part} {n}": one
                for part in ("layers", "interfaces")
                for n, one in enumerate(found.pop(part) or [])
            }
            found |= {f"{part} {name}": value for part, one in parts.items() for name, value in one.items()}
            said |= {(*key, name): value for name, value in found.items()}
    return {"said": said, "unsure": unsure}


def differ(one: dict[Any, Any], other: dict[Any, Any]) -> str:
    """Return the name of a number that is another by more than EFFECT, of the largest of its kind; or ""."""
    if one.keys() != other.keys():
        return "rows"
    arrays = {key: (_array(value), _array(other[key])) for key, value in one.items()}
    sizes: dict[Any, float] = {}
    for (system, engine, _, *kind), (a, _) in arrays.items():
        key = system, engine, *kind
        sizes[key] = max(sizes.get(key, 0.0), float(np.max(np.abs(a), initial=0.0)))
    for (system, engine, source, *kind), (a, b) in arrays.items():
        if a.shape != b.shape or not np.all(np.abs(a - b) <= EFFECT * sizes[system, engine, *kind]):
            return ", ".join((system, engine, source, *kind))
    return ""


def _array(value: Any) -> Any:
    """Return the numbers among what JSON holds; words as something that they alone are."""
    return np.atleast_1d(
        [0.0 if one is None else one for one in value]
        if isinstance(value, list)
        else [
            float(sum(map(ord, value))) if isinstance(value, str) else 0.0 if value is None else float(value)
        ][0]
    )


def try_one(seed: Seed | None, base: dict[str, Any]) -> Outcome:
    """Plant a fault in this process, which is for nothing else, and return (outcome, by)."""
    if seed is not None:
        seed.plant()
    try:
        read = systems()
        for name, system in read.items():
            if told := flagged(system, "continuum"):
                return "flagged", f"{name}, {told}"
        found = all_numbers(read)
        if found == base:
            return "no effect", ""
        # Kwant takes longer.
        for name in BY_KWANT:
            if told := flagged(read[name], None):
                return "flagged", f"{name}, {told}"
        if what := differ(base["said"], found["said"]):
            return "missed", what
        if differ(base["unsure"], found["unsure"]):
            return "budget", "uncertainties alone are others, and cover what they should"
    except Exception as error:
        words = str(error).replace(str(Path(paths()["stack"]).parent), "")
        return "flagged", f"{type(error).__name__}: {words[:80]}"
    return "no effect", ""


def in_a_fork(work: Callable[[], Any]) -> Any:
    """Return what `work` returns in a process of its own; (flagged, why) if it dies."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.close(read)
            resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
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
        return "flagged", f"no end after {PATIENCE} s" if signal else "died"
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
        for system in systems().values():
            flagged(system, None)
        all_numbers(systems())
    finally:
        sys.settrace(None)
    return seen


@cache
def base() -> dict[str, Any]:
    """Return the numbers of every system without a fault; none of them may be flagged."""
    for name, path in paths().items():
        # The referee, which no fault reaches, proves before there are forks: once for all of them.
        if "layer" not in (tables := tomllib.loads(Path(path).read_text(encoding="utf-8"))):
            for first_order in (False, True):
                proofs(json.dumps(tables), "h_R", systems()[name].h_R, first_order)
    found: dict[str, Any] = in_a_fork(lambda: all_numbers(systems()))
    return found


#: Faults tried by one piece of work.
PIECE = 8


@cache
def all_seeds() -> tuple[Seed, ...]:
    """Return every fault, in an order of its own."""
    return (*(one() for one in NAMED), *seeds(in_a_fork(lines_run)))


def pieces(most: int | None = None) -> Iterator[tuple[int, int, int]]:
    """Yield (first, end, step) of faults that are tried together, of all or of so many evenly chosen."""
    if most == 0:
        return
    number = len(all_seeds())
    step = 1 if most is None else -(-number // most)
    yield from ((n, min(n + PIECE * step, number), step) for n in range(0, number, PIECE * step))


def tried(first: int, end: int, step: int) -> list[Fault]:
    """Try some of the faults, each in a process of its own."""
    found = []
    for seed in all_seeds()[first:end:step]:
        outcome, by = in_a_fork(partial(try_one, seed, base()))
        found.append(replace(seed.fault, outcome=outcome, by=by))
    return found


def table(faults: Sequence[Fault]) -> list[str]:
    """Say how many faults of each room were flagged, and list those that were not."""
    if not faults:
        return []
    heads = ["machinery", "flagged", "missed", "budgets alone", "no effect"]
    rows = []
    for room in dict.fromkeys(fault.room for fault in faults):
        count = Counter(fault.outcome for fault in faults if fault.room == room)
        rows.append([room, *(count[name] for name in OUTCOMES)])
    count = Counter(fault.outcome for fault in faults)
    seen, effect = count["flagged"], count["flagged"] + count["missed"]
    return [
        tabulate(rows, heads),
        f"machinery: {seen} of {effect} seeded faults that change a number flagged; {count['budget']} more "
        f"change uncertainties alone, which still cover, and {count['no effect']} nothing.",
        *(f"  missed: {one.place}: {one.change} ({one.by})" for one in faults if one.outcome == "missed"),
    ]
