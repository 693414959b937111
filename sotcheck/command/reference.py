"""`sotcheck reference`: tables of proved numbers, and where a table of another code departs from them."""

from __future__ import annotations

import json
from operator import itemgetter
from pathlib import Path

import click

from sotcheck import __version__
from sotcheck.command.options import Number, Place
from sotcheck.command.output import conclude, emit, json_option, refuse_unwritable_json
from sotcheck.run.output import refuse_unwritable
from sotcheck.run.progress import bar


@click.command()
@click.option(
    "-o",
    "--output",
    type=Place(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write a table of all systems: FILE.csv or FILE.parquet.",
)
@click.option(
    "--of",
    "kind",
    type=click.Choice(["torques", "amplitudes", "bound-states"]),
    default="torques",
    show_default=True,
    help="What the table is of.",
)
@click.option(
    "--compare",
    "theirs",
    type=Place(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Say row by row where a table of another code departs; its columns tell what it is of.",
)
@click.option(
    "--tolerance",
    type=Number(0.0, 1.0),
    default=1e-12,
    show_default=True,
    help="How far numbers without NAME_radius may be off, relative to the largest of their row.",
)
@json_option
def reference(
    output: Path | None, kind: str, theirs: Path | None, tolerance: float, json_file: str | None
) -> None:
    """Write numbers with proved radii, to test other codes by, or try a table of such a code.

    The systems are 200 bare interfaces, whose parameters stand in each row. A table to compare has the same
    columns, or fewer: those that tell rows apart (system, order and source; system, kx and ky; or system,
    k_perp and angle) and at least one with numbers; any rows, in any order. Exit status 1: some depart.
    """
    if (output is None) == (theirs is None):
        raise click.UsageError("give --output FILE to write a table, or --compare FILE to try one")
    refuse_unwritable_json(json_file)
    if theirs is not None:
        from sotcheck.trial.departures import departures

        conclude(departures(theirs, tolerance, bar), json_file)
    from sotcheck.trial.reference_tables import ending, systems, table, write

    path = Path(str(output))
    refuse_unwritable(path)
    ending(path)
    found = table(kind, systems(), bar)
    write(path, found)
    document = {"sotcheck": __version__, "written": [{"file": str(path), "of": kind, "rows": len(found)}]}
    emit(
        f"{path}: {len(found)} rows of {kind}", json.dumps(document) + "\n", json_file, itemgetter("written")
    )
