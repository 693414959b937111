"""The report of a stack: who takes what, where what lies, its page, and its line in the overview."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from layer_cases import LAYERS, PINNED, every_key, pinned

import sotcheck as sc
from sotcheck.beyond.limits import COMPONENTS, CURRENTS, LIMITS, TrustLimit, trust_limits
from sotcheck.command.main import cli
from sotcheck.pages import geometry as drawing
from sotcheck.pages import stack as pages
from sotcheck.pages.geometry import profile, spin_orbit_words
from sotcheck.pages.page import Table
from sotcheck.pages.publish import render
from sotcheck.pages.report import shown
from sotcheck.pages.stack import ledger as draw_ledger
from sotcheck.pages.svg import svg
from sotcheck.system.stack import Stack
from sotcheck.trial import plane, stack_data
from sotcheck.trial.check import CheckResult
from sotcheck.trial.report_data import report_data
from sotcheck.trial.stack_data import FLOWS, WHOLE, geometry, ledger
from sotcheck.trial.torque_table import TorqueRow
from sotcheck.trial.verdict import Trial, compare

COMMITTED = Path(__file__).resolve().parent.parent / "reports"
#: Names that would be markup, mathematics, or another column.
HOSTILE = "<b>$x_$ | [a](b)"


@pytest.fixture(scope="module")
def rows() -> list[TorqueRow]:
    return list(sc.torque(pinned(), engine="continuum"))


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    """A whole report of a stack with a hostile name, with one finding and a curve of two points."""
    system = pinned()
    system = system.with_(layers=(system.layers[0].model_copy(update={"name": HOSTILE}),))
    finding = Trial("a quantity", compare(1.0, sc.torque(system, "continuum")[0].t[0]), "", "normal", "kwant")

    def limits(_: Any, **__: Any) -> list[TrustLimit]:
        return [
            TrustLimit(source, part, limit, 20 * limit, 0.0, "found", "")
            for source in CURRENTS
            for part in COMPONENTS
            for limit in LIMITS
        ]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stack_data, "check", lambda s: CheckResult(s, (finding.finding("one", "One claim"),)))
        patch.setattr("sotcheck.beyond.limits.trust_limits", limits)
        patch.setattr(stack_data, "CURVE", np.array([0.5, 1.0]))
        patch.setattr(stack_data, "SAME", np.array([1.0]))
        found: dict[str, Any] = json.loads(json.dumps(report_data(system, "pinned.toml"), allow_nan=False))
    return found


# --------------------------------------------------------------------------------------- who takes what


def test_every_part_takes_what_does_not_go_on(rows: list[TorqueRow]) -> None:
    """What arrives = what the lattice gets + the torque + what goes on, and goes on to the next part."""
    for row in rows:
        found = ledger(pinned(), row)
        *parts, whole = found["parts"]
        assert [part["part"] for part in parts] == ["z = 0", "layer 1", "z = 1.2", "right half-space"]
        assert whole["part"] == WHOLE
        for part in (*parts, whole):
            arriving, lattice, taken, on = (np.array(part["flows"][name]) for name in FLOWS)
            np.testing.assert_allclose(arriving, lattice + taken + on, rtol=0, atol=1e-16)
        for before, after in pairwise(parts):
            assert before["flows"]["on"] == after["flows"]["arriving"]
        np.testing.assert_allclose(whole["flows"]["taken"], row.vector, rtol=0, atol=1e-17)
        for name in ("lattice", "taken"):
            np.testing.assert_allclose(
                whole["flows"][name], np.sum([part["flows"][name] for part in parts], axis=0), atol=1e-17
            )
        assert found["residual"] <= 1e-17


def test_layers_take_what_the_contract_says(rows: list[TorqueRow]) -> None:
    """And a component of it is the part along its axis."""
    found = ledger(pinned(), rows[0])
    torques = [part["flows"]["taken"] for part in found["parts"] if part["part"] in pinned().names]
    np.testing.assert_allclose(torques, LAYERS["normal"], rtol=0, atol=1e-13)
    split = found["parts"][-1]["split"]["taken"]
    assert split == pytest.approx([rows[0].fieldlike, rows[0].dampinglike], rel=1e-12)


def test_m_along_y() -> None:
    """The two axes across m stand for components that are undefined, in the figure too."""
    system = pinned(m=(0.0, 1.0, 0.0))
    row = sc.torque(system, engine="continuum")[0]
    found = ledger(system, row)
    assert found["components"] == ["x", "z"]
    assert found["parts"][-1]["split"]["taken"] == [row.vector[0], row.vector[2]]
    assert "<svg" in svg(
        draw_ledger, {"ledger": {"rows": [found]}, "lattice": {"engine": "continuum"}, "torque": []}
    )


def test_a_flow_that_is_off_is_seen(rows: list[TorqueRow]) -> None:
    """The four flows of an interface come from expressions of their own."""
    flows = rows[0].flows.copy()
    flows[1] *= 1 + 1e-6
    assert ledger(pinned(), replace(rows[0], flows=flows))["residual"] > 1e-10


# ------------------------------------------------------------------------------------- where what lies


@pytest.mark.parametrize("unit", ["", '[units]\nenergy = "eV"'])
def test_geometry_is_the_file_s(unit: str) -> None:
    """In its own units, with all spin-orbit terms together, from left to right."""
    found = geometry(every_key(unit))
    names = [region["name"] for region in found["regions"]]
    assert names == ["left half-space", "heavy metal", "layer 2", "right half-space"]
    ends = [region["to"] for region in found["regions"]]
    assert ends == [0.0, pytest.approx(0.7), pytest.approx(1.2), None]
    assert [region["from"] for region in found["regions"]] == [None, *ends[:-1]]
    assert found["regions"][2]["exchange"] == pytest.approx(0.25)
    assert found["regions"][2]["direction"] == (0.0, 0.0, -1.0)
    assert [one["barrier"] for one in found["interfaces"]] == pytest.approx([0.3, 0.0, 0.35])
    np.testing.assert_allclose(found["regions"][1]["spin_orbit"], 0.08 * np.array([[1, 0], [0, -1], [0, 0]]))
    assert found["interfaces"][1]["spin_orbit"] is None
    assert spin_orbit_words(found["regions"][1]["spin_orbit"]) == ["Dresselhaus 0.08"]
    assert spin_orbit_words(found["regions"][2]["spin_orbit"]) == [
        "Rashba 0.07",
        "Weyl 0.02",
        "other linear terms",
    ]
    assert svg(profile, {"geometry": found}).count("<path") > 20


def test_words_that_would_touch_stand_at_different_heights() -> None:
    """Of places close to each other: lines of the second begin below those of the first, and so on."""
    found = list(drawing._spread([0.0, 0.01, 0.02, 0.5], [["0"], ["1", "more"], ["2"], ["3"]], 1.0))
    assert found == [["0"], ["", "", "1", "more"], ["", "", "", "", "2"], ["3"]]


# ------------------------------------------------------------------------------------ limits of a stack


def test_limits_of_a_stack_without_layers() -> None:
    """Are those of the bare interface that it is, which is summed in another way."""
    bare = sc.load("bulk-magnetism")
    stack = Stack(**bare.model_dump())
    some: dict[str, Any] = {"sources": ["normal"], "parts": ["fieldlike"], "limits": [0.02], "accuracy": 1e-4}
    (one,), (other,) = trust_limits(bare, **some), trust_limits(stack, **some)
    assert one.h_R == pytest.approx(other.h_R, rel=1e-6)


# ------------------------------------------------------------------------------------------------ pages


def report(*args: str) -> Result:
    return CliRunner().invoke(cli, ["report", *args, "--workers", "1"])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: dict[str, Any]) -> Path:
    """A folder with the report of a bare interface, where that of a stack is written without the work."""
    (tmp_path / "bulk-magnetism").mkdir()
    shutil.copy(COMMITTED / "bulk-magnetism" / "report.json", tmp_path / "bulk-magnetism")
    (tmp_path / "pinned.toml").write_text(PINNED)
    monkeypatch.setattr("sotcheck.pages.report.report_data", lambda system, argument: data)
    return tmp_path


def test_page_and_overview(folder: Path, data: dict[str, Any]) -> None:
    """Both kinds in one overview; a layer's name is text wherever it stands."""
    found = report(str(folder / "pinned.toml"), "--output", str(folder))
    assert found.exit_code == {"agrees": 0, "disagrees": 1}[data["verdict"]], found.output
    overview = (folder / "README.md").read_text()
    assert "| [bulk-magnetism](bulk-magnetism/README.md) | ✓ agrees |" in overview
    assert "| [pinned](pinned/README.md) | …" in overview
    assert "| 1 | 0.2 | 2 |" in overview
    page, html = ((folder / "pinned" / name).read_text() for name in ("README.md", "index.html"))
    name = r"\<b\>$x_$ \| \[a\](b)".replace("$x_$", r"\$x\_\$")
    assert name in page
    for text in (overview, page):
        assert "<b>" not in text
        assert "| [a](b)" not in text
    assert "<b>" not in html
    assert {path.stem for path in (folder / "pinned" / "figures").iterdir()} == {
        "geometry", "torque"
    }  # fmt: skip
    row = next(row for row in data["torque"] if row["engine"] == "kwant")
    assert f"| normal | kwant | {row['fieldlike']:.10g} | {row['dampinglike']:.10g} |" in page
    assert "Warning" not in page


