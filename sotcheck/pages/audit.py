"""The audit's pages: JSON first, then Markdown and one self-contained HTML file rendered from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from latex2mathml.converter import convert
from markupsafe import Markup
from matplotlib.figure import Figure as Canvas

from sotcheck.pages.publish import Data, Picture, publish
from sotcheck.trial.entries import Consequence, Definition, Equation, Figure, Statement, Table
from sotcheck.trial.paper import Paper, paper_order
from sotcheck.trial.result import AuditResult
from sotcheck.trial.verdict import Verdict

#: What only some entries have.
BLANK: Data = {
    "quantity": "", "tex": "", "corrected_tex": "", "off_by": "", "kind": None, "definition": None,
}  # fmt: skip


def audit_data(result: AuditResult) -> Data:
    """Return everything that the pages show besides the figures, ready for JSON."""
    paper = result.paper
    return {
        **result.to_dict(),
        "paper": {name: getattr(paper, name) for name in ("title", "reference", "machine_read")},
        # The count first on a page, last on a terminal.
        "summary": [result.light(), *result.summary().splitlines()[:-1]],
        "entries": sorted(_entries(paper), key=lambda entry: paper_order(entry["equation"])),
        "consequences": [
            {"equation": f"({one.of})", "place": one.place, "says": one.says, "form": one.form}
            for one in paper.of_type(Consequence)
        ],
        "samples": result.samples,
    }  # fmt: skip


def _entries(paper: Paper) -> Iterator[Data]:
    """Yield what the register says of each number, with the quantities tried under it."""
    for entry in paper.of_type(Equation):
        same = ("says", "tex", "corrected_tex", "off_by", "kind", "order")
        yield BLANK | {
            "equation": f"({entry.number})", "quantity": entry.of.words, "source": entry.of.source,
            **{name: getattr(entry, name) for name in same}, "interfaces": [iface.name for iface in entry.on],
        }  # fmt: skip
    for definition in paper.of_type(Definition):
        words = {"says": definition.says, "tex": definition.tex, "definition": definition.why}
        yield BLANK | {"equation": f"({definition.number})"} | words
    for statement in paper.of_type(Statement):
        number = f"({statement.number})" if statement.number else None
        yield BLANK | {"equation": number, "statement": statement.key, "says": statement.says}


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


def in_words(data: Data) -> list[Data]:
    """Return the claims that are no equation: what each says, its verdict, its rows."""
    claims: dict[str, list[Data]] = {}
    for row in data["verdicts"]:
        if row["equation"] is None:
            claims.setdefault(row["claim"], []).append(row)
    return [{"says": rows[0]["title"], "verdict": _worst(rows), "rows": rows} for rows in claims.values()]


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

    def shown(data: Data, exhibits: Data) -> tuple[list[Picture], Data]:
        pictures = [Picture(one.key, one.title, partial(_drawn, one), exhibits[one.key]) for one in figures]
        return pictures, {
            "data": data,
            "groups": by_number(data),
            "in_words": in_words(data),
            "math": lambda tex: Markup(convert(tex, display="block")),
            "tables": {table.title: exhibits[table.key] for table in tables},
        }

    # A thousand findings, and planes of 200 × 200 numbers: no line for each.
    documents = {"audit.json": audit_data(result), "figures.json": {**result.shown, **rows}}
    return publish(output, documents, "audit", shown, indent=None)
