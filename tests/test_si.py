"""SI units, efficiencies and effective fields: against closed forms in joules, kilograms and metres."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Command, strict
from scipy import constants

FIELD, TAU, M_S, THICKNESS = 2e5, 3e-14, 8e5, 1.5e-9
SI = ("--si", "--field", f"{FIELD}", "--relaxation-time", f"{TAU}")
MAGNET = ("--efficiency", "--saturation-magnetization", f"{M_S}", "--thickness", f"{THICKNESS}")
H_R, E_F, U, J, MASS = 0.1, 5.0, 9.0, 1.5, 1.3
M, IN_EV = (2.0, -1.0, 2.0), 'units = { energy = "eV" }'
NOTHING = {"fieldlike": None, "dampinglike": None}
NM = constants.hbar / math.sqrt(2 * constants.m_e * constants.electron_volt) * 1e9


def stack(path: Path, energy: float = 1.0, length: float | None = None, units: str = "") -> str:
    """Write a stack with energies in another unit, and lengths with it so that ħ²/2m stays what it is."""
    length = energy**-0.5 if length is None else length
    delta = energy * length
    text = f"""
name = "stack"
fermi_energy = {3.0 * energy}
normal = {{ mass = 1.2 }}
interface = {{ barrier = {0.2 * delta}, exchange = {0.1 * delta}, rashba = 0.3, magnetization = [1, 0, 2] }}
ferromagnet = {{ potential = {-0.1 * energy}, exchange = {0.6 * energy}, magnetization = [0, 1, 3], mass = 0.7 }}
relaxation = {{ normal = 2.0, minority = 0.5 }}
{units}
[[layer]]
thickness = {1.1 * length}
exchange = {0.5 * energy}
rashba = {0.2 * delta}
mass = 0.8
interface = {{ barrier = {0.1 * delta}, rashba = 0.1 }}
"""
    path.write_text(text, encoding="utf-8")
    return str(path)


def step(path: Path, U_N: float, U_F: float, mass: float = 1.0) -> str:
    """Write an interface in eV."""
    text = f"""
