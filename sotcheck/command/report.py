"""Commands that write pages: reports of systems, and a paper on trial."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sotcheck.command.complete import system_argument
from sotcheck.command.options import RESULT, Place, executor_options
from sotcheck.command.output import (
    conclude,
    json_option,
    print_out,
    refuse_unwritable_folder,
    refuse_unwritable_json,
)
from sotcheck.run.executors import backend
from sotcheck.run.progress import bar


@click.command()
@system_argument(nargs=-1)
@click.option(
    "-o",
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
    from sotcheck.pages.overview import OTHERS, refuse_another, write_overview
    from sotcheck.pages.report import write_reports
    from sotcheck.pages.sweep import listed, write_sweeps
    from sotcheck.system.files import builtin_systems, load

    arguments = list(dict.fromkeys(system or builtin_systems()))
    results = [Path(argument) for argument in arguments if argument.endswith(RESULT)]
    arguments = [argument for argument in arguments if not argument.endswith(RESULT)]
    systems = [load(argument) for argument in arguments]
    names = [*(one.name for one in systems), *(result.stem for result in results), *OTHERS]
    _refuse_same_names(names)
    # A process for each, at most.
    chosen = backend(executor, min(workers, max(len(systems), len(results))))
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


@click.command()
@click.option(
    "--paper",
    metavar="FILE",
    default="kim2017",
    show_default=True,
    help="A file *.py that defines a paper, as docs/how-to/paper.md has it, or one's name.",
)
@click.option(
    "--power", "with_power", is_flag=True, help="Seed faults into every formula and count those flagged."
)
@click.option(
    "--faults",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="With --power: try so many faults in the code itself as well, at most, seconds each.",
)
@click.option(
    "--store", type=Place(path_type=Path), help="With --faults: a file of what is known of them, grows."
)
@click.option(
    "-o",
    "--output",
    type=Place(path_type=Path),
    help="Write the pages there too, e.g. reports/audit; figures take a minute or two more.",
)
@click.option("--certify", is_flag=True, help="Prove in ball arithmetic that equations agree or disagree.")
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
