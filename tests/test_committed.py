"""The committed reports are what the code writes now: pages from their JSON, numbers where that is quick.

After a change of what reports say or how: `sotcheck report`, and the like for bound states, trust maps and
the audit, as the README has it.
"""

from __future__ import annotations

import json
import re
import shutil
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sotcheck as sc
from sotcheck.beyond.finite_width import SIDES, WIDTHS
from sotcheck.bound.portrait import bound_state_map
from sotcheck.pages.finite_width import shown as finite_widths
from sotcheck.pages.overview import refuse_another, write_overview
from sotcheck.pages.publish import MOST_OF_A_PAGE, render
from sotcheck.pages.report import shown
from sotcheck.pages.sweep import listed
from sotcheck.system.files import load_bare, to_document

REPORTS = Path(__file__).resolve().parent.parent / "reports"
#: In bytes, of all of it.
MOST_OF_THE_FOLDER = 12_000_000


def committed(*path: str) -> Any:
    return json.loads(REPORTS.joinpath(*path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sc.builtin_systems())
def test_page_of_a_system(name: str) -> None:
    """Its README.md, word for word, from its report.json; and that is of the system that is built in."""
    data = committed(name, "report.json")
    assert render("readme.md", shown(data)) == (REPORTS / name / "README.md").read_text(encoding="utf-8")
    assert data["system"] == to_document(sc.load(name))
    assert data["sotcheck"] == sc.__version__
    refuse_another([sc.load(name)], REPORTS)


def test_sizes() -> None:
    """Of every page, and of the folder; figures are those that a README.md shows."""
    for page in REPORTS.rglob("index.html"):
        assert page.stat().st_size < MOST_OF_A_PAGE, page
    assert sum(path.stat().st_size for path in REPORTS.rglob("*") if path.is_file()) < MOST_OF_THE_FOLDER
    for figure in REPORTS.rglob("*.svg"):
        readme = (figure.parent.parent / "README.md").read_text(encoding="utf-8")
        assert f"](figures/{figure.name})" in readme, figure


def test_page_of_finite_widths() -> None:
    """Word for word, from its JSON; of the systems that are built in, by the widths that are tried now."""
    data = committed("finite-width", "finite-width.json")
    page = (REPORTS / "finite-width" / "README.md").read_text(encoding="utf-8")
    assert render("readme.md", finite_widths(data)) == page
    for one in data["systems"]:
        assert one["system"] == to_document(load_bare(one["system"]["name"]))
        assert [side["side"] for side in one["sides"]] == list(SIDES)
        assert {tuple(side["w_k_F"]) for side in one["sides"]} == {tuple(WIDTHS.tolist())}


def test_overview(tmp_path: Path) -> None:
    """It lists every committed report, as `report` writes it."""
    for found in [*REPORTS.glob("*/*.json"), *REPORTS.glob("*/index.html")]:
        target = tmp_path / found.relative_to(REPORTS)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(found, target)
    write_overview(tmp_path, listed(tmp_path))
    for page in ("README.md", "index.html"):
        assert (tmp_path / page).read_text() == (REPORTS / page).read_text()
    folders = {path.parent.name for path in REPORTS.glob("*/index.html")}
    assert all(f"]({folder}/README.md)" in (REPORTS / "README.md").read_text() for folder in folders)


@pytest.mark.parametrize("name", ["topological-insulator", "pt-yig"])
def test_findings_of_a_system(name: str) -> None:
    """The same claims about the same quantities with the same verdicts, and numbers within their budgets."""
    system = sc.load(name)
    old, new = committed(name, "report.json")["verdicts"], sc.check(system).to_dict()["verdicts"]
    words = ("claim", "title", "equation", "source", "engine", "verdict", "form")
    assert [[row[key] for key in words] for row in old] == [[row[key] for key in words] for row in new]
    # Which of several places is off by the most rounding is another one on another processor.
    before, now = ([re.sub(", (spin|worst) .*", "", row["quantity"]) for row in rows] for rows in (old, new))
    assert before == now
    for before, now in zip(old, new, strict=True):
        assert set(before) == set(now)
        margin = before["uncertainty"] + now["uncertainty"]
        for key in () if "worst" in before["quantity"] else ("expected", "measured"):
            assert now[key] == pytest.approx(before[key], rel=1e-9, abs=margin)


@pytest.mark.parametrize("name", ["pt-co-alox", "pt-yig"])
def test_torques_of_a_stack(name: str) -> None:
    """Its page shows what `torque` gives now, efficiencies and measured values included."""
    data, system = committed(name, "report.json"), sc.load(name)
    now = sc.torque(system, "continuum", tolerance=1e-7, efficiency=True).to_dict()
    before = [row for row in data["torque"] if row["engine"] == "continuum"]
    assert [row["source"] for row in before] == [row["source"] for row in now["torque"]]
    for old, new in zip(before, now["torque"], strict=True):
        margin = old["uncertainty"]["total"] + new["uncertainty"]["total"]
        np.testing.assert_allclose(old["vector"], new["vector"], rtol=1e-9, atol=margin)
    experiments = [{**one, "computed": None} for one in data["measured"]["experiments"]]
    assert experiments == [{**one, "computed": None} for one in now["measured"]["experiments"]]


def test_map_of_bound_states() -> None:
    """A whole map: digits as many as are written now, numbers of states equal."""
    old = committed("bound-states", "maps.json")["bulk-magnetism"]
    new = json.loads(json.dumps(bound_state_map(sc.load("bulk-magnetism"), checks=0)))
    assert set(old) == set(new)
    for panel in ("radial", "angular"):
        for key in ("bound", "two", "at_fermi"):
            for ring, other in zip(chain(*old[panel][key]), chain(*new[panel][key]), strict=True):
                np.testing.assert_allclose(ring, other, rtol=0, atol=2e-3)
        before, now = (np.array(found[panel]["binding"], dtype=float) for found in (old, new))
        # The last decimal may be rounded the other way on another processor.
        np.testing.assert_allclose(before, now, rtol=0, atol=1.001e-5)
        np.testing.assert_array_equal(before, np.round(before, 5))
    assert (old["system"], old["h_R"], old["angle"]) == (new["system"], new["h_R"], new["angle"])
