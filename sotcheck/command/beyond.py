"""Commands that look beyond first order: bound states, and the whole torque."""

from __future__ import annotations

from operator import itemgetter
from pathlib import Path
from typing import Any

import click

from sotcheck.command.complete import system_argument
from sotcheck.command.options import (
    Numbers,
    Place,
    certify_option,
    chosen_system,
    fermi_energy_option,
    magnetization_option,
    rashba_option,
)
from sotcheck.command.output import (
    emit,
    json_option,
    print_out,
    refuse_unwritable_folder,
    refuse_unwritable_json,
    tell,
)
from sotcheck.run.progress import bar


@click.command("bound-states")
@system_argument(required=False)
@click.option(
    "--k-perp",
    type=Numbers(),
    metavar="K,K,...",
    help="In-plane wave numbers in the unit of the system's file: nm^-1 of a system in eV.",
)
@click.option(
    "--angle", type=Numbers(), metavar="A,A,...", help="Angles of k x z against the x axis, in degrees."
)
@rashba_option
@click.option(
    "--scale", type=Numbers(), metavar="S,S,...", help="Factors of every spin-orbit term of the system."
)
@magnetization_option
@fermi_energy_option
@click.option(
    "-o",
    "--output",
    type=Place(path_type=Path),
    help="Also write the map and the dispersion there; without SYSTEM, the report on bound states.",
)
@certify_option
@json_option
def bound_states(
    system: str | None,
    k_perp: tuple[float, ...] | None,
    angle: tuple[float, ...] | None,
    scale: tuple[float, ...] | None,
    output: Path | None,
    certify: bool,
    json_file: str | None,
    **changes: Any,
) -> None:
    """Find the states bound to the interface or in a stack, against k_perp and h_R or the scale.

    Count and energies (k_perp^2 included) of the states below the whole continuum, the least h_R that binds
    one, against the closed form, those at or below E_F, and what they add to the interface's spin density.
    With --output, a map over k_perp and h_R with points of it solved by Kwant as well. Of a stack: states in
    its layers as well, every one of them compared with Kwant's chain, and the Fermi contours of those at E_F.

    \b
    Examples:
      sotcheck bound-states bulk-magnetism --h-r 0.5,1,1.5
      sotcheck bound-states bulk-magnetism --h-r 1.2 --k-perp 1,2,3 --angle 0,90
      sotcheck bound-states --output reports/bound-states
    """  # noqa: D301 (click reads the \b)
    if system is None:
        if output is None:
            raise click.UsageError(
                "give a SYSTEM ('sotcheck systems' lists them), or --output for the report"
            )
        options = {"k_perp": k_perp, "angle": angle, "scale": scale, "json": json_file, **changes}
        for name, value in options.items():
            if value is not None:
                raise click.UsageError(f"--{name.lower().replace('_', '-')} belongs to a SYSTEM: give one")
        refuse_unwritable_folder(output)
        from sotcheck.bound.portrait import report_data
        from sotcheck.pages.bound_states import write_bound_states

        print_out(f"report written: open {write_bound_states(report_data(progress=bar), output)}\n")
        return
    found, h_R = chosen_system(system, **changes)
    refuse_unwritable_json(json_file)
    from sotcheck.api.bound import bound_states as find
    from sotcheck.system.files import bare
    from sotcheck.system.interface import Interface

    if output is not None:
        bare(found, "bound-states --output")
        refuse_unwritable_folder(output)
    result = find(found, h_R, k_perp, angle, scale=scale, certify=certify and system)
    if isinstance(found, Interface):
        for warning in result.warnings:
            tell(f"sotcheck: warning: {found.name}: {warning}")
    if output is not None:
        from sotcheck.bound.portrait import one_interface
        from sotcheck.pages.bound_states import write_system

        write_system(one_interface(bare(found, "bound-states --output")), output)
    emit(result, result.to_json(), json_file, itemgetter("bound_states"))


@click.command()
@system_argument()
@click.option(
    "--limit",
    type=Numbers(),
    default="0.01,0.1",
    show_default=True,
    metavar="L,L,...",
    help="Deviations of first order whose h_R is sought: 0.05 for 5 %.",
)
@magnetization_option
@fermi_energy_option
@json_option
def beyond(system: str, limit: tuple[float, ...], json_file: str | None, **changes: Any) -> None:
    """Say how far first order holds, why it stops, and what the torque does beyond.

    The series in h_R order by order, from theory and from the exact torque; its radius of convergence, where
    it is smallest and why; Pade approximants beyond; the h_R at which first order is off by 1 % and by 10 %,
    or by --limit; the angular harmonics of the exact torque; bound states. Of a stack the limits alone: the
    h_R, or the factor of all spin-orbit terms.
    """
    chosen, _ = chosen_system(system, **changes)
    refuse_unwritable_json(json_file)
    from sotcheck.beyond.document import BeyondResult, beyond_data

    found = beyond_data(chosen, limits=tuple(dict.fromkeys(limit)), progress=bar)
    result = BeyondResult(chosen, found)
    for warning in result.warnings:
        tell(f"sotcheck: warning: {chosen.name}: {warning}")
    emit(result, result.to_json(), json_file, lambda document: document["beyond"]["limits"])
