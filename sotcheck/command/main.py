"""The command line: options in, tables or JSON out, exit statuses of the contract."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

import click

from sotcheck import __version__
from sotcheck.command.amplitudes import amplitudes, amplitudes_option, refuse_both, torque_of_table
from sotcheck.command.bench import bench
from sotcheck.command.beyond import beyond, bound_states
from sotcheck.command.builder import builder_options, check_own, refuse_others, refuse_without_builder
from sotcheck.command.export import export
from sotcheck.command.finite_width import finite_width
from sotcheck.command.options import (
    Numbers,
    Place,
    certify_option,
    conclude,
    emit,
    executor_options,
    json_option,
    print_out,
    refuse_unwritable_folder,
    refuse_unwritable_json,
    request,
    request_options,
    tell,
)
from sotcheck.command.profile import profile
from sotcheck.command.si import Asked, si_options
from sotcheck.command.sweep import sweep
from sotcheck.command.trust_map import trust_map
from sotcheck.run.executors import backend
from sotcheck.run.plaintext import visible
from sotcheck.run.processes import Interrupted, end, listen, stop_listening
from sotcheck.run.progress import bar, heartbeat

#: How results of `sotcheck sweep` are told from system files.
RESULT = ".nc"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
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
      sotcheck systems bulk-magnetism > mine.toml    (edit, then: sotcheck check mine.toml)
      sotcheck report
    """  # noqa: D301, D400 (click reads the \b, and it is a question)


@cli.command()
@click.argument("name", required=False)
def systems(name: str | None) -> None:
    """List the built-in systems, or print one as a file that can be edited."""
    from sotcheck.system.files import builtin_systems, load, read_text

    if name is not None:
        print_out(read_text(name)[1])
        return
    for builtin in builtin_systems():
        iface = load(builtin)
        print_out(f"{builtin:24s} {iface.title} ({iface.reference})\n")


@cli.command()
@click.argument("system", required=False)
@amplitudes_option
@request_options
@click.option(
    "--scale",
    type=Numbers(),
    metavar="S,S,...",
    help="Factors of every spin-orbit term of the system; first order is linear in them.",
)
@certify_option
@si_options
def torque(
    system: str | None,
    amplitudes_file: Path | None,
    json_file: str | None,
    scale: tuple[float, ...] | None,
    certify: bool,
    **asked: Any,
) -> None:
    """Compute the torque of each source.

    Numbers are those of t (see the README's conventions) at the given h_R, not divided by it. SYSTEM may have
    layers, effective masses and any spin-orbit term linear in k; the JSON then tells who takes which torque.
    """
    measured = Asked(asked)
    refuse_both(system, amplitudes_file)
    if amplitudes_file is not None:
        table = measured.of(torque_of_table(amplitudes_file, json_file, asked, measured))
    else:
        iface, settings = request(str(system), json_file, **asked)
        measured.refuse_without_unit(iface)
        from sotcheck.trial import torque as torques

        proof = str(system) if certify else False
        table = measured.of(torques.torque(iface, scale=scale, certify=proof, **settings))
    emit(str(table), table.to_json(), json_file)


