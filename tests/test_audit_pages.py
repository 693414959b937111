"""The audit's pages: drawn from JSON, self-contained, every number with its section."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sotcheck.pages.audit import write_audit
from sotcheck.papers.kim2017 import figures, section5a, table1
from sotcheck.trial import power
from sotcheck.trial.audit import judge_definition, judge_equation, judge_statement, sample_equation
from sotcheck.trial.entries import Definition, Equation, Statement, plain
from sotcheck.trial.fault_store import recorded
from sotcheck.trial.paper import load
from sotcheck.trial.result import AuditResult

PAPER = load("kim2017")
DEFINITIONS = PAPER.of_type(Definition)
CHOSEN = [equation for equation in PAPER.of_type(Equation) if equation.number in ("6b", "10c")]


@pytest.fixture(scope="module")
def small() -> dict[str, Any]:
    """Figures with less to compute."""
    curves = section5a.curves("continuum", (0.5, 1.5))
    shown = {
        "figure4": {"continuum": curves, "kwant": curves},
        "figure6": {"plane": figures.plane(4), "points": figures.points6("continuum")},
        "figure8": {"curve": figures.curve(5), "points": figures.points8("continuum")},
        "table1": {"rows": table1.table1()},
    }
    return {name: plain(data) for name, data in shown.items()}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, small: dict[str, Any]) -> Path:
    """Pages of a few equations, with small figures."""
    rows = [row for equation in CHOSEN for row in judge_equation(equation)]
    rows += [row for one in PAPER.of_type(Statement) if one.key == "ledger" for row in judge_statement(one)]
    rows += [row for definition in DEFINITIONS for row in judge_definition(definition)]
    faults = tuple(fault for equation in CHOSEN for fault in power.seed(equation))
    result = AuditResult(PAPER, tuple(rows), faults, tuple(map(sample_equation, CHOSEN)), small)
    folder = tmp_path_factory.mktemp("audit")
    assert write_audit(result, folder) == folder / "index.html"
    return folder


def test_page_is_self_contained(pages: Path) -> None:
    """Nothing is fetched: formulas are MathML, figures and plots inline SVG."""
    page = (pages / "index.html").read_text(encoding="utf-8")
    links = set(re.findall(r"""(?:src|href)=["']?([^"'#\s>]+)""", page))
    assert {link for link in links if link.startswith("http")} == set()
    assert page.count("<math") >= len(DEFINITIONS)
    assert page.count("<figure class=scatter>") == len(CHOSEN)
    anchors = re.findall(r"<a class=\w+ href=#(eq-\w+)", page)
    assert len(anchors) == len(set(anchors)) == len(DEFINITIONS) + 2
    assert all(f"<details id={anchor} " in page for anchor in anchors)
    assert re.search(r"Code: section\d\.py, line \d+", page)


def test_pages_tell_what_the_json_does(pages: Path) -> None:
    """Verdicts, what a form is off by, detection power."""
    data = json.loads((pages / "audit.json").read_text(encoding="utf-8"))
    assert data["system"] is None
    readme = (pages / "README.md").read_text(encoding="utf-8")
    page = (pages / "index.html").read_text(encoding="utf-8")
    line = next(line for line in readme.splitlines() if line.startswith("| (6b)"))
    assert "✗ disagrees | ✓ agrees | the name" in line
    assert line.endswith("| marks | corrected: (18a), (23), (26), (31) |")
    words = (
        "(18a) follows from the corrected form alone: r at <i>u</i><sub>0</sub> = <i>u</i><sub>m</sub> = 0."
    )
    assert words in page
    assert "| (10c) |" in readme
    assert "faults that change a value were flagged" in page
    assert all(f"<td>{room['room']}<td" in page for room in recorded()["rooms"])
    assert len(recorded()["unseen"]) and "faults in the machinery that change a number were seen" in page
    assert "ledger" in {row["claim"] for row in data["verdicts"]}


def test_pages_show_figures_and_tables(pages: Path, small: dict[str, Any]) -> None:
    """Whatever the paper registers, under its title, once on each page."""
    for name in ("README.md", "index.html"):
        page = (pages / name).read_text(encoding="utf-8")
        assert len(re.findall("^#+ Figures and Table I|<h2[^>]*>Figures and Table I", page, re.M)) == 1
        assert "Fig. 8: torque on a ferromagnetic insulator (25) against J/U" in page
        assert "bilayer, interface magnetism" in page
    assert set(json.loads((pages / "figures.json").read_text(encoding="utf-8"))) == set(small)
    assert (pages / "figures" / "figure6.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_pages_without_seeded_faults(tmp_path: Path, small: dict[str, Any]) -> None:
    """As `sotcheck audit --output` without `--power` writes them: nothing is said of detection power."""
    rows = tuple(judge_definition(DEFINITIONS[0]))
    page = write_audit(AuditResult(PAPER, rows, shown=small), tmp_path).read_text(encoding="utf-8")
    assert "were flagged" not in page
    assert "0 of 1 numbered equations disagree as transcribed" in page


def test_figure6_has_no_black_lines() -> None:
    """Finite on both axes and both diagonals, and the corrected (24) to six digits."""
    found = figures.plane(8)
    for name in figures.PANELS:
        assert np.all(np.isfinite(found[name]))
        assert found["deviation"][name] < 1e-6
    assert found["inside continuum"] == 0


def test_figure4_engines_agree() -> None:
    """One ratio, both engines, every curve."""
    continuum, kwant = (section5a.curves(engine, (1.3,)) for engine in ("continuum", "kwant"))
    for name in continuum:
        assert continuum[name] == pytest.approx(kwant[name], rel=1e-7, abs=1e-10)
