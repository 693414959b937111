"""The command that draws spin against z."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sotcheck.command.complete import Listed, engines, sources, system_argument
from sotcheck.command.options import Number, Place, chosen_system, fermi_energy_option, magnetization_option
from sotcheck.command.output import emit, json_option, refuse_unwritable_json
from sotcheck.command.plot import draw_into, refuse_unwritable_picture
from sotcheck.run.progress import bar


@click.command()
@system_argument()
@click.option(
    "--source",
    type=Listed(sources),
    metavar="NAME,NAME,...",
    show_default="all",
    help="normal, majority, minority, or total: the sources weighted with their relaxation times.",
)
@click.option("--from", "start", type=Number(), metavar="Z", help="Where to begin, in the file's unit.")
@click.option("--to", "stop", type=Number(), metavar="Z", help="Where to end.")
@click.option(
    "--points", type=click.IntRange(2, 5000), default=200, show_default=True, help="About how many z."
)
@click.option(
    "--engine",
    type=Listed(engines),
    metavar="NAME,NAME,...",
    default="continuum",
    show_default=True,
    help="One or several: an exact engine, or first-order (the linear coefficient times the scale).",
)
@click.option(
    "--scale", type=Number(), default=1.0, show_default=True, help="Factor of every spin-orbit term."
)
@click.option(
    "--tolerance",
    type=Number(1e-12, 0.1),
    default=1e-6,
    show_default=True,
    help="Relative error to aim at in the k_perp sum.",
)
@magnetization_option
@fermi_energy_option
@click.option(
    "-o",
    "--output",
    "--svg",
    type=Place(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw it into FILE.svg, FILE.png or FILE.pdf.",
)
@json_option
def profile(
    system: str,
    source: str | None,
    engine: str,
    output: Path | None,
    json_file: str | None,
    magnetization: tuple[float, ...] | None,
    fermi_energy: float | None,
    **asked: Any,
) -> None:
    """Compute spin density and spin current against z, of each source.

    Summed over k_perp with the shift, sign and prefactor of t: from z = -0 on the current is what 'torque'
    calls spin_current_minus, and so on at every junction. Printed as CSV: a line for each engine, source and
    z, both sides of every junction.

    \b
    Examples:
      sotcheck profile mine.toml -o spin.svg
      sotcheck profile bulk-magnetism --source normal --from -10 --to 20 \\
        --engine continuum,first-order
    """  # noqa: D301 (click reads the \b)
    chosen, _ = chosen_system(system, magnetization=magnetization, fermi_energy=fermi_energy)
    refuse_unwritable_json(json_file)
    refuse_unwritable_picture(output)
    from sotcheck.api.spins import spin_density

    found = spin_density(chosen, None, engine, source=source, progress=bar, **asked)
    if output is not None:
        from sotcheck.pages.against_z import draw

        draw_into(output, draw, found.to_dict())
    emit(found, found.to_json(), json_file, lambda _: f"{found}\n")
