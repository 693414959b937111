"""A sweep from its plan to the NetCDF file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sotcheck.errors import OutputError, SystemFileError
from sotcheck.run.executors import Backend, backend
from sotcheck.run.progress import Progress, silent
from sotcheck.sweep.dataset import Gathered, assemble, gather, open_sweep, plan_of, to_netcdf, write_whole
from sotcheck.sweep.grid import in_words
from sotcheck.sweep.journal import Journal, open_journal
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
            _refuse_other(plan, plan_of(dataset), result)
            say(f"{result}: is complete already")
            return dataset
        plan = _begun(plan, journal)
        found = _gathered(plan, journal)
        # Workers need no axes: points are handed to them.
        work = partial(compute, replace(plan, axes=()))
        if found.known.any():
            also = f"; {journal.damaged} damaged records are computed again" if journal.damaged else ""
            say(f"{journal.path}: going on with {found.known.sum()} of {plan.size} points{also}")
        for _ in range(ROUNDS):
            if not (missing := found.missing):
                break
            computed = results(where or backend("processes", 1), work, plan.points, missing)
            # Closed at once if writing fails: workers are not to go on under an error message.
            with closing(computed) as chunks:
                for _ in progress(_kept(chunks, journal), f"sweep {plan.system['name']}", len(missing)):
                    pass
            # From the journal's content on: a sweep in one go and one in many give the same bytes.
            found = _gathered(plan, journal)
            if lost := len(found.missing):
                words = f"was damaged while the sweep ran; computing {lost} of {plan.size} points again"
                say(f"{journal.path}: {words}")
        if missing := found.missing:
            named = [in_words(plan.point(index)) for index in missing[:3]] + ["..."] * (len(missing) > 3)
            raise OutputError(
                f"{journal.path}: lost {len(missing)} of {plan.size} points, {ROUNDS} times in a row "
                f"({'; '.join(named)}); what is there is kept: find what damages this file, then go on with "
                "--resume"
            )
        write_whole(result, to_netcdf(assemble(plan, found)))
        dataset = open_sweep(result)
        journal.remove()
    return dataset


def _begun(plan: Plan, journal: Journal) -> Plan:
    """Return the plan to go on with, which is in the journal from now on."""
    if journal.header is None:
        journal.append({"plan": plan.to_dict()})
        return plan
    try:
        earlier = Plan.from_dict(journal.header["plan"])
    except SystemFileError as error:
        raise SystemFileError(f"{journal.path}: {error}; move it away, or choose another --output") from None
    _refuse_other(plan, earlier, journal.path)
    return earlier


def _refuse_other(plan: Plan, earlier: Plan, path: Path) -> None:
    if differences := plan.differences(earlier):
        listed = "\n  ".join([f"{path}: was computed with something else:", *differences])
        raise SystemFileError(f"{listed}\ngo on as before, or choose another --output")


def _gathered(plan: Plan, journal: Journal) -> Gathered:
    """Return what the journal has now; records that say nothing of this sweep count as damaged."""

    def chunks() -> Iterator[Chunk]:
        for record in journal.records():
            try:
                yield Chunk.from_record(record, plan.size)
            except ValueError:
                journal.damaged += 1

    return gather(plan, chunks())


def _kept(chunks: Iterable[Chunk], journal: Journal) -> Iterator[int]:
    """Write chunks as they arrive; yield each point once it is safe."""
    for chunk in chunks:
        journal.append(chunk.to_record())
        yield from chunk.indices
