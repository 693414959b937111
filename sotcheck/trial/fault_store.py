"""What became of faults in the machinery: stores, the table of them, and the record of the last whole run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any

from sotcheck import __version__
from sotcheck.run.tables import tabled
from sotcheck.trial.faults import ROOMS, Fault
from sotcheck.trial.named_faults import SYSTEMS

OUTCOMES = ("flagged", "raised", "missed", "budget", "no effect")
#: What the last run of all faults found: benchmarks/machinery.py writes it.
RECORD = Path(__file__).with_name("machinery.json")


def stored(files: Iterable[str | Path]) -> list[Fault]:
    """Return the faults in stores; a line that a killed process has left unfinished is none."""
    found = []
    for file in files:
        for line in Path(file).read_text(encoding="utf-8").splitlines():
            with suppress(ValueError):
                found.append(Fault(**json.loads(line)))
    return found


def table(faults: Sequence[Fault]) -> list[str]:
    """Say how many faults of each room were flagged, and list those that were not."""
    if not faults:
        return []
    rows, count = by_room(faults), Counter(fault.outcome for fault in faults)
    seen = count["flagged"] + count["raised"]
    return [
        tabled(rows, ["machinery", *OUTCOMES]),
        f"machinery: {seen} of {seen + count['missed']} seeded faults that change a number flagged; "
        f"{count['budget']} more change uncertainties alone, which still cover, and "
        f"{count['no effect']} nothing.",
        *(f"  missed: {one.place}: {one.change} ({one.by})" for one in faults if one.outcome == "missed"),
    ]


def by_room(faults: Sequence[Fault]) -> list[list[Any]]:
    """Return a row for each room: its name, and how many faults had each outcome."""
    count = Counter((fault.room, fault.outcome) for fault in faults)
    rooms = dict.fromkeys(fault.room for fault in faults)
    return [[room, *(count[room, name] for name in OUTCOMES)] for room in rooms]


def record(faults: Sequence[Fault]) -> str:
    """Write what was found of all faults, and return where: numbers by room, and each that was not seen."""
    faults = sorted(set(faults), key=lambda one: (list(("named", *ROOMS)).index(one.room), astuple(one)))
    unseen = [vars(one) for one in faults if one.outcome not in ("flagged", "raised")]
    rooms = [dict(zip(("room", *OUTCOMES), row, strict=True)) for row in by_room(faults)]
    document = {"sotcheck": __version__, "systems": list(SYSTEMS), "rooms": rooms, "unseen": unseen}
    RECORD.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return str(RECORD)
