"""Axes, plans and labelled arrays of a sweep: what is asked for is what is there."""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from pydantic import BaseModel
from sweep_cases import TILTED, assembled, plan_for

import sotcheck as sc
from sotcheck.command.sweep import sweep as sweep_command
from sotcheck.errors import EngineError, SotcheckError, SystemFileError
from sotcheck.exact.observables import FLOWS, LATTICE, torque_from_flows
from sotcheck.sweep import worker
from sotcheck.sweep.dataset import complex_torque, open_sweep, plan_of
from sotcheck.sweep.grid import NAMES, SCALARS, accepted_axis, changes, grid, parse_axis, read_table
from sotcheck.sweep.journal import decode, encode
from sotcheck.sweep.layout import to_toml
from sotcheck.sweep.plan import Plan
from sotcheck.sweep.runner import sweep
from sotcheck.sweep.summary import sweep_summary
from sotcheck.sweep.worker import Chunk, compute, floats, is_number
from sotcheck.system.files import KEYS, from_document, load
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.system.model import System
from sotcheck.system.stack import Junction, Layer, Stack
from sotcheck.trial import plain
from sotcheck.trial.torque import torque

# --- axes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("h_R=0.01:1:50", np.linspace(0.01, 1, 50)),
        ("h_R=-1:1:3", [-1, 0, 1]),
        ("u_0=0.1:10:5:log", np.geomspace(0.1, 10, 5)),
        ("u_0=-10:-0.1:3:log", [-10, -1, -0.1]),
        ("E_F=1.5,0.5,2", [1.5, 0.5, 2]),
        ("E_F=1.5", [1.5]),
    ],
)
def test_values_are_as_written(text: str, values: list[float]) -> None:
    axis = parse_axis(TILTED, text)
    (found,) = axis.columns.values()
    assert found == pytest.approx(values, rel=1e-14)
    # Both ends to the last digit: they are what is asked for by label.
    assert (found[0], found[-1]) == (values[0], values[-1])


@pytest.mark.parametrize(("key", "attribute"), [pair for pair in KEYS.items() if pair[1] in SCALARS])
def test_every_number_of_the_system_file_can_be_swept(key: str, attribute: str) -> None:
    """By its path, its symbol, the last part of the path where that is unique; it changes nothing else."""
    last = {"E_F": "fermi_energy", "u_0": "barrier", "h_R": "rashba", "tau_up": "majority"}
    for name in (key, attribute, last.get(attribute, attribute)):
        axis = parse_axis(TILTED, f"{name}=0.75,0.8")
        assert axis.name == attribute
        changed = TILTED.with_(**changes(TILTED, axis.at(1)))
        differing = {n for n in Interface.model_fields if getattr(changed, n) != getattr(TILTED, n)}
        assert differing == {attribute}
        assert getattr(changed, attribute) == 0.8


EV = Interface(name="ev", E_F=7.0, u_0=5.0, h_R=0.05, unit="eV")
LAYER = Layer(thickness=0.9, exchange=0.6, rashba=0.1)
LAYERED = Stack(name="layered", E_F=5.0, U_F=20.0, J=0.0, unit="eV", layers=(LAYER,))


