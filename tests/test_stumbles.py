"""What new users stumbled over, and what became of it."""

from __future__ import annotations

import io
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Command
from matplotlib.figure import Figure
from sotcheck_bench import costs

import sotcheck as sc
from sotcheck.beyond.document import BeyondResult, beyond_data
from sotcheck.errors import EngineError
from sotcheck.numerics.crossing import LARGEST
from sotcheck.pages import curves, figures, sweep, trust
from sotcheck.pages.publish import publish
from sotcheck.pages.report import shown
from sotcheck.sweep.summary import counted
from sotcheck.system.units import length_nm, unit_of_key
from sotcheck.trial.reach import naming_layers

REPORTS = Path(__file__).resolve().parent.parent / "reports"


def noisy(size: float) -> dict[str, Any]:
    """Return a torque whose dampinglike part is noise of some size against an uncertainty of 1e-5."""
    known = {"fieldlike": 1e-5, "dampinglike": 1e-5}
    h_R = np.linspace(0.1, 1.0, 9).tolist()
    rows = [
        {"engine": "continuum", "source": "normal", "h_R": h, "fieldlike": h, "dampinglike": size * (-1) ** n,
         "uncertainty": known}
        for n, h in enumerate(h_R)
    ]  # fmt: skip
    return {"system": {"name": "film"}, "axis": "h_R", "torque": rows}


@pytest.mark.parametrize("size", [9e-6, 2e-5])
def test_noise_is_drawn_as_zero(size: float) -> None:
    """In a picture of a torque: zero within its uncertainty is flat, and says so; anything more is seen."""
    fieldlike, dampinglike = curves.torque_curve(noisy(size)).axes
    told = [words.get_text() for axes in (fieldlike, dampinglike) for words in axes.texts]
    flat = np.ptp(dampinglike.get_ylim()) > 100 * size
    assert (told, flat) == ((["zero ± 1e-05"], True) if size < 1e-5 else ([], False))


@pytest.mark.parametrize("uncertainty", [0.0, 2.0])
def test_noise_of_reports_and_sweeps_is_drawn_as_zero(uncertainty: float) -> None:
    """Their curves and maps as well: by the uncertainty that the JSON has."""
    size = 1.0 if uncertainty else 1e-13
    part = {"exact": [0.0, size, -size], "first_order_per_h_R": 0.0, "limits": {}, "error": uncertainty}
    part |= {"first_order_vanishes": True, "kwant": []}
    curve = {"h_R": [0.1, 0.2, 0.3], "sources": {"normal": dict.fromkeys(figures.COMPONENTS, part)},
             "kwant_h_R": [], "bound_from": None}  # fmt: skip
    drawn = figures.torque({"system": {}, "curve": curve, "lattice": {"engine": "kwant"}})
    words = "zero ± 2e+00" if uncertainty else "zero"
    assert [text.get_text() for axes in drawn.axes for text in axes.texts] == [words, words]
    figure, x = Figure(), np.arange(3.0)
    axes = figure.subplots()
    sweep._one_map(figure, axes, x, x, np.full((3, 3), size), uncertainty)
    assert [text.get_text() for text in axes.texts] == [words]
    assert not axes.collections


def test_a_map_of_noise_is_white() -> None:
    """From Python: the title says that it is zero."""
    normal = sc.load("ferromagnetic-insulator").with_(m=(0, 0, 1), E_F=[1.0, 1.1], h_R=[0.1, 0.2])
    ax = sc.torque(normal, "first-order").plot(component="dampinglike", source="normal")
    assert ": zero ± " in ax.get_title()
    assert "source normal" in sc.torque(normal.system, h_R=[0.1, 0.2]).plot(source="normal").get_title()


def test_what_closes_where_is_in_the_legend() -> None:
    """The dotted lines of `plot --what integrand`."""
    from sotcheck.trial.curves import integrand

    drawn = curves.integrand(integrand(sc.load("bulk-magnetism"), ["first-order"]))
    names = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert names == ["first-order", "normal closes", "majority closes", "minority closes"]


