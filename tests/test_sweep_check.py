"""A sweep on trial, and what is drawn of it: right numbers pass, seeded faults do not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sweep_cases import plan_for

from sotcheck.engines import matching
from sotcheck.engines.matching import currents, solve
from sotcheck.sweep import judgement, worker
from sotcheck.sweep.judgement import check_sweep
from sotcheck.sweep.runner import sweep
from sotcheck.sweep.summary import sweep_summary
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.theory.first_order import torque_vector
from sotcheck.trial import torque as torques
from sotcheck.trial.check import CheckResult
from sotcheck.trial.torque import torque

if TYPE_CHECKING:
    import xarray as xr

#: No bound state, no embedded one.
PLAIN = Interface(name="tilted", E_F=1.3, U_N=0.2, J=0.4, u_0=0.4, m=(2.0, -1.0, 2.0), h_R=0.05)
Sweep = Callable[..., "xr.Dataset"]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """Return a maker of sweeps, each made once."""
    made: dict[tuple[Any, ...], Any] = {}

    def make(*over: str, engine: str = "continuum", iface: Interface = PLAIN) -> xr.Dataset:
        key = (over, engine, iface)
        if key not in made:
            plan = plan_for(*over, iface=iface, engine=engine)
            made[key] = sweep(plan, tmp_path_factory.mktemp("sweep") / "result.nc")
        found: xr.Dataset = made[key].copy(deep=True)
        return found

    return make


def verdicts(result: CheckResult) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for finding in result:
        found.setdefault(finding.claim, set()).add(finding.verdict)
    return found


LINES = ("h_R=0.02:0.2:5", "E_F=1.1,1.3")


def test_a_good_sweep_agrees(swept: Sweep) -> None:
    """Conserved everywhere, first order along every line of the h_R axis, and Kwant at the spots."""
    result = check_sweep(swept(*LINES), spots=1)
    assert verdicts(result) == {
        claim: {"agrees"} for claim in ("sweep-points", "sweep-ledger", "sweep-eq16", "sweep-engines")
    }
    assert len(result) == 1 + 3 * 3
    assert {f.engine for f in result if f.claim == "sweep-engines"} == {"kwant"}
    assert all("of 2 places" in f.explanation for f in result if f.claim == "sweep-eq16")
    json.loads(result.to_json())


def test_without_an_axis_of_h_R_a_ladder_is_solved(swept: Sweep) -> None:
    result = check_sweep(swept("E_F=1.1,1.3"), spots=1)
    assert verdicts(result)["sweep-eq16"] == {"agrees"}


def test_formulas_are_tried_by_the_continuum(swept: Sweep) -> None:
    dataset = swept("E_F=1.1,1.3", engine="first-order")
    assert verdicts(check_sweep(dataset)) == {
        claim: {"agrees"} for claim in ("sweep-points", "sweep-ledger", "sweep-eq16")
    }
    dataset["vector"][1] *= 1 + 1e-5
    result = check_sweep(dataset)
    assert verdicts(result)["sweep-eq16"] == {"disagrees"}
    assert all("E_F = 1.3" in f.explanation for f in result if f.claim == "sweep-eq16")


@pytest.mark.parametrize(
    ("variable", "place", "claims"),
    [
        # A line along h_R that is not the limit it was: seen without solving anything.
        ("vector", {"E_F": 1, "source": 1}, {"sweep-eq16"}),
        ("spin_current_plus", {"h_R": 3, "E_F": 0, "source": 1}, {"sweep-ledger"}),
        # The very point at which Kwant is asked.
        ("vector", {"h_R": 0, "E_F": 0, "source": 1}, {"sweep-eq16", "sweep-engines"}),
    ],
)
def test_a_fault_of_a_hundredth_of_a_per_cent_is_seen(
    swept: Sweep, variable: str, place: dict[str, int], claims: set[str]
) -> None:
    dataset = swept(*LINES)
    dataset[variable][place] *= 1 + 1e-4
    found = check_sweep(dataset, spots=1)
    assert {finding.claim for finding in found if finding.verdict == "disagrees"} == claims
    assert {finding.source for finding in found if finding.verdict == "disagrees"} == {"majority"}


def off_at_plus_zero(p: Any, into: Any) -> None:
    currents(p, into)
    into[0, 1] *= 1 + 1e-5


def mirrored(k: Any, K_down: Any, K_up: Any, u_0: Any, v: Any) -> Any:
    return solve(k, K_down, K_up, u_0, [v[0], -v[1], v[2]])


def conjugated(torque: Any, m: Any) -> Any:
    return torque_vector(np.conj(torque), m)


@pytest.mark.parametrize(
    ("where", "name", "wrong", "claims"),
    [
        (matching, "currents", off_at_plus_zero, {"sweep-ledger", "sweep-eq16", "sweep-engines"}),
        (matching, "solve", mirrored, {"sweep-ledger", "sweep-eq16", "sweep-engines"}),
        (torques, "torque_vector", conjugated, {"sweep-eq16"}),
    ],
)
def test_wrong_physics_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, wrong: Any, claims: set[str]
) -> None:
    """The exact engine's currents, its Rashba term, or the formula, wrong while the sweep is computed."""
    monkeypatch.setattr(where, name, wrong)
    result = check_sweep(sweep(plan_for(LINES[0], iface=PLAIN), tmp_path / "r.nc"), spots=1)
    assert {f.claim for f in result if f.verdict == "disagrees"} == claims