@pytest.mark.parametrize(
    ("system", "text", "name"),
    [
        (EV, "barrier=0.1", "interface.barrier"),
        (EV, "u_0=0.1", "u_0"),
        (LAYERED, "layer[1].thickness=0.2", "layer[1].thickness"),
        (LAYERED, "ferromagnet.mass=0.5", "mass_F"),
    ],
)
def test_keys_are_in_the_units_of_the_file(system: System, text: str, name: str, tmp_path: Path) -> None:
    """Attributes are not; what a sweep keeps is the torque of that system, in the unit of its JSON."""
    plan = plan_for(text, iface=system, tolerance=1e-3)
    assert plan.dims == (name,)
    key, value = text.split("=")
    there = key if "." in key or name == key else SCALARS[NAMES[key]]
    chosen = system.with_({there: float(value)})
    assert plan.interface(plan.point(0)).structure == chosen.structure != system.structure
    data = assembled(plan, [compute(plan, plan.points([0]))], tmp_path / "r.nc")
    wanted = torque(chosen, "continuum", tolerance=1e-3).to_dict()["torque"]
    assert data["vector"].values[0].tolist() == [row["vector"] for row in wanted if row["source"] != "bound"]
    assert data["vector"].attrs["units"] == "nm^-3"
    ((drawn,),) = (
        one["first_order"]["normal"]["fieldlike"] for one in sweep_summary(data)["curves"]["curves"]
    )
    formula = torque(chosen, "first-order", tolerance=1e-3).to_dict()["torque"][0]["fieldlike"]
    assert drawn == pytest.approx(formula, rel=1e-2, abs=1e-4)
    assert from_document(tomllib.loads(data.attrs["system"]), "there") == plan.iface


@pytest.mark.parametrize(
    ("system", "text", "words"),
    [
        (LAYERED, "layer[2].thickness=1", "layer[2].thickness: it has 1 layer, counted from 1"),
        (LAYERED, "layer[1].thickness=-1", "layer[1].thickness = -1.0 is not accepted; expected"),
        (LAYERED, "layer[1].width=1", "unknown key 'layer[1].width'"),
        (EV, "layer[1].thickness=1", "unknown key 'layer[1].thickness'"),
        (EV, "mass_N=1", "unknown key 'mass_N'"),
    ],
)  # fmt: skip
def test_keys_of_layers_are_refused_by_name(system: System, text: str, words: str) -> None:
    with pytest.raises(SystemFileError, match=re.escape(words)):
        parse_axis(system, text)


@pytest.mark.parametrize("name", ["magnetization", "interface.magnetization", "m"])
def test_directions_are_normalised(name: str) -> None:
    axis = parse_axis(TILTED, f"{name}=0,0,5;3,0,4")
    assert axis.name == "m"
    assert axis.at(0) == {"m_x": 0, "m_y": 0, "m_z": 1}
    assert TILTED.with_(**changes(TILTED, axis.at(1))).m == pytest.approx((0.6, 0, 0.8), rel=1e-15)


def test_angles_are_degrees_from_z_and_x() -> None:
    """One angle alone leaves the other as the system has it."""
    assert changes(TILTED, {"theta": 90.0, "phi": 90.0})["m"] == pytest.approx((0, 1, 0), abs=1e-15)
    x, y, z = TILTED.m
    own = {"theta": np.degrees(np.arccos(z)), "phi": np.degrees(np.arctan2(y, x))}
    for alone in own:
        assert changes(TILTED, {alone: own[alone]})["m"] == pytest.approx(TILTED.m, rel=1e-14)
    assert changes(TILTED, {"theta": 0.0})["m"] == pytest.approx((0, 0, 1), abs=1e-15)


REFUSED = """
h_R | expected KEY=VALUES
h_r=1,2 | did you mean 'h_R'
exchange=1,2 | 'ferromagnet.exchange' or 'interface.exchange'
name=1,2 | unknown key 'name'
h_R= | not a list of numbers
h_R=a,b | not a list of numbers
h_R=0:nan:3 | not finite
h_R=0:inf:3 | not finite
h_R=0:1 | no range
h_R=0:1:3:lin | no range
h_R=0:1:0 | count = '0'
h_R=0:1:1 | count = '1'
h_R=0:1:2.5 | count = '2.5'
h_R=0:1:-5 | count = '-5'
h_R=0:1:5:log | one sign
h_R=-1:1:5:log | one sign
h_R=1,2,1 | 1.0 is there twice
h_R=1:1:2 | is there twice
m=0,0,1;0,0,2 | is there twice
m=0,0 | no direction
m=0,0,0;0,0,1 | m = (0.0, 0.0, 0.0) is not accepted
J=-1:1:3 | J = -1.0 is not accepted
h_R=0,1e70 | h_R = 1e+70 is not accepted
"""
#: Lines of a table, ended by /.
REFUSED_TABLES = """
 | a row of keys
h_R/ | at least one row
h_R,h_RR/1,2/ | did you mean 'h_R'
h_R,rashba/1,2/ | h_R is there twice
h_R,J/1/ | line 2: 1 cells
h_R,J/1,2/1,x/ | line 3
h_R,J/1,/ | line 2
m_x,m_y/1,2/ | m_z is missing
m/1/ | unknown key 'm'
J/-1/ | J = -1.0 is not accepted
"""