def test_a_sweep_that_never_began_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No journal of no point; one with a point stays."""
    from sotcheck.sweep import runner, schedule

    file = tmp_path / "x.nc"

    def refuse(*_: Any) -> Any:
        raise EngineError("no scheduler answers")

    monkeypatch.setattr(runner, "results", refuse)
    with pytest.raises(EngineError):
        sc.sweep("bulk-magnetism", file, over="h_R=0.1,0.2", tolerance=1e-2)
    assert not list(tmp_path.iterdir())

    def one(*given: Any) -> Any:
        yield next(schedule.results(*given))
        raise EngineError("the scheduler has gone; go on with --resume")

    monkeypatch.setattr(runner, "results", one)
    with pytest.raises(EngineError) as caught:
        sc.sweep("bulk-magnetism", file, over="h_R=0.1:1:200", tolerance=1e-2)
    assert [path.name for path in tmp_path.iterdir()] == ["x.nc.partial"]
    assert str(caught.value).endswith("go on with resume=True")


def test_options_go_by_the_name_that_they_have(sotcheck: Command, tmp_path: Path) -> None:
    """Of Python's arguments in Python, of a shell's options in a shell."""
    file = tmp_path / "x.nc"
    file.touch()
    with pytest.raises(sc.SotcheckError, match=r"or choose another output$"):
        sc.sweep("bulk-magnetism", file, over="h_R=0.1,0.2")
    with pytest.raises(sc.SotcheckError, match=r"give over KEY=VALUES or table FILE\.csv$"):
        sc.sweep("bulk-magnetism", tmp_path / "y.nc")
    found = sotcheck("sweep", "bulk-magnetism", "--over", "h_R=0.1,0.2", "--output", str(file))
    assert found.err.endswith("choose another --output\n")


def test_wave_vectors_of_engines_have_their_unit() -> None:
    """An engine knows no unit: of a system in eV its errors say which one they have."""
    words = r"k_perp = 2 \(wave vectors are in multiples of 5.12317 nm\^-1\)$"
    with pytest.raises(EngineError, match=words), naming_layers(sc.load("pt-yig")):
        raise EngineError("no modes at k_perp = 2")
    with pytest.raises(EngineError, match=r"k_perp = 2$"), naming_layers(sc.load("bulk-magnetism")):
        raise EngineError("no modes at k_perp = 2")


def test_limits_of_a_stack_are_of_its_scale() -> None:
    """Where h_R = 0 they do not speak of it."""
    layer = {"thickness": 1.0, "rashba": 0.2}
    stack = sc.load({"name": "film", "fermi_energy": 2.0, "interface": {"rashba": 0.0}, "layer": [layer]})
    limits = sc.trust_limits(stack, 0.9, source="normal", largest=0.5)
    assert set(limits.to_dataframe()["reason"]) == {"not up to scale = 0.5"}


def test_of_several_warnings_the_gravest_is_quoted(tmp_path: Path) -> None:
    """Of bound states the point at which they carry most; of texts alike the first."""
    swept = sc.sweep("bulk-magnetism", tmp_path / "x.nc", over="h_R=0.72:1.6:4", tolerance=1e-3)
    texts = [text for text in swept.to_xarray()["warning"].values.tolist() if text]
    shares = [float(re.findall(r"carry ([-.e\d]+) times", text)[0]) for text in texts]
    assert shares[0] < max(shares)
    (said,) = swept.warnings
    assert said.endswith(texts[int(np.argmax(shares))])
    assert [one["text"] for one in counted(np.array(["a 1", "", "a 2", "b"]))] == ["a 1", "b"]


def test_a_data_frame_is_the_table_of_csv(sotcheck: Command) -> None:
    """The same columns, the same numbers; of a family its axes besides, and the totals."""
    args = [
        "torque",
        "pt-co-alox",
        "--engine",
        "continuum",
        "--tolerance",
        "1e-3",
        "--efficiency",
        "--csv",
        "-",
    ]
    table = pd.read_csv(io.StringIO(sotcheck(*args).out))
    found = sc.torque("pt-co-alox", "continuum", tolerance=1e-3, efficiency=True)
    frame = found.to_dataframe()
    assert list(frame) == list(table)
    rows = frame[frame.source != "total"].drop(columns="scheme")
    pd.testing.assert_frame_equal(rows, table.drop(columns="scheme"), check_dtype=False)
    tilted = sc.load("bulk-magnetism").with_(theta=[30.0, 60.0], h_R=0.1)
    axes = set(sc.torque(tilted, "first-order").to_dataframe()["theta"])
    assert (
        axes
        == set(sc.check(tilted, engine="continuum", tolerance=1e-3).to_dataframe()["theta"])
        == {30.0, 60.0}
    )


def test_a_report_has_all_that_check_finds() -> None:
    """Of a bare interface as well: what is said of the numbers themselves, proofs above all."""
    data = json.loads((REPORTS / "bulk-magnetism" / "report.json").read_text(encoding="utf-8"))
    checked = sc.check("bulk-magnetism").to_dict()
    there, found = ({row["claim"] for row in one["verdicts"]} for one in (data, checked))
    assert there == found >= {"proved", "equations", "file", "rotation", "sum-rule"}


def test_systems_show_themselves_in_a_notebook() -> None:
    """As their files have them, without what is zero; of a family what is varied as well."""
    page = sc.load("pt-co-alox")._repr_html_()
    assert '<th scope="row">layer[1].thickness</th><td>0.6</td>' in page
    assert "interface.barrier" not in page
    page = sc.load("bulk-magnetism").with_(h_R=[0.1, 0.2], m=[(0, 0, 1), (1, 0, 0)])._repr_html_()
    assert '<th scope="row">h_R</th><td>2, from 0.1 to 0.2</td>' in page
    assert "from (0, 0, 1) to (1, 0, 0)" in page


def test_what_is_zero_is_zero_in_a_line() -> None:
    """The total of a torque is told with a result, without its noise, in the unit of the file."""
    found = sc.torque("pt-yig", "continuum", tolerance=1e-4)
    (total,) = found.totals()
    assert total.fieldlike is not None
    assert f"rows; fieldlike {total.fieldlike / length_nm() ** 3:.3g}, dampinglike 0 nm^-3" in repr(found)
    along_y = sc.torque(sc.load("bulk-magnetism").with_(m=(0, 1, 0)), "first-order")
    assert repr(along_y).endswith("rows; undefined>")


def test_layers_are_counted_in_whole_numbers() -> None:
    """On the axis of `sotcheck bench`, however few there are."""
    drawn = costs.figure([costs.Curve(name, "film", [1.0, 2.0], [0.1, 0.2]) for name in costs.WORDS])
    ticks = drawn.axes[list(costs.WORDS).index("layers")].get_xticks()
    assert all(float(tick).is_integer() for tick in ticks)


def test_what_looks_like_a_list_or_a_table() -> None:
    """Families have members by number; a column of a list of rows is told where it is."""
    family = sc.load("bulk-magnetism").with_(h_R=[0.1, 0.2], E_F=[1.2, 1.5, 1.8])
    assert [family[n] for n in (0, 4, -1)] == [one for n, one in enumerate(family) if n in (0, 4, 5)]
    assert (family[4].h_R, family[4].E_F) == (0.2, 1.5)
    with pytest.raises(IndexError):
        family[6]
    with pytest.raises(sc.SotcheckError, match=r"to_dataframe\(\)\['fieldlike'\]"):
        sc.torque("bulk-magnetism", "first-order")["fieldlike"]
    with pytest.raises(AttributeError, match="no attribute 'report'; dir"):
        sc.report  # noqa: B018


@pytest.mark.parametrize(("width", "lines"), [(0.005, 0), (0.3, 1)])
def test_lines_of_a_map_are_of_what_is_wider_than_they_are_smoothed(width: float, lines: int) -> None:
    """A band of a few samples has its colours, and no line that would tell those only."""
    axes, x = Figure().subplots(), (np.arange(trust.CELLS) + 0.5) / trust.CELLS
    across, up = np.meshgrid(x, x)
    band = np.where(abs(up - 0.5) < width / 2, 1.0, -1.0)
    regions: dict[trust.Region, Any] = {("found", 1): band, ("found", -1): -band}
    values: dict[trust.Region, Any] = {("found", 1): np.log10(0.05 + 0.1 * across), ("found", -1): 0 * band}
    trust._draw_limits(axes, x, x, values, regions)
    drawn = [path for one in axes.collections for path in one.get_paths() if np.size(path.vertices)]
    assert bool(drawn) == bool(lines)


def test_limits_of_the_command_and_of_python_are_one(sotcheck: Command) -> None:
    """As far as is looked, and what is warned of: at the limit, not at the system's own h_R."""
    layer = {"thickness": 1.0, "rashba": 0.2}
    film = {"name": "film", "fermi_energy": 2.0, "interface": {"rashba": 0.0}, "layer": [layer]}
    limits, found = (
        sc.trust_limits(film, 0.9),
        BeyondResult(sc.load(film), beyond_data(sc.load(film), limits=[0.9])),
    )
    assert limits.to_dict() == {"limits": found.data["limits"], "warnings": found.warnings}
    assert max(row.h_R or 0.0 for row in limits.rows) > LARGEST
    told = sotcheck("beyond", "pt-co-alox", "--limit", "0.05").err
    assert told == f"sotcheck: warning: pt-co-alox: {sc.trust_limits('pt-co-alox', 0.05).warnings[0]}\n"
    assert "at h_R = 0.335" in told


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: sc.trust_limits("bulk-magnetism", 5), "limit = 5.0 .* from 1e-05 to 1: 0.05 for 5 %$"),
        (lambda: sc.beyond("bulk-magnetism", limit=5), "limit = 5.0 .* from 1e-05 to 1: 0.05 for 5 %$"),
        (lambda: sc.trust_limits("bulk-magnetism", largest=-1), "largest = -1 .* from 0.001 to 1000$"),
        (lambda: sc.torque("bulk-magnetism", h_R=[]), r"h_R = \[\] is not accepted"),
        (lambda: sc.bound_states("bulk-magnetism", [[0.1]]), r"h_R = \[\[0.1\]\] is not accepted"),
        (lambda: sc.torque("bulk-magnetism", progress=True), "progress = True .* tqdm.auto.tqdm$"),  # type: ignore[arg-type]
        (lambda: sc.torque("bulk-magnetism", m=(0, 0, 1)), "'m' .did you mean 'magnetization'"),  # type: ignore[call-arg]
        (lambda: sc.check("bulk-magnetism", E_F=2), "'E_F' .did you mean 'fermi_energy'"),  # type: ignore[call-arg]
    ],
)
def test_what_is_refused_says_what_is_meant(ask: Any, words: str) -> None:
    """Per cent, nothing at all, symbols of systems."""
    with pytest.raises(sc.SotcheckError, match=words):
        ask()