def test_spin_against_z(data: dict[str, Any]) -> None:
    """Its current on both sides of a junction is that of the ledger, in the JSON of few digits."""
    found = data["against_z"]
    assert {row["engine"] for row in found["profiles"]} == {"continuum", "first-order"}
    row = next(row for row in found["profiles"] if (row["engine"], row["source"]) == ("continuum", "normal"))
    there = next(row for row in data["torque"] if (row["engine"], row["source"]) == ("continuum", "normal"))
    last = max(n for n, name in enumerate(found["region"]) if name == "left half-space")
    for at, key in ((last, "spin_current_minus"), (last + 1, "spin_current_plus")):
        assert found["z"][at] == 0
        np.testing.assert_allclose(row["spin_current"][at], there[key], rtol=0, atol=1e-6)
    assert len(json.dumps(found)) < 60_000
    assert plane.rounded([[12345.678, -1e-9]]) == [[12346.0, 0.0]]


def test_noise_is_no_torque(data: dict[str, Any]) -> None:
    """What its uncertainty or the rounding of a sum could be all of is shown as 0."""
    row = data["torque"][0]
    noise = {"fieldlike": 1e-12, "vector": [1e-12, 1.0, 1.0]}
    efficiency = {"fieldlike": 1e-15, "dampinglike": None, "uncertainty": {"fieldlike": 1e-14}}
    told = {**row, **noise, "efficiency": efficiency, "uncertainty": {**row["uncertainty"], "total": 1e-11}}
    found = pages._certain(told)
    assert (found["fieldlike"], found["vector"]) == (0.0, [0.0, 1.0, 1.0])
    assert found["efficiency"] == {"fieldlike": 0.0, "dampinglike": None}
    assert found["dampinglike"] == row["dampinglike"]
    lines = list(pages._taken(data))
    assert {line["part"] for line in lines} == {"z = 0", HOSTILE, "z = 1.2", "right half-space", WHOLE}


