"""Any interface: the contract's numbers, what changes nothing, and every route to random stacks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import Command, relative, strict
from layer_cases import (
    ACCURATE,
    CONTINUUM,
    INTERFACES,
    KWANT,
    LAYERS,
    PINNED,
    cut,
    every_key,
    flows,
    k_of,
    linear,
    pinned,
    random_stack,
)

import sotcheck as sc
from sotcheck.exact.inside import at_interfaces, in_layers, total_torque
from sotcheck.exact.observables import INTERFACE, LATTICE, MINUS, PLUS, ledger_residual
from sotcheck.numerics.arrays import Array
from sotcheck.system.files import load
from sotcheck.system.structure import Structure
from sotcheck.theory import distorted


@pytest.mark.parametrize("name", ["continuum", "kwant"])
def test_the_contracts_stack(sotcheck: Command, tmp_path: Path, name: str) -> None:
    """All printed numbers, in memory and as JSON; the ledger of the sums, at interfaces and between."""
    path = tmp_path / "pinned.toml"
    path.write_text(PINNED)
    run = sotcheck("torque", str(path), "--engine", name, "--tolerance", "1e-12", "--json", "-")
    rows = {row["source"]: row for row in strict(run.out)["torque"]}
    table = sc.torque(load(path), engine=name, tolerance=1e-12)
    for source, expected in LAYERS.items():
        found = [layer["torque"] for layer in rows[source]["layers"]]
        np.testing.assert_allclose(found, expected, rtol=0, atol=ACCURATE[name])
        memory = next(row for row in table if row.source == source)
        inside = in_layers(load(path).structure, memory.flows)
        np.testing.assert_allclose(inside[:, 1], expected, rtol=0, atol=ACCURATE[name])
    for part, wanted in zip(rows["normal"]["interfaces"], INTERFACES, strict=True):
        for key, numbers in wanted.items():
            np.testing.assert_allclose(part[key], numbers, rtol=0, atol=ACCURATE[name], err_msg=key)
    for source, row in rows.items():
        first, second = row["interfaces"]
        (layer, right) = row["layers"]
        assert right["name"] == "right half-space"
        balance = np.array(first["spin_current_plus"]) + layer["lattice"] - np.array(layer["torque"])
        np.testing.assert_allclose(balance, second["spin_current_minus"], rtol=0, atol=1e-15, err_msg=source)
        parts = [layer["torque"], right["torque"], first["interface"], second["interface"]]
        np.testing.assert_allclose(row["vector"], np.sum(parts, axis=0), rtol=0, atol=1e-15)
        assert {key: row[key] for key in ("lattice", "interface")} == {
            key: first[key] for key in ("lattice", "interface")
        }


def grouped(structure: Structure, values: Array, interfaces: list[int], owners: list[int]) -> list[Array]:
    """Return flows at some interfaces, what each owner's layers add and take together, and t."""
    inside = in_layers(structure, values)
    together = [sum(inside[..., n, :, :] for n in which) for which in group(owners)]
    at = at_interfaces(structure, values)[..., interfaces, :, :]
    return [at, np.stack(together, axis=-3), total_torque(structure, values)]


def group(owners: list[int]) -> list[list[int]]:
    return [[n for n, owner in enumerate(owners) if owner == one] for one in sorted(set(owners))]


@pytest.mark.parametrize("seed", range(8))
def test_what_changes_nothing(seed: int) -> None:
    """A vanishing layer, either half-space's own material, ten pieces of a layer: same flows, same torque."""
    structure = random_stack(seed, most=3).structure
    last, here, right = len(structure.layers), structure.layers[-1], structure.right
    first, inner = list(range(last + 1)), list(range(last))
    vanishing = replace(here, potential=here.potential + 1, mass=2.0, thickness=1e-14)
    tenths = [replace(here, thickness=here.thickness / 10)] * 10
    others = (
        (cut(structure, last, here, vanishing), [*inner, last + 1], [*inner, last - 1, last]),
        (cut(structure, last + 1, replace(right, thickness=0.7), right), first, [*first, last]),
        (cut(structure, 0, structure.left, replace(structure.left, thickness=2.0)), first, [0, *first]),
        (cut(structure, last, *tenths), [*inner, last + 9], [*inner, *[last - 1] * 9, last]),
    )
    expected = grouped(structure, flows(structure), first, first)
    for n, (other, interfaces, owners) in enumerate(others):
        kept = [one + 1 for one in interfaces] if n == 2 else interfaces
        found = grouped(other, flows(other), kept, owners)
        assert max(map(relative, found, expected)) <= 1e-12, n


def test_what_changes_no_torque() -> None:
    """The same of the k_⊥ sums: a vanishing layer, and ten pieces of one."""
    (layer,) = pinned().layers
    whole = layer.model_dump()
    part = {**whole, "thickness": 0.12, "interface": {}}
    vanishing = {"thickness": 1e-14, "potential": 0.7, "mass": 2.0}
    expected = sc.torque(pinned(), engine="continuum", tolerance=1e-12)
    for layers in ([vanishing, whole], [*[part] * 9, {**part, "interface": whole["interface"]}]):
        found = sc.torque(pinned(layers=layers), engine="continuum", tolerance=1e-12)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one.vector, other.vector, rtol=0, atol=1e-12)


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_every_route_to_random_stacks(first: int) -> None:
    """Kwant, first order, the ledger at interfaces and in layers, unitarity."""
    for seed in range(first, first + 10):
        structure = random_stack(seed).structure
        k_perp, found = k_of(structure), flows(structure)
        size = max(1.0, float(np.abs(found).max()))
        assert relative(flows(structure, KWANT), found) <= 1e-9, seed
        at, inside = at_interfaces(structure, found), in_layers(structure, found)[..., :-1, :, :]
        between = at[..., :-1, PLUS, :] + inside[..., 0, :] - inside[..., 1, :] - at[..., 1:, MINUS, :]
        assert np.abs(ledger_residual(at)).max() <= 1e-12 * size, seed
        assert np.abs(between).max() <= 1e-12 * size, seed
        assert np.abs(at[..., LATTICE, :]).max() > 1e-2
        assert CONTINUUM.solve(structure, k_perp, *np.array([0.4, 1.0])).unitarity_defect().max() <= 1e-12, (
            seed
        )
        expected = distorted.torque(structure, k_perp**2)
        assert relative(linear(structure, k_perp), expected) <= 1e-8, seed


def test_a_substrate_without_magnetism() -> None:
    """No torque on it, whatever spin enters; the whole is what layers and interfaces take."""
    stack = every_key(magnetic=False)
    found = flows(stack.structure)
    parts = in_layers(stack.structure, found)[..., 1, :]
    interfaces = at_interfaces(stack.structure, found)
    assert not parts[..., -1, :].any()
    assert np.abs(interfaces[..., -1, PLUS, :]).max() > 0.01
    expected = parts.sum(axis=-2) + interfaces[..., INTERFACE, :].sum(axis=-2)
    assert relative(total_torque(stack.structure, found), expected) <= 1e-14
    assert (
        relative(
            linear(stack.structure, k_of(stack.structure)),
            distorted.torque(stack.structure, k_of(stack.structure) ** 2),
        )
        <= 1e-8
    )
    for row in sc.torque(stack, engine="continuum").to_dict()["torque"]:
        layers, deltas = (
            [one[key] for one in row[part]]
            for part, key in (("layers", "torque"), ("interfaces", "interface"))
        )
        assert layers[-1] == [0.0, 0.0, 0.0]
        np.testing.assert_allclose(row["vector"], np.sum([*layers, *deltas], axis=0), rtol=0, atol=1e-16)
