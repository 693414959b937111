"""What became of faults in the machinery: stores, the table of them, and the record of the last whole run."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any

from sotcheck import __version__
from sotcheck.run.tables import tabled
from sotcheck.trial.faults import ROOMS, Fault, digest
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


def counted(faults: Iterable[Fault]) -> dict[str, Any]:
    """Return how many faults of each room had each outcome, and all that were not seen, with the reason."""
    order = ("named", *ROOMS)
    known = {one.planted: one for one in faults}
    faults = sorted(known.values(), key=lambda one: (order.index(one.room), astuple(one)))
    count = Counter((fault.room, fault.outcome) for fault in faults)
    rooms = dict.fromkeys(fault.room for fault in faults)
    return {
        "rooms": [{"room": room} | {name: count[room, name] for name in OUTCOMES} for room in rooms],
        "unseen": [vars(one) for one in faults if one.outcome not in ("flagged", "raised")],
    }


def record(faults: Iterable[Fault]) -> str:
    """Write what was found of all faults in functions that are still the same, and return where."""
    own = {one.planted: one for one in faults if one.source == digest(one.place)}
    tried = Counter((one.place, one.source) for one in own.values())
    document = {
        "sotcheck": __version__,
        "systems": list(SYSTEMS),
        **counted(own.values()),
        "functions": [[*key, number] for key, number in sorted(tried.items())],
    }
    text = json.dumps(document, indent=1, ensure_ascii=False)
    # A function a line.
    text = re.sub(r"\[\s+(\"[^\]]*?)\s+\]", lambda one: f"[{' '.join(one[1].split())}]", text)
    RECORD.write_text(text + "\n", encoding="utf-8")
    return str(RECORD)


def recorded() -> dict[str, Any]:
    """Return what the last run of all faults found, and with which version."""
    found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    functions = found.pop("functions")
    changed = sum(number for place, source, number in functions if digest(place) != source)
    return found | {"changed": changed}


def sentence(found: dict[str, Any]) -> str:
    """Say how many faults were flagged."""
    count = {name: sum(room[name] for room in found["rooms"]) for name in OUTCOMES}
    seen = count["flagged"] + count["raised"]
    old = found.get("changed", 0)
    changed = f"; {old} of these were put into functions that have changed since" if old else ""
    return (
        f"{seen} of {seen + count['missed']} faults in the machinery that change a number were seen, "
        f"{count['raised']} of them by an error raised; {count['budget']} more change uncertainties alone, "
        f"which still cover, and {count['no effect']} nothing"
        f"{changed}"
    )


def table(found: dict[str, Any]) -> list[str]:
    """Say how many faults of each room were flagged, and list those that should have been and were not."""
    missed = [one for one in found["unseen"] if one["outcome"] == "missed"]
    return [
        tabled([list(room.values()) for room in found["rooms"]], ["machinery", *OUTCOMES]),
        f"machinery: {sentence(found)}.",
        *(f"  missed: {one['place']}: {one['change']} ({one['by']})" for one in missed),
    ]
