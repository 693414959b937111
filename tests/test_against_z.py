"""Spin density and spin current against z: what they are at junctions, between them, and by other routes."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Command, relative, strict
from layer_cases import CONTINUUM, GRID, KWANT, cut, k_of, pinned, random_stack

import sotcheck as sc
from sotcheck.exact import against_z as exact
from sotcheck.exact import inside
from sotcheck.exact.inside import at_interfaces
from sotcheck.exact.observables import MINUS, PLUS
from sotcheck.numerics.arrays import Array
from sotcheck.pages.against_z import draw
from sotcheck.system.files import load
from sotcheck.system.places import Places
from sotcheck.system.spin import pauli_vector
from sotcheck.system.states import States
from sotcheck.system.structure import Structure
from sotcheck.theory import against_z as theory
from sotcheck.trial.against_z import OF, against_z

Patch = pytest.MonkeyPatch
DENSITY, CURRENT = range(2)
THIN = """
name = "thin"
fermi_energy = 2.0
[ferromagnet]
exchange = 0.5
magnetization = [1, 0, 1]
[interface]
rashba = 0.1
[[layer]]
thickness = 0.4
potential = 0.2
exchange = 0.3
[units]
energy = "eV"
"""


def places(structure: Structure, points: int = 12) -> Places:
    return Places.between(structure, -3.0, structure.positions[-1] + 4.0, points)


def solved(structure: Structure, engine: Any = CONTINUUM) -> States:
    found: States = engine.solve(structure, k_of(structure)[:, None, None], *GRID)
    return found


def torque_density(structure: Structure) -> float:
    """How far d(current)/dz is from v × density, at every k and place, relative to the largest current."""
    states, here = solved(structure), places(structure)
    inner = [n for n, z in enumerate(here.z) if n % 3 == 1 and min(abs(z - structure.positions)) > 0.02]
    steps = [-2e-3, -1e-3, 1e-3, 2e-3]
    moved = [Places(structure, here.region[inner], here.z[inner] + step) for step in steps]
    far, near, after, later = (exact.spin_at(states, one)[..., CURRENT, :] for one in moved)
    slope = (8 * (after - near) - (later - far)) / (12 * 1e-3)
    density = exact.spin_at(states, Places(structure, here.region[inner], here.z[inner]))[..., DENSITY, :]
    fields = []
    for n in inner:
        region = structure.regions[here.region[n]]
        w = region.field(states.k_perp, states.angle, states.scale)
        fields.append(region.exchange * np.array(region.direction) + w)
    turned = np.cross(np.stack(np.broadcast_arrays(*fields), axis=-2)[..., None, :], density)
    return float(np.abs(slope - turned).max() / np.abs(density).max())


def at_junctions(structure: Structure) -> float:
    """How far currents are from the engine's at both sides of junctions, and densities from each other."""
    states, edges = solved(structure), np.repeat(structure.positions, 2)
    regions = np.array([n + side for n in range(len(structure.positions)) for side in (0, 1)])
    found = exact.spin_at(states, Places(structure, regions, edges))
    rests = []
    for n, _ in enumerate(structure.positions):
        minus, plus = found[..., 2 * n, :, :, :], found[..., 2 * n + 1, :, :, :]
        rests.append(minus[..., DENSITY, :] - plus[..., DENSITY, :])
        rests += [one[..., CURRENT, :] - states.at(n).spin_current(s) for s, one in enumerate((minus, plus))]
    return float(np.abs(rests).max() / np.abs(found).max())


@pytest.mark.parametrize("seed", range(8))
def test_junctions_and_torque_density(seed: int) -> None:
    """Of random stacks, opaque layers among them, with spin-orbit fields in layers."""
    structure = random_stack(seed, most=3).structure
    assert at_junctions(structure) <= 1e-12
    assert torque_density(structure) <= 1e-7


def slope_turned(patch: Patch) -> None:
    """The slope's sign in half-spaces."""
    original: Any = exact.psi_outside
    patch.setattr(exact, "psi_outside", lambda *given: (original(*given)[0], -original(*given)[1]))


def too_deep(patch: Patch) -> None:
    """Half-spaces entered twice as deep."""
    original: Any = exact.psi_outside
    patch.setattr(exact, "psi_outside", lambda *given: original(*given[:2], 2 * given[2]))


def too_thick(patch: Patch) -> None:
    """Layers a hundredth too thick."""
    original = inside.psi_inside
    patch.setattr(exact, "psi_inside", lambda *given: original(given[0], given[1], 0.99 * given[2]))


