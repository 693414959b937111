"""`sotcheck export`: torque coefficients for micromagnetic programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sotcheck.command.complete import Listed, engines, system_argument
from sotcheck.command.options import (
    Number,
    Place,
    chosen_system,
    fermi_energy_option,
    magnetization_option,
    tolerance_option,
)
from sotcheck.command.output import print_out, tell
from sotcheck.run.output import refuse_unwritable, write_text
from sotcheck.run.progress import bar

#: Those that `sotcheck.trial.export` writes.
TOOLS = ("magnum.np", "mumax3", "ubermag")


@click.command("export")
@system_argument()
@click.option("--to", "tool", required=True, type=click.Choice(TOOLS), help="The program to write for.")
@click.option(
    "--saturation-magnetization",
    required=True,
    type=Number(1e-3, 1e8),
    metavar="M_S",
    help="Of the magnet that the torque turns, in A/m, e.g. 1e6.",
)
@click.option(
    "--thickness",
    required=True,
    type=Number(1e-12, 1e-3),
    metavar="D",
    help="Of that magnet, in m, e.g. 1e-9.",
)
@click.option(
    "--current-density",
    type=Number(-1e16, 1e16),
    metavar="J",
    help="In A/m^2, of the normal metal (of the ferromagnet where that insulates), or of the source; "
    "J > 0 is a conventional current along +x.",
)
@click.option(
    "--field", type=Number(-1e12, 1e12), metavar="E", help="Instead of it, the field along x in V/m,"
)
@click.option(
    "--relaxation-time",
    type=Number(1e-30, 1e-6),
    metavar="TAU",
    help="and the relaxation time in s of weight 1 in the system file's [relaxation].",
)
@click.option(
    "--source",
    type=click.Choice(["total", "normal", "majority", "minority"]),
    default="total",
    show_default=True,
    help="All sources together, with the relaxation times of the file, or one by its own current density.",
)
@click.option(
    "--engine", type=Listed(engines), metavar="NAME", help="The engine; the first exact one by default."
)
@tolerance_option
@magnetization_option
@fermi_energy_option
@click.option(
    "-o",
    "--output",
    type=Place(path_type=Path, dir_okay=False),
    help="Write there instead of to standard output.",
)
def export(
    system: str,
    tool: str,
    saturation_magnetization: float,
    thickness: float,
    current_density: float | None,
    field: float | None,
    relaxation_time: float | None,
    source: str,
    engine: str | None,
    tolerance: float,
    output: Path | None,
    **changes: Any,
) -> None:
    """Write the fieldlike and dampinglike torque of SYSTEM, in eV, for a micromagnetic program.

    Per current density, with sign, stacking order and direction of the current spelt out in comments. The
    coefficients belong to one m: that of the system file or of --magnetization. With equal relaxation times
    and masses the dampinglike torques of all sources cancel.

    \b
    Example:
      sotcheck export pt-cu-co-pt --to mumax3 --source normal \\
        --saturation-magnetization 1e6 --thickness 6e-10 --current-density 1e11
    """  # noqa: D301 (click reads the \b)
    driven = field is not None and relaxation_time is not None
    if driven == (current_density is not None) or (field is None) != (relaxation_time is None):
        raise click.UsageError("give --current-density, or --field and --relaxation-time instead")
    chosen, _ = chosen_system(system, **changes)
    if output is not None:
        refuse_unwritable(output)
    from sotcheck.engines import reference
    from sotcheck.system.units import length_in_m
    from sotcheck.trial.export import Export
    from sotcheck.trial.si import Drive, Magnet
    from sotcheck.trial.torque import torque

    length_in_m(chosen)
    table = torque(chosen, engine or reference(), tolerance=tolerance, progress=bar)
    current: Any = Drive(field, relaxation_time) if field is not None and relaxation_time else current_density
    written = Export(table, Magnet(saturation_magnetization, thickness), current, source).text(tool)
    for warning in table.warnings:
        tell(f"sotcheck: warning: {chosen.name}: {warning}")
    if output is None:
        print_out(written)
    else:
        write_text(output, written)
