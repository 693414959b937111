"""The command trust-map: trust limits over two parameters, as a table, JSON and a figure, or as pages."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from math import isfinite
from operator import itemgetter
from pathlib import Path
from typing import Any

import click

from sotcheck.command.complete import KeyValues, map_keys, system_argument
from sotcheck.command.options import (
    Number,
    Place,
    chosen_interface,
    executor_options,
    fermi_energy_option,
    magnetization_option,
)
from sotcheck.command.output import (
    emit,
    json_option,
    print_out,
    refuse_unwritable_folder,
    refuse_unwritable_json,
    refuse_unwritable_svg,
)
from sotcheck.errors import EngineError
from sotcheck.run.executors import backend
from sotcheck.run.inputs import read_bytes
from sotcheck.run.progress import bar

#: Points shown in the table: those with the smallest and the largest limits.
SHOWN = 5


@click.command("trust-map")
@system_argument(required=False)
@click.option(
    "--over",
    "axes",
    multiple=True,
    type=KeyValues(map_keys),
    metavar="NAME=FROM:TO",
    help="Two of E_F, U_N, U_F, J, u_0, u_m, E_F/J, theta, phi, each with its range; give it twice.",
)
@click.option(
    "--limit",
    type=Number(1e-5, 1.0),
    default=0.1,
    show_default=True,
    help="Relative deviation from first order: 0.05 for 5 %.",
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
@click.option(
    "--points", type=click.IntRange(4, 100_000), help="150 by default, 1950 for each map of the report."
)
@click.option(
    "--resume",
    type=Place(exists=True, dir_okay=False, path_type=Path),
    help="An earlier --json file: its points are kept.",
)
@click.option(
    "--svg", "svg_file", type=Place(dir_okay=False, path_type=Path), help="Draw the map into this file."
)
@click.option(
    "-o", "--output", type=Place(path_type=Path), help="Without SYSTEM: write the report's maps there."
)
@magnetization_option
@fermi_energy_option
@executor_options
@json_option
def trust_map(
    system: str | None,
    axes: tuple[str, ...],
    points: int | None,
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
      sotcheck trust-map bulk-magnetism --over E_F=0.6:4 --over U_N=-1:0.5 \\
        --json map.json --svg map.svg
      sotcheck trust-map bulk-magnetism --over E_F=0.6:4 --over U_N=-1:0.5 \\
        --resume map.json --points 300
      sotcheck trust-map --output reports/trust
    """  # noqa: D301
    if system is None:
        if output is None:
            raise click.UsageError("give either a SYSTEM with its --over, or --output for the report")
        refuse_unwritable_folder(output)
        from sotcheck.beyond.trust_map import POINTS, report_maps
        from sotcheck.pages.trust import write_trust

        with backend(executor, workers).open() as where:
            data = report_maps(points=points or 13 * POINTS, executor=where.executor, progress=bar)
        print_out(f"report written: open {write_trust(data, output)}\n")
        return
    if output is not None:
        raise click.UsageError("--output is for the report, without a SYSTEM; use --json and --svg")
    asked = {name: changes.pop(name) for name in ("limit", "source", "component")}
    iface, _ = chosen_interface(system, "trust-map", **changes)
    refuse_unwritable_json(json_file)
    refuse_unwritable_svg(svg_file)
    if len(axes) != 2:
        raise EngineError(f"a map has two axes; --over was given {len(axes)} times")
    from sotcheck import __version__
    from sotcheck.beyond import trust_map as maps

    earlier = None if resume is None else earlier_map(resume)
    over = [maps.Axis(*axis_of(text)) for text in axes]
    with backend(executor, workers).open() as where:
        asked |= {"points": points or maps.POINTS, "resume": earlier, "executor": where.executor}
        data = maps.trust_map(iface, *over, progress=bar, **asked)
    if svg_file is not None:
        from sotcheck.pages.svg import svg
        from sotcheck.pages.trust import draw_trust_map
        from sotcheck.run.output import write_text

        write_text(svg_file, svg(draw_trust_map, data))
    document = json.dumps({"sotcheck": __version__, **data}, indent=1, allow_nan=False) + "\n"
    emit(partial(as_table, data), document, json_file, itemgetter("points"))


def axis_of(text: str) -> tuple[str, float, float]:
    """Return name and range that NAME=FROM:TO stands for, or raise an EngineError."""
    name, equals, span = text.partition("=")
    lower, colon, upper = span.partition(":")
    try:
        if not (equals and colon):
            raise ValueError
        return name.strip(), float(lower), float(upper)
    except ValueError:
        raise EngineError(f"--over {text!r} is not NAME=FROM:TO, such as E_F=0.5:3") from None


def earlier_map(path: Path) -> dict[str, Any]:
    """Return an earlier map, once it has the points of one, or raise an EngineError."""
    try:
        earlier: dict[str, Any] = json.loads(read_bytes(path))
        for point in earlier["points"]:
            perhaps = (point[name] for name in ("h_R", "error") if point[name] is not None)
            numbers = [point["x"], point["y"], *perhaps]
            if not all(isinstance(number, int | float) and isfinite(number) for number in numbers):
                raise ValueError(f"{numbers} are no numbers")
            if not all(isinstance(point[name], str) for name in ("kind", "reason")):
                raise ValueError("a reason is no text")
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        why = getattr(error, "strerror", None) or error
        raise EngineError(f"{path}: not a trust map that can be resumed ({why})") from None
    return earlier


def as_table(data: dict[str, Any]) -> str:
    """Return a map in words: its smallest and largest limits, and how many points have none, and why."""
    from sotcheck.beyond.document import on_bound_states
    from sotcheck.run.tables import tabled

    points = data["points"]
    found = sorted((p for p in points if p["kind"] == "found"), key=lambda p: p["h_R"])
    shown = found if len(found) <= 2 * SHOWN else [*found[:SHOWN], *found[-SHOWN:]]
    rows = [[f"{p['x']:.5g}", f"{p['y']:.5g}", f"{p['h_R']:.4g}"] for p in shown]
    reasons = Counter(p["reason"] for p in points if p["kind"] != "found")
    return "\n".join(
        [
            f"{data['system']['name']}: h_R at which first order is off by {data['limit']:.3g} "
            f"({data['source']}, {data['component']})",
            tabled(rows, [*(axis["parameter"] for axis in data["over"]), "h_R"]),
            f"{len(points)} points; shown are the smallest and largest limits",
            *on_bound_states(points),
            *(f"{number} points without a limit: {reason}" for reason, number in reasons.items()),
        ]
    )