@pytest.mark.parametrize("model", [Interface, Stack, Layer, Junction], ids=lambda model: model.__name__)
def test_what_a_number_accepts_is_an_interval(model: type[BaseModel]) -> None:
    """So that of an axis its smallest and its largest value speak for all between."""
    assert not model.__pydantic_decorators__.field_validators
    numbers = {name: field for name, field in model.model_fields.items() if field.annotation is float}
    assert len(numbers) > 2
    for field in numbers.values():
        assert {type(one).__name__ for one in field.metadata} <= {"BeforeValidator", "Ge", "Gt", "Le"}


@pytest.mark.parametrize("place", [0, 500, 999])
@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf, 1e70])
def test_one_bad_value_of_a_thousand_is_refused(place: int, value: float) -> None:
    """Wherever it is, before anything is computed, and by its name; of a direction too."""
    values = np.linspace(0.5, 1.0, 1000)
    values[place] = value
    with pytest.raises(SystemFileError, match=re.escape(f"J = {value!r}")):
        accepted_axis(TILTED, "J", {"J": values}, "here: ")
    m = {name: np.ones(1000) for name in ("m_x", "m_y", "m_z")}
    assert len(accepted_axis(TILTED, "m", m, "here: ")) == 1000
    for column in m.values():
        column[place] = 0.0
    with pytest.raises(SystemFileError, match=r"m = \(0\.0, 0\.0, 0\.0\) is not accepted"):
        accepted_axis(TILTED, "m", m, "here: ")


def rows(text: str) -> list[list[str]]:
    return [line.split(" | ") for line in text.strip("\n").splitlines()]


@pytest.mark.parametrize(("text", "words"), rows(REFUSED))
def test_an_unacceptable_axis_is_refused(text: str, words: str) -> None:
    with pytest.raises(SystemFileError, match=f"--over.*{re.escape(words)}"):
        parse_axis(TILTED, text)


def test_a_table_is_one_dimension(tmp_path: Path) -> None:
    table = tmp_path / "points.csv"
    table.write_text(
        "\ufefffermi_energy, interface.rashba,m_x,m_y,m_z\n1.5,0.1,0,0,2\n\n2,0.2,3,0,4\n", "utf-8"
    )
    axis = read_table(TILTED, table)
    assert (axis.name, len(axis)) == ("point", 2)
    assert axis.at(1) == pytest.approx({"E_F": 2, "h_R": 0.2, "m_x": 0.6, "m_y": 0, "m_z": 0.8})


@pytest.mark.parametrize(("text", "words"), rows(REFUSED_TABLES))
def test_an_unacceptable_table_is_refused(tmp_path: Path, text: str, words: str) -> None:
    table = tmp_path / "points.csv"
    with pytest.raises(SystemFileError, match=r"points\.csv"):
        read_table(TILTED, table)
    table.write_text(text.replace("/", "\n"), encoding="utf-8")
    with pytest.raises(SystemFileError, match=re.escape(words)):
        read_table(TILTED, table)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([], "nothing to sweep"),
        (["h_R=1,2", "rashba=3,4"], "h_R is swept twice"),
        (["m=0,0,1", "theta=0,10"], "give one of them"),
        (["h_R=0:1:10000", "u_0=0:1:10000"], "too many"),
    ],
)
def test_axes_that_do_not_go_together_are_refused(texts: list[str], words: str) -> None:
    with pytest.raises(SystemFileError, match=words):
        grid([parse_axis(TILTED, text) for text in texts])


# --- plans ----------------------------------------------------------------------------------------


