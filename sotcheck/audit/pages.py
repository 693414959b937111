"""The audit's pages: JSON first, then Markdown and one self-contained HTML file rendered from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from markupsafe import Markup

from sotcheck.audit.plots import FIGURES
from sotcheck.audit.run import AuditResult, paper_order
from sotcheck.claims.registry import DEFINITIONS, EQUATIONS, STATEMENTS
from sotcheck.figures import svg
from sotcheck.output import make_folder, write_text
from sotcheck.report import render

Data = dict[str, Any]


def audit_data(result: AuditResult, figures: Data) -> Data:
    """Return everything that the pages show, ready for JSON.

    Parameters
    ----------
    result : AuditResult
    figures : dict
        Data of Figs. 4, 6, 8 and Table I.
    """
    return {
        **result.to_dict(),
        "summary": result.summary().splitlines(),
        "entries": sorted(_entries(), key=lambda entry: paper_order(entry["equation"])),
        "samples": result.samples,
        "figures": figures,
    }


def _entries() -> Iterator[Data]:
    """Yield what the register says of each number, with the quantities tried under it."""
    for entry in EQUATIONS:
        yield {
            "equation": f"({entry.number})",
            "says": entry.says,
            "quantity": entry.quantity,
            "source": entry.source,
            "tex": entry.tex,
            "corrected_tex": entry.corrected_tex,
            "off_by": entry.off_by,
            "order": entry.order,
            "interfaces": [iface.name for iface in entry.interfaces],
            "definition": None,
        }
    for definition in DEFINITIONS:
        yield {
            "equation": f"({definition.number})",
            "says": definition.says,
            "tex": definition.tex,
            "definition": definition.why,
        }
    for statement in STATEMENTS:
        yield {
            "equation": f"({statement.equation})" if statement.equation else None,
            "statement": statement.name,
            "says": statement.says,
            "tex": "",
            "definition": None,
        }


def by_number(data: Data) -> list[Data]:
    """Return one group a numbered equation, with its entries, rows, verdicts and plots, in the paper's order."""
    groups: dict[str, Data] = {}
    for entry in data["entries"]:
        key = entry["equation"] or "in words"
        group = groups.setdefault(key, {"equation": key, "anchor": _anchor(key), "entries": []})
        group["entries"].append(entry)
    for key, group in groups.items():
        rows = [row for row in data["verdicts"] if (row["equation"] or "in words") == key]
        group["rows"] = rows
        group["transcribed"] = _worst(row for row in rows if row["form"] != "corrected")
        group["corrected"] = _worst(row for row in rows if row["form"] == "corrected")
        group["definition"] = bool(rows) and all(row["form"] == "definition" for row in rows)
        group["off_by"] = [e["off_by"] for e in group["entries"] if e.get("off_by")]
        group["plots"] = [sample for sample in data["samples"] if sample["equation"] == key]
    return list(groups.values())


def _worst(rows: Iterator[Data]) -> str | None:
    verdicts = {row["verdict"] for row in rows}
    return next((v for v in ("disagrees", "inconclusive", "agrees") if v in verdicts), None)


def _anchor(number: str) -> str:
    return "eq-" + "".join(c for c in number if c.isalnum())


def write_audit(result: AuditResult, figures: Data, output: Path) -> Path:
    """Write audit.json, README.md, index.html and the figures; return the page to open first.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    make_folder(output / "figures")
    text = json.dumps(audit_data(result, figures), indent=1, allow_nan=False) + "\n"
    write_text(output / "audit.json", text)
    # From the file's content on: nothing below may know more than the JSON.
    data = json.loads(text)
    drawn = {name: svg(draw, data["figures"][name]) for name, _, draw in FIGURES}
    for name, picture in drawn.items():
        write_text(output / "figures" / f"{name}.svg", picture)
    context = {
        "data": data,
        "groups": by_number(data),
        "math": lambda tex: Markup(convert(tex, display="block")),
        "figures": {name: title for name, title, _ in FIGURES},
        "svg": {name: Markup(picture[picture.index("<svg") :]) for name, picture in drawn.items()},
        "table1": data["figures"]["table1"],
    }
    write_text(output / "README.md", render("audit.md", context))
    write_text(output / "index.html", render("audit.html", context))
    return output / "index.html"
