"""The audit's pages and command: drawn from JSON, self-contained, every number with its section."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from sotcheck.trial.registry import DEFINITIONS, EQUATIONS, STATEMENTS

from sotcheck.command.main import cli
from sotcheck.pages.audit import write_audit
from sotcheck.pages.audit_plots import _plain
from sotcheck.papers.kim2017.figure4 import figure4
from sotcheck.papers.kim2017.figure6 import PANELS, figure6, figure6_points
from sotcheck.papers.kim2017.figure8 import figure8, figure8_points
from sotcheck.papers.kim2017.table1 import table1
from sotcheck.trial.audit import (
    AuditResult,
    definition_row,
    judge_equation,
    judge_statement,
    register_all,
    sample_equation,
    seed_equation,
)

register_all()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages of a few equations, with small figures."""
    chosen = [i for i, equation in enumerate(EQUATIONS) if equation.number in ("6b", "10c")]
    rows = [row for i in chosen for row in judge_equation(i)]
    rows += [row for i, s in enumerate(STATEMENTS) if s.name == "ledger" for row in judge_statement(i)]
    rows += [definition_row(definition) for definition in DEFINITIONS]
    result = AuditResult(
        tuple(rows),
        tuple(fault for i in chosen for fault in seed_equation(i)),
        tuple(sample for i in chosen for sample in sample_equation(i)),
    )
    figures = {
        "figure4": {name: figure4("continuum", (0.5, 1.5)) for name in ("continuum", "kwant")},
        "figure6": {"plane": figure6(4), "points": figure6_points("continuum")},
        "figure8": {"curve": figure8(5), "points": figure8_points("continuum")},
        "table1": table1(),
    }
    folder = tmp_path_factory.mktemp("audit")
    assert write_audit(result, _plain(figures), folder) == folder / "index.html"
    return folder


def test_page_is_self_contained(pages: Path) -> None:
    """Nothing is fetched: formulas are MathML, figures and plots inline SVG."""
    page = (pages / "index.html").read_text(encoding="utf-8")
    links = set(re.findall(r"""(?:src|href)=["']([^"'#]+)""", page))
    assert {link for link in links if link.startswith("http")} == set()
    assert page.count("<math") >= len(DEFINITIONS)
    assert page.count('class="scatter"') == sum(e.number in ("6b", "10c") for e in EQUATIONS)
    anchors = re.findall(r'<td><a href="#(eq-\w+)"', page)
    assert len(anchors) == len(set(anchors)) == len(DEFINITIONS) + 2
    assert all(f'<section id="{anchor}">' in page for anchor in anchors)


def test_pages_tell_what_the_json_does(pages: Path) -> None:
    """Verdicts, what a form is off by, detection power."""
    data = json.loads((pages / "audit.json").read_text(encoding="utf-8"))
    assert data["system"] is None
    readme = (pages / "README.md").read_text(encoding="utf-8")
    page = (pages / "index.html").read_text(encoding="utf-8")
    line = next(line for line in readme.splitlines() if line.startswith("| (6b)"))
    assert "✗ disagrees | ✓ agrees | the name" in line
    assert line.endswith("| marks | corrected: (18a), (23), (26), (31) |")
    assert "(18a) follows from the corrected form alone: r at u_0 = u_m = 0." in page
    assert "| (10c) |" in readme
    assert "faults that change a value were flagged" in page
    assert "✓ agrees | Fig. 2" in readme or "ledger" in json.dumps(data["verdicts"])
    assert (pages / "figures" / "figure6.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_pages_without_seeded_faults(pages: Path, tmp_path: Path) -> None:
    """As `sotcheck audit --output` without `--power` writes them: nothing is said of detection power."""
    figures = json.loads((pages / "figures.json").read_text(encoding="utf-8"))
    index = write_audit(AuditResult((definition_row(DEFINITIONS[0]),)), figures, tmp_path)
    page = index.read_text(encoding="utf-8")
    assert "were flagged" not in page
    assert "0 of 1 numbered equations disagree as transcribed" in page


def test_figure6_has_no_black_lines() -> None:
    """Finite on both axes and both diagonals, and the corrected (24) to six digits."""
    found = figure6(8)
    for name in PANELS:
        assert np.all(np.isfinite(found[name]))
        assert found["deviation"][name] < 1e-6
    assert found["inside continuum"] == 0


def test_figure4_engines_agree() -> None:
    """One ratio, both engines, every curve."""
    continuum, kwant = (figure4(engine, (1.3,)) for engine in ("continuum", "kwant"))
    for name in continuum:
        assert continuum[name] == pytest.approx(kwant[name], rel=1e-7, abs=1e-10)


@pytest.mark.slow
def test_command() -> None:
    """`sotcheck audit` as a user runs it: the contract's JSON, and the status of what disagrees."""
    found = CliRunner().invoke(cli, ["audit", "--workers", "1", "--json", "-"])
    assert found.exit_code == 1
    document = json.loads(found.stdout)
    assert document["system"] is None
    rows = document["verdicts"]
    assert {row["verdict"] for row in rows} == {"agrees", "disagrees"}
    # Whatever disagrees as transcribed has a form that agrees, by both engines.
    for number in {row["equation"] for row in rows if row["equation"] and row["verdict"] == "disagrees"}:
        right = [row for row in rows if row["equation"] == number and row["form"] == "corrected"]
        assert {row["engine"] for row in right} == {"continuum", "kwant"}, number
        assert {row["verdict"] for row in right} == {"agrees"}, number