@pytest.mark.parametrize("fault", [slope_turned, too_deep, too_thick])
def test_faults_are_seen(fault: Callable[[Patch], None], monkeypatch: Patch) -> None:
    structure = pinned().structure
    assert max(at_junctions(structure), torque_density(structure)) <= 1e-8
    fault(monkeypatch)
    assert max(at_junctions(structure), torque_density(structure)) > 1e-3


@pytest.mark.parametrize("engine", [CONTINUUM, KWANT])
def test_engines_asked_at_the_place_itself(engine: Any) -> None:
    """Every region cut in two: what an engine finds at the junction is what continued states have there."""
    structure = random_stack(3, most=2).structure
    states = solved(structure, engine)
    for n, region in enumerate(structure.regions):
        last = n == len(structure.regions) - 1
        first, second = (0.7, np.inf) if last else (region.thickness - 0.4, 0.4)
        pieces = [replace(region, thickness=size) for size in (first, second)]
        there = solved(cut(structure, n, *pieces), engine).at(n)
        z = structure.positions[-1] + 0.7 if last else structure.positions[n] - 0.4
        found = exact.spin_at(states, Places(structure, np.array([n]), np.array([z])))[..., 0, :, :, :]
        expected = np.stack([pauli_vector(there.density).real, there.spin_minus], axis=-2)
        assert relative(found, expected) <= 1e-11, n


def test_opaque_layers() -> None:
    """What has decayed stays so: finite, and smaller the deeper, on either side."""
    thick = {"thickness": 30.0, "potential": 4.0, "rashba": 0.1}
    stack = pinned(layers=[thick], J=0.0, u_m=0.0)
    here = Places.between(stack.structure, 0.0, 30.0, 31)
    found = np.abs(exact.spin_at(solved(stack.structure), here)[..., DENSITY, :]).max(axis=-1)
    assert np.all(np.isfinite(found))
    from_left = found[..., 0].max(axis=(0, 1, 2))
    assert np.all(np.diff(np.log(from_left[from_left > 1e-300])) < 0)
    assert from_left[-1] <= 1e-30 * from_left[0]


def first_order(structure: Structure) -> float:
    """How far the theory's profile is from the linear coefficient of the exact one."""
    here, k_perp = places(structure), k_of(structure)
    angle = 0.3 + np.arange(12) * np.pi / 6
    weight = (k_perp[:, None] * np.cos(angle))[..., None, None, None, None]
    masses = np.array([structure.left.mass, structure.right.mass, structure.right.mass])[:, None, None]

    def profile(scale: float) -> Array:
        states = CONTINUUM.solve(structure, k_perp[:, None], angle, np.array(scale))
        mean: Array = -(weight * exact.spin_at(states, here)).mean(axis=1) / (4 * np.pi * masses)
        return mean

    table = [(profile(h) - profile(-h)) / (2 * h) for h in 1e-3 * 0.5 ** np.arange(4)]
    for power in (4, 16, 64):
        table = [(power * b - a) / (power - 1) for a, b in itertools.pairwise(table)]
    return relative(theory.spin_at(here, k_perp**2), table[0])


@pytest.mark.parametrize("seed", range(3))
def test_first_order(seed: int) -> None:
    """Is the linear coefficient of the exact profile, everywhere."""
    assert first_order(random_stack(seed, most=3).structure) <= 1e-8


def test_the_other_side_of_junctions(monkeypatch: Patch) -> None:
    """Currents to first order, taken there, are seen to be wrong."""
    original = theory.cut
    assert first_order(pinned().structure) <= 1e-8

    def cut_wrongly(here: Places) -> tuple[Structure, Any, Any]:
        structure, junction, side = original(here)
        return structure, junction, 1 - side

    monkeypatch.setattr(theory, "cut", cut_wrongly)
    assert first_order(pinned().structure) > 1e-2


@pytest.mark.parametrize("name", ["pinned", "bulk-magnetism"])
def test_summed(name: str) -> None:
    """Kwant agrees; currents at junctions are torque's; the tolerance is kept far out."""
    system = pinned() if name == "pinned" else load(name).with_(m=(1, 0, 1), h_R=0.3)
    edge = system.structure.positions[-1]
    here = Places.between(system.structure, -20.0, edge + 0.5, 2)
    scale = system.scale
    found = exact.against_z(CONTINUUM, system, scale, here, rtol=1e-3)
    if name != "pinned":
        kwant = exact.against_z(KWANT, system, scale, here, rtol=1e-3)
        assert relative(kwant.value, found.value) <= 1e-9
    finer = exact.against_z(CONTINUUM, system, scale, here, rtol=1e-6)
    assert np.all(np.abs(finer.value - found.value) <= found.error + 1e-15)
    assert found.error[..., CURRENT, :].max() <= 1e-2 * np.abs(found.value[..., CURRENT, :]).max()
    for s, row in enumerate(sc.torque(system, engine="continuum", tolerance=1e-6).scattering()):
        flows = at_interfaces(system.structure, row.flows)
        for n, z in enumerate(system.structure.positions):
            sides = {MINUS: finer.value[(here.z == z) & (here.region == n)]}
            sides[PLUS] = finer.value[(here.z == z) & (here.region == n + 1)]
            for side, values in sides.items():
                np.testing.assert_allclose(values[0, s, CURRENT], flows[n, side], rtol=0, atol=1e-8)


