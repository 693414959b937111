"""A sweep from its plan to the NetCDF file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sotcheck.errors import OutputError, SystemFileError
from sotcheck.run.executors import Backend, backend
from sotcheck.run.progress import Progress, silent
from sotcheck.sweep.dataset import open_sweep
from sotcheck.sweep.found import DamagedError, Found
from sotcheck.sweep.grid import in_words
from sotcheck.sweep.journal import Journal, open_journal
from sotcheck.sweep.netcdf import write
from sotcheck.sweep.plan import Plan
from sotcheck.sweep.schedule import results
from sotcheck.sweep.worker import Chunk, compute

if TYPE_CHECKING:
    import xarray as xr

#: Times that points are computed before the disk is at fault that loses them.
ROUNDS = 3


def sweep(
    plan: Plan,
    result: Path,
    *,
    where: Backend | None = None,
    resume: bool = False,
    progress: Progress = silent,
    say: Callable[[str], None] = lambda words: None,
) -> xr.Dataset:
    """Compute a sweep, or with `resume` go on with one, write it as NetCDF, and return what was written.

    The journal lies beside the result until the end; by default this process computes; `say` is told what an
    earlier run has left. An OutputError says that a file is in the way, in use by another process, or cannot
    be written; a SystemFileError that what is there belongs to another system, or other settings or versions;
    an EngineError that nothing can be computed.
    """
    with open_journal(result, resume=resume) as journal:
        if journal.header is None and result.exists():
            dataset = open_sweep(result)
            _refuse_other(plan, json.loads(dataset.attrs["plan"]), result)
            say(f"{result}: is complete already")
            return dataset
        plan = _begun(plan, journal)
        found = Found(plan, journal)
        if known := plan.size - found.missing.size:
            also = f"; {journal.damaged} damaged records are computed again" if journal.damaged else ""
            say(f"{journal.path}: going on with {known} of {plan.size} points{also}")
        for _ in range(ROUNDS):
            _compute(plan, found, where or backend("processes", 1), progress)
            try:
                # From the journal's content: a sweep in one go and one in many give the same bytes.
                write(result, plan, found.known)
                break
            except DamagedError:
                found.look()
            words = (
                f"was damaged while the sweep ran; computing {found.missing.size} of {plan.size} points again"
            )
            say(f"{journal.path}: {words}")
        else:
            lost = found.missing
            named = [in_words(plan.point(index)) for index in lost[:3].tolist()] + ["..."] * (lost.size > 3)
            raise OutputError(
                f"{journal.path}: lost {lost.size} of {plan.size} points, {ROUNDS} times in a row "
                f"({'; '.join(named)}); what is there is kept: find what damages this file, then go on with "
                "--resume"
            )
        try:
            dataset = open_sweep(result)
        except SystemFileError as error:
            raise OutputError(
                f"{result}: reads otherwise than it was written; all points are kept beside it: "
                "choose another disk"
            ) from error
        journal.remove()
    return dataset


def _begun(plan: Plan, journal: Journal) -> Plan:
    """Return the plan to go on with, which is in the journal from now on."""
    if journal.header is None:
        journal.append({"plan": plan.to_dict()})
        return plan
    _refuse_other(plan, journal.header["plan"], journal.path)
    # The one part that may differ.
    return replace(plan, command=str(journal.header["plan"].get("command", "")))


def _refuse_other(plan: Plan, earlier: dict[str, Any], path: Path) -> None:
    try:
        differences = plan.differences(earlier)
    except (KeyError, TypeError, AttributeError) as error:
        why = f"its plan is none of this version's ({type(error).__name__}: {error})"
        raise SystemFileError(f"{path}: {why}; move it away, or choose another --output") from None
    if differences:
        listed = "\n  ".join([f"{path}: was computed with something else:", *differences])
        raise SystemFileError(f"{listed}\ngo on as before, or choose another --output")


def _compute(plan: Plan, found: Found, where: Backend, progress: Progress) -> None:
    """Compute what is missing."""
    # Workers need no axes: points are handed to them.
    work, missing = partial(compute, replace(plan, axes=())), found.missing
    # Closed at once if writing fails: workers are not to go on under an error message.
    with closing(results(where, work, plan.points, missing)) as chunks:
        for _ in progress(_kept(chunks, found), f"sweep {plan.system['name']}", missing.size):
            pass


def _kept(chunks: Iterable[Chunk], found: Found) -> Iterator[int]:
    """Keep chunks as they arrive; yield each point once it is safe."""
    for chunk in chunks:
        found.keep(chunk)
        yield from chunk.indices
