"""`sotcheck sweep`: options in, a NetCDF file out."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from sotcheck.command.complete import KeyValues, Listed, engines, keys, system_argument
from sotcheck.command.options import Place, executor_options, lattice_options, refuse_without_effect
from sotcheck.command.output import print_out, tell
from sotcheck.run.processes import Interrupted
from sotcheck.run.progress import bar

#: Exit status when points failed, all others being there.
SOME_FAILED = 3


@click.command("sweep")
@system_argument()
@click.option(
    "--over",
    multiple=True,
    type=KeyValues(keys),
    metavar="KEY=VALUES",
    help="An axis, e.g. h_R=0.01:1:50, interface.barrier=0.1:10:9:log, E_F=1,1.5,2 or m=0,0,1;1,0,1; may be "
    "given several times. Keys are those of the system file or its symbols, layer[1].thickness among them, "
    "besides theta and phi (degrees).",
)
@click.option(
    "--table",
    type=Place(path_type=Path),
    help="A CSV file of points: a row of keys, then one row of numbers a point.",
)
@click.option(
    "--engine",
    type=Listed(engines),
    show_default="the first exact one",
    help="Engine to use, as of 'sotcheck torque'.",
)
@lattice_options
@executor_options
@click.option("--resume", is_flag=True, help="Go on with what an interrupted run has left, if anything.")
@click.option("-o", "--output", type=Place(path_type=Path), required=True, help="The NetCDF file to write.")
def sweep(
    system: str,
    over: tuple[str, ...],
    table: Path | None,
    engine: str | None,
    scheme: Any,
    spacing: float | None,
    tolerance: float,
    executor: str,
    workers: int,
    resume: bool,
    output: Path,
) -> None:
    """Compute the torque over ranges of a system's keys, and keep it as labelled arrays.

    Results are kept as they arrive: after any interruption the same command with --resume goes on, and ends
    with the same bytes. A point that fails is recorded with its error, and the rest goes on; the exit status
    is then 3. 'sotcheck check' and 'sotcheck report' take the result; xarray opens it.

    \b
    Examples:
      sotcheck sweep bulk-magnetism --over h_R=0.01:1:50 --over E_F=0.5:5:40 \\
        -o result.nc
      sotcheck sweep mine.toml --over theta=0:180:19 --engine kwant -o tilt.nc
      sotcheck report result.nc
    """  # noqa: D301 (click reads the \b)
    from sotcheck.api.sweeps import sweep as compute
    from sotcheck.engines import EXACT, reference

    engine = engine or reference()
    refuse_without_effect([engine])
    settings = {"scheme": scheme, "spacing": spacing, "tolerance": tolerance}
    lattice = engine in EXACT and EXACT[engine].scheme
    words = _command(system, over, table, engine, **settings | {"scheme": scheme if lattice else None})
    where: dict[str, Any] = {"executor": executor, "workers": workers, "resume": resume}
    try:
        found = compute(
            system, output, over=over, table=table, engine=engine, **settings, **where,
            progress=bar, say=tell, command=words,
        )  # fmt: skip
    except Interrupted:
        tell(f"{output}: the same command with --resume goes on with what was computed")
        raise
    print_out(f"{found.to_xarray()['error'].size} points written to {output}\n")
    for said in found.warnings:
        print_out(f"Warning: {said}\n")
    if found.errors:
        print_out(f"{len(found.errors)} of them failed, the first with: {found.errors[0]}\n")
        raise SystemExit(SOME_FAILED)


def _command(system: str, over: tuple[str, ...], table: Path | None, engine: str, **settings: Any) -> str:
    """Return the command that gives these data again, on however many workers."""
    words = ["sotcheck", "sweep", system]
    for text in over:
        words += ["--over", text]
    words += [] if table is None else ["--table", str(table)]
    words += ["--engine", engine]
    for name, value in settings.items():
        words += [] if value is None else [f"--{name}", str(value)]
    return shlex.join(words)
