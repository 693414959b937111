"""The folder of all reports: the page that leads to all, and its guard."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote as quote_address

from sotcheck.errors import OutputError, SystemFileError
from sotcheck.pages import stack
from sotcheck.pages.page import Data, Link, Page, Section, Table, Words
from sotcheck.pages.publish import publish
from sotcheck.pages.report import JSON_NAME
from sotcheck.pages.sentences import conclusion
from sotcheck.sweep.plan import flat
from sotcheck.system.files import from_document, to_document
from sotcheck.system.model import System
from sotcheck.system.validated import shown as short
from sotcheck.trial.verdict import Verdict

#: Folders of other reports, and what they are.
OTHERS = {
    "audit": "The paper on trial: every numbered equation, one by one",
    "scalar-delta": "A second paper on trial: the closed form of one metal cut by a delta function",
    "bound-states": "Bound states: what binds, from which h_R, and what it does",
    "trust": "Trust maps: how far first order holds, over two parameters",
    "finite-width": "Rashba layers of finite width: how thin one has to be to be a delta",
    "budgets": "Error budgets against proved torques: whether they hold, and how much too large they are",
}
#: For a report that says nothing about itself.
_UNKNOWN = "a report that this version of sotcheck cannot read; write it again"


def refuse_another(systems: Sequence[System], output: Path) -> None:
    """Refuse by an OutputError to write a report over anything but an earlier one of the same system."""
    for system in systems:
        folder = output / system.name
        if found := _in_the_way(folder, system):
            raise OutputError(
                f"{folder}: {found}; give the system in your file another name, remove that folder, "
                "or choose another --output"
            )


def _in_the_way(folder: Path, system: System) -> str:
    """Say what in a report's folder is not to be written over, if anything."""
    try:
        # An interrupted report may have left its folders.
        if not folder.exists() or {path.name for path in folder.iterdir()} <= {"figures"}:
            return ""
        data = json.loads((folder / JSON_NAME).read_text(encoding="utf-8"))
        # Keys that are newer than the report have their default values.
        earlier = from_document(data["system"], JSON_NAME)
    except FileNotFoundError:
        return "is there, and no report of a system"
    except (OSError, ValueError, TypeError, KeyError, SystemFileError):
        return f"its {JSON_NAME} cannot be read as that of a report"
    old, new = (dict(flat(to_document(one))) for one in (earlier, system))
    for key in {**old, **new}:
        # A title or a reference is no difference.
        if key not in ("title", "reference") and old.get(key) != new.get(key):
            was, is_ = (short(some[key]) if key in some else "default" for some in (old, new))
            return f"has the report of another system of that name ({key} = {was}, and not {is_})"
    return ""


def write_overview(output: Path, sweeps: Sequence[tuple[str, str]] = ()) -> Path:
    """Write the pages that lead to all reports in a folder, whoever has written them; return what to open.

    `sweeps` are folder and title of pages of sweeps. An OutputError says that a file cannot be written.
    """
    found = {path.parent.name: _summary(path) for path in sorted(output.glob(f"*/{JSON_NAME}"))}
    others = [
        # What other commands have put beside the systems with --output.
        *((name, words) for name, words in OTHERS.items() if (output / name / "index.html").exists()),
        *sweeps,
        *((name, f"{name}: {_UNKNOWN}") for name, summary in found.items() if summary is None),
    ]
    known = [{"name": name, **one} for name, one in found.items() if one]
    return publish(output, {}, lambda: _overview(known, others))


def _overview(reports: list[Data], others: Sequence[tuple[str, str]]) -> Page:
    """Return the page that leads to all reports."""

    def table(kind: str, *what: str) -> list[Table]:
        rows = [
            (Link(one["name"], _address(one["name"])), *([one["layers"]] if one["layers"] else []),
             one["verdict"],
             one["findings"], one["first"]["1%"], one["first"]["10%"])
            for one in reports
            if one["kind"] == kind
        ]  # fmt: skip
        return [Table((*what, "by 10 %|short"), rows)] * bool(rows)

    tables = [
        *table("reports", "system", "verdict|verdict", "findings|number", "off by 1 % at h_R|short"),
        *table(
            "stacks", "stack", "layers", "verdict|verdict", "findings|number", "off by 1 % at scale|short"
        ),
    ]
    of_stacks = " Of stacks: the scale of all spin-orbit terms, in units of the file's own." * any(
        one["layers"] for one in reports
    )
    note = (
        "The last two columns: the smallest h_R at which any component of the exact torque departs from "
        "first order by so much."
    )
    links = [Table(("report", "what it is"), [(Link(name, _address(name)), words) for name, words in others])]
    said = [
        Section(one["name"], [
            Words([one["title"] + (f" ({one['reference']})" if one["reference"] else "") + "."]),
            Words(one["conclusion"], listed=True),
        ], f"report-{one['name']}", brief=True)
        for one in reports
    ]  # fmt: skip
    worst = Verdict.worst([Verdict(one["verdict"]) for one in reports]) if reports else None
    agree = sum(one["verdict"] == "agrees" for one in reports)
    return Page(
        "Comparison reports",
        "First-order spin-orbit torque (Phys. Rev. B 96, 104438) against exact scattering solutions.",
        worst,
        f"First-order theory holds for {agree} of {len(reports)} systems, tried by "
        f"{sum(one['findings'] for one in reports)} findings." if reports else "",
        sections=[
            *([Section("Systems", [*tables, Words([note + of_stacks])], brief=True)] if tables else []),
            *([Section("Other reports", links, brief=True)] if others else []),
            *said,
        ],
        up="",
    )  # fmt: skip


def _address(name: str) -> str:
    return f"{quote_address(name, safe='')}/index.html"


def _summary(path: Path) -> Data | None:
    """Return what the overview says of a report, None if it is damaged or of another version."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        Verdict(data["verdict"])
        return {
            "kind": "stacks" if stack.is_stack(data) else "reports",
            "layers": stack.layers_words(data) if stack.is_stack(data) else "",
            "title": str(data["system"]["title"]) or data["system"]["name"],
            "reference": str(data["system"]["reference"]),
            "verdict": data["verdict"],
            "findings": len(data["verdicts"]),
            "first": stack.first_limits(data),
            "conclusion": list(conclusion(data)),
        }
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return None
