"""Commands that look beyond first order: bound states, and the whole torque."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sotcheck.command.options import (
    Numbers,
    Place,
    certify_option,
    chosen_interface,
    chosen_system,
    emit,
    fermi_energy_option,
    json_option,
    magnetization_option,
    print_out,
    rashba_option,
    refuse_unwritable_folder,
    refuse_unwritable_json,
    warn,
)
from sotcheck.run.progress import bar


@click.command("bound-states")
@click.argument("system", required=False)
@click.option("--k-perp", type=Numbers(), metavar="K,K,...", help="In-plane wave numbers, unit: wave vector.")
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
      sotcheck bound-states bulk-magnetism --h-r 1.2 --k-perp 1,2,3 --angle 0,90,180,270
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
    import numpy as np

    from sotcheck.system.files import bare
    from sotcheck.system.stack import Stack
    from sotcheck.trial.torque import TOLERANCE, asked

    # Refuses an h_R where it is not all that couples spin and k.
    if scale is not None or isinstance(found, Stack):
        h_R = tuple(h * s for h in asked(found, None, h_R, TOLERANCE)[1] for s in scale or (1.0,))

    def arrays(*given: tuple[float, ...] | None) -> list[Any]:
        return [None if values is None else np.array(values) for values in given]

    if certify and isinstance(found, Stack):
        raise click.UsageError("--certify is for bare interfaces: states bound in a stack are not proved")
    if isinstance(found, Stack) and output is None:
        from sotcheck.bound.stack_table import bound_in_stack

        in_stack = bound_in_stack(found, *arrays(h_R, k_perp, angle))
        emit(str(in_stack), in_stack.to_json(), json_file)
        return
    iface = bare(found, "bound-states --output")
    refuse_unwritable_folder(output)

    from sotcheck.bound.table import bound_states as find

    result = find(iface, *arrays(h_R, k_perp, angle))
    warnings = warn(iface, h_R)
    if output is not None:
        from sotcheck.bound.portrait import one_interface
        from sotcheck.pages.bound_states import write_system

        write_system(one_interface(iface), output)
    text, json_text = str(result), result.to_json(warnings)
    if certify:
        from sotcheck.trial.certified import with_bound_states

        text, json_text = with_bound_states(iface, system, text, json_text)
    emit(text, json_text, json_file)


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
    iface, _ = chosen_interface(system, "beyond", **changes)
    refuse_unwritable_json(json_file)
    from sotcheck.beyond.document import BeyondResult, beyond_data

    result = BeyondResult(iface, beyond_data(iface, progress=bar))
    warn(iface, None)
    emit(str(result), result.to_json(), json_file)
