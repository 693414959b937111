"""The audit's pages: JSON first, then Markdown and one self-contained HTML file rendered from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure as Canvas

from sotcheck.pages.page import Block, Code, Data, Formula, Link, Page, Picture, Scatter, Section, Words
from sotcheck.pages.page import Table as TableBlock
from sotcheck.pages.publish import MARKS, publish
from sotcheck.pages.sentences import claims, off
from sotcheck.trial.audit_data import audit_data
from sotcheck.trial.entries import Figure, Table
from sotcheck.trial.fault_store import OUTCOMES, sentence
from sotcheck.trial.result import AuditResult
from sotcheck.trial.verdict import Verdict

#: Points of a plot, about.
DOTS = 30
#: Before what is told of a difference from its numbers.
ALONE = "from the numbers alone: "


def by_number(data: Data) -> list[Data]:
    """Return one group a number, with its entries, rows, verdicts and plots, in the paper's order."""

    def of(number: str, kind: str) -> list[Data]:
        return [one for one in data[kind] if one["equation"] == number]

    groups = []
    for number in dict.fromkeys(entry["equation"] for entry in data["entries"] if entry["equation"]):
        entries, rows = of(number, "entries"), of(number, "verdicts")
        kinds = {entry["kind"] for entry in entries}
        groups.append(
            {
                "equation": number,
                "anchor": "eq-" + "".join(filter(str.isalnum, number)),
                "entries": entries,
                "rows": rows,
                "transcribed": _worst(row for row in rows if row["form"] != "corrected"),
                "corrected": _worst(row for row in rows if row["form"] == "corrected"),
                "definition": all(row["form"] == "definition" for row in rows),
                "off_by": [entry["off_by"] for entry in entries if entry["off_by"]],
                "kind": next((kind for kind in ("content", "marks") if kind in kinds), None),
                "consequences": of(number, "consequences"),
                "plots": of(number, "samples"),
            }
        )
    return [group for group in groups if group["rows"]]


def _worst(rows: Iterable[Data]) -> str | None:
    verdicts = [Verdict(row["verdict"]) for row in rows]
    return Verdict.worst(verdicts) if verdicts else None


def _drawn(figure: Figure, data: Data) -> Canvas:
    canvas = Canvas(figsize=figure.size, layout="constrained")
    figure.draw(canvas, data)
    return canvas


def write_audit(result: AuditResult, output: Path) -> Path:
    """Write audit.json, figures.json, README.md, index.html and the figures; return the page to open first.

    An OutputError says that a file cannot be written.
    """
    figures, tables = result.paper.of_type(Figure), result.paper.of_type(Table)
    rows = {table.key: result.shown[table.key]["rows"] for table in tables}
    # The pages of the project's own folder lead to its code.
    root = "../../" if (output / "../../sotcheck/pages").exists() else ""

    def shown(data: Data, exhibits: Data) -> Page:
        drawn = [
            Picture(one.key, one.title, partial(_drawn, one), exhibits[one.key], brief=True)
            for one in figures
        ]
        return page(data, [*drawn, *(_exhibit(one.title, exhibits[one.key]) for one in tables)], root)

    # A thousand findings, and planes of 100 × 100 numbers: no line for each.
    return publish(
        output, {"audit.json": audit_data(result), "figures.json": {**result.shown, **rows}}, shown
    )


def page(data: Data, exhibits: list[Picture | TableBlock], root: str) -> Page:
    """Return the audit's page: a board of all numbers, a section for each, what was said in words."""
    groups, said = by_number(data), claims(row for row in data["verdicts"] if row["equation"] is None)
    entries = [_entry(group, root) for group in groups]
    paper = data["paper"]
    reference = f" ({paper['reference']})" if paper["reference"] else ""
    how = "a machine-read transcription has it" if paper["machine_read"] else "it is written down"
    differ = " Where the two differ, the form that the numbers confirm is given beside it." * any(
        group["corrected"] for group in groups
    )
    kinds = [*(["Figures"] if any(isinstance(one, Picture) for one in exhibits) else []),
             *(one.caption for one in exhibits if isinstance(one, TableBlock))]  # fmt: skip
    first, *summary = data["summary"]
    return Page(
        "The paper on trial",
        f"Every numbered equation of “{paper['title']}”{reference}, as {how}, against exact scattering "
        f"solutions by boundary matching and by Kwant.{differ}",
        quote=f"{first.partition(': ')[0].rstrip('.')}.",
        facts=[one[:1].upper() + one[1:] for one in [*([first] if ": " in first else []), *summary]],
        board=entries,
        sections=[
            Section("All equations", [_overview(groups)], "equations", brief=True, full=False),
            Section("Equation by equation", anchor="one-by-one", entries=entries),
            *([Section(f"{' and '.join(kinds)} from exact numerics", exhibits, "exhibits", brief=True)]
              if exhibits else []),
            *([Section("Claims in words", [_claims(said)], "words", brief=True)] if said else []),
            *([Section("Detection power", [_power(data["power"])], "power")] if "power" in data else []),
            *([Section("The machinery on trial", _machinery(data["whole_machinery"]), "machinery")]
              if "whole_machinery" in data else []),
        ],
        files=["audit.json", "figures.json"],
    )  # fmt: skip