def test_the_last_axis_runs_fastest() -> None:
    assert plan_for("theta=0,90", "phi=0:360:4").shape == (2, 4)
    plan = plan_for("h_R=0.1,0.2", "E_F=1,2,3")
    assert [tuple(plan.point(i).values()) for i in (0, 1, 3, 5)] == [(0.1, 1), (0.1, 2), (0.2, 1), (0.2, 3)]


def test_a_plan_survives_json() -> None:
    plan = plan_for("h_R=0.1:0.7:7", "m=1,2,3;0,0,1", engine="kwant", spacing=0.3)
    tables = json.loads(json.dumps(plan.to_dict()))
    assert Plan.from_dict(tables, plan.axes) == plan
    assert plan.differences(tables) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"iface": TILTED.with_(u_0=0.5)}, "system.interface.barrier: 0.4 then, 0.5 now"),
        ({"iface": TILTED.with_(title="x")}, "system.title: '' then, 'x' now"),
        ({"engine": "kwant"}, "engine: 'continuum' then, 'kwant' now"),
        ({"tolerance": 1e-8}, "tolerance: 1e-09 then, 1e-08 now"),
        ({"over": "h_R=0.1:0.8:7"}, "axis h_R.last: 0.7 then, 0.8 now"),
        ({"over": "h_R=0.1:0.7:8"}, "axis h_R.count: 7 then, 8 now"),
        ({"over": "u_0=0.1,0.2"}, "axes: ['h_R'] then, ['u_0'] now"),
    ],
)
def test_differences_are_named(change: dict[str, Any], words: str) -> None:
    settings = {"over": "h_R=0.1:0.7:7", **change}
    earlier = plan_for("h_R=0.1:0.7:7").to_dict()
    assert words in plan_for(settings.pop("over"), **settings).differences(earlier)


def test_another_value_in_the_middle_is_a_difference() -> None:
    """However little it differs, and however many there are."""
    values = np.linspace(0.1, 0.7, 1000)
    before = plan_for(f"h_R={','.join(map(repr, values.tolist()))}").to_dict()
    values[500] = np.nextafter(values[500], 1)
    (line,) = plan_for(f"h_R={','.join(map(repr, values.tolist()))}").differences(before)
    assert line.startswith("axis h_R.sha256: ")


def test_another_version_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    before = plan_for("h_R=1,2")
    newer = {**before.versions, "numpy": "9.9"}
    for now, words in (
        (replace(before, versions=newer), "numpy 9.9"),
        (replace(before, sources="0" * 16), "sources"),
    ):
        (line,) = now.differences(before.to_dict())
        assert line.removeprefix("versions.").startswith(words.split()[0])
        with pytest.raises(EngineError, match=re.escape(words)):
            compute(now, now.points([0]))


def test_settings_that_do_not_matter_are_no_difference() -> None:
    """A scheme is nothing to the continuum, nor is the command by which it was asked for."""
    earlier = plan_for("h_R=1,2", command="x").to_dict()
    assert plan_for("h_R=1,2", scheme="finite-difference").differences(earlier) == []


@pytest.mark.parametrize(
    "settings",
    [{"engine": "contiuum"}, {"tolerance": 1.0}, {"spacing": -1.0}, {"spacing": 0.1}, {"scheme": "x"}],
)
def test_unacceptable_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(EngineError):
        plan_for("h_R=1,2", **settings)


def test_the_system_is_written_as_a_system_file() -> None:
    odd = TILTED.with_(title='quotes " and \\, µ', u_0=1e-20)
    assert from_document(tomllib.loads(to_toml(odd)), "written") == odd


# --- numbers --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A sweep with points that fail, and one at which the components are undefined."""
    path = tmp_path_factory.mktemp("sweep") / "result.nc"
    plan = plan_for("E_F=-2,1.1,1.3", "h_R=0,0.1", "m=2,-1,2;0,1,0", command="a command")
    return SimpleNamespace(plan=plan, path=path, dataset=sweep(plan, path))


