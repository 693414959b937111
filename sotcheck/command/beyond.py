"""Commands that look beyond first order: bound states, the whole torque, trust limits over two parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sotcheck.command.options import (
    Number,
    Numbers,
    Place,
    chosen_system,
    emit,
    executor_options,
    fermi_energy_option,
    json_option,
    magnetization_option,
    print_out,
    rashba_option,
    refuse_unwritable_folder,
    refuse_unwritable_json,
    refuse_unwritable_svg,
    warn,
)
from sotcheck.run.executors import backend
from sotcheck.run.progress import bar


@click.command("bound-states")
@click.argument("system", required=False)
@click.option("--k-perp", type=Numbers(), metavar="K,K,...", help="In-plane wave numbers, unit: wave vector.")
@click.option(
    "--angle", type=Numbers(), metavar="A,A,...", help="Angles of k x z against the x axis, in degrees."
)
@rashba_option
@magnetization_option
@fermi_energy_option
@click.option(
    "--output",
    type=Place(path_type=Path),
    help="Also write the map and the dispersion there; without SYSTEM, the report on bound states.",
)
@json_option
def bound_states(
    system: str | None,
    k_perp: tuple[float, ...] | None,
    angle: tuple[float, ...] | None,
    output: Path | None,
    json_file: str | None,
    **changes: Any,
) -> None:
    """Find the states bound to the interface, against k_perp and h_R.

    Count and energies (k_perp^2 included) of the states below the whole continuum, the least h_R that binds
    one, against Eq. (C5), those at or below E_F, and what they add to the interface's spin density. With
    --output, a map over k_perp and h_R with points of it solved by Kwant as well.

    \b
    Examples:
      sotcheck bound-states bulk-magnetism --h-r 0.5,1,1.5
      sotcheck bound-states bulk-magnetism --h-r 1.2 --k-perp 1,2,3 --angle 0,90,180,270
      sotcheck bound-states --output reports/bound-states
    """  # noqa: D301 (click reads the \b)
    if system is None:
        if output is None:
            raise click.UsageError(
                "give a SYSTEM ('sotcheck systems' lists them), or --output for the report"
            )
        options = {"k_perp": k_perp, "angle": angle, "json": json_file, **changes}
        for name, value in options.items():
            if value is not None:
                raise click.UsageError(f"--{name.lower().replace('_', '-')} belongs to a SYSTEM: give one")
        refuse_unwritable_folder(output)
        from sotcheck.bound.report_data import report_data
        from sotcheck.pages.bound_states import write_bound_states

        print_out(f"report written: open {write_bound_states(report_data(progress=bar), output)}\n")
        return
    iface, h_R = chosen_system(system, **changes)
    refuse_unwritable_json(json_file)
    refuse_unwritable_folder(output)
    import numpy as np

    from sotcheck.bound.table import bound_states as find

    result = find(iface, *(None if values is None else np.array(values) for values in (h_R, k_perp, angle)))
    warnings = warn(iface, h_R)
    if output is not None:
        from sotcheck.bound.portrait import one_interface
        from sotcheck.pages.bound_states import write_system

        write_system(one_interface(iface), output)
    emit(str(result), result.to_json(warnings), json_file)


@click.command()
@click.argument("system")
@magnetization_option
@fermi_energy_option
@json_option
def beyond(system: str, json_file: str | None, **changes: Any) -> None:
    """Say how far first order holds, why it stops, and what the torque does beyond.

    The series in h_R order by order, from theory and from the exact torque; its radius of convergence, where
    it is smallest and why; Pade approximants beyond; the h_R at which first order is off by 1 % and by 10 %;
    the angular harmonics of the exact torque; bound states.
    """
    iface, _ = chosen_system(system, **changes)
    refuse_unwritable_json(json_file)
    from sotcheck.beyond.run import beyond as look_beyond

    result = look_beyond(iface, progress=bar)
    warn(iface, None)
    emit(str(result), result.to_json(), json_file)


@click.command("trust-map")
@click.argument("system", required=False)
@click.option(
    "--over",
    "axes",
    multiple=True,
    metavar="NAME=FROM:TO",
    help="Two of E_F, U_N, U_F, J, u_0, u_m, E_F/J, theta, phi, each with its range; give it twice.",
)
@click.option(
    "--limit",
    type=Number(1e-5, 1.0),
    default=0.1,
    show_default=True,
    help="Relative deviation from first order.",
)
@click.option(
    "--source",
    type=click.Choice(["normal", "majority", "minority", "total", "any"]),
    default="total",
    show_default=True,
    help="Whose torque; 'any': the smallest limit of the three sources.",
)
@click.option(
    "--component",
    type=click.Choice(["fieldlike", "dampinglike", "any"]),
    default="fieldlike",
    show_default=True,
    help="Which component; 'any': the smaller limit of both.",
)
@click.option("--points", type=click.IntRange(4, 100_000), default=150, show_default=True)
@click.option(
    "--resume",
    type=Place(exists=True, dir_okay=False, path_type=Path),
    help="An earlier --json file: its points are kept.",
)
@click.option(
    "--svg", "svg_file", type=Place(dir_okay=False, path_type=Path), help="Draw the map into this file."
)
@click.option("--output", type=Place(path_type=Path), help="Without SYSTEM: write the report's maps there.")
@magnetization_option
@fermi_energy_option
@executor_options
@json_option
def trust_map(
    system: str | None,
    axes: tuple[str, ...],
    limit: float,
    source: str,
    component: str,
    points: int,
    resume: Path | None,
    svg_file: Path | None,
    output: Path | None,
    executor: str,
    workers: int,
    json_file: str | None,
    **changes: Any,
) -> None:
    """Map the h_R up to which first order can be trusted over two parameters.

    Points are chosen where the limit changes most. Interfaces without a limit keep their reason.

    \b
    Example:
      sotcheck trust-map bulk-magnetism --over E_F=0.6:4 --over U_N=-1:0.5 --json map.json --svg map.svg
      sotcheck trust-map bulk-magnetism --over E_F=0.6:4 --over U_N=-1:0.5 --resume map.json --points 300
      sotcheck trust-map --output reports/trust
    """  # noqa: D301
    if system is None:
        if output is None:
            raise click.UsageError("give either a SYSTEM with its --over, or --output for the report")
        refuse_unwritable_folder(output)
        from sotcheck.pages.trust import trust_data, write_trust

        with backend(executor, workers).open() as where:
            data = trust_data(points=points, executor=where.executor, progress=bar)
        print_out(f"report written: open {write_trust(data, output)}\n")
        return
    if output is not None:
        raise click.UsageError("--output is for the report, without a SYSTEM; use --json and --svg")
    iface, _ = chosen_system(system, **changes)
    refuse_unwritable_json(json_file)
    refuse_unwritable_svg(svg_file)
    from sotcheck.beyond.trust_run import trust_map_of

    with backend(executor, workers).open() as where:
        result = trust_map_of(
            iface,
            axes,
            limit=limit,
            source=source,
            component=component,
            points=points,
            resume=resume,
            executor=where.executor,
            progress=bar,
        )
    if svg_file is not None:
        from sotcheck.run.output import write_text

        write_text(svg_file, result.svg())
    emit(str(result), result.to_json(), json_file)