def test_a_row_is_a_line() -> None:
    """Of a table, and of findings: no errors by name, no flows."""
    (row, *_) = sc.torque("bulk-magnetism", "first-order")
    assert "parts=<[" in repr(row) and len(repr(row)) < 350


def test_axes_have_their_unit() -> None:
    """From Python and from a shell alike: that of the file."""
    film = sc.load("pt-co-alox").with_({"layer[1].thickness": [0.5, 0.6]})
    assert sc.torque(film, "first-order").plot().get_xlabel() == "layer[1].thickness (nm)"
    units = {"interface.barrier": "eV nm", "layer[1].exchange": "eV", "E_F": "eV", "interface.rashba": ""}
    assert {key: unit_of_key(key, True) for key in units} == units
    data = noisy(2e-5) | {"axis": "E_F"}
    data["torque"] = [row | {"E_F": row["h_R"]} for row in data["torque"]]
    assert curves.torque_curve(data).axes[-1].get_xlabel() == "$E_{F}$  (wave vector²)"


def test_half_a_complex_column_is_refused(tmp_path: Path) -> None:
    """A real part called r_up would be all of r_up, and r_up_im left out."""
    sc.amplitudes("bulk-magnetism", tmp_path / "a.csv")
    text = (tmp_path / "a.csv").read_text().replace("r_up_re", "r_up")
    (tmp_path / "b.csv").write_text(text)
    with pytest.raises(
        sc.SotcheckError, match="columns r_up and r_up_im; give r_up_re and r_up_im, or r_up alone"
    ):
        sc.torque(amplitudes=tmp_path / "b.csv")


