"""What is said of a system in eV and nm is in eV and nm, or says in which unit it is."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import gather
from test_report_folder import committed

import sotcheck as sc
from sotcheck.beyond.radius import classify
from sotcheck.command.main import cli
from sotcheck.pages import figures
from sotcheck.pages.publish import render
from sotcheck.pages.report import natural, shown
from sotcheck.pages.typeset import typeset
from sotcheck.system.interface import Interface
from sotcheck.system.units import length_nm
from sotcheck.trial.check import try_claims
from sotcheck.trial.evidence import Evidence
from sotcheck.trial.paper import load
from sotcheck.trial.report_data import lattice_errors, ledger_table, remainder_ladder, resolved_integrand
from sotcheck.trial.torque_table import ledger

NATURALLY = Interface(name="bare", E_F=1.5, u_0=0.2)
IN_EV = Interface(name="bare", E_F=1.5, u_0=0.2, unit="eV")
ONE_K = 1 / length_nm()


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return gather(NATURALLY, np.array([0.05]), 1e-6, load().first_order, controls=True)


def in_ev(evidence: Evidence) -> Evidence:
    return replace(evidence, iface=IN_EV)


def test_numbers_of_a_bare_interface(evidence: Evidence) -> None:
    """Flows, wave vectors, lattice spacings and what first order leaves, against those without a unit."""
    ours, theirs = (ledger_table(one)["rows"][0]["flows"] for one in (evidence, in_ev(evidence)))
    for name, flow in ours.items():
        np.testing.assert_allclose(theirs[name], ONE_K**3 * np.array(flow), rtol=1e-12)
    ours, theirs = (remainder_ladder(one)["right"]["normal"] for one in (evidence, in_ev(evidence)))
    np.testing.assert_allclose(theirs, ONE_K**3 * np.array(ours), rtol=1e-12)
    ours, theirs = (resolved_integrand(one) for one in (evidence, in_ev(evidence)))
    np.testing.assert_allclose(theirs["line_k_perp"], ONE_K * np.array(ours["line_k_perp"]))
    assert theirs["thresholds"]["normal"] == pytest.approx(ONE_K * ours["thresholds"]["normal"])
    ours, theirs = (one["sources"]["normal"]["fieldlike"]["formula"] for one in (ours, theirs))
    np.testing.assert_allclose(theirs, ONE_K**2 * np.array(ours))
    ours, theirs = (lattice_errors(one)["spacing"] for one in (evidence, in_ev(evidence)))
    np.testing.assert_allclose(theirs, np.array(ours) / ONE_K)


def test_places_in_claims(evidence: Evidence) -> None:
    """Where an amplitude is off most, in the wave vector of the file and with its name."""

    def place(of: Evidence) -> str:
        found = (one for one in try_claims(of, load()) if one.claim == "eq10a")
        return next(found).quantity.rpartition("k_perp = ")[-1]

    number, _, unit = place(in_ev(evidence)).partition(" ")
    assert unit == "nm^-1"
    assert float(number) == pytest.approx(ONE_K * float(place(evidence)), rel=1e-2)


def test_page_of_a_bare_interface() -> None:
    """It names the units of the file, and where others are in use."""
    data: dict[str, Any] = committed("bulk-magnetism")
    data["system"]["units"] = {"energy": "eV"}
    data["geometry"]["unit"] = "eV"
    page = render("readme.md", shown(data))
    assert "Torques and spin currents are in nm⁻³" in page
    assert "ħ²/2mₑ = 1" not in page
    assert natural() in page
    assert "nm$^{-3}$" in figures.torque(data).get_supylabel()
    assert natural() not in render("readme.md", shown(committed("bulk-magnetism")))


def test_units_stay_on_their_line() -> None:
    """nm⁻¹ is not broken behind the sign."""
    assert typeset("0.5 nm⁻³") == '0.5 <span class="unit">nm⁻³</span>'


def test_places_of_the_printed_ledger() -> None:
    """They have their unit."""
    layer = {"thickness": 0.5, "rashba": 0.1, "interface": {"rashba": 0.1}}
    system = sc.load({"name": "film", "fermi_energy": 7.0, "units": {"energy": "eV"}, "layer": [layer]})
    names = [who for who, _ in ledger(system, np.zeros((10, 3)))]
    assert "+ spin-orbit at z = 0 nm" in names
    assert "+ spin-orbit at z = 0.5 nm" in names


def test_wave_vectors_of_bound_states() -> None:
    """Every one is in the unit of the file: what is given, printed, in JSON and in arrays."""
    bare = sc.Interface(name="bare", E_F=7.0, u_0=-1.0, unit="eV")
    for system in (bare, sc.load("pt-yig")):
        found = sc.bound_states(system, k_perp=[0.7, 10.0], angle=0.0)
        said, document = str(found), json.loads(found.to_json())
        assert " 0.7  " in said and "k_perp in nm^-1" in said
        assert [row["k_perp"] for row in document["bound_states"]] == [0.7, 10.0]
        assert found.to_xarray()["k_perp"].values.tolist() == [0.7, 10.0]
        natural = system.with_(unit="")
        k = np.array([0.7, 10.0]) / ONE_K
        same = sc.bound_states(natural, k_perp=k, angle=0.0).to_xarray()["energy"]
        np.testing.assert_allclose(found.to_xarray()["energy"], same, rtol=1e-13)
        places = re.findall(r"k_perp = [-.\d]+( nm\^-1)?", said)
        assert places
        assert all(places)
    assert f"k_perp = {ONE_K * classify(bare)['k_perp']:.4g} nm^-1" in classify(bare)["why"]
    with pytest.raises(sc.SotcheckError, match=r"k_perp = 999 nm\^-1 is not accepted"):
        sc.spin_currents(bare, by="k_perp", k_perp=[999.0])


def test_bound_states_of_a_system_in_ev() -> None:
    """Thresholds in nm⁻¹, decay lengths in nm; what is proved says of which k_⊥, an interval holds it."""
    bare = sc.Interface(name="bare", E_F=7.0, u_0=-1.0, unit="eV")
    document = json.loads(sc.bound_states(bare, [0.5, 3.0], k_perp=[15.0], angle=0.0, certify=True).to_json())
    assert document["threshold"]["C5"] == pytest.approx(ONE_K, rel=1e-13)
    assert document["threshold"]["k_perp_max"] == pytest.approx(ONE_K * 8**0.5, rel=1e-13)
    for row in document["bound_states"]:
        assert row["certified_k_perp"] == 15.0 / ONE_K
        (first, *_), k2 = row["decay_lengths"], row["binding_energies"][0] + 1.0
        assert first["normal"] == pytest.approx(1 / (ONE_K * k2**0.5), rel=1e-9)
    lower, upper = document["certified"][0]["k_perp"]
    assert 0 < upper - lower < 1e-12 * upper


def test_repr_names_its_units() -> None:
    """Attributes have ħ²/2mₑ = 1 whatever the file is in; what is shown makes the same system."""
    layer = {"thickness": 0.6}
    system = sc.load({"name": "film", "fermi_energy": 7.0, "units": {"energy": "eV"}, "layer": [layer]})
    assert f"lengths in {length_nm():.6g} nm" in repr(system)
    assert eval(repr(system), {"Stack": sc.Stack, "Layer": sc.Layer}) == system
    assert "nm" not in repr(NATURALLY)


@pytest.mark.parametrize(("options", "named"), [((), 2), (("--ev",), 1), (("--ev", "--stack"), 0)])
def test_new_file_names_the_options(tmp_path: Path, options: tuple[str, ...], named: int) -> None:
    """Those that it was not written with, in its first lines; and the command says so."""
    file = tmp_path / "mine.toml"
    said = CliRunner().invoke(cli, ["new", str(file), *options]).output
    head = "\n".join(file.read_text(encoding="utf-8").splitlines()[:2])
    assert sum(f"{option} for" in head for option in ("--stack", "--ev")) == named
    assert ("--stack" in said) == (named > 0)
