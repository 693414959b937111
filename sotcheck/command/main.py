"""The command line: options in, tables or JSON out, exit statuses of the contract."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from operator import itemgetter
from pathlib import Path
from typing import Any

import click

from sotcheck import __version__
from sotcheck.command.amplitudes import amplitudes, amplitudes_option, refuse_both, refuse_for_table
from sotcheck.command.bench import bench
from sotcheck.command.beyond import beyond, bound_states
from sotcheck.command.builder import (
    builder_options,
    refuse_for_builder,
    refuse_others,
    refuse_without_builder,
)
from sotcheck.command.complete import system_argument
from sotcheck.command.doctor import doctor
from sotcheck.command.export import export
from sotcheck.command.files import completion, new, schema, systems
from sotcheck.command.finite_width import finite_width
from sotcheck.command.options import RESULT, Numbers, certify_option, request, request_options, within_option
from sotcheck.command.output import conclude, emit, refuse_unwritable_json, tell
from sotcheck.command.plot import plot
from sotcheck.command.profile import profile
from sotcheck.command.reference import reference
from sotcheck.command.report import audit, report
from sotcheck.command.si import beside_torque, si_options
from sotcheck.command.sweep import sweep
from sotcheck.command.trust_map import trust_map
from sotcheck.run.memory import collect_seldom, keep_memory
from sotcheck.run.plaintext import visible
from sotcheck.run.processes import listening
from sotcheck.run.progress import bar, heartbeat

#: Characters of the longest first sentence of a command's help: it is wrapped, not cut.
WHOLE = 300


class Sections(click.Group):
    """A group whose help tells commands by what they are for."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a section for each kind of command."""
        for title, names in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(name, self.commands[name].get_short_help_str(WHOLE)) for name in names.split()]
                )


@click.group(cls=Sections, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sotcheck")
def cli() -> None:
    """Can I trust this formula?

    sotcheck tries first-order formulas for the spin-orbit torque of a normal-metal/ferromagnet
    interface (Kim, Lee, Sinova, Lee, Stiles, Phys. Rev. B 96, 104438) against exact scattering
    solutions, by boundary matching and by Kwant.

    SYSTEM is a built-in name ('sotcheck systems' lists them) or a path to a system file.

    \b
    Exit status: 0 all agree, 1 something disagrees, 2 bad usage or input,
    3 nothing disagrees but something is inconclusive.

    \b
    Examples:
      sotcheck torque bulk-magnetism --h-r 0.05,0.1
      sotcheck check bulk-magnetism
      sotcheck new mine.toml    (edit, then: sotcheck check mine.toml)
      sotcheck report
    """  # noqa: D301, D400 (click reads the \b, and it is a question)


@click.command()
@system_argument(required=False)
@amplitudes_option
@request_options
@click.option(
    "--scale",
    type=Numbers(),
    metavar="S,S,...",
    help="Factors of every spin-orbit term of the system; first order is linear in them.",
)
@certify_option
@within_option
@si_options
def torque(
    system: str | None,
    amplitudes_file: Path | None,
    json_file: str | None,
    scale: tuple[float, ...] | None,
    certify: bool,
    certify_within: float,
    **asked: Any,
) -> None:
    """Compute the torque of each source.

    Numbers are those of t (see the manual's conventions) at the given h_R, not divided by it. SYSTEM may have
    layers, effective masses and any spin-orbit term linear in k; the JSON then tells who takes which torque.
    """
    beside = beside_torque(asked)
    refuse_both(system, amplitudes_file)
    if amplitudes_file is not None:
        refuse_for_table(json_file, asked)
        settings = {"amplitudes": amplitudes_file, **{name: asked[name] for name in ("h_R", "magnetization")}}
    else:
        chosen, settings = request(str(system), json_file, **asked)
        proof = str(system) if certify else False
        settings |= {"system": chosen, "scale": scale, "certify": proof, "certify_within": certify_within}
    from sotcheck.api.torques import torque as compute

    found = compute(**settings, **beside)
    emit(found, found.to_json(), json_file, itemgetter("torque"))


@click.command()
@system_argument(required=False)
@builder_options
@click.option(
    "--theory",
    metavar="MODULE:FUNCTION",
    help="Try your own formula in place of first order; docs/how-to/theory.md shows one.",
)
@request_options
def check(
    system: str | None,
    theory: str | None,
    json_file: str | None,
    builder: str | None,
    k: tuple[tuple[float, ...], ...],
    grid: int | None,
    **asked: Any,
) -> None:
    """Cross-check the theory on one system and print the verdicts.

    Every claim is tried with both exact engines. 'uncertainty' is the sum of a named error budget;
    'inconclusive' means that it is too large to tell right from wrong, and is never a pass.

    SYSTEM may also be a result of 'sotcheck sweep' (FILE.nc): then conservation of angular momentum at every
    point, first order as the limit h_R -> 0, and the other exact engine at some points are tried.
    """
    settings: dict[str, Any]
    if builder is not None:
        refuse_for_builder(builder, json_file, k, grid, asked["h_R"])
        settings = {"builder": builder, "k": k, "grid": grid, "h_R": asked["h_R"], "progress": bar}
    else:
        refuse_without_builder(k, grid)
        if system is None:
            raise click.UsageError("Missing argument 'SYSTEM'.")
        if system.endswith(RESULT):
            refuse_others(("system", "json_file", "csv_file"), system)
            refuse_unwritable_json(json_file)
            settings = {"system": system, "progress": bar}
        else:
            chosen, settings = request(system, json_file, **asked)
            settings |= {"system": chosen, "theory": theory}
    from sotcheck.api.checks import check as cross_check

    conclude(cross_check(**settings), json_file)


#: By what they are for, in the order of the help text.
COMMANDS = {
    "Try one system": "check torque beyond bound-states report",
    "Draw": "plot profile",
    "Try many": "sweep trust-map finite-width",
    "Try a paper": "audit",
    "Try another code": "reference",
    "Read and write files": "systems new schema amplitudes export",
    "Look after this machine": "doctor bench completion",
}
for command in (
    systems, new, torque, check, plot, report, audit, beyond, bound_states, profile, trust_map, finite_width,
    sweep, reference, amplitudes, export, bench, doctor, schema, completion,
):  # fmt: skip
    cli.add_command(command)


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line; errors become one message and an exit status."""
    # Matrices here are tiny: BLAS threads would only fight over the cores. Workers inherit this.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # A sixth of a torque's time; what is left in the end goes all at once.
    collect_seldom()
    keep_memory()
    atexit.register(gc.freeze)
    from sotcheck.errors import SotcheckError

    given = sys.argv[1:] if args is None else list(args)
    for stream in (sys.stdout, sys.stderr):
        # A terminal of few characters gets escape sequences instead of an error.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with listening(), heartbeat(next((word for word in given if word in cli.commands), "command")):
            cli.main(args, prog_name="sotcheck", standalone_mode=False)
    except click.ClickException as error:
        # click types it as final, and prints it as it is.
        vars(error)["message"] = visible(error.message)
        error.show()
        sys.exit(2)
    except SotcheckError as error:
        tell(f"sotcheck: {error.in_a_shell}")
        sys.exit(2)
