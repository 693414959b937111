"""`sotcheck amplitudes`, and `torque --amplitudes`: tables of r and t', written and read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from sotcheck.command.complete import Listed, exact_engines, system_argument
from sotcheck.command.options import Numbers, Place, chosen_system, fermi_energy_option, magnetization_option
from sotcheck.command.output import print_out, refuse_unwritable_json
from sotcheck.run.output import refuse_unwritable

#: Options of `torque` that a table has no use for.
WITHOUT_EFFECT = ("scheme", "spacing", "tolerance", "fermi_energy", "scale", "certify")

amplitudes_option = click.option(
    "--amplitudes",
    "amplitudes_file",
    type=Place(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="In place of SYSTEM: unperturbed r and t' from elsewhere, as CSV, NetCDF or parquet; "
    "'sotcheck amplitudes --help' has the columns.",
)


def refuse_both(system: str | None, amplitudes_file: Path | None) -> None:
    """Refuse a system beside a table, and neither."""
    context = click.get_current_context()
    if system is None and amplitudes_file is None:
        raise click.MissingParameter(ctx=context, param_hint="'SYSTEM'", param_type="argument")
    if system is not None and amplitudes_file is not None:
        raise click.UsageError(f"--amplitudes takes the place of SYSTEM; leave {system!r} out, or the option")


def refuse_for_table(json_file: str | None, asked: dict[str, Any]) -> None:
    """Refuse what a table of amplitudes has no use for."""
    context = click.get_current_context()
    for name in WITHOUT_EFFECT:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = name.replace("_", "-")
            raise click.UsageError(f"--{option} has no effect on a table of amplitudes; leave it out")
    if asked["engine"] not in (None, "first-order"):
        raise click.UsageError(
            f"--engine {asked['engine']}: of a table of amplitudes there is first-order only; leave it out"
        )
    refuse_unwritable_json(json_file)


@click.command("amplitudes")
@system_argument()
@click.option(
    "-o",
    "--output",
    type=Place(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="Where to write the table: FILE.csv, FILE.nc (NetCDF 4) or FILE.parquet.",
)
@click.option(
    "--points",
    type=click.IntRange(8, 100_000),
    default=100,
    show_default=True,
    help="Rows in each range of k_perp between those at which a channel closes.",
)
@click.option(
    "--grid", type=Numbers(2), metavar="NX,NY", help="Instead: so many k_x and k_y, a grid of all of them."
)
@click.option(
    "--engine", type=Listed(exact_engines), metavar="NAME", help="The exact engine; continuum by default."
)
@magnetization_option
@fermi_energy_option
def amplitudes(
    system: str, output: Path, points: int, grid: tuple[float, ...] | None, engine: str | None, **changes: Any
) -> None:
    """Write a system's reflection and transmission amplitudes without spin-orbit coupling.

    'sotcheck torque --amplitudes FILE' makes the torque to first order of them, or of a table from elsewhere,
    such as ab initio, of the same columns:

    \b
      k_perp, or kx and ky      modulus or components of k, any order of rows
      r_up_re, r_up_im, r_down_re, ...
                                from N, back into N: majority (up), minority
      t_up_re, t_up_im, t_down_re, ...
                                t' from F's majority and minority into N

    The phase of r is that at z = 0, the plane of the Rashba term: e^{ikz} comes in, r e^{-ikz} goes back,
    times go as e^{-i omega t}. t' is that of waves of unit flux, so that |r|^2 + |t'|^2 = 1 for each spin
    (where N is closed |t'|^2 = |k_z| |psi(0)|^2); its phase does not matter, and of several channels in F
    it is the root of the sum of squares. Closed channels have zeros. Waves from F are shifted by k_x, as free
    ones.

    A header gives, in lines '# key = value' (NetCDF: attribute "sotcheck"; parquet: metadata "sotcheck", or
    DataFrame.attrs["sotcheck"]), keys of a system file:

    \b
      fermi_energy, normal.potential
                                from which k_z of N follows (hbar^2/2m = 1)
      ferromagnet.potential, ferromagnet.exchange
                                where F's bands close; or, of any bands,
      amplitudes.edges = [k, ...]
                                the k_perp at which channels of F open or close
      interface.rashba, interface.magnetization
                                or --h-r, --magnetization
      units.energy = "eV"       then k is in 1/nm
      amplitudes.normalization = "flux"
                                or "wave": t' per amplitude of the incident wave

    Refused by row and column: what is not unitary, not continuous or not finite, gaps, duplicates, too few
    rows. The uncertainty comes from every second row left out.
    """  # noqa: D301 (click reads the \b)
    refuse_unwritable(output)
    if grid is not None and not all(n == int(n) and 12 <= n <= 700 for n in grid):
        raise click.BadParameter(
            "expected two whole numbers from 12 to 700, such as 101,101", param_hint="--grid"
        )
    from sotcheck.theory.table_formats import format_of
    from sotcheck.trial.own_amplitudes import write_amplitudes

    format_of(output)
    found, _ = chosen_system(system, **changes)
    points_of_grid = None if grid is None else (int(grid[0]), int(grid[1]))
    rows = write_amplitudes(found, output, points=points, grid=points_of_grid, engine=engine)
    print_out(f"{output}: {rows} rows; sotcheck torque --amplitudes {output}\n")
