"""`sotcheck bench`: the benchmark table."""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter
from pathlib import Path

import click

from sotcheck.command.options import Place
from sotcheck.command.output import emit, json_option, refuse_unwritable_json
from sotcheck.run.output import refuse_unwritable, write_texts
from sotcheck.run.progress import bar


@click.command("bench")
@click.option("--quick", is_flag=True, help="In less than a minute, with less work for each number.")
@click.option(
    "-o",
    "--output",
    type=Place(path_type=Path, dir_okay=False),
    help="Write the table as Markdown there too, e.g. benchmarks/README.md, and cost.svg beside it.",
)
@json_option
def bench(quick: bool, output: Path | None, json_file: str | None) -> None:
    """Measure speed as ratios within one run, with the machine.

    Boundary matching and our Kwant path against a straightforward Kwant script, the k_perp sum against
    scipy.integrate and a uniform grid, what torques cost, one process against two, memory, and what a sweep
    costs beyond its engine. It takes about six minutes; keep the machine quiet meanwhile. A bar that is not
    met is said so, and changes no exit status: that is about right and wrong.
    """
    from sotcheck_bench.result import FIGURE
    from sotcheck_bench.run import bench as measure

    refuse_unwritable_json(json_file)
    if output is not None:
        refuse_unwritable(output)
    result = measure(quick, bar)
    if output is not None:
        command = f"{result.command} --output {output}"
        result = replace(result, command=command)
        write_texts({output: result.to_markdown(), output.with_name(FIGURE): result.to_svg()})
    emit(result, result.to_json(), json_file, itemgetter("benchmarks"))