name = "step"
fermi_energy = {E_F}
normal = {{ potential = {U_N}, mass = {mass} }}
ferromagnet = {{ potential = {U_F}, exchange = {J}, mass = {mass} }}
interface = {{ rashba = {H_R}, magnetization = {list(M)} }}
relaxation = {{ normal = 0.5, majority = 1.5 }}
{IN_EV}
"""
    path.write_text(text, encoding="utf-8")
    return str(path)


def rows(sotcheck: Command, *args: str, engine: str = "continuum") -> dict[str, dict[str, Any]]:
    """Return the rows of `torque` by source."""
    found = sotcheck("torque", *args, "--engine", engine, "--json", "-")
    assert found.status == 0, found.err
    return {row["source"]: row for row in strict(found.out)["torque"]}


@pytest.mark.parametrize("mass", [1.0, MASS])
def test_closed_forms(sotcheck: Command, tmp_path: Path, mass: float) -> None:
    """Where nothing is let through, first order is an integral that ends: all of it here in SI units.

    At a step of height U_s a wave of unit flux has |ψ|² = 4k_z ħ²/2mU_s, since k_z² + q² is the height: what
    the Rashba term turns is spin along m, the more of it the lower the step. ∫ d²k/(2π)² k_⊥² k_z = k_F⁵/15π.
    """
    hbar, e, m, eV = constants.hbar, constants.e, constants.m_e, constants.electron_volt

    def per_area(energy: float, inverse_height: float, tau: float) -> tuple[float, float]:
        """T/A, and ξ = (2e/ħ)(T/A)/j with the Drude current of one spin."""
        k = math.sqrt(2 * mass * m * energy * eV) / hbar
        of_t = H_R / (30 * math.pi**2) * k**5 * hbar**2 / (2 * m) * inverse_height / eV / mass
        torque = hbar * e * FIELD * tau / m * of_t
        current = k**3 / (6 * math.pi**2) * e**2 * FIELD * tau / (mass * m)
        return torque, 2 * e / hbar * torque / current

    # Behind an insulating ferromagnet both spins drift, and what they differ by stays.
    up, down = per_area(E_F, 1 / (U - J), TAU / 2), per_area(E_F, 1 / (U + J), TAU / 2)
    torque, xi = per_area(E_F - J, 1 / (U - J), TAU)
    expected = {
        "normal": (up[0] - down[0], (up[1] - down[1]) / 2),
        "majority": per_area(E_F + J, 1 / (U + J), 1.5 * TAU),
        "minority": (-torque, -xi),
    }
    asked = (*SI, *MAGNET)
    insulating = rows(sotcheck, step(tmp_path / "fi.toml", 0.0, U, mass), *asked, engine="first-order")
    found = rows(sotcheck, step(tmp_path / "ti.toml", U, 0.0, mass), *asked, engine="first-order")
    for row, ratio in ((insulating["majority"], "efficiency"), (found["normal"], "effective_field")):
        assert row[ratio] == {**NOTHING, "uncertainty": NOTHING}
    found["normal"] = insulating["normal"]
    for source, (torque, xi) in expected.items():
        row = found[source]
        vector = torque * np.cross(M, (0, 1, 0)) / 3
        assert row["si"]["vector"] == pytest.approx(vector, rel=1e-8, abs=1e-8 * abs(torque))
        assert row["si"]["fieldlike"] == pytest.approx(torque, rel=1e-8)
        assert row["efficiency"]["fieldlike"] == pytest.approx(xi, rel=1e-8)
        field = hbar * xi / (2 * e * M_S * THICKNESS)
        assert row["effective_field"]["fieldlike"] == pytest.approx(field, rel=1e-8)
        assert abs(row["efficiency"]["dampinglike"]) <= 1e-8 * abs(xi)
    # Majority electrons have the energy h_R k_x m_y: a field along +y for j > 0, electrons drifting along -x.
    assert found["majority"]["effective_field"]["fieldlike"] * H_R > 0


def test_the_unit_of_energy_cancels(sotcheck: Command, tmp_path: Path) -> None:
    """In ξ, not in t; SI units do not depend on what of a file is in which row, and balance like t."""
    one = rows(sotcheck, stack(tmp_path / "one.toml"), "--efficiency")
    other = rows(sotcheck, stack(tmp_path / "other.toml", 7.3), "--efficiency")
    in_eV = rows(sotcheck, stack(tmp_path / "eV.toml", 1.0, NM, IN_EV), *SI, "--efficiency")
    for source, weight in (("normal", 2.0), ("majority", 1.0), ("minority", 0.5)):
        for name in ("fieldlike", "dampinglike"):
            xi = one[source]["efficiency"][name]
            assert 1e-4 < abs(xi) < 10
            for row in (other[source], in_eV[source]):
                assert row["efficiency"][name] == pytest.approx(xi, rel=1e-6)
            assert other[source][name] == pytest.approx(7.3**1.5 * one[source][name], rel=1e-6)
            assert 0 < one[source]["efficiency"]["uncertainty"][name] < 1e-7
        si, row = in_eV[source]["si"], in_eV[source]
        factor = weight * constants.hbar * constants.e * FIELD * TAU / constants.m_e * 1e27
        assert si["relaxation_time"] == pytest.approx(weight * TAU)
        for key in ("vector", "lattice", "interface", "spin_current_minus", "spin_current_plus"):
            assert si[key] == pytest.approx(factor * np.array(row[key]))
        assert si["uncertainty"]["fieldlike"] == pytest.approx(factor * row["uncertainty"]["fieldlike"])
        taken = [layer["torque"] for layer in si["layers"]] + [one["interface"] for one in si["interfaces"]]
        assert np.sum(taken, axis=0) == pytest.approx(si["vector"])
        assert [one["z"] for one in si["interfaces"]] == pytest.approx([0.0, 1.1e-9 * NM])


def test_tables_and_document(sotcheck: Command, tmp_path: Path) -> None:
    """A total where there is one; errors have no sign; a bound state has no carriers that drift."""
    backwards = [*SI, *MAGNET, "--field", f"{-FIELD}", "--engine", "first-order", "--json"]
    found = sotcheck("torque", step(tmp_path / "fi.toml", 0.0, U), *backwards, str(tmp_path / "found.json"))
    assert (
        re.findall("^first-order.*(normal|total)", found.out, re.M)
        == ["normal", "total"] * 2 + ["normal"] * 2
    )
    document = strict((tmp_path / "found.json").read_text())
    assert document["si"] == {"field": -FIELD, "relaxation_time": TAU, "unit": "N m/m^2"}
    assert document["magnet"] == {"saturation_magnetization": M_S, "thickness": THICKNESS}
    assert min(document["torque"][0]["si"]["uncertainty"].values()) >= 0
    bound = rows(sotcheck, "bulk-magnetism", "--h-r", "1.2", "--efficiency", "--tolerance", "1e-4")["bound"]
    assert (bound["efficiency"]["fieldlike"], "effective_field" in bound) == (None, False)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--si"], "--si needs --field and --relaxation-time as well"),
        (["--si", "--field", "1"], "--field needs --relaxation-time as well"),
        (["--field", "1"], "--field has no effect without --si; leave it out, or add --si"),
        (["--efficiency", "--relaxation-time", "1e-14"], "--relaxation-time has no effect without --si"),
        (["--thickness", "1e-9"], "--thickness has no effect without --efficiency"),
        (["--efficiency", "--thickness", "1e-9"], "--thickness needs --saturation-magnetization as well"),
        (
            ["--si", "--field", "1", "--relaxation-time", "10"],
            "'--relaxation-time': 10.0 is not in the range",
        ),
        (["--efficiency", "--thickness", "1"], "'--thickness': 1.0 is not in the range"),
        (["--si", "--field", "nan"], "'--field': 'nan' is not a number"),
        ([*SI], 'bulk-magnetism: units.energy is not given.*add a table [units] with energy = "eV"'),
    ],
)
def test_refusals(sotcheck: Command, options: list[str], words: str) -> None:
    """At once, with the option, the value and what to do."""
    found = sotcheck("torque", "bulk-magnetism", *options)
    assert (found.status, found.out) == (2, "")
    assert re.search(".*".join(map(re.escape, words.split(".*"))), found.err)