def _entry(group: Data, root: str) -> Section:
    """Return the part of the page that one number opens: formula, numbers, plot, where the code stands."""
    blocks: list[Block] = []
    for entry in group["entries"]:
        # The first is said in the line that opens.
        says = [entry["says"]] * (entry is not group["entries"][0])
        nothing = [f"Nothing to test: {entry['definition']}"] * bool(entry["definition"])
        blocks += [Words([*says, *nothing])] * bool(says or nothing)
        blocks += [Formula(entry["tex"])] * bool(entry["tex"])
        if entry["corrected_tex"]:
            blocks.append(
                Words([f"As transcribed, off by {entry['off_by']} ({entry['kind']}). Confirmed form:"])
            )
            blocks.append(Formula(entry["corrected_tex"]))
    blocks += [
        Words([f"{one['place']} follows from the {one['form']} form alone: {one['says']}."])
        for one in group["consequences"]
    ]
    if not group["definition"]:
        proved = [_proved(group["rows"], digits=False), _proved(group["rows"], True, digits=False)]
        said = "; corrected ".join(filter(None, proved))
        blocks += [Words([f"Proved: {said}."])] * bool(said)
        blocks += [_rows(group["rows"]), *([Scatter(_dots(group["plots"]))] if group["plots"] else [])]
    places = {(one["code"]["file"], one["code"]["line"]): None for one in group["entries"] if one.get("code")}
    if places:
        links = [
            Link(f"{Path(file).name}, line {line}", f"{root}{file}#L{line}" * bool(root))
            for file, line in places
        ]
        blocks.append(Code(links))
    state = "definition" if group["definition"] else str(group["transcribed"])
    mark = "≡ definition" if group["definition"] else MARKS[state]
    return Section(
        f"{group['equation']} {group['entries'][0]['says']}", blocks, group["anchor"], state=state, mark=mark
    )


