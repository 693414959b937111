"""The audit's pages: JSON first, then Markdown and one self-contained HTML file rendered from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from markupsafe import Markup

from sotcheck.pages.audit_plots import FIGURES
from sotcheck.pages.figures import svg
from sotcheck.pages.publish import render
from sotcheck.run.output import make_folder, write_text
from sotcheck.trial.entries import Consequence, Definition, Equation, Statement
from sotcheck.trial.paper import Paper, paper_order
from sotcheck.trial.result import AuditResult

Data = dict[str, Any]


def audit_data(result: AuditResult) -> Data:
    """Return everything that the pages show besides the figures, ready for JSON."""
    return {
        **result.to_dict(),
        # The count first on a page, last on a terminal.
        "summary": [result.light(), *result.summary().splitlines()[:-1]],
        "entries": sorted(_entries(result.paper), key=lambda entry: paper_order(entry["equation"])),
        "consequences": [
            {"equation": f"({one.of})", "place": one.place, "says": one.says, "form": one.form}
            for one in result.paper.of_type(Consequence)
        ],
        "samples": result.samples,
    }


def _entries(paper: Paper) -> Iterator[Data]:
    """Yield what the register says of each number, with the quantities tried under it."""
    blank: Data = {
        "quantity": "",
        "tex": "",
        "corrected_tex": "",
        "off_by": "",
        "kind": None,
        "definition": None,
    }
    for entry in paper.of_type(Equation):
        yield {
            "equation": f"({entry.number})",
            "says": entry.says,
            "quantity": entry.of.words,
            "source": entry.of.source,
            "tex": entry.tex,
            "corrected_tex": entry.corrected_tex,
            "off_by": entry.off_by,
            "kind": entry.kind,
            "order": entry.order,
            "interfaces": [iface.name for iface in entry.on],
            "definition": None,
        }
    for definition in paper.of_type(Definition):
        yield blank | {
            "equation": f"({definition.number})",
            "says": definition.says,
            "tex": definition.tex,
            "definition": definition.why,
        }
    for statement in paper.of_type(Statement):
        number = f"({statement.number})" if statement.number else None
        yield blank | {"equation": number, "statement": statement.key, "says": statement.says}


def by_number(data: Data) -> list[Data]:
    """Return one group a number, with its entries, rows, verdicts and plots, in the paper's order."""
    groups: dict[str, Data] = {}
    for entry in data["entries"]:
        if entry["equation"]:
            number = entry["equation"]
            group = groups.setdefault(number, {"equation": number, "anchor": _anchor(number), "entries": []})
            group["entries"].append(entry)
    for number, group in groups.items():
        rows = group["rows"] = [row for row in data["verdicts"] if row["equation"] == number]
        group["transcribed"] = _worst(row for row in rows if row["form"] != "corrected")
        group["corrected"] = _worst(row for row in rows if row["form"] == "corrected")
        group["definition"] = bool(rows) and all(row["form"] == "definition" for row in rows)
        group["off_by"] = [e["off_by"] for e in group["entries"] if e["off_by"]]
        kinds = {entry["kind"] for entry in group["entries"]}
        group["kind"] = "content" if "content" in kinds else "marks" if "marks" in kinds else None
        group["consequences"] = [one for one in data["consequences"] if one["equation"] == number]
        group["plots"] = [sample for sample in data["samples"] if sample["equation"] == number]
    return [group for group in groups.values() if group["rows"]]


def in_words(data: Data) -> list[Data]:
    """Return the claims that are no equation: what each says, its verdict, its rows."""
    rows = [row for row in data["verdicts"] if row["equation"] is None]
    claims = dict.fromkeys(row["claim"] for row in rows)
    grouped = [[row for row in rows if row["claim"] == claim] for claim in claims]
    return [{"says": g[0]["title"], "verdict": _worst(iter(g)), "rows": g} for g in grouped]


def _worst(rows: Iterator[Data]) -> str | None:
    verdicts = {row["verdict"] for row in rows}
    return next((v for v in ("disagrees", "inconclusive", "agrees") if v in verdicts), None)


def _anchor(number: str) -> str:
    return "eq-" + "".join(c for c in number if c.isalnum())


def write_audit(result: AuditResult, figures: Data, output: Path) -> Path:
    """Write audit.json, figures.json, README.md, index.html and the figures; return the page to open first.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    make_folder(output / "figures")
    texts = {
        # A thousand findings, and planes of 200 × 200 numbers: no line for each.
        name: json.dumps(content, separators=(",", ":"), allow_nan=False)
        for name, content in (("audit.json", audit_data(result)), ("figures.json", figures))
    }
    for name, text in texts.items():
        write_text(output / name, text + "\n")
    # From the files' content on: nothing below may know more than the JSON.
    data, figures = (json.loads(text) for text in texts.values())
    drawn = {name: svg(draw, figures[name]) for name, _, draw in FIGURES}
    for name, picture in drawn.items():
        write_text(output / "figures" / f"{name}.svg", picture)
    context = {
        "data": data,
        "groups": by_number(data),
        "in_words": in_words(data),
        "math": lambda tex: Markup(convert(tex, display="block")),
        "figures": {name: title for name, title, _ in FIGURES},
        "svg": {name: Markup(picture[picture.index("<svg") :]) for name, picture in drawn.items()},
        "table1": figures["table1"],
    }
    write_text(output / "README.md", render("audit.md", context))
    write_text(output / "index.html", render("audit.html", context))
    return output / "index.html"
