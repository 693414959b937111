"""Reports of systems, rendered from their JSON; the page that leads to all; the folder's guard."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

from sotcheck.beyond.document import conclusions
from sotcheck.beyond.limits import LIMITS
from sotcheck.bound.fermi import CRITICAL
from sotcheck.errors import OutputError, SystemFileError
from sotcheck.pages import stack
from sotcheck.pages.beyond import pictures
from sotcheck.pages.figures import FIGURES
from sotcheck.pages.publish import Data, Picture, publish
from sotcheck.run.executors import results
from sotcheck.run.output import make_folder
from sotcheck.run.progress import Progress, silent
from sotcheck.sweep.plan import flat
from sotcheck.system.files import from_document, to_document
from sotcheck.system.model import System
from sotcheck.system.validated import shown as short
from sotcheck.trial.report_data import report_data
from sotcheck.trial.verdict import Verdict

#: What a system's folder has, and no other report's.
JSON_NAME = "report.json"
#: Folders of other reports, and what they are.
OTHERS = {
    "audit": "The paper on trial: every numbered equation, one by one",
    "scalar-delta": "A second paper on trial: the closed form of one metal cut by a delta function",
    "bound-states": "Bound states: what binds, from which h_R, and what it does",
    "trust": "Trust maps: how far first order holds, over two parameters",
    "finite-width": "Rashba layers of finite width: how thin one has to be to be a delta",
}
#: For a report that says nothing about itself.
_UNKNOWN = "a report that this version of sotcheck cannot read; write it again"


def write_reports(
    systems: list[System],
    arguments: list[str],
    output: Path,
    *,
    executor: Executor | None = None,
    progress: Progress = silent,
) -> int:
    """Compute and write a report for each system, and return the worst exit status of the checks.

    `arguments` say how each was named on the command line; each gets a folder of its name. An OutputError
    says that a file cannot be written.
    """
    make_folder(output)
    calls = [partial(report_data, *task) for task in zip(systems, arguments, strict=True)]
    verdicts = []
    for data in progress(results(calls, executor), "reports", len(calls)):
        publish(output / data["system"]["name"], {JSON_NAME: data}, "report", shown, indent=None)
        verdicts.append(Verdict(data["verdict"]))
    return Verdict.worst(verdicts).exit_status


def shown(data: Data) -> tuple[list[Picture], Data]:
    """Return the figures of a report, and what its pages say, derived from its data."""
    said = {"data": data, "conclusion": list(conclusion(data)), "claims": claim_table(data)}
    if stack.is_stack(data):
        figures, own = stack.shown(data)
        return figures, {**said, **own, "stack": True}
    # For m ∥ ŷ there is no curve.
    figures = [Picture(*one, data) for one in FIGURES if one[0] != "torque" or data["curve"] is not None]
    beyond = pictures(data["beyond"])
    return [*figures, *beyond], {
        **said,
        "stack": False,
        "figures": {one.name: one.title for one in figures},
        "beyond": conclusions(data["beyond"]),
        "beyond_figures": {one.name: one.title for one in beyond},
        "controls": control_table(data),
    }


def conclusion(data: Data) -> Iterator[str]:
    """Say what was found, in plain sentences."""
    rows = data["verdicts"]
    count = Counter(row["verdict"] for row in rows)
    if data["verdict"] == "agrees":
        this = "stack" if stack.is_stack(data) else "interface"
        yield f"The first-order theory holds for this {this}: all {len(rows)} findings agree."
    else:
        worst = sorted({row["claim"] for row in rows if row["verdict"] == data["verdict"]})
        yield (
            f"{count['disagrees']} of {len(rows)} findings disagree and {count['inconclusive']} are "
            f"inconclusive ({', '.join(worst)})."
        )
    if data["note"]:
        yield f"The expansion in h_R fails here: {data['note']}."
    for warning in data["warnings"]:
        yield f"Warning: {warning}."
    yield from stack.conclusion(data) if stack.is_stack(data) else _of_interface(data)


def _of_interface(data: Data) -> Iterator[str]:
    """Say what was found of a bare interface besides."""
    # Of exact engines, not of other formulas.
    torque = [row for row in data["verdicts"] if row["claim"] in data["first_order"] and row["engine"]]
    torque = [row for row in torque if row["verdict"] == "agrees"]
    scale = max((abs(row["expected"]) for row in torque), default=0.0)
    if scale > 0:
        every = "for every source" if data["verdict"] == "agrees" else f"in {len(torque)} findings that agree"
        part = max(map(_off, torque)) / scale
        yield (
            f"First order is the linear coefficient of the exact torque to {part:.0e} of its largest "
            f"component, {every}, by Kwant and by boundary matching."
        )
    first = first_limits(data)
    if all(first.values()):
        yield (
            f"Every component is good to 1 % up to h_R = {first['1%']:.2g} and to 10 % up to "
            f"h_R = {first['10%']:.2g}."
        )
    if (curve := data["curve"]) is not None:
        yield (
            f"The torque was computed at {len(curve['h_R'])} h_R up to {curve['h_R'][-1]:g}, with Kwant at "
            f"{curve['kwant_points']}: the largest relative difference is {curve['kwant_difference']:.0e}."
        )
    yield on_bound_states(data["bound_states"][0])


def on_bound_states(state: Data) -> str:
    """Say what is bound at the h_R in use, and from which h_R on states at E_F are left out."""
    first = state["first_h_R_at_fermi_energy"]
    if state["alone"]:
        number = f"{state['alone']} state{'s' * (state['alone'] > 1)}"
        return (
            f"The interface binds {number} by itself, which reach E_F at any h_R: curves of the exact torque "
            "are those of the scattering states."
        )
    lies = (
        f"there is no bound state (smallest eigenvalue {state['lowest_eigenvalue']:.2g} > 0)"
        if state["lowest_eigenvalue"] >= 0
        else f"there is a bound state below the continuum at k_perp = {state['k_perp']:.3g}"
    )
    if first >= CRITICAL:
        return f"At h_R = {state['h_R']:g} {lies}, and none lies at E_F below |h_R| = {CRITICAL:g}."
    return (
        f"At h_R = {state['h_R']:g} {lies}; from |h_R| = {first:.3g} on bound states lie at E_F, and curves "
        "of the exact torque are those of the scattering states."
    )


def first_limits(data: Data) -> dict[str, float | None]:
    """Return the smallest h_R or scale at which any component is off by 1 % and by 10 %, None if none is."""
    if stack.is_stack(data):
        return stack.first_limits(data)
    rows = [row for row in data["beyond"]["limits"] if row["source"] != "total" and row["h_R"] is not None]
    return {
        f"{limit:.0%}": min((row["h_R"] for row in rows if row["limit"] == limit), default=None)
        for limit in LIMITS
    }


def claim_table(data: Data) -> list[Data]:
    """Return one row a claim: the number of its findings, and of the worst ones the one farthest off."""
    groups: dict[str, list[Data]] = {}
    for row in data["verdicts"]:
        groups.setdefault(row["claim"], []).append(row)
    return [max(rows, key=_badness) | {"findings": len(rows)} for rows in groups.values()]


def control_table(data: Data) -> list[Data]:
    """Return one row a negative control: the findings that caught it, and the clearest."""
    caught = [[row for row in one["findings"] if row["verdict"] == "disagrees"] for one in data["controls"]]
    return [
        control | {"caught": rows, "example": max(rows, key=_off, default=None)}
        for control, rows in zip(data["controls"], caught, strict=True)
    ]


def _badness(row: Data) -> tuple[int, float]:
    return Verdict(row["verdict"]).severity, _off(row)


def _off(row: Data) -> float:
    return math.inf if row["measured"] is None else float(abs(row["measured"] - row["expected"]))


# --- the folder of all reports ------------------------------------------------------------


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
    context = {
        **{
            kind: [
                {"name": name, **one}
                for name, one in found.items()
                if one is not None and one["kind"] == kind
            ]
            for kind in ("reports", "stacks")
        },
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
        Verdict(data["verdict"])
        return {
            "kind": "stacks" if stack.is_stack(data) else "reports",
            "layers": stack.layers_words(data) if stack.is_stack(data) else "",
            "title": str(data["system"]["title"]) or data["system"]["name"],
            "reference": str(data["system"]["reference"]),
            "verdict": data["verdict"],
            "findings": len(data["verdicts"]),
            "first": first_limits(data),
            "conclusion": list(conclusion(data)),
        }
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return None