@cli.command()
@click.argument("system", required=False)
@builder_options
@click.option(
    "--theory",
    metavar="MODULE:FUNCTION",
    help="Try your own formula in place of first order; the README's 'Bring your own theory' shows one.",
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
    if builder is not None:
        check_own(builder, json_file, k, grid, asked["h_R"])
    refuse_without_builder(k, grid)
    if system is None:
        raise click.UsageError("Missing argument 'SYSTEM'.")
    if system.endswith(RESULT):
        _check_sweep(Path(system), json_file)
    iface, settings = request(system, json_file, **asked)
    if theory is None:
        from sotcheck.trial.check import check as cross_check

        conclude(cross_check(iface, path=system, **settings), json_file)
    from sotcheck.system.files import bare
    from sotcheck.trial.own_theory import check_theory, load_theory

    conclude(
        check_theory(bare(iface, "check --theory"), load_theory(theory), tolerance=settings["tolerance"]),
        json_file,
    )


def _check_sweep(path: Path, json_file: str | None) -> NoReturn:
    refuse_others(("system", "json_file"), str(path))
    refuse_unwritable_json(json_file)
    from sotcheck.sweep.dataset import open_sweep
    from sotcheck.sweep.judgement import check_sweep

    conclude(check_sweep(open_sweep(path), progress=bar), json_file)


@cli.command()
@click.argument("system", nargs=-1)
@click.option(
    "--output",
    type=Place(path_type=Path),
    default=Path("reports"),
    show_default=True,
    help="Folder for the reports.",
)
@executor_options
def report(system: tuple[str, ...], output: Path, executor: str, workers: int) -> None:
    """Write comparison reports (JSON, Markdown, HTML, figures) for SYSTEMs, all built-in ones by default.

    Of a stack a report tells who takes which torque, layer by layer and interface by interface.
    A result of 'sotcheck sweep' (FILE.nc) is checked, and gets a page with its figures.
    """
    from sotcheck.pages.report import OTHERS, refuse_another, write_overview, write_reports
    from sotcheck.pages.sweep import listed, write_sweeps
    from sotcheck.system.files import builtin_systems, load

    arguments = list(dict.fromkeys(system or builtin_systems()))
    results = [Path(argument) for argument in arguments if argument.endswith(RESULT)]
    arguments = [argument for argument in arguments if not argument.endswith(RESULT)]
    systems = [load(argument) for argument in arguments]
    names = [*(one.name for one in systems), *(result.stem for result in results), *OTHERS]
    _refuse_same_names(names)
    chosen = backend(executor, workers)
    refuse_another(systems, output)
    refuse_unwritable_folder(output)
    with chosen.open() as where:
        status, pages = write_sweeps(results, output, executor=where.executor, progress=bar)
        if systems:
            of_systems = write_reports(systems, arguments, output, executor=where.executor, progress=bar)
            # Disagreement (1) outweighs doubt (3).
            status = min(filter(None, (status, of_systems)), default=0)
    if systems or (output / "index.html").exists():
        pages = [write_overview(output, listed(output))]
    print_out(f"reports written: open {' '.join(map(str, pages))}\n")
    raise SystemExit(status)


def _refuse_same_names(names: list[str]) -> None:
    # Some file systems take capitals for small letters.
    folders = [name.casefold() for name in names]
    for name in names:
        if folders.count(name.casefold()) > 1:
            raise click.UsageError(f"two reports have the name {name!r}, and both the same folder")


@cli.command()
@click.option(
    "--paper",
    metavar="FILE",
    default="kim2017",
    show_default=True,
    help="A file *.py that defines a paper, as the README's 'Try another paper' has it, or one's name.",
)
@click.option("--power", "with_power", is_flag=True, help="Seed faults, and count those flagged.")
@click.option("--faults", type=click.IntRange(0), help="At most so many faults in the code; all by default.")
@click.option(
    "--output",
    type=Place(path_type=Path),
    help="Write the pages there too, e.g. reports/audit; figures take a minute or two more.",
)
@executor_options
@json_option
def audit(
    paper: str, output: Path | None, executor: str, workers: int, json_file: str | None, **power: Any
) -> None:
    """Put every numbered equation of a paper on trial.

    Each is tried as transcribed, by both exact engines; where it disagrees, the form
    that exact numerics confirm is tried as well. Exit status 1 says that something disagrees as transcribed.
    """
    from sotcheck.trial.audit import audit as run_audit

    refuse_unwritable_json(json_file)
    refuse_unwritable_folder(output)
    with backend(executor, workers).open() as at:
        result = run_audit(paper, with_pages=output is not None, executor=at.executor, progress=bar, **power)
    if output is not None:
        from sotcheck.pages.audit import write_audit

        write_audit(result, output)
    conclude(result, json_file)


for command in (amplitudes, beyond, bound_states, profile, export, trust_map, finite_width, sweep, bench):
    cli.add_command(command)


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line; errors become one message and an exit status."""
    # Matrices here are tiny: BLAS threads would only fight over the cores. Workers inherit this.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from sotcheck.errors import SotcheckError

    given = sys.argv[1:] if args is None else list(args)
    for stream in (sys.stdout, sys.stderr):
        # A terminal of few characters gets escape sequences instead of an error.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    listen()
    try:
        with heartbeat(next((word for word in given if word in cli.commands), "command")):
            cli.main(args, prog_name="sotcheck", standalone_mode=False)
    except Interrupted as interrupted:
        end(128 + interrupted.args[0])
    except click.ClickException as error:
        # click types it as final, and prints it as it is.
        vars(error)["message"] = visible(error.message)
        error.show()
        sys.exit(2)
    except SotcheckError as error:
        tell(f"sotcheck: {error}")
        sys.exit(2)
    finally:
        stop_listening()