def test_every_number_is_that_of_torque(swept: Any) -> None:
    """Bit for bit, at every point, by label."""
    directions = enumerate([(2.0, -1.0, 2.0), (0.0, 1.0, 0.0)])
    for E_F, h, (place, m) in itertools.product((1.1, 1.3), (0.0, 0.1), directions):
        for row in torque(TILTED.with_(E_F=E_F, h_R=h, m=m), "continuum"):
            found = swept.dataset.sel(E_F=E_F, h_R=h, source=row.source).isel(m=place)
            assert np.array_equal(found["vector"], row.vector)
            assert np.array_equal([found[name] for name in FLOWS], row.flows)
            expected = [np.nan if c is None else c for c in (row.fieldlike, row.dampinglike)]
            assert np.array_equal([found["fieldlike"], found["dampinglike"]], expected, equal_nan=True)
            assert found["uncertainty"].sel(term="total") == row.t.total


def test_totals_are_weighted_with_the_relaxation_times_of_each_point(tmp_path: Path) -> None:
    plan = plan_for("h_R=0.05,0.1", "tau_N=1,3", "relaxation.minority=0.5,2,7")
    dataset = sweep(plan, tmp_path / "tau.nc")
    for h, tau_N, tau_down in itertools.product((0.05, 0.1), (1.0, 3.0), (0.5, 2.0, 7.0)):
        iface = TILTED.with_(h_R=h, tau_N=tau_N, tau_down=tau_down)
        (total,) = torque(iface, "continuum").totals()
        found = dataset.sel(h_R=h, tau_N=tau_N, tau_down=tau_down)
        np.testing.assert_allclose(found["total_vector"], total.vector, rtol=1e-13)
        assert float(found["total_fieldlike"]) == pytest.approx(total.fieldlike, rel=1e-13)
        assert float(found["total_dampinglike"]) == pytest.approx(total.dampinglike, rel=1e-11)


def test_bound_states_are_kept_apart(tmp_path: Path) -> None:
    """Their torque and its error where they lie at E_F, NaN elsewhere; totals have their relaxation time."""
    data = sweep(plan_for("h_R=0.05,1.7,2.5", "tau_bound=0,0.5"), tmp_path / "bound.nc")
    table = torque(TILTED.with_(tau_bound=0.5), "continuum", h_R=[0.05, 1.7, 2.5])
    (row,) = (row for row in table if row.source == "bound")
    found = data.sel(h_R=row.h_R, tau_bound=0.5)
    np.testing.assert_array_equal(found["bound_vector"], row.vector)
    np.testing.assert_array_equal(found["bound_lattice"], row.flows[LATTICE])
    assert found["bound_uncertainty"].sel(term="total") == row.t.total
    assert np.isnan(data["bound_vector"].sel(h_R=[0.05, 2.5])).all()
    for total in table.totals():
        at = data["total_vector"].sel(h_R=total.h_R)
        np.testing.assert_allclose(at.sel(tau_bound=0.5), total.vector, rtol=1e-12)
        assert np.isfinite(at).all()
    warned = data["warning"].values.ravel().tolist()[::2]
    assert ["bound to the interface" in text for text in warned] == [False, True, False]
    assert ["no ground state" in text for text in warned] == [False, False, True]


def test_failed_points_say_why_and_the_rest_is_there(swept: Any) -> None:
    data = swept.dataset
    assert all("no propagating state" in text for text in data["error"].sel(E_F=-2.0).values.ravel())
    assert np.isnan(data["vector"].sel(E_F=-2.0)).all()
    assert (data["error"].sel(E_F=[1.1, 1.3]) == "").all()
    assert np.isfinite(data["vector"].sel(E_F=[1.1, 1.3])).all()
    assert list(data["source"].values) == list(SOURCES)


def test_what_is_read_is_what_was_computed(swept: Any, tmp_path: Path) -> None:
    plan = plan_of(swept.dataset)
    assert plan == swept.plan
    chunk = compute(plan, plan.points(range(plan.size)))
    again = assembled(plan, [chunk], tmp_path / "again.nc")
    for name in ("vector", "uncertainty", "fieldlike"):
        assert np.array_equal(again[name][1:], swept.dataset[name][1:], equal_nan=True)