def test_points_that_failed_are_never_a_pass(swept: Sweep) -> None:
    result = check_sweep(swept("E_F=-5,1.3"), spots=1)
    (finding,) = [f for f in result if f.claim == "sweep-points"]
    assert (finding.expected, finding.measured.value, str(finding.verdict)) == (2, 1, "inconclusive")
    assert result.exit_status == 3


def test_nothing_at_all_is_never_a_pass(swept: Sweep) -> None:
    assert check_sweep(swept("E_F=-5,-4")).exit_status == 3


TRANSPARENT = Interface(name="transparent", E_F=1.0, J=0.0, u_0=0.5, u_m=0.5, m=(2.0, -1.0, 2.0), h_R=0.1)


@pytest.mark.parametrize("over", ["h_R=0.05:0.2:4", "h_R=0.1,0.2"])
def test_no_limit_is_read_off_where_there_is_no_expansion(swept: Sweep, over: str) -> None:
    """A transparent channel: the interpolation in h_R² looks converged, and is wrong."""
    result = check_sweep(swept(over, iface=TRANSPARENT), spots=0)
    assert "disagrees" not in verdicts(result).get("sweep-eq16", set())
    if over == "h_R=0.05:0.2:4":
        assert verdicts(result)["sweep-eq16"] == {"inconclusive"}


def test_no_limit_is_read_off_beyond_the_radius(swept: Sweep) -> None:
    result = check_sweep(swept("h_R=2:8:4"), spots=0)
    assert verdicts(result)["sweep-eq16"] == {"inconclusive"}


EMBEDDED = Interface(name="embedded", E_F=2.5, J=1.0, u_0=-0.3, u_m=-0.95, m=(2.0, -1.0, 2.0), h_R=0.02)


@pytest.mark.parametrize("over", ["h_R=0.005:0.02:4", "U_N=0,0.05"])
def test_what_an_embedded_state_adds_is_told(swept: Sweep, over: str) -> None:
    """First order disagrees for the majority, with the state's torque it agrees, along a line or a ladder."""
    result = check_sweep(swept(over, iface=EMBEDDED), spots=1)
    found = {(f.form, f.source): f for f in result if f.claim == "sweep-eq16"}
    assert found["transcribed", "majority"].verdict == "disagrees"
    assert "interface state lies at E_F" in found["transcribed", "majority"].explanation
    assert {source: found["corrected", source].verdict for source in SOURCES} == dict.fromkeys(
        SOURCES, "agrees"
    )


def test_a_torque_that_symmetry_forbids_agrees(swept: Sweep) -> None:
    """With m along y there is none: zero but for rounding is no doubt."""
    result = check_sweep(swept("h_R=0.02:0.2:4", iface=PLAIN.with_(m=(0.0, 1.0, 0.0))), spots=1)
    assert result.exit_status == 0


def test_steps_that_are_small_by_accident_do_not_mislead(swept: Sweep) -> None:
    """Here the last step of one component is smaller than its error."""
    iface = Interface(
        name="accident", E_F=2.0, U_N=0.8530774414463573, h_R=0.1,
        m=(-0.3351965739266949, 0.7601562085524842, -0.1494235252760479),
    )  # fmt: skip
    assert verdicts(check_sweep(swept("h_R=0.02:0.2:4", iface=iface), spots=0))["sweep-eq16"] == {"agrees"}


# --- summaries and figures ------------------------------------------------------------------------


