"""System files of any interface: what each key does, units, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Command, strict
from layer_cases import INTERFACES, LAYERS, PINNED, every_key, pinned

import sotcheck as sc
from sotcheck.errors import SystemFileError
from sotcheck.system.files import from_document, load, to_document
from sotcheck.system.stack import Layer
from sotcheck.system.units import length_nm


def test_every_key_reaches_the_hamiltonian() -> None:
    """Defaults are the interface's direction, no delta, no field, mass 1; A sums up what is given."""
    m = np.array([2, -1, 2]) / 3
    structure = every_key().structure
    left, first, second, right = structure.regions
    assert (left.potential, left.mass, left.exchange) == (0.1, 1.2, 0.0)
    assert (right.potential, right.exchange, right.mass, right.magnetic) == (0.2, 0.6, 0.9, True)
    assert (first.thickness, first.potential, first.mass, first.exchange) == (0.7, 0.15, 1.1, 0.0)
    assert (second.thickness, second.potential, second.mass, second.exchange) == (0.5, 0.0, 1.0, 0.25)
    parts: list[Any] = [right, first, second, *structure.interfaces]
    directions = np.array([one.direction for one in parts])
    np.testing.assert_allclose(
        directions, np.array([(0, 0.6, 0.8), m, (0, 0, -1), m, m, (1, 0, 0)]), atol=1e-15
    )
    fields = np.array([one.spin_orbit for one in parts])
    expected: list[Any] = [
        np.zeros((3, 2)),
        [(0.08, 0), (0, -0.08), (0, 0)],
        [(0.02, 0.07), (-0.07, 0.02), (0.1, 0)],
        [(0.2, 0.25), (0.25, 0.38), (0.5, 0.6)],
        np.zeros((3, 2)),
        [(0.05, 0.04), (-0.01, 0.01), (0, 0)],
    ]
    np.testing.assert_allclose(fields, np.array(expected), atol=1e-15)
    assert [one.barrier for one in structure.interfaces] == [0.3, 0.0, 0.35]
    assert [one.exchange for one in structure.interfaces] == [0.4, 0.0, 0.45]
    assert every_key().names == ["heavy metal", "layer 2", "right half-space"]
    assert structure.positions == pytest.approx([0.0, 0.7, 1.2])
    assert Layer().thickness == 1.0


@pytest.mark.parametrize("unit", ["", '[units]\nenergy = "eV"'])
@pytest.mark.parametrize("magnetic", [True, False])
def test_a_document_is_read_back(unit: str, magnetic: bool) -> None:
    stack = every_key(unit, magnetic=magnetic)
    document = to_document(stack)
    assert to_document(from_document(document, "here")) == document
    assert document["layer"][0]["thickness"] == 0.7
    assert document["layer"][1]["interface"]["barrier"] == 0.35
    assert document["ferromagnet"]["magnetic"] is magnetic
    again = from_document(document, "here").structure
    assert again.regions[1].thickness == stack.structure.regions[1].thickness
    assert document.get("units") == ({"energy": "eV"} if unit else None)


def test_a_file_in_electronvolts_and_nanometres(sotcheck: Command, tmp_path: Path) -> None:
    """The same stack: ħ²/2mₑ = 0.0380998212 eV nm²; torques in nm⁻³, z in nm."""
    assert pytest.approx(0.0380998212**0.5, rel=1e-8) == length_nm()
    path = tmp_path / "ev.toml"
    lengths = {
        "thickness = 1.2": 1.2, "barrier = 0.2": 0.2, "exchange = 0.1": 0.1, "rashba = 0.2": 0.2,
        "barrier = 0.1": 0.1,
    }  # fmt: skip
    text = PINNED
    for line, value in lengths.items():
        assert text.count(line + "\n") == 1
        text = text.replace(line, f"{line.split()[0]} = {value * length_nm()!r}")
    path.write_text(text + '[units]\nenergy = "eV"\n')
    run = sotcheck("torque", str(path), "--engine", "continuum", "--tolerance", "1e-12", "--json", "-")
    document = strict(run.out)
    assert document["system"]["layer"][0]["thickness"] == pytest.approx(1.2 * length_nm(), rel=1e-13)
    row = document["torque"][0]
    found = np.array([layer["torque"] for layer in row["layers"]])
    np.testing.assert_allclose(found * length_nm() ** 3, LAYERS["normal"], rtol=0, atol=1e-13)
    second = row["interfaces"][1]
    assert second["z"] == pytest.approx(1.2 * length_nm(), rel=1e-13)
    wanted = INTERFACES[1]["spin_current_plus"]
    np.testing.assert_allclose(
        np.array(second["spin_current_plus"]) * length_nm() ** 3, wanted, rtol=0, atol=1e-13
    )


