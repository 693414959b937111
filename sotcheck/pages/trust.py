"""Pages of the trust maps: trust.json first, then figures, README.md and index.html drawn from it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sotcheck.beyond.words import on_bound_states
from sotcheck.pages.publish import Data, Picture, publish
from sotcheck.pages.trust_plots import REGIONS, draw_trust_map, title


def write_trust(data: Data, output: Path) -> Path:
    """Write trust.json, and from it the figures, README.md and index.html; return the page to open first.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    return publish(output, {"trust.json": data}, "trust", shown)


def shown(data: Data) -> tuple[list[Picture], Data]:
    """Return the maps as figures, and what is said of each."""
    maps = data["maps"].items()
    pictures = [Picture(name, title(one), draw_trust_map, one) for name, one in maps]
    return pictures, {"maps": [{"name": name, "title": title(one), **summary(one)} for name, one in maps]}


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