def test_no_torque_at_all(data: dict[str, Any]) -> None:
    """Nothing is told of numbers that are all noise: neither who takes most of it, nor where it is off."""
    loud = [{**row, "uncertainty": {**row["uncertainty"], "total": 1.0}} for row in data["torque"]]
    quiet = {**data, "torque": loud}
    told = list(pages.conclusion(quiet))
    assert told == [f"Source {source}: no torque." for source in ("normal", "majority", "minority")]
    assert "ledger" not in {one.name for one in shown(quiet).pictures}
    assert "ledger" in {one.name for one in shown(data).pictures}
    (torques,) = next(one for one in pages.sections(quiet) if one.id == "torques").blocks
    assert isinstance(torques, Table)
    assert not any(any(row[4:7]) for row in torques.rows if row[0] != "total")
    assert "exerts a torque" in pages.quote(quiet)


def test_bound_states_and_experiments_are_told(data: dict[str, Any]) -> None:
    """What bound states add, by the same engine, and what was measured beside what is computed."""
    (row, total) = ({**data["torque"][-1], "source": "bound"}, data["totals"][-1])
    assert row["engine"] == total["engine"] == data["lattice"]["engine"]
    measured = {"left_out": "computed: alone", "experiments": [{
        "stack": HOSTILE, "quantity": "efficiency", "component": "fieldlike", "low": 0.05, "high": 0.1,
        "sign": "size only", "source": "They", "remark": "so", "computed": -0.0123,
    }]}  # fmt: skip
    more = {**data, "torque": [*data["torque"], row], "measured": measured}
    assert not any("States bound" in words for words in pages.conclusion(data))
    for time, how in ((0, "without it (relaxation.bound = 0)"), (0.5, "with it (relaxation.bound = 0.5)")):
        more["system"] = {**data["system"], "relaxation": {**data["system"]["relaxation"], "bound": time}}
        said = f"all sources {how} is fieldlike {total['fieldlike']:.3g}"
        assert any(said in words for words in pages.conclusion(more))
        assert f"the file says so: it is {time:g}." in render("readme.md", shown(more))
    page = render("readme.md", shown(more))
    assert "| efficiency, fieldlike | 0.05 to 0.1 | -0.0123 | They: so; size only |" in page
    assert "Computed from alone" in page
    assert "What was measured" not in render("readme.md", shown(data))


def test_a_stack_is_not_written_over_a_bare_interface(folder: Path) -> None:
    """Nor the other way round: what differs is named."""
    (folder / "pinned.toml").write_text(PINNED.replace('"pinned"', '"bulk-magnetism"'))
    words = str(report(str(folder / "pinned.toml"), "--output", str(folder)).exception)
    assert "has the report of another system of that name" in words