@pytest.mark.parametrize(
    ("lines", "key", "found", "remedy"),
    [
        ("[[layer]]\nthickness = -1.0", "layer[1].thickness", "-1.0", "a finite number > 0"),
        ("[[layer]]\n[[layer]]\nthickness = nan", "layer[2].thickness", "nan", "a finite number > 0"),
        ("[[layer]]\nmass = 0.0", "layer[1].mass", "0.0", "a finite number > 0"),
        ("[[layer]]\nexchange = -0.5", "layer[1].exchange", "-0.5", "a finite number >= 0"),
        ("[[layer]]\npotential = inf", "layer[1].potential", "inf", "a finite number"),
        ("[[layer]]\nspin_orbit = [[0, 1]]", "layer[1].spin_orbit =", "[[0, 1]]", "three rows"),
        ("[[layer]]\nspin_orbit = [[0, 0], [0, nan], [0, 0]]", "layer[1].spin_orbit", "nan", "three rows"),
        ("[[layer]]\nmagnetization = [0, 0, 0]", "layer[1].magnetization", "[0, 0, 0]", "not all zero"),
        ("[[layer]]\nmagnetization = [0, 1]", "layer[1].magnetization =", "[0, 1]", "three finite numbers"),
        ("[[layer]]\ninterface = 3", "layer[1].interface", "3", "a table"),
        ("[[layer]]\n[layer.interface]\nbarrier = inf", "layer[1].interface.barrier", "inf", "a finite"),
        (
            "[[layer]]\n[layer.interface]\nmagnetization = [0, 0, 0]",
            "layer[1].interface.magnetization", "[0, 0, 0]", "not all zero",
        ),
        ("[[layer]]\nthicknes = 2.0", "'layer[1].thicknes'", "unknown key", "(did you mean 'thickness'?)"),
        (
            "[[layer]]\n[layer.interface]\nbarier = 2.0",
            "'layer[1].interface.barier'", "unknown key", "(did you mean 'barrier'?)",
        ),
        ("layer = 3", "layer", "3", "tables [[layer]]"),
        ("layer = [1]", "layer", "1", "tables [[layer]]"),
        ("[layer]\nthickness = 1.0", "layer", "thickness", "tables [[layer]]"),
        ("[layers]\nthickness = 1.0", "'layers'", "unknown key", "(did you mean 'layer'?)"),
        ("[normal]\nspin_orbit = [[0, 1]]", "normal.spin_orbit", "[[0, 1]]", "in a table [[layer]]"),
        ("[ferromagnet]\nweyl = 0.1", "ferromagnet.weyl", "0.1", "a half-space has no spin-orbit coupling"),
        ("[interface]\nthickness = 1", "'interface.thickness'", "unknown key", "'[[layer]] thickness'"),
        ("[ferromagnet]\nmass = -1.0", "ferromagnet.mass", "-1.0", "a finite number > 0"),
        ("[ferromagnet]\nmagnetic = 1", "ferromagnet.magnetic", "1", "true or false"),
        ("[ferromagnet]\nmagnetic = false", "ferromagnet.exchange", "1", "expected exchange = 0"),
        ("[ferromagnet]\nmagnetization = [0, 0, 0]", "ferromagnet.magnetization", "[0, 0, 0]", "all zero"),
        ("[interface]\nspin_orbit = 3", "interface.spin_orbit", "3", "three rows"),
        ('[units]\nenergy = "meV"', "units.energy", '"meV"', "expected eV"),
        ('[units]\nlength = "nm"', "'units.length'", "unknown key", "'units.energy'"),
        ("[[layer]]\n" * 65, "layer", "{}", "at most 64"),
    ],
)  # fmt: skip
def test_refusals(sotcheck: Command, tmp_path: Path, lines: str, key: str, found: str, remedy: str) -> None:
    """File, key, what was found, what to write instead; exit status 2."""
    path = tmp_path / "bad.toml"
    path.write_text(f'name = "bad"\n{lines}\n')
    with pytest.raises(SystemFileError) as caught:
        load(path)
    message = str(caught.value)
    assert all(word in message for word in (str(path), key, found, remedy)), message
    run = sotcheck("torque", str(path))
    assert (run.status, run.out) == (2, "")
    assert message.splitlines()[0] in run.err


@pytest.mark.parametrize("command", ["bound-states", "trust-map"])
def test_other_commands_refuse_a_stack(sotcheck: Command, tmp_path: Path, command: str) -> None:
    path = tmp_path / "pinned.toml"
    path.write_text(PINNED)
    more = ("--output", str(tmp_path)) if command == "bound-states" else ()
    run = sotcheck(command, str(path), *more)
    assert (run.status, run.out) == (2, "")
    assert all(word in run.err for word in ("pinned", "bare interface", "torque", "any system"))


def test_options_that_a_stack_has_no_use_for(sotcheck: Command, tmp_path: Path) -> None:
    """h_R where it is not the only spin-orbit term; totals are of one scale each."""
    path = tmp_path / "pinned.toml"
    path.write_text(PINNED)
    run = sotcheck("torque", str(path), "--h-r", "0.1")
    assert run.status == 2
    assert "--scale" in run.err
    found = sc.torque(pinned(h_R=0.0), engine="continuum", scale=(0.5, 1.0))
    assert [one.scale for one in found.totals()] == [0.5, 1.0]
    for total in found.totals():
        parts = np.array([row.vector for row in found if row.scale == total.scale])
        np.testing.assert_allclose(total.vector, parts.sum(axis=0), rtol=1e-12)
