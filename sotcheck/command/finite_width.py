"""The command finite-width: Rashba layers of finite width against the delta, as a table, JSON, or a page."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import click

from sotcheck.command.complete import system_argument
from sotcheck.command.options import (
    Place,
    chosen_system,
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
    to_stdout,
)
from sotcheck.run.executors import backend
from sotcheck.run.progress import bar


@click.command("finite-width")
@system_argument(nargs=-1)
@click.option(
    "--h-r", "h_R", type=float, metavar="NUMBER", help="Rashba parameter instead of the systems' own."
)
@magnetization_option
@fermi_energy_option
@click.option(
    "-o", "--output", type=Place(path_type=Path), help="Write a page there, e.g. reports/finite-width."
)
@executor_options
@json_option
def finite_width(
    system: tuple[str, ...],
    h_R: float | None,
    output: Path | None,
    executor: str,
    workers: int,
    json_file: str | None,
    **changes: Any,
) -> None:
    """Compare the Rashba delta of SYSTEMs, all bare built-in ones by default, with layers of finite width.

    A layer of width w has the strength h_R/w; it lies on N's side of z = 0, on F's, or half on either. Told
    are the observed order of the torque as w -> 0, by both engines and to first order, and the width from
    which the torque differs from the delta's by 1 % and by 10 %.
    """
    from sotcheck.beyond.finite_width import finite_width as compare
    from sotcheck.system.files import builtin_systems, load
    from sotcheck.system.interface import Interface

    names = system or [name for name in builtin_systems() if isinstance(load(name), Interface)]
    asked = {**changes, "h_R": None if h_R is None else (h_R,)}
    systems = [chosen_system(name, **asked)[0] for name in dict.fromkeys(names)]
    refuse_unwritable_json(json_file)
    refuse_unwritable_folder(output)
    with backend(executor, workers).open() as where:
        data = compare(systems, executor=where.executor, progress=bar)
    if output is not None:
        from sotcheck.pages.finite_width import write_finite_width

        page = write_finite_width(data, output)
        if not to_stdout(json_file):
            print_out(f"page written: open {page}\n")
    emit(partial(as_text, data), json.dumps(data, indent=1, allow_nan=False) + "\n", json_file, csv_rows)


def csv_rows(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of all systems and sides, with the names of both."""
    return [
        {"system": one["system"]["name"], "side": side["side"], **row}
        for one in data["systems"]
        for side in one["sides"]
        for row in side["rows"]
    ]


def as_text(data: dict[str, Any]) -> str:
    """Return a table for each system, with what follows from it in words."""
    from sotcheck.run.tables import tabled

    head = ["layer on", "source", "component", "order", "+/-", "1 % at w k_F", "10 % at w k_F"]
    lines: list[str] = []
    for one in data["systems"]:
        rows = [
            [side["side"], row["source"], row["component"], *_cells(row)]
            for side in one["sides"]
            for row in side["rows"]
            if row["engine"] == side["engine"]
        ]
        lines += [f"{one['system']['name']}: k_F = {one['k_F']:.4g}", tabled(rows, head)]
        lines += [f"Warning: {warning}" for warning in one["warnings"]]
    return "\n".join(lines)


def _cells(row: dict[str, Any]) -> list[str]:
    order = ["-", ""] if row["order"] is None else [f"{row['order']:.4f}", f"{row['order_error']:.1e}"]
    return order + [row["why"][limit] if w is None else f"{w:.4g}" for limit, w in row["limits"].items()]
