"""Results in Python: the same numbers as rows, arrays, tables and pictures, of one system and of families."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes

import sotcheck as sc
from sotcheck.api.limits import Beyond
from sotcheck.beyond.document import BeyondResult
from sotcheck.beyond.limits import trust_limits
from sotcheck.beyond.orders import coefficient_rows
from sotcheck.bound.spin_density import bound_share
from sotcheck.numerics.quadrature import gauss
from sotcheck.system.units import length_nm
from sotcheck.theory.all_orders import torque_orders
from sotcheck.theory.symbols import Symbols
from sotcheck.trial import resolved
from sotcheck.trial.paper import load as load_paper
from sotcheck.trial.si import efficiency

BULK, INTERFACE = (sc.load(name) for name in ("bulk-magnetism", "interface-magnetism"))
FAST: Any = {"tolerance": 1e-6}


def beyond_of_first_orders() -> Beyond:
    """What takes seconds, of a series of three orders."""
    rows = coefficient_rows(BULK, torque_orders(BULK, 5), {})
    orders = {"radius": 0.7048, "coefficients": rows}
    return Beyond(BULK.name, None, [BeyondResult(BULK, {"orders": orders})])


def sweep_to(folder: Path) -> Any:
    return sc.sweep(BULK.with_(h_R=[0.1, 0.2, 0.3]), folder / "result.nc", **FAST)


RESULTS: dict[str, Callable[[Path], Any]] = {
    "torque": lambda _: sc.torque(BULK, "first-order,continuum", **FAST),
    "torque against h_R": lambda _: sc.torque(BULK, "continuum", h_R=[0.1, 0.2], **FAST),
    "map": lambda _: sc.torque(BULK.with_(theta=[0, 90], h_R=[0.1, 0.2]), "first-order", **FAST),
    "spin density": lambda _: sc.spin_density("pt-co-alox", points=12, tolerance=1e-2),
    "spin currents": lambda _: sc.spin_currents(BULK, by="k_perp", k_perp=[0.3, 0.6, 1.4]),
    "resolved in angle": lambda _: sc.spin_currents(BULK, by="angle", k_perp=[0.3, 0.6, 1.4]),
    "trust limits": lambda _: sc.trust_limits(INTERFACE, [0.05, 0.1], source="normal", accuracy=0.02),
    "check": lambda _: sc.check("pt-yig", engine="continuum", **FAST),
    "amplitudes": lambda _: sc.amplitudes(BULK, points=20),
    "bound in a stack": lambda _: sc.bound_states("pt-co-alox", k_perp=[2.0, 13.0]),
    "beyond": lambda _: beyond_of_first_orders(),
    "sweep": sweep_to,
}


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_shows_itself(name: str, tmp_path: Path) -> None:
    """As arrays, as a table without empty rows, as a picture in given axes, in a line, and in a notebook."""
    result = RESULTS[name](tmp_path)
    data, frame = result.to_xarray(), result.to_dataframe()
    assert isinstance(data, xr.Dataset)
    assert len(frame)
    ax: Axes = plt.figure().subplots()
    assert result.plot(ax) is ax
    assert all(text for text in (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()))
    assert ax.has_data()
    plt.close("all")
    assert repr(result).startswith(f"<{type(result).__name__} of ")
    assert len(repr(result)) < 120
    assert re.search(r"\d", repr(result).partition(": ")[2])


def test_in_a_notebook() -> None:
    """A table, a picture, what to be warned of; without axes a figure of its own."""
    result = sc.torque(BULK, "first-order", h_R=[1.0, 1.2], **FAST)
    page = result._repr_html_()
    assert page.count('<img alt="') == page.count("<table") == 1
    assert "Warning: at h_R = 1.2 states bound to the interface lie at E_F" in page
    assert result.plot().figure is not result.plot().figure
    plt.close("all")


def test_arrays_are_the_rows() -> None:
    """Of a family, and of an h_R that is asked for; in nm of a system in eV; complex where it is wanted."""
    result = sc.torque(BULK.with_(theta=[10.0, 80.0], h_R=[0.1, 0.2]), "first-order,continuum", **FAST)
    data = result.to_xarray()
    assert data["fieldlike"].dims == ("theta", "h_R", "engine", "source")
    row = sc.torque(BULK.with_(theta=80, h_R=0.1), "continuum", **FAST)[1]
    one = data.sel(theta=80, h_R=0.1, engine="continuum", source=row.source)
    assert one["vector"].values.tolist() == row.vector.tolist()
    assert float(one["fieldlike_error"]) == row.parts.error[0]
    at = {"theta": 80, "h_R": 0.1, "engine": "continuum", "source": row.source}
    assert result.complex.sel(at) == complex(row.fieldlike, row.dampinglike)
    frame = result.to_dataframe()
    assert len(frame) == 2 * 2 * 2 * 4
    assert frame.set_index(list(at))["fieldlike"][tuple(at.values())] == row.fieldlike
    three = data["fieldlike"].sel(at | {"source": ["normal", "majority", "minority"]})
    assert float(three.sum()) == pytest.approx(float(data["fieldlike"].sel(at | {"source": "total"})))
    film = sc.torque("pt-co-alox", "continuum", scale=[1.0, 2.0], efficiency=True, **FAST).to_xarray()
    row = sc.torque("pt-co-alox", "continuum", scale=2, **FAST)[0]
    found = film.sel(scale=2, engine="continuum", source="normal")
    assert float(found["fieldlike"]) == pytest.approx(row.fieldlike / length_nm() ** 3, rel=1e-12)
    assert found["fieldlike"].attrs["units"] == "nm^-3"
    ratio = efficiency(sc.load("pt-co-alox"), row)
    assert ratio is not None
    assert float(found["efficiency_fieldlike"]) == pytest.approx(ratio.value[0], rel=1e-12)


def test_directions_along_a_dimension() -> None:
    """Those of m are its components; a fieldlike torque turns with it."""
    data = sc.torque(BULK.with_(m=[(0, 0, 1), (1, 0, 0)]), "first-order", **FAST).to_xarray()
    assert data["m_x"].values.tolist() == [0, 1]
    normal = data.sel(source="normal", engine="first-order")
    assert normal["vector"].sel(spin="x")[0] == pytest.approx(-float(normal["fieldlike"][0]), rel=1e-12)
    assert normal["vector"].sel(spin="z")[1] == pytest.approx(float(normal["fieldlike"][1]), rel=1e-12)


def test_shares_of_bound_states() -> None:
    """Of the torque, as the warning has it; none where there are none."""
    share = sc.bound_states(BULK, [0.5, 1.2]).share
    assert float(share.sel(h_R=0.5)) == 0
    assert float(share.sel(h_R=1.2)) == pytest.approx(bound_share(BULK, 1.2), rel=0.02)
    assert sc.torque(BULK, "first-order", **FAST).bound_share.item() == 0
    family = sc.bound_states(BULK.with_(h_R=[0.5, 1.2]))
    assert family.share.values == pytest.approx(share.values, abs=1e-12)
    assert family.to_xarray()["count"].dims == ("h_R", "k_perp", "angle")
    ax = sc.bound_states(BULK, [0.5, 1.2]).plot(what="share")
    assert ax.lines[0].get_ydata() == pytest.approx(share.values)
    with pytest.raises(sc.SotcheckError, match="unknown quantity 'shares'"):
        family.plot(what="shares")
    plt.close("all")


@pytest.mark.parametrize("system", [INTERFACE, "pt-yig"])
def test_resolved_spin_currents_add_up(system: Any) -> None:
    """To those of `torque` at z = ±0, exact and to first order, with what is added and taken between them."""
    one = sc.load(system) if isinstance(system, str) else system
    x, weights = (array.ravel() for array in gauss(one.thresholds(), 60))
    length, order = length_nm() if one.unit else 1.0, np.argsort(x)
    k = np.sqrt(x[order]) / length
    data = sc.spin_currents(one, by="k_perp", k_perp=k, engine="first-order,continuum").to_xarray()
    measure = xr.DataArray(weights[order] / length**2 / (4 * np.pi), dims="k_perp")
    table = sc.torque(one, "first-order,continuum").to_xarray()
    minus, plus = data["spin_current"].isel(z=0), data["spin_current"].isel(z=1)
    both = {"spin_current_minus": minus, "spin_current_plus": plus}
    for name, by_k in {**both, "lattice": data["lattice"], "interface": data["interface"]}.items():
        expected = table[name].sel(source=data["source"])
        size = float(abs(table["vector"]).max())
        summed = (by_k * measure).sum("k_perp")
        assert float(abs(summed - expected).max()) < 1e-6 * size, name
        # A sign, or half of it, would be seen.
        assert float(abs(expected).max()) < 1e-9 * size or float(abs(summed + expected).max()) > 1e-2 * size


def test_first_order_at_the_interface_is_the_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A formula with another factor shows beside the exact numbers, the right one does not."""

    def off() -> float:
        weak = INTERFACE.with_(h_R=1e-3)
        data = sc.spin_currents(weak, by="k_perp", k_perp=[0.4, 0.7], source="normal").to_xarray()[
            "spin_current"
        ]
        exact = data.sel(engine="continuum", drop=True)
        return float(abs(data.sel(engine="first-order", drop=True) - exact).max() / abs(exact).max())

    assert off() < 1e-4
    paper = load_paper()
    right = paper.first_order
    monkeypatch.setattr(paper, "first_order", replace(right, current=lambda s: 1.01 * right.current(s)))
    assert off() == pytest.approx(0.01, rel=0.1)


