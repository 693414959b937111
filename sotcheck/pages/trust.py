"""Pages of the trust maps: trust.json first, then figures, README.md and index.html drawn from it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from sotcheck.beyond.trust_map import Axis, trust_map
from sotcheck.beyond.words import on_bound_states
from sotcheck.pages.figures import svg
from sotcheck.pages.report import render
from sotcheck.pages.trust_plots import REGIONS, draw_trust_map, title
from sotcheck.run.output import make_folder, write_text
from sotcheck.run.progress import Progress, silent
from sotcheck.system.files import load

Data = dict[str, Any]

#: Points of a map.
POINTS = 150


@dataclass(frozen=True)
class Map:
    """One map of the pages: a built-in system, two axes, and whose limit."""

    name: str
    system: str
    over_x: Axis
    over_y: Axis
    source: str
    component: str


MAPS = (
    Map("bulk", "bulk-magnetism", Axis("E_F/J", 0.2, 4.0), Axis("U_N", -1.0, 1.0), "total", "fieldlike"),
    # Off the lines u_0 = 0 and u_m = 0, on which (16) vanishes.
    Map(
        "interface", "interface-magnetism", Axis("u_0", -1.6, 3.0), Axis("u_m", 0.05, 2.0),
        "total", "fieldlike",
    ),
    Map(
        "insulator", "ferromagnetic-insulator", Axis("J", 0.05, 1.5), Axis("u_0", -2.0, 2.0),
        "normal", "fieldlike",
    ),
)  # fmt: skip


def trust_data(
    maps: Sequence[Map] = MAPS,
    *,
    points: int = POINTS,
    resume: Data | None = None,
    executor: Executor | None = None,
    progress: Progress = silent,
) -> Data:
    """Compute the maps, or go on with those of an earlier `trust.json`."""
    known = {} if resume is None else resume["maps"]
    return {
        "maps": {
            one.name: trust_map(
                load(one.system), one.over_x, one.over_y, source=one.source, component=one.component,
                points=points, resume=known.get(one.name), executor=executor, progress=progress,
            )
            for one in maps
        }
    }  # fmt: skip


def write_trust(data: Data, output: Path) -> Path:
    """Write trust.json, and from it the figures, README.md and index.html; return the page to open first.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    make_folder(output / "figures")
    text = json.dumps(data, indent=1, allow_nan=False) + "\n"
    write_text(output / "trust.json", text)
    # From the file's content on: nothing below may know more than the JSON.
    data = json.loads(text)
    drawn = {name: svg(draw_trust_map, one) for name, one in data["maps"].items()}
    for name, picture in drawn.items():
        write_text(output / "figures" / f"{name}.svg", picture)
    context = {
        "maps": [{"name": name, "title": title(one), **summary(one)} for name, one in data["maps"].items()],
        "svg": {name: Markup(picture[picture.index("<svg") :]) for name, picture in drawn.items()},
    }
    write_text(output / "README.md", render("trust.md", context))
    write_text(output / "index.html", render("trust.html", context))
    return output / "index.html"


def summary(data: Data) -> Data:
    """Return what is said of a map in words: the range of its limits, how many points, what they lack."""
    points = data["points"]
    limits = [p["h_R"] for p in points if p["kind"] == "found"]
    count = Counter(p["kind"] for p in points)
    return {
        "points": len(points),
        "smallest": min(limits, default=None),
        "largest": max(limits, default=None),
        "bound": list(on_bound_states(points)),
        "without": [{"words": REGIONS[kind][0], "points": n} for kind, n in count.items() if kind != "found"],
    }
