"""One trust map for the command line: ranges in, a table, JSON and a figure out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from tabulate import tabulate

from sotcheck import __version__
from sotcheck.beyond.trust_map import Axis, bound_at_limit, trust_map
from sotcheck.errors import EngineError
from sotcheck.run.inputs import read_bytes
from sotcheck.run.progress import Progress, silent
from sotcheck.system.interface import Interface

#: Points shown in the table: those with the smallest and the largest limits.
SHOWN = 5


@dataclass(frozen=True)
class TrustMapResult:
    """A trust map; prints as a table, converts to JSON that `resume` takes, and to a figure."""

    data: dict[str, Any]

    def to_json(self) -> str:
        """Return the map as JSON text."""
        return json.dumps({"sotcheck": __version__, **self.data}, indent=1, allow_nan=False) + "\n"

    def svg(self) -> str:
        """Return the map as SVG text."""
        from sotcheck.pages.figures import svg
        from sotcheck.pages.trust_plots import draw_trust_map

        return svg(draw_trust_map, self.data)

    def __str__(self) -> str:
        x, y = (axis["parameter"] for axis in self.data["over"])
        found = sorted((p for p in self.data["points"] if p["kind"] == "found"), key=lambda p: p["h_R"])
        without = [p for p in self.data["points"] if p["kind"] != "found"]
        shown = found if len(found) <= 2 * SHOWN else [*found[:SHOWN], *found[-SHOWN:]]
        rows = [[f"{p['x']:.5g}", f"{p['y']:.5g}", f"{p['h_R']:.4g}"] for p in shown]
        reasons = {p["reason"]: sum(q["reason"] == p["reason"] for q in without) for p in without}
        return "\n".join(
            [
                f"{self.data['system']['name']}: h_R at which first order is off by {self.data['limit']:.3g} "
                f"({self.data['source']}, {self.data['component']})",
                tabulate(rows, [x, y, "h_R"], disable_numparse=True),
                f"{len(self.data['points'])} points; shown are the smallest and largest limits",
                *on_bound_states(self.data["points"]),
                *(f"{number} points without a limit: {reason}" for reason, number in reasons.items()),
            ]
        )


def on_bound_states(points: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Say at how many points of a map bound states lie at E_F, whose torque the map leaves out."""
    at_limit = sum(map(bound_at_limit, points))
    if at_limit:
        always = sum(point["bound_from"] == 0.0 for point in points)
        yield (
            f"Warning: at {at_limit} of {len(points)} points bound states lie at E_F below the limit (at "
            f"{always} of them at any h_R): the map is of scattering states and leaves their torque out"
        )


def axis_of(text: str) -> Axis:
    """Return the axis that NAME=FROM:TO stands for.

    Raises
    ------
    EngineError
    """
    name, equals, span = text.partition("=")
    lower, colon, upper = span.partition(":")
    try:
        if not (equals and colon):
            raise ValueError
        return Axis(name.strip(), float(lower), float(upper))
    except ValueError:
        raise EngineError(f"--over {text!r} is not NAME=FROM:TO, such as E_F=0.5:3") from None


def _earlier(path: Path) -> dict[str, Any]:
    """Return an earlier map, once it has the points of one."""
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


def trust_map_of(
    iface: Interface,
    axes: Sequence[str],
    *,
    limit: float,
    source: str,
    component: str,
    points: int,
    resume: Path | None = None,
    executor: Executor | None = None,
    progress: Progress = silent,
) -> TrustMapResult:
    """Sample a trust limit over two axes, each as NAME=FROM:TO.

    Raises
    ------
    EngineError
        If there are not two axes, one is not understood, or the file to resume is no map, or another one.
    """
    if len(axes) != 2:
        raise EngineError(f"a map has two axes; --over was given {len(axes)} times")
    earlier = None if resume is None else _earlier(resume)
    over_x, over_y = map(axis_of, axes)
    return TrustMapResult(
        trust_map(
            iface, over_x, over_y, limit=limit, source=source, component=component, points=points,
            resume=earlier, executor=executor, progress=progress,
        )
    )  # fmt: skip
