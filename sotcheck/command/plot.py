"""`sotcheck plot`: pictures of one system, to a file or a window."""

from __future__ import annotations

import json
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from sotcheck.command.complete import KeyValues, Listed, engines, keys, sources, system_argument
from sotcheck.command.options import (
    Number,
    Place,
    chosen_system,
    fermi_energy_option,
    magnetization_option,
    rashba_option,
)
from sotcheck.command.output import emit, json_option, refuse_unwritable_json, to_stdout
from sotcheck.run.output import refuse_unwritable, replace
from sotcheck.run.progress import bar

if TYPE_CHECKING:
    from sotcheck.system.model import System

#: Pictures by name.
WHAT = ("torque", "integrand", "map", "spin", "currents")
#: What the torque is drawn against, where no key is given.
AGAINST = {True: "h_R=0.02:1:25", False: "scale=0.1:2:20"}


class Picture(NamedTuple):
    """Numbers as JSON has them, what draws them, and what rows of CSV are made of them."""

    data: dict[str, Any]
    draw: Callable[[dict[str, Any]], Any]
    rows: Callable[[Any], Any]


@click.command()
@system_argument()
@click.option(
    "--what",
    type=click.Choice(WHAT),
    default="torque",
    show_default=True,
    help="torque against a key; integrand: where in k_perp it comes from; map: where in the plane of "
    "(k_x, k_y); spin: spin density and spin current against z; currents: spin currents on both sides of "
    "z = 0, and what h_R adds there, against k_perp.",
)
@click.option(
    "--over",
    type=KeyValues(keys),
    metavar="KEY=VALUES",
    help="Of torque: a key as of 'sotcheck sweep', such as E_F=0.5:3:40, theta=0:180:37 or m=0,0,1;1,0,1, "
    "one of a layer, layer[1].thickness=0.5:2:7, or scale=..., the factor of all spin-orbit terms; by "
    "default h_R=0.02:1:25, or scale=0.1:2:20 where h_R is not the only such term.",
)
@click.option(
    "--source",
    type=Listed(sources),
    metavar="NAME,NAME,...",
    show_default="all",
    help="normal, majority, minority; of spin also total.",
)
@click.option(
    "--engine",
    type=Listed(engines),
    metavar="NAME,NAME,...",
    show_default="first-order and continuum; of map and spin continuum",
    help="One or several engines; of map one.",
)
@rashba_option
@magnetization_option
@fermi_energy_option
@click.option("--points", type=click.IntRange(2, 5000), default=200, show_default=True, help="Of spin: z.")
@click.option(
    "--tolerance",
    type=Number(1e-12, 0.1),
    default=1e-4,
    show_default=True,
    help="Relative error to aim at in the k_perp sum.",
)
@click.option(
    "-o",
    "--output",
    type=Place(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw into FILE.svg, FILE.png or FILE.pdf instead of a window.",
)
@json_option
def plot(
    system: str,
    what: str,
    over: str | None,
    source: str | None,
    engine: str | None,
    points: int,
    tolerance: float,
    output: Path | None,
    json_file: str | None,
    **changes: Any,
) -> None:
    """Draw the torque of SYSTEM against a key, against k_perp or over the plane of k, or spin against z.

    \b
    Examples:
      sotcheck plot bulk-magnetism -o torque.svg
      sotcheck plot bulk-magnetism --over theta=0:90:31 -o angle.png
      sotcheck plot pt-co-alox --what spin -o spin.svg
      sotcheck plot bulk-magnetism --what map --h-r 0.3 -o map.png
    """  # noqa: D301 (click reads the \b)
    if over is not None and what != "torque":
        raise click.UsageError(f"--over is for --what torque; {what} has its own axis")
    chosen, h_R = chosen_system(system, **changes)
    if h_R is not None and len(h_R) > 1:
        raise click.BadParameter("one number; --over h_R=... is for several", param_hint="--h-r")
    refuse_unwritable_json(json_file)
    refuse_unwritable_picture(output)
    names, sources = (
        None if given is None else list(dict.fromkeys(map(str.strip, given.split(","))))
        for given in (engine, source)
    )
    _refuse_sources(what, sources)
    asked: dict[str, Any] = {"engine": names, "tolerance": tolerance}
    if what == "torque":
        picture = _torque(chosen, over, **asked)
    elif what == "spin":
        picture = _spin(chosen, sources, points, **asked)
    elif what == "currents":
        picture = _currents(chosen, **asked)
    else:
        picture = _by_k(chosen, what, names)
    data = picture.data if what == "spin" or sources is None else _only(picture.data, sources)
    draw_into(output, picture.draw, data)
    if output is not None or json_file is not None or to_stdout(json_file):
        text = json.dumps(data, allow_nan=False) + "\n"
        emit(f"{output} written" if output else "drawn", text, json_file, picture.rows)


def refuse_unwritable_picture(file: Path | None) -> None:
    """Refuse a place for a figure before the work, and the end of a name that is no format."""
    if file is None:
        return
    if file.suffix.lower().lstrip(".") not in ("svg", "png", "pdf"):
        raise click.BadParameter(f"{str(file)!r}: end it in .svg, .png or .pdf", param_hint="--output")
    refuse_unwritable(file)


def _refuse_sources(what: str, sources: list[str] | None) -> None:
    from sotcheck.errors import one_of
    from sotcheck.system.model import BOUND, SOURCES

    more = {"spin": ("total",), "torque": (BOUND,)}.get(what, ())
    for name in sources or ():
        one_of(name, (*SOURCES, *more), "source")


def _torque(chosen: System, over: str | None, **asked: Any) -> Picture:
    from sotcheck.pages.curves import torque_curve as draw
    from sotcheck.sweep.grid import changes, parse_axis, values_of
    from sotcheck.system.interface import Interface
    from sotcheck.system.stack import Stack
    from sotcheck.trial.curves import torque_curve

    only_rashba = isinstance(chosen, Interface) or (isinstance(chosen, Stack) and chosen.only_rashba)
    text = over or AGAINST[only_rashba]
    name, _, values = text.partition("=")
    if name.strip() == "scale":
        points = [(x, {"scale": x}) for x in values_of(values, f"--over {text!r}")]
    elif name.strip().startswith("layer["):
        points = [(x, {name.strip(): x}) for x in values_of(values, f"--over {text!r}")]
        # Not one wrong key for each point.
        chosen.with_(points[0][1])
    else:
        axis = parse_axis(chosen, text)
        name, single = axis.name, len(axis.columns) == 1
        points = [
            (axis.at(n)[name] if single else float(n + 1), changes(chosen, axis.at(n)))
            for n in range(len(axis))
        ]
    return Picture(
        torque_curve(chosen, name.strip(), points, progress=bar, **asked), draw, itemgetter("torque")
    )


def _spin(
    chosen: System, sources: list[str] | None, points: int, engine: list[str] | None, tolerance: float
) -> Picture:
    from sotcheck.pages.against_z import draw
    from sotcheck.trial.against_z import against_z

    asked: dict[str, Any] = {"source": sources, "points": points, "tolerance": tolerance}
    found = against_z(chosen, engine or "continuum", progress=bar, **asked)
    return Picture(found.to_dict(), draw, lambda _: f"{found}\n")


def _currents(chosen: System, engine: list[str] | None, tolerance: float) -> Picture:
    from sotcheck import __version__
    from sotcheck.api.profiles import by_source
    from sotcheck.api.spins import spin_currents
    from sotcheck.engines import FIRST_ORDER, reference
    from sotcheck.system.files import to_document
    from sotcheck.trial.curves import thresholds

    names = engine or [FIRST_ORDER, reference()]
    found = spin_currents(chosen, engine=names, by="k_perp", tolerance=tolerance, progress=bar)
    frame = found.to_dataframe().query("source in @there", local_dict={"there": list(thresholds(chosen))})
    rows = frame.filter(regex="^(?!spin_density)").to_dict("records")
    data = {"sotcheck": __version__, "system": to_document(chosen), "currents": rows}
    return Picture(
        data,
        lambda some: by_source(found, [row["source"] for row in some["currents"]]),
        itemgetter("currents"),
    )


def _by_k(chosen: System, what: str, names: list[str] | None) -> Picture:
    from sotcheck.pages import plane
    from sotcheck.pages.curves import integrand
    from sotcheck.trial import curves

    if what == "integrand":
        return Picture(curves.integrand(chosen, names), integrand, itemgetter("integrand"))
    if names is not None and len(names) != 1:
        raise click.BadParameter("a map is of one engine", param_hint="--engine")
    return Picture(curves.k_map(chosen, names[0] if names else None), plane.draw, curves.map_rows)


def _only(data: dict[str, Any], sources: list[str]) -> dict[str, Any]:
    """Return the data with rows, or a map, of some sources only."""
    from sotcheck.errors import EngineError

    kept = dict(data)
    for name, value in data.items():
        if isinstance(value, list) and value and isinstance(value[0], dict) and "source" in value[0]:
            kept[name] = [row for row in value if row["source"] in sources]
        elif name == "sources":
            kept[name] = {source: value[source] for source in sources if source in value}
        else:
            continue
        if not kept[name]:
            raise EngineError(f"{data['system']['name']}: no {' or '.join(sources)} state comes in at E_F")
    return kept


def draw_into(output: Path | None, draw: Callable[[Any], Any], data: dict[str, Any]) -> None:
    """Draw into a file of the format that its name ends in, or a window."""
    from sotcheck.pages.curves import in_a_window, picture

    if output is None:
        in_a_window(draw, data)
    else:
        replace(output, picture(draw, data, output.suffix.lower().lstrip(".")))