def test_the_command(sotcheck: Command, tmp_path: Path) -> None:
    """JSON, table and picture; sources, range, engines; nanometres of a system in eV."""
    path, picture = tmp_path / "thin.toml", tmp_path / "spin.svg"
    path.write_text(THIN)
    options = ["--from", "-0.3", "--to", "0.6", "--points", "9", "--engine", "first-order"]
    run = sotcheck("profile", str(path), *options, "--json", "-", "--svg", str(picture))
    document = strict(run.out)
    assert picture.read_text().startswith("<?xml")
    assert document["unit"] == {"z": "nm", "spin_density": "nm^-2", "spin_current": "nm^-3"}
    assert (document["z"][0], document["z"][-1]) == pytest.approx((-0.3, 0.6))
    assert document["regions"][1]["to"] == pytest.approx(0.4)
    rows = {(row["engine"], row["source"]): row for row in document["profiles"]}
    assert set(rows) == {("first-order", source) for source in OF}
    torque = sotcheck("torque", str(path), "--engine", "first-order", "--json", "-")
    for row in strict(torque.out)["torque"]:
        profile = rows["first-order", row["source"]]["spin_current"]
        at = document["region"].index("layer 1")
        np.testing.assert_allclose(profile[at], row["spin_current_plus"], rtol=1e-5)
    total = np.sum([rows["first-order", source]["spin_density"] for source in OF[:3]], axis=0)
    np.testing.assert_allclose(rows["first-order", "total"]["spin_density"], total, rtol=1e-12, atol=1e-15)
    text = sotcheck("profile", "bulk-magnetism", "--source", "normal", "--points", "8", "--scale", "2").out
    lines = list(csv.DictReader(line for line in text.splitlines() if line[0] != "#"))
    assert {line["source"] for line in lines} == {"normal"}
    assert float(lines[0]["z"]) < 0 < float(lines[-1]["z"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--source", "nromal"), "did you mean 'normal'"),
        (("--engine", "kwnat"), "did you mean 'kwant'"),
        (("--from", "3", "--to", "-3"), "expected a range"),
        (("--from", "-1e60"), "(1000 wavelengths beyond all layers)"),
        (("-o", "spin.jpg"), "end it in .svg, .png or .pdf"),
        (("--points", "1"), "not in the range"),
    ],
)
def test_refused_by_name(sotcheck: Command, options: tuple[str, str], words: str) -> None:
    run = sotcheck("profile", "bulk-magnetism", *options)
    assert run.status == 2
    assert words in run.err


def test_places() -> None:
    """Both edges of every region in range; none of others."""
    here = Places.between(pinned().structure, 0.5, 3.0, 10)
    assert here.region.tolist() == sorted(here.region.tolist())
    assert set(here.region) == {1, 2}
    assert [here.z[here.region == 1][[0, -1]].tolist(), here.z[here.region == 2][[0, -1]].tolist()] == [
        [0.5, 1.2], [1.2, 3.0]
    ]  # fmt: skip


def test_the_picture() -> None:
    """Draws the JSON's own numbers, both sides of a junction apart; the right half-space is shaded."""
    bare = load("bulk-magnetism").with_(m=(1, 0, 1))
    data = against_z(bare, "first-order", source=["normal", "total"], points=12).to_dict()
    assert [region["name"] for region in data["regions"]] == ["left half-space", "right half-space"]
    figure = draw(data)
    assert [axes.get_title() for axes in figure.axes] == ["normal", "normal", "total", "total"]
    row = next(one for one in data["profiles"] if one["source"] == "total")
    for line, component in zip(figure.axes[3].lines[1:4], np.transpose(row["spin_current"]), strict=True):
        drawn = np.asarray(line.get_ydata())
        assert np.isnan(drawn).sum() == 1
        assert np.array_equal(drawn[~np.isnan(drawn)], component)
    shaded: Any = figure.axes[0].patches
    assert [patch.get_x() for patch in shaded] == [0.0]
