"""Reports of systems, rendered from their JSON."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

from sotcheck.beyond.document import conclusions
from sotcheck.pages import against_z, plane, stack
from sotcheck.pages.beyond import pictures
from sotcheck.pages.figures import COMPONENTS, FIGURES, budget, torque
from sotcheck.pages.geometry import profile
from sotcheck.pages.page import Block, Data, Page, Picture, Section, Table, Words
from sotcheck.pages.publish import form, put, texts_of
from sotcheck.pages.sentences import claims, conclusion, off, quote
from sotcheck.run.executors import results
from sotcheck.run.output import make_folder
from sotcheck.run.progress import Progress, silent
from sotcheck.system.model import System
from sotcheck.system.units import length_nm
from sotcheck.trial.report_data import report_data
from sotcheck.trial.verdict import Verdict

#: What a system's folder has, and no other report's.
JSON_NAME = "report.json"


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
    # What takes longest comes first, so that no worker is left alone with it.
    tasks = sorted(zip(systems, arguments, strict=True), key=lambda task: -len(task[0].structure.layers))
    calls = [partial(_report, *task) for task in tasks]
    verdicts = []
    for name, verdict, files in progress(results(calls, executor), "reports", len(calls)):
        put(output / name, files)
        verdicts.append(Verdict(verdict))
    return Verdict.worst(verdicts).exit_status


def _report(system: System, argument: str) -> tuple[str, str, dict[str, str]]:
    """Return a system's name, the verdict on it, and the files of its report."""
    data = report_data(system, argument)
    return data["system"]["name"], data["verdict"], texts_of({JSON_NAME: data}, shown)


def shown(data: Data) -> Page:
    """Return the page of a report, derived from its data alone."""
    system, of_stack = data["system"], stack.is_stack(data)
    reference = f" ({system['reference']})" if system["reference"] else ""
    per, draw = ("the scale of all spin-orbit terms", stack.curve) if of_stack else ("h_R", torque)
    first = {
        "geometry": Picture("geometry", "Band edges along z, and E_F", profile, data, brief=True),
        # For m ∥ ŷ there is no curve.
        "curve": Picture("torque", f"Torque against {per}: exact and first order", draw, data, brief=True),
    }
    findings = Section(f"All {len(data['verdicts'])} findings", [_findings(data)], "findings")
    words = "Of each claim and engine the finding that comes closest to its budget."
    trial: list[Block] = [_claims(data)]
    trial.append(Picture("budget", "Differences found and error budgets", budget, data, words))
    return Page(
        system["name"],
        f"{system['title']}{reference}",
        data["verdict"],
        stack.quote(data) if of_stack else quote(data),
        list(conclusion(data)),
        [picture for key, picture in first.items() if data.get(key)],
        sections=[
            Section("On trial", trial, "trial", brief=True, entries=[findings]),
            *(stack.sections(data) if of_stack else _sections(data)),
            *_resolved(data),
            *([] if of_stack else _other_sections(data)),
            Section("Provenance", _provenance(data["provenance"]), brief=True),
        ],
        files=[JSON_NAME],
    )


def _resolved(data: Data) -> Iterator[Section]:
    """Yield where the torque comes from, and what lies across the interface."""
    blocks: list[Block] = []
    if data.get("integrand"):
        blocks.append(Picture(*FIGURES["integrand"], data))
    if data.get("plane"):
        of = data["plane"] | {"system": data["system"]}
        blocks.append(
            Picture("plane", "The torque by (k_x, k_y), with thresholds", plane.draw, of, plane.NOTE)
        )
    if blocks:
        yield Section("Where the torque comes from", blocks, "resolved")
    if data.get("against_z"):
        spin = Picture(
            "spin", "Spin density and spin current against z, by source", against_z.draw, data["against_z"],
            "Of scattering states at E_F, at the file's own spin-orbit terms, exact and to first order; "
            "current along z. It jumps where spin-orbit terms give spin, and falls off where magnetism "
            "takes it.",
        )  # fmt: skip
        yield Section("Spin against z", [spin], "spin-against-z")


def _sections(data: Data) -> list[Section]:
    """Return what only the page of a bare interface has, first."""
    found = conclusions(data["beyond"])
    beyond: list[Block] = [Words(found, listed=True), _limits(data)]
    if data["geometry"]["unit"]:
        beyond.append(Words([natural()]))
    beyond += pictures(data["beyond"])
    return [Section("Beyond linear", beyond, "beyond", brief=True)]