def test_a_name_that_is_no_text_costs_no_sweep(tmp_path: Path) -> None:
    """A table's name may be any bytes, which Python keeps as lone surrogates; HDF5 takes text without NUL."""
    plan = plan_for("h_R=0.1,0.2", command="sotcheck sweep --table \udcff.csv\0")
    assert sweep(plan, tmp_path / "r.nc").attrs["command"] == "sotcheck sweep --table \\udcff.csv\\0"
    assert plan_of(open_sweep(tmp_path / "r.nc")) == plan


def test_a_file_explains_itself(swept: Any, tmp_path: Path) -> None:
    attributes = swept.dataset.attrs
    assert attributes["command"] == "a command"
    assert "wave vector^3" in attributes["units"]
    assert json.loads(attributes["plan"])["versions"]["numpy"] == np.__version__
    system = tmp_path / "system.toml"
    system.write_text(attributes["system"], encoding="utf-8")
    assert load(system) == TILTED


def test_conservation_holds_at_every_point(swept: Any) -> None:
    data = swept.dataset.sel(E_F=[1.1, 1.3])
    plus = data["spin_current_minus"] + data["lattice"] - data["interface"]
    assert abs(plus - data["spin_current_plus"]).max() < 1e-14
    flows = np.stack([data[name].isel(m=0) for name in FLOWS], axis=-2)
    assert torque_from_flows(flows, TILTED.direction) == pytest.approx(
        data["vector"].isel(m=0).values, abs=1e-15
    )


def test_complex_torques_are_pairs(swept: Any) -> None:
    found = complex_torque(swept.dataset)
    assert found.dims == ("E_F", "h_R", "m", "source")
    one = found.sel(E_F=1.1, h_R=0.1, source="normal")[0].item()
    assert one.real == swept.dataset["fieldlike"].sel(E_F=1.1, h_R=0.1, source="normal")[0].item()
    assert one.imag != 0


def test_no_digit_depends_on_chunks_or_arrival(rng: np.random.Generator, tmp_path: Path) -> None:
    """Points computed one by one, backwards or together, alone or after others: the same bytes."""
    plan = plan_for("h_R=0.1:0.4:4", "theta=10:80:3")
    together = compute(plan, plan.points(range(12)))
    order = rng.permutation(12).tolist()
    alone = [compute(plan, plan.points([i])) for i in order]
    one, other = tmp_path / "one.nc", tmp_path / "other.nc"
    assert assembled(plan, [together], one).identical(assembled(plan, alone, other))
    assert one.read_bytes() == other.read_bytes()
    for chunk in alone:
        record = decode(encode(chunk.to_record()))
        assert record is not None
        read = Chunk.from_record(record, 12)
        assert read.values.tobytes() == chunk.values.tobytes()


@pytest.mark.parametrize("engine", ["first-order", "kwant"])
def test_other_engines_sweep_too(engine: str, tmp_path: Path) -> None:
    iface = load("topological-insulator")
    plan = plan_for("h_R=0.1,0.2", iface=iface, engine=engine)
    dataset = sweep(plan, tmp_path / "result.nc")
    expected = torque(iface, engine, h_R=0.2)
    assert np.array_equal(dataset["vector"].sel(h_R=0.2), [row.vector for row in expected])
    assert plan.scheme == ("exact-difference" if engine == "kwant" else None)