def _dots(samples: list[Data]) -> Data:
    """Return all quantities of a number in one plot, in whole dots, each once."""
    dots: dict[tuple[str, bool], set[tuple[int, int]]] = {}
    for form in (form for sample in samples for form in sample["forms"]):
        places = ((2 * round(50 * x), 2 * round(50 * y)) for x, y in form["points"])
        dots.setdefault((form["form"], form["agrees"]), set()).update(places)
    forms = [
        {"form": form, "agrees": agrees, "dots": sorted(found)[:: 1 + len(found) // DOTS]}
        for (form, agrees), found in dots.items()
    ]
    return {"quantity": "Each quantity over its largest number", "forms": forms}


def _overview(groups: list[Data]) -> TableBlock:
    proved = ["proved in balls"] * any(map(_proved, (group["rows"] for group in groups)))
    return TableBlock(
        ("equation", "says", "as transcribed|verdict", "corrected|verdict", "off by", "kind",
         "form needed elsewhere", *proved),
        [
            (Link(group["equation"], f"#{group['anchor']}"), group["entries"][0]["says"],
             "definition" if group["definition"] else group["transcribed"], group["corrected"] or "",
             "; ".join(dict.fromkeys(group["off_by"])), group["kind"] or "",
             _asked_for(group["consequences"]), *(_proved(group["rows"]) for _ in proved))
            for group in groups
        ],
    )  # fmt: skip


def _proved(rows: list[Data], corrected: bool = False, *, digits: bool = True) -> str:
    """Return what is proved of the transcribed or corrected form: of all its quantities, or of how many."""
    said = {
        row["quantity"]: row.get("certified") for row in rows if (row["form"] == "corrected") == corrected
    }
    known = [one for one in said.values() if one]
    if not known:
        return ""
    of = f", {len(known)} of {len(said)}" * (len(known) < len(said))
    if against := [one["apart"] for one in known if not one["agrees"]]:
        return f"disagrees{f' by {max(against):.2g}' * digits}{of}"
    radius = max(one["radius"] for one in known)
    exactly = ", for all parameters exactly" * all(one.get("identity") for one in known)
    return f"agrees{f' to {radius:.2g}' * digits}{exactly}{of}"


def _asked_for(consequences: list[Data]) -> str:
    """Return which form other places of the paper need."""
    by_form = groupby(sorted(consequences, key=lambda one: one["form"]), key=lambda one: one["form"])
    return "; ".join(f"{form}: {', '.join(one['place'] for one in some)}" for form, some in by_form)


def _rows(rows: list[Data]) -> TableBlock:
    """Return the findings of each form, quantity and verdict in one row: the one that is farthest off."""
    return TableBlock(
        ("verdict|verdict", "form", "quantity", "of", "expected|number", "measured|number",
         "uncertainty|short", "where"),
        [(row["verdict"], row["form"] or "", row["quantity"], of, *_numbers(row))
         for row, of in _worst_of(rows)],
    )  # fmt: skip


def _worst_of(rows: list[Data]) -> Iterator[tuple[Data, str]]:
    """Yield of all findings about one thing the one farthest off, and the sources and engines of all."""
    some: dict[Any, list[Data]] = {}
    for row in rows:
        some.setdefault((row["form"], row["quantity"], row["verdict"]), []).append(row)
    for same in some.values():
        of = [row[key] for key in ("source", "engine") for row in same if row[key]]
        yield max(same, key=off), ", ".join(dict.fromkeys(of))


def _numbers(row: Data) -> tuple[Any, ...]:
    """Return what was expected and measured, and where: what the form is off by is said elsewhere."""
    # Where an agreement was the least close is in audit.json.
    said = "" if row["verdict"] == "agrees" else row["explanation"]
    where = said if said.startswith(ALONE) else said.partition(ALONE)[2] or said
    return row["expected"], row["measured"], row["uncertainty"], where


def _claims(said: list[Data]) -> TableBlock:
    """Return each claim with the finding that is farthest off among those with the worst verdict."""
    rows = [(row["verdict"], row["title"], row["findings"], *_numbers(row)[:3]) for row in said]
    numbers = ("findings|number", "expected|number", "measured|number", "uncertainty|short")
    return TableBlock(
        ("verdict|verdict", "claim", *numbers),
        rows,
        note="Numbers are those of the finding farthest off among those with the worst verdict.",
    )


def _exhibit(title: str, rows: list[Data]) -> TableBlock:
    numbers = [key for key in (rows or [{}])[0] if any(isinstance(row[key], float) for row in rows)]
    columns = [f"{key}|cell" if key in numbers else key for key in (rows or [{}])[0]]
    return TableBlock(columns, [list(row.values()) for row in rows], title)


def _power(faults: list[Data]) -> Words:
    """Say how many seeded faults were flagged; audit.json has them all."""
    effective = [fault for fault in faults if fault["outcome"] != "no effect"]
    flagged = sum(fault["outcome"] == "flagged" for fault in effective)
    said = f"{flagged} of {len(effective)} faults that change a value were flagged."
    rest = len(faults) - len(effective)
    others = f"{rest} others change nothing on any parameter set: audit.json says why, one by one."
    return Words([said, *([others] if rest else [])])


def _machinery(found: Data) -> list[Block]:
    """Return how many faults in the code were seen, by room, and all that were not, with the reason."""
    said = (
        f"With sotcheck {found['sotcheck']}, by checks of {len(found['systems'])} systems: {sentence(found)} "
        "(audit.json has each, with its change)."
    )
    heads = [name if name == "room" else f"{name}|number" for name in ("room", *OUTCOMES)]
    rooms = [list(room.values()) for room in found["rooms"]]
    keys = ("room", "place", "change", "by")
    missed = [[one[key] for key in keys] for one in found["unseen"] if one["outcome"] == "missed"]
    return [
        Words([said]),
        TableBlock(heads, rooms, "Faults tried"),
        *([TableBlock(("room", "place", "change", "why it is not seen"), missed, "Faults not seen")]
          if missed else []),
    ]  # fmt: skip
