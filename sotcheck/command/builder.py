"""Options of `sotcheck check --builder`: a user's own Kwant system instead of a system file."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from sotcheck.command.options import Numbers, together
from sotcheck.command.output import refuse_unwritable_json

builder_options = together(
    click.option(
        "--builder",
        metavar="MODULE:FUNCTION",
        help="Check your own Kwant system instead of SYSTEM; docs/how-to/kwant-system.md shows one.",
    ),
    click.option(
        "--k",
        type=Numbers(2),
        multiple=True,
        metavar="KX,KY",
        help="With --builder: try this k alone, and sum nothing. May be given several times.",
    ),
    click.option(
        "--grid",
        type=click.IntRange(8, 1000),
        metavar="N",
        help="With --builder: sum over N x N points of the cell of k, N even; 12 by default.",
    ),
)
#: What goes with --builder.
TAKEN = ("builder", "k", "grid", "h_R", "json_file", "csv_file")


def refuse_others(taken: tuple[str, ...], whose: str) -> None:
    """Refuse options, given on the command line, that something has no use for."""
    context = click.get_current_context()
    for option in context.command.params:
        given = context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
        if given and option.name not in taken:
            if isinstance(option, click.Argument):
                raise click.UsageError(f"SYSTEM and {whose}: give one of them")
            raise click.UsageError(f"{option.opts[0]} belongs to a system; {whose} has its own")


def refuse_without_builder(k: tuple[tuple[float, ...], ...], grid: int | None) -> None:
    """Refuse options that only a user's own system has."""
    for option, given in (("--k", k), ("--grid", grid)):
        if given:
            raise click.UsageError(f"{option} is for --builder; a system file is summed over all k")


def refuse_for_builder(
    builder: str, json_file: str | None, k: tuple[Any, ...], grid: int | None, h_R: tuple[float, ...] | None
) -> None:
    """Refuse what a user's own Kwant system has no use for."""
    refuse_others(TAKEN, f"--builder {builder}")
    if k and grid:
        raise click.UsageError("--k and --grid: give single k, or a grid to sum over")
    if h_R is not None and len(h_R) != 1:
        raise click.BadParameter("one number, the largest h_R that is tried", param_hint="--h-r")
    refuse_unwritable_json(json_file)