def test_a_crash_of_an_engine_is_the_points_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever an engine raises at one point is recorded there."""

    def torque_or_not(iface: Interface, *args: Any, **settings: Any) -> Any:
        if iface.h_R == 0.2:
            raise ZeroDivisionError("a pole")
        return torque(iface, *args, **settings)

    def none_at_once(*_: Any) -> Any:
        raise ZeroDivisionError("a pole")

    monkeypatch.setattr(worker, "torque", torque_or_not)
    monkeypatch.setattr(plain, "torques", none_at_once)
    plan = plan_for("h_R=0.1,0.2,0.3")
    chunk = compute(plan, plan.points(range(3)))
    assert chunk.errors == ["", "ZeroDivisionError: a pole", ""]
    assert is_number(chunk.values[[0, 2]])
    assert np.isnan(floats(chunk.values)[1]).all()


def test_workers_keep_to_one_blas_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    from threadpoolctl import threadpool_info, threadpool_limits

    seen: list[int] = []

    def spying(*args: Any) -> Any:
        seen.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        return torques(*args)

    torques = plain.torques
    monkeypatch.setattr(plain, "torques", spying)
    plan = plan_for("h_R=0.1,0.2")
    with threadpool_limits(limits=2):
        compute(plan, plan.points([0]))
    assert seen
    assert set(seen) == {1}


# --- files that are none --------------------------------------------------------------------------


def test_other_files_are_refused(tmp_path: Path) -> None:
    import xarray as xr

    with pytest.raises(SystemFileError, match="no such file"):
        open_sweep(tmp_path / "nothing.nc")
    (tmp_path / "text.nc").write_text("text", encoding="utf-8")
    with pytest.raises(SystemFileError, match="not a NetCDF file"):
        open_sweep(tmp_path / "text.nc")
    xr.Dataset({"a": ("x", [1.0])}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(SystemFileError, match="no result of"):
        open_sweep(tmp_path / "other.nc")


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str) -> Any:
        return CliRunner().invoke(sweep_command, ["bulk-magnetism", *arguments])

    return invoke


def test_points_are_warned_of(run: Callable[..., Any], tmp_path: Path) -> None:
    """By the command, by what Python has, and by the file, each kind once."""
    done = run("--over", "h_R=0.1,0.9,1.2", "--engine", "first-order", "-o", "out.nc")
    (said,) = sc.open_sweep(tmp_path / "out.nc").warnings
    assert said.startswith("2 points, such as: at h_R = 0.9 ")
    assert f"Warning: {said}" in done.stdout
    limits = sc.trust_limits("bulk-magnetism", limit=0.5)
    assert all(f"Warning: {one}" in str(limits) for one in limits.warnings)
    assert limits.warnings


def test_the_command_writes_what_was_asked_for(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("E_F,u_0\n1.5,0\n1.6,0.1\n", encoding="utf-8")
    done = run("--table", "t.csv", "--over", "h_R=0.1,0.2", "--workers", "1", "-o", "out.nc")
    assert (done.exit_code, done.stdout) == (0, "4 points written to out.nc\n")
    dataset = open_sweep(tmp_path / "out.nc")
    assert dataset["vector"].dims == ("point", "h_R", "source", "spin")
    assert dataset.attrs["command"] == (
        "sotcheck sweep bulk-magnetism --over h_R=0.1,0.2 --table t.csv --engine continuum --tolerance 1e-09"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.nc", "t.csv"]


def test_the_command_says_that_points_failed(run: Callable[..., Any]) -> None:
    done = run("--over", "E_F=-3,1.5", "--workers", "1", "-o", "out.nc")
    assert done.exit_code == 3
    assert "1 of them failed" in done.stdout
    assert "no propagating state" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-o", "out.nc"), "nothing to sweep"),
        (("--over", "h_R=1,2", "-o", "no/such/out.nc"), "folder does not exist"),
        (("--over", "h_R=1,2", "-o", "out.txt"), "must end in .nc"),
        (("--over", "h_R=1,2", "-o", "out.nc", "--executor", "slurm"), "choose from processes, dask"),
        (("--over", "h_R=1,2", "-o", "out.nc", "--executor", "mpi"), "mpi"),
    ],
)
def test_bad_usage_is_refused_before_the_work(
    run: Callable[..., Any], tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = run(*arguments)
    assert isinstance(done.exception, SotcheckError) or done.exit_code == 2
    assert words in done.output + str(done.exception)
    assert list(tmp_path.iterdir()) == []