def test_a_new_file_has_one_direction(sotcheck: Command, tmp_path: Path) -> None:
    """Who changes it in [interface], in the file or by an option, turns all: there is no other."""
    file = tmp_path / "film.toml"
    assert sotcheck("new", str(file), "--stack").status == 0
    text = file.read_text(encoding="utf-8")
    text = text.replace("\nmagnetization = [0.0, 0.0,", "\nmagnetization = [1.0, 0.0,")
    for film in (sc.load(tomllib.loads(text)), sc.load(file).with_(m=(1, 0, 1))):
        assert film.m == pytest.approx((0.5**0.5, 0, 0.5**0.5))
        assert {one.direction for one in film.structure.regions if one.exchange} == {film.m}
    own = text.replace("# magnetization = ", "magnetization = ", 1)
    assert sc.load(tomllib.loads(own)).structure.regions[-1].direction == (0, 0, 1)


def test_a_notebook_shows_what_there_is() -> None:
    """Rows with a state, sources that come in, few columns, dots of two components told apart."""
    page = sc.bound_states("bulk-magnetism", h_R=[0.5, 1.2])._repr_html_()
    assert "NaN" not in page and "binding_energy" in page
    page = sc.spin_density("pt-co-alox", z=[0.1])._repr_html_()
    assert "spin_current_z" in page and "majority" not in page and "_error" not in page
    ax = sc.trust_limits("bulk-magnetism", 0.1, accuracy=0.05).plot(source="normal")
    assert len({line.get_color() for line in ax.lines if line.get_marker() == "o"}) == 2