def test_a_summary_is_the_data(swept: Sweep) -> None:
    """JSON-ready, and each curve is a cut through the arrays, first order beside it."""
    dataset = swept("h_R=0.02:0.2:5", "E_F=-5,1.1,1.3")
    data = json.loads(json.dumps(sweep_summary(dataset), allow_nan=False))
    assert (data["points"], data["failed"]) == (15, 5)
    assert data["errors"][0]["points"] == 5
    assert data["curves"]["name"] == "h_R"
    failed, first, second = data["curves"]["curves"]
    assert failed["exact"]["normal"]["fieldlike"] == [None] * 5
    assert failed["first_order"]["normal"]["fieldlike"] == [None] * 5
    assert (first["at"], second["at"]) == ({"E_F": 1.1}, {"E_F": 1.3})
    for curve, E_F in ((first, 1.1), (second, 1.3)):
        for source, parts in curve["exact"].items():
            for name, values in parts.items():
                assert values == dataset[name].sel(E_F=E_F, source=source).values.tolist()
    row = torque(PLAIN.with_(E_F=1.1), "first-order", h_R=0.2)[0]
    assert first["first_order"]["normal"]["fieldlike"][-1] == pytest.approx(row.fieldlike, rel=1e-5)
    shown = data["map"]
    assert (shown["x_name"], shown["y_name"]) == ("h_R", "E_F")
    assert shown["values"]["majority"]["dampinglike"][2][1] == float(
        dataset["dampinglike"].sel(source="majority").values[2, 1]
    )
    largest = next(e for e in data["extremes"] if (e["source"], e["component"]) == ("majority", "fieldlike"))
    values = dataset["fieldlike"].sel(source="majority")
    assert largest["largest"] == float(values.max())
    assert values.sel(**largest["largest_at"]) == values.max()


def test_a_sweep_without_numbers_has_a_summary(swept: Sweep) -> None:
    data = json.loads(json.dumps(sweep_summary(swept("E_F=-5,-4")), allow_nan=False))
    assert data["failed"] == 2
    assert all(one["largest"] is None for one in data["extremes"])


@pytest.mark.parametrize(
    "over",
    [("h_R=0.02:0.2:5", "E_F=-5,1.1,1.3"), ("m=0,0,1;0,1,0;1,0,0",), ("u_0=0.1:10:3:log", "phi=0:90:3")],
)
def test_figures_are_drawn_from_the_summary(swept: Sweep, over: tuple[str, ...]) -> None:
    from sotcheck.pages.svg import svg
    from sotcheck.pages.sweep import draw_sweep_curves, draw_sweep_map

    data = json.loads(json.dumps(sweep_summary(swept(*over))))
    one, other = svg(draw_sweep_curves, data), svg(draw_sweep_curves, data)
    assert one == other
    assert one.count("<path") > 20
    if data["map"] is None:
        assert len(over) == 1
    else:
        assert "<svg" in svg(draw_sweep_map, data)


@pytest.mark.parametrize("over", ["E_F=0.4,1.3", "U_N=0.5,1.3"])
def test_a_degenerate_point_keeps_no_other_from_being_tried(swept: Sweep, over: str) -> None:
    """E_F = J, U_N = E_F − J and U_N = E_F, where channels open exactly at half of the largest k_⊥²."""
    dataset = swept(over, iface=PLAIN.with_(U_N=0.0, J=0.4))
    result = check_sweep(dataset)
    assert "disagrees" not in {finding.verdict for finding in result}
    assert verdicts(result)["sweep-engines"] == {"agrees"}
    sweep_summary(dataset)


def test_what_cannot_be_tried_is_said_and_takes_no_other_place_with_it(
    swept: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is raised at one place, by the limit or by the other engine."""

    def solved(plan: Any, iface: Interface, *engines: str, **how: Any) -> Any:
        if iface.E_F == 1.1:
            raise np.linalg.LinAlgError("singular")
        return worker.solved(plan, iface, *engines, **how)

    monkeypatch.setattr(judgement, "solved", solved)
    result = check_sweep(swept("E_F=1.1,1.3"))
    for claim in ("sweep-eq16", "sweep-engines"):
        places, *rest = [finding for finding in result if finding.claim == claim]
        assert (places.quantity, places.verdict) == ("places", "inconclusive")
        assert (places.expected, places.measured.value) == (2, 1)
        assert "at E_F = 1.1: LinAlgError: singular" in places.explanation
        assert [finding.verdict for finding in rest] == ["agrees"] * 3
    assert result.exit_status == 3


def test_what_is_plotted_is_what_is_in_the_file(swept: Sweep) -> None:
    """To the last bit, at each place."""
    from sotcheck.pages.sweep import draw_sweep_curves

    dataset = swept("h_R=0.02:0.2:5")
    figure = draw_sweep_curves(sweep_summary(dataset))
    line = figure.axes[0].get_lines()[0]
    assert np.array_equal(line.get_ydata(), dataset["fieldlike"].sel(source="normal"))
