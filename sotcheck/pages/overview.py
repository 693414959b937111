"""The page that leads to all reports of a folder, and the guard of what is in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sotcheck.errors import OutputError, SystemFileError
from sotcheck.pages.publish import publish
from sotcheck.pages.report import JSON_NAME, OTHERS, conclusion, first_limits
from sotcheck.system.files import from_document, to_document
from sotcheck.system.interface import Interface
from sotcheck.trial.verdict import Verdict

Data = dict[str, Any]

#: What an interrupted report may have left, besides nothing.
_UNFINISHED = {"figures"}
#: For a report that says nothing about itself.
_UNKNOWN = "a report that this version of sotcheck cannot read; write it again"


def refuse_another(interfaces: Sequence[Interface], output: Path) -> None:
    """Refuse to write the report of a system over anything but an earlier one of the same system.

    Raises
    ------
    OutputError
        Naming the folder, what is in it, and what to do.
    """
    for iface in interfaces:
        folder = output / iface.name
        found = _in_the_way(folder, iface)
        if found:
            raise OutputError(
                f"{folder}: {found}; give the system in your file another name, remove that folder, "
                "or choose another --output"
            )


def _in_the_way(folder: Path, iface: Interface) -> str:
    """Say what in a report's folder is not to be written over, if anything."""
    try:
        if not folder.exists() or {path.name for path in folder.iterdir()} <= _UNFINISHED:
            return ""
        data = json.loads((folder / JSON_NAME).read_text(encoding="utf-8"))
        # Keys that are newer than the report have their default values.
        earlier = from_document(data["system"], JSON_NAME)
    except FileNotFoundError:
        return "is there, and no report of a system"
    except (OSError, ValueError, TypeError, KeyError, SystemFileError):
        return f"its {JSON_NAME} cannot be read as that of a report"
    return _difference(earlier, iface)


def _difference(earlier: Interface, iface: Interface) -> str:
    """Say in which key two systems differ, if any; a title or a reference is no difference."""
    old, new = _flat(to_document(earlier)), _flat(to_document(iface))
    for key, value in new.items():
        if key not in ("title", "reference") and old[key] != value:
            return f"has the report of another system of that name ({key} = {old[key]}, and not {value})"
    return ""


def _flat(document: Data) -> Data:
    return {
        f"{name}.{key}" if key else name: value
        for name, table in document.items()
        for key, value in (table.items() if isinstance(table, dict) else [("", table)])
    }


def write_overview(output: Path, sweeps: Sequence[tuple[str, str]] = ()) -> Path:
    """Write README.md and index.html that lead to all reports in a folder, whoever has written them.

    Parameters
    ----------
    output : Path
    sweeps : sequence of (str, str)
        Folder and title of pages of sweeps.

    Returns
    -------
    Path
        The page to open first.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    found = {path.parent.name: _summary(path) for path in sorted(output.glob(f"*/{JSON_NAME}"))}
    context = {
        "reports": [{"name": name, **summary} for name, summary in found.items() if summary is not None],
        "others": [
            # What other commands have put beside the systems with --output.
            *((name, words) for name, words in OTHERS.items() if (output / name / "index.html").exists()),
            *sweeps,
            *((name, f"{name}: {_UNKNOWN}") for name, summary in found.items() if summary is None),
        ],
    }
    return publish(output, {}, "overview", lambda: ([], context))


def _summary(path: Path) -> Data | None:
    """Return what the overview says of a report, None if it is damaged or of another version."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["verdict"] not in list(Verdict):
            return None
        return {
            "title": str(data["system"]["title"]),
            "reference": str(data["system"]["reference"]),
            "verdict": data["verdict"],
            "findings": len(data["verdicts"]),
            "first": first_limits(data),
            "conclusion": list(conclusion(data)),
        }
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return None