def test_an_unbounded_uncertainty_is_shown(tmp_path: Path) -> None:
    """JSON has null for it: pages have a dash, in tables and in the picture of budgets."""
    data = json.loads((REPORTS / "topological-insulator" / "report.json").read_text(encoding="utf-8"))
    finding = next(row for row in data["verdicts"] if row["budget"])
    unknown = {"name": "next order", "value": None}
    finding |= {"uncertainty": None, "verdict": "inconclusive", "budget": [unknown]}
    page = publish(tmp_path, {"report.json": data}, shown).read_text(encoding="utf-8")
    assert "next order –" in page


def test_bound_states_without_magnetism_carry_no_torque() -> None:
    """Exactly none, where rounding once was no part of the budget: nothing disagrees."""
    bare = sc.load({"name": "bare", "fermi_energy": 1.5, "ferromagnet": {"exchange": 0.0}}).with_(
        h_R=0.2, m=(1, 1, 0)
    )
    (row,) = (row for row in sc.torque(bare, "continuum", tolerance=1e-3) if row.source == "bound")
    assert not row.vector.any() and not row.flows.any()
    assert sc.check(bare, engine="continuum", tolerance=1e-6).verdict == "inconclusive"


def test_what_is_undefined_is_not_drawn_as_zero(sotcheck: Command, tmp_path: Path) -> None:
    """Components of m ∥ ŷ, from Python and by a command; a notebook then has the table alone."""
    along_y = sc.load("bulk-magnetism").with_(m=(0, 1, 0), h_R=[0.1, 0.2])
    found = sc.torque(along_y, "first-order")
    with pytest.raises(sc.SotcheckError, match=r"m is parallel to y, .* is t itself$"):
        found.plot()
    page = found._repr_html_()
    assert "<table" in page and "<img" not in page
    told = sotcheck("plot", "bulk-magnetism", "--magnetization", "0,1,0", "-o", str(tmp_path / "t.svg"))
    assert (told.status, told.err.startswith("sotcheck: m is parallel to y")) == (2, True)
    assert not list(tmp_path.iterdir())
    sc.torque(sc.load("bulk-magnetism").with_(theta=[90.0, 45.0], phi=90.0), "first-order").plot()
