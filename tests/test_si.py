"""SI units, efficiencies and effective fields: against closed forms in joules, kilograms and metres."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Command, strict
from scipy.constants import e, electron_volt, hbar, m_e

FIELD, TAU, M_S, THICKNESS = 2e5, 3e-14, 8e5, 1.5e-9
SI = ("--si", "--field", f"{FIELD}", "--relaxation-time", f"{TAU}")
ASKED = (*SI, "--efficiency", "--saturation-magnetization", f"{M_S}", "--thickness", f"{THICKNESS}")
H_R, E_F, U, J = 0.1, 5.0, 9.0, 1.5
M, IN_EV = (2.0, -1.0, 2.0), 'units = { energy = "eV" }'
NM = hbar / math.sqrt(2 * m_e * electron_volt) * 1e9


def stack(path: Path, energy: float, length: float, units: str = "") -> str:
    """Write a stack with its energies and lengths in some units."""
    delta = energy * length
    text = f"""name = "stack"
fermi_energy = {3.0 * energy}
normal = {{ mass = 1.2 }}
interface = {{ barrier = {0.2 * delta}, exchange = {0.1 * delta}, rashba = 0.3, magnetization = [1, 0, 2] }}
ferromagnet = {{ potential = {-0.1 * energy}, exchange = {0.6 * energy}, magnetization = [0, 1, 3] }}
relaxation = {{ normal = 2.0, minority = 0.5 }}
{units}
layer = [{{ thickness = {1.1 * length}, exchange = {0.5 * energy}, rashba = {0.2 * delta} }}]"""
    path.write_text(text, encoding="utf-8")
    return str(path)


def step(path: Path, U_N: float, U_F: float, mass: float = 1.0) -> str:
    """Write an interface in eV."""
    text = f"""name = "step"
fermi_energy = {E_F}
normal = {{ potential = {U_N}, mass = {mass} }}
ferromagnet = {{ potential = {U_F}, exchange = {J}, mass = {mass} }}
interface = {{ rashba = {H_R}, magnetization = {list(M)} }}
relaxation = {{ normal = 0.5, majority = 1.5 }}
{IN_EV}"""
    path.write_text(text, encoding="utf-8")
    return str(path)


def rows(sotcheck: Command, *args: str, engine: str = "continuum") -> dict[str, dict[str, Any]]:
    """Return the rows of `torque` by source."""
    found = sotcheck("torque", *args, "--engine", engine, "--json", "-")
    return {row["source"]: row for row in strict(found.out)["torque"]}


def near(expected: Any, rel: float = 1e-7) -> Any:
    """Return what is equal but for a part of the largest component, however small that is."""
    return pytest.approx(expected, rel=0, abs=rel * float(np.max(np.abs(expected))))


def per_area(energy: float, height: float, mass: float, tau: float) -> Any:
    """Return T/A of one spin, and ξ = (2e/ħ)(T/A)/j with its Drude current."""
    k = math.sqrt(2 * mass * m_e * energy * electron_volt) / hbar
    t = H_R / (30 * math.pi**2) * k**5 * hbar**2 / (2 * mass * m_e * height * electron_volt)
    torque = hbar * e * FIELD * tau / m_e * t
    current = k**3 / (6 * math.pi**2) * e**2 * FIELD * tau / (mass * m_e)
    return np.array([torque, 2 * e / hbar * torque / current])


@pytest.mark.parametrize("mass", [1.0, 1.3])
def test_closed_forms(sotcheck: Command, tmp_path: Path, mass: float) -> None:
    """Where nothing is let through, first order is an integral that ends: all of it here in SI units.

    At a step of height U_s a wave of unit flux has |ψ|² = 4k_z ħ²/2mU_s, since k_z² + q² is the height: what
    the Rashba term turns is spin along m, the more of it the lower the step. ∫ d²k/(2π)² k_⊥² k_z = k_F⁵/15π.
    """
    # On an insulating ferromagnet both spins drift, and what they differ by stays.
    up, down = (per_area(E_F, height, mass, TAU / 2) for height in (U - J, U + J))
    expected = {
        "normal": (up - down) * (1, 0.5),
        "majority": per_area(E_F + J, U + J, mass, 1.5 * TAU),
        "minority": -per_area(E_F - J, U - J, mass, TAU),
    }
    insulating = rows(sotcheck, step(tmp_path / "fi.toml", 0.0, U, mass), *ASKED, engine="first-order")
    found = rows(sotcheck, step(tmp_path / "ti.toml", U, 0.0, mass), *ASKED, engine="first-order")
    for row, ratio in ((insulating["majority"], "efficiency"), (found["normal"], "effective_field")):
        assert (row[ratio]["fieldlike"], row[ratio]["uncertainty"]["dampinglike"]) == (None, None)
    found["normal"] = insulating["normal"]
    for source, (torque, xi) in expected.items():
        row = found[source]
        assert row["si"]["vector"] == near(torque * np.cross(M, (0, 1, 0)) / 3)
        assert row["si"]["fieldlike"] == near(torque)
        assert row["efficiency"]["fieldlike"] == near(xi)
        assert row["effective_field"]["fieldlike"] == near(hbar * xi / (2 * e * M_S * THICKNESS))
        assert abs(row["efficiency"]["dampinglike"]) <= 1e-8 * abs(xi)
    # Majority electrons have the energy h_R k_x m_y: a field along +y for j > 0, electrons drifting along -x.
    assert found["majority"]["effective_field"]["fieldlike"] * H_R > 0


def test_the_unit_of_energy_cancels(sotcheck: Command, tmp_path: Path) -> None:
    """In ξ, not in t; every torque of a row is in SI units, with the source's own relaxation time."""
    one = rows(sotcheck, stack(tmp_path / "one.toml", 1.0, 1.0), "--efficiency")
    other = rows(sotcheck, stack(tmp_path / "other.toml", 7.3, 7.3**-0.5), "--efficiency")
    in_eV = rows(sotcheck, stack(tmp_path / "eV.toml", 1.0, NM, IN_EV), *SI, "--efficiency")
    for source, tau in (("normal", 2 * TAU), ("majority", TAU), ("minority", TAU / 2)):
        for name in ("fieldlike", "dampinglike"):
            xi = one[source]["efficiency"][name]
            assert 1e-4 < abs(xi) < 10
            assert [row[source]["efficiency"][name] for row in (other, in_eV)] == near([xi, xi])
            assert other[source][name] == near(7.3**1.5 * one[source][name])
            assert 0 < one[source]["efficiency"]["uncertainty"][name] < 1e-7
        si, row, factor = in_eV[source]["si"], in_eV[source], hbar * e * FIELD * tau / m_e * 1e27
        assert si["relaxation_time"] == near(tau)
        for key in ("vector", "lattice", "interface", "spin_current_minus", "spin_current_plus"):
            assert si[key] == near(factor * np.array(row[key]))
        assert si["uncertainty"]["fieldlike"] == near(factor * row["uncertainty"]["fieldlike"])
        taken = [layer["torque"] for layer in si["layers"]] + [one["interface"] for one in si["interfaces"]]
        assert np.sum(taken, axis=0) == near(si["vector"])
        assert [one["z"] for one in si["interfaces"]] == near([0.0, 1.1e-9 * NM])


