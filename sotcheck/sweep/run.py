"""A sweep from its axes to the NetCDF file."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sotcheck.engines import EXACT, SCHEMES, SPACINGS, Scheme, engine_names
from sotcheck.errors import EngineError, OutputError, SystemFileError, did_you_mean, in_range
from sotcheck.run.executors import Backend, backend
from sotcheck.run.progress import Progress, silent
from sotcheck.sweep.dataset import Gathered, assemble, gather, open_sweep, plan_of, to_netcdf
from sotcheck.sweep.grid import Axis, changes, in_words
from sotcheck.sweep.plan import Plan
from sotcheck.sweep.schedule import MOST, results
from sotcheck.sweep.store import Journal, open_journal, write_whole
from sotcheck.sweep.worker import Chunk, Task, compute, failed
from sotcheck.system.files import to_document
from sotcheck.system.interface import Interface
from sotcheck.trial.torque import TOLERANCE, TOLERANCES

if TYPE_CHECKING:
    import xarray as xr

#: Times that points are computed before the disk is at fault that loses them.
ROUNDS = 3
#: Most lost points that are named.
NAMED = 3


def make_plan(
    iface: Interface,
    axes: Sequence[Axis],
    *,
    engine: str = "continuum",
    scheme: Scheme = "exact-difference",
    spacing: float | None = None,
    tolerance: float = TOLERANCE,
    command: str = "",
) -> Plan:
    """Return the plan of a sweep, once its settings are acceptable.

    Raises
    ------
    EngineError
        For an unknown engine or scheme, or a number out of range.
    SystemFileError
        If the axes do not go together.
    """
    known = engine_names()
    if engine not in known:
        raise EngineError(
            f"unknown engine {engine!r}{did_you_mean(engine, known)}; choose one of {', '.join(known)}"
        )
    if scheme not in SCHEMES:
        raise EngineError(f"unknown scheme {scheme!r}; choose from {', '.join(SCHEMES)}")
    in_range("tolerance", tolerance, *TOLERANCES)
    if spacing is not None:
        in_range("spacing", spacing, *SPACINGS)
    on_lattice = engine in EXACT and EXACT[engine].scheme is not None
    plan = Plan(
        system=to_document(iface),
        axes=tuple(axes),
        engine=engine,
        scheme=scheme if on_lattice else None,
        spacing=spacing if on_lattice else None,
        tolerance=tolerance,
        command=command,
    )
    # The axes are looked at together here, before there is any file.
    _ = plan.shape
    return plan


def sweep(
    plan: Plan,
    result: Path,
    *,
    where: Backend | None = None,
    resume: bool = False,
    progress: Progress = silent,
    say: Callable[[str], None] = lambda words: None,
) -> xr.Dataset:
    """Compute a sweep, or go on with one, and write it as NetCDF.

    Parameters
    ----------
    plan : Plan
    result : Path
        The NetCDF file; the journal lies beside it until the end.
    where : Backend, optional
        Where to compute; in this process by default.
    resume : bool
        Go on with what is there, if anything is.
    progress : callable
    say : callable
        Told what an earlier run has left.

    Returns
    -------
    xarray.Dataset
        As read back from the file.

    Raises
    ------
    OutputError
        If a file is in the way, in use by another process, or cannot be written.
    SystemFileError
        If what is there belongs to another system, or other settings or versions.
    EngineError
        If nothing can be computed.
    """
    with open_journal(result, resume=resume) as journal:
        if journal.header is None and result.exists():
            _refuse_other(plan, plan_of(open_sweep(result)), result)
            say(f"{result}: is complete already")
            return open_sweep(result)
        plan = _begun(plan, journal)
        found = _gathered(plan, journal)
        if found.known.any():
            lost = f"; {journal.damaged} damaged records are computed again" if journal.damaged else ""
            say(f"{journal.path}: going on with {found.known.sum()} of {plan.size} points{lost}")
        for _ in range(ROUNDS):
            missing = np.flatnonzero(~found.known).tolist()
            if not missing:
                break
            # Closed at once if writing fails: workers are not to go on under an error message.
            with closing(_computed(plan, missing, where or backend("processes", 1))) as chunks:
                for _ in progress(_kept(chunks, journal), f"sweep {plan.system['name']}", len(missing)):
                    pass
            # From the journal's content on: a sweep in one go and one in many give the same bytes.
            found = _gathered(plan, journal)
            _tell_missing(plan, found, journal, say)
        _refuse_missing(plan, found, journal)
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


def _gathered(plan: Plan, journal: Journal) -> Gathered:
    """Return what the journal has now; records that say nothing of this sweep count as damaged."""

    def chunks() -> Iterator[Chunk]:
        for record in journal.records():
            try:
                yield Chunk.from_record(record, plan.size)
            except ValueError:
                journal.damaged += 1

    return gather(plan, chunks())


def _tell_missing(plan: Plan, found: Gathered, journal: Journal, say: Callable[[str], None]) -> None:
    if not found.known.all():
        say(
            f"{journal.path}: was damaged while the sweep ran; computing {plan.size - found.known.sum()} of "
            f"{plan.size} points again"
        )


def _refuse_missing(plan: Plan, found: Gathered, journal: Journal) -> None:
    """Refuse to call a sweep complete that is not."""
    missing = np.flatnonzero(~found.known).tolist()
    if missing:
        named = [in_words(plan.point(index)) for index in missing[:NAMED]]
        named += ["..."] * (len(missing) > NAMED)
        raise OutputError(
            f"{journal.path}: lost {len(missing)} of {plan.size} points, {ROUNDS} times in a row "
            f"({'; '.join(named)}); what is there is kept: find what damages this file, then go on with "
            "--resume"
        )


def _kept(chunks: Iterable[Chunk], journal: Journal) -> Iterator[int]:
    """Write chunks as they arrive; yield each point once it is safe."""
    for chunk in chunks:
        journal.append(chunk.to_record())
        yield from chunk.indices


def _computed(plan: Plan, missing: list[int], where: Backend) -> Generator[Chunk, None, None]:
    """Yield the results of the missing points; what is no system is said so without asking an engine."""
    iface, good = plan.iface, []
    refused: dict[int, str] = {}
    for index in missing:
        try:
            iface.with_(**changes(iface, plan.point(index)))
            good.append(index)
        except SystemFileError as error:
            refused[index] = str(error)
    for start in range(0, len(refused), MOST):
        some = list(refused)[start : start + MOST]
        yield failed(some, [refused[index] for index in some])
    task = task_of(plan)
    yield from results(where, partial(compute, task), plan.points, good, len(good))


def task_of(plan: Plan) -> Task:
    """Return what all points of a plan have in common."""
    return Task(
        plan.system, plan.engine, plan.scheme, plan.spacing, plan.tolerance, plan.versions, plan.sources
    )  # fmt: skip


def _refuse_other(plan: Plan, earlier: Plan, path: Path) -> None:
    differences = plan.differences(earlier)
    if differences:
        raise SystemFileError(
            f"{path}: was computed with something else:\n  "
            + "\n  ".join(differences)
            + "\ngo on as before, or choose another --output"
        )