def test_angles_average_to_what_is_resolved_in_k() -> None:
    """And there is nothing in the opposite direction that is not here."""
    ask: Any = {"engine": "continuum", "k_perp": [0.3, 1.3], "z": ["-0", 0.7]}
    by_k = sc.spin_currents(BULK, by="k_perp", **ask).to_xarray()
    by_angle = sc.spin_currents(BULK, by="angle", angle=np.arange(0, 360, 5), **ask).to_xarray()
    off = abs(by_angle["spin_current"].mean("angle") - by_k["spin_current"]).max()
    assert float(off) < 1e-12 * float(abs(by_angle["spin_current"]).max())
    turned = by_angle["spin_current"].roll(angle=36)
    assert float(abs(turned - by_angle["spin_current"]).max()) < 1e-12
    assert by_k["side"].values.tolist() == ["-", ""]


@pytest.mark.parametrize("name", ["interface-magnetism", "pt-cu-co-pt"])
def test_first_order_by_angle_is_the_limit_of_what_is_exact(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every angle of k, of density and current and of what is added and taken; rows of k_y count."""

    def off() -> float:
        ask: Any = {"by": "angle", "angle": [10, 100, 200], "scale": 1e-4, "source": "normal"}
        ask["z"] = ["-0", "+0", 0.4]
        k = [3.0, 7.0] if name.startswith("pt") else [0.5, 0.9]
        data = sc.spin_currents(sc.load(name), k_perp=k, **ask).to_xarray()
        parts = [data[part] for part in ("spin_density", "spin_current", "lattice", "interface")]
        both = [one.sel(engine=["first-order", "continuum"]).values for one in parts]
        # What an interface without u_m, or without h_R, does not have is zero.
        return max(float(abs(a - b).max() / max(abs(a).max(), 1e-30)) for a, b in both)

    assert off() < 1e-6
    right = resolved._with_column
    monkeypatch.setattr(resolved, "_with_column", lambda structure, n: right(structure, 0))
    assert off() > 0.01


def test_only_currents_jump() -> None:
    """Spin density is one line across all layers, however few places there are; currents are one a region."""
    spins = sc.spin_density("pt-co-alox", z=[-0.5, -0.1, 0.2, 0.5, 0.8, 1.0], source="normal", tolerance=1e-2)
    drawn = {what: spins.plot(what=what).lines for what in ("spin_density", "spin_current")}
    points = {what: [np.size(line.get_xdata()) for line in lines[:3]] for what, lines in drawn.items()}
    assert points == {"spin_density": [6, 6, 6], "spin_current": [2, 2, 2]}
    assert str(spins).splitlines()[0].startswith("# pt-co-alox: z in nm")
    assert json.loads(spins.to_json())["profiles"][0]["source"] == "normal"
    plt.close("all")


def test_places() -> None:
    """Both sides of every junction, by text or by the sign of a zero; between them a current jumps."""
    ask: Any = {"engine": "first-order", "source": "normal", "tolerance": 1e-4}
    z: list[float | str] = ["0.6+0", 0.3, "-0", 0.0, "0.6-0"]
    data = sc.spin_density("pt-co-alox", z=z, **ask).to_xarray()
    assert data["z"].values == pytest.approx([0, 0, 0.3, 0.6, 0.6], abs=1e-12)
    assert data["side"].values.tolist() == ["-", "+", "", "-", "+"]
    assert data["region"].values.tolist() == ["left half-space", "Co", "Co", "Co", "right half-space"]
    current = data["spin_current"].squeeze()
    assert (current[1] - current[0]).values == pytest.approx(data["lattice"].squeeze().values, abs=1e-4)
    assert sc.spin_density(BULK, z=-0.0, **ask).to_xarray()["side"].values.tolist() == ["-"]


def test_trust_limits_are_those_of_the_search() -> None:
    """By name and by source; where there is none there is a reason; of other terms it is their scale."""
    result = sc.trust_limits(INTERFACE, 0.05, accuracy=0.01)
    rows = trust_limits(INTERFACE, limits=[0.05], accuracy=0.01)
    assert result.rows == rows
    data = result.to_xarray().squeeze()
    for row in rows:
        one = data.sel(source=row.source, component=row.component)
        assert float(one["h_R"]) == pytest.approx(row.h_R or np.nan, nan_ok=True)
        assert one["reason"].item() == row.reason
    assert json.loads(result.to_json())["limits"][0]["limit"] == 0.05
    other = INTERFACE.with_({"interface.dresselhaus": 0.03})
    ask: Any = {"source": "normal", "component": "fieldlike", "accuracy": 0.02}
    scale = sc.trust_limits(other, 0.05, **ask).to_xarray()["scale"]
    # More turns spin than h_R alone does.
    limit = data["h_R"].sel(source="normal", component="fieldlike")
    assert 0.2 < float(scale.squeeze()) * INTERFACE.h_R / float(limit) < 0.9


def minus_the_papers(a: Any, iface: Any) -> Any:
    """The paper's formula for the torque with a wrong sign."""
    return -load_paper().first_order.torque(Symbols.of(iface, a))[:, 0]


def test_verdicts() -> None:
    """A wrong formula disagrees, and the note says how; of a family each finding says whose it is."""
    bad = sc.check(BULK, theory=minus_the_papers, **FAST)
    assert (bad.verdict, bad.exit_status) == ("disagrees", 1)
    assert "the sign is wrong" in bad.note
    assert "disagrees" in bad._repr_html_()
    assert set(bad.to_dataframe()["verdict"]) >= {"disagrees"}
    good = sc.check(sc.load("pt-yig").with_(tau_N=[1.0, 2.0]), engine="continuum", **FAST)
    assert (good.verdict, good.note) == ("agrees", "")
    assert good.to_dataframe()["tau_N"].value_counts().to_dict() == dict.fromkeys((1.0, 2.0), len(good) / 2)


def test_a_paper_on_trial(tmp_path: Path) -> None:
    """All its equations are proved, in tables and on its page."""
    result = sc.audit("scalar_delta", certify=True, output=tmp_path)
    assert result.verdict == "agrees"
    frame = result.to_dataframe()
    assert len(frame) == len(result.findings) > 5
    assert "transcribed" in set(frame["form"])
    assert frame["proved"].eq(True).all() and frame["apart"].lt(1e-15).all()
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "proved in balls" in page and f"agrees to {frame['apart'].max():.2g}" in page
    assert list(frame["equation"][frame["identity"]].unique()) == ["(11)"]
    assert "for all parameters exactly" in page


def test_sweeps_are_torques(tmp_path: Path) -> None:
    """At every point; opened again they are the same, and a client of Dask is asked for its address."""
    family = BULK.with_(h_R=[0.1, 0.3], m=[(0, 0, 1), (1, 0, 1)])
    swept = sc.sweep(family, tmp_path / "result.nc", engine="continuum", over={"E_F": [1.5]}, **FAST)
    direct = sc.torque(family, "continuum", **FAST)
    found = swept.complex.squeeze("E_F", drop=True)
    assert found.values == pytest.approx(direct.complex.isel(engine=0, source=slice(3)).values, abs=1e-12)
    assert sc.open_sweep(tmp_path / "result.nc").to_xarray().equals(swept.to_xarray())
    assert (swept.errors, len(swept.to_dataframe())) == ([], 2 * 2 * 3)
    client = type("Client", (), {"scheduler": type("Scheduler", (), {"address": "tcp://127.0.0.1:9"})})()
    with pytest.raises(sc.SotcheckError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"):
        from sotcheck.api.sweeps import where_of

        with where_of(client, 1, patience=0.2).open():
            pass


def test_amplitudes_are_written_and_read(tmp_path: Path) -> None:
    """What `amplitudes` writes, `torque` takes in place of a system."""
    data = sc.amplitudes(BULK, tmp_path / "bulk.csv").to_xarray()
    flux = abs(data["r_up"]) ** 2 + abs(data["t_up"]) ** 2
    open_N = abs(data["r_up"]) > 0
    assert flux.where(open_N, drop=True).values == pytest.approx(1, abs=1e-12)
    table = sc.torque(amplitudes=tmp_path / "bulk.csv", h_R=0.2)
    assert table[0].vector == pytest.approx(sc.torque(BULK, "first-order", h_R=0.2)[0].vector, abs=1e-10)