def natural() -> str:
    """Say what the figures of a page in eV and nm are in that are not in nm."""
    one_k = 1 / length_nm()
    return (
        f"In the figures of this section k_perp is in {one_k:.4g} nm⁻¹, the wave vector of 1 eV, torques are "
        f"in {one_k**3:.4g} nm⁻³, and energies in eV."
    )


def _limits(data: Data) -> Table:
    return Table(
        ("source", "component", "off by", "at h_R|short", "why"),
        [
            (row["source"], row["component"], f"{row['limit']:.0%}", row["h_R"], row["reason"])
            for row in data["beyond"]["limits"]
        ],
        "First h_R at which the exact torque departs from first order",
    )


def _other_sections(data: Data) -> list[Section]:
    """Return the ledger of a bare interface, what first order and lattices leave, and the controls."""
    ledger = Table(
        ("engine", "source", "part", *(f"{name}|sci" for name in data["ledger"]["rows"][0]["split"]),
         "largest residual|short"),
        [
            (row["engine"], row["source"], COMPONENTS[part], *(flow[part] for flow in row["split"].values()),
             row["residual"])
            for row in data["ledger"]["rows"]
            for part in (0, 1)
        ],
        note=f"(1) = (2) + (3) + (4) at h_R = {data['ledger']['h_R']:.2g}, each from its own expression; in "
        f"{stack.unit_of(data)}.",
    )  # fmt: skip
    errors = [Picture(*FIGURES[name], data) for name in ("remainder", "lattice")]
    return [
        Section("The ledger of angular momentum", [Picture(*FIGURES["ledger"], data), ledger], "ledger",
                brief=True),
        Section("What is left, and why", errors, "errors"),
        Section("Negative controls", [_controls(data)], "controls", brief=True),
    ]  # fmt: skip


def _controls(data: Data) -> Table:
    def caught(row: Data) -> str:
        if row["caught"]:
            return f"yes: {len(row['caught'])} of {len(row['findings'])} findings disagree"
        return "NO" if row["findings"] else "nothing to break: this interface has none of it"

    def example(one: Data | None) -> str:
        if one is None:
            return ""
        of = ", ".join(filter(None, (one["quantity"], one["source"])))
        numbers = (form(one[key], "number") for key in ("expected", "measured"))
        return "{}: expected {}, measured {} ± {}".format(of, *numbers, form(one["uncertainty"], "short"))

    return Table(
        ("fault", "caught", "example"),
        [(row["title"], caught(row), example(row["example"])) for row in control_table(data)],
        note="Faults put in on purpose have to be flagged by the same machinery.",
    )


def _provenance(found: Data) -> list[Words | Table]:
    packages = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    settings = [
        (name, " ".join(f"{v:.2g}" for v in (value if isinstance(value, list) else [value])))
        for name, value in found["settings"].items()
    ]
    return [
        Words([found["command"]], code=True),
        Words([f"Computed by Python {found['python']}, {packages}."]),
        Table(("setting", "value"), settings),
    ]


def _claims(data: Data) -> Table:
    unit = (
        "Torques and spin currents are in nm⁻³, per h_R or scale where it says so; k_perp is in "
        "nm⁻¹; slopes, amplitudes and what is per unit flux have no unit."
        if data["geometry"]["unit"]
        else "Units: ħ²/2mₑ = 1."
    )
    keys = ("verdict", "title", "equation", "findings", "expected", "measured", "uncertainty")
    return Table(
        ("verdict|verdict", "claim", "equation", "findings|number", "expected|number", "measured|number",
         "uncertainty|short"),
        [[row[key] or "" if key == "equation" else row[key] for key in keys]
         for row in claims(data["verdicts"])],
        note="Each line shows the finding farthest off among those with the worst verdict; its uncertainty "
        f"is the sum of a named error budget. {unit}",
    )  # fmt: skip


def _findings(data: Data) -> Table:
    return Table(
        ("verdict|verdict", "claim", "quantity", "source", "engine", "expected|number", "measured|number",
         "error budget"),
        [
            (row["verdict"], row["claim"], row["quantity"], row["source"] or "", row["engine"] or "",
             row["expected"], row["measured"],
             ", ".join(f"{term['name']} {form(term['value'], 'short')}" for term in row["budget"]) or "exact")
            for row in data["verdicts"]
        ],
    )  # fmt: skip


def control_table(data: Data) -> list[Data]:
    """Return one row a negative control: the findings that caught it, and the clearest."""
    caught = [[row for row in one["findings"] if row["verdict"] == "disagrees"] for one in data["controls"]]
    return [
        control | {"caught": rows, "example": max(rows, key=off, default=None)}
        for control, rows in zip(data["controls"], caught, strict=True)
    ]