def test_tables_and_document(sotcheck: Command, tmp_path: Path) -> None:
    """A total where there is one; errors have no sign; a bound state has no carriers that drift."""
    backwards = (*ASKED, "--field", f"{-FIELD}", "--engine", "first-order", "--json")
    found = sotcheck("torque", step(tmp_path / "fi.toml", 0.0, U), *backwards, str(tmp_path / "found.json"))
    assert [found.out.count(word) for word in ("normal", "  total  ")] == [4, 2]
    document = strict((tmp_path / "found.json").read_text())
    assert document["si"] == {"field": -FIELD, "relaxation_time": TAU, "unit": "N m/m^2"}
    assert document["magnet"] == {"saturation_magnetization": M_S, "thickness": THICKNESS}
    assert min(document["torque"][0]["si"]["uncertainty"].values()) >= 0
    bound = rows(sotcheck, "bulk-magnetism", "--h-r", "1.2", "--efficiency", "--tolerance", "1e-4")["bound"]
    assert (bound["efficiency"]["fieldlike"], "effective_field" in bound) == (None, False)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--si", "--si needs --field and --relaxation-time as well"),
        ("--field 1", "--field has no effect without --si; leave it out, or add --si"),
        ("--efficiency --thickness 1e-9", "--thickness needs --saturation-magnetization as well"),
        ("--si --field 1 --relaxation-time 10", "'--relaxation-time': 10.0 is not in the range"),
        (" ".join(SI), 'units.energy is not given: .*; add a table [units] with energy = "eV"'),
    ],
)
def test_refusals(sotcheck: Command, options: str, words: str) -> None:
    """At once, with the option, the value and what to do."""
    found = sotcheck("torque", "bulk-magnetism", *options.split())
    assert (found.status, found.out) == (2, "")
    assert re.search(re.escape(words).replace(r"\.\*", ".*"), found.err)
